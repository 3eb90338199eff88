"""The assistant over a part of the recorded market; limits are generous, ratios to one evaluation of that market in the same run.

    python -m pytest -m perf tests/perf/test_assistant_speed.py -s

Figures of the whole market with 100,000 headlines: ``python -m tests.perf.bench_assistant --data FOLDER``.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from ralphstock_desktop.services.strategy.records import RecordKeeper
from tests.acceptance.recorded import load_world, part_of
from tests.perf.bench_assistant import figures

pytestmark = [pytest.mark.perf, pytest.mark.real_data]


async def test_reading_streaming_and_stopping(
    qapp: QApplication,
    recorded_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(RecordKeeper, "follow", lambda *_: None)
    result = await figures(part_of(load_world(recorded_data), 300, 430), tmp_path)
    with capsys.disabled():
        for name, value in result.items():
            print(f"  {name:28s} {value:12.2f}")
    assert result["read_median_ms"] < result["evaluation_ms"], "an answer is read off what was computed"
    assert result["answer_ms"] < 2.5 * result["sent_over_ms"], "an answer is there as soon as the model has sent it"
    assert result["understand_median_ms"] < result["evaluation_ms"] / 5, "a question is understood as it is typed"
    assert result["help_median_ms"] < result["evaluation_ms"] / 5, "help pages are searched as they are asked for"
    assert result["stop_max_ms"] < 200, "stopping a silent model is immediate"
    assert result["frame_gaps_over_16_ms"] < 60, "the window moves while an answer streams in"

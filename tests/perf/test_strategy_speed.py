"""The strategies over a synthetic market beside pandas in the same run; limits are ratios, generous for a busy machine.

    python -m pytest -m perf tests/perf/test_strategy_speed.py -s

Figures of a recorded market, with vectorbt and backtesting.py beside them: ``python -m tests.perf.bench_strategies``.
"""

from __future__ import annotations

import pytest

from tests.perf.bench_strategies import figures
from tests.perf.market import synthetic_panel, synthetic_series

pytestmark = pytest.mark.perf


def test_strategies_beside_pandas(capsys: pytest.CaptureFixture[str]) -> None:
    panel = synthetic_panel(2_017, 400)
    result = figures(panel, synthetic_series(panel), days=60)
    with capsys.disabled():
        for name, value in result.items():
            print(f"  {name:28s} {value:12.3f}")
    assert result["closing_times_faster"] > 40, "the whole market at once, not symbol by symbol"
    assert result["what_if_closing_ms"] < result["closing_ms"], "a moved threshold measures nothing again"
    assert result["what_if_vcp_ms"] < result["vcp_ms"]
    assert result["live_300_ms"] < result["live_all_ms"] * 1.5

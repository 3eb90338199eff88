"""How long a start takes: a new process on a kept market of 2,600 symbols x 610 days, beside bare imports of Qt and NumPy.

    python -m pytest -m perf tests/perf/test_start_speed.py -s

The first window and the first signals are the program's own marks, counted from the start of its process.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.perf

ROOT = Path(__file__).resolve().parent.parent.parent


def _start(home: Path, picture: Path) -> dict[str, float]:
    """Start the program once, off-screen; return its marks in milliseconds."""
    answer = subprocess.run(
        [
            sys.executable, "-m", "ralphstock_desktop", "--data", str(home), "--offscreen", "--screenshot", str(picture),
            "--size", "1600x960",
        ],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=True,
        env={**os.environ, "RALPHSTOCK_TIMINGS": "1", "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    return {mark: float(ms) for ms, mark in re.findall(r"\[start\]\s+(\d+) ms\s+(.+)", answer.stderr)}


def _bare_ms() -> float:
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import numpy, asyncio; from PySide6.QtWidgets import QApplication"], check=True)
        times.append(1e3 * (time.perf_counter() - begin))
    return statistics.median(times)


def test_the_window_comes_first_and_signals_soon_after(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", "engine", "ralphstock_desktop", "resources"], cwd=ROOT, check=True
    )
    home, picture = tmp_path / "home", tmp_path / "window.png"
    first_run = _start(home, picture)
    _start(home, picture)  # keeps the newest scan
    runs = [_start(home, picture) for _ in range(5)]
    window = statistics.median(run["first window painted"] for run in runs)
    signals = statistics.median(run["first signals painted"] for run in runs)
    bare = _bare_ms()
    print(
        f"\n  bare imports of Qt and NumPy        {bare:7.0f} ms"
        f"\n  first window painted                {window:7.0f} ms   {window / bare:.1f} x"
        f"\n  first signals painted               {signals:7.0f} ms   {signals / bare:.1f} x"
        f"\n  first run, market generated         {first_run['first signals painted']:7.0f} ms"
    )
    assert window < 5 * bare
    assert signals < 12 * bare
    assert first_run["first signals painted"] < 90 * bare

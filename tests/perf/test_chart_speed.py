"""A frame of the chart costs the same however many bars there are; the figures come from ``bench_chart.py``, one process a size.

python -m pytest -m perf tests/perf/test_chart_speed.py -s
"""

from __future__ import annotations

import sys

import pytest

from tests.perf.bench_chart import COLUMNS, _in_process

pytestmark = pytest.mark.perf

SMALL, LARGE = 500, 1_000_000


def test_a_frame_does_not_depend_on_the_number_of_bars() -> None:
    small, large = (_in_process(sys.executable, "ours", size) for size in (SMALL, LARGE))
    assert not isinstance(small, str), small
    assert not isinstance(large, str), large
    for size, times in ((SMALL, small), (LARGE, large)):
        print(f"\n{size:>10,} bars  " + "  ".join(f"{name} {times[name]:.2f} ms" for name in COLUMNS))
    for name in COLUMNS[1:]:
        assert large[name] < 4 * small[name] + 3.0, f"{name}: {large[name]:.2f} ms at {LARGE:,} bars"
    assert large["first"] < 60 * small["first"]

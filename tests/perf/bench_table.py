"""Times of the array table: 2,600 rows x 14 columns, on the GUI thread, painting included.

Run: ``QT_QPA_PLATFORM=offscreen python -m tests.perf.bench_table`` (prints), or ``pytest -m perf tests/perf/bench_table.py``
(the same with generous limits). A *frame* is: 300 rows change in price, change and volume, the model is told, one
``dataChanged`` per run of rows, and the widget repaints at once.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from engine.model.instants import AsOf
from engine.scoring.vcp import scan
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.table_view import ArrayTableView
from ralphstock_desktop.ui.models.array_table import ArrayTableModel, SortKey
from ralphstock_desktop.ui.models.filter_language import parse_filter
from ralphstock_desktop.ui.viewmodels.filter_words import scan_vocabulary
from ralphstock_desktop.ui.viewmodels.scan_columns import signal_columns
from ralphstock_desktop.ui.viewmodels.scan_rows import ScanRows
from tests.perf.market import synthetic_panel

ROWS, COLUMNS, CHANGED = 2_600, 14, 300
_CONDITION = "거래대금 >= 10억 그리고 RS >= 70 그리고 상태 != 이탈"


class Table:
    """The signal table's columns over a whole synthetic market, 14 of them shown, in a 1,400 x 1,000 window."""

    def __init__(self) -> None:
        panel = synthetic_panel(ROWS, 320)
        last = panel.days[-1].astype("datetime64[D]").item()
        self.look = Appearance()
        self.rows = ScanRows(panel, scan(panel, AsOf.end_of(last), DEFAULT_RULES), "ko")
        columns = [column for column in signal_columns(self.look) if column.full][:COLUMNS]
        self.model = ArrayTableModel(columns, self.look, sort=(SortKey("total", True),))
        self.view = ArrayTableView(self.model, self.look)
        self.view.show_columns([column.id for column in columns])
        self.view.resize(1_400, 1_000)
        self.model.set_source(self.rows)
        self.view.show()
        QApplication.processEvents()
        self.random = np.random.default_rng(3)

    def change(self, rows: np.ndarray) -> None:
        """Write new values into the columns, as a quote batch does."""
        self.rows.close[rows] += self.random.choice((-10.0, 10.0), rows.size)
        self.rows.scan.change_pct[rows] += 0.01

    def frame(self, rows: np.ndarray) -> None:
        """One frame: values, cache, signals, paint."""
        self.change(rows)
        signs = np.ones(rows.size, dtype=np.int8)
        self.model.mark_changed(rows, ("price", "change", "vol_ratio"), signs)
        self.model.flush()
        QApplication.processEvents()

    def random_rows(self) -> np.ndarray:
        """300 rows anywhere."""
        return np.sort(self.random.choice(ROWS, CHANGED, replace=False))

    def visible_rows(self) -> np.ndarray:
        """300 rows among which all visible ones are: the worst case for painting."""
        return np.sort(self.model.order[:CHANGED])


def timed(work: Callable[[], object], runs: int) -> tuple[float, float]:
    """Median and 99th percentile in milliseconds."""
    times = []
    for _ in range(runs):
        begin = time.perf_counter()
        work()
        times.append(1e3 * (time.perf_counter() - begin))
    return statistics.median(times), float(np.quantile(times, 0.99))


def measure() -> dict[str, tuple[float, float]]:
    """All figures: name to (median, p99) in ms."""
    table = Table()
    vocabulary = scan_vocabulary()
    figures: dict[str, tuple[float, float]] = {}
    table.frame(table.random_rows())
    figures["frame, 300 random rows"] = timed(lambda: table.frame(table.random_rows()), 60)
    figures["frame, all visible rows changed"] = timed(lambda: table.frame(table.visible_rows()), 60)
    figures["paint, whole viewport"] = timed(table.view.viewport().repaint, 30)
    directions = [False, True]

    def sort(*columns: str) -> None:
        directions.append(not directions[-1])
        table.model.set_sort([SortKey(column, directions[-1]) for column in columns])

    figures["sort by a number"] = timed(lambda: sort("change"), 30)
    figures["sort by name"] = timed(lambda: sort("name"), 30)
    figures["sort by two keys"] = timed(lambda: sort("state", "total"), 30)
    figures["sort and repaint"] = timed(lambda: (sort("price"), table.view.viewport().repaint()), 30)

    def narrow(text: str) -> None:
        table.model.set_mask(parse_filter(text, vocabulary)(table.rows))

    def alternating(text: str) -> Callable[[], None]:
        """The condition and everything in turn, so that every call changes the rows; half of the time of both."""

        def both() -> None:
            narrow(text)
            narrow("")

        return both

    for name, text in (("condition", _CONDITION), ("초성", "ㅈㅁ1")):
        median, worst = timed(alternating(text), 30)
        figures[f"filter by {name}"] = (median / 2, worst / 2)
    table.view.close()
    table.view.deleteLater()
    return figures


@pytest.mark.perf
def test_table_keeps_its_budgets(qapp: QApplication) -> None:
    """Frame 5 ms, sort 50 ms, filter 10 ms; the frame with three times the room, for a machine that does other work."""
    figures = measure()
    assert figures["frame, 300 random rows"][0] <= 3 * 5.0, figures
    assert figures["sort by a number"][0] <= 50.0, figures
    assert figures["filter by condition"][0] <= 10.0, figures


def main() -> None:
    """Print the figures."""
    application = QApplication.instance() or QApplication(sys.argv)
    assert application is not None
    sys.stdout.write(f"{ROWS:,} rows x {COLUMNS} columns, {CHANGED} changed rows a frame (ms)\n")
    for name, (median, worst) in measure().items():
        sys.stdout.write(f"{name:34s} median {median:7.2f}   p99 {worst:7.2f}\n")


if __name__ == "__main__":
    main()

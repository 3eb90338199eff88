"""The table model on its own: order, filter, hold, changed cells, and Qt's rules for models."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QAbstractItemModel, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.models.array_table import TICKER_ROLE, ArrayTableModel, SortKey, sorted_rows
from ralphstock_desktop.ui.models.columns import text_keys
from ralphstock_desktop.ui.models.flash import FLASH_MS, MIN_GAP_MS, FlashTracker
from ralphstock_desktop.ui.models.table_text import _quoted
from ralphstock_desktop.ui.viewmodels.scan_columns import signal_columns
from ralphstock_desktop.ui.viewmodels.scan_rows import ScanRows
from tests.ui.tables.local_market import local_panel, scan_picture


@pytest.fixture
def rows() -> ScanRows:
    picture = scan_picture(local_panel())
    return ScanRows(picture.panel, picture.scan, "ko")


@pytest.fixture
def model(qapp: object, rows: ScanRows) -> ArrayTableModel:
    look = Appearance()
    model = ArrayTableModel(signal_columns(look), look, sort=(SortKey("total", True),))
    model.set_source(rows)
    return model


def test_missing_comes_last_in_both_directions_and_ties_keep_their_order() -> None:
    values = np.array([2.0, np.nan, 1.0, 2.0, np.nan, 3.0])
    assert sorted_rows([(values, False)], 6).tolist() == [2, 0, 3, 5, 1, 4]
    assert sorted_rows([(values, True)], 6).tolist() == [5, 0, 3, 2, 1, 4]


def test_a_second_key_orders_within_ties() -> None:
    first = np.array([1.0, 2.0, 1.0, 2.0])
    second = np.array([5.0, np.nan, 7.0, 1.0])
    assert sorted_rows([(first, True), (second, True)], 4).tolist() == [3, 1, 2, 0]
    assert sorted_rows([(first, False), (second, False)], 4).tolist() == [0, 2, 3, 1]


def test_texts_order_by_code_point_and_empty_is_missing() -> None:
    keys = text_keys(["나", "", "가", "Abc", "abd"])
    assert np.isnan(keys[1])
    assert sorted_rows([(keys, False)], 5).tolist() == [3, 4, 2, 0, 1]


def test_qt_accepts_the_model_through_every_change(model: ArrayTableModel, rows: ScanRows) -> None:
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.toggle_sort("rs")
    model.toggle_sort("change", add=True)
    model.set_mask(rows.scan.pattern)
    model.set_mask(None)
    model.set_held(True)
    model.set_source(rows, keep_order=True)
    model.mark_changed(np.array([0, 1, 5]), ("price", "change"), np.array([1, -1, 1], dtype=np.int8))
    assert model.flush() >= 1
    model.set_held(False)
    model.set_source(None)
    assert model.rowCount() == 0
    del tester


def test_clicks_turn_the_direction_and_shift_adds_a_second_key(model: ArrayTableModel) -> None:
    model.toggle_sort("name")
    assert model.sort_keys == (SortKey("name", False),)
    model.toggle_sort("name")
    assert model.sort_keys == (SortKey("name", True),)
    model.toggle_sort("rs", add=True)
    assert model.sort_keys == (SortKey("name", True), SortKey("rs", True))
    model.toggle_sort("rs", add=True)
    assert model.sort_keys == (SortKey("name", True), SortKey("rs", False))
    model.toggle_sort("spark")
    assert len(model.sort_keys) == 2, "a picture cannot be sorted by"


def test_a_persistent_index_follows_its_row(model: ArrayTableModel) -> None:
    from PySide6.QtCore import QPersistentModelIndex

    index = QPersistentModelIndex(model.index(3, 2))
    ticker = index.data(TICKER_ROLE)
    model.toggle_sort("name")
    assert index.isValid() and index.data(TICKER_ROLE) == ticker


def test_while_held_new_values_move_nothing_and_the_moves_are_counted(model: ArrayTableModel, rows: ScanRows) -> None:
    before = model.order.copy()
    model.set_held(True)
    top, bottom = int(before[0]), int(before[-1])
    rows.scan.total_score[top], rows.scan.total_score[bottom] = rows.scan.total_score[bottom], rows.scan.total_score[top]
    model.set_source(rows, keep_order=True)
    assert model.order.tolist() == before.tolist()
    assert model.waiting_moves == 2
    assert model.move_of(bottom) == before.size - 1 and model.move_of(top) == 1 - before.size
    model.set_held(False)
    assert model.order[0] == bottom and model.waiting_moves == 0


def test_a_key_applies_the_moves_while_still_held(model: ArrayTableModel, rows: ScanRows) -> None:
    model.set_held(True)
    rows.scan.total_score[:] = rows.scan.total_score[::-1].copy()
    model.set_source(rows, keep_order=True)
    assert model.waiting_moves > 0
    model.apply_moves()
    assert model.waiting_moves == 0 and model.held
    shown = rows.scan.total_score[model.order]
    assert np.all(np.diff(shown[~np.isnan(shown)]) <= 0)


def test_the_users_own_sort_is_applied_at_once_even_while_held(model: ArrayTableModel, rows: ScanRows) -> None:
    model.set_held(True)
    model.set_sort([SortKey("rs", True)])
    shown = rows.scan.rs[model.order]
    assert np.all(np.diff(shown[~np.isnan(shown)]) <= 0)


def test_changed_rows_are_told_once_per_run(model: ArrayTableModel, rows: ScanRows, qtbot: QtBot) -> None:
    told: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda first, last: told.append((first.row(), last.row())))
    displayed = [0, 1, 2, 7, 30, 33]
    model.mark_changed(model.order[displayed], ("price",), None)
    assert told == [], "nothing is told before the frame ends"
    assert model.flush() == 3
    assert told == [(0, 2), (7, 7), (30, 33)], "rows up to four apart are one run"
    assert model.flush() == 0


def test_a_changed_cell_is_formatted_again(model: ArrayTableModel, rows: ScanRows) -> None:
    row = model.source_row(0)
    column = model.column_at("price")
    assert column is not None
    assert model.cell_text(row, column) == f"{rows.close[row]:,.0f}"
    rows.close[row] = 123_456.0
    assert model.cell_text(row, column) != "123,456"
    model.mark_changed(np.array([row]), ("price",), None)
    assert model.cell_text(row, column) == "123,456"


def test_missing_is_a_dash_on_screen_and_empty_in_exports(model: ArrayTableModel, rows: ScanRows) -> None:
    row = int(np.flatnonzero(np.isnan(rows.scan.smartmoney_score))[0])
    column = model.column_at("smartmoney")
    assert column is not None
    assert model.cell_text(row, column) == "—" and model.raw_text(row, column) == ""


def test_screen_readers_hear_column_value_and_direction(model: ArrayTableModel, rows: ScanRows) -> None:
    change = model.column_at("change")
    assert change is not None
    position = int(np.flatnonzero(rows.scan.change_pct[model.order] < 0)[0])
    text = model.data(model.index(position, change), Qt.ItemDataRole.AccessibleTextRole)
    assert text.startswith("등락률, −") and text.endswith("하락")
    assert isinstance(model, QAbstractItemModel)


def test_a_language_change_writes_every_cell_anew(qapp: object, rows: ScanRows) -> None:
    look = Appearance()
    model = ArrayTableModel(signal_columns(look), look)
    model.set_source(rows)
    name = model.column_at("name")
    assert name is not None and model.cell_text(0, name) == "삼성전자"
    look.choose(language="en")
    assert model.cell_text(0, name) == "Samsung Electronics"
    assert model.headerData(name, Qt.Orientation.Horizontal) == "Name"


def test_a_cell_flashes_for_240_ms_and_not_twice_within_500() -> None:
    clock = [1_000.0]
    flash = FlashTracker(lambda: clock[0])
    flash.reset(3, 2)
    flash.mark(np.array([1, 2]), 0, np.array([1, 0], dtype=np.int8))
    assert flash.strength(1, 0) == (1.0, 1) and flash.strength(2, 0) == (0.0, 0)
    clock[0] += FLASH_MS / 2
    assert flash.strength(1, 0)[0] == pytest.approx(0.5)
    flash.mark(np.array([1]), 0, np.array([-1], dtype=np.int8))
    assert flash.strength(1, 0) == (pytest.approx(0.5), 1), "a second flash within 500 ms is not started"
    clock[0] += FLASH_MS
    assert flash.strength(1, 0)[0] == 0.0 and not flash.active().any() and not flash.is_running()
    clock[0] += MIN_GAP_MS
    flash.mark(np.array([1]), 0, np.array([-1], dtype=np.int8))
    assert flash.strength(1, 0) == (1.0, -1)


def test_with_reduced_motion_a_changed_cell_is_bold_until_the_next_change() -> None:
    flash = FlashTracker(lambda: 0.0)
    flash.reset(3, 2)
    flash.reduced_motion = True
    flash.mark(np.array([1]), 0, np.array([1], dtype=np.int8))
    assert flash.is_bold(1, 0) and flash.strength(1, 0)[0] == 0.0
    flash.mark(np.array([2]), 0, np.array([1], dtype=np.int8))
    assert not flash.is_bold(1, 0) and flash.is_bold(2, 0)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+3|cmd", "'-2+3|cmd"),
        ("+8210", "+8210"),
        ("-0.35", "-0.35"),
        ("+1.5%", "+1.5%"),
        ('=HYPERLINK("x","y")', '"\'=HYPERLINK(""x"",""y"")"'),
        ("삼성전자", "삼성전자"),
    ],
)
def test_words_never_become_formulas_in_a_spreadsheet(value: str, written: str) -> None:
    assert _quoted(value, ",") == written

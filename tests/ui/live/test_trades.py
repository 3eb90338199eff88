"""Time and sales: newest first, filter, the hold while it is read, holes in the volume, copy and export."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QEnterEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from engine.calendar.sessions import Phase
from engine.model.live import QuoteSource, TradeTick
from ralphstock_desktop.services.contracts import Empty, Loading, Ready
from ralphstock_desktop.services.live_contracts import TradeRun
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.docks.table_panel import ExportRequest
from ralphstock_desktop.ui.docks.trades import TradesPanel
from tests.ui.live.conftest import OpenDesk
from tests.ui.live.desk import LiveDesk
from tests.ui.live.fake_live import NOW_NS, status, trade

T, OTHER = "000030", "000040"


def run_of(count: int, *, start: int = 0, price: int = 34_000) -> list[TradeTick]:
    """Trades of 10, 11, 12 … shares, every second one sold, one a second."""
    found, volume = [], 100_000 + sum(10 + n for n in range(start))
    for n in range(start, start + count):
        size = 10 + n
        volume += size
        found.append(trade(T, price, size if n % 2 else -size, volume, at_ns=NOW_NS + n * 10**9, base=33_900))
    return found


def ready(open_desk: OpenDesk, count: int = 40, **options: object) -> LiveDesk:
    desk = open_desk(TradesPanel, **options)
    leave(panel_of(desk))  # an earlier test may have left the pointer where the window opened
    desk.work.select(T, "signals")
    desk.feed.push_trades(*run_of(count))
    QApplication.processEvents()
    return desk


def panel_of(desk: LiveDesk) -> TradesPanel:
    assert isinstance(desk.panel, TradesPanel)
    return desk.panel


def sizes(panel: TradesPanel) -> list[int]:
    vm = panel.view_model
    return [abs(vm.row(number).tick.quantity_shares) for number in range(vm.size)]


def enter(panel: TradesPanel) -> None:
    middle = QPointF(panel.view.rect().center())
    QApplication.sendEvent(panel.view, QEnterEvent(middle, middle, QPointF(panel.view.mapToGlobal(middle.toPoint()))))


def leave(panel: TradesPanel) -> None:
    QApplication.sendEvent(panel.view, QEvent(QEvent.Type.Leave))


def test_newest_first_and_quotes_are_no_trades(open_desk: OpenDesk) -> None:
    desk = ready(open_desk, 5)
    desk.feed.push_trades(trade(T, 34_050, 0, 100_060))
    panel = panel_of(desk)
    assert sizes(panel) == [14, 13, 12, 11, 10]
    assert isinstance(panel.state, Ready)
    row = panel.view_model.row(0)
    assert row.change_pct == pytest.approx((34_000 / 33_900 - 1) * 100)


def test_hovering_holds_the_rows_and_counts_what_waits(open_desk: OpenDesk) -> None:
    desk = ready(open_desk, 5)
    panel = panel_of(desk)
    enter(panel)
    assert panel.view_model.is_held and not panel.bar.held.isHidden()
    desk.feed.push_trades(*run_of(3, start=5))
    assert sizes(panel) == [14, 13, 12, 11, 10], "nothing moves under the pointer"
    assert "3" in panel.bar.held.text()
    leave(panel)
    assert sizes(panel)[:4] == [17, 16, 15, 14]
    assert panel.bar.held.isHidden()


@pytest.mark.parametrize("width", [520, 357, 304])
def test_nothing_beside_the_tape_moves_when_the_rows_begin_to_stand_still(open_desk: OpenDesk, width: int) -> None:
    desk = ready(open_desk, 5, size=(width, 300))
    panel = panel_of(desk)

    def places() -> list[tuple[bool, int, int]]:
        QApplication.processEvents()
        return [(w.isHidden(), w.x(), w.width()) for w in (*panel.bar.chips, panel.bar.field)]

    before = places()
    enter(panel)
    assert not panel.bar.held.isHidden() and places() == before
    held = panel.bar.held.geometry()
    desk.feed.push_trades(*run_of(1_200, start=5))
    assert places() == before and panel.bar.held.geometry() == held, "a larger number moves nothing either"
    assert panel.bar.held.text().endswith("999+") and "1,200" in panel.bar.held.accessibleName()
    assert held.right() <= panel.bar.width()
    assert panel.bar.held.is_short == (width < 520), "a narrow bar says the number alone"


@pytest.mark.parametrize("zoom", [100, 150])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_field_has_room_for_its_words(open_desk: OpenDesk, language: str, zoom: int) -> None:
    look = Appearance(language=language, zoom_pct=zoom)  # type: ignore[arg-type]
    bar = panel_of(ready(open_desk, 5, size=(900, 300), look=look)).bar
    words = bar.field.fontMetrics().horizontalAdvance(bar.field.placeholderText())
    assert not bar.field.isHidden() and bar.field.width() >= words + 20


def test_escape_under_the_pointer_shows_what_waits(open_desk: OpenDesk) -> None:
    desk = ready(open_desk, 5)
    panel = panel_of(desk)
    enter(panel)
    panel.view.setFocus()
    desk.feed.push_trades(*run_of(3, start=5))
    assert sizes(panel)[0] == 14
    QTest.keyClick(panel.view, Qt.Key.Key_Escape)
    assert sizes(panel)[0] == 17 and panel.view_model.is_held, "shown once, and still while it is read"


def test_a_symbol_that_has_not_traded_is_not_waited_for(open_desk: OpenDesk) -> None:
    desk = ready(open_desk, 5)
    panel = panel_of(desk)
    desk.work.select(OTHER, "x")
    assert isinstance(panel.state, Loading), "nothing is known of it yet"
    board = desk.feed.the_board
    assert board is not None
    row = board.row_of(OTHER)
    board.source[row], board.volume_shares[row] = QuoteSource.POLLED, 0
    desk.feed.status.publish(status(market_ns=desk.work.now(8, 55), phase=Phase.PRE_OPEN_AUCTION))
    assert panel.state == Empty("empty.live.no_trades")
    assert panel.view.empty_words() == "아직 체결이 없습니다 · 장전 동시호가"
    desk.feed.push_trades(trade(OTHER, 50_000, 12, 12))
    assert isinstance(panel.state, Ready)


def test_scrolling_down_holds_too_and_escape_goes_on(open_desk: OpenDesk) -> None:
    desk = ready(open_desk, 200)
    panel = panel_of(desk)
    panel.view.verticalScrollBar().setValue(panel.view.row_height * 20)
    top = panel.view.row_at(panel.view.head_height + 2)
    seen = panel.view_model.row(top).tick
    desk.feed.push_trades(*run_of(10, start=200))
    assert panel.view_model.row(top).tick == seen
    panel.view.setFocus()
    QTest.keyClick(panel.view, Qt.Key.Key_Escape)
    assert not panel.view_model.is_held and panel.view.verticalScrollBar().value() == 0
    assert sizes(panel)[0] == 219


def test_filter_by_value_and_by_shares(open_desk: OpenDesk) -> None:
    desk = ready(open_desk, 40)
    panel = panel_of(desk)
    desk.feed.push_trades(trade(T, 34_000, 3_500, 104_680, base=33_900), trade(T, 34_000, -400, 105_080, base=33_900))
    QTest.mouseClick(panel.bar.chips[3], Qt.MouseButton.LeftButton)
    assert sizes(panel) == [3_500] and panel.view_model.row(0).is_big
    QTest.mouseClick(panel.bar.chips[1], Qt.MouseButton.LeftButton)
    assert sizes(panel) == [400, 3_500]
    QTest.mouseClick(panel.bar.chips[0], Qt.MouseButton.LeftButton)
    QTest.keyClicks(panel.bar.field, "45")
    assert sizes(panel) == [400, 3_500, 49, 48, 47, 46, 45]
    desk.feed.push_trades(trade(T, 34_000, 44, 105_124), trade(T, 34_000, 60, 105_184))
    assert sizes(panel)[:2] == [60, 400]
    state = panel.panel_state()
    again = panel_of(open_desk(TradesPanel))
    again.restore_panel_state(state)
    assert again.view_model.least_shares == 45 and again.bar.field.text() == "45"
    again.restore_panel_state({"chip": 7, "least_shares": -3})
    assert again.view_model.least_shares == 45, "damaged entries change nothing"


def test_nothing_of_this_size_says_so(open_desk: OpenDesk) -> None:
    panel = panel_of(ready(open_desk, 5))
    QTest.keyClicks(panel.bar.field, "99999")
    assert panel.view_model.size == 0 and panel.view_model.total == 5
    panel.view.grab()


def test_a_hole_in_the_volume_is_marked(open_desk: OpenDesk) -> None:
    desk = ready(open_desk, 5)
    desk.feed.push_trades(trade(T, 34_000, 10, 105_000), trade(T, 34_000, 10, 105_010))
    vm = panel_of(desk).view_model
    assert [vm.row(number).broken for number in range(4)] == [False, True, False, False]


def test_tens_of_thousands_of_rows_read_only_those_in_sight(open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = ready(open_desk, 20_000)
    panel = panel_of(desk)
    read: list[int] = []
    whole = panel.view_model.row
    monkeypatch.setattr(panel.view_model, "row", lambda number: (read.append(number), whole(number))[1])
    panel.view.verticalScrollBar().setValue(panel.view.row_height * 9_000)
    panel.view.grab()
    assert 0 < len(set(read)) < 60 and min(read) >= 8_999
    panel.view.resume()
    desk.feed.push_trades(*run_of(6_000, start=20_000))
    assert panel.view_model.total <= 24_000, "the oldest are dropped"
    assert sizes(panel)[0] == 26_009


def test_trades_from_before_come_in_behind(open_desk: OpenDesk) -> None:
    desk = ready(open_desk, 0 + 3)
    later = run_of(2, start=10)
    desk.feed.tapes[T] = [*run_of(10), *later]
    desk.feed.trades.publish(TradeRun(T, ()))
    assert panel_of(desk).view_model.total == 12


def test_copy_and_export(open_desk: OpenDesk) -> None:
    desk = ready(open_desk, 5)
    panel = panel_of(desk)
    panel.view.setFocus()
    QTest.keyClick(panel.view, Qt.Key.Key_Down)
    QTest.keyClick(panel.view, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert list(panel.view.chosen_rows()) == [0, 1] and panel.view_model.is_held
    assert "14주" in panel.view.words(0) and "매도" in panel.view.words(0)
    assert "13주" in panel.view.accessibleDescription()
    QTest.keyClick(panel.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert len(lines) == 3 and lines[1].split("\t")[3] == "-14"
    asked: list[ExportRequest] = []
    panel.export_requested.connect(asked.append)
    panel.context_menu().actions()[1].trigger()
    assert asked[0].file_name == "trades_000030.csv" and len(asked[0].text.splitlines()) == 6
    QTest.keyClick(panel.view, Qt.Key.Key_Escape)
    assert not panel.view_model.is_held


def test_a_click_chooses_and_leaving_the_panel_lets_go(open_desk: OpenDesk) -> None:
    desk = ready(open_desk, 30)
    panel = panel_of(desk)
    QTest.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=panel.view.rect_of(3).center())
    assert panel.view.current == 3
    panel.bar.field.setFocus()
    leave(panel)
    assert panel.view.current == -1 and not panel.view_model.is_held
    assert panel.view.row_at(2) == -1, "the head is no row"


def test_hidden_it_costs_nothing_and_comes_back_whole(open_desk: OpenDesk) -> None:
    desk = ready(open_desk, 5)
    panel = panel_of(desk)
    assert desk.feed.wanted("trades") == (T,)
    panel.hide()
    assert desk.feed.wanted("trades") == () and not desk.feed.trades._listeners and not desk.feed.status._listeners
    desk.feed.push_trades(*run_of(5, start=5))
    assert panel.view_model.total == 5
    panel.show()
    assert panel.view_model.total == 10
    desk.work.select(OTHER, "x")
    assert panel.view_model.total == 0 and isinstance(panel.state, Loading)
    desk.work.look_back()
    assert isinstance(panel.state, Empty)


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("width", [400, 304, 170])
def test_columns_are_dropped_whole_never_cut(open_desk: OpenDesk, theme: str, language: str, width: int) -> None:
    look = Appearance(theme=theme, language=language)  # type: ignore[arg-type]
    panel = panel_of(ready(open_desk, 40, size=(width, 300), look=look))
    columns = panel.view.columns()
    names = [name for name, _, _ in columns]
    assert names[:2] == ["time", "price"] and "quantity" in names
    assert sum(wide for _, _, wide in columns) == panel.view.viewport().width()
    assert ("volume" in names) == (width >= 304 + 12)
    panel.view.grab()
    shown = [chip for chip in panel.bar.chips if not chip.isHidden()]
    assert all(chip.geometry().right() <= panel.bar.width() for chip in shown)
    assert QPoint(0, 0) == panel.bar.pos()

"""Live columns of the signal table and the symbol list: values, flashes, order, what the feed is told, provisional scores."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, QRect, Qt
from PySide6.QtGui import QEnterEvent
from PySide6.QtTest import QSignalSpy, QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.model.live import QuoteSource
from engine.model.scan import ScanFlag
from ralphstock_desktop.services.contracts import Ready
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.cells import GradeMark, ScoreMark
from ralphstock_desktop.ui.docks.signal_table import SignalTable
from ralphstock_desktop.ui.docks.symbol_list import SymbolList
from ralphstock_desktop.ui.docks.table_panel import TablePanel
from ralphstock_desktop.ui.models.array_table import SortKey
from ralphstock_desktop.ui.viewmodels.live_rows import TodayMark
from ralphstock_desktop.ui.viewmodels.quotes import read_quote
from tests.ui.live.conftest import OpenDesk
from tests.ui.live.desk import LiveDesk
from tests.ui.live.fake_live import status

T = "000030"


def market(open_desk: OpenDesk, **options: object) -> LiveDesk:
    desk = open_desk(SymbolList, **{"size": (1_000, 420), "window": 1_500, **options})
    leave(panel_of(desk))  # an earlier test may have left the pointer where the window opened
    return desk


def panel_of(desk: LiveDesk) -> TablePanel:
    assert isinstance(desk.panel, TablePanel)
    return desk.panel


def source_row(desk: LiveDesk, ticker: str) -> int:
    rows = panel_of(desk).view_model.rows
    assert rows is not None
    row = rows.position(ticker)
    assert row is not None
    return row


def text(desk: LiveDesk, ticker: str, column: str) -> str:
    model = panel_of(desk).model
    return model.cell_text(source_row(desk, ticker), model.column_at(column))  # type: ignore[arg-type]


def look_of(desk: LiveDesk, ticker: str, column: str) -> tuple[str, str, bool, object]:
    model = panel_of(desk).model
    return model.cell_look(source_row(desk, ticker), model.column_at(column))  # type: ignore[arg-type]


def first_in_sight(desk: LiveDesk) -> str:
    panel = panel_of(desk)
    return panel.model.ticker(panel.view.rows_in_sight().start)


def enter(panel: TablePanel) -> None:
    middle = QPointF(panel.view.rect().center())
    QApplication.sendEvent(panel.view, QEnterEvent(middle, middle, QPointF(panel.view.mapToGlobal(middle.toPoint()))))


def leave(panel: TablePanel) -> None:
    QApplication.sendEvent(panel.view, QEvent(QEvent.Type.Leave))


# -- values -----------------------------------------------------------------------------------------------------------------


def test_price_change_volume_and_strength_follow_the_board(open_desk: OpenDesk) -> None:
    desk = market(open_desk)
    stored = text(desk, T, "price")
    assert text(desk, T, "strength") == "—" and look_of(desk, T, "today")[3] is None
    base = int(desk.feed.the_board.base_krw[source_row(desk, T)])  # type: ignore[union-attr]
    desk.work.trade({T: base + 500}, volume=123_000)
    assert text(desk, T, "price") == f"{base + 500:,}" != stored
    assert text(desk, T, "change") == f"+{500 / base * 100:.2f}%"
    assert (text(desk, T, "volume"), text(desk, T, "strength")) == ("12만", "118.0")
    assert look_of(desk, T, "price")[1] == "gain"
    mark = look_of(desk, T, "today")[3]
    assert isinstance(mark, TodayMark) and mark.price == base + 500 and not mark.word_key
    desk.work.trade({T: base - 500})
    assert look_of(desk, T, "price")[1] == "loss"


def test_only_rows_in_sight_are_told_to_the_view(open_desk: OpenDesk) -> None:
    desk = market(open_desk)
    panel = panel_of(desk)
    seen = [panel.model.ticker(row) for row in range(panel.view.rows_in_sight().stop)]
    hidden = [str(t) for t in desk.work.panel.tickers if str(t) not in seen]
    old = text(desk, hidden[-1], "price")
    spy = QSignalSpy(panel.model.dataChanged)
    board = desk.feed.the_board
    assert board is not None
    desk.work.trade({ticker: int(board.price_krw[board.row_of(ticker)]) + 50 for ticker in hidden})
    assert spy.count() == 0
    assert text(desk, hidden[-1], "price") != old, "but its text is the new one when it comes into sight"
    desk.work.trade({seen[0]: 77_000, seen[1]: 78_000, hidden[0]: 79_000})
    assert spy.count() == 1, "one run of rows"


def test_changed_prices_flash_in_their_direction(open_desk: OpenDesk) -> None:
    desk = market(open_desk)
    ticker = first_in_sight(desk)
    model = panel_of(desk).model
    row = source_row(desk, ticker)
    board = desk.feed.the_board
    assert board is not None
    desk.work.trade({ticker: int(board.price_krw[row]) - 100})
    strength, sign = model.flash.strength(row, model.column_at("price"))  # type: ignore[arg-type]
    assert strength > 0 and sign == -1
    assert model.flash.strength(row, model.column_at("volume"))[0] == 0.0  # type: ignore[arg-type]


def test_what_is_special_today_comes_before_the_range(open_desk: OpenDesk) -> None:
    desk = market(open_desk)
    board = desk.feed.the_board
    assert board is not None
    row = source_row(desk, T)
    desk.work.trade({T: int(board.price_krw[row])})
    quotes = panel_of(desk).view_model.rows.live  # type: ignore[union-attr]
    assert quotes is not None
    limit = int(quotes._upper[row])
    desk.work.trade({T: limit})
    assert text(desk, T, "today") == "상한"
    board.vi[row] = True
    desk.work.trade({T: limit})
    assert text(desk, T, "today") == "VI"
    board.gap[row] = True
    desk.work.trade({T: limit})
    assert text(desk, T, "today") == "공백"
    panel_of(desk).view.grab()


def test_price_limits_follow_the_base_price_of_the_day(open_desk: OpenDesk) -> None:
    """What is stored has the base price of the stored day; today's limits belong to today's base price."""
    desk = market(open_desk)
    board, quotes = desk.feed.the_board, panel_of(desk).view_model.rows.live  # type: ignore[union-attr]
    assert board is not None and quotes is not None
    row = source_row(desk, T)
    assert np.isnan(quotes._upper[row]), "of today nothing is known yet"
    for base, limit in ((30_000, 39_000), (20_000, 26_000)):
        board.base_krw[row] = base
        desk.work.trade({T: limit})
        assert text(desk, T, "today") == "상한", base
        desk.work.trade({T: base})
        assert text(desk, T, "today") != "상한"


def test_an_answer_of_a_former_day_is_none_of_today(open_desk: OpenDesk) -> None:
    """Before the first trade of a day a broker answers the day before: its price is shown, its range and volume are not."""
    desk = market(open_desk)
    desk.work.trade({T: 34_000}, at_ns=desk.work.now(15, 30) - 3 * 86_400 * 10**9)
    board = desk.feed.the_board
    assert board is not None
    row = source_row(desk, T)
    board.source[row] = QuoteSource.POLLED
    desk.feed.move({}, at_ns=desk.work.now(8, 41))
    quotes = panel_of(desk).view_model.rows.live  # type: ignore[union-attr]
    assert quotes is not None
    quotes.take(np.array([row]))
    panel_of(desk).view_model.values_changed.emit()
    assert quotes.today(row) is None and text(desk, T, "strength") == "—" and text(desk, T, "price") == "34,000"
    assert look_of(desk, T, "price")[1] == "stale"
    quote = read_quote(board, T, desk.work.panel)
    assert quote is not None and quote.price == 34_000 and quote.source is QuoteSource.STORED
    assert all(math.isnan(value) for value in (quote.base, quote.open, quote.high, quote.low, quote.volume, quote.upper))


def test_old_values_and_values_of_an_earlier_day_look_old(open_desk: OpenDesk) -> None:
    desk = market(open_desk)
    assert look_of(desk, T, "price")[1] == "stale", "the market trades and nothing of today is known"
    desk.work.trade({T: 34_000})
    assert look_of(desk, T, "price")[1] in ("gain", "loss")
    assert not panel_of(desk).view.stale
    desk.feed.status.publish(status(is_stale=True, age_s=90.0))
    assert panel_of(desk).view.stale
    desk.feed.status.publish(status())
    assert not panel_of(desk).view.stale


def test_the_past_shows_stored_values(open_desk: OpenDesk) -> None:
    desk = market(open_desk)
    stored = text(desk, T, "price")
    desk.work.trade({T: 12_350})
    assert text(desk, T, "price") == "12,350"
    desk.work.look_back()
    assert text(desk, T, "price") == stored
    desk.work.trade({T: 12_400})
    assert text(desk, T, "price") == stored


def test_cell_detail_says_source_and_time(open_desk: OpenDesk) -> None:
    desk = market(open_desk)
    panel = panel_of(desk)
    ticker = first_in_sight(desk)
    desk.work.trade({ticker: 50_000})
    column = panel.model.column_at("price")
    assert column is not None
    row = panel.model.row_of_ticker(ticker)
    assert row is not None
    panel._on_detail(row, column, QRect(0, 0, 60, 20))
    assert panel.detail.lines()[-1] == "실시간 10:42:31"
    panel.detail.hide()
    untouched = panel.model.ticker(panel.view.rows_in_sight().start + 1)
    assert panel.detail_lines(panel.model.row_of_ticker(untouched) or 0, column)[3] == "아직 값이 없습니다"


# -- order ------------------------------------------------------------------------------------------------------------------


def test_order_follows_at_most_once_a_second(open_desk: OpenDesk, qtbot: QtBot) -> None:
    desk = market(open_desk)
    panel = panel_of(desk)
    panel.model.set_sort((SortKey("change", True),))
    before = panel.model.order.tolist()
    for price in (34_100, 44_000):
        desk.work.trade({T: price})
    assert panel.model.order.tolist() == before and panel.follower.is_waiting
    qtbot.waitUntil(lambda: panel.model.ticker(0) == T, timeout=2_000)


def test_the_order_is_held_under_the_pointer_and_moves_are_counted(open_desk: OpenDesk) -> None:
    desk = market(open_desk)
    panel = panel_of(desk)
    panel.model.set_sort((SortKey("change", True),))
    enter(panel)
    top = panel.model.ticker(0)
    desk.work.trade({T: 60_000})
    panel.follower.order_now()
    assert panel.model.ticker(0) == top and panel.model.waiting_moves > 0
    assert panel.model.move_of(source_row(desk, T)) > 0
    assert not panel.bar.held.isHidden()
    leave(panel)
    assert panel.model.ticker(0) == T


def test_a_right_click_holds_nothing_once_the_pointer_has_left(open_desk: OpenDesk) -> None:
    desk = market(open_desk)
    panel = panel_of(desk)
    enter(panel)
    QTest.mousePress(panel.view.viewport(), Qt.MouseButton.RightButton, pos=QRect(0, 0, 80, 40).center())
    assert panel.model.held, "the pointer is inside"
    leave(panel)  # into the menu, which takes the release
    assert not panel.model.held


def test_walking_with_the_keyboard_holds_for_a_moment(open_desk: OpenDesk) -> None:
    desk = market(open_desk)
    panel = panel_of(desk)
    panel.window().activateWindow()
    panel.view.setFocus()
    QApplication.processEvents()
    QTest.keyClick(panel.view, Qt.Key.Key_Down)
    assert panel.model.held
    panel.view._keys_timer.stop()
    panel.view._update_hold()
    assert not panel.model.held


def test_a_condition_on_prices_is_applied_again(open_desk: OpenDesk) -> None:
    desk = market(open_desk)
    panel = panel_of(desk)
    panel.set_filter_text("체결강도 >= 110")
    assert panel.model.rowCount() == 0
    desk.work.trade({T: 34_000})
    panel.follower.order_now()
    assert [panel.model.ticker(row) for row in range(panel.model.rowCount())] == [T]


# -- feed -------------------------------------------------------------------------------------------------------------------


def test_what_is_in_sight_is_told_from_the_top_when_scrolling_rests(open_desk: OpenDesk, qtbot: QtBot) -> None:
    desk = market(open_desk)
    panel = panel_of(desk)
    qtbot.waitUntil(lambda: bool(desk.feed.wanted("symbols")))
    told = desk.feed.wanted("symbols")
    assert told[0] == panel.model.ticker(0) and len(told) < 30
    for step in (10, 20, 40):
        panel.view.verticalScrollBar().setValue(step * panel.view.verticalHeader().defaultSectionSize())
    assert desk.feed.wanted("symbols") == told, "not while it moves"
    qtbot.waitUntil(lambda: desk.feed.wanted("symbols") != told)
    sight = panel.view.rows_in_sight()
    assert desk.feed.wanted("symbols") == tuple(panel.model.ticker(row) for row in range(sight.start, sight.stop))
    assert sight.start == 40


def test_a_hidden_table_listens_to_nothing_and_catches_up(open_desk: OpenDesk, qtbot: QtBot) -> None:
    desk = market(open_desk)
    qtbot.waitUntil(lambda: bool(desk.feed.wanted("symbols")))
    desk.panel.hide()
    assert desk.feed.wanted("symbols") == ()
    assert not any(channel._listeners for channel in (desk.feed.frames, desk.feed.status, desk.feed.scans))
    desk.work.trade({T: 12_350})
    desk.panel.show()
    assert text(desk, T, "price") == "12,350"


def test_without_a_live_market_nothing_changes(open_desk: OpenDesk) -> None:
    def unconnected(context: object) -> SymbolList:
        context.workstation.live = None  # type: ignore[attr-defined]
        return SymbolList(context)  # type: ignore[arg-type]

    desk = open_desk(unconnected, size=(1_000, 420), window=1_500)
    assert look_of(desk, T, "price")[1] in ("gain", "loss", "flat")
    assert not panel_of(desk)._provisional_action.isVisible()


# -- provisional scores -----------------------------------------------------------------------------------------------------


def test_scores_follow_the_forming_bar_and_say_so(open_desk: OpenDesk) -> None:
    desk = market(open_desk)
    panel = panel_of(desk)
    official = text(desk, T, "total")
    assert panel.header.badge.text().endswith("확정")
    desk.work.trade({T: 36_000}, volume=3_000_000)
    found = desk.work.score(T)
    row = source_row(desk, T)
    assert found.picture.scan.flags[row] & int(ScanFlag.FORMING)
    assert text(desk, T, "total") == f"{found.picture.scan.total_score[row]:.1f}" != official
    assert look_of(desk, T, "total")[1] == "warning"
    assert isinstance(panel.state, Ready)
    assert panel.header.badge.text() == "잠정 10:43"
    other = "000990"
    assert look_of(desk, other, "total")[1] != "warning", "a symbol without a trade keeps its final score"


def test_what_has_not_traded_yet_keeps_its_last_price(open_desk: OpenDesk) -> None:
    desk = market(open_desk)
    quiet = "000990"
    before = {column: text(desk, quiet, column) for column in ("price", "change", "volume", "total")}
    assert "—" not in (before["price"], before["volume"])
    desk.work.trade({T: 36_000})
    desk.work.score(T)
    assert panel_of(desk).view_model.is_provisional
    assert text(desk, quiet, "price") == before["price"] and text(desk, quiet, "volume") == before["volume"]


def test_only_changed_rows_are_worked_out_again(open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = market(open_desk)
    panel = panel_of(desk)
    desk.work.trade({T: 34_300})
    desk.work.score(T)
    resets = QSignalSpy(panel.model.modelReset)
    touched: set[int] = set()
    for name in ("mark_changed", "invalidate"):
        whole = getattr(panel.model, name)
        monkeypatch.setattr(
            panel.model,
            name,
            lambda rows, *rest, _whole=whole, **named: (touched.update(rows.tolist()), _whole(rows, *rest, **named))[1],
        )
    desk.work.trade({"000040": 41_000})
    touched.clear()
    found = desk.work.score("000040", minute=44)
    assert resets.count() == 0 and touched == set(found.rows.tolist())
    assert len(found.rows) < len(desk.work.panel.tickers)
    assert panel.header.badge.text() == "잠정 10:44"


def test_a_gap_puts_the_hatch_in_place_of_the_bar(open_desk: OpenDesk) -> None:
    desk = market(open_desk)
    desk.work.trade({T: 34_300, "000040": 41_000})
    desk.work.score(T, "000040", gaps=(T,))
    assert look_of(desk, T, "total")[3] == ScoreMark(float(look_of(desk, T, "total")[3].value), True)  # type: ignore[attr-defined]
    assert look_of(desk, "000040", "total")[3].gap is False  # type: ignore[attr-defined]
    panel = panel_of(desk)
    row = panel.model.row_of_ticker(T)
    assert row is not None
    remark = panel.detail_lines(row, panel.model.column_at("total") or 0)[3]
    assert "잠정" in remark and "공백" in remark


def test_a_grade_that_is_not_official_yet_is_dashed(open_desk: OpenDesk) -> None:
    desk = market(open_desk)
    tickers = [str(t) for t in desk.work.panel.tickers[:8]]
    board = desk.feed.the_board
    assert board is not None
    desk.work.trade({t: int(board.price_krw[board.row_of(t)] * 0.9) // 50 * 50 for t in tickers})
    desk.work.score(*tickers)
    rows = panel_of(desk).view_model.rows
    assert rows is not None and rows.confirmed is not None
    for ticker in tickers:
        row = source_row(desk, ticker)
        mark = look_of(desk, ticker, "grade")[3]
        assert isinstance(mark, GradeMark)
        assert mark.dashed == (rows.confirmed.grade[row] != rows.scan.grade[row])
    assert any(look_of(desk, t, "grade")[3].dashed for t in tickers), "a fall of a tenth costs somebody the grade"  # type: ignore[attr-defined]


def test_the_switch_goes_back_to_the_official_scores(open_desk: OpenDesk) -> None:
    desk = market(open_desk)
    panel = panel_of(desk)
    official = text(desk, T, "total")
    desk.work.trade({T: 36_000}, volume=3_000_000)
    desk.work.score(T)
    assert text(desk, T, "total") != official
    panel._provisional_action.trigger()
    assert text(desk, T, "total") == official and panel.header.badge.text().endswith("확정")
    assert text(desk, T, "price") == "36,000", "prices stay live"
    state = panel.panel_state()
    again = panel_of(market(open_desk))
    again.restore_panel_state(state)
    assert not again.view_model.wants_provisional and not again._provisional_action.isChecked()
    panel._provisional_action.trigger()
    assert text(desk, T, "total") != official


def test_the_past_and_an_official_bar_end_the_provisional_scores(open_desk: OpenDesk) -> None:
    desk = market(open_desk)
    official = text(desk, T, "total")
    desk.work.trade({T: 36_000}, volume=3_000_000)
    desk.work.score(T)
    desk.work.look_back()
    assert text(desk, T, "total") == official
    assert not panel_of(desk).view_model.is_provisional


def test_signals_and_their_chips_follow(open_desk: OpenDesk) -> None:
    desk = open_desk(SignalTable, size=(1_200, 420), window=1_500)
    panel = panel_of(desk)
    before = {panel.model.ticker(row) for row in range(panel.model.rowCount())}
    board = desk.feed.the_board
    assert board is not None and before
    desk.work.trade({t: int(board.price_krw[board.row_of(t)] * 0.8) // 50 * 50 for t in before})
    desk.work.score(*before)
    panel.follower.order_now()
    now = {panel.model.ticker(row) for row in range(panel.model.rowCount())}
    scan = panel.view_model.rows.scan  # type: ignore[union-attr]
    assert now == {str(t) for t in np.asarray(desk.work.panel.tickers)[scan.pattern]} != before
    assert panel.view_model.counts()["all"] == len(now)


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_paints_in_every_look(open_desk: OpenDesk, theme: str, language: str) -> None:
    look = Appearance(theme=theme, language=language)  # type: ignore[arg-type]
    desk = market(open_desk, look=look)
    desk.work.trade({T: 34_300, first_in_sight(desk): 50_000})
    desk.work.score(T, gaps=(T,))
    assert not panel_of(desk).view.grab().isNull()
    look.choose(language="en" if language == "ko" else "ko", theme="light" if theme == "dark" else "dark")
    assert not panel_of(desk).view.grab().isNull()

"""The order book: levels, changes between our own snapshots, notices, states, keyboard, words, and paint in every look."""

from __future__ import annotations

import itertools

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from engine.calendar.sessions import Phase
from engine.model.errors import ProviderError
from engine.model.live import ConnectionState, QuoteSource, ViEvent, ViKind
from ralphstock_desktop.live_ports import FeedPart
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, Offline, Ready, Stale
from ralphstock_desktop.services.live_contracts import Gap, TradeRun
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.order_book import OrderBookPanel
from ralphstock_desktop.ui.links import LinkHub, as_workstation
from tests.ui.live.conftest import OpenDesk
from tests.ui.live.desk import LiveDesk
from tests.ui.live.fake_live import NOW_NS, book_of, status, trade

T, OTHER = "000030", "000040"


def ready(open_desk: OpenDesk, **options: object) -> LiveDesk:
    """A panel with a book of T."""
    desk = open_desk(OrderBookPanel, **options)
    desk.work.select(T, "signals")
    desk.work.trade({T: 34_000})
    desk.feed.push_book(book_of(T, 34_050, 50))
    QApplication.processEvents()
    return desk


def panel_of(desk: LiveDesk) -> OrderBookPanel:
    assert isinstance(desk.panel, OrderBookPanel)
    return desk.panel


def colours(image: QImage) -> set[str]:
    """All colours of a picture."""
    return {image.pixelColor(x, y).name() for x, y in itertools.product(range(image.width()), range(image.height()))}


# -- levels -----------------------------------------------------------------------------------------------------------------


def test_ten_levels_a_side_around_the_last_price(open_desk: OpenDesk) -> None:
    vm = panel_of(ready(open_desk)).view_model
    asks, bids = vm.levels()
    assert [level.price for level in asks] == [34_050 + 50 * n for n in range(10)]
    assert [level.price for level in bids] == [34_000 - 50 * n for n in range(10)]
    assert [level.price for level in (*asks, *bids) if level.is_last] == [34_000]
    base = vm.quote().base  # type: ignore[union-attr]
    assert asks[0].change_pct == pytest.approx((34_050 / base - 1) * 100)


def test_change_is_against_our_own_snapshot_and_fades(open_desk: OpenDesk) -> None:
    desk = ready(open_desk)
    vm = panel_of(desk).view_model
    sizes = [900 + 97 * n for n in range(10)] + [700 + 83 * n for n in range(10)]
    assert {level.change for side in vm.levels() for level in side} == {0}, "one book says nothing about changes"
    sizes[2] += 154
    sizes[13] -= 37
    desk.feed.push_book(book_of(T, 34_050, 50, sizes=sizes, received_ns=NOW_NS + 10**8))
    asks, bids = vm.levels()
    assert {level.price: level.change for level in (*asks, *bids) if level.change} == {34_150: 154, 33_850: -37}
    desk.feed.push_book(book_of(T, 34_050, 50, sizes=sizes, received_ns=NOW_NS + 3 * 10**9))
    assert not any(level.change for side in vm.levels() for level in side), "an old change is not news"


def test_a_price_beyond_the_ten_levels_we_held_has_no_change(open_desk: OpenDesk) -> None:
    desk = ready(open_desk)
    vm = panel_of(desk).view_model
    desk.feed.push_book(book_of(T, 34_100, 50, sizes=[500] * 20, received_ns=NOW_NS + 1))
    asks, bids = vm.levels()
    assert asks[9].price == 34_550 and asks[9].change == 0, "it was out of sight before"
    assert bids[0].price == 34_050 and bids[0].change == 0, "as a bid it is new beyond the best"
    assert asks[0].change == 500 - (900 + 97)


def test_a_price_inside_that_was_not_listed_held_nothing(open_desk: OpenDesk) -> None:
    desk = ready(open_desk)
    holes = book_of(T, 34_050, 50)
    prices = tuple(price + (50 if n >= 3 else 0) for n, price in enumerate(holes.ask_krw))
    desk.feed.push_book(holes._replace(ask_krw=prices, received_ns=NOW_NS + 1))
    desk.feed.push_book(book_of(T, 34_050, 50, sizes=[100] * 20, received_ns=NOW_NS + 2))
    asks, _ = panel_of(desk).view_model.levels()
    assert asks[3].price == 34_200 and asks[3].change == 100


def test_nothing_is_compared_across_a_loss_of_the_feed(open_desk: OpenDesk) -> None:
    desk = ready(open_desk)
    desk.feed.status.publish(status(connection=ConnectionState.WAITING, shown=QuoteSource.STORED))
    desk.feed.push_book(book_of(T, 34_050, 50, sizes=[1] * 20, received_ns=NOW_NS + 10**9))
    assert not any(level.change for side in panel_of(desk).view_model.levels() for level in side)


def test_empty_levels_and_facts(open_desk: OpenDesk) -> None:
    desk = ready(open_desk)
    book = book_of(T, 34_050, 50)
    thin = book._replace(ask_krw=book.ask_krw[:3] + (0,) * 7, ask_shares=book.ask_shares[:3] + (0,) * 7)
    desk.feed.push_book(thin)
    panel = panel_of(desk)
    asks, _ = panel.view_model.levels()
    assert [level.price for level in asks[3:]] == [0] * 7 and len(asks) == 10
    facts = {fact.key: fact.text for fact in panel.view_model.facts(desk.look)}
    base = panel.view_model.quote().base  # type: ignore[union-attr]
    assert facts["base"] == f"{base:,.0f}" and facts["tick"] == "50" and facts["strength"] == "118.0"
    assert int(facts["upper"].replace(",", "")) > base > int(facts["lower"].replace(",", ""))
    assert facts["vwap"] == "34,000"
    panel.view.grab()


def test_notices_of_an_auction_an_interruption_and_a_gap(open_desk: OpenDesk) -> None:
    desk = ready(open_desk)
    vm = panel_of(desk).view_model
    assert vm.notices(desk.look) == ()
    board = desk.feed.the_board
    assert board is not None
    board.vi[board.row_of(T)] = True
    desk.feed.vis.publish(ViEvent(T, ViKind.STATIC, True, 34_900, 34_000, NOW_NS, 0, 1, NOW_NS))
    desk.feed.push_book(book_of(T, 34_050, 50, expected_krw=34_100, expected_shares=12_400))
    desk.feed.push_gaps(Gap(T, NOW_NS - 2_100 * 10**9, NOW_NS - 1_980 * 10**9, 3_210, "filling", NOW_NS))
    found = {notice.kind: notice.text for notice in vm.notices(desk.look)}
    assert "34,100" in found["expected"] and "12,400" in found["expected"]
    assert "정적" in found["vi"] and "34,900" in found["vi"]
    assert found["gap"].startswith("공백 10:07–10:09")
    desk.feed.push_gaps(Gap(T, NOW_NS, NOW_NS, 1, "filled", NOW_NS))
    assert "gap" not in {notice.kind for notice in vm.notices(desk.look)}


# -- feed -------------------------------------------------------------------------------------------------------------------


def test_wants_its_symbol_only_while_shown(open_desk: OpenDesk) -> None:
    desk = ready(open_desk)
    assert desk.feed.wanted("book") == (T,)
    assert {FeedPart.BOOK, FeedPart.TRADES} <= desk.feed.wants["book"][1]
    desk.work.select(OTHER, "signals")
    assert desk.feed.wanted("book") == (OTHER,)
    desk.panel.hide()
    assert desk.feed.wanted("book") == ()
    channels = (desk.feed.books, desk.feed.trades, desk.feed.frames, desk.feed.status, desk.feed.gaps, desk.feed.vis)
    assert not any(channel._listeners for channel in channels), "a hidden panel listens to nothing"
    desk.feed.push_book(book_of(OTHER, 50_000))
    desk.panel.show()
    assert desk.feed.wanted("book") == (OTHER,)
    asks, _ = panel_of(desk).view_model.levels()
    assert asks[0].price == 50_000, "what came meanwhile is there at once"


def test_books_of_other_symbols_are_ignored(open_desk: OpenDesk) -> None:
    desk = ready(open_desk)
    desk.feed.push_book(book_of(OTHER, 90_000))
    assert panel_of(desk).view_model.levels()[0][0].price == 34_050


def test_last_trades_stand_beside_the_bids(open_desk: OpenDesk) -> None:
    desk = ready(open_desk)
    desk.feed.push_trades(*[trade(T, 34_000, n if n % 2 else -n, 1_000 + n) for n in range(14)])
    kept = panel_of(desk).view_model.trades
    assert [tick.quantity_shares for tick in kept] == [-4, 5, -6, 7, -8, 9, -10, 11, -12, 13], "ten, without the quote"


def test_trades_that_were_missed_and_have_come_stand_beside_the_bids(open_desk: OpenDesk) -> None:
    desk = ready(open_desk)
    desk.feed.push_trades(trade(T, 34_000, 5, 1_005))
    desk.feed.tapes[T] = [trade(T, 34_000, size, 1_000 + size) for size in (5, 6, 7)]
    desk.feed.trades.publish(TradeRun(T, ()))
    assert [tick.quantity_shares for tick in panel_of(desk).view_model.trades] == [5, 6, 7]


def test_a_book_without_orders_says_so_and_claims_no_zero(open_desk: OpenDesk) -> None:
    desk = ready(open_desk)
    nothing = (0,) * 10
    desk.feed.status.publish(status(market_ns=desk.work.now(15, 31), phase=Phase.ORDER_ENTRY))
    desk.feed.push_book(
        book_of(T, 34_050, 50)._replace(
            ask_krw=nothing, ask_shares=nothing, bid_krw=nothing, bid_shares=nothing, total_ask_shares=0, total_bid_shares=0
        )
    )
    panel = panel_of(desk)
    found = {notice.kind: notice.text for notice in panel.view_model.notices(desk.look)}
    assert found == {"empty": "지금은 호가가 없습니다 · 호가 접수"}
    loud = {desk.look.color("gain").name(), desk.look.color("loss").name()}
    totals = panel.view.grab().toImage()
    below = totals.copy(0, totals.height() - 24, totals.width(), 24)
    assert not loud & colours(below), "no totals are written"
    desk.feed.push_book(book_of(T, 34_050, 50))
    assert panel.view_model.notices(desk.look) == ()


def test_no_ratio_of_bought_to_sold_before_both_have_traded(open_desk: OpenDesk) -> None:
    desk = ready(open_desk)
    board = desk.feed.the_board
    assert board is not None
    vm = panel_of(desk).view_model
    row = board.row_of(T)
    for sent, shown in ((0.0, "—"), (87.3, "87.3")):
        board.strength_pct[row] = sent
        vm._read = None
        assert next(fact.text for fact in vm.facts(desk.look) if fact.key == "strength") == shown
        panel_of(desk).view.grab()


def test_follows_its_link_group_alone(open_desk: OpenDesk) -> None:
    hubs: list[LinkHub] = []

    def linked(context: DockContext) -> OrderBookPanel:
        hubs.append(LinkHub(context.workstation))
        view = hubs[0].view("book")
        view.set_group(2)
        return OrderBookPanel(
            DockContext(as_workstation(view), context.appearance, context.spawn, context.market_filter, context.chart_link)
        )

    desk = open_desk(linked)
    desk.work.select(T, "signals")
    assert desk.feed.wanted("book") == (), "group 1 is not its group"
    hubs[0].view("other").set_group(2)
    panel_of(desk).view_model._workstation.select(OTHER, "other")
    assert desk.feed.wanted("book") == (OTHER,)


# -- states -----------------------------------------------------------------------------------------------------------------


def test_the_six_states(open_desk: OpenDesk) -> None:
    desk = open_desk(OrderBookPanel)
    panel = panel_of(desk)
    assert isinstance(panel.state, Empty) and panel.state.reason_key == "empty.live.symbol"
    desk.work.select(T, "signals")
    assert isinstance(panel.state, Loading)
    desk.feed.status.publish(status(phase=Phase.CLOSED))
    assert isinstance(panel.state, Empty) and panel.state.reason_key == "empty.live.closed"
    refused = ProviderError("wrong key", key="error.provider", provider="kiwoom", retryable=False)
    desk.feed.status.publish(status(connection=ConnectionState.REFUSED, shown=QuoteSource.STORED, error=refused))
    assert isinstance(panel.state, Failed)
    desk.feed.status.publish(status())
    desk.feed.push_book(book_of(T, 34_050, 50))
    assert isinstance(panel.state, Ready) and panel.view.isVisible()
    desk.feed.status.publish(status(is_stale=True, age_s=252.0))
    assert isinstance(panel.state, Stale) and panel.view.isVisible()
    desk.feed.status.publish(status(connection=ConnectionState.WAITING, shown=QuoteSource.STORED, next_try_s=8.0))
    assert isinstance(panel.state, Offline) and panel.view.isVisible(), "the last book stays under the strip"
    panel.retry_requested.emit()
    assert desk.feed.reconnects == 1


def test_a_loss_begins_with_the_last_value_and_lasts_while_it_is_tried_again(open_desk: OpenDesk) -> None:
    desk = ready(open_desk)
    panel = panel_of(desk)
    began = NOW_NS
    for seconds, connection in ((4, ConnectionState.WAITING), (9, ConnectionState.CONNECTING), (74, ConnectionState.WAITING)):
        now = began + seconds * 10**9
        tried = status(connection=connection, shown=QuoteSource.STORED, age_s=float(seconds), market_ns=now, since_ns=now)
        desk.feed.status.publish(tried)
        assert isinstance(panel.state, Offline) and panel.state.since_ns == began, connection
    desk.feed.status.publish(status(connection=ConnectionState.CONNECTING, shown=QuoteSource.POLLED))
    assert isinstance(panel.state, Ready), "polled values stand in"


def test_without_a_live_market_it_offers_to_connect(open_desk: OpenDesk) -> None:
    def unconnected(context: DockContext) -> OrderBookPanel:
        context.workstation.live = None  # type: ignore[misc]
        return OrderBookPanel(context)

    panel = panel_of(open_desk(unconnected))
    assert isinstance(panel.state, Empty) and panel.state.action == "connect"


def test_the_past_shows_no_book_of_now(open_desk: OpenDesk) -> None:
    desk = ready(open_desk)
    desk.work.look_back()
    panel = panel_of(desk)
    assert isinstance(panel.state, Empty) and panel.state.reason_key == "empty.live.past"
    assert desk.feed.wanted("book") == ()
    desk.feed.push_book(book_of(T, 77_000))
    assert panel.view_model.book is None


def test_badges_say_where_the_values_come_from(open_desk: OpenDesk) -> None:
    desk = ready(open_desk)
    badge = desk.panel.header.badge
    assert badge.text() == "실시간"
    desk.feed.status.publish(status(shown=QuoteSource.POLLED, age_s=4.0))
    assert badge.text() == "조회 4초"
    desk.feed.status.publish(status(host="simulator"))
    assert badge.text() == "모의", "a replayed market never claims to be live"


# -- user -------------------------------------------------------------------------------------------------------------------


def test_keyboard_walks_the_levels_and_says_them(open_desk: OpenDesk) -> None:
    desk = ready(open_desk, size=(400, 560))
    view = panel_of(desk).view
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Down)
    assert view.chosen_price() == 34_000
    assert "매수 1호가" in view.accessibleDescription() and "700" in view.accessibleDescription()
    QTest.keyClick(view, Qt.Key.Key_Up)
    QTest.keyClick(view, Qt.Key.Key_Home)
    assert view.chosen_price() == 34_500 and "매도 10호가" in view.accessibleDescription()
    QTest.keyClick(view, Qt.Key.Key_End)
    assert view.chosen_price() == 33_550


def test_copy_by_key_and_by_menu(open_desk: OpenDesk) -> None:
    desk = ready(open_desk)
    panel = panel_of(desk)
    panel.view.setFocus()
    QTest.keyClick(panel.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[2] == "1773\t34500\t" and "\t34000\t700" in lines and len(lines) == 23
    QTest.mouseClick(panel.view, Qt.MouseButton.LeftButton, pos=panel.view.rect_of(0).center())
    menu = panel.context_menu()
    menu.actions()[1].trigger()
    assert QGuiApplication.clipboard().text() == "34500"
    QTest.mouseClick(panel.view, Qt.MouseButton.LeftButton, pos=QPoint(5, panel.view.height() - 2))
    assert not panel.context_menu().actions()[1].isEnabled(), "no price under the pointer"


# -- paint ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("size", [(400, 560), (304, 300), (160, 140)])
def test_paints_in_every_look_without_covering_itself(
    open_desk: OpenDesk, theme: str, language: str, size: tuple[int, int]
) -> None:
    look = Appearance(theme=theme, language=language)  # type: ignore[arg-type]
    desk = ready(open_desk, size=size, look=look)
    view = panel_of(desk).view
    levels = view.shown_levels()
    assert len(levels) >= 2 and len(levels) % 2 == 0
    assert view.rect_of(len(levels) - 1).bottom() < view.height(), "the last level is inside"
    shown = colours(view.grab().toImage())
    assert look.hex("gain").casefold() in shown or look.hex("loss").casefold() in shown


def test_old_values_lose_their_direction_colour(open_desk: OpenDesk) -> None:
    desk = ready(open_desk)
    view = panel_of(desk).view
    desk.feed.status.publish(status(is_stale=True, age_s=252.0))
    shown = colours(view.grab().toImage())
    assert desk.look.hex("stale").casefold() in shown
    assert not {desk.look.hex(name).casefold() for name in ("gain", "loss")} & shown


def test_the_longest_bar_is_the_largest_size(open_desk: OpenDesk) -> None:
    desk = ready(open_desk)
    view = panel_of(desk).view
    desk.feed.push_book(book_of(T, 34_050, 50, sizes=[100] * 9 + [1_000] + [500] * 10, received_ns=NOW_NS + 5 * 10**9))
    image = view.grab().toImage()
    ground = image.pixelColor(2, view.rect_of(0).top() + 6).name()

    def length(row: int) -> int:
        y = view.rect_of(row).top() + 4
        return sum(image.pixelColor(x, y).name() != ground for x in range(140))

    assert length(0) > 5 * length(1) > 0, "asks grow to the left, the farthest one is ten times as large"

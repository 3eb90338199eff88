"""The alert list over the real notice service on SQLite, driven by keyboard, mouse, menu and search."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from engine.model.instants import AsOf, kst_ns
from ralphstock_desktop.services.contracts import Empty, Ready, SymbolContext
from ralphstock_desktop.strategy_ports import NoticeRecord
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.docks.alerts import AlertsPanel
from ralphstock_desktop.ui.viewmodels.alert_rows import AlertsViewModel, notice_body, notice_name, notice_sentence
from tests.services.strategies.kept.kept_market import day
from tests.ui.alerts.conftest import OpenDesk
from tests.ui.alerts.desk import DAYS, Desk, Shop, fact, gate_fact

TODAY, YESTERDAY = day(DAYS - 1), day(DAYS - 2)


def told() -> list[NoticeRecord]:
    """Three of today, two of yesterday."""
    return [
        fact("298040", kst_ns(YESTERDAY, 15, 42), kind="signal", strategy="CLOSING_BET"),
        gate_fact("GREEN", "YELLOW", kst_ns(YESTERDAY, 18, 10)),
        fact(
            "454910",
            kst_ns(TODAY, 10, 39, 4),
            kind="life",
            key="notice.life.stop",
            price="9,500",
            net_pct="-5.32",
            day="2026-03-05",
        ),
        fact("298040", kst_ns(TODAY, 10, 41, 50), kind="grade", strategy="DAY_TRADE"),
        fact("011780", kst_ns(TODAY, 10, 42, 12), kind="signal"),
    ]


@pytest.fixture
async def desk(open_desk: OpenDesk, shop: Shop) -> Desk:
    await shop.book.open(shop.store)
    await shop.book.post(told())
    made = open_desk(AlertsPanel)
    made.work.look_at()
    return made


def vm(desk: Desk) -> AlertsViewModel:
    found: AlertsViewModel = desk.panel.view_model
    return found


def titles(desk: Desk) -> list[str]:
    return [row.title for row in vm(desk).rows if row.kind == "notice"]


def id_of(desk: Desk, title: str) -> str:
    return next(row.id for row in vm(desk).rows if row.title == title)


def view(desk: Desk) -> Any:
    return desk.panel.view


def repaint(desk: Desk) -> None:
    view(desk).viewport().repaint()


async def test_newest_first_under_days_with_what_is_unread(desk: Desk) -> None:
    rows = vm(desk).rows
    assert [row.kind for row in rows] == ["day", "notice", "notice", "notice", "day", "notice", "notice"]
    assert [row.title for row in rows] == [
        "2026-03-11 (수)",
        "금호석유화학",
        "효성중공업",
        "두산로보틱스",
        "2026-03-10 (화)",
        "마켓 게이트",
        "효성중공업",
    ]
    assert (rows[1].time, rows[1].chip, rows[1].body) == ("10:42:12", "신호", "VCP A 신호, 72.4/100점 · 진입 10,000원")
    assert rows[2].body == "단타 등급 ▲ B → A (72.4/100점)"
    assert rows[3].body == "손절가 9,500원, 순수익률 −5.32% (2026-03-05 신호)"
    assert rows[5].body == "상승 우위 → 중립 · 66점, 자료 100%: A 이상만, 수량 절반"
    assert desk.panel.subtitle == "읽지 않음 5"
    assert isinstance(desk.panel.state, Ready)


async def test_english_names_and_words(desk: Desk) -> None:
    desk.look.choose(language="en")
    row = vm(desk).rows[1]
    assert (row.title, row.chip) == ("Kumho Petrochemical", "Signal")
    assert row.body == "VCP signal A, 72.4/100 · entry ₩10,000"
    assert vm(desk).rows[5].body.startswith("Bullish → Neutral · 66 points")
    assert desk.panel.subtitle == "5 unread"
    assert desk.panel.kind.itemText(0) == "All kinds"


async def test_walking_moves_the_linked_panels_and_enter_opens_the_chart(desk: Desk) -> None:
    chosen: list[SymbolContext] = []
    subscription = desk.work.selection.subscribe(chosen.append, replay=False)
    charts: list[str] = []
    desk.panel.chart_requested.connect(charts.append)
    view(desk).setFocus()
    QTest.keyClick(view(desk), Qt.Key.Key_Down)
    QTest.keyClick(view(desk), Qt.Key.Key_Down)
    assert [context.ticker for context in chosen] == ["011780", "298040"]
    assert {context.origin for context in chosen} == {"alerts"}
    assert vm(desk).unread == 5, "walking over a notice is not reading it"
    QTest.keyClick(view(desk), Qt.Key.Key_Return)
    assert charts == ["298040"]
    assert vm(desk).unread == 4
    QTest.keyClick(view(desk), Qt.Key.Key_End)
    assert vm(desk).chosen == vm(desk).rows[-1].id
    QTest.keyClick(view(desk), Qt.Key.Key_Up)
    assert vm(desk).rows[-2].id == vm(desk).chosen, "the gate has no symbol but can be chosen"
    QTest.keyClick(view(desk), Qt.Key.Key_Return)
    assert charts == ["298040"], "and no chart"
    subscription.close()


async def test_back_to_then_by_click_and_by_key(desk: Desk) -> None:
    repaint(desk)
    first = vm(desk).rows[1].id
    desk.click(view(desk).viewport(), view(desk).spot_rect(first, "then").center())
    assert desk.fake.time_machine.entered == [AsOf(kst_ns(TODAY, 10, 42, 12))]
    last = desk.work.selection.last
    assert last is not None and last.ticker == "011780"
    view(desk).setFocus()
    QTest.keyClick(view(desk), Qt.Key.Key_End)
    QTest.keyClick(view(desk), Qt.Key.Key_T)
    assert desk.fake.time_machine.entered[-1] == AsOf(kst_ns(YESTERDAY, 15, 42))
    tip = view(desk).tip_at(view(desk).spot_rect(first, "then").center())
    assert tip == "10:42:12 시점으로 돌아가서 보기"


async def test_a_press_beside_the_way_back_only_chooses(desk: Desk) -> None:
    repaint(desk)
    first = vm(desk).rows[1].id
    rect = view(desk).rect_of(first)
    assert rect.height() == 27
    desk.click(view(desk).viewport(), QPoint(rect.left() + 100, rect.center().y()))
    assert vm(desk).chosen == first and desk.fake.time_machine.entered == []


async def test_marking_read_one_and_all_is_stored(desk: Desk, shop: Shop) -> None:
    view(desk).setFocus()
    QTest.keyClick(view(desk), Qt.Key.Key_Down)
    QTest.keyClick(view(desk), Qt.Key.Key_R)
    assert desk.panel.subtitle == "읽지 않음 4"
    QTest.mouseClick(desk.panel.read_all, Qt.MouseButton.LeftButton)
    assert desk.panel.subtitle == "읽지 않음 0" and not desk.panel.read_all.isEnabled()
    await shop.book.close()
    assert all(record.read for record in shop.store.notices())


async def test_all_means_what_is_listed_while_a_filter_is_on(desk: Desk) -> None:
    desk.panel.kind.setCurrentIndex(desk.panel.kind.findData("signal"))
    desk.panel.kind.activated.emit(desk.panel.kind.currentIndex())
    QTest.mouseClick(desk.panel.read_all, Qt.MouseButton.LeftButton)
    assert vm(desk).unread == 3


async def test_unread_rows_carry_the_accent_edge(desk: Desk) -> None:
    first = vm(desk).rows[1].id
    accent = desk.look.color("accent").name()

    def edge() -> str:
        rect = view(desk).rect_of(first)
        return str(view(desk).viewport().grab().toImage().pixelColor(1, rect.center().y()).name())

    assert edge() == accent
    vm(desk).mark_read(first)
    assert edge() != accent


async def test_kind_strategy_and_search_narrow_the_list(desk: Desk) -> None:
    panel = desk.panel
    panel.kind.setCurrentIndex(panel.kind.findData("signal"))
    panel.kind.activated.emit(panel.kind.currentIndex())
    assert titles(desk) == ["금호석유화학", "효성중공업"]
    panel.strategy.setCurrentIndex(panel.strategy.findData("CLOSING_BET"))
    panel.strategy.activated.emit(panel.strategy.currentIndex())
    assert titles(desk) == ["효성중공업"]
    assert panel.subtitle == "읽지 않음 5 · 1 / 5건"
    panel.clear_filter()
    assert len(titles(desk)) == 5
    for words, found in (("ㄱㅎㅅㅇ", ["금호석유화학"]), ("298040", ["효성중공업", "효성중공업"]), ("손절", ["두산로보틱스"])):
        panel.field.setText(words)
        assert titles(desk) == found, words
    panel.field.setText("없는 말")
    assert titles(desk) == []
    assert vm(desk).message == ("조건에 맞는 알림이 없습니다", "전체 5건 — 메뉴에서 거르기를 풀 수 있습니다")
    assert view(desk).accessibleDescription().startswith("조건에 맞는 알림이 없습니다")


async def test_the_past_holds_only_what_was_told_by_then(desk: Desk, shop: Shop) -> None:
    """Both the service's list and a list that still holds later notices show nothing later."""
    then = AsOf(kst_ns(YESTERDAY, 16, 0))
    desk.work.look_at(then)
    assert titles(desk) == ["효성중공업"]
    await shop.book.look_at(then.instant_ns)
    assert titles(desk) == ["효성중공업"] and vm(desk).unread == 1
    desk.work.look_at(AsOf(kst_ns(YESTERDAY, 9, 0)))
    await shop.book.look_at(kst_ns(YESTERDAY, 9, 0))
    assert isinstance(desk.panel.state, Empty) and desk.panel.state.reason_key == "alerts.empty.past"
    desk.work.look_at()
    await shop.book.look_at(None)
    assert len(titles(desk)) == 5


async def test_muting_from_the_menu_keeps_listing_but_shows_nothing(desk: Desk, shop: Shop) -> None:
    shown: list[NoticeRecord] = []
    shop.book.fresh.subscribe(shown.append, replay=False)
    menu = view(desk).menu_for(id_of(desk, "금호석유화학"))
    words = [action.text() for action in menu.actions()]
    assert words == ["차트 열기", "그때로", "읽음으로", "10분 끄기", "모두 읽음으로"]
    next(action for action in menu.actions() if action.text() == "10분 끄기").trigger()
    menu.deleteLater()
    await shop.book.post([fact("011780", shop.clock.ns, key="notice.watch.vcp")])
    assert shown == [] and len(titles(desk)) == 6
    shop.clock.ns += 10 * 60 * 1_000_000_000
    await shop.book.post([fact("011780", shop.clock.ns, key="notice.signal.vcp", grade="S")])
    assert len(shown) == 1


async def test_the_context_menu_opens_by_a_right_click_and_closes(desk: Desk, qtbot: Any) -> None:
    from PySide6.QtGui import QContextMenuEvent
    from PySide6.QtWidgets import QApplication, QMenu

    repaint(desk)
    first = vm(desk).rows[1].id
    place = view(desk).rect_of(first).center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, view(desk).viewport().mapToGlobal(place))
    QApplication.sendEvent(view(desk).viewport(), event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu) and vm(desk).chosen == first
    menu.actions()[0].trigger()
    menu.close()
    assert vm(desk).unread == 4, "opening the chart reads it"


async def test_a_symbol_chosen_elsewhere_leaves_the_row(desk: Desk) -> None:
    vm(desk).choose(vm(desk).rows[1].id)
    desk.work.select("011780", "chart")
    assert vm(desk).chosen == vm(desk).rows[1].id, "the row is about that symbol"
    desk.work.select("298040", "chart")
    assert vm(desk).chosen == ""


async def test_copy_and_the_screen_readers_line(desk: Desk) -> None:
    view(desk).setFocus()
    QTest.keyClick(view(desk), Qt.Key.Key_Down)
    QTest.keyClick(view(desk), Qt.Key.Key_C)
    assert QGuiApplication.clipboard().text() == "10:42:12 신호 금호석유화학: VCP A 신호, 72.4/100점 · 진입 10,000원"
    assert (
        view(desk).accessibleDescription() == "10:42:12, 신호, 금호석유화학, VCP A 신호, 72.4/100점 · 진입 10,000원, 읽지 않음"
    )


async def test_a_hidden_panel_listens_no_more_and_state_comes_back(desk: Desk, shop: Shop) -> None:
    desk.panel.hide()
    await shop.book.post([fact("454910", shop.clock.ns)])
    assert len(titles(desk)) == 5
    desk.panel.show()
    assert len(titles(desk)) == 6
    vm(desk).filter_kind("grade")
    saved = desk.panel.panel_state()
    vm(desk).filter_kind("all")
    desk.panel.restore_panel_state({**saved, "strategy": 7})
    assert vm(desk).kind == "grade" and desk.panel.kind.currentData() == "grade" and vm(desk).strategy == "all"


async def test_without_strategies_and_without_notices_it_says_so(open_desk: OpenDesk, shop: Shop) -> None:
    alone = open_desk(AlertsPanel, with_strategies=False)
    alone.work.look_at()
    assert isinstance(alone.panel.state, Empty) and alone.panel.state.reason_key == "alerts.empty.off"
    desk = open_desk(AlertsPanel)
    assert isinstance(desk.panel.state, Empty) and desk.panel.state.reason_key == "alerts.empty.waiting"
    desk.work.look_at()
    await shop.book.open(shop.store)
    assert isinstance(desk.panel.state, Empty) and desk.panel.state.reason_key == "alerts.empty.none"


def test_a_notice_of_a_newer_program_is_still_told() -> None:
    look = Appearance()
    unknown = fact(key="notice.of_tomorrow")
    assert notice_sentence(look, unknown) == "금호석유화학 · 신호 알림"
    broken = NoticeRecord(1, "x", 0, 0, "signal", "VCP", "011780", "notice.signal.vcp", {"name": "금호석유화학"})
    assert notice_sentence(look, broken) == "금호석유화학 · 신호 알림", "a missing field is no crash"
    nameless = fact(key="notice.life.filled", kind="life", price="", day="2026-03-05")
    assert notice_body(look, nameless) == "진입 체결 —원 (2026-03-05 신호)", "missing is shown as missing"
    several = NoticeRecord(
        0,
        "g",
        0,
        0,
        "grade",
        "DAY_TRADE",
        "",
        "notice.group.grade.day_trade",
        {"count": 3, "names": "가, 나, 다", "names_en": "A, B, C"},
    )
    assert (notice_name(look, several), notice_body(look, several)) == ("단타", "등급 변화 3건: 가, 나, 다 등")

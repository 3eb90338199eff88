"""Toasts over the real notice service: what they say, where they stand, how long, and who has the keyboard."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QCursor, QEnterEvent, QStandardItemModel
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QTableView

from engine.model.instants import AsOf, kst_ns
from ralphstock_desktop.ui.docks.alerts import AlertsPanel
from ralphstock_desktop.ui.toast import Toast
from ralphstock_desktop.ui.toast_place import free_place, rows_to_keep_clear
from ralphstock_desktop.ui.toasts import MOST, ToastDeck
from tests.services.strategies.kept.kept_market import day
from tests.ui.alerts.conftest import OpenDesk
from tests.ui.alerts.desk import DAYS, Desk, Shop, fact, gate_fact

NOW = kst_ns(day(DAYS - 1), 10, 42, 12)
AREA = QRect(0, 0, 1_000, 800)
SIZE = QSize(452, 98)


class Told:
    """A deck over a window with one field, and what was asked of it."""

    def __init__(self, desk: Desk, shown_ms: int = 60_000) -> None:
        self.desk = desk
        self.deck = ToastDeck(desk.look, desk.window, shown_ms=shown_ms, keep_clear=lambda _window: [])
        self.deck.reduced_motion = True
        self.charts: list[str] = []
        self.proofs: list[tuple[str, str]] = []
        self.lists = 0
        self.deck.chart_wanted.connect(self.charts.append)
        self.deck.evidence_wanted.connect(lambda ticker, strategy: self.proofs.append((ticker, strategy)))
        self.deck.list_wanted.connect(self._on_list)
        self.field = QLineEdit(desk.window)
        self.field.show()
        self.field.setFocus()
        desk.work.look_at()
        self.deck.follow(desk.work)

    def _on_list(self) -> None:
        self.lists += 1

    @property
    def toasts(self) -> list[Toast]:
        return self.deck.toasts


@pytest.fixture
async def told(open_desk: OpenDesk, shop: Shop) -> Told:
    await shop.book.open(shop.store)
    desk = open_desk(None)
    desk.window.activateWindow()
    return Told(desk)


def settle() -> None:
    for _ in range(3):
        QApplication.processEvents()


async def test_a_fresh_notice_is_told_with_title_sentence_and_actions(told: Told, shop: Shop) -> None:
    await shop.book.post([fact()])
    (toast,) = told.toasts
    assert toast.isVisible() and toast.size() == SIZE
    assert toast.title == "신호 · 금호석유화학 011780"
    assert toast.sentence == "VCP A 신호, 72.4/100점 · 진입 10,000원"
    assert [button.text() for button in (toast.first, toast.evidence, toast.mute)] == ["차트 열기  Enter", "근거", "10분 끄기"]
    assert toast.grouped_text == ""
    assert (
        toast.accessibleName()
        == "알림. 신호 · 금호석유화학 011780. VCP A 신호, 72.4/100점 · 진입 10,000원. Alt+N 키로 옮겨 갈 수 있음"
    )


async def test_chart_and_evidence_read_the_notice_and_close(told: Told, shop: Shop) -> None:
    await shop.book.post([fact()])
    QTest.mouseClick(told.toasts[0].first, Qt.MouseButton.LeftButton)
    assert (told.charts, told.toasts) == (["011780"], [])
    assert shop.book.unread.last == 0
    await shop.book.post([fact("298040", kind="grade", strategy="DAY_TRADE")])
    QTest.mouseClick(told.toasts[0].evidence, Qt.MouseButton.LeftButton)
    assert told.proofs == [("298040", "DAY_TRADE")] and shop.book.unread.last == 0
    await shop.book.post([gate_fact("GREEN", "RED", NOW)])
    assert told.toasts[0].first.text() == "목록 열기  Enter", "the gate has no chart"
    QTest.mouseClick(told.toasts[0].evidence, Qt.MouseButton.LeftButton)
    assert told.proofs[-1] == ("", "gate")


async def test_mute_is_for_this_symbol_and_kind(told: Told, shop: Shop) -> None:
    await shop.book.post([fact()])
    QTest.mouseClick(told.toasts[0].mute, Qt.MouseButton.LeftButton)
    assert told.toasts == [] and shop.book.unread.last == 1
    await shop.book.post([fact(key="notice.watch.vcp")])
    assert told.toasts == []
    await shop.book.post([fact("298040")])
    assert len(told.toasts) == 1


async def test_facts_of_one_kind_are_told_by_one_toast(told: Told, shop: Shop) -> None:
    await shop.book.post([fact()])
    await shop.book.post([fact("298040")])
    (toast,) = told.toasts
    assert toast.title == "신호 · 효성중공업 298040" and toast.grouped_text == "같은 조건 2건 묶음"
    await shop.book.post([fact(name, key="notice.watch.vcp") for name in ("011780", "298040", "454910")])
    assert toast.grouped_text == "같은 조건 5건 묶음", "the service's group of three counts as three"
    assert toast.title == "신호 · VCP" and toast.sentence == "새 신호 3건: 금호석유화학, 효성중공업, 두산로보틱스 등"
    QTest.mouseClick(toast.first, Qt.MouseButton.LeftButton)
    assert told.lists == 1


async def test_what_somebody_looks_at_keeps_its_words(told: Told, shop: Shop) -> None:
    await shop.book.post([fact()])
    told.deck.focus_newest()
    settle()
    await shop.book.post([fact("298040")])
    toast = told.toasts[0]
    assert toast.title == "신호 · 금호석유화학 011780" and toast.grouped_text == "같은 조건 2건 묶음"


async def test_at_most_three_the_oldest_unwatched_goes(told: Told, shop: Shop) -> None:
    first = fact(kind="signal")
    await shop.book.post([first])
    await shop.book.post([fact(kind="grade")])
    await shop.book.post([gate_fact("GREEN", "YELLOW", NOW)])
    assert len(told.toasts) == MOST
    boxes = [QRect(toast.place, toast.size()) for toast in told.toasts]
    assert not any(a.intersects(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])
    stays = [toast.place for toast in told.toasts[1:]]
    await shop.book.post([fact(kind="life", key="notice.life.expired", day="2026-03-05")])
    assert [toast.record.kind for toast in told.toasts] == ["grade", "gate", "life"]
    assert [toast.place for toast in told.toasts[:2]] == stays, "what stands does not move"


async def test_it_goes_by_itself_but_not_under_the_pointer(open_desk: OpenDesk, shop: Shop, qtbot: Any) -> None:
    await shop.book.open(shop.store)
    desk = open_desk(None)
    desk.window.activateWindow()
    told = Told(desk, shown_ms=250)
    await shop.book.post([fact()])
    toast = told.toasts[0]
    settle()
    QApplication.sendEvent(toast, QEnterEvent(QPoint(5, 5).toPointF(), QPoint(5, 5).toPointF(), QPoint(5, 5).toPointF()))
    qtbot.wait(400)
    assert told.toasts == [toast], "the pointer is in it"
    QApplication.sendEvent(toast, QEvent(QEvent.Type.Leave))
    qtbot.waitUntil(lambda: told.toasts == [], timeout=10_000)


async def test_the_keyboard_stays_where_it_is_until_it_is_asked_for(told: Told, shop: Shop) -> None:
    settle()
    assert told.field.hasFocus()
    await shop.book.post([fact()])
    settle()
    toast = told.toasts[0]
    assert toast.testAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
    assert told.field.hasFocus() and told.desk.window.isActiveWindow()
    QTest.keyClick(told.field, Qt.Key.Key_N, Qt.KeyboardModifier.AltModifier)
    settle()
    assert toast.first.hasFocus()
    QTest.keyClick(toast.first, Qt.Key.Key_Tab)
    assert toast.evidence.hasFocus()
    QTest.keyClick(toast.evidence, Qt.Key.Key_Return)
    assert told.proofs == [("011780", "VCP")]
    await shop.book.post([fact("298040", kind="grade")])
    settle()
    told.field.setFocus()
    told.deck.focus_newest()
    settle()
    QTest.keyClick(told.toasts[0].first, Qt.Key.Key_Escape)
    settle()
    assert told.toasts == [] and told.field.hasFocus()
    assert told.charts == []


async def test_enter_opens_the_chart_of_the_focused_toast(told: Told, shop: Shop) -> None:
    await shop.book.post([fact()])
    told.deck.focus_newest()
    settle()
    QTest.keyClick(told.toasts[0].first, Qt.Key.Key_Return)
    assert told.charts == ["011780"]


async def test_nothing_is_told_while_the_past_is_looked_at(told: Told, shop: Shop) -> None:
    await shop.book.post([fact()])
    told.desk.work.look_at(AsOf(kst_ns(day(2), 16)))
    assert told.toasts == [], "what stood there goes when the clock is set back"
    told.deck.show_notice(fact("298040"))
    assert told.toasts == []
    told.desk.work.look_at()
    told.deck.show_notice(fact("298040"))
    assert len(told.toasts) == 1


async def test_it_goes_with_the_window_and_its_close_button(told: Told, shop: Shop) -> None:
    await shop.book.post([fact()])
    QTest.mouseClick(told.toasts[0].close_button, Qt.MouseButton.LeftButton)
    assert told.toasts == [] and shop.book.unread.last == 1, "closing is not reading"
    await shop.book.post([fact(kind="grade")])
    told.desk.window.hide()
    assert told.toasts == []
    told.deck.show_notice(fact("454910"))
    assert told.toasts == [], "a window nobody sees shows none"


async def test_without_strategies_nothing_happens(open_desk: OpenDesk) -> None:
    desk = open_desk(None, with_strategies=False)
    deck = ToastDeck(desk.look, desk.window)
    deck.follow(desk.work)
    deck.focus_newest()
    assert deck.toasts == []


async def test_it_rises_into_its_place(open_desk: OpenDesk, shop: Shop, qtbot: Any) -> None:
    told = Told(open_desk(None))
    told.deck.reduced_motion = False
    told.deck.show_notice(fact())
    toast = told.toasts[0]
    assert toast.pos() == toast.place + QPoint(0, 12)
    qtbot.waitUntil(lambda: toast.pos() == toast.place, timeout=10_000)


async def test_language_and_zoom_are_taken_while_it_stands(told: Told, shop: Shop) -> None:
    await shop.book.post([fact()])
    told.desk.look.choose(language="en", zoom_pct=150)
    toast = told.toasts[0]
    assert toast.title == "Signal · Kumho Petrochemical 011780" and toast.first.text() == "Open chart  Enter"
    assert toast.size() == QSize(678, 147)
    assert toast.first.geometry().right() < toast.evidence.geometry().left() < toast.mute.geometry().left()


# -- where it stands ------------------------------------------------------------------------------------------------------


def place(taken: list[QRect], clear: list[QRect]) -> QPoint:
    return free_place(SIZE, AREA, taken, clear, edge=12, gap=8)


def test_bottom_right_and_then_upwards() -> None:
    """1,000 − 12 − 452 = 536; 800 − 12 − 98 = 690; the next one 98 + 8 higher, rounded up to the step of 8: 690 − 112."""
    first = place([], [])
    assert first == QPoint(536, 690)
    second = place([QRect(first, SIZE)], [])
    assert second.x() == 536 and second.y() + 98 + 8 <= 690 and second.y() >= 690 - 112


def test_it_keeps_off_rows_where_it_can() -> None:
    row = QRect(600, 700, 380, 27)
    found = place([], [row])
    assert not QRect(found, SIZE).intersects(row) and found.x() == 536 and found.y() + 98 <= 700
    column = QRect(900, 0, 100, 800)
    assert place([], [column]).x() == 536 - 460, "the next column is free"
    assert place([], [QRect(0, 0, 1_000, 800)]) == QPoint(536, 690), "nothing is free: the usual place"


async def test_selected_rows_and_the_row_under_the_pointer_are_known(open_desk: OpenDesk, shop: Shop) -> None:
    await shop.book.open(shop.store)
    await shop.book.post([fact(), fact(kind="grade")])
    desk = open_desk(AlertsPanel)
    desk.work.look_at()
    desk.window.move(40, 40)
    QCursor.setPos(5, 5)
    assert rows_to_keep_clear(desk.window) == []
    view = desk.panel.view
    rows = desk.panel.view_model.rows
    desk.panel.view_model.choose(rows[1].id)
    wanted = view.rect_of(rows[1].id)
    chosen = QRect(view.viewport().mapToGlobal(wanted.topLeft()), wanted.size())
    assert rows_to_keep_clear(desk.window) == [chosen]
    spot = view.viewport().mapToGlobal(view.rect_of(rows[2].id).center())
    QCursor.setPos(spot)
    (_, pointer) = rows_to_keep_clear(desk.window)
    assert pointer.contains(spot) and pointer.height() == 30 and pointer.width() == view.viewport().width()


async def test_rows_of_tables_are_known_too(open_desk: OpenDesk) -> None:
    desk = open_desk(None)
    table = QTableView(desk.window)
    model = QStandardItemModel(6, 2)
    table.setModel(model)
    table.setGeometry(0, 0, 400, 200)
    table.show()
    QApplication.processEvents()
    table.setCurrentIndex(model.index(1, 0))
    QCursor.setPos(table.viewport().mapToGlobal(table.visualRect(model.index(3, 0)).center()))
    selected, pointer = rows_to_keep_clear(desk.window)
    rows = [table.rowViewportPosition(1), table.rowViewportPosition(3)]
    assert [table.viewport().mapFromGlobal(rect.topLeft()).y() for rect in (selected, pointer)] == rows
    assert {selected.width(), pointer.width()} == {table.viewport().width()}
    QCursor.setPos(5, 5)

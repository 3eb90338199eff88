"""The signal history and paper journal over the real journal service on SQLite, driven as a user would."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from engine.model.errors import StorageError
from engine.model.instants import AsOf, kst_ns
from engine.model.performance import ExitReason
from ralphstock_desktop.services.contracts import Empty, Ready
from ralphstock_desktop.services.journal import JournalService
from ralphstock_desktop.strategy_ports import SignalRecord, TradeRecord
from ralphstock_desktop.ui.docks.journal import JournalPanel
from ralphstock_desktop.ui.docks.journal_dialogs import JournalDialog
from ralphstock_desktop.ui.viewmodels.journal_rows import JournalRows, price_step, summarise
from tests.services.strategies.kept.kept_market import day, run_of, stored
from tests.ui.alerts.conftest import OpenDesk
from tests.ui.alerts.desk import DAYS, Desk, Shop, small_panel


class JournalDesk:
    """The panel with its service, and tasks that are waited for."""

    def __init__(self, open_desk: OpenDesk, shop: Shop, size: tuple[int, int] = (1_400, 320), **options: Any) -> None:
        self.shop = shop
        self.tasks: list[asyncio.Task[None]] = []
        self.desk: Desk = open_desk(JournalPanel, size, spawn=self._spawn, **options)
        self.panel: JournalPanel = self.desk.panel
        self.vm, self.view, self.model = self.panel.view_model, self.panel.view, self.panel.model

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self.tasks.append(asyncio.ensure_future(work))

    async def settle(self) -> None:
        """Wait for what was started, then for what that started."""
        while self.tasks:
            tasks, self.tasks = self.tasks, []
            await asyncio.gather(*tasks)
        QApplication.processEvents()

    @property
    def rows(self) -> JournalRows:
        found = self.vm.rows
        assert found is not None
        return found

    def listed(self, *columns: str) -> list[tuple[str, ...]]:
        """Texts of some columns of every displayed row."""
        sections = [self.model.column_at(name) for name in columns]
        return [tuple(self.model.cell_text(row, section or 0) for section in sections) for row in self.model.order.tolist()]

    def choose(self, ticker: str, strategy: str = "VCP", grade: str = "A") -> None:
        """Make a signal's row current as a click does."""
        row = next(
            number
            for number, source in enumerate(self.model.order.tolist())
            if self.rows.tickers[source] == ticker
            and self.rows.records[source].signal.strategy == strategy
            and self.rows.records[source].signal.values["grade"] == grade
        )
        rect = self.view.visualRect(self.model.index(row, self.model.column_at("date") or 0))
        self.desk.click(self.view.viewport(), rect.center())

    def record(self) -> SignalRecord:
        found = self.panel.current_record()
        assert found is not None
        return found

    def open(self, action: str) -> JournalDialog:
        """Press a button under the table."""
        QTest.mouseClick(self.panel.buttons[action], Qt.MouseButton.LeftButton)
        dialog = self.panel.dialog
        assert dialog is not None and dialog.isVisible()
        QApplication.processEvents()
        return dialog


async def filled(shop: Shop) -> None:
    """Signals of three days: one waits, one is held, one hit its target, one its stop, one was never filled, one is watched."""
    store = shop.store
    store.store_scan(run_of(), [stored("011780"), stored("298040"), stored("454910")])
    store.store_scan(run_of("CLOSING_BET", 1), [stored("298040", 1, strategy="CLOSING_BET", score=9.0, score_pct=75.0)])
    store.store_scan(run_of(index=2), [stored("005385", 2), stored("011780", 2, phase="WATCH", grade="B", qty=0)])
    ids = {(r.signal.ticker, r.signal.strategy, r.signal.signal_date): r.signal.id or 0 for r in store.signals()}

    def trade(key: int, exit_krw: int, reason: ExitReason, net: float) -> TradeRecord:
        return TradeRecord(
            key, kst_ns(day(1), 9), 10_000, 10, kst_ns(day(3), 10), exit_krw, reason.name, net + 0.43, net, 2, 0.2, "0.015+0.1"
        )

    won, lost = ids[("298040", "VCP", day(0))], ids[("454910", "VCP", day(0))]
    store.set_life(won, "CLOSED", "DONE", trade(won, 11_000, ExitReason.TARGET, 9.57), "TARGET")
    store.set_life(lost, "CLOSED", "DONE", trade(lost, 9_500, ExitReason.STOP, -5.41), "STOP")
    held = ids[("298040", "CLOSING_BET", day(1))]
    store.set_life(held, "OPEN", "ACTIVE", TradeRecord(held, kst_ns(day(1), 15, 30), 10_000, 10), "")
    gone = ids[("005385", "VCP", day(2))]
    store.set_life(gone, "CLOSED", "DONE", None, "EXPIRED", ended_ns=kst_ns(day(4), 15, 40))


@pytest.fixture
async def desk(open_desk: OpenDesk, shop: Shop) -> JournalDesk:
    await filled(shop)
    made = JournalDesk(open_desk, shop)
    made.desk.work.look_at()
    await shop.journal.show(shop.store, made.desk.work.panel)
    QApplication.processEvents()
    return made


async def test_every_signal_with_what_became_of_it(desk: JournalDesk) -> None:
    assert desk.listed("date", "name", "strategy", "grade", "phase", "fill", "exit", "reason", "net", "bars") == [
        ("2026-03-04", "현대차우", "VCP", "A", "■ 종료", "—", "—", "진입 없음", "—", "—"),
        ("2026-03-04", "금호석유화학", "VCP", "B", "○ 관찰", "—", "—", "—", "—", "—"),
        ("2026-03-03", "효성중공업", "종가베팅", "A", "● 보유", "10,000", "—", "—", "—", "—"),
        ("2026-03-02", "금호석유화학", "VCP", "A", "◐ 진입 대기", "—", "—", "—", "—", "—"),
        ("2026-03-02", "효성중공업", "VCP", "A", "■ 종료", "10,000", "11,000", "목표가", "+9.57%", "2"),
        ("2026-03-02", "두산로보틱스", "VCP", "A", "■ 종료", "10,000", "9,500", "손절가", "−5.41%", "2"),
    ]  # fmt: skip
    assert desk.listed("score")[2] == ("9/12",) and desk.listed("score")[3] == ("70.0",)
    assert desk.panel.subtitle == "신호 6" and isinstance(desk.panel.state, Ready)
    tones = {desk.model.cell_look(row, desk.model.column_at("net") or 0)[1] for row in desk.model.order.tolist()}
    assert tones == {"gain", "loss", "text-muted"}


async def test_the_summary_counts_and_says_what_is_too_few(desk: JournalDesk) -> None:
    """Two ended trades: (9.57 − 5.41) / 2 = 2.08 %, one of two won. The expired one was never a trade."""
    assert desk.panel.summary.text() == "신호 6 · 체결 3 · 종료 2 · 평균 순수익 +2.08% · 승률 50% · 표본 부족 (30건 미만)"
    index = desk.panel.status.findData("open")
    desk.panel.status.setCurrentIndex(index)
    desk.panel.status.activated.emit(index)
    assert desk.panel.summary.text() == "신호 3 · 체결 1 · 종료 0 · 평균 순수익 — · 승률 — · 표본 부족 (30건 미만)"


def test_less_than_two_trades_show_no_percentage_and_zero_is_no_win() -> None:
    signal = replace(stored("011780"), id=1)

    def ended(net: float | None) -> SignalRecord:
        return SignalRecord(signal, 0, 0, TradeRecord(1, 1, 10_000, 1, 2, 10_000, "TIME", net, net))

    one = summarise([ended(5.0), SignalRecord(signal, 0, 0)], 30)
    assert (one.signals, one.closed, one.mean_net_pct, one.win_rate_pct) == (2, 1, None, None)
    two = summarise([ended(5.0), ended(0.0), ended(None), replace(ended(9.0), signal=replace(signal, superseded=True))], 2)
    assert (two.signals, two.closed, two.mean_net_pct, two.win_rate_pct, two.few) == (3, 3, 2.5, 50.0, False)


async def test_modes_and_filters(desk: JournalDesk) -> None:
    desk.desk.work.select("298040", "chart")
    QTest.mouseClick(desk.panel.mode.chips[1], Qt.MouseButton.LeftButton)
    assert desk.listed("strategy", "phase") == [("종가베팅", "● 보유"), ("VCP", "■ 종료")]
    assert "name" not in desk.view.shown_columns(), "one symbol needs no name in every row"
    desk.desk.work.select("005385", "chart")
    assert len(desk.listed("date")) == 1
    desk.desk.work.select("999990", "chart")
    assert desk.vm.message == ("이 종목의 신호가 없습니다", "전체 6건")
    QTest.mouseClick(desk.panel.mode.chips[0], Qt.MouseButton.LeftButton)
    for box, value, count in (
        (desk.panel.strategy, "CLOSING_BET", 1),
        (desk.panel.status, "closed", 0),
        (desk.panel.strategy, "VCP", 3),
    ):
        index = box.findData(value)
        box.setCurrentIndex(index)
        box.activated.emit(index)
        assert len(desk.listed("date")) == count
    saved = desk.panel.panel_state()
    assert (saved["mode"], saved["strategy"], saved["status"]) == ("all", "VCP", "closed")
    desk.panel.restore_panel_state({**saved, "mode": "symbol", "status": 3, "sort": [["net", True], "x"]})
    assert (desk.vm.mode, desk.vm.status) == ("symbol", "closed") and desk.model.sort_keys[0].column == "net"


async def test_taking_suggests_the_plan_and_stores_what_was_typed(desk: JournalDesk) -> None:
    desk.choose("011780")
    dialog = desk.open("take")
    assert dialog.price is not None and dialog.qty is not None and dialog.note is not None
    assert [line.text() for line in dialog.about] == [
        "금호석유화학 011780 · VCP A · 신호 2026-03-02", "계획: 진입 10,000 · 손절 9,500 · 목표 11,000",
    ]  # fmt: skip
    assert (dialog.price.text(), dialog.qty.text()) == ("10,000", "10")
    assert dialog.amount.text() == "금액 100,000원 · 제안 10주"
    dialog.price.setFocus()
    dialog.price.selectAll()
    QTest.keyClicks(dialog.price, "10,013")
    QTest.keyClick(dialog.price, Qt.Key.Key_Tab)
    assert dialog.price.text() == "10,010", "the tick between 5,000 and 20,000 won is 10"
    QTest.keyClick(dialog.price, Qt.Key.Key_Up)
    assert dialog.price.text() == "10,020"
    dialog.qty.selectAll()
    QTest.keyClicks(dialog.qty, "7")
    dialog.note.setText("시초가 매수")  # QTest types ASCII only
    QTest.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    assert not dialog.ok.isEnabled(), "not twice"
    await desk.settle()
    assert desk.panel.dialog is None
    record = desk.record()
    assert record.signal.ticker == "011780" and record.taken and record.note == "시초가 매수"
    assert record.trade is not None and (record.trade.entry_krw, record.trade.qty) == (10_020, 7)
    row = desk.listed("date", "phase", "fill", "taken", "note")[3]
    assert row == ("2026-03-02", "● 보유", "10,020", "✓ 7주", "시초가 매수")
    assert desk.panel.buttons["close"].isEnabled() and not desk.panel.buttons["take"].isEnabled()


async def test_what_the_journal_refuses_is_said_in_the_dialog(desk: JournalDesk, shop: Shop) -> None:
    desk.choose("011780")
    dialog = desk.open("take")
    assert dialog.note is not None and dialog.qty is not None
    dialog.note.setMaxLength(600)
    dialog.note.setText("가" * 501)
    dialog.qty.set_value(3)
    QTest.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    await desk.settle()
    assert dialog.isVisible() and dialog.problem.text() == "메모 길이는 500자까지입니다"
    assert dialog.ok.isEnabled() and dialog.qty.value == 3, "what was typed is still there"
    desk.desk.look.choose(language="en")
    assert dialog.problem.text() == "A note has at most 500 characters"
    dialog.note.setText("짧게")
    await shop.journal.take(desk.record().signal.id or 0, 10_000, 1, "")
    QTest.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    await desk.settle()
    assert dialog.problem.text() == "This signal was taken already (011780)"
    dialog.reject()
    QApplication.processEvents()


async def test_selling_noting_and_taking_back(desk: JournalDesk, shop: Shop) -> None:
    """Bought 10 at 10,000, sold at 10,500: as in the journal's own test 4.549 % after costs."""
    desk.choose("011780")
    dialog = desk.open("take")
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    await desk.settle()
    assert desk.record().taken
    dialog = desk.open("close")
    assert dialog.price is not None and dialog.qty is None
    assert dialog.price.text() == "10,000", "the newest close"
    assert dialog.about[2].text() == "보유 10주 · 매수 10,000"
    dialog.price.set_value(10_500)
    dialog.begin()
    await desk.settle()
    assert desk.listed("phase", "exit", "reason", "net")[3] == ("■ 종료", "10,500", "직접 청산", "+4.55%")
    dialog = desk.open("note")
    assert dialog.note is not None and dialog.price is None
    dialog.note.setText("잘 나옴")
    dialog.begin()
    await desk.settle()
    assert desk.record().note == "잘 나옴"
    dialog = desk.open("take_back")
    dialog.begin()
    await desk.settle()
    record = desk.record()
    assert not record.taken and record.note == "잘 나옴"
    assert desk.listed("taken")[3] == ("안 적음",)


async def test_the_chosen_signal_stays_chosen_when_the_list_comes_anew(desk: JournalDesk, shop: Shop) -> None:
    """Two signals of one stock: the list that comes back marks the same signal, not the first of the stock."""
    assert [record.signal.ticker for record in desk.rows.records].count("011780") == 2
    desk.choose("011780")
    older = desk.record().signal.id
    await shop.journal.annotate(older or 0, "같은 줄")
    assert desk.record().signal.id == older and desk.record().note == "같은 줄"
    assert desk.view.currentIndex().row() == 3
    desk.choose("011780", grade="B")
    await shop.journal.annotate(older or 0, "다른 줄")
    assert desk.view.currentIndex().row() == 1


async def test_buttons_follow_the_row_and_the_past_writes_nothing(desk: JournalDesk, shop: Shop) -> None:
    desk.choose("298040")
    allowed = {name: button.isEnabled() for name, button in desk.panel.buttons.items()}
    assert allowed == {"take": False, "close": False, "note": True, "take_back": False}, "it has ended"
    desk.choose("298040", "CLOSING_BET")
    assert desk.panel.buttons["take"].isEnabled(), "held by the rules, not by the user"
    then = AsOf(kst_ns(day(3), 12))
    desk.desk.work.look_at(then)
    await shop.journal.show(shop.store, desk.desk.work.panel, then.instant_ns)
    desk.choose("011780")
    assert not any(button.isEnabled() for button in desk.panel.buttons.values())
    assert desk.panel.buttons["take"].toolTip().startswith("지난 시점을 보는 동안에는")
    assert desk.panel.open_dialog("take") is None
    desk.desk.work.look_at(AsOf(kst_ns(day(0), 9)))
    await shop.journal.show(shop.store, desk.desk.work.panel, kst_ns(day(0), 9))
    assert isinstance(desk.panel.state, Empty) and desk.panel.state.reason_key == "journal_panel.empty.past"


async def test_choosing_moves_the_linked_panels_and_enter_opens_the_chart(desk: JournalDesk) -> None:
    charts: list[str] = []
    desk.panel.chart_requested.connect(charts.append)
    desk.choose("454910")
    last = desk.desk.work.selection.last
    assert last is not None and (last.ticker, last.origin) == ("454910", "journal")
    QTest.keyClick(desk.view, Qt.Key.Key_Return)
    assert charts == ["454910"]
    desk.desk.work.select("005385", "chart")
    assert desk.record().signal.ticker == "005385"


async def test_the_menu_offers_what_is_allowed(desk: JournalDesk) -> None:
    desk.choose("011780")
    menu = desk.panel.menu()
    enabled = [action.text() for action in menu.actions() if action.text() and action.isEnabled()]
    assert enabled == ["차트 열기", "매수 적기", "메모"]
    next(action for action in menu.actions() if action.text() == "메모").trigger()
    menu.deleteLater()
    assert desk.panel.dialog is not None
    desk.panel.dialog.reject()
    QApplication.processEvents()
    place = desk.view.visualRect(desk.view.currentIndex()).center()
    desk.view.customContextMenuRequested.emit(place)
    popup = QApplication.activePopupWidget()
    assert isinstance(popup, QMenu)
    popup.close()


async def test_export_has_every_column_and_no_formula(desk: JournalDesk, shop: Shop) -> None:
    desk.choose("011780")
    await shop.journal.annotate(desk.record().signal.id or 0, '=HYPERLINK("x"), 둘')
    wanted: list[Any] = []
    desk.panel.export_requested.connect(wanted.append)
    desk.panel.request_export()
    (request,) = wanted
    lines = request.text.strip().split("\r\n")
    assert request.file_name == "journal.csv" and request.encoding == "utf-8-sig"
    assert lines[0].split(",")[:6] == ["신호일", "종목", "전략", "등급", "점수", "단계"] and lines[0].endswith("코드")
    assert len(lines) == 7
    assert lines[5] == "2026-03-02,효성중공업,VCP,A,70,■ 종료,10000,9500,11000,10000,11000,목표가,10,9.57,2,0,,298040"
    noted = next(line for line in lines if "HYPERLINK" in line)
    assert '"\'=HYPERLINK(""x""), 둘"' in noted


async def test_narrow_panels_drop_whole_columns(desk: JournalDesk) -> None:
    for width, gone in ((1_200, "gross"), (1_000, "stop"), (800, "note"), (560, "exit"), (410, "grade"), (330, "date")):
        desk.panel.resize(width, 320)
        shown = desk.view.shown_columns()
        assert gone not in shown and {"name", "phase", "net"} <= set(shown), width
        widths = [desk.model.columns[desk.model.column_at(name) or 0].width for name in shown]
        assert sum(widths) <= width, "and what is left fits"
    beside = desk.panel.buttons["take"].geometry().top()
    assert beside > desk.view.geometry().bottom(), "in a line of their own under the table"
    desk.panel.resize(1_400, 320)
    assert "gross" in desk.view.shown_columns()
    assert desk.panel.buttons["take"].geometry().bottom() < desk.view.geometry().top()


class WithSuperseded(JournalService):
    """The journal with the list the panel asks for on request."""

    broken = False

    async def load_superseded(self) -> tuple[SignalRecord, ...]:
        if self.broken:
            raise StorageError("The disk is gone.", key="error.storage.io", place="market.db")
        store, moment = self._store, self._known_at_ns
        assert store is not None
        found = await self._workers.read(lambda: store.signals(with_superseded=True, known_at_ns=moment))
        return tuple(record for record in found if record.signal.superseded)


async def test_superseded_signals_are_struck_on_request(open_desk: OpenDesk, shop: Shop) -> None:
    """The second run of the day no longer finds two of three."""
    shop.journal = WithSuperseded(shop.workers, shop.clock)
    shop.store.store_scan(run_of(), [stored("011780"), stored("298040"), stored("454910")])
    shop.store.store_scan(run_of(as_of=AsOf(AsOf.end_of(day(0)).instant_ns + 1)), [stored("011780")])
    desk = JournalDesk(open_desk, shop)
    desk.desk.work.look_at()
    await shop.journal.show(shop.store, desk.desk.work.panel)
    assert desk.listed("name") == [("금호석유화학",)]
    action = desk.panel._superseded_action
    assert action.isVisible()
    action.trigger()
    await desk.settle()
    assert sorted(desk.listed("name", "phase")) == [
        ("금호석유화학", "◐ 진입 대기"), ("두산로보틱스", "◐ 대체됨"), ("효성중공업", "◐ 대체됨"),
    ]  # fmt: skip
    name = desk.model.column_at("name") or 0
    struck = {desk.rows.tickers[row]: desk.model.cell_look(row, name)[3].struck for row in desk.model.order.tolist()}
    assert struck == {"011780": False, "298040": True, "454910": True}
    assert desk.panel.summary.text().startswith("신호 1 · "), "superseded ones do not count"
    action.trigger()
    assert desk.listed("name") == [("금호석유화학",)]
    shop.journal.broken = True
    action.trigger()
    await desk.settle()
    assert "market.db" in desk.panel.problem.text(), "what could not be read is said"


async def test_the_journal_offers_to_list_superseded_ones(desk: JournalDesk) -> None:
    assert desk.vm.can_list_superseded and desk.panel._superseded_action.isVisible()


async def test_a_dialog_cannot_be_thrown_away_while_it_stores(desk: JournalDesk) -> None:
    desk.choose("011780")
    dialog = desk.open("take")
    dialog.begin()
    dialog.begin()
    dialog.reject()
    dialog.close()
    assert dialog.isVisible() and len(desk.tasks) == 1
    await desk.settle()
    assert desk.record().taken


async def test_without_a_journal_and_before_the_first_signals(open_desk: OpenDesk, shop: Shop) -> None:
    alone = JournalDesk(open_desk, shop, with_strategies=False)
    alone.desk.work.look_at()
    assert isinstance(alone.panel.state, Empty) and alone.panel.state.reason_key == "journal_panel.empty.off"
    desk = JournalDesk(open_desk, shop)
    assert isinstance(desk.panel.state, Empty) and desk.panel.state.reason_key == "journal_panel.empty.waiting"
    desk.desk.work.look_at()
    await shop.journal.show(shop.store, desk.desk.work.panel)
    assert isinstance(desk.panel.state, Empty) and desk.panel.state.reason_key == "journal_panel.empty.none"


def test_prices_step_by_ticks_across_the_bands() -> None:
    """KOSPI 2026: tick 5 below 5,000 won, 10 from there, 50 from 20,000."""
    step, snap = price_step(small_panel(), "011780", day(DAYS - 1))
    assert (step(10_000, 1), step(10_000, -1), step(10_000, 3)) == (10_010, 9_990, 10_030)
    assert (step(19_990, 1), step(20_000, 1), step(20_000, -1)) == (20_000, 20_050, 19_990)
    assert (step(4_995, 1), step(5_000, -1)) == (5_000, 4_995)
    assert (snap(10_004), snap(10_005), snap(1), step(1, -1)) == (10_000, 10_010, 1, 1)
    free, kept = price_step(None, "011780", None)
    assert (free(10_003, 1), kept(10_003)) == (10_004, 10_003), "an unknown market moves by won"


async def test_english(desk: JournalDesk) -> None:
    desk.desk.look.choose(language="en")
    assert desk.listed("name", "phase", "reason")[4] == ("Hyosung Heavy Industries", "■ Ended", "Target")
    assert desk.panel.summary.text() == "Signals 6 · filled 3 · ended 2 · mean net +2.08% · wins 50% · too few (under 30)"

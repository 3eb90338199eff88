"""From a number to its place: every kind of target over the panels' own doubles, and what happens where there is no place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine.model.scan import Grade
from ralphstock_desktop.services.assistant_contracts import Target
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.charts.landing import LIT_ITEM
from ralphstock_desktop.ui.chat.link import ChatLink, Landing
from ralphstock_desktop.ui.chat.navigation import Navigator
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.chart_dock import ChartPanel
from ralphstock_desktop.ui.docks.closing_card import ClosingCard
from ralphstock_desktop.ui.docks.closing_table import ClosingTable
from ralphstock_desktop.ui.docks.evidence import EvidencePanel
from ralphstock_desktop.ui.docks.flow_dock import FlowPanel
from ralphstock_desktop.ui.docks.news_panel import NewsPanel
from ralphstock_desktop.ui.docks.performance import PerformancePanel
from ralphstock_desktop.ui.docks.signal_table import SignalTable
from ralphstock_desktop.ui.panel import PanelFrame
from tests.perf.market import synthetic_panel
from tests.services.backtests.memory import LAST
from tests.ui.charts.test_chart_viewmodel import no_task
from tests.ui.charts.workstation import ChartWorkstation
from tests.ui.closing.desk import ClosingDesk
from tests.ui.gate.desk import GateDesk
from tests.ui.performance.desk import Desk as PerfDesk
from tests.ui.performance.desk import signal_record
from tests.ui.tables.local_market import LocalWorkstation, context_for, local_panel, scan_picture


class Host(QObject):
    """Opens the panels it has; one may come into sight only later, as a tab does."""

    opened = Signal(str)

    def __init__(self, **panels: QWidget) -> None:
        super().__init__()
        self.docks: dict[str, QWidget] = panels
        self.names: list[str] = []

    def open_panel(self, name: str) -> QWidget:
        self.names.append(name)
        return self.docks[name]


class Trip:
    """A navigator over some panels, and how its journeys ended."""

    def __init__(self, **panels: QWidget) -> None:
        self.host, self.link = Host(**panels), ChatLink()
        self.selected: list[tuple[str, str]] = []
        self.helped: list[str] = []
        self.help_exists = True
        self.ends: list[Landing] = []
        self.navigator = Navigator(
            self.host, Appearance(), self.link, lambda ticker, origin: self.selected.append((ticker, origin)), self.help
        )
        self._subscription = self.link.landed.subscribe(self.end)

    def help(self, anchor: str) -> bool:
        self.helped.append(anchor)
        return self.help_exists

    def end(self, landing: Landing) -> None:
        self.ends.append(landing)

    def go(self, **target: Any) -> Landing | None:
        self.link.go.publish(Target(**target))
        return self.ends[-1] if self.ends else None


def painted(widget: QWidget, color: QColor) -> int:
    """How many pixels of a widget have a colour."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), dtype=np.uint32).reshape(image.height(), -1)[:, : image.width()]
    return int(np.count_nonzero(pixels & 0xFFFFFF == color.rgb() & 0xFFFFFF))


@pytest.fixture
def local(qtbot: QtBot) -> Iterator[Callable[..., Any]]:
    """Panels over a real scan of the planted market."""
    windows: list[QWidget] = []

    def make(kind: Callable[[DockContext], PanelFrame], *, shown: bool = True) -> tuple[Any, LocalWorkstation]:
        work = LocalWorkstation()
        panel = kind(context_for(work, Appearance()))
        window = QWidget()
        window.resize(1_500, 700)
        panel.setParent(window)
        panel.setGeometry(0, 0, 1_500, 700)
        qtbot.addWidget(window)
        if shown:
            window.show()
            panel.show()
        work.show(scan_picture(local_panel()))
        QApplication.processEvents()
        windows.append(window)
        return panel, work

    yield make
    for window in windows:
        window.close()


# -- evidence


def test_an_evidence_row_is_opened_pinned_and_lit(local: Callable[..., Any]) -> None:
    panel, work = local(EvidencePanel)
    trip = Trip(evidence=panel)
    end = trip.go(kind="evidence", ticker="000020", strategy="VCP", item="C1")
    assert end is not None
    assert end.found
    assert trip.host.names == ["evidence"]
    assert (panel.view_model.ticker, panel.view_model.focused_item, panel.view_model.pinned) == ("000020", "C1", True)
    focus = work.focus.last
    assert focus is not None
    assert focus.evidence is not None
    assert (focus.ticker, focus.evidence.item, focus.pinned) == ("000020", "C1", True)
    assert panel.view.viewport().rect().contains(panel.view.rect_of("C1"))
    trip.go(kind="evidence", ticker="000020", strategy="VCP", item="C1")
    assert panel.view_model.pinned, "going there again does not let go"
    end = trip.go(kind="evidence", ticker="000020", strategy="VCP")
    assert end is not None
    assert end.found, "without an item the whole score is the place"


def test_the_record_of_the_grade_shown_is_lit_where_the_performance_has_none(local: Callable[..., Any], qtbot: QtBot) -> None:
    panel, work = local(EvidencePanel)
    work.select("000020", "signals")
    panel.view_model.explain_now()
    found = panel.view_model.explanation
    grade = Grade(int(found.scan.grade[found.row])).name
    empty = PerfDesk(qtbot, PerformancePanel, (1_280, 800))
    trip = Trip(performance=empty.panel, evidence=panel)
    trip.go(kind="record", strategy="VCP", item=grade)
    qtbot.waitUntil(lambda: bool(trip.ends), timeout=10_000)
    assert trip.ends[-1].found
    assert panel.view.record_lit
    assert panel.view.verticalScrollBar().value() == panel.view.verticalScrollBar().maximum()
    panel.view_model.focus("C1")
    assert not panel.view.record_lit, "the next row puts the light out"
    other = next(letter for letter in ("S", "A", "B", "C") if letter != grade)
    trip.go(kind="record", strategy="VCP", item=other)
    qtbot.waitUntil(lambda: len(trip.ends) == 2, timeout=10_000)
    assert (trip.ends[-1].found, trip.ends[-1].note_key) == (False, "chat.go.not_found.record")
    empty.close()


def test_a_panel_that_is_not_ready_yet_is_asked_again(local: Callable[..., Any], qtbot: QtBot) -> None:
    panel, work = local(EvidencePanel, shown=False)
    trip = Trip(evidence=panel)
    assert trip.go(kind="evidence", ticker="000020", item="C1") is None
    panel.window().show()
    panel.show()
    qtbot.waitUntil(lambda: bool(trip.ends))
    assert trip.ends[-1].found
    assert panel.view_model.focused_item == "C1"
    assert work.selection.last.ticker == "000020"


def test_a_row_that_does_not_exist_is_said(local: Callable[..., Any], qtbot: QtBot) -> None:
    panel, _ = local(EvidencePanel)
    trip = Trip(evidence=panel)
    trip.go(kind="evidence", ticker="000020", item="ZZ")
    qtbot.waitUntil(lambda: bool(trip.ends), timeout=10_000)
    assert (trip.ends[-1].found, trip.ends[-1].note_key) == (False, "chat.go.not_found.evidence")


def test_the_newer_journey_replaces_one_under_way(local: Callable[..., Any], qtbot: QtBot) -> None:
    panel, _ = local(EvidencePanel)
    trip = Trip(evidence=panel)
    trip.go(kind="evidence", ticker="000020", item="ZZ")
    trip.go(kind="evidence", ticker="000020", item="T1")
    qtbot.wait(200)
    assert [end.target.item for end in trip.ends] == ["T1"]


def test_the_strategies_have_their_own_evidence(qtbot: QtBot) -> None:
    desk = ClosingDesk(qtbot, ClosingCard, (600, 900))
    trip = Trip(closing_card=desk.panel)
    ticker = desk.work.ticker(2)
    end = trip.go(kind="evidence", ticker=ticker, strategy="CLOSING_BET", item="volume")
    assert end is not None
    assert end.found
    card = desk.panel
    assert isinstance(card, ClosingCard)
    assert (card.view_model.ticker, card.view_model.focused, card.view_model.pinned) == (ticker, "volume", True)
    assert trip.navigator.panel_of(Target("evidence", strategy="DAY_TRADE")) == "day_checklist"
    desk.window.close()


# -- tables


def test_a_cell_is_in_sight_and_framed_until_another_row_is_chosen(local: Callable[..., Any]) -> None:
    panel, work = local(SignalTable)
    trip = Trip(signals=panel)
    ticker = panel.model.ticker(panel.model.rowCount() - 1)
    before = painted(panel.view.viewport(), panel.appearance.color("evidence"))
    end = trip.go(kind="cell", panel="signals", ticker=ticker, item="total")
    assert end is not None
    assert end.found
    assert panel.view.chosen_ticker() == ticker
    assert panel.view.marked_cell == (ticker, "total")
    section = panel.model.column_at("total")
    row = panel.model.row_of_ticker(ticker)
    assert panel.view.viewport().rect().contains(panel.view.visualRect(panel.model.index(row, section)))
    assert work.selection.last.ticker == ticker
    assert painted(panel.view.viewport(), panel.appearance.color("evidence")) > before + 40
    panel.view.setCurrentIndex(panel.model.index(0, section))
    assert panel.view.marked_cell == ("", "")


def test_a_condition_that_hides_the_row_is_taken_back(local: Callable[..., Any]) -> None:
    panel, _ = local(SignalTable)
    ticker = panel.model.ticker(0)
    name = panel.view_model.rows.name(panel.model.source_row(0), "ko")
    panel.set_filter_text(f'이름 != "{name}"')
    if panel.model.row_of_ticker(ticker) is not None:
        panel.set_filter_text("총점 < 0")
    assert panel.model.row_of_ticker(ticker) is None
    end = Trip(signals=panel)
    landed = end.go(kind="cell", ticker=ticker, item="grade")
    assert landed is not None
    assert landed.found
    assert panel.view_model.filter_text == ""
    assert panel.view.marked_cell == (ticker, "grade")


def test_a_hidden_column_leaves_the_row_in_focus(local: Callable[..., Any]) -> None:
    panel, _ = local(SignalTable)
    ticker = panel.model.ticker(0)
    landed = Trip(signals=panel).go(kind="cell", ticker=ticker, item="no_such_column")
    assert landed is not None
    assert landed.found
    assert panel.view.chosen_ticker() == ticker


def test_the_closing_table_lands_too(qtbot: QtBot) -> None:
    desk = ClosingDesk(qtbot, ClosingTable, (1_200, 420))
    trip = Trip(closing=desk.panel)
    ticker = desk.work.ticker(2)
    end = trip.go(kind="cell", strategy="CLOSING_BET", ticker=ticker, item="grade")
    assert end is not None
    assert end.found
    assert desk.panel.view.chosen_ticker() == ticker  # type: ignore[attr-defined]
    desk.window.close()


# -- charts


PANEL = synthetic_panel(4, 300)
ONE, TWO = str(PANEL.tickers[0]), str(PANEL.tickers[1])


@pytest.fixture
def charted(qtbot: QtBot) -> Iterator[Callable[..., Any]]:
    opened: list[QWidget] = []

    def make(kind: Callable[[DockContext], PanelFrame]) -> tuple[Any, ChartWorkstation]:
        work = ChartWorkstation(PANEL)
        work.look_at(PANEL.days[-1].item())
        panel = kind(DockContext(work, Appearance(), no_task, Channel("market")))  # type: ignore[arg-type]
        qtbot.addWidget(panel)
        panel.resize(760, 700)
        panel.show()
        opened.append(panel)
        return panel, work

    yield make
    for panel in opened:
        panel.close()


def days(*numbers: int) -> list[date]:
    return [PANEL.days[number].item() for number in numbers]


def test_bars_are_in_sight_and_lit(charted: Callable[..., Any]) -> None:
    panel, work = charted(ChartPanel)
    work.select(TWO, "signals")
    trip = Trip(chart=panel)
    first, last = days(40, 44)
    end = trip.go(kind="bars", ticker=ONE, first_day=first, last_day=last)
    assert end is not None
    assert end.found
    assert work.selection.last.ticker == ONE
    evidence = panel.chart.evidence
    assert evidence is not None
    assert evidence.item == LIT_ITEM
    span = evidence.spans[0]
    assert (span.first_day, span.last_day) == ((first - date(1970, 1, 1)).days, (last - date(1970, 1, 1)).days)
    scene = panel.chart.scene()
    assert scene is not None
    assert scene.first <= 40 < scene.last, "bars far in the past were brought into sight"
    panel.chart.grab()
    panel.chart.evidence_dismissed.emit()
    assert panel.chart.evidence is None, "Esc on the chart puts the light out"


def test_a_single_day_and_none_at_all(charted: Callable[..., Any]) -> None:
    panel, work = charted(ChartPanel)
    trip = Trip(chart=panel)
    (day,) = days(290)
    trip.go(kind="bars", ticker=ONE, first_day=day)
    span = panel.chart.evidence.spans[0]
    assert (span.first_day, span.last_day, span.role) == (*[(day - date(1970, 1, 1)).days] * 2, "bar")
    trip.go(kind="bars", ticker=TWO)
    assert work.selection.last.ticker == TWO
    assert all(end.found for end in trip.ends)


def test_the_lit_bars_say_what_they_are(charted: Callable[..., Any]) -> None:
    panel, _ = charted(ChartPanel)
    from ralphstock_desktop.ui.charts.words import result_plate

    first, last = days(280, 284)
    Trip(chart=panel).go(kind="bars", ticker=ONE, first_day=first, last_day=last)
    assert result_plate(panel.appearance, panel.chart.evidence) == "답변이 말한 봉"


def test_flows_are_lit_in_the_flow_panel(charted: Callable[..., Any]) -> None:
    panel, _ = charted(FlowPanel)
    trip = Trip(flow=panel)
    first, last = days(-5, -1)
    end = trip.go(kind="flow", ticker=ONE, first_day=first, last_day=last)
    assert end is not None
    assert end.found
    assert panel.chart.evidence.spans[0].pane == "flow"


# -- news, gate, record


def test_an_article_is_chosen_in_the_list_of_its_stock(qtbot: QtBot) -> None:
    desk = ClosingDesk(qtbot, NewsPanel, (520, 460))
    trip = Trip(news=desk.panel)
    panel = desk.panel
    assert isinstance(panel, NewsPanel)
    ticker = desk.work.ticker(2)
    end = trip.go(kind="article", news_id=2, ticker=ticker)
    assert end is not None
    assert end.found
    assert panel.view_model.row(panel.view_model.chosen).url == "https://news.example/2"  # type: ignore[union-attr]
    trip.go(kind="article", news_id=5, ticker=ticker)
    chosen = panel.view_model.row(panel.view_model.chosen)
    assert chosen is not None
    assert (chosen.kind, chosen.url) == ("version", "https://other.example/5"), "its cluster opens"
    desk.window.close()


def test_an_article_that_is_not_listed_gives_its_address_and_opens_nothing(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PySide6.QtGui import QDesktopServices

    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toString()))
    desk = ClosingDesk(qtbot, NewsPanel, (520, 460))
    trip = Trip(news=desk.panel)
    trip.go(kind="article", news_id=999, url="https://gone.example/9", ticker=desk.work.ticker(2))
    qtbot.waitUntil(lambda: bool(trip.ends), timeout=10_000)
    assert (trip.ends[-1].found, trip.ends[-1].url) == (False, "https://gone.example/9")
    assert not opened
    desk.window.close()


def test_a_gate_component_is_in_focus(qtbot: QtBot) -> None:
    desk = GateDesk(qtbot)
    desk.show()
    desk.view.show_page("sectors")
    trip = Trip(gate=desk.panel)
    item = desk.vm.items()[1]
    end = trip.go(kind="gate", item=item)
    assert end is not None
    assert end.found
    assert desk.vm.focused_item == item
    assert desk.view.page == "reading"
    for name, page, row in (
        ("", "reading", item),
        ("fx", "reading", "fx"),
        ("kosdaq", "reading", "kosdaq.above_short"),  # a component of several rows: its first
        ("history", "history", "kosdaq.above_short"),
        ("sector:화학", "sectors", "kosdaq.above_short"),
    ):
        end = trip.go(kind="gate", item=name)
        assert end is not None
        assert end.found
        assert (desk.view.page, desk.vm.focused_item) == (page, row)
    sectors = desk.view.sectors
    assert "화학" in [sectors.rows.index(sectors.currentIndex().row(), n).data() for n in range(sectors.rows.columnCount())]
    desk.close()


def test_the_row_of_a_record_is_chosen(qtbot: QtBot) -> None:
    desk = PerfDesk(qtbot, PerformancePanel, (1_280, 800))
    desk.fake.signals.publish(
        tuple(signal_record(f"{at:06d}", "A" if at % 2 else "B", 2.0 - at, LAST - timedelta(days=at)) for at in range(8))
    )
    panel = desk.panel
    assert isinstance(panel, PerformancePanel)
    trip = Trip(performance=panel)
    end = trip.go(kind="record", strategy="VCP", item="A")
    assert end is not None
    assert end.found
    assert (panel.view_model.source, panel.view_model.strategy, panel.view.table_page) == ("signals", "VCP", "groups")
    table = panel.view.groups.group_table
    assert "A" in str(table.model().index(table.currentIndex().row(), 0).data())
    end = trip.go(kind="record", strategy="VCP", item="all")
    assert end is not None
    assert end.found
    assert table.currentIndex().row() == 0
    trip.go(kind="record", strategy="VCP", item="S")
    qtbot.waitUntil(lambda: not trip.ends[-1].found, timeout=10_000)
    assert trip.ends[-1].note_key == "chat.go.not_found.record"
    desk.close()


# -- the rest


def test_a_panel_alone_is_a_place(qtbot: QtBot) -> None:
    plain = QWidget()
    qtbot.addWidget(plain)
    trip = Trip(diff=plain)
    end = trip.go(kind="panel", panel="diff", ticker="000020")
    assert end is not None
    assert end.found
    assert trip.selected == [("000020", "chat")]
    missing = trip.go(kind="panel", panel="nowhere")
    assert missing is not None
    assert (missing.found, missing.note_key) == (False, "chat.go.no_panel")


def test_help_is_opened_at_its_anchor(qtbot: QtBot) -> None:
    del qtbot
    trip = Trip()
    end = trip.go(kind="help", item="vcp.c1")
    assert end is not None
    assert end.found
    assert trip.helped == ["vcp.c1"]
    trip.help_exists = False
    end = trip.go(kind="help", item="none")
    assert end is not None
    assert (end.found, end.note_key) == (False, "chat.go.no_help")

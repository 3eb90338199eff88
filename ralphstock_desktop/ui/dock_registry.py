"""The declaration of every panel: menu, palette, layout and help all read this one list.

A factory imports its panel module only when the panel is made, so the window can be painted before charts are loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from PySide6.QtCore import SignalInstance

from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import SettingsStore, Workstation
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.charts.link import ChartLink
from ralphstock_desktop.ui.chat.link import ChatLink
from ralphstock_desktop.ui.panel import PanelFrame

__all__ = ["DOCKS", "ConnectsMarket", "DockContext", "DockSpec", "MarketFiltered", "Place", "Spawn", "dock_spec"]

Place = Literal["left", "left_bottom", "centre", "right"]
Spawn = Callable[[Coroutine[Any, Any, None], str], object]
"""Starts a named, supervised task on the event loop; its errors reach the program's error handler."""


@dataclass(frozen=True, slots=True)
class DockContext:
    """What a panel may use."""

    workstation: Workstation
    appearance: Appearance
    spawn: Spawn
    market_filter: Channel[int]
    """Market chosen in the app bar: 0 all, else a value of ``engine.model.instruments.Market``."""
    chart_link: ChartLink = field(default_factory=ChartLink)
    """Range and crosshair shared by the charts of the window."""
    chat: ChatLink = field(default_factory=ChatLink)
    """Questions for the chat, places it leads to, panels on screen."""
    settings: SettingsStore | None = None
    """The settings, for panels that hold a switch; None in tests of single parts."""


@runtime_checkable
class MarketFiltered(Protocol):
    """A panel that follows the market filter of the app bar."""

    def set_market_filter(self, market: int) -> None: ...


@runtime_checkable
class ConnectsMarket(Protocol):
    """A panel that can ask for the connect dialog."""

    connect_wanted: SignalInstance


@dataclass(frozen=True, slots=True)
class DockSpec:
    """One kind of panel.

    Attributes
    ----------
    id : str
        Name in layouts, as origin of selections and in commands.
    title_key : str
        Text key of the title.
    screen : str
        Four-digit screen number.
    icon : str
        Icon in menus and the palette.
    place : Place
        Where it stands in the default layout.
    factory : callable
        Makes the panel.
    initially_open : bool
        Whether the default layout shows it.
    follows_scan : bool
        Whether "try again" in it means scanning again; panels with work of their own connect ``retry_requested``.
    state_version : int
        Version of its saved ``panel_state``.
    """

    id: str
    title_key: str
    screen: str
    icon: str
    place: Place
    factory: Callable[[DockContext], PanelFrame]
    initially_open: bool = True
    follows_scan: bool = False
    state_version: int = 1


def _signals(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.signal_table import SignalTable

    return SignalTable(context)


def _symbols(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.symbol_list import SymbolList

    return SymbolList(context)


def _chart(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.chart_dock import ChartPanel

    return ChartPanel(context)


def _flow(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.flow_dock import FlowPanel

    return FlowPanel(context)


def _evidence(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.evidence import EvidencePanel

    return EvidencePanel(context)


def _book(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.order_book import OrderBookPanel

    return OrderBookPanel(context)


def _trades(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.trades import TradesPanel

    return TradesPanel(context)


def _ledger(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.ledger import LedgerPanel

    return LedgerPanel(context)


def _health(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.health import HealthPanel

    return HealthPanel(context)


def _gate(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.gate_panel import GatePanel

    return GatePanel(context)


def _closing(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.closing_table import ClosingTable

    return ClosingTable(context)


def _closing_card(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.closing_card import ClosingCard

    return ClosingCard(context)


def _day_scanner(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.day_scanner import DayScanner

    return DayScanner(context)


def _day_checklist(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.day_checklist import DayChecklist

    return DayChecklist(context)


def _near(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.near_miss import NearMissPanel

    return NearMissPanel(context)


def _diff(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.grade_diff import GradeDiffPanel

    return GradeDiffPanel(context)


def _news(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.news_panel import NewsPanel

    return NewsPanel(context)


def _what_if(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.what_if import WhatIfPanel

    return WhatIfPanel(context)


def _alerts(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.alerts import AlertsPanel

    return AlertsPanel(context)


def _recommend(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.recommendations import RecommendationsPanel

    return RecommendationsPanel(context)


def _performance(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.performance import PerformancePanel

    return PerformancePanel(context)


def _backtest(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.backtest import BacktestPanel

    return BacktestPanel(context)


def _journal(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.journal import JournalPanel

    return JournalPanel(context)


def _chat(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.chat import ChatPanel

    return ChatPanel(context)


def _watch(context: DockContext) -> PanelFrame:
    from ralphstock_desktop.ui.docks.watch_list import WatchPanel

    return WatchPanel(context)


DOCKS: tuple[DockSpec, ...] = (
    DockSpec("signals", "shell.dock.signals", "0811", "table", "left", _signals, follows_scan=True),
    DockSpec("symbols", "shell.dock.symbols", "0130", "columns", "left_bottom", _symbols, follows_scan=True),
    DockSpec("watch", "shell.dock.watch", "0110", "star", "left_bottom", _watch, initially_open=False, follows_scan=True),
    DockSpec("chart", "shell.dock.chart", "0600", "candles", "centre", _chart),
    DockSpec("flow", "shell.dock.flow", "0796", "flow", "centre", _flow),
    DockSpec("evidence", "shell.dock.evidence", "0812", "evidence", "right", _evidence, follows_scan=True),
    DockSpec("book", "shell.dock.book", "0101", "ladder", "right", _book),
    DockSpec("trades", "shell.dock.trades", "0120", "journal", "right", _trades),
    DockSpec("gate", "shell.dock.gate", "0801", "gate", "left_bottom", _gate, initially_open=False),
    DockSpec("closing", "shell.dock.closing", "0831", "table", "left", _closing, initially_open=False),
    DockSpec("closing_card", "shell.dock.closing_card", "0832", "evidence", "right", _closing_card, initially_open=False),
    DockSpec("day_scanner", "shell.dock.day_scanner", "0821", "radar", "left", _day_scanner, initially_open=False),
    DockSpec("day_checklist", "shell.dock.day_checklist", "0822", "check", "right", _day_checklist, initially_open=False),
    DockSpec("near", "shell.dock.near", "0813", "target", "left_bottom", _near, initially_open=False),
    DockSpec("diff", "shell.dock.diff", "0814", "trend", "right", _diff, initially_open=False),
    DockSpec("news", "shell.dock.news", "0850", "news", "right", _news, initially_open=False),
    DockSpec("what_if", "shell.dock.what_if", "0840", "slider", "right", _what_if, initially_open=False),
    DockSpec("alerts", "shell.dock.alerts", "0960", "bell", "left_bottom", _alerts, initially_open=False),
    DockSpec("recommend", "shell.dock.recommend", "0860", "star", "left", _recommend, initially_open=False),
    DockSpec("performance", "shell.dock.performance", "0870", "trend", "centre", _performance, initially_open=False),
    DockSpec("backtest", "shell.dock.backtest", "0871", "step", "centre", _backtest, initially_open=False),
    DockSpec("journal", "shell.dock.journal", "0872", "journal", "left_bottom", _journal, initially_open=False),
    DockSpec("ledger", "shell.dock.ledger", "0980", "database", "left_bottom", _ledger),
    DockSpec("chat", "shell.dock.chat", "0990", "chat", "right", _chat, initially_open=False),
    DockSpec("health", "shell.dock.health", "0981", "plug", "left_bottom", _health),
)


def dock_spec(panel_id: str) -> DockSpec | None:
    """Return the declaration of a panel, or None if there is none of that name."""
    return next((spec for spec in DOCKS if spec.id == panel_id), None)

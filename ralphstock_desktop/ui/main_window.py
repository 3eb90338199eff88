"""The main window: app bar, banners, docks, status bar, and where commands and facts meet.

It owns no data. Commands go to the :class:`Workstation`; facts come back on its channels and are handed to bar, banners,
frames and status bar. GUI thread only.
"""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QStatusBar, QTabWidget, QVBoxLayout, QWidget

from engine.model.errors import RalphStockError, UserCancelled
from ralphstock_desktop.services.channels import Channel, Subscription
from ralphstock_desktop.services.contracts import (
    Loading,
    MarketPicture,
    PanelState,
    ScanPicture,
)
from ralphstock_desktop.services.live_contracts import FeedStatus
from ralphstock_desktop.ui.actions import ACTIONS, ActionBook
from ralphstock_desktop.ui.app_bar import AppBar
from ralphstock_desktop.ui.banner import NoticeBanner, PastBanner, SimulationBanner
from ralphstock_desktop.ui.chat.asking import AskMenus
from ralphstock_desktop.ui.chat.hub import ChatHub
from ralphstock_desktop.ui.chat.link import AskWish
from ralphstock_desktop.ui.dialogs.connect import ConnectDialog
from ralphstock_desktop.ui.dialogs.errors import ReportDialog, error_code, error_sentence
from ralphstock_desktop.ui.dialogs.first_run import FirstRunPage
from ralphstock_desktop.ui.dialogs.help_overlay import HelpOverlay
from ralphstock_desktop.ui.dialogs.settings import Fact, SettingsWindow
from ralphstock_desktop.ui.dock_registry import ConnectsMarket, DockContext, MarketFiltered
from ralphstock_desktop.ui.gate_strip import GateStrip
from ralphstock_desktop.ui.index_strip import IndexStrip
from ralphstock_desktop.ui.layout.defaults import WORKSPACES
from ralphstock_desktop.ui.layout.dock_area import DockArea, widget_dock
from ralphstock_desktop.ui.layout.model import LayoutUnreadable, dump_layout, parse_layout
from ralphstock_desktop.ui.look_settings import LookSettings
from ralphstock_desktop.ui.palette_commands import palette_commands
from ralphstock_desktop.ui.palette_search import PalettePopup
from ralphstock_desktop.ui.panel import PanelFrame
from ralphstock_desktop.ui.status_bar import StatusBar
from ralphstock_desktop.ui.time_bar import TimeMachineBar
from ralphstock_desktop.ui.toasts import ToastDeck
from ralphstock_desktop.ui.tray import DesktopNotices
from ralphstock_desktop.ui.viewmodels.shell import Answer, PaletteModel, ShellViewModel
from ralphstock_desktop.ui.watch_menus import WatchMenus
from ralphstock_desktop.ui.window_exports import Exports
from ralphstock_desktop.ui.window_parts import OpensChart, OpensSettings, WindowParts
from ralphstock_desktop.ui.window_reports import Reports
from ralphstock_desktop.wording import format as fmt

__all__ = ["MainWindow"]

_MACHINE_INTERVAL_MS = 2000
_MINIMUM = (1024, 640)
"""Largest minimum size of the window in px, at any zoom."""
_FRAMES_KEPT = 60
"""Paints of the window over which the frame time in the status bar is the median."""

_EVIDENCE_PANELS = {"gate": "gate", "VCP": "evidence", "CLOSING_BET": "closing_card", "DAY_TRADE": "day_checklist"}
"""Panel that explains what a notice of each strategy (or of the gate) rests on."""


class MainWindow(QMainWindow):
    """See the module text. Show it, then call :meth:`make_panels` after the first paint."""

    def __init__(self, parts: WindowParts) -> None:
        super().__init__()
        self._parts = parts
        self.appearance = look = parts.appearance
        self.look_settings = LookSettings(look, parts.settings, self)
        self.shell = ShellViewModel(parts.workstation)
        self.actions_book = ActionBook(look, self)
        self.market_filter: Channel[int] = Channel("market_filter")
        self.context = DockContext(parts.workstation, look, parts.spawn, self.market_filter, settings=parts.settings)
        self._last_layout = ""
        self._undo_layout = ""
        self._sized = False
        self._to_make: list[str] = []
        self._frames_ms: deque[float] = deque(maxlen=_FRAMES_KEPT)
        self._settings_window: SettingsWindow | None = None
        self._connect_dialog: ConnectDialog | None = None
        self._active_name = ""
        self._subscriptions: list[Subscription] = []
        self.setDockOptions(
            QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
            | QMainWindow.DockOption.GroupedDragging
        )
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.setDocumentMode(True)

        self.bar = AppBar(look, self.shell, self.actions_book, parts.now_ns)
        self.simulation, self.past, self.notice = SimulationBanner(look), PastBanner(look), NoticeBanner(look)
        self.time_bar = TimeMachineBar(look, parts.workstation)
        self.gate = GateStrip(look, parts.workstation)
        # The gate strip shows the indices too; without strategies they have a strip of their own.
        self.indices = IndexStrip(look, parts.workstation) if parts.workstation.strategies is None else None
        self.status = StatusBar(look, self.shell)
        self.area = DockArea(self, self.context, parts.docks, self._on_made)
        self._assemble()
        self.palette_model = PaletteModel(self.shell, palette_commands(look, self.actions_book, parts.docks))
        self.palette_model.can_ask = "chat" in self.area.docks
        self.ask_menus = AskMenus(look, self.context.chat, self)
        self.watch_menus = WatchMenus(self.context, self.show_notice, self)
        self.ask_menus.others.append(self.watch_menus.add_entries)
        self.chat = ChatHub(self.area, parts.workstation, look, self.context.chat, self)
        self.reports = Reports(look, parts.facts, self)
        self.exports = Exports(look, self._write, self)
        self.toasts, self.desktop = ToastDeck(look, self), DesktopNotices(look, self, parts.settings)
        self.search_list = PalettePopup(look, self.bar.search, self.palette_model, self)
        self.help = HelpOverlay(look, self.actions_book, self)
        self.first_run: FirstRunPage | None = None
        self._panel_menu = QMenu(self)
        self.bar.panels.setMenu(self._panel_menu)
        self._connect()
        self._timer = QTimer(self)
        self._timer.setInterval(_MACHINE_INTERVAL_MS)
        self._timer.timeout.connect(self._on_machine)
        self._timer.start()
        self.apply()
        self._subscribe()

    # -- assembling -------------------------------------------------------------------------------------------------------

    def _assemble(self) -> None:
        top = QWidget()
        column = QVBoxLayout(top)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self.bar, self.simulation, self.past, self.time_bar, self.gate, self.indices, self.notice):
            if widget is not None:
                column.addWidget(widget)
        self.setMenuWidget(top)
        # A QStatusBar would add its own frames and grip; a plain bottom bar in its place keeps the 24 px of the design.
        holder = QStatusBar()
        holder.setSizeGripEnabled(False)
        holder.setContentsMargins(0, 0, 0, 0)
        holder.addPermanentWidget(self.status, 1)
        self.setStatusBar(holder)

    def _connect(self) -> None:
        book, work = self.actions_book, self._parts.workstation
        book.connect_slot("search", self._focus_search)
        book.connect_slot("previous_day", lambda: self.shell.step(-1))
        book.connect_slot("next_day", lambda: self.shell.step(1))
        book.connect_slot("latest", work.set_as_of_latest)
        book.connect_slot("next_panel", lambda: self._walk_panels(1))
        book.connect_slot("previous_panel", lambda: self._walk_panels(-1))
        book.connect_slot("scan", work.start_scan)
        book.connect_slot("cancel", work.cancel_job)
        for name in WORKSPACES:
            book.connect_slot(f"workspace_{name}", partial(self.open_workspace, name))
        book.connect_slot("time_machine", self._enter_time_machine)
        book.connect_slot("what_if", lambda: self.area.open_panel("what_if"))
        book.connect_slot("open_alerts", lambda: self.area.open_panel("alerts"))
        book.connect_slot("open_chat", self.chat.open)
        book.connect_slot("ask_about", self.chat.ask_about_focus)
        book.connect_slot("import", self._open_import)
        book.connect_slot("open_ledger", lambda: self.area.open_panel("ledger"))
        book.connect_slot("connect", self.open_connect)
        book.connect_slot("open_health", lambda: self.area.open_panel("health"))
        book.connect_slot("use_simulated", lambda: self._switch("simulated"))
        book.connect_slot("use_real", lambda: self._switch("real"))
        book.connect_slot("maximize", self._toggle_maximum)
        book.connect_slot("reopen_panel", self._reopen)
        book.connect_slot("reset_layout", self.reset_layout)
        book.connect_slot("undo_layout", self.undo_layout)
        book.connect_slot("zoom_in", lambda: self.look_settings.zoom_by(1))
        book.connect_slot("zoom_out", lambda: self.look_settings.zoom_by(-1))
        book.connect_slot("zoom_reset", lambda: self.look_settings.zoom_by(0))
        book.connect_slot("toggle_theme", self.look_settings.toggle_theme)
        book.connect_slot("toggle_language", self.look_settings.toggle_language)
        book.connect_slot("settings", self.open_settings)
        book.connect_slot("help", self.help.open_over)
        book.connect_slot("quit", self.close)
        self.bar.market_chosen.connect(self._on_market)
        self.bar.search_wanted.connect(self._focus_search)
        self.bar.workspace.chosen.connect(self.open_workspace)
        self.past.back.connect(work.set_as_of_latest)
        self.gate.panel_wanted.connect(lambda: self.area.open_panel("gate"))
        self.toasts.chart_wanted.connect(self._on_chart_wanted)
        self.toasts.evidence_wanted.connect(self._on_evidence_wanted)
        self.toasts.list_wanted.connect(lambda: self.area.open_panel("alerts"))
        self.desktop.opened.connect(self._on_desktop_notice)
        self.status.ledger_wanted.connect(lambda: self.area.open_panel("ledger"))
        self.status.health_wanted.connect(lambda: self.area.open_panel("health"))
        self.status.cancel_requested.connect(work.cancel_job)
        self.search_list.chosen.connect(self._on_answer)
        self._panel_menu.aboutToShow.connect(self._fill_panel_menu)
        self.area.changed.connect(self._save_layout)
        self.area.changed.connect(self.area.label)
        self.appearance.changed.connect(self.apply)
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._on_focus)

    def _subscribe(self) -> None:
        work = self._parts.workstation
        self._subscriptions = [
            work.market.subscribe(self._on_picture),
            work.scans.subscribe(self._on_scan),
            work.scan_state.subscribe(self._on_scan_state),
            work.job.subscribe(self.status.set_job),
            work.notices.subscribe(self._on_notice),
        ]
        if work.live is not None:
            self._subscriptions.append(work.live.status.subscribe(self._on_feed))
        if work.strategies is not None:
            self._subscriptions.append(work.strategies.notices.unread.subscribe(self.bar.set_unread))
        self.toasts.follow(work)
        self.desktop.follow(work)

    # -- life -------------------------------------------------------------------------------------------------------------

    def make_panels(self) -> None:
        """Make the panels that can be seen, one per turn of the event loop, the signal table first."""
        order: list[str] = [name for name in ("signals", "chart", "evidence") if name in self.area.docks]
        order += [name for name in self.area.shown() if name not in order]
        self._to_make = [name for name in order if not self.area.docks[name].isHidden()]
        QTimer.singleShot(0, self._make_next)

    def _make_next(self) -> None:
        while self._to_make:
            name = self._to_make.pop(0)
            dock = self.area.docks[name]
            if dock.made or dock.visibleRegion().isEmpty():
                continue
            self.area.make_panel(name)
            QTimer.singleShot(0, self._make_next)
            return
        self._focus_first()

    def _focus_first(self) -> None:
        """Let the keyboard work at once: the signal table has it unless something covers it or a search has begun."""
        covered = self.first_run is not None or self.help.isVisible()
        if not covered and not self.bar.search.hasFocus():
            names = self.area.shown()
            if names:
                self.area.docks["signals" if "signals" in names else names[0]].frame.focus_content()

    def open_layout(self, texts: Sequence[str]) -> None:
        """Arrange the newest readable layout; say so if the newest was not readable.

        Parameters
        ----------
        texts : sequence of str
            Kept layout texts, newest first; empty on the first start.
        """
        problem: LayoutUnreadable | None = None
        for text in texts:
            try:
                layout = parse_layout(text, tuple(self.area.docks))
            except LayoutUnreadable as error:
                problem = problem or error
                continue
            self.area.restore(layout)
            break
        else:
            self.area.restore_default(self.width())
        self.bar.workspace.set_current(self.area.workspace)
        if problem is not None:
            self.show_notice(lambda: error_sentence(self.appearance, problem))

    def open_workspace(self, name: str) -> None:
        """Arrange another workspace; each keeps its own arrangement."""
        self.area.switch_workspace(name, self.width())
        self.bar.workspace.set_current(self.area.workspace)
        self.area.apply_sizes()
        self.make_panels()

    def _enter_time_machine(self) -> None:
        """Set the clock back by a trading day, or forward to now if it is set back already."""
        work = self._parts.workstation
        if self.shell.past:
            work.set_as_of_latest()
        else:
            self.shell.step(-1)

    def reset_layout(self) -> None:
        """Go back to the default layout; the one before can be brought back."""
        self._undo_layout = dump_layout(self.area.capture())
        self.area.restore_default(self.width())
        self.area.apply_sizes()
        self.make_panels()
        self.show_notice(lambda: self.appearance.tr("shell.notice.layout_reset"))

    def undo_layout(self) -> None:
        """Bring back the layout from before the last reset."""
        if self._undo_layout:
            layout = parse_layout(self._undo_layout, tuple(self.area.docks))
            self._undo_layout = ""
            self.area.restore(layout, with_window=False)
            self.area.apply_sizes()
            self.make_panels()

    def show_first_run(self) -> None:
        """Cover the window with the first-run page until a choice is made."""
        if self.first_run is None:
            folder = self._parts.workstation
            page = FirstRunPage(self.appearance, self._parts.settings, lambda: str(folder.data_folder), self)
            page.started.connect(self._on_first_choice)
            self.first_run = page
        self.first_run.setGeometry(self.rect())
        self.first_run.show()
        self.first_run.raise_()
        self.first_run.setFocus()

    def _on_first_choice(self, name: str) -> None:
        self._parts.settings.set("first_run_done", value=True)
        if self.first_run is not None:
            self.first_run.hide()
            self.first_run.deleteLater()
            self.first_run = None
            self.make_panels()  # what the page covered could not be seen, so it was not made
        if name == "simulated":
            self._switch("simulated")
        else:
            self._switch("real")
            self._open_import()

    # -- what others may show ---------------------------------------------------------------------------------------------

    def show_notice(self, words: Callable[[], str]) -> None:
        """Show a sentence under the app bar until it is closed; asked again when the language changes."""
        self.notice.say(lambda: (self.appearance.tr("shell.notice.head"), words()))
        self.notice.show()

    def show_error(self, error: RalphStockError) -> None:
        """Tell an expected error that belongs to no panel. A cancelled job is not an error."""
        if not isinstance(error, UserCancelled):
            self.show_notice(lambda: f"{error_sentence(self.appearance, error)} ({error_code(error)})")

    def show_report(self, report: str) -> ReportDialog:
        """Open the report of a crash, or add it to the one that is open."""
        return self.reports.show(report, crash=True)

    def _on_feed(self, status: FeedStatus) -> None:
        self.status.set_feed(status)
        live = self._parts.workstation.live
        self.simulation.set_control(live.simulation if live is not None else None)

    def open_connect(self) -> None:
        """Open the connect dialog beside the window."""
        work = self._parts.workstation
        if work.live is None:
            return
        if self._connect_dialog is None:
            self._connect_dialog = ConnectDialog(
                self.appearance, work.live, self._parts.spawn, lambda: work.switch_dataset("real"), self
            )
        self._connect_dialog.show()
        self._connect_dialog.raise_()

    def open_settings(self, key: str = "") -> None:
        """Open the settings beside the panels, at one setting if given."""
        if self._settings_window is None:
            folder = str(self._parts.workstation.data_folder)
            facts = [Fact("settings.fact.folder", folder)]
            facts += [Fact(f"settings.fact.{name}", value) for name, value in self._parts.facts.items() if name == "database"]
            self._settings_window = SettingsWindow(self.appearance, self._parts.settings, tuple(facts), self)
        self._settings_window.show_setting(key)

    # -- facts ------------------------------------------------------------------------------------------------------------

    def _on_picture(self, picture: MarketPicture) -> None:
        shell = self.shell
        for frame in self.area.frames():
            frame.set_world(simulated=shell.simulated, past=shell.past, data_end=shell.data_end)
        self.simulation.say(lambda: (self.appearance.tr("shell.simulated.head"), self.appearance.tr("shell.simulated.text")))
        self.simulation.setVisible(shell.simulated)
        self.past.say(self._past_words)
        self.past.setVisible(shell.past and self._parts.workstation.strategies is None)
        self.bar.as_of.refresh()
        self.status.set_now(self._parts.now_ns())
        self.status.refresh()
        self.status.set_store("" if picture.kind == "simulated" else self._parts.facts.get("database", ""))
        self._title()

    def _past_words(self) -> tuple[str, str]:
        look, picture = self.appearance, self.shell.picture
        when = fmt.as_of_long(picture.as_of, look.language) if picture is not None else ""
        return look.tr("shell.past.head", when=when), look.tr("shell.past.text")

    def _on_scan(self, scan: ScanPicture) -> None:
        self.status.set_scan(scan)

    def _on_scan_state(self, state: PanelState) -> None:
        running = isinstance(state, Loading)
        share = None
        if isinstance(state, Loading) and state.progress.total > 0 and state.progress.done > 0:
            share = state.progress.done / state.progress.total
        self.bar.set_scanning(share, running=running)

    def _on_notice(self, key: str) -> None:
        self.show_notice(lambda: self.appearance.tr(key) if self.appearance.has_text(key) else key)

    def _on_made(self, name: str, frame: PanelFrame) -> None:
        """Connect a panel that has just been made."""
        shell = self.shell
        frame.set_world(simulated=shell.simulated, past=shell.past, data_end=shell.data_end)
        if isinstance(frame, ConnectsMarket):
            frame.connect_wanted.connect(self.open_connect)
        frame.action_requested.connect(self._run_action)
        frame.cancel_requested.connect(self._parts.workstation.cancel_job)
        frame.report_requested.connect(self.reports.show_error)
        if self.area.specs[name].follows_scan:
            frame.retry_requested.connect(self._parts.workstation.start_scan)
        if isinstance(frame, MarketFiltered):
            frame.set_market_filter(self.bar.market_value)
        self._connect_wishes(frame)
        self.ask_menus.attach(frame)
        self.area.label()

    def _connect_wishes(self, frame: PanelFrame) -> None:
        """Connect what only some panels ask for: a file to be written, another panel to be opened."""
        self.exports.attach(frame)
        if isinstance(frame, OpensChart):
            frame.chart_requested.connect(self._on_chart_wanted)
        if isinstance(frame, OpensSettings):
            frame.settings_wanted.connect(self.open_settings)

    def _on_evidence_wanted(self, ticker: str, strategy: str) -> None:
        """Show what a notice rests on: the evidence of its strategy, or the gate."""
        if ticker:
            self._parts.workstation.select(ticker, "shell")
        name = _EVIDENCE_PANELS.get(strategy, "")
        if name in self.area.docks:
            self.area.open_panel(name)

    def _on_desktop_notice(self, ticker: str) -> None:
        if ticker:
            self._on_chart_wanted(ticker)
        else:
            self.area.open_panel("alerts")

    def _on_chart_wanted(self, ticker: str) -> None:
        self._parts.workstation.select(ticker, "shell")
        if "chart" in self.area.docks:
            self.area.open_panel("chart")

    def _write(self, file: str, content: bytes) -> None:
        try:
            self._parts.write_file(file, content)
        except RalphStockError as error:
            self.show_error(error)
            return
        self.show_notice(lambda: self.appearance.tr("shell.notice.saved", file=file))

    def _run_action(self, name: str) -> None:
        """Run the next step an empty panel offered; names that are not commands belong to the panel itself."""
        names = {spec.id for spec in ACTIONS}
        if name == "retry":
            self._parts.workstation.start_scan()
        elif name in names:
            self.actions_book.trigger(name)
        elif name in self.area.docks and name != "watch":  # that is a chip of the signal table
            self.area.open_panel(name)

    # -- commands ---------------------------------------------------------------------------------------------------------

    def _on_answer(self, answer: object) -> None:
        if not isinstance(answer, Answer):
            return
        if answer.group == "symbols":
            self._parts.workstation.select(answer.id, "palette")
            if self._active is not None:
                self._active.focus_content()
        elif answer.group == "screens":
            self.area.open_panel(answer.id)
        elif answer.group == "commands":
            self.actions_book.trigger(answer.id)
        elif answer.group == "settings":
            self.open_settings(answer.id)
        elif answer.group == "ask":
            self.context.chat.ask.publish(AskWish(answer.text, send=True))
        else:
            self.shell.go_to(date.fromisoformat(answer.id))

    def _focus_search(self) -> None:
        self.area.leave_maximum()
        self.bar.open_search()
        self.bar.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        if not self.bar.search.composing:
            self.bar.search.selectAll()

    def _switch(self, kind: str) -> None:
        work = self._parts.workstation
        self._parts.spawn(work.switch_dataset("simulated" if kind == "simulated" else "real"), f"switch to {kind}")

    def _open_import(self) -> None:
        if "ledger" in self.area.docks:
            frame = self.area.open_panel("ledger")
            start = getattr(frame, "start_import", None)
            if callable(start):
                start()

    def _on_market(self, market: int) -> None:
        self.market_filter.publish(market)
        for frame in self.area.frames():
            if isinstance(frame, MarketFiltered):
                frame.set_market_filter(market)

    def _toggle_maximum(self) -> None:
        name = self.area.maximized or self._active_name
        if name:
            self.area.toggle_maximum(name)

    def _reopen(self) -> None:
        if not self.area.reopen_panel():
            self.show_notice(lambda: self.appearance.tr("shell.notice.nothing_closed"))

    def _fill_panel_menu(self) -> None:
        """List all panels with a tick on the open ones, then what concerns the layout."""
        menu = self._panel_menu
        menu.clear()
        for spec in self._parts.docks:
            dock = self.area.docks[spec.id]
            action = menu.addAction(self.appearance.icon(spec.icon), f"{dock.frame.title}  {spec.screen}")
            action.setCheckable(True)
            action.setChecked(not dock.isHidden())
            action.triggered.connect(lambda checked=False, name=spec.id: self._on_panel_menu(name, checked))
        menu.addSeparator()
        for name in ("reopen_panel", "reset_layout", "undo_layout"):
            menu.addAction(self.actions_book[name])

    def _on_panel_menu(self, name: str, checked: bool) -> None:
        if checked:
            self.area.open_panel(name)
        else:
            self.area.docks[name].close()

    # -- focus ------------------------------------------------------------------------------------------------------------

    def _on_focus(self, _old: QWidget | None, now: QWidget | None) -> None:
        dock = widget_dock(now)
        if dock is None or not dock.made:
            return
        self._active_name = dock.spec.id
        for frame in self.area.frames():
            frame.set_active(frame is dock.frame)

    @property
    def _active(self) -> PanelFrame | None:
        """The panel that had the keyboard last. Asked for by name: the frame of a dock is replaced when its panel is made."""
        dock = self.area.docks.get(self._active_name)
        return dock.frame if dock is not None else None

    def _walk_panels(self, step: int) -> None:
        """F6: the next or previous visible panel in reading order."""
        names = self.area.shown()
        if not names:
            return
        at = names.index(self._active_name) + step if self._active_name in names else 0
        self.area.docks[names[at % len(names)]].frame.focus_content()

    # -- look -------------------------------------------------------------------------------------------------------------

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        # Large zoom must not make the window larger than a small screen: bar and panels give way instead.
        self.setMinimumSize(min(self.appearance.px(640), _MINIMUM[0]), min(self.appearance.px(420), _MINIMUM[1]))
        self.status.setAccessibleName(self.appearance.tr("shell.status.name"))
        self.area.label()
        if hasattr(self, "palette_model"):
            self.palette_model.commands = palette_commands(self.appearance, self.actions_book, self._parts.docks)
        self._title()

    def _title(self) -> None:
        """Window title: the program, the as-of day, and 시뮬레이션 first of all where it applies."""
        look, shell = self.appearance, self.shell
        parts = ["RalphStock"]
        if shell.simulated:
            parts.insert(0, look.tr("shell.title.simulated"))
        day = shell.day
        if day is not None:
            parts.append(fmt.day_long(day, look.language))
        self.setWindowTitle(" — ".join(parts))

    def _on_machine(self) -> None:
        frame_ms = statistics.median(self._frames_ms) if self._frames_ms else None
        self.status.set_frame(frame_ms, self._parts.memory_bytes())
        self.status.set_now(self._parts.now_ns())

    # -- layout -----------------------------------------------------------------------------------------------------------

    def _save_layout(self) -> None:
        if not self.isVisible():
            return
        text = dump_layout(self.area.capture())
        if text != self._last_layout:
            self._last_layout = text
            self._parts.save_layout(text)

    # -- Qt events --------------------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Time the painting of the window for the status bar."""
        if event.type() != QEvent.Type.UpdateRequest:
            return super().event(event)
        begin = time.perf_counter()
        done = super().event(event)
        self._frames_ms.append((time.perf_counter() - begin) * 1000)
        return done

    def showEvent(self, event: QShowEvent) -> None:
        """Give the panels their shares once the window has its size."""
        super().showEvent(event)
        if not self._sized:
            self._sized = True
            self.area.apply_sizes()
            QTimer.singleShot(0, self, self.area.apply_sizes)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc that no panel wanted returns from the past, else stops the running work."""
        work = self._parts.workstation
        # While a past day is played a scan is nearly always running: the way back comes first.
        if event.key() == Qt.Key.Key_Escape and work.job.last is None and self.time_bar.view_model.active:
            self.time_bar.view_model.leave()
            event.accept()
            return
        if event.key() == Qt.Key.Key_Escape and (work.job.last is not None or isinstance(work.scan_state.last, Loading)):
            work.cancel_job()
            event.accept()
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the covering pages as large as the window."""
        super().resizeEvent(event)
        for page in (self.first_run, self.help):
            if page is not None and page.isVisible():
                page.setGeometry(self.rect())

    def changeEvent(self, event: QEvent) -> None:
        """Save when the window is maximised or restored."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange and hasattr(self, "area"):
            self.area.changed.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Save what still waits and stop listening."""
        self.area.flush()
        self.area.stop()
        self.chat.close()
        self._timer.stop()
        if self.indices is not None:
            self.indices.close_feed()
        self.gate.close_feed()
        self.time_bar.close_feed()
        for subscription in self._subscriptions:
            subscription.close()
        self.reports.close_all()
        if self._settings_window is not None:
            self._settings_window.close()
        self.area.hide_floating()
        self.toasts.stop()
        self.desktop.stop()
        super().closeEvent(event)

"""Panel 0981: the live connection, the health of every source and service, gaps, and the daily synchronisation."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from engine.model.errors import RalphStockError
from engine.model.instants import AsOf
from engine.model.live import ConnectionState
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import Empty, Ready
from ralphstock_desktop.services.live_contracts import FeedStatus, GapReport, HealthReport, SyncControl, SyncPlan, SyncState
from ralphstock_desktop.ui.dialogs.controls import Segmented, colour_label
from ralphstock_desktop.ui.dialogs.errors import error_sentence
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.health_table import HealthTable
from ralphstock_desktop.ui.docks.ledger_models import RowsModel, prepare_table
from ralphstock_desktop.ui.panel import PanelFrame
from ralphstock_desktop.ui.panel_header import BadgeLook
from ralphstock_desktop.ui.viewmodels.feed_words import feed_words
from ralphstock_desktop.ui.viewmodels.health_rows import (
    GAP_CODE_COLUMN,
    GAP_COLUMNS,
    HEALTH_COLUMNS,
    SYNC_COLUMNS,
    gap_rows,
    health_rows,
    sync_rows,
)
from ralphstock_desktop.wording import format as fmt

__all__ = ["HealthPanel"]

_PAGES = ("health", "gaps", "sync")
_LOST = (ConnectionState.WAITING, ConnectionState.DISPLACED, ConnectionState.REFUSED, ConnectionState.STOPPED)


class HealthPanel(PanelFrame):
    """Connection line with its buttons, and three pages: health, gaps, synchronisation.

    Signals
    -------
    connect_wanted
        The connect dialog should be opened.
    """

    connect_wanted = Signal()

    def __init__(self, context: DockContext) -> None:
        super().__init__(
            context.appearance,
            panel_id="health",
            title_key="shell.dock.health",
            screen="0981",
            skeleton="list",
            role="follower",
        )
        self._context = context
        self._live = context.workstation.live
        self._subscriptions: list[Subscription] = []
        self._status: FeedStatus | None = None
        self._gaps: GapReport | None = None
        self._plan: SyncPlan | None = None
        self._sync: SyncControl | None = None
        self._sync_heard: Subscription | None = None
        self.connection, self.sentence = QLabel(), QLabel()
        self.sentence.setWordWrap(True)
        self.connection.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.reconnect, self.connect_button = QPushButton(), QPushButton()
        self.reconnect.clicked.connect(self._on_reconnect)
        self.connect_button.clicked.connect(self.connect_wanted)
        self.pages = Segmented(context.appearance, [(page, f"health.page.{page}") for page in _PAGES])
        self.pages.chosen.connect(self.show_page)
        self.summary = QLabel()
        self.summary.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.sync_button = QPushButton()
        self.sync_button.clicked.connect(self._on_sync)
        self.models = {
            page: RowsModel(context.appearance, columns, self)
            for page, columns in zip(_PAGES, (HEALTH_COLUMNS, GAP_COLUMNS, SYNC_COLUMNS), strict=True)
        }
        self.tables = {page: HealthTable(context.appearance, self.models[page]) for page in _PAGES}
        self._stack = QStackedWidget()
        for table in self.tables.values():
            self._stack.addWidget(table)
        self._assemble()
        self.tables["gaps"].row_opened.connect(self._on_gap_opened)
        self.add_menu_action("table.menu.copy", lambda: self.tables[self.pages.value()].copy_rows())
        context.appearance.changed.connect(self.apply)
        self.show_page("health")
        self.apply()
        if self._live is None:
            self.set_state(Empty("empty.health.no_live"))

    def _assemble(self) -> None:
        self._top, self._middle = QHBoxLayout(), QHBoxLayout()
        self._top.addWidget(self.connection, 1)
        self._top.addWidget(self.reconnect)
        self._top.addWidget(self.connect_button)
        self._middle.addWidget(self.pages)
        self._middle.addWidget(self.summary, 1)
        self._middle.addWidget(self.sync_button)
        content = QWidget()
        self._column = QVBoxLayout(content)
        self._column.addLayout(self._top)
        self._column.addWidget(self.sentence)
        self._column.addLayout(self._middle)
        self._column.addWidget(self._stack, 1)
        content.setFocusProxy(self.tables["health"])
        self.set_content(content)

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        look = self.appearance
        edge = look.px(8)
        self._column.setContentsMargins(0, edge, 0, 0)
        self._column.setSpacing(look.px(6))
        for row in (self._top, self._middle):
            row.setContentsMargins(edge, 0, edge, 0)
            row.setSpacing(edge)
        self.sentence.setContentsMargins(edge, 0, edge, 0)
        self.connection.setFont(look.font("title", bold=True))
        for label in (self.sentence, self.summary):
            label.setFont(look.font("body"))
            colour_label(label, look, "text-secondary")
        self.reconnect.setText(look.tr("health.reconnect"))
        self.connect_button.setText(look.tr("health.connect"))
        for page, columns in zip(_PAGES, (HEALTH_COLUMNS, GAP_COLUMNS, SYNC_COLUMNS), strict=True):
            self.models[page].retranslate()
            prepare_table(self.tables[page], look, columns)
            self.tables[page].use_many()
            self.tables[page].setAccessibleName(look.tr(f"health.page.{page}"))
        self._show_status()
        self._refresh()

    def show_page(self, page: str) -> None:
        """Bring a page to the front."""
        self.pages.set_value(page)
        self._stack.setCurrentIndex(_PAGES.index(page))
        self._refresh()
        if page == "sync" and self._plan is None:
            self._context.spawn(self._load_plan(), "plan the synchronisation")

    # -- facts ------------------------------------------------------------------------------------------------------------

    def came_into_sight(self) -> None:
        """Begin to listen."""
        super().came_into_sight()
        live = self._live
        if live is None or self._subscriptions:
            return
        self._subscriptions = [
            live.status.subscribe(self._on_status),
            live.health.subscribe(self._on_health),
            live.gaps.subscribe(self._on_gaps),
        ]
        self._follow_sync()

    def _follow_sync(self) -> None:
        """A synchroniser comes and goes with its connection."""
        sync = self._live.sync if self._live is not None else None
        if sync is self._sync:
            return
        if self._sync_heard is not None:
            self._sync_heard.close()
        self._sync, self._plan = sync, None
        self._sync_heard = sync.state.subscribe(self._on_sync_state) if sync is not None else None
        self._refresh()
        if self.pages.value() == "sync" and sync is not None:
            self._context.spawn(self._load_plan(), "plan the synchronisation")

    def went_out_of_sight(self) -> None:
        """Stop listening."""
        super().went_out_of_sight()
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []
        if self._sync_heard is not None:
            self._sync_heard.close()
        self._sync = self._sync_heard = None

    def _on_status(self, status: FeedStatus) -> None:
        before, self._status = self._status, status
        self._show_status()
        self._follow_sync()
        if self.pages.value() == "sync" and (before is None or before.host != status.host):
            self._refresh()

    def _show_status(self) -> None:
        status, look = self._status, self.appearance
        if status is None:
            self.connection.setText("")
            self.sentence.hide()
            self.reconnect.hide()
            return
        words = feed_words(look, status)
        self.connection.setText(f"● {' · '.join(words.parts)}")
        self.connection.setToolTip(words.tip)
        colour_label(self.connection, look, words.token)
        self.reconnect.setVisible(status.connection in _LOST)
        sentence = ""
        if status.error is not None:
            sentence = error_sentence(look, status.error)
        elif status.connection is ConnectionState.DISPLACED:
            sentence = look.tr("health.displaced")
        self.sentence.setText(sentence)
        self.sentence.setVisible(bool(sentence))

    def _on_health(self, report: HealthReport) -> None:
        # A replayed day has a clock of its own: that of this machine beside it would only be misread.
        status = self._status
        is_replay = status is not None and status.host == "simulator"
        at_ns = status.market_ns if status is not None and is_replay else report.at_ns
        self.set_state(Ready(AsOf(at_ns)))
        clock = fmt.clock(at_ns, seconds=False)
        if is_replay:
            made_up = f"{self.appearance.tr('live.badge.simulated')} {clock}"
            self.set_live_badge(BadgeLook("flask", made_up, "simulated", "simulated-tint"))
        else:
            self.set_live_badge(BadgeLook("clock", clock, "text-secondary"))  # what is measured is never final
        self._refresh()

    def _on_gaps(self, report: GapReport) -> None:
        self._gaps = report
        self._refresh()

    def _on_sync_state(self, state: SyncState) -> None:
        del state
        self._refresh()

    def _refresh(self) -> None:
        """Fill the page in front; the others are filled when they come to the front."""
        live, look, page = self._live, self.appearance, self.pages.value()
        self.sync_button.setVisible(page == "sync" and live is not None and live.sync is not None)
        if live is None:
            return
        if page == "health":
            report = live.health.last
            self.models[page].update_rows(health_rows(look, report) if report is not None else [])
            self.summary.setText("")
        elif page == "gaps":
            gaps = self._gaps
            self.models[page].update_rows(gap_rows(look, gaps, self._names()) if gaps is not None else [])
            counts = (gaps.found, gaps.filled, gaps.open) if gaps is not None else (0, 0, 0)
            found, filled, still = (f"{count:,}" for count in counts)
            self.summary.setText(look.tr("health.gap.summary", found=found, filled=filled, open=still))
        else:
            self._show_sync()

    def _show_sync(self) -> None:
        live, look = self._live, self.appearance
        sync = live.sync if live is not None else None
        if sync is None:
            self.models["sync"].update_rows([])
            host = self._status.host if self._status is not None else None
            key = f"health.sync.none.{host}"
            self.summary.setText(look.tr(key if look.has_text(key) else "health.sync.none"))
            self.summary.setToolTip(self.summary.text())
            return
        state = sync.state.last
        self.models["sync"].update_rows(sync_rows(look, state, self._plan.steps if self._plan is not None else ()))
        running = state is not None and state.state in ("planning", "running", "stopping")
        self.sync_button.setText(look.tr("health.sync.stop" if running else "health.sync.start"))
        words = [look.tr(f"health.sync.run.{state.state}")] if state is not None else []
        if running and state is not None and state.eta_s is not None:
            words.append(look.tr("health.sync.eta", left=fmt.duration(state.eta_s, look.language, whole=True)))
        elif not running and self._plan is not None:
            left = fmt.duration(self._plan.eta_s, look.language, whole=True)
            words.append(look.tr("health.sync.plan", requests=f"{self._plan.requests:,}", left=left))
        if state is not None and not running:
            for key, at_ns in (("health.sync.last", state.finished_ns), ("health.sync.next", state.next_ns)):
                if at_ns is not None:
                    words.append(look.tr(key, when=fmt.as_of_short(AsOf(at_ns))))
        if state is not None and state.error is not None:
            words.append(error_sentence(look, state.error))
        self.summary.setText(" · ".join(words))
        self.summary.setToolTip(self.summary.text())

    async def _load_plan(self) -> None:
        sync = self._live.sync if self._live is not None else None
        if sync is None:
            return
        try:
            self._plan = await sync.plan()
        except RalphStockError as error:
            self.summary.setText(error_sentence(self.appearance, error))
            return
        self._refresh()

    def _names(self) -> dict[str, str]:
        picture = self._context.workstation.market.last
        if picture is None or self._gaps is None:
            return {}
        panel = picture.panel
        rows = {gap.ticker: panel.row_of(gap.ticker) for gap in self._gaps.gaps}
        names = panel.names_en if self.appearance.language == "en" else panel.names
        return {ticker: str(names[row] or panel.names[row]) for ticker, row in rows.items() if row is not None}

    # -- commands ---------------------------------------------------------------------------------------------------------

    def _on_reconnect(self) -> None:
        if self._live is not None:
            self._live.reconnect()

    def _on_sync(self) -> None:
        sync = self._live.sync if self._live is not None else None
        if sync is None:
            return
        state = sync.state.last
        if state is not None and state.state in ("planning", "running"):
            sync.stop()
        else:
            sync.start()

    def _on_gap_opened(self, row: int) -> None:
        model = self.models["gaps"]
        ticker = model.data(model.index(row, GAP_CODE_COLUMN), Qt.ItemDataRole.DisplayRole)
        if isinstance(ticker, str) and ticker:
            self._context.workstation.select(ticker, "health")

    def set_world(self, *, simulated: bool, past: bool, data_end: AsOf | None = None) -> None:
        """Health is as of now, whatever instant the market is looked at."""
        del past, data_end
        super().set_world(simulated=simulated, past=False, data_end=None)

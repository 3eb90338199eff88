"""Panel 0980: the data ledger and the import of files. Nothing here blocks; files are opened by the workstation only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QStackedWidget

from engine.model.errors import RalphStockError, UserCancelled
from engine.model.instants import AsOf
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, MarketPicture, Ready, SymbolContext
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.import_view import ImportView
from ralphstock_desktop.ui.docks.ledger_view import LedgerView
from ralphstock_desktop.ui.panel import PanelFrame
from ralphstock_desktop.ui.viewmodels.imports import ImportViewModel
from ralphstock_desktop.ui.viewmodels.ledger import LedgerViewModel

__all__ = ["LedgerPanel"]


class LedgerPanel(PanelFrame):
    """The ledger with its import.

    Parameters
    ----------
    context : DockContext
        Workstation, appearance and the starter of tasks.
    """

    def __init__(self, context: DockContext) -> None:
        super().__init__(
            context.appearance,
            panel_id="ledger",
            title_key="shell.dock.ledger",
            screen="0980",
            skeleton="list",
            role="follower",
        )
        self._context = context
        self.ledger_model = LedgerViewModel(context.workstation)
        self.import_model = ImportViewModel(context.workstation)
        self.ledger_view = LedgerView(context.appearance, self.ledger_model)
        self.import_view = ImportView(context.appearance, self.import_model)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.ledger_view)
        self._pages.addWidget(self.import_view)
        self.set_content(self._pages)
        self.setAcceptDrops(True)
        self.ledger_view.import_wanted.connect(self.start_import)
        self.ledger_view.refresh_wanted.connect(self.load)
        self.import_view.paths_chosen.connect(self._on_paths)
        self.import_view.start_wanted.connect(self._on_start)
        self.import_view.cancel_wanted.connect(context.workstation.cancel_job)
        self.import_view.closed.connect(self._on_closed)
        self.retry_requested.connect(self.load)
        self._version = ""
        self._datasets: int | None = None
        context.appearance.changed.connect(self._say_count)
        self._subscriptions = [
            context.workstation.job.subscribe(self.import_view.set_progress, replay=False),
            context.workstation.selection.subscribe(self._on_symbol),
            context.workstation.market.subscribe(self._on_market, replay=False),
        ]
        self.load()

    # -- the ledger -------------------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Read the ledger again."""
        self._context.spawn(self._load(), "load ledger")

    async def _load(self) -> None:
        self.set_state(Loading(Progress("progress.ledger", 0, 0), can_cancel=False))
        try:
            ledger = await self.ledger_model.load()
        except UserCancelled:
            return
        except RalphStockError as error:
            self.set_state(Failed(error))
            return
        self.ledger_view.show_ledger()
        self._datasets = len(ledger.datasets)
        self._say_count()
        if ledger.datasets:
            self.set_state(Ready(AsOf(ledger.taken_at_ns)))
        elif self._pages.currentWidget() is self.import_view:
            self.show_content()
        else:
            self.set_state(Empty("empty.ledger.nothing", action="import"))

    def _say_count(self) -> None:
        if self._datasets is not None:
            self.set_subtitle(self.appearance.tr("ledger.subtitle", count=self._datasets))

    def _on_market(self, picture: MarketPicture) -> None:
        """Read again when the data behind have changed, not on every step of the as-of day."""
        version = f"{picture.kind}:{picture.panel.version}"
        if version != self._version:
            self._version = version
            self.load()

    def _on_symbol(self, context: SymbolContext) -> None:
        if self.link_group:
            self._context.spawn(self._load_symbol(context.ticker), "load symbol coverage")

    async def _load_symbol(self, ticker: str) -> None:
        try:
            await self.ledger_model.load_symbol(ticker)
        except RalphStockError:
            # The ledger's own state tells about a repository that cannot be read; one symbol's rows are then simply absent.
            self.ledger_model.symbol, self.ledger_model.symbol_rows = ticker, ()
        self.ledger_view.show_symbol()

    def set_world(self, *, simulated: bool, past: bool, data_end: AsOf | None = None) -> None:
        """The ledger is as of its reading, whatever instant the market is looked at."""
        del past, data_end
        super().set_world(simulated=simulated, past=False, data_end=None)

    # -- the import -------------------------------------------------------------------------------------------------------

    def start_import(self, paths: Sequence[Path] = ()) -> None:
        """Open the import, with files or folders if some were dropped."""
        self._pages.setCurrentWidget(self.import_view)
        self.show_content()
        if self.import_view.step == "run":
            return
        if paths:
            self._on_paths(list(paths))
        else:
            self.import_view.show_choose()

    def _on_paths(self, paths: list[Path]) -> None:
        if paths:
            self._context.spawn(self._look_at(paths), "preview files")

    async def _look_at(self, paths: Sequence[Path]) -> None:
        self.set_state(Loading(Progress("progress.preview", 0, 0)))
        try:
            await self.import_model.look_at(paths)
        except UserCancelled:
            self.import_view.show_choose()
        except RalphStockError as error:
            self.import_view.show_choose(error)
        else:
            self.import_view.show_check()
        self.show_content()

    def _on_start(self) -> None:
        if self.import_model.can_start:
            self.import_view.show_run()
            self._context.spawn(self._run(), "import files")

    async def _run(self) -> None:
        try:
            report = await self.import_model.run()
        except UserCancelled:
            self.import_view.show_check()
            return
        except RalphStockError as error:
            self.import_view.show_choose(error)
            return
        self.import_view.show_report(report)
        await self._load()

    def _on_closed(self) -> None:
        self._pages.setCurrentWidget(self.ledger_view)
        self.load()

    # -- dropping ---------------------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files and folders may be dropped anywhere on the panel."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Look at what was dropped."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if isinstance(url, QUrl) and url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.start_import(paths)

"""Backtest panel (screen 0871): a plan, its run with progress, the stored runs, and two or three of them side by side."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QScrollArea, QVBoxLayout, QWidget

from ralphstock_desktop.services.contracts import Empty
from ralphstock_desktop.services.strategy_contracts import STRATEGIES
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.controls import ProblemLine
from ralphstock_desktop.ui.dialogs.controls import Segmented, colour_label
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.perf_compare_view import CompareView
from ralphstock_desktop.ui.docks.perf_plan_form import PlanForm
from ralphstock_desktop.ui.docks.perf_runs_view import RunsView
from ralphstock_desktop.ui.docks.table_panel import ExportRequest
from ralphstock_desktop.ui.panel import PanelFrame
from ralphstock_desktop.ui.panel_states import progress_texts
from ralphstock_desktop.ui.viewmodels.backtest_desk import BacktestDesk
from ralphstock_desktop.ui.viewmodels.backtest_plan import parse_manwon
from ralphstock_desktop.ui.viewmodels.backtest_runs import run_line
from ralphstock_desktop.ui.viewmodels.perf_shelf import RunShelf

__all__ = ["PAGES", "BacktestPanel"]

PAGES = ("plan", "runs", "compare")
_WIDE, _FORM = 820, 352


class _RunStrip(QWidget):
    """How far the run is, with its stop button; what the last one came to; what went wrong."""

    stopped = Signal()

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self.what, self.left = QLabel(), QLabel()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.stop = QPushButton()
        self.stop.clicked.connect(self.stopped)
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.problem = ProblemLine(appearance)
        self.running = QWidget()
        self._row = QHBoxLayout(self.running)
        self._row.addWidget(self.what)
        self._row.addWidget(self.bar, 1)
        self._row.addWidget(self.left)
        self._row.addWidget(self.stop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget in (self.running, self.message, self.problem):
            column.addWidget(widget)
        appearance.changed.connect(self.apply)
        self.apply()

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        look, px = self._look, self._look.px
        self.stop.setText(look.tr("backtest_panel.stop"))
        self.bar.setAccessibleName(look.tr("backtest_panel.access.progress"))
        self._row.setContentsMargins(px(10), px(4), px(8), px(4))
        self._row.setSpacing(px(10))
        for label, token in ((self.what, "text"), (self.left, "text-muted"), (self.message, "text-secondary")):
            label.setFont(look.font("caption"))
            colour_label(label, look, token)
        self.message.setContentsMargins(px(10), px(4), px(8), px(4))

    def show_desk(self, desk: BacktestDesk) -> None:
        """Show what the desk says."""
        self.running.setVisible(desk.is_running)
        if desk.is_running:
            progress = desk.progress
            what, left = progress_texts(self._look, progress) if progress is not None else ("", "")
            self.what.setText(what)
            self.left.setText(left)
            known = progress is not None and progress.total > 0
            self.bar.setRange(0, progress.total if known and progress is not None else 0)
            self.bar.setValue(progress.done if known and progress is not None else 0)
            self.bar.setAccessibleDescription(f"{what} {left}".strip())
        problem = desk.problem
        message = "" if desk.is_running or problem else desk.message
        self.message.setText(message)
        self.message.setVisible(bool(message))
        self.problem.set_text(problem)


class _Content(QWidget):
    """Form at the left, list above comparison at the right; in a narrow panel one of the three by choice."""

    page_changed = Signal()

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self.page = PAGES[0]
        self.form = PlanForm(appearance)
        self.strip = _RunStrip(appearance, self)
        self.plan_area = QScrollArea(self)
        self.plan_area.setWidgetResizable(True)
        self.plan_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.plan_area.setWidget(self.form)
        self.runs = RunsView(appearance, self)
        self.compare = CompareView(appearance, self)
        self._bar = QWidget(self)
        self.pages = Segmented(appearance, [(page, f"backtest_panel.page.{page}") for page in PAGES], self._bar)
        row = QHBoxLayout(self._bar)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.pages, 1)
        self.pages.set_value(self.page)
        self.pages.chosen.connect(self.show_page)
        appearance.changed.connect(self.place)
        self.setFocusProxy(self.form.strategy)

    @property
    def is_wide(self) -> bool:
        """Whether all parts are shown."""
        return self.width() >= self._look.px(_WIDE)

    def show_page(self, page: str) -> None:
        """Bring a part to the front; an unknown one changes nothing."""
        if page not in PAGES:
            return
        changed = page != self.page
        self.page = page
        self.pages.set_value(page)
        self.place()
        if changed:
            self.page_changed.emit()

    def sizeHint(self) -> QSize:
        return QSize(self._look.px(900), self._look.px(560))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._look.px(320), self._look.px(220))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.place()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            painter.fillRect(self.rect(), self._look.color("bg-panel"))
            if self.is_wide:
                painter.fillRect(self._look.px(_FORM), 0, 1, self.height(), self._look.color("line-hair"))
        finally:
            painter.end()

    def place(self) -> None:
        """Lay the parts out; also after the strip has become taller or shorter."""
        px, width, height = self._look.px, self.width(), self.height()
        wide = self.is_wide
        self._bar.setVisible(not wide)
        top = 0 if wide else px(34)
        foot = self.strip.heightForWidth(px(_FORM) if wide else width) if self.strip.hasHeightForWidth() else 0
        foot = max(foot, self.strip.sizeHint().height())
        if wide:
            left = px(_FORM)
            self.plan_area.setGeometry(0, 0, left, height)
            self.strip.setGeometry(left + 1, 0, width - left - 1, foot)
            room = height - foot
            upper = round(room * (0.4 if self.compare.table.isVisibleTo(self.compare) else 0.72))
            self.runs.setGeometry(left + 1, foot, width - left - 1, upper)
            self.compare.setGeometry(left + 1, foot + upper, width - left - 1, room - upper)
        else:
            self._bar.setGeometry(px(8), px(4), width - px(16), px(26))
            self.strip.setGeometry(0, top, width, foot)
            for part in (self.plan_area, self.runs, self.compare):
                part.setGeometry(0, top + foot, width, max(px(60), height - top - foot))
        parts: dict[str, QWidget] = {"plan": self.plan_area, "runs": self.runs, "compare": self.compare}
        for page, shown in parts.items():
            shown.setVisible(wide or page == self.page)


class BacktestPanel(PanelFrame):
    """Plans, runs and keeps backtests; a run that is opened appears in the performance panel.

    Signals
    -------
    export_requested(ExportRequest)
    """

    export_requested = Signal(object)

    def __init__(self, context: DockContext) -> None:
        look = context.appearance
        super().__init__(
            look, panel_id="backtest", title_key="shell.dock.backtest", screen="0871", skeleton="list", role="follower"
        )
        self.desk = BacktestDesk(context.workstation, look, context.spawn, RunShelf.of(look))
        self.view = _Content(look)
        self.set_content(self.view)
        desk, form, runs = self.desk, self.view.form, self.view.runs
        form.strategy_changed.connect(self._on_strategy)
        form.run_wanted.connect(self._on_run)
        self.view.strip.stopped.connect(desk.cancel)
        runs.open_wanted.connect(desk.open)
        runs.delete_wanted.connect(desk.delete)
        runs.export_wanted.connect(desk.export)
        runs.compare_wanted.connect(desk.compare)
        desk.changed.connect(self._on_changed)
        desk.runs_changed.connect(self._on_runs)
        desk.rules_changed.connect(self._on_rules)
        desk.compared.connect(self._on_compared)
        desk.opened.connect(lambda: self.action_requested.emit("performance"))
        desk.exported.connect(self._on_exported)
        self.view.page_changed.connect(self.panel_state_changed)
        look.changed.connect(self._apply_look)
        self._apply_look()
        if desk.strategies is None:
            self.set_state(Empty("backtest_panel.empty.none"))
        else:
            self.show_content()

    def _apply_look(self) -> None:
        self._on_rules()
        self._on_runs()
        self._on_changed()

    # -- facts ----------------------------------------------------------------------------------------------------------

    def _on_changed(self) -> None:
        desk, view = self.desk, self.view
        view.strip.show_desk(desk)
        view.form.set_running(desk.is_running)
        view.form.focus_field(desk.problem_field)
        view.strip.layout().activate()  # type: ignore[union-attr]  # the strip always has a layout
        view.place()

    def _on_runs(self) -> None:
        desk = self.desk
        lines = None
        if desk.runs is not None:
            lines = [run_line(self.appearance, summary, desk.few_trades) for summary in desk.runs]
        self.view.runs.show_lines(lines)
        self.set_subtitle(self.appearance.tr("backtest_panel.subtitle", count=len(lines)) if lines else "")

    def _on_rules(self) -> None:
        desk, form = self.desk, self.view.form
        form.set_limits(desk.period)
        form.set_thresholds(desk.thresholds(form.strategy_name))
        form.set_rules(desk.rules(form.strategy_name))

    def _on_compared(self) -> None:
        self.view.compare.show_comparison(self.desk.comparison)
        if self.desk.comparison is not None and not self.view.is_wide:
            self.view.show_page("compare")
        self.view.place()

    def _on_exported(self, file_name: str, text: str) -> None:
        # The text begins with its own mark already, so the encoding adds none.
        self.export_requested.emit(ExportRequest(file_name, text, encoding="utf-8"))

    # -- what the user does ---------------------------------------------------------------------------------------------

    def _on_strategy(self, _strategy: str) -> None:
        self._on_rules()
        self.panel_state_changed.emit()

    def _on_run(self) -> None:
        self.desk.run(self.view.form.draft())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape stops the running test."""
        if event.key() == Qt.Key.Key_Escape and self.desk.is_running:
            self.desk.cancel()
        else:
            super().keyPressEvent(event)

    # -- life and saved state -------------------------------------------------------------------------------------------

    def came_into_sight(self) -> None:
        """Begin to listen."""
        super().came_into_sight()
        self.desk.activate()

    def went_out_of_sight(self) -> None:
        """Stop listening; a running test goes on."""
        super().went_out_of_sight()
        self.desk.deactivate()

    def panel_state(self) -> dict[str, object]:
        """Part in front, strategy and capital of the form."""
        form = self.view.form
        return {
            **super().panel_state(),
            "page": self.view.page,
            "strategy": form.strategy_name,
            "capital": parse_manwon(form.capital.text()),
        }

    def restore_panel_state(self, state: dict[str, object]) -> None:
        """Take back what :meth:`panel_state` gave; damaged entries keep the present values."""
        super().restore_panel_state(state)
        page, strategy, capital = (state.get(name) for name in ("page", "strategy", "capital"))
        if isinstance(page, str) and page in PAGES:
            self.view.show_page(page)
        if isinstance(strategy, str) and strategy in STRATEGIES:
            self.view.form.show_strategy(strategy)
        if isinstance(capital, int) and not isinstance(capital, bool) and capital > 0:
            self.view.form.set_capital(capital)

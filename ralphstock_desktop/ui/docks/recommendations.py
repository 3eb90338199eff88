"""Recommendations (screen 0860): open signals of grade S and A, best first, each with its plan, its reasons and its record."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from ralphstock_desktop.services.contracts import Loading
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.dialogs.controls import colour_label
from ralphstock_desktop.ui.dialogs.number_field import NumberField
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.recommend_view import RecommendListView
from ralphstock_desktop.ui.docks.segments import Segments
from ralphstock_desktop.ui.panel import PanelFrame
from ralphstock_desktop.ui.viewmodels.recommend_rows import CHOICES, MOST, RECOMMEND_ORIGIN, RecommendViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["DisclaimerLine", "RecommendationsPanel"]

_LINE = 16


class DisclaimerLine(QWidget):
    """The fixed sentence under the list, whatever the list shows. It is never elided."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look, self._canvas = appearance, Canvas(appearance)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        appearance.changed.connect(self._on_appearance)
        self._fit()

    @property
    def text(self) -> str:
        """The sentence."""
        return self._look.tr("recommend.disclaimer")

    def _on_appearance(self) -> None:
        self._canvas.reset()
        self._fit()

    def _lines(self) -> list[str]:
        return self._canvas.wrapped(self.text, max(self._look.px(60), self.width() - self._look.px(20)), "caption")

    def _fit(self) -> None:
        self.setFixedHeight(self.sizeHint().height())
        self.setAccessibleName(self.text)
        self.update()

    def sizeHint(self) -> QSize:
        """As many lines as the width asks for."""
        return QSize(self._look.px(240), self._look.px(8 + _LINE * len(self._lines())))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break the sentence anew."""
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw ground, hairline and sentence."""
        painter = QPainter(self)
        try:
            canvas, px = self._canvas, self._look.px
            canvas.begin(painter, self.devicePixelRatioF())
            canvas.fill(0, 0, self.width(), self.height(), "bg-header")
            canvas.fill(0, 0, self.width(), 1, "line-hair")
            for number, line in enumerate(self._lines()):
                top = px(4 + _LINE * number)
                canvas.text(px(10), top, self.width() - px(20), px(_LINE), line, "text-secondary", size="caption")
        finally:
            painter.end()


class RecommendationsPanel(PanelFrame):
    """Choosing a row moves the linked panels, Enter opens the chart.

    Signals
    -------
    chart_requested(str)
        The chart of a ticker should come to the front.
    """

    chart_requested = Signal(str)

    def __init__(self, context: DockContext) -> None:
        super().__init__(
            context.appearance,
            panel_id=RECOMMEND_ORIGIN,
            title_key="shell.dock.recommend",
            screen="0860",
            skeleton="list",
            role="both",
        )
        look = context.appearance
        self.view_model = RecommendViewModel(context.workstation, look, context.spawn)
        self.view = RecommendListView(self.view_model, look)
        self.choice = Segments(look, CHOICES, lambda name: f"recommend_panel.choice.{name}", "recommend_panel.choice.name")
        self.limit_word = QLabel()
        self.limit = NumberField(1, MOST)
        self.disclaimer = DisclaimerLine(look)
        self._bar = QWidget()
        row = QHBoxLayout(self._bar)
        row.addWidget(self.choice)
        row.addStretch(1)
        row.addWidget(self.limit_word)
        row.addWidget(self.limit)
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.view)
        content.setFocusProxy(self.view)
        self.set_content(content)
        # What is asked for and the disclaimer stay in every state.
        self._layout.insertWidget(1, self._bar)
        self._layout.addWidget(self.disclaimer)
        self._connect()
        self._label()
        self.choice.show_value(self.view_model.choice)
        self.limit.set_value(self.view_model.limit)
        self._on_state()

    def _connect(self) -> None:
        vm = self.view_model
        self.choice.chosen.connect(self._on_choice)
        self.limit.value_changed.connect(self._on_limit)
        self.view.opened.connect(self.chart_requested)
        self.retry_requested.connect(vm.ask)
        vm.changed.connect(self._say)
        vm.state_changed.connect(self._on_state)
        self.add_menu_action("recommend_panel.menu.again", vm.ask)
        self.appearance.changed.connect(self._label)

    def _label(self) -> None:
        look, px = self.appearance, self.appearance.px
        layout = self._bar.layout()
        assert layout is not None
        layout.setContentsMargins(px(8), px(4), px(8), px(4))
        layout.setSpacing(px(6))
        self.limit_word.setText(look.tr("recommend_panel.limit"))
        self.limit_word.setFont(look.font("caption"))
        colour_label(self.limit_word, look, "text-muted")
        self.limit.setAccessibleName(look.tr("recommend_panel.limit"))
        self.limit.setFont(look.font("body"))
        self.limit.setFixedWidth(px(46))
        self.view.setAccessibleName(look.tr("recommend_panel.access"))
        self._on_state()

    def _on_choice(self, choice: str) -> None:
        self.view_model.choose_strategy(choice)
        self.panel_state_changed.emit()

    def _on_limit(self, limit: int) -> None:
        self.view_model.choose_limit(limit)
        self.panel_state_changed.emit()

    def _on_state(self) -> None:
        state = self.view_model.panel_state
        if state != self.state or isinstance(state, Loading):
            self.set_state(state)
        self._say()

    def _say(self) -> None:
        count = len(self.view_model.rows)
        self.set_subtitle(self.appearance.tr("recommend_panel.subtitle", count=fmt.number(count)) if count else "")

    # -- life and saved state -------------------------------------------------------------------------------------------

    def came_into_sight(self) -> None:
        """Begin to listen, and ask."""
        super().came_into_sight()
        self.view_model.activate()

    def went_out_of_sight(self) -> None:
        """Stop listening."""
        super().went_out_of_sight()
        self.view_model.deactivate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Drop the word beside the number where there is no room."""
        super().resizeEvent(event)
        needed = self.choice.sizeHint().width() + self.limit.width() + self.limit_word.sizeHint().width()
        self.limit_word.setVisible(self.width() >= needed + self.appearance.px(40))

    def land_on_cell(self, ticker: str, _column: str, _strategy: str = "") -> bool:
        """Choose a row; False if the list does not hold it."""
        if ticker not in self.view.identities():
            return False
        self.view_model.choose(ticker)
        return True

    def panel_state(self) -> dict[str, object]:
        """What is asked for."""
        return {**super().panel_state(), "choice": self.view_model.choice, "limit": self.view_model.limit}

    def restore_panel_state(self, state: dict[str, object]) -> None:
        """Take back what :meth:`panel_state` gave; damaged entries keep the present value."""
        super().restore_panel_state(state)
        choice, limit = state.get("choice"), state.get("limit")
        if choice in CHOICES:
            self.choice.show_value(str(choice))
            self.view_model.choose_strategy(str(choice))
        if type(limit) is int and 1 <= limit <= MOST:
            self.limit.set_value(limit)
            self.view_model.choose_limit(limit)

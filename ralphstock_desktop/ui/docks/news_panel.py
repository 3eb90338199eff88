"""News panel (screen 0850): what was written about the linked stock or the whole market, and what it was worth."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence, QPainter, QPaintEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.dialogs.controls import Segmented
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.news_view import NewsListView
from ralphstock_desktop.ui.panel import PanelFrame
from ralphstock_desktop.ui.viewmodels.news_rows import NEWS_ORIGIN, NewsViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["NewsHeadView", "NewsPanel"]

_MODES = ("symbol", "market")


class NewsHeadView(QWidget):
    """Points of the stock, their sums, a veto, and a language model's word."""

    def __init__(self, view_model: NewsViewModel, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._vm, self._look = view_model, appearance
        self._canvas = Canvas(appearance)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        view_model.changed.connect(self._fit)
        appearance.changed.connect(self._on_appearance)
        self._fit()

    def _on_appearance(self) -> None:
        self._canvas.reset()
        self._fit()

    def sizeHint(self) -> QSize:
        """One line, and those of the model's word."""
        return QSize(self._look.px(240), self._look.px(28 + 16 * len(self._verdict())))

    def _verdict(self) -> list[str]:
        head = self._vm.head
        if head is None or not head.verdict:
            return []
        return self._canvas.wrapped(head.verdict, max(self._look.px(60), self.width() - self._look.px(20)))

    def _fit(self) -> None:
        head = self._vm.head
        self.setVisible(head is not None)
        self.setFixedHeight(self.sizeHint().height())
        if head is not None:
            veto = self._look.tr("news_panel.veto") if head.veto else ""
            self.setAccessibleName(", ".join(part for part in (head.points, head.sums, veto, head.verdict) if part))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the line."""
        painter = QPainter(self)
        try:
            canvas, px, head = self._canvas, self._look.px, self._vm.head
            canvas.begin(painter, self.devicePixelRatioF())
            canvas.fill(0, 0, self.width(), self.height(), "bg-panel")
            if head is None:
                return
            token = "unknown" if head.missing else "text"
            used = round(canvas.text(px(12), 0, self.width(), px(28), head.points, token, size="title", bold=True))
            left = px(12) + used + px(12)
            if head.veto:
                left = round(
                    canvas.text_chip(0, 0, px(28), self._look.tr("news_panel.veto"), edge="danger", ink="danger", left=left)
                )
                left += round(canvas.width(self._look.tr("news_panel.veto"), "caption", True)) + px(20)
            canvas.text(left, 0, self.width() - left - px(8), px(28), head.sums, "text-muted", size="caption", elide=True)
            for number, line in enumerate(self._verdict()):
                canvas.text(px(12), px(26 + 16 * number), self.width(), px(16), line, "text-secondary", size="caption")
            canvas.fill(0, self.height() - 1, self.width(), 1, "line-hair")
        finally:
            painter.end()


class NewsPanel(PanelFrame):
    """Follows the selected symbol; choosing an article moves the chart to its bar."""

    def __init__(self, context: DockContext) -> None:
        super().__init__(
            context.appearance,
            panel_id=NEWS_ORIGIN,
            title_key="shell.dock.news",
            screen="0850",
            skeleton="list",
            role="both",
        )
        look = context.appearance
        self._workstation = context.workstation
        self.view_model = NewsViewModel(context.workstation, look, context.chart_link)
        self.modes = Segmented(look, [(mode, f"news_panel.mode.{mode}") for mode in _MODES])
        self.field = QLineEdit()
        self.field.setClearButtonEnabled(True)
        self.head = NewsHeadView(self.view_model, look)
        self.view = NewsListView(self.view_model, look)
        self._bar = QHBoxLayout()
        self._bar.addWidget(self.modes)
        self._bar.addWidget(self.field, 1)
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(self._bar)
        box.addWidget(self.head)
        box.addWidget(self.view, 1)
        content.setFocusProxy(self.view)
        self.set_content(content)
        vm = self.view_model
        self.modes.set_value(vm.mode)
        self.modes.chosen.connect(self._on_mode)
        self.field.textChanged.connect(vm.search)
        vm.state_changed.connect(self._on_state)
        vm.changed.connect(self._say)
        self.cancel_requested.connect(context.workstation.cancel_job)
        find = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self)
        find.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        find.activated.connect(lambda: self.field.setFocus(Qt.FocusReason.ShortcutFocusReason))
        look.changed.connect(self._label)
        self._label()
        self._on_state()

    def _label(self) -> None:
        look, px = self.appearance, self.appearance.px
        self._bar.setContentsMargins(px(8), px(4), px(8), px(4))
        self._bar.setSpacing(px(6))
        for button in self.modes.buttons.values():
            button.setFont(look.font("caption"))
        self.field.setPlaceholderText(look.tr("news_panel.search"))
        self.field.setAccessibleName(look.tr("news_panel.access.search"))
        self.field.setFont(look.font("body"))
        self.view.setAccessibleName(look.tr("news_panel.access.list"))
        self._say()

    def _on_mode(self, mode: str) -> None:
        self.view_model.choose_mode(mode)
        self.panel_state_changed.emit()

    def _on_state(self) -> None:
        state = self.view_model.panel_state
        if state is not None:
            self.set_state(state)

    def _say(self) -> None:
        """``효성중공업 · 3묶음`` or ``812건``."""
        vm, tr = self.view_model, self.appearance.tr
        if vm.picture is None:
            self.set_subtitle("")
            return
        shown = sum(1 for row in vm.rows if row.kind in ("cluster", "item"))
        count = fmt.number(vm.total)
        if vm.words and shown != vm.total:
            count = tr("news_panel.subtitle.found", found=fmt.number(shown), count=count)
        if vm.mode == "market":
            self.set_subtitle(tr("news_panel.subtitle.market", count=count))
        elif vm.ticker:
            self.set_subtitle(tr("news_panel.subtitle.symbol", name=vm.name(vm.ticker), count=count))

    def land_on_article(self, news_id: int, url: str, ticker: str) -> bool:
        """Go to an article, in the list of its stock or else of the whole market; False if neither holds it."""
        vm = self.view_model
        if ticker and ticker != vm.ticker:
            context = self._workstation
            context.select(ticker, "chat")
        self.field.clear()
        for mode in ("symbol", "market") if ticker else ("market", "symbol"):
            self.modes.set_value(mode)
            vm.choose_mode(mode)
            identity = vm.find(news_id, url)
            if identity:
                vm.choose(identity)
                return True
        return False

    # -- life and saved state ---------------------------------------------------------------------------------------------

    def came_into_sight(self) -> None:
        """Begin to listen."""
        super().came_into_sight()
        self.view_model.activate()

    def went_out_of_sight(self) -> None:
        """Stop listening."""
        super().went_out_of_sight()
        self.view_model.deactivate()

    def panel_state(self) -> dict[str, object]:
        """Whose news are shown."""
        return {**super().panel_state(), "mode": self.view_model.mode}

    def restore_panel_state(self, state: dict[str, object]) -> None:
        """Take back what :meth:`panel_state` gave; a damaged entry keeps the present value."""
        super().restore_panel_state(state)
        mode = state.get("mode")
        if isinstance(mode, str) and mode in _MODES:
            self.modes.set_value(mode)
            self.view_model.choose_mode(mode)

"""One threshold: its name, from where to where it was moved, the market's distribution of it, and the handle (design.md §11).

Painted as one piece and 42 px tall, so that a panel can hold many of them. Only the groove takes the pointer; the wheel scrolls
the panel and never moves a rule.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QWidget

from ralphstock_desktop.services.strategy_contracts import Threshold
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.viewmodels.what_if_words import (
    InvalidValue,
    on_step,
    parse_value,
    threshold_help,
    threshold_title,
    value_text,
)

__all__ = ["ThresholdSlider"]

_TALL, _PROBLEM_TALL = 42, 16
_HEAD = 19
"""Height of the line with name and value."""
_PAGE_STEPS = 10
_EDITOR_WIDE = 104


class ThresholdSlider(QWidget):
    """Arrows move one step, Page keys ten, Home and End to the limits, Del or a double click to the default, Enter types.

    Parameters
    ----------
    move : callable
        Asks for a value; returns why it cannot stand there, else an empty text.

    Signals
    -------
    held(bool)
        The handle was taken, or let go.
    """

    held = Signal(bool)

    def __init__(
        self, appearance: Appearance, threshold: Threshold, move: Callable[[str, float], str], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._look, self._move = appearance, move
        self._canvas = Canvas(appearance)
        self.threshold = threshold
        self.value = threshold.value
        self.problem = ""
        self._held = False
        self._bars: tuple[float, ...] = ()
        self.editor = QLineEdit(self)
        self.editor.hide()
        self.editor.installEventFilter(self)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        appearance.changed.connect(self._apply)
        self.show_threshold(threshold)
        self._apply()

    # -- what is shown --------------------------------------------------------------------------------------------------

    def show_threshold(self, threshold: Threshold) -> None:
        """Take default, limits and distribution; where it stands is said by :meth:`show_value`."""
        self.threshold = threshold
        counts = threshold.histogram or ()
        most = max(counts, default=0.0)
        # Square root: the tail, where thresholds stand, stays visible beside the crowd.
        self._bars = tuple(math.sqrt(count / most) for count in counts) if most > 0 else ()
        self._label()
        self._describe()
        self.update()

    def show_value(self, value: float) -> None:
        """Take where it stands; while the handle is held the hand knows better."""
        if not self._held and value != self.value:
            self.value = value
            self._say("")
            self._describe()
            self.update()

    @property
    def changed(self) -> bool:
        """Whether it stands elsewhere than the standard rules say."""
        return abs(self.value - self.threshold.default) > 1e-12

    @property
    def title(self) -> str:
        """Name in the words of the trade."""
        return threshold_title(self._look, self.threshold.name)

    def text(self, value: float) -> str:
        """A value with its unit."""
        return value_text(self._look, self.threshold.name, self.threshold.spec, value)

    def _apply(self) -> None:
        self._canvas.reset()
        self._label()
        self._fit()
        self._describe()
        self.update()

    def _label(self) -> None:
        self.setToolTip(f"{self.title}\n{threshold_help(self._look, self.threshold)}")
        self.editor.setAccessibleName(self.title)

    def _describe(self) -> None:
        words = self._look.tr(
            "what_if.access.slider",
            title=self.title,
            default=self.text(self.threshold.default),
            value=self.text(self.value),
        )
        self.setAccessibleName(words)
        self.setAccessibleDescription(self.problem)

    def _say(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            self._fit()
            self._describe()
            self.update()

    def _fit(self) -> None:
        self.setFixedHeight(self._look.px(_TALL + (_PROBLEM_TALL if self.problem else 0)))

    def sizeHint(self) -> QSize:
        return QSize(self._look.px(280), self.height())

    # -- geometry -------------------------------------------------------------------------------------------------------

    def groove(self) -> QRect:
        """Where the handle runs."""
        px = self._look.px
        return QRect(px(12), px(31), max(px(40), self.width() - px(24)), px(3))

    def x_of(self, value: float) -> float:
        """Where a value lies on the groove."""
        spec, groove = self.threshold.spec, self.groove()
        share = (value - spec.low) / (spec.high - spec.low)
        return groove.left() + min(max(share, 0.0), 1.0) * groove.width()

    def _value_at(self, x: float) -> float:
        spec, groove = self.threshold.spec, self.groove()
        share = min(max((x - groove.left()) / groove.width(), 0.0), 1.0)
        return on_step(spec, spec.low + share * (spec.high - spec.low))

    def _value_box(self) -> QRect:
        px = self._look.px
        wide = round(self._canvas.width(self.text(self.value), "body", True)) + px(8)
        return QRect(self.width() - px(12) - wide, 0, wide + px(4), px(_HEAD))

    # -- moving ---------------------------------------------------------------------------------------------------------

    def ask(self, value: float) -> bool:
        """Move there if it is allowed; say why in place if it is not."""
        if value == self.value and not self.problem:
            return True
        problem = self._move(self.threshold.name, value)
        if not problem:
            self.value = value
        self._say(problem)
        self._describe()
        self.update()
        return not problem

    def _step(self, steps: int) -> None:
        spec = self.threshold.spec
        value = self.value + steps * spec.step
        # From between two steps one goes on to the next of the grid, not beyond it.
        self.ask(on_step(spec, value))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the handle, wherever on the groove; or the value, to type another."""
        if event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        x, y = event.position().x(), event.position().y()
        if y < self._look.px(_HEAD):
            if self._value_box().contains(event.position().toPoint()):
                self.edit()
            return
        self._hold(True)
        if abs(x - self.x_of(self.value)) > self._look.px(8):
            self.ask(self._value_at(x))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Every move of a held handle is a move of the rules."""
        if self._held:
            self.ask(self._value_at(event.position().x()))
            return
        over_value = self._value_box().contains(event.position().toPoint())
        over_groove = event.position().y() >= self._look.px(_HEAD)
        shape = Qt.CursorShape.IBeamCursor if over_value else Qt.CursorShape.PointingHandCursor
        self.setCursor(shape if over_value or over_groove else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._hold(False)
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Back to the default."""
        if event.button() == Qt.MouseButton.LeftButton and not self._value_box().contains(event.position().toPoint()):
            self._hold(False)
            self.ask(self.threshold.default)

    def _hold(self, held: bool) -> None:
        if held != self._held:
            self._held = held
            self.held.emit(held)
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """See the class text."""
        key = Qt.Key(event.key())
        steps = {
            Qt.Key.Key_Left: -1, Qt.Key.Key_Down: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: 1,
            Qt.Key.Key_PageDown: -_PAGE_STEPS, Qt.Key.Key_PageUp: _PAGE_STEPS,
        }.get(key)  # fmt: skip
        spec = self.threshold.spec
        plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier == Qt.KeyboardModifier.NoModifier
        if not plain:
            super().keyPressEvent(event)
        elif steps is not None:
            self._step(steps)
        elif key in {Qt.Key.Key_Home, Qt.Key.Key_End}:
            self.ask(float(spec.low if key == Qt.Key.Key_Home else spec.high))
        elif key in {Qt.Key.Key_Delete, Qt.Key.Key_Backspace}:
            self.ask(self.threshold.default)
        elif key in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2}:
            self.edit()
        elif event.text().isdigit() or event.text() in {"-", "."}:
            self.edit(event.text())
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring."""
        super().focusOutEvent(event)
        self._hold(False)
        self.update()

    # -- typing ---------------------------------------------------------------------------------------------------------

    def edit(self, begun: str = "") -> None:
        """Open the field over the value; with what was typed already, or with the value."""
        self._place_editor()
        self.editor.setText(begun or self.text(self.value))
        self.editor.show()
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)
        if not begun:
            self.editor.selectAll()

    def _place_editor(self) -> None:
        px = self._look.px
        self.editor.setFont(self._look.font("body", bold=True))
        self.editor.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        wide = min(px(_EDITOR_WIDE), self.width() - px(24))
        self.editor.setGeometry(self.width() - px(12) - wide, 0, wide, px(26))

    def _on_typed(self) -> None:
        try:
            value = parse_value(self._look, self.threshold.name, self.threshold.spec, self.editor.text())
        except InvalidValue as error:
            self._say(self._look.tr(error.key, **error.fields))
            self.editor.selectAll()
            return
        if self.ask(value):
            self.close_editor()

    def close_editor(self) -> None:
        """Leave the field; what stands in it and was not entered is forgotten."""
        if not self.editor.isHidden():
            had_focus = self.editor.hasFocus()
            self.editor.hide()
            if had_focus:
                self.setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter in the field takes what was typed; Esc, or leaving it, gives up."""
        if watched is self.editor:
            if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
                # Taken here: a line edit lets Enter go on to its parent, which would open the field again.
                if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                    self._on_typed()
                    return True
                if event.key() == Qt.Key.Key_Escape:
                    self._say("")
                    self.close_editor()
                    return True
            if event.type() == QEvent.Type.FocusOut and self.editor.isVisible():
                self.editor.hide()
                self._say("")
        return False

    # -- painting -------------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.editor.isVisible():
            self._place_editor()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            self._canvas.begin(painter, self.devicePixelRatioF())
            self._paint_words()
            self._paint_market()
            self._paint_groove(painter)
            if self.problem:
                self._paint_problem(painter)
        finally:
            painter.end()

    def _paint_words(self) -> None:
        canvas, px, changed = self._canvas, self._look.px, self.changed
        canvas.fill(0, 0, self.width(), self.height(), "bg-panel")
        right, tall = self.width() - px(12), px(_HEAD)
        now = self.text(self.value)
        used = canvas.width(now, "body", True)
        canvas.text(right - used, 0, used, tall, now, "warning" if changed else "text", bold=True)
        room = right - used - px(12) - px(8)
        if changed:
            before = self._look.tr("what_if.value.change", before=self.text(self.threshold.default))
            wide = canvas.width(before, "caption")
            canvas.text(right - used - px(6) - wide, 0, wide, tall, before, "text-muted", size="caption")
            room -= wide + px(6)
        canvas.text(
            px(12), 0, max(px(30), room), tall, self.title, "text" if changed else "text-secondary", bold=changed, elide=True
        )

    def _paint_market(self) -> None:
        if not self._bars:
            return
        canvas, groove, px = self._canvas, self.groove(), self._look.px
        full, bottom = px(10), groove.top() - px(1)
        edges = [groove.left() + round(groove.width() * place / len(self._bars)) for place in range(len(self._bars) + 1)]
        for place, share in enumerate(self._bars):
            tall = math.ceil(full * share)
            if tall:
                left = edges[place]
                canvas.fill(left, bottom - tall, max(1, edges[place + 1] - left - 1), tall, "line-strong")

    def _paint_groove(self, painter: QPainter) -> None:
        canvas, groove, px, changed = self._canvas, self.groove(), self._look.px, self.changed
        canvas.fill(groove.left(), groove.top(), groove.width(), groove.height(), "line-control")
        stored, now = round(self.x_of(self.threshold.default)), self.x_of(self.value)
        if changed:
            left, right = sorted((stored, round(now)))
            canvas.fill(left, groove.top(), max(1, right - left), groove.height(), "warning")
            canvas.fill(stored - 1, groove.top() - px(4), 2, groove.height() + px(8), "text-secondary")
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        radius = px(12) / 2
        centre_y = groove.top() + groove.height() / 2
        disc = QRectF(now - radius, centre_y - radius, 2 * radius, 2 * radius)
        painter.setPen(QPen(self._look.color("bg-panel"), 1))
        painter.setBrush(self._look.color("warning" if changed else "text-secondary"))
        painter.drawEllipse(disc)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._look.color("focus"), 2))
            painter.drawEllipse(disc.adjusted(-2, -2, 2, 2))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        canvas.begin(painter, self.devicePixelRatioF())

    def _paint_problem(self, painter: QPainter) -> None:
        px = self._look.px
        top = px(_TALL - 2)
        painter.drawPixmap(px(12), top, self._look.pixmap("error", "danger", 14, self.devicePixelRatioF()))
        room = self.width() - px(44)
        self._canvas.text(px(30), top, room, px(14), self.problem, "danger", size="caption", elide=True)

"""The one widget that draws loading, empty, offline and failed for every panel, and the strip and line over data."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from engine.model.instants import AsOf
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, Offline, PanelState, Stale
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.controls import WordButton
from ralphstock_desktop.ui.dialogs.errors import error_code, error_sentence
from ralphstock_desktop.wording import format as fmt

__all__ = ["ProgressLine", "Skeleton", "StatePage", "StateStrip", "TextButton", "progress_texts"]

Skeleton = Literal["table", "list", "chart"]


def progress_texts(appearance: Appearance, progress: Progress) -> tuple[str, str]:
    """Return what is being done (with how many of how many) and how long it still takes, for any progress."""
    what = appearance.tr(progress.stage) if appearance.has_text(progress.stage) else appearance.tr("progress.working")
    if progress.total > 0:
        what = f"{what} · {progress.done:,} / {progress.total:,}"
    part = f"progress.part.{progress.detail}"
    detail = appearance.tr(part) if appearance.has_text(part) else progress.detail
    rest = [detail] if detail else []
    if progress.seconds_left is not None:
        rest.insert(
            0,
            appearance.tr("progress.left", time=fmt.duration(max(1.0, progress.seconds_left), appearance.language, whole=True)),
        )
    return what, " · ".join(rest)


class TextButton(QPushButton):
    """A word that can be clicked, without a frame."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self.setFlat(True)
        self.setObjectName("link")
        self.setCursor(Qt.CursorShape.PointingHandCursor)


class ProgressLine(QWidget):
    """The 2-px line at the top of a panel. Without a known size it is drawn whole but faint."""

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self._share: float | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def set_progress(self, progress: Progress) -> None:
        """Show done / total."""
        self._share = progress.done / progress.total if progress.total > 0 else None
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the share that is done."""
        del event
        painter = QPainter(self)
        try:
            if self._share is None:
                painter.fillRect(self.rect(), self._appearance.color("accent", 0.5))
            else:
                done = QRect(0, 0, round(self.width() * min(1.0, self._share)), self.height())
                painter.fillRect(done, self._appearance.color("accent"))
        finally:
            painter.end()


class StateStrip(QWidget):
    """The 26-px strip above data that are old or cut off from their source."""

    action = Signal()

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self._token = "stale"
        self._icon, self._head, self._text = QLabel(), QLabel(), QLabel()
        self._button = TextButton(appearance)
        self._button.clicked.connect(self.action)
        layout = QHBoxLayout(self)
        layout.addWidget(self._icon)
        layout.addWidget(self._head)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._button)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._shown: Stale | Offline | None = None

    def show_state(self, state: Stale | Offline) -> None:
        """Fill the strip for a stale or offline panel."""
        look = self._appearance
        self._shown = state
        if isinstance(state, Stale):
            self._token, icon = "stale", "stale"
            head = look.tr("shell.state.stale.head", age=fmt.age(state.age_s, look.language))
            text = look.tr(state.reason_key)
        else:
            self._token, icon = "unknown", "offline"
            since = look.tr("shell.state.offline.since", time=fmt.clock(state.since_ns))
            head = f"{look.tr('shell.state.offline.head')} · {since}"
            text = _next_try(look, state)
        self._icon.setPixmap(look.pixmap(icon, self._token, 14, self.devicePixelRatioF()))
        self._head.setText(head)
        self._head.setFont(look.font("body", bold=True))
        self._text.setText(text)
        self._text.setToolTip(text)
        self._text.setFont(look.font("body"))
        palette = self._head.palette()
        palette.setColor(palette.ColorRole.WindowText, look.color(self._token))
        self._head.setPalette(palette)
        is_away = isinstance(state, Offline)
        self._button.setText(look.tr("shell.state.offline.retry" if is_away else "shell.state.refresh"))
        self._button.setFont(look.font("body", bold=True))
        self.setFixedHeight(look.px(26))
        layout = self.layout()
        if layout is not None:
            layout.setContentsMargins(look.px(8), 0, look.px(4), 0)
            layout.setSpacing(look.px(8))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground and the coloured edge."""
        del event
        painter = QPainter(self)
        try:
            painter.fillRect(self.rect(), self._appearance.color("bg-header"))
            painter.fillRect(0, 0, 2, self.height(), self._appearance.color(self._token))
            painter.fillRect(0, self.height() - 1, self.width(), 1, self._appearance.color("line-hair"))
        finally:
            painter.end()


def _next_try(look: Appearance, state: Offline) -> str:
    if state.next_try_s is None:
        return look.tr("shell.state.offline.still")
    return look.tr("shell.state.offline.next", time=fmt.duration(state.next_try_s, look.language, whole=True))


class _Disc(QWidget):
    """The round ground with the big icon of a state."""

    def __init__(self, appearance: Appearance) -> None:
        super().__init__()
        self._appearance = appearance
        self.icon, self.token = "table", "text-secondary"

    def sizeHint(self) -> QSize:
        """48 px at 100 %."""
        return QSize(self._appearance.px(48), self._appearance.px(48))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw disc and icon."""
        del event
        look = self._appearance
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.color("bg-header"))
            side = look.px(48)
            left = (self.width() - side) // 2
            painter.drawEllipse(left, 0, side, side)
            icon = look.px(24)
            painter.drawPixmap(
                QPoint(left + (side - icon) // 2, (side - icon) // 2),
                look.pixmap(self.icon, self.token, 24, self.devicePixelRatioF()),
            )
        finally:
            painter.end()


class _SkeletonView(QWidget):
    """Grey blocks where rows, bars or evidence will be."""

    def __init__(self, appearance: Appearance, kind: Skeleton) -> None:
        super().__init__()
        self._appearance, self._kind = appearance, kind
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the blocks of the kind, fading out downwards."""
        del event
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            if self._kind == "chart":
                self._paint_chart(painter)
            else:
                self._paint_rows(painter)
        finally:
            painter.end()

    def _paint_rows(self, painter: QPainter) -> None:
        look, width = self._appearance, self.width()
        row = look.space("row_compact" if self._kind == "table" else "row_evidence")
        columns = ((0.02, 0.05), (0.10, 0.24), (0.42, 0.13), (0.59, 0.12), (0.76, 0.21))
        if self._kind == "list":
            columns = ((0.03, 0.04), (0.11, 0.36), (0.55, 0.14), (0.74, 0.10), (0.89, 0.08))
        count = max(1, self.height() // row)
        for index in range(count):
            fade = 1.0 - 0.75 * index / count
            painter.setBrush(look.color("bg-raised", round(fade, 2)))
            for column, (start, share) in enumerate(columns):
                # Widths differ from row to row as names do, by a fixed pattern: a skeleton must not shimmer on repaint.
                length = share * (1.0 if column != 1 else (0.9, 0.7, 1.0, 0.6, 0.8)[index % 5])
                block = QRect(
                    round(start * width), index * row + (row - look.px(8)) // 2, max(4, round(length * width)), look.px(8)
                )
                painter.drawRoundedRect(block, look.px(2), look.px(2))

    def _paint_chart(self, painter: QPainter) -> None:
        look, width, height = self._appearance, self.width(), self.height()
        painter.setBrush(look.color("bg-raised"))
        step = look.px(12)
        heights = (3, 4, 6, 5, 7, 8, 6, 7, 9, 8, 10, 9, 8, 9, 10, 12, 11, 10, 11, 12, 13, 12, 13, 14)
        for index in range(max(0, width // step - 4)):
            level = heights[index % len(heights)]
            top = round(height * (0.72 - level * 0.035))
            painter.drawRect(index * step + look.px(8), top, look.px(6), look.px(18 + level))
            painter.drawRect(
                index * step + look.px(8), round(height * 0.95) - look.px(2 * level), look.px(6), look.px(2 * level)
            )


class StatePage(QWidget):
    """What is shown in place of the content: loading, empty, offline or failed."""

    cancel = Signal()
    retry = Signal()
    report = Signal()
    step = Signal(str)

    def __init__(self, appearance: Appearance, kind: Skeleton, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self._step = ""
        self.skeleton = _SkeletonView(appearance, kind)
        self.disc = _Disc(appearance)
        self.head, self.line, self.note = QLabel(), QLabel(), QLabel()
        for label in (self.head, self.line, self.note):
            label.setWordWrap(True)
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self.stop = TextButton(appearance)
        self.primary, self.secondary = WordButton(), QPushButton()
        self.primary.setCheckable(True)  # drawn like the chosen button of the design: accent on a tint
        self.stop.clicked.connect(self.cancel)
        self.primary.clicked.connect(self._on_primary)
        self.secondary.clicked.connect(self.report)

        self._loading = QWidget()
        self._what, self._left = QLabel(), QLabel()
        foot = QHBoxLayout()
        foot.addWidget(self._what, 1)
        foot.addWidget(self.stop)
        loading = QVBoxLayout(self._loading)
        loading.addWidget(self.skeleton, 1)
        loading.addLayout(foot)
        loading.addWidget(self._left)
        self._what.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._left.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

        self._message = QWidget()
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.primary)
        buttons.addWidget(self.secondary)
        buttons.addStretch(1)
        message = QVBoxLayout(self._message)
        message.addStretch(2)
        for widget in (self.disc, self.head, self.line, self.note):
            message.addWidget(widget)
        message.addLayout(buttons)
        message.addStretch(3)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._loading)
        layout.addWidget(self._message)

    def sizeHint(self) -> QSize:
        """Modest, so that a state never widens its dock."""
        return QSize(self._appearance.px(240), self._appearance.px(160))

    def minimumSizeHint(self) -> QSize:
        """Small: the text wraps."""
        return QSize(self._appearance.px(120), self._appearance.px(80))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A page too low for disc and words keeps the words."""
        super().resizeEvent(event)
        self._fit_disc()

    def _fit_disc(self) -> None:
        layout = self._message.layout()
        if layout is None:
            return
        self.disc.setVisible(True)
        layout.invalidate()
        self.disc.setVisible(layout.totalHeightForWidth(self.width()) <= self.height())

    def focus_target(self) -> QWidget:
        """The button that Enter should press."""
        for button in (self.stop, self.primary, self.secondary):
            if button.isVisible() and button.isEnabled():
                return button
        return self

    def show_state(self, state: PanelState, title: str, as_of: AsOf | None) -> None:
        """Fill the page for one of the four states."""
        look = self._appearance
        self._apply_sizes()
        is_loading = isinstance(state, Loading)
        self._loading.setVisible(is_loading)
        self._message.setVisible(not is_loading)
        if isinstance(state, Loading):
            what, left = progress_texts(look, state.progress)
            self._what.setText(what)
            self._what.setToolTip(what)
            self._left.setText(left)
            self._left.setVisible(bool(left))
            self.stop.setText(look.tr("shell.state.stop"))
            self.stop.setVisible(state.can_cancel)
        elif isinstance(state, Empty):
            self._show_empty(state)
        elif isinstance(state, Offline):
            since = look.tr("shell.state.offline.since", time=fmt.clock(state.since_ns))
            if as_of is not None:
                since = f"{since} · {look.tr('shell.state.offline.last', when=fmt.as_of_short(as_of))}"
            next_try = _next_try(look, state) if state.next_try_s is not None else ""
            still = look.tr("shell.state.offline.still")
            note = f"{next_try} · {still}" if next_try else still
            self._fill("offline", "text-secondary", look.tr("shell.state.offline.head"), since, note)
            self._buttons(look.tr("shell.state.offline.retry"), "")
        elif isinstance(state, Failed):
            sentence = f"{error_sentence(look, state.error)} ({error_code(state.error)})"
            head = look.tr("shell.state.failed.head", title=title)
            self._fill("error", "danger", head, sentence, look.tr("shell.state.failed.rest"))
            self._buttons(look.tr("shell.state.retry") if state.can_retry else "", look.tr("shell.state.report"))
        self._step = state.action if isinstance(state, Empty) else ""
        self._fit_disc()

    def _show_empty(self, state: Empty) -> None:
        look = self._appearance
        detail = f"{state.reason_key}.detail"
        line = look.tr(detail, **state.fields) if look.has_text(detail) else ""
        self._fill("table", "text-secondary", look.tr(state.reason_key, **state.fields), line, "")
        action_key = f"empty.action.{state.action}"
        self._buttons(look.tr(action_key) if state.action and look.has_text(action_key) else "", "")

    def _fill(self, icon: str, token: str, head: str, line: str, note: str) -> None:
        self.disc.icon, self.disc.token = icon, token
        self.disc.update()
        for label, text in ((self.head, head), (self.line, line), (self.note, note)):
            label.setText(text)
            label.setVisible(bool(text))
        self._message.setAccessibleName(" ".join(text for text in (head, line, note) if text))

    def _buttons(self, primary: str, secondary: str) -> None:
        for button, text in ((self.primary, primary), (self.secondary, secondary)):
            button.setText(text)
            button.setVisible(bool(text))
        self.primary.setChecked(True)

    def _on_primary(self) -> None:
        self.primary.setChecked(True)
        if self._step:
            self.step.emit(self._step)
        else:
            self.retry.emit()

    def _apply_sizes(self) -> None:
        look = self._appearance
        self.disc.setFixedHeight(look.px(48))
        for label, font, token in (
            (self.head, look.font("value", bold=True), "text"),
            (self.line, look.font("body"), "text-secondary"),
            (self.note, look.font("body"), "text-muted"),
            (self._what, look.font("body", bold=True), "text"),
            (self._left, look.font("body"), "text-muted"),
        ):
            label.setFont(font)
            palette = label.palette()
            palette.setColor(palette.ColorRole.WindowText, look.color(token))
            label.setPalette(palette)
        self.stop.setFont(look.font("body", bold=True))
        for widget, margin in ((self._loading, 12), (self._message, 16)):
            layout = widget.layout()
            if layout is not None:
                layout.setContentsMargins(*(look.px(margin),) * 4)
                layout.setSpacing(look.px(6))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Fill the ground: the page stands in for the content."""
        del event
        painter = QPainter(self)
        try:
            painter.fillRect(self.rect(), self._appearance.color("bg-panel"))
        finally:
            painter.end()

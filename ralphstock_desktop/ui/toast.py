"""One toast: a notice with its three actions, in a small window that never takes the keyboard by itself."""

from __future__ import annotations

from PySide6.QtCore import QEasingCurve, QEvent, QObject, QPoint, QSize, Qt, QTimer, QVariantAnimation, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QCloseEvent, QEnterEvent, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QPushButton, QWidget

from ralphstock_desktop.strategy_ports import NoticeRecord
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.panel_header import IconButton
from ralphstock_desktop.ui.viewmodels.alert_rows import MUTE_MINUTES, chip_look, kind_word, notice_body, notice_name
from ralphstock_desktop.wording import format as fmt

__all__ = ["KEYS", "Toast"]

KEYS = "Alt+N"
"""Shortcut that puts the keyboard into the newest toast."""
_LEAST_LEFT_MS = 2_000
"""A toast that the pointer leaves stays at least this long."""
_IN_MS = 120
_RISE = 12
_SIZE = QSize(452, 98)
_ICONS = {"signal": "target", "grade": "star", "near": "radar", "life": "journal", "gate": "gate", "feed": "plug"}


class Toast(QWidget):
    """One notice with its three actions.

    Signals
    -------
    chart_wanted, evidence_wanted, list_wanted, mute_wanted
        The buttons.
    left
        Esc: closed by hand while it had the keyboard.
    stolen
        The system made it the active window although nobody asked: the keyboard belongs to whoever had it.
    gone
        It is closed, for whatever reason.
    """

    chart_wanted = Signal()
    evidence_wanted = Signal()
    list_wanted = Signal()
    mute_wanted = Signal()
    left = Signal()
    stolen = Signal()
    gone = Signal()

    def __init__(self, appearance: Appearance, record: NoticeRecord, shown_ms: int, parent: QWidget) -> None:
        flags = Qt.WindowType.Tool | Qt.WindowType.FramelessWindowHint | Qt.WindowType.NoDropShadowWindowHint
        super().__init__(parent, flags)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_MacAlwaysShowToolWindow)
        self._look, self._canvas = appearance, Canvas(appearance)
        self.record, self.count = record, _count_of(record)
        self.place = QPoint()
        """Where it stands once it has come in."""
        self._closing = self._wanted = False
        self.first, self.evidence, self.mute = QPushButton(self), QPushButton(self), QPushButton(self)
        self.first.setCheckable(True)  # drawn like the chosen button of the design: accent on a tint
        self.close_button = IconButton(appearance, "close", "alerts.toast.close", size=14, parent=self)
        for button in (self.first, self.evidence, self.mute):
            button.setAutoDefault(False)
            button.installEventFilter(self)
        self.close_button.installEventFilter(self)
        self.first.clicked.connect(self._on_first)
        self.evidence.clicked.connect(self.evidence_wanted)
        self.mute.clicked.connect(self.mute_wanted)
        self.close_button.clicked.connect(self.close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(shown_ms)
        self._timer.timeout.connect(self.close)
        self._shown_ms = self._rest_ms = shown_ms
        self._coming = QVariantAnimation(self)
        self._coming.setDuration(_IN_MS)
        self._coming.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._coming.setStartValue(1.0)
        self._coming.setEndValue(0.0)
        self._coming.valueChanged.connect(self._on_coming)
        appearance.changed.connect(self._apply)
        self._apply()

    # -- what it says ---------------------------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        """``근접 · 금호석유화학 011780``."""
        look, record = self._look, self.record
        name = notice_name(look, record)
        if record.ticker and name != record.ticker:
            name = f"{name} {record.ticker}"
        return look.tr("alerts.toast.title", kind=kind_word(look, record), name=name)

    @property
    def sentence(self) -> str:
        """What happened, with the distance where there is one."""
        return notice_body(self._look, self.record)

    @property
    def grouped_text(self) -> str:
        """``같은 조건 3건 묶음``; empty for one."""
        return self._look.tr("alerts.toast.grouped", count=fmt.number(self.count)) if self.count > 1 else ""

    @property
    def has_evidence(self) -> bool:
        """Whether there is a panel that proves it."""
        return bool(self.record.ticker and self.record.strategy) or self.record.kind == "gate"

    @property
    def is_looked_at(self) -> bool:
        """Whether the pointer or the keyboard is in it."""
        return self.underMouse() or (self._wanted and self.isActiveWindow())

    def join(self, record: NoticeRecord) -> None:
        """Tell one more notice of the same kind. What somebody is looking at keeps its words and only counts."""
        self.count += _count_of(record)
        if not self.is_looked_at:
            self.record = record
            self._rest_ms = self._shown_ms
            self._timer.start(self._rest_ms)
        self._apply()

    def _apply(self) -> None:
        look, px = self._look, self._look.px
        self._canvas.reset()
        self.setFixedSize(px(_SIZE.width()), px(_SIZE.height()))
        first = "chart" if self.record.ticker else "list"
        self.first.setText(f"{look.tr(f'alerts.toast.{first}')}  Enter")
        self.first.setAccessibleName(look.tr(f"alerts.toast.{first}"))
        self.first.setToolTip(look.tr("alerts.toast.reach", keys=KEYS))
        self.first.setChecked(True)
        self.evidence.setText(look.tr("alerts.toast.evidence"))
        self.evidence.setVisible(self.has_evidence)
        self.mute.setText(look.tr("alerts.toast.mute", minutes=MUTE_MINUTES))
        left, top = px(34), px(66)
        for button in (self.first, self.evidence, self.mute):
            button.setFont(look.font("body", bold=button is self.first))
            if button is self.evidence and not self.has_evidence:
                continue
            button.setGeometry(left, top, button.sizeHint().width(), px(24))
            left += button.width() + px(6)
        self.close_button.move(self.width() - self.close_button.width() - px(6), px(6))
        self.setAccessibleName(look.tr("alerts.toast.access", title=self.title, text=self.sentence, keys=KEYS))
        self.setAccessibleDescription(self.grouped_text)
        fits = self._canvas.width(self.sentence) <= self.width() - px(46)
        self.setToolTip("" if fits else self.sentence)
        self.update()

    # -- coming and going -----------------------------------------------------------------------------------------------

    def stand_at(self, place: QPoint, *, still: bool) -> None:
        """Show it; it rises into its place unless motion is reduced."""
        self.place = place
        self.move(place if still else place + QPoint(0, self._look.px(_RISE)))
        self.show()
        if not still:
            self._coming.start()
        self._timer.start(self._rest_ms)
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    def _on_coming(self, share: object) -> None:
        rest = float(share) if isinstance(share, int | float) else 0.0
        self.move(self.place + QPoint(0, round(self._look.px(_RISE) * rest)))

    def take_keyboard(self) -> None:
        """Put the keyboard on the first action."""
        self._wanted = True
        self._hold()
        self.activateWindow()
        self.first.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _hold(self) -> None:
        if self._timer.isActive():
            self._rest_ms = max(self._timer.remainingTime(), 0)
            self._timer.stop()

    def _let_go(self) -> None:
        if not self._timer.isActive() and not self._closing:
            self._timer.start(max(self._rest_ms, min(_LEAST_LEFT_MS, self._shown_ms)))

    def enterEvent(self, event: QEnterEvent) -> None:
        """It stays while the pointer is in it."""
        super().enterEvent(event)
        self._hold()

    def leaveEvent(self, event: QEvent) -> None:
        """And goes on where it was."""
        super().leaveEvent(event)
        if not self.is_looked_at:
            self._let_go()

    def changeEvent(self, event: QEvent) -> None:
        """The same for the keyboard."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange:
            if self.is_looked_at:
                self._hold()
            elif self.isActiveWindow():
                self.stolen.emit()
            else:
                self._wanted = False
                self._let_go()
            self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter presses the action that has the keyboard; Qt gives it to Space only."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(watched, QPushButton | IconButton):
                watched.click()
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.keyPressEvent(event)
                return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens, Esc closes."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.first.click()
        elif event.key() == Qt.Key.Key_Escape:
            self.close()
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop everything that runs."""
        super().closeEvent(event)
        if not self._closing:
            self._closing = True
            self._timer.stop()
            self._coming.stop()
            self.gone.emit()

    def _on_first(self) -> None:
        self.first.setChecked(True)
        (self.chart_wanted if self.record.ticker else self.list_wanted).emit()

    # -- painting -------------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw ground, edge, icon and words."""
        look, px, canvas = self._look, self._look.px, self._canvas
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            has_keyboard = self._wanted and self.isActiveWindow()
            painter.setPen(QPen(look.color("focus" if has_keyboard else "line-control"), 2 if has_keyboard else 1))
            painter.setBrush(look.color("bg-popup"))
            inset = 1.0 if has_keyboard else 0.5
            painter.drawRoundedRect(self.rect().toRectF().adjusted(inset, inset, -inset, -inset), px(6), px(6))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            chip = chip_look(self.record)
            token = chip.edge or chip.fill or chip.ink
            canvas.begin(painter, self.devicePixelRatioF())
            canvas.fill(1, px(6), max(2, px(3)), self.height() - px(12), token)
            icon = look.pixmap(_ICONS.get(self.record.kind, "bell"), chip.edge or "grade-s", 16, self.devicePixelRatioF())
            painter.drawPixmap(px(12), px(12), icon)
            time = fmt.clock(self.record.at_ns)
            right = self.close_button.geometry().left() - px(6)
            wide = round(canvas.width(time, "caption"))
            canvas.text(right - wide, px(10), wide, px(20), time, "text-muted", size="caption")
            room = right - wide - px(10) - px(34)
            canvas.text(px(34), px(10), room, px(20), self.title, "text", size="title", bold=True, elide=True)
            canvas.text(px(34), px(36), self.width() - px(46), px(20), self.sentence, "text", elide=True)
            if self.grouped_text:
                left = self.mute.geometry().right() + px(12)
                room = self.width() - left - px(10)
                canvas.text(left, px(66), room, px(24), self.grouped_text, "text-muted", size="caption", elide=True)
        finally:
            painter.end()


def _count_of(record: NoticeRecord) -> int:
    """How many facts a notice speaks for."""
    count = record.fields.get("count", 1)
    return max(1, count) if isinstance(count, int) and record.key.startswith("notice.group.") else 1

"""The time-machine bar under the app bar: clock, playing, the day line, the way back (design.md §11).

It is there exactly as long as the clock is set back, and it says that later data are hidden.
"""

from __future__ import annotations

from datetime import date

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QFontMetrics,
    QIcon,
    QKeyEvent,
    QLinearGradient,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QTransform,
)
from PySide6.QtWidgets import QMenu, QPushButton, QSizePolicy, QWidget

from ralphstock_desktop.services.contracts import Workstation
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.day_line import DayLine
from ralphstock_desktop.ui.panel_header import IconButton
from ralphstock_desktop.ui.viewmodels.time_machine import TimeMachineViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["TimeMachineBar"]

_TALL = 52
_NOTE_FROM = 1_180
"""Width from which both lines of the note have room, px at 100 %; below it they stand in the tooltip."""
_SHORT_BELOW = 900
_WIDEST_DAY = date(2026, 1, 28)


def _turned(look: Appearance, angle: int) -> QIcon:
    """The chevron, pointing to the left or to the right."""
    icon, turn = QIcon(), QTransform().rotate(angle)
    for ratio in (1.0, 2.0):
        pixmap = look.pixmap("chevron", "text-secondary", 14, ratio).transformed(turn)
        pixmap.setDevicePixelRatio(ratio)
        icon.addPixmap(pixmap)
    return icon


class TimeMachineBar(QWidget):
    """Space plays and pauses, arrows move a minute, with Shift a trading day, Home and End go to the ends, Esc leads back.

    Shows and hides itself with the clock. Without strategies it never shows.
    """

    def __init__(self, appearance: Appearance, workstation: Workstation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look = appearance
        self.view_model = vm = TimeMachineViewModel(workstation, appearance)
        self.line = DayLine(vm, appearance, self)
        self.previous_day = IconButton(appearance, "chevron", "time.day.previous", size=14, parent=self)
        self.back = IconButton(appearance, "undo", "time.back", size=16, parent=self)
        self.play = IconButton(appearance, "play", "time.play", size=16, parent=self)
        self.forward = IconButton(appearance, "step", "time.forward", size=16, parent=self)
        self.next_day = IconButton(appearance, "chevron", "time.day.next", size=14, parent=self)
        self.speed = QPushButton(self)
        self.leave = QPushButton(self)
        self._speeds = QMenu(self.speed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.hide()
        self._connect()
        self._apply()
        self._on_active(vm.active)

    def _connect(self) -> None:
        vm = self.view_model
        vm.changed.connect(self._on_changed)
        vm.active_changed.connect(self._on_active)
        self.line.jumped.connect(vm.jump)
        self.previous_day.clicked.connect(lambda: vm.step_day(-1))
        self.next_day.clicked.connect(lambda: vm.step_day(1))
        self.back.clicked.connect(lambda: vm.step(-1))
        self.forward.clicked.connect(lambda: vm.step(1))
        self.play.clicked.connect(vm.toggle)
        self.leave.clicked.connect(vm.leave)
        self._speeds.aboutToShow.connect(self._fill_speeds)
        self.speed.setMenu(self._speeds)
        self._look.changed.connect(self._apply)

    def close_feed(self) -> None:
        """Stop listening."""
        self.view_model.close()

    # -- what is shown --------------------------------------------------------------------------------------------------

    def _on_active(self, active: bool) -> None:
        self.line.cancel_drag()
        self.setVisible(active)

    def _on_changed(self) -> None:
        state = self.view_model.state
        if state is None or not state.active:
            return
        playing = state.playing
        self.play.set_look("pause" if playing else "play", "time.pause" if playing else "time.play")
        self.speed.setText(self._look.tr("time.speed.value", speed=f"{state.speed:g}"))
        words = (self._look.tr("time.head"), self.view_model.clock(), *self._notes())
        self.setAccessibleName(" ".join(words))
        self.setToolTip("" if self._shows_notes else "\n".join(self._notes()))
        day = fmt.day_long(state.day, self._look.language)
        clock = fmt.clock(state.now_ns, seconds=False)
        count = len(self.view_model.marks())
        self.line.setAccessibleName(self._look.tr("time.access.line", day=day, time=clock, count=count))
        self.update()

    def _notes(self) -> tuple[str, ...]:
        tr, state = self._look.tr, self.view_model.state
        notes = (tr("time.note.hidden"), tr("time.note.alerts"))
        if state is not None and not state.has_minutes:
            return (*notes, tr("time.no_minutes.help"))
        return notes

    def _fill_speeds(self) -> None:
        self._speeds.clear()
        machine, state = self.view_model.machine, self.view_model.state
        if machine is None or state is None:
            return
        for speed in machine.speeds:
            action = self._speeds.addAction(self._look.tr("time.speed.value", speed=f"{speed:g}"))
            action.setCheckable(True)
            action.setChecked(speed == state.speed)
            action.triggered.connect(lambda _checked=False, chosen=speed: self.view_model.set_speed(chosen))

    def _apply(self) -> None:
        look = self._look
        self.setFixedHeight(look.px(_TALL))
        self.speed.setFont(look.font("body", bold=True))
        self.leave.setFont(look.font("body", bold=True))
        for button, angle in ((self.previous_day, 90), (self.next_day, -90)):
            button.setIcon(_turned(look, angle))
        replay, ground = look.hex("replay"), look.hex("replay-tint")
        self.leave.setStyleSheet(
            f"QPushButton {{ color: {replay}; border: 1px solid {replay}; background: transparent; }}"
            f"QPushButton:hover {{ background: {ground}; }}"
            f"QPushButton:focus {{ border: 2px solid {look.hex('focus')}; }}"
        )
        self.speed.setAccessibleName(look.tr("time.speed"))
        self.speed.setToolTip(look.tr("time.speed"))
        self.setAccessibleDescription(look.tr("time.access.bar"))
        self._on_changed()
        self._place()
        self.update()

    # -- geometry -------------------------------------------------------------------------------------------------------

    @property
    def _shows_notes(self) -> bool:
        return self.width() >= self._look.px(_NOTE_FROM)

    def minimumSizeHint(self) -> QSize:
        """Narrow windows shorten the words, never the way back."""
        return QSize(self._look.px(560), self._look.px(_TALL))

    def _clock_box(self) -> QRect:
        """Where the clock is written."""
        look = self._look
        # Wednesday is the widest day in English; digits are equally wide.
        sample = f"{fmt.day_long(_WIDEST_DAY, look.language)} 00:00 "
        widest = QFontMetrics(look.font("value", bold=True)).horizontalAdvance(sample)
        return QRect(look.px(40), 0, widest, self.height())

    def _note_box(self) -> QRect:
        look = self._look
        metrics = QFontMetrics(look.font("caption"))
        wide = max(metrics.horizontalAdvance(look.tr(key)) for key in ("time.note.hidden", "time.note.alerts")) + look.px(4)
        return QRect(self.leave.x() - look.px(14) - wide, 0, wide, self.height())

    def _chip_box(self) -> QRect:
        """Where ``no minute bars`` is written; empty where there are some."""
        look, state = self._look, self.view_model.state
        if state is None or state.has_minutes:
            return QRect()
        wide = QFontMetrics(look.font("caption", bold=True)).horizontalAdvance(look.tr("time.no_minutes")) + look.px(12)
        left = self.speed.geometry().right() + look.px(8)
        return QRect(left, (self.height() - look.px(18)) // 2 + 1, wide, look.px(18))

    def _place(self) -> None:
        """Lay everything out: the line takes what is left."""
        look = self._look
        px, tall = look.px, self.height()
        short = self.width() < px(_SHORT_BELOW)
        self.leave.setText(look.tr("time.leave.short" if short else "time.leave"))
        wide = QFontMetrics(look.font("body", bold=True)).horizontalAdvance(self.leave.text()) + px(28)
        self.leave.setGeometry(self.width() - px(12) - wide, (tall - px(28)) // 2 + 1, wide, px(28))
        x = self._clock_box().right() + px(8)
        for button in (self.previous_day, self.back, self.play, self.forward, self.next_day):
            button.move(x, (tall - button.height()) // 2 + 1)
            x += button.width() + px(2)
        self.speed.setGeometry(x + px(4), (tall - px(26)) // 2 + 1, px(78), px(26))
        left = self.speed.geometry().right() + px(4)
        chip = self._chip_box()
        if not chip.isNull():
            left = chip.right() + px(2)
        right = (self._note_box().left() if self._shows_notes else self.leave.x()) - px(2)
        self.line.setGeometry(left, 2, max(px(60), right - left), tall - 3)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()
        self._on_changed()

    # -- keyboard -------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """See the class text."""
        vm, key = self.view_model, event.key()
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        other = event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        if other != Qt.KeyboardModifier.NoModifier:
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_Space:
            vm.toggle()
        elif key in {Qt.Key.Key_Left, Qt.Key.Key_Right}:
            step = -1 if key == Qt.Key.Key_Left else 1
            (vm.step_day if shift else vm.step)(step)
        elif key == Qt.Key.Key_Home:
            vm.to_open()
        elif key == Qt.Key.Key_End:
            vm.to_close()
        elif key == Qt.Key.Key_Escape:
            if not self.line.cancel_drag():
                vm.leave()
        else:
            super().keyPressEvent(event)

    # -- painting -------------------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Repaint the ring when the keyboard comes or goes."""
        if event.type() in {QEvent.Type.FocusIn, QEvent.Type.FocusOut}:
            self.update()
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        look = self._look
        px = look.px
        painter = QPainter(self)
        try:
            gradient = QLinearGradient(0, 0, self.width(), 0)
            gradient.setColorAt(0.0, look.color("replay-tint"))
            gradient.setColorAt(1.0, look.color("bg-header"))
            painter.fillRect(self.rect(), gradient)
            painter.fillRect(0, 0, self.width(), 2, look.color("replay"))
            painter.fillRect(0, self.height() - 1, self.width(), 1, look.color("replay"))
            side = px(18)
            icon = look.pixmap("time", "replay", 18, self.devicePixelRatioF())
            painter.drawPixmap(px(13), (self.height() - side) // 2 + 1, icon)
            box = self._clock_box()
            self._write(painter, QPoint(box.left(), px(7)), px(16), look.tr("time.head"), "caption", "replay", bold=True)
            self._write(painter, QPoint(box.left(), px(24)), px(20), self.view_model.clock(), "value", "text", bold=True)
            self._paint_chip(painter)
            if self._shows_notes:
                note = self._note_box()
                for top, key in ((px(9), "time.note.hidden"), (px(26), "time.note.alerts")):
                    self._write(painter, QPoint(note.left(), top), px(16), look.tr(key), "caption", "text-secondary")
            if self.hasFocus():
                painter.setPen(QPen(look.color("focus"), 2))
                painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        finally:
            painter.end()

    def _write(
        self, painter: QPainter, place: QPoint, tall: int, text: str, size: str, token: str, *, bold: bool = False
    ) -> None:
        look = self._look
        font = look.font("value" if size == "value" else "caption", bold=bold)
        painter.setFont(font)
        painter.setPen(look.color(token))
        painter.drawText(place.x(), look.baseline(place.y(), tall, font), text)

    def _paint_chip(self, painter: QPainter) -> None:
        box, look = self._chip_box(), self._look
        if box.isNull():
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(look.color("warning"), 1))
        painter.setBrush(look.color("warning-tint"))
        painter.drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), look.px(3), look.px(3))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        place = QPoint(box.left() + look.px(6), box.top())
        self._write(painter, place, box.height(), look.tr("time.no_minutes"), "caption", "warning", bold=True)

"""Strips under the app bar: made-up data, an earlier instant, and notices. Each is impossible to overlook and says why."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QLineF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QLinearGradient, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QSizePolicy, QWidget

from engine.model.instants import kst_ns
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.live_contracts import SimulationControl, SimulationState
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.panel_header import IconButton

__all__ = ["Banner", "NoticeBanner", "PastBanner", "SimulationBanner"]


_JUMPS = (
    (8, 55, "pre_open"),
    (9, 0, "open"),
    (9, 30, ""),
    (11, 0, ""),
    (13, 30, ""),
    (15, 15, "time_exit"),
    (15, 29, "closing_auction"),
    (15, 41, "close"),
    (18, 0, "after_market"),
    (20, 11, "flows"),
)
"""Hour, minute and what happens then (text key), of the moments a day is moved to."""


class Banner(QWidget):
    """A strip with icon, bold word and sentence, which are painted, and buttons at the right."""

    token = "warning"
    tint = "warning-tint"
    icon = "warning"
    height_px = 26

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self._head, self._sentence = "", ""
        self._fill: Callable[[], tuple[str, str]] = lambda: ("", "")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.row = QHBoxLayout(self)
        self.row.addStretch(1)
        appearance.changed.connect(self.apply)
        self.hide()

    def say(self, fill: Callable[[], tuple[str, str]]) -> None:
        """Set where word and sentence come from; asked again after each change of language."""
        self._fill = fill
        self.apply()

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        self._head, self._sentence = self._fill()
        self.setFixedHeight(self._appearance.px(self.height_px))
        self.row.setContentsMargins(0, 0, self._appearance.px(8), 0)
        self.setAccessibleName(f"{self._head} {self._sentence}".strip())
        self.setToolTip(self._sentence)
        self.update()

    def minimumSizeHint(self) -> QSize:
        """Any width: the sentence is elided."""
        return QSize(self._appearance.px(200), self._appearance.px(self.height_px))

    def paint_ground(self, painter: QPainter) -> None:
        """Draw the ground; subclasses add to it."""
        painter.fillRect(self.rect(), self._appearance.color(self.tint))

    def text_box(self) -> QRect:
        """Where icon and text go."""
        look = self._appearance
        right = min([w.geometry().left() for w in self.findChildren(QPushButton) if w.isVisible()], default=self.width())
        return QRect(look.px(12), 0, right - look.px(20), self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw ground, icon, word and sentence, centred in the free room."""
        del event
        look = self._appearance
        painter = QPainter(self)
        try:
            self.paint_ground(painter)
            bold, plain = look.font("body", bold=True), look.font("body")
            side, gap = look.px(14), look.px(8)
            box = self.text_box()
            head_width = QFontMetrics(bold).horizontalAdvance(self._head)
            room = max(0, box.width() - side - gap * 2 - head_width)
            shown = QFontMetrics(plain).elidedText(self._sentence, Qt.TextElideMode.ElideRight, room)
            total = side + gap * 2 + head_width + QFontMetrics(plain).horizontalAdvance(shown)
            x = box.left() + max(0, (box.width() - total) // 2)
            painter.drawPixmap(x, (self.height() - side) // 2, look.pixmap(self.icon, self.token, 14, self.devicePixelRatioF()))
            x += side + gap
            painter.setFont(bold)
            painter.setPen(look.color(self.token))
            painter.drawText(x, look.baseline(0, self.height(), bold), self._head)
            painter.setFont(plain)
            painter.setPen(look.color("text"))
            painter.drawText(x + head_width + gap, look.baseline(0, self.height(), plain), shown)
        finally:
            painter.end()


def _switch_off(control: SimulationControl, faults: tuple[str, ...]) -> None:
    for name in faults:
        control.set_fault(name, False)


class SimulationBanner(Banner):
    """Says that the market is made up. Striped ends, flask; it cannot be closed.

    While a simulator runs it says which day is replayed how fast, and has its controls: pause, speed, jump, faults.
    """

    token, tint, icon = "simulated", "simulated-tint", "flask"

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(appearance, parent)
        self._control: SimulationControl | None = None
        self._subscription: Subscription | None = None
        self._state: SimulationState | None = None
        self.pause = IconButton(appearance, "pause", "simulation.pause", size=14)
        self.pause.clicked.connect(self._on_pause)
        self.speed, self.jump, self.faults = QPushButton(), QPushButton(), QPushButton()
        for button, fill in ((self.speed, self._fill_speeds), (self.jump, self._fill_jumps), (self.faults, self._fill_faults)):
            button.setObjectName("small")
            menu = QMenu(button)
            menu.aboutToShow.connect(lambda menu=menu, fill=fill: fill(menu))
            button.setMenu(menu)
        for widget in (self.pause, self.speed, self.jump, self.faults):
            widget.hide()
            self.row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        self.apply()

    def set_control(self, control: SimulationControl | None) -> None:
        """Follow another simulator, or none."""
        if control is self._control:
            return
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None
        self._control, self._state = control, None
        if control is not None:
            self._subscription = control.state.subscribe(self._on_state)
        self.apply()

    def _on_state(self, state: SimulationState) -> None:
        before, self._state = self._state, state
        if before is None or (before.speed, before.paused, before.faults, before.day) != (
            state.speed,
            state.paused,
            state.faults,
            state.day,
        ):
            self.apply()

    def apply(self) -> None:
        """Also label the controls."""
        super().apply()
        if not hasattr(self, "faults"):
            return
        look, state = self._appearance, self._state
        self.row.setContentsMargins(0, 0, look.px(92), 0)
        self.row.setSpacing(look.px(4))
        for widget in (self.pause, self.speed, self.jump, self.faults):
            widget.setVisible(state is not None)
        if state is None:
            return
        paused = state.paused
        self.pause.set_look("play" if paused else "pause", "simulation.go_on" if paused else "simulation.pause")
        self.speed.setText(look.tr("simulation.speed", speed=f"{state.speed:g}"))
        self.jump.setText(look.tr("simulation.jump"))
        on = len(state.faults)
        self.faults.setText(look.tr("simulation.faults_on", count=on) if on else look.tr("simulation.faults"))
        for button in (self.speed, self.jump, self.faults):
            button.setFont(look.font("caption"))
            button.setFixedHeight(look.px(20))
            button.setAccessibleName(button.text())
        words = [look.tr("simulation.day", day=state.day.isoformat()), look.tr(f"simulation.source.{state.source}")]
        words.append(look.tr("simulation.paused") if paused else look.tr("simulation.playing", speed=f"{state.speed:g}"))
        self._sentence = f"{self._sentence}  {' · '.join(words)}"
        self.setToolTip(self._sentence)

    def _on_pause(self) -> None:
        if self._control is not None and self._state is not None:
            self._control.set_paused(not self._state.paused)

    def _fill_speeds(self, menu: QMenu) -> None:
        menu.clear()
        control, state = self._control, self._state
        if control is None or state is None:
            return
        for speed in control.speeds:
            action = menu.addAction(f"{speed:g}×")
            action.setCheckable(True)
            action.setChecked(speed == state.speed)
            action.triggered.connect(lambda _checked=False, chosen=speed: control.set_speed(chosen))

    def _fill_jumps(self, menu: QMenu) -> None:
        menu.clear()
        control, state = self._control, self._state
        if control is None or state is None:
            return
        for hour, minute, event in _JUMPS:
            what = f"\t{self._appearance.tr(f'simulation.jump.{event}')}" if event else ""
            action = menu.addAction(f"{hour:02}:{minute:02}{what}")
            instant = kst_ns(state.day, hour, minute)
            action.triggered.connect(lambda _checked=False, chosen=instant: control.jump(chosen))

    def _fill_faults(self, menu: QMenu) -> None:
        menu.clear()
        control, state = self._control, self._state
        if control is None or state is None:
            return
        for name in control.faults:
            action = menu.addAction(self._appearance.tr(f"simulation.fault.{name}"))
            action.setCheckable(True)
            action.setChecked(name in state.faults)
            action.triggered.connect(lambda checked, chosen=name: control.set_fault(chosen, checked))
        if state.faults:
            menu.addSeparator()
            every = menu.addAction(self._appearance.tr("simulation.faults_off"))
            every.triggered.connect(lambda _checked=False, on=state.faults: _switch_off(control, on))

    def text_box(self) -> QRect:
        """Keep clear of the stripes and of the controls."""
        ends = self._appearance.px(90)
        shown = [widget.geometry().left() for widget in (self.pause,) if widget.isVisible()]
        right = min([*shown, self.width() - ends]) - self._appearance.px(8)
        return QRect(ends, 0, max(0, right - ends), self.height())

    def paint_ground(self, painter: QPainter) -> None:
        """Draw the tint and stripes at both ends."""
        super().paint_ground(painter)
        look = self._appearance
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # Stripes are whole polygons in a fainter colour; a thick pen would be nine times slower.
        painter.setPen(QPen(look.color("simulated", 0.55), 1))
        step, end = look.px(6), look.px(84)
        for start in (0, self.width() - end):
            painter.setClipRect(start, 0, end, self.height())
            for x in range(start - self.height(), start + end, step):
                for shift in (0.0, 1.0, 2.0):
                    painter.drawLine(QLineF(x + shift, self.height(), x + shift + self.height(), 0))
        painter.restore()
        painter.fillRect(0, self.height() - 1, self.width(), 1, look.color("simulated"))


class PastBanner(Banner):
    """Says that an earlier instant is looked at and that later data are hidden; one button leads back."""

    token, tint, icon = "replay", "replay-tint", "time"
    height_px = 30
    back = Signal()

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(appearance, parent)
        self.button = QPushButton()
        self.button.clicked.connect(self.back)
        self.row.addWidget(self.button)

    def apply(self) -> None:
        """Also label the button."""
        super().apply()
        if hasattr(self, "button"):
            self.button.setText(self._appearance.tr("shell.past.back"))
            self.button.setFont(self._appearance.font("body", bold=True))

    def paint_ground(self, painter: QPainter) -> None:
        """Draw the one gradient the design allows, and the 2-px top line."""
        look = self._appearance
        gradient = QLinearGradient(0, 0, self.width(), 0)
        gradient.setColorAt(0.0, look.color("replay-tint"))
        gradient.setColorAt(1.0, look.color("bg-header"))
        painter.fillRect(self.rect(), gradient)
        painter.fillRect(0, 0, self.width(), 2, look.color("replay"))


class NoticeBanner(Banner):
    """A sentence the user must know (a damaged layout was replaced …), until it is closed."""

    closed = Signal()

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(appearance, parent)
        self.report = QPushButton()
        self.report.hide()
        self.close_button = IconButton(appearance, "close", "shell.notice.close", size=12)
        self.close_button.clicked.connect(self._on_close)
        self.row.addWidget(self.report)
        self.row.addWidget(self.close_button)

    def text_box(self) -> QRect:
        """Keep clear of the closing button."""
        return super().text_box().adjusted(0, 0, -self._appearance.px(28), 0)

    def _on_close(self) -> None:
        self.hide()
        self.closed.emit()

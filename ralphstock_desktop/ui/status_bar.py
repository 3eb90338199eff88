"""The 24-px bar at the bottom: store, data set, last data day, last scan, running job, memory, frame time."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from engine.model.live import ConnectionState
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.contracts import ScanPicture
from ralphstock_desktop.services.live_contracts import FeedStatus
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.layout.size_change import tell_size
from ralphstock_desktop.ui.panel_states import TextButton, progress_texts
from ralphstock_desktop.ui.viewmodels.feed_words import feed_words, phase_words
from ralphstock_desktop.ui.viewmodels.shell import ShellViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["StatusBar"]


class _Item(QWidget):
    """An icon and words; hidden while it has no words."""

    clicked = Signal()

    def __init__(self, appearance: Appearance, icon: str = "", token: str = "text-secondary") -> None:
        super().__init__()
        self._appearance, self._icon, self.token = appearance, icon, token
        self._text = ""
        self._shown: tuple[str, str, str, str, int] | None = None
        self._size = QSize()
        self.dropped = False
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_text(self, text: str, tip: str = "", *, icon: str | None = None, token: str | None = None) -> None:
        """Show words; empty words hide the item. The words it shows already cost nothing."""
        icon = self._icon if icon is None else icon
        token = self.token if token is None else token
        shown = (text, tip, icon, token, self._appearance.zoom_pct)
        if shown == self._shown:
            return
        self._shown = shown
        self._text, self._icon, self.token = text, icon, token
        self.setToolTip(tip)
        self.setAccessibleName(text)
        self.setVisible(bool(text) and not self.dropped)
        self._size = tell_size(self, self._size)
        self.update()

    def drop(self, dropped: bool) -> None:
        """Leave the item out because the bar is too narrow, or show it again."""
        self.dropped = dropped
        self.setVisible(bool(self._text) and not dropped)

    def text(self) -> str:
        """The words shown."""
        return self._text

    def sizeHint(self) -> QSize:
        """Icon, words, gap."""
        look = self._appearance
        width = QFontMetrics(look.font("caption")).horizontalAdvance(self._text)
        return QSize(width + (look.px(18) if self._icon else 0) + look.px(14), look.px(20))

    def minimumSizeHint(self) -> QSize:
        """May be squeezed down to its icon: words are elided, the tooltip has them all."""
        return QSize(self._appearance.px(28), self._appearance.px(20))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click opens what the item stands for."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw icon and words."""
        del event
        look = self._appearance
        painter = QPainter(self)
        try:
            font = look.font("caption")
            left = 0
            if self._icon:
                side = look.px(12)
                icon = look.pixmap(self._icon, self.token, 12, self.devicePixelRatioF())
                painter.drawPixmap(0, (self.height() - side) // 2, icon)
                left = look.px(18)
            painter.setFont(font)
            painter.setPen(look.color(self.token))
            room = self.width() - left - look.px(8)
            shown = QFontMetrics(font).elidedText(self._text, Qt.TextElideMode.ElideRight, room)
            painter.drawText(left, look.baseline(0, self.height(), font), shown)
            painter.fillRect(self.width() - look.px(7), look.px(4), 1, self.height() - look.px(8), look.color("line-hair"))
        finally:
            painter.end()


class StatusBar(QWidget):
    """Left: data and scan; right: job, help, memory, frame. Items that do not fit whole are left out; the tooltip has them all.

    Signals
    -------
    ledger_wanted
        A click on what concerns the data.
    health_wanted
        A click on what concerns the connection.
    cancel_requested
        The stop word of the running job.
    """

    ledger_wanted = Signal()
    health_wanted = Signal()
    cancel_requested = Signal()

    def __init__(self, appearance: Appearance, shell: ShellViewModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance, self._shell = appearance, shell
        self._place = ""
        self._scan: ScanPicture | None = None
        self._job: Progress | None = None
        self._frame_ms: float | None = None
        self._memory: float | None = None
        self._now_ns = 0
        self._feed: FeedStatus | None = None
        self.kind = _Item(appearance)
        self.feed = _Item(appearance, "dot")
        self.gaps = _Item(appearance, "hatch", "warning")
        self.phase = _Item(appearance, "clock")
        self.store = _Item(appearance, "database")
        self.data = _Item(appearance, "clock")
        self.scan = _Item(appearance, "radar")
        self.job = _Item(appearance, "clock", "warning")
        self.stop = TextButton(appearance)
        self.stop.clicked.connect(self.cancel_requested)
        self.stop.hide()
        self.help, self.frame, self.memory = _Item(appearance, "", "text-muted"), _Item(appearance), _Item(appearance)
        for item in (self.kind, self.store, self.data):
            item.clicked.connect(self.ledger_wanted)
        for item in (self.feed, self.gaps, self.phase):
            item.clicked.connect(self.health_wanted)
        # The first to go is the first here: facts about the machine, then the left group from its right end.
        self._order = (
            self.memory,
            self.frame,
            self.scan,
            self.data,
            self.store,
            self.help,
            self.job,
            self.kind,
            self.gaps,
            self.phase,
        )
        self._row = QHBoxLayout(self)
        self._row.setSpacing(0)
        for widget in (self.feed, self.gaps, self.kind, self.store, self.data, self.scan, self.job, self.stop):
            self._row.addWidget(widget)
        self._row.addStretch(1)
        for widget in (self.help, self.frame, self.memory, self.phase):
            self._row.addWidget(widget)
        appearance.changed.connect(self.refresh)
        self.refresh()

    # -- facts --------------------------------------------------------------------------------------------------------------

    def set_store(self, place: str) -> None:
        """Show kind and place of the repository in use; empty for the simulated market."""
        self._place = place
        self._show_data()
        self._fit()

    def set_scan(self, scan: ScanPicture) -> None:
        """Show duration and counts of the last scan."""
        self._scan = scan
        self._show_data()
        self._show_scan()
        self._fit()

    def set_feed(self, status: FeedStatus) -> None:
        """Show where live values come from, how old they are, and what the market does."""
        self._feed = status
        self._show_feed()
        self._fit()

    def set_job(self, job: Progress | None) -> None:
        """Show the running job, or that there is none."""
        self._job = job
        self._show_job()
        self._fit()

    def set_frame(self, frame_ms: float | None, memory_bytes: float | None) -> None:
        """Show the frame time (median of the last paints) and the memory of the process."""
        self._frame_ms, self._memory = frame_ms, memory_bytes
        self._show_machine()
        self._fit()

    def set_now(self, now_ns: int) -> None:
        """Give the time from which the age of the data is counted."""
        self._now_ns = now_ns
        self._show_data()
        self._fit()

    # -- showing ------------------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Take everything from the facts and the appearance again."""
        look = self._appearance
        self.setFixedHeight(look.space("status_bar"))
        self._row.setContentsMargins(look.px(8), 0, look.px(4), 0)
        self.stop.setText(look.tr("shell.state.stop"))
        self.stop.setFont(look.font("caption", bold=True))
        self.stop.setMaximumHeight(look.px(22))
        self.help.show_text(look.tr("shell.status.help"))
        self._show_feed()
        self._show_data()
        self._show_scan()
        self._show_job()
        self._show_machine()
        self._fit()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Decide again what fits."""
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        """Never the reason for a wide window."""
        return QSize(self._appearance.px(120), self._appearance.space("status_bar"))

    def _fit(self) -> None:
        """Leave out items until the rest stands whole."""
        items = (self.feed, *self._order)
        margins = self._row.contentsMargins()
        room = self.width() - margins.left() - margins.right()
        room -= 0 if self.stop.isHidden() else self.stop.sizeHint().width()
        needed = sum(item.sizeHint().width() for item in items if item.text())
        for item in self._order:
            drops = needed > room and bool(item.text())
            if drops:
                needed -= item.sizeHint().width()
            item.drop(drops)  # never shown only to be hidden: that would lay the whole window out again
        left_out = [item for item in items if item.dropped]
        shown = (
            self.feed,
            self.gaps,
            self.phase,
            self.kind,
            self.store,
            self.data,
            self.scan,
            self.job,
            self.frame,
            self.memory,
            self.help,
        )
        self.setToolTip("\n".join(item.text() for item in shown if item.text()) if left_out else "")

    def _show_data(self) -> None:
        look, shell = self._appearance, self._shell
        if shell.picture is None:
            self.kind.show_text("")
        elif shell.simulated:
            self.kind.show_text(look.tr("shell.status.simulated"), icon="flask", token="simulated")  # noqa: S106 - a colour
        elif shell.past:
            self.kind.show_text(look.tr("shell.status.past"), icon="time", token="replay")  # noqa: S106 - a colour
        else:
            self.kind.show_text(look.tr("shell.status.real"), icon="check", token="success")  # noqa: S106 - a colour
        rows = shell.panel_rows() if shell.picture else None
        words = [("PostgreSQL" if self._place.startswith("postgres") else "SQLite")] if self._place else []
        if rows is not None:
            words.append(look.tr("shell.status.rows", rows=f"{rows:,}"))
        self.store.show_text(" · ".join(words), self._place)
        last, age = shell.workstation.last_trading_day, shell.data_age_days(self._now_ns) if self._now_ns else None
        if last is None:
            self.data.show_text("")
            return
        text = look.tr("shell.status.last_day", day=fmt.day_long(last, look.language))
        if age:
            text = f"{text} · {look.tr('shell.status.age_days', days=f'{age:,}')}"
        self.data.show_text(text, text)

    def _show_feed(self) -> None:
        feed, look = self._feed, self._appearance
        if feed is None:
            return
        words = feed_words(look, feed)
        self.feed.show_text(" · ".join(words.parts), words.tip, token=words.token)
        key = "feed.status.gaps" if feed.connection is ConnectionState.LIVE else "feed.status.gaps_left"
        gaps = look.tr(key, count=f"{feed.open_gaps:,}") if feed.open_gaps else ""
        self.gaps.show_text(gaps, look.tr("feed.status.gaps_tip", open=f"{feed.open_gaps:,}", filled=f"{feed.filled_gaps:,}"))
        self.phase.show_text(phase_words(look, feed))

    def _show_scan(self) -> None:
        scan, look = self._scan, self._appearance
        if scan is None:
            self.scan.show_text("")
            return
        fields = {"seconds": f"{scan.seconds:.2f}", "scored": f"{scan.scored:,}", "found": f"{scan.detected:,}"}
        text = look.tr("shell.status.scan", **fields)
        self.scan.show_text(text, look.tr("shell.status.scan_tip", universe=f"{scan.universe:,}", **fields))

    def _show_job(self) -> None:
        job = self._job
        if job is None:
            self.job.show_text("")
        else:
            what, left = progress_texts(self._appearance, job)
            self.job.show_text(what, left)
        self.stop.setVisible(job is not None)

    def _show_machine(self) -> None:
        look = self._appearance
        frame = "" if self._frame_ms is None else look.tr("shell.status.frame", ms=f"{self._frame_ms:.0f}")
        self.frame.show_text(frame)
        self.memory.show_text("" if self._memory is None else look.tr("shell.status.memory", size=fmt.bytes_size(self._memory)))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground with the hairline above."""
        del event
        painter = QPainter(self)
        try:
            painter.fillRect(self.rect(), self._appearance.color("bg-header"))
            painter.fillRect(0, 0, self.width(), 1, self._appearance.color("line-hair"))
        finally:
            painter.end()

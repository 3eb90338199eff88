"""The painted list of the alert panel: 27-px rows under day separators (design.md §11).

↑↓ walk (the linked panels go along), Enter opens the chart, T goes back to the moment, R marks as read, M mutes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.link import AskSubject
from ralphstock_desktop.ui.docks.painted_list import PaintedList
from ralphstock_desktop.ui.viewmodels.alert_rows import KINDS, MUTE_MINUTES, AlertRow, AlertsViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["AlertListView"]

_ROW, _DAY = 27, 22
_BODY = 18
"""Height of the sentence where it has a line of its own."""
_SHORT_LINK = 470
"""Below this width only the arrow of the way back is drawn."""
_NO_SECONDS = 400
"""Below this width times have no seconds, and the sentence stands under the name: beside it two words would be left of it."""
_THEN = "then"


class AlertListView(PaintedList):
    """See the module text."""

    def __init__(self, view_model: AlertsViewModel, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(appearance, parent)
        self._vm = view_model
        self._rows: tuple[AlertRow, ...] = ()
        self._ids: list[str] = []
        self.more_entries: Callable[[AskSubject, QMenu], None] | None = None
        """Lets the chat add its entries to the menu of a row."""
        view_model.changed.connect(self._on_changed)
        self._on_changed()

    def _on_changed(self) -> None:
        if self._rows is not self._vm.rows:
            self._rows = self._vm.rows
            self._ids = [row.id for row in self._rows]
        self.rows_changed()

    # -- hooks ----------------------------------------------------------------------------------------------------------

    def identities(self) -> Sequence[str]:
        return self._ids

    def row_height(self, number: int) -> int:
        if self._rows[number].kind == "day":
            return self.look.px(_DAY)
        return self.look.px(_ROW) + (self.look.px(_BODY) if self._is_narrow and self._rows[number].body else 0)

    @property
    def _is_narrow(self) -> bool:
        return self.viewport().width() < self.look.px(_NO_SECONDS)

    def chosen(self) -> str:
        return self._vm.chosen

    def choose(self, identity: str) -> None:
        self._vm.choose(identity)

    def open_row(self, identity: str) -> None:
        self._vm.open_chart(identity)

    def press(self, identity: str, spot: str) -> None:
        if spot == _THEN:
            self._vm.go_back_to(identity)

    def message(self) -> tuple[str, str] | None:
        return self._vm.message

    def spoken(self, identity: str) -> str:
        row = next((row for row in self._rows if row.id == identity), None)
        if row is None or row.record is None:
            return ""
        state = self.look.tr("alerts.access.unread" if row.unread else "alerts.access.read")
        return self.look.tr("alerts.access.row", time=row.time, kind=row.chip, name=row.title, text=row.body, state=state)

    # -- input ----------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Letters act on the chosen row; everything else walks."""
        vm, chosen, key = self._vm, self._vm.chosen, event.key()
        row = next((row for row in self._rows if row.id == chosen), None) if chosen else None
        if row is None:
            super().keyPressEvent(event)
        elif event.matches(QKeySequence.StandardKey.Copy) or key == Qt.Key.Key_C:
            text = f"{row.time} {row.chip} {row.title}: {row.body}"
            QGuiApplication.clipboard().setText(text)
        elif key == Qt.Key.Key_T:
            vm.go_back_to(chosen)
        elif key in (Qt.Key.Key_R, Qt.Key.Key_Space):
            vm.mark_read(chosen)
        elif key == Qt.Key.Key_M:
            vm.mute(chosen)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with the row."""
        identity = self.identity_at(event.pos())
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            identity = self._vm.chosen
        if not identity:
            return
        self._vm.choose(identity)
        place = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            place = self.viewport().mapToGlobal(self.rect_of(identity).center())
        self.menu_for(identity).popup(place)

    def menu_for(self, identity: str) -> QMenu:
        """What can be done with a row; the menu deletes itself when it closes."""
        vm, tr = self._vm, self.look.tr
        record = vm.record(identity)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        has_symbol = record is not None and bool(record.ticker)
        entries: tuple[tuple[str, str, Callable[[], None], bool], ...] = (
            ("alerts.menu.chart", "candles", lambda: vm.open_chart(identity), has_symbol),
            ("alerts.menu.then", "time", lambda: vm.go_back_to(identity), True),
            ("alerts.menu.read", "check", lambda: vm.mark_read(identity), record is not None and not record.read),
            ("alerts.menu.mute", "bell", lambda: vm.mute(identity), True),
            ("alerts.menu.read_all", "check", vm.mark_all_read, vm.unread > 0),
        )
        for key, icon, slot, enabled in entries:
            text = tr(key, minutes=MUTE_MINUTES) if key == "alerts.menu.mute" else tr(key)
            action = menu.addAction(self.look.icon(icon), text)
            action.setEnabled(enabled)
            action.triggered.connect(lambda _checked=False, run=slot: run())
        row = next((row for row in self._rows if row.id == identity), None)
        if self.more_entries is not None and record is not None and record.ticker and row is not None:
            self.more_entries(AskSubject("symbol", record.ticker, row.title), menu)
        return menu

    # -- painting -------------------------------------------------------------------------------------------------------

    def _chip_width(self) -> int:
        """Width of the widest kind chip, so that the names stand in one column."""
        words = [self.look.tr(f"notice.kind.{kind}") for kind in KINDS]
        return round(max(self.canvas.width(word, "caption", True) for word in words)) + self.look.px(12)

    def paint_row(self, number: int, top: int, tall: int) -> None:
        row, canvas, px = self._rows[number], self.canvas, self.look.px
        width = self.viewport().width()
        if row.kind == "day":
            canvas.fill(0, top, width, tall - 1, "bg-header")
            canvas.text(
                px(10), top, width - px(20), tall - 1, row.title, "text-secondary", size="caption", bold=True, elide=True
            )
            return
        ink = self.paint_ground(row.id, top, tall)
        if row.unread:
            canvas.fill(0, top, px(2), tall - 1, "accent")
        seconds, whole = not self._is_narrow, tall
        tall = px(_ROW)
        time = row.time if seconds else row.time[:5]
        left = px(10)
        canvas.text(left, top, px(60), tall - 1, time, "text-muted", size="caption")
        left += round(canvas.width("00:00:00" if seconds else "00:00", "caption")) + px(10)
        chip = row.look
        canvas.text_chip(0, top, tall - 1, row.chip, fill=chip.fill, edge=chip.edge, ink=chip.ink, left=left)
        left += self._chip_width() + px(10)
        right = self._paint_then(row, top, tall, width)
        room = right - left
        name_room = room if self._is_narrow else min(px(132), max(px(48), round(room * 0.5)))
        self.text_or_tip(row.id, (left, top, name_room, tall - 1), row.title, ink, size="title", bold=row.unread)
        body_ink = ink if row.unread or ink != "text" else "text-secondary"
        if self._is_narrow:
            place = (px(10), top + tall - px(3), width - px(20), whole - tall - 1)
            self.text_or_tip(row.id, place, row.body, body_ink)
            return
        left += name_room + px(8)
        if right - left >= px(24):
            self.text_or_tip(row.id, (left, top, right - left, tall - 1), row.body, body_ink)
        else:
            self.left_out.setdefault(row.id, []).append(row.body)

    def _paint_then(self, row: AlertRow, top: int, tall: int, width: int) -> int:
        """The way back to the moment at the right; return where it begins."""
        canvas, px = self.canvas, self.look.px
        word = f"{self.look.tr('alerts.then')} ↗" if width >= px(_SHORT_LINK) else "↗"
        wide = round(canvas.width(word, "body"))
        right = width - px(10)
        canvas.text(right - wide, top, wide, tall - 1, word, "link")
        self.spots[(row.id, _THEN)] = QRect(right - wide - px(4), top + px(2), wide + px(8), tall - px(4))
        return right - wide - px(12)

    def tip_at(self, place: QPoint) -> str:
        """Over the way back: where it leads; else what had no room."""
        identity = self.identity_at(place)
        record = self._vm.record(identity)
        if record is not None and self.spot_rect(identity, _THEN).contains(place):
            return self.look.tr("alerts.then.tip", time=fmt.clock(record.at_ns))
        return super().tip_at(place)

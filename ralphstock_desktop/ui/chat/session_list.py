"""The list of conversations: found as typed, renamed, exported, deleted for good.

Keys in the list: Enter opens, F2 renames, Del asks, Del again deletes, Ctrl+E exports. Deleting cannot be undone, so it takes
two presses of two different places.
"""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QContextMenuEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QPushButton, QVBoxLayout, QWidget

from engine.model.instants import AsOf
from ralphstock_desktop.assistant_ports import ChatSession
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.input_composition import CompositionLine
from ralphstock_desktop.ui.docks.painted_list import PaintedList
from ralphstock_desktop.ui.viewmodels.chat import ChatViewModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["SessionList", "SessionRows"]

_ROW, _ASKING = 46, 92
_FIND_MS = 150
_EXPORT, _DELETE, _SURE, _KEEP, _RENAME = "export", "delete", "sure", "keep", "rename"


class SessionRows(PaintedList):
    """The rows.

    Signals
    -------
    opened(str), rename_wanted(str), deleted(str)
        Identity of a conversation.
    export_wanted(str, QPoint)
        And where a menu may open.
    """

    opened = Signal(str)
    rename_wanted = Signal(str)
    deleted = Signal(str)
    export_wanted = Signal(str, QPoint)

    def __init__(self, view_model: ChatViewModel, appearance: Appearance, parent: QWidget | None = None) -> None:
        self._vm = view_model
        self._chosen = ""
        self.asking = ""
        """The row that asks whether it is really to be deleted."""
        self.searched = ""
        super().__init__(appearance, parent)

    # -- hooks ----------------------------------------------------------------------------------------------------------

    def identities(self) -> Sequence[str]:
        return [session.id for session in self._vm.sessions]

    def session(self, identity: str) -> ChatSession | None:
        """A conversation by identity."""
        return next((session for session in self._vm.sessions if session.id == identity), None)

    def row_height(self, number: int) -> int:
        asking = self._vm.sessions[number].id == self.asking
        return self.look.px(_ASKING if asking else _ROW)

    def chosen(self) -> str:
        return self._chosen if self._chosen in self.identities() else ""

    def choose(self, identity: str) -> None:
        if identity != self._chosen:
            self.asking = ""
        self._chosen = identity
        self.rows_changed()

    def open_row(self, identity: str) -> None:
        if identity != self.asking:
            self.opened.emit(identity)

    def message(self) -> tuple[str, str] | None:
        key = "chat.sessions.none_found" if self.searched else "chat.sessions.none"
        return (self.look.tr(key), "" if self.searched else self.look.tr("chat.sessions.none.detail"))

    def spoken(self, identity: str) -> str:
        session = self.session(identity)
        if session is None:
            return ""
        asking = f" {self.look.tr('chat.sessions.sure')}" if identity == self.asking else ""
        return f"{self._title(session)}, {self._line(session)}.{asking}"

    def press(self, identity: str, spot: str) -> None:
        self.choose(identity)
        if spot == _EXPORT:
            box = self.spot_rect(identity, _EXPORT)
            self.export_wanted.emit(identity, self.viewport().mapToGlobal(box.bottomLeft()))
        elif spot == _RENAME:
            self.rename_wanted.emit(identity)
        elif spot == _DELETE:
            self.ask_delete(identity)
        elif spot == _KEEP:
            self.ask_delete("")
        elif spot == _SURE:
            self.asking = ""
            self.deleted.emit(identity)

    def ask_delete(self, identity: str) -> None:
        """Let a row ask; an empty identity takes the question back."""
        self.asking = identity
        self.rows_changed()

    # -- input ----------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Rename, export, delete in two steps."""
        chosen, key = self.chosen(), event.key()
        if chosen and key == Qt.Key.Key_F2:
            self.rename_wanted.emit(chosen)
        elif chosen and key == Qt.Key.Key_Delete:
            if self.asking == chosen:
                self.press(chosen, _SURE)
            else:
                self.ask_delete(chosen)
        elif chosen and key == Qt.Key.Key_E and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.export_wanted.emit(chosen, self.viewport().mapToGlobal(self.rect_of(chosen).center()))
        elif key == Qt.Key.Key_Escape and self.asking:
            self.ask_delete("")
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with a row."""
        identity = self.chosen() if event.reason() == QContextMenuEvent.Reason.Keyboard else self.identity_at(event.pos())
        if not identity:
            return
        self.choose(identity)
        menu, tr = QMenu(self), self.look.tr
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        place = event.globalPos()
        for key, run in (
            ("chat.sessions.open", lambda: self.open_row(identity)),
            ("chat.sessions.rename", lambda: self.rename_wanted.emit(identity)),
            ("chat.sessions.export", lambda: self.export_wanted.emit(identity, place)),
            ("chat.sessions.delete", lambda: self.ask_delete(identity)),
        ):
            menu.addAction(tr(key)).triggered.connect(lambda _on=False, slot=run: slot())
        menu.popup(place)

    # -- painting -------------------------------------------------------------------------------------------------------

    def _title(self, session: ChatSession) -> str:
        return session.title or self.look.tr("chat.session.new")

    def _line(self, session: ChatSession) -> str:
        count = self.look.tr("chat.session.count", count=fmt.number(session.messages))
        return f"{fmt.as_of_short(AsOf(session.last_ns))} · {count}"

    def paint_row(self, number: int, top: int, tall: int) -> None:
        session = self._vm.sessions[number]
        canvas, px, tr, width = self.canvas, self.look.px, self.look.tr, self.viewport().width()
        ink = self.paint_ground(session.id, top, tall)
        conversation = self._vm.conversation
        is_open = conversation is not None and conversation.session.id == session.id
        left, right = px(14), width - px(8)
        for spot, icon in ((_DELETE, "cross"), (_EXPORT, "export"), (_RENAME, "columns")):
            side = px(24)
            right -= side
            box = QRect(right, top + (px(_ROW) - side) // 2, side, side)
            if spot == _RENAME:
                word = tr("chat.sessions.rename")
                wide = round(canvas.width(word, "caption")) + px(8)
                right -= wide - side
                box = QRect(right, box.y(), wide, side)
                canvas.text(right + px(4), box.y(), wide, side, word, "link", size="caption")
            else:
                picture = self.look.pixmap(icon, "text-secondary", 14, canvas.ratio)
                canvas.painter.drawPixmap(box.x() + px(5), box.y() + px(5), picture)
            self.spots[(session.id, spot)] = box
        room = right - left - px(8)
        if is_open:
            canvas.painter.drawPixmap(left, top + px(9), self.look.pixmap("dot", "accent", 12, canvas.ratio))
        shift = px(16) if is_open else 0
        title_box = (left + shift, top + px(5), room - shift, px(18))
        self.text_or_tip(session.id, title_box, self._title(session), ink, size="title", bold=True)
        self.text_or_tip(session.id, (left, top + px(24), room, px(16)), self._line(session), "text-muted", size="caption")
        if session.id == self.asking:
            self._paint_question(session.id, top + px(_ROW), width)

    def _paint_question(self, identity: str, top: int, width: int) -> None:
        canvas, px, tr = self.canvas, self.look.px, self.look.tr
        canvas.painter.drawPixmap(px(14), top + px(2), self.look.pixmap("warning", "danger", 14, canvas.ratio))
        line = (px(32), top, width - px(40), px(18))
        self.text_or_tip(identity, line, tr("chat.sessions.sure"), "danger", size="caption")
        top += px(21)
        right = width - px(10)
        answers = ((_SURE, "chat.sessions.sure.yes", "danger"), (_KEEP, "chat.sessions.sure.no", "text-secondary"))
        for spot, key, token in answers:
            word = tr(key)
            wide = round(canvas.width(word, "caption", True)) + px(16)
            right -= wide
            box = QRect(right, top, wide, px(20))
            canvas.painter.setPen(self.look.color(token))
            canvas.painter.setBrush(Qt.BrushStyle.NoBrush)
            canvas.painter.drawRoundedRect(box.adjusted(0, 0, -1, -1), px(3), px(3))
            canvas.text(right, top, wide, px(20), word, token, align="center", size="caption", bold=True)
            self.spots[(identity, spot)] = box
            right -= px(6)

    def tip_at(self, place: QPoint) -> str:
        """Words of the icons; else what had no room."""
        spot = next((name for (_, name), rect in self.spots.items() if rect.contains(place)), "")
        if spot in (_EXPORT, _DELETE):
            return self.look.tr(f"chat.sessions.{spot}")
        return super().tip_at(place)


class SessionList(QWidget):
    """Search field, rows and what concerns all of them.

    Signals
    -------
    opened(str)
        A conversation is to be continued.
    export_chosen(str, str)
        Identity and form (``markdown``, ``json``).
    left
        Back to the conversation.
    """

    opened = Signal(str)
    export_chosen = Signal(str, str)
    left = Signal()

    def __init__(self, view_model: ChatViewModel, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._vm, self._look = view_model, appearance
        self.field = CompositionLine()
        self.field.setClearButtonEnabled(True)
        self.rows = SessionRows(view_model, appearance)
        self.title_field = QLineEdit(self.rows.viewport())
        self.title_field.hide()
        self._renaming = ""
        self.delete_all = QPushButton()
        self.delete_all.setAutoDefault(False)
        self._all_asked = False
        self._top = QHBoxLayout()
        self._top.addWidget(self.field, 1)
        self._foot = QHBoxLayout()
        self._foot.addStretch(1)
        self._foot.addWidget(self.delete_all)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(self._top)
        box.addWidget(self.rows, 1)
        box.addLayout(self._foot)
        self._find = QTimer(self)
        self._find.setSingleShot(True)
        self._find.setInterval(_FIND_MS)
        self._find.timeout.connect(self._on_find)
        self.field.query_changed.connect(lambda _text: self._find.start())
        self.field.installEventFilter(self)
        self.title_field.installEventFilter(self)
        self.rows.opened.connect(self.opened)
        self.rows.deleted.connect(view_model.delete_session)
        self.rows.rename_wanted.connect(self.begin_rename)
        self.rows.export_wanted.connect(self._on_export)
        self.title_field.editingFinished.connect(self._end_rename)
        self.delete_all.clicked.connect(lambda _on=False: self._on_delete_all())
        view_model.sessions_changed.connect(self._on_sessions)
        view_model.conversation_changed.connect(self.rows.rows_changed)
        appearance.changed.connect(self.apply)
        self.apply()

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        look = self._look
        self._top.setContentsMargins(look.px(8), look.px(6), look.px(8), look.px(6))
        self._foot.setContentsMargins(look.px(8), look.px(6), look.px(8), look.px(6))
        self.field.setPlaceholderText(look.tr("chat.sessions.search"))
        self.field.setAccessibleName(look.tr("chat.sessions.search"))
        self.field.setFont(look.font("body"))
        self.title_field.setFont(look.font("title"))
        self.title_field.setAccessibleName(look.tr("chat.sessions.rename"))
        self.title_field.setMaxLength(80)
        self.rows.setAccessibleName(look.tr("chat.sessions.access"))
        self.delete_all.setFont(look.font("caption"))
        self._label_all()

    def _label_all(self) -> None:
        self.delete_all.setText(self._look.tr("chat.sessions.all.sure" if self._all_asked else "chat.sessions.all"))
        self.delete_all.setVisible(bool(self._vm.sessions) and not self.rows.searched)

    def begin(self) -> None:
        """The list comes to the front: the open conversation is chosen."""
        conversation = self._vm.conversation
        if conversation is not None:
            self.rows.choose(conversation.session.id)
        self._all_asked = False
        self._label_all()
        self.rows.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_sessions(self) -> None:
        if self._renaming and self.rows.session(self._renaming) is None:
            self._drop_rename()
        self.rows.rows_changed()
        self._label_all()

    def _on_find(self) -> None:
        self.rows.searched = self.field.query().strip()
        self._vm.find_sessions(self.rows.searched)

    # -- rename, export, delete -----------------------------------------------------------------------------------------

    def begin_rename(self, identity: str) -> None:
        """Put a field over the title of a row."""
        session = self.rows.session(identity)
        if session is None:
            return
        self._renaming = identity
        box, px = self.rows.rect_of(identity), self._look.px
        self.title_field.setGeometry(box.x() + px(8), box.y() + px(2), min(box.width() - px(16), px(360)), px(26))
        self.title_field.setText(session.title)
        self.title_field.show()
        self.title_field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.title_field.selectAll()

    def _end_rename(self) -> None:
        identity, title = self._renaming, self.title_field.text().strip()
        session = self.rows.session(identity) if identity else None
        self._drop_rename()
        if session is not None and title and title != session.title:
            self._vm.rename_session(identity, title)

    def _drop_rename(self) -> None:
        self._renaming = ""
        if self.title_field.isVisible():
            self.title_field.hide()
            self.rows.setFocus(Qt.FocusReason.OtherFocusReason)

    def export_menu(self, identity: str) -> QMenu:
        """The two forms; the menu deletes itself when it closes."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for form in ("markdown", "json"):
            action: QAction = menu.addAction(self._look.tr(f"chat.sessions.export.{form}"))
            action.triggered.connect(lambda _on=False, chosen=form: self.export_chosen.emit(identity, chosen))
        return menu

    def _on_export(self, identity: str, place: QPoint) -> None:
        self.export_menu(identity).popup(place)

    def _on_delete_all(self) -> None:
        if self._all_asked:
            self._all_asked = False
            self._vm.delete_all()
        else:
            self._all_asked = True
        self._label_all()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Down leads from the search into the list; Esc takes a new title or a search back."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if watched is self.title_field and event.key() == Qt.Key.Key_Escape:
                self._drop_rename()
                return True
            if watched is self.title_field and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._end_rename()  # the key must not go on to the rows, where it opens
                return True
            if watched is self.field and not self.field.composing and event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return):
                self.rows.setFocus(Qt.FocusReason.OtherFocusReason)
                if not self.rows.chosen():
                    self.rows.step(1)
                return True
            if watched is self.field and event.key() == Qt.Key.Key_Escape and self.field.text():
                self.field.clear()
                return True
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc goes back to the conversation; Ctrl+F searches."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
            event.accept()
            return
        if event.matches(QKeySequence.StandardKey.Find):
            self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
            event.accept()
            return
        super().keyPressEvent(event)

"""A conversation on screen: messages below each other, laid out only where they are seen.

- A message far away has an estimated height and no widgets; it is made when it comes near. What stands above the eye may change
  its height then: the message at the top edge stays where it is.
- At the end the view follows what is written; anywhere else nothing moves, and a button leads to the end. An answer that comes
  whole and does not fit is shown from its question on: it is read from its beginning.
- Tab walks links, sources and buttons in reading order, through messages not yet made too; Alt+↑↓ goes from message to message,
  Ctrl+Z undoes what an offer did last.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

from ralphstock_desktop.services.assistant_contracts import Conversation, StreamUpdate, Turn
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.answer_view import AnswerTurnView
from ralphstock_desktop.ui.chat.body_view import BodyView
from ralphstock_desktop.ui.chat.card_keeper import CardKeeper
from ralphstock_desktop.ui.chat.fact_card import FactCard
from ralphstock_desktop.ui.chat.retry_times import RetryTimes
from ralphstock_desktop.ui.chat.scrolled_area import ScrolledArea
from ralphstock_desktop.ui.chat.source_chips import OutlineButton
from ralphstock_desktop.ui.chat.told import plain_tip
from ralphstock_desktop.ui.chat.turn_slots import Slot, Slots, looks_same
from ralphstock_desktop.ui.chat.turn_view import TurnView, UserTurnView
from ralphstock_desktop.ui.chat.turn_walk import TurnWalk

__all__ = ["ConversationView"]


class ConversationView(QWidget):
    """See the module text.

    Parameters
    ----------
    now_ms : callable
        Wall clock in milliseconds since the epoch, for the time until a question may be asked again.

    Signals
    -------
    fact_clicked(n, fact_id), chip_clicked(n, number), link_hovered(n, fact_id)
        A value or a source of answer ``n``; hovering an empty id means that nothing is.
    proposal_clicked(id), proposal_undo(id)
        What an answer offered.
    retry_wanted(n), edit_wanted(n), copy_wanted(n), stop_wanted
        About message ``n``. ``retry_wanted`` names the answer (or failure), ``edit_wanted`` the question; it has been copied.
    """

    fact_clicked = Signal(int, str)
    chip_clicked = Signal(int, int)
    proposal_clicked = Signal(str)
    proposal_undo = Signal(str)
    retry_wanted = Signal(int)
    edit_wanted = Signal(int)
    copy_wanted = Signal(int)
    stop_wanted = Signal()
    link_hovered = Signal(int, str)

    def __init__(
        self,
        appearance: Appearance,
        parent: QWidget | None = None,
        *,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        super().__init__(parent)
        self._look, self._now_ms = appearance, now_ms
        self._area = ScrolledArea(self)
        self._slots = Slots()
        self._session = ""
        self._stick = True
        self._arrived: Slot | None = None
        """An answer that came whole since the last layout."""
        self._arranging = False
        self._times = RetryTimes(now_ms)
        self._done: list[str] = []
        self._cards = CardKeeper(appearance, self)
        self._walk = TurnWalk(self._slots, self._reveal, self._keep_in_sight)
        self.end_button = OutlineButton(appearance, "float", self, ink="accent")
        self.end_button.clicked.connect(self.scroll_to_end)
        self.end_button.hide()
        self.setFocusProxy(self._area)
        self._area.scrolled.connect(self._on_scrolled)
        self._area.resized.connect(self._on_resized)
        self._area.entered.connect(self._on_entered)
        appearance.changed.connect(self._on_appearance)
        self._label()

    # -- what is shown --------------------------------------------------------------------------------------------------

    def show_conversation(self, conversation: Conversation | None) -> None:
        """Show a conversation as it is now; messages that are the same stay untouched. None shows nothing."""
        session = conversation.session.id if conversation else ""
        turns = conversation.turns if conversation else ()
        asked = len(turns) > len(self._slots.all) and any(turn.role == "user" for turn in turns[len(self._slots.all) :])
        if session != self._session:
            self._session, self._stick = session, True
            self._done.clear()
            self._cards.hide()
            self._slots.clear()
        elif asked:
            # Who asks wants to see the answer.
            self._stick = True
        for number, turn in enumerate(turns):
            self._take(number, turn)
        self._slots.cut(len(turns))
        self._arrange()
        self._begin_answer()

    def _begin_answer(self) -> None:
        """Show an answer that came whole from its question on, where its end would push its beginning out of sight."""
        slot, self._arrived = self._arrived, None
        slots, tall = self._slots.all, self._area.viewport().height()
        if slot is None or not self._stick or not slots or slots[-1] is not slot:
            return
        question = slots[-2] if len(slots) > 1 else slot
        first = question if question.turn.role == "user" and question.height <= tall // 2 else slot
        if slot.top + slot.height + self._look.px(8) - first.top > tall:
            self._stick = False
            self._slots.anchor_on(first)
            self._arrange()

    def _take(self, number: int, turn: Turn) -> None:
        slots = self._slots
        if number == len(slots.all):
            slots.add(turn, self._estimate(turn))
            return
        slot = slots.all[number]
        if slot.turn is turn or looks_same(slot.turn, turn):
            slot.turn = turn
            return
        finished = slot.turn.state in ("waiting", "streaming") and turn.state == "done"
        if slot.turn.role != turn.role or slot.turn.n != turn.n:
            slots.replace(number, turn, self._estimate(turn))
            return
        if slot.turn.state not in ("waiting", "streaming"):
            slot.update = None
        slot.turn, slot.fresh = turn, False
        if slot.view is not None:
            slot.view.show_turn(turn)
        if finished:
            if turn.answer is not None and turn.answer.source == "template":
                self._arrived = slot
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, self._look.tr("chat_view.access.arrived")))

    def show_update(self, update: StreamUpdate) -> None:
        """Show the answer that is arriving. Only its message is laid out again, and only where it is in sight."""
        slot = self._slots.of(update.n)
        if slot is None:
            turn = Turn(update.n, "assistant", "", self._now_ms() * 1_000_000, state="streaming")
            slot = self._slots.add(turn, self._look.px(80))
        if slot.turn.state not in ("waiting", "streaming"):
            return
        slot.update = update
        if not self.isVisible():
            # A hidden panel does not follow thirty times a second; it catches up when it is shown.
            return
        if slot.view is None:
            self._arrange()
        elif isinstance(slot.view, AnswerTurnView) and slot.view.show_update(update):
            growth = slot.view.body.growth()
            if self._stick and slot.fresh and growth > 0 and slot.view.body.isVisible():
                # Before anything is marked as changed: only then is what is painted carried along instead of painted again.
                self._area.content.move(0, self._area.content.y() - growth)
            slot.view.body.paint_changes()
            slot.fresh = False
            self._arrange()

    def turn_view(self, n: int) -> TurnView | None:
        """The widget of message ``n``, if it has been made."""
        slot = self._slots.of(n)
        return slot.view if slot else None

    def _estimate(self, turn: Turn) -> int:
        """Height of a message not laid out yet, from the length of its text."""
        px = self._look.px
        wide = max(200, self._area.viewport().width() - px(60))
        lines = sum(1 + len(line) * px(11) // wide for line in turn.text.split("\n"))
        return px(30 + 22 * lines) if turn.role == "user" else px(110 + 22 * lines)

    def _make(self, slot: Slot) -> TurnView:
        look, parent, turn = self._look, self._area.content, slot.turn
        view: TurnView
        if turn.role == "user":
            view = UserTurnView(look, turn, parent)
        else:
            answer = AnswerTurnView(look, turn, self._times, self._now_ms, parent)
            if slot.update is not None:
                answer.show_update(slot.update)
            view = answer
        n = turn.n
        view.fact_clicked.connect(lambda fact: self.fact_clicked.emit(n, fact))
        view.chip_clicked.connect(lambda number: self.chip_clicked.emit(n, number))
        view.proposal_clicked.connect(self._on_proposal)
        view.proposal_undo.connect(self._on_undo)
        view.retry.connect(lambda: self.retry_wanted.emit(n))
        view.edit.connect(lambda: self.edit_wanted.emit(n))
        view.copied.connect(lambda: self.copy_wanted.emit(n))
        view.stop.connect(self.stop_wanted)
        view.link_hovered.connect(lambda fact, place: self._on_hover(n, fact, place))
        view.height_changed.connect(lambda: self._on_height(slot))
        view.caret_moved.connect(lambda place: self._keep_in_sight(view, place))
        view.first = self._slots.all[0] is slot
        view.show()
        return view

    # -- layout ---------------------------------------------------------------------------------------------------------

    def _on_appearance(self) -> None:
        self._cards.hide()
        self._slots.restyle()
        self._label()
        self._arrange()

    def _label(self) -> None:
        tr = self._look.tr
        self._area.setAccessibleName(tr("chat_view.access.list"))
        palette = self._area.content.palette()
        palette.setColor(palette.ColorRole.Window, self._look.color("bg-panel"))
        self._area.content.setPalette(palette)
        # Without words: it floats over text.
        self.end_button.set_words("", icon="chevron", name=tr("chat_view.to_end"))
        self.end_button.setToolTip(plain_tip(tr("chat_view.to_end")))
        self._area.verticalScrollBar().setSingleStep(self._look.px(24))

    def _on_resized(self) -> None:
        self._slots.soften()
        self._arrange()

    def _on_height(self, slot: Slot) -> None:
        slot.fresh = False
        if not self._arranging:
            self._arrange()

    def _on_scrolled(self) -> None:
        if self._arranging:
            return
        bar = self._area.verticalScrollBar()
        self._stick = bar.value() >= bar.maximum() - self._look.px(4)
        self._slots.anchor_at(bar.value())
        self._cards.hide()
        self._arrange()

    def _arrange(self) -> None:
        """Find heights near the eye, keep what is at the top edge (or the end) in place, and move the messages there."""
        slots, viewport, bar = self._slots, self._area.viewport(), self._area.verticalScrollBar()
        width, tall = viewport.width(), viewport.height()
        if self._arranging or width < 40:
            return
        self._arranging = True
        try:
            near = tall // 2
            for _ in range(8):
                total = slots.stack(self._look.px(8))
                most = max(0, total - tall)
                value = most if self._stick else max(0, min(most, slots.anchored()))
                moved = False
                for slot in slots.between(value - near, value + tall + near):
                    if not slot.fresh:
                        moved |= self._measure(slot, width)
                if not moved:
                    break
            bar.setPageStep(tall)
            bar.setRange(0, most)
            bar.setValue(value)
            if not self._stick and not slots.anchor_holds(value):
                slots.anchor_at(value)
            self._place(width, value)
        finally:
            self._arranging = False
        self._show_end_button(most - value)

    def _measure(self, slot: Slot, width: int) -> bool:
        if slot.view is None:
            slot.view = self._make(slot)
        elif slot.stale:
            slot.view.restyle()
        slot.stale = False
        height = slot.view.lay_out(width)
        changed, slot.height, slot.fresh = height != slot.height, height, True
        return changed

    def _place(self, width: int, value: int) -> None:
        self._area.move_sheet(width, value)
        for slot in self._slots.all:
            if slot.view is not None:
                place = QRect(0, slot.top, width, slot.height)
                if slot.fresh and slot.view.geometry() != place:
                    slot.view.setGeometry(place)
                elif not slot.fresh and slot.view.y() != slot.top:
                    slot.view.move(0, slot.top)

    def _show_end_button(self, below: int) -> None:
        shown = below > self._look.px(60)
        self.end_button.setVisible(shown)
        if shown:
            size = self.end_button.sizeHint()
            # At the right, where the lines are rarely written full.
            left = self._area.viewport().width() - size.width() - self._look.px(12)
            self.end_button.setGeometry(QRect(QPoint(left, self.height() - size.height() - self._look.px(8)), size))
            self.end_button.raise_()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The scrolled part takes everything."""
        super().resizeEvent(event)
        self._area.setGeometry(self.rect())

    def scroll_to_end(self) -> None:
        """Show the end and follow what is written."""
        self._stick = True
        self._arrange()

    def scroll_to(self, n: int) -> None:
        """Bring the beginning of message ``n`` to the top edge, as far as the end allows."""
        slot = self._slots.of(n)
        if slot is not None:
            self._stick = False
            self._slots.anchor_on(slot)
            self._arrange()

    def at_end(self) -> bool:
        """Whether the view follows what is written."""
        return self._stick

    def _keep_in_sight(self, view: TurnView, place: QRect) -> None:
        bar, edge = self._area.verticalScrollBar(), self._look.px(12)
        top = view.y() + place.top() - edge
        bottom = view.y() + place.bottom() + edge
        if top < bar.value():
            bar.setValue(top)
        elif bottom > bar.value() + self._area.viewport().height():
            bar.setValue(bottom - self._area.viewport().height())

    # -- keyboard -------------------------------------------------------------------------------------------------------

    def focus_turn(self, n: int) -> None:
        """Bring message ``n`` into sight and give it the keyboard."""
        slot = self._slots.of(n)
        if slot is None:
            return
        self._reveal(slot)
        if slot.view is not None:
            stops = slot.view.focusables()
            body = next((stop for stop in stops if isinstance(stop, BodyView)), None)
            target = body or (stops[0] if stops else None)
            if target is not None:
                target.setFocus(Qt.FocusReason.OtherFocusReason)

    def _reveal(self, slot: Slot) -> None:
        """Make a message and bring it into sight, without moving when it is already."""
        bar, tall = self._area.verticalScrollBar(), self._area.viewport().height()
        if not slot.fresh or slot.top < bar.value() or slot.top + slot.height > bar.value() + tall:
            self._stick = False
            self._slots.anchor_on(slot)
            self._arrange()
            self._stick = bar.value() >= bar.maximum() and slot is self._slots.all[-1]

    def _on_entered(self, forward: bool) -> None:
        slots = self._slots.all
        value = self._area.verticalScrollBar().value()
        first = next((number for number, slot in enumerate(slots) if slot.top >= value), len(slots) - 1)
        self._walk.step_into(first if forward else len(slots) - 1, forward=forward)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Walk the stops of the messages in reading order, then leave."""
        if self._walk.holder() < 0:
            inside = QApplication.focusWidget() is self._area and bool(self._slots.all)
            if inside and forward:
                self._on_entered(forward)
                return True
            return super().focusNextPrevChild(forward)
        if self._walk.step(forward=forward):
            return True
        # Stops of messages take no part in Qt's own order: leave from the area, which is the only one that does.
        self._area.setFocus(Qt.FocusReason.OtherFocusReason)
        return super().focusNextPrevChild(forward)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """From message to message, and undo."""
        key = event.key()
        if event.modifiers() & Qt.KeyboardModifier.AltModifier and key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            number = self._walk.holder()
            number = len(self._slots.all) - 1 if number < 0 else number + (1 if key == Qt.Key.Key_Down else -1)
            if 0 <= number < len(self._slots.all):
                self.focus_turn(self._slots.all[number].turn.n)
        elif event.matches(QKeySequence.StandardKey.Undo) and (proposal := self._last_done()):
            self._on_undo(proposal)
        else:
            super().keyPressEvent(event)

    # -- offers ---------------------------------------------------------------------------------------------------------

    def _on_proposal(self, proposal: str) -> None:
        self._done.append(proposal)
        self.proposal_clicked.emit(proposal)

    def _on_undo(self, proposal: str) -> None:
        self._done = [other for other in self._done if other != proposal]
        self.proposal_undo.emit(proposal)

    def _last_done(self) -> str:
        """What can be undone: the last one clicked here, else the last one in the conversation."""
        done = [offer.id for slot in self._slots.all if slot.turn.answer for offer in slot.turn.answer.proposals
                if offer.state == "done"]  # fmt: skip
        clicked = [proposal for proposal in self._done if proposal in done]
        return (clicked or done or [""])[-1]

    # -- the card -------------------------------------------------------------------------------------------------------

    @property
    def card(self) -> FactCard:
        """The card over a value."""
        return self._cards.card

    def _on_hover(self, n: int, fact_id: str, place: QRect) -> None:
        self.link_hovered.emit(n, fact_id)
        view = self.turn_view(n)
        self._cards.hover(view, view.fact(fact_id) if view is not None else None, place)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what has arrived."""
        super().showEvent(event)
        for slot in self._slots.all:
            if slot.update is not None and isinstance(slot.view, AnswerTurnView) and slot.view.show_update(slot.update):
                slot.view.body.paint_changes()
                slot.fresh = False
        self._arrange()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing floats over a hidden panel."""
        super().hideEvent(event)
        self._cards.hide()

    def changeEvent(self, event: QEvent) -> None:
        """Nor over a window that is not active any more."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self._cards.hide()

"""An answer: head, text with linked values, sources, what is offered, notes; or what is still going on."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from ralphstock_desktop.services.assistant_contracts import Block, Fact, Paragraph, Proposal, Span, StreamUpdate, Turn
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.head_line import STANDING_NOTES, HeadLine, head_items, usage_lines
from ralphstock_desktop.ui.chat.refusal_block import ErrorBlock, NoticeBlock, RefusalBlock
from ralphstock_desktop.ui.chat.retry_times import same_error
from ralphstock_desktop.ui.chat.source_chips import OutlineButton, flow, proposal_button, source_button
from ralphstock_desktop.ui.chat.told import told
from ralphstock_desktop.ui.chat.turn_view import TurnView
from ralphstock_desktop.ui.chat.written import clean, markdown_of, plain_of
from ralphstock_desktop.wording import format as fmt

__all__ = ["AnswerTurnView"]

_NOTE = 18


class AnswerTurnView(TurnView):
    """See the module text. ``until_ms`` tells from when a failed question may be asked again."""

    def __init__(
        self, look: Appearance, turn: Turn, until_ms: Callable[[Turn], int], now_ms: Callable[[], int], parent: QWidget
    ) -> None:
        super().__init__(look, turn, parent)
        self._until_ms, self._now_ms = until_ms, now_ms
        self.head = HeadLine(look, self)
        self.body = self.make_body()
        self.stop_button = OutlineButton(look, "action", self, ink="text-secondary")
        self.stop_button.clicked.connect(self.stop)
        self.refusal: RefusalBlock | None = None
        self.error: ErrorBlock | None = None
        self.chips: list[OutlineButton] = []
        self.proposals: dict[str, OutlineButton] = {}
        self.undos: dict[str, OutlineButton] = {}
        self._offered: tuple[Proposal, ...] = ()
        self._offer_row: list[OutlineButton] = []
        self._blocks: tuple[Block, ...] = ()
        self._facts: tuple[Fact, ...] = ()
        self._activity = ""
        self._update: StreamUpdate | None = None
        self._notes: list[tuple[str, str]] = []
        """Text and colour token of the lines at the end."""
        self._lines: list[tuple[int, str, str]] = []
        """Top, text and token of those lines, broken at the width."""
        self._icon, self._activity_place, self._hint_place = QPoint(), QRect(), QRect()
        self.show_turn(turn)

    # -- content --------------------------------------------------------------------------------------------------------

    @property
    def going_on(self) -> bool:
        """Whether the answer is still being written."""
        return self.turn.state in ("waiting", "streaming")

    def show_turn(self, turn: Turn) -> None:
        """Show the message as it is now; finished blocks of a stream keep their layout."""
        old, self.turn = self.turn, turn
        answer = turn.answer
        if self.going_on and old.state not in ("waiting", "streaming"):
            # Asked again: what was there is no part of the new answer.
            self._blocks, self._facts, self._update = (), (), None
        if answer is not None:
            self._blocks, self._facts = answer.blocks, answer.facts
        elif turn.text and not (self._blocks and turn.state == "stopped"):
            self._blocks, self._facts = (Paragraph((Span(turn.text),)),), ()
        numbers = {fact: chip.number for chip in (answer.chips if answer else ()) for fact in chip.facts}
        if self.body.show_blocks(self._blocks, self._facts, numbers):
            self.body.paint_changes()
        old_answer = old.answer if old is not turn or self.chips else None
        if answer is None or old_answer is None or answer.chips != old_answer.chips:
            self._make_chips()
        if (answer.refusal if answer else None) != (self.refusal.refusal if self.refusal else None):
            self._make_refusal()
        if not same_error(turn.error, self.error.error if self.error else None):
            self._make_error()
        self._make_proposals(answer.proposals if answer else ())
        self._label()

    def show_update(self, update: StreamUpdate) -> bool:
        """Show the answer as far as it has arrived; returns whether another layout is needed."""
        if self.turn.state not in ("waiting", "streaming"):
            return False
        before = self._activity
        self._update, self._blocks, self._facts = update, update.blocks, update.facts
        changed = self.body.show_blocks(update.blocks, update.facts)
        self._activity = self._activity_text()
        if self._activity != before:
            self.update(self._activity_place)
        return changed

    def _activity_text(self) -> str:
        update, tr = self._update, self.look.tr
        other = tr("chat_view.writing" if self._blocks else "chat_view.waiting")
        return other if update is None else told(self.look, update.activity, update.fields, other)

    def _drop(self, widget: QWidget | None) -> None:
        if widget is not None:
            widget.hide()
            widget.deleteLater()

    def _make_chips(self) -> None:
        for button in self.chips:
            self._drop(button)
        self.chips = []
        for chip in self.turn.answer.chips if self.turn.answer else ():
            button = source_button(self.look, chip, self)
            button.clicked.connect(lambda _checked=False, number=chip.number: self.chip_clicked.emit(number))
            button.show()
            self.chips.append(button)

    def _make_refusal(self) -> None:
        self._drop(self.refusal)
        answer = self.turn.answer
        self.refusal = None
        if answer is not None and answer.refusal is not None:
            self.refusal = RefusalBlock(self.look, answer.refusal, answer.facts, self)
            self.refusal.resized.connect(self.height_changed)
            self.refusal.link_clicked.connect(self.fact_clicked)
            self.refusal.show()

    def _make_error(self) -> None:
        self._drop(self.error)
        self.error = None
        if self.turn.error is not None:
            self.error = ErrorBlock(self.look, self.turn.error, self._until_ms(self.turn), self._now_ms, self)
            self.error.resized.connect(self.height_changed)
            self.error.retry.connect(self.retry)
            self.error.show()

    def _make_proposals(self, offered: tuple[Proposal, ...]) -> None:
        if offered == self._offered and bool(offered) == bool(self._offer_row):
            return
        focused = next((name for name, button in {**self.proposals, **self.undos}.items() if button.hasFocus()), "")
        for button in self._offer_row:
            self._drop(button)
        self._offered, self._offer_row, self.proposals, self.undos = offered, [], {}, {}
        for proposal in offered:
            button = proposal_button(self.look, proposal, self)
            button.clicked.connect(lambda _checked=False, name=proposal.id: self.proposal_clicked.emit(name))
            self.proposals[proposal.id] = button
            self._offer_row.append(button)
            if proposal.state == "done":
                undo = OutlineButton(self.look, "word", self, ink="link")
                title = clean(proposal.title)
                undo.set_words(
                    self.look.tr("chat_view.undo"), icon="undo", name=self.look.tr("chat_view.access.undo", title=title)
                )
                undo.clicked.connect(lambda _checked=False, name=proposal.id: self.proposal_undo.emit(name))
                self.undos[proposal.id] = undo
                self._offer_row.append(undo)
        for button in self._offer_row:
            button.show()
        if focused:
            (self.undos.get(focused) or self.proposals.get(focused) or self.body).setFocus()

    def _label(self) -> None:
        tr, answer, turn = self.look.tr, self.turn.answer, self.turn
        self.head.set_items(head_items(self.look, turn))
        self._activity = self._activity_text() if self.going_on else ""
        self.stop_button.set_words(tr("chat_view.stop"), icon="pause")
        self.stop_button.setVisible(self.going_on)
        notes: list[tuple[str, str]] = []
        if answer is not None:
            for key, fields in answer.notes:
                if key not in STANDING_NOTES:
                    notes.append((told(self.look, key, fields, key), "text-secondary"))
            if answer.disclaimer:
                notes.append((tr("chat_view.disclaimer"), "text-muted"))
        self._notes = notes
        name = tr("chat_view.access.going_on") if self.going_on else tr("chat_view.access.answer")
        if answer is not None:
            name = f"{name}, {tr('chat_view.as_of', time=fmt.as_of_long(answer.as_of, self.look.language))}"
        for widget in (self, self.body):
            widget.setAccessibleName(name)
        # While it is written the text changes thirty times a second: it is told once it is whole.
        if not self.going_on:
            for widget in (self, self.body):
                widget.setAccessibleDescription(self.plain())

    def restyle(self) -> None:
        """See :class:`TurnView`."""
        super().restyle()
        self.body.restyle()
        notices: list[NoticeBlock | None] = [self.refusal, self.error]
        for notice in notices:
            if notice is not None:
                notice.restyle()
        self._make_chips()
        offered, self._offered = self._offered, ()
        self._make_proposals(offered)
        self._label()

    def fact(self, fact_id: str) -> Fact | None:
        """A fact of the answer, or of what has arrived of it."""
        return next((fact for fact in self._facts if fact.id == fact_id), None)

    def plain(self) -> str:
        """Text, notices and notes, without what the model was not allowed to say."""
        parts = [self.error.text() if self.error else "", plain_of(self._blocks), self.refusal.text() if self.refusal else ""]
        return "\n".join(part for part in (*parts, *(text for text, _ in self._notes)) if part)

    def markdown(self) -> str:
        """The text as Markdown, notes below it."""
        parts = [markdown_of(self._blocks), *(f"*{text}*" for text, _ in self._notes)]
        return "\n\n".join(part for part in parts if part)

    def actions_of_menu(self) -> None:
        """Copy, ask again, and what it cost."""
        tr = self.look.tr
        self.add_copy_actions(self.body)
        if not self.going_on:
            self.menu.addAction(self.look.icon("undo"), tr("chat_view.retry"), self.retry.emit)
        lines = usage_lines(self.look, self.turn.answer) if self.turn.answer else []
        if lines:
            self.menu.addSeparator()
        for line in lines:
            self.menu.addAction(line).setEnabled(False)

    def focusables(self) -> list[QWidget]:
        """In reading order."""
        found: list[QWidget] = [self.more]
        if self.error is not None and self.error.button.isEnabled():
            found.append(self.error.button)
        if self._blocks:
            found.append(self.body)
        if self.refusal is not None:
            found.append(self.refusal.button)
            if self.refusal.body is not None and self.refusal.expanded:
                found.append(self.refusal.body)
        found += [self.stop_button, *self.chips, *self._offer_row]
        return [widget for widget in found if widget.isVisibleTo(self) and widget.isEnabled()]

    # -- layout ---------------------------------------------------------------------------------------------------------

    def lay_out(self, width: int) -> int:
        """Everything below each other, at the right of the icon."""
        px = self.look.px
        moved = self._activity_place
        whole = not self.going_on or self.width() != width
        if self.width() != width:
            self.resize(width, self.height())
        left = self.pad + px(22)
        room = width - left - self.pad
        y = px(6)
        self._icon = QPoint(self.pad, y + px(4))
        hint = self.more.sizeHint()
        self.more.setGeometry(QRect(QPoint(width - self.pad - hint.width(), y + px(1)), hint))
        tall = self.head.lay_out(room - hint.width() - px(4))
        self.head.setGeometry(left, y, room - hint.width() - px(4), tall)
        y += tall + px(2)
        if self.error is not None:
            y = self._place_notice(self.error, left, y, room)
        self.body.setVisible(bool(self._blocks))
        if self._blocks:
            margin = round(self.body.document().documentMargin())
            tall = self.body.lay_out(room + 2 * margin)
            self.body.setGeometry(left - margin, y - margin, room + 2 * margin, tall)
            y += tall - margin + px(3)
        if self.refusal is not None:
            y = self._place_notice(self.refusal, left, y + px(2), room)
        if self.going_on:
            y = self._place_activity(left, y, room)
        if self.chips:
            y = flow(self.chips, left, y + px(2), room, px(5), px(4)) + px(6)
        self._hint_place = QRect()
        if self._offer_row:
            y = flow(self._offer_row, left, y + px(2), room, px(6), px(4)) + px(6)
            self._place_hint(left + room)
        self._lines = []
        for text, token in self._notes:
            for line in self.canvas.wrapped(text, room, "caption"):
                self._lines.append((y, line, token))
                y += px(_NOTE)
        if whole:
            self.update()
        elif moved != self._activity_place:
            # The text above the activity line paints what has changed in it itself.
            self.update(moved)
            self.update(self._activity_place)
        return y + px(8)

    def _place_notice(self, notice: NoticeBlock, left: int, top: int, room: int) -> int:
        tall = notice.lay_out(room)
        notice.setGeometry(left, top, room, tall)
        return top + tall + self.look.px(6)

    def _place_activity(self, left: int, top: int, room: int) -> int:
        px, hint = self.look.px, self.stop_button.sizeHint()
        self.stop_button.setGeometry(QRect(QPoint(left + room - hint.width(), top + px(2)), hint))
        self._activity_place = QRect(left, top + px(2), room - hint.width() - px(8), hint.height())
        return top + hint.height() + px(8)

    def _place_hint(self, right: int) -> None:
        """``Undo Ctrl+Z`` after the last offer, where nothing has been done yet and there is room."""
        if self.undos:
            return
        last = self._offer_row[-1].geometry()
        wide = round(self.canvas.width(self.look.tr("chat_view.undo"), "caption")) + 1
        if last.right() + self.look.px(12) + wide <= right:
            self._hint_place = QRect(last.right() + self.look.px(12), last.y(), wide, last.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Icon, what goes on, hint and notes."""
        painter = QPainter(self)
        try:
            canvas, look = self.canvas, self.look
            canvas.begin(painter, self.devicePixelRatioF())
            painter.drawPixmap(self._icon, look.pixmap("chat", "accent", 16, canvas.ratio))
            if self.going_on:
                place = self._activity_place
                canvas.text(place.x(), place.y(), place.width(), place.height(), self._activity, "text-muted", elide=True)
            if not self._hint_place.isNull():
                place = self._hint_place
                canvas.text(place.x(), place.y(), place.width(), place.height(), look.tr("chat_view.undo"), "text-muted",
                            size="caption")  # fmt: skip
            left = self.pad + look.px(22)
            for top, text, token in self._lines:
                canvas.text(left, top, self.width() - left, look.px(_NOTE), text, token, size="caption")
        finally:
            painter.end()

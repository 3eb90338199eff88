"""Chat panel (screen 0990): questions about what is on screen, answers from the trader's own data.

The conversation itself is painted by ``ui/chat/conversation_view``; this panel puts around it who answers, what would leave the
machine, what is asked about, the input, the list of conversations, and what happens when something in an answer is clicked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QPoint, Qt, QTimer, Signal, SignalInstance
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QMenu, QWidget

from engine.model.errors import RalphStockError
from ralphstock_desktop.services.assistant_contracts import Conversation, StreamUpdate
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import Empty, SettingChange
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.content import ChatContent
from ralphstock_desktop.ui.chat.link import AskWish, Landing
from ralphstock_desktop.ui.dialogs.errors import error_code, error_sentence
from ralphstock_desktop.ui.dialogs.model_key import ModelKeyDialog
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.news_links import article_url, open_article
from ralphstock_desktop.ui.docks.table_panel import ExportRequest
from ralphstock_desktop.ui.panel import PanelFrame
from ralphstock_desktop.ui.viewmodels.chat import MOST_CHARACTERS, ChatViewModel

__all__ = ["ChatPanel", "ConversationWidget"]

_OUTSIDE = "assistant_outside"


class ConversationWidget(Protocol):
    """What the panel asks of the view of a conversation."""

    fact_clicked: SignalInstance
    chip_clicked: SignalInstance
    proposal_clicked: SignalInstance
    proposal_undo: SignalInstance
    retry_wanted: SignalInstance
    edit_wanted: SignalInstance
    copy_wanted: SignalInstance
    stop_wanted: SignalInstance
    link_hovered: SignalInstance

    def show_conversation(self, conversation: Conversation | None) -> None: ...
    def show_update(self, update: StreamUpdate) -> None: ...
    def scroll_to_end(self) -> None: ...


def _make_conversation(appearance: Appearance) -> QWidget:
    from ralphstock_desktop.ui.chat.conversation_view import ConversationView

    return ConversationView(appearance)


class ChatPanel(PanelFrame):
    """See the module text.

    Signals
    -------
    export_requested(ExportRequest)
        A conversation the user wants as a file.
    settings_wanted(str)
        The settings, at one setting.
    """

    export_requested = Signal(object)
    settings_wanted = Signal(str)

    def __init__(self, context: DockContext, make_view: Callable[[Appearance], QWidget] = _make_conversation) -> None:
        look = context.appearance
        super().__init__(look, panel_id="chat", title_key="shell.dock.chat", screen="0990", skeleton="list", role="follower")
        self._context = context
        self._links = context.chat
        self.view_model = ChatViewModel(context.workstation, look, context.spawn, self._links)
        self._key_dialog: ModelKeyDialog | None = None
        self._kept_draft = ""
        self._offered = ""
        """The question another panel put into the field last: the next one replaces it unless the user has changed it."""
        self._subscriptions: list[Subscription] = []
        self.body = ChatContent(self.view_model, look, make_view(look))
        body = self.body
        self.view, self.pages, self.input, self.sheet = body.view, body.pages, body.input, body.sheet
        self.sessions, self.suggestions, self.outgoing, self.notice = (
            body.sessions, body.suggestions, body.outgoing, body.notice,
        )  # fmt: skip
        self.list_button, self.new_button = body.list_button, body.new_button
        self.set_content(body)
        self._draft_kept = QTimer(self)
        self._draft_kept.setSingleShot(True)
        self._draft_kept.setInterval(300)
        self._draft_kept.timeout.connect(self.panel_state_changed)
        self._connect()
        self._apply_look()
        if self.view_model.assistant is None:
            self.set_state(Empty("empty.chat.none"))
        else:
            self.show_content()

    # -- assembling -----------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        vm, view = self.view_model, self.view
        vm.conversation_changed.connect(self._on_conversation)
        vm.update_arrived.connect(self._on_update)
        vm.state_changed.connect(self._on_state)
        vm.suggestions_changed.connect(self.body.show_suggestions)
        vm.problem_changed.connect(self._on_problem)
        conversation: ConversationWidget = view  # type: ignore[assignment]  # a widget that keeps the protocol
        conversation.fact_clicked.connect(self._on_fact)
        conversation.chip_clicked.connect(self._on_chip)
        conversation.proposal_clicked.connect(vm.apply)
        conversation.proposal_undo.connect(vm.undo)
        conversation.retry_wanted.connect(vm.retry)
        conversation.edit_wanted.connect(self.begin_edit)
        conversation.copy_wanted.connect(self._on_copy)
        conversation.stop_wanted.connect(vm.stop)
        self._conversation = conversation
        self.suggestions.chosen.connect(self._on_suggestion)
        self.outgoing.sheet_wanted.connect(self.open_sheet)
        self.sheet.closed.connect(self.close_sheet)
        self.sheet.outside_chosen.connect(self._on_outside)
        self.input.sent.connect(self._on_sent)
        self.input.stopped.connect(self._on_escape)
        self.input.edit_left.connect(self.leave_edit)
        self.input.field.text_edited.connect(lambda _text: self._draft_kept.start())
        self.sessions.opened.connect(self._on_session)
        self.sessions.left.connect(self.show_conversation)
        self.sessions.export_chosen.connect(self._on_export)
        self.list_button.clicked.connect(lambda _on=False: self.toggle_sessions())
        self.new_button.clicked.connect(lambda _on=False: self._on_new())
        self.header.badge.clicked.connect(lambda _on=False: self._open_model_menu())
        self.add_menu_action("chat.menu.sessions", self.toggle_sessions)
        self.add_menu_action("chat.menu.new", self._on_new)
        self.add_menu_action("chat.menu.outgoing", self.open_sheet)
        self.add_menu_action("chat.menu.key", self.open_key_dialog)
        self.add_menu_action("chat.menu.settings", lambda: self.settings_wanted.emit(_OUTSIDE))
        new = QShortcut(QKeySequence("Ctrl+Shift+N"), self)
        new.activated.connect(self._on_new)
        listed = QShortcut(QKeySequence("Ctrl+L"), self)
        listed.activated.connect(self.toggle_sessions)
        for shortcut in (new, listed):
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.appearance.changed.connect(self._apply_look)

    def _apply_look(self) -> None:
        self.setMinimumWidth(self.appearance.px(240))
        self._say()
        self._on_state()

    # -- facts ----------------------------------------------------------------------------------------------------------

    def _on_conversation(self) -> None:
        self._conversation.show_conversation(self.view_model.conversation)
        if self.input.editing and self.view_model.turn(self.input.editing) is None:
            self.leave_edit()
        self._say()
        self.body.show_suggestions()

    def _on_update(self, update: StreamUpdate) -> None:
        self._conversation.show_update(update)

    def _say(self) -> None:
        vm = self.view_model
        self.body.say()
        self.set_subtitle(" · ".join(part for part in (vm.title(), vm.count()) if part))

    def _on_state(self) -> None:
        badge = self.view_model.badge()
        self.set_live_badge(badge)
        if badge is not None:
            words = [self.view_model.reason(), self.view_model.cost()]
            self.header.badge.setToolTip("\n".join(part for part in words if part))
            self.header.badge.setAccessibleName(f"{badge.text}. {words[0]}")
        self._show_switch()

    def _on_problem(self) -> None:
        vm = self.view_model
        if vm.problem is None:
            return
        self.notice.say(vm.problem_sentence, ink="danger", gone=vm.forget_problem)

    def _on_landed(self, landing: Landing) -> None:
        """Say where a link led if it did not lead to the very place."""
        tr = self.appearance.tr
        url = article_url(landing.url) if landing.url else None
        if url is not None:
            address = url.toDisplayString()
            self.notice.say(
                lambda: tr("chat.go.address", address=address),
                ink="accent",
                action_key="chat.go.open",
                slot=lambda: open_article(landing.url),
            )
        elif landing.note_key:
            self.notice.say(lambda: tr(landing.note_key), ink="warning")
        elif landing.found and self.notice.isVisible() and self.view_model.problem is None:
            self.notice.put_away()

    # -- asking ---------------------------------------------------------------------------------------------------------

    def take_question(self, wish: AskWish) -> None:
        """Put a question of another panel into the field, or ask it at once. A draft of the user's own is not overwritten."""
        self.show_conversation()
        self.close_sheet()
        if wish.send and self.view_model.ask(wish.text):
            self._conversation.scroll_to_end()
            self.input.field.setFocus()
            return
        own = self.input.field.text().strip()
        known = own in ("", wish.text, self._offered)
        text = wish.text if known else f"{own}\n{wish.text}"
        self._offered = wish.text
        self.input.field.set_text(text[:MOST_CHARACTERS])
        self.input.field.setFocus()

    def _on_suggestion(self, text: str) -> None:
        if self.view_model.ask(text):
            self._conversation.scroll_to_end()
        self.input.field.setFocus()

    def _on_sent(self) -> None:
        text, editing = self.input.field.text(), self.input.editing
        if self.view_model.is_answering and not text.strip():
            return
        if editing:
            if self.view_model.edit(editing, text):
                self._finish_edit()
        elif self.view_model.ask(text):
            self.input.field.set_text("")
            self._offered = ""
            self._conversation.scroll_to_end()

    def _on_escape(self) -> None:
        """Esc stops an answer, else leaves the edited question, else hands the keyboard to the conversation."""
        if self.view_model.is_answering:
            self.view_model.stop()
        elif self.input.editing:
            self.leave_edit()
        else:
            self.view.setFocus()

    def begin_edit(self, n: int) -> None:
        """Put a question back into the field; Enter asks it in place of the old one."""
        question = self.view_model.question_of(n)
        if question is None:
            return
        if not self.input.editing:
            self._kept_draft = self.input.field.text()
        self.input.editing = question.n
        self.input.field.set_text(question.text)
        self.input.say()
        self.input.field.setFocus()

    def leave_edit(self) -> None:
        """Leave the question as it was; what was being written before comes back."""
        if self.input.editing:
            self._finish_edit()

    def _finish_edit(self) -> None:
        self.input.editing = 0
        self.input.field.set_text(self._kept_draft)
        self._kept_draft = ""
        self.input.say()

    def _on_copy(self, n: int) -> None:
        turn = self.view_model.turn(n)
        if turn is not None:
            QGuiApplication.clipboard().setText(turn.text)

    # -- links ----------------------------------------------------------------------------------------------------------

    def _on_fact(self, n: int, fact_id: str) -> None:
        fact = self.view_model.fact(n, fact_id)
        if fact is not None:
            self._links.go.publish(fact.target)

    def _on_chip(self, n: int, number: int) -> None:
        chip = self.view_model.chip(n, number)
        if chip is not None:
            self._links.go.publish(chip.target)

    # -- pages ----------------------------------------------------------------------------------------------------------

    def show_conversation(self) -> None:
        """The conversation in front."""
        if self.body.is_listing:
            self.body.turn_page(listing=False)
            self.input.field.setFocus()

    def toggle_sessions(self) -> None:
        """The list of conversations in front, or the conversation again."""
        if self.body.is_listing:
            self.show_conversation()
            return
        self.close_sheet()
        self.body.turn_page(listing=True)
        self.sessions.begin()

    def _on_session(self, session_id: str) -> None:
        self.leave_edit()
        self.view_model.open_session(session_id)
        self.show_conversation()

    def _on_new(self) -> None:
        self.leave_edit()
        self.view_model.new_session()
        self.show_conversation()
        self.input.field.setFocus()

    def _on_export(self, session_id: str, form: str) -> None:
        session = self.sessions.rows.session(session_id)
        title = session.title if session is not None else ""
        kept = "".join(letter if letter.isalnum() else "_" for letter in title).strip("_")[:40]
        name = f"{kept or 'chat'}.{'json' if form == 'json' else 'md'}"
        self.view_model.export_session(
            session_id, form, lambda text: self.export_requested.emit(ExportRequest(name, text, encoding="utf-8"))
        )

    # -- what leaves ----------------------------------------------------------------------------------------------------

    def open_sheet(self) -> None:
        """Show the exact text that would leave."""
        self.body.turn_page(listing=False)
        self._show_switch()
        self.body.place_sheet()
        self.sheet.show()
        self.sheet.raise_()
        self.sheet.close_button.setFocus()

    def close_sheet(self) -> None:
        """Back to the conversation."""
        if self.sheet.isVisible():
            self.sheet.hide()
            self.input.field.setFocus()

    def _show_switch(self) -> None:
        settings = self._context.settings
        self.sheet.set_outside(bool(settings.get(_OUTSIDE)) if settings is not None else None)

    def _on_outside(self, outside: bool) -> None:
        settings = self._context.settings
        if settings is None:
            return
        try:
            settings.set(_OUTSIDE, outside)
        except RalphStockError as error:
            problem = error
            self.notice.say(lambda: f"{error_sentence(self.appearance, problem)} ({error_code(problem)})")
        self._show_switch()

    def _on_setting(self, change: SettingChange) -> None:
        if change.key == _OUTSIDE:
            self._show_switch()
            self.view_model.refresh_draft()

    # -- the model ------------------------------------------------------------------------------------------------------

    def model_menu(self) -> QMenu:
        """What can be done about the model; deletes itself when it closes."""
        menu, tr = QMenu(self), self.appearance.tr
        for key, slot in (
            ("chat.menu.key", self.open_key_dialog),
            ("chat.menu.outgoing", self.open_sheet),
            ("chat.menu.settings", lambda: self.settings_wanted.emit(_OUTSIDE)),
        ):
            menu.addAction(tr(key)).triggered.connect(lambda _on=False, run=slot: run())
        return menu

    def _open_model_menu(self) -> None:
        badge = self.header.badge
        menu = self.model_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(badge.mapToGlobal(QPoint(0, badge.height())))

    def open_key_dialog(self) -> None:
        """Open the dialog for the model's key beside the panel."""
        assistant = self.view_model.assistant
        if assistant is None:
            return
        if self._key_dialog is None:
            self._key_dialog = ModelKeyDialog(
                self.appearance, assistant, self._context.spawn, self._context.settings, self.window()
            )
        self._key_dialog.open_dialog()

    def focus_content(self) -> None:
        """Give the keyboard to the input, or to the list of conversations. A focus proxy would catch Tab on its way round."""
        if self.state is not None:
            super().focus_content()
            return
        inside = self.focusWidget()
        if inside is not None and inside.isVisible() and inside is not self and self.isAncestorOf(inside):
            inside.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            target = self.sessions.rows if self.body.is_listing else self.input.field
            target.setFocus(Qt.FocusReason.OtherFocusReason)

    # -- life and saved state -------------------------------------------------------------------------------------------

    def came_into_sight(self) -> None:
        """Begin to listen."""
        super().came_into_sight()
        self.view_model.activate()
        if not self._subscriptions:
            self._subscriptions = [self._links.landed.subscribe(self._on_landed, replay=False)]
            if self._context.settings is not None:
                self._subscriptions.append(self._context.settings.changed.subscribe(self._on_setting, replay=False))

    def went_out_of_sight(self) -> None:
        """Stop listening; the draft stays."""
        super().went_out_of_sight()
        self.view_model.deactivate()
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []

    def panel_state(self) -> dict[str, object]:
        """The question being written."""
        draft = self._kept_draft if self.input.editing else self.input.field.text()
        return {**super().panel_state(), "draft": draft}

    def restore_panel_state(self, state: dict[str, object]) -> None:
        """Take back what :meth:`panel_state` gave; a damaged entry keeps the present value."""
        super().restore_panel_state(state)
        draft = state.get("draft")
        if isinstance(draft, str) and draft and not self.input.field.text():
            self.input.field.set_text(draft)

"""The frame every panel lives in: its header, its as-of badge and the six states (design.md §6).

A panel is a content widget inside one :class:`PanelFrame`. The panel only says :meth:`PanelFrame.set_state`; the frame
decides what is drawn instead of, above or over the content, and asks back through signals. In the main window the header is
the title bar of the dock, so dragging and double-clicking it move and maximise the panel. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction, QHideEvent, QKeyEvent, QPainter, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from engine.model.instants import AsOf
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, Offline, PanelState, Ready, Stale
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.panel_header import BadgeLook, IconButton, LinkRole, PanelHeader, paint_border
from ralphstock_desktop.ui.panel_states import ProgressLine, Skeleton, StatePage, StateStrip
from ralphstock_desktop.wording import format as fmt

__all__ = ["IconButton", "LinkRole", "PanelFrame", "Skeleton"]

LINK_GROUPS = (1, 2, 3, 4, 5, 6)


class PanelFrame(QWidget):
    """Header, content and the six states of one panel.

    Parameters
    ----------
    appearance : Appearance
        Colours, sizes, words.
    panel_id : str
        Identity in layouts and as the ``origin`` of selections (``signals``, ``chart`` …).
    title_key : str
        Text key of the title.
    screen : str
        Four-digit screen number.
    content : QWidget | None
        What is shown when there are data; may be set later with :meth:`set_content`.
    skeleton : Skeleton
        Which real layout the loading picture imitates: ``table``, ``list`` or ``chart``.
    role : LinkRole
        Whether the panel gives, takes or does both with the symbol of its link group.

    Signals
    -------
    retry_requested
        From the failed and offline pages and the stale strip.
    cancel_requested
        Esc or the stop word while loading.
    action_requested(str)
        The next step of an empty panel (``Empty.action``).
    report_requested(RalphStockError)
        The report of a failure is wanted.
    maximize_requested, float_requested, close_requested
        For the main window.
    link_changed(int)
        Another link group was chosen; 0 is none.
    panel_state_changed
        What :meth:`panel_state` returns has changed and should be saved.
    """

    retry_requested = Signal()
    cancel_requested = Signal()
    action_requested = Signal(str)
    report_requested = Signal(object)
    maximize_requested = Signal()
    float_requested = Signal()
    close_requested = Signal()
    link_changed = Signal(int)
    panel_state_changed = Signal()

    def __init__(
        self,
        appearance: Appearance,
        *,
        panel_id: str,
        title_key: str,
        screen: str,
        content: QWidget | None = None,
        skeleton: Skeleton = "table",
        role: LinkRole = "both",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.appearance, self.panel_id, self.screen_number = appearance, panel_id, screen
        self._title_key = title_key
        self._subtitle = ""
        self._state: PanelState | None = None
        self._has_data = False
        self._last_as_of: AsOf | None = None
        self._simulated = self._past = False
        self._data_end: AsOf | None = None
        self._live_badge: BadgeLook | None = None
        self._active = self._behind = False
        self._extra_actions: list[tuple[QAction, str]] = []
        self._content: QWidget | None = None

        self.header = PanelHeader(self, appearance, role, self)
        self._strip = StateStrip(appearance, self)
        self._page = StatePage(appearance, skeleton, self)
        self._line = ProgressLine(appearance, self)
        self._menu = QMenu(self)
        self._build_menu()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(1, 0, 1, 1)
        self._layout.setSpacing(0)
        self._layout.addWidget(self.header)
        self._layout.addWidget(self._strip)
        self._layout.addWidget(self._page, 1)
        self._strip.hide()
        self._page.hide()
        self._line.hide()
        self._strip.action.connect(self.retry_requested)
        self._page.cancel.connect(self.cancel_requested)
        self._page.retry.connect(self.retry_requested)
        self._page.step.connect(self.action_requested)
        self._page.report.connect(self._on_report)
        self.header.double_clicked.connect(self.maximize_requested)
        self.header.maximize_button.clicked.connect(self.maximize_requested)
        self.header.link_dot.clicked.connect(self._open_link_menu)
        appearance.changed.connect(self._apply)
        if content is not None:
            self.set_content(content)
        self._apply()

    # -- what the panel says ----------------------------------------------------------------------------------------------

    @property
    def title(self) -> str:
        """Title in the chosen language."""
        return self.appearance.tr(self._title_key)

    @property
    def subtitle(self) -> str:
        """Muted text behind the screen number."""
        return self._subtitle

    @property
    def state(self) -> PanelState | None:
        """What was last set; None before the first state."""
        return self._state

    @property
    def is_active(self) -> bool:
        """Whether keyboard focus is in this panel."""
        return self._active

    @property
    def link_group(self) -> int:
        """Link group 1-6, 0 for none."""
        return self.header.link_dot.number

    def set_content(self, content: QWidget) -> None:
        """Put the panel's own widget into the frame (replacing an earlier one)."""
        if self._content is not None:
            self._layout.removeWidget(self._content)
            self._content.setParent(None)
        self._content = content
        self._layout.addWidget(content, 1)
        self._show_state()

    def content(self) -> QWidget | None:
        """The panel's own widget."""
        return self._content

    def set_subtitle(self, text: str) -> None:
        """Set the muted text behind the screen number (count, universe, symbol)."""
        if text != self._subtitle:
            self._subtitle = text
            self.header.setToolTip(text)
            self.header.update()

    def set_state(self, state: PanelState) -> None:
        """Show one of the six states. Loading over data keeps the data under a thin progress line."""
        self._state = state
        if isinstance(state, Ready | Stale):
            self._has_data = True
            self._last_as_of = state.as_of
        elif isinstance(state, Empty | Failed):
            self._has_data = False
            if isinstance(state, Empty):
                self._last_as_of = None  # an empty page shows nothing of the instant before
        self._show_state()

    def show_content(self) -> None:
        """Show the content without any state: for work that is not about data as of an instant (an import)."""
        self._state = None
        self._has_data = True
        self._show_state()

    def set_world(self, *, simulated: bool, past: bool, data_end: AsOf | None = None) -> None:
        """Say whether the data are made up and whether an earlier instant is looked at: both change every badge.

        ``data_end`` is the end of the last day with data: "as of now" on old data is shown as that day.
        """
        if (simulated, past, data_end) != (self._simulated, self._past, self._data_end):
            self._simulated, self._past, self._data_end = simulated, past, data_end
            self._show_badge()

    def set_live_badge(self, badge: BadgeLook | None) -> None:
        """Say where ready values come from while they live (stream, polling, provisional); None: the as-of badge again."""
        if badge != self._live_badge:
            self._live_badge = badge
            self._show_badge()

    def add_menu_action(self, text_key: str, slot: Callable[[], object], *, checkable: bool = False) -> QAction:
        """Add an action of the panel (columns, export …) to the ⋮ menu, above the window actions."""
        action = QAction(self.appearance.tr(text_key), self)
        action.setCheckable(checkable)
        action.triggered.connect(lambda _checked=False: slot())
        self._extra_actions.append((action, text_key))
        self._menu.insertAction(self._panel_separator, action)
        self._panel_separator.setVisible(True)
        return action

    # -- in sight or not; panels override both ------------------------------------------------------------------------------

    def came_into_sight(self) -> None:
        """Begin to listen: the panel can be seen now. Panels extend it."""

    def went_out_of_sight(self) -> None:
        """Stop listening: the panel is hidden, or another tab covers it. Panels extend it."""

    @property
    def in_sight(self) -> bool:
        """Whether the panel is shown and no other tab covers it."""
        return self.isVisible() and not self._behind

    def set_behind(self, behind: bool) -> None:
        """Say whether another tab covers the panel (the main window does; Qt does not hide such a panel)."""
        if behind == self._behind:
            return
        self._behind = behind
        if self.isVisible():
            if behind:
                self.went_out_of_sight()
            else:
                self.came_into_sight()

    # -- saved state; panels override both --------------------------------------------------------------------------------

    def panel_state(self) -> dict[str, object]:
        """Return the small plain dictionary that is saved with the layout. Panels extend it."""
        return {"link": self.link_group}

    def restore_panel_state(self, state: dict[str, object]) -> None:
        """Take back what :meth:`panel_state` returned; unknown or damaged entries are ignored. Panels extend it."""
        group = state.get("link", 1)
        if isinstance(group, int) and 0 <= group <= len(LINK_GROUPS):
            self._set_link(group)

    # -- what the main window says ----------------------------------------------------------------------------------------

    def set_active(self, active: bool) -> None:
        """Draw the focus border while keyboard focus is inside."""
        if active != self._active:
            self._active = active
            self.update()
            self.header.update()

    def set_tabbed(self, tabbed: bool) -> None:
        """Hide the title while a tab shows it."""
        if tabbed != self.header.tabbed:
            self.header.tabbed = tabbed
            self.header.fit()

    def set_maximized(self, maximized: bool) -> None:
        """Show the way back on the maximise button."""
        self.header.maximize_button.set_look(
            "close" if maximized else "expand", "shell.panel.restore" if maximized else "shell.panel.maximize"
        )

    def take_header(self) -> PanelHeader:
        """Hand the header to a dock that uses it as its title bar."""
        self._layout.removeWidget(self.header)
        return self.header

    def focus_content(self) -> None:
        """Give keyboard focus to the content, or to the page that stands in for it."""
        target = self._page.focus_target() if self._page.isVisible() else self._content
        if target is None:
            target = self
        inside = self.focusWidget()
        if inside is not None and inside.isVisible() and inside is not self and self.isAncestorOf(inside):
            target = inside
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    # -- inside -----------------------------------------------------------------------------------------------------------

    def _apply(self) -> None:
        for action, key in self._extra_actions:
            action.setText(self.appearance.tr(key))
        self.setAccessibleName(f"{self.title} {self.screen_number}")
        self.header.link_dot.setAccessibleName(self.appearance.tr("shell.panel.link", group=self.link_group))
        self.header.apply()
        self._label_menu()
        self._show_state()
        self.update()

    def _show_state(self) -> None:
        """Decide what is visible for the state, then the badge."""
        state = self._state
        over_data = self._has_data and self._content is not None
        page = isinstance(state, Empty | Failed) or (isinstance(state, Loading | Offline) and not over_data)
        if page and state is not None:
            self._page.show_state(state, self.title, self._last_as_of)
        strip = isinstance(state, Stale) or (isinstance(state, Offline) and over_data)
        if isinstance(state, Stale | Offline) and strip:
            self._strip.show_state(state)
        self._strip.setVisible(strip)
        self._page.setVisible(page)
        if self._content is not None:
            self._content.setVisible(not page)
        if isinstance(state, Loading):
            self._line.set_progress(state.progress)
        self._line.setVisible(isinstance(state, Loading))
        self._place_line()
        self.header.setToolTip(self._subtitle)
        self._show_badge()

    def _show_badge(self) -> None:
        """Fill the as-of badge from state, simulated and past."""
        look, state, badge = self.appearance, self._state, self.header.badge
        language = look.language
        as_of = self._last_as_of
        forming = isinstance(state, Ready) and not state.final  # of a day that is not stored yet
        if as_of is not None and self._data_end is not None and not forming:
            as_of = min(as_of, self._data_end)
        when = fmt.as_of_short(as_of) if as_of else ""
        if isinstance(state, Loading):
            badge.show_badge("clock", look.tr("shell.badge.loading"), "warning", "warning-tint")
        elif isinstance(state, Failed):
            badge.show_badge("error", look.tr("shell.badge.failed"), "danger", "danger-tint")
        elif isinstance(state, Offline):
            text = look.tr("shell.badge.offline", time=fmt.clock(state.since_ns, seconds=False))
            badge.show_badge("offline", text, "unknown")
        elif isinstance(state, Stale):
            badge.show_badge("stale", fmt.age(state.age_s, language, short=True), "stale")
        elif self._live_badge is not None and not isinstance(state, Empty):
            live = self._live_badge
            badge.show_badge(live.icon, live.text, live.token, live.tint)
        elif not when:
            badge.show_badge("check", "", "text-secondary")
        elif self._simulated:
            key = "live.badge.simulated_provisional" if forming and not self._past else "shell.badge.simulated"
            badge.show_badge("flask", look.tr(key, when=when), "simulated", "simulated-tint")
        elif self._past:
            badge.show_badge("time", when, "replay", "replay-tint")
        elif forming:
            badge.show_badge("clock", look.tr("shell.badge.provisional", when=when), "warning", "warning-tint")
        else:
            badge.show_badge("check", look.tr("shell.badge.final", when=when), "text-secondary")
        self.header.update()

    def _build_menu(self) -> None:
        menu = self._menu
        self._panel_separator = menu.addSeparator()
        self._panel_separator.setVisible(False)
        self._maximize_action = menu.addAction("")
        self._maximize_action.triggered.connect(self.maximize_requested)
        self._float_action = menu.addAction("")
        self._float_action.triggered.connect(self.float_requested)
        self._close_action = menu.addAction("")
        self._close_action.triggered.connect(self.close_requested)
        self._link_menu = QMenu(self)
        self._link_actions: list[QAction] = []
        for group in (0, *LINK_GROUPS):
            action = self._link_menu.addAction("")
            action.setCheckable(True)
            action.triggered.connect(lambda _checked=False, chosen=group: self._on_link(chosen))
            self._link_actions.append(action)
        menu.addSeparator()
        menu.addMenu(self._link_menu)
        self.header.menu_button.setMenu(menu)

    def _label_menu(self) -> None:
        look = self.appearance
        self._maximize_action.setText(look.tr("shell.panel.maximize"))
        self._float_action.setText(look.tr("shell.panel.float"))
        self._close_action.setText(look.tr("shell.panel.close"))
        self._link_menu.setTitle(look.tr("shell.panel.link_menu"))
        for group, action in enumerate(self._link_actions):
            action.setText(look.tr("shell.panel.link", group=group) if group else look.tr("shell.panel.link_none"))
            action.setChecked(group == self.link_group)

    def _open_link_menu(self) -> None:
        dot = self.header.link_dot
        self._link_menu.popup(dot.mapToGlobal(QPoint(0, dot.height())))

    def _on_link(self, group: int) -> None:
        if self._set_link(group):
            self.link_changed.emit(group)
            self.panel_state_changed.emit()

    def _set_link(self, group: int) -> bool:
        changed = group != self.link_group
        self.header.link_dot.number = group
        self.header.link_dot.update()
        self._label_menu()
        return changed

    def _on_report(self) -> None:
        if isinstance(self._state, Failed):
            self.report_requested.emit(self._state.error)

    def _place_line(self) -> None:
        top = self.header.height() if self.header.parentWidget() is self else 0
        self._line.setGeometry(1, top, self.width() - 2, 2)
        self._line.raise_()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc stops the work that is being waited for; over data that are shown it is the window's."""
        waiting = isinstance(self._state, Loading) and self._state.can_cancel and not self._has_data
        if event.key() == Qt.Key.Key_Escape and waiting:
            self.cancel_requested.emit()
            event.accept()
            return
        super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Come into sight unless another tab covers the panel."""
        super().showEvent(event)
        if not self._behind:
            self.came_into_sight()

    def hideEvent(self, event: QHideEvent) -> None:
        """Go out of sight."""
        super().hideEvent(event)
        if not self._behind:
            self.went_out_of_sight()

    def changeEvent(self, event: QEvent) -> None:
        """Repaint when the window is (de)activated."""
        if event.type() == QEvent.Type.ActivationChange:
            self.update()
        super().changeEvent(event)

    def minimumSizeHint(self) -> QSize:
        """At most a few rows: a panel is cut inside itself before the docks together outgrow a small window."""
        hint, px = super().minimumSizeHint(), self.appearance.px
        return QSize(min(hint.width(), px(160)), min(hint.height(), px(90)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the progress line at the top edge."""
        super().resizeEvent(event)
        self._place_line()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground and the border around the content."""
        del event
        painter = QPainter(self)
        try:
            painter.fillRect(self.rect(), self.appearance.color("bg-panel"))
            inside = self.header.parentWidget() is self
            paint_border(painter, self.rect(), self.appearance, active=self._active, sides="tlrb" if inside else "lrb")
        finally:
            painter.end()

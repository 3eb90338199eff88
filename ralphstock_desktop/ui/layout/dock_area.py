"""The docks of the window: making them, saving and restoring their arrangement, maximising, closing and reopening.

Panels are made late: a dock first holds an empty frame in its loading state, so that the window can be painted before chart
and table modules are imported. :meth:`DockArea.make_panel` puts the real panel in its place.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from PySide6.QtCore import QByteArray, QEvent, QObject, QRect, Qt, QTimer, Signal, qVersion
from PySide6.QtGui import QCloseEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow, QTabBar, QWidget

from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.contracts import Loading
from ralphstock_desktop.ui.dock_registry import DockContext, DockSpec
from ralphstock_desktop.ui.layout.defaults import WORKSPACES, default_layout
from ralphstock_desktop.ui.layout.dock_tree import build_tree, capture_tree, raise_current, size_tree
from ralphstock_desktop.ui.layout.model import (
    Floating,
    Layout,
    LayoutUnreadable,
    Node,
    WindowPlace,
    dump_layout,
    panels_of,
    parse_layout,
)
from ralphstock_desktop.ui.layout.screens import Box, ScreenBox, choose_screen, place_box, remember
from ralphstock_desktop.ui.links import LinkHub, as_workstation
from ralphstock_desktop.ui.panel import PanelFrame

__all__ = ["DockArea", "PanelDock", "current_screens", "widget_dock"]

_SAVE_DELAY_MS = 400
_WATCHED = frozenset({QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.ZOrderChange})


def current_screens() -> list[ScreenBox]:
    """Return the screens that are there now with their available areas."""
    found = []
    for screen in QGuiApplication.screens():
        area = screen.availableGeometry()
        found.append(ScreenBox(screen.name(), Box(area.x(), area.y(), area.width(), area.height())))
    return found


class PanelDock(QDockWidget):
    """A dock whose title bar is the header of its panel frame."""

    closed = Signal(str)

    def __init__(self, spec: DockSpec, frame: PanelFrame, window: QMainWindow) -> None:
        super().__init__(window)
        self.spec, self.frame = spec, frame
        self.setObjectName(spec.id)
        self.setAllowedAreas(Qt.DockWidgetArea.AllDockWidgetAreas)
        self.made = False
        self._behind = False
        self.install(frame)
        self.visibilityChanged.connect(self._on_visibility)

    def install(self, frame: PanelFrame) -> None:
        """Put a frame (the placeholder or the real panel) into the dock."""
        before = self.frame
        focus = QApplication.focusWidget()
        had_focus = before is not frame and focus is not None and self.isAncestorOf(focus)
        self.frame = frame
        self.setTitleBarWidget(frame.take_header())
        self.setWidget(frame)
        if before is not frame:
            frame.set_active(before.is_active)
            frame.set_tabbed(before.header.tabbed)
            if had_focus:
                frame.focus_content()
            before.header.deleteLater()
            before.deleteLater()
        frame.set_behind(self._behind)

    def _on_visibility(self, visible: bool) -> None:
        """Tell the panel when another tab covers it: Qt only moves it out of sight, and it would go on listening."""
        self._behind = not visible
        self.frame.set_behind(not visible)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Remember that the user closed the panel."""
        super().closeEvent(event)
        if event.isAccepted():
            self.closed.emit(self.spec.id)


class DockArea(QObject):
    """All docks of one main window.

    Parameters
    ----------
    window : QMainWindow
        Receives the docks.
    context : DockContext
        Handed to the panel factories.
    specs : sequence of DockSpec
        What can be opened.
    on_made : callable
        Called with each real panel, to connect it.

    Signals
    -------
    changed
        The arrangement or the state of a panel changed and has settled for a moment: time to save.
    """

    changed = Signal()

    def __init__(
        self,
        window: QMainWindow,
        context: DockContext,
        specs: Sequence[DockSpec],
        on_made: Callable[[str, PanelFrame], None],
    ) -> None:
        super().__init__(window)
        self._window, self._context, self._on_made = window, context, on_made
        self._links = LinkHub(context.workstation)
        self.specs = {spec.id: spec for spec in specs}
        self.docks: dict[str, PanelDock] = {}
        self._closed: list[str] = []
        self._states: dict[str, dict[str, object]] = {}
        self._homes: dict[str, tuple[Floating, Box]] = {}
        self._tree: Node | None = None
        self._given: Layout | None = None
        """What was last restored, until Qt has laid it out: sizes read before are not those anybody chose."""
        self.workspace = "research"
        self._others: dict[str, str] = {}
        self._before_maximum: tuple[QByteArray, str] | None = None
        self._shown_before: frozenset[str] = frozenset()
        self._quiet = False
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SAVE_DELAY_MS)
        self._settle.timeout.connect(self._on_settled)
        for spec in specs:
            self._add(spec)
        application = QGuiApplication.instance()
        if isinstance(application, QGuiApplication):
            application.screenAdded.connect(self._on_screens)
            application.screenRemoved.connect(self._on_screens)

    # -- panels -----------------------------------------------------------------------------------------------------------

    def _add(self, spec: DockSpec) -> None:
        frame = PanelFrame(
            self._context.appearance,
            panel_id=spec.id,
            title_key=spec.title_key,
            screen=spec.screen,
            skeleton="chart" if spec.place == "centre" else "list" if spec.place == "right" else "table",
        )
        frame.set_state(Loading(Progress("progress.panel_open", 0, 0), can_cancel=False))
        dock = PanelDock(spec, frame, self._window)
        dock.closed.connect(self._on_closed)
        dock.visibilityChanged.connect(self._touch)
        dock.installEventFilter(self)
        self.docks[spec.id] = dock
        self._connect(dock)
        self.label()

    def _connect(self, dock: PanelDock) -> None:
        frame, name = dock.frame, dock.spec.id
        frame.maximize_requested.connect(lambda: self.toggle_maximum(name))
        frame.float_requested.connect(lambda: self.toggle_float(name))
        frame.close_requested.connect(dock.close)
        frame.panel_state_changed.connect(self._touch)

    def make_panel(self, name: str) -> PanelFrame:
        """Make the real panel of a dock if it is not there yet, give it its saved state, and return it."""
        dock = self.docks[name]
        if not dock.made:
            dock.made = True
            view = self._links.view(name)
            frame = dock.spec.factory(dataclasses.replace(self._context, workstation=as_workstation(view)))
            dock.install(frame)
            self._connect(dock)
            frame.link_changed.connect(view.set_group)
            state = self._states.get(name)
            if state is not None and state.get("version") == dock.spec.state_version:
                frame.restore_panel_state(state)
            view.set_group(frame.link_group)
            self._on_made(name, frame)
        return dock.frame

    def frames(self) -> Iterable[PanelFrame]:
        """All frames, placeholders included."""
        return [dock.frame for dock in self.docks.values()]

    def shown(self) -> list[str]:
        """Panels whose content can be seen now, in reading order."""
        seen = [name for name, dock in self.docks.items() if dock.isVisible() and not dock.visibleRegion().isEmpty()]

        def place(name: str) -> tuple[int, int]:
            corner = self.docks[name].mapToGlobal(QRect().topLeft())
            return (corner.x(), corner.y())

        return sorted(seen, key=place)

    def label(self) -> None:
        """Give the docks (and so the tabs) their words. Among three or more tabs the screen number is in the header alone."""
        for dock in self.docks.values():
            partners = [other for other in self._window.tabifiedDockWidgets(dock) if not other.isHidden()]
            crowded = len(partners) > 1 and not dock.isFloating()
            title = dock.frame.title if crowded else f"{dock.frame.title}  {dock.spec.screen}"
            if title != dock.windowTitle():
                dock.setWindowTitle(title)

    # -- opening and closing ----------------------------------------------------------------------------------------------

    def open_panel(self, name: str) -> PanelFrame:
        """Show a panel, bring its tab to the front and give it the focus."""
        if self._before_maximum is not None and self._before_maximum[1] != name:
            self.leave_maximum()
        self._given = None
        dock = self.docks[name]
        reopened = name in self._closed
        if reopened:
            self._closed.remove(name)
        if not dock.isFloating() and not self._knows_place(name, reopened):
            self._place_by_default(dock)
        dock.show()
        dock.raise_()
        frame = self.make_panel(name)
        frame.focus_content()
        self._touch()
        return frame

    def _knows_place(self, name: str, reopened: bool) -> bool:
        """Whether a docked panel is shown, or was closed, at a place of this workspace; one of another has none here."""
        dock = self.docks[name]
        if self._window.dockWidgetArea(dock) == Qt.DockWidgetArea.NoDockWidgetArea:
            return False
        of_layout = self._tree is not None and name in panels_of(self._tree)
        return reopened or of_layout or not dock.isHidden()

    def reopen_panel(self) -> str:
        """Show the panel that was closed last; empty if there is none."""
        while self._closed:
            name = self._closed[-1]
            if not self.docks[name].isHidden():
                self._closed.pop()
            else:
                self.open_panel(name)
                return name
        return ""

    def toggle_float(self, name: str) -> None:
        """Make a panel a window of its own, or dock it again."""
        self.leave_maximum()
        self._given = None
        dock = self.docks[name]
        dock.setFloating(not dock.isFloating())
        if dock.isFloating():
            self._keep_visible(dock)
        self._touch()

    def toggle_maximum(self, name: str) -> None:
        """Give the whole dock area to one panel, or go back. A floating panel fills its screen."""
        dock = self.docks[name]
        if dock.isFloating():
            dock.showNormal() if dock.isMaximized() else dock.showMaximized()
            return
        if self._before_maximum is not None:
            self.leave_maximum()
            return
        self._before_maximum = (self._window.saveState(), name)
        self._shown_before = frozenset(other for other, shown in self.docks.items() if not shown.isHidden())
        self._quiet = True
        for other in self.docks.values():
            if other is not dock and not other.isFloating():
                other.hide()
        dock.frame.set_maximized(True)
        dock.frame.set_tabbed(False)
        self._quiet = False

    def leave_maximum(self) -> None:
        """Go back from the maximised panel to all panels."""
        if self._before_maximum is None:
            return
        state, name = self._before_maximum
        self._before_maximum = None
        self._quiet = True
        self._window.restoreState(state)
        for other, dock in self.docks.items():
            if other not in self._shown_before and not dock.isHidden() and not dock.isFloating():
                self._window.removeDockWidget(dock)  # of another workspace: Qt shows what its state does not know
        self.docks[name].frame.set_maximized(False)
        self._quiet = False
        self._touch()

    @property
    def maximized(self) -> str:
        """The maximised panel; empty if there is none."""
        return self._before_maximum[1] if self._before_maximum else ""

    def _place_by_default(self, dock: PanelDock) -> None:
        """Dock a panel where its declaration says: beside those of the same place, else at an edge."""
        for other in self.docks.values():
            docked = self._window.dockWidgetArea(other) != Qt.DockWidgetArea.NoDockWidgetArea and not other.isFloating()
            if other is not dock and other.spec.place == dock.spec.place and docked and not other.isHidden():
                self._window.tabifyDockWidget(other, dock)
                return
        area = {
            "left": Qt.DockWidgetArea.LeftDockWidgetArea,
            "left_bottom": Qt.DockWidgetArea.BottomDockWidgetArea,
            "centre": Qt.DockWidgetArea.LeftDockWidgetArea,
            "right": Qt.DockWidgetArea.RightDockWidgetArea,
        }[dock.spec.place]
        self._window.addDockWidget(area, dock)

    # -- the layout -------------------------------------------------------------------------------------------------------

    def signature(self) -> str:
        """Identity of everything Qt's byte state depends on."""
        screens = [
            f"{screen.name()}:{screen.geometry().getRect()}:{screen.devicePixelRatio():.3f}"
            for screen in QGuiApplication.screens()
        ]
        zoom = self._context.appearance.zoom_pct
        return "|".join([qVersion() or "", str(zoom), ",".join(sorted(self.docks)), *sorted(screens)])

    def capture(self) -> Layout:
        """Return the arrangement as it is now."""
        window, screens = self._window, current_screens()
        given = self._given if self._before_maximum is None else None
        if self._before_maximum is None:
            self._tree = given.root if given is not None else capture_tree(window, self.docks)
        floating = tuple(
            self._floating(name, dock, screens)
            for name, dock in self.docks.items()
            if dock.isFloating() and not dock.isHidden()
        )
        panels = dict(self._states)
        for name, dock in self.docks.items():
            if dock.made:
                panels[name] = {**dock.frame.panel_state(), "version": dock.spec.state_version}
        box = window.normalGeometry() if window.isMaximized() else window.geometry()
        state = self._before_maximum[0] if self._before_maximum else window.saveState()
        return Layout(
            root=self._tree,
            floating=floating,
            panels=panels,
            window=remember(Box(*_rect(box)), screens, maximized=window.isMaximized()),
            qt_state=given.qt_state if given is not None else bytes(state.toBase64().data()).decode("ascii"),
            signature=given.signature if given is not None else self.signature(),
            workspace=self.workspace,
            others=dict(self._others),
        )

    def switch_workspace(self, name: str, width: int) -> None:
        """Arrange another workspace as it was left, or as it is by default; the present one is kept."""
        if name == self.workspace:
            return
        self.leave_maximum()
        self._others[self.workspace] = dump_layout(replace(self.capture(), others={}))
        text = self._others.pop(name, "")
        self.workspace = name
        try:
            layout = parse_layout(text, tuple(self.docks)) if text else None
        except LayoutUnreadable:
            layout = None  # of a later version, or damaged: the default takes its place
        if layout is None:
            self.restore_default(width)
        else:
            self.restore(replace(layout, workspace=name, others=self._others), with_window=False)

    def restore(self, layout: Layout, *, with_window: bool = True) -> None:
        """Arrange everything as a layout says; screens that are gone are replaced by the nearest one."""
        self._quiet = True
        self._before_maximum = None
        if with_window and layout.window is not None:
            self._place_window(layout.window)
        self.workspace = layout.workspace if layout.workspace in WORKSPACES else "research"
        self._others = {name: text for name, text in layout.others.items() if name in WORKSPACES and name != self.workspace}
        self._states.update(layout.panels)
        for name, dock in self.docks.items():
            if dock.made and name in layout.panels:
                dock.frame.restore_panel_state(layout.panels[name])
        if not self._restore_bytes(layout):
            self._rebuild(layout)
        self._tree = layout.root
        self._float(layout.floating)
        self._given = layout
        self._quiet = False
        self._touch()

    def restore_default(self, width: int) -> None:
        """Arrange the default layout for a window of this width."""
        layout = replace(default_layout(width, self._context.appearance.px, self.workspace), others=self._others)
        known = [name for name in panels_of(layout.root) if name in self.docks]
        if known:
            self.restore(layout, with_window=False)

    def apply_sizes(self) -> None:
        """Give the parts their shares of the window; needed once after the window was first laid out."""
        if self._tree is not None and self._before_maximum is None:
            box = QRect()
            for name in panels_of(self._tree):
                dock = self.docks[name]
                if not dock.isHidden() and not dock.isFloating():
                    box = box.united(dock.geometry())
            size_tree(self._window, self.docks, self._tree, box)
            raise_current(self.docks, self._tree)

    def _restore_bytes(self, layout: Layout) -> bool:
        """Use Qt's exact state where everything it depends on is unchanged; check what came out of it."""
        if not layout.qt_state or layout.signature != self.signature():
            return False
        state = QByteArray.fromBase64(layout.qt_state.encode("ascii", "ignore"))
        if not self._window.restoreState(state):
            return False
        wanted = set(panels_of(layout.root))
        docked = {name for name, dock in self.docks.items() if not dock.isHidden() and not dock.isFloating()}
        return docked == wanted

    def _rebuild(self, layout: Layout) -> None:
        for dock in self.docks.values():
            dock.setFloating(False)
            self._window.removeDockWidget(dock)
        build_tree(self._window, self.docks, layout.root)
        self._tree = layout.root
        self.apply_sizes()

    def _float(self, floating: Sequence[Floating]) -> None:
        screens = current_screens()
        self._homes.clear()
        for item in floating:
            dock = self.docks[item.panel]
            box = place_box(item.place, screens)
            if self._window.dockWidgetArea(dock) == Qt.DockWidgetArea.NoDockWidgetArea:
                self._place_by_default(dock)
            dock.setFloating(True)
            dock.setGeometry(box.x, box.y, box.width, box.height)
            dock.show()
            self._homes[item.panel] = (item, box)

    def _floating(self, name: str, dock: PanelDock, screens: Sequence[ScreenBox]) -> Floating:
        """Return where a floating panel is; one that only waits for its screen to come back keeps its old place."""
        box = Box(*_rect(dock.geometry()))
        home = self._homes.get(name)
        if home is not None and home[1] == box:
            return home[0]
        self._homes.pop(name, None)
        return Floating(name, remember(box, screens, maximized=dock.isMaximized()))

    def _place_window(self, place: WindowPlace) -> None:
        box = place_box(place, current_screens(), (self._window.minimumWidth(), self._window.minimumHeight()))
        self._window.setGeometry(box.x, box.y, box.width, box.height)
        if place.maximized:
            self._window.setWindowState(self._window.windowState() | Qt.WindowState.WindowMaximized)

    def _keep_visible(self, dock: PanelDock) -> None:
        """Move a floating panel until it is wholly on a screen."""
        screens = current_screens()
        box = Box(*_rect(dock.geometry()))
        if not any(screen.area.contains(box) for screen in screens):
            placed = place_box(remember(box, screens), screens)
            dock.setGeometry(placed.x, placed.y, placed.width, placed.height)

    def _on_screens(self, _screen: object = None) -> None:
        """A screen came or went: panels go home, or to the nearest screen and wait there."""
        screens = current_screens()
        if not screens:
            return
        for name, dock in self.docks.items():
            if not dock.isFloating() or dock.isHidden():
                continue
            home = self._homes.get(name)
            if home is not None and choose_screen(home[0].place, screens).name == home[0].place.screen:
                box = place_box(home[0].place, screens)
                dock.setGeometry(box.x, box.y, box.width, box.height)
                self._homes[name] = (home[0], box)
            else:
                item = home[0] if home is not None else None
                self._keep_visible(dock)
                if item is not None:
                    self._homes[name] = (item, Box(*_rect(dock.geometry())))

    # -- watching ---------------------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Notice every change of the arrangement."""
        if event.type() in _WATCHED:
            self._touch()
        return super().eventFilter(watched, event)

    def _touch(self, _visible: bool = False) -> None:
        if not self._quiet:
            self._settle.start()

    def flush(self) -> None:
        """Tell about a waiting change now (before quitting)."""
        if self._settle.isActive():
            self._settle.stop()
            self._make_shown()
            self.changed.emit()

    def stop(self) -> None:
        """Stop watching: the window is going away."""
        self._settle.stop()
        self._quiet = True

    def hide_floating(self) -> None:
        """Take floating panels off the screen together with their main window; the saved layout keeps them."""
        for dock in self.docks.values():
            if dock.isFloating():
                dock.hide()

    def _on_settled(self) -> None:
        self._given = None
        self._make_shown()
        self.changed.emit()

    def _make_shown(self) -> None:
        for bar in self._window.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
            # Qt cuts the words of dock tabs to a letter or two; whole words with arrows at the end can be read.
            bar.setElideMode(Qt.TextElideMode.ElideNone)
            bar.setUsesScrollButtons(True)
        for name, dock in self.docks.items():
            tabbed = any(not other.isHidden() for other in self._window.tabifiedDockWidgets(dock))
            dock.frame.set_tabbed(tabbed and not dock.isFloating())
            if not dock.made and dock.isVisible() and not dock.visibleRegion().isEmpty():
                self.make_panel(name)

    def _on_closed(self, name: str) -> None:
        if name in self._closed:
            self._closed.remove(name)
        self._closed.append(name)
        self._given = None
        if self.maximized == name:
            self.leave_maximum()
            self.docks[name].hide()
        self._touch()


def _rect(box: QRect) -> tuple[int, int, int, int]:
    return (box.x(), box.y(), box.width(), box.height())


def widget_dock(widget: QWidget | None) -> PanelDock | None:
    """Return the dock a widget lives in, None if it lives elsewhere."""
    while widget is not None:
        if isinstance(widget, PanelDock):
            return widget
        widget = widget.parentWidget()
    return None

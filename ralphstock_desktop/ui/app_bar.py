"""The 40-px bar at the top: mark, workspace, search, as-of control, market filter, scan, look, language, help, clock."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QActionGroup, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from engine.model.instruments import Market
from ralphstock_desktop.ui.actions import ActionBook
from ralphstock_desktop.ui.app_bar_parts import BellButton, Clock, Logo, WorkspaceTabs
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.as_of_control import AsOfControl, width_of
from ralphstock_desktop.ui.palette_search import SearchField
from ralphstock_desktop.ui.panel_header import IconButton
from ralphstock_desktop.ui.viewmodels.shell import ShellViewModel

__all__ = ["AppBar"]


_LAST_STEP = 9
"""Number of things that give way in a narrow bar."""


class AppBar(QWidget):
    """The whole bar. What does not fit gives way in a fixed order and is then in the menu at the end of the bar.

    Signals
    -------
    market_chosen(int)
        0 all, else a :class:`Market` value.
    search_wanted
        The search button that stands for the field was pressed.

    Notes
    -----
    Order: name beside the mark and long phase words, long search field, clock, market and all workspace tabs but the open
    one, phase, search field (a button remains), bell, look, language and settings, the way back, the workspace tab.
    """

    market_chosen = Signal(int)
    search_wanted = Signal()

    def __init__(
        self,
        appearance: Appearance,
        shell: ShellViewModel,
        actions: ActionBook,
        now_ns: Callable[[], int],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._appearance, self._shell, self._actions = appearance, shell, actions
        self.logo = Logo(appearance)
        self.workspace = WorkspaceTabs(appearance)
        self.search = SearchField(appearance)
        self.search.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.search.installEventFilter(self)
        self.search_button = IconButton(appearance, "search", "shell.search.name")
        self.search_button.clicked.connect(self.search_wanted)
        self.as_of = AsOfControl(appearance, shell, actions)
        self.market = QComboBox()
        self.market.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.market.activated.connect(lambda index: self.market_chosen.emit(int(self.market.itemData(index))))
        self.scan = QPushButton()
        self.scan.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.scan.clicked.connect(self._on_scan)
        self._scanning = False
        self.bell = BellButton(appearance)
        self.bell.clicked.connect(actions["open_alerts"].trigger)
        self.language = QPushButton()
        self.language.setObjectName("small")
        self.language.clicked.connect(actions["toggle_language"].trigger)
        self.theme = IconButton(appearance, "moon", "shell.action.toggle_theme")
        self.theme.clicked.connect(actions["toggle_theme"].trigger)
        self.settings = IconButton(appearance, "gear", "shell.action.settings")
        self.settings.clicked.connect(actions["settings"].trigger)
        self.panels = IconButton(appearance, "plus", "shell.bar.panels")
        self.help = IconButton(appearance, "unknown", "shell.action.help")
        self.help.clicked.connect(actions["help"].trigger)
        self.clock = Clock(appearance, now_ns, self._past_ns)
        self.more = IconButton(appearance, "more", "shell.bar.more")
        self._more_menu = QMenu(self)
        self._more_menu.aboutToShow.connect(self._fill_more)
        self.more.setMenu(self._more_menu)
        self._step, self._searching, self._fitting = 0, False, False
        self._fitted: tuple[int, ...] = ()
        self._row = QHBoxLayout(self)
        left: tuple[QWidget, ...] = (self.logo, self.workspace, self.panels)
        right: tuple[QWidget, ...] = (self.as_of, self.market, self.scan, self.bell, self.language, self.theme, self.settings)
        for widget in left:
            self._row.addWidget(widget)
        self._row.addStretch(1)
        self._row.addWidget(self.search, 100)
        self._row.addWidget(self.search_button)
        self._row.addStretch(1)
        self._right = (*right, self.help, self.clock, self.more)
        for widget in self._right:
            self._row.addWidget(widget)
        self.as_of.refreshed.connect(self._fit)
        appearance.changed.connect(self.refresh)
        self.refresh()

    @property
    def market_value(self) -> int:
        """Chosen market: 0 all, else a :class:`Market` value."""
        return int(self.market.currentData() or 0)

    def _past_ns(self) -> int | None:
        """The earlier instant that is looked at; None for the present."""
        picture = self._shell.picture
        return picture.as_of.instant_ns if picture is not None and self._shell.past else None

    def set_scanning(self, share: float | None, *, running: bool) -> None:
        """Show the scan on its button: the share done, and that pressing it stops the work."""
        self._scanning = running
        look = self._appearance
        if running:
            percent = "" if share is None else f" {share * 100:.0f}%"
            self.scan.setText(look.tr("shell.bar.stop") + percent)
            self.scan.setToolTip(look.tr("shell.bar.stop_tip"))
        else:
            self.scan.setText(look.tr("shell.bar.scan"))
            self.scan.setToolTip(f"{look.tr('shell.action.scan')} ({self._actions.key_text('scan')})")
        self._fit()

    def set_unread(self, count: int) -> None:
        """Show how many alerts are unread."""
        self.bell.set_unread(count)

    def refresh(self) -> None:
        """Take words and sizes from the appearance and the as-of state from the view-model."""
        look = self._appearance
        self.setFixedHeight(look.space("app_bar"))
        self._row.setContentsMargins(look.px(10), 0, look.px(10), 0)
        self._row.setSpacing(look.px(6))
        chosen = self.market_value
        self.market.clear()
        self.market.setAccessibleName(look.tr("shell.bar.market"))
        self.market.setToolTip(look.tr("shell.bar.market"))
        for value, key in ((0, "all"), (int(Market.KOSPI), "kospi"), (int(Market.KOSDAQ), "kosdaq")):
            self.market.addItem(look.tr(f"shell.market.{key}"), value)
        self.market.setCurrentIndex(max(0, self.market.findData(chosen)))
        self.market.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.language.setText("EN" if look.language == "ko" else "한")
        self.language.setFixedWidth(look.px(32))
        self.language.setToolTip(look.tr("shell.action.toggle_language"))
        self.language.setAccessibleName(look.tr("shell.action.toggle_language"))
        self.theme.set_look("sun" if look.theme == "dark" else "moon", "shell.action.toggle_theme")
        self.set_scanning(None, running=self._scanning)
        self.search.setMaximumWidth(look.px(460))
        self._fit()

    def resizeEvent(self, event: object) -> None:
        """Choose long or short words for the width."""
        del event
        self._fit()

    def event(self, event: QEvent) -> bool:
        """Fit again when a part has become wider or narrower: the sheet of a new zoom is polished after its signal."""
        if event.type() == QEvent.Type.LayoutRequest and self._sizes() != self._fitted:
            self._fit()
        return super().event(event)

    def _fit(self) -> None:
        """Take back one thing after the other until the bar is no wider than the window."""
        if self._fitting:
            return
        self._fitting = True
        try:
            step = next((n for n in range(_LAST_STEP) if self._wanted(n) <= self.width()), _LAST_STEP)
            self._give_way(step)
            self._fitted = self._sizes()
        finally:
            self._fitting = False

    def _parts(self) -> list[QWidget]:
        return [self.logo, self.workspace, self.panels, self.search, self.search_button, *self._right]

    def _shown(self, step: int) -> list[QWidget]:
        """What remains after ``step`` things have given way (order in the class text)."""
        folded = step >= 6
        # While something is typed into a field that has no place of its own, it takes that of the day and the scan.
        typing = folded and self._searching
        gone: set[QWidget] = {self.search if folded and not typing else self.search_button}
        if typing:
            gone |= {self.as_of, self.scan}
        if step >= 3 or self.width() < self._appearance.px(1200):
            gone.add(self.clock)
        if step >= 4:
            gone.add(self.market)
        else:
            gone.add(self.more)
        if step >= 7:
            gone |= {self.bell, self.language, self.theme, self.settings, self.help}
        if step >= 9:
            gone.add(self.workspace)
        return [widget for widget in self._parts() if widget not in gone]

    def _give_way(self, step: int) -> None:
        """Show what remains after ``step`` things have given way."""
        look, self._step = self._appearance, step
        narrow = step > 0 or self.width() < look.px(1440)
        if self.logo.with_name == narrow:
            self.logo.with_name = not narrow
            self.logo.updateGeometry()
            self.logo.update()
        self.as_of.give_way(narrow=narrow, phase=step < 5, latest=step < 8)
        self.search.setMinimumWidth(self._search_width(step))
        self.workspace.set_folded(folded=step >= 4)
        shown = self._shown(step)
        for widget in self._parts():
            if widget.isHidden() == (widget in shown):
                widget.setVisible(widget in shown)

    def _search_width(self, step: int) -> int:
        return self._appearance.px(200 if step < 2 else 120)

    def _wanted(self, step: int) -> int:
        """Width of all that is shown at a step, with gaps and edges."""
        margins, shown = self._row.contentsMargins(), self._shown(step)
        total = margins.left() + margins.right()
        for widget in shown:
            if widget is self.search:
                total += self._search_width(step)
            elif widget is self.as_of:
                total += self.as_of.wanted_width(phase=step < 5, latest=step < 8)
            elif widget is self.logo:
                total += self.logo.wanted_width(with_name=step == 0 and self.width() >= self._appearance.px(1440))
            elif widget is self.workspace:
                total += self.workspace.wanted_width(folded=step >= 4)
            else:
                total += width_of(widget)
        return total + self._row.spacing() * (len(shown) + 1)

    def _sizes(self) -> tuple[int, ...]:
        """Widths on which the choice of parts rests."""
        own = (self.as_of, self.workspace)
        sizes = tuple(width_of(widget) for widget in (*self._parts(), *self.as_of.parts) if widget not in own)
        return (*sizes, self.workspace.wanted_width(folded=False), self.workspace.wanted_width(folded=True))

    def open_search(self) -> None:
        """Bring the search field on screen where only its button has a place."""
        if self.search.isHidden():
            self._searching = True
            self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Put the search field away again when the keyboard leaves it."""
        if watched is self.search and self._searching and event.type() == QEvent.Type.FocusOut:
            self._searching = False
            QTimer.singleShot(0, self, self._fit)
        return super().eventFilter(watched, event)

    def _fill_more(self) -> None:
        """List what has no place in the bar."""
        look, menu, step = self._appearance, self._more_menu, self._step
        menu.clear()
        if step >= 4:
            self._add_choice(menu, "shell.bar.market", self.market, self._on_market_action)
        if step >= 5 and self.as_of.phase.count():
            self._add_choice(menu, "shell.asof.phase", self.as_of.phase, self.as_of.phase.activated.emit)
        menu.addSeparator()
        names = ["latest"] if step >= 8 and self._shell.past else []
        names += ["open_alerts", "toggle_language", "toggle_theme", "settings", "help"] if step >= 7 else []
        for name in names:
            menu.addAction(self._actions[name])
        menu.setAccessibleName(look.tr("shell.bar.more"))

    def _add_choice(self, menu: QMenu, title_key: str, combo: QComboBox, choose: Callable[[int], None]) -> None:
        """Offer the entries of a hidden combo box as a submenu."""
        part = menu.addMenu(self._appearance.tr(title_key))
        group = QActionGroup(part)
        for index in range(combo.count()):
            action = part.addAction(combo.itemText(index))
            action.setCheckable(True)
            action.setChecked(index == combo.currentIndex())
            action.triggered.connect(lambda _on=False, chosen=index: choose(chosen))
            group.addAction(action)

    def _on_market_action(self, index: int) -> None:
        self.market.setCurrentIndex(index)
        self.market.activated.emit(index)

    def _on_scan(self) -> None:
        self._actions["cancel" if self._scanning else "scan"].trigger()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground with the hairline below."""
        del event
        painter = QPainter(self)
        try:
            painter.fillRect(self.rect(), self._appearance.color("bg-panel"))
            painter.fillRect(0, self.height() - 1, self.width(), 1, self._appearance.color("line-hair"))
        finally:
            painter.end()

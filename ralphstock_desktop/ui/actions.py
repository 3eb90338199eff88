"""Every command of the window, declared once: menu, shortcut, palette and the F1 overview read the same book."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from ralphstock_desktop.ui.appearance import Appearance

__all__ = ["ACTIONS", "ActionBook", "ActionSpec"]


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One command.

    ``id`` is also the text key ``shell.action.<id>``. ``keys`` are portable shortcut texts; the first one is shown.
    """

    id: str
    icon: str
    keys: tuple[str, ...] = ()
    in_palette: bool = True
    group: str = "window"
    """Heading in the F1 overview: ``shell.help.<group>``."""


ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("search", "search", ("Ctrl+K",), in_palette=False, group="go"),
    ActionSpec("previous_day", "step", ("Alt+Left",), group="go"),
    ActionSpec("next_day", "step", ("Alt+Right",), group="go"),
    ActionSpec("latest", "time", ("Alt+Home",), group="go"),
    ActionSpec("workspace_prepare", "sun", ("Alt+1",), group="go"),
    ActionSpec("workspace_day", "radar", ("Alt+2",), group="go"),
    ActionSpec("workspace_closing", "target", ("Alt+3",), group="go"),
    ActionSpec("workspace_research", "trend", ("Alt+4",), group="go"),
    ActionSpec("time_machine", "time", ("Ctrl+T",), group="go"),
    ActionSpec("next_panel", "expand", ("F6",), in_palette=False, group="go"),
    ActionSpec("previous_panel", "expand", ("Shift+F6",), in_palette=False, group="go"),
    ActionSpec("scan", "radar", ("F5",), group="data"),
    ActionSpec("cancel", "cross", (), in_palette=False, group="data"),
    ActionSpec("import", "database", ("Ctrl+O",), group="data"),
    ActionSpec("open_ledger", "database", (), group="data"),
    ActionSpec("connect", "plug", (), group="data"),
    ActionSpec("open_health", "plug", (), group="data"),
    ActionSpec("use_simulated", "flask", (), group="data"),
    ActionSpec("use_real", "database", (), group="data"),
    ActionSpec("maximize", "expand", ("Ctrl+M",)),
    ActionSpec("reopen_panel", "undo", ("Ctrl+Shift+T",)),
    ActionSpec("what_if", "slider", ("Ctrl+I",)),
    ActionSpec("open_alerts", "bell", ()),
    ActionSpec("open_chat", "chat", ("Ctrl+Shift+A",)),
    ActionSpec("ask_about", "chat", ("Ctrl+Shift+K",)),
    ActionSpec("reset_layout", "table", ()),
    ActionSpec("undo_layout", "undo", ()),
    ActionSpec("zoom_in", "plus", ("Ctrl++", "Ctrl+=")),
    ActionSpec("zoom_out", "slider", ("Ctrl+-",)),
    ActionSpec("zoom_reset", "slider", ("Ctrl+0",)),
    ActionSpec("toggle_theme", "moon", ()),
    ActionSpec("toggle_language", "chat", ()),
    ActionSpec("settings", "gear", ("Ctrl+,",)),
    ActionSpec("help", "unknown", ("F1",)),
    ActionSpec("quit", "close", ("Ctrl+Q",)),
)


class ActionBook(QObject):
    """Makes a QAction per declared command, with live texts.

    Parameters
    ----------
    appearance : Appearance
        Words.
    owner : QWidget
        The window; shortcuts work while it is active.
    """

    def __init__(self, appearance: Appearance, owner: QWidget) -> None:
        super().__init__(owner)
        self._appearance = appearance
        self._actions: dict[str, QAction] = {}
        for spec in ACTIONS:
            action = QAction(owner)
            action.setShortcuts([QKeySequence(key, QKeySequence.SequenceFormat.PortableText) for key in spec.keys])
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            owner.addAction(action)
            self._actions[spec.id] = action
        appearance.changed.connect(self._label)
        self._label()

    def __getitem__(self, name: str) -> QAction:
        """The action of a command; KeyError if it is not declared."""
        return self._actions[name]

    def connect_slot(self, name: str, slot: Callable[[], object]) -> None:
        """Run ``slot`` when the command is triggered."""
        self._actions[name].triggered.connect(lambda _checked=False: slot())

    def trigger(self, name: str) -> bool:
        """Run a command by name; False if there is none of that name or it is disabled."""
        action = self._actions.get(name)
        if action is None or not action.isEnabled():
            return False
        action.trigger()
        return True

    def key_text(self, name: str) -> str:
        """First shortcut of a command as the platform writes it; empty if it has none."""
        shortcuts = self._actions[name].shortcuts()
        # Keys are written as on the keyboard; Qt would translate them ("Alt+왼쪽"). A Mac has signs of its own for them.
        form = QKeySequence.SequenceFormat.NativeText if sys.platform == "darwin" else QKeySequence.SequenceFormat.PortableText
        return shortcuts[0].toString(form) if shortcuts else ""

    def _label(self) -> None:
        for spec in ACTIONS:
            self._actions[spec.id].setText(self._appearance.tr(f"shell.action.{spec.id}"))

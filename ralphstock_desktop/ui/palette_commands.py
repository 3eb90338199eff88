"""What the search finds besides symbols and days: screens, commands and settings."""

from __future__ import annotations

from collections.abc import Sequence

from ralphstock_desktop.services.settings_spec import SETTINGS
from ralphstock_desktop.ui.actions import ACTIONS, ActionBook
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dock_registry import DockSpec
from ralphstock_desktop.ui.viewmodels.shell import Command
from ralphstock_desktop.wording.texts import LANGUAGES, Texts

__all__ = ["palette_commands"]


def palette_commands(look: Appearance, book: ActionBook, docks: Sequence[DockSpec]) -> list[Command]:
    """Screens, commands and settings, titled in the language of the look and found by the words of both languages."""
    both = [Texts(language) for language in LANGUAGES]

    def words(key: str) -> str:
        return " ".join(texts(key) for texts in both)

    found = [
        Command(spec.id, "screens", look.tr(spec.title_key), spec.icon, spec.screen, words(spec.title_key)) for spec in docks
    ]
    for action in ACTIONS:
        if action.in_palette:
            key = f"shell.action.{action.id}"
            found.append(Command(action.id, "commands", look.tr(key), action.icon, book.key_text(action.id), words(key)))
    for setting in SETTINGS:
        if setting.page != "internal":
            key = f"settings.{setting.key}.title"
            found.append(Command(setting.key, "settings", look.tr(key), "gear", "", words(key)))
    return found

"""Carries the look settings from the store to the appearance, at start and after every change."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication

from ralphstock_desktop.services.contracts import SettingChange, SettingsStore
from ralphstock_desktop.services.settings_spec import setting
from ralphstock_desktop.ui.appearance import Appearance, Density, DirectionSet, ThemeName
from ralphstock_desktop.wording.texts import Language

__all__ = ["LookSettings"]

_KEYS = frozenset({"theme", "direction", "zoom_pct", "density", "language"})


class LookSettings(QObject):
    """Keeps an appearance equal to the stored settings.

    The theme ``system`` follows the operating system and is dark where the system does not say.
    """

    def __init__(self, appearance: Appearance, store: SettingsStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._appearance, self._store = appearance, store
        self._subscription = store.changed.subscribe(self._on_changed, replay=False)
        hints = QGuiApplication.styleHints()
        if hints is not None:
            hints.colorSchemeChanged.connect(self._on_system)
        self.apply()

    def apply(self) -> None:
        """Set everything at once: one repaint."""
        get = self._store.get
        self._appearance.choose(
            theme=self._theme(),
            direction=cast("DirectionSet", get("direction")),
            zoom_pct=int(get("zoom_pct")),
            density=cast("Density", get("density")),
            language=cast("Language", get("language")),
        )

    def zoom_by(self, steps: int) -> None:
        """Make everything larger or smaller by steps of 10 %; 0 goes back to 100 %."""
        spec = setting("zoom_pct")
        wanted = 100 if steps == 0 else int(self._store.get("zoom_pct")) + 10 * steps
        self._store.set("zoom_pct", min(spec.maximum, max(spec.minimum, wanted)))

    def toggle_theme(self) -> None:
        """Dark to light and back; the system setting is left behind."""
        self._store.set("theme", "light" if self._appearance.theme == "dark" else "dark")

    def toggle_language(self) -> None:
        """Korean to English and back."""
        self._store.set("language", "en" if self._appearance.language == "ko" else "ko")

    def _theme(self) -> ThemeName:
        chosen = self._store.get("theme")
        if chosen == "system":
            return "light" if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light else "dark"
        return "light" if chosen == "light" else "dark"

    def _on_changed(self, change: SettingChange) -> None:
        if change.key in _KEYS:
            self.apply()

    def _on_system(self, _scheme: Qt.ColorScheme) -> None:
        self.apply()

"""Application style: Fusion, palette, font and style sheet made from the tokens (design.md §2.7, §2.8).

Everything is set on the application, never on a window: check boxes of a styled window take their text colour from the
application palette. Sizes in the sheet are those of the design at 100 % and are scaled here; hairlines and focus rings are
not. The two marks of styled indicators are written as files into a cache folder given by the composition root, one per
theme and zoom, because a style sheet can only take an image from a file.
"""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QTranslator
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication

from ralphstock_desktop.ui.appearance import Appearance

__all__ = ["ApplicationStyle", "build_palette", "build_sheet"]

_ROLES: dict[QPalette.ColorRole, str] = {
    QPalette.ColorRole.Window: "bg-panel",
    QPalette.ColorRole.Base: "bg-panel",
    QPalette.ColorRole.AlternateBase: "bg-header",
    QPalette.ColorRole.Button: "bg-header",
    QPalette.ColorRole.Midlight: "bg-header",
    QPalette.ColorRole.WindowText: "text",
    QPalette.ColorRole.Text: "text",
    QPalette.ColorRole.ButtonText: "text",
    QPalette.ColorRole.PlaceholderText: "text-muted",
    QPalette.ColorRole.ToolTipBase: "bg-popup",
    QPalette.ColorRole.ToolTipText: "text",
    QPalette.ColorRole.Light: "bg-raised",
    QPalette.ColorRole.Mid: "line-strong",
    QPalette.ColorRole.Dark: "line-hair",
    QPalette.ColorRole.Shadow: "bg-window",
    QPalette.ColorRole.Highlight: "selection",
    QPalette.ColorRole.HighlightedText: "selection-text",
    QPalette.ColorRole.Accent: "accent-fill",
    QPalette.ColorRole.Link: "link",
    QPalette.ColorRole.LinkVisited: "link",
    QPalette.ColorRole.BrightText: "danger",
}
_QT_WORDS = "qt-words"
_TEXT_ROLES = (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText)

_SHEET = """
QToolTip { background: @bg-popup; color: @text; border: 1px solid @line-control; padding: 4px 8px; }
QMenuBar, QMenu { background: @bg-popup; color: @text; }
QMenu { border: 1px solid @line-control; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 28px; border-radius: 3px; }
QMenu::item:selected { background: @selection; }
QMenu::item:disabled { color: @text-disabled; }
QMenu::separator { height: 1px; background: @line-strong; margin: 4px 8px; }
QPushButton { background: transparent; color: @text-secondary; border: 1px solid @line-control; border-radius: 4px;
    padding: 0 12px; min-height: 24px; }
QPushButton:hover { background: @bg-hover; color: @text; }
QPushButton:pressed { background: @bg-raised; }
QPushButton:default { background: @accent-fill; color: @text-on-fill; border-color: @accent-fill; font-weight: bold; }
QPushButton:checked { background: @accent-tint; color: @accent; border-color: @accent; font-weight: bold; }
QPushButton:disabled { color: @text-disabled; border-color: @line-hair; background: transparent; }
QPushButton#link { border: 0; color: @accent; padding: 0 4px; font-weight: bold; }
QPushButton#link:hover { background: @bg-hover; }
QPushButton#link:focus { border: 2px solid @focus; }
QPushButton#small { padding: 0 4px; }
QPushButton[strong="true"] { font-weight: bold; }
QPushButton[past="true"] { color: @replay; border-color: @replay; background: @replay-tint; font-weight: bold; }
QLineEdit, QComboBox, QSpinBox, QDateEdit, QPlainTextEdit { background: @bg-header; color: @text;
    border: 1px solid @line-control; border-radius: 4px; padding: 0 8px; min-height: 26px;
    selection-background-color: @accent-fill; selection-color: @text-on-fill; }
QLineEdit:disabled, QComboBox:disabled { color: @text-disabled; border-color: @line-hair; }
QPushButton:focus, QLineEdit:focus, QComboBox:focus, QSpinBox:focus, QPlainTextEdit:focus { border: 2px solid @focus; }
QDateEdit:focus { border: 2px solid @focus; }
QComboBox::drop-down, QDateEdit::drop-down { border: 0; width: 22px; }
QComboBox::down-arrow, QDateEdit::down-arrow { image: url(@icon-chevron); width: 12px; height: 12px; }
QToolButton { background: transparent; border: 0; border-radius: 4px; color: @text-secondary; }
QToolButton:hover { background: @bg-hover; }
QToolButton:pressed, QToolButton:checked { background: @bg-raised; }
QToolButton:focus { border: 2px solid @focus; }
QToolButton::menu-indicator { image: none; }
QCheckBox, QRadioButton { color: @text; spacing: 6px; }
QCheckBox::indicator, QRadioButton::indicator { width: 14px; height: 14px; border: 1px solid @line-control;
    background: @bg-header; }
QCheckBox::indicator { border-radius: 3px; }
QRadioButton::indicator { border-radius: 7px; }
QCheckBox::indicator:checked { background: @accent-fill; border-color: @accent-fill; image: url(@icon-check); }
QRadioButton::indicator:checked { width: 6px; height: 6px; border: 5px solid @accent-fill; border-radius: 8px;
    background: @text-on-fill; }
QCheckBox:focus, QRadioButton:focus { color: @focus; }
QComboBox QAbstractItemView { background: @bg-popup; border: 1px solid @line-control; color: @text;
    selection-background-color: @selection; selection-color: @text; outline: 0; }
QTabBar::tab { background: @bg-header; color: @text-secondary; padding: 0 10px; height: 27px; border: 0; }
QTabBar::tab:selected { background: @bg-panel; color: @text; border-top: 2px solid @accent; font-weight: bold; }
QTabWidget::pane { border: 1px solid @line-hair; }
QHeaderView::section { background: @bg-header; color: @text-muted; border: 0; border-bottom: 1px solid @line-hair;
    padding: 0 3px; height: 24px; font-size: 11px; }
QTableView { background: @bg-panel; color: @text; gridline-color: @line-hair; border: 0;
    selection-background-color: @selection; selection-color: @text; outline: 0; }
QListWidget#pages::item { border-left: 2px solid transparent; padding-left: 6px; }
QListWidget#pages::item:selected { background: @selection; color: @selection-text; border-left: 2px solid @accent; }
QCalendarWidget QWidget { background: @bg-popup; color: @text; }
QCalendarWidget QAbstractItemView:enabled { background: @bg-popup; color: @text;
    selection-background-color: @accent-fill; selection-color: @text-on-fill; outline: 0; }
QCalendarWidget QAbstractItemView:disabled { color: @text-disabled; }
QScrollArea { background: transparent; border: 0; }
QScrollBar:vertical { width: 10px; background: transparent; }
QScrollBar::handle:vertical { background: @line-strong; border-radius: 3px; min-height: 24px; margin: 2px; }
QScrollBar::handle:vertical:hover { background: @line-control; }
QScrollBar:horizontal { height: 10px; background: transparent; }
QScrollBar::handle:horizontal { background: @line-strong; border-radius: 3px; min-width: 24px; margin: 2px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QSlider::groove:horizontal { height: 3px; background: @bg-raised; }
QSlider::sub-page:horizontal { background: @accent-fill; }
QSlider::handle:horizontal { width: 14px; margin: -6px 0; border-radius: 7px; background: @text-secondary; }
QSlider::handle:horizontal:focus { background: @focus; }
QProgressBar { background: @bg-raised; border: 0; border-radius: 2px; max-height: 4px; }
QProgressBar::chunk { background: @accent-fill; border-radius: 2px; }
QSplitter::handle { background: @bg-window; }
QSplitter::handle:hover { background: @accent; }
QMainWindow { background: @bg-window; }
QMainWindow::separator { background: @bg-window; width: 3px; height: 3px; }
QMainWindow::separator:hover { background: @accent; }
QDockWidget::title { background: @bg-header; }
"""

_TOKEN = re.compile(r"@([a-z]+(?:-[a-z0-9]+)*)")
_PIXELS = re.compile(r"(?<![\w#])(-?\d+)px")


def build_palette(appearance: Appearance) -> QPalette:
    """Return the palette of design.md §2.7 for the chosen theme."""
    palette = QPalette()
    for role, token in _ROLES.items():
        palette.setColor(role, appearance.color(token))
    palette.setColor(QPalette.ColorGroup.Inactive, QPalette.ColorRole.Highlight, appearance.color("bg-raised"))
    for role in _TEXT_ROLES:
        palette.setColor(QPalette.ColorGroup.Disabled, role, appearance.color("text-disabled"))
    return palette


def build_sheet(appearance: Appearance, icons: dict[str, str]) -> str:
    """Return the style sheet with colours, scaled sizes and icon files filled in.

    Parameters
    ----------
    appearance : Appearance
        Theme and zoom.
    icons : dict of str
        File path (forward slashes) by icon name: ``icon-chevron`` and ``icon-check``.

    Raises
    ------
    KeyError
        If the sheet names a token that does not exist: a bug.
    """

    def scale(match: re.Match[str]) -> str:
        size = int(match.group(1))
        # 1 px is a hairline and 2 px a focus ring or an edge: both stay what they are at every zoom.
        return f"{size if abs(size) <= 2 else appearance.px(size)}px"

    def fill(match: re.Match[str]) -> str:
        name = match.group(1)
        return icons[name] if name.startswith("icon-") else appearance.hex(name)

    return _TOKEN.sub(fill, _PIXELS.sub(scale, _SHEET))


class ApplicationStyle:
    """Keeps the application's style in step with the appearance.

    Parameters
    ----------
    application : QApplication
        Receives style, palette, font and sheet, at once and after each change.
    appearance : Appearance
        What is chosen.
    cache : Path
        Folder for the two indicator marks; made if absent.
    """

    def __init__(self, application: QApplication, appearance: Appearance, cache: Path) -> None:
        self._application, self._appearance, self._cache = application, appearance, cache
        # One translator for the life of the application, whoever styles it.
        self._qt_words = application.findChild(QTranslator, _QT_WORDS) or QTranslator(application)
        self._qt_words.setObjectName(_QT_WORDS)
        self._qt_language = ""
        application.setStyle("Fusion")
        appearance.changed.connect(self.apply)
        self.apply()

    def apply(self) -> None:
        """Set palette, font, sheet and the words of Qt's own dialogs from the appearance."""
        self._speak()
        self._application.setPalette(build_palette(self._appearance))
        self._application.setFont(self._appearance.font("body"))
        self._application.setStyleSheet(build_sheet(self._appearance, self._icons()))

    def _speak(self) -> None:
        """Qt's file dialog and edit menus speak the chosen language too; English is built into Qt."""
        language = self._appearance.language
        if language == self._qt_language:
            return
        self._qt_language = language
        self._application.removeTranslator(self._qt_words)
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if language != "en" and self._qt_words.load(f"qtbase_{language}", folder):
            self._application.installTranslator(self._qt_words)

    def _icons(self) -> dict[str, str]:
        look = self._appearance
        files: dict[str, str] = {}
        self._cache.mkdir(parents=True, exist_ok=True)
        for name, icon, token in (("icon-chevron", "chevron", "text-secondary"), ("icon-check", "check", "text-on-fill")):
            file = self._cache / f"{icon}-{look.theme}-{look.zoom_pct}.png"
            if not file.exists():
                look.pixmap(icon, token, 12, 2.0).save(str(file))
            files[name] = file.as_posix()
        return files

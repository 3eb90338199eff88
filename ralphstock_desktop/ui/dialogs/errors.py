"""How errors are told to the user: one sentence by key, and a report that can be read and copied.

Errors this program raises on purpose carry a text key; everything else is a bug and opens a :class:`ReportDialog`. Nothing
here sends anything anywhere.
"""

from __future__ import annotations

import string
import traceback
from types import TracebackType

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from engine.model.errors import ProviderError, RalphStockError
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.controls import WordButton

__all__ = ["ReportDialog", "crash_report", "error_code", "error_sentence"]


def error_sentence(appearance: Appearance, error: RalphStockError) -> str:
    """Return the sentence of an error in the chosen language.

    An error whose key has no text, or whose fields do not fit the text, is told with the generic sentence around its own
    English message: an error is never swallowed because a translation is incomplete.
    """
    if appearance.has_text(error.key):
        text = appearance.tr(error.key)
        wanted = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        if wanted <= error.fields.keys():
            return text.format(**error.fields)
    return appearance.tr("error.generic").format(message=str(error))


def error_code(error: RalphStockError) -> str:
    """Return the short code shown in brackets: the provider's code if there is one, else the error's key."""
    if isinstance(error, ProviderError) and error.code:
        return f"{error.provider} {error.code}"
    return error.key.removeprefix("error.")


def crash_report(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None, *, facts: dict[str, str] | None = None
) -> str:
    """Return a plain-text report of an unexpected exception: facts about the program first, then the trace."""
    lines = [f"{name}: {value}" for name, value in (facts or {}).items()]
    lines.append("")
    lines.extend(traceback.format_exception(kind, error, trace))
    return "\n".join(line.rstrip("\n") for line in lines).strip() + "\n"


class ReportDialog(QDialog):
    """Shows a report that the user can read and copy. Open it with ``open_report``; it never blocks.

    Parameters
    ----------
    appearance : Appearance
        Words and sizes.
    title_key, lead_key : str
        Text keys of the headline and of the sentence below it.
    report : str
        The whole report; nothing else leaves the dialog.
    """

    def __init__(
        self,
        appearance: Appearance,
        report: str,
        *,
        title_key: str = "errors.crash.title",
        lead_key: str = "errors.crash.lead",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(False)
        self._appearance = appearance
        self._title_key, self._lead_key = title_key, lead_key
        self._title, self._lead = QLabel(), QLabel()
        self._lead.setWordWrap(True)
        self.report = QPlainTextEdit(report)
        self.report.setReadOnly(True)
        self.report.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._copy, self._close = QPushButton(), WordButton()
        self._copy.clicked.connect(self._on_copy)
        self._close.clicked.connect(self.close)
        self._close.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self._copy)
        buttons.addWidget(self._close)
        self._box = layout = QVBoxLayout(self)
        layout.addWidget(self._title)
        layout.addWidget(self._lead)
        layout.addWidget(self.report, 1)
        layout.addLayout(buttons)
        appearance.changed.connect(self._apply)
        self._apply()

    def open_report(self) -> None:
        """Show the dialog beside the window without blocking anything."""
        self.show()
        self.raise_()

    def _apply(self) -> None:
        look = self._appearance
        self.setWindowTitle(look.tr(self._title_key))
        self._title.setText(look.tr(self._title_key))
        self._title.setFont(look.font("value", bold=True))
        self._lead.setText(look.tr(self._lead_key))
        self._lead.setFont(look.font("body"))
        self.report.setFont(look.font("caption"))
        self.report.setAccessibleName(look.tr("errors.report"))
        self._copy.setText(look.tr("errors.copy"))
        self._close.setText(look.tr("errors.close"))
        self._box.setContentsMargins(*(look.px(16),) * 4)
        self.resize(look.px(640), look.px(420))

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.report.toPlainText())
        self._copy.setText(self._appearance.tr("errors.copied"))

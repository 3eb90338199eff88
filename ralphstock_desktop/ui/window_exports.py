"""Files that panels want written: where is asked without blocking, and the composition root writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from PySide6.QtCore import QObject, Qt, SignalInstance
from PySide6.QtWidgets import QFileDialog, QWidget

from ralphstock_desktop.ui.appearance import Appearance

__all__ = ["Exports"]


@runtime_checkable
class _ExportText(Protocol):
    """A text a panel wants written to a file."""

    @property
    def file_name(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def encoding(self) -> str: ...


@runtime_checkable
class _Exporting(Protocol):
    """A panel that exports."""

    export_requested: SignalInstance


@runtime_checkable
class _ExportPicture(Protocol):
    """A picture a panel wants written to a file."""

    @property
    def file_name(self) -> str: ...
    @property
    def png(self) -> bytes: ...


@runtime_checkable
class _Picturing(Protocol):
    """A panel that makes pictures of itself."""

    picture_requested: SignalInstance


class Exports(QObject):
    """Asks where a panel's text or picture is to be kept.

    Parameters
    ----------
    appearance
        For the words of the dialog.
    write
        Takes the chosen file and its content; tells the user what became of it.
    window
        The dialog stands over it.
    """

    def __init__(self, appearance: Appearance, write: Callable[[str, bytes], None], window: QWidget) -> None:
        super().__init__(window)
        self._appearance, self._write, self._window = appearance, write, window

    def attach(self, frame: object) -> None:
        """Listen to a panel that exports or makes pictures; others are left alone."""
        if isinstance(frame, _Exporting):
            frame.export_requested.connect(self.save_text)
        if isinstance(frame, _Picturing):
            frame.picture_requested.connect(self.save_picture)

    def save_text(self, request: object) -> None:
        """Ask where a text is to be written."""
        if isinstance(request, _ExportText):
            self._ask_where(request.file_name, request.text.encode(request.encoding))

    def save_picture(self, request: object) -> None:
        """Ask where a picture is to be written."""
        if isinstance(request, _ExportPicture):
            self._ask_where(request.file_name, request.png)

    def _ask_where(self, file_name: str, content: bytes) -> None:
        dialog = QFileDialog(self._window, self._appearance.tr("shell.export.title"), file_name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.fileSelected.connect(lambda file: self._write(file, content))
        dialog.open()

"""Reports the user can read and copy: of crashes, and of errors a panel shows."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from engine.model.errors import RalphStockError
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.errors import ReportDialog

__all__ = ["Reports"]


class Reports(QObject):
    """The open report dialogs of a window.

    Parameters
    ----------
    appearance
        For the words of the dialogs.
    facts
        Lines every report of an error begins with: version, system. No personal data.
    window
        The dialogs stand over it.
    """

    def __init__(self, appearance: Appearance, facts: Mapping[str, str], window: QWidget) -> None:
        super().__init__(window)
        self._appearance, self._facts, self._window = appearance, facts, window
        self.dialogs: list[ReportDialog] = []

    def show(self, report: str, *, crash: bool) -> ReportDialog:
        """Open a report. A second crash is added to the open report: no pile of windows."""
        shown = [dialog for dialog in self.dialogs if dialog.isVisible()]
        if crash and shown:
            shown[-1].report.appendPlainText(f"\n{report}")
            return shown[-1]
        keys = ("errors.crash.title", "errors.crash.lead") if crash else ("errors.report", "errors.report.lead")
        dialog = ReportDialog(self._appearance, report, title_key=keys[0], lead_key=keys[1], parent=self._window)
        dialog.finished.connect(lambda _result: self._forget(dialog))
        self.dialogs.append(dialog)
        dialog.open_report()
        return dialog

    def show_error(self, error: object) -> None:
        """Open the report of an expected error: what it says, its fields, its cause."""
        if not isinstance(error, RalphStockError):
            return
        lines = [f"{name}: {value}" for name, value in self._facts.items()]
        lines += ["", f"{type(error).__name__} ({error.key})", str(error)]
        lines += [f"  {name} = {value}" for name, value in error.fields.items() if name != "message"]
        cause = error.__cause__
        if cause is not None:
            lines.append(f"  from {type(cause).__name__}: {cause}")
        self.show("\n".join(lines).strip() + "\n", crash=False)

    def close_all(self) -> None:
        """Close what is open."""
        for dialog in list(self.dialogs):
            dialog.close()

    def _forget(self, dialog: ReportDialog) -> None:
        if dialog in self.dialogs:
            self.dialogs.remove(dialog)

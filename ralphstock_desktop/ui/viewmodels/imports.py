"""The steps of an import: choose files, look at what they are, map columns, run, read the report. No widgets.

Files are never opened here: previews and the import itself come from the workstation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.model.errors import ValidationFailed
from ralphstock_desktop.services.contracts import IMPORT_FIELDS, FilePreview, ImportReport, Workstation

__all__ = ["MONEY_UNITS", "FileChoice", "ImportViewModel", "report_text"]

MONEY_UNITS: tuple[str, ...] = ("원", "천원", "백만원", "억원")
"""Units offered for the traded value; also the values the importer takes for ``value_unit``."""


@dataclass
class FileChoice:
    """One file of an import and what the user decided about it."""

    preview: FilePreview
    dataset: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    """Column by field, as recognised and then changed by the user."""
    value_unit: str = ""
    by_hand: bool = False
    """Whether the user changed anything: only then a mapping is sent."""
    included: bool = True

    def __post_init__(self) -> None:
        self.dataset = self.dataset or self.preview.dataset
        self.columns = self.columns or {guess.field: guess.column for guess in self.preview.columns if guess.field}
        if self.preview.problem is not None and not self.preview.columns:
            self.included = False  # no decision of the user makes an unreadable file readable

    def missing(self) -> tuple[str, ...]:
        """Needed fields without a column; a file whose data set is unknown lacks everything."""
        needed = IMPORT_FIELDS.get(self.dataset, ((), ()))[0]
        # The ticker of a one-symbol file stands in its name, so the importer's own recognition is trusted as it is.
        if not self.by_hand and self.preview.dataset and self.preview.problem is None:
            return ()
        return tuple(name for name in needed if name not in self.columns)

    @property
    def ready(self) -> bool:
        """Whether the file can be imported as it stands."""
        if not self.included:
            return True
        if not self.dataset or self.missing():
            return False
        return self.by_hand or self.preview.problem is None

    def mapping(self) -> tuple[str, dict[str, str]] | None:
        """The user's mapping, None where the recognition was left alone."""
        if not self.by_hand:
            return None
        allowed = IMPORT_FIELDS.get(self.dataset, ((), ()))
        columns = {name: column for name, column in self.columns.items() if name in (*allowed[0], *allowed[1])}
        if self.value_unit and "value_krw" in columns:
            columns["value_unit"] = self.value_unit
        return self.dataset, columns


class ImportViewModel:
    """One import from choosing to report.

    Parameters
    ----------
    workstation : Workstation
        The program.
    """

    def __init__(self, workstation: Workstation) -> None:
        self._workstation = workstation
        self.paths: tuple[Path, ...] = ()
        self.files: list[FileChoice] = []
        self.report: ImportReport | None = None

    async def look_at(self, paths: Sequence[Path]) -> list[FileChoice]:
        """Preview files and folders. Raises ValidationFailed if there is nothing that could be read."""
        self.paths = tuple(paths)
        self.report = None
        self.files = [FileChoice(preview) for preview in await self._workstation.preview_files(paths)]
        if not self.files:
            raise ValidationFailed(
                "None of the chosen places holds a CSV or Parquet file.",
                key="error.import.nothing_found",
                count=len(self.paths),
            )
        return self.files

    def open_questions(self) -> list[FileChoice]:
        """Files the user must decide about before the import can start."""
        return [choice for choice in self.files if not choice.ready]

    @property
    def can_start(self) -> bool:
        """Whether at least one file is included and no included file is open."""
        return any(choice.included for choice in self.files) and not self.open_questions()

    def choose_dataset(self, choice: FileChoice, dataset: str) -> None:
        """Take a file for another data set; its columns stay as recognised."""
        if dataset != choice.dataset:
            choice.dataset, choice.by_hand = dataset, True

    def choose_column(self, choice: FileChoice, name: str, column: str) -> None:
        """Take a column for a field; an empty column leaves the field out. A column serves one field only."""
        if choice.columns.get(name, "") == column:
            return
        choice.by_hand = True
        for other in [field_name for field_name, taken in choice.columns.items() if taken == column and column]:
            del choice.columns[other]
        if column:
            choice.columns[name] = column
        else:
            choice.columns.pop(name, None)

    def choose_value_unit(self, choice: FileChoice, unit: str) -> None:
        """Say in which unit the traded value of a file is written."""
        if unit != choice.value_unit:
            choice.value_unit, choice.by_hand = unit, True

    async def run(self) -> ImportReport:
        """Import the included files. Errors of single files are in the report, not raised."""
        included = [choice for choice in self.files if choice.included]
        mappings = {choice.preview.path: made for choice in included if (made := choice.mapping()) is not None}
        self.report = await self._workstation.import_files([choice.preview.path for choice in included], mappings)
        return self.report


def report_text(report: ImportReport) -> str:
    """Return an import report as tab-separated text for the clipboard, complete, in plain English field names."""
    lines = [
        f"files\t{report.files}",
        f"rows read\t{report.rows_read}",
        f"inserted\t{report.inserted}",
        f"updated\t{report.updated}",
        f"unchanged\t{report.unchanged}",
        f"rejected\t{report.rejected}",
        f"seconds\t{report.seconds:.1f}",
        f"cancelled\t{report.cancelled}",
    ]
    for name, *counts in report.per_dataset:
        lines.append("\t".join([f"data set {name}", *(str(count) for count in counts)]))
    for issue in report.issues:
        kind = "rejected" if issue.rejected else "remark"
        lines.append("\t".join([kind, str(issue.path), issue.reason_key, str(issue.rows), "; ".join(issue.examples)]))
    for path, error in report.failed:
        lines.append("\t".join(["failed", str(path), error.key, str(error)]))
    for path, reason in report.skipped:
        lines.append("\t".join(["skipped", str(path), reason]))
    return "\n".join(lines) + "\n"

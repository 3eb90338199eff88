"""Rows of a table as text for the clipboard and for CSV files."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt

from ralphstock_desktop.ui.models.array_table import ArrayTableModel

__all__ = ["rows_as_text"]

_FORMULA = "=+-@"


def rows_as_text(model: ArrayTableModel, sections: Sequence[int], source_rows: Sequence[int], separator: str) -> str:
    """Write heads and rows, numbers plain (ASCII minus, point), missing empty.

    Parameters
    ----------
    sections : sequence of int
        Columns in order; ranks and pictures are left out.
    source_rows : sequence of int
        Rows in order.
    separator : str
        Tab (for a spreadsheet's clipboard) or comma (CSV with CRLF and quotes where needed).
    """
    kept = [section for section in sections if model.columns[section].kind not in ("rank", "picture")]
    lines = [[str(model.headerData(section, Qt.Orientation.Horizontal)) for section in kept]]
    lines += [[model.raw_text(row, section) for section in kept] for row in source_rows]
    if separator == "\t":
        return "\n".join("\t".join(value.replace("\t", " ") for value in line) for line in lines)
    return "\r\n".join(separator.join(_quoted(value, separator) for value in line) for line in lines) + "\r\n"


def _quoted(value: str, separator: str) -> str:
    """Quote one CSV field where it needs it; words that a spreadsheet would run as a formula stay words."""
    if value[:1] in _FORMULA and value and not _is_number(value):
        value = f"'{value}"
    if any(char in value for char in (separator, '"', "\n", "\r")):
        return '"' + value.replace('"', '""') + '"'
    return value


def _is_number(value: str) -> bool:
    try:
        float(value.rstrip("%"))
    except ValueError:
        return False
    return True

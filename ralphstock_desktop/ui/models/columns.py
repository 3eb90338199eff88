"""Declarations of table columns: what a column is called, how wide it is, how it sorts, reads and is drawn.

A table is a list of :class:`ColumnSpec` over one *row source* (plain arrays). The model, the painter, the filter, the column
chooser, copy and export all read these declarations; none of them knows a column by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from engine.model.panel import FloatArray
from ralphstock_desktop.wording.texts import Language

__all__ = ["Align", "ColumnKind", "ColumnSpec", "PainterName", "RowSource", "text_keys"]

Align = Literal["left", "right", "center"]
ColumnKind = Literal["rank", "number", "choice", "text", "picture"]
PainterName = Literal[
    "rank", "text", "name", "grade", "score", "state", "depths", "distance", "flow", "sparkline", "today",
    "closing_blocks", "closing_chips", "closing_name", "day_blocks", "day_chips", "near_gap", "grade_step",
]  # fmt: skip


class RowSource(Protocol):
    """Rows of a table as columns; row numbers are *source rows* and never change while the source is shown."""

    @property
    def size(self) -> int:
        """Number of rows."""
        ...

    @property
    def tickers(self) -> Sequence[str]:
        """Short code of every row."""
        ...

    def name(self, row: int, language: Language) -> str:
        """Name shown for a row."""
        ...

    def position(self, ticker: str) -> int | None:
        """Row of a ticker, None if it is not here."""
        ...


S = TypeVar("S")


@dataclass(frozen=True)
class ColumnSpec(Generic[S]):
    """One column.

    Attributes
    ----------
    id : str
        Stable identifier; also used in saved layouts and in the filter language.
    title_key, detail_key : str
        Text keys of the head and of the explanation shown in the cell detail (formula, meaning).
    width : int
        Pixels at 100 % zoom.
    align, kind, painter
        How the cell is placed, what the column holds, and who draws it.
    keys : callable
        Source to a float64 array, shape (rows,), that orders the column; NaN is missing and sorts last both ways.
    text : callable
        (source, row, language) to the formatted text; a missing value is an em dash.
    tone : callable or None
        (source, row) to a colour token; None draws in ``text``.
    bold : callable or None
        (source, row) to whether the value decides something and is bold.
    mark : callable or None
        (source, row) to what the painter draws beside or instead of the text.
    raw : callable or None
        (source, row, language) to the text for copy and export; None writes the key as a plain number.
    group : str
        Evidence group whose source and known-at the cell detail shows (``A`` day bar, ``B`` base, ``SM`` flows).
    small_width : int
        Width in the small column set; 0 is ``width``.
    full, small : bool
        Member of the default column set of wide and of narrow windows.
    frozen : bool
        Stays at the left while the others scroll.
    descending_first : bool
        Direction of the first click on the head.
    direction : bool
        The number is a price direction; its accessible name says so in a word.
    short_title_key : str
        Text key of the head where the whole one has no room.
    """

    id: str
    title_key: str
    width: int
    keys: Callable[[S], FloatArray]
    text: Callable[[S, int, Language], str]
    align: Align = "right"
    kind: ColumnKind = "number"
    painter: PainterName = "text"
    tone: Callable[[S, int], str] | None = None
    bold: Callable[[S, int], bool] | None = None
    mark: Callable[[S, int], Any] | None = None
    raw: Callable[[S, int, Language], str] | None = None
    group: str = ""
    detail_key: str = ""
    small_width: int = 0
    full: bool = True
    small: bool = False
    frozen: bool = False
    descending_first: bool = True
    direction: bool = False
    short_title_key: str = ""


def text_keys(values: Sequence[str] | npt.NDArray[np.str_]) -> FloatArray:
    """Return numbers that order texts (case folded, by code point: 가나다 after Latin); empty text is missing (NaN)."""
    folded = np.asarray([value.casefold() for value in values], dtype=np.str_)
    if folded.size == 0:
        return np.empty(0, dtype=np.float64)
    _, codes = np.unique(folded, return_inverse=True)
    return np.where(folded == "", np.nan, codes.astype(np.float64))

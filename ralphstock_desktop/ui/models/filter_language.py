"""The filter line of the tables; the language needs no window and lives in :mod:`ralphstock_desktop.services.filters`."""

from __future__ import annotations

from ralphstock_desktop.services.filters.language import (
    FieldWords,
    FilterError,
    FilterRows,
    Predicate,
    Vocabulary,
    fold,
    parse_filter,
)

__all__ = ["FieldWords", "FilterError", "FilterRows", "Predicate", "Vocabulary", "fold", "parse_filter"]

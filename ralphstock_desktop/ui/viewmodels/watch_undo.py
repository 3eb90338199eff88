"""Steps in the watch lists that can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

__all__ = ["UNDO_DEPTH", "Undo"]

UNDO_DEPTH = 20
"""How many steps can be taken back."""


@dataclass(frozen=True, slots=True)
class Undo:
    """A step that can be taken back: what was done (text key with fields), and how it is taken back."""

    key: str
    fields: dict[str, str | int | float]
    back: Callable[[], Coroutine[Any, Any, object]]

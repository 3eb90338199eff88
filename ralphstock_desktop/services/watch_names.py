"""Names and limits of watch lists."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from engine.model.errors import ValidationFailed
from ralphstock_desktop.assistant_ports import WatchEntry

__all__ = ["DEFAULT_LIST", "as_kept", "check_room"]

DEFAULT_LIST = "관심종목"
"""List that is used where none is named."""
_MOST_LISTS = 50
_MOST_ENTRIES = 500
_LONGEST_NAME = 40


def as_kept(name: str) -> str:
    """A name as the repository keeps it: composed, on one line, without spaces around it; the default one where it is empty."""
    line = " ".join("".join(c if c.isprintable() else " " for c in unicodedata.normalize("NFC", name)).split())
    return line[:_LONGEST_NAME].strip() or DEFAULT_LIST


def check_room(lists: Sequence[WatchEntry], name: str, count: int) -> None:
    """Raise ValidationFailed (``error.watch.full``) where a list of ``count`` symbols has no room beside the others."""
    names = {entry.list_name for entry in lists}
    if count > _MOST_ENTRIES or (name not in names and len(names) >= _MOST_LISTS):
        raise ValidationFailed(
            f"A watch list holds at most {_MOST_ENTRIES} symbols, and there are at most {_MOST_LISTS} lists.",
            key="error.watch.full",
            entries=_MOST_ENTRIES,
            lists=_MOST_LISTS,
        )

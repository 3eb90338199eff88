"""Texts whose key and fields come with an answer: an incomplete one never keeps an answer from being shown."""

from __future__ import annotations

import html
import string
from collections.abc import Mapping

from ralphstock_desktop.ui.appearance import Appearance

__all__ = ["plain_tip", "told"]


def told(look: Appearance, key: str, fields: Mapping[str, str | int | float], other: str) -> str:
    """Return the text of ``key`` with ``fields``; where the catalogue lacks the key, or the fields do not fit, ``other``."""
    if key and look.has_text(key):
        text = look.tr(key)
        if {name for _, name, _, _ in string.Formatter().parse(text) if name} <= fields.keys():
            return text.format(**fields)
    return other


def plain_tip(text: str) -> str:
    """Return a tooltip that shows ``text`` as it is: Qt would take what looks like HTML for HTML, and load what it names."""
    return f"<qt>{html.escape(text)}</qt>".replace("\n", "<br>") if "<" in text or "&" in text else text

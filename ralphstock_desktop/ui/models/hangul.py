"""초성 (initial consonants) of Hangul names, for finding a name by ``ㅅㅅㅈㅈ``."""

from __future__ import annotations

__all__ = ["initials", "is_initials", "matches_name"]

_SYLLABLE_FIRST, _SYLLABLE_LAST, _PER_INITIAL = 0xAC00, 0xD7A3, 588
# The nineteen compatibility letters that can begin a syllable, in the order of the syllable block.
_INITIALS = tuple(
    chr(code)
    for code in (
        0x3131, 0x3132, 0x3134, 0x3137, 0x3138, 0x3139, 0x3141, 0x3142, 0x3143, 0x3145,
        0x3146, 0x3147, 0x3148, 0x3149, 0x314A, 0x314B, 0x314C, 0x314D, 0x314E,
    )
)  # fmt: skip
_INITIAL_SET = frozenset(_INITIALS)


def initials(text: str) -> str:
    """Replace every Hangul syllable by its initial consonant; other characters are case folded and kept."""
    letters = []
    for char in text.casefold():
        code = ord(char)
        inside = _SYLLABLE_FIRST <= code <= _SYLLABLE_LAST
        letters.append(_INITIALS[(code - _SYLLABLE_FIRST) // _PER_INITIAL] if inside else char)
    return "".join(letters)


def is_initials(text: str) -> bool:
    """Whether a search text holds an initial consonant, and therefore asks for a search by 초성."""
    return any(char in _INITIAL_SET for char in text)


def matches_name(needle: str, name: str, *, prefix: bool = False) -> bool:
    """Whether ``needle`` (a part of a name or its 초성) is in ``name``, ignoring case and spaces."""
    wanted = needle.casefold().replace(" ", "")
    plain = (initials(name) if is_initials(wanted) else name.casefold()).replace(" ", "")
    return plain.startswith(wanted) if prefix else wanted in plain

"""Damage done to frames: bytes flipped and cut, values, fields and entries changed, as lines and programs do it."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

from . import frame

ODD_TEXTS = (
    "", " ", "-", "--", "+", "--5", "0", "-0", "+0", "00000", "NaN", "inf", "1e5", "1_000", "0x10", "１２３", "٣", "888888",
    "999999", "240000", "-1", "9" * 18, "9" * 19, "9" * 400, "1.5", ".", "5.", "1,234", "12,34", "null", "N/A", "\u0000", "\ud7ff",
    "<b>", "005930", "+71300\n", "\t5",
)  # fmt: skip
ODD_VALUES: tuple[Any, ...] = (None, 0, -1, 1.5, True, [], {}, [[["x"]]], {"10": "1"}, 10**30)


def _text(chance: random.Random, text: str) -> str:
    """One typing error in a text."""
    if not text:
        return chance.choice(ODD_TEXTS)
    at = chance.randrange(len(text))
    match chance.randrange(6):
        case 0:
            return text[:at] + text[at + 1 :]
        case 1:
            return text[:at] + chance.choice("0123456789+-. ,_eE") + text[at:]
        case 2:
            return text[:at] + chance.choice("0123456789+-. x") + text[at + 1 :]
        case 3:
            return chance.choice(("-", "--", "+", " ", "")) + text.lstrip("+-")
        case 4:
            return text + "0" * chance.randint(1, 6)
        case _:
            return chance.choice(ODD_TEXTS)


def _value(chance: random.Random, entries: list[Any]) -> None:
    values = chance.choice(entries)["values"]
    fid = chance.choice(list(values))
    values[fid] = _text(chance, values[fid]) if chance.random() < 0.9 else copy.deepcopy(chance.choice(ODD_VALUES))


def _swap(chance: random.Random, entries: list[Any]) -> None:
    values = chance.choice(entries)["values"]
    one, other = chance.choice(list(values)), chance.choice(list(values))
    values[one], values[other] = values[other], values[one]


def _drop(chance: random.Random, entries: list[Any]) -> None:
    values = chance.choice(entries)["values"]
    del values[chance.choice(list(values))]


def _rename(chance: random.Random, entries: list[Any]) -> None:
    values = chance.choice(entries)["values"]
    fid = chance.choice(list(values))
    values[chance.choice((fid + "0", fid[:-1], "x", "", str(chance.randrange(10_000))))] = values.pop(fid)


def _head(chance: random.Random, entries: list[Any]) -> None:
    entry = chance.choice(entries)
    name = chance.choice(list(entry))
    if name != "values":
        entry[name] = _text(chance, entry[name]) if chance.random() < 0.8 else copy.deepcopy(chance.choice(ODD_VALUES))
    else:
        entry[name] = copy.deepcopy(chance.choice(ODD_VALUES))


def _lose_part(chance: random.Random, entries: list[Any]) -> None:
    entry = chance.choice(entries)
    del entry[chance.choice(list(entry))]


def _scale(chance: random.Random, entries: list[Any]) -> None:
    """A wrong unit."""
    values = chance.choice(entries)["values"]
    fid = chance.choice(list(values))
    values[fid] = values[fid] + chance.choice(("000", "000000", "00"))


_IN_ENTRIES: tuple[Callable[[random.Random, list[Any]], None], ...] = (
    _value, _value, _value, _swap, _drop, _rename, _head, _lose_part, _scale,
)  # fmt: skip


def mutated(chance: random.Random, entries: list[dict[str, Any]]) -> tuple[bytes, bool]:
    """Damage a frame of these entries.

    Returns
    -------
    tuple
        The frame, and whether only its bytes were touched (then nothing can be said about which fields are still good).
    """
    if chance.random() < 0.75:
        changed: list[Any] = copy.deepcopy(entries)
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            try:
                chance.choice(_IN_ENTRIES)(chance, changed)
            except (KeyError, AttributeError, TypeError, IndexError):
                continue  # what it wanted to damage is damaged already
        return frame(*changed), False
    raw = bytearray(frame(*entries))
    match chance.randrange(5):
        case 0:
            del raw[chance.randrange(len(raw)) :]
        case 1:
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        case 2:
            at = chance.randrange(len(raw))
            del raw[at : at + chance.randint(1, 40)]
        case 3:
            at = chance.randrange(len(raw))
            raw[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 8)))
        case _:
            at = chance.randrange(len(raw))
            raw += raw[at:]
    return bytes(raw), True

"""Seeded damage to JSON documents: what a broken server, a changed protocol or a bad line could make of a body or a frame.

:func:`mutate` returns a damaged copy and the places it touched, so that a test can demand that everything else still reads the
same. Damage is done to the decoded document, or to its bytes (:func:`damage_bytes`). The same seed does the same damage.
"""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Mutant", "damage_bytes", "mutants", "mutate", "mutations_wanted"]

Path = tuple[str | int, ...]
"""Keys and indices from the root to a value."""

HOSTILE_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 1.5, -0.0, 1e308, 2**63, -(2**63), 10**40, "", " ", "   ", "-", "--", "+", "+-5", "---5", "0", "-0",
    "+0", "--0", "00000000", "99999999", "20261332", "20250230", "99991231", "888888", "246060", "20251105888888", "1e9", "0x10",
    "1_000", "71,300", "7,13,00", "NaN", "nan", "Infinity", "-inf", "null", "１２３", "٣٤٥", "½", "1 2", "12 ", " 12", "\t12", "12\n",
    "9" * 18, "9" * 19, "9" * 40, "-" + "9" * 25, "0" * 31 + "7", "3.14", "3.", ".5", "3.14.15", "삼성전자", "\u200b5", "\ud7ff", "\x00",
    "A005930", "005930_NX", "005930_AL", "005930_XX", "5930", "OIU000", [], {}, [[]], [{}], ["5"], {"5": "5"}, "x" * 5_000,
)  # fmt: skip
"""Values that came or could come where a number, a date or a code is expected."""
FACTORS = (10, 100, 1_000, 10_000, 1_000_000)
"""Wrong units."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A damaged document."""

    document: Any
    touched: tuple[Path, ...]
    """Places of the damaged document that were changed, with everything below them."""
    moved: bool
    """Whether rows were added, taken away or put elsewhere, so that indices mean other rows."""
    kinds: tuple[str, ...]
    """Names of the damage, in order."""

    def touches(self, path: Path) -> bool:
        """Whether the value at a path, or something above it, was changed."""
        return any(path[: len(place)] == place for place in self.touched)


def mutations_wanted(ordinary: int) -> int:
    """Return how many mutations a test shall try: ``RALPHSTOCK_MUTATIONS`` where it is set, else its ordinary number."""
    return int(os.environ.get("RALPHSTOCK_MUTATIONS", ordinary))


def mutants(documents: list[Any], count: int, seed: int) -> Iterator[tuple[int, int, Mutant]]:
    """Yield ``count`` damaged copies in turn over the documents, with the index of the document and the seed of the damage."""
    for number in range(count):
        index = number % len(documents)
        own_seed = seed * 1_000_003 + number
        yield index, own_seed, mutate(documents[index], random.Random(own_seed))


def _paths(value: Any, path: Path = ()) -> Iterator[Path]:
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _paths(inner, (*path, index))


def _at(document: Any, path: Path) -> Any:
    for key in path:
        document = document[key]
    return document


def _pick(document: Any, rng: random.Random, wanted: Callable[[Any], bool]) -> Path | None:
    """Pick a place whose value is wanted; a walk from the root, so that long lists are not favoured over heads."""
    for _ in range(20):
        path: Path = ()
        value = document
        while isinstance(value, dict | list) and value and not (path and wanted(value) and rng.random() < 0.3):
            key = rng.choice(list(value)) if isinstance(value, dict) else rng.randrange(len(value))
            path, value = (*path, key), value[key]
        if path and wanted(value):
            return path
    return None


def _put(document: Any, path: Path, value: Any) -> None:
    _at(document, path[:-1])[path[-1]] = value


def _is_leaf(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _is_number_text(value: Any) -> bool:
    return isinstance(value, str) and value.lstrip("+- ").replace(".", "", 1).isdigit()


Damage = Callable[[Any, random.Random], tuple[list[Path], bool] | None]


def _replace(document: Any, rng: random.Random) -> tuple[list[Path], bool] | None:
    path = _pick(document, rng, _is_leaf)
    if path is None:
        return None
    _put(document, path, copy.deepcopy(rng.choice(HOSTILE_VALUES)))
    return [path], False


def _drop_field(document: Any, rng: random.Random) -> tuple[list[Path], bool] | None:
    path = _pick(document, rng, lambda value: True)
    if path is None or isinstance(path[-1], int):
        return None
    del _at(document, path[:-1])[path[-1]]
    return [path], False


def _rename_field(document: Any, rng: random.Random) -> tuple[list[Path], bool] | None:
    path = _pick(document, rng, lambda value: True)
    if path is None or isinstance(path[-1], int):
        return None
    parent = _at(document, path[:-1])
    name = rng.choice([path[-1].upper(), path[-1] + "_new", path[-1][1:], "", "필드", " " + path[-1], path[-1] * 20])
    parent[name] = parent.pop(path[-1])
    return [path, (*path[:-1], name)], False


def _swap_fields(document: Any, rng: random.Random) -> tuple[list[Path], bool] | None:
    """Exchange two values of an object: shifted columns."""
    path = _pick(document, rng, lambda value: isinstance(value, dict) and len(value) > 1)
    if path is None:
        return None
    parent = _at(document, path)
    one, other = rng.sample(list(parent), 2)
    parent[one], parent[other] = parent[other], parent[one]
    return [(*path, one), (*path, other)], False


def _add_field(document: Any, rng: random.Random) -> tuple[list[Path], bool] | None:
    path = _pick(document, rng, lambda value: isinstance(value, dict))
    name = rng.choice(["new_field", "pipe1", "kind", "stex_tp", "9999", "새항목", "acnt_no", "token", "x" * 300, ""])
    place = path or ()
    parent = _at(document, place)
    if not isinstance(parent, dict):
        return None
    parent[name] = copy.deepcopy(rng.choice(HOSTILE_VALUES))
    return [(*place, name)], False


def _scale(document: Any, rng: random.Random) -> tuple[list[Path], bool] | None:
    """Multiply a number: a wrong unit."""
    path = _pick(document, rng, _is_number_text)
    if path is None:
        return None
    text = _at(document, path)
    _put(document, path, text.replace(".", "") + "0" * (len(str(rng.choice(FACTORS))) - 1))
    return [path], False


def _scale_column(document: Any, rng: random.Random) -> tuple[list[Path], bool] | None:
    """Multiply one field of all rows."""
    path = _pick(document, rng, _is_number_text)
    if path is None or len(path) < 2 or not isinstance(path[-2], int):
        return None
    zeros = "0" * (len(str(rng.choice(FACTORS))) - 1)
    touched = []
    for index, row in enumerate(_at(document, path[:-2])):
        if isinstance(row, dict) and _is_number_text(row.get(path[-1])):
            row[path[-1]] = row[path[-1]].replace(".", "") + zeros
            touched.append((*path[:-2], index, path[-1]))
    return touched, False


def _damage_text(document: Any, rng: random.Random) -> tuple[list[Path], bool] | None:
    path = _pick(document, rng, lambda value: isinstance(value, str) and value != "")
    if path is None:
        return None
    text = _at(document, path)
    at = rng.randrange(len(text))
    letter = rng.choice("0123456789+-., _AQJ가\u200b\x00é")
    _put(document, path, rng.choice([text[:at], text[at:], text[:at] + letter + text[at:], text[:at] + letter + text[at + 1 :],
                                     text[::-1], text * 2, text.upper(), f" {text} ", f"-{text}", f"--{text}"]))  # fmt: skip
    return [path], False


def _wrap(document: Any, rng: random.Random) -> tuple[list[Path], bool] | None:
    """Put a value one level deeper, or take a level away."""
    path = _pick(document, rng, lambda value: True)
    if path is None:
        return None
    value = _at(document, path)
    deeper: list[Any] = [[value], {"value": value}, [value, value], json.dumps(value, ensure_ascii=False)]
    if isinstance(value, list) and value:
        deeper.append(value[0])
    _put(document, path, rng.choice(deeper))
    return [path], isinstance(value, list)


def _drop_row(document: Any, rng: random.Random) -> tuple[list[Path], bool] | None:
    path = _pick(document, rng, lambda value: isinstance(value, list) and len(value) > 0)
    if path is None:
        return None
    rows = _at(document, path)
    del rows[rng.randrange(len(rows))]
    return [], True


def _repeat_row(document: Any, rng: random.Random) -> tuple[list[Path], bool] | None:
    path = _pick(document, rng, lambda value: isinstance(value, list) and len(value) > 0)
    if path is None:
        return None
    rows = _at(document, path)
    index = rng.randrange(len(rows))
    rows.insert(rng.choice([index, len(rows), 0]), copy.deepcopy(rows[index]))
    return [], True


def _reorder_rows(document: Any, rng: random.Random) -> tuple[list[Path], bool] | None:
    path = _pick(document, rng, lambda value: isinstance(value, list) and len(value) > 1)
    if path is None:
        return None
    rows = _at(document, path)
    if rng.random() < 0.5:
        rows.reverse()
    else:
        rng.shuffle(rows)
    return [], True


def _odd_row(document: Any, rng: random.Random) -> tuple[list[Path], bool] | None:
    """Put something that is no row, or a row of blanks, among the rows."""
    path = _pick(document, rng, lambda value: isinstance(value, list))
    if path is None:
        return None
    rows = _at(document, path)
    like = rows[0] if rows and isinstance(rows[0], dict) else {}
    index = rng.randrange(len(rows) + 1)
    rows.insert(
        index, rng.choice([None, "", 5, [], {}, dict.fromkeys(like, ""), dict.fromkeys(like), dict.fromkeys(like, "0")])
    )
    return [(*path, index)], True


def _empty_list(document: Any, rng: random.Random) -> tuple[list[Path], bool] | None:
    path = _pick(document, rng, lambda value: isinstance(value, list))
    if path is None:
        return None
    _put(document, path, rng.choice([[], None, {}, "", [{}], [[]]]))
    return [path], True


def _reorder_keys(document: Any, rng: random.Random) -> tuple[list[Path], bool] | None:
    """Change the order of an object's fields, which means nothing."""
    path = _pick(document, rng, lambda value: isinstance(value, dict) and len(value) > 1) or ()
    parent = _at(document, path)
    if not isinstance(parent, dict):
        return None
    items = list(parent.items())
    rng.shuffle(items)
    parent.clear()
    parent.update(items)
    return [], False


DAMAGE: dict[str, tuple[Damage, int]] = {
    "replace": (_replace, 8),
    "damage text": (_damage_text, 6),
    "drop field": (_drop_field, 3),
    "rename field": (_rename_field, 3),
    "swap fields": (_swap_fields, 3),
    "add field": (_add_field, 2),
    "scale": (_scale, 3),
    "scale column": (_scale_column, 2),
    "wrap": (_wrap, 2),
    "drop row": (_drop_row, 1),
    "repeat row": (_repeat_row, 1),
    "reorder rows": (_reorder_rows, 1),
    "odd row": (_odd_row, 2),
    "empty list": (_empty_list, 1),
    "reorder keys": (_reorder_keys, 1),
}
"""Kind of damage to what does it and how often, relative to the others."""


def mutate(document: Any, rng: random.Random, *, most: int = 3) -> Mutant:
    """Return a copy with one to ``most`` kinds of damage done to it."""
    copied = copy.deepcopy(document)
    touched: list[Path] = []
    kinds: list[str] = []
    moved = False
    names = list(DAMAGE)
    weights = [weight for _, weight in DAMAGE.values()]
    for _ in range(rng.randint(1, most)):
        name = rng.choices(names, weights)[0]
        done = DAMAGE[name][0](copied, rng)
        if done is None:
            continue
        touched += done[0]
        moved |= done[1]
        kinds.append(name)
    return Mutant(copied, tuple(touched), moved, tuple(kinds))


def damage_bytes(content: bytes, rng: random.Random) -> bytes:
    """Damage the bytes of a document: cut, doubled, flipped, with foreign bytes."""
    if not content:
        return b"\x00"
    at = rng.randrange(len(content))
    other = rng.randrange(len(content))
    return rng.choice(
        [
            content[:at],
            content[at:],
            content[:at] + content[other:],
            content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :],
            content[:at] + bytes(rng.randrange(256) for _ in range(rng.randint(1, 8))) + content[at:],
            content + content,
            content + b"\x00" * 4,
            b"\xef\xbb\xbf" + content,
            content.decode("utf-8", "replace").encode("cp949", "replace"),
            content.decode("utf-8", "replace").encode("utf-16"),
            b"<html><body>" + content[:50] + b"</body></html>",
            b"[" * rng.randint(1, 5_000) + content,
            b"",
        ]
    )

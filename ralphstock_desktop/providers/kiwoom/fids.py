"""Which numbered fields (FIDs) the real-time types carry, and the typed shape of the ones that are read.

A struct names the fields we use; the rest of what is known is only listed, so that a field nobody knows is noticed at the
first frame that carries it, at no cost for the others: the decoder refuses unknown names, and only then is the entry read the
slow way and the new field learnt. Structs and lists together are the broker's field tables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

__all__ = [
    "PRIVATE_TYPES",
    "READ_TYPES",
    "BestValues",
    "BookValues",
    "BreadthValues",
    "ConditionValues",
    "ExpectedValues",
    "IndexValues",
    "PhaseValues",
    "ProgramValues",
    "TradeValues",
    "TypeReader",
    "ViValues",
    "readers",
]

_NUMBER_NAMES = {
    "time": "20", "price": "10", "change": "11", "rate": "12", "ask": "27", "bid": "28", "quantity": "15", "volume": "13",
    "value": "14", "open": "16", "high": "17", "low": "18", "volume_change": "26", "volume_ratio": "30",
    "strength": "228", "phase": "290", "sold": "1030", "bought": "1031", "average": "620", "venue": "9081",
}  # fmt: skip


class TradeValues(Struct, rename=_NUMBER_NAMES, gc=False):
    """0B and 0A."""

    time: str = ""
    price: str = ""
    change: str = ""
    rate: str = ""
    ask: str = ""
    bid: str = ""
    quantity: str = ""
    volume: str = ""
    value: str = ""
    open: str = ""
    high: str = ""
    low: str = ""
    volume_change: str = ""
    volume_ratio: str = ""
    strength: str = ""
    phase: str = ""
    sold: str = ""
    bought: str = ""
    average: str = ""
    venue: str = ""


class BestValues(Struct, rename={"ask": "27", "bid": "28"}, gc=False):
    """0C."""

    ask: str = ""
    bid: str = ""


_LEVELS: Final = tuple(str(first + level) for level in range(10) for first in (41, 61, 51, 71))
"""Ask price, ask size, bid price, bid size of each level: 61-70 are asks."""
_BOOK_FIELDS: Final[list[tuple[str, Any, Any]]] = [
    ("time", str, ""),
    *((f"f{fid}", str, "") for fid in _LEVELS),
    ("total_ask", str, ""),
    ("total_bid", str, ""),
    ("match", str, ""),
    ("match_size", str, ""),
    ("auction", str, ""),
    ("auction_size", str, ""),
]
BookValues: Final = msgspec.defstruct(
    "BookValues",
    _BOOK_FIELDS,
    rename={
        "time": "21", "total_ask": "121", "total_bid": "125", "match": "23", "match_size": "24", "auction": "291",
        "auction_size": "292", **{f"f{fid}": fid for fid in _LEVELS},
    },
    gc=False,
)  # fmt: skip
"""0D as one flat row: time, four texts per level, totals, expected match as 23/24 and as 291/292."""


class ExpectedValues(Struct, rename={"time": "20", "price": "10", "quantity": "15"}, gc=False):
    """0H."""

    time: str = ""
    price: str = ""
    quantity: str = ""


class IndexValues(Struct, rename=_NUMBER_NAMES, gc=False):
    """0J; levels are decimals, the volume is in thousands."""

    time: str = ""
    price: str = ""
    change: str = ""
    rate: str = ""
    volume: str = ""
    value: str = ""
    open: str = ""
    high: str = ""
    low: str = ""


_BREADTH_NAMES = {"time": "20", "upper": "251", "up": "252", "unchanged": "253", "lower": "254", "down": "255"}


class BreadthValues(Struct, rename=_BREADTH_NAMES, gc=False):
    """0U; 254 is limit-down and 255 is down."""

    time: str = ""
    upper: str = ""
    up: str = ""
    unchanged: str = ""
    lower: str = ""
    down: str = ""


class PhaseValues(Struct, rename={"code": "215", "time": "20", "left": "214"}, gc=False):
    """0s."""

    code: str = ""
    time: str = ""
    left: str = ""


_PROGRAM_NAMES = {
    "time": "20", "sell": "202", "sell_value": "204", "buy": "206", "buy_value": "208", "net": "210", "net_value": "212",
}  # fmt: skip


class ProgramValues(Struct, rename=_PROGRAM_NAMES, gc=False):
    """0w; amounts in million won."""

    time: str = ""
    sell: str = ""
    sell_value: str = ""
    buy: str = ""
    buy_value: str = ""
    net: str = ""
    net_value: str = ""


_VI_NAMES = {
    "code": "9001", "kind": "9068", "side": "9069", "price": "1221", "triggered": "1223", "released": "1224",
    "static_base": "1236", "dynamic_base": "1237", "count": "1490",
}  # fmt: skip


class ViValues(Struct, rename=_VI_NAMES, gc=False):
    """1h."""

    code: str = ""
    kind: str = ""
    side: str = ""
    price: str = ""
    triggered: str = ""
    released: str = ""
    static_base: str = ""
    dynamic_base: str = ""
    count: str = ""


class ConditionValues(Struct, rename={"sequence": "841", "code": "9001", "move": "843", "time": "20"}, gc=False):
    """02."""

    sequence: str = ""
    code: str = ""
    move: str = ""
    time: str = ""


class _Unread(Struct, gc=False):
    """A type that is known and counted, but not read."""


def _span(first: int, last: int) -> list[str]:
    return [str(fid) for fid in range(first, last + 1)]


_TRADE_REST = "25 29 31 32 311 691 567 568 851 1890 1891 1892 1032 1071 1072 1313 1315 1316 1314 1497 1498 732 852"
READ_TYPES: Final[dict[str, tuple[type[Struct], Sequence[str]]]] = {
    "0A": (TradeValues, _TRADE_REST.split()),
    "0B": (TradeValues, _TRADE_REST.split()),
    "0C": (BestValues, []),
    "0D": (BookValues, [
        *_span(81, 100), "122", "126", "128", "129", "138", "139", "200", "201", "238", "293", "294", "295", *_span(621, 640),
        "13", "299", "215", "216", *_span(6044, 6087), *_span(6100, 6115),
    ]),
    "0H": (ExpectedValues, ["11", "12", "13", "25"]),
    "0J": (IndexValues, ["15", "25", "26"]),
    "0U": (BreadthValues, ["10", "11", "12", "13", "14", "25", "256", "257"]),
    "0s": (PhaseValues, []),
    "0w": (ProgramValues, ["10", "25", "11", "12", "13", "211", "213", "214", "215", "216"]),
    "1h": (ViValues, ["302", "13", "14", "9008", "9075", "1225", "1238", "1239", "1489", "1279"]),
    "02": (ConditionValues, ["907"]),
}  # fmt: skip
"""Types that become facts: shape of the fields read, and the other fields known."""

_COUNTED: Final[dict[str, Sequence[str]]] = {
    "00": [
        *"9201 9203 9205 9001 912 913 302".split(), *_span(900, 911), "10", "27", "28", "914", "915", "938", "939",
        *_span(919, 923), "10010", "2134", "2135", "2136",
    ],
    "04": "9201 9001 917 916 302 10 930 931 932 933 945 946 950 951 27 28 307 8019 957 958 918 990 991 992 993 959 924".split(),
    "0E": ["21", "131", "132", "135", "136"],
    "0F": [*_span(141, 180), *_span(271, 275), *_span(281, 285), "261", "262", "263", "264", "267", "268", "337"],
    "0G": "36 37 38 39 20 10 11 12 13 25 265 266 667 668 669".split(),
    "0I": ["10", "25", "11", "12"],
    "0g": "297 592 593 305 306 307 689 594 382 370".split(),
    "0m": ["20", "10", *_span(670, 676), "706"],
    "0u": ["20", "666", "1211", "667", "668", "669"],
}  # fmt: skip
"""Types that are known and counted only."""

PRIVATE_TYPES: Final = frozenset({"00", "04"})
"""Types about the user's own account: never kept as samples."""

_MOST_LEARNT = 64
"""Fields a type may learn; beyond that, entries with further ones are read the slow way."""


class TypeReader:
    """Decodes the values of one type and learns the fields it did not know.

    Parameters
    ----------
    shape : type
        Struct of the fields that are read; ``rename`` maps its names to FIDs.
    known : sequence of str
        Other FIDs of the type.
    """

    def __init__(self, shape: type[Struct], known: Sequence[str]) -> None:
        self._shape = shape
        self._read = frozenset(shape.__struct_encode_fields__)
        self._extra = list(known)
        self._room = _MOST_LEARNT
        self.decode: Callable[[Raw], Any] = self._build()
        """Decodes the ``values`` object of an ordinary entry; raises ``msgspec.ValidationError`` on fields it does not know."""

    def _build(self) -> Callable[[Raw], Any]:
        # The numbers of fields we do not read still have to be named, otherwise they would count as unknown. All values are
        # text; ``Any`` here keeps a surprise in an unused field from spoiling the entry.
        shape = msgspec.defstruct(
            self._shape.__name__,
            [(f"x{fid}", Any, None) for fid in self._extra],
            bases=(self._shape,),
            rename={f"x{fid}": fid for fid in self._extra},
            forbid_unknown_fields=True,
            gc=False,
        )
        return msgspec.json.Decoder(shape).decode

    def read(self, values: Raw) -> tuple[Any, list[str]]:
        """Decode the ``values`` object of an entry that :attr:`decode` does not take.

        Returns
        -------
        tuple
            The struct, and FIDs seen for the first time.

        Raises
        ------
        msgspec.DecodeError
            If it is no object of texts (``null`` counts as blank, a number as its digits), or damaged.
        """
        found = msgspec.json.decode(values, type=dict[str, Any])
        new = [fid for fid in found if fid not in self._read and fid not in self._extra]
        learnt = [fid for fid in new if _is_fid(fid)][: self._room]
        if learnt:
            self._room -= len(learnt)
            self._extra.extend(learnt)
            self.decode = self._build()
        texts = {fid: _text_of(found[fid]) for fid in self._read if fid in found}
        return msgspec.convert(texts, self._shape), new


def _text_of(value: object) -> object:
    """Write a number as the broker's texts do; anything else but ``null`` stays what it is, and is refused."""
    if value is None:
        return ""
    return repr(value) if type(value) in (int, float) else value


def _is_fid(name: str) -> bool:
    """Only numbers become part of the struct; other names are reported each time."""
    return name.isascii() and name.isdigit() and len(name) <= 6


def readers() -> dict[str, TypeReader]:
    """Make the readers of all known types, by type code."""
    made = {code: TypeReader(shape, known) for code, (shape, known) in READ_TYPES.items()}
    made.update((code, TypeReader(_Unread, known)) for code, known in _COUNTED.items())
    return made

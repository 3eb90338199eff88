"""What a request of the broker is made of: its typed form with checks before sending, and its entry in the catalogue."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto
from typing import Any, Final, Generic, Literal, TypeVar

from engine.model.errors import ValidationFailed
from ralphstock_desktop.providers.kiwoom.records_wire import Measure

__all__ = [
    "ANY_NAME",
    "INDEX_CODE",
    "ORDER_NUMBER",
    "SKIP_FLAGS",
    "TICKER",
    "VENUES",
    "Order",
    "Request",
    "Tr",
    "VenueName",
    "choice",
    "choices",
    "measure_of",
    "on_day",
    "pattern",
    "ticker",
    "tickers",
    "whole",
    "wrong_request",
]

VenueName = Literal["KRX", "NXT", "combined"]
VENUES: Final[dict[Any, str]] = {"KRX": "1", "NXT": "2", "combined": "3"}
"""``stex_tp`` of market data."""

TICKER: Final = re.compile(r"[0-9A-Z]{6}(?:_NX|_AL)?")
PLAIN_TICKER: Final = re.compile(r"[0-9A-Z]{6}")
INDEX_CODE: Final = re.compile(r"[0-9]{3}")
SKIP_FLAGS: Final = re.compile(r"[01]{9}")
ORDER_NUMBER: Final = re.compile(r"[0-9]{7}")
ANY_NAME: Final = re.compile(r"[^\x00-\x1f]{1,40}")


class Order(Enum):
    """Order of an answer's rows."""

    NEWEST_FIRST = auto()
    ASCENDING = auto()
    RANKED = auto()
    """As ranked, or without meaning; kept as received."""


@dataclass(frozen=True, slots=True)
class Param:
    """One field of a request body."""

    wire: str
    kind: Literal["choice", "choices", "ticker", "tickers", "day", "pattern", "whole"]
    codes: Mapping[Any, str] = dataclasses.field(default_factory=dict)
    pattern: re.Pattern[str] | None = None
    least: int = 0
    most: int = 0
    is_optional: bool = False
    is_omitted: bool = False
    """Left out of the body when blank, instead of being sent as a blank."""
    right: str = ""


_NEEDED: Final = object()


def _declare(param: Param, default: object) -> Any:
    metadata = {"param": param}
    if default is _NEEDED:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def choice(wire: str, codes: Mapping[Any, str], default: object = _NEEDED) -> Any:
    """One of some named values, each with its code."""
    return _declare(Param(wire, "choice", codes), default)


def choices(wire: str, codes: str, default: object = _NEEDED) -> Any:
    """One of the broker's own codes, for filters nobody would name better; given as text parted by blanks."""
    return _declare(Param(wire, "choices", {code: code for code in codes.split()}), default)


def ticker(wire: str, *, plain: bool = False, default: object = _NEEDED) -> Any:
    """Stock code; with a venue suffix where the request takes one. ``default=""`` makes it optional."""
    pattern_ = PLAIN_TICKER if plain else TICKER
    right = "a stock code of six characters" + ("" if plain else ", with _NX or _AL for another venue")
    return _declare(Param(wire, "ticker", pattern=pattern_, is_optional=default == "", right=right), default)


def tickers(wire: str, most: int) -> Any:
    """Several stock codes, at most so many."""
    right = f"1 to {most} different stock codes"
    return _declare(Param(wire, "tickers", pattern=TICKER, most=most, right=right), _NEEDED)


def on_day(wire: str, default: object = _NEEDED, *, omitted: bool = False) -> Any:
    """Date; ``default=None`` makes it optional, sent as a blank or ``omitted``."""
    return _declare(Param(wire, "day", is_optional=default is None, is_omitted=omitted, right="a date"), default)


def pattern(wire: str, form: re.Pattern[str], right: str, default: object = _NEEDED) -> Any:
    """Text of a form. ``default=""`` makes it optional."""
    return _declare(Param(wire, "pattern", pattern=form, is_optional=default == "", right=right), default)


def whole(wire: str, least: int, most: int, default: object = _NEEDED) -> Any:
    """Whole number within bounds; ``default=None`` makes it optional, sent as a blank."""
    right = f"a whole number from {least} to {most}"
    return _declare(Param(wire, "whole", least=least, most=most, is_optional=default is None, right=right), default)


def wrong_request(api_id: str, field: str, value: object, right: str) -> ValidationFailed:
    """Build the error of a request that must not be sent."""
    shown = repr(value)[:60]
    return ValidationFailed(
        f"{api_id}: {field} is {shown}, but must be {right}",
        key="error.kiwoom.request_field",
        api_id=api_id,
        field=field,
        value=shown,
        right=right,
    )


def _code_of(api_id: str, name: str, param: Param, value: Any) -> str:
    if param.is_optional and (value is None or value == ""):
        return ""
    if param.kind in ("choice", "choices"):
        if not isinstance(value, Hashable) or value not in param.codes:
            names = ", ".join(str(getattr(code, "name", code)) for code in param.codes)
            raise wrong_request(api_id, name, value, f"one of {names}")
        return param.codes[value]
    if param.kind == "day":
        if not isinstance(value, date):
            raise wrong_request(api_id, name, value, param.right)
        return f"{value:%Y%m%d}"
    if param.kind == "whole":
        if not isinstance(value, int) or isinstance(value, bool) or not param.least <= value <= param.most:
            raise wrong_request(api_id, name, value, param.right)
        return str(value)
    matches = param.pattern.fullmatch if param.pattern else re.compile("").fullmatch
    if param.kind == "tickers":
        codes = list(value) if isinstance(value, tuple | list) else []
        is_right = 0 < len(codes) <= param.most and len(set(codes)) == len(codes)
        if not is_right or not all(isinstance(code, str) and matches(code) for code in codes):
            raise wrong_request(api_id, name, value, param.right)
        return "|".join(codes)
    if not isinstance(value, str) or not matches(value):
        raise wrong_request(api_id, name, value, param.right)
    return value


@dataclass(frozen=True, slots=True)
class Request:
    """Base of typed requests; each field declares its wire name and what it may hold."""

    def check(self, api_id: str) -> None:
        """Raise ValidationFailed where fields contradict each other."""

    def codes(self) -> dict[str, str]:
        """Return codes that depend on several fields, by wire name; they replace those of the fields."""
        return {}


def measure_of(request: Request | None) -> Measure:
    """Return what the columns of the answer to a request are counted in."""
    measure = getattr(request, "measure", Measure.WON)
    if measure is Measure.SHARES and getattr(request, "unit", "shares") == "thousand shares":
        return Measure.THOUSAND_SHARES
    return measure if isinstance(measure, Measure) else Measure.WON


Q = TypeVar("Q", bound=Request)
H = TypeVar("H")
R = TypeVar("R")


@dataclass(frozen=True)
class Tr(Generic[Q, H, R]):
    """One request of the broker as the catalogue knows it.

    Attributes
    ----------
    list_key : str
        Name of the list in the answer; empty for a flat answer.
    head : type or None
        Record of the fields beside the list, or of the whole flat answer.
    row : type or None
        Record of one row.
    order : Order
        Order in which the broker sends the rows; records come out ascending unless ranked.
    ordered_by : str
        Our name of the field the rows are ordered by.
    unique : tuple of str
        Our names of the fields that tell rows apart; the same row on two pages is one. Empty where equal rows are different.
    page_rows : int or None
        Rows a full page holds, where known.
    paged : bool
        Whether ``cont-yn`` may ask for more.
    sometimes : frozenset of str
        Wire names of a row that are not always there.
    is_short : bool
        The record leaves out columns on purpose: further ones are not reported as unknown.
    is_private : bool
        The answer holds account data: no sample of it is kept.
    retired_on : date or None
        The vendor deleted it that day.
    notes : tuple of str
        Where the official example or table is wrong, and other traps.
    """

    api_id: str
    title: str
    path: str
    request: type[Q]
    list_key: str = ""
    head: type[H] | None = None
    row: type[R] | None = None
    order: Order = Order.RANKED
    ordered_by: str = ""
    unique: tuple[str, ...] = ()
    page_rows: int | None = None
    paged: bool = False
    sometimes: frozenset[str] = frozenset()
    is_short: bool = False
    is_private: bool = False
    retired_on: date | None = None
    notes: tuple[str, ...] = ()

    def body(self, request: Q) -> dict[str, str]:
        """Return the body of a request, checked.

        Raises
        ------
        ValidationFailed
            If a field holds what the broker would refuse, or silently answer with something else.
        """
        if not isinstance(request, self.request):
            raise wrong_request(self.api_id, "request", type(request).__name__, self.request.__name__)
        request.check(self.api_id)
        found = {}
        for item in dataclasses.fields(request):
            param: Param = item.metadata["param"]
            code = _code_of(self.api_id, item.name, param, getattr(request, item.name))
            if code or not param.is_omitted:
                found[param.wire] = code
        return {**found, **request.codes()}

"""What is found in a text: something its reader reads as a number."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

__all__ = ["Kind", "Token", "opaque"]

Kind = Literal["number", "fraction", "date", "time", "code", "label", "opaque", "script"]


@dataclass(frozen=True, slots=True)
class Token:
    """Something a reader reads as a number.

    Attributes
    ----------
    start, end : int
        Place in the text given (unit and sign included).
    text : str
        Plain form of that run.
    value : Decimal | None
        Magnitude, multipliers applied; None where it has none (dates, labels, unclear runs).
    step : Decimal
        Worth of the last digit shown (100 for ``3만 2백원``).
    unit : str
        ``won``, ``%``, ``%p``, ``×``, ``shares``, ``points``, ``rank``, ``count``, ``days``, ``bars``, ``period``, ``bp``,
        ``foreign``, ``amount`` (억, 조 without 원), ``bulk`` (만, K, M, B, T without unit), or empty.
    sign : int
        As written: −1, +1, or 0 without a sign.
    floor : bool
        "7만원대": the digits shown are a class, not a rounding.
    strict : bool
        In words or with an exponent: rounding may not move it by more than a hundredth ("a hundred" never stands for 97).
    year, month, day, hour, minute : int | None
        Of dates and times; ``hour`` may also be ``hour + 12`` where ``half_day`` is false.
    parts : tuple of Token
        Numerator and denominator of a fraction.
    other : Token | None
        A second reading (``02-06`` as a range, ``005930`` as an amount).
    """

    start: int
    end: int
    text: str
    kind: Kind
    value: Decimal | None = None
    step: Decimal = Decimal(1)
    unit: str = ""
    sign: int = 0
    floor: bool = False
    strict: bool = False
    year: int | None = None
    month: int | None = None
    day: int | None = None
    hour: int | None = None
    minute: int | None = None
    half_day: bool = True
    parts: tuple[Token, ...] = ()
    other: Token | None = None


def opaque(text: str, start: int, end: int, kind: Kind = "opaque") -> Token:
    """A run that has no clear value: no fact can found it."""
    return Token(start, end, text[start:end], kind)

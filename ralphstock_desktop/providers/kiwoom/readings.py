"""Texts read to numbers that can be: the caches and bounds behind the facts of the stream.

A text that comes again is read once; the caches are bounded. Whatever is no number raises
:class:`~engine.model.errors.ProtocolChanged` in :mod:`.wire`; what is one but cannot be true raises :class:`Implausible` here.
"""

from __future__ import annotations

from typing import Final

from engine.model.errors import ProtocolChanged
from engine.model.live import MISSING
from ralphstock_desktop.providers.kiwoom import wire

__all__ = ["MOST_SCALED", "MOST_SHARES", "Decimals", "Implausible", "Prices", "WholeNumbers", "read_count", "read_scaled"]

MOST_KRW: Final = 100_000_000
"""No share costs more."""
MOST_SHARES: Final = 10**13
MOST_SCALED: Final = 10**18
"""Fits into 64 bits, and is more than all money."""
_KEPT_TEXTS: Final = 1 << 16


class Implausible(ProtocolChanged):
    """An entry that cannot be true. ``reason`` is a word of ``health.note.frame_<reason>``, ``field`` the FID it is seen at."""

    def __init__(self, reason: str, field: str, value: object = "") -> None:
        super().__init__(
            f"Field {field} holds {str(value)[:40]!r}: refused ({reason})",
            provider=wire.PROVIDER,
            retryable=False,
            key="error.kiwoom_stream.implausible",
            reason=reason,
            field=field,
            value=str(value)[:40],
        )
        self.reason = reason
        self.field = field


class Prices(dict[str, int]):
    """Prices by their text: won without sign, ``MISSING`` for a blank."""

    def __missing__(self, text: str) -> int:
        won = wire.price(text)
        if won > MOST_KRW:
            raise Implausible("range", "?", text)
        if len(self) >= _KEPT_TEXTS:
            self.clear()
        self[text] = won
        return won


class WholeNumbers(dict[str, int]):
    """Signed whole numbers by their text."""

    def __missing__(self, text: str) -> int:
        number = wire.signed(text)
        if number != MISSING and not -MOST_SHARES < number < MOST_SHARES:
            raise Implausible("range", "?", text)
        if len(self) >= _KEPT_TEXTS:
            self.clear()
        self[text] = number
        return number


class Decimals(dict[str, float]):
    """Signed decimals by their text."""

    def __missing__(self, text: str) -> float:
        number = wire.decimal(text)
        if len(self) >= _KEPT_TEXTS:
            self.clear()
        self[text] = number
        return number


def read_count(text: str, field: str) -> int:
    """Read a running total: not negative, ``MISSING`` for a blank."""
    number = wire.signed(text, field)
    if number < 0:
        if number == MISSING:
            return MISSING
        raise Implausible("negative", field, text)
    if number > MOST_SHARES:
        raise Implausible("range", field, text)
    return number


def read_scaled(text: str, field: str, factor: int) -> int:
    """Read a running total in thousands or millions, and return it in ones; as :func:`read_count`."""
    number = read_count(text, field)
    if number == MISSING:
        return MISSING
    if number > MOST_SCALED // factor:
        raise Implausible("range", field, text)
    return number * factor

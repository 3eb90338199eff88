"""Daily price limits (가격제한폭) by date (domain.md §1.7).

With base price B: ``width = B × rate`` cut down to a multiple of ``tick(B)``; ``upper = B + width`` cut down to a multiple of
``tick(upper)``; ``lower = B − width`` likewise. Everything in whole won, so the arithmetic is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from engine.calendar.ticks import Days, Numbers, floor_tick, tick_size
from engine.model.errors import DataUnavailable, ValidationFailed
from engine.model.instruments import Market, SecurityType
from engine.model.panel import FloatArray

__all__ = [
    "IPO_FULL_RANGE_SINCE",
    "PriceLimits",
    "ipo_first_day_limits",
    "is_lower_limit",
    "is_upper_limit",
    "limit_rate_pct",
    "lower_limits",
    "price_limits",
    "upper_limits",
]

_WIDE_SINCE = date(2015, 6, 15)
_NARROW_SINCE = date(2005, 3, 28)
"""KOSDAQ had 12 % before; KOSPI 15 % since 1998. Older days are not in any data set this program reads."""
_WIDE_PCT, _NARROW_PCT, _KONEX_PCT = 30, 15, 15

IPO_FULL_RANGE_SINCE = date(2023, 6, 26)
"""Since this day a new listing trades between 60 % and 400 % of its offer price on its first day."""
_IPO_LOW_PCT, _IPO_HIGH_PCT = 60, 400


@dataclass(frozen=True, slots=True)
class PriceLimits:
    """Highest and lowest price of a day in won."""

    upper: int
    lower: int


def limit_rate_pct(market: int, on: date) -> int:
    """Return the daily limit in percent of the base price.

    Raises
    ------
    DataUnavailable
        For days before 2005-03-28, whose limits differed by market and are not kept here.
    """
    if on < _NARROW_SINCE:
        raise DataUnavailable(
            f"The price limits of {on} are not known; they are kept from {_NARROW_SINCE}.",
            key="error.limit_day",
            day=on.isoformat(),
        )
    if market == Market.KONEX:
        return _KONEX_PCT
    return _WIDE_PCT if on >= _WIDE_SINCE else _NARROW_PCT


def price_limits(base_krw: int, market: int, on: date, security_type: int = SecurityType.COMMON) -> PriceLimits:
    """Return the limits of one symbol and day.

    Parameters
    ----------
    base_krw : int
        Base price (기준가), whole won.
    market, on, security_type
        As in :func:`engine.calendar.ticks.tick_size`.

    Raises
    ------
    ValidationFailed
        If the base price is not positive.
    DataUnavailable
        If the rules of the day are not known.

    Notes
    -----
    Source: domain.md §1.7. B = 1,998 gives 2,595 and 1,399.
    """
    rate = limit_rate_pct(market, on)
    tick = tick_size(base_krw, market, on, security_type)
    width = base_krw * rate // 100 // tick * tick
    return PriceLimits(
        floor_tick(base_krw + width, market, on, security_type), floor_tick(base_krw - width, market, on, security_type)
    )


def _rates(market: int | npt.NDArray[np.uint8], on: date | Days) -> FloatArray:
    markets = np.asarray(market)
    days = np.asarray(on, dtype="datetime64[D]")
    if np.isnat(days).any() or days.min() < np.datetime64(_NARROW_SINCE):
        limit_rate_pct(Market.KOSPI, days.min().astype(date))
    wide = np.where(days >= np.datetime64(_WIDE_SINCE), float(_WIDE_PCT), float(_NARROW_PCT))
    return np.where(markets == Market.KONEX, float(_KONEX_PCT), wide)


def _widths(
    base: FloatArray, market: int | npt.NDArray[np.uint8], on: date | Days, security_type: int | npt.NDArray[np.uint8]
) -> FloatArray:
    tick = tick_size(base, market, on, security_type)
    # B × rate stays below 2^53 and B × rate / 100 is compared in whole won, so floor() of the float quotient is exact.
    won = np.floor(base * _rates(market, on) / 100.0 + 1e-9)
    return np.asarray(np.floor(won / tick) * tick, dtype=np.float64)


def upper_limits(
    base_krw: Numbers,
    market: int | npt.NDArray[np.uint8],
    on: date | Days,
    security_type: int | npt.NDArray[np.uint8] = SecurityType.COMMON,
) -> FloatArray:
    """Return the upper limit of each base price; NaN where the base price is missing. Arrays broadcast as in the ticks."""
    base = np.asarray(base_krw, dtype=np.float64)
    return floor_tick(base + _widths(base, market, on, security_type), market, on, security_type)


def lower_limits(
    base_krw: Numbers,
    market: int | npt.NDArray[np.uint8],
    on: date | Days,
    security_type: int | npt.NDArray[np.uint8] = SecurityType.COMMON,
) -> FloatArray:
    """Return the lower limit of each base price; NaN where the base price is missing."""
    base = np.asarray(base_krw, dtype=np.float64)
    return floor_tick(base - _widths(base, market, on, security_type), market, on, security_type)


def is_upper_limit(
    close_krw: Numbers,
    base_krw: Numbers,
    market: int | npt.NDArray[np.uint8],
    on: date | Days,
    security_type: int | npt.NDArray[np.uint8] = SecurityType.COMMON,
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return (상한가, known): the close equals the upper limit of the base price; not known where the base is missing."""
    limit = upper_limits(base_krw, market, on, security_type)
    known = np.isfinite(limit)
    return np.asarray(known & (np.asarray(close_krw) == limit)), known


def is_lower_limit(
    close_krw: Numbers,
    base_krw: Numbers,
    market: int | npt.NDArray[np.uint8],
    on: date | Days,
    security_type: int | npt.NDArray[np.uint8] = SecurityType.COMMON,
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return (하한가, known) likewise."""
    limit = lower_limits(base_krw, market, on, security_type)
    known = np.isfinite(limit)
    return np.asarray(known & (np.asarray(close_krw) == limit)), known


def ipo_first_day_limits(offer_krw: int, market: int, on: date) -> PriceLimits:
    """Return the limits of a new listing's first trading day: 60 % to 400 % of the offer price, cut down to the tick.

    Raises
    ------
    ValidationFailed
        If the offer price is not positive, or the day lies before 2023-06-26, when the opening price was set between 90 %
        and 200 % of the offer price and the ordinary limits then held from it.
    """
    if on < IPO_FULL_RANGE_SINCE:
        raise ValidationFailed(
            f"Before {IPO_FULL_RANGE_SINCE} a new listing had no fixed range around its offer price; {on} lies before it.",
            key="error.limit_ipo_day",
            day=on.isoformat(),
        )
    if offer_krw <= 0:
        raise ValidationFailed(
            f"An offer price must be a positive number of won; {offer_krw} is not.", key="error.tick_price", value=offer_krw
        )
    upper, lower = offer_krw * _IPO_HIGH_PCT // 100, offer_krw * _IPO_LOW_PCT // 100
    return PriceLimits(floor_tick(upper, market, on), floor_tick(lower, market, on))

"""Tick sizes (호가가격단위) by price, market, security type and date (domain.md §1.6).

A price produced by a rule is cut to the tick with a slack of 1e-6 won (domain.md §0.4), so that 2,000 won reached as
1,999.9999999 stays 2,000. Scalars give ``int``, arrays give ``float64`` arrays with NaN where the price is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TypeAlias, overload

import numpy as np
import numpy.typing as npt

from engine.model.errors import ValidationFailed
from engine.model.instruments import Market, SecurityType
from engine.model.panel import FloatArray

__all__ = ["TICK_SLACK_KRW", "TickTable", "ceil_tick", "floor_tick", "is_on_tick", "round_tick", "tick_size", "tick_table"]

TICK_SLACK_KRW = 1e-6
"""Slack in won before flooring or raising (domain.md §0.4)."""

Number: TypeAlias = int | float
Numbers: TypeAlias = npt.NDArray[np.float64] | npt.NDArray[np.int64] | npt.NDArray[np.int32]
Days: TypeAlias = npt.NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class TickTable:
    """One tick table: ``ticks[k]`` holds from ``bounds[k - 1]`` (0 for the first) up to, not including, ``bounds[k]``."""

    since: date
    bounds: tuple[int, ...]
    ticks: tuple[int, ...]
    source: str

    def tick_of(self, price: FloatArray) -> FloatArray:
        """Tick of each price; prices must be finite."""
        result = np.full(price.shape, float(self.ticks[0]))
        for bound, lower, upper in zip(self.bounds, self.ticks[:-1], self.ticks[1:], strict=True):
            if upper != lower:
                result[price >= bound] = upper
        return result


_EVER = date.min
_STOCK_2023 = TickTable(
    date(2023, 1, 25),
    (2_000, 5_000, 20_000, 50_000, 200_000, 500_000),
    (1, 5, 10, 50, 100, 500, 1_000),
    "domain.md §1.6: all stock markets since 2023-01-25",
)
_KOSPI_BEFORE = TickTable(
    _EVER,
    (1_000, 5_000, 10_000, 50_000, 100_000, 500_000),
    (1, 5, 10, 50, 100, 500, 1_000),
    "domain.md §1.6: KOSPI before 2023-01-25",
)
_KOSDAQ_BEFORE = TickTable(
    _EVER,
    (1_000, 5_000, 10_000, 50_000),
    (1, 5, 10, 50, 100),
    "domain.md §1.6: KOSDAQ before 2023-01-25; KONEX used the same table",
)
_FUND_2023 = TickTable(date(2023, 12, 11), (2_000,), (1, 5), "domain.md §1.6: ETF and ETN since December 2023 (2023-12-11)")
_FUND_BEFORE = TickTable(_EVER, (), (5,), "domain.md §1.6: ETF and ETN 5 won")
_WARRANT = TickTable(_EVER, (), (5,), "domain.md §1.6: ELW 5 won")

# Newest first, so the first table whose ``since`` is not after the day is the one in force.
_STOCK_KOSPI = (_STOCK_2023, _KOSPI_BEFORE)
_STOCK_KOSDAQ = (_STOCK_2023, _KOSDAQ_BEFORE)
_FUND = (_FUND_2023, _FUND_BEFORE)
_ELW = (_WARRANT,)


def _tables(market: int, security_type: int) -> tuple[TickTable, ...]:
    if security_type in (SecurityType.ETF, SecurityType.ETN):
        return _FUND
    if security_type == SecurityType.ELW:
        return _ELW
    if market == Market.KOSPI:
        return _STOCK_KOSPI
    return _STOCK_KOSDAQ


def _need_market(market: int, security_type: int, on: date) -> None:
    is_stock = security_type not in (SecurityType.ETF, SecurityType.ETN, SecurityType.ELW)
    if market == Market.UNKNOWN and is_stock and on < _STOCK_2023.since:
        raise ValidationFailed(
            f"The tick size of {on} depends on the market, and the market is unknown; KOSPI, KOSDAQ or KONEX is needed.",
            key="error.tick_market",
            day=on.isoformat(),
        )


def tick_table(market: int, on: date, security_type: int = SecurityType.COMMON) -> TickTable:
    """Return the table in force on a day.

    Raises
    ------
    ValidationFailed
        If the market is ``UNKNOWN`` on a day when the markets had different tables.
    """
    _need_market(market, security_type, on)
    return next(table for table in _tables(market, security_type) if table.since <= on)


def _each(price: FloatArray, market: object, on: object, security_type: object) -> FloatArray:
    """Tick of each finite price for scalar or array-valued market, day and type (all broadcast)."""
    if isinstance(on, date) and not isinstance(market, np.ndarray) and not isinstance(security_type, np.ndarray):
        return tick_table(int(market), on, int(security_type)).tick_of(price)  # type: ignore[call-overload]
    markets, types = np.broadcast_to(np.asarray(market), price.shape), np.broadcast_to(np.asarray(security_type), price.shape)
    day_array = np.asarray(on, dtype="datetime64[D]")
    first_day, days = day_array.min().astype(date), np.broadcast_to(day_array, price.shape)
    result = np.full(price.shape, np.nan)
    for code in np.unique(markets):
        for kind in np.unique(types):
            chosen = (markets == code) & (types == kind)
            if not chosen.any():
                continue
            _need_market(int(code), int(kind), first_day)
            later = np.zeros(price.shape, dtype=np.bool_)
            for table in _tables(int(code), int(kind)):
                mask = chosen & ~later
                if table.since != _EVER:
                    mask &= days >= np.datetime64(table.since)
                result[mask] = table.tick_of(price[mask])
                later |= mask
    return result


def _finite(price: Numbers) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    values = np.asarray(price, dtype=np.float64)
    known = np.isfinite(values) & (values > 0)
    return np.where(known, values, 1.0), known


def _scalar(price: Number) -> FloatArray:
    value = float(price)
    if not (np.isfinite(value) and value > 0):
        raise ValidationFailed(
            f"A price must be a positive number of won; {price} is not.", key="error.tick_price", value=value
        )
    return np.array([value])


@overload
def tick_size(price: Number, market: int, on: date, security_type: int = ...) -> int: ...
@overload
def tick_size(
    price: Numbers,
    market: int | Numbers | npt.NDArray[np.uint8],
    on: date | Days,
    security_type: int | npt.NDArray[np.uint8] = ...,
) -> FloatArray: ...
def tick_size(
    price: Number | Numbers,
    market: int | Numbers | npt.NDArray[np.uint8],
    on: date | Days,
    security_type: int | npt.NDArray[np.uint8] = SecurityType.COMMON,
) -> int | FloatArray:
    """Return the tick at a price.

    Parameters
    ----------
    price : number or array
        Won. Arrays of any shape; missing (NaN, 0 or negative) elements give NaN.
    market : int or array
        :class:`~engine.model.instruments.Market`; arrays broadcast with ``price``.
    on : date or datetime64 array
        Trading day whose rules apply; arrays broadcast with ``price``.
    security_type : int or array
        :class:`~engine.model.instruments.SecurityType`.

    Returns
    -------
    int or float64 array
        Tick in won.

    Raises
    ------
    ValidationFailed
        If a scalar price is not a positive number, or the market is needed and unknown.

    Notes
    -----
    Source: domain.md §1.6.
    """
    if isinstance(price, np.ndarray):
        values, known = _finite(price)
        return np.where(known, _each(values, market, on, security_type), np.nan)
    return int(_each(_scalar(price), market, on, security_type)[0])


@overload
def floor_tick(price: Number, market: int, on: date, security_type: int = ...) -> int: ...
@overload
def floor_tick(
    price: Numbers,
    market: int | Numbers | npt.NDArray[np.uint8],
    on: date | Days,
    security_type: int | npt.NDArray[np.uint8] = ...,
) -> FloatArray: ...
def floor_tick(
    price: Number | Numbers,
    market: int | Numbers | npt.NDArray[np.uint8],
    on: date | Days,
    security_type: int | npt.NDArray[np.uint8] = SecurityType.COMMON,
) -> int | FloatArray:
    """Return the largest multiple of the tick at ``price`` that is not above it (slack 1e-6 won).

    Parameters, missing values and errors as in :func:`tick_size`. Source: domain.md §§0.4, 1.6.
    """
    scalar = not isinstance(price, np.ndarray)
    values, known = (_scalar(price), np.True_) if not isinstance(price, np.ndarray) else _finite(price)
    lifted = values + TICK_SLACK_KRW
    tick = _each(lifted, market, on, security_type)
    result = np.where(known, np.floor(lifted / tick) * tick, np.nan)
    return int(result[0]) if scalar else result


@overload
def ceil_tick(price: Number, market: int, on: date, security_type: int = ...) -> int: ...
@overload
def ceil_tick(
    price: Numbers,
    market: int | Numbers | npt.NDArray[np.uint8],
    on: date | Days,
    security_type: int | npt.NDArray[np.uint8] = ...,
) -> FloatArray: ...
def ceil_tick(
    price: Number | Numbers,
    market: int | Numbers | npt.NDArray[np.uint8],
    on: date | Days,
    security_type: int | npt.NDArray[np.uint8] = SecurityType.COMMON,
) -> int | FloatArray:
    """Return the smallest multiple of the tick at ``price`` that is not below it (slack 1e-6 won).

    The tick is that of ``price`` itself, also where the result lies in the next band. Parameters, missing values and errors
    as in :func:`tick_size`. Source: domain.md §§0.4, 1.6.
    """
    scalar = not isinstance(price, np.ndarray)
    values, known = (_scalar(price), np.True_) if not isinstance(price, np.ndarray) else _finite(price)
    lowered = np.maximum(values - TICK_SLACK_KRW, TICK_SLACK_KRW)
    # The band is judged with the lifted price, as in floor_tick: 1,999.9999999 is 2,000 won and has its tick.
    tick = _each(values + TICK_SLACK_KRW, market, on, security_type)
    result = np.where(known, np.ceil(lowered / tick) * tick, np.nan)
    return int(result[0]) if scalar else result


def round_tick(
    price: Numbers,
    market: int | npt.NDArray[np.uint8],
    on: date | Days,
    security_type: int | npt.NDArray[np.uint8] = SecurityType.COMMON,
) -> FloatArray:
    """Return the multiple of the tick nearest to each price (halves go up); at least one tick. NaN where missing."""
    values, known = _finite(price)
    tick = _each(values, market, on, security_type)
    return np.where(known, np.maximum(np.floor(values / tick + 0.5), 1.0) * tick, np.nan)


def is_on_tick(
    price: Numbers,
    market: int | npt.NDArray[np.uint8],
    on: date | Days,
    security_type: int | npt.NDArray[np.uint8] = SecurityType.COMMON,
) -> npt.NDArray[np.bool_]:
    """Whether each price is a multiple of its tick; False where the price is missing."""
    values, known = _finite(price)
    tick = _each(values, market, on, security_type)
    return np.asarray(known & (np.abs(values - np.round(values / tick) * tick) <= TICK_SLACK_KRW), dtype=np.bool_)

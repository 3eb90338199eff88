"""Condition searches of the simulated account: what they ask, who meets them now, and how an answer is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.model.instruments import SecurityType
from ralphstock_desktop.providers.kiwoom_sim.market import MarketBoard, SimMarket

__all__ = ["CONDITIONS", "PAGE", "Condition", "find_matches", "prefixed", "result_row"]

Bools = npt.NDArray[np.bool_]
PAGE = 100
"""Rows of one answer; more come with ``cont_yn``."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition of the user's HTS: number, name and what it asks of all stocks at once."""

    sequence: str
    name: str
    meets: Callable[[SimMarket, MarketBoard], Bools]


def _rate(market: SimMarket, board: MarketBoard) -> npt.NDArray[np.float64]:
    base = market.facts.base
    return np.where(base > 0, (board.price - base) / np.maximum(base, 1) * 100.0, 0.0)


def _strong(market: SimMarket, board: MarketBoard) -> Bools:
    return (board.volume > 0) & (_rate(market, board) >= 5.0)


def _volume_surge(market: SimMarket, board: MarketBoard) -> Bools:
    before = market.facts.previous_volume
    return (board.volume > 10_000) & (before > 0) & (board.volume >= 2 * before)


def _pullback(market: SimMarket, board: MarketBoard) -> Bools:
    """Well up on the day and 3 % or more off the high."""
    return (board.volume > 0) & (_rate(market, board) >= 2.0) & (board.price <= board.high * 0.97)


def _day_high(market: SimMarket, board: MarketBoard) -> Bools:
    return (board.volume > 0) & (board.price >= board.high) & (board.price > market.facts.base) & (board.value_krw >= 10**9)


def _active(_market: SimMarket, board: MarketBoard) -> Bools:
    return board.value_krw >= 30 * 10**9


def _at_limit(market: SimMarket, board: MarketBoard) -> Bools:
    return (board.volume > 0) & (board.price >= market.facts.upper) & (board.price > market.facts.base)


CONDITIONS: tuple[Condition, ...] = (
    Condition("0", "눌림목", _pullback),
    Condition("1", "당일 신고가", _day_high),
    Condition("2", "등락률 5% 이상", _strong),
    Condition("3", "거래량 급증", _volume_surge),
    Condition("4", "거래대금 300억 이상", _active),
    Condition("5", "상한가", _at_limit),
)


def find_matches(market: SimMarket, condition: Condition, board: MarketBoard) -> frozenset[int]:
    """Rows of the listed symbols that meet a condition."""
    return frozenset(np.flatnonzero(condition.meets(market, board) & market.facts.listed).tolist())


def prefixed(market: SimMarket, row: int) -> str:
    """Code with the letter of its kind: A stock, J ELW, Q ETN."""
    kind = int(market.panel.security_type[row])
    letter = "J" if kind == int(SecurityType.ELW) else "Q" if kind == int(SecurityType.ETN) else "A"
    return f"{letter}{market.panel.tickers[row]}"


def _nine(value: int) -> str:
    """Nine characters, zero-padded, a minus in front of negatives."""
    return f"{value:09d}"


def result_row(market: SimMarket, row: int, board: MarketBoard) -> dict[str, str]:
    """One row of a query's answer; the rate is in thousandths of a percent."""
    facts = market.facts
    price, base = int(board.price[row]), int(facts.base[row])
    change = price - base
    direction = "3" if not change else "2" if change > 0 else "5"
    if price >= int(facts.upper[row]) > base:
        direction = "1"
    elif price <= int(facts.lower[row]) < base:
        direction = "4"
    return {
        "9001": prefixed(market, row),
        "302": str(market.panel.names[row]),
        "10": _nine(price),
        "25": direction,
        "11": _nine(change),
        "12": _nine(round(change / base * 100_000) if base else 0),
        "13": _nine(int(board.volume[row])),
        "16": _nine(int(board.open[row])),
        "17": _nine(int(board.high[row])),
        "18": _nine(int(board.low[row])),
    }

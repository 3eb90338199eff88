"""Small markets of a few bars for the life of a signal, written by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date

import numpy as np
from builders import Row, Series, histories, panel_of

from engine.model.panel import MarketPanel
from engine.model.performance import SIGNAL_FIELDS, SignalKind, SignalSet, TradeSet
from engine.model.scan import Grade
from engine.performance.life import follow
from engine.thresholds import DEFAULT_RULES, Rules

Bar = tuple[float, float, float, float] | None
"""(O, H, L, C) in raw won, or None for a halted day."""
N, B, C, D = SignalKind.VCP_NEAR_PIVOT, SignalKind.VCP_BREAKOUT, SignalKind.CLOSING_BET, SignalKind.DAY_TRADE
LAST = date(2025, 6, 30)


def market(
    bars: Sequence[Bar] | dict[str, Sequence[Bar]],
    *,
    factors: dict[int, float] | None = None,
    base: dict[int, float] | None = None,
    delisted: date | None = None,
    last: date = LAST,
) -> MarketPanel:
    """A panel whose first day is the signal's day. ``factors`` and ``base`` by day concern the first symbol."""
    by_ticker = bars if isinstance(bars, dict) else {"005930": bars}
    series = {}
    for ticker, rows in by_ticker.items():
        made = Series()
        for bar in rows:
            if bar is None:
                made.halt()
            else:
                made.rows.append(Row(*bar))
        series[ticker] = made
    for day, factor in (factors or {}).items():
        row = next(iter(series.values())).rows[day]
        assert row is not None
        row.factor = factor
    panel = panel_of(histories(series, last))
    known = panel.base_krw.copy()
    for day, price in (base or {}).items():
        known[0, day] = price
    gone = panel.delisted_on.copy()
    if delisted is not None:
        gone[0] = np.datetime64(delisted, "D")
    return dataclasses.replace(panel, base_krw=known, delisted_on=gone)


def signal(
    kind: SignalKind,
    *,
    entry: float = 10_000,
    stop: float = 9_200,
    target: float = 11_000,
    pivot: float = 9_990,
    day: int = 0,
    row: int = 0,
    grade: int = Grade.B,
    gate: int = 3,
    score: float = 60.0,
    value: float = 1e12,
) -> SignalSet:
    values = {
        "kind": kind, "row": row, "day": day, "grade": grade, "score": score, "entry": entry, "stop": stop, "target": target,
        "pivot": pivot, "gate": gate, "mean_value_krw": value,
    }  # fmt: skip
    kinds = {"kind": np.uint8, "grade": np.uint8, "gate": np.uint8, "row": np.int64, "day": np.int64}
    return SignalSet(ruleset="test", **{name: np.array([values[name]], kinds.get(name, np.float64)) for name in SIGNAL_FIELDS})


def together(*signals: SignalSet) -> SignalSet:
    return SignalSet(ruleset="test", **{n: np.concatenate([getattr(s, n) for s in signals]) for n in SIGNAL_FIELDS})


@dataclasses.dataclass(frozen=True)
class Life:
    """One followed signal, read by name."""

    trades: TradeSet

    def __getattr__(self, name: str) -> float:
        return getattr(self.trades, name)[0].item()


def live(panel: MarketPanel, one: SignalSet, rules: Rules = DEFAULT_RULES, last_day: int | None = None) -> Life:
    return Life(follow(panel, one, rules, last_day))


def flat(count: int, price: float) -> list[Bar]:
    return [(price, price, price, price)] * count

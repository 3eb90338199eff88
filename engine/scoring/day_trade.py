"""The day-trading checklist of the whole market at one instant (domain.md §4).

:func:`score_day_trade` joins what was known before the open (:mod:`engine.features.day_measures`) with the quotes of the day.
Everything is array operations over all symbols, a few milliseconds for the market, so a live picture is simply scored anew;
:func:`rescore` does that and spares what quotes seldom change. Bars after t-1 are read only through the quotes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.calendar.limits import upper_limits
from engine.calendar.sessions import DEFAULT_SESSIONS, SessionTable
from engine.calendar.ticks import floor_tick
from engine.features.day_measures import PriorMeasures, in_scale_of, measure_prior
from engine.features.day_quotes import quotes_from_bars, quotes_from_minutes
from engine.features.volume_curve import Curve, phi
from engine.model.daytrade import DAY_ITEMS, DayQuotes, DayTradeScan, ItemReason
from engine.model.errors import ValidationFailed
from engine.model.evidence import ItemState
from engine.model.gate import GateReading, GateStatus
from engine.model.instants import day_of
from engine.model.panel import FloatArray, MarketPanel
from engine.model.performance import SignalKind, SignalSet
from engine.model.scan import Grade
from engine.scoring.day_entry import day_trade_size, entry_bans, shifted_ns, tick_rule
from engine.scoring.grades import grades_of
from engine.scoring.rounding import at_least, at_most, more_than, round2
from engine.scoring.sector_rank import SectorRanks, rank_sector_codes
from engine.thresholds import Rules

__all__ = [
    "day_trade_days",
    "day_trade_score",
    "day_trade_size",
    "quotes_from_bars",
    "quotes_from_minutes",
    "rescore",
    "score_day_trade",
    "sector_ranks_of",
]

_COL = {item: index for index, item in enumerate(DAY_ITEMS)}
_PRICE_ITEMS = [_COL[item] for item in ("spike", "momentum", "box", "ma5", "oversold", "sector")]
Bools = npt.NDArray[np.bool_]


def score_day_trade(
    panel: MarketPanel,
    prior: PriorMeasures,
    quotes: DayQuotes,
    rules: Rules,
    gate: GateReading | None,
    curve: Curve | None = None,
    sessions: SessionTable = DEFAULT_SESSIONS,
) -> DayTradeScan:
    """Score the seven items of every symbol at the instant of the quotes.

    Parameters
    ----------
    prior : PriorMeasures
        Measures up to t-1 of ``panel`` under ``rules``; t is the trading day of ``quotes.now_ns``.
    quotes : DayQuotes
        The day so far. Symbols without a price have no score.
    gate : GateReading | None
        None counts as UNKNOWN, which bans entries.
    curve : Curve | None
        φ from the user's own minutes; None takes the rule book's table.

    Returns
    -------
    DayTradeScan
        Prices of prior bars in the scale of the quotes' base price.

    Raises
    ------
    ValidationFailed
        If quotes, measures and panel do not hold the same symbols.
    """
    status = gate.status if gate is not None else GateStatus.UNKNOWN
    return _score(panel, prior, quotes, rules, status, curve, sessions, None)


def rescore(
    previous: DayTradeScan,
    rows: npt.NDArray[np.intp],
    panel: MarketPanel,
    prior: PriorMeasures,
    quotes: DayQuotes,
    rules: Rules,
    gate: GateReading | None,
    curve: Curve | None = None,
    sessions: SessionTable = DEFAULT_SESSIONS,
) -> DayTradeScan:
    """Score the market again after the quotes of ``rows`` changed; the same result as :func:`score_day_trade`.

    Time moves φ and the age of every quote, and one price moves a sector's median, so all symbols are scored. Upper limits hang
    on base prices only and are made anew just for ``rows``: no other base may have changed since ``previous``, whose
    trading day must be the same.
    """
    limits = previous.upper_limit.copy()
    if day_of(previous.now_ns) != day_of(quotes.now_ns):
        return score_day_trade(panel, prior, quotes, rules, gate, curve, sessions)
    if len(rows):
        limits[rows] = upper_limits(quotes.base[rows], panel.market[rows], day_of(quotes.now_ns))
    status = gate.status if gate is not None else GateStatus.UNKNOWN
    return _score(panel, prior, quotes, rules, status, curve, sessions, limits)


def sector_ranks_of(scan: DayTradeScan, prior: PriorMeasures, rules: Rules) -> SectorRanks:
    """The ranking behind item 7 of a scan."""
    return rank_sector_codes(scan.return_5d_pct, prior.sector, prior.sector_names, scan.eligible, rules)


def day_trade_score(raw: FloatArray, rules: Rules) -> FloatArray:
    """Score 0-100 of raw points (0-105 under the default rules), rounded half-up to two decimals."""
    return round2(100.0 * raw / (len(DAY_ITEMS) * rules.daytrading.full_points))


def _score(
    panel: MarketPanel,
    prior: PriorMeasures,
    quotes: DayQuotes,
    rules: Rules,
    status: GateStatus,
    curve: Curve | None,
    sessions: SessionTable,
    limits: FloatArray | None,
) -> DayTradeScan:
    if not len(quotes.price) == len(prior.n_bars) == len(panel.tickers):
        raise ValidationFailed("Quotes and measures must hold the symbols of the panel, in its order.")
    today = day_of(quotes.now_ns)
    prior = in_scale_of(prior, quotes.base, panel.market, today, rules)
    share = 1.0 if quotes.final else phi(quotes.now_ns, today, sessions, rules, curve)
    price = np.where(quotes.price > 0, quotes.price, np.nan)
    has_price = ~np.isnan(price)
    eligible = prior.eligible

    board = _Board(len(price), rules)
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = quotes.volume_shares / share / prior.mean_volume if share > 0 else np.full(len(price), np.nan)
        relative = np.where(has_price, relative, np.nan)
        early = not quotes.final and quotes.now_ns < shifted_ns(rules.daytrading.spike_from_minute, today, sessions)
        if early:
            relative = np.full(len(price), np.nan)
        projected = np.where(has_price, quotes.value_krw / share, np.nan) if share > 0 else np.full(len(price), np.nan)
        change = 100.0 * (price / quotes.base - 1.0)
        ma5 = (price + prior.sum_close_4) / rules.daytrading.ma_bars
        width = 100.0 * (prior.high_20 - prior.low_20) / prior.low_20
        drawdown = 100.0 * (1.0 - prior.prior_close / prior.high_20)
        above_high = 100.0 * (price / prior.high_20 - 1.0)
        returns = 100.0 * (price / prior.close_5 - 1.0)
        share_pct = 100.0 * prior.net_5d_krw / prior.turnover_5d_krw
        _spike(board, relative, rules, early=early)
        _momentum(board, price, above_high, prior, rules)
        _box(board, price, above_high, width, prior, rules)
        _average(board, price, ma5, rules)
        _institution(board, share_pct, prior, rules)
        _oversold(board, drawdown, change, rules)
    ranks = rank_sector_codes(returns, prior.sector, prior.sector_names, eligible, rules)
    _sector(board, ranks, returns, rules)

    stale = np.zeros(len(price), dtype=np.bool_)
    if not quotes.final:
        stale = has_price & (quotes.now_ns - quotes.at_ns > rules.daytrading.stale_after_s * 1e9)
        for column in _PRICE_ITEMS:
            mark = stale & (board.reason[:, column] == ItemReason.NONE)
            board.reason[mark, column] = ItemReason.STALE

    raw = np.where(has_price, board.points.sum(axis=1), np.nan)
    score = day_trade_score(raw, rules)
    known = board.state != ItemState.UNKNOWN
    upper = limits if limits is not None else upper_limits(quotes.base, panel.market, today)
    market, entry = panel.market, price.copy()
    plan = rules.daytrading
    listed = eligible & has_price
    score_key = np.where(np.isnan(score), -1.0, score)[listed]
    value_key = np.where(np.isnan(projected), -1.0, projected)[listed]
    order = np.flatnonzero(listed)[np.lexsort((-value_key, -score_key))]  # rows ascend by ticker and lexsort is stable
    return DayTradeScan(
        now_ns=quotes.now_ns,
        ruleset=rules.ruleset_id,
        panel_version=panel.version,
        gate=status,
        prior_day_index=prior.prior_day,
        flow_day_index=prior.flow_day,
        phi=share,
        values=board.values,
        points=board.points,
        state=board.state,
        reason=board.reason,
        raw=raw,
        score=score,
        grade=grades_of(score, rules.grade),
        coverage=100.0 * known.sum(axis=1) / len(DAY_ITEMS),
        eligible=eligible,
        bans=entry_bans(panel, quotes, price, upper, eligible, stale, status, today, sessions, rules),
        projected_value_krw=projected,
        order=order,
        price=price,
        change_pct=change,
        relative_volume=relative,
        high_20=prior.high_20,
        low_20=prior.low_20,
        prior_high=prior.prior_high,
        prior_close=prior.prior_close,
        mean_volume=prior.mean_volume,
        box_width_pct=width,
        ma5=ma5,
        net_5d_krw=prior.net_5d_krw,
        institution_5d_krw=prior.institution_5d_krw,
        net_share_pct=share_pct,
        flow_days=prior.flow_days,
        drawdown_pct=drawdown,
        return_5d_pct=returns,
        sector_rank=ranks.symbol_rank(),
        sector_count=ranks.count,
        sector_median_pct=ranks.symbol_median(),
        mean_value_krw=prior.mean_value_krw,
        upper_limit=upper,
        entry_krw=entry,
        stop_krw=floor_tick(entry * (1.0 - plan.stop_pct / 100.0), *tick_rule(market, today)),
        target_krw=floor_tick(entry * (1.0 + plan.target_pct / 100.0), *tick_rule(market, today)),
    )


def _date(panel: MarketPanel, day: int) -> date:
    found: date = panel.days[day].astype("datetime64[D]").item()
    return found


class _Board:
    """Columns of the seven items while they are filled."""

    def __init__(self, symbols: int, rules: Rules) -> None:
        shape = (symbols, len(DAY_ITEMS))
        self.values = np.full(shape, np.nan)
        self.points = np.zeros(shape)
        self.state = np.full(shape, ItemState.UNKNOWN, dtype=np.uint8)
        self.reason = np.full(shape, ItemReason.MISSING, dtype=np.uint8)
        self._full, self._part = rules.daytrading.full_points, rules.daytrading.part_points

    def fill(self, item: str, value: FloatArray, known: Bools, full: Bools, part: Bools) -> None:
        """Write one item: 15 points where ``full``, 8 where only ``part``, nothing where not ``known``."""
        column = _COL[item]
        full, part = known & full, known & part & ~full
        self.values[:, column] = np.where(known, value, np.nan)
        self.points[full, column], self.points[part, column] = self._full, self._part
        state = self.state[:, column]
        state[known] = ItemState.FAILED
        state[part], state[full] = ItemState.PARTIAL, ItemState.PASSED
        self.reason[known, column] = ItemReason.NONE

    def explain(self, item: str, where: Bools, reason: ItemReason) -> None:
        """Give a reason for what an item did not earn."""
        self.reason[where, _COL[item]] = reason


def _spike(board: _Board, relative: FloatArray, rules: Rules, *, early: bool) -> None:
    day = rules.daytrading
    known = ~np.isnan(relative)
    board.fill("spike", relative, known, at_least(relative, day.spike_full), at_least(relative, day.spike_part))
    if early:
        board.explain("spike", np.ones(len(relative), dtype=np.bool_), ItemReason.TOO_EARLY)


def _momentum(board: _Board, price: FloatArray, above: FloatArray, prior: PriorMeasures, rules: Rules) -> None:
    day = rules.daytrading
    known = ~np.isnan(above)
    full = more_than(price, prior.high_20) | at_least(price, day.momentum_full * prior.prior_high)
    board.fill("momentum", above, known, full, at_least(price, day.momentum_part * prior.prior_high))


def _box(board: _Board, price: FloatArray, above: FloatArray, width: FloatArray, prior: PriorMeasures, rules: Rules) -> None:
    day = rules.daytrading
    known = ~np.isnan(above) & ~np.isnan(width)
    box = at_most(width, day.box_width_pct)
    near = prior.low_20 + day.box_part * (prior.high_20 - prior.low_20)
    board.fill("box", above, known, box & more_than(price, prior.high_20), box & at_least(price, near))
    board.explain("box", known & ~box, ItemReason.NOT_A_BOX)


def _average(board: _Board, price: FloatArray, ma5: FloatArray, rules: Rules) -> None:
    known = ~np.isnan(ma5)
    above = 100.0 * (price / ma5 - 1.0)
    board.fill("ma5", above, known, more_than(price, ma5), at_least(price, rules.daytrading.ma_part * ma5))


def _institution(board: _Board, share_pct: FloatArray, prior: PriorMeasures, rules: Rules) -> None:
    day, net = rules.daytrading, prior.net_5d_krw
    known = prior.flow_days >= day.flow_min_days
    full = at_least(net, day.flow_full_krw) | at_least(share_pct, day.flow_full_pct)
    part = at_least(net, day.flow_part_krw) | at_least(share_pct, day.flow_part_pct)
    bought = prior.institution_5d_krw > 0
    board.fill("institution", net, known, full & bought, full | part)
    board.explain("institution", known & full & ~bought, ItemReason.INSTITUTION_SELLS)


def _oversold(board: _Board, drawdown: FloatArray, change: FloatArray, rules: Rules) -> None:
    day = rules.daytrading
    known = ~np.isnan(drawdown) & ~np.isnan(change)
    full = at_least(drawdown, day.oversold_full_pct) & at_least(change, day.rebound_full_pct)
    part = at_least(drawdown, day.oversold_part_pct) & more_than(change, 0.0)
    board.fill("oversold", drawdown, known, full, part)


def _sector(board: _Board, ranks: SectorRanks, returns: FloatArray, rules: Rules) -> None:
    day = rules.daytrading
    percentile = ranks.symbol_percentile()
    known = ~np.isnan(percentile) & ~np.isnan(returns)
    top = at_most(percentile, day.sector_full_pct)
    below = ~at_least(returns, ranks.symbol_median())
    board.fill("sector", percentile, known, top & ~below, top | at_most(percentile, day.sector_part_pct))
    board.explain("sector", known & top & below, ItemReason.BELOW_MEDIAN)


def day_trade_days(
    panel: MarketPanel,
    days: Sequence[int],
    rules: Rules,
    gate_status: npt.NDArray[np.uint8] | None = None,
    sessions: SessionTable = DEFAULT_SESSIONS,
) -> SignalSet:
    """Signals of the checklist at the official close of each day: a proxy, because nobody can buy at that price then.

    Parameters
    ----------
    days : sequence of int
        Panel days t, ascending; day 0 has no bars before it and gives nothing.
    gate_status : uint8 array, shape (len(days),), optional
        Gate of each day (values of ``GateStatus``); UNKNOWN without. It is written beside the signals and keeps none away.

    Returns
    -------
    SignalSet
        Eligible symbols of grade B or better with enough coverage (§0.3), by (day, row); prices of day t.
    """
    if gate_status is not None and len(gate_status) != len(days):
        raise ValidationFailed("The gate needs one status for each day.")
    found: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in _SIGNAL_COLUMNS}
    for position, day in enumerate(days):
        if day < 1:
            continue
        today = _date(panel, day)
        status = GateStatus(int(gate_status[position])) if gate_status is not None else GateStatus.UNKNOWN
        quotes = quotes_from_bars(panel, day, sessions.official_bar_ns(today))
        scan = _score(panel, measure_prior(panel, day - 1, day - 1, rules), quotes, rules, status, None, sessions, None)
        rows = np.flatnonzero(scan.eligible & (scan.grade >= Grade.B) & at_least(scan.coverage, rules.vcp.open_coverage))
        columns: dict[str, npt.NDArray[Any]] = {
            "row": rows,
            "day": np.full(len(rows), day),
            "grade": scan.grade[rows],
            "score": scan.score[rows],
            "entry": scan.entry_krw[rows],
            "stop": scan.stop_krw[rows],
            "target": scan.target_krw[rows],
            "gate": np.full(len(rows), int(status)),
            "mean_value": scan.mean_value_krw[rows],
        }
        for name in _SIGNAL_COLUMNS:
            found[name].append(columns[name])
    joined = {name: np.concatenate(parts) if parts else np.zeros(0) for name, parts in found.items()}
    count = len(joined["row"])
    return SignalSet(
        kind=np.full(count, SignalKind.DAY_TRADE, dtype=np.uint8),
        row=joined["row"].astype(np.int64),
        day=joined["day"].astype(np.int64),
        grade=joined["grade"].astype(np.uint8),
        score=joined["score"].astype(np.float64),
        entry=joined["entry"].astype(np.float64),
        stop=joined["stop"].astype(np.float64),
        target=joined["target"].astype(np.float64),
        pivot=np.full(count, np.nan),
        gate=joined["gate"].astype(np.uint8),
        mean_value_krw=joined["mean_value"].astype(np.float64),
        ruleset=rules.ruleset_id,
    )


_SIGNAL_COLUMNS = ("row", "day", "grade", "score", "entry", "stop", "target", "gate", "mean_value")

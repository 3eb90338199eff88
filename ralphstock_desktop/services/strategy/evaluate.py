"""Every strategy of one instant, computed together on a worker so that all panels speak of the same moment."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.explain.gate_evidence import explain_gate
from engine.features.closing_measures import ClosingMeasures, measure_closing
from engine.features.day_measures import PriorMeasures, measure_prior
from engine.features.volume_curve import Curve
from engine.model.closing import ClosingBetScan, ClosingRun
from engine.model.daytrade import DayQuotes, DayTradeScan
from engine.model.gate import GateReading
from engine.model.instants import AsOf, kst_datetime
from engine.model.instruments import Market
from engine.model.news import NewsPoints, StockNews
from engine.model.panel import MarketPanel
from engine.scoring.closing_bet import score_closing
from engine.scoring.day_trade import quotes_from_bars, quotes_from_minutes, score_day_trade
from engine.scoring.gate import read_gate
from engine.scoring.sectors import sector_states
from engine.thresholds import Rules
from ralphstock_desktop.services.strategy.forming import panel_with_quotes
from ralphstock_desktop.services.strategy.sources import Instant, day_at
from ralphstock_desktop.services.strategy_contracts import ClosingPicture, DayTradePicture, GatePicture, NewsPicture

__all__ = ["ClosingBasis", "DayBasis", "Evaluation", "closing_basis", "day_basis", "evaluate", "run_at", "score_closing_basis",
           "score_day_basis"]  # fmt: skip

_PREVIEW_MINUTE = 15 * 60
_PRE_CLOSE_MINUTE = 15 * 60 + 10


@dataclass(frozen=True, eq=False)
class ClosingBasis:
    """What a closing-bet scan is scored from; kept so that a moved threshold scores again without measuring again.

    ``news`` are those of the forming bar's own instant, or of the moment the official bar was there: what is published after
    the close is no reason to have bought in it, and the list of a day stays what it was (domain.md §3.1).
    """

    panel: MarketPanel
    day: int
    flow_day: int
    run: ClosingRun
    as_of: AsOf
    measures: ClosingMeasures
    news: NewsPoints
    gate: GateReading
    forming: bool
    stock_news: dict[str, StockNews] = field(default_factory=dict)
    """What ``news`` were made of, by ticker."""


@dataclass(frozen=True, eq=False)
class DayBasis:
    """What a day-trading scan is scored from."""

    panel: MarketPanel
    prior: PriorMeasures
    quotes: DayQuotes
    gate: GateReading
    source: Literal["live", "minutes", "daily"]
    curves: dict[int, Curve]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All strategies of one instant."""

    instant: Instant
    gate: GatePicture
    news: NewsPicture
    stock_news: dict[str, StockNews]
    closing: ClosingPicture
    closing_basis: ClosingBasis
    day: DayTradePicture
    day_basis: DayBasis
    seconds: float


def run_at(instant_ns: int, *, in_session: bool) -> ClosingRun:
    """The run of domain.md §3.1 that fits a clock: PREVIEW from 15:00, PRE_CLOSE from 15:10, else the confirmed list."""
    if not in_session:
        return ClosingRun.CONFIRMED
    moment = kst_datetime(instant_ns)
    minute = moment.hour * 60 + moment.minute
    if minute >= _PRE_CLOSE_MINUTE:
        return ClosingRun.PRE_CLOSE
    return ClosingRun.PREVIEW if minute >= _PREVIEW_MINUTE else ClosingRun.CONFIRMED


def replay_quotes(instant: Instant) -> DayQuotes | None:
    """Quotes of the session that is going on, from the minute bars that have ended; None without minute bars."""
    if instant.session_day is None or not instant.minutes:
        return None
    panel = instant.panel
    index = panel.day_index(instant.session_day)
    return quotes_from_minutes(panel.tickers, instant.minutes, panel.base_krw[:, index], instant.as_of.instant_ns)


def closing_basis(
    instant: Instant,
    run: ClosingRun | None,
    rules: Rules,
    news: tuple[NewsPoints, dict[str, StockNews]],
    gate: GateReading,
    quotes: DayQuotes | None,
    previous: Evaluation | None = None,
) -> ClosingBasis:
    """Measure the closing bet at an instant; on the forming bar where the run is one of the session.

    Parameters
    ----------
    news : (NewsPoints, dict)
        Of the instant; what the official bar is scored with is looked up here.
    previous : Evaluation | None
        Of the instant before, for what did not change since.
    """
    chosen = run or run_at(instant.as_of.instant_ns, in_session=quotes is not None)
    known = instant.known
    if chosen in {ClosingRun.PREVIEW, ClosingRun.PRE_CLOSE} and quotes is not None and instant.session_day is not None:
        panel, day = panel_with_quotes(instant.panel, instant.session_day, quotes)
        measures = measure_closing(panel, day, day - 1, rules)
        return ClosingBasis(panel, day, day - 1, chosen, instant.as_of, measures, news[0], gate, True, news[1])
    if chosen is ClosingRun.FLOW_FINAL and known.flow < known.bar:
        chosen = ClosingRun.CONFIRMED
    if chosen is not ClosingRun.FLOW_FINAL:
        chosen = ClosingRun.CONFIRMED
    flow_day = known.bar if chosen is ClosingRun.FLOW_FINAL else known.bar - 1
    measures = measure_closing(instant.panel, known.bar, flow_day, rules)
    points, stock_news = _news_at_close(instant, rules, previous)
    return ClosingBasis(instant.panel, known.bar, flow_day, chosen, instant.as_of, measures, points, gate, False, stock_news)


def _news_at_close(instant: Instant, rules: Rules, previous: Evaluation | None) -> tuple[NewsPoints, dict[str, StockNews]]:
    """What the news were worth when the last known official bar was there."""
    collected = _collected_at_close(instant)
    if previous is not None and not previous.closing_basis.forming:
        before, basis = previous.instant, previous.closing_basis
        same = before.panel is instant.panel and before.known.bar == instant.known.bar and before.news is instant.news
        if same and _collected_at_close(before) == collected and basis.news.ruleset == rules.ruleset_id:
            return basis.news, basis.stock_news
    moment = DEFAULT_SESSIONS.official_bar_ns(day_at(instant.panel, instant.known.bar))
    return instant.news.score(moment, rules, collected)


def _collected_at_close(instant: Instant) -> bool:
    return instant.collected if instant.collected_at_close is None else instant.collected_at_close


def score_closing_basis(basis: ClosingBasis, rules: Rules) -> ClosingBetScan:
    """Score a measured closing bet under rules."""
    return score_closing(
        basis.panel, basis.as_of, basis.run, basis.day, basis.flow_day, basis.measures, basis.news, basis.gate, rules
    )


def day_basis(instant: Instant, rules: Rules, gate: GateReading, quotes: DayQuotes | None) -> DayBasis:
    """Measure the day-trading checklist: on minutes of the session, else on the last official bar."""
    panel, known = instant.panel, instant.known
    if quotes is not None and instant.session_day is not None:
        prior_day = panel.day_index(instant.session_day) - 1
        prior = measure_prior(panel, prior_day, min(known.flow, prior_day), rules)
        return DayBasis(panel, prior, quotes, gate, "minutes", instant.curves)
    day = known.bar
    closed = min(instant.as_of.instant_ns, DEFAULT_SESSIONS.close_ns(day_at(panel, day)))
    prior = measure_prior(panel, day - 1, min(known.flow, day - 1), rules)
    return DayBasis(panel, prior, quotes_from_bars(panel, day, closed), gate, "daily", {})


def score_day_basis(basis: DayBasis, rules: Rules) -> DayTradeScan:
    """Score a measured checklist under rules. Each market has its own volume curve where the user's data give one."""
    plain = score_day_trade(basis.panel, basis.prior, basis.quotes, rules, basis.gate)
    if not basis.curves:
        return plain
    # One curve per market: score with the curve of the larger one, then take the other market's rows from its own.
    result = plain
    for market in (int(Market.KOSPI), int(Market.KOSDAQ)):
        curve = basis.curves.get(market)
        if curve is not None:
            own = score_day_trade(basis.panel, basis.prior, basis.quotes, rules, basis.gate, curve=curve)
            result = _rows_of(result, own, basis.panel.market == market)
    return result


def _rows_of(result: DayTradeScan, other: DayTradeScan, rows: npt.NDArray[np.bool_]) -> DayTradeScan:
    """Return ``result`` with the rows of a mask taken from ``other``, ordered again."""
    changes: dict[str, Any] = {}
    for name, value in vars(result).items():
        if isinstance(value, np.ndarray) and name != "order" and len(value) == len(rows):
            mixed = value.copy()
            mixed[rows] = getattr(other, name)[rows]
            changes[name] = mixed
    merged = replace(result, **changes)
    listed = np.sort(result.order)
    keys = (
        np.arange(len(rows))[listed],
        -np.nan_to_num(merged.projected_value_krw[listed], nan=-1.0),
        -np.nan_to_num(merged.score[listed], nan=-1.0),
    )
    return replace(merged, order=listed[np.lexsort(keys)])


def evaluate(instant: Instant, rules: Rules, run: ClosingRun | None = None, previous: Evaluation | None = None) -> Evaluation:
    """Compute gate, news, closing bet and day trading of one instant. Runs on a worker.

    Parameters
    ----------
    previous : Evaluation | None
        Of the instant before: where nothing more is known of the daily data, its gate is this instant's too.

    Raises
    ------
    DataUnavailable
        If no official bar was known.
    """
    begin = time.perf_counter()
    panel, as_of = instant.panel, instant.as_of
    gate = _same_gate(instant, rules, previous) or _gate(instant, rules)
    reading = gate.reading
    points, stock_news = instant.news.score(as_of.instant_ns, rules, instant.collected)
    news = NewsPicture(
        as_of=as_of,
        items=tuple(item for item in instant.items if _known(item.known_at_ns, item.collected_ns, as_of.instant_ns))[::-1],
        points=points if instant.collected else None,
        collected=instant.collected,
        panel=panel,
    )
    quotes = replay_quotes(instant)
    measured = closing_basis(instant, run, rules, (points, stock_news), reading, quotes, previous)
    closing_begin = time.perf_counter()
    closing = score_closing_basis(measured, rules)
    closing_seconds = time.perf_counter() - closing_begin
    day = day_basis(instant, rules, reading, quotes)
    day_begin = time.perf_counter()
    day_scan = score_day_basis(day, rules)
    day_seconds = time.perf_counter() - day_begin
    return Evaluation(
        instant=instant,
        gate=gate,
        news=news,
        stock_news=stock_news,
        closing=ClosingPicture(
            closing, measured.panel, rules, measured.news, reading, closing_seconds, forming=measured.forming
        ),
        closing_basis=measured,
        day=DayTradePicture(day_scan, day.quotes, panel, rules, reading, day_seconds, day.source, own_curve=bool(day.curves)),
        day_basis=day,
        seconds=time.perf_counter() - begin,
    )


def _gate(instant: Instant, rules: Rules) -> GatePicture:
    reading = read_gate(instant.panel, instant.series, instant.as_of, rules)
    return GatePicture(
        reading=reading,
        sectors=sector_states(instant.panel, reading.day_index, rules),
        groups=explain_gate(instant.panel, instant.series, reading, rules),
        panel=instant.panel,
    )


def _same_gate(instant: Instant, rules: Rules, previous: Evaluation | None) -> GatePicture | None:
    """The gate of the instant before, if it was read from the same bars, flows and series under the same rules."""
    if previous is None or previous.gate.live:
        return None
    before = previous.instant
    same = before.panel is instant.panel and before.known == instant.known and before.series is instant.series
    if not same or previous.gate.reading.ruleset != rules.ruleset_id:
        return None
    return replace(previous.gate, reading=replace(previous.gate.reading, as_of=instant.as_of))


def _known(known_at_ns: int | None, collected_ns: int | None, now_ns: int) -> bool:
    """Whether an item could be seen; one without a publication time from its collection on."""
    moment = known_at_ns if known_at_ns is not None else collected_ns
    return moment is not None and moment <= now_ns

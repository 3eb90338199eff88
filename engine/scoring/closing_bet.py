"""Closing bet V2: six components of 12 points, filters, grade, caps and plan of the whole market (domain.md §§3, 1.3).

:func:`scan_closing_bet` measures one day (:mod:`engine.features.closing_measures`) and scores it; :func:`score_closing` turns
measures into the result with array operations alone, so a moved threshold re-scores the market without measuring again as long
as the windows stay (:func:`~engine.features.closing_measures.same_windows`). News and gate come in finished.

A symbol whose as-of bar is invalid or absent has no score: total NaN, grade NONE, coverage 0, every component MISSING.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.asof.view import known_days
from engine.calendar.ticks import floor_tick
from engine.features.closing_measures import ClosingMeasures, measure_closing
from engine.model.closing import CLOSING_COMPONENTS, CLOSING_MAX, Cap, ClosingBetScan, ClosingRun, Rejection, SignalPhase
from engine.model.errors import DataUnavailable
from engine.model.gate import GateReading, GateStatus
from engine.model.instants import AsOf
from engine.model.news import NewsPoints
from engine.model.panel import FloatArray, MarketPanel
from engine.model.scan import Grade, ScoreStatus
from engine.scoring.closing_filters import closing_filters, rejections
from engine.scoring.ladders import rising_points
from engine.scoring.order_plan import position_size
from engine.scoring.rounding import at_least, at_most, more_than, round2
from engine.thresholds import ClosingBetThresholds, Rules

__all__ = [
    "closing_filters",
    "closing_size",
    "component_maxima",
    "flow_day_of",
    "grade12",
    "scan_closing_bet",
    "score_closing",
    "score_under",
]

_NEWS, _VOLUME, _CHART, _CANDLE, _PERIOD, _SUPPLY = range(len(CLOSING_COMPONENTS))
_HARMLESS = Rejection.LIMIT_UP | Rejection.NEWS_VETO
"""Rejections that leave a symbol in the list of candidates, so that what cannot be bought is seen with its reason."""

Bools = npt.NDArray[np.bool_]


def scan_closing_bet(
    panel: MarketPanel,
    as_of: AsOf,
    run: ClosingRun,
    news: NewsPoints,
    gate: GateReading | None,
    rules: Rules,
    *,
    day: int | None = None,
) -> ClosingBetScan:
    """Score every symbol of ``panel`` as it was known at ``as_of``.

    Parameters
    ----------
    news : NewsPoints
        News component of the panel's symbols at ``as_of``.
    gate : GateReading | None
        Market Gate at ``as_of``; None counts as UNKNOWN.
    day : int | None
        Panel index of the bar to score; None takes the last official one. A bar that is still forming is scored only when named
        here, and no day after that of ``as_of`` can be.

    Raises
    ------
    DataUnavailable
        If no official bar of the panel (or not the day asked for) was known at ``as_of``.
    """
    known = known_days(panel, as_of)
    last = known.bar if day is None else day
    if last < 0 or last > panel.day_index(np.datetime64(as_of.day, "D")):
        raise DataUnavailable(
            f"No daily bar to score was known at {as_of.day.isoformat()}.",
            key="error.nothing_known",
            day=as_of.day.isoformat(),
        )
    flow_day = flow_day_of(run, last, known.flow)
    return score_closing(panel, as_of, run, last, flow_day, measure_closing(panel, last, flow_day, rules), news, gate, rules)


def flow_day_of(run: ClosingRun, day: int, known_flow: int) -> int:
    """Last panel day whose flows a run of ``day`` uses: t-1, in FLOW_FINAL t, never one that was not known (§3.2)."""
    return min(known_flow, day if run is ClosingRun.FLOW_FINAL else day - 1)


def score_closing(
    panel: MarketPanel,
    as_of: AsOf,
    run: ClosingRun,
    day: int,
    flow_day: int,
    measures: ClosingMeasures,
    news: NewsPoints,
    gate: GateReading | None,
    rules: Rules,
) -> ClosingBetScan:
    """Turn one day's measures, news and gate into points, filters, grades, phases and plans under ``rules``.

    Parameters
    ----------
    day, flow_day : int
        What ``measures`` were made with.

    Returns
    -------
    ClosingBetScan
        One entry per symbol of the panel.
    """
    status = GateStatus.UNKNOWN if gate is None else gate.status
    return score_under(panel, as_of, run, day, flow_day, measures, news, status, rules)


def score_under(
    panel: MarketPanel,
    as_of: AsOf,
    run: ClosingRun,
    day: int,
    flow_day: int,
    m: ClosingMeasures,
    news: NewsPoints,
    gate: GateStatus,
    rules: Rules,
) -> ClosingBetScan:
    """As :func:`score_closing`, with the gate's status alone."""
    jongga = rules.jongga
    tradable = m.tradable
    points, status = _components(m, news, jongga)
    points[~tradable] = 0.0
    status[~tradable] = ScoreStatus.MISSING
    rejected = rejections(panel, day, m, news, jongga)

    maxima = component_maxima(rules)
    total = np.where(tradable, round2(points.sum(axis=1)), np.nan)
    coverage = 100.0 * ((status != ScoreStatus.MISSING) @ maxima) / maxima.sum()
    raw_grade = grade12(total, rules)
    caps, grade = _capped(raw_grade, points[:, _NEWS], m.change_pct, tradable, jongga)
    phase = _phases(rejected, grade, coverage, gate, rules)
    if run is ClosingRun.PREVIEW:
        phase[phase == SignalPhase.PENDING] = SignalPhase.WATCH  # the list of 15:00 is for watching only (§3.1)

    candidate = tradable & ((rejected & ~np.uint16(_HARMLESS)) == 0)
    rows = np.flatnonzero(candidate)
    order = rows[np.lexsort((panel.tickers[rows], -m.value_krw[rows], -total[rows]))]
    entry, stop, target = _plans(panel, day, m.close, tradable & (rejected == 0), jongga)
    supply_known = status[:, _SUPPLY] != ScoreStatus.MISSING
    return ClosingBetScan(
        as_of=as_of,
        run=run,
        day_index=day,
        flow_day_index=flow_day,
        ruleset=rules.ruleset_id,
        panel_version=panel.version,
        gate=gate,
        points=points,
        status=status,
        rejected=rejected,
        caps=caps,
        total=total,
        score_pct=round2(100.0 * total / maxima.sum()),
        raw_grade=raw_grade,
        grade=grade,
        coverage=coverage,
        candidate=candidate,
        phase=phase,
        order=order,
        n_bars=m.n_bars,
        open=m.open,
        high=m.high,
        low=m.low,
        close=m.close,
        base=m.base,
        upper_limit=m.upper_limit,
        change_pct=m.change_pct,
        value_krw=m.value_krw,
        value_estimated=m.value_estimated,
        high_250=m.high_250,
        high_60=m.high_60,
        near_high=m.near_high,
        body_pct=m.body_pct,
        close_position=m.close_position,
        body_share=m.body_share,
        period_range_pct=m.period_range_pct,
        period_volume_recent=m.period_volume_recent,
        period_volume=m.period_volume,
        # A sum over fewer days than the rule asks for is no five-day sum.
        foreign_5d_krw=np.where(supply_known, m.foreign_krw, np.nan),
        institution_5d_krw=np.where(supply_known, m.institution_krw, np.nan),
        flow_days=m.flow_days,
        entry_krw=entry,
        stop_krw=stop,
        target_krw=target,
        news_net=news.net,
        news_peak=news.peak,
    )


def component_maxima(rules: Rules) -> FloatArray:
    """Most points each component can earn under ``rules``, in the order of CLOSING_COMPONENTS; 12 in all by default."""
    jongga = rules.jongga
    return np.array(
        [
            CLOSING_MAX[_NEWS],
            jongga.value_krw[0].points,
            jongga.near_high_points + jongga.breakout_points,
            jongga.candle_points,
            jongga.period_points,
            max(jongga.supply_both_points, jongga.supply_sum_points),
        ]
    )


def grade12(totals: FloatArray, rules: Rules) -> npt.NDArray[np.uint8]:
    """Grade totals of the 12-point scale after rounding them to two decimals (§3.5); NaN has grade NONE.

    Returns
    -------
    uint8 array of :class:`~engine.model.scan.Grade`, same shape as ``totals``.
    """
    jongga = rules.jongga
    rounded = round2(totals)
    grades = np.full(rounded.shape, Grade.NONE, dtype=np.uint8)
    grades[~np.isnan(rounded)] = Grade.C
    grades[at_least(rounded, jongga.b_points)] = Grade.B
    grades[at_least(rounded, jongga.a_points)] = Grade.A
    grades[at_least(rounded, jongga.s_points)] = Grade.S
    return grades


def closing_size(scan: ClosingBetScan, row: int, equity_krw: float, rules: Rules) -> int:
    """Shares to buy of one symbol by §3.6: the size rule of §2.11 with 1 % of the day's traded value.

    0 where the symbol is rejected, its grade is C, its coverage too low, or the gate keeps it at WATCH.

    Raises
    ------
    ValidationFailed
        If ``equity_krw`` is not positive.
    """
    if scan.phase[row] != SignalPhase.PENDING:
        return 0
    return position_size(
        equity_krw=equity_krw,
        entry_krw=float(scan.entry_krw[row]),
        stop_krw=float(scan.stop_krw[row]),
        grade=Grade(int(scan.grade[row])),
        mean_value_krw=float(scan.value_krw[row]),
        gate_factor=scan.gate.size_factor(rules.gate.yellow_size),
        thresholds=rules.plan,
    )


def _components(m: ClosingMeasures, news: NewsPoints, jongga: ClosingBetThresholds) -> tuple[FloatArray, npt.NDArray[np.uint8]]:
    """Points and ScoreStatus of the six components (§3.2), arrays of shape (symbols, components)."""
    shape = (len(m.tradable), len(CLOSING_COMPONENTS))
    points = np.zeros(shape)
    status = np.full(shape, ScoreStatus.OK, dtype=np.uint8)

    no_news = (news.status == ScoreStatus.MISSING) | np.isnan(news.points)
    points[:, _NEWS] = np.where(no_news | news.veto, 0.0, news.points)
    status[:, _NEWS] = np.where(no_news, ScoreStatus.MISSING, news.status)

    points[:, _VOLUME] = rising_points(m.value_krw, jongga.value_krw)
    status[m.value_estimated, _VOLUME] = ScoreStatus.PARTIAL
    status[~np.isfinite(m.value_krw), _VOLUME] = ScoreStatus.MISSING

    no_chart = np.isnan(m.high_60)
    near = at_least(m.close, jongga.near_high * m.high_250)
    above = more_than(m.close, m.high_60)
    points[:, _CHART] = np.where(no_chart, 0.0, near * jongga.near_high_points + above * jongga.breakout_points)
    status[m.n_bars < jongga.high_window_bars, _CHART] = ScoreStatus.PARTIAL
    status[no_chart, _CHART] = ScoreStatus.MISSING

    candle = (
        more_than(m.close, m.open)
        & at_least(m.body_pct, jongga.candle_body_pct)
        & at_least(m.close_position, jongga.candle_close_position)
        & at_least(m.body_share, jongga.candle_body_share)
    )
    points[:, _CANDLE] = candle * jongga.candle_points

    rest = at_most(m.period_range_pct, jongga.period_range_pct) & at_most(m.period_volume_recent, m.period_volume)
    points[:, _PERIOD] = rest * jongga.period_points
    status[np.isnan(m.period_range_pct), _PERIOD] = ScoreStatus.MISSING

    known = m.flow_days >= jongga.supply_min_days
    both = more_than(m.foreign_krw, 0.0) & more_than(m.institution_krw, 0.0)
    in_sum = more_than(m.foreign_krw + m.institution_krw, 0.0)
    points[:, _SUPPLY] = np.select([~known, both, in_sum], [0.0, jongga.supply_both_points, jongga.supply_sum_points], 0.0)
    status[m.flow_days < jongga.supply_days, _SUPPLY] = ScoreStatus.PARTIAL
    status[~known, _SUPPLY] = ScoreStatus.MISSING
    return points, status


def _capped(
    raw: npt.NDArray[np.uint8], news: FloatArray, change_pct: FloatArray, tradable: Bools, jongga: ClosingBetThresholds
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Caps whose condition holds, and the grade they leave (§3.5). Missing news stand here with 0 points."""
    caps = np.zeros(len(raw), dtype=np.uint8)
    grade = raw.copy()
    for cap, holds, highest in (
        (Cap.NEWS_ZERO, tradable & ~more_than(news, 0.0), Grade.B),
        (Cap.OVERHEAT, tradable & more_than(change_pct, jongga.overheat_change_pct), Grade.A),
    ):
        caps[holds] |= np.uint8(cap)
        grade[holds] = np.minimum(grade[holds], np.uint8(highest))
    return caps, grade


def _phases(
    rejected: npt.NDArray[np.uint16], grade: npt.NDArray[np.uint8], coverage: FloatArray, gate: GateStatus, rules: Rules
) -> npt.NDArray[np.uint8]:
    """Phase a signal would be stored with. WATCH and PENDING are both OPEN, so below the coverage of §0.3 it is NONE."""
    phase = np.full(len(grade), SignalPhase.NONE, dtype=np.uint8)
    signal = (rejected == 0) & (grade >= Grade.B) & at_least(coverage, rules.vcp.open_coverage)
    lowest = gate.min_grade
    phase[signal] = SignalPhase.WATCH
    if lowest is not None:
        phase[signal & (grade >= lowest)] = SignalPhase.PENDING
    return phase


def _plans(
    panel: MarketPanel, day: int, close: FloatArray, chosen: Bools, jongga: ClosingBetThresholds
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Entry at the close, stop and target cut down to the tick (§3.6); NaN for rejected symbols, which have no plan."""
    entry, stop, target = (np.full(close.shape, np.nan) for _ in range(3))
    rows = np.flatnonzero(chosen)
    if len(rows):
        on, listed = panel.days[day].astype("datetime64[D]").item(), panel.market[rows]
        price = close[rows]
        entry[rows] = price
        stop[rows] = floor_tick((1.0 - jongga.stop_pct / 100.0) * price, listed, on)
        target[rows] = floor_tick((1.0 + jongga.target_pct / 100.0) * price, listed, on)
    return entry, stop, target

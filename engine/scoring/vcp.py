"""VCP and SmartMoney scores of the whole market at one instant (domain.md §§1.3, 2).

:func:`scan` measures every symbol (:mod:`engine.features.vcp_measures`), ranks strength across the eligible pool and turns
measures into points with array operations, so a moved threshold re-scores the market without measuring again
(:func:`score`). Nothing after the as-of instant is read.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.asof.view import KnownDays, known_days
from engine.features.vcp_measures import F, I, VcpMeasures, measure
from engine.model.errors import DataUnavailable
from engine.model.evidence import ItemState
from engine.model.instants import AsOf
from engine.model.instruments import DesignationFlag, Market, SecurityType
from engine.model.panel import FloatArray, MarketPanel
from engine.model.scan import (
    GROUPS,
    ITEM_GROUP,
    ITEM_MAX,
    ITEMS,
    Ineligible,
    ScanFlag,
    ScoreStatus,
    VcpScan,
    VcpState,
)
from engine.scoring.grades import grades_of
from engine.scoring.ladders import falling_points, rising_points
from engine.scoring.order_plan import plan_orders
from engine.scoring.rounding import at_least, at_most, more_than, round2
from engine.scoring.strength import rank_strength
from engine.thresholds import Rules, VcpThresholds

__all__ = ["scan", "score"]

_COL = {item: index for index, item in enumerate(ITEMS)}
Bools = npt.NDArray[np.bool_]


def scan(panel: MarketPanel, as_of: AsOf, rules: Rules) -> VcpScan:
    """Score every symbol of ``panel`` as it was known at ``as_of``.

    Returns
    -------
    VcpScan
        One row per symbol of the panel, in its order.

    Raises
    ------
    DataUnavailable
        If no official bar of the panel was known at ``as_of``.
    """
    known = known_days(panel, as_of)
    if known.bar < 0:
        raise DataUnavailable(
            f"No official daily bar was known at {as_of.day.isoformat()}; the data begin later.",
            key="error.nothing_known",
            day=as_of.day.isoformat(),
        )
    return score(panel, as_of, known, measure_day(panel, known, rules), rules)


def measure_day(panel: MarketPanel, known: KnownDays, rules: Rules) -> VcpMeasures:
    """Measure every symbol of the panel at one day; lanes are the panel's symbols in order."""
    symbols = len(panel.tickers)
    bars = np.count_nonzero(panel.valid[:, : known.bar + 1], axis=1).astype(np.int64)
    return measure(
        panel,
        np.arange(symbols, dtype=np.int64),
        np.full(symbols, known.bar, dtype=np.int64),
        np.full(symbols, known.flow, dtype=np.int64),
        bars,
        rules,
    )


def score(panel: MarketPanel, as_of: AsOf, known: KnownDays, measures: VcpMeasures, rules: Rules) -> VcpScan:
    """Turn one day's measures into points, scores, grades, states and order plans under ``rules``."""
    day = known.bar
    bars = measures.bars
    number, integer = measures.number, measures.integer
    tradable = integer(I.TRADABLE) == 1
    scored = tradable & (bars >= rules.universe.min_bars)
    ineligible = _ineligible(panel, day, bars, tradable, number(F.MEAN_VALUE), rules)
    eligible = ineligible == 0
    rs = rank_strength(np.where(scored, number(F.RS_RAW), np.nan), eligible, rules.vcp.rs_pool_min)

    points = np.zeros((len(bars), len(ITEMS)))
    values = np.full((len(bars), len(ITEMS)), np.nan)
    unknown = np.zeros((len(bars), len(ITEMS)), dtype=bool)
    trend_gate = _score_trend(measures, rs, rules.vcp, points, values, unknown)
    ratio, structure_gate = _score_structure(measures, rules.vcp, points, values)
    dry_ratio = _score_volume(measures, rules.vcp, points, values)
    state, dist = _score_pivot(measures, rules.vcp, points, values)
    _score_strength(rs, rules.vcp, points, values, unknown)
    flow_status = _score_flows(measures, rules, points, values, unknown)

    unscored = ~scored
    vcp_columns = [_COL[item] for item in ITEMS if not item.startswith("SM")]
    for column in vcp_columns:
        points[unscored, column] = 0.0
        values[unscored, column] = np.nan
        unknown[unscored, column] = True
    group_points = np.zeros((len(bars), len(GROUPS)))
    for column, group in enumerate(ITEM_GROUP):
        group_points[:, GROUPS.index(group)] += points[:, column]

    vcp_score = np.where(scored, round2(group_points[:, :6].sum(axis=1)), np.nan)
    flow_known = flow_status != ScoreStatus.MISSING
    smartmoney = np.where(flow_known, round2(group_points[:, 6]), np.nan)
    weight = rules.vcp.vcp_weight
    total = round2(weight * vcp_score + (1.0 - weight) * np.where(flow_known, smartmoney, 0.0))
    grade = grades_of(total, rules.grade)
    coverage = 100.0 * weight * scored + (100.0 - 100.0 * weight) * flow_known

    state = np.where(tradable, np.where(scored, state, VcpState.INSUFFICIENT_HISTORY), VcpState.NOT_TRADABLE).astype(np.uint8)
    trend_gate &= scored
    structure_gate &= scored
    pattern = (
        eligible
        & scored
        & trend_gate
        & structure_gate
        & np.isin(state, (VcpState.NEAR_PIVOT, VcpState.BREAKOUT))
        & at_least(vcp_score, rules.vcp.detect_score)
        & at_least(number(F.MEAN_VALUE), rules.universe.min_mean_value_krw)
    )
    flags = _flags(panel, day, measures, scored, flow_status, rules)
    plan = plan_orders(
        pattern=pattern,
        breakout=state == VcpState.BREAKOUT,
        close=number(F.CLOSE),
        pivot=number(F.PIVOT),
        last_low=number(F.LAST_LOW),
        grade=grade,
        market=panel.market,
        on=panel.days[day].astype("datetime64[D]").item(),
        grades=rules.grade,
        thresholds=rules.plan,
    )
    flags[plan.low_rr] |= np.uint16(ScanFlag.LOW_RR)
    status = np.where(
        scored, np.where(bars >= rules.universe.full_bars, ScoreStatus.OK, ScoreStatus.PARTIAL), ScoreStatus.MISSING
    ).astype(np.uint8)

    raw_close = panel.close_krw[:, day].astype(np.float64)
    base = np.asarray(panel.base_krw[:, day])
    with np.errstate(invalid="ignore", divide="ignore"):
        change = np.where(tradable, 100.0 * (raw_close / base - 1.0), np.nan)

    return VcpScan(
        as_of=as_of,
        day_index=day,
        flow_day_index=known.flow,
        ruleset=rules.ruleset_id,
        panel_version=panel.version,
        status=status,
        state=state,
        ineligible=ineligible,
        flags=flags,
        n_bars=bars.astype(np.int32),
        pattern=pattern,
        trend_gate=trend_gate,
        structure_gate=structure_gate,
        item_value=values,
        item_points=points,
        item_state=_item_states(points, unknown, rules),
        group_points=group_points,
        vcp_score=vcp_score,
        smartmoney_score=smartmoney,
        smartmoney_status=flow_status,
        total_score=total,
        grade=grade,
        coverage=coverage,
        close=np.where(tradable, raw_close, np.nan),
        change_pct=change,
        mean_value_krw=number(F.MEAN_VALUE),
        ma50=number(F.MA50),
        ma150=number(F.MA150),
        ma200=number(F.MA200),
        ma200_before=number(F.MA200_BEFORE),
        low_250=number(F.LOW_250),
        high_250=number(F.HIGH_250),
        rs_raw=number(F.RS_RAW),
        rs=rs,
        theta_pct=number(F.THETA),
        base_start=integer(I.BASE_START),
        base_bars=integer(I.BASE_BARS),
        t_count=integer(I.T_COUNT),
        leg_start=measures.leg_start,
        leg_end=measures.leg_end,
        leg_high=measures.leg_high,
        leg_low=measures.leg_low,
        pivot=number(F.PIVOT),
        last_low=number(F.LAST_LOW),
        contraction_ratio=ratio,
        dist_pct=dist,
        vol_ratio=number(F.VOL_RATIO),
        dry_ratio=dry_ratio,
        v5=number(F.V5),
        v50=number(F.V50),
        v_lowest=number(F.V_LOWEST),
        v_last_leg=number(F.V_LAST_LEG),
        v_first_leg=number(F.V_FIRST_LEG),
        max_close_5=number(F.MAX_C5),
        min_close_5=number(F.MIN_C5),
        mean_close_5=number(F.MEAN_C5),
        flow_days=integer(I.FLOW_DAYS),
        flow_positive_days=integer(I.FLOW_POSITIVE_DAYS),
        flow_in_shares=integer(I.FLOW_IN_SHARES) == 1,
        flow_foreign=number(F.FLOW_F),
        flow_institution=number(F.FLOW_I),
        flow_turnover=number(F.FLOW_TURNOVER),
        foreign_5d_krw=number(F.FLOW_FOREIGN_KRW),
        foreign_5d_shares=number(F.FLOW_FOREIGN_SH),
        institution_5d_krw=number(F.FLOW_INST_KRW),
        institution_5d_shares=number(F.FLOW_INST_SH),
        entry_krw=plan.entry,
        stop_krw=plan.stop,
        target_krw=plan.target,
        reward_risk=plan.reward_risk,
    )


def _ineligible(
    panel: MarketPanel, day: int, bars: npt.NDArray[np.int64], tradable: Bools, mean_value: FloatArray, rules: Rules
) -> npt.NDArray[np.uint16]:
    """Reasons against the VCP universe, as a bit mask per symbol (§1.3, VCP column)."""
    reasons = np.zeros(len(bars), dtype=np.uint16)
    designation = panel.designation[:, day]
    universe = rules.universe
    listed = (panel.market == Market.KOSPI) | (panel.market == Market.KOSDAQ)
    reasons[~listed] |= np.uint16(Ineligible.MARKET)
    reasons[panel.security_type != SecurityType.COMMON] |= np.uint16(Ineligible.TYPE)
    reasons[(designation & int(DesignationFlag.HALT | DesignationFlag.CLEANUP)) != 0] |= np.uint16(Ineligible.HALTED)
    reasons[(designation & int(DesignationFlag.ADMIN | DesignationFlag.CAUTION_ISSUE)) != 0] |= np.uint16(Ineligible.DESIGNATED)
    reasons[tradable & ~at_least(panel.close_krw[:, day].astype(np.float64), universe.min_close_krw)] |= np.uint16(
        Ineligible.PRICE_LT_1000
    )
    reasons[np.isnan(mean_value)] |= np.uint16(Ineligible.VALUE_UNKNOWN)
    reasons[~np.isnan(mean_value) & ~at_least(mean_value, universe.min_mean_value_krw)] |= np.uint16(Ineligible.VALUE_LT_1B)
    reasons[~tradable] |= np.uint16(Ineligible.NOT_TRADABLE)
    reasons[bars < universe.min_bars] |= np.uint16(Ineligible.BARS_LT_60)
    return reasons


def _score_trend(
    measures: VcpMeasures, rs: FloatArray, rules: VcpThresholds, points: FloatArray, values: FloatArray, unknown: Bools
) -> Bools:
    """Trend template T1-T8 (§2.3). A missing average makes a condition unknown, which counts as false."""
    number = measures.number
    close, ma50, ma150, ma200 = number(F.CLOSE), number(F.MA50), number(F.MA150), number(F.MA200)
    before = number(F.MA200_BEFORE)
    enough = measures.bars >= 200
    low = np.where(enough, number(F.LOW_250), np.nan)
    high = np.where(enough, number(F.HIGH_250), np.nan)
    conditions: tuple[tuple[str, Bools, FloatArray], ...] = (
        ("T1", more_than(close, ma150) & more_than(close, ma200), _excess_pct(close, np.maximum(ma150, ma200))),
        ("T2", more_than(ma150, ma200), _excess_pct(ma150, ma200)),
        ("T3", more_than(ma200, before), _excess_pct(ma200, before)),
        ("T4", more_than(ma50, ma150) & more_than(ma50, ma200), _excess_pct(ma50, np.maximum(ma150, ma200))),
        ("T5", more_than(close, ma50), _excess_pct(close, ma50)),
        ("T6", at_least(close, rules.low_multiple * low), _excess_pct(close, low)),
        ("T7", at_least(close, rules.high_fraction * high), _excess_pct(close, high)),
        ("T8", at_least(rs, rules.rs_min), rs),
    )
    gate = np.ones(len(close), dtype=bool)
    for item, passed, value in conditions:
        column = _COL[item]
        values[:, column] = value
        unknown[:, column] = np.isnan(value)
        points[passed, column] = rules.rs_min_points if item == "T8" else rules.trend_points
        gate &= passed
    return gate


def _excess_pct(value: FloatArray, reference: FloatArray) -> FloatArray:
    """How far a value is above a reference, in percent; NaN where either is missing."""
    return np.asarray(100.0 * (value / reference - 1.0), dtype=np.float64)


def _score_structure(
    measures: VcpMeasures, rules: VcpThresholds, points: FloatArray, values: FloatArray
) -> tuple[FloatArray, Bools]:
    """Structure B1-B4 and its gate (§2.6). Returns (contraction ratio, gate)."""
    count = measures.integer(I.T_COUNT)
    length = measures.integer(I.BASE_BARS).astype(np.float64)
    lanes = np.arange(len(count))
    last = np.maximum(count - 1, 0)
    with np.errstate(invalid="ignore"):
        first_depth = _depth(measures.leg_high[:, 0], measures.leg_low[:, 0])
        last_depth = _depth(measures.leg_high[lanes, last], measures.leg_low[lanes, last])
    has_two = count >= 2
    ratio = np.where(has_two, last_depth / first_depth, np.nan)

    values[:, _COL["B1"]] = count
    for legs, earned in rules.count_points:
        points[count == legs, _COL["B1"]] = earned
    mean_ratio = measures.number(F.MEAN_RATIO)
    values[:, _COL["B2"]] = mean_ratio
    points[:, _COL["B2"]] = falling_points(mean_ratio, rules.mean_ratio)
    values[:, _COL["B3"]] = first_depth
    column = points[:, _COL["B3"]]
    in_range = at_least(first_depth, rules.first_depth_low_pct)
    column[in_range & at_most(first_depth, rules.first_depth_max_pct)] = rules.first_depth_part_points
    column[in_range & at_most(first_depth, rules.first_depth_full_pct)] = rules.first_depth_points
    values[:, _COL["B4"]] = length
    column = points[:, _COL["B4"]]
    column[length >= rules.base_short_bars] = rules.base_part_points
    column[(length >= rules.base_full_bars) & (length <= rules.base_long_bars)] = rules.base_points
    column[count == 0] = 0.0

    gate = (
        has_two
        & (count <= 6)
        & at_most(first_depth, rules.first_depth_max_pct)
        & at_most(last_depth, rules.gate_last_depth_pct)
        & at_most(last_depth, rules.gate_last_to_first * first_depth)
        & (length >= rules.base_short_bars)
    )
    values[:, _COL["D2"]] = np.where(has_two, last_depth, np.nan)
    points[:, _COL["D2"]] = np.where(has_two, falling_points(last_depth, rules.last_depth_pct), 0.0)
    return ratio, gate


def _depth(high: FloatArray, low: FloatArray) -> FloatArray:
    return np.asarray(100.0 * (high - low) / high, dtype=np.float64)


def _score_volume(measures: VcpMeasures, rules: VcpThresholds, points: FloatArray, values: FloatArray) -> FloatArray:
    """Dry-up C1-C3 and the close range D1 (§2.7). Returns v5/v50."""
    number = measures.number
    dry = np.asarray(number(F.V5) / number(F.V50))
    values[:, _COL["C1"]] = dry
    points[:, _COL["C1"]] = falling_points(dry, rules.dry_ratio)
    legs = np.asarray(number(F.V_LAST_LEG) / number(F.V_FIRST_LEG))
    values[:, _COL["C2"]] = legs
    column = points[:, _COL["C2"]]
    column[more_than(np.ones_like(legs), legs)] = rules.leg_volume_part_points
    column[at_most(legs, rules.leg_volume_full)] = rules.leg_volume_full_points
    quiet = np.asarray(number(F.V_LOWEST) / number(F.V50))
    values[:, _COL["C3"]] = quiet
    points[at_most(quiet, rules.quiet_day_ratio), _COL["C3"]] = rules.quiet_day_points
    span = np.asarray(100.0 * (number(F.MAX_C5) - number(F.MIN_C5)) / number(F.MEAN_C5))
    values[:, _COL["D1"]] = span
    points[:, _COL["D1"]] = falling_points(span, rules.close_range_pct)
    return dry


def _score_pivot(
    measures: VcpMeasures, rules: VcpThresholds, points: FloatArray, values: FloatArray
) -> tuple[npt.NDArray[np.uint8], FloatArray]:
    """State and pivot points E (§2.8): the first row of the table that fits."""
    number = measures.number
    close, pivot, last_low, volume = number(F.CLOSE), number(F.PIVOT), number(F.LAST_LOW), number(F.VOL_RATIO)
    count = measures.integer(I.T_COUNT)
    dist = np.asarray(100.0 * (pivot - close) / pivot)
    above = more_than(close, pivot)
    conditions = [
        count < 2,
        more_than(last_low, close),
        above & more_than(-dist, rules.max_extension_pct),
        above & at_least(volume, rules.breakout_volume),
        above,
        at_most(dist, rules.near_pivot_pct[-1].threshold),
    ]
    states = [
        VcpState.NO_BASE,
        VcpState.FAILED,
        VcpState.EXTENDED,
        VcpState.BREAKOUT,
        VcpState.BREAKOUT_UNCONFIRMED,
        VcpState.NEAR_PIVOT,
    ]
    state = np.select(conditions, [np.uint8(s) for s in states], default=np.uint8(VcpState.FORMING)).astype(np.uint8)
    by_distance = np.where(
        state == VcpState.NEAR_PIVOT, falling_points(dist, rules.near_pivot_pct), falling_points(dist, rules.forming_pct)
    )
    points[:, _COL["E1"]] = np.select(
        [
            state == VcpState.BREAKOUT,
            state == VcpState.BREAKOUT_UNCONFIRMED,
            (state == VcpState.NEAR_PIVOT) | (state == VcpState.FORMING),
        ],
        [rules.breakout_points, rules.unconfirmed_points, by_distance],
        default=0.0,
    )
    values[:, _COL["E1"]] = dist
    return state, dist


def _score_strength(rs: FloatArray, rules: VcpThresholds, points: FloatArray, values: FloatArray, unknown: Bools) -> None:
    """Relative strength points F (§2.4)."""
    column = _COL["F1"]
    values[:, column] = rs
    unknown[:, column] = np.isnan(rs)
    points[:, column] = rising_points(rs, rules.rs_ladder)


def _score_flows(
    measures: VcpMeasures, rules: Rules, points: FloatArray, values: FloatArray, unknown: Bools
) -> npt.NDArray[np.uint8]:
    """SmartMoney SM1-SM4 (§2.10). Returns OK, PARTIAL or MISSING per symbol."""
    thresholds = rules.smartmoney
    foreign, institution = measures.number(F.FLOW_F), measures.number(F.FLOW_I)
    turnover = measures.number(F.FLOW_TURNOVER)
    days = measures.integer(I.FLOW_DAYS)
    known = (days >= thresholds.min_days) & (turnover > 0.0)
    status = np.where(
        known, np.where(days >= thresholds.window_days, ScoreStatus.OK, ScoreStatus.PARTIAL), ScoreStatus.MISSING
    ).astype(np.uint8)
    with np.errstate(invalid="ignore", divide="ignore"):
        foreign_pct = np.where(known, 100.0 * foreign / turnover, np.nan)
        institution_pct = np.where(known, 100.0 * institution / turnover, np.nan)
    for item, pct, total, ladder, positive in (
        ("SM1", foreign_pct, foreign, thresholds.foreign_pct, thresholds.foreign_positive_points),
        ("SM2", institution_pct, institution, thresholds.institution_pct, thresholds.institution_positive_points),
    ):
        column = points[:, _COL[item]]
        column[known & (total > 0.0)] = positive
        column[:] = np.maximum(column, rising_points(pct, ladder))
        values[:, _COL[item]] = pct
    positive_days = np.where(known, measures.integer(I.FLOW_POSITIVE_DAYS).astype(np.float64), np.nan)
    values[:, _COL["SM3"]] = positive_days
    points[:, _COL["SM3"]] = rising_points(positive_days, thresholds.persistence)
    both = known & (foreign > 0.0) & (institution > 0.0)
    values[:, _COL["SM4"]] = np.where(known, both.astype(np.float64), np.nan)
    points[both, _COL["SM4"]] = thresholds.double_buy_points
    for item in ("SM1", "SM2", "SM3", "SM4"):
        unknown[:, _COL[item]] = ~known
    return status


def _flags(
    panel: MarketPanel,
    day: int,
    measures: VcpMeasures,
    scored: Bools,
    flow_status: npt.NDArray[np.uint8],
    rules: Rules,
) -> npt.NDArray[np.uint16]:
    """Remarks that change no score, as a bit mask per symbol."""
    flags = np.zeros(len(scored), dtype=np.uint16)
    designation = panel.designation[:, day]
    for mark, flag in (
        (DesignationFlag.WARNING, ScanFlag.WARNING),
        (DesignationFlag.DANGER, ScanFlag.DANGER),
        (DesignationFlag.OVERHEAT, ScanFlag.OVERHEAT),
    ):
        flags[(designation & int(mark)) != 0] |= np.uint16(flag)
    flags[flow_status == ScoreStatus.MISSING] |= np.uint16(ScanFlag.SM_MISSING)
    flags[flow_status == ScoreStatus.PARTIAL] |= np.uint16(ScanFlag.SM_PARTIAL)
    flags[measures.integer(I.VALUE_ESTIMATED) == 1] |= np.uint16(ScanFlag.VALUE_ESTIMATED)
    in_shares = (measures.integer(I.FLOW_IN_SHARES) == 1) & (flow_status != ScoreStatus.MISSING)
    flags[in_shares] |= np.uint16(ScanFlag.FLOW_SHARES)
    flags[scored & (measures.bars < rules.universe.full_bars)] |= np.uint16(ScanFlag.PARTIAL_HISTORY)
    return flags


def item_maxima(rules: Rules) -> FloatArray:
    """Most points each item can earn under ``rules``, in the order of ITEMS."""
    maxima = np.array(ITEM_MAX, dtype=np.float64)
    vcp, flow = rules.vcp, rules.smartmoney
    changes = {
        **{f"T{i}": vcp.trend_points for i in range(1, 8)},
        "T8": vcp.rs_min_points,
        "B1": max(earned for _, earned in vcp.count_points),
        "B2": vcp.mean_ratio[0].points,
        "B3": vcp.first_depth_points,
        "B4": vcp.base_points,
        "C1": vcp.dry_ratio[0].points,
        "C2": vcp.leg_volume_full_points,
        "C3": vcp.quiet_day_points,
        "D1": vcp.close_range_pct[0].points,
        "D2": vcp.last_depth_pct[0].points,
        "E1": max(vcp.breakout_points, vcp.near_pivot_pct[0].points),
        "F1": vcp.rs_ladder[0].points,
        "SM1": flow.foreign_pct[0].points,
        "SM2": flow.institution_pct[0].points,
        "SM3": flow.persistence[0].points,
        "SM4": flow.double_buy_points,
    }
    for item, maximum in changes.items():
        maxima[_COL[item]] = maximum
    return maxima


def _item_states(points: FloatArray, unknown: Bools, rules: Rules) -> npt.NDArray[np.uint8]:
    maxima = item_maxima(rules)
    states = np.full(points.shape, ItemState.FAILED, dtype=np.uint8)
    states[points > 0.0] = ItemState.PARTIAL
    states[at_least(points, maxima[np.newaxis, :])] = ItemState.PASSED
    states[unknown] = ItemState.UNKNOWN
    return states

"""Names of everything an answer about a stock may state, and what each of them means.

A fact's name together with its ticker, its day and its target says how the value is read again. Plans and records of several
strategies share a name; ``target.strategy`` (and ``target.item``, the grade of a record) tells them apart.
"""

from __future__ import annotations

from engine.model.closing import CLOSING_COMPONENTS
from engine.model.daytrade import DAY_ITEMS
from engine.model.scan import ITEMS

__all__ = ["CLOSING_EVIDENCE", "NAMES"]

CLOSING_EVIDENCE: tuple[str, ...] = ("N1", "V1", "H1", "H2", "K1", "K2", "K3", "P1", "P2", "S1")
"""Evidence items of the closing bet."""

_FIXED: dict[str, str] = {
    # what is looked at
    "as_of": "instant looked at",
    "stock.name": "name of the symbol in the answer's language",
    "stock.code": "ticker",
    "stock.market": "market: KOSPI, KOSDAQ, KONEX",
    "stock.sector": "sector as stored",
    "stock.designation": "marks of the exchange: HALT, ADMIN, WARNING ...",
    # the official daily bar of ``day``
    "bar.time": "official close of the bar's day, exchange time",
    "bar.close": "closing price, won as traded",
    "bar.open": "opening price, won as traded",
    "bar.high": "highest price, won as traded",
    "bar.low": "lowest price, won as traded",
    "bar.base": "base price of the day",
    "bar.change_pct": "close against the base price",
    "bar.volume": "shares traded",
    "bar.value": "traded value in won; an estimate where no source gave it (then with a formula)",
    "bar.high_250": "highest price of up to 250 valid bars, in the price scale of the bar",
    "bar.high_bars": "number of valid bars bar.high_250 was taken from",
    "bar.from_high_pct": "close against bar.high_250",
    "bar.valid_bars": "valid bars known up to the instant",
    "bar.upper_limit": "upper price limit of the bar's day",
    "bar.lower_limit": "lower price limit of the bar's day",
    "bar.volume_mean": "mean adjusted volume of the bars before",
    "bar.volume_mean_bars": "number of bars of bar.volume_mean",
    "bar.volume_ratio": "volume of the bar against bar.volume_mean",
    "bar.extreme": "highest or lowest adjusted price of the year or of named days",
    "bar.extreme_day": "day of a highest or lowest price",
    "bar.from_extreme_pct": "last close against bar.extreme",
    "ma.bars": "bars of a moving average",
    "ma.value": "mean of the last adjusted closes",
    "ma.gap_pct": "last close against ma.value",
    "bar.halted_since": "first day without trading after the last valid bar",
    "bar.first_close": "adjusted close of the first bar of an interval",
    "bar.return_pct": "adjusted return between the closes of two bars",
    # the running day
    "quote.price": "last price of the running day",
    "quote.time": "exchange time of quote.price",
    "quote.age": "seconds between quote.time and now",
    "quote.change_pct": "quote.price against the base price",
    "quote.volume": "shares traded so far",
    "quote.value": "won traded so far",
    # confirmed flows, won
    "flow.foreign": "net buying of foreigners on ``day``",
    "flow.institution": "net buying of institutions on ``day``",
    "flow.pension": "net buying of pension funds on ``day`` (part of institutions)",
    "flow.foreign_5d": "sum over the days of the window with records",
    "flow.institution_5d": "sum over the days of the window with records",
    "flow.pension_5d": "sum over the days of the window with records",
    "flow.foreign_sum": "sum over the traded days of a named interval with records",
    "flow.institution_sum": "sum over the traded days of a named interval with records",
    "flow.pension_sum": "sum over the traded days of a named interval with records",
    "flow.sum_days": "traded days of the named interval",
    "flow.sum_known_days": "days of the named interval with records",
    "flow.sum_both_days": "days of the named interval with joint net buying",
    "flow.window": "days of the window: the last valid bars whose flows were known",
    "flow.known_days": "days of the window with records",
    "flow.both_days": "days of the window with net buying of foreigners and institutions together",
    "flow.day": "last day with a record",
    # VCP
    "vcp.total": "total score",
    "vcp.grade": "grade",
    "vcp.state": "state against the pivot",
    "vcp.pattern": "YES where a pattern is detected",
    "vcp.score": "VCP part, of 100",
    "vcp.smartmoney": "SmartMoney part, of 100",
    "vcp.weight": "weight of the VCP part",
    "vcp.smartmoney_weight": "weight of the SmartMoney part",
    "vcp.score_part": "vcp.score x vcp.weight",
    "vcp.smartmoney_part": "vcp.smartmoney x vcp.smartmoney_weight",
    "vcp.coverage": "percent of the maxima with data",
    "vcp.pivot": "pivot price",
    "vcp.pivot_distance_pct": "distance from the close up to the pivot",
    "vcp.pivot_beyond_pct": "distance of the close above the pivot",
    "vcp.rs": "relative strength, percentile rank in the universe",
    "vcp.leg_depth": "depth of one contraction, in their order",
    "vcp.detect_score": "VCP part a detected pattern needs",
    "vcp.gate.trend": "whether the trend template holds: YES, NO",
    "vcp.gate.structure": "whether the structure holds: YES, NO",
    "vcp.gate.count": "contractions found",
    "vcp.gate.first_depth": "depth of the first contraction",
    "vcp.gate.first_depth.need": "most the gate allows",
    "vcp.gate.last_depth": "depth of the last contraction",
    "vcp.gate.last_depth.need": "most the gate allows",
    "vcp.gate.ratio": "depth of the last contraction as a share of the first",
    "vcp.gate.ratio.need": "most the gate allows",
    "vcp.gate.base_bars": "bars of the base",
    "vcp.gate.base_bars.need": "fewest the gate allows",
    "vcp.ineligible": "why the symbol is outside the universe",
    "vcp.flag": "remark on the score",
    "vcp.trend.passed": "conditions of the trend template that hold",
    "vcp.trend.count": "conditions of the trend template",
    # closing bet
    "closing.total": "total of the six components",
    "closing.max": "most points",
    "closing.grade": "grade after the caps",
    "closing.raw_grade": "grade before the caps",
    "closing.cap": "cap on the grade that applies",
    "closing.run": "run of the day",
    "closing.day": "day of the bar that was scored",
    "closing.filter": "mandatory filter that is not met",
    "closing.filter.value": "measured value of a filter that is not met",
    "closing.filter.need": "what the filter asks for (lower end of a range)",
    "closing.filter.high": "upper end of the filter's range",
    "closing.signal": "NONE, WATCH, PENDING",
    # day trading
    "day.score": "score, of 100",
    "day.raw": "points earned",
    "day.max": "most points",
    "day.grade": "grade",
    "day.time": "instant of the quotes",
    "day.ban": "why no new position may be opened now",
    # order plan of target.strategy
    "plan.entry": "planned entry",
    "plan.stop": "stop",
    "plan.target": "price target",
    "plan.stop_pct": "stop against entry",
    "plan.target_pct": "target against entry",
    "plan.reward_risk": "(target - entry) / (entry - stop)",
    "plan.qty": "shares by the size rule for the account of the settings",
    "plan.cap_pct": "most of the account in one position of this grade, before the gate",
    # market gate
    "gate.status": "GREEN, YELLOW, RED, UNKNOWN",
    "gate.score": "score of the gate",
    "gate.size": "factor on the size of new positions",
    "gate.min_grade": "lowest grade of a new order",
    # record of target.strategy and target.item
    "record.grade": "grade the record is of",
    "record.n": "closed cases",
    "record.mean_net": "mean net return per case",
    "record.low": "lower end of the interval of the mean",
    "record.high": "upper end of the interval of the mean",
    "record.base": "mean net return of the market's eligible stocks on the same days",
    "record.win_rate": "share of cases with a gain",
    "record.first_day": "first day of the record",
    "record.last_day": "last day of the record",
    "record.tries": "rule sets tried on these data",
    # near misses of target.strategy
    "near.item": "item that is short",
    "near.value": "where it stands",
    "near.need": "what it must reach",
    "near.gap": "need minus value",
    "near.gap_pct": "gap against the value",
    "near.grade": "grade that would be reached",
    # what changed a grade, of target.strategy
    "diff.from": "earlier instant",
    "diff.grade_before": "grade then",
    "diff.grade_after": "grade now",
    "diff.score_before": "score then",
    "diff.score_after": "score now",
    "diff.change": "score now minus score then",
    "diff.effect": "effect of one item in points of the score",
    "diff.before": "value of the item then",
    "diff.after": "value of the item now",
    # stored signals of target.strategy
    "signal.date": "day of the signal",
    "signal.grade": "grade",
    "signal.score": "score",
    "signal.status": "OPEN, CLOSED",
    "signal.net_pct": "net return of a closed signal by the rules",
    # news
    "news.points": "news points, 0-3",
    "news.clusters": "scored clusters of the last days",
    "news.net": "sum of the effects",
    "news.title": "title of an article, quoted",
    "news.source": "press of an article, quoted",
    "news.published": "publication time",
    "news.effect": "points x weight of a cluster",
    "news.veto": "YES where severely bad news are on hand",
    # comparison
    "compare.gap": "difference of the same quantity of two symbols, first minus second",
    # offers
    "alert.value": "value of an alert as the user wrote it",
}

_ITEM_PARTS: dict[str, str] = {
    "value": "measured value",
    "threshold": "next rung that would give more points (lower end of a range)",
    "high": "upper end of a range",
    "margin": "value against the threshold",
    "points": "points earned",
    "max": "most points",
}

NAMES: dict[str, str] = dict(_FIXED)
"""Every name with its meaning."""
for _prefix, _items in (("vcp", ITEMS), ("closing", CLOSING_EVIDENCE), ("day", DAY_ITEMS)):
    for _item in _items:
        for _part, _meaning in _ITEM_PARTS.items():
            NAMES[f"{_prefix}.item.{_item}.{_part}"] = f"{_meaning} of item {_item}"
for _group in ("A", "B", "C", "D", "E", "F", "SM"):
    NAMES[f"vcp.group.{_group}"] = f"points of the items of group {_group}"
    NAMES[f"vcp.group.{_group}.max"] = f"most points of group {_group}"
for _component in CLOSING_COMPONENTS:
    NAMES[f"closing.component.{_component}"] = f"points of the component {_component}"
    NAMES[f"closing.component.{_component}.max"] = f"most points of the component {_component}"

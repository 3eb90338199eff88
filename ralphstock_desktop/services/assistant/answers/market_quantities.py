"""The closed list of what answers about the market, signals, records, news, rules and the program may state, with its meaning.

A fact of these answers has one of these names; a name says how its value is read again (from which picture, array or rule).
"""

from __future__ import annotations

import dataclasses

from engine.model.gate import GATE_COMPONENTS
from engine.threshold_spec import Rung
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.services.filters.scan_words import NUMBER_FIELDS

__all__ = ["NAMES", "SCORES", "STRATEGY_PANELS", "rule_names"]

SCORES = {
    "VCP": ("vcp.grade", "vcp.total"),
    "CLOSING_BET": ("closing.grade", "closing.total"),
    "DAY_TRADE": ("day.grade", "day.score"),
}
"""Names of grade and score of a strategy."""
STRATEGY_PANELS = {"VCP": "signals", "CLOSING_BET": "closing", "DAY_TRADE": "day_scanner"}
"""Panel that lists the signals of a strategy."""


def rule_names() -> tuple[str, ...]:
    """Dotted names of every number of the rule book; rungs of ladders as ``<ladder>.<n>`` and ``<ladder>.<n>.points``."""
    found = []
    for section in dataclasses.fields(DEFAULT_RULES):
        group = getattr(DEFAULT_RULES, section.name)
        for item in dataclasses.fields(group):
            value, name = getattr(group, item.name), f"{section.name}.{item.name}"
            if isinstance(value, int | float) and not isinstance(value, bool):
                found.append(name)
            elif isinstance(value, tuple) and value and isinstance(value[0], Rung):
                found += [f"{name}.{number}{end}" for number in range(len(value)) for end in ("", ".points")]
            elif isinstance(value, tuple) and value and isinstance(value[0], float):
                found += [f"{name}.{number}" for number in range(len(value))]
    return tuple(found)


_GATE = {
    "gate.status": "status word of the gate's reading",
    "gate.score": "score of the gate, 0-100",
    "gate.coverage": "percent of the gate's maxima that could be judged",
    "gate.shock": "lower of the two indices' day changes, percent",
    "gate.breadth_known": "stocks the breadth was counted over",
    "gate.breadth_above": "stocks above their average",
    "gate.flow_day": "last day of the foreign-flow window",
    "gate.size_factor": "factor of new positions under the gate's status",
    "gate.min_grade": "lowest grade of a new order under the gate's status",
    "gate.sectors": "number of sectors with a change",
    **{f"gate.points.{name}": f"points of the component {name}" for name in GATE_COMPONENTS},
    **{f"gate.max.{name}": f"maximum points of the component {name}" for name in GATE_COMPONENTS},
    **{f"gate.value.{name}": f"measured value of the component {name}" for name in GATE_COMPONENTS},
    "gate.tests": "number of tests of an index",
    "history.status": "gate status at the official close of a day",
    "history.score": "gate score at the official close of a day",
    "history.coverage": "gate coverage at the official close of a day",
    "history.close": "index level at the close of a day",
    "history.change": "change of an index against the close before, percent",
    "history.days": "days shown in the chart of the gate's score",
    "history.first_day": "first day of the chart",
    "history.last_day": "last day of the chart",
    "index.close": "level of an index or rate",
    "index.change": "change of an index or rate against the day before, percent",
    "index.day": "day of an index level",
    "market.open": "begin of the regular session, exchange time",
    "market.close": "end of the regular session, exchange time",
    "market.official": "when the official daily bar is known, exchange time",
    "market.rose": "stocks that closed above their base price",
    "market.fell": "stocks that closed below their base price",
    "market.same": "stocks that closed at their base price",
    "market.high": "highest close of an index over the last bars",
    "market.low": "lowest close of an index over the last bars",
    "market.low_gap": "last close of an index against market.low, percent",
    "market.high_gap": "last close of an index against market.high, percent",
    "market.return": "change of an index from the close before the days asked about, percent",
    "market.average_bars": "days of an average of an index",
    "market.average": "mean of the last closes of an index",
    "market.average_gap": "last close of an index against market.average, percent",
    "sector.name": "name of a sector",
    "sector.change": "median change of a sector's members, percent",
    "sector.return_5d": "median five-day return of a sector's members, percent",
    "sector.rank": "rank of a sector by five-day return",
    "sector.members": "eligible members of a sector",
}
_SIGNALS = {
    "stock.name": "name of a symbol",
    "stock.code": "code of a symbol",
    "signal.count": "signals of a strategy",
    "signal.count_grade": "signals of a strategy of one grade",
    "signal.shown": "signals listed",
    "vcp.grade": "grade of a VCP total",
    "vcp.total": "VCP total, 0-100",
    "closing.grade": "grade of a closing bet after its caps",
    "closing.total": "points of a closing bet",
    "closing.candidates": "stocks that pass the filters on price, traded value and change",
    "day.grade": "grade of a day-trading checklist",
    "day.score": "score of a day-trading checklist, 0-100",
    "diff.change": "score now minus score of the trading day before",
    "diff.grade_before": "grade of a signal at the close of the trading day before",
    "diff.score_before": "its total then",
    "diff.count": "signals that are new, gone or graded otherwise",
    "signal.change": "day's change of the symbol, percent",
    "signal.entry": "planned entry, won",
    "signal.stop": "stop, won",
    "signal.target": "target, won",
    "signal.day": "day of a signal",
    "signal.grade": "grade a stored signal was stored with",
    "signal.score": "score it was stored with",
    "signal.stored": "stored open signals of a strategy",
    "signal.net": "net result of a stored signal's trade, percent",
    "signal.run": "run of the day's closing-bet scan",
    "near.count": "symbols one item short of the next grade",
    "near.grade": "grade of a near miss",
    "near.next": "grade a near miss would reach",
    "near.field": "what would have to happen, as the near-miss list says it",
}
_RECOMMEND = {
    "recommend.list": "how many recommendations the service lists",
    "recommend.most": "most recommendations that may be asked for",
    "recommend.rank": "place in the list",
    "recommend.grade": "grade of a recommendation",
    "recommend.score": "comparable score, 0-100",
    "recommend.scale": "score in the strategy's own scale",
    "recommend.entry": "entry of a recommendation, won",
    "recommend.stop": "stop of a recommendation, won",
    "recommend.target": "target of a recommendation, won",
    "recommend.qty": "quantity of a recommendation, shares",
    "recommend.weight": "largest share of the account, percent",
    "recommend.day": "signal day of a recommendation",
    "recommend.reason": "why a symbol is listed, as the recommendation list says it",
}
_RECORD = {
    "record.grade": "grade a record belongs to",
    "record.first": "first day a record counts",
    "record.last": "last day a record counts",
    "record.n": "closed cases of a record",
    "record.mean_net": "mean net return of a record, percent",
    "record.low": "lower end of the interval of the mean",
    "record.high": "upper end of the interval of the mean",
    "record.win_rate": "share of wins, percent",
    "record.base": "mean net return of the eligible market on the same days, percent",
    "record.excess": "mean of net return minus base, percent",
    "record.excess_low": "lower end of its interval",
    "record.excess_high": "upper end of its interval",
    "record.tries": "rule sets tried on these data so far",
    "record.first_day": "first day of a record",
    "record.last_day": "last day of a record",
    "record.note": "what a record rests on, as the performance panel says it",
    "backtest.count": "stored backtests known at the instant",
    "backtest.name": "name of a stored backtest",
    "backtest.trades": "trades of a stored backtest",
    "backtest.win_rate": "share of wins of a stored backtest, percent",
    "backtest.total_return": "cumulative return of a stored backtest, percent",
    "backtest.max_drawdown": "largest drawdown of a stored backtest, percent",
    "backtest.sharpe": "Sharpe ratio of a stored backtest",
    "backtest.cutoff": "last day of a stored backtest's data",
    "backtest.note": "what a stored backtest rests on",
}
_NEWS = {
    "news.count": "pieces of news found",
    "news.articles": "articles they were told in",
    "news.toned": "symbols whose news count for them, or against them",
    "news.net": "net effect of the recent news of a symbol",
    "news.title": "title of an article, as its writer wrote it",
    "news.source": "press of an article",
    "news.published": "publication time of an article",
    "news.versions": "articles telling the same piece of news",
    "news.points": "points of the news of a symbol, 0-3",
    "news.words": "words searched for, as the user wrote them",
}
_REST = {
    "as_of": "instant the answer belongs to",
    "screen.list": "how many symbols meet a condition",
    "screen.eligible": "of those, symbols in the VCP universe",
    "screen.shown": "symbols listed",
    "screen.filter": "the condition, as it was read",
    "screen.problem": "why a condition could not be read",
    **{f"screen.{name}": f"value of the signal table's field {name}" for name in (*NUMBER_FIELDS, "grade")},
    "rank.bars": "bars of a high or low of the year",
    "rank.day": "day an order of symbols is of",
    "rank.place": "place in an order of symbols",
    "rank.price": "close of a symbol on the last day of the order, won",
    "rank.change": "change of a symbol on the last day of the order, percent",
    "rank.return": "adjusted return over the days of the order, percent",
    "rank.value": "traded value over the days of the order, won; estimated where no source gave it",
    "rank.volume": "adjusted shares traded over the days of the order",
    "rank.foreign": "net buying of foreigners over the days of the order, won",
    "rank.institution": "net buying of institutions over the days of the order, won",
    "rank.rs": "relative strength, percentile rank",
    "rank.vol_ratio": "volume against its average, as the scan has it",
    "help.figure": "number or key as the help page says it",
    "help.topic": "title of a section of the help",
    "panel.title": "title of a panel with its number",
    "maxima": "largest points of a group or component under the rules",
    "asked.number": "number the user wrote himself",
    "asked.day": "day the user asked about",
}
NAMES: dict[str, str] = {
    **_GATE,
    **_SIGNALS,
    **_RECOMMEND,
    **_RECORD,
    **_NEWS,
    **_REST,
    **{f"rule.{name}": f"threshold {name} of the rule book" for name in rule_names()},
}
"""Every name with its meaning."""

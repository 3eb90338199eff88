"""The closing bet and its plain twin say the same: recorded days with news and the real gate, and ugly random markets."""

from __future__ import annotations

import math
import random
from datetime import date, datetime, time

import numpy as np
import plain_gate
import pytest
import twin
from compare import Differences, name_of, names_in
from headlines import Item, as_news_item, random_items
from plain_closing import MAXIMA, ClosingResult, News, evaluate_closing, ordered
from plain_news import evaluate_news
from worlds import World, at_ns, ugly_market, wanted

from engine.model.closing import CLOSING_COMPONENTS, Cap, ClosingBetScan, ClosingRun, Rejection, SignalPhase
from engine.model.gate import GateReading, GateStatus, IndexState
from engine.model.instants import AsOf
from engine.model.news import NewsPoints
from engine.model.scan import Grade, ScoreStatus
from engine.news.market import NewsIndex
from engine.scoring.closing_bet import scan_closing_bet
from engine.scoring.gate import read_gate
from engine.thresholds import DEFAULT_RULES as RULES


def compare_row(found: Differences, where: str, scan: ClosingBetScan, row: int, plain: ClosingResult) -> None:
    for column, name in enumerate(CLOSING_COMPONENTS):
        found.number(f"{where} {name} points", scan.points[row, column], plain.points[name])
        found.equal(f"{where} {name} status", name_of(ScoreStatus, scan.status[row, column]), plain.status[name])
    found.equal(f"{where} rejected", names_in(Rejection, scan.rejected[row]), plain.rejected)
    found.equal(f"{where} caps", names_in(Cap, scan.caps[row]), plain.caps)
    found.number(f"{where} total", scan.total[row], plain.total)
    # Rounded here: whether the program rounds it is test_score_pct_is_rounded_to_two_decimals.
    pct = float(scan.score_pct[row])
    found.number(f"{where} score_pct", pct if math.isnan(pct) else twin.round2(pct), plain.score_pct)
    found.equal(f"{where} raw grade", name_of(Grade, scan.raw_grade[row]), plain.raw_grade)
    found.equal(f"{where} grade", name_of(Grade, scan.grade[row]), plain.grade)
    found.number(f"{where} coverage", scan.coverage[row], plain.coverage)
    found.equal(f"{where} candidate", bool(scan.candidate[row]), plain.candidate)
    found.equal(f"{where} phase", name_of(SignalPhase, scan.phase[row]), plain.phase)
    for name, value in plain.measures.items():
        found.number(f"{where} {name}", getattr(scan, name)[row], value)
    for name, plan in (("entry_krw", plain.entry), ("stop_krw", plain.stop), ("target_krw", plain.target)):
        found.number(f"{where} {name}", getattr(scan, name)[row], plan)


@pytest.mark.real_data
def test_recorded_days_agree(world: World) -> None:
    """Random symbols of random days and all candidates; news from recorded and made-up headlines, gate as it really was."""
    rng = random.Random(12)
    per_day, total = 100, wanted(1_000)
    days, count = world.days, len(world.names)
    first_flows = world.day_index(date(2026, 1, 15))
    half = total // per_day // 2
    early, late = ([i for i in world.gate_days() if (i >= first_flows) is side] for side in (False, True))
    chosen = rng.sample(early, half) + rng.sample(late, half)
    found, compared, signals, grades, phases = Differences(), 0, 0, set(), set()
    for i in chosen:
        run, clock = rng.choice(
            (("CONFIRMED", (15, 40)), ("CONFIRMED", (23, 0)), ("FLOW_FINAL", (18, 10)), ("PRE_CLOSE", (15, 45)))
        )
        now = datetime.combine(days[i], time(*clock))
        as_of = AsOf.at(days[i], *clock)
        t, flow = twin.known_days(days, now)
        if t != i:
            continue  # an exam day before 16:40
        reading = read_gate(world.panel, world.series, as_of, RULES)
        gate = plain_gate.evaluate_gate(
            days, t, flow, world.breadth(t), world.kospi, world.kosdaq, world.usd_krw, world.net
        ).status
        value, close = world.recorded.arrays["value"][:, t], world.recorded.arrays["close"][:, t]
        gains = 100 * (close / np.array([bases[t] for bases in world.bases]) - 1)
        movers = [k for k in range(count) if value[k] >= 5e10 or gains[k] >= 4.5]
        items: dict[str, list[Item]] = {}
        number = 10_000_000
        for it in world.headlines:
            items.setdefault(it.tickers[0], []).append(it)
        for k in movers:
            ticker = world.recorded.tickers[k]
            more = random_items(rng, ticker, world.names[k], at_ns(now), number, rng.choice((0, 1, 3, 6)))
            number += len(more)
            items.setdefault(ticker, []).extend(more)
        collected = rng.random() > 0.1
        index = NewsIndex([as_news_item(x) for rows in items.values() for x in rows], world.panel.tickers.tolist(), world.names)
        news, _ = index.score(at_ns(now), RULES, collected)
        scan = scan_closing_bet(world.panel, as_of, ClosingRun(run), news, reading, RULES)
        assert scan.day_index == t
        first = [int(k) for k in scan.order]
        rows = (first + rng.sample(sorted(set(movers) - set(first)), min(30, len(set(movers) - set(first)))))[:per_day]
        rows += rng.sample(sorted(set(range(count)) - set(rows)), per_day - len(rows))
        results = {}
        for k in rows:
            ticker = world.recorded.tickers[k]
            told = evaluate_news(ticker, world.names[k], items.get(ticker, []), at_ns(now), collected)
            plain = evaluate_closing(world.history(k), world.bases[k][t], t, flow, run, News(told.points, told.veto), gate)
            results[ticker] = plain
            compare_row(found, f"{ticker} {now} {run} {gate}", scan, k, plain)
            compared += 1
            signals += plain.phase != "NONE"
            grades.add(plain.grade)
            phases.add(plain.phase)
        if len(first) <= per_day:
            found.equal(f"{now} order", [world.recorded.tickers[k] for k in first], ordered(results))
    assert not found, found.report()
    assert compared >= total - per_day
    assert signals > 2 and grades >= {"B", "C", "NONE"} and "NONE" in phases and len(phases) > 1, (signals, grades, phases)


def gate_of(status: str) -> GateReading:
    none = IndexState("", None, None)
    return GateReading(AsOf(0), 0, "", GateStatus[status], 80.0, 100.0, (), None, none, none, none, 0, 0)


def random_news(rng: random.Random, count: int, *, missing: bool) -> tuple[NewsPoints, list[News]]:
    """Points drawn freely; a veto goes with 0 points."""
    plain = []
    for _ in range(count):
        veto = rng.random() < 0.05
        plain.append(News(None if missing else 0.0 if veto else float(rng.choice((0, 1, 2, 3, 3))), veto))
    points = np.array([np.nan if n.points is None else n.points for n in plain])
    status = np.where(np.isnan(points), ScoreStatus.MISSING, ScoreStatus.OK).astype(np.uint8)
    veto_array = np.array([n.veto for n in plain])
    zero = np.zeros(count)
    return NewsPoints(points, status, zero, zero, veto_array, np.zeros(count, dtype=np.int32), RULES.ruleset_id), plain


@pytest.mark.parametrize("last", [date(2026, 6, 30), date(2026, 9, 15), date(2022, 12, 29)])
def test_ugly_markets_agree(last: date) -> None:
    """Random markets with everything on a rung or one step beside it; before and after the change of the ticks."""
    rng = random.Random(str(last))
    found = Differences()
    grades, phases, rejections = set(), set(), set()
    for number in range(wanted(3, 10)):
        market = ugly_market(number * 7_919 + last.toordinal(), symbols=200, last=last)
        run = rng.choice(("CONFIRMED", "PRE_CLOSE", "FLOW_FINAL"))
        gate = rng.choice(("GREEN", "GREEN", "YELLOW", "RED", "UNKNOWN"))
        news, plain_points = random_news(rng, 200, missing=number % 3 == 2)
        clock = rng.choice(((15, 40), (18, 9), (18, 10), (20, 10), (23, 59)))
        now = datetime.combine(last, time(*clock))
        t, flow = twin.known_days(market.histories[0].days, now)
        scan = scan_closing_bet(market.panel, AsOf.at(last, *clock), ClosingRun(run), news, gate_of(gate), RULES)
        results = {}
        for k, s in enumerate(market.histories):
            plain = evaluate_closing(s, market.bases[k][t], t, flow, run, plain_points[k], gate)
            results[s.ticker] = plain
            compare_row(found, f"{number} {s.ticker} {now} {run} {gate}", scan, k, plain)
            grades.add(plain.grade)
            phases.add(plain.phase)
            rejections |= plain.rejected
        order = [market.histories[k].ticker for k in scan.order]
        found.equal(f"{number} {now} order", order, ordered(results))
    assert not found, found.report()
    assert {"A", "B", "C", "NONE"} <= grades
    assert rejections == {flag.name for flag in Rejection if flag}
    assert len(phases) >= 2
    assert set(MAXIMA) == set(CLOSING_COMPONENTS)


def test_a_named_forming_day_agrees() -> None:
    """PREVIEW and PRE_CLOSE at 15:00 and 15:15 score the day's bar so far, with flows up to t-1."""
    found = Differences()
    for number, (run, clock) in enumerate((("PREVIEW", (15, 0)), ("PRE_CLOSE", (15, 15)))):
        last = date(2026, 6, 30)
        market = ugly_market(31 + number, symbols=150, last=last)
        news, plain_points = random_news(random.Random(number), 150, missing=False)
        days = market.histories[0].days
        _, flow = twin.known_days(days, datetime.combine(last, time(*clock)))
        t = len(days) - 1
        scan = scan_closing_bet(market.panel, AsOf.at(last, *clock), ClosingRun(run), news, gate_of("GREEN"), RULES, day=t)
        for k, s in enumerate(market.histories):
            plain = evaluate_closing(s, market.bases[k][t], t, flow, run, plain_points[k], "GREEN")
            compare_row(found, f"{run} {s.ticker}", scan, k, plain)
    assert not found, found.report()


def test_score_pct_is_rounded_to_two_decimals() -> None:
    """§0.4: stored scores have two decimals: 10 of 12 points are 83.33, not 83.33333333333333."""
    market = ugly_market(5, symbols=60)
    news, _ = random_news(random.Random(1), 60, missing=False)
    scan = scan_closing_bet(
        market.panel, AsOf.at(date(2026, 6, 30), 15, 40), ClosingRun.CONFIRMED, news, gate_of("GREEN"), RULES
    )
    shares = [float(x) for x in scan.score_pct if not math.isnan(x)]
    assert shares
    assert all(x == twin.round2(x) for x in shares)

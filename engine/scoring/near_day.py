"""Near misses of the day-trading checklist (domain.md §4)."""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from engine.model.daytrade import DAY_ITEMS, DayQuotes, DayTradeScan, ItemReason
from engine.model.errors import ValidationFailed
from engine.model.evidence import ItemState
from engine.model.instants import day_of
from engine.model.panel import FloatArray, MarketPanel
from engine.model.scan import Grade
from engine.scoring.day_trade import day_trade_score
from engine.scoring.grades import grades_of
from engine.scoring.near_steps import NearStep, above, at_or_above, nearest, price_steps
from engine.scoring.rounding import EPS, at_least, more_than
from engine.scoring.sector_rank import SectorRanks, rank_sectors
from engine.thresholds import Rules

__all__ = ["day_near_misses", "quotes_after"]

_COL = {item: index for index, item in enumerate(DAY_ITEMS)}
Bools = npt.NDArray[np.bool_]


def day_near_misses(scan: DayTradeScan, panel: MarketPanel, rules: Rules, *, every: bool = False) -> list[NearStep]:
    """Eligible symbols one step of one item short of the next better grade, nearest first.

    Parameters
    ----------
    scan : DayTradeScan
        Scan of ``panel`` under ``rules``.
    every : bool
        All steps of a symbol that would do; by default the nearest one of each symbol.

    Returns
    -------
    list of NearStep
        Prices not above the upper limit, volumes by now (at the φ of the scan). Flows, drawdown and box width are of the past
        and are left out, items that could not be judged too. A rise of the price takes no point away from any item, so at the
        stated price the grade is at least the one named.
    """
    near = _Near(scan, panel, rules)
    return nearest((*near.spikes(), *near.prices(), *near.sectors()), every=every)


def quotes_after(quotes: DayQuotes, scan: DayTradeScan, panel: MarketPanel, step: NearStep) -> DayQuotes:
    """The quotes once what a step names has happened, everything else as it is: for checking it by scoring again.

    Raises
    ------
    ValidationFailed
        If the checklist knows no such move.
    """
    price, volume, high = quotes.price.copy(), quotes.volume_shares.copy(), quotes.high.copy()
    if step.move == "price":
        price[step.row] = step.need
    elif step.move == "volume":
        volume[step.row] = step.need
    elif step.move == "sector":
        members = scan.eligible & (panel.sectors == panel.sectors[step.row])
        price[members] *= (100.0 + step.need) / (100.0 + step.value)
    else:
        raise ValidationFailed(f"The checklist has no step by {step.move}.")
    return dataclasses.replace(quotes, price=price, volume_shares=volume, high=np.fmax(high, price))


class _Near:
    """The scan's columns and what a change of points would do."""

    def __init__(self, scan: DayTradeScan, panel: MarketPanel, rules: Rules) -> None:
        self.scan, self.panel, self.rules, self.day = scan, panel, rules, rules.daytrading
        self.on = day_of(scan.now_ns)
        self.open = scan.eligible & ~np.isnan(scan.price) & (scan.grade >= Grade.C) & (scan.grade < Grade.S)

    def _lifts(self, item: str, points: FloatArray, where: Bools) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.uint8]]:
        """Rows whose grade rises once ``item`` earns ``points``, and the grade they reach."""
        column = _COL[item]
        earned = self.scan.points[:, column]
        known = self.scan.state[:, column] != ItemState.UNKNOWN
        possible = np.flatnonzero(self.open & known & where & (points > earned))
        raw = self.scan.raw[possible] - earned[possible] + points[possible]
        reached = grades_of(day_trade_score(raw, self.rules), self.rules.grade)
        better = reached > self.scan.grade[possible]
        return possible[better], reached[better]

    def _next(self, item: str, part: FloatArray, full: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Need and points of the next step of an item: the nearer of its two steps that earns more than now."""
        earned = self.scan.points[:, _COL[item]]
        to_full = at_least(earned, self.day.part_points) | (full <= part)
        need = np.where(to_full, full, part)
        return need, np.where(to_full, self.day.full_points, self.day.part_points)

    def spikes(self) -> list[NearStep]:
        """Volume to trade by now."""
        scan, day = self.scan, self.day
        if not scan.phi > 0:
            return []
        expected = scan.phi * scan.mean_volume
        need, points = self._next("spike", day.spike_part * expected, day.spike_full * expected)
        rows, reached = self._lifts("spike", points, ~np.isnan(scan.relative_volume))
        steps = []
        for row, after in zip(rows.tolist(), reached.tolist(), strict=True):
            now = float(np.round(scan.relative_volume[row] * expected[row]))
            target = float(np.ceil(need[row] - 1e-6))
            gap = target - now
            by_close = float(np.ceil(need[row] / scan.phi - 1e-6))
            fields = (("shares", f"{gap:,.0f}"), ("total", f"{target:,.0f}"), ("day_total", f"{by_close:,.0f}"))
            before = int(scan.grade[row])
            steps.append(
                NearStep(row, "spike", before, after, "volume", now, target, "shares", gap, gap / target, "near.spike", fields)
            )
        return steps

    def prices(self) -> list[NearStep]:
        """Prices to reach."""
        scan, day, market, on = self.scan, self.day, self.panel.market, self.on
        nowhere = np.full(len(scan.price), np.nan)
        over_high = above(scan.high_20, market, on)
        steps = self._priced(
            "momentum",
            at_or_above(day.momentum_part * scan.prior_high, market, on),
            np.fmin(over_high, at_or_above(day.momentum_full * scan.prior_high, market, on)),
        )
        box = scan.reason[:, _COL["box"]] != ItemReason.NOT_A_BOX
        edge = scan.low_20 + day.box_part * (scan.high_20 - scan.low_20)
        steps += self._priced("box", np.where(box, at_or_above(edge, market, on), nowhere), np.where(box, over_high, nowhere))
        # P > (P + S)/n and P >= a(P + S)/n, solved for P: the average moves with the price.
        rest = scan.ma5 * day.ma_bars - scan.price
        steps += self._priced(
            "ma5",
            at_or_above(day.ma_part * rest / (day.ma_bars - day.ma_part), market, on),
            above(rest / (day.ma_bars - 1), market, on),
        )
        base = scan.price / (1.0 + scan.change_pct / 100.0)
        base = np.where(np.abs(base - np.round(base)) < 1e-6, np.round(base), base)
        deep, deepest = (at_least(scan.drawdown_pct, limit) for limit in (day.oversold_part_pct, day.oversold_full_pct))
        rebound = at_or_above((1.0 + day.rebound_full_pct / 100.0) * base, market, on)
        steps += self._priced(
            "oversold",
            np.where(deep, above(base, market, on), nowhere),
            np.where(deepest, rebound, nowhere),
        )
        return steps

    def _priced(self, item: str, part: FloatArray, full: FloatArray) -> list[NearStep]:
        """Steps of one item whose two prices are given; NaN where a price does not exist."""
        need, points = self._next(item, part, full)
        possible = more_than(need, self.scan.price) & (need <= self.scan.upper_limit + EPS)
        rows, reached = self._lifts(item, points, possible)
        return price_steps(item, rows, self.scan.price[rows], need[rows], self.scan.grade[rows], reached)

    def sectors(self) -> list[NearStep]:
        """The own price up to the sector's median, or the sector's median up to the next share of the ranking."""
        scan, day = self.scan, self.day
        ranks = rank_sectors(scan.return_5d_pct, self.panel.sectors, scan.eligible, self.rules)
        full = np.full(len(scan.price), day.full_points)
        behind, reached = self._lifts("sector", full, scan.reason[:, _COL["sector"]] == ItemReason.BELOW_MEDIAN)
        need = np.full(len(scan.price), np.nan)
        for row in behind.tolist():
            need[row] = self._median_of_others(row)
        close_5 = scan.price / (1.0 + scan.return_5d_pct / 100.0)
        price = at_or_above(close_5 * (1.0 + need / 100.0), self.panel.market, self.on)
        fine = more_than(price[behind], scan.price[behind]) & (price[behind] <= scan.upper_limit[behind] + EPS)
        rows = behind[fine]
        steps = price_steps(
            "sector", rows, scan.price[rows], price[rows], scan.grade[rows], reached[fine], "near.sector_median"
        )
        return steps + self._ranked(ranks)

    def _median_of_others(self, row: int) -> float:
        """The lowest own return that is not below the median which includes it."""
        scan, sectors = self.scan, self.panel.sectors
        members = scan.eligible & (sectors == sectors[row]) & ~np.isnan(scan.return_5d_pct)
        members[row] = False
        others = np.sort(scan.return_5d_pct[members])
        return float(others[(len(others) - 1) // 2])

    def _ranked(self, ranks: SectorRanks) -> list[NearStep]:
        scan, day = self.scan, self.day
        known = np.sort(ranks.median[ranks.rank > 0])[::-1]
        if not len(known):
            return []
        limits = (day.sector_part_pct, day.sector_full_pct)
        part_rank, full_rank = (int(limit * ranks.count / 100.0 + EPS) for limit in limits)
        percentile = scan.values[:, _COL["sector"]]
        below = ~at_least(scan.return_5d_pct, scan.sector_median_pct)
        steps: list[NearStep] = []
        for place, outside in (
            (part_rank, percentile > day.sector_part_pct + EPS),
            (full_rank, (percentile > day.sector_full_pct + EPS) & (percentile <= day.sector_part_pct + EPS) & ~below),
        ):
            if not place:
                continue
            need = float(known[place - 1])
            best = place == full_rank
            points = np.where(best & ~below, day.full_points, day.part_points)
            rows, reached = self._lifts("sector", points, outside)
            for row, after in zip(rows.tolist(), reached.tolist(), strict=True):
                now = float(scan.sector_median_pct[row])
                gap, before = need - now, int(scan.grade[row])
                fields = (("sector", str(self.panel.sectors[row])), ("value", f"{now:+.2f}"), ("need", f"{need:+.2f}"))
                share = gap / (100.0 + need)  # how far every member's price is from it, as with a price
                steps.append(
                    NearStep(row, "sector", before, after, "sector", now, need, "%", gap, share, "near.sector_rank", fields)
                )
        return steps

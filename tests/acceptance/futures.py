"""Another future: a world in which everything that becomes known after an instant is different, and nothing before it.

What may be read at an instant is written down here a second time, from domain.md §0.2, without the program's own as-of code:
an official bar from 15:40, confirmed flows from 18:10 (20:10 since 2026-09-14), a one-minute bar when its minute has ended, a
headline when it was published and collected. Of a day that is going on only its base prices are known before its bar.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.model.instants import AsOf, kst_ns
from engine.model.instruments import DesignationFlag
from engine.model.market_series import DaySeries, FlowSeries, MarketSeries
from engine.model.news import NewsItem
from engine.model.panel import ARRAY_FIELDS, MarketPanel
from ralphstock_desktop.ports import MinuteBatch
from tests.acceptance.recorded import DAY_NS, MINUTE_NS, World

__all__ = ["Known", "changed_future", "known_by"]

FLOW_FIELDS = ("foreign_krw", "institution_krw", "pension_krw", "foreign_shares", "institution_shares")
_KNOWN_AT_THE_OPEN = ("base_krw", "factor", "designation")
"""The exchange tells the base prices of a day, with them its corporate actions, and its designations before the opening."""
_PRICES = ("open_krw", "high_krw", "low_krw", "close_krw")
_HALF_HOUR_LATE = date(2026, 9, 14)


@dataclass(frozen=True)
class Known:
    """How many panel days were known at an instant: with their bars, with their flows, and with their base prices."""

    bars: int
    flows: int
    bases: int


def known_by(panel: MarketPanel, as_of: AsOf) -> Known:
    """Count what was known."""
    days = [day.astype("datetime64[D]").item() for day in panel.days]
    now = as_of.instant_ns
    flow_hour = [20 if day >= _HALF_HOUR_LATE else 18 for day in days]
    bars = sum(kst_ns(day, 15, 40) <= now for day in days)
    flows = sum(kst_ns(day, hour, 10) <= now for day, hour in zip(days, flow_hour, strict=True))
    return Known(bars, flows, max(bars, sum(kst_ns(day, 9) <= now for day in days)))


def changed_future(world: World, as_of: AsOf, seed: int) -> World:
    """Return ``world`` with everything known after ``as_of`` shuffled and changed."""
    rng = np.random.default_rng(seed)
    known = known_by(world.panel, as_of)
    return World(
        panel=_panel(world.panel, known, as_of, rng),
        series=_series(world.series, world.panel, known, rng),
        news=_news(world, as_of, random.Random(seed)),
        minutes={day: _minutes(day, batches, as_of, rng) for day, batches in world.minutes.items()},
    )


# -- daily arrays -----------------------------------------------------------------------------------------------------------


def _panel(panel: MarketPanel, known: Known, as_of: AsOf, rng: np.random.Generator) -> MarketPanel:
    changes: dict[str, Any] = {}
    for name in ARRAY_FIELDS:
        first = known.flows if name in FLOW_FIELDS else known.bases if name in _KNOWN_AT_THE_OPEN else known.bars
        array = np.array(getattr(panel, name))
        tail = array[:, first:]
        if tail.size:
            tail[...] = rng.permutation(tail.ravel()).reshape(tail.shape)
            if name in _PRICES:
                tail[...] = tail * 3 + 17
            elif name == "volume_shares":
                tail[...] = tail * 7 + 1_000_003
            elif name in ("value_krw", *FLOW_FIELDS):
                tail[...] = np.where(np.isnan(tail), 3e11, -5.0 * tail + 7e10)
            elif name == "designation":
                tail[rng.random(tail.shape) < 0.3] = int(DesignationFlag.HALT | DesignationFlag.ADMIN | DesignationFlag.WARNING)
            elif name == "factor":
                tail[...] = tail * rng.choice([0.2, 0.5, 2.0, 5.0], size=tail.shape)
        changes[name] = array
    today = np.datetime64(as_of.day, "D")
    gone = np.array(panel.delisted_on)
    later = np.isnat(gone) | (gone > today)
    dates = today + rng.integers(1, 90, len(gone)).astype("timedelta64[D]")
    gone[later] = np.where(rng.random(int(later.sum())) < 0.5, dates[later], np.datetime64("NaT", "D"))
    return replace(panel, delisted_on=gone, **changes)


# -- market-wide series -----------------------------------------------------------------------------------------------------


def _series(series: MarketSeries, panel: MarketPanel, known: Known, rng: np.random.Generator) -> MarketSeries:
    def last_day(count: int) -> np.datetime64:
        return panel.days[count - 1] if count else panel.days[0] - 1

    def levels(one: DaySeries | None) -> DaySeries | None:
        if one is None:
            return None
        later = one.days > last_day(known.bars)
        changes = {}
        for name in ("open", "high", "low", "close"):
            values = np.array(getattr(one, name))
            values[later] = rng.permutation(values[later]) * rng.uniform(0.4, 1.9, int(later.sum()))
            changes[name] = values
        return replace(one, **changes)

    flows = series.kospi_foreign
    if flows is not None:
        later = flows.days > last_day(known.flows)
        net = np.array(flows.net_krw)
        net[later] = rng.permutation(net[later]) * -3.0 + 1e12
        flows = FlowSeries(flows.days, net)
    return MarketSeries(levels(series.kospi), levels(series.kosdaq), levels(series.usd_krw), flows, series.version)


# -- news -------------------------------------------------------------------------------------------------------------------

_BAD = "횡령 배임 혐의 압수수색, 상장폐지 우려"
_GOOD = "사상최대 실적 어닝서프라이즈, 대규모수주"


def _is_known(item: NewsItem, now_ns: int) -> bool:
    moments = [moment for moment in (item.published_ns, item.collected_ns) if moment is not None]
    return bool(moments) and max(moments) <= now_ns


def _news(world: World, as_of: AsOf, rng: random.Random) -> tuple[NewsItem, ...]:
    """Known headlines as they are; later ones with other words, other symbols; and rewrites that were known too late.

    The worst a future can do to a cluster: a rewrite from a weightier source, one published before the known ones but collected
    later (it would represent the cluster), one with the same address, one that is severely bad.
    """
    now = as_of.instant_ns
    tickers = [str(ticker) for ticker in world.panel.tickers]
    names = dict(zip(tickers, world.panel.names.tolist(), strict=True))
    kept = [item for item in world.news if _is_known(item, now)]
    number = max((item.id for item in world.news), default=0)
    found = list(kept)
    for item in world.news:
        if not _is_known(item, now) and rng.random() < 0.8:
            ticker = rng.choice(tickers)
            words = rng.choice((_BAD, _GOOD, item.title))
            found.append(
                replace(item, tickers=(ticker,), title=f"{names[ticker]} {words}", source=rng.choice(("DART", "연합뉴스", "")))
            )
    recent = [item for item in kept if (item.published_ns or 0) > now - 7 * DAY_NS]
    for item in recent:
        for published, collected, title, url in (
            (now + rng.randrange(1, 72 * 60) * MINUTE_NS, None, item.title, "https://other.example/rewrite"),
            ((item.published_ns or now) - MINUTE_NS, now + MINUTE_NS, item.title, "https://other.example/earlier"),
            (now + 1, None, f"{names.get(item.tickers[0], '')} {_BAD}", item.url),
            ((item.published_ns or now), now + 1, f"{names.get(item.tickers[0], '')} {_BAD}", "https://other.example/bad"),
        ):
            number += 1
            found.append(NewsItem(number, item.tickers, title, f"{url}/{number}", "DART", published, collected))
    for _ in range(50):
        number += 1
        ticker = rng.choice(tickers)
        found.append(
            NewsItem(number, (ticker,), f"{names[ticker]} {_GOOD}", f"https://late.example/{number}", "KIND", None, now + 1)
        )
    rng.shuffle(found)
    return tuple(found)


# -- minutes ----------------------------------------------------------------------------------------------------------------


def _minutes(day: date, batches: tuple[MinuteBatch, ...], as_of: AsOf, rng: np.random.Generator) -> tuple[MinuteBatch, ...]:
    """Bars whose minute had not ended are different; the running one too. Symbols without any known bar trade later as well."""
    now = as_of.instant_ns
    if kst_ns(day + timedelta(days=1), 0) <= now:
        return batches
    changed = []
    for batch in batches:
        later = batch.minute_ns + MINUTE_NS > now
        keep = ~later | (rng.random(len(later)) < 0.8)
        columns: dict[str, npt.NDArray[Any]] = {}
        for name in ("open_krw", "high_krw", "low_krw", "close_krw", "volume_shares", "value_krw"):
            values = np.array(getattr(batch, name))
            values[later] = rng.permutation(values[later]) * 4 + 21
            columns[name] = values[keep]
        changed.append(replace(batch, ticker=batch.ticker[keep], minute_ns=batch.minute_ns[keep], **columns))
    return tuple(batch for batch in changed if len(batch.minute_ns))

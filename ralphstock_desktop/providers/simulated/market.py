"""The demo market as a whole: the panel for the first screen and the batches for the store, from the same arrays."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from engine.features.adjustment import adjust
from engine.features.validity import valid_bars
from engine.model.instruments import Designation, DesignationFlag, Market, SecurityType, Symbol
from engine.model.panel import MarketPanel
from ralphstock_desktop.ports import (
    MISSING_INT,
    ActionBatch,
    DailyBatch,
    FlowBatch,
    IndexBatch,
    MarketFlowBatch,
    MinuteBatch,
    NewsBatch,
    OnProgress,
    Progress,
    UnitOfWork,
    UpsertCount,
)
from ralphstock_desktop.providers.simulated.bars import Bars, Events, make_bars, make_events
from ralphstock_desktop.providers.simulated.flows import INVESTORS, Flows, make_flows
from ralphstock_desktop.providers.simulated.indices import make_indices
from ralphstock_desktop.providers.simulated.leaders import Leader, apply_leaders, plan_leaders
from ralphstock_desktop.providers.simulated.minutes import make_minutes
from ralphstock_desktop.providers.simulated.patterns import Plant, plan_plants
from ralphstock_desktop.providers.simulated.returns import make_paths
from ralphstock_desktop.providers.simulated.spec import SOURCE, SimulationSpec
from ralphstock_desktop.providers.simulated.stories import make_news
from ralphstock_desktop.providers.simulated.universe import SECTORS, Universe, make_universe

__all__ = [
    "Batch",
    "DesignationBatch",
    "SimulatedMarket",
    "SimulationSpec",
    "SymbolBatch",
    "build_panel",
    "forget_generated",
    "generate",
    "iter_batches",
    "store_batch",
    "store_market",
]

_ROWS_PER_BATCH = 200_000
_generating = threading.Lock()
"""The store and the simulator may ask for the same market at the same moment; it is made once."""


@dataclass(frozen=True, eq=False)
class SymbolBatch:
    """All issues."""

    symbols: list[Symbol]
    source: str = SOURCE


@dataclass(frozen=True, eq=False)
class DesignationBatch:
    """All designation intervals."""

    designations: list[Designation]
    source: str = SOURCE


Batch: TypeAlias = (
    SymbolBatch
    | DesignationBatch
    | ActionBatch
    | DailyBatch
    | FlowBatch
    | MarketFlowBatch
    | IndexBatch
    | MinuteBatch
    | NewsBatch
)


@dataclass(frozen=True, eq=False)
class SimulatedMarket:
    """A generated market."""

    spec: SimulationSpec
    universe: Universe
    plants: list[Plant]
    leaders: list[Leader]
    events: Events
    bars: Bars
    flows: Flows
    indices: IndexBatch
    news: NewsBatch
    minutes: MinuteBatch
    seconds_by_step: dict[str, float] = field(default_factory=dict)

    # -- panel ------------------------------------------------------------------------------------------------------------

    def _prev_diff(self) -> npt.NDArray[np.float64]:
        bars = self.bars
        return np.where(bars.present, (bars.close_krw - bars.base_krw).astype(np.float64), np.nan)

    def panel(self) -> MarketPanel:
        """Return the panel; equal to one built from :meth:`batches` by the rules of domain.md §§1.8 and 1.9."""
        bars, universe, days = self.bars, self.universe, self.spec.days
        actions = self.events.actions
        adjustment = adjust(
            bars.close_krw,
            bars.present,
            bars.traded,
            self._prev_diff(),
            np.array([row for row, _, _ in actions], dtype=np.int64),
            np.array([day for _, day, _ in actions], dtype=np.int64),
            np.array([factor for _, _, factor in actions], dtype=np.float64),
        )
        return MarketPanel(
            days=days,
            tickers=universe.ticker,
            names=universe.name,
            names_en=universe.name_en,
            sectors=np.array([SECTORS[s][0] for s in universe.sector]),
            market=universe.market,
            security_type=universe.security_type,
            listed_on=np.array([day or np.datetime64("NaT") for day in self._listed_days()], dtype="datetime64[D]"),
            delisted_on=np.array([day or np.datetime64("NaT") for day in self._delisted_days()], dtype="datetime64[D]"),
            open_krw=bars.open_krw.astype(np.int32),
            high_krw=bars.high_krw.astype(np.int32),
            low_krw=bars.low_krw.astype(np.int32),
            close_krw=bars.close_krw.astype(np.int32),
            volume_shares=bars.volume_shares,
            value_krw=np.where(bars.present, bars.value_krw.astype(np.float64), np.nan),
            base_krw=adjustment.base_krw,
            factor=adjustment.factor,
            present=bars.present,
            valid=valid_bars(bars.open_krw, bars.high_krw, bars.low_krw, bars.close_krw, bars.volume_shares),
            designation=self._designation_mask(),
            foreign_krw=self.flows.krw["foreign"],
            institution_krw=self.flows.krw["institution"],
            pension_krw=self.flows.krw["pension"],
            foreign_shares=self.flows.shares["foreign"],
            institution_shares=self.flows.shares["institution"],
            simulated=True,
            version=self.spec.identity,
        )

    def _listed_days(self) -> list[date | None]:
        """Listing days; unknown for issues that are older than the market."""
        days = self.spec.days
        return [days[first].astype(date) if first > 0 else None for first in self.events.first_day.tolist()]

    def _delisted_days(self) -> list[date | None]:
        days, last = self.spec.days, len(self.spec.days) - 1
        return [days[end + 1].astype(date) if end < last else None for end in self.events.last_day.tolist()]

    def _designation_mask(self) -> npt.NDArray[np.uint16]:
        mask = np.zeros(self.bars.present.shape, dtype=np.uint16)
        for row, flag, first, last in self.events.designations:
            mask[row, first : None if last is None else last + 1] |= np.uint16(int(flag))
        return mask

    # -- batches ----------------------------------------------------------------------------------------------------------

    def symbols(self) -> list[Symbol]:
        """Master rows."""
        universe = self.universe
        listed, delisted = self._listed_days(), self._delisted_days()
        return [
            Symbol(
                ticker=str(universe.ticker[row]),
                name=str(universe.name[row]),
                market=Market(int(universe.market[row])),
                type=SecurityType(int(universe.security_type[row])),
                sector=SECTORS[universe.sector[row]][0],
                name_en=str(universe.name_en[row]),
                listed_on=listed[row],
                delisted_on=delisted[row],
                shares_out=int(universe.shares[row]),
                par_krw=500,
            )
            for row in range(len(universe.ticker))
        ]

    def designations(self) -> list[Designation]:
        """Designation intervals."""
        days = self.spec.days
        return [
            Designation(
                str(self.universe.ticker[row]),
                DesignationFlag(flag),
                days[first].astype(date),
                None if last is None else days[last].astype(date),
            )
            for row, flag, first, last in self.events.designations
        ]

    def batches(self, on_progress: OnProgress | None = None) -> Iterator[Batch]:
        """Yield everything in the order it must be stored: issues first, then what refers to them."""
        yield SymbolBatch(self.symbols())
        yield DesignationBatch(self.designations())
        yield self._actions()
        yield self.indices
        parts = self._row_parts()
        total = len(parts) * 2 + 2
        for number, rows in enumerate(parts):
            _tell(on_progress, number, total, "daily_price")
            yield self._daily(rows)
        for number, rows in enumerate(parts):
            _tell(on_progress, len(parts) + number, total, "flow")
            yield from self._flow(rows)
        _tell(on_progress, total - 2, total, "market_flow")
        yield self.market_flow()
        yield self.minutes
        _tell(on_progress, total - 1, total, "news")
        yield self.news
        _tell(on_progress, total, total, "")

    def _row_parts(self) -> list[slice]:
        symbols, days = self.bars.present.shape
        step = max(_ROWS_PER_BATCH // days, 1)
        return [slice(start, min(start + step, symbols)) for start in range(0, symbols, step)]

    def _actions(self) -> ActionBatch:
        actions = sorted(self.events.actions)
        return ActionBatch(
            ticker=self.universe.ticker[[row for row, _, _ in actions]],
            ex_day=self.spec.days[[day for _, day, _ in actions]],
            price_factor=np.array([factor for _, _, factor in actions]),
            confidence=np.full(len(actions), "exact"),
            source=SOURCE,
        )

    def _daily(self, rows: slice) -> DailyBatch:
        bars = self.bars
        present = bars.present[rows]
        symbol, day = np.nonzero(present)
        return DailyBatch(
            ticker=self.universe.ticker[rows][symbol],
            day=self.spec.days[day],
            open_krw=bars.open_krw[rows][present],
            high_krw=bars.high_krw[rows][present],
            low_krw=bars.low_krw[rows][present],
            close_krw=bars.close_krw[rows][present],
            volume_shares=bars.volume_shares[rows][present],
            value_krw=bars.value_krw[rows][present],
            prev_diff_krw=(bars.close_krw[rows] - bars.base_krw[rows])[present],
            source=SOURCE,
        )

    def _flow(self, rows: slice) -> Iterator[FlowBatch]:
        for investor in INVESTORS:
            krw, shares = self.flows.krw[investor][rows], self.flows.shares[investor][rows]
            given = ~np.isnan(krw)
            symbol, day = np.nonzero(given)
            quantity = np.full(len(symbol), MISSING_INT) if investor == "pension" else shares[given].astype(np.int64)
            yield FlowBatch(
                ticker=self.universe.ticker[rows][symbol],
                day=self.spec.days[day],
                investor=investor,
                net_shares=quantity,
                net_krw=krw[given].astype(np.int64),
                estimated=False,
                provisional=False,
                source=SOURCE,
            )

    def market_flow(self) -> MarketFlowBatch:
        """Sums over the stocks of each market; what neither foreigners nor institutions bought, individuals sold."""
        parts: list[tuple[npt.NDArray[np.str_], npt.NDArray[np.datetime64], npt.NDArray[np.str_], npt.NDArray[np.int64]]] = []
        for market in (Market.KOSPI, Market.KOSDAQ):
            rows = self.universe.market == market
            known = ~np.isnan(self.flows.krw["foreign"][rows]).all(axis=0)
            sums = {name: np.nansum(self.flows.krw[name][rows], axis=0)[known].astype(np.int64) for name in INVESTORS}
            sums["individual"] = -(sums["foreign"] + sums["institution"])
            days = self.spec.days[known]
            for name, values in sums.items():
                parts.append((np.full(len(days), market.name), days, np.full(len(days), name), values))
        market_column, day, investor, net = (np.concatenate(column) for column in zip(*parts, strict=True))
        return MarketFlowBatch(market_column, day, investor, net, None, SOURCE)


def _tell(on_progress: OnProgress | None, done: int, total: int, detail: str) -> None:
    if on_progress is not None:
        on_progress(Progress("simulated.progress.store", done, total, detail))


# -- making it ------------------------------------------------------------------------------------------------------------


def generate(spec: SimulationSpec, on_progress: OnProgress | None = None) -> SimulatedMarket:
    """Generate a market; the last one is kept, so that panel and batches of one start share the work.

    Equal specs give equal markets on every machine with the same NumPy.
    """
    key = (spec.identity, spec.flow_days, spec.news_days, spec.minute_days, spec.minute_symbols)
    with _generating:
        return _generate_once(_Keyed(key, spec, on_progress))


@dataclass(frozen=True, eq=False)
class _Keyed:
    """A spec that is equal to another with the same key."""

    key: tuple[str, int, int, int, int]
    spec: SimulationSpec
    on_progress: OnProgress | None

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Keyed) and self.key == other.key and np.array_equal(self.spec.days, other.spec.days)


@lru_cache(maxsize=1)
def _generate_once(keyed: _Keyed) -> SimulatedMarket:
    spec, on_progress = keyed.spec, keyed.on_progress
    steps = iter(range(8))

    def step(detail: str) -> None:
        if on_progress is not None:
            on_progress(Progress("simulated.progress.generate", next(steps), 7, detail))

    streams = [np.random.Generator(np.random.PCG64(child)) for child in np.random.SeedSequence(spec.seed).spawn(10)]
    days = len(spec.days)
    step("universe")
    universe = make_universe(spec.symbols, streams[0])
    parents = universe.parent[universe.parent >= 0]
    liquid = np.flatnonzero(
        universe.is_scanned
        & (universe.turnover_krw > 4e9)
        & (universe.turnover_krw < 9e10)
        & (universe.price_krw > 4_000)
        & (universe.price_krw < 180_000)
        & ~np.isin(np.arange(spec.symbols), parents)
    )
    plants = plan_plants(liquid, days, streams[1])
    step("returns")
    paths = make_paths(universe, days, streams[2])
    events = make_events(universe, days, {plant.row for plant in plants}, streams[3])
    # One planted base carries a bonus issue of one to one: its raw prices halve in the middle of the pattern.
    events.actions.append((plants[0].row, days - 25, 0.5))
    leaders = plan_leaders(universe, events, {plant.row for plant in plants}, days, streams[9])
    apply_leaders(leaders, universe, paths, streams[9])
    step("bars")
    bars = make_bars(spec, universe, paths, plants, events, streams[4])
    step("flows")
    flows = make_flows(spec, universe, bars, plants, leaders, streams[5])
    step("indices")
    indices = make_indices(spec, universe, bars, paths.market_return, streams[6])
    step("news")
    news = make_news(spec, universe, bars, leaders, streams[7])
    step("minutes")
    shown = [plant.row for plant in plants if plant.end == days - 1][: spec.minute_symbols]
    shown += sorted({leader.row for leader in leaders if leader.day >= days - spec.minute_days})
    minutes = make_minutes(spec, universe, bars, shown, streams[8])
    step("")
    return SimulatedMarket(spec, universe, plants, leaders, events, bars, flows, indices, news, minutes)


def forget_generated() -> None:
    """Give back the memory of the market that was generated last."""
    _generate_once.cache_clear()


def build_panel(spec: SimulationSpec, on_progress: OnProgress | None = None) -> MarketPanel:
    """Generate a market and return its panel, without a store."""
    return generate(spec, on_progress).panel()


def iter_batches(spec: SimulationSpec, on_progress: OnProgress | None = None) -> Iterator[Batch]:
    """Generate a market and yield everything the store needs, in order."""
    yield from generate(spec, on_progress).batches(on_progress)


def store_batch(uow: UnitOfWork, batch: Batch) -> UpsertCount:
    """Hand one batch to the store."""
    match batch:
        case SymbolBatch():
            return uow.upsert_symbols(batch.symbols, source=batch.source, complete=True)
        case DesignationBatch():
            return uow.upsert_designations(batch.designations, source=batch.source)
        case ActionBatch():
            return uow.upsert_actions(batch)
        case DailyBatch():
            return uow.upsert_daily(batch)
        case FlowBatch():
            return uow.upsert_flows(batch)
        case MarketFlowBatch():
            return uow.upsert_market_flows(batch)
        case IndexBatch():
            return uow.upsert_index(batch)
        case MinuteBatch():
            return uow.upsert_minutes(batch)
        case NewsBatch():
            return uow.upsert_news(batch)


def store_market(
    spec: SimulationSpec, uow_factory: Callable[[], AbstractContextManager[UnitOfWork]], on_progress: OnProgress | None = None
) -> UpsertCount:
    """Store a whole market in one transaction: a store holds it completely or not at all."""
    total = UpsertCount()
    with uow_factory() as uow:
        span = np.arange(spec.days[0], spec.days[-1] + np.timedelta64(1, "D"))
        uow.upsert_calendar(span, np.isin(span, spec.days), source=SOURCE)
        for batch in iter_batches(spec, on_progress):
            total += store_batch(uow, batch)
    return total

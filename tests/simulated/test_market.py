"""The demo market: the same for the same seed, inside the exchange's rules, and with every state planted."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import pytest

from engine.calendar.limits import lower_limits, upper_limits
from engine.calendar.ticks import is_on_tick
from engine.model.errors import UserCancelled, ValidationFailed
from engine.model.instants import AsOf
from engine.model.instruments import DesignationFlag, Market, SecurityType, normalize_ticker
from engine.model.panel import ARRAY_FIELDS, MarketPanel
from engine.model.scan import Grade, VcpScan, VcpState
from engine.scoring.vcp import scan
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.ports import DailyBatch, FlowBatch, IndexBatch, MinuteBatch, NewsBatch, Progress
from ralphstock_desktop.providers.calendar_xkrx import load_calendar
from ralphstock_desktop.providers.simulated import market as simulated
from ralphstock_desktop.providers.simulated.market import SimulatedMarket, SimulationSpec, SymbolBatch

TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def spec() -> SimulationSpec:
    return SimulationSpec.ending_before(TODAY, load_calendar().trading)


@pytest.fixture(scope="module")
def made(spec: SimulationSpec) -> SimulatedMarket:
    return simulated.generate(spec)


@pytest.fixture(scope="module")
def panel(made: SimulatedMarket) -> MarketPanel:
    return made.panel()


@pytest.fixture(scope="module")
def scanned(panel: MarketPanel) -> VcpScan:
    return scan(panel, AsOf.end_of(panel.days[-1].astype(date)), DEFAULT_RULES)


def test_size_and_days(spec: SimulationSpec, panel: MarketPanel) -> None:
    assert panel.shape == (2_600, 610)
    assert panel.days[-1] == np.datetime64("2026-11-23")
    assert load_calendar().trading.are_trading_days(panel.days).all()
    assert panel.simulated
    assert "simulated" in panel.version


def test_the_same_seed_gives_the_same_market(spec: SimulationSpec, panel: MarketPanel) -> None:
    small = SimulationSpec(spec.days[-330:], seed=7, symbols=700)
    first = simulated.build_panel(small)
    simulated._generate_once.cache_clear()
    second = simulated.build_panel(SimulationSpec(spec.days[-330:].copy(), seed=7, symbols=700))
    for name in ARRAY_FIELDS:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name), err_msg=name)
    np.testing.assert_array_equal(first.names, second.names)
    assert first.version == second.version != panel.version
    other = simulated.build_panel(SimulationSpec(spec.days[-330:], seed=8, symbols=700))
    assert not np.array_equal(first.close_krw, other.close_krw)


def test_too_small_a_market_is_refused(spec: SimulationSpec) -> None:
    with pytest.raises(ValidationFailed, match="at least"):
        SimulationSpec(spec.days[:10])
    with pytest.raises(ValidationFailed, match="at least"):
        SimulationSpec(spec.days, symbols=10)


def test_tickers_and_names(made: SimulatedMarket, panel: MarketPanel) -> None:
    tickers = panel.tickers.tolist()
    assert tickers == sorted(set(tickers))
    assert [normalize_ticker(code) for code in tickers] == tickers
    assert sum(bool(re.search("[A-Z]", code)) for code in tickers) > 20
    assert len(set(panel.names.tolist())) == len(tickers)
    assert len(set(panel.names_en.tolist())) == len(tickers)
    assert all(name.isascii() for name in panel.names_en.tolist())
    kinds = {SecurityType(k) for k in panel.security_type.tolist()}
    assert {SecurityType.COMMON, SecurityType.PREFERRED, SecurityType.SPAC, SecurityType.REIT, SecurityType.ETF} <= kinds
    assert {Market.KOSPI, Market.KOSDAQ, Market.KONEX} == {Market(m) for m in panel.market.tolist()}
    assert len(set(panel.sectors.tolist())) >= 30


@pytest.mark.real_data
def test_no_name_and_no_common_code_is_a_real_one(panel: MarketPanel, recorded_data: object) -> None:
    import csv
    import gzip
    from pathlib import Path

    folder = Path(str(recorded_data)) / "listings"
    names, codes = set(), set()
    for file in folder.glob("*.csv.gz"):
        with gzip.open(file, "rt", encoding="utf-8") as stream:
            for row in csv.DictReader(stream):
                names.add(row["name"])
                codes.add(row["ticker"])
    assert not names & set(panel.names.tolist())
    assert not codes & set(panel.tickers.tolist())


def test_prices_lie_on_the_tick_and_inside_the_limits(made: SimulatedMarket) -> None:
    bars, universe = made.bars, made.universe
    on = made.spec.days[-1].astype(date)
    for kind, market in (
        (SecurityType.COMMON, Market.KOSPI),
        (SecurityType.COMMON, Market.KONEX),
        (SecurityType.ETF, Market.KOSPI),
    ):
        is_kind = (universe.security_type == SecurityType.ETF) == (kind is SecurityType.ETF)
        rows = is_kind & ((universe.market == Market.KONEX) == (market is Market.KONEX))
        traded = bars.traded[rows]
        base = bars.base_krw[rows][traded]
        upper, lower = upper_limits(base, int(market), on, int(kind)), lower_limits(base, int(market), on, int(kind))
        for name in ("open_krw", "high_krw", "low_krw", "close_krw"):
            price = getattr(bars, name)[rows][traded]
            assert is_on_tick(price, int(market), on, int(kind)).all(), name
            assert ((price <= upper) & (price >= lower)).all(), name
    limit_up = (bars.close_krw == bars.high_krw) & (bars.close_krw > bars.base_krw * 1.29) & bars.traded
    assert limit_up.sum() > 20


def test_traded_bars_are_valid_and_others_look_like_halts(made: SimulatedMarket, panel: MarketPanel) -> None:
    bars = made.bars
    np.testing.assert_array_equal(panel.valid, bars.traded)
    quiet = bars.present & ~bars.traded
    assert quiet.sum() > 1_000
    assert (bars.open_krw[quiet] == 0).all()
    assert (bars.volume_shares[quiet] == 0).all()
    assert (bars.close_krw[quiet] > 0).all()
    assert (bars.close_krw[quiet] == bars.base_krw[quiet]).all()
    assert not bars.close_krw[~bars.present].any()


def test_base_is_the_close_before_except_on_ex_days(made: SimulatedMarket, panel: MarketPanel) -> None:
    bars = made.bars
    both = bars.present[:, 1:] & bars.present[:, :-1]
    moved = both & (bars.base_krw[:, 1:] != bars.close_krw[:, :-1])
    ex = np.zeros_like(both)
    for row, day, _ in made.events.actions:
        ex[row, day - 1] = True
    assert not (moved & ~ex).any()
    assert (moved & ex).sum() > 50


def test_factors_undo_the_splits(made: SimulatedMarket, panel: MarketPanel) -> None:
    adjusted = panel.close_krw * (panel.factor[:, -1:] / panel.factor)
    for row, day, factor in made.events.actions:
        if 0.4 < factor < 2.1 or not made.bars.present[row, day] or not made.bars.present[row, day - 1]:
            continue
        raw_step = panel.close_krw[row, day] / panel.close_krw[row, day - 1]
        step = adjusted[row, day] / adjusted[row, day - 1]
        assert abs(np.log(step)) < 0.36, (row, day, factor)
        assert abs(np.log(raw_step / factor)) < 0.36


def test_listings_and_delistings(made: SimulatedMarket, panel: MarketPanel) -> None:
    young = ~np.isnat(panel.listed_on)
    gone = ~np.isnat(panel.delisted_on)
    assert young.sum() > 100
    assert gone.sum() > 20
    for row in np.flatnonzero(young)[:50]:
        assert panel.days[panel.present[row].argmax()] == panel.listed_on[row]
    for row in np.flatnonzero(gone):
        last = np.flatnonzero(panel.present[row])[-1]
        assert panel.days[last + 1] == panel.delisted_on[row]
    designated = {DesignationFlag(int(flag)) for _, flag, _, _ in made.events.designations}
    assert set(DesignationFlag) - {DesignationFlag.REMARK} <= designated


def test_turnover_is_spread_like_a_market(panel: MarketPanel) -> None:
    value = np.where(panel.valid, panel.value_krw, 0.0)[:, -20:].mean(axis=1)
    assert 300 < (value >= 1e9).sum() < 1_300
    assert 20 < (value >= 1e10).sum() < 400
    assert value.max() > 5e10


def test_volatility_comes_in_clusters_and_volume_with_moves(made: SimulatedMarket) -> None:
    rows = np.flatnonzero(made.universe.is_scanned & made.bars.traded.all(axis=1))
    close = np.log(made.bars.adjusted_close[rows])
    size = np.abs(np.diff(close, axis=1))
    calm = size - size.mean(axis=1, keepdims=True)
    lagged = (calm[:, 1:] * calm[:, :-1]).mean() / (calm**2).mean()
    assert lagged > 0.08
    volume = np.log(made.bars.volume_shares[rows][:, 1:])
    volume = volume - volume.mean(axis=1, keepdims=True)
    assert (calm * volume).mean() / np.sqrt((calm**2).mean() * (volume**2).mean()) > 0.2


def test_flows_follow_returns_and_persist(made: SimulatedMarket, panel: MarketPanel) -> None:
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(panel.valid, panel.foreign_krw / panel.value_krw, np.nan)[:, -240:]
        change = np.where(panel.valid, panel.close_krw / panel.base_krw - 1, np.nan)[:, -240:]
    known = ~np.isnan(share) & ~np.isnan(change)
    assert np.corrcoef(share[known], change[known])[0, 1] > 0.2
    pair = known[:, 1:] & known[:, :-1]
    assert np.corrcoef(share[:, 1:][pair], share[:, :-1][pair])[0, 1] > 0.3
    assert np.isnan(panel.foreign_krw[:, : -made.spec.flow_days]).all()
    assert np.isnan(panel.foreign_krw[panel.security_type == SecurityType.ETF]).all()


def test_indices_move_with_their_stocks(made: SimulatedMarket) -> None:
    batch = made.indices
    assert set(batch.code.tolist()) == {"KOSPI", "KOSDAQ", "KOSPI200", "USDKRW"}
    rows = made.universe.is_scanned & (made.universe.market == Market.KOSDAQ)
    median = np.median(np.diff(np.log(made.bars.adjusted_close[rows]), axis=1), axis=0)
    level = np.diff(np.log(batch.close[batch.code == "KOSDAQ"]))
    assert np.corrcoef(median, level)[0, 1] > 0.7
    assert (
        (batch.high >= np.maximum(batch.open, batch.close) - 0.01) & (batch.low <= np.minimum(batch.open, batch.close) + 0.01)
    ).all()


def test_news_says_that_it_is_simulated(made: SimulatedMarket) -> None:
    news = made.news
    assert len(news.url) > 1_000
    assert len(set(zip(news.url.tolist(), news.ticker.tolist(), strict=True))) == len(news.url)
    assert all("시뮬레이션" in title for title in news.title.tolist())
    assert (news.collected_ns >= news.published_ns).all()


def test_minutes_add_up_to_the_day(made: SimulatedMarket) -> None:
    minutes, bars = made.minutes, made.bars
    day = ((minutes.minute_ns + 9 * 3_600_000_000_000) // 86_400_000_000_000).astype("datetime64[D]")
    pairs = sorted(set(zip(minutes.ticker.tolist(), day.tolist(), strict=True)))
    assert len(pairs) > 50
    assert (minutes.low_krw <= np.minimum(minutes.open_krw, minutes.close_krw)).all()
    assert (minutes.high_krw >= np.maximum(minutes.open_krw, minutes.close_krw)).all()
    for ticker, on in pairs:
        chosen = (minutes.ticker == ticker) & (day == np.datetime64(on))
        row, column = (
            int(np.flatnonzero(made.universe.ticker == ticker)[0]),
            int(np.flatnonzero(made.spec.days == np.datetime64(on))[0]),
        )
        assert minutes.open_krw[chosen][0] == bars.open_krw[row, column]
        assert minutes.close_krw[chosen][-1] == bars.close_krw[row, column]
        assert minutes.high_krw[chosen].max() == bars.high_krw[row, column]
        assert minutes.low_krw[chosen].min() == bars.low_krw[row, column]
        assert minutes.volume_shares[chosen].sum() == bars.volume_shares[row, column]
        assert minutes.value_krw[chosen].sum() == bars.value_krw[row, column]


def test_batches_hold_what_the_panel_holds(made: SimulatedMarket, panel: MarketPanel) -> None:
    close, foreign = np.zeros(panel.shape, np.int64), np.full(panel.shape, np.nan)
    rows = {code: row for row, code in enumerate(panel.tickers.tolist())}
    kinds = set()
    symbols = 0
    for batch in made.batches():
        kinds.add(type(batch))
        if isinstance(batch, DailyBatch):
            where = np.array([rows[code] for code in batch.ticker.tolist()]), np.searchsorted(panel.days, batch.day)
            assert not close[where].any()
            close[where] = batch.close_krw
            base = panel.base_krw[where]
            np.testing.assert_array_equal(batch.close_krw - batch.prev_diff_krw, base)
        elif isinstance(batch, FlowBatch) and batch.investor == "foreign":
            where = np.array([rows[code] for code in batch.ticker.tolist()]), np.searchsorted(panel.days, batch.day)
            foreign[where] = batch.net_krw
        elif isinstance(batch, SymbolBatch):
            symbols = len(batch.symbols)
        if not isinstance(batch, SymbolBatch):
            assert batch.source == "simulated"
    np.testing.assert_array_equal(close, panel.close_krw)
    np.testing.assert_array_equal(foreign, panel.foreign_krw)
    assert symbols == panel.shape[0]
    assert {IndexBatch, MinuteBatch, NewsBatch} <= kinds


def test_storing_can_be_cancelled(made: SimulatedMarket) -> None:
    def stop(progress: Progress) -> None:
        if progress.done > 2:
            raise UserCancelled("Stopped.")

    with pytest.raises(UserCancelled):
        list(made.batches(stop))


def test_every_state_is_there_on_the_last_day(made: SimulatedMarket, panel: MarketPanel, scanned: VcpScan) -> None:
    eligible = scanned.ineligible == 0
    states = {VcpState(state) for state in scanned.state[eligible].tolist()}
    assert states >= set(VcpState) - {VcpState.NOT_TRADABLE, VcpState.INSUFFICIENT_HISTORY}
    everywhere = {VcpState(state) for state in scanned.state.tolist()}
    assert everywhere == set(VcpState)


def test_planted_patterns_are_found_as_planted(made: SimulatedMarket, panel: MarketPanel, scanned: VcpScan) -> None:
    last = [plant for plant in made.plants if plant.end == len(panel.days) - 1]
    wrong = [(p.label, VcpState(scanned.state[p.row]).name) for p in last if scanned.state[p.row] != p.recipe.state]
    assert wrong == []
    detectable = [p.row for p in last if p.recipe.state in (VcpState.NEAR_PIVOT, VcpState.BREAKOUT)]
    assert scanned.pattern[detectable].sum() >= 20
    others = [p.row for p in last if p.recipe.state not in (VcpState.NEAR_PIVOT, VcpState.BREAKOUT)]
    assert not scanned.pattern[others].any()


def test_detected_patterns_have_all_three_grades(scanned: VcpScan) -> None:
    assert 15 <= scanned.pattern.sum() <= 80
    grades = {Grade(grade) for grade in scanned.grade[scanned.pattern].tolist()}
    assert {Grade.S, Grade.A, Grade.B} <= grades


def test_a_pattern_over_a_split_is_found(made: SimulatedMarket, panel: MarketPanel, scanned: VcpScan) -> None:
    planted = {p.row for p in made.plants if p.end == len(panel.days) - 1}
    split = [row for row, day, _ in made.events.actions if row in planted and day > len(panel.days) - 60]
    assert split
    assert scanned.pattern[split].all()


def test_patterns_were_found_on_earlier_days_too(made: SimulatedMarket, panel: MarketPanel) -> None:
    for plant in [p for p in made.plants if p.label.startswith("past")][::60]:
        result = scan(panel, AsOf.end_of(panel.days[plant.end].astype(date)), DEFAULT_RULES)
        assert result.state[plant.row] == plant.recipe.state, plant.label


def test_an_older_market_keeps_the_tick_tables_of_its_days() -> None:
    calendar = load_calendar().trading
    old = SimulationSpec.ending_before(date(2023, 6, 1), calendar, day_count=330, symbols=620)
    made = simulated.generate(old)
    before = made.spec.days < np.datetime64("2023-01-25")
    rows = (made.universe.market == Market.KOSPI) & (made.universe.security_type == SecurityType.COMMON)
    for chosen, on in ((before, date(2023, 1, 24)), (~before, date(2023, 1, 25))):
        price = made.bars.close_krw[rows][:, chosen]
        traded = made.bars.traded[rows][:, chosen]
        assert is_on_tick(price[traded], Market.KOSPI, on).all()

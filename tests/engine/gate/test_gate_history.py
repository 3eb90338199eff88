"""The history equals the single readings, the future reaches neither, and the breadth equals a plain count of real bars."""

from __future__ import annotations

import dataclasses
import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from builders import RecordedMarket, histories, random_market
from builders import panel_of as panel_of_histories
from gate_market import DAY, EOK, Gate, levels, panel_of

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.features.breadth import breadth_days, day_trade_universe, rolling_mean, vcp_universe
from engine.model.gate import GATE_COMPONENTS, GateHistory, GateStatus
from engine.model.instants import AsOf
from engine.model.instruments import DesignationFlag, Market, SecurityType
from engine.model.market_series import DaySeries, FlowSeries, MarketSeries
from engine.model.panel import ARRAY_FIELDS, MarketPanel
from engine.scoring.gate import gate_history, read_gate
from engine.scoring.vcp import scan
from engine.thresholds import DEFAULT_RULES

RULES = DEFAULT_RULES


def random_series(panel: MarketPanel, seed: int) -> MarketSeries:
    """Index walks with holes over more days than the panel has, an exchange rate with days of its own, flows with holes."""
    rng = np.random.default_rng(seed)
    days = np.concatenate((panel.days[0] - np.arange(90, 0, -1), panel.days)).astype("datetime64[D]")

    def walk(code: str, start: float, spread: float, keep: float) -> DaySeries:
        close = start * np.exp(np.cumsum(rng.normal(0, spread, len(days))))
        close[rng.random(len(days)) < 0.03] = math.nan
        kept = rng.random(len(days)) < keep
        return DaySeries(code, days[kept], *(close[kept],) * 4)

    kept = rng.random(len(days)) < 0.99
    return MarketSeries(
        kospi=walk("KOSPI", 2_500, 0.012, 0.98),
        kosdaq=walk("KOSDAQ", 800, 0.015, 0.98),
        usd_krw=walk("USDKRW", 1_300, 0.005, 0.85),
        kospi_foreign=FlowSeries(days[kept], np.round(rng.normal(0, 2_000, kept.sum())) * EOK),
        version=str(seed),
    )


@pytest.fixture(scope="module", params=[1, 2])
def market(request: pytest.FixtureRequest) -> tuple[MarketPanel, MarketSeries]:
    panel = panel_of_histories(histories(random_market(request.param, symbols=40, length=150)))
    return panel, random_series(panel, request.param)


def at_close(panel: MarketPanel, day: int) -> AsOf:
    return AsOf(DEFAULT_SESSIONS.official_bar_ns(panel.days[day].astype("datetime64[D]").item()))


def test_history_equals_the_readings_day_by_day(market: tuple[MarketPanel, MarketSeries]) -> None:
    panel, series = market
    history = gate_history(panel, series, RULES)
    assert history.day_index.tolist() == list(range(panel.shape[1]))
    for k, day in enumerate(history.day_index):
        reading = read_gate(panel, series, at_close(panel, int(day)), RULES)
        assert reading.day_index == day
        assert history.status[k] == reading.status
        np.testing.assert_array_equal(history.score[k], math.nan if reading.score is None else reading.score)
        assert history.coverage[k] == reading.coverage
        assert history.points[k].tolist() == [component.points for component in reading.components]
        values = [math.nan if c.value is None else c.value for c in reading.components]
        np.testing.assert_array_equal(history.values[k], values)
        for array, state in (
            (history.kospi, reading.kospi),
            (history.kosdaq, reading.kosdaq),
            (history.usd_krw, reading.usd_krw),
        ):
            np.testing.assert_array_equal(array[k], math.nan if state.close is None else state.close)


def test_the_random_markets_hold_every_case(market: tuple[MarketPanel, MarketSeries]) -> None:
    # otherwise the comparisons above and below would compare nothing with nothing
    history = gate_history(*market, RULES)
    known = ~np.isnan(history.values)
    assert all(0 < known[:, k].sum() < len(known) for k in range(len(GATE_COMPONENTS)))
    assert len(set(history.status.tolist())) >= 3


def test_a_part_of_the_history_is_a_part_of_the_whole(market: tuple[MarketPanel, MarketSeries]) -> None:
    panel, series = market
    whole, part = gate_history(panel, series, RULES), gate_history(panel, series, RULES, 100, 120)
    assert part.day_index.tolist() == list(range(100, 121))
    for name in ("status", "score", "coverage", "points", "values", "kospi", "kosdaq", "usd_krw"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[100:121], err_msg=name)
    assert len(gate_history(panel, series, RULES, 10, 9).day_index) == 0


def changed_after(panel: MarketPanel, series: MarketSeries, day: int, flow_day: int) -> tuple[MarketPanel, MarketSeries]:
    """Everything after a day turned into nonsense; flows after ``flow_day`` too."""
    rng = np.random.default_rng(7)
    arrays = {}
    for name in ARRAY_FIELDS:
        array = np.array(getattr(panel, name))
        array[:, day + 1 :] = rng.permutation(array[:, day + 1 :].ravel()).reshape(array[:, day + 1 :].shape)
        if name in ("open_krw", "high_krw", "low_krw", "close_krw"):
            array[:, day + 1 :] = array[:, day + 1 :] * 3 + 17
        arrays[name] = array
    cut, flow_cut = panel.days[day].astype("datetime64[D]"), panel.days[flow_day].astype("datetime64[D]")

    def after(one: DaySeries | None) -> DaySeries | None:
        assert one is not None
        close = np.where(one.days > cut, one.close * 0.5 + 3, one.close)
        return dataclasses.replace(one, open=close, high=close, low=close, close=close)

    flow = series.kospi_foreign
    assert flow is not None
    flow = dataclasses.replace(flow, net_krw=np.where(flow.days > flow_cut, -flow.net_krw * 5 + EOK, flow.net_krw))
    return dataclasses.replace(panel, **arrays), MarketSeries(
        after(series.kospi), after(series.kosdaq), after(series.usd_krw), flow, "changed"
    )


def same(one: GateHistory, other: GateHistory, days: slice) -> bool:
    names = ("status", "score", "coverage", "points", "values", "kospi", "kosdaq", "usd_krw")
    return all(np.array_equal(getattr(one, n)[days], getattr(other, n)[days], equal_nan=n != "status") for n in names)


@pytest.mark.parametrize("day", [30, 99, 140])
def test_the_future_changes_nothing(market: tuple[MarketPanel, MarketSeries], day: int) -> None:
    panel, series = market
    before = gate_history(panel, series, RULES)
    after = gate_history(*changed_after(panel, series, day, day - 1), RULES)
    assert same(before, after, slice(0, day + 1))
    assert not same(before, after, slice(day + 1, None))  # the change was felt where it may be
    last = panel.days[day].astype("datetime64[D]").item()
    for moment, flow_day in ((at_close(panel, day), day - 1), (AsOf.end_of(last), day)):
        other_panel, other_series = changed_after(panel, series, day, flow_day)
        one, two = read_gate(panel, series, moment, RULES), read_gate(other_panel, other_series, moment, RULES)
        assert one == two or dataclasses.asdict(one) == dataclasses.asdict(two)


def test_eligible_is_what_the_scan_calls_eligible(market: tuple[MarketPanel, MarketSeries]) -> None:
    panel, _ = market
    days = [0, 60, 100, 149]
    universe = vcp_universe(panel, RULES, days)
    for k, day in enumerate(days):
        result = scan(panel, at_close(panel, day), RULES)
        assert universe[:, k].tolist() == (result.ineligible == 0).tolist()
    assert universe[:, 2:].any()


# ---------------------------------------------------------------------------------------------------- who is counted


@pytest.mark.parametrize(
    "why", ["KONEX", "preferred", "halted", "admin", "no bar today", "999 won", "9억 a day", "value unknown and small"]
)
def test_ineligible_stocks_do_not_count(why: str) -> None:
    panel = Gate(above=3, below=2).panel
    assert [array.tolist() for array in breadth_days(panel, RULES, [59])] == [[5], [3]]
    match why:
        case "KONEX":
            panel.market[0] = Market.KONEX
        case "preferred":
            panel.security_type[0] = SecurityType.PREFERRED
        case "halted":
            panel.designation[0, 59] = DesignationFlag.HALT
        case "admin":
            panel.designation[0, 59] = DesignationFlag.ADMIN | DesignationFlag.CAUTION
        case "no bar today":
            panel.valid[0, 59] = False
        case "999 won":
            panel.close_krw[0, 59] = 999
        case "9억 a day":
            panel.value_krw[0, 40:] = 9.9 * EOK
        case _:
            panel.value_krw[0, :] = math.nan
            panel.volume_shares[0, :] = 90_000  # 90,000 x 10,000 won = 9억
    assert [array.tolist() for array in breadth_days(panel, RULES, [59])] == [[4], [2]]


def test_alerts_are_counted_and_missing_values_estimated() -> None:
    panel = Gate(above=3, below=2).panel
    panel.designation[0, 59] = DesignationFlag.WARNING | DesignationFlag.OVERHEAT
    panel.value_krw[1, :] = math.nan  # 1,000,000 shares x 10,000 won = 100억
    assert [array.tolist() for array in breadth_days(panel, RULES, [59])] == [[5], [3]]
    assert day_trade_universe(panel, RULES, [59])[:, 0].tolist() == [False, True, True, True, True]


def test_a_stock_needs_its_bars() -> None:
    panel = Gate(above=3, below=2).panel
    panel.valid[0, 0] = panel.present[0, 0] = False  # 59 bars
    assert [array.tolist() for array in breadth_days(panel, RULES, [59])] == [[4], [2]]
    longer = RULES.replace({"gate.breadth_bars": 60})
    assert [array.tolist() for array in breadth_days(panel, longer, [59])] == [[4], [2]]
    assert breadth_days(panel, RULES, [58])[0].tolist() == [0]
    assert [len(array) for array in breadth_days(panel, RULES, [])] == [0, 0]


def test_the_average_is_adjusted_for_a_split() -> None:
    # 59 days at 10,000, then a 2:1 split and a close of 5,100: adjusted the average is (19 x 5,000 + 5,100)/20 = 5,005.
    panel = Gate(above=1, below=1).panel
    panel.close_krw[0, 59] = 5_100
    panel.factor[0, 59] = 0.5
    assert breadth_days(panel, RULES, [59])[1].tolist() == [1]
    panel.factor[0, 59] = 1.0
    assert breadth_days(panel, RULES, [59])[1].tolist() == [0]


def test_windows_reach_over_a_long_halt() -> None:
    # 150 days; the stock is halted on days 60-139. Its window on day 149 is days 50-59 (10,000) and 140-149 (10,200).
    close = np.full((2, 150), 10_000)
    close[0, 140:] = 10_200
    panel = panel_of(close)
    panel.valid[0, 60:140] = False
    alone = breadth_days(panel, RULES, [149])
    assert [array.tolist() for array in alone] == [[2], [1]]
    everything = breadth_days(panel, RULES, np.arange(150))
    assert [array[149] for array in everything] == [2, 1]
    panel.valid[1, 149] = False  # a row without trades today is there, but it is no bar
    assert breadth_days(panel, RULES, [149])[0].tolist() == [1]
    panel.close_krw[0, 50:60] = 10_500  # mean (10 x 10,500 + 10 x 10,200)/20 = 10,350
    assert breadth_days(panel, RULES, [149])[1].tolist() == [0]


def test_equal_to_the_average_is_not_above_it() -> None:
    panel = Gate(above=2, below=0).panel
    panel.close_krw[0, :] = 10_000
    assert breadth_days(panel, RULES, [59])[1].tolist() == [1]


def test_rolling_mean_by_hand() -> None:
    found = rolling_mean(np.array([1.0, 2.0, 6.0, math.nan, 1.0, 1.0]), 3)
    np.testing.assert_array_equal(found, [math.nan, math.nan, 3.0, math.nan, math.nan, math.nan])
    assert np.isnan(rolling_mean(np.array([1.0]), 3)).all()


# ---------------------------------------------------------------------------------------------------- recorded market


def recorded_series(folder: Path) -> MarketSeries:
    """Indices, exchange rate and foreign net buying as recorded (억원 → won)."""
    import pandas as pd

    table = pd.read_parquet(folder / "index" / "index_daily.parquet")

    def one(symbol: str) -> DaySeries:
        rows = table[table["symbol"] == symbol].sort_values("date")
        days = pd.to_datetime(rows["date"]).to_numpy().astype("datetime64[D]")
        return DaySeries(symbol, days, *(rows[name].to_numpy(dtype=float) for name in ("open", "high", "low", "close")))

    flow = pd.read_csv(folder / "flows" / "market_flows_daily.csv")
    net = FlowSeries(
        pd.to_datetime(flow["date"]).to_numpy().astype("datetime64[D]"), flow["foreign"].to_numpy(dtype=float) * EOK
    )
    return MarketSeries(one("KOSPI"), one("KOSDAQ"), one("USDKRW"), net, "recorded")


@pytest.fixture(scope="module")
def real(recorded_market: RecordedMarket, recorded_data: Path) -> tuple[MarketPanel, MarketSeries]:
    return recorded_market.panel(), recorded_series(recorded_data)


def plain_breadth(panel: MarketPanel, day: int) -> tuple[int, int]:
    """Count with loops over one symbol's own bars: no arrays, no packing, prices adjusted bar by bar."""
    known = above = 0
    forbidden = DesignationFlag.HALT | DesignationFlag.CLEANUP | DesignationFlag.ADMIN | DesignationFlag.CAUTION_ISSUE
    for row in range(panel.shape[0]):
        bars = [i for i in range(day + 1) if panel.valid[row, i]]
        if len(bars) < 60 or bars[-1] != day or int(panel.designation[row, day]) & int(forbidden):
            continue
        if panel.market[row] not in (Market.KOSPI, Market.KOSDAQ) or panel.close_krw[row, day] < 1_000:
            continue
        value, close = 0.0, []
        for i in bars[-20:]:
            o, h, low, c = (int(a[row, i]) for a in (panel.open_krw, panel.high_krw, panel.low_krw, panel.close_krw))
            published = float(panel.value_krw[row, i])
            value += int(panel.volume_shares[row, i]) * (o + h + low + c) / 4 if math.isnan(published) else published
            close.append(c * (float(panel.factor[row, day]) / float(panel.factor[row, i])))
        if value / 20 >= 1_000_000_000:
            known += 1
            above += close[-1] > math.fsum(close) / 20 + 1e-9
    return known, above


@pytest.mark.real_data
def test_breadth_of_recorded_days_by_a_plain_count(real: tuple[MarketPanel, MarketSeries]) -> None:
    panel, _ = real
    days = [panel.day_index(day) for day in (date(2024, 8, 5), date(2025, 6, 25), date(2026, 5, 4))]
    known, above = breadth_days(panel, RULES, days)
    assert [(int(k), int(a)) for k, a in zip(known, above, strict=True)] == [plain_breadth(panel, day) for day in days]


@pytest.mark.real_data
def test_recorded_history(real: tuple[MarketPanel, MarketSeries]) -> None:
    panel, series = real
    history = gate_history(panel, series, RULES)
    crash = panel.day_index(date(2024, 8, 5))  # KOSPI -8.77 %, KOSDAQ -11.30 %
    assert history.status[crash] == GateStatus.RED
    assert history.values[crash, GATE_COMPONENTS.index("shock")] == pytest.approx(-11.30, abs=0.005)
    for day in (crash, 1, 59, 400, panel.shape[1] - 1):
        reading = read_gate(panel, series, at_close(panel, day), RULES)
        np.testing.assert_array_equal(history.score[day], math.nan if reading.score is None else reading.score)
        assert history.points[day].tolist() == [component.points for component in reading.components]


def test_a_series_is_read_up_to_the_day_only() -> None:
    series = levels([1_000.0, 1_001.0])
    assert series.until(DAY) == 2 and series.until(date(2026, 6, 29)) == 1

"""The demo market's gate, leaders and their news: what the strategies beside VCP have to look at on its last days."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.model.gate import GateStatus
from engine.model.instants import AsOf, day_of, kst_ns
from engine.model.market_series import DaySeries, FlowSeries, MarketSeries
from engine.scoring.gate import gate_history
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.providers.calendar_xkrx import load_calendar
from ralphstock_desktop.providers.simulated import market as simulated
from ralphstock_desktop.providers.simulated.market import SimulatedMarket, SimulationSpec

EOK = 100_000_000


@pytest.fixture(scope="module")
def made() -> SimulatedMarket:
    return simulated.generate(SimulationSpec.ending_before(date(2026, 11, 24), load_calendar().trading))


def series(made: SimulatedMarket) -> MarketSeries:
    def levels(code: str) -> DaySeries:
        rows = made.indices.code == code
        columns = (getattr(made.indices, name)[rows] for name in ("day", "open", "high", "low", "close"))
        return DaySeries(code, *columns)

    flows = next(batch for batch in made.batches() if type(batch).__name__ == "MarketFlowBatch")
    rows = (flows.market == "KOSPI") & (flows.investor == "foreign")  # type: ignore[union-attr]
    foreign = FlowSeries(flows.day[rows], flows.net_krw[rows].astype(np.float64))  # type: ignore[union-attr]
    return MarketSeries(levels("KOSPI"), levels("KOSDAQ"), levels("USDKRW"), foreign, "made")


def test_the_gate_can_be_read_and_the_last_one_is_open(made: SimulatedMarket) -> None:
    history = gate_history(made.panel(), series(made), DEFAULT_RULES)
    assert history.coverage[-1] == 100.0
    assert GateStatus(int(history.status[-1])) in (GateStatus.GREEN, GateStatus.YELLOW)
    assert {GateStatus.GREEN, GateStatus.YELLOW, GateStatus.RED} <= {GateStatus(int(s)) for s in history.status[-250:]}


def test_leaders_jump_on_heavy_turnover_after_a_rest(made: SimulatedMarket) -> None:
    bars, days = made.bars, len(made.spec.days)
    assert len({leader.row for leader in made.leaders}) == len(made.leaders) > 100
    recent = [leader for leader in made.leaders if leader.day >= days - 10]
    assert len(recent) >= 40
    for leader in recent:
        change = 100 * (bars.close_krw[leader.row, leader.day] / bars.base_krw[leader.row, leader.day] - 1)
        assert 4.0 < change < 25.0
        assert 0.5 < bars.value_krw[leader.row, leader.day] / leader.value_krw < 2.0
        rest = bars.volume_shares[leader.row, leader.day - 20 : leader.day]
        assert bars.volume_shares[leader.row, leader.day] > 5 * rest.mean()
    assert sum(bars.value_krw[leader.row, leader.day] >= 1_000 * EOK for leader in recent) > 30
    high = [leader for leader in made.leaders if leader.at_high]
    near = [
        bars.adjusted_close[leader.row, leader.day]
        >= 0.95 * bars.adjusted_close[leader.row, leader.day - 249 : leader.day].max()
        for leader in high
    ]
    assert np.mean(near) > 0.95


def test_leaders_have_their_story_before_the_closing_auction(made: SimulatedMarket) -> None:
    news, days = made.news, made.spec.days
    told = [leader for leader in made.leaders if leader.story != "none" and leader.day >= len(days) - made.spec.news_days]
    assert {leader.story for leader in told} == {"decisive", "good", "weak", "bad"}
    for leader in told:
        on = days[leader.day].astype(date)
        mine = (news.ticker == made.universe.ticker[leader.row]) & np.array([day_of(int(t)) == on for t in news.published_ns])
        assert mine.any()
        assert (news.collected_ns[mine] < kst_ns(on, 15, 10)).any()
    severe = ("유상증자", "횡령", "배임")
    last_weeks = news.published_ns >= kst_ns(days[-15].astype(date), 0)
    titles = news.title[last_weeks].tolist()
    assert len(titles) > 300
    assert sum(any(term in title for term in severe) for title in titles) > 10
    assert sum(press == "DART" for press in news.press.tolist()) > 30
    assert news.published_ns.max() < AsOf.end_of(days[-1].astype(date)).instant_ns


def test_the_leaders_of_the_last_days_have_minutes(made: SimulatedMarket) -> None:
    days = len(made.spec.days)
    held = set(made.minutes.ticker.tolist())
    for leader in made.leaders:
        if leader.day >= days - made.spec.minute_days:
            assert made.universe.ticker[leader.row] in held
    last = made.spec.days[-1].astype(date)
    assert made.minutes.minute_ns.max() == DEFAULT_SESSIONS.close_ns(last)

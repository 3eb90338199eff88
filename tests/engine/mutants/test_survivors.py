"""Golden cases for thresholds whose one-step mutants no other test noticed (tests/mutation/threshold_mutants.py)."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

for folder in ("daytrade", "gate"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))

from checklist_market import Stock, score  # noqa: E402
from checklist_market import panel_of as checklist_panel  # noqa: E402
from gate_market import levels, panel_of, rising  # noqa: E402

from engine.calendar.sessions import DEFAULT_SESSIONS  # noqa: E402
from engine.features.volume_curve import phi  # noqa: E402
from engine.model.instants import AsOf, kst_ns  # noqa: E402
from engine.model.market_series import MarketSeries  # noqa: E402
from engine.model.panel import ARRAY_FIELDS, MarketPanel  # noqa: E402
from engine.scoring.day_trade import day_trade_days  # noqa: E402
from engine.scoring.gate import read_gate  # noqa: E402
from engine.thresholds import DEFAULT_RULES  # noqa: E402

RULES = DEFAULT_RULES
EOK = 100_000_000.0


# -- §4.2: every point of the table ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clock", "share"),
    [
        ("09:00", 0.0), ("09:30", 0.16), ("10:00", 0.26), ("10:30", 0.34), ("11:00", 0.41), ("11:30", 0.475), ("12:00", 0.525),
        ("12:30", 0.57), ("13:00", 0.62), ("13:30", 0.68), ("14:00", 0.745), ("14:30", 0.815), ("15:00", 0.885),
        ("15:20", 0.935), ("15:30", 1.0), ("09:15", 0.08), ("15:10", 0.91),
    ],
)  # fmt: skip
def test_the_share_of_the_day_at_each_time_of_the_table(clock: str, share: float) -> None:
    day = date(2026, 6, 30)
    hour, minute = (int(part) for part in clock.split(":"))
    assert phi(kst_ns(day, hour, minute), day, DEFAULT_SESSIONS, RULES) == pytest.approx(share, abs=1e-12)


# -- §4.1-5: five days, not six ----------------------------------------------------------------------------------------------


def test_the_sixth_day_back_takes_no_part() -> None:
    # 60억 six days ago would make 60억 (8 points); the five days t-5 … t-1 sum to 40억: 40억/250억 turnover = 16 % is 15 points,
    # so a turnover of 5,000억 a day keeps the share (40/25,000 = 0.16 %) out of it.
    stock = Stock().flows([0.0] * 6, [60 * EOK, 8 * EOK, 8 * EOK, 8 * EOK, 8 * EOK, 8 * EOK])
    for bar in stock.bars:
        bar.value = 5_000 * EOK
    found = score(stock)
    assert found.value("institution") == 40 * EOK
    assert found.points("institution") == 0.0


# -- §4.1-7: rank ÷ number of sectors ----------------------------------------------------------------------------------------


def sectors(count: int) -> list[Stock]:
    """``count`` sectors of five stocks; the higher the number the better the five-day return, equal inside a sector."""
    return [Stock(price=9_500.0 + 10 * number, sector=f"s{number:02d}") for number in range(count) for _ in range(5)]


@pytest.mark.parametrize(
    ("count", "rank", "points"),
    [
        (20, 4, 15.0),  # 4 / 20 = 20 %
        (24, 5, 8.0),  # 5 / 24 = 20.83 %
        (20, 8, 8.0),  # 8 / 20 = 40 %
        (22, 9, 0.0),  # 9 / 22 = 40.91 %
    ],
)
def test_the_edges_of_the_best_sectors(count: int, rank: int, points: float) -> None:
    found = score(*sectors(count))
    row = 5 * (count - rank)
    assert found.scan.sector_rank[row] == rank and found.scan.sector_count == count
    assert found.points("sector", row) == points


# -- §0.3: five of seven items known is enough ---------------------------------------------------------------------------------


def test_a_checklist_of_five_known_items_may_be_a_signal() -> None:
    # Neither flows nor a sector: 5 x 15 of 105 points are known, coverage 71.43 %. Volume, momentum, box and 5-day line give
    # 60 of 105 = 57.14: grade B. With coverage 70 it is a signal.
    grown = _with_day(checklist_panel([Stock()]), open_=9_500, high=10_300, low=9_500, close=10_250, volume=300_000)
    signals = day_trade_days(grown, [20], RULES)
    assert (signals.row.tolist(), signals.score.tolist()) == ([0], [57.14])


def _with_day(panel: MarketPanel, *, open_: int, high: int, low: int, close: int, volume: int) -> MarketPanel:
    """The panel with one more day (2026-06-30) behind it."""
    new = {
        "open_krw": open_, "high_krw": high, "low_krw": low, "close_krw": close, "volume_shares": volume,
        "value_krw": float(volume) * close, "base_krw": 9_500.0, "factor": 1.0, "present": True, "valid": True, "designation": 0,
    }  # fmt: skip
    changes = {}
    for name, kind in ARRAY_FIELDS.items():
        column = np.full((1, 1), new.get(name, np.nan), dtype=kind)
        changes[name] = np.concatenate((getattr(panel, name), column), axis=1)
    return replace(panel, days=np.append(panel.days, np.datetime64("2026-06-30", "D")), **changes)


# -- §5.1: breadth over twenty bars --------------------------------------------------------------------------------------------


def test_breadth_looks_at_twenty_bars() -> None:
    # 60 bars: 9,000 won on the 21st last day, then 19 days at 10,000 and the last at 10,000 again would be on its average;
    # with 10,001 on the last day: MA20 = (19 x 10,000 + 10,001)/20 = 10,000.05 < 10,001: above.
    # Turned round: 12,000 on the 21st last day must not count: MA21 = (12,000 + 19 x 10,000 + 10,001)/21 = 10,095 > 10,001.
    close = np.full((5, 60), 10_000)
    close[:, -21] = 12_000
    close[:, -1] = 10_001
    series = MarketSeries(levels(rising()), levels(rising(), "KOSDAQ"), None, None, "x")
    reading = read_gate(panel_of(close), series, AsOf.end_of(date(2026, 6, 30)), RULES)
    assert (reading.breadth_known, reading.breadth_above) == (5, 5)


# -- values no engine function reads: the clock times and limits of the plans ----------------------------------------------------


def test_the_clock_times_and_limits_of_the_plans() -> None:
    # §3.6: sold at 10:00; two positions; no new entry after 2R a day or 4R a week
    jongga = RULES.jongga
    assert (jongga.exit_minute, jongga.max_positions, jongga.daily_loss_r, jongga.weekly_loss_r) == (600, 2, 2.0, 4.0)
    # §4.4: from 09:10, until 15:00, out at 15:15; §4.3: older than 60 s is stale; §4.2: twenty days of one's own
    day = RULES.daytrading
    assert (day.entry_from_minute, day.entry_until_minute, day.exit_minute) == (550, 900, 915)
    assert (day.spike_from_minute, day.stale_after_s, day.curve_days) == (550, 60.0, 20)
    # §6.6: ten clusters, 500 characters, 20 seconds, confidence 0.5, one point either way
    news = RULES.news
    assert (news.model_items, news.model_excerpt, news.model_timeout_s) == (10, 500, 20.0)
    assert (news.model_confidence, news.model_reach) == (0.5, 1.0)


def test_the_study_and_the_scale_of_twelve() -> None:
    # §7.6: 1, 5, 10, 20, 60 bars (and 3, which the record shows), 2,000 resamples; §3.5: score_pct = 100 x total / 12
    assert RULES.life.study_bars == (1, 3, 5, 10, 20, 60)
    assert RULES.life.resamples == 2_000
    assert RULES.jongga.max_points == 12.0

"""The whole market's scan beside per-symbol and grouped pandas, in the same run.

    python -m pytest -m perf tests/perf/test_scan_speed.py -s

The pandas references compute the *measures* of the rules that a rolling window can give (averages, extremes, strength, true
range, volume means); swings, merging, ranks, points, evidence and order plans, which our scan does too, are left out of
theirs. The limits are ratios to them, so that a slower machine changes nothing.
"""

from __future__ import annotations

import numpy as np
import pytest

from engine.explain.overlay import vcp_overlay
from engine.explain.vcp_evidence import explain_vcp
from engine.features import acceleration
from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from engine.scoring.history import scan_days
from engine.scoring.vcp import scan
from engine.thresholds import DEFAULT_RULES
from tests.perf.market import median_ms, synthetic_panel

pytestmark = pytest.mark.perf

SYMBOLS, DAYS = 2_017, 724


@pytest.fixture(scope="module")
def panel() -> MarketPanel:
    assert acceleration.accelerate(), "the compiler (numba) is needed for this benchmark"
    market = synthetic_panel(SYMBOLS, DAYS)
    scan(market, AsOf.end_of(market.days[-1].item()), DEFAULT_RULES)
    return market


def _measures_of_one(close, high, low, volume):  # type: ignore[no-untyped-def]
    """The rolling measures of §§2.3-2.7 for one symbol as pandas users write them."""
    mean = {length: close.rolling(length).mean() for length in (50, 150, 200)}
    previous = close.shift(1)
    true_range = np.maximum(high - low, np.maximum((high - previous).abs(), (low - previous).abs()))
    strength = sum(w * 100 * (close / close.shift(k) - 1) for k, w in ((63, 0.4), (126, 0.2), (189, 0.2), (250, 0.2)))
    return (
        *mean.values(),
        mean[200].shift(22),
        low.rolling(250).min(),
        high.rolling(250).max(),
        strength,
        100 * true_range.rolling(20).mean() / close,
        volume.rolling(5).mean(),
        volume.shift(5).rolling(50).mean(),
        volume.rolling(10).min(),
        high.rolling(121).max(),
        close.rolling(5).max() - close.rolling(5).min(),
    )


def test_one_day_and_many_days_of_the_whole_market(panel: MarketPanel, capsys: pytest.CaptureFixture[str]) -> None:
    import pandas as pd

    as_of = AsOf.end_of(panel.days[-1].item())
    one_day = median_ms(lambda: scan(panel, as_of, DEFAULT_RULES), runs=15)
    row = int(np.flatnonzero(scan(panel, as_of, DEFAULT_RULES).t_count >= 2)[0])
    result = scan(panel, as_of, DEFAULT_RULES)
    explain = median_ms(
        lambda: (explain_vcp(panel, result, row, DEFAULT_RULES), vcp_overlay(panel, result, row, DEFAULT_RULES)), runs=31
    )
    many = median_ms(lambda: scan_days(panel, range(DAYS - 250, DAYS), DEFAULT_RULES), runs=1, warm=0)

    frames = [
        tuple(
            pd.Series(array[k].astype(float)) for array in (panel.close_krw, panel.high_krw, panel.low_krw, panel.volume_shares)
        )
        for k in range(200)
    ]
    per_symbol = median_ms(lambda: [_measures_of_one(*frame) for frame in frames], runs=3) * SYMBOLS / len(frames)
    long = pd.DataFrame(
        {
            "ticker": np.repeat(panel.tickers, DAYS),
            "close": panel.close_krw.ravel().astype(float),
            "high": panel.high_krw.ravel().astype(float),
            "low": panel.low_krw.ravel().astype(float),
            "volume": panel.volume_shares.ravel().astype(float),
        }
    )

    def grouped() -> list[object]:
        rolled = []
        for column, length, name in (
            ("close", 50, "mean"), ("close", 150, "mean"), ("close", 200, "mean"), ("low", 250, "min"), ("high", 250, "max"),
            ("volume", 5, "mean"), ("volume", 50, "mean"), ("volume", 10, "min"), ("high", 121, "max"),
            ("close", 5, "max"), ("close", 5, "min"),
        ):  # fmt: skip
            rolled.append(getattr(long.groupby("ticker", sort=False)[column].rolling(length), name)())
        return rolled

    by_group = median_ms(grouped, runs=1, warm=0)
    with capsys.disabled():
        print(
            f"\n{SYMBOLS} symbols x {DAYS} days"
            f"\n  scan, one day                 {one_day:9.1f} ms"
            f"\n  scan, 250 days                {many:9.0f} ms   ({many / 250:.1f} ms a day)"
            f"\n  one symbol explained          {explain:9.2f} ms"
            f"\n  pandas per symbol, measures   {per_symbol:9.0f} ms   {per_symbol / one_day:8.0f} x one day"
            f"\n  pandas groupby, measures      {by_group:9.0f} ms   {by_group / one_day:8.0f} x one day"
        )
    assert per_symbol / one_day > 30
    assert by_group / one_day > 10
    assert many < per_symbol * 250 / 30
    assert explain < per_symbol / SYMBOLS * 5

"""All strategies over the whole market, the what-if move, live rescoring and backtests, beside pandas, vectorbt and backtesting.py.

    python -m tests.perf.bench_strategies --store FOLDER [--peers-python PATH]

``FOLDER`` holds an imported market (``ralphstock import --data FOLDER …``). ``--peers-python`` names an interpreter with vectorbt
and backtesting installed: both get the very entries our scan found and the same stop, target and holding limit on the same bars.
The pandas reference computes the closing bet's chart, candle, period and volume components symbol by symbol, as pandas users
write them; ranks, news, supply, gate, caps, evidence and plans are left out of it. Ratios, not milliseconds, are what to compare.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.asof.view import known_days
from engine.features import acceleration
from engine.features.closing_measures import measure_closing
from engine.features.day_measures import measure_prior
from engine.model.closing import ClosingRun
from engine.model.daytrade import DayQuotes
from engine.model.gate import GateReading
from engine.model.instants import AsOf
from engine.model.market_series import MarketSeries
from engine.model.news import NewsPoints
from engine.model.panel import MarketPanel
from engine.performance import acceleration as life_acceleration
from engine.performance.life import bars_of, follow
from engine.performance.signals import vcp_signals
from engine.scoring.closing_bet import score_closing
from engine.scoring.closing_history import closing_days, closing_signals
from engine.scoring.day_trade import quotes_from_bars, rescore, score_day_trade
from engine.scoring.gate import gate_history, read_gate
from engine.scoring.history import scan_days
from engine.scoring.vcp import measure_day, scan, score
from engine.thresholds import DEFAULT_RULES as RULES
from tests.perf.market import median_ms

__all__ = ["figures", "no_news", "pandas_closing_ms"]

PEERS = """
import json, sys, time
import numpy as np, pandas as pd
folder = sys.argv[1]
close = np.load(folder + "/close.npy"); opened = np.load(folder + "/open.npy")
high = np.load(folder + "/high.npy"); low = np.load(folder + "/low.npy"); entries = np.load(folder + "/entries.npy")
out = {}
try:
    import vectorbt as vbt
    def run():
        return vbt.Portfolio.from_signals(pd.DataFrame(close.T), entries=pd.DataFrame(entries.T), open=pd.DataFrame(opened.T),
            high=pd.DataFrame(high.T), low=pd.DataFrame(low.T), sl_stop=0.08, tp_stop=0.15, fees=0.00115, freq="D")
    begin = time.perf_counter(); run(); out["vectorbt_first_s"] = time.perf_counter() - begin
    begin = time.perf_counter(); result = run(); count = int(result.trades.count().sum())
    out["vectorbt_s"] = time.perf_counter() - begin; out["vectorbt_trades"] = count
except ImportError:
    pass
try:
    import warnings; warnings.simplefilter("ignore")
    from backtesting import Backtest, Strategy
    class Rule(Strategy):
        def init(self): self.signal = self.I(lambda: self.data.df["Entry"].to_numpy(), plot=False)
        def next(self):
            if self.position and len(self.data) - self.trades[0].entry_bar > 20: self.position.close()
            if self.signal[-1] and not self.position:
                price = self.data.Close[-1]; self.buy(sl=price * 0.92, tp=price * 1.15)
    rows = [r for r in range(len(close)) if entries[r].any() and (close[r] > 0).sum() > 60]
    begin = time.perf_counter(); trades = 0
    for r in rows[:200]:
        valid = close[r] > 0
        frame = pd.DataFrame({"Open": opened[r][valid], "High": high[r][valid], "Low": low[r][valid], "Close": close[r][valid],
            "Volume": 1.0, "Entry": entries[r][valid]}, index=pd.RangeIndex(valid.sum()))
        trades += len(Backtest(frame, Rule, cash=1e9, commission=0.00115).run()["_trades"])
    spent = time.perf_counter() - begin
    out["backtesting_s"] = spent * len(rows) / max(1, min(len(rows), 200)); out["backtesting_symbols"] = len(rows)
except ImportError:
    pass
print(json.dumps(out))
"""


def no_news(panel: MarketPanel) -> NewsPoints:
    """A market whose collector worked and found nothing."""
    size = len(panel.tickers)
    zero = np.zeros(size)
    return NewsPoints(
        zero, np.full(size, 2, np.uint8), zero, zero, np.zeros(size, bool), np.zeros(size, np.int32), RULES.ruleset_id
    )


def pandas_closing_ms(panel: MarketPanel, day: int, symbols: int = 200) -> float:
    """Milliseconds the whole market would take symbol by symbol; measured on some and multiplied."""
    import pandas as pd

    rows = np.flatnonzero(panel.valid[:, day])[:symbols]
    begin = time.perf_counter()
    for row in rows:
        bars = np.flatnonzero(panel.valid[row, : day + 1])
        frame = pd.DataFrame(
            {
                "o": panel.open_krw[row, bars].astype(float),
                "h": panel.high_krw[row, bars].astype(float),
                "l": panel.low_krw[row, bars].astype(float),
                "c": panel.close_krw[row, bars].astype(float),
                "v": panel.volume_shares[row, bars].astype(float),
            }
        )
        value = frame.v * (frame.o + frame.h + frame.l + frame.c) / 4
        _ = value >= 1e11
        _ = frame.c >= 0.95 * frame.h.rolling(250, min_periods=1).max()
        _ = frame.c > frame.h.shift(1).rolling(60).max()
        span = frame.h - frame.l
        _ = ((frame.c - frame.o) / frame.o >= 0.03) & ((frame.c - frame.l) / span >= 0.75) & ((frame.c - frame.o) / span >= 0.5)
        before = frame.c.shift(1).rolling(20)
        _ = (before.max() / before.min() - 1 <= 0.15) & (
            frame.v.shift(1).rolling(5).mean() <= frame.v.shift(1).rolling(20).mean()
        )
    return 1e3 * (time.perf_counter() - begin) * len(panel.tickers) / max(1, len(rows))


def figures(panel: MarketPanel, series: MarketSeries, *, days: int = 250) -> dict[str, float]:
    """Milliseconds (names ending in ``_ms``) and seconds (``_s``) of everything, medians where it is short."""
    assert acceleration.accelerate() and life_acceleration.accelerate(), "the compiler (numba) is needed for this benchmark"
    last = len(panel.days) - 1
    as_of = AsOf.end_of(panel.days[last].item())
    news = no_news(panel)
    result: dict[str, float] = {}
    gate: GateReading = read_gate(panel, series, as_of, RULES)
    result["gate_ms"] = median_ms(lambda: read_gate(panel, series, as_of, RULES))
    result["vcp_ms"] = median_ms(lambda: scan(panel, as_of, RULES))
    measures = measure_closing(panel, last, last - 1, RULES)

    def closing() -> object:
        return score_closing(
            panel, as_of, ClosingRun.CONFIRMED, last, last - 1, measure_closing(panel, last, last - 1, RULES), news, gate, RULES
        )

    result["closing_ms"] = median_ms(closing)
    prior = measure_prior(panel, last - 1, last - 1, RULES)
    quotes: DayQuotes = quotes_from_bars(panel, last, as_of.instant_ns)

    def day_trade() -> object:
        return score_day_trade(panel, measure_prior(panel, last - 1, last - 1, RULES), quotes, RULES, gate)

    result["day_trade_ms"] = median_ms(day_trade)
    result["four_engines_ms"] = result["gate_ms"] + result["vcp_ms"] + result["closing_ms"] + result["day_trade_ms"]

    # what-if: a moved threshold, measures kept
    moved = RULES.replace({"jongga.min_value_krw": 7e10, "jongga.candle_body_pct": 2.0})
    result["what_if_closing_ms"] = median_ms(
        lambda: score_closing(panel, as_of, ClosingRun.CONFIRMED, last, last - 1, measures, news, gate, moved).order
    )
    known = known_days(panel, as_of)
    vcp_measures = measure_day(panel, known, RULES)
    moved = RULES.replace({"vcp.rs_min": 80})
    result["what_if_vcp_ms"] = median_ms(lambda: score(panel, as_of, known, vcp_measures, moved))
    moved = RULES.replace({"daytrading.spike_full": 2.5})
    result["what_if_day_ms"] = median_ms(lambda: score_day_trade(panel, prior, quotes, moved, gate).order)

    # live: 300 symbols changed
    before = score_day_trade(panel, prior, quotes, RULES, gate)
    rows = np.sort(
        np.random.default_rng(3).choice(np.flatnonzero(before.eligible), min(300, int(before.eligible.sum())), False)
    )
    price = quotes.price.copy()
    price[rows] *= 1.01
    later = replace(quotes, price=price)
    result["live_300_ms"] = median_ms(lambda: rescore(before, rows.astype(np.intp), panel, prior, later, RULES, gate))
    result["live_all_ms"] = median_ms(lambda: score_day_trade(panel, prior, later, RULES, gate))

    # many days and backtest
    span = range(max(0, last + 1 - days), last + 1)
    begin = time.perf_counter()
    gates = gate_history(panel, series, RULES)
    result["gate_all_days_s"] = time.perf_counter() - begin
    begin = time.perf_counter()
    scan_days(panel, span, RULES)
    result[f"vcp_{days}_days_s"] = time.perf_counter() - begin
    begin = time.perf_counter()
    history = closing_days(panel, list(span), RULES, lambda _day: news, None)
    closing_signals(history)
    result[f"closing_{days}_days_s"] = time.perf_counter() - begin
    begin = time.perf_counter()
    for day in span:
        score_day_trade(
            panel,
            measure_prior(panel, day - 1, day - 1, RULES),
            quotes_from_bars(panel, day, as_of.instant_ns),
            RULES,
            gate,
        )
    result[f"day_trade_{days}_days_s"] = time.perf_counter() - begin
    begin = time.perf_counter()
    whole = scan_days(panel, range(last + 1), RULES)
    result["backtest_scans_s"] = time.perf_counter() - begin
    status = np.zeros(len(panel.days), dtype=np.uint8)
    status[gates.day_index] = gates.status
    signals = vcp_signals(panel, whole, RULES, status)
    bars = bars_of(panel)
    follow(panel, signals, RULES, bars=bars)
    result["backtest_lives_s"] = median_ms(lambda: follow(panel, signals, RULES, bars=bars)) / 1e3
    result["backtest_signals"] = float(len(signals))
    result["pandas_closing_ms"] = pandas_closing_ms(panel, last)
    result["closing_times_faster"] = result["pandas_closing_ms"] / result["closing_ms"]
    return result


def _peers(python: str, panel: MarketPanel) -> dict[str, float]:
    """Run vectorbt and backtesting.py on the very entries of our scan, in their own interpreter."""
    pattern = scan_days(panel, range(len(panel.days)), RULES).pattern
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for field in ("open", "high", "low", "close"):
            prices = np.where(panel.valid, getattr(panel, f"{field}_krw").astype(float), np.nan)
            np.save(folder / f"{field}.npy", prices)
        entries = np.zeros(panel.shape, dtype=bool)
        entries[:, : pattern.shape[1]] = pattern
        np.save(folder / "entries.npy", entries)
        script = folder / "peers.py"
        script.write_text(PEERS, encoding="utf-8")
        done = subprocess.run([python, str(script), str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr[-2_000:])
        return {}
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def main() -> int:
    """Print the figures of a stored market."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--peers-python", default="")
    options = parser.parse_args()
    from ralphstock_desktop.app.folders import Folders
    from ralphstock_desktop.app.market_dataset import RealDataset

    folders = Folders.of_user(options.store)
    dataset = RealDataset(folders.data / "real" / "market.sqlite3", folders, time.time_ns)
    panel = dataset.quick_panel() or dataset.load_panel(lambda _progress: None)
    result = figures(panel, dataset.strategies().market_series())
    if options.peers_python:
        result |= _peers(options.peers_python, panel)
    print(f"{len(panel.tickers)} symbols x {len(panel.days)} days")
    for name, value in result.items():
        print(f"  {name:28s} {value:12.3f}")
    dataset.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

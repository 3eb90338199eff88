"""One compressed market day through every fault: at the end the store must equal the simulator's truth bar for bar.

Run by hand::

    python -m tests.soak.fault_day --symbols 2600 --speed 60 --disconnects 1000

The day alternates between calm stretches, in which some of the faults strike now and then, and storms, in which the connection is
cut again as soon as it stands. Exits with 1 on any difference, open gap, unexpected exception or missing disconnect.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import text

from ralphstock_desktop.services.live.backfill import BackfillRules
from tests.soak.live_client import LiveClient
from tests.soak.sim_process import SimProcess, SimSetup

SECOND_NS = 1_000_000_000
RULES = BackfillRules(concurrency=8, settle_s=0.5, asked_again_s=3.0, first_wait_s=0.5, longest_wait_s=8.0)
FAULTS = {
    "duplicate": 0.3,
    "reorder": 0.2,
    "delay": 0.1,
    "wrong_units": 0.05,
    "clock_skew": 0.05,
    "rate_limit": 0.2,
    "server_error": 0.2,
    "html_page": 0.1,
    "empty_page": 0.3,
    "half_frame": 0.02,
    "cut": 0.01,
    "expired_token": 0.05,
    "duplicate_login": 0.3,
    "silent_socket": 0.1,
    "restart": 0.2,
}
"""Every fault switch and its rate while it is on."""


@dataclass
class Outcome:
    """What a run showed; :meth:`failures` says what was wrong."""

    wanted_disconnects: int
    disconnects: int = 0
    messages: int = 0
    seconds: float = 0.0
    bars_true: int = 0
    bars_stored: int = 0
    bars_wrong: int = 0
    bars_missing: int = 0
    bars_extra: int = 0
    values_exact: int = 0
    values_missing: int = 0
    values_wrong: int = 0
    days_true: int = 0
    days_wrong: int = 0
    gaps_found: int = 0
    gaps_filled: int = 0
    gaps_open: int = 0
    symbols: int = 0
    symbols_proven: int = 0
    rss_mb: float = 0.0
    slope_mb_per_min: float = 0.0
    requests: int = 0
    errors: list[str] = field(default_factory=list)
    struck: dict[str, int] = field(default_factory=dict)
    never_struck: list[str] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    time_in: dict[str, float] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    def failures(self) -> list[str]:
        """Everything that must not be."""
        wrong = []
        for name in (
            "bars_wrong",
            "bars_missing",
            "bars_extra",
            "values_wrong",
            "days_wrong",
            "gaps_open",
            "errors",
            "never_struck",
        ):
            value = getattr(self, name)
            if value:
                wrong.append(f"{name}: {value}")
        if self.disconnects < self.wanted_disconnects:
            wrong.append(f"only {self.disconnects} disconnects")
        if self.symbols_proven != self.symbols or not self.bars_true:
            wrong.append(f"{self.symbols - self.symbols_proven} symbols are not proven")
        return wrong


def _rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6


async def _storm(client: LiveClient, sim: SimProcess, seconds: float, wanted: int) -> None:
    sim.storm(seconds)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if client.disconnects >= wanted:
            sim.storm(0.0)
        await asyncio.sleep(0.1)


async def _play(client: LiveClient, sim: SimProcess, disconnects: int, stretch_s: float) -> None:
    """Live through the day; returns when trading is over."""
    over = sim.close_ns + 100 * SECOND_NS
    day_s = (over - sim.market_ns()) / SECOND_NS / sim.setup.speed
    rounds = max(int(day_s / (2 * stretch_s)), 1)
    names = list(FAULTS)
    for number in range(rounds):
        on = [names[(number * 2 + step) % len(names)] for step in range(3)]
        for name in on:
            sim.set_fault(name, FAULTS[name])
        is_behind = client.disconnects < disconnects * number // rounds
        calm_s = stretch_s * (0.3 if is_behind else 0.7)
        await asyncio.sleep(calm_s)
        for name in on:
            sim.set_fault(name, 0.0)
        await _storm(client, sim, 2 * stretch_s - calm_s, disconnects * (number + 3) // rounds)
    while sim.market_ns() < over:
        await asyncio.sleep(0.2)


async def _finish(client: LiveClient, sim: SimProcess, patience_s: float) -> None:
    """The market stands still after the close; gaps are filled until the day is proven or patience ends."""
    sim.pause()
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if not client.recorder.ledger.wounded and client.recorder.proof().is_proven:
            return
        await asyncio.sleep(0.5)


def _rows(client: LiveClient, query: str, **values: Any) -> list[tuple[Any, ...]]:
    with client.database.read() as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]


def compare(client: LiveClient, truth: dict[str, Any], outcome: Outcome) -> None:
    """Hold the store against the truth: all minutes of all symbols, and the day bars."""
    wanted = frozenset(client.sim.tickers)
    names = truth["tickers"].tolist()
    bars: dict[tuple[str, int], tuple[int, ...]] = {}
    columns = ("row", "start_ns", "open", "high", "low", "close", "volume", "value")
    for row, start, *numbers in zip(*(truth[name].tolist() for name in columns), strict=True):
        if names[row] in wanted:
            bars[(names[row], start)] = tuple(numbers)
    outcome.bars_true = len(bars)
    query = "SELECT ticker, ts, open, high, low, close, volume, trading_value FROM minute_price"
    for ticker, start, *numbers in _rows(client, query):
        outcome.bars_stored += 1
        true = bars.pop((ticker, start), None)
        if true is None:
            outcome.bars_extra += 1
        elif tuple(numbers[:5]) != true[:5]:
            outcome.bars_wrong += 1
            outcome.examples.append(f"{ticker} {start}: stored {numbers}, true {true}")
        elif numbers[5] is None:
            outcome.values_missing += 1
        elif numbers[5] == true[5]:
            outcome.values_exact += 1
        else:
            outcome.values_wrong += 1
            outcome.examples.append(f"{ticker} {start}: value {numbers[5]}, true {true[5]}")
    outcome.bars_missing = len(bars)
    outcome.examples += [f"missing {key}" for key in list(bars)[:10]]
    stored = {
        ticker: tuple(rest) for ticker, *rest in _rows(client, "SELECT ticker, open, high, low, close, volume FROM daily_price")
    }
    for row, ticker in enumerate(names):
        true = tuple(int(truth[f"day_{name}"][row]) for name in ("open", "high", "low", "close", "volume"))
        if ticker not in wanted or not true[4]:
            continue
        outcome.days_true += 1
        if stored.get(ticker) != true:
            outcome.days_wrong += 1
            outcome.examples.append(f"day {ticker}: stored {stored.get(ticker)}, true {true}")


async def run_day(
    setup: SimSetup,
    folder: Path,
    *,
    disconnects: int,
    stretch_s: float = 9.0,
    patience_s: float = 300.0,
    tell: Any = None,
) -> Outcome:
    """Run the whole thing."""
    outcome = Outcome(disconnects)
    began = time.monotonic()
    sim = await asyncio.get_running_loop().run_in_executor(None, SimProcess, setup)
    client = LiveClient(sim, folder, RULES)
    samples: list[tuple[float, float]] = []

    async def watch() -> None:
        while True:
            report = client.recorder.ledger.report()
            samples.append((time.monotonic() - began, _rss_mb()))
            if tell is not None:
                minute = (sim.market_ns() - sim.open_ns) / SECOND_NS / 60
                tell(
                    f"{minute:6.1f} min  {client.hub.messages} messages  {client.disconnects} disconnects  gaps {report.found}/"
                    f"{report.filled}/{report.open}  asked {client.recorder.filler.requests}  stored {client.recorder.rows_written}"
                    f"  {samples[-1][1]:.0f} MB  errors {len(client.errors)}"
                    f"  {', '.join(f'{name} {seconds:.0f} s' for name, seconds in client.time_in.items() if seconds >= 1)}"
                )
            await asyncio.sleep(5.0)

    watching = asyncio.create_task(watch(), name="watch")
    try:
        sim.go()
        await client.start()
        for ticker in sim.tickers:
            # The day's arrays are there from the start, so that the slope shows what grows besides them.
            client.recorder.minutes.rows_of(ticker)["first"] = 0
        await _play(client, sim, disconnects, stretch_s)
        await _finish(client, sim, patience_s)
        await client.stop()
        client.store_days()
        outcome.seconds = time.monotonic() - began
        stats = sim.stats()
        compare(client, sim.truth(folder / "truth.npz"), outcome)
    finally:
        watching.cancel()
        sim.stop()
    report, proof = client.recorder.ledger.report(), client.recorder.proof()
    outcome.disconnects, outcome.messages = client.disconnects, client.hub.messages
    outcome.gaps_found, outcome.gaps_filled, outcome.gaps_open = report.found, report.filled, report.open
    outcome.symbols, outcome.symbols_proven = proof.symbols, proof.proven
    outcome.errors = client.errors + client.log.found
    outcome.struck = stats["struck"]
    outcome.never_struck = [name for name in FAULTS if not outcome.struck.get(name)] if disconnects >= 1_000 else []
    outcome.refused, outcome.notes = dict(client.recorder.ledger.refused), dict(client.monitor.counts)
    outcome.reasons = dict(client.reasons)
    outcome.time_in = {name: round(seconds, 1) for name, seconds in client.time_in.items()}
    outcome.requests = client.recorder.filler.requests
    outcome.examples += [
        f"open: {gap} {client.recorder.failure_of(gap.ticker)}" for gap in report.gaps if gap.state != "filled"
    ][:20]
    times, sizes = np.array(samples[len(samples) // 3 :]).T
    outcome.rss_mb = float(sizes[-1])
    outcome.slope_mb_per_min = float(np.polyfit(times / 60, sizes, 1)[0]) if len(times) > 2 else 0.0
    client.close()
    return outcome


def main() -> int:
    """Parse arguments, run, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--symbols", type=int, default=2_600)
    parser.add_argument("--speed", type=float, default=60.0)
    parser.add_argument("--density", type=float, default=1.0)
    parser.add_argument("--disconnects", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--stretch", type=float, default=9.0)
    parser.add_argument("--patience", type=float, default=300.0)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    setup = SimSetup(symbols=options.symbols, speed=options.speed, density=options.density, seed=options.seed)
    with tempfile.TemporaryDirectory(prefix="fault-day-") as made:
        folder = options.folder or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        outcome = asyncio.run(
            run_day(
                setup,
                folder,
                disconnects=options.disconnects,
                stretch_s=options.stretch,
                patience_s=options.patience,
                tell=lambda line: sys.stdout.write(line + "\n") and sys.stdout.flush(),
            )
        )
    shown = vars(outcome) | {"examples": outcome.examples[:40], "errors": outcome.errors[:20]}
    sys.stdout.write(json.dumps(shown, indent=1, ensure_ascii=False) + "\n")
    failures = outcome.failures()
    sys.stdout.write("\n".join(["FAILED", *failures]) + "\n" if failures else "PASSED\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

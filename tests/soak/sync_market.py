"""Full-market synchronisation at the published limits, and the same program on a real loopback server with real kills.

Run by hand::

    python -m tests.soak.sync_market --symbols 2600            # virtual time: plan, ETA and actual, 429s, waits
    python -m tests.soak.sync_market --loopback 60 --kills 2   # real server, real client, SIGKILL, resume

Exits with 1 when a request was refused for the rate, a request of the user waited for more than the next place, or what is stored
differs from the market's truth.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from engine.model.instants import kst_ns
from engine.model.instruments import SecurityType
from ralphstock_desktop.data.database import open_database
from ralphstock_desktop.data.job_store import SqlJobStore
from ralphstock_desktop.data.sync_store import SqlSyncStore
from ralphstock_desktop.providers.calendar_xkrx import load_calendar
from ralphstock_desktop.providers.kiwoom_sim.clock import SimClock
from ralphstock_desktop.providers.kiwoom_sim.history import PanelHistory
from ralphstock_desktop.providers.kiwoom_sim.limiter import SimLimits
from ralphstock_desktop.providers.kiwoom_sim.market import MarketOptions, SimMarket, build_market
from ralphstock_desktop.providers.kiwoom_sim.server import SimServer
from ralphstock_desktop.providers.simulated.market import build_panel, forget_generated
from ralphstock_desktop.providers.simulated.spec import SimulationSpec
from tests.soak.sync_virtual import NETWORK_S, PlanOutcome, run_plan

ROOT = Path(__file__).resolve().parents[2]
DAY = date(2026, 5, 4)
NOW_NS = kst_ns(DAY, 20, 30)
LONGEST_WAIT_S = 0.25 + 0.1 + 2 * NETWORK_S
"""One place of a kind at 4 a second and one of the total at 10 a second; the total's is free when an answer is back."""


def sim_market(symbols: int = 1_200) -> SimMarket:
    """The evening of a simulated day."""
    spec = SimulationSpec.ending_before(DAY, load_calendar().trading, day_count=320, symbols=symbols)
    panel = build_panel(spec)
    forget_generated()
    clock = SimClock(NOW_NS, time.monotonic_ns, 1.0, paused=True)
    return build_market(PanelHistory(panel), DAY, 7, clock, MarketOptions(density=0.2, after_market=False))


def chosen_tickers(market: SimMarket, count: int) -> list[str]:
    """Common stocks, a third of them with a corporate action in the stored year where there are so many."""
    panel = market.history.panel
    factor = panel.factor[:, -200:]
    usable = (panel.security_type == SecurityType.COMMON) & np.isnat(panel.delisted_on)
    changed = usable & (factor.max(axis=1) / factor.min(axis=1) > 1.01)
    first = np.flatnonzero(changed)[: max(1, count // 3)]
    rest = np.flatnonzero(usable & ~changed)[: count - len(first)]
    return [str(ticker) for ticker in panel.tickers[np.concatenate([first, rest])]]


@dataclass
class LoopbackOutcome:
    """What the runs against the real server showed."""

    refused: int = 0
    lines: list[dict[str, Any]] = field(default_factory=list)
    kills: int = 0
    wrong: list[str] = field(default_factory=list)
    symbols: int = 0
    actions: int = 0
    done_at_kills: list[int] = field(default_factory=list)

    def of(self, name: str) -> list[dict[str, Any]]:
        """Lines that carry a field."""
        return [line for line in self.lines if name in line]


async def run_loopback(symbols: int, kills: int, folder: Path, *, market: SimMarket | None = None) -> LoopbackOutcome:
    """Serve a market, synchronise it in another process, kill that now and then, and compare at the end."""
    market = market or sim_market()
    server = SimServer(market, limits=SimLimits(per_api=5, total=10))
    await server.start()
    outcome, place = LoopbackOutcome(symbols=symbols), folder / "market.db"
    tickers = chosen_tickers(market, symbols)
    try:
        for number in range(kills + 1):
            wanted = None if number == kills else (number + 1) * symbols // (kills + 1)
            await _one_run(server.base_url, place, tickers, wanted, outcome)
        outcome.refused = server.limiter.refused
    finally:
        await server.stop()
    _compare(market, place, outcome)
    return outcome


async def _one_run(url: str, place: Path, tickers: list[str], kill_at: int | None, outcome: LoopbackOutcome) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.soak.sync_client", url, str(place), str(NOW_NS), ",".join(tickers),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None and process.stderr is not None
    reading = asyncio.create_task(_read_lines(process.stdout, outcome))
    errors = asyncio.create_task(process.stderr.read())
    while kill_at is not None and process.returncode is None:
        await asyncio.sleep(0.1)
        if place.exists() and (done := await asyncio.to_thread(_marked, place)) >= kill_at:
            process.send_signal(signal.SIGKILL)
            outcome.kills += 1
            outcome.done_at_kills.append(done)
            break
    code = await process.wait()
    await reading
    said = (await errors).decode()
    if code != (0 if kill_at is None else -signal.SIGKILL):
        outcome.wrong.append(f"the client ended with {code}: {said[-2000:]}")


async def _read_lines(stream: asyncio.StreamReader, outcome: LoopbackOutcome) -> None:
    async for line in stream:
        outcome.lines.append(json.loads(line))


def _marked(place: Path) -> int:
    """Daily items marked done, read like any other program would."""
    import sqlite3

    try:
        with sqlite3.connect(f"file:{place}?mode=ro", uri=True) as connection:
            row = connection.execute("SELECT detail FROM job WHERE key = 'sync/kiwoom/daily'").fetchone()
    except sqlite3.Error:
        return 0  # not made yet
    return len(json.loads(row[0])["done"]) if row else 0


def _compare(market: SimMarket, place: Path, outcome: LoopbackOutcome) -> None:
    """Every stored bar against the market's truth, every mark against what is stored."""
    panel, truth = market.history.panel, market.final_day()
    with open_database(place) as database:
        store = SqlSyncStore(database)
        spans, flows = store.stored_spans("daily_price"), store.stored_spans("flow")
        job = SqlJobStore(database).load("sync/kiwoom/daily")
        if job is None or set(job.detail["done"]) != set(spans):
            outcome.wrong.append("marks and rows differ")
        if len(spans) != outcome.symbols or len(flows) != outcome.symbols:
            outcome.wrong.append(f"{len(spans)} symbols with bars, {len(flows)} with flows, of {outcome.symbols}")
        for ticker in spans:
            _compare_one(store, panel, truth, ticker, outcome)


def _compare_one(store: SqlSyncStore, panel: Any, truth: dict[str, Any], ticker: str, outcome: LoopbackOutcome) -> None:
    stored, row = store.daily_since(ticker, date(2000, 1, 1)), panel.row_of(ticker)
    _compare_actions(store, panel, ticker, row, stored.day[0], outcome)
    before = stored.day < np.datetime64(DAY)
    at = np.searchsorted(panel.days, stored.day[before])
    traded = panel.volume_shares[row, at] > 0
    for name in ("open_krw", "high_krw", "low_krw", "close_krw", "volume_shares"):
        given, wanted = getattr(stored, name)[before], getattr(panel, name)[row, at]
        # the broker writes a halted day as O = H = L = C; what counts there is that nothing traded
        if (given[traded] != wanted[traded]).any() or (name == "volume_shares" and (given != wanted).any()):
            outcome.wrong.append(f"{ticker}: {name} differs on an earlier day")
    expected = panel.present[row, np.searchsorted(panel.days, stored.day[0]) : len(panel.days)].sum()
    if int(before.sum()) != int(expected):
        outcome.wrong.append(f"{ticker}: {int(before.sum())} earlier days of {int(expected)}")
    last = {name: int(getattr(stored, f"{name}_krw")[-1]) for name in ("open", "high", "low", "close")}
    if stored.day[-1] != np.datetime64(DAY):
        outcome.wrong.append(f"{ticker}: ends on {stored.day[-1]}")
    elif truth["volume"][row] and any(last[name] != int(truth[name][row]) for name in last):
        outcome.wrong.append(f"{ticker}: today {last} differs from the truth")


def _compare_actions(store: SqlSyncStore, panel: Any, ticker: str, row: int, first: Any, outcome: LoopbackOutcome) -> None:
    """What was read out of the adjusted prices against the factors the market was made with."""
    found = store.actions_of(ticker)
    outcome.actions += len(found.ex_day)
    start = int(np.searchsorted(panel.days, first))
    steps = panel.factor[row, start + 1 :] / panel.factor[row, start:-1]
    at = np.flatnonzero(np.abs(steps - 1.0) > 0.01) + start + 1
    told = dict(zip(found.ex_day.tolist(), found.price_factor.tolist(), strict=True))
    wanted = {panel.days[day].astype(object): float(steps[day - start - 1]) for day in at}
    if any(abs(told.get(day, 0.0) / factor - 1.0) > 5e-3 for day, factor in wanted.items()):
        outcome.wrong.append(f"{ticker}: actions {told} instead of {wanted}")


def show_plan(outcome: PlanOutcome) -> bool:
    """Print a virtual run; True if it holds."""
    print(f"virtual: {outcome.symbols} symbols, plan {outcome.plan.requests} requests, ETA {outcome.plan.eta_s:.0f} s")
    print(
        f"  actual {outcome.actual_s:.0f} s, {outcome.requests} requests, {outcome.refused} x 429, {outcome.wrong} symbols wrong"
    )
    worst = 0.0
    for kind, waits in outcome.waits_s.items():
        if waits:
            worst = max(worst, *waits)
            print(f"  interactive {kind}: {len(waits)} requests, median {np.median(waits):.3f} s, worst {max(waits):.3f} s")
    print(f"  {outcome.overtaken} background requests of the same kind went past a waiting one of the user")
    state = outcome.state.state if outcome.state is not None else "none"
    good = (
        not outcome.refused
        and not outcome.wrong
        and worst <= LONGEST_WAIT_S + 1e-6
        and not outcome.overtaken
        and state == "done"
    )
    print(f"  state {state}: {'holds' if good else 'DOES NOT HOLD'}")
    return good


def show_loopback(outcome: LoopbackOutcome) -> bool:
    """Print a run against the server; True if it holds."""
    for line in outcome.of("eta_s"):
        print(f"loopback: plan {line['requests']} requests, ETA {line['eta_s']} s, {line['steps']}")
    print(f"  killed {outcome.kills} times, with {outcome.done_at_kills} symbols done; {outcome.refused} x 429")
    for line in outcome.of("end"):
        print(f"  end {line['end']} after {line['seconds']} s, limited {line['limited']}, {line['steps']}, {line['notes']}")
    for kind in ("book", "chart"):
        took = [line["took_s"] for line in outcome.of("took_s") if line["kind"] == kind]
        if took:
            print(
                f"  interactive {kind}: {len(took)}, median {np.median(took):.3f} s, worst {max(took):.3f} s, wait and answer"
            )
    print(f"  {outcome.actions} corporate actions; {outcome.wrong or 'stored equals the truth'}")
    return not outcome.refused and not outcome.wrong and bool(outcome.of("end"))


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--symbols", type=int, default=0, help="virtual run of so many symbols")
    parser.add_argument("--loopback", type=int, default=0, help="real run of so many symbols")
    parser.add_argument("--kills", type=int, default=2)
    chosen = parser.parse_args()
    good = True
    with tempfile.TemporaryDirectory() as folder:
        if chosen.symbols:
            good = show_plan(run_plan(chosen.symbols, Path(folder)))
        if chosen.loopback:
            good = show_loopback(asyncio.run(run_loopback(chosen.loopback, chosen.kills, Path(folder)))) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

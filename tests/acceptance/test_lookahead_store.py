"""What was stored later changes nothing of what the repository says about an earlier instant (domain.md §0.2, §10.2).

A repository lives through weeks of random events: scans that find, change and drop signals, fills, exits, the user's journal,
notices, minute bars. After every event it is asked what is known now; at the end it is asked again about each of those moments.
"""

from __future__ import annotations

import dataclasses
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.model.chart import Timeframe
from engine.model.errors import DataUnavailable
from engine.model.instants import AsOf, kst_ns
from ralphstock_desktop.data.bar_store import SqlBarStore
from ralphstock_desktop.data.database import Database, open_database
from ralphstock_desktop.data.strategy_store import SqlStrategyStore
from ralphstock_desktop.ports import MinuteBatch, ScanRecord, StoredSignal
from ralphstock_desktop.strategy_ports import NoticeRecord, SignalRecord, TradeRecord
from tests.acceptance.compare import differences
from tests.data.builders import run, signal

FIRST = date(2026, 3, 2)
TICKERS = [f"{number:05d}0" for number in range(1, 9)]
INTRADAY = (Timeframe.MIN_1, Timeframe.MIN_5, Timeframe.MIN_15, Timeframe.MIN_60)


@dataclass
class Life:
    """A repository and the clock it lives by."""

    store: SqlStrategyStore
    rng: random.Random
    clock: list[int]
    told: int = 0

    @property
    def now(self) -> int:
        return self.clock[0]

    def scan(self, strategy: str, mode: str) -> None:
        """A finished run of now's day: some symbols, scores that may have changed since the last one."""
        day = AsOf(self.now).day
        record: ScanRecord = replace(run(strategy=strategy, day=day), mode=mode, as_of=AsOf(self.now))
        found: list[StoredSignal] = []
        for ticker in self.rng.sample(TICKERS, self.rng.randint(0, 5)):
            score = float(self.rng.randint(6, 12)) if strategy == "CLOSING_BET" else round(self.rng.uniform(50, 95), 2)
            grade = self.rng.choice("SAB")
            made = signal(ticker, score, strategy=strategy, day=day, grade=grade, entry=10_000, stop=9_500, target=11_000)
            found.append(replace(made, phase=self.rng.choice(("PENDING", "WATCH"))))
        self.store.store_scan(record, found)

    def _some(self, *phases: str) -> SignalRecord | None:
        wanted = [r for r in self.store.signals() if r.signal.phase in phases and r.signal.id is not None]
        return self.rng.choice(wanted) if wanted else None

    def fill(self) -> None:
        if (record := self._some("PENDING")) is not None and record.signal.id is not None:
            trade = TradeRecord(record.signal.id, self.now, 10_050, 7, cost_model="2026.1")
            self.store.set_life(record.signal.id, "OPEN", "ACTIVE", trade, "FILLED")

    def leave(self) -> None:
        if (record := self._some("ACTIVE")) is not None and record.signal.id is not None and record.rule_trade is not None:
            sold = replace(
                record.rule_trade, exit_ns=self.now, exit_krw=10_700, exit_reason="TARGET", gross_pct=6.47, net_pct=6.0,
                holding_bars=2, tax_pct=0.2,
            )  # fmt: skip
            self.store.set_life(record.signal.id, "CLOSED", "DONE", sold, "TARGET")

    def expire(self) -> None:
        if (record := self._some("PENDING", "WATCH")) is not None and record.signal.id is not None:
            self.store.set_life(record.signal.id, "CLOSED", "DONE", None, "EXPIRED", ended_ns=self.now)

    def take(self) -> None:
        record = self._some("PENDING", "ACTIVE")
        if record is not None and record.signal.id is not None and not record.taken:
            mine = TradeRecord(record.signal.id, self.now, 10_010, 3, cost_model="2026.1")
            self.store.set_taken(record.signal.id, True, f"note {self.now}", mine)

    def tell(self) -> None:
        self.told += 1
        fact = NoticeRecord(
            0, f"n{self.told}", self.now, self.now, "signal", "VCP", self.rng.choice(TICKERS), "notice.new.vcp", {}
        )
        self.store.add_notices([fact])

    def event(self) -> None:
        self.rng.choice((self.fill, self.leave, self.expire, self.take, self.tell, self.leave, self.fill))()

    def known(self) -> dict[str, Any]:
        """What every list shows at this moment."""
        moment = self.now
        return {
            "signals": [_as_shown(record) for record in self.store.signals(known_at_ns=moment)],
            "open": [record.signal.ticker for record in self.store.signals(status="OPEN", known_at_ns=moment)],
            "superseded": [_as_shown(record) for record in self.store.signals(with_superseded=True, known_at_ns=moment)],
            "notices": [(item.dedup, item.at_ns, item.key) for item in self.store.notices(known_at_ns=moment)],
        }


def _as_shown(record: SignalRecord) -> dict[str, Any]:
    """A record as lists show it; when the row was last written is the repository's own business."""
    shown = dataclasses.asdict(record)
    for name in ("created_ns", "updated_ns"):
        shown.pop(name)
    return shown


@pytest.fixture(scope="module")
def empty_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "market.sqlite3"
    open_database(path).close()
    return path


@pytest.fixture
def database(tmp_path: Path, empty_repository: Path) -> Iterator[Database]:
    shutil.copy(empty_repository, tmp_path / "market.sqlite3")
    opened = open_database(tmp_path / "market.sqlite3")
    yield opened
    opened.close()


@pytest.mark.parametrize("seed", range(6))
def test_the_journal_of_an_instant_stays_what_it_was(database: Database, seed: int) -> None:
    clock = [kst_ns(FIRST, 9)]
    life = Life(SqlStrategyStore(database, lambda: clock[0]), random.Random(seed), clock)
    then: list[tuple[int, dict[str, Any]]] = []

    def look() -> None:
        then.append((clock[0], life.known()))

    for number in range(8):
        day = FIRST + timedelta(days=number + 2 * (number // 5))
        for hour, minute, step in (
            (9, 30, life.event), (11, 0, life.event), (13, 0, life.take),
            (15, 12, lambda: life.scan("CLOSING_BET", "PRE_CLOSE")), (15, 40, lambda: life.scan("CLOSING_BET", "CONFIRMED")),
            (15, 41, lambda: life.scan("VCP", "FULL")), (16, 30, life.event), (18, 10, lambda: life.scan("VCP", "FULL")),
            (20, 0, life.event),
        ):  # fmt: skip
            clock[0] = kst_ns(day, hour, minute)
            step()
            look()
    assert max(len(known["signals"]) for _, known in then) > 8 and any(known["notices"] for _, known in then)
    wrong = []
    for moment, known in then:
        clock[0] = moment  # only names the instant that is asked about
        found = list(differences(known, life.known()))
        wrong += [f"{AsOf(moment)}: {text}" for text in found[:3]]
    assert not wrong, f"{len(wrong)}\n" + "\n".join(wrong[:12])


def test_minutes_of_an_instant_stay_what_they_were(database: Database) -> None:
    """Later minutes, and the running one, change no bar of any time frame."""
    ticker, day = "000010", date(2026, 3, 4)
    rng = np.random.default_rng(5)

    def batch(first: int, last: int, salt: int) -> MinuteBatch:
        starts = np.array([kst_ns(day, 9) + 60_000_000_000 * k for k in range(first, last)], dtype=np.int64)
        close = rng.integers(9_000, 11_000, len(starts)) + salt
        return MinuteBatch(
            np.full(len(starts), ticker), starts, close, close + 20, close - 20, close, np.full(len(starts), 500 + salt),
            close * (500 + salt), "test",
        )  # fmt: skip

    store = SqlBarStore(database)
    with database.unit_of_work(durable=True) as unit:
        unit.upsert_minutes(batch(0, 137, 0))
    moments = [AsOf(kst_ns(day, 9, minute) + second * 1_000_000_000) for minute in (1, 7, 30, 59) for second in (0, 30, 59)]
    moments += [AsOf.at(day, 10, 59), AsOf.at(day, 11, 16, 59)]

    def seen() -> dict[str, Any]:
        found: dict[str, Any] = {}
        for moment in moments:
            for timeframe in INTRADAY:
                try:
                    found[f"{moment} {timeframe}"] = store.minute_series(ticker, timeframe, moment)
                except DataUnavailable:
                    found[f"{moment} {timeframe}"] = None
        return found

    before = seen()
    assert sum(series is not None for series in before.values()) > 40
    with database.unit_of_work(durable=True) as unit:
        unit.upsert_minutes(batch(137, 390, 5_000))
    assert not list(differences(before, seen()))
    # a bar that was running at the instant may still change; those that had ended may not
    with database.unit_of_work(durable=True) as unit:
        unit.upsert_minutes(batch(30, 31, 9_000))
    changed = {text.split("]")[0] for text in differences(before, seen())}
    early = [str(moment) for moment in moments if moment.instant_ns < kst_ns(day, 9, 31)]
    assert early and not [text for text in changed if any(name in text for name in early)]
    assert changed

"""The live path under load with the whole window open: frame gaps, lag, bursts, and a naive reference in the same run.

Run: ``QT_QPA_PLATFORM=offscreen python -m tests.perf.bench_live [--seconds 20]`` (or on Xvfb). A server process sends single-trade
frames of 43 fields for 2,600 symbols at 5,000 a second; the program's own client, hub, recorder and window take them. *Gap* is how
long the event loop was away beyond the 5-ms beat of a timer; *lag* goes from the sender's clock to the quote board's frame.
The reference decodes with ``json`` and emits ``dataChanged`` for each tick of a plain table model.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt, QTimer
from PySide6.QtWidgets import QApplication, QTableView
from qasync import QEventLoop
from websockets.asyncio.client import connect

from engine.model.errors import DataUnavailable
from engine.model.instants import AsOf, kst_ns
from engine.model.live import TradeTick
from ralphstock_desktop.app.live import MemoryOnly
from ralphstock_desktop.providers.kiwoom.registrations import RegistrationLimits
from ralphstock_desktop.providers.kiwoom.stream import KiwoomStream, StreamLimits
from ralphstock_desktop.services.live.links import LiveLink
from ralphstock_desktop.services.live.recorder import FeedRecorder
from tests.perf.market import synthetic_panel

SYMBOLS, RATE, BURST = 2_600, 5_000, 20_000
_BEAT_MS = 5


class Beats:
    """Notes how late each beat of a short timer is: the time the event loop was away."""

    def __init__(self) -> None:
        self.gaps_ms: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_BEAT_MS)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.gaps_ms.append((now - self._last) * 1e3 - _BEAT_MS)
        self._last = now

    def take(self) -> np.ndarray:
        """Return what was noted and begin anew."""
        noted, self.gaps_ms = np.array(self.gaps_ms), []
        return np.maximum(noted, 0.0)


class Nothing:
    """A source of requests that has nothing: the load comes from the stream alone."""

    name = "load"

    def __getattr__(self, name: str) -> Any:
        async def fetch(*_arguments: Any, **_named: Any) -> Any:
            raise DataUnavailable("The load server answers no requests.")

        return fetch

    async def close(self) -> None: ...


class HalfPastTen:
    """The market's clock of the load: its trades all say 10:30."""

    speed = 1.0

    def __init__(self) -> None:
        self._now_ns = kst_ns(AsOf(time.time_ns()).day, 10, 30)

    def now_ns(self) -> int:
        return self._now_ns


class Token:
    """The load server takes any token."""

    secrets = ("load",)

    async def token(self) -> str:
        return "load"

    async def renew(self, rejected: str) -> str:
        return rejected


@contextlib.contextmanager
def load_server(tickers: list[str]) -> Iterator[int]:
    """Run the load generator in a process of its own; gives its port."""
    with tempfile.TemporaryDirectory() as folder:
        names = Path(folder) / "tickers.json"
        names.write_text(json.dumps(tickers), encoding="utf-8")
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.perf.live_load_server", str(names)], stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.terminate()
            process.wait()


def figures(gaps: np.ndarray, lags: np.ndarray) -> dict[str, float]:
    """Percentiles in milliseconds."""
    found = {"gap_p50": np.median(gaps), "gap_p99": np.percentile(gaps, 99), "gap_max": gaps.max()}
    if len(lags):
        found |= {"lag_p50": np.median(lags), "lag_p99": np.percentile(lags, 99), "lag_max": lags.max()}
    return {name: round(float(value), 2) for name, value in found.items()}


class Ours:
    """The program's window over a synthetic market, fed by its own client."""

    def __init__(self, port: int, panel: Any, folder: Path) -> None:
        from tests.perf.live_window import open_window

        self.sent_us: dict[str, int] = {}
        self.lags_ms: list[float] = []
        self.received = 0
        self._port = port
        self.window, self.live, self.workstation, self.spawn = open_window(panel, folder, self._link, self._recorder)
        hub = self.live._hub
        take = hub.on_trade

        def on_trade(tick: TradeTick) -> None:
            self.sent_us[tick.ticker] = tick.buy_shares
            self.received += 1
            take(tick)

        hub.on_trade = on_trade  # type: ignore[method-assign]  # the benchmark's probe
        hub.frames.subscribe(self._on_frame, replay=False)

    def _link(self, sink: Any, monitor: Any) -> LiveLink:
        clock = HalfPastTen()
        limits = StreamLimits(
            registrations=RegistrationLimits(
                items_per_group=3_000, items_per_connection=3_000, items_per_frame=3_000, frame_gap_s=0.01
            )
        )
        stream = KiwoomStream(
            f"ws://127.0.0.1:{self._port}/api/dostk/websocket", Token(), sink, monitor,
            market_ns=clock.now_ns, machine_ns=time.time_ns, limits=limits,
        )  # fmt: skip

        async def close() -> None: ...

        return LiveLink("custom", stream, Nothing(), clock, None, close)  # type: ignore[arg-type]  # requests are refused

    def _recorder(self, link: LiveLink, order: Any) -> FeedRecorder:
        return FeedRecorder(link.source, MemoryOnly(), order, link.clock.now_ns, time.time_ns, self.live.registry)

    def _on_frame(self, frame: Any) -> None:
        now = time.monotonic_ns() // 1000
        tickers = self.live.board.tickers
        self.lags_ms += [
            (now - self.sent_us[ticker]) / 1e3 for ticker in map(str, tickers[frame.rows]) if ticker in self.sent_us
        ]

    def take_lags(self) -> np.ndarray:
        lags, self.lags_ms = np.array(self.lags_ms), []
        return lags


class NaiveModel(QAbstractTableModel):
    """A plain table model: one ``dataChanged`` per tick."""

    def __init__(self, tickers: list[str]) -> None:
        super().__init__()
        self.rows = {ticker: row for row, ticker in enumerate(tickers)}
        self.values: list[dict[str, str]] = [{} for _ in tickers]
        self.received = 0

    def rowCount(self, parent: Any = None) -> int:
        return len(self.values)

    def columnCount(self, parent: Any = None) -> int:
        return 8

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return self.values[index.row()].get(("10", "11", "12", "13", "16", "17", "18", "228")[index.column()], "")
        return None

    def take(self, text: str) -> int:
        entry = json.loads(text)["data"][0]
        row = self.rows[entry["item"]]
        self.values[row] = entry["values"]
        self.received += 1
        self.dataChanged.emit(self.index(row, 0), self.index(row, 7))
        return int(entry["values"]["1031"])


async def measure_ours(port: int, panel: Any, seconds: float, folder: Path) -> dict[str, Any]:
    ours = Ours(port, panel, folder)
    await ours.live.start()
    await ours.workstation.start("real")
    async with connect(f"ws://127.0.0.1:{port}/control", max_size=None) as control:
        await asyncio.sleep(3)
        await control.send(f"rate {RATE}")
        await control.recv()
        await asyncio.sleep(4)
        beats = Beats()
        await asyncio.sleep(0.5)
        beats.take()
        ours.take_lags()
        received, begin = ours.received, time.perf_counter()
        await asyncio.sleep(seconds)
        taken = time.perf_counter() - begin
        result: dict[str, Any] = {"sustained": figures(beats.take(), ours.take_lags())}
        result["sustained"]["messages_per_s"] = round((ours.received - received) / taken)
        await control.send("rate 0")
        await control.recv()
        await asyncio.sleep(1)
        beats.take()
        before, begin = ours.received, time.perf_counter()
        await control.send(f"burst {BURST}")
        while ours.received - before < BURST and time.perf_counter() - begin < 30:
            await asyncio.sleep(0.005)
        result["burst"] = figures(beats.take(), np.array([])) | {"seconds": round(time.perf_counter() - begin, 2)}
        await control.recv()
        await asyncio.sleep(0.5)
        await control.send("stats")
        state = json.loads(await control.recv())
        board = ours.live.board
        wrong = 0
        for ticker, volume in state["volume"].items():
            row = board.row_of(ticker)
            wrong += volume > 0 and (board.volume_shares[row] != volume or board.price_krw[row] != state["price"][ticker])
        result["burst"] |= {
            "refused": ours.live._hub.duplicates,
            "received": ours.received,
            "sent": state["sent"],
            "wrong_last_values": int(wrong),
        }
    await ours.live.close()
    ours.window.close()
    return result


async def _drain(feed: Any, model: NaiveModel) -> None:
    """Take what is still under way."""
    with contextlib.suppress(TimeoutError):
        while True:
            model.take(str(await asyncio.wait_for(feed.recv(), 0.5)))


async def measure_naive(port: int, tickers: list[str], seconds: float) -> dict[str, Any]:
    model, view = NaiveModel(tickers), QTableView()
    view.setModel(model)
    view.resize(1_400, 900)
    view.show()
    lags: list[float] = []
    async with (
        connect(f"ws://127.0.0.1:{port}/api", max_size=None, max_queue=None) as feed,
        connect(f"ws://127.0.0.1:{port}/control", max_size=None) as control,
    ):
        await feed.send('{"trnm":"LOGIN","token":"x"}')
        await feed.recv()
        await feed.send('{"trnm":"REG"}')
        await feed.recv()
        await control.send(f"rate {RATE}")
        await control.recv()
        beats = Beats()
        begin = time.perf_counter()
        while time.perf_counter() - begin < seconds:
            sent_us = model.take(str(await feed.recv()))
            lags.append((time.monotonic_ns() / 1e3 - sent_us) / 1e3)
        result: dict[str, Any] = {"sustained": figures(beats.take(), np.array(lags))}
        result["sustained"]["messages_per_s"] = round(model.received / seconds)
        await control.send("rate 0")
        await control.recv()
        await _drain(feed, model)
        beats.take()
        before, begin = model.received, time.perf_counter()
        await control.send(f"burst {BURST}")
        while model.received - before < BURST:
            model.take(str(await feed.recv()))
        result["burst"] = figures(beats.take(), np.array([])) | {"seconds": round(time.perf_counter() - begin, 2)}
        await control.recv()
    view.close()
    return result


def run(seconds: float) -> dict[str, Any]:
    """Measure ours, then the reference."""
    application = QApplication.instance() or QApplication([])
    loop = QEventLoop(application)
    asyncio.set_event_loop(loop)
    panel = synthetic_panel(SYMBOLS, 320)
    tickers = [str(ticker) for ticker in panel.tickers]
    with tempfile.TemporaryDirectory() as folder, loop:
        with load_server(tickers) as port:
            result = loop.run_until_complete(measure_ours(port, panel, seconds, Path(folder)))
        with load_server(tickers) as port:
            result["naive"] = loop.run_until_complete(measure_naive(port, tickers, min(seconds, 10)))
    return result


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=20.0)
    sys.stdout.write(json.dumps(run(parser.parse_args().seconds), indent=1) + "\n")

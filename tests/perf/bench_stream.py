"""The stream's speed: frames decoded and applied on one core, and a burst from another process beside a watched loop.

Run: ``python -m tests.perf.bench_stream`` (prints), or ``pytest -m perf tests/perf/bench_stream.py`` (the same with generous
limits). A *frame* is one trade of 43 fields, all numbers moving. The reference decodes the same frames with ``json`` and ``int``
without a check. In the burst a server process sends 20,000 frames as fast as the line takes them; the longest time the loop was
kept from others is taken by a task that asks for its turn again and again, in processor time, so that other programs on the
machine do not count.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from typing import Any

import pytest

from engine.model.instants import kst_ns
from ralphstock_desktop.providers.kiwoom.frames import FrameDecoder
from ralphstock_desktop.providers.kiwoom.stream import KiwoomStream
from tests.providers.kiwoom_stream import DAY, TRADE, entry, frame

FRAMES, BURST = 50_000, 20_000


class Null:
    """A sink and a monitor that take everything and keep the last."""

    last: Any = None
    taken = 0

    def __getattr__(self, name: str) -> Any:
        return self._ignore

    def _ignore(self, *_: Any, **__: Any) -> None: ...

    def on_trade(self, tick: Any) -> None:
        self.last = tick
        self.taken += 1


def moving_frames(count: int) -> list[bytes]:
    """Trades whose price, quantity, totals and time all move, and fit together."""
    made = []
    volume, value_krw, sold, bought = 11_843_207, 841_517 * 1_000_000, 5_612_044, 6_084_410
    for number in range(count):
        change = 100 * (number % 40 - 10)
        price, quantity = 70_500 + change, number % 97 + 1
        side = "-" if number % 2 else "+"
        volume, value_krw = volume + quantity, value_krw + price * quantity
        sold, bought = (sold + quantity, bought) if number % 2 else (sold, bought + quantity)
        values = {
            **TRADE,
            "20": f"{10 + number // 36_000 % 4:02}{number // 600 % 60:02}{number // 10 % 60:02}",
            "10": f"{'-' if change < 0 else '+'}{price}",
            "11": f"{change:+}",
            "12": f"{change / 70_500 * 100:+.2f}",
            "27": f"+{price + 100}",
            "28": f"+{price}",
            "15": f"{side}{quantity}",
            "13": str(volume),
            "14": str(value_krw // 1_000_000),
            "16": "+70900",
            "17": "+73500",
            "18": "-69500",
            "26": f"{volume - 12_817_323:+}",
            "30": f"{volume / 12_817_323 * 100:.2f}",
            "228": f"{bought / sold * 100:.2f}",
            "1030": str(sold),
            "1031": str(bought),
            "620": str(round(value_krw / volume)),
        }
        made.append(frame(entry("0B", f"{number % 2_600:06}", values)))
    return made


def decode_rate(frames: list[bytes]) -> float:
    """Frames a second of processor time, decoded, checked and handed over."""
    sink = Null()
    decoder = FrameDecoder(sink, sink, "stream", kst_ns(DAY, 10, 30))
    best = float("inf")
    for part in _parts(frames):
        began = time.process_time()
        for raw in part:
            decoder.feed(raw, 1)
        best = min(best, (time.process_time() - began) / len(part))
    assert sink.taken == len(frames), decoder.counts.refused
    return 1 / best


def _parts(frames: list[bytes]) -> list[list[bytes]]:
    """Small parts, of which the best counts: other programs on the machine slow some of them."""
    return [frames[at : at + 2_500] for at in range(0, len(frames), 2_500)]


def naive_rate(frames: list[bytes]) -> float:
    """The same frames with ``json.loads`` and ``int``: no check, nobody told of what is odd."""
    best, last = float("inf"), {}
    for part in _parts(frames):
        began = time.process_time()
        for raw in part:
            for one in json.loads(raw)["data"]:
                values = one["values"]
                last = {
                    "ticker": one["item"],
                    **{fid: abs(int(values[fid])) for fid in ("10", "16", "17", "18", "27", "28", "13", "14", "1030", "1031")},
                    "change": int(values["11"]),
                    "quantity": int(values["15"]),
                    "strength": float(values["228"]),
                }
        best = min(best, (time.process_time() - began) / len(part))
    assert last
    return 1 / best


_SERVER = """
import asyncio, sys
from websockets.asyncio.server import serve
from tests.perf.bench_stream import moving_frames

frames = moving_frames(int(sys.argv[1]))

async def talk(socket):
    await socket.recv()
    await socket.send('{"trnm":"LOGIN","return_code":0,"return_msg":""}')
    for raw in frames:
        await socket.send(raw, text=True)
    await socket.wait_closed()

async def main():
    async with serve(talk, "127.0.0.1", 0, compression=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

asyncio.run(main())
"""


class _Tokens:
    secrets = ()

    async def token(self) -> str:
        return "token"

    async def renew(self, rejected: str) -> str:
        return rejected


async def _burst(port: int, count: int) -> tuple[float, list[float]]:
    sink = Null()
    stream = KiwoomStream(
        f"ws://127.0.0.1:{port}/", _Tokens(), sink, sink, market_ns=lambda: kst_ns(DAY, 10, 30), machine_ns=time.time_ns
    )
    task = asyncio.create_task(stream.run())
    while not sink.taken:
        await asyncio.sleep(0)
    began, gaps = time.perf_counter(), []
    last = time.thread_time()
    while sink.taken < count:
        await asyncio.sleep(0)
        now = time.thread_time()
        gaps.append(now - last)
        last = now
    seconds = time.perf_counter() - began
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return seconds, gaps


def burst(count: int = BURST) -> tuple[float, float, float]:
    """Return frames a second, and the 99th percentile and the longest of the loop's gaps in milliseconds."""
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    assert server.stdin is not None
    try:
        seconds, gaps = asyncio.run(_burst(int(server.stdout.readline()), count))
    finally:
        server.stdin.close()
        server.wait(10)
        server.stdout.close()
    gaps.sort()
    return count / seconds, gaps[int(len(gaps) * 0.99)] * 1_000, gaps[-1] * 1_000


@pytest.mark.perf
def test_decoding_leaves_a_core_to_the_window() -> None:
    """Ours also checks each trade against its own fields, which the reference does not."""
    frames = moving_frames(FRAMES)
    assert decode_rate(frames) > naive_rate(frames)


@pytest.mark.perf
def test_a_burst_does_not_hold_the_loop() -> None:
    rate, _, longest_ms = burst()
    assert rate > 5_000
    assert longest_ms < 60


if __name__ == "__main__":
    made = moving_frames(FRAMES)
    ours, naive = decode_rate(made), naive_rate(made)
    print(f"decoded, checked and applied: {ours:,.0f} frames/s of {len(made[0])} bytes; json and int: {naive:,.0f}")
    print("burst of {:,}: {:,.0f} frames/s, loop gap p99 {:.1f} ms, longest {:.1f} ms".format(BURST, *burst()))

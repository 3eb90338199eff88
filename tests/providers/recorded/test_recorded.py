"""Recording and playing back: real frames, our own files, cut files, speed, and what is never written."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.model.errors import DataUnavailable, RalphStockError, ValidationFailed
from engine.model.instants import kst_ns
from engine.model.live import ConnectionState
from ralphstock_desktop.live_ports import ConnectionChange
from ralphstock_desktop.providers.recorded.feed import RecordedFeed
from ralphstock_desktop.providers.recorded.format import ReadCounts, public_frame, read_recording
from ralphstock_desktop.providers.recorded.recorder import FrameRecorder, RecorderLimits

DAY = date(2026, 7, 20)
SECRET = "canary-91be77"


class Sink:
    """Keeps everything; also a monitor."""

    def __init__(self) -> None:
        self.facts: list[tuple[str, Any]] = []
        self.changes: list[ConnectionChange] = []
        self.covered: frozenset[str] = frozenset()
        self.notes: dict[str, int] = {}
        self.errors: list[RalphStockError] = []

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("on_"):
            raise AttributeError(name)
        return lambda fact: self.facts.append((name, fact))

    def on_connection(self, change: ConnectionChange) -> None:
        self.changes.append(change)

    def on_covered(self, tickers: frozenset[str]) -> None:
        self.covered = tickers

    def note(self, source: str, key: str, count: int = 1, **fields: object) -> None:
        self.notes[key] = self.notes.get(key, 0) + count

    def failed(self, source: str, error: RalphStockError) -> None:
        self.errors.append(error)

    def beat(self, service: str) -> None: ...

    def of(self, name: str) -> list[Any]:
        return [fact for kind, fact in self.facts if kind == name]


def running() -> int:
    return kst_ns(DAY, 9) + time.monotonic_ns() % 3_600_000_000_000


def trade(second: int, price: int = 71_300, item: str = "005930", volume: int = 1000, kind: str = "0B") -> dict[str, Any]:
    values = {
        "20": f"{90_000 + second // 60 * 100 + second % 60:06d}", "10": f"+{price}", "11": "+800", "12": "+1.13", "27": f"+{price}",
        "28": f"+{price - 100}", "15": "+10", "13": str(volume), "14": "71", "16": "+70900", "17": "+71800", "18": "-70300", "25": "2",
        "228": "100.00", "1030": "500", "1031": "500", "9081": "KRX",
    }  # fmt: skip
    return {"type": kind, "name": "주식체결", "item": item, "values": values}


def frame(*entries: dict[str, Any]) -> bytes:
    return json.dumps({"trnm": "REAL", "data": list(entries)}, ensure_ascii=False, separators=(",", ":")).encode()


async def play(sink: Sink, *paths: Path, speed: float | None = None) -> RecordedFeed:
    feed = RecordedFeed(paths, sink, sink, running, speed=speed)  # type: ignore[arg-type]
    task = asyncio.create_task(feed.run())
    async with asyncio.timeout(20):
        while not sink.changes or sink.changes[-1].state not in (ConnectionState.STOPPED, ConnectionState.REFUSED):
            await asyncio.sleep(0.002)
            if task.done():
                task.result()
                break
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return feed


def machine() -> int:
    return kst_ns(DAY, 9)


async def test_what_is_recorded_is_played_back(tmp_path: Path) -> None:
    sink = Sink()
    recorder = FrameRecorder(tmp_path, "kiwoom_stream", machine, sink)  # type: ignore[arg-type]
    for second in range(50):
        recorder.record(
            frame(trade(second, volume=1000 + 10 * second), trade(second, item="000660")), kst_ns(DAY, 9) + second * 10**9
        )
    await recorder.finish()
    (path,) = tmp_path.iterdir()
    assert path.name.endswith(".jsonl.gz") and path.name.startswith("frames-20260720")
    header = json.loads(gzip.decompress(path.read_bytes()).splitlines()[0])
    assert header == {"format": "ralphstock-frames", "version": 1, "source": "kiwoom_stream", "started_ns": machine()}
    feed = await play(sink, path)
    trades = sink.of("on_trade")
    assert len(trades) == 100 and feed.played == 50
    assert [t.volume_shares for t in trades if t.ticker == "005930"] == [1000 + 10 * n for n in range(50)]
    assert [c.state for c in sink.changes] == [ConnectionState.CONNECTING, ConnectionState.LIVE, ConnectionState.STOPPED]
    assert feed.capacity == 2 and sink.covered == frozenset()  # at the end nothing is covered any more


@pytest.mark.parametrize(
    "raw",
    [
        json.dumps({"trnm": "LOGIN", "token": SECRET}).encode(),
        json.dumps({"trnm": "REG", "data": [{"item": ["005930"], "type": ["REAL"]}]}).encode(),
        frame({"type": "00", "item": "005930", "values": {"9201": SECRET}}),
        frame({"type": "04", "item": "005930", "values": {"9201": SECRET}}),
        b'{"trnm":"REAL","data":[',
        b'"REAL"',
        b"PING",
    ],
)
def test_what_may_hold_a_secret_or_is_no_data_is_not_recorded(raw: bytes) -> None:
    assert public_frame(raw) is None


def test_private_entries_are_taken_out_of_a_bundle() -> None:
    kept = public_frame(frame(trade(1), {"type": "04", "item": "", "values": {"9201": SECRET}}))
    assert kept is not None and SECRET.encode() not in kept
    assert [entry["type"] for entry in json.loads(kept)["data"]] == ["0B"]
    spread = json.dumps({"trnm": "REAL", "data": [trade(1)]}, indent=1).encode()
    kept = public_frame(spread)
    assert kept is not None and b"\n" not in kept


async def test_files_rotate_and_the_oldest_go(tmp_path: Path) -> None:
    sink = Sink()
    limits = RecorderLimits(file_bytes=20_000, total_bytes=24_000)
    recorder = FrameRecorder(tmp_path, "s", machine, sink, limits)  # type: ignore[arg-type]
    keep = tmp_path / "notes.txt"
    keep.write_text("mine")
    for _ in range(40):
        for second in range(20):
            recorder.record(frame(trade(second)), machine())
        await recorder.flush()
    await recorder.finish()
    recordings = sorted(tmp_path.glob("frames-*"))
    assert keep.exists() and 1 < len(recordings) < 20
    assert sum(path.stat().st_size for path in recordings) <= 24_000
    assert not list(tmp_path.glob("*.part"))
    assert sum(1 for _ in read_recording(recordings[-1], DAY)) > 0


async def test_a_full_disk_ends_the_recording_and_nothing_else(tmp_path: Path) -> None:
    sink = Sink()
    place = tmp_path / "file"
    place.write_text("not a folder")
    recorder = FrameRecorder(place, "s", machine, sink)  # type: ignore[arg-type]
    recorder.record(frame(trade(1)), machine())
    await recorder.flush()
    assert not recorder.is_on and sink.errors[0].key == "error.recorded.write"
    recorder.record(frame(trade(2)), machine())
    await recorder.finish()


async def test_a_slow_disk_leaves_frames_out_and_says_so(tmp_path: Path) -> None:
    sink = Sink()
    recorder = FrameRecorder(tmp_path, "s", machine, sink, RecorderLimits(waiting_bytes=1000))  # type: ignore[arg-type]
    for second in range(20):
        recorder.record(frame(trade(second)), machine())
    assert recorder.left_out > 0 and recorder.frames + recorder.left_out == 20
    assert sink.notes["health.note.recorder_slow"] == recorder.left_out


async def test_a_recording_that_was_cut_off_plays_up_to_its_last_whole_line(tmp_path: Path) -> None:
    sink = Sink()
    recorder = FrameRecorder(tmp_path, "s", machine, sink)  # type: ignore[arg-type]
    for second in range(30):
        recorder.record(frame(trade(second)), machine() + second)
    await recorder.flush()  # killed before the file was closed
    (path,) = tmp_path.glob("*.jsonl")
    content = path.read_bytes()
    path.write_bytes(content[:-40])
    counts = ReadCounts()
    assert len(list(read_recording(path, DAY, counts))) == 29 and counts.skipped == 1
    packed = tmp_path / "frames-cut.jsonl.gz"
    packed.write_bytes(gzip.compress(content)[:-30])
    assert 0 < len(list(read_recording(packed, DAY))) <= 30
    await play(sink, path)
    assert len(sink.of("on_trade")) == 29 and sink.notes["health.note.recorded_line"] == 1


async def test_time_passes_as_recorded_times_the_speed(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(b"\n".join(frame(trade(second)) for second in (0, 30, 60, 90)) + b"\n")
    sink = Sink()
    loop = asyncio.get_running_loop()
    started = loop.time()
    feed = await play(sink, path, speed=300)
    assert loop.time() - started >= 90 / 300
    assert [t.at_ns - kst_ns(DAY, 9) for t in sink.of("on_trade")] == [0, 30 * 10**9, 60 * 10**9, 90 * 10**9]
    assert len(sink.of("on_trade")) == 4 and feed.clock.speed == 0


async def test_a_night_in_the_recording_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "frames.jsonl"
    lines = [{"format": "ralphstock-frames", "version": 1}]
    lines += [{"t": kst_ns(DAY, hour), "f": json.loads(frame(trade(1)))} for hour in (9, 15)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    sink = Sink()
    await asyncio.wait_for(play(sink, path, speed=60), 5)
    assert len(sink.of("on_trade")) == 2


async def test_reconnect_plays_again(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_bytes(frame(trade(1)) + b"\n")
    sink = Sink()
    feed = RecordedFeed([path], sink, sink, running, speed=None)  # type: ignore[arg-type]
    task = asyncio.create_task(feed.run())
    async with asyncio.timeout(20):
        for wanted in (1, 2):
            while len([c for c in sink.changes if c.state is ConnectionState.STOPPED]) < wanted:
                await asyncio.sleep(0.002)
            feed.reconnect()
        while len(sink.of("on_trade")) < 3:
            await asyncio.sleep(0.002)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("content", "error", "key"),
    [
        (b"", ValidationFailed, "error.recorded.format"),
        (b"hello\n", ValidationFailed, "error.recorded.format"),
        (b'{"format":"ralphstock-frames","version":2}\n', ValidationFailed, "error.recorded.format"),
        (b'{"format":"ralphstock-frames","version":1}\n', DataUnavailable, "error.recorded.empty"),
        (b'{"frames":[]}', DataUnavailable, "error.recorded.empty"),
        (None, DataUnavailable, "error.recorded.file"),
    ],
)
async def test_what_is_no_recording_is_refused_with_its_reason(
    tmp_path: Path, content: bytes | None, error: type[RalphStockError], key: str
) -> None:
    path = tmp_path / "x.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error) as caught:
        list(read_recording(path, DAY))
    assert caught.value.key == key
    sink = Sink()
    await play(sink, path)
    assert sink.changes[-1].state is ConnectionState.REFUSED
    assert sink.changes[-1].error is not None and sink.changes[-1].error.key == key


async def test_conditions_and_wrong_speeds_are_refused(tmp_path: Path) -> None:
    sink = Sink()
    feed = RecordedFeed([tmp_path / "x"], sink, sink, running)  # type: ignore[arg-type]
    with pytest.raises(DataUnavailable):
        await feed.fetch_conditions()
    with pytest.raises(ValidationFailed):
        feed.set_speed(601)


@pytest.mark.real_data
async def test_the_recorded_real_frames_play(recorded_data: Path) -> None:
    path = recorded_data / "kiwoom" / "rec_ws_real_frames.json"
    entries = json.loads(path.read_text(encoding="utf-8"))["frames"]
    sink = Sink()
    feed = await play(sink, path)
    assert feed.counts is not None and sum(feed.counts.entries.values()) == len(entries) == feed.played
    whole = [e for e in entries if "_partial" not in e and "_partial" not in e["values"]]
    trades = [e for e in whole if e["type"] == "0B"]
    played = sink.of("on_trade")
    assert len(played) == len([e for e in entries if e["type"] == "0B"]) - feed.counts.refused.total()
    for entry, tick in zip(trades, played, strict=False):
        assert tick.ticker == entry["item"] and tick.price_krw == abs(int(entry["values"]["10"]))
        assert tick.volume_shares == int(entry["values"]["13"])
        clock = entry["values"]["20"]
        day = date.fromisoformat(entry["received"][:10])
        assert tick.at_ns == kst_ns(day, int(clock[:2]), int(clock[2:4]), int(clock[4:]))
    assert len(sink.of("on_book")) == len([e for e in entries if e["type"] == "0D"])

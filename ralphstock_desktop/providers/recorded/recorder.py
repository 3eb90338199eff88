"""Writing what the stream receives to files, for playback and for finding faults; see :mod:`.format`.

``record`` is called for every frame on the loop's thread and only puts it aside; a task writes once a second on a thread. Files
are begun anew when they are full or the day changes, finished ones are compressed, and the oldest of our own are deleted when
all together exceed the limit. A disk that fails ends the recording, never the stream.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec

from engine.model.errors import StorageError
from engine.model.instants import day_of, kst_datetime
from ralphstock_desktop.live_ports import SourceMonitor
from ralphstock_desktop.providers.recorded.format import FORMAT, VERSION, public_frame

__all__ = ["FrameRecorder", "RecorderLimits"]

_PREFIX = "frames-"
_SOURCE = "recorder"


@dataclass(frozen=True, slots=True)
class RecorderLimits:
    """How much is kept."""

    file_bytes: int = 64 * 2**20
    """A file is closed at this size (before compression, to about a tenth)."""
    total_bytes: int = 2 * 2**30
    waiting_bytes: int = 32 * 2**20
    """Frames waiting for a slow disk beyond this are left out of the recording, and counted."""
    every_s: float = 1.0


class FrameRecorder:
    """Records the data frames of one stream into a folder.

    Parameters
    ----------
    folder : Path
        Made if it is missing. Only files named ``frames-…`` in it are ever deleted.
    source : str
        Name of the stream, for the first line.
    machine_ns : callable
        This machine's clock, UTC nanoseconds.
    monitor : SourceMonitor
        Hears of a disk that fails and of frames left out.
    """

    def __init__(
        self,
        folder: Path,
        source: str,
        machine_ns: Callable[[], int],
        monitor: SourceMonitor,
        limits: RecorderLimits | None = None,
    ) -> None:
        self._folder, self._source, self._machine_ns, self._monitor = folder, source, machine_ns, monitor
        self._limits = limits or RecorderLimits()
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._file: Path | None = None
        self._file_day: date | None = None
        self._file_bytes = 0
        self.is_on = True
        self.frames = 0
        self.left_out = 0
        """Data frames that were not recorded because the disk was too slow."""

    def record(self, raw: bytes, received_ns: int) -> None:
        """Put a received frame aside for writing; frames that are no public data are ignored. Never raises."""
        if not self.is_on:
            return
        kept = public_frame(raw)
        if kept is None:
            return
        if self._waiting_bytes > self._limits.waiting_bytes:
            self.left_out += 1
            self._monitor.note(_SOURCE, "health.note.recorder_slow")
            return
        line = b'{"t":%d,"f":%b}\n' % (received_ns, kept)
        self._waiting.append(line)
        self._waiting_bytes += len(line)
        self.frames += 1

    async def run(self) -> None:
        """Write until cancelled, or until the disk fails; what waits is written at the end."""
        try:
            while self.is_on:
                await asyncio.sleep(self._limits.every_s)
                await self.flush()
                self._monitor.beat(_SOURCE)
        finally:
            await self.finish()

    async def finish(self) -> None:
        """Write what waits and close the file; a later frame begins a new one."""
        if not self.is_on:
            return
        await self.flush()
        try:
            await asyncio.to_thread(self._finish_file)
        except OSError:
            self._give_up()

    async def flush(self) -> None:
        """Write what waits."""
        lines, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if not lines:
            return
        try:
            await asyncio.to_thread(self._write, lines)
        except OSError:
            self._give_up()

    def _give_up(self) -> None:
        self.is_on = False
        name = self._file.name if self._file is not None else self._folder.name
        error = StorageError(f"The recording {name} cannot be written.", key="error.recorded.write", file=name)
        self._monitor.failed(_SOURCE, error)

    # -- on the thread -----------------------------------------------------------------------------------------------

    def _write(self, lines: list[bytes]) -> None:
        now_ns = self._machine_ns()
        if self._file is None or self._file_bytes >= self._limits.file_bytes or self._file_day != day_of(now_ns):
            self._begin_file(now_ns)
        assert self._file is not None
        content = b"".join(lines)
        with self._file.open("ab") as file:
            file.write(content)
        self._file_bytes += len(content)

    def _begin_file(self, now_ns: int) -> None:
        self._finish_file()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._make_room()
        stem = f"{_PREFIX}{kst_datetime(now_ns):%Y%m%d-%H%M%S}"
        number = 0
        while (path := self._folder / f"{stem}-{number:03d}.jsonl").exists() or path.with_suffix(".jsonl.gz").exists():
            number += 1
        header = {"format": FORMAT, "version": VERSION, "source": self._source, "started_ns": now_ns}
        path.write_bytes(msgspec.json.encode(header) + b"\n")
        self._file, self._file_day, self._file_bytes = path, day_of(now_ns), 0

    def _finish_file(self) -> None:
        """Compress the file that is over; the plain one goes only when the compressed one is on the disk."""
        path, self._file = self._file, None
        if path is None or not path.exists():
            return
        temporary = path.with_suffix(".part")
        with path.open("rb") as plain, temporary.open("wb") as out:
            with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=5, mtime=0) as packed:
                shutil.copyfileobj(plain, packed, 1 << 20)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path.with_suffix(".jsonl.gz"))
        path.unlink()

    def _make_room(self) -> None:
        files = sorted(self._folder.glob(f"{_PREFIX}*.jsonl*"))
        sizes = {file: file.stat().st_size for file in files}
        total = sum(sizes.values()) + self._limits.file_bytes
        for file in files:
            if total <= self._limits.total_bytes:
                return
            total -= sizes[file]
            file.unlink()

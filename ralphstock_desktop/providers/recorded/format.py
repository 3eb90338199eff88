"""How recordings of the stream look, and reading them.

**Our own recordings** (``*.jsonl``, ``*.jsonl.gz``) are lines of JSON in UTF-8. The first line says what follows::

    {"format":"ralphstock-frames","version":1,"source":"kiwoom_stream","started_ns":1795478400000000000}

Every further line is one frame as it was received, with the time it arrived (UTC nanoseconds, this machine's clock)::

    {"t":1795478400123456789,"f":{"trnm":"REAL","data":[{"type":"0B","item":"005930","values":{...}}]}}

Only data frames are recorded: the login holds a token, answers may hold what belongs to the user, and orders and balances
(types 00 and 04) are left out. A recording that was cut off (power, kill) is read up to its last whole line.

**Foreign recordings** are read too: lines of frames without times, and one JSON document whose ``frames`` are entries of data
frames (``type``, ``item``, ``values``), possibly with ``received`` (``2026-07-20 10:27`` …). Their times are taken from the
exchange time in the values (field 20) on the day told; an entry without one follows the entry before it.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, cast

import msgspec
from msgspec import Raw, Struct

from engine.model.errors import DataUnavailable, ValidationFailed
from engine.model.instants import kst_ns
from ralphstock_desktop.providers.kiwoom.fids import PRIVATE_TYPES

__all__ = ["FORMAT", "VERSION", "Frame", "ReadCounts", "public_frame", "read_recording"]

FORMAT: Final = "ralphstock-frames"
VERSION: Final = 1
_LONGEST_LINE: Final = 1 << 22
_DAY: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


class Frame(NamedTuple):
    """One frame with the time it counts for."""

    at_ns: int
    raw: bytes


@dataclass(slots=True)
class ReadCounts:
    """What reading met."""

    frames: int = 0
    skipped: int = 0
    """Lines that are no frame."""


class _Header(Struct):
    format: str
    version: int
    source: str = ""
    started_ns: int = 0


class _Line(Struct):
    t: int
    f: Raw


class _Entry(Struct):
    type: str
    values: dict[str, Any]
    item: str = ""
    name: str = ""
    received: str = ""


class _Bundle(Struct):
    trnm: str
    data: list[_Entry] = []


class _Document(Struct):
    frames: list[_Entry]


_decode_line = msgspec.json.Decoder(_Line).decode
_decode_bundle = msgspec.json.Decoder(_Bundle).decode


def public_frame(raw: bytes) -> bytes | None:
    """Return what of a received frame may be kept, on one line: data frames without private entries; None for the rest."""
    if b'"REAL"' not in raw:
        return None
    private = any(b'"' + kind.encode() + b'"' in raw for kind in PRIVATE_TYPES)
    if not private and b"\n" not in raw and b"\r" not in raw and raw.startswith(b'{"trnm":"REAL"') and raw.endswith(b"}"):
        return raw
    try:
        frame = msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(frame, dict) or frame.get("trnm") != "REAL" or not isinstance(frame.get("data"), list):
        return None
    kept = [entry for entry in frame["data"] if isinstance(entry, dict) and entry.get("type") not in PRIVATE_TYPES]
    return msgspec.json.encode({"trnm": "REAL", "data": kept}) if kept else None


def read_recording(path: Path, day: date, counts: ReadCounts | None = None) -> Iterator[Frame]:
    """Read a recording in its order; times never go back.

    Parameters
    ----------
    path : Path
        File, compressed if its name ends in ``.gz``.
    day : date
        Day of frames that do not tell one.

    Raises
    ------
    DataUnavailable
        If the file cannot be read, or holds no data frame at all.
    ValidationFailed
        If it is no recording of a form we know.
    """
    counts = counts or ReadCounts()
    try:
        with _opened(path) as file:
            yield from _in_order(_frames(file, path, day, counts), counts)
    except (OSError, EOFError) as error:
        if counts.frames and isinstance(error, EOFError | gzip.BadGzipFile):
            return  # a compressed file that was cut off: what came before is good
        raise DataUnavailable(
            f"The recording {path.name} cannot be read.", key="error.recorded.file", file=path.name
        ) from error
    if not counts.frames:
        raise DataUnavailable(
            f"The recording {path.name} holds no real-time message.", key="error.recorded.empty", file=path.name
        )


def _opened(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _in_order(frames: Iterable[Frame], counts: ReadCounts) -> Iterator[Frame]:
    last_ns = 0
    for frame in frames:
        counts.frames += 1
        last_ns = max(last_ns, frame.at_ns)
        yield frame._replace(at_ns=last_ns)


def _frames(file: BinaryIO, path: Path, day: date, counts: ReadCounts) -> Iterator[Frame]:
    first = file.readline(_LONGEST_LINE)
    header = _header(first)
    if header is not None:
        if header.version != VERSION:
            raise _foreign(path, 1)
        yield from _own(file, counts)
        return
    if _is_frame(first):
        yield from _loose(first, file, day, counts)
        return
    try:
        document = msgspec.json.decode(first + file.read(), type=_Document)
    except (ValueError, RecursionError) as error:
        raise _foreign(path, 1) from error
    for entry in document.frames:
        yield _wrapped(entry, day)


def _header(line: bytes) -> _Header | None:
    try:
        header = msgspec.json.decode(line, type=_Header)
    except (ValueError, RecursionError):
        return None
    return header if header.format == FORMAT else None


def _is_frame(line: bytes) -> bool:
    try:
        _decode_bundle(line)
    except (ValueError, RecursionError):
        return False
    return True


def _own(file: BinaryIO, counts: ReadCounts) -> Iterator[Frame]:
    while line := file.readline(_LONGEST_LINE):
        if not line.endswith(b"\n"):
            counts.skipped += 1  # cut off, or longer than any frame is
            continue
        try:
            read = _decode_line(line)
        except (ValueError, RecursionError):
            counts.skipped += 1
            continue
        yield Frame(read.t, bytes(read.f))


def _loose(first: bytes, file: BinaryIO, day: date, counts: ReadCounts) -> Iterator[Frame]:
    line = first
    while line:
        try:
            bundle = _decode_bundle(line)
        except (ValueError, RecursionError):
            counts.skipped += bool(line.strip())
        else:
            if bundle.trnm == "REAL" and bundle.data:
                at_ns = max(_time_of(entry, day) for entry in bundle.data)
                yield Frame(at_ns, line.strip())
        line = file.readline(_LONGEST_LINE)


def _wrapped(entry: _Entry, day: date) -> Frame:
    told = _DAY.search(entry.received)
    if told is not None:
        day = date(int(told.group(1)), int(told.group(2)), int(told.group(3)))
    values = {name: value for name, value in entry.values.items() if isinstance(value, str)}
    data = {"type": entry.type, "name": entry.name, "item": entry.item, "values": values}
    return Frame(_time_of(entry, day), msgspec.json.encode({"trnm": "REAL", "data": [data]}))


def _time_of(entry: _Entry, day: date) -> int:
    """Exchange time of an entry; 0 where it has none that is a time of day, so that it follows the one before."""
    text = str(entry.values.get("20") or entry.values.get("21") or "").strip()
    if len(text) != 6 or not text.isascii() or not text.isdigit():
        return 0
    hour, minute, second = int(text[:2]), int(text[2:4]), int(text[4:])
    return kst_ns(day, hour, minute, second) if hour < 24 and minute < 60 and second < 60 else 0


def _foreign(path: Path, line: int) -> ValidationFailed:
    return ValidationFailed(
        f"Line {line} of {path.name} is not a line of a recording.", key="error.recorded.format", file=path.name, line=line
    )

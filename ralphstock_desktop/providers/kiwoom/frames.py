"""Frames of the stream: real-time data go to the sink as facts, everything else comes back as a :class:`Message`.

1. A frame is decoded to its entries with their values left raw; one frame may carry several entries of different types.
2. Each entry's values are decoded to the struct of its type, and read to a fact (:mod:`.facts`), which the sink takes at once.
3. What cannot be read or cannot be true is refused, counted by type, field and reason, told to the monitor, and kept as a
   sample (a bounded number); the frame's other entries are used. Types and fields nobody knows are registered likewise.

No entry makes an exception leave this module, and no refused one reaches the sink.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from engine.model.errors import ProtocolChanged
from engine.model.instants import day_of
from engine.model.live import MISSING, ConditionHit, ViEvent
from ralphstock_desktop.live_ports import FeedSink, SourceMonitor
from ralphstock_desktop.providers.kiwoom import wire
from ralphstock_desktop.providers.kiwoom.facts import FactReader
from ralphstock_desktop.providers.kiwoom.fids import PRIVATE_TYPES, READ_TYPES, readers
from ralphstock_desktop.providers.kiwoom.readings import Implausible

__all__ = ["FrameCounts", "FrameDecoder", "Message", "Sample", "UnreadableFrame"]

_KEPT_SAMPLES: Final = 64
_KEPT_CODES: Final = 1 << 14
_KEPT_VIS: Final = 4_096
_LONGEST_SAMPLE: Final = 2_000
_MOST_AT_ONCE: Final = 256
"""Entries taken per call: some milliseconds."""
_LONGEST_NAME: Final = 40
_PLAIN_PING: Final = frozenset({b"PING", b'"PING"'})


class _Entry(Struct, gc=False):
    type: str
    values: Raw
    item: str = ""


class _RealFrame(Struct, gc=False):
    trnm: str
    data: list[_Entry] = []


class Message(Struct, gc=False):
    """Any frame that is no data: LOGIN, PING, SYSTEM, and answers to REG, REMOVE, CNSRLST, CNSRREQ, CNSRCLR."""

    trnm: str
    return_code: int | str | None = None
    return_msg: str | None = None
    code: int | str | None = None
    message: str | None = None
    seq: str | int | None = None
    cont_yn: str | None = None
    next_key: str | None = None
    data: Any = None

    @property
    def number(self) -> int | None:
        """``return_code`` as a number; None if there is none."""
        if isinstance(self.return_code, str):
            text = self.return_code.strip()
            return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
        return self.return_code

    def as_reply(self) -> dict[str, Any]:
        """Return the parts that report an error, as :func:`.errors.frame_error` takes them."""
        # SYSTEM frames come in two spellings; codes such as R10001 then stand where a number is expected.
        code = self.return_code if self.code is None and self.number is None else self.code
        parts = {"return_code": self.return_code, "return_msg": self.return_msg, "code": code, "message": self.message}
        return {name: value for name, value in parts.items() if value is not None}


class UnreadableFrame(ProtocolChanged):
    """A frame that is no JSON object of the shape we know: cut in the middle, or something else altogether."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A refused or unknown entry, kept for diagnosis."""

    kind: str
    """Type of the entry; empty for a whole frame."""
    reason: str
    field: str
    content: str
    """What was received, cut to a bounded length."""


class FrameCounts:
    """What was received since the start, for diagnosis."""

    def __init__(self) -> None:
        self.frames = 0
        self.entries: Counter[str] = Counter()
        """By type."""
        self.refused: Counter[tuple[str, str, str]] = Counter()
        """By type, field and reason."""
        self.unknown: Counter[tuple[str, str]] = Counter()
        """By type and field; the field is empty for an unknown type."""
        self.unreadable = 0
        self.samples: deque[Sample] = deque(maxlen=_KEPT_SAMPLES)
        """The last ones; of each kind of refusal the first, and then one in a thousand."""


class FrameDecoder:
    """Decodes frames and hands facts to the sink.

    Parameters
    ----------
    sink : FeedSink
        Takes the facts.
    monitor : SourceMonitor
        Told of every refusal.
    source : str
        Name in the monitor.
    market_ns : int
        Market's clock now, UTC nanoseconds; see :meth:`set_clock`.
    on_condition : callable, optional
        Takes condition hits in place of the sink.
    """

    def __init__(
        self,
        sink: FeedSink,
        monitor: SourceMonitor,
        source: str,
        market_ns: int,
        on_condition: Callable[[ConditionHit], None] | None = None,
    ) -> None:
        self.counts = FrameCounts()
        self._entries = self.counts.entries
        self._sink = sink
        self._monitor = monitor
        self._source = source
        self._kind = ""
        self._backlog: deque[tuple[_Entry, int]] = deque()
        self._facts = FactReader(day_of(market_ns), self._doubt)
        self._readers = readers()
        self._decode = msgspec.json.Decoder(_RealFrame).decode
        self._decode_message = msgspec.json.Decoder(Message).decode
        self._codes: dict[str, tuple[str, int]] = {}
        self._vis: dict[tuple[str, int, int, int], None] = {}
        self._on_condition = on_condition or sink.on_condition
        self._apply: dict[str, Callable[[Any, str, int], None]] = {
            "0A": self._quote, "0B": self._trade, "0C": self._best, "0D": self._book, "0H": self._expected,
            "0J": self._index, "0U": self._breadth, "0s": self._phase, "0w": self._program, "1h": self._vi,
            "02": self._condition,
        }  # fmt: skip
        assert set(self._apply) == set(READ_TYPES)
        self.set_clock(market_ns)

    @property
    def day(self) -> date:
        """Trading day that times of day are taken for."""
        return self._facts.day

    def set_clock(self, market_ns: int) -> None:
        """Tell the market's time; call it before each slice of work, not for each frame."""
        day = day_of(market_ns)
        if day != self._facts.day:
            self._facts.begin(day)
            self._vis.clear()
        self._facts.now_ns = market_ns

    def feed(self, raw: bytes, received_ns: int) -> Message | None:
        """Take one frame.

        Parameters
        ----------
        raw : bytes
            Text frame as received, UTF-8.
        received_ns : int
            When it arrived, machine clock.

        Returns
        -------
        Message or None
            None for data, whose facts the sink has by then.

        Raises
        ------
        UnreadableFrame
            If nothing can be made of it. It is counted and noted by then.
        """
        self.counts.frames += 1
        try:
            frame = self._decode(raw)
        except (ValueError, RecursionError):
            return self._feed_odd(raw, received_ns)
        if frame.trnm != "REAL":
            return self._message(raw)
        entries = frame.data
        if len(entries) > _MOST_AT_ONCE:
            self._backlog.extend((entry, received_ns) for entry in entries[_MOST_AT_ONCE:])
            entries = entries[:_MOST_AT_ONCE]
        for entry in entries:
            self._take(entry.type, entry.item, entry.values, received_ns)
        return None

    @property
    def has_backlog(self) -> bool:
        """Whether entries of a large bundle wait for :meth:`drain`, which comes before the next frame."""
        return bool(self._backlog)

    def drain(self) -> None:
        """Take the next entries of a large bundle."""
        for _ in range(min(_MOST_AT_ONCE, len(self._backlog))):
            entry, received_ns = self._backlog.popleft()
            self._take(entry.type, entry.item, entry.values, received_ns)

    def _take(self, kind: str, item: str, values: Raw, received_ns: int) -> None:
        reader = self._readers.get(kind)
        if reader is None:
            self._unknown(kind[:_LONGEST_NAME], "", values)
            return
        self._entries[kind] += 1
        self._kind = kind
        try:
            try:
                read = reader.decode(values)
            except msgspec.ValidationError:
                read, new = reader.read(values)
                for fid in new:
                    self._unknown(kind, fid[:_LONGEST_NAME], values)
            apply = self._apply.get(kind)
            if apply is not None:
                apply(read, item, received_ns)
        except Implausible as refusal:
            field = refusal.field if refusal.field != "?" else _field_of(read, refusal)
            self._refuse(kind, refusal.reason, field, values)
        except ProtocolChanged as error:  # a text that is no number, no code, no time
            field = str(error.fields.get("field", "?"))
            self._refuse(kind, "number", field if field != "?" else _field_of(read, error), values)
        except (ValueError, RecursionError):
            self._refuse(kind, "shape", "", values)

    def _code(self, item: str) -> tuple[str, int]:
        known = self._codes.get(item)
        if known is not None:
            return known
        try:
            ticker, venue = wire.ticker(item)
        except ProtocolChanged as error:
            raise Implausible("item", "item", item) from error
        if len(self._codes) >= _KEPT_CODES:
            self._codes.clear()
        code = self._codes[item] = ticker, int(venue)
        return code

    # One method a type ------------------------------------------------------------------------------------------------

    def _trade(self, values: Any, item: str, received_ns: int) -> None:
        ticker, venue = self._codes.get(item) or self._code(item)
        if venue or values.venue != "KRX":
            venue = self._facts.venue_of(values, venue)
        self._sink.on_trade(self._facts.trade(values, ticker, venue, received_ns))

    def _quote(self, values: Any, item: str, received_ns: int) -> None:
        ticker, venue = self._code(item)
        self._sink.on_trade(self._facts.quote(values, ticker, self._facts.venue_of(values, venue), received_ns))

    def _best(self, values: Any, item: str, received_ns: int) -> None:
        self._sink.on_best(self._facts.best(values, *self._code(item), received_ns))

    def _book(self, values: Any, item: str, received_ns: int) -> None:
        self._sink.on_book(self._facts.book(values, *self._code(item), received_ns))

    def _expected(self, values: Any, item: str, received_ns: int) -> None:
        self._sink.on_expected(self._facts.expected(values, *self._code(item), received_ns))

    def _index(self, values: Any, item: str, received_ns: int) -> None:
        self._sink.on_index(self._facts.index(values, self._code(item)[0], received_ns))

    def _breadth(self, values: Any, item: str, received_ns: int) -> None:
        self._sink.on_breadth(self._facts.breadth(values, self._code(item)[0], received_ns))

    def _phase(self, values: Any, item: str, received_ns: int) -> None:  # noqa: ARG002 - one shape for all types
        self._sink.on_phase(self._facts.phase(values, received_ns))

    def _program(self, values: Any, item: str, received_ns: int) -> None:
        self._sink.on_program(self._facts.program(values, *self._code(item), received_ns))

    def _vi(self, values: Any, item: str, received_ns: int) -> None:
        ticker, _ = self._code(values.code.strip() or item)
        event = self._facts.vi(values, ticker, received_ns)
        if self._is_new(event):
            self._sink.on_vi(event)

    def _condition(self, values: Any, item: str, received_ns: int) -> None:  # noqa: ARG002
        self._on_condition(self._facts.condition(values))

    def _is_new(self, event: ViEvent) -> bool:
        """Whether it was not told before: for the whole market each event comes as ``109670`` and ``109670_AL``."""
        key = (event.ticker, event.kind, event.triggered_ns, event.released_ns)
        if key in self._vis:
            return False
        if len(self._vis) >= _KEPT_VIS:
            del self._vis[next(iter(self._vis))]
        self._vis[key] = None
        return True

    # What is not as expected ------------------------------------------------------------------------------------------

    def _message(self, raw: bytes) -> Message:
        try:
            return self._decode_message(raw)
        except (ValueError, RecursionError) as error:
            raise self._unreadable(raw) from error

    def _feed_odd(self, raw: bytes, received_ns: int) -> Message | None:
        """Take a frame that is no plain data frame: another message, a bundle with a bad entry, or nothing readable."""
        if raw.strip() in _PLAIN_PING:
            return Message(trnm="PING")
        message = self._message(raw)
        if message.trnm != "REAL":
            return message
        entries = message.data if isinstance(message.data, list) else [message.data]
        for entry in entries:
            try:
                whole = msgspec.convert(entry, _LooseEntry)
            except (ValueError, RecursionError):
                self.counts.entries[""] += 1
                self._refuse("", "shape", "", raw)
                continue
            self._take(whole.type, whole.item or "", Raw(msgspec.json.encode(whole.values)), received_ns)
        return None

    def _unreadable(self, raw: bytes) -> UnreadableFrame:
        self.counts.unreadable += 1
        self._note("health.note.frame_unreadable", size=len(raw))
        if self.counts.unreadable % 1_000 == 1 or self.counts.unreadable < 4:
            # Only its beginning and only its shape: a damaged reply could hold anything.
            self._keep("", "unreadable", "", bytes(raw[:200]))
        return UnreadableFrame(
            f"A frame of {len(raw)} bytes is no readable message",
            provider=wire.PROVIDER,
            retryable=True,
            key="error.kiwoom_stream.unreadable",
            size=len(raw),
        )

    def _refuse(self, kind: str, reason: str, field: str, content: Raw | bytes) -> None:
        key = (kind, field, reason)
        self.counts.refused[key] += 1
        if self.counts.refused[key] % 1_000 == 1:
            self._keep(kind, reason, field, content)
        self._note(f"health.note.frame_{reason}", type=kind, fid=field)

    def _doubt(self, reason: str, field: str) -> None:
        self.counts.refused[self._kind, field, reason] += 1
        self._note(f"health.note.frame_{reason}", type=self._kind, fid=field)

    def _unknown(self, kind: str, field: str, content: Raw) -> None:
        key = (kind, field)
        known = key in self.counts.unknown
        if not known and len(self.counts.unknown) >= 1_000:
            key = ("…", "")
        self.counts.unknown[key] += 1
        if not known:
            self._keep(kind, "unknown", field, content)
        if field:
            self._note("health.note.frame_unknown_fid", type=kind, fid=field)
        else:
            self._note("health.note.frame_unknown_type", type=kind)

    def _keep(self, kind: str, reason: str, field: str, content: Raw | bytes) -> None:
        if kind not in PRIVATE_TYPES:
            text = bytes(content)[:_LONGEST_SAMPLE].decode("utf-8", "replace")
            self.counts.samples.append(Sample(kind, reason, field, text))

    def _note(self, key: str, **fields: str | int | float) -> None:
        self._monitor.note(self._source, key, 1, **fields)


class _LooseEntry(Struct):
    type: str
    values: Any = None
    item: str | None = None


def _field_of(values: Struct, error: ProtocolChanged) -> str:
    """Find which field holds the text an error is about; a question mark if it cannot be told."""
    shown = str(error.fields.get("value", ""))
    for name, fid in zip(values.__struct_fields__, values.__struct_encode_fields__, strict=True):
        text = getattr(values, name)
        if isinstance(text, str) and shown in {repr(text)[:40], text[:40]}:
            return fid
    return "?"


assert MISSING < 0  # comparisons with 0 in the readers rely on it

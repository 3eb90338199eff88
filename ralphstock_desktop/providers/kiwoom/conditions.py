"""Condition searches of the user's HTS over the stream's connection: list, run, watch live, stop.

Answers carry no request number, so one request is under way at a time. The list has to be asked for once per connection
before any search runs. Paging is in the body here; codes come with ``A``/``J``/``Q`` in front, numbers padded to nine
characters, rates in thousandths, sequence numbers padded with blanks.

Searches that run live die with the connection. They are started again by :meth:`ConditionDesk.rearm`, and what entered or left
meanwhile is told like any other hit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from engine.model.errors import ProtocolChanged, ProviderError, RalphStockError, ValidationFailed
from engine.model.live import MISSING, ConditionHit
from ralphstock_desktop.live_ports import ConditionFormula
from ralphstock_desktop.providers.kiwoom import wire
from ralphstock_desktop.providers.kiwoom.errors import frame_error
from ralphstock_desktop.providers.kiwoom.frames import Message

__all__ = ["ConditionDesk", "ConditionRow", "read_row"]

_MOST_PAGES: Final = 100
_RATE_SCALE: Final = 1_000.0
_GONE: Final = frozenset({"error.kiwoom_stream.lost", "error.kiwoom_stream.not_connected", "error.kiwoom_stream.cut"})
"""The connection is gone."""


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """One stock found. Won and shares; ``MISSING`` and NaN where the answer does not tell (a live start tells codes only)."""

    ticker: str
    name: str = ""
    price_krw: int = MISSING
    change_krw: int = MISSING
    change_pct: float = float("nan")
    volume_shares: int = MISSING
    open_krw: int = MISSING
    high_krw: int = MISSING
    low_krw: int = MISSING


def read_row(row: Any) -> ConditionRow:
    """Read one row of a search's answer, in either of its forms.

    Raises
    ------
    ProtocolChanged
        If it has no stock code, or a value is no number.
    """
    if not isinstance(row, dict):
        raise _shape("a row that is no object")
    ticker, _ = wire.ticker(row.get("9001") or row.get("jmcode"), "9001")
    rate = wire.signed(row.get("12"), "12")
    name = row.get("302")
    return ConditionRow(
        ticker,
        name.strip() if isinstance(name, str) else "",
        wire.price(row.get("10"), "10"),
        wire.signed(row.get("11"), "11"),
        float("nan") if rate == MISSING else rate / _RATE_SCALE,
        wire.price(row.get("13"), "13"),
        wire.price(row.get("16"), "16"),
        wire.price(row.get("17"), "17"),
        wire.price(row.get("18"), "18"),
    )


def _shape(what: str) -> ProtocolChanged:
    return ProtocolChanged(
        f"A condition search answered with {what}",
        provider=wire.PROVIDER,
        retryable=False,
        key="error.kiwoom_stream.condition_shape",
        detail=what,
    )


@dataclass(slots=True)
class _Waiting:
    verb: str
    sequence: str | None
    answer: asyncio.Future[Message]


class ConditionDesk:
    """Condition searches of one login.

    Parameters
    ----------
    send : callable
        Sends a frame; raises ProviderError while there is no connection.
    tell : callable
        Takes hits.
    market_ns : callable
        Market clock; stamps what changed while the connection was lost.
    note : callable
        ``note(key, **fields)``: what is wrong with an answer but stops nothing.
    answer_s : float
        How long an answer may take.
    most_live : int
        Searches that may run live at once.
    """

    def __init__(
        self,
        send: Callable[[dict[str, Any]], Awaitable[None]],
        tell: Callable[[ConditionHit], None],
        *,
        market_ns: Callable[[], int],
        note: Callable[..., None],
        answer_s: float = 10.0,
        most_live: int = 10,
    ) -> None:
        self._send = send
        self._tell = tell
        self._market_ns = market_ns
        self._note = note
        self._answer_s = answer_s
        self._most_live = most_live
        self._turn = asyncio.Lock()
        self._waiting: _Waiting | None = None
        self._has_list = False
        self._members: dict[str, set[str]] = {}
        """Tickers inside each search that is live."""
        self._running: set[str] = set()
        """Searches that are live on the present connection."""

    @property
    def live(self) -> tuple[str, ...]:
        """Sequences that shall be live."""
        return tuple(self._members)

    async def fetch_list(self) -> list[ConditionFormula]:
        """Ask which searches there are."""
        async with self._turn:
            return await self._list()

    async def find(self, sequence: str) -> list[ConditionRow]:
        """Run a search once, all pages.

        Raises
        ------
        ProviderError
            If it is refused, not answered in time, or the connection is lost meanwhile.
        """
        async with self._turn:
            await self._ensure_list()
            rows: list[ConditionRow] = []
            keys = {""}
            more, key = "N", ""
            for _ in range(_MOST_PAGES):
                frame = {
                    "trnm": "CNSRREQ",
                    "seq": sequence,
                    "search_type": "0",
                    "stex_tp": "K",
                    "cont_yn": more,
                    "next_key": key,
                }
                answer = await self._ask(frame)
                rows.extend(self._rows(answer))
                key = answer.next_key or ""
                if answer.cont_yn != "Y" or key in keys:
                    break
                keys.add(key)
                more = "Y"
            return rows

    async def watch(self, sequence: str) -> list[str]:
        """Run a search live; hits come from now on. Returns the tickers inside now, sorted.

        Raises
        ------
        ValidationFailed
            If too many run already.
        ProviderError
            As :meth:`find`.
        """
        async with self._turn:
            if sequence not in self._running:
                if sequence not in self._members and len(self._members) >= self._most_live:
                    raise ValidationFailed(
                        f"At most {self._most_live} condition searches run live; stop one first",
                        key="error.kiwoom_stream.conditions_full",
                        most=self._most_live,
                    )
                self._members[sequence] = await self._start(sequence)
            return sorted(self._members[sequence])

    async def stop(self, sequence: str) -> None:
        """Stop a live search; does nothing if it is not live."""
        async with self._turn:
            self._members.pop(sequence, None)
            if sequence in self._running:
                self._running.discard(sequence)
                await self._ask({"trnm": "CNSRCLR", "seq": sequence})

    async def rearm(self) -> None:
        """Start the live searches again on a new connection and tell what changed meanwhile."""
        for sequence in self.live:
            async with self._turn:
                before = self._members.get(sequence)
                if before is None or sequence in self._running:
                    continue
                try:
                    now = await self._start(sequence)
                except RalphStockError as error:
                    if error.key in _GONE:
                        return  # the next connection tries anew
                    if not (isinstance(error, ProviderError) and error.retryable):
                        self._members.pop(sequence, None)
                    self._note("health.note.condition_gone", sequence=sequence)
                    continue
                self._members[sequence] = now
                at_ns = self._market_ns()
                for ticker in sorted(before - now):
                    self._tell(ConditionHit(sequence, ticker, False, at_ns))
                for ticker in sorted(now - before):
                    self._tell(ConditionHit(sequence, ticker, True, at_ns))

    # From the connection ----------------------------------------------------------------------------------------------

    def hear(self, hit: ConditionHit) -> None:
        """Take a live hit: keep the membership, pass it on."""
        members = self._members.get(hit.sequence)
        if members is not None:
            if hit.entered:
                members.add(hit.ticker)
            else:
                members.discard(hit.ticker)
        self._tell(hit)

    def take_answer(self, message: Message) -> bool:
        """Give an answer to the request that waits for it; False if none does."""
        waiting = self._waiting
        if waiting is None or waiting.answer.done() or message.trnm != waiting.verb:
            return False
        sequence = "" if message.seq is None else str(message.seq).strip()
        if waiting.sequence is not None and sequence and sequence != waiting.sequence:
            return False
        waiting.answer.set_result(message)
        return True

    def lose(self) -> None:
        """The connection is gone: whoever waits is told so."""
        self._has_list = False
        self._running.clear()
        if self._waiting is not None and not self._waiting.answer.done():
            self._waiting.answer.set_exception(
                ProviderError(
                    "The connection was lost before the answer came",
                    provider=wire.PROVIDER,
                    retryable=True,
                    key="error.kiwoom_stream.lost",
                )
            )

    # Requests ---------------------------------------------------------------------------------------------------------

    async def _ask(self, frame: dict[str, Any]) -> Message:
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting = _Waiting(frame["trnm"], frame.get("seq"), answer)
        try:
            await self._send(frame)
            async with asyncio.timeout(self._answer_s):
                message = await answer
        except TimeoutError as error:
            raise ProviderError(
                f"No answer to {frame['trnm']} in {self._answer_s:g} s",
                provider=wire.PROVIDER,
                retryable=True,
                key="error.kiwoom_stream.no_answer",
                seconds=self._answer_s,
            ) from error
        finally:
            self._waiting = None
            if answer.done() and not answer.cancelled():
                answer.exception()  # seen, also where sending failed first
        refusal = frame_error(message.as_reply())
        if refusal is not None:
            raise refusal
        return message

    async def _list(self) -> list[ConditionFormula]:
        answer = await self._ask({"trnm": "CNSRLST"})
        self._has_list = True
        if answer.data is None:
            return []
        if not isinstance(answer.data, list):
            raise _shape("a list that is none")
        found = []
        for row in answer.data:
            if isinstance(row, list) and len(row) >= 2 and all(isinstance(part, str) for part in row[:2]):
                found.append(ConditionFormula(row[0].strip(), row[1].strip()))
            else:
                self._note("health.note.condition_row")
        return found

    async def _ensure_list(self) -> None:
        if not self._has_list:
            await self._list()

    async def _start(self, sequence: str) -> set[str]:
        await self._ensure_list()
        answer = await self._ask({"trnm": "CNSRREQ", "seq": sequence, "search_type": "1", "stex_tp": "K"})
        self._running.add(sequence)
        return {row.ticker for row in self._rows(answer)}

    def _rows(self, answer: Message) -> list[ConditionRow]:
        """Read the rows; one that cannot be read is noted and left out."""
        if answer.data is None or answer.data == "":
            return []
        if not isinstance(answer.data, list):
            raise _shape("rows that are no list")
        rows = []
        for row in answer.data:
            try:
                rows.append(read_row(row))
            except ProtocolChanged:
                self._note("health.note.condition_row")
        return rows

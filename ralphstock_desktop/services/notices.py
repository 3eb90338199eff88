"""Tells the trader what happened: stored first, then shown, once. Implements ``NoticeBook``.

1. A fact is written to the repository in a durable transaction; its key is unique, so a fact that was told before ends here.
2. It is marked as shown, then published on ``fresh``: a program that is killed in between leaves it unread in the list, but
   never shows it twice. One that is killed before shows it after the next start, if it is at most an hour of market time old.
3. Quiet hours and muting keep it in the list without showing it. A kind or strategy that is switched off is not kept at all.
4. Several facts of one kind that come together are shown as one.

Nothing is told while the past is looked at. Lives on the event-loop thread; the repository is asked on a worker, one call at a
time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from engine.model.errors import RalphStockError
from engine.model.instants import kst_datetime
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import SettingsStore
from ralphstock_desktop.services.notice_facts import gate_notices, life_notices, scan_notices
from ralphstock_desktop.services.tasks import TaskSet
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.strategy_ports import NoticeRecord, StrategyStore

__all__ = [
    "GROUP_FROM",
    "SHOWN_FOR_NS",
    "NoticeService",
    "gate_notices",
    "grouped",
    "is_quiet",
    "life_notices",
    "scan_notices",
]

SHOWN_FOR_NS = 3_600_000_000_000
"""A fact older than this, in market time, is listed but no longer shown."""
GROUP_FROM = 3
"""From this many facts of one kind and strategy on, one notice speaks for all."""

_LISTED = 500
_NAMED = 3
_NS_PER_MINUTE = 60_000_000_000
_SWITCHES = {"VCP": "notices_vcp", "CLOSING_BET": "notices_closing", "DAY_TRADE": "notices_day"}
_KIND_SWITCHES = {"gate": "notices_gate", "near": "notices_near"}
_log = logging.getLogger(__name__)


def is_quiet(now_ns: int, from_hour: int, until_hour: int) -> bool:
    """Whether an instant lies in the quiet hours (Korean time), which may reach over midnight; equal hours mean none."""
    hour = kst_datetime(now_ns).hour
    if from_hour <= until_hour:
        return from_hour <= hour < until_hour
    return hour >= from_hour or hour < until_hour


def grouped(records: Sequence[NoticeRecord]) -> list[NoticeRecord]:
    """Put facts of one kind and strategy that come together into one notice, where there are ``GROUP_FROM`` or more.

    The notice that speaks for all has id 0, names the first three and is not stored itself.
    """
    by_kind: dict[tuple[str, str], list[NoticeRecord]] = {}
    for record in records:
        by_kind.setdefault((record.kind, record.strategy), []).append(record)
    shown = []
    for (kind, strategy), group in by_kind.items():
        if len(group) < GROUP_FROM:
            shown.extend(group)
            continue
        first = group[0]
        names = [str(record.fields.get("name", record.ticker)) for record in group[:_NAMED]]
        english = [str(record.fields.get("name_en", record.ticker)) for record in group[:_NAMED]]
        fields: dict[str, str | int | float] = {
            "count": len(group),
            "names": ", ".join(names),
            "names_en": ", ".join(english),
        }
        name = f"{kind}.{strategy.lower()}" if strategy else kind
        shown.append(replace(first, id=0, dedup=f"group:{first.dedup}", ticker="", key=f"notice.group.{name}", fields=fields))
    return shown


class NoticeService:
    """See :class:`ralphstock_desktop.services.strategy_contracts.NoticeBook`.

    Parameters
    ----------
    settings : SettingsStore
        ``notices_vcp``, ``notices_closing``, ``notices_day``, ``notices_gate``, ``notices_near``, ``notices_quiet_from``,
        ``notices_quiet_until``.
    now_ns : callable
        The market's clock in UTC nanoseconds.
    """

    def __init__(self, workers: Workers, settings: SettingsStore, now_ns: Callable[[], int]) -> None:
        self.notices: Channel[tuple[NoticeRecord, ...]] = Channel("notices")
        self.fresh: Channel[NoticeRecord] = Channel("fresh notices")
        self.unread: Channel[int] = Channel("unread notices")
        self._workers, self._settings, self._now_ns = workers, settings, now_ns
        self._store: StrategyStore | None = None
        self._known_at_ns: int | None = None
        self._listed: tuple[NoticeRecord, ...] = ()
        self._muted: dict[tuple[str, str], int] = {}
        self._read: set[int] = set()
        """Read by the user; their marks may still be on the way to the repository."""
        self._turn = asyncio.Lock()
        self._tasks = TaskSet()

    # -- which market, which instant --------------------------------------------------------------------------------------

    async def open(self, store: StrategyStore, known_at_ns: int | None = None) -> None:
        """Speak for a market from now on: list what it knows and show what a killed program could not show.

        Raises
        ------
        StorageError
            If the repository cannot be read or written.
        """
        async with self._turn:
            if store is not self._store:
                self._read.clear()
            self._store, self._known_at_ns = store, known_at_ns
            await self._load(store)
            if known_at_ns is None:
                waiting = [record for record in reversed(self._listed) if not record.shown and not record.read]
                await self._show(store, waiting)

    async def look_at(self, known_at_ns: int | None) -> None:
        """List what was told up to an instant; None is the present. While an instant is given nothing new is told."""
        if known_at_ns == self._known_at_ns:
            return
        async with self._turn:
            self._known_at_ns = known_at_ns
            if self._store is not None:
                await self._load(self._store)

    async def close(self) -> None:
        """Wait for marks that are still being written."""
        await self._tasks.idle()

    async def _load(self, store: StrategyStore) -> None:
        known = self._known_at_ns
        stored = await self._workers.read(lambda: store.notices(_LISTED, known))
        self._publish([replace(record, read=record.read or record.id in self._read) for record in stored])

    def _publish(self, records: Sequence[NoticeRecord]) -> None:
        self._listed = tuple(records)
        self.notices.publish(self._listed)
        self.unread.publish(sum(not record.read for record in self._listed))

    # -- telling ----------------------------------------------------------------------------------------------------------

    async def post(self, records: Sequence[NoticeRecord]) -> tuple[NoticeRecord, ...]:
        """Store facts and show those that are new; return the new ones.

        Nothing happens while the past is looked at, before a market is open, or for what is switched off.

        Raises
        ------
        StorageError
            If they could not be stored; then nothing is shown.
        """
        async with self._turn:
            store, now = self._store, self._now_ns()
            # A scan of the present carries this machine's instant; a replayed day must not hear of it from its own future.
            wanted = [replace(record, at_ns=min(record.at_ns, now)) for record in records if self._is_on(record)]
            if store is None or self._known_at_ns is not None or not wanted:
                return ()
            new = await self._workers.read(store.add_notices, wanted)
            if not new:
                return ()
            listed = sorted((*new, *self._listed), key=lambda record: (-record.at_ns, -record.id))
            self._publish(listed[:_LISTED])
            await self._show(store, new)
            return new

    async def _show(self, store: StrategyStore, records: Sequence[NoticeRecord]) -> None:
        now = self._now_ns()
        due = [record for record in records if now - record.at_ns <= SHOWN_FOR_NS and self._may_show(record, now)]
        if not due:
            return
        ids = [record.id for record in due]
        await self._workers.read(lambda: store.mark_notices(ids, shown=True))
        self._mark(set(ids), shown=True)
        for record in grouped([replace(record, shown=True) for record in due]):
            self.fresh.publish(record)

    def _is_on(self, record: NoticeRecord) -> bool:
        key = _KIND_SWITCHES.get(record.kind) or _SWITCHES.get(record.strategy)
        return key is None or self._settings.get(key) is not False

    def _may_show(self, record: NoticeRecord, now_ns: int) -> bool:
        if not self._is_on(record):
            return False
        begin, end = self._settings.get("notices_quiet_from"), self._settings.get("notices_quiet_until")
        if isinstance(begin, int) and isinstance(end, int) and is_quiet(now_ns, begin, end):
            return False
        return all(self._muted.get(key, 0) <= now_ns for key in ((record.kind, record.ticker), (record.kind, "")))

    # -- the reader's hand --------------------------------------------------------------------------------------------------

    def mark_read(self, ids: Sequence[int] | None = None) -> None:
        """Mark notices as read; None marks all that are listed."""
        chosen = {record.id for record in self._listed if not record.read and (ids is None or record.id in ids)}
        store = self._store
        if not chosen or store is None:
            return
        self._read |= chosen
        self._mark(chosen, read=True)
        marked = sorted(chosen)
        self._tasks.spawn(self._write(lambda: store.mark_notices(marked, read=True)), "notices")

    def mute(self, kind: str, ticker: str, minutes: int) -> None:
        """Do not show a kind of notice of a symbol (of all symbols if empty) for some minutes; 0 ends it."""
        self._muted[(kind, ticker)] = self._now_ns() + max(minutes, 0) * _NS_PER_MINUTE

    def _mark(self, ids: set[int], *, shown: bool = False, read: bool = False) -> None:
        self._publish(
            [
                replace(record, shown=record.shown or shown, read=record.read or read) if record.id in ids else record
                for record in self._listed
            ]
        )

    async def _write(self, work: Callable[[], None]) -> None:
        async with self._turn:
            try:
                await self._workers.read(work)
            except RalphStockError:
                # The list on screen stays as the reader left it; after a restart these are unread again.
                _log.exception("read marks of notices could not be stored")

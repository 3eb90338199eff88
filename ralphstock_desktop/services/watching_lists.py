"""The lists half of the user's watch service: symbols in named lists, each list written whole."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from engine.model.errors import DataUnavailable, ValidationFailed
from ralphstock_desktop.assistant_ports import AssistantStore, WatchEntry
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import Workstation
from ralphstock_desktop.services.watch_names import as_kept, check_room
from ralphstock_desktop.services.workers import Workers

__all__ = ["LONGEST_NOTE", "WatchLists"]

LONGEST_NOTE = 500
"""Characters of a note on a symbol or an alert."""


class WatchLists:
    """Lists of the market whose repository is open; parameters as of the watch service."""

    def __init__(self, workstation: Workstation, workers: Workers, now_ns: Callable[[], int]) -> None:
        self.lists: Channel[tuple[WatchEntry, ...]] = Channel("watch_lists")
        self._workstation, self._workers, self._now_ns = workstation, workers, now_ns
        self._store: AssistantStore | None = None
        self._turn = asyncio.Lock()
        """One change after the other."""

    def _open(self) -> AssistantStore:
        if self._store is None:
            raise DataUnavailable("No market is open yet.", key="error.chat.no_market")
        return self._store

    def _of(self, list_name: str) -> list[WatchEntry]:
        return [entry for entry in self.lists.last or () if entry.list_name == list_name]

    async def _write_list(self, list_name: str, entries: Sequence[WatchEntry], *, publish: bool = True) -> None:
        store = self._open()
        numbered = tuple(replace(entry, list_name=list_name, position=position) for position, entry in enumerate(entries))
        await self._workers.read(store.set_watch_list, list_name, numbered)
        lists = await self._workers.read(store.watch_lists) if publish else ()
        if publish and store is self._store:
            self.lists.publish(lists)

    async def add(self, ticker: str, list_name: str = "") -> None:
        """Add a symbol at the end of a list; a symbol that is there stays where it is. Raises ValidationFailed."""
        async with self._turn:
            name = as_kept(list_name)
            self._known(ticker)
            entries = self._of(name)
            if any(entry.ticker == ticker for entry in entries):
                return
            check_room(self.lists.last or (), name, len(entries) + 1)
            await self._write_list(name, [*entries, WatchEntry(name, ticker, len(entries), "", self._now_ns())])

    async def remove(self, ticker: str, list_name: str = "") -> None:
        """Take a symbol off a list; nothing happens where it is not on it."""
        async with self._turn:
            name = as_kept(list_name)
            entries = self._of(name)
            left = [entry for entry in entries if entry.ticker != ticker]
            if len(left) != len(entries):
                await self._write_list(name, left)

    async def set_list(self, list_name: str, entries: Sequence[WatchEntry]) -> None:
        """Write a list as a whole, in the order given; an empty one deletes it. Raises ValidationFailed."""
        async with self._turn:
            name = as_kept(list_name)
            if entries:
                check_room(self.lists.last or (), name, len(entries))
            await self._write_list(name, entries)

    async def rename(self, list_name: str, new_name: str) -> None:
        """Give a list another name. Raises ValidationFailed where that name is taken or empty."""
        async with self._turn:
            before, after = as_kept(list_name), as_kept(new_name)
            if not new_name.strip() or (after != before and self._of(after)):
                raise ValidationFailed(
                    f"There is a list '{after}' already, or the name is empty.", key="error.watch.name", name=new_name.strip()
                )
            entries = self._of(before)
            if after != before and entries:
                # Written under the new name first: a program killed in between has the list twice, never lost.
                await self._write_list(after, entries, publish=False)
                await self._write_list(before, [])

    async def move(self, ticker: str, list_name: str, position: int) -> None:
        """Put a symbol of a list at another place, counted from 0."""
        async with self._turn:
            name = as_kept(list_name)
            entries = self._of(name)
            moved = next((entry for entry in entries if entry.ticker == ticker), None)
            if moved is not None:
                entries.remove(moved)
                entries.insert(max(0, min(position, len(entries))), moved)
                await self._write_list(name, entries)

    async def annotate(self, ticker: str, list_name: str, note: str) -> None:
        """Write a note on a symbol of a list."""
        async with self._turn:
            name = as_kept(list_name)
            clean = note.strip()[:LONGEST_NOTE]
            entries = [replace(e, note=clean) if e.ticker == ticker else e for e in self._of(name)]
            await self._write_list(name, entries)

    def _known(self, ticker: str) -> int:
        picture = self._workstation.market.last
        row = picture.panel.row_of(ticker) if picture is not None else None
        if row is None:
            raise ValidationFailed(f"There is no symbol {ticker}.", key="error.watch.symbol", ticker=ticker)
        return row

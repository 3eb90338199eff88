"""Asking for an answer to its end and reading it: pages, repeated doubts, records or columns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, Protocol, TypeVar

from engine.model.errors import DataUnavailable, ProtocolChanged, ProviderError, ValidationFailed
from ralphstock_desktop.live_ports import Priority
from ralphstock_desktop.providers.kiwoom.catalogue_base import Request, Tr
from ralphstock_desktop.providers.kiwoom.parse import Reply, is_blank_row, parse
from ralphstock_desktop.providers.kiwoom.parse_columns import Columns, columns_of, joined_columns
from ralphstock_desktop.providers.kiwoom.records_layout import refusal
from ralphstock_desktop.providers.kiwoom.unknown import FieldRegister
from ralphstock_desktop.providers.kiwoom.wire import PROVIDER

__all__ = ["Asker", "RestClient", "RestPage", "nothing", "reaches"]

_MANY_PAGES: Final = 1_000
_TRIES: Final = 3
"""How often a page is asked for that is empty without need or cannot be believed."""

Q = TypeVar("Q", bound=Request)
H = TypeVar("H")
R = TypeVar("R")


class Answer(Protocol):
    """What reading a page gives."""

    @property
    def refused(self) -> tuple[ProtocolChanged, ...]: ...


T = TypeVar("T", bound=Answer)


class RestPage(Protocol):
    """What the source needs of a reply."""

    @property
    def body(self) -> Mapping[str, Any]: ...
    @property
    def next_key(self) -> str: ...
    @property
    def received_ns(self) -> int: ...
    @property
    def is_cut(self) -> bool: ...


class RestClient(Protocol):
    """What the source needs of the request interface."""

    async def call(
        self, api_id: str, path: str, body: Mapping[str, str], priority: Priority, *, next_key: str = ""
    ) -> RestPage: ...
    async def close(self) -> None: ...


class Asker:
    """Asks with typed requests and reads the answers.

    An empty answer is asked for once more before it is believed. A page in the middle of a history that is empty, the same as
    the one before, or does not tell how to go on, is asked for up to three times, as is one that cannot be believed: a hiccup
    is not taken for the end of the history.

    Parameters
    ----------
    rest : RestClient
        Paced requests.
    today : callable
        Day of the market's clock.
    register : FieldRegister
        Hears of unknown fields and refused rows.
    """

    def __init__(self, rest: RestClient, today: Callable[[], date], register: FieldRegister) -> None:
        self._rest = rest
        self._today = today
        self._register = register

    async def pages(
        self,
        tr: Tr[Q, Any, Any],
        request: Q,
        priority: Priority,
        read: Callable[[RestPage], T],
        enough: Callable[[list[Any]], bool] | None = None,
        *,
        may_be_empty: bool = False,
    ) -> list[tuple[RestPage, T]]:
        """Ask page after page until ``enough`` says so of the rows of one; at least one page is returned.

        Parameters
        ----------
        read : callable
            Reads a page; what it refuses as perhaps right the next time is asked for again.
        may_be_empty : bool
            Believe an empty first page at once.
        """
        body = tr.body(request)
        pages: list[tuple[RestPage, T]] = []
        used: set[str] = set()
        last_rows: list[Any] = []
        key, repeats = "", 0

        def is_odd(page: RestPage, tries_left: int) -> bool:
            rows = _rows(tr, page)
            if page.is_cut and enough is not None:
                return True
            if pages:
                return not rows or rows == last_rows
            return not rows and not may_be_empty and tries_left == _TRIES - 1

        while len(pages) + repeats < _MANY_PAGES:
            page, found = await self._read(tr, body, priority, key, read, is_odd, is_history=enough is not None)
            rows = _rows(tr, page)
            if not rows and pages:
                return pages
            if pages and rows == last_rows:
                repeats += 1
                if repeats >= _TRIES:
                    break
            else:
                pages.append((page, found))
                last_rows, repeats = rows, 0
            if enough is not None and enough(rows):
                return pages
            if page.is_cut and enough is not None:
                raise refusal(
                    f"The list of {tr.api_id} goes on, but the answer does not tell how",
                    "error.kiwoom.shape",
                    retryable=True,
                    api_id=tr.api_id,
                    status=200,
                )
            if not page.next_key or page.next_key in used:
                return pages
            key = page.next_key
            used.add(key)
            # Reading a page costs a millisecond or more; the window is drawn between them.
            await asyncio.sleep(0)
        raise ProviderError(
            f"{tr.api_id} goes on after {len(pages)} pages",
            provider=PROVIDER,
            retryable=False,
            key="error.kiwoom.endless",
            api_id=tr.api_id,
        )

    async def _read(
        self,
        tr: Tr[Any, Any, Any],
        body: Mapping[str, str],
        priority: Priority,
        key: str,
        read: Callable[[RestPage], T],
        is_odd: Callable[[RestPage, int], bool],
        *,
        is_history: bool,
    ) -> tuple[RestPage, T]:
        """Ask for one page, again where it is odd or cannot be believed. A history is not to lack a row for a hiccup."""
        for tries_left in range(_TRIES - 1, -1, -1):
            page = await self._call(tr, body, priority, key)
            if tr.list_key and tries_left and is_odd(page, tries_left):
                continue
            try:
                found = read(page)
                if not found.refused or not tries_left or not is_history:
                    return page, found
            except ProtocolChanged as error:
                if not error.retryable or not tries_left:
                    raise
        raise AssertionError("the last try returns or raises")

    async def _call(self, tr: Tr[Any, Any, Any], body: Mapping[str, str], priority: Priority, key: str) -> RestPage:
        try:
            return await self._rest.call(tr.api_id, tr.path, body, priority, next_key=key)
        except ValidationFailed as error:
            if not error.key.startswith("error.kiwoom.symbol"):
                raise
            # The request was well formed: the broker just has no such stock.
            raise nothing(tr.api_id, body.get("stk_cd", "")) from error

    async def records(
        self,
        tr: Tr[Q, H, R],
        request: Q,
        priority: Priority,
        enough: Callable[[list[Any]], bool] | None = None,
        *,
        may_be_empty: bool = False,
    ) -> tuple[Reply[H, R], int]:
        """Ask for an answer as records; returns it with the instant it was received (machine clock)."""

        def read(page: RestPage) -> Reply[H, R]:
            return parse(tr, page.body, request, today=self._today(), register=self._register)

        pages = await self.pages(tr, request, priority, read, enough, may_be_empty=may_be_empty)
        first, reply = pages[0]
        if len(pages) > 1:
            # Read once more together: repeats and order across pages. What was told is not told again.
            bodies = [page.body for page, _ in pages]
            reply = parse(tr, bodies, request, today=self._today())
        return reply, first.received_ns

    async def columns(
        self, tr: Tr[Q, Any, Any], request: Q, priority: Priority, enough: Callable[[list[Any]], bool]
    ) -> Columns | None:
        """Ask for a chart; None where the broker has nothing."""

        def read(page: RestPage) -> Columns:
            return columns_of(tr, [page.body], request, today=self._today(), register=self._register)

        pages = await self.pages(tr, request, priority, read, enough)
        found = joined_columns(tr, [columns for _, columns in pages])
        return found if len(found) else None


def nothing(what: str, of: str) -> DataUnavailable:
    """Build the error of a source that has nothing of what was asked."""
    return DataUnavailable(
        f"{PROVIDER} has no {what} for {of}", key="error.kiwoom.no_data", provider=PROVIDER, what=what, of=of
    )


def _rows(tr: Tr[Any, Any, Any], page: RestPage) -> list[Any]:
    rows = page.body.get(tr.list_key)
    return [row for row in rows if not is_blank_row(row)] if isinstance(rows, list) else []


def reaches(field: str, since: str) -> Callable[[list[Any]], bool]:
    """Return whether the oldest row of a page lies before what is wanted."""

    def enough(rows: list[Any]) -> bool:
        oldest = rows[-1].get(field) if rows and isinstance(rows[-1], dict) else None
        return isinstance(oldest, str) and len(oldest) == len(since) and oldest < since

    return enough

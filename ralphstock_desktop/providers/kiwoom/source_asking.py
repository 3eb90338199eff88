"""Asking for an answer to its end and reading it: pages, repeated doubts, records or columns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final, Protocol, TypeVar

from engine.model.errors import DataUnavailable, ProviderError, ValidationFailed
from ralphstock_desktop.live_ports import Priority
from ralphstock_desktop.providers.kiwoom.catalogue_base import Request, Tr
from ralphstock_desktop.providers.kiwoom.parse import Reply, is_blank_row, parse
from ralphstock_desktop.providers.kiwoom.parse_columns import Columns, columns_of, joined_columns
from ralphstock_desktop.providers.kiwoom.unknown import FieldRegister
from ralphstock_desktop.providers.kiwoom.wire import PROVIDER

__all__ = ["Asker", "RestClient", "RestPage", "nothing", "reaches"]

_MANY_PAGES: Final = 1_000

Q = TypeVar("Q", bound=Request)
H = TypeVar("H")
R = TypeVar("R")


class RestPage(Protocol):
    """What the source needs of a reply."""

    @property
    def body(self) -> Mapping[str, Any]: ...
    @property
    def next_key(self) -> str: ...
    @property
    def received_ns(self) -> int: ...


class RestClient(Protocol):
    """What the source needs of the request interface."""

    async def call(
        self, api_id: str, path: str, body: Mapping[str, str], priority: Priority, *, next_key: str = ""
    ) -> RestPage: ...
    async def close(self) -> None: ...


class Asker:
    """Asks with typed requests and reads the answers.

    An empty page is asked for once more before it is believed, so that a hiccup in the middle of a history is not taken for
    its end.

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
        enough: Callable[[list[Any]], bool] | None = None,
        *,
        may_be_empty: bool = False,
    ) -> list[RestPage]:
        """Ask page after page until ``enough`` says so of the rows of one; at least one page is returned."""
        body = tr.body(request)
        pages: list[RestPage] = []
        used: set[str] = set()
        key = ""
        while len(pages) < _MANY_PAGES:
            page = await self._call(tr, body, priority, key)
            rows = _rows(tr, page)
            if tr.list_key and not rows and (pages or not may_be_empty):
                page = await self._call(tr, body, priority, key)
                rows = _rows(tr, page)
            if not rows and pages:
                return pages
            pages.append(page)
            if not page.next_key or page.next_key in used or (enough is not None and enough(rows)):
                return pages
            key = page.next_key
            used.add(key)
        raise ProviderError(
            f"{tr.api_id} goes on after {_MANY_PAGES} pages",
            provider=PROVIDER,
            retryable=False,
            key="error.kiwoom.endless",
            api_id=tr.api_id,
        )

    async def _call(self, tr: Tr[Any, Any, Any], body: Mapping[str, str], priority: Priority, key: str) -> RestPage:
        try:
            return await self._rest.call(tr.api_id, tr.path, body, priority, next_key=key)
        except ValidationFailed as error:
            if not error.key.startswith("error.kiwoom.symbol"):
                raise
            # The request was well formed: the broker just has no such stock.
            raise nothing(tr.api_id, body.get("stk_cd", "")) from error

    async def records(self, tr: Tr[Q, H, R], request: Q, priority: Priority) -> tuple[Reply[H, R], int]:
        pages = await self.pages(tr, request, priority)
        return self.parsed(tr, pages, request), pages[0].received_ns

    def parsed(self, tr: Tr[Any, H, R], pages: Sequence[RestPage], request: Request | None) -> Reply[H, R]:
        return parse(tr, [page.body for page in pages], request, today=self._today(), register=self._register)

    async def columns(
        self, tr: Tr[Q, Any, Any], request: Q, priority: Priority, enough: Callable[[list[Any]], bool]
    ) -> Columns | None:
        """Ask for a chart; None where the broker has nothing."""
        parts = []
        for page in await self.pages(tr, request, priority, enough):
            parts.append(columns_of(tr, [page.body], request, today=self._today(), register=self._register))
            # A page costs a millisecond or more; the window is drawn between them.
            await asyncio.sleep(0)
        found = joined_columns(tr, parts)
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

"""Disclosures of DART (전자공시): the list of its open interface, with the user's key, and its feed, without one.

The list knows the stock code but only the *day* of a disclosure; the feed knows the minute but only the company's name. Both
give a disclosure the same address and title, so the store makes one item of them, and the list takes the times the feed told.

Reading of domain.md §6.1 for the list: a disclosure that was not there when the list was read before, minutes ago, and is there
now was published in between, and counts from now. What was already there at the first reading, or after a longer break, has
no publication time: it is stored and not scored. No time is ever made up from a date.

A report's name says what matters in brackets (주요사항보고서(유상증자결정)), and brackets are what scoring takes away. So the
title is the company's name and the report's with its brackets opened; labels such as [기재정정] stay labels.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode

from engine.model.errors import AuthExpired, DataUnavailable, ProtocolChanged, ProviderError, RateLimited, ValidationFailed
from engine.model.instants import day_of
from engine.model.instruments import normalize_ticker
from ralphstock_desktop.ports import MISSING_INT, NewsBatch
from ralphstock_desktop.providers.news.batches import Found, batch_of, plausible_ns
from ralphstock_desktop.providers.news.feeds import NameBook, safe_feed
from ralphstock_desktop.providers.news.polite import PoliteClient

__all__ = ["DartFeedCollector", "DartListCollector", "disclosure_title", "disclosure_url"]

PRESS = "DART"
_LIST_URL = "https://opendart.fss.or.kr/api/list.json"
_FEED_URL = "https://dart.fss.or.kr/api/todayRSS.xml"
_PAGE_ROWS = 100
_MOST_PAGES = 40
"""Newest first: what a first reading leaves out is old, and would have no time."""
_BRACKET_NS = 900 * 1_000_000_000
"""Longest time between two readings within which a new disclosure counts as published now."""
_MOST_TIMES = 10_000
_RECEIPT = re.compile(r"\d{14}\Z")
_RECEIPT_IN_URL = re.compile(r"rcpNo=(\d{14})", re.IGNORECASE)
_MARKET = re.compile(r"^\s*\((유가|유가증권|코스닥|코넥스|기타|유가증권시장|코스닥시장)\)\s*")

_OK, _NOTHING, _TOO_OFTEN, _MAINTENANCE = "000", "013", "020", "800"
_KEY_PROBLEMS = frozenset(("010", "011", "012", "901"))

Key = Callable[[], Awaitable[str | None]]


def disclosure_url(receipt: str) -> str:
    """Address of a disclosure by its receipt number (접수번호)."""
    return f"https://dart.fss.or.kr/dsaf001/main.do?rcpNo={receipt}"


def disclosure_title(company: str, report: str) -> str:
    """Title of a disclosure; brackets within the report's name are opened, a label at its beginning stays."""
    opened = re.sub(r"[()]+", " · ", report).strip(" ·")
    return " ".join(f"{company.strip()} {opened}".split()).replace("· ·", "·")


class DartListCollector:
    """Implements :class:`ralphstock_desktop.strategy_ports.NewsCollector` with the list of OpenDART.

    Parameters
    ----------
    key : coroutine function
        The user's key; None where he has none.
    client : PoliteClient
        Shared by all collectors.
    now_ns : callable
        Clock, UTC nanoseconds.
    times : dict, optional
        Publication times by receipt number, as the feed's collector fills it.
    url : str
        Address of the list; another one for tests.
    """

    name = "dart-list"

    def __init__(
        self,
        key: Key,
        client: PoliteClient,
        now_ns: Callable[[], int],
        *,
        times: Mapping[str, int] | None = None,
        url: str = _LIST_URL,
    ) -> None:
        self._key, self._client, self._now_ns, self._url = key, client, now_ns, url
        self._times = {} if times is None else times
        self._seen: dict[str, int] = {}
        """Publication time (or MISSING_INT) by receipt number, of the days read last."""
        self._read_ns: int | None = None

    async def collect(self, since_ns: int) -> NewsBatch:
        """Disclosures of listed companies received since an instant's day.

        Raises
        ------
        DataUnavailable
            Without a key.
        AuthExpired
            If the key is not accepted.
        RateLimited
            If the day's requests are used up.
        ProviderError
            If the list could not be fetched or read.
        """
        key = await self._key()
        if not key:
            raise DataUnavailable("No key for OpenDART is set.", key="error.news.no_key")
        asked_ns = self._now_ns()
        rows: dict[str, dict[str, Any]] = {}
        page, pages = 1, 1
        while page <= min(pages, _MOST_PAGES):
            answer = await self._page(key, day_of(since_ns), day_of(asked_ns), page)
            found = {receipt: row for row in answer["list"] if (receipt := str(row.get("rcept_no", "")))}
            is_known = bool(found) and self._is_bracketed(asked_ns) and found.keys() <= self._seen.keys()
            rows |= found
            pages = answer["pages"]
            if is_known:  # newest first: what follows was read before
                break
            page += 1
        read_ns = self._now_ns()
        published = self._published(rows, asked_ns, read_ns)
        batch = batch_of(self._found(rows, published), read_ns, since_ns, self.name)
        # Only a reading that worked to its end may say later what is new.
        first_day = day_of(since_ns).strftime("%Y%m%d")
        self._seen = {receipt: when for receipt, when in {**self._seen, **published}.items() if receipt[:8] >= first_day}
        self._read_ns = asked_ns
        return batch

    def _is_bracketed(self, now_ns: int) -> bool:
        return self._read_ns is not None and 0 <= now_ns - self._read_ns <= _BRACKET_NS

    def _published(self, rows: Iterable[str], asked_ns: int, read_ns: int) -> dict[str, int]:
        is_bracketed = self._is_bracketed(asked_ns)
        last_day = day_of(self._read_ns or 0).strftime("%Y%m%d")

        def time_of(receipt: str) -> int:
            told = self._times.get(receipt, self._seen.get(receipt))
            if told is not None:
                return told
            return read_ns if is_bracketed and receipt[:8] >= last_day else MISSING_INT

        return {receipt: time_of(receipt) for receipt in rows}

    def _found(self, rows: dict[str, dict[str, Any]], published: dict[str, int]) -> Iterable[Found]:
        for receipt, row in rows.items():
            try:
                ticker = normalize_ticker(str(row.get("stock_code") or ""))
            except ValidationFailed:
                continue  # a company that is not listed
            company, report = row.get("corp_name"), row.get("report_nm")
            if not (_RECEIPT.match(receipt) and isinstance(company, str) and isinstance(report, str)):
                raise self._strange("a row without receipt, company or report")
            yield Found(
                disclosure_url(receipt), disclosure_title(company, report), PRESS, published[receipt], (ticker,), "disclosure"
            )

    async def _page(self, key: str, first: date, last: date, page: int) -> dict[str, Any]:
        query = {
            "crtfc_key": key,
            "bgn_de": first.strftime("%Y%m%d"),
            "end_de": last.strftime("%Y%m%d"),
            "sort": "date",
            "sort_mth": "desc",
            "page_no": page,
            "page_count": _PAGE_ROWS,
        }
        content = await self._client.fetch(f"{self._url}?{urlencode(query)}", self.name, obey_robots=False, keep=False)
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise self._strange("no JSON") from error
        if not isinstance(answer, dict):
            raise self._strange("no JSON object")
        status = answer.get("status")
        if status == _NOTHING:
            return {"list": [], "pages": 1}
        if status != _OK:
            raise self._refused(str(status)[:10])
        rows, pages = answer.get("list"), answer.get("total_page")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows) or not isinstance(pages, int):
            raise self._strange("no list")
        return {"list": rows, "pages": pages}

    def _refused(self, status: str) -> ProviderError:
        if status in _KEY_PROBLEMS:
            return AuthExpired(
                f"OpenDART does not accept the key (status {status}).",
                provider=self.name,
                retryable=False,
                code=status,
                key="error.news.key",
                status=status,
            )
        if status == _TOO_OFTEN:
            return RateLimited(
                "The day's requests to OpenDART are used up.",
                provider=self.name,
                retryable=True,
                retry_after_ms=3_600_000,
                code=status,
            )
        return ProviderError(
            f"OpenDART answered with status {status}.",
            provider=self.name,
            retryable=status == _MAINTENANCE,
            code=status,
            key="error.news.feed",
            what=f"OpenDART {status}",
        )

    def _strange(self, what: str) -> ProtocolChanged:
        return ProtocolChanged(
            f"The list of OpenDART cannot be read: {what}.",
            provider=self.name,
            retryable=False,
            key="error.news.shape",
            what=what,
        )


class DartFeedCollector:
    """Implements :class:`ralphstock_desktop.strategy_ports.NewsCollector` with DART's feed of today's disclosures.

    Parameters
    ----------
    client : PoliteClient
        Shared by all collectors.
    book : NameBook
        Ticker by company name.
    now_ns : callable
        Clock, UTC nanoseconds.
    times : dict, optional
        Filled with the publication times by receipt number, for the list's collector.
    url : str
        Address of the feed; another one for tests.
    """

    name = "dart-feed"

    def __init__(
        self,
        client: PoliteClient,
        book: NameBook,
        now_ns: Callable[[], int],
        *,
        times: dict[str, int] | None = None,
        url: str = _FEED_URL,
    ) -> None:
        self._client, self._book, self._now_ns, self._url = client, book, now_ns, url
        self._times = {} if times is None else times

    async def collect(self, since_ns: int) -> NewsBatch:
        """Disclosures of companies in today's master.

        Raises
        ------
        ProviderError
            If the feed could not be fetched or read.
        """
        entries = safe_feed(await self._client.fetch(self._url, self.name), PRESS, self.name)
        companies, now_ns = self._book.companies(), self._now_ns()
        found = []
        for entry in entries:
            receipt = _RECEIPT_IN_URL.search(entry.url)
            company, dash, report = _MARKET.sub("", entry.title).partition(" - ")
            if receipt is None or not dash:
                continue
            published_ns = plausible_ns(entry.published_ns, now_ns)
            if published_ns != MISSING_INT:
                self._times[receipt.group(1)] = published_ns
            ticker = companies.ticker_of(company)
            if ticker:
                title = disclosure_title(company, report)
                found.append(Found(disclosure_url(receipt.group(1)), title, PRESS, published_ns, (ticker,), "disclosure"))
        if entries and not any(_RECEIPT_IN_URL.search(entry.url) for entry in entries):
            raise ProtocolChanged(
                "The feed of DART names no receipts any more.",
                provider=self.name,
                retryable=False,
                key="error.news.shape",
                what="DART",
            )
        while len(self._times) > _MOST_TIMES:
            self._times.pop(next(iter(self._times)))
        return batch_of(found, now_ns, since_ns, self.name)

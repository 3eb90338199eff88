"""Files of headlines in a folder of the user's, CSV or JSON, as a collector.

Columns by name, Korean or English: title (제목) is needed; url (주소), source (언론사), published_at (시각), ticker (종목코드;
several with spaces), kind. A time without a zone is Korean; a mere date is no publication time. Without an address the
headline gets one made of its contents, so that reading the file again adds nothing.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from engine.model.errors import DataUnavailable, ProtocolChanged, ProviderError, ValidationFailed
from engine.model.instants import KST
from engine.model.instruments import normalize_ticker
from ralphstock_desktop.ports import MISSING_INT, NewsBatch
from ralphstock_desktop.providers.news.batches import Found, batch_of
from ralphstock_desktop.providers.news.companies import press_of
from ralphstock_desktop.providers.news.feeds import NameBook

__all__ = ["FolderCollector"]

T = TypeVar("T")
Run = Callable[[Callable[[], T]], Awaitable[T]]

_LARGEST_FILE = 32 * 2**20
_MOST_FILES = 500
_NAMES: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "제목", "headline"),
    "url": ("url", "link", "주소", "링크"),
    "source": ("source", "press", "언론사", "출처"),
    "published": ("published_at", "published", "time", "datetime", "시각", "발표시각", "일시"),
    "ticker": ("ticker", "tickers", "code", "종목코드", "종목"),
    "kind": ("kind", "종류"),
}


class FolderCollector:
    """Implements :class:`ralphstock_desktop.strategy_ports.NewsCollector` over ``*.csv`` and ``*.json`` of one folder.

    Parameters
    ----------
    folder : Path
        Read anew each time; unchanged files are not read again.
    book : NameBook
        Names of stocks, for headlines without a ticker.
    now_ns : callable
        Clock, UTC nanoseconds.
    run : coroutine function, optional
        Runs the reading off the event loop.
    """

    name = "folder"

    def __init__(
        self, folder: Path, book: NameBook, now_ns: Callable[[], int], *, run: Run[list[Found]] = asyncio.to_thread
    ) -> None:
        self._folder, self._book, self._now_ns, self._run = folder, book, now_ns, run
        self._read: dict[Path, tuple[tuple[int, int], list[Found]]] = {}
        self._broken: ProtocolChanged | None = None

    async def collect(self, since_ns: int) -> NewsBatch:
        """Headlines of all files.

        A file that cannot be read does not keep the others away: it is told of once they have been handed over.

        Raises
        ------
        DataUnavailable
            If there is no such folder.
        ProtocolChanged
            If a file cannot be read, and there is nothing new in the others; its name is told.
        """
        companies = self._book.companies()
        before = self._read
        found = await self._run(lambda: self._all(companies.find))
        if self._broken is not None and self._read == before:
            raise self._broken
        return batch_of(found, self._now_ns(), since_ns, self.name)

    def _all(self, find: Callable[[str], tuple[str, ...]]) -> list[Found]:
        if not self._folder.is_dir():
            raise DataUnavailable("The folder of news files is not there.", key="error.news.no_folder")
        try:
            files = sorted(p for p in self._folder.iterdir() if p.suffix.lower() in (".csv", ".json") and p.is_file())
            result: list[Found] = []
            kept = {}
            self._broken = None
            for file in files[:_MOST_FILES]:
                state = file.stat()
                mark = (state.st_mtime_ns, state.st_size)
                known = self._read.get(file)
                try:
                    entries = known[1] if known is not None and known[0] == mark else self._entries(file, state.st_size, find)
                except ProtocolChanged as error:
                    self._broken = self._broken or error
                    continue
                kept[file] = (mark, entries)
                result += entries
        except OSError as error:
            raise ProviderError(
                f"The folder of news files cannot be read: {type(error).__name__}.",
                provider=self.name,
                retryable=True,
                key="error.news.feed",
                what=type(error).__name__,
            ) from error
        self._read = kept
        return result

    def _entries(self, file: Path, size: int, find: Callable[[str], tuple[str, ...]]) -> list[Found]:
        if size > _LARGEST_FILE:
            raise self._unreadable(file, "larger than 32 MB")
        text = _decoded(file.read_bytes())
        rows = self._json(file, text) if file.suffix.lower() == ".json" else self._csv(file, text)
        result = []
        for row in rows:
            entry = _entry(row, find)
            if entry is not None:
                result.append(entry)
        return result

    def _csv(self, file: Path, text: str) -> list[dict[str, str]]:
        reader = csv.DictReader(io.StringIO(text, newline=""))
        columns = {str(name).strip().lower() for name in reader.fieldnames or ()}
        if not columns & set(_NAMES["title"]):
            raise self._unreadable(file, "no column title")
        try:
            return [{_plain(name): _plain(value) for name, value in row.items()} for row in reader]
        except csv.Error as error:
            raise self._unreadable(file, "broken CSV") from error

    def _json(self, file: Path, text: str) -> list[dict[str, str]]:
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise self._unreadable(file, "broken JSON") from error
        rows = document.get("items") if isinstance(document, dict) else document
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self._unreadable(file, "no list of items")
        return [{_plain(name): _plain(value) for name, value in row.items()} for row in rows]

    def _unreadable(self, file: Path, what: str) -> ProtocolChanged:
        return ProtocolChanged(
            f"The news file {file.name} cannot be read: {what}.",
            provider=self.name,
            retryable=False,
            key="error.news.file",
            file=file.name,
            what=what,
        )


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp949", "replace")


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(_plain, value))
    return "" if value is None else str(value).strip()


def _entry(row: Mapping[str, str], find: Callable[[str], tuple[str, ...]]) -> Found | None:
    lowered = {name.lower(): value for name, value in row.items()}
    field = {name: next((lowered[n] for n in names if lowered.get(n)), "") for name, names in _NAMES.items()}
    title = " ".join(field["title"].split())
    if not title:
        return None
    made = hashlib.sha256("|".join((title, field["published"], field["ticker"])).encode("utf-8", "replace")).hexdigest()[:32]
    url = field["url"] or f"file:{made}"
    tickers = tuple(_tickers(field["ticker"])) or find(title)
    return Found(url, title, press_of(url, field["source"]), _moment(field["published"]), tickers, field["kind"][:20] or "news")


def _tickers(text: str) -> Iterable[str]:
    for word in text.replace(",", " ").replace(";", " ").split():
        try:
            yield normalize_ticker(word.zfill(6) if word.isdigit() else word)
        except ValidationFailed:
            continue


def _moment(text: str) -> int:
    """UTC nanoseconds of an ISO time; MISSING_INT for none, and for a mere date."""
    if len(text.strip()) <= len("2026-01-28"):
        return MISSING_INT
    try:
        moment = datetime.fromisoformat(text.strip().replace("/", "-"))
        moment = (moment if moment.tzinfo is not None else moment.replace(tzinfo=KST)).astimezone(UTC)
    except (ValueError, OverflowError):  # the years 1 and 9999 leave the calendar by their zone
        return MISSING_INT
    span = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (span.days * 86_400 + span.seconds) * 1_000_000_000

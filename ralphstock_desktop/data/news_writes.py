"""Writing headlines: one row per canonical address, any number of tickers (domain.md §6.2, App. C)."""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sqlalchemy import insert, select, update

from engine.model.errors import ValidationFailed
from ralphstock_desktop.data.columns import check_lengths
from ralphstock_desktop.data.schema.market import NEWS, NEWS_STOCK
from ralphstock_desktop.data.write_context import WriteContext
from ralphstock_desktop.ports import MISSING_INT, NewsBatch, UpsertCount

__all__ = ["canonical_url", "normalized_title", "upsert_news"]

_TRACKING = re.compile(r"(utm_.*|fbclid|gclid|dclid|msclkid|yclid|igshid|mc_cid|mc_eid|ref_src)\Z", re.IGNORECASE)
_BRACKETED = re.compile(r"\[[^\]]*\]|\([^)]*\)|<[^>]*>|【[^】]*】")
_NOT_WORD = re.compile(r"[^0-9A-Za-z\uAC00-\uD7A3]")
_IN_CHUNK = 500


def canonical_url(url: str) -> str:
    """Return the address without what does not name the article.

    Scheme and host in lower case, no fragment, no tracking parameters, no trailing slash, parameters sorted. Text that is no
    address (a name made by an importer) stays as it is.
    """
    text = url.strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        return text
    if not parts.netloc:
        return text
    kept = sorted((name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.match(name))
    return urlunsplit((parts.scheme.lower(), parts.netloc.lower(), parts.path.rstrip("/"), urlencode(kept), ""))


def normalized_title(title: str) -> str:
    """Return the title for comparing: NFC, bracketed parts removed, only digits, Latin letters and Hangul, upper case."""
    return _NOT_WORD.sub("", _BRACKETED.sub("", unicodedata.normalize("NFC", title))).upper()


def upsert_news(context: WriteContext, batch: NewsBatch) -> UpsertCount:
    """Store headlines and their tickers.

    Raises
    ------
    ValidationFailed
        If a headline has neither address nor title.
    """
    size = check_lengths(
        "news",
        url=batch.url,
        title=batch.title,
        press=batch.press,
        published_ns=batch.published_ns,
        collected_ns=batch.collected_ns,
        ticker=batch.ticker,
        kind=batch.kind,
    )
    source_id = context.source_id(batch.source)
    urls = [canonical_url(str(url)) for url in batch.url.tolist()]
    rows: dict[str, dict[str, Any]] = {}
    for position in range(size):
        if not urls[position] or not str(batch.title[position]).strip():
            raise ValidationFailed(
                f"Row {position + 1} of the news batch has no address or no title.",
                key="error.storage.key",
                dataset="news",
                row=position + 1,
            )
        rows.setdefault(urls[position], _row(batch, position, urls[position], source_id))
    stored = _stored(context, list(rows))
    new = [row for url, row in rows.items() if url not in stored]
    changed = _refresh(context, rows, stored)
    if new:
        context.connection.execute(insert(NEWS), new)
    ids = {url: row["id"] for url, row in _stored(context, list(rows)).items()}
    linked = _link(
        context, [(ids[url], str(ticker)) for url, ticker in zip(urls, batch.ticker.tolist(), strict=True) if ticker]
    )
    inserted_urls = {row["canonical_url"] for row in new}
    inserted = sum(
        (ids[url], str(ticker)) in linked if ticker else url in inserted_urls
        for url, ticker in zip(urls, batch.ticker.tolist(), strict=True)
    )
    if new or changed or linked:
        context.changed("news")
    return UpsertCount(inserted, changed, size - inserted - min(changed, size - inserted))


def _row(batch: NewsBatch, position: int, url: str, source_id: int) -> dict[str, Any]:
    def moment(value: int) -> int | None:
        return None if value == MISSING_INT else value

    title = unicodedata.normalize("NFC", str(batch.title[position]).strip())
    return {
        "canonical_url": url,
        "title": title,
        "norm_title": normalized_title(title),
        "press": str(batch.press[position]) or None,
        "kind": str(batch.kind[position]) or "news",
        "published_at": moment(int(batch.published_ns[position])),
        "collected_at": moment(int(batch.collected_ns[position])),
        "source_id": source_id,
    }


def _stored(context: WriteContext, urls: list[str]) -> dict[str, dict[str, Any]]:
    result: dict[str, dict[str, Any]] = {}
    for start in range(0, len(urls), _IN_CHUNK):
        query = select(NEWS).where(NEWS.c.canonical_url.in_(urls[start : start + _IN_CHUNK]))
        result |= {row.canonical_url: row._asdict() for row in context.connection.execute(query)}
    return result


def _refresh(context: WriteContext, rows: dict[str, dict[str, Any]], stored: dict[str, dict[str, Any]]) -> int:
    changed = 0
    for url, before in stored.items():
        given = rows[url]
        changes = {
            name: given[name]
            for name in ("title", "norm_title", "press", "kind", "published_at")
            if given[name] is not None and given[name] != before[name]
        }
        published = before["published_at"]
        if published is not None and changes.get("published_at", published) > published:
            del changes["published_at"]  # a feed that dates an article anew must not change what was known in the past
        if before["collected_at"] is None and given["collected_at"] is not None:
            changes["collected_at"] = given["collected_at"]  # otherwise the first collection counts: known-at never moves
        if changes:
            changed += 1
            context.connection.execute(update(NEWS).where(NEWS.c.id == before["id"]).values(**changes))
    return changed


def _link(context: WriteContext, links: list[tuple[int, str]]) -> set[tuple[int, str]]:
    wanted = list(dict.fromkeys(links))
    ids = sorted({news_id for news_id, _ in wanted})
    stored: set[tuple[int, str]] = set()
    for start in range(0, len(ids), _IN_CHUNK):
        query = select(NEWS_STOCK.c.news_id, NEWS_STOCK.c.ticker).where(
            NEWS_STOCK.c.news_id.in_(ids[start : start + _IN_CHUNK])
        )
        stored |= {(int(news_id), ticker) for news_id, ticker in context.connection.execute(query)}
    new = [link for link in wanted if link not in stored]
    if new:
        context.connection.execute(insert(NEWS_STOCK), [{"news_id": news_id, "ticker": ticker} for news_id, ticker in new])
    return set(new)

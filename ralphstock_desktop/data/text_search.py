"""Words of a headline and the ranking of headlines: the same in every database, without SQL. May run on any thread.

1. A text is brought to compatibility-composed form without case (NFKC, casefold) and cut into runs.
2. Korean writes words together (``실적발표``) and hangs particles on them (``실적은``), so a run of Hangul (or Hanja, Kana)
   becomes its pairs of neighbouring characters: ``실적 적발 발표``, and its last character alone. A question of one character
   then asks for all that *begins* with it and finds it anywhere: inside a run it begins a pair, at the end it stands alone.
3. A run of other letters and digits is one word (``hbm3e``, ``5000``, ``2·3`` for 2.3).
4. An item's relevance is the share of the question's tokens it holds, each weighted by how rare it is among the items *known at
   the instant*; a token found only in the body (or far behind in an overlong title) counts half. Later items change neither the
   result nor the ranking.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.model.news import NewsItem

__all__ = [
    "FORM",
    "NEVER",
    "MemoryNewsSearch",
    "NewsColumns",
    "Postings",
    "Token",
    "item_words",
    "known_ns",
    "moment_ns",
    "query_tokens",
    "rank",
    "text_words",
]

FORM = 1
"""Version of the tokens; an index of another form is made anew."""

NEVER = np.iinfo(np.int64).max
"""Known-at of an item that was never known (or was replaced)."""

BODY_SHARE = 0.5
"""What a token counts that stands in the body only."""

MAX_TOKENS = 32
"""Tokens of a question beyond these are not asked for: a pasted article must not cost a second."""

_DENSE = "\u1100-\u11ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
_RUNS = re.compile(
    rf"[{_DENSE}]+"
    rf"|[0-9]{{1,3}}(?:,[0-9]{{3}})+(?:\.[0-9]+)?(?![^\W_{_DENSE}])"  # 5,000 and 12,345.6
    rf"|[0-9]+\.[0-9]+(?!\.?[^\W_{_DENSE}])"  # 2.3, but no date or version
    rf"|(?:(?![{_DENSE}])[^\W_])+"
)
_DENSE_RUN = re.compile(rf"[{_DENSE}]")
_WORD_LENGTH = 64
_TITLE_LENGTH = 120
_BODY_LENGTH = 50_000

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Token:
    """A word or pair that is asked for; ``starts``: everything that begins with it is meant."""

    text: str
    starts: bool = False


def text_words(text: str) -> list[str]:
    """Return the tokens under which a text is found, each once, in order of first occurrence."""
    words: dict[str, None] = {}
    for run in _runs(text):
        if _DENSE_RUN.match(run):
            for place in range(len(run) - 1):
                words[run[place : place + 2]] = None
            words[run[-1]] = None
        else:
            words[run] = None
    return list(words)


def query_tokens(text: str) -> tuple[Token, ...]:
    """Return what a question asks for, each token once, at most :data:`MAX_TOKENS`; empty for a text without words."""
    tokens: dict[Token, None] = {}
    for run in _runs(text):
        if not _DENSE_RUN.match(run):
            tokens[Token(run)] = None
        elif len(run) == 1:
            tokens[Token(run, starts=True)] = None
        else:
            for place in range(len(run) - 1):
                tokens[Token(run[place : place + 2])] = None
    return tuple(tokens)[:MAX_TOKENS]


def _runs(text: str) -> Iterable[str]:
    for run in _RUNS.findall(unicodedata.normalize("NFKC", text).casefold()):
        if _DENSE_RUN.match(run):
            yield run
        else:  # 5,000 is the number 5000; a decimal stays one word in both databases only without its point
            yield run.replace(",", "").replace(".", "·")[:_WORD_LENGTH]


def item_words(title: str, body: str) -> list[str]:
    """Return what an item is stored under: tokens of the title marked ``t``, those only in the body marked ``b``.

    Some archives join the headlines of a whole day into one title, which would hold every word; what goes on behind the length
    of a headline counts as body.
    """
    title, rest = _parted(title)
    body = f"{rest} {body}"
    of_title = text_words(title)
    seen = set(of_title)
    return [f"t{word}" for word in of_title] + [f"b{word}" for word in text_words(body[:_BODY_LENGTH]) if word not in seen]


def _parted(title: str) -> tuple[str, str]:
    if len(title) <= _TITLE_LENGTH:
        return title, ""
    end = title.rfind(" ", 0, _TITLE_LENGTH + 1)
    end = end if end > 0 else _TITLE_LENGTH
    return title[:end], title[end:]


# -- instants -------------------------------------------------------------------------------------------------------------


def known_ns(published_ns: int | None, collected_ns: int | None) -> int | None:
    """When an item could be known: publication, or collection if later; without a publication time its collection.

    None where neither is stored: such an item cannot be placed in time and is never found.
    """
    if published_ns is None:
        return collected_ns
    return max(published_ns, collected_ns or published_ns)


def moment_ns(published_ns: int | None, collected_ns: int | None) -> int:
    """The instant an item is sorted by: publication, else collection; 0 where neither is stored."""
    return published_ns if published_ns is not None else collected_ns or 0


# -- ranking --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class NewsColumns:
    """What ranking needs to know of every item, arrays over the index's own numbers, shape (items,)."""

    ids: IntArray
    known_ns: IntArray
    """:data:`NEVER` where an item was never known or was replaced."""
    moment_ns: IntArray


@dataclass(frozen=True, slots=True)
class Postings:
    """Where one token stands: numbers of items with it in the title, and of those with it in the body only."""

    title: IntArray
    body: IntArray


def rank(
    columns: NewsColumns,
    postings: Iterable[Postings],
    *,
    as_of_ns: int,
    limit: int,
    first_ns: int = 0,
    only_ids: IntArray | None = None,
) -> list[tuple[int, float]]:
    """Return (item number, relevance) of the best items known at an instant.

    Parameters
    ----------
    postings : iterable of Postings
        One for each token of the question, in the question's order.
    first_ns : int
        Items published (or, without publication, collected) earlier are left out of the result, not of the ranking's counts.
    only_ids : int64 array | None
        Ids the result is limited to; the counts are those of all items, so a relevance means the same with and without.

    Returns
    -------
    list of (int, float)
        At most ``limit``, best first; equal ones newer first, then by smaller id. Relevance in (0, 1].
    """
    is_known = columns.known_ns <= as_of_ns
    total = int(np.count_nonzero(is_known))
    score = np.zeros(len(is_known))
    whole = 0.0
    for posting in postings:
        title, body = posting.title, posting.body
        if len(body) and len(title):
            # a question of one character may meet an item by one word of its title and by another of its body
            in_title = np.zeros(len(is_known), dtype=np.bool_)
            in_title[title] = True
            body = body[~in_title[body]]
        count = int(np.count_nonzero(is_known[title])) + int(np.count_nonzero(is_known[body]))
        weight = float(np.log1p(total / (1 + count)))
        whole += weight
        score[title] += weight
        score[body] += BODY_SHARE * weight
    wanted = is_known & (score > 0.0)
    wanted &= columns.moment_ns >= first_ns
    found = np.flatnonzero(wanted)
    if only_ids is not None:
        found = found[np.isin(columns.ids[found], only_ids)]
    if not len(found) or limit < 1:
        return []
    if len(found) > limit:
        least = np.partition(score[found], -limit)[-limit]
        found = found[score[found] >= least]
    order = np.lexsort((columns.ids[found], -columns.moment_ns[found], -score[found]))[:limit]
    return [(int(item), min(1.0, float(score[item]) / whole)) for item in found[order]]


class MemoryNewsSearch:
    """The same search over items in memory: a generated market before it is stored."""

    def __init__(self, items: Iterable[NewsItem]) -> None:
        self._items = tuple(items)
        self._columns = NewsColumns(
            ids=np.array([item.id for item in self._items], dtype=np.int64),
            known_ns=np.array([_or_never(item) for item in self._items], dtype=np.int64),
            moment_ns=np.array([moment_ns(item.published_ns, item.collected_ns) for item in self._items], dtype=np.int64),
        )
        places: dict[str, list[int]] = {}
        for number, item in enumerate(self._items):
            for word in item_words(item.title, item.body):
                places.setdefault(word, []).append(number)
        self._places = {word: np.array(numbers, dtype=np.int64) for word, numbers in places.items()}

    def search(
        self, text: str, *, as_of_ns: int, limit: int = 20, ticker: str | None = None, first_ns: int = 0
    ) -> tuple[tuple[NewsItem, float], ...]:
        """See :meth:`ralphstock_desktop.assistant_ports.AssistantStore.search_news`."""
        only = None
        if ticker is not None:
            only = np.array([item.id for item in self._items if ticker in item.tickers], dtype=np.int64)
        postings = (Postings(self._find("t", token), self._find("b", token)) for token in query_tokens(text))
        found = rank(self._columns, postings, as_of_ns=as_of_ns, limit=limit, first_ns=first_ns, only_ids=only)
        return tuple((self._items[number], relevance) for number, relevance in found)

    def _find(self, mark: str, token: Token) -> IntArray:
        if not token.starts:
            return self._places.get(mark + token.text, _NOWHERE)
        parts = [numbers for word, numbers in self._places.items() if word.startswith(mark + token.text)]
        return np.unique(np.concatenate(parts)) if parts else _NOWHERE


_NOWHERE: IntArray = np.empty(0, dtype=np.int64)


def _or_never(item: NewsItem) -> int:
    known = known_ns(item.published_ns, item.collected_ns)
    return NEVER if known is None else known

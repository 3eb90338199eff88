"""News items, their clusters and what they are worth for one stock (domain.md §6)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from engine.model.panel import FloatArray
from engine.model.scan import ScoreStatus

__all__ = ["ModelVerdict", "NewsCluster", "NewsItem", "NewsPoints", "StockNews", "TermClass", "TermHit"]


class TermClass(IntEnum):
    """Class of a scored word."""

    DECISIVE = 1
    CLEAR = 2
    WEAK = 3
    MILD_BAD = 4
    SEVERE = 5
    CLEARING = 6
    CANCELLING = 7


@dataclass(frozen=True, slots=True)
class NewsItem:
    """One article or disclosure. Instants in UTC nanoseconds; ``published_ns`` None means it is stored but never scored."""

    id: int
    tickers: tuple[str, ...]
    title: str
    url: str
    source: str
    """Press or ``DART``, ``KIND``; empty where unknown."""
    published_ns: int | None
    collected_ns: int | None
    body: str = ""
    kind: str = "news"

    @property
    def known_at_ns(self) -> int | None:
        """When it could be known: publication, or collection if that was later; None without a publication time."""
        if self.published_ns is None:
            return None
        return max(self.published_ns, self.collected_ns or self.published_ns)


@dataclass(frozen=True, slots=True)
class TermHit:
    """A scored word where it stands in the original title: ``title[start:end]``."""

    term: str
    term_class: TermClass
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class NewsCluster:
    """One piece of news in all its versions, as scored for one stock at an instant.

    ``effect`` = ``points`` × ``weight``; ``weight`` = ``source_weight`` × ``time_weight`` × ``relevance``.
    """

    representative: NewsItem
    """The earliest member; its time and title count."""
    members: tuple[NewsItem, ...]
    points: float
    source_weight: float
    time_weight: float
    relevance: float
    weight: float
    effect: float
    is_veto: bool
    hits: tuple[TermHit, ...]
    """Words of the representative's title that decided ``points``."""


@dataclass(frozen=True, slots=True)
class ModelVerdict:
    """A language model's valid answer for one stock (domain.md §6.6) and the score after it was reconciled with the rule's."""

    score: int
    direction: str
    confidence: float
    event_type: str
    evidence_ids: tuple[str, ...]
    veto: bool
    reason: str
    model: str
    prompt_version: str
    final: float


@dataclass(frozen=True, eq=False)
class StockNews:
    """News of one stock at an instant. ``points`` is None where the collector failed or never ran (MISSING)."""

    ticker: str
    status: ScoreStatus
    points: float | None
    """The rule's points, 0-3."""
    net: float
    peak: float
    veto: bool
    clusters: tuple[NewsCluster, ...]
    """Scored clusters, largest effect (by amount) first."""
    unscored: tuple[NewsItem, ...] = ()
    """Known items without a publication time or too old."""
    verdict: ModelVerdict | None = None


@dataclass(frozen=True, eq=False)
class NewsPoints:
    """News component of every symbol of a panel, arrays of shape (symbols,). NaN points where MISSING."""

    points: FloatArray
    status: npt.NDArray[np.uint8]
    net: FloatArray
    peak: FloatArray
    veto: npt.NDArray[np.bool_]
    clusters: npt.NDArray[np.int32]
    """Number of scored clusters."""
    ruleset: str

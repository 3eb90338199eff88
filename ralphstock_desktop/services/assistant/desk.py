"""What an answer may be read from: everything on the desk at the instant looked at, and nothing later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from engine.model.errors import DataUnavailable
from engine.model.instants import AsOf
from engine.model.news import NewsItem
from ralphstock_desktop.assistant_ports import AssistantStore
from ralphstock_desktop.services.assistant.facts import FactBook
from ralphstock_desktop.services.assistant_contracts import Block, Proposal, Question, Screen
from ralphstock_desktop.services.contracts import MarketPicture, Workstation
from ralphstock_desktop.services.workers import Workers

__all__ = ["AnswerDraft", "Desk"]


@dataclass(frozen=True)
class Desk:
    """Access to what is known. Pictures belong to one instant; a value from them never is of a later one.

    Attributes
    ----------
    workstation : Workstation
        Market, scans, ``strategies`` (gate, closing bet, day trading, news, records, near misses, differences,
        recommendations) and ``live`` quotes.
    store : callable
        Opens the repository's side of the assistant; blocks, so call it and its methods through ``workers.read``.
    """

    workstation: Workstation
    workers: Workers
    store: Callable[[], AssistantStore]
    now_ns: Callable[[], int]

    def picture(self) -> MarketPicture:
        """The market on screen. Raises DataUnavailable (``error.chat.no_market``) before there is one."""
        picture = self.workstation.market.last
        if picture is None:
            raise DataUnavailable("No market is open yet.", key="error.chat.no_market")
        return picture

    @property
    def as_of(self) -> AsOf:
        """The instant looked at."""
        return self.picture().as_of


@dataclass
class AnswerDraft:
    """What was read for a question: the template answer, and what else a model may be told.

    ``book`` holds every fact read, those the template does not mention too. ``articles`` are shown to a model as quoted data.
    ``notes`` are text keys with fields: what is missing and since when.
    """

    question: Question
    screen: Screen
    book: FactBook
    blocks: list[Block] = field(default_factory=list)
    articles: list[NewsItem] = field(default_factory=list)
    proposals: list[Proposal] = field(default_factory=list)
    notes: list[tuple[str, dict[str, str | int | float]]] = field(default_factory=list)
    has_stock: bool = False
    """Something about a stock is said: the disclaimer follows (domain.md §8.4-5)."""

"""What shall be registered on a connection, what is, and which frame comes next. No clock, no socket: a state machine.

1. :meth:`Registrations.want` sets the ordered list of items with their types; what exceeds the caps is left out (to be polled).
2. :meth:`Registrations.next_frame` gives the next frame to send, at most one at a time: first REMOVE for what is no longer
   wanted, then REG in batches, most wanted first. Acknowledgements carry neither group nor data, so the next frame waits for
   the acknowledgement of the last.
3. :meth:`Registrations.acknowledge` takes an answer: success, "too fast" (the same again, later), "full" (smaller
   batches, then a lower cap), or another refusal (again, then left out until the next connection).

A registration is the product of its items and types, so items of a frame are laid together by equal sets of types. Everything
dies with the connection: :meth:`Registrations.reset`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, Literal

from engine.model.live import FeedVenue
from ralphstock_desktop.live_ports import FeedPart, Subscription

__all__ = ["Answer", "RegistrationLimits", "Registrations", "Wish", "wishes_of"]

_SUFFIXES: Final = {FeedVenue.KRX: "", FeedVenue.NXT: "_NX", FeedVenue.COMBINED: "_AL"}
_TYPES: Final[dict[FeedPart, tuple[str, ...]]] = {
    FeedPart.TRADES: ("0A", "0B"),
    FeedPart.BOOK: ("0D",),
    FeedPart.PROGRAM: ("0w",),
    FeedPart.EXPECTED: ("0H",),
}
_INDEX_TYPES: Final = frozenset({"0J", "0U"})
_MARKET_TYPES: Final = frozenset({"0s", "1h"})
"""Market phase and volatility interruptions, for the whole market: item ``""``."""
_TRADE_TYPE: Final = "0B"


@dataclass(frozen=True, slots=True)
class RegistrationLimits:
    """The broker's caps; a private server may allow more."""

    items_per_group: int = 100
    items_per_connection: int = 200
    """Items count, types do not; a code at two venues counts twice, an index code once."""
    items_per_frame: int = 50
    frame_gap_s: float = 0.35
    """Least time between two frames."""
    too_fast_s: float = 1.0
    """Wait after "too many registrations a second"; doubled each time."""
    answer_s: float = 10.0
    """How long an acknowledgement may take before the frame is sent again."""
    tries: int = 4
    """How often a frame that is refused for another reason is sent."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One item and the types wanted for it."""

    item: str
    types: frozenset[str]


class Answer(Enum):
    """What an acknowledgement meant."""

    DONE = auto()
    AGAIN = auto()
    """Refused for now; the same items come again."""
    FULL = auto()
    """The cap turned out lower."""
    REFUSED = auto()
    """Given up for this connection."""
    UNEXPECTED = auto()
    """Nothing was waiting for it."""


@dataclass(slots=True)
class _Sent:
    verb: Literal["REG", "REMOVE"]
    group: str
    changes: tuple[Wish, ...]
    at_s: float


def wishes_of(subscriptions: Iterable[Subscription], indices: Iterable[str]) -> list[Wish]:
    """Put into items and types what shall be pushed: the market, indices, then symbols, most wanted first.

    A symbol named twice at one venue is one item with the types of both.
    """
    types: dict[str, frozenset[str]] = {"": _MARKET_TYPES}
    for code in indices:
        types[code] = _INDEX_TYPES
    for subscription in subscriptions:
        item = subscription.ticker + _SUFFIXES[FeedVenue(subscription.venue)]
        wanted = frozenset(code for part in subscription.parts for code in _TYPES[part])
        if wanted:
            types[item] = types.get(item, frozenset()) | wanted
    return [Wish(item, wanted) for item, wanted in types.items()]


class Registrations:
    """Registrations of one connection.

    Parameters
    ----------
    limits : RegistrationLimits
        Caps and pace.
    """

    def __init__(self, limits: RegistrationLimits | None = None) -> None:
        self.limits = limits or RegistrationLimits()
        self._wanted: list[Wish] = []
        self.unanswered = 0
        """Frames that got no answer in time, since the start."""
        self.reset()

    def reset(self) -> None:
        """Forget what is registered: the connection is gone. What is wanted stays."""
        self._registered: dict[str, frozenset[str]] = {}
        self._groups: dict[str, str] = {}
        """Group label by item; an item keeps its group while it is registered."""
        self._sent: _Sent | None = None
        self._cap = self.limits.items_per_connection
        self._batch = self.limits.items_per_frame
        self._not_before_s = float("-inf")
        self._too_fast = 0
        self._failures = 0
        self._denied: dict[str, frozenset[str]] = {}
        """Types by item that were refused for good."""
        self._uncertain: set[str] = set()
        """Items of a frame that was refused or not answered: it may have been carried out in part."""

    def want(self, wishes: Sequence[Wish]) -> None:
        """Set everything wanted, most wanted first."""
        self._wanted = list(wishes)

    @property
    def cap(self) -> int:
        """Items this connection takes, as far as known."""
        return self._cap

    @property
    def covered(self) -> frozenset[str]:
        """Tickers whose trades at the KRX are registered and acknowledged."""
        return frozenset(item for item, types in self._registered.items() if _TRADE_TYPE in types and "_" not in item)

    @property
    def is_settled(self) -> bool:
        """Whether everything that fits is registered and nothing waits."""
        return self._sent is None and self._plan() is None

    def left_out(self) -> tuple[str, ...]:
        """Items wanted that do not fit or were refused."""
        chosen = self._chosen()
        return tuple(wish.item for wish in self._wanted if wish.item not in chosen)

    def due_in_s(self, now_s: float) -> float | None:
        """Seconds until :meth:`next_frame` should be called; None while there is nothing to do."""
        if self._sent is not None:
            return max(0.0, self._sent.at_s + self.limits.answer_s - now_s)
        return None if self.is_settled else max(0.0, self._not_before_s - now_s)

    def next_frame(self, now_s: float) -> dict[str, Any] | None:
        """Give the next frame to send, and count it as sent.

        Parameters
        ----------
        now_s : float
            Monotonic seconds.

        Returns
        -------
        dict or None
            None if nothing is to be sent now.
        """
        if self._sent is not None:
            if now_s < self._sent.at_s + self.limits.answer_s:
                return None
            self._uncertain.update(wish.item for wish in self._sent.changes)
            self._sent = None
            self.unanswered += 1
        if now_s < self._not_before_s:
            return None
        planned = self._plan()
        if planned is None:
            return None
        verb, group, changes = planned
        self._sent = _Sent(verb, group, changes, now_s)
        for wish in changes:
            self._groups.setdefault(wish.item, group)
        self._not_before_s = now_s + self.limits.frame_gap_s
        frame: dict[str, Any] = {"trnm": verb, "grp_no": group}
        if verb == "REG":
            frame["refresh"] = "1"  # "0" would drop whatever the group held before
        frame["data"] = _as_products(changes)
        return frame

    def acknowledge(self, verb: str, code: str, now_s: float) -> Answer:
        """Take the answer to the frame sent last.

        Parameters
        ----------
        verb : str
            ``REG`` or ``REMOVE``.
        code : str
            ``"0"`` for success, otherwise the broker's code.
        now_s : float
            Monotonic seconds.
        """
        sent = self._sent
        if sent is None or sent.verb != verb:
            return Answer.UNEXPECTED
        self._sent = None
        if code == "0":
            self._carried_out(sent)
            return Answer.DONE
        for wish in sent.changes:
            if wish.item not in self._registered and wish.item not in self._uncertain:
                self._groups.pop(wish.item, None)
        if code == "105110":
            self._too_fast += 1
            self._not_before_s = now_s + self.limits.too_fast_s * min(2 ** (self._too_fast - 1), 16)
            return Answer.AGAIN
        self._not_before_s = max(self._not_before_s, now_s + self.limits.frame_gap_s)
        if code in {"105115", "105118"} and verb == "REG":
            return self._full(sent)
        self._failures += 1
        if self._failures < self.limits.tries:
            self._not_before_s = now_s + self.limits.too_fast_s * self._failures
            return Answer.AGAIN
        self._failures = 0
        if verb == "REMOVE":
            self._carried_out(sent)  # nothing more can be done about it
        else:
            self._deny(sent.changes)
        return Answer.REFUSED

    # Planning ---------------------------------------------------------------------------------------------------------

    def _chosen(self) -> dict[str, frozenset[str]]:
        """What shall be registered now: the first of the wanted items that fit, with the types that are not denied."""
        chosen: dict[str, frozenset[str]] = {}
        for wish in self._wanted:
            if len(chosen) >= self._cap:
                break
            types = wish.types - self._denied.get(wish.item, frozenset())
            if types:
                chosen[wish.item] = types
        return chosen

    def _plan(self) -> tuple[Literal["REG", "REMOVE"], str, tuple[Wish, ...]] | None:
        chosen = self._chosen()
        nothing: frozenset[str] = frozenset()
        leaving = [
            Wish(item, types - chosen.get(item, nothing))
            for item, types in self._registered.items()
            if types - chosen.get(item, nothing)
        ]
        # What a frame without an answer may have registered is taken off if nobody wants it any more.
        leaving.extend(
            Wish(item, _all_types(item))
            for item in sorted(self._uncertain)
            if item not in chosen and item not in self._registered
        )
        if leaving:
            group = self._groups.get(leaving[0].item, "1")
            batch = [wish for wish in leaving if self._groups.get(wish.item, "1") == group]
            return "REMOVE", group, tuple(batch[: self.limits.items_per_frame])
        coming = [
            Wish(item, types if item in self._uncertain else types - self._registered.get(item, nothing))
            for item, types in chosen.items()
            if item in self._uncertain or types - self._registered.get(item, nothing)
        ]
        return self._first_batch(coming[: self._batch]) if coming else None

    def _first_batch(self, coming: Sequence[Wish]) -> tuple[Literal["REG"], str, tuple[Wish, ...]]:
        """Take as many of the first items as one group holds."""
        group = self._groups.get(coming[0].item) or self._free_group()
        room = self.limits.items_per_group - sum(label == group for label in self._groups.values())
        batch: list[Wish] = []
        for wish in coming:
            label = self._groups.get(wish.item)
            if label is None and room > 0:
                room -= 1
            elif label != group:
                break
            batch.append(wish)
        return "REG", group, tuple(batch)

    def _free_group(self) -> str:
        """Label of the first group with room."""
        sizes: dict[str, int] = {}
        for label in self._groups.values():
            sizes[label] = sizes.get(label, 0) + 1
        number = 1
        while sizes.get(str(number), 0) >= self.limits.items_per_group:
            number += 1
        return str(number)

    # Answers ----------------------------------------------------------------------------------------------------------

    def _carried_out(self, sent: _Sent) -> None:
        self._too_fast = self._failures = 0
        for wish in sent.changes:
            self._uncertain.discard(wish.item)
            before = self._registered.get(wish.item, frozenset())
            after = before | wish.types if sent.verb == "REG" else before - wish.types
            if after:
                self._registered[wish.item] = after
            else:
                self._registered.pop(wish.item, None)
                self._groups.pop(wish.item, None)

    def _full(self, sent: _Sent) -> Answer:
        """Try smaller batches, down to one item; then the cap is what is registered."""
        if len(sent.changes) > 1:
            self._batch = len(sent.changes) // 2
            return Answer.AGAIN
        self._batch = self.limits.items_per_frame
        if sent.changes[0].item in self._registered:
            self._deny(sent.changes)  # a further type of an item that is there: the number of items is not at fault
        else:
            self._cap = len(self._registered)
        return Answer.FULL

    def _deny(self, changes: Iterable[Wish]) -> None:
        for wish in changes:
            self._denied[wish.item] = self._denied.get(wish.item, frozenset()) | wish.types


def _all_types(item: str) -> frozenset[str]:
    if not item:
        return _MARKET_TYPES
    return _INDEX_TYPES if len(item) == 3 else frozenset(code for codes in _TYPES.values() for code in codes)


def _as_products(changes: Sequence[Wish]) -> list[dict[str, list[str]]]:
    """Lay items with equal types together; each object registers the product of its items and types."""
    together: dict[frozenset[str], list[str]] = {}
    for wish in changes:
        together.setdefault(wish.types, []).append(wish.item)
    return [{"item": items, "type": sorted(types)} for types, items in together.items()]

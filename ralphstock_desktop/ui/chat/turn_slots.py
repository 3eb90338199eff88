"""Where the messages of a conversation stand: heights, tops, and the message that must not move."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from ralphstock_desktop.services.assistant_contracts import StreamUpdate, Turn
from ralphstock_desktop.ui.chat.retry_times import same_error
from ralphstock_desktop.ui.chat.turn_view import TurnView

__all__ = ["Slot", "Slots", "looks_same"]


def looks_same(one: Turn, other: Turn) -> bool:
    """Whether two turns look the same on screen."""
    faces = [(turn.n, turn.role, turn.text, turn.created_ns, turn.state) for turn in (one, other)]
    return faces[0] == faces[1] and same_error(one.error, other.error) and one.answer == other.answer


@dataclass(eq=False, slots=True)
class Slot:
    """A message and its place. ``fresh``: the height is that of the present width and look, not an estimate."""

    turn: Turn
    height: int
    top: int = 0
    fresh: bool = False
    stale: bool = False
    """Colours, sizes and words are those of an earlier appearance."""
    view: TurnView | None = None
    update: StreamUpdate | None = None


class Slots:
    """The messages from top to bottom, and what is held in place while heights change."""

    def __init__(self) -> None:
        self.all: list[Slot] = []
        self._by_n: dict[int, Slot] = {}
        self._tops: list[int] = []
        self._anchor: Slot | None = None
        self._into = 0
        """Pixels of the anchored message above the top edge."""

    def of(self, n: int) -> Slot | None:
        """The slot of message ``n``."""
        return self._by_n.get(n)

    def add(self, turn: Turn, height: int) -> Slot:
        """Add a message at the end."""
        slot = Slot(turn, height)
        self.all.append(slot)
        self._by_n[turn.n] = slot
        return slot

    def replace(self, number: int, turn: Turn, height: int) -> None:
        """Put another message in place of one."""
        old = self.all[number]
        self._drop(old)
        slot = Slot(turn, height, old.top)
        self.all[number] = slot
        self._by_n[turn.n] = slot

    def cut(self, kept: int) -> None:
        """Drop the messages after the first ``kept``."""
        for slot in self.all[kept:]:
            self._drop(slot)
        del self.all[kept:]

    def clear(self) -> None:
        """Drop all."""
        self.cut(0)
        self._anchor, self._into = None, 0

    def _drop(self, slot: Slot) -> None:
        if self._by_n.get(slot.turn.n) is slot:
            del self._by_n[slot.turn.n]
        if self._anchor is slot:
            self._anchor = None
        if slot.view is not None:
            slot.view.hide()
            slot.view.deleteLater()
            slot.view = None

    def soften(self) -> None:
        """Another width: every height is an estimate again."""
        for slot in self.all:
            slot.fresh = False

    def restyle(self) -> None:
        """Another appearance: those in sight are styled at once, others when they come near."""
        for slot in self.all:
            slot.fresh, slot.stale = False, slot.view is not None

    def stack(self, edge: int) -> int:
        """Set every top; return the whole height with free edges."""
        top, self._tops = edge, []
        for slot in self.all:
            slot.top = top
            self._tops.append(top)
            top += slot.height
        return top + edge if self.all else 0

    def between(self, first: int, last: int) -> list[Slot]:
        """Messages that touch a range of heights."""
        number = max(0, bisect_right(self._tops, first) - 1)
        found = []
        while number < len(self.all) and self.all[number].top < last:
            if self.all[number].top + self.all[number].height > first:
                found.append(self.all[number])
            number += 1
        return found

    # -- what must not move ---------------------------------------------------------------------------------------------

    def anchor_at(self, value: int) -> None:
        """Hold what is at the top edge when scrolled to ``value``."""
        number = max(0, bisect_right(self._tops, value) - 1)
        self._anchor = self.all[number] if number < len(self.all) else None
        self._into = value - self._anchor.top if self._anchor else 0

    def anchor_on(self, slot: Slot) -> None:
        """Hold the beginning of a message at the top edge."""
        self._anchor, self._into = slot, 0

    def anchored(self) -> int:
        """Scroll value that keeps the held message in place."""
        return self._anchor.top + self._into if self._anchor else 0

    def anchor_holds(self, value: int) -> bool:
        """Whether the held message is where it should be at ``value``."""
        return self._anchor is not None and self.anchored() == value

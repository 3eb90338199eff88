"""What the panels want to see live, merged and ordered, and how it is shared between stream and polling."""

from __future__ import annotations

from collections.abc import Sequence

from ralphstock_desktop.live_ports import FeedPart, Subscription

__all__ = ["Demand"]

_TRADES = frozenset({FeedPart.TRADES})


class Demand:
    """Wishes of all panels by owner; the one said last is the most wanted of equal kinds.

    A symbol whose book is wanted comes first (the user looks at it), then what tables show, then the background list.
    """

    def __init__(self) -> None:
        self._wishes: dict[str, tuple[tuple[str, ...], frozenset[FeedPart]]] = {}
        self.background: tuple[str, ...] = ()
        """Symbols to stream with what capacity is left, most wanted first."""
        self._plain: dict[str, Subscription] = {}

    def want(self, owner: str, tickers: Sequence[str], parts: frozenset[FeedPart]) -> bool:
        """Replace an owner's wish; return whether anything changed."""
        wish = (tuple(dict.fromkeys(tickers)), parts)
        if not wish[0]:
            return self._wishes.pop(owner, None) is not None
        if self._wishes.get(owner) == wish:
            return False
        self._wishes.pop(owner, None)
        self._wishes[owner] = wish
        return True

    @property
    def visible(self) -> dict[str, frozenset[FeedPart]]:
        """Symbols some panel shows with the parts wanted, most wanted first."""
        newest_first = list(reversed(self._wishes.values()))
        looked_at = [wish for wish in newest_first if wish[1] - _TRADES]
        listed = [wish for wish in newest_first if not wish[1] - _TRADES]
        merged: dict[str, frozenset[FeedPart]] = {}
        for tickers, parts in (*looked_at, *listed):
            for ticker in tickers:
                merged[ticker] = merged.get(ticker, frozenset()) | parts
        return merged

    def wanting(self, part: FeedPart) -> tuple[str, ...]:
        """Symbols whose ``part`` is wanted."""
        return tuple(ticker for ticker, parts in self.visible.items() if part in parts)

    def subscriptions(self, capacity: int) -> list[Subscription]:
        """What to stream, most wanted first, at most ``capacity`` symbols."""
        chosen = [Subscription(ticker, parts | _TRADES) for ticker, parts in self.visible.items()]
        known = {subscription.ticker for subscription in chosen}
        plain = self._plain
        for ticker in self.background:
            if len(chosen) >= capacity:
                break
            if ticker not in known:
                subscription = plain.get(ticker)
                if subscription is None:
                    subscription = plain[ticker] = Subscription(ticker)
                chosen.append(subscription)
        return chosen[:capacity]

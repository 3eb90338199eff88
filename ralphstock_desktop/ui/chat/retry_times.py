"""When a failed question may be asked again, and whether two failures are the same."""

from __future__ import annotations

from collections.abc import Callable

from engine.model.errors import ProviderError, RalphStockError
from ralphstock_desktop.services.assistant_contracts import Turn

__all__ = ["RetryTimes", "same_error"]

_FRESH_MS = 120_000
"""A failure older than this was not seen happening: its waiting time is over."""


def same_error(one: RalphStockError | None, other: RalphStockError | None) -> bool:
    """Whether two failures are told alike."""
    return one is other or (one is not None and other is not None and (one.key, one.fields) == (other.key, other.fields))


class RetryTimes:
    """Remembers for every failure from when on asking again makes sense, so that showing it anew does not start anew."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._until: dict[tuple[int, int], int] = {}

    def __call__(self, turn: Turn) -> int:
        """Return the instant (milliseconds since the epoch) for a failed turn; 0 if it need not wait."""
        error = turn.error
        wait = error.retry_after_ms if isinstance(error, ProviderError) else 0
        if not wait:
            return 0
        now, begun = self._now_ms(), turn.created_ns // 1_000_000
        # The failure came some time after the message was begun; it counts from when it is first seen.
        until = now + wait if now - begun < _FRESH_MS else begun + wait
        return self._until.setdefault((turn.n, turn.created_ns), until)

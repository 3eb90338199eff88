"""Request limits as the vendor counts them: a sliding second per api-id, one over all, one for the token address."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["STRICT_LIMITS", "SimLimiter", "SimLimits"]

_SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class SimLimits:
    """Requests a second; 0 switches a limit off."""

    per_api: int = 5
    """Per app key and api-id (code 1700)."""
    total: int = 100
    """Per app key over all api-ids (code 1701); well above what a client reaches that obeys the first."""
    token: int = 5
    """Per app key at the token address."""
    own: dict[str, int] = field(default_factory=dict)
    """Exceptions per api-id, as {"kt10000": 1}."""
    window_ns: int = _SECOND_NS


STRICT_LIMITS = SimLimits(per_api=1, total=10, token=1)
"""The slower of the reported limits: one request a second per api-id."""


class SimLimiter:
    """Counts requests. Belongs to the server's loop.

    Refused requests do not count, so a client that waits one window is served.
    """

    def __init__(self, limits: SimLimits, machine_ns: Callable[[], int]) -> None:
        self.limits = limits
        self._machine_ns = machine_ns
        self._seen: dict[tuple[str, str], deque[int]] = {}
        self.refused = 0

    def refusal(self, app_key: str, api_id: str) -> tuple[str, int] | None:
        """Count one request; return the code and the limit it breaks, or None if it may pass."""
        per_api = self.limits.own.get(api_id, self.limits.per_api)
        now = self._machine_ns()
        own, total = self._window(app_key, api_id, now), self._window(app_key, "", now)
        broken = None
        if per_api and len(own) >= per_api:
            broken = ("1700", per_api)
        elif self.limits.total and len(total) >= self.limits.total:
            broken = ("1701", self.limits.total)
        if broken is not None:
            self.refused += 1
            return broken
        own.append(now)
        total.append(now)
        return None

    def token_refused(self, app_key: str, api_id: str) -> bool:
        """Count one request at the token address; whether it is one too many."""
        now = self._machine_ns()
        seen = self._window(app_key, f"oauth:{api_id}", now)
        if self.limits.token and len(seen) >= self.limits.token:
            self.refused += 1
            return True
        seen.append(now)
        return False

    def _window(self, app_key: str, api_id: str, now: int) -> deque[int]:
        seen = self._seen.setdefault((app_key, api_id), deque())
        while seen and now - seen[0] >= self.limits.window_ns:
            seen.popleft()
        return seen

    def forget(self) -> None:
        """Start counting anew, as a restart does."""
        self._seen.clear()

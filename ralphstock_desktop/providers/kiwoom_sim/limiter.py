"""Request limits as the vendor counts them: one bucket per api-id, one over all, one for the token address.

A bucket holds as many requests as the limit allows in a second and fills again at that pace. That agrees with measurements:
unpaced calls of 60 to 100 ms each are refused at the 8th to 11th, while a client that keeps to the limit is never refused.
"""

from __future__ import annotations

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


STRICT_LIMITS = SimLimits(per_api=1, total=10, token=1)
"""The slower of the reported limits: one request a second per api-id."""


class SimLimiter:
    """Counts requests. Belongs to the server's loop.

    Refused requests do not count, so a client that waits is served.
    """

    def __init__(self, limits: SimLimits, machine_ns: Callable[[], int]) -> None:
        self.limits = limits
        self._machine_ns = machine_ns
        self._full_at: dict[tuple[str, str], int] = {}
        """When each bucket will be full again."""
        self.refused = 0

    def refusal(self, app_key: str, api_id: str) -> tuple[str, int] | None:
        """Count one request; return the code and the limit it breaks, or None if it may pass."""
        per_api = self.limits.own.get(api_id, self.limits.per_api)
        total = self.limits.total
        if not self._has_room(app_key, api_id, per_api):
            self.refused += 1
            return "1700", per_api
        if not self._has_room(app_key, "", total):
            self.refused += 1
            return "1701", total
        self._take(app_key, api_id, per_api)
        self._take(app_key, "", total)
        return None

    def token_refused(self, app_key: str, api_id: str) -> bool:
        """Count one request at the token address; whether it is one too many."""
        bucket, limit = f"oauth:{api_id}", self.limits.token
        if not self._has_room(app_key, bucket, limit):
            self.refused += 1
            return True
        self._take(app_key, bucket, limit)
        return False

    def _has_room(self, app_key: str, bucket: str, limit: int) -> bool:
        if not limit:
            return True
        now = self._machine_ns()
        full_at = max(self._full_at.get((app_key, bucket), now), now)
        return full_at - now + _SECOND_NS // limit <= _SECOND_NS

    def _take(self, app_key: str, bucket: str, limit: int) -> None:
        if limit:
            now = self._machine_ns()
            self._full_at[(app_key, bucket)] = max(self._full_at.get((app_key, bucket), now), now) + _SECOND_NS // limit

    def forget(self) -> None:
        """Start counting anew, as a restart does."""
        self._full_at.clear()

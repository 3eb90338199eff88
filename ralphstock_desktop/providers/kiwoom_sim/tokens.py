"""Tokens of the simulator: issue, look up, revoke.

Any app key and secret are accepted, with two exceptions that let a client be tested: a key or secret that begins with
``wrong`` fails the vendor's verification (8001), and a key that begins with ``mock`` belongs to the other environment (8030).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable

from ralphstock_desktop.providers.kiwoom_sim.contracts import SimGrant

__all__ = ["LIFE_NS", "SimTokens", "TokenRefused"]

LIFE_NS = 24 * 3_600 * 1_000_000_000
"""A token lives a day."""


class TokenRefused(Exception):
    """No token: the vendor's code says why."""

    def __init__(self, code: str, *values: str) -> None:
        super().__init__(code)
        self.code = code
        self.values = values
        """What the code's text has room for."""


class SimTokens:
    """Implements :class:`~ralphstock_desktop.providers.kiwoom_sim.contracts.SimTokensPort`. Thread-safe.

    Parameters
    ----------
    machine_ns : callable
        The machine's clock, UTC nanoseconds: the vendor counts real hours, whatever the replayed day's clock says.
    same_token : bool
        A second issue within the life returns the same token; otherwise (the safer assumption) it kills the first.
    life_ns : int
        Life of a token.
    """

    def __init__(self, machine_ns: Callable[[], int], *, same_token: bool = False, life_ns: int = LIFE_NS) -> None:
        self._machine_ns = machine_ns
        self._same_token = same_token
        self._life_ns = life_ns
        self._lock = threading.Lock()
        self._by_token: dict[str, SimGrant] = {}
        self._by_key: dict[str, str] = {}
        self._issued = 0

    def issue(self, grant_type: str, app_key: str, secret: str) -> SimGrant:
        """Give out a token.

        Raises
        ------
        TokenRefused
            With the vendor's code, if the request is incomplete or the key is one of the refused ones.
        """
        if not grant_type:
            raise TokenRefused("8011")
        if grant_type != "client_credentials":
            raise TokenRefused("8012")
        self._verify(app_key, secret)
        with self._lock:
            now = self._machine_ns()
            held = self._by_key.get(app_key)
            if held is not None:
                grant = self._by_token.get(held)
                if self._same_token and grant is not None and grant.expires_ns > now:
                    return grant
                self._by_token.pop(held, None)
            self._issued += 1
            seed = f"{app_key}\x00{now}\x00{self._issued}".encode()
            token = hashlib.sha256(seed).hexdigest() + hashlib.blake2b(seed, digest_size=11).hexdigest()
            grant = SimGrant(app_key, token, now + self._life_ns)
            self._by_token[token] = grant
            self._by_key[app_key] = token
            return grant

    @staticmethod
    def _verify(app_key: str, secret: str) -> None:
        if not app_key or not secret:
            raise TokenRefused("8020")
        if app_key.lower().startswith("wrong") or secret.lower().startswith("wrong"):
            raise TokenRefused("8001")
        if app_key.lower().startswith("mock"):
            raise TokenRefused("8030")

    def grant(self, token: str) -> SimGrant | None:
        """Return what a token stands for; None if it is unknown, expired or revoked."""
        with self._lock:
            grant = self._by_token.get(token)
            return grant if grant is not None and grant.expires_ns > self._machine_ns() else None

    def revoke(self, app_key: str, secret: str, token: str) -> None:
        """Take a token back; an unknown one is forgiven, as it is dead anyway.

        Raises
        ------
        TokenRefused
            If something is missing, the key is refused, or the token was given to another key.
        """
        if not token:
            raise TokenRefused("8016")
        self._verify(app_key, secret)
        held = self.grant(token)
        if held is not None and held.app_key != app_key:
            raise TokenRefused("8015", "다른 앱키의 토큰입니다")
        self.expire(token)

    def expire(self, token: str) -> None:
        """Let a token die now."""
        with self._lock:
            grant = self._by_token.pop(token, None)
            if grant is not None and self._by_key.get(grant.app_key) == token:
                del self._by_key[grant.app_key]

    def expire_all(self) -> None:
        """Let all tokens die, as a restart does."""
        with self._lock:
            self._by_token.clear()
            self._by_key.clear()

    @property
    def live(self) -> int:
        """Tokens that are valid now."""
        with self._lock:
            now = self._machine_ns()
            return sum(grant.expires_ns > now for grant in self._by_token.values())

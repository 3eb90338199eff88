"""The access token of one app key: a single owner, so that two parts of the program never take it from each other.

The broker may let an older token die as soon as a new one is issued for the same key, whatever its expiry says. So everything
that uses a key (requests, stream, connection test) shares one :class:`TokenOwner`, which

1. issues once, however many tasks ask at the same time;
2. renews within the last ten minutes of a token's life, or when a token was rejected, and only if nobody else did meanwhile;
3. never asks again in a loop: a wrong key is remembered, and tokens rejected again and again mean that another program uses
   the same key.

Tokens are kept in memory only. Runs on the event loop's thread.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from engine.model.errors import AuthExpired, RalphStockError
from engine.model.live import MISSING
from ralphstock_desktop.live_ports import Credentials
from ralphstock_desktop.providers.kiwoom.errors import Action, action_of
from ralphstock_desktop.providers.kiwoom.wire import PROVIDER

__all__ = ["Grant", "IssueToken", "RevokeToken", "TokenOwner", "TokenOwners"]

_S: Final = 1_000_000_000
_RENEW_BEFORE_NS: Final = 600 * _S
_UNKNOWN_LIFE_NS: Final = 24 * 3600 * _S
_LONGEST_LIFE_NS: Final = 72 * 3600 * _S
_SOONEST_AGAIN_NS: Final = 60 * _S
_REMEMBER_REFUSAL_NS: Final = 30 * _S
_CONTESTED_AFTER: Final = 10
"""Re-issues after a rejection that are allowed within the time below."""
_CONTESTED_WITHIN_NS: Final = 60 * _S


@dataclass(frozen=True, slots=True)
class Grant:
    """A token as issued. Its text forms show nothing of it."""

    token: str
    expires_ns: int
    """Machine clock, corrected for the server's; ``MISSING`` where the reply did not tell."""

    def __repr__(self) -> str:
        return "Grant(…)"

    __str__ = __repr__


IssueToken = Callable[[Credentials], Awaitable[Grant]]
RevokeToken = Callable[[Credentials, str], Awaitable[None]]


class TokenOwner:
    """Owner of the token of one app key at one host.

    Parameters
    ----------
    credentials : Credentials
        Key and secret.
    issue, revoke : callable
        The two requests; :class:`~ralphstock_desktop.providers.kiwoom.rest.KiwoomRest` sets them.
    now_ns : callable
        Machine clock, UTC nanoseconds.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        now_ns: Callable[[], int],
        issue: IssueToken | None = None,
        revoke: RevokeToken | None = None,
    ) -> None:
        self.credentials = credentials
        self._issue = issue
        self._revoke = revoke
        self._now_ns = now_ns
        self._grant: Grant | None = None
        self._renew_ns = 0
        self._issuing: asyncio.Task[Grant] | None = None
        self._refusal: RalphStockError | None = None
        self._refused_ns = 0
        self._rejections: deque[int] = deque(maxlen=_CONTESTED_AFTER)
        self._former = ""

    def __repr__(self) -> str:
        return f"TokenOwner({'with' if self._grant else 'without'} token)"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything that must not appear in a text."""
        held = self._grant.token if self._grant else ""
        return tuple(text for text in (self.credentials.secret, self.credentials.app_key, held, self._former) if text)

    @property
    def expires_ns(self) -> int | None:
        """When the present token ends, machine clock; None without one."""
        return self._grant.expires_ns if self._grant else None

    def connect(self, issue: IssueToken, revoke: RevokeToken) -> None:
        """Say how to issue and revoke, unless that is known already."""
        if self._issue is None:
            self._issue = issue
            self._revoke = revoke

    async def disconnect(self, issue: IssueToken) -> None:
        """End an issue under way and forget how to issue, if it was this way. The token stays: it is good until it ends."""
        if self._issue != issue:
            return
        task = self._issuing
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        self._issue = self._revoke = None

    async def token(self) -> str:
        """Return a token that is good as far as we know, issuing one where needed.

        Raises
        ------
        ProviderError
            If none can be had; after a refusal of the key the same error again for a while, without asking.
        """
        grant = self._grant
        if grant is None:
            return (await self._issued()).token
        now_ns = self._now_ns()
        if now_ns < self._renew_ns:
            return grant.token
        try:
            return (await self._issued()).token
        except RalphStockError:
            if now_ns < grant.expires_ns and self._grant is grant:
                # The old one is still good; the next request tries again, not before a minute has passed.
                self._renew_ns = min(now_ns + _SOONEST_AGAIN_NS, grant.expires_ns)
                return grant.token
            raise

    async def renew(self, rejected: str) -> str:
        """Return another token after ``rejected`` was refused by the server.

        If somebody renewed it meanwhile, that one; else a new one is issued, once for all that ask.

        Raises
        ------
        AuthExpired
            If tokens were rejected several times within a minute: another program uses this key.
        ProviderError
            If none can be had.
        """
        if self._grant is not None and self._grant.token != rejected:
            return self._grant.token
        if self._issuing is None:
            now_ns = self._now_ns()
            if len(self._rejections) == _CONTESTED_AFTER and now_ns - self._rejections[0] < _CONTESTED_WITHIN_NS:
                raise AuthExpired(
                    f"{PROVIDER} keeps rejecting new tokens: another program seems to use the same key",
                    provider=PROVIDER,
                    retryable=False,
                    code="8005",
                    key="error.kiwoom.token_contested",
                )
            self._rejections.append(now_ns)
            self._forget()
        return (await self._issued()).token

    async def revoke(self) -> None:
        """Give the token back. Only on the user's demand: every other program that uses it loses it too."""
        grant = self._grant
        if grant is None or self._revoke is None:
            return
        try:
            await self._revoke(self.credentials, grant.token)
        except RalphStockError as error:
            # A token that is no longer known needs no revoking.
            if action_of(error) not in {Action.IGNORE, Action.RENEW}:
                raise
        self._forget()

    def reset(self) -> None:
        """Forget a remembered refusal: the user wants another try."""
        self._refusal = None
        self._rejections.clear()

    def _forget(self) -> None:
        if self._grant is not None:
            self._former = self._grant.token
        self._grant = None

    async def _issued(self) -> Grant:
        if self._refusal is not None:
            if self._now_ns() - self._refused_ns < _REMEMBER_REFUSAL_NS:
                raise self._refusal
            self._refusal = None
        if self._issuing is None:
            self._issuing = asyncio.create_task(self._ask(), name="kiwoom token")
            self._issuing.add_done_callback(self._on_issued)
        # Whoever waits may be cancelled; the issue goes on for the others, and its token must not be lost.
        return await asyncio.shield(self._issuing)

    async def _ask(self) -> Grant:
        assert self._issue is not None, "connect() comes before the first token"
        try:
            grant = await self._issue(self.credentials)
        except RalphStockError as error:
            if action_of(error) in {Action.ASK_USER, Action.FIX}:
                self._refusal, self._refused_ns = error, self._now_ns()
            raise
        now_ns = self._now_ns()
        left_ns = _UNKNOWN_LIFE_NS if grant.expires_ns == MISSING else grant.expires_ns - now_ns
        if not 0 < left_ns <= _LONGEST_LIFE_NS:
            # One of the clocks is wrong. Believing it would mean a new token for every request.
            left_ns = _UNKNOWN_LIFE_NS
        self._forget()
        self._grant = Grant(grant.token, now_ns + left_ns)
        # A server may return the same token with little life left: asking again at once would not help.
        self._renew_ns = now_ns + max(left_ns - _RENEW_BEFORE_NS, min(_SOONEST_AGAIN_NS, left_ns))
        return self._grant

    def _on_issued(self, task: asyncio.Task[Grant]) -> None:
        self._issuing = None
        if not task.cancelled():
            # Retrieved here, because all that waited may be gone.
            task.exception()


class TokenOwners:
    """The owners of one program run, so that a key has one only. Held by the composition root."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._owners: dict[tuple[str, str, str], TokenOwner] = {}

    def owner(self, base_url: str, credentials: Credentials) -> TokenOwner:
        """Return the owner for a key at a host; the same one for the same key and secret."""
        key = (base_url, credentials.app_key, credentials.secret)
        owner = self._owners.get(key)
        if owner is None:
            owner = self._owners[key] = TokenOwner(credentials, now_ns=self._now_ns)
        return owner

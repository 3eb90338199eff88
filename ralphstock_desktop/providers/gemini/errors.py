"""What a language model's refusals mean: the way from a reply or a broken connection to the program's error tree.

Nothing here knows a library: status, decoded body and headers come in, an error with a key of
:class:`~ralphstock_desktop.assistant_ports.LanguageModel` comes out. The vendor's words are kept for diagnosis with everything
that looks like a secret taken out; the exception of the library is never chained, as it holds the request with its headers.
"""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote, quote_plus

from engine.model.errors import AuthExpired, ProtocolChanged, ProviderError, RateLimited

__all__ = ["Failures", "Quota", "quota_of", "scrub"]

_SECRET_LOOKING: Final = re.compile(r"[A-Za-z0-9_\-+/=.]{32,}|AIza[A-Za-z0-9_\-]+|(?<=key=)[^&\s]+")
_DETAIL_CHARS: Final = 240
_SHORTEST_CORE: Final = 8
_KEY_REASONS: Final = frozenset(
    {
        "API_KEY_INVALID",
        "API_KEY_SERVICE_BLOCKED",
        "API_KEY_HTTP_REFERRER_BLOCKED",
        "API_KEY_IP_ADDRESS_BLOCKED",
        "API_KEY_ANDROID_APP_BLOCKED",
        "API_KEY_IOS_APP_BLOCKED",
        "CREDENTIALS_MISSING",
        "ACCESS_TOKEN_EXPIRED",
    }
)
_KEY_WORDS: Final = re.compile(r"api[ _-]?key\b.*(invalid|not valid|expired|not found|missing)", re.IGNORECASE | re.DOTALL)


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """Return a vendor's text fit for logs: known secrets and what looks like one are taken out, length bounded."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "…")
    return _SECRET_LOOKING.sub("…", text)[:_DETAIL_CHARS]


def _writings(secret: str) -> Iterator[str]:
    """A secret as a reply may echo it: as it is, in an address, in JSON, in a page, in base64 at any alignment."""
    yield secret
    for safe in ("", "/"):
        yield quote(secret, safe=safe)
        yield quote_plus(secret, safe=safe)
    yield json.dumps(secret)[1:-1]
    yield html.escape(secret)
    raw = secret.encode()
    for shift in range(3):
        for encode in (b64encode, urlsafe_b64encode):
            # only what the secret alone decides: its neighbours' bits reach into the first and the last letters
            core = encode(b"x" * shift + raw)[4 if shift else 0 : (shift + len(raw)) // 3 * 4].decode()
            if len(core) >= _SHORTEST_CORE:
                yield core


class Quota:
    """Which limit was reached: ``window`` is ``minute``, ``day`` or ``unknown``; ``retry_after_ms`` 0 where not told."""

    __slots__ = ("name", "retry_after_ms", "window")

    def __init__(self, window: str, name: str, retry_after_ms: int) -> None:
        self.window = window
        self.name = name
        self.retry_after_ms = retry_after_ms


def _seconds(text: object) -> float | None:
    """Read a duration (``"31s"``, ``31``, ``{"seconds": 31}``); None if it is none."""
    if isinstance(text, Mapping):
        text = text.get("seconds", "")
    match = re.fullmatch(r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*s?\s*", str(text))
    return float(match.group(1)) if match else None


def _retry_after(header: str, now: datetime) -> float | None:
    """Read a Retry-After header, seconds or a date; None if it says neither."""
    seconds = _seconds(header) if header and not header.rstrip().endswith("s") else None
    if seconds is not None or not header:
        return seconds
    try:
        at = parsedate_to_datetime(header)
    except (TypeError, ValueError):
        return None
    return max((at - now).total_seconds(), 0.0) if at.tzinfo is not None else None


def quota_of(details: Iterable[Mapping[str, Any]], headers: Mapping[str, str], message: str = "") -> Quota:
    """Read which limit a refusal names and when asking again makes sense.

    Parameters
    ----------
    details : iterable of mappings
        ``error.details`` of the body.
    headers : mapping
        Of the reply; lower-case names.
    message : str
        The vendor's sentence, looked at where the details name no limit.
    """
    names: list[str] = []
    wait: float | None = None
    for detail in details:
        kind = str(detail.get("@type", ""))
        if kind.endswith("RetryInfo"):
            wait = _seconds(detail.get("retryDelay", ""))
        violations = detail.get("violations")
        if kind.endswith("QuotaFailure") and isinstance(violations, list):
            names += [
                str(v.get("quotaId") or v.get("quotaMetric") or v.get("subject") or "")
                for v in violations
                if isinstance(v, Mapping)
            ]
    if wait is None:
        wait = _retry_after(headers.get("retry-after", ""), datetime.now(UTC))
    said = " ".join(names) or message
    compact = said.lower().replace(" ", "").replace("_", "")
    # Several limits may be broken at once; the longest one decides.
    window = "day" if "perday" in compact else "minute" if "perminute" in compact else "unknown"
    return Quota(window, " ".join(filter(None, names))[:_DETAIL_CHARS], round((wait or 0.0) * 1_000))


def _error_of(payload: object) -> Mapping[str, Any]:
    if isinstance(payload, list) and payload:
        payload = payload[0]
    if isinstance(payload, Mapping):
        inner = payload.get("error", payload)
        if isinstance(inner, Mapping):
            return inner
        return {"message": str(inner)}
    return {}


class Failures:
    """Makes the errors of one adapter.

    Parameters
    ----------
    provider, model : str
        Named in every error.
    secrets : iterable of str
        Taken out of every text.
    """

    def __init__(self, provider: str, model: str, secrets: Iterable[str]) -> None:
        self.provider = provider
        self.model = model
        # longest first: a writing that holds another is taken out as a whole
        forms = {form for secret in secrets if secret for form in _writings(secret)}
        self._secrets = tuple(sorted(forms, key=lambda form: (-len(form), form)))

    def __repr__(self) -> str:
        return f"Failures({self.provider}, {self.model})"

    def scrub(self, text: str) -> str:
        """Return a text without this adapter's secrets."""
        return scrub(text, self._secrets)

    def _without_secrets(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return text

    def _make(
        self,
        kind: type[ProviderError],
        key: str,
        message: str,
        *,
        retryable: bool = False,
        retry_after_ms: int = 0,
        code: str = "",
        **fields: str | int | float,
    ) -> ProviderError:
        return kind(
            message,
            provider=self.provider,
            retryable=retryable,
            retry_after_ms=retry_after_ms,
            code=code,
            key=key,
            model=self.model,
            **fields,
        )

    def key(self, why: str, code: str = "", reason: str = "") -> ProviderError:
        """Key missing, wrong or without rights."""
        return self._make(
            AuthExpired, "error.model.key", f"{self.provider} does not accept the key: {why}", code=code, reason=reason
        )

    def timeout(self, what: str, seconds: float) -> ProviderError:
        """Nothing came for too long. ``what`` is ``silence`` or ``total``."""
        how = "was silent for" if what == "silence" else "did not finish within"
        return self._make(
            ProviderError,
            "error.model.timeout",
            f"{self.provider} {how} {seconds:g} s",
            retryable=True,
            limit=what,
            seconds=int(seconds) if float(seconds).is_integer() else round(seconds, 1),
        )

    def network(self, what: str, detail: str = "") -> ProviderError:
        """The server could not be reached. ``what`` names the kind of failure."""
        return self._make(
            ProviderError,
            "error.model.network",
            f"{self.provider} cannot be reached ({what})",
            retryable=True,
            reason=what,
            detail=self.scrub(detail),
        )

    def cut(self, how: str) -> ProviderError:
        """The stream broke off before the answer ended."""
        return self._make(
            ProviderError,
            "error.model.cut",
            f"The answer of {self.provider} broke off: {how}",
            retryable=True,
            reason=self.scrub(how),
        )

    def server(self, why: str, code: str = "", retry_after_ms: int = 0) -> ProviderError:
        """The server failed (5xx)."""
        return self._make(
            ProviderError,
            "error.model.server",
            f"{self.provider} failed: {self.scrub(why)}",
            retryable=True,
            retry_after_ms=retry_after_ms,
            code=code,
            detail=self.scrub(why),
        )

    def malformed(self, why: str, *, payload: str = "", code: str = "", retryable: bool = False) -> ProviderError:
        """The answer has a shape we do not know; the start of it is kept for diagnosis."""
        return self._make(
            ProtocolChanged,
            "error.model.malformed",
            f"{self.provider} answered in an unknown form: {self.scrub(why)}",
            retryable=retryable,
            code=code,
            detail=self.scrub(payload),
        )

    def request(self, why: str, code: str = "") -> ProviderError:
        """The request itself was refused: a bug here, a too long prompt, or a place the service is not offered in."""
        return self._make(
            ProviderError,
            "error.model.request",
            f"{self.provider} refused the request: {self.scrub(why)}",
            code=code,
            detail=self.scrub(why),
        )

    def unknown(self, why: str = "", code: str = "") -> ProviderError:
        """There is no such model, or it is none that answers."""
        return self._make(
            ProviderError,
            "error.model.unknown",
            f"{self.provider} knows no model {self.model}" + (f": {self.scrub(why)}" if why else ""),
            code=code,
            detail=self.scrub(why),
        )

    def status(self, status: int, payload: object, headers: Mapping[str, str]) -> ProviderError:
        """Make the error of a refused request.

        Parameters
        ----------
        status : int
            Of HTTP, or ``error.code`` of an error inside a stream.
        payload : object
            Decoded body, or its text where it is no JSON.
        headers : mapping
            Of the reply; lower-case names.
        """
        error = _error_of(payload)
        said = str(error.get("message") or (payload if isinstance(payload, str) else "") or "no reason given")
        code = f"{status} {error.get('status') or ''}".strip()
        raw = error.get("details")
        details = [d for d in raw if isinstance(d, Mapping)] if isinstance(raw, list) else []
        reason = next((str(d["reason"]) for d in details if d.get("reason")), "")
        if status in (401, 403) or reason in _KEY_REASONS or (status == 400 and _KEY_WORDS.search(said)):
            return self.key(self.scrub(said), code, reason)
        if status == 429:
            quota = quota_of(details, headers, said)
            return self._make(
                RateLimited,
                "error.model.quota",
                f"{self.provider} asks to slow down: {self.scrub(said)}",
                # The day's allowance does not come back by waiting a minute, whatever delay is told with it.
                retryable=quota.window != "day",
                retry_after_ms=quota.retry_after_ms,
                code=code,
                window=quota.window,
                quota=self._without_secrets(quota.name),
                detail=self.scrub(said),
            )
        if status == 404:
            return self.unknown(said, code)
        if status >= 500 or status == 408:
            return self.server(said, code, quota_of(details, headers).retry_after_ms)
        if status >= 400:
            return self.request(said, code)
        return self.malformed(f"HTTP {status}", payload=said, code=code)

"""What the broker's refusals mean: one table of its codes, and the way from a reply to the program's error tree.

A reply is a success only when its body says so: nearly every failure, an invalid token included, arrives as HTTP 200. The
vendor's code stands inside the text (``[1700:…]``, ``CODE=8005``), or is the ``return_code`` itself, which alone is
only a coarse class. Bodies that are no JSON come from gateways and maintenance pages.

Texts of the vendor are kept for diagnosis with secrets taken out; what the user reads is ours (``error.kiwoom.<cause>``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import msgspec

from engine.model.errors import (
    AuthExpired,
    DataUnavailable,
    ProtocolChanged,
    ProviderError,
    RalphStockError,
    RateLimited,
    ValidationFailed,
)
from ralphstock_desktop.providers.kiwoom.wire import PROVIDER

__all__ = [
    "CODES",
    "Action",
    "VendorCode",
    "action_of",
    "code_in",
    "code_of",
    "decode_body",
    "error_of",
    "error_of_code",
    "frame_error",
    "is_no_data",
    "is_order",
    "is_outage",
    "outage",
    "return_code_of",
    "scrub",
]


class Action(StrEnum):
    """What the client does about a refusal."""

    FIX = "fix"
    """The request is wrong: a bug, or the protocol changed."""
    BACK_OFF = "back_off"
    RETRY_ONCE = "retry_once"
    RENEW = "renew"
    """Take a new token once and try once more."""
    SYMBOL = "symbol"
    """The stock code is wrong for this request or venue."""
    ASK_USER = "ask_user"
    HIDE = "hide"
    """The feature does not exist on this host."""
    IGNORE = "ignore"
    STOP = "stop"
    """Do not come back without the user."""


@dataclass(frozen=True, slots=True)
class VendorCode:
    """One code: the cause it stands for (``error.kiwoom.<cause>``), the class raised, and what the client does."""

    code: str
    cause: str
    meaning: str
    kind: type[RalphStockError]
    action: Action
    retryable: bool = False
    retry_after_ms: int = 0


_V = VendorCode
_REST: tuple[VendorCode, ...] = (
    _V("1501", "request", "the api-id header is empty", ProviderError, Action.FIX),
    _V("1504", "request", "the api-id is not served at this path", ProviderError, Action.FIX),
    _V("1505", "request", "the api-id does not exist", ProviderError, Action.FIX),
    _V("1511", "request", "a required parameter is missing", ProviderError, Action.FIX),
    _V("1512", "request", "a header is missing or unreadable", ProviderError, Action.FIX),
    _V("1513", "token", "the authorization header is missing", AuthExpired, Action.RENEW, True),
    _V("1514", "request", "the authorization header is malformed", ProviderError, Action.FIX),
    _V("1515", "request", "the authorization scheme is unknown", ProviderError, Action.FIX),
    _V("1516", "request", "the authorization header holds no token", ProviderError, Action.FIX),
    _V("1517", "request", "a parameter has a wrong format", ProviderError, Action.FIX),
    _V("1687", "recursion", "a recursive call was refused", ProviderError, Action.BACK_OFF, True, 2_000),
    _V("1700", "limit_api", "too many requests of this kind", RateLimited, Action.BACK_OFF, True, 1_000),
    _V("1701", "limit_total", "too many requests in total", RateLimited, Action.BACK_OFF, True, 1_000),
    _V("1702", "limit_group", "too many requests of this group", RateLimited, Action.BACK_OFF, True, 1_000),
    _V("1901", "symbol", "the market code does not exist for the stock code", ValidationFailed, Action.SYMBOL),
    _V("1902", "symbol", "there is no such stock", ValidationFailed, Action.SYMBOL),
    _V("1903", "symbol_venue", "there is no such stock on this venue", ValidationFailed, Action.SYMBOL),
    _V("1999", "server", "unexpected server error", ProviderError, Action.RETRY_ONCE, True, 500),
    _V("8001", "wrong_key", "app key and secret do not fit", ProviderError, Action.ASK_USER),
    _V("8002", "wrong_key", "app key and secret do not fit", ProviderError, Action.ASK_USER),
    _V("8003", "token", "the token could not be looked up", AuthExpired, Action.RENEW, True),
    _V("8005", "token", "the token is not valid", AuthExpired, Action.RENEW, True),
    _V("8006", "token_issue", "the token could not be made", ProviderError, Action.BACK_OFF, True, 2_000),
    _V("8009", "token_issue", "the token could not be issued", ProviderError, Action.BACK_OFF, True, 2_000),
    _V("8010", "token_address", "the token belongs to another address", AuthExpired, Action.RENEW, True),
    _V("8011", "request", "grant_type is missing", ProviderError, Action.FIX),
    _V("8012", "request", "grant_type is wrong", ProviderError, Action.FIX),
    _V("8015", "revoke", "the token could not be revoked", ProviderError, Action.IGNORE),
    _V("8016", "revoke", "the token to revoke is missing", ProviderError, Action.IGNORE),
    _V("8020", "key_missing", "app key or secret is missing", ProviderError, Action.ASK_USER),
    _V("8030", "other_environment", "the key belongs to the other environment", ProviderError, Action.ASK_USER),
    _V("8031", "token_environment", "the token belongs to the other environment", AuthExpired, Action.RENEW, True),
    _V("8040", "terminal", "terminal authentication failed", ProviderError, Action.ASK_USER),
    _V("8050", "terminal", "authentication of the registered terminal failed", ProviderError, Action.ASK_USER),
    _V("8103", "token", "token or terminal authentication failed", AuthExpired, Action.RENEW, True),
    _V("8104", "not_in_mock", "the request is not offered in mock investment", DataUnavailable, Action.HIDE),
    _V("8200", "corporate", "corporate customers cannot use this request", ProviderError, Action.ASK_USER),
)  # fmt: skip
"""The vendor's list, all 37 codes."""

_STREAM: tuple[VendorCode, ...] = (
    _V("805002", "token", "the login frame holds no token", AuthExpired, Action.RENEW, True),
    _V("805004", "token", "the login was rejected", AuthExpired, Action.RENEW, True),
    _V("100002", "request", "a field of the frame is missing", ProviderError, Action.FIX),
    _V("100013", "request", "the frame was sent before the login", ProviderError, Action.FIX),
    _V("105108", "request", "the kind of frame is unknown", ProviderError, Action.FIX),
    _V("105110", "limit_registration", "too many registrations a second", RateLimited, Action.BACK_OFF, True, 1_000),
    _V("105115", "registrations_full", "no further registration is accepted", ProviderError, Action.HIDE),
    _V("105118", "registrations_full", "no further registration is accepted", ProviderError, Action.HIDE),
    _V("R10001", "other_login", "another program logged in with the same key", ProviderError, Action.STOP),
    _V("R10002", "heartbeat", "the connection was given up for want of an echo", ProviderError, Action.BACK_OFF, True),
    _V("R10004", "login_late", "no login arrived in time", ProviderError, Action.BACK_OFF, True),
)  # fmt: skip

CODES: Final[Mapping[str, VendorCode]] = {entry.code: entry for entry in (*_REST, *_STREAM)}
"""Every code we know, of requests and of the stream."""

_COARSE: Final = {
    2: _V("2", "request", "bad input", ProviderError, Action.FIX),
    3: _V("3", "token", "authentication failed", AuthExpired, Action.RENEW, retryable=True),
    5: _V("5", "limit_api", "too many requests", RateLimited, Action.BACK_OFF, True, 1_000),
}
"""``return_code`` where the text holds no code."""

_NO_DATA: Final = 20
_NO_DATA_TEXT: Final = re.compile(r"조회\s*내역이\s*없습니다")
_CODE_IN_TEXT: Final = re.compile(r"\[ *([0-9]{4}) *(?=[:\]])|CODE *= *([0-9]{4})|\b(R1[0-9]{4})\b")
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_SECRET_LOOKING: Final = re.compile(r"[A-Za-z0-9_\-+/=.]{32,}")
_OUTAGES: Final = frozenset({"unreachable", "timeout", "tls", "dns", "cut", "server", "maintenance", "half_body"})


def is_order(api_id: str) -> bool:
    """Whether a request places, changes or cancels an order; such a request is never sent twice."""
    return api_id.startswith("kt1")


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """Return a vendor's text fit for logs: known secrets and everything that looks like one are taken out, length bounded."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "…")
    return _SECRET_LOOKING.sub("…", text)[:240]


def code_in(text: str) -> str:
    """Find the vendor's code in a text; empty if there is none."""
    match = _CODE_IN_TEXT.search(text)
    return next((group for group in match.groups() if group), "") if match else ""


def code_of(error: RalphStockError) -> str:
    """Return the vendor's code of an error made here; empty if it has none."""
    return str(error.fields.get("code", ""))


def action_of(error: RalphStockError) -> Action:
    """Return what the client does about an error."""
    known = CODES.get(code_of(error))
    if known is not None:
        return known.action
    if isinstance(error, AuthExpired):
        return Action.RENEW
    if isinstance(error, ProviderError) and error.retryable:
        return Action.BACK_OFF
    return Action.FIX


def is_outage(error: RalphStockError) -> bool:
    """Whether the source itself is down or out of reach, as opposed to refusing this request."""
    return error.key.removeprefix("error.kiwoom.") in _OUTAGES


def outage(
    cause: str, message: str, *, api_id: str = "", retry_after_ms: int = 0, **fields: str | int | float
) -> ProviderError:
    """Make the error of a source that is out of reach. ``cause`` is one of the outage causes."""
    assert cause in _OUTAGES, cause
    error = ProviderError(
        message, provider=PROVIDER, retryable=True, retry_after_ms=retry_after_ms, key=f"error.kiwoom.{cause}", api_id=api_id
    )
    error.fields.update(fields)
    return error


def _raise_as(entry: VendorCode, code: str, detail: str, api_id: str) -> RalphStockError:
    message = f"{PROVIDER} refused {api_id or 'the frame'}: {entry.meaning} [{code}]" + (f": {detail}" if detail else "")
    key = f"error.kiwoom.{entry.cause}"
    if issubclass(entry.kind, ProviderError):
        return entry.kind(
            message,
            provider=PROVIDER,
            retryable=entry.retryable,
            retry_after_ms=entry.retry_after_ms,
            code=code,
            key=key,
            api_id=api_id,
            detail=detail,
        )
    return entry.kind(message, key=key, provider=PROVIDER, code=code, api_id=api_id, detail=detail)


def error_of_code(code: str, *, detail: str = "", api_id: str = "", secrets: Iterable[str] = ()) -> RalphStockError:
    """Make the error of a vendor's code, known or not.

    Parameters
    ----------
    code : str
        As found by :func:`code_in` or in a frame.
    detail : str
        The vendor's own words; scrubbed here.
    api_id : str
        Request it answered; empty for the stream.
    """
    entry = CODES.get(code) or _V(code, "unknown_code", "an unknown refusal", ProviderError, Action.FIX)
    return _raise_as(entry, code, scrub(detail, secrets), api_id)


def return_code_of(body: Mapping[str, Any]) -> int | None:
    """Read ``return_code``, a number or a numeric text (``"0000"``). None if it is missing or no number."""
    value = body.get("return_code", body.get("returnCode"))
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r" *-?[0-9]{1,9} *", value):
        return int(value)
    return None


def _text_of(body: Mapping[str, Any]) -> str:
    text = body.get("return_msg", body.get("returnMsg", ""))
    return text if isinstance(text, str) else ""


def is_no_data(body: Mapping[str, Any], api_id: str) -> bool:
    """Whether a reply says that there is nothing of what was asked, which is an answer and no failure.

    The same ``return_code`` on an order is a refusal.
    """
    code = return_code_of(body)
    if is_order(api_id) or code in {0, None} or code_in(_text_of(body)) in CODES:
        return False
    return code == _NO_DATA or bool(_NO_DATA_TEXT.search(_text_of(body)))


def decode_body(status: int, content: bytes, api_id: str = "") -> dict[str, Any] | RalphStockError:
    """Decode the JSON object of a reply, or return the error that fits what came instead."""
    content = content.removeprefix(_BYTE_ORDER_MARK)
    try:
        body = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _no_json(status, content, api_id)
    if isinstance(body, dict):
        return body
    return _shape(f"The answer to {api_id} is no JSON object", api_id, status)


def _shape(message: str, api_id: str, status: int) -> ProtocolChanged:
    return ProtocolChanged(message, provider=PROVIDER, retryable=False, key="error.kiwoom.shape", api_id=api_id, status=status)


def _no_json(status: int, content: bytes, api_id: str) -> RalphStockError:
    if status == 429:
        return error_of_code("1700", api_id=api_id)
    if status == 401:
        return error_of_code("8005", api_id=api_id)
    start = content[:512].lstrip().lower()
    if start.startswith(b"<") or b"<html" in start or b"<!doctype" in start:
        return outage(
            "maintenance", f"{PROVIDER} answered {api_id} with a web page (HTTP {status})", api_id=api_id, status=status
        )
    if status >= 500:
        return outage("server", f"{PROVIDER} failed at {api_id} (HTTP {status})", api_id=api_id, status=status)
    if status >= 300:
        return _http(status, api_id)
    if not start or start.startswith(b"{"):
        return outage(
            "half_body", f"The answer to {api_id} ends in the middle ({len(content)} bytes)", api_id=api_id, status=status
        )
    return _shape(f"The answer to {api_id} is no JSON", api_id, status)


def _http(status: int, api_id: str) -> ProviderError:
    return ProviderError(
        f"{PROVIDER} answered {api_id} with HTTP {status}: this address does not serve the interface",
        provider=PROVIDER,
        retryable=False,
        key="error.kiwoom.http",
        api_id=api_id,
        status=status,
    )


def error_of(
    status: int, body: Mapping[str, Any] | bytes, api_id: str, *, secrets: Iterable[str] = ()
) -> RalphStockError | None:
    """Judge a reply.

    Parameters
    ----------
    status : int
        HTTP status.
    body : mapping or bytes
        Decoded object, or the raw content.
    api_id : str
        Request it answers.
    secrets : iterable of str
        Taken out of the vendor's texts.

    Returns
    -------
    RalphStockError or None
        None for a success, and for "no data" on a query (see :func:`is_no_data`).
    """
    if isinstance(body, bytes):
        decoded = decode_body(status, body, api_id)
        if isinstance(decoded, RalphStockError):
            return decoded
        body = decoded
    text, number = _text_of(body), return_code_of(body)
    code = code_in(text) or (code_in(str(body.get("return_code", ""))) if number is None else str(number))
    if number == 0 and status < 300:
        return None
    if code in CODES:
        return error_of_code(code, detail=text, api_id=api_id, secrets=secrets)
    if status in {401, 429}:
        return error_of_code("8005" if status == 401 else "1700", detail=text, api_id=api_id, secrets=secrets)
    if status >= 500:
        return outage("server", f"{PROVIDER} failed at {api_id} (HTTP {status})", api_id=api_id, status=status)
    if status >= 300:
        return _http(status, api_id)
    if number is None:
        return _shape(f"The answer to {api_id} has no return_code", api_id, status)
    if is_no_data(body, api_id):
        return None
    if number == _NO_DATA:
        return _raise_as(_V(code, "rejected", "the order was rejected", ProviderError, Action.ASK_USER), code,
                         scrub(text, secrets), api_id)  # fmt: skip
    entry = _COARSE.get(number)
    if entry is not None:
        return _raise_as(entry, code, scrub(text, secrets), api_id)
    return error_of_code(code, detail=text, api_id=api_id, secrets=secrets)


def frame_error(frame: Mapping[str, Any], *, secrets: Iterable[str] = ()) -> RalphStockError | None:
    """Judge a reply frame of the stream (LOGIN, REG, …) or a SYSTEM frame; None if it reports no error.

    A rejected login carries its own code and, in the text, the request code that says why; the latter wins.
    """
    text = str(frame.get("return_msg") or frame.get("message") or "")
    number = return_code_of(frame)
    outer = str(frame.get("code") or "") or ("" if number is None else str(number))
    if outer in {"", "0"}:
        return None
    inner = code_in(text)
    return error_of_code(inner if inner in CODES else outer, detail=text, secrets=secrets)

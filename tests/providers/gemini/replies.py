"""Replies of the scripted server and what can go wrong with them; used by way of :mod:`.server`, which explains them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

__all__ = [
    "DEFAULT",
    "MODEL",
    "Reply",
    "bad_key",
    "blocked_prompt",
    "calls",
    "candidate",
    "events",
    "fails",
    "page",
    "quota",
    "says",
    "usage",
]

MODEL = "gemini-test"


@dataclass(frozen=True)
class Reply:
    """One reply. ``pieces`` are JSON objects, or raw texts sent where an object belongs."""

    pieces: tuple[dict[str, Any] | str, ...] = ()
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    """Sent as it is instead of ``pieces``."""
    content_type: str = ""
    delay_s: float = 0.0
    gap_s: float = 0.0
    stall_after: int | None = None
    cut_after: int | None = None
    ends: Literal["well", "cut"] = "well"
    split: int | None = None


def usage(prompt: int = 7, answer: int = 5, *, cached: int = 0, thoughts: int = 0) -> dict[str, Any]:
    """``usageMetadata``."""
    told = {"promptTokenCount": prompt, "candidatesTokenCount": answer, "totalTokenCount": prompt + answer + thoughts}
    return (
        told | ({"cachedContentTokenCount": cached} if cached else {}) | ({"thoughtsTokenCount": thoughts} if thoughts else {})
    )


def candidate(*parts: dict[str, Any], finish: str = "", ratings: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """One piece with one candidate."""
    inner: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if finish:
        inner["finishReason"] = finish
    if ratings:
        inner["safetyRatings"] = list(ratings)
    return {"candidates": [inner], "modelVersion": MODEL}


def events(*pieces: dict[str, Any] | str, **faults: Any) -> Reply:
    """A stream of any pieces."""
    return Reply(tuple(pieces), **faults)


def says(*texts: str, finish: str = "STOP", tokens: dict[str, Any] | None = None, **faults: Any) -> Reply:
    """A stream of texts; the last piece carries the finish reason (none if empty) and the usage."""
    pieces = [candidate({"text": text}) for text in texts] or [candidate()]
    if finish:
        pieces[-1]["candidates"][0]["finishReason"] = finish
    pieces[-1]["usageMetadata"] = tokens or usage()
    return Reply(tuple(pieces), **faults)


def calls(*wanted: tuple[str, dict[str, Any]], signature: str = "c2lnbmF0dXJl", ids: bool = True, **faults: Any) -> Reply:
    """Tool calls in one piece, (name, arguments) each; the first carries the thought signature (base64), as the API does it."""
    parts: list[dict[str, Any]] = []
    for n, (name, arguments) in enumerate(wanted):
        call: dict[str, Any] = {"name": name, "args": arguments}
        if ids:
            call["id"] = f"call-{n}"
        parts.append({"functionCall": call} | ({"thoughtSignature": signature} if n == 0 and signature else {}))
    last = candidate(*parts, finish="STOP")
    last["usageMetadata"] = usage()
    return Reply((last,), **faults)


def blocked_prompt(reason: str = "SAFETY", category: str = "", **faults: Any) -> Reply:
    """The prompt was refused."""
    feedback: dict[str, Any] = {"blockReason": reason}
    if category:
        feedback["safetyRatings"] = [{"category": category, "probability": "HIGH", "blocked": True}]
    return Reply(({"promptFeedback": feedback, "usageMetadata": {"promptTokenCount": 7, "totalTokenCount": 7}},), **faults)


_STATUS_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


def fails(status: int, message: str = "scripted", *, details: Sequence[dict[str, Any]] = (), **faults: Any) -> Reply:
    """An error of the API."""
    error: dict[str, Any] = {"code": status, "message": message, "status": _STATUS_NAMES.get(status, "UNKNOWN")}
    if details:
        error["details"] = list(details)
    body = json.dumps({"error": error}, ensure_ascii=False).encode()
    return Reply(status=status, body=body, content_type="application/json; charset=UTF-8", **faults)


def bad_key(**faults: Any) -> Reply:
    """A wrong key, which is a 400."""
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}
    return fails(400, "API key not valid. Please pass a valid API key.", details=[info], **faults)


def quota(
    window: Literal["minute", "day", ""] = "minute", *, retry_s: float | None = 31, header: str = "", **faults: Any
) -> Reply:
    """A limit was reached. ``retry_s`` goes into RetryInfo (None: none), ``header`` into Retry-After."""
    name = {
        "minute": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
        "day": "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
    }
    details: list[dict[str, Any]] = []
    if window:
        violation = {
            "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
            "quotaId": name[window],
        }
        details.append({"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]})
    if retry_s is not None:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry_s:g}s"})
    headers = (("Retry-After", header),) if header else ()
    return fails(429, "You exceeded your current quota.", details=details, headers=headers, **faults)


def page(status: int = 200, **faults: Any) -> Reply:
    """A web page, as portals and gateways send it."""
    body = "<!doctype html>\n<html><body>로그인하세요</body></html>".encode()
    return Reply(status=status, body=body, content_type="text/html; charset=utf-8", **faults)


DEFAULT = says("안녕", "하세요")

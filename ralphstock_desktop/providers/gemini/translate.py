"""Between the port's words and those of the Gemini API: requests out, pieces of an answer in.

Both are plain dictionaries in the API's JSON form (camelCase), so that one translation serves every library. Thought
signatures stay bytes on the way out and become base64 on the way in.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ralphstock_desktop.assistant_ports import (
    CallWanted,
    ModelEvent,
    ModelMessage,
    Stopped,
    TextArrived,
    ToolCall,
    ToolSpec,
    UsageTold,
)
from ralphstock_desktop.providers.gemini.errors import Failures

__all__ = ["AnswerReader", "contents_of", "declaration_of", "schema_of"]

_LOCAL: Final = "local-"
"""Begins ids made here, where the model gave none; they are not sent back."""

# -- out --------------------------------------------------------------------------------------------------------------------

_KEPT: Final = ("description", "title", "format", "minimum", "maximum", "minLength", "maxLength", "pattern", "nullable")
_COUNTS: Final = ("minItems", "maxItems", "minProperties", "maxProperties")


def schema_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Translate a JSON schema to the subset the API knows; what it does not know is left out."""
    out: dict[str, Any] = {name: schema[name] for name in _KEPT if name in schema}
    out |= {name: str(schema[name]) for name in _COUNTS if name in schema}
    kind = schema.get("type", "object" if "properties" in schema else "string")
    if isinstance(kind, list):
        if "null" in kind:
            out["nullable"] = True
        kind = next((name for name in kind if name != "null"), "string")
    out["type"] = str(kind).upper()
    choices = schema.get("enum")
    if choices is not None and kind == "string":
        out["enum"] = [str(choice) for choice in choices if choice is not None]
        out["format"] = "enum"
    elif choices is not None:
        # The API has enumerations of texts only.
        out["description"] = f"{out.get('description', '')} (one of {', '.join(map(str, choices))})".strip()
    if isinstance(schema.get("items"), Mapping):
        out["items"] = schema_of(schema["items"])
    elif kind == "array":
        out["items"] = {"type": "STRING"}
    properties = schema.get("properties")
    if isinstance(properties, Mapping) and properties:
        out["properties"] = {name: schema_of(inner) for name, inner in properties.items()}
        required = [name for name in schema.get("required", ()) if name in properties]
        if required:
            out["required"] = required
    return out


def declaration_of(tool: ToolSpec) -> dict[str, Any]:
    """Translate a tool. One without parameters gets no schema: the API refuses an object without properties."""
    out: dict[str, Any] = {"name": tool.name, "description": tool.description}
    if tool.parameters.get("properties"):
        out["parameters"] = schema_of(tool.parameters)
    return out


def _signature(token: str) -> bytes | None:
    try:
        return base64.b64decode(token, validate=True) if token else None
    except binascii.Error:
        return None


def _named(call: ToolCall) -> dict[str, Any]:
    return {"name": call.name} if call.id.startswith(_LOCAL) else {"id": call.id, "name": call.name}


def contents_of(messages: Sequence[ModelMessage], *, signatures: bool) -> list[dict[str, Any]]:
    """Translate the conversation.

    Parameters
    ----------
    messages : sequence of ModelMessage
        Oldest first. Turns without any content are left out; the API refuses empty parts.
    signatures : bool
        Hand thought signatures and call ids back; libraries that do not know them must not get them.
    """
    contents: list[dict[str, Any]] = []
    for message in messages:
        parts: list[dict[str, Any]] = [{"text": message.text}] if message.text else []
        for call in message.calls:
            part: dict[str, Any] = {
                "functionCall": {**(_named(call) if signatures else {"name": call.name}), "args": call.arguments}
            }
            signature = _signature(call.token) if signatures else None
            if signature:
                part["thoughtSignature"] = signature
            parts.append(part)
        for result in message.results:
            named = _named(result.call) if signatures else {"name": result.call.name}
            parts.append({"functionResponse": {**named, "response": result.content}})
        if parts:
            # The API's own documents give results of functions as the user's turn.
            contents.append({"role": "model" if message.role == "assistant" else "user", "parts": parts})
    return contents


# -- in ---------------------------------------------------------------------------------------------------------------------

_BLOCKED: Final = frozenset(
    "SAFETY RECITATION BLOCKLIST PROHIBITED_CONTENT SPII IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT IMAGE_RECITATION"
    " MODEL_ARMOR".split()
)
_BROKEN: Final = frozenset("MALFORMED_FUNCTION_CALL UNEXPECTED_TOOL_CALL TOO_MANY_TOOL_CALLS MISSING_THOUGHT_SIGNATURE".split())
_NOT_YET: Final = frozenset(("", "FINISH_REASON_UNSPECIFIED", "BLOCK_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED"))


def _word(value: object) -> str:
    return str(getattr(value, "value", value) or "")


def _count(usage: Mapping[str, Any], name: str) -> int:
    value = usage.get(name)
    return value if isinstance(value, int) else 0


def _category(ratings: object, reason: str) -> str:
    """Name the category that was refused; the reason itself where none is marked."""
    rated = ratings if isinstance(ratings, list) else []
    blocked = [_word(r.get("category")) for r in rated if isinstance(r, Mapping) and r.get("blocked")]
    return ", ".join(filter(None, blocked)) or reason


class AnswerReader:
    """Turns the pieces of one answer into events.

    Attributes
    ----------
    stopped : Stopped or None
        The end as the model told it; None until it did.
    """

    def __init__(self, failures: Failures) -> None:
        self.stopped: Stopped | None = None
        self._failures = failures

    def read(self, piece: Mapping[str, Any]) -> list[ModelEvent]:
        """Read one piece; return its events without the end. Raises ProtocolChanged for a call that cannot be understood."""
        events: list[ModelEvent] = []
        feedback = piece.get("promptFeedback")
        if isinstance(feedback, Mapping):
            reason = _word(feedback.get("blockReason"))
            if reason not in _NOT_YET:
                self.stopped = Stopped("blocked", _category(feedback.get("safetyRatings"), reason))
        candidates = piece.get("candidates")
        if isinstance(candidates, list) and candidates and isinstance(candidates[0], Mapping):
            events += self._candidate(candidates[0])
        usage = piece.get("usageMetadata")
        if isinstance(usage, Mapping) and (_count(usage, "promptTokenCount") or _count(usage, "totalTokenCount")):
            events.append(_usage(usage))
        return events

    def _candidate(self, candidate: Mapping[str, Any]) -> list[ModelEvent]:
        events: list[ModelEvent] = []
        content = candidate.get("content")
        parts = content.get("parts") if isinstance(content, Mapping) else None
        for part in parts if isinstance(parts, list) else ():
            if not isinstance(part, Mapping):
                continue
            call = part.get("functionCall")
            if isinstance(call, Mapping):
                events.append(CallWanted(self._call(call, part.get("thoughtSignature"))))
            elif part.get("text") and not part.get("thought"):
                events.append(TextArrived(str(part["text"])))
        reason = _word(candidate.get("finishReason"))
        if reason in _BROKEN:
            # Another try may well give a call that can be read.
            raise self._failures.malformed(
                f"the model's call of a tool is broken ({reason})",
                payload=str(candidate.get("finishMessage") or ""),
                code=reason,
                retryable=True,
            )
        if reason not in _NOT_YET:
            self.stopped = _end(reason, candidate)
        return events

    def _call(self, call: Mapping[str, Any], signature: object) -> ToolCall:
        name, arguments = call.get("name"), call.get("args")
        if not isinstance(name, str) or not name or not isinstance(arguments, Mapping | None):
            raise self._failures.malformed("the model's call of a tool has no name or no arguments", retryable=True)
        token = base64.b64encode(signature).decode("ascii") if isinstance(signature, bytes) else ""
        return ToolCall(str(call.get("id") or f"{_LOCAL}{uuid.uuid4().hex[:12]}"), name, dict(arguments or {}), token)


def _end(reason: str, candidate: Mapping[str, Any]) -> Stopped:
    if reason == "STOP":
        return Stopped("stop")
    if reason == "MAX_TOKENS":
        return Stopped("length")
    if reason in _BLOCKED:
        return Stopped("blocked", _category(candidate.get("safetyRatings"), reason))
    return Stopped("other", reason)


def _usage(usage: Mapping[str, Any]) -> UsageTold:
    read = _count(usage, "promptTokenCount") + _count(usage, "toolUsePromptTokenCount")
    # Thoughts are paid for as output.
    written = _count(usage, "candidatesTokenCount") + _count(usage, "thoughtsTokenCount")
    return UsageTold(read, written, _count(usage, "cachedContentTokenCount"))

"""The limits of a host as configuration, and the meter that keeps one of them.

A meter knows a *pace* (grants at least so far apart) and a *window* (so many requests at most can have arrived at the server
within it), and adapts both to refusals. It is told the time; it waits for nothing.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from engine.model.errors import ValidationFailed

__all__ = ["Grant", "LimitPlan", "LimitRule", "Meter"]

_SLOWEST: Final = 1 / 16
"""Adapting never goes below this share of the configured pace."""
_RECOVERY: Final = 1.25
_ANSWERS_TO_RECOVER: Final = 8
_LONGEST_PAUSE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class LimitRule:
    """How often something may be asked: ``per_s`` steadily, never more than ``most`` within ``window_s``."""

    per_s: float
    most: int
    window_s: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.per_s) and self.per_s > 0 and self.most >= 1 and self.window_s > 0):
            raise ValidationFailed(
                f"A limit needs a rate above 0, at least one request and a window above 0, not {self}",
                key="error.kiwoom.limit_rule",
                per_s=self.per_s,
                most=self.most,
                window_s=self.window_s,
            )


@dataclass(frozen=True, slots=True)
class LimitPlan:
    """The limits of a host, as configuration; :meth:`as_json` and :meth:`from_json` are its stored form."""

    each: LimitRule = LimitRule(4.0, 5)
    """Per api-id. Published: 5 a second; a place is kept free for the network's jitter."""
    overall: LimitRule = LimitRule(10.0, 10)
    special: Mapping[str, LimitRule] = field(default_factory=lambda: {"ka10099": LimitRule(0.5, 1, 2.0)})
    """Rules of single api-ids."""
    groups: Mapping[str, LimitRule] = field(default_factory=lambda: {"oauth2": LimitRule(1.0, 1)})
    """Rules of groups of api-ids; a group is the last part of the path, or ``oauth2``."""
    jitter_s: float = 0.5
    """A request still under way counts as arrived this long after it was granted."""

    @classmethod
    def for_host(cls, host: str) -> LimitPlan:
        """Return the published limits of ``real``, ``mock``, ``custom`` or ``simulator``."""
        return cls(each=LimitRule(1.0, 1), overall=LimitRule(2.0, 2)) if host == "mock" else cls()

    def rule_of(self, api_id: str) -> LimitRule:
        """Return the rule of an api-id."""
        return self.special.get(api_id, self.each)

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "each": asdict(self.each),
            "overall": asdict(self.overall),
            "special": {name: asdict(rule) for name, rule in self.special.items()},
            "groups": {name: asdict(rule) for name, rule in self.groups.items()},
            "jitter_s": self.jitter_s,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LimitPlan:
        """Build from plain data; what is left out keeps its default. Raises ValidationFailed on rules that make no sense."""
        plan = cls()
        try:
            return cls(
                each=LimitRule(**data["each"]) if "each" in data else plan.each,
                overall=LimitRule(**data["overall"]) if "overall" in data else plan.overall,
                special={k: LimitRule(**v) for k, v in data["special"].items()} if "special" in data else plan.special,
                groups={k: LimitRule(**v) for k, v in data["groups"].items()} if "groups" in data else plan.groups,
                jitter_s=float(data.get("jitter_s", plan.jitter_s)),
            )
        except (TypeError, ValueError, AttributeError) as error:
            raise ValidationFailed(f"The limits cannot be read: {error}", key="error.kiwoom.limit_plan") from error


@dataclass(eq=False, slots=True)
class Grant:
    """One permitted request as a limit remembers it."""

    at_s: float
    done_s: float | None = None


class Meter:
    """Pace and window of one limit, with its adaptation."""

    __slots__ = ("_answers", "_grants", "_jitter_s", "_paused_until_s", "_pauses", "_share", "rule")

    def __init__(self, rule: LimitRule | None, jitter_s: float) -> None:
        self.rule = rule
        self._jitter_s = jitter_s
        self._grants: deque[Grant] = deque(maxlen=max(rule.most, 1) if rule else 1)
        self._share = 1.0
        self._paused_until_s = -math.inf
        self._pauses = 0
        self._answers = 0

    @property
    def per_s(self) -> float:
        """Present pace."""
        return self.rule.per_s * self._share if self.rule else math.inf

    def opens_at(self) -> float:
        """Earliest instant of the next grant, as far as can be known now."""
        at_s = self._paused_until_s
        if self.rule is None or not self._grants:
            return at_s
        at_s = max(at_s, self._grants[-1].at_s + 1 / self.per_s)
        if len(self._grants) == self.rule.most:
            oldest = self._grants[0]
            arrived_s = oldest.at_s + self._jitter_s
            if oldest.done_s is not None:
                arrived_s = min(arrived_s, oldest.done_s)
            at_s = max(at_s, arrived_s + self.rule.window_s)
        return at_s

    def take(self, grant: Grant) -> None:
        """Count a grant."""
        self._grants.append(grant)

    def give_back(self, grant: Grant) -> None:
        """Forget a grant whose request was never sent."""
        if grant in self._grants:
            self._grants.remove(grant)

    def slow_down(self, now_s: float, least_s: float) -> float:
        """Halve the pace and pause; return the length of the pause in seconds."""
        if now_s < self._paused_until_s:
            # Several refusals of the same moment are one reason to slow down, not several.
            return self._paused_until_s - now_s
        self._share = max(self._share / 2, _SLOWEST)
        # What the server asked for is kept in any case; what is added by growing is bounded.
        pause_s = max(least_s, min(max(least_s, 1.0) * 2.0**self._pauses, _LONGEST_PAUSE_S))
        self._pauses += 1
        self._answers = 0
        self._paused_until_s = now_s + pause_s
        return pause_s

    def answered(self) -> None:
        """Count an answer that was no refusal; so many in a row bring back a part of the pace."""
        self._answers += 1
        self._pauses = 0
        if self._share < 1.0 and self._answers >= _ANSWERS_TO_RECOVER:
            self._answers = 0
            self._share = min(1.0, self._share * _RECOVERY)

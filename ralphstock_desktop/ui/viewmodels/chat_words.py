"""What the chat panel says about the model and about what leaves the machine. No widgets, no state of its own."""

from __future__ import annotations

from collections.abc import Sequence

from ralphstock_desktop.services.assistant_contracts import AssistantState, Outgoing
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.panel_header import BadgeLook
from ralphstock_desktop.wording import format as fmt

__all__ = ["ChatWords", "kilobytes"]

_ASKING = ("ready", "busy")


class ChatWords:
    """Sentences in the chosen language."""

    def __init__(self, appearance: Appearance) -> None:
        self._look = appearance

    def provider_name(self, state: AssistantState) -> str:
        """Name of the model's provider as people know it."""
        key = f"chat.provider.{state.provider}"
        return self._look.tr(key) if self._look.has_text(key) else state.model or state.provider

    def badge(self, state: AssistantState | None) -> BadgeLook | None:
        """Chip of the header: who answers."""
        if state is None:
            return None
        if state.mode in _ASKING:
            return BadgeLook("dot", self.provider_name(state), "success", "success-tint")
        looks = {
            "off": ("lock", "text-secondary", ""),
            "no_key": ("warning", "warning", "warning-tint"),
            "waiting": ("clock", "warning", "warning-tint"),
            "missing": ("offline", "unknown", ""),
        }
        icon, token, tint = looks[state.mode]
        return BadgeLook(icon, self._look.tr(f"chat.mode.{state.mode}"), token, tint)

    def reason(self, state: AssistantState | None) -> str:
        """Who answers and why, as one line below the input."""
        tr = self._look.tr
        if state is None:
            return ""
        if state.mode in _ASKING:
            return tr("chat.mode.ready.reason", name=self.provider_name(state), model=state.model)
        if state.mode == "waiting" and state.retry_at_ns is not None:
            return tr("chat.mode.waiting.until", time=fmt.clock(state.retry_at_ns))
        if state.reason_key and self._look.has_text(state.reason_key):
            return tr(state.reason_key)
        return tr(f"chat.mode.{state.mode}.reason")

    def cost(self, state: AssistantState | None) -> str:
        """Tokens and money of the day; empty where nothing was used. An unknown price is no price."""
        tr = self._look.tr
        asking = state is not None and state.mode in (*_ASKING, "waiting")
        if state is None or (state.tokens_today == 0 and not (asking and state.tokens_budget > 0)):
            return ""
        used = fmt.number(state.tokens_today)
        if state.tokens_budget > 0:
            words = tr("chat.cost.budget", used=used, budget=fmt.number(state.tokens_budget))
        else:
            words = tr("chat.cost.used", used=used)
        return words if state.cost_today_usd is None else f"{words} · ${state.cost_today_usd:.4f}"

    def outgoing_line(self, outgoing: Outgoing | None, state: AssistantState | None) -> tuple[str, str]:
        """What leaves, as two parts: how much, and of what kinds."""
        tr = self._look.tr
        if outgoing is None:
            asks = state is None or state.mode in _ASKING
            return ("" if asks else tr("chat.outgoing.nothing")), ""
        if not outgoing.leaves:
            reason = outgoing.reason_key
            return tr("chat.outgoing.nothing"), tr(reason) if reason and self._look.has_text(reason) else ""
        return tr("chat.outgoing.size", size=kilobytes(outgoing.bytes)), " · ".join(self.kinds(outgoing.counts))

    def kinds(self, counts: Sequence[tuple[str, int]]) -> list[str]:
        """``종목명 1``, ``점수 23`` …; kinds of which there are none are left out."""
        words = []
        for key, count in counts:
            own = f"chat.outgoing.kind.{key.rsplit('.', 1)[-1]}"
            name = self._look.tr(own) if self._look.has_text(own) else self._look.tr(key) if self._look.has_text(key) else key
            if count:
                words.append(f"{name} {fmt.number(count)}")
        return words


def kilobytes(size: int) -> str:
    """A small size with one decimal: ``1.2 KB``."""
    return f"{size} B" if size < 1_000 else f"{size / 1_024:.1f} KB"

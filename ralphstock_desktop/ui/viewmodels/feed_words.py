"""The words for connection, age of data and phase of the market: one wording for status bar, badges and health panel."""

from __future__ import annotations

from dataclasses import dataclass

from engine.calendar.sessions import Phase
from engine.model.live import ConnectionState, QuoteSource
from ralphstock_desktop.services.live_contracts import FeedStatus
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.errors import error_sentence
from ralphstock_desktop.wording import format as fmt

__all__ = ["FeedWords", "feed_words", "phase_words"]

_TOKENS = {
    ConnectionState.LIVE: "success",
    ConnectionState.CONNECTING: "warning",
    ConnectionState.LOGGING_IN: "warning",
    ConnectionState.WAITING: "warning",
    ConnectionState.DISPLACED: "danger",
    ConnectionState.REFUSED: "danger",
    ConnectionState.IDLE: "unknown",
    ConnectionState.STOPPED: "unknown",
}
_SHOWN = {
    QuoteSource.STREAM: "feed.shown.stream",
    QuoteSource.POLLED: "feed.shown.polled",
    QuoteSource.STORED: "feed.shown.stored",
    QuoteSource.NONE: "feed.shown.none",
}

_LEFT = {
    Phase.CLOSED: "feed.phase.opens_in",
    Phase.PRE_OPEN_AUCTION: "feed.phase.until_open",
    Phase.REGULAR: "feed.phase.left",
    Phase.CLOSING_AUCTION: "feed.phase.left",
}
"""What the time that is left leads to; the other phases merely end."""


@dataclass(frozen=True, slots=True)
class FeedWords:
    """Parts of one line, most important first, the whole story for the tooltip, and the colour token of the dot."""

    parts: tuple[str, ...]
    tip: str
    token: str


def feed_words(look: Appearance, feed: FeedStatus) -> FeedWords:
    """Say where the values on screen come from, how old they are and how fast they come."""
    source = look.tr(f"feed.host.{feed.host}") if feed.host is not None else look.tr("feed.host.none")
    state = look.tr(f"feed.connection.{feed.connection.value}")
    token = _TOKENS[feed.connection]
    if feed.connection is ConnectionState.LIVE and feed.is_stale:
        token = "stale"
    if feed.host == "simulator" and feed.connection is ConnectionState.LIVE:
        token = "simulated"
    parts = [f"{source} {state}" if feed.host is not None else source]
    if feed.connection is ConnectionState.WAITING and feed.next_try_s is not None:
        parts[0] = f"{parts[0]} ({look.tr('feed.status.next_try', seconds=f'{feed.next_try_s:.0f}')})"
    parts.append(look.tr(_SHOWN[feed.shown]))
    if feed.age_s is not None:
        parts.append(fmt.age(feed.age_s, look.language))
    tip = list(parts)
    if feed.host is not None:
        rate = look.tr("feed.status.rate", rate=f"{feed.messages_per_s:,.0f}")
        parts.append(rate)
        tip.append(look.tr("feed.status.covered", streamed=f"{feed.streamed:,}", polled=f"{feed.polled:,}"))
        tip.append(rate)
        if feed.lag_ms is not None:
            tip.append(look.tr("feed.status.lag", ms=f"{feed.lag_ms:.0f}"))
    if feed.error is not None:
        tip.append(error_sentence(look, feed.error))
    return FeedWords(tuple(parts), "\n".join(tip), token)


def phase_words(look: Appearance, feed: FeedStatus) -> str:
    """``정규장 · 마감까지 4시간 47분``; market clock in front where it is not the machine's."""
    words = [look.tr(f"feed.phase.{feed.phase.value}")]
    if feed.phase_left_s is not None:
        key = _LEFT.get(feed.phase, "feed.phase.rest")
        words.append(look.tr(key, left=fmt.duration(feed.phase_left_s, look.language, whole=True)))
    if feed.host == "simulator":
        words.insert(0, f"{fmt.clock(feed.market_ns)} {feed.speed:g}×")
    return " · ".join(words)

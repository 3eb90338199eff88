"""What the feed's status means for a panel: one of the six states, and the badge that says where the values come from."""

from __future__ import annotations

from engine.calendar.sessions import Phase
from engine.model.instants import AsOf
from engine.model.live import ConnectionState, QuoteSource
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, Offline, PanelState, Ready, Stale
from ralphstock_desktop.services.live_contracts import FeedStatus
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.panel_header import BadgeLook
from ralphstock_desktop.wording import format as fmt

__all__ = [
    "away_since",
    "feed_badge",
    "feed_state",
    "provisional_badge",
    "running_day_state",
    "stale_reason",
    "trades_now",
]

_TRADING = frozenset((Phase.REGULAR, Phase.CLOSING_AUCTION))
_LOST = frozenset((ConnectionState.WAITING, ConnectionState.DISPLACED, ConnectionState.REFUSED, ConnectionState.STOPPED))
_TRYING = frozenset((ConnectionState.CONNECTING, ConnectionState.LOGGING_IN))
_CLOCK_SLACK_NS = 2_000_000_000
_WAITING = Loading(Progress("progress.live_wait", 0, 0), can_cancel=False)


def trades_now(status: FeedStatus | None) -> bool:
    """Whether the regular session is on: a value of an earlier day is old then."""
    return status is not None and status.phase in _TRADING


def stale_reason(status: FeedStatus) -> str:
    """Text key of why values are old."""
    if status.connection is ConnectionState.LIVE:
        return "live.stale.silent"
    return "live.stale.polling" if status.shown is QuoteSource.POLLED else "live.stale.lost"


def away_since(status: FeedStatus) -> int:
    """Since when nothing came, UTC nanoseconds: the newest value's time, whatever was tried since; else the state's begin."""
    if status.age_s is not None:
        return status.market_ns - round(status.age_s * 1e9)
    return status.since_ns if status.since_ns is not None else status.market_ns


def running_day_state(status: FeedStatus | None, at_ns: int) -> Stale | Empty | None:
    """What a panel computed from the running market's quotes has to say about them; None while they are of now.

    They are old while nothing comes. They are of the future after the clock of a replayed day was set back to before the open,
    where nothing is computed: they are not shown then.

    Parameters
    ----------
    at_ns : int
        Exchange time of what the panel shows.
    """
    if status is None:
        return None
    if at_ns > status.market_ns + _CLOCK_SLACK_NS:
        return Empty("empty.live.ahead")
    if not status.is_stale or status.age_s is None:
        return None  # before the first value of a connection nothing is old yet
    return Stale(status.age_s, stale_reason(status), AsOf(at_ns))


def feed_state(status: FeedStatus | None, data_ns: int | None) -> PanelState:
    """State of a panel that shows one symbol's stream.

    Parameters
    ----------
    status : FeedStatus or None
        None where the program runs without a live market or nothing was said yet.
    data_ns : int or None
        Exchange time of what the panel shows; None where it shows nothing yet.
    """
    if status is None or status.host is None:
        return Empty("empty.live.none", {}, "connect")
    without_polling = status.shown < QuoteSource.POLLED
    if status.connection is ConnectionState.REFUSED and status.error is not None and without_polling and data_ns is None:
        return Failed(status.error)
    # While it is tried again the loss goes on: what is on screen came before it.
    if without_polling and (status.connection in _LOST or (status.connection in _TRYING and data_ns is not None)):
        return Offline(away_since(status), status.next_try_s)
    if data_ns is None:
        return Empty("empty.live.closed") if status.phase is Phase.CLOSED else _WAITING
    if status.is_stale:
        return Stale(status.age_s or 0.0, stale_reason(status), AsOf(data_ns))
    return Ready(AsOf(data_ns))


def feed_badge(look: Appearance, status: FeedStatus | None, *, simulated: bool) -> BadgeLook | None:
    """Badge of values that come from the feed; None where there is no feed."""
    if status is None or status.host is None:
        return None
    if simulated or status.host == "simulator":
        return BadgeLook("flask", look.tr("live.badge.simulated"), "simulated", "simulated-tint")
    age = ""
    if status.age_s is not None and status.age_s >= 1.0:
        age = f" {fmt.duration(float(int(status.age_s)), look.language, whole=True)}"
    if status.shown is QuoteSource.STREAM:
        return BadgeLook("dot", look.tr("live.badge.stream") + age, "success")
    if status.shown is QuoteSource.POLLED:
        return BadgeLook("clock", look.tr("live.badge.polling") + age, "warning")
    return BadgeLook("database", look.tr("live.badge.stored"), "unknown")


def provisional_badge(look: Appearance, at_ns: int, *, simulated: bool) -> BadgeLook:
    """``◷ 잠정 10:42``; over made-up data the flask says so first."""
    when = fmt.clock(at_ns, seconds=False)
    if simulated:
        text = look.tr("live.badge.simulated_provisional", when=when)
        return BadgeLook("flask", text, "simulated", "simulated-tint")
    return BadgeLook("clock", look.tr("live.badge.provisional", when=when), "warning", "warning-tint")

"""From the texts of one real-time entry to a fact in our units, or a refusal that says which field is wrong.

Prices lose their sign (it means the direction), changes keep it, million won become won, thousands of shares shares, times of
day instants of the trading day. What cannot be true is refused, not repaired: no number, a negative volume, a price of zero, a
high below the low, quotes that cross, totals smaller than their parts, a change that does not fit price and rate. Where only a
side value is wrong (crossed best quotes in a trade) it is left out and doubted aloud, and the rest is used.

Runs on the loop's thread, thousands of times a second: texts that come again are read once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import pairwise
from typing import Any, Final

from msgspec import structs

from engine.calendar.sessions import DEFAULT_SESSIONS, Phase, SessionTable, Venue
from engine.model.instants import kst_ns
from engine.model.live import (
    MISSING,
    BestQuotes,
    BookTick,
    BreadthTick,
    ConditionHit,
    ExpectedMatch,
    FeedVenue,
    IndexTick,
    PhaseNotice,
    ProgramTick,
    TradeTick,
    ViEvent,
    ViKind,
)
from ralphstock_desktop.providers.kiwoom import wire
from ralphstock_desktop.providers.kiwoom.fids import (
    BestValues,
    BreadthValues,
    ConditionValues,
    ExpectedValues,
    IndexValues,
    PhaseValues,
    ProgramValues,
    TradeValues,
    ViValues,
)
from ralphstock_desktop.providers.kiwoom.readings import (
    MOST_SCALED,
    MOST_SHARES,
    Decimals,
    Implausible,
    Prices,
    WholeNumbers,
    read_count,
    read_scaled,
)

__all__ = ["FactReader"]

_MOST_POINTS: Final = 1e6
_RATE_SLACK_PCT: Final = 0.021
"""Rates come with two digits, rounded or cut."""
_VALUE_FACTOR: Final = 8
"""Traded value may differ from price x volume by so much (a listing day can triple and halve); wrong units by 1,000."""
_AVERAGE_SLACK: Final = 0.001
_MILLION: Final = 1_000_000
_MOST_MILLIONS: Final = MOST_SCALED // _MILLION
_SECOND_NS: Final = 1_000_000_000
_FIRST_HOUR, _LAST_HOUR = 6, 21
"""No venue trades outside; a time of day there is a damaged one."""
_AUCTION_GRACE_NS: Final = 40 * _SECOND_NS
"""The last book of an auction arrives a little after it."""
_NAN: Final = float("nan")
_KRX, _NXT, _COMBINED = (int(venue) for venue in FeedVenue)
_VENUE_NAMES: Final = {"KRX": _KRX, "1": _KRX, "NXT": _NXT, "2": _NXT}
"""FID 9081."""
_VI_KINDS: Final = {"1": ViKind.STATIC, "2": ViKind.DYNAMIC, "3": ViKind.BOTH, "4": ViKind.EXTENDED}


def _refuse_price(price: int, field: str, text: str) -> Implausible:
    return Implausible("missing" if price == MISSING else "price", field, text)


class FactReader:
    """Makes facts of one trading day.

    Parameters
    ----------
    day : date
        Korean trading day the times of day belong to.
    doubt : callable
        Told ``(reason, field)`` when a side value was left out.
    sessions : SessionTable
        Says when auctions are on.
    """

    def __init__(self, day: date, doubt: Callable[[str, str], None], sessions: SessionTable = DEFAULT_SESSIONS) -> None:
        self._doubt = doubt
        self._sessions = sessions
        self._prices = Prices()
        self._whole = WholeNumbers()
        self._decimals = Decimals()
        self.day = day
        self.now_ns = MISSING
        """Market clock; stamps the types without a time of their own."""
        self._times: dict[str, int] = {}
        self._auctions: tuple[tuple[int, int], ...] = ()
        self.begin(day)

    def begin(self, day: date) -> None:
        """Set the trading day."""
        self.day = day
        self._times = {}
        self._earliest_ns, self._latest_ns = kst_ns(day, _FIRST_HOUR), kst_ns(day, _LAST_HOUR)
        self._auctions = tuple(
            (span.start_ns, span.end_ns + _AUCTION_GRACE_NS)
            for span in self._sessions.spans(day, Venue.KRX)
            if span.phase in {Phase.PRE_OPEN_AUCTION, Phase.CLOSING_AUCTION}
        )

    def _at(self, text: str, field: str) -> int:
        """Instant of a time of day of a fact that needs one inside trading hours."""
        known = self._times.get(text)
        if known is not None:
            return known
        at_ns = wire.clock_ns(self.day, text, field)
        if not self._earliest_ns <= at_ns < self._latest_ns:  # 888888 and 999999 are MISSING here, far below
            raise Implausible("missing" if not text.strip() else "time", field, text)
        self._times[text] = at_ns
        return at_ns

    # The two kinds of trade frames ------------------------------------------------------------------------------------

    def trade(self, values: TradeValues, ticker: str, venue: int, received_ns: int) -> TradeTick:
        """Read a trade (0B)."""
        at_ns = self._times.get(values.time) or self._at(values.time, "20")
        quantity = self._whole[values.quantity]
        if quantity == MISSING:
            raise Implausible("missing", "15")
        return self._tick(values, ticker, venue, at_ns, quantity, received_ns)

    def quote(self, values: TradeValues, ticker: str, venue: int, received_ns: int) -> TradeTick:
        """Read a quote-driven price without a trade (0A); it has no time, the market's clock gives it."""
        at_ns = self.now_ns - self.now_ns % _SECOND_NS
        return self._tick(values, ticker, venue, at_ns, 0, received_ns)

    def _tick(self, values: TradeValues, ticker: str, venue: int, at_ns: int, quantity: int, received_ns: int) -> TradeTick:
        prices, decimals = self._prices, self._decimals
        price = prices[values.price]
        if price <= 0:
            raise _refuse_price(price, "10", values.price)
        change = self._whole[values.change]
        if change != MISSING:
            base = price - change
            # False for a missing rate.
            if base <= 0 or abs(change * 100.0 / base - decimals[values.rate]) > _RATE_SLACK_PCT:
                raise Implausible("change", "12", values.rate)
        open_krw, high, low = prices[values.open] or MISSING, prices[values.high] or MISSING, prices[values.low] or MISSING
        is_regular = venue == 0 and values.phase == "2"  # only then do all fields of a frame describe the same trades
        if high != MISSING and (low > high or (is_regular and not low <= price <= high)):
            raise Implausible("range", "17", values.high)
        # Running totals differ in each frame and are plain digits: read in place.
        volume = int(text) if (text := values.volume).isdecimal() else read_count(text, "13")
        value = int(text) if (text := values.value).isdecimal() else read_count(text, "14")
        if volume > MOST_SHARES or value > _MOST_MILLIONS:
            raise Implausible("range", "13", values.volume)
        if abs(quantity) > volume and values.quantity:
            # Without the volume nobody can tell whether trades were missed.
            raise Implausible("missing", "13") if volume == MISSING else Implausible("quantity", "15", values.quantity)
        if volume > 0 <= value:
            # Value and volume are tied by the price, roughly, and by the day's average price, up to the value's rounding.
            slack = _MILLION / volume
            mean = value * slack
            average = prices[values.average] if is_regular else MISSING
            if (
                price > (mean + slack) * _VALUE_FACTOR
                or mean > price * _VALUE_FACTOR + slack
                or (average > 0 and abs(mean - average) > 1.0 + slack + average * _AVERAGE_SLACK)
            ):
                raise Implausible("value", "14", values.value)
        if value != MISSING:
            value *= _MILLION
        if is_regular and volume != MISSING:
            # Yesterday's volume, once as a difference, once as a ratio: tells a wrong unit of the volume.
            before = volume - (int(text) if (text := values.volume_change)[1:].isdecimal() else wire.signed(text, "26"))
            if (
                0 < before <= MOST_SHARES
                and abs(volume * 100.0 / before - abs(decimals[values.volume_ratio])) > _RATE_SLACK_PCT
            ):
                raise Implausible("value", "26", values.volume_change)
        ask, bid = prices[values.ask], prices[values.bid]
        if 0 < ask < bid and venue != _COMBINED:
            self._doubt("crossed", "27")
            ask = bid = MISSING
        sold = int(text) if (text := values.sold).isdecimal() else read_count(text, "1030")
        bought = int(text) if (text := values.bought).isdecimal() else read_count(text, "1031")
        strength = decimals[values.strength]
        # Each of the three can be reckoned from the other two; where they disagree, none is better than a wrong one.
        if strength < 0 or (volume != MISSING and sold + bought > volume) or (
            sold > 0 <= bought and abs(bought * 100.0 / sold - strength) > _RATE_SLACK_PCT
        ):  # fmt: skip
            self._doubt("sides", "228")
            sold = bought = MISSING
            strength = _NAN
        # The tuple is made without the detour over the class's own constructor, which costs twice as much.
        return tuple.__new__(
            TradeTick,
            (ticker, venue, at_ns, price, quantity, volume, value, change, open_krw, high, low, ask, bid,
             strength, bought, sold, received_ns),
        )  # fmt: skip

    def venue_of(self, values: TradeValues, written: int) -> int:
        """Venue of a trade: as registered; a plain code that names its exchange says so itself."""
        if written == _COMBINED or not values.venue:
            return written
        named = _VENUE_NAMES.get(values.venue)
        if named is None or (written == _NXT and named != _NXT):
            raise Implausible("venue", "9081", values.venue)
        return named

    # Quotes -----------------------------------------------------------------------------------------------------------

    def best(self, values: BestValues, ticker: str, venue: int, received_ns: int) -> BestQuotes:
        """Read best quotes (0C)."""
        ask, bid = self._prices[values.ask], self._prices[values.bid]
        if ask == MISSING and bid == MISSING:
            raise Implausible("missing", "27")
        if 0 < ask < bid and venue != _COMBINED:
            raise Implausible("crossed", "27", values.ask)
        return BestQuotes(ticker, venue, ask, bid, received_ns)

    def book(self, values: Any, ticker: str, venue: int, received_ns: int) -> BookTick:
        """Read ten levels (0D)."""
        row: tuple[str, ...] = structs.astuple(values)
        at_ns = self._at(row[0], "21")
        if not any(row[1:41]):
            raise Implausible("missing", "41")
        ask_krw, ask_shares = self._side(row[1:41:4], row[2:41:4], "41")
        bid_krw, bid_shares = self._side(row[3:41:4], row[4:41:4], "51")
        if not _is_rising(ask_krw):
            raise Implausible("ladder", "41", row[1])
        if not _is_rising(tuple(-price for price in bid_krw)):
            raise Implausible("ladder", "51", row[3])
        # Books of two exchanges laid together may cross, one exchange's cannot.
        if 0 < ask_krw[0] < bid_krw[0] and venue != _COMBINED:
            raise Implausible("crossed", "41", row[1])
        total_ask, total_bid = read_count(row[41], "121"), read_count(row[42], "125")
        if MISSING < total_ask < sum(ask_shares):
            raise Implausible("total", "121", row[41])
        if MISSING < total_bid < sum(bid_shares):
            raise Implausible("total", "125", row[42])
        expected, shares = self._expected(row[43:47], at_ns)
        return BookTick(
            ticker, venue, at_ns, ask_krw, ask_shares, bid_krw, bid_shares, total_ask, total_bid, expected, shares, received_ns
        )

    def _side(self, prices: tuple[str, ...], sizes: tuple[str, ...], field: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        read_price, read_size = self._prices.__getitem__, self._whole.__getitem__
        krw = tuple([0 if price == MISSING else price for price in map(read_price, prices)])
        shares = tuple([0 if size == MISSING else size for size in map(read_size, sizes)])
        for price, size in zip(krw, shares, strict=True):
            if size < 0:
                raise Implausible("negative", field, size)
            if size and not price:
                raise Implausible("price", field, price)
        return krw, shares

    def _expected(self, texts: tuple[str, ...], at_ns: int) -> tuple[int, int]:
        """Expected match: 291/292 are filled near auctions only; 23/24 keep the last auction's value all day."""
        match, match_size, auction, auction_size = texts
        price, size = self._prices[auction], auction_size
        if price <= 0:
            told_none = price == 0
            price, size = self._prices[match], match_size
            if told_none and not any(start <= at_ns < end for start, end in self._auctions):
                return MISSING, MISSING
        return (price, read_count(size, "24")) if price > 0 else (MISSING, MISSING)

    def expected(self, values: ExpectedValues, ticker: str, venue: int, received_ns: int) -> ExpectedMatch:
        """Read an expected match (0H). A price of 0 says that nothing would match: missing."""
        at_ns = self._at(values.time, "20")
        price = self._prices[values.price]
        if price == MISSING:
            raise Implausible("missing", "10")
        shares = self._whole[values.quantity]
        return ExpectedMatch(
            ticker, venue, at_ns, price or MISSING, abs(shares) if price and shares != MISSING else MISSING, received_ns
        )

    # Market -----------------------------------------------------------------------------------------------------------

    def index(self, values: IndexValues, code: str, received_ns: int) -> IndexTick:
        """Read an index level (0J): points, thousands of shares, million won."""
        at_ns = self._at(values.time, "20")
        level, change, rate = self._points(values.price, "10"), self._decimals[values.change], self._decimals[values.rate]
        if level != level:
            raise Implausible("missing", "10")
        base = level - change
        if base <= 0 or abs(change * 100.0 / base - rate) > _RATE_SLACK_PCT:  # False where a part is missing
            raise Implausible("change", "12", values.rate)
        open_, high, low = self._points(values.open, "16"), self._points(values.high, "17"), self._points(values.low, "18")
        if low > high or level > high or level < low:
            raise Implausible("range", "17", values.high)
        volume, value = read_scaled(values.volume, "13", 1_000), read_scaled(values.value, "14", _MILLION)
        return IndexTick(code, at_ns, level, change, rate, open_, high, low, volume, value, received_ns)

    def _points(self, text: str, field: str) -> float:
        """Level without its sign; NaN for a blank or a level of zero, which no index has."""
        points = abs(self._decimals[text])
        if points > _MOST_POINTS:
            raise Implausible("range", field, text)
        return points or _NAN

    def breadth(self, values: BreadthValues, code: str, received_ns: int) -> BreadthTick:
        """Read issues by direction (0U)."""
        at_ns = self._at(values.time, "20")
        counts = [
            read_count(text, field)
            for text, field in (
                (values.upper, "251"), (values.up, "252"), (values.unchanged, "253"), (values.down, "255"),
                (values.lower, "254"),
            )
        ]  # fmt: skip
        if all(count == MISSING for count in counts):
            raise Implausible("missing", "252")
        if max(counts) > 10_000:
            raise Implausible("range", "252", max(counts))
        upper, up, unchanged, down, lower = counts
        return BreadthTick(code, at_ns, upper, up, unchanged, down, lower, received_ns)

    def phase(self, values: PhaseValues, received_ns: int) -> PhaseNotice:
        """Read a market phase (0s)."""
        code = values.code.strip()
        if not code:
            raise Implausible("missing", "215")
        if len(code) > 2 or not (code.isascii() and code.isalnum()):
            raise Implausible("code", "215", code)
        at_ns = wire.clock_ns(self.day, values.time, "20")
        if at_ns == MISSING:
            raise Implausible("time", "20", values.time)
        left_ns = wire.clock_ns(self.day, values.left, "214")
        left_s = MISSING if left_ns == MISSING else (left_ns - kst_ns(self.day, 0)) // _SECOND_NS
        return PhaseNotice(code, at_ns, left_s, received_ns)

    def vi(self, values: ViValues, ticker: str, received_ns: int) -> ViEvent:
        """Read a volatility interruption (1h)."""
        triggered = self._at(values.triggered, "1223")
        released_text = values.released.strip()
        released = MISSING if released_text in {"", "000000"} else self._at(released_text, "1224")
        if released != MISSING and released < triggered:
            raise Implausible("time", "1224", values.released)
        side = values.side.strip()
        if side not in {"1", "2"}:
            raise Implausible("code", "9069", side)
        kind = _VI_KINDS.get(values.kind.strip(), ViKind.UNKNOWN)
        if kind == ViKind.UNKNOWN:
            self._doubt("code", "9068")
        price = self._prices[values.price]
        if price <= 0:
            raise _refuse_price(price, "1221", values.price)
        static, dynamic = self._prices[values.static_base] or MISSING, self._prices[values.dynamic_base] or MISSING
        first, second = (dynamic, static) if kind == ViKind.DYNAMIC else (static, dynamic)
        base = second if first == MISSING else first
        return ViEvent(
            ticker, kind, side == "1", price, base, triggered, released, read_count(values.count, "1490"), received_ns
        )

    def program(self, values: ProgramValues, ticker: str, venue: int, received_ns: int) -> ProgramTick:
        """Read programme trading (0w); amounts are million won whatever their label says."""
        at_ns = self._at(values.time, "20")
        buy, sell, net = read_count(values.buy, "206"), read_count(values.sell, "202"), self._whole[values.net]
        if buy == MISSING or sell == MISSING:
            raise Implausible("missing", "206")
        if net not in {MISSING, buy - sell}:
            raise Implausible("net", "210", values.net)
        buy_value, sell_value = read_scaled(values.buy_value, "208", _MILLION), read_scaled(values.sell_value, "204", _MILLION)
        net_value = wire.signed(values.net_value, "212")
        if net_value != MISSING:
            if abs(net_value) > _MOST_MILLIONS:
                raise Implausible("range", "212", values.net_value)
            net_value *= _MILLION
            if MISSING not in (buy_value, sell_value) and abs(buy_value - sell_value - net_value) > 2 * _MILLION:
                raise Implausible("net", "212", values.net_value)  # each side is rounded by itself
        return ProgramTick(ticker, venue, at_ns, buy, sell, buy - sell, buy_value, sell_value, net_value, received_ns)

    def condition(self, values: ConditionValues) -> ConditionHit:
        """Read a condition-search event (02)."""
        sequence = values.sequence.strip()
        if not sequence:
            raise Implausible("missing", "841")
        move = values.move.strip()
        if move not in {"I", "D"}:
            raise Implausible("code", "843", move)
        ticker, _ = wire.ticker(values.code, "9001")
        return ConditionHit(sequence, ticker, move == "I", self._at(values.time, "20"))


def _is_rising(prices: tuple[int, ...]) -> bool:
    """Whether the levels go strictly outwards and empty ones (0) come last."""
    filled = len(prices) - prices.count(0)
    levels = prices[:filled]
    return 0 not in levels and all(near < far for near, far in pairwise(levels))

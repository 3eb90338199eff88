"""What a connection is told about a span of market time, as entries of REAL frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from engine.calendar.sessions import Phase, Venue
from engine.model.instruments import SecurityType
from ralphstock_desktop.providers.kiwoom_sim.connection import Connection, StreamLimits
from ralphstock_desktop.providers.kiwoom_sim.contracts import SimVi
from ralphstock_desktop.providers.kiwoom_sim.frame_texts import KRX, NXT, Item, Shaping, Symbols, real_frame
from ralphstock_desktop.providers.kiwoom_sim.frames_book import BookWriter
from ralphstock_desktop.providers.kiwoom_sim.frames_market import MarketWriter
from ralphstock_desktop.providers.kiwoom_sim.frames_out import StockWriter, TradeLine, trade_lines
from ralphstock_desktop.providers.kiwoom_sim.market import SimMarket
from ralphstock_desktop.providers.kiwoom_sim.noise import mix_int
from ralphstock_desktop.providers.kiwoom_sim.phases import MINUTE_NS, Notice, notices

__all__ = ["Pusher"]

_SECOND_NS = 1_000_000_000
_INDEX_NS = _SECOND_NS
_BREADTH_NS = 10 * _SECOND_NS
_EXPECTED_NS = 3 * _SECOND_NS
_BOOK_NS = 3 * _SECOND_NS
_PROGRAM_NS = _SECOND_NS // 4
_BROKERS_NS = 10 * _SECOND_NS
_TOTALS_NS = 5 * _SECOND_NS
_QUOTED_NS = 30 * _SECOND_NS
_UNIT = 1.0 / (1 << 64)
_LARGE_KRW, _MID_KRW = 100e9, 5e9
"""Value of a day from which a stock counts as very or fairly active; the order book is thinned accordingly."""


class _ViStep(NamedTuple):
    at_ns: int
    event: SimVi
    released: bool


def _crosses(since: int, until: int, period: int) -> bool:
    """Whether a multiple of a period lies after one instant and not after another."""
    return until // period != since // period


class Pusher:
    """Makes entries for connections.

    Parameters
    ----------
    market : SimMarket
        The replayed day.
    limits : StreamLimits
        Pace of the order book, entries per frame.
    """

    def __init__(self, market: SimMarket, limits: StreamLimits) -> None:
        self._market = market
        self._limits = limits
        self._symbols = Symbols(market)
        self.stock = StockWriter(market, self._symbols)
        self.market_wide = MarketWriter(market, self._symbols)
        self._book = BookWriter(market, self._symbols)
        self._notices: tuple[Notice, ...] = notices(market.hours)
        self._vi_steps: tuple[_ViStep, ...] | None = None
        value = np.maximum(market.facts.previous_value, 0).astype(np.float64)
        # Seconds between two books: 17-19 a second for the busiest, 4-6 for the middle, 0.8 for the rest.
        self._book_gap = np.where(value >= _LARGE_KRW, 1.0, np.where(value >= _MID_KRW, 3.6, 22.0))

    def frames(self, entries: Sequence[str]) -> Iterator[str]:
        """Bundle entries into frames."""
        size = self._limits.entries_per_frame
        for start in range(0, len(entries), size):
            yield real_frame(entries[start : start + size])

    def entries(self, connection: Connection, since: int, until: int, machine_ns: int, shaping: Shaping) -> list[str]:
        """Everything a connection is told about the span (since, until]."""
        found: list[str] = []
        held = connection.registrations
        traded = self._traded(connection, since, until, shaping, found) if len(held.rows) else {}
        self._books(connection, since, until, machine_ns, shaping, traded, found)
        self._programs(connection, machine_ns, shaping, traded, found)
        self._slow_types(connection, since, until, shaping, found)
        for code in held.codes("0J"):
            if self._is_index_time(until) and _crosses(since, until, _INDEX_NS):
                _add(found, self.market_wide.index(code, until, since, shaping))
        for code in held.codes("0U"):
            if self._is_index_time(until) and _crosses(since, until, _BREADTH_NS):
                _add(found, self.market_wide.breadth(code, until, shaping))
        if held.codes("0s"):
            found += [self.market_wide.phase(notice, shaping) for notice in self._notices if since < notice.at_ns <= until]
        self._interruptions(connection, since, until, shaping, found)
        return found

    # -- trades and what follows them -------------------------------------------------------------------------------------

    def _traded(
        self, connection: Connection, since: int, until: int, shaping: Shaping, found: list[str]
    ) -> dict[int, TradeLine]:
        """Write the trades; return the last one of each symbol that traded."""
        held = connection.registrations
        by_row, best, funds = held.by_row("0B"), held.by_row("0C"), held.by_row("0G")
        last: dict[int, TradeLine] = {}
        for trades, chosen in self._market.trades_between(since, until, held.rows):
            for line in trade_lines(trades, chosen):
                last[line.row] = line
                for item in by_row.get(line.row, ()):
                    found += self.stock.trades(line, item, shaping)
        for row, line in last.items() if best else ():
            for item in best.get(row, ()):
                found.append(self.stock.best(item, *self._market.best_after(row, line.price, line.quantity, line.volume)))
        for row, line in last.items() if funds else ():
            if self._market.panel.security_type[row] == SecurityType.ETF:
                found += [self.stock.net_assets(item, line, shaping) for item in funds.get(row, ())]
        return last

    def _books(
        self,
        connection: Connection,
        since: int,
        until: int,
        machine_ns: int,
        shaping: Shaping,
        traded: dict[int, TradeLine],
        found: list[str],
    ) -> None:
        items = connection.registrations.items("0D")
        hours = self._market.hours
        krx_open, nxt_open = hours.has_book(until), hours.has_book(until, Venue.NXT)
        if not items or not (krx_open or nxt_open):
            return
        refreshed = _crosses(since, until, _BOOK_NS)
        market, sent, shown = self._market, connection.book_sent_ns, connection.book_shown
        notice = self._notice_code(until)
        for item in items:
            if not (refreshed or item.row in traded):
                continue
            gap = int(self._limits.book_interval_s * self._book_gap[item.row] * _SECOND_NS)
            if machine_ns - sent.get(item.text, -gap) < gap:
                continue
            is_elsewhere = item.venue != KRX and nxt_open
            if not (is_elsewhere or (krx_open and item.venue != NXT)):
                continue
            book = market.book_at(item.row, until, elsewhere=is_elsewhere)
            if not any(book.ask_price) and not any(book.bid_price):
                continue
            sent[item.text] = machine_ns
            line = traded.get(item.row)
            volume = market.volume_at(item.row, until) if line is None else line.volume
            told = self._venue_volume(item, volume)
            before = shown.get(item.text)
            found.append(self._book.book(item, book, before, told, notice, (krx_open, is_elsewhere), shaping))
            shown[item.text] = book

    def _venue_volume(self, item: Item, volume: int) -> int:
        part = self._symbols.fixed(item.row).nxt_part
        there = int(volume * part)
        return volume if item.venue == KRX else there if item.venue == NXT else volume + there

    def _programs(
        self, connection: Connection, machine_ns: int, shaping: Shaping, traded: dict[int, TradeLine], found: list[str]
    ) -> None:
        sent, shown = connection.program_sent_ns, connection.program_shown
        for item in connection.registrations.items("0w"):
            line = traded.get(item.row)
            if line is not None and machine_ns - sent.get(item.text, -_PROGRAM_NS) >= _PROGRAM_NS:
                sent[item.text] = machine_ns
                text, shown[item.text] = self.stock.program(item, line, shown.get(item.text), shaping)
                found.append(text)

    # -- types with a beat of their own -----------------------------------------------------------------------------------

    def _slow_types(self, connection: Connection, since: int, until: int, shaping: Shaping, found: list[str]) -> None:
        held, market, hours = connection.registrations, self._market, self._market.hours
        if hours.in_auction(until) and _crosses(since, until, _EXPECTED_NS):
            for item in held.items("0H"):
                book = market.book_at(item.row, until)
                if book.expected_price:
                    found.append(self.stock.expected(item, book, shaping))
        if _crosses(since, until, _TOTALS_NS) and self._is_closing_price_time(until):
            for item in held.items("0E"):
                now, before = self._totals(item, until), self._totals(item, until - _TOTALS_NS)
                changes = (now[0] - before[0], now[1] - before[1])
                found.append(self.stock.after_hours(item, until, now[0], now[1], changes, shaping))
        in_session = hours.phase(until) is Phase.REGULAR
        if in_session and _crosses(since, until, _BROKERS_NS):
            for item in held.items("0F"):
                now_volume = market.quote_at(item.row, until).volume
                before_volume = market.quote_at(item.row, until - _BROKERS_NS).volume
                if now_volume > before_volume:
                    found.append(self.stock.brokers(item, now_volume, before_volume))
        if in_session and until >= hours.open_ns + MINUTE_NS and _crosses(since, until, _QUOTED_NS):
            for item in held.items("0A"):
                if market.last_trade(item.row, until) is None and market.is_listed(item.row):
                    found.append(self.stock.quoted(item, until, shaping))
        if since < hours.open_ns <= until:
            found += [self.stock.stock_info(item, "") for item in held.items("0g")]

    def _totals(self, item: Item, at_ns: int) -> tuple[int, int]:
        """Orders waiting to trade at the closing price: ask and bid shares."""
        market, slot = self._market, at_ns // _TOTALS_NS
        volume = max(int(market.facts.previous_volume[item.row]), 100)
        draws = [mix_int(market.seed, 73, int(market.keys[item.row]), slot, side) * _UNIT for side in (0, 1)]
        return int(volume * 0.004 * (0.5 + draws[0])), int(volume * 0.004 * (0.5 + draws[1]))

    def _interruptions(self, connection: Connection, since: int, until: int, shaping: Shaping, found: list[str]) -> None:
        held = connection.registrations
        items, status = held.items("1h"), held.items("0g")
        whole = bool(held.codes("1h"))
        if not (items or status or whole):
            return
        for step in self._steps():
            if not since < step.at_ns <= until:
                continue
            row = step.event.row
            ticker = str(self._market.panel.tickers[row])
            # The whole market's events come twice, as the plain code and as the combined one.
            texts = {item.text for item in items if item.row == row} | ({ticker, f"{ticker}_AL"} if whole else set())
            found += [self.market_wide.interruption(text, step.event, step.released, shaping) for text in sorted(texts)]
            text = "" if step.released else "정적VI발동" if step.event.static else "동적VI발동"
            found += [self.stock.stock_info(item, text) for item in status if item.row == row]

    def _steps(self) -> tuple[_ViStep, ...]:
        if self._vi_steps is None:
            events = self._market.all_vis()
            steps = [_ViStep(event.triggered_ns, event, False) for event in events]
            steps += [_ViStep(event.released_ns, event, True) for event in events]
            self._vi_steps = tuple(sorted(steps, key=lambda step: step.at_ns))
        return self._vi_steps

    # -- hours ------------------------------------------------------------------------------------------------------------

    def _is_index_time(self, at_ns: int) -> bool:
        hours = self._market.hours
        return hours.open_ns <= at_ns < hours.close_ns + MINUTE_NS

    def _is_closing_price_time(self, at_ns: int) -> bool:
        hours = self._market.hours
        if hours.phase(at_ns) is Phase.AFTER_CLOSE:
            return True
        begin = hours.open_ns - 30 * MINUTE_NS
        return begin <= at_ns < begin + 10 * MINUTE_NS

    def _notice_code(self, at_ns: int) -> str:
        hours = self._market.hours
        if at_ns < hours.open_ns:
            return "0"
        if at_ns < hours.ns(hours.auction_minute):
            return "3"
        return "2" if at_ns < hours.close_ns else "4"


def _add(found: list[str], entry: str | None) -> None:
    if entry is not None:
        found.append(entry)

"""Entries of REAL frames about one stock: trades, best quotes, expected match, brokers, status, programme trading.

They are built as texts, field number by field number, because thousands a second leave. Amounts are millions of won where the
vendor says so.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ralphstock_desktop.providers.kiwoom_sim.contracts import SimBook, SimProgram
from ralphstock_desktop.providers.kiwoom_sim.executions import Trades, strength_pct
from ralphstock_desktop.providers.kiwoom_sim.frame_texts import (
    KRX,
    NXT,
    Fixed,
    Item,
    Shaping,
    Symbols,
    direction_code,
    entry,
    price_text,
    rate_text,
    signed_text,
    time_text,
)
from ralphstock_desktop.providers.kiwoom_sim.market import SimMarket
from ralphstock_desktop.providers.kiwoom_sim.rest_master import BROKERS

__all__ = ["StockWriter", "TradeLine", "trade_lines"]

_SECOND_NS = 1_000_000_000
_FOREIGN_BROKERS = frozenset({"033", "036", "042", "043", "044", "045", "054"})


class TradeLine(NamedTuple):
    """One KRX trade with the day's totals after it, as plain integers."""

    row: int
    at_ns: int
    price: int
    quantity: int
    volume: int
    value_krw: int
    open: int
    high: int
    low: int
    buy_shares: int
    sell_shares: int
    buy_trades: int
    sell_trades: int
    high_ns: int
    low_ns: int


def trade_lines(trades: Trades, chosen: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[TradeLine]:
    """Some trades as plain integers, column by column, which is much cheaper than one by one."""
    columns = (getattr(trades, name)[chosen].tolist() for name in TradeLine._fields)
    return [TradeLine(*values) for values in zip(*columns, strict=True)]


class StockWriter:
    """Writes entries about single stocks.

    Parameters
    ----------
    market : SimMarket
        The replayed day.
    symbols : Symbols
        What is fixed about its stocks.
    """

    def __init__(self, market: SimMarket, symbols: Symbols) -> None:
        self._market = market
        self._symbols = symbols
        hours = market.hours
        self._regular = (hours.open_ns, hours.close_ns + 30 * _SECOND_NS)

    def _phase_code(self, at_ns: int) -> str:
        if at_ns < self._regular[0]:
            return "1"
        return "2" if at_ns < self._regular[1] else "3"

    @staticmethod
    def _of_venue(item: Item, fixed: Fixed, volume: int) -> int:
        """A KRX volume as the item's venue counts it."""
        there = int(volume * fixed.nxt_part)
        return volume if item.venue == KRX else there if item.venue == NXT else volume + there

    # -- trades -----------------------------------------------------------------------------------------------------------

    def trades(self, line: TradeLine, item: Item, shaping: Shaping) -> list[str]:
        """Entries of type 0B of one KRX trade as an item's venue sees it: the trade, its NXT companion, or both.

        The NXT part of a volume is a fixed share of the KRX volume, rounded down; a companion trade appears when that grows.
        """
        fixed = self._symbols.fixed(item.row)
        if item.venue == KRX or not fixed.nxt_part:
            return [] if item.venue == NXT else [self._trade(line, item, fixed, line.quantity, line.volume, True, shaping)]
        part = fixed.nxt_part
        there, there_before = int(line.volume * part), int((line.volume - abs(line.quantity)) * part)
        companion = (there - there_before) * (1 if line.quantity >= 0 else -1)
        found = []
        if item.venue != NXT:
            found.append(self._trade(line, item, fixed, line.quantity, line.volume + there_before, True, shaping))
        if companion:
            volume = there if item.venue == NXT else line.volume + there
            found.append(self._trade(line, item, fixed, companion, volume, False, shaping))
        return found

    def _trade(
        self, line: TradeLine, item: Item, fixed: Fixed, quantity: int, volume: int, on_krx: bool, shaping: Shaping
    ) -> str:
        price, base, value = line.price, fixed.base, line.value_krw
        bought, sold = line.buy_shares, line.sell_shares
        if volume != line.volume:
            # Totals of another venue are the KRX totals in the proportion of the volumes.
            value, bought, sold = (total * volume // line.volume for total in (value, bought, sold))
        ask, bid = self._market.best_after(item.row, price, line.quantity, line.volume)
        sign = "+" if quantity >= 0 else "-"
        own = f"{sign}{abs(quantity)}"
        share = bought / (bought + sold) * 100.0 if bought + sold else 0.0
        buying = f"+{share:.2f}" if share >= 50.0 else f"-{share:.2f}" if share else "0.00"
        # Yesterday as the same venue counted it: like is compared with like.
        whole = fixed.before_volume
        earlier = self._of_venue(item, fixed, whole)
        earlier_value = fixed.before_value * earlier // whole if whole else fixed.before_value
        grown = volume - earlier
        ratio = volume / earlier * 100.0 if earlier else 0.0
        turnover = volume / fixed.shares * 100.0 if fixed.shares else 0.0
        high_at, low_at = time_text(line.high_ns), time_text(line.low_ns)
        loan = price if fixed.is_kospi else 0
        return entry(
            "0B",
            "주식체결",
            item.text,
            f'"20":"{time_text(line.at_ns + shaping.shift_ns)}","10":"{price_text(price, base)}",'
            f'"11":"{signed_text(price - base)}","12":"{rate_text(price, base)}","27":"{price_text(ask, base)}",'
            f'"28":"{price_text(bid, base)}","15":"{own}","13":"{volume * shaping.factor}",'
            f'"14":"{value // 1_000_000 * shaping.factor}","16":"{price_text(line.open, base)}",'
            f'"17":"{price_text(line.high, base)}","18":"{price_text(line.low, base)}","25":"{direction_code(price, fixed)}",'
            f'"26":"{signed_text(grown)}","29":"{signed_text(value - earlier_value)}",'
            f'"30":"{"-" if grown < 0 else "+"}{ratio:.2f}","31":"{turnover:.2f}",'
            f'"32":"{price * 2305 // 1_000_000}","228":"{strength_pct(bought, sold):.2f}",'
            f'"311":"{round(price * fixed.shares / 1e8)}","290":"{self._phase_code(line.at_ns)}","691":"0",'
            f'"567":"{high_at if line.high >= fixed.upper > base else "000000"}",'
            f'"568":"{low_at if 0 < line.low <= fixed.lower < base else "000000"}",'
            f'"851":"{f"{ratio * 100.0:.0f}" if ratio else ""}",'
            f'"1890":"{fixed.open_at}","1891":"{high_at}","1892":"{low_at}","1030":"{sold}","1031":"{bought}","1032":"{buying}",'
            f'"1071":"{line.sell_trades}","1072":"{line.buy_trades}","1313":"{sign}{abs(quantity) * price // 1_000}",'
            f'"1315":"{" 0" if quantity >= 0 else own}","1316":"{own if quantity >= 0 else " 0"}",'
            f'"1314":"{signed_text(bought - sold)}","1497":"{loan * 2 // 5}","1498":"{loan * 8 // 25}",'
            f'"620":"{value // volume if volume else 0}","732":"{loan * 502 // 100_000}","852":"{loan * 401 // 100_000}",'
            f'"9081":"{"KRX" if on_krx else "NXT"}"',
        )

    def quoted(self, item: Item, now_ns: int, shaping: Shaping) -> str:
        """Type 0A: a quote-driven price without a trade."""
        fixed, market = self._symbols.fixed(item.row), self._market
        quote = market.quote_at(item.row, now_ns)
        base, volume, price = fixed.base, quote.volume, quote.price
        grown = volume - fixed.before_volume
        ratio = volume / fixed.before_volume * 100.0 if fixed.before_volume else 0.0
        return entry(
            "0A",
            "주식기세",
            item.text,
            f'"10":"{price_text(price, base)}","11":"{signed_text(price - base)}","12":"{rate_text(price, base)}",'
            f'"27":"{price_text(quote.ask, base)}","28":"{price_text(quote.bid, base)}","13":"{volume * shaping.factor}",'
            f'"14":"{quote.value_krw // 1_000_000 * shaping.factor}","16":"{price_text(quote.open, base)}",'
            f'"17":"{price_text(quote.high, base)}","18":"{price_text(quote.low, base)}","25":"{direction_code(price, fixed)}",'
            f'"26":"{signed_text(grown)}","29":"{signed_text(quote.value_krw - fixed.before_value)}",'
            f'"30":"{"-" if grown < 0 else "+"}{ratio:.2f}",'
            f'"31":"{volume / fixed.shares * 100.0 if fixed.shares else 0.0:.2f}","32":"{price * 2305 // 1_000_000}",'
            f'"311":"{round(price * fixed.shares / 1e8)}","567":"000000","568":"000000"',
        )

    def net_assets(self, item: Item, line: TradeLine, shaping: Shaping) -> str:
        """Type 0G: a fund's net asset value at a trade, against the day before's, and how far the price is from it."""
        fixed, facts = self._symbols.fixed(item.row), self._market.static
        price, base, volume = line.price, fixed.base, self._of_venue(item, fixed, line.volume)
        nav = facts.fund_nav(item.row, facts.day.toordinal(), price)
        before = facts.fund_nav(item.row, facts.last_past_day.toordinal(), base)
        sign = "+" if nav > before else "-" if nav < before else " "
        gap = f"{(price - nav) / nav * 100.0:+.2f}"
        return entry(
            "0G",
            "ETF NAV",
            item.text,
            f'"36":"{sign}{nav:.2f}","37":"{nav - before:+.2f}","38":"{(nav - before) / before * 100.0:+.2f}",'
            f'"39":"{facts.tracking_error(item.row):.2f}","20":"{time_text(line.at_ns + shaping.shift_ns)}",'
            f'"10":"{price_text(price, base)}","11":"{signed_text(price - base)}","12":"{rate_text(price, base)}",'
            f'"13":"{volume * shaping.factor}","25":"{direction_code(price, fixed)}","667":"0.00","668":"0.00","669":"0.00",'
            f'"265":"{gap}","266":"{gap}"',
        )

    def best(self, item: Item, ask: int, bid: int) -> str:
        """Type 0C: best quotes."""
        base = self._symbols.fixed(item.row).base
        return entry("0C", "주식우선호가", item.text, f'"27":"{price_text(ask, base)}","28":"{price_text(bid, base)}"')

    def expected(self, item: Item, book: SimBook, shaping: Shaping) -> str:
        """Type 0H: the expected match."""
        fixed = self._symbols.fixed(item.row)
        price, base = book.expected_price, fixed.base
        quote = self._market.quote_at(item.row, book.at_ns)
        return entry(
            "0H",
            "주식예상체결",
            item.text,
            f'"20":"{time_text(book.at_ns + shaping.shift_ns)}","10":"{price_text(price, base)}",'
            f'"11":"{signed_text(price - base)}","12":"{rate_text(price, base)}",'
            f'"15":"+{book.expected_quantity}","13":"{quote.volume * shaping.factor}",'
            f'"25":"{direction_code(price, fixed)}"',
        )

    # -- what surrounds a stock -------------------------------------------------------------------------------------------

    def after_hours(self, item: Item, at_ns: int, asks: int, bids: int, changes: tuple[int, int], shaping: Shaping) -> str:
        """Type 0E: totals of the trading at the closing price."""
        return entry(
            "0E",
            "주식시간외호가",
            item.text,
            f'"21":"{time_text(at_ns + shaping.shift_ns)}","131":"{asks}","132":"{signed_text(changes[0])}",'
            f'"135":"{bids}","136":"{signed_text(changes[1])}"',
        )

    def brokers(self, item: Item, volume: int, before_volume: int) -> str:
        """Type 0F: five brokers a side with a plausible part of the day's volume."""
        static = self._market.static
        day = static.day.toordinal()
        fields: list[str] = []
        foreign = [0, 0, 0, 0]
        for side, base, tone in ((0, 141, 271), (1, 151, 281)):
            order = sorted(
                range(len(BROKERS)),
                key=lambda n, side=side: static.chance(item.row, 41 + side, day, n) + 0.5 * (BROKERS[n][0] == "050"),  # type: ignore[misc]
            )
            for place in range(1, 6):
                code, name = BROKERS[order[-place]]
                quantity, change = int(volume * 0.24 / place), int(volume * 0.24 / place) - int(before_volume * 0.24 / place)
                is_foreign = code in _FOREIGN_BROKERS
                if is_foreign:
                    foreign[2 * side] += quantity
                    foreign[2 * side + 1] += change
                colour = ("DGDB" if side else "DHDB") if is_foreign else "!!!!"
                number = base + place - 1
                fields.append(
                    f'"{number}":"{name}","{number + 20}":"{quantity}","{number + 25}":"{signed_text(change)}",'
                    f'"{number + 5}":"{code}","{tone + place - 1}":"{colour}"'
                )
        sold, sold_change, bought, bought_change = foreign
        fields.append(
            f'"261":"{sold}","262":"{signed_text(sold_change)}","263":"{bought}","264":"{signed_text(bought_change)}",'
            f'"267":"{signed_text(bought - sold)}","268":"{signed_text(bought_change - sold_change)}","337":"1"'
        )
        return entry("0F", "주식당일거래원", item.text, ",".join(fields))

    def stock_info(self, item: Item, text: str) -> str:
        """Type 0g: status, limits and base price."""
        fixed = self._symbols.fixed(item.row)
        margin = int(self._market.static.margin_pct[item.row])
        return entry(
            "0g",
            "주식종목정보",
            item.text,
            f'"297":"{text}","592":"","593":"","305":"+{fixed.upper}","306":"-{fixed.lower}","307":"{fixed.base}",'
            f'"689":"","594":"","382":"{margin}%","370":""',
        )

    def program(self, item: Item, line: TradeLine, before: SimProgram | None, shaping: Shaping) -> tuple[str, SimProgram]:
        """Type 0w: programme trading after a trade; changes against what was told before."""
        fixed = self._symbols.fixed(item.row)
        now = self._market.program_after(item.row, line.volume, line.value_krw)
        # The net amount is the difference of the two amounts beside it, as the vendor's frames have it.
        net, net_amount = now.buy_shares - now.sell_shares, _net_millions(now)
        old = before or now
        change, change_amount = net - (old.buy_shares - old.sell_shares), net_amount - _net_millions(old)
        volume = self._of_venue(item, fixed, line.volume)
        price, base = line.price, fixed.base
        text = entry(
            "0w",
            "종목별프로그램매매",
            item.text,
            f'"20":"{time_text(line.at_ns + shaping.shift_ns)}","10":"{price_text(price, base)}",'
            f'"25":"{direction_code(price, fixed)}","11":"{signed_text(price - base)}","12":"{rate_text(price, base)}",'
            f'"13":"{volume * shaping.factor}","202":"{now.sell_shares}","204":"{now.sell_krw // 1_000_000}",'
            f'"206":"{now.buy_shares}",'
            f'"208":"{now.buy_krw // 1_000_000}","210":"{net}","212":"{net_amount}","213":"{change_amount}",'
            f'"211":"{change}"',
        )
        return text, now


def _net_millions(program: SimProgram) -> int:
    return program.buy_krw // 1_000_000 - program.sell_krw // 1_000_000

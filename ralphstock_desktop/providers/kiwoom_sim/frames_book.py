"""Entries of REAL frames with the order book: ten levels a side, totals, expected match, parts by venue."""

from __future__ import annotations

from collections.abc import Sequence

from engine.calendar.sessions import Phase, Venue
from ralphstock_desktop.providers.kiwoom_sim.book import nxt_portion
from ralphstock_desktop.providers.kiwoom_sim.contracts import SimBook
from ralphstock_desktop.providers.kiwoom_sim.frame_texts import (
    COMBINED,
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

__all__ = ["BookWriter"]

_MIDPOINTS = ",".join(f'"{number}":"0"' for number in range(6100, 6116))
_NOTHING = (0,) * 10
_NO_MATCH = (
    '"23":"0","24":"0","200":"0","201":"0.00","238":"3","291":"0","292":"0","293":"3","294":"0","295":"0.00","299":"0.00"'
)


class BookWriter:
    """Writes entries of type 0D.

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

    def book(
        self,
        item: Item,
        book: SimBook,
        before: SimBook | None,
        volume: int,
        notice: str,
        open_venues: tuple[bool, bool],
        shaping: Shaping,
    ) -> str:
        """Type 0D: ten levels, totals, expected match; for the combined venue with the parts of both.

        ``open_venues`` tells whether KRX and NXT take orders; a closed venue has nothing in the book.
        """
        fixed = self._symbols.fixed(item.row)
        base = fixed.base
        krx_open, nxt_open = open_venues
        part = fixed.nxt_part if item.venue != KRX and nxt_open else 0.0
        regular = self._market.hours.phase(book.at_ns, Venue.KRX) is not Phase.AFTER_MARKET
        krx_ask, krx_bid = (book.ask_size, book.bid_size) if krx_open and item.venue != NXT else (_NOTHING, _NOTHING)
        nxt_ask, nxt_bid = nxt_portion(book.ask_size, part), nxt_portion(book.bid_size, part)
        asks = tuple(a + b for a, b in zip(krx_ask, nxt_ask, strict=True))
        bids = tuple(a + b for a, b in zip(krx_bid, nxt_bid, strict=True))
        split = item.venue == COMBINED and regular
        fields = [f'"21":"{time_text(book.at_ns + shaping.shift_ns)}"']
        fields += [f'"{41 + n}":"{price_text(price, base) if price else "0"}"' for n, price in enumerate(book.ask_price)]
        fields += [f'"{61 + n}":"{size}"' for n, size in enumerate(asks)]
        fields += [f'"{51 + n}":"{price_text(price, base) if price else "0"}"' for n, price in enumerate(book.bid_price)]
        fields += [f'"{71 + n}":"{size}"' for n, size in enumerate(bids)]
        fields += _changes(81, book.ask_size, before.ask_size if before else None)
        fields += _changes(91, book.bid_size, before.bid_size if before else None)
        total_ask, total_bid = sum(asks), sum(bids)
        ask_before = sum(before.ask_size) if before else sum(book.ask_size)
        bid_before = sum(before.bid_size) if before else sum(book.bid_size)
        fields += [
            f'"121":"{total_ask}","122":"{signed_text(sum(book.ask_size) - ask_before)}",'
            f'"125":"{total_bid}","126":"{signed_text(sum(book.bid_size) - bid_before)}"',
            self._expected_fields(book, fixed),
            f'"128":"{signed_text(total_bid - total_ask)}","129":"{total_bid / total_ask * 100.0 if total_ask else 0.0:.2f}",'
            f'"138":"{signed_text(total_ask - total_bid)}","139":"{total_ask / total_bid * 100.0 if total_bid else 0.0:.2f}"',
            f'"13":"{volume * shaping.factor}","215":"{notice}","216":""',
        ]
        fields += [f'"{621 + n}":"0","{631 + n}":"0"' for n in range(10)]
        for first, sizes in ((6044, krx_ask), (6054, krx_bid)):
            fields += [f'"{first + n}":"{size}"' for n, size in enumerate(sizes if split else _NOTHING)]
        fields.append(f'"6064":"{sum(krx_ask) if split else 0}","6065":"{sum(krx_bid) if split else 0}"')
        for first, sizes in ((6066, nxt_ask), (6076, nxt_bid)):
            fields += [f'"{first + n}":"{size}"' for n, size in enumerate(sizes if split else _NOTHING)]
        fields.append(f'"6086":"{sum(nxt_ask) if split else 0}","6087":"{sum(nxt_bid) if split else 0}"')
        fields.append(_MIDPOINTS)
        return entry("0D", "주식호가잔량", item.text, ",".join(fields))

    def _expected_fields(self, book: SimBook, fixed: Fixed) -> str:
        price, quantity, base = book.expected_price, book.expected_quantity, fixed.base
        if not price:
            return _NO_MATCH
        text, change, rate, direction = (
            price_text(price, base),
            signed_text(price - base),
            rate_text(price, base),
            direction_code(price, fixed),
        )
        share = quantity / fixed.before_volume * 100.0 if fixed.before_volume else 0.0
        return (
            f'"23":"{text}","24":"{quantity}","200":"{change}","201":"{rate}","238":"{direction}","291":"{text}",'
            f'"292":"{quantity}","293":"{direction}","294":"{change}","295":"{rate}","299":"{share:.2f}"'
        )


def _changes(first: int, sizes: Sequence[int], before: Sequence[int] | None) -> list[str]:
    """Changes of the level sizes as one side of the exchange saw them: by place, not by price."""
    if before is None:
        return [f'"{first + n}":"0"' for n in range(10)]
    return [f'"{first + n}":"{signed_text(size - old)}"' for n, (size, old) in enumerate(zip(sizes, before, strict=True))]

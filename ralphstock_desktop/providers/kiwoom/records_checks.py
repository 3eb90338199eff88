"""Whether a record can be true: prices, quantities, amounts and dates that do not fit each other are refused at the border.

The bounds are wide (an order of magnitude): they catch a wrong unit or a shifted column, not an unusual day.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final, NamedTuple

from engine.model.instants import kst_ns
from engine.model.live import MISSING
from ralphstock_desktop.providers.kiwoom.records_wire import MILLION, Measure

__all__ = ["EXCHANGE_OPENED", "FACTOR", "LEAST_AVERAGE_KRW", "MOST_AVERAGE_KRW", "Doubt", "doubt_of"]

EXCHANGE_OPENED: Final = date(1956, 3, 3)
"""No fact of the exchange is older."""
FACTOR: Final = 10
"""Amount and quantity x price may differ by so much."""
_DAY_NS: Final = 86_400_000_000_000
LEAST_AVERAGE_KRW: Final = 30
MOST_AVERAGE_KRW: Final = 3_000_000


class Doubt(NamedTuple):
    """Why a record is not believed: our name of the field, its value, and what would be right."""

    field: str
    value: object
    right: str


Check = Callable[[Any, date | None, int], Doubt | None]


def _known(*values: Any) -> bool:
    """Whether all are there. NaN and MISSING compare false with everything sensible below, so they are sorted out here."""
    return all(value is not None and value != MISSING and value == value for value in values)


def _bar(record: Any, _today: date | None, slack: int) -> Doubt | None:
    """Prices of a stock's bar: in order, above 0 where something was traded."""
    low, high, opened, close = record.low_krw, record.high_krw, record.open_krw, record.close_krw
    if close <= 0:
        return Doubt("close_krw", close, "above 0")
    if record.volume_shares == 0 and opened == high == low == 0:
        return None
    if low <= 0:
        return Doubt("low_krw", low, "above 0 on a day with trades")
    if low > min(opened, close) + slack or high < max(opened, close) - slack or low > high:
        return Doubt("high_krw", f"{opened}/{high}/{low}/{close}", "low <= open and close <= high")
    return None


def _quote_range(record: Any, _today: date | None, _slack: int) -> Doubt | None:
    """Open, high and low of a quote, which are 0 or blank before the first trade; the price within the day's limits."""
    price = record.last_krw if hasattr(record, "last_krw") else record.close_krw
    if _known(record.low_krw, record.high_krw) and record.low_krw > record.high_krw:
        return Doubt("low_krw", record.low_krw, f"at most the high {record.high_krw}")
    upper, lower = getattr(record, "upper_limit_krw", MISSING), getattr(record, "lower_limit_krw", MISSING)
    if _known(upper, lower, price) and upper > 0 and lower > 0 and price > 0 and not lower <= price <= upper:
        return Doubt("close_krw", price, f"within the limits {lower} to {upper}")
    return None


def _index_bar(record: Any, _today: date | None, _slack: int) -> Doubt | None:
    low, high, opened, close = record.low, record.high, record.open, record.level
    if close <= 0:
        return Doubt("level", close, "above 0")
    if not _known(low, high, opened) or (low == high == opened == 0):
        return None
    # Decimals of two digits: half a hundredth lies between any two levels.
    if low > min(opened, close) + 0.005 or high < max(opened, close) - 0.005 or low > high:
        return Doubt("high", f"{opened}/{high}/{low}/{close}", "low <= open and level <= high")
    return None


def _value(record: Any, _today: date | None, slack: int) -> Doubt | None:
    """Traded value against quantity x price; adjusted prices (``slack``) are no measure of it."""
    volume, value = record.volume_shares, record.value_krw
    price = record.last_krw if hasattr(record, "last_krw") else record.close_krw
    if slack or not _known(volume, value, price) or price <= 0:
        return None
    low, high = getattr(record, "low_krw", MISSING), getattr(record, "high_krw", MISSING)
    least = low if _known(low) and low > 0 else price
    most = high if _known(high) and high > 0 else price
    if not volume * min(least, price) // FACTOR - MILLION <= value <= volume * max(most, price) * FACTOR + MILLION:
        return Doubt("value_krw", value, f"about {volume} shares x {price} won")
    return None


_INVESTORS: Final = (
    "individual",
    "foreign",
    "institution",
    "securities",
    "insurance",
    "investment_trust",
    "other_finance",
    "bank",
    "pension",
    "private_fund",
    "state",
    "other_corp",
)


def investors_doubt(record: Any, measure: Measure) -> Doubt | None:
    """Return why a day's flows cannot be: nobody trades ten times what was traded."""
    whole = record.value_krw if measure is Measure.WON else record.volume_shares
    step = MILLION if measure is Measure.WON else 1_000
    if not _known(whole):
        return None
    for name in _INVESTORS:
        found = getattr(record, name)
        if _known(found) and abs(found) > FACTOR * (whole + step):
            return Doubt(name, found, f"at most about the {whole} traded")
    return None


def _dates(record: Any, today: date | None, _slack: int) -> Doubt | None:
    if today is None:
        return None
    day = getattr(record, "day", None)
    if day is not None and not EXCHANGE_OPENED <= day <= today:
        return Doubt("day", day.isoformat(), f"from {EXCHANGE_OPENED} to {today}")
    at_ns = getattr(record, "at_ns", MISSING)
    if at_ns != MISSING and not kst_ns(EXCHANGE_OPENED, 0) <= at_ns < kst_ns(today, 0) + _DAY_NS:
        return Doubt("at_ns", at_ns, f"not after {today}")
    return None


def _ladder(record: Any, _today: date | None, _slack: int) -> Doubt | None:
    """Levels move away from the best; empty ones are skipped."""
    asks = [price for price in record.ask_krw if price not in (0, MISSING)]
    bids = [price for price in record.bid_krw if price not in (0, MISSING)]
    if asks != sorted(asks) or len(set(asks)) != len(asks):
        return Doubt("ask_krw", str(asks)[:60], "asks rising from the best")
    if bids != sorted(bids, reverse=True) or len(set(bids)) != len(bids):
        return Doubt("bid_krw", str(bids)[:60], "bids falling from the best")
    return None


def _execution(record: Any, _today: date | None, _slack: int) -> Doubt | None:
    if record.close_krw <= 0:
        return Doubt("close_krw", record.close_krw, "above 0")
    if _known(record.quantity_shares, record.volume_shares) and abs(record.quantity_shares) > record.volume_shares:
        return Doubt("volume_shares", record.volume_shares, f"at least the trade of {record.quantity_shares}")
    return None


def _index_value(record: Any, _today: date | None, _slack: int) -> Doubt | None:
    """Average price of what an index's stocks traded: a few to some millions of won."""
    volume, value = record.volume_shares, record.value_krw
    if not _known(volume, value) or volume <= 0:
        return None
    if not volume * LEAST_AVERAGE_KRW - MILLION <= value <= volume * MOST_AVERAGE_KRW + MILLION:
        return Doubt("value_krw", value, f"the value of {volume} shares")
    return None


def _programme(record: Any, _today: date | None, _slack: int) -> Doubt | None:
    """Net is purchases less sales; each of the three is rounded to a million won."""
    buy, sell, net = record.all_buy_krw, record.all_sell_krw, record.all_net_krw
    if _known(buy, sell, net) and abs(buy - sell - net) > 3 * MILLION:
        return Doubt("all_net_krw", net, f"{buy - sell}")
    return None


def _both(record: Any, _today: date | None, _slack: int) -> Doubt | None:
    """What institutions and foreigners net together; each of the three is rounded to a million won."""
    parts = (record.institution_krw, record.foreign_krw, record.both_krw)
    if _known(*parts) and abs(parts[0] + parts[1] - parts[2]) > 3 * MILLION:
        return Doubt("both_krw", parts[2], f"{parts[0] + parts[1]}")
    return None


_CHECKS: Final[dict[str, tuple[Check, ...]]] = {
    "TickBar": (_bar,),
    "MinuteBar": (_bar,),
    "DayBar": (_bar, _value),
    "PeriodBar": (_bar, _value),
    "YearBar": (_bar, _value),
    "DayPrice": (_bar, _value),
    "DayDetail": (_value,),
    "InvestorDay": (_value,),
    "WatchQuote": (_quote_range, _value),
    "StockInfo": (_quote_range,),
    "Execution": (_execution, _value),
    "StrengthPoint": (_value,),
    "VolumeRank": (_value,),
    "ValueRank": (_value,),
    "OrderBook": (_ladder,),
    "AfterHoursBook": (_ladder,),
    "IndexSnapshot": (_index_bar, _index_value),
    "SectorIndex": (_index_value,),
    "ProgramTime": (_programme,),
    "ProgramDay": (_programme,),
    "RunRank": (_both,),
    "IndexTickBar": (_index_bar,),
    "IndexMinuteBar": (_index_bar,),
    "IndexBar": (_index_bar, _index_value),
}
"""Record to what it must pass besides its dates."""


def doubt_of(record: Any, *, today: date | None, measure: Measure, adjusted: bool, is_private: bool = False) -> Doubt | None:
    """Return why a record cannot be true; None if nothing speaks against it.

    Parameters
    ----------
    record : record
        Any record of the catalogue.
    today : date or None
        Day of the market's clock; nothing may be later. None checks no dates.
    measure : Measure
        What investor columns are counted in.
    adjusted : bool
        Prices are adjusted and rounded afterwards: their order may be a won off, and amounts do not fit them.
    """
    if is_private:
        return None
    slack = 1 if adjusted else 0
    for check in (_dates, *_CHECKS.get(type(record).__name__, ())):
        doubt = check(record, today, slack)
        if doubt is not None:
            return doubt
    return investors_doubt(record, measure) if type(record).__name__ == "InvestorDay" else None

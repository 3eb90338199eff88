"""From rows of the broker's master to symbols and designations.

The market is the request's, the type the row's ``marketCode``; among stocks the name tells preferred shares and SPACs apart,
because the master does not. Codes and flags nobody knows become *unknown* or a remark, never a default.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from engine.model.instruments import Designation, DesignationFlag, Market, SecurityType, Symbol, infer_security_type
from engine.model.live import MISSING
from ralphstock_desktop.live_ports import Listing
from ralphstock_desktop.providers.kiwoom.records_quotes import StockListing

__all__ = ["designations_of", "listing_of", "security_type_of"]

_TYPES: Final = {
    "2": SecurityType.FUND,
    "3": SecurityType.ELW,
    "4": SecurityType.FUND,
    "5": SecurityType.RIGHTS,
    "6": SecurityType.REIT,
    "7": SecurityType.RIGHTS,
    "8": SecurityType.ETF,
    "9": SecurityType.FUND,
    "60": SecurityType.ETN,
    "70": SecurityType.ETN,
    "90": SecurityType.ETN,
}
"""``marketCode`` of what is no stock."""
_STOCKS: Final = frozenset({"0", "10", "50"})

_WARNINGS: Final = {
    "1": DesignationFlag.CAUTION,
    "2": DesignationFlag.CLEANUP,
    "3": DesignationFlag.OVERHEAT,
    "4": DesignationFlag.DANGER,
    "5": DesignationFlag.WARNING,
}
"""``orderWarning``"""
_WORDS: Final = {
    "관리종목": DesignationFlag.ADMIN,
    "투자주의환기종목": DesignationFlag.CAUTION_ISSUE,
    "환기종목": DesignationFlag.CAUTION_ISSUE,
    "거래정지": DesignationFlag.HALT,
    "정리매매": DesignationFlag.CLEANUP,
    "투자경고": DesignationFlag.WARNING,
    "투자경고종목": DesignationFlag.WARNING,
    "투자위험": DesignationFlag.DANGER,
    "투자위험종목": DesignationFlag.DANGER,
    "단기과열": DesignationFlag.OVERHEAT,
    "단기과열종목": DesignationFlag.OVERHEAT,
    "투자주의": DesignationFlag.CAUTION,
    "투자주의종목": DesignationFlag.CAUTION,
}
"""Words of ``auditInfo`` and ``state``."""
_HARMLESS: Final = ("증거금", "담보대출", "신용", "정상", "대주", "공매도", "액면")
"""Beginnings of words that designate nothing: a margin of 100 % is no halt."""


def security_type_of(row: StockListing) -> SecurityType:
    """Return the type of a listed issue."""
    if row.market_code in _TYPES:
        return _TYPES[row.market_code]
    if row.market_code not in _STOCKS:
        return SecurityType.UNKNOWN
    if row.kind == "Q":
        return SecurityType.ETN
    return infer_security_type(row.ticker, row.name)


def designations_of(row: StockListing) -> DesignationFlag:
    """Return what the exchange says of an issue today."""
    flags = _WARNINGS.get(row.order_warning, DesignationFlag.NONE)
    for word in (row.audit, *row.state.split("|")):
        bare = word.strip()
        if bare in _WORDS:
            flags |= _WORDS[bare]
        elif bare and not bare.startswith(_HARMLESS):
            flags |= DesignationFlag.REMARK
    return flags


def listing_of(rows: Iterable[tuple[Market, StockListing]], as_of: date) -> Listing:
    """Build the master from rows tagged with the market they were asked for; the first row of a code counts."""
    symbols: dict[str, Symbol] = {}
    designations: list[Designation] = []
    nxt: set[str] = set()
    base_krw: dict[str, int] = {}
    for market, row in rows:
        if row.ticker in symbols:
            continue
        symbols[row.ticker] = Symbol(
            ticker=row.ticker,
            name=row.name,
            market=market,
            type=security_type_of(row),
            sector=row.sector or None,
            listed_on=row.listed_on,
            shares_out=row.listed_shares if row.listed_shares > 0 else None,
        )
        found = designations_of(row)
        designations += [Designation(row.ticker, flag, as_of) for flag in DesignationFlag if flag and flag in found]
        if row.nxt == "Y":
            nxt.add(row.ticker)
        if row.base_krw not in (MISSING, 0):
            base_krw[row.ticker] = row.base_krw
    ordered = tuple(symbols[ticker] for ticker in sorted(symbols))
    return Listing(ordered, tuple(designations), as_of, frozenset(nxt), base_krw)

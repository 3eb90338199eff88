"""What files say about the issues themselves: names, markets, types, listing days, and designations from the KOSDAQ section.

Master rows have no date of their own in the store, and the files of one import may be of different days. So everything they
say is collected first and merged (a later day wins, field by field; nothing known is replaced by nothing), and each file then
stores the merged rows of its own tickers. Importing the same files again finds nothing to change, in any order.

Types follow domain.md §1.1: the master's security group and kind of share, KRX's industry for property and investment
companies, and only then the name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np

from engine.calendar.trading_days import TradingCalendar
from engine.model.instruments import Designation, DesignationFlag, Market, SecurityType, Symbol, infer_security_type
from ralphstock_desktop.data.importing import columns as read
from ralphstock_desktop.data.importing.columns import MISSING_INT
from ralphstock_desktop.data.importing.convert import Converter, Counts
from ralphstock_desktop.data.importing.prices import read_tickers
from ralphstock_desktop.data.importing.recognise import day_of_file
from ralphstock_desktop.data.importing.rows import Chunk, RowFilter
from ralphstock_desktop.ports import UnitOfWork

__all__ = ["MasterConverter", "Masters", "security_type"]

_FUND_INDUSTRIES = ("신탁업 및 집합투자업",)
_FUND_NAMES = ("인프라", "유전", "선박", "리얼티", "펀드")
_PROPERTY_INDUSTRIES = ("부동산 임대 및 공급업", *_FUND_INDUSTRIES)
_GROUPS: tuple[tuple[str, SecurityType], ...] = (
    ("부동산투자회사", SecurityType.REIT),
    ("상장지수펀드", SecurityType.ETF),
    ("ETF", SecurityType.ETF),
    ("상장지수증권", SecurityType.ETN),
    ("ETN", SecurityType.ETN),
    ("주식워런트", SecurityType.ELW),
    ("ELW", SecurityType.ELW),
    ("투자회사", SecurityType.FUND),
    ("사회간접자본", SecurityType.FUND),
    ("수익증권", SecurityType.FUND),
    ("신주인수권", SecurityType.RIGHTS),
    ("채권", SecurityType.BOND),
)
_SECTIONS: tuple[tuple[str, DesignationFlag], ...] = (
    ("관리종목", DesignationFlag.ADMIN),
    ("투자주의환기", DesignationFlag.CAUTION_ISSUE),
)


def security_type(
    ticker: str, name: str, *, group: str = "", kind: str = "", industry: str = "", section: str = ""
) -> SecurityType:
    """Return the type of an issue from what its master row says (domain.md §1.1)."""
    for words, found in _GROUPS:
        if words in group:
            return found
    if "우선주" in kind:
        return SecurityType.PREFERRED
    if section.startswith("SPAC"):
        return SecurityType.SPAC
    if "리츠" in name and industry in _PROPERTY_INDUSTRIES:
        return SecurityType.REIT
    # Venture-capital and trust companies share this industry with listed funds, and their shares are common stock.
    if industry in _FUND_INDUSTRIES and any(word in name for word in _FUND_NAMES):
        return SecurityType.FUND
    return infer_security_type(ticker, name)


@dataclass
class _Known:
    """One issue as collected so far."""

    symbol: Symbol
    as_of: date
    type_rank: int
    listed_at: date
    """Last day a listing or a market-day table showed the issue; ``date.min`` if none did."""


@dataclass
class Masters:
    """Everything the files of one import say about issues."""

    calendar: TradingCalendar
    _known: dict[str, _Known] = field(default_factory=dict)
    _observed_days: dict[str, set[date]] = field(default_factory=dict)
    """Days on which a section was observed at all, by ticker."""
    _sections: dict[tuple[str, DesignationFlag], set[date]] = field(default_factory=dict)

    def note(self, symbol: Symbol, as_of: date, *, type_rank: int, listed: bool) -> None:
        """Add what one master row says on a day.

        ``type_rank``: 0 where the type comes from the name, 1 where the industry speaks for common stock, 2 from a list of
        one type, 3 from the master's own security group or kind, or an industry that is no common stock's.
        """
        old = self._known.get(symbol.ticker)
        listed_at = as_of if listed else date.min
        if old is None:
            self._known[symbol.ticker] = _Known(symbol, as_of, type_rank, listed_at)
            return
        newer, older = (symbol, old.symbol) if as_of >= old.as_of else (old.symbol, symbol)
        changes: dict[str, Any] = {
            name: getattr(older, name)
            for name in ("sector", "name_en", "isin", "listed_on", "delisted_on", "shares_out", "par_krw")
            if getattr(newer, name) is None
        }
        if newer.name == "":
            changes["name"] = older.name
        if newer.market is Market.UNKNOWN:
            changes["market"] = older.market
        keeps_old_type = old.type_rank > type_rank or (old.type_rank == type_rank and as_of < old.as_of)
        changes["type"] = old.symbol.type if keeps_old_type else symbol.type
        self._known[symbol.ticker] = _Known(
            replace(newer, **changes), max(as_of, old.as_of), max(type_rank, old.type_rank), max(listed_at, old.listed_at)
        )

    def note_section(self, ticker: str, section: str, day: date) -> None:
        """Add the KOSDAQ section of an issue on a day (an empty section is an observation too)."""
        self._observed_days.setdefault(ticker, set()).add(day)
        for words, flag in _SECTIONS:
            if words in section:
                self._sections.setdefault((ticker, flag), set()).add(day)

    def symbols(self, tickers: Iterable[str]) -> dict[date | None, list[Symbol]]:
        """Merged master rows of the tickers that are known, by the last day a listing showed them (None: only delistings).

        A delisting that lies before a day on which the issue was still listed was a move between markets and is left out.
        """
        found: dict[date | None, list[Symbol]] = {}
        for ticker in sorted(set(tickers)):
            known = self._known.get(ticker)
            if known is None or not known.symbol.name:
                continue
            symbol = known.symbol
            if symbol.delisted_on is not None and known.listed_at > symbol.delisted_on:
                symbol = replace(symbol, delisted_on=None)
            found.setdefault(None if known.listed_at == date.min else known.listed_at, []).append(symbol)
        return found

    def designations(self, tickers: Iterable[str]) -> list[Designation]:
        """Designation intervals of the tickers.

        An interval starts on the first observed day that shows the designation and ends on the last one before an observed
        day of the same issue that does not. It is open where no later observation contradicts it: an exchange designation
        lasts until it is lifted, and days between two files that both show it are taken to show it too.
        """
        wanted = set(tickers)
        result = []
        for (ticker, flag), shown in sorted(self._sections.items(), key=lambda item: (item[0][0], int(item[0][1]))):
            if ticker not in wanted:
                continue
            observed = sorted(self._observed_days[ticker])
            start: date | None = None
            for position, day in enumerate(observed):
                if day in shown:
                    start = start or day
                elif start is not None:
                    result.append(Designation(ticker, flag, start, observed[position - 1]))
                    start = None
            if start is not None:
                result.append(Designation(ticker, flag, start, None))
        return result


class MasterConverter(Converter):
    """Listings and delistings. The rows go through :class:`Masters`, not into batches."""

    store_dataset = "symbol"
    masters: Masters

    def convert(self, batch: Any, rows: RowFilter) -> Chunk:
        """Check and convert one batch to columns of text, day and number."""
        context = self.context
        names, numbers = read_tickers(context, batch, rows)
        size = len(names)
        out: dict[str, Any] = {"ticker": names}
        for name in (
            "name",
            "name_en",
            "market",
            "dept",
            "isin",
            "sector",
            "industry",
            "security_group",
            "stock_kind",
            "kind",
            "reason",
        ):
            has = context.layout.has(name)
            out[name] = read.texts(context.column(batch, name), 100)[0] if has else np.full(size, "", dtype="<U1")
        rows.reject("no_name", out["name"] == "")
        for name in ("listed_on", "delisted_on"):
            has = context.layout.has(name)
            out[name] = read.days(context.column(batch, name)) if has else np.full(size, "NaT", dtype="datetime64[D]")
        if context.layout.dataset == "delisted":
            rows.reject("unreadable_day", np.isnat(out["delisted_on"]))
        rows.reject("future", out["delisted_on"] > np.datetime64(context.clock.today))
        for name in ("shares_out", "par_krw"):
            number = context.whole(batch, name)
            rows.reject_whole(name, number, limit=rows.limits.max_shares)
            out[name] = number.values
        return rows.chunk(out, numbers)

    def collect(self, masters: Masters, chunk: Chunk) -> None:
        """Give the rows to the collection."""
        context = self.context
        is_delisting = context.layout.dataset == "delisted"
        only_common = "common" in context.path.name.casefold() or "보통주" in context.path.name
        as_of = day_of_file(context.path) or context.clock.today
        has_group = context.layout.has("security_group") or context.layout.has("stock_kind")
        has_industry = context.layout.has("industry")
        for row in range(len(chunk)):
            get = {name: values[row] for name, values in chunk.columns.items()}
            ticker, name = str(get["ticker"]), str(get["name"])
            kind = str(get["stock_kind"] or get["kind"])
            found = security_type(
                ticker,
                name,
                group=str(get["security_group"]),
                kind=kind,
                industry=str(get["industry"]),
                section=str(get["dept"]),
            )
            # A list called "common" can hold a listed fund; a business and a name that both say so outweigh its title.
            says_otherwise = has_industry and found is not SecurityType.COMMON
            type_rank = 3 if has_group or says_otherwise else 2 if only_common else 1 if has_industry else 0
            gone = _day_or_none(get["delisted_on"])
            symbol = Symbol(
                ticker=ticker,
                name=name,
                market=Market.parse(str(get["market"])),
                type=SecurityType.COMMON if only_common else found,
                sector=str(get["sector"]) or (None if context.layout.has("sector") else str(get["industry"]) or None),
                name_en=str(get["name_en"]) or None,
                isin=str(get["isin"]) or None,
                listed_on=_day_or_none(get["listed_on"]),
                delisted_on=gone,
                shares_out=_int_or_none(get["shares_out"]),
                par_krw=_int_or_none(get["par_krw"]),
            )
            day = gone if is_delisting and gone is not None else as_of
            masters.note(symbol, day, type_rank=type_rank, listed=not is_delisting)
            if context.layout.has("dept"):
                masters.note_section(ticker, str(get["dept"]), as_of)

    def store(self, uow: UnitOfWork, chunk: Chunk) -> Counts:
        """Store the merged rows of this file's tickers."""
        return store_masters(uow, self.masters, chunk.columns["ticker"].tolist(), self.context.source)


def _day_or_none(value: Any) -> date | None:
    return None if np.isnat(value) else value.astype(date)


def _int_or_none(value: Any) -> int | None:
    return None if value == MISSING_INT or value == 0 else int(value)


def collect_from_days(masters: Masters, chunk: Chunk) -> None:
    """Give the names, markets, share counts and sections of a market-day table to the collection."""
    data = chunk.columns
    order = np.lexsort((data["day"], data["ticker"]))
    tickers, days = data["ticker"][order], data["day"][order].astype(object)
    is_last = np.ones(len(order), dtype=np.bool_)
    is_last[:-1] = tickers[1:] != tickers[:-1]
    sections = data["dept"][order] if "dept" in data else None
    for position in np.flatnonzero(is_last):
        row = order[position]
        ticker, name = str(tickers[position]), str(data["name"][row])
        section = str(sections[position]) if sections is not None else ""
        symbol = Symbol(
            ticker=ticker,
            name=name,
            market=Market.parse(str(data["market"][row])),
            type=security_type(ticker, name, section=section),
            shares_out=_int_or_none(data["shares_out"][row]) if "shares_out" in data else None,
        )
        masters.note(symbol, days[position], type_rank=0, listed=True)
    if sections is not None:
        marked = np.zeros(len(order), dtype=np.bool_)
        for words, _ in _SECTIONS:
            marked |= np.char.find(sections, words) >= 0
        ever = np.isin(tickers, np.unique(tickers[marked]))  # only issues that are ever marked need their days
        for position in np.flatnonzero(ever):
            masters.note_section(str(tickers[position]), str(sections[position]), days[position])


def store_masters(uow: UnitOfWork, masters: Masters, tickers: Iterable[str], source: str) -> Counts:
    """Store the merged master rows and designations of some tickers."""
    wanted = set(tickers)
    counts = Counts()
    for as_of, symbols in masters.symbols(wanted).items():
        # Never "complete": a file of one day must not declare issues delisted that it does not list.
        counts.add("symbol", uow.upsert_symbols(symbols, source=source, complete=False, as_of=as_of))
    designations = masters.designations(wanted)
    if designations:
        counts.add("designation", uow.upsert_designations(designations, source=source))
    return counts

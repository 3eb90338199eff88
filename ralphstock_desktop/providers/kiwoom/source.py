"""Market data by request, in our units: the broker's side of :class:`~ralphstock_desktop.live_ports.MarketSource`.

Answers are complete (all pages) and oldest first. The venue is KRX throughout: plain codes, ``stex_tp`` 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final, Literal

import numpy as np

from engine.calendar.sessions import DEFAULT_SESSIONS, Phase, SessionTable, Venue
from engine.calendar.trading_days import TradingCalendar
from engine.model.errors import DataUnavailable
from engine.model.instants import day_of, kst_ns
from engine.model.instruments import Market
from engine.model.live import MISSING, BookTick, IndexTick, QuoteSnapshot, TradeTick, ViEvent
from ralphstock_desktop.live_ports import Listing, Priority, SourceMonitor
from ralphstock_desktop.ports import AdjustedBatch, DailyBatch, FlowBatch, IndexBatch, MarketFlowBatch, MinuteBatch, NewsBatch
from ralphstock_desktop.providers.kiwoom import catalogue_charts as charts
from ralphstock_desktop.providers.kiwoom import catalogue_flow_requests as flow_requests
from ralphstock_desktop.providers.kiwoom import catalogue_flows as flows
from ralphstock_desktop.providers.kiwoom import catalogue_quotes as quotes
from ralphstock_desktop.providers.kiwoom import catalogue_sectors as sectors
from ralphstock_desktop.providers.kiwoom import source_bars as bars
from ralphstock_desktop.providers.kiwoom import source_facts as facts
from ralphstock_desktop.providers.kiwoom.parse_columns import Columns
from ralphstock_desktop.providers.kiwoom.records_wire import Measure
from ralphstock_desktop.providers.kiwoom.source_asking import Asker, RestClient, nothing, reaches
from ralphstock_desktop.providers.kiwoom.source_listing import listing_of
from ralphstock_desktop.providers.kiwoom.unknown import FieldRegister
from ralphstock_desktop.providers.kiwoom.wire import PROVIDER

__all__ = ["INDEX_NAMES", "KiwoomSource"]

INDEX_NAMES: Final = {"001": "KOSPI", "101": "KOSDAQ", "201": "KOSPI200"}
"""Exchange code to the name stored; other indices keep their code."""
_CODES_A_CALL: Final = 50


class KiwoomSource:
    """Requests for quotes, bars, flows, indices and masters.

    Parameters
    ----------
    rest : RestClient
        Paced requests; owned: closed by :meth:`close`.
    now_ns : callable
        Clock of the market looked at, UTC nanoseconds.
    calendar : TradingCalendar, optional
        Trading days; without it weekdays are taken for them.
    sessions : SessionTable
        When the official bar and the confirmed flows of a day are known.
    monitor : SourceMonitor, optional
        Hears of unknown fields and refused rows.
    name : str
        Written into batches and health reports.
    """

    def __init__(
        self,
        rest: RestClient,
        now_ns: Callable[[], int],
        *,
        calendar: TradingCalendar | None = None,
        sessions: SessionTable = DEFAULT_SESSIONS,
        monitor: SourceMonitor | None = None,
        name: str = "kiwoom",
    ) -> None:
        self.name = name
        self.register = FieldRegister(monitor, name)
        """Unknown and vanished fields and refused rows, for diagnosis."""
        self._rest = rest
        self._asker = Asker(rest, self._today, self.register)
        self._now_ns = now_ns
        self._calendar = calendar
        self._sessions = sessions

    # quotes

    async def fetch_quotes(self, tickers: Sequence[str], priority: Priority) -> list[QuoteSnapshot]:
        """Return the state of many stocks, fifty a request; unknown ones are left out.

        ``expected_krw`` is given in auctions only: at other times the broker repeats that of the last auction.
        """
        found: list[QuoteSnapshot] = []
        wanted = list(dict.fromkeys(tickers))
        for start in range(0, len(wanted), _CODES_A_CALL):
            found += await self._quotes_of(tuple(wanted[start : start + _CODES_A_CALL]), priority)
        return found

    async def _quotes_of(self, tickers: tuple[str, ...], priority: Priority) -> list[QuoteSnapshot]:
        try:
            reply, received_ns = await self._asker.records(quotes.KA10095, quotes.WatchRequest(tickers), priority)
        except DataUnavailable as error:
            if error.key != "error.kiwoom.no_data":
                raise
            # One unknown code can spoil the whole answer; the others are not to suffer for it.
            half = len(tickers) // 2
            parts = (tickers[:half], tickers[half:]) if half else ()
            return [quote for part in parts for quote in await self._quotes_of(part, priority)]
        in_auction = self._phase() in (Phase.PRE_OPEN_AUCTION, Phase.CLOSING_AUCTION)
        return [facts.quote_of(row, in_auction=in_auction, received_ns=received_ns, today=self._today()) for row in reply.rows]

    async def fetch_book(self, ticker: str, priority: Priority) -> BookTick:
        """Return ten levels a side. The answer has no expected match: ``expected_krw`` is MISSING."""
        reply, received_ns = await self._asker.records(quotes.KA10004, quotes.StockRequest(ticker), priority)
        if reply.head is None:
            raise nothing("order book", ticker)
        return facts.book_of(reply.head, ticker, self._instant(reply.head.at_s), received_ns)

    async def fetch_trades(self, ticker: str, limit: int, priority: Priority) -> list[TradeTick]:
        """Return the last trades of today, oldest first, at most ``limit``; an empty list before the first.

        Open, high, low and the volumes by side are MISSING: the answer does not tell them.
        """
        wanted = max(limit, 0)
        seen = 0

        def enough(rows: list[Any]) -> bool:
            nonlocal seen
            seen += len(rows)
            return seen >= wanted

        request = quotes.StockRequest(ticker)
        reply, received_ns = await self._asker.records(quotes.KA10003, request, priority, enough, may_be_empty=True)
        rows = reply.rows[len(reply.rows) - min(wanted, len(reply.rows)) :]
        return [facts.trade_of(row, ticker, self._instant(row.at_s), received_ns) for row in rows]

    # bars

    async def fetch_minutes(self, ticker: str, since_ns: int, priority: Priority) -> MinuteBatch:
        """Return one-minute bars of the regular session that start at ``since_ns`` or later, the forming one included.

        Pages are asked for until one reaches back beyond ``since_ns``; the vendor keeps about a year. Amounts are missing.
        """
        return bars.minute_batch(ticker, await self._minutes(ticker, since_ns, priority), self.name)

    async def fetch_daily(self, ticker: str, since: date, priority: Priority) -> DailyBatch:
        """Return raw daily bars since a day, ascending; an empty batch where the stock has none since then.

        Today's is left out until the official bar is known, and then made of the minutes of the regular session, because the
        broker's row moves with the after-market.

        Raises
        ------
        DataUnavailable
            If the broker has no bars of the stock at all.
        """
        today = self._today()
        request = charts.DayChartRequest(ticker, today)
        found = await self._asker.columns(charts.KA10081, request, priority, reaches("dt", f"{since:%Y%m%d}"))
        if found is None:
            raise nothing("daily bars", ticker)
        days = found["day"]
        parts = [found.where((days >= np.datetime64(since)) & (days < np.datetime64(today)))]
        mine = found.where(days == np.datetime64(today))
        if len(mine) and since <= today and self._now_ns() >= self._sessions.official_bar_ns(today):
            official = await self._official(ticker, mine, today, priority)
            parts += [official] if official is not None else []
        return bars.daily_batch(ticker, parts, self.name)

    async def fetch_adjusted(self, ticker: str, since: date, priority: Priority) -> AdjustedBatch:
        """Return the broker's adjusted daily bars since a day, adjusted up to today; today's own bar is left out.

        Raises
        ------
        DataUnavailable
            If the broker has no bars of the stock at all.
        """
        today = self._today()
        request = charts.DayChartRequest(ticker, today, adjusted=True)
        found = await self._asker.columns(charts.KA10081, request, priority, reaches("dt", f"{since:%Y%m%d}"))
        if found is None:
            raise nothing("adjusted bars", ticker)
        days = found["day"]
        kept = found.where((days >= np.datetime64(since)) & (days < np.datetime64(today)))
        return bars.adjusted_batch(ticker, kept, today, self.name)

    async def _official(self, ticker: str, mine: Columns, today: date, priority: Priority) -> Columns | None:
        try:
            minutes = await self._minutes(ticker, kst_ns(today, 0), priority)
        except DataUnavailable:
            minutes = None
        if minutes is None:
            return mine if int(mine["volume_shares"][0]) == 0 else None
        return bars.official_bar(mine, minutes)

    async def _minutes(self, ticker: str, since_ns: int, priority: Priority) -> Columns:
        since = f"{_kst_text(since_ns)}"
        request = charts.MinuteChartRequest(ticker)
        found = await self._asker.columns(charts.KA10080, request, priority, reaches("cntr_tm", since))
        if found is None:
            raise nothing("minute bars", ticker)
        whole = bars.without_cut_day(bars.in_regular_hours(found, self._sessions), since_ns, self._sessions)
        return whole.where(whole["at_ns"] >= since_ns)

    # flows

    async def fetch_flows(self, ticker: str, since: date, priority: Priority) -> tuple[FlowBatch, ...]:
        """Return net buying per investor and day since a day, in shares and won (two requests a hundred days).

        Today's rows come in batches of their own, marked provisional until the confirmed flows are known; all zeros on a day
        with trades mean "not yet" and are left out.

        Raises
        ------
        DataUnavailable
            If the broker has no flows of the stock at all.
        """
        today = self._today()
        replies = []
        for measure in (Measure.WON, Measure.SHARES):
            request = flow_requests.InvestorDayRequest(today, ticker, measure)
            reply, _ = await self._asker.records(flows.KA10059, request, priority, reaches("dt", f"{since:%Y%m%d}"))
            replies.append(reply.rows)
        won, shares = ({row.day: row for row in rows} for rows in replies)
        if not won and not shares:
            raise nothing("investor flows", ticker)
        is_final = self._now_ns() >= self._sessions.confirmed_flow_ns(today)
        return facts.flow_batches(ticker, won, shares, since=since, today=today, is_final=is_final, source=self.name)

    async def fetch_market_flows(self, market: Literal["KOSPI", "KOSDAQ"], day: date, priority: Priority) -> MarketFlowBatch:
        """Return net buying of a whole market by investor on one day, in won (the broker rounds to 억원).

        Raises
        ------
        DataUnavailable
            If the day has no flows (yet).
        """
        request = flow_requests.SectorFlowRequest(market, base_day=day)
        reply, _ = await self._asker.records(flows.KA10051, request, priority)
        code = "001" if market == "KOSPI" else "101"
        whole = next((row for row in reply.rows if row.code == code), None)
        batch = None if whole is None else facts.market_flow_batch(market, day, whole, self.name)
        if batch is None:
            raise nothing(f"market flows of {day}", market)
        return batch

    # indices

    async def fetch_indices(self, codes: Sequence[str], priority: Priority) -> list[IndexTick]:
        """Return the levels now, by exchange code (001, 101, 201), one request each."""
        found = []
        for code in codes:
            request = sectors.IndexRequest(_market_of(code), code)
            reply, received_ns = await self._asker.records(sectors.KA20001, request, priority)
            if reply.head is None:
                raise nothing("index level", code)
            at_s = reply.rows[-1].at_s if reply.rows else MISSING
            found.append(facts.index_tick(code, reply.head, self._instant(at_s), received_ns))
        return found

    async def fetch_index_days(self, code: str, since: date, priority: Priority) -> IndexBatch:
        """Return daily levels since a day, by exchange code; today's is left out until the official close is known.

        Raises
        ------
        DataUnavailable
            If the broker has no history of the index.
        """
        today = self._today()
        request = sectors.IndexChartRequest(code, today)
        found = await self._asker.columns(sectors.KA20006, request, priority, reaches("dt", f"{since:%Y%m%d}"))
        if found is None:
            raise nothing("index history", code)
        last = today if self._now_ns() >= self._sessions.official_bar_ns(today) else today - timedelta(days=1)
        days = found["day"]
        kept = found.where((days >= np.datetime64(since)) & (days <= np.datetime64(last)))
        return bars.index_batch(INDEX_NAMES.get(code, code), kept, self.name)

    async def fetch_fx_days(self, since: date, priority: Priority) -> IndexBatch:
        """Not offered: always raises DataUnavailable."""
        del since, priority
        raise DataUnavailable(f"{PROVIDER} offers no exchange rates", key="error.kiwoom.no_fx")

    # master, interruptions, news

    async def fetch_listing(self, priority: Priority) -> Listing:
        """Return everything listed on KOSPI and KOSDAQ, two requests. Designations count from today: their start is unknown.

        Where rows were refused the listing is not complete: a stock whose row cannot be read is not gone.

        Raises
        ------
        DataUnavailable
            If one of the markets comes empty: half a master is none.
        """
        tagged, complete = [], True
        for market in (Market.KOSPI, Market.KOSDAQ):
            request = quotes.MasterRequest("KOSPI" if market is Market.KOSPI else "KOSDAQ")
            reply, _ = await self._asker.records(quotes.KA10099, request, priority)
            if not reply.rows:
                raise nothing("listed stocks", market.name)
            tagged += [(market, row) for row in reply.rows]
            complete = complete and not reply.refused
        return replace(listing_of(tagged, self._today()), complete=complete)

    async def fetch_vi(self, priority: Priority) -> list[ViEvent]:
        """Return the volatility interruptions of today on KRX, oldest first."""
        reply, received_ns = await self._asker.records(sectors.KA10054, sectors.ViRequest(), priority, may_be_empty=True)
        events = [facts.vi_event(row, self._instant, received_ns) for row in reply.rows]
        return sorted(events, key=lambda event: (event.triggered_ns, event.count_today))

    async def fetch_news(self, since: date, priority: Priority) -> NewsBatch:
        """Not offered: always raises DataUnavailable."""
        del since, priority
        raise DataUnavailable(f"{PROVIDER} offers no news", key="error.kiwoom.no_news")

    async def close(self) -> None:
        """Close the request interface."""
        await self._rest.close()

    # time

    def _today(self) -> date:
        return day_of(self._now_ns())

    def _is_trading_day(self, day: date) -> bool:
        if self._calendar is None:
            return day.weekday() < 5
        try:
            return self._calendar.is_trading_day(day)
        except DataUnavailable:
            return day.weekday() < 5

    def _phase(self) -> Phase:
        now_ns = self._now_ns()
        if not self._is_trading_day(day_of(now_ns)):
            return Phase.CLOSED
        spans = self._sessions.spans(day_of(now_ns), Venue.KRX)
        return next((span.phase for span in spans if span.start_ns <= now_ns < span.end_ns), Phase.CLOSED)

    def _instant(self, at_s: int) -> int:
        """Return the instant of a time of day: of today, or of the last trading day where today has not come so far."""
        if at_s == MISSING:
            return MISSING
        day = self._today()
        ahead_s = 300
        if kst_ns(day, 0) + at_s * 1_000_000_000 > self._now_ns() + ahead_s * 1_000_000_000:
            day -= timedelta(days=1)
        while not self._is_trading_day(day):
            day -= timedelta(days=1)
        return kst_ns(day, 0) + at_s * 1_000_000_000


def _market_of(code: str) -> Literal["KOSPI", "KOSDAQ", "KOSPI200"]:
    if code.startswith("1"):
        return "KOSDAQ"
    return "KOSPI200" if code.startswith("2") else "KOSPI"


def _kst_text(instant_ns: int) -> str:
    """Write an instant as the broker does, seconds rounded up."""
    seconds = -(-instant_ns // 1_000_000_000)
    return np.datetime_as_string(np.datetime64(seconds + 9 * 3_600, "s")).translate(str.maketrans("", "", "-T:"))

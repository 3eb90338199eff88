"""The whole way over loopback: source, requests and limits against the simulated broker, compared with what it replays."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from datetime import date

import numpy as np
import pytest

from engine.model.errors import RalphStockError
from engine.model.instants import kst_ns
from engine.model.live import MISSING
from engine.model.panel import MarketPanel
from ralphstock_desktop.live_ports import Credentials, Priority
from ralphstock_desktop.providers.kiwoom.limits import LimitPlan, LimitRule
from ralphstock_desktop.providers.kiwoom.rest import open_rest
from ralphstock_desktop.providers.kiwoom.source import KiwoomSource
from ralphstock_desktop.providers.kiwoom.tokens import TokenOwner
from ralphstock_desktop.providers.kiwoom_sim.contracts import Fault
from ralphstock_desktop.providers.kiwoom_sim.market import SimMarket
from ralphstock_desktop.providers.kiwoom_sim.server import SimLimits, SimServer
from tests.providers.kiwoom_rest.loopback import Heard
from tests.providers.simulator_market.small_market import DAY, FUND, GONE, HALTED, small_market, small_panel

NOW = Priority.INTERACTIVE
UNLIMITED = LimitPlan(each=LimitRule(1e9, 10), overall=LimitRule(1e9, 10), special={}, groups={}, jitter_s=0.0)
ROW = 0


def panel_with_modest_flows() -> MarketPanel:
    """The small panel with flows that fit its volumes."""
    panel = small_panel()
    share = np.random.default_rng(3).uniform(-0.3, 0.3, panel.volume_shares.shape)
    for name, part in (("foreign", 1.0), ("institution", -0.6), ("pension", -0.1)):
        getattr(panel, f"{name}_krw")[...] = np.rint(part * share * panel.value_krw)
    for name, part in (("foreign", 1.0), ("institution", -0.6)):
        getattr(panel, f"{name}_shares")[...] = np.rint(part * share * panel.volume_shares)
    return panel


@contextlib.asynccontextmanager
async def running(hour: int, minute: int = 0) -> AsyncIterator[tuple[KiwoomSource, SimServer, SimMarket]]:
    market = small_market(hour=hour, minute=minute, panel=panel_with_modest_flows())
    server = SimServer(market, limits=SimLimits(per_api=0, total=0, token=0))
    await server.start()
    heard = Heard()
    owner = TokenOwner(Credentials("key", "secret"), now_ns=time.time_ns)
    rest = open_rest(server.base_url, owner, heard, now_ns=time.time_ns, limits=UNLIMITED)
    source = KiwoomSource(rest, market.clock.now_ns, monitor=heard)
    try:
        yield source, server, market
    finally:
        await source.close()
        await server.stop()


async def test_bars_are_those_of_the_simulated_repository() -> None:
    async with running(19) as (source, _, market):
        panel = market.history.panel
        ticker = str(panel.tickers[ROW])
        batch = await source.fetch_daily(ticker, date(2026, 1, 1), NOW)
        assert batch.day.tolist() == panel.days.tolist(), "today is official after 15:40"
        for ours, theirs in (
            ("open_krw", "open_krw"),
            ("high_krw", "high_krw"),
            ("low_krw", "low_krw"),
            ("close_krw", "close_krw"),
        ):
            assert np.array_equal(getattr(batch, ours)[:-1], getattr(panel, theirs)[ROW][:-1].astype(np.int64)), ours
        truth = market.final_day()
        assert [int(getattr(batch, f"{name}_krw")[-1]) for name in ("open", "high", "low", "close")] == [
            int(truth[name][ROW]) for name in ("open", "high", "low", "close")
        ]
        halted = await source.fetch_daily(str(panel.tickers[HALTED]), DAY, NOW)
        assert halted.volume_shares.tolist() == [0] and halted.open_krw.tolist() == [0] and halted.close_krw[0] > 0
        adjusted = await source.fetch_adjusted(ticker, date(2026, 1, 1), NOW)
        assert adjusted.day.tolist() == panel.days.tolist()[:-1]


async def test_today_is_left_out_while_it_trades_and_minutes_are_the_markets() -> None:
    async with running(11) as (source, _, market):
        ticker = str(market.history.panel.tickers[ROW])
        batch = await source.fetch_daily(ticker, date(2026, 1, 1), NOW)
        assert DAY not in batch.day.tolist()
        minutes = await source.fetch_minutes(ticker, kst_ns(DAY, 9), NOW)
        theirs = market.minutes(ROW)
        assert np.array_equal(minutes.minute_ns, theirs.start_ns)
        for ours, name in (
            ("open_krw", "open"),
            ("high_krw", "high"),
            ("low_krw", "low"),
            ("close_krw", "close"),
            ("volume_shares", "volume"),
        ):
            assert np.array_equal(getattr(minutes, ours), getattr(theirs, name)), name


async def test_quotes_book_trades_and_indices_of_the_running_market() -> None:
    async with running(11) as (source, _, market):
        panel = market.history.panel
        tickers = [str(ticker) for ticker in panel.tickers]
        quotes = {quote.ticker: quote for quote in await source.fetch_quotes([*tickers, "999999"], NOW)}
        assert set(quotes) == {ticker for row, ticker in enumerate(tickers) if market.is_listed(row)}
        theirs = market.quote(ROW)
        mine = quotes[tickers[ROW]]
        assert (mine.price_krw, mine.base_krw, mine.volume_shares, mine.upper_limit_krw) == (
            theirs.price, theirs.base, theirs.volume, theirs.upper_limit,
        )  # fmt: skip
        book = await source.fetch_book(tickers[ROW], NOW)
        assert book.ask_krw == market.book(ROW).ask_price and book.bid_shares == market.book(ROW).bid_size
        trades = await source.fetch_trades(tickers[ROW], 50, NOW)
        executions = list(market.executions(ROW, 50))[::-1]
        assert [(trade.price_krw, trade.volume_shares) for trade in trades] == [(own.price, own.volume) for own in executions]
        assert [np.sign(trade.quantity_shares) for trade in trades] == [np.sign(own.quantity) for own in executions]
        (kospi,) = await source.fetch_indices(["001"], NOW)
        assert kospi.level == pytest.approx(market.index("001").level, abs=0.006) and kospi.at_ns != MISSING
        assert all(event.triggered_ns <= market.clock.now_ns() for event in await source.fetch_vi(NOW))


async def test_flows_master_and_index_history() -> None:
    async with running(20, 15) as (source, _, market):
        panel = market.history.panel
        ticker = str(panel.tickers[ROW])
        batches = await source.fetch_flows(ticker, date(2026, 1, 1), Priority.BACKGROUND)
        foreign = next(batch for batch in batches if batch.investor == "foreign" and not batch.provisional)
        known = {day: int(net) for day, net in zip(panel.days.tolist(), panel.foreign_krw[ROW], strict=True)}
        for day, net in zip(foreign.day.tolist()[:-1], foreign.net_krw.tolist()[:-1], strict=True):
            assert abs(net - known[day]) <= 1_000_000, "rounded to a million"
        flows = await source.fetch_market_flows("KOSPI", DAY, NOW)
        assert {"foreign", "institution", "individual"} <= set(flows.investor.tolist())
        listing = await source.fetch_listing(NOW)
        assert {symbol.ticker for symbol in listing.symbols} == {
            str(panel.tickers[row]) for row in range(len(panel.tickers)) if row != GONE
        }
        kinds = {symbol.ticker: int(symbol.type) for symbol in listing.symbols}
        assert kinds[str(panel.tickers[FUND])] == int(panel.security_type[FUND])
        assert str(panel.tickers[HALTED]) in {item.ticker for item in listing.designations}
        levels = await source.fetch_index_days("001", date(2026, 1, 1), NOW)
        assert set(levels.code) == {"KOSPI"} and (levels.low <= levels.close).all() and (levels.close <= levels.high).all()


async def test_faulty_answers_are_asked_for_again_or_refused_but_never_believed() -> None:
    async with running(11) as (source, server, market):
        ticker = str(market.history.panel.tickers[ROW])
        sound = await source.fetch_daily(ticker, date(2026, 1, 1), NOW)
        minutes = await source.fetch_minutes(ticker, kst_ns(DAY, 9), NOW)
        for fault in (Fault.WRONG_UNITS, Fault.REORDER, Fault.DUPLICATE, Fault.EMPTY_PAGE, Fault.UNKNOWN_FIELDS):
            server.faults.set(fault, 0.3)
            answered = 0
            for _ in range(6):
                try:
                    again = await source.fetch_daily(ticker, date(2026, 1, 1), NOW)
                    later = await source.fetch_minutes(ticker, kst_ns(DAY, 9), NOW)
                except RalphStockError as error:
                    assert error.key in {"error.kiwoom.rows", "error.kiwoom.order", "error.kiwoom.no_data"}, error
                    continue
                answered += 1
                assert np.array_equal(again.close_krw, sound.close_krw) and np.array_equal(again.value_krw, sound.value_krw)
                assert np.array_equal(later.minute_ns, minutes.minute_ns) and np.array_equal(
                    later.volume_shares, minutes.volume_shares
                )
            server.faults.set(fault, 0.0)
            assert answered >= 2, fault
        assert any(note.kind == "unknown_field" for note in source.register.report())

"""The paper journal: taking, selling and noting, with returns after costs worked by hand; on a real repository."""

from __future__ import annotations

from datetime import date

import pytest

from engine.model.errors import DataUnavailable, StorageError, ValidationFailed
from engine.model.instants import kst_ns
from engine.model.panel import MarketPanel
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.data.strategy_store import SqlStrategyStore
from ralphstock_desktop.services.journal import JournalService, closed_by_hand
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.strategy_ports import SignalRecord, TradeRecord
from tests.services.strategies.kept.kept_market import Clock, day, flat, market, run_of, stored

T = "000010"


@pytest.fixture
def panel() -> MarketPanel:
    return market({T: flat(5), "000020": flat(5)})


@pytest.fixture
def journal(workers: Workers, clock: Clock) -> JournalService:
    return JournalService(workers, clock)


def of(journal: JournalService, ticker: str = T) -> SignalRecord:
    (record,) = journal.of(ticker)
    return record


async def opened(journal: JournalService, store: SqlStrategyStore, panel: MarketPanel) -> int:
    store.store_scan(run_of(), [stored(T), stored("000020")])
    await journal.show(store, panel)
    return of(journal).signal.id or 0


async def test_what_was_taken_and_sold_earns_after_costs(
    journal: JournalService, store: SqlStrategyStore, panel: MarketPanel, clock: Clock
) -> None:
    """Bought at 10,000 and sold at 10,500 three bars later, KOSPI 2026: 0.015 + 0.10 % a side, 0.20 % tax.

    10,000 × 1.00115 = 10,011.5 paid; 10,500 × (1 − 0.00315) = 10,466.925 received; 100 × (10,466.925/10,011.5 − 1) = 4.54902 %.
    """
    key = await opened(journal, store, panel)
    clock.ns = kst_ns(day(1), 10)
    await journal.take(key, 10_000, 7, "시초가")
    record = of(journal)
    assert (record.taken, record.note, record.signal.phase) == (True, "시초가", "ACTIVE")
    assert record.trade is not None
    assert (record.trade.entry_ns, record.trade.entry_krw, record.trade.qty) == (clock.ns, 10_000, 7)
    clock.ns = kst_ns(day(4), 14)
    await journal.close(key, 10_500, "")
    record = of(journal)
    assert record.trade is not None
    assert (record.signal.status, record.close_reason, record.note) == ("CLOSED", "MANUAL", "시초가")
    assert record.trade.net_pct == pytest.approx(4.54902, abs=1e-5)
    assert (record.trade.gross_pct, record.trade.tax_pct) == (pytest.approx(5.0), 0.20)
    assert (record.trade.holding_bars, record.trade.exit_ns, record.trade.cost_model) == (3, clock.ns, "0.015+0.1")


async def test_a_split_in_between_is_no_loss(journal: JournalService, store: SqlStrategyStore, clock: Clock) -> None:
    """Bought at 10,000, two for one before day 3, sold at 5,250: 5 % before costs."""
    panel = market({T: flat(5), "000020": flat(5)}, factors={T: [1.0, 1.0, 1.0, 0.5, 0.5]})
    key = await opened(journal, store, panel)
    clock.ns = kst_ns(day(1), 10)
    await journal.take(key, 10_000, 7, "")
    clock.ns = kst_ns(day(4), 14)
    await journal.close(key, 5_250, "")
    trade = of(journal).trade
    assert trade is not None and trade.gross_pct == pytest.approx(5.0)


@pytest.mark.parametrize(("sold_on", "tax"), [(date(2025, 12, 26), 0.15), (date(2025, 12, 29), 0.20)])
def test_the_tax_is_that_of_the_settlement_day(panel: MarketPanel, sold_on: date, tax: float) -> None:
    """§7.4: a sale on 2025-12-29 settles in January, for 31 December is closed, and pays the rate of 2026."""
    held = TradeRecord(1, kst_ns(date(2025, 12, 22), 10), 10_000, 1)
    sold = closed_by_hand(held, 10_500, kst_ns(sold_on, 11), panel, T, DEFAULT_RULES)
    assert sold.tax_pct == tax


async def test_a_symbol_nobody_knows_has_no_return(
    journal: JournalService, store: SqlStrategyStore, panel: MarketPanel, clock: Clock
) -> None:
    store.store_scan(run_of(), [stored("000090")])
    await journal.show(store, panel)
    key = of(journal, "000090").signal.id or 0
    await journal.take(key, 10_000, 1, "")
    await journal.close(key, 10_500, "")
    trade = of(journal, "000090").trade
    assert trade is not None
    assert (trade.exit_krw, trade.net_pct, trade.gross_pct, trade.tax_pct) == (10_500, None, None, None)


async def test_notes_and_taking_back(journal: JournalService, store: SqlStrategyStore, panel: MarketPanel) -> None:
    key = await opened(journal, store, panel)
    await journal.annotate(key, "지켜보는 중")
    assert (of(journal).note, of(journal).taken, of(journal).signal.phase) == ("지켜보는 중", False, "PENDING")
    await journal.take(key, 10_000, 1, "샀음")
    await journal.annotate(key, "반은 남김")
    assert of(journal).note == "반은 남김"
    assert of(journal).trade is not None
    await journal.take_back(key)
    assert (of(journal).taken, of(journal).trade, of(journal).signal.phase) == (False, None, "PENDING")


@pytest.mark.parametrize(
    ("price", "qty", "note", "key"),
    [
        (0, 1, "", "error.journal.price"),
        (-5, 1, "", "error.journal.price"),
        (2**31, 1, "", "error.journal.price"),
        (100, 0, "", "error.journal.qty"),
        (100, 1, "x" * 501, "error.journal.note"),
    ],
)
async def test_what_cannot_be_is_refused(
    journal: JournalService, store: SqlStrategyStore, panel: MarketPanel, price: int, qty: int, note: str, key: str
) -> None:
    signal_id = await opened(journal, store, panel)
    with pytest.raises(ValidationFailed) as caught:
        await journal.take(signal_id, price, qty, note)
    assert caught.value.key == key
    assert not of(journal).taken


async def test_the_order_of_things_is_kept(journal: JournalService, store: SqlStrategyStore, panel: MarketPanel) -> None:
    key = await opened(journal, store, panel)
    with pytest.raises(ValidationFailed, match="held"):
        await journal.close(key, 100, "")
    await journal.take(key, 100, 1, "")
    with pytest.raises(ValidationFailed, match="already"):
        await journal.take(key, 100, 1, "")
    await journal.close(key, 110, "")
    with pytest.raises(ValidationFailed, match="held"):
        await journal.close(key, 110, "")
    with pytest.raises(ValidationFailed, match="ended"):
        await journal.take(key, 100, 1, "")
    with pytest.raises(DataUnavailable):
        await journal.annotate(key + 99, "")


async def test_the_past_is_shown_and_not_written(
    journal: JournalService, store: SqlStrategyStore, panel: MarketPanel, clock: Clock
) -> None:
    key = await opened(journal, store, panel)
    clock.ns = kst_ns(day(1), 10)
    await journal.take(key, 10_000, 1, "")
    await journal.show(store, panel, kst_ns(day(0), 23))
    assert (of(journal).taken, of(journal).signal.phase) == (False, "PENDING")
    for call in (journal.take(key, 100, 1, ""), journal.close(key, 100, ""), journal.annotate(key, "")):
        with pytest.raises(ValidationFailed) as caught:
            await call
        assert caught.value.key == "error.journal.past"


async def test_without_a_market_there_is_no_journal(journal: JournalService) -> None:
    assert journal.of(T) == ()
    with pytest.raises(DataUnavailable):
        await journal.annotate(1, "")


async def test_a_broken_repository_is_an_error(
    journal: JournalService, store: SqlStrategyStore, panel: MarketPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opened(journal, store, panel)

    def broken(**_: object) -> object:
        raise StorageError("The disk is gone.")

    monkeypatch.setattr(store, "signals", broken)
    with pytest.raises(StorageError):
        await journal.show(store, panel)
    assert len(journal.of(T)) == 1  # what was shown stays

"""Moving stored signals on with the bars that came since, worked by hand (domain.md §§7.1-7.4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.model.instants import AsOf, kst_ns
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.data.database import Database
from ralphstock_desktop.data.strategy_store import SqlStrategyStore
from ralphstock_desktop.services.signal_life import advance
from ralphstock_desktop.strategy_ports import RuleProfile, SignalRecord, TradeRecord
from tests.services.strategies.kept.kept_market import Bar, day, flat, market, minute_bars, run_of, stored

pytestmark = pytest.mark.usefixtures("plain_lives")
T = "000010"


def only(store: SqlStrategyStore, ticker: str = T) -> SignalRecord:
    (record,) = store.signals(ticker=ticker)
    return record


def until(index: int) -> AsOf:
    return AsOf.end_of(day(index))


def changed(bars: list[Bar], **at: Bar) -> list[Bar]:
    """Bars with some replaced: ``d1`` is the bar of day 1."""
    result = list(bars)
    for name, bar in at.items():
        result[int(name[1:])] = bar
    return result


def test_a_breakout_is_bought_at_the_next_open_and_sold_at_its_target(store: SqlStrategyStore) -> None:
    """Bought at 10,100 on day 1; on day 3 the high 11,200 reaches 11,000.

    Costs 0.015 + 0.10 % a side, tax 0.20 % (KOSPI, settled in March 2026):
    10,100 × 1.00115 = 10,111.615 paid; 11,000 × (1 − 0.00315) = 10,965.35 received; 100 × (10,965.35/10,111.615 − 1) = 8.44311 %.
    """
    panel = market({T: changed(flat(6), d1=(10_100, 10_200, 10_000, 10_150), d3=(10_500, 11_200, 10_400, 11_100))})
    store.store_scan(run_of(), [stored(T)])
    assert advance(store, panel, DEFAULT_RULES, until(0)) == ()
    (filled,) = advance(store, panel, DEFAULT_RULES, until(1))
    assert (filled.phase, filled.reason, filled.at_ns) == ("ACTIVE", "FILLED", kst_ns(day(1), 9))
    record = only(store)
    assert record.trade == TradeRecord(record.signal.id or 0, kst_ns(day(1), 9), 10_100, 10, cost_model="0.015+0.1")
    (sold,) = advance(store, panel, DEFAULT_RULES, until(5))
    assert (sold.status, sold.reason, sold.at_ns) == ("CLOSED", "TARGET", kst_ns(day(3), 15, 30))
    record = only(store)
    assert record.trade is not None
    assert (record.signal.status, record.signal.phase, record.close_reason) == ("CLOSED", "DONE", "TARGET")
    assert (record.trade.exit_krw, record.trade.exit_reason, record.trade.holding_bars) == (11_000, "TARGET", 2)
    assert record.trade.net_pct == pytest.approx(8.44311, abs=1e-5)
    assert record.trade.gross_pct == pytest.approx(100 * (11_000 / 10_100 - 1))
    assert record.trade.tax_pct == 0.20
    # nothing of it was there before
    held = store.signals(ticker=T, known_at_ns=kst_ns(day(3), 15))[0]
    assert (held.signal.phase, held.trade.exit_krw if held.trade else 0) == ("ACTIVE", None)


def test_running_it_twice_changes_nothing(store: SqlStrategyStore) -> None:
    panel = market({T: changed(flat(4), d1=(10_100, 10_200, 10_000, 10_150), d2=(9_400, 9_600, 9_300, 9_500))})
    store.store_scan(run_of(), [stored(T)])
    assert [change.reason for change in advance(store, panel, DEFAULT_RULES, until(1))] == ["FILLED"]
    before = only(store)
    assert advance(store, panel, DEFAULT_RULES, until(1)) == ()
    assert only(store) == before
    assert [change.reason for change in advance(store, panel, DEFAULT_RULES, until(3))] == ["STOP_GAP"]
    assert only(store).trade is not None
    assert advance(store, panel, DEFAULT_RULES, until(3)) == ()


def test_an_order_that_never_fills_expires(store: SqlStrategyStore) -> None:
    """NEAR_PIVOT waits ten bars for a high of 10,500; day 10 is the last."""
    panel = market({T: flat(13)})
    store.store_scan(run_of(), [stored(T, state="NEAR_PIVOT", entry=10_500, target=12_000)])
    assert advance(store, panel, DEFAULT_RULES, until(9)) == ()
    (ended,) = advance(store, panel, DEFAULT_RULES, until(12))
    assert (ended.reason, ended.trade, ended.at_ns) == ("EXPIRED", None, kst_ns(day(10), 15, 40))
    record = only(store)
    assert (record.signal.status, record.close_reason, record.trade) == ("CLOSED", "EXPIRED", None)
    assert store.signals(ticker=T, known_at_ns=kst_ns(day(10), 15))[0].signal.phase == "PENDING"


def test_a_watched_signal_is_never_bought(store: SqlStrategyStore) -> None:
    panel = market({T: changed(flat(4), d1=(10_100, 11_500, 10_000, 11_000))})
    store.store_scan(run_of(), [stored(T, phase="WATCH", qty=0)])
    assert advance(store, panel, DEFAULT_RULES, until(0)) == ()
    (ended,) = advance(store, panel, DEFAULT_RULES, until(3))
    assert (ended.reason, ended.trade, ended.at_ns) == ("EXPIRED", None, kst_ns(day(1), 15, 40))
    assert only(store).trade is None


def test_what_the_user_closed_is_left_alone_and_what_he_holds_stays_his(store: SqlStrategyStore) -> None:
    panel = market({"000010": flat(4), "000020": changed(flat(4), d1=(10_100, 11_500, 9_900, 11_000), d2=(9_000,) * 4)})
    store.store_scan(run_of(), [stored("000010"), stored("000020")])
    mine, held = (only(store, ticker).signal.id or 0 for ticker in ("000010", "000020"))
    bought = TradeRecord(mine, kst_ns(day(1), 10), 10_050, 3)
    store.set_taken(mine, True, "", replace(bought, exit_ns=kst_ns(day(1), 11), exit_krw=10_100, exit_reason="MANUAL"))
    store.set_taken(held, True, "", replace(bought, signal_id=held))
    closed = only(store, "000010")
    changes = advance(store, panel, DEFAULT_RULES, until(3))
    assert [change.record.signal.ticker for change in changes] == ["000020"]
    assert only(store, "000010") == closed
    record = only(store, "000020")
    assert (record.signal.status, record.signal.phase, record.trade) == ("OPEN", "ACTIVE", replace(bought, signal_id=held))
    assert record.rule_trade is not None and record.rule_trade.exit_reason == "STOP_GAP"
    assert advance(store, panel, DEFAULT_RULES, until(3)) == ()


def test_a_split_while_held_moves_price_and_quantity(store: SqlStrategyStore) -> None:
    """Two for one before day 2: 10,100 becomes 5,050 and ten shares twenty; the target 11,000 is 5,500 then."""
    bars = changed(
        flat(4), d1=(10_100, 10_200, 10_000, 10_150), d2=(5_100, 5_200, 5_000, 5_100), d3=(5_400, 5_600, 5_300, 5_500)
    )
    panel = market({T: bars}, factors={T: [1.0, 1.0, 0.5, 0.5]})
    store.store_scan(run_of(), [stored(T)])
    advance(store, panel, DEFAULT_RULES, until(3))
    trade = only(store).trade
    assert trade is not None
    assert (trade.entry_krw, trade.qty, trade.exit_krw, trade.exit_reason) == (5_050, 20, 5_500, "TARGET")


# -- closing bets ----------------------------------------------------------------------------------------------------------


def bet(phase: str = "PENDING") -> list[object]:
    return [stored(T, strategy="CLOSING_BET", phase=phase, stop=9_700, target=10_500)]


def test_a_closing_bet_is_bought_only_when_confirmed(store: SqlStrategyStore) -> None:
    panel = market({T: changed(flat(3), d1=(10_350, 10_400, 10_300, 10_350))})
    pre_close = run_of("CLOSING_BET", mode="PRE_CLOSE", as_of=AsOf.at(day(0), 15, 15))
    store.store_scan(pre_close, bet())  # type: ignore[arg-type]
    assert advance(store, panel, DEFAULT_RULES, AsOf.at(day(0), 16)) == ()
    store.store_scan(run_of("CLOSING_BET", mode="CONFIRMED", as_of=AsOf.at(day(0), 15, 40)), bet())  # type: ignore[arg-type]
    (filled,) = advance(store, panel, DEFAULT_RULES, AsOf.at(day(0), 16))
    assert (filled.phase, filled.at_ns) == ("ACTIVE", kst_ns(day(0), 15, 30))
    # the next morning opens 3.5 % higher: sold into the gap
    (sold,) = advance(store, panel, DEFAULT_RULES, until(1))
    assert (sold.reason, sold.at_ns) == ("GAP_UP", kst_ns(day(1), 9))
    assert sold.trade is not None and sold.trade.exit_krw == 10_350


def test_a_bet_nobody_confirmed_ends_with_the_next_bar(store: SqlStrategyStore) -> None:
    panel = market({T: flat(3)})
    store.store_scan(run_of("CLOSING_BET", mode="PRE_CLOSE", as_of=AsOf.at(day(0), 15, 15)), bet())  # type: ignore[arg-type]
    (ended,) = advance(store, panel, DEFAULT_RULES, until(2))
    assert (ended.reason, ended.at_ns, ended.trade) == ("EXPIRED", kst_ns(day(1), 15, 40), None)


def test_the_morning_after_is_followed_by_minutes_where_they_are(store: SqlStrategyStore, database: Database) -> None:
    """By daily bars the bet is sold at the next open 10,100; its minutes reach the target 10,500 at 09:20."""
    panel = market({T: changed(flat(2), d1=(10_100, 10_600, 10_050, 10_200))})
    store.store_scan(run_of("CLOSING_BET", mode="CONFIRMED", as_of=AsOf.at(day(0), 15, 40)), bet())  # type: ignore[arg-type]
    morning = [
        (9, 0, 10_100, 10_150, 10_050, 10_100),
        (9, 20, 10_200, 10_600, 10_200, 10_550),
        (10, 0, 9_000, 9_000, 9_000, 9_000),
    ]
    with database.unit_of_work() as unit:
        unit.upsert_minutes(minute_bars(T, day(1), morning))
    (sold,) = advance(store, panel, DEFAULT_RULES, until(1))
    assert sold.trade is not None
    assert (sold.reason, sold.trade.exit_krw, sold.at_ns) == ("TARGET", 10_500, kst_ns(day(1), 10))


# -- day trades ------------------------------------------------------------------------------------------------------------


def day_trade(store: SqlStrategyStore) -> None:
    """Found at 09:31 at 10,000: stop 9,700, target 10,500."""
    store.store_scan(
        run_of("DAY_TRADE", mode="LIVE", as_of=AsOf.at(day(1), 9, 31), state="PARTIAL", index=1),
        [stored(T, 1, strategy="DAY_TRADE", stop=9_700, target=10_500)],
    )


@pytest.mark.parametrize(
    ("bars", "reason", "price", "moment"),
    [
        # the 09:30 bar began before the signal: its low does not count
        ([(9, 30, 10_000, 10_000, 9_000, 10_000), (9, 40, 10_100, 10_500, 10_000, 10_400)], "TARGET", 10_500, (9, 41)),
        ([(9, 40, 9_600, 9_650, 9_500, 9_600)], "STOP_GAP", 9_600, (9, 40)),
        ([(9, 40, 10_000, 10_600, 9_600, 10_000)], "STOP", 9_700, (9, 41)),  # both fit: the worse is assumed
        ([(9, 40, 10_000, 10_010, 9_990, 10_000), (15, 15, 10_050, 10_900, 10_000, 10_100)], "TIME", 10_050, (15, 15)),
        ([(9, 40, 10_000, 10_010, 9_990, 10_005)], "TIME", 10_005, (9, 41)),  # the recording ends: its last price
    ],
)
def test_a_day_trade_is_followed_by_minutes(
    store: SqlStrategyStore,
    database: Database,
    bars: list[tuple[int, int, int, int, int, int]],
    reason: str,
    price: int,
    moment: tuple[int, int],
) -> None:
    panel = market({T: flat(2)})
    day_trade(store)
    with database.unit_of_work() as unit:
        unit.upsert_minutes(minute_bars(T, day(1), bars))
    (change,) = advance(store, panel, DEFAULT_RULES, until(1))
    assert change.trade is not None
    assert (change.reason, change.trade.exit_krw, change.at_ns) == (reason, price, kst_ns(day(1), *moment))
    assert (change.trade.entry_ns, change.trade.entry_krw) == (kst_ns(day(1), 9, 31), 10_000)
    assert change.trade.net_pct == pytest.approx(100 * (price * (1 - 0.00315) / (10_000 * 1.00115) - 1))
    assert advance(store, panel, DEFAULT_RULES, until(1)) == ()


def test_a_day_trade_found_later_on_a_replayed_day_is_not_bought_yet(store: SqlStrategyStore, database: Database) -> None:
    panel = market({T: flat(1)})
    day_trade(store)
    with database.unit_of_work() as unit:
        unit.upsert_minutes(minute_bars(T, day(1), [(9, 40, 10_000, 10_010, 9_990, 10_005)]))
    assert advance(store, panel, DEFAULT_RULES, AsOf.at(day(1), 9, 30)) == ()
    (bought,) = advance(store, panel, DEFAULT_RULES, AsOf.at(day(1), 9, 50))
    assert bought.phase == "ACTIVE"


def test_a_day_trade_is_held_as_long_as_its_minutes_say(store: SqlStrategyStore, database: Database) -> None:
    """During the day its own bar is not in the panel yet, and a minute that has not ended is not known."""
    panel = market({T: flat(1)})
    day_trade(store)
    with database.unit_of_work() as unit:
        unit.upsert_minutes(minute_bars(T, day(1), [(9, 40, 10_000, 10_600, 10_000, 10_500)]))
    (held,) = advance(store, panel, DEFAULT_RULES, AsOf.at(day(1), 9, 40, 59))
    assert (held.phase, held.at_ns) == ("ACTIVE", kst_ns(day(1), 9, 31))
    (sold,) = advance(store, panel, DEFAULT_RULES, AsOf.at(day(1), 9, 41))
    assert sold.reason == "TARGET"


def test_a_day_trade_without_minutes_ends_unbought(store: SqlStrategyStore) -> None:
    panel = market({T: flat(2)})
    day_trade(store)
    assert advance(store, panel, DEFAULT_RULES, AsOf.at(day(1), 15, 39)) == ()
    (ended,) = advance(store, panel, DEFAULT_RULES, until(1))
    assert (ended.reason, ended.trade) == ("EXPIRED", None)


# -- odd cases -------------------------------------------------------------------------------------------------------------


def test_signals_that_cannot_be_followed_stay(store: SqlStrategyStore) -> None:
    panel = market({T: flat(3)})
    store.store_scan(run_of(), [stored("000090"), replace(stored(T), values=stored(T).values | {"stop": None})])
    assert advance(store, panel, DEFAULT_RULES, until(2)) == ()
    assert {record.signal.phase for record in store.signals()} == {"PENDING"}


def test_a_signal_is_followed_by_the_rules_it_was_made_with(store: SqlStrategyStore) -> None:
    """A profile that holds two bars at most sells on day 3; the standing rules would hold on."""
    short = DEFAULT_RULES.replace({"life.hold_bars": 2})
    store.save_profile(RuleProfile("짧게", {"life.hold_bars": 2}, short.ruleset_id, 1))
    store.store_scan(replace(run_of(), ruleset=short.ruleset_id), [replace(stored(T), ruleset=short.ruleset_id)])
    panel = market({T: changed(flat(6), d1=(10_000, 10_050, 9_950, 10_000))})
    reasons = [change.reason for change in advance(store, panel, DEFAULT_RULES, until(5))]
    assert reasons == ["TIME"]
    trade = only(store).trade
    assert trade is not None and trade.exit_ns == kst_ns(day(3), 15, 30)

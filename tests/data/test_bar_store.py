"""Minute bars, levels, news and the ledger, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from engine.model.chart import Timeframe
from engine.model.errors import DataUnavailable, ValidationFailed
from engine.model.instants import AsOf, kst_ns
from ralphstock_desktop.data.bar_store import SqlBarStore
from ralphstock_desktop.data.database import open_database
from ralphstock_desktop.data.ledger import gaps_between
from ralphstock_desktop.ports import MISSING_INT, CoverageGap, NewsBatch
from tests.data.builders import actions, daily, days_of, flows, levels, market, minutes, news, symbol

DAY = date(2026, 3, 3)


def at(hour: int, minute: int, day: date = DAY) -> int:
    return kst_ns(day, hour, minute)


@pytest.fixture
def traded(store: SqlBarStore) -> SqlBarStore:
    """005930 on two days: a daily row each, and minutes of the second day up to the closing auction."""
    bars = [
        (at(9, 0), 100, 105, 99, 104, 10),
        (at(9, 1), 104, 106, 103, 105, 20),
        (at(9, 4), 105, 105, 101, 102, 30),
        (at(9, 5), 102, 103, 100, 101, 40),
        (at(15, 19), 110, 112, 109, 111, 50),
        (at(15, 30), 115, 115, 115, 115, 600),
    ]
    with store.unit_of_work() as unit:
        unit.upsert_daily(
            daily([("005930", "2026-03-02", 90, 99, 88, 98, 1000), ("005930", "2026-03-03", 100, 115, 99, 115, 750)])
        )
        unit.upsert_minutes(minutes("005930", bars))
        unit.upsert_symbols([symbol("005930", "삼성전자", name_en="Samsung")], source="list", complete=False)
    return store


def test_minute_bars_carry_exchange_time_and_the_days_base(traded: SqlBarStore) -> None:
    series = traded.minute_series("005930", Timeframe.MIN_1, AsOf.end_of(DAY))
    assert str(series.time[0]) == "2026-03-03T09:00:00"
    assert str(series.time[-1]) == "2026-03-03T15:30:00"
    assert series.base.tolist() == [98.0] * 6
    assert (series.name, series.name_en, series.market, series.source) == ("삼성전자", "Samsung", 1, "minutes")
    assert series.value_krw[0] == 1040
    assert np.isnan(series.foreign_krw).all()
    assert series.averages[5][4] == pytest.approx((104 + 105 + 102 + 101 + 111) / 5)


def test_five_minutes_are_labelled_by_their_start_and_keep_the_auction(traded: SqlBarStore) -> None:
    series = traded.minute_series("005930", Timeframe.MIN_5, AsOf.end_of(DAY))
    assert [str(time)[11:16] for time in series.time] == ["09:00", "09:05", "15:15", "15:30"]
    first = (series.open[0], series.high[0], series.low[0], series.close[0], series.volume_shares[0])
    assert first == (100, 106, 99, 102, 60)
    assert series.volume_shares[-1] == 600


def test_an_hour_holds_the_auction_of_its_end(traded: SqlBarStore) -> None:
    series = traded.minute_series("005930", Timeframe.MIN_60, AsOf.end_of(DAY))
    assert [str(time)[11:16] for time in series.time] == ["09:00", "15:00"]
    assert (series.close[-1], series.high[-1], series.volume_shares[-1]) == (115, 115, 650)


def test_nothing_after_the_instant_is_shown(traded: SqlBarStore) -> None:
    series = traded.minute_series("005930", Timeframe.MIN_5, AsOf.at(DAY, 9, 2))
    assert (len(series), series.close[0], series.volume_shares[0]) == (1, 105, 30)
    half = traded.minute_series("005930", Timeframe.MIN_1, AsOf.at(DAY, 9, 1, 59))
    assert len(half) == 1  # the 09:01 bar has not ended
    with pytest.raises(DataUnavailable) as caught:
        traded.minute_series("005930", Timeframe.MIN_1, AsOf.at(DAY, 9, 0, 30))
    assert caught.value.key == "error.storage.no_minutes"


def test_missing_parts_and_inconsistent_bars(store: SqlBarStore) -> None:
    batch = minutes("005930", [(at(9, 0), 10, 12, 9, 11, 5), (at(9, 1), 10, 9, 8, 11, 5), (at(9, 2), 0, 0, 0, 11, 0)])
    batch.value_krw[0] = np.iinfo(np.int64).min
    with store.unit_of_work() as unit:
        unit.upsert_minutes(batch)
    series = store.minute_series("005930", Timeframe.MIN_5, AsOf.end_of(DAY))
    assert len(series) == 1
    assert np.isnan(series.value_krw[0])
    assert series.volume_shares[0] == 5
    assert np.isnan(series.base[0])  # no daily row tells it


def test_the_base_of_a_day_whose_row_is_not_there_yet(store: SqlBarStore) -> None:
    with store.unit_of_work() as unit:
        unit.upsert_daily(daily([("005930", "2026-03-02", 90, 99, 88, 98, 1000)]))
        unit.upsert_actions(actions([("005930", "2026-03-03", 0.5, "exact")]))
        unit.upsert_minutes(minutes("005930", [(at(9, 0), 50, 51, 49, 50, 5)]))
    assert store.minute_series("005930", Timeframe.MIN_1, AsOf.end_of(DAY)).base.tolist() == [49.0]
    with store.unit_of_work() as unit:  # another stock traded on a day between: now the base is not known
        unit.upsert_daily(daily([("000660", "2026-03-02", 1, 1, 1, 1, 1), ("000660", "2026-03-03", 1, 1, 1, 1, 1)]))
        later = date(2026, 3, 4)
        unit.upsert_minutes(minutes("005930", [(at(9, 0, later), 50, 51, 49, 50, 5)]))
    bases = store.minute_series("005930", Timeframe.MIN_1, AsOf.end_of(later)).base
    assert bases[0] == 49.0
    assert np.isnan(bases[1])


def test_days_are_not_a_minute_time_frame(traded: SqlBarStore) -> None:
    with pytest.raises(ValidationFailed) as caught:
        traded.minute_series("005930", Timeframe.DAY, AsOf.end_of(DAY))
    assert caught.value.key == "error.timeframe"


def test_who_has_minutes(traded: SqlBarStore) -> None:
    assert traded.minute_tickers() == frozenset({"005930"})
    assert traded.has_minutes("005930")
    assert not traded.has_minutes("000660")


def test_levels_up_to_a_day(store: SqlBarStore) -> None:
    with store.unit_of_work() as unit:
        unit.upsert_index(levels("KOSPI", [("2026-03-02", 5000.0), ("2026-03-03", 5100.0), ("2026-03-04", 5000.0)]))
        unit.upsert_index(levels("USDKRW", [("2026-03-02", 1400.0)]))
    series = store.level_series("KOSPI", AsOf.end_of(DAY))
    assert series.close.tolist() == [5000.0, 5100.0]
    assert series.change_pct[1] == pytest.approx(2.0)
    assert np.isnan(series.change_pct[0])
    assert store.level_series("USDKRW").close.tolist() == [1400.0]
    with pytest.raises(DataUnavailable):
        store.level_series("KOSDAQ")


def test_news_is_shown_from_when_it_was_known(store: SqlBarStore) -> None:
    late = NewsBatch(**{**vars(news([("u:3", "늦게 모은 기사", "005930", 100)])), "collected_ns": np.array([900])})
    with store.unit_of_work() as unit:
        unit.upsert_news(
            news([("u:1", "첫 기사", "005930", 100), ("u:2", "다음 기사", "005930", 500), ("u:9", "시황", "", 50)])
        )
        unit.upsert_news(late)
    assert [item.title for item in store.news_of("005930", AsOf(499))] == ["첫 기사"]
    assert [item.title for item in store.news_of("005930", AsOf(500))] == ["다음 기사", "첫 기사"]
    found = store.news_of("005930", AsOf(1000))
    assert {item.title: item.known_at_ns for item in found}["늦게 모은 기사"] == 900
    assert len(store.news_of("", AsOf(1000))) == 4
    assert len(store.news_of("", AsOf(1000), since_ns=100, limit=2)) == 2


def test_gaps_are_runs_of_trading_days_without_rows() -> None:
    calendar = np.array([1, 2, 3, 6, 7, 8, 9], dtype=np.int64)
    day = date(1970, 1, 1).replace
    assert gaps_between([2, 9], calendar) == (CoverageGap(day(day=4), day(day=9), 4),)
    assert gaps_between([1, 3, 7, 9], calendar) == (
        CoverageGap(day(day=3), day(day=3), 1),
        CoverageGap(day(day=7), day(day=7), 1),
        CoverageGap(day(day=9), day(day=9), 1),
    )
    assert gaps_between([1, 2, 3, 6, 7, 8, 9], calendar) == ()
    assert gaps_between([], calendar) == ()


def test_the_ledger_shows_coverage_gaps_source_and_age(store: SqlBarStore) -> None:
    with store.unit_of_work() as unit:
        unit.upsert_daily(market(3, "2026-03-02", 5, source="bars"))
        unit.upsert_daily(
            daily([("999990", "2026-03-02", 1, 1, 1, 1, 1), ("999990", "2026-03-05", 1, 1, 1, 1, 1)], source="other")
        )
        unit.upsert_flows(flows([("000010", "2026-03-02", 1, 1), ("000010", "2026-03-06", 1, 1)]))
        unit.upsert_minutes(minutes("005930", [(at(9, 0), 1, 1, 1, 1, 1), (at(9, 1), 1, 1, 1, 1, 1)]))
        unit.upsert_news(news([("u:1", "기사", "005930", at(0, 30)), ("u:1", "기사", "000660", at(0, 30))]))
        unit.upsert_symbols([symbol("000010", "가")], source="list", complete=False)
        unit.upsert_calendar(days_of(["2026-03-02", "2026-03-07"]), np.array([True, False]), source="table")
    ledger = store.ledger()
    by_set = {(item.dataset, item.source): item for item in ledger.datasets}
    bars = by_set["daily_price", "bars"]
    assert (bars.rows, bars.symbols, bars.days, bars.gaps) == (15, 3, 5, ())
    assert (bars.first_day, bars.last_day) == (date(2026, 3, 2), date(2026, 3, 6))
    assert bars.received_at_ns is not None
    assert by_set["daily_price", "other"].gaps == (CoverageGap(date(2026, 3, 3), date(2026, 3, 4), 2),)
    assert by_set["flow", "test"].gaps == (CoverageGap(date(2026, 3, 3), date(2026, 3, 5), 3),)
    assert (by_set["minute_price", "minutes"].rows, by_set["minute_price", "minutes"].days) == (2, 1)
    assert by_set["minute_price", "minutes"].first_day == DAY
    headline = by_set["news", "news"]
    assert (headline.rows, headline.symbols, headline.first_day) == (1, 2, DAY)
    assert by_set["stock", "list"].first_day is None
    assert store.ledger() is ledger  # counted once per data version
    with store.unit_of_work() as unit:
        unit.upsert_minutes(minutes("005930", [(at(9, 2), 1, 1, 1, 1, 1)]))
    assert store.ledger() is not ledger


def test_the_ledger_names_the_place_without_password(store: SqlBarStore) -> None:
    ledger = store.ledger()
    assert ledger.datasets == ()
    assert "planted-secret" not in ledger.database
    assert ledger.database.startswith(("SQLite ", "PostgreSQL "))
    assert (ledger.bytes_on_disk is not None) == store.database.location.is_sqlite


def test_what_one_symbol_has(traded: SqlBarStore) -> None:
    found = {item.dataset: item for item in traded.symbol_coverage("005930")}
    assert (found["daily_price"].rows, found["daily_price"].missing_days) == (2, 0)
    assert (found["minute_price"].rows, found["minute_price"].first_day) == (6, DAY)
    assert traded.symbol_coverage("000660") == ()


@pytest.mark.real_data
@pytest.mark.slow
def test_a_recorded_import_settles(recorded_data: Path, tmp_path: Path) -> None:
    """The two recorded sources of daily prices disagree on volumes; importing both again changes nothing."""
    import pyarrow.parquet as pq

    from ralphstock_desktop.ports import MISSING_INT, DailyBatch

    def batch(file: str, source: str, **extra: str) -> DailyBatch:
        table = pq.read_table(recorded_data / file)
        table = table.filter([value < "000300" for value in table["ticker"].to_pylist()])
        missing = np.full(table.num_rows, MISSING_INT)

        def column(name: str | None) -> np.ndarray:  # type: ignore[type-arg]
            return missing if name is None else table[name].to_numpy().astype(np.int64)

        return DailyBatch(
            np.array(table["ticker"].to_pylist()),
            table["date"].to_numpy().astype("datetime64[D]"),
            *(column(name) for name in ("open", "high", "low", "close", "volume")),
            column(extra.get("value")),
            column(extra.get("change")),
            source,
        )

    bars = batch("prices/daily_raw.parquet", "bars")
    table = batch("market_days/market_days.parquet", "table", value="value", change="change")
    with open_database(tmp_path / "market.db") as database:
        for number in range(2):
            for given in (bars, table):
                with database.unit_of_work() as unit:
                    counted = unit.upsert_daily(given)
                if number:
                    assert (counted.inserted, counted.updated) == (0, 0)


def test_a_corrected_minute_loses_the_value_of_the_wrong_one(traded: SqlBarStore) -> None:
    def stored_value() -> list[int]:
        batch = traded.minutes_between("005930", at(9, 0), at(9, 2))
        assert batch is not None
        return batch.value_krw.tolist()

    first = minutes("005930", [(at(9, 0), 50, 51, 49, 50, 5)])
    with traded.unit_of_work() as unit:
        unit.upsert_minutes(replace(first, value_krw=np.array([250])))
    assert stored_value()[0] == 250
    with traded.unit_of_work() as unit:
        unit.upsert_minutes(replace(first, value_krw=np.array([MISSING_INT])))
    assert stored_value()[0] == 250, "the same bar without a value says nothing against it"
    other = minutes("005930", [(at(9, 0), 50, 52, 49, 50, 6)])
    with traded.unit_of_work() as unit:
        unit.upsert_minutes(replace(other, value_krw=np.array([MISSING_INT])))
    assert stored_value()[0] == MISSING_INT

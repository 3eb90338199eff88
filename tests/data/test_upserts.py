"""The rules of domain.md §10.2 for market data, one by one, on both databases."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from sqlalchemy import Table, select

from engine.model.errors import ValidationFailed
from engine.model.instruments import Designation, DesignationFlag, Market, SecurityType
from ralphstock_desktop.data import readers
from ralphstock_desktop.data.database import Database
from ralphstock_desktop.data.news_writes import canonical_url, normalized_title
from ralphstock_desktop.data.schema.market import (
    ADJUSTED_PRICE,
    CALENDAR_DAY,
    CORPORATE_ACTION,
    DAILY_PRICE,
    DESIGNATION,
    FLOW,
    FX_RATE,
    IMPORT_RUN,
    INDEX_PRICE,
    MARKET_FLOW,
    MARKET_FLOW_MINUTE,
    MINUTE_PRICE,
    NEWS,
    NEWS_STOCK,
    STOCK,
    STOCK_NAME_HISTORY,
)
from ralphstock_desktop.ports import (
    AdjustedBatch,
    DailyBatch,
    FlowBatch,
    ImportRecord,
    MarketFlowBatch,
    UpsertCount,
)
from tests.data.builders import actions, daily, days_of, flows, ints, levels, market, minutes, news, symbol

BAR = ("005930", "2026-03-02", 100, 110, 90, 105, 1000)


def put(database: Database, batch: DailyBatch) -> UpsertCount:
    with database.unit_of_work() as unit:
        return unit.upsert_daily(batch)


def rows(database: Database, table: Table, *names: str) -> list[tuple[object, ...]]:
    with database.read() as connection:
        query = select(*(table.c[name] for name in names)).order_by(*table.primary_key.columns)
        return [tuple(row) for row in connection.execute(query)]


# -- daily prices ----------------------------------------------------------------------------------------------------


def test_rows_are_stored_with_what_is_derived(database: Database) -> None:
    counted = put(database, daily([("005930", "2026-03-02", 100, 110, 90, 105, 1000, 104_000, 5)]))
    assert counted == UpsertCount(inserted=1)
    stored = rows(
        database, DAILY_PRICE, "ticker", "date", "close", "trading_value", "prev_diff", "base_price", "valid", "venue"
    )
    assert stored == [("005930", date(2026, 3, 2), 105, 104_000, 5, 100, True, "KRX")]


def test_missing_stays_null_and_halted_is_not_valid(database: Database) -> None:
    put(database, daily([("005930", "2026-03-02", 0, 0, 0, 105, 0)]))
    assert rows(database, DAILY_PRICE, "open", "trading_value", "base_price", "valid") == [(0, None, None, False)]


def test_importing_twice_changes_nothing(database: Database) -> None:
    batch = market(60, "2025-01-02", 100)
    assert put(database, batch) == UpsertCount(inserted=6000)
    assert put(database, batch) == UpsertCount(unchanged=6000)
    with database.read() as connection:
        assert readers.price_revisions(connection, "000010") == ()


@pytest.mark.parametrize("few_days", [True, False])
def test_only_new_and_changed_rows_are_written(database: Database, few_days: bool) -> None:
    days = 5 if few_days else 100
    whole = market(60, "2025-01-02", days)
    half = np.arange(len(whole.ticker)) % 2 == 0
    first = DailyBatch(**{k: v[half] if isinstance(v, np.ndarray) else v for k, v in vars(whole).items()})
    put(database, first)
    changed = DailyBatch(**{**vars(whole), "close_krw": whole.close_krw + (np.arange(len(whole.ticker)) % 10 == 0)})
    total = len(whole.ticker)
    assert put(database, changed) == UpsertCount(total // 2, total // 10, total // 2 - total // 10)
    stored = rows(database, DAILY_PRICE, "close")
    assert [row[0] for row in stored] == changed.close_krw.tolist()


def test_a_changed_value_leaves_a_revision_with_old_and_new(database: Database) -> None:
    put(database, daily([BAR], source="first"))
    assert put(database, daily([(*BAR[:5], 107, 1000)], source="second")) == UpsertCount(updated=1)
    with database.read() as connection:
        (revision,) = readers.price_revisions(connection, "005930")
    assert (revision.old, revision.new) == ({"close": 105}, {"close": 107})
    assert (revision.old_source, revision.new_source, revision.day) == ("first", "second", date(2026, 3, 2))


def test_null_or_zero_never_replaces_a_known_value(database: Database) -> None:
    put(database, daily([("005930", "2026-03-02", 100, 110, 90, 105, 1000, 104_000, 5)]))
    partial = daily([("005930", "2026-03-02", None, 0, None, 106, 0, None, 0)])
    assert put(database, partial) == UpsertCount(updated=1)
    names = ("open", "high", "low", "close", "volume", "trading_value", "prev_diff", "base_price")
    assert rows(database, DAILY_PRICE, *names) == [(100, 110, 90, 106, 1000, 104_000, 5, 101)]


def test_a_gap_is_filled_without_a_revision(database: Database) -> None:
    put(database, daily([BAR], source="bars"))
    assert put(database, daily([(*BAR, 104_000, 0)], source="values")) == UpsertCount(updated=1)
    assert rows(database, DAILY_PRICE, "trading_value", "prev_diff") == [(104_000, 0)]
    with database.read() as connection:
        assert readers.price_revisions(connection, "005930") == ()


def test_a_row_without_trades_says_nothing_against_a_traded_day(database: Database) -> None:
    put(database, daily([BAR]))
    assert put(database, daily([("005930", "2026-03-02", 0, 0, 0, 99, 0)])) == UpsertCount(unchanged=1)


def test_two_sources_that_disagree_settle_on_the_later_one(database: Database) -> None:
    early, late = daily([BAR], source="early"), daily([(*BAR[:6], 1200)], source="late")
    put(database, early)
    assert put(database, late) == UpsertCount(updated=1)
    # a second import of both is no news from either
    assert put(database, early) == UpsertCount(unchanged=1)
    assert put(database, late) == UpsertCount(unchanged=1)
    assert rows(database, DAILY_PRICE, "volume") == [(1200,)]
    # but the first source may still correct itself
    assert put(database, daily([(*BAR[:6], 1300)], source="early")) == UpsertCount(updated=1)


def test_of_two_rows_with_one_key_the_later_counts_and_order_does_not_matter(database: Database) -> None:
    batch = daily(
        [("005930", "2026-03-03", 1, 1, 1, 1, 1), BAR, (*BAR[:5], 108, 1000), ("000660", "2026-03-02", 2, 2, 2, 2, 2)]
    )
    assert put(database, batch) == UpsertCount(inserted=3)
    assert rows(database, DAILY_PRICE, "ticker", "close") == [("000660", 2), ("005930", 108), ("005930", 1)]


@pytest.mark.parametrize(
    ("row", "key"),
    [
        (("", *BAR[1:]), "error.storage.key"),
        (("005930", "NaT", *BAR[2:]), "error.storage.key"),
        ((*BAR[:2], -100, *BAR[3:]), "error.storage.amount"),
        ((*BAR[:6], -1), "error.storage.amount"),
        ((*BAR[:2], 2**31, *BAR[3:]), "error.storage.amount"),
    ],
)
def test_bad_rows_are_named_and_nothing_is_stored(database: Database, row: tuple[object, ...], key: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        put(database, daily([("000660", "2026-03-02", 1, 1, 1, 1, 1), row]))
    assert caught.value.key == key
    assert rows(database, DAILY_PRICE, "ticker") == []


def test_columns_of_different_length_are_refused(database: Database) -> None:
    with pytest.raises(ValidationFailed, match="equally long"):
        put(database, DailyBatch(**{**vars(daily([BAR])), "close_krw": ints([1, 2])}))


def test_an_empty_batch_is_no_change(database: Database) -> None:
    empty = {name: value[:0] if isinstance(value, np.ndarray) else value for name, value in vars(daily([BAR])).items()}
    assert put(database, DailyBatch(**empty)) == UpsertCount()


# -- adjusted, actions, minutes, levels ------------------------------------------------------------------------------


def adjusted(close: float, factor_on: date | None) -> AdjustedBatch:
    price = np.array([close])
    return AdjustedBatch(
        ticker=np.array(["005930"]),
        day=days_of(["2026-03-02"]),
        open_krw=price,
        high_krw=price,
        low_krw=price,
        close_krw=price,
        volume_shares=np.array([np.nan]),
        factor_on=factor_on,
        source="vendor",
    )


def test_a_later_adjustment_replaces_the_adjusted_columns_only(database: Database) -> None:
    put(database, daily([BAR]))
    with database.unit_of_work() as unit:
        unit.upsert_adjusted(adjusted(52.5, date(2026, 4, 1)))
    with database.unit_of_work() as unit:
        assert unit.upsert_adjusted(adjusted(105.0, date(2026, 3, 1))) == UpsertCount(unchanged=1)
        assert unit.upsert_adjusted(adjusted(26.25, date(2026, 5, 1))) == UpsertCount(updated=1)
    assert rows(database, ADJUSTED_PRICE, "close", "volume", "factor_on") == [(26.25, None, date(2026, 5, 1))]
    assert rows(database, DAILY_PRICE, "close") == [(105,)]


def test_an_approximate_factor_never_replaces_an_exact_one(database: Database) -> None:
    with database.unit_of_work() as unit:
        unit.upsert_actions(actions([("005930", "2026-03-02", 0.2, "exact"), ("000660", "2026-03-02", 5.0, "approximate")]))
    with database.unit_of_work() as unit:
        again = actions([("005930", "2026-03-02", 0.25, "approximate"), ("000660", "2026-03-02", 5.1, "exact")])
        assert unit.upsert_actions(again) == UpsertCount(updated=1, unchanged=1)
    assert rows(database, CORPORATE_ACTION, "ticker", "price_factor", "confidence") == [
        ("000660", 5.1, "exact"),
        ("005930", 0.2, "exact"),
    ]
    with pytest.raises(ValidationFailed, match="above 0"), database.unit_of_work() as unit:
        unit.upsert_actions(actions([("005930", "2026-03-02", 0.0, "exact")]))


def test_minutes_and_levels_are_idempotent(database: Database) -> None:
    bars = minutes("005930", [(60_000_000_000 * n, 10, 12, 9, 11, 100) for n in range(5)])
    index = levels("KOSPI", [("2026-03-02", 5000.5), ("2026-03-03", 5100.25)])
    rate = levels("USDKRW", [("2026-03-02", 1400.5)])
    for expected in (UpsertCount(inserted=5), UpsertCount(unchanged=5)):
        with database.unit_of_work() as unit:
            assert unit.upsert_minutes(bars) == expected
    for expected in (UpsertCount(inserted=2), UpsertCount(unchanged=2)):
        with database.unit_of_work() as unit:
            assert unit.upsert_index(index) == expected
    with database.unit_of_work() as unit:
        assert unit.upsert_index(rate) == UpsertCount(inserted=1)
    assert rows(database, INDEX_PRICE, "code", "close") == [("KOSPI", 5000.5), ("KOSPI", 5100.25)]
    assert rows(database, FX_RATE, "code", "close") == [("USDKRW", 1400.5)]
    assert len(rows(database, MINUTE_PRICE, "ts")) == 5


# -- flows -----------------------------------------------------------------------------------------------------------


def put_flows(database: Database, batch: FlowBatch) -> UpsertCount:
    with database.unit_of_work() as unit:
        return unit.upsert_flows(batch)


def test_shares_and_won_of_one_day_meet_in_one_row(database: Database) -> None:
    put_flows(database, flows([("005930", "2026-03-02", None, -5_000_000)]))
    assert put_flows(database, flows([("005930", "2026-03-02", -70, None)])) == UpsertCount(updated=1)
    assert put_flows(database, flows([("005930", "2026-03-02", 0, 0)])) == UpsertCount(unchanged=1)
    assert rows(database, FLOW, "investor", "net_shares", "net_value", "estimated") == [("foreign", -70, -5_000_000, False)]


def test_zero_is_a_value_where_nothing_was_known(database: Database) -> None:
    put_flows(database, flows([("005930", "2026-03-02", None, 0)]))
    assert rows(database, FLOW, "net_shares", "net_value") == [(None, 0)]


def test_confirmed_replaces_provisional_whole_and_never_the_other_way(database: Database) -> None:
    put_flows(database, flows([("005930", "2026-03-02", 10, 900)], provisional=True))
    assert put_flows(database, flows([("005930", "2026-03-02", None, 0)])) == UpsertCount(updated=1)
    assert rows(database, FLOW, "net_shares", "net_value", "provisional") == [(None, 0, False)]
    assert put_flows(database, flows([("005930", "2026-03-02", 10, 900)], provisional=True)) == UpsertCount(unchanged=1)


def test_an_estimate_never_replaces_a_published_value(database: Database) -> None:
    put_flows(database, flows([("005930", "2026-03-02", 10, 1000)], estimated=True))
    put_flows(database, flows([("005930", "2026-03-02", None, 1005)]))
    assert rows(database, FLOW, "net_value", "estimated") == [(1005, False)]
    assert put_flows(database, flows([("005930", "2026-03-02", 10, 1000)], estimated=True)) == UpsertCount(unchanged=1)


def test_confirmed_flows_are_known_from_the_evening_of_their_day(database: Database) -> None:
    put_flows(database, flows([("005930", "2026-09-11", 1, 1), ("005930", "2026-09-14", 1, 1)]))
    hour = 3_600_000_000_000
    stored = rows(database, FLOW, "date", "available_at")
    for (day, at), local in zip(stored, (18 * hour + hour // 6, 20 * hour + hour // 6), strict=True):
        assert isinstance(day, date)
        assert at == (day - date(1970, 1, 1)).days * 24 * hour + local - 9 * hour


def test_market_flows_by_day_and_by_minute(database: Database) -> None:
    columns = {
        "market": np.array(["KOSPI", "KOSPI"]),
        "day": days_of(["2026-03-02", "2026-03-02"]),
        "investor": np.array(["기관", "기관/연기금"]),
        "net_krw": ints([-100, 5]),
        "source": "test",
    }
    for expected in (UpsertCount(inserted=2), UpsertCount(unchanged=2)):
        with database.unit_of_work() as unit:
            assert unit.upsert_market_flows(MarketFlowBatch(**columns, instant_ns=None)) == expected
        with database.unit_of_work() as unit:
            assert unit.upsert_market_flows(MarketFlowBatch(**columns, instant_ns=ints([60, 60]))) == expected
    assert sorted(rows(database, MARKET_FLOW, "investor", "net_value")) == [("기관", -100), ("기관/연기금", 5)]
    assert len(rows(database, MARKET_FLOW_MINUTE, "ts")) == 2


# -- master ----------------------------------------------------------------------------------------------------------


def list_symbols(database: Database, *symbols: object, as_of: date | None = None, complete: bool = False) -> UpsertCount:
    with database.unit_of_work() as unit:
        return unit.upsert_symbols(list(symbols), source="list", complete=complete, as_of=as_of)  # type: ignore[arg-type]


def test_the_master_refreshes_all_fields_it_is_given(database: Database) -> None:
    list_symbols(database, symbol("005930", "삼성전자", sector="전기전자", shares_out=100), as_of=date(2026, 3, 1))
    newer = symbol("005930", "삼성전자", sector="반도체", market=Market.UNKNOWN, type=SecurityType.UNKNOWN, par_krw=100)
    assert list_symbols(database, newer, as_of=date(2026, 4, 1)) == UpsertCount(updated=1)
    assert list_symbols(database, newer, as_of=date(2026, 4, 1)) == UpsertCount(unchanged=1)
    names = ("sector", "market", "type", "shares_out", "par_krw")
    assert rows(database, STOCK, *names) == [("반도체", Market.KOSPI, SecurityType.COMMON, 100, 100)]


def test_an_older_listing_only_fills_gaps(database: Database) -> None:
    list_symbols(database, symbol("005930", "새이름"), as_of=date(2026, 4, 1))
    older = symbol("005930", "옛이름", sector="전기전자")
    assert list_symbols(database, older, as_of=date(2026, 3, 1)) == UpsertCount(updated=1)
    assert list_symbols(database, older, as_of=date(2026, 3, 1)) == UpsertCount(unchanged=1)
    assert list_symbols(database, symbol("005930", "무일자"), as_of=None) == UpsertCount(unchanged=1)
    assert rows(database, STOCK, "name", "sector") == [("새이름", "전기전자")]
    assert rows(database, STOCK_NAME_HISTORY, "name") == []


def test_a_new_name_is_remembered_with_its_days(database: Database) -> None:
    list_symbols(database, symbol("000270", "기아자동차", listed_on=date(1973, 7, 21)), as_of=date(2026, 1, 5))
    list_symbols(database, symbol("000270", "기아"), as_of=date(2026, 3, 22))
    list_symbols(database, symbol("000270", "기아모빌"), as_of=date(2026, 5, 1))
    assert rows(database, STOCK_NAME_HISTORY, "from_day", "to_day", "name") == [
        (date(1973, 7, 21), date(2026, 3, 21), "기아자동차"),
        (date(2026, 3, 22), date(2026, 4, 30), "기아"),
        (date(2026, 5, 1), None, "기아모빌"),
    ]


def test_a_complete_newer_listing_marks_who_disappeared(database: Database) -> None:
    every = [symbol("000010", "가"), symbol("000020", "나"), symbol("000025", "나우", type=SecurityType.PREFERRED)]
    list_symbols(database, *every, as_of=date(2026, 3, 2))
    assert list_symbols(database, every[0], as_of=date(2026, 3, 2), complete=True).updated == 0  # not newer
    assert list_symbols(database, every[0], as_of=None, complete=True).updated == 0
    assert list_symbols(database, every[0], as_of=date(2026, 3, 9), complete=True) == UpsertCount(updated=1, unchanged=1)
    assert rows(database, STOCK, "ticker", "delisted_on", "delisting_inferred") == [
        ("000010", None, False),
        ("000020", date(2026, 3, 9), True),
        ("000025", None, False),  # the listing holds no preferred stocks and says nothing about them
    ]
    assert list_symbols(database, every[0], as_of=date(2026, 3, 9), complete=True).updated == 0
    # the exact day arrives later, and a still later listing may bring the symbol back
    list_symbols(database, symbol("000020", "나", delisted_on=date(2026, 3, 5)), as_of=None)
    assert rows(database, STOCK, "delisted_on")[1] == (date(2026, 3, 5),)
    list_symbols(database, every[1], as_of=date(2026, 6, 1))
    assert rows(database, STOCK, "delisted_on")[1] == (None,)


def test_a_symbol_that_traded_later_has_not_disappeared(database: Database) -> None:
    list_symbols(database, symbol("000010", "가"), symbol("000020", "나"), as_of=date(2026, 3, 2))
    put(database, daily([("000020", "2026-03-10", 1, 1, 1, 1, 1)]))
    list_symbols(database, symbol("000010", "가"), as_of=date(2026, 3, 9), complete=True)
    assert rows(database, STOCK, "delisted_on") == [(None,), (None,)]


def test_a_cut_listing_cannot_delist_half_the_market(database: Database) -> None:
    list_symbols(database, *(symbol(f"{n:05d}0", f"회사{n}") for n in range(1, 301)), as_of=date(2026, 3, 2))
    with pytest.raises(ValidationFailed) as caught:
        list_symbols(database, symbol("000010", "회사1"), as_of=date(2026, 3, 9), complete=True)
    assert caught.value.key == "error.storage.listing"


def test_designations_are_intervals_whose_end_is_never_reopened(database: Database) -> None:
    start = date(2026, 3, 2)
    both = Designation("005930", DesignationFlag.ADMIN | DesignationFlag.HALT, start)
    with database.unit_of_work() as unit:
        assert unit.upsert_designations([both], source="krx") == UpsertCount(inserted=2)
    with database.unit_of_work() as unit:
        ended = Designation("005930", DesignationFlag.HALT, start, date(2026, 3, 5))
        assert unit.upsert_designations([ended], source="krx") == UpsertCount(updated=1)
        assert unit.upsert_designations([both], source="krx") == UpsertCount(unchanged=2)
    assert sorted(rows(database, DESIGNATION, "kind", "to_day")) == [("ADMIN", None), ("HALT", date(2026, 3, 5))]
    with pytest.raises(ValidationFailed, match="not before its start"), database.unit_of_work() as unit:
        unit.upsert_designations([Designation("005930", DesignationFlag.HALT, start, date(2026, 3, 1))], source="krx")


def test_the_calendar_takes_the_later_word(database: Database) -> None:
    with database.unit_of_work() as unit:
        unit.upsert_calendar(days_of(["2026-03-02", "2026-03-03"]), np.array([True, True]), source="table")
    with database.unit_of_work() as unit:
        counted = unit.upsert_calendar(days_of(["2026-03-03", "2026-03-04"]), np.array([False, True]), source="table")
    assert counted == UpsertCount(inserted=1, updated=1)
    assert [row[0] for row in rows(database, CALENDAR_DAY, "is_open")] == [True, False, True]


# -- news and imports ------------------------------------------------------------------------------------------------


def test_one_article_is_one_row_with_any_number_of_tickers(database: Database) -> None:
    batch = news(
        [
            ("https://News.example/a/1?utm_source=x&b=2&a=1#top", "[속보] 삼성전자, 대규모 수주", "005930", 100),
            ("https://news.example/a/1/?a=1&b=2", "[속보] 삼성전자, 대규모 수주", "000660", 100),
            ("https://news.example/b", "코스피 상승", "", 200),
        ]
    )
    with database.unit_of_work() as unit:
        assert unit.upsert_news(batch) == UpsertCount(inserted=3)
    with database.unit_of_work() as unit:
        assert unit.upsert_news(batch) == UpsertCount(unchanged=3)
    assert rows(database, NEWS, "canonical_url", "norm_title") == [
        ("https://news.example/a/1?a=1&b=2", "삼성전자대규모수주"),
        ("https://news.example/b", "코스피상승"),
    ]
    assert sorted(str(row[0]) for row in rows(database, NEWS_STOCK, "ticker")) == ["000660", "005930"]


def test_addresses_and_titles_are_normalised() -> None:
    assert canonical_url("HTTPS://A.Kr/x/?gclid=1&z=1&a=&fbclid=2") == "https://a.kr/x?a=&z=1"
    assert canonical_url("headline:2026-01-15:005930") == "headline:2026-01-15:005930"
    assert normalized_title("【단독】 (종합) Lg전자·MOU 체결…<사진>") == "LG전자MOU체결"


def test_an_import_is_remembered_in_the_transaction_of_its_rows(database: Database) -> None:
    record = ImportRecord("daily.csv", "ab" * 32, "daily_price", 3, UpsertCount(1, 1, 1), 0, 1, 2, (("negative", 2),))
    with pytest.raises(ZeroDivisionError), database.unit_of_work() as unit:
        unit.record_import(record)
        1 / 0  # noqa: B018
    assert rows(database, IMPORT_RUN, "file") == []
    with database.unit_of_work() as unit:
        unit.record_import(record)
    assert rows(database, IMPORT_RUN, "file", "inserted", "issues") == [("daily.csv", 1, [["negative", 2]])]

"""What happens to single rows (domain.md §§1.2, 1.9-1.11, 10.2)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from memory_store import MemoryStore

from engine.model.instants import kst_ns
from engine.model.instruments import DesignationFlag, Market, SecurityType
from ralphstock_desktop.data.importing import ImportLimits
from ralphstock_desktop.data.importing.masters import security_type
from ralphstock_desktop.ports import ImportReport

Run = Callable[..., ImportReport]
HEADER = "ticker,date,open,high,low,close,volume\n"


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def reasons(report: ImportReport, *, rejected: bool | None = None) -> dict[str, int]:
    return {i.reason_key.removeprefix("import.reason."): i.rows for i in report.issues if rejected in (None, i.rejected)}


def test_bad_rows_are_rejected_counted_and_listed(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    rows = [
        "005930,2026-05-04,100,110,90,105,1000",  # good
        "00593O,2026-05-04,100,110,90,105,1000",  # the letter O
        "005930,2026-13-04,100,110,90,105,1000",
        "005930,2026-11-25,100,110,90,105,1000",  # tomorrow
        "005930,2026-11-24,100,110,90,105,1000",  # today before 15:40
        "005930,2026-05-05,100,110,90,105,1000",  # Children's Day
        "005930,1999-05-04,100,110,90,105,1000",  # before the calendar
        "005930,2026-05-06,-100,110,90,105,1000",
        "005930,2026-05-07,100.5,110,90,105,1000",
        "005930,2026-05-08,100,2000000000,90,105,1000",
        "005930,2026-05-11,100,110,90,,1000",
        "005930,2026-05-12,abc,110,90,105,1000",
        "005930,2026-05-13,100,110,90,105,-1",
        "005930,2026-05-14,0,0,0,0,0",
    ]
    report = run(write(tmp_path / "d.csv", HEADER + "\n".join(rows) + "\n"))
    assert list(store.rows("daily_price")) == [("005930", "2026-05-04")]
    assert reasons(report, rejected=True) == {
        "unreadable_ticker": 1,
        "unreadable_day": 1,
        "future": 1,
        "not_official": 1,
        "not_trading_day": 1,
        "calendar_unknown": 1,
        "negative_price": 1,
        "fractional_price": 1,
        "absurd_price": 1,
        "no_close": 2,
        "unreadable_price": 1,
        "negative_volume": 1,
    }
    assert report.rejected == 13
    assert report.rows_read == 14
    by_reason = {issue.reason_key: issue for issue in report.issues}
    assert by_reason["import.reason.negative_price"].examples == ("row 8: 005930 2026-05-06",)
    assert by_reason["import.reason.unreadable_ticker"].examples == ("row 2: 00593O",)
    assert by_reason["import.reason.unreadable_day"].examples == ("row 3: 005930 2026-13-04",)


def test_only_the_first_places_are_listed_but_all_counted(tmp_path: Path, run: Run) -> None:
    rows = "".join(f"005930,2026-05-04,-{n},1,1,1,1\n" for n in range(1, 41))
    report = run(write(tmp_path / "d.csv", HEADER + rows + "005930,2026-05-06,1,1,1,1,1\n"))
    issue = report.issues[0]
    assert (issue.rows, len(issue.examples)) == (40, 5)


def test_todays_bar_is_taken_once_it_is_official(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    file = write(tmp_path / "d.csv", HEADER + "005930,2026-11-24,1,1,1,1,1\n")
    assert run(file, now_ns=kst_ns(date(2026, 11, 24), 15, 39, 59)).inserted == 0
    assert run(file, now_ns=kst_ns(date(2026, 11, 24), 15, 40)).inserted == 1


def test_halted_and_contradictory_bars_are_stored(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    rows = "005930,20260504,0,0,0,105,0\n005930,20260506,100,90,95,105,10\n005930,20260507,,110,90,105,10\n"
    report = run(write(tmp_path / "d.csv", HEADER + rows))
    assert report.rejected == 0
    assert reasons(report) == {"halted": 1, "inconsistent": 1, "incomplete": 1}
    assert store.rows("daily_price")["005930", "2026-05-04"]["close_krw"] == 105
    assert store.rows("daily_price")["005930", "2026-05-07"]["open_krw"] is None


def test_the_last_of_equal_keys_wins_and_order_does_not_matter(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    rows = "005930,20260507,1,9,1,3,1\n005930,20260504,1,9,1,1,1\n005930,20260504,1,9,1,2,1\n"
    report = run(write(tmp_path / "d.csv", HEADER + rows))
    assert {key: row["close_krw"] for key, row in store.rows("daily_price").items()} == {
        ("005930", "2026-05-04"): 2,
        ("005930", "2026-05-07"): 3,
    }
    assert (report.inserted, report.updated, reasons(report)) == (2, 0, {"duplicate": 1})


def test_a_bad_later_row_does_not_displace_a_good_one(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    report = run(write(tmp_path / "d.csv", HEADER + "005930,20260504,1,1,1,7,1\n005930,20260504,1,1,1,-7,1\n"))
    assert store.rows("daily_price")["005930", "2026-05-04"]["close_krw"] == 7
    assert report.rejected == 1


def test_two_readings_of_a_long_file_store_the_same(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    days = ["20260504", "20260506", "20260507", "20260508", "20260511"]
    rows = [f"{code:06d},{day},1,999,1,{code % 90 + 5},{n + 1}" for n, code in enumerate(range(60, 0, -1)) for day in days]
    rows += ["000001,20260504,1,999,1,999,1", "bad,20260504,1,1,1,1,1"]
    file = write(tmp_path / "d.csv", HEADER + "\n".join(rows) + "\n")
    short = run(file, limits=ImportLimits(max_cached_bytes=0, batch_rows=32))
    assert run(file).unchanged == len(store.rows("daily_price")) == 300
    assert reasons(short) == {"unreadable_ticker": 1, "duplicate": 1}
    assert short.inserted == 300
    assert store.rows("daily_price")["000001", "2026-05-04"]["close_krw"] == 999


def test_importing_twice_changes_nothing(tmp_path: Path, run: Run) -> None:
    file = write(tmp_path / "d.csv", HEADER + "005930,20260504,1,2,1,2,1\n005930,20260506,1,2,1,2,1\n")
    first, second = run(file), run(file)
    assert (first.inserted, second.inserted, second.updated, second.unchanged) == (2, 0, 0, 2)
    assert first.fingerprints == second.fingerprints
    assert len(first.fingerprints[0][1]) == 64


def test_korean_export_in_cp949_with_units(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    text = (
        "일자,시가,고가,저가,종가,전일대비,거래량,거래대금(백만)\r\n"
        '2026/05/06,"71,000","71,500","70,100","70,900",-100,"1,234,567","87,500"\r\n'
        "2026/05/04,70000,71200,69900,71000,+500,999,71\r\n"
    )
    report = run(write(tmp_path / "삼성전자_005930.csv", text, "cp949"))
    assert report.failed == ()
    assert store.rows("daily_price")["005930", "2026-05-06"] == {
        "ticker": "005930",
        "day": "2026-05-06",
        "open_krw": 71_000,
        "high_krw": 71_500,
        "low_krw": 70_100,
        "close_krw": 70_900,
        "volume_shares": 1_234_567,
        "value_krw": 87_500_000_000,
        "prev_diff_krw": -100,
    }


def test_a_change_given_as_ratio_is_not_taken_for_won(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    text = "Date,Open,High,Low,Close,Volume,Change\n2026-05-04,1,2,1,2,10,0.0123\n"
    report = run(write(tmp_path / "005930.csv", text))
    assert store.rows("daily_price")["005930", "2026-05-04"]["prev_diff_krw"] is None
    assert reasons(report) == {"prev_diff_ignored": 1}


def test_flows_in_won_and_shares_meet_in_one_row(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    money = write(
        tmp_path / "krw.csv",
        "종목코드,날짜,외국인순매수(백만),기관합계(백만),연기금(백만)\n005930,2026-05-04,-12,5,\n000660,2026-05-04,0,,1\n",
    )
    shares = write(tmp_path / "주수.csv", "종목코드,날짜,외국인순매수,기관순매수\n005930,2026-05-04,-100,40\n")
    report = run(money, shares)
    assert report.failed == ()
    flows = store.rows("flow")
    assert flows["005930", "2026-05-04", "foreign"]["net_krw"] == -12_000_000
    assert flows["005930", "2026-05-04", "foreign"]["net_shares"] == -100
    assert ("005930", "2026-05-04", "pension") not in flows  # missing is no row
    assert flows["000660", "2026-05-04", "foreign"]["net_krw"] == 0  # zero is a value
    assert ("000660", "2026-05-04", "institution") not in flows


def test_flows_of_today_wait_for_their_confirmation(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    file = write(tmp_path / "krw.csv", "종목코드,날짜,외국인순매수(원)\n005930,2026-11-24,5\n")
    assert run(file, now_ns=kst_ns(date(2026, 11, 24), 20, 9)).inserted == 0
    assert run(file, now_ns=kst_ns(date(2026, 11, 24), 20, 10)).inserted == 1


def test_cumulative_value_becomes_each_minutes_own(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    text = "ticker,ts,open,high,low,close,volume,cum_value\n" + "".join(
        f"{code},{stamp},10,10,10,10,1,{total}\n"
        for code, stamp, total in (
            ("005930", "2026-05-06 09:00", 1_000),
            ("005930", "2026-05-04 09:02", 900),
            ("005930", "2026-05-04 09:00", 100),
            ("005930", "2026-05-04 09:01", 400),
            ("005930", "2026-05-04 09:03", 850),  # falls
            ("000660", "2026-05-04 09:03", 70),
        )
    )
    report = run(write(tmp_path / "m.csv", text))
    value = {key: row["value_krw"] for key, row in store.rows("minute_price").items()}
    at = lambda code, minute: value[code, kst_ns(date(2026, 5, 4), 9, minute)]  # noqa: E731
    assert [at("005930", m) for m in range(4)] == [100, 300, 500, None]
    assert at("000660", 3) == 70
    assert value["005930", kst_ns(date(2026, 5, 6), 9)] == 1_000
    assert reasons(report) == {"cumulative_falls": 1}


def test_minutes_with_date_and_time_columns(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    text = (
        "일자,시간,시가,고가,저가,현재가,거래량\n"
        "20260504,090100,10,11,9,10,5\n20260504,0902,10,11,9,10,5\n20260504,9:65,1,1,1,1,1\n"
    )
    report = run(write(tmp_path / "A005930_분봉.csv", text))
    assert [key[1] for key in store.rows("minute_price")] == [kst_ns(date(2026, 5, 4), 9, 1), kst_ns(date(2026, 5, 4), 9, 2)]
    assert reasons(report) == {"unreadable_time": 1}


def test_a_market_day_table_yields_to_plain_bars_of_the_same_import(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    table = write(
        tmp_path / "days.csv",
        "ticker,date,name,market,dept,open,high,low,close,change,volume,value,shares\n"
        "900001,2026-05-04,가나,KOSDAQ,관리종목(소속부없음),10,12,9,11,1,500,5500,1000\n"
        "900002,2026-05-04,다라우,KOSPI,,10,12,9,11,1,500,5500,1000\n",
    )
    plain = write(tmp_path / "bars.csv", HEADER + "900001,2026-05-04,10,12,9,11,520\n")
    report = run(table, plain)
    row = store.rows("daily_price")["900001", "2026-05-04"]
    assert (row["volume_shares"], row["value_krw"], row["prev_diff_krw"]) == (520, 5_500, 1)
    assert store.rows("daily_price")["900002", "2026-05-04"]["volume_shares"] == 500
    assert reasons(report) == {"kept_from_daily_file": 1}
    again = run(plain, table)
    assert (again.inserted, again.updated) == (0, 0)
    assert store.rows("symbol")["900002"]["name"] == "다라우"
    assert ("900001", DesignationFlag.ADMIN, date(2026, 5, 4)) in store.rows("designation")


def test_designation_intervals_follow_the_observed_days(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    def line(day: str, section: str) -> str:
        return f"900001,{day},가나,KOSDAQ,{section},1,1,1,1,0,1,1,1\n"

    text = "ticker,date,name,market,dept,open,high,low,close,change,volume,value,shares\n" + "".join(
        [
            line("2026-05-04", "중견기업부"),
            line("2026-05-06", "관리종목(소속부없음)"),
            line("2026-05-07", "관리종목(소속부없음)"),
            line("2026-05-08", "투자주의환기종목(소속부없음)"),
            line("2026-05-11", "관리종목(소속부없음)"),
        ]
    )
    run(write(tmp_path / "days.csv", text))
    assert {key[1:]: row["end"] for key, row in store.rows("designation").items()} == {
        (DesignationFlag.ADMIN, date(2026, 5, 6)): date(2026, 5, 7),
        (DesignationFlag.ADMIN, date(2026, 5, 11)): None,
        (DesignationFlag.CAUTION_ISSUE, date(2026, 5, 8)): date(2026, 5, 8),
    }


def test_listings_of_different_days_merge_the_same_in_any_order(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    old = write(
        tmp_path / "listing_20260320.csv",
        "ticker,isin,name,market,industry,listing_date,shares\n900001,KR7900001000,옛이름,KOSDAQ,전자,2001-02-03,100\n",
    )
    new = write(tmp_path / "common_20260821.csv", "ticker,name,market,sector_large\n900001,새이름,KOSDAQ GLOBAL,반도체\n")
    gone = write(
        tmp_path / "delisted.csv",
        "ticker,name,market,delisting_date,reason\n"
        "900001,옛이름,KONEX,2010-05-04,코스닥시장 이전상장\n900009,없어짐,KOSPI,2020-05-04,감사의견 거절\n",
    )
    run(old, new, gone)
    row = store.rows("symbol")["900001"]
    assert (row["name"], row["sector"], row["isin"], row["shares_out"]) == ("새이름", "반도체", "KR7900001000", 100)
    assert (row["market"], row["delisted_on"], row["listed_on"]) == (Market.KOSDAQ, None, date(2001, 2, 3))
    assert store.rows("symbol")["900009"]["delisted_on"] == date(2020, 5, 4)
    again = run(gone, new, old)
    assert (again.inserted, again.updated) == (0, 0)


@pytest.mark.parametrize(
    ("ticker", "name", "more", "kind"),
    [
        ("105560", "KB금융", {"industry": "기타 금융업"}, SecurityType.COMMON),
        ("138040", "메리츠금융지주", {"industry": "기타 금융업"}, SecurityType.COMMON),
        ("395400", "SK리츠", {"industry": "부동산 임대 및 공급업"}, SecurityType.REIT),
        ("088980", "맥쿼리인프라", {"industry": "신탁업 및 집합투자업"}, SecurityType.FUND),
        ("005935", "삼성전자우", {}, SecurityType.PREFERRED),
        ("00088K", "한화3우B", {}, SecurityType.PREFERRED),
        ("458650", "성우", {}, SecurityType.COMMON),
        ("0088D0", "메리츠제1호스팩", {"section": "SPAC(소속부없음)"}, SecurityType.SPAC),
        ("0126Z0", "삼성에피스홀딩스", {}, SecurityType.COMMON),
        ("000687", "무엇전환상환2우B", {"group": "주권", "kind": "신형우선주"}, SecurityType.PREFERRED),
        ("999990", "무엇", {"group": "부동산투자회사"}, SecurityType.REIT),
    ],
)
def test_security_types(ticker: str, name: str, more: dict[str, str], kind: SecurityType) -> None:
    assert security_type(ticker, name, **more) is kind


def test_news_without_address_gets_a_stable_one(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    days = (("2026-05-04", "005930"), ("2026-05-04", "000660"), ("2026-05-06", "005930"))
    text = "date,ticker,press,title\n" + "".join(f"{day},{code},연합,수주 소식\n" for day, code in days)
    first = run(write(tmp_path / "a.csv", text))
    rows = list(store.rows("news").values())
    assert first.inserted == 3
    assert rows[0]["url"] == rows[1]["url"] != rows[2]["url"]
    assert rows[0]["published_ns"] is None
    assert rows[0]["collected_ns"] == kst_ns(date(2026, 5, 4), 23, 59, 59)
    assert run(write(tmp_path / "b.csv", text)).unchanged == 3


def test_news_with_time_and_address(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    text = (
        "date,title,source,url\n"
        "2026-05-04 08:51,가,x.com,HTTPS://News.Example.com/a/?utm_source=q&b=2&a=1#top\n"
        "2026-11-24 15:01,미래,x.com,\n"
    )
    report = run(write(tmp_path / "a.csv", text))
    (row,) = store.rows("news").values()
    assert row["url"] == "https://news.example.com/a?a=1&b=2"
    assert row["published_ns"] == row["collected_ns"] == kst_ns(date(2026, 5, 4), 8, 51)
    assert reasons(report) == {"future": 1}


def test_indices_trade_on_days_the_exchange_is_closed(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    text = "symbol,date,open,high,low,close,volume,value\nSP500,2026-05-05,1.5,2,1,1.75,,\nUSDKRW,2026-05-04,3,2,1,1.5,,\n"
    report = run(write(tmp_path / "i.csv", text))
    assert store.rows("index_price")["SP500", "2026-05-05"]["close"] == 1.75
    assert reasons(report) == {"inconsistent": 1}


def test_corporate_actions(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    text = "ticker,ex_date,price_factor,confidence\n" + "".join(
        f"005930,2026-05-{day},{factor},exact\n" for day, factor in (("04", "0.02"), ("06", "0"), ("07", "x"))
    )
    report = run(write(tmp_path / "a.csv", text))
    assert store.rows("corporate_action")["005930", "2026-05-04"]["price_factor"] == 0.02
    assert reasons(report) == {"absurd_factor": 1, "unreadable_factor": 1}


def test_adjusted_series_by_name(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    table = pa.table(
        {
            "ticker": ["005930"],
            "date": [date(2026, 5, 4)],
            "open": [1.5],
            "high": [2.5],
            "low": [1.0],
            "close": [2.0],
            "volume": [3.0],
        }
    )
    pq.write_table(table, tmp_path / "daily_adjusted.parquet")
    report = run(tmp_path / "daily_adjusted.parquet")
    assert report.per_dataset == (("adjusted_price", 1, 0, 0, 0),)
    assert store.rows("adjusted_price")["005930", "2026-05-04"]["open_krw"] == 1.5


@pytest.mark.parametrize(
    ("name", "industry", "expected"),
    [
        ("TS인베스트먼트", "신탁업 및 집합투자업", SecurityType.COMMON),
        ("한국토지신탁", "신탁업 및 집합투자업", SecurityType.COMMON),
        ("맥쿼리인프라", "신탁업 및 집합투자업", SecurityType.FUND),
        ("SK리츠", "부동산 임대 및 공급업", SecurityType.REIT),
    ],
)
def test_venture_capital_is_common_stock_though_it_shares_the_industry_of_funds(
    name: str, industry: str, expected: SecurityType
) -> None:
    assert security_type("246690", name, industry=industry) == expected

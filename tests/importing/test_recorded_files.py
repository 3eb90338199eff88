"""Every kind of recorded file, sampled: the rows that arrive are the rows of the file, in the units of the store."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from memory_store import MemoryStore

from engine.model.instants import kst_ns
from engine.model.instruments import DesignationFlag, Market, SecurityType
from ralphstock_desktop.data.importing import preview
from ralphstock_desktop.ports import ImportReport
from ralphstock_desktop.providers.calendar_xkrx import KrxCalendar

pytestmark = pytest.mark.real_data
Run = Callable[..., ImportReport]
TICKERS = ["000020", "000040", "005930", "000660", "000100", "0004V0"]


@pytest.fixture
def sample(recorded: Path, tmp_path: Path) -> Callable[..., Path]:
    """Copy some rows of a recorded file under its own name."""

    def copy(name: str, *, rows: int = 300, tickers: list[str] | None = None) -> Path:
        source, target = recorded / name, tmp_path / Path(name).name
        if source.suffix == ".parquet":
            table = pq.read_table(source)
            if tickers and "ticker" in table.column_names:
                table = table.filter(pc.is_in(table["ticker"], pa.array(tickers)))
            pq.write_table(table.slice(0, rows), target)
            return target
        opener = gzip.open if source.suffix == ".gz" else open
        with opener(source, "rt", encoding="utf-8") as stream:
            lines = [line for _, line in zip(range(rows + 1), stream, strict=False)]
        with opener(target, "wt", encoding="utf-8") as stream:
            stream.writelines(lines)
        return target

    return copy


EXPECTED = {
    "prices/daily_raw.parquet": "daily_price",
    "prices/corporate_actions.csv": "corporate_action",
    "prices/daily_adjusted_2019_2025.parquet": "adjusted_price",
    "market_days/market_days.parquet": "daily_price",
    "flows/stock_flows_krw.parquet": "flow",
    "flows/stock_flows_shares.parquet": "flow",
    "flows/market_flows_daily.csv": "market_flow",
    "flows/market_flows_minute.parquet": "market_flow_minute",
    "index/index_daily.parquet": "index_price",
    "minute/minute1_20250901_05.parquet": "minute_price",
    "minute/minute1_202601.parquet": "minute_price",
    "listings/krx_listing_20260320.csv.gz": "listing",
    "listings/common_stocks_20260821.csv.gz": "listing",
    "listings/delisted_2015_202603.csv.gz": "delisted",
    "news/headlines_2026.csv.gz": "news",
    "news/headlines_2017_2022.csv.gz": "news",
    "news/market_headlines_202608.csv.gz": "news",
    "news/reports_krfinbert.csv.gz": "news",
}


def test_every_recorded_file_is_recognised_or_skipped_with_a_reason(recorded: Path) -> None:
    seen, skipped = {}, {}
    for shown in preview([recorded]):
        name = shown.path.relative_to(recorded).as_posix()
        if shown.dataset:
            assert shown.problem is None, shown
            seen[name] = shown.dataset
        else:
            assert shown.problem is not None
            skipped[name] = shown.problem.key
    assert seen == EXPECTED
    assert skipped == {
        "README.md": "import.skipped.not_data",
        "news/finance_sentences_labelled.csv.gz": "import.skipped.labelled_sentences",
        **dict.fromkeys(
            (
                "kiwoom/official_examples.json.gz",
                "kiwoom/rec_ka10001_006360_20260819.json",
                "kiwoom/rec_ka10003_006360_20260819.json",
                "kiwoom/rec_ka10080_005930_5min_20251029.json.gz",
                "kiwoom/rec_ws_real_frames.json",
            ),
            "import.skipped.broker_recording",
        ),
    }


def test_the_whole_folder_counts_up(sample: Callable[..., Path], run: Run, store: MemoryStore, tmp_path: Path) -> None:
    for name in EXPECTED:
        sample(name, tickers=TICKERS if "minute" not in name else None)
    first = run(tmp_path)
    assert first.failed == ()
    assert first.files == len(EXPECTED)
    assert first.rows_read == sum(shown.rows or 0 for shown in preview([tmp_path]))
    tables = {name: dict(rows) for name, rows in store.tables.items()}
    second = run(tmp_path)
    assert (second.inserted, second.updated) == (0, 0)
    assert second.unchanged == first.inserted + first.updated + first.unchanged
    assert store.tables == tables


def test_daily_raw(sample: Callable[..., Path], run: Run, store: MemoryStore) -> None:
    file = sample("prices/daily_raw.parquet", rows=5_000, tickers=["005930", "000040"])
    report = run(file)
    table = pq.read_table(file).to_pylist()
    rows = store.rows("daily_price")
    assert (report.inserted, report.rejected) == (len(table), 0)
    for line in table:
        row = rows[line["ticker"], line["date"].isoformat()]
        assert [row[f"{name}_krw"] for name in ("open", "high", "low", "close")] == [
            line[n] for n in ("open", "high", "low", "close")
        ]
        assert (row["volume_shares"], row["value_krw"], row["prev_diff_krw"]) == (line["volume"], None, None)
    assert rows["005930", "2024-07-10"]["close_krw"] == 87_800
    halted = sum(1 for line in table if line["open"] == line["high"] == line["low"] == 0)
    assert halted > 0
    assert [i.rows for i in report.issues if i.reason_key == "import.reason.halted"] == [halted]


def test_market_days(sample: Callable[..., Path], recorded: Path, run: Run, store: MemoryStore) -> None:
    table = pq.read_table(recorded / "market_days" / "market_days.parquet")
    marked = sorted(
        {row["ticker"] for row in table.filter(pc.match_substring(table["dept"], "관리종목")).slice(0, 400).to_pylist()}
    )
    file = sample("market_days/market_days.parquet", rows=3_000, tickers=[*TICKERS, *marked[:3]])
    report = run(file)
    assert report.rejected == 0
    line = next(row for row in pq.read_table(file).to_pylist() if row["change"] < 0)
    row = store.rows("daily_price")[line["ticker"], line["date"].isoformat()]
    assert (row["prev_diff_krw"], row["value_krw"]) == (line["change"], line["value"])
    assert store.rows("symbol")["000020"]["market"] is Market.KOSPI
    flags = {key[0]: key[1] for key in store.rows("designation")}
    assert {flags[code] for code in marked[:3]} == {DesignationFlag.ADMIN}


def test_flows(sample: Callable[..., Path], run: Run, store: MemoryStore) -> None:
    money = sample("flows/stock_flows_krw.parquet", rows=2_000, tickers=["000020", "005930"])
    shares = sample("flows/stock_flows_shares.parquet", rows=2_000, tickers=["005930"])
    report = run(money, shares)
    assert report.rejected == 0
    flows = store.rows("flow")
    for line in pq.read_table(money).to_pylist():
        key = (line["ticker"], line["date"].isoformat())
        assert flows[*key, "foreign"]["net_krw"] == line["foreign_net"]
        assert flows.get((*key, "pension"), {}).get("net_krw") == line["pension_net"]
    for line in pq.read_table(shares).to_pylist():
        assert flows["005930", line["date"].isoformat(), "institution"]["net_shares"] == line["institution_net"]
    assert ("000020", "2026-01-05", "pension") not in flows


def test_market_flows_in_won(sample: Callable[..., Path], run: Run, store: MemoryStore) -> None:
    run(sample("flows/market_flows_daily.csv"), sample("flows/market_flows_minute.parquet"))
    assert store.rows("market_flow")["KOSPI", "2023-12-12", "individual"]["net_krw"] == -689_200_000_000
    minute = store.rows("market_flow_minute")["KOSDAQ", kst_ns(date(2026, 5, 27), 13, 14, 4), "individual"]
    assert minute["net_krw"] == 452_200_000_000


def test_index(sample: Callable[..., Path], run: Run, store: MemoryStore) -> None:
    file = sample("index/index_daily.parquet", rows=30_000)
    report = run(file)
    assert report.inserted == 23_201
    assert [(i.reason_key, i.rows) for i in report.issues] == [("import.reason.inconsistent", 326)]
    line = next(row for row in pq.read_table(file).to_pylist() if row["symbol"] == "KOSPI")
    row = store.rows("index_price")["KOSPI", line["date"].isoformat()]
    assert (row["close"], row["value_krw"]) == (line["close"], line["value"])


def test_minutes_add_up_to_the_days_value(sample: Callable[..., Path], run: Run, store: MemoryStore) -> None:
    file = sample("minute/minute1_20250901_05.parquet", rows=3_000)
    run(file)
    table = pq.read_table(file).to_pandas()
    day = table[table.ts.dt.date == table.ts.dt.date.iloc[0]]
    day = day[day.ticker == day.ticker.iloc[0]]
    total = sum(
        row["value_krw"]
        for (ticker, at), row in store.rows("minute_price").items()
        if ticker == day.ticker.iloc[0] and at <= kst_ns(date(2025, 9, 1), 23)
    )
    assert total == int(day.cum_value.iloc[-1])


def test_listings(recorded: Path, run: Run, store: MemoryStore) -> None:
    report = run(recorded / "listings")
    assert report.rejected == 0
    kinds = {row["ticker"]: row["type"] for row in store.rows("symbol").values()}
    assert kinds["005930"] is SecurityType.COMMON
    assert kinds["105560"] is SecurityType.COMMON
    assert kinds["138040"] is SecurityType.COMMON
    assert kinds["005935"] is SecurityType.PREFERRED
    assert kinds["395400"] is SecurityType.REIT
    assert kinds["088980"] is SecurityType.FUND
    assert sum(kind is SecurityType.SPAC for kind in kinds.values()) >= 72
    assert all(kinds[code] is SecurityType.COMMON for code in ("159910", "294090", "458650"))
    gone = [row for row in store.rows("symbol").values() if row["delisted_on"]]
    assert len(gone) == 571
    again = run(recorded / "listings")
    assert (again.inserted, again.updated) == (0, 0)


def test_news(sample: Callable[..., Path], run: Run, store: MemoryStore) -> None:
    run(
        *(
            sample(f"news/{name}.csv.gz")
            for name in ("headlines_2026", "headlines_2017_2022", "market_headlines_202608", "reports_krfinbert")
        )
    )
    rows = list(store.rows("news").values())
    assert {row["kind"] for row in rows} == {"news", "report"}
    assert all(row["published_ns"] is not None for row in rows if row["ticker"] == "")
    assert all(row["published_ns"] is None for row in rows if row["ticker"] != "")


def test_days_of_the_recorded_bars_are_trading_days(recorded: Path, krx: KrxCalendar) -> None:
    days = np.unique(
        pq.read_table(recorded / "prices" / "daily_raw.parquet", columns=["date"])["date"].to_numpy().astype("datetime64[D]")
    )
    np.testing.assert_array_equal(days, krx.trading.between(days[0].astype(date), days[-1].astype(date)))

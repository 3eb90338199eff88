"""Headers, data sets, units, and the user's mapping."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from memory_store import MemoryStore

from ralphstock_desktop.data.importing import preview
from ralphstock_desktop.data.importing.headers import FIELDS, read_header
from ralphstock_desktop.data.importing.recognise import ticker_from_name
from ralphstock_desktop.ports import IMPORT_FIELDS, ImportReport

Run = Callable[..., ImportReport]


@pytest.mark.parametrize(
    ("column", "field", "unit", "quantity"),
    [
        ("종목코드", "ticker", "", ""),
        ("단축코드", "ticker", "", ""),
        ("Symbol", "ticker", "", ""),
        ("일자", "day", "", ""),
        ("Date", "day", "", ""),
        ("\ufeff날짜", "day", "", ""),
        ("현재가", "close_krw", "", ""),
        ("거래대금(백만)", "value_krw", "백만", "money"),
        ("거래대금 [억원]", "value_krw", "억원", "money"),
        ("거래대금（천원）", "value_krw", "천원", "money"),
        ("거래량(주)", "volume_shares", "주", "shares"),
        ("외국인 순매수", "foreign", "", ""),
        ("외국인순매수(주)", "foreign", "주", "shares"),
        ("외국인순매수수량", "foreign", "", "shares"),
        ("기관순매수대금", "institution", "", "money"),
        ("기관합계", "institution", "", ""),
        ("연기금 등", "pension", "", ""),
        ("foreign_net", "foreign", "", ""),
        ("전일 대비", "prev_diff_krw", "", ""),
        ("Adj Close", "", "", ""),
        ("", "", "", ""),
    ],
)
def test_headers(column: str, field: str, unit: str, quantity: str) -> None:
    header = read_header(column)
    assert (header.field, header.unit, header.quantity) == (field, unit, quantity)


def test_every_field_of_a_data_set_can_be_recognised() -> None:
    for required, optional in IMPORT_FIELDS.values():
        assert set(required) | set(optional) <= set(FIELDS)


@pytest.mark.parametrize(
    ("name", "ticker"),
    [
        ("005930.csv", "005930"),
        ("A005930.csv.gz", "005930"),
        ("삼성전자_005930_일별.csv", "005930"),
        ("0126Z0-daily.csv", "0126Z0"),
        ("prices_20260504.csv", ""),
        ("prices_202605.csv", ""),
        ("005930_000660.csv", ""),
        ("daily.csv", ""),
    ],
)
def test_ticker_in_a_file_name(name: str, ticker: str) -> None:
    assert ticker_from_name(Path(name)) == ticker


def make(tmp_path: Path, name: str, text: str) -> Path:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_delimiters(tmp_path: Path, run: Run, store: MemoryStore, delimiter: str) -> None:
    text = "종목코드,일자,시가,고가,저가,종가,거래량\n005930,20260504,1,2,1,2,10\n".replace(",", delimiter)
    assert run(make(tmp_path, "a.txt", text)).inserted == 1


def test_symbol_column_means_tickers_or_indices(tmp_path: Path) -> None:
    stock = make(tmp_path, "s.csv", "Symbol,Date,Open,High,Low,Close,Volume\n005930,2026-05-04,1,2,1,2,10\n")
    index = make(tmp_path, "i.csv", "Symbol,Date,Open,High,Low,Close,Volume\nKOSPI,2026-05-04,1,2,1,2,10\n")
    assert [shown.dataset for shown in preview([stock, index])] == ["daily_price", "index_price"]


def test_preview_shows_columns_samples_and_doubt(tmp_path: Path) -> None:
    file = make(
        tmp_path, "005930.csv", "일자,시가,고가,저가,종가,거래량,메모\n2026-05-04,1,2,1,2,10,가\n2026-05-06,1,2,1,3,10,\n"
    )
    (shown,) = preview([file])
    assert (shown.dataset, shown.encoding, shown.rows, shown.problem) == ("daily_price", "utf-8", 2, None)
    assert {guess.column: guess.field for guess in shown.columns}["메모"] == ""
    assert shown.columns[4].sample == ("2", "3")


def test_flows_without_a_unit_are_a_question(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    file = make(tmp_path, "flows.csv", "종목코드,일자,외국인,기관\n005930,2026-05-04,5,-3\n")
    assert preview([file])[0].problem.key == "error.import.flow_quantity"  # type: ignore[union-attr]
    assert run(file).failed[0][1].key == "error.import.flow_quantity"
    columns = {"ticker": "종목코드", "day": "일자", "foreign": "외국인", "institution": "기관"}
    assert run(file, mappings={file: ("flow", columns)}).failed[0][1].key == "error.import.flow_quantity"
    report = run(file, mappings={file: ("flow", {**columns, "flow_unit": "백만원"})})
    assert report.failed == ()
    assert store.rows("flow")["005930", "2026-05-04", "foreign"]["net_krw"] == 5_000_000
    run(file, mappings={file: ("flow", {**columns, "flow_unit": "주"})})
    assert store.rows("flow")["005930", "2026-05-04", "foreign"]["net_shares"] == 5


def test_market_flows_without_a_unit_are_a_question(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    file = make(tmp_path, "m.csv", "일자,시장,개인,외국인,기관\n2026-05-04,코스피,1.5,-3,1.5\n")
    assert run(file).failed[0][1].key == "error.import.market_flow_unit"
    columns = {"day": "일자", "market": "시장", "individual": "개인", "foreign": "외국인", "flow_unit": "억원"}
    run(file, mappings={file: ("market_flow", columns)})
    assert store.rows("market_flow")["KOSPI", "2026-05-04", "individual"]["net_krw"] == 150_000_000


def test_mapping_of_unknown_columns(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    file = make(tmp_path, "x.csv", "d,o,h,l,c,v,amt,junk\n2026-05-04,1,2,1,2,10,7,x\n")
    assert preview([file])[0].problem.key == "error.import.unknown_columns"  # type: ignore[union-attr]
    columns = {
        "ticker": "=5930",
        "day": "d",
        "open_krw": "o",
        "high_krw": "h",
        "low_krw": "l",
        "close_krw": "c",
        "volume_shares": "v",
        "value_krw": "amt",
        "value_unit": "백만원",
    }
    report = run(file, mappings={file: ("daily_price", columns)})
    assert report.failed == ()
    assert store.rows("daily_price")["005930", "2026-05-04"]["value_krw"] == 7_000_000


@pytest.mark.parametrize(
    ("dataset", "change", "key"),
    [
        ("nonsense", {}, "mapping_dataset"),
        ("daily_price", {"colour": "c"}, "mapping_field"),
        ("daily_price", {"close_krw": "zzz"}, "mapping_column"),
        ("daily_price", {"close_krw": ""}, "mapping_missing"),
        ("daily_price", {"value_unit": "달러"}, "unit"),
    ],
)
def test_a_wrong_mapping_is_refused(tmp_path: Path, run: Run, dataset: str, change: dict[str, str], key: str) -> None:
    file = make(tmp_path, "x.csv", "k,d,o,h,l,c,v,a\n005930,2026-05-04,1,2,1,2,10,7\n")
    columns = {"ticker": "k", "day": "d", "open_krw": "o", "high_krw": "h", "low_krw": "l", "close_krw": "c"}
    columns |= {"volume_shares": "v", "value_krw": "a", **change}
    assert run(file, mappings={file: (dataset, columns)}).failed[0][1].key == f"error.import.{key}"


def test_an_unknown_unit_in_a_header_is_refused(tmp_path: Path, run: Run) -> None:
    file = make(tmp_path, "005930.csv", "일자,시가,고가,저가,종가,거래량,거래대금(달러)\n2026-05-04,1,2,1,2,10,7\n")
    error = run(file).failed[0][1]
    assert error.key == "error.import.unit"
    assert "달러" in str(error)


def test_a_market_table_of_one_day_takes_its_day_from_the_name(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    text = (
        "종목코드,종목명,시장구분,소속부,종가,대비,등락률,시가,고가,저가,거래량,거래대금,시가총액,상장주식수\n"
        "900001,가나,KOSDAQ,우량기업부,11,1,10.0,10,12,9,500,5500,11000,1000\n"
    )
    report = run(make(tmp_path, "data_1234_20260504.csv", text))
    assert report.failed == ()
    row = store.rows("daily_price")["900001", "2026-05-04"]
    assert (row["close_krw"], row["prev_diff_krw"], row["value_krw"]) == (11, 1, 5_500)
    assert store.rows("symbol")["900001"]["shares_out"] == 1_000
    assert run(make(tmp_path, "data_1234.csv", text)).failed[0][1].key == "error.import.no_day"

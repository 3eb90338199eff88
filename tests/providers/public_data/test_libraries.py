"""The installed libraries themselves, fed with pages of the shapes KRX, Naver and Yahoo send.

Runs where ``ralphstock-desktop[public-data]`` is installed; elsewhere only the way of saying that it is not.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import pytest

from engine.model.errors import DataUnavailable, ProviderError
from ralphstock_desktop.providers.public_data import frames
from ralphstock_desktop.providers.public_data.libraries import InstalledLibraries

FIRST, LAST = date(2026, 11, 20), date(2026, 11, 24)
installed = all(importlib.util.find_spec(name) for name in ("pykrx", "FinanceDataReader"))
needs_libraries = pytest.mark.skipif(not installed, reason="the optional extra public-data is not installed")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

FINDER = {
    "block1": [
        {"full_code": "KR7005930003", "short_code": "005930", "codeName": "삼성전자", "marketCode": "STK", "marketName": "유가증권",
         "marketEngName": "KOSPI", "ord1": "", "ord2": ""},
    ]
}  # fmt: skip
BARS = {
    "output": [
        {"TRD_DD": "2026/11/24", "TDD_CLSPRC": "70,200", "FLUC_TP_CD": "1", "CMPPREVDD_PRC": "100", "FLUC_RT": "0.14",
         "TDD_OPNPRC": "70,150", "TDD_HGPRC": "70,400", "TDD_LWPRC": "69,900", "ACC_TRDVOL": "1,002", "ACC_TRDVAL": "70,340,400",
         "MKTCAP": "1", "LIST_SHRS": "1"},
        {"TRD_DD": "2026/11/23", "TDD_CLSPRC": "70,100", "FLUC_TP_CD": "0", "CMPPREVDD_PRC": "0", "FLUC_RT": "0.00",
         "TDD_OPNPRC": "0", "TDD_HGPRC": "0", "TDD_LWPRC": "0", "ACC_TRDVOL": "0", "ACC_TRDVAL": "0", "MKTCAP": "1", "LIST_SHRS": "1"},
    ],
    "CURRENT_DATETIME": "2026.11.24 PM 06:30:00",
}  # fmt: skip
INVESTORS = {
    "output": [
        {"TRD_DD": "2026/11/24", **{f"TRDVAL{k}": f"{k * 1000 - 3000:,}" for k in range(1, 12)}, "TRDVAL_TOT": "0"},
    ]
}
INDEX = {
    "output": [
        {"TRD_DD": "2026/11/24", "CLSPRC_IDX": "2,502.50", "FLUC_TP_CD": "1", "PRV_DD_CMPR": "1.00", "UPDN_RATE": "0.04",
         "OPNPRC_IDX": "2,500.00", "HGPRC_IDX": "2,505.00", "LWPRC_IDX": "2,499.00", "ACC_TRDVOL": "1,000,000",
         "ACC_TRDVAL": "10,000,000,000,000", "MKTCAP": "2,000"},
    ]
}  # fmt: skip
NAVER = (
    '<?xml version="1.0" encoding="EUC-KR" ?><protocol><chartdata symbol="005930">'
    '<item data="20261120|69990|70200|69800|70000|1000" /><item data="20261123|0|0|0|70000|0" />'
    '<item data="20261124|70150|70400|69900|70350|1002" /></chartdata></protocol>'
)
YAHOO = {
    "chart": {
        "result": [
            {
                "timestamp": [1795132800, 1795392000],
                "indicators": {
                    "quote": [{"open": [1400.0, None], "high": [1405.0, None], "low": [1395.0, None], "close": [1403.0, None], "volume": [0, 0]}],
                    "adjclose": [{"adjclose": [1403.0, None]}],
                },
            }
        ]
    }
}  # fmt: skip


class Pages:
    """Answers every request of the library ``requests`` from here."""

    def __init__(self) -> None:
        self.broken: Any = None
        self.asked: list[str] = []

    def answer(self, url: str, data: Any) -> str:
        self.asked.append(url)
        if self.broken is not None:
            if isinstance(self.broken, Exception):
                raise self.broken
            return str(self.broken)
        if "fchart.stock.naver" in url:
            return NAVER
        if "yahoo" in url:
            return json.dumps(YAHOO)
        bld = str((data or {}).get("bld", ""))
        if "finder" in bld:
            return json.dumps(FINDER)
        if "MDCSTAT01701" in bld:
            return json.dumps(BARS)
        if bld.split("MDCSTAT")[-1][:3] in ("022", "023", "024"):
            return json.dumps(INVESTORS)
        if "MDCSTAT00301" in bld:
            return json.dumps(INDEX)
        raise AssertionError(f"nothing is prepared for {url} {bld}")


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pages]:
    import requests

    served = Pages()

    def send(self: Any, method: str, url: str, **options: Any) -> Any:
        response = requests.Response()
        response.status_code = 200
        response._content = served.answer(url, options.get("data") or options.get("params")).encode()
        response.encoding = "utf-8"
        response.url = url
        return response

    monkeypatch.delenv("KRX_ID", raising=False)
    monkeypatch.setattr(requests.Session, "request", send)
    yield served


@pytest.mark.skipif(installed, reason="the libraries are installed")
def test_without_the_libraries_it_is_said_how_to_install_them() -> None:
    for call in (lambda: InstalledLibraries().raw_bars("005930", FIRST, LAST), InstalledLibraries().listing):
        with pytest.raises(DataUnavailable) as caught:
            call()
        assert caught.value.key == "error.public_data.not_installed"
        assert "pip install ralphstock-desktop[public-data]" in str(caught.value)


@needs_libraries
def test_raw_bars_through_pykrx(pages: Pages, capsys: pytest.CaptureFixture[str]) -> None:
    batch = frames.daily_batch(InstalledLibraries().raw_bars("005930", FIRST, LAST), "005930", "s", "pykrx")
    assert batch.day.astype(str).tolist() == ["2026-11-23", "2026-11-24"]
    assert batch.close_krw.tolist() == [70_100, 70_200] and batch.value_krw.tolist() == [0, 70_340_400]
    assert batch.open_krw.tolist() == [0, 70_150] and batch.volume_shares.tolist() == [0, 1_002]
    assert capsys.readouterr().out == ""


@needs_libraries
def test_adjusted_bars_through_pykrx(pages: Pages) -> None:
    batch = frames.adjusted_batch(InstalledLibraries().adjusted_bars("005930", FIRST, LAST), "005930", LAST, "s", "pykrx")
    assert batch.close_krw.tolist() == [70_000, 70_000, 70_350] and batch.open_krw[1] == 0


@needs_libraries
def test_flows_through_pykrx(pages: Pages) -> None:
    libraries = InstalledLibraries()
    won = libraries.flows("005930", FIRST, LAST, shares=False)
    shares = libraries.flows("005930", FIRST, LAST, shares=True)
    by_name = {batch.investor: batch for batch in frames.flow_batches(won, shares, "005930", "s", "pykrx")}
    assert by_name["securities"].net_krw.tolist() == [-2000] and by_name["pension"].net_krw.tolist() == [4000]
    assert by_name["institution"].net_krw.tolist() == [sum(1000 * k - 3000 for k in range(1, 8))]
    assert by_name["individual"].net_krw.tolist() == [6000] and by_name["foreign"].net_krw.tolist() == [7000 + 8000]
    market = frames.market_flow_batch(libraries.flows("KOSPI", LAST, LAST, shares=False), "KOSPI", "s", "pykrx")
    assert dict(zip(market.investor.tolist(), market.net_krw.tolist(), strict=True))["other_corp"] == 5000


@needs_libraries
def test_indices_through_pykrx(pages: Pages) -> None:
    batch = frames.index_batch(InstalledLibraries().index_bars("1001", FIRST, LAST), "KOSPI", "s", "pykrx")
    assert batch.close.tolist() == [2502.5] and batch.value_krw.tolist() == [1e13]


@needs_libraries
def test_exchange_rate_through_finance_data_reader(pages: Pages) -> None:
    batch = frames.fx_batch(InstalledLibraries().exchange_rate(FIRST), "s", "FinanceDataReader")
    assert batch.close.tolist() == [1403.0] and np.isnan(batch.volume).all()
    assert any("KRW=X" in url for url in pages.asked)


@needs_libraries
@pytest.mark.parametrize("page", ["<html>LOGOUT</html>", "{}", '{"output": 5}'])
def test_a_page_instead_of_data_is_a_failure_not_an_empty_answer(pages: Pages, page: str) -> None:
    InstalledLibraries().raw_bars("005930", FIRST, LAST)  # the list of codes is remembered by pykrx
    pages.broken = page
    with pytest.raises(ProviderError) as caught:
        InstalledLibraries().raw_bars("005930", FIRST, LAST)
    assert caught.value.key == "error.public_data.login"  # no login is set: that is what KRX wants


@needs_libraries
def test_a_broken_line_becomes_an_error_of_ours(pages: Pages) -> None:
    import requests

    pages.broken = requests.ConnectionError("https://user:canary-11@host refused")
    for call in (
        lambda: InstalledLibraries().raw_bars("005930", FIRST, LAST),
        lambda: InstalledLibraries().exchange_rate(FIRST),
        InstalledLibraries().listing,
        InstalledLibraries().administrative,
    ):
        with pytest.raises(ProviderError) as caught:
            call()
        assert caught.value.key == "error.public_data.failed" and caught.value.retryable
        assert "canary" not in str(caught.value) + str(caught.value.fields)

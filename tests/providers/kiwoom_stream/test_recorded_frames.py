"""Every recorded real frame and every official example of the stream: read, or refused with the reason named here."""

from __future__ import annotations

import ast
import gzip
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.calendar.ticks import is_on_tick
from engine.model.instants import kst_datetime, kst_ns
from engine.model.live import MISSING, BookTick, ProgramTick, TradeTick
from ralphstock_desktop.providers.kiwoom.conditions import read_row
from ralphstock_desktop.providers.kiwoom.frames import FrameDecoder

from . import frame
from .broker import Recorder

pytestmark = pytest.mark.real_data
RECORDED_DAY = date(2026, 7, 20)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def decoder(recorder: Recorder) -> FrameDecoder:
    return FrameDecoder(recorder, recorder, "stream", kst_ns(RECORDED_DAY, 10, 28))


@pytest.fixture
def entries(recorded_data: Path) -> list[dict[str, Any]]:
    return list(json.loads((recorded_data / "kiwoom" / "rec_ws_real_frames.json").read_text(encoding="utf-8"))["frames"])


def number(text: str) -> int:
    return int(text.replace("--", "-"))


def test_every_recorded_entry_is_read(decoder: FrameDecoder, recorder: Recorder, entries: list[dict[str, Any]]) -> None:
    decoder.feed(frame(*entries), 1)
    assert decoder.counts.entries == {"0B": 4, "0F": 5, "0w": 5, "0D": 1}
    assert not decoder.counts.refused
    assert not decoder.counts.unknown
    assert not recorder.notes
    assert [len(recorder.of(kind)) for kind in ("trade", "program", "book")] == [4, 5, 1]


def test_trades_keep_their_numbers(decoder: FrameDecoder, recorder: Recorder, entries: list[dict[str, Any]]) -> None:
    decoder.feed(frame(*entries), 1)
    sources = [entry for entry in entries if entry["type"] == "0B"]
    for source, tick in zip(sources, recorder.of("trade"), strict=True):
        values = source["values"]
        assert isinstance(tick, TradeTick)
        assert (tick.ticker, f"{kst_datetime(tick.at_ns):%H%M%S}") == (source["item"], values["20"])
        assert tick.price_krw == abs(number(values["10"]))
        assert tick.price_krw - tick.change_krw == abs(number(values["10"])) - number(values["11"])
        assert (tick.quantity_shares, tick.volume_shares) == (number(values["15"]), number(values["13"]))
        assert tick.value_krw == (number(values["14"]) * 1_000_000 if "14" in values else MISSING)


def test_identities_inside_recorded_trades(entries: list[dict[str, Any]]) -> None:
    whole = [entry["values"] for entry in entries if entry["type"] == "0B" and "_partial" not in entry]
    assert len(whole) == 3
    net_is_of_the_day = []
    for values in whole:
        sold, bought, volume = (number(values[fid]) for fid in ("1030", "1031", "13"))
        assert float(values["228"]) == round(bought / sold * 100, 2)
        assert number(values["620"]) == round(number(values["14"]) * 1_000_000 / volume)
        assert abs(float(values["30"])) == round(volume / (volume - number(values["26"])) * 100, 2)
        assert (float(values["30"]) < 0) == (number(values["26"]) < 0)
        assert number(values["1313"]) == abs(number(values["10"])) * number(values["15"]) // 1_000
        assert abs(float(values["1032"])) == round(bought / (sold + bought) * 100, 2), "the sign tells the heavier side"
        assert {values["1315"], values["1316"]} == {" 0", values["15"]}
        net_is_of_the_day.append(number(values["1314"]) == bought - sold)
        # What it is on live frames: the net of this trade. We do not read it.
        assert number(values["1314"]) == number(values["15"]) or net_is_of_the_day[-1]
    assert net_is_of_the_day == [False, False, False]


def test_recorded_prices_are_on_tick_sizes(decoder: FrameDecoder, recorder: Recorder, entries: list[dict[str, Any]]) -> None:
    from engine.model.instruments import Market

    decoder.feed(frame(*entries), 1)
    prices = {
        price
        for tick in recorder.of("trade")
        for price in (tick.price_krw, tick.open_krw, tick.high_krw, tick.low_krw, tick.ask_krw, tick.bid_krw)
        if price != MISSING
    }
    prices |= {price for book in recorder.of("book") for price in (*book.ask_krw, *book.bid_krw)}
    assert len(prices) > 30
    assert [price for price in sorted(prices) if not is_on_tick(price, Market.KOSPI, RECORDED_DAY)] == []


def test_recorded_book(decoder: FrameDecoder, recorder: Recorder, entries: list[dict[str, Any]]) -> None:
    decoder.feed(frame(*entries), 1)
    (book,) = recorder.of("book")
    assert isinstance(book, BookTick)
    assert (book.ticker, book.ask_krw[0], book.bid_krw[0]) == ("000020", 6_500, 6_490)
    assert (book.total_ask_shares, book.total_bid_shares) == (sum(book.ask_shares), sum(book.bid_shares)) == (4_343, 26_747)
    assert (book.ask_shares[0], book.bid_shares[0]) == (20, 2)
    assert book.expected_krw == MISSING


def test_recorded_programs_are_bought_less_sold(
    decoder: FrameDecoder, recorder: Recorder, entries: list[dict[str, Any]]
) -> None:
    decoder.feed(frame(*entries), 1)
    for tick in recorder.of("program"):
        assert isinstance(tick, ProgramTick)
        assert tick.net_shares == tick.buy_shares - tick.sell_shares
        assert tick.net_krw == tick.buy_krw - tick.sell_krw
        # Million won, whatever the label says: the average price must be one of the stock.
        average = tick.buy_krw / tick.buy_shares
        price = {"000660": 1_850_000, "005380": 406_500, "005930": 251_000, "207940": 1_365_000, "373220": 331_000}[tick.ticker]
        assert average == pytest.approx(price, rel=0.05)


# The vendor's own examples ------------------------------------------------------------------------------------------------


def official(recorded_data: Path) -> dict[str, Any]:
    apis = json.loads(gzip.decompress((recorded_data / "kiwoom" / "official_examples.json.gz").read_bytes()))["apis"]
    return {api["api_id"]: api for api in apis if "websocket" in (api.get("url") or "")}


def example_entries(api: dict[str, Any]) -> list[dict[str, Any]]:
    text = api["response_examples"][0]["_unparsed"]
    return list(ast.literal_eval(re.split(r"#실시간\s?(?:수신|데이터)\s*", text)[1])["data"])


READ = {"0A": "trade", "0B": "trade", "0C": "best", "0D": "book", "0H": "expected", "0J": "index", "0U": "breadth",
        "0s": "phase", "0w": "program", "1h": "vi"}  # fmt: skip
COUNTED = {"00", "04", "0E", "0F", "0G", "0I", "0g", "0m", "0u"}
CONDITIONS = {"ka10171", "ka10172", "ka10173", "ka10174"}


def test_every_official_example_of_the_stream_is_one_we_know(recorded_data: Path) -> None:
    assert set(official(recorded_data)) == set(READ) | COUNTED | CONDITIONS


@pytest.mark.parametrize("kind", [*READ, *sorted(COUNTED)])
def test_official_example(kind: str, recorded_data: Path, decoder: FrameDecoder, recorder: Recorder) -> None:
    (entry,) = example_entries(official(recorded_data)[kind])
    decoder.feed(frame(entry), 1)
    assert decoder.counts.entries == {kind: 1}
    assert not decoder.counts.unknown, "the field table is complete"
    assert not decoder.counts.refused
    assert [name for name, _ in recorder.facts] == ([READ[kind]] if kind in READ else [])


def test_official_values(recorded_data: Path, decoder: FrameDecoder, recorder: Recorder) -> None:
    examples = official(recorded_data)
    decoder.feed(frame(*(example_entries(examples[kind])[0] for kind in READ)), 1)
    trades, (book,), (index,) = recorder.of("trade"), recorder.of("book"), recorder.of("index")
    assert [(tick.price_krw, tick.change_krw, tick.quantity_shares) for tick in trades] == [
        (86_800, 19_500, 0),
        (20_800, -50, 82),
    ]
    assert (book.total_ask_shares, book.total_bid_shares) == (sum(book.ask_shares), sum(book.bid_shares))
    assert book.expected_krw == MISSING, "23 is left over from the auction: 291 says 0 and it is 16:52"
    assert (index.code, index.level, index.volume_shares) == ("001", 1762.61, 725_277_000)
    (phase,) = recorder.of("phase")
    assert (phase.code, phase.left_s) == ("b", 0)


def test_official_field_tables_are_known(recorded_data: Path) -> None:
    from ralphstock_desktop.providers.kiwoom.fids import readers

    for kind, reader in readers().items():
        if kind == "02":  # described within ka10173
            continue
        table = {re.sub(r"\D", "", field["element"]) for field in official(recorded_data)[kind]["response_fields"]
                 if re.fullmatch(r"[- ]*\d+", field["element"] or "")}  # fmt: skip
        values = json.dumps(dict.fromkeys(table, "0")).encode()
        _, unknown = reader.read(values)  # type: ignore[arg-type]
        assert not unknown, kind


def test_official_condition_searches(recorded_data: Path, decoder: FrameDecoder, recorder: Recorder) -> None:
    examples = official(recorded_data)
    (answer,) = examples["ka10172"]["response_examples"]
    rows = [read_row(row) for row in answer["data"]]
    assert rows[3].ticker == "005930"
    assert (rows[3].price_krw, rows[3].change_krw, rows[3].change_pct) == (75_000, -100, -0.13)
    assert (rows[3].volume_shares, rows[3].low_krw) == (10_386_116, 74_700)
    text = examples["ka10173"]["response_examples"][0]["_unparsed"]
    start = ast.literal_eval(re.split(r"#\S+\s*", text)[1])
    assert {read_row(row).ticker for row in start["data"]} == {"005930"}
    decoder.feed(frame(*example_entries(examples["ka10173"])), 1)
    (hit,) = recorder.of("condition")
    assert (hit.sequence, hit.ticker, hit.entered) == ("4", "005930", True)
    for name in ("ka10171", "ka10174"):
        (reply,) = examples[name]["response_examples"]
        message = decoder.feed(json.dumps(reply).encode(), 1)
        assert message is not None
        assert message.number == 0

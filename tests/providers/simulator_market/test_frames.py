"""What the entries say: every field of a trade, the vendor's arithmetic, venues that add up, books and their totals."""

from __future__ import annotations

import itertools
import json

import pytest

from engine.model.instants import kst_ns
from ralphstock_desktop.providers.kiwoom_sim.connection import Registrations, StreamLimits
from ralphstock_desktop.providers.kiwoom_sim.frame_texts import Shaping
from ralphstock_desktop.providers.kiwoom_sim.market import SimMarket
from ralphstock_desktop.providers.kiwoom_sim.phases import DayHours, notices
from ralphstock_desktop.providers.kiwoom_sim.pusher import Pusher

from .small_market import DAY, FUND, SURGE, small_market, small_panel

TRADE_FIELDS = {
    "20", "10", "11", "12", "27", "28", "15", "13", "14", "16", "17", "18", "25", "26", "29", "30", "31", "32", "228", "311",
    "290", "691", "567", "568", "851", "1890", "1891", "1892", "1030", "1031", "1032", "1071", "1072", "1313", "1315", "1316",
    "1314", "1497", "1498", "620", "732", "852", "9081",
}  # fmt: skip
SECOND = 1_000_000_000


class Listener:
    """What the pusher needs of a connection, without a socket."""

    def __init__(self, market: SimMarket, items: list[str], types: list[str]) -> None:
        self.registrations = Registrations(market.row_of)
        self.registrations.add("1", {(item, kind) for item in items for kind in types}, False)
        self.book_sent_ns: dict[str, int] = {}
        self.book_shown: dict = {}
        self.program_sent_ns: dict[str, int] = {}
        self.program_shown: dict = {}


@pytest.fixture(scope="module")
def market() -> SimMarket:
    return small_market(panel=small_panel())


def heard(market: SimMarket, items: list[str], types: list[str], since: int, until: int, step_s: int = 5) -> list[dict]:
    pusher, listener = Pusher(market, StreamLimits(book_interval_s=0.0)), Listener(market, items, types)
    found: list[dict] = []
    for begin in range(since, until, step_s * SECOND):
        entries = pusher.entries(listener, begin, min(begin + step_s * SECOND, until), begin, Shaping())  # type: ignore[arg-type]
        for frame in pusher.frames(entries):
            found += json.loads(frame)["data"]
    return found


def at(hour: int, minute: int = 0, second: int = 0) -> int:
    return kst_ns(DAY, hour, minute, second)


def test_trades_carry_every_field_and_keep_the_vendors_arithmetic(market: SimMarket) -> None:
    codes = [str(ticker) for ticker in market.panel.tickers]
    trades = heard(market, codes, ["0B"], at(8, 59), at(9, 45))
    assert len(trades) > 500
    before: dict[str, dict] = {}
    for entry in trades:
        values, row = entry["values"], market.row_of(entry["item"])
        assert row is not None
        assert set(values) == TRADE_FIELDS and len(values) == 43
        price, base = abs(int(values["10"])), int(market.facts.base[row])
        assert price - int(values["11"]) == base
        sign = values["10"][0]
        assert sign == ("+" if price > base else "-" if price < base else " ")
        assert values["25"] in ("12" if price > base else "45" if price < base else "3")
        volume, million = int(values["13"]), int(values["14"])
        sold, bought = int(values["1030"]), int(values["1031"])
        strength = bought / sold * 100 if sold else 500.0 if bought else 0.0
        assert float(values["228"]) == pytest.approx(min(strength, 500.0), abs=0.006)
        assert int(values["1314"]) == bought - sold
        assert abs(int(values["620"]) - million * 1e6 / volume) <= 1e6 / volume + 1
        grown = int(values["26"])
        assert volume - grown == market.facts.previous_volume[row]
        assert abs(float(values["30"])) == pytest.approx(volume / (volume - grown) * 100, abs=0.006)
        assert (float(values["30"]) < 0) == (grown < 0)
        size = int(values["15"])
        assert int(values["1313"]) == int(size / abs(size)) * (abs(size) * price // 1_000)
        assert int(values["311"]) == round(price * market.listed_shares(row) / 1e8)
        assert (values["1315"], values["1316"]) == (
            ("X", "X") if not size else (" 0", values["15"]) if size > 0 else (values["15"], " 0")
        )
        low, high = abs(int(values["18"])), abs(int(values["17"]))
        assert low <= price <= high and values["1891"] <= values["20"] and values["1892"] <= values["20"]
        assert values["1890"] <= values["20"] and values["290"] == "2" and values["9081"] == "KRX"
        old = before.get(entry["item"])
        if old is not None:
            assert int(old["13"]) + abs(size) == volume
            if high == abs(int(old["17"])):
                assert values["1891"] == old["1891"], "the time of the high stays while the high stays"
        before[entry["item"]] = values


def test_venues_are_kept_apart_and_add_up(market: SimMarket) -> None:
    code = str(market.panel.tickers[SURGE])
    assert market.is_on_nxt(SURGE)
    trades = heard(market, [code, f"{code}_NX", f"{code}_AL"], ["0B"], at(10), at(10, 5))
    by_item: dict[str, list[dict]] = {}
    for entry in trades:
        by_item.setdefault(entry["item"], []).append(entry["values"])
    assert set(by_item) == {code, f"{code}_NX", f"{code}_AL"}
    for found in by_item.values():
        for old, new in itertools.pairwise(found):
            assert int(old["13"]) + abs(int(new["15"])) == int(new["13"])
    last = {item: int(found[-1]["13"]) for item, found in by_item.items()}
    assert last[f"{code}_AL"] == last[code] + last[f"{code}_NX"]
    assert {values["9081"] for values in by_item[f"{code}_NX"]} == {"NXT"}
    assert {values["9081"] for values in by_item[f"{code}_AL"]} == {"KRX", "NXT"}
    before = {item: int(found[-1]["13"]) - int(found[-1]["26"]) for item, found in by_item.items()}
    assert before[code] == market.facts.previous_volume[SURGE]
    assert 0 < before[f"{code}_NX"] < before[code] == before[f"{code}_AL"] - before[f"{code}_NX"]
    for found in by_item.values():
        volume, grown = int(found[-1]["13"]), int(found[-1]["26"])
        assert abs(float(found[-1]["30"])) == pytest.approx(volume / (volume - grown) * 100, abs=0.006)


def test_programmes_count_the_volume_of_their_venue(market: SimMarket) -> None:
    code = str(market.panel.tickers[SURGE])
    items = [code, f"{code}_NX", f"{code}_AL"]
    volumes: dict[tuple[str, str], dict[str, int]] = {}
    for entry in heard(market, items, ["0B", "0w"], at(10), at(10, 5)):
        volumes.setdefault((entry["item"], entry["type"]), {})[entry["values"]["20"]] = int(entry["values"]["13"])
    for item in items:
        told, traded = volumes[(item, "0w")], volumes[(item, "0B")]
        common = set(told) & set(traded)
        assert len(common) > 5 and all(told[second] == traded[second] for second in common), item


def test_nxt_tells_no_book_while_it_is_closed(market: SimMarket) -> None:
    """15:20 to 15:40: KRX's closing auction is none of NXT's business."""
    code = str(market.panel.tickers[SURGE])
    books = heard(market, [code, f"{code}_NX", f"{code}_AL"], ["0D"], at(15, 25), at(15, 26))
    assert {entry["item"] for entry in books} == {code, f"{code}_AL"}
    assert all(int(entry["values"]["121"]) > 0 for entry in books)


def test_books_have_their_totals_and_parts(market: SimMarket) -> None:
    code = str(market.panel.tickers[SURGE])
    books = heard(market, [code, f"{code}_AL"], ["0D"], at(10), at(10, 1))
    assert len(books) > 10
    for entry in books:
        values = entry["values"]
        asks = [abs(int(values[str(number)])) for number in range(41, 51)]
        bids = [abs(int(values[str(number)])) for number in range(51, 61)]
        assert asks == sorted(asks) and bids == sorted(bids, reverse=True) and bids[0] < asks[0]
        ask_sizes = [int(values[str(number)]) for number in range(61, 71)]
        bid_sizes = [int(values[str(number)]) for number in range(71, 81)]
        assert int(values["121"]) == sum(ask_sizes) and int(values["125"]) == sum(bid_sizes)
        assert int(values["128"]) == sum(bid_sizes) - sum(ask_sizes) == -int(values["138"])
        assert float(values["129"]) == pytest.approx(sum(bid_sizes) / sum(ask_sizes) * 100, abs=0.006)
        assert values["129"][0].isdigit() and values["139"][0].isdigit(), "ratios have no sign"
        krx = [int(values[str(number)]) for number in range(6044, 6054)]
        nxt = [int(values[str(number)]) for number in range(6066, 6076)]
        if entry["item"].endswith("_AL"):
            assert [a + b for a, b in zip(krx, nxt, strict=True)] == ask_sizes and sum(nxt) > 0
            assert (int(values["6064"]), int(values["6086"])) == (sum(krx), sum(nxt))
        else:
            assert not any(krx) and not any(nxt)
        assert values["23"] == "0" and values["215"] == "3"
        assert {"621", "640", "6104", "6115", "299", "216"} <= set(values)
    assert all(entry["values"]["23"] != "0" for entry in heard(market, [code], ["0D"], at(15, 25), at(15, 26)))
    assert not heard(market, [code], ["0D"], at(15, 31), at(15, 39))


def test_nxt_is_quoted_in_its_own_hours(market: SimMarket) -> None:
    code = str(market.panel.tickers[SURGE])
    for since in (at(8, 10), at(15, 45)):
        books = heard(market, [code, f"{code}_NX", f"{code}_AL"], ["0D"], since, since + 30 * SECOND)
        assert {entry["item"] for entry in books} == {f"{code}_NX", f"{code}_AL"}
        for entry in books:
            values = entry["values"]
            assert int(values["121"]) > 0
            if entry["item"].endswith("_AL"):
                assert int(values["6064"]) == 0 and values["6086"] == values["121"]
    evening = heard(market, [f"{code}_AL"], ["0D"], at(17), at(17, 0, 30))
    assert evening and all(entry["values"]["6064"] == entry["values"]["6086"] == "0" for entry in evening)


def test_the_other_types(market: SimMarket) -> None:
    code = str(market.panel.tickers[SURGE])
    found: dict[str, list[dict]] = {}
    for entry in heard(market, [code], ["0A", "0C", "0F", "0g", "0w"], at(8, 59), at(9, 3)):
        found.setdefault(entry["type"], []).append(entry["values"])
    assert set(found["0C"][0]) == {"27", "28"}
    assert set(found["0g"][0]) == {"297", "592", "593", "305", "306", "307", "689", "594", "382", "370"}
    brokers = found["0F"][-1]
    assert len(brokers) == 57 and brokers["337"] == "1"
    assert int(brokers["263"]) - int(brokers["261"]) == int(brokers["267"])
    assert [int(brokers[str(number)]) for number in range(161, 166)] == sorted(
        (int(brokers[str(number)]) for number in range(161, 166)), reverse=True
    )
    for values in found["0w"]:
        assert int(values["210"]) == int(values["206"]) - int(values["202"])
        assert int(values["212"]) == int(values["208"]) - int(values["204"]), "as in every recorded frame"
    assert "0A" not in found
    quiet = [str(ticker) for row, ticker in enumerate(market.panel.tickers) if market.facts.halted[row]]
    assert quiet and {entry["type"] for entry in heard(market, quiet, ["0A", "0B", "0D"], at(10), at(10, 2))} == {"0A"}


def test_a_fund_tells_its_net_asset_value_and_a_stock_has_none(market: SimMarket) -> None:
    fund, stock = str(market.panel.tickers[FUND]), str(market.panel.tickers[SURGE])
    told = [entry for entry in heard(market, [fund, stock], ["0G", "0B"], at(10), at(10, 30)) if entry["type"] == "0G"]
    trades = {entry["values"]["13"] for entry in heard(market, [fund], ["0B"], at(10), at(10, 30))}
    assert told and {entry["item"] for entry in told} == {fund}
    for entry in told:
        values = entry["values"]
        assert set(values) == set("36 37 38 39 20 10 11 12 13 25 667 668 669 265 266".split())
        nav, price, change = abs(float(values["36"])), abs(int(values["10"])), float(values["37"])
        assert float(values["266"]) == pytest.approx((price - nav) / nav * 100, abs=0.006)
        assert float(values["38"]) == pytest.approx(change / (nav - change) * 100, abs=0.006)
        assert (values["36"][0] == "+") == (change > 0) and values["13"] in trades


def test_an_index_tells_its_ticks_volume_without_sign(market: SimMarket) -> None:
    ticks = [entry["values"] for entry in heard(market, ["001"], ["0J"], at(10), at(10, 2))]
    assert len(ticks) > 20 and all(values["15"].isdigit() for values in ticks) and any(int(v["15"]) > 0 for v in ticks)


def test_notices_of_a_day() -> None:
    told = [(notice.code, (notice.at_ns - kst_ns(DAY, 0)) // (60 * SECOND)) for notice in notices(DayHours.of(DAY))]
    assert next(minute for code, minute in told if code == "0") == 8 * 60 + 40
    for code, minute in (("3", 540), ("4", 930), ("8", 930), ("a", 940), ("b", 960), ("P", 480), ("Q", 530), ("R", 540), ("S", 920),
                         ("T", 930), ("U", 940), ("V", 1_200), ("9", 1_200)):  # fmt: skip
        assert (code, minute) in told, code
    assert not {"c", "d"} & {code for code, _ in told}
    assert next(minute for code, minute in told if code == "2") == 15 * 60 + 20
    from datetime import date

    old = [notice.code for notice in notices(DayHours.of(date(2026, 9, 11)))]
    assert "c" in old and "d" in old

"""Each type decoded by hand: units, signs, blanks, venues, and what is refused with which reason."""

from __future__ import annotations

import math
from typing import Any

import pytest

from engine.model.instants import kst_ns
from engine.model.live import (
    MISSING,
    BestQuotes,
    BookTick,
    BreadthTick,
    ConditionHit,
    ExpectedMatch,
    FeedVenue,
    IndexTick,
    PhaseNotice,
    ProgramTick,
    TradeTick,
    ViEvent,
    ViKind,
)
from ralphstock_desktop.providers.kiwoom.frames import FrameDecoder, Message, UnreadableFrame

from . import DAY, entry, frame, trade
from .broker import Recorder

RECEIVED = 77
NOW_NS = kst_ns(DAY, 14, 31) + 123_456_789


def at(hour: int, minute: int, second: int) -> int:
    return kst_ns(DAY, hour, minute, second)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def decoder(recorder: Recorder) -> FrameDecoder:
    return FrameDecoder(recorder, recorder, "stream", NOW_NS)


def decode(decoder: FrameDecoder, recorder: Recorder, *entries: dict[str, Any]) -> list[Any]:
    before = len(recorder.facts)
    assert decoder.feed(frame(*entries), RECEIVED) is None
    return [fact for _, fact in recorder.facts[before:]]


def refusal(decoder: FrameDecoder) -> tuple[str, str, str]:
    assert sum(decoder.counts.refused.values()) == 1, decoder.counts.refused
    return next(iter(decoder.counts.refused))


def test_trade(decoder: FrameDecoder, recorder: Recorder) -> None:
    assert decode(decoder, recorder, trade()) == [
        TradeTick(
            ticker="005930", venue=FeedVenue.KRX, at_ns=at(14, 30, 12), price_krw=71_300, quantity_shares=-37,
            volume_shares=11_843_207, value_krw=841_517_000_000, change_krw=800, open_krw=70_900, high_krw=71_800,
            low_krw=70_300, ask_krw=71_300, bid_krw=71_200, strength_pct=108.42, buy_shares=6_084_410,
            sell_shares=5_612_044, received_ns=RECEIVED,
        )
    ]  # fmt: skip
    assert not recorder.notes


def test_trade_with_doubled_minus_blank_signs_and_blank_fields(decoder: FrameDecoder, recorder: Recorder) -> None:
    values = {"20": "090000", "10": "-70000", "11": "--500", "12": "-0.71", "15": " 0", "13": "10", "16": " 70500", "17": "",
              "9081": "1"}  # fmt: skip
    (tick,) = decode(decoder, recorder, entry("0B", "0001A0", values))
    assert (tick.ticker, tick.price_krw, tick.change_krw, tick.quantity_shares, tick.open_krw) == (
        "0001A0",
        70_000,
        -500,
        0,
        70_500,
    )
    blank = (tick.value_krw, tick.high_krw, tick.low_krw, tick.ask_krw, tick.bid_krw, tick.buy_shares, tick.sell_shares)
    assert blank == (MISSING,) * 7, "missing is not zero"
    assert math.isnan(tick.strength_pct)
    assert not recorder.notes


@pytest.mark.parametrize(
    ("item", "named", "venue"),
    [
        ("005930", "KRX", FeedVenue.KRX),
        ("005930", "1", FeedVenue.KRX),
        ("005930", "", FeedVenue.KRX),
        ("005930", "NXT", FeedVenue.NXT),
        ("005930_NX", "NXT", FeedVenue.NXT),
        ("005930_NX", "", FeedVenue.NXT),
        ("005930_AL", "NXT", FeedVenue.COMBINED),
        ("005930_AL", "KRX", FeedVenue.COMBINED),
    ],
)
def test_venue_of_a_trade(decoder: FrameDecoder, recorder: Recorder, item: str, named: str, venue: FeedVenue) -> None:
    (tick,) = decode(decoder, recorder, trade(item, f9081=named))
    assert (tick.ticker, tick.venue) == ("005930", venue)


def test_quote_without_trade_gets_the_markets_second(decoder: FrameDecoder, recorder: Recorder) -> None:
    values = {"10": "+86800", "11": "+19500", "12": "+28.97", "27": "+85200", "28": "+85100", "13": "367090", "14": "31642",
              "16": "+87400", "17": "+87400", "18": " 67300", "25": "2", "26": "+131995", "567": "154912"}  # fmt: skip
    (tick,) = decode(decoder, recorder, entry("0A", "005930", values))
    assert tick.at_ns == at(14, 31, 0)
    assert (tick.quantity_shares, tick.volume_shares, tick.value_krw) == (0, 367_090, 31_642_000_000)
    assert (tick.low_krw, tick.ask_krw, tick.bid_krw) == (67_300, 85_200, 85_100)


def test_best_quotes(decoder: FrameDecoder, recorder: Recorder) -> None:
    assert decode(decoder, recorder, entry("0C", "005930_NX", {"27": "-20800", "28": "-20700"})) == [
        BestQuotes("005930", FeedVenue.NXT, 20_800, 20_700, RECEIVED)
    ]


def book_values(**changes: str) -> dict[str, str]:
    values = {"21": "143015"}
    for level in range(10):
        values |= {
            str(41 + level): f"+{20_800 + 50 * level}",
            str(61 + level): str(100 + level),
            str(81 + level): "-5",
            str(51 + level): f"-{20_750 - 50 * level}",
            str(71 + level): str(200 + level),
            str(91 + level): "7",
        }
    values |= {"121": "1045", "122": "-1", "125": "2045", "126": "+1", "23": "20850", "24": "332941", "291": "0", "292": "0"}
    return {**values, **{name.removeprefix("f"): value for name, value in changes.items()}}


def test_book(decoder: FrameDecoder, recorder: Recorder) -> None:
    assert decode(decoder, recorder, entry("0D", "005930", book_values())) == [
        BookTick(
            ticker="005930", venue=FeedVenue.KRX, at_ns=at(14, 30, 15),
            ask_krw=(20_800, 20_850, 20_900, 20_950, 21_000, 21_050, 21_100, 21_150, 21_200, 21_250),
            ask_shares=(100, 101, 102, 103, 104, 105, 106, 107, 108, 109),
            bid_krw=(20_750, 20_700, 20_650, 20_600, 20_550, 20_500, 20_450, 20_400, 20_350, 20_300),
            bid_shares=(200, 201, 202, 203, 204, 205, 206, 207, 208, 209),
            total_ask_shares=1_045, total_bid_shares=2_045, expected_krw=MISSING, expected_shares=MISSING,
            received_ns=RECEIVED,
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"f291": "20900", "f292": "55"}, (20_900, 55)),  # an auction says so itself
        ({"f21": "085959"}, (20_850, 332_941)),  # in the opening auction 23/24 count
        ({"f21": "152500"}, (20_850, 332_941)),
        ({"f21": "143000"}, (MISSING, MISSING)),  # left over from the morning
        ({"f21": "143000", "f291": ""}, (20_850, 332_941)),  # 291 is not told: 23 is all there is
        ({"f21": "085959", "f23": "0", "f24": "0"}, (MISSING, MISSING)),
    ],
)
def test_expected_match_in_a_book(
    decoder: FrameDecoder, recorder: Recorder, changes: dict[str, str], expected: tuple[int, int]
) -> None:
    (book,) = decode(decoder, recorder, entry("0D", "005930", book_values(**changes)))
    assert (book.expected_krw, book.expected_shares) == expected


def test_book_with_empty_levels(decoder: FrameDecoder, recorder: Recorder) -> None:
    empty = {f"f{fid}": "-0" for fid in (*range(42, 51), *range(51, 61))} | {
        f"f{fid}": "0" for fid in (*range(62, 71), *range(71, 81))
    }
    (book,) = decode(decoder, recorder, entry("0D", "005930", book_values(**empty, f121="100", f125="0")))
    assert book.ask_krw == (20_800,) + (0,) * 9
    assert book.bid_krw == book.bid_shares == (0,) * 10
    assert (book.total_ask_shares, book.total_bid_shares) == (100, 0)


def test_expected_match(decoder: FrameDecoder, recorder: Recorder) -> None:
    values = {"20": "085512", "10": "+60500", "11": "+200", "12": "+0.33", "15": "-7805", "13": "768293", "25": "2"}
    none = {**values, "10": "0", "15": "0"}
    assert decode(decoder, recorder, entry("0H", "005930", values), entry("0H", "005930", none)) == [
        ExpectedMatch("005930", FeedVenue.KRX, at(8, 55, 12), 60_500, 7_805, RECEIVED),
        ExpectedMatch("005930", FeedVenue.KRX, at(8, 55, 12), MISSING, MISSING, RECEIVED),
    ]


def test_index(decoder: FrameDecoder, recorder: Recorder) -> None:
    values = {"20": "110430", "10": "-1762.61", "11": "-189.51", "12": "-9.71", "15": "2800", "13": "725277",
              "14": "60711859", "16": "-1949.04", "17": "+1961.28", "18": "-1756.13", "25": "5", "26": "-1482363"}  # fmt: skip
    assert decode(decoder, recorder, entry("0J", "001", values)) == [
        IndexTick(
            "001", at(11, 4, 30), 1762.61, -189.51, -9.71, 1949.04, 1961.28, 1756.13, 725_277_000, 60_711_859_000_000, RECEIVED
        )
    ]


def test_breadth_limit_down_is_254(decoder: FrameDecoder, recorder: Recorder) -> None:
    values = {"20": "110710", "252": "46", "251": "1", "253": "166", "255": "204", "254": "16", "13": "741784",
              "14": "62093941", "10": "-1757.42", "11": "-194.70", "12": "-9.97", "256": "416", "257": "43.20", "25": "5"}  # fmt: skip
    assert decode(decoder, recorder, entry("0U", "001", values)) == [
        BreadthTick("001", at(11, 7, 10), upper_limit=1, up=46, unchanged=166, down=204, lower_limit=16, received_ns=RECEIVED)
    ]


@pytest.mark.parametrize(("left", "seconds"), [("001000", 600), ("000000", 0), ("", MISSING), ("999999", MISSING)])
def test_phase(decoder: FrameDecoder, recorder: Recorder, left: str, seconds: int) -> None:
    assert decode(decoder, recorder, entry("0s", "", {"215": "0", "20": "085000", "214": left})) == [
        PhaseNotice("0", at(8, 50, 0), seconds, RECEIVED)
    ]


def test_program_amounts_are_million_won(decoder: FrameDecoder, recorder: Recorder) -> None:
    values = {"20": "102759", "10": "-1365000", "25": "5", "11": "-31000", "12": "-2.22", "13": "12052", "202": "8127",
              "204": "11253", "206": "5651", "208": "7870", "210": "-2476", "212": "-3383", "213": "-2", "211": "-1"}  # fmt: skip
    assert decode(decoder, recorder, entry("0w", "207940", values)) == [
        ProgramTick("207940", FeedVenue.KRX, at(10, 27, 59), buy_shares=5_651, sell_shares=8_127, net_shares=-2_476,
                    buy_krw=7_870_000_000, sell_krw=11_253_000_000, net_krw=-3_383_000_000, received_ns=RECEIVED)
    ]  # fmt: skip


VI = {"9001": "005930", "302": "삼성전자", "13": "1077818", "14": "4201", "9068": "1", "9008": "101", "9075": "1",
      "1221": "4125", "1223": "111454", "1224": "000000", "1225": "정적", "1236": "3750", "1237": "0", "1238": "+10.00",
      "1239": "0.00", "1489": "+10.00", "1490": "1", "9069": "1", "1279": "+정적"}  # fmt: skip


def test_vi_comes_triggered_and_released_each_twice(decoder: FrameDecoder, recorder: Recorder) -> None:
    released = {**VI, "1224": "111703"}
    assert decode(
        decoder, recorder,
        entry("1h", "005930", VI), entry("1h", "005930_AL", {**VI, "9001": "005930_AL"}),
        entry("1h", "005930", released), entry("1h", "005930_AL", {**released, "9001": "005930_AL"}),
    ) == [
        ViEvent("005930", ViKind.STATIC, True, 4_125, 3_750, at(11, 14, 54), MISSING, 1, RECEIVED),
        ViEvent("005930", ViKind.STATIC, True, 4_125, 3_750, at(11, 14, 54), at(11, 17, 3), 1, RECEIVED),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "meant", "base"),
    [("2", ViKind.DYNAMIC, 3_800), ("3", ViKind.BOTH, 3_750), ("4", ViKind.EXTENDED, 3_750), ("7", ViKind.UNKNOWN, 3_750)],
)
def test_vi_kinds(decoder: FrameDecoder, recorder: Recorder, kind: str, meant: ViKind, base: int) -> None:
    (event,) = decode(decoder, recorder, entry("1h", "005930", {**VI, "9068": kind, "1237": "3800", "9069": "2"}))
    assert (event.kind, event.up, event.base_krw) == (meant, False, base)


def test_condition_hit(decoder: FrameDecoder, recorder: Recorder) -> None:
    came = {"841": "4 ", "9001": "005930", "843": "I", "20": "142028", "907": "2"}
    assert decode(decoder, recorder, entry("02", "005930", came), entry("02", "", {**came, "9001": "A000660", "843": "D"})) == [
        ConditionHit("4", "005930", True, at(14, 20, 28)),
        ConditionHit("4", "000660", False, at(14, 20, 28)),
    ]


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        (trade(f10="0"), ("0B", "10", "price")),
        (trade(f10=""), ("0B", "10", "missing")),
        (trade(f10="7x300"), ("0B", "10", "number")),
        (trade(f10="７１３００"), ("0B", "10", "number")),
        (trade(f10="71_300"), ("0B", "10", "number")),
        (trade(f13="-5"), ("0B", "13", "negative")),
        (trade(f13=""), ("0B", "13", "missing")),
        (trade(f13="1e7"), ("0B", "13", "number")),
        (trade(f15=""), ("0B", "15", "missing")),
        (trade(f13="36", f14="", f26="", f1030="", f1031=""), ("0B", "15", "quantity")),
        (trade(f20="888888"), ("0B", "20", "time")),
        (trade(f20="999999"), ("0B", "20", "time")),
        (trade(f20="031500"), ("0B", "20", "time")),
        (trade(f20=""), ("0B", "20", "missing")),
        (trade(f20="1430"), ("0B", "20", "number")),
        (trade(f11="+80"), ("0B", "12", "change")),
        (trade(f11="-800"), ("0B", "12", "change")),
        (trade(f10="+7130"), ("0B", "12", "change")),
        (trade(f10="+7130000", f11="", f12=""), ("0B", "17", "range")),
        (trade(f17="70200"), ("0B", "17", "range")),
        (trade(f14="841517000000"), ("0B", "14", "value")),
        (trade(f14="841"), ("0B", "14", "value")),
        (trade(f13="11943207"), ("0B", "14", "value")),
        (trade(f13="11843207000", f14="841517000"), ("0B", "26", "value")),
        (trade(f13="9" * 19), ("0B", "13", "range")),
        (trade(f10="9" * 5_000), ("0B", "10", "number")),
        (trade(f9081="XYZ"), ("0B", "9081", "venue")),
        (trade("005930_NX", f9081="KRX"), ("0B", "9081", "venue")),
        (trade("삼성전자"), ("0B", "item", "item")),
        (trade("5930"), ("0B", "item", "item")),
        (entry("0C", "005930", {"27": "20700", "28": "20800"}), ("0C", "27", "crossed")),
        (entry("0C", "005930", {"27": "", "28": ""}), ("0C", "27", "missing")),
        (entry("0D", "005930", book_values(f41="+20700")), ("0D", "41", "crossed")),
        (entry("0D", "005930", book_values(f43="+20800")), ("0D", "41", "ladder")),
        (entry("0D", "005930", book_values(f53="-20800")), ("0D", "51", "ladder")),
        (entry("0D", "005930", book_values(f44="0", f64="0")), ("0D", "41", "ladder")),
        (entry("0D", "005930", book_values(f44="0")), ("0D", "41", "price")),
        (entry("0D", "005930", book_values(f64="-103")), ("0D", "41", "negative")),
        (entry("0D", "005930", book_values(f121="1044")), ("0D", "121", "total")),
        (entry("0D", "005930", book_values(f125="2044")), ("0D", "125", "total")),
        (entry("0D", "005930", {"21": "143015"}), ("0D", "41", "missing")),
        (entry("0D", "005930", book_values(f21="888888")), ("0D", "21", "time")),
        (entry("0J", "001", {"20": "888888", "10": "1762.61", "11": "0.00", "12": "0.00"}), ("0J", "20", "time")),
        (entry("0J", "001", {"20": "150000", "10": "176261", "11": "-189.51", "12": "-9.71"}), ("0J", "12", "change")),
        (entry("0J", "001", {"20": "150000", "10": "nan", "11": "-189.51", "12": "-9.71"}), ("0J", "10", "number")),
        (entry("0J", "001", {"20": "150000", "10": "1e3", "11": "-189.51"}), ("0J", "10", "number")),
        (entry("0U", "001", {"20": "150000", "252": "-4"}), ("0U", "252", "negative")),
        (entry("0U", "001", {"20": "150000"}), ("0U", "252", "missing")),
        (entry("0s", "", {"215": "", "20": "150000"}), ("0s", "215", "missing")),
        (entry("0s", "", {"215": "3", "20": "888888"}), ("0s", "20", "time")),
        (entry("0w", "005930", {"20": "150000", "202": "10", "206": "30", "210": "-20"}), ("0w", "210", "net")),
        (entry("0w", "005930", {"20": "150000", "202": "10", "206": "30", "204": "5", "208": "9", "212": "-4"}), ("0w", "212", "net")),
        (entry("0w", "005930", {"20": "150000", "202": "10"}), ("0w", "206", "missing")),
        (entry("1h", "005930", {**VI, "9069": "3"}), ("1h", "9069", "code")),
        (entry("1h", "005930", {**VI, "1221": "0"}), ("1h", "1221", "price")),
        (entry("1h", "005930", {**VI, "1224": "101010"}), ("1h", "1224", "time")),
        (entry("02", "", {"841": "1", "9001": "005930", "843": "X", "20": "101500"}), ("02", "843", "code")),
        (entry("02", "", {"841": " ", "9001": "005930", "843": "I", "20": "101500"}), ("02", "841", "missing")),
        (entry("02", "", {"841": "1", "9001": "xx", "843": "I", "20": "101500"}), ("02", "9001", "number")),
        ({**trade(), "values": {"10": 71_300}}, ("0B", "20", "missing")),
        ({**trade(), "values": {**trade()["values"], "10": True}}, ("0B", "", "shape")),
        ({**trade(), "values": {**trade()["values"], "10": 7.13e4}}, ("0B", "10", "number")),
        ({**trade(), "values": ["10"]}, ("0B", "", "shape")),
        ({**trade(), "values": None}, ("0B", "", "shape")),
    ],
)  # fmt: skip
def test_refused_with_the_field_and_the_reason(
    decoder: FrameDecoder, recorder: Recorder, refused: dict[str, Any], reason: tuple[str, str, str]
) -> None:
    good = trade("000660")
    facts = decode(decoder, recorder, refused, good)
    assert [fact.ticker for fact in facts] == ["000660"], "the rest of the frame is used"
    assert refusal(decoder) == reason
    assert recorder.notes == [(f"health.note.frame_{reason[2]}", {"type": reason[0], "fid": reason[1]})]
    (sample,) = decoder.counts.samples
    assert (sample.kind, sample.field, sample.reason) == reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"f27": "+71100"}, ("0B", "27", "crossed")),
        ({"f228": "10842"}, ("0B", "228", "sides")),
        ({"f1030": "8612044"}, ("0B", "228", "sides")),
    ],
)
def test_doubtful_side_values_are_left_out_and_the_trade_used(
    decoder: FrameDecoder, recorder: Recorder, changes: dict[str, str], reason: tuple[str, str, str]
) -> None:
    (tick,) = decode(decoder, recorder, trade(**changes))
    assert refusal(decoder) == reason
    quotes, sides = (tick.ask_krw, tick.bid_krw), (tick.buy_shares, tick.sell_shares)
    if reason[2] == "crossed":
        assert (quotes, sides) == ((MISSING, MISSING), (6_084_410, 5_612_044))
    else:
        assert (quotes, sides) == ((71_300, 71_200), (MISSING, MISSING))
        assert math.isnan(tick.strength_pct)


def test_combined_books_may_cross(decoder: FrameDecoder, recorder: Recorder) -> None:
    (book,) = decode(decoder, recorder, entry("0D", "005930_AL", book_values(f41="+20700", f42="20750")))
    assert book.ask_krw[0] < book.bid_krw[0]
    assert not decoder.counts.refused


def test_known_types_are_counted_and_unknown_ones_registered(decoder: FrameDecoder, recorder: Recorder) -> None:
    facts = decode(
        decoder, recorder,
        entry("0E", "005930", {"21": "165208", "131": "43955", "132": "+156", "135": "0", "136": "0"}),
        entry("0u", "57JBHH", {"20": "111847", "666": "69.13"}), entry("0U", "001", {"20": "111847", "252": "3"}),
        entry("0G", "069500", {"36": "+7488.27", "9999": "1"}), entry("ZZ", "", {}), entry("00", "", {"9201": "1111", "8888": "1"}),
    )  # fmt: skip
    assert [type(fact) for fact in facts] == [BreadthTick], "0U and 0u differ"
    assert decoder.counts.entries == {"0E": 1, "0u": 1, "0U": 1, "0G": 1, "00": 1}
    assert decoder.counts.unknown == {("0G", "9999"): 1, ("ZZ", ""): 1, ("00", "8888"): 1}
    assert "00" not in {sample.kind for sample in decoder.counts.samples}, "nothing of the user's account is kept"


def test_a_new_field_is_learnt_and_costs_nothing_after(decoder: FrameDecoder, recorder: Recorder) -> None:
    for _ in range(3):
        decode(decoder, recorder, trade(f4242="1"))
    assert decoder.counts.unknown == {("0B", "4242"): 1}
    assert len(recorder.of("trade")) == 3


def test_flood_of_new_fields_is_bounded(decoder: FrameDecoder, recorder: Recorder) -> None:
    for number in range(3_000):
        decode(decoder, recorder, trade(**{f"f5{number:05}": "1"}))
    assert len(recorder.of("trade")) == 3_000
    assert len(decoder.counts.unknown) <= 1_001
    assert len(decoder.counts.samples) <= 64


def test_null_is_a_blank(decoder: FrameDecoder, recorder: Recorder) -> None:
    values = {**trade()["values"], "14": None}
    (tick,) = decode(decoder, recorder, entry("0B", "005930", values))
    assert tick.value_krw == MISSING


def test_a_bad_entry_does_not_spoil_the_bundle(decoder: FrameDecoder, recorder: Recorder) -> None:
    facts = decode(
        decoder, recorder, trade(), 5, {"values": {}}, {"type": 7, "values": {}}, trade("000660"), {**trade(), "item": None}
    )  # type: ignore[arg-type]
    assert [fact.ticker for fact in facts] == ["005930", "000660"]
    assert decoder.counts.refused == {("", "", "shape"): 3, ("0B", "item", "item"): 1}


def test_times_belong_to_the_trading_day(decoder: FrameDecoder, recorder: Recorder) -> None:
    (tick,) = decode(decoder, recorder, trade())
    decoder.set_clock(NOW_NS + 86_400_000_000_000)
    (next_day,) = decode(decoder, recorder, trade())
    assert next_day.at_ns - tick.at_ns == 86_400_000_000_000


@pytest.mark.parametrize("raw", [b"PING", b'"PING"', b' "PING"\n', b'{"trnm":"PING"}'])
def test_every_spelling_of_ping(decoder: FrameDecoder, raw: bytes) -> None:
    message = decoder.feed(raw, RECEIVED)
    assert isinstance(message, Message)
    assert message.trnm == "PING"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"12",
        b"\xff\xfe",
        b'{"trnm":5}',
        b"{}",
        b"[" * 200_000,
        b'{"trnm":"REAL","data":[' * 3,
    ],
)
def test_unreadable_frames(decoder: FrameDecoder, recorder: Recorder, raw: bytes) -> None:
    with pytest.raises(UnreadableFrame):
        decoder.feed(raw, RECEIVED)
    assert decoder.counts.unreadable == 1
    assert recorder.noted("health.note.frame_unreadable") == [{"size": len(raw)}]


@pytest.mark.parametrize(
    ("code", "number"), [("0", 0), ("0000", 0), (0, 0), (None, None), ("", None), ("R10001", None), (805004, 805004)]
)
def test_return_codes_are_numbers_or_texts(decoder: FrameDecoder, code: object, number: int | None) -> None:
    import json

    message = decoder.feed(json.dumps({"trnm": "LOGIN", "return_code": code}).encode(), RECEIVED)
    assert message is not None
    assert message.number == number

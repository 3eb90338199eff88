"""Every lexical form of the protocol, and refusal of everything else."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.model.errors import ProtocolChanged
from engine.model.live import MISSING, FeedVenue
from ralphstock_desktop.providers.kiwoom import wire


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("71300", 71_300), ("+71300", 71_300), ("-71300", 71_300), (" 67300", 67_300), (" 0", 0), ("-0", 0), ("+0", 0), ("0", 0),
        ("--71300", 71_300), ("0000005919637922", 5_919_637_922), ("00070500", 70_500), ("000074700", 74_700),
        ("71,300", 71_300), ("-1,234,567", 1_234_567), ("", MISSING), ("   ", MISSING), ("N/A", MISSING), ("-", MISSING),
        (None, MISSING), (71_300, 71_300), (-71_300, 71_300), ("9223372036854775807", 2**63 - 1),
    ],
)  # fmt: skip
def test_price_drops_the_direction_sign(text: object, value: int) -> None:
    assert wire.price(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("+800", 800), ("-800", -800), ("--28837", -28_837), ("--0", 0), ("-00000000196888", -196_888), ("-00000100", -100),
        ("  -196", -196), ("++196", 196), ("- 196", -196), ("+698", 698), ("--98,211", -98_211), ("", MISSING), ("--", MISSING), (None, MISSING),
        (-5, -5), ("-9223372036854775807", -(2**63 - 1)),
    ],
)  # fmt: skip
def test_signed_keeps_the_real_sign(text: object, value: int) -> None:
    assert wire.signed(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "abc", "1.5", "1e5", "+-5", "-+5", "---5", "+++5", "5-", "7 1300", "7,13", "1,2345", "٣", "５", "1_000", "0x10", "inf",
        "nan", "9223372036854775808", "-9223372036854775808", "1" * 5000, "71300\n", "\t5", True, 1.5, [], {}, 2**63,
    ],
)  # fmt: skip
def test_what_is_no_whole_number_is_refused(text: object) -> None:
    for read in (wire.price, wire.signed):
        with pytest.raises(ProtocolChanged) as refused:
            read(text, "cur_prc")
        assert refused.value.key == "error.kiwoom.value"
        assert refused.value.fields["field"] == "cur_prc"
        assert len(str(refused.value.fields["value"])) <= 40


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("+1.13", 1.13), ("-29.99", -29.99), ("0.00", 0.0), ("--1.5", -1.5), ("++0.34", 0.34), (" 2875.81", 2875.81), ("1,234.5", 1234.5),
        (".5", 0.5), ("-.5", -0.5), ("352", 352.0), ("12.", 12.0), (3, 3.0), (2.5, 2.5),
    ],
)  # fmt: skip
def test_decimal(text: object, value: float) -> None:
    assert wire.decimal(text) == value
    assert wire.level(text) == abs(value)


def test_zero_is_never_negative_and_blank_is_not_zero() -> None:
    assert math.copysign(1, wire.decimal("-0.00")) == 1
    for blank in ("", " ", None, "N/A", "-"):
        assert math.isnan(wire.decimal(blank))
        assert math.isnan(wire.level(blank))


@pytest.mark.parametrize(
    "text", ["1e5", "inf", "nan", "Infinity", "1.2.3", ".", "1,23.4", "٣.٥", "1" * 400, True, [], float("nan")]
)
def test_what_is_no_decimal_is_refused(text: object) -> None:
    with pytest.raises(ProtocolChanged):
        wire.decimal(text)


@pytest.mark.parametrize(
    ("text", "code", "venue"),
    [
        ("005930", "005930", FeedVenue.KRX), ("005930_NX", "005930", FeedVenue.NXT), ("005930_AL", "005930", FeedVenue.COMBINED),
        ("A005930", "005930", FeedVenue.KRX), ("J57JBHH", "57JBHH", FeedVenue.KRX), ("Q500061", "500061", FeedVenue.KRX),
        ("A005930_AL", "005930", FeedVenue.COMBINED), ("0001A0", "0001A0", FeedVenue.KRX), ("57JBHH", "57JBHH", FeedVenue.KRX),
        ("001", "001", FeedVenue.KRX), ("001_AL", "001", FeedVenue.COMBINED), (" 005930 ", "005930", FeedVenue.KRX),
        ("A0001A0", "0001A0", FeedVenue.KRX), ("A00593", "A00593", FeedVenue.KRX), ("M04020000", "M04020000", FeedVenue.KRX),
    ],
)  # fmt: skip
def test_ticker(text: str, code: str, venue: FeedVenue) -> None:
    assert wire.ticker(text) == (code, venue)


@pytest.mark.parametrize(
    "text", ["", "5930", "00593", "005930_XX", "005930_", "삼성전자", "ABCDEF", "00593a", "B005930", None, 5930]
)
def test_what_is_no_code_is_refused(text: object) -> None:
    with pytest.raises(ProtocolChanged):
        wire.ticker(text, "stk_cd")


def test_days() -> None:
    assert wire.day("20251105") == date(2025, 11, 5)
    assert wire.day("") is None
    assert wire.day("        ") is None
    assert wire.day("00000000") is None
    assert wire.day(20251105) == date(2025, 11, 5)
    for wrong in (
        "20251301",
        "20250230",
        "2025115",
        "20251105000000",
        "2025-11-05",
        2025115,
        20251105.0,
        True,
        "２０２５１１０５",
    ):
        with pytest.raises(ProtocolChanged):
            wire.day(wrong)


def _utc_ns(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1_000_000_000  # type: ignore[misc,arg-type]


def test_clocks_are_korean() -> None:
    on = date(2025, 11, 5)
    assert wire.clock_ns(on, "090000") == _utc_ns(2025, 11, 5, 0, 0, 0)
    assert wire.clock_ns(on, "153000") == _utc_ns(2025, 11, 5, 6, 30, 0)
    assert wire.clock_ns(on, "000000") == _utc_ns(2025, 11, 4, 15, 0, 0)
    for nonsense in ("888888", "999999", "240000", "126000", "", " "):
        assert wire.clock_ns(on, nonsense) == MISSING
    for wrong in ("9000", "0900000", "09:00:00", "abcdef", 90000):
        with pytest.raises(ProtocolChanged):
            wire.clock_ns(on, wrong)


def test_stamps() -> None:
    assert wire.stamp_ns("20251105143012") == _utc_ns(2025, 11, 5, 5, 30, 12)
    assert wire.stamp_ns("20251105000000") == _utc_ns(2025, 11, 4, 15, 0, 0)
    assert wire.stamp_ns("") == MISSING
    assert wire.stamp_ns("20251105888888") == MISSING
    for wrong in ("20251305143012", "202511051430", "2025110514301x"):
        with pytest.raises(ProtocolChanged):
            wire.stamp_ns(wrong)


@given(st.text(max_size=20) | st.text("+-0123456789,. ", max_size=20))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    """Whatever comes, there is a number of 64 bits, missing, or the one error."""
    for read in (wire.price, wire.signed, wire.decimal, wire.level, wire.ticker, wire.day, wire.stamp_ns):
        try:
            value = read(text)
        except ProtocolChanged:
            continue
        if isinstance(value, int):
            assert -(2**63) <= value < 2**63


@given(st.integers(-(2**63) + 1, 2**63 - 1), st.integers(0, 6))
def test_written_numbers_come_back(number: int, padding: int) -> None:
    digits = "0" * padding + str(abs(number))
    double = "--" if number < 0 else ""
    assert wire.signed(("-" if number < 0 else "+") + digits) == number
    assert wire.signed(double + digits) == number
    assert wire.price(f"{number:,}") == abs(number)

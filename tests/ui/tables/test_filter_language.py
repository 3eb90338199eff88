"""The filter line: what it finds in a real scan, in both languages, and what it says when it cannot be understood."""

from __future__ import annotations

import numpy as np
import pytest

from engine.model.scan import Grade, VcpState
from ralphstock_desktop.ui.models.filter_language import FilterError, parse_filter
from ralphstock_desktop.ui.viewmodels.filter_words import scan_vocabulary
from ralphstock_desktop.ui.viewmodels.scan_rows import ScanRows
from tests.ui.tables.local_market import local_panel, scan_picture


@pytest.fixture(scope="module")
def rows() -> ScanRows:
    picture = scan_picture(local_panel())
    return ScanRows(picture.panel, picture.scan, "ko")


def found(text: str, rows: ScanRows) -> np.ndarray:
    return parse_filter(text, scan_vocabulary())(rows)


def test_numbers_with_units_and_keywords_of_either_language(rows: ScanRows) -> None:
    expected = (rows.value >= 1e9) & (rows.scan.rs >= 70)
    assert 0 < expected.sum() < rows.size
    for text in (
        "거래대금 >= 10억 그리고 RS >= 70",
        "거래대금≥10억&&RS≥70",
        "value >= 1bn and rs >= 70",
        "거래대금 >= 1,000,000,000원 rs >= 70",
        "대금 >= 0.001조 이고 상대강도 >= 70점",
        "70 <= RS 그리고 거래대금 >= 10억",
    ):
        assert np.array_equal(found(text, rows), expected), text


def test_compound_amounts_add_up(rows: ScanRows) -> None:
    limit = float(np.median(rows.scan.mean_value_krw))
    eok, rest = divmod(round(limit / 1e4), 10_000)
    text = f"평균거래대금 >= {eok}억 {rest}만원"
    assert np.array_equal(found(text, rows), rows.scan.mean_value_krw >= round(limit / 1e4) * 1e4)


def test_a_range_may_be_written_around_the_field(rows: ScanRows) -> None:
    total = rows.scan.total_score
    assert np.array_equal(found("65 <= 총점 < 90", rows), (total >= 65) & (total < 90))


def test_states_grades_and_markets_are_words(rows: ScanRows) -> None:
    scan = rows.scan
    assert np.array_equal(found("상태 = 돌파", rows), scan.state == VcpState.BREAKOUT)
    assert np.array_equal(found("state = breakout", rows), scan.state == VcpState.BREAKOUT)
    assert np.array_equal(found("상태 != 피봇 근접", rows), scan.state != VcpState.NEAR_PIVOT)
    assert np.array_equal(found("등급 >= A", rows), scan.grade >= Grade.A)
    assert np.array_equal(found("시장 = 코스닥", rows), found("market = kosdaq", rows))
    assert found("돌파", rows).sum() >= (scan.state == VcpState.BREAKOUT).sum() > 0


def test_or_not_and_brackets(rows: ScanRows) -> None:
    scan = rows.scan
    left = (scan.rs > 90) | (scan.total_score > 80)
    assert np.array_equal(found("(RS > 90 또는 총점 > 80) 그리고 아닌 시장 = 코스닥", rows), left & (rows.panel.market != 2))
    assert np.array_equal(found("not (rs > 90 or total > 80)", rows), ~left)


def test_and_binds_closer_than_or(rows: ScanRows) -> None:
    scan = rows.scan
    expected = (scan.rs > 90) | ((scan.total_score > 60) & (scan.vol_ratio > 1.4))
    assert np.array_equal(found("RS > 90 또는 총점 > 60 그리고 거래량비 > 1.4", rows), expected)


def test_missing_values_satisfy_no_comparison(rows: ScanRows) -> None:
    missing = np.isnan(rows.scan.smartmoney_score)
    assert missing.any()
    assert not (found("수급 >= 0", rows) & missing).any()
    assert not (found("수급 != 50", rows) & missing).any()
    assert np.array_equal(found("수급 없음", rows), missing)
    assert np.array_equal(found("flow known", rows), ~missing)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("ㅅㅅㅈㅈ", "삼성전자"),
        ("samsung el", "삼성전자"),
        ("kt&g", "KT&G"),
        ("LS ELEC", "LS ELECTRIC"),
        ("000040", "미래에셋증권"),
    ],
)
def test_anything_else_searches_names_initials_and_codes(rows: ScanRows, text: str, name: str) -> None:
    hits = [rows.name(row, "ko") for row in np.flatnonzero(found(text, rows))]
    assert hits == [name]


def test_words_and_conditions_mix(rows: ScanRows) -> None:
    expected = found("삼성", rows) & (rows.scan.rs >= 90)
    assert np.array_equal(found("삼성 RS >= 90", rows), expected)
    sector = np.array([str(s) == "전기 전자" for s in rows.panel.sectors])
    assert np.array_equal(found("업종 ~ 전기 전자 RS >= 70", rows), sector & (rows.scan.rs >= 70))
    assert np.array_equal(found('업종 = "전기 전자"', rows), sector)


def test_a_unit_behind_a_space_is_not_the_next_field(rows: ScanRows) -> None:
    assert np.array_equal(found("RS >= 70 T >= 3", rows), (rows.scan.rs >= 70) & (rows.scan.t_count >= 3))


@pytest.mark.parametrize(
    ("text", "cause", "position"),
    [
        ("RS >=", "number", 6),
        ("거래데금 >= 10억", "field_near", 1),
        ("없는열 > 3", "field", 1),
        ("RS >= 70 그리고", "term_expected", 13),
        ("(RS > 3", "bracket", 1),
        ("RS > 3)", "unexpected", 7),
        ("RS >= 5킬로", "unit", 8),
        ("상태 = 돌파한", "choice", 6),
        ("상태 > 돌파", "sign_choice", 4),
        ("업종 > 반도체", "sign_text", 4),
        ("RS ~ 7", "sign_number", 4),
        ("총점", "compare_expected", 3),
        ('"삼성', "quote", 1),
        ("(" * 25 + "RS > 1", "too_deep", 21),
    ],
)
def test_errors_name_cause_and_place(text: str, cause: str, position: int) -> None:
    with pytest.raises(FilterError) as caught:
        parse_filter(text, scan_vocabulary())
    assert caught.value.key == f"table.filter.error.{cause}"
    assert caught.value.fields["position"] == position


def test_no_alias_means_two_columns() -> None:
    aliases = [alias for field in scan_vocabulary().fields for alias in field.aliases]
    assert len(aliases) == len(set(aliases))

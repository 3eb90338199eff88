"""Symbol search: code, name, 초성, English, typing slips, and odd input."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from ralphstock_desktop.services.search import SymbolIndex
from tests.perf.market import synthetic_panel

NAMES = ["삼성전자", "삼성전자우", "SK하이닉스", "한미반도체", "KB금융", "에스엠", "삼성 바이오로직스", "LG에너지솔루션"]
ENGLISH = ["Samsung Electronics", "", "SK hynix", "Hanmi Semiconductor", "KB Financial", "SM Ent", "Samsung Biologics", ""]
CODES = ["005930", "005935", "000660", "042700", "105560", "041510", "207940", "0126Z0"]


@pytest.fixture(scope="module")
def index() -> SymbolIndex:
    panel = synthetic_panel(len(NAMES), 5)
    return SymbolIndex(dataclasses.replace(panel, tickers=np.array(CODES), names=np.array(NAMES), names_en=np.array(ENGLISH)))


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("ㅅㅅㅈㅈ", "005930"),
        ("ㅎㅁㅂㄷㅊ", "042700"),
        ("005930", "005930"),
        ("0126z0", "0126Z0"),
        ("삼성전자", "005930"),
        ("삼성전자우", "005935"),
        ("하이닉스", "000660"),
        ("sk", "000660"),
        ("hanmi", "042700"),
        ("삼성바이오", "207940"),
        ("kb금융", "105560"),
        ("한미반도채", "042700"),
    ],
)
def test_the_best_hit_is_the_one_meant(index: SymbolIndex, typed: str, first: str) -> None:
    assert index.find(typed)[0].ticker == first


def test_beginnings_come_before_middles_and_short_names_before_long_ones(index: SymbolIndex) -> None:
    assert [hit.ticker for hit in index.find("삼성")] == ["005930", "005935", "207940"]


def test_the_matched_span_points_into_the_name_with_its_spaces(index: SymbolIndex) -> None:
    hit = index.find("성바이")[0]
    (start, end) = hit.matched[0]
    assert hit.name[start:end] == "성 바이"


@pytest.mark.parametrize("typed", ["", "   ", "[", "\\", "%", "ㅋㅋㅋㅋㅋㅋ", "😀", "a" * 5_000])
def test_odd_input_finds_nothing_and_never_fails(index: SymbolIndex, typed: str) -> None:
    assert index.find(typed) == []


def test_the_limit_holds(index: SymbolIndex) -> None:
    assert len(index.find("0", limit=2)) == 2

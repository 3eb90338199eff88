"""Names in running text: each stock as itself, nothing inside longer words, places that fit the text."""

from __future__ import annotations

import json
import unicodedata
from itertools import pairwise
from pathlib import Path

import pytest

import resources
from ralphstock_desktop.services.assistant.names import NameBook
from tests.services.assistant.understand.market import SMALL


def _tickers(names: NameBook, text: str) -> list[str]:
    return [hit.ticker for hit in names.find(text)]


@pytest.mark.parametrize(
    ("text", "tickers"),
    [
        ("삼성전자 어때?", ["005930"]),
        ("삼성전자는", ["005930"]),
        ("삼성전자의 수급", ["005930"]),
        ("카카오랑 네이버", ["035720", "035420"]),
        ("삼성전자주가", ["005930"]),
        ("오늘삼성전자어때", ["005930"]),
        ("삼성전자우 배당", ["005935"]),
        ("삼성전자3일수급", ["005930"]),
        ("효성중공업VCP점수", ["298040"]),
        ("현대차3우B 뉴스", ["005389"]),
        ("현대차2우B 뉴스", []),
        ("SK하이닉스와 SK", ["000660", "034730"]),
        ("SKC 어때", ["011790"]),
        ("SK온 어때", []),
        ("sk시그넷", []),
        ("KT&G 수급", ["033780"]),
        ("KT 수급", ["030200"]),
        ("f&f", ["383220"]),
        ("S-Oil 목표가", ["010950"]),
        ("s-oil", ["010950"]),
        ("LS ELECTRIC chart", ["010120"]),
        ("LG CNS", []),
        ("POSCO International price", []),
        ("POSCO price", ["005490"]),
        ("LG 전자 어때", []),
        ("LG 화학 어때", ["051910"]),
        ("에코프로비엠 에코프로", ["247540", "086520"]),
        ("삼성 전자", ["005930"]),
        ("현대 차트 보여줘", []),
        ("대상으로 하는 종목", []),
        ("대상의 수급", ["001680"]),
        ("전방위로 오른다", []),
        ("종근당은", ["185750"]),
        ("하이닉스가", ["000660"]),
        ("삼전", ["005930"]),
        ("하닉 물렸다", ["000660"]),
        ("엘지화학", ["051910"]),
        ("현차", ["005380"]),
        ("카뱅", ["323410"]),
        ("에코프로 형제", ["086520", "247540"]),
        ("삼전닉스", ["005930", "000660"]),
        ("Samsung Electronics", ["005930"]),
        ("SAMSUNG ELECTRONICS", ["005930"]),
        ("Samsung  Electronics' flows", ["005930"]),
        ("Hynix's grade", ["000660"]),
        ("hyundai motor vs kia", ["005380", "000270"]),
        ("new highs", []),
        ("NEW 어때", ["160550"]),
        ("005930", ["005930"]),
        ("A005930", ["005930"]),
        ("005930.KS", ["005930"]),
        ("0126z0 어때", ["0126Z0"]),
        ("298040은", ["298040"]),
        ("298040원", []),
        ("298,040", []),
        ("₩298040", []),
        ("1298040", []),
        ("298040.5", []),
        ("거래량 298040 이상", []),
        ("ㅅㅅㅈㅈ", ["005930"]),
        ("ㅎㅅㅈㄱㅇ 수급", ["298040"]),
        ("ㅋㅋㅋㅋ", []),
        ("ㅎㅎ 그래", []),
        ("ＫＴ＆Ｇ　어때", ["033780"]),
        ("", []),
        ("   ", []),
    ],
)  # fmt: skip
def test_find(small_names: NameBook, text: str, tickers: list[str]) -> None:
    assert _tickers(small_names, text) == tickers


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_places_are_those_of_the_text_as_typed(small_names: NameBook, form: str) -> None:
    text = unicodedata.normalize(form, "오늘  삼성 전자랑 하이닉스의 수급은 005930?")
    written = [unicodedata.normalize("NFC", text[hit.start : hit.end]) for hit in small_names.find(text)]
    assert written == ["삼성 전자", "하이닉스", "005930"]


@pytest.mark.parametrize(
    ("text", "how", "certain"),
    [
        ("삼성전자", "name", True),
        ("기아", "name", True),
        ("Hynix", "english", True),
        ("하닉", "nickname", True),
        ("005930", "code", True),
        ("298040", "code", False),
        ("A298040", "code", True),
        ("298040.KS", "code", True),
        ("0126Z0", "code", True),
        ("대상", "name", False),
        ("전방", "name", False),
        ("NEW", "name", False),
        ("SK", "name", False),
        ("LG", "name", False),
        ("KT", "name", False),
        ("ㅎㅅㅈㄱㅇ", "initials", True),
    ],
)
def test_how_and_how_certain(small_names: NameBook, text: str, how: str, certain: bool) -> None:
    (hit,) = small_names.find(text)
    assert (hit.how, hit.certain, hit.text) == (how, certain, text)


def test_initials_that_fit_several_names_are_not_certain(small_names: NameBook) -> None:
    # 카카오 and no other here begins with these three; 삼성SDI is ㅅㅅsdi.
    assert small_names.find("ㅋㅋㅇ")[0].certain
    assert small_names.find("ㅅㅅsdi")[0].ticker == "006400"
    # A beginning is enough where it names one, but then it is a guess between 카카오 and 카카오뱅크's likes.
    assert small_names.find("ㅋㅋㅇㅂ")[0].ticker == "323410"


def test_groups_are_no_hits_of_their_own(small_names: NameBook) -> None:
    assert small_names.find("현대 어때") == ()
    (hit,) = small_names.find("삼성 어때")
    assert (hit.ticker, hit.certain) == ("005930", False)  # people say the group's name for its first member
    (group,) = small_names.groups("삼성 어때")
    assert (group.text, group.tickers[:2]) == ("삼성", ("005930", "207940"))
    assert small_names.groups("삼성전자 어때") == ()
    assert [hit.text for hit in small_names.groups("SK는?")] == ["SK"]
    assert small_names.groups("SK온은?") == ()


def test_alike_finds_what_was_meant(small_names: NameBook) -> None:
    assert small_names.alike("삼성전쟈")[0] == "005930"
    assert small_names.alike("하이닉스스")[0] == "000660"
    assert small_names.alike("samsng electronics")[0] == "005930"
    assert small_names.alike("카카우")[0] == "035720"
    assert small_names.alike("아무말대잔치") == ()
    assert small_names.alike("sk")[0] == "000660"
    assert small_names.nearly("삼성전쟈")[1] > 0.78 > small_names.nearly("아무말")[1]


def test_a_known_word_without_data(small_names: NameBook) -> None:
    assert small_names.absent("두에빌") == "034020"
    assert small_names.absent("삼전") == ""
    assert small_names.find("두에빌 어때") == ()
    assert small_names.name("005930") == "삼성전자"
    assert small_names.name("999999") == "999999"
    assert "005930" in small_names
    assert "034020" not in small_names


def test_hits_never_overlap_and_ascend(small_names: NameBook) -> None:
    hits = small_names.find("SK하이닉스 SKC SK 에코프로비엠 삼성전자우 005930.KS ㅅㅅㅈㅈ KT&G")
    assert [hit.text for hit in hits] == [
        "SK하이닉스",
        "SKC",
        "SK",
        "에코프로비엠",
        "삼성전자우",
        "005930.KS",
        "ㅅㅅㅈㅈ",
        "KT&G",
    ]
    assert all(first.end <= second.start for first, second in pairwise(hits))


def test_no_name_is_found_in_ordinary_speech(small_names: NameBook) -> None:
    for text in (
        "오늘 시장이 많이 올랐는데 내일도 그럴까요?",
        "매수 대상을 대상으로 한 조사",
        "What is new in the market today? Is it nice?",
        "전방 산업과 후방 산업을 전방에서 본다",
        "거래대금이 100000 이상인 종목",
    ):
        certain = [hit for hit in small_names.find(text) if hit.certain]
        assert certain == [], text


# -- the whole master -------------------------------------------------------------------------------------------------------

SENTENCES = (
    "{name} 어때?",
    "{name}의 수급은?",
    "Tell me about {name}",
    "{name}",
    "오늘 {name} 왜 올랐어?",
    "{name}랑 비교해줘",
    "요즘 {name}도 좋아?",
)


@pytest.mark.real_data
@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_listed_name_is_found_as_itself(master_names: NameBook, sentence: str) -> None:
    wrong = []
    for ticker, name in master_names._names.items():
        if name == ticker:
            continue
        hits = master_names.find(sentence.format(name=name))
        if [(hit.ticker, hit.text) for hit in hits] != [(ticker, name)]:
            wrong.append((name, hits))
    assert wrong == []


@pytest.mark.real_data
def test_every_code_is_found(master_names: NameBook) -> None:
    for ticker in master_names._names:
        assert [hit.ticker for hit in master_names.find(f"{ticker} 어때?")] == [ticker]
        assert [hit.ticker for hit in master_names.find(f"price of {ticker}.KS")] == [ticker]


@pytest.mark.real_data
def test_nicknames_lead_to_listed_stocks_and_to_one_each(recorded_data: Path, master_names: NameBook) -> None:
    import pandas as pd

    common = pd.read_csv(recorded_data / "listings" / "common_stocks_20260821.csv.gz", dtype=str)["ticker"]
    listing = pd.read_csv(recorded_data / "listings" / "krx_listing_20260320.csv.gz", dtype=str)["ticker"]
    listed = {*common, *listing, *master_names._names}
    table = json.loads(resources.read_text("assistant", "nicknames.json"))
    named = [ticker for kind in ("nicknames", "english") for ticker in table[kind]]
    named += [ticker for kind in ("sets", "groups") for tickers in table[kind].values() for ticker in tickers]
    assert set(named) | set(table["prominent"]) <= listed
    meant: dict[str, str] = {}
    for kind in ("nicknames", "english"):
        for ticker, words in table[kind].items():
            for word in words:
                assert meant.setdefault(word.casefold().replace(" ", ""), ticker) == ticker, word
                if ticker in master_names:
                    assert ticker in [hit.ticker for hit in master_names.find(f"{word} 어때?")], word


@pytest.mark.real_data
def test_well_known_names_are_certain_and_ordinary_words_are_not(master_names: NameBook) -> None:
    for name in ("삼성전자", "신세계", "기아", "한화", "NAVER", "카카오", "하이브", "이마트", "농심"):
        assert master_names.find(name)[0].certain, name
    for name in ("SK", "LG", "CJ", "GS", "LS", "KT", "NEW", "나노", "레몬", "노을"):
        hits = master_names.find(name)
        assert hits == () or not hits[0].certain, name


def test_the_small_market_is_found_by_its_own_names(small_names: NameBook) -> None:
    for ticker, name in SMALL.items():
        assert _tickers(small_names, f"{name} 어때?") == [ticker]

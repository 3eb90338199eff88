"""Names in titles, and which press an address belongs to."""

from __future__ import annotations

import unicodedata

import pytest

from engine.news.lexicon import judge_title
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.providers.news.companies import CompanyNames, press_of
from ralphstock_desktop.providers.news.dart import disclosure_title
from tests.providers.news.loopback import NAMES


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("삼성전자 수주", ["삼성전자"]),
        ("삼성전자우 급등", ["삼성전자우"]),  # the longest name
        ("SK하이닉스·삼성전자 동반 강세", ["SK하이닉스", "삼성전자"]),
        ("SK하이닉스가 SK를 앞섰다", ["SK하이닉스", "SK"]),
        ("'삼성전자' 주가", ["삼성전자"]),
        ("[특징주]삼성전자, 급등", ["삼성전자"]),
        ("삼성전자는 삼성전자다", ["삼성전자"]),
        ("삼성전자에서", ["삼성전자"]),
        ("삼성전자株", ["삼성전자"]),
        ("삼성전자판매 소식", []),
        ("새삼성전자", []),
        ("SKC 수주", []),
        ("SK 수주", ["SK"]),
        ("sk하이닉스 호실적", ["SK하이닉스"]),
        ("LG CNS 상장", ["LG CNS"]),
        ("LGCNS 상장", ["LG CNS"]),
        ("SK 하이닉스 호실적", ["SK하이닉스"]),
        ("삼성 전자제품", []),
        ("삼성전자 ADR·SK하이닉스, 3% 상승", ["삼성전자", "SK하이닉스"]),
        ("Naver 신제품", ["NAVER"]),
        ("F&F 호실적", ["F&F"]),
        ("제재 대상 기업", []),  # 대상 is an ordinary word
        ("대상(001680) 호실적", ["대상"]),
        ("네이버[035420] 신제품", ["NAVER"]),
        ("전화 (123456) 번", []),
        ("금액 001680 원", []),
        ("", []),
    ],
)
def test_names_in_titles(title: str, names: list[str]) -> None:
    finder = CompanyNames(NAMES)
    assert finder.find(title) == tuple(NAMES[name] for name in names)
    assert finder.find(unicodedata.normalize("NFD", title)) == tuple(NAMES[name] for name in names)


def test_whole_names() -> None:
    finder = CompanyNames(NAMES)
    assert (finder.ticker_of("대상"), finder.ticker_of(" lg cns"), finder.ticker_of("LG"), finder.ticker_of("")) == (
        "001680",
        "064400",
        "",
        "",
    )
    assert CompanyNames({}).find("삼성전자") == ()


@pytest.mark.parametrize(
    ("url", "named", "press"),
    [
        ("https://www.yna.co.kr/view/A1", "연합뉴스 최신기사", "연합뉴스"),
        ("https://www.yonhapnewstv.co.kr/1", "연합뉴스", "연합뉴스TV"),
        ("https://n.news1.kr/1", "", "뉴스1"),
        ("https://blog.naver.com/someone/1", "한국경제", "블로그"),
        ("https://someone.tistory.com/1", "", "블로그"),
        ("https://cafe.naver.com/x/1", "", "커뮤니티"),
        ("https://naver.com/1", "어느 신문", "어느 신문"),
        ("https://fakeyna.co.kr/1", "어느 신문", "어느 신문"),
        ("https://evil.example/1", "DART", "evil.example"),  # nobody else may call himself DART
        ("https://evil.example/1", "d-a-r-t", "evil.example"),
        ("https://dart.fss.or.kr/dsaf001/main.do?rcpNo=1", "", "DART"),
        ("file:abc", "어느 신문", "어느 신문"),
        ("http://[broken", "어느 신문", "어느 신문"),
        ("https://n.example/1", "가" * 200, "가" * 120),
    ],
)
def test_press(url: str, named: str, press: str) -> None:
    assert press_of(url, named) == press


@pytest.mark.parametrize(
    ("report", "title", "points"),
    [
        ("단일판매ㆍ공급계약체결", "삼성전자 단일판매ㆍ공급계약체결", 2),
        ("주요사항보고서(유상증자결정)", "삼성전자 주요사항보고서 · 유상증자결정", -3),
        ("[기재정정]주요사항보고서(무상증자결정)", "삼성전자 [기재정정]주요사항보고서 · 무상증자결정", 3),
        ("주권매매거래정지해제 (상장폐지 사유 해소)", "삼성전자 주권매매거래정지해제 · 상장폐지 사유 해소", 1),
        ("횡령ㆍ배임사실확인", "삼성전자 횡령ㆍ배임사실확인", -3),
        ("사업보고서 (2025.12)", "삼성전자 사업보고서 · 2025.12", 0),
    ],
)
def test_titles_of_disclosures_keep_what_scores(report: str, title: str, points: float) -> None:
    assert disclosure_title("삼성전자", report) == title
    assert judge_title(title, DEFAULT_RULES)[0] == points

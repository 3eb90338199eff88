"""Which field a column of a file is: Korean and English header names, and the unit written beside them.

A unit is read from the header (``거래대금(백만)``, ``외국인순매수(주)``) or chosen by the user in the mapping; where neither
says one, money is won and quantities are shares. Flows without any hint are left open, because won and shares are both usual.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["FIELDS", "MONEY_UNITS", "SHARE_UNITS", "Header", "money_scale", "read_header", "share_scale"]

MONEY_UNITS: dict[str, int] = {
    "원": 1,
    "won": 1,
    "krw": 1,
    "천": 1_000,
    "천원": 1_000,
    "만원": 10_000,
    "백만": 1_000_000,
    "백만원": 1_000_000,
    "million": 1_000_000,
    "억": 100_000_000,
    "억원": 100_000_000,
}
SHARE_UNITS: dict[str, int] = {"주": 1, "shares": 1, "천주": 1_000, "만주": 10_000, "백만주": 1_000_000}

_SYNONYMS: dict[str, str] = {
    "ticker": "ticker code symbol shortcode stockcode isusrtcd stkcd 종목코드 단축코드 코드 종목번호 표준단축코드",
    "day": "date day basdd trddd tradedate 일자 날짜 거래일 거래일자 기준일 기준일자 영업일자 년월일",
    "time": "time 시간 시각 체결시간",
    "instant": "ts timestamp datetime 일시 체결일시 거래일시",
    "open_krw": "open openprice 시가 시작가",
    "high_krw": "high highprice 고가",
    "low_krw": "low lowprice 저가",
    "close_krw": "close closeprice price last 종가 현재가 체결가",
    "volume_shares": "volume vol 거래량 누적거래량",
    "value_krw": "value amount turnover tradingvalue accumulatedvalue 거래대금 누적거래대금",
    "cum_value_krw": "cumvalue 당일누적거래대금",
    "prev_diff_krw": "change diff prevdiff 전일대비 대비 전일비",
    "name": "name stockname isunm 종목명 한글종목명 종목약명 한글종목약명 회사명",
    "name_en": "nameen englishname 영문종목명 영문명",
    "market": "market marketname mktnm 시장 시장구분 시장명",
    "dept": "dept sect 소속부",
    "shares_out": "shares sharesout listedshares stocks 상장주식수 발행주식수",
    "isin": "isin isucd 표준코드",
    "listed_on": "listingdate listedon 상장일 상장일자",
    "delisted_on": "delistingdate delistedon 상장폐지일 폐지일 폐지일자",
    "sector": "sector sectorlarge 섹터",
    "industry": "industry 업종 업종명",
    "security_group": "securitygroup 증권그룹 증권구분",
    "stock_kind": "stockkind 주식종류",
    "kind": "kind 종류 구분",
    "par_krw": "par parvalue 액면가",
    "reason": "reason 사유 폐지사유",
    "ex_day": "exdate exday 권리락일 기준가변경일",
    "price_factor": "pricefactor factor adjustfactor 수정계수 조정계수",
    "confidence": "confidence",
    "investor": "investor 투자자 투자자구분",
    "net": "net netbuy 순매수",
    "foreign": "foreign foreignnet foreigner foreignnetbuy 외국인 외국인합계 외국인순매수 외국인순매매 외인순매수 외인",
    "institution": "institution institutionnet inst instnet institutional 기관 기관합계 기관순매수 기관순매매 기관계",
    "pension": "pension pensionnet 연기금 연기금등 연기금순매수 연기금순매매 연기금등순매수",
    "individual": "individual individualnet 개인 개인순매수 개인순매매",
    "securities": "securities 금융투자 금융투자순매수",
    "insurance": "insurance 보험",
    "investment_trust": "investmenttrust 투신",
    "bank": "bank 은행",
    "other_finance": "otherfinance 기타금융",
    "other_corp": "othercorp 기타법인",
    "foreign_hold": "foreignhold 외국인보유주식수 외국인보유량 외국인보유",
    "foreign_pct": "foreignpct 외국인지분율 외국인보유비중 외국인보유율",
    "title": "title headline 제목 기사제목",
    "press": "press publisher 언론사 매체",
    "news_source": "source 출처",
    "url": "url link 링크 주소",
    "sentiment": "sentiment 감성",
    "label": "label",
    "sentence": "sentenceen sentenceko sentence",
}
FIELDS: tuple[str, ...] = tuple(_SYNONYMS)
_BY_NAME: dict[str, str] = {word: field for field, words in _SYNONYMS.items() for word in words.split()}

_UNIT = re.compile(r"[(\[（]\s*([^)\]）]*?)\s*[)\]）]\s*\Z")
_QUANTITY_ENDS = ("수량", "주식수")
_MONEY_ENDS = ("금액", "대금")
_FLOW_FIELDS = frozenset(
    "foreign institution pension individual securities insurance investment_trust bank other_finance other_corp net".split()
)


@dataclass(frozen=True, slots=True)
class Header:
    """One column header, understood."""

    column: str
    field: str
    """Empty if the name means nothing to us."""
    unit: str
    """Unit written in the header, as written; empty if none."""
    quantity: str = ""
    """``money`` or ``shares`` where unit or name say so."""


def _squeeze(text: str) -> str:
    return re.sub(r"[\s_\-·/.]+", "", text).casefold()


def read_header(column: str) -> Header:
    """Understand one column name: synonyms in Korean and English, and a unit in brackets at its end."""
    text = column.strip().lstrip("\ufeff")
    unit = ""
    match = _UNIT.search(text)
    if match:
        unit = _squeeze(match[1])
        text = text[: match.start()]
    name = _squeeze(text)
    quantity = "money" if unit in MONEY_UNITS else "shares" if unit in SHARE_UNITS else ""
    field = _BY_NAME.get(name, "")
    if not field:
        for ends, meaning in ((_QUANTITY_ENDS, "shares"), (_MONEY_ENDS, "money")):
            stem = next((name.removesuffix(end) for end in ends if name.endswith(end)), "")
            candidate = _BY_NAME.get(stem, "") or _BY_NAME.get(stem.removesuffix("순매수"), "")
            if candidate in _FLOW_FIELDS:
                field, quantity = candidate, quantity or meaning
                break
    return Header(column, field, unit, quantity)


def money_scale(unit: str) -> int | None:
    """Won per unit; 1 for no unit, None for a unit that is not one of money."""
    return MONEY_UNITS.get(_squeeze(unit)) if unit else 1


def share_scale(unit: str) -> int | None:
    """Shares per unit; 1 for no unit, None for a unit that is not one of shares."""
    return SHARE_UNITS.get(_squeeze(unit)) if unit else 1

"""A small desk to check answers against: three symbols, a gate, an index, days and two headlines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ralphstock_desktop.services.assistant.facts import FactBook
from ralphstock_desktop.services.assistant.grounding import Grounded, Grounding
from ralphstock_desktop.services.assistant.markdown import parse_markdown
from ralphstock_desktop.services.assistant_contracts import Fact, Span, Target, spans_of
from ralphstock_desktop.wording.texts import Language, Texts

SAMSUNG, HYNIX, HYOSUNG = "005930", "000660", "298040"
OTHERS = {"035720": ("카카오", "Kakao"), "373220": ("LG에너지솔루션", "LG Energy Solution")}
NAMES = {
    SAMSUNG: ("삼성전자", "Samsung Electronics"),
    HYNIX: ("SK하이닉스", "SK hynix"),
    HYOSUNG: ("효성중공업", "Hyosung Heavy"),
}
TODAY, BEFORE = date(2026, 2, 6), date(2026, 1, 28)
HEADLINE = "삼성전자 VCP 총점 99점이라는 소문에 개미들 몰려"
NEWS = "SK하이닉스, HBM4 공급 계약 4조 7,000억원 규모로 체결"
DISCLAIMER = "본 정보는 참고용이며 투자 판단과 책임은 이용자에게 있습니다."


@dataclass(frozen=True)
class Hit:
    start: int
    end: int
    ticker: str
    text: str
    certain: bool = True


class Names:
    """The names of the small desk and of two symbols nothing was read about; "하이" is an uncertain one."""

    def __init__(self) -> None:
        words = {word.casefold(): ticker for ticker, pair in (NAMES | OTHERS).items() for word in pair}
        self._words = words
        self._pattern = re.compile("|".join(sorted(map(re.escape, words), key=len, reverse=True)), re.IGNORECASE)

    def find(self, text: str) -> Sequence[Hit]:
        found = [Hit(m.start(), m.end(), self._words[m.group().casefold()], m.group()) for m in self._pattern.finditer(text)]
        found += [Hit(m.start(), m.end(), "003540", m.group(), certain=False) for m in re.finditer("대신", text)]
        return sorted(found, key=lambda hit: hit.start)


def book_of(language: Language) -> FactBook:
    book = FactBook(Texts(language))
    ko = language == "ko"
    here = Target("panel", panel="chart")

    def of(ticker: str, values: dict[str, tuple[float, str, str, str]]) -> None:
        book.add("symbol.name", NAMES[ticker][0 if ko else 1], "name", "종목명" if ko else "Name", here, ticker=ticker)
        book.add("symbol.code", ticker, "code", "종목코드" if ko else "Code", here, ticker=ticker)
        for name, (value, unit, korean, english) in values.items():
            book.add(name, value, unit, korean if ko else english, here, ticker=ticker, day=TODAY)  # type: ignore[arg-type]

    for ticker, numbers in {
        SAMSUNG: (
            70_300.0,
            8.49,
            5_320_000.0,
            134_512_000_000.0,
            1_543_000_000_000.0,
            76.42,
            85.0,
            1.56,
            3.0,
            -2.35,
            5.0,
            5_500.0,
        ),
        HYNIX: (
            512_000.0,
            -3.27,
            441_200.0,
            -56_700_000_000.0,
            987_600_000_000.0,
            61.25,
            92.0,
            0.84,
            17.0,
            4.15,
            2.0,
            -17_300.0,
        ),
        HYOSUNG: (1_987_000.0, 0.66, 44.0, 3_200_000_000.0, 45_600_000_000.0, 82.5, 97.0, 2.31, 1.0, 11.9, 8.0, 13_000.0),
    }.items():
        close, change, volume, flow, value, score, rs, ratio, rank, gap, days, won = numbers
        of(ticker, {
            "bar.close": (close, "won", "종가", "close"),
            "bar.change_pct": (change, "%", "등락률", "change"),
            "bar.change": (won, "won", "전일 대비", "change in won"),
            "bar.volume": (volume, "shares", "거래량", "volume"),
            "flow.foreign_5d": (flow, "krw", "외국인 5일 순매수", "foreign net buying over 5 days"),
            "bar.value": (value, "krw", "거래대금", "turnover"),
            "vcp.total": (score, "points", "VCP 총점", "VCP total"),
            "vcp.rs": (rs, "points", "RS", "RS"),
            "vcp.volume_ratio": (ratio, "×", "거래량 비율", "volume ratio"),
            "list.rank": (rank, "rank", "순위", "rank"),
            "sector.gap": (gap, "%p", "업종 대비", "ahead of its sector"),
            "flow.streak": (days, "days", "연속 순매수", "days of net buying in a row"),
        })  # fmt: skip
    book.add("vcp.item.C1.value", 0.62, "×", "C1 거래량 고갈" if ko else "C1 volume dry-up", here, ticker=SAMSUNG)
    book.add("vcp.base_bars", 34.0, "bars", "베이스 길이" if ko else "base length", here, ticker=SAMSUNG)
    book.add("record.count", 120.0, "count", "기록" if ko else "records", here)
    book.add("record.win_rate", 57.5, "%", "승률" if ko else "win rate", here)
    book.add("record.drawdown", -12.34, "%", "최대 낙폭" if ko else "max drawdown", here)
    book.add("gate.score", 63.0, "points", "게이트 점수" if ko else "gate score", here)
    book.add("index.kospi", 2_650.33, "index", "코스피" if ko else "KOSPI", here)
    book.add("day.checks", 76.0, "points", "단타 점수" if ko else "day-trading points", here, ticker=SAMSUNG, text="76/105")
    book.add("news.count", 12.0, "count", "뉴스" if ko else "news", here, ticker=SAMSUNG)
    book.add_day("as_of.day", TODAY, "기준일" if ko else "as of", here)
    book.add_day("signal.day", BEFORE, "신호일" if ko else "signal day", here, ticker=SAMSUNG)
    book.add("as_of.time", "2026-02-06T15:30", "time", "기준 시각" if ko else "as of", here, day=TODAY)
    book.add("news.title", HEADLINE, "text", "기사", Target("article", news_id=1), ticker=SAMSUNG, quoted=True)
    book.add(
        "news.title",
        NEWS,
        "text",
        "기사",
        Target("article", news_id=2, url="https://news.example.com/a/12"),
        ticker=HYNIX,
        quoted=True,
    )
    return book


def grounding_of(language: Language = "ko", own: Sequence[float] = (), extra: Sequence[Fact] = ()) -> Grounding:
    return Grounding([*book_of(language).facts, *extra], Names(), own_numbers=own, disclaimer=DISCLAIMER, language=language)


KOREAN, ENGLISH = grounding_of("ko"), grounding_of("en")


def check(text: str, language: Language = "ko") -> Grounded:
    return (KOREAN if language == "ko" else ENGLISH).check(parse_markdown(text))


def struck(result: Grounded) -> list[tuple[str, str]]:
    """What is struck, with its reason; pieces of one number joined."""
    found: list[list[str]] = []
    last: Span | None = None
    for span in spans_of(result.blocks):
        if span.struck:
            reason = span.struck.removeprefix("assistant.struck.")
            if last is not None and last.struck == span.struck:
                found[-1][0] += span.text
            else:
                found.append([span.text, reason])
        last = span
    return [(text, reason) for text, reason in found]


def linked(result: Grounded) -> list[str]:
    return [span.fact for span in spans_of(result.blocks) if span.fact]

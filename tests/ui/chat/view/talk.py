"""A conversation as the assistant would hand it over, for the tests, the benchmark and for looking at it."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

from engine.model.errors import RateLimited
from engine.model.instants import AsOf, kst_ns
from ralphstock_desktop.assistant_ports import ChatSession
from ralphstock_desktop.services.assistant_contracts import (
    Answer,
    Block,
    Chart,
    Code,
    Conversation,
    Fact,
    Heading,
    Items,
    Paragraph,
    Proposal,
    Quote,
    Refusal,
    SourceChip,
    Span,
    StreamUpdate,
    Table,
    Target,
    Turn,
    Unit,
    Usage,
)

DAY = date(2026, 5, 4)
AS_OF = AsOf.at(DAY, 18, 32)
EVIDENCE = Target("evidence", panel="evidence", ticker="006800", strategy="VCP", item="B1")


def fact(
    number: int, text: str, value: float | str | None = 1.0, unit: Unit = "points", title: str = "총점", **more: Any
) -> Fact:
    """A fact ``f<number>`` known since the close of the day."""
    return Fact(f"f{number}", "vcp.total", value, unit, text, title, EVIDENCE, "006800", DAY, **{
        "formula": "VCP 87.0 × 0.7 + 수급 73.0 × 0.3", "known_at_ns": kst_ns(DAY, 15, 40), **more})  # fmt: skip


def say(text: str, facts: tuple[Fact, ...]) -> tuple[Span, ...]:
    """Spans of a sentence; ``<1>`` stands for fact 1, ``**`` turns bold on and off."""
    spans: list[Span] = []
    bold = False
    for number, piece in enumerate(text.split("**")):
        bold = number % 2 == 1
        for position, part in enumerate(piece.replace(">", "<").split("<")):
            if position % 2:
                found = facts[int(part) - 1]
                spans.append(Span(found.text, fact=found.id))
            elif part:
                spans.append(Span(part, bold=bold))
    return tuple(spans)


FACTS = (
    fact(1, "82.8", 82.8), fact(2, "80", 80.0), fact(3, "2.8점", 2.8), fact(4, "87.0", 87.0, title="VCP 점수", formula=""),
    fact(5, "73.0", 73.0), fact(6, "27.6%", 27.6, "%"), fact(7, "20.8%", 20.8, "%"), fact(8, "18.1%", 18.1, "%"),
    fact(9, "8.6%", 8.6, "%"), fact(10, "0.49배", 0.49, "×", "거래량비", formula="240만 ÷ 490만"), fact(11, "0.50", 0.5),
    fact(12, "70,800원", 70800.0, "won", "피봇"), fact(13, "0.7%", 0.7, "%"), fact(14, "+967억", 9.67e10, "krw", "외국인 5일"),
    fact(15, "+378억", 3.78e10, "krw", "기관 5일"), fact(16, "5.79%", 5.79, "%"), fact(17, "5.0%", 5.0, "%"), fact(18, "0점", 0.0),
)  # fmt: skip
CHIPS = (
    SourceChip(1, "근거 0812", "evidence", EVIDENCE, ("f1", "f2", "f3", "f4")),
    SourceChip(2, "수급 0796", "flow", Target("flow", ticker="006800"), ("f5", "f14", "f15")),
    SourceChip(3, "차트 0600", "candles", Target("bars", ticker="006800"), ("f6", "f7", "f8", "f9", "f12", "f13")),
    SourceChip(4, "거래량 C1", "evidence", EVIDENCE, ("f10", "f11")),
    SourceChip(5, "밀집 D1", "evidence", EVIDENCE, ("f16", "f17", "f18")),
)
OFFERS = (
    Proposal("p1", "open_chart", "차트에 표시", "crosshair", {"ticker": "006800"}),
    Proposal("p2", "watch", "관심종목에 추가", "star", {"tickers": ["006800"]}),
    Proposal("p3", "set_filter", "일지에 저장", "journal", {}),
)
TEXT: tuple[Block, ...] = (
    Paragraph(say("총점 <1>로 S 기준 <2>을 <3> 넘습니다. VCP <4> × 0.7 + 수급 <5> × 0.3입니다.", FACTS)),
    Items((
        say("수축이 네 번, <6> → <7> → <8> → <9>로 줄었습니다.", FACTS),
        say("최근 5일 거래량은 50일 평균의 <10>로 말랐습니다 (기준 <11>).", FACTS),
        say("피봇 <12>까지 <13> 남았고, 5일 동안 외국인이 <14>, 기관이 <15> 순매수했습니다.", FACTS),
    )),
    Paragraph(say("**걸리는 점** 5일 종가 폭이 <16>라 밀집 항목(기준 <17> 이하)은 <18>입니다. 같은 등급의 표본 밖 성과는 사례가 "
                  "부족해 판단할 수 없습니다.", FACTS)),
)  # fmt: skip
USAGE = Usage("gemini-2.5-flash", 2_412, 318, 0.00152, 412.0, 2_130.0)


def answer(**changes: Any) -> Answer:
    """The answer of the design's picture, changed."""
    whole: dict[str, Any] = {
        "source": "model", "language": "ko", "as_of": AS_OF, "blocks": TEXT, "facts": FACTS, "chips": CHIPS, "numbers": 20,
        "linked": 20, "proposals": OFFERS, "disclaimer": True, "usage": USAGE,
    }  # fmt: skip
    return Answer(**{**whole, **changes})


TABLE_FACTS = tuple(
    fact(20 + i, text, 1.0, unit)  # type: ignore[arg-type]
    for i, (text, unit) in enumerate((
        ("미래에셋증권", "name"), ("70,300원", "won"), ("+8.49%", "%"), ("82.8", "points"), ("+967억", "krw"),
        ("효성중공업", "name"), ("1,987,000원", "won"), ("−1.27%", "%"), ("79.1", "points"), ("−1,204억", "krw"),
        ("한화에어로스페이스", "name"), ("912,000원", "won"), ("0.00%", "%"), ("77.4", "points"), ("+88억", "krw"),
    ))
)  # fmt: skip


def _cell(number: int) -> tuple[Span, ...]:
    found = TABLE_FACTS[number]
    return (Span(found.text, fact=found.id),)


TABLE = Table(
    tuple((Span(word),) for word in ("종목", "현재가", "등락", "총점", "외국인 5일")),
    tuple(tuple(_cell(row * 5 + column) for column in range(5)) for row in range(3)),
    (False, True, True, True, True),
)
DAYS = tuple(DAY - timedelta(days=40 - number) for number in range(40))
LINE = Chart(
    "line", "미래에셋증권 종가 40일", "006800", DAYS,
    tuple(math.nan if 12 <= n < 15 else 62_000 + 210.0 * n + 2_400 * math.sin(n / 4) for n in range(40)), "won",
    "40일 동안 62,000원에서 70,300원으로 올랐습니다", "f12",
)  # fmt: skip
BARS = Chart(
    "bars", "외국인 순매수 20일", "006800", DAYS[-20:],
    tuple(math.nan if n == 5 else (n % 7 - 2.5) * 4.1e9 for n in range(20)), "krw", "20일 가운데 12일 순매수",
)  # fmt: skip
RICH: tuple[Block, ...] = (
    Heading((Span("오늘 S·A 등급 세 종목"),), 2),
    Paragraph((Span("총점이 높은 차례입니다. "), Span("코스피", italic=True), Span(" 두 종목, 필터 "), Span("RS >= 80", code=True),
               Span("을 지났습니다."))),
    TABLE,
    LINE,
    BARS,
    Quote((Span("미래에셋증권, 1분기 실적 시장 기대 웃돌아 — 기사 제목 그대로"),)),
    Items(((Span("먼저 볼 것"),), (Span("피봇 돌파 거래량"),), (Span("외국인 연속 순매수"),), (Span("다음에 볼 것"),)), True, (0, 1, 1, 0)),
    Code("RS >= 80 그리고 거래대금 >= 100억\n정렬 총점 내림차순"),
)  # fmt: skip
STRUCK = (
    Paragraph((
        Span("“주요 증권사는 목표주가를 "), Span("95,000원", struck="assistant.struck.number"), Span("으로 올려 잡았습니다.”"),
    )),
)  # fmt: skip
PLAN = (
    fact(40, "85,000원", 85000.0, "won", "목표"),
    fact(41, "+19.9%", 19.9, "%"),
    fact(42, "65,200원", 65200.0, "won", "손절"),
)
REFUSED = Refusal("assistant.refused.numbers", 1, STRUCK, {"cells": 214, "articles": 0, "facts": 214})


def plan_answer(**changes: Any) -> Answer:
    """A template answer in place of a refused one."""
    blocks = (Paragraph((
        Span("수집된 목표주가가 없습니다. 규칙으로 계산한 목표는 "), Span("85,000원", fact="f40"), Span(" ("), Span("+19.9%", fact="f41"),
        Span(")이고 손절은 "), Span("65,200원", fact="f42"), Span("입니다."),
    )),)  # fmt: skip
    return answer(**{
        "source": "template", "blocks": blocks, "facts": PLAN, "chips": (SourceChip(1, "계획", "target", EVIDENCE, ("f40", "f41", "f42")),),
        "numbers": 3, "linked": 3, "refusal": REFUSED, "proposals": (), "disclaimer": False, "usage": None, **changes})  # fmt: skip


def at(minute: int) -> int:
    """An instant of the evening."""
    return kst_ns(DAY, 18, minute)


def quota(retry_after_ms: int = 12_000) -> RateLimited:
    """The model asks for patience."""
    return RateLimited(
        "quota", provider="gemini", retryable=True, retry_after_ms=retry_after_ms, code="429", key="error.model.quota"
    )


def conversation(*turns: Turn, session: str = "s1") -> Conversation:
    """A conversation of these turns."""
    return Conversation(ChatSession(session, "미래에셋증권", at(33), at(40), len(turns)), turns)


def picture() -> Conversation:
    """Everything there is, in one conversation."""
    return conversation(
        Turn(1, "user", "미래에셋증권은 왜 S등급이야? 걸리는 점은?", at(33)),
        Turn(2, "assistant", "", at(33), answer()),
        Turn(3, "user", "오늘 좋은 종목 셋만 표로", at(34)),
        Turn(4, "assistant", "", at(34), answer(blocks=RICH, facts=(*FACTS, *TABLE_FACTS), chips=CHIPS[:3], numbers=18, linked=18,
             proposals=(Proposal("p4", "set_filter", "필터 적용", "filter", {}, "done"), Proposal("p5", "watch", "관심종목에 추가", "star", {})))),
        Turn(5, "user", "증권가 목표주가는?", at(35)),
        Turn(6, "assistant", "", at(35), plan_answer()),
        Turn(7, "user", "다시 물어볼게", at(36)),
        Turn(8, "assistant", "", at(36), plan_answer(refusal=None), error=quota()),
        Turn(9, "user", "비슷한 베이스가 있던 종목과 비교해 줘", at(37)),
        Turn(10, "assistant", "", at(37), state="waiting"),
    )  # fmt: skip


def update(n: int, blocks: tuple[Block, ...], activity: str = "") -> StreamUpdate:
    """What has arrived of answer ``n``."""
    return StreamUpdate(n, blocks, (*FACTS, *TABLE_FACTS), activity)


def long_answer(characters: int = 2_000) -> tuple[Block, ...]:
    """An answer of a length with paragraphs, lists and a table every few hundred characters."""
    found: list[Block] = []
    size = 0
    while size < characters:
        for block in (Heading((Span(f"{len(found) + 1}. 확인한 것"),), 3), *TEXT, TABLE):
            found.append(block)
            size += _length(block)
    return tuple(found)


def _length(block: Block) -> int:
    from ralphstock_desktop.ui.chat.written import plain_of_block

    return len(plain_of_block(block))


def growing(blocks: tuple[Block, ...], steps: int) -> list[tuple[Block, ...]]:
    """The states of an answer while it arrives: whole blocks, then the next one cut off somewhere."""
    total = sum(_length(block) for block in blocks)
    states: list[tuple[Block, ...]] = []
    for step in range(1, steps + 1):
        left, state = total * step // steps, []
        for block in blocks:
            if left <= 0:
                break
            state.append(_cut(block, left))
            left -= _length(block)
        states.append(tuple(state))
    return states


def _cut_spans(spans: tuple[Span, ...], left: int) -> tuple[Span, ...]:
    kept = []
    for span in spans:
        if left <= 0:
            break
        kept.append(span if len(span.text) <= left else Span(span.text[:left], bold=span.bold))
        left -= len(span.text)
    return tuple(kept)


def _cut(block: Block, left: int) -> Block:
    if left >= _length(block):
        return block
    if isinstance(block, Paragraph):
        return Paragraph(_cut_spans(block.spans, left))
    if isinstance(block, Items):
        items = []
        for item in block.items:
            if left > 0:
                items.append(_cut_spans(item, left))
            left -= sum(len(span.text) for span in item)
        return Items(tuple(items), block.ordered)
    if isinstance(block, Table):
        rows = max(0, left // 30)
        return Table(block.head, block.rows[:rows], block.right)
    return block

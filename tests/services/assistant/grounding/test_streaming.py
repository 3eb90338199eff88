"""While an answer arrives nothing unchecked is shown, nothing shown changes, and the end equals checking it whole."""

from __future__ import annotations

import random

import pytest

from ralphstock_desktop.services.assistant.markdown import parse_markdown
from ralphstock_desktop.services.assistant.streaming import StreamChecker
from ralphstock_desktop.services.assistant_contracts import Block, spans_of
from ralphstock_desktop.wording.texts import Language
from tests.services.assistant.grounding.answers import BAD, HONEST_EN, HONEST_KO
from tests.services.assistant.grounding.world import check, grounding_of

WHOLE: list[tuple[str, Language]] = [
    ("\n\n".join(HONEST_KO), "ko"),
    ("\n\n".join(HONEST_EN), "en"),
    ("\n\n".join(text for text, language in BAD if language == "ko"), "ko"),
    (" ".join(HONEST_KO[:20]), "ko"),
    (
        "# 제목\n\n```\n종가 95,000원\n```\n\n1. **삼성전자**: 70,300원\n   - RS 85점\n2. SK하이닉스\n\n| 가 | 나 |\n|---|---|\n| 1 | 2 |\n\n끝 `코드` *기울임*입니다.",
        "ko",
    ),
]
DOCUMENTS: list[tuple[str, Language]] = [*((t, "ko") for t in HONEST_KO), *((t, "en") for t in HONEST_EN), *BAD, *WHOLE]  # type: ignore[list-item]


def letters(blocks: tuple[Block, ...]) -> list[tuple[str, str, str]]:
    """Every letter with what it is tied to and why it is struck."""
    return [(letter, span.fact, span.struck) for span in spans_of(blocks) for letter in span.text]


@pytest.mark.parametrize("sizes", [(1,), (2, 5, 11), (40,)])
def test_what_is_shown_never_changes(sizes: tuple[int, ...]) -> None:
    chance = random.Random(7)
    for text, language in DOCUMENTS[:: 4 if sizes == (1,) else 1]:
        grounding = grounding_of(language)
        checker, views, at = StreamChecker(grounding), [], 0
        while at < len(text):
            size = chance.choice(sizes)
            checker.feed(text[at : at + size])
            views.append(letters(checker.blocks()))
            at += size
        whole = letters(checker.finish())
        assert checker.finish() == grounding.check(parse_markdown(text)).blocks
        for view in views:
            assert whole[: len(view)] == view, text
            # A later letter must not be able to make a number of what is shown plain.
            assert not any(letter.isdigit() and not fact and not struck for letter, fact, struck in view) or _exempt(
                text, language
            )


def _exempt(text: str, language: Language) -> bool:
    return any(letter.isdigit() and not fact and not struck for letter, fact, struck in letters(check(text, language).blocks))


@pytest.mark.parametrize(
    "text",
    [
        "삼성전자 종가는 95,000원",
        "삼성전자는 8.49% 하",
        "기준일은 2026-02",
        "삼성전",
        "종가 **70,3",
        "| 종목 | 종가 |\n|---|",
        "```\n95,000",
        "1.",
        "- ",
        "[글](http://e",
        "<b",
        "값은 &#5",
        "구만오",
    ],
)
def test_an_unfinished_end_is_held_back(text: str) -> None:
    checker = StreamChecker(grounding_of())
    checker.feed(text)
    shown = "".join(span.text for span in spans_of(checker.blocks()))
    assert not any(letter.isdigit() for letter in shown) and "구만" not in shown and "삼성전" not in shown and "|" not in shown


def test_words_appear_before_the_sentence_ends() -> None:
    checker = StreamChecker(grounding_of())
    checker.feed("이 종목은 수축이 이어지면서 거래가 마르고 가격의 폭이 좁아지는 모습을 보이고")
    shown = "".join(span.text for span in spans_of(checker.blocks()))
    assert shown.startswith("이 종목은 수축이 이어지면서") and not shown.endswith("보이고")


def test_nothing_new_costs_nothing() -> None:
    checker = StreamChecker(grounding_of())
    checker.feed("삼성전자 종가는 70,300원입니다. ")
    assert checker.blocks() is checker.blocks()

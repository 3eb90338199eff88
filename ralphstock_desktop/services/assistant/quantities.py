"""Numbers a user wrote: amounts with Korean and English units, how many answers are wanted, grades."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ralphstock_desktop.services.assistant.triggers import phrase

__all__ = ["Amount", "amounts_in", "find_grades", "find_limit"]

_UNITS = {
    "십": 1e1, "백": 1e2, "천": 1e3, "만": 1e4, "십만": 1e5, "백만": 1e6, "천만": 1e7, "억": 1e8, "십억": 1e9, "백억": 1e10,
    "천억": 1e11, "조": 1e12,
    "k": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9, "billion": 1e9, "t": 1e12, "tn": 1e12,
    "trillion": 1e12, "thousand": 1e3, "eok": 1e8, "jo": 1e12,
}  # fmt: skip
_WRITTEN = {"million": "m", "billion": "bn", "trillion": "tn", "thousand": "k"}
"""How the filter language writes the units it does not know in full."""
_SPELLED_OUT = frozenset(("십", "백", "십만"))
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
_AMOUNT = re.compile(
    rf"(?<![\d.,a-z])(?P<sign>[-+])?(?P<number>{_NUMBER})\s?(?P<unit>(?:{_UNIT})(?![a-z]))?"
    rf"(?P<plain>{phrase('behind_number').pattern})?"
)
_JOINED = re.compile(rf"\s?(?P<number>{_NUMBER})\s?(?P<unit>{_UNIT})?(?![a-z])")

_COUNT_WORDS = {
    "한": 1, "하나": 1, "두": 2, "둘": 2, "세": 3, "셋": 3, "네": 4, "넷": 4, "다섯": 5, "여섯": 6, "일곱": 7,
    "여덟": 8, "아홉": 9, "열": 10, "스무": 20, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "twenty": 20,
}  # fmt: skip
_KOREAN_COUNT = "|".join(word for word in sorted(_COUNT_WORDS, key=len, reverse=True) if not word.isascii())
_ENGLISH_COUNT = "|".join(word for word in _COUNT_WORDS if word.isascii())
_ONE = re.compile(
    r"(?<![가-힣])(?:하나|한\s?개|한\s?종목|딱\s?하나)만|just one(?![a-z])"
    r"|(?<![a-z])(?:number one|no\.? ?1|#1)(?![a-z0-9])|only one(?![a-z]| item)"
)
_LIMITS = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?:top|best|first|상위|톱|탑|베스트|하위|bottom|worst|last)\s?-?(?P<n>\d{1,3})"
        r"(?![\d.,%]|\s?(?:일|주|개월|년|days?(?![- ]?trad)|weeks?|months?|years?|%|퍼))",
        rf"(?:top|best|first|bottom|worst)\s(?P<n>{_ENGLISH_COUNT})(?![a-z]|\s(?:days?(?![- ]?trad)|weeks?|months?|years?))",
        r"(?<![\d.,])(?P<n>\d{1,3})\s?(?:개|종목|가지|건|위|등(?!급))(?:까지)?(?!월)(?:\s?(?:만|정도|쯤|씩|추려|골라|뽑아|추천|알려|보여|줘|찾아|뉴스|종목|[과와을를은의])|$|\s|[.?!,])",
        rf"(?<![가-힣])(?P<n>{_KOREAN_COUNT})\s?(?:개|종목|가지|건)(?!월)(?:만|정도|쯤|씩)?(?!\s?(?:항목|조건|모자|부족))",
        rf"(?<![a-z])(?:me|only|just|give|show|list|name|pick|the)\s(?:me\s)?(?P<n>\d{{1,3}}|{_ENGLISH_COUNT})\s(?!days?|weeks?|months?|years?|percent|%|items?|conditions?|won)[a-z]",
        rf"(?<![\d.,a-z])(?P<n>\d{{1,2}}|{_ENGLISH_COUNT})\s"
        r"(?:stocks?|names|picks|ideas|headlines|signals|candidates"
        r"|(?:buy )?recommendations|day trades|closing bets|setups|breakouts|gainers|losers)(?![a-z])",
    )
)
_ITEM_AFTER = phrase("item_after")
_GRADE = phrase("grade")


_DIGITS = {"일": 1, "이": 2, "삼": 3, "사": 4, "오": 5, "육": 6, "칠": 7, "팔": 8, "구": 9}
_SMALL = {"십": 10, "백": 100, "천": 1_000}
_LARGE = {"만": 10_000, "억": 100_000_000, "조": 1_000_000_000_000}
_COMPARED = (
    r"(?:어치|짜리)?\s?(?:이상|이하|미만|초과|이내|넘|밑|아래|위(?!치)|안\s?되|보다|언저리|되면|까지|깨지|뚫|에서|부터|사이|~)"
)
_WORDS = re.compile(
    r"(?<![가-힣\d.,])(?P<korean>[일이삼사오육칠팔구]?[십백천만억조][일이삼사오육칠팔구십백천만억조]*)\s?"
    rf"(?P<won>원|주|배|점|%|퍼센트|퍼|프로)?(?=\s?{_COMPARED})"
    rf"|(?<![가-힣])(?P<times>{_KOREAN_COUNT})\s?배(?![가-힣]{{2}})"
    rf"|(?<![a-z])(?P<english>half an?|a couple(?: of)?|an?|{_ENGLISH_COUNT}|fifteen|thirty|forty|fifty|a hundred|hundred)\s"
    r"(?P<scale>(?:hundred\s)?(?:thousand|million|billion|trillion)|hundred|percent|times)(?![a-z])(?P<plain>\s(?:won|shares|krw))?"
    r"|(?<![a-z])(?P<fold>doubled?|doubling|twice|tripled?)(?![a-z])(?=\s(?:the|its|their|average|normal|usual))"
)
_MORE_COUNTS = {
    "half a": 0.5, "half an": 0.5, "a couple": 2, "a couple of": 2, "a": 1, "an": 1, "fifteen": 15, "thirty": 30, "forty": 40,
    "fifty": 50, "a hundred": 100, "hundred": 100,
}  # fmt: skip
_FOLDS = {"double": 2.0, "doubled": 2.0, "doubling": 2.0, "twice": 2.0, "triple": 3.0, "tripled": 3.0}


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with its unit worked out: ``10억`` is 1e9. ``text`` as it can be written into a filter (``10억``, ``70``)."""

    start: int
    end: int
    value: float
    text: str
    plain: str
    """``%``, ``원``, ``배`` … behind it; empty for none."""


def amounts_in(text: str, taken: Iterable[tuple[int, int]] = ()) -> tuple[Amount, ...]:
    """Read the numbers of a folded text, left to right.

    Parameters
    ----------
    taken : spans
        Places to leave out: names, codes and dates are no quantities.
    """
    blocked = tuple(taken)
    found: list[Amount] = []
    at = 0
    while (match := _AMOUNT.search(text, at)) is not None:
        at = match.end()
        if any(match.start() < end and match.end() > start for start, end in blocked):
            at = max(match.start() + 1, min(end for start, end in blocked if match.start() < end and match.end() > start))
            continue
        unit = match["unit"] or ""
        value = float(match["number"].replace(",", "")) * _UNITS.get(unit, 1.0)
        end = match.end("unit") if unit else match.end("number")
        written = f"{value:.0f}" if unit in _SPELLED_OUT else match["number"] + _WRITTEN.get(unit, unit)
        if _UNITS.get(unit, 1.0) >= 1e4 and not match["plain"]:
            joined = _JOINED.match(text, end)
            if joined is not None and _UNITS.get(joined["unit"] or "", 1.0) < _UNITS[unit]:
                # 1조 2,000억
                value += float(joined["number"].replace(",", "")) * _UNITS.get(joined["unit"] or "", 1.0)
                end = at = joined.end()
                written = text[match.start("number") : end]
        plain = (match["plain"] or "").strip()
        if match["sign"] == "-" and (match.start() == 0 or text[match.start() - 1] in " (="):
            value, written = -value, "-" + written
        found.append(Amount(match.start(), max(end, match.end()), value, re.sub(r"\s", "", written), plain))
    places = [*blocked, *((item.start, item.end) for item in found)]
    found += [item for item in _spelled(text) if not any(item.start < end and item.end > start for start, end in places)]
    return tuple(sorted(found, key=lambda item: item.start))


def _spelled(text: str) -> list[Amount]:
    """Numbers written in words: ``천억 이상``, ``만원 이하``, ``열 배``, ``a million shares``, ``twice the average``."""
    found = []
    for match in _WORDS.finditer(text):
        if match["korean"]:
            value, plain = _korean_number(match["korean"]), match["won"] or ""
        elif match["times"]:
            value, plain = float(_COUNT_WORDS[match["times"]]), "배"
        elif match["fold"]:
            value, plain = _FOLDS[match["fold"]], "x"
        else:
            count, scale = match["english"], match["scale"]
            value = float(_MORE_COUNTS.get(count, _COUNT_WORDS.get(count, 1)))
            plain = {"percent": "%", "times": "x"}.get(scale, (match["plain"] or "").strip())
            for word in scale.split():
                value *= 100.0 if word == "hundred" else _UNITS.get(word, 1.0)
        found.append(Amount(match.start(), match.end(), value, _as_written(value), plain))
    return found


def _korean_number(word: str) -> float:
    """``삼천오백`` is 3,500 and ``천억`` 1e11; a unit alone counts once."""
    total, part, digit = 0.0, 0.0, 0.0
    for letter in word:
        if letter in _DIGITS:
            digit = float(_DIGITS[letter])
        elif letter in _SMALL:
            part, digit = part + (digit or 1.0) * _SMALL[letter], 0.0
        else:
            total, part, digit = total + (part + digit or 1.0) * _LARGE[letter], 0.0, 0.0
    return total + part + digit


def _as_written(value: float) -> str:
    """A number as the filter language reads it, with as few digits as may be."""
    for unit, size in (("조", 1e12), ("억", 1e8), ("만", 1e4)):
        if value >= size and (10.0 * value / size).is_integer():
            return f"{value / size:g}{unit}"
    return f"{value:.10g}"


def find_limit(text: str) -> int | None:
    """How many answers are wanted (``5개만``, ``top 10``, ``세 종목``), or None."""
    for pattern in _LIMITS:
        for match in pattern.finditer(text):
            if _ITEM_AFTER.match(text, match.end()):
                continue
            word = match["n"]
            number = int(word) if word.isdigit() else _COUNT_WORDS[word]
            if number:
                return number
    return 1 if _ONE.search(text) and _ITEM_AFTER.search(text) is None else None


def find_grades(text: str) -> tuple[str, ...]:
    """Grades named in a folded text, in order, as capital letters."""
    found: dict[str, None] = {}
    for match in _GRADE.finditer(text):
        for letter in match.groups():
            if letter:
                found[letter.upper()] = None
    return tuple(found)

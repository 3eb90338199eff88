"""From a screening question to a line in the filter language of the signal table.

Only text is produced; the table's own parser reads it. Conditions come out in the order they were said, joined by the
language's *and*; a spoken *or* between two conditions becomes one.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ralphstock_desktop.services.assistant.quantities import Amount
from ralphstock_desktop.services.assistant.triggers import named, phrase, spoken
from ralphstock_desktop.wording.texts import Language

__all__ = ["Condition", "filter_line", "find_conditions", "is_measured"]


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition with its place in the question; ``text`` by language. ``compares``: it holds a comparison the user spelled
    out, not just a word such as a sector."""

    start: int
    end: int
    korean: str
    english: str
    compares: bool


_OF_MONEY = frozenset(("현재가", "거래대금", "평균거래대금", "외국인", "기관"))
"""Fields that are amounts of won."""
_ABOVE_PIVOT = re.compile(r"위(?!치)|넘|돌파|above|beyond|over the pivot|past the pivot")
_IMPLIED = re.compile(r"[<>] 0\b")
_ONE_END = re.compile(r"([^()<>=]+) ([<>]=?) \S+")


def is_measured(condition: Condition) -> bool:
    """Whether a condition holds a number the user wrote; "bought" and "risen" are read as above zero."""
    return condition.compares and re.search(r"\d", _IMPLIED.sub("", condition.korean)) is not None


_FIELD = spoken("fields")
_AT_LEAST_AFTER = phrase("filter_at_least_after")
_MORE_AFTER = phrase("filter_more_after")
_AT_MOST_AFTER = phrase("filter_at_most_after")
_LESS_AFTER = phrase("filter_less_after")
_SIGN_BEFORE = re.compile(r"(>=|<=|=>|=<|≥|≤|>|<|=)\s?$")
_SIGNS = {"≥": ">=", "≤": "<=", "=>": ">=", "=<": "<="}
_AT_LEAST_BEFORE = phrase("filter_at_least_before")
_MORE_BEFORE = phrase("filter_more_before")
_AT_MOST_BEFORE = phrase("filter_at_most_before")
_LESS_BEFORE = phrase("filter_less_before")
_NET_BUY = phrase("filter_net_buy")
_NET_SELL = phrase("filter_net_sell")
_ROSE = phrase("filter_rose")
_FELL = phrase("filter_fell")
_ROSE_BEFORE = phrase("filter_rose_before")
_FELL_BEFORE = phrase("filter_fell_before")

_WHO = phrase("filter_who")
_BOTH_BUY = phrase("filter_both_buy")
_GRADE_RANGE = phrase("filter_grade_range")
_STATES = spoken("states")
_MOVES = spoken("moves")
_MARKETS = spoken("markets")
_SECTOR = [(name, re.compile(rf"(?<![a-z])(?:{found.pattern})")) for name, found in named("sectors")]
_NOT_AFTER = phrase("filter_not_after")
_NOT_BEFORE = phrase("filter_not_before")
_OR = phrase("filter_or")
_UNKNOWN_FIELD = phrase("unknown_field")
_FIELD_AFTER = phrase("field_after").pattern


def _field_near(text: str, amount: Amount, floor: int) -> tuple[int, int, str, str] | None:
    """The field an amount belongs to: the nearest one before it, else one right behind it."""
    best: tuple[int, int, str, str] | None = None
    head = text[floor : amount.start]
    for pattern, korean, english in _FIELD:
        for match in pattern.finditer(head):
            key = (match.end(), match.end() - match.start())
            if best is None or key > (best[1] - floor, best[1] - best[0]):
                best = (floor + match.start(), floor + match.end(), korean, english)
    if best is not None and amount.start - best[1] <= 28:
        return best
    tail = text[amount.end : amount.end + 32]
    for pattern, korean, english in _FIELD:
        after = re.match(
            f"{_FIELD_AFTER}(?:{pattern.pattern})",
            tail,
        )
        if after is not None:
            return amount.start, amount.end + after.end(), korean, english
    return None


def _sign(text: str, amount: Amount) -> tuple[str, int, int]:
    """How an amount compares, with the span of the comparison; empty if nothing says so."""
    before = text[max(0, amount.start - 24) : amount.start]
    shift = max(0, amount.start - 24)
    for pattern, sign in ((_AT_LEAST_AFTER, ">="), (_MORE_AFTER, ">"), (_AT_MOST_AFTER, "<="), (_LESS_AFTER, "<")):
        after = pattern.match(text, amount.end)
        if after is not None:
            return sign, amount.start, after.end()
    written = _SIGN_BEFORE.search(before)
    if written is not None:
        return _SIGNS.get(written[1], written[1]), shift + written.start(), amount.end
    for pattern, sign in ((_AT_LEAST_BEFORE, ">="), (_AT_MOST_BEFORE, "<="), (_MORE_BEFORE, ">"), (_LESS_BEFORE, "<")):
        found = pattern.search(before)
        if found is not None:
            return sign, shift + found.start(), amount.end
    return "", amount.start, amount.end


def find_conditions(text: str, amounts: Sequence[Amount]) -> tuple[Condition, ...]:
    """Read the conditions of a folded question, in order of mention, never overlapping.

    Parameters
    ----------
    amounts : sequence of Amount
        Numbers of the same text, without dates and codes.
    """
    found: list[Condition] = [*_betweens(text, amounts), *_of_steps(text)]
    within = [(item.start, item.end) for item in found]
    floor = 0
    for amount in amounts:
        if any(start <= amount.start < end for start, end in within):
            continue
        condition = _of_amount(text, amount, floor) or _end_of_range(text, amount, found)
        if condition is not None:
            found.append(condition)
            floor = condition.end
    found += _grades(text, found)
    found += _flows(text, found)
    found += _words(text, found)
    return tuple(sorted(found, key=lambda item: item.start))


def _free(found: Sequence[Condition], start: int, end: int) -> bool:
    return all(end <= item.start or start >= item.end for item in found)


_GRADE_PAIR = re.compile(
    r"(?<![a-z0-9&'])([sabc])\s?(?:급|등급)?\s?(?:이나|나|또는|혹은|하고|이랑|랑|와|과|or|and|&|,|/)\s?([sabc])\s?-?(?:급|등급|grades?|rated)(?!\s?(?:이상|or))"
)
_RANGE_JOINT = re.compile(r"\s?(?:이고|이면서|이며|고|면서|그리고|에|,|~|-|and|but)?\s?")


_BETWEEN = re.compile(r"(?:between\s|from\s)[₩$]?$", re.IGNORECASE)
_BETWEEN_JOINT = re.compile(r"\s?(?:and|to|-|~|–|에서|부터|이상)\s?[₩$]?")
_BETWEEN_AFTER = re.compile(r"\s?(?:사이|까지|대\s?사이)")


def _betweens(text: str, amounts: Sequence[Amount]) -> list[Condition]:
    """ "between 10,000 and 20,000 won", "70점에서 80점 사이": both ends of one quantity, in the order of the amounts."""
    found: list[Condition] = []
    for low, high in itertools.pairwise(amounts):
        if _BETWEEN_JOINT.fullmatch(text[low.end : high.start]) is None or low.value >= high.value:
            continue
        spoken = _BETWEEN.search(text[: low.start])
        if spoken is None and _BETWEEN_AFTER.match(text, high.end) is None:
            continue
        named = _field_near(text, low, 0) or _field_near(text, high, 0)
        if named is None and high.plain in ("원", "won", "krw"):
            named = (low.start, high.end, "현재가", "price")
        if named is None:
            continue
        start, end = min(low.start, named[0]), max(high.end, named[1])
        for amount, sign in ((low, ">="), (high, "<=")):
            unit = high.text[len(high.text.rstrip("만억조천백십kmbnt")) :] if amount is low and amount.text.isdigit() else ""
            written = amount.text + (unit if unit and amount.value < 1_000 else "")
            found.append(Condition(start, end, f"{named[2]} {sign} {written}", f"{named[3]} {sign} {written}", True))
    return found


_STEP = re.compile(r"(?P<n>\d{1,3})\s?(?P<unit>만|천|백)\s?원\s?대(?!비)|(?<![\d.])(?P<points>[1-9]0)\s?점\s?대(?!비)")
_STEP_SIZE = {"만": 10_000, "천": 1_000, "백": 100}


def _of_steps(text: str) -> list[Condition]:
    """ "만원대", "70점대": from the number up to the next one of its unit."""
    found: list[Condition] = []
    for match in _STEP.finditer(text):
        if match["points"]:
            korean, english, low, size = "총점", "total", int(match["points"]), 10
        else:
            size = _STEP_SIZE[match["unit"]]
            korean, english, low = "현재가", "price", int(match["n"]) * size
        for sign, value in ((">=", low), ("<", low + size)):
            found.append(Condition(*match.span(), f"{korean} {sign} {value}", f"{english} {sign} {value}", True))
    return found


def _end_of_range(text: str, amount: Amount, found: Sequence[Condition]) -> Condition | None:
    """The other end of a range whose quantity was named at its first: "점수 70 이상 80 미만"."""
    if not found or not found[-1].compares or _RANGE_JOINT.fullmatch(text[found[-1].end : amount.start]) is None:
        return None
    before = _ONE_END.fullmatch(found[-1].korean)
    sign, start, end = _sign(text, amount)
    if before is None or not sign or (sign[0] == before[2][0]):
        return None
    english = found[-1].english.rsplit(f" {before[2]} ", 1)[0]
    return Condition(start, end, f"{before[1]} {sign} {amount.text}", f"{english} {sign} {amount.text}", True)


def _of_amount(text: str, amount: Amount, floor: int) -> Condition | None:
    if amount.plain in ("위", "개", "종목"):
        return None  # a place or a count of answers, not a quantity of a stock
    sign, start, end = _sign(text, amount)
    percent = amount.plain in ("%", "퍼센트", "프로", "퍼", "percent", "pct")
    before = text[max(0, amount.start - 24) : amount.start]
    up = _ROSE.match(text, end) or _ROSE.match(text, amount.end)
    down = _FELL.match(text, end) or _FELL.match(text, amount.end)
    if percent and (down or _FELL_BEFORE.search(before)):
        flipped = {">=": "<=", ">": "<", "<=": ">=", "<": ">"}.get(sign, "<=")
        number = f"-{amount.text.lstrip('-')}"
        end = max(end, down.end() if down else end)
        return Condition(start, end, f"등락률 {flipped} {number}", f"change {flipped} {number}", True)
    if percent and (up or _ROSE_BEFORE.search(before)):
        sign = sign or ">="
        end = max(end, up.end() if up else end)
        return Condition(start, end, f"등락률 {sign} {amount.text}", f"change {sign} {amount.text}", True)
    times = amount.plain in ("배", "×", "x")
    near = _field_near(text, amount, floor) if times else None
    if not sign and near is not None and near[2] in ("거래량", "거래량비"):
        sign = ">="  # "volume five times the usual"
    if not sign:
        return None
    if _UNKNOWN_FIELD.search(text[max(0, start - 24) : start]) or _UNKNOWN_FIELD.search(before):
        return None  # a quantity the table does not hold must not become another one
    named = _field_near(text, amount, floor)
    if named is not None and amount.plain in ("원", "won", "krw") and named[2] not in _OF_MONEY:
        named = None  # "below 100,000 won, RS 95": won are no rank
    if named is None:
        if percent:
            korean, english = "등락률", "change"
        elif amount.plain in ("원", "won", "krw") and amount.value < 1e7:
            korean, english = "현재가", "price"
        elif amount.plain in ("주", "share", "shares"):
            korean, english = "거래량", "volume"
        elif amount.plain in ("점", "point", "points", "pt", "pts") and amount.value <= 100:
            korean, english = "총점", "total"
        elif amount.value >= 1e8:
            korean, english = "거래대금", "value"
        else:
            return None
        return Condition(start, end, f"{korean} {sign} {amount.text}", f"{english} {sign} {amount.text}", True)
    first, last, korean, english = named
    if korean == "거래량" and amount.plain in ("배", "×", "x"):
        korean, english = "거래량비", "volume ratio"
    value = amount.text
    if korean == "피봇까지" and amount.value > 0 and sign and _ABOVE_PIVOT.search(text) is None:
        # The field is negative below the pivot: "within 3 %" is meant to both sides, "5 % or more to go" below it.
        if sign in ("<=", "<"):
            far, near_end = (">=", "<=") if sign == "<=" else (">", "<")
            return Condition(
                min(first, start), max(last, end), f"({korean} {far} -{value} 그리고 {korean} {near_end} {value})",
                f"({english} {far} -{value} and {english} {near_end} {value})", True,
            )  # fmt: skip
        sign, value = {">=": "<=", ">": "<"}.get(sign, sign), f"-{value}"
    around = text[first : min(len(text), end + 12)]
    if korean in ("외국인", "기관") and _NET_SELL.search(around) and amount.value > 0:
        sign, value = {">=": "<=", ">": "<", "<=": ">=", "<": ">"}.get(sign, sign), f"-{value}"
    if korean in ("외국인", "기관"):
        tail = re.match(r"\s?(?:어치\s?)?(?:순\s?매[수도]|net)", text[end:])
        end += tail.end() if tail else 0
    return Condition(min(first, start), max(last, end), f"{korean} {sign} {value}", f"{english} {sign} {value}", True)


def _grades(text: str, found: Sequence[Condition]) -> list[Condition]:
    ranges: list[Condition] = []
    single: list[tuple[int, int, str]] = []
    pair = _GRADE_PAIR.search(text)
    if pair is not None and _free(found, *pair.span()):
        single += [(*pair.span(), pair[1].upper()), (*pair.span(), pair[2].upper())]
    for match in _GRADE_RANGE.finditer(text):
        letter = (match["a"] or match["b"] or match["c"]).upper()
        if not _free(found, *match.span()) or (pair is not None and match.start() < pair.end() and pair.start() < match.end()):
            continue
        if match["up"] or match["up2"]:
            ranges.append(Condition(*match.span(), f"등급 >= {letter}", f"grade >= {letter}", True))
        else:
            single.append((match.start(), match.end(), letter))
    if single:
        letters = list(dict.fromkeys(letter for _, _, letter in single))
        korean = " 또는 ".join(f"등급 = {letter}" for letter in letters)
        english = " or ".join(f"grade = {letter}" for letter in letters)
        if len(letters) > 1:
            korean, english = f"({korean})", f"({english})"
        ranges.append(Condition(single[0][0], single[-1][1], korean, english, True))
    return ranges


def _flows(text: str, found: Sequence[Condition]) -> list[Condition]:
    both = _BOTH_BUY.search(text)
    if both is not None and _free(found, *both.span()):
        return [Condition(*both.span(), "외국인 > 0 그리고 기관 > 0", "foreign > 0 and institution > 0", True)]
    buying, selling = _NET_BUY.search(text), _NET_SELL.search(text)
    if buying is None and selling is None:
        return []
    conditions: list[Condition] = []
    for match in _WHO.finditer(text):
        if not _free([*found, *conditions], *match.span()):
            continue
        buy, sell = _NET_BUY.search(text, match.end()), _NET_SELL.search(text, match.end())
        verb = min((v for v in (buy, sell) if v is not None), key=lambda v: v.start(), default=buying or selling)
        if verb is None:
            continue
        sign = "<" if verb is sell or (verb is selling and buying is None) else ">"
        korean, english = ("외국인", "foreign") if match["foreign"] else ("기관", "institution")
        if not any(item.korean.startswith(korean) for item in [*found, *conditions]):
            conditions.append(Condition(*match.span(), f"{korean} {sign} 0", f"{english} {sign} 0", True))
    return conditions


def _words(text: str, found: Sequence[Condition]) -> list[Condition]:
    conditions: list[Condition] = []

    def add(match: re.Match[str] | None, korean: str, english: str, *, compares: bool) -> bool:
        if match is None or not _free([*found, *conditions], *match.span()):
            return False
        if _NOT_AFTER.match(text, match.end()) or _NOT_BEFORE.search(text[: match.start()]):
            korean, english = f"제외 {korean}", f"not {english}"
        conditions.append(Condition(*match.span(), korean, english, compares))
        return True

    for pattern, korean, english in _STATES:
        if add(pattern.search(text), korean, english, compares=True):
            break
    if not any(item.korean.startswith("등락률") for item in found):
        for pattern, korean, english in _MOVES:
            add(pattern.search(text), korean, english, compares=True)
    for pattern, korean, english in _MARKETS:
        add(pattern.search(text), korean, english, compares=False)
    for name, pattern in _SECTOR:
        add(pattern.search(text), f"업종 ~ {name}", f"sector ~ {name}", compares=False)
    return conditions


def filter_line(text: str, conditions: Sequence[Condition], language: Language) -> str:
    """Write conditions as one filter line; empty for none."""
    korean = language == "ko"
    line = ""
    said: set[str] = set()
    for number, item in enumerate(conditions):
        if item.korean in said:
            continue
        said.add(item.korean)
        words = item.korean if korean else item.english
        if number:
            between = text[conditions[number - 1].end : item.start]
            either = _OR.search(between) is not None
            line += (" 또는 " if korean else " or ") if either else (" 그리고 " if korean else " and ")
        line += words
    return line

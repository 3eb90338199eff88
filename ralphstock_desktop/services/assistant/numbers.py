"""Every number, date, time and ticker code of a text, with its value, unit and the digits shown.

The rule is that nothing a reader would read as a number is left over: digits of every script, digits split by invisible
characters, words, vague amounts. What looks like a number but has no clear value (``7O,300``, ``9,5000``) is a token without
a value, which no fact can found.

1. The text is read in its plain form (``grounding_letters``).
2. Dates, times, labels (``C1``, ``MA50``), codes and digit runs come from one pattern, in that order at each place.
3. Numbers in words are added (``grounding_words``); overlapping tokens become one.
4. The first part of a range takes the unit of the second.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from ralphstock_desktop.services.assistant.grounding_dates import DATE_FORMS, DATE_READERS, MONTHS, date_token, groups
from ralphstock_desktop.services.assistant.grounding_letters import PlainText, plain_text
from ralphstock_desktop.services.assistant.grounding_token import Token, opaque
from ralphstock_desktop.services.assistant.grounding_units import (
    CURRENCY_BEFORE,
    FLOOR,
    GLUED_LETTERS,
    MULTIPLIER,
    SIZES,
    UNIT_NAMES,
    UNITS_AT,
    unit_of,
)
from ralphstock_desktop.services.assistant.grounding_words import Worded, read_sino, worded_numbers

__all__ = ["Token", "find_numbers", "find_tokens"]

_FORMS = re.compile(
    DATE_FORMS
    + r"|(?P<slash>(?<![\d.,/])((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)\s?/\s?((?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)(?![\d/]))"
    r"|(?P<label>(?<![A-Za-z0-9])(?!(?:KRW|USD|EUR|JPY|won|No|vs)\s?\.?\d"
    r"|A\d{6})[A-Za-z][A-Za-z_]{0,15}[-+.&]?\d[\dA-Za-z]*(?:[-+.][\dA-Za-z]+)*)"
    r"|(?P<ratio>(?<![\d.,:])\d{1,4}\s?:\s?\d{1,4}(?![\d:]))"
    r"|(?P<code>(?<![\dA-Za-z,.])(?:A\d{6}|\d{6}|\d{4}[A-HJ-NP-TV-Z]\d|\d{5}[KLM])(?:_NX|_AL)?(?![\dA-Za-z]|[,.]\d))"
    r"|(?P<spaced>(?<![\d.,])\d[ ]?,?(?: ,?\d){2,}(?![\d]))"
    r"|(?P<grouped>(?<![\d.,])\d{1,3}(?: \d{3})+(?![\d,.]))"
    r"|(?P<run>\.?\d(?:[\d,.'_]*\d)?)"
    r"|(?P<script>[\u0400-\u058f\u0590-\u08ff\u0900-\u0fff\u10a0-\u10ff\u1200-\u139f\u1680-\u17ff\u1800-\u18af\u2801-\u28ff\u3041-\u30ff\u3105-\u312f"
    r"\U00010100-\U0001013f\U0001d360-\U0001d378\U0001f000-\U0001f0ff]+)"
    r"|(?P<roman>(?<![A-Za-z])(?=[MDCLXVI])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?![A-Za-z])"
    r"(?:(?=\s?(?:점|위|원|%|배|주|points|percent|won|shares))|(?<=rank\s[IVX])|(?<=rank\s[IVX]{2})|(?<=rank\s[IVX]{3})))"
    r"|(?P<alike>(?<![A-Za-z])[lIOo|]{2,}(?=\s?(?:%|원|점|배|위|percent|won|points)))"
)
_STARTS = re.compile(
    r"[0-9A-Za-z]|\.(?=\d)|\|(?=[lIOo|])|(?:오[전후]|낮|밤|새벽|저녁|아침)\s?(?=\d)"
    r"|[\u0400-\u058f\u0590-\u08ff\u0900-\u0fff\u10a0-\u10ff\u1200-\u139f\u1680-\u17ff\u1800-\u18af\u2801-\u28ff"
    r"\u3041-\u30ff\u3105-\u312f\U00010100-\U0001013f\U0001d360-\U0001d378\U0001f000-\U0001f0ff]"
)
"""Where a form may begin."""
_USUAL = re.compile(r"(?<![\d.,A-Za-z])(?:\d{1,3}(?:,\d{3})+|[1-9]\d*|0)(?:\.\d+)?(?=[%원점배억조만건봉×])")
"""Most numbers of an honest answer; found without trying every other form."""
_LATIN_WORD = re.compile(r"[A-Za-z_]+")
_PROPER = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?:'\d{3})+|\d{1,3}(?:_\d{3})+|\d+)(?:\.\d+)?|\.\d+")
_EXPONENT = re.compile(r"[eE]([+-]?\d{1,3})(?![\dA-Za-z])|\s?[×xX*]\s?10\s?\^\s?([+-]?\d{1,2})")
_SIGNS = {"-": -1, "▼": -1, "▽": -1, "↓": -1, "⬇": -1, "+": 1, "▲": 1, "△": 1, "↑": 1, "⬆": 1}
_MAY_LEAD = frozenset("₩$€¥WwDdRrYyNn+-▲△▼▽↑↓⬇⬆—스sSeE")
"""What may stand before a digit, or before spaces before it, and belong to the number: currencies, signs, their words' ends."""
_STEPS = tuple(Decimal(1).scaleb(-digits) for digits in range(25))
_FLOORED = frozenset({"u1", "u4", "u7", "u8"})
_SIGN_WORDS = re.compile(r"(?:(마이너스|minus|negative)|(플러스|plus))\s?$", re.IGNORECASE)
_TAIL = re.compile(r"\s?([일이삼사오육칠팔구십백천만]+)(?=\s?(?:원|주))")
_GLUED = re.compile(r"(?:[A-Za-z0-9]|[,.](?=[0-9]))+")
_RANGE = re.compile(r"\s?[~-]\s?|\s?(?:에서|to|부터)\s?")
_BETWEEN = re.compile(r"\b(?:between|from)\s$", re.IGNORECASE)


def find_numbers(text: str) -> list[Token]:
    """Find the numbers, dates, times and codes of a text as its reader sees them, in order; places are those of ``text``."""
    plain = plain_text(text)
    return [_moved(token, plain) for token in find_tokens(plain.text)]


def _moved(token: Token, plain: PlainText) -> Token:
    start, end = plain.original(token.start, token.end)
    return replace(token, start=start, end=end)


def find_tokens(text: str) -> list[Token]:
    """As :func:`find_numbers` for a text that is plain already."""
    found: list[Token] = []
    place = 0
    while (start := _next_start(text, place)) is not None:
        last_end = found[-1].end if found else 0
        match = _USUAL.match(text, start)
        if match is not None:
            found.append(_usual(text, match, last_end))
            place = found[-1].end
            continue
        match = _FORMS.match(text, start)
        if match is None:
            place = start + 1
            continue
        token = _READERS[match.lastgroup or ""](text, match, last_end)
        found.append(token)
        place = max(token.end, match.start() + 1)
    words = worded_numbers(text)
    if words:
        found += [_from_words(text, word) for word in words]
        found.sort(key=lambda token: (token.start, -token.end))
        found = _without_overlaps(text, found)
    return _ranges(text, found)


def _next_start(text: str, place: int) -> int | None:
    """The next place where a form may begin; words that cannot are passed over without a closer look."""
    while (match := _STARTS.search(text, place)) is not None:
        start, letter = match.start(), text[match.start()]
        if letter <= "9" or not (letter.isascii() and letter.isalpha()):
            return start
        word = _LATIN_WORD.match(text, start)
        assert word is not None
        end = word.end()
        if text[end : end + 1].isdigit() or (text[end : end + 1] in "-+.&" and text[end + 1 : end + 2].isdigit()):
            return start
        if word.group()[:3].lower() in MONTHS or letter in "lIOoMDCLXV":
            return start
        place = end
    return None


# -- digits ----------------------------------------------------------------------------------------------------------------


def _sign_before(text: str, start: int, last_end: int) -> tuple[int, int]:
    """The sign written before ``start`` and where it begins."""
    at = start
    if at and text[at - 1] == " " and at > 1 and text[at - 2] in "▲△▼▽↑↓⬇⬆":
        at -= 1
    before = text[at - 1] if at else ""
    if before in _SIGNS and at - 1 >= last_end:
        if before not in "+-":
            return _SIGNS[before], at - 1
        ahead = text[at - 2] if at >= 2 else " "
        if (at - 1 == last_end and last_end) or (ahead.isascii() and ahead.isalnum()) or ahead in ")]%":
            return 0, start  # a range, or a label such as D-3
        return _SIGNS[before], at - 1
    if before == "—" and (at < 2 or text[at - 2] in " (:\n"):
        return -1, at - 1
    if start >= 4:
        match = _SIGN_WORDS.search(text, max(last_end, start - 10), start)
        if match is not None:
            return (-1 if match.group(1) else 1), match.start()
    return 0, start


def _head(text: str, start: int, last_end: int) -> tuple[str, int, int]:
    """Currency and sign before a digit: ``(unit, sign, start)``; they come in either order."""
    if text[max(0, start - 3) : start].rstrip()[-1:] not in _MAY_LEAD:
        return "", 0, start
    unit, sign, begin = "", 0, start
    for _ in range(2):
        if begin:
            before = (
                CURRENCY_BEFORE.search(text, max(last_end, begin - 4), begin) if text[begin - 1] in "₩$€¥WwDdRrYyNn " else None
            )
            if before is not None and not unit:
                unit = "won" if before.group(1).upper() in {"₩", "KRW", "WON"} else "foreign"
                begin = before.start()
        if not sign:
            sign, begin = _sign_before(text, begin, last_end)
    return unit, sign, begin


def _usual(text: str, match: re.Match[str], last_end: int) -> Token:
    """As :func:`_number` where a unit follows at once and the digits are known to be in order."""
    start, end = match.span()
    quick = UNITS_AT.get(text[end])
    run = match.group()
    if quick is None or len(run) > 24:
        return _read_number(text, start, run, end, last_end)
    found = quick.match(text, end)
    if found is None:
        return _read_number(text, start, run, end, last_end)
    unit, after = found.lastgroup or "", found.end()
    head, sign, begin = _head(text, start, last_end)
    digits = run.replace(",", "")
    point = digits.find(".")
    step = _STEPS[len(digits) - point - 1 if point >= 0 else 0]
    floor = FLOOR.match(text, after) if unit in _FLOORED and "대" in text[after : after + 2] else None
    if floor is not None:
        after = floor.end()
    unit = UNIT_NAMES[unit]
    if head:
        unit = head if unit in {"", head} else "mixed"
    return Token(begin, after, text[begin:after], "number", Decimal(digits), step, unit, sign, floor is not None)


def _number(text: str, match: re.Match[str], last_end: int) -> Token:
    return _read_number(text, match.start(), match.group(), match.end(), last_end)


def _run_on(text: str, end: int) -> int:
    """The end of letters and digits glued together."""
    match = _GLUED.match(text, end)
    return match.end() if match is not None else end


def _read_number(text: str, start: int, run: str, end: int, last_end: int) -> Token:
    head, sign, begin = _head(text, start, last_end)
    if _PROPER.fullmatch(run) is None or (len(run) > 1 and run[0] == "0" and run[1] not in ".,"):
        return opaque(text, begin, _run_on(text, end))
    digits = run.replace(",", "").replace("'", "").replace("_", "")
    if len(digits) > 30:
        return opaque(text, begin, end)
    value = Decimal(digits)
    step = Decimal(1).scaleb(-(len(digits) - digits.index(".") - 1) if "." in digits else 0)
    exponent = _EXPONENT.match(text, end)
    if exponent is not None:
        size = Decimal(1).scaleb(int(exponent.group(1) or exponent.group(2)))
        value, step, end = value * size, step * size, exponent.end()
    strict = exponent is not None
    value, step, end, scaled = _multiplied(text, value, step, end)
    unit, after = unit_of(text, end)
    if not unit and scaled and (tail := _TAIL.match(text, end)) is not None and (read := read_sino(tail.group(1))) is not None:
        value, step, end = value + read[0], read[1], tail.end()
        unit, after = unit_of(text, end)
    if not unit and end < len(text) and GLUED_LETTERS.match(text, end):
        return opaque(text, begin, max(end + 1, _run_on(text, end)))
    floor = FLOOR.match(text, after)
    if unit and floor is not None and (unit in {"won", "%", "points", "×"} or scaled):
        after = floor.end()
    else:
        floor = None
    if head:
        unit, after = (head, after) if unit in {"", head} else ("mixed", after)
    elif not unit and scaled:
        unit = scaled
    return Token(begin, after, text[begin:after], "number", value, step, unit, sign, floor is not None, strict)


def _multiplied(text: str, value: Decimal, step: Decimal, end: int) -> tuple[Decimal, Decimal, int, str]:
    """Apply multipliers and the further parts of a compound (1조 2,345억)."""
    match = MULTIPLIER.match(text, end)
    if match is None:
        return value, step, end, ""
    size = SIZES[(match.group("ko") or match.group("short") or match.group("word")).lower()]
    value, step, end = value * size, step * size, match.end()
    if match.group("ko") is None:
        word = MULTIPLIER.match(text, end) if match.group("word") else None
        if word is not None and word.group("word"):
            value, step, end = value * SIZES[word.group("word").lower()], step * SIZES[word.group("word").lower()], word.end()
        return value, step, end, "bulk"
    kind = "amount" if size >= 10**8 else "bulk"
    while (more := _PART.match(text, end)) is not None:
        rest = MULTIPLIER.match(text, more.end())
        korean = rest.group("ko") if rest is not None else None
        part_size = SIZES[korean] if korean else Decimal(1)
        part = Decimal(more.group(1).replace(",", ""))
        if part * part_size >= step or part_size >= size:
            break
        if rest is None or korean is None:
            # A bare last part (1억 5000) belongs only with a unit behind it: "2만 10일" are two numbers.
            if unit_of(text, more.end())[0] not in {"won", "shares"}:
                break
            return value + part, Decimal(1), more.end(), kind
        value, step, end, size = value + part * part_size, part_size, rest.end(), part_size
    return value, step, end, kind


_PART = re.compile(r"\s?(\d{1,3}(?:,\d{3})+|\d{1,4})(?![\d.,])")


# -- other forms -------------------------------------------------------------------------------------------------------------


def _packed(text: str, match: re.Match[str], last_end: int) -> Token:
    year, month, day = groups(match, "packed")
    token = date_token(text, match, year, month, day)
    return replace(token, other=_number(text, match, last_end))


def _yymd(text: str, match: re.Match[str], last_end: int) -> Token:
    year, dashed, dotted, slashed, day = groups(match, "yymd")
    token = date_token(text, match, year, dashed or dotted or slashed, day)
    return token if token.kind == "date" else _number(text, match, last_end)


def _mdn(text: str, match: re.Match[str], last_end: int) -> Token:
    month, day = groups(match, "mdn")
    assert month is not None
    token = date_token(text, match, None, month, day)
    if token.kind == "date":
        return token
    return _read_number(text, match.start(), month, match.start() + 2, last_end)


def _slash(text: str, match: re.Match[str], last_end: int) -> Token:
    top, below = groups(match, "slash")
    assert top is not None and below is not None
    at = match.end() - len(below)
    first = _read_number(text, match.start(), top, match.start() + len(top), last_end)
    second = _read_number(text, at, below, match.end(), at)
    end = max(second.end, match.end())
    if first.kind != "number" or second.kind != "number":
        day = date_token(text, match, None, top, below) if top.isdigit() and below.isdigit() and len(top + below) <= 4 else None
        return day if day is not None else opaque(text, match.start(), end)
    if first.unit == "":
        first = replace(first, unit=second.unit)
    whole = Token(first.start, end, text[first.start : end], "fraction", sign=first.sign, parts=(first, second))
    if top.isdigit() and below.isdigit() and 1 <= int(top) <= 12 and 1 <= int(below) <= 31 and not second.unit:
        whole = replace(whole, other=date_token(text, match, None, top, below))
    return whole


def _label(text: str, match: re.Match[str], _: int) -> Token:
    return opaque(text, match.start(), match.end(), "label")


def _code(text: str, match: re.Match[str], last_end: int) -> Token:
    other = _read_number(text, match.start(), match.group(), match.end(), last_end) if match.group().isdigit() else None
    if other is not None and other.kind == "number" and (other.unit or other.sign):
        return other
    code = match.group().split("_")[0]
    return Token(
        match.start(), match.end(), code[1:] if len(code) == 7 else code, "code",
        other=other if other is not None and other.kind == "number" else None,
    )  # fmt: skip


def _spaced(text: str, match: re.Match[str], _: int) -> Token:
    return opaque(text, match.start(), match.end())


def _grouped(text: str, match: re.Match[str], last_end: int) -> Token:
    return _read_number(text, match.start(), match.group().replace(" ", ""), match.end(), last_end)


def _script(text: str, match: re.Match[str], _: int) -> Token:
    return opaque(text, match.start(), match.end(), "script")


_READERS: dict[str, Callable[[str, re.Match[str], int], Token]] = DATE_READERS | {
    "packed": _packed, "yymd": _yymd, "mdn": _mdn, "slash": _slash, "label": _label, "ratio": _spaced, "code": _code,
    "spaced": _spaced, "grouped": _grouped, "run": _number, "script": _script, "roman": _spaced, "alike": _spaced,
}  # fmt: skip


# -- words and ranges ----------------------------------------------------------------------------------------------------------


def _from_words(text: str, word: Worded) -> Token:
    unit, end = word.unit, word.end
    if word.attached and not unit:
        unit, end = unit_of(text, word.end)
    _, sign, begin = _head(text, word.start, 0)
    if word.value is None:
        return opaque(text, begin, end)
    if not unit and word.step >= 10**8:
        unit = "amount"
    elif not unit and word.step >= 1000:
        unit = "bulk"
    return Token(begin, end, text[begin:end], "number", word.value, word.step, unit, sign, strict=True)


def _without_overlaps(text: str, tokens: list[Token]) -> list[Token]:
    """Tokens in order; of overlapping ones the longer stays, and what is only partly covered becomes unclear."""
    kept: list[Token] = []
    for token in tokens:
        if kept and token.start < kept[-1].end:
            if token.end > kept[-1].end:
                kept[-1] = opaque(text, kept[-1].start, token.end)
            continue
        kept.append(token)
    return kept


def _ranges(text: str, tokens: list[Token]) -> list[Token]:
    for index in range(len(tokens) - 2, -1, -1):
        first, second = tokens[index], tokens[index + 1]
        if first.unit or first.kind != "number" or second.kind != "number" or not second.unit or first.value is None:
            continue
        between = text[first.end : second.start]
        if len(between) > 5 or not (
            _RANGE.fullmatch(between) or (between == " and " and _BETWEEN.search(text, 0, first.start))
        ):
            continue
        size = Decimal(1)
        if second.value and first.value < 1000 and second.step >= 1000:
            size = second.step if second.step in SIZES.values() else Decimal(1)
        tokens[index] = replace(first, unit=second.unit, value=first.value * size, step=first.step * size)
    return tokens

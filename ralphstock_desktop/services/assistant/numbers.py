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
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from ralphstock_desktop.services.assistant.grounding_letters import PlainText, plain_text
from ralphstock_desktop.services.assistant.grounding_units import (
    CURRENCY_BEFORE,
    FLOOR,
    GLUED_LETTERS,
    MULTIPLIER,
    SIZES,
    unit_of,
)
from ralphstock_desktop.services.assistant.grounding_words import Worded, read_sino, worded_numbers

__all__ = ["Token", "find_numbers", "find_tokens"]

Kind = Literal["number", "fraction", "date", "time", "code", "label", "opaque", "script"]


@dataclass(frozen=True, slots=True)
class Token:
    """Something a reader reads as a number.

    Attributes
    ----------
    start, end : int
        Place in the text given (unit and sign included).
    text : str
        Plain form of that run.
    value : Decimal | None
        Magnitude, multipliers applied; None where it has none (dates, labels, unclear runs).
    step : Decimal
        Worth of the last digit shown (100 for ``3만 2백원``).
    unit : str
        ``won``, ``%``, ``%p``, ``×``, ``shares``, ``points``, ``rank``, ``count``, ``days``, ``bars``, ``period``, ``bp``,
        ``foreign``, ``amount`` (억, 조 without 원), ``bulk`` (만, K, M, B, T without unit), or empty.
    sign : int
        As written: −1, +1, or 0 without a sign.
    floor : bool
        "7만원대": the digits shown are a class, not a rounding.
    strict : bool
        In words or with an exponent: rounding may not move it by more than a twentieth ("a hundred" never stands for 55).
    year, month, day, hour, minute : int | None
        Of dates and times; ``hour`` may also be ``hour + 12`` where ``half_day`` is false.
    parts : tuple of Token
        Numerator and denominator of a fraction.
    other : Token | None
        A second reading (``02-06`` as a range, ``005930`` as an amount).
    """

    start: int
    end: int
    text: str
    kind: Kind
    value: Decimal | None = None
    step: Decimal = Decimal(1)
    unit: str = ""
    sign: int = 0
    floor: bool = False
    strict: bool = False
    year: int | None = None
    month: int | None = None
    day: int | None = None
    hour: int | None = None
    minute: int | None = None
    half_day: bool = True
    parts: tuple[Token, ...] = ()
    other: Token | None = None


_MONTHS = "Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?"
_MONTH_NUMBER = {name: n for n, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_FORMS = re.compile(
    r"(?P<ymd>(?<!\d)((?:19|20)\d\d)\s?(?:[-./]|년)\s?(\d{1,2})\s?(?:[-./]|월)\s?(\d{1,2})(?!\d)(?:\s?일)?)"
    r"|(?P<packed>(?<![\d,.])(20\d\d)(0[1-9]|1[0-2])([0-3]\d)(?![\d,]))"
    r"|(?P<ym>(?<!\d)((?:19|20)\d\d)(?:\s?년\s?(\d{1,2})\s?월|-(0[1-9]|1[0-2])(?![\d-])))"
    r"|(?P<mdd>(?<!\d)(\d{1,2})\s?월\s?(\d{1,2})\s?[~-]\s?(\d{1,2})\s?일)"
    r"|(?P<mdk>(?<!\d)(\d{1,2})\s?월\s?(\d{1,2})\s?일)"
    r"|(?P<mk>(?<!\d)(\d{1,2})\s?월(?![\s]?\d))"
    r"|(?P<yk>(?<!\d)((?:19|20)\d\d)\s?년도?)"
    rf"|(?P<mdy>\b({_MONTHS})\b\.?\s*(\d{{1,2}})(?:st|nd|rd|th)?\b(?![,.]\d)(?:,?\s+((?:19|20)\d\d)\b)?)"
    rf"|(?P<dmy>(?<!\d)(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?({_MONTHS})\b\.?(?:,?\s+((?:19|20)\d\d)\b)?)"
    rf"|(?P<my>\b({_MONTHS})\b\.?,?\s+((?:19|20)\d\d)\b)"
    r"|(?P<hm>(?:T|(?:(오전|오후|낮|밤|새벽|저녁|아침)\s?))?(?<![\d:.,])(\d{1,2}):(\d\d)(:\d\d)?(?![\d:])(?:\s?([ap])\.?m\b\.?)?)"
    r"|(?P<hk>(?:(오전|오후|낮|밤|새벽|저녁|아침)\s?)?(?<![\d.,])(\d{1,2})\s?시(?!간|장|총|가|세|점|그|작|기|도|장|범)(?:\s?(\d{1,2})\s?분"
    r"|(\s?반(?![가-힣])))?)"
    r"|(?P<ap>(?<![\d.,:])(\d{1,2})\s?([ap])\.?m\b\.?)"
    r"|(?P<yymd>(?<![\d.,/-])(\d\d)(?:-(\d\d)-|\.(\d\d)\.|/(\d\d)/)(\d\d)(?![\d,./-]))"
    r"|(?P<mdn>(?<![\d.,/-])(\d\d)-(\d\d)(?![\d,.%/-]|\s?[%원점배위주일봉]))"
    r"|(?P<slash>(?<![\d.,/])(\d[\d,]*(?:\.\d+)?)\s?/\s?(\d[\d,]*(?:\.\d+)?)(?![\d/]))"
    r"|(?P<label>(?<![A-Za-z0-9])(?!(?:KRW|USD|EUR|JPY|won|No|vs)\s?\.?\d"
    r"|A\d{6})[A-Za-z][A-Za-z_]{0,15}[-+.&]?\d[\dA-Za-z]*(?:[-+.][\dA-Za-z]+)*)"
    r"|(?P<code>(?<![\dA-Za-z,.])(?:A\d{6}|\d{6}|\d{4}[A-HJ-NP-TV-Z]\d|\d{5}[KLM])(?:_NX|_AL)?(?![\dA-Za-z]|[,.]\d))"
    r"|(?P<spaced>(?<![\d.,])\d[ ]?,?(?: ,?\d){2,}(?![\d]))"
    r"|(?P<grouped>(?<![\d.,])\d{1,3}(?: \d{3})+(?![\d,.]))"
    r"|(?P<run>\.?\d(?:[\d,.'_]*\d)?)"
    r"|(?P<script>[\u0400-\u058f\u0590-\u08ff\u0900-\u0fff\u10a0-\u10ff\u1200-\u139f\u1680-\u17ff\u1800-\u18af\u2801-\u28ff\u3041-\u30ff\u3105-\u312f"
    r"\U00010100-\U0001013f\U0001d360-\U0001d378\U0001f000-\U0001f0ff]+)"
    r"|(?P<alike>(?<![A-Za-z])[lIOo|]{2,}(?=\s?(?:%|원|점|배|위|percent|won|points)))"
)
_STARTS = re.compile(
    r"[0-9A-Za-z.|오낮밤새저아\u0400-\u058f\u0590-\u08ff\u0900-\u0fff\u10a0-\u10ff\u1200-\u139f\u1680-\u17ff\u1800-\u18af\u2801-\u28ff"
    r"\u3041-\u30ff\u3105-\u312f\U00010100-\U0001013f\U0001d360-\U0001d378\U0001f000-\U0001f0ff]"
)
_LATIN_WORD = re.compile(r"[A-Za-z_]+")
_PROPER = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?:'\d{3})+|\d{1,3}(?:_\d{3})+|\d+)(?:\.\d+)?|\.\d+")
_EXPONENT = re.compile(r"[eE]([+-]?\d{1,3})(?![\dA-Za-z])|\s?[×xX*]\s?10\s?\^\s?([+-]?\d{1,2})")
_SIGNS = {"-": -1, "▼": -1, "▽": -1, "↓": -1, "⬇": -1, "+": 1, "▲": 1, "△": 1, "↑": 1, "⬆": 1}
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
        match = _FORMS.match(text, start)
        if match is None:
            place = start + 1
            continue
        kind = next(name for name in _READERS if match.group(name) is not None)
        token = _READERS[kind](text, match, found[-1].end if found else 0)
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
        if not (letter.isascii() and letter.isalpha()):
            return start
        word = _LATIN_WORD.match(text, start)
        assert word is not None
        end = word.end()
        if text[end : end + 1].isdigit() or (text[end : end + 1] in "-+.&" and text[end + 1 : end + 2].isdigit()):
            return start
        if word.group()[:3].lower() in _MONTH_NUMBER or letter in "lIOo":
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


def _number(text: str, match: re.Match[str], last_end: int) -> Token:
    return _read_number(text, match.start(), match.group(), match.end(), last_end)


def _opaque(text: str, start: int, end: int, kind: Kind = "opaque") -> Token:
    return Token(start, end, text[start:end], kind)


def _run_on(text: str, end: int) -> int:
    """The end of letters and digits glued together."""
    match = _GLUED.match(text, end)
    return match.end() if match is not None else end


def _read_number(text: str, start: int, run: str, end: int, last_end: int) -> Token:
    head, sign, begin = _head(text, start, last_end)
    if _PROPER.fullmatch(run) is None or (len(run) > 1 and run[0] == "0" and run[1] not in ".,"):
        return _opaque(text, begin, _run_on(text, end))
    digits = run.replace(",", "").replace("'", "").replace("_", "")
    if len(digits) > 30:
        return _opaque(text, begin, end)
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
        return _opaque(text, begin, max(end + 1, _run_on(text, end)))
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


def _date(text: str, match: re.Match[str], year: str | None, month: str | None, day: str | None) -> Token:
    number = None if month is None else int(month) if month.isdigit() else _MONTH_NUMBER[month[:3].lower()]
    y = None if year is None else int(year) + (2000 if len(year) == 2 else 0)
    d = None if day is None else int(day)
    if (number is not None and not 1 <= number <= 12) or (d is not None and not 1 <= d <= 31):
        return _opaque(text, match.start(), match.end())
    return Token(match.start(), match.end(), match.group(), "date", year=y, month=number, day=d)


def _groups(match: re.Match[str], name: str) -> list[str | None]:
    first = match.re.groupindex[name] + 1
    last = min((n for n in match.re.groupindex.values() if n >= first), default=match.re.groups + 1)
    return [match.group(number) for number in range(first, last)]


def _ymd(text: str, match: re.Match[str], _: int) -> Token:
    year, month, day = _groups(match, "ymd")
    return _date(text, match, year, month, day)


def _packed(text: str, match: re.Match[str], last_end: int) -> Token:
    year, month, day = _groups(match, "packed")
    token = _date(text, match, year, month, day)
    return replace(token, other=_number(text, match, last_end))


def _ym(text: str, match: re.Match[str], _: int) -> Token:
    year, month, dashed = _groups(match, "ym")
    return _date(text, match, year, month or dashed, None)


def _mdd(text: str, match: re.Match[str], _: int) -> Token:
    month, first, last = _groups(match, "mdd")
    token = _date(text, match, None, month, first)
    return replace(token, parts=(_date(text, match, None, month, last),))


def _mdk(text: str, match: re.Match[str], _: int) -> Token:
    month, day = _groups(match, "mdk")
    return _date(text, match, None, month, day)


def _mk(text: str, match: re.Match[str], _: int) -> Token:
    (month,) = _groups(match, "mk")
    return _date(text, match, None, month, None)


def _yk(text: str, match: re.Match[str], _: int) -> Token:
    (year,) = _groups(match, "yk")
    return _date(text, match, year, None, None)


def _mdy(text: str, match: re.Match[str], _: int) -> Token:
    month, day, year = _groups(match, "mdy")
    return _date(text, match, year, month, day)


def _dmy(text: str, match: re.Match[str], _: int) -> Token:
    day, month, year = _groups(match, "dmy")
    return _date(text, match, year, month, day)


def _my(text: str, match: re.Match[str], _: int) -> Token:
    month, year = _groups(match, "my")
    return _date(text, match, year, month, None)


def _yymd(text: str, match: re.Match[str], last_end: int) -> Token:
    year, dashed, dotted, slashed, day = _groups(match, "yymd")
    token = _date(text, match, year, dashed or dotted or slashed, day)
    return token if token.kind == "date" else _number(text, match, last_end)


def _time(text: str, match: re.Match[str], half: str | None, hour: str, minute: str | None) -> Token:
    h, m = int(hour), int(minute) if minute is not None else None
    if h > 24 or (m or 0) > 59:
        return _opaque(text, match.start(), match.end())
    late = half in {"오후", "낮", "밤", "저녁", "p", "P"}
    if half is not None:
        h = h % 12 + (12 if late else 0) if h <= 12 else h
    sure = half is not None or h > 12 or ":" in match.group()
    return Token(match.start(), match.end(), match.group(), "time", hour=h, minute=m, half_day=sure)


def _hm(text: str, match: re.Match[str], _: int) -> Token:
    korean, hour, minute, seconds, english = _groups(match, "hm")
    assert hour is not None
    if seconds is not None:  # facts are known to the minute
        return _opaque(text, match.start(), match.end())
    return _time(text, match, korean or english, hour, minute)


def _hk(text: str, match: re.Match[str], _: int) -> Token:
    half, hour, minute, half_past = _groups(match, "hk")
    assert hour is not None
    return _time(text, match, half, hour, "30" if half_past else minute)


def _ap(text: str, match: re.Match[str], _: int) -> Token:
    hour, half = _groups(match, "ap")
    assert hour is not None
    return _time(text, match, half, hour, None)


def _mdn(text: str, match: re.Match[str], last_end: int) -> Token:
    month, day = _groups(match, "mdn")
    assert month is not None
    token = _date(text, match, None, month, day)
    if token.kind == "date":
        return token
    return _read_number(text, match.start(), month, match.start() + 2, last_end)


def _slash(text: str, match: re.Match[str], last_end: int) -> Token:
    top, below = _groups(match, "slash")
    assert top is not None and below is not None
    at = match.end() - len(below)
    first = _read_number(text, match.start(), top, match.start() + len(top), last_end)
    second = _read_number(text, at, below, match.end(), at)
    end = max(second.end, match.end())
    if first.kind != "number" or second.kind != "number":
        day = _date(text, match, None, top, below) if top.isdigit() and below.isdigit() and len(top + below) <= 4 else None
        return day if day is not None else _opaque(text, match.start(), end)
    if first.unit == "":
        first = replace(first, unit=second.unit)
    whole = Token(first.start, end, text[first.start : end], "fraction", sign=first.sign, parts=(first, second))
    if top.isdigit() and below.isdigit() and 1 <= int(top) <= 12 and 1 <= int(below) <= 31 and not second.unit:
        whole = replace(whole, other=_date(text, match, None, top, below))
    return whole


def _label(text: str, match: re.Match[str], _: int) -> Token:
    return _opaque(text, match.start(), match.end(), "label")


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
    return _opaque(text, match.start(), match.end())


def _grouped(text: str, match: re.Match[str], last_end: int) -> Token:
    return _read_number(text, match.start(), match.group().replace(" ", ""), match.end(), last_end)


def _script(text: str, match: re.Match[str], _: int) -> Token:
    return _opaque(text, match.start(), match.end(), "script")


_READERS: dict[str, Callable[[str, re.Match[str], int], Token]] = {
    "ymd": _ymd, "packed": _packed, "ym": _ym, "mdd": _mdd, "mdk": _mdk, "mk": _mk, "yk": _yk, "mdy": _mdy, "dmy": _dmy,
    "my": _my, "hm": _hm, "hk": _hk, "ap": _ap, "yymd": _yymd, "mdn": _mdn, "slash": _slash, "label": _label, "code": _code,
    "spaced": _spaced, "grouped": _grouped, "run": _number, "script": _script, "alike": _spaced,
}  # fmt: skip


# -- words and ranges ----------------------------------------------------------------------------------------------------------


def _from_words(text: str, word: Worded) -> Token:
    unit, end = word.unit, word.end
    if word.attached and not unit:
        unit, end = unit_of(text, word.end)
    _, sign, begin = _head(text, word.start, 0)
    if word.value is None:
        return _opaque(text, begin, end)
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
                kept[-1] = _opaque(text, kept[-1].start, token.end)
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

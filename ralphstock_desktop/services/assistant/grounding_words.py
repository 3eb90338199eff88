"""Numbers written in words: Korean (Sino-Korean and native), Chinese characters, English; also vague amounts.

A vague amount ("수십억", "double-digit") is a number to a reader but has no value, so nothing can ever found it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

__all__ = ["Worded", "read_sino", "worded_numbers"]


@dataclass(frozen=True, slots=True)
class Worded:
    """A number in words at ``start:end``. ``value`` None: vague. ``step`` is the unit of its last digit. ``unit`` may be empty:
    then what follows tells it."""

    start: int
    end: int
    value: Decimal | None
    step: Decimal
    unit: str = ""
    attached: bool = True
    """Whether a unit that follows belongs to it."""


_DIGIT_LETTERS = "영공零〇 일一壹 이二两兩貳 삼三參 사四肆 오五伍 육륙六陸 칠七柒 팔八捌 구九玖".split()
_DIGITS = {letter: number for number, letters in enumerate(_DIGIT_LETTERS) for letter in letters}
_SMALL = {"십": 10, "十": 10, "拾": 10, "백": 100, "百": 100, "佰": 100, "천": 1000, "千": 1000, "仟": 1000}
_LARGE = {"만": 10**4, "萬": 10**4, "万": 10**4, "억": 10**8, "億": 10**8, "亿": 10**8, "조": 10**12, "兆": 10**12}


def read_sino(run: str) -> tuple[Decimal, Decimal] | None:
    """Value and unit of the last digit of a run such as ``구만오천``; None if it is no number."""
    if all(letter in _DIGITS for letter in run):
        return Decimal("".join(str(_DIGITS[letter]) for letter in run)), Decimal(1)
    total = section = digit = 0
    step = 1
    last_small, last_large, seen_digit = 10**4, 10**16, False
    for letter in run:
        if letter in _DIGITS:
            if seen_digit:
                return None
            digit, seen_digit, step = _DIGITS[letter], True, 1
        elif letter in _SMALL:
            size = _SMALL[letter]
            if size >= last_small:
                return None
            section += (digit if seen_digit else 1) * size
            digit, seen_digit, last_small, step = 0, False, size, size
        elif letter not in _LARGE:
            return None  # 半
        else:
            size = _LARGE[letter]
            if size >= last_large:
                return None
            total += max(section + digit, 0 if (section or seen_digit) else 1) * size
            section = digit = 0
            seen_digit, last_small, last_large, step = False, 10**4, size, size
    return Decimal(total + section + digit), Decimal(step)


_SINO = re.compile(
    r"(?<![가-힣\d])[영공일이삼사오육륙칠팔구십백천만억조]+"
    r"(?:점[영공일이삼사오육륙칠팔구]+|(?:(?<=[만억조]) [일이삼사오육륙칠팔구십백천만억]+)+(?=\s?(?:원|주|명|건|%|퍼센트)))?"
)
_STRONG_AFTER = re.compile(
    r"\s?(?:퍼센트|프로(?!그램|젝트|모션|세스|필)|%|포인트|원(?!인|래|칙|활|유|본|천|자재|전|료)|배(?!당|경|분|터|출|송|치|포))"
)
_GLUED_AFTER = re.compile(
    r"(?:원|점(?!검|차|심|포|진|수|유)|주(?![가말])|위(?!원|험|해|치)|년|월|일(?![반정본괄단시관부])|명|개|건|거래일"
    r"|시(?!장|간대|세|가)|분(?!기|류|석)|회|번|종목"
    r"|여|가까이|남짓|대(?!비|한|해|로|상|형|표|규))|\s?\d"
)
_POINTS = re.compile(r"\s?점(?![검차심포진수유])")
_FIRST = re.compile(r"등(?![급분락록하의은도산반록])")
_RANK = re.compile(r"위(?=[는가로에를의,. ]|$)")
_PARTICLE = re.compile(
    r"(?![가-힣])|(?:을|를|은|는|이|가|에|의|로|으로|입니다|이다|이며|이고|정도|쯤|가량|이상|이하)(?![가-힣])"
)
_AFTER_ONE = frozenset("퍼프%포원배등점위")
"""What units that a number of one letter needs begin with."""
_NOT_SINO = frozenset({"구조", "만일", "조사", "오만", "이만", "만이", "천만", "이조", "사조", "만조", "조만", "백조", "일조"})
_HAN = re.compile(r"[半零〇一二三四五六七八九十百千萬万億亿兆两兩壹貳參肆伍陸柒捌玖拾佰仟]+")
_BARE = re.compile(
    r"(?<![가-힣])(?:(?:스물|서른|마흔|쉰|예순|일흔|여든|아흔)(?:하나|둘|셋|넷|다섯|여섯|일곱|여덟|아홉)"
    r"|[이삼사오육칠팔구]십 [일이삼사오육칠팔구](?![가-힣]))"
)
"""Numbers without anything they count; what they mean cannot be told."""

_TENS = "열|스물|스무|서른|마흔|쉰|예순|일흔|여든|아흔"
_ONES = "하나|한|둘|두|셋|세|석|넷|네|넉|다섯|여섯|일곱|여덟|아홉"
_NATIVE = re.compile(
    rf"(?<![가-힣])(?:({_TENS})({_ONES})?|({_ONES}))\s?"
    r"(?=(배(?!당|경|분|터|출|송|치|포)|건|개|종목|번(?!호)|명|가지|차례|곳|달|점(?!검|차|심|포|진|수)|원(?!인|래"
    r"|칙)|주(?!가|의|요|식)|사람|자릿수|날|시간|시(?!장|세|총)|단계|항목|기업|회사|편|꼭지|퍼센트"
    r"|프로(?!그램|젝트)|위(?!원|험|해|치)))"
)
_NATIVE_ALONE = re.compile(r"(?<![가-힣])(?:셋|넷|다섯|여섯|일곱|여덟|아홉)(?=(?:은|이|을|의|만|도)?(?![가-힣]))")
_NATIVE_VALUES = {
    "열": 10, "스물": 20, "스무": 20, "서른": 30, "마흔": 40, "쉰": 50, "예순": 60, "일흔": 70, "여든": 80, "아흔": 90,
    "하나": 1, "한": 1, "둘": 2, "두": 2, "셋": 3, "세": 3, "석": 3, "넷": 4, "네": 4, "넉": 4, "다섯": 5, "여섯": 6,
    "일곱": 7, "여덟": 8, "아홉": 9,
}  # fmt: skip
_ONE_COUNTED = frozenset({"건", "개", "명", "배", "자릿수", "위"})
_VAGUE_KO = re.compile(
    r"(?<![가-힣])(?:"
    r"(?:수|몇)\s?(?:십|백|천|만|억|조)[십백천만억조]*(?=\s?(?:억|만|원|%|퍼센트|프로|배|명|건|개|주|종목|차례|점|일"
    r"|포인트)|에서|까지|에\s|을\s|의\s)"
    r"|(?:한|두|세|네)\s?자릿수|십중팔구|열에\s(?:여덟|아홉)|제로(?!투|섬)|넘버\s?원|텐배거|더블(?!유)|트리플"
    r"|[탑톱]\s?(?:원|투|쓰리|포|파이브|텐)"
    r"|[일이삼사오육칠팔구십백두세네]+\s?분의\s?[일이삼사오육칠팔구십]+|과반|반\s(?:이상|이하|가까이|정도|넘)"
    r"|(?:[일이삼사오유칠팔구시]|십[일이]?)월\s?[일이삼사오육칠팔구십]{1,4}일(?!간)"
    r"|[일이삼사오육칠팔구십백천]*[십백천일이삼사오육칠팔구]만(?:전자|닉스|슬라|엔솔|카카오|에코|바이오)"
    r")"
)
_HALF_KO = re.compile(r"절반|반토막|반값|갑절|곱절")

_EN = {
    word: number
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen".split()
    )
}
_EN |= {word: 10 * number for number, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}
_EN_SIZES = {"hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_EN_WORD = "|".join(sorted([*_EN, *_EN_SIZES, "dozen"], key=len, reverse=True))
_ENGLISH = re.compile(
    rf"\b(?:(?:a|an)[ \n]+(?=hundred|thousand|million|billion|trillion|dozen))?(?:{_EN_WORD})"
    rf"(?:[ \n-]+(?:and[ \n]+|point[ \n]+)?(?:{_EN_WORD}))*\b",
    re.IGNORECASE,
)
_EN_UNIT_AFTER = re.compile(
    r"[ -](?:%|percent|per cent|won|shares?|points?|days?|trading|bars?|times|stocks?|trillion|billion|million)", re.IGNORECASE
)
_FRACTIONS = re.compile(
    r"\b(?:a|one|two|three)[ -](?:thirds?|quarters?|fifths?|tenths?)\b|\b(?:dozens|hundreds|thousands|millions"
    r"|billions|trillions)\b"
    r"|\b(?:single|double|triple|two|three)[ -]digits?\b|\b(?:five|six|seven|eight|nine|hundred|thousand)-?fold\b"
    r"|\b(?:quin|sex)tupl\w+"
    r"|\bsecond[ -](?:best|highest|largest|strongest)\b|\b(?:first|second) place\b|\bnumber one\b|\bten-?bagger\b"
    r"|\bsecond to none\b",
    re.IGNORECASE,
)
_MULTIPLES = re.compile(
    r"\b(?:(twice|doubl(?:e|ed|es|ing)(?![ -](?:check|top|bottom|digit))|two-?fold)|(thrice|tripl(?:e|ed|es"
    r"|ing)(?![ -]digit)|three-?fold)"
    r"|(quadrupl(?:e|ed|es|ing)|four-?fold)|(ten-?fold)"
    r"|((?<!first )(?<!second )(?<!latter )(?<!other )(?<!last )half(?![ -]year)|halv(?:ed|es|ing)))\b",
    re.IGNORECASE,
)
_ORDINAL = re.compile(r"\b(third|fourth|fifth|sixth|seventh|eighth|ninth|tenth)\b(?![ -]quarter)", re.IGNORECASE)
_ORDINALS = ("third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_RANKED = re.compile(
    r"\b(?:rank(?:s|ed)?|in|comes?|came|placed)[ ](first|second)\b(?! (?:half|quarter|place to))", re.IGNORECASE
)


def worded_numbers(text: str) -> list[Worded]:
    """Find the numbers in words of a plain text (see ``grounding_letters.plain_text``); runs may overlap.

    Only words whose first letters can begin a number are looked at closely: that is what makes it fast.
    """
    found: list[Worded] = []
    for match in _WORD.finditer(text):
        place, word = match.start(), match.group()
        if word in _BY_FIRST:
            if word in _NEXT:
                behind = text[place + 1 : place + 2]
                if (text[place + 2 : place + 3] if behind.isspace() else behind or " ") not in _NEXT[word]:
                    continue
            for pattern, read in _BY_FIRST[word]:
                hit = pattern.match(text, place)
                if hit is not None:
                    found += read(text, hit)
        elif word.lower() in _ENGLISH_START:
            for pattern, read in _ENGLISH_READERS:
                hit = pattern.match(text, place)
                if hit is not None and (not found or found[-1].end <= place or found[-1].start == place):
                    found += read(text, hit)
    if "반" in text or "갑절" in text or "곱절" in text:
        found += [_half(match) for match in _HALF_KO.finditer(text)]
    if not text.isascii():
        for match in _HAN.finditer(text):
            read_run = read_sino(match.group())
            found.append(Worded(match.start(), match.end(), *(read_run or (None, Decimal(1)))))
    return found


def _vague(_: str, match: re.Match[str]) -> list[Worded]:
    return [Worded(match.start(), match.end(), None, Decimal(1))]


def _bare(_: str, match: re.Match[str]) -> list[Worded]:
    return [Worded(match.start(), match.end(), None, Decimal(1), attached=False)]


def _half(match: re.Match[str]) -> Worded:
    if match.group() in {"갑절", "곱절"}:
        return Worded(match.start(), match.end(), Decimal(2), Decimal(1), "×", attached=False)
    return Worded(match.start(), match.end(), Decimal(50), Decimal(1), "%", attached=False)


def _sino(text: str, match: re.Match[str]) -> list[Worded]:
    run, start, end = match.group(), match.start(), match.end()
    if end - start == 1:  # most often a letter of a usual word, which the letter behind it tells
        behind = text[end : end + 1]
        if (text[end + 1 : end + 2] if behind.isspace() else behind) not in _AFTER_ONE:
            return []
    if " " in run:
        return [Worded(start, end, *(read_sino(run.replace(" ", "")) or (None, Decimal(1))))]
    whole, _, fraction = run.partition("점")
    if fraction:
        read, part = read_sino(whole), read_sino(fraction)
        if read is not None and part is not None and _STRONG_AFTER.match(text, end):
            step = Decimal(1).scaleb(-len(fraction))
            return [Worded(start, end, read[0] + part[0] * step, step)]
        run = whole
    # The last letters may be a unit or belong to the next word: 일 in 삼십일, 만 in 오만.
    for length in range(len(run), 0, -1):
        if _is_sino_number(text, run[:length], start + length, whole=length == len(run)):
            return [Worded(start, start + length, *(read_sino(run[:length]) or (None, Decimal(1))))]
    return []


def _is_sino_number(text: str, run: str, end: int, *, whole: bool) -> bool:
    if read_sino(run) is None:
        return False
    counted = any(letter in _SMALL or letter in _LARGE for letter in run)
    strong, glued = _STRONG_AFTER.match(text, end), _GLUED_AFTER.match(text, end)
    if len(run) == 1 and not counted:
        if strong is None:
            if run in "일이삼" and _FIRST.match(text, end) is not None:
                return True
            return (run in "삼칠팔구" and _POINTS.match(text, end) is not None) or _RANK.match(text, end) is not None
        ambiguous = run in "이공" or strong.group().strip() in {"원", "배"}
        return not ambiguous or strong.group().strip() in {"퍼센트", "%"}
    if run == "만" and text.startswith("점", end):
        return False  # full marks
    if run in _NOT_SINO and not (strong is not None and not strong.group().startswith(" ")):
        return False
    if strong is not None or (glued is not None and (len(run) >= 2 or glued.group() == "원")) or _POINTS.match(text, end):
        return True
    return whole and len(run) >= 3 and counted and _PARTICLE.match(text, end) is not None


def _native(text: str, match: re.Match[str]) -> list[Worded]:
    tens, after_tens, ones, counter = match.groups()
    if ones == "한" and counter not in _ONE_COUNTED:
        return []
    if ones is None and after_tens is None and tens == "열" and counter not in _TEN_COUNTED:
        return []
    value = _NATIVE_VALUES.get(tens or "", 0) + _NATIVE_VALUES.get(after_tens or ones or "", 0)
    end = match.end()
    while text[end - 1].isspace():
        end -= 1
    return [Worded(match.start(), end, Decimal(value), Decimal(1))]


def _native_alone(_: str, match: re.Match[str]) -> list[Worded]:
    value = Decimal(_NATIVE_VALUES[match.group()])
    return [Worded(match.start(), match.end(), value, Decimal(1), "count", attached=False)]


def _english(text: str, match: re.Match[str]) -> list[Worded]:
    words = [word for word in re.split(r"[ \n-]+", match.group().lower()) if word]
    if words == ["one"] and not _EN_UNIT_AFTER.match(text, match.end()):
        return []
    return [Worded(match.start(), match.end(), *_read_english(words))]


def _multiple(_: str, match: re.Match[str]) -> list[Worded]:
    number = match.lastindex or 1
    value, unit = (Decimal(50), "%") if number == 5 else (Decimal((2, 3, 4, 10)[number - 1]), "×")
    return [Worded(match.start(), match.end(), value, Decimal(1), unit, attached=False)]


def _ordinal(_: str, match: re.Match[str]) -> list[Worded]:
    value = Decimal(_ORDINALS.index(match.group(1).lower()) + 3)
    return [Worded(match.start(), match.end(), value, Decimal(1), "rank", attached=False)]


def _ranked(_: str, match: re.Match[str]) -> list[Worded]:
    value = Decimal(1 if match.group(1).lower() == "first" else 2)
    return [Worded(match.start(1), match.end(1), value, Decimal(1), "rank", attached=False)]


def _read_english(words: list[str]) -> tuple[Decimal | None, Decimal]:
    """Value and last digit's unit of English number words; ``(None, 1)`` if they make no number."""
    total = section = 0
    step, fraction, digits = 1, False, ""
    for word in words:
        if word in {"a", "an"}:
            section = 1
        elif word == "and":
            continue
        elif word == "point":
            fraction = True
        elif word == "dozen":
            section, step = max(section, 1) * 12, 1
        elif word in _EN_SIZES:
            size = _EN_SIZES[word]
            if fraction:
                scaled = Decimal(f"{total + section}.{digits or '0'}") * size
                return scaled, Decimal(size).scaleb(-max(1, len(digits)))
            if size == 100:
                section = max(section, 1) * 100
            else:
                total, section = total + max(section, 1) * size, 0
            step = size
        elif fraction:
            digits += str(_EN[word])
        else:
            section, step = section + _EN[word], 1
    if fraction:
        return Decimal(f"{total + section}.{digits or '0'}"), Decimal(1).scaleb(-max(1, len(digits)))
    return Decimal(total + section), Decimal(step)


_Reader = Callable[[str, re.Match[str]], list[Worded]]
_TEN_COUNTED = frozenset({"배", "건", "개", "종목", "명", "가지", "번"})
_KOREAN_READERS: tuple[tuple[str, re.Pattern[str], _Reader], ...] = (
    ("수몇한두세네십열제넘텐더트탑톱일이삼사오유육칠팔구시과반백천", _VAGUE_KO, _vague),
    ("영공일이삼사오육륙칠팔구십백천만억조", _SINO, _sino),
    ("열스서마쉰예여일아하한둘두셋세석넷네넉다", _NATIVE, _native),
    ("셋넷다여일아", _NATIVE_ALONE, _native_alone),
    ("스서마쉰예일여아이삼사오육칠팔구", _BARE, _bare),
)
_BY_FIRST: dict[str, list[tuple[re.Pattern[str], _Reader]]] = {}
for _firsts, _pattern, _read in _KOREAN_READERS:
    for _first in _firsts:
        _BY_FIRST.setdefault(_first, []).append((_pattern, _read))
_WORD = re.compile(rf"[{''.join(_BY_FIRST)}](?<![가-힣].)|[A-Za-z]+")
"""The first letter of a Korean word that may begin a number, and whole English words."""
_NEXT = {
    "하": "나", "마": "흔", "다": "섯", "스": "물무", "서": "른", "아": "흔홉", "예": "순", "여": "든섯덟", "과": "반",
    "유": "월", "시": "월", "제": "로", "더": "블", "트": "리", "넘": "버", "수": "십백천만억조", "몇": "십백천만억조",
}  # fmt: skip
"""Letters many words begin with, and what must follow, after a space or not, where they begin a number."""
_AFTER_DIGIT = "영공일이삼사오육륙칠팔구십백천만억조두세네월점퍼프%포원배등위분"
_NEXT |= dict.fromkeys("이삼사오육륙칠팔구영공", _AFTER_DIGIT) | {"일": f"{_AFTER_DIGIT}흔곱"}
_ENGLISH_START = frozenset(
    "quintuple quintupled sextuple sextupled fivefold sixfold sevenfold eightfold ninefold hundredfold thousandfold "
    "first second number tenbagger a an one two three single double doubled doubles doubling twice twofold thrice triple "
    "tripled triples tripling threefold "
    "quadruple quadrupled quadruples fourfold four tenfold ten half halved halves halving dozens hundreds thousands millions "
    "billions trillions rank ranks ranked in come comes came placed quadrupling".split()
) | {*_EN, *_EN_SIZES, "dozen", *_ORDINALS}
_ENGLISH_READERS: tuple[tuple[re.Pattern[str], _Reader], ...] = (
    (_FRACTIONS, _vague), (_ENGLISH, _english), (_MULTIPLES, _multiple), (_ORDINAL, _ordinal), (_RANKED, _ranked),
)  # fmt: skip

"""Words that point at the last list: by place ("두 번째 거", "number 3"), at several ("those two"), at what is left, at all.

Only places in the folded text and symbols come out. A place beyond the list is told apart from no word at all, so that it is
never answered with another stock.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["AMONG", "Pointed", "point_at"]

_KOREAN = {
    "첫": 1, "첫째": 1, "두": 2, "둘째": 2, "세": 3, "셋째": 3, "네": 4, "넷째": 4, "다섯": 5, "여섯": 6, "일곱": 7,
    "여덟": 8, "아홉": 9, "열": 10,
}  # fmt: skip
_ENGLISH = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
            "tenth": 10}  # fmt: skip
_COUNTS = {"둘": 2, "두": 2, "셋": 3, "세": 3, "넷": 4, "네": 4, "다섯": 5, "two": 2, "three": 3, "four": 4, "five": 5}
_THING = r"(?:\s?(?:거|꺼|것|건|게|종목|주식|애|놈|녀석|회사)(?![가-힣]{2}))"
_END = r"(?=$|[\s?!.,~]|은|는|이|가|을|를|의|도|랑|이랑|하고|과|와|만|요|부터|꺼|거|건|종목|주식|보다|이?(?:에요|예요|야))"
_ONE = r"(?:one|stock|name|pick|candidate|signal|company|gainer|loser|entry)"
_BY_PLACE = re.compile(
    rf"(?<![가-힣])(?P<ko>첫|두|세|네|다섯|여섯|일곱|여덟|아홉|열)\s?번째{_THING}?(?!\s?(?:뉴스|기사|줄|조건|항목|수축))"
    rf"|(?<![가-힣])(?P<kt>첫째|둘째|셋째|넷째){_THING}?{_END}"
    rf"|(?<![\d.,a-z])(?P<num>\d{{1,2}})\s?번(?:째)?{_THING}?{_END}(?!\s?(?:올|떨|산|팔|수축|돌파|쨰))"
    rf"|(?<![\d.,a-z])(?P<rank>\d{{1,2}}|[일이삼])\s?(?:위|등)(?!급|락){_THING}?{_END}"
    r"|(?<![a-z])(?:the\s)?(?P<en>first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth)"
    rf"(?:\s{_ONE})?(?!\s(?:half|quarter|day|week|month|hour|time|news|article|headline|contraction|target|two|three"
    rf"|four|five"
    r"|\d|of\s(?:january|february|march|april|may|june|july|august|september|october|november|december)))(?:'s)?(?![a-z])"
    r"|(?<![a-z0-9])(?:number|no\.?|nr\.?|#)\s?(?P<no>\d{1,2}|one|two|three|four|five)(?![a-z\d.,%])(?:'s)?"
    r"|(?<![a-z0-9.,])(?P<nth>\d{1,2})(?:st|nd|rd|th)\s(?:one|stock|name|pick)(?:'s)?(?![a-z])"
    r"|(?<![a-z])the\s(?P<nt>[1-9])(?:st|nd|rd|th)(?=\W*$)"
)
_TOP = re.compile(
    rf"(?:맨|젤|제일|가장)\s?(?:위|앞|첫)(?:에)?(?:\s?(?:있는|나온))?(?:의)?{_THING}?|일\s?순위|1\s?순위"
    rf"|(?<![a-z])(?:the\s)?(?:top|topmost|leading)\s{_ONE}(?:'s)?(?![a-z])"
)
_BOTTOM = re.compile(
    rf"(?:맨|젤|제일|가장)\s?(?:아래|밑|끝|뒤)(?:에)?(?:\s?(?:있는|나온))?(?:의)?{_THING}?|(?<![가-힣])(?:마지막|꼴찌|꼴등|끝에\s?거){_THING}"
    rf"|(?<![가-힣])(?:꼴찌|꼴등)|(?<![a-z])(?:the\s)?(?:last|bottom|lowest)\s{_ONE}(?:'s)?(?![a-z])"
)
_FIRST_FEW = re.compile(
    rf"(?:상위|위에?|앞의?|처음|위쪽)\s?(?P<ko>두|세|네|다섯|둘|셋|넷|\d{{1,2}})\s?(?:개|종목|놈|가지)?{_END}"
    r"|(?<![a-z])(?:the\s)?(?:first|top)\s(?P<en>two|three|four|five|\d{1,2})(?:\s(?:of\s(?:them|those)|ones|stocks"
    r"|names))?(?![a-z\d])"
    r"|(?<![a-z])(?:those|the)\s(?P<at>two|three|four|five)(?:\sones)?\sat the top(?![a-z])"
)
_LAST_FEW = re.compile(
    rf"(?:하위|아래|밑에?|뒤의?|마지막)\s?(?P<ko>두|세|네|다섯|둘|셋|넷|\d{{1,2}})\s?(?:개|종목|놈|가지)?{_END}"
    r"|(?<![a-z])(?:the\s)?(?:last|bottom)\s(?P<en>two|three|four|five|\d{1,2})(?:\s(?:of\s(?:them|those)|ones|stocks"
    r"|names))?"
    r"(?![a-z\d]|\s(?:day|week|month|year|session|bar))"
)
_REST = re.compile(
    r"(?<![가-힣])(?:나머지|다른\s?(?:것들|거|애들|종목들|놈들))(?:\s?(?:종목|것|거)?들?)?"
    r"|(?<![a-z])(?:the\s)?(?:rest|remaining|others|other (?:ones|two|three|four))(?:\sof (?:them|those))?(?![a-z])"
)
_OF_THEM = r"(?:\s?(?:중|가운데)(?:에서?|에는|엔|에선)?)"
AMONG = re.compile(
    rf"(?<![가-힣])(?:(?:그|이|저|위)\s?(?:종목|주식|것|거|목록|리스트|후보|신호|회사)?\s?들?{_OF_THEM}|(?:얘|걔|쟤)네(?:들)?{_OF_THEM}"
    r"|(?:거기|여기|저기)\s?(?:중에서?|에서|서)|(?:그|위|이)\s?(?:목록|리스트)에서)(?![가-힣]{2})"
    r"|(?<![a-z])(?:(?:out )?of|among|amongst|from) (?:those|these|them|that list|this list|the list)(?![a-z])"
    r"(?:\s(?:two|three|four|five|ten|\d{1,2}|stocks|names|ones))*"
    r"|(?<![a-z])which (?:one|ones)?\s?(?:of (?:those|these|them)|among (?:those|these|them))(?![a-z])"
    r"|(?<![a-z])which ones(?![a-z])|(?<![a-z])which one(?= (?:has|had|is|was|got|looks|of|rose|fell|did)(?![a-z]))"
)
_SEVERAL = re.compile(
    r"(?<![가-힣])(?P<ko>둘|셋|넷|(?:그|이|저)\s?(?:두|세|네|다섯|둘|셋|넷)|두|세|네|다섯)\s?(?:개|종목|놈|회사)?(?:\s?(?:다|모두|전부|끼리))"
    r"|(?<![가-힣])(?P<kc>둘|셋|넷)(?:을|를|이서?|은|만)?(?=\s?(?:비교|중|붙|견주|놓고|차이))|(?<![가-힣])(?:그|이|저)\s?(?P<kd>둘|셋|넷|두|세|네|다섯)(?:\s?(?:개|종목|놈|회사))?(?![가-힣]{2})"
    r"|(?<![a-z])(?:those|these|the|all|them) (?P<en>two|three|four|five)(?:\s(?:stocks|ones|names))?(?![a-z])"
    r"|(?<![a-z])(?P<both>both)(?: of (?:them|those))?(?![a-z])"
)
_ALL = re.compile(
    r"(?<![가-힣])(?:(?:그|이|위)\s?(?:종목|주식|것|거|회사|후보|애)들|(?:걔|얘|쟤)네들?|(?:전부|모두|다)(?=\s?비교)|전부\s?다|모두\s?다"
    r"|다\s?같이)(?:\s?(?:다|전부|모두))?"
    r"|(?<![a-z])(?:all of (?:them|those|these)|them all|those (?:stocks|names|ones)|these (?:stocks|names|ones)"
    r"|those|they|them|their)(?![a-z])"
)


@dataclass(frozen=True, slots=True)
class Pointed:
    """Where words point at the last list and what at. ``beyond``: at a place the list does not have."""

    spans: tuple[tuple[int, int], ...]
    tickers: tuple[str, ...]
    beyond: bool = False
    whole: bool = False
    """All of the list is meant."""


def point_at(text: str, listed: Sequence[str], spoken: Sequence[str], recent: Sequence[str] = ()) -> Pointed | None:
    """Find what a folded text without names points at; None where nothing in it does.

    Parameters
    ----------
    text : str
        Names blanked out.
    listed : sequence of str
        Symbols of the last list.
    spoken : sequence of str
        Symbols of the question before, for "the rest" and "those two".
    recent : sequence of str
        Symbols of the questions before, the latest last, for "those two" of two questions.
    """
    few = _few(text, listed)
    if few is not None:
        return few
    placed = _placed(text, listed)
    if placed is not None:
        return placed
    rest = _REST.search(text)
    if rest is not None and listed and spoken and set(spoken) < set(listed):
        return Pointed((rest.span(),), tuple(ticker for ticker in listed if ticker not in spoken))
    several = _SEVERAL.search(text)
    if several is not None:
        word = next((value for name, value in several.groupdict().items() if value and name != "both"), "two")
        number = _COUNTS.get(re.sub(r"^(?:그|이|저)\s?", "", word), 2)
        group = spoken if len(spoken) == number else listed if len(listed) == number and len(spoken) != 1 else ()
        if not group and len(recent) >= number and spoken:
            group = recent[-number:]
        group = group or (listed if len(listed) == number else ())
        if group:
            return Pointed((several.span(),), tuple(group))
    everything = _ALL.search(text)
    if everything is not None and len(spoken) < 2 and len(listed) > 1:
        return Pointed((everything.span(),), tuple(listed), whole=True)
    return None


def _few(text: str, listed: Sequence[str]) -> Pointed | None:
    """The first or last few of a list."""
    for pattern, is_last in ((_FIRST_FEW, False), (_LAST_FEW, True)):
        found = pattern.search(text)
        if found is None:
            continue
        word = next(value for value in found.groupdict().values() if value)
        number = int(word) if word.isdigit() else _COUNTS[word]
        if 1 < number <= len(listed):
            return Pointed((found.span(),), tuple(listed[-number:] if is_last else listed[:number]))
    return None


def _placed(text: str, listed: Sequence[str]) -> Pointed | None:
    """Single places of a list, in order of mention."""
    found: list[tuple[tuple[int, int], int]] = []
    for match in _BY_PLACE.finditer(text):
        if match["ko"] or match["kt"]:
            place = _KOREAN[match["ko"] or match["kt"]]
        elif match["en"]:
            place = _ENGLISH[match["en"]]
        else:
            word = match["num"] or match["rank"] or match["no"] or match["nth"] or match["nt"]
            place = int(word) if word.isdigit() else {"일": 1, "이": 2, "삼": 3, "one": 1}.get(word) or _COUNTS[word]
        found.append((match.span(), place))
    for pattern, place in ((_TOP, 1), (_BOTTOM, -1)):
        for match in pattern.finditer(text):
            if not any(start < match.end() and match.start() < end for (start, end), _ in found):
                found.append((match.span(), place))
    if not found or not listed:
        return None
    found.sort()
    spans = tuple(span for span, _ in found)
    places = [len(listed) if place < 0 else place for _, place in found]
    if any(not 1 <= place <= len(listed) for place in places):
        return Pointed(spans, (), beyond=True)
    return Pointed(spans, tuple(dict.fromkeys(listed[place - 1] for place in places)))

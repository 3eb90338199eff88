"""Decides for one number of a sentence which fact it states, or why it states none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from ralphstock_desktop.services.assistant.grounding_facts import COMPATIBLE, Entry, FactIndex
from ralphstock_desktop.services.assistant.grounding_scene import Scene, Subject, direction
from ralphstock_desktop.services.assistant.numbers import Token
from ralphstock_desktop.services.assistant_contracts import Fact

__all__ = ["Matcher"]

_TICKER = re.compile(r"[0-9A-Z]{6}")
_NEWS = re.compile(r"뉴스|기사|제목|보도|헤드라인|news|headline|article|report(?:s|ed)?\b|according to", re.IGNORECASE)
_HIS = re.compile(
    r"(?:질문하신|말씀하신|물어보신|물으신|입력하신|요청하신|적으신|주신)|\b(?:you (?:asked|mentioned|wrote|gave"
    r"|entered|said)|your (?:question"
    r"|condition|number))",
    re.IGNORECASE,
)
_AGREES = re.compile(
    r"맞습|맞아|맞고|정확|사실|실제|확인(?!되지|할 수 없|이 안)|옳|\b(?:correct|right|indeed|true|confirm\w*|yes)\b|네,"
    r"|거짓|과장|과언|틀리|틀린|잘못|오류|허위|의심|의문|이견|농담|반박|부정|부족|모자라|못지|\b(?:wrong|false|lies?"
    r"|exaggerat\w*"
    r"|doubt\w*|question(?:able|ed)|mistake\w*|incorrect|untrue|only|less|disput\w*|den(?:y|ied|ying))\b",
    re.IGNORECASE,
)
_DISOWNS = re.compile(r"없|않|아닙|아니|다릅|확인할 수 없|\b(?:not|no|cannot|can't|isn't|doesn't|differs?)\b", re.IGNORECASE)
"""Says that a number is not ours; ``_AGREES`` holds the double negations ("의심의 여지가 없습니다", "no doubt about")."""
_CLAUSE = re.compile(r"[,.;\n]|지만|\bbut\b")
_DATED_BEFORE = re.compile(
    r"\s?(?:연속|동안|간(?![가-힣])|째|선|이동|만에|평균|전|후|이내|이상|중|누적|in a row|moving|average|ago)"
)
_SIGNED_WORDS = re.compile(r"순매|등락|변화|변동|수익|전일|대비|flow|net|change|return|gap", re.IGNORECASE)
_DOWN_WORDS = re.compile(r"낙폭|손실|하락|감소|조정|drawdown|loss|declin|depth|drop|fall|mdd", re.IGNORECASE)
_SYMBOLS_COUNTED = re.compile(r"종목|stocks?|names?|symbols?|둘|개 기업|개 회사")
_NO_UNITS: frozenset[str] = frozenset()
_PARTICLES = frozenset("은 는 이 가 도 의 로 으로 에서 약 대략 : = | - ₩ + − ▲ ▼".split())
_SMALL_WORD = re.compile(r"\b(?:was|is|are|of|at|to|stands|about|around|its|the|a)$")
_LONGEST_SMALL = 6
_ASIDE = re.compile(r"\s?[(（][^)）]*[)）]")
_FOREIGN_QUANTITY = re.compile(
    r"(?:\b(?:p/[ebs](?: ratio)?|per|pbr|psr|roe|roa|eps|bps|rsi|macd|obv|cci|ev/ebitda|dividend|market cap"
    r"|revenue|profit|target price)"
    r"|시가총액|시총|영업이익|순이익|매출(?:액)?|배당(?:금|수익률)?|목표 ?주?가|적정 ?주?가|부채 ?비율)$"
)
_FOREIGN_ENDS = frozenset("ebsoraidvpt액총익출당금률가율")
"""Quantities a model likes to remember; a value of ours is never one of them unless a fact is called so."""
_LEAST_VERBATIM = 8

Found = tuple[str, str]
"""Fact id and reason; one of them empty."""


class Matcher:
    """Matches tokens with the facts of one answer.

    Parameters
    ----------
    index : FactIndex
    own_numbers : sequence of float
        Numbers the user wrote.
    """

    def __init__(self, index: FactIndex, own_numbers: Sequence[float]) -> None:
        self._index = index
        self._own = {abs(Decimal(repr(float(number)))) for number in own_numbers}

    def match(
        self, token: Token, scene: Scene, before: int, after: int, *, head: str, news: bool, tokens: Sequence[Token]
    ) -> Found | None:
        """The fact a token states or the reason it states none; None where it need not (the user's own number).

        Parameters
        ----------
        before, after : int
            End of the token before and start of the one after.
        head : str
            Row and column titles of a table's cell.
        news : bool
            Whether the text is introduced as news.
        """
        nth = self._nth(token, tokens, scene) if scene.has_each else 0
        subject = scene.subject(token.start, token.end, nth)
        reason = "number"
        for reading in (token, token.other):
            if reading is None:
                continue
            fact, why = self._read(reading, scene, subject, before, after, head)
            if fact is not None:
                return fact.id, ""
            reason = why if reading is token or reason == "number" else reason
        fact = self._index.label(scene.text, token.start, token.end, subject.tickers)
        if fact is None:
            called_news = news or _NEWS.search(scene.sentence(token.start)) is not None
            fact = self.headline(scene.text, token.start, token.end, scene.quotes, news=called_news)
        if fact is not None:
            return fact.id, ""
        if self._is_users(token, scene):
            return None
        if reason == "number":
            reason = self._why(token)
        return "", reason

    @staticmethod
    def _nth(token: Token, tokens: Sequence[Token], scene: Scene) -> int:
        """How many numbers stand between the last name and this one."""
        start = max((hit.end for hit in scene.hits if hit.end <= token.start), default=0)
        return sum(1 for other in tokens if start <= other.start and other.end <= token.start)

    # -- kinds -------------------------------------------------------------------------------------------------------------

    def _read(
        self, token: Token, scene: Scene, subject: Subject, before: int, after: int, head: str
    ) -> tuple[Fact | None, str]:
        if token.kind == "number":
            return self._number(token, scene, subject, before, after, head)
        if token.kind == "fraction":
            whole = self._verbatim(token, subject)
            if whole is not None:
                return whole, ""
            parts = [replace(part, unit=part.unit or "part") for part in token.parts]
            first, reason = self._number(parts[0], scene, subject, before, after, head)
            second, other = self._number(parts[1], scene, subject, before, after, head)
            if first is None or second is None:
                return None, reason or other or "number"
            return first, ""
        if token.kind == "date":
            return self._date(token, subject, scene, head), "date"
        if token.kind == "time":
            return self._time(token, subject, scene, head), "time"
        if token.kind == "code":
            known = self._index.about.get(token.text)
            return (known[0] if known else None), "number" if token.other is not None else "symbol"
        return self._verbatim(token, subject), "unclear"

    def _verbatim(self, token: Token, subject: Subject) -> Fact | None:
        """The fact whose whole text this unclear run is."""
        wanted = token.text.replace(" ", "")
        found = [fact for fact in self._index.facts if not fact.quoted and fact.text.replace(" ", "") == wanted]
        return next((fact for fact in found if _is_of(fact, subject)), None)

    def _number(
        self, token: Token, scene: Scene, subject: Subject, before: int, after: int, head: str
    ) -> tuple[Fact | None, str]:
        index = self._index
        entries = index.fitting(token)
        units = COMPATIBLE.get(token.unit, _NO_UNITS)
        if token.unit == "×" and token.text.rstrip().endswith("times"):
            units |= {"count", ""}
        if token.unit == "period" and token.text.rstrip().endswith("주"):
            units = frozenset({"shares"})
        signed, wrong_sign = [], False
        for words in (False, True):  # the words of facts are read only where no value fits
            for entry in index.fitting_words(token) if words else entries:
                if not words and entry.unit not in units:
                    continue
                if self._sign_agrees(token, entry, scene.text, before, after):
                    signed.append(entry)
                else:
                    wrong_sign = True
            allowed = [entry for entry in signed if _is_of(entry.fact, subject)]
            if allowed:
                return self._named(allowed, scene, token.start, subject, head)
        if signed:
            return None, "other_symbol"
        if wrong_sign:
            return None, "sign"
        day = self._day_of_month(token, scene, subject, head)
        if day is not None:
            return day, ""
        counted = self._counted_symbols(token, scene)
        if counted is not None:
            return counted, ""
        if entries:
            return None, "unit"
        return None, "number"

    def _named(self, entries: list[Entry], scene: Scene, place: int, subject: Subject, head: str) -> tuple[Fact | None, str]:
        """Of facts of the right value the one the words before the number name; struck if they name another quantity."""
        number = scene.sentence_of(place)
        before = scene.without_names(max(scene.starts[number], place - 64), place)
        plain = (_ASIDE.sub("", before) if "(" in before else before).casefold().rstrip(" :=|₩+−-▲▼")
        said = _unlinked(plain)  # a particle may also be the title's last letter: 종가
        for words in (plain, said, *(map(str.strip, _ASIDE.sub("", head).casefold().split("\u241f")) if head else ())):
            title = self._index.title_at_end(words)
            if title:
                related = [entry for entry in entries if _related(entry.fact, title)]
                if related:
                    return self._nearest(related, scene, place, subject, head), ""
                units = {entry.unit for entry in entries}
                if any(fact.unit in units and _is_of(fact, subject) for fact in self._index.titled[title]):
                    return None, "other_quantity"
        foreign = _foreign(plain) or _foreign(said)
        if foreign is not None and not any(_related(entry.fact, foreign.group().casefold()) for entry in entries):
            return None, "other_quantity"
        return self._nearest(entries, scene, place, subject, head), ""

    def _day_of_month(self, token: Token, scene: Scene, subject: Subject, head: str) -> Fact | None:
        """ "6일" as a date, where exactly one day of the facts fits and no span of time is meant."""
        if token.unit not in {"days", "rank"} or token.value is None or token.sign or token.step != 1:
            return None
        if not 1 <= token.value <= 31:
            return None
        if not token.text.endswith(("일", "st", "nd", "rd", "th")) or _DATED_BEFORE.match(scene.text, token.end):
            return None
        if token.text.endswith("거래일") or token.text.endswith("영업일"):
            return None
        days = [day for day in self._index.dates if day.day == int(token.value)]
        return self._best(self._index.dates[days[0]], scene, token.start, subject, head) if len(days) == 1 else None

    def _counted_symbols(self, token: Token, scene: Scene) -> Fact | None:
        """ "두 종목": as many symbols as the facts are about, or as the sentence names."""
        if token.unit != "count" and not (token.unit == "" and _SYMBOLS_COUNTED.match(scene.text.lstrip(), token.end)):
            return None
        behind = scene.text[token.start : token.end + 12]
        if _SYMBOLS_COUNTED.search(behind) is None or token.value is None:
            return None
        number = scene.sentence_of(token.start)
        named = {hit.ticker for hit in scene.hits if scene.sentence_of(hit.start) == number and hit.ticker in self._index.about}
        everyone = self._index.about
        if token.value == len(named) and named:
            return everyone[min(named, key=lambda ticker: self._index.order[everyone[ticker][0].id])][0]
        if token.value == len(everyone) and 2 <= token.value <= 5:
            return next(iter(everyone.values()))[0]
        return None

    @staticmethod
    def _sign_agrees(token: Token, entry: Entry, text: str, before: int, after: int) -> bool:
        if entry.sign == 0 or token.value == 0:
            return True
        if token.sign:
            return token.sign == entry.sign
        if entry.sign < 0:
            return direction(text, token.start, token.end, before, after)[0] < 0
        moves = entry.unit in {"%", "%p"}
        if not moves and (entry.unit not in {"krw", "shares"} or not _SIGNED_WORDS.search(entry.fact.name + entry.fact.title)):
            return True
        way, forced = direction(text, token.start, token.end, before, after)
        return way >= 0 or not forced or _DOWN_WORDS.search(f"{entry.fact.name} {entry.fact.title}") is not None

    # -- dates and times -----------------------------------------------------------------------------------------------------

    def _date(self, token: Token, subject: Subject, scene: Scene, head: str) -> Fact | None:
        facts = self._dated(token)
        if facts is None:
            return None
        for part in token.parts:
            if self._dated(part) is None:
                return None
        return self._best(facts, scene, token.start, subject, head)

    def _dated(self, token: Token) -> list[Fact] | None:
        dates = self._index.dates
        if token.year is not None and token.month is not None and token.day is not None:
            try:
                return dates.get(date(token.year, token.month, token.day))
            except ValueError:
                return None
        days = [
            day for day in dates
            if token.year in {None, day.year} and token.month in {None, day.month} and token.day in {None, day.day}
        ]  # fmt: skip
        if not days or (token.year is None and len({day.year for day in days}) != 1):
            return None
        return dates[max(days)]

    def _time(self, token: Token, subject: Subject, scene: Scene, head: str) -> Fact | None:
        assert token.hour is not None
        hours = [token.hour] if token.half_day else [token.hour, (token.hour + 12) % 24]
        for hour in hours:
            facts = self._index.times.get((hour, token.minute or 0))
            if facts:
                return self._best(facts, scene, token.start, subject, head)
        return None

    def _best(self, facts: Sequence[Fact], scene: Scene, place: int, subject: Subject, head: str) -> Fact:
        """Of facts of one day or minute the first kind there is, of the symbol spoken of, with the nearest title."""
        of = [fact for fact in facts if _is_of(fact, subject)] or facts
        return self._nearest_fact(of, scene, place, subject, head)

    # -- choosing ------------------------------------------------------------------------------------------------------------

    def _nearest(self, entries: Sequence[Entry], scene: Scene, place: int, subject: Subject, head: str) -> Fact:
        if len(entries) == 1:
            return entries[0].fact
        strong = [entry for entry in entries if not entry.weak] or list(entries)
        return self._nearest_fact([entry.fact for entry in strong], scene, place, subject, head)

    def _nearest_fact(self, facts: Sequence[Fact], scene: Scene, place: int, subject: Subject, head: str) -> Fact:
        if len(facts) == 1:
            return facts[0]
        number = scene.sentence_of(place)
        begin = scene.starts[number]
        sentence = scene.sentence(place).casefold()
        title_of_cell = head.casefold()

        def rank(fact: Fact) -> tuple[int, int, float, int]:
            who = (
                subject.tickers.index(fact.ticker)
                if fact.ticker in subject.tickers
                else len(subject.tickers) + (not fact.ticker)
            )
            title = fact.title.casefold()
            words = [word for word in title.split() if len(word) >= 2 and word in (title_of_cell or sentence)]
            if title and title_of_cell and title in title_of_cell:
                return who, 0, 0.0, self._index.order[fact.id]
            at = sentence.rfind(title, 0, max(0, place - begin)) if title else -1
            at = sentence.find(title) if title and at < 0 else at
            if at >= 0:
                return who, 0, abs(place - begin - at - len(title)) - len(title) / 100, self._index.order[fact.id]
            return who, 1, -float(len(words)), self._index.order[fact.id]

        return min(facts, key=rank)

    # -- headlines and the user's own numbers ---------------------------------------------------------------------------------

    def headline(self, text: str, start: int, end: int, quotes: Sequence[tuple[int, int]], *, news: bool) -> Fact | None:
        """The headline of which this run is quoted: inside quotation marks, or verbatim where news are spoken of."""
        if not self._index.quoted:
            return None
        for first, last in quotes:
            if first < start and end < last:
                words = text[first + 1 : last - 1]
                if sum(not letter.isspace() for letter in words) >= _LEAST_VERBATIM:
                    found = self._index.quoted_whole(words) or self._index.quoting(text, start, end, _LEAST_VERBATIM)
                    if found is not None:
                        return found
        return self._index.quoting(text, start, end, _LEAST_VERBATIM) if news else None

    def _is_users(self, token: Token, scene: Scene) -> bool:
        if token.kind != "number" or token.value is None or token.value not in self._own:
            return False
        text = scene.text
        begin = max((m.end() for m in _CLAUSE.finditer(text, 0, token.start)), default=0)
        stop = _CLAUSE.search(text, token.end)
        clause = text[begin : stop.start() if stop else len(text)]
        said = any(
            abs(said_by.end() + begin - token.start) <= 24 or 0 <= said_by.start() + begin - token.end <= 12
            for said_by in _HIS.finditer(clause)
        )
        return said and _DISOWNS.search(clause) is not None and _AGREES.search(clause) is None

    def _why(self, token: Token) -> str:
        """The reason a plain number is founded on nothing."""
        if token.value is None:
            return "unclear"
        if token.value in self._own:
            return "user"
        units = COMPATIBLE.get(token.unit, frozenset())
        if self._index.quoted and self._index.says_only_quoted(token):
            return "quoted"
        if _any_of(self._index.near(token), units):
            return "rounding"
        return "computed" if self._index.computed(token) else "number"


def _foreign(words: str) -> re.Match[str] | None:
    """The quantity nobody read that ends a run of lower-case words."""
    return _FOREIGN_QUANTITY.search(words, max(0, len(words) - 14)) if words[-1:] in _FOREIGN_ENDS else None


def _unlinked(words: str) -> str:
    """Lower-case words without the particles and small words they end with."""
    at = len(words)
    while at:
        if at > 1 and words[at - 2 : at] in _PARTICLES:
            at -= 2
        elif words[at - 1] in _PARTICLES or words[at - 1].isspace():
            at -= 1
        else:
            small = _SMALL_WORD.search(words, max(0, at - _LONGEST_SMALL), at) if words[at - 1].isascii() else None
            if small is None or (at < len(words) and (words[at].isalnum() or words[at] == "_")):
                break
            at = small.start()
    return words[:at]


def _related(fact: Fact, title: str) -> bool:
    own = fact.title.casefold()
    return title in own or own in title or title in fact.name or title in fact.formula.casefold()


def _any_of(entries: Iterable[Entry], units: frozenset[str]) -> bool:
    return any(entry.unit in units for entry in entries)


def _is_of(fact: Fact, subject: Subject) -> bool:
    return not subject.tickers or fact.ticker in subject.tickers or _TICKER.fullmatch(fact.ticker) is None

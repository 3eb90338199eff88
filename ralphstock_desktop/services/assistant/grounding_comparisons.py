"""Holds comparisons of named stocks ("A의 거래대금이 B보다 더 큽니다", "A has a higher total than B") to the facts of both.

Judged only where the quantity was read for all stocks compared; what is denied, asked or supposed is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ralphstock_desktop.services.assistant.grounding_facts import FactIndex
from ralphstock_desktop.services.assistant.grounding_scene import NameHit, Scene
from ralphstock_desktop.services.assistant_contracts import Fact

__all__ = ["COMPARISONS", "Comparisons"]

_KO = (
    r"(?P<more>(?<=\s)(?:높(?=습|았|다|은 (?:종목|쪽|것)|고|으며|지만)|큽니|컸|큰 (?=종목|쪽|것)|크(?=고|다|며|지만)"
    r"|많(?=습|았|다|은 (?:종목|쪽|것)|고|으며|지만)|앞섭|앞섰|앞서))"
    r"|(?P<less>(?<=\s)(?:낮(?=습|았|다|은 (?:종목|쪽|것)|고|으며|지만)|작(?=습|았|다|은 (?:종목|쪽|것)|고|으며|지만)"
    r"|적(?=습|었|다|은 (?:종목|쪽|것)|고|으며|지만)|뒤처|뒤집))"
)
_EN = (
    r"\b(?:(?P<higher>higher|larger|bigger|greater|more|stronger)|(?P<lower>lower|smaller|less|weaker|fewer)"
    r"|(?P<most>highest|largest|biggest|greatest|strongest)|(?P<least>lowest|smallest|weakest))\b"
)
COMPARISONS = re.compile(f"{_KO}|{_EN}", re.IGNORECASE)
_IN_KOREAN = re.compile(_KO)
_IN_ENGLISH = re.compile(_EN, re.IGNORECASE)
_MAY_COMPARE = re.compile(r"\s(?=[높큽컸큰크많앞낮작적뒤])")
_MORE = frozenset({"more", "higher", "most"})
_ENGLISH = frozenset({"higher", "lower", "most", "least"})
_THAN_NAME = re.compile(r"\)?\s?(?:\([0-9A-Z]{6}\))?(?:의 \S{1,12}?|의)?\s?(?:보다|에 비해|에 비하여)")
_MOST_KO = re.compile(r"(?:가장|제일)\s*$")
_MORE_KO = re.compile(r"(?:더|더욱|훨씬)\s*$")
_OF_TWO = re.compile(r"(?<![가-힣])(?:두|둘|양) ?(?:종목|회사|기업)? ?(?:중|가운데)|(?<=\s)(?:중|가운데)(?:에서|에)?(?=[\s,])")
_NEXT_SUBJECT = re.compile(r"\S{0,3}\s?(?:종목|쪽|것)[은이]\s*$")
_NOT_MEANT_KO = re.compile(
    r"지 (?:않|못)|지는 않|면(?!서)|아니|아닙|없|는지|은지|수록|나요|까요|때|어야|아야|어도|아도|수 있|것 같|예상"
    r"|전망|는 뜻|다는 것"
)
_NOT_MEANT_EN = re.compile(
    r"\b(?:not|never|no|neither|nor|if|when|whether|would|could|may|might|should|can|once|does|do|did|who|which|what|why|how"
    r"|means?|unless|cannot)\b|n't\b",
    re.IGNORECASE,
)
_CLAUSE_EN = re.compile(r"[.;:!?\n|]|,(?!\d)|\b(?:but|while|although|whereas|because)\b", re.IGNORECASE)
_CLAUSE_KO = re.compile(r"[,.;?!\n|]|지만|으나|는데|고 |며 ")
_THAN_EN = re.compile(r"\bthan\b", re.IGNORECASE)
_REST_OF_WORD = re.compile(r"[가-힣]*")
_CALLED: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(words, re.IGNORECASE), tuple(names.split()))
    for words, names in (
        (r"주가|가격|종가|현재가|\b(?:price|close)\b", "bar.close quote.price screen.price"),
        (r"거래 ?대금|\b(?:turnover|traded value|trading value|value traded)\b", "bar.value quote.value screen.value"),
        (r"거래량|\bvolume\b(?! ratio)", "bar.volume quote.volume"),
        (r"총점|(?:VCP )?점수|\b(?:total|score)\b", "vcp.total screen.total recommend.score"),
        (r"등락률|상승률|\bchange\b", "bar.change_pct quote.change_pct screen.change"),
        (r"\bRS\b|(?<![A-Za-z])RS(?![A-Za-z])|상대 ?강도|\brelative strength\b", "vcp.item.F1.value screen.rs vcp.rs"),
        (
            r"외국인[^.,]{0,8}순매수|\bforeign (?:net )?buying\b",
            "flow.foreign_5d flow.foreign_sum screen.foreign_5d flow.foreign",
        ),
        (
            r"기관[^.,]{0,8}순매수|\binstitutional (?:net )?buying\b",
            "flow.institution_5d flow.institution_sum flow.institution",
        ),
    )
)
_ABSOLUTE = re.compile(r"낙폭|하락|손실|drawdown|loss|drop|decline|거리|차이|distance|gap", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Compared:
    start: int
    end: int
    more: bool
    one: str
    others: tuple[str, ...]
    names: tuple[str, ...]
    """Names of facts that may be meant, with the title that was said."""
    title: str


class Comparisons:
    """Compares what was read of several stocks.

    Parameters
    ----------
    index : FactIndex
    """

    def __init__(self, index: FactIndex) -> None:
        self._index = index

    def struck(self, text: str, scene: Scene, *, english: bool = True) -> Iterator[tuple[int, int, str]]:
        """Comparisons the facts contradict: start, end and reason.

        Parameters
        ----------
        english : bool
            Whether the text holds English words at all.
        """
        found = [_IN_KOREAN.match(text, place.end()) for place in _MAY_COMPARE.finditer(text)]
        for match in (*found, *(_IN_ENGLISH.finditer(text) if english else ())):
            if match is None:
                continue
            if any(start <= match.start() and match.end() <= end for start, end in scene.quotes):
                continue
            first = scene.starts[scene.sentence_of(match.start())]
            if scene.sentence(match.start()).rstrip().endswith("?"):
                continue
            read = self._english if match.lastgroup in _ENGLISH else self._korean
            said = read(text, scene, match, first)
            if said is not None and self._wrong(said):
                yield said.start, said.end, "claim"

    # -- reading ----------------------------------------------------------------------------------------------------------

    def _korean(self, text: str, scene: Scene, match: re.Match[str], first: int) -> _Compared | None:
        start, end = match.span()
        stop = _CLAUSE_KO.search(text, end)
        if _NOT_MEANT_KO.search(text[start : stop.start() if stop is not None else len(text)]):
            return None
        segment = text[first:start]
        before = [m.end() for m in COMPARISONS.finditer(segment)]
        begin = first + (before[-1] if before else 0)
        segment = text[begin:start]
        hits = [hit for hit in scene.hits if begin <= hit.start and hit.end <= start]
        than = next((hit for hit in reversed(hits) if _THAN_NAME.match(text, hit.end)), None)
        if than is None and "보다" in segment:
            return None  # than an average, than yesterday
        most = _MOST_KO.search(segment) is not None
        if than is None and not most and _MORE_KO.search(segment) is None:
            return None
        one = next(
            (hit.ticker for hit in reversed(hits) if hit is not than and (than is None or hit.ticker != than.ticker)), ""
        )
        if match.group().rstrip()[-1:] in "은큰" or text[end : end + 2] in {"은 ", "쪽은"} or match.group().endswith(" "):
            behind = next((hit for hit in scene.hits if hit.start >= end), None)
            if behind is None or _NEXT_SUBJECT.fullmatch(text, end, behind.start) is None:
                return None
            one = behind.ticker
        if not one:
            one = scene.carried[0] if than is not None and len(scene.carried) == 1 else ""
        rest = _REST_OF_WORD.match(text, end)
        where = (start, rest.end() if rest is not None else end)
        return self._made(
            where,
            match.lastgroup in _MORE,
            one,
            than,
            segment,
            scene,
            pool=most or _OF_TWO.search(text[first:start]) is not None,
        )

    def _english(self, text: str, scene: Scene, match: re.Match[str], first: int) -> _Compared | None:
        start, end = match.span()
        stops = list(_CLAUSE_EN.finditer(text, first, start))
        begin = stops[-1].end() if stops else first
        stop = _CLAUSE_EN.search(text, end)
        last = stop.start() if stop is not None else len(text)
        if _NOT_MEANT_EN.search(text[begin:last]):
            return None
        hits = [hit for hit in scene.hits if begin <= hit.start and hit.end <= start]
        if not hits:
            return None
        most = match.lastgroup in {"most", "least"}
        than = None
        if not most:
            word = _THAN_EN.search(text, end, last)
            if word is None:
                return None
            than = next((hit for hit in scene.hits if word.end() <= hit.start < word.end() + 40 and hit.end <= last), None)
            if than is None:
                return None
            last = word.start()
        said = text[end:last] if self._titles(text[end:last])[0] else text[begin:start]
        return self._made((start, end), match.lastgroup in _MORE, hits[-1].ticker, than, said, scene, pool=most)

    def _made(
        self, where: tuple[int, int], more: bool, one: str, than: NameHit | None, said: str, scene: Scene, *, pool: bool
    ) -> _Compared | None:
        names, title = self._titles(said)
        if not one or not names or _ABSOLUTE.search(title):
            return None
        if than is not None:
            others: tuple[str, ...] = (than.ticker,)
        elif pool:
            named = dict.fromkeys((*scene.carried, *(hit.ticker for hit in scene.hits)))
            others = tuple(ticker for ticker in named if ticker != one) or tuple(
                ticker for ticker in dict.fromkeys(fact.ticker for fact in self._index.facts) if ticker and ticker != one
            )
        else:
            return None
        return _Compared(*where, more, one, others, names, title)

    def _titles(self, said: str) -> tuple[tuple[str, ...], str]:
        """Names of the facts whose title, or usual word, is the last one said, and that title."""
        words = said.casefold()
        best: tuple[int, int, tuple[str, ...], str] | None = None
        for title, facts in self._index.titled.items():
            at = words.rfind(title)
            if at < 0 or (
                title.isascii() and (words[at - 1 : at].isalnum() or words[at + len(title) : at + len(title) + 1].isalpha())
            ):
                continue
            found = (at + len(title), len(title), tuple(dict.fromkeys(fact.name for fact in facts)), title)
            if best is None or found[:2] > best[:2]:
                best = found
        for pattern, names in _CALLED:
            for match in pattern.finditer(said):
                size = len(match.group())
                if best is None or (match.end(), size) > best[:2]:
                    best = (match.end(), size, names, match.group())
                elif (match.end(), size) == best[:2]:
                    best = (*best[:2], tuple(dict.fromkeys((*best[2], *names))), best[3])
        return ((), "") if best is None else (best[2], best[3])

    # -- judging -----------------------------------------------------------------------------------------------------------

    def _wrong(self, said: _Compared) -> bool:
        """Whether every quantity that may be meant was read for all of them and says otherwise."""
        verdicts: list[bool] = []
        for name in said.names:
            facts = self._index.named.get(name, {})
            ones = _values(facts.get(said.one, ()))
            against = [values for ticker in said.others if (values := _values(facts.get(ticker, ())))]
            if not ones or not against or (len(said.others) == 1 and len(against) != 1):
                continue
            is_rank = name.endswith(".rank") or any(fact.unit == "rank" for fact in facts[said.one])
            more = said.more != is_rank  # the first is above the second
            verdicts.append(all(_any_beyond(ones, others, more=more) for others in against))
        return bool(verdicts) and not any(verdicts)


def _any_beyond(ones: Sequence[float], others: Sequence[float], *, more: bool) -> bool:
    return any((one > other) if more else (one < other) for one in ones for other in others)


def _values(facts: Sequence[Fact]) -> list[float]:
    """Values of the facts that have one."""
    return [
        float(fact.value) for fact in facts
        if isinstance(fact.value, int | float) and not isinstance(fact.value, bool) and fact.value == fact.value
    ]  # fmt: skip

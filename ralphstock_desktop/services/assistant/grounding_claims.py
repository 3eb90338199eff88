"""Holds what a text claims without a number ("외국인은 순매도 중입니다", "the price fell") to the facts that were read.

A claim stands if one fact of its quantity, symbol and day points its way. It is struck if all that were read point the other
way (``claim``), or if nothing was read that could say it (``claim_unread``). Not knowing is no licence to claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from functools import cached_property
from itertools import combinations, product

from ralphstock_desktop.services.assistant.grounding_claim_english import CLAIMS_EN, english_claims
from ralphstock_desktop.services.assistant.grounding_claim_korean import CLAIMS_KO, korean_claims
from ralphstock_desktop.services.assistant.grounding_claim_words import Claim, Day, day_in, time_in
from ralphstock_desktop.services.assistant.grounding_comparisons import COMPARISONS, Comparisons
from ralphstock_desktop.services.assistant.grounding_facts import FactIndex
from ralphstock_desktop.services.assistant.grounding_scene import Scene
from ralphstock_desktop.services.assistant_contracts import Fact

__all__ = ["ClaimChecker", "first_claim"]

_FLOW_OF_DAY = {"flow.foreign": "foreign", "flow.institution": "institution", "flow.pension": "pension"}
_FLOW_OF_SPAN = {
    "flow.foreign_5d": "foreign", "flow.institution_5d": "institution", "flow.pension_5d": "pension",
    "flow.foreign_sum": "foreign", "flow.institution_sum": "institution", "flow.pension_sum": "pension",
    "screen.foreign_5d": "foreign", "screen.institution_5d": "institution",
    "vcp.item.SM1.value": "foreign", "vcp.item.SM2.value": "institution", "gate.value.foreign": "foreign",
}  # fmt: skip
_PRICE_OF_DAY = frozenset({"bar.change_pct", "bar.change", "quote.change_pct", "signal.change", "screen.change"})
_PRICE_OF_SPAN = frozenset({"bar.return_pct", "screen.return_pct"})
_CLOSES = frozenset({"bar.close", "quote.price"})
_BROKEN = frozenset({"BREAKOUT", "EXTENDED"})
_UNSURE = "BREAKOUT_UNCONFIRMED"
_PAIRS = (("vcp.total", "diff.score_before"), ("diff.score_after", "diff.score_before"), ("gate.score", "history.score"))

_CELLS = {
    **dict.fromkeys("순매수 매수 매수우위 상승 강세 buying buyer buyers bought up rose higher rising".split(), 1),
    **dict.fromkeys("순매도 매도 매도우위 하락 약세 selling seller sellers sold down fell lower falling".split(), -1),
    "매수 우위": 1, "순매수 우위": 1, "net buying": 1, "net buyers": 1, "net buyer": 1,
    "매도 우위": -1, "순매도 우위": -1, "net selling": -1, "net sellers": -1, "net seller": -1,
}  # fmt: skip
_ROWS = tuple(
    (name, re.compile(words, re.IGNORECASE))
    for name, words in (
        ("foreign", r"외국인|외인|foreign"), ("institution", r"기관|institution"), ("pension", r"연기금|pension"),
        ("individual", r"개인|개미|retail|individual"), ("kospi", r"코스피|kospi"), ("kosdaq", r"코스닥|kosdaq"),
        ("price", r"주가|등락|price|change"),
    )
)  # fmt: skip

_ENGLISH_WORD = re.compile(r"[A-Za-z]{4}")
_COMPARES = re.compile(r"보다|더 |더욱|훨씬|가장|제일|비해|비하여")

_Moves = list[tuple[bool, date | None, int]]
"""Of one quantity: whether it is of a single day, the day, and the sign."""


def first_claim(text: str) -> int | None:
    """Where the first word stands that may claim something, whatever is around it; None where there is none."""
    found = [match.start() for pattern in (CLAIMS_KO, CLAIMS_EN, COMPARISONS) if (match := pattern.search(text)) is not None]
    return min(found, default=None)


class ClaimChecker:
    """Looks up what the facts of one answer say about directions.

    Parameters
    ----------
    index : FactIndex
    """

    def __init__(self, index: FactIndex) -> None:
        self._index = index
        self._read_prices: dict[str, _Moves] = {}
        self._only = next(iter(index.about)) if len(index.about) == 1 else None
        self._comparisons = Comparisons(index)

    def struck(self, text: str, scene: Scene) -> Iterator[tuple[int, int, str]]:
        """What of a plain text is claimed without ground: start, end and reason."""
        english = _ENGLISH_WORD.search(text) is not None
        if not text.isascii():
            yield from self._judged(korean_claims(text, scene), scene)
        if english:
            yield from self._judged(english_claims(text, scene), scene)
        if scene.hits and (english or _COMPARES.search(text) is not None):
            yield from self._comparisons.struck(text, scene, english=english)

    def cell(self, text: str, head: str, scene: Scene) -> str:
        """Why a table's cell that is but a direction ("순매도") is struck; empty if it may stand.

        Parameters
        ----------
        head : str
            Title of its row and of its column.
        """
        way = _CELLS.get(text.strip().casefold())
        if way is None:
            return ""
        tickers = scene.subject(0, len(text)).tickers
        actor = next((name for name, words in _ROWS if words.search(head) is not None), "")
        if actor in {"foreign", "institution", "pension", "individual"}:
            return self.verdict(Claim(0, len(text), "flow", way, (actor,), tickers))
        if actor in {"kospi", "kosdaq"}:
            return self.verdict(Claim(0, len(text), "index", way, (actor,)))
        return self.verdict(Claim(0, len(text), "price", way, (), tickers)) if actor and tickers else ""

    def _judged(self, claims: Iterable[Claim], scene: Scene) -> Iterator[tuple[int, int, str]]:
        for claim in claims:
            if any(start <= claim.start and claim.end <= end for start, end in scene.quotes):
                continue
            reason = self.verdict(claim)
            if reason:
                yield claim.start, claim.end, reason

    def verdict(self, claim: Claim) -> str:
        """Why a claim is struck; empty where it stands or is not ours to judge."""
        if claim.every:
            return max((self.verdict(replace(claim, tickers=(one,), every=False)) for one in claim.tickers), key=len)
        if not claim.tickers and claim.kind in {"price", "score", "state"}:
            if self._only is None:
                return ""
            claim = replace(claim, tickers=(self._only,))
        if claim.kind == "flow":
            return max((_held(self._of_flow(claim, actor), claim) for actor in claim.who), key=len)
        if claim.kind == "price":
            return _held([move for ticker in claim.tickers for move in self._prices(ticker)], claim)
        if claim.kind == "index":
            return self._index_moved(claim)
        if claim.kind in {"score", "gate"}:
            tickers = claim.tickers if claim.kind == "score" else ("",)
            return _held([move for ticker in tickers for move in self._scores.get(ticker, ())], claim)
        if claim.kind == "state":
            return self._stands(claim)
        marked = [mark for ticker in claim.tickers for mark in self._marks.get(ticker, ())]
        return "" if any(claim.who[0] in mark for mark in marked) else "claim_unread"

    def _of_flow(self, claim: Claim, actor: str) -> _Moves:
        flows = self._flows.get(actor, {})
        if claim.tickers:
            moves = [move for ticker in claim.tickers for move in flows.get(ticker, ())]
            return moves + flows.get("", []) if claim.market else moves
        if claim.market and any(flows.get(place) for place in ("",)):
            return flows[""]
        return [move for of_one in flows.values() for move in of_one]

    def _index_moved(self, claim: Claim) -> str:
        named = [move for name in claim.who or ("kospi", "kosdaq") for move in self._indices.get(name, ())]
        if not claim.who and not named:
            return ""  # "the market" may be the gate, breadth or a mood
        return _held(named, claim)

    def _stands(self, claim: Claim) -> str:
        states = [state for ticker in claim.tickers for state in self._states.get(ticker, ())]
        if not states:
            return ""  # other facts, such as the reasons of a recommendation, may tell it
        if _UNSURE in states:
            return ""  # above the pivot, but not confirmed: either may be said of it
        return "" if any((state in _BROKEN) == (claim.way > 0) for state in states) else "claim"

    # -- what was read -----------------------------------------------------------------------------------------------------

    @cached_property
    def _flows(self) -> dict[str, dict[str, _Moves]]:
        """Of each kind of investor and stock; of the market under no stock."""
        found: dict[str, dict[str, _Moves]] = {}
        for name, of_stocks in self._index.named.items():
            actor = _FLOW_OF_DAY.get(name) or _FLOW_OF_SPAN.get(name) or _actor_of(name)
            if actor:
                for ticker, facts in of_stocks.items():
                    place = "" if name.startswith("gate.") else ticker
                    found.setdefault(actor, {}).setdefault(place, []).extend(_moves(facts, of_day=name in _FLOW_OF_DAY))
        return found

    def _prices(self, ticker: str) -> _Moves:
        if ticker not in self._read_prices:
            found = _moves(self._called(_PRICE_OF_DAY, ticker), of_day=True)
            found += _moves(self._called(_PRICE_OF_SPAN, ticker), of_day=False)
            closes = {fact.day: fact.value for fact in self._called(_CLOSES, ticker) if isinstance(fact.value, int | float)}
            days = sorted((day for day in closes if day is not None), reverse=True)
            for day, earlier in combinations(days, 2):
                gap = closes[day] - closes[earlier]
                found.append((False, day, (gap > 0) - (gap < 0)))
            self._read_prices[ticker] = found
        return self._read_prices[ticker]

    @cached_property
    def _indices(self) -> dict[str, _Moves]:
        found: dict[str, _Moves] = {}
        for fact in self._called(("index.change",)):
            found.setdefault(fact.target.item, []).extend(_moves((fact,), of_day=True))
        return found

    @cached_property
    def _scores(self) -> dict[str, _Moves]:
        found: dict[str, _Moves] = {}
        for fact in self._called(("diff.change",)):
            found.setdefault(fact.ticker, []).extend(_moves((fact,), of_day=True))
        for now, before in _PAIRS:
            for new, old in product(self._called((now,)), self._called((before,))):
                of_gate = now == "gate.score"
                if (of_gate or new.ticker == old.ticker) and isinstance(new.value, float) and isinstance(old.value, float):
                    gap = new.value - old.value
                    found.setdefault("" if of_gate else new.ticker, []).append((True, None, (gap > 0) - (gap < 0)))
        return found

    @cached_property
    def _states(self) -> dict[str, list[str]]:
        return self._words("vcp.state")

    @cached_property
    def _marks(self) -> dict[str, list[str]]:
        found = self._words("stock.designation")
        for fact in self._called(("bar.halted_since", "vcp.state")):
            if fact.name == "bar.halted_since" or fact.value == "NOT_TRADABLE":
                found.setdefault(fact.ticker, []).append("HALT")
        return found

    def _called(self, names: Iterable[str], ticker: str | None = None) -> list[Fact]:
        """Facts of some names, of one stock or of all."""
        of_names = [self._index.named[name] for name in names if name in self._index.named]
        if ticker is not None:
            return [fact for of_stocks in of_names for fact in of_stocks.get(ticker, ())]
        return [fact for of_stocks in of_names for facts in of_stocks.values() for fact in facts]

    def _words(self, name: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for fact in self._called((name,)):
            if isinstance(fact.value, str):
                found.setdefault(fact.ticker, []).append(fact.value)
        return found


def _held(moves: _Moves, claim: Claim) -> str:
    """Why a claim does not hold against what was read; empty if it does."""
    if not moves:
        return "claim_unread"
    if all(move[2] == claim.way for move in moves):
        return ""
    single = [move for move in moves if move[0] and move[1] is not None]
    fitting = moves
    day, time = day_in(claim.around), time_in(claim.around)
    if day is not None:
        on_day = [move for move in moves if move[1] is not None and _same_day(move[1], day)]
        fitting = [move for move in on_day if move[0]] or on_day or moves
    elif time == "sum":
        fitting = [move for move in moves if not move[0]] or moves
    elif time != "span" and single:
        last = max(move[1] for move in single if move[1] is not None)
        of_last = [move for move in moves if move[0] and move[1] in {last, None}]
        fitting = of_last if time == "day" else of_last + [move for move in moves if not move[0]]
    return "" if any(move[2] == claim.way for move in fitting) else "claim"


def _same_day(day: date, said: Day) -> bool:
    return (day.month, day.day) == said[1:] and said[0] in {None, day.year}


def _moves(facts: Iterable[Fact], *, of_day: bool) -> _Moves:
    """Days and signs of the facts that have a value."""
    return [
        (of_day, fact.day, (fact.value > 0) - (fact.value < 0))
        for fact in facts
        if isinstance(fact.value, int | float) and fact.value == fact.value
    ]


def _actor_of(name: str) -> str:
    """``foreign`` of ``flow.foreign_20d``."""
    family, _, rest = name.partition(".")
    actor = rest.partition("_")[0]
    return actor if family == "flow" and actor in {"foreign", "institution", "pension", "individual"} else ""

"""The facts of an answer, ready to be asked "which of you is this number?".

Values are compared exactly, as decimals: a shown number stands for a value if it equals it or is it rounded to the digits
shown, half-up or half-even (domain.md §8.4-1). Truncation is not rounding.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from engine.model.instants import kst_datetime
from ralphstock_desktop.services.assistant.facts import write_value
from ralphstock_desktop.services.assistant.grounding_letters import plain_text
from ralphstock_desktop.services.assistant.numbers import Token, find_tokens
from ralphstock_desktop.services.assistant_contracts import Fact
from ralphstock_desktop.wording.texts import Language

__all__ = ["COMPATIBLE", "Entry", "FactIndex", "rounds_to"]

COMPATIBLE: dict[str, frozenset[str]] = {
    "won": frozenset({"won", "krw"}),
    "amount": frozenset({"won", "krw"}),
    "bulk": frozenset({"won", "krw", "shares", "count", ""}),
    "%": frozenset({"%"}),
    "%p": frozenset({"%p"}),
    "×": frozenset({"×"}),
    "shares": frozenset({"shares"}),
    "points": frozenset({"points", "index"}),
    "rank": frozenset({"rank"}),
    "count": frozenset({"count", ""}),
    "days": frozenset({"days", "bars"}),  # a daily bar is a trading day
    "bars": frozenset({"bars", "days"}),
    "part": frozenset({"points", "count", ""}),  # of "7/12"
    "": frozenset({"count", "points", "index", "rank", "won", "krw", "shares", ""}),
}
"""Units of facts a number may stand for, by the unit it is written with; units not listed stand for none."""

_NUMERIC = frozenset({"won", "krw", "%", "%p", "×", "shares", "points", "rank", "count", "days", "bars", "index", ""})
_USERS_WORDS = frozenset({"news.words"})
_DAYS_OF_NAME = re.compile(r"_(\d{1,3})d(?![a-z0-9])")
_SOURCES = frozenset({"news.source"})
_WORDS = re.compile(r"[^\W\d_]{2,}")
_LAST_WORD = re.compile(r"([^\W\d_]{2,})[\s(]*$")
_NEXT_WORDS = re.compile(r"\s?([^\W\d_]{2,})(?:\s([^\W\d_]{2,}))?")
_STREAK = re.compile(r"\s?(?:거래일\s?|trading )?(연속|째|in a row|straight|consecutive|running)", re.IGNORECASE)
_NEVER_BARE = frozenset({"%", "%p", "×", "period"})
_TICKER = re.compile(r"[0-9A-Z]{6}")
_DIGIT = re.compile(r"\d")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One value a fact holds. ``weak``: it stands in the fact's words, not in its value."""

    size: float
    exact: Decimal
    sign: int
    unit: str
    fact: Fact
    order: int
    weak: bool = False


def rounds_to(exact: Decimal, shown: Decimal, step: Decimal) -> bool:
    """Whether ``shown`` is ``exact`` (both without sign) rounded to multiples of ``step``, half-up or half-even.

    Ties are decided on the shortest decimal form and also on the binary number, as Python's own formatting does.
    """
    apart, half = abs(exact - shown), step / 2
    if apart < half:
        return True
    if apart > half * Decimal("1.000000001"):
        return False
    wanted, quotient = shown / step, exact / step
    if wanted in {quotient.quantize(Decimal(1), ROUND_HALF_UP), quotient.quantize(Decimal(1), ROUND_HALF_EVEN)}:
        return True
    scale = float(step)
    decimals = max(0, -int(step.normalize().as_tuple().exponent)) if scale < 1 else 0
    written = f"{float(exact):.{decimals}f}" if scale < 1 else f"{float(exact) / scale:.0f}"
    return Decimal(written) == (shown if scale < 1 else wanted)


class FactIndex:
    """Looks facts up by value, date, time, code and words.

    Parameters
    ----------
    facts : sequence of Fact
        In order of reading; of equal ones the first is preferred.
    language : Language
        In which their texts are written.
    """

    def __init__(self, facts: Sequence[Fact], language: Language) -> None:
        self.facts = tuple(facts)
        self.language: Language = language
        self.by_id = {fact.id: fact for fact in self.facts}
        self.order = {fact.id: number for number, fact in enumerate(self.facts)}
        own = [fact for fact in self.facts if not fact.quoted]
        self.quoted = [(fact, _flat(fact.text)) for fact in self.facts if fact.quoted]
        self.about: dict[str, list[Fact]] = {}
        self.named: dict[str, dict[str, list[Fact]]] = {}
        """Facts of ours by name and ticker."""
        self.titled: dict[str, list[Fact]] = {}
        self.dates: dict[date, list[Fact]] = {}
        self.times: dict[tuple[int, int], list[Fact]] = {}
        self.grades: dict[str, list[Fact]] = {}
        self.urls = {fact.target.url: fact for fact in self.facts if fact.target.url}
        entries: list[Entry] = []
        for fact in own:
            self.named.setdefault(fact.name, {}).setdefault(fact.ticker, []).append(fact)
            if _TICKER.fullmatch(fact.ticker) and fact.unit not in {"name", "code"}:
                self.about.setdefault(fact.ticker, []).append(fact)
            entries += self._entries(fact)
            if len(fact.title) >= 2 and fact.unit in _NUMERIC:
                self.titled.setdefault(fact.title.casefold(), []).append(fact)
        self._titles: dict[str, list[str]] = {}
        for title in sorted(self.titled, key=len, reverse=True):
            self._titles.setdefault(title[-1], []).append(title)
        for named in self.about.values():  # a name leads to the fact of the name, else of the code
            named.sort(key=lambda fact: (fact.unit != "name", fact.unit != "code"))
        days: dict[date, dict[str, Fact]] = {}
        hours: dict[tuple[int, int], dict[str, Fact]] = {}
        for fact in own:  # a day or hour a fact belongs to is known as well; one fact of each symbol is enough
            if fact.day is not None and fact.day not in self.dates:
                days.setdefault(fact.day, {}).setdefault(fact.ticker, fact)
            if fact.known_at_ns is not None:
                moment = kst_datetime(fact.known_at_ns)
                if (moment.hour, moment.minute) not in self.times:
                    hours.setdefault((moment.hour, moment.minute), {}).setdefault(fact.ticker, fact)
        self.dates |= {day: list(facts_of.values()) for day, facts_of in days.items()}
        self.times |= {hour: list(facts_of.values()) for hour, facts_of in hours.items()}
        self._entries_by_size = sorted(entries, key=lambda entry: (entry.size, entry.order))
        self._sizes = [entry.size for entry in self._entries_by_size]
        self._weak: list[Entry] | None = None
        self._labels: list[tuple[str, Fact]] | None = None

    def _entries(self, fact: Fact) -> list[Entry]:
        value, number = fact.value, self.order[fact.id]
        if isinstance(value, int | float) and not isinstance(value, bool):
            if fact.unit in _NUMERIC and math.isfinite(value):
                return [_entry(Decimal(repr(value)) if isinstance(value, float) else Decimal(value), fact.unit, fact, number)]
        elif isinstance(value, str):
            if fact.unit == "code" or fact.unit == "name":
                code = fact.ticker or value
                if _TICKER.fullmatch(code):
                    self.about.setdefault(code, []).append(fact)
            elif fact.unit == "grade":
                self.grades.setdefault(value, []).append(fact)
            elif fact.unit in {"date", "time"}:
                self._take_instant(fact, value)
        return []

    def _take_instant(self, fact: Fact, value: str) -> None:
        try:
            day = date.fromisoformat(value[:10])
        except ValueError:
            return
        self.dates.setdefault(day, []).append(fact)
        hour, minute = value[11:13], value[14:16]
        if fact.unit == "time" and hour.isdigit() and minute.isdigit():
            self.times.setdefault((int(hour), int(minute)), []).append(fact)

    # -- values -----------------------------------------------------------------------------------------------------------

    def fitting(self, token: Token) -> list[Entry]:
        """Every value the digits of a number stand for, whatever its unit, sign or symbol."""
        if token.value is None:
            return []
        value, step = token.value, token.step
        reach = float(step) * (1.0 if token.floor else 0.500001)
        size = float(value)
        slack = 1e-12 * max(1.0, size)
        low = bisect_left(self._sizes, size - reach - slack)
        high = bisect_right(self._sizes, size + reach + slack, lo=low)
        return [entry for entry in self._entries_by_size[low:high] if _stands_for(token, value, step, entry.exact)]

    def near(self, token: Token) -> list[Entry]:
        """Values less than one shown digit away: what was cut or rounded wrongly."""
        if token.value is None or token.strict:
            return []
        size, reach = float(token.value), float(token.step) * 1.0000001
        low = bisect_left(self._sizes, size - reach)
        return self._entries_by_size[low : bisect_right(self._sizes, size + reach, lo=low)]

    def computed(self, token: Token) -> bool:
        """Whether the number is a sum, difference or ratio of two values of one unit; only for three digits and more, since
        shorter numbers are the sum of something by chance."""
        if token.value is None or token.strict or len(str(token.value).replace(".", "").strip("0")) < 3:
            return False
        units = COMPATIBLE.get(token.unit, frozenset()) | ({"%"} if token.unit == "%p" else set())
        size, reach = float(token.value), float(token.step) * 0.500001
        by_unit: dict[str, list[float]] = {}
        for entry in self._entries_by_size:
            if entry.size:
                by_unit.setdefault(entry.unit, []).append(entry.size * entry.sign)
        for unit, values in by_unit.items():
            numbers = sorted(values)
            if unit in units and any(
                _holds(numbers, wanted, reach)
                for value in numbers
                for wanted in (size - value, size + value, -size - value, -size + value)
            ):
                return True
            factors = (
                (1 + size / 100, 1 - size / 100, size / 100) if token.unit == "%" else (size,) if token.unit == "×" else ()
            )
            if unit != "%" and any(
                _holds(numbers, value * factor, abs(value) * reach / (100 if token.unit == "%" else 1))
                for value in numbers
                for factor in factors
            ):
                return True
        return False

    def title_at_end(self, words: str) -> str:
        """The longest title of a fact that ends a run of lower-case words; empty if none does."""
        for title in self._titles.get(words[-1:], ()):
            if words.endswith(title) and not words[: -len(title)][-1:].isalnum():
                return title
        return ""

    # -- words ------------------------------------------------------------------------------------------------------------

    @property
    def weak(self) -> list[Entry]:
        """Numbers that stand in the words of facts: texts unlike their value ("7/12"), and formulas."""
        if self._weak is None:
            self._weak = [entry for fact in self.facts if not fact.quoted for entry in self._worded(fact)]
        return self._weak

    def _worded(self, fact: Fact) -> list[Entry]:
        number = self.order[fact.id]
        found: list[Entry] = []
        if _DIGIT.search(fact.text) and fact.unit not in {"date", "time", "code", "text"}:
            plain = fact.unit in _NUMERIC and not isinstance(fact.value, str)
            if not plain or fact.text != write_value(fact.value, fact.unit, self.language):
                for token in find_tokens(plain_text(fact.text).text):
                    for part in token.parts or (token,):
                        if part.value is not None:
                            found.append(_entry(part.value, part.unit or "", fact, number, token.sign or 1, weak=True))
        if _DIGIT.search(fact.formula):
            for token in find_tokens(plain_text(fact.formula).text):
                if token.value is not None and len(str(token.value).strip("0.").replace(".", "")) >= 3:
                    found.append(_entry(token.value, token.unit, fact, number, token.sign or 1, weak=True))
        return found

    def fitting_words(self, token: Token) -> list[Entry]:
        """As :meth:`fitting` for the numbers in the words of facts; there the digits and the unit must be the same."""
        if token.value is None:
            return []
        value = token.value
        return [
            entry for entry in self.weak
            if entry.exact == value and (entry.unit == token.unit or (not entry.unit and token.unit not in _NEVER_BARE))
        ]  # fmt: skip

    @property
    def labels(self) -> list[tuple[str, Fact]]:
        """Titles, names of items and symbols that hold digits, in plain lower-case form."""
        if self._labels is None:
            self._labels = []
            for fact in self.facts:
                if fact.quoted:
                    continue
                words = {fact.title, fact.formula, fact.target.item, fact.target.strategy}
                words.update(part for part in fact.name.split(".") if _DIGIT.search(part))
                if fact.unit in {"word", "name", "", "grade"} or (fact.unit == "text" and fact.name not in _USERS_WORDS):
                    words.add(fact.text)  # a sentence of ours, as the reasons of a recommendation
                for days in _DAYS_OF_NAME.findall(f"{fact.name}.{fact.target.item}"):  # flow.foreign_5d
                    words.update((f"{fact.title} {days}일", f"{days}-day {fact.title}", f"{fact.title} {days}d"))
                self._labels += [(_flat(word), fact) for word in sorted(words) if _DIGIT.search(word)]
        return self._labels

    def label(self, text: str, start: int, end: int, tickers: Sequence[str] = ()) -> Fact | None:
        """The fact whose title or name holds ``text[start:end]`` together with a word beside it ("5일 순매수", "C1").

        With ``tickers`` only facts of those symbols and of none.
        """
        core = text[start:end].strip().casefold()
        if not core:
            return None
        left_word, right_words = _LAST_WORD.search(text[max(0, start - 24) : start]), _NEXT_WORDS.match(text, end)
        found = [word for match in (left_word, right_words) if match is not None for word in match.groups() if word]
        beside = [word.casefold() for word in found]
        streak = _STREAK.match(text, end)
        for label, fact in self.labels:
            if tickers and fact.ticker not in tickers and _TICKER.fullmatch(fact.ticker):
                continue
            if streak is not None and streak.group(1).casefold() not in label:
                continue  # "5일 연속" is not said by "5일 순매수"
            at = label.find(core)
            while at >= 0:
                left, right = _common(label, at, at + len(core), text, start, end, words=True)
                after = label[at + len(core) : at + len(core) + 1]
                whole = not (at and label[at - 1].isalnum() and not left) and not (after.isdigit() and not right)
                code = core[:1].isalpha() and core.isascii()
                if whole and (
                    left + right >= 2 or code or any(word.startswith(tuple(_WORDS.findall(label))) for word in beside)
                ):
                    return fact
                at = label.find(core, at + 1)
        return None

    def quoting(self, text: str, start: int, end: int, least: int) -> Fact | None:
        """The quoted fact of which ``text[start:end]`` and at least ``least`` letters around it are a verbatim part."""
        core = text[start:end].strip().casefold()
        for fact, words in self.quoted:
            if fact.name in _SOURCES and core.isdigit() and len(core) <= 2:
                first = text.casefold().rfind(words, 0, end + len(words))
                if len(words) > len(core) + 1 and first >= 0 and first <= start and end <= first + len(words):
                    return fact  # the name of a newspaper
            at = words.find(core)
            while core and at >= 0:
                if sum(_common(words, at, at + len(core), text, start, end)) >= least:
                    return fact
                at = words.find(core, at + 1)
        return None

    def quoted_whole(self, words: str) -> Fact | None:
        """The quoted fact of which all of ``words`` is a verbatim part."""
        wanted = _flat(words).strip(" .,…·")
        return next((fact for fact, text in self.quoted if wanted and wanted in text), None)

    def says_only_quoted(self, token: Token) -> bool:
        """Whether a headline holds the number."""
        return any(_SPACES.sub("", token.text.casefold()) in text.replace(" ", "") for _, text in self.quoted)


def _entry(value: Decimal, unit: str, fact: Fact, number: int, sign: int = 0, *, weak: bool = False) -> Entry:
    way = sign or (0 if value == 0 else 1 if value > 0 else -1)
    return Entry(abs(float(value)), abs(value), way if value else 0, unit, fact, number, weak)


def _stands_for(token: Token, value: Decimal, step: Decimal, exact: Decimal) -> bool:
    if token.floor:
        return value <= exact < value + step
    if exact == value:
        return True
    if not rounds_to(exact, value, step):
        return False
    return not token.strict or abs(exact - value) * 100 <= exact


def _holds(numbers: Sequence[float], wanted: float, reach: float) -> bool:
    at = bisect_left(numbers, wanted - reach)
    return at < len(numbers) and numbers[at] <= wanted + reach


def _flat(text: str) -> str:
    return _SPACES.sub(" ", plain_text(text).text).casefold().strip()


def _common(label: str, first: int, last: int, text: str, start: int, end: int, *, words: bool = False) -> tuple[int, int]:
    """Letters that agree to the left and to the right of two places; with ``words`` whole words of the label only."""
    i, j = first - 1, start - 1
    while i >= 0 and j >= 0 and label[i] == text[j].casefold():
        i, j = i - 1, j - 1
    i += 1
    while words and i < first and i > 0 and label[i - 1].isalnum() and label[i].isalnum():
        i += 1
    left = sum(not letter.isspace() for letter in label[i:first])
    i, j = last, end
    while i < len(label) and j < len(text) and label[i] == text[j].casefold():
        i, j = i + 1, j + 1
    while words and i > last and i < len(label) and label[i].isalnum() and label[i - 1].isalnum():
        i -= 1
    return left, sum(not letter.isspace() for letter in label[last:i])

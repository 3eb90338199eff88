"""The filter line of the tables: a small, safe expression language in Korean and English.

``거래대금 >= 10억 그리고 RS >= 70`` · ``total > 65 and state = breakout`` · ``(등급 >= A 또는 돌파) 업종 ~ 반도체`` ·
``수급 없음`` · ``ㅅㅅㅈㅈ``. What is not a comparison is a search in name, 초성, code and sector.

Grammar (white space free, keywords from the text catalogue)::

    either  := both { OR both }
    both    := one { [AND] one }                      juxtaposition is AND
    one     := NOT one | "(" either ")" | field compare value | number compare field [compare number]
             | field HAS | field MISSING | words
    value   := number [unit] {number unit} | choice | words | "quoted"

Parsing yields a :data:`Predicate`, a pure function of rows; nothing is ever evaluated as code. A missing value satisfies no
comparison, not even ``!=``. Errors name the place and what would be right.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from engine.model.errors import ValidationFailed
from engine.model.panel import FloatArray

__all__ = ["FieldWords", "FilterError", "FilterRows", "Predicate", "Vocabulary", "fold", "parse_filter"]

Mask = npt.NDArray[np.bool_]
_EPSILON = 1e-9


class FilterRows(Protocol):
    """What a predicate may ask of the rows."""

    @property
    def size(self) -> int:
        """Number of rows."""
        ...

    def filter_keys(self, field_id: str) -> FloatArray:
        """Numbers (or choice codes) of a field, NaN where missing."""
        ...

    def filter_texts(self, field_id: str) -> Sequence[str]:
        """Texts of a field, empty where missing."""
        ...

    def search(self, words: str) -> Mask:
        """Rows whose name, 초성, code or sector holds the words."""
        ...


Predicate = Callable[[FilterRows], Mask]


@dataclass(frozen=True)
class FieldWords:
    """One field a comparison may name."""

    id: str
    kind: Literal["number", "choice", "text"]
    aliases: tuple[str, ...]
    """Folded: lower case without spaces."""
    choices: dict[str, float] = field(default_factory=dict)
    """Folded word to code, for ``choice``."""
    ordered: bool = False
    """Whether ``<`` and ``>`` make sense for a choice (grades)."""


@dataclass(frozen=True)
class Vocabulary:
    """All words the language knows, both languages together, folded."""

    fields: tuple[FieldWords, ...]
    all_of: frozenset[str]
    any_of: frozenset[str]
    none_of: frozenset[str]
    has: frozenset[str]
    missing: frozenset[str]
    multipliers: dict[str, float]
    """Units that multiply: 만, 억, 조, K, M …"""
    plain_units: frozenset[str]
    """Units that only say what is meant: 원, 주, %, 배 …"""

    def find(self, words: str) -> FieldWords | None:
        """The field with this name."""
        folded = fold(words)
        return next((item for item in self.fields if folded in item.aliases), None)

    def nearest(self, words: str) -> str:
        """The most similar field name, empty if none is similar."""
        names = [alias for item in self.fields for alias in item.aliases]
        close = difflib.get_close_matches(fold(words), names, n=1, cutoff=0.5)
        return close[0] if close else ""


class FilterError(ValidationFailed):
    """The filter cannot be understood; ``position`` counts characters from 0."""

    def __init__(self, message: str, *, key: str, position: int, **fields: str | int | float) -> None:
        super().__init__(message, key=key, position=position + 1, **fields)
        self.position = position


def fold(words: str) -> str:
    """Lower case without spaces, dots in the middle of a name kept out: how aliases are compared."""
    return re.sub(r"[\s·.]", "", words.casefold())


_SPACE = re.compile(r"\s*")
_COMPARE = re.compile(r">=|<=|!=|==|≥|≤|≠|=|>|<|~")
_AND_SIGN, _OR_SIGN = re.compile(r"&&|&(?=\s)"), re.compile(r"\|\|?")
_WORD = re.compile(r"(?:[^\s()<>=≥≤≠!~&|\"]|&(?![&\s]))+")  # KT&G is one word
_QUOTED = re.compile(r'"([^"]*)"')
_NUMBER = re.compile(r"[+\-\u2212]?\s*₩?\s*(\d[\d,]*(?:\.\d+)?|\.\d+)")
_UNIT = re.compile(r"[^\s\d()<>=≥≤≠!~&|\",.+\-\u2212]+")
_NORMAL = {"≥": ">=", "≤": "<=", "≠": "!=", "==": "="}
_FLIPPED = {">=": "<=", "<=": ">=", ">": "<", "<": ">", "=": "=", "!=": "!="}


def parse_filter(text: str, vocabulary: Vocabulary) -> Predicate:
    """Turn a filter line into a predicate; an empty line keeps every row.

    Raises
    ------
    FilterError
        With the place and a text key ``table.filter.error.<cause>``.
    """
    if not text.strip():
        return lambda rows: np.ones(rows.size, dtype=np.bool_)
    return _Parser(text, vocabulary).parse()


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    start: int
    end: int


class _Parser:
    """Recursive descent over the raw text, because what a number or a word is depends on the place."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self.text = text
        self.words = vocabulary
        self.at = 0
        self.depth = 0

    def parse(self) -> Predicate:
        result = self.either()
        self.skip()
        if self.at < len(self.text):
            raise self.error("unexpected", f"'{self.text[self.at]}' is not expected here.", found=self.text[self.at])
        return result

    # -- connectives ----------------------------------------------------------------------------------------------------

    def either(self) -> Predicate:
        parts = [self.both()]
        while self.take_sign(_OR_SIGN) or self.take_word(self.words.any_of):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else lambda rows: np.logical_or.reduce([part(rows) for part in parts])

    def both(self) -> Predicate:
        parts = [self.one()]
        while True:
            if self.take_sign(_AND_SIGN) or self.take_word(self.words.all_of) or self.more_terms():
                parts.append(self.one())
            else:
                break
        return parts[0] if len(parts) == 1 else lambda rows: np.logical_and.reduce([part(rows) for part in parts])

    def more_terms(self) -> bool:
        self.skip()
        if self.at >= len(self.text) or self.text[self.at] in ")|":
            return False
        return not self.is_word(self.words.any_of)

    def one(self) -> Predicate:
        self.skip()
        if self.at >= len(self.text):
            raise self.error("term_expected", "A condition is expected at the end.")
        if self.text.startswith("!", self.at) and not self.text.startswith("!=", self.at):
            self.at += 1
            return self.negated()
        if self.take_word(self.words.none_of):
            return self.negated()
        if self.text[self.at] == "(":
            return self.group()
        return self.term()

    def negated(self) -> Predicate:
        inner = self.one()
        return lambda rows: ~inner(rows)

    def group(self) -> Predicate:
        opened = self.at
        self.depth += 1
        if self.depth > 20:
            raise self.error("too_deep", "Brackets are nested more than 20 deep.")
        self.at += 1
        inner = self.either()
        self.skip()
        if not self.text.startswith(")", self.at):
            raise self.error("bracket", "This bracket is never closed.", position=opened)
        self.at += 1
        self.depth -= 1
        return inner

    # -- one condition --------------------------------------------------------------------------------------------------

    def term(self) -> Predicate:
        start = self.at
        quoted = _QUOTED.match(self.text, self.at)
        if quoted:
            self.at = quoted.end()
            return _searching(quoted.group(1))
        if self.text[self.at] == '"':
            raise self.error("quote", "This quotation mark is never closed.")
        run = self.take_run()
        if not run:
            found = self.text[self.at]
            raise self.error("unexpected", f"'{found}' is not expected here.", found=found)
        if self.peek_compare():
            return self.comparison(run, start)
        special = self.presence(run)
        if special is not None:
            return special
        words = self.text[run[0].start : run[-1].end]
        named = self.words.find(words)
        if named is not None and named.kind == "number":
            self.at = run[-1].end
            raise self.error("compare_expected", f"A comparison is expected after '{words}'.", field=words)
        spoken = self.spoken_choice(words)
        if spoken is not None:
            search = _searching(words)
            return lambda rows: spoken(rows) | search(rows)
        return _searching(words)

    def spoken_choice(self, words: str) -> Predicate | None:
        """``돌파`` alone means the state, ``코스닥`` the market; single letters (grades) stay searches."""
        folded = fold(words)
        for item in self.words.fields:
            if item.kind == "choice" and not item.ordered and len(folded) > 1 and folded in item.choices:
                return _comparing(item.id, "=", item.choices[folded])
        return None

    def presence(self, run: list[_Word]) -> Predicate | None:
        """``RS 있음`` / ``수급 없음``: the last word asks whether there is a value."""
        last = fold(run[-1].text)
        if len(run) < 2 or last not in self.words.has | self.words.missing:
            return None
        named = self.words.find(self.text[run[0].start : run[-2].end])
        if named is None:
            return None
        wanted = last in self.words.has
        identifier, kind = named.id, named.kind

        def predicate(rows: FilterRows) -> Mask:
            if kind == "text":
                known = np.asarray([bool(value) for value in rows.filter_texts(identifier)], dtype=np.bool_)
            else:
                known = ~np.isnan(rows.filter_keys(identifier))
            return known if wanted else ~known

        return predicate

    def comparison(self, run: list[_Word], start: int) -> Predicate:
        phrase = self.text[start : run[-1].end].strip()
        if _NUMBER.match(phrase) and self.words.find(phrase) is None:
            return self.flipped(start)
        for skipped in range(len(run)):
            named = self.words.find(self.text[run[skipped].start : run[-1].end])
            if named is not None:
                right = self.compare_with(named)
                if skipped == 0:
                    return right
                left = _searching(self.text[run[0].start : run[skipped - 1].end])
                return lambda rows: left(rows) & right(rows)
        name = run[-1].text
        near = self.words.nearest(name)
        key = "field_near" if near else "field"
        hint = f" Did you mean '{near}'?" if near else ""
        raise self.error(key, f"There is no column named '{name}'.{hint}", position=run[-1].start, field=name, near=near)

    def flipped(self, start: int) -> Predicate:
        """``50 <= 총점 < 65``."""
        self.at = start
        low = self.number()
        sign = _FLIPPED.get(self.take_compare())
        if sign is None:
            raise self.error("sign", "Only < <= > >= = may stand here.")
        self.skip()
        place = self.at
        run = self.take_run()
        name = self.text[run[0].start : run[-1].end] if run else ""
        named = self.words.find(name)
        if named is None or named.kind != "number":
            near = self.words.nearest(name)
            key = "field_near" if near else "field"
            raise self.error(key, f"There is no column of numbers named '{name}'.", position=place, field=name, near=near)
        first = _comparing(named.id, sign, low)
        if not self.peek_compare():
            return first
        second = self.compare_with(named)
        return lambda rows: first(rows) & second(rows)

    def compare_with(self, named: FieldWords) -> Predicate:
        sign_at = self.at
        sign = self.take_compare()
        self.skip()
        if named.kind == "number":
            if sign == "~":
                raise self.error("sign_number", "~ is for words, not for numbers.", position=sign_at)
            return _comparing(named.id, sign, self.number())
        if named.kind == "choice":
            if sign in ("<", ">", "<=", ">=") and not named.ordered:
                raise self.error("sign_choice", "This column only knows = and !=.", position=sign_at)
            return _comparing(named.id, "=" if sign == "~" else sign, self.choice(named))
        if sign in ("<", ">", "<=", ">="):
            raise self.error("sign_text", "Words only know =, != and ~.", position=sign_at)
        return _matching(named.id, sign, self.phrase())

    # -- values ---------------------------------------------------------------------------------------------------------

    def number(self) -> float:
        self.skip()
        found = _NUMBER.match(self.text, self.at)
        if found is None:
            raise self.error("number", "A number is expected here.")
        total, negative = 0.0, found.group(0)[0] in "-\u2212"
        while found is not None:
            amount = float(found.group(1).replace(",", ""))
            self.at = found.end()
            factor = self.unit()
            total += amount * (factor or 1.0)
            if factor is None:
                break
            # ``1조 2,000억``: another number may follow only after a multiplying unit.
            place = self.at
            self.skip()
            found = re.compile(r"(\d[\d,]*(?:\.\d+)?)").match(self.text, self.at)
            if found is None:
                self.at = place
        return -total if negative else total

    def unit(self) -> float | None:
        """Take a unit; its factor, or None where none multiplies."""
        place = self.at
        attached = _UNIT.match(self.text, self.at)
        if attached is None:
            self.skip()
            spaced = _UNIT.match(self.text, self.at)
            # ``RS >= 70 T >= 3``: a unit behind a space must not be the next field.
            is_field = spaced is not None and re.compile(r"\s*(?:[<>=~≥≤≠]|!=)").match(self.text, spaced.end())
            if spaced is None or is_field or self.split_unit(spaced.group(0)) is None:
                self.at = place
                return None
            attached = spaced
        parts = self.split_unit(attached.group(0))
        if parts is None:
            raise self.error("unit", f"'{attached.group(0)}' is not a unit.", position=attached.start(), unit=attached.group(0))
        self.at = attached.end()
        return parts if parts != 1.0 else None

    def split_unit(self, text: str) -> float | None:
        """Factor of ``억``, ``억원``, ``만주``, ``%`` …; None if it is not a unit."""
        folded = text.casefold()
        if folded in self.words.multipliers:
            return self.words.multipliers[folded]
        if folded in self.words.plain_units:
            return 1.0
        for plain in self.words.plain_units:
            head = folded.removesuffix(plain)
            if head != folded and head in self.words.multipliers:
                return self.words.multipliers[head]
        return None

    def choice(self, named: FieldWords) -> float:
        place = self.at
        quoted = _QUOTED.match(self.text, self.at)
        run = [_Word(quoted.group(1), quoted.start(), quoted.end())] if quoted else self.take_run()
        for count in range(len(run), 0, -1):
            words = run[0].text if quoted else self.text[run[0].start : run[count - 1].end]
            code = named.choices.get(fold(words))
            if code is not None:
                self.at = run[count - 1].end
                return code
        self.at = place
        known = ", ".join(dict.fromkeys(named.choices))
        raise self.error("choice", f"One of {known} is expected here.", known=known, column=named.id)

    def phrase(self) -> str:
        quoted = _QUOTED.match(self.text, self.at)
        if quoted:
            self.at = quoted.end()
            return quoted.group(1)
        run = self.take_run()
        if not run:
            raise self.error("word", "A word is expected here.")
        if self.peek_compare():
            # ``업종 ~ 전기 RS >= 70``: the words before the next comparison belong to the next field.
            for count in range(1, len(run)):
                if self.words.find(self.text[run[count].start : run[-1].end]) is not None:
                    self.at = run[count - 1].end
                    return self.text[run[0].start : run[count - 1].end]
        return self.text[run[0].start : run[-1].end]

    # -- scanning -------------------------------------------------------------------------------------------------------

    def skip(self) -> None:
        found = _SPACE.match(self.text, self.at)
        assert found is not None
        self.at = found.end()

    def take_run(self) -> list[_Word]:
        """Take words up to an operator, a bracket, a keyword or the end."""
        run: list[_Word] = []
        while True:
            place = self.at
            self.skip()
            found = _WORD.match(self.text, self.at)
            if found is None or fold(found.group(0)) in self.words.all_of | self.words.any_of | self.words.none_of:
                self.at = place if run else self.at
                return run
            run.append(_Word(found.group(0), found.start(), found.end()))
            self.at = found.end()

    def is_word(self, words: frozenset[str]) -> bool:
        self.skip()
        found = _WORD.match(self.text, self.at)
        return found is not None and fold(found.group(0)) in words

    def take_word(self, words: frozenset[str]) -> bool:
        if not self.is_word(words):
            return False
        found = _WORD.match(self.text, self.at)
        assert found is not None
        self.at = found.end()
        return True

    def take_sign(self, sign: re.Pattern[str]) -> bool:
        self.skip()
        found = sign.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found is not None

    def peek_compare(self) -> bool:
        self.skip()
        return _COMPARE.match(self.text, self.at) is not None

    def take_compare(self) -> str:
        self.skip()
        found = _COMPARE.match(self.text, self.at)
        assert found is not None
        self.at = found.end()
        return _NORMAL.get(found.group(0), found.group(0))

    def error(self, cause: str, message: str, *, position: int | None = None, **fields: str | int | float) -> FilterError:
        place = min(self.at if position is None else position, len(self.text))
        return FilterError(message, key=f"table.filter.error.{cause}", position=place, **fields)


def _searching(words: str) -> Predicate:
    return lambda rows: rows.search(words)


def _comparing(field_id: str, sign: str, value: float) -> Predicate:
    def predicate(rows: FilterRows) -> Mask:
        keys = rows.filter_keys(field_id)
        with np.errstate(invalid="ignore"):
            if sign == ">=":
                found = keys >= value - _EPSILON
            elif sign == "<=":
                found = keys <= value + _EPSILON
            elif sign == ">":
                found = keys > value + _EPSILON
            elif sign == "<":
                found = keys < value - _EPSILON
            else:
                same = np.abs(keys - value) <= _EPSILON
                found = same if sign == "=" else ~same & ~np.isnan(keys)
        return np.asarray(found, dtype=np.bool_)

    return predicate


def _matching(field_id: str, sign: str, words: str) -> Predicate:
    wanted = words.casefold().strip()

    def predicate(rows: FilterRows) -> Mask:
        texts = rows.filter_texts(field_id)
        if sign == "~":
            found = [wanted in value.casefold() for value in texts]
        elif sign == "=":
            found = [value.casefold() == wanted for value in texts]
        else:
            found = [bool(value) and value.casefold() != wanted for value in texts]
        return np.asarray(found, dtype=np.bool_)

    return predicate

"""Facts of one answer, and sentences made of them.

A fact is read once, gets its text in the answer's language, and is put into sentences as a whole: a template answer cannot hold
a number that is not a fact. The same facts are what a language model is given, and what its numbers are checked against.
"""

from __future__ import annotations

import math
import string
from dataclasses import replace
from datetime import date

from engine.model.instants import AsOf, kst_datetime
from ralphstock_desktop.services.assistant_contracts import Fact, Span, Target, Unit
from ralphstock_desktop.wording import format as fmt
from ralphstock_desktop.wording.texts import Language, Texts

__all__ = ["FactBook", "Part", "write_value"]

Part = Fact | Span | str | tuple[Span, ...]
"""What a field of a sentence may hold: a fact (linked), a span, a whole run of spans, or plain words without numbers."""

_SIGNED: frozenset[Unit] = frozenset({"%", "%p"})
_LONGEST_QUOTED = 240


def write_value(
    value: float | str | None, unit: Unit, language: Language, *, decimals: int | None = None, plus: bool | None = None
) -> str:
    """Write a value with its unit as the screens do (design.md §5).

    Parameters
    ----------
    decimals : int, optional
        Digits after the point; by default those usual for the unit.
    plus : bool, optional
        Whether a gain carries its sign; by default percents and differences do.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return fmt.MISSING
    if isinstance(value, str):
        return value.replace("T", " ") if unit == "time" else value
    korean, signed = language == "ko", (unit in _SIGNED) if plus is None else plus
    if unit == "won":
        return _won(value, korean=korean, plus=signed)
    if unit == "krw":
        return fmt.money(value, language, plus=signed)
    if unit == "shares":
        return fmt.shares(value, language, plus=signed)
    if unit == "%":
        return fmt.percent(value, 2 if decimals is None else decimals, plus=signed)
    if unit == "%p":
        return fmt.percent_apart(value, 1 if decimals is None else decimals, language)
    if unit == "×":
        text = fmt.number(value, 2 if decimals is None else decimals)
        return f"{text}배" if korean else f"{text}×"
    whole = value == int(value)
    shown = (0 if whole else 2 if unit == "index" else 1) if decimals is None else decimals
    if unit == "index" and decimals is None:
        shown = 2
    text = fmt.signed(value, shown) if signed else fmt.number(value, shown)
    return text + _after(unit, korean=korean)


def _won(value: float, *, korean: bool, plus: bool) -> str:
    text = fmt.signed(value, 0) if plus else fmt.number(value, 0)
    if korean:
        return f"{text}원"
    sign = text[0] if text[0] in "+\u2212" else ""
    return f"{sign}₩{text[len(sign) :]}"


def _after(unit: Unit, *, korean: bool) -> str:
    words: dict[Unit, tuple[str, str]] = {
        "points": ("점", ""), "rank": ("위", ""), "count": ("건", ""), "days": ("일", " days"), "bars": ("봉", " bars"),
    }  # fmt: skip
    return words.get(unit, ("", ""))[0 if korean else 1]


def _as_quoted(text: str) -> str:
    """Somebody's words as they may be shown: no control, direction or invisible characters, of bounded length."""
    clean = "".join(letter for letter in text if letter.isprintable() or letter == " ")
    return clean if len(clean) <= _LONGEST_QUOTED else f"{clean[: _LONGEST_QUOTED - 1]}…"


class FactBook:
    """Collects the facts of one answer; equal facts are one.

    Parameters
    ----------
    texts : Texts
        Words of the answer's language.
    """

    def __init__(self, texts: Texts) -> None:
        self.texts = texts
        self.language: Language = texts.language
        self.facts: list[Fact] = []
        self._known: dict[tuple[object, ...], Fact] = {}

    def add(
        self,
        name: str,
        value: float | str | None,
        unit: Unit,
        title: str,
        target: Target,
        *,
        ticker: str = "",
        day: date | None = None,
        formula: str = "",
        known_at_ns: int | None = None,
        text: str | None = None,
        decimals: int | None = None,
        plus: bool | None = None,
        quoted: bool = False,
    ) -> Fact:
        """Take a value into the book and return its fact. NaN is missing.

        Parameters
        ----------
        name, value, unit, title, target, ticker, day, formula, known_at_ns, quoted
            As in :class:`~ralphstock_desktop.services.assistant_contracts.Fact`.
        text : str, optional
            How it is written where :func:`write_value` would not do.
        decimals, plus
            See :func:`write_value`.
        """
        if isinstance(value, float) and math.isnan(value):
            value = None
        shown = write_value(value, unit, self.language, decimals=decimals, plus=plus) if text is None else text
        if quoted:  # what somebody wrote may hold letters that turn or hide others, or have no end
            shown, title = _as_quoted(shown), _as_quoted(title)
        if target.url and not target.url.startswith(("https://", "http://")):
            target = replace(target, url="")  # an address of the web, or none
        key = (name, ticker, day, value, shown, target)
        fact = self._known.get(key)
        if fact is None:
            number = f"f{len(self.facts) + 1}"
            fact = Fact(
                number, name, value, unit, shown, title, target, ticker, day, formula, known_at_ns, quoted
            )  # fmt: skip
            self._known[key] = fact
            self.facts.append(fact)
        return fact

    def add_day(self, name: str, day: date, title: str, target: Target, *, ticker: str = "") -> Fact:
        """Take a day into the book."""
        return self.add(name, day.isoformat(), "date", title, target, ticker=ticker, day=day)

    def add_instant(self, name: str, as_of: AsOf, title: str, target: Target, *, ticker: str = "") -> Fact:
        """Take an instant into the book, to the minute of exchange time."""
        moment = kst_datetime(as_of.instant_ns)
        return self.add(name, moment.strftime("%Y-%m-%dT%H:%M"), "time", title, target, ticker=ticker, day=moment.date())

    def sentence(self, key: str, /, **parts: Part) -> tuple[Span, ...]:
        """Write the text of a key with facts in its fields. ``**`` in the text turns bold on and off.

        Raises
        ------
        KeyError
            If the key or a field is missing (a bug the catalogue test catches).
        """
        return self.spans(self.texts(key), **parts)

    def spans(self, template: str, /, **parts: Part) -> tuple[Span, ...]:
        """Write a template given as text."""
        found: list[Span] = []
        bold = False
        for literal, name, _, _ in string.Formatter().parse(template):
            for number, piece in enumerate(literal.split("**")):
                if number:
                    bold = not bold
                if piece:
                    found.append(Span(piece, bold=bold))
            if name is not None:
                found += self._part(parts[name], bold=bold)
        return tuple(found)

    def _part(self, part: Part, *, bold: bool) -> list[Span]:
        if isinstance(part, Fact):
            return [Span(part.text, fact=part.id, bold=bold)]
        if isinstance(part, Span):
            return [part]
        if isinstance(part, tuple):
            return list(part)
        return [Span(part, bold=bold)] if part else []

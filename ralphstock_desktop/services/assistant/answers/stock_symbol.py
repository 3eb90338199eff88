"""One symbol at the instant looked at: the pictures that belong to that instant, and how facts about it are made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

from engine.asof.view import known_days
from engine.calendar.sessions import DEFAULT_SESSIONS
from engine.model.errors import RalphStockError
from engine.model.instants import day_of
from engine.model.instruments import Market
from engine.model.scan import Grade
from ralphstock_desktop.services.assistant.answers.stock_quantities import NAMES
from ralphstock_desktop.services.assistant.desk import AnswerDraft, Desk
from ralphstock_desktop.services.assistant.facts import FactBook, Part
from ralphstock_desktop.services.assistant_contracts import Fact, Items, Paragraph, Span, Spans, Target, Unit
from ralphstock_desktop.services.contracts import Empty, Failed, MarketPicture, PanelState, Ready, ScanPicture
from ralphstock_desktop.services.strategy_contracts import (
    ClosingPicture,
    DayTradePicture,
    GatePicture,
    GradeDiff,
    RecordTable,
    Strategies,
    StrategyName,
)
from ralphstock_desktop.wording import format as fmt

__all__ = ["MOST_FACTS", "Pictures", "Symbol", "day_at", "exact_digits", "joined", "letter", "of_this_instant", "score_digits"]

MOST_FACTS = 120
"""Facts of one symbol at most: what is asked comes first, the rest fills up."""


def day_at(days: npt.NDArray[np.datetime64], index: int) -> date:
    """Panel day as a date."""
    day: date = days[index].astype("datetime64[D]").item()
    return day


def letter(grade: int) -> str:
    """Letter of a grade, ``-`` for none."""
    return Grade(grade).name if grade else "-"


def score_digits(value: float | None) -> int | None:
    """Decimals of a score, as the tables write it."""
    return None if value is None else fmt.score_decimals(value)


def exact_digits(value: float | None) -> int | None:
    """Decimals that show a value as it is, at most two."""
    if value is None or value != value:
        return None
    return next((digits for digits in (0, 1) if abs(round(value, digits) - value) < 1e-9), 2)


def of_this_instant(state: PanelState | None, picture: MarketPicture) -> bool:
    """Whether what a state belongs to was made for the instant on screen; in the present it may be newer than the scan."""
    if not isinstance(state, Ready):
        return False
    if picture.is_latest:
        return state.as_of.instant_ns >= picture.as_of.instant_ns
    return state.as_of == picture.as_of


class Pictures:
    """What was computed for the instant on screen; None where it is not there (yet).

    Attributes
    ----------
    waiting : tuple of str
        Names of what is still being computed: ``scan``, ``gate``, ``closing``, ``day``, ``news``.
    failed : tuple of (str, RalphStockError)
        Names of what could not be computed.
    """

    def __init__(self, desk: Desk) -> None:
        self.market = picture = desk.picture()
        self.strategies: Strategies | None = desk.workstation.strategies
        waiting: list[str] = []
        failed: list[tuple[str, RalphStockError]] = []

        def there(name: str, state: PanelState | None) -> bool:
            if of_this_instant(state, picture):
                return True
            if isinstance(state, Failed):
                failed.append((name, state.error))
            elif not isinstance(state, Empty):
                waiting.append(name)
            return False

        work = desk.workstation
        scan = work.scans.last
        self.scan: ScanPicture | None = scan if there("scan", work.scan_state.last) and scan is not None else None
        if self.scan is not None and self.scan.panel is not picture.panel:
            self.scan = None
            waiting.append("scan")
        self.gate: GatePicture | None = None
        self.closing: ClosingPicture | None = None
        self.day: DayTradePicture | None = None
        self.records: RecordTable | None = None
        self.has_news = False
        if self.strategies is not None:
            found = self.strategies
            self.gate = found.gate.last if there("gate", found.gate_state.last) else None
            self.closing = found.closing.last if there("closing", found.closing_state.last) else None
            self.day = found.day_trades.last if there("day", found.day_state.last) else None
            self.has_news = there("news", found.news_state.last)
            records = found.records.last
            # A record of later days says nothing at an earlier instant.
            if records is not None and records.rows and records.as_of.instant_ns <= self.now_ns:
                self.records = records
        self.waiting, self.failed = tuple(waiting), tuple(failed)

    @property
    def now_ns(self) -> int:
        """Latest instant anything may be of."""
        return 2**63 - 1 if self.market.is_latest else self.market.as_of.instant_ns

    @property
    def is_what_if(self) -> bool:
        """Whether scores on screen were made under moved thresholds."""
        return any(each is not None and each.what_if for each in (self.scan, self.closing, self.day))


class Symbol:
    """A symbol of the panel with what is needed to state something about it.

    Parameters
    ----------
    pictures : Pictures
        Shared by all symbols of an answer.
    ticker : str
        Held by the panel.
    """

    def __init__(self, desk: Desk, draft: AnswerDraft, pictures: Pictures, ticker: str) -> None:
        self.desk, self.draft, self.pictures, self.ticker = desk, draft, pictures, ticker
        self.book: FactBook = draft.book
        self.texts = draft.book.texts
        self.panel = pictures.market.panel
        row = self.panel.row_of(ticker)
        assert row is not None, ticker
        self.row = row
        self.diffs: dict[StrategyName, GradeDiff] = {}
        """What changed the grades, where that was asked for."""
        self.sizes: dict[str, tuple[float, int]] = {}
        """Entry and size of the recommended, where a plan was asked for."""
        self.known = known_days(self.panel, pictures.market.as_of)
        self.bars = np.flatnonzero(self.panel.valid[row, : self.known.bar + 1])
        """Panel days of the valid bars known, ascending."""

    # -- words ----------------------------------------------------------------------------------------------------------

    def t(self, key: str) -> str:
        """Text of this area."""
        return self.texts(f"assistant_stock.{key}")

    def has(self, key: str) -> bool:
        """Whether this area has a text."""
        return f"assistant_stock.{key}" in self.texts

    def say(self, key: str, /, **parts: Part) -> Spans:
        """Sentence of this area with facts in its fields."""
        return self.book.sentence(f"assistant_stock.{key}", **parts)

    def shown(self, fact: Fact) -> Spans:
        """A fact alone."""
        return self.book.spans("{fact}", fact=fact)

    def paragraph(self, *sentences: Spans) -> None:
        """Put sentences into one paragraph of the answer."""
        kept = [each for each in sentences if each]
        if kept:
            self.draft.blocks.append(Paragraph(joined(kept, " ")))

    def items(self, *lines: Spans) -> None:
        """Put lines into a list of the answer."""
        kept = tuple(each for each in lines if each)
        if kept:
            self.draft.blocks.append(Items(kept))

    # -- facts ----------------------------------------------------------------------------------------------------------

    def fact(
        self,
        name: str,
        value: float | str | None,
        unit: Unit,
        target: Target,
        *,
        title: str = "",
        day: date | None = None,
        formula: str = "",
        known_at_ns: int | None = None,
        text: str | None = None,
        decimals: int | None = None,
        plus: bool | None = None,
        quoted: bool = False,
    ) -> Fact:
        """Take a value about this symbol into the book. ``title`` is by default that of the name in the catalogue."""
        NAMES[name]  # a name outside the closed list is a bug
        return self.book.add(
            name,
            value,
            unit,
            title or self.t(f"title.{name}"),
            target,
            ticker=self.ticker,
            day=day,
            formula=formula,
            known_at_ns=known_at_ns,
            text=text,
            decimals=decimals,
            plus=plus,
            quoted=quoted,
        )

    def word(self, name: str, code: str, text: str, target: Target, **how: object) -> Fact:
        """Take a state word into the book: the code is its value."""
        return self.fact(name, code, "word", target, text=text, **how)  # type: ignore[arg-type]

    def grade(self, name: str, grade: int, target: Target, *, day: date | None = None, known_at_ns: int | None = None) -> Fact:
        """Take a grade into the book."""
        code = letter(grade)
        text = code if grade else self.t("word.no_grade")
        return self.fact(name, code, "grade", target, text=text, day=day, known_at_ns=known_at_ns)

    @property
    def name_fact(self) -> Fact:
        """The symbol's name."""
        english = str(self.panel.names_en[self.row]) if self.book.language == "en" else ""
        name = english or str(self.panel.names[self.row]) or self.ticker
        return self.fact("stock.name", name, "name", self.chart())

    @property
    def code_fact(self) -> Fact:
        """The symbol's code."""
        return self.fact("stock.code", self.ticker, "code", self.chart())

    def market_fact(self) -> Fact:
        """The symbol's market."""
        market = Market(int(self.panel.market[self.row]))
        text = self.texts(f"table.market.{market.name.lower()}") if market else self.t("word.unknown")
        return self.word("stock.market", market.name, text, self.chart())

    def sector_fact(self) -> Fact | None:
        """The symbol's sector; None where it is not known."""
        sector = str(self.panel.sectors[self.row])
        return self.fact("stock.sector", sector, "text", self.chart()) if sector else None

    @property
    def count(self) -> int:
        """Facts about this symbol so far."""
        return sum(1 for fact in self.book.facts if fact.ticker == self.ticker)

    # -- where a click leads --------------------------------------------------------------------------------------------

    def chart(self) -> Target:
        """The chart of the symbol, at its last bar."""
        if self.last_bar is not None:
            return self.on_bars(day_at(self.panel.days, self.last_bar))
        return Target("panel", panel="chart", ticker=self.ticker)

    def on_bars(self, first: date, last: date | None = None) -> Target:
        """Bars of the chart."""
        return Target("bars", ticker=self.ticker, first_day=first, last_day=last or first)

    def on_flow(self, first: date, last: date | None = None) -> Target:
        """Days of the flow panel."""
        return Target("flow", ticker=self.ticker, first_day=first, last_day=last or first)

    def cell(self, column: str, panel: str = "symbols", strategy: StrategyName = "VCP") -> Target:
        """A cell of a table."""
        return Target("cell", panel=panel, ticker=self.ticker, strategy=strategy, item=column)

    def evidence(self, item: str, strategy: StrategyName = "VCP") -> Target:
        """A row of the evidence."""
        panel = {"VCP": "evidence", "CLOSING_BET": "closing_card", "DAY_TRADE": "day_checklist"}[strategy]
        return Target("evidence", panel=panel, ticker=self.ticker, strategy=strategy, item=item)

    # -- instants -------------------------------------------------------------------------------------------------------

    def bar_known_ns(self, day: date) -> int:
        """When the official bar of a day was known."""
        return DEFAULT_SESSIONS.official_bar_ns(day)

    def flow_known_ns(self, day: date) -> int:
        """When the flows of a day were known."""
        return DEFAULT_SESSIONS.confirmed_flow_ns(day)

    @property
    def last_bar(self) -> int | None:
        """Panel day of the last valid bar; None without one."""
        return int(self.bars[-1]) if len(self.bars) else None

    @property
    def today(self) -> date:
        """Day of the instant looked at."""
        return day_of(self.pictures.market.as_of.instant_ns)


def joined(runs: Sequence[Spans], between: str) -> Spans:
    """Runs of spans with plain words between them."""
    found: list[Span] = []
    for number, run in enumerate(runs):
        if number:
            found.append(Span(between))
        found += run
    return tuple(found)

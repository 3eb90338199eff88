"""What the window frame shows and asks for: the as-of instant, the palette's answers, the status facts. No widgets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
import numpy.typing as npt

from engine.model.instants import AsOf, day_of
from engine.model.panel import MarketPanel
from ralphstock_desktop.services.contracts import MarketPicture, SymbolHit, Workstation

__all__ = ["Answer", "AnswerGroup", "Command", "PaletteModel", "ShellViewModel", "looks_like_question", "parse_day"]

Days = npt.NDArray[np.datetime64]
AnswerGroup = Literal["symbols", "screens", "commands", "settings", "days", "ask"]

_YMD = re.compile(r"(\d{4})\s*[-./년]?\s*(\d{1,2})\s*[-./월]?\s*(\d{1,2})\s*일?\Z")
_MD = re.compile(r"(\d{1,2})\s*[-./월]\s*(\d{1,2})\s*일?\Z")


def parse_day(text: str, reference: date) -> date | None:
    """Read a day the way people type it: ``2026-05-04``, ``20260504``, ``5/4``, ``05-04``, ``5월 4일``.

    A day without a year is the last such day not after ``reference``. None if the text is not a day.
    """
    text = text.strip()
    try:
        full = _YMD.fullmatch(text)
        if full and (len(re.sub(r"\D", "", text)) == 8 or not text.isdigit()):
            year, month, day = (int(part) for part in full.groups())
            return date(year, month, day)
        short = _MD.fullmatch(text)
        if short:
            month, day = (int(part) for part in short.groups())
            found = date(reference.year, month, day)
            return found if found <= reference else date(reference.year - 1, month, day)
    except ValueError:
        return None
    return None


_ASKING = re.compile(
    r"[?？]\s*\Z|(?:까|나요|가요|어요|예요|이야|인가|는지|니|냐|줘|해줘|알려|왜|뭐|무엇|어때|어떻게|얼마)(?:\s|[?.!]|\Z)"
    r"|\A\s*(?:why|what|which|who|when|how|is|are|does|do|did|show|compare|explain|tell)\b",
    re.IGNORECASE,
)


def looks_like_question(text: str) -> bool:
    """Whether a typed text reads like a question: it ends or begins like one, or is a sentence of at least three words."""
    words = text.split()
    return len(words) >= 3 or (len(text.strip()) >= 2 and _ASKING.search(text) is not None)


class ShellViewModel:
    """The as-of control and facts of the status bar over one workstation.

    Parameters
    ----------
    workstation : Workstation
        The program.
    """

    def __init__(self, workstation: Workstation) -> None:
        self.workstation = workstation

    @property
    def picture(self) -> MarketPicture | None:
        """Market in use, None before the first one is there."""
        return self.workstation.market.last

    @property
    def days(self) -> Days:
        """Trading days that can be looked at, ascending; empty before there are data."""
        picture = self.picture
        return picture.panel.days if picture else np.empty(0, dtype="datetime64[D]")

    @property
    def simulated(self) -> bool:
        """Whether the market in use is made up."""
        picture = self.picture
        return picture is not None and picture.kind == "simulated"

    @property
    def past(self) -> bool:
        """Whether an earlier instant than the newest data is looked at."""
        picture = self.picture
        return picture is not None and not picture.is_latest

    @property
    def day(self) -> date | None:
        """The trading day looked at: the last one not after the as-of instant."""
        picture = self.picture
        if picture is None or not len(self.days):
            return None
        index = picture.panel.day_index(picture.as_of.day)
        return _as_date(self.days[index]) if index >= 0 else picture.as_of.day

    @property
    def data_end(self) -> AsOf | None:
        """End of the trading day looked at: badges never claim a later instant than the data have."""
        day = self.day
        return None if day is None else AsOf.end_of(day)

    @property
    def phase(self) -> str:
        """Name of the phase the as-of instant has reached: the last one not later than it; empty before the close."""
        picture, day = self.picture, self.day
        reached = ""
        if picture is not None and day is not None:
            for name, instant in self.workstation.day_phases(day):
                if instant <= picture.as_of:
                    reached = name
        return reached

    def can_step(self, days: int) -> bool:
        """Whether a step by trading days leads anywhere."""
        day, all_days = self.day, self.days
        if day is None or not len(all_days):
            return False
        return day > _as_date(all_days[0]) if days < 0 else day < _as_date(all_days[-1])

    def step(self, days: int) -> None:
        """Move the as-of day by trading days and keep the chosen phase of the day; does nothing at the ends."""
        day, phase = self.day, self.phase
        if day is None or not self.can_step(days):
            return
        if phase in {"", "all"}:
            self.workstation.step_day(days)
            return
        picture = self.picture
        assert picture is not None
        target = min(max(picture.panel.day_index(day) + days, 0), len(self.days) - 1)
        self.go_to(_as_date(self.days[target]), phase)

    def trading_day_at(self, day: date) -> date | None:
        """The trading day of the data that is ``day`` or the last one before it; None if there is none."""
        picture = self.picture
        if picture is None:
            return None
        index = picture.panel.day_index(day)
        return _as_date(picture.panel.days[index]) if index >= 0 else None

    def is_trading_day(self, day: date) -> bool:
        """Whether the data hold that very day."""
        return self.trading_day_at(day) == day

    def go_to(self, day: date, phase: str = "") -> None:
        """Look at a trading day, at the given phase (default: the one now chosen, else the end of the day)."""
        wanted = phase or self.phase or "all"
        phases = dict(self.workstation.day_phases(day))
        self.workstation.set_as_of(phases.get(wanted, AsOf.end_of(day)))

    def choose_phase(self, phase: str) -> None:
        """Change the time of day looked at, on the same trading day."""
        day = self.day
        if day is not None:
            self.go_to(day, phase)

    def data_age_days(self, now_ns: int) -> int | None:
        """Calendar days between the last data day and now; None without data."""
        last = self.workstation.last_trading_day
        return None if last is None else max(0, (day_of(now_ns) - last).days)

    def panel_rows(self) -> int | None:
        """Daily rows present in the panel (symbols × days that exist); None without data."""
        picture = self.picture
        return None if picture is None else _present_rows(picture.panel)


def _present_rows(panel: MarketPanel) -> int:
    return int(np.count_nonzero(panel.present))


def _as_date(day: np.datetime64) -> date:
    value = day.astype("datetime64[D]").item()
    assert isinstance(value, date)
    return value


# -- palette -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Command:
    """Something the palette can offer besides symbols and days: a screen, a command or a setting."""

    id: str
    group: AnswerGroup
    text: str
    icon: str
    number: str = ""
    """Screen number or shortcut, shown at the right."""
    words: str = ""
    """More words it is found by (the other language, help line)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One row of the palette."""

    group: AnswerGroup
    id: str
    text: str
    detail: str = ""
    icon: str = ""
    key: str = ""
    matched: tuple[tuple[int, int], ...] = ()
    change_pct: float | None = None
    price_krw: float | None = None


class PaletteModel:
    """Answers for what is typed: symbols, screens, commands, settings and past days in one list."""

    def __init__(self, shell: ShellViewModel, commands: Sequence[Command] = ()) -> None:
        self._shell = shell
        self.commands: Sequence[Command] = commands
        self.can_ask = False
        """Whether a typed question may be handed to the chat."""

    def answers(self, text: str, limit: int = 12) -> list[Answer]:
        """Return the answers for a text, best first within each group. An empty text lists screens and commands."""
        text = text.strip()
        found: list[Answer] = []
        days = self._days(text)
        exact = [c for c in self.commands if c.group == "screens" and text and c.number == text]
        if not exact and not days and text:
            found.extend(self._symbol(hit) for hit in self._shell.workstation.search(text, limit))
        for group in ("screens", "commands", "settings"):
            chosen = [c for c in self.commands if c.group == group and (not text or self._rank(c, text) is not None)]
            if text:
                chosen.sort(key=lambda c: self._rank(c, text) or 0)
            found.extend(self._command(c, text) for c in chosen[:6])
        if exact and text:
            found.extend(self._symbol(hit) for hit in self._shell.workstation.search(text, limit))
        found.extend(days)
        if self.can_ask and looks_like_question(text):
            ask = Answer("ask", text, text, icon="chat")
            # Nothing of that name: the question is what was meant. Else a name that only looks like one stays first.
            found = [*found, ask] if found else [ask]
        return found

    @staticmethod
    def _rank(command: Command, text: str) -> int | None:
        """Return 0 for a number, 1 for a beginning, 2 for a word inside, 3 for other words; None for no match."""
        needle = text.casefold()
        if command.number and command.number.casefold().startswith(needle):
            return 0
        at = command.text.casefold().find(needle)
        if at == 0:
            return 1
        if at > 0:
            return 2
        return 3 if needle in command.words.casefold() else None

    def _command(self, command: Command, text: str) -> Answer:
        at = command.text.casefold().find(text.casefold()) if text else -1
        matched = ((at, at + len(text)),) if at >= 0 else ()
        return Answer(command.group, command.id, command.text, "", command.icon, command.number, matched)

    def _symbol(self, hit: SymbolHit) -> Answer:
        price, change = self._price(hit.ticker)
        name = hit.name or hit.ticker
        return Answer("symbols", hit.ticker, name, hit.ticker, "candles", "", hit.matched, change, price)

    def _price(self, ticker: str) -> tuple[float | None, float | None]:
        """Last price and change of a symbol at the as-of instant; None where there is no bar."""
        picture = self._shell.picture
        if picture is None:
            return None, None
        panel = picture.panel
        row, index = panel.row_of(ticker), panel.day_index(picture.as_of.day)
        if row is None or index < 0 or not panel.present[row, index]:
            return None, None
        price, base = float(panel.close_krw[row, index]), float(panel.base_krw[row, index])
        return price, 100.0 * (price / base - 1.0) if base > 0 else None

    def _days(self, text: str) -> list[Answer]:
        last = self._shell.workstation.last_trading_day
        if last is None or not text:
            return []
        wanted = parse_day(text, last + timedelta(days=1))
        day = self._shell.trading_day_at(wanted) if wanted is not None else None
        return [] if day is None else [Answer("days", day.isoformat(), "", "", "time")]

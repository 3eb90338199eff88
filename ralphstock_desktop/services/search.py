"""Symbol search by code, Korean or English name and 초성, best answer first."""

from __future__ import annotations

import difflib
import unicodedata
from dataclasses import dataclass

from engine.model.hangul import initials, is_initials
from engine.model.panel import MarketPanel
from ralphstock_desktop.services.contracts import SymbolHit

__all__ = ["SymbolIndex"]

_EXACT, _PREFIX, _INSIDE, _ALIKE = range(4)


@dataclass(frozen=True, slots=True)
class _Entry:
    ticker: str
    name: str
    name_en: str
    market: int
    plain: str
    first_letters: str
    english: str


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold().replace(" ", "")


class SymbolIndex:
    """All symbols of one panel, ready to be searched within a keystroke."""

    def __init__(self, panel: MarketPanel) -> None:
        self._entries = [
            _Entry(ticker, name, name_en, int(market), _plain(name), _plain(initials(name)), _plain(name_en))
            for ticker, name, name_en, market in zip(
                panel.tickers.tolist(), panel.names.tolist(), panel.names_en.tolist(), panel.market.tolist(), strict=True
            )
        ]

    def find(self, text: str, limit: int = 20) -> list[SymbolHit]:
        """Return the best hits for a typed text; an empty text finds nothing.

        Order: exact code or name, beginning of a name, inside a name; shorter names first. Only where nothing matches are
        names that are nearly spelled so offered.
        """
        wanted = _plain(text)
        if not wanted:
            return []
        by_letters = is_initials(wanted)
        code = wanted.upper()
        hits: list[tuple[int, int, str, SymbolHit]] = []
        for entry in self._entries:
            rank, spans = self._match(entry, wanted, code, by_letters)
            if rank is not None:
                hits.append((rank, len(entry.name), entry.name, _hit(entry, spans)))
        if not hits and len(wanted) >= 2 and not code.isdigit():
            names = {entry.plain: entry for entry in self._entries}
            for alike in difflib.get_close_matches(wanted, names, n=limit, cutoff=0.6):
                hits.append((_ALIKE, 0, "", _hit(names[alike], ())))
            return [hit for *_, hit in hits]
        hits.sort(key=lambda item: item[:3])
        return [hit for *_, hit in hits[:limit]]

    @staticmethod
    def _match(entry: _Entry, wanted: str, code: str, by_letters: bool) -> tuple[int | None, tuple[tuple[int, int], ...]]:
        if entry.ticker == code or entry.plain == wanted:
            return _EXACT, ((0, len(entry.name)),)
        if entry.ticker.startswith(code) and code[0].isdigit():
            return _PREFIX, ()
        haystack = entry.first_letters if by_letters else entry.plain
        at = haystack.find(wanted)
        if at >= 0:
            span = _span(entry.name, at, len(wanted))
            return (_PREFIX if at == 0 else _INSIDE), (span,)
        at = entry.english.find(wanted)
        if at >= 0 and len(wanted) >= 2:
            return (_PREFIX if at == 0 else _INSIDE), ()
        return None, ()


def _span(name: str, start: int, length: int) -> tuple[int, int]:
    """Span in ``name`` of a match that was found with the spaces left out."""
    places = [index for index, char in enumerate(name) if char != " "]
    return places[start], places[start + length - 1] + 1


def _hit(entry: _Entry, spans: tuple[tuple[int, int], ...]) -> SymbolHit:
    return SymbolHit(entry.ticker, entry.name, entry.name_en, entry.market, spans)

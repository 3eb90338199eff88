"""Entries of REAL frames about the market: indices, breadth, phases, interruptions, condition searches."""

from __future__ import annotations

import json

from ralphstock_desktop.providers.kiwoom_sim.contracts import SimVi
from ralphstock_desktop.providers.kiwoom_sim.frame_texts import Shaping, Symbols, entry, rate_text, signed_text, time_text
from ralphstock_desktop.providers.kiwoom_sim.market import SimMarket
from ralphstock_desktop.providers.kiwoom_sim.phases import Notice

__all__ = ["MarketWriter"]


class MarketWriter:
    """Writes entries about the market.

    Parameters
    ----------
    market : SimMarket
        The replayed day.
    symbols : Symbols
        What is fixed about its stocks.
    """

    def __init__(self, market: SimMarket, symbols: Symbols) -> None:
        self._market = market
        self._symbols = symbols
        self._before: dict[str, int] = {}

    def index(self, code: str, now_ns: int, before_ns: int, shaping: Shaping) -> str | None:
        """Type 0J; None for an unknown code."""
        level = self._market.index_at(code, now_ns)
        if level is None:
            return None
        before = self._market.index_at(code, before_ns)
        tick = level.volume_thousand - (before.volume_thousand if before else 0)
        grown = level.volume_thousand - self._volume_before(code)
        return entry(
            "0J",
            "업종지수",
            code,
            f'"20":"{time_text(level.at_ns + shaping.shift_ns)}",{_levels(level.level, level.previous)},'
            f'"13":"{level.volume_thousand * shaping.factor}","14":"{level.value_million * shaping.factor}",'
            f'"15":"{tick}","16":"{_level(level.open, level.previous)}",'
            f'"17":"{_level(level.high, level.previous)}","18":"{_level(level.low, level.previous)}",'
            f'"26":"{signed_text(grown)}"',
        )

    def _volume_before(self, code: str) -> int:
        """Volume of an index's constituents on the whole day before, in thousands."""
        if code not in self._before:
            rows = self._market.index_members(code)
            self._before[code] = int(self._market.facts.previous_volume[rows].sum()) // 1_000
        return self._before[code]

    def breadth(self, code: str, now_ns: int, shaping: Shaping) -> str | None:
        """Type 0U; None for an unknown code."""
        level = self._market.index_at(code, now_ns)
        if level is None:
            return None
        counts = self._market.breadth_at(code, now_ns)
        part = counts.traded / counts.listed * 100.0 if counts.listed else 0.0
        return entry(
            "0U",
            "업종등락",
            code,
            f'"20":"{time_text(level.at_ns + shaping.shift_ns)}","252":"{counts.up}","251":"{counts.upper_limit}",'
            f'"253":"{counts.unchanged}","255":"{counts.down}","254":"{counts.lower_limit}","13":"{level.volume_thousand}",'
            f'"14":"{level.value_million}",{_levels(level.level, level.previous)},"256":"{counts.traded}","257":"{part:.2f}"',
        )

    def phase(self, notice: Notice, shaping: Shaping) -> str:
        """Type 0s: a market-phase notice."""
        left = f"{notice.left_s // 3600:02d}{notice.left_s // 60 % 60:02d}{notice.left_s % 60:02d}"
        return entry(
            "0s", "장시작시간", "", f'"215":"{notice.code}","20":"{time_text(notice.at_ns + shaping.shift_ns)}","214":"{left}"'
        )

    def interruption(self, item: str, event: SimVi, released: bool, shaping: Shaping) -> str:
        """Type 1h: a volatility interruption, when triggered and again when released."""
        market, fixed = self._market, self._symbols.fixed(event.row)
        quote = market.quote_at(event.row, event.released_ns if released else event.triggered_ns)
        away = (event.price - event.base) / event.base * 100.0 if event.base else 0.0
        kind = "정적" if event.static else "동적"
        static_base, dynamic_base = (event.base, 0) if event.static else (0, event.base)
        return entry(
            "1h",
            "VI발동/해제",
            item,
            f'"9001":"{market.panel.tickers[event.row]}","302":{fixed.name},"13":"{quote.volume * shaping.factor}",'
            f'"14":"{quote.value_krw // 1_000_000 * shaping.factor}","9068":"{1 if event.static else 2}",'
            f'"9008":"{"001" if fixed.is_kospi else "101"}","9075":"1","1221":"{event.price}",'
            f'"1223":"{time_text(event.triggered_ns + shaping.shift_ns)}",'
            f'"1224":"{time_text(event.released_ns + shaping.shift_ns) if released else "000000"}","1225":"{kind}",'
            f'"1236":"{static_base}","1237":"{dynamic_base}","1238":"{away if event.static else 0.0:+.2f}",'
            f'"1239":"{0.0 if event.static else away:+.2f}","1489":"{rate_text(event.price, fixed.base)}",'
            f'"1490":"{event.count_today}","9069":"{1 if event.up else 2}","1279":"{"+" if event.up else "-"}{kind}"',
        )

    def condition(self, sequence: str, row: int, entered: bool, at_ns: int, shaping: Shaping) -> str:
        """Type 02: a stock entered or left a condition search."""
        ticker = str(self._market.panel.tickers[row])
        return entry(
            "02",
            "조건검색",
            ticker,
            f'"841":{json.dumps(sequence)},"9001":"{ticker}","843":"{"I" if entered else "D"}",'
            f'"20":"{time_text(at_ns + shaping.shift_ns)}","907":"{2 if entered else 1}"',
        )


def _level(level: float, previous: float) -> str:
    return f"{'+' if level > previous else '-' if level < previous else ' '}{level:.2f}"


def _levels(level: float, previous: float) -> str:
    change = level - previous
    direction = "2" if change > 0 else "5" if change < 0 else "3"
    rate = change / previous * 100.0 if previous else 0.0
    signed_change = f"{change:+.2f}" if change else "0.00"
    return f'"10":"{_level(level, previous)}","11":"{signed_change}","12":"{rate:+.2f}","25":"{direction}"'

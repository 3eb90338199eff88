"""The gate's history and the sectors as the views draw them. Pure functions over arrays and records."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.model.gate import GateHistory, GateStatus, SectorState
from engine.model.panel import FloatArray, MarketPanel
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.viewmodels.gate_words import score_text, status_word
from ralphstock_desktop.wording import format as fmt

__all__ = ["HISTORY_DAYS", "HistoryLine", "SectorRow", "history_line", "readout_text", "sector_rows", "sorted_sectors"]

HISTORY_DAYS = 250
_SIGNAL_TOKEN = {"bullish": "gain", "bearish": "loss", "neutral": "text-secondary", "unknown": "unknown"}


@dataclass(frozen=True, eq=False)
class HistoryLine:
    """Up to ``HISTORY_DAYS`` days, oldest first; NaN where missing."""

    days: npt.NDArray[np.datetime64]
    score: FloatArray
    status: npt.NDArray[np.uint8]
    coverage: FloatArray
    kospi: FloatArray

    @property
    def ordinals(self) -> npt.NDArray[np.int64]:
        """Days since 1970-01-01."""
        return self.days.astype("datetime64[D]").astype(np.int64)


def history_line(history: GateHistory, panel: MarketPanel, count: int = HISTORY_DAYS) -> HistoryLine:
    """Return the last days of a history."""
    last = slice(max(0, len(history.day_index) - count), None)
    return HistoryLine(
        days=panel.days[history.day_index[last]].astype("datetime64[D]"),
        score=history.score[last],
        status=history.status[last],
        coverage=history.coverage[last],
        kospi=history.kospi[last],
    )


def readout_text(look: Appearance, line: HistoryLine, at: int) -> str:
    """``2026-05-04 (월) · 점수 72 상승 우위 · 산출 범위 100% · 코스피 6,936.99 +5.12%``."""
    status = GateStatus(int(line.status[at]))
    score = float(line.score[at])
    close = float(line.kospi[at])
    change = math.nan
    if at > 0:
        change = 100.0 * (close / float(line.kospi[at - 1]) - 1.0)
    kospi = f"{look.tr('gate.kospi')} {fmt.number(close, 2)}"
    return " · ".join(
        (
            fmt.day_long(line.days[at].item(), look.language),
            f"{look.tr('gate.history.score')} {score_text(None if math.isnan(score) else score)} {status_word(look, status)}",
            look.tr("gate.coverage", coverage=fmt.percent(float(line.coverage[at]), 0, plus=False)),
            kospi if math.isnan(change) else f"{kospi} {fmt.percent(change)}",
        )
    )


@dataclass(frozen=True, slots=True)
class SectorRow:
    """One row of the sector table: (text, colour token) by column, and the numbers it sorts by (NaN where missing)."""

    name: str
    cells: tuple[tuple[str, str], ...]
    keys: tuple[float | str, ...]
    tip: str


def sector_rows(look: Appearance, sectors: Sequence[SectorState]) -> list[SectorRow]:
    """Write the sectors: name, change, five days, signal, score, rank, members."""

    def number(value: float | None) -> float:
        return math.nan if value is None else value

    rows = []
    for state in sectors:
        change, five, score = number(state.change_pct), number(state.return_5d_pct), number(state.score)
        rank = math.nan if state.rank is None else float(state.rank)
        rows.append(
            SectorRow(
                name=state.name,
                cells=(
                    (state.name, "text"),
                    (fmt.percent(change), look.direction_token(change)),
                    (fmt.percent(five), look.direction_token(five)),
                    (look.tr(f"gate.signal.{state.signal}"), _SIGNAL_TOKEN[state.signal]),
                    (fmt.number(score, 0), "text"),
                    (fmt.number(rank, 0), "text-secondary"),
                    (fmt.number(state.members, 0), "text-muted"),
                ),
                keys=(state.name, change, five, change, score, rank, float(state.members)),
                tip=look.tr("gate.sector.tip", members=state.members),
            )
        )
    return rows


def sorted_sectors(rows: Sequence[SectorRow], column: int, *, descending: bool) -> list[SectorRow]:
    """Order rows by a column; missing numbers come last whichever way, equal ones stay in the order of their names."""

    def key(row: SectorRow) -> tuple[bool, float]:
        value = row.keys[column]
        assert not isinstance(value, str)
        missing = math.isnan(value)
        return missing, 0.0 if missing else -value if descending else value

    by_name = sorted(rows, key=lambda row: row.name, reverse=descending and column == 0)
    return by_name if column == 0 else sorted(by_name, key=key)

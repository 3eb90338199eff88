"""The signals of the scans on screen, best first, as answers list them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from engine.model.closing import SignalPhase
from engine.model.gate import GateStatus
from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from engine.model.scan import Grade
from ralphstock_desktop.services.assistant.answers.market_parts import Writer, bar_known_ns, day_of_index, fits
from ralphstock_desktop.services.assistant_contracts import Target
from ralphstock_desktop.services.strategy_contracts import ClosingPicture, Strategies, StrategyName

__all__ = ["FoundSignals", "SignalRow", "closing_row", "found_of", "tell_common"]


@dataclass(frozen=True, slots=True)
class SignalRow:
    """A signal of a scan on screen. ``score`` in the strategy's own scale; prices in won, NaN where missing."""

    ticker: str
    grade: int
    score: float
    change_pct: float
    entry_krw: float
    stop_krw: float
    target_krw: float
    phase: str


@dataclass(frozen=True, slots=True)
class FoundSignals:
    """Signals of one strategy, best first, and the day they belong to."""

    rows: tuple[SignalRow, ...]
    panel: MarketPanel
    day: date
    known_ns: int
    gate: GateStatus | None
    what_if: bool
    run: str = ""


def found_of(writer: Writer, strategies: Strategies, name: StrategyName) -> FoundSignals | None:
    """Signals of a strategy in the scan on screen, best first; None where there is no scan of the instant."""
    if name == "VCP":
        return _vcp(writer)
    return _closing(writer, strategies) if name == "CLOSING_BET" else _day(writer, strategies)


def tell_common(writer: Writer, strategies: Strategies, names: Sequence[StrategyName]) -> bool:
    """Symbols that are signals of every one of the strategies; False where one of them has no scan of the instant."""
    found = [found_of(writer, strategies, name) for name in names]
    if any(each is None for each in found):
        return False
    held = [{row.ticker for row in each.rows} for each in found if each is not None]
    common = [row.ticker for row in found[0].rows if all(row.ticker in rows for rows in held)] if found[0] is not None else []
    target = Target("panel", panel="signals")
    count = writer.number("signal.count", float(len(common)), "", "signal_count", target)
    words = tuple(
        span
        for number, name in enumerate(names)
        for span in (*(writer.line("comma") if number else ()), *writer.cell(writer.strategy(name)))
    )
    writer.say("signal.common" if common else "signal.common.none", strategies=words, count=count)
    panel = writer.picture.panel
    writer.items([writer.cell(writer.stock(ticker, panel, Target("cell", panel="signals", ticker=ticker, item="name")))
                  for ticker in common])  # fmt: skip
    writer.draft.has_stock = writer.draft.has_stock or bool(common)
    return True


def _vcp(writer: Writer) -> FoundSignals | None:
    picture = writer.desk.workstation.scans.last
    if picture is None or not fits(picture.scan.as_of, writer.picture):
        return None
    scan, panel = picture.scan, picture.panel
    value = panel.value_krw[:, scan.day_index]
    rows = sorted(
        np.flatnonzero(scan.pattern).tolist(),
        key=lambda row: (-int(scan.grade[row]), -float(scan.total_score[row]), -float(np.nan_to_num(value[row])), row),
    )
    found = tuple(
        SignalRow(
            str(panel.tickers[row]), int(scan.grade[row]), float(scan.total_score[row]), float(scan.change_pct[row]),
            float(scan.entry_krw[row]), float(scan.stop_krw[row]), float(scan.target_krw[row]), "",
        )
        for row in rows
    )  # fmt: skip
    return FoundSignals(
        found, panel, day_of_index(panel, scan.day_index), bar_known_ns(panel, scan.day_index), _status(writer), picture.what_if
    )


def _closing(writer: Writer, strategies: Strategies) -> FoundSignals | None:
    picture = strategies.closing.last
    if picture is None or not fits(picture.gate.as_of, writer.picture):
        return None
    scan, panel = picture.scan, picture.panel
    rows = [row for row in scan.order.tolist() if scan.phase[row] != SignalPhase.NONE]
    rows.sort(key=lambda row: -int(scan.grade[row]))
    found = tuple(closing_row(picture, row) for row in rows)
    day = day_of_index(panel, scan.day_index)
    return FoundSignals(found, panel, day, scan.as_of.instant_ns, scan.gate, picture.what_if, scan.run.value)


def closing_row(picture: ClosingPicture, row: int) -> SignalRow:
    """One row of a closing-bet scan."""
    scan = picture.scan
    return SignalRow(
        str(picture.panel.tickers[row]), int(scan.grade[row]), float(scan.total[row]), float(scan.change_pct[row]),
        float(scan.entry_krw[row]), float(scan.stop_krw[row]), float(scan.target_krw[row]),
        SignalPhase(int(scan.phase[row])).name,
    )  # fmt: skip


def _day(writer: Writer, strategies: Strategies) -> FoundSignals | None:
    picture = strategies.day_trades.last
    if picture is None or not fits(picture.gate.as_of, writer.picture):
        return None
    scan, panel = picture.scan, picture.panel
    rows = [row for row in scan.order.tolist() if scan.grade[row] >= Grade.B]
    rows.sort(key=lambda row: -int(scan.grade[row]))
    found = tuple(
        SignalRow(
            str(panel.tickers[row]), int(scan.grade[row]), float(scan.score[row]), float(scan.change_pct[row]),
            float(scan.entry_krw[row]), float(scan.stop_krw[row]), float(scan.target_krw[row]),
            "" if scan.bans[row] else "PENDING",
        )
        for row in rows
    )  # fmt: skip
    return FoundSignals(found, panel, AsOf(scan.now_ns).day, scan.now_ns, scan.gate, picture.what_if)


def _status(writer: Writer) -> GateStatus | None:
    strategies = writer.desk.workstation.strategies
    gate = strategies.gate.last if strategies is not None else None
    return gate.reading.status if gate is not None and fits(gate.reading.as_of, writer.picture) else None

"""What two consecutive scans, gate readings or lives of signals have to tell, as notices with keys that name the fact.

Pure functions. A fact's ``dedup`` is made of what it says (strategy, symbol, signal day, grade …), never of when it was
noticed, so the same fact found again after a restart, by another scan or on another thread is one notice.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from engine.model.closing import ClosingBetScan, ClosingRun, SignalPhase
from engine.model.daytrade import EntryBan
from engine.model.gate import GateReading, GateStatus
from engine.model.instants import day_of
from engine.model.panel import MarketPanel
from engine.model.scan import Grade, ScanFlag, VcpScan
from engine.scoring.rounding import at_least
from engine.thresholds import DEFAULT_RULES, Rules
from ralphstock_desktop.services.contracts import ScanPicture
from ralphstock_desktop.services.signal_life import LifeChange
from ralphstock_desktop.services.strategy_contracts import ClosingPicture, DayTradePicture
from ralphstock_desktop.strategy_ports import NoticeRecord

__all__ = [
    "OpenSignal",
    "closing_notices",
    "day_notices",
    "gate_notices",
    "open_closing",
    "open_day",
    "open_vcp",
    "vcp_notices",
]

Fields = dict[str, str | int | float]


@dataclass(frozen=True, slots=True)
class OpenSignal:
    """A symbol with an open signal in a scan: what two scans are compared by."""

    ticker: str
    name: str
    name_en: str
    grade: Grade
    score: float
    entry_krw: float
    buys: bool
    """An order would be placed; False: only watched (the gate, a ban, or the strategy's own run says so)."""
    provisional: bool = False
    """On a bar that is still forming."""


def _day(panel: MarketPanel, index: int) -> date:
    day: date = panel.days[index].astype("datetime64[D]").item()
    return day


def _open(panel: MarketPanel, row: int, grade: int, score: float, entry: float, buys: bool, forming: bool) -> OpenSignal:
    name = str(panel.names[row])
    return OpenSignal(
        str(panel.tickers[row]), name, str(panel.names_en[row]) or name, Grade(grade), score, entry, buys, forming
    )


# -- what is open in a scan ---------------------------------------------------------------------------------------------


def open_vcp(
    scan: VcpScan, panel: MarketPanel, gate: GateStatus | None = None, rules: Rules = DEFAULT_RULES
) -> dict[str, OpenSignal]:
    """Detected patterns by ticker. Without a gate (None) or below its lowest grade they are watched only."""
    least = gate.min_grade if gate is not None else None
    rows = np.flatnonzero(scan.pattern & at_least(scan.coverage, rules.vcp.open_coverage))
    found = [
        _open(
            panel,
            row,
            int(scan.grade[row]),
            float(scan.total_score[row]),
            float(scan.entry_krw[row]),
            least is not None and scan.grade[row] >= least,
            bool(scan.flags[row] & ScanFlag.FORMING),
        )
        for row in rows.tolist()
    ]
    return {signal.ticker: signal for signal in found}


def open_closing(scan: ClosingBetScan, panel: MarketPanel) -> dict[str, OpenSignal]:
    """Closing bets by ticker: not rejected, grade B or better."""
    found = [
        _open(
            panel,
            row,
            int(scan.grade[row]),
            float(scan.total[row]),
            float(scan.entry_krw[row]),
            bool(scan.phase[row] == SignalPhase.PENDING),
            scan.run in (ClosingRun.PREVIEW, ClosingRun.PRE_CLOSE),
        )
        for row in np.flatnonzero(scan.phase != SignalPhase.NONE).tolist()
    ]
    return {signal.ticker: signal for signal in found}


def open_day(picture: DayTradePicture) -> dict[str, OpenSignal]:
    """Day-trading buys by ticker: grade A or better, and no ban on entries now (grade B is WATCH, §4.4)."""
    scan, panel = picture.scan, picture.panel
    rows = np.flatnonzero(scan.eligible & (scan.grade >= Grade.A) & (scan.bans == EntryBan.NONE))
    found = [
        _open(panel, row, int(scan.grade[row]), float(scan.score[row]), float(scan.entry_krw[row]), True, False)
        for row in rows.tolist()
    ]
    return {signal.ticker: signal for signal in found}


# -- what became different ----------------------------------------------------------------------------------------------


def scan_notices(
    before: ScanPicture | ClosingPicture | DayTradePicture | None,
    after: ScanPicture | ClosingPicture | DayTradePicture,
    *,
    gate: GateStatus | None = None,
    held: Collection[str] = (),
) -> list[NoticeRecord]:
    """What a scan has to tell against the one before it of the same strategy; nothing where thresholds were moved.

    Parameters
    ----------
    gate : GateStatus, optional
        For VCP: whether its signals are orders or only watched. The other scans carry their own.
    held : collection of str
        For VCP, at the first scan after a start: symbols with an open stored signal of an earlier day; they are not new.
    """
    if after.what_if:
        return []
    if before is not None and before.what_if:
        before = None
    if isinstance(after, ScanPicture):
        then = open_vcp(before.scan, before.panel, gate, before.rules) if isinstance(before, ScanPicture) else None
        now = open_vcp(after.scan, after.panel, gate, after.rules)
        if then is None:
            then = {ticker: signal for ticker, signal in now.items() if ticker in held}
        return vcp_notices(then, now, after.scan, after.panel)
    if isinstance(after, ClosingPicture):
        earlier = before if isinstance(before, ClosingPicture) else None
        return closing_notices(
            earlier.scan if earlier is not None else None,
            after.scan,
            earlier.panel if earlier is not None else None,
            after.panel,
        )
    return day_notices(before if isinstance(before, DayTradePicture) else None, after)


def vcp_notices(
    before: Mapping[str, OpenSignal] | None, after: Mapping[str, OpenSignal], scan: VcpScan, panel: MarketPanel
) -> list[NoticeRecord]:
    """New patterns and changed grades. A pattern that stays from one day to the next is not new.

    ``before`` None: there is nothing to compare with, and every pattern counts as new.
    """
    return _compared("VCP", "vcp", before or {}, after, _day(panel, scan.day_index), scan.as_of.instant_ns)


def closing_notices(
    before: ClosingBetScan | None, after: ClosingBetScan, before_panel: MarketPanel | None, panel: MarketPanel
) -> list[NoticeRecord]:
    """New closing bets, changed grades, and candidates of PRE_CLOSE that the official bar did not confirm.

    Only the runs of one day are compared. PREVIEW is for watching and FLOW_FINAL for study: they tell nothing.
    """
    if after.run in (ClosingRun.PREVIEW, ClosingRun.FLOW_FINAL):
        return []
    day, at_ns = _day(panel, after.day_index), after.as_of.instant_ns
    now = open_closing(after, panel)
    then: Mapping[str, OpenSignal] = {}
    comparable = before is not None and before_panel is not None and before.run is not ClosingRun.PREVIEW
    if comparable and before is not None and before_panel is not None and _day(before_panel, before.day_index) == day:
        then = open_closing(before, before_panel)
    name = "closing_pre" if after.run is ClosingRun.PRE_CLOSE else "closing"
    notices = _compared("CLOSING_BET", name, then, now, day, at_ns)
    if before is not None and before.run is ClosingRun.PRE_CLOSE and after.run is ClosingRun.CONFIRMED:
        notices += [
            _notice(
                f"life:CLOSING_BET:{ticker}:{day}:CANCELLED_AT_CLOSE",
                at_ns,
                "life",
                "CLOSING_BET",
                signal,
                "notice.life.cancelled_at_close",
                {},
            )
            for ticker, signal in then.items()
            if ticker not in now
        ]
    return notices


def day_notices(before: DayTradePicture | None, after: DayTradePicture) -> list[NoticeRecord]:
    """New day-trading buys and changed grades of one day."""
    day = day_of(after.scan.now_ns)
    same_day = before is not None and day_of(before.scan.now_ns) == day
    then = open_day(before) if before is not None and same_day else {}
    return _compared("DAY_TRADE", "day", then, open_day(after), day, after.scan.now_ns)


def gate_notices(before: GateReading | None, after: GateReading) -> list[NoticeRecord]:
    """A change of the gate's status; each change from one status to another once a day."""
    if before is None or before.status is after.status:
        return []
    fields: Fields = {
        "before": before.status.name,
        "after": after.status.name,
        "score": _two(after.score),
        "coverage": _two(after.coverage),
    }
    change = f"{before.status.name}>{after.status.name}"
    return [
        NoticeRecord(
            id=0,
            dedup=f"gate:{after.as_of.day}:{change}",
            at_ns=after.as_of.instant_ns,
            created_ns=0,
            kind="gate",
            strategy="",
            ticker="",
            key=f"notice.gate.{after.status.name.lower()}",
            fields=fields,
        )
    ]


def life_notices(changes: Iterable[LifeChange], panel: MarketPanel) -> list[NoticeRecord]:
    """Orders that were filled and signals that ended. What was only watched ends without a word."""
    notices = []
    for change in changes:
        signal, trade = change.record.signal, change.trade
        row = panel.row_of(signal.ticker)
        if row is None or change.record.signal.phase == "WATCH" or change.at_ns is None:
            continue
        grade = str(signal.values.get("grade") or Grade.NONE.name)
        open_signal = _open(panel, row, int(Grade[grade]), math.nan, math.nan, True, False)
        fields: Fields = {"day": signal.signal_date.isoformat()}
        if trade is not None:
            fields["price"] = f"{trade.exit_krw if trade.exit_krw is not None else trade.entry_krw:,}"
            fields["net_pct"] = "" if trade.net_pct is None else f"{trade.net_pct:+.2f}"
        notices.append(
            _notice(
                f"life:{signal.strategy}:{signal.ticker}:{signal.signal_date}:{signal.ruleset}:{change.reason}",
                change.at_ns,
                "life",
                signal.strategy,
                open_signal,
                f"notice.life.{change.reason.lower()}",
                fields,
            )
        )
    return notices


def _compared(
    strategy: str,
    name: str,
    before: Mapping[str, OpenSignal],
    after: Mapping[str, OpenSignal],
    day: date,
    at_ns: int,
) -> list[NoticeRecord]:
    notices = []
    for ticker, signal in after.items():
        earlier = before.get(ticker)
        if earlier is None:
            key = f"notice.{'signal' if signal.buys else 'watch'}.{name}"
            notices.append(_notice(f"signal:{strategy}:{ticker}:{day}", at_ns, "signal", strategy, signal, key, {}))
        elif earlier.grade != signal.grade:
            way = "up" if signal.grade > earlier.grade else "down"
            dedup = f"grade:{strategy}:{ticker}:{day}:{earlier.grade.name}>{signal.grade.name}"
            fields: Fields = {"before": earlier.grade.name}
            notices.append(_notice(dedup, at_ns, "grade", strategy, signal, f"notice.grade_{way}.{name}", fields))
    return notices


def _notice(dedup: str, at_ns: int, kind: str, strategy: str, signal: OpenSignal, key: str, fields: Fields) -> NoticeRecord:
    return NoticeRecord(
        id=0,
        dedup=dedup,
        at_ns=at_ns,
        created_ns=0,
        kind=kind,
        strategy=strategy,
        ticker=signal.ticker,
        key=key,
        fields={
            "ticker": signal.ticker,
            "name": signal.name,
            "name_en": signal.name_en,
            "grade": signal.grade.name,
            "score": _two(signal.score),
            "entry": f"{signal.entry_krw:,.0f}" if math.isfinite(signal.entry_krw) else "",
            **fields,
        },
    )


def _two(value: float | None) -> str:
    """A score as text, without needless zeros; a dash where it is missing."""
    return "–" if value is None or not math.isfinite(value) else f"{round(value, 2):g}"

"""Closing-bet and day-trading scans as the records the repository keeps (domain.md §10.1)."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.model.closing import CLOSING_COMPONENTS, Cap, SignalPhase
from engine.model.daytrade import DAY_ITEMS
from engine.model.instants import AsOf, day_of
from engine.model.scan import Grade, ScoreStatus, VcpScan
from engine.scoring.closing_bet import closing_size
from engine.scoring.day_trade import day_trade_size
from engine.thresholds import Rules
from ralphstock_desktop import __version__
from ralphstock_desktop.ports import ScanRecord, StoredSignal
from ralphstock_desktop.services.strategy.sources import day_at
from ralphstock_desktop.services.strategy_contracts import ClosingPicture, DayTradePicture

__all__ = ["closing_record", "day_record", "rank_rows"]

_ITEM_COLUMNS = dict(
    zip(DAY_ITEMS, ("volume_spike", "momentum", "box", "ma5", "institution", "oversold", "sector"), strict=True)
)


def closing_record(
    picture: ClosingPicture, started_ns: int, finished_ns: int, equity_krw: float
) -> tuple[ScanRecord, list[StoredSignal]]:
    """Return run and signals of a closing-bet scan: what is not rejected and has grade B or better."""
    scan, panel = picture.scan, picture.panel
    signal_date = day_at(panel, scan.day_index)
    scored = np.isfinite(scan.total)
    run = ScanRecord(
        strategy="CLOSING_BET",
        mode=scan.run.value,
        signal_date=signal_date,
        as_of=scan.as_of,
        ruleset=scan.ruleset,
        code_version=__version__,
        universe_n=int(np.count_nonzero(scan.candidate)),
        scored_n=int(np.count_nonzero(scored)),
        missing_n=int(np.count_nonzero(~scored)),
        error_n=0,
        started_ns=started_ns,
        finished_ns=finished_ns,
        state="COMPLETE",
    )
    signals = []
    for row in scan.order[scan.phase[scan.order] != SignalPhase.NONE]:
        waiting = scan.phase[row] == SignalPhase.PENDING
        points = dict(zip(CLOSING_COMPONENTS, scan.points[row].tolist(), strict=True))
        statuses = {
            name: ScoreStatus(int(status)).name for name, status in zip(CLOSING_COMPONENTS, scan.status[row], strict=True)
        }
        values: dict[str, Any] = {
            "grade": Grade(int(scan.grade[row])).name,
            "score": float(scan.total[row]),
            "score_pct": float(scan.score_pct[row]),
            "coverage": float(scan.coverage[row]),
            "flags": [cap.name for cap in Cap(int(scan.caps[row]))],
            **{f"{name}_score": points[name] for name in CLOSING_COMPONENTS},
            "total_score": float(scan.total[row]),
            "current_price": _whole(scan.close[row]),
            "entry": _whole(scan.entry_krw[row]),
            "stop": _whole(scan.stop_krw[row]),
            "target": _whole(scan.target_krw[row]),
            "qty": closing_size(scan, int(row), equity_krw, picture.rules) if waiting else 0,
            "foreign_net_5d_krw": _whole(scan.foreign_5d_krw[row]),
            "inst_net_5d_krw": _whole(scan.institution_5d_krw[row]),
            "details": {
                "run": scan.run.value,
                "change_pct": round(float(scan.change_pct[row]), 4),
                "trading_value": _whole(scan.value_krw[row]),
                "base_price": _whole(scan.base[row]),
                "upper_limit": _whole(scan.upper_limit[row]),
                "statuses": statuses,
            },
        }
        signals.append(
            StoredSignal(
                strategy="CLOSING_BET",
                ticker=str(panel.tickers[row]),
                signal_date=signal_date,
                ruleset=scan.ruleset,
                values=values,
                status="OPEN",
                phase="PENDING" if waiting else "WATCH",
            )
        )
    return run, signals


def day_record(
    picture: DayTradePicture, rows: list[int], started_ns: int, finished_ns: int, equity_krw: float, rules: Rules
) -> tuple[ScanRecord, list[StoredSignal]]:
    """Return run and signals of the given rows of a live checklist.

    The run is PARTIAL: it speaks of some symbols at one second and must not supersede what was found before.
    """
    scan, panel = picture.scan, picture.panel
    signal_date: date = day_of(scan.now_ns)
    run = ScanRecord(
        strategy="DAY_TRADE",
        mode="LIVE",
        signal_date=signal_date,
        as_of=AsOf(scan.now_ns),
        ruleset=scan.ruleset,
        code_version=__version__,
        universe_n=int(np.count_nonzero(scan.eligible)),
        scored_n=int(np.count_nonzero(np.isfinite(scan.score))),
        missing_n=int(np.count_nonzero(~np.isfinite(scan.score))),
        error_n=0,
        started_ns=started_ns,
        finished_ns=finished_ns,
        state="PARTIAL",
    )
    signals = []
    for row in rows:
        points = dict(zip(DAY_ITEMS, scan.points[row].tolist(), strict=True))
        values: dict[str, Any] = {
            "grade": Grade(int(scan.grade[row])).name,
            "score": float(scan.score[row]),
            "score_pct": float(scan.score[row]),
            "coverage": float(scan.coverage[row]),
            "total_score": float(scan.raw[row]),
            **{f"{_ITEM_COLUMNS[name]}_points": points[name] for name in DAY_ITEMS},
            "current_price": _whole(scan.price[row]),
            "entry": _whole(scan.entry_krw[row]),
            "stop": _whole(scan.stop_krw[row]),
            "target": _whole(scan.target_krw[row]),
            "qty": day_trade_size(scan, row, equity_krw, rules),
        }
        signals.append(
            StoredSignal(
                "DAY_TRADE", str(panel.tickers[row]), signal_date, scan.ruleset, values, status="OPEN", phase="PENDING"
            )
        )
    return run, signals


def rank_rows(scan: VcpScan, tickers: npt.NDArray[np.str_]) -> list[tuple[str, float | None, int | None, int]]:
    """Return the RS ranks of a scan as stored rows: (ticker, raw, rs, pool size); symbols without a raw value are left out."""
    pool = int(np.count_nonzero((scan.ineligible == 0) & np.isfinite(scan.rs_raw)))
    rows = np.flatnonzero(np.isfinite(scan.rs_raw))
    return [
        (
            str(tickers[row]),
            float(scan.rs_raw[row]),
            int(scan.rs[row]) if np.isfinite(scan.rs[row]) else None,
            pool,
        )
        for row in rows
    ]


def _whole(value: float) -> int | None:
    return round(float(value)) if math.isfinite(float(value)) else None

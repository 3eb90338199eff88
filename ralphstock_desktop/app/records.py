"""Scan results as plain records (domain.md §2.11) for files, the command line and the repository."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np

from engine.explain.reasons import signal_reasons
from engine.model.evidence import ItemState
from engine.model.gate import GateReading
from engine.model.instants import kst_datetime
from engine.model.panel import ARRAY_FIELDS, MarketPanel
from engine.model.scan import GROUPS, ITEMS, Grade, Ineligible, ScanFlag, VcpScan, VcpState
from engine.scoring.order_plan import position_size
from engine.thresholds import DEFAULT_RULES, Rules
from ralphstock_desktop.wording.texts import Texts

__all__ = ["COLUMNS", "scan_records", "signal_values", "tiny_panel", "vcp_order"]

_KOREAN = Texts("ko")

COLUMNS = (
    "ticker", "name", "market", "as_of", "signal_date", "ruleset", "vcp_score", "smartmoney_score", "total_score", "grade",
    "coverage", "flags", "ineligible", "pattern_detected", "state", "t_count", "depths", "contraction_ratio", "base_start",
    "base_len", "pivot", "dist_pct", "last_low", "vol_ratio", "dry_ratio", "rs", "points", "foreign_net_5d_krw",
    "inst_net_5d_krw", "foreign_net_5d_shares", "inst_net_5d_shares", "current_price", "change_pct", "entry", "stop", "target",
    "reward_risk", "qty", "trend", "signals",
)  # fmt: skip


def scan_records(panel: MarketPanel, scan: VcpScan, *, only_patterns: bool) -> list[dict[str, Any]]:
    """Return one record per detected pattern (or per scored symbol), best total first; missing numbers are None."""
    wanted = scan.pattern if only_patterns else ~np.isnan(scan.vcp_score)
    rows = np.flatnonzero(wanted)
    order = rows[np.lexsort((panel.tickers[rows], -np.nan_to_num(scan.total_score[rows], nan=-1.0)))]
    return [_record(panel, scan, int(row)) for row in order]


def _record(panel: MarketPanel, scan: VcpScan, row: int) -> dict[str, Any]:
    def number(values: Any, decimals: int = 6) -> float | int | None:
        value = float(values[row])
        if math.isnan(value):
            return None
        return int(value) if value == int(value) and abs(value) < 1e15 else round(value, decimals)

    base = int(scan.base_start[row])
    depths = [round(float(depth), 2) for depth in scan.depths_pct(row)]
    return {
        "ticker": str(panel.tickers[row]),
        "name": str(panel.names[row]),
        "market": ("", "KOSPI", "KOSDAQ", "KONEX")[int(panel.market[row])],
        "as_of": kst_datetime(scan.as_of.instant_ns).isoformat(timespec="seconds"),
        "signal_date": str(panel.days[scan.day_index]),
        "ruleset": scan.ruleset,
        "vcp_score": number(scan.vcp_score),
        "smartmoney_score": number(scan.smartmoney_score),
        "total_score": number(scan.total_score),
        "grade": Grade(int(scan.grade[row])).name,
        "coverage": number(scan.coverage),
        "flags": [flag.name for flag in ScanFlag(int(scan.flags[row]))],
        "ineligible": [reason.name for reason in Ineligible(int(scan.ineligible[row]))],
        "pattern_detected": bool(scan.pattern[row]),
        "state": VcpState(int(scan.state[row])).name,
        "t_count": int(scan.t_count[row]),
        "depths": depths,
        "contraction_ratio": number(scan.contraction_ratio),
        "base_start": str(panel.days[base]) if base >= 0 else None,
        "base_len": int(scan.base_bars[row]) if base >= 0 else None,
        "pivot": number(scan.pivot),
        "dist_pct": number(scan.dist_pct),
        "last_low": number(scan.last_low),
        "vol_ratio": number(scan.vol_ratio),
        "dry_ratio": number(scan.dry_ratio),
        "rs": number(scan.rs),
        "points": dict(zip(GROUPS, scan.group_points[row].tolist(), strict=True)),
        "foreign_net_5d_krw": number(scan.foreign_5d_krw),
        "inst_net_5d_krw": number(scan.institution_5d_krw),
        "foreign_net_5d_shares": number(scan.foreign_5d_shares),
        "inst_net_5d_shares": number(scan.institution_5d_shares),
        "current_price": number(scan.close),
        "change_pct": number(scan.change_pct),
        "entry": number(scan.entry_krw),
        "stop": number(scan.stop_krw),
        "target": number(scan.target_krw),
        "reward_risk": number(scan.reward_risk),
        # Without a Market Gate its status is UNKNOWN, and then the size is 0 (§5.3).
        "qty": 0 if scan.pattern[row] else None,
        "trend": {item: ItemState(int(scan.item_state[row, k])).name for k, item in enumerate(ITEMS[:8])},
        "signals": [_KOREAN(key, **fields) for key, fields in signal_reasons(scan, row) if key in _KOREAN],
    }


_SIGNAL_COLUMNS = (
    "grade", "coverage", "state", "vcp_score", "smartmoney_score", "total_score", "contraction_ratio", "t_count", "base_len",
    "pivot", "dist_pct", "last_low", "vol_ratio", "dry_ratio", "rs", "current_price", "entry", "stop", "target",
    "foreign_net_5d_krw", "foreign_net_5d_shares", "inst_net_5d_krw", "inst_net_5d_shares",
)  # fmt: skip


def signal_values(panel: MarketPanel, scan: VcpScan, row: int) -> dict[str, Any]:
    """Return the score columns of a stored signal (domain.md §10.1) for one symbol."""
    record = _record(panel, scan, row)
    base = record["base_start"]
    return {
        **{name: record[name] for name in _SIGNAL_COLUMNS},
        "score": record["total_score"],
        "score_pct": record["total_score"],
        "flags": record["flags"],
        "depths": record["depths"],
        "points": record["points"],
        "qty": record["qty"],
        "details": {"trend": record["trend"], "signals": record["signals"], "ineligible": record["ineligible"]},
        "base_start": date.fromisoformat(base) if base else None,
    }


def vcp_order(
    scan: VcpScan, row: int, gate: GateReading | None, equity_krw: float, rules: Rules = DEFAULT_RULES
) -> tuple[str, int]:
    """Return phase and quantity of a detected pattern's order: (``PENDING``, shares) where the gate allows its grade.

    Otherwise (``WATCH``, 0): RED, UNKNOWN or no gate, or a grade below the gate's minimum (domain.md §5.3).
    """
    grade = Grade(int(scan.grade[row]))
    lowest = gate.status.min_grade if gate is not None else None
    if gate is None or lowest is None or grade < lowest:
        return "WATCH", 0
    if equity_krw <= 0 or math.isnan(float(scan.mean_value_krw[row])):
        return "PENDING", 0
    qty = position_size(
        equity_krw=equity_krw,
        entry_krw=float(scan.entry_krw[row]),
        stop_krw=float(scan.stop_krw[row]),
        grade=grade,
        mean_value_krw=float(scan.mean_value_krw[row]),
        gate_factor=gate.status.size_factor(rules.gate.yellow_size),
        thresholds=rules.plan,
    )
    return "PENDING", max(0, qty)


def tiny_panel() -> MarketPanel:
    """One flat symbol over 260 days, of the types every panel has; for compiling the scan loops."""
    shape = (1, 260)
    arrays: dict[str, Any] = {
        name: np.full(shape, np.nan if kind == "<f8" else 0, dtype=kind) for name, kind in ARRAY_FIELDS.items()
    }
    for name in ("open_krw", "high_krw", "low_krw", "close_krw", "volume_shares"):
        arrays[name][...] = 1_000
    for name in ("factor", "present", "valid"):
        arrays[name][...] = 1
    text = np.array(["000020"])
    missing = np.full(1, np.datetime64("NaT"), dtype="datetime64[D]")
    return MarketPanel(
        days=np.datetime64("2025-01-01") + np.arange(260),
        tickers=text,
        names=text,
        names_en=text,
        sectors=text,
        market=np.ones(1, dtype=np.uint8),
        security_type=np.ones(1, dtype=np.uint8),
        listed_on=missing,
        delisted_on=missing,
        simulated=True,
        version="tiny",
        **arrays,
    )

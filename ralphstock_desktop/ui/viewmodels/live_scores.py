"""Provisional scores: when they may stand in for the official ones, and how one symbol's are explained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.explain.overlay import vcp_overlay
from engine.explain.reasons import signal_reasons
from engine.explain.vcp_evidence import explain_vcp
from engine.model.evidence import Evidence, EvidenceGroup
from engine.model.scan import ScanFlag
from ralphstock_desktop.services.contracts import Explanation, MarketPicture, ScanPicture
from ralphstock_desktop.services.live_contracts import LiveScan

__all__ = ["FORMING_GROUPS", "explain_live", "may_replace"]

FORMING_GROUPS = frozenset(("A", "E", "F"))
"""Evidence groups measured on the as-of bar itself; the others end with the bar before it (domain.md §2.2)."""


def may_replace(live: LiveScan | None, official: ScanPicture | None, market: MarketPicture | None) -> bool:
    """Whether a provisional scan belongs on screen: the newest data are looked at and its day has no official bar yet."""
    if live is None or official is None or market is None or not market.is_latest:
        return False
    panel, scan = live.picture.panel, live.picture.scan
    forming = panel.days[scan.day_index]
    known = official.panel.days[official.scan.day_index] if official.scan.day_index >= 0 else np.datetime64("NaT")
    if not np.isnat(known) and forming <= known:
        return False
    return official.panel.tickers is panel.tickers or np.array_equal(official.panel.tickers, panel.tickers)


def explain_live(live: LiveScan, ticker: str) -> Explanation | None:
    """Evidence of one symbol from the provisional scan; None if its panel does not hold it.

    What was measured on the forming bar is known since the scan, not since the official close, and is not final.
    """
    picture = live.picture
    row = picture.panel.row_of(ticker)
    if row is None:
        return None
    groups = explain_vcp(picture.panel, picture.scan, row, picture.rules)
    if picture.scan.flags[row] & int(ScanFlag.FORMING):
        groups = tuple(_forming(group, live.at_ns) if group.group in FORMING_GROUPS else group for group in groups)
    return Explanation(
        ticker,
        row,
        picture.scan,
        picture.rules,
        groups,
        vcp_overlay(picture.panel, picture.scan, row, picture.rules),
        signal_reasons(picture.scan, row),
    )


def _forming(group: EvidenceGroup, at_ns: int) -> EvidenceGroup:
    def item(evidence: Evidence) -> Evidence:
        known = at_ns if evidence.known_at_ns is not None else None
        sources = tuple(replace(source, final=False) for source in evidence.sources)
        return replace(evidence, known_at_ns=known, sources=sources)

    known = at_ns if group.known_at_ns is not None else None
    return replace(group, known_at_ns=known, items=tuple(item(evidence) for evidence in group.items))

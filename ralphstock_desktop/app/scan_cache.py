"""Keeps the newest scan beside the panel, so that the next start shows it without computing it again.

A scan is a function of panel, known days and rules. The file carries all three; where any differs the scan is not recalled.
A damaged or foreign file is as good as none.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from engine.asof.view import known_days
from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from engine.model.scan import VcpScan
from ralphstock_desktop import __version__

__all__ = ["keep_scan", "recall_scan"]

_log = logging.getLogger(__name__)
_PLAIN = ("day_index", "flow_day_index", "ruleset", "panel_version")


def keep_scan(scan: VcpScan, file: Path) -> None:
    """Write a scan; replaces the one before, whole or not at all. A failure costs only the next start's time."""
    head = {name: getattr(scan, name) for name in _PLAIN} | {"program": __version__}
    arrays: dict[str, Any] = {
        item.name: getattr(scan, item.name)
        for item in dataclasses.fields(scan)
        if item.name not in _PLAIN and item.name != "as_of"
    }
    fresh = file.with_suffix(f".{os.getpid()}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as stream:
            np.savez(stream, allow_pickle=False, head=np.array(json.dumps(head)), **arrays)
        fresh.replace(file)
    except OSError as error:
        _log.warning("the newest scan was not kept for the next start: %s", error)
        fresh.unlink(missing_ok=True)


def recall_scan(file: Path, panel: MarketPanel, as_of: AsOf, ruleset: str) -> VcpScan | None:
    """Return the kept scan if it is exactly what scanning ``panel`` at ``as_of`` under ``ruleset`` would give, else None."""
    if not file.exists():
        return None
    known = known_days(panel, as_of)
    wanted: dict[str, Any] = {
        "day_index": known.bar,
        "flow_day_index": known.flow,
        "ruleset": ruleset,
        "panel_version": panel.version,
        "program": __version__,
    }
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            if json.loads(str(stored["head"])) != wanted:
                return None
            names = {item.name for item in dataclasses.fields(VcpScan)} - {*_PLAIN, "as_of"}
            arrays = {name: stored[name] for name in names}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError):
        _log.warning("the kept scan could not be read; the market is scanned again")
        return None
    if any(len(array) != len(panel.tickers) for array in arrays.values()):
        return None
    plain = {name: wanted[name] for name in _PLAIN}
    return VcpScan(as_of=as_of, **plain, **arrays)

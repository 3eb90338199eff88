"""The broker's stream: frames, registrations, life cycle, conditions."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

DAY = date(2026, 7, 20)

TRADE: dict[str, str] = {
    "20": "143012", "10": "+71300", "11": "+800", "12": "+1.13", "27": "+71300", "28": "+71200", "15": "-37",
    "13": "11843207", "14": "841517", "16": "+70900", "17": "+71800", "18": "-70300", "25": "2", "26": "-974116",
    "29": "-68214570300", "30": "-92.40", "31": "0.20", "32": "57", "228": "108.42", "311": "4220702", "290": "2",
    "691": "0", "567": "000000", "568": "000000", "851": "", "1890": "090004", "1891": "101512", "1892": "092201",
    "1030": "5612044", "1031": "6084410", "1032": "52.02", "1071": "30122", "1072": "33810", "1313": "-2638",
    "1315": "-37", "1316": " 0", "1314": "472366", "1497": "0", "1498": "0", "620": "71055", "732": "0", "852": "0",
    "9081": "KRX",
}  # fmt: skip
"""A trade that fits together: 43 fields."""


def entry(kind: str, item: str, values: dict[str, Any]) -> dict[str, Any]:
    """One entry of a frame."""
    return {"type": kind, "name": "이름", "item": item, "values": values}


def frame(*entries: dict[str, Any]) -> bytes:
    """A frame as the broker writes it."""
    return json.dumps({"trnm": "REAL", "data": list(entries)}, ensure_ascii=False, separators=(",", ":")).encode()


def trade(item: str = "005930", **changes: str) -> dict[str, Any]:
    """A trade with some fields changed: ``f13="1"``; ``None`` takes a field out."""
    values = {**TRADE, **{name.removeprefix("f"): value for name, value in changes.items()}}
    return entry("0B", item, {fid: text for fid, text in values.items() if text is not None})

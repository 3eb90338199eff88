"""Recorded bodies and the vendor's official examples, and what becomes of each of them."""

from __future__ import annotations

import gzip
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from ralphstock_desktop.providers.kiwoom.catalogue import CATALOGUE

EXAMPLES = Path("kiwoom") / "official_examples.json.gz"
RECORDED = {
    "ka10001": Path("kiwoom") / "rec_ka10001_006360_20260819.json",
    "ka10003": Path("kiwoom") / "rec_ka10003_006360_20260819.json",
    "ka10080": Path("kiwoom") / "rec_ka10080_005930_5min_20251029.json.gz",
}

REFUSED_EXAMPLES = {
    "ka10001": (
        "error.kiwoom.value",
        "values shifted against their keys: a date under upl_pric, a rate under lst_pric (protocol 13)",
    ),
    "ka20005": ("error.kiwoom.list", "the example is the body of ka20006 (protocol 13)"),
    "ka90003": ("error.kiwoom.list", "the example is the body of ka90005 (protocol 13)"),
}
"""Examples of requests we know that are not what the request answers: error key and reason."""

NOT_SERVED = {
    "oauth": ("au10001 au10002", "token requests: not data, read by the token owner"),
    "real-time": (
        "00 04 0A 0B 0C 0D 0E 0F 0G 0H 0I 0J 0U 0g 0m 0s 0u 0w 1h",
        "frames of the stream: read by its own decoder",
    ),
    "conditions": ("ka10171 ka10172 ka10173 ka10174", "condition search over the stream: read by its own decoder"),
    "orders": (
        "kt10000 kt10001 kt10002 kt10003 kt10006 kt10007 kt10008 kt10009 kt50000 kt50001 kt50002 kt50003",
        "orders: the workstation only reads",
    ),
    "accounts": (
        "ka01690 ka10072 ka10073 ka10074 ka10077 ka10085 ka10088 ka10170 kt00002 kt00003 kt00005 kt00007 kt00008 kt00009 kt00010 "
        "kt00011 kt00012 kt00013 kt00015 kt00016 kt00017",
        "account details the workstation does not show",
    ),
    "gold": (
        "ka50010 ka50012 ka50079 ka50080 ka50081 ka50082 ka50083 ka50087 ka50091 ka50092 ka50100 ka50101 ka52301 kt50020 kt50021 "
        "kt50030 kt50031 kt50032 kt50075",
        "gold spot market: not served",
    ),
    "elw": ("ka10048 ka10050 ka30001 ka30002 ka30003 ka30004 ka30005 ka30009 ka30010 ka30011 ka30012", "ELW: not served"),
    "etf": ("ka40001 ka40002 ka40003 ka40004 ka40006 ka40007 ka40008 ka40009 ka40010", "ETF details: not served"),
    "loans": ("ka10013 ka10068 ka10069 ka20068 ka90012 kt20016 kt20017", "stock loans and margin: not served"),
    "other": (
        "ka10005 ka10006 ka10007 ka10010 ka10011 ka10018 ka10020 ka10021 ka10022 ka10024 ka10025 ka10026 ka10028 ka10031 ka10033 "
        "ka10035 ka10036 ka10037 ka10038 ka10039 ka10040 ka10042 ka10043 ka10044 ka10047 ka10052 ka10053 ka10055 ka10062 ka10078 "
        "ka10084 ka10098",
        "not in the protocol document: other requests of the catalogue tell the same, or nobody asked for it (ka10098 was deleted)",
    ),
}
"""Groups of requests the workstation does not make, with the reason."""


def reason_not_served(api_id: str) -> str | None:
    """Return why a request is not in the catalogue; None if nobody listed it."""
    return next((reason for ids, reason in NOT_SERVED.values() if api_id in ids.split()), None)


def read_json(path: Path) -> Any:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        return json.load(file)


@lru_cache(maxsize=1)
def examples(folder: Path) -> tuple[tuple[str, Any], ...]:
    """Return (api-id, body) of every official response example; the body is text where it is no JSON."""
    return tuple(
        (api["api_id"], example) for api in read_json(folder / EXAMPLES)["apis"] for example in api["response_examples"]
    )


@lru_cache(maxsize=1)
def recorded(folder: Path) -> tuple[tuple[str, Any], ...]:
    """Return (api-id, body) of every recorded real answer."""
    return tuple((api_id, read_json(folder / path)["body"]) for api_id, path in RECORDED.items())


@lru_cache(maxsize=1)
def readable(folder: Path) -> tuple[tuple[str, Any], ...]:
    """Return (api-id, body) of everything that is read: recorded bodies and the examples that are what they say."""
    known = [(api_id, body) for api_id, body in examples(folder) if api_id in CATALOGUE and api_id not in REFUSED_EXAMPLES]
    return (*recorded(folder), *known)


def example(folder: Path, api_id: str) -> Any:
    """Return the official example of a request."""
    return next(body for known, body in examples(folder) if known == api_id)

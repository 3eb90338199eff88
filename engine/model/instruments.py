"""Instruments: tickers, markets, security types and designations (domain.md §1.1-1.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import IntEnum, IntFlag

from engine.model.errors import ValidationFailed

__all__ = [
    "Designation",
    "DesignationFlag",
    "Market",
    "SecurityType",
    "Symbol",
    "infer_security_type",
    "normalize_ticker",
]

_TICKER = re.compile(r"[0-9A-HJ-NP-TV-Z]{6}\Z")
_PREFERRED_NAME = re.compile(r"(우|우B|우C|우\(전환\))\Z")
_ETF_BRANDS = frozenset(
    [
        "KODEX",
        "TIGER",
        "KBSTAR",
        "RISE",
        "ACE",
        "SOL",
        "PLUS",
        "ARIRANG",
        "HANARO",
        "KOSEF",
        "KIWOOM",
        "TIMEFOLIO",
        "TIME",
        "WON",
        "FOCUS",
        "KoAct",
        "BNK",
        "UNICORN",
        "1Q",
    ]
)
_ASSET_MANAGER = re.compile(r"자산운용|투자신탁운용|투신운용|Asset Management", re.IGNORECASE)


class Market(IntEnum):
    """Listing market; the value is what arrays store. ``UNKNOWN`` means the master does not say."""

    UNKNOWN = 0
    KOSPI = 1
    KOSDAQ = 2
    KONEX = 3

    @classmethod
    def parse(cls, text: str) -> Market:
        """Read a master's market name (``KOSPI``, ``유가증권``, ``KOSDAQ GLOBAL`` …); anything else is ``UNKNOWN``."""
        key = text.strip().upper()
        if key in {"KOSPI", "유가증권", "코스피", "STK"}:
            return cls.KOSPI
        if key in {"KOSDAQ", "KOSDAQ GLOBAL", "코스닥", "코스닥글로벌", "KSQ"}:
            return cls.KOSDAQ
        if key in {"KONEX", "코넥스", "KNX"}:
            return cls.KONEX
        return cls.UNKNOWN


class SecurityType(IntEnum):
    """Security type from the listing master; the value is what arrays store."""

    UNKNOWN = 0
    COMMON = 1
    PREFERRED = 2
    SPAC = 3
    REIT = 4
    ETF = 5
    ETN = 6
    ELW = 7
    FUND = 8
    RIGHTS = 9
    BOND = 10


class DesignationFlag(IntFlag):
    """Exchange designations of one symbol on one day, as a bit mask in arrays."""

    NONE = 0
    ADMIN = 1
    """관리종목"""
    CAUTION_ISSUE = 2
    """투자주의환기종목 (KOSDAQ)"""
    WARNING = 4
    """투자경고"""
    DANGER = 8
    """투자위험"""
    OVERHEAT = 16
    """단기과열 (단일가)"""
    HALT = 32
    """거래정지"""
    CLEANUP = 64
    """정리매매"""
    CAUTION = 128
    """투자주의 (shown, excludes nothing)"""
    REMARK = 256
    """other remark (shown, excludes nothing)"""


@dataclass(frozen=True, slots=True)
class Symbol:
    """One listed issue as the master knows it. ``None`` is *unknown*, never a default."""

    ticker: str
    name: str
    market: Market
    type: SecurityType
    sector: str | None = None
    name_en: str | None = None
    isin: str | None = None
    listed_on: date | None = None
    delisted_on: date | None = None
    shares_out: int | None = None
    par_krw: int | None = None


@dataclass(frozen=True, slots=True)
class Designation:
    """One designation interval; ``to`` is the last day inclusive, ``None`` while it lasts."""

    ticker: str
    flag: DesignationFlag
    start: date
    end: date | None = None


def normalize_ticker(text: str) -> str:
    """Return the six-character KRX short code in ``text`` (domain.md §1.2).

    A leading market letter (``A005930``) and a venue suffix (``_NX``, ``_AL``) are removed; an all-digit string shorter
    than six is zero-padded; a code with letters is never padded.

    Raises
    ------
    ValidationFailed
        If what remains is not ``^[0-9A-Z]{6}$`` or holds one of the letters I, O, U.
    """
    code = text.strip().upper()
    for suffix in ("_NX", "_AL"):
        code = code.removesuffix(suffix)
    if len(code) == 7 and code[0] in "AQJ":
        code = code[1:]
    if code.isascii() and code.isdigit() and len(code) < 6:
        code = code.zfill(6)
    if not _TICKER.match(code):
        raise ValidationFailed(
            f"'{text}' is not a KRX short code: six digits or capital letters without I, O and U are expected.",
            key="error.ticker",
            value=text,
        )
    return code


def infer_security_type(ticker: str, name: str, issuer: str = "") -> SecurityType:
    """Guess the type from the name, only where the master has none (domain.md §1.1, last paragraph).

    A name keyword alone never removes a common stock: KB금융 and SOL… stay COMMON unless the issuer is an asset manager or
    the name says ETN.
    """
    if "스팩" in name:
        return SecurityType.SPAC
    if ticker[5] != "0" and _PREFERRED_NAME.search(name):
        return SecurityType.PREFERRED
    first = name.split(" ", 1)[0]
    if "ETN" in name.upper().split():
        return SecurityType.ETN
    if first in _ETF_BRANDS and _ASSET_MANAGER.search(issuer):
        return SecurityType.ETF
    return SecurityType.COMMON

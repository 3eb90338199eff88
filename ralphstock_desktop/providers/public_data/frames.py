"""From the libraries' data frames to our batches: names, units, order, missing values (domain.md §1.10).

Prices in won, volumes in shares, values and net buying in won, as KRX publishes them; of indices too.
*Foreign* is the sum of registered and other foreigners (외국인합계), *institution* the sum of all institutions (기관합계).
A day without trades comes from Naver with open, high and low 0.
"""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from engine.model.errors import ProtocolChanged, ValidationFailed
from engine.model.instruments import (
    Designation,
    DesignationFlag,
    Market,
    SecurityType,
    Symbol,
    infer_security_type,
    normalize_ticker,
)
from engine.model.live import MISSING, FeedVenue, QuoteSnapshot
from ralphstock_desktop.ports import MISSING_INT, AdjustedBatch, DailyBatch, FlowBatch, IndexBatch, MarketFlowBatch

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "adjusted_batch",
    "daily_batch",
    "designations_of",
    "flow_batches",
    "fx_batch",
    "index_batch",
    "market_flow_batch",
    "rows",
    "snapshots",
    "symbols_of",
    "with_today",
]

_PRICES = ("시가", "고가", "저가", "종가")
_INSTITUTIONS = ("금융투자", "보험", "투신", "사모", "은행", "기타금융", "연기금")
_INVESTORS: dict[str, tuple[str, ...]] = {
    "individual": ("개인",),
    "foreign": ("외국인", "기타외국인"),
    "institution": _INSTITUTIONS,
    "securities": ("금융투자",),
    "insurance": ("보험",),
    "investment_trust": ("투신",),
    "bank": ("은행",),
    "other_finance": ("기타금융",),
    "pension": ("연기금",),
    "other_corp": ("기타법인",),
}
"""Our investor groups as sums of KRX's columns."""

Days = npt.NDArray[np.datetime64]
B = TypeVar("B", bound=Any)


def _changed(library: str, what: str) -> ProtocolChanged:
    return ProtocolChanged(
        f"{library} answered in a form we do not know: {what}.",
        provider=library,
        retryable=False,
        key="error.public_data.shape",
        what=what,
    )


def _need(frame: pd.DataFrame, columns: tuple[str, ...], library: str) -> None:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise _changed(library, f"no column {', '.join(missing)}")


def _sorted(frame: pd.DataFrame, library: str) -> tuple[pd.DataFrame, Days]:
    """Rows in order of their days, the later of two of one day."""
    try:
        days = np.asarray(frame.index.to_numpy(), dtype="datetime64[D]")
    except (TypeError, ValueError) as error:
        raise _changed(library, "an index that is no day") from error
    if np.isnat(days).any():
        raise _changed(library, "a row without a day")
    order = np.argsort(days, kind="stable")
    days = days[order]
    last_of_day = np.r_[days[1:] != days[:-1], True] if len(days) else np.empty(0, dtype=np.bool_)
    return frame.iloc[order[last_of_day]], days[last_of_day]


def _floats(column: Any, library: str) -> npt.NDArray[np.float64]:
    try:
        return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise _changed(library, f"column {column.name} holds something that is no number") from error


def _ints(column: Any, library: str) -> npt.NDArray[np.int64]:
    values = _floats(column, library)
    known = np.isfinite(values)
    if (np.abs(values[known]) > 2**53).any() or (values[known] != np.round(values[known])).any():
        raise _changed(library, f"column {column.name} holds something that is no whole number")
    result = np.full(len(values), MISSING_INT, dtype=np.int64)
    result[known] = values[known].astype(np.int64)
    return result


def daily_batch(frame: pd.DataFrame, ticker: str, source: str, library: str) -> DailyBatch:
    """Raw bars. 전일대비 in won is not told and stays missing: the rounded rate would give a wrong base price."""
    _need(frame, (*_PRICES, "거래량", "거래대금"), library)
    frame, days = _sorted(frame, library)
    opened, high, low, close = (_ints(frame[name], library) for name in _PRICES)
    volume, value = _ints(frame["거래량"], library), _ints(frame["거래대금"], library)
    return DailyBatch(
        np.full(len(days), ticker),
        days,
        opened,
        high,
        low,
        close,
        volume,
        value,
        np.full(len(days), MISSING_INT, dtype=np.int64),
        source,
    )


def adjusted_batch(frame: pd.DataFrame, ticker: str, factor_on: date, source: str, library: str) -> AdjustedBatch:
    """Back-adjusted bars."""
    _need(frame, (*_PRICES, "거래량"), library)
    frame, days = _sorted(frame, library)
    opened, high, low, close = (_floats(frame[name], library) for name in _PRICES)
    volume = _floats(frame["거래량"], library)
    return AdjustedBatch(np.full(len(days), ticker), days, opened, high, low, close, volume, factor_on, source)


def _sums(frame: pd.DataFrame, library: str) -> dict[str, npt.NDArray[np.int64]]:
    _need(frame, tuple(dict.fromkeys(name for names in _INVESTORS.values() for name in names)), library)
    sums = {}
    for investor, names in _INVESTORS.items():
        columns = [_ints(frame[name], library) for name in names]
        missing = np.logical_or.reduce([column == MISSING_INT for column in columns])
        total = np.sum([np.where(missing, 0, column) for column in columns], axis=0)
        sums[investor] = np.where(missing, MISSING_INT, total).astype(np.int64)
    return sums


def flow_batches(won: pd.DataFrame, shares: pd.DataFrame, ticker: str, source: str, library: str) -> tuple[FlowBatch, ...]:
    """Net buying per investor, in won and shares; a day that only one of the two frames has lacks the other."""
    won, won_days = _sorted(won, library)
    shares, share_days = _sorted(shares, library)
    money, count = _sums(won, library), _sums(shares, library)
    days = np.union1d(won_days, share_days)

    def spread(column: npt.NDArray[np.int64], own: Days) -> npt.NDArray[np.int64]:
        result = np.full(len(days), MISSING_INT, dtype=np.int64)
        result[np.searchsorted(days, own)] = column
        return result

    return tuple(
        FlowBatch(
            np.full(len(days), ticker),
            days,
            investor,
            spread(count[investor], share_days),
            spread(money[investor], won_days),
            estimated=False,
            provisional=False,
            source=source,
        )
        for investor in _INVESTORS
    )


def market_flow_batch(frame: pd.DataFrame, market: str, source: str, library: str) -> MarketFlowBatch:
    """Net buying of a market by investor and day, in won."""
    frame, days = _sorted(frame, library)
    sums = _sums(frame, library)
    return MarketFlowBatch(
        np.full(len(days) * len(sums), market),
        np.tile(days, len(sums)),
        np.repeat(np.array(list(sums)), len(days)),
        np.concatenate(list(sums.values())) if len(days) else np.empty(0, dtype=np.int64),
        None,
        source,
    )


def index_batch(frame: pd.DataFrame, name: str, source: str, library: str) -> IndexBatch:
    """Daily levels of an index."""
    _need(frame, (*_PRICES, "거래량", "거래대금"), library)
    frame, days = _sorted(frame, library)
    opened, high, low, close = (_floats(frame[column], library) for column in _PRICES)
    # KRX lists old days with a close only, the rest 0: a level of 0 is a missing one
    opened, high, low, close = (np.where(column > 0, column, np.nan) for column in (opened, high, low, close))
    volume, value = _floats(frame["거래량"], library), _floats(frame["거래대금"], library)
    return IndexBatch(np.full(len(days), name), days, opened, high, low, close, volume, value, source)


def fx_batch(frame: pd.DataFrame, source: str, library: str) -> IndexBatch:
    """Won per dollar by day; days without a close are left out."""
    _need(frame, ("Open", "High", "Low", "Close"), library)
    frame, days = _sorted(frame, library)
    columns = [_floats(frame[name], library) for name in ("Open", "High", "Low", "Close")]
    known = np.isfinite(columns[3]) & (columns[3] > 0)
    opened, high, low, close = (column[known] for column in columns)
    none = np.full(int(known.sum()), np.nan)
    return IndexBatch(np.full(len(none), "USDKRW"), days[known], opened, high, low, close, none, none, source)


def snapshots(frame: pd.DataFrame, tickers: frozenset[str], now_ns: int, library: str) -> list[QuoteSnapshot]:
    """State of chosen stocks out of a whole market's day. A price of 0 means that nothing traded yet: it is missing."""
    _need(frame, (*_PRICES, "거래량", "거래대금"), library)
    chosen = frame[[str(code) in tickers for code in frame.index]]
    opened, high, low, close = (
        np.where((column := _ints(chosen[name], library)) > 0, column, MISSING).tolist() for name in _PRICES
    )
    volume, value = _ints(chosen["거래량"], library).tolist(), _ints(chosen["거래대금"], library).tolist()
    return [
        QuoteSnapshot(
            ticker=str(code),
            venue=FeedVenue.KRX,
            at_ns=MISSING,
            price_krw=close[at],
            base_krw=MISSING,
            open_krw=opened[at],
            high_krw=high[at],
            low_krw=low[at],
            volume_shares=volume[at],
            value_krw=value[at],
            strength_pct=float("nan"),
            ask_krw=MISSING,
            bid_krw=MISSING,
            upper_limit_krw=MISSING,
            lower_limit_krw=MISSING,
            expected_krw=MISSING,
            received_ns=now_ns,
        )
        for at, code in enumerate(chosen.index)
    ]


def rows(batch: B, keep: npt.NDArray[np.bool_]) -> B:
    """Chosen rows of a batch."""
    if keep.all():
        return batch
    names = [item.name for item in dataclasses.fields(batch) if isinstance(getattr(batch, item.name), np.ndarray)]
    return dataclasses.replace(batch, **{name: getattr(batch, name)[keep] for name in names})


def with_today(batch: AdjustedBatch, today: DailyBatch) -> AdjustedBatch:
    """Add today's raw bar to an adjusted series: as of today its factor is 1."""

    def joined(column: npt.NDArray[np.float64], more: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        return np.concatenate([column, np.where(more == MISSING_INT, np.nan, more.astype(np.float64))])

    return AdjustedBatch(
        np.concatenate([batch.ticker, today.ticker]),
        np.concatenate([batch.day, today.day]),
        joined(batch.open_krw, today.open_krw),
        joined(batch.high_krw, today.high_krw),
        joined(batch.low_krw, today.low_krw),
        joined(batch.close_krw, today.close_krw),
        joined(batch.volume_shares, today.volume_shares),
        batch.factor_on,
        batch.source,
    )


def symbols_of(listing: pd.DataFrame, capital: pd.DataFrame, library: str) -> tuple[tuple[Symbol, ...], int]:
    """Return the master, and how many rows had a code we do not know the form of."""
    _need(listing, ("Code", "Name", "Market"), library)
    _need(capital, ("Code", "Stocks", "Dept"), library)
    shares = dict(zip(capital["Code"].astype(str), _floats(capital["Stocks"], library).tolist(), strict=True))
    departments = dict(zip(capital["Code"].astype(str), capital["Dept"].fillna("").astype(str), strict=True))
    found: dict[str, Symbol] = {}
    refused = 0
    for row in listing.to_dict("records"):
        try:
            ticker = normalize_ticker(str(row["Code"]))
        except ValidationFailed:
            refused += 1
            continue
        name = str(row["Name"]).strip()
        count = shares.get(ticker, float("nan"))
        is_spac = "SPAC" in departments.get(ticker, "")
        found[ticker] = Symbol(
            ticker,
            name,
            Market.parse(str(row["Market"])),
            SecurityType.SPAC if is_spac else infer_security_type(ticker, name),
            sector=_word(row.get("Sector")),
            listed_on=_day(row.get("ListingDate")),
            shares_out=int(count) if np.isfinite(count) and count > 0 else None,
        )
    return tuple(found.values()), refused


def designations_of(administrative: pd.DataFrame, capital: pd.DataFrame, as_of: date, library: str) -> tuple[Designation, ...]:
    """Issues under supervision with their day, and KOSDAQ's 투자주의환기종목, of which only today is known."""
    _need(administrative, ("Symbol", "DesignationDate"), library)
    found: dict[tuple[str, DesignationFlag], Designation] = {}
    for row in administrative.to_dict("records"):
        code = str(row["Symbol"]).strip()
        try:
            ticker = normalize_ticker(code)
        except ValidationFailed:
            continue
        start = _day(row["DesignationDate"]) or as_of
        found[(ticker, DesignationFlag.ADMIN)] = Designation(ticker, DesignationFlag.ADMIN, start)
    for code, department in zip(capital["Code"].astype(str), capital["Dept"].fillna("").astype(str), strict=True):
        if "환기" in department:
            found[(code, DesignationFlag.CAUTION_ISSUE)] = Designation(code, DesignationFlag.CAUTION_ISSUE, as_of)
    return tuple(found.values())


def _word(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _day(value: Any) -> date | None:
    if value is None or value != value:  # NaN and NaT are unlike themselves
        return None
    day: date = np.datetime64(value, "D").astype(object)
    return day

"""The calls into pykrx and FinanceDataReader, and nothing else: one method a request, data frames as they come.

Both libraries are loaded at the first call, because pykrx goes to the network and loads a plotting library when imported. All
methods block; one worker thread uses them. Three habits of the libraries are dealt with here:

* They print, pykrx even the login name. What they print is caught and never shown.
* pykrx answers a failure (a page instead of data, a login that is asked for) with an *empty frame* and a printed line. The
  printed line makes it an error here: a failure is never an empty answer.
* They raise whatever requests, pandas or a dictionary raises. All of it becomes a ProviderError.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

from engine.model.errors import DataUnavailable, ProviderError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FINANCE_DATA_READER", "PYKRX", "InstalledLibraries", "PublicLibraries"]

PYKRX = "pykrx"
FINANCE_DATA_READER = "FinanceDataReader"
_FAILED_WORD = "Error occurred in"


class PublicLibraries(Protocol):
    """What :class:`.source.PublicDataSource` asks the libraries for. Frames keep the libraries' column names."""

    def raw_bars(self, ticker: str, first: date, last: date) -> pd.DataFrame: ...
    def adjusted_bars(self, ticker: str, first: date, last: date) -> pd.DataFrame: ...
    def flows(self, ticker: str, first: date, last: date, *, shares: bool) -> pd.DataFrame:
        """Net buying by investor and day of a stock or a whole market (``KOSPI``, ``KOSDAQ``)."""
        ...

    def index_bars(self, code: str, first: date, last: date) -> pd.DataFrame: ...
    def day_quotes(self, day: date) -> pd.DataFrame:
        """All stocks of one day."""
        ...

    def exchange_rate(self, first: date) -> pd.DataFrame: ...
    def listing(self) -> pd.DataFrame:
        """Names, markets, sectors, listing days."""
        ...

    def capital(self) -> pd.DataFrame:
        """Shares and departments."""
        ...

    def administrative(self) -> pd.DataFrame:
        """Issues under supervision (관리종목)."""
        ...


def _text(day: date) -> str:
    return day.strftime("%Y%m%d")


class InstalledLibraries:
    """The installed libraries; implements :class:`PublicLibraries`."""

    def raw_bars(self, ticker: str, first: date, last: date) -> pd.DataFrame:
        """Bars as traded, from KRX."""
        return self._krx("get_market_ohlcv_by_date", _text(first), _text(last), ticker, adjusted=False)

    def adjusted_bars(self, ticker: str, first: date, last: date) -> pd.DataFrame:
        """Back-adjusted bars, from Naver."""
        return self._krx("get_market_ohlcv_by_date", _text(first), _text(last), ticker, adjusted=True)

    def flows(self, ticker: str, first: date, last: date, *, shares: bool) -> pd.DataFrame:
        """Net buying by investor and day: won, or shares."""
        name = "get_market_trading_volume_by_date" if shares else "get_market_trading_value_by_date"
        return self._krx(name, _text(first), _text(last), ticker, detail=True)

    def index_bars(self, code: str, first: date, last: date) -> pd.DataFrame:
        """Daily levels by KRX index number (1001, 2001, 1028)."""
        return self._krx("get_index_ohlcv_by_date", _text(first), _text(last), code, name_display=False)

    def day_quotes(self, day: date) -> pd.DataFrame:
        """All stocks of one day."""
        return self._krx("get_market_ohlcv_by_ticker", _text(day), market="ALL")

    def exchange_rate(self, first: date) -> pd.DataFrame:
        """Won per dollar by day, from Yahoo."""
        return self._reader("DataReader", "USD/KRW", first.isoformat())

    def listing(self) -> pd.DataFrame:
        """Names, markets, sectors and listing days."""
        return self._reader("StockListing", "KRX-DESC")

    def capital(self) -> pd.DataFrame:
        """Shares, departments and last prices."""
        return self._reader("StockListing", "KRX")

    def administrative(self) -> pd.DataFrame:
        """Issues under supervision, with the day."""
        return self._reader("StockListing", "KRX-ADMINISTRATIVE")

    def _krx(self, name: str, *arguments: Any, **options: Any) -> pd.DataFrame:
        frame, said = _quietly(PYKRX, lambda: getattr(_load("pykrx.stock", PYKRX), name)(*arguments, **options))
        if _FAILED_WORD in said and not len(frame):
            needs_login = not (os.environ.get("KRX_ID") and os.environ.get("KRX_PW"))
            raise ProviderError(
                f"{name} got no data it could read from KRX.",
                provider=PYKRX,
                retryable=not needs_login,
                key="error.public_data.login" if needs_login else "error.public_data.failed",
                what=name,
            )
        return frame

    def _reader(self, name: str, *arguments: Any) -> pd.DataFrame:
        frame, _ = _quietly(
            FINANCE_DATA_READER, lambda: getattr(_load("FinanceDataReader", FINANCE_DATA_READER), name)(*arguments)
        )
        return frame


def _load(module: str, library: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise DataUnavailable(
            f"{library} is not installed: pip install ralphstock-desktop[public-data]",
            key="error.public_data.not_installed",
            provider=library,
        ) from error


def _quietly(library: str, call: Callable[[], Any]) -> tuple[pd.DataFrame, str]:
    """Call a library; return its frame and what it printed.

    Raises
    ------
    DataUnavailable
        If the library is not installed.
    ProviderError
        For everything a library raises.
    """
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            frame = call()
    except DataUnavailable:
        raise
    except Exception as error:
        # the libraries let everything through: requests' errors, KeyError of a changed page, ValueError of a parser
        kind = type(error).__name__
        raise ProviderError(
            f"{library} failed with {kind}.",
            provider=library,
            retryable=True,
            key="error.public_data.failed",
            what=kind,
        ) from error
    return frame, said.getvalue()

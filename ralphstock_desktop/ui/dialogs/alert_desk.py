"""What the editor of alerts asks of the program, read from the market on screen."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from engine.model.errors import DataUnavailable
from ralphstock_desktop.services.alert_checks import quoted
from ralphstock_desktop.services.contracts import Workstation
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.alert_rule import AlertDesk
from ralphstock_desktop.ui.dock_registry import Spawn
from ralphstock_desktop.ui.viewmodels.journal_rows import price_step

__all__ = ["alert_desk", "stock_name"]


def stock_name(work: Workstation, look: Appearance, ticker: str) -> str:
    """Name in the language of the window; the code where the market does not hold it."""
    picture = work.market.last
    row = picture.panel.row_of(ticker) if picture is not None else None
    if picture is None or row is None:
        return ticker
    english = str(picture.panel.names_en[row]) if look.language == "en" else ""
    return english or str(picture.panel.names[row]) or ticker


def _measured(work: Workstation, ticker: str, quantity: str) -> float | None:
    """Value now; of a price the last close where nothing is quoted. None where it is missing or the past is looked at."""
    picture, scan, live = work.market.last, work.scans.last, work.live
    row = picture.panel.row_of(ticker) if picture is not None else None
    if picture is None or row is None or not picture.is_latest:
        return None
    if quantity == "score":
        at = scan.panel.row_of(ticker) if scan is not None and not scan.what_if else None
        score = float(scan.scan.total_score[at]) if scan is not None and at is not None else math.nan
        return None if math.isnan(score) else score
    board = live.board if live is not None else None
    place = board.row_of(ticker) if board is not None else None
    value = quoted(board, place, quantity) if board is not None and place is not None else None
    if value is None and quantity == "price":
        last = picture.panel.day_index(picture.as_of.day)
        known = np.flatnonzero(picture.panel.valid[row, : last + 1])
        return float(picture.panel.close_krw[row, known[-1]]) if known.size else None
    return value


def alert_desk(work: Workstation, look: Appearance, spawn: Spawn) -> AlertDesk:
    """Return what the editor asks of this program."""

    async def submit(ticker: str, quantity: str, op: str, value: float, note: str) -> object:
        if work.watch is None:
            raise DataUnavailable("No repository.", key="error.chat.no_market")
        return await work.watch.add_alert(ticker, quantity, op, value, note)

    def moves(ticker: str) -> tuple[Callable[[int, int], int], Callable[[int], int]]:
        picture, day = work.market.last, work.last_trading_day
        return price_step(picture.panel if picture is not None and day is not None else None, ticker, day)

    return AlertDesk(
        find=lambda text: work.search(text, 8),
        name=lambda ticker: stock_name(work, look, ticker),
        measured=lambda ticker, quantity: _measured(work, ticker, quantity),
        price_moves=moves,
        submit=submit,
        spawn=spawn,
    )

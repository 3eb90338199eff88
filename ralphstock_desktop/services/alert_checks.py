"""What an alert may be, when it is reached, and the notice that tells it. Pure functions; nothing is stored here."""

from __future__ import annotations

import math
from datetime import date
from typing import Literal, cast

from engine.calendar.ticks import tick_size
from engine.model.errors import ValidationFailed
from engine.model.live import MISSING, QuoteSource
from engine.model.panel import MarketPanel
from ralphstock_desktop.assistant_ports import AlertRule
from ralphstock_desktop.services.contracts import ScanPicture
from ralphstock_desktop.services.live_contracts import PriceSpan, QuoteBoard
from ralphstock_desktop.strategy_ports import NoticeRecord
from ralphstock_desktop.wording import format as fmt

__all__ = [
    "check_kind",
    "check_tick",
    "is_reached",
    "notice_of",
    "quoted",
    "refuse_reached",
    "score_of",
    "spiked",
    "value_text",
]

_LIMITS: dict[str, tuple[float, float]] = {
    "price": (1, 1e9),
    "change_pct": (-100, 1_000),
    "volume": (1, 1e12),
    "score": (0, 100),
}
"""Least and largest value of each quantity: won, percent, shares, points."""
_DECIMALS = {"price": 0, "volume": 0, "change_pct": 2, "score": 2}
_TOLERANCE = 1e-9


def value_text(quantity: str, value: float) -> str:
    """A value with separators, with as many decimals as it needs and its quantity has; without unit."""
    most = _DECIMALS.get(quantity, 2)
    needed = next((count for count in range(most) if math.isclose(round(value, count), value, abs_tol=_TOLERANCE)), most)
    return fmt.number(value, needed)


def check_kind(
    quantity: str, op: str, value: float
) -> tuple[Literal["price", "change_pct", "volume", "score"], Literal[">=", "<="]]:
    """Return quantity and comparison as they are stored.

    Raises
    ------
    ValidationFailed
        ``error.alert.kind``, ``error.alert.value``.
    """
    if quantity not in _LIMITS or op not in (">=", "<="):
        raise ValidationFailed(f"'{quantity} {op}' is no alert.", key="error.alert.kind", quantity=quantity, op=op)
    low, high = _LIMITS[quantity]
    if not math.isfinite(value) or not low <= value <= high:
        raise ValidationFailed(
            f"{value} is no value of {quantity}: {low} to {high} is expected.",
            key="error.alert.value",
            value=value_text(quantity, value),
            low=value_text(quantity, low),
            high=value_text(quantity, high),
        )
    return cast(Literal["price", "change_pct", "volume", "score"], quantity), cast(Literal[">=", "<="], op)


def check_tick(panel: MarketPanel, row: int, value: float, day: date) -> None:
    """Raise ValidationFailed (``error.alert.tick``) for a price that can never be quoted."""
    step = tick_size(value, int(panel.market[row]), day, int(panel.security_type[row]))
    if value % step:
        shown = fmt.number(value, 0 if value == int(value) else 2)
        raise ValidationFailed(
            f"{value:,.10g} is not on the price grid of {step} won.",
            key="error.alert.tick",
            value=shown,
            step=fmt.number(step),
        )


def refuse_reached(rule: AlertRule, measured: float | None) -> None:
    """Raise ValidationFailed (``error.alert.reached``) where the rule holds now: there would be nothing to wait for."""
    if is_reached(rule, measured):
        assert measured is not None
        raise ValidationFailed(
            f"{rule.quantity} is {measured:,.10g} now, so this is reached already.",
            key="error.alert.reached",
            now=value_text(rule.quantity, measured),
            value=value_text(rule.quantity, rule.value),
        )


def is_reached(rule: AlertRule, value: float | None) -> bool:
    """Whether a value meets the rule; a missing one never does."""
    if value is None or math.isnan(value):
        return False
    return value >= rule.value - _TOLERANCE if rule.op == ">=" else value <= rule.value + _TOLERANCE


def quoted(board: QuoteBoard, row: int, quantity: str) -> float | None:
    """Value of a quantity on the board, None where it is not of the running day."""
    if board.source[row] < QuoteSource.POLLED:
        return None
    if quantity == "change_pct":
        value = float(board.change_pct[row])
        return None if math.isnan(value) else value
    whole = int(board.price_krw[row] if quantity == "price" else board.volume_shares[row])
    return None if whole == MISSING else float(whole)


def spiked(rule: AlertRule, board: QuoteBoard, row: int, span: PriceSpan, since_ns: int) -> float | None:
    """Value that touched a rule between two frames, in the rule's unit; None where none did, or it may be older than the rule.

    Parameters
    ----------
    since_ns : int
        Since when the rule waits, on the market's clock.
    """
    if rule.quantity not in ("price", "change_pct") or span.since_ns < since_ns:
        return None
    price = float(span.high_krw if rule.op == ">=" else span.low_krw)
    if rule.quantity == "price":
        value: float | None = price
    else:
        base = int(board.base_krw[row])
        value = 100.0 * (price / base - 1.0) if base != MISSING and base > 0 else None
    return value if is_reached(rule, value) else None


def score_of(picture: ScanPicture, ticker: str) -> float | None:
    """VCP total of a symbol, points; None where it has none."""
    row = picture.panel.row_of(ticker)
    value = float(picture.scan.total_score[row]) if row is not None else math.nan
    return None if math.isnan(value) else value


def notice_of(rule: AlertRule, panel: MarketPanel | None, now_ns: int, touched: float | None = None) -> NoticeRecord:
    """The notice of a reached alert. Its key names the alert and when it was set, so a re-armed one is told anew.

    ``touched`` is the value that reached it and is gone again, None where it holds.
    """
    row = panel.row_of(rule.ticker) if panel is not None else None
    name = english = rule.ticker
    if panel is not None and row is not None:
        name = str(panel.names[row])
        english = str(panel.names_en[row]) or name
    fields: dict[str, str | int | float] = {
        "name": name,
        "name_en": english,
        "value": value_text(rule.quantity, rule.value),
        "note": rule.note,
    }
    key = f"notice.price.{rule.quantity}_{'up' if rule.op == '>=' else 'down'}"
    if touched is not None:
        key += "_touched"
        fields["touched"] = value_text(rule.quantity, touched)
    return NoticeRecord(0, f"alert:{rule.id}:{rule.created_ns}", now_ns, now_ns, "price", "", rule.ticker, key, fields)

"""How far an item is from its next rung, in what a trader can watch: won, shares, money, percent. Arithmetic for display."""

from __future__ import annotations

import math

from engine.model.evidence import Evidence, ItemState
from ralphstock_desktop.services.strategy_contracts import DayTradePicture
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.viewmodels.near_words import amount_text
from ralphstock_desktop.wording import format as fmt

__all__ = ["distance_text"]


def distance_text(evidence: Evidence, picture: DayTradePicture, row: int, look: Appearance) -> str:
    """Distance to the threshold shown on the row; a dash where it is reached or cannot be told."""
    value, need = evidence.value, evidence.threshold
    if value is None or need is None or evidence.state in (ItemState.UNKNOWN, ItemState.PASSED):
        return fmt.MISSING
    if evidence.item == "box" and evidence.unit == "%" and evidence.op == "<=" and value <= need:
        # The box is there; what is missing is the break of its upper edge.
        return _price(float(picture.scan.price[row]), float(picture.scan.high_20[row]), look)
    short = value - need if evidence.op in ("<=", "<") else need - value
    if not short > 0 and evidence.op in (">=", "<="):
        return fmt.MISSING
    if evidence.item == "spike":
        return _shares(picture, row, need, look)
    if evidence.unit == "won" and evidence.item != "institution":
        return _price(value, need, look)
    if evidence.item == "institution":
        return look.tr("daytrade.distance.money", money=fmt.money(short, look.language))
    return look.tr("daytrade.distance.points", amount=_difference(evidence, short, look))


def _price(price: float, need: float, look: Appearance) -> str:
    """Won and percent from the price to a level; a dash where it is reached."""
    short = need - price
    if not short > 0 or not price > 0:
        return fmt.MISSING
    percent = fmt.percent(100.0 * short / price, 1)
    return look.tr("daytrade.distance.price", price=fmt.price(need), won=fmt.signed(short, 0), percent=percent)


def _shares(picture: DayTradePicture, row: int, need: float, look: Appearance) -> str:
    """Shares still to trade by now for the ratio asked for."""
    volume, mean, phi = (
        float(picture.quotes.volume_shares[row]),
        float(picture.scan.mean_volume[row]),
        float(picture.scan.phi),
    )
    more = need * mean * phi - volume
    if math.isnan(more) or not more > 0 or not volume > 0:
        return fmt.MISSING
    return look.tr(
        "daytrade.distance.shares",
        shares=fmt.shares(math.ceil(more), look.language, plus=True),
        percent=fmt.percent(100.0 * more / volume, 1),
    )


def _difference(evidence: Evidence, short: float, look: Appearance) -> str:
    if evidence.unit == "%":
        return f"{fmt.number(short, 1)}{'%p' if look.language == 'ko' else ' pp'}"
    return amount_text(look, short, evidence.unit, evidence.item)

"""Words of items and of near misses, shared by the near-miss panel, the scanner and the checklist. Pure functions."""

from __future__ import annotations

from ralphstock_desktop.services.strategy_contracts import NearMiss, StrategyName
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.wording import format as fmt

__all__ = ["NEAR_SHARE", "amount_text", "item_label", "near_sentence", "near_short"]

NEAR_SHARE = 0.05
"""A distance of at most this share of the need is called near: drawn bold in the colour of a near miss."""
_PLACES = {
    "VCP": ("evidence.item",),
    "CLOSING_BET": ("near_panel.item", "closing_evidence.item"),
    "DAY_TRADE": ("daytrade.item",),
}
_MONEY_ITEMS = frozenset(("institution", "volume", "supply"))
"""Items whose won are an amount of money, not a price."""


def item_label(look: Appearance, strategy: StrategyName, item: str) -> str:
    """Short name of a scored item; the item itself where no text is known."""
    for place in _PLACES[strategy]:
        if look.has_text(f"{place}.{item}"):
            return look.tr(f"{place}.{item}")
    return item


def amount_text(look: Appearance, value: float, unit: str, item: str = "") -> str:
    """Write a measured value in its unit; an unknown unit leaves the plain number."""
    if value != value:
        return fmt.MISSING
    if unit == "won":
        return fmt.money(value, look.language, plus=item == "institution") if item in _MONEY_ITEMS else fmt.price(value)
    if unit == "%":
        return fmt.percent(value, 1, plus=False)
    if unit == "×":
        return fmt.ratio(value)
    if unit == "shares":
        return fmt.shares(value, look.language)
    if unit == "RS":
        return f"RS {fmt.number(value)}"
    if unit == "flag":
        return look.tr("evidence.value.yes" if value > 0 else "evidence.value.no")
    if unit in ("count", "bars", "days"):
        return look.tr(f"evidence.value.{unit}", value=fmt.number(value, 0 if value == round(value) else 1))
    return fmt.points(value) if unit == "points" else fmt.number(value, 0 if value == round(value) else 2)


def near_short(look: Appearance, near: NearMiss) -> str:
    """What must happen in few words for a table cell: ``돌파 150,000 (+1.8%)``, ``거래량 +5.3만 (+27.2%)``."""
    key = f"daytrade.short.{near.item}"
    label = look.tr(key) if look.has_text(key) else item_label(look, near.strategy, near.item)
    if near.unit not in ("won", "shares") or not near.value > 0:
        value, need = (amount_text(look, number, near.unit, near.item) for number in (near.value, near.need))
        return look.tr("near_panel.way", item=label, value=value, need=need)
    percent = fmt.percent(100.0 * near.gap / near.value, 1)
    what = (
        fmt.shares(near.gap, look.language, plus=True)
        if near.unit == "shares"
        else amount_text(look, near.need, near.unit, near.item)
    )
    return look.tr("daytrade.step", item=label, what=what, percent=percent)


def near_sentence(look: Appearance, near: NearMiss) -> str:
    """What must happen, in words; value and need where the catalogue has no such sentence."""
    if look.has_text(near.key):
        return look.tr(near.key, **dict(near.fields))
    value, need = (amount_text(look, number, near.unit, near.item) for number in (near.value, near.need))
    return look.tr("near_panel.way", item=item_label(look, near.strategy, near.item), value=value, need=need)

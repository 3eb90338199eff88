"""How the seven items of the day-trading checklist are written: value, threshold, margin, calculation, source, distance.

Pure functions over the scan's own arrays and the evidence made from them; nothing is scored here.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from engine.model.daytrade import DAY_ITEMS, EntryBan, ItemReason
from engine.model.evidence import Evidence, ItemState
from engine.model.instants import AsOf, day_of
from engine.model.scan import Grade
from ralphstock_desktop.services.strategy_contracts import DayTradePicture
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.models.evidence_words import EvidenceWords
from ralphstock_desktop.ui.viewmodels.near_words import amount_text, item_label
from ralphstock_desktop.wording import format as fmt

__all__ = [
    "ban_word",
    "is_of_an_earlier_day",
    "is_of_today",
    "is_old_quote",
    "known_text",
    "minute_text",
    "signal_type",
    "write_day_item",
]

_OP = {">=": "≥", "<=": "≤", ">": ">", "<": "<"}
_REASON_AS_VALUE = frozenset((ItemReason.MISSING, ItemReason.TOO_EARLY, ItemReason.NOT_A_BOX))
"""Reasons that stand where the value would."""
_REASON_AS_MARGIN = frozenset((ItemReason.BELOW_MEDIAN, ItemReason.INSTITUTION_SELLS))
"""Reasons that kept points away although the number was there."""


def signal_type(grade: int) -> str:
    """``STRONG_BUY``, ``BUY``, ``WATCH`` or ``NONE`` (domain.md §4.4)."""
    return {Grade.S: "STRONG_BUY", Grade.A: "BUY", Grade.B: "WATCH"}.get(Grade(grade), "NONE")


def minute_text(minute: int) -> str:
    """``09:10`` of a minute of the day."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def ban_word(look: Appearance, ban: EntryBan, early: int, late: int) -> str:
    """Short word of a reason against a new position; entries are allowed from minute ``early`` to minute ``late``."""
    if ban is EntryBan.TOO_EARLY:
        return look.tr("daytrade.ban.too_early", time=minute_text(early))
    if ban is EntryBan.TOO_LATE:
        return look.tr("daytrade.ban.too_late", time=minute_text(late))
    return look.tr(f"daytrade.ban.{str(ban.name).lower()}")


def write_day_item(evidence: Evidence, picture: DayTradePicture, row: int, look: Appearance) -> EvidenceWords:
    """Write one item in the chosen language."""
    unknown = evidence.state is ItemState.UNKNOWN
    points = fmt.MISSING if unknown else f"{fmt.points(evidence.points)}/{fmt.points(evidence.max_points)}"
    return EvidenceWords(
        label=item_label(look, "DAY_TRADE", evidence.item),
        value=_value(evidence, picture, row, look),
        threshold=_threshold(evidence, look),
        margin=_margin(evidence, picture, row, look),
        points=points,
        words=_calculation(evidence, picture, row, look),
        source=known_text(evidence, picture, row, look),
    )


def _reason(evidence: Evidence, picture: DayTradePicture, row: int) -> ItemReason:
    if evidence.item not in DAY_ITEMS:
        return ItemReason.NONE
    return ItemReason(int(picture.scan.reason[row, DAY_ITEMS.index(evidence.item)]))


def _value(evidence: Evidence, picture: DayTradePicture, row: int, look: Appearance) -> str:
    reason = _reason(evidence, picture, row)
    if reason in _REASON_AS_VALUE:
        return look.tr(f"daytrade.reason.{reason.name.lower()}")
    if evidence.state is ItemState.UNKNOWN:
        return look.tr("evidence.value.unknown")
    if evidence.item == "sector" and picture.scan.sector_rank[row] > 0:
        rank, count = int(picture.scan.sector_rank[row]), int(picture.scan.sector_count)
        return look.tr("daytrade.sector.rank", rank=fmt.number(rank), count=fmt.number(count))
    if evidence.value is None:
        return fmt.MISSING
    text = amount_text(look, evidence.value, evidence.unit, evidence.item)
    return look.tr("daytrade.value.box", width=text) if evidence.item == "box" and evidence.unit == "%" else text


def _threshold(evidence: Evidence, look: Appearance) -> str:
    if evidence.threshold is None:
        return fmt.MISSING
    amount = amount_text(look, evidence.threshold, evidence.unit, evidence.item).removeprefix("+")
    amount = amount.replace(".0%", "%")
    if evidence.item == "sector":
        # Ranked against the other sectors, or kept at part of the points by its own sector's median.
        return look.tr("daytrade.sector.top" if evidence.op == "<=" else "daytrade.sector.median", percent=amount)
    if evidence.op == "flag":
        return f"= {amount}"
    return f"{_OP.get(evidence.op, evidence.op)} {amount}"


def _margin(evidence: Evidence, picture: DayTradePicture, row: int, look: Appearance) -> str:
    reason = _reason(evidence, picture, row)
    if reason in _REASON_AS_MARGIN:
        return look.tr(f"daytrade.reason.{reason.name.lower()}")
    margin = evidence.margin
    if margin is None or evidence.state is ItemState.UNKNOWN:
        return fmt.MISSING
    unit = evidence.margin_unit or evidence.unit
    if unit == "%":
        # Two prices are compared in percent; two percentages differ by percentage points.
        decimals = 1 if evidence.unit == "%" else 2
        return f"{fmt.signed(margin, decimals)}{_pp(look) if evidence.unit == '%' else '%'}"
    if unit == "×":
        return f"{fmt.signed(margin, 2)}×"
    if unit == "won":
        is_money = evidence.item == "institution"
        return fmt.money(margin, look.language, plus=True) if is_money else fmt.signed(margin, 0)
    return fmt.signed(margin, 0 if margin == round(margin) else 2)


def _pp(look: Appearance) -> str:
    return "%p" if look.language == "ko" else " pp"


# -- the calculation ----------------------------------------------------------------------------------------------------


def _calculation(evidence: Evidence, picture: DayTradePicture, row: int, look: Appearance) -> str:
    write = _WRITERS.get(evidence.item)
    text = write(picture, row, look) if write is not None else ""
    return text or look.tr("daytrade.calc.missing")


def _at(picture: DayTradePicture, name: str, row: int) -> float:
    return float(getattr(picture.scan, name)[row])


def _spike(picture: DayTradePicture, row: int, look: Appearance) -> str:
    volume, mean = float(picture.quotes.volume_shares[row]), _at(picture, "mean_volume", row)
    if any(map(math.isnan, (volume, mean, picture.scan.phi))):
        return ""
    return look.tr(
        "daytrade.calc.spike",
        volume=fmt.shares(volume, look.language),
        phi=fmt.number(picture.scan.phi, 3),
        mean=fmt.shares(mean, look.language),
    )


def _momentum(picture: DayTradePicture, row: int, look: Appearance) -> str:
    high, prior = _at(picture, "high_20", row), _at(picture, "prior_high", row)
    if math.isnan(high) and math.isnan(prior):
        return ""
    return look.tr("daytrade.calc.momentum", high=fmt.price(high), prior=fmt.price(prior))


def _box(picture: DayTradePicture, row: int, look: Appearance) -> str:
    high, low, width = (_at(picture, name, row) for name in ("high_20", "low_20", "box_width_pct"))
    if math.isnan(width):
        return ""
    return look.tr("daytrade.calc.box", low=fmt.price(low), high=fmt.price(high), width=fmt.percent(width, 1, plus=False))


def _ma5(picture: DayTradePicture, row: int, look: Appearance) -> str:
    average = _at(picture, "ma5", row)
    return "" if math.isnan(average) else look.tr("daytrade.calc.ma5", ma=fmt.price(average))


def _institution(picture: DayTradePicture, row: int, look: Appearance) -> str:
    days, share = int(picture.scan.flow_days[row]), _at(picture, "net_share_pct", row)
    bought = _at(picture, "institution_5d_krw", row)
    if math.isnan(_at(picture, "net_5d_krw", row)):
        return ""
    fields = {"days": days, "institution": fmt.money(bought, look.language, plus=True)}
    if math.isnan(share):
        return look.tr("daytrade.calc.institution_no_share", **fields)
    return look.tr("daytrade.calc.institution", share=fmt.percent(share, 1), **fields)


def _oversold(picture: DayTradePicture, row: int, look: Appearance) -> str:
    close, high, change = (_at(picture, name, row) for name in ("prior_close", "high_20", "change_pct"))
    if math.isnan(close) or math.isnan(high):
        return ""
    return look.tr("daytrade.calc.oversold", close=fmt.price(close), high=fmt.price(high), change=fmt.percent(change))


def _sector(picture: DayTradePicture, row: int, look: Appearance) -> str:
    median, own = _at(picture, "sector_median_pct", row), _at(picture, "return_5d_pct", row)
    if math.isnan(median):
        return ""
    text = look.tr("daytrade.calc.sector", median=fmt.percent(median, 1), own=fmt.percent(own, 1))
    sector = str(picture.panel.sectors[row])
    return f"{sector} · {text}" if sector else text


_WRITERS: dict[str, Callable[[DayTradePicture, int, Appearance], str]] = {
    "spike": _spike,
    "momentum": _momentum,
    "box": _box,
    "ma5": _ma5,
    "institution": _institution,
    "oversold": _oversold,
    "sector": _sector,
}


# -- where and when -----------------------------------------------------------------------------------------------------


def is_old_quote(picture: DayTradePicture, row: int) -> bool:
    """Whether the last trade is older than a quote may be."""
    return bool(int(picture.scan.bans[row]) & EntryBan.STALE)


def is_of_today(evidence: Evidence, picture: DayTradePicture) -> bool:
    """Whether an item rests on a value of the running day."""
    at = evidence.known_at_ns
    return at is not None and day_of(at) == day_of(picture.scan.now_ns) and not picture.quotes.final


def is_of_an_earlier_day(evidence: Evidence, picture: DayTradePicture) -> bool:
    """Whether an item rests on a value of a day before the one looked at."""
    at = evidence.known_at_ns
    return at is not None and day_of(at) < day_of(picture.scan.now_ns)


def known_text(evidence: Evidence, picture: DayTradePicture, row: int, look: Appearance) -> str:
    """``10:42:31 실시간`` of today, ``01-14 18:10 확정`` of an earlier day, and the age of a quote that is too old."""
    at = evidence.known_at_ns
    if at is None:
        return look.tr("daytrade.known.unknown")
    if is_of_today(evidence, picture):
        traded = int(picture.quotes.at_ns[row])
        if is_old_quote(picture, row) and traded:
            age = fmt.age((picture.scan.now_ns - traded) / 1e9, look.language)
            return look.tr("daytrade.known.stale", time=fmt.clock(traded), age=age)
        return look.tr(f"daytrade.known.{picture.source}", time=fmt.clock(at))
    when = fmt.as_of_short(AsOf(at))
    final = all(source.final for source in evidence.sources)
    return look.tr("daytrade.known.final" if final else "daytrade.known.provisional", time=when)

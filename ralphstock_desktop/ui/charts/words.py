"""Every text of the chart: axis labels, readouts, plates, and the picture said in words."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from engine.model.chart import ChartSeries, Timeframe, VcpOverlay
from engine.model.evidence import Evidence, LevelLine
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.charts.axis_ticks import TimeTick
from ralphstock_desktop.ui.charts.chart_data import FLOWS, ChartData
from ralphstock_desktop.ui.charts.scene import VWAP_TOKEN, PatternSummary, Scene, tokens_of
from ralphstock_desktop.wording import format as fmt

__all__ = [
    "Item",
    "axis_value",
    "bar_words",
    "base_label",
    "description",
    "leg_label",
    "level_label",
    "moment",
    "readout",
    "result_plate",
    "time_label",
]

_EMPTY_DECIMALS = re.compile(r"\.0+(?=\D|$)")
_UNIT_FORMS = {"%": "percent", "×": "ratio", "won": "price", "RS": "number", "bars": "number", "days": "number"}


@dataclass(frozen=True, slots=True)
class Item:
    """A readout entry: a muted label and a value in a colour; ``mark`` draws a line or square in a token before it."""

    label: str
    value: str
    token: str
    mark: str = ""
    bold: bool = False


# -- axes -----------------------------------------------------------------------------------------------------------------


def _datetime(moment: np.datetime64) -> datetime:
    found: datetime = moment.astype("datetime64[s]").item()
    return found


def time_label(look: Appearance, tick: TimeTick) -> tuple[str, bool]:
    """Text of a time line and whether it is bold (years, days of a minute chart, full hours)."""
    when = _datetime(tick.moment)
    if tick.kind == "year":
        return str(when.year), True
    if tick.kind == "month":
        return look.tr(f"chart.month.{when.month}"), False
    if tick.kind == "day":
        return f"{when:%m-%d}", True
    if tick.kind == "hour":
        return f"{when.hour:02d}:00", True
    return f"{when.hour:02d}:{when.minute // 30 * 30:02d}", False


def axis_value(look: Appearance, pane: str, value: float) -> str:
    """Text of a value axis."""
    if pane == "price":
        return fmt.price(value)
    if value == 0:
        return "0"
    text = fmt.shares(value, look.language) if pane == "volume" else fmt.money(value, look.language, plus=True)
    return _EMPTY_DECIMALS.sub("", text)


def moment(look: Appearance, series: ChartSeries, bar: int) -> str:
    """Date of a bar with its weekday, and the time for minutes."""
    when = _datetime(series.time[bar])
    day = fmt.day_long(when.date(), look.language)
    if series.timeframe.is_intraday:
        return f"{day} {when:%H:%M}"
    if series.timeframe is Timeframe.MONTH:
        return f"{when:%Y-%m}"
    return day


# -- readouts -------------------------------------------------------------------------------------------------------------


def readout(scene: Scene, pane: str, bar: int) -> list[list[Item]]:
    """Lines of the readout of a pane at a bar."""
    data = scene.given.data
    if data is None:
        return []
    if pane == "price":
        return [_price_items(scene, data, bar), _average_items(scene, data, bar)]
    if pane == "volume":
        return [_volume_items(scene, data, bar)]
    return [_flow_items(scene, data, pane, bar)]


def _price_items(scene: Scene, data: ChartData, bar: int) -> list[Item]:
    look, values = scene.ink.look, data.bar(bar)
    base, change = data.base_price(bar), data.change_pct(bar)

    def item(key: str, price: float) -> Item:
        token = look.direction_token(price - base)
        return Item(look.tr(key), fmt.price(price), "text" if token == "unknown" else token)

    shown = [
        item("chart.read.open", values.open),
        item("chart.read.high", values.high),
        item("chart.read.low", values.low),
        item("chart.read.close", values.close),
        Item("", fmt.percent(change), look.direction_token(change), bold=True),
        Item(look.tr("chart.read.volume"), fmt.shares(values.volume, look.language), "text-secondary"),
    ]
    value = fmt.money(values.value, look.language)
    if bool(data.series.value_estimated[bar]) and value != fmt.MISSING:
        value = look.tr("chart.read.about", value=value)
    return [*shown, Item(look.tr("chart.read.value"), value, "text-secondary")]


def _average_items(scene: Scene, data: ChartData, bar: int) -> list[Item]:
    found = []
    if data.vwap is not None and scene.given.options.vwap:
        value = data.vwap_last if bar == data.count - 1 else float(data.vwap[bar])
        found.append(Item(scene.ink.look.tr("live.chart.vwap"), fmt.price(value), VWAP_TOKEN, mark=f"line:{VWAP_TOKEN}"))
    for length, token in tokens_of(scene.given.options.averages):
        values = data.series.averages.get(length)
        if values is not None:
            value = data.last_averages.get(length, math.nan) if bar == data.count - 1 else float(values[bar])
            found.append(Item(f"MA{length}", fmt.price(value), token, mark=f"line:{token}"))
    return found


def _volume_items(scene: Scene, data: ChartData, bar: int) -> list[Item]:
    look = scene.ink.look
    volume = fmt.shares(data.bar(bar).volume, look.language)
    return [Item(look.tr("chart.pane.volume"), volume, "text", bold=True)]


def _flow_items(scene: Scene, data: ChartData, pane: str, bar: int) -> list[Item]:
    look = scene.ink.look
    lines = pane == "flow_lines" or scene.given.options.flow_mode == "lines"
    found = []
    if lines:
        found.append(Item(look.tr("chart.flow.since"), moment(look, data.series, min(scene.first, bar)), "text-secondary"))
    for name, token in FLOWS:
        if lines:
            value = float(data.cumulative(name, min(scene.first, bar), np.array([bar]))[0])
        else:
            value = float(data.flow(name)[bar])
        direction = look.direction_token(value)
        shown = fmt.money(value, look.language, plus=True)
        found.append(Item(look.tr(f"chart.flow.{name}"), shown, direction, mark=f"square:{token}", bold=True))
    return found


# -- pattern and evidence -------------------------------------------------------------------------------------------------


def base_label(look: Appearance, overlay: VcpOverlay) -> str:
    """``베이스 45일 · 4수축 · θ 5.2%``."""
    return look.tr(
        "chart.pattern.base", bars=overlay.base_bars, count=len(overlay.legs), theta=fmt.number(overlay.theta_pct, 1)
    )


def leg_label(number: int, depth_pct: float) -> str:
    """``2 −20.8%``."""
    return f"{number}\u2002{fmt.percent(-abs(depth_pct), 1)}"


def level_label(look: Appearance, level: LevelLine) -> str:
    """Word and value of a compared level."""
    value = axis_value(look, level.pane, level.value)
    word = look.tr(level.label_key) if level.label_key and look.has_text(level.label_key) else ""
    return f"{word} {value}".strip()


_MONEY_FROM = 1e9
"""Won from which an amount is a turnover or a flow and no price of a share."""


def result_plate(look: Appearance, evidence: Evidence) -> str:
    """What an evidence row found, short enough for a plate on the chart."""
    areas = (f"{area}.item.{evidence.item}" for area in ("evidence", "closing_evidence", "day_evidence"))
    label = next((look.tr(key) for key in areas if look.has_text(key)), evidence.item)
    value = _evidence_value(look, evidence)
    key = f"chart.plate.{evidence.item}"
    if look.has_text(key) and evidence.value is not None:
        inputs = {name: _input_text(look, name, number) for name, number in evidence.inputs}
        try:
            return look.tr(key, value=value, **inputs)
        except KeyError:
            return f"{label} {value}"  # an input the sentence names is missing: the plain form says the same
    return f"{label} {value}"


def _input_text(look: Appearance, name: str, value: float | int | str) -> str:
    if isinstance(value, str):
        return value
    if name in {"v5", "v50", "last_leg_mean", "first_leg_mean", "lowest"}:
        return fmt.shares(float(value), look.language)
    return fmt.number(float(value))


def _evidence_value(look: Appearance, evidence: Evidence) -> str:
    value = evidence.value
    if value is None:
        return look.tr("evidence.value.unknown") if look.has_text("evidence.value.unknown") else fmt.MISSING
    if evidence.unit == "flag":
        return look.tr("chart.plate.yes" if value else "chart.plate.no")
    if evidence.unit == "won" and abs(value) >= _MONEY_FROM:
        return fmt.money(value, look.language)
    form = _UNIT_FORMS.get(evidence.unit, "number")
    if form == "percent":
        return fmt.percent(value, 1, plus=evidence.item in {"T3", "T6", "T7", "SM1", "SM2"})
    return {"ratio": fmt.ratio, "price": fmt.price}.get(form, fmt.number)(value)


# -- the picture in words -------------------------------------------------------------------------------------------------


def description(look: Appearance, overlay: VcpOverlay | None, summary: PatternSummary) -> str:
    """What the pattern on the chart says, as one sentence; empty without a pattern."""
    if overlay is None or not overlay.legs:
        return look.tr("chart.words.no_pattern") if overlay is not None else ""
    depths = "→".join(fmt.number(depth, 1) for depth in _ends([leg.depth_pct for leg in overlay.legs]))
    parts = [look.tr("chart.words.legs", count=len(overlay.legs), depths=depths)]
    if math.isfinite(summary.dry_ratio):
        parts.append(look.tr("chart.words.volume", ratio=fmt.number(summary.dry_ratio, 2)))
    if math.isfinite(summary.distance_pct):
        key = "chart.words.below_pivot" if summary.distance_pct >= 0 else "chart.words.above_pivot"
        parts.append(look.tr(key, distance=fmt.number(abs(summary.distance_pct), 1)))
    return ", ".join(parts)


def _ends(depths: Sequence[float]) -> Sequence[float]:
    return depths if len(depths) < 2 else (depths[0], depths[-1])


def bar_words(look: Appearance, data: ChartData, bar: int) -> str:
    """One bar in words, for a screen reader following the keyboard crosshair."""
    values = data.bar(bar)
    return look.tr(
        "chart.words.bar",
        day=moment(look, data.series, bar),
        open=fmt.price(values.open),
        high=fmt.price(values.high),
        low=fmt.price(values.low),
        close=fmt.price(values.close),
        change=fmt.percent(data.change_pct(bar)),
        volume=fmt.shares(values.volume, look.language),
    )

"""Values of thresholds in the words of the trade, and back: ``700억``, ``92%``, ``20봉``, ``09:10``."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from engine.threshold_spec import Spec
from ralphstock_desktop.services.strategy_contracts import Threshold
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.wording import format as fmt
from ralphstock_desktop.wording.texts import Language

__all__ = ["InvalidValue", "on_step", "parse_value", "steps_of", "threshold_help", "threshold_title", "value_text"]

_WHOLE = frozenset({"bars", "days", "stocks", "count", "min"})
"""Units of which there are no halves."""
_AS_PERCENT = frozenset({"jongga.near_high", "vcp.high_fraction", "vcp.high_slack"})
"""Shares that traders name in percent of the high."""
_LARGE_WON = 1e9
"""From this upper limit on an amount of won is named in 억 or 조."""
_MOST_DECIMALS = 4
_AMOUNTS = {"조": 1e12, "억": 1e8, "만": 1e4, "t": 1e12, "b": 1e9, "m": 1e6, "k": 1e3}


class InvalidValue(Exception):
    """A typed value that cannot be taken; ``key`` and ``fields`` are the sentence to be shown beside it."""

    def __init__(self, key: str, **fields: str) -> None:
        super().__init__(key)
        self.key, self.fields = key, fields


def steps_of(spec: Spec) -> int:
    """Return how many steps lie between the lowest and the highest value."""
    return max(1, round((spec.high - spec.low) / spec.step))


def on_step(spec: Spec, value: float) -> float:
    """Return the nearest value of a slider's grid, free of binary dust (``2.3``, not ``2.3000000000000003``)."""
    step, low = Decimal(repr(float(spec.step))), Decimal(repr(float(spec.low)))
    number = min(max(round((value - spec.low) / spec.step), 0), steps_of(spec))
    return min(float(low + step * number), float(spec.high))


def threshold_title(look: Appearance, name: str) -> str:
    """Return the name of a threshold in the words of the trade; its dotted name where the catalogue has none."""
    key = f"threshold.{name}"
    return look.tr(key) if look.has_text(key) else name


def threshold_help(look: Appearance, threshold: Threshold) -> str:
    """Return default, range, step, and the rule it comes from."""
    spec, name = threshold.spec, threshold.name
    values = {key: value_text(look, name, spec, number) for key, number in (
        ("default", threshold.default), ("low", spec.low), ("high", spec.high), ("step", spec.step),
    )}  # fmt: skip
    if spec.unit == "min":
        values["step"] = fmt.duration(spec.step * 60, look.language)
    return look.tr("what_if.help", source=spec.source, **values)


def _decimals(value: float, least: int) -> int:
    """Decimals needed to show a value, at least those of its step."""
    for decimals in range(least, _MOST_DECIMALS):
        if math.isclose(value, round(value, decimals), rel_tol=0, abs_tol=1e-9):
            return decimals
    return _MOST_DECIMALS


def _step_decimals(spec: Spec, scale: float = 1.0) -> int:
    text = format(Decimal(repr(float(spec.step))) * Decimal(repr(scale)), "f")
    return len(text.partition(".")[2].rstrip("0"))


def _plain(spec: Spec, value: float) -> str:
    whole = math.isclose(value, round(value), rel_tol=0, abs_tol=1e-9)
    return fmt.number(value, 0 if whole else _decimals(value, _step_decimals(spec)))


def _amount(value: float, language: Language) -> str:
    """Won with as many decimals as the amount needs: ``1조``, ``700억``, ``₩70B``."""
    if value == 0:
        return "0원" if language == "ko" else "₩0"
    size = abs(value)
    unit = next(
        name
        for name in (("조", "억", "만") if language == "ko" else ("t", "b", "m"))
        if size >= _AMOUNTS[name] or name in "만m"
    )
    number = fmt.number(value / _AMOUNTS[unit], _decimals(value / _AMOUNTS[unit], 0))
    return f"{number}{unit}" if language == "ko" else f"₩{number}{unit.upper()}"


def value_text(look: Appearance, name: str, spec: Spec, value: float) -> str:
    """Return a threshold's value with its unit."""
    unit = spec.unit
    if name in _AS_PERCENT:
        return f"{fmt.number(value * 100, _decimals(value * 100, 0))}%"
    if unit == "%":
        return f"{_plain(spec, value)}%"
    if unit == "×":
        return f"{fmt.number(value, _decimals(value, _step_decimals(spec)))}×"
    if unit == "RS":
        return _plain(spec, value)
    if unit == "min":
        return f"{int(value) // 60:02}:{int(value) % 60:02}"
    if unit == "원":
        return (
            _amount(value, look.language) if spec.high >= _LARGE_WON else look.tr("what_if.unit.won", value=_plain(spec, value))
        )
    key = f"what_if.unit.{unit}"
    return look.tr(key, value=_plain(spec, value)) if look.has_text(key) else f"{_plain(spec, value)} {unit}"


_NUMBER = re.compile(r"^\s*[₩]?\s*([+\-\u2212]?\d[\d,]*(?:\.\d+)?|[+\-\u2212]?\.\d+)\s*(.*)$")
_CLOCK = re.compile(r"^\s*(\d{1,2})\s*[:시]?\s*(\d{2})\s*분?\s*$")


def parse_value(look: Appearance, name: str, spec: Spec, text: str) -> float:
    """Read a typed value in the unit that is shown.

    Raises
    ------
    InvalidValue
        If it is no number, no whole one where only those exist, or outside the limits.
    """
    value = _read_clock(spec, text) if spec.unit == "min" else _read_number(look, name, spec, text)
    if spec.unit in _WHOLE and value != round(value):
        raise InvalidValue("what_if.problem.whole")
    if not (spec.low - 1e-12 <= value <= spec.high + 1e-12):
        limits = {key: value_text(look, name, spec, limit) for key, limit in (("low", spec.low), ("high", spec.high))}
        raise InvalidValue("what_if.problem.range", **limits)
    return min(max(value, float(spec.low)), float(spec.high))


def _read_clock(spec: Spec, text: str) -> float:
    found = _CLOCK.match(text)
    if found is None or int(found[2]) >= 60:
        raise InvalidValue("what_if.problem.time", example=f"{int(spec.low) // 60:02}:{int(spec.low) % 60:02}")
    return float(int(found[1]) * 60 + int(found[2]))


def _read_number(look: Appearance, name: str, spec: Spec, text: str) -> float:
    found = _NUMBER.match(text)
    if found is None:
        raise InvalidValue("what_if.problem.number", example=value_text(look, name, spec, spec.low))
    number = float(found[1].replace(",", "").replace("\u2212", "-"))
    unit = found[2].strip().lower().removesuffix("원").removesuffix("won").strip()
    if spec.unit == "원":
        if unit[:1] in _AMOUNTS:
            return number * _AMOUNTS[unit[:1]]
        bare = found[2].strip() == ""
        # A bare number is meant in the unit on screen: 억, or billions.
        return number * (_AMOUNTS["억" if look.language == "ko" else "b"] if bare and spec.high >= _LARGE_WON else 1.0)
    if name in _AS_PERCENT:
        is_share = unit == "×" or (unit == "" and number <= 1.0 and number <= spec.high)
        return number if is_share else number / 100
    return number

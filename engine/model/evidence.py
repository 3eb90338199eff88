"""Evidence: what one scored item was computed from, and what it earned.

One :class:`Evidence` is made per item of a score, whether it passed, failed or could not be judged. The table, the chart,
the evidence panel and the chat read these same objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

__all__ = ["BarSpan", "Evidence", "EvidenceGroup", "ItemState", "LevelLine", "Pane", "SourceRef"]

Pane = Literal["price", "volume", "flow"]


class ItemState(IntEnum):
    """Verdict on one item; the value is what arrays store."""

    UNKNOWN = 0
    """Not judged: data are missing. Earns 0 points and is shown as unknown, never as a score."""
    FAILED = 1
    PARTIAL = 2
    """Some but not all points."""
    PASSED = 3


@dataclass(frozen=True, slots=True)
class SourceRef:
    """Where a number came from."""

    dataset: str
    """Data-set name such as ``daily_price``, ``flow``."""
    source: str
    """Provider or file the rows came from; empty where unknown."""
    final: bool = True
    """False for provisional (잠정) values."""
    estimated: bool = False
    """True where a published value was replaced by an estimate."""


@dataclass(frozen=True, slots=True)
class BarSpan:
    """A run of bars, both ends included, as day ordinals (days since 1970-01-01) on the symbol's valid bars."""

    first_day: int
    last_day: int
    pane: Pane = "price"
    role: str = "window"
    """``window`` (the measured bars), ``reference`` (what they are compared with) or ``bar`` (one deciding bar)."""


@dataclass(frozen=True, slots=True)
class LevelLine:
    """A horizontal level the item compares with, drawn dashed over its own span, in the pane's unit."""

    value: float
    first_day: int
    last_day: int
    pane: Pane = "price"
    label_key: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One scored item.

    Attributes
    ----------
    item : str
        Identifier such as ``T1``, ``B2``, ``C1``, ``SM3``; also the text key ``evidence.<score>.<item>``.
    group : str
        ``A`` … ``F`` for VCP, ``SM`` for SmartMoney.
    value : float | None
        Measured value in ``unit``; None where it is missing.
    unit : str
        ``won``, ``%``, ``×``, ``bars``, ``count``, ``RS``, ``days``, ``flag`` (1 yes, 0 no).
    op : str
        ``>=``, ``<=``, ``>``, ``<``, ``between`` or ``flag``: the direction in which points are earned.
    threshold : float | None
        The next rung that would give more points; the last (best) one where all points are reached.
    threshold_high : float | None
        Upper end where ``op`` is ``between``.
    margin : float | None
        ``value - threshold`` in ``margin_unit`` (empty: in ``unit``; ``%`` where two prices are compared: how far the first is
        above the second). None where the value is missing.
    points, max_points : float
        Earned and possible points.
    state : ItemState
        Verdict.
    reason : str
        Text key saying why the state is UNKNOWN, else empty.
    spans, levels : tuples
        The bars the value was computed from and the level it was compared with; focusing the row lights up exactly these.
    sources : tuple of SourceRef
        Data behind the value.
    known_at_ns : int | None
        Instant from which the value could be known (UTC ns); None where the value is missing.
    rule : str
        Paragraph of the rule book, such as ``§2.7 C1``.
    inputs : tuple of (name, number or text)
        Named numbers of the calculation for the sentence ``evidence.<item>.calc``; recomputing from these and the spans
        gives ``value``.
    """

    item: str
    group: str
    value: float | None
    unit: str
    op: str
    threshold: float | None
    margin: float | None
    points: float
    max_points: float
    state: ItemState
    rule: str
    threshold_high: float | None = None
    margin_unit: str = ""
    reason: str = ""
    spans: tuple[BarSpan, ...] = ()
    levels: tuple[LevelLine, ...] = ()
    sources: tuple[SourceRef, ...] = ()
    known_at_ns: int | None = None
    inputs: tuple[tuple[str, float | int | str], ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceGroup:
    """Evidence of one part of a score with its subtotal."""

    group: str
    points: float
    max_points: float
    known_at_ns: int | None
    items: tuple[Evidence, ...]

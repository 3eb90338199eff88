"""Whole-market views that several lists share: today's flows and programme trading, flows over a stretch of days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from engine.model.panel import FloatArray
from ralphstock_desktop.providers.kiwoom_sim.contracts import SimFlow, SimMarketPort, SimProgram
from ralphstock_desktop.providers.kiwoom_sim.rest_facts import SimFacts

__all__ = ["FlowBoard", "FlowBoardBuilder", "FlowWindow", "flow_window"]

Ints = npt.NDArray[np.int64]
_EMPTY = SimFlow((0, 0), (0, 0), (0, 0), (0, 0), (0, 0), False)


@dataclass(frozen=True, eq=False)
class FlowBoard:
    """Investor flows and programme trading of all stocks at one instant.

    ``krw`` and ``shares`` have shape (symbols, 5): individual, foreign, institution, pension, other corporations.
    ``program`` has shape (symbols, 4): bought shares, sold shares, bought won, sold won.
    """

    krw: Ints
    shares: Ints
    program: Ints
    flows: list[SimFlow]

    GROUPS = ("individual", "foreign", "institution", "pension", "other_corp")

    def net(self, group: str, *, amount: bool) -> Ints:
        """Net buying of a group in won or shares."""
        return np.asarray((self.krw if amount else self.shares)[:, self.GROUPS.index(group)])

    @property
    def known(self) -> bool:
        """Whether any estimate of the day is out."""
        return bool(self.krw.any())


class FlowBoardBuilder:
    """Collects the flows in slices, so that the loop stays free."""

    def __init__(self, market: SimMarketPort) -> None:
        self._market = market
        self._next = 0
        count = len(market.history.panel.tickers)
        self._flows: list[SimFlow] = [_EMPTY] * count
        self._programs: list[SimProgram] = [SimProgram(0, 0, 0, 0)] * count

    def step(self, count: int = 100) -> bool:
        """Take the next stocks; whether all are taken."""
        end = min(self._next + count, len(self._flows))
        for row in range(self._next, end):
            if self._market.is_listed(row):
                self._flows[row] = self._market.flow(row)
                self._programs[row] = self._market.program(row)
        self._next = end
        return end == len(self._flows)

    def board(self) -> FlowBoard:
        """The finished picture."""
        pairs = np.array([[getattr(flow, group) for group in FlowBoard.GROUPS] for flow in self._flows], dtype=np.int64)
        pairs = pairs.reshape(len(self._flows), len(FlowBoard.GROUPS), 2)
        return FlowBoard(pairs[:, :, 0], pairs[:, :, 1], np.array(self._programs, dtype=np.int64).reshape(-1, 4), self._flows)


@dataclass(frozen=True, eq=False)
class FlowWindow:
    """Net buying per stock and day over a stretch, shape (symbols, days), ascending; NaN where there is no record."""

    foreign_krw: FloatArray
    foreign_shares: FloatArray
    institution_krw: FloatArray
    institution_shares: FloatArray
    indices: tuple[int | None, ...]
    """Panel position of each day, None for the replayed one."""

    def total(self, group: str, *, amount: bool) -> FloatArray:
        """Sum over the stretch; days without record do not count."""
        return np.asarray(np.nansum(getattr(self, f"{group}_{'krw' if amount else 'shares'}"), axis=1))


def flow_window(facts: SimFacts, flows: FlowBoard, *, newest: date, days: int = 0, oldest: date | None = None) -> FlowWindow:
    """Return the flows of the last ``days`` days up to ``newest``, or of all days from ``oldest`` on.

    The replayed day counts as soon as its first estimate is out.
    """
    panel = facts.panel
    end = int(np.searchsorted(panel.days[: facts.past_count], np.datetime64(newest), side="right"))
    with_today = newest >= facts.day and flows.known and (oldest is None or oldest <= facts.day)
    if oldest is not None:
        begin = int(np.searchsorted(panel.days[: facts.past_count], np.datetime64(oldest)))
    else:
        begin = end - days + (1 if with_today else 0)
    begin = max(min(begin, end), 0)

    def column(group: str, unit: str) -> FloatArray:
        past = np.asarray(getattr(panel, f"{group}_{unit}")[:, begin:end], dtype=np.float64)
        if not with_today:
            return past
        return np.column_stack((past, flows.net(group, amount=unit == "krw").astype(np.float64)))

    return FlowWindow(
        column("foreign", "krw"),
        column("foreign", "shares"),
        column("institution", "krw"),
        column("institution", "shares"),
        (*range(begin, end), *((None,) if with_today else ())),
    )

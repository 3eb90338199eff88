"""The gate's history for answers, counted once per market and rules.

The gate at the close of a day depends on nothing after it, so a history that reaches further serves every earlier instant.
Counting it over a whole market takes about a second: an answer that can do without waits a moment only, the next one finds it.
"""

from __future__ import annotations

import asyncio
import logging
import math
from weakref import WeakKeyDictionary

import numpy as np

from engine.model.errors import RalphStockError
from engine.model.gate import GateHistory
from engine.model.panel import MarketPanel
from ralphstock_desktop.services.strategy_contracts import GatePicture, Strategies

__all__ = ["PATIENCE_S", "gate_history_of"]

PATIENCE_S = 0.03
"""How long an answer waits for what it can do without."""
_kept: WeakKeyDictionary[MarketPanel, GateHistory] = WeakKeyDictionary()
_loading: WeakKeyDictionary[MarketPanel, asyncio.Task[GateHistory]] = WeakKeyDictionary()
_log = logging.getLogger(__name__)


async def gate_history_of(strategies: Strategies, gate: GatePicture, *, must: bool = False) -> GateHistory | None:
    """The history of the gate up to the reading's day at least; None where it is not there yet and the answer need not wait.

    Raises
    ------
    RalphStockError
        If it could not be counted.
    """
    known = _kept.get(gate.panel)
    if known is not None and _serves(known, gate):
        return known
    task = _loading.get(gate.panel)
    if task is None or task.done() or task.get_loop() is not asyncio.get_running_loop():
        task = asyncio.get_running_loop().create_task(strategies.load_gate_history(), name="gate history for an answer")
        task.add_done_callback(_told)
        _loading[gate.panel] = task
    if not must:
        await asyncio.wait({task}, timeout=PATIENCE_S)
        if not task.done():
            return None
    found = await asyncio.shield(task)
    _kept[gate.panel] = found
    return found


def _serves(history: GateHistory, gate: GatePicture) -> bool:
    """Whether a kept history belongs to the same rules and indices and reaches the reading's day."""
    reading = gate.reading
    place = np.flatnonzero(history.day_index == reading.day_index)
    if history.ruleset != reading.ruleset or not len(place):
        return False
    if gate.live:
        return True
    row = int(place[0])
    pairs = ((history.kospi[row], reading.kospi.close), (history.kosdaq[row], reading.kosdaq.close))
    return all(math.isnan(kept) if now is None else kept == now for kept, now in pairs)


def _told(task: asyncio.Task[GateHistory]) -> None:
    """A failure while nobody waits is written down; whoever must have the history gets it as an error."""
    if not task.cancelled() and isinstance(error := task.exception(), RalphStockError):
        _log.warning("the gate's history could not be counted: %s", error)

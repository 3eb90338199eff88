"""First piece and whole answer against the server on this machine, over each library (``-m perf``; ``-s`` shows the figures)."""

from __future__ import annotations

import sys
import time

import pytest

from ralphstock_desktop.assistant_ports import LanguageModel, ModelEvent, TextArrived

from .asking import heard
from .server import GeminiServer, says

RUNS = 40
PIECES, GAP_S = 20, 0.02


def _tell(text: str) -> None:
    sys.stdout.write(text + "\n")


class Arrivals:
    """When texts came."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def __call__(self, event: ModelEvent) -> None:
        if isinstance(event, TextArrived):
            self.seen.append(time.perf_counter())


@pytest.mark.perf
async def test_first_piece_and_whole_answer(server: GeminiServer, model: LanguageModel) -> None:
    server.respond = lambda body: says(*["거래량이 줄었습니다. "] * PIECES, gap_s=GAP_S)
    firsts: list[float] = []
    wholes: list[float] = []
    for _ in range(RUNS):
        began, at = time.perf_counter(), Arrivals()
        await heard(model, on_event=at)
        wholes.append((time.perf_counter() - began) * 1_000)
        firsts.append((at.seen[0] - began) * 1_000)
    told = {"first": firsts[0], "rest_median": sorted(firsts[1:])[RUNS // 2], "rest_worst": max(firsts[1:])}
    _tell(
        f"\n{model.provider}: first piece ms {told}; whole ms median {sorted(wholes)[RUNS // 2]:.1f}, worst {max(wholes):.1f}"
    )
    assert sorted(firsts)[RUNS // 2] < 50
    assert sorted(wholes)[RUNS // 2] < (PIECES - 1) * GAP_S * 1_000 + 150


@pytest.mark.perf
async def test_how_fast_a_server_that_does_not_wait_is_read(server: GeminiServer, model: LanguageModel) -> None:
    server.script(says("시작"), says(*["거래량이 줄었습니다. "] * 500))
    await heard(model)
    began = time.perf_counter()
    events = await heard(model)
    took = (time.perf_counter() - began) * 1_000
    _tell(f"\n{model.provider}: 500 pieces in {took:.0f} ms")
    assert len(events) == 502
    assert took < 2_000

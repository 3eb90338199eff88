"""The whole market at the published limits, small: no refusal, nobody at the window waits, nothing is lost by a kill.

The full run of 2,600 symbols, with numbers, is ``python -m tests.soak.sync_market --symbols 2600 --loopback 60``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.sync_market import LONGEST_WAIT_S, run_loopback
from tests.soak.sync_virtual import run_plan


def test_a_market_in_virtual_time_is_never_refused_and_keeps_its_forecast(tmp_path: Path) -> None:
    outcome = run_plan(80, tmp_path)
    assert outcome.state is not None and outcome.state.state == "done" and not outcome.wrong
    assert outcome.refused == 0
    # the last batch of news and the waits of the user's own requests are in neither figure
    assert outcome.requests == pytest.approx(outcome.plan.requests, abs=2)
    assert outcome.plan.eta_s <= outcome.actual_s * 1.05 and outcome.actual_s <= outcome.plan.eta_s * 1.15
    waits = [wait for kind in outcome.waits_s.values() for wait in kind]
    assert len(waits) > 10 and max(waits) <= LONGEST_WAIT_S + 1e-6 and outcome.overtaken == 0


@pytest.mark.slow
async def test_the_real_client_against_the_real_server_with_a_kill(tmp_path: Path) -> None:
    outcome = await run_loopback(4, 1, tmp_path)
    assert outcome.wrong == [] and outcome.refused == 0 and outcome.kills == 1
    assert outcome.actions >= 1  # read out of the broker's adjusted prices, equal to what the market was made with
    (end,) = outcome.of("end")
    assert end["end"] == "done" and end["limited"] == 0
    first, second = outcome.of("eta_s")
    assert second["requests"] < first["requests"] and second["steps"]["daily"][0] == outcome.done_at_kills[0]

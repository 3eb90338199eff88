"""The fault day in short: the last hour before the close, started in mid-day, at 120 times the speed, with a few dozen symbols."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.fault_day import run_day
from tests.soak.sim_process import SimSetup


@pytest.mark.slow
async def test_the_store_equals_the_truth_after_faults_and_disconnects(tmp_path: Path) -> None:
    setup = SimSetup(symbols=40, speed=120.0, begin_minute=345)
    outcome = await run_day(setup, tmp_path, disconnects=15, stretch_s=2.5, patience_s=60.0)
    assert not outcome.failures(), (outcome.failures(), outcome.examples[:5], outcome.notes)
    assert outcome.disconnects >= 15
    assert outcome.gaps_found == outcome.gaps_filled > 0
    assert outcome.bars_stored == outcome.bars_true > 0

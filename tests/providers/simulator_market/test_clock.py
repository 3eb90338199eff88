"""The market's clock: speed, pause and jump never lose or repeat time."""

from __future__ import annotations

import pytest

from engine.model.errors import ValidationFailed
from ralphstock_desktop.providers.kiwoom_sim.clock import SimClock

from .small_market import Machine

SECOND = 1_000_000_000


def test_runs_at_its_speed_and_keeps_time_across_changes() -> None:
    machine = Machine()
    clock = SimClock(5_000 * SECOND, machine, 60.0)
    machine.pass_s(2)
    assert clock.now_ns() == (5_000 + 120) * SECOND
    clock.set_speed(1.0)
    machine.pass_s(3)
    assert clock.now_ns() == (5_000 + 123) * SECOND
    clock.set_paused(True)
    machine.pass_s(100)
    assert clock.now_ns() == (5_000 + 123) * SECOND
    clock.set_paused(False)
    machine.pass_s(1)
    assert clock.now_ns() == (5_000 + 124) * SECOND


def test_jumps_forward_and_back_and_counts_them() -> None:
    machine = Machine()
    clock = SimClock(0, machine, 600.0)
    machine.pass_s(1)
    clock.jump(42 * SECOND)
    assert (clock.now_ns(), clock.jumps) == (42 * SECOND, 1)
    clock.jump(7 * SECOND)
    machine.pass_s(0.5)
    assert (clock.now_ns(), clock.jumps) == (307 * SECOND, 2)


@pytest.mark.parametrize("speed", [0.0, -1.0, 601.0, float("nan"), float("inf")])
def test_refuses_impossible_speeds(speed: float) -> None:
    with pytest.raises(ValidationFailed) as caught:
        SimClock(0, Machine(), speed)
    assert caught.value.key == "error.sim.speed"

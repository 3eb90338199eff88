"""The clock of a real market: this machine's, set right by the server's answers where they clearly differ."""

from __future__ import annotations

import pytest

from ralphstock_desktop.app.live import MachineClock

NOW_NS = 1_777_852_800_000_000_000
S = 1_000_000_000


def clock() -> tuple[MachineClock, list[float | None], list[float]]:
    offsets: list[float | None] = [None]
    told: list[float] = []
    made = MachineClock(told.append, lambda: NOW_NS)
    made.follow(lambda: offsets[-1])
    return made, offsets, told


def test_before_any_answer_it_is_this_machines_clock() -> None:
    assert MachineClock(machine_ns=lambda: NOW_NS).now_ns() == NOW_NS
    made, _, told = clock()
    assert made.now_ns() == NOW_NS and told == []


@pytest.mark.parametrize("offset_s", [0.4, -0.9, 2.9, -3.0])
def test_the_networks_delay_is_no_reason_to_change_it(offset_s: float) -> None:
    made, offsets, told = clock()
    offsets.append(offset_s)
    assert made.now_ns() == NOW_NS and told == []


@pytest.mark.parametrize("offset_s", [300.0, -300.0, 5.0])
def test_a_clock_that_is_off_is_set_right_and_told_once(offset_s: float) -> None:
    made, offsets, told = clock()
    offsets.append(offset_s)
    assert made.now_ns() == made.now_ns() == NOW_NS + offset_s * S
    offsets.append(offset_s + 0.7)  # the whole seconds of a later answer
    assert made.now_ns() == NOW_NS + offset_s * S
    assert told == [offset_s]
    offsets.append(0.2)  # the user has set the clock
    assert made.now_ns() == NOW_NS
    assert told == [offset_s, 0.0]


def test_a_server_in_another_time_is_not_believed() -> None:
    made, offsets, told = clock()
    offsets.append(-1e9)
    assert made.now_ns() == NOW_NS and told == []

"""Processes of this machine: the same answers in the same order whatever finishes first or dies (strategy_ports.Executor)."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from functools import partial
from pathlib import Path

import pytest

from engine.model.errors import DataUnavailable, ProviderError, UserCancelled
from ralphstock_desktop.providers.compute.local import MAX_TRIES, LocalExecutor
from tests.providers.compute import compute_work as work


@pytest.fixture
def executor() -> LocalExecutor:
    return LocalExecutor(2)


def _ended(pids: list[int]) -> bool:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 0)
            return False
    return True


def test_results_in_the_order_of_the_inputs(executor: LocalExecutor) -> None:
    told: list[tuple[int, int]] = []
    assert list(executor.map(work.slow_last_first, range(6), on_done=lambda *done: told.append(done))) == list(range(6))
    assert told == [(k, 6) for k in range(1, 7)]
    assert executor.pids == ()


def test_what_is_bound_to_the_work_reaches_every_process(executor: LocalExecutor) -> None:
    assert list(executor.map(partial(work.scaled, 7), [1, 2, 3])) == [7, 14, 21]


def test_no_inputs_start_nothing(executor: LocalExecutor) -> None:
    assert list(executor.map(work.squared, [])) == []


def test_a_killed_process_loses_nothing(executor: LocalExecutor, tmp_path: Path) -> None:
    """Input 3 kills its process; it is run again in a new one, and every input is done exactly once."""
    assert list(executor.map(partial(work.dies_once, str(tmp_path)), range(8))) == [k * 10 for k in range(8)]
    assert (tmp_path / "died").exists()
    assert [(tmp_path / f"done-{k}").read_text() for k in range(8)] == ["x"] * 8


def test_work_that_kills_every_process_is_blamed(executor: LocalExecutor) -> None:
    with pytest.raises(ProviderError) as caught:
        list(executor.map(work.always_dies, range(3)))
    assert (caught.value.key, caught.value.fields["tries"]) == ("error.backtest_worker", MAX_TRIES)
    assert executor.pids == ()


def test_an_error_of_the_work_arrives_as_it_is(executor: LocalExecutor) -> None:
    with pytest.raises(DataUnavailable) as caught:
        list(executor.map(work.unknown_day, range(4)))
    assert (caught.value.key, caught.value.fields["ticker"]) == ("error.no_bars", "005930")


def test_a_bug_in_the_work_arrives_as_it_is(executor: LocalExecutor) -> None:
    with pytest.raises(ZeroDivisionError, match="a bug at 0"):
        list(executor.map(work.broken, [0]))


def test_stopping_ends_the_processes_at_once(executor: LocalExecutor) -> None:
    pids: list[int] = []

    def stop(done: int, count: int) -> None:
        pids.extend(executor.pids)
        raise UserCancelled("stop")

    begin = time.monotonic()
    with pytest.raises(UserCancelled):
        list(executor.map(work.waits, range(200), on_done=stop))
    assert time.monotonic() - begin < 10  # 200 inputs would take 20 s
    assert pids
    assert _ended(pids)


def test_leaving_the_results_half_read_ends_the_processes(executor: LocalExecutor) -> None:
    results = executor.map(work.waits, range(50))
    assert next(results) == 0
    pids = list(executor.pids)
    results.close()  # type: ignore[attr-defined]
    assert pids
    assert _ended(pids)


def test_nothing_is_left_on_the_disk(executor: LocalExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert list(executor.map(work.squared, [2])) == [4]
    assert list(tmp_path.glob("work-*")) == []

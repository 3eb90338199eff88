"""A Dask cluster gives what local processes give, also when a worker is killed in the middle."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from engine.model.errors import DataUnavailable, ProviderError, UserCancelled
from ralphstock_desktop.providers.compute.dask import DaskExecutor
from ralphstock_desktop.providers.compute.local import LocalExecutor
from tests.providers.compute import compute_work as work

ROOT = Path(__file__).resolve().parents[3]
installed = importlib.util.find_spec("distributed") is not None
needs_dask = pytest.mark.skipif(not installed, reason="the optional extra 'dask' is not installed")


def test_without_the_extra_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ProviderError) as caught:
        DaskExecutor("tcp://127.0.0.1:8786")
    assert caught.value.key == "error.dask_missing"


@dataclass
class Cluster:
    """A scheduler and two workers, each a process of its own."""

    address: str
    workers: list[subprocess.Popen[bytes]]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Starts the cluster as its command line would."""
    place = tmp_path / "scheduler.json"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "DASK_TEMPORARY_DIRECTORY": str(tmp_path)}

    def start(*arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", *arguments, "--scheduler-file", str(place)]
        log = (tmp_path / f"{arguments[0]}.log").open("ab")
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=tmp_path)

    scheduler = start("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    worker = ("distributed.cli.dask_worker", "--no-nanny", "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1")
    workers = [start(*worker, "--name", name) for name in ("one", "two")]
    try:
        deadline = time.monotonic() + 30
        while not place.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        address = json.loads(place.read_text())["address"]
        yield Cluster(address, workers)
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


@needs_dask
@pytest.mark.filterwarnings("ignore")
def test_the_cluster_gives_what_local_processes_give(cluster: Cluster) -> None:
    executor = DaskExecutor(cluster.address)
    try:
        told: list[tuple[int, int]] = []
        inputs = list(range(12))
        shared = partial(work.scaled, 7)
        assert list(executor.map(shared, inputs, on_done=lambda *d: told.append(d))) == list(
            LocalExecutor(2).map(shared, inputs)
        )
        assert told == [(k, 12) for k in range(1, 13)]
        with pytest.raises(DataUnavailable):
            list(executor.map(work.unknown_day, range(4)))

        def stop(done: int, count: int) -> None:
            raise UserCancelled("stop")

        with pytest.raises(UserCancelled):
            list(executor.map(work.squared, range(4), on_done=stop))
    finally:
        executor.close()


@needs_dask
@pytest.mark.filterwarnings("ignore")
def test_a_killed_worker_loses_nothing(cluster: Cluster) -> None:
    executor = DaskExecutor(cluster.address)
    executor._client.wait_for_workers(2)
    killed: list[int] = []

    def kill_one(done: int, count: int) -> None:
        if done == 5 and not killed:
            killed.append(cluster.workers[0].pid)
            cluster.workers[0].kill()

    try:
        assert list(executor.map(work.slow, range(40), on_done=kill_one)) == [k * 10 for k in range(40)]
        assert killed
    finally:
        executor.close()


@needs_dask
@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ralphstock_desktop.providers.compute.dask._CONNECT_S", 1)
    with pytest.raises(ProviderError) as caught:
        DaskExecutor("tcp://127.0.0.1:9")
    assert caught.value.key == "error.dask_unreachable"

"""A planted secret is looked for everywhere a running program writes: log, settings, database, crash report, pictures, errors."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
import traceback
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from engine.model.errors import RalphStockError
from engine.model.live import ConnectionState
from ralphstock_desktop.app.folders import Folders
from ralphstock_desktop.app.live import recorder_maker
from ralphstock_desktop.app.logs import start_logging
from ralphstock_desktop.app.market_dataset import RealDataset
from ralphstock_desktop.live_ports import Credentials
from ralphstock_desktop.providers.keystore import open_key_store
from ralphstock_desktop.services.live_contracts import ConnectionPlan
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.connect import ConnectDialog
from ralphstock_desktop.ui.dialogs.errors import crash_report
from tests.app.test_live import World, ordered_panel

KEY, SECRET = "canary-appkey-91c4", "canary-secret-b7e2"
CANARIES = (KEY, SECRET)


def _found(folder: Path, tokens: list[str]) -> list[str]:
    hits = []
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            hits += [f"{path.name}: {canary[:8]}…" for canary in (*CANARIES, *tokens) if canary.encode() in content]
    return hits


@pytest.fixture
def everything_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The program's own log at its most talkative, taken away afterwards."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    folder = tmp_path / "logs"
    folder.mkdir()
    monkeypatch.setattr("faulthandler.enable", lambda file: file.close())  # it would keep the file beyond the test
    start_logging(folder, verbose=True)
    for library in ("httpx", "httpcore", "websockets", "aiohttp", "asyncio"):
        logging.getLogger(library).setLevel(logging.DEBUG)
    yield folder
    for handler in [handler for handler in root.handlers if handler not in before]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    logging.captureWarnings(False)


def test_a_planted_secret_is_nowhere(
    tmp_path: Path, everything_logged: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RALPHSTOCK_KIWOOM_CUSTOM_APP_KEY", KEY)
    monkeypatch.setenv("RALPHSTOCK_KIWOOM_CUSTOM_SECRET", SECRET)
    reports: list[str] = []
    tokens: list[str] = []
    asyncio.run(_live_through_trouble(tmp_path, reports, tokens))
    dialog = ConnectDialog(Appearance(), object(), lambda _work, _name: None, lambda: None)  # type: ignore[arg-type]
    qtbot.addWidget(dialog)
    dialog.app_key.setText(KEY)
    dialog.secret.setText(SECRET)
    assert dialog.grab().save(str(tmp_path / "dialog.png"))
    shown = capsys.readouterr()
    assert tokens, "a token was issued"
    assert (everything_logged / "ralphstock.log").stat().st_size > 1_000, "the log was written"
    assert not _found(tmp_path, tokens)
    (tmp_path / "planted.txt").write_text(f"x{SECRET}x", encoding="utf-8")
    assert _found(tmp_path, tokens), "the search itself works"
    for text in (*reports, shown.out, shown.err):
        assert not [canary for canary in (*CANARIES, *tokens) if canary in text]
    gc.collect()


async def _live_through_trouble(folder: Path, reports: list[str], tokens: list[str]) -> None:
    """Connect to a simulator with the planted key, record into a real database, and meet every kind of failure."""
    demo_folder, own_folder = folder / "demo", folder / "own"
    demo_folder.mkdir()
    demo = World(demo_folder, ordered_panel())
    await demo.open()
    await demo.until(lambda: demo.live.simulation is not None and demo.live.status.last is not None)
    simulation: Any = demo.live.simulation
    folders = Folders.of_user(own_folder)
    folders.make()
    dataset = RealDataset(own_folder / "own.sqlite3", folders, time.time_ns)
    dataset.database  # noqa: B018 - opens it
    own = World(own_folder, _as_real(ordered_panel()), kind="real")
    own.keys = open_key_store()  # type: ignore[assignment]  # the environment's keys
    maker = recorder_maker(lambda: dataset, own.workers, own.live.registry, time.time_ns)
    own.live._make_recorder = maker
    await own.open()
    try:
        plan = ConnectionPlan("custom", simulation.base_url)
        await own.live.test(plan)
        await own.live.connect(plan)
        await own.until(lambda: own.live.status.last is not None and own.status.connection is ConnectionState.LIVE)
        tokens += [owner.secrets[-1] for owner in own.links._owners._owners.values()]  # type: ignore[union-attr]
        simulation.set_speed(60.0)
        for fault in ("html_page", "server_error", "expired_token", "rate_limit", "half_frame", "cut"):
            simulation.set_fault(fault, True)
            await asyncio.sleep(0.6)
            simulation.set_fault(fault, False)
        for bad in (
            ConnectionPlan("custom", simulation.base_url, Credentials(f"wrong-{KEY}", SECRET)),
            ConnectionPlan("custom", "http://127.0.0.1:9", Credentials(KEY, SECRET)),
            ConnectionPlan("custom", "http://example.invalid", Credentials(KEY, SECRET)),
            ConnectionPlan("custom", f"http://{KEY}:{SECRET}@127.0.0.1:9", Credentials(KEY, SECRET)),
        ):
            try:
                diagnosis = await own.live.test(bad)
            except RalphStockError as error:
                reports.append("".join(traceback.format_exception(error)))
            else:
                assert diagnosis.error is not None
                reports.append(crash_report(type(diagnosis.error), diagnosis.error, diagnosis.error.__traceback__))
                reports.append(f"{diagnosis} {diagnosis.error.fields}")
        reports.append(f"{plan} {own.live.status.last} {own.live.health.last}")
    finally:
        await own.close()
        await demo.close()
        dataset.close()
    reports.extend("".join(traceback.format_exception(problem)) for problem in (*own.problems, *demo.problems))


def _as_real(panel: Any) -> Any:
    import dataclasses

    assert isinstance(panel.tickers, np.ndarray)
    return dataclasses.replace(panel, simulated=False)

"""The live service over the built-in simulator, whose pushed trades are swallowed while its heartbeat goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.model.live import ConnectionState, QuoteSource
from ralphstock_desktop.services.live import silence
from tests.app.test_live import World, ordered_panel


@pytest.mark.asyncio
async def test_a_stream_that_brings_nothing_is_replaced_by_polling_and_logged_in_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "_SILENT_NS", 1_000_000_000)
    monkeypatch.setattr(silence, "_LOGIN_AFTER_NS", 3_000_000_000)
    world = World(tmp_path, ordered_panel())
    await world.open()
    try:
        live = world.live
        await world.until(lambda: live.status.last is not None and live.simulation is not None)
        assert live.simulation is not None
        live.simulation.set_speed(60.0)
        await world.until(lambda: world.status.shown is QuoteSource.STREAM and live._hub.last_trade_ns)
        states: list[ConnectionState] = []
        live.status.subscribe(lambda status: states.append(status.connection), replay=False)
        monkeypatch.setattr(live._hub, "on_trade", lambda tick: None)
        await world.until(lambda: world.status.shown is QuoteSource.POLLED and world.status.polled > 0)
        assert world.status.connection is ConnectionState.LIVE, "the connection itself stands"
        await world.until(lambda: ConnectionState.LIVE in states and len(set(states)) > 1)
        monkeypatch.undo()
        await world.until(lambda: world.status.shown is QuoteSource.STREAM)
    finally:
        await world.close()
    assert world.problems == []

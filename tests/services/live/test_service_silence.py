"""The live service over the built-in simulator: a stream that brings nothing, and one that refuses the login for a while."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from engine.model.errors import AuthExpired, ProviderError
from engine.model.live import ConnectionState, QuoteSource
from ralphstock_desktop.live_ports import ConnectionChange
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


@pytest.mark.asyncio
async def test_a_login_that_is_refused_for_its_token_is_tried_again_later(tmp_path: Path) -> None:
    world = World(tmp_path, ordered_panel())
    world.live._settings = replace(world.live._settings, refused_s=0.3)
    await world.open()
    try:
        live = world.live
        await world.until(lambda: live.status.last is not None and world.status.connection is ConnectionState.LIVE)
        states: list[ConnectionState] = []
        live.status.subscribe(lambda status: states.append(status.connection), replay=False)
        error = AuthExpired("rejected", provider="kiwoom", retryable=True, key="error.kiwoom.token", code="8005", detail="")
        live._tasks["stream"].cancel()
        await world.until(lambda: world.status.connection is ConnectionState.STOPPED)
        live._hub.on_connection(ConnectionChange(ConnectionState.REFUSED, 1, error=error))
        assert states[-1] is ConnectionState.REFUSED
        await world.until(lambda: world.status.connection is ConnectionState.LIVE)
        assert live._refusals == 0
        live._tasks["stream"].cancel()
        await world.until(lambda: world.status.connection is ConnectionState.STOPPED)
        wrong_key = ProviderError(
            "wrong", provider="kiwoom", retryable=False, key="error.kiwoom.wrong_key", code="8001", detail=""
        )
        live._hub.on_connection(ConnectionChange(ConnectionState.REFUSED, 2, error=wrong_key))
        await asyncio.sleep(0.8)
        assert world.status.connection is ConnectionState.REFUSED, "a wrong key stays wrong until the user changes it"
    finally:
        await world.close()

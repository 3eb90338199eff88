"""The assistant over a market that is kept on a database server: news found, conversations kept, found again and deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.model.instants import AsOf
from ralphstock_desktop.app.assistant import open_assistant
from ralphstock_desktop.app.folders import Folders
from ralphstock_desktop.app.market_dataset import RealDataset
from ralphstock_desktop.services.assistant_contracts import Screen
from tests.data.conftest import PostgresServer, postgres, postgres_url
from tests.services.strategy.small_market import BEFORE, put_days
from tests.services.strategy.world import World

__all__ = ["PostgresServer", "postgres", "postgres_url"]

pytestmark = pytest.mark.postgres


async def test_end_to_end(postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ralphstock_desktop.services.strategy.records._RESTED_S", 1e6)
    monkeypatch.setattr("ralphstock_desktop.providers.keystore.find_backend", lambda: None)
    folders = Folders.of_user(tmp_path)
    folders.make()
    world = World(folders, now=AsOf.at(BEFORE, 20, 30))
    world.real = RealDataset(postgres_url, folders, world.clock)
    put_days(world.real.unit_of_work, BEFORE.replace(day=2), BEFORE)
    async with world:
        assistant, watch = open_assistant(
            world.workstation, world.settings, world.workers, world.strategies.notices, world.clock, world.clock
        )
        assistant.start()
        await assistant.idle()
        found = world.real.assistant().search_news("수주 공급계약 실적", as_of_ns=world.clock(), limit=5)
        assert found
        name = str(world.panel.names[world.panel.row_of(found[0][0].tickers[0])])
        for text in (f"{name} 뉴스 알려줘", "오늘 게이트는?"):
            assistant.ask(text, Screen("", ("signals",), AsOf(world.clock())))
            await assistant.idle()
            turn = assistant.conversation.last.turns[-1]  # type: ignore[union-attr]
            assert turn.answer is not None and turn.error is None
        session = assistant.conversation.last.session  # type: ignore[union-attr]
        await assistant.find_sessions("게이트")
        assert [each.id for each in assistant.sessions.last or ()] == [session.id]
        await assistant.find_sessions("없는말없는말")
        assert not assistant.sessions.last
        await assistant.open_session(session.id)
        assert [turn.role for turn in assistant.conversation.last.turns] == ["user", "assistant"] * 2  # type: ignore[union-attr]
        await assistant.delete_session(session.id)
        await assistant.find_sessions("")
        assert not assistant.sessions.last
        await assistant.close()
        await watch.close()
    assert not world.problems

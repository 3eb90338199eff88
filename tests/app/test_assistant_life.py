"""The assistant through a program's life: asked at once, cut short by a change of market or by the end, beside a second window,
on a store that cannot be written."""

from __future__ import annotations

import asyncio
import sqlite3
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio

from engine.model.errors import ProviderError
from engine.model.instants import AsOf
from ralphstock_desktop.app.assistant import ModelKey, open_assistant
from ralphstock_desktop.assistant_ports import ChatMessage, ChatSession
from ralphstock_desktop.services.assistant.service import AssistantService
from ralphstock_desktop.services.assistant_contracts import Screen, Turn
from ralphstock_desktop.services.health import HealthRegistry
from tests.providers.gemini.server import GeminiServer, quota, says, usage
from tests.services.strategy.small_market import BEFORE, Template
from tests.services.strategy.world import World

DAY_NS = 86_400_000_000_000


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return Template.make(tmp_path_factory.mktemp("market") / "stored")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ralphstock_desktop.services.strategy.records._RESTED_S", 1e6)
    monkeypatch.setattr("ralphstock_desktop.providers.keystore.find_backend", lambda: None)
    monkeypatch.setenv("GEMINI_API_KEY", "life-key-1")


@pytest.fixture
def server() -> Iterator[GeminiServer]:
    with GeminiServer() as running:
        yield running


class Program:
    """A world with assistants in it; several stand for several windows."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.opened: list[Any] = []

    def assistant(self) -> AssistantService:
        w = self.world
        assistant, watch = open_assistant(w.workstation, w.settings, w.workers, w.strategies.notices, w.clock, w.clock)
        self.opened += [assistant, watch]
        return assistant

    async def started(self) -> AssistantService:
        assistant = self.assistant()
        assistant.start()
        await assistant.idle()
        return assistant

    def screen(self, ticker: str = "") -> Screen:
        return Screen(ticker, ("signals",), AsOf(self.world.clock()))

    async def asked(self, assistant: AssistantService, text: str) -> Turn:
        assistant.ask(text, self.screen())
        await asyncio.wait_for(assistant.idle(), 30)
        return assistant.conversation.last.turns[-1]  # type: ignore[union-attr]

    async def close(self) -> None:
        for one in self.opened:
            await one.close()
        await asyncio.sleep(0)
        assert not [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith(("assistant", "search"))]


@pytest_asyncio.fixture
async def program(stored: Template, tmp_path: Path) -> AsyncIterator[Program]:
    real, demo = stored.copy_to(tmp_path / "real"), stored.copy_to(tmp_path / "demo")
    async with World(real, other=demo, now=AsOf.at(BEFORE, 20, 30)) as world:
        found = Program(world)
        yield found
        await found.close()
        assert not world.problems


async def _until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.005)


async def test_a_question_asked_before_everything_is_open_waits_and_is_answered(program: Program) -> None:
    assistant = program.assistant()
    assistant.ask("오늘 게이트는?", program.screen())
    await asyncio.sleep(0.2)
    assistant.start()
    await _until(lambda: assistant.conversation.last is not None and len(assistant.conversation.last.turns) == 2)
    await assistant.idle()
    turn = assistant.conversation.last.turns[-1]  # type: ignore[union-attr]
    assert turn.role == "assistant" and turn.error is None and turn.answer is not None
    assert program.world.rows("SELECT count(*) FROM chat_message") == [(2,)]


def _slow(server: GeminiServer, program: Program) -> None:
    server.respond = lambda _body: says(*["아직 적고 있는 글입니다. "] * 800, gap_s=0.05)
    program.world.settings.set("assistant_outside", True)
    program.world.settings.set("assistant_url", server.url)


async def test_another_market_in_mid_answer_stops_it_and_keeps_each_with_its_own(
    program: Program, server: GeminiServer
) -> None:
    assistant = await program.started()
    _slow(server, program)
    seen: list[Any] = []
    assistant.updates.subscribe(lambda update: seen.append(update.blocks), replay=False)
    assistant.ask("오늘 게이트는?", program.screen())
    await _until(lambda: seen and seen[-1])
    first = assistant.conversation.last.session.id  # type: ignore[union-attr]
    await program.world.workstation.switch_dataset("simulated")
    await program.world.settled()
    await assistant.idle()
    assert server.requests[-1].wait_gone(), "the model is not kept busy"
    assert assistant.conversation.last.turns == ()  # type: ignore[union-attr]
    assert all(session.id != first for session in assistant.sessions.last or ())
    program.world.settings.set("assistant_outside", False)
    assert (await program.asked(assistant, "오늘 게이트는?")).answer is not None
    await program.world.workstation.switch_dataset("real")
    await program.world.settled()
    await assistant.idle()
    await assistant.open_session(first)
    turns = assistant.conversation.last.turns  # type: ignore[union-attr]
    assert [turn.role for turn in turns] == ["user", "assistant"] and turns[-1].answer is not None
    assert [len(program.world.demo.assistant().sessions()), len(program.world.real.assistant().sessions())] == [1, 1]


async def test_tokens_of_the_day_are_those_of_both_markets_and_of_an_earlier_run(
    program: Program, server: GeminiServer
) -> None:
    program.world.settings.set("assistant_outside", True)
    program.world.settings.set("assistant_url", server.url)
    server.respond = lambda _body: says("자료에 없습니다.", tokens=usage(100, 20))
    spent: list[int] = []
    for run in range(2):
        assistant = await program.started()
        state = assistant.state.last
        assert state is not None and state.tokens_today == sum(spent[-1:]), f"run {run}"
        for kind in ("simulated", "real"):
            await program.world.workstation.switch_dataset(kind)
            await program.world.settled()
            await assistant.idle()
            await program.asked(assistant, "오늘 게이트는?")
        spent.append(assistant.state.last.tokens_today)  # type: ignore[union-attr]
        await assistant.close()
        if run == 0:
            assert spent == [240]
            # the next run opens on the real market and adds the other one when it is looked at
            spent[-1] = 120
    assert spent[-1] == 480


async def test_the_end_in_mid_answer_does_not_wait_for_it_and_keeps_the_question(
    program: Program, server: GeminiServer
) -> None:
    assistant = await program.started()
    _slow(server, program)
    seen: list[Any] = []
    assistant.updates.subscribe(lambda update: seen.append(update.blocks), replay=False)
    assistant.ask("오늘 게이트는?", program.screen())
    await _until(lambda: seen and seen[-1])
    begin = time.monotonic()
    await assistant.close()
    assert time.monotonic() - begin < 15  # the answer would take 40 s
    assert server.requests[-1].wait_gone()
    messages = program.world.rows("SELECT role FROM chat_message ORDER BY n")
    assert messages == [("user",), ("assistant",)]


async def test_conversations_older_than_the_user_wants_are_deleted_at_the_start(program: Program) -> None:
    store, now = program.world.real.assistant(), program.world.clock()
    for age in (91, 89, 31):
        ident, then = str(uuid.uuid4()), now - age * DAY_NS
        store.create_session(ChatSession(ident, f"{age}", then, then, 0))
        store.append(ident, [ChatMessage(1, "user", f"{age}일 전", then)])
    assistant = await program.started()
    assert [session.title for session in assistant.sessions.last or ()] == ["31", "89"]
    assert program.world.rows("SELECT content FROM chat_message ORDER BY created_at") == [("89일 전",), ("31일 전",)]
    program.world.settings.set("assistant_retention_days", 30)
    again = await program.started()
    assert not again.sessions.last


async def test_two_windows_on_one_store(program: Program) -> None:
    one, two = await program.started(), await program.started()
    answers = await asyncio.gather(program.asked(one, "오늘 게이트는?"), program.asked(two, "오늘 종가베팅은?"))
    assert all(turn.answer is not None and turn.error is None for turn in answers)
    await one.find_sessions("")
    assert len(one.sessions.last or ()) == 2
    mine = one.conversation.last.session.id  # type: ignore[union-attr]
    await two.delete_session(mine)
    turn = await program.asked(one, "그 이유는?")
    told = one.conversation.last
    assert told is not None and (turn.error is not None or turn.answer is not None), "told or begun anew, never silent"
    assert turn.error is None or turn.error.key == "error.chat.unknown_session"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A locked file is waited for half a second, not a minute."""
    monkeypatch.setattr("ralphstock_desktop.data.engines.BUSY_MS", 500)


async def test_a_locked_store_is_told_and_nothing_is_lost(impatient: None, program: Program) -> None:
    assistant = await program.started()
    assert (await program.asked(assistant, "오늘 게이트는?")).error is None
    with closing(sqlite3.connect(program.world.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assistant.ask("오늘 종가베팅은?", program.screen())
        await asyncio.wait_for(assistant.idle(), 40)
        turns = assistant.conversation.last.turns  # type: ignore[union-attr]
        assert turns[-1].error is not None and turns[-1].error.key.startswith("error.st")
        assert any(turn.text == "오늘 종가베팅은?" for turn in turns), "what was typed stays on screen"
        other.execute("ROLLBACK")
    turn = await program.asked(assistant, "오늘 종가베팅은?")
    assert turn.answer is not None and turn.error is None
    contents = [row[0] for row in program.world.rows("SELECT content FROM chat_message WHERE role = 'user' ORDER BY n")]
    assert contents == ["오늘 게이트는?", "오늘 종가베팅은?", "오늘 종가베팅은?"], "what could not be stored was made up for"


async def test_a_busy_store_holds_no_answer_up(program: Program) -> None:
    """While a generated market is being stored, questions are answered all the same and stored afterwards."""
    assistant = await program.started()
    with closing(sqlite3.connect(program.world.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        def answered(turns: int) -> bool:
            shown = assistant.conversation.last
            return shown is not None and len(shown.turns) == turns and shown.turns[-1].answer is not None

        assistant.ask("오늘 게이트는?", program.screen())
        await _until(lambda: answered(2))
        assistant.ask("오늘 종가베팅은?", program.screen())
        await _until(lambda: answered(4))
        assert program.world.rows("SELECT count(*) FROM chat_message") == [(0,)]
        other.execute("ROLLBACK")
    await asyncio.wait_for(assistant.idle(), 30)
    assert program.world.rows("SELECT role FROM chat_message ORDER BY n") == [("user",), ("assistant",)] * 2
    assert all(turn.error is None for turn in assistant.conversation.last.turns)  # type: ignore[union-attr]


async def test_the_health_panel_knows_the_model_and_what_was_refused(program: Program, server: GeminiServer) -> None:
    registry = HealthRegistry(time.time_ns)
    program.world.workstation.live = SimpleNamespace(registry=registry)  # type: ignore[assignment]
    program.world.settings.set("assistant_outside", True)
    program.world.settings.set("assistant_url", server.url)
    assistant = await program.started()
    server.script(says("자료에 없습니다."), says("점수는 987,654점입니다."), quota("minute", retry_s=31))
    for _ in range(3):
        await program.asked(assistant, "오늘 게이트는?")
    (health,) = registry.publish().services
    assert (health.name, health.requests, health.failures) == ("google-genai", 3, 1)
    assert health.latency_ms is not None and health.latency_ms > 0 and health.retry_after_s is not None
    assert {key: count for key, _, count in health.notes} == {"health.note.model_ungrounded": 1}
    await assistant.open_session(assistant.conversation.last.session.id)  # type: ignore[union-attr]
    assert registry.publish().services[0].notes[0][2] == 1, "looking at it again counts nothing"


@pytest.mark.skipif(find_spec("google.generativeai") is not None, reason="the optional library is installed")
async def test_a_library_that_is_not_installed_is_named_and_the_other_still_works(
    program: Program, server: GeminiServer
) -> None:
    program.world.settings.set("assistant_outside", True)
    program.world.settings.set("assistant_url", server.url)
    program.world.settings.set("assistant_provider", "google-generativeai")
    assistant = await program.started()
    turn = await program.asked(assistant, "오늘 게이트는?")
    assert turn.answer is not None and turn.answer.source == "template"
    assert assistant.state.last is not None and assistant.state.last.mode == "missing"
    with pytest.raises(ProviderError) as caught:
        await assistant.check_model()
    assert caught.value.key == "error.model.missing" and "google-generativeai" in str(caught.value)
    turn = await program.asked(assistant, "오늘 게이트는?")
    assert turn.error is None and ("assistant.note.missing", {}) in turn.answer.notes  # type: ignore[union-attr]
    program.world.settings.set("assistant_provider", "google-genai")
    server.respond = lambda _body: says("자료에 없습니다.")
    turn = await program.asked(assistant, "오늘 게이트는?")
    assert turn.answer is not None and turn.answer.source == "model"


async def test_whoever_asks_at_the_same_time_gets_one_model(program: Program, server: GeminiServer) -> None:
    program.world.settings.set("assistant_url", server.url)
    assistant = await program.started()
    first, *others = await asyncio.gather(*(assistant.access.open() for _ in range(5)))
    assert all(other is first for other in others)


async def test_a_key_store_that_cannot_be_read_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def get_password(self, _service: str, _name: str) -> str:
            raise RuntimeError("locked")

    monkeypatch.setattr("ralphstock_desktop.providers.keystore.find_backend", lambda: Broken())
    assert ModelKey().read() == "life-key-1"

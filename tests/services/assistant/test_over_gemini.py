"""The whole assistant against a local server that speaks Gemini's protocol, through the real library: whatever the server does,
the user gets an answer, is told what happened, and nothing hangs."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from datetime import date
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from engine.model.instants import AsOf
from ralphstock_desktop.services.assistant_contracts import StreamUpdate, Turn, spans_of
from tests.providers.gemini.server import (
    GeminiServer,
    Reply,
    bad_key,
    blocked_prompt,
    calls,
    events,
    fails,
    page,
    quota,
    says,
)
from tests.services.assistant.conftest import AssistantDesk, MakeDesk

pytestmark = pytest.mark.real_data

EVENING = AsOf.at(date(2026, 1, 28), 18, 32)
CANARY = "AIza-canary-5f0c9d71e2"


def close_told(body: dict[str, Any]) -> str:
    """The first price of the facts a request holds."""
    text = body["contents"][-1]["parts"][0]["text"]
    return next(row["value"] for row in json.loads(text.split("\n")[0])["facts"] if row["value"].endswith("원"))


async def asked(make_chat: MakeDesk, server: GeminiServer, text: str = "SK하이닉스 종가는?") -> tuple[AssistantDesk, Turn]:
    desk: AssistantDesk = await make_chat(EVENING)
    desk.url, desk.key = server.url, CANARY
    turn = await asyncio.wait_for(desk.ask(text), 30)
    return desk, turn


async def test_an_honest_model_is_shown_with_links_and_cost(make_chat: MakeDesk) -> None:
    with GeminiServer() as server:
        server.respond = lambda body: says("종가는 ", close_told(body), "입니다.", gap_s=0.01)
        _, turn = await asked(make_chat, server)
        answer = turn.answer
        assert answer is not None and answer.source == "model" and answer.linked == answer.numbers == 1
        assert answer.usage is not None and answer.usage.input_tokens > 0 and answer.usage.first_token_ms is not None
        sent = server.requests[0]
        assert sent.headers["x-goog-api-key"] == CANARY and CANARY not in sent.path
        assert CANARY not in json.dumps(sent.body, ensure_ascii=False)


@pytest.mark.parametrize(
    ("reply", "key", "asks"),
    [
        pytest.param(bad_key(), "error.model.key", 1, id="wrong key"),
        pytest.param(fails(403), "error.model.key", 1, id="403"),
        pytest.param(fails(404), "error.model.unknown", 1, id="404"),
        pytest.param(quota("minute", retry_s=31), "error.model.quota", 1, id="429 with a long wait"),
        pytest.param(quota("day"), "error.model.quota", 1, id="429 for the day"),
        pytest.param(fails(500), "error.model.server", 3, id="500"),
        pytest.param(fails(503), "error.model.server", 3, id="503"),
        pytest.param(page(), "error.model.malformed", 1, id="HTML page"),
        pytest.param(events('{"candidates": [{"content"'), "error.model.malformed", 1, id="broken JSON"),
        pytest.param(says("종가는", " 모릅니다", "."
                          , cut_after=300), "error.model.cut", 1, id="cut in mid-stream"),
        pytest.param(says("종가", "는", delay_s=math.inf), "error.model.timeout", 3, id="silent before the headers"),
        pytest.param(says("종가", "는", "요", stall_after=1), "error.model.timeout", 1, id="silent in mid-stream"),
    ],
)  # fmt: skip
async def test_every_failure_leaves_an_answer_and_its_reason(
    make_chat: MakeDesk, monkeypatch: pytest.MonkeyPatch, reply: Reply, key: str, asks: int
) -> None:
    monkeypatch.setattr("ralphstock_desktop.services.assistant.prompt.FIRST_TOKEN_TIMEOUT_S", 0.4)
    with GeminiServer() as server:
        server.respond = lambda _body: reply
        desk, turn = await asked(make_chat, server)
        assert turn.state == "done" and turn.error is not None and turn.error.key == key
        assert turn.answer is not None and turn.answer.source == "template" and turn.answer.linked == turn.answer.numbers > 0
        assert len([r for r in server.requests if "Content" in r.path]) <= asks
        assert CANARY not in str(turn.error) + json.dumps(turn.error.fields, default=str)
        server.respond = lambda body: says(f"종가는 {close_told(body)}입니다.")
        state = desk.assistant.state.last
        if state is not None and state.mode == "ready":
            again = await asyncio.wait_for(desk.ask("SK하이닉스 종가는?"), 30)
            assert again.answer is not None and again.answer.source == "model"


async def test_a_short_quota_wait_and_a_passing_failure_are_waited_out(make_chat: MakeDesk) -> None:
    with GeminiServer() as server:
        server.script(fails(503), quota("minute", retry_s=1))
        server.respond = lambda body: says(f"종가는 {close_told(body)}입니다.")
        _, turn = await asked(make_chat, server)
        assert turn.answer is not None and turn.answer.source == "model" and turn.error is None


@pytest.mark.parametrize(
    ("reply", "key"),
    [
        pytest.param(blocked_prompt("SAFETY"), "assistant.refused.blocked", id="prompt blocked"),
        pytest.param(says("종가", finish="SAFETY"), "assistant.refused.blocked", id="answer blocked"),
        pytest.param(says("목표가는 9,876,543원, 승률 93.7%입니다."), "assistant.refused.numbers", id="invents numbers"),
        pytest.param(says("반드시 오릅니다. 지금 매수하세요."), "", id="promises"),
        pytest.param(says(""), "assistant.refused.empty", id="says nothing"),
    ],
)
async def test_what_may_not_be_shown_is_told_with_its_reason(make_chat: MakeDesk, reply: Reply, key: str) -> None:
    with GeminiServer() as server:
        server.respond = lambda _body: reply
        _, turn = await asked(make_chat, server)
        answer = turn.answer
        assert answer is not None and answer.source == "template" and answer.refusal is not None
        assert answer.refusal.key.startswith(key or "assistant.refused.")
        assert "9,876,543" not in "".join(span.text for span in spans_of(answer.blocks))


async def test_tools_are_used_and_an_answer_cut_by_the_limit_says_so(make_chat: MakeDesk) -> None:
    with GeminiServer() as server:
        server.script(calls(("get_flows", {"ticker": "000660"}), ("get_score", {"ticker": "006800"})))

        def reply(body: dict[str, Any]) -> Reply:
            parts = [part["functionResponse"]["response"] for part in body["contents"][-1]["parts"]]
            assert "facts" in parts[0] and "Refused" in parts[1]["error"]  # the second symbol was not asked for
            value = next(row["value"] for row in parts[0]["facts"] if "억" in row["value"])
            return says(f"순매수는 {value}입니다.", finish="MAX_TOKENS")

        server.respond = reply
        _, turn = await asked(make_chat, server, "SK하이닉스 수급은?")
        assert turn.answer is not None and turn.answer.source == "model", turn.answer and turn.answer.refusal
        assert ("assistant.note.length", {}) in turn.answer.notes


async def test_stop_closes_the_connection_and_streams_show_only_what_is_checked(make_chat: MakeDesk) -> None:
    with GeminiServer() as server:
        server.respond = lambda _body: says(*["SK하이닉스는 "] * 2_000, gap_s=0.02, split=7)
        desk: AssistantDesk = await make_chat(EVENING)
        desk.url, desk.key = server.url, CANARY
        seen: list[StreamUpdate] = []
        desk.assistant.updates.subscribe(seen.append, replay=False)
        desk.assistant.ask("SK하이닉스 어때?", desk.screen())
        while sum(1 for update in seen if update.blocks) < 5:
            await asyncio.sleep(0.01)
        begin = monotonic()
        desk.assistant.stop()
        await asyncio.wait_for(desk.assistant.idle(), 15)
        assert server.requests[0].wait_gone()
        assert monotonic() - begin < 15  # the answer would take 40 s; nothing hangs; the figure is measured in tests/perf
        turn = desk.assistant.conversation.last.turns[-1]
        assert turn.state == "stopped" and turn.answer is not None


async def test_the_key_is_nowhere_but_in_its_header(
    make_chat: MakeDesk, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with GeminiServer() as server:
        server.script(bad_key(), fails(500), fails(500), fails(500), says("종가"))
        desk, first = await asked(make_chat, server)
        for text in ("SK하이닉스 수급은?", "SK하이닉스 뉴스는?"):
            await asyncio.wait_for(desk.ask(text), 30)
        desk.assistant.draft("SK하이닉스 어때?", desk.screen())
        await desk.assistant.idle()
        session = desk.assistant.sessions.last[0].id
        written = [
            await desk.assistant.export_session(session, "json"),
            await desk.assistant.export_session(session, "markdown"),
        ]
        written += [desk.assistant.outgoing.last.text, repr(desk.assistant.state.last), str(first.error), repr(first.error)]
        written += [record.getMessage() + str(record.exc_text or "") for record in caplog.records]
        written += list(capfd.readouterr())
        forms = (CANARY, CANARY.replace("-", "%2D"), CANARY[::-1])
        assert not [text for text in written for form in forms if form in text]
        files = [file for file in tmp_path.rglob("*") if file.is_file()]
        assert files and not [file for file in files if CANARY.encode() in file.read_bytes()]
        assert all(request.headers["x-goog-api-key"] == CANARY for request in server.requests)

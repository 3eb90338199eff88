"""Answers that arrive: events in order, and exactly what leaves the machine."""

from __future__ import annotations

import asyncio
import base64
import warnings
from typing import Any

import pytest

from ralphstock_desktop.assistant_ports import (
    CallWanted,
    LanguageModel,
    ModelEvent,
    ModelMessage,
    Stopped,
    TextArrived,
    ToolCall,
    ToolResult,
    ToolSpec,
    UsageTold,
)

from .asking import KEY, failed, heard, hello, text_of
from .conftest import Opener
from .server import MODEL, GeminiServer, blocked_prompt, calls, candidate, events, says, usage

SCORE = ToolSpec(
    "get_score",
    "Score of a symbol with its evidence.",
    {
        "type": "object",
        "properties": {
            "ticker": {"type": "string", "description": "six characters"},
            "strategy": {"type": "string", "enum": ["vcp", "jongga"]},
            "days": {"type": "array", "items": {"type": "integer", "minimum": 1}},
            "limit": {"type": "integer", "enum": [5, 10]},
        },
        "required": ["ticker"],
        "additionalProperties": False,
    },
)
GATE = ToolSpec("get_gate", "State of the market gate.", {"type": "object", "properties": {}})


async def test_texts_usage_and_end_come_in_order(server: GeminiServer, model: LanguageModel) -> None:
    server.script(says("삼성전자는 ", "A등급입니다.", tokens=usage(1_200, 34, cached=800, thoughts=100)))
    events_ = await heard(model)
    told = 134 if model.provider == "google-genai" else 34  # the old library knows no thoughts
    assert events_ == [
        TextArrived("삼성전자는 "),
        TextArrived("A등급입니다."),
        UsageTold(1_200, told, 800),
        Stopped("stop"),
    ]
    assert (model.model, len(server.requests)) == (MODEL, 1)


async def test_each_piece_is_told_when_it_arrives_and_not_with_the_next(server: GeminiServer, model: LanguageModel) -> None:
    said = ["하나", "둘", "셋"]
    for count in range(1, 4):  # nothing more is sent, so that the last piece can come with no other
        server.script(says(*said, stall_after=count))
        pieces: list[ModelEvent] = []
        task = asyncio.create_task(heard(model, on_event=pieces.append))
        async with asyncio.timeout(15):
            while text_of(pieces) != "".join(said[:count]):
                await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert [event for event in pieces if isinstance(event, TextArrived)] == [TextArrived(piece) for piece in said[:count]]


async def test_characters_cut_in_the_middle_come_out_whole(server: GeminiServer, model: LanguageModel) -> None:
    said = "에코프로비엠 코스닥 🚀 한글\u2028끝"
    server.script(says(said, said, split=1))
    assert text_of(await heard(model)) == said * 2


async def test_thoughts_are_not_part_of_the_answer(server: GeminiServer, model: LanguageModel) -> None:
    if model.provider == "google-generativeai":
        pytest.skip("the old library drops the mark of a thought")
    server.script(events(candidate({"text": "secret musing", "thought": True}), candidate({"text": "답"}, finish="STOP")))
    assert text_of(await heard(model)) == "답"


async def test_several_calls_come_with_their_arguments_and_the_token(server: GeminiServer, model: LanguageModel) -> None:
    server.script(calls(("get_score", {"ticker": "005930", "days": [5, 20], "share": 0.5}), ("get_gate", {})))
    events_ = await heard(model, hello(tools=(SCORE, GATE)))
    wanted = [event.call for event in events_ if isinstance(event, CallWanted)]
    assert [(call.id, call.name, call.arguments) for call in wanted] == [
        ("call-0", "get_score", {"ticker": "005930", "days": [5, 20], "share": 0.5}),
        ("call-1", "get_gate", {}),
    ]
    assert type(wanted[0].arguments["days"][0]) is int
    if model.provider == "google-genai":
        assert [base64.b64decode(call.token) for call in wanted] == [b"signature", b""]
    assert events_[-1] == Stopped("stop")


async def test_a_call_goes_back_with_its_signature_and_result(server: GeminiServer, model: LanguageModel) -> None:
    server.script(calls(("get_score", {"ticker": "005930"})), says("A등급"))
    first = await heard(model, hello(tools=(SCORE,)))
    call = next(event.call for event in first if isinstance(event, CallWanted))
    turns = (
        ModelMessage("user", "삼성전자 등급은?"),
        ModelMessage("assistant", "찾아볼게요", calls=(call,)),
        ModelMessage("tool", results=(ToolResult(call, {"grade": "A", "score": 71.5}),)),
    )
    assert text_of(await heard(model, hello(messages=turns, tools=(SCORE,)))) == "A등급"
    sent = server.requests[1].body["contents"]
    named: dict[str, Any] = {"name": "get_score"}
    token: dict[str, Any] = {}
    if model.provider == "google-genai":
        named, token = {"id": "call-0", "name": "get_score"}, {"thoughtSignature": "c2lnbmF0dXJl"}
    assert sent == [
        {"role": "user", "parts": [{"text": "삼성전자 등급은?"}]},
        {
            "role": "model",
            "parts": [{"text": "찾아볼게요"}, {"functionCall": {**named, "args": {"ticker": "005930"}}, **token}],
        },
        {"role": "user", "parts": [{"functionResponse": {**named, "response": {"grade": "A", "score": 71.5}}}]},
    ]


async def test_an_id_made_here_is_not_sent_back(server: GeminiServer, model: LanguageModel) -> None:
    server.script(calls(("get_gate", {}), ("get_gate", {}), ids=False, signature=""), says("네"))
    wanted = [event.call for event in await heard(model) if isinstance(event, CallWanted)]
    assert len({call.id for call in wanted}) == 2 and all(wanted[0].id for _ in wanted)
    turns = (
        ModelMessage("user", "?"),
        ModelMessage("assistant", calls=tuple(wanted)),
        ModelMessage("tool", results=tuple(ToolResult(call, {"status": "GREEN"}) for call in wanted)),
    )
    await heard(model, hello(messages=turns))
    sent = server.requests[1].body["contents"]
    assert [part["functionCall"] for part in sent[1]["parts"]] == [{"name": "get_gate", "args": {}}] * 2
    assert all("id" not in part["functionResponse"] for part in sent[2]["parts"])


async def test_what_leaves_the_machine_is_the_request_and_nothing_else(server: GeminiServer, model: LanguageModel) -> None:
    await heard(model, hello(tools=(SCORE, GATE), temperature=0.25, max_output_tokens=99))
    (asked,) = server.requests
    assert asked.path == f"/v1beta/models/{MODEL}:streamGenerateContent"
    assert asked.headers["x-goog-api-key"] == KEY
    body = asked.body
    assert set(body) <= {"contents", "systemInstruction", "tools", "generationConfig", "model"}
    assert body["contents"] == [{"role": "user", "parts": [{"text": "삼성전자 등급은?"}]}]
    assert body["systemInstruction"]["parts"] == [{"text": "Answer from the data only."}]
    assert body["generationConfig"] == {"temperature": 0.25, "maxOutputTokens": 99}
    score, gate = [tool for entry in body["tools"] for tool in entry["functionDeclarations"]]
    assert score["parameters"]["required"] == ["ticker"]
    kinds = _kinds(score["parameters"])
    assert kinds["ticker"] == {"type": "STRING", "description": "six characters"}
    assert kinds["strategy"] == {"type": "STRING", "format": "enum", "enum": ["vcp", "jongga"]}
    assert kinds["days"]["items"]["type"] == "INTEGER"
    assert kinds["limit"] == {"type": "INTEGER", "description": "(one of 5, 10)"}
    assert gate == {"name": "get_gate", "description": "State of the market gate."}


_TYPES = {1: "STRING", 2: "NUMBER", 3: "INTEGER", 4: "BOOLEAN", 5: "ARRAY", 6: "OBJECT"}


def _kinds(schema: dict[str, Any]) -> dict[str, Any]:
    """Properties with their types as words: the old library sends numbers."""

    def worded(inner: dict[str, Any]) -> dict[str, Any]:
        out = {name: worded(value) if name == "items" else value for name, value in inner.items()}
        return out | {"type": _TYPES.get(inner["type"], inner["type"])}

    return {name: worded(inner) for name, inner in schema["properties"].items()}


async def test_turns_without_content_are_left_out_and_nothing_is_no_question(
    server: GeminiServer, model: LanguageModel
) -> None:
    await heard(model, hello(messages=(ModelMessage("assistant", ""), ModelMessage("user", "네"))))
    assert server.requests[0].body["contents"] == [{"role": "user", "parts": [{"text": "네"}]}]
    error, _ = await failed(model, hello(messages=()))
    assert (error.key, error.retryable, len(server.requests)) == ("error.model.request", False, 1)


@pytest.mark.parametrize(
    ("finish", "end"),
    [
        ("MAX_TOKENS", Stopped("length")),
        ("SAFETY", Stopped("blocked", "SAFETY")),
        ("RECITATION", Stopped("blocked", "RECITATION")),
        ("PROHIBITED_CONTENT", Stopped("blocked", "PROHIBITED_CONTENT")),
        ("BLOCKLIST", Stopped("blocked", "BLOCKLIST")),
        ("SPII", Stopped("blocked", "SPII")),
        ("LANGUAGE", Stopped("other", "LANGUAGE")),
        ("OTHER", Stopped("other", "OTHER")),
    ],
)
async def test_how_an_answer_ends(server: GeminiServer, model: LanguageModel, finish: str, end: Stopped) -> None:
    server.script(says("조금", finish=finish))
    events_ = await heard(model)
    assert text_of(events_) == "조금"
    assert events_[-1] == end
    assert sum(isinstance(event, Stopped) for event in events_) == 1


@pytest.mark.filterwarnings("ignore:.*is not a valid FinishReason")
async def test_an_end_nobody_knows_yet(server: GeminiServer, model: LanguageModel) -> None:
    unknown: Any = "TIRED" if model.provider == "google-genai" else 99  # the old library is told numbers
    server.script(says("조금", finish=unknown))
    assert (await heard(model))[-1] == Stopped("other", str(unknown))


async def test_one_question_is_one_request(server: GeminiServer, model: LanguageModel) -> None:
    """The library can go on by itself where an answer says so, and call functions by itself: both are off."""
    if model.provider != "google-genai":
        pytest.skip("the old library does neither")
    piece = candidate({"text": "조금"}, finish="CONTINUATION")
    piece["candidates"][0]["continuationToken"] = "bW9yZQ=="
    server.script(events(piece), calls(("get_gate", {})))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # versions that do not know this end
        assert (await heard(model))[-1] == Stopped("other", "CONTINUATION")
    await heard(model, hello(tools=(GATE,)))
    assert len(server.requests) == 2


async def test_a_blocked_answer_names_the_category(server: GeminiServer, model: LanguageModel) -> None:
    rating = {"category": "HARM_CATEGORY_HARASSMENT", "probability": "HIGH", "blocked": True}
    fine = {"category": "HARM_CATEGORY_HATE_SPEECH", "probability": "LOW"}
    server.script(events(candidate(finish="SAFETY", ratings=[fine, rating])))
    assert (await heard(model))[-1] == Stopped("blocked", "HARM_CATEGORY_HARASSMENT")


async def test_a_blocked_prompt_is_an_end_and_no_error(server: GeminiServer, model: LanguageModel) -> None:
    server.script(blocked_prompt("PROHIBITED_CONTENT"), blocked_prompt("SAFETY", "HARM_CATEGORY_DANGEROUS_CONTENT"))
    assert (await heard(model))[-1] == Stopped("blocked", "PROHIBITED_CONTENT")
    assert (await heard(model))[-1] == Stopped("blocked", "HARM_CATEGORY_DANGEROUS_CONTENT")


async def test_a_finished_answer_stands_whatever_becomes_of_the_connection(server: GeminiServer, model: LanguageModel) -> None:
    server.script(says("끝", ends="cut"), says("끝", stall_after=1))
    assert (await heard(model))[-1] == Stopped("stop")
    async with asyncio.timeout(20):  # the answer's own limits are 30 and 60 s
        assert (await heard(model))[-1] == Stopped("stop")
    assert await asyncio.to_thread(server.requests[1].wait_gone)


async def test_several_answers_at_once_do_not_mix(server: GeminiServer, model: LanguageModel) -> None:
    server.respond = lambda body: says(*body["contents"][0]["parts"][0]["text"], gap_s=0.01)
    asked = [f"질문{n}번" for n in range(6)]
    answers = await asyncio.gather(*(heard(model, hello(messages=(ModelMessage("user", text),))) for text in asked))
    assert [text_of(answer) for answer in answers] == asked


async def test_a_connection_is_used_again(server: GeminiServer, model: LanguageModel) -> None:
    for _ in range(3):
        await heard(model)
    assert (server.connections, len(server.requests)) == (1, 3)


async def test_check_costs_no_token_and_sends_no_text(server: GeminiServer, model: LanguageModel) -> None:
    await model.check()
    (asked,) = server.requests
    assert (asked.method, asked.path, asked.raw) == ("GET", f"/v1beta/models/{MODEL}", b"")
    assert asked.headers["x-goog-api-key"] == KEY


async def test_a_tool_call_of_another_library_is_understood(server: GeminiServer, provider: str, opener: Opener) -> None:
    """A conversation begun with one library goes on with the other: an unusable token is left out."""
    model = await opener(provider)
    call = ToolCall("x1", "get_gate", {}, token="not base64 !")
    turns = (
        ModelMessage("user", "?"),
        ModelMessage("assistant", calls=(call,)),
        ModelMessage("tool", results=(ToolResult(call, {"error": "refused"}),)),
    )
    await heard(model, hello(messages=turns))
    assert "thoughtSignature" not in server.requests[0].body["contents"][1]["parts"][0]

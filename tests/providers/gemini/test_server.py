"""The scripted server itself, asked without any library."""

from __future__ import annotations

import http.client
import json
import math
import threading
from typing import Any
from urllib.parse import urlsplit

import pytest

from .server import MODEL, GeminiServer, calls, candidate, says

PATH = f"/v1beta/models/{MODEL}:streamGenerateContent"


def ask(server: GeminiServer, path: str = PATH, body: Any = None, method: str = "POST") -> tuple[int, str, bytes]:
    """Status, content type and body of one reply."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=15)
    try:
        connection.request(method, path, json.dumps(body or {"contents": []}), {"x-goog-api-key": "k"})
        response = connection.getresponse()
        return response.status, response.getheader("Content-Type", ""), response.read()
    finally:
        connection.close()


def test_server_sent_events(server: GeminiServer) -> None:
    server.script(says("하나", "둘"))
    status, kind, raw = ask(server, f"{PATH}?alt=sse")
    assert (status, kind) == (200, "text/event-stream")
    blocks = raw.decode().split("\r\n\r\n")
    assert blocks[-1] == ""
    pieces = [json.loads(block.removeprefix("data: ")) for block in blocks[:-1]]
    assert [piece["candidates"][0]["content"]["parts"][0]["text"] for piece in pieces] == ["하나", "둘"]
    assert pieces[1]["candidates"][0]["finishReason"] == "STOP"


def test_one_array_and_enumerations_as_numbers(server: GeminiServer) -> None:
    server.script(says("하나", "둘", finish="SAFETY"), says("하나", finish="SAFETY"))
    status, kind, raw = ask(server, f"{PATH}?%24alt=json%3Benum-encoding%3Dint")
    assert (status, kind) == (200, "application/json; charset=UTF-8")
    assert [piece["candidates"][0].get("finishReason") for piece in json.loads(raw)] == [None, 3]
    assert json.loads(ask(server)[2])[0]["candidates"][0]["finishReason"] == "SAFETY"


def test_replies_are_scripted_then_made_by_the_request(server: GeminiServer) -> None:
    seen: list[Any] = []

    def respond(body: dict[str, Any]) -> Any:
        seen.append(body)
        return [candidate({"text": f"{len(body['contents'])} turns, 123,456 won"}, finish="STOP")]

    server.respond = respond
    server.script(calls(("get_gate", {})))
    assert b"functionCall" in ask(server)[2]
    assert b"2 turns, 123,456 won" in ask(server, body={"contents": [1, 2]})[2]
    assert seen == [{"contents": [1, 2]}]
    server.respond = lambda body: "plain"
    assert b"plain" in ask(server)[2]


def test_what_arrives_is_kept(server: GeminiServer) -> None:
    ask(server, f"{PATH}?alt=sse", {"contents": ["한글"]})
    (asked,) = server.requests
    assert (asked.method, asked.path, asked.query) == ("POST", PATH, {"alt": ["sse"]})
    assert (asked.headers["x-goog-api-key"], asked.body) == ("k", {"contents": ["한글"]})
    assert asked.done.wait(10) and not asked.gone.is_set()


def test_a_description_and_a_whole_answer(server: GeminiServer) -> None:
    assert json.loads(ask(server, f"/v1beta/models/{MODEL}", method="GET")[2])["name"] == f"models/{MODEL}"
    server.script(says("하나", "둘"))
    whole = json.loads(ask(server, f"/v1beta/models/{MODEL}:generateContent")[2])
    assert [part["text"] for part in whole["candidates"][0]["content"]["parts"]] == ["하나", "둘"]


@pytest.mark.parametrize("cut", [1, 40, 90])
def test_a_cut_comes_after_so_many_bytes(server: GeminiServer, cut: int) -> None:
    server.script(says("하나", "둘", cut_after=cut))
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(server)
    assert len(caught.value.partial) == cut


def test_a_client_that_hangs_up_is_noticed_and_stopping_waits_for_nobody() -> None:
    with GeminiServer() as server:
        server.script(says("하나", delay_s=math.inf), says("하나", stall_after=0))
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=15)
        connection.request("POST", PATH, "{}")
        assert server.wait_requests(1)
        connection.close()
        assert server.requests[0].wait_gone(1)
        left = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=15)
        left.request("POST", PATH, "{}")
        assert server.wait_requests(2)
    left.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "gemini-server"]

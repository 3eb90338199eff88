"""Every way a request fails, and the error it becomes."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from engine.model.errors import AuthExpired, ProtocolChanged, ProviderError, RateLimited
from ralphstock_desktop.assistant_ports import LanguageModel, TextArrived
from ralphstock_desktop.providers.gemini.access import Access
from ralphstock_desktop.providers.gemini.errors import Failures, quota_of, scrub

from .asking import KEY, failed, heard, hello, text_of
from .conftest import Opener
from .server import GeminiServer, Reply, bad_key, calls, candidate, events, fails, page, quota, says

TEXTS = Path(__file__).resolve().parents[3] / "resources" / "texts"
_INFO = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_SERVICE_BLOCKED"}

REFUSALS: list[tuple[str, Reply, type[ProviderError], str, bool]] = [
    ("wrong key", bad_key(), AuthExpired, "error.model.key", False),
    ("expired key", fails(400, "API key expired. Please renew the API key."), AuthExpired, "error.model.key", False),
    ("no key", fails(401, "Request had invalid credentials."), AuthExpired, "error.model.key", False),
    ("no rights", fails(403, "Method doesn't allow unregistered callers."), AuthExpired, "error.model.key", False),
    ("restricted key", fails(400, "Requests are blocked.", details=[_INFO]), AuthExpired, "error.model.key", False),
    ("bad request", fails(400, "The input token count exceeds the maximum."), ProviderError, "error.model.request", False),
    ("no model", fails(404, "models/gemini-test is not found"), ProviderError, "error.model.unknown", False),
    ("a minute's quota", quota("minute"), RateLimited, "error.model.quota", True),
    ("a day's quota", quota("day"), RateLimited, "error.model.quota", False),
    ("internal", fails(500, "An internal error has occurred."), ProviderError, "error.model.server", True),
    ("overloaded", fails(503, "The model is overloaded."), ProviderError, "error.model.server", True),
    ("gateway page", page(502), ProviderError, "error.model.server", True),
    ("empty 500", Reply(status=500, body=b"", content_type="text/plain"), ProviderError, "error.model.server", True),
    ("list body", Reply(status=503, body=b'[{"error": {"code": 503, "message": "m"}}]'), ProviderError, "error.model.server", True),
    ("odd body", Reply(status=500, body=b'{"error": "text"}', content_type="application/json"), ProviderError, "error.model.server", True),
    ("broken body", Reply(status=400, body=b'{"error": {"code', content_type="application/json"), ProviderError, "error.model.request", False),
    ("cut body", fails(503, "x" * 200, cut_after=20), ProviderError, "error.model.server", True),
    ("bytes as body", Reply(status=500, body=b"\xff\xfe{", content_type="application/json"), ProviderError, "error.model.server", True),
    ("redirect", Reply(status=302, body=b"", headers=(("Location", "http://127.0.0.1:9/"),)), ProtocolChanged, "error.model.malformed", False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("reply", "kind", "key", "retryable"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS]
)
async def test_a_refusal(
    server: GeminiServer, model: LanguageModel, reply: Reply, kind: type[ProviderError], key: str, retryable: bool
) -> None:
    server.script(reply)
    error, before = await failed(model)
    assert (type(error), error.key, error.retryable, before) == (kind, key, retryable, [])
    assert (error.provider, error.fields["model"]) == (model.provider, model.model)
    assert len(server.requests) == 1  # nobody asks again but the service


@pytest.mark.parametrize("case", [case for case in REFUSALS if case[0] != "bad request"], ids=lambda case: case[0])
async def test_a_check_is_refused_the_same_way(
    server: GeminiServer, model: LanguageModel, case: tuple[str, Reply, type[ProviderError], str, bool]
) -> None:
    server.script(case[1])
    with pytest.raises(case[2]) as caught:
        await model.check()
    assert (caught.value.key, caught.value.retryable) == case[3:]
    assert len(server.requests) == 1


async def test_a_model_that_gives_no_answers_is_found_by_the_check(server: GeminiServer, model: LanguageModel) -> None:
    body = b'{"name": "models/gemini-test", "supportedGenerationMethods": ["embedContent"]}'
    server.script(Reply(body=body, content_type="application/json"))
    with pytest.raises(ProviderError) as caught:
        await model.check()
    assert caught.value.key == "error.model.unknown"


async def test_quota_says_which_and_when(server: GeminiServer, model: LanguageModel) -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    server.script(
        quota("minute", retry_s=31.5),
        quota("day", retry_s=12),
        quota("", retry_s=None, header="7"),
        quota("minute", retry_s=None, header=at),
        quota("", retry_s=None),
    )
    found = [(await failed(model))[0] for _ in range(5)]
    assert [error.fields["window"] for error in found] == ["minute", "day", "unknown", "minute", "unknown"]
    assert [error.retry_after_ms for error in found[:3]] == [31_500, 12_000, 7_000]
    assert 80_000 < found[3].retry_after_ms <= 90_000
    assert found[4].retry_after_ms == 0
    assert str(found[1].fields["quota"]).startswith("GenerateRequestsPerDay")


def test_of_two_broken_limits_the_day_counts() -> None:
    violations = [{"quotaId": "GenerateContentInputTokensPerModelPerMinute"}, {"quotaId": "GenerateRequestsPerDayPerProject"}]
    found = quota_of([{"@type": "google.rpc.QuotaFailure", "violations": violations}], {})
    assert (found.window, found.retry_after_ms) == ("day", 0)


CUTS: list[tuple[str, Reply, str]] = [
    ("within an event", says("하나", "둘", "셋", cut_after=230), "하나"),
    ("within the first event", says("하나", cut_after=40), ""),
    ("before any byte", says("하나", cut_after=1), ""),
    ("between events", says("하나", "둘", finish="", ends="cut"), "하나둘"),
    ("without a finish reason", says("하나", finish=""), "하나"),
    ("empty", events(), ""),
]


@pytest.mark.parametrize(("reply", "text"), [case[1:] for case in CUTS], ids=[case[0] for case in CUTS])
async def test_a_stream_that_breaks_off(server: GeminiServer, model: LanguageModel, reply: Reply, text: str) -> None:
    server.script(reply)
    error, before = await failed(model)
    assert (type(error), error.key, error.retryable) == (ProviderError, "error.model.cut", True)
    assert text_of(before) == text
    assert (await heard(model))[-1]  # the model still works


async def test_an_event_that_ends_with_the_reply_is_cut_and_not_malformed(
    server: GeminiServer, opener: Opener, provider: str
) -> None:
    if provider != "google-genai":
        pytest.skip("a matter of server-sent events")
    server.script(Reply(body=b'data: {"candidates": [{"content": {"parts": [{"te', content_type="text/event-stream"))
    error, _ = await failed(await opener("google-genai"))
    assert error.key == "error.model.cut"


MALFORMED: list[tuple[str, Reply, bool]] = [
    ("web page", page(), False),
    ("page without its type", Reply(body=b"<!doctype html>\n<html></html>", content_type="text/event-stream"), False),
    ("broken JSON", events('{"candidates": oops}'), False),
    ("wrong shape", events({"candidates": 5}), False),
    ("broken call", says("", finish="MALFORMED_FUNCTION_CALL"), True),
    ("call without a name", events(candidate({"functionCall": {"args": {}}}, finish="STOP")), True),
]


@pytest.mark.parametrize(("reply", "retryable"), [case[1:] for case in MALFORMED], ids=[case[0] for case in MALFORMED])
async def test_an_answer_in_an_unknown_form(server: GeminiServer, model: LanguageModel, reply: Reply, retryable: bool) -> None:
    server.script(reply)
    error, _ = await failed(model)
    assert (type(error), error.key, error.retryable) == (ProtocolChanged, "error.model.malformed", retryable)


async def test_a_broken_event_after_good_ones(server: GeminiServer, model: LanguageModel) -> None:
    server.script(events(candidate({"text": "하나"}), '{"candidates": [}', candidate({"text": "셋"}, finish="STOP")))
    error, before = await failed(model)
    assert error.key in ("error.model.malformed", "error.model.cut")
    assert text_of(before) == "하나"


async def test_an_error_within_the_stream(server: GeminiServer, model: LanguageModel) -> None:
    server.script(
        events(candidate({"text": "하나"}), {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}})
    )
    error, before = await failed(model)
    assert (error.key, error.retryable, before) == ("error.model.server", True, [TextArrived("하나")])


async def test_an_endless_reply_has_a_bound(
    server: GeminiServer, model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    if model.provider != "google-genai":
        pytest.skip("the old library reads the reply itself; the limit of time ends it")
    monkeypatch.setattr("ralphstock_desktop.providers.gemini.genai._MOST_BYTES", 1_000)
    server.script(says("가" * 2_000))
    error, _ = await failed(model)
    assert error.key == "error.model.malformed"


async def test_nobody_listens(provider: str, opener: Opener) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    error, _ = await failed(await opener(provider, f"http://127.0.0.1:{port}"))
    assert (type(error), error.key, error.retryable) == (ProviderError, "error.model.network", True)
    assert error.fields["reason"] == "refused"


async def test_a_name_that_does_not_exist(provider: str, opener: Opener, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error, _ = await failed(await opener(provider, "https://no-such-host.invalid"))
    assert (error.key, error.retryable, error.fields["reason"]) == ("error.model.network", True, "dns")


async def test_a_server_without_a_certificate(provider: str, opener: Opener) -> None:
    """A plain server where https was promised: no key is sent to it."""
    with _one_shot(b"HTTP/1.1 200 OK\r\n\r\n") as (port, received):
        error, _ = await failed(await opener(provider, f"https://127.0.0.1:{port}"))
    assert (error.key, error.retryable, error.fields["reason"]) == ("error.model.network", True, "tls")
    assert KEY.encode() not in b"".join(received)


async def test_a_server_that_hangs_up_at_once(provider: str, opener: Opener) -> None:
    with _one_shot(b"") as (port, _):
        error, _ = await failed(await opener(provider, f"http://127.0.0.1:{port}"))
    assert (error.key, error.retryable, error.fields["reason"]) == ("error.model.network", True, "hung_up")


async def test_a_redirect_takes_the_key_nowhere(server: GeminiServer, model: LanguageModel) -> None:
    with GeminiServer() as elsewhere:
        for status in (301, 302, 307, 308):
            server.script(Reply(status=status, body=b"", headers=(("Location", f"{elsewhere.url}/v1beta/x"),)))
            error, _ = await failed(model)
            assert error.key == "error.model.malformed"
        assert elsewhere.requests == []


async def test_a_closed_model_says_so(server: GeminiServer, model: LanguageModel) -> None:
    if model.provider == "google-generativeai":
        pytest.skip("its sessions open again by themselves")
    await model.close()
    error, _ = await failed(model)
    assert (error.key, error.retryable, server.requests) == ("error.model.request", False, [])


def test_texts_of_the_vendor_are_scrubbed() -> None:
    long = "a" * 40
    assert scrub(f"key {KEY} and {long} and ?key=abc", (KEY,)) == "key … and … and ?key=…"
    assert len(scrub("말 " * 500)) == 240
    error = Failures("p", "m", (KEY,)).status(400, {"error": {"message": f"bad {KEY}"}}, {})
    assert KEY not in str(error) + repr(error.fields)
    violation = {"@type": "google.rpc.QuotaFailure", "violations": [{"quotaId": f"PerDay-{KEY}"}]}
    error = Failures("p", "m", (KEY,)).status(429, {"error": {"details": [violation]}}, {})
    assert error.fields["quota"] == "PerDay-…"


async def test_several_calls_with_a_broken_one_are_refused_whole(server: GeminiServer, model: LanguageModel) -> None:
    server.script(calls(("get_gate", {}), ("", {})))
    error, before = await failed(model, hello())
    assert (error.key, before) == ("error.model.malformed", [])


def test_every_error_fills_its_text_in_both_languages() -> None:
    make = Failures("google-genai", "gemini-test", (KEY,))
    access = Access("gemini-test", KEY)
    errors = [
        make.key("it is wrong"),
        make.timeout("silence", 20.0),
        make.timeout("total", 0.25),
        make.network("dns"),
        make.cut("it ended"),
        make.server("down"),
        make.malformed("odd"),
        make.request("too long"),
        make.unknown(),
        make.status(429, {}, {}),
        access.missing("google-genai"),
    ]
    keys = {error.key for error in errors}
    for language in ("ko", "en"):
        texts = json.loads((TEXTS / language / "model.json").read_text(encoding="utf-8"))
        for error in errors:
            assert "{" not in texts[error.key].format_map(error.fields)
        assert keys <= set(texts)
    told = json.loads((TEXTS / "ko" / "model.json").read_text(encoding="utf-8"))["error.model.timeout"]
    assert told.format_map(errors[1].fields) == "google-genai 답이 20초 동안 오지 않아 멈췄습니다"


class _one_shot:  # noqa: N801 - reads as a verb
    """A socket that answers each connection with the same bytes and hangs up."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._received: list[bytes] = []
        self._sock = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._run, name="one-shot", daemon=True)

    def __enter__(self) -> tuple[int, list[bytes]]:
        self._thread.start()
        return self._sock.getsockname()[1], self._received

    def __exit__(self, *_: object) -> None:
        self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
        self._thread.join(10)

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._sock.accept()
            except OSError:
                return
            with connection:
                try:
                    self._received.append(connection.recv(65_536))
                    connection.sendall(self._answer)
                except (OSError, ssl.SSLError):
                    continue

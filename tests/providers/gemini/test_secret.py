"""A planted key: sent in one header, and found nowhere else."""

from __future__ import annotations

import asyncio
import io
import logging
import traceback
from collections.abc import Iterator

import pytest

from engine.model.errors import ProviderError, RalphStockError
from ralphstock_desktop.assistant_ports import LanguageModel
from ralphstock_desktop.providers.gemini import open_model
from ralphstock_desktop.providers.gemini.access import Access

from .asking import KEY, failed, heard, hello
from .conftest import Opener
from .server import MODEL, GeminiServer, Reply, bad_key, events, fails, page, quota, says

FAULTS: list[Reply] = [
    bad_key(),
    fails(400, f"API key not valid: {KEY}"),
    fails(403, f"key {KEY} was reported as leaked"),
    fails(404),
    fails(429, f"{KEY}"),
    fails(500, f"echo of x-goog-api-key: {KEY}"),
    quota("day"),
    page(),
    page(502),
    says("하나", finish=""),
    says("하나", "둘", cut_after=60),
    says("하나", stall_after=0),
    events(f'{{"candidates": {KEY}}}'),
    events({"error": {"code": 500, "message": KEY}}),
    says(finish="MALFORMED_FUNCTION_CALL"),
    Reply(status=302, body=b"", headers=(("Location", f"http://127.0.0.1:9/?key={KEY}"),)),
]


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.out = io.StringIO()

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), record.__dict__, file=self.out)


@pytest.fixture
def logs() -> Iterator[_Kept]:
    """Everything that any logger says at any level."""
    root, kept = logging.getLogger(), _Kept()
    level = root.level
    root.addHandler(kept)
    root.setLevel(logging.DEBUG)
    yield kept
    root.setLevel(level)
    root.removeHandler(kept)


def _all_of(error: BaseException) -> str:
    """Whatever a log, a crash report or a debugger could print of an error and of what it hangs on."""
    seen: list[str] = []
    todo: list[BaseException | None] = [error]
    known: set[int] = set()
    while todo:
        one = todo.pop()
        if one is None or id(one) in known:
            continue
        known.add(id(one))
        trace = traceback.TracebackException.from_exception(one, capture_locals=True)
        # The test's own names hold the key on purpose.
        frames = [f"{f.name} {f.locals}" for f in trace.stack if "/tests/" not in f.filename]
        seen += [str(one), repr(one), repr(one.args), repr(getattr(one, "__dict__", "")), *frames]
        todo += [one.__cause__, one.__context__]
    return "\n".join(seen)


@pytest.mark.parametrize("number", range(len(FAULTS)))
async def test_no_failure_tells_the_key(server: GeminiServer, model: LanguageModel, logs: _Kept, number: int) -> None:
    server.script(FAULTS[number])
    error, _ = await failed(model, hello(first_token_timeout_s=0.3, total_timeout_s=1.0))
    told = _all_of(error)
    assert KEY not in told
    assert error.__cause__ is None and error.__context__ is None
    assert KEY not in logs.out.getvalue()
    _only_in_the_header(server)


@pytest.mark.parametrize("number", [0, 4, 5, 7, 15])
async def test_no_failed_check_tells_the_key(server: GeminiServer, model: LanguageModel, logs: _Kept, number: int) -> None:
    server.script(FAULTS[number])
    with pytest.raises(ProviderError) as caught:
        await model.check()
    assert KEY not in _all_of(caught.value)
    assert caught.value.__cause__ is None and caught.value.__context__ is None
    assert KEY not in logs.out.getvalue()
    _only_in_the_header(server)


async def test_no_unreachable_server_tells_the_key(provider: str, opener: Opener, logs: _Kept) -> None:
    error, _ = await failed(await opener(provider, "http://127.0.0.1:9"))
    assert error.key == "error.model.network"
    assert KEY not in _all_of(error) + logs.out.getvalue()


async def test_no_answer_tells_the_key(server: GeminiServer, model: LanguageModel, logs: _Kept) -> None:
    await heard(model)
    await model.check()
    task = asyncio.create_task(heard(model))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert KEY not in logs.out.getvalue()
    assert KEY not in repr(model) + str(model)
    _only_in_the_header(server)


def _only_in_the_header(server: GeminiServer) -> None:
    assert server.requests
    for asked in server.requests:
        assert asked.headers["x-goog-api-key"] == KEY
        others = [value for name, value in asked.headers.items() if name != "x-goog-api-key"]
        assert KEY not in asked.target + " ".join(others) + asked.raw.decode()


BAD_KEYS = ["", "   ", "ab cd", "키", f"{KEY}\r\nX-Evil: 1", f"{KEY}\u200b", "x" * 600]


@pytest.mark.parametrize("key", BAD_KEYS)
def test_a_key_that_cannot_be_one_is_refused_unprinted(key: str, logs: _Kept) -> None:
    with pytest.raises(ProviderError) as caught:
        open_model("google-genai", MODEL, key)
    assert caught.value.key == "error.model.key"
    told = str(caught.value) + repr(caught.value.fields) + logs.out.getvalue()
    assert not key.strip() or key.strip() not in told
    assert KEY not in told


def test_the_means_of_access_do_not_print_the_key() -> None:
    access = Access(MODEL, f"  {KEY}\n")
    assert access.key == KEY
    assert KEY not in repr(access) + repr(access.failures("p"))


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com",
        "ftp://127.0.0.1",
        "https://user:pw@example.com",
        "https://example.com/?key=1",
        "http://127.0.0.1.evil.example",
        "example.com",
        " ",
    ],
)
def test_the_key_goes_to_no_open_address(address: str) -> None:
    with pytest.raises(RalphStockError) as caught:
        open_model("google-genai", MODEL, KEY, address)
    assert caught.value.key == "error.model.address"


async def test_no_environment_variable_leads_the_key_elsewhere(
    server: GeminiServer, provider: str, opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    with GeminiServer() as elsewhere:
        for name in ("GOOGLE_GEMINI_BASE_URL", "GOOGLE_VERTEX_BASE_URL", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, elsewhere.url)
        monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
        monkeypatch.setenv("GOOGLE_GENAI_API_VERSION", "v9")
        monkeypatch.setenv("GOOGLE_API_KEY", "other-key")
        await heard(await opener(provider))
        assert elsewhere.requests == []
    assert server.requests[0].path == f"/v1beta/models/{MODEL}:streamGenerateContent"
    _only_in_the_header(server)

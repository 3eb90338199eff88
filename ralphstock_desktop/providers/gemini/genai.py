"""Gemini over ``google-genai``: asynchronous, server-sent events, on the event loop.

The library is given an HTTP client of ours, for four reasons: its own choice (aiohttp) sends a request a second time by itself
and after up to ten seconds; it follows redirects, and takes the key along to wherever they lead; a response that is being
given up must be closable from outside the library's generators; and a reply that is no event stream must be told from a broken
one. Endpoint, version and kind of service are always said, so that no environment variable leads the key elsewhere.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, Final

import httpx

from engine.model.errors import ProviderError
from ralphstock_desktop.assistant_ports import ModelEvent, ModelMessage, ModelRequest, ToolCall, ToolSpec
from ralphstock_desktop.providers.gemini.access import BASE_URL, CHECK_S, Access, is_loopback
from ralphstock_desktop.providers.gemini.driving import converted, drive
from ralphstock_desktop.providers.gemini.errors import Failures
from ralphstock_desktop.providers.gemini.translate import contents_of, declaration_of

__all__ = ["GoogleGenAiModel"]

_API_VERSION: Final = "v1beta"
_CONNECT_S: Final = 10.0
_MOST_BYTES: Final = 16 * 1024 * 1024
"""More than any answer has; an endless reply is no answer."""


_NOT_OF_THE_API: Final = {"sdk_http_response", "parsed", "automatic_function_calling_history"}


class _Exchange:
    """What is known of the reply to one request."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self.response: httpx.Response | None = None
        self.body: AsyncGenerator[bytes, None] | None = None
        self.has_ended = False
        """Whether the body was received to its regular end."""


_exchange: ContextVar[_Exchange | None] = ContextVar("gemini_exchange", default=None)


class _WatchedBody(httpx.AsyncByteStream):
    """A body that notes its regular end and has a bound."""

    def __init__(self, inner: httpx.AsyncByteStream, exchange: _Exchange, failures: Failures) -> None:
        self._inner = inner
        self._exchange = exchange
        self._failures = failures

    def __aiter__(self) -> AsyncIterator[bytes]:
        self._exchange.body = self._read()
        return self._exchange.body

    async def _read(self) -> AsyncGenerator[bytes, None]:
        count = 0
        async for chunk in self._inner:
            count += len(chunk)
            if count > _MOST_BYTES:
                raise self._failures.malformed(f"the answer is longer than {_MOST_BYTES} bytes")
            yield chunk
        self._exchange.has_ended = True

    async def aclose(self) -> None:
        await self._inner.aclose()


class GoogleGenAiModel:
    """A Gemini model behind :class:`~ralphstock_desktop.assistant_ports.LanguageModel`.

    Making one imports the library (half a second): do it off the event loop's thread.

    Parameters
    ----------
    access : Access
        Checked model name, key and address.

    Raises
    ------
    ProviderError
        ``error.model.missing`` where the library is not installed.
    """

    provider = "google-genai"

    def __init__(self, access: Access) -> None:
        self.model = access.model
        self._failures = access.failures(self.provider)
        try:
            genai = importlib.import_module("google.genai")
            self._types: Any = importlib.import_module("google.genai.types")
        except ImportError:
            genai = None
        if genai is None:
            raise access.missing(self.provider)
        base_url = access.base_url or BASE_URL
        verify: ssl.SSLContext | bool = httpx.create_ssl_context() if base_url.startswith("https") else False
        # A proxy of the company may be needed to get out, and must not be asked for this machine itself.
        trust_env = not is_loopback(base_url)
        self._http = httpx.AsyncClient(
            verify=verify,
            timeout=httpx.Timeout(None, connect=_CONNECT_S),
            limits=httpx.Limits(max_connections=16, max_keepalive_connections=4, keepalive_expiry=60.0),
            follow_redirects=False,
            trust_env=trust_env,
            event_hooks={"response": [self._on_response]},
        )
        # Given so that the library makes none of its own; it reaches nobody.
        self._blocking_http = httpx.Client(transport=httpx.MockTransport(_canned))
        self._client: Any = genai.Client(
            vertexai=False,
            api_key=access.key,
            http_options=self._types.HttpOptions(
                base_url=base_url,
                api_version=_API_VERSION,
                httpx_client=self._blocking_http,
                httpx_async_client=self._http,
            ),
        )
        self._closing: set[asyncio.Task[None]] = set()
        self._warm()

    def __repr__(self) -> str:
        return f"GoogleGenAiModel({self.model})"

    def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent]:
        """Ask; events come as they arrive, the last one is Stopped. Raises ProviderError."""
        return drive(_Pieces(self, request), request, self._failures)

    async def check(self) -> None:
        """Ask for the model's description: proves key, network and name, costs no token and sends no text."""
        exchange = _Exchange(CHECK_S)
        found: Any
        token = _exchange.set(exchange)
        try:
            async with asyncio.timeout(CHECK_S):
                work = self._client.aio.models.get(model=self.model)
                found = await converted(work, lambda error: self.failure_of(error, exchange))
        except TimeoutError:
            found = self._failures.timeout("silence", CHECK_S)
        finally:
            _exchange.reset(token)
        if (
            not isinstance(found, ProviderError)
            and found.supported_actions
            and "generateContent" not in found.supported_actions
        ):
            found = self._failures.unknown("it gives no answers")
        if isinstance(found, ProviderError):
            raise found

    async def close(self) -> None:
        """Close all connections; a stream that still runs ends with an error."""
        await self._http.aclose()
        self._blocking_http.close()
        while self._closing:
            await asyncio.wait(set(self._closing))

    # -- for the pieces -----------------------------------------------------------------------------------------------------

    async def open_pieces(self, request: ModelRequest) -> AsyncIterator[Any]:
        """Ask through the library; the request is sent with the first piece."""
        pieces: AsyncIterator[Any] = await self._client.aio.models.generate_content_stream(**self._arguments(request))
        return pieces

    def _warm(self) -> None:
        """Go the way of a request once, with a canned reply: the library builds its classes at first use, 50 ms that the
        event loop must not wait for."""
        for name in ("anyio._backends._asyncio", "httpcore._backends.anyio"):
            with suppress(ImportError):
                importlib.import_module(name)  # else imported within the first connection
        question = ModelMessage("user", "?", calls=(ToolCall("1", "f", {}, "AA=="),))
        tool = ToolSpec("f", "", {"properties": {"x": {"type": "string", "enum": ["y"]}}})
        for piece in self._client.models.generate_content_stream(**self._arguments(ModelRequest("?", (question,), (tool,)))):
            piece.model_dump(by_alias=True, exclude_none=True, exclude=_NOT_OF_THE_API)
        self._client.models.get(model=self.model)

    def _arguments(self, request: ModelRequest) -> dict[str, Any]:
        types = self._types
        config: dict[str, Any] = {
            "temperature": request.temperature,
            "max_output_tokens": request.max_output_tokens,
            "automatic_function_calling": types.AutomaticFunctionCallingConfig(disable=True),
            "http_options": types.HttpOptions(timeout=max(int(request.total_timeout_s * 1_000), 1)),
        }
        if "automatic_continuation" in types.GenerateContentConfig.model_fields:
            config["automatic_continuation"] = False  # one request is one request
        if request.instruction:
            config["system_instruction"] = request.instruction
        if request.tools:
            declarations = [types.FunctionDeclaration.model_validate(declaration_of(tool)) for tool in request.tools]
            config["tools"] = [types.Tool(function_declarations=declarations)]
        contents = [types.Content.model_validate(content) for content in contents_of(request.messages, signatures=True)]
        if not contents:
            raise self._failures.request("there is nothing to ask")
        return {"model": self.model, "contents": contents, "config": types.GenerateContentConfig(**config)}

    def failure_of(self, error: Exception, exchange: _Exchange) -> ProviderError:
        """Say what an exception of the library, or of the connection under it, means."""
        make = self._failures
        code = getattr(error, "code", None)
        if hasattr(error, "details") and isinstance(code, int):
            response = exchange.response
            return make.status(code, error.details, dict(response.headers) if response is not None else {})
        if exchange.response is not None and exchange.response.status_code != 200:
            # The library could not read the body; the status says enough.
            return make.status(exchange.response.status_code, "", dict(exchange.response.headers))
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
            return make.network(_kind_of(error), str(error))
        if isinstance(error, httpx.TimeoutException):
            return make.timeout("total", exchange.limit_s)
        if isinstance(error, httpx.TransportError | httpx.StreamError):
            if exchange.response is None:
                return make.network("hung_up", str(error))
            return make.cut("the connection broke")
        if isinstance(error, ValueError | TypeError | AttributeError | KeyError) and exchange.response is not None:
            said = str(error).partition("Raw response:")[2].strip()
            if exchange.has_ended and said and not said.startswith("<"):
                return make.cut("it ended within an event")
            return make.malformed(type(error).__name__, payload=said)
        if exchange.response is None:
            # Before anything was sent: what we asked with is wrong.
            return make.request(f"{type(error).__name__} before sending")
        return make.malformed(type(error).__name__)

    def close_soon(self, exchange: _Exchange, pieces: AsyncIterator[Any] | None) -> None:
        """Close a response that was given up, without waiting for it."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        task = loop.create_task(_finish(exchange, pieces), name="gemini-close")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _on_response(self, response: httpx.Response) -> None:
        exchange = _exchange.get()
        if exchange is None:
            return
        exchange.response = response
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if response.status_code == 200:
            if kind in ("text/html", "application/xhtml+xml"):
                raise self._failures.malformed("a web page came instead of an answer", code="200")
            assert isinstance(response.stream, httpx.AsyncByteStream)
            response.stream = _WatchedBody(response.stream, exchange, self._failures)


_CANNED: Final = {
    "name": "models/x",
    "supportedGenerationMethods": ["generateContent"],
    "candidates": [
        {
            "content": {"role": "model", "parts": [{"text": "x"}, {"functionCall": {"name": "f", "args": {}}}]},
            "finishReason": "STOP",
            "safetyRatings": [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "LOW"}],
        }
    ],
    "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
}


def _canned(request: httpx.Request) -> httpx.Response:
    body = json.dumps(_CANNED)
    return httpx.Response(200, text=f"data: {body}\n\n" if request.method == "POST" else body)


class _Pieces:
    """The pieces of one answer (:class:`~ralphstock_desktop.providers.gemini.driving.Source`)."""

    def __init__(self, owner: GoogleGenAiModel, request: ModelRequest) -> None:
        self._owner = owner
        self._request = request
        self._exchange = _Exchange(request.total_timeout_s)
        self._pieces: AsyncIterator[Any] | None = None
        self._is_done = False

    async def fetch_next(self) -> Mapping[str, Any] | None:
        token = _exchange.set(self._exchange)
        try:
            if self._pieces is None:
                self._pieces = await self._owner.open_pieces(self._request)
            async for piece in self._pieces:
                read: dict[str, Any] = piece.model_dump(
                    by_alias=True,
                    exclude_none=True,
                    exclude={"sdk_http_response", "parsed", "automatic_function_calling_history"},
                )
                return read
            self._is_done = True
            return None
        finally:
            _exchange.reset(token)

    def failure(self, error: Exception) -> ProviderError:
        self._is_done = self._exchange.response is None
        return self._owner.failure_of(error, self._exchange)

    def abort(self) -> None:
        if not self._is_done:
            self._owner.close_soon(self._exchange, self._pieces)


def _kind_of(error: Exception) -> str:
    """Name the cause of a failed connection: ``tls``, ``dns``, ``refused``, ``proxy`` or ``unreachable``."""
    if isinstance(error, httpx.ProxyError):
        return "proxy"
    seen: BaseException | None = error
    text = str(error).lower()
    while seen is not None:
        if isinstance(seen, ssl.SSLError):
            return "tls"
        text += f" {type(seen).__name__} {seen}".lower()
        seen = seen.__cause__ or seen.__context__
    if "gaierror" in text or "name or service" in text or "nodename" in text or "getaddrinfo" in text:
        return "dns"
    if "ssl" in text or "certificate" in text:
        return "tls"
    return "refused" if "refused" in text or "all connection attempts failed" in text else "unreachable"


async def _finish(exchange: _Exchange, pieces: AsyncIterator[Any] | None) -> None:
    # From the inside out, as not every loop finalises generators: what is left outside then has nothing to wait for.
    try:
        if exchange.response is not None:
            await exchange.response.aclose()
        if exchange.body is not None:
            await exchange.body.aclose()
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()
    except (httpx.HTTPError, httpx.StreamError, OSError, RuntimeError):
        return  # it is being given up

"""Gemini over ``google-generativeai``: blocking, REST, one thread a request. An optional extra at its end of life.

It drives the client under that library (``google.ai.generativelanguage``) and not its ``GenerativeModel``, which holds every
piece back until the next one has come. Nothing in the library can stop a request that waits, so each thread's sockets are known
here and shut down from outside: the thread then ends by itself. The library knows no thought signatures and no call ids;
models that insist on them need the other adapter.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import socket
import threading
import warnings
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, Final

from engine.model.errors import ProviderError
from ralphstock_desktop.assistant_ports import ModelEvent, ModelRequest
from ralphstock_desktop.providers.gemini.access import BASE_URL, CHECK_S, Access, is_loopback
from ralphstock_desktop.providers.gemini.driving import converted, drive
from ralphstock_desktop.providers.gemini.errors import Failures
from ralphstock_desktop.providers.gemini.translate import contents_of, declaration_of

__all__ = ["GenerativeAiModel"]

_CONNECT_S: Final = 10.0
_JOIN_S: Final = 2.0


class _GivenUp(Exception):
    """Nobody waits for this request any more."""


class _Line:
    """The sockets one request uses, so that another thread can shut them."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self.is_given_up = False
        self.response: Any = None
        self.has_answer = False
        """Whether the head of a good reply has come."""
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()

    def use(self, sock: socket.socket) -> None:
        with self._lock:
            if self.is_given_up:
                raise _GivenUp
            self._sockets.append(sock)

    def give_up(self) -> None:
        with self._lock:
            self.is_given_up = True
            sockets, self._sockets = self._sockets, []
        for sock in sockets:
            try:
                # The plain socket's method: the one of TLS takes its state away under the reading thread.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:
                continue  # gone already


_here = threading.local()


def _used(sock: Any) -> None:
    line: _Line | None = getattr(_here, "line", None)
    if line is not None and sock is not None:
        line.use(sock)


def _watched_adapter(failures: Failures) -> Any:
    """Make the transport of a session: it reports sockets, follows nothing and tells a web page from an answer."""
    adapters: Any = importlib.import_module("requests.adapters")
    connection: Any = importlib.import_module("urllib3.connection")
    pool: Any = importlib.import_module("urllib3.connectionpool")

    def watched(kind: Any) -> Any:
        class Watched(kind):  # type: ignore[misc]
            def connect(self) -> None:
                super().connect()
                _used(self.sock)

            def request(self, *args: Any, **kwargs: Any) -> Any:
                _used(self.sock)  # a kept connection
                return super().request(*args, **kwargs)

        return Watched

    class PlainPool(pool.HTTPConnectionPool):  # type: ignore[misc]
        ConnectionCls = watched(connection.HTTPConnection)

    class SecurePool(pool.HTTPSConnectionPool):  # type: ignore[misc]
        ConnectionCls = watched(connection.HTTPSConnection)

    class Adapter(adapters.HTTPAdapter):  # type: ignore[misc]
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, **kwargs)
            self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

        def send(self, request: Any, **kwargs: Any) -> Any:
            wait = kwargs.get("timeout")
            kwargs["timeout"] = (_CONNECT_S, wait if isinstance(wait, int | float) else None)
            response = super().send(request, **kwargs)
            line: _Line | None = getattr(_here, "line", None)
            if line is not None:
                line.response = response
            failure = _refusal(response, failures)
            if failure is not None:
                # Raised here: the session above would follow a redirect, taking the key along, and ask twice after a 401.
                response.close()
                raise failure
            if line is not None:
                line.has_answer = True
            return response

    return Adapter()


def _refusal(response: Any, failures: Failures) -> ProviderError | None:
    """Make the error of a reply that is no answer; None for an answer."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if response.status_code == 200:
        is_page = kind in ("text/html", "application/xhtml+xml")
        return failures.malformed("a web page came instead of an answer", code="200") if is_page else None
    content = b""
    try:
        content = response.content
        payload: object = json.loads(content)
    except (ValueError, OSError):
        # No JSON, or cut within: the status says enough.
        payload = content.decode("utf-8", errors="replace")
    return failures.status(response.status_code, payload, {name.lower(): value for name, value in response.headers.items()})


class GenerativeAiModel:
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

    provider = "google-generativeai"

    def __init__(self, access: Access) -> None:
        self.model = access.model
        self.path = access.model if "/" in access.model else f"models/{access.model}"
        self.failures = access.failures(self.provider)
        try:
            with warnings.catch_warnings():
                # What it says about its age and that of its libraries is known.
                warnings.simplefilter("ignore")
                self.language: Any = importlib.import_module("google.ai.generativelanguage_v1beta")
                self._requests: Any = importlib.import_module("requests.exceptions")
                adapter = _watched_adapter(self.failures)
        except ImportError:
            adapter = None
        if adapter is None:
            raise access.missing(self.provider)
        base_url = access.base_url or BASE_URL
        options = {"api_key": access.key, "api_endpoint": base_url}
        self.generative = self.language.GenerativeServiceClient(transport="rest", client_options=options)
        self.models = self.language.ModelServiceClient(transport="rest", client_options=options)
        self._sessions: list[Any] = []
        for client in (self.generative, self.models):
            session = client.transport._session  # noqa: SLF001
            session.trust_env = not is_loopback(base_url)
            session.mount("https://", adapter)
            session.mount("http://", adapter)
            self._sessions.append(session)
        self._running: dict[threading.Thread, _Line] = {}

    def __repr__(self) -> str:
        return f"GenerativeAiModel({self.model})"

    def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent]:
        """Ask; events come as they arrive, the last one is Stopped. Raises ProviderError."""
        pieces = _Pieces(self, lambda put: self._ask(request, put), request.first_token_timeout_s)
        return drive(pieces, request, self.failures)

    async def check(self) -> None:
        """Ask for the model's description: proves key, network and name, costs no token and sends no text."""
        pieces = _Pieces(self, self._describe, CHECK_S)
        found: Mapping[str, Any] | ProviderError | None
        try:
            async with asyncio.timeout(CHECK_S):
                found = await converted(pieces.fetch_next(), pieces.failure)
        except TimeoutError:
            found = self.failures.timeout("silence", CHECK_S)
        finally:
            pieces.abort()
        actions = found.get("supportedGenerationMethods") if isinstance(found, Mapping) else None
        if actions and "generateContent" not in actions:
            found = self.failures.unknown("it gives no answers")
        if isinstance(found, ProviderError):
            raise found

    async def close(self) -> None:
        """Shut all connections; a stream that still runs ends with an error."""
        running = dict(self._running)
        for line in running.values():
            line.give_up()
        if running:
            await asyncio.to_thread(_join, tuple(running))
        for session in self._sessions:
            session.close()

    # -- on a request's thread ----------------------------------------------------------------------------------------------

    def start(self, work: Callable[[], None], line: _Line) -> None:
        """Run a request on a thread of its own; nobody waits for one that was given up."""

        def run() -> None:
            _here.line = line
            try:
                work()
            finally:
                self._running.pop(threading.current_thread(), None)

        thread = threading.Thread(target=run, name="gemini-legacy", daemon=True)
        self._running[thread] = line
        thread.start()

    def _ask(self, request: ModelRequest, put: Callable[[Mapping[str, Any]], None]) -> None:
        body: dict[str, Any] = {
            "model": self.path,
            "contents": contents_of(request.messages, signatures=False),
            "generationConfig": {"temperature": request.temperature, "maxOutputTokens": request.max_output_tokens},
        }
        if not body["contents"]:
            raise self.failures.request("there is nothing to ask")
        if request.instruction:
            body["systemInstruction"] = {"parts": [{"text": request.instruction}]}
        if request.tools:
            body["tools"] = [{"functionDeclarations": [declaration_of(tool) for tool in request.tools]}]
        asked = self.language.GenerateContentRequest.from_json(json.dumps(body), ignore_unknown_fields=True)
        # The read limit is a backstop: the loop's side gives up earlier.
        replies = self.generative.stream_generate_content(asked, retry=None, timeout=request.first_token_timeout_s + 5)
        for reply in replies:
            piece = type(reply).to_dict(reply, use_integers_for_enums=False, preserving_proto_field_name=False)
            if not any(piece.get(name) for name in ("candidates", "promptFeedback", "usageMetadata", "modelVersion")):
                # The library drops what it does not know; an error within the stream comes out empty.
                raise self.failures.server("an error within the answer")
            put(_with_integers(piece))

    def _describe(self, put: Callable[[Mapping[str, Any]], None]) -> None:
        found = self.models.get_model(name=self.path, retry=None, timeout=CHECK_S)
        put({"supportedGenerationMethods": list(found.supported_generation_methods)})

    def failure_of(self, error: Exception, line: _Line) -> ProviderError:
        """Say what an exception of the library, or of the connection under it, means."""
        make, requests = self.failures, self._requests
        if isinstance(error, requests.SSLError):
            return make.network("tls", str(error))
        if isinstance(error, requests.ConnectTimeout):
            return make.network("unreachable", str(error))
        if isinstance(error, requests.Timeout):
            return make.timeout("silence", line.limit_s)
        if isinstance(error, requests.ProxyError):
            return make.network("proxy", str(error))
        if isinstance(error, requests.ChunkedEncodingError | requests.ConnectionError | OSError):
            if line.has_answer:
                return make.cut("the connection broke")
            said = str(error)
            name = "dns" if "NameResolution" in said or "resolve" in said else "refused" if "refused" in said else "hung_up"
            return make.network(name, said)
        if line.has_answer:
            if str(error).startswith("Unfinished stream"):
                return make.cut("it ended within the list")
            return make.malformed(type(error).__name__, payload=str(error))
        return make.request(f"{type(error).__name__} before sending")


def _join(threads: tuple[threading.Thread, ...]) -> None:
    for thread in threads:
        thread.join(_JOIN_S)


def _with_integers(value: Any) -> Any:
    """Give whole numbers back as such: the library keeps every argument of a call as a float."""
    if isinstance(value, dict):
        return {name: _with_integers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_integers(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


class _Pieces:
    """The pieces of one answer (:class:`~ralphstock_desktop.providers.gemini.driving.Source`)."""

    def __init__(
        self, owner: GenerativeAiModel, ask: Callable[[Callable[[Mapping[str, Any]], None]], None], limit_s: float
    ) -> None:
        self._owner = owner
        self._ask = ask
        self._line = _Line(limit_s)
        self._queue: asyncio.Queue[Mapping[str, Any] | Exception | None] | None = None
        self._is_done = False

    async def fetch_next(self) -> Mapping[str, Any] | None:
        if self._queue is None:
            queue: asyncio.Queue[Mapping[str, Any] | Exception | None] = asyncio.Queue()
            self._queue = queue
            loop = asyncio.get_running_loop()

            def put(item: Mapping[str, Any] | Exception | None) -> None:
                if self._line.is_given_up and not isinstance(item, Exception):
                    raise _GivenUp
                try:
                    loop.call_soon_threadsafe(queue.put_nowait, item)
                except RuntimeError:
                    # The loop is closed: nobody will read it.
                    raise _GivenUp from None

            self._owner.start(lambda: self._work(put), self._line)
        item = await self._queue.get()
        if item is None or isinstance(item, Exception):
            self._is_done = True
        if isinstance(item, Exception):
            raise item
        return item

    def _work(self, put: Callable[[Mapping[str, Any] | Exception | None], None]) -> None:
        try:
            try:
                self._ask(put)
                put(None)
            except Exception as error:
                if isinstance(error, AssertionError):
                    raise  # a bug of ours
                # Also where it was given up: whoever still reads learns that the model was closed.
                put(self._owner.failures.cut("it was given up") if self._line.is_given_up else error)
        except _GivenUp:
            return
        finally:
            if self._line.response is not None:
                self._line.response.close()

    def failure(self, error: Exception) -> ProviderError:
        return self._owner.failure_of(error, self._line)

    def abort(self) -> None:
        if not self._is_done:
            self._line.give_up()

"""The connection test: step by step, until the first that fails, and in plain words why it did.

1. *address*: a request without key or token shows whether the host exists, answers, and is the broker's interface;
2. *clock*: its ``Date`` against this machine's clock;
3. *token*: key and secret;
4. *request*: one stock's master data;
5. *stream*: one login. It displaces another login with the same key, so the running program skips it while its own is live.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any, Final, Literal

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI, WebSocketException

from engine.model.errors import AuthExpired, ProtocolChanged, ProviderError, RalphStockError, RateLimited, ValidationFailed
from ralphstock_desktop.live_ports import Credentials, Diagnosis, DiagnosisStep, Priority, SourceMonitor
from ralphstock_desktop.providers.kiwoom.errors import code_of, decode_body, error_of, frame_error, return_code_of
from ralphstock_desktop.providers.kiwoom.limits import LimitPlan
from ralphstock_desktop.providers.kiwoom.rest import KiwoomRest, RetryPlan, open_rest
from ralphstock_desktop.providers.kiwoom.tokens import TokenOwner
from ralphstock_desktop.providers.kiwoom.transport import HttpTransport, Timeouts, is_loopback, stream_url
from ralphstock_desktop.providers.kiwoom.wire import PROVIDER

__all__ = ["CLOCK_TOLERANCE_S", "diagnose"]

CLOCK_TOLERANCE_S: Final = 60.0
"""A larger difference of the clocks makes tokens and bar times unreliable."""

_PROBE_API, _PROBE_PATH, _PROBE_TICKER = "ka10100", "/api/dostk/stkinfo", "005930"
_TIMEOUTS: Final = Timeouts(connect_s=5.0, read_s=8.0, total_s=12.0)
_QUIET: Final = logging.getLogger(f"{__name__}.socket")
# At the level DEBUG the library writes whole frames, the login with its token among them.
_QUIET.setLevel(logging.WARNING)

_CAUSES: Final = {
    "dns": "dns",
    "unreachable": "refused",
    "timeout": "timeout",
    "tls": "tls",
    "cut": "cut",
    "server": "server",
    "maintenance": "maintenance",
    "half_body": "server",
    "http": "not_kiwoom",
    "shape": "not_kiwoom",
    "wrong_key": "wrong_key",
    "key_missing": "key_missing",
    "other_environment": "wrong_host",
    "token_environment": "wrong_host",
    "token": "token_rejected",
    "token_contested": "other_program",
    "token_address": "token_address",
    "token_issue": "token_issue",
    "token_shape": "not_kiwoom",
    "terminal": "terminal",
    "corporate": "corporate",
    "limit_api": "limits",
    "limit_total": "limits",
    "limit_group": "limits",
    "limit_registration": "limits",
    "other_login": "other_login",
    "login_late": "stream_silent",
    "heartbeat": "stream_silent",
    "request": "protocol",
    "not_in_mock": "not_in_mock",
}
"""From the cause of a request's error to the cause the connect dialog tells (``error.connect.<cause>``)."""


class _SilentMonitor:
    """A test must not colour the health of the running source."""

    def succeeded(self, source: str, latency_ms: float) -> None: ...
    def failed(self, source: str, error: RalphStockError) -> None: ...
    def queued(self, source: str, waiting: int, eta_s: float) -> None: ...
    def limited(self, source: str, retry_after_s: float) -> None: ...
    def opened(self, source: str, closes_in_s: float | None) -> None: ...
    def beat(self, service: str) -> None: ...
    def note(self, source: str, key: str, count: int = 1, **fields: str | int | float) -> None: ...


def _problem(cause: str, message: str, *, code: str = "", **fields: str | int | float) -> ProviderError:
    error = ProviderError(message, provider=PROVIDER, retryable=False, code=code, key=f"error.connect.{cause}")
    error.fields.update(fields)
    return error


def _explained(error: RalphStockError, host: str) -> RalphStockError:
    """Turn the error of a request into what the user can act on."""
    if error.key.startswith("error.connect."):
        return error
    cause = _CAUSES.get(error.key.rsplit(".", 1)[-1], "other")
    if isinstance(error, RateLimited):
        cause = "limits"
    detail = str(error.fields.get("detail", ""))
    status = error.fields.get("status", 0)
    return _problem(cause, f"{host}: {error}", code=code_of(error), host=host, detail=detail, status=status)


async def diagnose(
    base_url: str,
    credentials: Credentials,
    *,
    now_ns: Callable[[], int],
    tokens: TokenOwner | None = None,
    with_stream: bool = True,
    limits: LimitPlan | None = None,
    timeouts: Timeouts = _TIMEOUTS,
    linger_s: float = 1.0,
) -> Diagnosis:
    """Test a connection step by step.

    Parameters
    ----------
    base_url : str
        Address of the requests.
    credentials : Credentials
        Key and secret to test.
    now_ns : callable
        Machine clock, UTC nanoseconds.
    tokens : TokenOwner, optional
        The running program's owner of this key; without it a token is issued, which may end the one in use.
    with_stream : bool
        Whether to try the stream; False while the running program's own login with this key is live.
    limits : LimitPlan, optional
        Limits of the host.
    timeouts : Timeouts
        How long to wait.
    linger_s : float
        How long to watch, after the login, whether another program takes it back.

    Returns
    -------
    Diagnosis
        Passed steps, then the first that failed with its error ``error.connect.<cause>``. Nothing is raised for what a
        connection can have wrong.
    """
    test = _Test(base_url, credentials, now_ns, tokens, limits, timeouts, linger_s)
    steps = [DiagnosisStep.ADDRESS, DiagnosisStep.CLOCK, DiagnosisStep.TOKEN, DiagnosisStep.REQUEST]
    passed: list[DiagnosisStep] = []
    try:
        for step in [*steps, DiagnosisStep.STREAM] if with_stream else steps:
            try:
                await test.run(step)
            except RalphStockError as error:
                return test.outcome(passed, step, _explained(error, test.host))
            passed.append(step)
        return test.outcome(passed, None, None)
    finally:
        await test.close()


class _Test:
    """State of one connection test."""

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        now_ns: Callable[[], int],
        tokens: TokenOwner | None,
        limits: LimitPlan | None,
        timeouts: Timeouts,
        linger_s: float,
    ) -> None:
        self.host = base_url
        self._base_url = base_url
        self._credentials = credentials
        self._now_ns = now_ns
        self._tokens = tokens or TokenOwner(credentials, now_ns=now_ns)
        self._limits = limits
        self._timeouts = timeouts
        self._linger_s = linger_s
        self._transport: HttpTransport | None = None
        self._rest: KiwoomRest | None = None
        self._offset_s: float | None = None
        self._latency_ms: float | None = None

    async def run(self, step: DiagnosisStep) -> None:
        """Run one step. Raises what is wrong."""
        match step:
            case DiagnosisStep.ADDRESS:
                await self._reach()
            case DiagnosisStep.CLOCK:
                self._compare_clocks()
            case DiagnosisStep.TOKEN:
                await self._take_token()
            case DiagnosisStep.REQUEST:
                await self._ask()
            case DiagnosisStep.STREAM:
                await self._log_in()

    def outcome(self, passed: list[DiagnosisStep], failed: DiagnosisStep | None, error: RalphStockError | None) -> Diagnosis:
        """Put the result together."""
        return Diagnosis(tuple(passed), failed, error, self._latency_ms, self._offset_s)

    async def close(self) -> None:
        """Close what was opened; a shared token owner stays as it is."""
        if self._rest is not None:
            await self._rest.close()
        if self._transport is not None:
            await self._transport.close()

    async def _reach(self) -> None:
        self._transport = HttpTransport(self._base_url, now_ns=self._now_ns, timeouts=self._timeouts)
        self.host = self._transport.base_url.split("://", 1)[1]
        headers = {"Content-Type": "application/json;charset=UTF-8", "api-id": _PROBE_API}
        reply = await self._transport.post(_PROBE_PATH, headers, b"{}")
        self._offset_s = reply.clock_offset_s
        self._latency_ms = reply.latency_ms
        body = decode_body(reply.status, reply.content, _PROBE_API)
        if isinstance(body, RalphStockError):
            if isinstance(body, RateLimited) or code_of(body):
                return
            raise body
        # Any refusal in the broker's own form will do: it was asked without a token.
        if return_code_of(body) is None or reply.status >= 500:
            raise error_of(reply.status, body, _PROBE_API) or _problem("not_kiwoom", "no return_code", host=self.host)

    def _compare_clocks(self) -> None:
        offset_s = self._offset_s
        if offset_s is not None and abs(offset_s) > CLOCK_TOLERANCE_S:
            slow = offset_s > 0
            raise _problem(
                "clock_slow" if slow else "clock_fast",
                f"This machine's clock is {abs(offset_s):.0f} s {'behind' if slow else 'ahead of'} the server's",
                seconds=round(abs(offset_s)),
                host=self.host,
            )

    async def _take_token(self) -> None:
        if not self._credentials.app_key.strip() or not self._credentials.secret.strip():
            raise ValidationFailed("App key and secret are both needed", key="error.connect.key_missing", host=self.host,
                                   code="", detail="", status=0)  # fmt: skip
        self._rest = self._open()
        self._tokens.reset()
        try:
            await self._tokens.token()
        except AuthExpired as error:
            if error.key != "error.kiwoom.token":
                raise
            # There was no token yet that could be rejected: the issue itself failed.
            detail = str(error.fields.get("detail", ""))
            refused = _problem("token_issue", str(error), code=code_of(error), host=self.host, detail=detail)
        else:
            return
        raise refused

    def _open(self) -> KiwoomRest:
        monitor: SourceMonitor = _SilentMonitor()
        # Impatient: the user waits for the answer, and a repeated attempt would hide what is wrong.
        return open_rest(
            self._base_url,
            self._tokens,
            monitor,
            now_ns=self._now_ns,
            limits=self._limits,
            timeouts=self._timeouts,
            retry=RetryPlan(limited=0, outages=0),
        )

    async def _ask(self) -> None:
        assert self._rest is not None, "the steps run in order"
        try:
            page = await self._rest.call(_PROBE_API, _PROBE_PATH, {"stk_cd": _PROBE_TICKER}, Priority.INTERACTIVE)
        except ValidationFailed:
            # The host does not know this stock, but it understood and answered the request.
            return
        self._latency_ms = page.latency_ms

    async def _log_in(self) -> None:
        url = stream_url(self._base_url)
        proxy: Literal[True] | None = None if is_loopback(self._base_url) else True
        try:
            async with (
                asyncio.timeout(self._timeouts.total_s + self._linger_s),
                connect(
                    url,
                    open_timeout=self._timeouts.connect_s,
                    close_timeout=1.0,
                    ping_interval=None,
                    proxy=proxy,
                    logger=_QUIET,
                ) as socket,
            ):
                await self._converse(socket)
                return
        except ConnectionClosed as error:
            failure = self._closed(error)
        except TimeoutError:
            failure = _problem("stream_silent", f"{self.host} did not answer the login in time", host=self.host)
        except InvalidStatus as error:
            failure = self._refused(f"HTTP {error.response.status_code}")
        except (InvalidHandshake, InvalidURI, WebSocketException, OSError) as error:
            failure = self._refused(type(error).__name__)
        raise failure

    def _refused(self, reason: str) -> ProviderError:
        return _problem("stream_refused", f"{self.host} refused the stream: {reason}", host=self.host, reason=reason)

    def _closed(self, error: ConnectionClosed) -> ProviderError:
        reason = error.rcvd.reason if error.rcvd else ""
        if reason == "Bye":
            return _problem("other_login", "Another program logged in with the same key", host=self.host)
        return self._refused(f"{error.rcvd.code} {reason}".strip()[:60] if error.rcvd else "closed")

    async def _converse(self, socket: ClientConnection) -> None:
        """Log in and watch for a moment whether the login stays."""
        await socket.send(json.dumps({"trnm": "LOGIN", "token": await self._tokens.token()}))
        async with asyncio.timeout(self._timeouts.read_s):
            while True:
                frame = self._read(await socket.recv())
                self._check(frame)
                if frame.get("trnm") == "LOGIN":
                    break
        try:
            async with asyncio.timeout(self._linger_s):
                while True:
                    frame = self._read(await socket.recv())
                    if frame.get("trnm") == "PING":
                        await socket.send(json.dumps(frame))
                    self._check(frame)
        except TimeoutError:
            return

    def _read(self, text: str | bytes) -> dict[str, Any]:
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):
            frame = {"trnm": "PING"} if text in {"PING", b"PING"} else None
        if not isinstance(frame, dict):
            raise ProtocolChanged(
                "A frame of the stream is no JSON object", provider=PROVIDER, retryable=False, key="error.kiwoom.shape"
            )
        return frame

    def _check(self, frame: dict[str, Any]) -> None:
        if frame.get("trnm") in {"LOGIN", "SYSTEM"}:
            error = frame_error(frame, secrets=self._tokens.secrets)
            if error is not None:
                raise error

"""What every driver shares: where the simulator is, plausible arguments, and one JSON line for each call that was made.

Imported inside a client's own environment, so only the standard library is used here.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import inspect
import io
import json
import os
import re
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

API_ID = re.compile(r"(?<![a-z])(k[at]\d{5})(?!\d)")
ORDERS = ("kt10", "kt5000")
"""Beginnings of the api-ids that place orders; no driver sends them."""
_SENT_ID = re.compile(r"""["']api-id["']\s*:\s*["'](\w+)["']""")
_VENDOR_CODE = re.compile(r"\[(\d{4}):")
_BODY_FIELD = re.compile(r"""["'](\w+)["']\]?\s*[:=]\s*(\w+)\b""")
_OUT = sys.stdout


@dataclasses.dataclass(frozen=True)
class Target:
    """The simulator and the market it serves, as the harness found it."""

    rest: str
    ws: str
    wss: str
    stock: str
    kosdaq: str
    etf: str
    day: str
    key: str
    secret: str = "conformance-secret"

    @property
    def ws_origin(self) -> str:
        """The WebSocket address without its path."""
        return self.ws.removesuffix("/api/dostk/websocket")

    @property
    def month_ago(self) -> str:
        """A day one month before the replayed one."""
        day = date(int(self.day[:4]), int(self.day[4:6]), int(self.day[6:]))
        return (day - timedelta(days=31)).strftime("%Y%m%d")


def target() -> Target:
    """The target of this run, from the environment."""
    return Target(**json.loads(os.environ["CONFORMANCE_TARGET"]))


def requests(at: Target) -> dict[str, dict[str, Any]]:
    """Path and example body of every published TR, with this market's codes and days put in."""
    text = (Path(__file__).parent / "requests.json").read_text(encoding="utf-8")
    for name in ("stock", "etf", "day", "month_ago"):
        text = text.replace("{" + name + "}", getattr(at, name))
    loaded: dict[str, dict[str, Any]] = json.loads(text)
    return {api_id: entry for api_id, entry in loaded.items() if not api_id.startswith(ORDERS)}


class Refused(Exception):
    """The client handed an error answer back as data."""


def rows_of(value: Any) -> int:
    """Number of records in an answer: its longest list, or 1 for a single object."""
    if value is None:
        return 0
    if hasattr(value, "shape"):  # a data frame
        return int(value.shape[0])
    if isinstance(value, list | tuple):
        return len(value)
    if isinstance(value, str | bytes):
        return len(value.splitlines())
    if not isinstance(value, Mapping):
        value = getattr(value, "body", value)
        value = value if isinstance(value, Mapping) else getattr(value, "__dict__", {})
    best = 1 if value else 0
    for field in value.values():
        if isinstance(field, list):
            best = max(best, len(field))
        elif isinstance(field, Mapping):
            best = max(best, rows_of(field))
    return best


def refuse_errors(value: Any) -> Any:
    """Raise for an answer that carries a ``return_code`` other than 0."""
    body = value if isinstance(value, Mapping) else getattr(value, "body", None)
    if isinstance(body, Mapping):
        code = body.get("return_code", 0)
        if str(code).strip("0"):
            raise Refused(str(body.get("return_msg") or body))
    return value


class Report:
    """Writes the calls of one client."""

    def __init__(self) -> None:
        self.calls = 0

    def line(self, call: str, ok: bool, rows: int = 0, error: str = "") -> None:
        """Write one call."""
        self.calls += 1
        found = _VENDOR_CODE.search(error)
        record = {"call": call, "ok": ok, "rows": rows, "error": error[:400], "code": found.group(1) if found else ""}
        _OUT.write(json.dumps(record, ensure_ascii=False) + "\n")
        _OUT.flush()

    def run(self, call: str, function: Callable[[], Any], *, at_least: int = 0) -> Any:
        """Make a call; return its answer, None if it failed."""
        try:
            with quiet():
                answer = refuse_errors(function())
        except Exception as error:  # whatever a foreign client raises is the result
            self._failed(call, error)
            return None
        return self._done(call, answer, at_least)

    async def arun(self, call: str, awaitable: Awaitable[Any], *, at_least: int = 0, timeout: float = 60) -> Any:
        """Await a call; return its answer, None if it failed."""
        try:
            with quiet():
                answer = refuse_errors(await asyncio.wait_for(awaitable, timeout))
        except Exception as error:
            self._failed(call, error)
            return None
        return self._done(call, answer, at_least)

    def _done(self, call: str, answer: Any, at_least: int) -> Any:
        rows = rows_of(answer)
        if rows < at_least:
            self.line(call, False, rows, f"{rows} rows, expected at least {at_least}")
        else:
            self.line(call, True, rows)
        return answer

    def _failed(self, call: str, error: BaseException) -> None:
        shown = f"{type(error).__name__}: {error}".replace("\n", " ")
        if os.environ.get("CONFORMANCE_TRACE"):
            sys.stderr.write(f"--- {call}\n{''.join(traceback.format_exception(error))}\n")
        self.line(call, False, 0, shown)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Swallow what a client prints: standard output belongs to the report."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield


def api_id_of(function: Callable[..., Any]) -> str:
    """The api-id a method sends, read from its source; "" if it names none."""
    source = inspect.getsource(function)
    found = _SENT_ID.search(source) or API_ID.search(source)
    return found.group(1) if found else ""


def methods(owner: Any) -> Iterable[tuple[str, Callable[..., Any]]]:
    """Public methods of an object, in order of their names."""
    for name, function in inspect.getmembers(owner, callable):
        if not name.startswith("_"):
            yield name, function


def arguments(function: Callable[..., Any], values: Mapping[str, Any], fallback: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments for a method: those of its TR by name, else by its own names; optional ones are left out."""
    chosen: dict[str, Any] = {}
    values = {**values, **_renamed(function, values)}
    for name, parameter in inspect.signature(function).parameters.items():
        if name in ("self", "cont_yn", "next_key") or parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        if name in values:
            chosen[name] = values[name]
        elif parameter.default is parameter.empty:
            if name not in fallback:
                raise LookupError(f"no value for the parameter {name}")
            chosen[name] = fallback[name]
    return chosen


def _renamed(function: Callable[..., Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values under the names a client's method gives the fields, read from the body it writes (``"stk_cd": symbol``)."""
    with contextlib.suppress(OSError, TypeError):
        pairs = _BODY_FIELD.findall(inspect.getsource(function))
        return {name: values[field] for field, name in pairs if field in values}
    return {}


class Realtime:
    """Counts what a WebSocket delivers, by type of message."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}

    def add(self, kind: str) -> None:
        """One more message."""
        self.seen[kind] = self.seen.get(kind, 0) + 1

    async def wait(self, kinds: Iterable[str], seconds: float = 20) -> None:
        """Wait until every type has come, or the time is over."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and any(kind not in self.seen for kind in kinds):
            await asyncio.sleep(0.1)

    def report(self, to: Report, kinds: Iterable[str]) -> None:
        """One line for each type."""
        for kind in kinds:
            count = self.seen.get(kind, 0)
            to.line(f"realtime {kind}", count > 0, count, "" if count else "nothing arrived")

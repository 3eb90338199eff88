"""Mutated replies: whatever a server sends, the client gives a page as sent, or one of our errors."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Mapping
from typing import Any

from engine.model.errors import RalphStockError
from ralphstock_desktop.live_ports import Credentials, Priority
from ralphstock_desktop.providers.kiwoom.breaker import CircuitBreaker
from ralphstock_desktop.providers.kiwoom.limits import LimitPlan, LimitRule, RatePlanner
from ralphstock_desktop.providers.kiwoom.rest import KiwoomRest, RetryPlan
from ralphstock_desktop.providers.kiwoom.tokens import TokenOwner
from ralphstock_desktop.providers.kiwoom.transport import RawReply

from .loopback import KEY, OK, SECRET, Heard

ROUNDS = 12_000
BODY = {
    "stk_cd": "005930",
    "stk_dt_pole_chart_qry": [{"cur_prc": "71300", "trde_qty": "11843207", "dt": "20251105", "pred_pre": "+800"}] * 3,
    **OK,
}
LIMITS = LimitPlan(each=LimitRule(1e9, 10), overall=LimitRule(1e9, 10), special={}, groups={}, jitter_s=0.0)


class Mutating:
    """A transport that damages its replies by chance."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.sent = 0
        self.tokens = 0

    def _damaged(self, content: bytes) -> bytes:
        rng, raw = self.rng, bytearray(content)
        for _ in range(rng.randrange(4)):
            at = rng.randrange(len(raw) + 1)
            match rng.randrange(5):
                case 0:
                    raw[at : at + 1] = bytes([rng.randrange(256)])
                case 1:
                    del raw[at:]
                case 2:
                    raw[at:at] = rng.choice(
                        [b'"', b"{", b"[", b"\x00", b"-", b"9" * 30, "키".encode(), b"<html>", b"null", b"\\u0000"]
                    )
                case 3:
                    del raw[at : at + rng.randrange(1, 20)]
                case 4:
                    raw[at:at] = raw[: rng.randrange(40)]
            if not raw:
                break
        return bytes(raw)

    async def post(self, path: str, headers: Mapping[str, str], content: bytes) -> RawReply:
        self.sent += 1
        rng = self.rng
        if path == "/oauth2/token" and rng.random() < 0.7:
            self.tokens += 1
            body: dict[str, Any] = {"token": f"T{self.tokens}", "token_type": "bearer", "expires_dt": "20991231000000", **OK}
            raw = json.dumps(body).encode()
        else:
            raw = self._damaged(json.dumps(BODY, ensure_ascii=False).encode())
        status = rng.choice([200] * 8 + [201, 302, 401, 404, 429, 500, 502])
        junk = rng.choice(["Y", "N", "", "y", "Q", "Y\x00"])
        reply_headers = {"cont-yn": junk, "next-key": rng.choice(["", "A", "키", "x" * 600, "a\r\nb", "B"])}
        return RawReply(status, reply_headers, raw, 0, 1_000, rng.choice([None, 0, 10**18]))

    async def close(self) -> None: ...


class _NoBreaker(CircuitBreaker):
    """Never opens: every reply shall be judged."""

    def _open(self) -> None: ...


async def test_mutated_replies() -> None:
    rng = random.Random(20261124)
    heard = Heard()
    now_ns = time.time_ns()
    transport = Mutating(rng)

    async def no_sleep(seconds: float) -> None:
        await asyncio.sleep(0)

    def monotonic() -> float:
        # Every look at the clock is a minute later, so that pauses do not hold up the test.
        nonlocal now_ns
        now_ns += 60 * 10**9
        return now_ns / 1e9

    rest = KiwoomRest(
        transport,
        TokenOwner(Credentials(KEY, SECRET), now_ns=lambda: now_ns),
        RatePlanner(LIMITS, heard, source="x", monotonic=monotonic, sleep=no_sleep),
        _NoBreaker("x", heard, monotonic=monotonic),
        heard,
        retry=RetryPlan(limited=1, outages=1),
        sleep=no_sleep,
        rng=rng,
    )
    pages = errors = 0
    for _ in range(ROUNDS):
        monotonic()  # so that a remembered refusal of the token is forgotten
        try:
            async for page in rest.pages("ka10081", "/api/dostk/chart", {"stk_cd": "005930"}, Priority.GAP, max_pages=4):
                pages += 1
                assert page.next_key.isascii()
                for row in page.rows("stk_dt_pole_chart_qry"):
                    assert isinstance(row, dict)
        except RalphStockError as error:
            errors += 1
            assert error.key.startswith("error.kiwoom.")
            assert KEY not in str(error.fields) and SECRET not in str(error.fields)
    assert pages > ROUNDS / 20 and errors > ROUNDS / 5, (pages, errors)
    assert transport.sent > ROUNDS
    await rest.close()

"""Tokens and request limits."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from ralphstock_desktop.providers.kiwoom_sim.limiter import STRICT_LIMITS, SimLimiter, SimLimits
from ralphstock_desktop.providers.kiwoom_sim.tokens import LIFE_NS, SimTokens, TokenRefused

from .conftest import Client, Serve

SECOND = 1_000_000_000


class Clock:
    def __init__(self) -> None:
        self.ns = 1_795_483_363 * SECOND

    def __call__(self) -> int:
        return self.ns


async def _issue(http: httpx.AsyncClient, **body: str) -> Any:
    return (
        await http.post("/oauth2/token", json={"grant_type": "client_credentials", "appkey": "k", "secretkey": "s"} | body)
    ).json()


async def test_issue_and_revoke(serve: Serve) -> None:
    async with serve() as client:
        found = await _issue(client.http)
        assert re.fullmatch(r"20\d{12}", found["expires_dt"]) and found["token_type"] == "bearer" and found["return_code"] == 0
        again = Client(client.http, client.server, found["token"])
        assert (await again.raw("ka10102", {})).json()["return_code"] == 0
        revoked = (
            await client.http.post("/oauth2/revoke", json={"appkey": "k", "secretkey": "s", "token": found["token"]})
        ).json()
        assert revoked["return_code"] == 0
        assert "[8005:" in (await again.raw("ka10102", {})).json()["return_msg"]
        assert (
            "[8016:" in (await client.http.post("/oauth2/revoke", json={"appkey": "k", "secretkey": "s"})).json()["return_msg"]
        )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"grant_type": ""}, "8011"),
        ({"grant_type": "refresh_token"}, "8012"),
        ({"appkey": ""}, "8020"),
        ({"secretkey": ""}, "8020"),
        ({"appkey": "wrong-key"}, "8001"),
        ({"secretkey": "wrong"}, "8001"),
        ({"appkey": "mock-key"}, "8030"),
    ],
)
async def test_refused_tokens_are_http_200(serve: Serve, body: dict[str, str], code: str) -> None:
    async with serve() as client:
        found = await _issue(client.http, **body)
    assert found["return_code"] == 3 and f"[{code}:" in found["return_msg"] and "token" not in found


async def test_an_api_id_on_the_token_path_is_ignored(serve: Serve) -> None:
    async with serve() as client:
        for api_id in ("au10001", "oauth2", ""):
            answer = await client.http.post(
                "/oauth2/token",
                json={"grant_type": "client_credentials", "appkey": "x", "secretkey": "y"},
                headers={"api-id": api_id},
            )
            assert answer.json()["return_code"] == 0


def test_a_second_issue_kills_the_first_or_returns_it() -> None:
    clock = Clock()
    kills, keeps = SimTokens(clock), SimTokens(clock, same_token=True)
    first, second = (kills.issue("client_credentials", "k", "s").token for _ in range(2))
    assert first != second and kills.grant(first) is None and kills.grant(second) is not None
    assert keeps.issue("client_credentials", "k", "s") == keeps.issue("client_credentials", "k", "s")
    other = kills.issue("client_credentials", "other", "s").token
    assert kills.grant(second) is not None and kills.grant(other) is not None


def test_a_token_lives_a_day() -> None:
    clock = Clock()
    tokens = SimTokens(clock, same_token=True)
    grant = tokens.issue("client_credentials", "k", "s")
    assert grant.expires_ns == clock.ns + LIFE_NS
    clock.ns += LIFE_NS - 1
    assert tokens.grant(grant.token) == grant
    clock.ns += 1
    assert tokens.grant(grant.token) is None
    assert tokens.issue("client_credentials", "k", "s").token != grant.token
    with pytest.raises(TokenRefused):
        tokens.revoke("k", "", grant.token)


def test_buckets() -> None:
    clock = Clock()
    limiter = SimLimiter(SimLimits(per_api=5, total=8), clock)
    assert [limiter.refusal("k", "ka10081") for _ in range(6)] == [None] * 5 + [("1700", 5)]
    assert limiter.refusal("k", "ka10080") is None  # a bucket of its own
    assert limiter.refusal("other", "ka10081") is None
    clock.ns += SECOND // 5  # room for one more
    assert limiter.refusal("k", "ka10081") is None
    assert limiter.refusal("k", "ka10081") == ("1700", 5)
    total = SimLimiter(SimLimits(per_api=0, total=3), clock)
    assert [total.refusal("k", f"ka{n}") for n in range(4)] == [None, None, None, ("1701", 3)]
    strict = SimLimiter(STRICT_LIMITS, clock)
    assert strict.refusal("k", "ka10001") is None and strict.refusal("k", "ka10001") == ("1700", 1)
    clock.ns += SECOND
    assert strict.refusal("k", "ka10001") is None
    limiter.forget()
    assert limiter.refusal("k", "ka10081") is None


@pytest.mark.parametrize("latency_ms", [60, 80, 100])
def test_unpaced_calls_fail_where_they_were_measured_to(latency_ms: int) -> None:
    clock = Clock()
    limiter = SimLimiter(SimLimits(), clock)
    for number in range(1, 20):
        if limiter.refusal("k", "ka10081") is not None:
            assert 7 <= number <= 11
            return
        clock.ns += latency_ms * 1_000_000
    pytest.fail("never refused")


def test_a_client_that_keeps_to_the_limit_is_never_refused() -> None:
    clock = Clock()
    limiter = SimLimiter(SimLimits(), clock)
    for number in range(500):
        clock.ns += SECOND // 5 + (35_000_000 if number % 2 else -35_000_000)
        assert limiter.refusal("k", "ka10081") is None


async def test_the_limit_on_the_wire(serve: Serve) -> None:
    clock = Clock()
    async with serve(limits=SimLimits(), machine_ns=clock) as client:
        answers = [await client.raw("ka10102", {}) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert answers[-1].json() == {
            "return_code": 5,
            "return_msg": "허용된 요청 개수를 초과하였습니다[1700:허용된 API 요청 개수를 초과하였습니다. 유량=5, API ID=ka10102]",
        }
        assert (await client.raw("ka10101", {"mrkt_tp": "0"})).status_code == 200
        clock.ns += SECOND
        assert (await client.raw("ka10102", {})).status_code == 200
        issued = [
            await client.http.post("/oauth2/token", json={"grant_type": "client_credentials", "appkey": "z", "secretkey": "s"})
            for _ in range(6)
        ]
        assert [answer.status_code for answer in issued] == [200] * 5 + [429] and "유량=au10001" in issued[-1].json()[
            "return_msg"
        ]
        assert client.server.limiter.refused == 2


async def test_a_token_of_another_key_is_not_revoked(serve: Serve) -> None:
    async with serve() as client:
        other = {"appkey": "other", "secretkey": "s", "token": client.token}
        refused = (await client.http.post("/oauth2/revoke", json=other)).json()
        assert refused["return_code"] == 3 and "[8015:" in refused["return_msg"]
        assert (await client.raw("ka10102", {})).json()["return_code"] == 0, "it lives on"
        own = {"appkey": "key", "secretkey": "secret", "token": client.token}
        assert (await client.http.post("/oauth2/revoke", json=own)).json()["return_code"] == 0
        assert "[8005:" in (await client.raw("ka10102", {})).json()["return_msg"]

"""One owner of the token: single flight, renewal, rejection, refusal."""

from __future__ import annotations

import asyncio

import pytest

from engine.model.errors import AuthExpired, ProviderError
from engine.model.live import MISSING
from ralphstock_desktop.live_ports import Credentials
from ralphstock_desktop.providers.kiwoom.errors import error_of_code, outage
from ralphstock_desktop.providers.kiwoom.tokens import Grant, TokenOwner, TokenOwners

S = 1_000_000_000
DAY = 24 * 3600 * S


class Issuer:
    """Issues numbered tokens, slowly."""

    def __init__(self) -> None:
        self.now = 1_000 * DAY
        self.life = DAY
        self.count = 0
        self.error: Exception | None = None
        self.same = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.revoked: list[str] = []
        self.owner = TokenOwner(Credentials("key", "secret"), now_ns=lambda: self.now, issue=self.issue, revoke=self.revoke)

    async def issue(self, credentials: Credentials) -> Grant:
        assert credentials == Credentials("key", "secret")
        await self.gate.wait()
        self.count += 1
        if self.error is not None:
            raise self.error
        expires = MISSING if self.life == MISSING else self.now + self.life
        return Grant("T1" if self.same else f"T{self.count}", expires)

    async def revoke(self, credentials: Credentials, token: str) -> None:
        self.revoked.append(token)
        if self.error is not None:
            raise self.error


async def test_many_tasks_share_one_issue() -> None:
    issuer = Issuer()
    issuer.gate.clear()
    tasks = [asyncio.create_task(issuer.owner.token()) for _ in range(50)]
    await asyncio.sleep(0)
    issuer.gate.set()
    assert set(await asyncio.gather(*tasks)) == {"T1"}
    assert issuer.count == 1
    assert await issuer.owner.token() == "T1"
    assert issuer.count == 1


async def test_a_cancelled_waiter_takes_nobody_with_it_and_loses_no_token() -> None:
    issuer = Issuer()
    issuer.gate.clear()
    first = asyncio.create_task(issuer.owner.token())
    second = asyncio.create_task(issuer.owner.token())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    issuer.gate.set()
    assert await second == "T1"
    issuer.gate.clear()
    issuer.now += DAY
    lonely = asyncio.create_task(issuer.owner.token())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    lonely.cancel()
    issuer.gate.set()
    await asyncio.gather(lonely, return_exceptions=True)
    await asyncio.sleep(0)
    assert await issuer.owner.token() == "T2"
    assert issuer.count == 2


async def test_renewed_in_the_last_ten_minutes() -> None:
    issuer = Issuer()
    await issuer.owner.token()
    issuer.now += DAY - 601 * S
    assert await issuer.owner.token() == "T1"
    issuer.now += 2 * S
    assert await issuer.owner.token() == "T2"
    assert issuer.count == 2


async def test_an_old_token_serves_on_while_renewing_fails() -> None:
    issuer = Issuer()
    await issuer.owner.token()
    issuer.now += DAY - 500 * S
    issuer.error = outage("timeout", "x", stage="answer")
    for _ in range(20):
        assert await issuer.owner.token() == "T1"
    assert issuer.count == 2
    issuer.now += 61 * S
    assert await issuer.owner.token() == "T1"
    assert issuer.count == 3
    issuer.now += 500 * S
    with pytest.raises(ProviderError):
        await issuer.owner.token()


async def test_the_same_token_again_is_not_asked_for_at_once() -> None:
    issuer = Issuer()
    issuer.same, issuer.life = True, 300 * S
    await issuer.owner.token()
    for _ in range(10):
        await issuer.owner.token()
    assert issuer.count == 1
    issuer.now += 61 * S
    await issuer.owner.token()
    assert issuer.count == 2


@pytest.mark.parametrize("life", [MISSING, -9 * 3600 * S, 0, 400 * DAY])
async def test_a_wrong_clock_does_not_mean_a_token_per_request(life: int) -> None:
    issuer = Issuer()
    issuer.life = life
    for _ in range(10):
        assert await issuer.owner.token() == "T1"
        issuer.now += 3600 * S
    assert issuer.count == 1


async def test_rejected_tokens_are_renewed_once_for_all() -> None:
    issuer = Issuer()
    old = await issuer.owner.token()
    issuer.gate.clear()
    tasks = [asyncio.create_task(issuer.owner.renew(old)) for _ in range(30)]
    await asyncio.sleep(0)
    issuer.gate.set()
    assert set(await asyncio.gather(*tasks)) == {"T2"}
    # Somebody who still holds the old one gets the new one without asking.
    assert await issuer.owner.renew(old) == "T2"
    assert issuer.count == 2


async def test_tokens_rejected_again_and_again_end_in_an_error() -> None:
    issuer = Issuer()
    token = await issuer.owner.token()
    for _ in range(10):
        token = await issuer.owner.renew(token)
    with pytest.raises(AuthExpired) as contested:
        await issuer.owner.renew(token)
    assert contested.value.key == "error.kiwoom.token_contested"
    issuer.now += 61 * S
    assert await issuer.owner.renew(token) == "T12"
    assert issuer.count == 12


async def test_a_wrong_key_is_remembered_until_the_user_tries_again() -> None:
    issuer = Issuer()
    issuer.error = error_of_code("8001")
    for _ in range(100):
        with pytest.raises(ProviderError):
            await issuer.owner.token()
    assert issuer.count == 1
    issuer.owner.reset()
    issuer.error = None
    assert await issuer.owner.token() == "T2"


async def test_a_passing_failure_is_not_remembered() -> None:
    issuer = Issuer()
    issuer.error = outage("server", "x")
    with pytest.raises(ProviderError):
        await issuer.owner.token()
    issuer.error = None
    assert await issuer.owner.token() == "T2"


async def test_revoking_only_on_demand() -> None:
    issuer = Issuer()
    await issuer.owner.revoke()
    await issuer.owner.token()
    await issuer.owner.disconnect(issuer.issue)
    assert issuer.revoked == []
    issuer.owner.connect(issuer.issue, issuer.revoke)
    await issuer.owner.revoke()
    assert issuer.revoked == ["T1"] and issuer.owner.expires_ns is None
    assert await issuer.owner.token() == "T2"


async def test_a_token_that_is_gone_needs_no_revoking() -> None:
    issuer = Issuer()
    for code in ("8015", "8005"):
        issuer.error = None
        await issuer.owner.token()
        issuer.error = error_of_code(code)
        await issuer.owner.revoke()
        assert issuer.owner.expires_ns is None
    issuer.error = None
    await issuer.owner.token()
    issuer.error = outage("server", "x")
    with pytest.raises(ProviderError):
        await issuer.owner.revoke()
    assert issuer.owner.expires_ns is not None


async def test_disconnecting_ends_an_issue_under_way_but_only_its_own() -> None:
    issuer = Issuer()
    issuer.gate.clear()
    task = asyncio.create_task(issuer.owner.token())
    await asyncio.sleep(0)

    async def other(credentials: Credentials) -> Grant:
        raise AssertionError

    await issuer.owner.disconnect(other)
    assert not task.done()
    await issuer.owner.disconnect(issuer.issue)
    outcome = (await asyncio.gather(task, return_exceptions=True))[0]
    assert isinstance(outcome, asyncio.CancelledError)


def test_one_owner_per_key_and_nothing_to_see() -> None:
    owners = TokenOwners(lambda: 0)
    first = owners.owner("https://a", Credentials("PSkey", "hidden"))
    assert owners.owner("https://a", Credentials("PSkey", "hidden")) is first
    assert owners.owner("https://b", Credentials("PSkey", "hidden")) is not first
    assert owners.owner("https://a", Credentials("PSkey", "other")) is not first
    seen = f"{first!r} {first.credentials!r} {first.credentials} {Grant('TOK', 1)!r} {Grant('TOK', 1)}"
    for secret in ("PSkey", "hidden", "TOK"):
        assert secret not in seen

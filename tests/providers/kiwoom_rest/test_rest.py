"""The request client against a scripted broker over loopback."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import Any

import httpx
import pytest
from aiohttp import web

from engine.model.errors import AuthExpired, DataUnavailable, ProtocolChanged, ProviderError, RateLimited, ValidationFailed
from ralphstock_desktop.live_ports import Credentials, Priority
from ralphstock_desktop.providers.kiwoom.breaker import BreakerState, CircuitBreaker
from ralphstock_desktop.providers.kiwoom.limits import LimitPlan, LimitRule, RatePlanner
from ralphstock_desktop.providers.kiwoom.rest import KiwoomRest, Page, RetryPlan, open_rest
from ralphstock_desktop.providers.kiwoom.tokens import TokenOwner
from ralphstock_desktop.providers.kiwoom.transport import HttpTransport, Timeouts, checked_base_url, stream_url

from .loopback import KEY, OK, SECRET, Broker, Heard, kinds, most_in_a_second, refusal, reply

CHART = "/api/dostk/chart"
FAST = LimitPlan(each=LimitRule(500, 500, 0.1), overall=LimitRule(1000, 1000, 0.1), special={}, groups={}, jitter_s=0.1)
QUICK = RetryPlan(first_pause_s=0.01, longest_pause_s=0.05)
BODY = {"stk_cd": "005930", "base_dt": "20251105", "upd_stkpc_tp": "1"}


@asynccontextmanager
async def session(
    *, limits: LimitPlan = FAST, timeouts: Timeouts | None = None, credentials: Credentials | None = None
) -> AsyncIterator[tuple[Broker, KiwoomRest, Heard]]:
    """A broker and a client of it."""
    async with Broker().running() as broker:
        heard = Heard()
        transport = HttpTransport(broker.base_url, now_ns=time.time_ns, timeouts=timeouts)
        rest = KiwoomRest(
            transport,
            TokenOwner(credentials or Credentials(KEY, SECRET), now_ns=time.time_ns),
            RatePlanner(limits, heard, source="kiwoom", monotonic=time.monotonic),
            CircuitBreaker("kiwoom", heard, monotonic=time.monotonic),
            heard,
            retry=QUICK,
            rng=random.Random(1),
        )
        try:
            yield broker, rest, heard
        finally:
            await rest.close()


async def _ask(rest: KiwoomRest, api_id: str = "ka10081", body: dict[str, str] | None = None) -> Page:
    return await rest.call(api_id, CHART, body or BODY, Priority.INTERACTIVE)


async def test_a_request_as_the_protocol_wants_it() -> None:
    async with session() as (broker, rest, heard):
        page = await _ask(rest)
        assert page.body["stk_cd"] == "005930" and page.next_key == "" and not page.no_data
        (_, _, login), (api_id, headers, body) = broker.requests
        assert login == {"grant_type": "client_credentials", "appkey": KEY, "secretkey": SECRET}
        assert api_id == "ka10081" and body == BODY
        assert headers["authorization"] == f"Bearer {broker.token}"
        assert headers["content-type"] == "application/json;charset=UTF-8"
        assert "cont-yn" not in headers and "next-key" not in headers
        assert len(heard.successes) == 2 and not heard.failures
        assert rest.clock_offset_s is not None and abs(rest.clock_offset_s) < 2
        assert broker.revoked == []


async def test_the_servers_clock_counts_when_some_answers_agree_on_it() -> None:
    async with session() as (broker, rest, _):
        for ahead_s, steady in ((300, False), (300, False), (300, True), (301, True), (240, False)):
            broker.date = formatdate(time.time() + ahead_s, usegmt=True)
            await _ask(rest) if rest.clock_offset_s is not None else await rest.tokens.token()
            offset_s = rest.steady_clock_offset_s
            assert (offset_s is not None) is steady
            assert offset_s is None or abs(offset_s - 300) < 3


async def test_a_rejected_token_is_renewed_once() -> None:
    async with session() as (broker, rest, heard):
        await _ask(rest)
        broker.token = "taken by another program"
        await _ask(rest)
        assert broker.issued == 2 and not heard.failures
        for refused in (
            refusal("8031"),
            refusal("8103"),
            web.Response(status=401),
            reply({"return_code": 8005, "return_msg": ""}),
        ):
            issued = broker.issued
            broker.say("ka10081", refused)
            await _ask(rest)
            assert broker.issued == issued + 1
        broker.say("ka10081", refusal("8005"), refusal("8005"), refusal("8005"))
        issued, calls = broker.issued, broker.calls("ka10081")
        with pytest.raises(AuthExpired):
            await _ask(rest)
        assert broker.issued == issued + 1 and broker.calls("ka10081") == calls + 2
        assert kinds(heard.failures) == {"error.kiwoom.token": 1}


async def test_one_renewal_per_request_even_across_repetitions() -> None:
    async with session() as (broker, rest, _):
        await _ask(rest)
        broker.say("ka10081", refusal("8005"), web.Response(status=500), refusal("8005"))
        with pytest.raises(AuthExpired):
            await _ask(rest)
        assert broker.issued == 2 and broker.calls("ka10081") == 4


async def test_many_requests_with_a_dead_token_share_one_renewal() -> None:
    async with session() as (broker, rest, _):
        await _ask(rest)
        broker.token = "gone"
        await asyncio.gather(*[_ask(rest) for _ in range(20)])
        assert broker.issued == 2


async def test_two_owners_of_one_key_survive_each_other() -> None:
    """The second issue kills the first token; each client renews by itself, once per loss."""
    async with session() as (broker, rest, _):
        other = open_rest(
            broker.base_url,
            TokenOwner(Credentials(KEY, SECRET), now_ns=time.time_ns),
            Heard(),
            now_ns=time.time_ns,
            limits=FAST,
        )
        for _ in range(2):
            await _ask(rest)
            await _ask(other)
        assert broker.issued == 4
        await other.close()


async def test_wrong_keys_are_told_and_not_repeated() -> None:
    async with session(credentials=Credentials("PSwrong", "wrong")) as (broker, rest, _):
        for _ in range(5):
            with pytest.raises(ProviderError) as wrong:
                await _ask(rest)
            assert wrong.value.key == "error.kiwoom.wrong_key" and not wrong.value.retryable
        assert len(broker.requests) == 1


@pytest.mark.parametrize(
    "body",
    [{**OK}, {**OK, "token": ""}, {**OK, "token": 5}, {**OK, "token": "a b"}, {**OK, "token": "토큰"}, {**OK, "token": "a\nb"}],
)
async def test_a_token_reply_without_a_usable_token(body: dict[str, Any]) -> None:
    async with session() as (broker, rest, _):
        broker.token_answers.append(reply(body))
        with pytest.raises(ProtocolChanged) as changed:
            await _ask(rest)
        assert changed.value.key == "error.kiwoom.token_shape"


async def test_an_unreadable_expiry_is_noted_and_no_reason_to_stop() -> None:
    async with session() as (broker, rest, heard):
        broker.expires_dt = "tomorrow"
        await _ask(rest)
        assert heard.notes == [("health.note.kiwoom_expiry", {})]


async def test_being_limited_waits_and_is_no_failure() -> None:
    async with session() as (broker, rest, heard):
        await _ask(rest)
        broker.say("ka10081", refusal("1700", number=5, status=429))
        await _ask(rest)
        assert heard.limits == [1.0] and not heard.failures
        assert rest.planner.pace_of("ka10081") == 250
        broker.default["ka10080"] = refusal("1700", number=5)  # a canned response object can be sent once only
        broker.default["ka10080"] = _always(lambda: refusal("1700", number=5))
        rest._retry = RetryPlan(limited=1)
        with pytest.raises(RateLimited):
            await _ask(rest, "ka10080")
        assert broker.calls("ka10080") == 2


def _busy(after: str, status: int = 429) -> web.Response:
    answer = refusal("1700", number=5, status=status) if status == 429 else web.Response(status=status, text="busy")
    answer.headers["Retry-After"] = after
    return answer


@pytest.mark.parametrize("after", ["2", " 2 ", "Tue, 05 May 2026 00:00:12 GMT"])
async def test_how_long_the_server_asks_to_wait_is_kept(after: str) -> None:
    async with session() as (broker, rest, heard):
        broker.date = "Tue, 05 May 2026 00:00:10 GMT"  # not this machine's time: the server's own counts
        await _ask(rest)
        broker.say("ka10081", _busy(after))
        began_s = asyncio.get_running_loop().time()
        await _ask(rest)
        assert heard.limits == [2.0]
        assert asyncio.get_running_loop().time() - began_s >= 1.99


@pytest.mark.parametrize("status", [429, 503])
async def test_a_wait_nobody_has_patience_for_is_told_at_once(status: int) -> None:
    async with session() as (broker, rest, heard):
        await _ask(rest)
        broker.say("ka10081", _busy("120", status))
        with pytest.raises(ProviderError) as raised:
            await _ask(rest)
        assert raised.value.retry_after_ms == 120_000
        assert broker.calls("ka10081") == 2
        assert heard.limits == ([120.0] if status == 429 else [])


@pytest.mark.parametrize("after", ["soon", "-5", "", "0", "Tue, 99 May 2026", "1" * 40, "Tue, 05 May 2026 00:00:00 GMT"])
async def test_a_wait_that_is_none_is_the_usual_one(after: str) -> None:
    async with session() as (broker, rest, heard):
        broker.date = "Tue, 05 May 2026 00:00:10 GMT"
        await _ask(rest)
        broker.say("ka10081", _busy(after))
        await _ask(rest)
        assert heard.limits == [1.0]


async def test_an_unexpected_failure_leaves_the_way_to_another_try() -> None:
    async with session() as (_, rest, _heard):
        await _ask(rest)
        rest.breaker._state = BreakerState.OPEN

        async def fail(path: str, headers: object, content: bytes) -> None:
            raise RuntimeError("the library broke")

        post, rest._transport.post = rest._transport.post, fail  # type: ignore[method-assign,assignment]
        with pytest.raises(RuntimeError):
            await _ask(rest)
        rest._transport.post = post  # type: ignore[method-assign]
        await _ask(rest)
        assert rest.breaker.state is BreakerState.CLOSED


async def test_a_list_that_goes_on_without_a_key_is_marked() -> None:
    async with session() as (broker, rest, _):
        headers = {"cont-yn": "Y", "next-key": ""}
        broker.say("ka10081", web.json_response({"list": [{"a": "1"}], **OK}, headers=headers))
        page = await _ask(rest)
        assert page.is_cut and page.next_key == ""
        broker.say("ka10081", web.json_response({"list": [], **OK}, headers={"cont-yn": "N", "next-key": "A005930"}))
        page = await _ask(rest)
        assert not page.is_cut and page.next_key == "", "a key beside N is none"


def _always(make: Any) -> Any:
    async def answer(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        return make()

    return answer


async def test_a_counting_server_is_never_provoked() -> None:
    """Published limits, real time, a server that counts: an unbroken stream of requests meets no 429."""
    async with session(limits=LimitPlan()) as (broker, rest, heard):
        broker.limit = 5
        await asyncio.gather(*[_ask(rest, api) for api in ["ka10081"] * 9 + ["ka10080"] * 9 + ["ka10059"] * 4])
        assert heard.limits == []
        assert all(most_in_a_second(arrivals) <= 5 for arrivals in broker.arrivals.values())


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        (lambda: web.Response(status=500, text="oops"), "error.kiwoom.server"),
        (lambda: web.Response(status=502, text="<html>Bad gateway</html>"), "error.kiwoom.maintenance"),
        (lambda: web.Response(text="<html>점검 중</html>", content_type="text/html"), "error.kiwoom.maintenance"),
        (lambda: web.Response(body=b'{"stk_cd":"00593', content_type="application/json"), "error.kiwoom.half_body"),
    ],
)
async def test_outages_are_tried_again_and_then_told(answer: Any, key: str) -> None:
    async with session() as (broker, rest, heard):
        broker.say("ka10081", answer(), answer())
        assert (await _ask(rest)).body["stk_cd"] == "005930"
        assert kinds(heard.failures) == {key: 2}
        broker.default["ka10081"] = _always(answer)
        with pytest.raises(ProviderError) as error:
            await _ask(rest)
        assert error.value.key == key and error.value.retryable
        assert kinds(heard.failures) == {key: 5}


async def test_unexpected_server_error_is_tried_once_more() -> None:
    async with session() as (broker, rest, _):
        broker.say("ka10081", refusal("1999", number=1))
        await _ask(rest)
        broker.say("ka10081", refusal("1999", number=1), refusal("1999", number=1))
        with pytest.raises(ProviderError):
            await _ask(rest)
        assert broker.calls("ka10081") == 4


async def _cut(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"stk_cd":"005930"')
    assert request.transport is not None
    request.transport.abort()
    return response


async def _slow(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
    await asyncio.sleep(30)
    return reply(dict(OK))


async def _trickle(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(300):
        await response.write(b" ")
        await asyncio.sleep(0.05)
    return response


async def test_a_body_cut_in_the_middle() -> None:
    async with session() as (broker, rest, heard):
        broker.say("ka10081", _cut)
        await _ask(rest)
        assert kinds(heard.failures) == {"error.kiwoom.cut": 1}


@pytest.mark.parametrize("answer", [_slow, _trickle])
async def test_a_server_that_does_not_finish(answer: Any) -> None:
    async with session(timeouts=Timeouts(connect_s=1, read_s=0.15, total_s=0.25)) as (broker, rest, _):
        broker.default["ka10081"] = answer
        rest._retry = RetryPlan(outages=0)
        with pytest.raises(ProviderError) as error:
            await _ask(rest)
        assert error.value.key == "error.kiwoom.timeout"
        assert error.value.__cause__ is None and error.value.__context__ is None


async def test_nobody_there_opens_the_breaker_and_coming_back_closes_it() -> None:
    async with session() as (broker, rest, heard):
        await _ask(rest)
        broker.default["ka10081"] = _always(lambda: web.Response(status=503))
        for _ in range(2):
            with pytest.raises(ProviderError):
                await _ask(rest)
        assert rest.breaker.state is BreakerState.OPEN and heard.openings == [5.0]
        calls = broker.calls("ka10081")
        with pytest.raises(ProviderError) as paused:
            await _ask(rest)
        assert paused.value.key == "error.kiwoom.paused" and broker.calls("ka10081") == calls
        # What was held back took no place.
        assert len(rest.planner._kind("ka10081")._grants) == calls
        rest.breaker._until_s = 0
        broker.default["ka10081"] = _slow
        task = asyncio.create_task(_ask(rest))
        while broker.calls("ka10081") == calls:
            await asyncio.sleep(0.01)
        assert rest.breaker.state is BreakerState.HALF_OPEN
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        del broker.default["ka10081"]
        await _ask(rest)
        assert rest.breaker.state is BreakerState.CLOSED and heard.openings == [5.0, None]


async def test_a_closed_port_is_unreachable() -> None:
    async with Broker().running() as broker:
        address = broker.base_url
    rest = open_rest(
        address, TokenOwner(Credentials(KEY, SECRET), now_ns=time.time_ns), Heard(), now_ns=time.time_ns, limits=FAST,
        retry=RetryPlan(outages=0),
    )  # fmt: skip
    with pytest.raises(ProviderError) as error:
        await _ask(rest)
    assert error.value.key == "error.kiwoom.unreachable"
    await rest.close()


async def test_refusals_of_the_request_are_not_repeated() -> None:
    async with session() as (broker, rest, heard):
        cases = [("1902", ValidationFailed), ("8104", DataUnavailable), ("1511", ProviderError), ("8030", ProviderError)]
        for code, kind in cases:
            broker.say("ka10081", refusal(code, number=2))
            with pytest.raises(kind):
                await _ask(rest)
        broker.say("ka10081", reply({"stk_cd": "005930"}))
        with pytest.raises(ProtocolChanged):
            await _ask(rest)
        assert broker.calls("ka10081") == 5
        assert rest.breaker.state is BreakerState.CLOSED
        # A stock or a feature that does not exist is no failure of the source.
        assert kinds(heard.failures) == {
            "error.kiwoom.request": 1,
            "error.kiwoom.other_environment": 1,
            "error.kiwoom.shape": 1,
        }


async def test_orders_are_never_sent_twice() -> None:
    async with session() as (broker, rest, _):
        await _ask(rest)
        answers = [
            refusal("8005"), refusal("1700", number=5, status=429), web.Response(status=500), refusal("1999", number=1),
            reply({"return_code": 20, "return_msg": "[2000](주문 불가)"}),
        ]  # fmt: skip
        for answer in answers:
            calls = broker.calls("kt10000")
            broker.say("kt10000", answer)
            with pytest.raises(ProviderError):
                await rest.call("kt10000", "/api/dostk/ordr", {}, Priority.INTERACTIVE)
            assert broker.calls("kt10000") == calls + 1


def _chart_page(number: int, next_key: str) -> web.Response:
    rows = [{"dt": f"2025{12 - number:02d}{day:02d}", "cur_prc": "71300"} for day in (28, 14, 1)]
    return reply({"stk_cd": "005930", "list": rows, **OK}, next_key=next_key)


async def _collect(rest: KiwoomRest, **options: Any) -> list[Page]:
    return [page async for page in rest.pages("ka10081", CHART, BODY, Priority.VISIBLE, **options)]


async def test_paging_by_headers_with_the_same_body() -> None:
    async with session() as (broker, rest, _):
        broker.say("ka10081", _chart_page(0, "K1="), _chart_page(1, "K2~ x"), _chart_page(2, ""))
        pages = await _collect(rest)
        assert [len(page.rows("list")) for page in pages] == [3, 3, 3]
        sent = [
            (headers.get("cont-yn"), headers.get("next-key"), body)
            for name, headers, body in broker.requests
            if name == "ka10081"
        ]
        assert sent == [(None, None, BODY), ("Y", "K1=", BODY), ("Y", "K2~ x", BODY)]


async def test_paging_ends_where_it_should() -> None:
    async with session() as (broker, rest, heard):
        broker.say("ka10081", _chart_page(0, "A"), _chart_page(1, "A"))
        assert len(await _collect(rest)) == 2
        assert heard.notes == [("health.note.kiwoom_repeated_page", {"api_id": "ka10081"})]
        broker.say("ka10081", _chart_page(0, "A"), reply({"list": [], **OK}, next_key="B"))
        assert len(await _collect(rest)) == 1
        blank = {"dt": "", "cur_prc": ""}
        broker.say("ka10081", reply({"stk_cd": "", "list": [blank], **OK}, next_key="B"))
        pages = await _collect(rest)
        assert len(pages) == 1 and pages[0].rows("list") == []
        broker.say("ka10081", _chart_page(0, "A"), _chart_page(1, "B"), _chart_page(2, "C"))
        assert len(await _collect(rest, stop=lambda page: page.rows("list")[-1]["dt"] < "20251120")) == 2
        broker.script["ka10081"].clear()
        broker.say("ka10081", _chart_page(0, "A"), _chart_page(1, "B"))
        assert len(await _collect(rest, max_pages=2)) == 2
        broker.say("ka10081", reply({"return_code": 20, "return_msg": "해당조회내역이 없습니다"}))
        (page,) = await _collect(rest)
        assert page.no_data and page.rows("list") == []
        broker.say("ka10081", reply({"list": [], **OK}))
        (page,) = await _collect(rest)
        assert page.rows("list") == []
        assert not broker.script["ka10081"]


async def test_paging_survives_a_dead_token_a_limit_and_an_outage() -> None:
    async with session() as (broker, rest, _):
        broker.say("ka10081", _chart_page(0, "A"), refusal("8005"), _chart_page(1, "B"), web.Response(status=500), _chart_page(2, "C"),
                   refusal("1700", number=5, status=429), _chart_page(3, ""))  # fmt: skip
        days = [row["dt"] for page in await _collect(rest) for row in page.rows("list")]
        assert len(days) == 12 == len(set(days)) and days == sorted(days, reverse=True)


async def test_a_missing_list_is_no_empty_list() -> None:
    async with session() as (broker, rest, _):
        for body in ({**OK}, {"list": "x", **OK}, {"list": [1], **OK}, {"list": {}, **OK}):
            broker.say("ka10081", reply(body))
            page = await _ask(rest)
            with pytest.raises(ProtocolChanged) as changed:
                page.rows("list")
            assert changed.value.key == "error.kiwoom.list"


async def test_an_unreadable_next_key_is_refused() -> None:
    async with session() as (broker, rest, _):
        broker.say("ka10081", reply({"list": [{"dt": "1"}], **OK}, next_key="키움"))
        with pytest.raises(ProtocolChanged):
            await _collect(rest)


async def test_cancelling_a_request_under_way_leaves_the_client_usable() -> None:
    async with session() as (broker, rest, _):
        await _ask(rest)
        broker.say("ka10081", _slow)
        task = asyncio.create_task(_ask(rest))
        while broker.calls("ka10081") < 2:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await _ask(rest)
        assert rest.planner.waiting() == 0


async def test_what_the_user_looks_at_overtakes_a_long_queue() -> None:
    limits = LimitPlan(each=LimitRule(20, 25), overall=LimitRule(40, 50), special={}, groups={})
    async with session(limits=limits) as (broker, rest, _):
        await _ask(rest)
        crowd = [
            asyncio.create_task(rest.call("ka10081", CHART, {"stk_cd": f"{n:06d}"}, Priority.BACKGROUND)) for n in range(400)
        ]
        await asyncio.sleep(0.3)
        behind = broker.calls("ka10081")
        await _ask(rest)
        # At most the one that had the next place, and those on their way meanwhile, came before.
        assert broker.calls("ka10081") - behind <= 3
        assert rest.planner.eta_s() > 10
        for task in crowd:
            task.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)


async def test_closing_ends_what_waits() -> None:
    limits = LimitPlan(each=LimitRule(1, 1))
    async with session(limits=limits) as (broker, rest, _):
        await _ask(rest)
        waiting = [asyncio.create_task(_ask(rest)) for _ in range(5)]
        await asyncio.sleep(0.05)
        await rest.close()
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert all(isinstance(outcome, Exception) for outcome in outcomes)
        assert broker.revoked == []


async def test_planted_secrets_appear_nowhere(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    """With every logger at its most talkative and a server that echoes secrets, none is in a log, an error or an output."""
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "asyncio", "ralphstock_desktop"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    texts: list[str] = []

    async def echo(request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        said = f"[1517:{request.headers['authorization']} {KEY} {SECRET}]"
        return reply({"return_code": 2, "return_msg": said})

    async with session() as (broker, rest, heard):
        await _ask(rest)
        for answer in (
            echo,
            _cut,
            refusal("8005"),
            web.Response(status=500, text=SECRET),
            echo,
            refusal("8005"),
            refusal("8005"),
        ):
            broker.say("ka10081", answer)
        for _ in range(6):
            try:
                await _ask(rest)
            except ProviderError as error:
                chain: BaseException | None = error
                while chain is not None:
                    texts.append(f"{chain} {chain!r} {chain.args} {getattr(chain, 'fields', '')}")
                    chain = chain.__cause__ or chain.__context__
        broker.token_answers.append(reply({"return_code": 3, "return_msg": f"[8002:{KEY}/{SECRET}]"}))
        rest.tokens._grant = None
        with pytest.raises(ProviderError) as wrong:
            await _ask(rest)
        texts += [str(wrong.value), str(wrong.value.fields)]
        texts += [f"{error} {error.fields}" for error in heard.failures] + [str(heard.notes), repr(rest), repr(rest.tokens)]
        secrets = [KEY, SECRET, *(f"TOKENcanary{n:04d}" for n in range(1, broker.issued + 1))]
    out, err = capfd.readouterr()
    seen = "\n".join([*texts, caplog.text, out, err, *(str(record.args) for record in caplog.records)])
    assert broker.issued >= 3 and len(texts) > 5 and "HTTP" in caplog.text
    assert not [secret for secret in secrets if secret in seen]


@pytest.mark.parametrize(
    ("text", "url", "stream"),
    [
        ("https://api.kiwoom.com", "https://api.kiwoom.com", "wss://api.kiwoom.com:10000/api/dostk/websocket"),
        ("https://mockapi.kiwoom.com/", "https://mockapi.kiwoom.com", "wss://mockapi.kiwoom.com:10000/api/dostk/websocket"),
        (" http://127.0.0.1:8500 ", "http://127.0.0.1:8500", "ws://127.0.0.1:8500/api/dostk/websocket"),
        ("http://localhost:80", "http://localhost:80", "ws://localhost:80/api/dostk/websocket"),
        ("https://proxy.example:8443", "https://proxy.example:8443", "wss://proxy.example:8443/api/dostk/websocket"),
        ("http://[::1]:8500", "http://[::1]:8500", "ws://[::1]:8500/api/dostk/websocket"),
    ],
)
def test_addresses(text: str, url: str, stream: str) -> None:
    assert checked_base_url(text) == url
    assert stream_url(text) == stream


@pytest.mark.parametrize(
    "text",
    ["", "api.kiwoom.com", "ftp://x", "https://", "https://a/b", "https://u:p@a", "https://a?x=1", "http://a:99999", "http://10.0.0.1:80",
     "https://[::1", "https://a#x"],
)  # fmt: skip
def test_wrong_addresses(text: str) -> None:
    with pytest.raises(ValidationFailed) as wrong:
        checked_base_url(text)
    assert "p@" not in str(wrong.value)


async def test_a_port_without_tls_is_told() -> None:
    async with Broker().running() as broker:
        transport = HttpTransport(broker.base_url.replace("http:", "https:"), now_ns=time.time_ns)
        with pytest.raises(ProviderError) as error:
            await transport.post("/oauth2/token", {}, b"{}")
        assert error.value.key == "error.kiwoom.tls" and error.value.fields["reason"]
        await transport.close()


async def test_names_that_do_not_exist_are_told_apart() -> None:
    """The resolver's and the TLS library's failures as httpx wraps them."""
    import socket
    import ssl

    transport = HttpTransport("https://nowhere.invalid", now_ns=time.time_ns)

    async def fail(request: httpx.Request) -> httpx.Response:
        try:
            raise causes[-1]
        except OSError as inner:
            raise httpx.ConnectError("x") from inner

    causes: list[OSError] = []
    transport._client = httpx.AsyncClient(base_url="https://nowhere.invalid", transport=httpx.MockTransport(fail))
    for cause, key in (
        (socket.gaierror(-2, "unknown"), "error.kiwoom.dns"),
        (ssl.SSLCertVerificationError(1, "expired"), "error.kiwoom.tls"),
        (ConnectionRefusedError(), "error.kiwoom.unreachable"),
    ):
        causes.append(cause)
        with pytest.raises(ProviderError) as error:
            await transport.post("/x", {}, b"")
        assert error.value.key == key
    await transport.close()

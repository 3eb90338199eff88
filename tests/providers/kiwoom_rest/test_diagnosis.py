"""The connection test against a scripted broker: each thing that can be wrong, told by its own key."""

from __future__ import annotations

import json
import logging
import string
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from ralphstock_desktop.live_ports import Credentials, Diagnosis, DiagnosisStep
from ralphstock_desktop.providers.kiwoom import diagnosis
from ralphstock_desktop.providers.kiwoom.diagnosis import diagnose
from ralphstock_desktop.providers.kiwoom.rest import open_rest
from ralphstock_desktop.providers.kiwoom.tokens import TokenOwner
from ralphstock_desktop.providers.kiwoom.transport import Timeouts

from .loopback import KEY, OK, SECRET, Broker, Heard, refusal, reply

TEXTS = Path(__file__).resolve().parents[3] / "resources" / "texts"
GOOD = Credentials(KEY, SECRET)
SHORT = Timeouts(connect_s=1.0, read_s=0.4, total_s=1.0)
STEPS = tuple(DiagnosisStep)


async def _run(broker: Broker, credentials: Credentials = GOOD, **options: Any) -> Diagnosis:
    return await diagnose(broker.base_url, credentials, now_ns=time.time_ns, timeouts=SHORT, **{"linger_s": 0.1, **options})


def _check(found: Diagnosis, step: DiagnosisStep, cause: str) -> None:
    assert found.failed is step
    assert found.passed == STEPS[: STEPS.index(step)]
    assert found.error is not None and found.error.key == f"error.connect.{cause}"
    for language in ("ko", "en"):
        text = json.loads((TEXTS / language / "kiwoom.json").read_text(encoding="utf-8"))[found.error.key]
        assert {name for _, name, _, _ in string.Formatter().parse(text) if name} <= set(found.error.fields)
    for secret in (KEY, SECRET, "TOKENcanary"):
        assert secret not in f"{found} {found.error} {found.error.fields}"


async def test_everything_in_order(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("websockets").setLevel(logging.DEBUG)
    async with Broker().running() as broker:
        broker.after_login = [{"trnm": "PING"}, {"trnm": "SYSTEM", "message": "안내"}]
        found = await _run(broker)
        assert found.failed is None and found.error is None and found.passed == STEPS
        assert found.latency_ms is not None and found.clock_offset_s is not None
        assert ("LOGIN", {}, {"trnm": "LOGIN", "token": broker.token}) in broker.requests
        assert broker.echoes == [{"trnm": "PING"}]
        # The first request carries nothing secret: the address is not known to be the broker's yet.
        first = broker.requests[0]
        assert "authorization" not in first[1] and first[2] == {}
        assert broker.issued == 1 and not broker.revoked
    for secret in (KEY, SECRET, "TOKENcanary"):
        assert secret not in caplog.text


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("8001", "wrong_key"), ("8002", "wrong_key"), ("8020", "key_missing"), ("8030", "wrong_host"), ("8031", "wrong_host"),
        ("8006", "token_issue"), ("8010", "token_address"), ("8040", "terminal"), ("8050", "terminal"), ("1700", "limits"),
        ("1701", "limits"), ("1999", "server"), ("1511", "protocol"), ("8012", "protocol"), ("9876", "token_issue"), ("8003", "token_issue"),
    ],
)  # fmt: skip
async def test_what_can_be_wrong_with_a_key(code: str, cause: str) -> None:
    async with Broker().running() as broker:
        broker.token_answers.append(refusal(code, "상세"))
        _check(await _run(broker), DiagnosisStep.TOKEN, cause)


async def test_wrong_and_missing_keys() -> None:
    async with Broker().running() as broker:
        _check(await _run(broker, Credentials("PSother", "x")), DiagnosisStep.TOKEN, "wrong_key")
        _check(await _run(broker, Credentials(" ", "x")), DiagnosisStep.TOKEN, "key_missing")
        broker.token_answers.append(reply(dict(OK)))
        _check(await _run(broker), DiagnosisStep.TOKEN, "not_kiwoom")


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (lambda: web.Response(text="<html>점검</html>", content_type="text/html"), "maintenance"),
        (lambda: web.Response(status=500, text="oops"), "server"),
        (lambda: web.Response(status=404, text="?"), "not_kiwoom"),
        (lambda: web.json_response({"hello": "world"}), "not_kiwoom"),
        (lambda: web.json_response({"return_code": 0}, status=503), "server"),
        (lambda: web.Response(text="hello"), "not_kiwoom"),
    ],
)
async def test_something_else_at_the_address(answer: Any, cause: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def serve(self: Broker, request: web.Request) -> web.StreamResponse:
        return answer()

    monkeypatch.setattr(Broker, "_serve", serve)
    async with Broker().running() as broker:
        _check(await _run(broker), DiagnosisStep.ADDRESS, cause)
        assert broker.issued == 0


async def test_nobody_at_the_address_and_no_tls() -> None:
    broker = Broker()
    async with broker.running():
        plain = broker.base_url
        broker.base_url = plain.replace("http:", "https:")
        _check(await _run(broker), DiagnosisStep.ADDRESS, "tls")
        broker.base_url = plain
    _check(await _run(broker), DiagnosisStep.ADDRESS, "refused")
    for address, cause in (("kiwoom", "address_form"), ("http://192.168.0.1", "address_plain")):
        broker.base_url = address
        _check(await _run(broker), DiagnosisStep.ADDRESS, cause)


async def test_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def serve(self: Broker, request: web.Request) -> web.StreamResponse:
        import asyncio

        await asyncio.sleep(20)
        raise AssertionError

    monkeypatch.setattr(Broker, "_serve", serve)
    async with Broker().running() as broker:
        _check(await _run(broker), DiagnosisStep.ADDRESS, "timeout")


@pytest.mark.parametrize(
    ("date", "cause"), [("Wed, 01 Jan 2020 00:00:00 GMT", "clock_fast"), ("Fri, 01 Jan 2100 00:00:00 GMT", "clock_slow")]
)
async def test_clocks_apart(date: str, cause: str) -> None:
    async with Broker().running() as broker:
        broker.date = date
        found = await _run(broker)
        _check(found, DiagnosisStep.CLOCK, cause)
        assert found.error is not None and int(found.error.fields["seconds"]) > 60
        assert found.clock_offset_s is not None and (found.clock_offset_s > 0) is (cause == "clock_slow")


async def test_an_unreadable_date_is_no_reason_to_stop() -> None:
    async with Broker().running() as broker:
        broker.date = "yesterday"
        found = await _run(broker)
        assert found.failed is None and found.clock_offset_s is None


async def test_the_request_itself() -> None:
    async with Broker().running() as broker:
        for answers, cause in (
            ([refusal("8005"), refusal("8005")], "token_rejected"),
            ([refusal("1700", number=5, status=429)], "limits"),
            ([web.Response(status=500)], "server"),
            ([refusal("1504", number=2)], "protocol"),
        ):
            # The first of each test is the one without a token, which the broker refuses by itself.
            broker.script["ka10100"].clear()
            broker.say("ka10100", *answers)
            _check(await _run(broker), DiagnosisStep.REQUEST, cause)
        broker.script["ka10100"].clear()
        broker.say("ka10100", refusal("1902", number=2))
        assert (await _run(broker)).failed is None


@pytest.mark.parametrize(
    ("frames", "cause"),
    [
        ([{"trnm": "LOGIN", "return_code": 805004, "return_msg": "CODE=8005"}], "token_rejected"),
        ([{"trnm": "LOGIN", "return_code": 805004, "return_msg": "CODE=8030"}], "wrong_host"),
        ([{"trnm": "SYSTEM", "code": "R10001", "message": "동일한 App key로 접속이 되었습니다."}], "other_login"),
        ([{"trnm": "LOGIN", "return_code": 0}, {"trnm": "SYSTEM", "code": "R10001", "message": "x"}], "other_login"),
        ([{"trnm": "SYSTEM", "code": "R10004", "message": "x"}], "stream_silent"),
        ([], "stream_silent"),
        (["hello"], "not_kiwoom"),
    ],
)
async def test_the_stream(frames: list[Any], cause: str) -> None:
    async with Broker().running() as broker:
        broker.login_frames = frames
        _check(await _run(broker), DiagnosisStep.STREAM, cause)


async def test_a_stream_that_is_refused_or_closed() -> None:
    async with Broker().running() as broker:
        broker.bye = True
        _check(await _run(broker), DiagnosisStep.STREAM, "other_login")
        broker.bye, broker.stream_status = False, 403
        found = await _run(broker)
        _check(found, DiagnosisStep.STREAM, "stream_refused")
        assert found.error is not None and found.error.fields["reason"] == "HTTP 403"
        assert (await _run(broker, with_stream=False)).failed is None


async def test_a_running_programs_token_is_used_and_survives() -> None:
    async with Broker().running() as broker:
        owner = TokenOwner(GOOD, now_ns=time.time_ns)
        rest = open_rest(broker.base_url, owner, Heard(), now_ns=time.time_ns)
        token = await owner.token()
        found = await _run(broker, tokens=owner)
        assert found.failed is None
        assert broker.issued == 1 and await owner.token() == token
        broker.token = "gone"
        assert await owner.renew(token) != token  # its own way to issue still works
        await rest.close()


def test_every_cause_has_a_text() -> None:
    for language in ("ko", "en"):
        texts = json.loads((TEXTS / language / "kiwoom.json").read_text(encoding="utf-8"))
        assert not [cause for cause in set(diagnosis._CAUSES.values()) if f"error.connect.{cause}" not in texts]
        assert not [cause for cause in diagnosis._CAUSES if f"error.kiwoom.{cause}" not in texts]

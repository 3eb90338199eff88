"""The connection's life against a real server on loopback, trap by trap."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator

import pytest

from engine.model.errors import ProviderError
from engine.model.live import ConnectionState, FeedVenue
from ralphstock_desktop.live_ports import FeedPart, Subscription
from ralphstock_desktop.providers.kiwoom.registrations import RegistrationLimits

from . import entry, frame, trade
from .broker import QUICK, Broker, Recorder, Tokens, running_stream

LIVE, WAITING = ConnectionState.LIVE, ConnectionState.WAITING
SAMSUNG = Subscription("005930")


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    async with Broker().running() as running:
        yield running


@pytest.fixture
async def recorder() -> Recorder:
    return Recorder()


async def test_login_is_the_first_frame_and_nothing_follows_before_its_answer(broker: Broker, recorder: Recorder) -> None:
    broker.is_mute = True
    async with running_stream(broker.url, recorder) as stream:
        stream.want([SAMSUNG], ["001"])
        await broker.until(lambda: broker.received and broker.received[0])
        assert broker.received[0] == [{"trnm": "LOGIN", "token": "token-1"}]
        await broker.say({"trnm": "SYSTEM", "code": "X1", "message": "안내"})
        await recorder.until(lambda: recorder.noted("health.note.stream_system"))
        assert len(broker.received[0]) == 1, "neither a registration nor an echo of SYSTEM"
        broker.is_mute = False
        await broker.say({"trnm": "LOGIN", "return_code": "0", "return_msg": "", "sor_yn": "Y"})
        await recorder.until(lambda: recorder.covered)
        assert recorder.covered[-1] == {"005930"}
        assert recorder.states[:3] == [ConnectionState.CONNECTING, ConnectionState.LOGGING_IN, LIVE]


async def test_registers_market_indices_and_symbols_in_that_order(broker: Broker, recorder: Recorder) -> None:
    async with running_stream(broker.url, recorder) as stream:
        stream.want(
            [
                Subscription("005930", frozenset({FeedPart.TRADES, FeedPart.BOOK})),
                Subscription("000660", venue=FeedVenue.COMBINED),
                Subscription("000660", venue=FeedVenue.NXT),
            ],
            ["001", "101"],
        )
        await recorder.until(lambda: recorder.covered)
        (registration,) = broker.sent("REG")
        assert registration["refresh"] == "1"
        assert registration["data"] == [
            {"item": [""], "type": ["0s", "1h"]},
            {"item": ["001", "101"], "type": ["0J", "0U"]},
            {"item": ["005930"], "type": ["0A", "0B", "0D"]},
            {"item": ["000660_AL", "000660_NX"], "type": ["0A", "0B"]},
        ]
        assert recorder.covered[-1] == {"005930"}, "trades of other venues do not cover the stock"
        stream.want([Subscription("000660")], ["001"])
        await recorder.until(lambda: recorder.covered[-1] == {"000660"})
        removed = [item for sent in broker.sent("REMOVE") for part in sent["data"] for item in part["item"]]
        assert sorted(removed) == ["000660_AL", "000660_NX", "005930", "101"]


async def test_data_before_and_after_registration_reach_the_sink(broker: Broker, recorder: Recorder) -> None:
    async with running_stream(broker.url, recorder):
        await recorder.until_state(LIVE)
        await broker.say(
            frame(trade(), entry("0C", "000660", {"27": "-20800", "28": "-20700"}), trade("000660_AL", f9081="NXT"))
        )
        await recorder.until(lambda: len(recorder.facts) == 3)
        assert [name for name, _ in recorder.facts] == ["trade", "best", "trade"]
        assert recorder.facts[2][1].venue == FeedVenue.COMBINED


@pytest.mark.parametrize("ping", ['{"trnm":"PING"}', '{ "trnm" : "PING", "x":[1] }', "PING", '"PING"'])
async def test_ping_is_echoed_as_it_came(broker: Broker, recorder: Recorder, ping: str) -> None:
    async with running_stream(broker.url, recorder):
        await recorder.until_state(LIVE)
        await broker.say(ping)
        try:
            expected = json.loads(ping)
        except ValueError:
            expected = ping
        await broker.until(lambda: expected in broker.received[0])
        assert not recorder.noted("health.note.frame_unreadable")


async def test_ping_during_login_is_echoed(broker: Broker, recorder: Recorder) -> None:
    broker.before_login = ['{"trnm":"PING"}']
    async with running_stream(broker.url, recorder):
        await recorder.until_state(LIVE)
        await broker.until(lambda: {"trnm": "PING"} in broker.received[0])
        assert broker.received[0][0]["trnm"] == "LOGIN"


async def test_rejected_token_is_renewed_once(broker: Broker, recorder: Recorder) -> None:
    broker.accepted = {"token-2"}
    tokens = Tokens("token-1", "token-2")
    async with running_stream(broker.url, recorder, tokens=tokens):
        await recorder.until_state(LIVE)
        assert tokens.renewals == 1
        assert WAITING not in recorder.states, "a new token is tried at once"


async def test_token_rejected_again_is_refused_and_left_to_the_user(broker: Broker, recorder: Recorder) -> None:
    broker.accepted = set()
    tokens = Tokens("token-1", "token-2", "token-3")
    async with running_stream(broker.url, recorder, tokens=tokens) as stream:
        await recorder.until_state(ConnectionState.REFUSED)
        assert tokens.renewals == 1
        assert recorder.changes[-1].error is not None
        assert recorder.changes[-1].error.key == "error.kiwoom.token"
        assert len(broker.received) == 2
        assert not any("token-" in str(error.fields) for error in recorder.failures)
        assert stream.state is ConnectionState.REFUSED


async def test_wrong_environment_is_refused_at_once(broker: Broker, recorder: Recorder) -> None:
    broker.login_answers.append({"trnm": "LOGIN", "return_code": 3, "return_msg": "[8030:투자구분이 다릅니다]"})
    async with running_stream(broker.url, recorder):
        await recorder.until_state(ConnectionState.REFUSED)
        assert len(broker.received) == 1


async def test_refused_by_the_token_owner(broker: Broker, recorder: Recorder) -> None:
    tokens = Tokens()
    tokens.error = ProviderError("wrong key", provider="Kiwoom", retryable=False, code="8001", key="error.kiwoom.wrong_key")
    async with running_stream(broker.url, recorder, tokens=tokens):
        await recorder.until_state(ConnectionState.REFUSED)
        assert not broker.received


async def test_source_down_is_tried_again_with_growing_waits(recorder: Recorder) -> None:
    async with Broker().running() as gone:
        url = gone.url
    limits = dataclasses.replace(QUICK, first_wait_s=0.002, longest_wait_s=0.01, jitter=0.2)
    async with running_stream(url, recorder, limits=limits):
        await recorder.until_state(WAITING, 5)
        waits = [change.next_try_s for change in recorder.changes if change.state is WAITING]
        assert waits[:5] == pytest.approx([0.002, 0.004, 0.008, 0.01, 0.01])
        assert [change.attempt for change in recorder.changes if change.state is WAITING][:3] == [1, 2, 3]
        assert recorder.failures[0].key == "error.kiwoom_stream.unreachable"


async def test_closed_1000_without_login_answer_is_a_loss_like_any_other(broker: Broker, recorder: Recorder) -> None:
    broker.login_answers.extend([None, None])
    async with running_stream(broker.url, recorder):
        await recorder.until_state(LIVE)
        assert recorder.states.count(WAITING) == 2
        assert all(change.silent_since_ns is None for change in recorder.changes), "nothing was covered before"


@pytest.mark.parametrize("with_notice", [True, False])
async def test_other_login_displaces_us_until_the_user_wants_back(
    broker: Broker, recorder: Recorder, with_notice: bool
) -> None:
    async with running_stream(broker.url, recorder) as stream:
        stream.want([SAMSUNG], [])
        await recorder.until(lambda: recorder.covered)
        assert broker.socket is not None
        if with_notice:
            await broker.say({"trnm": "SYSTEM", "code": "R10001", "message": "동일한 App key로 접속이 되었습니다."})
        await broker.socket.close(1000, "Bye")
        await recorder.until_state(ConnectionState.DISPLACED)
        assert recorder.changes[-1].error is not None
        assert recorder.changes[-1].error.key == "error.kiwoom.other_login"
        assert recorder.changes[-1].silent_since_ns is not None
        assert recorder.covered[-1] == frozenset()
        assert len(broker.received) == 1, "no return by itself"
        stream.reconnect()
        again = asyncio.create_task(stream.run())
        await recorder.until_state(LIVE, 2)
        await recorder.until(lambda: recorder.covered[-1] == {"005930"})
        again.cancel()
        await asyncio.gather(again, return_exceptions=True)


async def test_system_notice_in_the_other_spelling(broker: Broker, recorder: Recorder) -> None:
    async with running_stream(broker.url, recorder):
        await recorder.until_state(LIVE)
        await broker.say({"trnm": "SYSTEM", "return_code": "R10001", "return_msg": "동일한 App key"})
        await recorder.until_state(ConnectionState.DISPLACED)


async def test_heartbeat_notice_is_noted_and_the_loss_repaired(broker: Broker, recorder: Recorder) -> None:
    async with running_stream(broker.url, recorder):
        await recorder.until_state(LIVE)
        await broker.say({"trnm": "SYSTEM", "code": "R10002", "message": "no heartbeat"})
        assert broker.socket is not None
        await broker.socket.close(1000, "")
        await recorder.until_state(LIVE, 2)
        assert recorder.noted("health.note.stream_system") == [{"code": "R10002"}]


async def test_loss_says_since_when_nothing_was_received_and_registers_everything_again(
    broker: Broker, recorder: Recorder
) -> None:
    async with running_stream(broker.url, recorder) as stream:
        stream.want([Subscription(f"{number:06}") for number in range(120)], ["001"])
        await recorder.until(lambda: recorder.covered and len(recorder.covered[-1]) == 120)
        await broker.say(frame(trade()))
        await recorder.until(lambda: recorder.of("trade"))
        first = sorted(broker.registered)
        last_ns = recorder.of("trade")[-1].received_ns
        assert broker.socket is not None
        broker.socket.transport.abort()
        await recorder.until_state(WAITING)
        loss = next(change for change in recorder.changes if change.state is WAITING)
        assert loss.silent_since_ns == last_ns
        assert loss.at_ns > last_ns
        await recorder.until_state(LIVE, 2)
        await recorder.until(lambda: len(recorder.covered[-1]) == 120)
        assert sorted(broker.registered) == first
        assert frozenset() in recorder.covered
        groups = {sent["grp_no"]: sum(len(part["item"]) for part in sent["data"]) for sent in broker.sent("REG")}
        assert len(broker.sent("REG")) == 3, "122 items, at most 50 a frame"
        assert set(groups) == {"1", "2"}


async def test_since_when_survives_failing_tries(broker: Broker, recorder: Recorder) -> None:
    async with running_stream(broker.url, recorder) as stream:
        stream.want([SAMSUNG], [])
        await recorder.until(lambda: recorder.covered)
        broker.login_answers.extend([None, None])
        assert broker.socket is not None
        broker.socket.transport.abort()
        await recorder.until_state(LIVE, 2)
        since = {change.silent_since_ns for change in recorder.changes if change.state is WAITING}
        assert len(since) == 1
        assert None not in since


async def test_silent_socket_is_given_up(broker: Broker, recorder: Recorder) -> None:
    limits = dataclasses.replace(QUICK, idle_s=0.08)
    async with running_stream(broker.url, recorder, limits=limits) as stream:
        stream.want([SAMSUNG], [])
        await recorder.until_state(WAITING)
        assert recorder.failures[0].key == "error.kiwoom_stream.idle"
        await recorder.until_state(LIVE, 2)
        assert recorder.beats > 1


async def test_login_without_answer_is_given_up(broker: Broker, recorder: Recorder) -> None:
    broker.is_mute = True
    async with running_stream(broker.url, recorder, limits=dataclasses.replace(QUICK, login_s=0.08)):
        await recorder.until_state(WAITING)
        assert recorder.failures[0].key == "error.kiwoom_stream.login_late"


async def test_cut_in_the_middle_of_a_frame(broker: Broker, recorder: Recorder) -> None:
    async with running_stream(broker.url, recorder):
        await recorder.until_state(LIVE)
        assert broker.socket is not None
        whole = frame(trade())
        # The header promises the whole frame, the line dies half way.
        broker.socket.transport.write(bytes([0x81, 126, *len(whole).to_bytes(2, "big")]) + whole[:300])
        await asyncio.sleep(0)
        broker.socket.transport.close()
        await recorder.until_state(LIVE, 2)
        assert not recorder.of("trade")


async def test_half_frames_are_noted_and_the_connection_kept(broker: Broker, recorder: Recorder) -> None:
    async with running_stream(broker.url, recorder) as stream:
        await recorder.until_state(LIVE)
        whole = frame(trade())
        for damaged in (whole[:200], b"", b"\xff\xfe", b"[1,2]", whole + whole, b"<html>maintenance</html>"):
            await broker.say(damaged)
            await broker.say(whole)
        await recorder.until(lambda: len(recorder.of("trade")) == 6)
        assert len(recorder.noted("health.note.frame_unreadable")) == 6
        assert recorder.states.count(LIVE) == 1
        assert stream.counts.unreadable == 6


async def test_only_unreadable_frames_are_a_loss(broker: Broker, recorder: Recorder) -> None:
    async with running_stream(broker.url, recorder):
        await recorder.until_state(LIVE)
        for _ in range(5):
            await broker.say("{")
        await recorder.until_state(LIVE, 2)
        assert recorder.failures[0].key == "error.kiwoom_stream.unreadable"


async def test_frame_beyond_the_cap_is_a_loss(broker: Broker, recorder: Recorder) -> None:
    async with running_stream(broker.url, recorder, limits=dataclasses.replace(QUICK, frame_bytes=10_000)):
        await recorder.until_state(LIVE)
        await broker.say('{"trnm":"REAL","data":[],"x":"' + "x" * 20_000 + '"}')
        await recorder.until_state(LIVE, 2)
        assert "1009" in str(recorder.failures[0].fields["reason"])


async def test_binary_frames_are_read_too(broker: Broker, recorder: Recorder) -> None:
    async with running_stream(broker.url, recorder):
        await recorder.until_state(LIVE)
        assert broker.socket is not None
        await broker.socket.send(frame(trade()), text=False)
        await recorder.until(lambda: recorder.of("trade"))


async def test_too_fast_backs_off_and_loses_nothing(broker: Broker, recorder: Recorder) -> None:
    broker.answers.extend(["105110", "105110", "0", "105110"])
    async with running_stream(broker.url, recorder) as stream:
        stream.want([Subscription(f"{number:06}") for number in range(80)], [])
        await recorder.until(lambda: recorder.covered and len(recorder.covered[-1]) == 80)
        assert [error.key for error in recorder.failures] == ["error.kiwoom.limit_registration"] * 3


async def test_lower_cap_is_found_and_the_rest_given_back(broker: Broker, recorder: Recorder) -> None:
    broker.cap = 73
    async with running_stream(broker.url, recorder) as stream:
        stream.want([Subscription(f"{number:06}") for number in range(150)], ["001"])
        await recorder.until(lambda: recorder.noted("health.note.stream_full"))
        assert recorder.noted("health.note.stream_full") == [{"items": 73}]
        assert recorder.covered[-1] == {f"{number:06}" for number in range(71)}, "the market, an index, and the first that fit"
        assert stream.capacity == 72
        stream.want([Subscription(f"{number:06}") for number in range(100, 110)], ["001"])
        await recorder.until(lambda: recorder.covered[-1] == {f"{number:06}" for number in range(100, 110)})


async def test_unanswered_registration_is_sent_again(broker: Broker, recorder: Recorder) -> None:
    limits = dataclasses.replace(QUICK, registrations=RegistrationLimits(frame_gap_s=0.0, answer_s=0.05))
    broker.is_mute = True
    async with running_stream(broker.url, recorder, limits=limits) as stream:
        stream.want([SAMSUNG], [])
        await broker.until(lambda: broker.received and broker.received[0])
        await broker.say({"trnm": "LOGIN", "return_code": 0})
        await recorder.until(lambda: recorder.noted("health.note.stream_unanswered"))
        broker.is_mute = False
        await recorder.until(lambda: recorder.covered)
        assert recorder.covered == [{"005930"}]


async def test_unknown_messages_types_and_fields_are_registered(broker: Broker, recorder: Recorder) -> None:
    async with running_stream(broker.url, recorder) as stream:
        await recorder.until_state(LIVE)
        await broker.say({"trnm": "NEWS", "text": "x"})
        await broker.say({"trnm": "REG", "return_code": 0})
        await broker.say(frame(entry("9Z", "005930", {"1": "2"}), trade(f77777="7"), trade(f77777="7")))
        await recorder.until(lambda: len(recorder.of("trade")) == 2)
        assert recorder.noted("health.note.stream_unknown") == [{"kind": "NEWS"}]
        assert recorder.noted("health.note.stream_late") == [{"kind": "REG"}]
        assert recorder.noted("health.note.frame_unknown_type") == [{"type": "9Z"}]
        assert recorder.noted("health.note.frame_unknown_fid") == [{"type": "0B", "fid": "77777"}]
        assert stream.counts.unknown == {("9Z", ""): 1, ("0B", "77777"): 1}
        assert {sample.reason for sample in stream.counts.samples} == {"unknown"}


async def test_burst_keeps_the_last_value_and_lets_others_run(broker: Broker, recorder: Recorder) -> None:
    many = 20_000
    burst = [frame(trade(f"{number % 50:06}", f13=str(11_843_207 + number), f620="", f30="")) for number in range(many)]
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with running_stream(broker.url, recorder):
        await recorder.until_state(LIVE)
        beside = asyncio.create_task(others())
        for raw in burst:
            await broker.say(raw)
        await recorder.until(lambda: len(recorder.facts) == many)
        beside.cancel()
        assert [tick.volume_shares for tick in recorder.of("trade")] == [11_843_207 + number for number in range(many)]
        assert turns > 20
        assert recorder.states.count(LIVE) == 1


async def test_large_bundle_is_taken_in_parts(broker: Broker, recorder: Recorder) -> None:
    many = 1_000
    turns_between: list[int] = []

    async def others() -> None:
        while True:
            await asyncio.sleep(0)
            turns_between.append(len(recorder.facts))

    async with running_stream(broker.url, recorder):
        await recorder.until_state(LIVE)
        beside = asyncio.create_task(others())
        await broker.say(frame(*(trade(f13=str(11_843_207 + number), f620="", f30="") for number in range(many))))
        await broker.say(frame(trade(f13="11999999", f620="", f30="")))
        await recorder.until(lambda: len(recorder.facts) == many + 1)
        beside.cancel()
        assert {0, many + 1} < set(turns_between), "others ran between the parts"
        assert [tick.volume_shares for tick in recorder.of("trade")][-1] == 11_999_999, "in order"


async def test_reconnect_on_demand_drops_a_live_connection(broker: Broker, recorder: Recorder) -> None:
    async with running_stream(broker.url, recorder) as stream:
        await recorder.until_state(LIVE)
        stream.reconnect()
        await recorder.until_state(LIVE, 2)
        waited = next(change for change in recorder.changes if change.state is WAITING)
        assert (waited.next_try_s, waited.silent_since_ns is None) == (0.0, False)


async def test_reconnect_ends_a_long_wait(recorder: Recorder) -> None:
    async with Broker().running() as gone:
        url = gone.url
    limits = dataclasses.replace(QUICK, first_wait_s=1_000.0, longest_wait_s=1_000.0)
    async with running_stream(url, recorder, limits=limits) as stream:
        await recorder.until_state(WAITING)
        stream.reconnect()
        await recorder.until_state(WAITING, 2)


async def test_shutdown_closes_in_order(broker: Broker, recorder: Recorder) -> None:
    async with running_stream(broker.url, recorder) as stream:
        stream.want([SAMSUNG], [])
        await recorder.until(lambda: recorder.covered)
    assert recorder.states[-1] is ConnectionState.STOPPED
    assert recorder.covered[-1] == frozenset()
    assert broker.socket is not None
    await broker.socket.wait_closed()
    assert broker.socket.close_code == 1000
    with pytest.raises(ProviderError) as refusal:
        await stream.fetch_conditions()
    assert refusal.value.key == "error.kiwoom_stream.not_connected"


async def test_token_is_in_no_log(broker: Broker, recorder: Recorder, caplog: pytest.LogCaptureFixture) -> None:
    broker.accepted = {"CANARY-7f3a"}
    caplog.set_level("DEBUG")
    async with running_stream(broker.url, recorder, tokens=Tokens("CANARY-7f3a")):
        await recorder.until_state(LIVE)
    own = [record.getMessage() for record in caplog.records if record.name != "websockets.server"]
    assert not [line for line in own if "CANARY" in line]

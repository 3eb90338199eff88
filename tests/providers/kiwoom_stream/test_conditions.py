"""Condition searches over a real connection: order, paging, live hits, and what happens when the connection is lost."""

from __future__ import annotations

import asyncio
import dataclasses
import math
from collections.abc import AsyncIterator

import pytest

from engine.model.errors import ProtocolChanged, ProviderError, ValidationFailed
from engine.model.live import MISSING, ConnectionState
from ralphstock_desktop.live_ports import ConditionFormula
from ralphstock_desktop.providers.kiwoom.conditions import ConditionRow, read_row

from . import entry, frame
from .broker import QUICK, Broker, Recorder, running_stream

LIVE = ConnectionState.LIVE


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    async with Broker().running() as running:
        yield running


@pytest.fixture
async def recorder() -> Recorder:
    return Recorder()


def hit(sequence: str, ticker: str, move: str) -> bytes:
    return frame(entry("02", ticker, {"841": sequence, "9001": ticker, "843": move, "20": "101502", "907": "2"}))


async def test_list(broker: Broker, recorder: Recorder) -> None:
    async with running_stream(broker.url, recorder) as stream:
        await recorder.until_state(LIVE)
        assert await stream.fetch_conditions() == [ConditionFormula("0", "조건0"), ConditionFormula("1", "조건1")]


async def test_the_list_is_asked_for_once_before_any_search(broker: Broker, recorder: Recorder) -> None:
    async with running_stream(broker.url, recorder) as stream:
        await recorder.until_state(LIVE)
        assert await stream.run_condition("0", live=False) == ["005930"]
        assert await stream.run_condition("1", live=False) == []
        assert [sent["trnm"] for sent in broker.received[0][1:] if isinstance(sent, dict) and sent["trnm"].startswith("CNS")] == [
            "CNSRLST", "CNSRREQ", "CNSRREQ",
        ]  # fmt: skip


async def test_once_with_pages_in_the_body(broker: Broker, recorder: Recorder) -> None:
    broker.conditions["0"] = ["A005930", "Q500061", "J57JBHH", "A000660", "A0001A0"]
    async with running_stream(broker.url, recorder) as stream:
        await recorder.until_state(LIVE)
        rows = await stream.find_condition("0")
        assert [row.ticker for row in rows] == ["005930", "500061", "57JBHH", "000660", "0001A0"]
        assert rows[0] == ConditionRow("005930", "이름", 74_700, -100, -0.13, 10_386_116, 75_100, 75_600, 74_700)
        asked = broker.sent("CNSRREQ")
        assert [(sent["cont_yn"], sent["next_key"]) for sent in asked] == [("N", ""), ("Y", "2"), ("Y", "4")]


async def test_live_hits_come_and_go_and_stop(broker: Broker, recorder: Recorder) -> None:
    async with running_stream(broker.url, recorder) as stream:
        await recorder.until_state(LIVE)
        assert await stream.run_condition("0", live=True) == ["005930"]
        await broker.say(hit("0", "000660", "I"))
        await broker.say(hit("0", "005930", "D"))
        await recorder.until(lambda: len(recorder.of("condition")) == 2)
        assert [(told.sequence, told.ticker, told.entered) for told in recorder.of("condition")] == [
            ("0", "000660", True),
            ("0", "005930", False),
        ]
        assert await stream.run_condition("0", live=True) == ["000660"], "running already: not asked for again"
        assert len(broker.sent("CNSRREQ")) == 1
        await stream.stop_condition("0")
        await stream.stop_condition("0")
        assert broker.sent("CNSRCLR") == [{"trnm": "CNSRCLR", "seq": "0"}]


async def test_live_searches_come_back_after_a_loss_and_tell_what_changed(broker: Broker, recorder: Recorder) -> None:
    broker.conditions = {"0": ["A005930", "A000660"], "1": ["A035720"]}
    async with running_stream(broker.url, recorder) as stream:
        await recorder.until_state(LIVE)
        await stream.run_condition("0", live=True)
        await stream.run_condition("1", live=True)
        broker.conditions["0"] = ["A000660", "A035420"]
        assert broker.socket is not None
        broker.socket.transport.abort()
        await recorder.until(lambda: len(recorder.of("condition")) == 2)
        assert [(told.ticker, told.entered) for told in recorder.of("condition")] == [("005930", False), ("035420", True)]
        await broker.until(lambda: len(broker.sent("CNSRREQ")) == 2)
        kinds = [sent["trnm"] for sent in broker.received[-1] if isinstance(sent, dict) and sent["trnm"].startswith("CNS")]
        assert kinds == ["CNSRLST", "CNSRREQ", "CNSRREQ"]


async def test_no_more_than_the_cap_run_live(broker: Broker, recorder: Recorder) -> None:
    async with running_stream(broker.url, recorder, limits=dataclasses.replace(QUICK, live_conditions=1)) as stream:
        await recorder.until_state(LIVE)
        await stream.run_condition("0", live=True)
        with pytest.raises(ValidationFailed) as refusal:
            await stream.run_condition("1", live=True)
        assert refusal.value.key == "error.kiwoom_stream.conditions_full"
        await stream.stop_condition("0")
        assert await stream.run_condition("1", live=True) == []


async def test_loss_while_an_answer_is_awaited(broker: Broker, recorder: Recorder) -> None:
    async with running_stream(broker.url, recorder) as stream:
        await recorder.until_state(LIVE)
        broker.is_mute = True
        asked = asyncio.create_task(stream.fetch_conditions())
        await broker.until(lambda: broker.sent("CNSRLST"))
        assert broker.socket is not None
        broker.socket.transport.abort()
        with pytest.raises(ProviderError) as lost:
            await asked
        assert lost.value.key == "error.kiwoom_stream.lost"


async def test_no_answer_in_time(broker: Broker, recorder: Recorder) -> None:
    async with running_stream(broker.url, recorder, limits=dataclasses.replace(QUICK, answer_s=0.05)) as stream:
        await recorder.until_state(LIVE)
        broker.is_mute = True
        with pytest.raises(ProviderError) as late:
            await stream.fetch_conditions()
        assert late.value.key == "error.kiwoom_stream.no_answer"
        broker.is_mute = False
        assert len(await stream.fetch_conditions()) == 2, "one late answer does not block the next request"


async def test_refused_search(broker: Broker, recorder: Recorder) -> None:
    async with running_stream(broker.url, recorder) as stream:
        await recorder.until_state(LIVE)
        await stream.fetch_conditions()
        broker.is_mute = True
        asked = asyncio.create_task(stream.run_condition("0", live=True))
        await broker.until(lambda: broker.sent("CNSRREQ"))
        await broker.say({"trnm": "CNSRREQ", "seq": "0 ", "return_code": 900001, "return_msg": "이미 실행 중"})
        with pytest.raises(ProviderError) as refusal:
            await asked
        assert refusal.value.code == "900001"


async def test_answers_of_another_search_are_not_taken(broker: Broker, recorder: Recorder) -> None:
    async with running_stream(broker.url, recorder) as stream:
        await recorder.until_state(LIVE)
        await stream.fetch_conditions()
        broker.is_mute = True
        asked = asyncio.create_task(stream.run_condition("0", live=True))
        await broker.until(lambda: broker.sent("CNSRREQ"))
        await broker.say({"trnm": "CNSRREQ", "seq": "7", "return_code": 0, "data": [{"jmcode": "A000660"}]})
        await broker.say({"trnm": "CNSRREQ", "seq": "0", "return_code": 0, "data": [{"jmcode": "A005930"}, {"jmcode": "?"}, 5]})
        assert await asked == ["005930"]
        assert recorder.noted("health.note.stream_late") == [{"kind": "CNSRREQ"}]
        assert len(recorder.noted("health.note.condition_row")) == 2


def test_rows() -> None:
    row = read_row({"jmcode": "A005930"})
    assert (row.ticker, row.price_krw) == ("005930", MISSING)
    assert math.isnan(row.change_pct)
    assert read_row({"9001": "A005930", "12": "000001500"}).change_pct == 1.5
    for damaged in ({}, {"9001": "x"}, {"9001": "A005930", "10": "1x"}, [], "A005930"):
        with pytest.raises(ProtocolChanged):
            read_row(damaged)

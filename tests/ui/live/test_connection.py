"""Connection: status line, health panel, connect dialog and the controls of the simulated market, used as a user would."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from engine.calendar.sessions import Phase
from engine.model.errors import AuthExpired, DataUnavailable, ProviderError
from engine.model.instants import kst_ns
from engine.model.live import ConnectionState, QuoteSource
from ralphstock_desktop.live_ports import Credentials, Diagnosis, DiagnosisStep
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.health import HealthRegistry
from ralphstock_desktop.services.live_contracts import (
    ConnectionPlan,
    Gap,
    SimulationState,
    SyncPlan,
    SyncState,
    SyncStep,
)
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.banner import SimulationBanner
from ralphstock_desktop.ui.dialogs.connect import ConnectDialog
from ralphstock_desktop.ui.docks.health import HealthPanel
from ralphstock_desktop.ui.viewmodels.feed_words import feed_words, phase_words
from tests.ui.live.conftest import OpenDesk
from tests.ui.live.fake_live import NOW_NS, TODAY, FakeLive, status
from tests.ui.tables.local_market import local_panel

SECRET = "canary-secret-77"


@pytest.mark.parametrize(
    ("changes", "words", "token"),
    [
        ({}, "키움 실서버 연결", "success"),
        ({"is_stale": True, "age_s": 75.0}, "1분 15초 전", "stale"),
        ({"connection": ConnectionState.WAITING, "next_try_s": 4.0, "shown": QuoteSource.POLLED}, "4초 뒤", "warning"),
        ({"connection": ConnectionState.DISPLACED}, "다른 곳에서 로그인", "danger"),
        ({"host": None, "connection": ConnectionState.IDLE, "shown": QuoteSource.STORED}, "저장된 값", "unknown"),
        ({"host": "simulator"}, "재생 서버", "simulated"),
    ],
)
def test_the_line_says_source_state_and_age(changes: dict[str, Any], words: str, token: str) -> None:
    look = Appearance()
    said = feed_words(look, status(**changes))
    assert words in " · ".join(said.parts)
    assert said.token == token


def test_the_phase_and_what_is_left_are_said_in_both_languages() -> None:
    look = Appearance()
    assert phase_words(look, status()) == "정규장 · 마감까지 4시간 47분"
    assert "30×" in phase_words(look, status(host="simulator", speed=30.0))
    look.choose(language="en")
    assert phase_words(look, status(phase=Phase.CLOSED, phase_left_s=600.0)).startswith("Closed · next in 10 min")


class Sync:
    """A synchroniser that notes what it is told."""

    def __init__(self) -> None:
        self.state: Channel[SyncState] = Channel("sync")
        self.calls: list[str] = []
        self.steps = (SyncStep("daily", 0, 2_600, 0, "waiting"), SyncStep("flows", 0, 5_200, 0, "waiting"))
        self._say("idle")

    def _say(self, word: Any) -> None:
        self.state.publish(SyncState(word, "kiwoom", self.steps if word == "running" else (), 65.0, None, None, None))

    async def plan(self) -> SyncPlan:
        return SyncPlan(13_011, 1_573.0, self.steps)

    def start(self) -> None:
        self.calls.append("start")
        self._say("running")

    def stop(self) -> None:
        self.calls.append("stop")
        self._say("stopping")


def _tell_health(live: FakeLive) -> None:
    registry = HealthRegistry(lambda: NOW_NS)
    registry.succeeded("kiwoom", 41.0)
    registry.queued("kiwoom", 12, 3.0)
    for _ in range(4):
        registry.failed(
            "kiwoom_stream", ProviderError("x", provider="Kiwoom", retryable=True, key="error.connect.timeout", host="h")
        )
    registry.publish()
    assert registry.reports.last is not None
    live.health.publish(registry.reports.last)


def _text(panel: HealthPanel, page: str, row: int) -> list[str]:
    model = panel.models[page]
    return [str(model.data(model.index(row, column))) for column in range(model.columnCount())]


def test_health_gaps_and_sync_are_told_and_followed_only_in_sight(open_desk: OpenDesk, qtbot: QtBot) -> None:
    desk = open_desk(HealthPanel, (620, 420))
    panel, live = desk.panel, desk.work.feed
    assert isinstance(panel, HealthPanel)
    sync = Sync()
    type(live).sync = property(lambda self: sync)  # type: ignore[assignment]  # the double has none of its own
    try:
        _tell_health(live)
        qtbot.waitUntil(lambda: panel.models["health"].rowCount() == 2)
        worst, good = _text(panel, "health", 0), _text(panel, "health", 1)
        assert "실패 중" in worst[1]
        assert good[2] == "41 / 41 ms"
        assert good[5].startswith("12")
        live.push_gaps(
            Gap("005930", NOW_NS - 90_000_000_000, NOW_NS, 1_234, "filled", NOW_NS, NOW_NS, "disconnect"),
            Gap("000660", NOW_NS - 9_000_000_000, None, None, "open", NOW_NS, None, "disconnect"),
        )
        qtbot.mouseClick(panel.pages.buttons["gaps"], Qt.MouseButton.LeftButton)
        assert panel.models["gaps"].rowCount() == 2
        assert "000660" in _text(panel, "gaps", 0)[0], "what is open comes first"
        assert _text(panel, "gaps", 0)[2] == "—", "an unknown number is not 0"
        assert _text(panel, "gaps", 1)[2] == "1,234"
        assert "남음 1" in panel.summary.text()
        panel.went_out_of_sight()
        panel.came_into_sight()
        panel._context = replace(panel._context, spawn=lambda work, _name: asyncio.run(work))
        qtbot.mouseClick(panel.pages.buttons["sync"], Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: "13,011" in panel.summary.text())
        qtbot.mouseClick(panel.sync_button, Qt.MouseButton.LeftButton)
        assert sync.calls == ["start"]
        assert panel.models["sync"].rowCount() == 2
        assert _text(panel, "sync", 1)[1] == "0 / 5,200"
        qtbot.mouseClick(panel.sync_button, Qt.MouseButton.LeftButton)
        assert sync.calls == ["start", "stop"]
        live.status.publish(status(connection=ConnectionState.DISPLACED))
        assert "밀어내지" in panel.sentence.text()
        qtbot.mouseClick(panel.reconnect, Qt.MouseButton.LeftButton)
        assert live.reconnects == 1
        panel.went_out_of_sight()
        live.push_gaps()
        assert panel.models["gaps"].rowCount() == 2, "nothing is done while it cannot be seen"
    finally:
        del type(live).sync


class Connecting(FakeLive):
    """Answers tests of a connection as it is told."""

    def __init__(self) -> None:
        super().__init__(local_panel())
        self.answer = Diagnosis(tuple(DiagnosisStep), None, None, 44.0, 0.1)
        self.plans: list[ConnectionPlan] = []
        self.connected: list[ConnectionPlan] = []

    async def test(self, plan: ConnectionPlan) -> Diagnosis:
        self.plans.append(plan)
        return self.answer

    async def connect(self, plan: ConnectionPlan) -> None:
        self.connected.append(plan)

    async def disconnect(self) -> None:
        raise DataUnavailable("x", key="error.connect.not_connected")


@pytest.fixture
def dialog(qtbot: QtBot) -> ConnectDialog:
    live, steps = Connecting(), []

    def spawn(work: Coroutine[Any, Any, Any], name: str) -> None:
        asyncio.run(work)

    async def go_real() -> None:
        steps.append("real")

    made = ConnectDialog(Appearance(), live, spawn, go_real)
    made.live, made.went = live, steps  # type: ignore[attr-defined]
    qtbot.addWidget(made)
    made.show()
    return made


def test_a_test_says_which_step_failed_and_why(dialog: ConnectDialog, qtbot: QtBot) -> None:
    live: Connecting = dialog.live  # type: ignore[attr-defined]
    live.answer = Diagnosis(
        (DiagnosisStep.ADDRESS, DiagnosisStep.CLOCK),
        DiagnosisStep.TOKEN,
        AuthExpired("x", provider="Kiwoom", retryable=False, code="8001", key="error.connect.wrong_key", host="api"),
    )
    qtbot.keyClicks(dialog.app_key, "key")
    qtbot.keyClicks(dialog.secret, SECRET)
    qtbot.mouseClick(dialog.test_button, Qt.MouseButton.LeftButton)
    assert live.plans == [ConnectionPlan("real", "", Credentials("key", SECRET))]
    signs = [dialog.steps[step].text()[0] for step in DiagnosisStep]
    assert signs == ["✓", "✓", "✕", "–", "–"]
    assert "앱 키와 시크릿 키가 맞지 않습니다" in dialog.verdict.text()
    assert dialog.secret.echoMode() is QLineEdit.EchoMode.Password
    qtbot.mouseClick(dialog.connect_button, Qt.MouseButton.LeftButton)
    assert not live.connected, "what fails its test is not used"
    shown = " ".join(label.text() for label in (*dialog.steps.values(), dialog.verdict, dialog.stored))
    assert SECRET not in shown


def test_connecting_goes_to_the_users_own_data_and_forgets_the_secret(dialog: ConnectDialog, qtbot: QtBot) -> None:
    live: Connecting = dialog.live  # type: ignore[attr-defined]
    qtbot.mouseClick(dialog.host.buttons["custom"], Qt.MouseButton.LeftButton)
    assert dialog.address.isVisible()
    qtbot.keyClicks(dialog.address, "http://127.0.0.1:8700")
    qtbot.keyClicks(dialog.app_key, "key")
    qtbot.keyClicks(dialog.secret, SECRET)
    qtbot.mouseClick(dialog.connect_button, Qt.MouseButton.LeftButton)
    assert dialog.went == ["real"]  # type: ignore[attr-defined]
    assert live.connected[0].base_url == "http://127.0.0.1:8700"
    assert dialog.secret.text() == ""
    assert "연결했습니다" in dialog.verdict.text()
    assert "44ms" in dialog.verdict.text()
    qtbot.mouseClick(dialog.disconnect_button, Qt.MouseButton.LeftButton)
    assert "연결된 실시간 서버가 없습니다" in dialog.verdict.text()
    dialog.close()
    assert dialog.app_key.text() == ""


class Simulation:
    """Notes what the banner asks for."""

    speeds = (1.0, 60.0)
    faults = ("cut", "restart")

    def __init__(self) -> None:
        self.state: Channel[SimulationState] = Channel("simulation")
        self.asked: list[tuple[Any, ...]] = []
        self.say()

    def say(self, *, speed: float = 1.0, paused: bool = False, faults: tuple[str, ...] = (), day: date = TODAY) -> None:
        self.state.publish(SimulationState(day, NOW_NS, speed, paused, "generated", 2_600, faults))

    def set_speed(self, speed: float) -> None:
        self.asked.append(("speed", speed))
        self.say(speed=speed)

    def set_paused(self, paused: bool) -> None:
        self.asked.append(("paused", paused))
        self.say(paused=paused)

    def jump(self, market_ns: int) -> None:
        self.asked.append(("jump", market_ns))

    def set_fault(self, name: str, on: bool) -> None:
        self.asked.append(("fault", name, on))
        self.say(faults=(name,) if on else ())


def test_the_simulated_market_is_paused_sped_up_moved_and_disturbed(qtbot: QtBot) -> None:
    banner, simulation = SimulationBanner(Appearance()), Simulation()
    banner.say(lambda: ("시뮬레이션 시장", "모두 만들어 낸 값입니다"))
    qtbot.addWidget(banner)
    banner.resize(1_280, 26)
    banner.show()
    assert not banner.pause.isVisible()
    banner.set_control(simulation)
    assert banner.pause.isVisible()
    assert "2026-05-06 재생" in banner.toolTip()
    qtbot.mouseClick(banner.pause, Qt.MouseButton.LeftButton)
    assert "멈춤" in banner.toolTip()
    for button in (banner.speed, banner.jump, banner.faults):
        button.menu().aboutToShow.emit()
    banner.speed.menu().actions()[1].trigger()
    assert "60×" in banner.speed.text()
    banner.jump.menu().actions()[0].trigger()
    banner.faults.menu().actions()[0].trigger()
    assert "1개" in banner.faults.text()
    assert simulation.asked == [
        ("paused", True),
        ("speed", 60.0),
        ("jump", kst_ns(TODAY, 8, 55)),
        ("fault", "cut", True),
    ]
    assert banner.pause.geometry().left() > banner.text_box().right()
    banner.set_control(None)
    assert not banner.pause.isVisible()

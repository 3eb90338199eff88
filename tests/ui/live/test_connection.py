"""Connection: status line, health panel, connect dialog and the controls of the simulated market, used as a user would."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from engine.calendar.sessions import Phase
from engine.model.errors import AuthExpired, DataUnavailable, ProviderError
from engine.model.instants import kst_ns
from engine.model.live import ConnectionState, QuoteSource
from ralphstock_desktop.live_ports import Credentials, Diagnosis, DiagnosisStep
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import Ready
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
    assert phase_words(look, status(phase=Phase.PRE_OPEN_AUCTION, phase_left_s=293.0)).endswith("개장까지 4분 53초")
    assert phase_words(look, status(phase=Phase.AFTER_MARKET, phase_left_s=7_140.0)) == "애프터마켓 · 1시간 59분 남음"
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


def test_health_gaps_and_sync_are_told_and_followed_only_in_sight(
    open_desk: OpenDesk, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = open_desk(HealthPanel, (620, 420))
    panel, live = desk.panel, desk.work.feed
    assert isinstance(panel, HealthPanel)
    sync = Sync()
    monkeypatch.setattr(type(live), "sync", property(lambda self: sync))  # the double has none of its own
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
    assert _text(panel, "gaps", 0)[1] == "000660", "what is open comes first"
    assert _text(panel, "gaps", 0)[3] == "—", "an unknown number is not 0"
    assert _text(panel, "gaps", 1)[3] == "1,234"
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


def test_a_gap_is_opened_by_key_and_rows_are_copied(open_desk: OpenDesk, qtbot: QtBot) -> None:
    desk = open_desk(HealthPanel, (620, 420))
    panel, live = desk.panel, desk.work.feed
    assert isinstance(panel, HealthPanel)
    live.push_gaps(
        Gap("000030", NOW_NS - 90_000_000_000, NOW_NS, 1_234, "filled", NOW_NS, NOW_NS, "disconnect"),
        Gap("000040", NOW_NS - 9_000_000_000, None, None, "open", NOW_NS, None, "disconnect"),
    )
    qtbot.mouseClick(panel.pages.buttons["gaps"], Qt.MouseButton.LeftButton)
    table = panel.tables["gaps"]
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_Down)
    qtbot.keyClick(table, Qt.Key.Key_Down)
    qtbot.keyClick(table, Qt.Key.Key_Return)
    context = desk.work.selection.last
    assert context is not None and context.ticker == "000030"
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = [line.split("\t") for line in QGuiApplication.clipboard().text().splitlines()]
    assert [line[1] for line in lines] == ["코드", "000030"] and lines[1][3] == "1,234"
    table.clearSelection()
    assert len(table.copy_rows().splitlines()) == 3, "nothing chosen: all"
    panel.grab()


def test_the_health_of_a_replay_is_as_of_the_replays_clock(open_desk: OpenDesk, qtbot: QtBot) -> None:
    desk = open_desk(HealthPanel, (620, 420))
    panel, live = desk.panel, desk.work.feed
    assert isinstance(panel, HealthPanel)
    registry = HealthRegistry(lambda: NOW_NS + 5 * 3_600 * 10**9)  # this machine's clock
    registry.beat("stream")
    registry.publish()
    assert registry.reports.last is not None
    for host, shown in (("real", registry.reports.last.at_ns), ("simulator", NOW_NS)):
        live.status.publish(status(host=host))
        live.health.publish(registry.reports.last)
        assert isinstance(panel.state, Ready) and panel.state.as_of.instant_ns == shown
    assert _text(panel, "health", 0)[0] == "실시간 수신"


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


def test_every_row_keeps_its_height_when_the_address_is_asked_for(dialog: ConnectDialog, qtbot: QtBot) -> None:
    before = dialog.height()
    qtbot.mouseClick(dialog.host.buttons["custom"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.address.geometry().top() > dialog.host.geometry().bottom() + 3)
    fields = (dialog.host, dialog.address, dialog.app_key, dialog.secret)
    gaps = [below.geometry().top() - above.geometry().bottom() for above, below in itertools.pairwise(fields)]
    assert min(gaps) > 3 and dialog.height() > before


def test_a_changed_field_takes_the_outcome_back(dialog: ConnectDialog, qtbot: QtBot) -> None:
    qtbot.mouseClick(dialog.test_button, Qt.MouseButton.LeftButton)
    assert "+0.1초" in dialog.verdict.text()
    qtbot.keyClicks(dialog.app_key, "k")
    assert dialog.verdict.text() == ""
    assert {label.text()[0] for label in dialog.steps.values()} == {"○"}
    live: Connecting = dialog.live  # type: ignore[attr-defined]
    live.answer = replace(live.answer, clock_offset_s=-0.3)
    qtbot.mouseClick(dialog.test_button, Qt.MouseButton.LeftButton)
    assert "−0.3초" in dialog.verdict.text(), "a minus sign, not a hyphen"


def test_the_keyboard_goes_to_what_has_to_be_changed(dialog: ConnectDialog, qtbot: QtBot) -> None:
    live: Connecting = dialog.live  # type: ignore[attr-defined]
    with qtbot.waitActive(dialog):
        dialog.activateWindow()
    dialog.test_button.setFocus()
    qtbot.keyClick(dialog.test_button, Qt.Key.Key_Space)
    assert dialog.focusWidget() is dialog.test_button, "passed: back where it was"
    wrong = AuthExpired("x", provider="Kiwoom", retryable=False, code="8001", key="error.connect.wrong_key")
    live.answer = Diagnosis((DiagnosisStep.ADDRESS, DiagnosisStep.CLOCK), DiagnosisStep.TOKEN, wrong)
    qtbot.keyClick(dialog.test_button, Qt.Key.Key_Space)
    assert dialog.focusWidget() is dialog.app_key
    assert dialog.verdict.text().count("8001") == 1, "the code is said once"


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
    assert [action.text() for action in banner.jump.menu().actions()][:2] == ["08:55\t장전 동시호가", "09:00\t개장"]
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
    banner.faults.menu().aboutToShow.emit()
    banner.faults.menu().actions()[-1].trigger()
    assert simulation.asked[-1] == ("fault", "cut", False), "one action switches all of them off"
    banner.faults.menu().aboutToShow.emit()
    assert len(banner.faults.menu().actions()) == len(simulation.faults), "nothing on: nothing to switch off"
    banner.set_control(None)
    assert not banner.pause.isVisible()

"""Asking about what is on screen: context menus, keys, palette, and the window that brings question and chat together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget
from pytestqt.qtbot import QtBot

from ralphstock_desktop.services.assistant_contracts import Target
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.asking import AskMenus, questions
from ralphstock_desktop.ui.chat.link import AskSubject, AskWish, ChatLink
from ralphstock_desktop.ui.dock_registry import DOCKS, DockContext
from ralphstock_desktop.ui.docks.chart_dock import ChartPanel
from ralphstock_desktop.ui.docks.chat import ChatPanel
from ralphstock_desktop.ui.docks.closing_card import ClosingCard
from ralphstock_desktop.ui.docks.evidence import EvidencePanel
from ralphstock_desktop.ui.docks.news_panel import NewsPanel
from ralphstock_desktop.ui.docks.signal_table import SignalTable
from ralphstock_desktop.ui.main_window import MainWindow
from ralphstock_desktop.ui.viewmodels.shell import looks_like_question
from ralphstock_desktop.ui.window_parts import WindowParts
from tests.ui.chat.panel.doubles import ChatWorkstation, PlainConversation
from tests.ui.closing.desk import ClosingDesk
from tests.ui.gate.desk import GateDesk
from tests.ui.shell.conftest import NOW_NS, simple_panel
from tests.ui.shell.doubles import MemorySettings, run_now
from tests.ui.tables.local_market import LocalWorkstation, context_for, local_panel, scan_picture


class Asked:
    """Menus of one panel, and what was asked through them."""

    def __init__(self, frame: QWidget, look: Appearance) -> None:
        self.link, self.wishes = ChatLink(), list[AskWish]()
        self.menus = AskMenus(look, self.link)
        self.menus.attach(frame)
        self._subscription = self.link.ask.subscribe(self.wishes.append)

    def open_at(self, widget: QWidget, place: QPoint, *, keys: bool = False) -> QMenu | None:
        """Ask for the context menu; return the one that opened."""
        reason = QContextMenuEvent.Reason.Keyboard if keys else QContextMenuEvent.Reason.Mouse
        QApplication.sendEvent(widget, QContextMenuEvent(reason, place, widget.mapToGlobal(place)))
        found = QApplication.activePopupWidget()
        return found if isinstance(found, QMenu) else None


def entries(menu: QMenu | None) -> list[str]:
    assert menu is not None
    return [action.text() for action in menu.actions() if not action.isSeparator()]


def trigger(menu: QMenu | None, text: str) -> None:
    assert menu is not None
    inner = [action for entry in menu.actions() for action in (entry.menu().actions() if entry.menu() else [])]
    next(action for action in [*menu.actions(), *inner] if action.text() == text).trigger()
    menu.close()


@pytest.fixture
def local(qtbot: QtBot) -> Iterator[Callable[..., Any]]:
    windows: list[QWidget] = []

    def make(kind: Any) -> tuple[Any, LocalWorkstation]:
        work, window = LocalWorkstation(), QWidget()
        panel = kind(context_for(work, Appearance()))
        window.resize(1_500, 700)
        panel.setParent(window)
        panel.setGeometry(0, 0, 1_500, 700)
        qtbot.addWidget(window)
        window.show()
        panel.show()
        work.show(scan_picture(local_panel()))
        QApplication.processEvents()
        windows.append(window)
        return panel, work

    yield make
    for window in windows:
        window.close()


def test_a_row_of_a_table_asks_about_its_stock(local: Callable[..., Any]) -> None:
    panel, _ = local(SignalTable)
    asked = Asked(panel, panel.appearance)
    view = panel.view
    row = 1
    place = view.visualRect(panel.model.index(row, panel.model.column_at("name"))).center()
    subject = view.ask_subject(place)
    assert subject is not None
    assert subject.ticker == panel.model.ticker(row)
    menu = asked.open_at(view.viewport(), place)
    assert entries(menu) == ["이 종목 물어보기", "바로 묻기"]
    trigger(menu, "이 종목 물어보기")
    expected = f"{subject.name}, 왜 {subject.grade}등급인가요?" if subject.grade else f"{subject.name}, 점수가 왜 이런가요?"
    assert asked.wishes == [AskWish(expected)]
    menu = asked.open_at(view.viewport(), place)
    trigger(menu, f"{subject.name}, 진입가와 손절가는?")
    assert asked.wishes[-1] == AskWish(f"{subject.name}, 진입가와 손절가는?", send=True)


def test_the_menu_key_asks_about_the_current_row(local: Callable[..., Any]) -> None:
    panel, _ = local(SignalTable)
    asked = Asked(panel, panel.appearance)
    panel.view.show_ticker(panel.model.ticker(2))
    menu = asked.open_at(panel.view, QPoint(5, 5), keys=True)
    trigger(menu, "이 종목 물어보기")
    assert panel.view.ask_subject(None).name in asked.wishes[-1].text


def test_below_the_last_row_there_is_nothing_to_ask(local: Callable[..., Any]) -> None:
    panel, _ = local(SignalTable)
    panel.set_filter_text("총점 > 9999")
    asked = Asked(panel, panel.appearance)
    assert asked.open_at(panel.view.viewport(), QPoint(50, 300)) is None


def test_an_evidence_row_asks_about_its_item(local: Callable[..., Any]) -> None:
    panel, work = local(EvidencePanel)
    asked = Asked(panel, panel.appearance)
    work.select("000020", "signals")
    panel.view_model.explain_now()
    place = panel.view.rect_of("C1").center()
    label = panel.view.ask_subject(place).label
    assert label
    trigger(asked.open_at(panel.view.viewport(), place), "이 종목 물어보기")
    assert f"‘{label}’" in asked.wishes[0].text


def test_card_news_and_gate_ask_too(qtbot: QtBot) -> None:
    card = ClosingDesk(qtbot, ClosingCard, (600, 900))
    card.work.select(card.work.ticker(2), "closing")
    assert isinstance(card.panel, ClosingCard)
    card.panel.view_model.explain_now()
    asked = Asked(card.panel, card.look)
    trigger(asked.open_at(card.panel.view.viewport(), card.panel.view.rect_of("volume").center()), "이 종목 물어보기")
    assert asked.wishes[0].text.startswith("효성중공업, ‘")
    card.window.close()
    news = ClosingDesk(qtbot, NewsPanel, (520, 460))
    news.work.select(news.work.ticker(2), "closing")
    assert isinstance(news.panel, NewsPanel)
    asked = Asked(news.panel, news.look)
    trigger(asked.open_at(news.panel.view.viewport(), news.panel.view.rect_of("c0").center()), "이 종목 물어보기")
    assert "역대 최대 실적 릴레이" in asked.wishes[0].text
    news.window.close()
    gate = GateDesk(qtbot)
    gate.show()
    asked = Asked(gate.panel, gate.look)
    place = gate.view.rows.rect_of(gate.vm.items()[0]).center()
    trigger(asked.open_at(gate.view.rows.viewport(), place), "이 내용 물어보기")
    assert asked.wishes[0].text.startswith("마켓 게이트의 ‘")
    gate.close()


def test_the_chart_keeps_its_own_menu_and_asks_in_it(qtbot: QtBot) -> None:
    from tests.ui.charts.test_chart_panels import ONE, PANEL
    from tests.ui.charts.test_chart_viewmodel import no_task
    from tests.ui.charts.workstation import ChartWorkstation

    work = ChartWorkstation(PANEL)
    work.look_at(PANEL.days[-1].item())
    from ralphstock_desktop.services.channels import Channel

    panel = ChartPanel(DockContext(work, Appearance(), no_task, Channel("market")))  # type: ignore[arg-type]
    qtbot.addWidget(panel)
    panel.resize(760, 700)
    panel.show()
    work.select(ONE, "signals")
    asked = Asked(panel, panel.appearance)
    menu = panel.chart.menu.build()
    texts = entries(menu)
    assert "이 종목 물어보기" in texts
    assert panel.appearance.tr("chart.menu.reset") in texts
    trigger(menu, "이 종목 물어보기")
    assert asked.wishes[0].text.endswith("점수가 왜 이런가요?")
    panel.close()


@pytest.mark.parametrize("language", ["ko", "en"])
def test_questions_name_what_they_are_about(language: Any) -> None:
    look = Appearance(language=language)
    for subject in (
        AskSubject("symbol", "006800", "미래에셋증권", "A"),
        AskSubject("symbol", "006800", "", ""),
        AskSubject("item", "006800", "A&B", label="거래량"),
        AskSubject("article", "006800", "가", label="제목 {x} " * 40),
        AskSubject("article", label="제목"),
        AskSubject("gate", label="코스피"),
        AskSubject("gate"),
    ):
        found = questions(subject, look)
        assert found
        assert len(set(found)) == len(found)
        about = subject.name or subject.ticker
        assert all(about in text for text in found)
        assert all(len(text) < 200 for text in found)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("미래에셋증권 왜 A등급이야", True), ("오늘 시장 어때", True), ("삼성전자 뉴스 알려줘", True), ("why grade A?", True),
        ("show me the best", True), ("삼성전자?", True), ("삼성전자", False), ("ㅁㄹㅇㅅ", False), ("005930", False),
        ("SK hynix", False), ("2026-05-04", False), ("설정", False), ("", False), ("?", False),
    ],
)  # fmt: skip
def test_what_reads_like_a_question(text: str, is_one: bool) -> None:
    assert looks_like_question(text) is is_one


# -- the window


@dataclass
class Opened:
    """A window with a real chat panel among plain ones."""

    window: MainWindow
    work: ChatWorkstation
    settings: MemorySettings
    wanted: list[str] = field(default_factory=list)

    @property
    def chat(self) -> ChatPanel:
        frame = self.window.area.docks["chat"].frame
        assert isinstance(frame, ChatPanel)
        return frame

    def said(self, name: str) -> list[tuple[Any, ...]]:
        assert self.work.assistant is not None
        return [call for call in self.work.assistant.calls if call[0] == name]


@pytest.fixture
def opened(qtbot: QtBot) -> Iterator[Opened]:
    work, settings, look = ChatWorkstation(), MemorySettings(theme="dark"), Appearance()
    docks = [
        replace(spec, factory=lambda context: ChatPanel(context, PlainConversation))
        if spec.id == "chat"
        else simple_panel(spec)
        for spec in DOCKS
    ]
    parts = WindowParts(
        workstation=work,  # type: ignore[arg-type]
        settings=settings,
        appearance=look,
        spawn=run_now,
        now_ns=lambda: NOW_NS,
        save_layout=lambda _text: None,
        write_file=lambda _file, _content: None,
        docks=docks,
    )
    window = MainWindow(parts)
    qtbot.addWidget(window)
    window.resize(1_600, 900)
    window.open_layout(())
    window.show()
    qtbot.waitExposed(window)
    window.make_panels()
    work.open()
    qtbot.waitUntil(lambda: not window._to_make)
    yield Opened(window, work, settings)
    window.close()


def test_the_action_opens_the_chat_with_the_keyboard_in_it(opened: Opened) -> None:
    assert opened.window.area.docks["chat"].isHidden(), "not in the first layout"
    assert opened.window.actions_book.key_text("open_chat") == "Ctrl+Shift+A"
    opened.window.actions_book.trigger("open_chat")
    assert not opened.window.area.docks["chat"].isHidden()
    assert opened.chat.focusWidget() is opened.chat.input.field


def test_asking_about_the_selection_writes_and_does_not_send(opened: Opened) -> None:
    opened.work.select("006800", "signals")
    opened.window.actions_book.trigger("ask_about")
    assert opened.chat.input.field.text() == "미래에셋증권, 점수가 왜 이런가요?"
    assert not opened.said("ask")


def test_the_palette_offers_a_typed_question(opened: Opened) -> None:
    model = opened.window.palette_model
    found = model.answers("지금 시장은 어때")
    assert [answer.group for answer in found] == ["ask"]
    assert opened.window.search_list.rows.text_of(found[0]) == "물어보기: 지금 시장은 어때"
    assert not any(answer.group == "ask" for answer in model.answers("미래에셋증권"))
    opened.window.bar.search.setFocus()
    opened.window.bar.search.setText("지금 시장은 어때")
    QTest.keyClick(opened.window.bar.search, Qt.Key.Key_Return)
    assert [call[1] for call in opened.said("ask")] == ["지금 시장은 어때"]


def test_a_question_takes_the_panels_that_were_in_sight(opened: Opened, qtbot: QtBot) -> None:
    opened.work.select("006800", "signals")
    opened.window.context.chat.ask.publish(AskWish("왜?", send=True))
    screen = opened.said("ask")[0][2]
    assert screen.ticker == "006800"
    assert {"signals", "chart"} <= set(screen.panels)
    assert "chat" not in screen.panels
    del qtbot


def test_a_place_in_an_answer_opens_its_panel(opened: Opened) -> None:
    opened.window.actions_book.trigger("open_chat")
    opened.window.context.chat.go.publish(Target("panel", "gate"))
    assert not opened.window.area.docks["gate"].isHidden()
    opened.window.context.chat.go.publish(Target("panel", "nowhere"))
    assert "없습니다" in opened.chat.notice.label.text()


def test_the_settings_open_at_the_switch(opened: Opened) -> None:
    opened.window.actions_book.trigger("open_chat")
    opened.chat.settings_wanted.emit("assistant_outside")
    settings = opened.window._settings_window
    assert settings is not None
    assert settings.isVisible()
    assert settings.rows["assistant_outside"].isVisible()
    settings.close()


def test_a_draft_survives_in_the_saved_layout(opened: Opened) -> None:
    opened.window.actions_book.trigger("open_chat")
    opened.chat.input.field.set_text("쓰다 만 질문")
    layout = opened.window.area.capture()
    assert "쓰다 만 질문" in str(layout)

"""Around the conversation: who answers, what leaves, what is asked about, suggestions, links, the model's key."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QWidget

from engine.model.errors import ProviderError
from ralphstock_desktop.services.assistant_contracts import AssistantState, Fact, Outgoing, Suggestion, Target
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import Empty
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.link import AskWish, ChatLink, Landing
from ralphstock_desktop.ui.chat.suggestions import SuggestionsView
from ralphstock_desktop.ui.dock_registry import DockContext, dock_spec
from ralphstock_desktop.ui.docks import chat as chat_dock
from ralphstock_desktop.ui.docks.chat import ChatPanel
from tests.ui.chat.panel.conftest import Opened
from tests.ui.chat.panel.doubles import EVIDENCE, ChatWorkstation, PlainConversation, refused_key
from tests.ui.shell.doubles import run_now

Open = Callable[..., Opened]


def test_it_is_declared(look: Appearance) -> None:
    spec = dock_spec("chat")
    assert spec is not None
    assert (spec.screen, spec.icon, spec.place, spec.initially_open) == ("0990", "chat", "right", False)
    assert look.tr(spec.title_key) == "대화"


def test_without_an_assistant_it_says_so(look: Appearance, qtbot: Any) -> None:
    work = ChatWorkstation()
    work.assistant = None
    panel = ChatPanel(DockContext(work, look, run_now, Channel("market")), PlainConversation)  # type: ignore[arg-type]
    qtbot.addWidget(panel)
    panel.show()
    assert panel.state == Empty("empty.chat.none")
    panel.input.field.set_text("x")
    panel.input.sent.emit()
    assert panel.input.field.text() == "x"


# -- who answers


@pytest.mark.parametrize(
    ("state", "chip", "reason"),
    [
        (AssistantState("ready", "google-genai", "gemini-x"), "Gemini", "Gemini · gemini-x"),
        (AssistantState("busy", "google-generativeai", "gemini-x"), "Gemini", "Gemini · gemini-x"),
        (AssistantState("ready", "other", "big-model"), "big-model", "big-model · big-model"),
        (AssistantState("off"), "꺼짐", "서식 답변만 합니다. 밖으로 나가는 글은 없습니다"),
        (AssistantState("no_key"), "키 없음", "키가 없어 서식 답변만 합니다"),
        (AssistantState("missing"), "서식 답변", "모델 라이브러리가 설치되지 않아 서식 답변만 합니다"),
        (AssistantState("waiting"), "한도 대기", "모델의 한도에 걸려 서식 답변만 합니다"),
        (
            AssistantState("waiting", retry_at_ns=1_777_900_000_000_000_000),
            "한도 대기",
            "모델의 한도에 걸렸습니다. 다시 묻는 시각 22:06:40",
        ),
        (AssistantState("no_key", reason_key="chat.key.removed"), "키 없음", "키를 지웠습니다."),
    ],
)
def test_the_chip_says_who_answers_and_the_line_says_why(
    open_chat: Open, state: AssistantState, chip: str, reason: str
) -> None:
    chat = open_chat()
    chat.assistant.state.publish(state)
    assert chat.panel.header.badge.text() == chip
    assert chat.panel.input.hint.words() == reason
    assert reason in chat.panel.header.badge.accessibleName()


def test_tokens_and_money_of_the_day_are_shown(open_chat: Open) -> None:
    chat = open_chat()
    chat.assistant.state.publish(AssistantState("ready", "google-genai", "m", "", None, 12_345, 300_000, 0.0123))
    assert chat.panel.input.hint.words() == "Gemini · m · 오늘 12,345 / 300,000 토큰 · $0.0123"
    chat.assistant.state.publish(AssistantState("ready", "google-genai", "m", "", None, 12_345, 0, None))
    assert chat.panel.input.hint.words().endswith("오늘 12,345 토큰")
    assert "$" not in chat.panel.input.hint.words(), "an unknown price is no price"


def test_title_and_count(open_chat: Open) -> None:
    chat = open_chat()
    assert chat.panel.subtitle == "첫 대화"
    chat.assistant.ask("q", chat.panel.view_model.screen())  # type: ignore[arg-type]
    assert chat.panel.subtitle == "첫 대화 · 2건"
    chat.assistant.new_session()
    assert chat.panel.subtitle == "새 대화"


# -- the context


def test_the_chips_say_what_is_asked_about_and_can_be_taken_away(open_chat: Open, qtbot: Any) -> None:
    chat = open_chat()
    chat.work.select("006800", "signals")
    chat.link.shown.publish(("signals", "chart", "chat", "health"))
    chips = chat.panel.input.chips
    assert [part.text for part in chips.parts] == ["미래에셋증권", "화면 0811 · 0600", "2026-05-04 (월)"]
    symbol = chips.chip("symbol")
    assert symbol is not None
    qtbot.mouseClick(symbol, Qt.MouseButton.LeftButton, pos=symbol.cross_rect().center())
    assert [part.name for part in chips.parts] == ["panels", "instant", "restore"]
    panels = chips.chip("panels")
    assert panels is not None
    panels.setFocus()
    QTest.keyClick(panels, Qt.Key.Key_Delete)
    assert [part.name for part in chips.parts] == ["instant", "restore"]
    chat.panel.input.field.set_text("이건?")
    QTest.keyClick(chat.panel.input.field, Qt.Key.Key_Return)
    screen = chat.said("ask")[0][2]
    assert (screen.ticker, screen.panels) == ("", ())
    assert screen.as_of == chat.work.market.last.as_of  # type: ignore[union-attr]
    restore = chips.chip("restore")
    assert restore is not None
    restore.click()
    assert [part.name for part in chips.parts] == ["symbol", "panels", "instant"]


def test_another_symbol_is_asked_about_again_after_one_was_left_out(open_chat: Open) -> None:
    chat = open_chat()
    chat.work.select("006800", "signals")
    chat.panel.view_model.drop("symbol")
    assert chat.panel.view_model.screen().ticker == ""  # type: ignore[union-attr]
    chat.work.select("000660", "signals")
    assert chat.panel.view_model.screen().ticker == "000660"  # type: ignore[union-attr]


def test_the_instant_looked_at_cannot_be_dropped_and_follows_the_clock(open_chat: Open) -> None:
    chat = open_chat()
    chat.work.step_day(-1)
    instant = chat.panel.input.chips.parts[-1]
    assert (instant.name, instant.text, instant.removable) == ("instant", "2026-04-30 (목)", False)
    chat.panel.view_model.ask("q")
    assert chat.said("ask")[0][2].as_of.day.isoformat() == "2026-04-30"


def test_english_names_and_words(open_chat: Open, look: Appearance) -> None:
    chat = open_chat()
    chat.work.select("006800", "signals")
    look.choose(language="en")
    assert chat.panel.input.chips.parts[0].text == "Mirae Asset Sec."
    assert chat.panel.input.button.accessibleName() == "Send"
    assert chat.panel.list_button.accessibleName() == "Conversations"


def test_what_is_on_screen_is_told_once_per_change(open_chat: Open, qtbot: Any) -> None:
    chat = open_chat()
    qtbot.waitUntil(lambda: len(chat.said("look")) == 1)
    chat.work.select("006800", "signals")
    chat.link.shown.publish(("signals",))
    qtbot.waitUntil(lambda: len(chat.said("look")) == 2)
    assert chat.said("look")[-1][1].ticker == "006800"
    chat.link.shown.publish(("signals",))
    qtbot.wait(250)
    assert len(chat.said("look")) == 2


# -- suggestions


def test_suggestions_are_asked_for_again_when_the_scores_of_the_instant_are_there(open_chat: Open, qtbot: Any) -> None:
    chat = open_chat()
    qtbot.waitUntil(lambda: bool(chat.said("look")))
    before = len(chat.said("look"))
    qtbot.wait(250)
    assert len(chat.said("look")) == before
    chat.work.scans.publish(chat.work.scans.last)
    qtbot.waitUntil(lambda: len(chat.said("look")) == before + 1)


def test_a_suggestion_asks_at_once_and_hides_while_the_answer_comes(open_chat: Open, qtbot: Any) -> None:
    chat = open_chat()
    view = chat.panel.suggestions
    qtbot.waitUntil(lambda: bool(view.chips()))
    assert view.head.isVisible()
    chip = view.chips()[1]
    chip.setFocus()
    QTest.keyClick(chip, Qt.Key.Key_Return)
    assert chat.said("ask")[0][1] == "지금 시장은?"
    assert not view.isVisible()
    chat.assistant.finish()
    assert view.isVisible()
    assert not view.head.isVisible(), "after an answer the heading is left out"


def test_in_a_short_panel_the_suggestions_leave_the_room_to_the_answer(look: Appearance, qtbot: Any) -> None:
    panel = QWidget()
    qtbot.addWidget(panel)
    panel.resize(320, 560)
    view = SuggestionsView(look, panel)
    view.setFixedWidth(320)
    found = tuple(Suggestion(f"제법 긴 질문이라 한 줄을 채웁니다 {n}", "stock") for n in range(3))
    view.show_suggestions(found, empty=False)
    panel.show()
    qtbot.waitUntil(lambda: [chip.isVisible() for chip in view.chips()] == [True, False, False])
    one_line = view.row.height()
    panel.resize(320, 900)
    qtbot.waitUntil(lambda: [chip.isVisible() for chip in view.chips()] == [True, True, False])
    assert view.row.height() > 1.5 * one_line
    view.show_suggestions(found, empty=True)
    assert all(chip.isVisible() for chip in view.chips()), "an empty conversation has room for all"


# -- what leaves


def test_the_line_says_how_much_leaves_and_of_what_kinds(open_chat: Open) -> None:
    chat = open_chat()
    counts = (("assistant.outgoing.names", 1), ("assistant.outgoing.scores", 23), ("assistant.outgoing.history", 0))
    chat.assistant.outgoing.publish(Outgoing(True, 1_229, 400, counts, "글"))
    line = chat.panel.outgoing
    assert line.size_label.text() == "밖으로 나갈 글 1.2 KB"
    assert line.kinds.words() == "종목명 1 · 점수 23"
    chat.assistant.outgoing.publish(Outgoing(False, 0, 0, (), "", "chat.mode.off.reason"))
    assert line.size_label.text() == "밖으로 나갈 글 없음"
    assert line.kinds.words() == "서식 답변만 합니다. 밖으로 나가는 글은 없습니다"


def test_the_sheet_shows_the_exact_text_and_the_switch_lets_nothing_leave(open_chat: Open, qtbot: Any) -> None:
    chat = open_chat()
    text = "지시: <b>굵게</b> # 제목\n질문: 왜?"
    chat.assistant.outgoing.publish(Outgoing(True, 60, 20, (), text))
    sheet = chat.panel.sheet
    assert not sheet.isVisible()
    qtbot.mouseClick(chat.panel.outgoing.more, Qt.MouseButton.LeftButton)
    assert sheet.isVisible()
    assert sheet.text.toPlainText() == text
    assert sheet.text.isReadOnly()
    assert not sheet.nothing.isChecked()
    sheet.nothing.setFocus()
    QTest.keyClick(sheet.nothing, Qt.Key.Key_Space)
    assert chat.settings.get("assistant_outside") is False
    QTest.keyClick(sheet.nothing, Qt.Key.Key_Space)
    assert chat.settings.get("assistant_outside") is True
    chat.settings.set("assistant_outside", False)  # elsewhere
    assert sheet.nothing.isChecked()
    chat.assistant.outgoing.publish(Outgoing(False, 0, 0, (), ""))
    assert sheet.text.toPlainText() == ""
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()


def test_what_leaves_is_asked_again_when_the_switch_moves(open_chat: Open, qtbot: Any) -> None:
    chat = open_chat()
    chat.panel.input.field.set_text("왜?")
    qtbot.waitUntil(lambda: len(chat.said("draft")) == 1)
    chat.settings.set("assistant_outside", False)
    qtbot.waitUntil(lambda: len(chat.said("draft")) == 2)


def test_what_was_to_leave_is_gone_once_it_has_left(open_chat: Open, qtbot: Any) -> None:
    chat = open_chat()
    chat.panel.input.field.set_text("왜?")
    qtbot.waitUntil(lambda: len(chat.said("draft")) == 1)
    QTest.keyClick(chat.panel.input.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(chat.said("draft")) == 2)
    assert chat.said("draft")[-1][1] == ""


# -- the conversation


def test_updates_reach_the_view_only_while_their_answer_is_open(open_chat: Open) -> None:
    chat = open_chat()
    fact = Fact("f1", "bar.close", 70_300.0, "won", "70,300원", "종가", EVIDENCE)
    chat.panel.view_model.ask("q")
    chat.assistant.arrive(fact)
    assert [update.n for update in chat.view.updates] == [2]
    chat.view.fact_clicked.emit(2, "f1")
    assert chat.went == [EVIDENCE], "a number can be clicked while the answer still arrives"
    chat.assistant.finish(EVIDENCE)
    chat.panel.hide()
    chat.panel.show()
    assert len(chat.view.updates) == 1, "the last update of an ended answer is not played again"


def test_an_answer_that_goes_on_behind_a_tab_is_whole_afterwards(open_chat: Open) -> None:
    chat = open_chat()
    chat.panel.view_model.ask("q")
    chat.panel.hide()
    chat.assistant.arrive(Fact("f1", "bar.close", 1.0, "won", "1원", "종가", EVIDENCE))
    chat.assistant.finish(EVIDENCE)
    chat.panel.show()
    shown = chat.view.shown[-1]
    assert shown is not None
    assert shown.turns[-1].state == "done"


def test_facts_and_chips_lead_to_their_targets(open_chat: Open) -> None:
    chat = open_chat()
    bars = Target("bars", ticker="006800")
    chat.panel.view_model.ask("q")
    chat.assistant.finish(EVIDENCE, bars)
    chat.view.fact_clicked.emit(2, "f2")
    chat.view.chip_clicked.emit(2, 1)
    chat.view.fact_clicked.emit(2, "f9")
    chat.view.chip_clicked.emit(7, 1)
    assert chat.went == [bars, EVIDENCE]


def test_proposals_wait_for_the_click(open_chat: Open) -> None:
    chat = open_chat()
    chat.view.proposal_clicked.emit("p1")
    chat.view.proposal_undo.emit("p1")
    chat.view.stop_wanted.emit()
    assert [call for call in chat.assistant.calls if call[0] in ("apply", "undo", "stop")] == [("apply", "p1"), ("undo", "p1")]


# -- questions of other panels


def test_a_question_of_another_panel_waits_for_enter_unless_it_says_ask(open_chat: Open) -> None:
    chat = open_chat()
    field = chat.panel.input.field
    chat.panel.take_question(AskWish("미래에셋증권, 왜 A등급인가요?"))
    assert field.text() == "미래에셋증권, 왜 A등급인가요?"
    assert not chat.said("ask")
    assert field.hasFocus()
    chat.panel.take_question(AskWish("SK하이닉스, 왜 B등급인가요?"))
    assert field.text() == "SK하이닉스, 왜 B등급인가요?", "an untouched offer makes room for the next"
    chat.panel.take_question(AskWish("지금 시장은?", send=True))
    assert [call[1] for call in chat.said("ask")] == ["지금 시장은?"]
    assert field.text() == "SK하이닉스, 왜 B등급인가요?"


def test_a_draft_of_the_users_own_is_not_overwritten(open_chat: Open) -> None:
    chat = open_chat()
    chat.panel.input.field.set_text("내가 쓰던 글")
    chat.panel.take_question(AskWish("왜 A등급인가요?"))
    assert chat.panel.input.field.text() == "내가 쓰던 글\n왜 A등급인가요?"


# -- where links led


def test_an_address_is_shown_and_opened_only_by_a_click(open_chat: Open, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(chat_dock, "open_article", opened.append)
    chat = open_chat()
    url = "https://news.example.com/1?a=b"
    chat.link.landed.publish(Landing(Target("article", url=url), False, url=url))
    notice = chat.panel.notice
    assert notice.isVisible()
    assert url in notice.label.text()
    assert not opened
    qtbot.mouseClick(notice.action, Qt.MouseButton.LeftButton)
    assert opened == [url]
    assert not notice.isVisible()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "javascript:alert(1)", "http://user:pw@host/x"])
def test_an_address_that_is_no_web_page_is_never_offered(open_chat: Open, url: str) -> None:
    chat = open_chat()
    chat.link.landed.publish(Landing(Target("article", url=url), False, "chat.go.not_found.article", url))
    assert not chat.panel.notice.action.isVisible()
    assert url not in chat.panel.notice.label.text()


def test_a_missed_place_is_said_and_forgotten_with_the_next(open_chat: Open) -> None:
    chat = open_chat()
    chat.link.landed.publish(Landing(EVIDENCE, False, "chat.go.not_found.evidence"))
    assert "찾지 못했습니다" in chat.panel.notice.label.text()
    chat.link.landed.publish(Landing(EVIDENCE, True))
    assert not chat.panel.notice.isVisible()


# -- the key


def test_the_key_goes_to_the_store_and_nowhere_else(open_chat: Open) -> None:
    chat = open_chat()
    chat.panel.open_key_dialog()
    dialog = chat.panel._key_dialog
    assert dialog is not None
    assert dialog.field.echoMode() == QLineEdit.EchoMode.Password
    assert not dialog.save_button.isEnabled()
    QTest.keyClicks(dialog.field, "CANARY-KEY-1")
    dialog.save_button.click()
    assert chat.assistant.keys == ["CANARY-KEY-1"]
    assert dialog.field.text() == ""
    dialog.field.undo()
    assert dialog.field.text() == "", "undo does not bring it back"
    assert dialog.verdict.text().startswith("✓")
    texts = [dialog.verdict.text(), dialog.kept.text(), dialog.lead.text(), str(chat.panel.panel_state())]
    assert "CANARY-KEY-1" not in " ".join(texts) + str(chat.settings.values)


def test_the_exact_reason_of_a_refused_key_is_said(open_chat: Open) -> None:
    chat = open_chat()
    chat.panel.open_key_dialog()
    dialog = chat.panel._key_dialog
    assert dialog is not None
    chat.assistant.failure = refused_key()
    dialog.field.setText("wrong")
    dialog.save_button.click()
    assert dialog.field.text() == ""
    assert "google-genai 401" in dialog.verdict.text()
    assert dialog.verdict.text().startswith("✕")
    chat.assistant.failure = ProviderError("offline", provider="google-genai", key="error.model.network", retryable=True)
    dialog.check_button.click()
    assert "401" not in dialog.verdict.text()
    chat.assistant.failure = None
    dialog.check_button.click()
    assert dialog.verdict.text() == "✓ 키, 네트워크, 모델 이름이 모두 맞습니다."


def test_a_key_is_removed_and_what_was_typed_is_wiped_on_close(open_chat: Open) -> None:
    chat = open_chat(outside=False)
    chat.panel.open_key_dialog()
    dialog = chat.panel._key_dialog
    assert dialog is not None
    assert dialog.switch_note.isVisible(), "a key alone does nothing while nothing may leave"
    dialog.field.setText("half typed")
    dialog.close()
    assert dialog.field.text() == ""
    chat.panel.open_key_dialog()
    assert dialog.field.text() == ""
    dialog.remove_button.click()
    assert chat.assistant.keys == [""]
    assert dialog.verdict.text() == "키를 지웠습니다."
    assert not dialog.remove_button.isEnabled()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


# -- by keyboard and by ear


def test_everything_is_reached_by_tab_and_has_a_name(open_chat: Open, qtbot: Any) -> None:
    chat = open_chat()
    chat.work.select("006800", "signals")
    chat.link.shown.publish(("signals",))
    qtbot.waitUntil(lambda: bool(chat.panel.suggestions.chips()))
    chat.panel.input.field.set_text("q")
    qtbot.waitUntil(chat.panel.outgoing.more.isVisible)
    seen = []
    start = chat.panel.input.field
    start.setFocus()
    for _ in range(40):
        QTest.keyClick(chat.panel.focusWidget(), Qt.Key.Key_Tab)
        now = chat.panel.focusWidget()
        if now is start:
            break
        seen.append(now)
        assert now.accessibleName() or now.property("text"), now
    names = {widget.accessibleName() for widget in seen if widget is not None}
    assert {"보내기", "대화 목록", "새 대화", "밖으로 나갈 글을 그대로 보기", "묻는 종목: 미래에셋증권"} <= names
    assert {chip.accessibleName() for chip in chat.panel.suggestions.chips()} <= names


@pytest.mark.parametrize("zoom", [100, 150, 200])
@pytest.mark.parametrize("width", [360, 520, 900])
def test_nothing_overlaps_or_is_cut_at_any_width_and_zoom(open_chat: Open, look: Appearance, width: int, zoom: int) -> None:
    look.choose(zoom_pct=zoom)
    chat = open_chat(width=width, height=800)
    chat.work.select("006800", "signals")
    chat.link.shown.publish(("signals", "chart", "evidence"))
    chat.panel.input.field.set_text("가나다 " * 60)
    box = chat.panel.input
    parts = [box.chips.geometry(), box.field.geometry(), box.button.geometry()]
    for upper, lower in pairwise(parts):
        assert upper.bottom() < lower.top()
    assert box.rect().contains(box.button.geometry())
    assert chat.panel.rect().contains(box.mapTo(chat.panel, box.rect().bottomRight()))
    for chip in box.chips.items():
        assert chip.geometry().right() <= box.chips.width()
    assert box.button.width() >= box.button.sizeHint().width()


def test_hidden_it_hears_nothing(open_chat: Open) -> None:
    chat = open_chat()
    chat.panel.hide()
    before = len(chat.view.shown)
    chat.assistant.new_session()
    chat.work.select("000660", "x")
    assert len(chat.view.shown) == before
    chat.panel.show()
    assert len(chat.view.shown) == before + 1
    assert isinstance(chat.link, ChatLink)

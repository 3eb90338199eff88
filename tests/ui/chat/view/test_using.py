"""The conversation as a user works with it: pointing, clicking, typing, copying."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QHelpEvent, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip
from pytestqt.qtbot import QtBot

from engine.model.errors import ProviderError
from ralphstock_desktop.services.assistant_contracts import Paragraph, Proposal, Span, Turn
from ralphstock_desktop.ui.chat.body_view import BodyView
from ralphstock_desktop.ui.chat.conversation_view import ConversationView
from ralphstock_desktop.ui.chat.source_chips import OutlineButton
from tests.ui.chat.view import talk
from tests.ui.chat.view.conftest import Clock, OpenView, answer_of

LEFT = Qt.MouseButton.LeftButton


def point_at(body: BodyView, place: QPoint) -> None:
    """Move the pointer over a text (off-screen platforms deliver no moves of their own)."""
    spot = QPointF(place)
    event = QMouseEvent(QEvent.Type.MouseMove, spot, QPointF(body.viewport().mapToGlobal(place)), Qt.MouseButton.NoButton,
                        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier)  # fmt: skip
    QApplication.sendEvent(body.viewport(), event)


def one_answer(open_view: OpenView, **changes: object) -> ConversationView:
    view = open_view()
    view.show_conversation(talk.conversation(
        Turn(1, "user", "왜 S등급이야?", talk.at(33)), Turn(2, "assistant", "", talk.at(33), talk.answer(**changes))))  # fmt: skip
    return view


def test_a_click_on_a_number_names_its_fact(open_view: OpenView, qtbot: QtBot) -> None:
    view = one_answer(open_view)
    body = answer_of(view, 2).body
    with qtbot.waitSignal(view.fact_clicked) as told:
        QTest.mouseClick(body.viewport(), LEFT, pos=body.link_rect("f12").center())
    assert told.args == [2, "f12"]
    # The raised number of the source belongs to its value.
    right = QPoint(body.link_rect("f4").right() - 2, body.link_rect("f4").center().y())
    with qtbot.waitSignal(view.fact_clicked) as told:
        QTest.mouseClick(body.viewport(), LEFT, pos=right)
    assert told.args == [2, "f4"]


def test_a_click_beside_a_number_or_a_drag_over_it_opens_nothing(open_view: OpenView, qtbot: QtBot) -> None:
    view = one_answer(open_view)
    body = answer_of(view, 2).body
    rect = body.link_rect("f1")
    with qtbot.assertNotEmitted(view.fact_clicked):
        QTest.mouseClick(body.viewport(), LEFT, pos=QPoint(rect.left() - 8, rect.center().y()))
        QTest.mousePress(body.viewport(), LEFT, pos=QPoint(rect.left() + 1, rect.center().y()))
        QTest.mouseMove(body.viewport(), QPoint(rect.right() + 60, rect.center().y()))
        QTest.mouseRelease(body.viewport(), LEFT, pos=QPoint(rect.right() + 60, rect.center().y()))
    assert body.textCursor().hasSelection()


def test_pointing_at_a_number_shows_its_card(open_view: OpenView, qtbot: QtBot) -> None:
    view = one_answer(open_view)
    body = answer_of(view, 2).body
    with qtbot.waitSignal(view.link_hovered) as told:
        point_at(body, body.link_rect("f10").center())
    assert told.args == [2, "f10"]
    assert not view.card.isVisible(), "not at once: a pointer on its way elsewhere opens nothing"
    qtbot.waitUntil(view.card.isVisible)
    assert view.card.lines() == [
        "거래량비",
        "0.49배",
        "240만 ÷ 490만",
        "알려진 때 2026-05-04 15:40",
        "Enter 또는 클릭: 근거 열기",
    ]
    assert not view.card.geometry().contains(body.mapToGlobal(body.link_rect("f10").center()))
    point_at(body, QPoint(3, body.height() - 3))
    assert not view.card.isVisible()


def test_the_card_of_a_missing_and_of_a_quoted_value(open_view: OpenView, qtbot: QtBot) -> None:
    missing = talk.fact(1, "—", None, known_at_ns=None, formula="")
    quoted = talk.fact(2, "95,000원", "95,000원", "text", title="기사 제목", formula="", quoted=True)
    view = one_answer(
        open_view,
        facts=(missing, quoted),
        chips=(),
        blocks=(Paragraph((Span("—", fact="f1"), Span(" "), Span("95,000원", fact="f2"))),),
    )
    body = answer_of(view, 2).body
    point_at(body, body.link_rect("f1").center())
    qtbot.waitUntil(view.card.isVisible)
    assert view.card.lines()[1:3] == ["자료 없음", "알려진 시각 모름"]
    point_at(body, body.link_rect("f2").center())
    qtbot.waitUntil(lambda: "95,000원" in view.card.lines())
    assert "기사에 적힌 값입니다. 확인한 사실이 아닙니다" in view.card.lines()


def test_tab_walks_values_sources_offers_and_enter_opens(open_view: OpenView, qtbot: QtBot) -> None:
    view = one_answer(open_view)
    answer = answer_of(view, 2)
    answer.more.setFocus()
    seen: list[str] = []
    for _ in range(18 + 5 + 3):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        focus = QApplication.focusWidget()
        seen.append(focus.focused_fact() if isinstance(focus, BodyView) else focus.accessibleName())
    assert seen[:18] == [f"f{n}" for n in range(1, 19)]
    assert seen[18:] == [f"근거 {chip.number}: {chip.title}" for chip in talk.CHIPS] + [
        f"{offer.title}, 제안" for offer in talk.OFFERS
    ]
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Backtab)
    for _ in range(7):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Backtab)
    assert answer.body.focused_fact() == "f18"
    qtbot.waitUntil(lambda: view.card.isVisible() and "0점" in view.card.lines())
    with qtbot.waitSignal(view.fact_clicked) as told:
        QTest.keyClick(answer.body, Qt.Key.Key_Return)
    assert told.args == [2, "f18"]
    QTest.keyClick(answer.body, Qt.Key.Key_Escape)
    assert answer.body.focused_fact() == ""
    assert not view.card.isVisible()


def test_tab_comes_in_and_leaves_again(open_view: OpenView, look: object, qtbot: QtBot) -> None:
    from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

    from ralphstock_desktop.ui.appearance import Appearance

    assert isinstance(look, Appearance)
    window = QWidget()
    qtbot.addWidget(window)
    box = QVBoxLayout(window)
    before, view, after = QLineEdit(), ConversationView(look), QLineEdit()
    for widget in (before, view, after):
        box.addWidget(widget)
    window.resize(620, 700)
    with qtbot.waitExposed(window):
        window.show()
    with qtbot.waitActive(window):
        window.activateWindow()
    view.show_conversation(
        talk.conversation(
            Turn(1, "user", "질문", talk.at(1)), Turn(2, "assistant", "", talk.at(1), talk.plan_answer(refusal=None))
        )
    )
    after.setFocus()
    QTest.keyClick(after, Qt.Key.Key_Backtab)
    chip = answer_of(view, 2).chips[0]
    assert QApplication.focusWidget() is chip
    QTest.keyClick(chip, Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is after
    view.setFocus()
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert view.isAncestorOf(QApplication.focusWidget())
    before.setFocus()
    QTest.keyClick(before, Qt.Key.Key_Tab)
    user = view.turn_view(1)
    assert user is not None
    assert user.isAncestorOf(QApplication.focusWidget())
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Backtab)
    assert QApplication.focusWidget() is before
    window.close()


def test_the_focus_is_seen(open_view: OpenView) -> None:
    view = one_answer(open_view)
    body = answer_of(view, 2).body
    plain = body.grab().toImage()
    body.enter_by_keyboard(forward=True)
    image = body.grab().toImage()
    rect = body.link_rect("f1")
    ring = QPoint(rect.left() - 2, rect.center().y())
    assert image.pixelColor(ring) != plain.pixelColor(ring)
    QTest.mouseClick(body.viewport(), LEFT, pos=QPoint(body.width() - 5, body.height() - 5))
    edge = QPoint(1, body.height() // 2)
    assert body.grab().toImage().pixelColor(edge) == plain.pixelColor(edge), "who clicks knows where it is"
    QTest.keyClick(body, Qt.Key.Key_Home)
    assert body.grab().toImage().pixelColor(edge) == view._look.color("focus")
    chip = answer_of(view, 2).chips[0]
    before = chip.grab().toImage()
    chip.setFocus()
    assert chip.grab().toImage() != before


def test_sources_and_offers(open_view: OpenView, qtbot: QtBot) -> None:
    view = one_answer(open_view)
    answer = answer_of(view, 2)
    with qtbot.waitSignal(view.chip_clicked) as told:
        QTest.mouseClick(answer.chips[2], LEFT)
    assert told.args == [2, 3]
    with qtbot.waitSignal(view.proposal_clicked) as told:
        QTest.mouseClick(answer.proposals["p2"], LEFT)
    assert told.args == ["p2"]
    assert not answer.undos


def states(*kinds: str) -> tuple[Proposal, ...]:
    return tuple(Proposal(f"p{n}", "watch", f"일 {n}", "star", {}, kind) for n, kind in enumerate(kinds, 1))  # type: ignore[arg-type]


def test_what_was_done_is_undone_by_button_or_ctrl_z(open_view: OpenView, qtbot: QtBot) -> None:
    view = one_answer(open_view, proposals=states("done", "done", "failed", "undone"))
    answer = answer_of(view, 2)
    assert list(answer.undos) == ["p1", "p2"]
    assert not answer.proposals["p1"].isEnabled()
    assert answer.proposals["p3"].isEnabled()
    assert answer.proposals["p4"].isEnabled()
    assert answer.proposals["p3"].accessibleName() == "일 3, 하지 못함"
    with qtbot.waitSignal(view.proposal_undo) as told:
        QTest.mouseClick(answer.undos["p1"], LEFT)
    assert told.args == ["p1"]
    answer.body.setFocus()
    with qtbot.waitSignal(view.proposal_undo) as told:
        QTest.keyClick(answer.body, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert told.args == ["p2"]


def test_ctrl_z_undoes_what_was_clicked_last(open_view: OpenView, qtbot: QtBot) -> None:
    view = one_answer(open_view, proposals=states("offered", "offered"))
    for name in ("p2", "p1"):
        QTest.mouseClick(answer_of(view, 2).proposals[name], LEFT)
    view.show_conversation(talk.conversation(
        Turn(1, "user", "왜 S등급이야?", talk.at(33)),
        Turn(2, "assistant", "", talk.at(33), talk.answer(proposals=states("done", "done")))))  # fmt: skip
    answer_of(view, 2).body.setFocus()
    for expected in ("p1", "p2"):
        with qtbot.waitSignal(view.proposal_undo) as told:
            QTest.keyClick(answer_of(view, 2).body, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert told.args == [expected]


def clipboard() -> tuple[str, str]:
    data = QGuiApplication.clipboard().mimeData()
    return data.text(), bytes(data.data("text/markdown").data()).decode()


def test_copying_a_selection_by_mouse_and_keyboard(open_view: OpenView) -> None:
    view = one_answer(open_view)
    body = answer_of(view, 2).body
    QTest.mouseDClick(body.viewport(), LEFT, pos=QPoint(12, body.link_rect("f1").center().y()))
    QTest.keyClick(body, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard() == ("총점", "총점")
    QTest.keyClick(body, Qt.Key.Key_Home)
    for _ in range(8):
        QTest.keyClick(body, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(body, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard()[0] == "총점 82.8", "the raised number is no part of the words"
    QTest.keyClick(body, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(body, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    plain, marked = clipboard()
    assert plain.startswith("총점 82.8로 S 기준 80을 2.8점 넘습니다.")
    assert "- 수축이 네 번, 27.6%" in marked
    assert "**걸리는 점**" in marked


def test_copying_a_whole_message(open_view: OpenView, qtbot: QtBot) -> None:
    view = one_answer(open_view)
    body = answer_of(view, 2).body
    body.setFocus()
    with qtbot.waitSignal(view.copy_wanted) as told:
        QTest.keyClick(body, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert told.args == [2]
    plain, marked = clipboard()
    assert plain.endswith("본 정보는 참고용이며 투자 판단과 책임은 이용자에게 있습니다.")
    assert marked.endswith("*본 정보는 참고용이며 투자 판단과 책임은 이용자에게 있습니다.*")
    assert "82.8¹" not in plain


def menu_texts(view: ConversationView, n: int) -> list[str]:
    turn = view.turn_view(n)
    assert turn is not None
    QTest.mouseClick(turn.more, LEFT)
    texts = [action.text() for action in turn.menu.actions() if not action.isSeparator()]
    turn.menu.close()
    return texts


def test_menus_of_messages(open_view: OpenView, qtbot: QtBot) -> None:
    view = one_answer(open_view)
    assert menu_texts(view, 1) == ["메시지 복사", "고쳐서 다시 묻기"]
    assert menu_texts(view, 2) == [
        "메시지 복사", "다시 묻기", "gemini-2.5-flash", "토큰 입력 2,412 · 출력 318", "비용 $0.0015", "첫 글자 0.4초 · 전체 2.1초"]  # fmt: skip
    user, answer = view.turn_view(1), answer_of(view, 2)
    assert user is not None
    with qtbot.waitSignal(view.edit_wanted) as told:
        next(action for action in user.menu.actions() if action.text() == "고쳐서 다시 묻기").trigger()
    assert told.args == [1]
    with qtbot.waitSignal(view.retry_wanted) as told:
        next(action for action in answer.menu.actions() if action.text() == "다시 묻기").trigger()
    assert told.args == [2]


def test_the_refused_sentence_is_shown_only_on_request(open_view: OpenView, qtbot: QtBot) -> None:
    view = open_view()
    view.show_conversation(
        talk.conversation(Turn(1, "user", "목표주가는?", talk.at(1)), Turn(2, "assistant", "", talk.at(1), talk.plan_answer()))
    )
    answer = answer_of(view, 2)
    block = answer.refusal
    assert block is not None
    assert block.body is None
    assert "95,000" not in answer.plain() + answer.markdown() + answer.accessibleDescription()
    tall = answer.height()
    QTest.mouseClick(block.button, LEFT)
    assert block.body is not None
    assert block.body.isVisible()
    assert answer.height() > tall
    struck = [part for part in _formats(block.body) if part[1]]
    assert struck == [("95,000원", True)]
    assert "95,000원" in block.text(), "and said to be without a source"
    assert block.geometry().bottom() <= answer.chips[0].y()
    assert "95,000" not in answer.markdown(), "what is copied holds no word without a source"
    QTest.mouseClick(block.button, LEFT)
    assert not block.body.isVisible()
    assert answer.height() == tall
    assert view.grab().width() == view.width()


def _formats(body: BodyView) -> list[tuple[str, bool]]:
    found, block = [], body.document().begin()
    while block.isValid():
        iterator = block.begin()
        while not iterator.atEnd():
            fragment = iterator.fragment()
            found.append((fragment.text(), fragment.charFormat().fontStrikeOut()))
            iterator += 1
        block = block.next()
    return found


def test_a_failure_counts_down_and_asks_again(open_view: OpenView, clock: Clock, qtbot: QtBot) -> None:
    view = open_view()
    error = talk.quota(12_000)
    turns = (
        Turn(1, "user", "다시", talk.at(36)),
        Turn(2, "assistant", "", talk.at(36), talk.plan_answer(refusal=None), error=error),
    )
    view.show_conversation(talk.conversation(*turns))
    block = answer_of(view, 2).error
    assert block is not None
    assert block.head.endswith("[gemini 429]")
    assert block.button.text() == "12초 뒤 다시 묻기"
    assert not block.button.isEnabled()
    clock.ms += 5_000
    qtbot.waitUntil(lambda: block.button.text() == "7초 뒤 다시 묻기", timeout=10_000)
    clock.ms += 8_000
    qtbot.waitUntil(block.button.isEnabled, timeout=10_000)
    assert block.button.text() == "다시 묻기"
    with qtbot.waitSignal(view.retry_wanted) as told:
        QTest.mouseClick(block.button, LEFT)
    assert told.args == [2]


def test_an_old_failure_waits_no_more_and_a_final_one_has_no_retry(open_view: OpenView, clock: Clock) -> None:
    view = open_view()
    clock.ms += 3_600_000
    final = ProviderError("no", provider="gemini", retryable=False, key="error.model.key")
    view.show_conversation(talk.conversation(
        Turn(1, "assistant", "", talk.at(36), talk.plan_answer(refusal=None), error=talk.quota(12_000)),
        Turn(2, "assistant", "", talk.at(37), talk.plan_answer(refusal=None), error=final)))  # fmt: skip
    first, second = answer_of(view, 1).error, answer_of(view, 2).error
    assert first is not None
    assert second is not None
    assert first.button.isEnabled()
    assert not second.button.isVisible()


def test_waiting_can_be_stopped(open_view: OpenView, qtbot: QtBot) -> None:
    view = open_view()
    turns = (Turn(1, "user", "비교해 줘", talk.at(1)), Turn(2, "assistant", "", talk.at(1), state="waiting"))
    view.show_conversation(talk.conversation(*turns))
    answer = answer_of(view, 2)
    assert answer.stop_button.isVisible()
    with qtbot.waitSignal(view.stop_wanted):
        QTest.mouseClick(answer.stop_button, LEFT)
    view.show_update(talk.update(2, talk.TEXT[:1]))
    view.show_conversation(talk.conversation(turns[0], Turn(2, "assistant", "", talk.at(1), state="stopped")))
    assert not answer.stop_button.isVisible()
    assert "멈춤" in answer.head.texts()
    assert answer.plain().startswith("총점 82.8로"), "what had arrived stays"


def test_why_a_word_is_struck_is_told_by_pointing(open_view: OpenView, monkeypatch: pytest.MonkeyPatch) -> None:
    view = open_view()
    blocks = (Paragraph((Span("목표 "), Span("95,000원", struck="chat_view.card.quoted"))),)
    view.show_conversation(
        talk.conversation(Turn(1, "assistant", "", talk.at(1), talk.plan_answer(blocks=blocks, refusal=None)))
    )
    body = answer_of(view, 1).body
    shown: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda _place, text, _widget: shown.append(text))
    place = QPoint(60, 14)
    QApplication.sendEvent(body.viewport(), QHelpEvent(QEvent.Type.ToolTip, place, body.mapToGlobal(place)))
    assert shown and "기사에 적힌 값입니다" in shown[0]
    assert body.tip_at(QPoint(8, 14)) == ""


def test_long_words_of_a_source_are_elided_and_told(open_view: OpenView) -> None:
    view = open_view(360)
    button = OutlineButton(view._look, "chip", view)
    button.set_words("아주 긴 기사 제목이 붙은 근거 " * 4, icon="news", number="1")
    button.resize(200, 20)
    button.grab()
    assert button.toolTip() == button.text()


def test_texts_that_do_not_fit_keep_no_answer_away(open_view: OpenView) -> None:
    view = open_view()
    refusal = talk.Refusal("chat_view.as_of", 2, (), {})  # the text wants a field that is not there
    notes = (("assistant.no.such.key", {}), ("chat_view.as_of", {"time": "05-04"}))
    view.show_conversation(
        talk.conversation(Turn(1, "assistant", "", talk.at(1), talk.plan_answer(refusal=refusal, notes=notes)))
    )
    answer = answer_of(view, 1)
    assert answer.refusal is not None
    assert answer.refusal.head == "모델의 답을 내보내지 않았습니다"
    assert not answer.refusal.button.isVisible(), "nothing to show"
    assert "assistant.no.such.key" in answer.plain()
    assert "05-04 기준" in answer.plain()


def test_a_click_on_a_chart_opens_its_fact(open_view: OpenView, qtbot: QtBot) -> None:
    view = one_answer(open_view, blocks=(talk.LINE,))
    body = answer_of(view, 2).body
    rect = body.link_rect("f12")
    for place in (rect.center(), QPoint(rect.left() + 20, rect.top() + 50), QPoint(rect.right() - 60, rect.bottom() - 20)):
        with qtbot.waitSignal(view.fact_clicked, timeout=10_000) as told:
            QTest.mouseClick(body.viewport(), LEFT, pos=place)
        assert told.args == [2, "f12"]


def test_a_right_click_on_the_text_opens_the_menu_of_the_message(open_view: OpenView) -> None:
    view = one_answer(open_view)
    answer = answer_of(view, 2)
    place = QPoint(30, 14)
    QApplication.sendEvent(
        answer.body.viewport(), QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, answer.body.mapToGlobal(place))
    )
    assert answer.menu.isVisible()
    answer.menu.close()


def test_asking_again_begins_with_an_empty_answer(open_view: OpenView) -> None:
    view = one_answer(open_view)
    question = Turn(1, "user", "왜 S등급이야?", talk.at(33))
    view.show_conversation(talk.conversation(question, Turn(2, "assistant", "", talk.at(40), state="waiting")))
    answer = answer_of(view, 2)
    assert answer.plain() == ""
    assert not answer.body.isVisible()
    assert not answer.chips
    assert answer.stop_button.isVisible()
    view.show_update(talk.update(2, talk.TEXT[:1]))
    assert answer.plain().startswith("총점")


def test_a_title_that_looks_like_html_is_told_as_it_is(open_view: OpenView) -> None:
    view = open_view(360)
    button = OutlineButton(view._look, "chip", view)
    button.set_words('<img src="http://example.com/x.png"> & 기사 제목 ' * 4, icon="news")
    button.resize(120, 20)
    button.grab()
    assert "<img" not in button.toolTip()
    assert button.toolTip().startswith("<qt>&lt;img src=")
    assert "&amp;" in button.toolTip()


def test_what_the_program_is_set_to_is_not_said_under_every_answer(open_view: OpenView) -> None:
    view = open_view()
    notes: tuple[tuple[str, dict[str, str | int | float]], ...] = (("assistant.note.off", {}), ("assistant.note.length", {}))
    shown = talk.answer(source="template", usage=None, notes=notes)
    view.show_conversation(talk.conversation(Turn(1, "user", "왜?", talk.at(1)), Turn(2, "assistant", "", talk.at(1), shown)))
    answer = answer_of(view, 2)
    assert "답이 길이 한도에서 끊겼습니다." in answer.plain()
    assert "서식 답변을 씁니다" not in answer.plain()
    assert "밖으로 내보내지 않는 설정이라 서식 답변을 씁니다." in answer.head.tip_of("서식 답변")

"""What the conversation shows while it grows, scrolls, narrows and changes its look."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ralphstock_desktop.services.assistant_contracts import Conversation, Paragraph, Span, Turn
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.conversation_view import ConversationView
from tests.ui.chat.view import talk
from tests.ui.chat.view.conftest import OpenView, answer_of


def long_talk(turns: int, *, streaming: bool = False) -> Conversation:
    made = []
    for n in range(1, turns + 1, 2):
        last = streaming and n + 2 > turns
        made.append(Turn(n, "user", f"{n}번째 질문", talk.at(n % 60)))
        made.append(
            Turn(n + 1, "assistant", "", talk.at(n % 60), None if last else talk.answer(), state="waiting" if last else "done")
        )
    return talk.conversation(*made)


def bar_of(view: ConversationView):  # type: ignore[no-untyped-def]
    return view._area.verticalScrollBar()


def made(view: ConversationView, turns: int) -> list[int]:
    return [n for n in range(1, turns + 1) if view.turn_view(n) is not None]


def on_screen(view: ConversationView) -> QImage:
    """What has really been painted so far, from the window's own store."""
    QApplication.processEvents()
    return view.screen().grabWindow(view.winId()).toImage().convertToFormat(QImage.Format.Format_RGB32)


def wheel(view: ConversationView, steps: int) -> None:
    spot = QPointF(view.width() / 2, view.height() / 2)
    event = QWheelEvent(spot, QPointF(view.mapToGlobal(spot.toPoint())), QPoint(), QPoint(0, 120 * steps), Qt.MouseButton.NoButton,
                        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False)  # fmt: skip
    QApplication.sendEvent(view._area.viewport(), event)


def test_only_what_is_near_is_made(open_view: OpenView) -> None:
    view = open_view()
    view.show_conversation(long_talk(200))
    assert bar_of(view).value() == bar_of(view).maximum()
    assert len(made(view, 200)) < 16
    assert 200 in made(view, 200)
    view.scroll_to(100)
    assert {99, 100} <= set(made(view, 200))
    assert len(made(view, 200)) < 32


def test_scrolling_up_through_estimates_does_not_jump(open_view: OpenView) -> None:
    """Heights become known on the way; a message in sight moves by exactly what was scrolled."""
    view = open_view()
    view.show_conversation(long_talk(60))
    for _ in range(25):
        top = next(n for n in range(1, 61) if (seen := view.turn_view(n)) is not None and _place(view, n) >= 0)
        before, value = _place(view, top), bar_of(view).value()
        wheel(view, 1)
        after = _place(view, top)
        assert 0 < after - before <= view._look.px(24) * 3 + 1, (top, before, after, value)
    assert seen is not None


def _place(view: ConversationView, n: int) -> int:
    found = view.turn_view(n)
    assert found is not None
    return found.mapTo(view, QPoint(0, 0)).y()


def test_the_end_is_followed_only_from_the_end(open_view: OpenView) -> None:
    view = open_view()
    view.show_conversation(long_talk(12, streaming=True))
    states = talk.growing(talk.long_answer(1_200), 24)
    for state in states[:8]:
        view.show_update(talk.update(12, state))
        assert bar_of(view).value() == bar_of(view).maximum()
        assert view.at_end()
    wheel(view, 6)
    assert not view.at_end()
    top = next(n for n in range(1, 13) if view.turn_view(n) is not None and _place(view, n) >= 0)
    held = _place(view, top)
    for state in states[8:]:
        view.show_update(talk.update(12, state))
        assert _place(view, top) == held
    assert view.end_button.isVisible()
    view.end_button.click()
    assert bar_of(view).value() == bar_of(view).maximum()
    assert not view.end_button.isVisible()


def test_the_finished_answer_does_not_move_a_reader_who_scrolled_up(open_view: OpenView) -> None:
    view = open_view()
    turns = long_talk(12, streaming=True).turns
    view.show_conversation(talk.conversation(*turns))
    view.show_update(talk.update(12, talk.TEXT))
    view.scroll_to(5)
    held = _place(view, 5)
    view.show_conversation(talk.conversation(*turns[:-1], Turn(12, "assistant", "", turns[-1].created_ns, talk.answer())))
    assert _place(view, 5) == held


def test_who_asks_is_taken_to_the_end(open_view: OpenView) -> None:
    view = open_view()
    turns = long_talk(12).turns
    view.show_conversation(talk.conversation(*turns))
    view.scroll_to(1)
    view.show_conversation(
        talk.conversation(*turns, Turn(13, "user", "또", talk.at(40)), Turn(14, "assistant", "", talk.at(40), state="waiting"))
    )
    assert view.at_end()
    assert bar_of(view).value() == bar_of(view).maximum()


def test_an_answer_that_comes_whole_is_read_from_its_question_on(open_view: OpenView) -> None:
    view = open_view(height=260)
    turns = long_talk(6).turns
    view.show_conversation(talk.conversation(*turns))
    asked = Turn(7, "user", "왜 이 등급이야?", talk.at(40))
    view.show_conversation(talk.conversation(*turns, asked, Turn(8, "assistant", "", talk.at(40), state="waiting")))
    whole = Turn(8, "assistant", "", talk.at(40), talk.answer(source="template", usage=None))
    view.show_conversation(talk.conversation(*turns, asked, whole))
    assert _place(view, 7) == 0
    assert not view.at_end()


def test_a_whole_answer_that_fits_stays_at_the_end(open_view: OpenView) -> None:
    view = open_view(height=900)
    turns = long_talk(8, streaming=True).turns
    view.show_conversation(talk.conversation(*turns))
    whole = Turn(8, "assistant", "", talk.at(7), talk.answer(source="template", usage=None))
    view.show_conversation(talk.conversation(*turns[:-1], whole))
    assert bar_of(view).value() == bar_of(view).maximum() > 0
    assert view.at_end()


def test_other_messages_stay_untouched_while_one_arrives(open_view: OpenView, monkeypatch: pytest.MonkeyPatch) -> None:
    view = open_view()
    view.show_conversation(long_talk(12, streaming=True))
    laid: list[int] = []
    for n in made(view, 12):
        turn = view.turn_view(n)
        assert turn is not None
        monkeypatch.setattr(turn, "lay_out", lambda width, turn=turn, n=n: (laid.append(n), type(turn).lay_out(turn, width))[1])
    for state in talk.growing(talk.TEXT, 10):
        view.show_update(talk.update(12, state))
    assert set(laid) == {12}
    same = {n: view.turn_view(n) for n in made(view, 12)}
    view.show_conversation(long_talk(12, streaming=True))
    assert {n: view.turn_view(n) for n in made(view, 12)} == same
    assert set(laid) == {12}


def test_what_was_painted_bit_by_bit_is_the_whole_picture(open_view: OpenView) -> None:
    """Only changed parts are painted while an answer grows: the screen must look as if all of it had been painted."""
    view = open_view(520, 500)
    view.show_conversation(long_talk(8, streaming=True))
    on_screen(view)
    for step, state in enumerate(talk.growing((*talk.TEXT, *talk.RICH), 40)):
        view.show_update(talk.update(8, state))
        screen = on_screen(view)
        if step % 4 == 3:
            view.update()
            for child in view.findChildren(type(view._area.content)):
                child.update()
            whole = on_screen(view)
            assert screen == whole, f"step {step}"


def test_a_selection_stays_while_the_answer_grows(open_view: OpenView) -> None:
    view = open_view()
    view.show_conversation(long_talk(2, streaming=True))
    states = talk.growing(talk.TEXT, 12)
    view.show_update(talk.update(2, states[3]))
    body = answer_of(view, 2).body
    QTest.mouseDClick(body.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(12, 14))
    assert body.textCursor().selectedText() == "총점"
    for state in states[4:]:
        view.show_update(talk.update(2, state))
    assert body.textCursor().selectedText() == "총점"


def test_updates_before_and_after_their_turn(open_view: OpenView) -> None:
    view = open_view()
    view.show_conversation(talk.conversation(Turn(1, "user", "질문", talk.at(1))))
    view.show_update(talk.update(2, talk.TEXT[:1], "chat_view.retry"))
    answer = answer_of(view, 2)
    assert answer.going_on
    view.show_conversation(
        talk.conversation(Turn(1, "user", "질문", talk.at(1)), Turn(2, "assistant", "", talk.at(1), talk.answer()))
    )
    assert answer_of(view, 2).body.text().startswith("총점 82.8로")
    view.show_update(talk.update(2, talk.TEXT[:1]))
    assert "걸리는 점" in answer_of(view, 2).body.text(), "a late update does not cut a finished answer"


def test_turns_dropped_and_sessions_changed(open_view: OpenView) -> None:
    view = open_view()
    view.show_conversation(long_talk(6))
    view.show_conversation(long_talk(2))
    assert view.turn_view(3) is None
    view.show_conversation(talk.conversation(Turn(1, "user", "다른 대화", talk.at(1)), session="s2"))
    first = view.turn_view(1)
    assert first is not None
    assert first.plain() == "다른 대화"
    view.show_conversation(None)
    assert view.turn_view(1) is None
    assert bar_of(view).maximum() == 0


def clipped(view: ConversationView, n: int) -> list[str]:
    """Lines of a message that stick out of its text at the right."""
    body = answer_of(view, n).body
    document, limit = body.document(), body.viewport().width()
    found, block = [], document.begin()
    while block.isValid():
        left = document.documentLayout().blockBoundingRect(block).left()
        for number in range(block.layout().lineCount()):
            line = block.layout().lineAt(number)
            if left + line.naturalTextRect().right() > limit + 1:
                found.append(block.text())
        block = block.next()
    return found


@pytest.mark.parametrize("zoom", [100, 150, 200])
@pytest.mark.parametrize("width", [360, 420, 700, 900])
def test_nothing_sticks_out_at_any_width_and_zoom(open_view: OpenView, look: Appearance, width: int, zoom: int) -> None:
    look.choose(zoom_pct=zoom)
    view = open_view(width, 900)
    view.show_conversation(talk.picture())
    for n in (2, 4, 6, 8):
        view.scroll_to(n)
        answer = answer_of(view, n)
        assert not clipped(view, n)
        for widget in answer.focusables():
            right = widget.mapTo(answer, QPoint(widget.width(), 0)).x()
            assert right <= answer.width(), widget.accessibleName()
        user = view.turn_view(n - 1)
        assert user is not None
        assert user.body.geometry().left() > 0  # type: ignore[attr-defined]


def test_a_long_question_wraps_at_narrow_width(open_view: OpenView) -> None:
    view = open_view(360)
    text = "아주긴질문을띄어쓰기없이적으면어떻게되는지보려고합니다" * 3
    view.show_conversation(talk.conversation(Turn(1, "user", text, talk.at(1))))
    user = view.turn_view(1)
    assert user is not None
    body = user.body  # type: ignore[attr-defined]
    block = body.document().begin()
    assert block.layout().lineCount() >= 4
    assert all(
        block.layout().lineAt(i).naturalTextRect().right() <= body.viewport().width() for i in range(block.layout().lineCount())
    )


def test_theme_language_and_zoom_change_live(open_view: OpenView, look: Appearance) -> None:
    view = open_view()
    view.show_conversation(talk.picture())
    view.scroll_to(6)
    answer = answer_of(view, 6)
    assert answer.refusal is not None
    answer.refusal.toggle()
    dark = view.grab().toImage()
    assert "서식 답변" in answer.head.texts()
    look.choose(theme="light", language="en")
    assert "Template" in answer.head.texts()
    assert answer.refusal.button.text() == "Hide original"
    light = view.grab().toImage()
    spot = QPoint(view.width() // 2, _place(view, 6) + 3)
    assert light.pixelColor(spot).name().upper() == look.hex("bg-panel").upper()
    assert dark.pixelColor(spot) != light.pixelColor(spot)
    tall = answer.height()
    look.choose(zoom_pct=150)
    assert answer.height() > tall * 1.3
    # A message out of sight changes when it comes back into sight.
    view.scroll_to(1)
    assert "Answer" in answer_of(view, 2).head.texts()


def test_every_message_has_a_name_and_a_text_to_read_aloud(open_view: OpenView) -> None:
    view = open_view(620, 2_000)
    view.show_conversation(talk.picture())
    names, texts = {}, {}
    for n in range(1, 11):
        view.scroll_to(n)
        turn = view.turn_view(n)
        assert turn is not None
        names[n], texts[n] = turn.accessibleName(), turn.accessibleDescription()
    assert names[1] == "내 질문 18:33"
    assert names[2] == "답변, 2026-05-04 (월) 18:32 기준"
    assert names[10] == "답변 작성 중"
    assert texts[1] == "미래에셋증권은 왜 S등급이야? 걸리는 점은?"
    assert "40일 동안 62,000원에서 70,300원으로 올랐습니다" in texts[4], "a chart is told in words"
    assert "미래에셋증권\t70,300원" in texts[4]
    assert "사용 한도" in texts[8] or "[gemini 429]" in texts[8]
    view.scroll_to(2)
    for widget in answer_of(view, 2).focusables():
        assert widget.accessibleName()


def test_a_message_is_given_the_keyboard(open_view: OpenView) -> None:
    view = open_view()
    view.show_conversation(long_talk(40))
    view.focus_turn(6)
    assert QApplication.focusWidget() is answer_of(view, 6).body
    assert 0 <= _place(view, 6) < view.height()
    QTest.keyClick(answer_of(view, 6).body, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    user = view.turn_view(5)
    assert user is not None
    assert user.isAncestorOf(QApplication.focusWidget())
    value = bar_of(view).value()
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_PageDown)
    assert bar_of(view).value() > value


def test_the_keyboard_brings_unmade_messages_into_sight(open_view: OpenView) -> None:
    view = open_view()
    view.show_conversation(long_talk(60))
    view.focus_turn(4)
    seen = set()
    for _ in range(60):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        focus = QApplication.focusWidget()
        holder = view._walk.holder()
        seen.add(view._slots.all[holder].turn.n)
        top = focus.mapTo(view, QPoint(0, 0)).y()
        assert top < view.height()
        assert top + focus.height() > 0
    assert max(seen) >= 6


def test_chart_without_values_says_so(open_view: OpenView) -> None:
    from dataclasses import replace

    view = open_view()
    empty = replace(talk.LINE, values=tuple(float("nan") for _ in talk.LINE.values), fact="")
    one = replace(talk.LINE, values=(70_300.0,), days=talk.LINE.days[:1])
    bars = replace(talk.BARS, values=(0.0,), days=talk.BARS.days[:1])
    nothing = replace(talk.BARS, values=(), days=())
    view.show_conversation(
        talk.conversation(Turn(1, "assistant", "", talk.at(1), talk.answer(blocks=(empty, one, bars, nothing))))
    )
    assert view.grab().height() == view.height()
    assert answer_of(view, 1).body.link_rect("f12").height() >= view._look.px(100), "the chart opens the big one"


def test_a_rising_line_and_a_falling_one_have_the_colours_of_the_direction(open_view: OpenView, look: Appearance) -> None:
    from dataclasses import replace

    view = open_view()
    for values, token in (((1.0, 2.0), "gain"), ((2.0, 1.0), "loss")):
        chart = replace(talk.LINE, values=values, days=talk.LINE.days[:2])
        view.show_conversation(
            talk.conversation(Turn(1, "assistant", "", talk.at(1), talk.answer(blocks=(chart,))), session=token)
        )
        image = answer_of(view, 1).body.grab().toImage()
        colours = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(20, image.height())}
        assert look.hex(token).lower() in colours
        other = "loss" if token == "gain" else "gain"
        assert look.hex(other).lower() not in colours


def test_empty_lines_and_code_keep_their_places(open_view: OpenView, qtbot: QtBot) -> None:
    view = open_view()
    view.show_conversation(
        talk.conversation(Turn(1, "assistant", "첫 줄\n둘째 줄", talk.at(1)), Turn(2, "user", "가\n나", talk.at(2)))
    )
    assert answer_of(view, 1).body.text() == "첫 줄\n둘째 줄"
    assert Paragraph((Span("첫 줄\n둘째 줄"),)) == answer_of(view, 1).body.content.blocks[0]
    qtbot.wait(1)


def test_a_hidden_view_catches_up_when_it_is_shown(open_view: OpenView) -> None:
    view = open_view()
    view.show_conversation(long_talk(2, streaming=True))
    view.show_update(talk.update(2, talk.TEXT[:1]))
    body = answer_of(view, 2).body
    view.hide()
    written = body.content.written
    for state in talk.growing(talk.TEXT, 20):
        view.show_update(talk.update(2, state))
    assert body.content.written == written, "nothing is laid out where nobody looks"
    view.show()
    assert body.text().endswith("부족해 판단할 수 없습니다.")
    assert answer_of(view, 2).height() > 150

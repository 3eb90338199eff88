"""Alerts are changed where they are listed: by double click, F2, button and menu, in the editor they were made with; and back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ralphstock_desktop.assistant_ports import AlertRule
from ralphstock_desktop.ui.dialogs.alert_rule import AlertRuleDialog
from tests.ui.watch.desk import WatchDesk, drive
from tests.ui.watch.test_watch_alerts import choose, code, set_three_alerts, shown

UP, DOWN, SCORE = "가격 ≥ 35,500원", "가격 ≤ 33,650원", "VCP 총점 ≥ 99.0점"


@pytest.fixture
def page(desk: WatchDesk) -> WatchDesk:
    """삼성물산 trades at 35,400; three alerts, the oldest of them told."""
    set_three_alerts(desk)
    desk.panel.show_page("alerts")
    desk.settle()
    return desk


def rules(desk: WatchDesk) -> list[AlertRule]:
    """What is stored, oldest number first."""
    return sorted(desk.work.store.alert_rules(), key=lambda rule: rule.id)


def edit(desk: WatchDesk, words: str) -> AlertRuleDialog:
    """Choose an alert and press F2."""
    choose(desk, shown(desk, "rule").index(words))
    QTest.keyClick(desk.panel.alerts.view, Qt.Key.Key_F2)
    assert desk.panel.editor is not None and desk.panel.editor.isVisible()
    return desk.panel.editor


def save(desk: WatchDesk, dialog: AlertRuleDialog) -> None:
    QTest.keyClick(dialog.value, Qt.Key.Key_Return)
    desk.settle()


def test_every_way_in_opens_the_editor_with_what_the_alert_holds(page: WatchDesk) -> None:
    view, model = page.panel.alerts.view, page.panel.alerts.model
    opened: list[str] = []
    page.panel.alerts.opened.connect(opened.append)
    row = shown(page, "rule").index(UP)
    choose(page, row)

    def double_click() -> None:
        place = view.visualRect(model.index(row, 1)).center()
        QTest.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)

    def from_menu() -> None:
        menu = page.panel.alerts.menu()
        next(action for action in menu.actions() if action.text() == "수정…").trigger()
        menu.close()

    ways = (
        double_click,
        lambda: QTest.keyClick(view, Qt.Key.Key_F2),
        lambda: QTest.mouseClick(page.panel.alerts.buttons["edit"], Qt.MouseButton.LeftButton),
        from_menu,
    )
    for way in ways:
        way()
        dialog = page.panel.editor
        assert dialog is not None and dialog.windowTitle() == "알림 수정" and dialog.ok.text() == "저장"
        assert dialog.symbol.text() == f"삼성물산 {code(page, 1)}" and dialog.ticker == code(page, 1)
        held = (dialog.quantity.currentData(), dialog.op.currentData(), dialog.value.text(), dialog.note.text())
        assert held == ("price", ">=", "35,500", "돌파")
        assert dialog.focusWidget() is dialog.value and dialog.value.selectedText() == "35,500"
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
        page.settle()
        assert page.panel.editor is None
    assert opened == [], "no chart comes with it"
    assert not page.vm.undos, "given up, nothing changed"


def test_a_double_click_beside_the_rows_opens_nothing(page: WatchDesk) -> None:
    view = page.panel.alerts.view
    QTest.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.viewport().rect().bottomLeft())
    assert page.panel.editor is None


def test_a_changed_alert_is_armed_again_says_so_and_can_be_brought_back(page: WatchDesk) -> None:
    before = rules(page)
    dialog = edit(page, UP)
    assert "다시 켜집니다" in dialog.hint.text() and dialog.hint.isVisible(), "the alert has been told"
    dialog.value.setText("36,000")
    save(page, dialog)
    assert page.panel.editor is None
    assert sorted(zip(shown(page, "rule"), shown(page, "state"), strict=True))[1:] == [
        ("가격 ≤ 33,650원", "기다림"), ("가격 ≥ 36,000원", "기다림"),
    ]  # fmt: skip
    current = page.panel.alerts.current()
    assert current is not None and current.value == 36_000, "it stays the chosen one"
    assert "지금부터 기다립니다" in page.panel.undo_line.text.text() and page.panel.undo_line.isVisible()
    assert "기다림 3" in page.panel.subtitle
    QTest.keyClick(page.panel.alerts.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    page.settle()
    if rules(page) != before:  # the offscreen window may not be active, and a shortcut needs that
        QTest.mouseClick(page.panel.undo_line.button, Qt.MouseButton.LeftButton)
    assert rules(page) == before and "울림 07-01 10:42" in shown(page, "state")


def test_quantity_and_symbol_can_be_changed_and_the_own_value_comes_back_with_the_own_quantity(page: WatchDesk) -> None:
    dialog = edit(page, DOWN)
    dialog.quantity.setCurrentIndex(2)
    assert dialog.value.text() == "400,000", "the volume now"
    dialog.quantity.setCurrentIndex(0)
    assert dialog.value.text() == "33,650" and dialog.op.currentData() == "<="
    dialog.choose(code(page, 7))
    dialog.quantity.setCurrentIndex(3)
    dialog.op.setCurrentIndex(0)
    dialog.value.setText("95")
    save(page, dialog)
    changed = rules(page)[1]
    assert (changed.ticker, changed.quantity, changed.op, changed.value) == (code(page, 7), "score", ">=", 95)


def test_another_note_leaves_the_alert_told(page: WatchDesk) -> None:
    dialog = edit(page, UP)
    dialog.note.setText("전고점")
    save(page, dialog)
    assert shown(page, "state").count("기다림") == 2 and "전고점" in shown(page, "note")
    assert "메모" in page.panel.undo_line.text.text()
    page.vm.undo()
    assert "돌파" in shown(page, "note")


def test_nothing_changed_is_no_step(page: WatchDesk) -> None:
    before = rules(page)
    save(page, edit(page, DOWN))
    assert rules(page) == before and not page.vm.undos and page.panel.editor is None


def test_a_value_finer_than_it_is_written_is_kept_unless_it_is_touched(page: WatchDesk) -> None:
    fine = drive(page.work.watch.add_alert(code(page, 1), "change_pct", "<=", -12.3456))
    page.settle()
    dialog = edit(page, "등락률 ≤ −12.35%")
    dialog.note.setText("x")
    save(page, dialog)
    assert replace(fine, note="x") in rules(page)


@pytest.mark.parametrize(("text", "words"), [("35,525", "호가 단위 50원"), ("35,000", "이미 이루어졌습니다"), ("abc", "숫자")])
def test_bad_input_is_said_at_the_value_and_the_alert_stays(page: WatchDesk, text: str, words: str) -> None:
    before = rules(page)
    dialog = edit(page, UP)
    dialog.value.setText(text)
    save(page, dialog)
    assert words in dialog.value_problem.text() and words in dialog.value.accessibleDescription()
    assert dialog.isVisible() and dialog.value.text() == text and rules(page) == before and not page.vm.undos
    dialog.reject()


def test_one_that_is_gone_meanwhile_is_said(page: WatchDesk) -> None:
    dialog = edit(page, UP)
    chosen = page.panel.alerts.current()
    assert chosen is not None
    drive(page.work.watch.delete_alert(chosen.id))
    dialog.value.setText("36,000")
    save(page, dialog)
    assert dialog.isVisible() and dialog.value_problem.text()
    dialog.reject()


def test_an_edit_is_found_again_after_the_alert_was_deleted_and_brought_back(page: WatchDesk) -> None:
    """It comes back under another number, for a new alert has taken its own; each step still leads to its alert."""
    dialog = edit(page, SCORE)
    dialog.value.setText("98")
    save(page, dialog)
    choose(page, shown(page, "rule").index("VCP 총점 ≥ 98.0점"))
    QTest.keyClick(page.panel.alerts.view, Qt.Key.Key_Delete)
    drive(page.work.watch.add_alert(code(page, 1), "price", ">=", 39_000))
    page.vm.undo()
    dialog = edit(page, "가격 ≥ 39,000원")
    dialog.value.setText("40,000")
    save(page, dialog)
    page.vm.undo()
    assert sorted(shown(page, "rule")) == sorted([UP, DOWN, "가격 ≥ 39,000원", "VCP 총점 ≥ 98.0점"])
    page.vm.undo()
    assert sorted(shown(page, "rule")) == sorted([UP, DOWN, "가격 ≥ 39,000원", SCORE]) and not page.panel.head.problem.text()


def test_both_languages_and_names_for_everybody(page: WatchDesk) -> None:
    dialog = edit(page, UP)
    page.look.choose(language="en")
    assert (dialog.windowTitle(), dialog.ok.text()) == ("Edit the alert", "Save") and "again" in dialog.hint.text()
    assert all(field.accessibleName() for field in (dialog.symbol, dialog.quantity, dialog.op, dialog.value, dialog.note))
    dialog.reject()
    buttons = page.panel.alerts.buttons
    assert buttons["edit"].text() == "Edit…" and "F2" in buttons["edit"].toolTip()
    assert all(button.focusPolicy() & Qt.FocusPolicy.TabFocus for button in buttons.values())
    page.look.choose(language="ko")

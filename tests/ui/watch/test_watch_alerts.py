"""The page of alerts and its editor: states, distance, switching, deleting and undo, what is refused and where it is said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from ralphstock_desktop.ui.dialogs.alert_rule import AlertRuleDialog, AlertValueField, parse_value
from tests.ui.watch.desk import WatchDesk, drive


def code(desk: WatchDesk, row: int) -> str:
    return str(desk.work.panel.tickers[row])


def shown(desk: WatchDesk, column: str) -> list[str]:
    model = desk.panel.alerts.model
    at = model.column_at(column)
    assert at is not None
    return [model.cell_text(int(row), at) for row in model.order]


def choose(desk: WatchDesk, row: int) -> None:
    view = desk.panel.alerts.view
    at = desk.panel.alerts.model.column_at("rule")
    assert at is not None
    QTest.mouseClick(
        view.viewport(), Qt.MouseButton.LeftButton, pos=view.visualRect(desk.panel.alerts.model.index(row, at)).center()
    )


def set_three_alerts(desk: WatchDesk) -> None:
    """One that was told and two that wait."""
    desk.work.trade({code(desk, 1): 35_400}, volume=400_000)
    book = desk.work.watch
    told = drive(book.add_alert(code(desk, 1), "price", ">=", 35_500, "돌파"))
    drive(book.add_alert(code(desk, 1), "price", "<=", 33_650))
    drive(book.add_alert(code(desk, 7), "score", ">=", 99))
    desk.work.store.set_alert(replace(told, active=False, fired_ns=desk.work.now()))
    desk.work.load()


@pytest.fixture
def page(desk: WatchDesk) -> WatchDesk:
    """삼성물산 trades at 35,400; three alerts, the oldest of them told."""
    set_three_alerts(desk)
    QTest.mouseClick(desk.panel.head.pages.chips[1], Qt.MouseButton.LeftButton)
    desk.settle()
    return desk


def test_condition_state_and_distance(page: WatchDesk) -> None:
    # 33,650 / 35,400 - 1 = -4.9 %; 현대차2우B has 70.0 points, 29.0 are missing.
    assert sorted(zip(shown(page, "rule"), shown(page, "gap"), shown(page, "state"), strict=True)) == [
        ("VCP 총점 ≥ 99.0점", "+29.0점", "기다림"),
        ("가격 ≤ 33,650원", "−4.9%", "기다림"),
        ("가격 ≥ 35,500원", "—", "울림 07-01 10:42"),
    ]
    page.work.trade({code(page, 1): 34_000})
    page.panel.alerts._refresh()
    assert "−1.0%" in shown(page, "gap")


def test_while_the_past_is_looked_at_nothing_is_measured(page: WatchDesk) -> None:
    page.work.look_back()
    page.settle()
    page.panel.alerts._refresh()
    assert set(shown(page, "gap")) == {"—"} and shown(page, "state").count("쉼 (지난 시점)") == 2
    assert page.panel.alerts.resting.isVisible()
    page.work.open()
    page.settle()
    assert not page.panel.alerts.resting.isVisible()


def test_off_on_and_set_again(page: WatchDesk) -> None:
    choose(page, shown(page, "rule").index("가격 ≤ 33,650원"))
    buttons = page.panel.alerts.buttons
    assert buttons["toggle"].text() == "끄기"
    QTest.mouseClick(buttons["toggle"], Qt.MouseButton.LeftButton)
    assert "꺼짐" in shown(page, "state") and buttons["toggle"].text() == "켜기"
    QTest.keyClick(page.panel.alerts.view, Qt.Key.Key_F2, Qt.KeyboardModifier.ShiftModifier)
    assert shown(page, "state").count("기다림") == 2 and page.panel.editor is None
    choose(page, shown(page, "rule").index("가격 ≥ 35,500원"))
    assert buttons["toggle"].text() == "다시 켜기"
    QTest.mouseClick(buttons["toggle"], Qt.MouseButton.LeftButton)
    assert shown(page, "state").count("기다림") == 3


def test_setting_a_reached_one_again_is_refused_in_words(page: WatchDesk) -> None:
    page.work.trade({code(page, 1): 36_000})
    choose(page, shown(page, "rule").index("가격 ≥ 35,500원"))
    QTest.mouseClick(page.panel.alerts.buttons["toggle"], Qt.MouseButton.LeftButton)
    assert "36,000" in page.panel.head.problem.text() and shown(page, "state").count("기다림") == 2


def test_delete_and_undo(page: WatchDesk) -> None:
    choose(page, shown(page, "rule").index("가격 ≥ 35,500원"))
    QTest.keyClick(page.panel.alerts.view, Qt.Key.Key_Delete)
    assert len(shown(page, "rule")) == 2 and page.panel.alerts.current() is not None
    assert "알림 2개 · 기다림 2" in page.panel.subtitle
    page.vm.undo()
    assert "울림 07-01 10:42" in shown(page, "state") and "돌파" in shown(page, "note")


def test_choosing_an_alert_moves_the_linked_panels(page: WatchDesk) -> None:
    choose(page, shown(page, "rule").index("VCP 총점 ≥ 99.0점"))
    chosen = page.work.selection.last
    assert chosen is not None and chosen.ticker == code(page, 7)


def test_no_alerts_yet(desk: WatchDesk) -> None:
    desk.panel.show_page("alerts")
    assert desk.panel.alerts.view._message is not None
    assert [button.isEnabled() for button in desk.panel.alerts.buttons.values()] == [True, False, False, False]


# -- the editor -------------------------------------------------------------------------------------------------------------


def editor(desk: WatchDesk, ticker: str = "") -> AlertRuleDialog:
    made = desk.panel.open_editor(ticker)
    assert made is not None
    return made


def test_a_new_alert_from_a_name(page: WatchDesk) -> None:
    dialog = editor(page)
    QTest.keyClicks(dialog.symbol, "000")
    dialog.symbol.clear()
    QTest.keyClicks(dialog.symbol, code(page, 1))
    QTest.keyClick(dialog.symbol, Qt.Key.Key_Return)
    assert dialog.ticker == code(page, 1) and dialog.symbol.text().startswith("삼성물산")
    assert dialog.value.text() == "35,400" and "35,400원" in dialog.now.text()
    for _ in range(2):
        QTest.keyClick(dialog.value, Qt.Key.Key_Up)
    assert dialog.value.text() == "35,500", "two ticks of 50 won"
    QTest.keyClicks(dialog.note, "memo")
    QTest.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    page.settle()
    newest = page.work.watch.alerts.last[0] if page.work.watch.alerts.last else None
    assert newest is not None and (newest.ticker, newest.op, newest.value, newest.note) == (code(page, 1), ">=", 35_500, "memo")
    assert page.panel.editor is None or not page.panel.editor.isVisible()
    assert len(shown(page, "rule")) == 4


@pytest.mark.parametrize(
    ("quantity", "op", "text", "words"),
    [
        (0, 0, "35,425", "호가 단위 50원"),
        (0, 0, "35,000", "이미 이루어졌습니다"),
        (0, 0, "abc", "숫자"),
        (0, 0, "", "숫자"),
        (1, 0, "2000", "1,000"),
        (3, 0, "101", "100"),
        (3, 0, "10", "이미 이루어졌습니다"),
    ],
)
def test_what_is_refused_is_said_at_the_value_and_nothing_is_lost(
    page: WatchDesk, quantity: int, op: int, text: str, words: str
) -> None:
    dialog = editor(page, code(page, 1))
    dialog.quantity.setCurrentIndex(quantity)
    dialog.op.setCurrentIndex(op)
    dialog.value.setText(text)
    QTest.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    assert words in dialog.value_problem.text() and dialog.isVisible() and dialog.value.text() == text
    assert words in dialog.value.accessibleDescription() and dialog.symbol_problem.text() == ""
    assert len(page.work.watch.alerts.last or ()) == 3
    QTest.keyClicks(dialog.value, "1")
    assert dialog.value_problem.text() == "", "what is being mended is not scolded"
    dialog.reject()


def test_no_symbol_and_an_unknown_one_are_said_at_the_symbol(page: WatchDesk) -> None:
    dialog = editor(page)
    dialog.value.setText("100")
    QTest.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
    assert dialog.symbol_problem.text() == "종목을 골라 주세요"
    QTest.keyClicks(dialog.symbol, "zzz")
    QTest.keyClick(dialog.symbol, Qt.Key.Key_Return)
    assert "zzz" in dialog.symbol_problem.text() and dialog.isVisible()
    dialog.reject()


def test_the_editor_speaks_both_languages(page: WatchDesk) -> None:
    dialog = editor(page, code(page, 1))
    page.look.choose(language="en")
    assert dialog.ok.text() == "Set the alert" and dialog.op.itemText(0) == "at least (≥)"
    assert all(field.accessibleName() for field in (dialog.symbol, dialog.quantity, dialog.op, dialog.value, dialog.note))
    dialog.reject()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("75,000원", 75_000), ("₩ 1 000", 1_000), ("−3.5%", -3.5), ("7.5만", 75_000), ("1.2억주", 1.2e8), ("80점", 80), ("+5", 5),
        ("", None), ("원", None), ("nan", None), ("inf", None), ("1_0", None), ("5e3", 5_000), ("삼", None),
    ],
)  # fmt: skip
def test_typed_values(text: str, value: float | None) -> None:
    assert parse_value(text) == (pytest.approx(value) if value is not None else None)


def test_steps_of_each_quantity(qtbot: object) -> None:
    field = AlertValueField()
    field.moves = (lambda price, steps: price + 50 * steps), (lambda price: round(price / 50) * 50)

    def moved(quantity: str, text: str, steps: int) -> str:
        field.quantity = quantity
        field.setText(text)
        field.step(steps)
        return field.text()

    assert [moved("price", "35,420", 1), moved("price", "35,420", -1), moved("price", "35,440", 1)] == [
        "35,450", "35,400", "35,450",
    ]  # fmt: skip
    assert moved("price", "35,400", -2) == "35,300"
    assert [moved("change_pct", "−0.1", 1), moved("change_pct", "4.95", 1)] == ["0", "5.05"]
    assert [moved("volume", "5,000,000", 1), moved("volume", "1", -1)] == ["5,100,000", "1"]
    assert [moved("score", "99.5", 1), moved("score", "abc", 1)] == ["100", "abc"]
    del qtbot

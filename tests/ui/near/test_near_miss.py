"""The near-miss panel: strategies, distance order, what must happen, keys, the list that waits under the pointer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.model.errors import StorageError
from engine.model.scan import Grade
from engine.scoring.near_day import day_near_misses
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, Ready
from ralphstock_desktop.services.strategy_contracts import DayTradePicture, NearMiss
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.docks.near_miss import NearMissPanel
from ralphstock_desktop.ui.docks.table_panel import ExportRequest
from ralphstock_desktop.ui.viewmodels.near_columns import gap_mark
from ralphstock_desktop.ui.viewmodels.near_words import amount_text, item_label, near_sentence, near_short
from tests.ui.daytrade.day_market import DayDesk, day_picture
from tests.ui.tables.local_market import local_panel, scan_picture


def real_steps(picture: DayTradePicture) -> tuple[NearMiss, ...]:
    """The engine's own near misses of a picture."""
    tickers = picture.panel.tickers
    return tuple(
        NearMiss(
            "DAY_TRADE", s.row, str(tickers[s.row]), s.item, s.grade, s.next_grade, s.value, s.need, s.unit, s.gap, s.gap_share,
            s.key, s.fields,
        )
        for s in day_near_misses(picture.scan, picture.panel, DEFAULT_RULES)
    )  # fmt: skip


def miss(ticker: str = "000020", **changes: object) -> NearMiss:
    found = NearMiss(
        "VCP", 0, ticker, "E1", Grade.NONE, Grade.B, 18_970.0, 19_000.0, "won", 30.0, 30 / 19_000, "near.price",
        (("price", "19,000"), ("gap", "+30"), ("percent", "+0.16")),
    )  # fmt: skip
    return replace(found, **changes)  # type: ignore[arg-type]


class Desk(DayDesk):
    panel: NearMissPanel

    def shown(self) -> list[str]:
        return [self.panel.model.ticker(row) for row in range(self.panel.model.rowCount())]

    def text(self, row: int, column: str) -> str:
        position = self.panel.model.column_at(column)
        assert position is not None
        return self.panel.model.cell_text(self.panel.model.source_row(row), position)

    def press(self, strategy: str) -> None:
        chip = next(chip for chip in self.panel.strategy.chips if chip.chip_id == strategy)
        QTest.mouseClick(chip, Qt.MouseButton.LeftButton)


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[Desk]:
    picture = day_picture()
    made = Desk(qtbot, NearMissPanel, (960, 500), picture=picture)
    made.strategies.near = {"DAY_TRADE": real_steps(picture), "VCP": (miss(), miss("000030", row=1, gap_share=0.2))}
    made.work.show(scan_picture(local_panel()))
    made.press("DAY_TRADE")
    yield made
    made.close()


def test_nearest_first_with_everything_that_is_missing(desk: Desk) -> None:
    misses = desk.strategies.near["DAY_TRADE"]
    assert len(misses) > 5 and desk.shown() == [near.ticker for near in misses]
    first = misses[0]
    assert desk.text(0, "step") == f"{Grade(first.grade).name} → {Grade(first.next_grade).name}"
    assert desk.text(0, "need") == f"{first.value:,.0f} → {first.need:,.0f}"
    assert desk.text(0, "way") == near_sentence(desk.look, first)
    assert str(len(misses)) in desk.panel.subtitle and isinstance(desk.panel.state, Ready)


def test_strategies_change_by_click_and_arrow(desk: Desk) -> None:
    desk.press("VCP")
    assert desk.shown() == ["000020", "000030"]
    assert desk.text(0, "step") == "— → B", "an undetected pattern has no grade yet"
    assert desk.text(0, "way") == "현재가가 19,000원에 닿으면 (+30원, +0.16%)"
    QTest.keyClick(desk.panel.strategy, Qt.Key.Key_Right)
    assert desk.panel.view_model.strategy == "CLOSING_BET"
    assert isinstance(desk.panel.state, Empty), "there was no closing-bet scan yet"
    assert desk.panel.strategy.isVisible(), "the way back stays in sight"
    QTest.keyClick(desk.panel.strategy, Qt.Key.Key_Right)
    assert desk.panel.view_model.strategy == "DAY_TRADE" and isinstance(desk.panel.state, Ready)


def test_a_head_sorts_by_distance_and_back(desk: Desk) -> None:
    nearest = desk.shown()
    desk.panel.model.toggle_sort("gap")
    shares = [near.gap_share for near in desk.strategies.near["DAY_TRADE"]]
    turned = [dict(zip(nearest, shares, strict=True))[ticker] for ticker in desk.shown()]
    assert turned == sorted(shares, reverse=True)


def test_enter_opens_the_chart_and_a_row_moves_the_linked_panels(desk: Desk) -> None:
    opened: list[str] = []
    desk.panel.chart_requested.connect(opened.append)
    view = desk.panel.view
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Home)
    QTest.keyClick(view, Qt.Key.Key_Down)
    chosen = desk.work.selection.last
    assert chosen is not None and (chosen.ticker, chosen.origin) == (desk.shown()[1], "near")
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert opened == [desk.shown()[1]]


def test_another_list_waits_while_the_pointer_is_inside(desk: Desk) -> None:
    before = desk.shown()
    desk.panel.model.set_held(True)
    desk.strategies.near["DAY_TRADE"] = desk.strategies.near["DAY_TRADE"][3:]
    desk.panel.view_model.reload()
    assert desk.shown() == before and desk.panel.held.text() == "순서 고정 3"
    desk.panel.model.set_held(False)
    assert desk.shown() == before[3:] and desk.panel.held.isHidden()


def test_a_running_day_reads_the_list_once_a_second(desk: Desk) -> None:
    calls = desk.strategies.near_calls
    for _ in range(5):
        desk.strategies.day_trades.publish(day_picture())
    assert desk.strategies.near_calls - calls <= 1


def test_nothing_near_says_what_was_searched_and_who_is_best(desk: Desk) -> None:
    desk.strategies.near["DAY_TRADE"] = ()
    desk.panel.view_model.reload()
    state = desk.panel.state
    assert isinstance(state, Empty) and state.reason_key == "near_panel.empty.none"
    best = int(day_picture().scan.order[0])
    assert state.fields["name"] == str(day_picture().panel.names[best]) and state.fields["count"] == "59"
    assert state.fields["score"] == "71.4" and state.fields["strategy"] == "단타"


def test_states_and_a_program_without_strategies(desk: Desk, qtbot: QtBot) -> None:
    for state in (Loading(Progress("progress.working", 1, 2)), Failed(StorageError("disk"))):
        desk.strategies.day_state.publish(state)
        assert desk.panel.state == state
        desk.panel.grab()
    quiet = Desk(qtbot, NearMissPanel, running=False)
    assert quiet.panel.state == Empty("near_panel.empty.off")
    quiet.close()


def test_whole_columns_go_where_it_is_narrow(desk: Desk) -> None:
    shown = {}
    for width in (960, 870, 700, 600, 420):
        desk.panel.resize(width, 400)
        QApplication.processEvents()
        shown[width] = desk.panel.view.shown_columns()
        assert desk.panel.view.head.length() <= width, "nothing has to be scrolled to"
    assert shown[960] == ["step", "name", "price", "change", "item", "need", "gap", "way"]
    assert shown[420] == ["step", "name", "way"]
    assert all("way" in columns and "step" in columns for columns in shown.values())


def test_the_bar_tells_near_from_far() -> None:
    marks = [gap_mark(miss(gap_share=share)).now for share in (0.005, 0.03, 0.3, 5.0)]
    assert marks == sorted(marks, reverse=True) and len(set(marks)) == 4 and marks[-1] > 0
    assert gap_mark(miss()).need == 1.0 and gap_mark(miss(gap=-3.0)).need == 0.0


def test_words_of_units_and_items() -> None:
    look = Appearance()
    assert amount_text(look, 5.1e9, "won", "institution") == "+51억"
    assert amount_text(look, 1.2e11, "won", "volume") == "1,200억"
    assert amount_text(look, 19_000, "won", "E1") == "19,000"
    assert amount_text(look, 69, "RS") == "RS 69" and amount_text(look, 5.12, "%") == "5.1%"
    assert amount_text(look, float("nan"), "%") == "—"
    assert item_label(look, "VCP", "C1") == "5일 ÷ 50일 평균" and item_label(look, "CLOSING_BET", "volume") == "거래대금"
    assert item_label(look, "DAY_TRADE", "no_such") == "no_such"
    assert near_short(look, miss(strategy="DAY_TRADE", item="momentum")) == "돌파 19,000 (+0.2%)"
    shares = miss(strategy="DAY_TRADE", item="spike", unit="shares", value=200_000.0, need=254_400.0, gap=54_400.0)
    assert near_short(look, shares) == "거래량 +5.4만 (+27.2%)"
    assert near_sentence(look, miss(key="near.unheard_of")) == "피봇까지 18,970 → 19,000"


def test_detail_copy_export_and_saved_state(desk: Desk, qtbot: QtBot) -> None:
    column = desk.panel.model.column_at("gap")
    assert column is not None
    desk.panel._on_detail(0, column, QRect(10, 10, 50, 20))
    assert near_sentence(desk.look, desk.strategies.near["DAY_TRADE"][0]) in desk.panel.detail.lines()
    desk.panel.detail.hide()
    asked: list[ExportRequest] = []
    desk.panel.export_requested.connect(asked.append)
    desk.panel.request_export()
    assert asked[0].file_name == "near_day_trade.csv" and len(asked[0].text.splitlines()) == len(desk.shown()) + 1
    other = Desk(qtbot, NearMissPanel, picture=day_picture())
    other.panel.restore_panel_state(desk.panel.panel_state())
    assert other.panel.view_model.strategy == "DAY_TRADE" and other.panel.strategy.value == "DAY_TRADE"
    other.panel.restore_panel_state({"strategy": 5, "sort": "x"})
    assert other.panel.view_model.strategy == "DAY_TRADE"
    other.close()


@pytest.mark.parametrize(("theme", "language", "zoom"), [("dark", "ko", 100), ("light", "en", 150)])
def test_it_paints_bars_and_dashed_grades(qtbot: QtBot, theme: str, language: str, zoom: int) -> None:
    look = Appearance(theme=theme, language=language, zoom_pct=zoom)  # type: ignore[arg-type]
    desk = Desk(qtbot, NearMissPanel, (1_000 * zoom // 100, 400), look=look, picture=day_picture(), window=2_000)
    desk.strategies.near["DAY_TRADE"] = real_steps(day_picture())
    desk.press("DAY_TRADE")
    picture = desk.panel.grab().toImage()
    seen = {picture.pixel(x, y) for x in range(picture.width()) for y in range(60, picture.height(), 2)}
    assert {look.color("warning").rgb(), look.color("bg-raised").rgb()} <= seen
    desk.close()

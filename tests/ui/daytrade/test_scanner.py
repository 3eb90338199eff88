"""The day-trading scanner driven like a trader drives it, over pictures that arrive while it is shown."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.calendar.sessions import Phase
from engine.model.daytrade import DAY_ITEMS, EntryBan
from engine.model.errors import StorageError
from engine.model.evidence import ItemState
from engine.model.gate import GateStatus
from engine.model.instants import AsOf
from engine.model.live import ConnectionState, QuoteSource
from engine.model.scan import Grade
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, Offline, Ready, Stale
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.delegates.cells import Cell
from ralphstock_desktop.ui.delegates.day_cells import ChipMark, paint_chips
from ralphstock_desktop.ui.docks.day_checklist import DayChecklist
from ralphstock_desktop.ui.docks.day_scanner import DayScanner
from ralphstock_desktop.ui.docks.table_panel import ExportRequest
from ralphstock_desktop.ui.models.filter_language import parse_filter
from ralphstock_desktop.ui.viewmodels.day_filter import day_vocabulary
from ralphstock_desktop.ui.viewmodels.day_words import ban_word
from tests.ui.daytrade.day_market import DayDesk, at, day_panel, day_picture, moved, near_steps
from tests.ui.live.fake_live import TODAY, FakeLive, status


class Desk(DayDesk):
    panel: DayScanner

    def column(self, name: str) -> int:
        position = self.panel.model.column_at(name)
        assert position is not None
        return position

    def text(self, ticker: str, column: str) -> str:
        rows = self.panel.scanner.day_rows
        assert rows is not None
        row = rows.position(ticker)
        assert row is not None
        return self.panel.model.cell_text(row, self.column(column))

    def look_of(self, ticker: str, column: str) -> tuple[str, str, bool, object]:
        rows = self.panel.scanner.day_rows
        assert rows is not None
        row = rows.position(ticker)
        assert row is not None
        return self.panel.model.cell_look(row, self.column(column))

    def shown(self) -> list[str]:
        return [self.panel.model.ticker(row) for row in range(self.panel.model.rowCount())]

    def chip(self, name: str):  # type: ignore[no-untyped-def]
        return next(chip for chip in self.panel.bar.chips if chip.chip_id == name)


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[Desk]:
    made = Desk(qtbot, DayScanner, (1_000, 700))
    made.strategies.near["DAY_TRADE"] = near_steps(day_picture())
    made.strategies.show(day_picture())
    QApplication.processEvents()
    yield made
    made.close()


def test_rows_are_the_scans_order_and_the_first_is_chosen(desk: Desk) -> None:
    scan = desk.strategies.day_trades.last.scan  # type: ignore[union-attr]
    assert desk.shown() == [str(day_panel().tickers[row]) for row in scan.order]
    assert len(desk.shown()) == 59, "one of the sixty has no price and is not ranked"
    chosen = desk.work.selection.last
    assert chosen is not None and (chosen.ticker, chosen.origin) == (desk.shown()[0], "day_scanner")
    assert isinstance(desk.panel.state, Ready)
    assert "59" in desk.panel.subtitle and "10:42:31" in desk.panel.subtitle


def test_chips_count_and_cut(desk: Desk) -> None:
    scan = desk.strategies.day_trades.last.scan  # type: ignore[union-attr]
    ranked = scan.grade[scan.order]
    assert desk.chip("a").text() == f"A {int((ranked == Grade.A).sum())}"
    QTest.mouseClick(desk.chip("b"), Qt.MouseButton.LeftButton)
    grades = {int(scan.grade[day_panel().row_of(ticker)]) for ticker in desk.shown()}
    assert grades == {Grade.B}
    assert desk.chip("b").isChecked() and not desk.chip("all").isChecked()


def test_interrupted_stocks_are_left_out_beside_any_grade(desk: Desk) -> None:
    interrupted = str(day_panel().tickers[3])
    assert interrupted in desk.shown()
    QTest.mouseClick(desk.chip("no_vi"), Qt.MouseButton.LeftButton)
    assert interrupted not in desk.shown() and len(desk.shown()) == 58
    assert desk.chip("no_vi").isChecked() and desk.chip("all").isChecked()
    saved = desk.panel.panel_state()
    QTest.mouseClick(desk.chip("no_vi"), Qt.MouseButton.LeftButton)
    assert interrupted in desk.shown() and not desk.chip("no_vi").isChecked()
    desk.panel.restore_panel_state(saved)
    assert interrupted not in desk.shown() and desk.chip("no_vi").isChecked()


def test_bans_are_chips_with_the_symbols_own_reason_first(qtbot: QtBot) -> None:
    desk = Desk(qtbot, DayScanner, picture=day_picture(gate=GateStatus.RED))
    tickers = day_panel().tickers
    assert desk.text(str(tickers[3]), "bans") == "VI · 게이트"
    assert desk.text(str(tickers[4]), "bans") == "오래된 시세 · 게이트"
    assert desk.text(str(tickers[6]), "bans") == "상한 근접 · 게이트"
    chips = desk.look_of(str(tickers[3]), "bans")[3]
    assert [chip.token for chip in chips] == ["warning", "danger"]  # type: ignore[attr-defined]
    desk.close()


def test_times_of_bans_come_from_the_rules(desk: Desk) -> None:
    picture = desk.strategies.day_trades.last
    assert picture is not None
    picture.scan.bans[0] |= int(EntryBan.TOO_EARLY) | int(EntryBan.TOO_LATE)
    desk.panel.model.values_changed()
    assert desk.text(str(day_panel().tickers[0]), "bans") == "09:10 전 · 15:00 후"


def test_a_large_volume_ratio_is_bold_by_the_scans_verdict(desk: Desk) -> None:
    scan = desk.strategies.day_trades.last.scan  # type: ignore[union-attr]
    for row in scan.order.tolist():
        _, token, bold, _ = desk.look_of(str(day_panel().tickers[row]), "rv")
        passed = scan.state[row, 0] == ItemState.PASSED
        assert bold == passed == (token == "vcp-pivot")
    assert any(scan.state[row, 0] == ItemState.PASSED for row in scan.order), "else nothing was shown"
    early = str(day_panel().tickers[5])
    assert scan.relative_volume[5] >= 2 and not desk.look_of(early, "rv")[2], "TOO_EARLY is not passed however large"


def test_blocks_say_every_state_and_the_detail_every_reason(desk: Desk) -> None:
    tickers = day_panel().tickers
    assert desk.look_of(str(tickers[2]), "items")[3][4] == ItemState.UNKNOWN  # type: ignore[index]
    row = desk.shown().index(str(tickers[2]))
    head, meaning, source, _ = desk.panel.detail_lines(row, desk.column("items"))
    assert "기관 매수 판단 불가 (자료 없음)" in meaning and "효성중공업" in head
    assert source == "마지막 체결 10:42:31"
    assert len(meaning.split(" · ")) == len(DAY_ITEMS)


def test_the_score_shows_the_converted_number_and_its_detail_the_points(desk: Desk) -> None:
    scan = desk.strategies.day_trades.last.scan  # type: ignore[union-attr]
    row = int(scan.order[0])
    ticker = str(day_panel().tickers[row])
    # 75 of 105 points are 71.43 of 100.
    assert scan.raw[row] == 75 and desk.text(ticker, "total") == "71.4"
    assert desk.panel.detail_lines(0, desk.column("total"))[3] == "합계 75 / 105"


def test_the_next_step_is_a_short_sentence_and_a_near_one_is_bold(desk: Desk) -> None:
    near = {miss.ticker: miss for miss in desk.strategies.near["DAY_TRADE"]}
    close = next(miss for miss in near.values() if miss.gap_share <= 0.05)
    far = next(miss for miss in near.values() if miss.gap_share > 0.05)
    text, token, bold, _ = desk.look_of(close.ticker, "step")
    percent = 100 * close.gap / close.value
    assert text == f"돌파 {close.need:,.0f} (+{percent:.1f}%)" and token == "warning" and bold
    assert desk.look_of(far.ticker, "step")[1:3] == ("text-secondary", False)
    reached = next(ticker for ticker in desk.shown() if ticker not in near)
    assert desk.look_of(reached, "step")[:2] == ("—", "text-muted")


def test_only_changed_rows_are_worked_out_again(desk: Desk) -> None:
    picture = desk.strategies.day_trades.last
    assert picture is not None
    kept, changed = desk.shown()[0], desk.shown()[1]
    row = day_panel().row_of(changed)
    before = {ticker: desk.look_of(ticker, "price") for ticker in (kept, changed)}
    desk.strategies.show(moved(picture, [row], 1.02))
    assert desk.look_of(kept, "price") is before[kept], "the untouched row keeps its written cell"
    assert desk.look_of(changed, "price")[0] != before[changed][0]
    strength, sign = desk.panel.model.flash.strength(row, desk.column("price"))
    assert strength > 0.5 and sign == 1


def test_a_cell_flashes_at_most_once_in_half_a_second(desk: Desk) -> None:
    now = [1_000.0]
    desk.panel.model.flash._now_ms = lambda: now[0]  # type: ignore[method-assign]
    picture = desk.strategies.day_trades.last
    assert picture is not None
    ticker = desk.shown()[0]
    row, column = day_panel().row_of(ticker), desk.column("price")
    strengths = []
    for pause, factor in ((0, 1.02), (300, 0.97), (300, 0.97)):
        now[0] += pause
        picture = moved(picture, [row], factor)
        desk.strategies.show(picture)
        strengths.append(desk.panel.model.flash.strength(row, column))
    assert strengths[0] == (1.0, 1)
    assert strengths[1][0] == 0.0, "300 ms after the first: its flash is over, a second one may not begin"
    assert strengths[2] == (1.0, -1)


def test_the_order_is_held_under_the_pointer_and_moves_are_counted(desk: Desk) -> None:
    picture = desk.strategies.day_trades.last
    assert picture is not None
    before = desk.shown()
    desk.panel.model.set_held(True)
    row = day_panel().row_of(before[-1])
    desk.strategies.show(moved(picture, [row], 1.4))
    desk.panel.follower.order_now()
    assert desk.shown() == before
    assert desk.panel.model.waiting_moves > 0 and desk.panel.bar.held.text().startswith("순서 고정")
    QTest.keyClick(desk.panel, Qt.Key.Key_F5)
    assert desk.shown() != before
    desk.panel.model.set_held(False)


def test_pictures_missed_while_hidden_are_taken_whole(desk: Desk) -> None:
    picture = desk.strategies.day_trades.last
    assert picture is not None
    first, second = desk.shown()[0], desk.shown()[1]
    old = desk.text(first, "price")
    desk.panel.hide()
    picture = moved(picture, [day_panel().row_of(first)], 1.03)
    desk.strategies.show(picture)
    desk.strategies.show(moved(picture, [day_panel().row_of(second)], 1.01))
    desk.panel.show()
    QApplication.processEvents()
    assert desk.text(first, "price") != old, "the picture that changed this row was never seen"


def test_the_filter_speaks_of_the_day(desk: Desk) -> None:
    rows = desk.panel.scanner.day_rows
    assert rows is not None
    desk.panel.set_filter_text("대금 >= 300억 그리고 RV >= 2")
    scan, quotes = rows.picture.scan, rows.picture.quotes
    wanted = {
        str(day_panel().tickers[row]) for row in scan.order if quotes.value_krw[row] >= 3e10 and scan.relative_volume[row] >= 2
    }
    assert wanted and set(desk.shown()) == wanted
    desk.panel.set_filter_text("raw >= 60")
    assert {float(scan.raw[day_panel().row_of(ticker)]) >= 60 for ticker in desk.shown()} == {True}
    desk.panel.set_filter_text("RS >= 70")
    assert desk.panel.scanner.filter_error is not None, "a VCP word is no word of this table"
    desk.panel.set_filter_text("점수 >= 99")
    assert desk.shown() == []


@pytest.mark.parametrize(
    "words", ["원점수 >= 50", "낙폭 >= 10%", "외기5일 > 0", "예상대금 >= 100억", "업종순위 <= 2", "박스 <= 20"]
)
def test_every_own_field_is_known_in_korean(words: str) -> None:
    from ralphstock_desktop.ui.viewmodels.day_rows import DayRows

    picture = day_picture()
    mask = parse_filter(words, day_vocabulary())(DayRows(picture, "ko"))
    assert mask.shape == (60,) and 0 < mask.sum() < 60


def test_an_old_quote_loses_its_direction_colour(desk: Desk) -> None:
    assert desk.look_of(str(day_panel().tickers[4]), "price")[1] == "stale"
    assert desk.look_of(desk.shown()[0], "price")[1] in ("gain", "loss")


def test_states_of_the_panel(desk: Desk, qtbot: QtBot) -> None:
    channel = desk.strategies.day_state
    for state in (
        Loading(Progress("progress.working", 3, 10)),
        Stale(252.0, "live.stale.lost", AsOf(at())),
        Offline(at()),
        Failed(StorageError("disk")),
        Empty("daytrade.empty.nobody"),
    ):
        channel.publish(state)
        assert desk.panel.state == state
        desk.panel.grab()
    channel.publish(Stale(252.0, "live.stale.lost", AsOf(at())))
    assert desk.panel.view.stale
    quiet = Desk(qtbot, DayScanner, running=False)
    assert quiet.panel.state == Empty("daytrade.empty.none")
    quiet.close()


def test_keyboard_walks_and_opens_the_chart(desk: Desk) -> None:
    opened: list[str] = []
    desk.panel.chart_requested.connect(opened.append)
    view = desk.panel.view
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Home)
    QTest.keyClick(view, Qt.Key.Key_Down)
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert opened == [desk.shown()[1]]
    chosen = desk.work.selection.last
    assert chosen is not None and chosen.ticker == desk.shown()[1]


def test_copy_and_export_hold_plain_numbers(desk: Desk) -> None:
    asked: list[ExportRequest] = []
    desk.panel.export_requested.connect(asked.append)
    desk.panel.request_export()
    request = asked[0]
    assert request.file_name == "day_scanner_2026-07-01.csv"
    lines = request.text.splitlines()
    assert len(lines) == 60 and "7항목" in lines[0]
    first = dict(zip(lines[0].split(","), lines[1].split(","), strict=True))
    assert first["점수"] == "71.43" and set(first["7항목"]) <= set("PHF?")


def test_another_language_names_everything_anew(desk: Desk) -> None:
    ticker = str(day_panel().tickers[1])
    assert desk.text(ticker, "name") == "두산로보틱스"
    desk.look.choose(language="en")
    assert desk.text(ticker, "name") == "Doosan Robotics"
    assert desk.panel.bar.field.placeholderText().startswith("Condition")
    assert "stocks" in desk.panel.subtitle
    assert desk.text(str(day_panel().tickers[3]), "bans") == "VI"


@pytest.mark.parametrize(
    ("theme", "zoom", "size"), [("dark", 100, (850, 500)), ("light", 150, (640, 500)), ("dark", 200, (1_300, 400))]
)
def test_it_paints_in_every_look(qtbot: QtBot, theme: str, zoom: int, size: tuple[int, int]) -> None:
    look = Appearance(theme=theme, zoom_pct=zoom)  # type: ignore[arg-type]
    desk = Desk(qtbot, DayScanner, size, look=look, window=1_280, picture=day_picture(gate=GateStatus.RED))
    picture = desk.panel.grab().toImage()
    tokens = {look.color(name).rgb() for name in ("accent-fill", "bg-panel")}
    seen = {picture.pixel(x, y) for x in range(0, picture.width(), 3) for y in range(0, picture.height(), 3)}
    assert tokens <= seen, "blocks and ground are drawn"
    desk.close()


def test_changed_rows_are_shown_without_building_the_table_anew(qtbot: QtBot) -> None:
    """A picture of 2,600 rows of which 300 changed; how long it takes is measured in ``tests/perf``."""
    panel = day_panel(2_600)
    desk = Desk(qtbot, DayScanner, (1_000, 900))
    picture = day_picture(panel)
    desk.strategies.show(picture)
    QApplication.processEvents()
    rebuilt: list[str] = []
    desk.panel.model.modelReset.connect(lambda: rebuilt.append("reset"))
    desk.panel.model.rowsInserted.connect(lambda *_: rebuilt.append("inserted"))
    desk.panel.model.rowsRemoved.connect(lambda *_: rebuilt.append("removed"))
    random = np.random.default_rng(1)
    for _ in range(3):
        before = desk.text(str(panel.tickers[0]), "price")
        rows = np.union1d([0], random.choice(2_600, 300, replace=False))
        picture = moved(picture, rows)
        desk.strategies.day_trades.publish(picture)
        QApplication.processEvents()
        assert desk.text(str(panel.tickers[0]), "price") != before
    assert not rebuilt
    desk.close()


def test_cells_keep_their_place_when_values_grow(desk: Desk) -> None:
    """The value column keeps its place when values grow."""
    before = desk.panel.view.visualRect(desk.panel.model.index(0, desk.column("price")))
    picture = desk.strategies.day_trades.last
    assert picture is not None
    desk.strategies.show(moved(picture, list(range(20)), 1.2))
    after = desk.panel.view.visualRect(desk.panel.model.index(0, desk.column("price")))
    assert before == after and after.width() > 0


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("zoom", [100, 150])
def test_chips_and_the_number_of_the_others_stay_in_their_cell(qtbot: QtBot, language: str, zoom: int) -> None:
    look = Appearance(language=language, zoom_pct=zoom)  # type: ignore[arg-type]
    desk = Desk(qtbot, DayScanner, look=look)
    wide = desk.panel.model.columns[desk.column("bans")].width
    for bans in itertools.combinations((EntryBan.STALE, EntryBan.TOO_LATE, EntryBan.GATE, EntryBan.PHASE, EntryBan.VI), 2):
        chips = tuple(ChipMark(ban_word(look, ban, 550, 900), "warning") for ban in bans)
        canvas = Canvas(look)
        image = QImage(look.px(wide) + 200, look.row_px, QImage.Format.Format_RGB32)
        image.fill(look.color("bg-panel"))
        painter = QPainter(image)
        canvas.begin(painter, 1.0)
        paint_chips(canvas, Cell(0, 0, look.px(wide), look.row_px, "", "text", False, "left", chips, None))
        painter.end()
        beyond = image.copy(look.px(wide), 0, 200, look.row_px)
        ground = look.color("bg-panel").name()
        seen = {beyond.pixelColor(x, y).name() for x in range(200) for y in range(beyond.height())}
        assert seen == {ground}, f"{[chip.text for chip in chips]} run into the next column"
    desk.close()


def test_quotes_that_stopped_are_old_although_no_scan_follows(qtbot: QtBot) -> None:
    """Once nothing comes any more, nothing is scanned: the panels hear from the feed that what they show is old."""
    for make in (DayScanner, DayChecklist):
        desk = Desk(qtbot, make, picture=day_picture())
        feed = FakeLive(day_panel(), TODAY)
        desk.work.live = feed
        desk.panel.hide()
        desk.panel.show()
        desk.work.select(str(day_panel().tickers[0]), "x")
        qtbot.waitUntil(lambda panel=desk.panel: isinstance(panel.state, Ready))
        lost = status(is_stale=True, age_s=75.0, connection=ConnectionState.WAITING, shown=QuoteSource.STORED)
        feed.status.publish(replace(lost, market_ns=at() + 75 * 10**9))
        state = desk.panel.state
        assert isinstance(state, Stale) and state.age_s == 75.0 and state.reason_key == "live.stale.lost"
        if isinstance(desk.panel, DayScanner):
            assert desk.panel.view.stale, "direction colours give way"
        desk.panel.retry_requested.emit()
        assert feed.reconnects == 1
        feed.status.publish(status(market_ns=at(), is_stale=True, age_s=None))
        assert isinstance(desk.panel.state, Ready), "before the first value of a connection nothing is old"
        feed.status.publish(status(market_ns=at()))
        assert isinstance(desk.panel.state, Ready)
        feed.status.publish(status(market_ns=at() - 3_600 * 10**9, phase=Phase.PRE_OPEN_AUCTION))
        assert desk.panel.state == Empty("empty.live.ahead"), "a replay set back shows nothing that comes later"
        feed.status.publish(status(market_ns=at()))
        assert isinstance(desk.panel.state, Ready)
        desk.panel.hide()
        assert not feed.status._listeners, "a hidden panel listens to nothing"
        desk.close()

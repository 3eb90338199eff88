"""Cells, heads and controls painted off-screen: nothing clipped, tokens used, both themes, both languages, 100 and 200 %."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine.model.scan import Grade
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.delegates.cells import PAINTERS, Cell
from ralphstock_desktop.ui.delegates.table_view import ArrayTableView
from ralphstock_desktop.ui.models.array_table import ArrayTableModel, SortKey
from ralphstock_desktop.ui.models.columns import ColumnSpec
from ralphstock_desktop.ui.stylesheet import ApplicationStyle
from ralphstock_desktop.ui.viewmodels.scan_columns import signal_columns, symbol_columns
from ralphstock_desktop.ui.viewmodels.scan_rows import ScanRows
from tests.ui.tables.local_market import local_panel, scan_picture

LOOKS = [(theme, language, zoom) for theme in ("dark", "light") for language in ("ko", "en") for zoom in (100, 200)]


@pytest.fixture
def rows() -> ScanRows:
    picture = scan_picture(local_panel())
    return ScanRows(picture.panel, picture.scan, "ko")


def painted(look: Appearance, spec: ColumnSpec[ScanRows], rows: ScanRows, row: int, margin: int = 40) -> tuple[QImage, QRect]:
    """Paint one cell onto the panel ground with free space around it; return picture and the cell's box."""
    width, height = look.px(spec.width), look.space("row_compact")
    image = QImage(width + 2 * margin, height + 2 * margin, QImage.Format.Format_RGB32)
    image.fill(look.color("bg-panel"))
    box = QRect(margin, margin, width, height)
    canvas = Canvas(look)
    painter = QPainter(image)
    try:
        canvas.begin(painter, 1.0)
        cell = Cell(
            box.x(),
            box.y(),
            box.width(),
            box.height(),
            spec.text(rows, row, look.language),
            spec.tone(rows, row) if spec.tone else "text",
            True,
            spec.align,
            spec.mark(rows, row) if spec.mark else None,
            (spec.id, row),
        )
        PAINTERS[spec.painter](canvas, cell)
    finally:
        painter.end()
    return image, box


def differs(image: QImage, ground: QColor) -> np.ndarray:
    """Where pixels are not the ground, shape (height, width)."""
    pixels = np.frombuffer(image.constBits(), dtype=np.uint32).reshape(image.height(), image.bytesPerLine() // 4)
    return (pixels[:, : image.width()] & 0xFFFFFF) != (ground.rgb() & 0xFFFFFF)


@pytest.mark.parametrize(("theme", "language", "zoom"), LOOKS)
def test_no_cell_paints_outside_its_box(qapp: QApplication, rows: ScanRows, theme: str, language: str, zoom: int) -> None:
    look = Appearance(theme=theme, language=language, zoom_pct=zoom)  # type: ignore[arg-type]
    for spec in {column.id: column for column in (*signal_columns(look), *symbol_columns(look))}.values():
        for row in (*range(8), 21, 60):
            image, box = painted(look, spec, rows, row)
            changed = differs(image, look.color("bg-panel"))
            inside = changed[box.top() : box.bottom() + 1, box.left() : box.right() + 1]
            assert changed.sum() == inside.sum(), f"{spec.id} of row {row} leaves its cell at {zoom} %"
            if spec.text(rows, row, look.language) or spec.painter == "sparkline":
                assert inside.any(), f"{spec.id} of row {row} paints nothing"


@pytest.mark.parametrize("language", ["ko", "en"])
def test_numbers_that_must_not_be_cut_fit_their_columns(qapp: QApplication, language: str) -> None:
    """The widest realistic values of the columns that are never elided (design.md §3)."""
    look = Appearance(language=language)  # type: ignore[arg-type]
    canvas = Canvas(look)
    widest = {
        "price": "1,299,000",
        "change": "+29.94%",
        "vol_ratio": "12.34×",
        "entry": "1,299,000",
        "pivot": "1,299,000",
        "coverage": "100%",
        "base_bars": "129",
        "rs": "99",
        "t_count": "12",
    }
    for spec in signal_columns(look):
        if spec.id in widest:
            room = look.px(spec.width) - look.px(7)
            assert canvas.width(widest[spec.id], "body", True) <= room, spec.id


def test_a_canvas_places_capitals_in_the_middle_of_a_row(qapp: QApplication) -> None:
    for zoom in (100, 200):
        look = Appearance(zoom_pct=zoom)
        image = QImage(200, look.px(24), QImage.Format.Format_RGB32)
        image.fill(look.color("bg-panel"))
        painter = QPainter(image)
        canvas = Canvas(look)
        canvas.begin(painter, 1.0)
        canvas.text(4, 0, 150, look.px(24), "HIM", "text")
        painter.end()
        inked = np.flatnonzero(differs(image, look.color("bg-panel")).any(axis=1))
        above, below = int(inked[0]), image.height() - 1 - int(inked[-1])
        assert abs(above - below) <= 1 + zoom // 100


@pytest.mark.parametrize(
    ("grade", "ground"), [(Grade.S, "gold-fill"), (Grade.A, "accent-tint"), (Grade.B, "bg-panel"), (Grade.C, "bg-panel")]
)
def test_the_grades_differ_in_shape_not_only_in_colour(qapp: QApplication, grade: Grade, ground: str) -> None:
    from ralphstock_desktop.ui.delegates.cells import paint_grade_chip

    look = Appearance()
    image = QImage(40, 40, QImage.Format.Format_RGB32)
    image.fill(look.color("bg-panel"))
    painter = QPainter(image)
    canvas = Canvas(look)
    canvas.begin(painter, 1.0)
    paint_grade_chip(canvas, 11, 11, 18, int(grade))
    painter.end()
    assert QColor(image.pixel(14, 14)).name() == QColor(look.hex(ground)).name()
    edge = QColor(image.pixel(20, 11)).name() != QColor(look.hex("bg-panel")).name()
    assert edge == (grade is not Grade.C)


@pytest.fixture
def view(qtbot: QtBot, tmp_path: Path, rows: ScanRows) -> Iterator[ArrayTableView]:
    look = Appearance()
    model = ArrayTableModel(signal_columns(look), look, sort=(SortKey("total", True),))
    model.set_source(rows)
    made = ArrayTableView(model, look)
    made.show_columns([column.id for column in model.columns if column.full])
    top = QWidget()
    top.resize(800, 400)
    made.setParent(top)
    made.resize(800, 400)
    qtbot.addWidget(top)
    top.show()
    QApplication.processEvents()
    yield made
    top.close()


def test_a_flashing_cell_is_tinted_and_calms_down(view: ArrayTableView, rows: ScanRows) -> None:
    clock = [0.0]
    view.table.flash._now_ms = lambda: clock[0]
    column = view.table.column_at("change")
    assert column is not None
    row = view.table.source_row(2)
    quiet = view.grab().toImage()
    view.table.mark_changed(np.array([row]), ("change",), np.array([1], dtype=np.int8))
    view.table.flush()
    lit = view.grab().toImage()
    rect = view.visualRect(view.table.index(2, column))
    corner = rect.topLeft() + view.viewport().pos()
    assert lit.pixelColor(corner.x() + 2, corner.y() + 2) == view.appearance.color("gain-tint")
    clock[0] = 1_000.0
    view._on_flash()
    assert not view._flash_timer.isActive()
    assert view.grab().toImage() == quiet


def test_a_selected_row_has_its_ground_and_its_edge(view: ArrayTableView) -> None:
    view.selectRow(1)
    image = view.viewport().grab().toImage()
    y = view.rowViewportPosition(1) + 4
    assert image.pixelColor(0, y) == view.appearance.color("accent")
    assert image.pixelColor(4, y) == view.appearance.color("selection")


def test_held_rows_show_their_waiting_move_in_the_rank_column(view: ArrayTableView, rows: ScanRows) -> None:
    view.table.set_held(True)
    first = view.table.source_row(0)
    rows.scan.total_score[first] = 0.5
    view.table.set_source(rows, keep_order=True)
    image = view.viewport().grab().toImage()
    rank = view.table.column_at("rank")
    assert rank is not None
    box = view.visualRect(view.table.index(0, rank))
    colours = {image.pixelColor(x, y).name() for x in range(box.left(), box.right()) for y in range(box.top(), box.bottom())}
    assert view.appearance.color("warning").name() in colours


def test_theme_zoom_and_direction_follow_at_once(view: ArrayTableView) -> None:
    row_before = view.rowHeight(0)
    view.appearance.choose(theme="light", zoom_pct=200, direction="us")
    QApplication.processEvents()
    assert view.rowHeight(0) == 2 * row_before
    image = view.viewport().grab().toImage()
    assert image.pixelColor(image.width() - 3, view.rowViewportPosition(1) + 6) == view.appearance.color("bg-panel")
    column = view.table.column_at("change")
    assert column is not None
    shown = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(0, image.height(), 2)}
    assert view.appearance.color("gain").name() in shown


def test_the_empty_table_says_why(view: ArrayTableView) -> None:
    view.table.set_mask(np.zeros(view.table.source.size if view.table.source else 0, dtype=np.bool_))
    view.set_message(("조건에 맞는 신호가 없습니다", "18건 가운데 없음"))
    image = view.viewport().grab().toImage()
    assert view.appearance.color("text").name() in {
        image.pixelColor(x, y).name() for x in range(200, 600) for y in range(60, 120)
    }


@pytest.mark.parametrize(("theme", "language", "zoom"), LOOKS)
def test_chips_and_problem_line_hold_their_words(
    qapp: QApplication, qtbot: QtBot, tmp_path: Path, theme: str, language: str, zoom: int
) -> None:
    from ralphstock_desktop.ui.delegates.controls import ChipButton, ProblemLine

    look = Appearance(theme=theme, language=language, zoom_pct=zoom)  # type: ignore[arg-type]
    ApplicationStyle(qapp, look, tmp_path)
    chip = ChipButton(look, "all")
    qtbot.addWidget(chip)
    chip.set_label(look.tr("table.chip.watch", count="1,023"))
    chip.resize(chip.sizeHint())
    words = Canvas(look).width(chip.text(), "caption", True)
    assert chip.width() >= words + look.px(8) and chip.height() >= look.px(18)
    line = ProblemLine(look)
    qtbot.addWidget(line)
    line.resize(300, 20)
    line.set_text(
        look.tr("table.filter.error.choice", position=6, known="돌파, 피봇 근접, 형성 중, 추격 금지, 이탈, 베이스 없음")
    )
    assert line.height() >= look.px(16) * len(line._wrapped())
    assert all(Canvas(look).width(text, "caption") <= 300 for text in line._wrapped())
    qapp.setStyleSheet("")


def test_the_head_names_sort_order_in_its_own_colour(view: ArrayTableView) -> None:
    image = view.head.viewport().grab().toImage()
    accents = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    assert view.appearance.color("accent").name() in accents or any(
        QColor(name).hslHue() == view.appearance.color("accent").hslHue() for name in accents
    )
    assert view.head.testAttribute(Qt.WidgetAttribute.WA_WState_Visible)

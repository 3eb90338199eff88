"""The ledger and the import: view-models without a window, then the panel through all its steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication

from engine.model.errors import StorageError, UserCancelled, ValidationFailed
from ralphstock_desktop.data.importing.headers import MONEY_UNITS as IMPORTER_UNITS
from ralphstock_desktop.ports import DatasetCoverage, Ledger, Progress
from ralphstock_desktop.services.contracts import ColumnGuess, FileIssue, FilePreview, ImportReport
from ralphstock_desktop.ui.docks.ledger import LedgerPanel
from ralphstock_desktop.ui.viewmodels.imports import MONEY_UNITS, FileChoice, ImportViewModel, report_text
from ralphstock_desktop.ui.viewmodels.ledger import LedgerViewModel, coverage_bar
from tests.ui.shell.conftest import Opened
from tests.ui.shell.doubles import WorkstationDouble, make_ledger, run_now

Open = Callable[..., Opened]


def guess(column: str, field: str, *sample: str) -> ColumnGuess:
    return ColumnGuess(column, field, sample)


GOOD = FilePreview(
    Path("/in/daily.parquet"),
    "daily_price",
    "parquet",
    1_380_000,
    tuple(
        guess(n, n, "1")
        for n in ("ticker", "day", "open_krw", "high_krw", "low_krw", "close_krw", "volume_shares", "value_krw")
    ),
)
OPEN = FilePreview(
    Path("/in/mine.csv"),
    "",
    "cp949",
    120,
    (guess("코드", "ticker", "005930"), guess("일자", "day", "2026-05-04"), guess("외인", "", "1,234"), guess("메모", "", "x")),
    ValidationFailed("which data set is this?", key="error.import.unknown_columns", file="mine.csv", columns="외인, 메모"),
)
REPORT = ImportReport(
    files=2,
    rows_read=1_380_120,
    inserted=1_380_000,
    updated=20,
    unchanged=80,
    rejected=20,
    seconds=12.5,
    issues=(
        FileIssue(
            Path("/in/mine.csv"), "import.reason.negative", 15, ("row 12: 005930 2026-05-04", "row 40: 000660 2026-05-04")
        ),
        FileIssue(Path("/in/mine.csv"), "import.reason.halted", 3, (), rejected=False),
    ),
    failed=((Path("/in/broken.parquet"), StorageError("cut off", key="error.storage.io", place="x")),),
    skipped=((Path("/in/readme.txt"), "import.skipped.not_data"),),
    per_dataset=(("daily_price", 1_380_000, 20, 80, 20),),
)


# -- ledger ----------------------------------------------------------------------------------------------------------------


def test_coverage_bar_shares() -> None:
    item = make_ledger().datasets[1]
    bar = coverage_bar(item, date(2022, 1, 3), date(2026, 5, 4))
    assert bar is not None
    assert 0.28 < bar.start < 0.32
    assert bar.stop == 1.0
    start, stop = bar.gaps[0]
    assert 0 < stop - start < 0.01
    empty = DatasetCoverage("news", "", 0, 0, None, None, 0, (), None)
    assert coverage_bar(empty, date(2026, 1, 1), date(2026, 2, 1)) is None


def test_months_come_from_the_ledger_or_are_counted_in_the_panel() -> None:
    work = WorkstationDouble()
    work.open()
    model = LedgerViewModel(work)
    ledger = make_ledger()
    model.ledger = replace(
        ledger,
        datasets=(ledger.datasets[0], replace(ledger.datasets[1], months=(("2026-04", 10), ("2026-05", 3))), replace(ledger.datasets[1], dataset="news")),
    )  # fmt: skip
    curves = {curve.dataset: curve for curve in model.curves()}
    assert set(curves) == {"daily_price", "flow"}, "news has no months and is not guessed"
    assert curves["daily_price"].rows.sum() == work.panel.present.sum()
    assert curves["flow"].months.tolist() == [(2026 - 1970) * 12 + 3, (2026 - 1970) * 12 + 4]
    assert curves["flow"].rows.tolist() == [10, 3]


def test_panel_counts_only_what_is_there() -> None:
    work = WorkstationDouble()
    object.__setattr__(work.panel, "present", work.panel.present.copy())
    work.panel.present[:, work.panel.days >= np.datetime64("2026-05-01")] = False
    work.open()
    model = LedgerViewModel(work)
    model.ledger = make_ledger()
    assert model.curves()[0].rows[-1] == 0


# -- import, without a window -------------------------------------------------------------------------------------------------


def test_units_are_those_of_the_importer() -> None:
    assert set(MONEY_UNITS) <= set(IMPORTER_UNITS)


def looked(*previews: FilePreview) -> ImportViewModel:
    work = WorkstationDouble(previews=list(previews), report=REPORT)
    model = ImportViewModel(work)
    run_now(model.look_at([Path("/in")]), "look")
    return model


def test_recognised_files_need_no_mapping() -> None:
    model = looked(GOOD)
    assert model.can_start
    assert model.files[0].mapping() is None
    run_now(model.run(), "run")
    assert model._workstation.calls[-1] == ("import", (GOOD.path,), {})
    assert model.report is REPORT


def test_an_open_file_blocks_until_mapped_or_left_out() -> None:
    model = looked(GOOD, OPEN)
    assert not model.can_start
    mine = model.files[1]
    mine.included = False
    assert model.can_start
    mine.included = True
    model.choose_dataset(mine, "flow")
    assert mine.missing() == ()
    model.choose_column(mine, "foreign", "외인")
    assert model.can_start
    assert mine.mapping() == ("flow", {"ticker": "코드", "day": "일자", "foreign": "외인"})


def test_missing_fields_are_named_and_a_column_serves_one_field() -> None:
    model = looked(OPEN)
    mine = model.files[0]
    model.choose_dataset(mine, "daily_price")
    assert mine.missing() == ("open_krw", "high_krw", "low_krw", "close_krw", "volume_shares")
    model.choose_column(mine, "open_krw", "외인")
    model.choose_column(mine, "high_krw", "외인")
    assert "open_krw" in mine.missing()
    model.choose_column(mine, "high_krw", "")
    assert "high_krw" in mine.missing()


def test_unit_of_the_traded_value_is_sent() -> None:
    model = looked(GOOD)
    model.choose_value_unit(model.files[0], "백만원")
    mapping = model.files[0].mapping()
    assert mapping is not None
    assert mapping[1]["value_unit"] == "백만원"


def test_nothing_readable_is_an_error() -> None:
    model = ImportViewModel(WorkstationDouble())
    with pytest.raises(ValidationFailed) as caught:
        run_now(model.look_at([Path("/empty")]), "look")
    assert caught.value.key == "error.import.nothing_found"


def test_report_text_is_complete() -> None:
    text = report_text(REPORT)
    for part in (
        "1380000",
        "import.reason.negative\t15\trow 12: 005930 2026-05-04; row 40",
        "broken.parquet",
        "readme.txt",
        "daily_price",
    ):
        assert part in text


# -- panel ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def panel(open_window: Open) -> tuple[Opened, LedgerPanel]:
    opened = open_window(ledger=True)
    frame = opened.window.area.open_panel("ledger")
    assert isinstance(frame, LedgerPanel)
    return opened, frame


def cells(model: Any) -> list[list[str]]:
    return [[model.index(r, c).data() for c in range(model.columnCount())] for r in range(model.rowCount())]


def test_ledger_shows_data_sets_and_gaps(panel: tuple[Opened, LedgerPanel]) -> None:
    opened, frame = panel
    rows = cells(frame.ledger_view.datasets)
    assert rows[0][:5] == ["일봉", "1,380,000", "2,017", "2022-01-03", "2026-05-04"]
    assert rows[1][6] == "5일"
    assert "2026-03-02 ~ 2026-03-06" in frame.ledger_view.datasets.index(1, 6).data(Qt.ItemDataRole.ToolTipRole)
    assert "SQLite" in frame.ledger_view.place.text()
    opened.look.choose(language="en")
    assert cells(frame.ledger_view.datasets)[0][0] == "Daily bars"
    frame.grab()


def test_symbol_coverage_follows_the_link(panel: tuple[Opened, LedgerPanel]) -> None:
    opened, frame = panel
    opened.work.select("005930", "signals")
    assert cells(frame.ledger_view.symbols) == [["일봉", "1,000", "2026-01-02", "2026-05-04", "3", "krx"]]
    frame._on_link(0)
    opened.work.select("000660", "signals")
    assert frame.ledger_model.symbol == "005930"


def test_month_plot_is_drawn_when_seen(panel: tuple[Opened, LedgerPanel]) -> None:
    _, frame = panel
    plot = frame.ledger_view.plot
    assert plot._plot is not None
    assert "일봉 5개월" in plot.accessibleName()
    frame.ledger_view.which.buttons["symbol"].click()
    assert frame.ledger_view.symbol_table.isVisible()


def test_empty_and_failed_ledger(panel: tuple[Opened, LedgerPanel], monkeypatch: pytest.MonkeyPatch) -> None:
    opened, frame = panel

    async def nothing() -> Ledger:
        return Ledger((), 1, "SQLite x")

    async def broken() -> Ledger:
        raise StorageError("damaged", key="error.storage.corrupt", place="x")

    monkeypatch.setattr(opened.work, "load_ledger", nothing)
    frame.load()
    assert "저장된 자료가 없습니다" in frame._page.head.text()
    frame._page.primary.click()
    assert frame.import_view.isVisible(), "the next step of an empty ledger is the import"
    frame._on_closed()
    monkeypatch.setattr(opened.work, "load_ledger", broken)
    frame.load()
    assert "손상" in frame._page.line.text()


def test_import_from_drop_to_report(panel: tuple[Opened, LedgerPanel], qtbot: Any) -> None:
    opened, frame = panel
    opened.work.previews, opened.work.report = [GOOD, OPEN], REPORT
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile("/in/daily.parquet"), QUrl.fromLocalFile("/in/mine.csv")])
    drop = QDropEvent(
        QPoint(5, 5).toPointF(), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    frame.dropEvent(drop)
    assert opened.work.calls[-1] == ("preview", (Path("/in/daily.parquet"), Path("/in/mine.csv")))
    view = frame.import_view
    assert view.step == "check"
    page = view.check_page
    assert not page.start.isEnabled()
    assert page._choice is frame.import_model.files[1], "the file with a question is chosen first"
    page.dataset.setCurrentIndex(page.dataset.findData("flow"))
    page.dataset.activated.emit(page.dataset.currentIndex())
    box = page.fields["foreign"]
    box.setCurrentIndex(box.findData("외인"))
    box.activated.emit(box.currentIndex())
    assert page.start.isEnabled()
    frame.grab()
    qtbot.mouseClick(page.start, Qt.MouseButton.LeftButton)
    assert view.step == "report"
    rows = cells(view.report_page.rows)
    assert [row[0] for row in rows] == ["실패", "제외", "참고", "건너뜀"]
    assert "row 12" in rows[1][4]
    assert "1,380,120" in view.report_page.counts.text()
    view.report_page.copy.click()
    assert "import.reason.negative" in QApplication.clipboard().text()
    opened.look.choose(language="en")
    assert "rows read" in view.report_page.counts.text()
    frame.grab()
    qtbot.mouseClick(view.report_page.done, Qt.MouseButton.LeftButton)
    assert frame.ledger_view.isVisible()


def test_unit_choice_in_the_mapping(panel: tuple[Opened, LedgerPanel]) -> None:
    opened, frame = panel
    opened.work.previews = [GOOD]
    frame.start_import([GOOD.path])
    page = frame.import_view.check_page
    assert page.unit is not None
    page.unit.setCurrentIndex(2)
    page.unit.activated.emit(2)
    assert frame.import_model.files[0].value_unit == "백만원"
    assert page.unit.currentData() == "백만원", "the choice survives the refresh"


def test_progress_and_cancel(panel: tuple[Opened, LedgerPanel], qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    opened, frame = panel
    opened.work.previews = [GOOD]
    frame.start_import([GOOD.path])

    async def slow(paths: Any, mappings: Any = None) -> ImportReport:
        opened.work.job.publish(Progress("progress.read", 1, 4, "daily.parquet", 90.0))
        assert frame.import_view.step == "run"
        assert "1 / 4" in frame.import_view.run_page.what.text()
        assert "1분 30초" in frame.import_view.run_page.left.text()
        frame.import_view.run_page.stop.click()
        raise UserCancelled("stopped")

    monkeypatch.setattr(opened.work, "import_files", slow)
    frame.import_view.start_wanted.emit()
    assert ("cancel",) in opened.work.calls
    assert frame.import_view.step == "check"


def test_a_failing_import_tells_why(panel: tuple[Opened, LedgerPanel], monkeypatch: pytest.MonkeyPatch) -> None:
    opened, frame = panel
    opened.work.previews = [GOOD]
    frame.start_import([GOOD.path])

    async def full(paths: Any, mappings: Any = None) -> ImportReport:
        raise StorageError("no space", key="error.storage.disk_full", place="market.sqlite")

    monkeypatch.setattr(opened.work, "import_files", full)
    frame.import_view.start_wanted.emit()
    assert frame.import_view.step == "choose"
    assert "남은 공간이 없습니다" in frame.import_view.choose_page.error.text()


def test_file_choice_of_a_one_symbol_file_trusts_its_name() -> None:
    preview = replace(GOOD, columns=GOOD.columns[1:])
    assert FileChoice(preview).ready


def test_a_file_nobody_can_read_does_not_hold_up_the_others() -> None:
    broken = ValidationFailed("the file is damaged", key="error.import.damaged")
    unreadable = FileChoice(FilePreview(Path("cut.parquet"), "", "", None, (), broken))
    assert not unreadable.included and unreadable.ready

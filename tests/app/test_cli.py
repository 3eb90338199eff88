"""The command line as a user runs it: import, scan, ledger, wrong input, and the window drawn off-screen."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from ralphstock_desktop.app.cli import main
from ralphstock_desktop.app.folders import Folders
from ralphstock_desktop.app.market_dataset import has_real_data
from ralphstock_desktop.app.records import COLUMNS

ROOT = Path(__file__).resolve().parent.parent.parent


def _weekdays(count: int, last: date) -> list[date]:
    days: list[date] = []
    day = last
    while len(days) < count:
        if day.weekday() < 5:
            days.append(day)
        day -= timedelta(days=1)
    return days[::-1]


@pytest.fixture
def bars(tmp_path: Path) -> Path:
    """Two symbols over 80 weekdays; holidays among them are rejected by the importer and counted."""
    file = tmp_path / "일봉.csv"
    with file.open("w", encoding="cp949", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["종목코드", "일자", "시가", "고가", "저가", "종가", "거래량"])
        for code, start in (("005930", 70_000), ("0126Z0", 31_000)):
            for number, day in enumerate(_weekdays(80, date(2026, 4, 30))):
                close = start + 100 * (number % 7)
                writer.writerow([code, day.isoformat(), close, close + 200, close - 200, close, 500_000 + number])
    return file


def test_import_scan_and_ledger(bars: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--data", str(tmp_path / "home")]
    assert main(["import", *home, "--json", str(bars)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["rows_read"] == 160 and report["inserted"] + report["rejected"] == 160
    assert report["inserted"] > 100

    assert main(["import", *home, "--json", str(bars)]) == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["inserted"], again["updated"], again["unchanged"]) == (0, 0, report["inserted"])

    assert main(["scan", *home, "--as-of", "2026-04-30", "--all", "--json"]) == 0
    records = json.loads(capsys.readouterr().out)
    assert {record["ticker"] for record in records} == {"005930", "0126Z0"}
    assert all(record["signal_date"] == "2026-04-30" and record["smartmoney_score"] is None for record in records)

    table = tmp_path / "signals.csv"
    assert main(["scan", *home, "--as-of", "2026-04-30", "--all", "--csv", str(table)]) == 0
    assert table.read_bytes().startswith(b"\xef\xbb\xbf")
    capsys.readouterr()

    assert main(["ledger", *home, "--json"]) == 0
    ledger = json.loads(capsys.readouterr().out)
    daily = next(row for row in ledger["datasets"] if row["dataset"] == "daily_price")
    assert daily["rows"] == report["inserted"] and daily["symbols"] == 2 and daily["last_day"] == "2026-04-30"


def test_a_scan_without_data_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", "--data", str(tmp_path)]) == 1
    assert "import" in capsys.readouterr().err


def test_a_broken_file_is_named_and_the_exit_code_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1" + b"\0" * 100)
    assert main(["import", "--data", str(tmp_path / "home"), str(broken)]) == 1
    assert "broken.parquet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["scan", "--as-of", "2026-13-01"], "2026-05-04"),
        (["--size", "huge"], "1280x800"),
        (["nonsense"], "nonsense"),
    ],
)
def test_wrong_usage_says_what_would_be_right(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert words in capsys.readouterr().err


def test_a_password_never_reaches_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = "postgresql://trader:canary-4711@127.0.0.1:1/market"
    assert main(["ledger", "--data", str(tmp_path), "--database", url]) == 1
    captured = capsys.readouterr()
    assert "canary-4711" not in captured.out + captured.err


def test_without_a_display_the_window_explains_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("other systems always have a display")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert main(["--data", str(tmp_path)]) == 3
    assert "--offscreen --screenshot" in capsys.readouterr().err


@pytest.mark.slow
def test_the_whole_program_draws_its_first_signals(tmp_path: Path) -> None:
    """A new process, an empty folder: the simulated market is generated, scanned and drawn into a picture."""
    picture = tmp_path / "window.png"
    answer = subprocess.run(
        [
            sys.executable, "-m", "ralphstock_desktop", "--data", str(tmp_path / "home"), "--offscreen",
            "--screenshot", str(picture), "--size", "1280x800",
        ],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    from PySide6.QtGui import QImage

    image = QImage(str(picture))
    assert (image.width(), image.height()) == (1280, 800)
    log = (
        (tmp_path / "home" / "logs" / "ralphstock.log").read_text(encoding="utf-8")
        if (tmp_path / "home" / "logs" / "ralphstock.log").exists()
        else ""
    )
    assert "ERROR" not in log, log


def test_shared_options_may_stand_before_or_after_the_command(
    bars: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--data", str(tmp_path / "home")]
    assert main([*home, "import", "--json", str(bars)]) == 0
    inserted = json.loads(capsys.readouterr().out)["inserted"]
    for arguments in ([*home, "ledger", "--json"], ["ledger", *home, "--json"]):
        assert main(arguments) == 0
        assert json.loads(capsys.readouterr().out)["datasets"][0]["rows"] == inserted
    assert (tmp_path / "home" / "real" / "market.sqlite3").exists()


def test_imported_data_are_what_the_next_window_opens(bars: Path, tmp_path: Path) -> None:
    folders = Folders.of_user(tmp_path / "home")
    assert not has_real_data(folders, None)
    assert main(["import", "--data", str(tmp_path / "home"), str(bars)]) == 0
    assert has_real_data(folders, None)
    assert has_real_data(folders, "postgresql://127.0.0.1:1/market")


def test_a_damaged_database_is_told_and_set_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "home" / "real" / "market.sqlite3"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"SQLite format 3\x00" + b"\x5a" * 20_000)
    main(["ledger", "--data", str(tmp_path / "home")])
    assert "ralphstock:" in capsys.readouterr().err
    assert len(list(place.parent.iterdir())) >= 2, "the damaged file is kept beside the new one"


def test_a_day_in_the_future_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["scan", "--as-of", "2099-01-02"])
    assert "future" in capsys.readouterr().err


def test_records_are_complete_and_plain(bars: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--data", str(tmp_path / "home")]
    main(["import", *home, "--json", str(bars)])
    capsys.readouterr()
    main(["scan", *home, "--as-of", "2026-04-30", "--all", "--json"])
    record = json.loads(capsys.readouterr().out)[0]
    assert set(COLUMNS) == set(record)
    assert isinstance(record["depths"], list) and set(record["points"]) == {"A", "B", "C", "D", "E", "F", "SM"}
    assert set(record["trend"]) == {f"T{k}" for k in range(1, 9)} and record["trend"]["T1"] == "UNKNOWN"
    assert record["as_of"].endswith("+09:00")

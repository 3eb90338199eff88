"""``ralphstock simulate`` as a user runs it, and what it says when it cannot."""

from __future__ import annotations

import argparse
import csv
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest

from ralphstock_desktop.app.cli import _Bar, main
from ralphstock_desktop.app.folders import Folders
from ralphstock_desktop.app.settings_store import JsonSettings
from ralphstock_desktop.ports import Progress

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real market of two symbols."""
    folder = tmp_path_factory.mktemp("simulate")
    file = folder / "bars.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["종목코드", "일자", "시가", "고가", "저가", "종가", "거래량"])
        for code, start in (("005930", 70_000), ("0126Z0", 31_000)):
            for number in range(60):
                day = date(2026, 2, 2) + timedelta(days=number)
                close = start + 100 * (number % 7)
                if day.weekday() < 5:
                    writer.writerow([code, day.isoformat(), close, close + 200, close - 200, close, 500_000 + number])
    assert main(["import", "--data", str(folder / "home"), "--json", str(file)]) == 0
    return folder / "home"


@pytest.fixture
def running(home: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    command = [
        sys.executable,
        "-m",
        "ralphstock_desktop",
        "simulate",
        "--data",
        str(home),
        "--day",
        "2026-03-31",
        "--port",
        "0",
    ]
    command += ["--start", "10:30", "--speed", "1", "--same-token", "--strict-limits", "--fault", "delay=0"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    assert process.stdout is not None
    told: dict[str, str] = {}
    for line in process.stdout:
        told |= {"first": line.strip()} if not told else {}
        if line.strip().startswith(("REST", "WebSocket")):
            name, address = line.split()
            told[name] = address
        if "Stop with" in line:
            break
    try:
        yield process, told
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_it_serves_the_imported_day_until_it_is_stopped(running: tuple[subprocess.Popen[str], dict[str, str]]) -> None:
    process, told = running
    assert (
        "2026-03-31" in told["first"] and "recorded market" in told["first"] and told["WebSocket"].startswith("ws://127.0.0.1:")
    )
    with httpx.Client(base_url=told["REST"]) as http:
        issue = {"grant_type": "client_credentials", "appkey": "k", "secretkey": "s"}
        token = http.post("/oauth2/token", json=issue).json()["token"]
        headers = {"authorization": f"Bearer {token}"}
        body = {"stk_cd": "005930", "base_dt": "20260330", "upd_stkpc_tp": "0"}
        rows = http.post("/api/dostk/chart", json=body, headers={**headers, "api-id": "ka10081"}).json()[
            "stk_dt_pole_chart_qry"
        ]
        assert rows[0]["dt"] == "20260330" and int(rows[0]["trde_qty"]) > 500_000
        assert http.post("/api/dostk/chart", json=body, headers={**headers, "api-id": "ka10081"}).status_code == 429
        letters = http.post("/api/dostk/stkinfo", json={"stk_cd": "0126Z0"}, headers={**headers, "api-id": "ka10001"}).json()
        assert letters["return_code"] == 0 and int(letters["cur_prc"].lstrip("+-")) > 30_000
        assert http.get("/simulator/state").json()["source"] == "daily"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0 and "stopped" in out and "Traceback" not in err


def test_what_it_says_when_it_cannot(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = ["simulate", "--data", str(home), "--real"]
    assert main([*base, "--day", "2026-03-29"]) == 1
    assert "2026-03-29 is not a trading day of this repository" in capsys.readouterr().err
    assert main([*base, "--fault", "nonsense=1"]) == 1
    assert "half_frame" in capsys.readouterr().err
    assert main([*base, "--start", "noon"]) == 1
    assert "10:30" in capsys.readouterr().err
    assert main([*base, "--speed", "9999"]) == 1
    assert main(["simulate", "--data", str(tmp_path), "--real"]) == 1
    assert "import" in capsys.readouterr().err
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main([*base, "--port", str(taken.getsockname()[1])]) == 1
    assert "already in use" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([*base, "--port", "70000"])


@pytest.mark.parametrize(("language", "making"), [(None, "시뮬레이션 시장 만드는 중"), ("en", "Making the simulated market")])
def test_progress_is_told_in_the_users_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str | None, making: str
) -> None:
    """Names of stages are keys of the catalogue; the terminal once printed the keys."""
    if language:
        JsonSettings(Folders.of_user(tmp_path).config / "settings.json").set("language", language)
    bar = _Bar(argparse.Namespace(data=tmp_path))
    for stage in ("simulated.progress.generate", "simulated.progress.generate", "simulated.progress.store", "no.such.stage"):
        bar(Progress(stage, 1, 7, "universe"))
    told = capsys.readouterr().err
    assert told.count(making) == 1 and len(told.splitlines()) == 3
    assert "progress" not in told and "stage" not in told and "simulated." not in told

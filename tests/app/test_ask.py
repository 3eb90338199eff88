"""``ralphstock ask``: questions in a terminal, answered from the stored data; nothing is stored by it."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from ralphstock_desktop.app.cli import main

LAST = date(2026, 4, 30)
CLOSE = {"005930": 70_300, "000660": 195_500}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two imported symbols; the last close is ``CLOSE``."""
    folder = tmp_path_factory.mktemp("ask")
    days = [LAST - timedelta(days=back) for back in range(110) if (LAST - timedelta(days=back)).weekday() < 5]
    rows = ["종목코드,종목명,일자,시가,고가,저가,종가,거래량"]
    for code, close in CLOSE.items():
        name = {"005930": "삼성전자", "000660": "SK하이닉스"}[code]
        for back, day in enumerate(days):
            price = close - 100 * (back % 7)
            rows.append(f"{code},{name},{day},{price},{price + 200},{price - 200},{price},{500_000 + back}")
    file = folder / "일봉.csv"
    file.write_text("\n".join(rows), encoding="utf-8")
    master = folder / "종목.csv"
    master.write_text("종목코드,종목명,시장\n005930,삼성전자,KOSPI\n000660,SK하이닉스,KOSPI\n", encoding="utf-8")
    assert main(["import", "--data", str(folder / "home"), "--json", str(file), str(master)]) == 0
    return folder / "home"


@pytest.fixture(autouse=True)
def _nothing_fails_behind_the_answer(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [record.getMessage() for record in caplog.get_records("call") if record.levelno >= logging.ERROR] == []


def ask(home: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(["ask", "--data", str(home), "--json", *arguments]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    answers: list[dict[str, Any]] = json.loads(out)
    return answers


def closes(answer: dict[str, Any]) -> list[tuple[str, float]]:
    return [(fact["ticker"], fact["value"]) for fact in answer["facts"] if fact["name"] == "bar.close"]


def records(home: Path) -> dict[str, int]:
    """Rows of every table but those of the search index, which is only derived."""
    (file,) = home.glob("**/*.sqlite3")
    with sqlite3.connect(file) as database:
        names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            name: database.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0]
            for name in names
            if not name.startswith("news_search")
        }


def test_every_number_of_an_answer_comes_with_its_fact(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (answer,) = ask(home, capsys, "--as-of", str(LAST), "삼성전자 종가 얼마야?")
    assert ("005930", CLOSE["005930"]) in closes(answer)
    assert "70,300원" in answer["text"]
    assert answer["numbers"] == answer["linked"] > 0
    assert answer["as_of"] == "2026-04-30T23:59:59+09:00"


def test_a_later_question_refers_to_the_one_before_unless_they_stand_apart(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = ("SK hynix close price?", "and its trading volume?")
    _, together = ask(home, capsys, "--as-of", str(LAST), *questions)
    assert {fact["ticker"] for fact in together["facts"] if fact["ticker"]} == {"000660"}
    assert together["language"] == "en"
    _, apart = ask(home, capsys, "--as-of", str(LAST), "--apart", *questions)
    assert "000660" not in {fact["ticker"] for fact in apart["facts"]}


def test_an_earlier_minute_knows_no_later_bar(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (answer,) = ask(home, capsys, "--as-of", f"{LAST}T14:30", "--symbol", "005930", "이 종목 종가는?")
    day_before = CLOSE["005930"] - 100
    assert closes(answer) == [("005930", day_before)]


def test_questions_are_read_from_standard_input(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("삼성전자 종가\n\n하이닉스 종가\n"))
    first, second = ask(home, capsys, "--as-of", str(LAST), "-")
    assert ("005930", CLOSE["005930"]) in closes(first)
    assert ("000660", CLOSE["000660"]) in closes(second)


def test_nothing_is_stored_by_asking(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask(home, capsys, "--as-of", str(LAST), "시장 어때?")
    settings = home / "config" / "settings.json"
    before = (records(home), hashlib.sha256(settings.read_bytes()).hexdigest() if settings.exists() else "")
    ask(home, capsys, "--as-of", str(LAST), "오늘 신호 있어?", "삼성전자 관심종목에 넣어줘")
    ask(home, capsys, "오늘 신호 있어?")  # as of now
    after = (records(home), hashlib.sha256(settings.read_bytes()).hexdigest() if settings.exists() else "")
    assert after == before


def test_tables_stand_in_columns_though_hangul_is_wide(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["ask", "--data", str(home), "--as-of", str(LAST), "삼성전자랑 SK하이닉스 비교해줘"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "> 삼성전자랑 SK하이닉스 비교해줘"
    rows = [line for line in lines if "70,300원" in line and "195,500원" in line]
    assert rows and rows[0].startswith("  ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--symbol", "999999", "종가는?"), "999999"),
        (("--as-of", "2010-01-28", "종가는?"), "No daily bar was known"),
    ],
)
def test_what_cannot_be_looked_at_is_said(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert main(["ask", "--data", str(home), *arguments]) == 1
    assert said in capsys.readouterr().err


def test_without_data_the_way_to_some_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "--data", str(tmp_path), "시장 어때?"]) == 1
    assert "ralphstock import" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["2026-13-01", "2026-04-30T25:00", "2999-01-01", "2026-04-30T"])
def test_an_instant_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["ask", "--data", str(tmp_path), "--as-of", text, "시장?"])
    assert refused.value.code == 2

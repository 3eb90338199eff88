"""Files of headlines in a folder of the user's."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from engine.model.errors import DataUnavailable, ProtocolChanged
from engine.model.instants import kst_ns
from ralphstock_desktop.ports import MISSING_INT
from ralphstock_desktop.providers.news.feeds import NameBook
from ralphstock_desktop.providers.news.folder import FolderCollector
from tests.providers.news.loopback import NAMES, NOW

SINCE = kst_ns(date(2026, 1, 21), 0)


def collector(folder: Path) -> FolderCollector:
    return FolderCollector(folder, NameBook(lambda: NAMES), lambda: NOW)


async def test_csv_in_both_codes_and_languages(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "title,url,source,published_at,ticker\n"
        "삼성전자 수주,https://n.example/1,어느 신문,2026-01-28 10:00,\n"
        "두 종목,https://n.example/2,,2026-01-28T01:30:00+00:00,5930 000660\n"
        ",https://n.example/3,,2026-01-28 10:00,005930\n"
        "옛날,https://n.example/4,,2025-01-28 10:00,005930\n",
        encoding="utf-8-sig",
    )
    (tmp_path / "b.CSV").write_bytes("제목,언론사,일시,종목코드\nNAVER 신제품,연합뉴스,2026-01-28,A035420\n".encode("cp949"))
    (tmp_path / "notes.txt").write_text("title\nnot read\n")
    batch = await collector(tmp_path).collect(SINCE)
    assert list(zip(batch.ticker.tolist(), batch.title.tolist(), strict=True)) == [
        ("005930", "삼성전자 수주"),
        ("005930", "두 종목"),
        ("000660", "두 종목"),
        ("035420", "NAVER 신제품"),
    ]
    assert batch.published_ns.tolist() == [
        kst_ns(date(2026, 1, 28), 10),
        kst_ns(date(2026, 1, 28), 10, 30),
        kst_ns(date(2026, 1, 28), 10, 30),
        MISSING_INT,  # a mere date
    ]
    assert batch.press.tolist() == ["어느 신문", "", "", "연합뉴스"]
    assert batch.url.tolist()[-1].startswith("file:")


async def test_json(tmp_path: Path) -> None:
    rows = [{"title": "삼성전자 수주", "tickers": ["005930"], "published_at": "2026-01-28T10:00:00+09:00", "source": None}]
    (tmp_path / "a.json").write_text(json.dumps(rows), encoding="utf-8")
    (tmp_path / "b.json").write_text(json.dumps({"items": rows}), encoding="utf-8")
    batch = await collector(tmp_path).collect(SINCE)
    assert batch.ticker.tolist() == ["005930"]  # the same headline, however often
    assert batch.published_ns.tolist() == [kst_ns(date(2026, 1, 28), 10)]


async def test_the_same_file_gives_the_same_addresses_and_a_changed_one_new_rows(tmp_path: Path) -> None:
    file, made = tmp_path / "a.csv", collector(tmp_path)
    file.write_text("title,published_at\n삼성전자 수주,2026-01-28 10:00\n", encoding="utf-8")
    first, second = await made.collect(SINCE), await made.collect(SINCE)
    assert first.url.tolist() == second.url.tolist()
    file.write_text("title,published_at\n삼성전자 수주,2026-01-28 10:00\nSK 신제품,2026-01-28 11:00\n", encoding="utf-8")
    assert len((await made.collect(SINCE)).url) == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "headline_text,url\nx,y\n"),
        ("a.csv", ""),
        ("a.json", "{"),
        ("a.json", '{"rows": []}'),
        ("a.json", "[1]"),
        ("a.json", "[" * 99_999),
    ],
)
async def test_a_broken_file_is_named_and_never_an_empty_batch(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ProtocolChanged) as caught:
        await collector(tmp_path).collect(SINCE)
    assert caught.value.fields["file"] == name
    assert str(tmp_path) not in str(caught.value)


async def test_no_folder_and_an_empty_one(tmp_path: Path) -> None:
    assert len((await collector(tmp_path).collect(SINCE)).url) == 0
    with pytest.raises(DataUnavailable):
        await collector(tmp_path / "none").collect(SINCE)


async def test_a_broken_file_does_not_keep_the_others_away(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("nothing,here\n1,2\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("title,ticker\n삼성전자 수주,005930\n", encoding="utf-8")
    folder = collector(tmp_path)
    assert len((await folder.collect(0)).url) == 1
    with pytest.raises(ProtocolChanged) as caught:
        await folder.collect(0)
    assert caught.value.fields["file"] == "a.csv"
    (tmp_path / "c.csv").write_text("title,ticker\n삼성전자 실적개선,005930\n", encoding="utf-8")
    assert len((await folder.collect(0)).url) == 2


async def test_times_out_of_the_calendar_and_halves_of_characters(tmp_path: Path) -> None:
    rows = [
        {"title": "삼성전자 수주", "published_at": "0001-01-01T00:00:00", "ticker": "005930"},
        {"title": "삼성전자 납품", "published_at": "9999-12-31T23:59:59-12:00", "ticker": "005930"},
        {"title": "삼성\u202e전자\x00 \ud800급등 👨\u200d👩", "ticker": "005930"},
    ]
    (tmp_path / "odd.json").write_text(json.dumps(rows), encoding="utf-8")
    batch = await collector(tmp_path).collect(0)
    assert batch.published_ns.tolist() == [MISSING_INT] * 3
    assert batch.title.tolist()[2] == "삼성전자 급등 👨\u200d👩"
    "".join(batch.title.tolist()).encode("utf-8")

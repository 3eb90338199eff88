"""Broken and hostile files: each is refused with a sentence that says what is wrong, and the database stays as it was."""

from __future__ import annotations

import gzip
import os
import sys
import tracemalloc
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from memory_store import MemoryStore

from engine.model.errors import DataUnavailable, StorageError, UserCancelled, ValidationFailed
from ralphstock_desktop.data.importing import ImportLimits, preview
from ralphstock_desktop.ports import ImportReport, Progress

Run = Callable[..., ImportReport]
GOOD = "ticker,date,open,high,low,close,volume\n005930,2026-05-04,1,2,1,2,10\n"


@pytest.fixture
def good(tmp_path: Path) -> Path:
    file = tmp_path / "good.csv"
    file.write_text(GOOD, encoding="utf-8")
    return file


def table(rows: int = 50) -> pa.Table:
    return pa.table(
        {
            "ticker": [f"{i:06d}" for i in range(rows)],
            "date": pa.array([date(2026, 5, 4)] * rows, pa.date32()),
            **{name: pa.array(np.full(rows, 5, np.int32)) for name in ("open", "high", "low", "close", "volume")},
        }
    )


def refused(run: Run, store: MemoryStore, path: Path, key: str, *words: str, **options: object) -> ValidationFailed:
    """Import a file, expect exactly this refusal, and prove that nothing was stored."""
    before = {name: dict(rows) for name, rows in store.tables.items()}
    report = run(path, **options)
    assert [p for p, _ in report.failed] == [path], report
    error = report.failed[0][1]
    assert isinstance(error, ValidationFailed)
    assert error.key == f"error.import.{key}", error
    assert path.name in str(error)
    for word in words:
        assert word in str(error)
    assert store.tables == before
    assert report.inserted == report.rows_read == report.files == 0
    (looked_at,) = preview([path], limits=options.get("limits", ImportLimits()))  # type: ignore[arg-type]
    if key not in ("convert", "csv_broken", "no_rows", "gzip_broken", "parquet_broken"):
        assert looked_at.problem is not None
        assert looked_at.problem.key == error.key
    return error


def test_truncated_parquet(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    whole = tmp_path / "whole.parquet"
    pq.write_table(table(20_000), whole)
    data = whole.read_bytes()
    for cut in (len(data) // 2, len(data) - 1, 6):
        file = tmp_path / f"cut{cut}.parquet"
        file.write_bytes(data[:cut])
        refused(run, store, file, "parquet_broken", "damaged or cut off")


def test_parquet_with_damaged_pages(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    file = tmp_path / "bad.parquet"
    pq.write_table(table(20_000), file, compression="zstd")
    data = bytearray(file.read_bytes())
    data[200:2_000] = os.urandom(1_800)
    file.write_bytes(bytes(data))
    refused(run, store, file, "parquet_broken", "damaged")


def test_parquet_in_name_only(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    file = tmp_path / "x.parquet"
    file.write_bytes(b"<html>not found</html>")
    refused(run, store, file, "parquet_broken", "does not begin like a Parquet file")


def test_nested_and_wrong_schema(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    nested = table(3).set_column(5, "close", pa.array([[1], [2], [3]]))
    pq.write_table(nested, tmp_path / "nested.parquet")
    refused(run, store, tmp_path / "nested.parquet", "nested", "'close'", "list")
    pq.write_table(pa.table({"a": [1], "b": [2]}), tmp_path / "other.parquet")
    refused(run, store, tmp_path / "other.parquet", "unknown_columns", "a, b")


def test_wrong_types_are_rejected_row_by_row(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    odd = table(3).set_column(5, "close", pa.array([date(2026, 5, 4)] * 3))
    pq.write_table(odd, tmp_path / "odd.parquet")
    report = run(tmp_path / "odd.parquet")
    assert (report.rejected, store.rows("daily_price")) == (3, {})
    assert report.issues[0].reason_key == "import.reason.unreadable_price"


def test_a_huge_value_repeated_does_not_grow_in_memory(tmp_path: Path, run: Run) -> None:
    rows = 100_000
    codes = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array(["9" * 200_000]))
    bomb = table(rows).set_column(0, "ticker", codes)
    pq.write_table(bomb, tmp_path / "bomb.parquet")
    tracemalloc.start()
    report = run(tmp_path / "bomb.parquet")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert report.rejected == rows
    assert pa.total_allocated_bytes() + peak < 200 << 20


def test_gzip_bomb(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    file = tmp_path / "bomb.csv.gz"
    with gzip.open(file, "wb", compresslevel=9) as stream:
        for _ in range(64):
            stream.write(b"0,0,0,0\n" * (1 << 17))
    limits = ImportLimits(ratio_from_bytes=4 << 20)
    refused(run, store, file, "bomb", "no market data shrink that much", limits=limits)
    refused(run, store, file, "too_large", "more than", limits=ImportLimits(max_unpacked_bytes=1 << 20))


def test_truncated_and_damaged_gzip(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    packed = gzip.compress((GOOD + "005930,2026-05-06,1,2,1,2,10\n" * 5_000).encode())
    (tmp_path / "cut.csv.gz").write_bytes(packed[: len(packed) // 2])
    refused(run, store, tmp_path / "cut.csv.gz", "gzip_broken", "cut off")
    damaged = bytearray(packed)
    damaged[40:80] = bytes(40)
    (tmp_path / "bad.csv.gz").write_bytes(bytes(damaged))
    refused(run, store, tmp_path / "bad.csv.gz", "gzip_broken", "damaged")


def test_one_endless_line_is_not_read_to_its_end(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    file = tmp_path / "line.csv"
    with file.open("wb") as stream:  # a sparse file: ten gigabytes that take no room
        stream.write(b"ticker,date,open,high,low,close,volume\n" + b"9" * (3 << 20))
        stream.truncate(10 << 30)
    tracemalloc.start()
    refused(run, store, file, "long_line", "line 2", limits=ImportLimits(max_line_bytes=1 << 20))
    assert tracemalloc.get_traced_memory()[1] < 32 << 20
    tracemalloc.stop()
    short = tmp_path / "short.csv"
    short.write_text(GOOD + "005930," + "9" * 5_000 + ",1,1,1,1,1\n", encoding="utf-8")
    refused(run, store, short, "long_line", "line 3", limits=ImportLimits(max_line_bytes=4_000))


def test_the_line_limit_is_exact(tmp_path: Path, run: Run) -> None:
    file = tmp_path / "fits.csv"
    file.write_text(GOOD + "005930,2026-05-06,1,2,1,2," + "0" * 974 + "\n", encoding="utf-8")
    assert run(file, limits=ImportLimits(max_line_bytes=1_000)).files == 1
    assert run(file, limits=ImportLimits(max_line_bytes=999)).files == 0


def test_binary_garbage(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    (tmp_path / "a.csv").write_bytes(b"\x00\x01\x02" * 1_000)
    refused(run, store, tmp_path / "a.csv", "binary", "binary data")
    random = bytes(np.random.Generator(np.random.PCG64(1)).integers(1, 256, 5_000).astype(np.uint8))
    (tmp_path / "b.csv").write_bytes(random)
    refused(run, store, tmp_path / "b.csv", "encoding", "neither UTF-8 nor CP949")


def test_empty_files_and_headers_alone(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    refused(run, store, tmp_path / "empty.csv", "empty", "at least one row")
    (tmp_path / "header.csv").write_text(GOOD.split("\n", maxsplit=1)[0] + "\n", encoding="utf-8")
    refused(run, store, tmp_path / "header.csv", "no_rows", "no rows")


def test_excel_and_zip_are_named(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    (tmp_path / "book.xlsx").write_bytes(b"PK\x03\x04" + b"x" * 100)
    refused(run, store, tmp_path / "book.xlsx", "archive", "save the sheet as CSV")
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0" + b"x" * 100)
    refused(run, store, tmp_path / "old.xls", "archive", "Excel")


def test_mixed_encodings_name_both_lines(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    file = tmp_path / "mixed.csv"
    lines = [b"ticker,date,open,high,low,close,volume,name,market\n"]
    lines.append("005930,2026-05-04,1,2,1,2,10,삼성전자,KOSPI\n".encode())
    lines.append("000660,2026-05-04,1,2,1,2,10,하이닉스,KOSPI\n".encode("cp949"))
    file.write_bytes(b"".join(lines))
    error = refused(run, store, file, "mixed_encoding", "line 2", "line 3")
    assert (error.fields["utf8_line"], error.fields["cp949_line"]) == (2, 3)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_every_known_encoding_reads_the_same(tmp_path: Path, run: Run, store: MemoryStore, encoding: str) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes("종목코드,종목명,시장구분\n005930,한국호텔쀍,KOSPI\n".encode(encoding))
    report = run(file)
    assert report.failed == ()
    assert store.rows("symbol")["005930"]["name"] == "한국호텔쀍"
    assert preview([file])[0].encoding == encoding


def test_bytes_that_break_the_text_far_into_the_file(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    file = tmp_path / "late.csv"
    file.write_bytes((GOOD + "005930,2026-05-06,1,2,1,2,10\n" * 60_000).encode() + b"\xff\xff,x\n")
    error = refused(run, store, file, "encoding", "line 60,003")
    assert error.fields["line"] == 60_003


def test_quote_bombs_and_ragged_rows(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    quote = tmp_path / "quote.csv"
    quote.write_text(GOOD + '"005930,2026-05-06,1,2,1,2,10\n' + "005930,2026-05-07,1,2,1,2,10\n" * 2_000, encoding="utf-8")
    refused(run, store, quote, "csv_broken")
    ragged = tmp_path / "ragged.csv"
    ragged.write_text(GOOD + "005930,2026-05-06,1\n", encoding="utf-8")
    refused(run, store, ragged, "csv_broken", "columns")
    header = tmp_path / "header.csv"
    header.write_text('ticker,"date\n' + GOOD, encoding="utf-8")
    refused(run, store, header, "csv_broken")


def test_ten_thousand_columns(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    file = tmp_path / "wide.csv"
    file.write_text(",".join(f"c{i}" for i in range(10_000)) + "\n" + ",".join("1" * 10_000) + "\n", encoding="utf-8")
    refused(run, store, file, "too_many_columns", "10,000 columns", "400")
    pq.write_table(pa.table({f"c{i}": [1] for i in range(500)}), tmp_path / "wide.parquet")
    refused(run, store, tmp_path / "wide.parquet", "too_many_columns", "500")


def test_loops_of_links_end_and_linked_files_count_once(tmp_path: Path, run: Run, good: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "again.csv").symlink_to(good)
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere.csv")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / ".hidden.csv").write_text("x", encoding="utf-8")
    report = run(tmp_path)
    assert (report.files, report.inserted) == (1, 1)
    assert {path.name: error.key for path, error in report.failed} == {
        "gone.csv": "error.import.not_found",
        "self": "error.import.unreadable",
    }


def test_a_pipe_is_not_opened(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    refused(run, store, tmp_path / "pipe.csv", "not_a_file", "neither a file nor a folder")


def test_missing_path(tmp_path: Path, run: Run, store: MemoryStore) -> None:
    refused(run, store, tmp_path / "nothing.csv", "not_found", "no such file")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="this account reads every file")
def test_no_permission(tmp_path: Path, run: Run, store: MemoryStore, good: Path) -> None:
    good.chmod(0)
    refused(run, store, good, "permission", "read permission")


def test_no_permission_is_told_from_other_errors(good: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", deny)
    assert run(good).failed[0][1].key == "error.import.permission"


def test_too_many_files(tmp_path: Path, run: Run) -> None:
    for number in range(4):
        (tmp_path / f"{number}.csv").write_text(GOOD, encoding="utf-8")
    report = run(tmp_path, limits=ImportLimits(max_files=3))
    assert report.failed[0][1].key == "error.import.too_many_files"
    assert report.files == 0


def test_json_and_documents(tmp_path: Path, run: Run) -> None:
    (tmp_path / "rec.json").write_text('{"return_code": 0, "stk_cd": "005930"}', encoding="utf-8")
    (tmp_path / "other.json").write_text('{"hello": 1}', encoding="utf-8")
    (tmp_path / "README.md").write_text("# words", encoding="utf-8")
    report = run(tmp_path)
    assert {p.name: reason for p, reason in report.skipped} == {
        "rec.json": "import.skipped.broker_recording",
        "README.md": "import.skipped.not_data",
    }
    assert [(p.name, e.key) for p, e in report.failed] == [("other.json", "error.import.json")]
    problems = {shown.path.name: shown.problem for shown in preview([tmp_path])}
    assert isinstance(problems["README.md"], DataUnavailable)


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path, run: Run, good: Path) -> None:
    (tmp_path / "bad.parquet").write_bytes(b"PAR1" + b"x" * 100)
    report = run(tmp_path)
    assert (report.files, report.inserted, len(report.failed)) == (1, 1, 1)


# -- transactions ---------------------------------------------------------------------------------------------------------


def many(path: Path) -> Path:
    codes = [f"{i:06d},2026-05-04,1,2,1,2,10" for i in range(400)]
    path.write_text(GOOD.split("\n", maxsplit=1)[0] + "\n" + "\n".join(codes) + "\n", encoding="utf-8")
    return path


def test_a_file_that_fails_while_storing_leaves_nothing(tmp_path: Path, run: Run, store: MemoryStore, good: Path) -> None:
    run(good)
    before = dict(store.rows("daily_price"))
    store.fail_after, store.error = 2, StorageError("The disk is full.")
    report = run(many(tmp_path / "many.csv"), limits=ImportLimits(batch_rows=50))
    assert report.failed[0][1] is store.error
    assert store.rows("daily_price") == before
    assert (report.inserted, report.files) == (0, 0)


@pytest.mark.parametrize("stage", ["import.progress.check", "import.progress.store"])
def test_cancelling_keeps_finished_files_only(tmp_path: Path, run: Run, store: MemoryStore, stage: str) -> None:
    first, second = many(tmp_path / "a.csv"), many(tmp_path / "b.csv")
    second.write_text(second.read_text(encoding="utf-8").replace(",2,10", ",2,11"), encoding="utf-8")

    def stop(progress: Progress) -> None:
        if progress.stage == stage and progress.detail == "b.csv" and progress.done > progress.total // 2 + 1_000:
            raise UserCancelled("Stopped.")

    report = run(first, second, on_progress=stop, limits=ImportLimits(batch_rows=50))
    assert report.cancelled
    assert report.files == 1
    assert {row["volume_shares"] for row in store.rows("daily_price").values()} == {10}
    assert report.failed == ()


def test_progress_grows_to_the_end(tmp_path: Path, run: Run, good: Path) -> None:
    many(tmp_path / "many.csv")
    (tmp_path / "README.md").write_text("# words", encoding="utf-8")
    seen: list[Progress] = []
    run(tmp_path, on_progress=seen.append, limits=ImportLimits(batch_rows=50))
    done = [progress.done for progress in seen]
    assert done == sorted(done)
    assert seen[-1].done <= seen[-1].total
    assert seen[-1].done > seen[-1].total * 0.9
    assert {progress.stage for progress in seen} == {f"import.progress.{name}" for name in ("read", "check", "store")}

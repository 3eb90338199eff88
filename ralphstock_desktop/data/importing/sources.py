"""Finding, opening and reading files: Parquet and CSV (plain or gzipped), as record batches, within the limits.

A CSV file is looked through once before anything of it is used: its bytes are hashed, unpacked, checked for line length and
binary content, and its encoding is proved (UTF-8 with or without a byte-order mark, CP949, UTF-16). So a bad byte in the last
line is found before the first row is stored. All columns of a CSV are read as text; converting is the business of
:mod:`.columns`.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import os
import re
import stat
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

from engine.model.errors import ValidationFailed
from ralphstock_desktop.data.importing.limits import ImportLimits

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CsvFile", "DataFile", "ParquetFile", "SkippedFile", "find_files", "open_file", "refuse"]

_CHUNK = 1 << 20
_HANGUL_UTF8 = re.compile(rb"[\xea-\xed][\x80-\xbf]{2}")
_DELIMITERS = (",", "\t", ";", "|")
_SKIPPED_SUFFIXES = {".md", ".txt", ".rst", ".html", ".pdf", ".png", ".jpg", ".py", ".log", ".yml", ".yaml", ".toml"}
_RECORDING_MARKS = ('"trnm"', '"frames"', '"return_code"', '"apis"', '"api_id"', '"_note"', '"stk_')


def refuse(path: Path, key: str, message: str, **fields: str | int | float) -> ValidationFailed:
    """Build the error of a file that cannot be read; ``message`` completes ``<file> cannot be imported:``."""
    return ValidationFailed(f"{path.name} cannot be imported: {message}", key=f"error.import.{key}", file=path.name, **fields)


class SkippedFile(Exception):
    """A file that is known but holds nothing to import; ``reason`` is its text key."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class DataFile(Protocol):
    """A readable table. Batches carry every column asked for, in file order."""

    path: Path
    encoding: str
    columns: tuple[str, ...]
    plain_columns: tuple[str, ...]
    """Columns of plain types (no lists or structures)."""
    rows: int | None
    sha256: str

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows in file order, at most ``batch_rows`` at a time."""
        ...


def find_files(paths: Sequence[Path], limits: ImportLimits) -> tuple[list[Path], list[tuple[Path, ValidationFailed]]]:
    """Return the regular files at and below ``paths``, each once, in a stable order, and the paths that cannot be read.

    Linked directories are not entered, so a loop of links ends; a linked file is taken once. Hidden files and folders are
    left out unless named directly.

    Raises
    ------
    ValidationFailed
        If there are more files than ``limits.max_files``.
    """
    found: list[Path] = []
    failed: list[tuple[Path, ValidationFailed]] = []
    seen: set[tuple[int, int]] = set()

    def add(path: Path) -> None:
        try:
            status = path.stat()
        except OSError as error:
            failed.append((path, _system_error(path, error)))
            return
        if not stat.S_ISREG(status.st_mode):
            failed.append((path, refuse(path, "not_a_file", "it is neither a file nor a folder.")))
            return
        identity = (status.st_dev, status.st_ino)
        if identity not in seen or status.st_ino == 0:
            seen.add(identity)
            found.append(path)
        if len(found) > limits.max_files:
            raise ValidationFailed(
                f"More than {limits.max_files} files were given; import one folder of market data at a time.",
                key="error.import.too_many_files",
                limit=limits.max_files,
            )

    for top in paths:
        if not top.is_dir():
            add(top)
            continue

        def note(error: OSError) -> None:
            where = Path(error.filename)
            failed.append((where, _system_error(where, error)))

        for folder, names, files in os.walk(top, followlinks=False, onerror=note):
            names[:] = sorted(name for name in names if not name.startswith("."))
            for name in sorted(files):
                if not name.startswith("."):
                    add(Path(folder) / name)
    return found, failed


def _system_error(path: Path, error: OSError) -> ValidationFailed:
    if isinstance(error, PermissionError):
        return refuse(path, "permission", "this account may not read it; give it read permission.")
    if isinstance(error, FileNotFoundError):
        return refuse(path, "not_found", "there is no such file.")
    return refuse(
        path,
        "unreadable",
        f"the system cannot read it ({error.strerror or type(error).__name__}).",
        what=str(error.strerror or error),
    )


def open_file(path: Path, limits: ImportLimits) -> DataFile:
    """Recognise a file by its first bytes and open it.

    Raises
    ------
    SkippedFile
        If it is of a kind that is known and holds nothing to import.
    ValidationFailed
        If it cannot be read as Parquet or CSV; the sentence says what is wrong and what would be right.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(8)
    except OSError as error:
        raise _system_error(path, error) from error
    if not head:
        raise refuse(path, "empty", "it is empty; a header line and at least one row are expected.")
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if head[:4] == b"PAR1":
        return ParquetFile(path, limits)
    if suffixes[-1:] == [".parquet"]:
        raise refuse(
            path, "parquet_broken", "it is named .parquet but does not begin like a Parquet file.", what="magic number"
        )
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        raise refuse(path, "archive", "it is a ZIP or Excel file; unpack it or save the sheet as CSV (UTF-8).")
    if head[:4] == b"\xd0\xcf\x11\xe0":
        raise refuse(path, "archive", "it is an old Excel file; save the sheet as CSV (UTF-8).")
    if ".json" in suffixes:
        raise _json_file(path, limits)
    if suffixes[-1:] and suffixes[-1] in _SKIPPED_SUFFIXES - {".txt"}:
        raise SkippedFile("import.skipped.not_data")
    return CsvFile(path, limits)


def _json_file(path: Path, limits: ImportLimits) -> Exception:
    try:
        with _Bytes(path, limits) as stream:
            start = stream.read(65_536).decode("utf-8", errors="replace")
    except ValidationFailed as error:
        return error
    if start.lstrip("\ufeff \r\n\t")[:1] in ("{", "[") and any(mark in start for mark in _RECORDING_MARKS):
        return SkippedFile("import.skipped.broker_recording")
    return refuse(path, "json", "JSON files are not imported; a CSV or Parquet table is expected.")


# -- bytes ----------------------------------------------------------------------------------------------------------------


class _Bytes(io.RawIOBase):
    """The unpacked bytes of a plain or gzipped file, counted against the limits."""

    def __init__(self, path: Path, limits: ImportLimits) -> None:
        super().__init__()
        self._path, self._limits, self._count = path, limits, 0
        try:
            self._file: BinaryIO = path.open("rb")
            self._packed = os.fstat(self._file.fileno()).st_size
            self._is_gzip = self._file.read(2) == b"\x1f\x8b"
            self._file.seek(0)
        except OSError as error:
            raise _system_error(path, error) from error
        self._stream: BinaryIO = cast("BinaryIO", gzip.GzipFile(fileobj=self._file)) if self._is_gzip else self._file

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Read at most ``size`` bytes; empty at the end."""
        try:
            data = self._stream.read(_CHUNK if size is None or size < 0 else size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise refuse(
                self._path,
                "gzip_broken",
                f"the gzip stream is damaged or cut off after {self._count:,} bytes; get it again.",
                bytes=self._count,
            ) from error
        except OSError as error:
            raise _system_error(self._path, error) from error
        self._count += len(data)
        limit = self._limits
        if self._count > limit.max_unpacked_bytes:
            raise refuse(
                self._path,
                "too_large",
                f"it holds more than {limit.max_unpacked_bytes:,} bytes; split it.",
                limit=limit.max_unpacked_bytes,
            )
        if self._is_gzip and self._count > limit.ratio_from_bytes and self._count > limit.max_ratio * self._packed:
            raise refuse(
                self._path,
                "bomb",
                f"{self._packed:,} packed bytes unpack to more than {self._count:,}; no market data shrink that much.",
                packed=self._packed,
                unpacked=self._count,
            )
        return data

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer, for readers that bring their own."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            self._stream.close()
            self._file.close()
        super().close()


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise _system_error(path, error) from error


# -- CSV ------------------------------------------------------------------------------------------------------------------


@dataclass
class _Survey:
    """What a look through all bytes of a CSV file found."""

    lines: int = 0
    line_bytes: int = 0
    first_line: bytes = b""
    non_ascii: bool = False


class CsvFile:
    """A CSV file whose bytes have been looked through."""

    def __init__(self, path: Path, limits: ImportLimits) -> None:
        self.path, self._limits = path, limits
        self.encoding = self._find_encoding()
        self.sha256 = _sha256(path)
        survey = self._survey
        header = self._decode_header(survey.first_line)
        self.delimiter = max(_DELIMITERS, key=header.count)
        if header.count(self.delimiter) >= limits.max_columns:
            raise refuse(
                path,
                "too_many_columns",
                f"its first line has {header.count(self.delimiter) + 1:,} columns; at most {limits.max_columns} are read.",
                columns=header.count(self.delimiter) + 1,
                limit=limits.max_columns,
            )
        self.columns = self.plain_columns = tuple(self._header_names(header))
        self.rows: int | None = max(survey.lines - 1, 0)

    def _find_encoding(self) -> str:
        with _Bytes(self.path, self._limits) as stream:
            start = stream.read(4)
        if start.startswith(codecs.BOM_UTF8):
            candidates = ["utf-8-sig"]
        elif start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            candidates = ["utf-16"]
        else:
            candidates = ["utf-8", "cp949"]
        reached: dict[str, int] = {}
        for encoding in candidates:
            failed_line = self._look_through(encoding)
            if failed_line is None:
                if encoding == "cp949":
                    self._refuse_mixed()
                return encoding
            reached[encoding] = failed_line
        self._refuse_mixed()
        best = max(reached, key=lambda name: reached[name])
        raise refuse(
            self.path,
            "encoding",
            f"line {reached[best]:,} is text in neither UTF-8 nor CP949; save the file as UTF-8.",
            line=reached[best],
        )

    def _look_through(self, encoding: str) -> int | None:
        """Read everything; return the line whose bytes are not text in ``encoding``, None if all are."""
        survey = self._survey = _Survey()
        decoder = codecs.getincrementaldecoder("utf-8" if encoding == "utf-8-sig" else encoding)()
        wide = encoding == "utf-16"
        last = b""
        with _Bytes(self.path, self._limits) as stream:
            while chunk := stream.read(_CHUNK):
                self._check_lines(chunk, survey, wide)
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError as error:
                    return survey.lines - chunk.count(b"\n") + chunk[: error.start].count(b"\n") + 1
                last = chunk[-1:]
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return survey.lines + 1
        if last != b"\n" and survey.line_bytes:
            survey.lines += 1
        return None

    def _check_lines(self, chunk: bytes, survey: _Survey, wide: bool) -> None:
        if not wide and b"\x00" in chunk:
            raise refuse(self.path, "binary", "it holds binary data, not lines of text; CSV or Parquet is expected.")
        limit = self._limits.max_line_bytes
        if len(survey.first_line) <= limit and survey.lines == 0:
            survey.first_line += chunk.split(b"\n", 1)[0]
        # Line by line only where a line of this chunk can be too long at all.
        if len(chunk) + survey.line_bytes > limit:
            position, number = 0, survey.lines + 1
            carried = survey.line_bytes
            while True:
                end = chunk.find(b"\n", position)
                length = carried + (len(chunk) if end < 0 else end) - position
                if length > limit:
                    raise refuse(
                        self.path,
                        "long_line",
                        f"line {number:,} is longer than {limit:,} bytes; this is not a table of market data.",
                        line=number,
                        limit=limit,
                    )
                if end < 0:
                    break
                position, number, carried = end + 1, number + 1, 0
        breaks = chunk.count(b"\n")
        survey.line_bytes = survey.line_bytes + len(chunk) if breaks == 0 else len(chunk) - chunk.rindex(b"\n") - 1
        survey.lines += breaks

    def _refuse_mixed(self) -> None:
        """A file that is CP949 as a whole may still hold lines of UTF-8 Hangul that CP949 reads as other characters."""
        utf8_line = cp949_line = 0
        with _Bytes(self.path, self._limits) as stream:
            for number, line in enumerate(io.BufferedReader(stream, _CHUNK), start=1):
                if line.isascii():
                    continue
                if _decodes(line, "utf-8"):
                    utf8_line = utf8_line or (number if _HANGUL_UTF8.search(line) else 0)
                elif not cp949_line and _decodes(line, "cp949"):
                    cp949_line = number
                if utf8_line and cp949_line:
                    raise refuse(
                        self.path,
                        "mixed_encoding",
                        f"line {utf8_line:,} is UTF-8 and line {cp949_line:,} is CP949; save the whole file as UTF-8.",
                        utf8_line=utf8_line,
                        cp949_line=cp949_line,
                    )

    def _decode_header(self, line: bytes) -> str:
        if self.encoding == "utf-16":
            with _Bytes(self.path, self._limits) as stream:
                return stream.read(_CHUNK).decode("utf-16", errors="ignore").split("\n", 1)[0].rstrip("\r")
        return line.decode(self.encoding).rstrip("\r")

    def _header_names(self, header: str) -> list[str]:
        import csv

        try:
            names = next(csv.reader([header], delimiter=self.delimiter, strict=True))
        except (csv.Error, StopIteration) as error:
            raise refuse(self.path, "csv_broken", f"its header line is not CSV ({error}).", what=str(error)) from error
        cleaned = [name.strip() for name in names]
        unique: list[str] = []
        for position, name in enumerate(cleaned):
            label = name or f"#{position + 1}"
            unique.append(label if label not in unique else f"{label} #{position + 1}")
        return unique

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows as text columns."""
        import pyarrow as pa
        from pyarrow import csv

        wanted = list(self.columns if columns is None else columns)
        read = csv.ReadOptions(
            use_threads=False,
            block_size=max(self._limits.max_line_bytes * 2, 1 << 16),
            skip_rows=1,
            column_names=list(self.columns),
            encoding="utf8" if self.encoding.startswith("utf-8") else self.encoding,
        )
        parse = csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=False)
        convert = csv.ConvertOptions(
            column_types={name: pa.string() for name in self.columns},
            include_columns=wanted,
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
            null_values=["", "NaN", "nan", "NA", "N/A", "null", "NULL", "None", "-", "<NA>"],
        )
        try:
            with (
                _Bytes(self.path, self._limits) as raw,
                csv.open_csv(
                    cast("Any", pa.PythonFile(raw, mode="r")), read_options=read, parse_options=parse, convert_options=convert
                ) as reader,
            ):
                for batch in reader:
                    for start in range(0, batch.num_rows, self._limits.batch_rows):
                        yield batch.slice(start, self._limits.batch_rows)
        except pa.ArrowInvalid as error:
            if "Empty CSV file" in str(error):
                return
            raise refuse(self.path, "csv_broken", _csv_sentence(str(error)), what=_csv_sentence(str(error))) from error
        except UnicodeError as error:
            raise refuse(self.path, "encoding", "it is not text in one encoding; save it as UTF-8.", line=0) from error


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _csv_sentence(message: str) -> str:
    match = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", message)
    if match:
        return f"line {match[1]} has {match[3]} columns instead of {match[2]}."
    match = re.search(r"Expected (\d+) columns, got (\d+)", message)
    if match:
        return f"a row has {match[2]} columns instead of {match[1]}; perhaps a quote is not closed."
    if "straddling" in message:
        return "a line is too long, perhaps because a quote is not closed."
    return message.split("\n", 1)[0][:200]


# -- Parquet --------------------------------------------------------------------------------------------------------------


@dataclass
class ParquetFile:
    """A Parquet file whose footer has been read and checked against the limits."""

    path: Path
    limits: ImportLimits
    encoding: str = "parquet"
    columns: tuple[str, ...] = field(init=False)
    plain_columns: tuple[str, ...] = field(init=False)
    rows: int | None = field(init=False)
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        import pyarrow as pa

        with self._open() as file:
            metadata, schema = file.metadata, file.schema_arrow
            self.columns = tuple(schema.names)
            self.plain_columns = tuple(f.name for f in schema if not pa.types.is_nested(f.type))
            self.rows = metadata.num_rows
            unpacked = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
        limits = self.limits
        if len(self.columns) > limits.max_columns:
            raise refuse(
                self.path,
                "too_many_columns",
                f"it has {len(self.columns):,} columns; at most {limits.max_columns} are read.",
                columns=len(self.columns),
                limit=limits.max_columns,
            )
        if len(set(self.columns)) != len(self.columns):
            raise refuse(self.path, "duplicate_columns", "two of its columns have the same name.")
        if self.rows > limits.max_rows or unpacked > limits.max_unpacked_bytes:
            raise refuse(
                self.path,
                "too_large",
                f"it holds {self.rows:,} rows and {unpacked:,} unpacked bytes; split it.",
                limit=limits.max_unpacked_bytes,
            )
        self.sha256 = _sha256(self.path)

    def _open(self) -> Any:
        import pyarrow as pa
        from pyarrow import parquet

        try:
            file = parquet.ParquetFile(self.path)
            texts = [
                name for name, kind in zip(file.schema_arrow.names, file.schema_arrow.types, strict=True) if _is_text(kind)
            ]
            file.close()
            # Text columns stay dictionaries: a small file that repeats one huge value never grows in memory.
            return parquet.ParquetFile(self.path, read_dictionary=texts)
        except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError, MemoryError) as error:
            if isinstance(error, PermissionError | FileNotFoundError):
                raise _system_error(self.path, error) from error
            raise self._broken(error) from error

    def _broken(self, error: BaseException) -> ValidationFailed:
        what = str(error).split("\n", 1)[0][:200]
        return refuse(self.path, "parquet_broken", f"the Parquet file is damaged or cut off ({what}); get it again.", what=what)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows with the types of the file."""
        import pyarrow as pa

        wanted = list(self.columns if columns is None else columns)
        with self._open() as file:
            try:
                yield from file.iter_batches(batch_size=self.limits.batch_rows, columns=wanted, use_threads=False)
            except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
                raise self._broken(error) from error


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind))

"""Bounds that keep a hostile or broken file from taking the machine with it. Tests lower them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DEFAULT_LIMITS", "ImportLimits"]


@dataclass(frozen=True, slots=True)
class ImportLimits:
    """What one import may read.

    Attributes
    ----------
    max_files : int
        Files below the given paths.
    max_line_bytes : int
        Longest line of a CSV file; a longer one ends the reading at once, the rest is never read.
    max_columns : int
        Columns of a file.
    max_unpacked_bytes : int
        Bytes after decompression, of a gzipped CSV or of a whole Parquet file.
    max_ratio : int
        Unpacked bytes per packed byte of a gzipped CSV, judged once ``ratio_from_bytes`` have been unpacked.
    max_rows : int
        Rows of a file.
    max_cached_bytes : int
        Bytes of converted columns that are kept between checking and storing; longer files are read twice.
    batch_rows : int
        Rows converted and stored at a time.
    max_text : int
        Characters kept of a title or name.
    max_price_krw, max_value_krw, max_shares : int
        Larger values cannot be real and are rejected with the row.
    """

    max_files: int = 10_000
    max_line_bytes: int = 1 << 20
    max_columns: int = 400
    max_unpacked_bytes: int = 16 << 30
    max_ratio: int = 400
    ratio_from_bytes: int = 32 << 20
    max_rows: int = 200_000_000
    max_cached_bytes: int = 384 << 20
    batch_rows: int = 200_000
    max_text: int = 2_000
    max_price_krw: int = 1_000_000_000
    max_value_krw: int = 10**16
    max_shares: int = 10**13


DEFAULT_LIMITS = ImportLimits()

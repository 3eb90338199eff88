"""Kept scans of whole histories: what comes back is what was kept, and a damaged file is as good as none."""

from __future__ import annotations

import logging
import os
import random
import time
from pathlib import Path

import numpy as np
import pytest

from engine.model.performance import SIGNAL_FIELDS, SignalSet
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.app.record_cache import RecordCache
from ralphstock_desktop.services.backtest_work import BacktestMarket, DayScans, scan_part
from tests.perf.market import synthetic_panel

KEY = ("panel 1", "VCP", "2026.1", "")


@pytest.fixture(scope="module")
def scans() -> DayScans:
    """Scans of a few days as the record makes them, with some signals put in."""
    panel = synthetic_panel(21, 80)
    market = BacktestMarket(
        panel, None, None, np.zeros(80, dtype=bool), {DEFAULT_RULES.ruleset_id: np.zeros(80, dtype=np.uint8)}
    )
    made = scan_part(market, "VCP", (DEFAULT_RULES,), (77, 78, 79))
    signals = made.signals[0]
    filled = {}
    for name in SIGNAL_FIELDS:
        array = getattr(signals, name)
        values = np.arange(5).astype(array.dtype)
        if array.dtype.kind == "f":
            values[2] = np.nan
        filled[name] = values
    return DayScans(made.days, (SignalSet(**filled, ruleset=signals.ruleset),), made.eligible)


def same(one: DayScans, other: DayScans) -> bool:
    np.testing.assert_array_equal(one.days, other.days)
    np.testing.assert_array_equal(one.eligible, other.eligible)
    assert one.eligible.dtype == other.eligible.dtype == np.bool_
    for name in SIGNAL_FIELDS:
        left, right = getattr(one.signals[0], name), getattr(other.signals[0], name)
        assert left.dtype == right.dtype, name
        np.testing.assert_array_equal(left, right, err_msg=name)
    return one.signals[0].ruleset == other.signals[0].ruleset and len(other.signals) == 1


def test_what_comes_back_is_what_was_kept(tmp_path: Path, scans: DayScans) -> None:
    cache = RecordCache(tmp_path / "not there yet")
    assert cache.load(KEY) is None
    cache.keep(KEY, scans)
    found = RecordCache(tmp_path / "not there yet").load(KEY)
    assert found is not None and same(scans, found)
    assert found.eligible.shape == (21, 3) and found.eligible.any() is not None


@pytest.mark.parametrize("place", range(4))
def test_another_key_is_another_file(tmp_path: Path, scans: DayScans, place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = RecordCache(tmp_path)
    cache.keep(KEY, scans)
    assert cache.load((*KEY[:place], "other", *KEY[place + 1 :])) is None
    monkeypatch.setattr("ralphstock_desktop.app.record_cache.__version__", "another program")
    assert cache.load(KEY) is None


def test_parts_of_a_key_are_never_confused(tmp_path: Path, scans: DayScans) -> None:
    cache = RecordCache(tmp_path)
    cache.keep(("a", "b c"), scans)
    assert cache.load(("a b", "c")) is None


def test_a_damaged_file_is_as_good_as_none_whatever_the_damage(
    tmp_path: Path, scans: DayScans, caplog: pytest.LogCaptureFixture
) -> None:
    """Bytes flipped and files cut at 150 places: what is read is either what was kept, or nothing. Nothing is raised."""
    caplog.set_level(logging.CRITICAL)
    cache = RecordCache(tmp_path)
    cache.keep(KEY, scans)
    file = next(tmp_path.glob("*.npz"))
    whole, rng, refused = file.read_bytes(), random.Random(7), 0
    for number in range(150):
        damaged = bytearray(whole)
        if number % 3 == 0:
            del damaged[rng.randrange(len(damaged)) :]
        else:
            place = rng.randrange(len(damaged))
            damaged[place] ^= 1 << rng.randrange(8)
        file.write_bytes(damaged)
        found = cache.load(KEY)
        refused += found is None
        assert found is None or same(scans, found), number
    assert refused > 75
    file.write_bytes(b"")
    assert cache.load(KEY) is None
    np.savez(file, something=np.arange(3))
    assert cache.load(KEY) is None, "a foreign file"
    cache.keep(KEY, scans)
    assert cache.load(KEY) is not None


def test_the_oldest_make_room_and_so_does_what_a_killed_program_left(tmp_path: Path, scans: DayScans) -> None:
    cache = RecordCache(tmp_path)
    left, fresh = tmp_path / "abc.1-1.new", tmp_path / "def.2-2.new"
    left.write_bytes(b"half")
    fresh.write_bytes(b"half")
    os.utime(left, (time.time() - 7_200,) * 2)
    for number in range(8):
        cache.keep((str(number),), scans)
        newest = max(tmp_path.glob("*.npz"), key=lambda file: file.stat().st_mtime_ns)
        os.utime(newest, (1_000_000 + number,) * 2)
    kept = [number for number in range(8) if cache.load((str(number),)) is not None]
    assert kept == [2, 3, 4, 5, 6, 7]
    assert not left.exists() and fresh.exists(), "another program may be writing that one"


def test_a_full_disk_costs_only_the_next_starts_time(tmp_path: Path, scans: DayScans, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object, **_named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ralphstock_desktop.app.record_cache.np.savez", full)
    RecordCache(tmp_path).keep(KEY, scans)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_raises_nothing(tmp_path: Path, scans: DayScans) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = RecordCache(tmp_path / "file")
    cache.keep(KEY, scans)
    assert cache.load(KEY) is None

"""The kept scan: equal to a fresh one, and not recalled for anything else."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from engine.model.instants import AsOf
from engine.scoring.vcp import scan
from engine.thresholds import DEFAULT_RULES
from ralphstock_desktop.app.scan_cache import keep_scan, recall_scan
from tests.perf.market import synthetic_panel

PANEL = synthetic_panel(30, 280)
AS_OF = AsOf.end_of(PANEL.days[-1].item())
RULESET = DEFAULT_RULES.ruleset_id


@pytest.fixture
def file(tmp_path: Path) -> Path:
    kept = tmp_path / "panels" / "real.scan.npz"
    keep_scan(scan(PANEL, AS_OF, DEFAULT_RULES), kept)
    return kept


def test_what_is_recalled_equals_a_fresh_scan_bit_for_bit(file: Path) -> None:
    fresh, recalled = scan(PANEL, AS_OF, DEFAULT_RULES), recall_scan(file, PANEL, AS_OF, RULESET)
    assert recalled is not None
    for item in dataclasses.fields(fresh):
        one, other = getattr(fresh, item.name), getattr(recalled, item.name)
        if isinstance(one, np.ndarray):
            assert one.dtype == other.dtype and one.tobytes() == other.tobytes(), item.name
        else:
            assert one == other, item.name


def test_a_later_instant_that_knows_no_more_recalls_it(file: Path) -> None:
    later = AsOf(AS_OF.instant_ns + 3_600_000_000_000)
    assert recall_scan(file, PANEL, later, RULESET) is not None


def test_other_rules_other_data_or_another_day_do_not(file: Path) -> None:
    earlier = AsOf.end_of(PANEL.days[-2].item())
    assert recall_scan(file, PANEL, earlier, RULESET) is None
    assert recall_scan(file, PANEL, AS_OF, DEFAULT_RULES.replace({"vcp.rs_min": 80}).ruleset_id) is None
    assert recall_scan(file, dataclasses.replace(PANEL, version="other"), AS_OF, RULESET) is None
    before_flows = AsOf.at(PANEL.days[-1].item(), 16)
    assert recall_scan(file, PANEL, before_flows, RULESET) is None


@pytest.mark.parametrize("damage", [b"", b"not a zip", b"PK\x03\x04" + b"\0" * 200])
def test_a_damaged_file_is_as_good_as_none(file: Path, damage: bytes) -> None:
    file.write_bytes(damage)
    assert recall_scan(file, PANEL, AS_OF, RULESET) is None


def test_a_truncated_file_is_as_good_as_none(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert recall_scan(file, PANEL, AS_OF, RULESET) is None
    assert recall_scan(file.with_name("absent.npz"), PANEL, AS_OF, RULESET) is None

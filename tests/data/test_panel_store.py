"""The panel store: contents, freshness, incremental update equal to a rebuild, damage, and what it may import."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.model.errors import DataUnavailable, UserCancelled
from engine.model.instruments import Designation, DesignationFlag, Market
from engine.model.panel import ARRAY_FIELDS, MarketPanel
from ralphstock_desktop.data.database import Database, open_database
from ralphstock_desktop.data.panel_files import open_current
from ralphstock_desktop.data.panel_store import PanelStore
from ralphstock_desktop.ports import MISSING_INT, DailyBatch, Progress
from tests.data.builders import actions, daily, days_of, flows, market, symbol

BAR = (100, 110, 90, 105, 1000)


@pytest.fixture
def panels(database: Database, tmp_path: Path) -> PanelStore:
    return PanelStore(database.location, tmp_path / "panel", database=lambda: database)


def equal(left: MarketPanel, right: MarketPanel) -> None:
    for item in fields(MarketPanel):
        ours, theirs = getattr(left, item.name), getattr(right, item.name)
        if isinstance(ours, np.ndarray):
            assert ours.dtype == theirs.dtype, item.name
            assert ours.tobytes() == theirs.tobytes(), item.name
        else:
            assert ours == theirs, item.name


def test_the_panel_holds_what_is_stored(database: Database, panels: PanelStore) -> None:
    with database.unit_of_work() as unit:
        unit.upsert_daily(
            daily(
                [
                    ("005930", "2026-03-02", 100, 110, 90, 105, 1000, 104_000, 5),
                    ("005930", "2026-03-03", 0, 0, 0, 105, 0),
                    ("005930", "2026-03-04", 20, 22, 19, 21, 5000),
                    ("0126Z0", "2026-03-04", *BAR),
                ]
            )
        )
        unit.upsert_actions(actions([("005930", "2026-03-04", 0.2, "exact")]))
        unit.upsert_symbols(
            [symbol("005930", "삼성전자", sector="반도체", listed_on=date(1975, 6, 11))], source="list", complete=False
        )
        unit.upsert_designations(
            [Designation("005930", DesignationFlag.HALT | DesignationFlag.ADMIN, date(2026, 3, 3), date(2026, 3, 3))],
            source="krx",
        )
        unit.upsert_flows(flows([("005930", "2026-03-02", -7, -700), ("999990", "2026-03-02", 1, 1)]))
        unit.upsert_flows(flows([("005930", "2026-03-04", 3, 60)], estimated=True))
        unit.upsert_flows(flows([("005930", "2026-03-04", 4, 80)], "institution", provisional=True))
        unit.upsert_flows(flows([("005930", "2026-03-02", None, 50)], "pension"))
    panel = panels.load()
    assert panel.shape == (2, 3)
    assert panel.tickers.tolist() == ["005930", "0126Z0"]
    assert panel.names.tolist() == ["삼성전자", ""]
    assert panel.market.tolist() == [Market.KOSPI, Market.UNKNOWN]
    assert panel.listed_on.tolist() == [date(1975, 6, 11), None]
    assert panel.present.tolist() == [[True, True, True], [False, False, True]]
    assert panel.valid.tolist() == [[True, False, True], [False, False, True]]
    assert panel.close_krw.tolist() == [[105, 105, 21], [0, 0, 105]]
    np.testing.assert_array_equal(panel.value_krw[0], [104_000, np.nan, np.nan])
    np.testing.assert_array_equal(panel.base_krw, [[100, 105, 21], [np.nan] * 3])
    np.testing.assert_allclose(panel.factor, [[1, 1, 0.2], [1, 1, 1]])
    both = DesignationFlag.HALT | DesignationFlag.ADMIN
    assert panel.designation.tolist() == [[0, both, 0], [0, 0, 0]]
    np.testing.assert_array_equal(panel.foreign_krw[0], [-700, np.nan, np.nan])  # an estimate is not a published value
    np.testing.assert_array_equal(panel.foreign_shares[0], [-7, np.nan, 3])
    assert np.isnan(panel.institution_krw).all()  # provisional rows never enter
    np.testing.assert_array_equal(panel.pension_krw[0], [50, np.nan, np.nan])
    for name, dtype in ARRAY_FIELDS.items():
        assert getattr(panel, name).dtype == np.dtype(dtype), name


def test_the_calendar_adds_days_nobody_has_and_removes_days_that_were_closed(database: Database, panels: PanelStore) -> None:
    with database.unit_of_work() as unit:
        unit.upsert_daily(daily([("005930", day, *BAR) for day in ("2026-03-02", "2026-03-05", "2026-03-07")]))
        unit.upsert_calendar(
            days_of(["2026-02-27", "2026-03-03", "2026-03-04", "2026-03-07", "2026-03-09"]),
            np.array([True, True, False, False, True]),
            source="table",
        )
    panel = panels.load()
    assert [str(day) for day in panel.days] == ["2026-03-02", "2026-03-03", "2026-03-05"]


def test_no_daily_prices_is_told(panels: PanelStore, tmp_path: Path) -> None:
    assert panels.stored() is None
    with pytest.raises(DataUnavailable):
        panels.load()
    with pytest.raises(DataUnavailable):
        PanelStore(tmp_path / "absent.db", tmp_path / "p").load()
    assert not (tmp_path / "absent.db").exists()


def test_a_current_panel_is_mapped_and_a_stale_one_built_again(database: Database, panels: PanelStore) -> None:
    with database.unit_of_work() as unit:
        unit.upsert_daily(market(5, "2026-01-02", 10))
    first = panels.load()
    assert isinstance(first.close_krw.base, np.memmap) or isinstance(first.close_krw, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        first.close_krw[0, 0] = 1
    again = panels.stored()
    assert again is not None
    equal(first, again)
    with database.unit_of_work() as unit:
        unit.upsert_daily(daily([("000010", "2026-01-20", *BAR)]))
    assert panels.stored() is None
    newer = panels.load()
    assert newer.version != first.version
    assert newer.shape == (5, 11)
    assert first.close_krw[0, 0] == newer.close_krw[0, 0]  # the old one can still be read


def step_new_day(unit: Any) -> None:
    unit.upsert_daily(market(30, "2025-05-26", 3, seed=2))


def step_new_symbols(unit: Any) -> None:
    unit.upsert_daily(daily([("000005", "2025-05-20", *BAR), ("0126Z0", "2025-05-21", *BAR), ("0126Z0", "2025-05-22", *BAR)]))


def step_corrections(unit: Any) -> None:
    unit.upsert_daily(daily([("000010", "2025-01-03", *BAR, 5_000, 5), ("000200", "2025-02-03", 0, 0, 0, 7, 0)]))


def step_earlier_days(unit: Any) -> None:
    unit.upsert_daily(daily([("000010", "2024-12-30", *BAR), ("000020", "2024-12-30", *BAR)]))


def step_actions_and_designations(unit: Any) -> None:
    unit.upsert_actions(actions([("000010", "2025-03-03", 0.5, "exact"), ("000020", "2025-03-04", 2.0, "approximate")]))
    unit.upsert_designations([Designation("000030", DesignationFlag.HALT, date(2025, 3, 3))], source="krx")


def step_flows(unit: Any) -> None:
    unit.upsert_flows(flows([("000010", "2025-03-03", 5, 500), ("000020", "2025-05-27", None, -500)]))
    unit.upsert_flows(flows([("000010", "2025-03-03", 5, 500)], "institution"))


def step_masters_and_calendar(unit: Any) -> None:
    unit.upsert_symbols([symbol("000010", "아주 긴 이름의 회사", sector="기타")], source="list", complete=False)
    unit.upsert_calendar(days_of(["2025-02-03", "2025-03-01"]), np.array([False, True]), source="table")


STEPS = (
    step_new_day,
    step_new_symbols,
    step_corrections,
    step_earlier_days,
    step_actions_and_designations,
    step_flows,
    step_masters_and_calendar,
)


def test_an_update_equals_a_full_rebuild_bit_for_bit(
    database: Database, panels: PanelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ralphstock_desktop.data import panel_build, panel_store

    built: list[bool] = []
    original = panel_build.build

    def counted(*arguments: Any) -> Any:
        result = original(*arguments)
        built.append(result.incremental)
        return result

    monkeypatch.setattr(panel_build, "build", counted)
    assert panel_store.PanelStore is PanelStore
    with database.unit_of_work() as unit:
        unit.upsert_daily(market(30, "2025-01-02", 100))
        unit.upsert_flows(flows([("000010", "2025-01-02", 1, 100)]))
    panels.load()
    for number, step in enumerate((*STEPS, None)):
        with database.unit_of_work() as unit:
            for chosen in STEPS if step is None else (step,):
                chosen(unit)
        updated = panels.load()
        fresh = PanelStore(database.location, tmp_path / f"fresh{number}", database=lambda: database).load()
        equal(updated, fresh)
    # each step was an update; the last one changed nothing, so its panel was still current
    assert built == [False] + [True, False] * len(STEPS) + [False]


def test_a_change_of_most_rows_is_read_whole(database: Database, panels: PanelStore, tmp_path: Path) -> None:
    with database.unit_of_work() as unit:
        unit.upsert_daily(market(20, "2025-01-02", 20))
    panels.load()
    with database.unit_of_work() as unit:
        unit.upsert_daily(market(20, "2025-01-02", 20, seed=9))
    equal(panels.load(), PanelStore(database.location, tmp_path / "fresh", database=lambda: database).load())


def _damage_cut(folder: Path) -> None:
    path = folder / "close_krw.npy"
    path.write_bytes(path.read_bytes()[:-100])


def _damage_altered(folder: Path) -> None:
    path = folder / "volume_shares.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 0xFF
    path.write_bytes(content)


def _damage_gone(folder: Path) -> None:
    (folder / "factor.npy").unlink()


def _damage_empty_meta(folder: Path) -> None:
    (folder / "meta.json").write_bytes(b"")


def _damage_wrong_meta(folder: Path) -> None:
    (folder / "meta.json").write_text('["not", "an", "object"]', encoding="utf-8")


def _damage_pointer(folder: Path) -> None:
    (folder.parent / "current.json").write_text('{"generation": "elsewhere"}', encoding="utf-8")


@pytest.mark.parametrize(
    "damage", [_damage_cut, _damage_altered, _damage_gone, _damage_empty_meta, _damage_wrong_meta, _damage_pointer]
)
def test_a_damaged_panel_is_noticed_and_built_again(tmp_path: Path, damage: Any) -> None:
    with open_database(tmp_path / "market.db") as database, database.unit_of_work() as unit:
        unit.upsert_daily(market(5, "2026-01-02", 10))
    panels = PanelStore(tmp_path / "market.db", tmp_path / "panel")
    first = panels.load()
    copy = first.close_krw.copy()
    del first
    damage(open_current(tmp_path / "panel").folder)
    assert panels.stored() is None
    rebuilt = panels.load()
    np.testing.assert_array_equal(rebuilt.close_krw, copy)
    assert panels.verify()


def test_verify_finds_what_a_restored_time_stamp_hides(tmp_path: Path) -> None:
    import os

    with open_database(tmp_path / "market.db") as database, database.unit_of_work() as unit:
        unit.upsert_daily(market(5, "2026-01-02", 10))
    panels = PanelStore(tmp_path / "market.db", tmp_path / "panel")
    panels.load()
    path = open_current(tmp_path / "panel").folder / "close_krw.npy"
    stamp = path.stat()
    _damage_altered_at(path)
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert not panels.verify()


def _damage_altered_at(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 0xFF
    path.write_bytes(content)


def test_another_database_at_the_same_place_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "market.db"
    for seed in (1, 2):
        with open_database(path) as database, database.unit_of_work() as unit:
            unit.upsert_daily(market(5, "2026-01-02", 10, seed=seed))
        panel = PanelStore(path, tmp_path / "panel").load()
        np.testing.assert_array_equal(panel.close_krw.ravel(), market(5, "2026-01-02", 10, seed=seed).close_krw)
        path.unlink()


def test_real_and_simulated_never_share_a_panel(tmp_path: Path) -> None:
    path = tmp_path / "market.db"
    with open_database(path) as database, database.unit_of_work() as unit:
        unit.upsert_daily(market(2, "2026-01-02", 5))
    assert not PanelStore(path, tmp_path / "panel").load().simulated
    simulated = PanelStore(path, tmp_path / "panel", simulated=True)
    assert simulated.stored() is None
    assert simulated.load().simulated


def test_a_cancelled_build_leaves_the_old_panel_and_no_rubbish(database: Database, panels: PanelStore, tmp_path: Path) -> None:
    with database.unit_of_work() as unit:
        unit.upsert_daily(market(5, "2026-01-02", 10))
    panels.load()
    with database.unit_of_work() as unit:
        unit.upsert_daily(daily([("000010", "2026-01-20", *BAR)]))
    seen: list[Progress] = []

    def stop(progress: Progress) -> None:
        seen.append(progress)
        if len(seen) == 4:
            raise UserCancelled("stopped")

    with pytest.raises(UserCancelled):
        panels.load(stop)
    assert {progress.stage for progress in seen} == {"progress.panel"}
    assert not list((tmp_path / "panel").glob(".tmp*"))
    assert panels.load().shape == (5, 11)


def test_old_generations_do_not_pile_up(database: Database, panels: PanelStore, tmp_path: Path) -> None:
    for day in range(5, 10):
        with database.unit_of_work() as unit:
            unit.upsert_daily(daily([("000010", f"2026-01-{day:02d}", *BAR)]))
        panels.load()
    assert len(list((tmp_path / "panel").glob("gen-*"))) == 2


def test_mapping_a_current_panel_needs_neither_sqlalchemy_nor_pandas(tmp_path: Path) -> None:
    with open_database(tmp_path / "market.db") as database, database.unit_of_work() as unit:
        unit.upsert_daily(market(5, "2026-01-02", 10))
    PanelStore(tmp_path / "market.db", tmp_path / "panel").load()
    script = (
        "import sys; from pathlib import Path\n"
        "from ralphstock_desktop.data.panel_store import PanelStore\n"
        f"panel = PanelStore(Path({str(tmp_path / 'market.db')!r}), Path({str(tmp_path / 'panel')!r})).load()\n"
        "assert panel.shape == (5, 10)\n"
        "heavy = {'sqlalchemy', 'pandas', 'alembic', 'pyarrow', 'numba', 'PySide6'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr


def test_missing_values_in_rows_stay_missing(database: Database, panels: PanelStore) -> None:
    batch = daily([("005930", "2026-03-02", *BAR), ("005930", "2026-03-03", None, None, None, 106, None)])
    assert isinstance(batch, DailyBatch)
    assert (batch.open_krw == MISSING_INT).any()
    with database.unit_of_work() as unit:
        unit.upsert_daily(batch)
    panel = panels.load()
    assert panel.present.tolist() == [[True, True]]
    assert panel.valid.tolist() == [[True, False]]
    assert panel.open_krw.tolist() == [[100, 0]]

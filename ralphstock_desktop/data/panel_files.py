"""The panel on disk: one folder per generation with an ``.npy`` file per array, mapped instead of read.

A new generation is written beside the old ones under a temporary name, renamed when complete, and only then named in
``current.json`` (replaced in one step), so readers of the old one keep working, also on Windows where a mapped file cannot be
renamed or removed. Every file's size, time and checksum stand in ``meta.json``: a file of another size is damaged; one of the
same size but another time is read through and its checksum compared.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.model.panel import ARRAY_FIELDS, MarketPanel

__all__ = ["DIFF_FIELD", "Generation", "PanelDamaged", "open_current", "verify", "write_generation"]

FORMAT = 1
DIFF_FIELD = "prev_diff_krw"
"""The exchange's 전일대비: not part of the panel, kept to compute base prices again after an update."""

_AXES = ("days", "tickers", "names", "names_en", "sectors", "market", "security_type", "listed_on", "delisted_on")
_KEPT_GENERATIONS = 2
_BLOCK = 1 << 20
Arrays = dict[str, npt.NDArray[Any]]


class PanelDamaged(Exception):
    """A stored panel is missing, cut short or altered; never leaves the panel store, which builds a new one."""


@dataclass(frozen=True, eq=False)
class Generation:
    """One stored panel: its mapped arrays and what it was built from."""

    folder: Path
    database_id: str
    panel_version: int
    simulated: bool
    arrays: Arrays

    def panel(self) -> MarketPanel:
        """The arrays as the program uses them; large ones stay mapped and read-only."""
        fields = {name: self.arrays[name] for name in (*_AXES, *ARRAY_FIELDS)}
        return MarketPanel(simulated=self.simulated, version=version_text(self.database_id, self.panel_version), **fields)


def version_text(database_id: str, panel_version: int) -> str:
    """Identity of a panel's contents."""
    return f"{database_id[:12]}.{panel_version}"


def write_generation(
    root: Path,
    arrays: Arrays,
    *,
    database_id: str,
    panel_version: int,
    simulated: bool,
    step: Callable[[int, int], None] | None = None,
) -> None:
    """Write a complete generation and make it the current one."""
    root.mkdir(parents=True, exist_ok=True)
    token = uuid.uuid4().hex[:8]
    name = f"gen-{panel_version}-{token}"
    temporary = root / f".tmp-{os.getpid()}-{token}"
    temporary.mkdir()
    try:
        files = {}
        for number, (field, array) in enumerate(arrays.items()):
            if step is not None:
                step(number, len(arrays))
            files[field] = _write_array(temporary / f"{field}.npy", array)
        meta = {
            "format": FORMAT,
            "database_id": database_id,
            "panel_version": panel_version,
            "simulated": simulated,
            "shape": list(arrays["close_krw"].shape),
            "files": files,
        }
        (temporary / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
        temporary.rename(root / name)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    pointer = root / f".current-{token}.json"
    pointer.write_text(json.dumps({"generation": name}), encoding="utf-8")
    pointer.replace(root / "current.json")
    _remove_old(root, name)


def _write_array(path: Path, array: npt.NDArray[Any]) -> dict[str, int]:
    with path.open("wb") as file:
        np.save(file, np.ascontiguousarray(array), allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())
    status = path.stat()
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "crc": _checksum(path)}


def _checksum(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            crc = zlib.crc32(block, crc)
    return crc


def _remove_old(root: Path, current: str) -> None:
    """Remove generations nobody needs; one that is still mapped on Windows stays until a later time."""
    found = [folder for folder in root.glob("gen-*") if folder.name != current]
    found.sort(key=lambda folder: folder.stat().st_mtime_ns, reverse=True)
    for folder in found[_KEPT_GENERATIONS - 1 :]:
        shutil.rmtree(folder, ignore_errors=True)


def open_current(root: Path) -> Generation:
    """Map the current generation after checking its files.

    Raises
    ------
    PanelDamaged
        If there is none, a file is missing, cut short or altered, or another format wrote it.
    """
    try:
        folder = root / str(_read_json(root / "current.json")["generation"])
        meta = _read_json(folder / "meta.json")
        if meta["format"] != FORMAT:
            raise PanelDamaged("another format")
        arrays = {name: _open_array(folder / f"{name}.npy", entry) for name, entry in meta["files"].items()}
        _check_shapes(arrays)
        return Generation(folder, str(meta["database_id"]), int(meta["panel_version"]), bool(meta["simulated"]), arrays)
    except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise PanelDamaged(str(error)) from error


def _read_json(path: Path) -> dict[str, Any]:
    value = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(value, dict):
        raise PanelDamaged(f"{path.name} is not an object")
    return value


def _open_array(path: Path, entry: dict[str, int]) -> npt.NDArray[Any]:
    status = path.stat()
    if status.st_size != entry["size"]:
        raise PanelDamaged(f"{path.name} has {status.st_size} bytes instead of {entry['size']}")
    if status.st_mtime_ns != entry["mtime_ns"] and _checksum(path) != entry["crc"]:
        raise PanelDamaged(f"{path.name} was altered")
    large = path.stem in ARRAY_FIELDS or path.stem == DIFF_FIELD
    array: npt.NDArray[Any] = np.load(path, mmap_mode="r" if large else None, allow_pickle=False)
    return array


def _check_shapes(arrays: Arrays) -> None:
    shape = (len(arrays["tickers"]), len(arrays["days"]))
    for name, dtype in (ARRAY_FIELDS | {DIFF_FIELD: "<f8"}).items():
        if arrays[name].shape != shape or arrays[name].dtype != np.dtype(dtype):
            raise PanelDamaged(f"{name} is {arrays[name].dtype} {arrays[name].shape}")
    for name in _AXES[2:]:
        if len(arrays[name]) != shape[0]:
            raise PanelDamaged(f"{name} has {len(arrays[name])} entries")


def verify(root: Path) -> None:
    """Read the current generation through and compare every checksum.

    Raises
    ------
    PanelDamaged
        If anything differs from what was written.
    """
    generation = open_current(root)
    try:
        files = _read_json(generation.folder / "meta.json")["files"]
        for name, entry in files.items():
            if _checksum(generation.folder / f"{name}.npy") != entry["crc"]:
                raise PanelDamaged(f"{name}.npy was altered")
    except (OSError, ValueError) as error:
        raise PanelDamaged(str(error)) from error

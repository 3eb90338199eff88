"""Keeps the scans of whole histories beside the panel, so that the record of a grade is there soon after the next start.

The key names everything they depend on (panel, strategy, rules, news, program). A damaged or foreign file is as good as none.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import threading
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np

from engine.model.performance import SIGNAL_FIELDS, SignalSet
from ralphstock_desktop import __version__
from ralphstock_desktop.services.backtest_work import DayScans

__all__ = ["RecordCache"]

_log = logging.getLogger(__name__)
_KEPT = 6
_UNFINISHED_S = 3_600.0
"""A file that is still unfinished after this belongs to a program that was killed."""

_DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
"""What reading a damaged file raises: ``RuntimeError`` where a flipped bit says that it is encrypted."""


class RecordCache:
    """See :class:`ralphstock_desktop.services.backtest_records.ScanShelf`. Safe on any thread: a file is written whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _file(self, key: tuple[str, ...]) -> Path:
        name = hashlib.sha256("\n".join((__version__, *key)).encode()).hexdigest()[:24]
        return self._folder / f"{name}.npz"

    def load(self, key: tuple[str, ...]) -> DayScans | None:
        """Return the scans kept under a key, if there are any."""
        file = self._file(key)
        if not file.exists():
            return None
        try:
            # Opened here, since NumPy leaves a file open that it cannot read: it could not be replaced on Windows.
            with file.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
                signals = SignalSet(**{name: stored[name] for name in SIGNAL_FIELDS}, ruleset=str(stored["ruleset"]))
                eligible = np.unpackbits(stored["eligible"], axis=1, count=int(stored["count"])).astype(bool)
                return DayScans(stored["days"], (signals,), eligible)
        except _DAMAGED as error:
            _log.warning("kept scans could not be read and are made again: %s", error)
            return None

    def keep(self, key: tuple[str, ...], scans: DayScans) -> None:
        """Write scans of one rule set; the oldest files make room. A failure costs only the next start's time."""
        file = self._file(key)
        fresh = file.with_suffix(f".{os.getpid()}-{threading.get_ident()}.new")
        signals = scans.signals[0]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with fresh.open("wb") as stream:
                np.savez(
                    stream,
                    allow_pickle=False,
                    days=scans.days,
                    eligible=np.packbits(scans.eligible, axis=1),
                    count=np.array(scans.eligible.shape[1]),
                    ruleset=np.array(signals.ruleset),
                    **{name: getattr(signals, name) for name in SIGNAL_FIELDS},
                )
            fresh.replace(file)
            self._make_room()
        except OSError as error:
            _log.warning("scans were not kept for the next start: %s", error)
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)

    def _make_room(self) -> None:
        """Remove the oldest files, and what killed programs left behind."""
        finished = sorted(self._folder.glob("*.npz"), key=lambda other: other.stat().st_mtime)
        long_ago = time.time() - _UNFINISHED_S
        unfinished = [other for other in self._folder.glob("*.new") if other.stat().st_mtime < long_ago]
        for old in (*finished[:-_KEPT], *unfinished):
            old.unlink(missing_ok=True)

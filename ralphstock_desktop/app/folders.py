"""Where the program keeps its files, and how it writes small ones so that a kill leaves the old or the new, never half."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from engine.model.errors import StorageError

__all__ = ["Folders", "read_history", "write_atomically"]

_KEPT = 10


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of one user. ``data`` holds the record, ``cache`` only what can be made again."""

    data: Path
    config: Path
    cache: Path
    logs: Path

    @classmethod
    def of_user(cls, data: Path | None = None) -> Folders:
        """Return the system's usual folders, or everything below ``data`` (a portable installation, a test).

        ``RALPHSTOCK_HOME`` does the same as ``data``.
        """
        chosen = data or (Path(os.environ["RALPHSTOCK_HOME"]) if os.environ.get("RALPHSTOCK_HOME") else None)
        if chosen is not None:
            root = chosen.expanduser().absolute()
            return cls(root, root / "config", root / "cache", root / "logs")
        from platformdirs import PlatformDirs

        system = PlatformDirs("RalphStock", appauthor=False)
        return cls(
            Path(system.user_data_dir),
            Path(system.user_config_dir),
            Path(system.user_cache_dir),
            Path(system.user_log_dir),
        )

    def make(self) -> None:
        """Create what is missing.

        Raises
        ------
        StorageError
            If a folder cannot be created or written to; names the folder.
        """
        for folder in (self.data, self.config, self.cache, self.logs):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StorageError(
                    f"The folder {folder} cannot be created ({error.strerror}). Choose another with --data FOLDER.",
                    key="error.folder",
                    folder=str(folder),
                ) from error
            if not os.access(folder, os.W_OK):
                raise StorageError(
                    f"The folder {folder} cannot be written to. Choose another with --data FOLDER.",
                    key="error.folder",
                    folder=str(folder),
                )


def write_atomically(file: Path, text: str, *, keep_history: bool = False) -> None:
    """Replace a small text file so that a reader sees the old or the new text; optionally keep the last ten versions.

    Raises
    ------
    StorageError
        If it cannot be written; the old text stays.
    """
    fresh = file.with_suffix(f"{file.suffix}.{os.getpid()}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        if keep_history and file.exists():
            for number in range(_KEPT - 1, 0, -1):
                older = file.with_suffix(f"{file.suffix}.{number}")
                if older.exists():
                    older.replace(file.with_suffix(f"{file.suffix}.{number + 1}"))
            file.replace(file.with_suffix(f"{file.suffix}.1"))
        fresh.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        reason = error.strerror or type(error).__name__
        raise StorageError(
            f"{file} cannot be written: {reason}.", key="error.write_file", file=str(file), reason=reason
        ) from error


def read_history(file: Path) -> list[str]:
    """Return the stored versions of a small text file, newest first; unreadable ones are left out."""
    texts = []
    for candidate in (file, *(file.with_suffix(f"{file.suffix}.{number}") for number in range(1, _KEPT + 1))):
        try:
            texts.append(candidate.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
    return texts

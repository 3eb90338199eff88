"""Where the market panel comes from: mapped from disk while it is current, updated or rebuilt from the repository otherwise.

Mapping an up-to-date panel needs NumPy and the standard library only; whether it is up to date is read from the SQLite file
with ``sqlite3``. SQLAlchemy is imported when something has to be built. Implements
:class:`ralphstock_desktop.ports.PanelSource`; safe on any thread, builds are done one at a time.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from engine.model.errors import DataUnavailable, StorageError
from engine.model.panel import MarketPanel
from ralphstock_desktop.data.location import DatabaseLocation
from ralphstock_desktop.data.panel_files import Generation, PanelDamaged, open_current, verify, write_generation
from ralphstock_desktop.ports import OnProgress, Progress

if TYPE_CHECKING:
    from ralphstock_desktop.data.database import Database

__all__ = ["PanelStore"]

_TRIES = 3


class PanelStore:
    """The panel of one repository in one folder.

    Parameters
    ----------
    place : str | Path | DatabaseLocation
        The repository.
    folder : Path
        Where the arrays are kept; made when needed, may be deleted at any time.
    simulated : bool
        Whether the repository holds the simulated market.
    database : callable, optional
        Gives the open repository when something must be built; without it one is opened for the build and closed again.
    """

    def __init__(
        self,
        place: str | Path | DatabaseLocation,
        folder: Path,
        *,
        simulated: bool = False,
        database: Callable[[], Database] | None = None,
    ) -> None:
        self._location = DatabaseLocation.parse(place)
        self._folder = folder
        self._simulated = simulated
        self._database = database
        self._building = threading.Lock()

    def path(self) -> Path:
        """Folder of the stored panel."""
        return self._folder

    def stored(self) -> MarketPanel | None:
        """Map the stored panel if it is sound and shows the repository's current state; never builds.

        None means that :meth:`load` will have to build.
        """
        generation = self._sound()
        return generation.panel() if generation is not None and self._is_current(generation) else None

    def load(self, on_progress: OnProgress | None = None) -> MarketPanel:
        """Return a panel of the repository's current state.

        Raises
        ------
        DataUnavailable
            If the repository holds no daily price.
        StorageError
            If the repository cannot be read or the panel cannot be written.
        """
        panel = self.stored()
        if panel is not None:
            return panel
        with self._building:
            panel = self.stored()  # another thread may have built it meanwhile
            return panel if panel is not None else self._build(self._sound(), on_progress)

    def rebuild(self, on_progress: OnProgress | None = None) -> MarketPanel:
        """Build everything again from the repository, whatever is stored."""
        with self._building:
            return self._build(None, on_progress)

    def verify(self) -> bool:
        """Read the stored arrays through and compare their checksums; False if any differs. For idle time."""
        try:
            verify(self._folder)
        except PanelDamaged:
            return False
        return True

    def _sound(self) -> Generation | None:
        try:
            generation = open_current(self._folder)
        except PanelDamaged:
            return None
        return generation if generation.simulated == self._simulated else None

    def _is_current(self, generation: Generation) -> bool:
        return self._version() == (generation.database_id, generation.panel_version)

    def _version(self) -> tuple[str, int] | None:
        path = self._location.path
        if path is None:
            with _Opened(self) as database:
                version = database.version()
            return version.database_id, version.panel
        if not path.exists():
            return None
        try:
            with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5.0)) as connection:
                row = connection.execute("SELECT database_id, version FROM data_version WHERE scope = 'panel'").fetchone()
        except sqlite3.Error:
            return None  # whatever is wrong is told properly when the repository is opened for building
        return (str(row[0]), int(row[1])) if row else None

    def _build(self, before: Generation | None, on_progress: OnProgress | None) -> MarketPanel:
        from ralphstock_desktop.data.panel_build import build

        path = self._location.path
        if self._database is None and path is not None and not path.exists():
            raise DataUnavailable(
                f"There is no market data at {self._location.display} yet; import some first.", key="error.storage.no_daily"
            )
        with _Opened(self) as database, database.read() as connection:
            built = build(connection, before, on_progress)

        def step(done: int, total: int) -> None:
            if on_progress is not None:
                on_progress(Progress("progress.panel", done, total))

        for attempt in range(_TRIES):
            try:
                write_generation(
                    self._folder,
                    built.arrays,
                    database_id=built.database_id,
                    panel_version=built.panel_version,
                    simulated=self._simulated,
                    step=step,
                )
                return open_current(self._folder).panel()
            except PanelDamaged as error:
                # another process replaced it between writing and mapping; write once more
                if attempt == _TRIES - 1:
                    raise StorageError(
                        f"The panel in {self._folder} cannot be read back: {error}",
                        key="error.storage.panel",
                        place=str(self._folder),
                    ) from error
            except OSError as error:
                from ralphstock_desktop.data.storage_errors import to_storage_error

                raise to_storage_error(error, str(self._folder)) from error
        raise AssertionError("unreachable")


class _Opened:
    """The repository for the length of a block: the shared one, or one opened for it."""

    def __init__(self, store: PanelStore) -> None:
        self._store = store
        self._own: Database | None = None

    def __enter__(self) -> Database:
        shared = self._store._database  # noqa: SLF001 - helper of the same class
        if shared is not None:
            return shared()
        from ralphstock_desktop.data.database import open_database

        self._own = open_database(self._store._location, check=False)  # noqa: SLF001
        return self._own

    def __exit__(self, *_details: object) -> None:
        if self._own is not None:
            self._own.close()

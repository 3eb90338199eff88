"""Progress of long jobs, for services: see :class:`ralphstock_desktop.live_ports.JobStore`."""

from __future__ import annotations

from ralphstock_desktop.data.database import Database
from ralphstock_desktop.data.job_writes import read_job
from ralphstock_desktop.live_ports import JobState

__all__ = ["SqlJobStore"]


class SqlJobStore:
    """Implements :class:`ralphstock_desktop.live_ports.JobStore`; any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, key: str) -> JobState | None:
        """Return a job's progress; None if it never ran."""
        with self._database.read() as connection:
            return read_job(connection, key)

    def save(self, job: JobState) -> None:
        """Write a job's progress in a transaction of its own."""
        with self._database.unit_of_work() as unit:
            unit.put_job(job)

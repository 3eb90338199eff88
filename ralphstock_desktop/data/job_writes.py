"""Progress of long jobs in the repository: one row a job, written alone or in the transaction of the rows it speaks of."""

from __future__ import annotations

from typing import Literal, cast

from sqlalchemy import Connection, insert, select, update

from ralphstock_desktop.data.schema.records import JOB
from ralphstock_desktop.live_ports import JobState

__all__ = ["put_job", "read_job"]


def put_job(connection: Connection, job: JobState) -> None:
    """Write a job's row inside the caller's transaction."""
    values = {
        "state": job.state.upper(),
        "detail": job.detail,
        "started_at": job.started_ns,
        "finished_at": job.finished_ns,
        "next_at": job.next_ns,
    }
    done = connection.execute(update(JOB).where(JOB.c.key == job.key).values(**values))
    if done.rowcount == 0:
        connection.execute(insert(JOB).values(key=job.key, **values))


def read_job(connection: Connection, key: str) -> JobState | None:
    """Return a job's row; None if the job never ran."""
    row = connection.execute(select(JOB).where(JOB.c.key == key)).first()
    if row is None:
        return None
    return JobState(
        key=row.key,
        state=cast(Literal["idle", "running", "done", "failed"], row.state.lower()),
        detail=dict(row.detail or {}),
        started_ns=row.started_at,
        finished_ns=row.finished_at,
        next_ns=row.next_at,
    )

"""A process that writes until it is killed; run by the tests with a job's name and a database.

Every acknowledgement is one line on standard output, written after the unit of work has committed.
"""

from __future__ import annotations

import itertools
import os
import sys

import numpy as np

from ralphstock_desktop.data.database import open_database
from ralphstock_desktop.data.writer import WriterThread
from tests.data.builders import daily, run, signal

TICKERS = 400
SIGNALS = 30


def acknowledge(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def import_days(place: str, start: int) -> None:
    """Import whole days, one transaction each, then acknowledge the day."""
    names = [f"{n:05d}0" for n in range(1, TICKERS + 1)]
    with open_database(place) as database, WriterThread(database) as writer:
        for number in itertools.count(start):
            day = np.datetime64("2000-01-01") + number
            price = 1_000 + number % 1_000
            batch = daily([(name, day, price, price, price, price, 10) for name in names], source=f"day {number}")
            writer.submit(lambda unit, batch=batch: unit.upsert_daily(batch)).result()
            acknowledge(f"day {number}")


def store_scans(place: str, start: int) -> None:
    """Store scans that replace each other's scores, then acknowledge the run."""
    with open_database(place) as database, WriterThread(database) as writer:
        for number in itertools.count(start):
            found = [signal(f"{n:05d}0", score=float(number % 100)) for n in range(1, SIGNALS + 1)]
            record = run(started=number)
            writer.submit(lambda unit, r=record, f=found: unit.store_scan(r, f), durable=True).result()
            acknowledge(f"scan {number}")


def same_rows(place: str, start: int) -> None:
    """Write the same keys again and again with values of this process."""
    names = [f"{n:05d}0" for n in range(1, 21)]
    with open_database(place) as database:
        for number in range(10):
            price = 1_000 * start + number
            with database.unit_of_work() as unit:
                unit.upsert_daily(
                    daily([(name, "2026-03-02", price, price, price, price, 10) for name in names], source=str(start))
                )
            with database.unit_of_work(durable=True) as unit:
                unit.store_scan(run(started=number), [signal(name, score=float(number)) for name in names])
    acknowledge("done")


if __name__ == "__main__":
    {"import": import_days, "scan": store_scans, "same": same_rows}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))

"""An assistant's store over each database, with a clock the tests move, and short ways to write what it reads."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from sqlalchemy import update

from engine.model.instants import kst_ns
from ralphstock_desktop.assistant_ports import ChatMessage, ChatSession
from ralphstock_desktop.data.assistant_store import SqlAssistantStore
from ralphstock_desktop.data.database import Database
from ralphstock_desktop.data.schema.market import NEWS
from tests.data import builders
from tests.data.builders import DAY

NOON = kst_ns(DAY, 12)
MINUTE = 60_000_000_000


@dataclass
class Clock:
    """The market's clock."""

    ns: int = kst_ns(DAY, 16)

    def __call__(self) -> int:
        return self.ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def assistant(database: Database, clock: Clock) -> SqlAssistantStore:
    return SqlAssistantStore(database, clock)


@dataclass
class Said:
    """Makes conversations."""

    store: SqlAssistantStore
    made: int = 0

    def session(self, title: str, *texts: str, at_ns: int = NOON) -> str:
        """Store a conversation whose messages alternate between user and assistant; return its id."""
        self.made += 1
        key = str(uuid.UUID(int=self.made))
        self.store.create_session(ChatSession(key, title, at_ns, at_ns, 0))
        self.store.append(key, [message(text, n, at_ns + n) for n, text in enumerate(texts, start=1)])
        return key


def message(text: str, n: int = 0, at_ns: int = NOON) -> ChatMessage:
    return ChatMessage(n, "user" if n % 2 else "assistant", text, at_ns)


@pytest.fixture
def said(assistant: SqlAssistantStore) -> Said:
    return Said(assistant)


Put = Callable[[Sequence[tuple[str, str, str, int | None, int | None]]], None]


@pytest.fixture
def put_news(database: Database) -> Put:
    """Store headlines: (url, title, ticker, published ns, collected ns)."""

    def put(rows: Sequence[tuple[str, str, str, int | None, int | None]]) -> None:
        batch = builders.news([row[:4] for row in rows])
        collected = np.array(builders.ints([row[4] for row in rows]))
        with database.unit_of_work() as unit:
            unit.upsert_news(replace(batch, collected_ns=collected))

    return put


def set_body(database: Database, url: str, body: str) -> None:
    """Bodies are written by importers only; here by hand."""
    with database.unit_of_work(durable=True) as unit:
        unit.records.connection.execute(update(NEWS).where(NEWS.c.canonical_url == url).values(body=body))

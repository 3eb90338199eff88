"""Questions from the command line, answered by the assistant without a window and without a language model.

The services are the window's own. Nothing is stored and nothing leaves this machine: the market is looked at as of a fixed
instant, of which no signal is kept, and the conversation lives in memory.
"""

from __future__ import annotations

import asyncio
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from engine.model.errors import DataUnavailable, ValidationFailed
from engine.model.instants import AsOf, kst_datetime
from engine.model.instruments import normalize_ticker
from ralphstock_desktop.app.folders import Folders
from ralphstock_desktop.app.market_dataset import dataset_makers
from ralphstock_desktop.app.settings_store import JsonSettings
from ralphstock_desktop.app.strategies import open_strategies
from ralphstock_desktop.assistant_ports import AssistantStore, ChatMessage, ChatSession, LanguageModel
from ralphstock_desktop.services.assistant.keeping import pack
from ralphstock_desktop.services.assistant.model_access import KeyBox
from ralphstock_desktop.services.assistant.service import AssistantService
from ralphstock_desktop.services.assistant_contracts import Answer, Screen, Table, Turn
from ralphstock_desktop.services.contracts import DatasetKind, Empty, Failed, SettingValue
from ralphstock_desktop.services.watching import WatchService
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.services.workstation import WorkstationService
from ralphstock_desktop.ui.chat.written import plain_of_block
from ralphstock_desktop.wording.texts import Texts

__all__ = ["Asked", "answer_questions", "plain_answer", "record"]


@dataclass(frozen=True)
class Asked:
    """A question with what was answered."""

    question: str
    turn: Turn

    @property
    def answer(self) -> Answer | None:
        """The answer; None where there could be none (``turn.error`` says why)."""
        return self.turn.answer


class _Unkept:
    """The repository's side of the assistant, but the conversation is held in memory and nothing is written."""

    def __init__(self, store: AssistantStore) -> None:
        self._store = store
        self._sessions: dict[str, ChatSession] = {}
        self._messages: dict[str, list[ChatMessage]] = {}

    def __getattr__(self, name: str) -> Any:
        if name in ("prepare_search", "search_news", "watch_lists", "alert_rules"):
            return getattr(self._store, name)
        raise AttributeError(name)

    def sessions(self, text: str = "", limit: int = 200) -> tuple[ChatSession, ...]:
        del text
        return tuple(self._sessions.values())[:limit]

    def messages(self, session_id: str) -> tuple[ChatMessage, ...]:
        return tuple(self._messages[session_id])

    def create_session(self, session: ChatSession) -> None:
        self._sessions[session.id], self._messages[session.id] = session, []

    def append(self, session_id: str, messages: Sequence[ChatMessage]) -> None:
        self._messages[session_id].extend(messages)

    def replace_from(self, session_id: str, n: int, messages: Sequence[ChatMessage]) -> None:
        self._messages[session_id][n - 1 :] = messages

    def set_summary(self, session_id: str, summary: str, until: int) -> None:
        self._sessions[session_id] = replace(self._sessions[session_id], summary=summary, summary_until=until)

    def tokens_beside(self, day: date) -> tuple[int, int]:
        del day
        return 0, 0  # no model is asked


class _Settings:
    """The user's settings, read; what the services set counts for this run only."""

    def __init__(self, settings: JsonSettings) -> None:
        self._settings = settings
        self.changed = settings.changed
        self._own: dict[str, SettingValue] = {"assistant_outside": False}

    def get(self, key: str) -> SettingValue:
        return self._own[key] if key in self._own else self._settings.get(key)

    def set(self, key: str, value: SettingValue) -> None:
        self._own[key] = value

    def is_default(self, key: str) -> bool:
        return key not in self._own and self._settings.is_default(key)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._settings, name)


def answer_questions(
    folders: Folders,
    database: str | None,
    kind: DatasetKind,
    questions: Sequence[str],
    *,
    as_of: AsOf | None = None,
    symbol: str = "",
    apart: bool = False,
) -> list[Asked]:
    """Answer questions one after the other.

    Parameters
    ----------
    as_of : AsOf, optional
        Instant to look at; by default now, in the simulated market the end of its last day.
    symbol : str
        Code of the symbol that is meant by "this stock".
    apart : bool
        Every question begins a conversation of its own; otherwise a later one may refer to an earlier one.

    Raises
    ------
    DataUnavailable
        If nothing is stored in the market, or nothing was known yet at the instant.
    ValidationFailed
        If the symbol is none of the market's.
    """

    async def run() -> list[Asked]:
        desk = _Desk(folders, database)
        try:
            await desk.open(kind, as_of)
            return await desk.ask(questions, desk.checked(symbol) if symbol else "", apart=apart)
        finally:
            await desk.close()

    return asyncio.run(run())


class _Desk:
    """The workstation's services without a window."""

    def __init__(self, folders: Folders, database: str | None) -> None:
        self._workers = Workers()
        self._instant = AsOf(time.time_ns())
        settings = _Settings(JsonSettings(folders.config / "settings.json"))
        makers = dataset_makers(folders, database, time.time_ns)
        self._workstation = WorkstationService(makers, self._workers, self._now_ns, folders.data)
        self._strategies = open_strategies(
            self._workstation, settings, self._workers, self._now_ns, self._now_ns, folders.cache
        )
        post = self._strategies.notices.post
        self._watch = WatchService(
            self._workstation, self._workers, open_store=self._open_store, post=post, now_ns=self._now_ns
        )
        self._assistant = AssistantService(
            self._workstation,
            self._workers,
            settings,
            self._now_ns,
            open_store=self._open_store,
            open_model=_open_no_model,
            keys=KeyBox(lambda: "", lambda _key: None),
            watch=self._watch,
        )

    def _now_ns(self) -> int:
        return self._instant.instant_ns

    async def _open_store(self, kind: str) -> Any:
        dataset = await self._workstation.open_dataset("simulated" if kind == "simulated" else "real")
        return _Unkept(await self._workers.read(dataset.assistant))

    async def open(self, kind: DatasetKind, as_of: AsOf | None) -> None:
        """Look at a market as of an instant and wait until everything an answer is read from is there.

        Raises
        ------
        DataUnavailable
            If there is nothing to look at.
        """
        if as_of is not None:
            self._instant = as_of
        elif kind == "simulated":
            dataset = await self._workstation.open_dataset(kind)
            panel = await self._workers.read(dataset.quick_panel)
            if panel is None:
                panel = await self._workers.job(dataset.load_panel, lambda _progress: None)
            self._instant = AsOf.end_of(panel.days[-1].astype("datetime64[D]").item())
        self._assistant.start()
        await self._workstation.start(kind, self._instant)
        await self._strategies.settled()
        await self._workstation.idle()
        state = self._workstation.scan_state.last
        if isinstance(state, Failed):
            raise state.error
        if isinstance(state, Empty):
            way = " Import some (ralphstock import PATH), or add --simulated." if state.action == "import" else ""
            raise DataUnavailable(f"{Texts('en')(state.reason_key, **state.fields)}.{way}")
        await self._strategies.idle()
        await self._assistant.idle()

    def checked(self, symbol: str) -> str:
        """Return the code of a symbol of this market.

        Raises
        ------
        ValidationFailed
            If it is none.
        """
        code = normalize_ticker(symbol)
        picture = self._workstation.market.last
        if picture is None or picture.panel.row_of(code) is None:
            raise ValidationFailed(f"There is no symbol {code} in this market.")
        return code

    async def ask(self, questions: Sequence[str], ticker: str, *, apart: bool) -> list[Asked]:
        """Ask and wait for each answer."""
        screen = Screen(ticker, ("signals", "chart"), self._instant)
        asked = []
        for question in questions:
            if apart:
                self._assistant.new_session()
                await self._assistant.idle()
            self._assistant.ask(question, screen)
            await self._assistant.idle()
            conversation = self._assistant.conversation.last
            assert conversation is not None
            asked.append(Asked(question, conversation.turns[-1]))
        return asked

    async def close(self) -> None:
        """Stop what runs and close the store."""
        await self._assistant.close()
        await self._watch.close()
        await self._strategies.close()
        await self._workstation.close()
        await asyncio.get_running_loop().run_in_executor(None, self._workers.close)


async def _open_no_model(*_: str) -> LanguageModel:
    raise DataUnavailable("No language model is asked from the command line.", key="error.chat.no_market")


# -- printing ---------------------------------------------------------------------------------------------------------------


def record(asked: Asked) -> dict[str, Any]:
    """Return a question with its answer as JSON-ready data: the text, and every fact with value, unit, symbol and day."""
    answer = asked.answer
    if answer is None:
        return {"question": asked.question, "error": str(asked.turn.error or "")}
    packed = pack(answer)
    return {
        "question": asked.question,
        "language": answer.language,
        "as_of": kst_datetime(answer.as_of.instant_ns).isoformat(timespec="seconds"),
        "text": plain_answer(answer),
        "numbers": answer.numbers,
        "linked": answer.linked,
        "facts": packed["facts"],
        "sources": packed["chips"],
        "offers": packed["proposals"],
        "notes": _notes(answer),
    }


def plain_answer(answer: Answer) -> str:
    """Return an answer as text for a terminal: tables set in columns, notes below."""
    parts = [_table(block) if isinstance(block, Table) else plain_of_block(block) for block in answer.blocks]
    return "\n".join([*parts, *(f"({note})" for note in _notes(answer))])


def _notes(answer: Answer) -> list[str]:
    words = Texts(answer.language)
    return [words(key, **fields) for key, fields in answer.notes]


def _table(table: Table) -> str:
    rows = [["".join(span.text for span in cell).replace("\n", " ") for cell in row] for row in (table.head, *table.rows)]
    count = max(len(row) for row in rows)
    widths = [max(_width(row[column]) for row in rows if column < len(row)) for column in range(count)]

    def cell(text: str, column: int) -> str:
        room = " " * (widths[column] - _width(text))
        return room + text if column < len(table.right) and table.right[column] else text + room

    return "\n".join("  " + "  ".join(cell(text, column) for column, text in enumerate(row)).rstrip() for row in rows)


def _width(text: str) -> int:
    """Columns of a terminal: Hangul takes two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)

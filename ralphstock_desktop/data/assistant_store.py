"""What the assistant reads from and keeps in the repository of one market.

Implements :class:`ralphstock_desktop.assistant_ports.AssistantStore`. Reads may run on any thread and see one unchanging
picture each; every write is one durable transaction of its own. A deleted conversation leaves nothing of its text in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from engine.model.news import NewsItem
from ralphstock_desktop.assistant_ports import AlertRule, ChatMessage, ChatSession, Embedder, WatchEntry
from ralphstock_desktop.data import chat_reads, chat_writes, token_writes, watch_writes
from ralphstock_desktop.data.database import Database
from ralphstock_desktop.data.erasing import fold_log
from ralphstock_desktop.data.hybrid_search import HybridNewsSearch
from ralphstock_desktop.data.news_index import NewsIndex

__all__ = ["SqlAssistantStore"]


class SqlAssistantStore:
    """The assistant's side of one repository.

    Parameters
    ----------
    database : Database
        The open repository; owned by the caller.
    now_ns : callable
        The clock of this market in UTC nanoseconds.
    embedder : Embedder | None
        A model on this machine; with one, news are found by meaning too.
    vectors : Path | None
        Folder of this repository's vectors; needed with an embedder.
    """

    def __init__(
        self,
        database: Database,
        now_ns: Callable[[], int],
        embedder: Embedder | None = None,
        vectors: Path | None = None,
    ) -> None:
        self.database = database
        self._now_ns = now_ns
        self._news: NewsIndex | HybridNewsSearch = NewsIndex(database)
        if embedder is not None and vectors is not None:
            self._news = HybridNewsSearch(self._news, embedder, vectors)

    # -- conversations -----------------------------------------------------------------------------------------------------

    def sessions(self, text: str = "", limit: int = 200) -> tuple[ChatSession, ...]:
        """Newest first; with ``text`` those whose title or any message holds all its words."""
        with self.database.read() as connection:
            return chat_reads.sessions(connection, text, limit)

    def messages(self, session_id: str) -> tuple[ChatMessage, ...]:
        """Oldest first. Raises DataUnavailable (``error.chat.unknown_session``)."""
        with self.database.read() as connection:
            return chat_reads.messages(connection, session_id)

    def create_session(self, session: ChatSession) -> None:
        """Store a new conversation without messages; raises ValidationFailed if its identifier is no UUID."""
        with self.database.unit_of_work(durable=True) as unit:
            chat_writes.create_session(unit.records, session)

    def append(self, session_id: str, messages: Sequence[ChatMessage]) -> None:
        """Add messages and move the session's last activity; see :func:`chat_writes.append`."""
        with self.database.unit_of_work(durable=True) as unit:
            chat_writes.append(unit.records, session_id, messages)

    def replace_from(self, session_id: str, n: int, messages: Sequence[ChatMessage]) -> None:
        """Drop message ``n`` and all after it, then append; see :func:`chat_writes.replace_from`."""
        with self.database.unit_of_work(durable=True) as unit:
            chat_writes.replace_from(unit.records, session_id, n, messages)

    def rename_session(self, session_id: str, title: str) -> None:
        """Give a conversation another title; raises DataUnavailable (unknown) or ValidationFailed (blank)."""
        with self.database.unit_of_work(durable=True) as unit:
            chat_writes.rename_session(unit.records, session_id, title)

    def set_summary(self, session_id: str, summary: str, until: int) -> None:
        """Keep what stands for the messages up to number ``until``; raises DataUnavailable (unknown)."""
        with self.database.unit_of_work(durable=True) as unit:
            chat_writes.set_summary(unit.records, session_id, summary, until)

    def delete_session(self, session_id: str) -> None:
        """Delete with all messages, for good: nothing of the text stays in the file. Raises DataUnavailable (unknown)."""
        with self.database.unit_of_work(durable=True) as unit:
            chat_writes.delete_session(unit.records, session_id)
        fold_log(self.database)

    def delete_sessions(self, before_ns: int | None = None) -> int:
        """Delete all sessions for good, or those last used before an instant; return how many."""
        with self.database.unit_of_work(durable=True) as unit:
            count = chat_writes.delete_sessions(unit.records, before_ns)
        if count:
            fold_log(self.database)
        return count

    # -- news --------------------------------------------------------------------------------------------------------------

    def search_news(
        self, text: str, *, as_of_ns: int, limit: int = 20, ticker: str | None = None, first_ns: int = 0
    ) -> tuple[tuple[NewsItem, float], ...]:
        """Items known at the instant that match the words, best first; see :meth:`NewsIndex.search`."""
        return self._news.search(text, as_of_ns=as_of_ns, limit=limit, ticker=ticker, first_ns=first_ns)

    def prepare_search(self) -> int:
        """Bring index (and vectors) up to the record ahead of the first question; return how many items that took."""
        return self._news.prepare()

    # -- watch lists and alerts --------------------------------------------------------------------------------------------

    def watch_lists(self) -> tuple[WatchEntry, ...]:
        """All lists in order of list name and position."""
        with self.database.read() as connection:
            return watch_writes.watch_lists(connection)

    def set_watch_list(self, list_name: str, entries: Sequence[WatchEntry]) -> None:
        """Write one list as a whole, empty deletes it; raises ValidationFailed."""
        now = self._now_ns()
        dated = [entry if entry.added_ns else replace(entry, added_ns=now) for entry in entries]
        with self.database.unit_of_work(durable=True) as unit:
            watch_writes.set_watch_list(unit.records, list_name, dated)

    def alert_rules(self) -> tuple[AlertRule, ...]:
        """Newest first."""
        with self.database.read() as connection:
            return watch_writes.alert_rules(connection)

    def add_alert(self, rule: AlertRule) -> AlertRule:
        """Store an alert (id 0) and return it with its id; raises ValidationFailed."""
        dated = rule if rule.created_ns else replace(rule, created_ns=self._now_ns())
        with self.database.unit_of_work(durable=True) as unit:
            return watch_writes.add_alert(unit.records, dated)

    def set_alert(self, rule: AlertRule) -> None:
        """Overwrite an alert; raises DataUnavailable (``error.alert.unknown``) or ValidationFailed."""
        with self.database.unit_of_work(durable=True) as unit:
            watch_writes.set_alert(unit.records, rule)

    def delete_alert(self, rule_id: int) -> None:
        """Remove an alert; raises DataUnavailable (``error.alert.unknown``)."""
        with self.database.unit_of_work(durable=True) as unit:
            watch_writes.delete_alert(unit.records, rule_id)

    # -- tokens beside the conversations -----------------------------------------------------------------------------------

    def tokens_beside(self, day: date) -> tuple[int, int]:
        """Input and output tokens that questions beside the conversations used on a Korean day."""
        with self.database.read() as connection:
            return token_writes.tokens_of(connection, day)

    def add_tokens_beside(self, day: date, input_tokens: int, output_tokens: int) -> None:
        """Add to them."""
        with self.database.unit_of_work(durable=True) as unit:
            token_writes.add_tokens(unit.records, day, input_tokens, output_tokens)

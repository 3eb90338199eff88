"""Puts the assistant together: the repository's side, the language model, its key, watch lists and alerts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from engine.model.errors import StorageError
from ralphstock_desktop.app.market_dataset import RealDataset
from ralphstock_desktop.app.model_watch import WatchedModel
from ralphstock_desktop.app.stored_key import stored_key
from ralphstock_desktop.assistant_ports import AssistantStore, LanguageModel
from ralphstock_desktop.live_ports import SourceMonitor
from ralphstock_desktop.services.assistant.model_access import KeyBox
from ralphstock_desktop.services.assistant.service import AssistantService
from ralphstock_desktop.services.assistant_contracts import Conversation
from ralphstock_desktop.services.contracts import SettingsStore
from ralphstock_desktop.services.notices import NoticeService
from ralphstock_desktop.services.watching import WatchService
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.services.workstation import WorkstationService

__all__ = ["ModelKey", "open_assistant"]

_VARIABLES = ("RALPHSTOCK_GEMINI_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY")
_ENTRY = "Gemini"
_log = logging.getLogger(__name__)
_UNGROUNDED = frozenset({"assistant.refused.numbers", "assistant.refused.symbols"})


class ModelKey:
    """The key of the language model: in the system's key store (entry ``Gemini``), else from the environment, else of this run.

    Nothing here writes a file. Methods may block while the system asks the user to unlock the store.
    """

    def __init__(self) -> None:
        self._of_this_run = ""

    def read(self) -> str:
        """The key, empty if there is none."""
        return self._of_this_run or stored_key(_ENTRY, *_VARIABLES)

    def write(self, key: str) -> None:
        """Keep a key; empty forgets it. Without a key store it is kept for this run only.

        Raises
        ------
        StorageError
            If the key store refused.
        """
        from ralphstock_desktop.providers.keystore import SERVICE, find_backend

        backend = find_backend()
        if backend is None:
            self._of_this_run = key
            return
        refused = False
        try:
            if key:
                backend.set_password(SERVICE, _ENTRY, key)
            elif backend.get_password(SERVICE, _ENTRY) is not None:
                backend.delete_password(SERVICE, _ENTRY)
        except Exception:  # key stores raise errors of their own kinds, and their text may hold what was to be kept
            refused = True
        if refused:  # raised out here, so that nothing hangs on the store's own error
            raise StorageError("The system's key store refused the key.", key="error.chat.key_store")


class _UngroundedCount:
    """Counts the model's answers that were replaced because something in them was not founded (domain.md §8.4)."""

    def __init__(self, monitor: Callable[[], SourceMonitor | None], source: Callable[[], str]) -> None:
        self._monitor, self._source = monitor, source
        self._known: set[tuple[int, int]] = set()
        self._session: str | None = None

    def hear(self, conversation: Conversation) -> None:
        """Take a conversation as shown. Answers that were there when it was opened were counted in their time."""
        refused = {
            (turn.n, turn.created_ns)
            for turn in conversation.turns
            if turn.answer is not None and turn.answer.refusal is not None and turn.answer.refusal.key in _UNGROUNDED
        }
        new = refused - self._known if conversation.session.id == self._session else set()
        monitor = self._monitor()
        if new and monitor is not None:
            monitor.note(self._source(), "health.note.model_ungrounded", len(new))
        self._known, self._session = refused, conversation.session.id


def open_assistant(
    workstation: WorkstationService,
    settings: SettingsStore,
    workers: Workers,
    notices: NoticeService,
    now_ns: Callable[[], int],
    market_ns: Callable[[], int],
) -> tuple[AssistantService, WatchService]:
    """Make assistant, watch lists and alerts, and hang them into the workstation. They begin with ``start``.

    Parameters
    ----------
    now_ns : callable
        This machine's clock.
    market_ns : callable
        The clock of the market on screen.
    """

    async def open_store(kind: str) -> AssistantStore:
        dataset = await workstation.open_dataset("simulated" if kind == "simulated" else "real")
        if not isinstance(dataset, RealDataset):
            return await workers.read(dataset.assistant)
        folder = str(settings.get("assistant_embeddings")).strip()
        dataset.embeddings = Path(folder).expanduser() if folder else None
        store = await workers.read(dataset.assistant)
        if dataset.embeddings_problem is not None:
            workstation.notices.publish(f"notice.embeddings.{dataset.embeddings_problem.key.rpartition('.')[2]}")
        return store

    def monitor() -> SourceMonitor | None:
        return getattr(workstation.live, "registry", None)  # the running market's module is loaded after the first screen

    async def open_model(provider: str, model: str, key: str, url: str) -> LanguageModel:
        from ralphstock_desktop.providers.gemini import open_model_soon

        return WatchedModel(await open_model_soon(provider, model, key, url or None), monitor)

    watch = WatchService(workstation, workers, open_store=open_store, post=notices.post, now_ns=market_ns)
    key = ModelKey()
    assistant = AssistantService(
        workstation,
        workers,
        settings,
        now_ns,
        open_store=open_store,
        open_model=open_model,
        keys=KeyBox(key.read, key.write),
        watch=watch,
        market_ns=market_ns,
    )
    count = _UngroundedCount(monitor, lambda: str(settings.get("assistant_provider")))
    # a plain function is held by the channel for as long as the channel lives
    assistant.conversation.subscribe(lambda conversation: count.hear(conversation))
    workstation.watch, workstation.assistant = watch, assistant
    return assistant, watch

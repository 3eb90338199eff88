"""Typed channels: how a service tells its listeners that something changed.

Listeners are held weakly when they are bound methods, so a closed panel never keeps receiving. An exception in one listener
is reported and does not stop the others. Publishing happens on the thread of the event loop only.
"""

from __future__ import annotations

import inspect
import logging
import threading
import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Channel", "Subscription"]

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Subscription:
    """The right to be called; :meth:`close` ends it. Safe to close twice."""

    def __init__(self, remove: Callable[[], None]) -> None:
        self._remove: Callable[[], None] | None = remove

    def close(self) -> None:
        """Stop receiving."""
        if self._remove is not None:
            self._remove()
            self._remove = None


class Channel(Generic[T]):
    """One stream of facts of one type, remembering the last one.

    Parameters
    ----------
    name : str
        For reports only.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.last: T | None = None
        self._thread = threading.get_ident()
        self._listeners: list[Callable[[], Callable[[T], None] | None]] = []

    def subscribe(self, listener: Callable[[T], None], *, replay: bool = True) -> Subscription:
        """Call ``listener`` for each fact from now on, and at once with the last one if ``replay`` and there is one."""
        reference: Callable[[], Callable[[T], None] | None]
        if inspect.ismethod(listener):
            reference = weakref.WeakMethod(listener)
        else:

            def reference() -> Callable[[T], None]:
                return listener

        self._listeners.append(reference)
        if replay and self.last is not None:
            self._call(listener, self.last)

        def remove() -> None:
            if reference in self._listeners:
                self._listeners.remove(reference)

        return Subscription(remove)

    def publish(self, fact: T) -> None:
        """Hand ``fact`` to every listener, oldest subscription first.

        Raises
        ------
        RuntimeError
            If called on another thread than the one that made the channel (a bug of the caller).
        """
        if threading.get_ident() != self._thread:
            raise RuntimeError(f"channel '{self.name}' was published from a foreign thread")
        self.last = fact
        for reference in list(self._listeners):
            listener = reference()
            if listener is None:
                self._listeners.remove(reference)
            else:
                self._call(listener, fact)

    def _call(self, listener: Callable[[T], None], fact: T) -> None:
        try:
            listener(fact)
        except Exception:
            # A broken panel must not silence the others; the failure is logged with its trace and the channel's name.
            _log.exception("a listener of channel '%s' failed", self.name)

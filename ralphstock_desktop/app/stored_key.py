"""A key of the user's: from the system's key store, else from the environment."""

from __future__ import annotations

import logging
import os

__all__ = ["stored_key"]

_log = logging.getLogger(__name__)


def stored_key(entry: str, *variables: str) -> str:
    """Return what the key store keeps under an entry, else the first variable that is set, else an empty text. May block.

    A key store that cannot be read is logged without what it said, and the environment counts.
    """
    from ralphstock_desktop.providers.keystore import SERVICE, find_backend

    backend = find_backend()
    try:
        stored = backend.get_password(SERVICE, entry) if backend is not None else None
    except Exception as error:  # locked, refused, broken: key stores raise errors of their own kinds
        _log.warning("the system's key store could not be read (%s)", type(error).__name__)
        stored = None
    return stored or next((os.environ[name] for name in variables if os.environ.get(name)), "")

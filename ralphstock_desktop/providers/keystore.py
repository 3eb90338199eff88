"""Where app keys and secrets are kept: the operating system's key store, environment variables, or this run's memory.

Back ends of the ``keyring`` library are accepted by name only: those of Windows, macOS, the Secret Service, KWallet and
libsecret. Its other back ends keep secrets in plain files, nowhere, or in whichever of several happens to answer. Nothing here
writes a file. Calls may block while the system asks the user to unlock the store: keep them off the event loop.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterable, Mapping
from typing import Final, Literal, Protocol

from engine.model.errors import RalphStockError, StorageError, ValidationFailed
from ralphstock_desktop.live_ports import Credentials, KeyStore

__all__ = [
    "BACKENDS",
    "EnvironmentKeyStore",
    "FallbackKeyStore",
    "MemoryKeyStore",
    "SystemKeyStore",
    "find_backend",
    "open_key_store",
]

Host = Literal["real", "mock", "custom"]
Kind = Literal["system", "environment", "memory"]

SERVICE: Final = "RalphStock Desktop"
"""Name of our entries in the system's store."""

BACKENDS: Final = (
    ("keyring.backends.Windows", "WinVaultKeyring"),
    ("keyring.backends.macOS", "Keyring"),
    ("keyring.backends.SecretService", "Keyring"),
    ("keyring.backends.kwallet", "DBusKeyring"),
    ("keyring.backends.libsecret", "Keyring"),
)
"""Accepted back ends, module and class. Named here, so that a frozen program is built with them."""

_VARIABLES: Final[Mapping[str, str]] = {"real": "", "mock": "MOCK_", "custom": "CUSTOM_"}


class Backend(Protocol):
    """What we use of a keyring back end."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


def _is_accepted(backend: object) -> bool:
    kind = type(backend)
    return (kind.__module__, kind.__name__) in BACKENDS


def find_backend(candidates: Iterable[tuple[str, str]] = BACKENDS) -> Backend | None:
    """Return the accepted back end that works best on this machine; None if there is none."""
    best: Backend | None = None
    best_priority = 0.0
    for module, name in candidates:
        try:
            kind = getattr(importlib.import_module(module), name)
            priority = float(kind.priority)
            if priority > best_priority:
                best, best_priority = kind(), priority
        except (ImportError, AttributeError, RuntimeError, OSError):
            # Not for this system, or its service does not run.
            continue
    return best


def _checked(app_key: object, secret: object, place: str) -> Credentials:
    key_text = app_key.strip() if isinstance(app_key, str) else ""
    secret_text = secret.strip() if isinstance(secret, str) else ""
    if not key_text or not secret_text:
        missing = "app key" if not key_text else "secret"
        raise ValidationFailed(f"The {missing} is missing in {place}", key="error.keystore.half", place=place, missing=missing)
    return Credentials(key_text, secret_text)


class SystemKeyStore:
    """Key store of the operating system.

    Parameters
    ----------
    backend : Backend
        As :func:`find_backend` returns it; others are refused.

    Raises
    ------
    ValidationFailed
        If the back end is not one of the accepted ones.
    """

    def __init__(self, backend: Backend) -> None:
        if not _is_accepted(backend):
            name = f"{type(backend).__module__}.{type(backend).__name__}"
            raise ValidationFailed(
                f"{name} does not protect secrets; only the operating system's key stores are used",
                key="error.keystore.backend",
                backend=name,
            )
        self._backend = backend

    @property
    def kind(self) -> Kind:
        """Where :meth:`save` puts them."""
        return "system"

    def load(self, host: Host) -> Credentials | None:
        """Return what is stored; None if nothing is. Raises StorageError where the store is locked or broken."""
        try:
            text = self._backend.get_password(SERVICE, f"kiwoom:{host}")
        except Exception as error:
            raise self._failure("read", error) from None
        if not text:
            return None
        try:
            entry = json.loads(text)
            return _checked(entry["app_key"], entry["secret"], "the system key store")
        except (ValueError, KeyError, TypeError, ValidationFailed):
            # No chain: the exception of the decoder carries the text.
            damaged = StorageError(
                "The entry in the system key store is damaged; enter the key again", key="error.keystore.damaged"
            )
        raise damaged

    def save(self, host: Host, credentials: Credentials) -> None:
        """Store key and secret as one entry. Raises StorageError where that fails."""
        checked = _checked(credentials.app_key, credentials.secret, "the form")
        text = json.dumps({"app_key": checked.app_key, "secret": checked.secret})
        try:
            self._backend.set_password(SERVICE, f"kiwoom:{host}", text)
        except Exception as error:
            raise self._failure("write", error) from None

    def forget(self, host: Host) -> None:
        """Delete the entry, if there is one. Raises StorageError where that fails."""
        try:
            if self._backend.get_password(SERVICE, f"kiwoom:{host}") is not None:
                self._backend.delete_password(SERVICE, f"kiwoom:{host}")
        except Exception as error:
            raise self._failure("delete", error) from None

    @staticmethod
    def _failure(what: str, error: Exception) -> StorageError:
        # Only the kind of the error is told: texts of the systems' stores are not ours to judge.
        reason = type(error).__name__
        return StorageError(f"The system key store could not {what}: {reason}", key="error.keystore.system", reason=reason)


class EnvironmentKeyStore:
    """Environment variables: ``RALPHSTOCK_KIWOOM_APP_KEY`` and ``…_SECRET``, with ``MOCK_`` or ``CUSTOM_`` for other hosts."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ

    @property
    def kind(self) -> Kind:
        """Where they are kept."""
        return "environment"

    @staticmethod
    def names(host: Host) -> tuple[str, str]:
        """Return the names of the two variables."""
        prefix = f"RALPHSTOCK_KIWOOM_{_VARIABLES[host]}"
        return f"{prefix}APP_KEY", f"{prefix}SECRET"

    def load(self, host: Host) -> Credentials | None:
        """Return what is set; None if neither is. Raises ValidationFailed if only one of the two is."""
        key_name, secret_name = self.names(host)
        app_key, secret = self._environ.get(key_name, ""), self._environ.get(secret_name, "")
        if not app_key.strip() and not secret.strip():
            return None
        return _checked(app_key, secret, f"{key_name} / {secret_name}")

    def save(self, host: Host, credentials: Credentials) -> None:
        """Raise StorageError: a program cannot keep anything there."""
        del credentials
        raise self._fixed(host)

    def forget(self, host: Host) -> None:
        """Raise StorageError if the variables are set: only the user can take them away."""
        if self.load(host) is not None:
            raise self._fixed(host)

    def _fixed(self, host: Host) -> StorageError:
        names = " / ".join(self.names(host))
        return StorageError(
            f"{names} can only be changed outside of the program", key="error.keystore.environment", names=names
        )


class MemoryKeyStore:
    """Memory of this run; gone when the program ends."""

    def __init__(self) -> None:
        self._held: dict[str, Credentials] = {}

    def __repr__(self) -> str:
        return f"MemoryKeyStore({len(self._held)} held)"

    @property
    def kind(self) -> Kind:
        """Where :meth:`save` puts them."""
        return "memory"

    def load(self, host: Host) -> Credentials | None:
        """Return what was saved in this run."""
        return self._held.get(host)

    def save(self, host: Host, credentials: Credentials) -> None:
        """Keep until the program ends."""
        self._held[host] = _checked(credentials.app_key, credentials.secret, "the form")

    def forget(self, host: Host) -> None:
        """Drop."""
        self._held.pop(host, None)


class FallbackKeyStore:
    """A store that can be written, and environment variables for what it does not hold."""

    def __init__(self, primary: KeyStore, environment: EnvironmentKeyStore) -> None:
        self._primary = primary
        self._environment = environment

    @property
    def kind(self) -> Kind:
        """Where :meth:`save` puts them."""
        return self._primary.kind

    def source_of(self, host: Host) -> Kind | None:
        """Return where the credentials of a host come from now; None where there are none."""
        return self._find(host)[1]

    def load(self, host: Host) -> Credentials | None:
        """Return what the store holds, else what the variables say.

        Raises StorageError if the store failed and the variables say nothing.
        """
        return self._find(host)[0]

    def save(self, host: Host, credentials: Credentials) -> None:
        """Keep in the store that can be written."""
        self._primary.save(host, credentials)

    def forget(self, host: Host) -> None:
        """Drop from the store; variables stay, as only the user can take them away."""
        self._primary.forget(host)

    def _find(self, host: Host) -> tuple[Credentials | None, Kind | None]:
        failure: RalphStockError | None = None
        try:
            held = self._primary.load(host)
        except StorageError as error:
            held, failure = None, error
        if held is not None:
            return held, self._primary.kind
        given = self._environment.load(host)
        if given is not None:
            return given, "environment"
        if failure is not None:
            raise failure
        return None, None


def open_key_store(environ: Mapping[str, str] | None = None, *, backend: Backend | None = None) -> FallbackKeyStore:
    """Open the best key store of this machine; its ``kind`` says which.

    Parameters
    ----------
    environ : mapping, optional
        Environment variables; those of the process unless given.
    backend : Backend, optional
        Back end of the system's store; looked for unless given.
    """
    found = backend or find_backend()
    primary: KeyStore = SystemKeyStore(found) if found is not None else MemoryKeyStore()
    return FallbackKeyStore(primary, EnvironmentKeyStore(environ))

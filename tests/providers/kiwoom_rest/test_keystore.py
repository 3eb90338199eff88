"""Key stores: which are accepted, what they hold, and that nothing shows a secret."""

from __future__ import annotations

import sys
import types

import pytest
from keyring import backend as keyring_backend
from keyring.errors import KeyringLocked, PasswordDeleteError

from engine.model.errors import StorageError, ValidationFailed
from ralphstock_desktop.live_ports import Credentials
from ralphstock_desktop.providers import keystore
from ralphstock_desktop.providers.keystore import (
    EnvironmentKeyStore,
    FallbackKeyStore,
    MemoryKeyStore,
    SystemKeyStore,
    find_backend,
    open_key_store,
)

GOOD = Credentials("PSappkeyCANARY0001", "SECRETcanary0002xyz")


class Keyring(keyring_backend.KeyringBackend):
    """A working back end under the name of an accepted one."""

    priority = 5  # type: ignore[assignment]

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}
        self.error: Exception | None = None

    def get_password(self, service: str, username: str) -> str | None:
        if self.error:
            raise self.error
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.error:
            raise self.error
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if (service, username) not in self.held:
            raise PasswordDeleteError("not there")
        del self.held[service, username]


@pytest.fixture
def accepted(monkeypatch: pytest.MonkeyPatch) -> Keyring:
    """The back end, passing for that of the Secret Service."""
    monkeypatch.setattr(Keyring, "__module__", "keyring.backends.SecretService")
    return Keyring()


def test_the_system_store_keeps_hosts_apart(accepted: Keyring) -> None:
    store = SystemKeyStore(accepted)
    assert store.kind == "system" and store.load("real") is None
    store.save("real", GOOD)
    store.save("mock", Credentials(" k ", "s\n"))
    assert store.load("real") == GOOD
    assert store.load("mock") == Credentials("k", "s")
    store.forget("real")
    store.forget("real")
    assert store.load("real") is None and store.load("mock") is not None
    assert all(service == "RalphStock Desktop" for service, _ in accepted.held)


def test_back_ends_that_do_not_protect_are_refused() -> None:
    from keyring.backends import chainer, fail, null

    for backend in (fail.Keyring(), null.Keyring(), chainer.ChainerBackend(), Keyring(), object()):
        with pytest.raises(ValidationFailed) as refused:
            SystemKeyStore(backend)  # type: ignore[arg-type]
        assert refused.value.key == "error.keystore.backend"


def test_failures_of_the_system_are_converted_and_tell_no_secret(accepted: Keyring) -> None:
    store = SystemKeyStore(accepted)
    accepted.error = KeyringLocked(f"cannot store {GOOD.secret}")
    for act in (lambda: store.load("real"), lambda: store.save("real", GOOD), lambda: store.forget("real")):
        with pytest.raises(StorageError) as failed:
            act()
        assert failed.value.key == "error.keystore.system" and failed.value.fields["reason"] == "KeyringLocked"
        assert GOOD.secret not in f"{failed.value} {failed.value.fields} {failed.value.__cause__}"
        assert failed.value.__suppress_context__


@pytest.mark.parametrize(
    "text", ["no json SECRETcanary0002xyz", "[]", "{}", '{"app_key":"a"}', '{"app_key":"a","secret":""}', '"x"']
)
def test_a_damaged_entry(accepted: Keyring, text: str) -> None:
    accepted.held["RalphStock Desktop", "kiwoom:real"] = text
    with pytest.raises(StorageError) as damaged:
        SystemKeyStore(accepted).load("real")
    assert damaged.value.key == "error.keystore.damaged"
    assert damaged.value.__context__ is None and GOOD.secret not in str(damaged.value.fields)


def test_the_environment() -> None:
    store = EnvironmentKeyStore({
        "RALPHSTOCK_KIWOOM_APP_KEY": "a", "RALPHSTOCK_KIWOOM_SECRET": "b", "RALPHSTOCK_KIWOOM_MOCK_APP_KEY": "c",
        "RALPHSTOCK_KIWOOM_CUSTOM_APP_KEY": " ", "RALPHSTOCK_KIWOOM_CUSTOM_SECRET": "",
    })  # fmt: skip
    assert store.kind == "environment"
    assert store.load("real") == Credentials("a", "b")
    assert store.load("custom") is None
    with pytest.raises(ValidationFailed) as half:
        store.load("mock")
    assert "RALPHSTOCK_KIWOOM_MOCK_SECRET" in str(half.value)
    for act in (lambda: store.save("real", GOOD), lambda: store.forget("real")):
        with pytest.raises(StorageError) as fixed:
            act()
        assert fixed.value.key == "error.keystore.environment"
    store.forget("custom")


def test_memory() -> None:
    store = MemoryKeyStore()
    store.save("real", GOOD)
    assert store.kind == "memory" and store.load("real") == GOOD and store.load("mock") is None
    assert GOOD.secret not in repr(store) and GOOD.app_key not in repr(store)
    store.forget("real")
    store.forget("real")
    assert store.load("real") is None
    with pytest.raises(ValidationFailed):
        store.save("real", Credentials("a", "  "))


def test_the_store_goes_before_the_environment(accepted: Keyring) -> None:
    store = open_key_store({"RALPHSTOCK_KIWOOM_APP_KEY": "a", "RALPHSTOCK_KIWOOM_SECRET": "b"}, backend=accepted)
    assert store.kind == "system"
    assert store.source_of("real") == "environment" and store.load("real") == Credentials("a", "b")
    store.save("real", GOOD)
    assert store.source_of("real") == "system" and store.load("real") == GOOD
    store.forget("real")
    assert store.source_of("real") == "environment"
    assert store.source_of("mock") is None and store.load("mock") is None
    accepted.error = KeyringLocked()
    assert store.load("real") == Credentials("a", "b")
    with pytest.raises(StorageError):
        store.load("mock")


def test_without_a_system_store_memory_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keystore, "find_backend", lambda: None)
    store = open_key_store({})
    assert isinstance(store, FallbackKeyStore) and store.kind == "memory" and store.load("real") is None
    store.save("real", GOOD)
    assert store.source_of("real") == "memory"


def test_back_ends_are_looked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    class Weak(Keyring):
        priority = 1  # type: ignore[assignment]

    class Broken(Keyring):
        @property
        def priority(self) -> float:  # type: ignore[override]
            raise AssertionError

    class NotHere:
        class _Meta(type):
            @property
            def priority(cls) -> float:
                raise RuntimeError("its service does not run")

        Keyring = _Meta("Keyring", (), {})

    module = types.ModuleType("some_store")
    module.Weak, module.Strong, module.NotHere = Weak, Keyring, NotHere.Keyring  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "some_store", module)
    names = [
        ("no.such.module", "X"),
        ("some_store", "Missing"),
        ("some_store", "NotHere"),
        ("some_store", "Weak"),
        ("some_store", "Strong"),
    ]
    assert type(find_backend(names)) is Keyring
    assert find_backend(names[:3]) is None


def test_looking_on_this_machine_raises_nothing() -> None:
    found = find_backend()
    assert found is None or (type(found).__module__, type(found).__name__) in keystore.BACKENDS

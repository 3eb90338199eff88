"""The language model's key is planted, used, refused and echoed back: it is looked for in every place the program writes or shows.

The program's own composition asks a local server through Google's library; the server puts the key into its errors in several
writings. Only the request's key header may hold it.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import html
import json
import logging
import math
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import pytest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QPlainTextEdit, QTextEdit, QWidget
from pytestqt.qtbot import QtBot

from engine.model.instants import AsOf
from ralphstock_desktop.app.assistant import open_assistant
from ralphstock_desktop.app.logs import start_logging
from ralphstock_desktop.app.settings_store import JsonSettings
from ralphstock_desktop.services.assistant_contracts import Screen
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.errors import crash_report, error_sentence
from ralphstock_desktop.ui.dialogs.model_key import ModelKeyDialog
from tests.providers.gemini.server import GeminiServer, Reply, bad_key, events, fails, page, quota, says
from tests.services.strategy.small_market import BEFORE, Template
from tests.services.strategy.world import World

CANARY = 'AIza+canary/91c4"b7e2=='
"""Every letter that some writing escapes."""


def writings(secret: str) -> dict[str, bytes]:
    """The ways a secret may be written down. Base64 at each of the three alignments, without what the neighbours decide."""
    raw = secret.encode()
    found = {
        "plain": raw,
        "url": quote(secret, safe="").encode(),
        "url with slashes": quote(secret).encode(),
        "json": json.dumps(secret)[1:-1].encode(),
        "html": html.escape(secret).encode(),
        "hex": raw.hex().encode(),
        "utf-16": secret.encode("utf-16-le"),
        "utf-16 of others": secret.encode("utf-16-be"),
        "reversed": raw[::-1],
    }
    for shift in range(3):
        for name, encode in (("base64", base64.b64encode), ("base64 for addresses", base64.urlsafe_b64encode)):
            whole = encode(b"x" * shift + raw)
            found[f"{name} {shift}"] = whole[4 if shift else 0 : (len(raw) + shift) // 3 * 4]
    return found


WRITINGS = writings(CANARY)


def hits(content: bytes | str) -> list[str]:
    """In which writings some content holds the key."""
    data = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    return [name for name, form in WRITINGS.items() if form in data]


def files_with_key(folder: Path) -> list[str]:
    """Files under a folder that hold the key in content or name."""
    found = []
    for path in folder.rglob("*"):
        found += [f"{path.name}: {name}" for name in hits(str(path.relative_to(folder)))]
        if path.is_file():
            found += [f"{path.name}: {name}" for name in hits(path.read_bytes())]
    return found


class Vault:
    """A key store in memory that can refuse, and says the key when it does."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.refuses = False

    def get_password(self, service: str, name: str) -> str | None:
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, password: str) -> None:
        if self.refuses:
            raise RuntimeError(f"cannot keep {password!r}")
        self.kept[service, name] = password

    def delete_password(self, service: str, name: str) -> None:
        del self.kept[service, name]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return Template.make(tmp_path_factory.mktemp("market") / "stored")


@pytest.fixture
def logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Every logger of every library at its most talkative, into the program's own log."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    monkeypatch.setattr("faulthandler.enable", lambda file: file.close())
    folder = tmp_path / "logs"
    folder.mkdir()
    start_logging(folder, verbose=True)
    root.setLevel(logging.DEBUG)
    levels = {}
    for name in [
        "httpx",
        "httpcore",
        "google_genai",
        "google.auth",
        "aiohttp",
        "asyncio",
        "urllib3",
        *logging.root.manager.loggerDict,
    ]:
        levels[name] = logging.getLogger(name).level
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield folder
    for name, number in levels.items():
        logging.getLogger(name).setLevel(number)
    for handler in [handler for handler in root.handlers if handler not in before]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    logging.captureWarnings(False)


def _echoes() -> list[Reply]:
    """Failures that say the key in their answer."""
    return [
        fails(401, f"Request had invalid authentication credentials: {CANARY}"),
        bad_key(),
        fails(403, f"the key {quote(CANARY, safe='')} was reported as leaked"),
        fails(500, f"echo of x-goog-api-key: {CANARY}"),
        quota("day"),
        page(502),
        says("종가", "는", cut_after=60),
        says("하나", stall_after=0),
        events(f'{{"candidates": {json.dumps(CANARY)}'),
        events({"error": {"code": 500, "message": base64.b64encode(CANARY.encode()).decode()}}),
        Reply(status=302, body=b"", headers=(("Location", "http://127.0.0.1:9/elsewhere"),)),
        says("honest: 값이 없습니다."),
        says(finish="MALFORMED_FUNCTION_CALL"),
    ]


@pytest.mark.parametrize("place", ["environment", "key store"])
def test_the_models_key_is_nowhere(
    stored: Template,
    tmp_path: Path,
    logged: Path,
    monkeypatch: pytest.MonkeyPatch,
    qtbot: QtBot,
    capsys: pytest.CaptureFixture[str],
    place: Literal["environment", "key store"],
) -> None:
    vault = Vault()
    monkeypatch.setattr("ralphstock_desktop.providers.keystore.find_backend", lambda: None if place == "environment" else vault)
    monkeypatch.setattr("ralphstock_desktop.services.strategy.records._RESTED_S", 1e6)
    monkeypatch.setattr("ralphstock_desktop.services.assistant.prompt.FIRST_TOKEN_TIMEOUT_S", 0.3)
    monkeypatch.setattr("ralphstock_desktop.services.assistant.asking._TRIES", 2)
    if place == "environment":
        monkeypatch.setenv("RALPHSTOCK_GEMINI_KEY", CANARY)
    monkeypatch.setattr(sys, "argv", ["ralphstock"])
    shown: list[str] = []
    asyncio.run(_use(stored, tmp_path, shown, qtbot, vault if place == "key store" else None))
    console = capsys.readouterr()
    if place == "key store":
        assert set(vault.kept.values()) == {CANARY}
    assert (logged / "ralphstock.log").stat().st_size > 5_000, "the log was written"
    assert not files_with_key(tmp_path)
    assert len(shown) > 60
    assert not [(text[:80], found) for text in (*shown, console.out, console.err) if (found := hits(text))]
    gc.collect()


def test_the_search_finds_every_writing(tmp_path: Path) -> None:
    for number, (name, form) in enumerate(WRITINGS.items()):
        (tmp_path / f"{number}").write_bytes(b"before" + form + b"after")
        assert name in hits(b"before" + form + b"after")
    found = {line.split(":")[0] for line in files_with_key(tmp_path)}
    assert found == {str(number) for number in range(len(WRITINGS))}
    for shift in range(6):
        assert hits(base64.b64encode(b"y" * shift + CANARY.encode() + b"zz"))


async def _use(stored: Template, folder: Path, shown: list[str], qtbot: QtBot, vault: Vault | None) -> None:
    """Ask through every failure, keep and check the key by the dialog, export, and write down whatever can be shown."""
    with GeminiServer() as server:
        async with World(stored.copy_to(folder / "real"), now=AsOf.at(BEFORE, 20, 30)) as world:
            settings = JsonSettings(folder / "config" / "settings.json", {})
            world.settings = settings  # type: ignore[assignment]
            for key, value in (("assistant_outside", True), ("assistant_url", server.url)):
                settings.set(key, value)
            assistant, watch = open_assistant(
                world.workstation, settings, world.workers, world.strategies.notices, world.clock, world.clock
            )
            note: Callable[[Any], None] = lambda fact: shown.append(repr(fact))  # noqa: E731
            for channel in (assistant.updates, assistant.state, assistant.outgoing, assistant.conversation, assistant.sessions):
                channel.subscribe(note, replay=False)  # type: ignore[attr-defined]
            assistant.start()
            await assistant.idle()
            await _by_the_dialog(assistant, settings, server, world, shown, qtbot, vault)
            screen = Screen("", ("signals",), AsOf(world.clock()))
            for reply in _echoes():
                server.respond = lambda _body, reply=reply: reply
                assistant.access._retry_at_ns = None  # a limit of the day would end the test
                assistant.ask("오늘 게이트는?", screen)
                await asyncio.wait_for(assistant.idle(), 30)
                turn = assistant.conversation.last.turns[-1]  # type: ignore[union-attr]
                assert turn.answer is not None
                if turn.error is not None:
                    _errors(turn.error, shown)
            assistant.draft("내 키는 무엇이야? 게이트는?", screen)
            await assistant.idle()
            outgoing = assistant.outgoing.last
            assert outgoing is not None and outgoing.text and not hits(outgoing.text)
            session = assistant.conversation.last.session.id  # type: ignore[union-attr]
            for form in ("markdown", "json"):
                text = await assistant.export_session(session, form)  # type: ignore[arg-type]
                (folder / f"export.{form}").write_text(text, encoding="utf-8")
            server.respond = lambda _body: says("늦은", " 답", delay_s=math.inf)
            assistant.ask("시장은?", screen)
            await asyncio.sleep(0.2)
            assistant.stop()
            await assistant.idle()
            shown.extend(repr(thing) for thing in (assistant, assistant.access, settings))
            await assistant.close()
            await watch.close()
            for error in world.problems:
                shown.append("".join(traceback.format_exception(error)))
            assert not world.problems
        generated = [asked for asked in server.requests if "Content" in asked.path]
        assert len(generated) > 10
        for asked in server.requests:
            assert asked.headers["x-goog-api-key"] == CANARY, "the key was really used"
            rest = [value for name, value in asked.headers.items() if name != "x-goog-api-key"]
            assert not hits(asked.target) and not hits(asked.raw) and not hits(" ".join(rest))
    assert (folder / "config" / "settings.json").exists()
    assert list((folder / "real").rglob("*.sqlite3*"))


async def _by_the_dialog(
    assistant: Any, settings: Any, server: GeminiServer, world: World, shown: list[str], qtbot: QtBot, vault: Vault | None
) -> None:
    """Type the key, save it, have it refused by store and server, check it; nothing of it stays in a widget."""
    dialog = ModelKeyDialog(Appearance(), assistant, world.spawn, settings)  # type: ignore[arg-type]
    qtbot.addWidget(dialog)
    dialog.open_dialog()
    for reply, refuses in ((bad_key(), False), (fails(500, CANARY), False), (None, True), (None, False)):
        if vault is not None:
            vault.refuses = refuses
        if reply is not None:
            server.script(reply)
        dialog.field.setText(CANARY)
        dialog.save_button.click()
        assert dialog.field.text() == ""
        end = time.monotonic() + 10
        while dialog._busy:
            assert time.monotonic() < end
            await asyncio.sleep(0.01)
        if dialog._problem is not None:
            _errors(dialog._problem, shown)
        _widgets(shown)
        assert dialog.grab().save(str(world.folders.cache / "dialog.png"))
    dialog.close()
    QApplication.clipboard().text() and shown.append(QApplication.clipboard().text())


def _errors(error: BaseException, shown: list[str]) -> None:
    """Whatever could be printed of an error: text, fields, trace, crash report, sentence."""
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        shown += [
            str(one),
            repr(one),
            repr(one.args),
            repr(getattr(one, "__dict__", "")),
            crash_report(type(one), one, one.__traceback__),
        ]
        todo += [one.__cause__, one.__context__]
    shown.append(error_sentence(Appearance(), error))  # type: ignore[arg-type]


def _widgets(shown: list[str]) -> None:
    for widget in QApplication.allWidgets():
        if isinstance(widget, QLabel | QAbstractButton | QLineEdit):
            shown.append(widget.text())
        elif isinstance(widget, QTextEdit | QPlainTextEdit):
            shown.append(widget.toPlainText())
        assert isinstance(widget, QWidget)
        shown += [
            widget.windowTitle(),
            widget.accessibleName(),
            widget.accessibleDescription(),
            widget.toolTip(),
            widget.objectName(),
        ]


def test_what_is_packed_holds_no_key() -> None:
    """Everything a wheel or source archive is made of."""
    root = Path(__file__).resolve().parents[2]
    key = re.compile(rb"AIza[0-9A-Za-z_\-]{35}")
    files = [p for part in ("engine", "ralphstock_desktop", "resources", "docs", "packaging") for p in (root / part).rglob("*")]
    packed = [p for p in (*files, root / "pyproject.toml", root / "README.md") if p.is_file() and "__pycache__" not in p.parts]
    assert len(packed) > 500
    assert not [p.name for p in packed if key.search(content := p.read_bytes()) or hits(content)]
    assert key.search(b"x AIza" + b"a" * 35)

"""Folders, atomic files with history, settings and log masking."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from engine.model.errors import StorageError, ValidationFailed
from ralphstock_desktop.app.folders import Folders, read_history, write_atomically
from ralphstock_desktop.app.logs import _MaskSecrets
from ralphstock_desktop.app.settings_store import JsonSettings
from ralphstock_desktop.services.contracts import SettingChange


def test_a_chosen_folder_holds_everything(tmp_path: Path) -> None:
    folders = Folders.of_user(tmp_path / "자료 폴더")
    folders.make()
    assert folders.data.is_dir() and folders.cache.is_relative_to(folders.data)


def test_the_environment_can_choose_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RALPHSTOCK_HOME", str(tmp_path))
    assert Folders.of_user().data == tmp_path


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("in the way")
    with pytest.raises(StorageError, match="file"):
        Folders.of_user(blocker / "below").make()


def test_history_keeps_the_last_ten_versions_newest_first(tmp_path: Path) -> None:
    file = tmp_path / "layout.json"
    for number in range(15):
        write_atomically(file, str(number), keep_history=True)
    assert read_history(file) == [str(n) for n in range(14, 3, -1)]
    assert not list(tmp_path.glob("*.new"))


def test_settings_are_validated_stored_and_published(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    settings = JsonSettings(file)
    heard = []
    settings.changed.subscribe(heard.append)
    settings.set("zoom_pct", 130)
    assert JsonSettings(file).get("zoom_pct") == 130
    assert [(change.key, change.value) for change in heard] == [("zoom_pct", 130)]
    with pytest.raises(ValidationFailed, match="zoom_pct"):
        settings.set("zoom_pct", 900)
    assert JsonSettings(file).get("zoom_pct") == 130


def test_reset_returns_to_the_default(tmp_path: Path) -> None:
    settings = JsonSettings(tmp_path / "settings.json")
    settings.set("language", "en")
    settings.reset("language")
    assert settings.get("language") == "ko" and settings.is_default("language")


def test_a_damaged_settings_file_falls_back_to_the_version_before(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    settings = JsonSettings(file)
    settings.set("language", "en")
    settings.set("zoom_pct", 115)
    file.write_text("{ half", encoding="utf-8")
    assert JsonSettings(file).get("language") == "en"


def test_an_invalid_stored_value_reads_as_the_default_and_unknown_keys_survive(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"version": 1, "values": {"zoom_pct": "huge", "from_the_future": 1}}), encoding="utf-8")
    settings = JsonSettings(file)
    assert settings.get("zoom_pct") == 100
    settings.set("language", "en")
    assert json.loads(file.read_text(encoding="utf-8"))["values"]["from_the_future"] == 1


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer canary-4711",
        "appkey=canary-4711&x=1",
        'body {"secretkey": "canary-4711"}',
        "postgresql://trader:canary-4711@host/db",
    ],
)
def test_secrets_do_not_reach_the_log(text: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "f", 1, "request %s", (text,), None)
    _MaskSecrets().filter(record)
    assert "canary-4711" not in record.getMessage()


def test_a_small_file_that_cannot_be_written_is_told_and_the_setting_holds(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file where the folder should be", encoding="utf-8")
    settings = JsonSettings(tmp_path / "config" / "settings.json", {})
    told: list[SettingChange] = []
    settings.changed.subscribe(told.append, replay=False)
    with pytest.raises(StorageError) as caught:
        settings.set("theme", "light")
    assert caught.value.key == "error.write_file"
    assert [change.value for change in told] == ["light"]
    assert settings.get("theme") == "light"

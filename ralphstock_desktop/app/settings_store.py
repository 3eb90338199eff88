"""The user's settings as one readable JSON file, written atomically, with the last ten versions beside it."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from engine.model.errors import ValidationFailed
from ralphstock_desktop.app.folders import read_history, write_atomically
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.contracts import SettingChange, SettingValue
from ralphstock_desktop.services.settings_spec import check_setting, setting

__all__ = ["JsonSettings"]

_log = logging.getLogger(__name__)
_VERSION = 1


class JsonSettings:
    """See :class:`ralphstock_desktop.services.contracts.SettingsStore`. GUI thread only.

    Values a newer program wrote are kept in the file though this one does not know them. ``only_now`` holds values that count
    in this run without being stored (command line); setting such a value by hand ends that.
    """

    def __init__(self, file: Path, only_now: dict[str, SettingValue] | None = None) -> None:
        self.changed: Channel[SettingChange] = Channel("settings")
        self._file = file
        self._only_now = {key: check_setting(setting(key), value) for key, value in (only_now or {}).items()}
        self._values: dict[str, object] = {}
        for text in read_history(file):
            try:
                stored = json.loads(text)
                self._values = dict(stored["values"])
                break
            except (ValueError, KeyError, TypeError):
                _log.warning("a settings file could not be read; the version before it is used")

    def get(self, key: str) -> SettingValue:
        """Return the current value, or the default where none or an invalid one is stored."""
        spec = setting(key)
        if key in self._only_now:
            return self._only_now[key]
        if key not in self._values:
            return spec.default
        try:
            return check_setting(spec, self._values[key])
        except ValidationFailed:
            return spec.default

    def set(self, key: str, value: SettingValue) -> None:
        """Validate, store and publish.

        Raises
        ------
        ValidationFailed
            If the value cannot be used.
        StorageError
            If it could not be stored; it holds for this run.
        """
        checked = check_setting(setting(key), value)
        if self.get(key) == checked and key in self._values:
            return
        self._only_now.pop(key, None)
        self._values[key] = checked
        try:
            self._write()
        finally:  # what cannot be kept holds for this run all the same
            self.changed.publish(SettingChange(key, checked))

    def reset(self, key: str) -> None:
        """Go back to the default."""
        self._only_now.pop(key, None)
        if self._values.pop(key, None) is not None:
            self._write()
        self.changed.publish(SettingChange(key, setting(key).default))

    def is_default(self, key: str) -> bool:
        """Whether the current value is the default."""
        return self.get(key) == setting(key).default

    def _write(self) -> None:
        text = json.dumps({"version": _VERSION, "values": self._values}, ensure_ascii=False, indent=1, sort_keys=True)
        write_atomically(self._file, text + "\n", keep_history=True)

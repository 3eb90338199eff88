"""What the composition root gives to the window, and what panels may ask of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from PySide6.QtCore import SignalInstance

from ralphstock_desktop.services.contracts import SettingsStore, Workstation
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dock_registry import DOCKS, DockSpec, Spawn

__all__ = ["OpensChart", "OpensSettings", "WindowParts"]


@runtime_checkable
class OpensSettings(Protocol):
    """A panel that leads to a setting."""

    settings_wanted: SignalInstance


@runtime_checkable
class OpensChart(Protocol):
    """A panel whose rows open the chart."""

    chart_requested: SignalInstance


@dataclass(frozen=True)
class WindowParts:
    """What the composition root gives to the window.

    Attributes
    ----------
    workstation, settings, appearance
        The program, its settings and its look.
    spawn : callable
        Starts a named, supervised task.
    now_ns : callable
        Current instant in UTC nanoseconds.
    save_layout : callable
        Takes the layout text to be kept; called whenever the arrangement has changed and settled.
    write_file : callable
        Writes what the user exports: file, content. Raises StorageError.
    memory_bytes : callable
        Resident memory of the process, None where the system does not tell.
    facts : dict
        Lines for reports: version, system, Qt, Python. No personal data.
    docks : sequence of DockSpec
        Panels that can be opened.
    """

    workstation: Workstation
    settings: SettingsStore
    appearance: Appearance
    spawn: Spawn
    now_ns: Callable[[], int]
    save_layout: Callable[[str], None]
    write_file: Callable[[str, bytes], None]
    memory_bytes: Callable[[], float | None] = lambda: None
    facts: dict[str, str] = field(default_factory=dict)
    docks: Sequence[DockSpec] = DOCKS

"""A chat panel over doubles, in a window of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from ralphstock_desktop.services.assistant_contracts import Target
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.link import ChatLink
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.chat import ChatPanel
from tests.ui.chat.panel.doubles import AssistantDouble, ChatWorkstation, PlainConversation
from tests.ui.shell.conftest import look as look  # a fixture
from tests.ui.shell.doubles import MemorySettings, run_now


@dataclass
class Opened:
    """A panel with what it was given."""

    panel: ChatPanel
    work: ChatWorkstation
    assistant: AssistantDouble
    settings: MemorySettings
    link: ChatLink
    went: list[Target] = field(default_factory=list)
    exported: list[Any] = field(default_factory=list)

    def note(self, target: Target) -> None:
        self.went.append(target)

    @property
    def view(self) -> PlainConversation:
        assert isinstance(self.panel.view, PlainConversation)
        return self.panel.view

    def said(self, name: str) -> list[tuple[Any, ...]]:
        """Calls of one method of the assistant."""
        return [call for call in self.assistant.calls if call[0] == name]


@pytest.fixture
def open_chat(qtbot: Any, look: Appearance) -> Iterator[Callable[..., Opened]]:
    """Open chat panels."""
    opened: list[Opened] = []

    def make(*, width: int = 460, height: int = 700, with_data: bool = True, outside: bool = True) -> Opened:
        work = ChatWorkstation()
        assert work.assistant is not None
        settings, link = MemorySettings(assistant_outside=outside), ChatLink()
        if with_data:
            work.open()
        context = DockContext(work, look, run_now, Channel("market"), chat=link, settings=settings)  # type: ignore[arg-type]
        panel = ChatPanel(context, PlainConversation)
        qtbot.addWidget(panel)
        panel.resize(width, height)
        panel.show()
        qtbot.waitExposed(panel)
        panel.activateWindow()
        qtbot.waitUntil(panel.isActiveWindow)
        panel.input.field.setFocus()
        found = Opened(panel, work, work.assistant, settings, link)
        link.go.subscribe(found.note)
        panel.export_requested.connect(found.exported.append)
        opened.append(found)
        return found

    yield make
    for item in opened:
        if item.panel._key_dialog is not None:
            item.panel._key_dialog.close()
        item.panel.close()

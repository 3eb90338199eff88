"""A conversation view on screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.answer_view import AnswerTurnView
from ralphstock_desktop.ui.chat.conversation_view import ConversationView
from ralphstock_desktop.ui.stylesheet import ApplicationStyle
from tests.ui.chat.view import talk

OpenView = Callable[..., ConversationView]


class Clock:
    """Wall clock set by hand, in milliseconds."""

    def __init__(self) -> None:
        self.ms = talk.at(36) // 1_000_000 + 3_000

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def look(qapp: QApplication, tmp_path: Path) -> Iterator[Appearance]:
    appearance = Appearance()
    style = ApplicationStyle(qapp, appearance, tmp_path)
    yield appearance
    del style


@pytest.fixture
def open_view(qtbot: QtBot, look: Appearance, clock: Clock) -> Iterator[OpenView]:
    """Open views of a size; they are closed at the end."""
    opened: list[ConversationView] = []

    def make(width: int = 620, height: int = 700) -> ConversationView:
        view = ConversationView(look, now_ms=clock)
        qtbot.addWidget(view)
        view.resize(width, height)
        with qtbot.waitExposed(view):
            view.show()
        with qtbot.waitActive(view):
            view.activateWindow()
        opened.append(view)
        return view

    yield make
    for view in opened:
        view.close()


def answer_of(view: ConversationView, n: int) -> AnswerTurnView:
    """The widget of an answer."""
    found = view.turn_view(n)
    assert isinstance(found, AnswerTurnView)
    return found

"""The help page: tables are tables, and the section asked for stands at the top."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QTextTable
from pytestqt.qtbot import QtBot

from engine.thresholds import Rules
from ralphstock_desktop.services.assistant.help_pages import help_book
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.help_page import HelpPage
from ralphstock_desktop.wording.texts import Language


def opened(qtbot: QtBot, anchor: str, language: Language) -> HelpPage:
    page = HelpPage(Appearance(language=language), Rules)
    qtbot.addWidget(page)
    assert page.open_at(anchor)
    return page


@pytest.mark.parametrize("language", ["ko", "en"])
def test_no_page_shows_the_marks_of_its_tables_and_lists(qtbot: QtBot, language: Language) -> None:
    for anchor in {section.page: section.anchor for section in help_book(language).sections}.values():
        help_page = opened(qtbot, anchor, language)
        text = help_page.page.toPlainText()
        assert "|" not in text, anchor
        assert not any(line.startswith("- ") for line in text.split("\n")), anchor


def test_a_table_has_the_rows_and_columns_of_its_source(qtbot: QtBot) -> None:
    page = opened(qtbot, "vcp", "ko")
    tables = [frame for frame in page.page.document().rootFrame().childFrames() if isinstance(frame, QTextTable)]
    assert (tables[0].rows(), tables[0].columns()) == (7, 2)
    assert tables[0].cellAt(1, 1).firstCursorPosition().block().text() == "25점"


def test_an_unknown_anchor_opens_nothing(qtbot: QtBot) -> None:
    page = HelpPage(Appearance(), Rules)
    qtbot.addWidget(page)
    assert not page.open_at("no-such-section")
    assert not page.isVisible()

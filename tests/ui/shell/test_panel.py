"""The panel frame: six states in both languages and themes, badges, keys, saved state."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetrics, QImage
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from engine.model.errors import ProviderError, ValidationFailed
from engine.model.instants import AsOf
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, Offline, PanelState, Ready, Stale
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.panel import PanelFrame

AS_OF = AsOf.at(date(2026, 5, 4), 18, 32)
STATES: dict[str, PanelState] = {
    "loading": Loading(Progress("progress.scan", 1253, 2017, seconds_left=3.0)),
    "ready": Ready(AS_OF),
    "stale": Stale(252, "shell.state.offline.still", AS_OF),
    "empty": Empty("empty.ledger.nothing", action="import"),
    "offline": Offline(AS_OF.instant_ns, 8),
    "failed": Failed(ValidationFailed("this was 3, it must be 4", key="error.setting", setting="x", value="3", allowed="4")),
}


@pytest.fixture
def frame(qtbot: Any, look: Appearance) -> Iterator[PanelFrame]:
    panel = PanelFrame(look, panel_id="signals", title_key="shell.dock.signals", screen="0811", content=QPushButton("content"))
    qtbot.addWidget(panel)
    panel.resize(460, 300)
    panel.show()
    yield panel
    panel.close()


def grab(widget: QWidget) -> QImage:
    return widget.grab().toImage()


def has_color(image: QImage, color: str) -> bool:
    wanted = QImage(1, 1, QImage.Format.Format_RGB32)
    wanted.fill(color)
    value = wanted.pixel(0, 0)
    return any(image.pixel(x, y) == value for y in range(image.height()) for x in range(image.width()))


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("name", list(STATES))
def test_every_state_is_drawn(frame: PanelFrame, look: Appearance, name: str, theme: Any, language: Any) -> None:
    look.choose(theme=theme, language=language)
    frame.set_state(STATES[name])
    image = grab(frame)
    assert image.width() == 460
    content = frame.content()
    assert content is not None
    assert content.isVisible() == (name in {"ready", "stale"})
    marks = {"failed": "danger", "loading": "accent"}
    if name in marks:
        assert has_color(image, look.hex(marks[name])), f"the {name} picture does not show its colour"


def test_states_look_different(frame: PanelFrame) -> None:
    pictures = []
    for state in STATES.values():
        frame._has_data = False
        frame.set_state(state)
        pictures.append(grab(frame))
    for at, one in enumerate(pictures):
        assert all(one != other for other in pictures[at + 1 :])


def test_loading_over_data_keeps_the_data(frame: PanelFrame) -> None:
    frame.set_state(Ready(AS_OF))
    frame.set_state(STATES["loading"])
    assert frame.content().isVisible()
    assert frame._line.isVisible()
    frame.set_state(Ready(AS_OF))
    assert not frame._line.isVisible()


def test_failure_replaces_the_data_and_loading_then_shows_the_skeleton(frame: PanelFrame) -> None:
    frame.set_state(Ready(AS_OF))
    frame.set_state(STATES["failed"])
    assert not frame.content().isVisible()
    frame.set_state(STATES["loading"])
    assert not frame.content().isVisible()


def test_failed_says_sentence_code_and_offers_a_report(qtbot: Any, frame: PanelFrame) -> None:
    frame.set_state(STATES["failed"])
    assert "쓸 수 없는 값입니다 (3)" in frame._page.line.text()
    assert "(setting)" in frame._page.line.text()
    with qtbot.waitSignal(frame.report_requested) as caught:
        frame._page.secondary.click()
    assert isinstance(caught.args[0], ValidationFailed)
    with qtbot.waitSignal(frame.retry_requested):
        frame._page.primary.click()
    error = ProviderError("429", provider="kiwoom", retryable=True, code="ka10059")
    frame.set_state(Failed(error, can_retry=False))
    assert "kiwoom ka10059" in frame._page.line.text()
    assert not frame._page.primary.isVisible()


def test_empty_offers_its_next_step(qtbot: Any, frame: PanelFrame) -> None:
    frame.set_state(STATES["empty"])
    assert frame._page.head.text() == "저장된 자료가 없습니다"
    with qtbot.waitSignal(frame.action_requested) as caught:
        qtbot.mouseClick(frame._page.primary, Qt.MouseButton.LeftButton)
    assert caught.args == ["import"]


def test_a_low_page_keeps_its_words_and_drops_the_disc(frame: PanelFrame) -> None:
    frame.set_state(STATES["empty"])
    page = frame._page
    assert page.disc.isVisible()
    frame.resize(460, 120)
    assert not page.disc.isVisible() and page.head.isVisible()
    frame.resize(460, 300)
    assert page.disc.isVisible()


def test_the_next_step_has_room_for_its_words_in_bold(frame: PanelFrame, look: Appearance) -> None:
    look.choose(language="en")  # bold Hangul is no wider than plain Hangul
    frame.set_state(STATES["empty"])
    button = frame._page.primary
    bold = QFont(button.font())
    bold.setBold(True)
    assert button.isChecked() and button.sizeHint().width() > QFontMetrics(bold).horizontalAdvance(button.text())
    plain = QPushButton(button.text())
    plain.setFont(button.font())
    assert button.sizeHint().width() > plain.sizeHint().width()


def test_escape_cancels_only_while_it_can(qtbot: Any, frame: PanelFrame) -> None:
    frame.set_state(STATES["loading"])
    with qtbot.waitSignal(frame.cancel_requested):
        qtbot.keyClick(frame, Qt.Key.Key_Escape)
    frame.set_state(Loading(Progress("progress.scan", 1, 2), can_cancel=False))
    with qtbot.assertNotEmitted(frame.cancel_requested):
        qtbot.keyClick(frame, Qt.Key.Key_Escape)


def test_a_badge_gives_way_to_the_title_in_whole_parts(frame: PanelFrame, look: Appearance) -> None:
    badge, header = frame.header.badge, frame.header
    frame.set_world(simulated=True, past=False)
    frame.set_state(Ready(AS_OF, final=False))
    QApplication.processEvents()
    seen: dict[str, int] = {}
    for width in range(460, 160, -4):
        frame.resize(width, 300)
        seen.setdefault(badge.shown, width)
        title = QFontMetrics(look.font("title", bold=True)).horizontalAdvance(frame.title)
        room = badge.geometry().left() - header.link_dot.geometry().right() - 1
        assert room >= title or not badge.shown, f"the title is cut at {width} px"
        assert badge.width() == badge.sizeHint().width()
        assert (badge.toolTip() == badge.text()) is (badge.shown != badge.text())
    assert list(seen) == ["모의 · 잠정 05-04 18:32", "잠정 05-04 18:32", ""]
    frame.resize(460, 300)
    assert badge.shown == badge.text() and badge.toolTip() == ""
    frame.resize(230, 300)
    frame.set_tabbed(True)  # the tab shows the title, so the badge has its room
    assert badge.shown == "잠정 05-04 18:32"


def test_badges_say_what_the_data_are(frame: PanelFrame) -> None:
    badge = frame.header.badge
    frame.set_state(Ready(AS_OF))
    assert badge.text() == "05-04 18:32 확정"
    frame.set_state(Ready(AS_OF, final=False))
    assert badge.text() == "05-04 18:32 잠정"
    frame.set_world(simulated=False, past=True)
    assert badge._token == "replay"
    frame.set_world(simulated=True, past=True)
    assert "시뮬레이션" in badge.text()
    frame.set_world(simulated=False, past=False, data_end=AsOf.end_of(date(2026, 4, 30)))
    frame.set_state(Ready(AS_OF))
    assert badge.text() == "04-30 확정", "a badge never claims a later day than the data have"
    frame.set_state(Ready(AS_OF, final=False))
    assert badge.text() == "05-04 18:32 잠정", "a forming day is later than the stored ones"
    frame.set_world(simulated=True, past=False, data_end=AsOf.end_of(date(2026, 4, 30)))
    assert badge.text() == "모의 · 잠정 05-04 18:32"
    frame.set_state(STATES["stale"])
    assert badge.text() == "4분 전"
    frame.set_state(STATES["failed"])
    assert badge.text() == "실패"


def test_language_switch_relabels_the_state(frame: PanelFrame, look: Appearance) -> None:
    frame.set_state(STATES["offline"])
    korean = frame._page.head.text()
    look.choose(language="en")
    assert frame._page.head.text() == "Not connected" != korean
    assert frame.title == "VCP signals"


@pytest.mark.parametrize("zoom", [90, 100, 150, 200])
def test_zoom_changes_the_layout(frame: PanelFrame, look: Appearance, zoom: int) -> None:
    look.choose(zoom_pct=zoom)
    assert frame.header.height() == round(28 * zoom / 100)
    for label in (frame._page.head, frame._page.line):
        assert label.wordWrap(), "long sentences wrap instead of being cut"


def test_active_panel_has_the_focus_border(frame: PanelFrame, look: Appearance) -> None:
    frame.set_state(Ready(AS_OF))
    edge = look.color("focus").rgb()
    assert grab(frame).pixel(1, 150) != edge
    frame.set_active(True)
    image = grab(frame)
    assert image.pixel(0, 150) == image.pixel(1, 150) == edge


def test_panel_state_round_trip_and_damaged_state(frame: PanelFrame) -> None:
    frame._on_link(4)
    saved = frame.panel_state()
    assert saved == {"link": 4}
    frame._on_link(0)
    frame.restore_panel_state(saved)
    assert frame.link_group == 4
    for damaged in ({"link": 99}, {"link": "x"}, {"link": None}, {}):
        frame.restore_panel_state(damaged)
    assert 0 <= frame.link_group <= 6


def test_menu_action_of_a_panel(frame: PanelFrame, look: Appearance) -> None:
    done: list[int] = []
    action = frame.add_menu_action("shell.bar.scan", lambda: done.append(1))
    action.trigger()
    assert done == [1]
    look.choose(language="en")
    assert action.text() == "Scan"


def test_an_empty_page_claims_no_day_of_the_page_before(frame: PanelFrame) -> None:
    frame.set_state(Ready(AS_OF))
    assert frame.header.badge.text()
    frame.set_state(STATES["empty"])
    assert frame.header.badge.text() == ""

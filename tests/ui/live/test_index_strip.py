"""The index strip: what it says, what gives way in a narrow window, when it listens, and its place in the window."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.index_strip import IndexStrip
from tests.ui.live.desk import LiveWorkstation
from tests.ui.live.fake_live import status


def strip_of(qtbot: QtBot, look: Appearance | None = None) -> tuple[IndexStrip, LiveWorkstation]:
    work = LiveWorkstation()
    strip = IndexStrip(look or Appearance(), work)
    qtbot.addWidget(strip)
    work.open()
    strip.resize(1_600, strip.height())
    strip.show()
    return strip, work


def push(work: LiveWorkstation) -> None:
    levels = {"k001": (4_723.10, 30.42), "k101": (942.18, -6.83), "k201": (651.20, 0.0), "USDKRW": (1_473.01, 8.03)}
    work.feed.push_indices(basis=1.35, **levels)


def test_levels_changes_and_basis(qtbot: QtBot) -> None:
    strip, work = strip_of(qtbot)
    assert [(entry.label, entry.level) for entry in strip.entries()] == [("코스피", "—"), ("코스닥", "—")]
    push(work)
    entries = {entry.code: entry for entry in strip.entries()}
    assert list(entries) == ["001", "101", "201", "basis", "USDKRW"]
    assert entries["001"].words == "코스피 4,723.10 ▲30.42 +0.65%" and entries["001"].token == "gain"
    assert entries["101"].points == "▼6.83" and entries["101"].token == "loss"
    assert entries["201"].points == "0.00" and entries["201"].token == "flat"
    assert entries["basis"].level == "+1.35"
    board = work.feed.indices.last
    assert board is not None
    board.paths["001"] = (4_723.00, 4_723.10)
    work.feed.indices.publish(board)
    path = strip.entries()[0].path
    assert path == pytest.approx((4_692.68, 4_723.00, 4_723.10)), "from the close of the day before: a tenth looks like one"
    strip.grab()
    assert "코스닥 942.18" in strip.accessibleDescription()
    strip.hide()


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_narrow_window_drops_parts_then_the_least_important(qtbot: QtBot, theme: str, language: str) -> None:
    strip, work = strip_of(qtbot, Appearance(theme=theme, language=language))  # type: ignore[arg-type]
    push(work)
    looks = []
    for width in (1_600, 900, 640, 420, 200):
        strip.resize(width, strip.height())
        entries, spark, points = strip.fitting()
        assert width == 200 or sum(strip._width(entry, spark, points) for entry in entries) <= width
        looks.append((len(entries), spark, points))
        strip.grab()
    assert looks[0] == (5, True, True) and looks == sorted(looks, reverse=True)
    assert strip.fitting()[0][0].code == "001", "KOSPI is the last to go"
    narrow = strip._parts(strip.entries()[0], points=False)
    assert narrow[-1][0] == "▲+0.65%", "a direction never stands by colour alone"
    strip.hide()


def test_listens_only_while_it_can_be_seen(qtbot: QtBot) -> None:
    strip, work = strip_of(qtbot)
    assert strip.is_listening and work.feed.indices._listeners
    work.look_back()
    assert strip.isHidden() and not work.feed.indices._listeners, "indices of now have no place in the past"
    work.open()
    assert strip.is_listening
    work.feed.status.publish(status(is_stale=True))
    push(work)
    assert strip._parts(strip.entries()[0], points=True)[1][1] == "stale"
    strip.close_feed()
    assert not work.market._listeners and not work.feed.indices._listeners


def test_without_a_feed_it_takes_no_room(qtbot: QtBot) -> None:
    work = LiveWorkstation()
    work.live = None
    strip = IndexStrip(Appearance(), work)
    qtbot.addWidget(strip)
    work.open()
    assert strip.isHidden()

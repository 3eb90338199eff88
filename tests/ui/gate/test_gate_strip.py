"""The gate strip: what it says, which lamp is lit, what gives way in a narrow window, when it listens and where it leads."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.model.errors import StorageError
from engine.model.evidence import ItemState
from engine.model.gate import GATE_COMPONENTS, GateStatus
from engine.model.instants import AsOf
from engine.model.market_series import MarketSeries
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, Offline, PanelState, Stale
from ralphstock_desktop.services.strategy_contracts import GatePicture
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.gate_strip import GateStrip
from ralphstock_desktop.ui.viewmodels.gate_words import STATUS_TOKEN
from tests.ui.gate.desk import GateWorkstation, gate_picture, gate_series
from tests.ui.live.fake_live import status


def strip_of(
    qtbot: QtBot, look: Appearance | None = None, *, width: int = 1_900, strategies: bool = True
) -> tuple[GateStrip, GateWorkstation]:
    work = GateWorkstation(strategies=strategies)
    strip = GateStrip(look or Appearance(), work)
    qtbot.addWidget(strip)
    strip.resize(width, strip.height())
    if strategies:
        strip.show()
    return strip, work


def with_status(picture: GatePicture, value: GateStatus) -> GatePicture:
    return replace(picture, reading=replace(picture.reading, status=value))


def test_score_word_components_indices_and_effect(qtbot: QtBot) -> None:
    strip, work = strip_of(qtbot)
    picture = gate_picture()
    work.fake.show(picture)
    reading = picture.reading
    assert (strip.status, strip.word) == (reading.status, "상승 우위")
    assert strip.score == f"{reading.score:g}"
    cells = strip.cells()
    assert tuple(cell.name for cell in cells) == GATE_COMPONENTS
    assert [cell.label for cell in cells] == ["코스피 추세", "코스닥 추세", "시장 폭", "외국인 5일", "당일 충격", "원/달러"]
    for cell, component in zip(cells, reading.components, strict=True):
        assert cell.points == f"{component.points:g}/{component.max_points:g}"
        assert cell.share == pytest.approx(component.points / component.max_points)
    assert cells[0].value == "4/4" and cells[2].value.endswith("%") and cells[3].value[0] in "+−"
    kospi = strip.indices()[0]
    assert kospi.level == f"{reading.kospi.close:,.2f}"
    change = reading.kospi.change_pct
    assert change is not None and kospi.change.startswith("▲ +" if change > 0 else "▼ −")
    assert strip.remarks()[0].startswith("산출 범위 100%") and strip.remarks()[1] == "신규 등급 B 이상 · 비중 ×1.0"
    assert "코스닥 추세 " in strip.accessibleDescription()
    strip.hide()


def test_unknown_has_no_score_and_no_lamp(qtbot: QtBot) -> None:
    strip, work = strip_of(qtbot)
    only_kosdaq = MarketSeries(None, gate_series().kosdaq, None, None, "x")
    work.fake.show(gate_picture(only_kosdaq))
    assert (strip.status, strip.score, strip.word) == (GateStatus.UNKNOWN, "—", "판단 불가")
    missing = [cell for cell in strip.cells() if cell.state is ItemState.UNKNOWN]
    assert {cell.name for cell in missing} == {"kospi", "foreign", "shock", "fx"}
    assert all((cell.value, cell.points, cell.share) == ("자료 없음", "", None) for cell in missing)
    assert [index.level == "—" for index in strip.indices()] == [True, False, True]
    assert strip.indices()[0].path == () and strip.indices()[0].token == "text-muted"
    assert strip.remarks()[1] == "신규 없음 · 결과는 관찰 · 비중 0"
    strip.grab()
    strip.hide()


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("value", list(GateStatus))
def test_only_one_lamp_is_lit_red_on_top(qtbot: QtBot, theme: str, value: GateStatus) -> None:
    look = Appearance(theme=theme)  # type: ignore[arg-type]
    strip, work = strip_of(qtbot, look)
    work.fake.show(with_status(gate_picture(), value))
    image = strip.grab().toImage()
    ratio = image.devicePixelRatio()
    lit = []
    for place in range(3):  # the capsule is 18 x 36 px at (10, 7): lamps at 1/6, 3/6 and 5/6 of its height
        x, y = 19, 7 + 36 * (2 * place + 1) // 6
        color = image.pixelColor(round(x * ratio), round(y * ratio)).name()
        lit.append(next((s for s, token in STATUS_TOKEN.items() if s and look.color(token).name() == color), None))
    expected: list[GateStatus | None] = [None, None, None]
    if value is not GateStatus.UNKNOWN:
        expected[(GateStatus.RED, GateStatus.YELLOW, GateStatus.GREEN).index(value)] = value
    assert lit == expected
    strip.hide()


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (Loading(Progress("scan", 0, 0)), "계산 중"),
        (Failed(StorageError("disk")), "읽기 실패"),
        (Offline(0), "오프라인"),
        (Empty("gate.empty.none"), "자료 없음"),
    ],
)
def test_without_a_reading_the_state_speaks(qtbot: QtBot, state: PanelState, word: str) -> None:
    strip, work = strip_of(qtbot)
    work.fake.gate_state.publish(state)
    assert (strip.score, strip.word, strip.cells(), strip.remarks()) == ("—", word, (), ())
    strip.grab()
    # over a reading, loading and offline keep it; failed and empty take it away
    work.fake.gate.publish(gate_picture())
    assert (strip.word == "상승 우위") is isinstance(state, Loading | Offline)
    strip.grab()
    strip.hide()


def test_old_values_lose_their_direction_colour(qtbot: QtBot) -> None:
    strip, work = strip_of(qtbot)
    picture = gate_picture()
    work.fake.show(picture)
    assert strip.indices()[0].token in ("gain", "loss")
    work.fake.gate_state.publish(Stale(9_999.0, "live.stale.lost", picture.reading.as_of))
    assert {index.token for index in strip.indices()} == {"stale"}
    assert strip.indices()[0].change[0] in "▲▼"
    strip.hide()


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_narrow_window_drops_parts_in_order(qtbot: QtBot, theme: str, language: str) -> None:
    strip, work = strip_of(qtbot, Appearance(theme=theme, language=language))  # type: ignore[arg-type]
    work.fake.show(gate_picture())
    looks = []
    for width in (1_920, 1_440, 1_280, 1_000, 760, 400, 170):
        strip.resize(width, strip.height())
        cells, indices, remarks = strip.fitting()
        looks.append((not strip.is_short, len(cells), len(indices), remarks))
        strip.grab()
    assert looks[0] == (True, 6, 3, True)
    assert looks[1] == looks[2] == (False, 6, 3, True), (
        "points and sparklines go first: the words on the right decide about orders"
    )
    assert looks[4][1] == 6 and looks[4][2] < 3 and not looks[4][3]
    assert looks == sorted(looks, reverse=True) and looks[-1][1] == 0
    strip.hide()


def test_live_levels_while_now_is_looked_at(qtbot: QtBot) -> None:
    strip, work = strip_of(qtbot)
    work.open()
    work.fake.show(gate_picture())
    work.feed.push_indices(k001=(4_723.10, 30.42), k101=(942.18, -6.83), USDKRW=(1_473.01, 8.03))
    assert [index.level for index in strip.indices()] == ["4,723.10", "942.18", "1,473.01"]
    assert strip.indices()[1].change.startswith("▼ −") and strip.indices()[1].token == "loss"
    work.feed.status.publish(status(is_stale=True))
    assert strip.indices()[1].token == "stale"
    work.look_back()  # levels of now have no place in the past
    reading = gate_picture().reading
    assert strip.indices()[0].level == f"{reading.kospi.close:,.2f}"
    assert strip.indices()[0].token != "stale"
    strip.hide()


def test_click_and_keys_ask_for_the_panel(qtbot: QtBot) -> None:
    strip, work = strip_of(qtbot)
    work.fake.show(gate_picture())
    asked = []
    strip.panel_wanted.connect(lambda: asked.append(1))
    QTest.mouseClick(strip, Qt.MouseButton.LeftButton, pos=QPoint(300, 20))
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Space):
        QTest.keyClick(strip, key)
    QTest.keyClick(strip, Qt.Key.Key_A)
    QTest.mouseClick(strip, Qt.MouseButton.RightButton, pos=QPoint(300, 20))
    assert len(asked) == 3
    strip.hide()


def test_a_component_tells_its_calculation(qtbot: QtBot) -> None:
    strip, work = strip_of(qtbot)
    picture = gate_picture()
    work.fake.show(picture)
    strip.grab()
    (left, right, cell) = strip._cell_boxes[2]
    tip = strip.tip_at(QPoint((left + right) // 2, 20))
    assert cell.name == "breadth" and f"{picture.reading.breadth_above}종목이 20일 평균 위" in tip
    assert strip.tip_at(QPoint(5, 20)).startswith(f"{strip.score} 상승 우위 · ")
    tests = strip.tip_at(QPoint(strip._cell_boxes[0][0] + 2, 20)).split("\n")
    assert len(tests) == 4 and tests[0].startswith("종가 > MA20 · ")
    strip.hide()


def test_listens_only_while_it_can_be_seen(qtbot: QtBot) -> None:
    strip, work = strip_of(qtbot)
    assert strip.is_listening and work.fake.gate._listeners
    strip.hide()
    assert not strip.is_listening and not work.fake.gate._listeners and not work.feed.indices._listeners
    work.fake.show(gate_picture())
    strip.show()
    assert strip.word == "상승 우위"
    strip.close_feed()
    assert not work.market._listeners


def test_without_strategies_it_takes_no_room(qtbot: QtBot) -> None:
    strip, _ = strip_of(qtbot, strategies=False)
    assert strip.isHidden() and not strip.is_listening


def test_another_language_and_zoom(qtbot: QtBot) -> None:
    look = Appearance()
    strip, work = strip_of(qtbot, look)
    work.fake.show(gate_picture(as_of=AsOf.at(gate_picture().panel.days[-1].item(), 16)))
    look.choose(language="en", zoom_pct=200)
    assert (strip.height(), strip.word) == (100, "Bullish")
    assert strip.remarks()[0].endswith("16:00")
    strip.grab()
    strip.hide()

"""The news panel: clusters of a stock or the whole market, driven by keyboard, mouse and search."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest

from engine.model.errors import StorageError
from engine.model.instants import AsOf, kst_ns
from engine.model.news import ModelVerdict, StockNews
from engine.model.scan import ScoreStatus
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, Offline, PanelState, Ready, Stale
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.charts.link import CrosshairAt
from ralphstock_desktop.ui.docks.news_panel import NewsPanel
from ralphstock_desktop.ui.viewmodels.news_rows import NewsViewModel
from tests.ui.closing.desk import ClosingDesk, cluster, item, last_day, stock_news
from tests.ui.news.conftest import OpenDesk


@pytest.fixture
def desk(open_desk: OpenDesk) -> ClosingDesk:
    made = open_desk(NewsPanel, (520, 460))
    made.work.select(made.work.ticker(2), "closing")
    return made


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    addresses: list[str] = []

    def remember(url: QUrl) -> bool:
        addresses.append(url.toString())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", remember)
    yield addresses


def panel(desk: ClosingDesk) -> NewsPanel:
    assert isinstance(desk.panel, NewsPanel)
    return desk.panel


def vm(desk: ClosingDesk) -> NewsViewModel:
    return panel(desk).view_model


def kinds(desk: ClosingDesk) -> list[str]:
    return [row.kind for row in vm(desk).rows]


def tell(desk: ClosingDesk, news: StockNews) -> None:
    """Give the linked stock other news."""
    desk.fake.stories[desk.work.ticker(2)] = news
    desk.work.show_news()


def repaint(desk: ClosingDesk) -> None:
    panel(desk).view.viewport().repaint()


def test_clusters_with_points_effect_weight_and_versions(desk: ClosingDesk) -> None:
    assert kinds(desk) == ["cluster", "cluster", "cluster", "group", "item"]
    first, second, third = vm(desk).rows[:3]
    assert first.title[first.hits[0][0] : first.hits[0][1]] == "역대 최대"
    assert (first.effect, second.effect, third.effect) == ("+2.70", "+1.35", "0.00")
    assert first.versions == 2 and second.versions == 1
    assert first.line == f"뉴스1 {last_day():%m-%d} 15:12 · +3점 × 무게 0.90 (출처 0.9 × 시간 1.0 × 관련 1.0)"
    assert not third.counts
    head = vm(desk).head
    assert head is not None and (head.points, head.sums) == ("뉴스 점수 3 / 3", "순합 +4.05 · 최고 +2.70")
    assert desk.panel.subtitle == "효성중공업 · 4묶음"


def test_items_without_a_publication_time_stand_apart(desk: ClosingDesk) -> None:
    group, timeless = vm(desk).rows[3:]
    assert group.title == "발표 시각 모름 — 점수에 넣지 않음"
    assert timeless.line == f"출처 모름 · 수집 {last_day():%m-%d} 15:13" and timeless.effect == ""
    old = item(50, "지난주 수주", published_ns=kst_ns(last_day(), 9, 0) - 9 * 86_400 * 1_000_000_000)
    tell(desk, replace(stock_news(desk.work.ticker(2)), unscored=(old,)))
    assert [row.title for row in vm(desk).rows[3:]] == ["오래된 뉴스 — 점수에 넣지 않음", "지난주 수주"]


def test_versions_open_by_click_and_by_key(desk: ClosingDesk) -> None:
    view = panel(desk).view
    repaint(desk)
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.switch_rect("c0").center())
    assert kinds(desk)[:3] == ["cluster", "version", "cluster"]
    assert vm(desk).rows[1].line == f"뉴시스 {last_day():%m-%d} 15:12"
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Home)
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert kinds(desk)[:2] == ["cluster", "cluster"]
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert kinds(desk)[:2] == ["cluster", "version"]
    repaint(desk)
    assert view.switch_rect("c1").isNull()  # one version only: nothing to open


def test_missing_and_none_are_two_different_things(desk: ClosingDesk) -> None:
    nothing = replace(stock_news(desk.work.ticker(2)), points=0.0, net=0.0, peak=0.0, clusters=(), unscored=())
    tell(desk, nothing)
    assert vm(desk).message == ("수집된 뉴스가 없습니다", "수집기는 돌았고 최근 7일 소식이 없음 — 0점")
    head = vm(desk).head
    assert head is not None and head.points == "뉴스 점수 0 / 3"
    tell(desk, replace(nothing, status=ScoreStatus.MISSING, points=None))
    assert vm(desk).message is not None and vm(desk).message[0] == "수집기가 돌지 않았습니다"
    head = vm(desk).head
    assert head is not None and head.missing and head.points == "뉴스 점수 —"
    assert panel(desk).view.accessibleDescription().startswith("수집기가 돌지 않았습니다")


def test_the_whole_market_by_day_and_missing_there_too(desk: ClosingDesk) -> None:
    QTest.mouseClick(panel(desk).modes.buttons["market"], Qt.MouseButton.LeftButton)
    assert kinds(desk) == ["group", "item", "item", "item", "item", "group", "item"]
    first = vm(desk).rows[1]
    assert first.stocks == "효성중공업" and first.line == "뉴스1 15:12"
    assert vm(desk).rows[5].title == "발표 시각 모름 — 점수에 넣지 않음"
    assert desk.panel.subtitle == "5건" and vm(desk).head is None
    desk.work.show_news(items=())
    assert vm(desk).message is not None and vm(desk).message[0] == "수집된 뉴스가 없습니다"
    desk.work.show_news(collected=False, items=())
    assert vm(desk).message is not None and vm(desk).message[0] == "수집기가 돌지 않았습니다"


def test_severe_news_are_marked_and_the_stock_excluded(desk: ClosingDesk) -> None:
    bad = cluster(item(9, "효성중공업 임원 횡령 혐의"), -3.0, "횡령", is_veto=True)
    usual = stock_news(desk.work.ticker(2))
    tell(desk, replace(usual, veto=True, points=0.0, net=1.35, clusters=(bad, *usual.clusters)))
    first = vm(desk).rows[0]
    assert first.severe and first.effect == "−2.70"
    head = vm(desk).head
    assert head is not None and head.veto
    picture = panel(desk).view.viewport().grab().toImage()
    rect = panel(desk).view.rect_of("c0")
    danger = desk.look.color("danger").name()
    assert picture.pixelColor(rect.left(), rect.center().y()).name() == danger  # the edge
    assert danger in {picture.pixelColor(x, y).name() for x in range(14, 60) for y in range(rect.top() + 22, rect.bottom())}


def test_search_finds_title_source_name_and_initials(desk: ClosingDesk) -> None:
    field = panel(desk).field
    field.setText("반도체")
    assert [row.title[:7] for row in vm(desk).rows] == ['"반도체 안 ']
    assert desk.panel.subtitle == "효성중공업 · 1 / 4묶음"
    field.setText("이데일리")
    assert len(vm(desk).rows) == 1
    field.setText("뉴시스")  # the source of another version of the first cluster
    assert [row.id for row in vm(desk).rows] == ["c0"]
    field.setText("없는 말")
    assert vm(desk).message == ("찾는 말이 든 뉴스가 없습니다", "전체 4건")
    QTest.mouseClick(panel(desk).modes.buttons["market"], Qt.MouseButton.LeftButton)
    field.setText("ㅎㅅㅈㄱㅇ")
    assert sum(kind == "item" for kind in kinds(desk)) == 5
    field.setText(desk.work.ticker(3))
    assert kinds(desk) == []
    field.clear()
    assert len(kinds(desk)) == 7


def test_choosing_a_cluster_moves_the_chart_to_its_bar(desk: ClosingDesk) -> None:
    asked: list[CrosshairAt] = []
    desk.context.chart_link.crosshair.subscribe(asked.append)
    view = panel(desk).view
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.rect_of("c1").center() - QPoint(60, 0))
    assert vm(desk).chosen == "c1"
    # 13:40 exchange time of that day, in seconds since 1970 on the wall clock
    wall = (last_day() - type(last_day())(1970, 1, 1)).days * 86_400 + 13 * 3600 + 40 * 60
    assert asked == [CrosshairAt("news", wall)]
    QTest.keyClick(view, Qt.Key.Key_End)
    assert vm(desk).chosen == "i4" and len(asked) == 1  # without a time there is no bar


def test_choosing_an_item_of_the_market_selects_its_stock(desk: ClosingDesk) -> None:
    desk.work.select(desk.work.ticker(0), "closing")
    QTest.mouseClick(panel(desk).modes.buttons["market"], Qt.MouseButton.LeftButton)
    panel(desk).view.setFocus()
    QTest.keyClick(panel(desk).view, Qt.Key.Key_Down)
    chosen = desk.work.selection.last
    assert chosen is not None and (chosen.ticker, chosen.origin) == (desk.work.ticker(2), "news")


def test_articles_open_by_link_key_and_double_click_only_with_a_web_address(desk: ClosingDesk, opened: list[str]) -> None:
    view = panel(desk).view
    repaint(desk)
    link = view.link_rect("c0")
    assert view.tip_at(link.center()) == "https://news.example/1"
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=link.center())
    vm(desk).choose("c1")
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert opened == ["https://news.example/1", "https://news.example/2"]
    assert view.link_rect("i4").isNull()  # its address is a script
    vm(desk).choose("i4")
    QTest.keyClick(view, Qt.Key.Key_Return)
    QTest.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.rect_of("i4").center())
    assert len(opened) == 2


def test_a_model_s_verdict_is_told_with_what_came_of_it(desk: ClosingDesk) -> None:
    verdict = ModelVerdict(2, "positive", 0.8, "earnings", ("1",), False, "실적 최고", "local-model", "v1", 2.0)
    before = panel(desk).head.height()
    tell(desk, replace(stock_news(desk.work.ticker(2)), verdict=verdict))
    head = vm(desk).head
    assert head is not None and head.verdict == "모델 local-model: 2 → 규칙과 맞춘 값 2 (등급은 규칙 점수로) · 실적 최고"
    assert panel(desk).head.height() > before


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (Loading(Progress("progress.scan", 3, 10)), "읽는 중"),
        (Stale(200.0, "live.stale.lost", AsOf.at(last_day(), 15, 10)), "3분 전"),
        (Offline(AsOf.at(last_day(), 14, 31).instant_ns), "14:31부터"),
        (Failed(StorageError("no store", key="error.storage.busy")), "실패"),
    ],
)
def test_the_other_states_come_from_the_service(desk: ClosingDesk, state: PanelState, word: str) -> None:
    desk.fake.news_state.publish(state)
    assert desk.panel.state == state
    assert word in desk.panel.header.badge.text()


def test_without_strategies_or_symbol(open_desk: OpenDesk) -> None:
    off = open_desk(NewsPanel, opened=False, with_strategies=False)
    assert off.panel.state == Empty("empty.news.off")
    fresh = open_desk(NewsPanel)
    assert isinstance(fresh.panel.state, Ready)
    assert vm(fresh).message is not None and vm(fresh).message[0] == "종목을 고르면 그 종목의 뉴스가 보입니다"


def test_long_lists_scroll_and_keep_the_chosen_row_in_sight(desk: ClosingDesk) -> None:
    many = tuple(item(number, f"소식 {number} " + "긴 제목 " * (number % 7)) for number in range(1, 3_001))
    desk.work.show_news(items=many)
    QTest.mouseClick(panel(desk).modes.buttons["market"], Qt.MouseButton.LeftButton)
    view = panel(desk).view
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_End)
    # A thousand are listed, the rest is counted; the search looks through all three thousand.
    assert vm(desk).rows[-1].title == "더 오래된 2,000건 — 찾기로 좁히세요"
    rect = view.rect_of("i1000")
    assert vm(desk).chosen == "i1000" and rect.top() >= 0 and rect.bottom() <= view.viewport().height()
    repaint(desk)
    row = view.row_at(rect.center())
    assert row is not None and row.id == "i1000"
    panel(desk).field.setText("소식 2999")
    assert [row.id for row in vm(desk).rows if row.kind == "item"] == ["i2999"]


def test_saved_mode_and_english(open_desk: OpenDesk) -> None:
    desk = open_desk(NewsPanel, look=Appearance(language="en", theme="light", zoom_pct=150))
    desk.panel.restore_panel_state({"link": 1, "mode": "market"})
    assert panel(desk).modes.value() == "market" and desk.panel.subtitle == "5 items"
    assert desk.panel.panel_state()["mode"] == "market"
    desk.panel.restore_panel_state({"link": 1, "mode": "nonsense"})
    assert vm(desk).mode == "market"


def test_a_hidden_panel_does_not_listen(desk: ClosingDesk) -> None:
    desk.panel.hide()
    desk.work.select(desk.work.ticker(5), "closing")
    assert vm(desk).ticker == desk.work.ticker(2)
    desk.panel.show()
    assert vm(desk).ticker == desk.work.ticker(5)

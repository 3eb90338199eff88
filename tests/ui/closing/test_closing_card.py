"""The closing-bet card: evidence of the real explainer over a scan set by hand, driven by keyboard and mouse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from engine.model.closing import ClosingRun
from engine.model.errors import StorageError
from engine.model.evidence import ItemState
from engine.model.instants import AsOf
from engine.model.news import ModelVerdict
from engine.model.scan import Grade, ScoreStatus
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.services.contracts import Empty, Failed, Loading, Offline, PanelState, Ready, Stale
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.docks.closing_card import ClosingCard
from ralphstock_desktop.ui.docks.closing_paint import title_lines
from ralphstock_desktop.ui.docks.news_links import article_url
from ralphstock_desktop.ui.viewmodels.closing_card import ClosingCardViewModel
from tests.ui.closing.conftest import OpenDesk
from tests.ui.closing.desk import ClosingDesk, closing_picture, cluster, item, last_day, stock_news

HYOSUNG = 2
"""Row with points 3 1 2 1 0 1: grade A, eighth point short of nothing but period and half of volume and supply."""


@pytest.fixture
def desk(open_desk: OpenDesk) -> ClosingDesk:
    made = open_desk(ClosingCard, (600, 900))
    show(made, HYOSUNG)
    return made


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    addresses: list[str] = []

    def remember(url: QUrl) -> bool:
        addresses.append(url.toString())
        return True

    monkeypatch.setattr(QDesktopServices, "openUrl", remember)
    yield addresses


def card(desk: ClosingDesk) -> ClosingCard:
    assert isinstance(desk.panel, ClosingCard)
    return desk.panel


def vm(desk: ClosingDesk) -> ClosingCardViewModel:
    return card(desk).view_model


def show(desk: ClosingDesk, row: int) -> None:
    desk.work.select(desk.work.ticker(row), "closing")
    QApplication.processEvents()


def test_head_has_grade_points_verdict_place_and_plan(desk: ClosingDesk) -> None:
    head = vm(desk).head
    assert head is not None
    assert (head.grade, head.total, head.most, head.verdict) == (Grade.A, "8", "/ 12", "매수")
    assert head.place == "4 / 12위" and not head.caps and not head.dashed
    scan = closing_picture().scan
    prices = [f"{float(values[HYOSUNG]):,.0f}" for values in (scan.entry_krw, scan.stop_krw, scan.target_krw)]
    assert [cell.value for cell in head.plan] == [*prices, "내일 10:00"]
    assert [cell.label for cell in head.plan] == ["진입 (종가)", "손절 −3%", "목표 +5%", "청산"]
    assert head.plan[0].remark == "12주"
    assert desk.panel.subtitle.startswith("효성중공업 ") and desk.panel.subtitle.endswith("확정 실행 15:40")


def test_six_rows_in_the_order_of_the_rule_with_blocks_rung_and_margin(desk: ClosingDesk) -> None:
    lines = vm(desk).components
    assert [line.label for line in lines] == ["뉴스", "거래대금", "차트", "캔들", "기간조정", "수급"]
    assert [(line.earned, line.most) for line in lines] == [(3, 3), (1, 3), (2, 2), (1, 1), (0, 1), (1, 2)]
    states = [ItemState.PASSED, ItemState.PARTIAL, ItemState.PASSED, ItemState.PASSED, ItemState.FAILED, ItemState.PARTIAL]
    assert [line.state for line in lines] == states
    volume = lines[1]
    # 1,854억 earned the rung of 1,000억; the next one is 5,000억, which is 3,146억 away.
    assert (volume.value, volume.ladder) == ("1,854억", "1,000억 · 5,000억 · 1조")
    assert (volume.rung, volume.margin) == ("다음 기준 ≥ 5,000억", "여유 −3,146억")
    assert volume.known.endswith("15:40 확정")
    period = lines[4]
    # 34.0 % is 19.0 percentage points above the 15 % that is allowed.
    assert (period.rung, period.margin) == ("다음 기준 폭 ≤ 15%", "여유 +19.0%p")
    assert period.value == "20일 폭 34.0% · 거래 0.90×"
    supply = lines[5]
    # Together they bought (−129 + 327 > 0), so the next rung is that foreigners buy too: 129억 are missing.
    assert supply.value == "외 −129억 · 기 +327억"
    assert (supply.rung, supply.margin) == ("다음 기준 둘 다 순매수", "여유 −129억")
    assert "18:10 확정" in supply.known
    assert lines[0].value == "뉴스 2건 · 순합 4.05"  # of three clusters one has no effect


def test_arrows_walk_and_light_up_the_bars(desk: ClosingDesk) -> None:
    view = card(desk).view
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Down)
    assert vm(desk).focused == "news"
    QTest.keyClick(view, Qt.Key.Key_Down)
    focus = desk.work.focus.last
    assert focus is not None and focus.evidence is not None and not focus.pinned
    assert (focus.ticker, focus.evidence.item) == (desk.work.ticker(HYOSUNG), "V1")
    assert [span.pane for span in focus.evidence.spans] == ["volume"]
    QTest.keyClick(view, Qt.Key.Key_Return)
    pinned = desk.work.focus.last
    assert pinned is not None and pinned.pinned
    for _ in range(3):
        QTest.keyClick(view, Qt.Key.Key_Down)
    # The period row measures prices and volumes: both panes light up.
    focus = desk.work.focus.last
    assert focus is not None and focus.evidence is not None
    assert {span.pane for span in focus.evidence.spans} == {"price", "volume"}
    QTest.keyClick(view, Qt.Key.Key_Escape)
    focus = desk.work.focus.last
    assert focus is not None and focus.evidence is None and vm(desk).focused == ""
    QTest.keyClick(view, Qt.Key.Key_End)
    assert vm(desk).focused == "news:2"  # the last sentence
    QTest.keyClick(view, Qt.Key.Key_Home)
    assert vm(desk).focused == "news"


def test_a_pinned_row_stays_lit_on_the_next_symbol_an_unpinned_one_goes(desk: ClosingDesk) -> None:
    view = card(desk).view
    QTest.keyClick(view, Qt.Key.Key_Down)
    QTest.keyClick(view, Qt.Key.Key_Down)
    QTest.keyClick(view, Qt.Key.Key_Return)
    show(desk, 0)
    focus = desk.work.focus.last
    assert focus is not None and focus.evidence is not None
    assert (focus.ticker, focus.evidence.item, focus.pinned) == (desk.work.ticker(0), "V1", True)
    QTest.keyClick(view, Qt.Key.Key_Return)  # unpin
    show(desk, 1)
    focus = desk.work.focus.last
    assert focus is not None and focus.evidence is None and vm(desk).focused == ""


def test_the_chart_may_take_the_focus_away(desk: ClosingDesk) -> None:
    QTest.keyClick(card(desk).view, Qt.Key.Key_Down)
    assert vm(desk).focused == "news"
    desk.work.focus_evidence(desk.work.ticker(HYOSUNG), None)
    assert vm(desk).focused == ""


def test_a_click_focuses_and_copy_writes_the_row(desk: ClosingDesk) -> None:
    view = card(desk).view
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=view.rect_of("volume").center())
    assert vm(desk).focused == "volume"
    QTest.keyClick(view, Qt.Key.Key_C)
    text = QGuiApplication.clipboard().text()
    assert text.startswith("효성중공업 ") and "거래대금 1/3 · 1,854억 · 다음 기준 ≥ 5,000억 여유 −3,146억" in text
    assert "부분" in view.accessibleDescription() or "거래대금" in view.accessibleDescription()


def test_tooltip_tells_the_calculation(desk: ClosingDesk) -> None:
    view = card(desk).view
    view.viewport().repaint()
    tip = view.tip_at(view.rect_of("period").center())
    assert "20봉 종가 폭" in tip and "÷" in tip


def test_missing_data_are_unknown_and_never_zero(desk: ClosingDesk) -> None:
    show(desk, 4)  # its flows are missing
    line = vm(desk).components[5]
    assert (line.state, line.points, line.value) == (ItemState.UNKNOWN, "—", "자료 없음")
    assert line.margin == "" and line.known == ""
    status = closing_picture().scan.status.copy()
    status[:, 0] = ScoreStatus.MISSING
    ticker = desk.work.ticker(4)
    desk.fake.stories[ticker] = replace(stock_news(ticker), status=ScoreStatus.MISSING, points=None, clusters=(), unscored=())
    desk.work.open(closing_picture(scan={"status": status}))
    QApplication.processEvents()
    assert vm(desk).components[0].value == "수집기가 돌지 않음"
    assert vm(desk).news == () and vm(desk).news_note == "수집기가 돌지 않아 뉴스를 모릅니다"
    desk.fake.stories[ticker] = replace(stock_news(ticker), points=0.0, net=0.0, peak=0.0, clusters=(), unscored=())
    desk.work.open()
    QApplication.processEvents()
    assert vm(desk).components[0].value == "수집된 뉴스 없음"
    assert vm(desk).news_note == "수집된 뉴스가 없습니다"


def test_sentences_mark_the_scored_words_and_take_the_weight_apart(desk: ClosingDesk) -> None:
    first, second, third = vm(desk).news
    start, end = first.hits[0]
    assert first.title[start:end] == "역대 최대"
    assert first.effect == "+2.70" and second.effect == "+1.35"
    assert "+3점 × 무게 0.90 (출처 0.9 × 시간 1.0 × 관련 1.0)" in first.line
    assert "무게 0.45 (출처 0.9 × 시간 1.0 × 관련 0.5)" in second.line
    assert third.effect == "0.00" and not third.counts and third.hits == ()
    assert vm(desk).news_title == ("점수를 준 문장", "3묶음 · 최근 7일 · 규칙 사전")
    assert vm(desk).news_note == "점수에 넣지 않은 항목 1"
    # The scored word really stands on the tint.
    picture = card(desk).view.viewport().grab().toImage()
    rect = card(desk).view.rect_of("news:0")
    tint = desk.look.color("warning-tint").name()
    line = {picture.pixelColor(x, rect.top() + 8).name() for x in range(rect.width())}
    assert tint in line


def test_an_article_opens_only_by_a_web_address_which_the_tooltip_shows_first(desk: ClosingDesk, opened: list[str]) -> None:
    view = card(desk).view
    view.viewport().repaint()
    link = view.link_rect("news:0")
    assert view.tip_at(link.center()) == "https://news.example/1"
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=link.center())
    assert opened == ["https://news.example/1"]
    ticker = desk.work.ticker(HYOSUNG)
    unsafe = [
        cluster(item(number, "수주", url=url), 2.0, "수주") for number, url in enumerate(("javascript:alert(1)", "file:///x"))
    ]
    desk.fake.stories[ticker] = replace(stock_news(ticker), clusters=tuple(unsafe))
    desk.work.open()
    QApplication.processEvents()
    view.viewport().repaint()
    assert view.link_rect("news:0").isNull() and view.link_rect("news:1").isNull()
    vm(desk).focus("news:0")
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert opened == ["https://news.example/1"]


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("https://n.news.naver.com/article/001/0015?x=1", True),
        ("HTTP://example.com", True),
        ("ftp://example.com/a", False),
        ("https:///nohost", False),
        ("https://user:secret@example.com", False),
        ("data:text/html,x", False),
        ("", False),
        ("example.com/a", False),
    ],
)
def test_what_counts_as_an_address_of_an_article(text: str, good: bool) -> None:
    assert (article_url(text) is not None) is good


def test_filters_stand_failed_first_with_the_reason(desk: ClosingDesk) -> None:
    chips = vm(desk).filters
    assert len(chips) == 10 and all(chip.passed for chip in chips)
    assert [chip.text for chip in chips][:2] == ["유니버스", "거래정지 아님"]
    show(desk, 20)  # 50억 traded, +1.00 %
    chips = vm(desk).filters
    assert [chip.code for chip in chips if chip.passed is False][:2] == ["TRADING_VALUE_LT_100B", "CHANGE_OUT_OF_RANGE"]
    assert chips[0].text == "대금 1,000억 — 대금 50억"
    assert chips[1].text == "등락 5–29.9% — 등락 +1.00%"
    head = vm(desk).head
    assert head is not None and head.verdict == "제외" and head.dashed
    desk.fake.failed = {"NEWS_VETO": None}
    desk.work.open()
    QApplication.processEvents()
    assert [chip.text for chip in vm(desk).filters if chip.passed is None] == ["악재 없음 · 모름"]


def test_caps_stand_as_chips_and_the_lowered_grade_is_dashed(desk: ClosingDesk) -> None:
    before = card(desk).head.height()
    show(desk, 1)
    head = vm(desk).head
    assert head is not None and head.caps == ("재료 없음 → B", "과열 → A") and head.dashed
    assert card(desk).head.height() > before


def test_record_says_what_the_grade_was_worth_or_why_not(desk: ClosingDesk) -> None:
    line = vm(desk).record
    assert line is not None and line.label == "등급 A 종가베팅의 표본 밖 성과"
    assert line.text == "사례 부족 n = 41 — 판단하기에 모자람" and not line.enough
    show(desk, 5)
    line = vm(desk).record
    assert line is not None and line.enough
    assert line.text.startswith("n = 180 · 평균 +0.42% (95% +0.02% … +0.82%) · 시장 +0.10%")
    show(desk, 4)
    line = vm(desk).record
    assert line is not None and line.text.startswith("판단 불가")


def test_a_language_model_is_named(desk: ClosingDesk) -> None:
    ticker = desk.work.ticker(HYOSUNG)
    verdict = ModelVerdict(2, "positive", 0.8, "earnings", ("1",), False, "실적", "local-model", "v1", 2.0)
    desk.fake.stories[ticker] = replace(stock_news(ticker), verdict=verdict)
    desk.work.open()
    QApplication.processEvents()
    assert vm(desk).news_title[1].endswith("규칙 사전 + local-model")


def test_no_quantity_is_said(desk: ClosingDesk) -> None:
    desk.fake.qty = 0
    desk.work.open()
    QApplication.processEvents()
    head = vm(desk).head
    assert head is not None and head.plan[0].remark == "수량 0"


def test_a_symbol_without_a_bar_has_no_plan_and_no_grade(desk: ClosingDesk) -> None:
    scan = closing_picture().scan
    nothing = {name: getattr(scan, name).copy() for name in ("total", "entry_krw", "stop_krw", "target_krw", "grade")}
    for name, values in nothing.items():
        values[HYOSUNG] = 0 if name == "grade" else float("nan")
    desk.work.open(closing_picture(scan=nothing))
    QApplication.processEvents()
    head = vm(desk).head
    assert head is not None and (head.total, head.verdict) == ("—", "채점 불가")
    assert [(cell.value, cell.remark) for cell in head.plan] == [("—", "")] * 4


def test_narrow_and_wide_cards_cut_no_price_and_all_is_painted(open_desk: OpenDesk) -> None:
    for width, zoom, language in ((300, 100, "ko"), (380, 100, "en"), (600, 150, "ko"), (900, 200, "en")):
        look = Appearance(zoom_pct=zoom, language=language, theme="light")  # type: ignore[arg-type]
        desk = open_desk(ClosingCard, (width, 700), look=look)
        show(desk, HYOSUNG)
        view = card(desk).view
        heights = [view.rect_of(name).height() for name in ("news", "supply")]
        assert heights[0] == heights[1] == look.px(44 if view.is_wide else 80)
        image = desk.panel.grab().toImage()
        assert image.pixelColor(image.width() // 2, look.px(28) + look.px(20)).isValid()


def test_titles_break_at_spaces_and_never_lose_a_letter(desk: ClosingDesk) -> None:
    canvas = card(desk).view._canvas
    title = "'K-전력기기' 역대 최대 실적 릴레이…효성중공업, 250만원 돌파"
    lines = title_lines(canvas, title, canvas.width(title) * 0.6)
    assert len(lines) == 2
    assert " ".join(title[start:end] for start, end in lines) == title
    word = "가나다라마바사아자차카타파하"
    parts = title_lines(canvas, word, canvas.width(word) * 0.6)
    assert "".join(word[start:end] for start, end in parts) == word
    assert canvas.width(word[parts[0][0] : parts[0][1]]) <= canvas.width(word) * 0.6
    assert title_lines(canvas, "", 100) == [(0, 0)]


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
    desk.fake.closing_state.publish(state)
    assert desk.panel.state == state
    assert word in desk.panel.header.badge.text()
    desk.panel.retry_requested.emit()
    assert desk.fake.started == [None]


def test_empty_cards_say_why(open_desk: OpenDesk) -> None:
    off = open_desk(ClosingCard, opened=False, with_strategies=False)
    assert off.panel.state == Empty("empty.closing.off")
    desk = open_desk(ClosingCard)
    assert desk.panel.state == Empty("empty.closing_card.none")
    desk.work.select("999999", "palette")
    QApplication.processEvents()
    assert desk.panel.state == Empty("empty.closing_card.absent", {"ticker": "999999"}, "import")
    show(desk, 3)
    assert isinstance(desk.panel.state, Ready)


def test_another_run_explains_the_same_symbol_again(desk: ClosingDesk) -> None:
    desk.work.open(closing_picture(ClosingRun.PRE_CLOSE, forming=True))
    QApplication.processEvents()
    assert desk.panel.subtitle.endswith("마감 전 실행 15:10")
    assert isinstance(desk.panel.state, Ready) and not desk.panel.state.final
    desk.work.open(closing_picture(what_if=True))
    QApplication.processEvents()
    assert desk.panel.header.badge.text() == "가정 중"


def test_a_hidden_card_costs_nothing(desk: ClosingDesk) -> None:
    desk.panel.hide()
    show(desk, 0)
    assert vm(desk).ticker == desk.work.ticker(HYOSUNG)
    desk.panel.show()
    QApplication.processEvents()
    assert vm(desk).ticker == desk.work.ticker(0)
    assert card(desk).view.rect_of("nothing").isNull()

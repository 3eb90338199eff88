"""Thresholds of the closing bet, the day-trading checklist, the Market Gate, news, costs and the life of a signal.

domain.md §§3-7. The sections join those of VCP in :class:`engine.thresholds.Rules`; nothing here knows how it is used.
Clock times are minutes after midnight of an ordinary trading day; on late-opening days the opening side shifts with the market.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from engine.threshold_spec import Ladder, eok, jo, movable, steps

__all__ = [
    "ClosingBetThresholds",
    "CostThresholds",
    "DayTradeThresholds",
    "GateThresholds",
    "LifeThresholds",
    "NewsThresholds",
    "TaxRate",
]

Curve = tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class ClosingBetThresholds:
    """Six components of 12 points, filters, caps, plan and exits (domain.md §3)."""

    # filters §3.3
    min_close_krw: float = movable(1_000.0, "원", 0, 50_000, 100, "§3.3")
    min_value_krw: float = movable(float(eok(1_000)), "원", float(eok(100)), float(eok(10_000)), float(eok(50)), "§3.3")
    min_change_pct: float = movable(5.0, "%", 0, 20, 0.5, "§3.3")
    max_change_pct: float = movable(29.9, "%", 5, 30, 0.1, "§3.3")
    min_bars: int = movable(20, "bars", 1, 120, 1, "§3.3")
    # volume
    value_krw: Ladder = movable(
        steps((jo(1), 3), (eok(5_000), 2), (eok(1_000), 1)), "원", float(eok(100)), float(jo(3)), float(eok(50)), "§3.2"
    )
    # chart
    high_window_bars: int = movable(250, "bars", 60, 250, 10, "§3.2")
    near_high: float = movable(0.95, "×", 0.70, 1.0, 0.01, "§3.2")
    near_high_points: float = movable(1.0, "points", 0, 2, 1, "§3.2")
    breakout_bars: int = movable(60, "bars", 10, 120, 5, "§3.2")
    breakout_points: float = movable(1.0, "points", 0, 2, 1, "§3.2")
    # candle
    candle_body_pct: float = movable(3.0, "%", 0, 15, 0.5, "§3.2")
    candle_close_position: float = movable(0.75, "×", 0, 1, 0.05, "§3.2")
    candle_body_share: float = movable(0.50, "×", 0, 1, 0.05, "§3.2")
    candle_points: float = movable(1.0, "points", 0, 2, 1, "§3.2")
    # period
    period_bars: int = movable(20, "bars", 10, 60, 1, "§3.2")
    period_range_pct: float = movable(15.0, "%", 3, 50, 0.5, "§3.2")
    period_recent_bars: int = movable(5, "bars", 2, 10, 1, "§3.2")
    period_points: float = movable(1.0, "points", 0, 2, 1, "§3.2")
    # supply
    supply_days: int = movable(5, "days", 3, 20, 1, "§3.2")
    supply_min_days: int = movable(3, "days", 1, 5, 1, "§3.2")
    supply_both_points: float = movable(2.0, "points", 0, 3, 1, "§3.2")
    supply_sum_points: float = movable(1.0, "points", 0, 3, 1, "§3.2")
    # grade §3.5
    s_points: float = movable(10.0, "points", 6, 12, 1, "§3.5")
    a_points: float = movable(8.0, "points", 4, 12, 1, "§3.5")
    b_points: float = movable(6.0, "points", 2, 12, 1, "§3.5")
    overheat_change_pct: float = movable(20.0, "%", 5, 30, 0.5, "§3.5")
    max_points: float = 12.0
    # plan §3.6
    stop_pct: float = movable(3.0, "%", 0.5, 10, 0.5, "§3.6")
    target_pct: float = movable(5.0, "%", 0.5, 20, 0.5, "§3.6")
    gap_up_pct: float = movable(3.0, "%", 0.5, 15, 0.5, "§3.6")
    gap_down_pct: float = movable(-2.0, "%", -15, -0.5, 0.5, "§3.6")
    exit_minute: int = 600
    """10:00 of the next trading day."""
    max_positions: int = movable(2, "count", 1, 10, 1, "§3.6")
    daily_loss_r: float = movable(2.0, "R", 0.5, 10, 0.5, "§3.6")
    weekly_loss_r: float = movable(4.0, "R", 0.5, 20, 0.5, "§3.6")


@dataclass(frozen=True)
class DayTradeThresholds:
    """Seven items of 15 / 8 / 0 points, plan and entry bans (domain.md §4)."""

    min_close_krw: float = movable(1_000.0, "원", 0, 50_000, 100, "§1.3")
    min_mean_value_krw: float = movable(float(eok(30)), "원", 0, float(eok(1_000)), float(eok(5)), "§1.3")
    mean_value_bars: int = movable(20, "bars", 1, 60, 1, "§1.3")
    min_bars: int = movable(20, "bars", 20, 120, 1, "§1.3")
    full_points: float = movable(15.0, "points", 1, 15, 1, "§4")
    part_points: float = movable(8.0, "points", 0, 15, 1, "§4")
    # 1 volume spike
    spike_full: float = movable(2.0, "×", 1, 10, 0.1, "§4.1-1")
    spike_part: float = movable(1.5, "×", 1, 10, 0.1, "§4.1-1")
    volume_bars: int = movable(20, "bars", 5, 60, 1, "§4.2")
    spike_from_minute: int = movable(550, "min", 541, 600, 1, "§4.1-1")
    """09:10; before it item 1 is TOO_EARLY."""
    # 2 momentum
    range_bars: int = movable(20, "bars", 5, 60, 1, "§4")
    momentum_full: float = movable(1.02, "×", 1.0, 1.15, 0.005, "§4.1-2")
    momentum_part: float = movable(1.01, "×", 1.0, 1.15, 0.005, "§4.1-2")
    # 3 box
    box_width_pct: float = movable(20.0, "%", 3, 60, 1, "§4.1-3")
    box_part: float = movable(0.9, "×", 0.5, 1.0, 0.05, "§4.1-3")
    # 4 five-day line
    ma_bars: int = movable(5, "bars", 3, 20, 1, "§4.1-4")
    ma_part: float = movable(0.99, "×", 0.9, 1.0, 0.005, "§4.1-4")
    # 5 institutions
    flow_days: int = movable(5, "days", 3, 20, 1, "§4.1-5")
    flow_min_days: int = movable(3, "days", 1, 5, 1, "§4.1-5")
    flow_full_krw: float = movable(float(eok(100)), "원", 0, float(eok(2_000)), float(eok(10)), "§4.1-5")
    flow_part_krw: float = movable(float(eok(50)), "원", 0, float(eok(2_000)), float(eok(10)), "§4.1-5")
    flow_full_pct: float = movable(5.0, "%", 0.1, 40, 0.1, "§4.1-5")
    flow_part_pct: float = movable(2.0, "%", 0.1, 40, 0.1, "§4.1-5")
    # 6 oversold
    oversold_full_pct: float = movable(15.0, "%", 1, 60, 0.5, "§4.1-6")
    oversold_part_pct: float = movable(10.0, "%", 1, 60, 0.5, "§4.1-6")
    rebound_full_pct: float = movable(2.0, "%", 0, 15, 0.5, "§4.1-6")
    # 7 sector
    sector_full_pct: float = movable(20.0, "%", 1, 100, 1, "§4.1-7")
    sector_part_pct: float = movable(40.0, "%", 1, 100, 1, "§4.1-7")
    sector_bars: int = movable(5, "bars", 1, 20, 1, "§4.1-7")
    sector_min_members: int = movable(5, "stocks", 1, 20, 1, "§4.1-7")
    sector_min_count: int = movable(5, "count", 1, 30, 1, "§4.1-7")
    # plan and bans §4.4
    stop_pct: float = movable(3.0, "%", 0.5, 10, 0.5, "§4.4")
    target_pct: float = movable(5.0, "%", 0.5, 20, 0.5, "§4.4")
    entry_from_minute: int = movable(550, "min", 540, 600, 1, "§4.4")
    entry_until_minute: int = movable(900, "min", 600, 920, 1, "§4.4")
    exit_minute: int = movable(915, "min", 600, 920, 1, "§4.4")
    risk_pct: float = movable(0.25, "%", 0.05, 5, 0.05, "§4.4")
    cap_pct: float = movable(10.0, "%", 1, 100, 1, "§4.4")
    stale_after_s: float = movable(60.0, "s", 5, 600, 5, "§4.3")
    curve_days: int = movable(20, "days", 5, 60, 1, "§4.2")
    volume_curve: Curve = (
        (540, 0.0), (570, 0.16), (600, 0.26), (630, 0.34), (660, 0.41), (690, 0.475), (720, 0.525), (750, 0.57), (780, 0.62),
        (810, 0.68), (840, 0.745), (870, 0.815), (900, 0.885), (920, 0.935), (930, 1.0),
    )  # fmt: skip
    """Cumulative share of a day's volume φ by minute of the day (§4.2)."""


@dataclass(frozen=True)
class GateThresholds:
    """Market Gate (domain.md §5). Index points are for: C > MA20, MA20 > MA60, C > MA200, MA20 rising over 5 days."""

    short_bars: int = movable(20, "bars", 5, 60, 1, "§5.1")
    mid_bars: int = movable(60, "bars", 20, 120, 5, "§5.1")
    long_bars: int = movable(200, "bars", 60, 250, 10, "§5.1")
    rising_bars: int = movable(5, "bars", 1, 20, 1, "§5.1")
    kospi_points: tuple[float, float, float, float] = (8.0, 8.0, 8.0, 6.0)
    kosdaq_points: tuple[float, float, float, float] = (5.0, 5.0, 6.0, 4.0)
    breadth_pct: Ladder = movable(steps((60, 20), (50, 14), (40, 8), (30, 4)), "%", 5, 95, 1, "§5.1")
    breadth_bars: int = movable(20, "bars", 5, 60, 1, "§5.1")
    foreign_days: int = movable(5, "days", 3, 20, 1, "§5.1")
    foreign_krw: Ladder = movable(steps((eok(5_000), 10)), "원", float(eok(100)), float(jo(5)), float(eok(100)), "§5.1")
    foreign_positive_points: float = movable(7.0, "points", 0, 10, 1, "§5.1")
    foreign_loss_krw: float = movable(float(-eok(5_000)), "원", float(-jo(5)), 0, float(eok(100)), "§5.1")
    foreign_loss_points: float = movable(3.0, "points", 0, 10, 1, "§5.1")
    """Sold less than ``foreign_loss_krw``."""
    shock_pct: Ladder = movable(steps((-0.5, 10), (-1, 7), (-2, 3)), "%", -10, 0, 0.1, "§5.1")
    fx_bars: int = movable(20, "bars", 5, 60, 1, "§5.1")
    fx_pct: Ladder = movable(steps((0.5, 10), (1.5, 5)), "%", -3, 6, 0.1, "§5.1")
    # status §5.2
    min_coverage: float = movable(60.0, "%", 0, 100, 5, "§5.2")
    green_coverage: float = movable(80.0, "%", 0, 100, 5, "§5.2")
    green_score: float = movable(70.0, "points", 0, 100, 1, "§5.2")
    yellow_score: float = movable(40.0, "points", 0, 100, 1, "§5.2")
    crash_pct: float = movable(-3.0, "%", -15, 0, 0.5, "§5.2")
    # effect §5.3
    yellow_size: float = movable(0.5, "×", 0, 1, 0.1, "§5.3")
    # sector panel §5.4
    sector_bullish_pct: float = movable(1.0, "%", 0, 10, 0.1, "§5.4")
    sector_bearish_pct: float = movable(-1.0, "%", -10, 0, 0.1, "§5.4")


@dataclass(frozen=True)
class NewsThresholds:
    """News scoring (domain.md §6). Terms marked ° count at the start of a word only."""

    max_age_h: float = movable(168.0, "h", 1, 720, 1, "§6.1")
    cluster_h: float = movable(72.0, "h", 1, 240, 1, "§6.2")
    similarity: float = movable(0.60, "×", 0.2, 1.0, 0.05, "§6.2")
    decisive: tuple[str, ...] = (
        "대규모수주", "대규모공급계약", "흑자전환", "어닝서프라이즈",
        "사상최대", "역대최대", "FDA승인", "품목허가", "기술수출", "기술이전",
        "공개매수", "경영권분쟁", "무상증자", "자사주소각",
    )  # fmt: skip
    clear: tuple[str, ...] = (
        "수주", "공급계약", "납품계약", "실적개선", "호실적", "목표가상향", "목표주가상향",
        "자사주매입", "자사주취득", "양산°", "임상성공",
        "임상3상", "국책과제", "배당확대", "특허취득", "인수합병",
    )  # fmt: skip
    weak: tuple[str, ...] = (
        "MOU", "업무협약", "수혜", "테마", "기대감", "외국인매수", "기관매수", "순매수", "신제품", "강세", "급등",
    )  # fmt: skip
    mild_bad: tuple[str, ...] = (
        "목표가하향", "목표주가하향", "실적부진", "어닝쇼크", "적자전환",
        "적자확대", "매출감소", "실적악화", "대량매도", "공매도급증",
        "외국인매도", "약세", "급락", "리콜", "소송",
    )  # fmt: skip
    severe: tuple[str, ...] = (
        "횡령", "배임", "분식회계", "상장폐지", "관리종목", "감사의견거절", "의견거절",
        "자본잠식", "부도°", "파산°", "회생절차", "법정관리",
        "거래정지", "유상증자", "불성실공시", "압수수색", "구속°", "기소°", "구속기소", "검찰기소",
    )  # fmt: skip
    clearing: tuple[str, ...] = ("무혐의", "사실무근", "해소", "무죄°", "기각°", "탈피", "해제", "벗어나", "철회")
    cancelling: tuple[str, ...] = ("취소", "해지", "철회", "무산°", "불발", "반려", "실패")
    deleted: tuple[str, ...] = ("우수주주", "양산시")
    """Sequences taken out before matching."""
    decisive_points: float = movable(3.0, "points", 0, 5, 0.5, "§6.3")
    clear_points: float = movable(2.0, "points", 0, 5, 0.5, "§6.3")
    weak_points: float = movable(1.0, "points", 0, 5, 0.5, "§6.3")
    mild_bad_points: float = movable(-1.0, "points", -5, 0, 0.5, "§6.3")
    severe_points: float = movable(-3.0, "points", -5, 0, 0.5, "§6.3")
    cleared_points: float = movable(1.0, "points", 0, 5, 0.5, "§6.3")
    cancelled_points: float = movable(-2.0, "points", -5, 0, 0.5, "§6.3")
    # weight §6.4
    official_sources: tuple[str, ...] = ("DART", "KIND")
    official_weight: float = movable(1.0, "×", 0, 1, 0.05, "§6.4")
    press_sources: tuple[str, ...] = (
        "연합뉴스", "뉴시스", "뉴스1", "한국경제", "매일경제", "서울경제", "머니투데이", "이데일리", "파이낸셜뉴스",
    )  # fmt: skip
    press_weight: float = movable(0.9, "×", 0, 1, 0.05, "§6.4")
    ignored_sources: tuple[str, ...] = ("블로그", "커뮤니티")
    unknown_weight: float = movable(0.5, "×", 0, 1, 0.05, "§6.4")
    age_weight: Ladder = movable(steps((24, 1.0), (72, 0.6), (168, 0.3)), "h", 1, 720, 1, "§6.4")
    """Age in hours at most → weight."""
    named_relevance: float = movable(1.0, "×", 0, 1, 0.05, "§6.4")
    other_relevance: float = movable(0.5, "×", 0, 1, 0.05, "§6.4")
    roundup: tuple[str, ...] = ("마감시황", "장마감", "오늘의", "주간", "TOP", "순매수상위", "특징주모음")
    veto_age_h: float = movable(72.0, "h", 1, 240, 1, "§6.4")
    veto_weight: float = movable(0.3, "×", 0, 1, 0.05, "§6.4")
    # points §6.5
    net_full: float = movable(3.0, "points", 0, 10, 0.1, "§6.5")
    peak_full: float = movable(2.0, "points", 0, 5, 0.1, "§6.5")
    net_good: float = movable(1.5, "points", 0, 10, 0.1, "§6.5")
    net_some: float = movable(0.5, "points", 0, 10, 0.1, "§6.5")
    # language model §6.6
    model_items: int = movable(10, "count", 1, 30, 1, "§6.6")
    model_excerpt: int = movable(500, "count", 0, 2_000, 50, "§6.6")
    model_timeout_s: float = movable(20.0, "s", 1, 120, 1, "§6.6")
    model_confidence: float = movable(0.5, "×", 0, 1, 0.05, "§6.6")
    model_reach: float = movable(1.0, "points", 0, 3, 1, "§6.6")


@dataclass(frozen=True, slots=True)
class TaxRate:
    """Sell-side tax in percent by market, for sales settled from a day on (domain.md §7.4)."""

    settled_from: date
    kospi_pct: float
    kosdaq_pct: float
    konex_pct: float


@dataclass(frozen=True)
class CostThresholds:
    """Commission and slippage per side, and the sell-side tax table (domain.md §§7.3, 7.4)."""

    commission_pct: float = movable(0.015, "%", 0, 1, 0.005, "§7.3")
    slippage_pct: float = movable(0.10, "%", 0, 2, 0.01, "§7.3")
    tax: tuple[TaxRate, ...] = (
        TaxRate(date.min, 0.30, 0.30, 0.30),
        TaxRate(date(2019, 6, 3), 0.25, 0.25, 0.10),
        TaxRate(date(2021, 1, 1), 0.23, 0.23, 0.10),
        TaxRate(date(2023, 1, 1), 0.20, 0.20, 0.10),
        TaxRate(date(2024, 1, 1), 0.18, 0.18, 0.10),
        TaxRate(date(2025, 1, 1), 0.15, 0.15, 0.10),
        TaxRate(date(2026, 1, 1), 0.20, 0.20, 0.10),
    )


@dataclass(frozen=True)
class LifeThresholds:
    """Life of a signal and how its record is judged (domain.md §7)."""

    entry_bars: int = movable(10, "bars", 1, 30, 1, "§7.1")
    chase_pct: float = movable(5.0, "%", 0, 20, 0.5, "§7.1")
    """Open at most this far above the pivot."""
    hold_bars: int = movable(20, "bars", 1, 120, 1, "§7.1")
    max_vcp_positions: int = movable(10, "count", 1, 50, 1, "§7.5")
    few_trades: int = movable(30, "count", 2, 300, 1, "§7.5")
    """Fewer closed trades are flagged 표본 부족."""
    sharpe_days: int = movable(60, "days", 20, 250, 5, "§7.5")
    year_days: int = 250
    study_bars: tuple[int, ...] = (1, 3, 5, 10, 20, 60)
    overlap_bars: int = movable(20, "bars", 0, 60, 1, "§7.6")
    resamples: int = movable(2_000, "count", 200, 20_000, 100, "§7.6")
    seed: int = 20_260_101

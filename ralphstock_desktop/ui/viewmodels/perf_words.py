"""Performance in words and cells: figures of the head, the verdict, table cells. Missing is said in words. No widgets."""

from __future__ import annotations

from dataclasses import dataclass

from engine.model.gate import GateStatus
from engine.model.performance import Interval, StudyRow
from engine.model.scan import Grade
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.viewmodels.gate_words import status_word
from ralphstock_desktop.ui.viewmodels.perf_report import GroupRow, PerfReport
from ralphstock_desktop.wording import format as fmt

__all__ = [
    "INFINITE",
    "Figure",
    "Verdict",
    "figures",
    "group_name",
    "interval_text",
    "mean_text",
    "note_lines",
    "period_text",
    "reason_name",
    "report_sentence",
    "signed_or_word",
    "strategy_name",
    "study_cells",
    "study_group_name",
    "verdict",
]

MIN_FOR_PERCENT = 2
"""Fewer closed trades than this and no percentage is shown (domain.md §7.5)."""
INFINITE = "∞"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the head: label, value with its colour, and the line below it."""

    key: str
    label: str
    value: str
    token: str
    note: str
    judged: bool = True
    """False: the value is a word that says why there is none."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may be said of the whole: icon, colour, short words, and the sentence behind them."""

    icon: str
    token: str
    head: str
    sentence: str


def strategy_name(look: Appearance, strategy: str) -> str:
    """``VCP``, ``종가베팅``, ``단타``; the name itself where no text is known."""
    key = f"performance.strategy.{strategy}"
    return look.tr(key) if look.has_text(key) else strategy


def reason_name(look: Appearance, reason: str) -> str:
    """Words of an exit reason."""
    key = f"performance.exit.{reason.lower()}"
    return look.tr(key) if look.has_text(key) else reason


def group_name(look: Appearance, row: GroupRow) -> str:
    """``전체``, ``등급 A``, ``게이트 상승 우위``."""
    if row.kind == "all":
        return look.tr("performance.group.all")
    if row.kind == "grade":
        return look.tr("performance.group.grade", grade=Grade(row.value).name)
    return look.tr("performance.group.gate", status=status_word(look, GateStatus(row.value)))


def study_group_name(look: Appearance, group: str) -> str:
    """Words of a group of the event study (``all``, ``grade:S``, ``gate:GREEN``, ``year:2025``)."""
    kind, _, value = group.partition(":")
    if kind == "grade":
        return look.tr("performance.group.grade", grade=value)
    if kind == "gate" and value in GateStatus.__members__:
        return look.tr("performance.group.gate", status=status_word(look, GateStatus[value]))
    if kind == "year":
        return look.tr("performance.group.year", year=value)
    return look.tr("performance.group.all")


def period_text(report: PerfReport) -> str:
    """``2024-01-02 ~ 2026-06-30``; an em dash where the days are not known."""
    if report.first is None or report.last is None:
        return fmt.MISSING
    return f"{report.first.isoformat()} ~ {report.last.isoformat()}"


# -- numbers or words -----------------------------------------------------------------------------------------------------


def signed_or_word(look: Appearance, value: float | None, decimals: int = 2) -> str:
    """``+1.23%``, or ``판단 불가``."""
    return look.tr("performance.unknown") if value is None else fmt.percent(value, decimals)


def mean_text(value: float | None, decimals: int = 2) -> str:
    """``+1.23%`` for a cell, an em dash where missing."""
    return fmt.MISSING if value is None else fmt.percent(value, decimals)


def interval_text(interval: Interval, *, unit: str = "%", decimals: int = 2, plus: bool = True) -> str:
    """``−0.31 ~ +1.92%``; an em dash where there is none."""
    if interval.low is None or interval.high is None:
        return fmt.MISSING
    write = fmt.signed if plus else fmt.number
    return f"{write(interval.low, decimals)} ~ {write(interval.high, decimals)}{unit}"


def _interval_note(look: Appearance, interval: Interval, *, unit: str = "%", decimals: int = 2, plus: bool = True) -> str:
    if interval.value is None:
        return look.tr("performance.note.no_value")
    if interval.low is None:
        return look.tr("performance.note.no_interval")
    return look.tr("performance.note.interval", interval=interval_text(interval, unit=unit, decimals=decimals, plus=plus))


# -- the head -------------------------------------------------------------------------------------------------------------


def verdict(look: Appearance, report: PerfReport, few_trades: int) -> Verdict:
    """What may be said: nothing, too few cases, or how it compares with the base rate of the same days."""
    n = report.closed
    if n < MIN_FOR_PERCENT:
        key = "performance.verdict.none" if n == 0 else "performance.verdict.one"
        return Verdict("unknown", "unknown", look.tr("performance.unknown"), look.tr(key))
    if report.few:
        sentence = look.tr("performance.verdict.few", count=n, need=few_trades)
        return Verdict("warning", "warning", look.tr("performance.few"), sentence)
    if report.origin == "signals":
        sentence = look.tr("performance.verdict.signals", count=n)
        return Verdict("unknown", "unknown", look.tr("performance.unknown"), sentence)
    excess = report.excess_pct
    if excess.value is None or excess.low is None or excess.high is None:
        return Verdict("unknown", "unknown", look.tr("performance.unknown"), look.tr("performance.verdict.no_base"))
    kind = "above" if excess.low > 0.0 else "below" if excess.high < 0.0 else "same"
    sentence = look.tr(
        f"performance.verdict.{kind}",
        excess=fmt.percent(excess.value),
        interval=interval_text(excess),
        count=fmt.number(report.record.n if report.record is not None else n),
    )
    icon, token = {"above": ("check", "text"), "below": ("cross", "text"), "same": ("unknown", "unknown")}[kind]
    beyond = report.groups[0].beyond_pct if report.groups else excess
    if report.groups and beyond.value is not None:
        index = look.tr(
            "performance.verdict.index", bars=report.case_bars, mean=fmt.percent(beyond.value), interval=interval_text(beyond)
        )
        sentence = f"{sentence} {index}"
    if report.tries is not None and report.tries > 1:
        sentence = f"{sentence} {look.tr('performance.verdict.tries', tries=report.tries)}"
        if kind == "above":
            icon, token = "warning", "warning"
    return Verdict(icon, token, look.tr(f"performance.verdict.{kind}.head"), sentence)


def _figure(
    look: Appearance, key: str, value: float | None, text: str, note: str, *, token: str = "text", why: str = ""
) -> Figure:
    """A figure, or the word for why there is none."""
    label = look.tr(f"performance.figure.{key}")
    if value is None:
        return Figure(key, label, look.tr("performance.unknown"), "unknown", why or note, judged=False)
    return Figure(key, label, text, token, note)


def figures(look: Appearance, report: PerfReport, few_trades: int) -> tuple[Figure, ...]:
    """The figures of the head in reading order. What a source does not keep is left out, what is undefined is said."""
    tr, n = look.tr, report.closed
    too_few = tr("performance.note.need_two")
    found = report.metrics
    counts = ""
    if report.signals is not None:
        filled = found.filled if found is not None else None
        counts = tr("performance.note.signals", signals=fmt.number(report.signals))
        if filled is not None:
            counts = tr("performance.note.counts", signals=fmt.number(report.signals), filled=fmt.number(filled))
    few = tr("performance.few") if report.few else ""
    rows = [
        Figure("n", tr("performance.figure.n"), fmt.number(n), "text", " · ".join(text for text in (few, counts) if text)),
        _figure(
            look, "win_rate", report.win_rate.value, fmt.percent(report.win_rate.value or 0.0, 1, plus=False),
            _interval_note(look, report.win_rate, decimals=1, plus=False), why=too_few,
        ),
        _figure(
            look, "mean", report.mean_pct.value, fmt.percent(report.mean_pct.value or 0.0),
            _interval_note(look, report.mean_pct), token=look.direction_token(report.mean_pct.value or 0.0),
            why=too_few if n < MIN_FOR_PERCENT else tr("performance.note.not_kept"),
        ),
        _base_figure(look, report),
        _figure(
            look, "excess", report.excess_pct.value, fmt.percent(report.excess_pct.value or 0.0),
            _interval_note(look, report.excess_pct), token=look.direction_token(report.excess_pct.value or 0.0),
            why=tr("performance.note.no_base"),
        ),
        _profit_figure(look, report),
    ]  # fmt: skip
    if found is not None:
        rows += [
            _figure(
                look, "payoff", found.payoff, fmt.ratio(found.payoff or 0.0), tr("performance.note.payoff"),
                why=tr("performance.note.no_losses") if n and not found.has_losses else tr("performance.note.no_payoff"),
            ),
            _figure(
                look, "expectancy", found.expectancy_r.value, f"{fmt.signed(found.expectancy_r.value or 0.0)}R",
                _interval_note(look, found.expectancy_r, unit="R"),
                token=look.direction_token(found.expectancy_r.value or 0.0), why=too_few,
            ),
        ]  # fmt: skip
    if report.origin != "signals":
        rows += _account_figures(look, report)
    tries = report.tries
    rows.append(
        Figure(
            "tries",
            tr("performance.figure.tries"),
            tr("performance.unknown") if tries is None else tr("performance.tries", count=fmt.number(tries)),
            "unknown" if tries is None else "warning" if tries > 1 else "text",
            tr("performance.note.tries"),
            judged=tries is not None,
        )
    )
    del few_trades
    return tuple(rows)


def _base_figure(look: Appearance, report: PerfReport) -> Figure:
    base, record = report.base_pct, report.record
    note = look.tr("performance.note.base", count=fmt.number(record.n)) if record is not None else ""
    return _figure(
        look, "base", base, fmt.percent(base or 0.0), note,
        token=look.direction_token(base or 0.0), why=look.tr("performance.note.no_base"),
    )  # fmt: skip


def _profit_figure(look: Appearance, report: PerfReport) -> Figure:
    """Without losses the profit factor has no value and is shown as infinite; without trades it is not judged."""
    if report.profit_factor is None and report.closed and not report.has_losses:
        note = look.tr("performance.note.no_losses")
        return Figure("profit_factor", look.tr("performance.figure.profit_factor"), INFINITE, "text", note)
    return _figure(
        look, "profit_factor", report.profit_factor, fmt.ratio(report.profit_factor or 0.0),
        look.tr("performance.note.profit_factor"), why=look.tr("performance.note.no_trades"),
    )  # fmt: skip


def _account_figures(look: Appearance, report: PerfReport) -> list[Figure]:
    tr = look.tr
    total, fall, sharpe = report.cumulative_pct, report.max_drawdown_pct, report.sharpe
    why = tr("performance.note.not_kept" if report.traded else "performance.note.untraded")
    no_sharpe = tr("performance.note.no_sharpe") if report.traded else why
    rows = [
        _figure(
            look, "total", total, fmt.percent(total or 0.0), tr("performance.note.total"),
            token=look.direction_token(total or 0.0), why=why,
        ),
        _figure(
            look, "drawdown", fall, fmt.percent(fall or 0.0, plus=False), tr("performance.note.drawdown"),
            why=why,
        ),
        _figure(
            look, "sharpe", sharpe, fmt.number(sharpe or 0.0, 2), tr("performance.note.sharpe"),
            why=no_sharpe,
        ),
    ]  # fmt: skip
    for key, value in (("kospi", report.kospi_pct), ("kosdaq", report.kosdaq_pct)):
        rows.append(
            _figure(
                look, key, value, fmt.percent(value or 0.0), tr("performance.note.same_days"),
                token=look.direction_token(value or 0.0), why=tr("performance.note.no_index"),
            )
        )  # fmt: skip
    return rows


def report_sentence(look: Appearance, report: PerfReport, few_trades: int) -> str:
    """Everything the head says as one text, for screen readers."""
    found = verdict(look, report, few_trades)
    parts = [f"{figure.label} {figure.value}" for figure in figures(look, report, few_trades)]
    return f"{found.head}. {found.sentence} {', '.join(parts)}."


def note_lines(look: Appearance, report: PerfReport) -> tuple[str, ...]:
    """What must be known to read the report: CLOSE_PROXY first, then survivorship, missing data and the rest."""
    notes = sorted(report.notes, key=lambda note: note[0] != "record.note.close_proxy")
    lines = [look.tr(key, **fields) if look.has_text(key) else key for key, fields in notes]
    if report.label and not any(key == "record.note.close_proxy" for key, _ in notes):
        lines.insert(0, report.label)
    if report.with_repeats and report.origin == "stored":
        lines.append(look.tr("performance.note.with_repeats"))
    if report.origin == "stored" and report.metrics is None:
        lines.append(look.tr("performance.note.old_run"))
    if report.origin == "signals":
        lines.append(look.tr("performance.note.from_signals"))
    return tuple(lines)


def study_cells(look: Appearance, row: StudyRow) -> tuple[str, ...]:
    """Bars, cases, mean, interval, median, hit rate and error of a row of the event study."""
    return (
        look.tr("performance.bars", bars=row.bars),
        fmt.number(row.n),
        mean_text(row.mean_pct.value),
        interval_text(row.mean_pct),
        mean_text(row.median_pct),
        fmt.MISSING if row.hit_rate is None else fmt.percent(row.hit_rate, 1, plus=False),
        fmt.MISSING if row.error_pct is None else fmt.percent(row.error_pct, plus=False),
    )

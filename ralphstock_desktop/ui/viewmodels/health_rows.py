"""Health, gaps and synchronisation as rows of words; no widgets."""

from __future__ import annotations

from collections.abc import Sequence

from ralphstock_desktop.services.live_contracts import Gap, GapReport, HealthReport, ServiceHealth, SyncState, SyncStep
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.dialogs.errors import error_sentence
from ralphstock_desktop.ui.docks.ledger_models import Cell, Column
from ralphstock_desktop.wording import format as fmt

__all__ = ["GAP_CODE_COLUMN", "GAP_COLUMNS", "HEALTH_COLUMNS", "SYNC_COLUMNS", "gap_rows", "health_rows", "sync_rows"]

HEALTH_COLUMNS = (
    Column("health.column.name", 132),
    Column("health.column.state", 84),
    Column("health.column.latency", 92, number=True),
    Column("health.column.errors", 84, number=True),
    Column("health.column.success", 84, number=True),
    Column("health.column.queue", 92, number=True),
    Column("health.column.remark", 0),
)
GAP_COLUMNS = (
    Column("health.gap.symbol", 150),
    Column("health.gap.code", 60),
    Column("health.gap.span", 124),
    Column("health.gap.shares", 104, number=True),
    Column("health.gap.state", 76),
    Column("health.gap.reason", 0),
)
GAP_CODE_COLUMN = 1
SYNC_COLUMNS = (
    Column("health.sync.step", 132),
    Column("health.sync.progress", 110, number=True),
    Column("health.sync.failed", 64, number=True),
    Column("health.sync.left", 84, number=True),
    Column("health.sync.state", 0),
)
_TOKENS = {
    "good": "success",
    "slow": "warning",
    "limited": "warning",
    "failing": "danger",
    "open": "danger",
    "stalled": "danger",
    "idle": "unknown",
}
_SIGNS = {"good": "●", "slow": "◐", "limited": "◐", "failing": "✕", "open": "✕", "stalled": "✕", "idle": "○"}
_GAP_TOKENS = {"open": "warning", "filling": "warning", "filled": "success", "failed": "danger"}
_STEP_TOKENS = {"waiting": "text-muted", "running": "accent", "done": "success", "failed": "danger", "unavailable": "unknown"}
_SHOWN_GAPS = 400


def health_rows(look: Appearance, report: HealthReport) -> list[list[Cell]]:
    """One row a source or service: state by sign and word, latency, errors, last success, queue, remark."""
    return [_health_row(look, health, report.at_ns) for health in report.services]


def service_name(look: Appearance, name: str) -> str:
    """Words for a service; its own name where there are none."""
    key = f"health.service.{name.replace(' ', '_')}"
    return look.tr(key) if look.has_text(key) else name


def _health_row(look: Appearance, health: ServiceHealth, at_ns: int) -> list[Cell]:
    language = look.language
    latency = fmt.MISSING
    if health.latency_ms is not None:
        latency = f"{health.latency_ms:.0f} / {health.latency_p99_ms or health.latency_ms:.0f} ms"
    errors = fmt.MISSING
    if health.error_rate is not None:
        errors = f"{100 * health.error_rate:.1f}% ({health.failures:,})"
    seen = health.last_success_ns if health.kind == "source" else health.beat_ns
    success = fmt.MISSING if seen is None else fmt.age(max(at_ns - seen, 0) / 1e9, language, short=True)
    queue = fmt.MISSING
    if health.waiting:
        queue = f"{health.waiting:,}"
        if health.eta_s is not None:
            queue = f"{queue} · {fmt.duration(health.eta_s, language, whole=True)}"
    remark, tip = _remark(look, health)
    return [
        Cell(service_name(look, health.name), bold=True),
        Cell(f"{_SIGNS[health.state]} {look.tr(f'health.state.{health.state}')}", _TOKENS[health.state]),
        Cell(latency, tip=look.tr("health.column.latency_tip")),
        Cell(errors, "danger" if health.error_rate else "text"),
        Cell(success),
        Cell(queue),
        Cell(remark, "text-secondary", tip),
    ]


def _remark(look: Appearance, health: ServiceHealth) -> tuple[str, str]:
    words = []
    if health.retry_after_s is not None:
        words.append(look.tr("health.retry_after", seconds=f"{health.retry_after_s:.0f}"))
    if health.last_error is not None and health.state not in ("good", "idle"):
        words.append(error_sentence(look, health.last_error))
    notes = []
    for key, fields, count in health.notes:
        text = look.tr(key, **fields) if look.has_text(key) else key
        notes.append(f"{text} ({count:,})")
    return " · ".join((*words, *notes[:1])), "\n".join((*words, *notes))


def gap_rows(look: Appearance, report: GapReport, names: dict[str, str]) -> list[list[Cell]]:
    """Gaps that are not filled first, then the newest filled ones."""
    ordered = sorted(report.gaps, key=lambda gap: (gap.state == "filled", -gap.found_ns))
    return [_gap_row(look, gap, names) for gap in ordered[:_SHOWN_GAPS]]


def _gap_row(look: Appearance, gap: Gap, names: dict[str, str]) -> list[Cell]:
    end = fmt.clock(gap.end_ns) if gap.end_ns is not None else look.tr("health.gap.growing")
    name = names.get(gap.ticker, "") or fmt.MISSING
    reason = look.tr(f"health.gap.reason.{gap.reason}") if look.has_text(f"health.gap.reason.{gap.reason}") else gap.reason
    return [
        Cell(name, tip=name, bold=True),
        Cell(gap.ticker, "text-secondary"),
        Cell(f"{fmt.clock(gap.start_ns)} – {end}"),
        Cell(fmt.MISSING if gap.missing_shares is None else f"{gap.missing_shares:,}"),
        Cell(look.tr(f"health.gap.state.{gap.state}"), _GAP_TOKENS[gap.state]),
        Cell(reason, tip=reason),
    ]


def sync_rows(look: Appearance, state: SyncState | None, planned: Sequence[SyncStep] = ()) -> list[list[Cell]]:
    """Steps of the running or last synchronisation, or of the plan."""
    steps = state.steps if state is not None and state.steps else tuple(planned)
    rows = []
    for step in steps:
        key = f"sync.step.{step.name}"
        left = fmt.MISSING if step.eta_s is None else fmt.duration(step.eta_s, look.language, whole=True)
        why = error_sentence(look, step.error) if step.error is not None else ""
        rows.append(
            [
                Cell(look.tr(key) if look.has_text(key) else step.name, bold=True),
                Cell(f"{step.done:,} / {step.total:,}" if step.total else fmt.MISSING),
                Cell(f"{step.failed:,}" if step.failed else "", "danger"),
                Cell(left),
                Cell(look.tr(f"health.sync.state.{step.state}"), _STEP_TOKENS[step.state], why),
            ]
        )
    return rows

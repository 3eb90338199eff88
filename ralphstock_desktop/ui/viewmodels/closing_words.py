"""Words of the closing bet: runs, caps, filters, the record of a grade, and the fields of its filter line. Pure."""

from __future__ import annotations

import math
from datetime import time
from functools import lru_cache

from engine.model.closing import ClosingRun
from engine.model.performance import RecordRow
from engine.model.scan import Grade
from engine.thresholds import Rules
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.models.filter_language import FieldWords, Vocabulary, fold
from ralphstock_desktop.ui.viewmodels.filter_words import scan_vocabulary
from ralphstock_desktop.wording import format as fmt
from ralphstock_desktop.wording.texts import LANGUAGES, Texts

__all__ = [
    "NUMBER_FIELDS",
    "RUN_TIMES",
    "cap_text",
    "closing_vocabulary",
    "exit_clock",
    "grade_letter",
    "record_value",
    "record_words",
    "run_name",
    "run_title",
]

RUN_TIMES: dict[ClosingRun, time] = {
    ClosingRun.PREVIEW: time(15, 0),
    ClosingRun.PRE_CLOSE: time(15, 10),
    ClosingRun.CONFIRMED: time(15, 40),
    ClosingRun.FLOW_FINAL: time(18, 10),
}
"""When each run begins on an ordinary day (domain.md §3.1); before it the data it uses do not exist."""
_SHARED = ("price", "change", "volume", "value", "entry", "stop", "target", "coverage", "strength", "foreign_5d",
           "institution_5d")  # fmt: skip
_OWN = ("total", "points_news", "points_volume", "points_chart", "points_candle", "points_period", "points_supply", "near_high",
        "body", "news_net")  # fmt: skip
NUMBER_FIELDS = (*_SHARED, *_OWN)
"""Number fields of the closing table's filter line."""


def run_name(look: Appearance, run: ClosingRun) -> str:
    """``확정 15:40``: the button of a run."""
    return look.tr(f"closing.run.{run.value.lower()}", time=RUN_TIMES[run].strftime("%H:%M"))


def run_title(look: Appearance, run: ClosingRun) -> str:
    """``확정 실행 15:40``: the run in a subtitle."""
    return look.tr(f"closing.run_title.{run.value.lower()}", time=RUN_TIMES[run].strftime("%H:%M"))


def grade_letter(grade: int) -> str:
    """Letter of a grade, an em dash for none."""
    return Grade(grade).name if grade else fmt.MISSING


def cap_text(look: Appearance, cap: str) -> str:
    """``재료 없음 → B``."""
    return look.tr(f"closing.cap.{cap}")


def exit_clock(rules: Rules) -> str:
    """Clock time of the time exit."""
    hour, minute = divmod(rules.jongga.exit_minute, 60)
    return f"{hour:02d}:{minute:02d}"


def record_value(look: Appearance, record: RecordRow | None) -> str:
    """Record of a grade in a cell: ``+0.42%``, ``사례 부족`` or ``판단 불가``; never 0 for unknown."""
    if record is None or record.n == 0:
        return look.tr("closing.record.unknown")
    if not record.enough or record.mean_net_pct.value is None:
        return look.tr("closing.record.few", n=fmt.number(record.n))
    return fmt.percent(record.mean_net_pct.value)


def record_words(look: Appearance, record: RecordRow | None) -> str:
    """Record of a grade as a line: n, mean with interval, base rate, period, number of tries."""
    if record is None or record.n == 0:
        return look.tr("closing.record.unknown_line")
    if not record.enough or record.mean_net_pct.value is None:
        return look.tr("closing.record.few_line", n=fmt.number(record.n))
    mean = record.mean_net_pct
    base = fmt.percent(record.base_pct if record.base_pct is not None else math.nan)
    return look.tr(
        "closing.record.line",
        n=fmt.number(record.n),
        mean=fmt.percent(mean.value if mean.value is not None else math.nan),
        low=fmt.percent(mean.low if mean.low is not None else math.nan),
        high=fmt.percent(mean.high if mean.high is not None else math.nan),
        base=base,
        first=record.first_day,
        last=record.last_day,
        tries=fmt.number(record.tries),
    )


@lru_cache(maxsize=1)
def closing_vocabulary() -> Vocabulary:
    """Fields of the closing table; keywords, units, markets and texts are those of every table."""
    catalogues = tuple(Texts(language) for language in LANGUAGES)
    shared = scan_vocabulary()

    def words(key: str) -> tuple[str, ...]:
        texts = [part for texts in catalogues for part in texts(key).split(",")]
        return tuple(dict.fromkeys(fold(text) for text in texts if text.strip()))

    kept = [field for field in shared.fields if field.id in (*_SHARED, "grade", "market", "name", "code", "sector")]
    own = [FieldWords(name, "number", words(f"closing.field.{name}")) for name in _OWN]
    return Vocabulary(
        fields=(*own, *kept),
        all_of=shared.all_of,
        any_of=shared.any_of,
        none_of=shared.none_of,
        has=shared.has,
        missing=shared.missing,
        multipliers=shared.multipliers,
        plain_units=shared.plain_units,
    )

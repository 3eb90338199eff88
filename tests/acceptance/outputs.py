"""Everything the program computes of one world at one instant, through the services' own path, as one mapping by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from engine.asof.view import known_days
from engine.explain.closing_evidence import explain_closing
from engine.explain.day_evidence import explain_day_trade
from engine.explain.overlay import vcp_overlay
from engine.explain.reasons import signal_reasons
from engine.explain.vcp_evidence import explain_vcp
from engine.features.series import day_series
from engine.model.chart import Timeframe
from engine.model.closing import ClosingRun
from engine.model.errors import DataUnavailable
from engine.model.instants import AsOf
from engine.model.news import StockNews
from engine.model.scan import ScoreStatus
from engine.scoring.closing_bet import closing_filters, closing_size
from engine.scoring.day_trade import day_trade_size
from engine.scoring.gate import gate_history
from engine.scoring.near_miss import closing_near_misses, day_near_misses, vcp_near_misses
from engine.scoring.sectors import sector_returns
from engine.scoring.vcp import scan
from engine.thresholds import Rules
from ralphstock_desktop.services.contracts import ScanPicture
from ralphstock_desktop.services.notice_facts import scan_notices
from ralphstock_desktop.services.recommend import recommend
from ralphstock_desktop.services.strategy.diffs import closing_diff, day_diff, vcp_diff
from ralphstock_desktop.services.strategy.evaluate import Evaluation, evaluate
from ralphstock_desktop.services.strategy.marks import day_marks
from ralphstock_desktop.services.strategy.quantities import histogram_of
from ralphstock_desktop.services.strategy.sources import Sources, day_at
from ralphstock_desktop.services.strategy.stored import closing_record, day_record, rank_rows
from ralphstock_desktop.ui.viewmodels.chart_news import flags_of
from tests.acceptance.recorded import MemoryStore, World

__all__ = ["RUNS", "outputs_at", "symbols_to_explain"]

RUNS: tuple[ClosingRun | None, ...] = (None, *ClosingRun)
EQUITY_KRW = 50_000_000.0


def symbols_to_explain(world: World, ticker: str, evaluations: Sequence[Evaluation]) -> list[int]:
    """The pair's own symbol, and the first of each list."""
    row = world.panel.row_of(ticker)
    assert row is not None
    rows = [row]
    for found in evaluations:
        rows += [int(found.closing.scan.order[0])] if len(found.closing.scan.order) else []
        rows += [int(found.day.scan.order[0])] if len(found.day.scan.order) else []
    return list(dict.fromkeys(rows))


def outputs_at(world: World, ticker: str, as_of: AsOf, rules: Rules) -> dict[str, Any]:
    """Compute everything at an instant; ``ticker`` is explained in full. Raises what the program raises."""
    panel = world.panel
    sources = Sources(MemoryStore(world))  # type: ignore[arg-type]  # the reading side is enough
    known = known_days(panel, as_of)
    found: dict[str, Any] = {"known": known}
    vcp = scan(panel, as_of, rules)
    shown = ScanPicture(vcp, panel, rules, 0.0, int((vcp.ineligible == 0).sum()), 0, int(vcp.pattern.sum()))
    found["vcp"] = vcp
    instant = sources.at(panel, as_of, rules)
    found |= {"session_day": instant.session_day, "collected": instant.collected, "curves": instant.curves}
    plain = evaluate(instant, rules)
    evaluations = {run: plain if run is None else evaluate(instant, rules, run, plain) for run in RUNS}
    for run, result in evaluations.items():
        found |= _of_evaluation(run.value if run else "fitting", result, rules)
    found |= {
        "gate": plain.gate,
        "news": plain.news,
        "stock_news": plain.stock_news,
        "day": (plain.day.scan, plain.day.quotes, plain.day.source, plain.day.own_curve, plain.day_basis.prior),
        "day_near": day_near_misses(plain.day.scan, panel, rules),
        "vcp_near": vcp_near_misses(vcp, panel, rules),
        "sectors_stored": list(sector_returns(panel, plain.gate.reading.day_index, rules)),
        "gate_history": gate_history(panel, instant.series, rules, last_day=known.bar),
        "ranks_stored": rank_rows(vcp, panel.tickers),
        "day_stored": _stored_day(plain, rules),
        "notices": [*scan_notices(None, shown, gate=plain.gate.reading.status), *scan_notices(None, plain.closing)],
        "marks": day_marks(as_of.day, as_of.instant_ns, plain, ()),
    }
    for name in ("vcp.rs_min", "jongga.near_high", "daytrading.spike_full"):
        spec = {"vcp": (1.0, 99.0), "jongga": (0.7, 1.0), "daytrading": (1.0, 10.0)}[name.split(".")[0]]
        found[f"histogram {name}"] = histogram_of(name, _range(*spec), vcp, plain)
    for strategy in ("vcp", "jongga", "both"):
        found[f"recommend {strategy}"] = recommend(
            strategy=strategy,  # type: ignore[arg-type]
            limit=20,
            as_of=as_of,
            vcp=shown,
            closing=plain.closing,
            gate=plain.gate.reading,
            records=None,
            equity_krw=EQUITY_KRW,
        )
    # What else is explained must be the same symbols in both worlds: those of this world's own lists.
    for row in symbols_to_explain(world, ticker, [plain]):
        found |= {f"{panel.tickers[row]} {name}": value for name, value in _of_symbol(world, row, shown, plain, rules, sources)}
    return found


def _range(low: float, high: float) -> Any:
    from engine.threshold_spec import Spec

    return Spec("", low, high, 1.0, "")


def _of_evaluation(run: str, result: Evaluation, rules: Rules) -> dict[str, Any]:
    closing, basis = result.closing, result.closing_basis
    return {
        f"closing {run}": closing,
        f"closing measures {run}": (
            basis.day if not basis.forming else -1,
            basis.run,
            basis.forming,
            basis.measures,
            basis.stock_news,
        ),
        f"closing near {run}": closing_near_misses(closing.scan, closing.panel, rules),
        f"closing stored {run}": closing_record(closing, 0, 0, EQUITY_KRW),
    }


def _stored_day(plain: Evaluation, rules: Rules) -> Any:
    rows = plain.day.scan.order[:30].tolist()
    return day_record(plain.day, rows, 0, 0, EQUITY_KRW, rules)


def _of_symbol(
    world: World, row: int, shown: ScanPicture, plain: Evaluation, rules: Rules, sources: Sources
) -> Iterator[tuple[str, Any]]:
    panel, vcp, instant = world.panel, shown.scan, plain.instant
    ticker, as_of, known = str(panel.tickers[row]), instant.as_of, instant.known
    yield "vcp evidence", explain_vcp(panel, vcp, row, rules)
    yield "overlay", vcp_overlay(panel, vcp, row, rules)
    yield "reasons", signal_reasons(vcp, row)
    news = plain.stock_news.get(ticker)
    if news is None:
        status = ScoreStatus.OK if instant.collected else ScoreStatus.MISSING
        news = StockNews(ticker, status, 0.0 if instant.collected else None, 0.0, 0.0, veto=False, clusters=())
    closing = plain.closing
    scored_with = plain.closing_basis.stock_news.get(ticker, news)
    yield "closing evidence", explain_closing(closing.panel, closing.scan, row, rules, scored_with)
    yield "filters", closing_filters(closing.scan, closing.panel, row, rules)
    yield "sizes", (closing_size(closing.scan, row, EQUITY_KRW, rules), day_trade_size(plain.day.scan, row, EQUITY_KRW, rules))
    yield "checklist", explain_day_trade(panel, plain.day.scan, plain.day_basis.prior, plain.day.quotes, row, rules)
    for timeframe in (Timeframe.DAY, Timeframe.WEEK, Timeframe.MONTH):
        for adjusted in (True, False):
            with suppress(DataUnavailable):
                series = day_series(panel, row, known.bar, timeframe, adjusted=adjusted, flow_day_index=known.flow)
                yield f"chart {timeframe.value} {adjusted}", series
                yield f"flags {timeframe.value} {adjusted}", flags_of(news, series, as_of)
    if known.bar >= 1:
        earlier = AsOf.end_of(day_at(panel, known.bar - 1))
        yield "vcp diff", vcp_diff(panel, ticker, row, earlier, as_of, rules)
        before = evaluate(sources.at(panel, earlier, rules), rules)
        yield "closing diff", closing_diff(ticker, row, before, plain)
        yield "day diff", day_diff(ticker, row, before.day, plain.day, earlier, as_of, rules)

"""The command line: opens the window, imports files, scans and prints, shows the ledger, simulates the broker."""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import os
import sys
import time
from collections.abc import Sequence
from datetime import date
from datetime import time as clock_time
from pathlib import Path
from typing import Any

from engine.model.errors import RalphStockError, UserCancelled, ValidationFailed
from engine.model.instants import AsOf, kst_datetime
from ralphstock_desktop import __version__
from ralphstock_desktop.app.folders import Folders

__all__ = ["main"]

_EXIT_PROBLEM = 1
_EXIT_USAGE = 2
_EXIT_NO_DISPLAY = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code (0 done, 1 a problem that is told, 2 wrong usage, 3 no display)."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except UserCancelled:
        _say("Stopped; what was finished is kept, nothing is half-written.")
        return _EXIT_PROBLEM
    except RalphStockError as error:
        sys.stderr.write(f"ralphstock: {error}\n")
        return _EXIT_PROBLEM
    except BrokenPipeError:
        # The reader of our output (head, less) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        _say("Stopped; what was finished is kept, nothing is half-written.")
        return 130


def _shared(default: object) -> argparse.ArgumentParser:
    """Options that may stand before or after a command; after it, an option not given must not undo one before it.

    ``default`` is what an option not given leaves: None before the command, ``argparse.SUPPRESS`` (nothing) after it.
    """
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        default=default,
        help="folder for data, settings and caches (default: the user's)",
    )
    shared.add_argument(
        "--database",
        metavar="URL",
        default=default,
        help="database of the real market: a file or postgresql://… (default: SQLite)",
    )
    kind = shared.add_mutually_exclusive_group()
    kind.add_argument(
        "--simulated",
        dest="kind",
        action="store_const",
        const="simulated",
        default=default,
        help="look at the simulated market",
    )
    kind.add_argument("--real", dest="kind", action="store_const", const="real", default=default, help="look at your own data")
    return shared


def _parser() -> argparse.ArgumentParser:
    shared = _shared(argparse.SUPPRESS)
    parser = argparse.ArgumentParser(
        prog="ralphstock",
        parents=[_shared(None)],
        description="Trading workstation for the Korean stock market. Without a command the window opens.",
    )
    parser.add_argument("--version", action="version", version=f"RalphStock Desktop {__version__}")
    window = parser.add_argument_group("window")
    window.add_argument("--offscreen", action="store_true", help="draw without a display (for --screenshot)")
    window.add_argument("--screenshot", type=Path, metavar="FILE.png", help="write the window as a picture and end")
    window.add_argument("--size", type=_size, metavar="WxH", help="window size, for example 1280x800")
    window.add_argument("--as-of", type=_day, metavar="DATE", help="look at the end of this day (YYYY-MM-DD)")
    window.add_argument("--symbol", metavar="CODE", help="select this symbol")
    window.add_argument(
        "--live", type=float, metavar="SECONDS", help="with --screenshot: follow the running market so long before the picture"
    )
    window.add_argument("--theme", choices=("system", "dark", "light"), help="for this run only")
    window.add_argument("--language", choices=("ko", "en"), help="for this run only")
    window.add_argument("--direction", choices=("kr", "us", "cb"), help="colours of rise and fall, for this run only")
    window.add_argument("--zoom", type=int, metavar="PERCENT", help="text size 90-200, for this run only")
    parser.set_defaults(run=_open_window)

    commands = parser.add_subparsers(title="commands", metavar="")
    importing = commands.add_parser("import", parents=[shared], help="import files or folders (Parquet, CSV, .gz)")
    importing.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    importing.add_argument("--json", action="store_true", help="print the report as JSON")
    importing.set_defaults(run=_import)

    scanning = commands.add_parser("scan", parents=[shared], help="scan the market and print the signals")
    scanning.add_argument("--as-of", type=_day, metavar="DATE", help="end of this day (default: now)")
    scanning.add_argument("--all", action="store_true", help="every scored symbol, not only detected patterns")
    scanning.add_argument("--json", action="store_true", help="print as JSON")
    scanning.add_argument("--csv", type=Path, metavar="FILE", help="write a CSV that Korean Excel opens")
    scanning.set_defaults(run=_scan)

    asking = commands.add_parser(
        "ask", parents=[shared], help="answer questions from the stored data; nothing is stored, nothing leaves this machine"
    )
    asking.add_argument("questions", nargs="+", metavar="QUESTION", help="in Korean or English; - reads one per line")
    asking.add_argument("--as-of", type=_instant, metavar="TIME", help="YYYY-MM-DD, or with THH:MM for a minute of that day")
    asking.add_argument("--symbol", default="", metavar="CODE", help='the stock meant by "this stock"')
    asking.add_argument("--apart", action="store_true", help="no question refers to the one before it")
    asking.add_argument("--json", action="store_true", help="print answers with every fact they stand on, as JSON")
    asking.set_defaults(run=_ask)

    ledger = commands.add_parser("ledger", parents=[shared], help="show what is stored: coverage, gaps, source, age")
    ledger.add_argument("--json", action="store_true", help="print as JSON")
    ledger.set_defaults(run=_ledger)

    simulating = commands.add_parser(
        "simulate", parents=[shared], help="serve a day of the market as the broker's REST and WebSocket would"
    )
    simulating.add_argument("--day", type=_day, metavar="DATE", help="trading day to replay (default: the last one stored)")
    simulating.add_argument(
        "--port", type=_port, default=8700, metavar="N", help="port on this machine, 0 for a free one (default: 8700)"
    )
    simulating.add_argument(
        "--speed", type=float, default=60.0, metavar="X", help="market seconds per second, up to 600 (default: 60)"
    )
    simulating.add_argument("--start", default="09:00", metavar="HH:MM", help="market time to start at (default: 09:00)")
    simulating.add_argument("--seed", type=int, default=1, metavar="N", help="equal seeds replay equal trades")
    simulating.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME=RATE",
        help="switch on a fault, for example cut=0.01; may be repeated",
    )
    simulating.add_argument("--strict-limits", action="store_true", help="one request a second per api-id instead of five")
    simulating.add_argument(
        "--caps", type=_count, metavar="N", help="items one WebSocket may register (default: 200, 100 per group)"
    )
    simulating.add_argument("--same-token", action="store_true", help="a second token request returns the same token")
    simulating.add_argument("--with-ka10087", action="store_true", help="serve the after-hours book the vendor has deleted")
    simulating.set_defaults(run=_simulate)

    commands.add_parser("warm-up", parents=[shared], help="compile the scan loops once").set_defaults(run=_warm_up)
    return parser


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a date like 2026-05-04") from None
    if day > kst_datetime(time.time_ns()).date():
        raise argparse.ArgumentTypeError(f"{text} lies in the future; a day up to today is expected")
    return day


def _instant(text: str) -> AsOf:
    day, mark, clock = text.partition("T")
    if not mark:
        return AsOf.end_of(_day(day))
    try:
        at = clock_time.fromisoformat(clock)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{clock}' is not a time like 14:30") from None
    instant = AsOf.at(_day(day), at.hour, at.minute, at.second)
    if instant.instant_ns > time.time_ns():
        raise argparse.ArgumentTypeError(f"{text} lies in the future; an instant up to now is expected")
    return instant


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.lower().partition("x")
    if width.isdigit() and height.isdigit() and 320 <= int(width) <= 10_000 and 240 <= int(height) <= 10_000:
        return int(width), int(height)
    raise argparse.ArgumentTypeError(f"'{text}' is not a size like 1280x800")


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65_535:
        return int(text)
    raise argparse.ArgumentTypeError(f"'{text}' is not a port: a number from 0 to 65535 is expected")


def _count(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) >= 1:
        return int(text)
    raise argparse.ArgumentTypeError(f"'{text}' is not a number of items: 1 or more is expected")


def _say(text: str) -> None:
    print(text, flush=True)


def _folders(options: argparse.Namespace) -> Folders:
    folders = Folders.of_user(options.data)
    folders.make()
    return folders


# -- window -------------------------------------------------------------------------------------------------------------


def _open_window(options: argparse.Namespace) -> int:
    if options.offscreen:
        if options.screenshot is None:
            raise ValidationFailed("--offscreen draws no window; say where the picture goes with --screenshot FILE.png.")
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    elif not _has_display():
        sys.stderr.write(
            "ralphstock: this machine has no display (DISPLAY and WAYLAND_DISPLAY are not set). What works here:\n"
            "  ralphstock --offscreen --screenshot ralphstock.png\n"
            "  xvfb-run -a ralphstock\n"
        )
        return _EXIT_NO_DISPLAY
    from ralphstock_desktop.app.logs import start_logging
    from ralphstock_desktop.app.window import WindowOptions, run_window

    folders = _folders(options)
    start_logging(folders.logs)
    chosen = {"theme": options.theme, "language": options.language, "direction": options.direction, "zoom_pct": options.zoom}
    kind = options.kind
    if kind is None and options.database is not None:
        kind = "real"
    return run_window(
        WindowOptions(
            folders=folders,
            database=options.database,
            kind=kind,
            screenshot=options.screenshot,
            size=options.size,
            as_of=options.as_of,
            ticker=options.symbol,
            live_s=options.live,
            settings={key: value for key, value in chosen.items() if value is not None},
        )
    )


def _has_display() -> bool:
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.environ.get("QT_QPA_PLATFORM"))


# -- data ---------------------------------------------------------------------------------------------------------------


def _dataset(options: argparse.Namespace, default: str = "real") -> Any:
    from ralphstock_desktop.app.market_dataset import dataset_makers

    makers = dataset_makers(_folders(options), options.database, time.time_ns)
    return makers["simulated" if (options.kind or default) == "simulated" else "real"]()


class _Bar:
    """Progress on one line of the terminal, in the user's language; plain lines where the output is no terminal."""

    def __init__(self, options: argparse.Namespace) -> None:
        from ralphstock_desktop.app.settings_store import JsonSettings
        from ralphstock_desktop.wording.texts import Texts

        language = JsonSettings(_folders(options).config / "settings.json").get("language")
        self._texts = Texts("en" if language == "en" else "ko")
        self._stage = ""
        self._tty = sys.stderr.isatty()

    def __call__(self, progress: Any) -> None:
        what = self._texts(progress.stage if progress.stage in self._texts else "progress.working")
        share = f"{100 * progress.done / progress.total:3.0f}%" if progress.total else f"{progress.done:,}"
        if self._tty:
            part = f"progress.part.{progress.detail}"
            detail = self._texts(part) if part in self._texts else progress.detail[:60]
            sys.stderr.write(f"\r\x1b[K{what}: {share} {detail}")
            sys.stderr.flush()
        elif progress.stage != self._stage:
            sys.stderr.write(f"{what} …\n")
        self._stage = progress.stage

    def end(self) -> None:
        if self._tty:
            sys.stderr.write("\r\x1b[K")


def _tell_notices(dataset: Any) -> None:
    """Say on stderr what the store has to say, such as a damaged database that was set aside."""
    from ralphstock_desktop.wording.texts import Texts

    texts = Texts("en")
    for notice in dataset.notices():
        sys.stderr.write(f"ralphstock: {texts(notice) if notice in texts else notice}\n")


def _import(options: argparse.Namespace) -> int:
    if options.kind == "simulated":
        raise ValidationFailed("Files are imported into the real market; the simulated one makes its own data.")
    bar = _Bar(options)
    with contextlib.closing(_dataset(options)) as dataset:
        report = dataset.import_files(options.paths, {}, bar)
        _tell_notices(dataset)
        if report.inserted or report.updated:
            with contextlib.suppress(UserCancelled):
                dataset.load_panel(bar)
    bar.end()
    if options.json:
        _say(json.dumps(_plain_report(report), ensure_ascii=False, indent=1))
    else:
        _print_report(report)
    return _EXIT_PROBLEM if report.failed else 0


def _plain_report(report: Any) -> dict[str, Any]:
    return {
        "files": report.files,
        "rows_read": report.rows_read,
        "inserted": report.inserted,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "rejected": report.rejected,
        "seconds": round(report.seconds, 3),
        "datasets": [
            dict(zip(("dataset", "inserted", "updated", "unchanged", "rejected"), row, strict=True))
            for row in report.per_dataset
        ],
        "issues": [
            {"file": str(i.path), "reason": i.reason_key, "rows": i.rows, "rejected": i.rejected, "examples": list(i.examples)}
            for i in report.issues
        ],
        "failed": [{"file": str(path), "error": str(error)} for path, error in report.failed],
        "skipped": [{"file": str(path), "reason": reason} for path, reason in report.skipped],
    }


def _print_report(report: Any) -> None:
    from ralphstock_desktop.wording.texts import Texts

    texts = Texts("en")
    rate = report.rows_read / report.seconds if report.seconds else 0.0
    _say(f"{report.files} files, {report.rows_read:,} rows in {report.seconds:.1f} s ({rate:,.0f} rows/s)")
    _say(
        f"  inserted {report.inserted:,}   updated {report.updated:,}   unchanged {report.unchanged:,}"
        f"   rejected {report.rejected:,}"
    )
    for dataset, inserted, updated, unchanged, rejected in report.per_dataset:
        _say(f"  {dataset:20} +{inserted:>9,}  ~{updated:>8,}  ={unchanged:>9,}  x{rejected:>7,}")
    for issue in report.issues:
        words = texts(issue.reason_key) if issue.reason_key in texts else issue.reason_key
        _say(f"  {'rejected' if issue.rejected else 'noted'} {issue.rows:,} in {issue.path.name}: {words}")
        for example in issue.examples[:3]:
            _say(f"      {example}")
    for path, reason in report.skipped:
        _say(f"  skipped {path.name}: {texts(reason) if reason in texts else reason}")
    for path, error in report.failed:
        _say(f"  FAILED {path.name}: {error}")


def _scan(options: argparse.Namespace) -> int:
    from engine.features import acceleration
    from engine.scoring.vcp import scan
    from engine.thresholds import DEFAULT_RULES
    from ralphstock_desktop.app.records import COLUMNS, scan_records

    bar = _Bar(options)
    with contextlib.closing(_dataset(options)) as dataset:
        try:
            panel = dataset.quick_panel() or dataset.load_panel(bar)
        finally:
            bar.end()
            _tell_notices(dataset)
        acceleration.accelerate()
        as_of = AsOf.end_of(options.as_of) if options.as_of else AsOf(time.time_ns())
        result = scan(panel, as_of, DEFAULT_RULES)
        records = scan_records(panel, result, only_patterns=not options.all)
    day = panel.days[result.day_index].item()
    if options.csv:
        with options.csv.open("w", encoding="utf-8-sig", newline="") as stream:
            writer = csv.DictWriter(stream, COLUMNS)
            writer.writeheader()
            writer.writerows({key: _flat(value) for key, value in record.items()} for record in records)
        _say(f"{len(records)} rows of {day} written to {options.csv}")
    elif options.json:
        _say(json.dumps(records, ensure_ascii=False, indent=1))
    else:
        label = "  SIMULATED DATA" if panel.simulated else ""
        _say(f"{day}  {int(result.pattern.sum())} patterns in {int((result.ineligible == 0).sum())} eligible symbols{label}")
        for r in records:
            _say(
                f"{r['grade']:4} {r['total_score'] if r['total_score'] is not None else '-':>6} {r['ticker']} {r['state']:21}"
                f" {r['name']}  depths {r['depths']}  pivot {r['pivot']}"
                f"  entry {r['entry']} stop {r['stop']} target {r['target']}"
            )
    return 0


def _flat(value: Any) -> Any:
    """One CSV field of a record's value."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def _ask(options: argparse.Namespace) -> int:
    from ralphstock_desktop.app.ask import answer_questions, plain_answer, record

    questions = [line.strip() for text in options.questions for line in (sys.stdin if text == "-" else (text,))]
    asked = answer_questions(
        _folders(options),
        options.database,
        options.kind or "real",
        [question for question in questions if question],
        as_of=options.as_of,
        symbol=options.symbol,
        apart=options.apart,
    )
    if options.json:
        _say(json.dumps([record(one) for one in asked], ensure_ascii=False, indent=1))
    else:
        for one in asked:
            _say(f"> {one.question}\n{plain_answer(one.answer) if one.answer is not None else one.turn.error}\n")
    return _EXIT_PROBLEM if any(one.answer is None for one in asked) else 0


def _ledger(options: argparse.Namespace) -> int:
    with contextlib.closing(_dataset(options)) as dataset:
        ledger = dataset.ledger()
        _tell_notices(dataset)
    rows = [
        {
            "dataset": item.dataset,
            "source": item.source,
            "rows": item.rows,
            "symbols": item.symbols,
            "first_day": str(item.first_day or ""),
            "last_day": str(item.last_day or ""),
            "days": item.days,
            "gaps": [[str(gap.first_day), str(gap.last_day), gap.days] for gap in item.gaps],
        }
        for item in ledger.datasets
    ]
    if options.json:
        _say(
            json.dumps(
                {"database": ledger.database, "bytes": ledger.bytes_on_disk, "datasets": rows}, ensure_ascii=False, indent=1
            )
        )
        return 0
    size = f", {ledger.bytes_on_disk / 1e6:,.0f} MB" if ledger.bytes_on_disk else ""
    _say(f"{ledger.database}{size}")
    for row in rows:
        gaps = f"  {len(row['gaps'])} gaps" if row["gaps"] else ""
        _say(
            f"  {row['dataset']:20} {row['rows']:>10,} rows {row['symbols']:>6,} symbols"
            f"  {row['first_day']} … {row['last_day']}  {row['source']}{gaps}"
        )
    return 0


def _simulate(options: argparse.Namespace) -> int:
    import asyncio

    from ralphstock_desktop.app.market_dataset import has_real_data
    from ralphstock_desktop.app.simulate import SimulatorChoices, load_history, serve
    from ralphstock_desktop.providers.kiwoom_sim.faults import parse_faults

    choices = SimulatorChoices(
        day=options.day,
        start=options.start,
        speed=options.speed,
        seed=options.seed,
        port=options.port,
        strict_limits=options.strict_limits,
        caps=options.caps,
        same_token=options.same_token,
        single_price=options.with_ka10087,
        faults=parse_faults(options.fault),
    )
    bar = _Bar(options)
    default = "real" if has_real_data(_folders(options), options.database) else "simulated"
    with contextlib.closing(_dataset(options, default)) as dataset:
        try:
            history = load_history(dataset, bar)
        finally:
            bar.end()
            _tell_notices(dataset)
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(history, choices, _say))
    _say("The simulator has stopped.")
    return 0


def _warm_up(options: argparse.Namespace) -> int:
    """Run one tiny scan so that the compiled loops are in the compiler's cache before the first real one."""
    del options
    from engine.features import acceleration
    from engine.scoring.vcp import scan
    from engine.thresholds import DEFAULT_RULES
    from ralphstock_desktop.app.records import tiny_panel

    begin = time.perf_counter()
    if not acceleration.accelerate():
        _say("The compiler (numba) is not installed; scans run interpreted.")
        return 0
    panel = tiny_panel()
    scan(panel, AsOf.end_of(panel.days[-1].item()), DEFAULT_RULES)
    _say(f"Scan loops ready ({time.perf_counter() - begin:.1f} s).")
    return 0

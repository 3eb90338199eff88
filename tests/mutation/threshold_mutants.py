"""Mutation check of the thresholds (domain.md §11-8b): move every default by one step and see whether the engine's tests notice.

    python tests/mutation/threshold_mutants.py                      # everything, takes long
    python tests/mutation/threshold_mutants.py --section vcp gate
    python tests/mutation/threshold_mutants.py --only vcp.rs_min    # one mutant, with the test that killed it

A mutant changes one number of the default rules: a slider by its step, the points of a rung by one, a word of the lexicon by
taking it out. It is killed if ``pytest -x`` over the tests of its strategy (``tests/engine/**`` without the recorded market)
fails. The mutation happens before any test or engine module beside the thresholds is imported, so an expectation that is
derived from the rules moves along and proves nothing: such a mutant survives.

Each mutant runs in a forked child of one prepared process. Not for Windows, and no part of the suite.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import signal
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from engine.strategy_thresholds import TaxRate  # noqa: E402
from engine.thresholds import DEFAULT_RULES, Rules, Rung  # noqa: E402

TESTS = ROOT / "tests" / "engine"
_OWN = ("mutants",)
"""Golden cases that were written because a mutant survived."""
_VCP = ("test_golden_trend_strength.py", "test_golden_structure.py", "test_golden_state_plan.py", "test_golden_flows.py",
        "test_golden_adjusted.py", "test_golden_market_model.py", "test_properties.py", "test_twin_agreement.py")  # fmt: skip
SUITES: dict[str, tuple[str, ...]] = {
    "grade": (*_OWN, "test_golden_state_plan.py", "daytrade"),
    "universe": (*_OWN, *_VCP),
    "vcp": (*_OWN, *_VCP),
    "smartmoney": (*_OWN, "test_golden_flows.py", *_VCP),
    "plan": (*_OWN, "test_golden_state_plan.py", "closing", "daytrade", "performance"),
    "jongga": (*_OWN, "closing", "performance"),
    "daytrading": (*_OWN, "daytrade", "performance"),
    "gate": (*_OWN, "gate"),
    "news": (*_OWN, "news"),
    "cost": (*_OWN, "performance"),
    "life": (*_OWN, "performance"),
}
"""Which tests answer for which section of the rules, quickest first."""
NOT_THRESHOLDS = {"life.seed"}
"""Any other number is as good."""
TIMEOUT_S = 600
KILLED, SURVIVED, TIMEOUT, BROKEN = "killed", "survived", "timeout", "broken"


@dataclass(frozen=True)
class Mutant:
    """One changed default."""

    section: str
    field: str
    place: str
    """Position inside a tuple, with what was changed there; empty for a plain number."""
    kind: str
    """``threshold``, ``points``, ``table`` or ``word``"""
    before: Any
    after: Any
    value: Any
    """The whole field's new value."""

    @property
    def name(self) -> str:
        return f"{self.section}.{self.field}{'.' + self.place if self.place else ''}"


def mutants(rules: Rules = DEFAULT_RULES) -> Iterator[Mutant]:
    """Every mutant, in the order of the rules."""
    for section in dataclasses.fields(rules):
        group = getattr(rules, section.name)
        for item in dataclasses.fields(group):
            if f"{section.name}.{item.name}" in NOT_THRESHOLDS:
                continue
            value, spec = getattr(group, item.name), item.metadata.get("spec")
            if not isinstance(value, tuple):
                step = spec.step if spec is not None else 1
                moved = _moved(value, step, spec.high if spec is not None else float("inf"))
                kind = "points" if spec is not None and spec.unit == "points" and item.name.endswith("points") else "threshold"
                yield Mutant(section.name, item.name, "", kind, value, moved, moved)
                continue
            for position, entry in enumerate(value):
                for place, kind, before, after, changed in _entries(entry, spec):
                    whole = value[:position] + (() if changed is None else (changed,)) + value[position + 1 :]
                    name = f"{position}{'.' + place if place else ''}"
                    yield Mutant(section.name, item.name, name, kind, before, after, whole)


def _moved(value: Any, step: float, high: float) -> Any:
    """One step up; down where that would leave the range."""
    delta = max(int(step), 1) if isinstance(value, int) else step
    moved = value + delta if value + delta <= high else value - delta
    return type(value)(round(moved, 9)) if isinstance(value, float) else moved


def _entries(entry: Any, spec: Any) -> Iterator[tuple[str, str, Any, Any, Any]]:
    """What can be changed in one entry of a tuple: (place, kind, before, after, new entry; None takes it out)."""
    if isinstance(entry, Rung):
        moved = _moved(entry.threshold, spec.step, spec.high)
        yield "threshold", "threshold", entry.threshold, moved, Rung(moved, entry.points)
        delta = 0.1 if entry.points <= 1.0 and spec.unit == "h" else 1.0  # weights of ages are shares of one
        yield "points", "points", entry.points, entry.points - delta, Rung(entry.threshold, entry.points - delta)
    elif isinstance(entry, str):
        yield "", "word", entry, "", None
    elif isinstance(entry, TaxRate):
        for name in ("kospi_pct", "kosdaq_pct", "konex_pct"):
            rate = getattr(entry, name)
            yield name, "table", rate, rate + 0.01, dataclasses.replace(entry, **{name: rate + 0.01})
        if entry.settled_from.year > 1:
            later = entry.settled_from + timedelta(days=1)
            yield "settled_from", "table", entry.settled_from, later, dataclasses.replace(entry, settled_from=later)
    elif isinstance(entry, tuple):
        key, number = entry
        share = isinstance(number, float) and number <= 1.0 and key >= 100  # a point of the volume curve
        moved = round(number - 0.01, 9) if share and number >= 1.0 else number + (0.01 if share else 1.0)
        yield "", "table" if share else "points", number, moved, (key, moved)
    else:
        yield "", "points", entry, entry + 1, entry + 1


def apply(mutant: Mutant) -> None:
    """Change the default in this process: the shared default section, and what new sections and rules start from."""
    group = getattr(DEFAULT_RULES, mutant.section)
    cls = type(group)
    object.__setattr__(group, mutant.field, mutant.value)
    names = [field.name for field in dataclasses.fields(cls)]
    defaults = list(cls.__init__.__defaults__ or ())
    defaults[names.index(mutant.field) - (len(names) - len(defaults))] = mutant.value
    cls.__init__.__defaults__ = tuple(defaults)  # type: ignore[misc]
    setattr(cls, mutant.field, mutant.value)
    assert getattr(getattr(Rules(), mutant.section), mutant.field) == getattr(cls(), mutant.field) == mutant.value


def run_tests(mutant: Mutant | None, section: str, quiet: bool = True) -> str:
    """Run the section's tests under one mutant in a child process; None runs them unchanged."""
    arguments = ["-x", "-q", "-m", "not real_data", "-p", "no:cacheprovider", "--no-header", "--rootdir", str(ROOT)]
    arguments += [str(TESTS / name) for name in dict.fromkeys(SUITES[section]) if (TESTS / name).exists()]
    child = os.fork()
    if child == 0:
        code = 99
        try:
            if quiet:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, 1)
                os.dup2(nowhere, 2)
            signal.alarm(TIMEOUT_S)
            if mutant is not None:
                apply(mutant)
            import pytest

            code = int(pytest.main(arguments))
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return TIMEOUT if os.WTERMSIG(status) == signal.SIGALRM else BROKEN
    # 1: a test failed; 2: the tests could not even be collected, which is noticed as well
    return {0: SURVIVED, 1: KILLED, 2: KILLED}.get(os.WEXITSTATUS(status), BROKEN)


def main() -> int:
    """Run the mutants asked for and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--section", nargs="*", default=list(SUITES), choices=list(SUITES))
    parser.add_argument("--kind", nargs="*", default=["threshold", "points", "table", "word"], help="kinds of mutants")
    parser.add_argument("--only", nargs="*", default=[], help="mutants by name")
    parser.add_argument("--out", type=Path, help="append results here as JSON lines")
    parser.add_argument("--again", type=Path, help="run only what survived in this file of results")
    parser.add_argument("--list", action="store_true", help="print the mutants and stop")
    options = parser.parse_args()
    os.chdir(ROOT)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    chosen = [m for m in mutants() if m.section in options.section and m.kind in options.kind]
    chosen = [m for m in chosen if not options.only or m.name in options.only]
    if options.again:
        lines = [json.loads(line) for line in options.again.read_text(encoding="utf-8").splitlines()]
        left = {line["mutant"] for line in lines if line["result"] == SURVIVED}
        chosen = [m for m in chosen if m.name in left]
    if options.list:
        print("\n".join(f"{m.name}: {m.before} -> {m.after} ({m.kind})" for m in chosen))
        return 0
    import numpy as np  # noqa: F401  # loaded once, before the children are forked
    import pandas as pd  # noqa: F401
    import pytest  # noqa: F401

    for section in dict.fromkeys(m.section for m in chosen):
        if run_tests(None, section) != SURVIVED:
            print(f"the unchanged tests of '{section}' fail; nothing can be said about its mutants")
            return 1
    counted: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for number, mutant in enumerate(chosen, start=1):
        begin = time.monotonic()
        result = run_tests(mutant, mutant.section, quiet=not options.only)
        counted[mutant.section, mutant.kind][result] += 1
        seconds = time.monotonic() - begin
        print(
            f"{number}/{len(chosen)} {result:8} {mutant.name}: {mutant.before} -> {mutant.after} ({seconds:.1f} s)", flush=True
        )
        if options.out:
            line = {"mutant": mutant.name, "kind": mutant.kind, "section": mutant.section, "result": result,
                    "before": str(mutant.before), "after": str(mutant.after), "seconds": round(seconds, 1)}  # fmt: skip
            with options.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
    print(f"\n{'section':12} {'kind':10} killed   of   share")
    everything: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for (section, kind), results in counted.items():
        dead, total = results[KILLED] + results[TIMEOUT], sum(results.values())
        for key in (kind, "all"):
            everything[key][0] += dead
            everything[key][1] += total
        print(f"{section:12} {kind:10} {dead:6} {total:4} {100 * dead / total:6.1f} %")
    for kind, (dead, total) in everything.items():
        print(f"{'all':12} {kind:10} {dead:6} {total:4} {100 * dead / total:6.1f} %")
    dead, total = everything["all"]
    return 0 if dead >= 0.8 * total else 1


if __name__ == "__main__":
    raise SystemExit(main())

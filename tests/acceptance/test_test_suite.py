"""Reported issues 7 and 8 (domain.md §11): no prints, no handlers, and tests that can fail."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.source_trees import parsed

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("engine", "ralphstock_desktop")
TESTS = [file for file in sorted((ROOT / "tests").rglob("test_*.py")) if "conformance" not in file.parts]


def _functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(parsed(file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node


def _says(node: ast.AST) -> bool:
    """Whether a body can fail: an assertion, an expected exception or warning, a call of a check of the file."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assert | ast.Raise):
            return True
        if isinstance(inner, ast.Call):
            name = ast.unparse(inner.func)
            if re.search(
                r"(raises|warns|fail|assert\w*|waitUntil|waitSignal|check\w*|same|agree\w*|expect\w*)$", name, re.IGNORECASE
            ):
                return True
    return False


def test_no_test_is_empty() -> None:
    """8c. A body without a statement that does something proves nothing."""
    empty = []
    for file in TESTS:
        for function in _functions(file):
            body = [
                node
                for node in function.body
                if not isinstance(node, ast.Pass) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
            ]
            if not body:
                empty.append(f"{file.relative_to(ROOT)}:{function.lineno} {function.name}")
    assert not empty, "\n".join(empty)


def test_every_test_can_fail() -> None:
    silent = []
    for file in TESTS:
        helpers = {
            node.name
            for node in ast.walk(parsed(file))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("test_") and _says(node)
        }
        for function in _functions(file):
            called = {ast.unparse(node.func).rsplit(".", 1)[-1] for node in ast.walk(function) if isinstance(node, ast.Call)}
            if not _says(function) and not called & helpers:
                silent.append(f"{file.relative_to(ROOT)}:{function.lineno} {function.name}")
    assert len(silent) <= SILENT_BY_HELPERS, "\n".join(silent)


SILENT_BY_HELPERS = 60
"""Tests whose assertions stand in helpers of other modules. A ceiling: it may only fall."""


def test_no_ordinary_test_measures_time() -> None:
    """Times belong to ``tests/perf``: a busy machine must not fail a test. Limits against hanging use ``monotonic``."""
    timed = {"perf_counter", "perf_counter_ns", "process_time", "process_time_ns", "thread_time", "thread_time_ns"}
    found = []
    for file in TESTS:
        if "perf" in file.parts:
            continue
        for node in ast.walk(parsed(file)):
            name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
            if name in timed:
                found.append(f"{file.relative_to(ROOT)}:{node.lineno} {name}")  # type: ignore[attr-defined]
    assert not found, "\n".join(found)


def test_no_scoring_test_rests_on_mocks() -> None:
    """8c. Scores are tested on numbers; nothing of the engine is ever mocked."""
    found = []
    for file in sorted((ROOT / "tests" / "engine").rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        if re.search(r"\b(unittest\.mock|MagicMock|Mock\(|mocker\b)", text):
            found.append(str(file.relative_to(ROOT)))
    assert not found


@pytest.mark.parametrize(
    ("property_", "words"),
    [
        ("determinism", r"same_question_has_the_same_answer|twice|deterministic|order_of_symbols"),
        ("truncation", r"truncat|future_changes_nothing|later_days_change_nothing|future"),
        ("monotonicity", r"never_(takes|lowers|loses)|more_.*never|monoton|higher_never"),
        ("missing never helps", r"missing.*never_help|missing_.*help"),
    ],
)
@pytest.mark.parametrize("strategy", [".", "closing", "daytrade"])
def test_each_strategy_has_its_property_tests(strategy: str, property_: str, words: str) -> None:
    """8d. Each scorer of points proves the four properties somewhere in its tests."""
    folder = ROOT / "tests" / "engine" / strategy
    files = [
        *folder.glob("test_*.py"),
        *(ROOT / "tests" / "engine" / "mutants").glob("test_vcp*.py" if strategy == "." else "-"),
    ]
    named = [function.name for file in files for function in _functions(file) if re.search(words, function.name)]
    assert named, f"no test of {property_} in {folder}"


def test_nothing_prints() -> None:
    """7a. Only the command line speaks to the terminal."""
    found = []
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            place = file.relative_to(ROOT).as_posix()
            for node in ast.walk(parsed(file)):
                prints = isinstance(node, ast.Call) and ast.unparse(node.func) in {"print", "pprint.pprint", "sys.stdout.write"}
                if prints and place != "ralphstock_desktop/app/cli.py":
                    found.append(f"{place}:{node.lineno}")
    assert not found, "\n".join(found)


def test_importing_any_module_adds_no_log_handler() -> None:
    """7b. Every module of the program, in a fresh interpreter."""
    code = (
        "import importlib, logging, pkgutil, sys\n"
        "bad, skipped = [], []\n"
        "for package in ('engine', 'ralphstock_desktop'):\n"
        "    root = importlib.import_module(package)\n"
        "    for info in pkgutil.walk_packages(root.__path__, package + '.'):\n"
        "        if info.name.endswith('__main__') or '.migrations.' in info.name:\n"
        "            continue\n"
        "        try:\n"
        "            importlib.import_module(info.name)\n"
        "        except ModuleNotFoundError as error:\n"
        "            if str(error.name).startswith(('engine', 'ralphstock')): raise\n"
        "            skipped.append(info.name)\n"
        "        if logging.getLogger().handlers: bad.append(info.name); logging.getLogger().handlers.clear()\n"
        "print(len(sys.modules), bad, skipped)\n"
        "sys.exit(bool(bad))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_log_line_says_when_how_grave_and_who_and_the_file_rotates(tmp_path: Path) -> None:
    """7c. In a process of its own, because logging belongs to the whole process."""
    code = (
        "import logging, sys; from pathlib import Path\n"
        "from ralphstock_desktop.app.logs import start_logging\n"
        "folder = Path(sys.argv[1]); start_logging(folder)\n"
        "handler = logging.getLogger().handlers[-1]\n"
        "assert (handler.maxBytes, handler.backupCount) == (10_000_000, 5), handler\n"
        "log = logging.getLogger('ralphstock.somewhere')\n"
        "log.warning('token=%s', 'planted-secret-77')\n"
        "line = 'x ' * 500_000\n"
        "for number in range(75): log.info('%d %s', number, line)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    files = sorted(tmp_path.glob("ralphstock.log*"))
    assert len(files) == 6 and all(file.stat().st_size <= 10_000_000 for file in files)
    assert not any("planted-secret" in file.read_text(encoding="utf-8") for file in files)
    first = files[0].read_text(encoding="utf-8").split("\n", 1)[0]
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO ralphstock\.somewhere \[MainThread\] \d+ x", first), first[:100]

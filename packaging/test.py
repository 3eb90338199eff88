"""Sets everything up and runs all tests.

Usage: python3 packaging/test.py [options of pytest]

Without options all tests run, in several processes. A few that failed there are run once more, one after another, and that
result counts: see docs/decisions/011-failed-tests-once-more.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from bootstrap import (
    PYTHON,
    QT_PACKAGES,
    ROOT,
    TEST_PACKAGES,
    SetupFailed,
    check_python,
    debian_packages,
    environment,
    say,
)

_MOST_PROCESSES = 4
"""Each takes about 2 GB."""

_FAILED = ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed"
_MOST_AGAIN = 5
"""More failures than this are no accident of a busy machine."""
_TESTS_FAILED = 1
"""Exit code of pytest for failed tests; others are interruptions and errors of usage."""


def main() -> int:
    try:
        check_python()
        debian_packages([*QT_PACKAGES, *TEST_PACKAGES])
        environment("dev")
    except SetupFailed as problem:
        say(f"Stopped. {problem}")
        return 1
    arguments = sys.argv[1:]
    everything = not arguments
    if everything:
        processes = max(1, min(os.cpu_count() or 1, _MOST_PROCESSES))
        say(
            f"Running all tests off-screen in {processes} processes, with line coverage. "
            "Tests that need recorded market data skip where it is absent."
        )
        # A file's tests stay together: many share a market that takes seconds to make. In the order of the folders the long
        # acceptance tests come first; by the number of tests they would come last and leave the other processes idle.
        arguments = ["-n", str(processes), "--dist", "loadfile", "--no-loadscope-reorder"]
        arguments += ["--cov", "--cov-report=term:skip-covered"]
    settings = {**os.environ, "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen")}
    code = subprocess.call([str(PYTHON), "-m", "pytest", *arguments], cwd=ROOT, env=settings)
    if not everything or code != _TESTS_FAILED:
        return code
    failed = _failed()
    if not 0 < len(failed) <= _MOST_AGAIN:
        return code
    say(f"{len(failed)} failed beside others and run once more, one after another: {', '.join(failed)}")
    again = subprocess.call([str(PYTHON), "-m", "pytest", "--last-failed", "-v"], cwd=ROOT, env=settings)
    if again == 0:
        say(f"UNSTABLE, passed alone: {', '.join(failed)}. Each depends on time, load or order and should be mended.")
    return again


def _failed() -> list[str]:
    """Tests that failed in the last run, as pytest names them."""
    try:
        return sorted(json.loads(_FAILED.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return []


if __name__ == "__main__":
    sys.exit(main())

"""Sets everything up and runs all tests.

Usage: python3 packaging/test.py [options of pytest]
"""

from __future__ import annotations

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


def main() -> int:
    try:
        check_python()
        debian_packages([*QT_PACKAGES, *TEST_PACKAGES])
        environment("dev")
    except SetupFailed as problem:
        say(f"Stopped. {problem}")
        return 1
    arguments = sys.argv[1:]
    if not arguments:
        processes = max(1, min(os.cpu_count() or 1, _MOST_PROCESSES))
        say(
            f"Running all tests off-screen in {processes} processes, with line coverage. "
            "Tests that need recorded market data skip where it is absent."
        )
        # A file's tests stay together: many share a market that takes seconds to make.
        arguments = ["-n", str(processes), "--dist", "loadfile", "--cov", "--cov-report=term:skip-covered"]
    settings = {**os.environ, "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen")}
    return subprocess.call([str(PYTHON), "-m", "pytest", *arguments], cwd=ROOT, env=settings)


if __name__ == "__main__":
    sys.exit(main())

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
        say("Running all tests off-screen, with line coverage. Tests that need recorded market data skip where it is absent.")
        arguments = ["--cov", "--cov-report=term:skip-covered"]
    settings = {**os.environ, "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "offscreen")}
    return subprocess.call([str(PYTHON), "-m", "pytest", *arguments], cwd=ROOT, env=settings)


if __name__ == "__main__":
    sys.exit(main())

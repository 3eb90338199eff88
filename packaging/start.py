"""Sets everything up and starts the workstation on its simulated market: no account, no key, no server.

Usage: python3 packaging/start.py [options of the workstation, see --help]
"""

from __future__ import annotations

import subprocess
import sys

from bootstrap import PYTHON, QT_PACKAGES, ROOT, SetupFailed, check_python, debian_packages, environment, has_display, say


def main() -> int:
    arguments = sys.argv[1:]
    try:
        check_python()
        debian_packages(QT_PACKAGES)
        environment("runtime")
    except SetupFailed as problem:
        say(f"Stopped. {problem}")
        return 1
    if not arguments and not has_display():
        say("This machine has no display, so no window can be opened. What works here:")
        print(
            "\n  python3 packaging/start.py --offscreen --screenshot ralphstock.png    # draws the window into a picture"
            "\n  xvfb-run -a python3 packaging/start.py                                # a window on a virtual screen"
            " (apt-get install xvfb xauth)\n",
            flush=True,
        )
        return 3
    if not arguments:
        say("Starting the workstation. Close the window or press Ctrl+C to end.")
    return subprocess.call([str(PYTHON), "-m", "ralphstock_desktop", *arguments], cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main())

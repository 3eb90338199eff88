"""``python -m ralphstock_desktop``."""

import multiprocessing
import sys

from ralphstock_desktop.app.cli import main

if __name__ == "__main__":
    multiprocessing.freeze_support()  # in an installed program a worker process starts here too
    sys.exit(main())

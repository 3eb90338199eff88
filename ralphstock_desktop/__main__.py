"""``python -m ralphstock_desktop``."""

import sys

from ralphstock_desktop.app.cli import main

if __name__ == "__main__":
    sys.exit(main())

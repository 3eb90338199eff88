"""One log file per user, rotated at 10 MB × 5, with secrets masked. Configured only here."""

from __future__ import annotations

import faulthandler
import logging
import re
from logging.handlers import RotatingFileHandler
from pathlib import Path

__all__ = ["start_logging"]

_SECRET = re.compile(
    r"(?i)(authorization|\w*token|\w*secret\w*|app_?key|api[_-]?key|password|passwd)(\W{1,4})(bearer\s+)?[^\s'\",;&}]+"
)
_URL_PASSWORD = re.compile(r"(://[^:/@\s]+:)[^@\s]+@")


class _MaskSecrets(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        masked = _URL_PASSWORD.sub(r"\1***@", _SECRET.sub(r"\1\2***", text))
        if masked != text:
            record.msg, record.args = masked, ()
        return True


def start_logging(folder: Path, *, verbose: bool = False) -> Path:
    """Write the program's log to ``folder`` and crashes of the interpreter beside it; return the log file."""
    file = folder / "ralphstock.log"
    handler = RotatingFileHandler(file, maxBytes=10_000_000, backupCount=5, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s [%(threadName)s] %(message)s"))
    handler.addFilter(_MaskSecrets())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if verbose else logging.INFO)
    # A line per request or frame is no news, and the socket library would write the login with its token at DEBUG.
    for library in ("alembic", "httpx", "httpcore", "websockets", "aiohttp", "asyncio"):
        logging.getLogger(library).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    faulthandler.enable((folder / "crash.log").open("a", encoding="utf-8"))
    return file

"""What all tests share: the recorded market data, one application object, and the rule that nothing is left behind."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

ROOT = Path(__file__).resolve().parent.parent
RECORDED = Path(os.environ.get("RALPHSTOCK_DATA", ROOT.parent / "shared" / "data"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Benchmarks run only when asked for (``-m perf``); tests on recorded data skip where the data are absent."""
    wants_perf = "perf" in (config.getoption("-m") or "")
    no_data = pytest.mark.skip(reason=f"the recorded market data are not at {RECORDED} (set RALPHSTOCK_DATA to their folder)")
    no_perf = pytest.mark.skip(reason="a benchmark: run with -m perf")
    for item in items:
        if "real_data" in item.keywords and not (RECORDED / "prices" / "daily_raw.parquet").exists():
            item.add_marker(no_data)
        if "perf" in item.keywords and not wants_perf:
            item.add_marker(no_perf)


def pytest_collection_finish() -> None:
    """Take what is imported by now out of the collector's sight: it runs after every test of a widget."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def recorded_data() -> Path:
    """Folder of the recorded market data; use together with the ``real_data`` marker."""
    return RECORDED


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    """Arguments of the one application object."""
    return ["ralphstock-tests"]


_ALLOWED_THREADS = ("MainThread", "pytest", "asyncio", "ThreadPoolExecutor", "pg-", "hypothesis")


@pytest.fixture(autouse=True)
def _no_threads_left() -> Iterator[None]:
    """Fail a test that leaves a thread running, and name the thread."""
    before = set(threading.enumerate())
    yield
    left = [t for t in threading.enumerate() if t not in before and t.is_alive() and not t.name.startswith(_ALLOWED_THREADS)]
    for thread in left:
        thread.join(timeout=10)
    left = [t for t in left if t.is_alive()]
    assert not left, f"threads left running: {[t.name for t in left]}"


@pytest.fixture(autouse=True)
def _pointer_away(request: pytest.FixtureRequest) -> None:
    """Begin with the pointer over no window: a table under it holds its order, whichever test left it there."""
    if "qtbot" in request.fixturenames or "qapp" in request.fixturenames:
        request.getfixturevalue("qapp")
        from PySide6.QtGui import QCursor

        QCursor.setPos(-500, -500)


@pytest.fixture(autouse=True)
def _no_widgets_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a top-level widget visible."""
    yield
    if "qtbot" not in request.fixturenames and "qapp" not in request.fixturenames:
        return
    from PySide6.QtWidgets import QApplication

    gc.collect()
    left = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
    names = [type(w).__name__ for w in left]
    for widget in left:
        widget.close()
        widget.deleteLater()
    assert not left, f"top-level widgets left visible: {names}"

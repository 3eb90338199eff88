"""Starts the window: application object, event loop, services, first paint, then data.

Order of a start: Qt and NumPy are loaded, the empty window is painted, the panel is mapped and scanned on a worker, and only
then are the database library and everything else loaded. ``RALPHSTOCK_TIMINGS=1`` prints when each step was reached.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import importlib
import logging
import os
import platform
import sys
import threading
import time
import traceback
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

import PySide6
from PySide6.QtCore import QLockFile, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtNetwork import QLocalServer, QLocalSocket
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from engine.model.errors import RalphStockError, StorageError
from engine.model.instants import AsOf
from engine.model.instruments import normalize_ticker
from engine.model.panel import MarketPanel
from ralphstock_desktop import __version__
from ralphstock_desktop.app.assistant import open_assistant
from ralphstock_desktop.app.folders import Folders, read_history, write_atomically
from ralphstock_desktop.app.market_dataset import dataset_makers, display_of, has_real_data
from ralphstock_desktop.app.news import NewsWiring
from ralphstock_desktop.app.settings_store import JsonSettings
from ralphstock_desktop.app.strategies import open_strategies
from ralphstock_desktop.services.contracts import DatasetKind, Empty, Failed, Loading, Ready, SettingValue
from ralphstock_desktop.services.live.service import LiveService
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.services.workstation import WorkstationService
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.main_window import MainWindow
from ralphstock_desktop.ui.stylesheet import ApplicationStyle
from ralphstock_desktop.ui.window_parts import WindowParts

__all__ = ["WindowOptions", "run_window"]

_log = logging.getLogger(__name__)
_STEP_S = 10.0
_PICTURE_SIZE = (1600, 960)
_SETTLE_AFTER_S = 3.0
_MOVES_WITHIN_S = 4.0
"""Longest wait of the assistant for the first live value of the simulated market."""
_GENERATES_AFTER_S = 1.0
"""No signals by then: the market is being generated."""


@dataclass(frozen=True)
class WindowOptions:
    """What the command line asked for."""

    folders: Folders
    database: str | None = None
    kind: DatasetKind | None = None
    screenshot: Path | None = None
    size: tuple[int, int] | None = None
    as_of: date | None = None
    ticker: str | None = None
    live_s: float | None = None
    """With a picture: how long the running market is followed before it is taken; None takes it without one."""
    settings: dict[str, SettingValue] | None = None
    """Settings for this run only, such as theme and language."""


class _Timings:
    """When each step of the start was reached, in milliseconds since the process began."""

    def __init__(self) -> None:
        self._wanted = bool(os.environ.get("RALPHSTOCK_TIMINGS"))
        self._begin = _process_start()

    def reached(self, step: str) -> None:
        if self._wanted:
            sys.stderr.write(f"[start] {1e3 * (time.time() - self._begin):7.0f} ms  {step}\n")
            sys.stderr.flush()


def _process_start() -> float:
    """Instant (epoch seconds) at which this process was started; now where the system does not tell."""
    try:
        fields = Path("/proc/self/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        uptime = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
        return time.time() - (uptime - int(fields[19]) / os.sysconf("SC_CLK_TCK"))
    except (OSError, IndexError, ValueError, AttributeError):
        return time.time()


class _Garbage:
    """Collects garbage on the GUI thread only: Qt objects must not be destroyed by a collection on a worker.

    What is loaded with the program stays until its end; looking through all of it each time would hold the window up.
    """

    def __init__(self) -> None:
        gc.disable()
        self._timer = QTimer()
        self._timer.setInterval(1_000)
        self._timer.timeout.connect(self._collect)
        self._timer.start()

    def _collect(self) -> None:
        counts, limits = gc.get_count(), gc.get_threshold()
        for generation in (2, 1, 0):
            if counts[generation] > limits[generation]:
                gc.collect(generation)
                return

    def leave_alone(self) -> None:
        """Never look again at what is there now."""
        gc.freeze()

    def stop(self) -> None:
        self._timer.stop()
        gc.unfreeze()
        gc.enable()


class _Single:
    """One window per data folder: a second start raises the first window and ends."""

    def __init__(self, folder: Path) -> None:
        self._lock = QLockFile(str(folder / "window.lock"))
        self._lock.setStaleLockTime(0)
        self._name = f"ralphstock-{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"
        self._server: QLocalServer | None = None

    def take(self) -> bool:
        """Whether this process is the only one; otherwise the other one is asked to show itself."""
        if self._lock.tryLock(0):
            return True
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if socket.waitForConnected(500):
            socket.write(b"raise")
            socket.waitForBytesWritten(500)
        return False

    def listen(self, raise_window: Callable[[], None]) -> None:
        QLocalServer.removeServer(self._name)
        self._server = QLocalServer()
        self._server.newConnection.connect(raise_window)
        self._server.listen(self._name)

    def release(self) -> None:
        if self._server is not None:
            self._server.close()
        self._lock.unlock()


def run_window(options: WindowOptions) -> int:
    """Open the window and run until it is closed; return the exit code of the process."""
    timings = _Timings()
    timings.reached("modules loaded")
    QGuiApplication.setDesktopFileName("ralphstock")
    application = QApplication(sys.argv[:1])
    application.setQuitOnLastWindowClosed(False)  # the run ends in order, not by the last window
    application.setApplicationName("RalphStock")
    application.setApplicationVersion(__version__)
    single = _Single(options.folders.data)
    if options.screenshot is None and not single.take():
        sys.stderr.write("RalphStock is already open for this data folder; its window was brought to the front.\n")
        return 0
    loop = QEventLoop(application)
    asyncio.set_event_loop(loop)
    window_run = _WindowRun(application, loop, options, single, timings)
    try:
        with loop:
            return cast(int, loop.run_until_complete(window_run.run()))
    finally:
        single.release()


class _WindowRun:
    """One run of the window, from first paint to ordered shutdown."""

    def __init__(
        self,
        application: QApplication,
        loop: asyncio.AbstractEventLoop,
        options: WindowOptions,
        single: _Single,
        timings: _Timings,
    ) -> None:
        self._application, self._loop, self._options, self._single, self._timings = (
            application,
            loop,
            options,
            single,
            timings,
        )
        self._settings = JsonSettings(options.folders.config / "settings.json", options.settings)
        self._layout_file = options.folders.config / "layout.json"
        self._workers = Workers()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed: asyncio.Future[int] = loop.create_future()
        self._market_there: asyncio.Future[None] = loop.create_future()
        self._live_there: asyncio.Future[None] = loop.create_future()
        """Done with the first live value."""
        self._garbage = _Garbage()
        self._look = Appearance()
        self._style = ApplicationStyle(application, self._look, options.folders.cache)
        self._workstation = WorkstationService(
            dataset_makers(options.folders, options.database, time.time_ns),
            self._workers,
            time.time_ns,
            options.folders.data,
            settle_after_s=_SETTLE_AFTER_S,
        )
        self._workstation.clock_of = self._clock_of
        self._live = self._make_live() if options.live_s is not None or options.screenshot is None else None
        market_ns = self._live.market_ns if self._live is not None else time.time_ns
        self._strategies = open_strategies(
            self._workstation, self._settings, self._workers, self._present_ns, self._present_ns, options.folders.cache
        )
        self._assistant, self._watch = open_assistant(
            self._workstation, self._settings, self._workers, self._strategies.notices, time.time_ns, self._present_ns
        )
        self._news: NewsWiring | None = None
        self._window = MainWindow(
            WindowParts(
                workstation=self._workstation,
                settings=self._settings,
                appearance=self._look,
                spawn=self.spawn,
                now_ns=market_ns,
                save_layout=self._save_layout,
                write_file=_write_file,
                memory_bytes=_memory_bytes,
                facts=_facts(options),
            )
        )

    async def run(self) -> int:
        """Show the window, start the market, wait for the end, shut down in order."""
        self._hook_errors()
        window, options = self._window, self._options
        if options.size is not None or options.screenshot is not None:
            window.resize(*(options.size or _PICTURE_SIZE))
        else:
            available = self._application.primaryScreen().availableGeometry()
            window.resize(min(1600, available.width()), min(960, available.height()))
        window.open_layout([] if options.screenshot else read_history(self._layout_file))
        window.show()
        await _painted()
        self._timings.reached("first window painted")
        self._application.aboutToQuit.connect(self._end)
        self._application.lastWindowClosed.connect(self._end)
        self._single.listen(self._raise)
        ready = self._first_signals()
        kind = options.kind or self._stored_kind()
        if self._live is not None and kind == "simulated":
            self._live.announce("simulator")
        self.spawn(self._workstation.start(kind), "start")
        if not self._settings.get("first_run_done") and options.kind is None and options.screenshot is None:
            window.show_first_run()
        window.make_panels()
        if self._live is not None:
            self.spawn(self._start_live(self._live, ready), "start the live market")
        self.spawn(self._start_assistant(ready), "start the assistant")
        if options.screenshot is not None:
            self.spawn(self._picture(options.screenshot, ready), "screenshot")
        code = await self._closed
        await self._shut_down()
        return code

    def _stored_kind(self) -> DatasetKind:
        """Market of the last run; before any choice the user's own data if there are any, else the simulated market."""
        if self._settings.get("first_run_done") or not self._settings.is_default("dataset"):
            return "real" if self._settings.get("dataset") == "real" else "simulated"
        return "real" if has_real_data(self._options.folders, self._options.database) else "simulated"

    def _first_signals(self) -> asyncio.Future[None]:
        """Become done when the first scan has been painted (or cannot be)."""
        done: asyncio.Future[None] = self._loop.create_future()
        workstation = self._workstation

        def on_state(state: object) -> None:
            if isinstance(state, Ready | Empty | Failed) and not done.done():
                self._timings.reached(f"first scan: {type(state).__name__.lower()}")
                done.set_result(None)

        def on_market(picture: Any) -> None:
            self._timings.reached("market panel mapped")
            if not self._market_there.done():
                self._market_there.set_result(None)
            # A simulated market that was shown for want of data is no choice; what is imported later shall be seen.
            chosen = picture.kind == "real" or self._settings.get("first_run_done")
            if chosen and self._settings.get("dataset") != picture.kind and self._options.kind is None:
                self._settings.set("dataset", picture.kind)

        self._listeners = (
            workstation.scan_state.subscribe(on_state, replay=False),
            workstation.market.subscribe(on_market),
        )
        self.spawn(self._report_first_signals(done), "timings")
        return done

    def _make_live(self) -> LiveService:
        from ralphstock_desktop.app.live import open_live

        live = open_live(self._workstation, self._settings, self._workers, self._options.folders, self.spawn, self._tell_later)
        self._workstation.live = live
        return live

    async def _start_live(self, live: LiveService, ready: asyncio.Future[None]) -> None:
        """Connect the running market once the first signals are on screen.

        A market that has to be generated first takes seconds: meanwhile the client and the simulator are loaded, and the market
        goes live as soon as it is there, beside its first scan.
        """
        try:
            await asyncio.wait_for(asyncio.shield(ready), _GENERATES_AFTER_S)
        except TimeoutError:
            await self._workers.read(_load_live_parts)
            await self._market_there
        await _painted()
        first = self._live_there

        def on_frame(_frame: object) -> None:
            if not first.done():
                first.set_result(None)

        subscription = live.frames.subscribe(on_frame, replay=False)
        await live.start()
        self._strategies.follow_live()
        self._watch.follow_live()
        self._news = NewsWiring(self._workstation, self._strategies, self._settings, self._workers, live.registry, self.spawn)
        self._news.start()
        self._timings.reached("live market started")
        await first
        subscription.close()
        self._timings.reached("first live value")

    async def _start_assistant(self, ready: asyncio.Future[None]) -> None:
        """Watch lists, alerts and conversations come after the first scan is on screen.

        In the simulated market prices move first: what is loaded here takes the interpreter from the simulator's thread.
        """
        await asyncio.wait({ready})
        picture = self._workstation.market.last
        if picture is not None and picture.kind == "simulated":
            await asyncio.wait({self._live_there}, timeout=_MOVES_WITHIN_S)
        self._watch.start()
        self._assistant.start()

    def _present_ns(self) -> int:
        """The clock of the market on screen: what "now" means in it."""
        picture = self._workstation.market.last
        return time.time_ns() if picture is None else self._clock_of(picture.panel)

    def _clock_of(self, panel: MarketPanel) -> int:
        """The clock of a market: this machine's, the replay's of a simulated one.

        A simulated market whose replay does not run (yet) stands at the end of its last stored day: the day that is replayed
        may be today, and by this machine's clock it would be over before it begins.
        """
        live = self._live
        if not panel.simulated or live is None:
            return time.time_ns()
        if live.simulation is not None:
            return live.market_ns()
        return min(time.time_ns(), AsOf.end_of(panel.days[-1].astype("datetime64[D]").item()).instant_ns)

    def _tell_later(self, error: BaseException) -> None:
        self._loop.call_soon_threadsafe(self._tell, error, "the simulator")

    async def _report_first_signals(self, done: asyncio.Future[None]) -> None:
        await done
        await _painted()
        self._timings.reached("first signals painted")
        self._garbage.leave_alone()  # modules and the panels of the first screen

    # -- picture --------------------------------------------------------------------------------------------------------

    async def _picture(self, file: Path, ready: asyncio.Future[None]) -> None:
        """Wait for the signals, look at what was asked for, and write the window as a picture."""
        await ready
        workstation = self._workstation
        if self._options.as_of is not None:
            workstation.set_as_of(AsOf.end_of(self._options.as_of))
            while isinstance(workstation.scan_state.last, Loading):
                await asyncio.sleep(0.01)
        await self._strategies.idle()
        problem = ""
        if self._options.ticker is not None:
            problem = self._choose(self._options.ticker)
        if self._options.live_s is not None:
            await asyncio.sleep(self._options.live_s)
        for _ in range(20):
            await _painted()
        saved = self._window.grab().save(str(file))
        state = workstation.scan_state.last
        if not saved:
            sys.stderr.write(f"The picture could not be written to {file}.\n")
        if isinstance(state, Failed):
            sys.stderr.write(f"The scan failed: {state.error}\n")
        if problem:
            sys.stderr.write(f"{problem}\n")
        self._end(0 if saved and not isinstance(state, Failed) and not problem else 1)

    def _choose(self, text: str) -> str:
        """Select the symbol the command line named; return what is wrong with it, else nothing."""
        try:
            ticker = normalize_ticker(text)
        except RalphStockError as error:
            return str(error)
        picture = self._workstation.market.last
        if picture is None or picture.panel.row_of(ticker) is None:
            return f"There is no symbol {ticker} in this market."
        self._workstation.select(ticker, "command line")
        return ""

    # -- errors ---------------------------------------------------------------------------------------------------------

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run a named task; an expected error is told to the user, another one is reported as a bug."""
        task = self._loop.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._on_done)
        return task

    def _on_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        self._tell(error, f"task '{task.get_name()}'")

    def _hook_errors(self) -> None:
        sys.excepthook = lambda _kind, error, _trace: self._tell(error, "the window")
        threading.excepthook = lambda arguments: self._loop.call_soon_threadsafe(
            self._tell, arguments.exc_value, f"thread {arguments.thread.name if arguments.thread else '?'}"
        )
        self._loop.set_exception_handler(
            lambda _loop, context: self._tell(context.get("exception"), str(context.get("message", "the event loop")))
        )

    def _tell(self, error: BaseException | None, place: str) -> None:
        if error is None or isinstance(error, asyncio.CancelledError):
            return
        if isinstance(error, KeyboardInterrupt):
            self._end()
            return
        if isinstance(error, RalphStockError):
            _log.warning("%s: %s", place, error)
            self._window.show_error(error)
            return
        report = "".join(traceback.format_exception(error))
        _log.error("%s failed\n%s", place, report)
        head = "\n".join(f"{name}: {value}" for name, value in _facts(self._options).items())
        self._window.show_report(f"{head}\n\n{place}\n{report}")

    # -- end ------------------------------------------------------------------------------------------------------------

    def _raise(self) -> None:
        self._window.show()
        self._window.raise_()
        self._window.activateWindow()

    def _end(self, code: int = 0) -> None:
        if not self._closed.done():
            self._closed.set_result(code)

    async def _shut_down(self) -> None:
        """Refuse new work, end tasks, close stores and threads; a step over its deadline is named and skipped."""
        for subscription in self._listeners:
            subscription.close()
        if self._live is not None:
            await self._step("live market", self._live.close())
        if self._news is not None:
            await self._step("news", self._news.close())
        await self._step("assistant", self._assistant.close())
        await self._step("alerts", self._watch.close())
        await self._step("strategies", self._strategies.close())
        await self._step("workstation", self._workstation.close())
        for task in list(self._tasks):
            task.cancel()
        await self._step("tasks", asyncio.gather(*self._tasks, return_exceptions=True))
        self._window.close()
        await self._step("threads", self._loop.run_in_executor(None, self._workers.close))
        self._garbage.stop()

    async def _step(self, name: str, work: Any) -> None:
        try:
            await asyncio.wait_for(work, _STEP_S)
        except TimeoutError:
            _log.warning("shutting down: '%s' did not end within %g s", name, _STEP_S)

    def _save_layout(self, text: str) -> None:
        write_atomically(self._layout_file, text, keep_history=True)


def _load_live_parts() -> None:
    """Import what the running market needs; takes some hundred milliseconds."""
    for module in ("simulation", "live"):
        importlib.import_module(f"ralphstock_desktop.app.{module}")
    for module in ("rest", "source", "stream"):
        importlib.import_module(f"ralphstock_desktop.providers.kiwoom.{module}")


async def _painted() -> None:
    """Wait one turn of the Qt event loop, in which pending paints happen."""
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    QTimer.singleShot(0, lambda: None if done.done() else done.set_result(None))
    await done
    await asyncio.sleep(0)


def _write_file(file: str, content: bytes) -> None:
    try:
        Path(file).write_bytes(content)
    except OSError as error:
        raise StorageError(
            f"{file} cannot be written: {error.strerror}.", key="error.write_file", file=file, reason=error.strerror or ""
        ) from error


def _memory_bytes() -> float | None:
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return float(pages * os.sysconf("SC_PAGE_SIZE"))
    except (OSError, IndexError, ValueError, AttributeError):
        return None


def _facts(options: WindowOptions) -> dict[str, str]:
    return {
        "version": __version__,
        "python": platform.python_version(),
        "qt": PySide6.__version__,
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "database": display_of(options.folders, options.database),
    }

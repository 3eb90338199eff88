"""Puts the strategies together: executors for long searches, notices, journal, backtests, and the service itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ralphstock_desktop import __version__
from ralphstock_desktop.app.record_cache import RecordCache
from ralphstock_desktop.services.backtests import BacktestService
from ralphstock_desktop.services.contracts import SettingsStore
from ralphstock_desktop.services.journal import JournalService
from ralphstock_desktop.services.notices import NoticeService
from ralphstock_desktop.services.strategy.core import StrategyService
from ralphstock_desktop.services.strategy_contracts import BacktestPlan
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.services.workstation import WorkstationService
from ralphstock_desktop.strategy_ports import Executor

__all__ = ["open_strategies"]


def open_strategies(
    workstation: WorkstationService,
    settings: SettingsStore,
    workers: Workers,
    now_ns: Callable[[], int],
    market_ns: Callable[[], int],
    cache: Path,
) -> StrategyService:
    """Make the strategies of a workstation and hang them into it. The repository is opened when the first scan is there.

    Parameters
    ----------
    now_ns : callable
        This machine's clock.
    market_ns : callable
        The clock of the market on screen: the simulator's in a replay, else this machine's.
    cache : Path
        Folder for what can be made again.
    """
    notices = NoticeService(workers, settings, market_ns)
    journal = JournalService(workers, market_ns, lambda: workstation.rules)
    made: list[StrategyService] = []
    backtests = BacktestService(
        workers,
        picture=lambda: workstation.market.last,
        rules=lambda: workstation.rules,
        store=lambda: made[0].store if made else None,
        executor=_executor,
        now_ns=now_ns,
        code_version=__version__,
    )
    service = StrategyService(
        workstation,
        workers,
        settings,
        now_ns,
        notices=notices,
        journal=journal,
        backtests=backtests,
        shelf=RecordCache(cache / "records"),
    )
    made.append(service)
    workstation.strategies = service
    return service


def _executor(plan: BacktestPlan) -> Executor:
    """The executor a plan asks for; called on a worker, closed after the run."""
    if plan.executor == "dask":
        from ralphstock_desktop.providers.compute.dask import DaskExecutor

        return DaskExecutor(plan.dask_address)
    from ralphstock_desktop.providers.compute.local import LocalExecutor

    return LocalExecutor()

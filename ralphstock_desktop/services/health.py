"""How every outside source and inner service does: latency, error rate, last success, queue, limits, heartbeat.

One registry for the whole program. Producers call the cheap methods of :class:`ralphstock_desktop.live_ports.SourceMonitor`;
the report is put together when somebody looks, at most once a second.
"""

from __future__ import annotations

import statistics
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from engine.model.errors import RalphStockError
from ralphstock_desktop.services.channels import Channel
from ralphstock_desktop.services.live_contracts import HealthReport, ServiceHealth

__all__ = ["HealthRegistry"]

_KEPT = 200
_SLOW_MS = 1_500.0
_FAILING_RATE = 0.5
_NOTES = 20
_Field = str | int | float
State = Literal["good", "slow", "failing", "limited", "open", "stalled", "idle"]
_WORST_FIRST: tuple[State, ...] = ("open", "failing", "stalled", "limited", "slow", "good", "idle")


@dataclass
class _Record:
    kind: Literal["source", "service"]
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT))
    outcomes: deque[bool] = field(default_factory=lambda: deque(maxlen=_KEPT))
    requests: int = 0
    failures: int = 0
    last_success_ns: int | None = None
    last_failure_ns: int | None = None
    last_error: RalphStockError | None = None
    waiting: int = 0
    eta_s: float | None = None
    limited_until_ns: int = 0
    is_open: bool = False
    closes_ns: int | None = None
    beat_ns: int | None = None
    period_s: float = 0.0
    notes: dict[str, tuple[dict[str, _Field], int]] = field(default_factory=dict)


class HealthRegistry:
    """See :class:`ralphstock_desktop.live_ports.SourceMonitor`. Loop thread only.

    Parameters
    ----------
    machine_ns : callable
        This machine's clock, UTC nanoseconds.
    """

    def __init__(self, machine_ns: Callable[[], int]) -> None:
        self.reports: Channel[HealthReport] = Channel("health")
        self._now_ns = machine_ns
        self._records: dict[str, _Record] = {}

    def expect(self, service: str, period_s: float) -> None:
        """Declare a service that beats at least every ``period_s``; silent for three periods it counts as stalled."""
        self._record(service, "service").period_s = period_s

    def retire(self, service: str) -> None:
        """A service ended on purpose."""
        self._records.pop(service, None)

    def succeeded(self, source: str, latency_ms: float) -> None:
        """Count a request that was answered."""
        record = self._record(source, "source")
        record.requests += 1
        record.latencies.append(latency_ms)
        record.outcomes.append(True)
        record.last_success_ns = self._now_ns()

    def failed(self, source: str, error: RalphStockError) -> None:
        """Count a request that failed."""
        record = self._record(source, "source")
        record.requests += 1
        record.failures += 1
        record.outcomes.append(False)
        record.last_failure_ns = self._now_ns()
        record.last_error = error

    def queued(self, source: str, waiting: int, eta_s: float) -> None:
        """Note how many requests wait for their turn."""
        record = self._record(source, "source")
        record.waiting, record.eta_s = waiting, eta_s

    def limited(self, source: str, retry_after_s: float) -> None:
        """Note that the source asked to slow down."""
        self._record(source, "source").limited_until_ns = self._now_ns() + int(retry_after_s * 1e9)

    def opened(self, source: str, closes_in_s: float | None) -> None:
        """Note that the circuit breaker opened, or closed with None."""
        record = self._record(source, "source")
        record.is_open = closes_in_s is not None
        record.closes_ns = None if closes_in_s is None else self._now_ns() + int(closes_in_s * 1e9)

    def beat(self, service: str) -> None:
        """Note that a task is alive."""
        self._record(service, "service").beat_ns = self._now_ns()

    def note(self, source: str, key: str, count: int = 1, **fields: _Field) -> None:
        """Count a remark; the newest fields are kept. Beyond some kinds of remark a source keeps no new ones."""
        notes = self._record(source, "source").notes
        if key in notes or len(notes) < _NOTES:
            notes[key] = (dict(fields), notes.get(key, ({}, 0))[1] + count)

    def publish(self) -> HealthReport:
        """Put the report together and publish it."""
        report = HealthReport(
            self._now_ns(),
            tuple(
                sorted(
                    (self._health(name, record) for name, record in self._records.items()),
                    key=lambda health: (_WORST_FIRST.index(health.state), health.kind != "source", health.name),
                )
            ),
        )
        self.reports.publish(report)
        return report

    def _record(self, name: str, kind: Literal["source", "service"]) -> _Record:
        record = self._records.get(name)
        if record is None:
            record = self._records[name] = _Record(kind)
        return record

    def _health(self, name: str, record: _Record) -> ServiceHealth:
        now = self._now_ns()
        ordered = sorted(record.latencies)
        rate = 1.0 - sum(record.outcomes) / len(record.outcomes) if record.outcomes else None
        median = statistics.median(ordered) if ordered else None
        waits = max(record.limited_until_ns, record.closes_ns or 0) - now
        return ServiceHealth(
            name=name,
            kind=record.kind,
            state=self._state(record, rate, median, now),
            latency_ms=median,
            latency_p99_ms=ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))] if ordered else None,
            error_rate=rate,
            requests=record.requests,
            failures=record.failures,
            last_success_ns=record.last_success_ns,
            last_failure_ns=record.last_failure_ns,
            last_error=record.last_error,
            waiting=record.waiting,
            eta_s=record.eta_s if record.waiting else None,
            retry_after_s=waits / 1e9 if waits > 0 else None,
            beat_ns=record.beat_ns,
            notes=tuple((key, fields, count) for key, (fields, count) in record.notes.items()),
        )

    @staticmethod
    def _state(record: _Record, rate: float | None, median: float | None, now: int) -> State:
        if record.is_open:
            return "open"
        if record.period_s and (record.beat_ns is None or now - record.beat_ns > 3e9 * record.period_s):
            return "stalled" if record.beat_ns is not None else "idle"
        recent = list(record.outcomes)[-10:]
        if recent and not any(recent[-3:]) and rate is not None and 1.0 - sum(recent) / len(recent) >= _FAILING_RATE:
            return "failing"
        if record.limited_until_ns > now:
            return "limited"
        if median is not None and median > _SLOW_MS:
            return "slow"
        return "good" if record.requests or record.beat_ns is not None else "idle"

"""The circuit breaker, on time moved by hand."""

from __future__ import annotations

import pytest

from engine.model.errors import ProviderError, RalphStockError
from ralphstock_desktop.providers.kiwoom.breaker import BreakerState, CircuitBreaker
from ralphstock_desktop.providers.kiwoom.errors import error_of_code, outage

from .loopback import FakeTime, Heard

DOWN = outage("timeout", "x", stage="answer")


def _breaker() -> tuple[CircuitBreaker, FakeTime, Heard]:
    time, heard = FakeTime(), Heard()
    return CircuitBreaker("test", heard, monotonic=time.monotonic), time, heard


def _fail(breaker: CircuitBreaker, times: int, error: RalphStockError = DOWN) -> None:
    for _ in range(times):
        breaker.enter()
        breaker.record(error)


def test_opens_after_outages_in_a_row_only() -> None:
    breaker, _, heard = _breaker()
    _fail(breaker, 4)
    breaker.record(None)
    _fail(breaker, 4)
    assert breaker.state is BreakerState.CLOSED
    _fail(breaker, 1)
    assert breaker.state is BreakerState.OPEN
    assert heard.openings == [5.0]
    with pytest.raises(ProviderError) as refused:
        breaker.enter()
    assert refused.value.key == "error.kiwoom.paused"
    assert refused.value.retryable and refused.value.retry_after_ms == 5000


@pytest.mark.parametrize("code", ["1700", "1902", "8005", "8001", "1511", "8104"])
def test_refusals_are_no_outages(code: str) -> None:
    breaker, _, heard = _breaker()
    _fail(breaker, 50, error_of_code(code))
    assert breaker.state is BreakerState.CLOSED and not heard.openings


def test_one_try_closes_it_or_opens_it_for_longer() -> None:
    breaker, time, heard = _breaker()
    _fail(breaker, 5)
    time.now_s += 5
    breaker.enter()
    assert breaker.state is BreakerState.HALF_OPEN
    with pytest.raises(ProviderError):
        breaker.enter()
    breaker.record(DOWN)
    assert breaker.state is BreakerState.OPEN and breaker.closes_in_s == 10
    time.now_s += 10
    breaker.enter()
    breaker.record(error_of_code("1902"))
    assert breaker.state is BreakerState.CLOSED and breaker.closes_in_s == 0
    _fail(breaker, 5)
    assert heard.openings == [5.0, 10.0, None, 5.0]


def test_pauses_have_an_end() -> None:
    breaker, time, _ = _breaker()
    _fail(breaker, 5)
    for _ in range(10):
        time.now_s += breaker.closes_in_s
        _fail(breaker, 1)
    assert breaker.closes_in_s == 60


def test_a_cancelled_try_leaves_the_way_to_another() -> None:
    breaker, time, _ = _breaker()
    _fail(breaker, 5)
    time.now_s += 5
    breaker.enter()
    breaker.abandon()
    breaker.enter()
    breaker.record(None)
    assert breaker.state is BreakerState.CLOSED


def test_late_failures_of_requests_under_way_do_not_lengthen_the_pause() -> None:
    breaker, time, heard = _breaker()
    for _ in range(9):
        breaker.enter()
    for _ in range(9):
        breaker.record(DOWN)
        time.now_s += 0.1
    assert heard.openings == [5.0]
    assert breaker.closes_in_s == pytest.approx(4.5)

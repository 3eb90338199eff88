"""Who is streamed, who is polled when, and how health is judged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import pytest

from engine.model.errors import DataUnavailable, ProviderError
from engine.model.live import BookTick, IndexTick, QuoteSnapshot
from ralphstock_desktop.live_ports import FeedPart, Priority
from ralphstock_desktop.services.health import HealthRegistry
from ralphstock_desktop.services.live.demand import Demand
from ralphstock_desktop.services.live.poller import QuotePoller

TRADES = frozenset({FeedPart.TRADES})
BOOK = frozenset({FeedPart.TRADES, FeedPart.BOOK})


def test_what_the_user_looks_at_comes_before_tables_and_background() -> None:
    demand = Demand()
    demand.background = ("000020", "005930", "373220", "035420")
    demand.want("table", ["035420", "005930"], TRADES)
    demand.want("book", ["005380"], BOOK)
    assert demand.want("symbols", ["000660"], TRADES)
    assert not demand.want("symbols", ["000660"], TRADES), "the same wish again changes nothing"
    wanted = demand.subscriptions(5)
    assert [item.ticker for item in wanted] == ["005380", "000660", "035420", "005930", "000020"]
    assert wanted[0].parts == BOOK
    demand.want("book", [], BOOK)
    assert demand.wanting(FeedPart.BOOK) == ()


class Source:
    """Answers at once and remembers what was asked; fails while told to."""

    name = "kiwoom"

    def __init__(self) -> None:
        self.asked: list[tuple[tuple[str, ...], Priority]] = []
        self.fail = 0

    async def fetch_quotes(self, tickers: Sequence[str], priority: Priority) -> list[QuoteSnapshot]:
        if self.fail:
            self.fail -= 1
            raise ProviderError("down", provider=self.name, retryable=True, retry_after_ms=1)
        self.asked.append((tuple(tickers), priority))
        return []

    async def fetch_book(self, ticker: str, priority: Priority) -> BookTick:
        self.asked.append(((f"book {ticker}",), priority))
        return BookTick(ticker, 0, 1, (), (), (), (), 0, 0, 0, 0, 0)

    async def fetch_indices(self, codes: Sequence[str], priority: Priority) -> list[IndexTick]:
        self.asked.append((tuple(codes), priority))
        return []


def poller(source: Source, clock: list[float], visible: list[str], others: list[str], registry: HealthRegistry) -> QuotePoller:
    return QuotePoller(
        source,  # type: ignore[arg-type]  # only what polling uses
        registry,
        visible=lambda: visible,
        others=lambda: others,
        books=lambda: ["005930"],
        index_codes=lambda: ["001"],
        is_open=lambda: True,
        deliver=lambda states: None,
        deliver_book=lambda book: None,
        deliver_index=lambda tick: None,
        monotonic=lambda: clock[0],
    )


async def _run_until(work: QuotePoller, condition: object) -> None:
    task = asyncio.create_task(work.run())
    for _ in range(2_000):
        if condition():  # type: ignore[operator]
            break
        await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert condition()  # type: ignore[operator]


@pytest.mark.asyncio
async def test_polling_goes_by_urgency_and_by_turns() -> None:
    source, clock = Source(), [100.0]
    registry = HealthRegistry(lambda: 0)
    visible, others = ["000020"], [f"{number:06d}" for number in range(100, 220)]
    work = poller(source, clock, visible, others, registry)
    await _run_until(work, lambda: len(source.asked) >= 6)
    assert [asked[0][0] for asked in source.asked[:4]] == ["001", "book 005930", "000020", "000100"]
    assert [len(asked[0]) for asked in source.asked[3:6]] == [50, 50, 20]
    assert source.asked[2][1] is Priority.VISIBLE
    assert source.asked[3][1] is Priority.BACKGROUND
    assert len({ticker for asked, _ in source.asked[3:] for ticker in asked}) == 120
    clock[0] += 3.5  # visible again, the rest not yet
    await _run_until(work, lambda: len(source.asked) >= 8)
    assert [asked[0][0] for asked in source.asked[6:8]] == ["book 005930", "000020"]


@pytest.mark.asyncio
async def test_polling_ends_when_it_is_cancelled_and_wakened_at_once() -> None:
    source = Source()
    work = poller(source, [0.0], [], [], HealthRegistry(lambda: 0))
    task = asyncio.create_task(work.run())
    await _settled(lambda: len(source.asked) == 2)  # index and book; then it waits
    await asyncio.sleep(0.01)
    work.wakened.set()
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=10.0)
    assert done and task.cancelled()


async def _settled(condition: Callable[[], bool]) -> None:
    for _ in range(1_000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("nothing was asked for")


@pytest.mark.asyncio
async def test_a_failing_source_is_told_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ralphstock_desktop.services.live.poller._FIRST_WAIT_S", 0.002)
    source = Source()
    source.fail = 3
    work = poller(source, [0.0], ["000020"], [], HealthRegistry(lambda: 0))
    await _run_until(work, lambda: work.is_working and source.fail == 0)
    assert source.asked[-1][0] == ("000020",)


@pytest.mark.asyncio
async def test_books_and_indices_that_cannot_be_had_do_not_hold_up_quotes() -> None:
    class Poor(Source):
        refused: list[str] = []

        async def fetch_book(self, ticker: str, priority: Priority) -> BookTick:
            self.refused.append(ticker)
            raise ProviderError("no such request", provider=self.name, retryable=False)

        async def fetch_indices(self, codes: Sequence[str], priority: Priority) -> list[IndexTick]:
            self.refused.append(codes[0])
            raise DataUnavailable("none", key="error.kiwoom.no_data", reason="")

    source, clock = Poor(), [0.0]
    work = poller(source, clock, ["000020"], [], HealthRegistry(lambda: 0))
    for second in range(60):
        clock[0] = float(second)
        while await work._step():
            pass
    assert work.is_working
    assert len(source.asked) == 20, "every three seconds"
    assert 8 <= len(source.refused) <= 12, "with growing waits"
    source.refused.clear()
    work.forget()
    await work._step()
    assert source.refused == ["001"], "wanted anew, it is asked for at once"


def test_health_states_and_notes() -> None:
    clock = [0]
    registry = HealthRegistry(lambda: clock[0])
    registry.succeeded("kiwoom", 40.0)
    registry.succeeded("kiwoom", 60.0)
    registry.expect("frames", 1.0)
    registry.beat("frames")
    registry.note("kiwoom", "health.note.unknown_field", field="pipe1")
    registry.note("kiwoom", "health.note.unknown_field", field="kind")
    report = {health.name: health for health in registry.publish().services}
    assert report["kiwoom"].state == "good"
    assert report["kiwoom"].latency_ms == 50.0
    assert report["kiwoom"].notes == (("health.note.unknown_field", {"field": "kind"}, 2),)
    for _ in range(6):
        registry.failed("kiwoom", ProviderError("no", provider="kiwoom", retryable=True))
    clock[0] = int(4e9)
    report = {health.name: health for health in registry.publish().services}
    assert report["kiwoom"].state == "failing"
    assert report["kiwoom"].error_rate == pytest.approx(0.75)
    assert report["frames"].state == "stalled"
    registry.opened("kiwoom", 30.0)
    assert registry.publish().services[0].state == "open", "worst first"
    registry.opened("kiwoom", None)
    registry.succeeded("kiwoom", 50.0)
    registry.limited("kiwoom", 2.0)
    limited = next(health for health in registry.publish().services if health.name == "kiwoom")
    assert limited.state == "limited"
    assert limited.retry_after_s == pytest.approx(2.0)

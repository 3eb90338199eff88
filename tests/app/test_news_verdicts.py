"""The model's opinion of the news on screen: through Google's library against a local server, in a program put together as it runs."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from engine.model.errors import StorageError
from engine.model.instants import AsOf
from ralphstock_desktop.app.assistant import open_assistant
from ralphstock_desktop.app.news import NewsWiring
from ralphstock_desktop.services.assistant_contracts import AssistantState, Screen
from ralphstock_desktop.services.health import HealthRegistry
from tests.providers.gemini.server import GeminiServer, Reply, bad_key, fails, quota, says, usage
from tests.services.strategy.small_market import BEFORE, Template
from tests.services.strategy.world import World

KEY = "verdict-key-30f1"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return Template.make(tmp_path_factory.mktemp("market") / "stored")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ralphstock_desktop.services.strategy.records._RESTED_S", 1e6)
    monkeypatch.setattr("ralphstock_desktop.services.news.verdicts._SETTLES_S", 0.0)
    monkeypatch.setattr("ralphstock_desktop.providers.keystore.find_backend", lambda: None)
    monkeypatch.setenv("GEMINI_API_KEY", KEY)


def verdict(body: dict[str, Any], score: int = 3, **more: Any) -> Reply:
    """A valid answer about the articles of a request."""
    ids = re.findall(r'"id":\s*"?(\w+)"?', body["contents"][0]["parts"][0]["text"])
    answer = {
        "score": score, "direction": "positive", "confidence": 0.9, "event_type": "contract", "evidence_ids": ids[:1],
        "veto": False, "reason": "공급계약 소식",
    } | more  # fmt: skip
    return says(json.dumps(answer, ensure_ascii=False), tokens=usage(300, 60))


class Desk:
    """Market, assistant and news wiring, with a server in the place of Google's."""

    def __init__(self, world: World, server: GeminiServer) -> None:
        self.world, self.server = world, server
        self.registry = HealthRegistry(time.time_ns)
        world.workstation.live = type("Live", (), {"registry": self.registry})()
        world.settings.set("assistant_url", server.url)
        self.assistant, self.watch = open_assistant(
            world.workstation, world.settings, world.workers, world.strategies.notices, world.clock, world.clock
        )
        self.wiring = NewsWiring(world.workstation, world.strategies, world.settings, world.workers, self.registry, world.spawn)

    async def start(self) -> None:
        self.assistant.start()
        await self.assistant.idle()
        self.wiring.start()

    def switch(self, **settings: bool | int) -> None:
        for key, value in settings.items():
            self.world.settings.set(key, value)

    async def until(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + 15
        while not condition():
            assert time.monotonic() < end, "waited in vain"
            await asyncio.sleep(0.01)

    async def rested(self) -> None:
        """Wait until nobody is asked any more."""
        verdicts = self.wiring.verdicts
        assert verdicts is not None
        while (task := verdicts._task) is not None and not task.done():
            await asyncio.wait({task})

    def with_news(self) -> list[str]:
        """Candidates whose news can be asked about."""
        evaluation = self.world.strategies.evaluation
        assert evaluation is not None
        scan, panel = evaluation.closing.scan, evaluation.closing.panel
        tickers = [str(panel.tickers[row]) for row in scan.order[:20]]
        return [t for t in tickers if (n := evaluation.stock_news.get(t)) is not None and n.clusters and n.points is not None]

    @property
    def asked(self) -> int:
        return sum("Content" in request.path for request in self.server.requests)

    async def close(self) -> None:
        await self.wiring.close()
        await self.assistant.close()
        await self.watch.close()


@pytest_asyncio.fixture
async def desk(stored: Template, tmp_path: Path) -> AsyncIterator[Desk]:
    with GeminiServer() as server:
        async with World(stored.copy_to(tmp_path / "real"), now=AsOf.at(BEFORE, 20, 30)) as world:
            found = Desk(world, server)
            await found.start()
            yield found
            await found.close()
            assert not [task for task in asyncio.all_tasks() if task.get_name() == "news verdicts"]
            assert not world.problems


async def test_nothing_is_asked_before_the_user_wants_it(desk: Desk) -> None:
    assert desk.with_news(), "the market has candidates with news"
    for switches in ({"news_judge": True}, {"assistant_outside": True, "news_judge": False}):
        desk.switch(**switches)
        await desk.rested()
    desk.switch(assistant_news_text=False, news_judge=True)
    await desk.rested()
    assert desk.asked == 0


async def test_candidates_get_an_opinion_beside_their_points(desk: Desk) -> None:
    desk.server.respond = verdict
    wanted = desk.with_news()
    strategies = desk.world.strategies
    before = {ticker: strategies.news_of(ticker) for ticker in wanted}
    totals = strategies.closing.last.scan.total.copy()  # type: ignore[union-attr]
    desk.switch(assistant_outside=True, news_judge=True)
    await desk.until(lambda: desk.asked >= len(wanted))
    await desk.rested()
    assert desk.asked == len(wanted), "each once"
    for ticker in wanted:
        news, old = strategies.news_of(ticker), before[ticker]
        assert news is not None and old is not None and news.verdict is not None and old.points is not None
        assert news.points == old.points, "the rule's points stay"
        assert news.verdict.score == 3 and abs(news.verdict.final - old.points) <= 1
    np.testing.assert_array_equal(strategies.closing.last.scan.total, totals)  # type: ignore[union-attr]
    state = desk.assistant.state.last
    assert state is not None and state.tokens_today == 360 * len(wanted)
    rows = desk.world.rows("SELECT ticker, llm_points, model, rule_points FROM news_score WHERE llm_points IS NOT NULL")
    assert {str(row[0]) for row in rows} == set(wanted) and all(row[1] == 3 and row[2] and row[3] is not None for row in rows)
    health = {source.name: source for source in desk.registry.publish().services}
    assert health["google-genai"].requests == len(wanted) and health["google-genai"].error_rate == 0
    desk.switch(news_judge=False)
    assert all((n := strategies.news_of(ticker)) is not None and n.verdict is None for ticker in wanted)


async def test_the_symbol_looked_at_is_asked_about_first(desk: Desk) -> None:
    desk.server.respond = verdict
    evaluation, panel = desk.world.strategies.evaluation, desk.world.panel
    assert evaluation is not None
    others = [t for t, n in evaluation.stock_news.items() if n.clusters and n.points is not None and t not in desk.with_news()]
    assert others
    desk.world.workstation.select(others[0], "test")
    desk.switch(assistant_outside=True, news_judge=True)
    await desk.until(lambda: desk.asked)
    name = str(panel.names[panel.row_of(others[0])])
    assert name in json.dumps(desk.server.requests[0].body, ensure_ascii=False)
    await desk.rested()
    before = desk.asked
    desk.world.workstation.select(others[1], "test")
    await desk.until(lambda: desk.asked == before + 1)


@pytest.mark.parametrize("reply", [bad_key(), fails(500), quota("minute", retry_s=31)], ids=["key", "500", "429"])
async def test_a_failing_model_is_left_alone_and_nothing_changes(desk: Desk, reply: Reply) -> None:
    desk.server.respond = lambda _body: reply
    desk.switch(assistant_outside=True, news_judge=True)
    await desk.until(lambda: desk.asked)
    await desk.rested()
    asked = desk.asked
    assert asked <= 3, "one question, with the library's own tries"
    desk.world.workstation.select(desk.with_news()[-1], "test")
    await desk.rested()
    assert desk.asked == asked
    assert all(desk.world.strategies.news_of(t).verdict is None for t in desk.with_news())  # type: ignore[union-attr]
    health = {source.name: source for source in desk.registry.publish().services}
    assert health["google-genai"].failures == 1 and health["google-genai"].last_error is not None


@pytest.mark.parametrize("text", ["no JSON", '{"score": 9}', '{"score": 3, "evidence_ids": ["999999"]}'])
async def test_what_breaks_the_contract_is_thrown_away(desk: Desk, text: str) -> None:
    desk.server.respond = lambda _body: says(text)
    desk.switch(assistant_outside=True, news_judge=True)
    await desk.until(lambda: desk.asked == len(desk.with_news()))
    await desk.rested()
    assert all(desk.world.strategies.news_of(t).verdict is None for t in desk.with_news())  # type: ignore[union-attr]


async def test_the_budget_ends_the_questions_and_zero_is_no_limit(desk: Desk) -> None:
    desk.server.respond = verdict
    desk.switch(assistant_budget=50_000)
    desk.assistant.access.add_tokens(49_700, 0)
    desk.switch(assistant_outside=True, news_judge=True)
    await desk.until(lambda: desk.asked)
    await desk.rested()
    assert len(desk.with_news()) > 1 and desk.asked == 1, "the first question used up the rest"
    desk.switch(assistant_budget=0)
    await desk.until(lambda: desk.asked == len(desk.with_news()))


async def restarted(desk: Desk) -> AssistantState:
    """Another start of the assistant over the same repositories, and what it says once its market is open."""
    world = desk.world
    assistant, watch = open_assistant(
        world.workstation, world.settings, world.workers, world.strategies.notices, world.clock, world.clock
    )
    assistant.start()
    await assistant.idle()
    state = assistant.state.last
    assert state is not None
    await assistant.close()
    await watch.close()
    return state


async def test_what_was_used_is_known_after_a_restart_with_the_conversations(desk: Desk) -> None:
    """300 + 60 tokens a verdict, 1000 + 10 the answer; a million cost 1 and 4 US dollars. Each is in the sum once."""
    desk.switch(assistant_price_in=100, assistant_price_out=400)
    desk.server.respond = verdict
    desk.switch(assistant_outside=True, news_judge=True)
    count = len(desk.with_news())
    await desk.until(lambda: desk.asked == count)
    await desk.rested()
    desk.server.respond = lambda _body: says("자료에 없습니다.", tokens=usage(1_000, 10))
    desk.assistant.ask("오늘 게이트는?", Screen("", ("signals",), AsOf(desk.world.clock())))
    await desk.assistant.idle()
    for run in range(2):
        state = await restarted(desk)
        assert state.tokens_today == 360 * count + 1_010, f"run {run}"
        assert state.cost_today_usd == pytest.approx((300 * count + 1_000 + 4 * (60 * count + 10)) / 1e6)


async def test_a_spent_budget_stays_spent_over_a_restart(desk: Desk) -> None:
    desk.server.respond = verdict
    desk.switch(assistant_outside=True, news_judge=True)
    await desk.until(lambda: desk.asked == len(desk.with_news()))
    await desk.rested()
    desk.switch(assistant_budget=360)
    state = await restarted(desk)
    assert state.reason_key == "assistant.note.budget"


async def test_another_day_begins_with_nothing_used(desk: Desk) -> None:
    desk.server.respond = verdict
    desk.switch(assistant_outside=True, news_judge=True)
    await desk.until(lambda: desk.asked)
    await desk.rested()
    desk.world.now_ns += 86_400_000_000_000
    state = await restarted(desk)
    assert state.tokens_today == 0


async def test_an_answer_that_was_refused_is_kept_too(desk: Desk) -> None:
    desk.server.respond = lambda _body: says("no JSON", tokens=usage(200, 10))
    desk.switch(assistant_outside=True, news_judge=True)
    await desk.until(lambda: desk.asked == len(desk.with_news()))
    await desk.rested()
    state = await restarted(desk)
    assert state.tokens_today == 210 * len(desk.with_news())


async def test_what_is_kept_before_its_market_was_counted_is_counted_once(desk: Desk) -> None:
    world, store = desk.world, desk.assistant._stores["real"]
    store.add_tokens_beside(AsOf(world.clock()).day, 1_000, 0)  # of an earlier run
    early, watch = open_assistant(
        world.workstation, world.settings, world.workers, world.strategies.notices, world.clock, world.clock
    )
    early.access.add_tokens(100, 10)
    await early.access.keep_tokens(store, 100, 10)
    await early.access.count_today(store)
    assert early.state.last is not None and early.state.last.tokens_today == 1_110
    assert store.tokens_beside(AsOf(world.clock()).day) == (1_100, 10)
    await early.close()
    await watch.close()


async def test_tokens_that_cannot_be_stored_are_counted_and_the_verdict_is_shown(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise StorageError("full", key="error.storage.full")

    monkeypatch.setattr(desk.assistant._stores["real"], "add_tokens_beside", broken)
    desk.server.respond = verdict
    desk.switch(assistant_outside=True, news_judge=True)
    await desk.until(lambda: desk.asked == len(desk.with_news()))
    await desk.rested()
    state = desk.assistant.state.last
    assert state is not None and state.tokens_today == 360 * desk.asked
    assert all(desk.world.strategies.news_of(t).verdict is not None for t in desk.with_news())  # type: ignore[union-attr]
    assert "could not be stored" in caplog.text


async def test_the_past_and_the_made_up_market_are_not_asked_about(desk: Desk) -> None:
    await desk.world.look_at(BEFORE, 11)
    desk.switch(assistant_outside=True, news_judge=True)
    await desk.rested()
    assert desk.asked == 0
    desk.server.respond = verdict
    await desk.world.present()
    await desk.until(lambda: desk.asked)


async def test_a_silent_model_holds_up_neither_scoring_nor_the_end(desk: Desk) -> None:
    desk.server.respond = lambda _body: says("late", delay_s=1e6)
    desk.switch(assistant_outside=True, news_judge=True)
    await desk.until(lambda: desk.asked)
    begin = time.monotonic()
    desk.world.strategies.data_changed()
    await desk.world.strategies.settled()
    await desk.wiring.close()
    assert time.monotonic() - begin < 15  # the judge waits 20 s for a model

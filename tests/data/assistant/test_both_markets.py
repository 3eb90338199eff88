"""The assistant's store as the data sets give it: the demo market before and after it is stored, the user's own market."""

from __future__ import annotations

import uuid
from datetime import date
from pathlib import Path

from engine.model.instants import kst_ns
from engine.model.news import NewsItem
from ralphstock_desktop.app.folders import Folders
from ralphstock_desktop.app.market_dataset import RealDataset, SimulatedDataset
from ralphstock_desktop.assistant_ports import ChatSession
from ralphstock_desktop.data.assistant_store import SqlAssistantStore
from ralphstock_desktop.ports import Progress
from ralphstock_desktop.providers.simulated.market import SimulationSpec

NOW_NS = kst_ns(date(2026, 11, 24), 8)


def _nothing(progress: Progress) -> None:
    del progress


class Demo(SimulatedDataset):
    """The demo market, small."""

    def _spec(self) -> SimulationSpec:
        return SimulationSpec.ending_before(date(2026, 11, 24), self._calendar().trading, day_count=330, seed=12, symbols=640)


def _told(found: tuple[tuple[NewsItem, float], ...]) -> set[tuple[str, str, float]]:
    return {(item.url, item.title, relevance) for item, relevance in found}


def test_the_demo_market_before_and_after_it_is_stored(tmp_path: Path) -> None:
    folders = Folders.of_user(tmp_path)
    folders.make()
    dataset = Demo(folders.data / "simulated" / "market.sqlite3", folders, lambda: NOW_NS)
    try:
        dataset.load_panel(_nothing)
        assert not dataset.is_stored
        store = dataset.assistant()
        assert isinstance(store, SqlAssistantStore)
        key = str(uuid.uuid4())
        store.create_session(ChatSession(key, "데모", NOW_NS, NOW_NS, 0))
        questions = ("자사주 매입", "외국인순매수", "유상증자")
        instants = (NOW_NS, kst_ns(date(2026, 11, 20), 12))
        early = {(text, at): store.search_news(text, as_of_ns=at, limit=10_000) for text in questions for at in instants}
        assert all(len(found) > 3 for found in early.values())
        assert store.prepare_search() == 0
        dataset.settle(_nothing)
        assert dataset.assistant() is store
        assert store.prepare_search() > 0
        for (text, at), found in early.items():
            assert _told(store.search_news(text, as_of_ns=at, limit=10_000)) == _told(found)
        assert [item.id for item in store.sessions()] == [key]
    finally:
        dataset.close()


def test_a_market_opened_again_gets_a_store_of_its_own(tmp_path: Path) -> None:
    folders = Folders.of_user(tmp_path)
    folders.make()
    dataset = RealDataset(folders.data / "market.sqlite3", folders, lambda: NOW_NS)
    first = dataset.assistant()
    assert dataset.assistant() is first, "it remembers its index"
    dataset.close()
    second = dataset.assistant()
    assert second is not first
    assert second.search_news("실적", as_of_ns=NOW_NS) == ()
    dataset.close()

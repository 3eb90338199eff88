"""A workstation without a window over a part of the recorded market, and questions put to it.

The recorded tables are cut to some tickers first, so that a test reads them in a second. The part holds what answers about
stocks must get right: halted symbols, listings of a few weeks, corporate actions, symbols with minute bars and with news.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, cast

from engine.model.instants import AsOf
from engine.model.panel import MarketPanel
from ralphstock_desktop.data.database import Database, open_database
from ralphstock_desktop.services.assistant.answers.stock import answer_stock
from ralphstock_desktop.services.assistant.desk import AnswerDraft
from ralphstock_desktop.services.assistant.desk import Desk as AnswerDesk
from ralphstock_desktop.services.assistant.facts import FactBook
from ralphstock_desktop.services.assistant_contracts import (
    Block,
    Chart,
    Fact,
    Heading,
    Items,
    Paragraph,
    Question,
    Screen,
    Spans,
    Table,
    spans_of,
)
from ralphstock_desktop.wording.texts import Language, Texts
from tests.acceptance.desk import Desk
from tests.acceptance.recorded import World, load_world

__all__ = ["PICKED", "Room", "cut_world", "facts_named", "only", "words_of"]

PICKED = (
    "005930", "000660", "010130", "156100", "277810", "001440", "006800", "039490", "007810", "042700",
    "001470", "001570", "001840", "002210",  # halted in January 2026
    "000180", "001380",  # halted in April 2026
    "0004V0", "0007C0", "0013V0", "012210",  # listed a few weeks before
    "0010F0", "0088M0",
    "009810", "010170", "059120", "060900", "100250", "084010",  # corporate actions in January and February 2026
)  # fmt: skip
TEXTS: dict[Language, Texts] = {"ko": Texts("ko"), "en": Texts("en")}

NIGHT = AsOf.at(date(2026, 1, 28), 18, 30)
SAMSUNG, HYNIX, ZINC, HALTED, YOUNG = "005930", "000660", "010130", "001470", "0004V0"
ASKED: tuple[dict[str, Any], ...] = (
    {},
    {"intents": ("why",)},
    {"intents": ("why", "price")},
    {"intents": ("why",), "strategies": ("CLOSING_BET",)},
    {"intents": ("why",), "strategies": ("DAY_TRADE",)},
    {"intents": ("score",)},
    {"intents": ("flow",)},
    {"intents": ("flow",), "first_day": date(2026, 1, 12), "last_day": date(2026, 1, 23)},
    {"intents": ("news",)},
    {"intents": ("price",)},
    {"intents": ("price",), "first_day": date(2026, 1, 2), "last_day": date(2026, 1, 20)},
    {"intents": ("plan",)},
    {"intents": ("near",)},
    {"intents": ("diff",)},
    {"intents": ("record",)},
    {"intents": ("chart",)},
    {"intents": ("order",)},
    {"intents": ("recommend",)},
    {"intents": ("forecast",)},
    {"intents": ("watch",), "wants_change": True},
    {"intents": ("alert",), "wants_change": True, "numbers": (150_000.0,)},
    {"intents": ("open",), "wants_change": True},
    {
        "details": (
            "averages", "volume_ratio", "rs", "pivot", "contractions", "state", "high", "low", "ohlc", "limits", "sector",
            "smartmoney", "coverage",
        ),
        "absent": ("dividend",),
    },
    {"details": ("high", "low", "ohlc", "limits"), "first_day": date(2026, 1, 2), "last_day": date(2026, 1, 20)},
)  # fmt: skip


def cut_world(folder: Path, into: Path, more: int = 34) -> World:
    """The recorded market of the picked tickers and of ``more`` with minute bars and news."""
    import pandas as pd

    minutes = pd.read_parquet(folder / "minute" / "minute1_202601.parquet", columns=["ticker"])["ticker"].unique().tolist()
    prices = set(pd.read_parquet(folder / "prices" / "daily_raw.parquet", columns=["ticker"])["ticker"].unique().tolist())
    news = pd.read_csv(folder / "news" / "headlines_2026.csv.gz", dtype=str)
    news_first = news["ticker"].value_counts().index.tolist()
    found = [ticker for ticker in PICKED if ticker in prices]
    for source in (sorted(minutes), news_first):
        found += [ticker for ticker in source if ticker in prices and ticker not in found][: more // 2]
    for name in ("prices/daily_raw", "market_days/market_days", "flows/stock_flows_krw", "flows/stock_flows_shares"):
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        pd.read_parquet(folder / f"{name}.parquet", filters=[("ticker", "in", found)]).to_parquet(into / f"{name}.parquet")
    (into / "minute").mkdir()
    name = "minute/minute1_202601.parquet"
    pd.read_parquet(folder / name, filters=[("ticker", "in", found)]).to_parquet(into / name)
    (into / "news").mkdir()
    kept = news[news["ticker"].isin(found)]
    kept.to_csv(into / "news" / "headlines_2026.csv.gz", index=False)
    for name in (
        "prices/corporate_actions.csv", "flows/market_flows_daily.csv", "index/index_daily.parquet",
        "listings/common_stocks_20260821.csv.gz", "listings/krx_listing_20260320.csv.gz",
        "listings/delisted_2015_202603.csv.gz",
    ):  # fmt: skip
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        (into / name).symlink_to(folder / name)
    return load_world(into)


class Room:
    """The program's own services over a world; questions are answered at the instant looked at."""

    def __init__(self, world: World, file: Path) -> None:
        self.world = world
        self.database: Database = open_database(file)
        self.desk = Desk(world, self.database)
        self.answers = AnswerDesk(cast(Any, self.desk.workstation), self.desk.workers, _no_store, lambda: self.desk.now_ns)

    async def open(self) -> Room:
        await self.desk.workstation.start("real")
        await self.settled()
        return self

    async def settled(self) -> None:
        for _ in range(2):
            await self.desk.workstation.idle()
            await self.desk.strategies.idle()
            await asyncio.sleep(0)

    async def look_at(self, as_of: AsOf) -> None:
        self.desk.workstation.set_as_of(as_of)
        await self.settled()

    async def change(self, world: World) -> None:
        self.desk.dataset.put(world)
        await self.desk.workstation.take_new_data("real")
        self.desk.strategies.data_changed()
        await self.settled()

    @property
    def panel(self) -> MarketPanel:
        return self.answers.picture().panel

    async def ask(self, *tickers: str, language: Language = "ko", **about: Any) -> AnswerDraft:
        question = Question(about.pop("text", "?"), language, "stock", tickers=tickers, **about)
        screen = Screen(tickers[0] if tickers else "", (), self.answers.as_of)
        draft = AnswerDraft(question, screen, FactBook(TEXTS[language]))
        await answer_stock(self.answers, draft)
        return draft

    async def close(self) -> None:
        await self.desk.strategies.close()
        await self.desk.workstation.close()
        self.desk.workers.close()
        self.desk.window.deleteLater()
        self.database.close()


def _no_store() -> Any:
    raise AssertionError("answers about stocks read no text search")


def words_of(blocks: Iterable[Block]) -> list[str]:
    """What is read, one line a paragraph, item or row of a table."""

    def line(spans: Spans) -> str:
        return "".join(span.text for span in spans)

    found: list[str] = []
    for block in blocks:
        if isinstance(block, Paragraph | Heading):
            found.append(line(block.spans))
        elif isinstance(block, Items):
            found += [line(item) for item in block.items]
        elif isinstance(block, Table):
            found += [" | ".join(line(cell) for cell in row) for row in (block.head, *block.rows)]
        elif isinstance(block, Chart):
            found.append(f"{block.kind} {block.title} {block.days} {block.values}")
    return found


def facts_named(draft: AnswerDraft, name: str, ticker: str | None = None) -> list[Fact]:
    """Facts of a name, of one symbol."""
    return [fact for fact in draft.book.facts if fact.name == name and ticker in (None, fact.ticker)]


def only(draft: AnswerDraft, name: str, ticker: str | None = None) -> Fact:
    """The one fact of a name."""
    found = facts_named(draft, name, ticker)
    assert len(found) == 1, (name, found)
    return found[0]


def used(draft: AnswerDraft) -> set[str]:
    """Names of the facts the text speaks of."""
    ids = {span.fact for span in spans_of(draft.blocks) if span.fact}
    return {fact.name for fact in draft.book.facts if fact.id in ids}


def day(text: str) -> date:
    return date.fromisoformat(text)


def lines_of(draft: AnswerDraft) -> list[str]:
    return [line for line in words_of(draft.blocks) if not line.startswith(("line ", "bars "))]

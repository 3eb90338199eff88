"""Stocks in order and lists of a day: worked out again from the panel's own arrays with plain loops, and nothing later read."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from engine.calendar.limits import price_limits
from engine.model.instants import AsOf
from ralphstock_desktop.services.assistant.answers.market_quantities import NAMES
from ralphstock_desktop.services.assistant_contracts import Fact
from tests.acceptance.futures import changed_future
from tests.acceptance.recorded import World
from tests.services.assistant.market.conftest import Make
from tests.services.assistant.market.reading import Reader, lines_of, table_rows, unlinked_digits, words_of

pytestmark = pytest.mark.real_data

NIGHT = AsOf.at(date(2026, 1, 28), 18, 30)
ORDERS = ("value:desc", "volume:desc", "change:desc", "change:asc", "foreign:desc", "institution:asc", "rs:desc", "vol_ratio:desc",
          "price:asc", "new_high", "new_low", "limit_up", "limit_down")  # fmt: skip


def tickers_of(reader: Any) -> list[str]:
    return [row[1].ticker for row in table_rows(reader) if isinstance(row[1], Fact)]


async def opened(make_reader: Make, world: World) -> Reader:
    reader = await make_reader(world)
    await reader.at(NIGHT)
    return reader


async def test_the_most_traded_and_the_largest_moves(make_reader: Make, some_world: World) -> None:
    reader = await opened(make_reader, some_world)
    panel = reader.desk.picture().panel
    last = panel.day_index(date(2026, 1, 28))
    rows = [row for row in range(len(panel.tickers)) if panel.valid[row, last]]
    value = {row: float(panel.traded_value(row)[0][last]) for row in rows}
    change = {
        row: 100 * (panel.close_krw[row, last] / panel.base_krw[row, last] - 1) for row in rows if panel.base_krw[row, last] > 0
    }
    draft = await reader.ask("general", intents=("rank",), order_by="value:desc", limit=7)
    assert tickers_of(draft) == [str(panel.tickers[row]) for row in sorted(rows, key=lambda row: -value[row])[:7]]
    assert [row[4].value for row in table_rows(draft) if isinstance(row[4], Fact)] == pytest.approx(
        sorted(value.values())[::-1][:7]
    )
    draft = await reader.ask("general", intents=("rank",), order_by="change:asc", limit=5)
    worst = [float(row[3].value) for row in table_rows(draft) if isinstance(row[3], Fact) and isinstance(row[3].value, float)]
    assert worst == pytest.approx(sorted(change.values())[:5]) and worst == sorted(worst)


async def test_flows_of_named_days_are_summed_and_sellers_come_only_where_sold(make_reader: Make, some_world: World) -> None:
    reader = await opened(make_reader, some_world)
    panel = reader.desk.picture().panel
    first, last = (panel.day_index(day) for day in (date(2026, 1, 26), date(2026, 1, 28)))
    sums = np.nansum(panel.foreign_krw[:, first : last + 1], axis=1)
    draft = await reader.ask(
        "general",
        intents=("rank", "flow"),
        order_by="foreign:asc",
        limit=5,
        first_day=date(2026, 1, 26),
        last_day=date(2026, 1, 28),
    )
    shown = [float(row[4].value) for row in table_rows(draft) if isinstance(row[4], Fact) and isinstance(row[4].value, float)]
    assert shown == pytest.approx(sorted(sums[panel.valid[:, last]])[:5]) and max(shown) < 0


async def test_price_limits_and_highs_are_those_of_the_day(make_reader: Make, some_world: World) -> None:
    reader = await opened(make_reader, some_world)
    panel = reader.desk.picture().panel
    last = panel.day_index(date(2026, 1, 27))
    up = {
        str(panel.tickers[row])
        for row in range(len(panel.tickers))
        if panel.valid[row, last] and panel.base_krw[row, last] > 0
        and panel.close_krw[row, last] >= price_limits(int(panel.base_krw[row, last]), int(panel.market[row]), date(2026, 1, 27)).upper
    }  # fmt: skip
    draft = await reader.ask(
        "general", intents=("rank",), order_by="limit_up", limit=50, first_day=date(2026, 1, 27), last_day=date(2026, 1, 27)
    )
    count = next(fact for fact in draft.book.facts if fact.name == "screen.list")
    assert count.value == len(up)
    if up:
        assert set(tickers_of(draft)) == up
    draft = await reader.ask("general", intents=("rank",), order_by="new_high", limit=50)
    for ticker in tickers_of(draft):
        row = panel.row_of(ticker)
        assert row is not None
        known = np.flatnonzero(panel.valid[row, : panel.day_index(date(2026, 1, 28)) + 1])[-250:]
        highs = panel.high_krw[row, known] * panel.factor[row, known[-1]] / panel.factor[row, known]
        assert highs[-1] >= highs.max()


async def test_a_condition_limits_which_stocks_are_put_in_order(make_reader: Make, some_world: World) -> None:
    reader = await opened(make_reader, some_world)
    draft = await reader.ask("market", intents=("rank",), order_by="value:desc", filter_text="시장 = 코스닥", limit=5)
    panel = reader.desk.picture().panel
    rows = [panel.row_of(ticker) for ticker in tickers_of(draft)]
    assert rows and {int(panel.market[row]) for row in rows if row is not None} == {2}
    implied = await reader.ask("general", intents=("rank",), order_by="foreign:desc", filter_text="외국인 > 0", limit=5)
    assert "조건" not in words_of(implied)


async def test_every_number_is_a_fact_of_the_closed_list_and_nothing_later_is_read(
    make_reader: Make, some_world: World
) -> None:
    async def said(world: World) -> list[list[str]]:
        reader = await opened(make_reader, world)
        found = []
        for order in ORDERS:
            draft = await reader.ask("general", intents=("rank",), order_by=order, limit=6, language="en")
            assert not unlinked_digits(draft), order
            assert {fact.name for fact in draft.book.facts} <= NAMES.keys()
            found.append(lines_of(draft))
        return found

    truth = await said(some_world)
    assert truth == await said(changed_future(some_world, NIGHT, seed=3))

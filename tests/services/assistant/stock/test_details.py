"""Quantities asked for by name: each worked out again from the recorded tables, and every name of the vocabulary answered."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from ralphstock_desktop.services.assistant.answers.stock_details import _READERS
from ralphstock_desktop.services.assistant.triggers import named
from ralphstock_desktop.wording.texts import LANGUAGES, Texts
from tests.services.assistant.stock.room import HALTED, NIGHT, SAMSUNG, YOUNG, Room, facts_named, only, words_of


@pytest.fixture(scope="module")
def bars(recorded_data: Path) -> pd.DataFrame:
    """Daily bars of Samsung Electronics up to the night looked at; it has no corporate action in these years."""
    path = recorded_data / "prices" / "daily_raw.parquet"
    rows = pd.read_parquet(path, filters=[("ticker", "==", SAMSUNG)]).sort_values("date")
    rows["day"] = pd.to_datetime(rows["date"]).dt.date
    return rows[(rows["day"] <= date(2026, 1, 28)) & (rows["volume"] > 0)].reset_index(drop=True)


def test_every_quantity_of_the_vocabulary_has_a_reader_and_every_missing_kind_a_name() -> None:
    assert {name for name, _ in named("details")} == set(_READERS)
    for language in LANGUAGES:
        texts = Texts(language)
        assert not [name for name, _ in named("absent") if f"assistant_stock.absent.{name}" not in texts]
        assert not [name for name in _READERS if name != "sector" and f"assistant_stock.detail.name.{name}" not in texts]


@pytest.mark.real_data
async def test_averages_are_means_of_the_last_closes(room: Room, bars: pd.DataFrame) -> None:
    await room.look_at(NIGHT)
    draft = await room.ask(SAMSUNG, details=("averages",), text="20일선이랑 60일선")
    found = {only(draft, "bar.close").value: None}
    means = [fact.value for fact in facts_named(draft, "ma.value")]
    assert means == pytest.approx([bars["close"].tail(20).mean(), bars["close"].tail(60).mean()])
    gaps = [fact.value for fact in facts_named(draft, "ma.gap_pct")]
    assert gaps == pytest.approx([100 * (next(iter(found)) / mean - 1) for mean in means])
    usual = await room.ask(SAMSUNG, details=("averages",), text="정배열이야?")
    assert [fact.value for fact in facts_named(usual, "ma.bars")] == [5, 20, 60, 120]
    assert "정배열" in "".join(words_of(usual.blocks))


@pytest.mark.real_data
async def test_volume_is_held_against_the_twenty_bars_before(room: Room, bars: pd.DataFrame) -> None:
    await room.look_at(NIGHT)
    draft = await room.ask(SAMSUNG, details=("volume_ratio",))
    before = bars["volume"].iloc[-21:-1].mean()
    assert only(draft, "bar.volume_mean").value == pytest.approx(before)
    assert only(draft, "bar.volume_ratio").value == pytest.approx(bars["volume"].iloc[-1] / before)


@pytest.mark.real_data
async def test_highs_and_lows_are_those_of_the_days_named(room: Room, bars: pd.DataFrame) -> None:
    await room.look_at(NIGHT)
    first, last = date(2025, 12, 1), date(2025, 12, 30)
    draft = await room.ask(SAMSUNG, details=("high", "low"), first_day=first, last_day=last)
    days = bars[(bars["day"] >= first) & (bars["day"] <= last)]
    top, bottom = facts_named(draft, "bar.extreme")
    assert (top.value, top.day) == (days["high"].max(), days.loc[days["high"].idxmax(), "day"])
    assert (bottom.value, bottom.day) == (days["low"].min(), days.loc[days["low"].idxmin(), "day"])


@pytest.mark.real_data
async def test_limits_follow_from_the_base_price(room: Room) -> None:
    await room.look_at(NIGHT)
    draft = await room.ask(SAMSUNG, details=("limits",))
    base = only(draft, "bar.base").value
    assert isinstance(base, float)
    # Ticks of 100 won from 100,000 on, of 500 from 200,000: 159,500 gives 47,800 to both sides and an upper end on the coarser tick.
    assert base == 159_500
    assert only(draft, "bar.upper_limit").value == 207_000
    assert only(draft, "bar.lower_limit").value == 111_700


@pytest.mark.real_data
@pytest.mark.parametrize("ticker", [HALTED, YOUNG])
async def test_what_is_not_known_is_said_to_be_missing(room: Room, ticker: str) -> None:
    await room.look_at(NIGHT)
    draft = await room.ask(ticker, details=("averages", "pivot", "rs"), text="200일선")
    text = "".join(words_of(draft.blocks))
    assert "모자라" in text or "자료가 없어" in text
    assert all(fact.value is not None for fact in facts_named(draft, "ma.value"))


@pytest.mark.real_data
async def test_what_no_data_hold_is_named_and_not_guessed(room: Room) -> None:
    await room.look_at(NIGHT)
    draft = await room.ask(SAMSUNG, absent=("valuation", "dividend"), text="PER이랑 배당")
    lines = words_of(draft.blocks)
    assert "없는 자료" in lines[0] and "배당" in lines[0]
    assert "vcp.total" not in {span.fact for span in ()} and len(lines) == 2  # that, and where the price stands

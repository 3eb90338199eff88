"""Random (symbol, instant) pairs over the recorded market: all phases of a day, days with minute bars and news preferred."""

from __future__ import annotations

import random
from datetime import timedelta

from engine.model.instants import AsOf, kst_ns
from tests.acceptance.recorded import World

__all__ = ["PHASES", "pairs"]

PHASES = {
    "before the open": (8, 20, 0),
    "first minute": (9, 0, 30),
    "morning": (10, 7, 30),
    "minute mark": (10, 8, 0),
    "noon": (12, 0, 0),
    "before PREVIEW": (14, 59, 59),
    "PREVIEW": (15, 4, 10),
    "PRE_CLOSE": (15, 12, 0),
    "auction": (15, 24, 40),
    "before the bar": (15, 39, 59),
    "official bar": (15, 40, 0),
    "before the flows": (18, 9, 59),
    "flows": (18, 10, 0),
    "night": (23, 59, 59),
}


def pairs(world: World, count: int, seed: int, first_day: int = 260) -> list[tuple[str, AsOf]]:
    """``count`` pairs, the same for the same seed. Every phase in turn; half of them on days with minute bars or news."""
    rng = random.Random(seed)
    days = [day.astype("datetime64[D]").item() for day in world.panel.days]
    trading = set(days)
    minute_days = [day for day in world.minutes if day in trading]
    news_days = [day for day in days if day.year == 2026 and day.month in (1, 2)]
    tickers = [str(ticker) for ticker in world.panel.tickers]
    held = set(tickers)
    with_minutes = {
        day: [str(batch.ticker[0]) for batch in batches if str(batch.ticker[0]) in held]
        for day, batches in world.minutes.items()
    }
    found = []
    phases = list(PHASES.values())
    for number in range(count):
        hour, minute, second = phases[number % len(phases)]
        any_day = days[rng.randrange(first_day, len(days) - 1)]
        day = rng.choice(
            (minute_days if 9 <= hour < 15 else news_days, minute_days, news_days, [any_day], [any_day])[rng.randrange(5)]
        )
        if rng.random() < 0.06:
            day += timedelta(days=5 - day.weekday())  # the Saturday after: nothing trades
        at = kst_ns(day, hour, minute, second)
        known = with_minutes.get(day)
        ticker = rng.choice(known) if known and rng.random() < 0.7 else rng.choice(tickers)
        found.append((ticker, AsOf(at)))
    return found

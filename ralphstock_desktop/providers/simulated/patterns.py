"""Planted chart patterns: one recipe per state of domain.md §2.8, in several shapes.

A recipe is a list of contraction depths with their lengths. The path runs up into the first high, swings down and back by
each depth, and ends on the day asked for in the state asked for; volume dries up on the way. Nothing here knows how the
scorer works beyond the definition of the states.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.model.scan import VcpState

__all__ = ["Plant", "Recipe", "draw", "plan_plants"]

Floats = npt.NDArray[np.float64]
_TAIL_BARS = 6
"""Quiet bars before the last day."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Shape of a base."""

    state: VcpState
    depths_pct: tuple[float, ...]
    down_bars: tuple[int, ...]
    up_bars: tuple[int, ...]
    end_below_pct: float
    """How far below the last high the quiet bars lie."""
    last_move_pct: float
    """Move of the last day."""
    last_volume: float
    """Volume of the last day, in usual days."""
    flow: float
    """Foreign and institution buying as a share of turnover, in the last two weeks."""
    run_up: float = 2.9
    """Price at the first high over the price a year before."""


@dataclass(frozen=True, slots=True)
class Plant:
    """A recipe on one symbol, ending on one day."""

    row: int
    end: int
    recipe: Recipe
    label: str = field(default="")


def _recipes() -> list[tuple[Recipe, int]]:
    """Recipes and how many of each are planted on the last day."""
    s = VcpState
    three, four, two = (20.0, 10.0, 4.6), (24.0, 13.0, 7.0, 3.6), (15.0, 6.4)
    long3, long4, long2 = (9, 7, 5), (9, 7, 6, 4), (10, 7)
    up3, up4, up2 = (9, 7, 5), (8, 7, 6, 4), (11, 7)
    return [
        (Recipe(s.NEAR_PIVOT, four, long4, up4, 1.2, 0.2, 0.55, 0.16), 4),
        (Recipe(s.NEAR_PIVOT, three, long3, up3, 1.6, -0.1, 0.6, 0.12), 4),
        (Recipe(s.NEAR_PIVOT, three, long3, up3, 1.4, 0.3, 0.7, 0.035), 3),
        (Recipe(s.NEAR_PIVOT, two, long2, up2, 2.2, 0.1, 0.8, 0.0), 3),
        (Recipe(s.NEAR_PIVOT, (18.5, 8.0), (11, 8), (11, 8), 3.9, -0.1, 0.9, -0.06), 3),
        (Recipe(s.BREAKOUT, four, long4, up4, 1.3, 3.6, 2.6, 0.18), 3),
        (Recipe(s.BREAKOUT, three, long3, up3, 1.6, 4.2, 2.2, 0.05), 3),
        (Recipe(s.BREAKOUT, two, long2, up2, 2.0, 4.6, 1.9, -0.03), 2),
        (Recipe(s.BREAKOUT_UNCONFIRMED, three, long3, up3, 1.4, 3.2, 0.45, 0.06), 5),
        (Recipe(s.EXTENDED, three, long3, up3, 1.4, 9.0, 3.4, 0.10), 5),
        (Recipe(s.FORMING, (23.0, 9.4), (11, 9), (12, 0), 8.4, -0.2, 0.8, 0.04), 5),
        (Recipe(s.FORMING, (26.0, 12.6), (12, 10), (13, 0), 11.2, 0.2, 0.8, -0.02), 3),
        (Recipe(s.FAILED, three, long3, up3, 1.8, -7.5, 1.8, -0.10), 5),
        (Recipe(s.NO_BASE, (), (), (), 0.0, 0.4, 1.0, 0.03, 3.2), 4),
    ]


def plan_plants(rows: npt.NDArray[np.int64], days: int, rng: np.random.Generator) -> list[Plant]:
    """Decide where patterns are planted: every state on the last day, and finished ones on earlier days.

    ``rows`` are the symbols that may carry one; each carries at most one.
    """
    pool = iter(rng.permutation(rows).tolist())
    plants: list[Plant] = []
    recipes = _recipes()
    for recipe, count in recipes:
        for number in range(count):
            plants.append(Plant(next(pool), days - 1, _vary(recipe, rng), f"{recipe.state.name}-{number + 1}"))
    detected = [recipe for recipe, _ in recipes if recipe.state in (VcpState.NEAR_PIVOT, VcpState.BREAKOUT)]
    for end in range(days - 4, max(days - 300, 300), -3):
        row = next(pool, None)
        if row is None:
            break
        recipe = detected[int(rng.integers(len(detected)))]
        plants.append(Plant(row, end, _vary(recipe, rng), f"past-{recipe.state.name}-{end}"))
    return plants


def _vary(recipe: Recipe, rng: np.random.Generator) -> Recipe:
    scale = float(rng.uniform(0.94, 1.04))
    stretch = float(rng.uniform(0.9, 1.25))
    return Recipe(
        recipe.state,
        tuple(depth * scale for depth in recipe.depths_pct),
        tuple(max(round(bars * stretch), 3) for bars in recipe.down_bars),
        tuple(max(round(bars * stretch), 4) if bars else 0 for bars in recipe.up_bars),
        recipe.end_below_pct,
        recipe.last_move_pct,
        recipe.last_volume,
        recipe.flow + float(rng.uniform(-0.01, 0.01)),
        recipe.run_up * float(rng.uniform(0.92, 1.15)),
    )


def draw(recipe: Recipe, end: int, rng: np.random.Generator) -> tuple[Floats, Floats, int]:
    """Draw a recipe.

    Returns
    -------
    path : float64 array, shape (end + 1,)
        Closes relative to the first high (1.0).
    volume : float64 array, shape (end + 1,)
        Volume as a multiple of the usual one.
    base_start : int
        Day of the first high.
    """
    nodes, base_bars = _nodes(recipe)
    base_start = end - base_bars
    path = np.empty(end + 1)
    year_ago = max(base_start - 230, 0)
    run = np.linspace(0.0, 1.0, base_start + 1 - year_ago)
    # The run-up ends with a brisk rise, so that the first high is where the base begins.
    rise = np.log(recipe.run_up) * run**1.15
    wave = 0.035 * np.sin(2 * np.pi * (run * 3.3 + rng.random())) * (1 - run)
    path[year_ago : base_start + 1] = np.exp(rise - rise[-1] + wave - wave[-1])
    path[max(base_start - 9, 0) : base_start] = np.minimum(
        path[max(base_start - 9, 0) : base_start], np.linspace(0.885, 0.955, min(9, base_start))
    )
    if year_ago:
        path[:year_ago] = path[year_ago] * np.exp(0.02 * np.sin(np.linspace(0, 9, year_ago)))
    noise = rng.normal(0, 0.013, base_start + 1).cumsum()
    bridge = noise - np.linspace(noise[0], noise[-1], base_start + 1)
    path[: base_start + 1] *= np.exp(bridge * np.linspace(1.0, 0.0, base_start + 1) ** 0.5)
    bars, levels = zip(*nodes, strict=True)
    inside = np.interp(np.arange(base_bars + 1), bars, levels)
    calm = rng.normal(0, 0.0022, base_bars + 1)
    calm[[bar for bar in bars if bar <= base_bars]] = 0.0
    calm[-1] = 0.0
    path[base_start:] = inside * (1 + calm)
    if recipe.state is VcpState.NO_BASE:
        path[base_start:] = path[base_start] * np.exp(0.0032 * np.arange(base_bars + 1) + 0.35 * calm)
    return path, _volume(recipe, end, base_start, base_bars, rng), base_start


def _nodes(recipe: Recipe) -> tuple[list[tuple[int, float]], int]:
    nodes = [(0, 1.0)]
    bar, peak = 0, 1.0
    for number, (depth, down, up) in enumerate(zip(recipe.depths_pct, recipe.down_bars, recipe.up_bars, strict=True)):
        bar += down
        nodes.append((bar, peak * (1 - depth / 100)))
        is_last = number == len(recipe.depths_pct) - 1
        level = peak * (1 - recipe.end_below_pct / 100) if is_last else peak * 0.994
        if up:
            bar += up
            nodes.append((bar, level))
        if not is_last:
            peak = level
    if not recipe.depths_pct:
        bar = 30
        nodes.append((bar, 1.0))
    quiet = nodes[-1][1] if not recipe.depths_pct else peak * (1 - recipe.end_below_pct / 100)
    bar += _TAIL_BARS
    nodes.append((bar, quiet))
    bar += 1
    nodes.append((bar, quiet * (1 + recipe.last_move_pct / 100)))
    return nodes, bar


def _volume(recipe: Recipe, end: int, base_start: int, base_bars: int, rng: np.random.Generator) -> Floats:
    volume = np.exp(rng.normal(0.1, 0.28, end + 1))
    fade = np.linspace(1.15, 0.5, base_bars + 1) * np.exp(rng.normal(0, 0.10, base_bars + 1))
    volume[base_start:] = fade
    if recipe.state is not VcpState.NO_BASE:
        volume[end - _TAIL_BARS : end] = 0.30 * np.exp(rng.normal(0, 0.08, _TAIL_BARS))
    volume[end] = recipe.last_volume
    return volume

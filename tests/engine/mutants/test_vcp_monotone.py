"""More of what earns points never takes any (domain.md §11-8d), for every ladder of VCP and SmartMoney."""

from __future__ import annotations

import numpy as np
import pytest
from builders import Series, detected, ideal, scan_one

from engine.model.scan import ITEMS
from engine.scoring.strength import rank_strength


def flow_points(foreign: float, institution: float) -> float:
    """SM1 + SM2 of a stock that turns over 100억 a day, with the same net buying on each of five days."""
    series = Series().flat(80, 10_000).values(10_000_000_000.0).flows([foreign] * 5, [institution] * 5)
    found = scan_one(series)
    return sum(found.points(item) for item in ("SM1", "SM2"))


@pytest.mark.parametrize("side", ["foreign", "institution"])
def test_more_net_buying_never_takes_points(side: str) -> None:
    steps = [-3e9, -1.0, 0.0, 1.0, 1e8, 1.99e8, 2e8, 2.01e8, 4.99e8, 5e8, 9.99e8, 1e9, 2e9]
    found = [flow_points(step, 0.0) if side == "foreign" else flow_points(0.0, step) for step in steps]
    assert found == sorted(found) and found[0] == 0.0
    assert len(set(found)) == 5  # 0, any, 2 %, 5 %, 10 %: every rung was met


def test_a_quieter_base_never_takes_points() -> None:
    found = [
        detected(ideal().volumes([share * 1_000_000] * 5, back=1)).points("C1") for share in (1.0, 0.9, 0.85, 0.7, 0.5, 0.1)
    ]
    assert found == sorted(found) and found[0] == 0.0 and found[-1] == 8.0


def test_more_volume_on_the_breakout_never_takes_points() -> None:
    found = [
        detected(ideal(close=10_100, volume=v)).points("E1") for v in (500_000, 1_000_000, 1_300_000, 1_400_000, 3_000_000)
    ]
    assert found == sorted(found) and found[-1] == 10.0 and found[0] == 4.0


def test_a_stronger_stock_never_takes_a_lower_rank() -> None:
    rng = np.random.default_rng(4)
    raw = rng.normal(0, 30, 60)
    pool = np.ones(60, dtype=bool)
    ranks = []
    for own in np.linspace(-100, 100, 41):
        raw[0] = own
        ranks.append(float(rank_strength(raw, pool, 20)[0]))
    assert ranks == sorted(ranks) and (ranks[0], ranks[-1]) == (1.0, 99.0)


def test_every_item_is_in_the_list() -> None:
    assert len(ITEMS) == 23

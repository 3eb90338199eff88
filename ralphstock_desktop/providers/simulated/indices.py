"""Index levels and the exchange rate, made from the simulated stocks themselves."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.model.instruments import Market, SecurityType
from ralphstock_desktop.ports import IndexBatch
from ralphstock_desktop.providers.simulated.bars import Bars
from ralphstock_desktop.providers.simulated.spec import SOURCE, SimulationSpec
from ralphstock_desktop.providers.simulated.universe import Universe

__all__ = ["make_indices"]

Floats = npt.NDArray[np.float64]
_LEVELS = (("KOSPI", 2_700.0), ("KOSDAQ", 820.0), ("KOSPI200", 365.0))


def make_indices(
    spec: SimulationSpec, universe: Universe, bars: Bars, market_return: Floats, rng: np.random.Generator
) -> IndexBatch:
    """Make KOSPI, KOSDAQ and KOSPI200 as capital-weighted averages of their members, and USDKRW against the market."""
    days = len(spec.days)
    is_stock = universe.security_type == SecurityType.COMMON
    kospi = np.flatnonzero(is_stock & (universe.market == Market.KOSPI))
    members = {
        "KOSPI": kospi,
        "KOSDAQ": np.flatnonzero(is_stock & (universe.market == Market.KOSDAQ)),
        "KOSPI200": kospi[np.argsort(-universe.cap_krw[kospi])[:200]],
    }
    columns: dict[str, list[Floats]] = {name: [] for name in ("open", "high", "low", "close", "volume", "value_krw")}
    for code, level in _LEVELS:
        rows = members[code]
        traded = bars.traded[rows]
        weight = np.where(traded, universe.cap_krw[rows][:, None] * _price_ratio(bars, rows), 0.0)
        total = np.maximum(weight.sum(axis=0), 1.0)
        base = np.maximum(bars.base_krw[rows], 1)

        def mean_ratio(
            prices: npt.NDArray[np.int64], weight: Floats = weight, total: Floats = total, base: Floats = base
        ) -> Floats:
            return np.asarray((weight * np.where(prices > 0, prices / base, 1.0)).sum(axis=0) / total)

        close_ratio, open_ratio = mean_ratio(bars.close_krw[rows]), mean_ratio(bars.open_krw[rows])
        close = level * np.cumprod(np.where(np.arange(days) == 0, 1.0, close_ratio))
        before = close / np.where(np.arange(days) == 0, 1.0, close_ratio)
        # Members do not reach their highs together, so the index's range is narrower than their mean range.
        high = np.maximum(np.maximum(close, before * open_ratio), before * (1 + 0.45 * (mean_ratio(bars.high_krw[rows]) - 1)))
        low = np.minimum(np.minimum(close, before * open_ratio), before * (1 - 0.45 * (1 - mean_ratio(bars.low_krw[rows]))))
        for name, values in zip(columns, (before * open_ratio, high, low, close), strict=False):
            columns[name].append(np.round(values, 2))
        columns["volume"].append(bars.volume_shares[rows].sum(axis=0).astype(np.float64))
        columns["value_krw"].append(bars.value_krw[rows].sum(axis=0).astype(np.float64))
    _add_dollar(columns, market_return, rng)
    codes = [code for code, _ in _LEVELS] + ["USDKRW"]
    return IndexBatch(
        code=np.repeat(np.array(codes), days),
        day=np.tile(spec.days, len(codes)),
        source=SOURCE,
        **{name: np.concatenate(parts) for name, parts in columns.items()},
    )


def _price_ratio(bars: Bars, rows: npt.NDArray[np.int64]) -> Floats:
    adjusted = bars.adjusted_close[rows]
    previous = np.concatenate([adjusted[:, :1], adjusted[:, :-1]], axis=1)
    return np.asarray(previous / adjusted[:, -1:])


def _add_dollar(columns: dict[str, list[Floats]], market_return: Floats, rng: np.random.Generator) -> None:
    days = len(market_return)
    close = 1_380.0 * np.exp(np.cumsum(-0.22 * market_return + rng.normal(0, 0.0032, days) + 0.00005))
    opening = np.concatenate([[1_380.0], close[:-1]]) * np.exp(rng.normal(0, 0.0012, days))
    high = np.maximum(opening, close) * (1 + np.abs(rng.normal(0, 0.0018, days)))
    low = np.minimum(opening, close) * (1 - np.abs(rng.normal(0, 0.0018, days)))
    for name, values in zip(columns, (opening, high, low, close), strict=False):
        columns[name].append(np.round(values, 2))
    columns["volume"].append(np.full(days, np.nan))
    columns["value_krw"].append(np.full(days, np.nan))

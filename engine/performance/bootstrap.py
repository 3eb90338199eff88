"""Intervals that do not pretend: percentile bootstrap over dates, with a fixed seed (domain.md §7.6).

Signals of one day rise and fall together, so whole days are drawn, never single signals. A draw is a count per day (a
multinomial), and every resampled mean is a weighted sum, so 2,000 resamples are one matrix product.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.model.panel import FloatArray
from engine.model.performance import Interval
from engine.thresholds import Rules

__all__ = ["DateBootstrap", "clustered_error"]

_LOW, _HIGH = 2.5, 97.5
"""Percentiles of a 95 % interval."""


class DateBootstrap:
    """Draws of the dates of one group of cases, to be used for several quantities.

    Parameters
    ----------
    clusters : int array, shape (cases,)
        Date (panel day) of each case.
    """

    def __init__(self, clusters: npt.NDArray[np.int64], rules: Rules) -> None:
        self._dates, self._of_case = np.unique(clusters, return_inverse=True)
        count = len(self._dates)
        self._draws: FloatArray | None = None
        if count > 1:
            rng = np.random.default_rng(rules.life.seed)
            drawn = rng.multinomial(count, np.full(count, 1.0 / count), size=rules.life.resamples)
            self._draws = drawn.astype(np.float64)

    def mean(self, values: FloatArray) -> Interval:
        """Mean of the known values with its interval.

        Parameters
        ----------
        values : float64 array, shape (cases,)
            NaN where missing; missing cases do not count.

        Returns
        -------
        Interval
            All None with fewer than two values; no bounds where the values fall on fewer than two dates.
        """
        known = np.isfinite(values)
        n = int(known.sum())
        if n < 2:
            return Interval(None)
        count = len(self._dates)
        sums = np.bincount(self._of_case[known], weights=values[known], minlength=count)
        sizes = np.bincount(self._of_case[known], minlength=count).astype(np.float64)
        value = float(sums.sum() / n)
        if self._draws is None or np.count_nonzero(sizes) < 2:
            return Interval(value)
        drawn = self._draws @ sizes
        some = drawn > 0.0
        means = (self._draws @ sums)[some] / drawn[some]
        low, high = np.percentile(means, [_LOW, _HIGH])
        return Interval(value, float(low), float(high))


def clustered_error(values: FloatArray, clusters: npt.NDArray[np.int64]) -> float | None:
    """Standard error of the mean when cases of one date move together; None with fewer than two dates.

    ``sqrt(C/(C−1) · Σ_c (Σ_{i∈c} (x_i − mean))²) / n`` over the C dates of the n known values.
    """
    known = np.isfinite(values)
    dates, of_case = np.unique(clusters[known], return_inverse=True)
    if len(dates) < 2:
        return None
    x = values[known]
    sums = np.bincount(of_case, weights=x - x.mean(), minlength=len(dates))
    return float(np.sqrt(len(dates) / (len(dates) - 1.0) * np.sum(sums**2)) / len(x))

"""Labels on an axis that may not overlap: pushed apart as little as possible, their order kept."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["push_apart"]


def push_apart(wanted: Sequence[float], spacing: float, lowest: float, highest: float) -> list[float]:
    """Return centres at least ``spacing`` apart, in the order of ``wanted``, with the least squared displacement.

    Parameters
    ----------
    wanted : sequence of float
        Wanted centres, in any order; equal ones keep their given order.
    spacing : float
        Least distance of neighbours; reduced where they do not all fit.
    lowest, highest : float
        Limits of the centres.

    Returns
    -------
    list of float
        One centre for each wanted one, at the same place of the list.

    Notes
    -----
    Subtracting ``k * spacing`` from the k-th smallest turns the problem into fitting a rising sequence, which merging
    neighbours into their mean solves exactly.
    """
    count = len(wanted)
    if not count:
        return []
    if count > 1:
        spacing = min(spacing, max(highest - lowest, 0.0) / (count - 1))
    order = sorted(range(count), key=lambda index: (wanted[index], index))
    blocks: list[tuple[float, int]] = []
    for place, index in enumerate(order):
        mean, size = wanted[index] - place * spacing, 1
        while blocks and blocks[-1][0] > mean:
            before, many = blocks.pop()
            mean = (before * many + mean * size) / (many + size)
            size += many
        blocks.append((mean, size))
    top = highest - (count - 1) * spacing
    result = [0.0] * count
    place = 0
    for mean, size in blocks:
        for _ in range(size):
            result[order[place]] = min(max(mean, lowest), max(top, lowest)) + place * spacing
            place += 1
    return result

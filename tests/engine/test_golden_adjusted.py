"""Golden cases of corporate actions, halts and late listings (domain.md §§1.8, 1.9): the same shares give the same result."""

from __future__ import annotations

import dataclasses
import math
from datetime import date

import numpy as np
import pytest
from builders import LAST_DAY, Scanned, Series, fillers, ideal, scan_market, scan_one

from engine.model.instants import AsOf
from engine.model.scan import ITEMS, VcpScan

DAY_FIELDS = ("base_start", "leg_start", "leg_end")


def row_values(found: Scanned, ticker: str, without: tuple[str, ...] = ()) -> dict[str, np.ndarray]:
    """Every per-symbol array of the scan at one symbol."""
    row, count = found.row(ticker), len(found.panel.tickers)
    values = {}
    for spec in dataclasses.fields(VcpScan):
        array = getattr(found.scan, spec.name)
        if isinstance(array, np.ndarray) and array.shape[:1] == (count,) and spec.name not in without:
            values[spec.name] = np.atleast_1d(array[row].astype(np.float64))
    return values


def assert_same(found: Scanned, one: str, other: str, without: tuple[str, ...] = ()) -> None:
    mine, theirs = row_values(found, one, without), row_values(found, other, without)
    assert len(mine) > 40
    for name in mine:
        np.testing.assert_allclose(mine[name], theirs[name], rtol=1e-9, atol=1e-9, equal_nan=True, err_msg=name)


def divisible_by_ten(series: Series) -> Series:
    """Prices on multiples of 10 and volumes of 1,000 so that both kinds of split stay in whole won and shares."""
    for row in series.rows:
        if row is not None:
            row.o = row.h = row.l = row.c = round(row.c / 10) * 10
            row.value = row.c * (row.v or 0)
    return series


def whole() -> Series:
    return divisible_by_ten(ideal()).flows([1e9, -1e8, 1e8, 2e8, 3e8], [2e8] * 5)


@pytest.mark.parametrize("back", [0, 1, 5, 12, 46, 47, 250, 286])
@pytest.mark.parametrize("kind", ["5:1", "10:1", "1:5", "1:10"])
def test_a_split_changes_nothing(kind: str, back: int) -> None:
    """Before day t - back the shares are n times dearer and n times fewer (or the other way round), f = 1/n (or n)."""
    ratio = 5 if "5" in kind else 10
    split = whole().with_split(back, ratio) if kind.endswith(":1") else whole().with_reverse_split(back, ratio)
    market = fillers([-1.0 - 0.01 * k for k in range(20)])
    market |= {"005930": whole(), "005940": split}
    found = scan_market(market)
    assert found.get("vcp_score") == 100
    assert bool(found.get("pattern"))
    assert_same(found, "005930", "005940", without=("foreign_5d_shares", "institution_5d_shares"))


def test_the_split_really_is_in_the_data() -> None:
    """Without its factor the same split would show: the 169 older closes of MA200 would count five times."""
    plain, split = whole(), whole().with_split(30, 5)
    assert (split.row(31).c, split.row(30).c) == (plain.row(31).c * 5, plain.row(30).c)
    assert (split.row(31).v, split.row(30).factor) == (200_000, 0.2)
    split.row(30).factor = 1.0
    old = [row.c for row in plain.rows if row is not None][-200:-31]  # 169 closes before t-30
    more = 4 * sum(old) / 200
    assert scan_one(split).get("ma200") == pytest.approx(scan_one(plain).get("ma200") + more, rel=1e-9)


def test_two_actions_multiply() -> None:
    """f = 0.5 forty days ago and f = 0.2 ten days ago: a close of 100,000 before both is 10,000 today.

    Old closes 100,000; 50,000 between; 10,000 now: in today's scale all 10,000, so C > MA50 does not hold and MA50 = 10,000.
    """
    series = Series().flat(260, 100_000).flat(30, 50_000).flat(11, 10_000)
    series.row(40).factor, series.row(10).factor = 0.5, 0.2
    found = scan_one(series)
    assert (found.get("ma50"), found.get("ma200"), found.get("low_250")) == pytest.approx((10_000, 10_000, 10_000), rel=1e-12)
    assert [found.points(f"T{k}") for k in (1, 2, 3, 4, 5)] == [0] * 5
    assert found.get("rs_raw") == pytest.approx(0, abs=1e-9)


def test_ex_rights_are_not_a_fall() -> None:
    """A rights issue with f = 0.95: 10,000 before, base price 9,500 and close 9,500 after. Nothing happened to the holder.

    theta stays at its floor, there is no contraction, D1 is 0 % and C = MA50.
    """
    series = Series().flat(280, 10_000).flat(20, 9_500)
    series.row(19).factor = 0.95
    found = scan_one(series)
    assert (found.get("theta_pct"), found.get("t_count")) == (3.0, 0)
    assert found.get("ma200") == pytest.approx(9_500, rel=1e-12)
    assert (found.points("T5"), found.points("T3"), found.points("D1")) == (0, 0, 5)
    series.row(19).factor = 1.0
    assert scan_one(series).get("t_count") == 1  # unadjusted it would be a 5 % contraction


def test_a_factor_on_a_halted_day_counts() -> None:
    """Reverse split 1:5 with the usual halt: the new price scale begins on the first halted day, which is no valid bar."""
    series = Series().flat(280, 2_000, v=5_000_000)
    for k in range(15):
        series.rows.append(dataclasses.replace(series.last, o=0, h=0, l=0, c=10_000, v=0, factor=5.0 if k == 0 else 1.0))
    series.flat(20, 10_000)
    found = scan_one(series)
    assert (found.get("n_bars"), found.get("ma200"), found.get("rs_raw")) == (300, 10_000, 0)
    assert (found.get("v50"), found.get("t_count")) == (1_000_000, 0)


def test_only_factors_known_at_the_instant_enter() -> None:
    """The split of day t is not known the day before: at t-1 the prices are those of t-1."""
    series = Series().flat(299, 50_000).closes([10_000])
    series.row(0).factor = 0.2
    before = scan_one(series, AsOf.at(LAST_DAY, 9))
    after = scan_one(series)
    assert (before.get("close"), before.get("ma50")) == (50_000, 50_000)
    assert (after.get("close"), after.get("ma50")) == pytest.approx((10_000, 10_000))


def test_eligibility_uses_the_price_of_its_day() -> None:
    """900 won before a 1:10 reverse split are 9,000 adjusted - but on that day the close was 900."""
    series = Series().flat(100, 900, v=10_000_000).flat(10, 9_000)
    series.row(9).factor = 10.0
    assert int(scan_one(series).get("ineligible")) == 0
    before = scan_one(series.copy(), AsOf.at(date(2026, 6, 16), 20))  # ten weekdays before 2026-06-30, the last at 900
    assert (before.get("close"), int(before.get("ineligible"))) == (900, 16)


@pytest.mark.parametrize("days", [1, 7])
@pytest.mark.parametrize("back", [1, 2, 5, 9, 20, 60, 200])
@pytest.mark.parametrize("how", ["halt", "absent"])
def test_days_without_a_bar_change_nothing(how: str, back: int, days: int) -> None:
    """The same bars with halted (or absent) days between them; only the dates of older bars move."""
    plain, broken = whole(), whole()
    gap = Series(rows=broken.rows[: len(broken.rows) - back])
    tail = broken.rows[len(broken.rows) - back :]
    gap = gap.halt(days) if how == "halt" else gap.absent(days)
    broken.rows = [*gap.rows, *tail]
    market = fillers([-1.0 - 0.01 * k for k in range(20)])
    market |= {"005930": plain, "005940": broken}
    found = scan_market(market)
    assert bool(found.get("pattern"))
    assert_same(found, "005930", "005940", without=DAY_FIELDS)


def test_bars_before_the_window_do_not_matter() -> None:
    """300 older bars in front move nothing but n: every window of §2 ends within 251 bars (MA200 at t-22 within 222)."""
    older = Series().flat(300, 77_770)
    older.rows.extend(whole().rows)
    market = fillers([-1.0 - 0.01 * k for k in range(20)])
    market |= {"005930": whole(), "005940": older}
    found = scan_market(market)
    assert (found.get("n_bars"), found.get("n_bars", "005940")) == (288, 588)
    assert_same(found, "005930", "005940", without=("n_bars",))


def test_missing_is_not_zero() -> None:
    """A row without volume is no bar; a bar with a published value of zero is one (and its zero is used)."""
    series = Series().flat(300, 10_000)
    series.row(10).v = None
    hole = scan_one(series)
    assert (hole.get("n_bars"), hole.get("mean_value_krw")) == (299, 10_000_000_000)
    series.row(10).v, series.row(10).value = 1_000_000, 0.0
    zero = scan_one(series)
    assert (zero.get("n_bars"), zero.get("mean_value_krw")) == (300, 9_500_000_000)
    series.row(10).value = math.nan
    assert scan_one(series).get("mean_value_krw") == 10_000_000_000


@pytest.mark.parametrize("ticker", ["0126Z0", "00088K", "005930"])
def test_codes_with_letters_are_scored_like_any_other(ticker: str) -> None:
    market = fillers([-1.0 - 0.01 * k for k in range(20)])
    market[ticker] = whole()
    found = scan_market(market)
    assert bool(found.get("pattern", ticker))
    assert sum(found.points(item, ticker) for item in ITEMS if not item.startswith("SM")) == 100

"""Programme trading of a market: ka90005-ka90007, ka90010. Amounts in million won, quantities in thousand shares."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from engine.model.instruments import Market
from engine.model.panel import FloatArray
from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.daily import traded_values
from ralphstock_desktop.providers.kiwoom_sim.noise import mix_int
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Problem, Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_facts import SimFacts, Traded
from ralphstock_desktop.providers.kiwoom_sim.rest_index_charts import past_index_minutes, today_index_minutes, volume_curve

__all__ = [
    "arbitrage_balance",
    "cumulative_trend",
    "first_of_page",
    "is_kospi",
    "market_by_day",
    "market_by_time",
    "market_total",
    "members_of",
]

PAGE = 100
_MILLION, _THOUSAND = 1_000_000, 1_000
_ARBITRAGE = 0.08
"""Part of the programme trading that is arbitrage (차익)."""
_KOSPI200 = "201"


def is_kospi(call: Call) -> bool:
    """Whether the asked market is KOSPI; the programme lists have codes of their own."""
    code = call.params.text("mrkt_tp")
    if code.startswith("P001") or code == "0":
        return True
    if code.startswith("P101") or code == "1":
        return False
    raise Problem("1517", "mrkt_tp", f"허용되지 않은 값입니다({code})")


def members_of(facts: SimFacts, *, kospi: bool) -> npt.NDArray[np.bool_]:
    """Stocks of KOSPI or KOSDAQ."""
    return np.asarray(facts.panel.market == (Market.KOSPI if kospi else Market.KOSDAQ))


def _parts(facts: SimFacts, index: int) -> tuple[FloatArray, FloatArray]:
    """Shares of the volume that programmes bought and sold on a day of the panel, by symbol."""
    day = int(facts.panel.days[index].astype(np.int64))
    return 0.14 + 0.1 * (2.0 * facts.chances(71, day) - 1.0), 0.14 + 0.1 * (2.0 * facts.chances(72, day) - 1.0)


def market_total(call: Call, index: int | None, *, kospi: bool) -> Traded:
    """Programme trading of a market on a panel day, or so far on the replayed one (None)."""
    facts = call.facts
    if index is not None and (index, kospi) in facts.program_totals:
        return facts.program_totals[(index, kospi)]
    rows = members_of(facts, kospi=kospi)
    if index is None:
        sums = call.flows.program[rows].sum(axis=0)
        return Traded(*(float(part) for part in sums))
    buy, sell = _parts(facts, index)
    volume = np.asarray(facts.panel.volume_shares[:, index], dtype=np.float64)[rows]
    value = traded_values(facts.panel, slice(None), index)[rows]
    return Traded(
        *(float(part.sum()) for part in (volume * buy[rows], volume * sell[rows], value * buy[rows], value * sell[rows]))
    )


def _basis(day: date, place: int = 0) -> float:
    return (mix_int(83, day.toordinal(), place) / 2.0**64 - 0.4) * 3.0


# -- one market -------------------------------------------------------------------------------------------------------


def _market_fields(traded: Traded) -> Row:
    """The columns of the market lists; every net and every total is the sum of what stands beside it."""
    buy, sell = round(traded.buy_krw / _MILLION), round(traded.sell_krw / _MILLION)
    buy_qty, sell_qty = round(traded.buy_shares / _THOUSAND), round(traded.sell_shares / _THOUSAND)
    arb = [int(part * _ARBITRAGE) for part in (sell, buy, sell_qty, buy_qty)]
    rest = [whole - part for whole, part in zip((sell, buy, sell_qty, buy_qty), arb, strict=True)]
    fields: Row = {}
    for name, part in (("dfrt_trde", arb), ("ndiffpro_trde", rest)):
        fields |= {f"{name}_sel": str(part[0]), f"{name}_buy": str(part[1]), f"{name}_netprps": w.signed(part[1] - part[0])}
    for name, part in (("dfrt_trde", arb), ("ndiffpro_trde", rest)):
        fields |= {
            f"{name}_sell_qty": str(part[2]),
            f"{name}_buy_qty": str(part[3]),
            f"{name}_netprps_qty": w.signed(part[3] - part[2]),
        }
    return fields | {"all_sel": str(sell), "all_buy": str(buy), "all_netprps": w.signed(buy - sell)}


def market_by_time(call: Call) -> Reply:
    """ka90005: cumulative values by minute, KOSPI200 a hundredfold."""
    facts = call.facts
    asked = min(call.params.day("date", facts.day), facts.day)
    kospi = is_kospi(call)
    index = call.market.index(_KOSPI200)
    past = call.levels.past(_KOSPI200)
    if asked == facts.day:
        minutes = today_index_minutes(call, index) if index is not None else None
        total = market_total(call, None, kospi=kospi)
    else:
        place = int(np.searchsorted(past.days, np.datetime64(asked), side="right")) - 1
        minutes = past_index_minutes(_KOSPI200, past, place) if place >= 0 else None
        position = facts.panel.day_index(asked)
        total = market_total(call, position, kospi=kospi) if position >= 0 else Traded(0, 0, 0, 0)
    if minutes is None or not len(minutes.start_ns):
        return Reply({"prm_trde_trnsn": []})
    curve = volume_curve(len(minutes.start_ns))

    def write(n: int) -> Row:
        level, before = float(minutes.bars[n, 3]), minutes.previous
        sign = "+" if level > before else "-" if level < before else ""
        return {
            "cntr_tm": w.clock(int(minutes.start_ns[n])),
            **_market_fields(total.scaled(float(curve[n]))),
            "kospi200": f"{sign}{w.hundredfold(level)}",
            "basis": w.decimal(_basis(asked, n)),
        }

    left = min(int(call.cursor), len(curve)) if call.cursor.isdigit() else len(curve)
    rows = [write(n) for n in range(left - 1, max(left - PAGE, 0) - 1, -1)]
    left -= PAGE
    return Reply({"prm_trde_trnsn": rows}, str(left) if left > 0 else "")


def _market_days(call: Call, newest: date, oldest: date = date.min) -> list[tuple[date, int | None]]:
    """Market days newest first with their panel position, the running one (None) included once it has opened."""
    facts = call.facts
    days = facts.panel.days[: facts.past_count]
    begin, end = (
        int(np.searchsorted(days, np.datetime64(oldest))),
        int(np.searchsorted(days, np.datetime64(newest), side="right")),
    )
    found: list[tuple[date, int | None]] = [(days[n].astype(date), n) for n in range(end - 1, begin - 1, -1)]
    if newest >= facts.day and call.has_today:
        found.insert(0, (facts.day, None))
    return found


def first_of_page(call: Call, name: str = "date") -> date:
    """Newest day of the page."""
    found = w.read_day(call.cursor) if call.cursor else None
    return found or min(call.params.day(name, call.facts.day), call.facts.day)


def _cut(days: list[tuple[date, int | None]]) -> tuple[list[tuple[date, int | None]], str]:
    return days[:PAGE], w.day_text(days[PAGE][0]) if len(days) > PAGE else ""


def _kospi200_close(call: Call, day: date) -> tuple[float, float]:
    """Level and previous level of KOSPI200 on a day; 0 where nothing is known."""
    if day == call.facts.day:
        index = call.market.index(_KOSPI200)
        return (index.level, index.previous) if index is not None else (0.0, 0.0)
    past = call.levels.past(_KOSPI200)
    place = int(np.searchsorted(past.days, np.datetime64(day)))
    if place >= len(past) or past.days[place] != np.datetime64(day):
        return 0.0, 0.0
    return float(past.close[place]), float(past.close[place - 1]) if place else float(past.open[place])


def market_by_day(call: Call) -> Reply:
    """ka90010: as ka90005 by day, KOSPI200 as a decimal."""
    kospi = is_kospi(call)
    days, cursor = _cut(_market_days(call, first_of_page(call)))
    rows = [
        {
            "cntr_tm": f"{w.day_text(day)}000000",
            **_market_fields(market_total(call, index, kospi=kospi)),
            "kospi200": w.level(*_kospi200_close(call, day)),
            "basis": w.decimal(_basis(day)),
        }
        for day, index in days
    ]
    return Reply({"prm_trde_trnsn": rows}, cursor)


def arbitrage_balance(call: Call) -> Reply:
    """ka90006."""
    days, cursor = _cut(_market_days(call, first_of_page(call)))

    def balance(day: date, side: int) -> tuple[int, int]:
        # A slow wave by week with a daily ripple: balances do not jump.
        week = day.toordinal() // 7
        wave = mix_int(89, side, week) / 2.0**64
        ripple = mix_int(97, side, day.toordinal()) / 2.0**64
        amount = int(20_000 + 60_000 * wave + 4_000 * ripple)
        return amount // 71, amount

    rows = []
    for day, _ in days:
        before = day - timedelta(days=1)
        fields: Row = {"dt": w.day_text(day)}
        for side, name in enumerate(("buy", "sel")):
            quantity, amount = balance(day, side)
            change = amount - balance(before, side)[1]
            fields |= {
                f"{name}_dfrt_trde_qty": str(quantity),
                f"{name}_dfrt_trde_amt": str(amount),
                f"{name}_dfrt_trde_irds_amt": str(change),
            }
        rows.append(fields)
    return Reply({"prm_trde_dfrt_remn_trnsn": rows}, cursor)


def cumulative_trend(call: Call) -> Reply:
    """ka90007: summed up over the year before the asked day."""
    kospi, amount = is_kospi(call), call.params.text("amt_qty_tp", "1") == "1"
    newest = min(call.params.day("date", call.facts.day), call.facts.day)
    days = _market_days(call, newest, newest - timedelta(days=365))
    daily = []
    for _, index in days:
        fields = _market_fields(market_total(call, index, kospi=kospi))
        suffix = "" if amount else "_qty"
        arb, rest = (int(fields[f"{name}_netprps{suffix}"]) for name in ("dfrt_trde", "ndiffpro_trde"))
        daily.append((arb, rest, arb + rest))
    sums = np.cumsum(np.array(daily[::-1] or [(0, 0, 0)]), axis=0)[::-1].tolist()
    start = int(call.cursor) if call.cursor.isdigit() else 0
    rows = []
    for (day, _), nets, totals in list(zip(days, daily, sums, strict=False))[start : start + PAGE]:
        fields = {"dt": w.day_text(day), "kospi200": w.level(*_kospi200_close(call, day)), "basis": w.decimal(_basis(day))}
        for name, net, total in zip(("dfrt_trde", "ndiffpro_trde", "all"), nets, totals, strict=True):
            fields |= {f"{name}_tdy": w.signed(net), f"{name}_acc": w.signed(total)}
        rows.append(fields)
    return Reply({"prm_trde_acc_trnsn": rows}, str(start + PAGE) if start + PAGE < len(days) else "")

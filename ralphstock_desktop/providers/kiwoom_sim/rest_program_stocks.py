"""Programme trading of stocks: ka90003, ka90004, ka90008, ka90013."""

from __future__ import annotations

from datetime import date

import numpy as np

from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.contracts import SimMinutes
from ralphstock_desktop.providers.kiwoom_sim.daily import traded_values
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_facts import SimFacts, Traded, VenueCode
from ralphstock_desktop.providers.kiwoom_sim.rest_flows import Day, days_before
from ralphstock_desktop.providers.kiwoom_sim.rest_market_flows import page_of_rows
from ralphstock_desktop.providers.kiwoom_sim.rest_program import first_of_page, is_kospi, market_total, members_of

__all__ = ["program_of", "program_top", "stock_by_day", "stock_by_time", "stocks_on_day"]

PAGE, _TOP = 100, 50
_MILLION, _THOUSAND = 1_000_000, 1_000
_BLANKS = {"base_pric_tm": "", "dbrt_trde_rpy_sum": "", "remn_rcvord_sum": ""}


def _past_of(facts: SimFacts, row: int, index: int) -> Traded:
    day = int(facts.panel.days[index].astype(np.int64))
    buy = 0.14 + 0.1 * (2.0 * facts.chance(row, 71, day) - 1.0)
    sell = 0.14 + 0.1 * (2.0 * facts.chance(row, 72, day) - 1.0)
    volume = float(facts.panel.volume_shares[row, index])
    value = float(traded_values(facts.panel, row, index))
    return Traded(volume * buy, volume * sell, value * buy, value * sell)


def program_of(call: Call, day: Day) -> Traded:
    """Programme trading of the asked stock on a day, the running one so far."""
    if day.index is None:
        return Traded(*(float(part) for part in call.market.program(call.row)))
    return _past_of(call.facts, call.row, day.index)


def program_top(call: Call) -> Reply:
    """ka90003: 1 net sellers, 2 net buyers, 50 rows."""
    facts = call.facts
    amount = call.params.text("amt_qty_tp", "1") == "1"
    program = call.flows.program
    buy, sell = (program[:, 2], program[:, 3]) if amount else (program[:, 0], program[:, 1])
    unit = _MILLION if amount else 1
    # Ranked by what is shown, so that the order a reader sees is the order of the numbers.
    net = (buy // unit - sell // unit) * (-1 if call.params.text("trde_upper_tp") == "1" else 1)
    venue = call.params.text("stex_tp", VenueCode.KRX)
    allowed = members_of(facts, kospi=is_kospi(call)) & call.stocks.listed & (net > 0)
    if venue == VenueCode.NXT:
        allowed &= facts.on_nxt
    found = np.flatnonzero(allowed)
    order = found[np.argsort(-net[found], kind="stable")][:_TOP].tolist()
    rows = []
    for rank, row in enumerate(order, 1):
        quote = call.seen(row, venue)
        bought, sold = int(buy[row]) // unit, int(sell[row]) // unit
        rows.append(
            {
                "rank": str(rank),
                "stk_cd": call.code(row),
                "stk_nm": call.name(row),
                "cur_prc": quote.current,
                "flu_sig": quote.sign,
                "pred_pre": quote.change_text,
                "flu_rt": quote.rate_text,
                "acc_trde_qty": str(quote.volume),
                "prm_sell_amt": str(sold),
                "prm_buy_amt": str(bought),
                "prm_netprps_amt": w.signed(bought - sold),
            }
        )
    return Reply({"prm_netprps_upper_50": rows})


def stocks_on_day(call: Call) -> Reply:
    """ka90004: all stocks of a market on a day; totals on top."""
    facts = call.facts
    asked = min(call.params.day("dt", facts.day), facts.day)
    kospi = is_kospi(call)
    venue = call.params.text("stex_tp", VenueCode.KRX)
    allowed = members_of(facts, kospi=kospi) & call.stocks.listed
    if venue == VenueCode.NXT:
        allowed = allowed & facts.on_nxt
    index = None if asked >= facts.day else facts.panel.day_index(asked)
    if index is not None and index < 0:
        return Reply({**{f"tot_{n}": "" if n == 6 else "0" for n in range(1, 7)}, "stk_prm_trde_prst": []})
    if index is not None:
        allowed = allowed & np.asarray(facts.panel.present[:, index])

    def of(row: int) -> Traded:
        return Traded(*(float(part) for part in call.flows.program[row])) if index is None else _past_of(facts, row, index)

    def write(row: int) -> Row:
        traded = of(row)
        price, change, volume = _state_on(call, row, index, venue)
        buy, sell = int(traded.buy_krw / _MILLION), int(traded.sell_krw / _MILLION)
        return {
            "stk_cd": call.code(row),
            "stk_nm": call.name(row),
            "cur_prc": w.price(price, price - change),
            "flu_sig": w.direction(change),
            "pred_pre": w.signed(change),
            "buy_cntr_qty": str(int(traded.buy_shares / _THOUSAND)),
            "buy_cntr_amt": str(buy),
            "sel_cntr_qty": str(int(traded.sell_shares / _THOUSAND)),
            "sel_cntr_amt": str(sell),
            "netprps_prica": str(buy - sell),
            "all_trde_rt": w.rate(w.ratio_pct((traded.buy_shares + traded.sell_shares) / 2.0, volume)) if volume else "+0.00",
        }

    total = market_total(call, index, kospi=kospi)
    tops = (
        total.buy_shares / _THOUSAND,
        total.buy_krw / _MILLION,
        total.sell_shares / _THOUSAND,
        total.sell_krw / _MILLION,
        (total.buy_krw - total.sell_krw) / _MILLION,
    )
    rows, cursor = page_of_rows(call, np.flatnonzero(allowed).tolist(), write)
    return Reply(
        {**{f"tot_{n}": w.integer(value) for n, value in enumerate(tops, 1)}, "tot_6": "", "stk_prm_trde_prst": rows}, cursor
    )


def _state_on(call: Call, row: int, index: int | None, venue: str) -> tuple[int, int, int]:
    """Price, change and volume of a stock on a day."""
    if index is None:
        quote = call.seen(row, venue)
        return quote.price, quote.change, quote.volume
    panel = call.facts.panel
    price = int(panel.close_krw[row, index])
    base = float(panel.base_krw[row, index])
    change = 0 if np.isnan(base) else price - int(base)
    return price, change, int(panel.volume_shares[row, index])


def _stock_fields(now: Traded, before: Traded) -> Row:
    """Cumulative columns and their change since the row before; negatives with two minus signs."""
    values: Row = {}
    for name, unit, (buy, sell), (buy_before, sell_before) in (
        ("amt", _MILLION, (now.buy_krw, now.sell_krw), (before.buy_krw, before.sell_krw)),
        ("qty", 1, (now.buy_shares, now.sell_shares), (before.buy_shares, before.sell_shares)),
    ):
        bought, sold = int(buy / unit), int(sell / unit)
        net, net_before = bought - sold, int(buy_before / unit) - int(sell_before / unit)
        values |= {
            f"prm_sell_{name}": str(sold),
            f"prm_buy_{name}": str(bought),
            f"prm_netprps_{name}": w.double_minus(net),
            f"prm_netprps_{name}_irds": w.double_minus(net - net_before),
        }
    return values


def _price_fields(close: int, base: int, volume: int, sign: str) -> Row:
    change = close - base
    return {
        "cur_prc": w.price(close, base),
        "pre_sig": sign,
        "pred_pre": w.signed(change),
        "flu_rt": w.rate(w.ratio_pct(change, base)),
        "trde_qty": str(volume),
    }


def stock_by_time(call: Call) -> Reply:
    """ka90008: minute by minute, newest first, cumulative."""
    facts = call.facts
    asked = min(call.params.day("date", facts.day), facts.day)
    none = Traded(0, 0, 0, 0)
    minutes: SimMinutes | None
    if asked == facts.day:
        minutes, base, sign_of = call.market.minutes(call.row), call.quote().base, call.quote().sign_at
        program = call.market.program(call.row)
        total = Traded(*(float(part) for part in program))
    else:
        past = facts.past(call.row)
        place = int(np.searchsorted(past.days, np.datetime64(asked), side="right")) - 1
        if place < 0:
            return Reply({"stk_tm_prm_trde_trnsn": []})
        minutes, base = call.market.minutes(call.row, past.days[place].astype(date)), int(past.base[place])

        def sign_of(price: int) -> str:
            return w.direction(price - base)

        total = _past_of(facts, call.row, int(past.index[place]))
    after, close, start = (part.tolist() for part in (minutes.volume_after, minutes.close, minutes.start_ns))
    whole = max(after[-1], 1) if after else 1
    left = min(int(call.cursor), len(after)) if call.cursor.isdigit() else len(after)
    rows = []
    for n in range(left - 1, max(left - PAGE, 0) - 1, -1):
        before = total.scaled(after[n - 1] / whole) if n else none
        fields: Row = {"tm": w.clock(start[n]), **_price_fields(close[n], base, after[n], sign_of(close[n]))}
        rows.append(
            fields | _stock_fields(total.scaled(after[n] / whole), before) | _BLANKS | {"stex_tp": VenueCode.TEXT[call.venue]}
        )
    left -= PAGE
    return Reply({"stk_tm_prm_trde_trnsn": rows}, str(left) if left > 0 else "")


def stock_by_day(call: Call) -> Reply:
    """ka90013: day by day; an idle day has direction 0 and no price."""
    days: list[Day] = []
    for day in days_before(call, first_of_page(call)):
        days.append(day)
        if len(days) > PAGE:
            break

    rows = []
    for n, day in enumerate(days[:PAGE]):
        before = program_of(call, days[n + 1]) if n + 1 < len(days) else Traded(0, 0, 0, 0)
        fields: Row = {"dt": w.day_text(day.day)}
        if day.volume > 0:
            fields |= _price_fields(day.close, day.base, day.volume, day.sign)
        else:
            fields |= {"cur_prc": "0", "pre_sig": "0", "pred_pre": "0", "flu_rt": "0.00", "trde_qty": "0"}
        rows.append(fields | _stock_fields(program_of(call, day), before) | _BLANKS | {"stex_tp": VenueCode.TEXT[call.venue]})
    return Reply({"stk_daly_prm_trde_trnsn": rows}, w.day_text(days[PAGE].day) if len(days) > PAGE else "")

"""What single brokers (거래원) traded: ka10038-ka10040, ka10042, ka10043, ka10052, ka10053, ka10078.

The repository knows no brokers. Their part of a day's volume is drawn from symbol, day and broker, so that every list tells
the same story, and the five largest are those of ka10002.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Problem, Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_facts import SimFacts
from ralphstock_desktop.providers.kiwoom_sim.rest_filters import PRICE_BANDS_10027, of_market_and_venue, price_band
from ralphstock_desktop.providers.kiwoom_sim.rest_flows import FLOW_PAGE, Day, days_before, newest_of, page_of_days
from ralphstock_desktop.providers.kiwoom_sim.rest_master import BROKERS
from ralphstock_desktop.providers.kiwoom_sim.rest_rankings import first_columns, rows_by, venue_of

__all__ = [
    "broker_days",
    "broker_stocks",
    "broker_trend",
    "instant_trades",
    "left_the_top",
    "main_brokers",
    "net_buyers",
    "stock_brokers",
]

Ints = npt.NDArray[np.int64]

_FIRST_SHARE = 0.24
_FIVE = range(1, 6)
_CODES = [code for code, _ in BROKERS]
_HOME = "050"
_ALL_FOREIGN = "888"
_FOREIGN = [place for place, code in enumerate(_CODES) if 33 <= int(code) <= 45 or code == "054"]
_STOCK_DAYS, _FEWEST_STOCKS = 1_500, 20
"""Stocks times days that one ranking of a broker looks at, and the fewest stocks it looks at."""
_SHOWN = 40
_RANKED = 20


def _order(facts: SimFacts, row: int, day: date, side: int) -> list[int]:
    """Brokers of a side (0 selling, 1 buying) by what they traded, the largest last."""
    ordinal = day.toordinal()
    return sorted(
        range(len(BROKERS)),
        key=lambda n: facts.chance(row, 41 + side, ordinal, n) + 0.5 * (BROKERS[n][0] == _HOME),
    )


def _traded(facts: SimFacts, row: int, day: date, volume: int) -> Ints:
    """Shares each broker sold and bought on a day, shape (brokers, 2)."""
    found = np.zeros((len(BROKERS), 2), dtype=np.int64)
    for side in (0, 1):
        for place, broker in enumerate(reversed(_order(facts, row, day, side)), 1):
            found[broker, side] = int(volume * _FIRST_SHARE / place)
    return found


def _asked(call: Call) -> tuple[list[int], str]:
    """Places and name of the asked broker; codes may come without their zeros, and 888 stands for all foreign houses."""
    code = call.params.text("mmcm_cd").zfill(3)
    if code == _ALL_FOREIGN:
        return _FOREIGN, "외국계"
    if code not in _CODES:
        raise Problem("1517", "mmcm_cd", f"회원사 코드가 존재하지 않습니다({code})")
    place = _CODES.index(code)
    return [place], BROKERS[place][1]


def _part(call: Call, row: int, day: date, volume: int, places: list[int]) -> tuple[int, int]:
    """Shares some brokers sold and bought on a day."""
    sold, bought = _traded(call.facts, row, day, volume)[places].sum(axis=0).tolist()
    return sold, bought


def _stretch(call: Call) -> tuple[date, date]:
    """First and last day of a request by days (``dt``) or by two dates."""
    facts, params = call.facts, call.params
    newest = params.day("end_dt", facts.day) if params.text("end_dt") else facts.day
    if params.text("qry_dt_tp") == "1" or not params.text("dt"):
        return params.day("strt_dt", newest), newest
    return date.min, newest


def _days(call: Call) -> list[Day]:
    oldest, newest = _stretch(call)
    limit = max(call.params.number("dt", FLOW_PAGE), 1) if oldest == date.min else FLOW_PAGE
    found: list[Day] = []
    for day in days_before(call, newest, oldest):
        found.append(day)
        if len(found) == limit:
            break
    return found


def _summed(call: Call, days: list[Day]) -> Ints:
    total = np.zeros((len(BROKERS), 2), dtype=np.int64)
    for day in days:
        total += _traded(call.facts, call.row, day.day, day.volume)
    return total


def stock_brokers(call: Call) -> Reply:
    """ka10038: brokers of a stock, the largest net sellers (1) or buyers (2) first."""
    sellers = call.params.choice("qry_tp", ("1", "2")) == "1"
    days = _days(call)
    total = _summed(call, days)
    net = total[:, 1] - total[:, 0]
    order = np.argsort(net if sellers else -net, kind="stable").tolist()
    rows = [
        {
            "rank": str(rank),
            "mmcm_nm": BROKERS[n][1],
            "buy_qty": f"+{total[n, 1]}",
            "sell_qty": f"-{total[n, 0]}",
            "acc_netprps_qty": w.signed(int(net[n])),
        }
        for rank, n in enumerate(order, 1)
    ]
    first = {f"rank_{place}": w.signed(int(net[order[place - 1]])) for place in (1, 2, 3)}
    return Reply({**first, "prid_trde_qty": str(sum(day.volume for day in days)), "stk_sec_rank": rows})


def broker_stocks(call: Call) -> Reply:
    """ka10039: stocks a broker bought (1) or sold (2) most over the days; amounts in millions."""
    (brokers, _), board, facts = _asked(call), call.stocks, call.facts
    sellers = call.params.choice("trde_tp", ("1", "2")) == "2"
    days = max(call.params.number("dt", 1), 1)
    begin = max(facts.past_count - days, 0)
    window = range(begin, facts.past_count)
    found: list[tuple[int, int, int, int]] = []
    count = max(_STOCK_DAYS // max(days, 8), _FEWEST_STOCKS)
    for row in rows_by(board.value, of_market_and_venue(call) & (board.volume > 0))[:count]:
        sold = bought = volume = 0
        for index in window:
            traded = int(facts.panel.volume_shares[row, index])
            part = _part(call, row, facts.panel.days[index].astype("datetime64[D]").item(), traded, brokers)
            sold, bought, volume = sold + part[0], bought + part[1], volume + traded
        if (sold > bought) if sellers else (bought > sold):
            found.append((row, sold, bought, volume))
    least = call.params.number("trde_qty_tp") * 1_000
    found = [line for line in found if line[3] >= least]
    found.sort(key=lambda line: abs(line[2] - line[1]), reverse=True)

    def write(rank: int, row: int, sold: int, bought: int, volume: int) -> Row:
        quote = call.seen(row, venue_of(call))
        before = int(facts.panel.close_krw[row, begin]) or quote.base
        price = quote.price / 1e6
        return {
            "rank": str(rank),
            "stk_cd": call.code(row, venue_of(call)),
            "stk_nm": call.name(row),
            "prid_stkpc_flu": w.signed(quote.price - before),
            "flu_rt": w.rate(w.ratio_pct(quote.price - before, before)),
            "prid_trde_qty": str(volume),
            "netprps": w.signed(bought - sold),
            "buy_trde_qty": f"+{bought}",
            "sel_trde_qty": f"-{sold}",
            "netprps_amt": w.signed((bought - sold) * price),
            "buy_amt": f"+{int(bought * price)}",
            "sell_amt": f"-{int(sold * price)}",
        }

    return Reply({"sec_trde_upper": [write(rank, *line) for rank, line in enumerate(found[:100], 1)]})


def main_brokers(call: Call) -> Reply:
    """ka10040: today's five brokers a side, and what foreign houses did."""
    quote, facts = call.quote(), call.facts
    traded = _traded(facts, call.row, facts.day, quote.volume)
    before = _traded(facts, call.row, facts.day, int(quote.volume * 0.98))
    orders = [_order(facts, call.row, facts.day, side)[::-1] for side in (0, 1)]
    fields: Row = {}
    for place in _FIVE:
        for side, word, sign in ((0, "sel", "-"), (1, "buy", "+")):
            broker = orders[side][place - 1]
            step = int(traded[broker, side] - before[broker, side])
            fields[f"{word}_trde_ori_irds_{place}"] = f"+{step}" if step else "0"
            fields[f"{word}_trde_ori_qty_{place}"] = f"{sign}{traded[broker, side]}"
            fields[f"{word}_trde_ori_{place}"] = BROKERS[broker][1]
            fields[f"{word}_trde_ori_cd_{place}"] = BROKERS[broker][0]
    sold, bought = (int(traded[_FOREIGN, side].sum()) for side in (0, 1))
    fields |= {
        "frgn_sel_prsm_sum_chang": "0",
        "frgn_sel_prsm_sum": f"-{sold}",
        "frgn_buy_prsm_sum": f"+{bought}",
        "frgn_buy_prsm_sum_chang": "0",
    }
    return Reply({**fields, "tdy_main_trde_ori": _departed(call)})


def net_buyers(call: Call) -> Reply:
    """ka10042: brokers that bought more than they sold, the largest first."""
    total = _summed(call, _days(call))
    net = total[:, 1] - total[:, 0]
    order = [n for n in np.argsort(-net, kind="stable").tolist() if net[n] > 0][:_RANKED]
    rows = [
        {"rank": str(rank), "mmcm_cd": str(int(BROKERS[n][0])), "mmcm_nm": BROKERS[n][1]} for rank, n in enumerate(order, 1)
    ]
    return Reply({"netprps_trde_ori_rank": rows})


def broker_days(call: Call) -> Reply:
    """ka10043: a broker's days in a stock, by close (1) or newest first (2); plain prices, changes with two minus signs."""
    brokers, _ = _asked(call)
    days = _days(call)
    if call.params.text("sort_base") == "1":
        days.sort(key=lambda day: -day.close)
    rows = []
    for day in days:
        sold, bought = _part(call, call.row, day.day, day.volume, brokers)
        rows.append(
            {
                "dt": w.day_text(day.day),
                "close_pric": str(day.close),
                "pre_sig": day.sign,
                "pred_pre": w.double_minus(day.change),
                "sel_qty": str(sold),
                "buy_qty": str(bought),
                "netprps_qty": w.integer(bought - sold),
                "trde_qty_sum": str(sold + bought),
                "trde_wght": w.rate(w.ratio_pct(sold + bought, 2 * day.volume)),
            }
        )
    return Reply({"trde_ori_prps_anly": rows})


def broker_trend(call: Call) -> Reply:
    """ka10078: a broker's days in a stock between two dates, newest first."""
    brokers, _ = _asked(call)
    oldest = call.params.day("strt_dt", call.facts.day)
    days, cursor = page_of_days(days_before(call, newest_of(call, "end_dt"), oldest), FLOW_PAGE)
    rows = []
    for day in days:
        sold, bought = _part(call, call.row, day.day, day.volume, brokers)
        rows.append(
            {
                "dt": w.day_text(day.day),
                "cur_prc": w.price(day.close, day.base),
                "pre_sig": day.sign,
                "pred_pre": w.signed(day.change),
                "flu_rt": w.rate(w.ratio_pct(day.change, day.base)),
                "acc_trde_qty": str(day.volume),
                "netprps_qty": w.integer(bought - sold),
                "buy_qty": str(bought),
                "sell_qty": str(sold),
            }
        )
    return Reply({"sec_stk_trde_trend": rows}, cursor)


def instant_trades(call: Call) -> Reply:
    """ka10052: large single trades of a broker, newest first; ``mrkt_tp`` 0 all, 1 KOSPI, 2 KOSDAQ, 3 one stock."""
    (brokers, name), params, board = _asked(call), call.params, call.stocks
    market = params.choice("mrkt_tp", ("0", "1", "2", "3"))
    allowed = board.listed & (board.volume > 0)
    allowed &= call.facts.of_market({"1": "001", "2": "101"}.get(market, "000"))
    allowed &= price_band(board.price, PRICE_BANDS_10027, params.text("pric_tp", "0"))
    rows = rows_by(board.value, allowed)[:_SHOWN]
    if market == "3":
        rows = [call.find(params.text("stk_cd"))[0]]
    least = params.number("qty_tp") * 1_000
    lines: list[tuple[int, Row]] = []
    for row in rows:
        quote = call.seen(row, venue_of(call))
        sold, bought = _part(call, row, call.facts.day, quote.volume, brokers)
        for trade in call.market.executions(row, 60):
            if abs(trade.quantity) < max(least, 1) or call.facts.chance(row, 91, trade.volume, brokers[0]) > 0.2:
                continue
            columns = first_columns(call, row, quote)
            head = {name: columns.pop(name) for name in ("stk_cd", "stk_nm")}
            found = {
                "tm": w.clock(trade.at_ns),
                **head,
                "trde_ori_nm": name,
                "tp": "-매도" if trade.quantity < 0 else "+매수",
                "mont_trde_qty": w.signed(trade.quantity),
                "acc_netprps": w.signed(bought - sold),
                **columns,
                "pred_pre": w.integer(quote.change),
            }
            lines.append((trade.at_ns, found))
    lines.sort(key=lambda line: -line[0])
    return Reply({"trde_ori_mont_trde_qty": [line for _, line in lines[:100]]})


def left_the_top(call: Call) -> Reply:
    """ka10053."""
    return Reply({"tdy_upper_scesn_ori": _departed(call)})


def _departed(call: Call) -> list[Row]:
    """Brokers that were among the five of a side earlier today and are no longer."""
    facts, quote = call.facts, call.quote()
    rows: list[Row] = []
    trades = call.market.executions(call.row, 400)
    for place in range(min(5, len(trades) // 40)):
        at = trades[40 * place].at_ns
        names, sizes = [], []
        for side in (0, 1):
            broker = _order(facts, call.row, facts.day, side)[-6 - place]
            names.append(BROKERS[broker][1])
            sizes.append(int(quote.volume * _FIRST_SHARE / (6 + place)))
        rows.append(
            {
                "sel_scesn_tm": w.clock(at),
                "sell_qty": str(sizes[0]),
                "sel_upper_scesn_ori": names[0],
                "buy_scesn_tm": w.clock(at),
                "buy_qty": str(sizes[1]),
                "buy_upper_scesn_ori": names[1],
                "qry_dt": w.day_text(facts.day),
                "qry_tm": w.clock(call.now_ns),
            }
        )
    return rows

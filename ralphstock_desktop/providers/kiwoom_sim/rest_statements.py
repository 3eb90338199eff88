"""Statements of the demonstration account: ka01300, ka01301, ka01690, ka10072-74, ka10077, ka10085, ka10088, ka10170, kt00002,
kt00003, kt00005, kt00007-kt00013, kt00015-kt00017.

The account has a deposit, no holdings and no trades, so lists are empty and sums are 0; amounts stand in 12 or 15 characters as
the vendor writes each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np

from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.rest_accounts import ACCOUNT, DEPOSIT_KRW
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Reply, Row
from ralphstock_desktop.providers.kiwoom_sim.rest_flows import days_before

__all__ = [
    "EMPTY_LISTS",
    "amounts_orderable",
    "balance_day",
    "collateral",
    "deposits_by_day",
    "empty_list",
    "executed_balance",
    "loan_orderable",
    "margin_orderable",
    "orders_of_day",
    "realised",
    "returns_between",
    "settlement",
    "statement_today",
    "trades_journal",
    "watch_groups",
    "watch_stocks",
    "wealth",
]

_ASKED = "조회가 완료되었습니다."
_WATCH_LISTS = {"1": ("코스피 대형주", "001"), "2": ("코스닥 대형주", "101")}
"""Number, name and market code of the account's watch lists."""
_WATCHED = 10
_AMOUNT, _LONG, _QUANTITY = 12, 15, 10
_MARGINS = (20, 30, 40, 50, 60, 100)

EMPTY_LISTS = {
    "ka10072": "dt_stk_div_rlzt_pl",
    "ka10073": "dt_stk_rlzt_pl",
    "ka10085": "acnt_prft_rt",
    "ka10088": "osop",
    "kt00007": "acnt_ord_cntr_prps_dtl",
}
"""Answers that are nothing but a list of what the account did, and their key."""

_EXECUTED = (
    "entr entr_d1 entr_d2 pymn_alow_amt uncl_stk_amt repl_amt rght_repl_amt ord_alowa ch_uncla crd_int_npay_gold etc_loana "
    "nrpy_loan profa_ch repl_profa stk_buy_tot_amt evlt_amt_tot tot_pl_tot tot_re_buy_alowa 20ord_alow_amt 30ord_alow_amt "
    "40ord_alow_amt 50ord_alow_amt 60ord_alow_amt 100ord_alow_amt crd_loan_tot crd_loan_ls_tot dpst_grnt_use_amt_amt "
    "grnt_loan_amt"
).split()
_COLLATERAL = (
    "tdy_reu_objt_amt tdy_reu_use_amt tdy_reu_alowa tdy_reu_lmtt_amt tdy_reu_alowa_fin pred_reu_objt_amt pred_reu_use_amt "
    "pred_reu_alowa pred_reu_lmtt_amt pred_reu_alowa_fin ch_amt ch_profa use_pos_ch ch_use_lmtt_amt use_pos_ch_fin "
    "repl_amt_amt repl_profa use_pos_repl repl_use_lmtt_amt use_pos_repl_fin crd_grnta_ch crd_grnta_repl crd_grnt_ch "
    "crd_grnt_repl uncla ls_grnt_reu_gold 20ord_alow_amt 30ord_alow_amt 40ord_alow_amt 50ord_alow_amt 60ord_alow_amt "
    "100ord_alow_amt tdy_crd_rpya_loss_amt pred_crd_rpya_loss_amt tdy_ls_rpya_loss_repl_profa pred_ls_rpya_loss_repl_profa "
    "evlt_repl_amt_spg_use_skip crd_repl_profa ch_ord_repl_profa crd_ord_repl_profa crd_repl_conv_gold repl_alowa "
    "repl_alowa_2 ch_repl_lck_gold crd_repl_lck_gold ch_ord_alow_repla crd_ord_alow_repla d2vexct_entr d2ch_ord_alow_amt"
).split()
_BETWEEN = (
    "entr scrt_evlt_amt ls_grnt crd_loan ch_uncla krw_asgna ls_evlta rght_evlta loan_amt etc_loana crd_int_npay_gold crd_int "
    "tot_amt"
).split()
_TODAY = (
    "d2_entra crd_int_npay_gold etc_loana gnrl_stk_evlt_amt_d2 dpst_grnt_use_amt_d2 crd_stk_evlt_amt_d2 crd_loan_d2 "
    "crd_loan_evlta_d2 crd_ls_grnt_d2 crd_ls_evlta_d2 ina_amt outa inq_amt outq_amt sell_amt buy_amt cmsn tax "
    "stk_pur_cptal_loan_amt rp_evlt_amt bd_evlt_amt elsevlt_amt crd_int_amt sel_prica_grnt_loan_int_amt_amt dvida_amt"
).split()
_FREE = frozenset(
    (
        "entr entr_d1 entr_d2 d2entra d2_entra pymn_alow_amt ord_alowa wthd_alowa nxdy_wthd_alowa out_alowa ch_amt use_pos_ch "
        "use_pos_ch_fin d2vexct_entr d2ch_ord_alow_amt"
    ).split()
)
"""Fields that show the deposit."""


def _amounts(names: Collection[str], width: int = _AMOUNT) -> Row:
    """Amounts of an account that holds nothing but its deposit."""
    shows = {name: name in _FREE or name.endswith("ord_alow_amt") for name in names}
    return {name: w.padded(DEPOSIT_KRW if free else 0, width) for name, free in shows.items()}


def watch_groups(call: Call) -> Reply:
    """ka01300: the account's watch lists, each by its number and name."""
    del call
    return Reply({"rtcd": "S", "nofi": [{"gcod": code, "name": name} for code, (name, _) in _WATCH_LISTS.items()]})


def watch_stocks(call: Call) -> Reply:
    """ka01301: the stocks of a watch list, the largest of a market; a list there is none of fails without a code."""
    facts = call.facts
    found = _WATCH_LISTS.get(call.params.text("arn_grp_id"))
    if found is None:
        return Reply({"rtcd": "F", "nofj": []})
    worth = np.where(facts.of_market(found[1]) & facts.is_stock, facts.shares * facts.last_close, 0)
    rows = [int(row) for row in np.argsort(-worth, kind="stable")[:_WATCHED] if worth[row] and call.market.is_listed(int(row))]
    return Reply({"rtcd": "S", "nofj": [{"cod2": call.code(row), "bgb": "0", "bgb_clr": ""} for row in rows]})


def empty_list(key: str) -> Callable[[Call], Reply]:
    """An answer without rows."""

    def answer(call: Call) -> Reply:
        del call
        return Reply({key: []}, message=_ASKED)

    return answer


def balance_day(call: Call) -> Reply:
    """ka01690."""
    fields = {
        "dt": w.day_text(call.params.day("qry_dt", call.facts.day)),
        "tot_buy_amt": "0",
        "tot_evlt_amt": "0",
        "tot_evltv_prft": "0",
        "tot_prft_rt": "0.00",
        "dbst_bal": str(DEPOSIT_KRW),
        "day_stk_asst": str(DEPOSIT_KRW),
        "buy_wght": "0.00",
    }
    return Reply({**fields, "day_bal_rt": []}, message=_ASKED)


def realised(call: Call) -> Reply:
    """ka10074 between two days, ka10077 of today."""
    if call.api_id == "ka10077":
        return Reply({"tdy_rlzt_pl": "0", "tdy_rlzt_pl_dtl": []}, message=_ASKED)
    sums = dict.fromkeys(("tot_buy_amt", "tot_sell_amt", "rlzt_pl", "trde_cmsn", "trde_tax"), "0")
    return Reply({**sums, "dt_rlzt_pl": []}, message=_ASKED)


def trades_journal(call: Call) -> Reply:
    """ka10170 today's journal, kt00015 everything booked between two days."""
    if call.api_id == "kt00015":
        return Reply(
            {"acnt_no": f"{ACCOUNT[:4]}-{ACCOUNT[4:8]}-{ACCOUNT[8:]}", "trst_ovrl_trde_prps_array": []}, message=_ASKED
        )
    sums = dict.fromkeys(("tot_sell_amt", "tot_buy_amt", "tot_cmsn_tax", "tot_exct_amt", "tot_pl_amt"), "0")
    return Reply({**sums, "tot_prft_rt": "0.00", "tdy_trde_diary": []}, message=_ASKED)


def deposits_by_day(call: Call) -> Reply:
    """kt00002: the deposit on every trading day between two days."""
    facts, params = call.facts, call.params
    oldest, newest = params.day("start_dt", facts.day), min(params.day("end_dt", facts.day), facts.day)
    call.row = int(facts.past_count and facts.panel.present[:, facts.past_count - 1].argmax())
    deposit = w.padded(DEPOSIT_KRW, _AMOUNT)
    rows = [
        {
            "dt": w.day_text(day.day),
            "entr": deposit,
            **dict.fromkeys(("grnt_use_amt", "crd_loan", "ls_grnt", "repl_amt"), w.padded(0, _AMOUNT)),
            "prsm_dpst_aset_amt": deposit,
            "prsm_dpst_aset_amt_bncr_skip": deposit,
        }
        for day in days_before(call, newest, oldest)
    ]
    return Reply({"daly_prsm_dpst_aset_amt_prst": rows}, message=_ASKED)


def wealth(call: Call) -> Reply:
    """kt00003."""
    del call
    return Reply({"prsm_dpst_aset_amt": w.padded(DEPOSIT_KRW, 11)}, message=_ASKED)


def executed_balance(call: Call) -> Reply:
    """kt00005."""
    del call
    fields = {**_amounts(_EXECUTED), "tot_pl_rt": "0.0000", "crd_grnt_rt": "0.00"}
    return Reply({**fields, "stk_cntr_remn": []}, message=_ASKED)


def settlement(call: Call) -> Reply:
    """kt00008: nothing will be settled."""
    today = w.day_text(call.facts.day)
    sums = _amounts(("sell_amt_sum", "buy_amt_sum"))
    return Reply({"trde_dt": today, "setl_dt": today, **sums, "acnt_nxdy_setl_frcs_prps_array": []}, message=_ASKED)


def orders_of_day(call: Call) -> Reply:
    """kt00009: no orders."""
    del call
    sums = _amounts(("sell_grntl_engg_amt", "buy_engg_amt", "engg_amt"))
    return Reply({**sums, "acnt_ord_cntr_prst_array": []}, message=_ASKED)


def amounts_orderable(call: Call) -> Reply:
    """kt00010: what may be ordered and drawn at a price (``uv``)."""
    price = call.params.number("uv")
    fields: Row = {}
    for margin in ("20", "30", "40", "50", "60", "rdex_60", "100"):
        power = int(DEPOSIT_KRW * 100 / int(margin[-3:].lstrip("_")))
        fields[f"profa_{margin}ord_alow_amt"] = w.padded(power, _AMOUNT)
        fields[f"profa_{margin}ord_alowq"] = w.padded(power // price if price else 0, _QUANTITY)
    rest = "pred_reu_alowa tdy_reu_alowa entr repl_amt uncla ord_pos_repl ord_alowa wthd_alowa nxdy_wthd_alowa".split()
    fields |= _amounts(rest) | _amounts(("pur_amt", "cmsn", "pur_exct_amt", "d2entra"))
    return Reply({**fields, "profa_rdex_aplc_tp": "0"}, message=_ASKED)


def _orderable(price: int, prefix: str, margin: int | None) -> Row:
    power = DEPOSIT_KRW * 100 // (margin or 100)
    return {
        f"{prefix}ord_alow_amt": w.padded(power, _AMOUNT),
        f"{prefix}ord_alowq": w.padded(power // price if price else 0, _AMOUNT),
        f"{prefix}pred_reu_amt": w.padded(0, _AMOUNT),
        f"{prefix}tdy_reu_amt": w.padded(0, _AMOUNT),
    }


def _price_of(call: Call) -> int:
    return call.params.number("uv") or call.quote().price or call.quote().base


def margin_orderable(call: Call) -> Reply:
    """kt00011: what may be ordered of a stock, by margin rate."""
    own = int(call.facts.margin_pct[call.row])
    fields: Row = {"stk_profa_rt": f"{own}%", "profa_rt": "100%", "aplc_rt": f"{own}%"}
    for margin in _MARGINS:
        fields |= _orderable(_price_of(call), f"profa_{margin}", margin)
    fields |= _orderable(_price_of(call), "min_", own)
    return Reply({**fields, **_amounts(("entr", "repl_amt", "uncla", "ord_pos_repl", "ord_alowa"))}, message=_ASKED)


def loan_orderable(call: Call) -> Reply:
    """kt00012: what may be ordered of a stock on a margin loan, by collateral rate."""
    own = max(int(call.facts.margin_pct[call.row]), 45)
    fields: Row = {"stk_assr_rt": "B" if own < 50 else "C", "stk_assr_rt_nm": f"{own}%"}
    for rate in (30, 40, 50, 60):
        fields |= _orderable(_price_of(call), f"assr_{rate}", rate)
    names = "entr repl_amt uncla ord_pos_repl ord_alowa out_alowa out_pos_qty min_amt min_qty".split()
    return Reply({**fields, **_amounts(names)}, message=_ASKED)


def collateral(call: Call) -> Reply:
    """kt00013."""
    del call
    return Reply({**_amounts(_COLLATERAL, _LONG), "evlt_repl_rt": "0.0000000"}, message=_ASKED)


def returns_between(call: Call) -> Reply:
    """kt00016: the account on the first and on the last day."""
    del call
    fields: Row = {"mang_empno": "", "mngr_nm": "", "dept_nm": ""}
    for name in _BETWEEN:
        for end in ("fr", "to"):
            fields[f"{name}_{end}"] = w.padded(DEPOSIT_KRW if name in ("entr", "tot_amt") else 0, _AMOUNT)
    fields |= {"invt_bsamt": w.padded(DEPOSIT_KRW, _AMOUNT), "evltv_prft": w.padded(0, _AMOUNT)}
    fields |= {"prft_rt": "0.00", "tern_rt": "0.00"}
    names = "termin_tot_trns termin_tot_pymn termin_tot_inq termin_tot_outq futr_repl_sella trst_repl_sella".split()
    return Reply({**fields, **_amounts(names)}, message=_ASKED)


def statement_today(call: Call) -> Reply:
    """kt00017."""
    del call
    return Reply(dict(_amounts(_TODAY)), message=_ASKED)

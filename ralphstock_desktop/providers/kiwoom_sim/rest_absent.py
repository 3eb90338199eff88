"""What no market here holds: warrants (ELW), spot gold (금현물) and orders on credit.

The api-ids exist, so they are answered as the vendor answers where there is nothing: lists are empty, a code that names no
product is unknown (1902), the account holds no gold, and orders are refused like all others.
"""

from __future__ import annotations

from collections.abc import Callable

from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.rest_accounts import refuse_order
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call, Route
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Problem, Reply
from ralphstock_desktop.providers.kiwoom_sim.rest_statements import empty_list

__all__ = ["ABSENT_ROUTES"]

_GOLD_CODES = ("M04020000", "M04020100")
"""Gold of one kilogram and of a hundred grams, as the vendor codes them."""
_ASKED = "조회가 완료되었습니다."
_GOLD_QUOTE = (
    "pred_pre_sig pred_pre flu_rt trde_qty open_pric high_pric low_pric pred_rt upl_pric lst_pric pred_close_pric".split()
)
_GOLD_BALANCE = "tot_entr net_entr tot_est_amt net_amt tot_book_amt2 tot_dep_amt paym_alowa pl_amt".split()
_GOLD_DEPOSIT = (
    "entra profa_ch chck_ina_amt etc_loan etc_loan_dlfe etc_loan_tot prsm_entra buy_exct_amt sell_exct_amt sell_buy_exct_amt "
    "dly_amt prsm_pymn_alow_amt pymn_alow_amt ord_alow_amt"
).split()


def _no_warrant(call: Call) -> Reply:
    """One warrant: there is none of any code."""
    raise Problem("1902", call.item)


def _gold_list(key: str) -> Callable[[Call], Reply]:
    """A list about gold: known codes have no rows."""

    def answer(call: Call) -> Reply:
        if call.item not in _GOLD_CODES:
            raise Problem("1902", call.item)
        return Reply({key: []})

    return answer


def _gold_quote(call: Call) -> Reply:
    """ka50100: every field is empty, as nothing trades."""
    if call.item not in _GOLD_CODES:
        raise Problem("1902", call.item)
    return Reply(dict.fromkeys(_GOLD_QUOTE, ""))


def _gold_account(call: Call) -> Reply:
    """kt50020 holdings, kt50021 deposit, kt50032 bookings: no gold, and no money set aside for it."""
    if call.api_id == "kt50021":
        return Reply(dict.fromkeys(_GOLD_DEPOSIT, w.padded(0, 15)), message=_ASKED)
    if call.api_id == "kt50032":
        return Reply({"acnt_print": "", "gold_trde_hist": []}, message=_ASKED)
    return Reply({**dict.fromkeys(_GOLD_BALANCE, w.padded(0, 12)), "gold_acnt_evlt_prst": []}, message=_ASKED)


def _elw_surge(call: Call) -> Reply:
    """ka30001: its head tells when the compared price was."""
    del call
    return Reply({"base_pric_tm": "", "elwpric_jmpflu": []})


def _warrants() -> dict[str, Route]:
    path = "elw"
    asset, skipped = ("isscomp_cd", "bsis_aset_cd", "rght_tp", "lpcd"), ("sort_tp", "rght_tp", "trde_end_skip")
    surge = ("flu_tp", "tm_tp", "tm", "trde_qty_tp", *asset, "trde_end_elwskip")
    return {
        **{
            api_id: Route(path, _no_warrant, ("stk_cd",), any_code=True)
            for api_id in ("ka10048", "ka10050", "ka30011", "ka30012")
        },
        "ka30001": Route(path, _elw_surge, surge),
        "ka30002": Route(
            path,
            empty_list("trde_ori_elwnettrde_upper"),
            ("isscomp_cd", "trde_qty_tp", "trde_tp", "dt", "trde_end_elwskip"),
        ),
        "ka30003": Route(path, empty_list("elwlpposs_daly_trnsn"), ("bsis_aset_cd", "base_dt")),
        "ka30004": Route(path, empty_list("elwdispty_rt"), (*asset, "trde_end_elwskip")),
        "ka30005": Route(path, empty_list("elwcnd_qry"), (*asset, "sort_tp")),
        "ka30009": Route(path, empty_list("elwflu_rt_rank"), skipped),
        "ka30010": Route(path, empty_list("elwreq_rank"), skipped),
    }


def _gold() -> dict[str, Route]:
    code = ("stk_cd",)
    charts = {
        "ka50079": ("gds_tic_chart_qry", (*code, "tic_scope", "upd_stkpc_tp")),
        "ka50080": ("gds_min_chart_qry", (*code, "tic_scope")),
        "ka50081": ("gds_day_chart_qry", (*code, "base_dt", "upd_stkpc_tp")),
        "ka50082": ("gds_week_chart_qry", (*code, "base_dt", "upd_stkpc_tp")),
        "ka50083": ("gds_month_chart_qry", (*code, "base_dt", "upd_stkpc_tp")),
        "ka50091": ("gds_tic_chart_qry", (*code, "tic_scope")),
        "ka50092": ("gds_min_chart_qry", (*code, "tic_scope")),
    }
    quotes = {
        "ka50010": ("gold_cntr", code),
        "ka50012": ("gold_daly_trnsn", (*code, "base_dt")),
        "ka50087": ("gold_expt_exec", code),
        "ka50101": ("gold_bid", (*code, "tic_scope")),
    }
    lists = {
        "kt50030": ("acnt_ord_cntr_prst", ("ord_dt", "mrkt_deal_tp", "stk_bond_tp", "slby_tp")),
        "kt50031": ("acnt_ord_cntr_prps_dtl", ("qry_tp", "stk_bond_tp", "sell_tp", "dmst_stex_tp")),
        "kt50075": ("acnt_ord_oso_prst", ("ord_dt", "mrkt_deal_tp", "stk_bond_tp", "sell_tp")),
    }
    return {
        **{
            api_id: Route("chart", _gold_list(key), needs, blank=("tic_scope",), any_code=True)
            for api_id, (key, needs) in charts.items()
        },
        **{api_id: Route("mrkcond", _gold_list(key), needs, any_code=True) for api_id, (key, needs) in quotes.items()},
        "ka50100": Route("mrkcond", _gold_quote, code, any_code=True),
        "ka52301": Route("frgnistt", empty_list("inve_trad_stat")),
        **{api_id: Route("acnt", empty_list(key), needs) for api_id, (key, needs) in lists.items()},
        **{api_id: Route("acnt", _gold_account) for api_id in ("kt50020", "kt50021", "kt50032")},
        "kt50000": Route("ordr", refuse_order, ("stk_cd", "ord_qty", "trde_tp"), any_code=True),
        "kt50001": Route("ordr", refuse_order, ("stk_cd", "ord_qty", "trde_tp"), any_code=True),
        "kt50002": Route("ordr", refuse_order, ("stk_cd", "orig_ord_no", "mdfy_qty", "mdfy_uv"), any_code=True),
        "kt50003": Route("ordr", refuse_order, ("orig_ord_no", "stk_cd", "cncl_qty"), any_code=True),
    }


def _credit_orders() -> dict[str, Route]:
    path, order = "crdordr", ("dmst_stex_tp", "stk_cd", "ord_qty", "trde_tp")
    changed = ("dmst_stex_tp", "orig_ord_no", "stk_cd")
    return {
        "kt10006": Route(path, refuse_order, order, any_code=True),
        "kt10007": Route(path, refuse_order, (*order, "crd_deal_tp"), any_code=True),
        "kt10008": Route(path, refuse_order, (*changed, "mdfy_qty", "mdfy_uv"), any_code=True),
        "kt10009": Route(path, refuse_order, (*changed, "cncl_qty"), any_code=True),
    }


ABSENT_ROUTES: dict[str, Route] = {**_warrants(), **_gold(), **_credit_orders()}
"""Every api-id of this module."""

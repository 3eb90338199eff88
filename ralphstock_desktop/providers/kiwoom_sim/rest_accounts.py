"""The demonstration account: read-only, with a deposit and no holdings. Orders are refused."""

from __future__ import annotations

from ralphstock_desktop.providers.kiwoom_sim import writing as w
from ralphstock_desktop.providers.kiwoom_sim.rest_call import Call
from ralphstock_desktop.providers.kiwoom_sim.rest_envelope import Problem, Reply

__all__ = [
    "ACCOUNT",
    "DEPOSIT_KRW",
    "account_number",
    "deposit",
    "evaluation",
    "executed_orders",
    "holdings",
    "open_orders",
    "refuse_order",
]

ACCOUNT = "8100000011"
DEPOSIT_KRW = 10_000_000
_ASKED = "조회가 완료되었습니다."

_DEPOSIT_FIELDS = (
    "entr profa_ch bncr_profa_ch nxdy_bncr_sell_exct fc_stk_krw_repl_set_amt crd_grnta_ch crd_grnt_ch add_grnt_ch etc_profa "
    "uncl_stk_amt shrts_prica crd_set_grnta chck_ina_amt etc_chck_ina_amt crd_grnt_ruse knx_asset_evltv elwdpst_evlta "
    "crd_ls_rght_frcs_amt lvlh_join_amt lvlh_trns_alowa repl_amt remn_repl_evlta trst_remn_repl_evlta bncr_remn_repl_evlta "
    "profa_repl crd_grnta_repl crd_grnt_repl add_grnt_repl rght_repl_amt pymn_alow_amt wrap_pymn_alow_amt ord_alow_amt "
    "bncr_buy_alowa 20stk_ord_alow_amt 30stk_ord_alow_amt 40stk_ord_alow_amt 100stk_ord_alow_amt ch_uncla ch_uncla_dlfe "
    "ch_uncla_tot crd_int_npay int_npay_amt_dlfe int_npay_amt_tot etc_loana etc_loana_dlfe etc_loan_tot nrpy_loan loan_sum "
    "ls_sum crd_grnt_rt mdstrm_usfe min_ord_alow_yn loan_remn_evlt_amt dpst_grntl_remn sell_grntl_remn d1_entra "
    "d1_slby_exct_amt d1_buy_exct_amt d1_out_rep_mor d1_sel_exct_amt d1_pymn_alow_amt d2_entra d2_slby_exct_amt "
    "d2_buy_exct_amt d2_out_rep_mor d2_sel_exct_amt d2_pymn_alow_amt 50stk_ord_alow_amt 60stk_ord_alow_amt"
).split()
_AVAILABLE = frozenset(
    (
        "entr pymn_alow_amt ord_alow_amt bncr_buy_alowa 20stk_ord_alow_amt 30stk_ord_alow_amt 40stk_ord_alow_amt "
        "100stk_ord_alow_amt d1_entra d1_pymn_alow_amt d2_entra d2_pymn_alow_amt 50stk_ord_alow_amt 60stk_ord_alow_amt"
    ).split()
)
_EVALUATION_FIELDS = (
    "entr d2_entra tot_est_amt aset_evlt_amt tot_pur_amt prsm_dpst_aset_amt tot_grnt_sella tdy_lspft_amt invt_bsamt lspft_amt "
    "tdy_lspft lspft2 lspft"
).split()


def account_number(call: Call) -> Reply:
    """ka00001."""
    del call
    return Reply({"acctNo": ACCOUNT})


def deposit(call: Call) -> Reply:
    """kt00001: amounts in 15 characters."""
    del call
    fields = {name: w.padded(DEPOSIT_KRW if name in _AVAILABLE else 0, 15) for name in _DEPOSIT_FIELDS}
    fields["crd_grnt_rt"] = "0.00"
    return Reply({**fields, "stk_entr_prst": []}, message=_ASKED)


def evaluation(call: Call) -> Reply:
    """kt00004: amounts in 12 characters, no holdings."""
    del call
    worth = {"entr", "d2_entra", "aset_evlt_amt", "prsm_dpst_aset_amt"}
    fields = {name: w.padded(DEPOSIT_KRW if name in worth else 0, 12) for name in _EVALUATION_FIELDS}
    rates = dict.fromkeys(("tdy_lspft_rt", "lspft_ratio", "lspft_rt"), "0.00")
    return Reply({"acnt_nm": "모의계좌", "brch_nm": "시뮬레이터", **fields, **rates, "stk_acnt_evlt_prst": []}, message=_ASKED)


def holdings(call: Call) -> Reply:
    """kt00018: no holdings."""
    del call
    zero = w.padded(0, 15)
    return Reply(
        {
            "tot_pur_amt": zero,
            "tot_evlt_amt": zero,
            "tot_evlt_pl": zero,
            "tot_prft_rt": "0.00",
            "prsm_dpst_aset_amt": w.padded(DEPOSIT_KRW, 15),
            "tot_loan_amt": zero,
            "tot_crd_loan_amt": zero,
            "tot_crd_ls_amt": zero,
            "acnt_evlt_remn_indv_tot": [],
        },
        message=_ASKED,
    )


def open_orders(call: Call) -> Reply:
    """ka10075: none."""
    del call
    return Reply({"oso": []}, message=_ASKED)


def executed_orders(call: Call) -> Reply:
    """ka10076: none."""
    del call
    return Reply({"cntr": []}, message=_ASKED)


def refuse_order(call: Call) -> Reply:
    """kt10000-kt10003: the simulator takes no orders."""
    del call
    raise Problem.business("[2000](이 시뮬레이터는 주문을 받지 않습니다)")

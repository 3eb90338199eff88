"""Investor flows, foreign holdings and short selling (protocol 9.3)."""

from __future__ import annotations

from typing import Final

from ralphstock_desktop.providers.kiwoom import catalogue_base as c
from ralphstock_desktop.providers.kiwoom import catalogue_flow_requests as q
from ralphstock_desktop.providers.kiwoom import records_flows as r
from ralphstock_desktop.providers.kiwoom.catalogue_quotes import StockRequest

__all__ = [
    "KA10008",
    "KA10009",
    "KA10014",
    "KA10034",
    "KA10045",
    "KA10051",
    "KA10058",
    "KA10059",
    "KA10060",
    "KA10061",
    "KA10063",
    "KA10064",
    "KA10065",
    "KA10066",
    "KA10131",
    "KA90009",
]

_STKINFO: Final = "/api/dostk/stkinfo"
_FRGNISTT: Final = "/api/dostk/frgnistt"
_MRKCOND: Final = "/api/dostk/mrkcond"
_RKINFO: Final = "/api/dostk/rkinfo"

KA10059: Final[c.Tr[q.InvestorDayRequest, None, r.InvestorDay]] = c.Tr(
    "ka10059",
    "종목별투자자기관별요청",
    _STKINFO,
    q.InvestorDayRequest,
    "stk_invsr_orgn",
    None,
    r.InvestorDay,
    order=c.Order.NEWEST_FIRST,
    ordered_by="day",
    unique=("day",),
    page_rows=100,
    paged=True,
    notes=(
        "flu_rt is a hundredfold without a point",
        "Net of individuals, foreigners, institutions, other corporations and resident foreigners adds up to about 0",
        "Today's row is provisional or zero until after the close",
    ),
)
KA10060: Final[c.Tr[q.InvestorDayRequest, None, r.InvestorChartDay]] = c.Tr(
    "ka10060",
    "종목별투자자기관별차트요청",
    "/api/dostk/chart",
    q.InvestorDayRequest,
    "stk_invsr_orgn_chart",
    None,
    r.InvestorChartDay,
    order=c.Order.NEWEST_FIRST,
    ordered_by="day",
    unique=("day",),
    paged=True,
    notes=("acc_trde_prica holds what ka10059 calls acc_trde_qty: a volume",),
)
KA10061: Final[c.Tr[q.InvestorSumRequest, None, r.InvestorSum]] = c.Tr(
    "ka10061",
    "종목별투자자기관별합계요청",
    _STKINFO,
    q.InvestorSumRequest,
    "stk_invsr_orgn_tot",
    None,
    r.InvestorSum,
    notes=("Negatives have two minus signs",),
)
KA10008: Final[c.Tr[StockRequest, None, r.ForeignHolding]] = c.Tr(
    "ka10008",
    "주식외국인종목별매매동향",
    _FRGNISTT,
    StockRequest,
    "stk_frgnr",
    None,
    r.ForeignHolding,
    order=c.Order.NEWEST_FIRST,
    ordered_by="day",
    unique=("day",),
    paged=True,
)
KA10009: Final[c.Tr[StockRequest, r.InstitutionDay, None]] = c.Tr(
    "ka10009",
    "주식기관요청",
    _FRGNISTT,
    StockRequest,
    head=r.InstitutionDay,
    notes=("Not in specification 1.0.3 any more: optional, prefer ka10045 or ka10059",),
)
KA10045: Final[c.Tr[q.InstitutionTrendRequest, r.InstitutionTrendHead, r.InstitutionTrend]] = c.Tr(
    "ka10045",
    "종목별기관매매추이요청",
    _MRKCOND,
    q.InstitutionTrendRequest,
    "stk_orgn_trde_trnsn",
    r.InstitutionTrendHead,
    r.InstitutionTrend,
    order=c.Order.NEWEST_FIRST,
    ordered_by="day",
    unique=("day",),
    paged=True,
)
KA10131: Final[c.Tr[q.RunRankRequest, None, r.RunRank]] = c.Tr(
    "ka10131",
    "기관외국인연속매매현황요청",
    _FRGNISTT,
    q.RunRankRequest,
    "orgn_frgnr_cont_trde_prst",
    None,
    r.RunRank,
    unique=("ticker",),
    paged=True,
    notes=(
        "amt_qty_tp is 0 amount, 1 quantity; netslmt_tp 1 (net selling) works though the table has 2 only",
        "An unknown mrkt_tp answers with KOSPI rows and code 0",
        "With stex_tp 3 codes come with _AL",
    ),
)
KA10063: Final[c.Tr[q.IntradayInvestorRequest, None, r.IntradayInvestor]] = c.Tr(
    "ka10063",
    "장중투자자별매매요청",
    _MRKCOND,
    q.IntradayInvestorRequest,
    "opmr_invsr_trde",
    None,
    r.IntradayInvestor,
    unique=("ticker",),
    paged=True,
    sometimes=frozenset(
        {"netprps_amt", "prev_netprps_amt", "buy_amt", "netprps_amt_irds", "buy_amt_irds", "sell_amt", "sell_amt_irds"}
    ),
    notes=("The official example has no amount columns", "Negatives have two minus signs"),
)
KA10064: Final[c.Tr[q.InvestorCurveRequest, None, r.InvestorCurvePoint]] = c.Tr(
    "ka10064",
    "장중투자자별매매차트요청",
    "/api/dostk/chart",
    q.InvestorCurveRequest,
    "opmr_invsr_trde_chart",
    None,
    r.InvestorCurvePoint,
    order=c.Order.ASCENDING,
    ordered_by="at_s",
    unique=("at_s",),
    notes=("Ascending, unlike nearly every other list", "No column of individuals"),
)
KA10065: Final[c.Tr[q.InvestorTopRequest, None, r.InvestorTop]] = c.Tr(
    "ka10065",
    "장중투자자별매매상위요청",
    _RKINFO,
    q.InvestorTopRequest,
    "opmr_invsr_trde_upper",
    None,
    r.InvestorTop,
    unique=("ticker",),
    notes=("sel_qty is negative: net = sell + buy",),
)
KA10066: Final[c.Tr[q.AfterCloseRequest, None, r.AfterCloseInvestor]] = c.Tr(
    "ka10066",
    "장마감후투자자별매매요청",
    _MRKCOND,
    q.AfterCloseRequest,
    "opaf_invsr_trde",
    None,
    r.AfterCloseInvestor,
    unique=("ticker",),
    paged=True,
)
KA10051: Final[c.Tr[q.SectorFlowRequest, None, r.SectorFlow]] = c.Tr(
    "ka10051",
    "업종별투자자순매수요청",
    "/api/dostk/sect",
    q.SectorFlowRequest,
    "inds_netprps",
    None,
    r.SectorFlow,
    unique=("code",),
    notes=("억원 and 천주; cur_prc, pred_pre and flu_rt a hundredfold without a point", "Codes come with _AL for stex_tp 3"),
)
KA10058: Final[c.Tr[q.InvestorStocksRequest, None, r.InvestorStock]] = c.Tr(
    "ka10058",
    "투자자별일별매매종목요청",
    _STKINFO,
    q.InvestorStocksRequest,
    "invsr_daly_trde_stk",
    None,
    r.InvestorStock,
    unique=("ticker",),
    paged=True,
    notes=("netslmt_amt is 만원, though labelled 원: quantity x average price says so",),
)
KA90009: Final[c.Tr[q.TopListsRequest, None, r.ForeignInstitutionTop]] = c.Tr(
    "ka90009",
    "외국인기관매매상위요청",
    _RKINFO,
    q.TopListsRequest,
    "frgnr_orgn_trde_upper",
    None,
    r.ForeignInstitutionTop,
    sometimes=frozenset({"pipe1"}),
    notes=("One row holds four unrelated stocks", "Live rows have pipe1", "천만원 and 천주"),
)
KA10034: Final[c.Tr[q.ForeignRankRequest, None, r.ForeignRank]] = c.Tr(
    "ka10034",
    "외인기간별매매상위요청",
    _RKINFO,
    q.ForeignRankRequest,
    "for_dt_trde_upper",
    None,
    r.ForeignRank,
    unique=("ticker",),
)
KA10014: Final[c.Tr[q.ShortSaleRequest, None, r.ShortSale]] = c.Tr(
    "ka10014",
    "공매도추이요청",
    "/api/dostk/shsa",
    q.ShortSaleRequest,
    "shrts_trnsn",
    None,
    r.ShortSale,
    order=c.Order.NEWEST_FIRST,
    ordered_by="day",
    unique=("day",),
    paged=True,
    notes=("shrts_trde_prica is 천원",),
)

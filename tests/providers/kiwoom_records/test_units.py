"""Units, signs and scales of every request, worked out by hand from the official examples (first row unless said otherwise)."""

from __future__ import annotations

import copy
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from engine.model.instants import kst_ns
from engine.model.live import MISSING, FeedVenue
from ralphstock_desktop.providers.kiwoom.catalogue import CATALOGUE
from ralphstock_desktop.providers.kiwoom.catalogue_flow_requests import InvestorDayRequest, SectorFlowRequest
from ralphstock_desktop.providers.kiwoom.parse import parse
from ralphstock_desktop.providers.kiwoom.records_wire import Direction, Measure

from .bodies import REFUSED_EXAMPLES, example, recorded

pytestmark = pytest.mark.real_data
TODAY = date(2026, 11, 24)

GOLDEN: dict[str, dict[str, Any]] = {
    "ka00198": {"rank": 1, "close_krw": 70_700, "change_pct": 0.57, "day": date(2025, 8, 27), "at_s": 8 * 3600 + 59 * 60},
    "ka10002": {"close_krw": 95_400, "base_krw": 95_400, "change_krw": 0, "seller_shares": (0,) * 5, "buyer_codes": ("000",) * 5},
    "ka10003": {"at_s": 13 * 3600 + 4 * 60 + 29, "close_krw": 53_500, "change_krw": 500, "quantity_shares": 1_010, "ask_krw": 68_900,
                "volume_shares": 8_735, "value_krw": 524_269_500, "strength_pct": 12.99, "venue": FeedVenue.KRX},
    "ka10004": {"at_s": 16 * 3600 + 20 * 60, "ask_krw": (0,) * 10, "bid_shares": (0,) * 10},
    "ka10008": {"day": date(2024, 11, 5), "held_shares": 6_663_509, "limit_used_pct": 26.10, "change_shares": 0},
    "ka10009": {"day": date(2024, 11, 5), "close_krw": 135_300, "institution_shares": MISSING},
    "ka10014": {"short_shares": 841_407, "short_krw": 46_985_302_000, "short_average_krw": 55_841, "close_krw": 55_800,
                "change_krw": -1_000, "short_sum_shares": 6_424_755},
    "ka10015": {"close_krw": 135_300, "volume_shares": 0, "pre_market_shares": MISSING, "total_3_shares": 0},
    "ka10016": {"close_krw": 334, "high_krw": 334, "low_krw": 320, "volume_shares": 3},
    "ka10017": {"close_krw": 235_500, "change_krw": 54_200, "change_pct": 29.90, "direction": Direction.UPPER_LIMIT,
                "volume_yesterday_shares": 96_197},
    "ka10019": {"close_krw": 52_700, "base_krw": 51_600, "from_base_krw": 1_100, "jump_pct": 2.13},
    "ka10023": {"close_krw": 152_000, "change_krw": -100, "surge_shares": 8_571_012, "surge_pct": 38.04},
    "ka10027": {"close_krw": 74_800, "strength_pct": 346.54, "bid_shares": 3_820_638, "times": 4},
    "ka10029": {"expected_krw": 48_100, "base_krw": 37_000, "expected_shares": 1},
    "ka10030": {"volume_shares": 34_954_641, "value_krw": 5_308_092_000_000, "volume_change_pct": 155.13, "turnover_pct": 48.21},
    "ka10032": {"rank": 1, "value_krw": 5_308_092_000_000, "volume_yesterday_shares": 22_532_511},
    "ka10034": {"net_shares": 290_232_191, "acquirable_shares": 2_548_278_006},
    "ka10045": {"institution_sum_shares": 158, "foreign_sum_shares": 28_315, "head.institution_average_krw": 117_052},
    "ka10046": {"quantity_shares": -1, "value_krw": 14_449_000_000, "volume_shares": 113_636, "strength_60min_pct": 170.67},
    "ka10051": {"code": "001", "level": 2_653.81, "change": 90.30, "change_pct": 3.52, "volume_shares": 1_164_000,
                "securities": 25_500_000_000, "foreign": -62_200_000_000, "individual": 0, "institution": 60_100_000_000},
    "ka10054": {"trigger_krw": 67_000, "dynamic_base_krw": 61_300, "static_base_krw": 0, "dynamic_deviation_pct": 9.30,
                "triggered_at_s": 17 * 3600 + 23 * 60 + 11, "count_today": 23, "venue": FeedVenue.NXT},
    "ka10058": {"net_shares": 4_464, "net_krw": 254_670_000, "average_krw": 57_056, "from_average_krw": 4_244},
    "ka10059": {"close_krw": 61_300, "change_pct": 6.98, "value_krw": 64_215_000_000, "individual": 1_584_000_000,
                "foreign": -61_779_000_000, "institution": 60_195_000_000, "pension": -1_000_000, "resident_foreign": 1_000_000},
    "ka10060": {"volume_shares": 1_105_968, "foreign": -61_779_000_000, "change_krw": 4_000},
    "ka10061": {"individual": -28_837_000_000, "foreign": -40_142_000_000, "institution": 64_891_000_000, "pension": -22_783_000_000},
    "ka10063": {"net_shares": 1_083_000, "sell_shares": -30_000, "net_krw": MISSING, "close_krw": 64},
    "ka10064": {"at_s": 9 * 3600, "foreign": 0},
    "ka10065": {"sell": -39_420_000_000, "buy": 73_452_000_000, "net": 34_033_000_000},
    "ka10066": {"close_krw": 7_410, "volume_shares": 8, "individual": 0},
    "ka10075": {"order": "0000069", "ordered_shares": 1, "at_s": 15 * 3600 + 41 * 60 + 13, "close_krw": 74_100},
    "ka10076": {"filled_krw": 158_200, "fee_krw": 310, "tax_krw": 284, "filled_shares": 1},
    "ka10079": {"close_krw": 78_900, "change_krw": -500, "at_ns": kst_ns(date(2025, 9, 17), 13, 19, 39), "head.ticks_in_last": MISSING},
    "ka10080": {"close_krw": 78_800, "open_krw": 78_850, "high_krw": 78_900, "change_krw": -600, "volume_shares": 7_913,
                "at_ns": kst_ns(date(2025, 9, 17), 13, 20), "day_volume_shares": 14_947_571},
    "ka10081": {"close_krw": 70_100, "volume_shares": 9_263_135, "value_krw": 648_525_000_000, "change_krw": 600,
                "day": date(2025, 9, 8), "turnover_pct": 0.16},
    "ka10082": {"value_krw": 3_922_030_535_087, "change_krw": -200, "day": date(2025, 9, 1)},
    "ka10083": {"value_krw": 15_774_571_011_618, "change_krw": 9_200},
    "ka10086": {"close_krw": 55_000, "change_krw": -22_800, "change_pct": -29.31, "value_krw": 1_179_000_000,
                "foreign_shares": -266_783, "foreign_holding_pct": 51.56, "low_krw": 54_500},
    "ka10087": {"price_krw": 156_600, "regular_ask_shares": 24_028, "close_price_bid_shares": 11, "ask_krw": (0,) * 5},
    "ka10094": {"value_krw": 698_972_287_992_549, "day": date(2025, 1, 2), "volume_shares": 10_541_142_553},
    "ka10095": {"last_krw": 156_600, "base_krw": 121_700, "value_krw": 14_889_000_000, "last_trade_shares": -1, "listed_shares": 5_969_783_000,
                "market_cap_krw": 934_867_900_000_000, "capital_krw": 778_000_000_000, "strength_pct": 172.01,
                "asks_krw": (156_700, 156_800, 156_900, 158_000, 158_100), "day": date(2024, 11, 28), "elw_expires_on": None,
                "upper_limit_krw": 158_200, "lower_limit_krw": 85_200, "volume_change_pct": 1_995.22},
    "ka10099": {"listed_shares": 123_759_593, "base_krw": 197, "listed_on": date(2009, 12, 4), "state": "관리종목", "nxt": "Y"},
    "ka10100": {"listed_shares": 26_034_239, "base_krw": 136_000, "sector": "금융업"},
    "ka10101": {"code": "001", "name": "종합(KOSPI)"},
    "ka10102": {"code": "001", "name": "교  보"},
    "ka10131": {"institution_krw": 48_000_000, "institution_shares": 173, "institution_run_days": 1, "foreign_krw": 0, "both_run_days": 2},
    "ka20001": {"at_s": 14 * 3600 + 30 * 60, "level": 2_394.49, "change": -278.47, "slot_volume_shares": 14_000,
                "head.level": 2_394.49, "head.volume_shares": 890_000, "head.value_krw": 41_867_000_000, "head.high_52w": 3_001.91,
                "head.down_issues": 130, "head.low": 2_375.21},
    "ka20002": {"close_krw": 6_200, "volume_shares": 116, "ask_krw": 6_990},
    "ka20003": {"code": "001", "level": 2_393.33, "change": -279.63, "value_krw": 46_494_000_000, "volume_shares": 993_000},
    "ka20004": {"level": 3_881.93, "change": 180.31, "direction": Direction.UNKNOWN, "at_ns": kst_ns(date(2025, 9, 17), 14, 26, 30)},
    "ka20006": {"level": 2_521.27, "open": 2_510.64, "volume_shares": 393_564_000, "value_krw": 10_582_466_000_000, "day": date(2025, 2, 10)},
    "ka20007": {"level": 2_521.27, "high": 2_527.33},
    "ka20008": {"level": 4_054.07, "low": 3_457.89, "value_krw": 61_127_000_000},
    "ka20009": {"level": 2_384.71, "change": -288.25, "volume_shares": 1_103_000, "head.change_pct": -10.78},
    "ka20019": {"level": 3_879.23, "high": 4_090.75, "value_krw": 238_469_489_000_000},
    "ka90001": {"theme": "319", "period_return_pct": 157.80, "issues": 5},
    "ka90002": {"close_krw": 57_800, "head.change_pct": 0.0},
    "ka90004": {"close_krw": 75_000, "change_krw": -2_800, "head.buy_krw": 2_000_000, "head.buy_shares": 0},
    "ka90005": {"at_s": 17 * 3600 + 5 * 60, "other_buy_krw": 17_000_000, "all_net_krw": 17_000_000, "kospi200": 478.39, "basis": -146.59},
    "ka90006": {"day": date(2024, 11, 25), "long_balance_krw": 0},
    "ka90007": {"kospi200": 0.0, "arbitrage_sum": 353_665_000_000, "all_sum": 1_024_884_000_000},
    "ka90008": {"net_krw": -3_472_000_000, "net_shares": -14_240, "sell_krw": 14_245_000_000, "net_step_shares": 3_142, "close_krw": 245_500},
    "ka90009": {"foreign_sell_ticker": "069500", "foreign_sell_krw": -1_308_110_000_000, "foreign_sell_shares": -50_312_000},
    "ka90010": {"at_ns": kst_ns(date(2024, 11, 25), 0), "kospi200": 0.0},
    "ka90013": {"close_krw": 267_000, "venue_text": None, "net_shares": 0},
    "kt00001": {"cash_krw": 17_534, "orderable_krw": 85_341},
    "kt00004": {"ticker": "005930", "held_shares": 3, "profit_krw": -163_958, "profit_pct": -43.8977, "head.assets_krw": 749_792},
    "kt00018": {"ticker": "005930", "profit_krw": -196_888, "profit_pct": -52.71, "average_krw": 124_500, "head.profit_krw": 8_138_825},
}  # fmt: skip
"""Api-id to values of the first row as received (or of the flat answer); ``head.`` is beside the list."""
GOLDEN["ka90013"].pop("venue_text")


def test_the_table_covers_every_request_whose_example_is_good() -> None:
    assert set(GOLDEN) == set(CATALOGUE) - set(REFUSED_EXAMPLES) - {"ka00001"}


@pytest.mark.parametrize("api_id", sorted(GOLDEN))
def test_values_of_the_official_example(recorded_data: Path, api_id: str) -> None:
    reply = parse(CATALOGUE[api_id], example(recorded_data, api_id), today=TODAY)
    row = reply.rows[reply.positions.index(0)] if reply.rows else reply.head
    for name, expected in GOLDEN[api_id].items():
        record, field = (reply.head, name.removeprefix("head.")) if name.startswith("head.") else (row, name)
        found = getattr(record, field)
        assert found == expected and isinstance(found, type(expected) if expected is not None else type(None)), (name, found)


def test_values_of_the_recorded_basic_information(recorded_data: Path) -> None:
    info = parse(CATALOGUE["ka10001"], dict(recorded(recorded_data))["ka10001"], today=TODAY).head
    assert info.listed_shares == 85_581_000 and info.free_float_shares == 64_812_000, "천주, whatever the label says"
    assert info.market_cap_krw == 2_991_100_000_000 and info.operating_profit_krw == 437_800_000_000, "억원"
    assert (info.low_250d_krw, info.low_250d_on) == (17_790, date(2025, 9, 3))
    assert info.open_krw == 33_050, "a minus is a direction"


def test_composed_answers_of_requests_whose_example_is_another_ones() -> None:
    minutes = parse(
        CATALOGUE["ka20005"],
        {"inds_cd": "001", "inds_min_pole_qry": [{"cur_prc": "287581", "trde_qty": "842", "cntr_tm": "20251105143000", "open_pric": "286102",
         "high_pric": "288144", "low_pric": "284910", "acc_trde_qty": "318220", "pred_pre": "--36042", "pred_pre_sig": "5"}],
         "return_code": 0},
    )  # fmt: skip
    bar = minutes.rows[0]
    assert (bar.level, bar.change, bar.day_volume_shares) == (2_875.81, -360.42, 318_220_000)
    ranking = parse(
        CATALOGUE["ka90003"],
        {"prm_netprps_upper_50": [{"rank": "1", "stk_cd": "005930_AL", "stk_nm": "삼성전자", "cur_prc": "+71300", "flu_sig": "2",
         "pred_pre": "+800", "flu_rt": "+1.13", "acc_trde_qty": "11843207", "prm_sell_amt": "140210", "prm_buy_amt": "162544",
         "prm_netprps_amt": "+22334"}], "return_code": 0},
    )  # fmt: skip
    top = ranking.rows[0]
    assert (top.ticker, top.venue, top.net_krw) == ("005930", FeedVenue.COMBINED, 22_334_000_000)
    account = parse(CATALOGUE["ka00001"], {"acctNo": "1234567890", "return_code": 0})
    assert account.head.account == "1234567890" and "1234567890" not in repr(account)


def test_investor_columns_follow_what_was_asked(recorded_data: Path) -> None:
    body = copy.deepcopy(example(recorded_data, "ka10059"))
    day = date(2024, 11, 7)
    shares = parse(CATALOGUE["ka10059"], body, InvestorDayRequest(day, "005930", Measure.SHARES), today=TODAY).rows[-1]
    assert shares.foreign == -61_779 and shares.value_krw == 64_215_000_000, "only the investors are counted in shares"
    thousands = InvestorDayRequest(day, "005930", Measure.SHARES, unit="thousand shares")
    for row in body["stk_invsr_orgn"]:
        row["acc_trde_qty"] = str(int(row["acc_trde_qty"]) * 1_000)
        row["acc_trde_prica"] = str(int(row["acc_trde_prica"]) * 1_000)
    assert parse(CATALOGUE["ka10059"], body, thousands, today=TODAY).rows[-1].foreign == -61_779_000
    sector = parse(CATALOGUE["ka10051"], example(recorded_data, "ka10051"), SectorFlowRequest("KOSPI", Measure.SHARES)).rows[0]
    assert sector.foreign == -622_000, "천주"

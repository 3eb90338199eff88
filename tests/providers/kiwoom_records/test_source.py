"""The source's rules, trap by trap, on scripted answers: paging, today's bar, provisional flows, the master, empty pages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.model.errors import DataUnavailable, ProtocolChanged, ProviderError, ValidationFailed
from engine.model.instants import kst_datetime, kst_ns
from engine.model.instruments import DesignationFlag, Market, SecurityType
from engine.model.live import MISSING, ViKind
from ralphstock_desktop.live_ports import MarketSource, Priority
from ralphstock_desktop.ports import MISSING_INT
from ralphstock_desktop.providers.kiwoom.source import KiwoomSource

from .bodies import example

DAY = date(2026, 11, 23)
"""A Monday."""
NOW = Priority.INTERACTIVE


@dataclass
class Page:
    body: dict[str, Any]
    next_key: str = ""
    received_ns: int = 42
    is_cut: bool = False


@dataclass
class Script:
    """Answers by api-id, one a call; a callable gets the request and makes one."""

    answers: dict[str, list[Any]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    is_closed: bool = False

    async def call(self, api_id: str, path: str, body: Mapping[str, str], priority: Priority, *, next_key: str = "") -> Page:
        assert path.startswith("/api/dostk/") and isinstance(priority, Priority)
        self.asked.append((api_id, dict(body), next_key))
        await asyncio.sleep(0)
        answer = self.answers[api_id].pop(0) if isinstance(self.answers.get(api_id), list) else self.answers[api_id]
        if isinstance(answer, Exception):
            raise answer
        found = answer(dict(body), next_key) if callable(answer) else answer
        return found if isinstance(found, Page) else Page(found)

    async def close(self) -> None:
        self.is_closed = True


def source_at(script: Script, hour: int, minute: int = 0, day: date = DAY) -> KiwoomSource:
    return KiwoomSource(script, lambda: kst_ns(day, hour, minute))


def day_row(day: date, close: int = 71_300, volume: int = 1_000, change: int = 800) -> dict[str, str]:
    return {"cur_prc": str(close), "trde_qty": str(volume), "trde_prica": str(close * volume // 1_000_000), "dt": f"{day:%Y%m%d}",
            "open_pric": str(close), "high_pric": str(close), "low_pric": str(close), "pred_pre": f"{change:+d}",
            "pred_pre_sig": "2" if change > 0 else "5", "trde_tern_rt": "+0.20"}  # fmt: skip


def minute_row(at: str, close: int = 71_300, volume: int = 10) -> dict[str, str]:
    return {"cur_prc": f"-{close}", "trde_qty": str(volume), "cntr_tm": at, "open_pric": f"-{close}", "high_pric": f"-{close + 100}",
            "low_pric": f"-{close - 100}", "pred_pre": "-800", "pred_pre_sig": "5", "acc_trde_qty": "0"}  # fmt: skip


def daily(*rows: Any) -> dict[str, Any]:
    return {"stk_cd": "005930", "stk_dt_pole_chart_qry": list(rows), "return_code": 0}


def minutes(*rows: Any) -> dict[str, Any]:
    return {"stk_cd": "005930", "stk_min_pole_chart_qry": list(rows), "return_code": 0}


def weekdays(last: date, count: int) -> list[date]:
    days = [last - timedelta(days=back) for back in range(2 * count)]
    return [day for day in days if day.weekday() < 5][:count]


def test_it_is_a_market_source() -> None:
    source: MarketSource = source_at(Script(), 10)
    assert source.name == "kiwoom"


async def test_pages_are_asked_for_until_they_reach_back_far_enough() -> None:
    days = weekdays(DAY - timedelta(days=3), 9)
    script = Script({"ka10081": [Page(daily(*map(day_row, days[:3])), "k1"), Page(daily(*map(day_row, days[3:6])), "k2"),
                                 Page(daily(*map(day_row, days[6:])), "k3")]})  # fmt: skip
    batch = await source_at(script, 10).fetch_daily("005930", days[4], NOW)
    assert batch.day.tolist() == sorted(days[:5]) and batch.source == "kiwoom" and set(batch.ticker) == {"005930"}
    assert [key for _, _, key in script.asked] == ["", "k1"], "the third page is older than wanted"
    bodies = [body for _, body, _ in script.asked]
    assert bodies[0] == bodies[1] == {"stk_cd": "005930", "base_dt": "20261123", "upd_stkpc_tp": "0"}


async def test_an_empty_page_in_the_middle_is_asked_for_again() -> None:
    days = weekdays(DAY - timedelta(days=3), 6)
    script = Script(
        {"ka10081": [Page(daily(*map(day_row, days[:3])), "k1"), Page(daily()), Page(daily(*map(day_row, days[3:])))]}
    )
    batch = await source_at(script, 10).fetch_daily("005930", days[-1], NOW)
    assert len(batch.day) == 6
    assert [key for _, _, key in script.asked] == ["", "k1", "k1"]


async def test_an_empty_page_three_times_is_the_end_and_no_bars_at_all_are_no_empty_answer() -> None:
    days = weekdays(DAY - timedelta(days=3), 3)
    script = Script({"ka10081": [Page(daily(*map(day_row, days)), "k1"), daily(), daily(), daily()]})
    assert len((await source_at(script, 10).fetch_daily("005930", date(2020, 1, 1), NOW)).day) == 3
    blank = dict.fromkeys(day_row(DAY), "")
    for nothing in (daily(), daily(blank), {"return_code": 20, "return_msg": "해당조회내역이 없습니다"}):
        with pytest.raises(DataUnavailable) as raised:
            await source_at(Script({"ka10081": [nothing, nothing]}), 10).fetch_daily("005930", DAY, NOW)
        assert raised.value.key == "error.kiwoom.no_data"


async def test_the_same_page_again_is_asked_for_once_more_and_its_rows_are_taken_once() -> None:
    days = weekdays(DAY - timedelta(days=3), 6)
    first, second = daily(*map(day_row, days[:3])), daily(*map(day_row, days[3:]))
    stuck = Script({"ka10081": [Page(first, "k1"), Page(first, "k1"), Page(second)]})
    assert (await source_at(stuck, 10).fetch_daily("005930", days[-1], NOW)).day.tolist() == sorted(days)
    assert [key for _, _, key in stuck.asked] == ["", "k1", "k1"]
    twice = Script({"ka10081": [Page(first, "k1"), *[Page(first, "k2")] * 3, Page(second)]})
    assert (await source_at(twice, 10).fetch_daily("005930", days[-1], NOW)).day.tolist() == sorted(days)
    assert [key for _, _, key in twice.asked] == ["", "k1", "k1", "k1", "k2"]


async def test_a_server_that_gives_one_page_for_ever_is_left() -> None:
    days = weekdays(DAY - timedelta(days=3), 3)
    number = iter(range(1_000))
    script = Script({"ka10081": lambda body, key: Page(daily(*map(day_row, days)), f"k{next(number)}")})  # type: ignore[dict-item]
    with pytest.raises(ProviderError) as raised:
        await source_at(script, 10).fetch_daily("005930", date(2020, 1, 1), NOW)
    assert raised.value.key == "error.kiwoom.endless"
    assert len(script.asked) < 15


async def test_rows_that_new_ones_pushed_to_the_next_page_are_taken_once() -> None:
    days = weekdays(DAY - timedelta(days=3), 9)
    pages = [
        Page(daily(*map(day_row, days[:4])), "k1"),
        Page(daily(*map(day_row, days[2:6])), "k2"),
        Page(daily(*map(day_row, days[5:]))),
    ]
    batch = await source_at(Script({"ka10081": list(pages)}), 10).fetch_daily("005930", date(2020, 1, 1), NOW)
    assert batch.day.tolist() == sorted(days)
    other = [*map(day_row, days[2:3]), day_row(days[3], 71_400), *map(day_row, days[4:])]
    with pytest.raises(ProtocolChanged) as raised:
        await source_at(Script({"ka10081": [pages[0], Page(daily(*other))]}), 10).fetch_daily("005930", date(2020, 1, 1), NOW)
    assert raised.value.key == "error.kiwoom.conflict"
    with pytest.raises(ProtocolChanged) as raised:
        await source_at(Script({"ka10081": [pages[1], Page(daily(*map(day_row, days[:9])))]}), 10).fetch_daily(
            "005930", date(2020, 1, 1), NOW
        )
    assert raised.value.key == "error.kiwoom.order"


async def test_a_list_that_goes_on_without_saying_how_is_no_whole_list() -> None:
    days = weekdays(DAY - timedelta(days=3), 6)
    cut, whole = Page(daily(*map(day_row, days[:3])), is_cut=True), Page(daily(*map(day_row, days[:3])), "k1")
    healed = Script({"ka10081": [cut, whole, Page(daily(*map(day_row, days[3:])))]})
    assert len((await source_at(healed, 10).fetch_daily("005930", days[-1], NOW)).day) == 6
    with pytest.raises(ProtocolChanged) as raised:
        await source_at(Script({"ka10081": [cut] * 3}), 10).fetch_daily("005930", days[-1], NOW)
    assert raised.value.key == "error.kiwoom.shape"
    assert len((await source_at(Script({"ka10081": [cut] * 3}), 10).fetch_daily("005930", days[1], NOW)).day) == 2


async def test_a_row_that_cannot_be_read_is_asked_for_again_before_a_history_goes_without_it() -> None:
    days = weekdays(DAY - timedelta(days=3), 30)
    good, bad = daily(*map(day_row, days)), daily(*map(day_row, days[:-1]), {**day_row(days[-1]), "low_pric": "x"})
    healed = Script({"ka10081": [bad, good]})
    assert len((await source_at(healed, 10).fetch_daily("005930", days[-1], NOW)).day) == 30
    source = source_at(lasting := Script({"ka10081": bad}), 10)
    assert len((await source.fetch_daily("005930", days[-1], NOW)).day) == 29
    assert len(lasting.asked) == 3
    assert any(note.kind == "refused_row" for note in source.register.report())


async def test_a_master_with_a_row_that_cannot_be_read_is_not_complete() -> None:
    rows = [listed(f"{number:06d}", "주식") for number in range(30)]

    def answer(body: dict[str, str], _key: str) -> dict[str, Any]:
        return {"list": rows, "return_code": 0}

    source = source_at(Script({"ka10099": answer}), 8)
    assert (await source.fetch_listing(NOW)).complete
    rows[3] = {**rows[3], "listCount": "?"}
    listing = await source.fetch_listing(NOW)
    assert not listing.complete and len(listing.symbols) == 29


async def test_nothing_new_is_an_empty_batch() -> None:
    script = Script({"ka10081": [daily(day_row(DAY - timedelta(days=3)))]})
    assert len((await source_at(script, 10).fetch_daily("005930", DAY, NOW)).day) == 0


async def test_a_page_that_cannot_be_believed_is_asked_for_again() -> None:
    days = weekdays(DAY - timedelta(days=3), 3)
    good, wrong = daily(*map(day_row, days)), daily(*map(day_row, days))
    for row in wrong["stk_dt_pole_chart_qry"]:
        row["trde_prica"] += "000"
    shuffled = daily(*map(day_row, days[::-1]))
    script = Script({"ka10081": [wrong, shuffled, good]})
    source = source_at(script, 10)
    assert len((await source.fetch_daily("005930", days[-1], NOW)).day) == 3
    assert any(note.kind == "refused_row" and note.field == "value_krw" for note in source.register.report())
    with pytest.raises(ProtocolChanged):
        await source_at(Script({"ka10081": [wrong] * 3}), 10).fetch_daily("005930", days[-1], NOW)


async def test_an_unknown_stock_is_no_data_and_a_wrong_code_no_request() -> None:
    error = ValidationFailed("no such stock", key="error.kiwoom.symbol", code="1902")
    with pytest.raises(DataUnavailable):
        await source_at(Script({"ka10081": [error]}), 10).fetch_daily("999999", DAY, NOW)
    script = Script()
    with pytest.raises(ValidationFailed):
        await source_at(script, 10).fetch_daily("5930", DAY, NOW)
    assert not script.asked


# today's bar


async def test_today_is_left_out_before_the_official_bar_is_known() -> None:
    script = Script({"ka10081": daily(day_row(DAY), day_row(DAY - timedelta(days=3)))})
    for hour, minute in ((10, 0), (15, 30), (15, 39)):
        batch = await source_at(script, hour, minute).fetch_daily("005930", date(2026, 11, 1), NOW)
        assert batch.day.tolist() == [DAY - timedelta(days=3)]
    assert "ka10080" not in [api_id for api_id, _, _ in script.asked]


async def test_todays_official_bar_comes_from_the_minutes_of_the_regular_session() -> None:
    """The daily row moved on with the after-market: other close, higher high, more volume."""
    moved = {**day_row(DAY, 1_692_000, 5_000, -8_000), "high_pric": "1720000", "low_pric": "1650000"}
    script = Script({
        "ka10081": daily(moved, day_row(DAY - timedelta(days=3), 1_700_000)),
        "ka10080": minutes(minute_row("20261123160100", 1_718_000, 900), minute_row("20261123153000", 1_697_000, 300),
                           minute_row("20261123151900", 1_699_000, 20), minute_row("20261123090000", 1_701_000, 80),
                           minute_row("20261120153000", 1_700_000, 300)),
    })  # fmt: skip
    batch = await source_at(script, 19).fetch_daily("005930", date(2026, 11, 20), NOW)
    assert batch.day.tolist() == [date(2026, 11, 20), DAY]
    assert [int(column[-1]) for column in (batch.open_krw, batch.high_krw, batch.low_krw, batch.close_krw)] == [
        1_701_000, 1_701_100, 1_696_900, 1_697_000,
    ]  # fmt: skip
    assert batch.volume_shares[-1] == 400 and batch.value_krw[-1] == MISSING_INT, "the amount includes the after-market"
    assert batch.prev_diff_krw[-1] == -3_000, "against the base of 1,700,000"
    assert batch.value_krw[0] == 1_700_000_000


async def test_todays_amount_is_taken_while_the_volumes_agree() -> None:
    script = Script({
        "ka10081": daily(day_row(DAY, 71_300, 30)),
        "ka10080": minutes(minute_row("20261123153000"), minute_row("20261123151900"), minute_row("20261123090000")),
    })  # fmt: skip
    batch = await source_at(script, 15, 45).fetch_daily("005930", DAY, NOW)
    assert batch.value_krw.tolist() == [2_000_000] and batch.volume_shares.tolist() == [30]


async def test_a_halted_day_has_no_prices_but_the_last() -> None:
    halted = day_row(DAY, 71_300, 0, 0)
    script = Script({"ka10081": daily(halted, day_row(DAY - timedelta(days=3), 71_300, 0)), "ka10080": minutes()})
    batch = await source_at(script, 16).fetch_daily("005930", date(2026, 11, 1), NOW)
    assert batch.day.tolist() == [DAY - timedelta(days=3), DAY]
    assert batch.open_krw.tolist() == batch.high_krw.tolist() == batch.low_krw.tolist() == [0, 0]
    assert batch.close_krw.tolist() == [71_300, 71_300]


async def test_todays_bar_without_minutes_is_not_guessed() -> None:
    script = Script({"ka10081": daily(day_row(DAY), day_row(DAY - timedelta(days=3))), "ka10080": minutes()})
    assert (await source_at(script, 18).fetch_daily("005930", date(2026, 11, 1), NOW)).day.tolist() == [date(2026, 11, 20)]


async def test_adjusted_bars_ask_from_today_and_leave_today_out() -> None:
    script = Script({"ka10081": daily(day_row(DAY), day_row(DAY - timedelta(days=3)))})
    batch = await source_at(script, 18).fetch_adjusted("005930", date(2026, 11, 1), NOW)
    assert script.asked[0][1] == {"stk_cd": "005930", "base_dt": "20261123", "upd_stkpc_tp": "1"}
    assert batch.day.tolist() == [date(2026, 11, 20)] and batch.factor_on == DAY and batch.close_krw.dtype == np.float64


# minutes


async def test_minutes_are_regular_hours_since_an_instant() -> None:
    rows = [
        "20261123180000",
        "20261123154000",
        "20261123153000",
        "20261123152900",
        "20261123090100",
        "20261123090000",
        "20261123083000",
    ]
    script = Script({"ka10080": [Page(minutes(*map(minute_row, rows)), "k1"), minutes(minute_row("20261120153000"))]})
    source = source_at(script, 18, 1)
    batch = await source.fetch_minutes("005930", kst_ns(DAY, 9, 1), NOW)
    assert [f"{kst_datetime(int(at)):%H%M}" for at in batch.minute_ns] == ["0901", "1529", "1530"]
    assert batch.close_krw.tolist() == [71_300] * 3 and set(batch.value_krw.tolist()) == {MISSING_INT}
    assert script.asked[0][1] == {"stk_cd": "005930", "tic_scope": "1", "upd_stkpc_tp": "0"}
    assert len(script.asked) == 1, "the page reaches back before 09:01"


async def test_the_cut_oldest_day_of_the_vendors_history_is_dropped() -> None:
    """The history ends at a row, in the middle of a day: that day's first hours are missing."""
    script = Script(
        {"ka10080": minutes(*map(minute_row, ["20261120153000", "20261120090000", "20261119153000", "20261119113000"]))}
    )
    batch = await source_at(script, 10).fetch_minutes("005930", kst_ns(date(2026, 1, 2), 9), NOW)
    assert [f"{kst_datetime(int(at)):%m%d%H%M}" for at in batch.minute_ns] == ["11200900", "11201530"]
    since = await source_at(script, 10).fetch_minutes("005930", kst_ns(date(2026, 11, 19), 9), NOW)
    assert len(since.minute_ns) == 4, "asked for from that day on, what is there is all there was"


async def test_a_cut_page_is_continued() -> None:
    pages = [Page(minutes(*map(minute_row, ["20261123100000", "20261123095900"])), "k1"),
             Page(minutes(*map(minute_row, ["20261123095800", "20261123090000", "20261120153000"])))]  # fmt: skip
    batch = await source_at(Script({"ka10080": pages}), 10).fetch_minutes("005930", kst_ns(DAY, 9), NOW)
    assert len(batch.minute_ns) == 4 and (np.diff(batch.minute_ns) > 0).all()


# flows


def flow_row(day: date, foreign: int, close: int = 71_300, volume: int = 1_000_000) -> dict[str, str]:
    names = "insrnc invtrt etc_fnnc bank penfnd_etc samo_fund natn etc_corp natfor".split()
    return {"dt": f"{day:%Y%m%d}", "cur_prc": f"+{close}", "pre_sig": "2", "pred_pre": "+800", "flu_rt": "+113",
            "acc_trde_qty": str(volume), "acc_trde_prica": str(close * volume // 1_000_000), "ind_invsr": str(-foreign),
            "frgnr_invsr": str(foreign), "orgn": "0", "fnnc_invt": "0", **dict.fromkeys(names, "0")}  # fmt: skip


def flow_answers(*rows: tuple[date, int, int]) -> Any:
    def answer(body: dict[str, str], _key: str) -> dict[str, Any]:
        column = 1 if body["amt_qty_tp"] == "1" else 2
        return {"stk_invsr_orgn": [flow_row(row[0], row[column]) for row in rows], "return_code": 0}

    return answer


async def test_flows_in_shares_and_won_with_a_provisional_today() -> None:
    script = Script({"ka10059": flow_answers((DAY, 12, 170), (date(2026, 11, 20), -30, -420))})
    batches = await source_at(script, 19).fetch_flows("005930", date(2026, 11, 20), NOW)
    foreign = {batch.provisional: batch for batch in batches if batch.investor == "foreign"}
    assert foreign[False].net_krw.tolist() == [-30_000_000] and foreign[False].net_shares.tolist() == [-420]
    assert foreign[True].day.tolist() == [DAY] and foreign[True].net_shares.tolist() == [170]
    assert len(batches) == 20 and not any(batch.estimated for batch in batches)
    bodies = [body for _, body, _ in script.asked]
    assert [(body["amt_qty_tp"], body["unit_tp"], body["trde_tp"]) for body in bodies] == [("1", "1", "0"), ("2", "1", "0")]
    confirmed = await source_at(script, 20, 10).fetch_flows("005930", date(2026, 11, 20), NOW)
    assert len(confirmed) == 10 and len(confirmed[0].day) == 2 and not confirmed[0].provisional


async def test_todays_zeros_on_a_day_with_trades_are_not_flows() -> None:
    script = Script({"ka10059": flow_answers((DAY, 0, 0), (date(2026, 11, 20), -30, -420))})
    batches = await source_at(script, 12).fetch_flows("005930", date(2026, 11, 20), NOW)
    assert {tuple(batch.day.tolist()) for batch in batches} == {(date(2026, 11, 20),)}
    with pytest.raises(DataUnavailable):
        empty = Script({"ka10059": {"stk_invsr_orgn": [], "return_code": 0}})
        await source_at(empty, 12).fetch_flows("005930", date(2026, 11, 20), NOW)


@pytest.mark.real_data
async def test_market_flows_are_those_of_the_whole_market(recorded_data: Path) -> None:
    script = Script({"ka10051": example(recorded_data, "ka10051")})
    batch = await source_at(script, 19).fetch_market_flows("KOSPI", date(2024, 11, 7), NOW)
    found = dict(zip(batch.investor.tolist(), batch.net_krw.tolist(), strict=True))
    assert (found["foreign"], found["institution"], found["securities"]) == (-62_200_000_000, 60_100_000_000, 25_500_000_000)
    assert set(batch.market) == {"KOSPI"} and set(batch.day.tolist()) == {date(2024, 11, 7)} and batch.instant_ns is None
    assert script.asked[0][1] == {"mrkt_tp": "0", "amt_qty_tp": "0", "base_dt": "20241107", "stex_tp": "1"}
    with pytest.raises(DataUnavailable):
        await source_at(script, 19).fetch_market_flows("KOSDAQ", date(2024, 11, 7), NOW)


# quotes


@pytest.mark.real_data
async def test_quotes_are_asked_for_fifty_at_a_time(recorded_data: Path) -> None:
    row = example(recorded_data, "ka10095")["atn_stk_infr"][0]

    def answer(body: dict[str, str], _key: str) -> dict[str, Any]:
        codes = [code for code in body["stk_cd"].split("|") if code != "000007"]
        return {"atn_stk_infr": [{**row, "stk_cd": code, "dt": "20261123"} for code in codes], "return_code": 0}

    script = Script({"ka10095": answer})
    tickers = [f"{n:06d}" for n in range(120)]
    found = await source_at(script, 17).fetch_quotes([*tickers, "000001"], NOW)
    assert [len(body["stk_cd"].split("|")) for _, body, _ in script.asked] == [50, 50, 20]
    assert [quote.ticker for quote in found] == [ticker for ticker in tickers if ticker != "000007"]
    quote = found[0]
    assert (quote.price_krw, quote.base_krw, quote.value_krw, quote.at_ns) == (
        156_600,
        121_700,
        14_889_000_000,
        kst_ns(DAY, 16, 37, 13),
    )
    assert quote.expected_krw == MISSING, "outside auctions the broker repeats the last one"
    (auction,) = await source_at(script, 15, 25).fetch_quotes(["000001"], NOW)
    assert auction.expected_krw == 156_600
    assert await source_at(script, 15).fetch_quotes([], NOW) == []


@pytest.mark.real_data
async def test_book_trades_index_and_interruptions(recorded_data: Path) -> None:
    script = Script({api_id: example(recorded_data, api_id) for api_id in ("ka10004", "ka10003", "ka20001", "ka10054")})
    source = source_at(script, 18)
    book = await source.fetch_book("005930", NOW)
    assert (
        book.at_ns == kst_ns(DAY, 16, 20)
        and book.ask_krw == (0,) * 10
        and book.expected_krw == MISSING
        and book.received_ns == 42
    )
    trades = await source.fetch_trades("005930", 3, NOW)
    assert [trade.at_ns for trade in trades] == sorted(trade.at_ns for trade in trades) and len(trades) == 3
    assert trades[-1].at_ns == kst_ns(DAY, 13, 4, 29) and trades[-1].value_krw == 524_269_500 and trades[-1].open_krw == MISSING
    (index,) = await source.fetch_indices(["001"], NOW)
    assert (index.level, index.change, index.volume_shares, index.at_ns) == (2_394.49, -278.47, 890_000, kst_ns(DAY, 14, 30))
    events = await source.fetch_vi(NOW)
    assert [event.triggered_ns for event in events] == sorted(event.triggered_ns for event in events)
    assert (events[-1].kind, events[-1].up, events[-1].base_krw, events[-1].price_krw) == (ViKind.DYNAMIC, True, 61_300, 67_000)
    assert not events[-2].up and events[-1].released_ns == kst_ns(DAY, 17, 25, 11)


async def test_a_time_that_has_not_come_belongs_to_the_last_trading_day() -> None:
    row = {"tm": "155950", "cur_prc": "+34950", "pred_pre": "+800", "pre_rt": "+2.34", "pri_sel_bid_unit": "+35000",
           "pri_buy_bid_unit": "+34950", "cntr_trde_qty": "-129", "sign": "2", "acc_trde_qty": "2837598",
           "acc_trde_prica": "98035806450", "cntr_str": "123.72", "stex_tp": "KRX"}  # fmt: skip
    script = Script({"ka10003": {"cntr_infr": [row], "return_code": 0}})
    (trade,) = await source_at(script, 8).fetch_trades("006360", 10, NOW)
    assert trade.at_ns == kst_ns(date(2026, 11, 20), 15, 59, 50), "Monday morning: Friday's last trade"
    (saturday,) = await source_at(script, 20, day=date(2026, 11, 21)).fetch_trades("006360", 10, NOW)
    assert saturday.at_ns == trade.at_ns
    quiet = Script({"ka10003": {"cntr_infr": [], "return_code": 0}})
    assert await source_at(quiet, 8).fetch_trades("006360", 10, NOW) == [] and len(quiet.asked) == 1


# index history, master


async def test_index_history_in_points_under_our_name() -> None:
    def row(day: date) -> dict[str, str]:
        return {"cur_prc": "287581", "trde_qty": "318220", "dt": f"{day:%Y%m%d}", "open_pric": "286102", "high_pric": "288144",
                "low_pric": "284910", "trde_prica": "8412066"}  # fmt: skip

    body = {"inds_cd": "101", "inds_dt_pole_qry": [row(DAY), row(date(2026, 11, 20))], "return_code": 0}
    script = Script({"ka20006": body})
    before = await source_at(script, 15, 39).fetch_index_days("101", date(2026, 11, 1), NOW)
    after = await source_at(script, 15, 40).fetch_index_days("101", date(2026, 11, 1), NOW)
    assert before.day.tolist() == [date(2026, 11, 20)] and len(after.day) == 2
    assert set(after.code) == {"KOSDAQ"} and after.close.tolist() == [2_875.81] * 2 and after.open[0] == 2_861.02
    assert after.volume[0] == 318_220_000 and after.value_krw[0] == 8_412_066_000_000


def listed(code: str, name: str, **other: str) -> dict[str, str]:
    row = {"code": code, "name": name, "listCount": "0000000000001000", "auditInfo": "정상", "regDay": "20200102", "lastPrice": "00001000",
           "state": "증거금20%|담보대출|신용가능", "marketCode": "0", "marketName": "거래소", "upName": "", "upSizeName": "", "orderWarning": "0",
           "companyClassName": "", "nxtEnable": "N", "kind": "A"}  # fmt: skip
    return {**row, **other}


async def test_the_master_knows_types_and_designations() -> None:
    kospi = [
        listed("005930", "삼성전자", upName="전기/전자", nxtEnable="Y"), listed("005935", "삼성전자우"), listed("105560", "KB금융"),
        listed("069500", "KODEX 200", marketCode="8"), listed("530031", "삼성 레버리지 WTI ETN", marketCode="60", kind="Q"),
        listed("330590", "롯데리츠", marketCode="6"), listed("088980", "맥쿼리인프라", marketCode="2"),
    ]  # fmt: skip
    kosdaq = [
        listed("000001", "관리", marketCode="10", state="증거금100%|관리종목"), listed("000002", "환기", marketCode="10", auditInfo="투자주의환기종목"),
        listed("000003", "정지", marketCode="10", state="증거금100%|거래정지"), listed("000004", "정리", marketCode="10", orderWarning="2"),
        listed("000005", "과열", marketCode="10", orderWarning="3"), listed("000006", "위험", marketCode="10", orderWarning="4"),
        listed("000007", "경고", marketCode="10", orderWarning="5", auditInfo="투자경고"), listed("000008", "백퍼센트", marketCode="10", state="증거금100%"),
        listed("000009", "이상", marketCode="10", state="증거금40%|새로운표시"), listed("0001A0", "엔에이치스팩30호", marketCode="10", listCount="", regDay=""),
    ]  # fmt: skip

    def answer(body: dict[str, str], _key: str) -> dict[str, Any]:
        return {"list": kospi if body["mrkt_tp"] == "0" else kosdaq, "return_code": 0}

    listing = await source_at(Script({"ka10099": answer}), 8).fetch_listing(Priority.BACKGROUND)
    symbols = {symbol.ticker: symbol for symbol in listing.symbols}
    kinds = {ticker: symbol.type for ticker, symbol in symbols.items()}
    assert kinds["005930"] is kinds["105560"] is SecurityType.COMMON and kinds["005935"] is SecurityType.PREFERRED
    assert (kinds["069500"], kinds["530031"], kinds["330590"], kinds["088980"], kinds["0001A0"]) == (
        SecurityType.ETF, SecurityType.ETN, SecurityType.REIT, SecurityType.FUND, SecurityType.SPAC,
    )  # fmt: skip
    assert symbols["005930"].market is Market.KOSPI and symbols["000001"].market is Market.KOSDAQ
    assert symbols["005930"].sector == "전기/전자" and symbols["105560"].sector is None
    assert symbols["0001A0"].shares_out is None and symbols["0001A0"].listed_on is None
    assert symbols["005930"].shares_out == 1_000 and listing.base_krw["005930"] == 1_000 and listing.nxt_tickers == {"005930"}
    flags = {item.ticker: item.flag for item in listing.designations}
    assert flags == {
        "000001": DesignationFlag.ADMIN, "000002": DesignationFlag.CAUTION_ISSUE, "000003": DesignationFlag.HALT,
        "000004": DesignationFlag.CLEANUP, "000005": DesignationFlag.OVERHEAT, "000006": DesignationFlag.DANGER,
        "000007": DesignationFlag.WARNING, "000009": DesignationFlag.REMARK,
    }  # fmt: skip
    assert listing.as_of == DAY and all(item.start == DAY and item.end is None for item in listing.designations)


async def test_half_a_master_is_none() -> None:
    def answer(body: dict[str, str], _key: str) -> dict[str, Any]:
        return {"list": [listed("005930", "삼성전자")] if body["mrkt_tp"] == "0" else [], "return_code": 0}

    with pytest.raises(DataUnavailable):
        await source_at(Script({"ka10099": answer}), 8).fetch_listing(NOW)


async def test_what_is_not_offered_says_so_and_close_closes() -> None:
    script = Script()
    source = source_at(script, 8)
    for asked, key in (
        (source.fetch_fx_days(DAY, NOW), "error.kiwoom.no_fx"),
        (source.fetch_news(DAY, NOW), "error.kiwoom.no_news"),
    ):
        with pytest.raises(DataUnavailable) as raised:
            await asked
        assert raised.value.key == key
    await source.close()
    assert script.is_closed and not script.asked

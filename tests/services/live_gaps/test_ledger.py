"""Golden cases of the gap proof, worked by hand."""

from __future__ import annotations

import pytest
from gap_day import CLOSE, DAY, MIN, OPEN, Clock, S, at, tick

from engine.model.live import MISSING
from ralphstock_desktop.services.live.gaps import DROPPED, LATE, NEW, VolumeLedger

A = "005930"


@pytest.fixture
def clock() -> Clock:
    return Clock(at(0, -60))


@pytest.fixture
def ledger(clock: Clock) -> VolumeLedger:
    """A day that began before the open with one symbol pushed."""
    made = VolumeLedger(clock.now, clock.machine)
    made.start_day(DAY, OPEN, CLOSE + 600 * S)
    made.cover(frozenset({A}))
    clock.to(at(380))
    return made


def test_trades_in_order_leave_no_gap(ledger: VolumeLedger) -> None:
    assert ledger.take(tick(A, at(0, 7), 10_000, 100, 100)) == NEW
    assert ledger.take(tick(A, at(0, 7), 10_010, -30, 130)) == NEW, "the same second"
    assert ledger.take(tick(A, at(0, 9), 10_000, 5, 135)) == NEW
    assert not ledger.has_gap(A)
    assert ledger.report().found == 0


def test_a_duplicate_is_dropped(ledger: VolumeLedger) -> None:
    first = tick(A, at(0, 7), 10_000, 100, 100)
    second = tick(A, at(0, 8), 10_000, 50, 150)
    assert [ledger.take(t) for t in (first, second, second, first)] == [NEW, NEW, DROPPED, DROPPED]
    assert not ledger.refused


def test_a_skipped_trade_is_a_gap_with_its_ends_and_shares(ledger: VolumeLedger) -> None:
    ledger.take(tick(A, at(0, 7), 10_000, 100, 100))
    assert ledger.take(tick(A, at(3, 5), 10_000, 20, 180)) == NEW
    (gap,) = ledger.gaps_of(A)
    assert (gap.start_ns, gap.end_ns, gap.missing_shares) == (at(0, 7), at(3, 5), 60)
    assert (gap.state, gap.reason) == ("open", "skipped")


def test_a_reordered_trade_fills_the_hole_exactly(ledger: VolumeLedger) -> None:
    ledger.take(tick(A, at(0, 7), 10_000, 100, 100))
    ledger.take(tick(A, at(0, 9), 10_000, 20, 150))
    assert ledger.take(tick(A, at(0, 8), 10_000, 30, 130)) == LATE
    assert not ledger.has_gap(A)
    report = ledger.report()
    assert (report.found, report.filled, report.open) == (1, 1, 0)


def test_a_late_trade_inside_a_hole_splits_it(ledger: VolumeLedger) -> None:
    ledger.take(tick(A, at(0, 7), 10_000, 100, 100))
    ledger.take(tick(A, at(2, 0), 10_000, 10, 200))
    assert ledger.take(tick(A, at(1, 0), 10_000, 20, 150)) == LATE
    first, second = ledger.gaps_of(A)
    assert (first.missing_shares, first.end_ns) == (30, at(1, 0))
    assert (second.missing_shares, second.start_ns) == (40, at(1, 0))
    assert ledger.take(tick(A, at(0, 30), 10_000, 30, 130)) == LATE
    assert ledger.take(tick(A, at(1, 30), 10_000, 40, 190)) == LATE
    assert not ledger.has_gap(A)
    assert ledger.report().found == ledger.report().filled == 2


def test_a_disconnect_grows_until_volume_proves_it_empty(ledger: VolumeLedger) -> None:
    ledger.take(tick(A, at(0, 7), 10_000, 100, 100))
    ledger.lose()
    (gap,) = ledger.gaps_of(A)
    assert (gap.start_ns, gap.end_ns, gap.missing_shares, gap.reason) == (at(0, 7), None, None, "disconnect")
    ledger.cover(frozenset({A}))
    assert ledger.has_gap(A), "registered again proves nothing by itself"
    assert ledger.take(tick(A, at(4, 0), 10_000, 10, 110)) == NEW
    assert not ledger.has_gap(A)
    (closed,) = ledger.report().gaps
    assert (closed.state, closed.missing_shares, closed.end_ns) == ("filled", 0, at(4, 0))


def test_a_disconnect_shows_the_missing_shares(ledger: VolumeLedger) -> None:
    ledger.take(tick(A, at(0, 7), 10_000, 100, 100))
    ledger.lose()
    ledger.cover(frozenset({A}))
    ledger.take(tick(A, at(4, 0), 10_000, 10, 500))
    (gap,) = ledger.gaps_of(A)
    assert (gap.start_ns, gap.end_ns, gap.missing_shares, gap.reason) == (at(0, 7), at(4, 0), 390, "disconnect")
    assert ledger.report().found == 1, "it is the same gap"


def test_a_trade_before_the_registration_is_confirmed_does_not_end_the_gap(ledger: VolumeLedger) -> None:
    ledger.take(tick(A, at(0, 7), 10_000, 100, 100))
    ledger.lose()
    assert ledger.take(tick(A, at(1, 0), 10_000, 10, 110)) == NEW, "still on its way when the connection broke"
    assert ledger.has_gap(A)
    ledger.cover(frozenset({A}))
    ledger.take(tick(A, at(9, 0), 10_000, 10, 150))
    (gap,) = ledger.gaps_of(A)
    assert (gap.start_ns, gap.missing_shares) == (at(1, 0), 30)


def test_starting_in_mid_day_misses_everything_since_the_open(clock: Clock) -> None:
    clock.to(at(100))
    ledger = VolumeLedger(clock.now, clock.machine)
    ledger.start_day(DAY, OPEN, CLOSE + 600 * S)
    ledger.cover(frozenset({A}))
    (gap,) = ledger.gaps_of(A)
    assert (gap.start_ns, gap.end_ns, gap.reason) == (OPEN, None, "start")
    ledger.take(tick(A, at(100, 0), 10_000, 40, 5_040))
    (gap,) = ledger.gaps_of(A)
    assert (gap.start_ns, gap.end_ns, gap.missing_shares) == (OPEN, at(100, 0), 5_000)


def test_the_opening_auction_is_one_trade(ledger: VolumeLedger) -> None:
    assert ledger.take(tick(A, at(0, 1), 10_000, 1_226_821, 1_226_821)) == NEW
    assert not ledger.has_gap(A)


def test_volume_before_the_open_is_no_gap(ledger: VolumeLedger) -> None:
    assert ledger.take(tick(A, at(-25), 10_000, 0, 500)) == NEW
    assert ledger.take(tick(A, at(0, 1), 10_000, 100, 600)) == NEW
    assert not ledger.has_gap(A)
    assert ledger.tracks[A].base == 500


def test_a_quote_driven_price_moves_nothing_but_shows_a_loss(ledger: VolumeLedger) -> None:
    ledger.take(tick(A, at(0, 7), 10_000, 100, 100))
    assert ledger.take(tick(A, at(5, 0), 10_010, 0, 100)) == NEW
    assert not ledger.has_gap(A)
    assert ledger.tracks[A].at_ns == at(0, 7)
    assert ledger.take(tick(A, at(6, 0), 10_010, 0, 130)) == NEW
    (gap,) = ledger.gaps_of(A)
    assert (gap.start_ns, gap.end_ns, gap.missing_shares) == (at(0, 7), None, None)
    assert ledger.take(tick(A, at(5, 30), 10_010, 30, 130)) == NEW  # it was on its way
    assert not ledger.has_gap(A)


def test_what_a_quote_driven_price_told_becomes_a_hole_with_the_next_trade(ledger: VolumeLedger) -> None:
    ledger.take(tick(A, at(0, 7), 10_000, 100, 100))
    ledger.take(tick(A, at(6, 0), 10_010, 0, 130))
    assert ledger.take(tick(A, at(5, 40), 10_010, 20, 150)) == NEW
    (gap,) = ledger.gaps_of(A)
    assert (gap.start_ns, gap.end_ns, gap.missing_shares) == (at(0, 7), at(5, 40), 30)


@pytest.mark.parametrize("ahead_s", [1, 20, 300])
def test_a_quote_driven_price_stamped_by_a_clock_that_is_ahead_makes_no_trade_late(ledger: VolumeLedger, ahead_s: int) -> None:
    ledger.take(tick(A, at(10, 0), 10_000, 100, 100))
    assert ledger.take(tick(A, at(10, 0) + ahead_s * S, 10_010, 0, 100)) == NEW
    assert ledger.take(tick(A, at(10, 1), 10_010, 20, 120)) == NEW
    assert not ledger.has_gap(A)
    assert not ledger.refused


def test_a_quote_driven_price_just_before_the_open_by_a_clock_that_is_behind_is_no_volume_before_it(
    ledger: VolumeLedger,
) -> None:
    assert ledger.take(tick(A, at(-1), 10_000, 0, 500)) == NEW  # the auction of 09:00:03, which was not received
    assert ledger.tracks[A].base == 0
    assert ledger.has_gap(A)
    assert ledger.take(tick(A, at(0, 7), 10_000, 50, 550)) == NEW
    (gap,) = ledger.gaps_of(A)
    assert (gap.start_ns, gap.end_ns, gap.missing_shares) == (OPEN, at(0, 7), 500)


@pytest.mark.parametrize(
    ("changed", "why"),
    [({"volume_shares": 20_000}, "units"), ({"price_krw": 100_000, "high_krw": 120_000}, "price"), ({"price_krw": 0}, "units")],
)
def test_a_quote_driven_price_that_cannot_be_true_is_refused(ledger: VolumeLedger, changed: dict[str, int], why: str) -> None:
    ledger.take(tick(A, at(0, 7), 10_000, 100, 100))
    quote = tick(A, at(5, 0), 10_010, 0, 100)._replace(**changed)
    assert ledger.take(quote) == DROPPED
    assert ledger.refused[why] == 1
    assert not ledger.has_gap(A)
    assert ledger.take(tick(A, at(5, 1), 10_010, 0, 90)) == DROPPED


def test_a_day_change_forgets_everything(ledger: VolumeLedger) -> None:
    ledger.take(tick(A, at(0, 7), 10_000, 100, 300))
    assert ledger.has_gap(A)
    later = DAY.replace(day=6)
    ledger.start_day(later, OPEN + 2 * 1440 * MIN, CLOSE + 2 * 1440 * MIN)
    assert not ledger.has_gap(A)
    assert ledger.report().found == 0
    assert ledger.take(tick(A, at(0, 8), 10_000, 10, 310)) == DROPPED
    assert ledger.refused["day"] == 1


def test_volume_going_back_is_refused_and_reported(ledger: VolumeLedger) -> None:
    ledger.take(tick(A, at(0, 7), 10_000, 5_000, 5_000))
    assert ledger.take(tick(A, at(0, 8), 10_000, 10, 15)) == DROPPED
    assert ledger.refused == {"backwards": 1}
    assert ledger.tracks[A].top == 5_000


def test_overlapping_volume_is_refused(ledger: VolumeLedger) -> None:
    ledger.take(tick(A, at(0, 7), 10_000, 100, 100))
    assert ledger.take(tick(A, at(0, 8), 10_000, 50, 120)) == DROPPED
    assert ledger.refused == {"volume": 1}


@pytest.mark.parametrize(
    "changed",
    [
        {"volume": 250_000, "quantity": 50_000},  # shares as thousandths
        {"value_krw": 2_500_000},  # thousand won taken for won
        {"price": 1_000_000},
        {"price": 13_000},  # above the day's high
    ],
)
def test_wrong_units_are_refused(ledger: VolumeLedger, changed: dict[str, int]) -> None:
    honest = {
        "price": 10_000,
        "quantity": 50,
        "volume": 250_050,
        "value_krw": 2_500_000_000,
        "high_krw": 10_100,
        "low_krw": 9_900,
    }
    ledger.take(tick(A, at(0, 7), 10_000, 250_000, 250_000, value_krw=2_500_000_000, high_krw=10_100, low_krw=9_900))
    values = honest | changed
    price, quantity, volume = values.pop("price"), values.pop("quantity"), values.pop("volume")
    before = ledger.tracks[A].top
    wrong = tick(A, at(0, 8), price, quantity, volume, change_krw=0, **values)
    if "value_krw" in changed:
        wrong = wrong._replace(volume_shares=250_060)  # joins nothing, so its numbers are looked at
    assert ledger.take(wrong) == DROPPED
    assert ledger.tracks[A].top == before
    assert sum(ledger.refused.values()) == 1
    assert ledger.take(tick(A, at(0, 9), 10_000, 50, 250_050, value_krw=2_500_000_000, high_krw=10_100, low_krw=9_900)) == NEW


def test_a_bad_trade_that_was_believed_is_taken_back(ledger: VolumeLedger) -> None:
    ledger.take(tick(A, at(0, 7), 10_000, 100, 100))
    assert ledger.take(tick(A, at(0, 8), 10_000, 100, 9_000)) == NEW, "nothing in it says that it is wrong"
    for number in range(4):
        ledger.take(tick(A, at(0, 10 + number), 10_000, 10, 110 + 10 * number))
    assert ledger.tracks[A].top == 140
    (gap,) = ledger.gaps_of(A)
    assert (gap.start_ns, gap.end_ns, gap.missing_shares) == (at(0, 7), at(0, 13), 40)
    assert ledger.take(tick(A, at(0, 15), 10_000, 10, 150)) == NEW


def test_a_source_that_begins_anew_is_followed(ledger: VolumeLedger) -> None:
    told: list[str] = []
    ledger.on_rewound = told.append
    ledger.take(tick(A, at(60, 0), 10_000, 5_000, 5_000))
    for number in range(4):
        ledger.take(tick(A, at(61, number), 10_000, 10, 310 + 10 * number))
    assert told == [A]
    assert ledger.tracks[A].top == 340
    (gap,) = ledger.gaps_of(A)
    assert (gap.start_ns, gap.missing_shares, gap.reason) == (OPEN, 340, "restart")


def test_a_time_ahead_of_the_market_is_refused(clock: Clock) -> None:
    ledger = VolumeLedger(clock.now, clock.machine)
    ledger.start_day(DAY, OPEN, CLOSE + 600 * S)
    ledger.cover(frozenset({A}))
    clock.to(at(10))
    assert ledger.take(tick(A, at(15), 10_000, 10, 10)) == DROPPED
    assert ledger.refused == {"time": 1}
    assert ledger.take(tick(A, at(10), 10_000, 10, 10)) == NEW


def test_a_time_that_goes_back_makes_both_minutes_doubtful(ledger: VolumeLedger) -> None:
    ledger.take(tick(A, at(4, 50), 10_000, 100, 100))
    assert ledger.take(tick(A, at(3, 10), 10_000, 10, 110)) == DROPPED
    (gap,) = ledger.gaps_of(A)
    assert (gap.start_ns, gap.end_ns, gap.missing_shares) == (OPEN, at(4, 50), 10)
    assert ledger.take(tick(A, at(3, 10), 10_000, 10, 110)) == DROPPED, "its repetition proves nothing"
    assert ledger.has_gap(A)


def test_volume_that_grows_a_hundredfold_must_be_confirmed(ledger: VolumeLedger) -> None:
    ledger.take(tick(A, at(0, 7), 10_000, 100, 100))
    assert ledger.take(tick(A, at(0, 8), 10_000, 50, 150_000)) == DROPPED
    assert ledger.take(tick(A, at(0, 8), 10_000, 50, 150)) == NEW
    assert not ledger.has_gap(A)
    for number in range(4):
        ledger.take(tick(A, at(1, number), 10_000, 50, 200_000 + 50 * number))
    assert ledger.tracks[A].top == 200_150
    (gap,) = ledger.gaps_of(A)
    assert (gap.start_ns, gap.missing_shares) == (at(0, 8), 200_000)


def test_quotes_that_tell_less_take_a_wrong_trade_back(ledger: VolumeLedger) -> None:
    ledger.take(tick(A, at(0, 7), 10_000, 100, 100))
    ledger.take(tick(A, at(0, 8), 10_000, 100, 9_000))
    assert not ledger.observe(A, 150, at(3), at(5))
    assert ledger.tracks[A].top == 9_000, "once is not enough"
    assert not ledger.observe(A, 150, at(3), at(6))
    assert ledger.tracks[A].top == 150
    (gap,) = ledger.gaps_of(A)
    assert (gap.start_ns, gap.missing_shares) == (at(0, 7), 50)


def test_a_quote_in_other_units_is_not_believed(ledger: VolumeLedger) -> None:
    ledger.take(tick(A, at(0, 7), 10_000, 100, 100))
    assert not ledger.observe(A, 100_000, at(0, 7), at(2))
    assert not ledger.has_gap(A)


def test_a_clock_that_is_behind_is_learned(clock: Clock) -> None:
    ledger = VolumeLedger(clock.now, clock.machine)
    ledger.start_day(DAY, OPEN, CLOSE + 600 * S)
    ledger.cover(frozenset({A}))
    verdicts = []
    for second in range(60):
        clock.to(at(5, second))
        verdicts.append(ledger.take(tick(A, at(6, second), 10_000, 10, 10 * (second + 1))))
    assert verdicts[0] == DROPPED
    assert verdicts[-1] == NEW
    assert ledger.clock.behind_ns == 60 * S
    assert ledger.has_gap(A), "what was refused meanwhile is missing"


def test_a_wrong_time_that_arrives_late_is_refused_by_its_neighbours(ledger: VolumeLedger, clock: Clock) -> None:
    clock.to(at(385))  # everything arrives minutes late, so the clock refuses nothing
    for second in range(20):
        assert ledger.take(tick(A, at(60, second), 10_000, 10, 10 * (second + 1), received_ns=second * S)) == NEW
    assert ledger.take(tick(A, at(61, 35), 10_000, 10, 210, received_ns=20 * S)) == DROPPED
    assert ledger.take(tick(A, at(60, 21), 10_000, 10, 220, received_ns=21 * S)) == NEW
    assert ledger.take(tick(A, at(66, 0), 10_000, 10, 230, received_ns=360 * S)) == NEW, "so much time has passed"
    assert ledger.refused == {"time": 1}


def test_a_leap_of_the_whole_market_is_followed(ledger: VolumeLedger, clock: Clock) -> None:
    clock.to(at(385))
    ledger.take(tick(A, at(1), 10_000, 10, 10, received_ns=0))
    verdicts = []
    for second in range(30):
        clock.to(clock.market_ns + S)
        verdicts.append(ledger.take(tick(A, at(200, second), 10_000, 10, 1_000 + 10 * second, received_ns=second * S)))
    assert verdicts[0] == DROPPED
    assert verdicts[-1] == NEW


def test_single_trades_ahead_teach_nothing(clock: Clock) -> None:
    ledger = VolumeLedger(clock.now, clock.machine)
    ledger.start_day(DAY, OPEN, CLOSE + 600 * S)
    ledger.cover(frozenset({A, "000660"}))
    for second in range(60):
        clock.to(at(5, second))
        assert ledger.take(tick(A, at(6, second), 10_000, 10, 10 * (second + 1))) == DROPPED
        assert ledger.take(tick("000660", at(5, second), 10_000, 10, 10 * (second + 1))) == NEW
    assert ledger.clock.behind_ns == 0


def test_after_hours_trades_are_not_kept(ledger: VolumeLedger, clock: Clock) -> None:
    ledger.take(tick(A, at(390, 20), 10_000, 100, 100)) if clock.to(at(391)) is None else None
    clock.to(at(420))
    assert ledger.take(tick(A, at(410), 10_000, 10, 110)) == DROPPED
    assert not ledger.has_gap(A)
    assert not ledger.refused


def test_nonsense_is_refused(ledger: VolumeLedger) -> None:
    assert ledger.take(tick(A, MISSING, 10_000, 10, 10)) == DROPPED
    assert ledger.take(tick(A, at(1), 10_000, 10, MISSING)) == DROPPED
    assert ledger.take(tick(A, at(1), 10_000, 10, 5)) == DROPPED
    assert ledger.refused == {"unplaced": 2, "volume": 1}


def test_symbols_that_are_let_go_have_no_gap_until_they_are_wanted_again(ledger: VolumeLedger) -> None:
    ledger.take(tick(A, at(0, 7), 10_000, 100, 100))
    ledger.cover(frozenset({"000660"}))
    assert not ledger.has_gap(A)
    ledger.cover(frozenset({"000660", A}))
    (gap,) = ledger.gaps_of(A)
    assert (gap.start_ns, gap.end_ns) == (at(0, 7), None)


def test_a_quote_proves_that_nothing_is_missing(ledger: VolumeLedger) -> None:
    ledger.take(tick(A, at(0, 7), 10_000, 100, 100))
    ledger.lose()
    assert ledger.observe(A, 100, at(0, 7), at(5))
    assert ledger.has_gap(A), "not pushed again yet: more may be missed"
    ledger.cover(frozenset({A}))
    assert not ledger.observe(A, 90, at(0, 6), at(5)), "an old answer"
    assert ledger.has_gap(A)
    assert ledger.observe(A, 100, at(0, 7), at(6))
    assert not ledger.has_gap(A)


def test_a_quote_shows_what_is_missing(ledger: VolumeLedger) -> None:
    ledger.take(tick(A, at(0, 7), 10_000, 100, 100))
    ledger.lose()
    ledger.cover(frozenset({A}))
    ledger.observe(A, 170, at(3, 20), at(5))
    (gap,) = ledger.gaps_of(A)
    assert (gap.start_ns, gap.end_ns, gap.missing_shares) == (at(0, 7), at(3, 20), 70)
    assert ledger.take(tick(A, at(7), 10_000, 10, 180)) == NEW
    assert ledger.report().open == 1


def test_the_report_lists_wanted_symbols_first_and_counts_all(ledger: VolumeLedger) -> None:
    tickers = frozenset(f"{number:06d}" for number in range(1_500))
    ledger.cover(tickers)
    ledger.lose()
    report = ledger.report(["001499"])
    assert report.open == report.found - report.filled == 1_500
    assert len(report.gaps) < 1_500
    assert report.gaps[0].ticker == "001499"
    assert report.of("001499")


def test_symbols_that_are_not_registered_again_are_let_go_after_a_while(ledger: VolumeLedger, clock: Clock) -> None:
    ledger.take(tick(A, at(0, 7), 10_000, 100, 100))
    ledger.lose()
    ledger.cover(frozenset({"000660"}))
    ledger.release_unwanted(30 * S)
    assert ledger.has_gap(A), "registrations may still be on their way"
    clock.machine_ns += 31 * S
    ledger.release_unwanted(30 * S)
    assert not ledger.has_gap(A)
    assert ledger.report().found == ledger.report().open + ledger.report().filled
    ledger.reopen()
    assert ledger.has_gap(A), "at the day's end it is asked for"


def test_doubt_at_the_days_end_touches_every_minute(ledger: VolumeLedger) -> None:
    ledger.take(tick(A, at(0, 7), 10_000, 100, 100))
    ledger.doubt_all(CLOSE)
    (gap,) = ledger.gaps_of(A)
    assert (gap.start_ns, gap.end_ns, gap.missing_shares) == (OPEN, CLOSE, 0)
    ledger.close_holes(A, ledger.tracks[A].holes)
    assert not ledger.has_gap(A)

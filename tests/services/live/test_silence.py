"""A stream that stands but brings nothing is not trusted for long, and not doubted without reason."""

from __future__ import annotations

from ralphstock_desktop.services.live.silence import PushWatch

S = 1_000_000_000


def play(
    watch: PushWatch, begin_s: int, end_s: int, *, last_trade_s: int = 0, expected: bool = True, moves: bool = True
) -> list[int]:
    """Look once a second; return when a login was wanted."""
    return [
        second
        for second in range(begin_s, end_s)
        if watch.look(second * S, (second if moves else begin_s) * S, last_trade_s * S, is_expected=expected)
    ]


def test_a_minute_without_a_trade_is_silence_and_two_a_reason_to_log_in_again() -> None:
    watch = PushWatch()
    assert play(watch, 100, 159) == [] and not watch.is_silent
    assert play(watch, 159, 161) == [] and watch.is_silent
    assert play(watch, 161, 500) == [220, 340, 460]


def test_a_trade_ends_it_at_once() -> None:
    watch = PushWatch()
    play(watch, 100, 200)
    assert watch.is_silent
    play(watch, 200, 201, last_trade_s=200)
    assert not watch.is_silent
    assert play(watch, 201, 259, last_trade_s=200) == [] and not watch.is_silent


def test_nothing_is_expected_of_a_closed_market_a_paused_simulation_or_a_lost_connection() -> None:
    watch = PushWatch()
    assert play(watch, 100, 900, expected=False) == [] and not watch.is_silent
    assert play(watch, 900, 1_800, moves=False) == [] and not watch.is_silent
    assert play(watch, 1_800, 1_859) == [] and not watch.is_silent, "the minute begins when trades are to be expected"
    play(watch, 1_859, 1_900)
    assert watch.is_silent
    play(watch, 1_900, 1_901, expected=False)
    assert not watch.is_silent

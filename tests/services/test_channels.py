"""Channels: order, replay, weak listeners, one broken listener, foreign threads."""

from __future__ import annotations

import gc
import threading

import pytest

from ralphstock_desktop.services.channels import Channel


class _Panel:
    def __init__(self) -> None:
        self.seen: list[int] = []

    def on_fact(self, fact: int) -> None:
        self.seen.append(fact)


def test_every_listener_hears_each_fact_in_order_of_subscription() -> None:
    channel: Channel[int] = Channel("numbers")
    heard: list[tuple[str, int]] = []
    channel.subscribe(lambda fact: heard.append(("first", fact)))
    channel.subscribe(lambda fact: heard.append(("second", fact)))
    channel.publish(7)
    assert heard == [("first", 7), ("second", 7)]


def test_a_late_listener_is_told_the_last_fact_unless_it_declines() -> None:
    channel: Channel[int] = Channel("numbers")
    channel.publish(3)
    told, silent = _Panel(), _Panel()
    channel.subscribe(told.on_fact)
    channel.subscribe(silent.on_fact, replay=False)
    assert (told.seen, silent.seen) == ([3], [])


def test_closing_a_subscription_ends_it_and_may_be_repeated() -> None:
    channel: Channel[int] = Channel("numbers")
    panel = _Panel()
    subscription = channel.subscribe(panel.on_fact)
    subscription.close()
    subscription.close()
    channel.publish(1)
    assert panel.seen == []


def test_a_panel_that_is_gone_is_not_kept_alive() -> None:
    channel: Channel[int] = Channel("numbers")
    panel = _Panel()
    seen = panel.seen
    channel.subscribe(panel.on_fact)
    del panel
    gc.collect()
    channel.publish(1)
    assert seen == []


def test_one_broken_listener_does_not_silence_the_others(caplog: pytest.LogCaptureFixture) -> None:
    channel: Channel[int] = Channel("numbers")
    panel = _Panel()

    def broken(_: int) -> None:
        raise ValueError("broken on purpose")

    channel.subscribe(broken)
    channel.subscribe(panel.on_fact)
    channel.publish(5)
    assert panel.seen == [5]
    assert "numbers" in caplog.text and "broken on purpose" in caplog.text


def test_publishing_from_a_foreign_thread_is_refused() -> None:
    channel: Channel[int] = Channel("numbers")
    problems: list[str] = []

    def publish() -> None:
        try:
            channel.publish(1)
        except RuntimeError as error:
            problems.append(str(error))

    thread = threading.Thread(target=publish)
    thread.start()
    thread.join()
    assert problems and "numbers" in problems[0]

"""The registration state machine, without a socket: caps, groups, pace, and every kind of answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.model.live import FeedVenue
from ralphstock_desktop.live_ports import FeedPart, Subscription
from ralphstock_desktop.providers.kiwoom.registrations import Answer, RegistrationLimits, Registrations, Wish, wishes_of


def tickers(first: int, last: int) -> list[Subscription]:
    return [Subscription(f"{number:06}") for number in range(first, last)]


class Server:
    """Carries out frames as the broker does: products of items and types, a cap on items, groups of at most 100."""

    def __init__(self, cap: int = 200) -> None:
        self.cap = cap
        self.groups: dict[str, dict[str, set[str]]] = {}
        self.frames: list[dict[str, Any]] = []

    @property
    def registered(self) -> dict[str, frozenset[str]]:
        return {item: frozenset(types) for group in self.groups.values() for item, types in group.items()}

    def take(self, frame: dict[str, Any]) -> str:
        self.frames.append(frame)
        items = {item for part in frame["data"] for item in part["item"]}
        assert len(items) <= 50
        assert len(frame["grp_no"]) <= 4
        group = self.groups.setdefault(frame["grp_no"], {})
        if frame["trnm"] == "REG":
            assert frame["refresh"] == "1"
            if len(set(self.registered) | items) > self.cap:
                return "105118"
        for part in frame["data"]:
            for item in part["item"]:
                if frame["trnm"] == "REG":
                    group.setdefault(item, set()).update(part["type"])
                elif item in group:
                    group[item] -= set(part["type"])
                    if not group[item]:
                        del group[item]
        assert len(group) <= 100
        return "0"


def settle(registrations: Registrations, server: Server, now_s: float = 0.0, most: int = 200) -> float:
    """Let it send until nothing is due."""
    for _ in range(most):
        due = registrations.due_in_s(now_s)
        if due is None:
            return now_s
        now_s += due
        frame = registrations.next_frame(now_s)
        if frame is not None:
            registrations.acknowledge(frame["trnm"], server.take(frame), now_s)
    raise AssertionError("it never settles")


def test_wishes_are_the_market_indices_and_symbols_once_each() -> None:
    both = frozenset({FeedPart.BOOK, FeedPart.PROGRAM, FeedPart.EXPECTED})
    wishes = wishes_of([Subscription("005930"), Subscription("000660_X"[:6], both), Subscription("005930", both), Subscription("1", frozenset())], ["001"])  # fmt: skip
    assert wishes == [
        Wish("", frozenset({"0s", "1h"})),
        Wish("001", frozenset({"0J", "0U"})),
        Wish("005930", frozenset({"0A", "0B", "0D", "0w", "0H"})),
        Wish("000660", frozenset({"0D", "0w", "0H"})),
    ]


@pytest.mark.parametrize(
    ("venue", "item"), [(FeedVenue.KRX, "005930"), (FeedVenue.NXT, "005930_NX"), (FeedVenue.COMBINED, "005930_AL")]
)
def test_venue_suffixes(venue: FeedVenue, item: str) -> None:
    assert wishes_of([Subscription("005930", venue=venue)], [])[-1].item == item


def test_batches_of_fifty_with_a_gap_in_groups_of_a_hundred() -> None:
    registrations, server = Registrations(), Server()
    registrations.want(wishes_of(tickers(0, 500), ["001", "101"]))
    sent_s = []
    now_s = 0.0
    while (due := registrations.due_in_s(now_s)) is not None:
        now_s += due
        frame = registrations.next_frame(now_s)
        assert frame is not None
        sent_s.append(now_s)
        assert registrations.next_frame(now_s) is None, "one at a time: answers tell nothing about what they answer"
        registrations.acknowledge("REG", server.take(frame), now_s)
    assert sent_s == pytest.approx([0.0, 0.35, 0.70, 1.05])
    assert [frame["grp_no"] for frame in server.frames] == ["1", "1", "2", "2"]
    assert len(server.registered) == 200
    assert registrations.covered == {f"{number:06}" for number in range(197)}
    assert registrations.left_out() == tuple(f"{number:06}" for number in range(197, 500))
    assert registrations.is_settled


def test_types_are_added_and_taken_off_without_touching_the_rest() -> None:
    registrations, server = Registrations(), Server()
    registrations.want(wishes_of(tickers(0, 3), []))
    now_s = settle(registrations, server)
    server.frames.clear()
    book = Subscription("000001", frozenset({FeedPart.TRADES, FeedPart.BOOK}))
    registrations.want(wishes_of([book, *tickers(0, 3)], []))
    now_s = settle(registrations, server, now_s)
    assert server.frames == [{"trnm": "REG", "grp_no": "1", "refresh": "1", "data": [{"item": ["000001"], "type": ["0D"]}]}]
    registrations.want(wishes_of(tickers(0, 3), []))
    settle(registrations, server, now_s)
    assert server.frames[1:] == [{"trnm": "REMOVE", "grp_no": "1", "data": [{"item": ["000001"], "type": ["0D"]}]}]
    assert registrations.covered == {"000000", "000001", "000002"}


def test_too_fast_waits_longer_each_time() -> None:
    registrations = Registrations()
    registrations.want([Wish("005930", frozenset({"0B"}))])
    waits, now_s = [], 0.0
    for _ in range(7):
        assert registrations.next_frame(now_s) is not None
        assert registrations.acknowledge("REG", "105110", now_s) is Answer.AGAIN
        due = registrations.due_in_s(now_s)
        assert due is not None
        waits.append(due)
        assert registrations.next_frame(now_s + due / 2) is None
        now_s += due
    assert waits == [1, 2, 4, 8, 16, 16, 16]
    assert registrations.next_frame(now_s) is not None
    assert registrations.acknowledge("REG", "0", now_s) is Answer.DONE
    assert registrations.covered == {"005930"}


def test_other_refusals_are_given_up_after_some_tries_and_the_rest_goes_on() -> None:
    registrations = Registrations(RegistrationLimits(items_per_frame=1))
    registrations.want([Wish("000001", frozenset({"0B"})), Wish("000002", frozenset({"0B"}))])
    now_s, answers = 0.0, []
    for _ in range(4):
        now_s += 100
        frame = registrations.next_frame(now_s)
        assert frame is not None
        assert frame["data"][0]["item"] == ["000001"]
        answers.append(registrations.acknowledge("REG", "105108", now_s))
    assert answers == [Answer.AGAIN] * 3 + [Answer.REFUSED]
    server = Server()
    settle(registrations, server, now_s)
    assert registrations.covered == {"000002"}
    assert registrations.left_out() == ("000001",)
    registrations.reset()
    settle(registrations, server)
    assert registrations.covered == {"000001", "000002"}, "the next connection may think otherwise"


def test_full_for_a_further_type_denies_only_that() -> None:
    registrations = Registrations()
    registrations.want([Wish("000001", frozenset({"0B"}))])
    now_s = settle(registrations, Server())
    registrations.want([Wish("000001", frozenset({"0B", "0D"}))])
    now_s += 10
    assert registrations.next_frame(now_s) is not None
    assert registrations.acknowledge("REG", "105115", now_s) is Answer.FULL
    assert registrations.due_in_s(now_s) is None
    assert registrations.covered == {"000001"}


def test_answers_nobody_waits_for() -> None:
    registrations = Registrations()
    assert registrations.acknowledge("REG", "0", 0.0) is Answer.UNEXPECTED
    registrations.want([Wish("000001", frozenset({"0B"}))])
    registrations.next_frame(0.0)
    assert registrations.acknowledge("REMOVE", "0", 0.0) is Answer.UNEXPECTED
    assert not registrations.covered


def test_unanswered_frame_comes_again_and_what_it_may_have_registered_is_taken_off() -> None:
    registrations, server = Registrations(), Server()
    registrations.want([Wish("000001", frozenset({"0B"}))])
    lost = registrations.next_frame(0.0)
    assert lost is not None
    server.take(lost)
    assert registrations.due_in_s(0.0) == 10.0
    assert registrations.next_frame(9.9) is None
    registrations.want([Wish("000002", frozenset({"0B"}))])
    settle(registrations, server, 10.0)
    assert set(server.registered) == {"000002"}
    assert registrations.unanswered == 1


def test_nothing_survives_the_connection_but_the_wishes() -> None:
    registrations = Registrations()
    registrations.want(wishes_of(tickers(0, 150), ["001"]))
    first, second = Server(60), Server()
    settle(registrations, first)
    assert registrations.cap == 60
    registrations.reset()
    assert not registrations.covered
    assert registrations.cap == 200
    settle(registrations, second)
    assert len(registrations.covered) == 150


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 260), max_size=240, unique=True), min_size=1, max_size=5),
    st.integers(1, 220),
    st.randoms(use_true_random=False),
)
def test_whatever_is_wanted_in_turn_the_server_ends_with_the_first_that_fit(
    rounds: list[list[int]], cap: int, chance: Any
) -> None:
    registrations, server, now_s = Registrations(), Server(cap), 0.0
    for wanted in rounds:
        parts = {number: frozenset(chance.sample(sorted(FeedPart), chance.randint(1, 4))) for number in wanted}
        registrations.want(wishes_of([Subscription(f"{number:06}", parts[number]) for number in wanted], ["001"]))
        now_s = settle(registrations, server, now_s)
        chosen = wishes_of([Subscription(f"{n:06}", parts[n]) for n in wanted], ["001"])[: registrations.cap]
        assert server.registered == {wish.item: wish.types for wish in chosen}
        assert registrations.cap in {200, cap}
        assert registrations.covered == {wish.item for wish in chosen if "0B" in wish.types}

"""Times of the conversation view on the GUI thread, painting included.

Run: ``QT_QPA_PLATFORM=offscreen python -m tests.perf.bench_chat`` (prints), or ``pytest -m perf tests/perf/bench_chat.py``.

- *update*: one of the states of an answer of 2,000 characters with lists and tables while it arrives, 90 of them (three seconds at
  30 a second), view and painting. Beside it a ``QTextBrowser`` that is given the same text with ``setMarkdown`` each time.
- *held*: the same while the user has scrolled up.
- *open*: a conversation of 200 messages, until it is painted.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QApplication, QTextBrowser

from ralphstock_desktop.services.assistant_contracts import Conversation, Turn
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.conversation_view import ConversationView
from ralphstock_desktop.ui.chat.written import markdown_of
from tests.ui.chat.view import talk

STEPS, CHARACTERS, TURNS = 90, 2_000, 200


def long_conversation(turns: int = TURNS, *, streaming: bool = False) -> Conversation:
    """Questions and answers by turns; the last answer is still on its way if ``streaming``."""
    made = []
    for n in range(1, turns + 1, 2):
        last = streaming and n + 2 > turns
        made.append(Turn(n, "user", "미래에셋증권은 왜 S등급이야? 걸리는 점은?", talk.at(n % 60)))
        text = "" if last else markdown_of(talk.TEXT)
        made.append(
            Turn(
                n + 1, "assistant", text, talk.at(n % 60), None if last else talk.answer(), state="waiting" if last else "done"
            )
        )
    return talk.conversation(*made)


def shown_view(width: int = 620, height: int = 900) -> ConversationView:
    """An empty view on screen."""
    view = ConversationView(Appearance())
    view.resize(width, height)
    view.show()
    QApplication.processEvents()
    return view


def timed(works: list[Callable[[], object]]) -> list[float]:
    """Milliseconds of each piece of work with what it makes the event loop do."""
    times = []
    for work in works:
        begin = time.perf_counter()
        work()
        QApplication.processEvents()
        times.append((time.perf_counter() - begin) * 1_000)
    return times


def update_times(*, held: bool = False) -> list[float]:
    """Times of the updates of one answer at the end of a conversation of 20 messages."""
    view = shown_view()
    view.show_conversation(long_conversation(20, streaming=True))
    QApplication.processEvents()
    if held:
        view.scroll_to(1)
    states = talk.growing(talk.long_answer(CHARACTERS), STEPS)
    times = timed([lambda state=state: view.show_update(talk.update(20, state)) for state in states])  # type: ignore[misc]
    view.close()
    return times


def browser_times() -> list[float]:
    """The same text given to a text browser as a whole each time."""
    browser = QTextBrowser()
    browser.resize(620, 900)
    browser.show()
    QApplication.processEvents()

    def show(text: str) -> None:
        browser.setMarkdown(text)
        bar = browser.verticalScrollBar()
        bar.setValue(bar.maximum())

    states = talk.growing(talk.long_answer(CHARACTERS), STEPS)
    texts = [markdown_of(state) for state in states]
    times = timed([lambda text=text: show(text) for text in texts])  # type: ignore[misc]
    browser.close()
    return times


def open_time(runs: int = 5) -> float:
    """Best time to open 200 messages, until painted, in milliseconds."""
    best = []
    for _ in range(runs):
        conversation = long_conversation()
        view = shown_view()
        best += timed([lambda conversation=conversation, view=view: view.show_conversation(conversation)])  # type: ignore[misc]
        view.close()
    return min(best)


def best_medians(runs: int = 4) -> tuple[float, float]:
    """Median of an update and of the browser's, each the best of several turns: other work on the machine only adds."""
    update_times()
    turns = [(statistics.median(update_times()), statistics.median(browser_times())) for _ in range(runs)]
    return min(ours for ours, _ in turns), min(theirs for _, theirs in turns)


def _summary(times: list[float]) -> tuple[float, float]:
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]


@pytest.mark.perf
@pytest.mark.usefixtures("qapp")
def test_an_update_takes_no_longer_than_a_browser() -> None:
    # 0.75-0.8 of the browser on a quiet machine; two workloads are slowed unequally by a busy one.
    ours, theirs = best_medians()
    assert ours < 1.5 * theirs, f"{ours:.1f} ms against {theirs:.1f} ms"


@pytest.mark.perf
@pytest.mark.usefixtures("qapp")
def test_two_hundred_messages_open_quickly() -> None:
    open_time(1)
    assert open_time() < 300, "budget 150 ms on a quiet machine"


def main() -> None:
    """Print the figures."""
    app = QApplication.instance() or QApplication([])
    update_times()
    rows = {"update": update_times(), "held": update_times(held=True), "browser": browser_times()}
    for name, times in rows.items():
        median, high = _summary(times)
        print(f"{name:>8}  median {median:6.2f} ms   95 % {high:6.2f} ms   longest {max(times):6.2f} ms")
    ours, theirs = best_medians()
    print(f"    best  {ours:.2f} ms, a browser's setMarkdown {theirs:.2f} ms: ratio {ours / theirs:.2f}")
    print(f"    open  {open_time():6.1f} ms for {TURNS} messages")
    del app


if __name__ == "__main__":
    main()

"""Runs of a text that are tied to a fact or struck, and a document's spans cut at them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from ralphstock_desktop.services.assistant_contracts import Span, Spans

__all__ = ["Mark", "at_lines", "split_spans"]


class Mark(NamedTuple):
    """A run of a text: tied to ``fact`` or struck for ``reason``."""

    start: int
    end: int
    fact: str = ""
    reason: str = ""


def at_lines(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    """Where a pattern matches at the beginning of a line."""
    found: list[tuple[int, int]] = []
    at = 0
    while at >= 0:
        match = pattern.match(text, at) if not found or at >= found[-1][1] else None
        if match is not None:
            found.append(match.span())
        at = text.find("\n", at) + 1 or -1
    return found


def split_spans(spans: Spans, marks: Sequence[Mark]) -> Spans:
    """Cut spans at the marks; what a mark covers takes its fact or its reason, the rest is plain."""
    if not marks:
        return tuple(replace(span, fact="", struck="") if span.fact or span.struck else span for span in spans)
    found: list[Span] = []
    place, number, last = 0, 0, len(marks)
    for span in spans:
        text, bold, italic, code = span.text, span.bold, span.italic, span.code
        end = place + len(text)
        at = place
        while at < end:
            while number < last and marks[number].end <= at:
                number += 1
            if number == last or marks[number].start >= end:
                found.append(Span(text[at - place :], "", bold, italic, code))
                break
            mark = marks[number]
            if mark.start > at:
                found.append(Span(text[at - place : mark.start - place], "", bold, italic, code))
                at = mark.start
            stop = min(end, mark.end)
            struck = f"assistant.struck.{mark.reason}" if mark.reason else ""
            found.append(Span(text[at - place : stop - place], mark.fact, bold, italic, code, struck))
            at = stop
        place = end
    return tuple(found)

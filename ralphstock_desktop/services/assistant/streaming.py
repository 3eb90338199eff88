"""An answer while it arrives: everything shown is checked already, and the cost of an update does not grow with the answer.

1. Text that is complete (whole blocks before the last blank line) is parsed once and kept.
2. Of the open end only so much is shown as no later letter can change: no half number, date, name or mark, and no number
   before the words that decide about it have come (direction words behind it, a name its sentence still lacks). A word that
   claims something ("순매도했") waits for the end of its sentence, which may yet deny it.
3. What is shown goes through the same :class:`~.grounding.Grounding` as the finished answer.
"""

from __future__ import annotations

import re

from ralphstock_desktop.services.assistant.grounding import Grounding
from ralphstock_desktop.services.assistant.grounding_claims import first_claim
from ralphstock_desktop.services.assistant.grounding_letters import plain_text
from ralphstock_desktop.services.assistant.markdown import MOST_LETTERS, parse_markdown
from ralphstock_desktop.services.assistant.numbers import find_tokens
from ralphstock_desktop.services.assistant_contracts import Block

__all__ = ["StreamChecker"]

_BLANK = re.compile(r"\n[ \t]*\n+(?=[^\s>|])")
_LIST = re.compile(r"[ \t]*(?:[-*+]|\d{1,9}[.)])(?:\s|$)")
_BARE_MARK = re.compile(r"[ \t]*(?:[-*+>]|\d{1,9}[.)]|#{1,6})?[ \t]*")
_WORDS_HELD = 4
_FENCE = re.compile(r"^[ \t]{0,3}(`{3,}|~{3,})", re.MULTILINE)
_SENTENCE_END = re.compile(r"(?:[.!?。](?=\s))|\n")
_MARKUP = re.compile(r"[*_`~]+")
_OPENERS = re.compile(r"\*+|_{1,3}|`+|~~|\[|<|&|!\[")


class StreamChecker:
    """Feeds on pieces of an answer. One instance per answer and thread.

    Parameters
    ----------
    grounding : Grounding
        Checks what is shown; it remembers checked blocks, so what stands costs nothing again.
    """

    def __init__(self, grounding: Grounding) -> None:
        self._grounding = grounding
        self._text = ""
        self._closed = 0
        """Length of the text whose blocks are final."""
        self._blocks: tuple[Block, ...] = ()
        self._shown: tuple[Block, ...] = ()
        self._finished = False
        self._changed = False

    def feed(self, text: str) -> None:
        """Take the next piece."""
        if text and len(self._text) < MOST_LETTERS:
            self._text += text
            self._changed = True

    def finish(self) -> tuple[Block, ...]:
        """No more comes: everything is shown. Equal to checking the whole text at once."""
        self._finished, self._changed = True, True
        return self.blocks()

    def blocks(self) -> tuple[Block, ...]:
        """The checked blocks so far; unfinished words at the end are held back."""
        if not self._changed:
            return self._shown
        self._changed = False
        if self._finished:
            blocks = parse_markdown(self._text)
        else:
            self._close()
            tail = self._text[self._closed :]
            blocks = self._blocks + parse_markdown(tail[: self._safe(tail)])
        self._shown = self._grounding.check(blocks).blocks
        return self._shown

    def _close(self) -> None:
        """Parse whole blocks of the open end for good: up to a blank line that does not lie in a list or in code."""
        tail = self._text[self._closed :]
        for match in reversed(list(_BLANK.finditer(tail))):
            if _LIST.match(tail, match.end()) or match.end() + 4 > len(tail):
                continue  # a list may go on, and what follows is not known yet
            if len(_FENCE.findall(tail, 0, match.end())) % 2:
                continue
            self._blocks += parse_markdown(tail[: match.end()])
            self._closed += match.end()
            return

    # -- what is safe to show ------------------------------------------------------------------------------------------------

    def _safe(self, tail: str) -> int:
        """How much of the open end no later letter can change."""
        if len(_FENCE.findall(tail)) % 2:
            return [match.start() for match in _FENCE.finditer(tail)][-1]
        line_start = tail.rfind("\n") + 1
        line = tail[line_start:]
        if "|" in line or (line.strip() and set(line.strip()) <= set("-:| ")):
            return self._before_table(tail, line_start)
        head = tail[:line_start].rstrip("\n").rsplit("\n", 1)[-1]
        if head.lstrip().startswith("|") and not self._has_table(tail[:line_start].rsplit("\n\n", 1)[-1]):
            return self._before_table(tail, line_start)
        if len(line) < 4 or _BARE_MARK.fullmatch(line):
            return line_start
        sentence = max((match.end() for match in _SENTENCE_END.finditer(tail)), default=0)
        return self._complete(tail, min(sentence, len(tail)), line_start)

    @staticmethod
    def _has_table(text: str) -> bool:
        return re.search(r"^\s*\|?\s*:?-{3,}", text, re.MULTILINE) is not None

    def _before_table(self, tail: str, line_start: int) -> int:
        """Rows come whole; a head without its rule is not known to be a table yet."""
        block = tail[:line_start].rsplit("\n\n", 1)[-1]
        if self._has_table(block):
            return line_start
        return line_start - len(block) if "|" in block else line_start

    def _complete(self, tail: str, sentence: int, line_start: int) -> int:
        """Hold back an unfinished sentence that holds something countable, else the last words of it."""
        last = tail[sentence:]
        stop = len(tail)
        plain = plain_text(last)
        if find_tokens(plain.text) or any(letter.isdigit() for letter in last):
            stop = sentence
        else:
            cut = len(last.rstrip())
            for _ in range(_WORDS_HELD):  # a name may have several words
                cut = max(last.rfind(" ", 0, cut), last.rfind("\n", 0, cut), 0)
            # A name is shown whole or not at all; the cut may lie inside one of several words.
            stop = sentence + min((start for start, end in self._grounding.names_in(last) if start < cut < end), default=cut)
            claim = first_claim(plain.text)
            if claim is not None:
                stop = min(stop, sentence + plain.original(claim, claim)[0])
            elif first_claim(_MARKUP.sub("", plain.text)) is not None:
                stop = sentence  # a word with marks inside
        shown = tail[:stop]
        paragraph = max(shown.rfind("\n\n") + 2 if "\n\n" in shown else 0, 0)
        opened = _first_open(shown[paragraph:])
        if opened is not None:
            stop = paragraph + opened
        return line_start if stop > line_start and _BARE_MARK.fullmatch(tail, line_start, stop) else stop


def _first_open(text: str) -> int | None:
    """Where an emphasis, code, link or tag begins that is not closed yet."""
    open_at: dict[str, int] = {}
    for match in _OPENERS.finditer(text):
        mark = match.group()
        if mark in {"[", "!["}:
            closing = re.compile(r"\](?:\([^)]*\)|[^(]|$)").search(text, match.end())
            if closing is None or closing.end() == len(text):
                return min([match.start(), *open_at.values()])
        elif mark == "<":
            if ">" not in text[match.end() :] and len(text) - match.end() < 200:
                return min([match.start(), *open_at.values()])
        elif mark == "&":
            if ";" not in text[match.end() :] and len(text) - match.end() < 12:
                return min([match.start(), *open_at.values()])
        elif mark.startswith("*") and text[match.end() : match.end() + 1].isspace() and mark not in open_at:
            continue  # a list's mark
        elif mark in open_at:
            del open_at[mark]
        else:
            open_at[mark] = match.start()
    return min(open_at.values()) if open_at else None

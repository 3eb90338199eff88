"""What the chat and the other panels of one window tell each other: questions to be asked, places to go to, what is on screen.

Made once per window and handed to every panel, like the link of the charts. GUI thread only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ralphstock_desktop.services.assistant_contracts import Target
from ralphstock_desktop.services.channels import Channel

__all__ = ["AskSubject", "AskWish", "ChatLink", "Landing"]


@dataclass(frozen=True, slots=True)
class AskSubject:
    """What a place on screen is about, so that a question can be made of it.

    Attributes
    ----------
    kind : str
        ``symbol`` (a row of a table), ``item`` (one scored item of a symbol), ``article``, ``gate`` (the market gate, or one
        of its items).
    ticker, name : str
        The symbol; empty for the market.
    grade : str
        Its letter where the place shows one.
    label : str
        Words of the item, or the title of the article.
    """

    kind: Literal["symbol", "item", "article", "gate"]
    ticker: str = ""
    name: str = ""
    grade: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class AskWish:
    """A question another part of the window puts into the chat; asked at once only with ``send``."""

    text: str
    send: bool = False


@dataclass(frozen=True, slots=True)
class Landing:
    """How going to a place ended.

    Attributes
    ----------
    target : Target
        Where it was to go.
    found : bool
        Whether the very place is lit; else the panel is open at most.
    note_key : str
        Text key of what the user should know (``chat.go.<name>``), empty for nothing.
    url : str
        Address of an article that is not in the list: shown, and opened only when the user asks.
    """

    target: Target
    found: bool
    note_key: str = ""
    url: str = ""


class ChatLink:
    """Four channels; see the classes above. ``shown`` holds the panels that can be seen, in reading order."""

    def __init__(self) -> None:
        self.ask: Channel[AskWish] = Channel("chat ask")
        self.go: Channel[Target] = Channel("chat go")
        self.landed: Channel[Landing] = Channel("chat landed")
        self.shown: Channel[tuple[str, ...]] = Channel("chat shown")

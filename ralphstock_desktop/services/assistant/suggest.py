"""Questions offered from what is on screen."""

from __future__ import annotations

from engine.model.gate import GateStatus
from engine.model.scan import Grade
from ralphstock_desktop.services.assistant_contracts import QuestionType, Screen, Suggestion
from ralphstock_desktop.services.contracts import Workstation
from ralphstock_desktop.wording.texts import Texts

__all__ = ["suggestions_of"]

_MOST = 5


def suggestions_of(workstation: Workstation, screen: Screen, texts: Texts) -> tuple[Suggestion, ...]:
    """Return up to five questions about the symbol, the panels and the gate on screen, in the language of the texts."""
    found: list[Suggestion] = []

    def offer(key: str, kind: QuestionType, **fields: str) -> None:
        found.append(Suggestion(texts(f"assistant.suggest.{key}", **fields), kind))

    picture, scans = workstation.market.last, workstation.scans.last
    row = picture.panel.row_of(screen.ticker) if picture is not None and screen.ticker else None
    if picture is not None and row is not None:
        english = str(picture.panel.names_en[row]) if texts.language == "en" else ""
        name = english or str(picture.panel.names[row])
        # While the market of another instant is still being scanned, the grades on screen are those of the one before.
        fits = scans is not None and scans.panel is picture.panel and scans.scan.as_of == picture.as_of
        graded = fits and scans is not None and Grade(int(scans.scan.grade[row])) is not Grade.NONE
        if graded and scans is not None:
            offer("why_grade", "stock", name=name, grade=Grade(int(scans.scan.grade[row])).name)
        else:
            offer("why", "stock", name=name)
        if "flow" in screen.panels:
            offer("flow", "stock", name=name)
        if "news" in screen.panels:
            offer("news", "stock", name=name)
        if "day_checklist" in screen.panels or "day_scanner" in screen.panels:
            offer("day", "stock", name=name)
        if "closing" in screen.panels or "closing_card" in screen.panels:
            offer("closing", "stock", name=name)
    strategies = workstation.strategies
    gate = strategies.gate.last if strategies is not None else None
    if gate is not None and picture is not None and not picture.is_latest and gate.reading.as_of != picture.as_of:
        gate = None
    if gate is not None and gate.reading.status is not GateStatus.GREEN:
        offer("gate_why", "market")
    else:
        offer("gate", "market")
    offer("best", "recommendation")
    offer("record", "performance")
    return tuple(found[:_MOST])

"""Link groups: who follows whom, evidence focus, joining, and no group."""

from __future__ import annotations

import pytest

from ralphstock_desktop.services.contracts import EvidenceFocus, SymbolContext
from ralphstock_desktop.ui.links import LinkedWorkstation, LinkHub
from tests.ui.shell.doubles import WorkstationDouble


@pytest.fixture
def work() -> WorkstationDouble:
    return WorkstationDouble()


@pytest.fixture
def hub(work: WorkstationDouble) -> LinkHub:
    return LinkHub(work)


def _ticker(view: LinkedWorkstation) -> str | None:
    return view.selection.last.ticker if view.selection.last is not None else None


def test_panels_of_one_group_follow_each_other_and_the_search_box(hub: LinkHub, work: WorkstationDouble) -> None:
    table, chart = hub.view("signals"), hub.view("chart")
    table.select("005930", "signals")
    assert (_ticker(chart), work.selection.last and work.selection.last.ticker) == ("005930", "005930")
    work.selection.publish(SymbolContext("000660", "palette"))
    assert (_ticker(table), _ticker(chart)) == ("000660", "000660")


def test_another_group_has_a_symbol_of_its_own(hub: LinkHub, work: WorkstationDouble) -> None:
    table, chart, other = hub.view("signals"), hub.view("chart"), hub.view("symbols")
    table.select("005930", "signals")
    other.set_group(2)
    other.select("000660", "symbols")
    assert (_ticker(chart), _ticker(other)) == ("005930", "000660")
    assert work.selection.last is not None and work.selection.last.ticker == "005930"
    chart.set_group(2)
    assert _ticker(chart) == "000660"
    chart.set_group(1)
    assert _ticker(chart) == "005930"


def test_without_a_group_a_panel_keeps_its_symbol(hub: LinkHub) -> None:
    table, chart = hub.view("signals"), hub.view("chart")
    table.select("005930", "signals")
    chart.set_group(0)
    table.select("000660", "signals")
    assert _ticker(chart) == "005930"
    chart.select("042700", "chart")
    assert (_ticker(chart), _ticker(table)) == ("042700", "000660")


def test_focus_lights_up_its_own_group_only(hub: LinkHub) -> None:
    evidence, chart, other = hub.view("evidence"), hub.view("chart"), hub.view("flow")
    evidence.set_group(3)
    other.set_group(3)
    evidence.focus_evidence("005930", None, pinned=True)
    assert other.focus.last == EvidenceFocus("005930", None, pinned=True)
    assert chart.focus.last is None


def test_the_same_symbol_again_says_nothing(hub: LinkHub) -> None:
    table, chart = hub.view("signals"), hub.view("chart")
    heard: list[str] = []
    chart.selection.subscribe(lambda context: heard.append(context.ticker))
    for _ in range(3):
        table.select("005930", "signals")
    assert heard == ["005930"]


def test_everything_else_is_the_workstation_itself(hub: LinkHub, work: WorkstationDouble) -> None:
    view = hub.view("chart")
    assert view.market is work.market and view.rules is work.rules
    with pytest.raises(AttributeError):
        _ = view.no_such_thing

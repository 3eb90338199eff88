"""Reported issue 6 (domain.md §11): whatever is looked up by a name is there at the start, not missing at the first click.

The program has no service locator: the composition root makes every service once and hands it on (docs/architecture.md), so an
unknown service cannot be asked for. What *is* looked up by name are panels, workspaces, texts, icons, settings and error words;
each such name is checked here against its registry. Sources report to one health registry.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import resources
from engine.model.errors import StorageError
from ralphstock_desktop.services.health import HealthRegistry
from ralphstock_desktop.ui.dock_registry import DOCKS, dock_spec
from ralphstock_desktop.ui.layout.defaults import WORKSPACES, default_layout
from ralphstock_desktop.ui.layout.model import Layout, Node, Split
from ralphstock_desktop.wording.texts import LANGUAGES, Texts
from tests.source_trees import parsed

ROOT = Path(__file__).resolve().parents[2]
UI = sorted((ROOT / "ralphstock_desktop" / "ui").rglob("*.py"))


def _panels(node: Node | None) -> Iterator[str]:
    if isinstance(node, Split):
        for child in node.children:
            yield from _panels(child)
    elif node is not None:
        yield from node.panels


@pytest.mark.parametrize("width", [800, 1200, 1600, 2600])
@pytest.mark.parametrize("workspace", WORKSPACES)
def test_every_panel_of_a_workspace_is_declared(workspace: str, width: int) -> None:
    layout: Layout = default_layout(width, lambda size: int(size), workspace)
    named = list(_panels(layout.root))
    assert named and all(dock_spec(name) is not None for name in named)
    assert len(set(named)) == len(named)


def test_every_declared_panel_can_be_made() -> None:
    """A factory imports its panel at the first opening; a name that is wrong must be seen here."""
    for spec in DOCKS:
        source = inspect.getsource(spec.factory)
        ((module, names),) = re.findall(r"from (ralphstock_desktop\.[\w.]+) import ([\w, ]+)", source)
        found = importlib.util.find_spec(module)
        assert found is not None and found.origin is not None, (spec.id, module)
        tree = ast.parse(Path(found.origin).read_text(encoding="utf-8"))
        classes = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
        assert set(names.split(", ")) <= classes, (spec.id, names)
    assert len({spec.id for spec in DOCKS}) == len(DOCKS) == len({spec.screen for spec in DOCKS})
    assert dock_spec("no such panel") is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_that_is_asked_for_exists(language: str) -> None:
    """``tr("literal")`` in the whole window; a missing key would fail at the first click."""
    texts = Texts(language)  # type: ignore[arg-type]
    missing = []
    for file in UI:
        for node in ast.walk(parsed(file)):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name, key = ast.unparse(node.func), node.args[0].value
                if (name == "tr" or name.endswith(".tr")) and isinstance(key, str) and key not in texts:
                    missing.append(f"{file.relative_to(ROOT)}:{node.lineno} {key}")
    assert not missing, "\n".join(missing)
    for spec in DOCKS:
        assert spec.title_key in texts


def test_every_icon_that_is_declared_exists() -> None:
    there = {Path(str(path)).stem for path in resources.path("icons").glob("*.svg")}
    assert {spec.icon for spec in DOCKS} <= there


def test_an_unhealthy_source_is_said_with_the_time_until_it_may_be_asked_again() -> None:
    clock = [1_000_000_000_000]
    health = HealthRegistry(lambda: clock[0])
    for _ in range(5):
        health.failed("kiwoom", StorageError("down"))
    health.opened("kiwoom", 30.0)
    (report,) = health.publish().services
    assert (report.name, report.state, report.retry_after_s) == ("kiwoom", "open", 30.0)
    clock[0] += 31_000_000_000
    health.opened("kiwoom", None)
    health.succeeded("kiwoom", 12.0)
    (report,) = health.publish().services
    assert report.state != "open" and report.retry_after_s is None

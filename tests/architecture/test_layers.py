"""The layering rules of docs/architecture.md, read from the syntax trees: a broken rule fails with the rule's name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.source_trees import parsed

ROOT = Path(__file__).resolve().parent.parent.parent

LAYERS = {
    "engine": ROOT / "engine",
    "ports": ROOT / "ralphstock_desktop" / "ports.py",
    "live_ports": ROOT / "ralphstock_desktop" / "live_ports.py",
    "strategy_ports": ROOT / "ralphstock_desktop" / "strategy_ports.py",
    "assistant_ports": ROOT / "ralphstock_desktop" / "assistant_ports.py",
    "wording": ROOT / "ralphstock_desktop" / "wording",
    "data": ROOT / "ralphstock_desktop" / "data",
    "providers": ROOT / "ralphstock_desktop" / "providers",
    "services": ROOT / "ralphstock_desktop" / "services",
    "ui": ROOT / "ralphstock_desktop" / "ui",
}
QT = ("PySide6", "shiboken6", "pyqtgraph", "qasync")
SQL = ("sqlalchemy", "alembic", "psycopg", "sqlite3")
NET = ("httpx", "websockets", "aiohttp", "msgspec", "keyring", "urllib", "socket", "requests")
OURS = "ralphstock_desktop."

FORBIDDEN: dict[str, tuple[str, ...]] = {
    "engine": (
        "ralphstock_desktop", *QT, *SQL, *NET, "pandas", "pyarrow", "asyncio", "time", "random", "logging", "threading.Timer",
        "exchange_calendars",
    ),
    "ports": (
        *QT, *SQL, *NET, "pandas", f"{OURS}data", f"{OURS}providers", f"{OURS}services", f"{OURS}ui", f"{OURS}app",
        "engine.scoring", "engine.features", "engine.explain", "engine.asof",
    ),
    "live_ports": (
        *QT, *SQL, *NET, "pandas", f"{OURS}data", f"{OURS}providers", f"{OURS}services", f"{OURS}ui", f"{OURS}app",
        "engine.scoring", "engine.features", "engine.explain", "engine.asof",
    ),
    "strategy_ports": (
        *QT, *SQL, *NET, "pandas", f"{OURS}data", f"{OURS}providers", f"{OURS}services", f"{OURS}ui", f"{OURS}app",
        "engine.scoring", "engine.features", "engine.explain", "engine.asof",
    ),
    "assistant_ports": (
        *QT, *SQL, *NET, "pandas", f"{OURS}data", f"{OURS}providers", f"{OURS}services", f"{OURS}ui", f"{OURS}app",
        "engine.scoring", "engine.features", "engine.explain", "engine.asof",
    ),
    "wording": (
        *QT, *SQL, *NET, "pandas", f"{OURS}data", f"{OURS}providers", f"{OURS}services", f"{OURS}ui", f"{OURS}app",
        "engine.scoring", "engine.features", "engine.explain", "engine.asof", "asyncio",
    ),
    "data": (*QT, f"{OURS}services", f"{OURS}ui", f"{OURS}app", f"{OURS}providers"),
    "providers": (*QT, "sqlalchemy", "alembic", f"{OURS}services", f"{OURS}ui", f"{OURS}app", f"{OURS}data"),
    "services": (*QT, *SQL, *NET, f"{OURS}data", f"{OURS}providers", f"{OURS}ui", f"{OURS}app"),
    "ui": (*SQL, *NET, "pandas", "pyarrow", f"{OURS}data", f"{OURS}providers", f"{OURS}app", "engine.scoring", "engine.asof"),
}  # fmt: skip
"""What each layer must not import (prefixes)."""


def _modules(layer: Path) -> list[Path]:
    return [layer] if layer.is_file() else sorted(layer.rglob("*.py"))


def _imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.lineno, node.module
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def _matches(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix + ".")


@pytest.mark.parametrize("layer", LAYERS)
def test_layer_imports_only_what_it_may(layer: str) -> None:
    broken = [
        f"{file.relative_to(ROOT)}:{line} imports {name}: '{layer}' must not import '{prefix}'"
        for file in _modules(LAYERS[layer])
        for line, name in _imports(parsed(file))
        for prefix in FORBIDDEN[layer]
        if _matches(name, prefix)
    ]
    assert not broken, "\n".join(broken)


def test_nobody_imports_app() -> None:
    broken = [
        f"{file.relative_to(ROOT)}:{line} imports {name}"
        for layer in LAYERS.values()
        for file in _modules(layer)
        for line, name in _imports(parsed(file))
        if _matches(name, f"{OURS}app")
    ]
    assert not broken, "\n".join(broken)


PRODUCT = [*sorted((ROOT / "engine").rglob("*.py")), *sorted((ROOT / "ralphstock_desktop").rglob("*.py"))]


def _calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, ast.unparse(node.func)


def test_banned_calls() -> None:
    """Calls that hide a clock, block the loop, or print, outside the homes named here."""
    printing_homes = {"ralphstock_desktop/app/cli.py"}
    broken = []
    for file in PRODUCT:
        place = file.relative_to(ROOT).as_posix()
        for node, name in _calls(parsed(file)):
            if name == "print" and place not in printing_homes:
                broken.append(f"{place}:{node.lineno} print() outside the command line: use logging")
            if name.endswith(".exec") and "ui" in file.parts:
                broken.append(f"{place}:{node.lineno} {name}() blocks the loop: use open() and a future")
            if name in {"time.sleep", "QThread"}:
                broken.append(f"{place}:{node.lineno} {name}() is banned")
            if name.endswith("datetime.utcnow") or (
                name.endswith(("datetime.now", "date.today")) and not (node.args or node.keywords)
            ):
                broken.append(f"{place}:{node.lineno} {name}() without a zone: pass the clock in")
            if name.endswith(("QTableWidget", "resizeColumnsToContents", "processEvents")):
                broken.append(f"{place}:{node.lineno} {name}() is banned: it stalls live tables or the loop")
    assert not broken, "\n".join(broken)


_BROAD_HOMES = {
    "ralphstock_desktop/services/channels.py": "one broken listener must not silence the others; logged with its trace",
    "ralphstock_desktop/services/strategy/live_part.py": "a bug ends one beat; it goes to the error handler once, not each second",
}


def test_no_bare_or_silent_broad_except() -> None:
    broken = []
    for file in PRODUCT:
        place = file.relative_to(ROOT).as_posix()
        for node in ast.walk(parsed(file)):
            if not isinstance(node, ast.ExceptHandler):
                continue
            caught = ast.unparse(node.type) if node.type else ""
            broad = caught in {"", "Exception", "BaseException"}
            reraises = any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
            if broad and not reraises and place not in _BROAD_HOMES and "app" not in file.parts:
                broken.append(f"{place}:{node.lineno} 'except {caught}' must re-raise or convert")
    assert not broken, "\n".join(broken)


def test_no_module_is_a_drawer() -> None:
    drawers = {"utils", "util", "common", "misc", "manager", "helpers"}
    assert not [str(f.relative_to(ROOT)) for f in PRODUCT if f.stem in drawers]


def test_colours_and_fonts_are_tokens() -> None:
    """No literal colour and no font family in ``ui``; the appearance module and the token file are their only home."""
    broken = []
    for file in sorted((ROOT / "ralphstock_desktop" / "ui").rglob("*.py")):
        if file.name == "appearance.py":
            continue
        for node in ast.walk(parsed(file)):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                literal = any(isinstance(arg, ast.Constant) for arg in node.args)
                if name in {"QColor", "QtGui.QColor"} and literal:
                    broken.append(f"{file.relative_to(ROOT)}:{node.lineno} {ast.unparse(node)}")
                if name in {"QFont", "QtGui.QFont"} and literal:
                    broken.append(f"{file.relative_to(ROOT)}:{node.lineno} {ast.unparse(node)}")
    assert not broken, "\n".join(broken)


def test_importing_adds_no_log_handler() -> None:
    import logging

    before = list(logging.getLogger().handlers)
    import ralphstock_desktop.services.workstation  # noqa: F401

    assert logging.getLogger().handlers == before


def test_heavy_libraries_are_not_imported_before_the_first_paint() -> None:
    """The modules of the first paint load Qt and NumPy only."""
    import subprocess
    import sys

    code = (
        "import sys; import ralphstock_desktop.ui.main_window, ralphstock_desktop.services.workstation;"
        "heavy={'pandas','pyarrow','sqlalchemy','alembic','numba','pyqtgraph','exchange_calendars'};"
        "print(','.join(sorted(heavy & set(sys.modules))))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert answer.stdout.strip() == ""


def _tree_of_texts(language: str) -> dict[str, str]:
    import json

    texts: dict[str, str] = {}
    for file in sorted((ROOT / "resources" / "texts" / language).glob("*.json")):
        for key, text in json.loads(file.read_text(encoding="utf-8")).items():
            assert key not in texts, f"{file.name} repeats the key {key}"
            texts[key] = text
    return texts


def test_both_languages_have_the_same_keys_and_fields() -> None:
    import string

    def fields(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    korean, english = _tree_of_texts("ko"), _tree_of_texts("en")
    assert set(korean) == set(english), sorted(set(korean) ^ set(english))
    different = [key for key in korean if fields(korean[key]) != fields(english[key])]
    assert not different, different
    assert not [key for key, text in (*korean.items(), *english.items()) if not text.strip()]


def test_every_error_key_has_a_text() -> None:
    keys = set()
    for file in PRODUCT:
        for node in ast.walk(parsed(file)):
            if isinstance(node, ast.keyword) and node.arg == "key" and isinstance(node.value, ast.Constant):
                value = node.value.value
                if isinstance(value, str) and value.startswith("error."):
                    keys.add(value)
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "default_key":
                keys.add(ast.literal_eval(node.value))
    missing = sorted(keys - set(_tree_of_texts("ko")))
    assert not missing, missing

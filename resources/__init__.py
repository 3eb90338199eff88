"""Theme tokens, icons, texts and dated tables that ship with the program, found by :func:`path` and :func:`read_text`."""

from __future__ import annotations

from pathlib import Path

__all__ = ["path", "read_text"]

_ROOT = Path(__file__).resolve().parent


def path(*parts: str) -> Path:
    """Return the path of a shipped file; works from a checkout, an installed wheel and a frozen one-folder bundle."""
    return _ROOT.joinpath(*parts)


def read_text(*parts: str) -> str:
    """Read a shipped UTF-8 text file."""
    return path(*parts).read_text(encoding="utf-8")

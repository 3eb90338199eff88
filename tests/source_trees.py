"""Syntax trees of the project's own files, parsed once for all tests that read code."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

__all__ = ["parsed"]


@cache
def parsed(file: Path) -> ast.Module:
    """The syntax tree of a Python file; not to be changed."""
    return ast.parse(file.read_text(encoding="utf-8"))

"""Fixtures of the performance tests."""

from __future__ import annotations

import pytest

from engine.performance import acceleration


@pytest.fixture(autouse=True)
def plain_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Follow signals with the plain loops, whatever ran before in this process."""
    monkeypatch.setattr(acceleration, "_compiled", {})


@pytest.fixture
def compiled_lives(plain_lives: None) -> None:
    """Follow signals with the compiled loops in this test only."""
    if not acceleration.accelerate():
        pytest.skip("no compiler package on this machine")

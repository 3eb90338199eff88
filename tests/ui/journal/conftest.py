"""Fixtures of the journal's tests: those of the alerts."""

from tests.ui.alerts.conftest import open_desk, shop

__all__ = ["open_desk", "shop"]

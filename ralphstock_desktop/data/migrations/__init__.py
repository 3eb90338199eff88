"""The one chain of schema versions. :data:`HEAD` and :data:`KNOWN` let an up-to-date database open without Alembic."""

from __future__ import annotations

__all__ = ["HEAD", "KNOWN"]

KNOWN = ("0001", "0002", "0003", "0004")
"""Every released version, oldest first."""

HEAD = KNOWN[-1]
"""The version this program works with."""

"""The words of the filter language for tables over a scan; see :mod:`ralphstock_desktop.services.filters.scan_words`."""

from __future__ import annotations

from ralphstock_desktop.services.filters.scan_words import NUMBER_FIELDS, scan_vocabulary

__all__ = ["NUMBER_FIELDS", "scan_vocabulary"]

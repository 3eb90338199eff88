"""All tables of the repository (domain.md §10.1). Importing this module imports SQLAlchemy."""

from __future__ import annotations

from ralphstock_desktop.data.schema import market, records
from ralphstock_desktop.data.schema.base import METADATA

__all__ = ["METADATA", "market", "records"]

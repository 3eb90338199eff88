"""Every request of the broker that the workstation knows, by its api-id.

The entries say path, list, paging, order and records, and note where the official example or table is wrong; a check of a
client or a server against the protocol can be written from them alone.
"""

from __future__ import annotations

from typing import Any, Final

from engine.model.errors import ValidationFailed
from ralphstock_desktop.providers.kiwoom import (
    catalogue_accounts,
    catalogue_charts,
    catalogue_flows,
    catalogue_programs,
    catalogue_quotes,
    catalogue_rankings,
    catalogue_sectors,
)
from ralphstock_desktop.providers.kiwoom.catalogue_base import Tr
from ralphstock_desktop.providers.kiwoom.records_layout import layout_of
from ralphstock_desktop.providers.kiwoom.records_wire import Kind

__all__ = ["CATALOGUE", "by_path", "fields_of", "tr_of"]

_FAMILIES: Final = (
    catalogue_quotes,
    catalogue_charts,
    catalogue_flows,
    catalogue_programs,
    catalogue_rankings,
    catalogue_sectors,
    catalogue_accounts,
)


def _collect() -> dict[str, Tr[Any, Any, Any]]:
    found: dict[str, Tr[Any, Any, Any]] = {}
    for family in _FAMILIES:
        for entry in vars(family).values():
            if isinstance(entry, Tr):
                found.setdefault(entry.api_id, entry)
    return dict(sorted(found.items()))


CATALOGUE: Final = _collect()
"""Entry by api-id."""


def tr_of(api_id: str) -> Tr[Any, Any, Any]:
    """Return the entry of an api-id.

    Raises
    ------
    ValidationFailed
        If the workstation does not know it.
    """
    if api_id not in CATALOGUE:
        raise ValidationFailed(
            f"'{api_id}' is not in the catalogue; an api-id such as ka10081 is expected.",
            key="error.kiwoom.request_field",
            api_id=api_id,
            field="api-id",
            value=api_id,
            right="an api-id of the catalogue",
        )
    return CATALOGUE[api_id]


def by_path(path: str) -> tuple[Tr[Any, Any, Any], ...]:
    """Return the entries served at a path."""
    return tuple(entry for entry in CATALOGUE.values() if entry.path == path)


def fields_of(api_id: str) -> dict[str, dict[str, Kind]]:
    """Return the wire fields of an answer with their kind: under ``""`` those beside the list, under the list key a row's."""
    entry = tr_of(api_id)
    parts: dict[str, type[Any] | None] = {"": entry.head, entry.list_key: entry.row} if entry.list_key else {"": entry.head}
    return {
        key: {
            name: declared.kind
            for _, declared, _ in layout_of(record).columns
            for name in declared.names
            if declared.kind is not Kind.VENUE
        }
        for key, record in parts.items()
        if record is not None
    }

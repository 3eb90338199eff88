"""What a file holds: its data set, the field of each column, and the units.

Steps: (1) understand each header, (2) find the data set whose signature the fields fit, most particular first, (3) settle what
the header leaves open (raw or adjusted, won or shares) from the file's name, or leave it to the user. A user's mapping
replaces all three.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from engine.model.errors import ValidationFailed
from engine.model.instruments import normalize_ticker
from ralphstock_desktop.data.importing.columns import day_from_text
from ralphstock_desktop.data.importing.headers import Header, money_scale, read_header, share_scale
from ralphstock_desktop.data.importing.sources import DataFile, SkippedFile, refuse
from ralphstock_desktop.ports import FLOW_INVESTORS, IMPORT_FIELDS

__all__ = ["INDEX_CODES", "Layout", "day_of_file", "recognise", "ticker_from_name"]

"""Investor groups with a column of their own; pension to other_finance are parts of institution."""

INDEX_CODES = frozenset(
    [
        "KOSPI",
        "KOSDAQ",
        "KOSPI200",
        "KOSDAQ150",
        "KRX300",
        "KODEX200",
        "USDKRW",
        "SP500",
        "NASDAQ",
        "VIX",
        "DXY",
        "WTI",
        "US10Y",
    ]
)


_FILE_DAY = re.compile(r"(?<!\d)(20\d{2})[-_.]?(\d{2})[-_.]?(\d{2})(?!\d)")
_TICKER_IN_NAME = re.compile(r"(?<![0-9A-Za-z])A?([0-9][0-9A-HJ-NP-TV-Z]{5})(?![0-9A-Za-z])")
_INDEX_NAME = re.compile(r"(?:\^?[A-Z]|코스피|코스닥)[A-Z0-9.^=/ _-]{0,11}\Z")
_UNIT_KEYS = frozenset({"value_unit", "volume_unit", "flow_unit"})
_BARS = ("open_krw", "high_krw", "low_krw", "close_krw", "volume_shares")
_RECORDED_MARKET_FLOW = frozenset({"individual", "foreign", "institution", "securities", "investment_trust", "other_corp"})


@dataclass
class Layout:
    """How one file is read.

    Attributes
    ----------
    dataset : str
        Name in :data:`IMPORT_FIELDS`; empty if only the user can say.
    columns : dict[str, str]
        Column of the file by field.
    constants : dict[str, str]
        Values that hold for the whole file, by field (the ticker of a one-symbol file).
    scales : dict[str, int]
        Won or shares per unit of a field, where it is not 1.
    flow_quantity : str
        ``money`` or ``shares`` for the flow columns.
    open_question : ValidationFailed or None
        Why the file cannot be imported without a mapping.
    headers : tuple of Header
        Every column as understood.
    uncertain : set of str
        Fields the user should look at.
    """

    dataset: str
    columns: dict[str, str]
    headers: tuple[Header, ...]
    constants: dict[str, str] = field(default_factory=dict)
    scales: dict[str, int] = field(default_factory=dict)
    flow_quantity: str = "money"
    open_question: ValidationFailed | None = None
    uncertain: set[str] = field(default_factory=set)

    def has(self, *names: str) -> bool:
        """Whether all fields are there, as a column or a constant."""
        return all(name in self.columns or name in self.constants for name in names)

    @property
    def flow_fields(self) -> tuple[str, ...]:
        """Investor columns of the file."""
        return tuple(name for name in FLOW_INVESTORS if name in self.columns)

    def needed_columns(self) -> list[str]:
        """Columns the data set uses, each once, in the order of its fields."""
        required, optional = IMPORT_FIELDS[self.dataset]
        return list(dict.fromkeys(self.columns[name] for name in (*required, *optional) if name in self.columns))


def ticker_from_name(path: Path) -> str:
    """Return the ticker in a file name such as ``005930.csv`` or ``삼성전자_A005930_일별.csv``; empty if there is not one."""
    stem = path.name.split(".", 1)[0].upper()
    found = {match[1] for match in _TICKER_IN_NAME.finditer(stem)}
    # A year and month (202605) or a day's first six digits are no ticker.
    found = {code for code in found if not re.fullmatch(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])", code)}
    return normalize_ticker(found.pop()) if len(found) == 1 else ""


def day_of_file(path: Path) -> date | None:
    """Return the day in a file name such as ``krx_listing_20260320.csv.gz``; None if there is none."""
    match = _FILE_DAY.search(path.name)
    return day_from_text("".join(match.groups())) if match else None


def recognise(
    file: DataFile, sample: Mapping[str, tuple[str, ...]], mapping: tuple[str, Mapping[str, str]] | None = None
) -> Layout:
    """Find out what a file holds.

    Parameters
    ----------
    file : DataFile
        The opened file.
    sample : mapping
        First values of each column as text.
    mapping : (data set, {field: column}), optional
        The user's choice. A column written ``=text`` is a constant; ``value_unit``, ``volume_unit`` and ``flow_unit`` name
        units (원, 천원, 백만원, 억원, 주, 천주).

    Raises
    ------
    SkippedFile
        If the file is known and holds nothing to import.
    ValidationFailed
        If a mapping names a data set, field, column or unit that does not exist, or leaves out one that is needed.
    """
    headers = tuple(read_header(column) for column in file.columns)
    if mapping is not None:
        return _mapped(file, headers, *mapping)
    columns: dict[str, str] = {}
    for header in headers:
        if header.field and header.field not in columns:
            columns[header.field] = header.column
    layout = Layout("", columns, headers)
    if layout.has(*_BARS) and not layout.has("day") and not layout.has("instant"):
        _take_day_from_name(layout, file)
    layout.dataset = _dataset(layout, sample)
    if layout.dataset and "ticker" in IMPORT_FIELDS[layout.dataset][0] and "ticker" not in columns:
        code = ticker_from_name(file.path)
        if code:
            layout.constants["ticker"] = code
            layout.uncertain.add("ticker")
        else:
            layout.open_question = refuse(
                file.path,
                "no_ticker",
                "it has no ticker column and its name holds no ticker; choose the column or name it like 005930.csv.",
            )
    if layout.dataset == "":
        layout.open_question = refuse(
            file.path,
            "unknown_columns",
            f"its columns ({', '.join(file.columns[:12])}) fit no data set; say what each column is.",
            columns=", ".join(file.columns[:12]),
        )
        return layout
    if layout.dataset == "daily_price" and re.search(r"adj|수정", file.path.name, re.IGNORECASE):
        layout.dataset = "adjusted_price"
    _settle_units(layout, file, {})
    _refuse_nested(layout, file)
    return layout


def _take_day_from_name(layout: Layout, file: DataFile) -> None:
    """A whole-market table of one day (전종목 시세) has its day in the file name only."""
    day = day_of_file(file.path)
    if day is None:
        raise refuse(
            file.path, "no_day", "its bars have no date column and its name holds no day; name it like market_20260504.csv."
        )
    layout.constants["day"] = day.isoformat()
    layout.uncertain.add("day")


def _refuse_nested(layout: Layout, file: DataFile) -> None:
    for column in layout.needed_columns():
        if column not in file.plain_columns:
            raise refuse(
                file.path,
                "nested",
                f"its column '{column}' is of a nested type (a list or structure); plain columns are expected.",
                column=column,
            )


def _dataset(layout: Layout, sample: Mapping[str, tuple[str, ...]]) -> str:
    has, columns = layout.has, layout.columns
    if has("sentence", "label"):
        raise SkippedFile("import.skipped.labelled_sentences")
    if has("delisted_on", "name"):
        return "delisted"
    if has("ex_day", "price_factor"):
        return "corporate_action"
    if has("investor", "net") and has("instant", "market"):
        return "market_flow_minute"
    if has("title") and has("day"):
        return "news"
    if has("close_krw") and (has("instant") or has("day", "time")) and has("open_krw", "high_krw", "low_krw"):
        return "minute_price"
    if has("day", "market") and not has("ticker") and len(layout.flow_fields) >= 3:
        return "market_flow"
    if has("day", "close_krw") and has("ticker") and _are_index_codes(sample.get(columns["ticker"], ())):
        return "index_price"
    if has("day", "open_krw", "high_krw", "low_krw", "close_krw", "volume_shares"):
        return "daily_price"
    if has("day") and layout.flow_fields:
        return "flow"
    if has("ticker", "name") and not has("day"):
        return "listing"
    return ""


def _are_index_codes(values: tuple[str, ...]) -> bool:
    def is_ticker(text: str) -> bool:
        try:
            normalize_ticker(text)
        except ValidationFailed:
            return False
        return True

    known = [value.strip().upper() for value in values if value.strip()]
    return bool(known) and all(value in INDEX_CODES or (_INDEX_NAME.match(value) and not is_ticker(value)) for value in known)


def _settle_units(layout: Layout, file: DataFile, chosen: Mapping[str, str]) -> None:
    """Units by the user's choice, else as written in the headers."""
    by_column = {header.column: header for header in layout.headers}
    for name in ("value_krw", "cum_value_krw"):
        if name in layout.columns:
            _set_scale(layout, file, name, chosen.get("value_unit") or by_column[layout.columns[name]].unit, money_scale)
    if "volume_shares" in layout.columns:
        unit = chosen.get("volume_unit") or by_column[layout.columns["volume_shares"]].unit
        _set_scale(layout, file, "volume_shares", unit, share_scale)
    flows = (*layout.flow_fields, *(("net",) if "net" in layout.columns else ()))
    if chosen.get("flow_unit") and flows:
        is_money = money_scale(chosen["flow_unit"]) is not None
        layout.flow_quantity = "money" if is_money else "shares"
        for name in flows:
            _set_scale(layout, file, name, chosen["flow_unit"], money_scale if is_money else share_scale)
    elif layout.dataset in ("daily_price", "flow"):
        _settle_flows(layout, file, by_column)
    elif layout.dataset in ("market_flow", "market_flow_minute"):
        _settle_market_flows(layout, file, by_column)


def _set_scale(layout: Layout, file: DataFile, name: str, unit: str, scale_of: object) -> None:
    scale = scale_of(unit)  # type: ignore[operator]
    if scale is None:
        raise refuse(
            file.path,
            "unit",
            f"the unit '{unit}' of column '{layout.columns[name]}' is not known.",
            unit=unit,
            column=layout.columns[name],
        )
    if scale != 1:
        layout.scales[name] = scale


def _settle_flows(layout: Layout, file: DataFile, by_column: Mapping[str, Header]) -> None:
    if not layout.flow_fields:
        return
    quantities = {by_column[layout.columns[name]].quantity for name in layout.flow_fields} - {""}
    name = file.path.name.casefold()
    if len(quantities) == 1:
        layout.flow_quantity = quantities.pop()
    elif quantities:
        layout.open_question = refuse(file.path, "flow_quantity", "its flow columns mix won and shares; say which to use.")
    elif layout.has("foreign_hold") or layout.has("foreign_pct") or re.search(r"share|주수|수량", name):
        layout.flow_quantity = "shares"
    elif re.search(r"krw|won|금액|대금", name):
        layout.flow_quantity = "money"
    else:
        layout.open_question = refuse(
            file.path,
            "flow_quantity",
            "it does not say whether its flows are won or shares; choose the unit of the flow columns.",
        )
    scale_of = money_scale if layout.flow_quantity == "money" else share_scale
    for investor in layout.flow_fields:
        _set_scale(layout, file, investor, by_column[layout.columns[investor]].unit, scale_of)


def _settle_market_flows(layout: Layout, file: DataFile, by_column: Mapping[str, Header]) -> None:
    names = layout.flow_fields if layout.dataset == "market_flow" else ("net",)
    written = {by_column[layout.columns[name]].unit for name in names}
    if written - {""}:
        for name in names:
            _set_scale(layout, file, name, by_column[layout.columns[name]].unit, money_scale)
        return
    all_names = {read_header(column).column for column in file.columns}
    if all_names >= _RECORDED_MARKET_FLOW or {"ts", "market", "investor", "sell", "buy", "net"} == all_names:
        layout.scales.update(dict.fromkeys(names, 100_000_000))  # this layout is published in 억원
        return
    layout.open_question = refuse(
        file.path, "market_flow_unit", "it does not say the unit of its flows; choose 원, 백만원 or 억원."
    )


def _mapped(file: DataFile, headers: tuple[Header, ...], dataset: str, mapping: Mapping[str, str]) -> Layout:
    if dataset not in IMPORT_FIELDS:
        raise refuse(
            file.path,
            "mapping_dataset",
            f"'{dataset}' is no data set; choose one of {', '.join(IMPORT_FIELDS)}.",
            value=dataset,
        )
    required, optional = IMPORT_FIELDS[dataset]
    layout = Layout(dataset, {}, headers)
    units = {key: value for key, value in mapping.items() if key in _UNIT_KEYS}
    for name, column in mapping.items():
        if name in _UNIT_KEYS or not column:
            continue
        if name not in (*required, *optional):
            raise refuse(file.path, "mapping_field", f"'{name}' is no field of {dataset}.", value=name)
        if column.startswith("="):
            layout.constants[name] = column[1:].strip()
        elif column in file.columns:
            layout.columns[name] = column
        else:
            raise refuse(file.path, "mapping_column", f"it has no column '{column}'.", column=column)
    if "ticker" in required and not layout.has("ticker") and ticker_from_name(file.path):
        layout.constants["ticker"] = ticker_from_name(file.path)
    missing = [name for name in required if not layout.has(name)]
    if dataset == "minute_price" and missing == ["instant"] and layout.has("day", "time"):
        missing = []
    if dataset in ("flow", "market_flow") and not layout.flow_fields:
        missing.append("foreign")
    if missing:
        raise refuse(
            file.path, "mapping_missing", f"the mapping says no column for {', '.join(missing)}.", columns=", ".join(missing)
        )
    _settle_units(layout, file, units)
    _refuse_nested(layout, file)
    return layout

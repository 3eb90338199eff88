"""Market data: master, designations, prices, flows, indices, news, and the counters that say what changed."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
)

from ralphstock_desktop.data.schema.base import (
    CLUSTERED,
    METADATA,
    instant,
    json_text,
    money,
    real,
    row_id,
    small_text,
    text,
    ticker,
    trading_day,
)

__all__ = [
    "ADJUSTED_PRICE",
    "CALENDAR_DAY",
    "CORPORATE_ACTION",
    "DAILY_PRICE",
    "DATA_CHANGE",
    "DATA_VERSION",
    "DESIGNATION",
    "FLOW",
    "FX_RATE",
    "IMPORT_RUN",
    "INDEX_PRICE",
    "MARKET_FLOW",
    "MARKET_FLOW_MINUTE",
    "MINUTE_PRICE",
    "NEWS",
    "NEWS_STOCK",
    "PRICE_REVISION",
    "SOURCE",
    "STOCK",
    "STOCK_NAME_HISTORY",
]


def _source_ref() -> Column[int]:
    return Column("source_id", Integer, ForeignKey("source.id"), nullable=False)


SOURCE = Table(
    "source",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=True),
    small_text("name", 200, nullable=False),
    UniqueConstraint("name"),
)
"""Where rows came from; a million bars share one number instead of repeating a text."""

DATA_VERSION = Table(
    "data_version",
    METADATA,
    small_text("scope", 20, primary_key=True),
    money("version", nullable=False),
    small_text("database_id", 40, nullable=False),
)
"""``panel``: bumped by every transaction that changed what the panel is built from; ``news``: headlines; ``market``: any."""

DATA_CHANGE = Table(
    "data_change",
    METADATA,
    money("version", primary_key=True, autoincrement=False),
    Column("n", Integer, primary_key=True, autoincrement=False),
    small_text("dataset", 30, nullable=False),
    trading_day("first_day"),
    trading_day("last_day"),
    Column("ticker_count", Integer, nullable=False),
    json_text("tickers"),
    **CLUSTERED,
)
"""Which days (and, if few, which tickers) each panel version changed, so that the panel reads again only those."""

STOCK = Table(
    "stock",
    METADATA,
    ticker(primary_key=True),
    small_text("isin", 12),
    small_text("name", 120, nullable=False),
    small_text("name_en", 200),
    Column("market", SmallInteger, nullable=False),
    Column("type", SmallInteger, nullable=False),
    small_text("sector", 120),
    trading_day("listed_on", nullable=True),
    trading_day("delisted_on", nullable=True),
    Column("delisting_inferred", Boolean, nullable=False),
    money("shares_out"),
    money("par_krw"),
    trading_day("master_on", nullable=True),
    _source_ref(),
    instant("updated_at", nullable=False),
    UniqueConstraint("isin"),
    CheckConstraint("market BETWEEN 0 AND 3", name="market"),
    CheckConstraint("type BETWEEN 0 AND 10", name="type"),
    Index(None, "name"),
    Index(None, "market", "type"),
    Index(None, "sector"),
)

STOCK_NAME_HISTORY = Table(
    "stock_name_history",
    METADATA,
    ticker(primary_key=True),
    trading_day("from_day", primary_key=True),
    small_text("name", 120, nullable=False),
    trading_day("to_day", nullable=True),
    **CLUSTERED,
)

DESIGNATION = Table(
    "designation",
    METADATA,
    row_id(),
    ticker(),
    small_text("kind", 20, nullable=False),
    trading_day("from_day"),
    trading_day("to_day", nullable=True),
    _source_ref(),
    instant("received_at", nullable=False),
    UniqueConstraint("ticker", "kind", "from_day"),
    CheckConstraint(
        "kind IN ('ADMIN','CAUTION_ISSUE','WARNING','DANGER','OVERHEAT','HALT','CLEANUP','CAUTION','REMARK')", name="kind"
    ),
    CheckConstraint("to_day IS NULL OR to_day >= from_day", name="interval"),
    Index(None, "kind", "from_day", "to_day"),
)

DAILY_PRICE = Table(
    "daily_price",
    METADATA,
    ticker(primary_key=True),
    trading_day("date", primary_key=True),
    money("open"),
    money("high"),
    money("low"),
    money("close"),
    money("volume"),
    money("trading_value"),
    money("prev_diff"),
    money("base_price"),
    real("adj_factor"),
    small_text("venue", 8, nullable=False),
    Column("valid", Boolean, nullable=False),
    _source_ref(),
    instant("received_at", nullable=False),
    CheckConstraint("open >= 0 AND high >= 0 AND low >= 0 AND close >= 0", name="price"),
    CheckConstraint("volume >= 0 AND trading_value >= 0", name="volume"),
    Index(None, "date"),
    **CLUSTERED,
)

PRICE_REVISION = Table(
    "price_revision",
    METADATA,
    row_id(),
    ticker(),
    trading_day("date"),
    json_text("old_values", nullable=False),
    json_text("new_values", nullable=False),
    Column("old_source_id", Integer, ForeignKey("source.id"), nullable=False),
    Column("new_source_id", Integer, ForeignKey("source.id"), nullable=False),
    instant("received_at", nullable=False),
    Index(None, "ticker", "date"),
)

ADJUSTED_PRICE = Table(
    "adjusted_price",
    METADATA,
    ticker(primary_key=True),
    trading_day("date", primary_key=True),
    real("open"),
    real("high"),
    real("low"),
    real("close"),
    real("volume"),
    trading_day("factor_on", nullable=True),
    _source_ref(),
    instant("received_at", nullable=False),
    **CLUSTERED,
)
"""A vendor's back-adjusted series beside the raw one; a re-adjusted history replaces only these columns (domain.md §1.8)."""

CORPORATE_ACTION = Table(
    "corporate_action",
    METADATA,
    ticker(primary_key=True),
    trading_day("ex_day", primary_key=True),
    real("price_factor", nullable=False),
    small_text("confidence", 20, nullable=False),
    _source_ref(),
    instant("received_at", nullable=False),
    CheckConstraint("price_factor > 0", name="factor"),
    **CLUSTERED,
)

MINUTE_PRICE = Table(
    "minute_price",
    METADATA,
    ticker(primary_key=True),
    instant("ts", primary_key=True, autoincrement=False),
    money("open"),
    money("high"),
    money("low"),
    money("close"),
    money("volume"),
    money("trading_value"),
    _source_ref(),
    instant("received_at", nullable=False),
    **CLUSTERED,
)

FLOW = Table(
    "flow",
    METADATA,
    ticker(primary_key=True),
    trading_day("date", primary_key=True),
    small_text("investor", 20, primary_key=True),
    money("net_shares"),
    money("net_value"),
    Column("estimated", Boolean, nullable=False),
    Column("provisional", Boolean, nullable=False),
    instant("available_at", nullable=False),
    _source_ref(),
    instant("received_at", nullable=False),
    Index(None, "date", "investor"),
    **CLUSTERED,
)

MARKET_FLOW = Table(
    "market_flow",
    METADATA,
    small_text("market", 12, primary_key=True),
    trading_day("date", primary_key=True),
    small_text("investor", 40, primary_key=True),
    money("net_value"),
    _source_ref(),
    instant("received_at", nullable=False),
    **CLUSTERED,
)

MARKET_FLOW_MINUTE = Table(
    "market_flow_minute",
    METADATA,
    small_text("market", 12, primary_key=True),
    instant("ts", primary_key=True, autoincrement=False),
    small_text("investor", 40, primary_key=True),
    money("net_value"),
    _source_ref(),
    instant("received_at", nullable=False),
    **CLUSTERED,
)


def _level_table(name: str) -> Table:
    return Table(
        name,
        METADATA,
        small_text("code", 20, primary_key=True),
        trading_day("date", primary_key=True),
        real("open"),
        real("high"),
        real("low"),
        real("close"),
        real("volume"),
        real("trading_value"),
        real("change_pct"),
        _source_ref(),
        instant("received_at", nullable=False),
        **CLUSTERED,
    )


INDEX_PRICE = _level_table("index_price")
FX_RATE = _level_table("fx_rate")

CALENDAR_DAY = Table(
    "calendar_day",
    METADATA,
    trading_day("date", primary_key=True),
    Column("is_open", Boolean, nullable=False),
    _source_ref(),
    instant("received_at", nullable=False),
    **CLUSTERED,
)

NEWS = Table(
    "news",
    METADATA,
    row_id(),
    Column("canonical_url", String(2000), nullable=False),
    text("title", nullable=False),
    text("norm_title", nullable=False),
    small_text("press", 120),
    small_text("kind", 20, nullable=False),
    instant("published_at"),
    instant("collected_at"),
    text("body"),
    money("cluster_id"),
    _source_ref(),
    UniqueConstraint("canonical_url"),
    Index(None, "published_at"),
    Index(None, "collected_at"),
    Index(None, "cluster_id"),
)

NEWS_STOCK = Table(
    "news_stock",
    METADATA,
    Column("news_id", ForeignKey("news.id"), primary_key=True),
    ticker(primary_key=True),
    real("relevance"),
    Index(None, "ticker"),
    **CLUSTERED,
)

IMPORT_RUN = Table(
    "import_run",
    METADATA,
    row_id(),
    text("file", nullable=False),
    small_text("sha256", 64, nullable=False),
    small_text("dataset", 40, nullable=False),
    money("rows_read", nullable=False),
    money("inserted", nullable=False),
    money("updated", nullable=False),
    money("unchanged", nullable=False),
    money("rejected", nullable=False),
    json_text("issues", nullable=False),
    instant("started_at", nullable=False),
    instant("finished_at", nullable=False),
    Index(None, "sha256"),
)

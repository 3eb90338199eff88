"""Market data: master, prices, flows, indices, news and the change counters."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "data_change",
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("dataset", sa.String(length=30), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("ticker_count", sa.Integer(), nullable=False),
        sa.Column("tickers", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("version", "n", name=op.f("pk_data_change")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "data_version",
        sa.Column("scope", sa.String(length=20), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("database_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_data_version")),
    )
    op.create_table(
        "import_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("dataset", sa.String(length=40), nullable=False),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("inserted", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("unchanged", sa.BigInteger(), nullable=False),
        sa.Column("rejected", sa.BigInteger(), nullable=False),
        sa.Column("issues", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_run")),
    )
    op.create_index(op.f("ix_import_run_sha256"), "import_run", ["sha256"], unique=False)
    op.create_table(
        "source",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("name", name=op.f("uq_source_name")),
    )
    op.create_table(
        "stock_name_history",
        sa.Column("ticker", sa.String(length=12), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("ticker", "from_day", name=op.f("pk_stock_name_history")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "adjusted_price",
        sa.Column("ticker", sa.String(length=12), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("open", sa.Float(precision=53), nullable=True),
        sa.Column("high", sa.Float(precision=53), nullable=True),
        sa.Column("low", sa.Float(precision=53), nullable=True),
        sa.Column("close", sa.Float(precision=53), nullable=True),
        sa.Column("volume", sa.Float(precision=53), nullable=True),
        sa.Column("factor_on", sa.Date(), nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_adjusted_price_source_id_source")),
        sa.PrimaryKeyConstraint("ticker", "date", name=op.f("pk_adjusted_price")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "calendar_day",
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_calendar_day_source_id_source")),
        sa.PrimaryKeyConstraint("date", name=op.f("pk_calendar_day")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "corporate_action",
        sa.Column("ticker", sa.String(length=12), nullable=False),
        sa.Column("ex_day", sa.Date(), nullable=False),
        sa.Column("price_factor", sa.Float(precision=53), nullable=False),
        sa.Column("confidence", sa.String(length=20), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("price_factor > 0", name=op.f("ck_corporate_action_factor")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_corporate_action_source_id_source")),
        sa.PrimaryKeyConstraint("ticker", "ex_day", name=op.f("pk_corporate_action")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "daily_price",
        sa.Column("ticker", sa.String(length=12), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("open", sa.BigInteger(), nullable=True),
        sa.Column("high", sa.BigInteger(), nullable=True),
        sa.Column("low", sa.BigInteger(), nullable=True),
        sa.Column("close", sa.BigInteger(), nullable=True),
        sa.Column("volume", sa.BigInteger(), nullable=True),
        sa.Column("trading_value", sa.BigInteger(), nullable=True),
        sa.Column("prev_diff", sa.BigInteger(), nullable=True),
        sa.Column("base_price", sa.BigInteger(), nullable=True),
        sa.Column("adj_factor", sa.Float(precision=53), nullable=True),
        sa.Column("venue", sa.String(length=8), nullable=False),
        sa.Column("valid", sa.Boolean(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("open >= 0 AND high >= 0 AND low >= 0 AND close >= 0", name=op.f("ck_daily_price_price")),
        sa.CheckConstraint("volume >= 0 AND trading_value >= 0", name=op.f("ck_daily_price_volume")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_daily_price_source_id_source")),
        sa.PrimaryKeyConstraint("ticker", "date", name=op.f("pk_daily_price")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_daily_price_date"), "daily_price", ["date"], unique=False)
    op.create_table(
        "designation",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ticker", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("to_day", sa.Date(), nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('ADMIN','CAUTION_ISSUE','WARNING','DANGER','OVERHEAT','HALT','CLEANUP','CAUTION','REMARK')",
            name=op.f("ck_designation_kind"),
        ),
        sa.CheckConstraint("to_day IS NULL OR to_day >= from_day", name=op.f("ck_designation_interval")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_designation_source_id_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_designation")),
        sa.UniqueConstraint("ticker", "kind", "from_day", name=op.f("uq_designation_ticker_kind_from_day")),
    )
    op.create_index(op.f("ix_designation_kind_from_day_to_day"), "designation", ["kind", "from_day", "to_day"], unique=False)
    op.create_table(
        "flow",
        sa.Column("ticker", sa.String(length=12), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("investor", sa.String(length=20), nullable=False),
        sa.Column("net_shares", sa.BigInteger(), nullable=True),
        sa.Column("net_value", sa.BigInteger(), nullable=True),
        sa.Column("estimated", sa.Boolean(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("available_at", sa.BigInteger(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_flow_source_id_source")),
        sa.PrimaryKeyConstraint("ticker", "date", "investor", name=op.f("pk_flow")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_flow_date_investor"), "flow", ["date", "investor"], unique=False)
    op.create_table(
        "fx_rate",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("open", sa.Float(precision=53), nullable=True),
        sa.Column("high", sa.Float(precision=53), nullable=True),
        sa.Column("low", sa.Float(precision=53), nullable=True),
        sa.Column("close", sa.Float(precision=53), nullable=True),
        sa.Column("volume", sa.Float(precision=53), nullable=True),
        sa.Column("trading_value", sa.Float(precision=53), nullable=True),
        sa.Column("change_pct", sa.Float(precision=53), nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_fx_rate_source_id_source")),
        sa.PrimaryKeyConstraint("code", "date", name=op.f("pk_fx_rate")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "index_price",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("open", sa.Float(precision=53), nullable=True),
        sa.Column("high", sa.Float(precision=53), nullable=True),
        sa.Column("low", sa.Float(precision=53), nullable=True),
        sa.Column("close", sa.Float(precision=53), nullable=True),
        sa.Column("volume", sa.Float(precision=53), nullable=True),
        sa.Column("trading_value", sa.Float(precision=53), nullable=True),
        sa.Column("change_pct", sa.Float(precision=53), nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_index_price_source_id_source")),
        sa.PrimaryKeyConstraint("code", "date", name=op.f("pk_index_price")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "market_flow",
        sa.Column("market", sa.String(length=12), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("investor", sa.String(length=40), nullable=False),
        sa.Column("net_value", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_market_flow_source_id_source")),
        sa.PrimaryKeyConstraint("market", "date", "investor", name=op.f("pk_market_flow")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "market_flow_minute",
        sa.Column("market", sa.String(length=12), nullable=False),
        sa.Column("ts", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("investor", sa.String(length=40), nullable=False),
        sa.Column("net_value", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_market_flow_minute_source_id_source")),
        sa.PrimaryKeyConstraint("market", "ts", "investor", name=op.f("pk_market_flow_minute")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "minute_price",
        sa.Column("ticker", sa.String(length=12), nullable=False),
        sa.Column("ts", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("open", sa.BigInteger(), nullable=True),
        sa.Column("high", sa.BigInteger(), nullable=True),
        sa.Column("low", sa.BigInteger(), nullable=True),
        sa.Column("close", sa.BigInteger(), nullable=True),
        sa.Column("volume", sa.BigInteger(), nullable=True),
        sa.Column("trading_value", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_minute_price_source_id_source")),
        sa.PrimaryKeyConstraint("ticker", "ts", name=op.f("pk_minute_price")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "news",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("canonical_url", sa.String(length=2000), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("norm_title", sa.Text(), nullable=False),
        sa.Column("press", sa.String(length=120), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.Column("collected_at", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("cluster_id", sa.BigInteger(), nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_news_source_id_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_news")),
        sa.UniqueConstraint("canonical_url", name=op.f("uq_news_canonical_url")),
    )
    op.create_index(op.f("ix_news_cluster_id"), "news", ["cluster_id"], unique=False)
    op.create_index(op.f("ix_news_published_at"), "news", ["published_at"], unique=False)
    op.create_table(
        "price_revision",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ticker", sa.String(length=12), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("old_values", sa.JSON(), nullable=False),
        sa.Column("new_values", sa.JSON(), nullable=False),
        sa.Column("old_source_id", sa.Integer(), nullable=False),
        sa.Column("new_source_id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["new_source_id"], ["source.id"], name=op.f("fk_price_revision_new_source_id_source")),
        sa.ForeignKeyConstraint(["old_source_id"], ["source.id"], name=op.f("fk_price_revision_old_source_id_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_revision")),
    )
    op.create_index(op.f("ix_price_revision_ticker_date"), "price_revision", ["ticker", "date"], unique=False)
    op.create_table(
        "stock",
        sa.Column("ticker", sa.String(length=12), nullable=False),
        sa.Column("isin", sa.String(length=12), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=True),
        sa.Column("market", sa.SmallInteger(), nullable=False),
        sa.Column("type", sa.SmallInteger(), nullable=False),
        sa.Column("sector", sa.String(length=120), nullable=True),
        sa.Column("listed_on", sa.Date(), nullable=True),
        sa.Column("delisted_on", sa.Date(), nullable=True),
        sa.Column("delisting_inferred", sa.Boolean(), nullable=False),
        sa.Column("shares_out", sa.BigInteger(), nullable=True),
        sa.Column("par_krw", sa.BigInteger(), nullable=True),
        sa.Column("master_on", sa.Date(), nullable=True),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("market BETWEEN 0 AND 3", name=op.f("ck_stock_market")),
        sa.CheckConstraint("type BETWEEN 0 AND 10", name=op.f("ck_stock_type")),
        sa.ForeignKeyConstraint(["source_id"], ["source.id"], name=op.f("fk_stock_source_id_source")),
        sa.PrimaryKeyConstraint("ticker", name=op.f("pk_stock")),
        sa.UniqueConstraint("isin", name=op.f("uq_stock_isin")),
    )
    op.create_index(op.f("ix_stock_market_type"), "stock", ["market", "type"], unique=False)
    op.create_index(op.f("ix_stock_name"), "stock", ["name"], unique=False)
    op.create_index(op.f("ix_stock_sector"), "stock", ["sector"], unique=False)
    op.create_table(
        "news_stock",
        sa.Column("news_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticker", sa.String(length=12), nullable=False),
        sa.Column("relevance", sa.Float(precision=53), nullable=True),
        sa.ForeignKeyConstraint(["news_id"], ["news.id"], name=op.f("fk_news_stock_news_id_news")),
        sa.PrimaryKeyConstraint("news_id", "ticker", name=op.f("pk_news_stock")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_news_stock_ticker"), "news_stock", ["ticker"], unique=False)
    versions = sa.table("data_version", sa.column("scope"), sa.column("version"), sa.column("database_id"))
    identity = uuid.uuid4().hex
    for scope in ("panel", "market"):
        op.execute(versions.insert().values(scope=scope, version=0, database_id=identity))

"""What strategies keep: notices, the paper journal, tried rule sets, when news were collected, how a signal's life ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables and add the columns."""
    op.add_column("scan_run", sa.Column("found", sa.JSON(), nullable=True))
    op.add_column("signal", sa.Column("placed_phase", sa.String(length=12), nullable=True))
    op.add_column("signal", sa.Column("close_reason", sa.String(length=40), nullable=True))
    op.add_column("signal", sa.Column("ended_at", sa.BigInteger(), nullable=True))
    op.execute("UPDATE signal SET placed_phase = phase WHERE phase IN ('WATCH', 'PENDING')")
    op.create_index(op.f("ix_news_collected_at"), "news", ["collected_at"], unique=False)
    with op.batch_alter_table("backtest_trade") as table:
        table.add_column(sa.Column("details", sa.JSON(), nullable=True))
        table.alter_column("entry_time", existing_type=sa.BigInteger(), nullable=True)
        table.alter_column("entry_price", existing_type=sa.BigInteger(), nullable=True)
    op.create_table(
        "journal_entry",
        sa.Column("signal_id", _ROW_ID, autoincrement=False, nullable=False),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("phase_before", sa.String(length=12), nullable=True),
        sa.Column("entry_time", sa.BigInteger(), nullable=True),
        sa.Column("entry_price", sa.BigInteger(), nullable=True),
        sa.Column("qty", sa.BigInteger(), nullable=True),
        sa.Column("exit_time", sa.BigInteger(), nullable=True),
        sa.Column("exit_price", sa.BigInteger(), nullable=True),
        sa.Column("exit_reason", sa.String(length=40), nullable=True),
        sa.Column("gross_pct", sa.Float(precision=53), nullable=True),
        sa.Column("net_pct", sa.Float(precision=53), nullable=True),
        sa.Column("holding_bars", sa.Integer(), nullable=True),
        sa.Column("tax_rate", sa.Float(precision=53), nullable=True),
        sa.Column("cost_model", sa.String(length=40), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(entry_time IS NULL) = (entry_price IS NULL)", name=op.f("ck_journal_entry_entry")),
        sa.CheckConstraint("(exit_time IS NULL) = (exit_price IS NULL)", name=op.f("ck_journal_entry_exit")),
        sa.ForeignKeyConstraint(["signal_id"], ["signal.id"], name=op.f("fk_journal_entry_signal_id_signal")),
        sa.PrimaryKeyConstraint("signal_id", name=op.f("pk_journal_entry")),
    )
    op.create_table(
        "news_collection",
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("hour", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "hour", name=op.f("pk_news_collection")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_news_collection_first_at"), "news_collection", ["first_at"], unique=False)
    op.create_table(
        "notice",
        sa.Column("id", _ROW_ID, autoincrement=True, nullable=False),
        sa.Column("dedup", sa.String(length=200), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("strategy", sa.String(length=40), nullable=False),
        sa.Column("ticker", sa.String(length=12), nullable=False),
        sa.Column("text_key", sa.String(length=120), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("opened", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("dedup", name=op.f("uq_notice_dedup")),
    )
    op.create_index(op.f("ix_notice_at"), "notice", ["at"], unique=False)
    op.create_table(
        "tried_ruleset",
        sa.Column("strategy", sa.String(length=40), nullable=False),
        sa.Column("ruleset", sa.String(length=40), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("strategy", "ruleset", name=op.f("pk_tried_ruleset")),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO data_version (scope, version, database_id) "
        "SELECT 'news', 0, database_id FROM data_version WHERE scope = 'panel'"
    )

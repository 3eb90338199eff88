"""The assistant: sessions under random identifiers with a summary, answers with what they were made from; alerts of the user.

The chat tables made by 0002 were never written by any version of the program; they are made anew.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.drop_table("chat_message")
    op.drop_index(op.f("ix_chat_session_last_activity"), table_name="chat_session")
    op.drop_table("chat_session")
    op.create_table(
        "chat_session",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("summary_until", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_activity", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_session")),
    )
    op.create_index(op.f("ix_chat_session_last_activity"), "chat_session", ["last_activity"], unique=False)
    op.create_table(
        "chat_message",
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("context", sa.JSON(), nullable=True),
        sa.Column("context_hash", sa.String(length=64), nullable=True),
        sa.Column("grounded", sa.Boolean(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("role IN ('user','assistant','system')", name=op.f("ck_chat_message_role")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["chat_session.id"], name=op.f("fk_chat_message_session_id_chat_session"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", "n", name=op.f("pk_chat_message")),
    )
    op.create_table(
        "price_alert",
        sa.Column("id", _ROW_ID, autoincrement=True, nullable=False),
        sa.Column("ticker", sa.String(length=12), nullable=False),
        sa.Column("quantity", sa.String(length=20), nullable=False),
        sa.Column("op", sa.String(length=4), nullable=False),
        sa.Column("value", sa.Float(precision=53), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("fired_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("op IN ('>=','<=')", name=op.f("ck_price_alert_op")),
        sa.CheckConstraint("quantity IN ('price','change_pct','volume','score')", name=op.f("ck_price_alert_quantity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_alert")),
    )
    op.create_index(op.f("ix_price_alert_active"), "price_alert", ["active"], unique=False)

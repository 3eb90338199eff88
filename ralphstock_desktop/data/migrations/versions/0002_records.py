"""Records: scans, signals, trades, analyses, backtests, chat, settings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "ai_analysis",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("ticker", sa.String(length=12), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("model", sa.String(length=80), nullable=False),
        sa.Column("prompt_version", sa.String(length=40), nullable=False),
        sa.Column("sentiment", sa.String(length=12), nullable=True),
        sa.Column("score", sa.Float(precision=53), nullable=True),
        sa.Column("confidence", sa.Float(precision=53), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("keywords", sa.JSON(), nullable=True),
        sa.Column("recommendation", sa.String(length=40), nullable=True),
        sa.Column("news_ids", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_analysis")),
        sa.UniqueConstraint(
            "ticker", "date", "model", "prompt_version", name=op.f("uq_ai_analysis_ticker_date_model_prompt_version")
        ),
    )
    op.create_index(op.f("ix_ai_analysis_ticker_date"), "ai_analysis", ["ticker", "date"], unique=False)
    op.create_table(
        "backtest_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("config_name", sa.String(length=120), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("ruleset", sa.String(length=40), nullable=False),
        sa.Column("data_cutoff", sa.BigInteger(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=True),
        sa.Column("total_trades", sa.Integer(), nullable=False),
        sa.Column("winning", sa.Integer(), nullable=False),
        sa.Column("losing", sa.Integer(), nullable=False),
        sa.Column("win_rate", sa.Float(precision=53), nullable=True),
        sa.Column("total_return_pct", sa.Float(precision=53), nullable=True),
        sa.Column("max_drawdown_pct", sa.Float(precision=53), nullable=True),
        sa.Column("sharpe", sa.Float(precision=53), nullable=True),
        sa.Column("profit_factor", sa.Float(precision=53), nullable=True),
        sa.Column("equity", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backtest_run")),
    )
    op.create_index(op.f("ix_backtest_run_config_name_created_at"), "backtest_run", ["config_name", "created_at"], unique=False)
    op.create_table(
        "chat_session",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_activity", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_session")),
    )
    op.create_index(op.f("ix_chat_session_last_activity"), "chat_session", ["last_activity"], unique=False)
    op.create_table(
        "job",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('IDLE','RUNNING','DONE','FAILED')", name=op.f("ck_job_state")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_job")),
    )
    op.create_table(
        "market_status",
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("ruleset", sa.String(length=40), nullable=False),
        sa.Column("score", sa.Float(precision=53), nullable=True),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("coverage", sa.Float(precision=53), nullable=False),
        sa.Column("components", sa.JSON(), nullable=False),
        sa.Column("kospi", sa.Float(precision=53), nullable=True),
        sa.Column("kosdaq", sa.Float(precision=53), nullable=True),
        sa.Column("usd_krw", sa.Float(precision=53), nullable=True),
        sa.Column("sectors", sa.JSON(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("status IN ('GREEN','YELLOW','RED','UNKNOWN')", name=op.f("ck_market_status_status")),
        sa.PrimaryKeyConstraint("date", "ruleset", name=op.f("pk_market_status")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "news_score",
        sa.Column("ticker", sa.String(length=12), nullable=False),
        sa.Column("as_of_date", sa.Date(), nullable=False),
        sa.Column("ruleset", sa.String(length=40), nullable=False),
        sa.Column("rule_points", sa.Float(precision=53), nullable=True),
        sa.Column("llm_points", sa.Float(precision=53), nullable=True),
        sa.Column("final", sa.Float(precision=53), nullable=True),
        sa.Column("net", sa.Float(precision=53), nullable=True),
        sa.Column("veto", sa.Boolean(), nullable=False),
        sa.Column("clusters", sa.JSON(), nullable=False),
        sa.Column("model", sa.String(length=80), nullable=True),
        sa.Column("prompt_version", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("ticker", "as_of_date", "ruleset", name=op.f("pk_news_score")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "rs_rank",
        sa.Column("ticker", sa.String(length=12), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("ruleset", sa.String(length=40), nullable=False),
        sa.Column("raw", sa.Float(precision=53), nullable=True),
        sa.Column("rs", sa.Integer(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.CheckConstraint("rs BETWEEN 1 AND 99", name=op.f("ck_rs_rank_rs")),
        sa.PrimaryKeyConstraint("ticker", "date", "ruleset", name=op.f("pk_rs_rank")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_rs_rank_date_rs"), "rs_rank", ["date", "rs"], unique=False)
    op.create_table(
        "scan_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("strategy", sa.String(length=40), nullable=False),
        sa.Column("mode", sa.String(length=40), nullable=False),
        sa.Column("signal_date", sa.Date(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("ruleset", sa.String(length=40), nullable=False),
        sa.Column("code_version", sa.String(length=40), nullable=False),
        sa.Column("universe_n", sa.Integer(), nullable=False),
        sa.Column("scored_n", sa.Integer(), nullable=False),
        sa.Column("missing_n", sa.Integer(), nullable=False),
        sa.Column("error_n", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.CheckConstraint("state IN ('COMPLETE','PARTIAL','FAILED')", name=op.f("ck_scan_run_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan_run")),
    )
    op.create_index(
        "ix_scan_run_strategy_signal_date_started", "scan_run", ["strategy", "signal_date", "started_at"], unique=False
    )
    op.create_table(
        "sector_return",
        sa.Column("sector", sa.String(length=120), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("r1", sa.Float(precision=53), nullable=True),
        sa.Column("r5", sa.Float(precision=53), nullable=True),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("sector", "date", name=op.f("pk_sector_return")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_sector_return_date"), "sector_return", ["date"], unique=False)
    op.create_table(
        "setting",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_setting")),
    )
    op.create_table(
        "watchlist",
        sa.Column("list_name", sa.String(length=80), nullable=False),
        sa.Column("ticker", sa.String(length=12), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("list_name", "ticker", name=op.f("pk_watchlist")),
    )
    op.create_table(
        "backtest_trade",
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ticker", sa.String(length=12), nullable=False),
        sa.Column("entry_time", sa.BigInteger(), nullable=False),
        sa.Column("entry_price", sa.BigInteger(), nullable=False),
        sa.Column("qty", sa.BigInteger(), nullable=True),
        sa.Column("exit_time", sa.BigInteger(), nullable=True),
        sa.Column("exit_price", sa.BigInteger(), nullable=True),
        sa.Column("exit_reason", sa.String(length=40), nullable=True),
        sa.Column("gross_pct", sa.Float(precision=53), nullable=True),
        sa.Column("net_pct", sa.Float(precision=53), nullable=True),
        sa.Column("holding_bars", sa.Integer(), nullable=True),
        sa.Column("tax_rate", sa.Float(precision=53), nullable=True),
        sa.Column("cost_model", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["backtest_run.id"], name=op.f("fk_backtest_trade_run_id_backtest_run")),
        sa.PrimaryKeyConstraint("run_id", "n", name=op.f("pk_backtest_trade")),
    )
    op.create_table(
        "chat_message",
        sa.Column("session_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("context", sa.JSON(), nullable=True),
        sa.Column("grounded", sa.Boolean(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("role IN ('user','assistant','system')", name=op.f("ck_chat_message_role")),
        sa.ForeignKeyConstraint(["session_id"], ["chat_session.id"], name=op.f("fk_chat_message_session_id_chat_session")),
        sa.PrimaryKeyConstraint("session_id", "n", name=op.f("pk_chat_message")),
    )
    op.create_table(
        "signal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("strategy", sa.String(length=40), nullable=False),
        sa.Column("ticker", sa.String(length=12), nullable=False),
        sa.Column("signal_date", sa.Date(), nullable=False),
        sa.Column("ruleset", sa.String(length=40), nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("phase", sa.String(length=12), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("grade", sa.String(length=2), nullable=True),
        sa.Column("score", sa.Float(precision=53), nullable=True),
        sa.Column("score_pct", sa.Float(precision=53), nullable=True),
        sa.Column("coverage", sa.Float(precision=53), nullable=True),
        sa.Column("flags", sa.JSON(), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=True),
        sa.Column("vcp_score", sa.Float(precision=53), nullable=True),
        sa.Column("smartmoney_score", sa.Float(precision=53), nullable=True),
        sa.Column("total_score", sa.Float(precision=53), nullable=True),
        sa.Column("contraction_ratio", sa.Float(precision=53), nullable=True),
        sa.Column("t_count", sa.Integer(), nullable=True),
        sa.Column("depths", sa.JSON(), nullable=True),
        sa.Column("base_start", sa.Date(), nullable=True),
        sa.Column("base_len", sa.Integer(), nullable=True),
        sa.Column("pivot", sa.Float(precision=53), nullable=True),
        sa.Column("dist_pct", sa.Float(precision=53), nullable=True),
        sa.Column("last_low", sa.Float(precision=53), nullable=True),
        sa.Column("vol_ratio", sa.Float(precision=53), nullable=True),
        sa.Column("dry_ratio", sa.Float(precision=53), nullable=True),
        sa.Column("rs", sa.Integer(), nullable=True),
        sa.Column("points", sa.JSON(), nullable=True),
        sa.Column("news_score", sa.Float(precision=53), nullable=True),
        sa.Column("volume_score", sa.Float(precision=53), nullable=True),
        sa.Column("chart_score", sa.Float(precision=53), nullable=True),
        sa.Column("candle_score", sa.Float(precision=53), nullable=True),
        sa.Column("period_score", sa.Float(precision=53), nullable=True),
        sa.Column("supply_score", sa.Float(precision=53), nullable=True),
        sa.Column("volume_spike_points", sa.Float(precision=53), nullable=True),
        sa.Column("momentum_points", sa.Float(precision=53), nullable=True),
        sa.Column("box_points", sa.Float(precision=53), nullable=True),
        sa.Column("ma5_points", sa.Float(precision=53), nullable=True),
        sa.Column("institution_points", sa.Float(precision=53), nullable=True),
        sa.Column("oversold_points", sa.Float(precision=53), nullable=True),
        sa.Column("sector_points", sa.Float(precision=53), nullable=True),
        sa.Column("current_price", sa.BigInteger(), nullable=True),
        sa.Column("entry", sa.BigInteger(), nullable=True),
        sa.Column("stop", sa.BigInteger(), nullable=True),
        sa.Column("target", sa.BigInteger(), nullable=True),
        sa.Column("qty", sa.BigInteger(), nullable=True),
        sa.Column("foreign_net_5d_shares", sa.BigInteger(), nullable=True),
        sa.Column("foreign_net_5d_krw", sa.BigInteger(), nullable=True),
        sa.Column("inst_net_5d_shares", sa.BigInteger(), nullable=True),
        sa.Column("inst_net_5d_krw", sa.BigInteger(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=True),
        sa.Column("superseded_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(status = 'CLOSED') = (phase = 'DONE')", name=op.f("ck_signal_life")),
        sa.CheckConstraint("grade IS NULL OR grade IN ('S','A','B','C')", name=op.f("ck_signal_grade")),
        sa.CheckConstraint("phase IN ('WATCH','PENDING','ACTIVE','DONE')", name=op.f("ck_signal_phase")),
        sa.CheckConstraint("status IN ('OPEN','CLOSED')", name=op.f("ck_signal_status")),
        sa.CheckConstraint("coverage IS NULL OR (coverage >= 0 AND coverage <= 100)", name=op.f("ck_signal_coverage")),
        sa.ForeignKeyConstraint(["run_id"], ["scan_run.id"], name=op.f("fk_signal_run_id_scan_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signal")),
        sa.UniqueConstraint(
            "strategy", "ticker", "signal_date", "ruleset", name=op.f("uq_signal_strategy_ticker_signal_date_ruleset")
        ),
    )
    op.create_index(op.f("ix_signal_signal_date"), "signal", ["signal_date"], unique=False)
    op.create_index(op.f("ix_signal_status_strategy_score"), "signal", ["status", "strategy", "score"], unique=False)
    op.create_index(op.f("ix_signal_ticker_signal_date"), "signal", ["ticker", "signal_date"], unique=False)
    op.create_table(
        "signal_revision",
        sa.Column("signal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rev", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["scan_run.id"], name=op.f("fk_signal_revision_run_id_scan_run")),
        sa.ForeignKeyConstraint(["signal_id"], ["signal.id"], name=op.f("fk_signal_revision_signal_id_signal")),
        sa.PrimaryKeyConstraint("signal_id", "rev", name=op.f("pk_signal_revision")),
    )
    op.create_table(
        "trade",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("signal_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry_time", sa.BigInteger(), nullable=False),
        sa.Column("entry_price", sa.BigInteger(), nullable=False),
        sa.Column("qty", sa.BigInteger(), nullable=True),
        sa.Column("exit_time", sa.BigInteger(), nullable=True),
        sa.Column("exit_price", sa.BigInteger(), nullable=True),
        sa.Column("exit_reason", sa.String(length=40), nullable=True),
        sa.Column("gross_pct", sa.Float(precision=53), nullable=True),
        sa.Column("net_pct", sa.Float(precision=53), nullable=True),
        sa.Column("holding_bars", sa.Integer(), nullable=True),
        sa.Column("tax_rate", sa.Float(precision=53), nullable=True),
        sa.Column("cost_model", sa.String(length=40), nullable=True),
        sa.CheckConstraint("(exit_time IS NULL) = (exit_price IS NULL)", name=op.f("ck_trade_exit")),
        sa.CheckConstraint("entry_price > 0", name=op.f("ck_trade_entry_price")),
        sa.ForeignKeyConstraint(["signal_id"], ["signal.id"], name=op.f("fk_trade_signal_id_signal")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trade")),
        sa.UniqueConstraint("signal_id", name=op.f("uq_trade_signal_id")),
    )
    op.create_index(op.f("ix_trade_exit_time"), "trade", ["exit_time"], unique=False)

"""What the program computed and what the user did: scans, signals, trades, analyses, backtests, chat, settings."""

from __future__ import annotations

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

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
    "AI_ANALYSIS",
    "BACKTEST_RUN",
    "BACKTEST_TRADE",
    "CHAT_MESSAGE",
    "CHAT_SESSION",
    "EXECUTION_COLUMNS",
    "JOB",
    "JOURNAL_ENTRY",
    "MARKET_STATUS",
    "NEWS_COLLECTION",
    "NEWS_SCORE",
    "NOTICE",
    "PRICE_ALERT",
    "RS_RANK",
    "SCAN_RUN",
    "SECTOR_RETURN",
    "SETTING",
    "SIGNAL",
    "SIGNAL_REVISION",
    "TRADE",
    "TRIED_RULESET",
    "WATCHLIST",
]

EXECUTION_COLUMNS = frozenset({"status", "phase", "notes", "placed_phase", "close_reason", "ended_at"})
"""Columns of ``signal`` that belong to the user and the execution; a scan never touches them (domain.md §10.2-2)."""

SECTOR_RETURN = Table(
    "sector_return",
    METADATA,
    small_text("sector", 120, primary_key=True),
    trading_day("date", primary_key=True),
    real("r1"),
    real("r5"),
    Column("members", Integer, nullable=False),
    Index(None, "date"),
    **CLUSTERED,
)

RS_RANK = Table(
    "rs_rank",
    METADATA,
    ticker(primary_key=True),
    trading_day("date", primary_key=True),
    small_text("ruleset", 40, primary_key=True),
    real("raw"),
    Column("rs", Integer),
    Column("n", Integer, nullable=False),
    CheckConstraint("rs BETWEEN 1 AND 99", name="rs"),
    Index(None, "date", "rs"),
    **CLUSTERED,
)

MARKET_STATUS = Table(
    "market_status",
    METADATA,
    trading_day("date", primary_key=True),
    small_text("ruleset", 40, primary_key=True),
    real("score"),
    small_text("status", 12, nullable=False),
    real("coverage", nullable=False),
    json_text("components", nullable=False),
    real("kospi"),
    real("kosdaq"),
    real("usd_krw"),
    json_text("sectors", nullable=False),
    instant("as_of", nullable=False),
    CheckConstraint("status IN ('GREEN','YELLOW','RED','UNKNOWN')", name="status"),
    **CLUSTERED,
)

SCAN_RUN = Table(
    "scan_run",
    METADATA,
    row_id(),
    small_text("strategy", nullable=False),
    small_text("mode", nullable=False),
    trading_day("signal_date"),
    instant("as_of", nullable=False),
    small_text("ruleset", nullable=False),
    small_text("code_version", nullable=False),
    Column("universe_n", Integer, nullable=False),
    Column("scored_n", Integer, nullable=False),
    Column("missing_n", Integer, nullable=False),
    Column("error_n", Integer, nullable=False),
    instant("started_at", nullable=False),
    instant("finished_at", nullable=False),
    small_text("state", 12, nullable=False),
    json_text("found"),
    CheckConstraint("state IN ('COMPLETE','PARTIAL','FAILED')", name="state"),
)
"""``found``: [ticker, grade, score] of every signal of the run, so that two runs of a day can be compared later."""
Index("ix_scan_run_strategy_signal_date_started", SCAN_RUN.c.strategy, SCAN_RUN.c.signal_date, SCAN_RUN.c.started_at)

SIGNAL = Table(
    "signal",
    METADATA,
    row_id(),
    small_text("strategy", nullable=False),
    ticker(),
    trading_day("signal_date"),
    small_text("ruleset", nullable=False),
    Column("run_id", ForeignKey("scan_run.id"), nullable=False),
    small_text("status", 12, nullable=False),
    small_text("phase", 12, nullable=False),
    text("notes"),
    small_text("grade", 2),
    real("score"),
    real("score_pct"),
    real("coverage"),
    json_text("flags"),
    small_text("state", 24),
    # VCP
    real("vcp_score"),
    real("smartmoney_score"),
    real("total_score"),
    real("contraction_ratio"),
    Column("t_count", Integer),
    json_text("depths"),
    trading_day("base_start", nullable=True),
    Column("base_len", Integer),
    real("pivot"),
    real("dist_pct"),
    real("last_low"),
    real("vol_ratio"),
    real("dry_ratio"),
    Column("rs", Integer),
    json_text("points"),
    # closing bet and day-trading
    real("news_score"),
    real("volume_score"),
    real("chart_score"),
    real("candle_score"),
    real("period_score"),
    real("supply_score"),
    real("volume_spike_points"),
    real("momentum_points"),
    real("box_points"),
    real("ma5_points"),
    real("institution_points"),
    real("oversold_points"),
    real("sector_points"),
    # plan and flows
    money("current_price"),
    money("entry"),
    money("stop"),
    money("target"),
    money("qty"),
    money("foreign_net_5d_shares"),
    money("foreign_net_5d_krw"),
    money("inst_net_5d_shares"),
    money("inst_net_5d_krw"),
    json_text("details"),
    instant("superseded_at"),
    instant("created_at", nullable=False),
    instant("updated_at", nullable=False),
    # execution: the phase it was first stored with; why and as of when its life ended, for EXPIRED has no trade to say it
    small_text("placed_phase", 12),
    small_text("close_reason"),
    instant("ended_at"),
    UniqueConstraint("strategy", "ticker", "signal_date", "ruleset"),
    CheckConstraint("status IN ('OPEN','CLOSED')", name="status"),
    CheckConstraint("phase IN ('WATCH','PENDING','ACTIVE','DONE')", name="phase"),
    CheckConstraint("(status = 'CLOSED') = (phase = 'DONE')", name="life"),
    CheckConstraint("grade IS NULL OR grade IN ('S','A','B','C')", name="grade"),
    CheckConstraint("coverage IS NULL OR (coverage >= 0 AND coverage <= 100)", name="coverage"),
    Index(None, "status", "strategy", "score"),
    Index(None, "ticker", "signal_date"),
    Index(None, "signal_date"),
)

SIGNAL_REVISION = Table(
    "signal_revision",
    METADATA,
    Column("signal_id", ForeignKey("signal.id"), primary_key=True),
    Column("rev", Integer, primary_key=True, autoincrement=False),
    json_text("record", nullable=False),
    Column("run_id", ForeignKey("scan_run.id"), nullable=False),
    small_text("reason", nullable=False),
    instant("created_at", nullable=False),
)

TRADE = Table(
    "trade",
    METADATA,
    row_id(),
    Column("signal_id", ForeignKey("signal.id"), nullable=False),
    instant("entry_time", nullable=False),
    money("entry_price", nullable=False),
    money("qty"),
    instant("exit_time"),
    money("exit_price"),
    small_text("exit_reason"),
    real("gross_pct"),
    real("net_pct"),
    Column("holding_bars", Integer),
    real("tax_rate"),
    small_text("cost_model"),
    UniqueConstraint("signal_id"),
    CheckConstraint("entry_price > 0", name="entry_price"),
    CheckConstraint("(exit_time IS NULL) = (exit_price IS NULL)", name="exit"),
    Index(None, "exit_time"),
)

JOURNAL_ENTRY = Table(
    "journal_entry",
    METADATA,
    Column("signal_id", ForeignKey("signal.id"), primary_key=True, autoincrement=False),
    Column("taken", Boolean, nullable=False),
    text("note", nullable=False),
    small_text("phase_before", 12),
    instant("entry_time"),
    money("entry_price"),
    money("qty"),
    instant("exit_time"),
    money("exit_price"),
    small_text("exit_reason"),
    real("gross_pct"),
    real("net_pct"),
    Column("holding_bars", Integer),
    real("tax_rate"),
    small_text("cost_model"),
    instant("updated_at", nullable=False),
    CheckConstraint("(entry_time IS NULL) = (entry_price IS NULL)", name="entry"),
    CheckConstraint("(exit_time IS NULL) = (exit_price IS NULL)", name="exit"),
)
"""What the user did with a signal by his own word (paper journal); ``trade`` holds what the rules made of it."""

NEWS_SCORE = Table(
    "news_score",
    METADATA,
    ticker(primary_key=True),
    trading_day("as_of_date", primary_key=True),
    small_text("ruleset", primary_key=True),
    real("rule_points"),
    real("llm_points"),
    real("final"),
    real("net"),
    Column("veto", Boolean, nullable=False),
    json_text("clusters", nullable=False),
    small_text("model", 80),
    small_text("prompt_version"),
    **CLUSTERED,
)

AI_ANALYSIS = Table(
    "ai_analysis",
    METADATA,
    row_id(),
    ticker(),
    trading_day("date"),
    small_text("model", 80, nullable=False),
    small_text("prompt_version", nullable=False),
    small_text("sentiment", 12),
    real("score"),
    real("confidence"),
    text("summary"),
    json_text("keywords"),
    small_text("recommendation"),
    json_text("news_ids"),
    instant("created_at", nullable=False),
    UniqueConstraint("ticker", "date", "model", "prompt_version"),
    Index(None, "ticker", "date"),
)

BACKTEST_RUN = Table(
    "backtest_run",
    METADATA,
    row_id(),
    small_text("config_name", 120, nullable=False),
    json_text("config", nullable=False),
    small_text("ruleset", nullable=False),
    instant("data_cutoff", nullable=False),
    money("seed"),
    Column("total_trades", Integer, nullable=False),
    Column("winning", Integer, nullable=False),
    Column("losing", Integer, nullable=False),
    real("win_rate"),
    real("total_return_pct"),
    real("max_drawdown_pct"),
    real("sharpe"),
    real("profit_factor"),
    json_text("equity", nullable=False),
    instant("created_at", nullable=False),
    Index(None, "config_name", "created_at"),
)

BACKTEST_TRADE = Table(
    "backtest_trade",
    METADATA,
    Column("run_id", ForeignKey("backtest_run.id"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    ticker(),
    instant("entry_time"),
    money("entry_price"),
    money("qty"),
    instant("exit_time"),
    money("exit_price"),
    small_text("exit_reason"),
    real("gross_pct"),
    real("net_pct"),
    Column("holding_bars", Integer),
    real("tax_rate"),
    small_text("cost_model"),
    json_text("details"),
)
"""``details``: further columns of the test by name."""

CHAT_SESSION = Table(
    "chat_session",
    METADATA,
    small_text("id", 36, primary_key=True),
    text("title"),
    text("summary"),
    Column("summary_until", Integer),
    instant("created_at", nullable=False),
    instant("last_activity", nullable=False),
    Index(None, "last_activity"),
)
"""``id``: a random UUID. ``summary`` stands for the messages up to and with number ``summary_until`` where a model is asked."""

CHAT_MESSAGE = Table(
    "chat_message",
    METADATA,
    Column("session_id", String(36), ForeignKey("chat_session.id", ondelete="CASCADE"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    small_text("role", 12, nullable=False),
    text("content", nullable=False),
    json_text("context"),
    small_text("context_hash", 64),
    Column("grounded", Boolean),
    instant("created_at", nullable=False),
    CheckConstraint("role IN ('user','assistant','system')", name="role"),
)
"""``context``: the answer as it was shown (blocks, facts, links)."""

PRICE_ALERT = Table(
    "price_alert",
    METADATA,
    row_id(),
    ticker(),
    small_text("quantity", 20, nullable=False),
    small_text("op", 4, nullable=False),
    real("value", nullable=False),
    text("note"),
    Column("active", Boolean, nullable=False),
    instant("created_at", nullable=False),
    instant("fired_at"),
    CheckConstraint("op IN ('>=','<=')", name="op"),
    CheckConstraint("quantity IN ('price','change_pct','volume','score')", name="quantity"),
    Index(None, "active"),
)
"""What the user wants to be told once: a quantity of a symbol reaching a value."""

WATCHLIST = Table(
    "watchlist",
    METADATA,
    small_text("list_name", 80, primary_key=True),
    ticker(primary_key=True),
    Column("position", Integer, nullable=False),
    text("note"),
    instant("added_at", nullable=False),
)

SETTING = Table(
    "setting",
    METADATA,
    small_text("key", 120, primary_key=True),
    json_text("value", nullable=False),
    instant("updated_at", nullable=False),
)

JOB = Table(
    "job",
    METADATA,
    small_text("key", 120, primary_key=True),
    small_text("state", 12, nullable=False),
    json_text("detail"),
    instant("started_at"),
    instant("finished_at"),
    instant("next_at"),
    CheckConstraint("state IN ('IDLE','RUNNING','DONE','FAILED')", name="state"),
)

NOTICE = Table(
    "notice",
    METADATA,
    row_id(),
    small_text("dedup", 200, nullable=False),
    instant("at", nullable=False),
    instant("created_at", nullable=False),
    small_text("kind", 20, nullable=False),
    small_text("strategy", nullable=False),
    small_text("ticker", 12, nullable=False),
    small_text("text_key", 120, nullable=False),
    json_text("fields", nullable=False),
    Column("shown", Boolean, nullable=False),
    Column("opened", Boolean, nullable=False),
    UniqueConstraint("dedup"),
    Index(None, "at"),
)
"""What the user was told or must be told; ``opened``: he has read it. Strategy and ticker are empty for the market."""

TRIED_RULESET = Table(
    "tried_ruleset",
    METADATA,
    small_text("strategy", primary_key=True),
    small_text("ruleset", primary_key=True),
    instant("first_at", nullable=False),
    **CLUSTERED,
)
"""Rule sets tried on these data: a record shows how many, because trying until it fits proves nothing."""

NEWS_COLLECTION = Table(
    "news_collection",
    METADATA,
    small_text("source", 200, primary_key=True),
    money("hour", primary_key=True, autoincrement=False),
    instant("first_at", nullable=False),
    Index(None, "first_at"),
    **CLUSTERED,
)
"""Hours (since 1970) in which a collector worked, found or not: what tells "no news" from "nobody looked" at any instant."""

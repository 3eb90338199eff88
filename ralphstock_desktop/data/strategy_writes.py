"""What strategies write beside scans: the life of signals, the paper journal, gate, sectors, ranks, news scores, tries.

Every function works in the transaction of a durable unit of work (domain.md §10.2-8).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from engine.model.errors import DataUnavailable, ValidationFailed
from engine.model.gate import GateReading, SectorState
from engine.model.news import NewsCluster, StockNews
from ralphstock_desktop.data.schema.records import (
    JOURNAL_ENTRY,
    MARKET_STATUS,
    NEWS_COLLECTION,
    NEWS_SCORE,
    RS_RANK,
    SECTOR_RETURN,
    SETTING,
    SIGNAL,
    TRADE,
    TRIED_RULESET,
)
from ralphstock_desktop.data.signal_history import TRADE_COLUMNS, placed_phase, trade_values
from ralphstock_desktop.data.signal_writes import add_revision, plain
from ralphstock_desktop.data.table_upserts import insert_new, upsert_rows
from ralphstock_desktop.data.write_context import WriteContext
from ralphstock_desktop.strategy_ports import RuleProfile, TradeRecord

__all__ = [
    "PROFILE_KEY",
    "delete_profile",
    "mark_collected",
    "profile_of",
    "remember_tries",
    "save_profile",
    "set_life",
    "set_taken",
    "store_gate",
    "store_news_scores",
    "store_ranks",
    "store_sector_returns",
]

PROFILE_KEY = "rule_profile:"
_NS_PER_HOUR = 3_600_000_000_000
_MAX_PROFILE_NAME = 60


# -- life of a signal -------------------------------------------------------------------------------------------------------


def _signal_row(context: WriteContext, signal_id: int) -> dict[str, Any]:
    row = context.connection.execute(select(SIGNAL).where(SIGNAL.c.id == signal_id)).first()
    if row is None:
        raise DataUnavailable(f"There is no signal {signal_id}.", key="error.storage.no_signal", id=signal_id)
    return row._asdict()


def _move(context: WriteContext, before: dict[str, Any], reason: str, now_ns: int, **values: Any) -> None:
    """Change execution columns of a signal, with a revision of the row before; nothing where nothing changes."""
    if all(before[name] == value for name, value in values.items()):
        return
    add_revision(context, before["id"], plain(before), before["run_id"], reason)
    context.connection.execute(update(SIGNAL).where(SIGNAL.c.id == before["id"]).values(updated_at=now_ns, **values))


def set_life(
    context: WriteContext,
    now_ns: int,
    signal_id: int,
    status: str,
    phase: str,
    trade: TradeRecord | None,
    reason: str,
    ended_ns: int | None,
) -> None:
    """Move a signal on and write the trade the rules made of it. The same life written again changes nothing.

    A trade that is stored stays when ``trade`` is None: trades are never deleted (domain.md §10.2-4).

    Raises
    ------
    DataUnavailable
        If there is no such signal.
    """
    before = _signal_row(context, signal_id)
    closed = status == "CLOSED"
    ended = None
    if closed:
        ended = ended_ns if ended_ns is not None else trade.exit_ns if trade is not None else None
        ended = ended if ended is not None else before["ended_at"] if before["status"] == "CLOSED" else now_ns
    values = {"status": status, "phase": phase, "close_reason": (reason or None) if closed else None, "ended_at": ended}
    _move(context, before, reason or "LIFE", now_ns, **values)
    if trade is not None:
        _store_trade(context, signal_id, trade)


def _store_trade(context: WriteContext, signal_id: int, trade: TradeRecord) -> None:
    values = trade_values(trade)
    done = context.connection.execute(update(TRADE).where(TRADE.c.signal_id == signal_id).values(**values))
    if done.rowcount == 0:
        context.connection.execute(insert(TRADE).values(signal_id=signal_id, **values))


def set_taken(context: WriteContext, now_ns: int, signal_id: int, taken: bool, note: str, trade: TradeRecord | None) -> None:
    """Write the paper journal's entry of a signal.

    An open trade makes the signal ACTIVE, so that no later scan supersedes it; one that has ended closes the signal with the
    trade's reason. Taking it back restores what the rules made of it. The user's trade and the rules' trade are kept apart.

    Raises
    ------
    DataUnavailable
        If there is no such signal.
    """
    before = _signal_row(context, signal_id)
    connection, table = context.connection, JOURNAL_ENTRY
    entry = connection.execute(select(table).where(table.c.signal_id == signal_id)).first()
    was_taken = entry is not None and entry.taken
    phase_before = entry.phase_before if entry is not None and was_taken else before["phase"]
    own = trade_values(trade) if taken and trade is not None else dict.fromkeys(TRADE_COLUMNS.values())
    values = {"taken": taken, "note": note, "phase_before": phase_before if taken else None, "updated_at": now_ns, **own}
    upsert_rows(connection, table, [{"signal_id": signal_id, **values}])
    if taken and trade is not None:
        if trade.exit_ns is None:
            life: dict[str, Any] = {"status": "OPEN", "phase": "ACTIVE", "close_reason": None, "ended_at": None}
        else:
            reason = trade.exit_reason or "MANUAL"
            life = {"status": "CLOSED", "phase": "DONE", "close_reason": reason, "ended_at": trade.exit_ns}
        _move(context, before, "TAKEN" if trade.exit_ns is None else life["close_reason"], now_ns, **life)
    elif was_taken and not taken:
        _move(context, before, "TAKEN_BACK", now_ns, **_life_by_rules(context, before, phase_before))


def _life_by_rules(context: WriteContext, before: dict[str, Any], phase_before: str | None) -> dict[str, Any]:
    trade = context.connection.execute(select(TRADE).where(TRADE.c.signal_id == before["id"])).first()
    if trade is not None and trade.exit_time is not None:
        return {"status": "CLOSED", "phase": "DONE", "close_reason": trade.exit_reason, "ended_at": trade.exit_time}
    phase = "ACTIVE" if trade is not None else phase_before if phase_before in {"WATCH", "PENDING"} else placed_phase(before)
    return {"status": "OPEN", "phase": phase, "close_reason": None, "ended_at": None}


# -- what scans leave beside signals ----------------------------------------------------------------------------------------


def store_gate(context: WriteContext, reading: GateReading, sectors: Sequence[SectorState], day: date) -> None:
    """Keep the gate of a day; a reading of an earlier instant never replaces one of a later instant."""
    row = {
        "date": day,
        "ruleset": reading.ruleset,
        "score": plain(reading.score),
        "status": reading.status.name,
        "coverage": reading.coverage,
        "components": [
            {
                "name": item.name,
                "value": plain(item.value),
                "unit": item.unit,
                "points": plain(item.points),
                "max_points": item.max_points,
                "state": item.state.name,
                "tests": [[name, passed] for name, passed in item.tests],
            }
            for item in reading.components
        ],
        "kospi": plain(reading.kospi.close),
        "kosdaq": plain(reading.kosdaq.close),
        "usd_krw": plain(reading.usd_krw.close),
        "sectors": [
            {
                "name": sector.name,
                "members": sector.members,
                "change_pct": plain(sector.change_pct),
                "return_5d_pct": plain(sector.return_5d_pct),
                "signal": sector.signal,
                "score": plain(sector.score),
                "rank": sector.rank,
            }
            for sector in sectors
        ],
        "as_of": reading.as_of.instant_ns,
    }
    upsert_rows(context.connection, MARKET_STATUS, [row], not_before="as_of")


def store_sector_returns(context: WriteContext, rows: Sequence[tuple[str, date, float | None, float | None, int]]) -> None:
    """Keep sector returns by (sector, day)."""
    names = ("sector", "date", "r1", "r5", "members")
    upsert_rows(context.connection, SECTOR_RETURN, [_row(names, row) for row in rows])


def store_ranks(
    context: WriteContext, day: date, ruleset: str, rows: Sequence[tuple[str, float | None, int | None, int]]
) -> None:
    """Keep the RS ranks of a day."""
    names = ("ticker", "raw", "rs", "n")
    upsert_rows(context.connection, RS_RANK, [{**_row(names, row), "date": day, "ruleset": ruleset} for row in rows])


def _row(names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in zip(names, values, strict=True)}


def store_news_scores(context: WriteContext, day: date, ruleset: str, scores: Sequence[StockNews]) -> None:
    """Keep what the news of a day were worth, with the model's score beside the rule's where there was one."""
    rows = []
    for score in scores:
        verdict = score.verdict
        rows.append(
            {
                "ticker": score.ticker,
                "as_of_date": day,
                "ruleset": ruleset,
                "rule_points": plain(score.points),
                "llm_points": None if verdict is None else float(verdict.score),
                "final": plain(score.points if verdict is None else verdict.final),
                "net": plain(score.net),
                "veto": bool(score.veto),
                "clusters": [_cluster(cluster) for cluster in score.clusters],
                "model": None if verdict is None else verdict.model,
                "prompt_version": None if verdict is None else verdict.prompt_version,
            }
        )
    upsert_rows(context.connection, NEWS_SCORE, rows)


def _cluster(cluster: NewsCluster) -> dict[str, Any]:
    return {
        "id": cluster.representative.id,
        "members": [item.id for item in cluster.members],
        "points": plain(cluster.points),
        "weight": plain(cluster.weight),
        "effect": plain(cluster.effect),
        "veto": bool(cluster.is_veto),
    }


def mark_collected(context: WriteContext, source: str, at_ns: int) -> None:
    """Remember that a collector worked; once an hour is enough to tell that somebody looked."""
    row = {"source": source, "hour": at_ns // _NS_PER_HOUR, "first_at": at_ns}
    insert_new(context.connection, NEWS_COLLECTION, row, unique=("source", "hour"), give="hour")


def remember_tries(context: WriteContext, now_ns: int, strategy: str, rulesets: Sequence[str]) -> int:
    """Count rule sets tried for a strategy; return how many different ones there are."""
    table = TRIED_RULESET
    for ruleset in dict.fromkeys(rulesets):
        row = {"strategy": strategy, "ruleset": ruleset, "first_at": now_ns}
        insert_new(context.connection, table, row, unique=("strategy", "ruleset"), give="ruleset")
    query = select(func.count()).select_from(table).where(table.c.strategy == strategy)
    return int(context.connection.execute(query).scalar_one())


# -- rule profiles, kept as settings ----------------------------------------------------------------------------------------


def profile_of(value: dict[str, Any], name: str) -> RuleProfile:
    """Read a profile's setting."""
    return RuleProfile(name=name, changes=dict(value["changes"]), ruleset=value["ruleset"], saved_ns=value["saved_ns"])


def save_profile(context: WriteContext, now_ns: int, profile: RuleProfile) -> None:
    """Write a profile under its name.

    Raises
    ------
    ValidationFailed
        If the name is empty, too long or not printable.
    """
    name = profile.name
    if not name.strip() or name != name.strip() or len(name) > _MAX_PROFILE_NAME or not name.isprintable():
        raise ValidationFailed(
            f"A profile's name has 1 to {_MAX_PROFILE_NAME} characters; '{name}' does not fit.",
            key="error.storage.profile_name",
            value=name[:_MAX_PROFILE_NAME],
            most=_MAX_PROFILE_NAME,
        )
    value = {"changes": plain(profile.changes), "ruleset": profile.ruleset, "saved_ns": profile.saved_ns or now_ns}
    upsert_rows(context.connection, SETTING, [{"key": PROFILE_KEY + name, "value": value, "updated_at": now_ns}])


def delete_profile(context: WriteContext, name: str) -> None:
    """Remove a profile.

    Raises
    ------
    DataUnavailable
        If there is none of this name.
    """
    done = context.connection.execute(delete(SETTING).where(SETTING.c.key == PROFILE_KEY + name))
    if done.rowcount != 1:
        raise DataUnavailable(f"There is no profile '{name}'.", key="error.storage.no_profile", name=name)

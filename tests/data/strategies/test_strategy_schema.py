"""Upgrading a repository that holds signals and backtests from before strategies kept anything."""

from __future__ import annotations

from sqlalchemy import insert, select, text

from ralphstock_desktop.data.database import open_database
from ralphstock_desktop.data.engines import writer_engine
from ralphstock_desktop.data.location import DatabaseLocation
from ralphstock_desktop.data.migrate import upgrade
from ralphstock_desktop.data.schema.records import BACKTEST_RUN, BACKTEST_TRADE
from ralphstock_desktop.data.strategy_store import SqlStrategyStore

_RUN = (
    "INSERT INTO scan_run (id, strategy, mode, signal_date, as_of, ruleset, code_version, universe_n, scored_n, missing_n, "
    "error_n, started_at, finished_at, state) "
    "VALUES (1, 'VCP', 'MANUAL', '2026-03-02', 10, '2026.1', 't', 1, 1, 0, 0, 1, 2, 'COMPLETE')"
)
_SIGNAL = (
    "INSERT INTO signal (id, strategy, ticker, signal_date, ruleset, run_id, status, phase, qty, created_at, updated_at) "
    "VALUES ({id}, 'VCP', '00001{id}', '2026-03-02', '2026.1', 1, '{status}', '{phase}', {qty}, 1, 1)"
)


def test_stored_signals_and_backtests_stay(place: str) -> None:
    engine = writer_engine(DatabaseLocation.parse(place))
    with engine.begin() as connection:
        upgrade(connection, "test", lambda version: None, to="0002")
        connection.execute(text(_RUN))
        for values in ((1, "OPEN", "WATCH", 0), (2, "OPEN", "ACTIVE", 5)):
            connection.execute(text(_SIGNAL.format(**dict(zip(("id", "status", "phase", "qty"), values, strict=True)))))
        connection.execute(
            text(
                "INSERT INTO backtest_run (id, config_name, config, ruleset, data_cutoff, total_trades, winning, losing, equity, "
                "created_at) VALUES (1, 'old', '{}', '2026.1', 1, 1, 1, 0, '{\"days\": [], \"krw\": []}', 1)"
            )
        )
        connection.execute(
            text("INSERT INTO backtest_trade (run_id, n, ticker, entry_time, entry_price) VALUES (1, 0, '000010', 5, 100)")
        )
    engine.dispose()
    with open_database(place) as database:
        assert database.opened.upgraded_from == "0002"
        store = SqlStrategyStore(database, lambda: 1)
        records = {record.signal.ticker: record for record in store.signals()}
        assert {ticker: record.signal.phase for ticker, record in records.items()} == {"000011": "WATCH", "000012": "ACTIVE"}
        (run,) = store.runs("VCP", records["000011"].signal.signal_date)
        assert (run.tickers, run.found) == ((), ())  # older runs do not say what they found
        assert store.backtest(1).trades["entry_krw"] == [100]
        assert store.news_version().endswith(":0")
        with database.unit_of_work(durable=True) as unit:
            connection = unit.records.connection
            key = connection.execute(select(BACKTEST_RUN.c.id)).scalar_one()
            connection.execute(insert(BACKTEST_TRADE).values(run_id=key, n=1, ticker="000020"))  # a trade may lack its entry

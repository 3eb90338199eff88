"""Tables and triggers of the news search index. Not part of the schema's chain: the index is derived and made when missing."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, MetaData, String, Table, func, insert, select, text

from ralphstock_desktop.data.schema.market import NEWS

__all__ = ["DOC", "DUE", "STATE", "finish_tables", "fold_tail", "is_finished", "make_tables", "parts_in_place", "stored_form"]

_METADATA = MetaData()

STATE = Table(
    "news_search_state",
    _METADATA,
    Column("form", Integer, nullable=False),
    Column("made", String(40), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("next_doc", BigInteger, nullable=False),
    Column("dead", BigInteger, nullable=False),
)
"""One row. ``made`` names this making of the index, ``seq`` counts its changes."""

DOC = Table(
    "news_search_doc",
    _METADATA,
    Column("doc", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("news_id", BigInteger, nullable=False),
    Column("known_at", BigInteger),
    Column("moment", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Index("ix_news_search_doc_news_id", "news_id"),
    Index("ix_news_search_doc_seq", "seq"),
)
"""Numbers of the index: which item, known since when (NULL: replaced), and the change that wrote the row."""

DUE = Table(
    "news_search_due",
    _METADATA,
    Column("news_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
)
"""Items that were added, corrected or deleted since the index was last brought up to date."""

_TABLES = ("news_search_state", "news_search_doc", "news_search_due", "news_search_words")
_POSTGRES_TABLES = (*_TABLES, "news_search_tail")
_STORAGE = {"sqlite": 0, "postgresql": 1}
"""How often the stored form of one database changed alone."""

_EVENTS = {
    "news_search_added": ("INSERT", "new"),
    "news_search_corrected": ("UPDATE OF title, body, published_at, collected_at", "new"),
    "news_search_deleted": ("DELETE", "old"),
}

_SQLITE_WORDS = """
CREATE VIRTUAL TABLE news_search_words
USING fts5(words, content='', detail=none, columnsize=0, tokenize='ascii')
"""
# the tokenizer must leave our tokens whole: 'ascii' parts only at ASCII signs, which no token holds

_SQLITE_TRIGGER = """
CREATE TRIGGER {name} AFTER {event} ON news BEGIN
  INSERT INTO news_search_due (news_id)
  SELECT {row}.id WHERE NOT EXISTS (SELECT 1 FROM news_search_due WHERE news_id = {row}.id);
END
"""

# last: the largest of the numbers in docs
_POSTGRES_WORDS = 'CREATE TABLE {table} (word text COLLATE "C" NOT NULL, last bigint NOT NULL, docs bytea NOT NULL)'
_POSTGRES_PLAIN = "ALTER TABLE {table} ALTER docs SET STORAGE EXTERNAL"  # to compress takes longer than it saves

_POSTGRES = (
    *(
        statement.format(table=table)
        for table in ("news_search_words", "news_search_tail")
        for statement in (_POSTGRES_WORDS, _POSTGRES_PLAIN)
    ),
    """
CREATE OR REPLACE FUNCTION news_search_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    INSERT INTO news_search_due (news_id) VALUES (OLD.id) ON CONFLICT DO NOTHING;
  ELSE
    INSERT INTO news_search_due (news_id) VALUES (NEW.id) ON CONFLICT DO NOTHING;
  END IF;
  RETURN NULL;
END $$
""",
)
_POSTGRES_TRIGGER = "CREATE TRIGGER {name} AFTER {event} ON news FOR EACH ROW EXECUTE FUNCTION news_search_note()"

_SQLITE_MERGE = text("INSERT INTO news_search_words (news_search_words) VALUES ('optimize')")
_POSTGRES_FOLD = text("""
WITH tail AS (DELETE FROM news_search_tail RETURNING word, last, docs)
INSERT INTO news_search_words (word, last, docs)
SELECT word, max(last), string_agg(docs, CAST('' AS bytea) ORDER BY last) FROM tail GROUP BY word ORDER BY word
""")
_POSTGRES_FINISH = (
    # made over the filled table: many times faster than row by row
    "CREATE INDEX IF NOT EXISTS ix_news_search_words ON news_search_words (word, last)",
    "CREATE INDEX IF NOT EXISTS ix_news_search_tail ON news_search_tail (word, last)",
    "ANALYZE news_search_words",
)
_POSTGRES_FINISHED = text("SELECT to_regclass('ix_news_search_tail') IS NOT NULL")

_SQLITE_PARTS = text("SELECT name FROM sqlite_master WHERE name LIKE 'news_search_%' AND type IN ('table', 'trigger')")
_POSTGRES_PARTS = text(
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
    " AND relname LIKE 'news_search_%'"
    " UNION ALL SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass('news') AND tgname LIKE 'news_search_%'"
    " AND tgenabled <> 'D'"
)


def parts_in_place(connection: Connection) -> bool:
    """Whether all tables and triggers are there; a table made anew by a change of schema loses its triggers."""
    query = _SQLITE_PARTS if connection.dialect.name == "sqlite" else _POSTGRES_PARTS
    found = set(connection.execute(query).scalars())
    return found.issuperset((*_tables(connection), *_EVENTS))


def _tables(connection: Connection) -> tuple[str, ...]:
    return _TABLES if connection.dialect.name == "sqlite" else _POSTGRES_TABLES


def stored_form(connection: Connection, form: int) -> int:
    """The form of tokens and storage together. Both only grow, so that their sum is another whenever one of them is."""
    return form + _STORAGE[connection.dialect.name]


def make_tables(connection: Connection, form: int, now_ns: int) -> None:
    """Make an empty index that owes every stored item; what there was of it is dropped."""
    is_sqlite = connection.dialect.name == "sqlite"
    # the state first: whoever searches holds it, and is waited for before anything else is locked
    for name in _tables(connection):
        connection.execute(text(f"DROP TABLE IF EXISTS {name}"))
    for name in _EVENTS:
        connection.execute(text(f"DROP TRIGGER IF EXISTS {name}" + ("" if is_sqlite else " ON news")))
    _METADATA.create_all(connection, checkfirst=False)
    for statement in (_SQLITE_WORDS,) if is_sqlite else _POSTGRES:
        connection.execute(text(statement))
    for name, (event, row) in _EVENTS.items():
        trigger = _SQLITE_TRIGGER if is_sqlite else _POSTGRES_TRIGGER
        connection.execute(text(trigger.format(name=name, event=event, row=row)))
    connection.execute(insert(DUE).from_select(["news_id"], select(NEWS.c.id)))
    made = f"{now_ns}-{connection.execute(select(func.count()).select_from(NEWS)).scalar_one()}"
    connection.execute(insert(STATE).values(form=stored_form(connection, form), made=made, seq=0, next_doc=0, dead=0))


def is_finished(connection: Connection) -> bool:
    """Whether the index was put in order after it was made; a program that ended in between left that undone."""
    return connection.dialect.name == "sqlite" or bool(connection.execute(_POSTGRES_FINISHED).scalar())


def fold_tail(connection: Connection) -> None:
    """Move what was added since the last time to the words; readers of earlier snapshots go on reading it where it was."""
    if connection.dialect.name == "postgresql":
        connection.execute(_POSTGRES_FOLD)


def finish_tables(connection: Connection) -> None:
    """Put a largely filled index in order, so that it is searched fast."""
    if connection.dialect.name == "sqlite":
        connection.execute(_SQLITE_MERGE)
        return
    for statement in _POSTGRES_FINISH:
        connection.execute(text(statement))

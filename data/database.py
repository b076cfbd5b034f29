"""DuckDB connections: read-only ones for readers, and migrations for the one writer."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from data.home import Home

SCHEMA = Path(__file__).with_name("schema")


def read_migrations() -> dict[int, str]:
    """The numbered SQL migrations."""
    return {int(path.name[:4]): path.read_text(encoding="utf-8") for path in sorted(SCHEMA.glob("*.sql"))}


def migrate(connection: duckdb.DuckDBPyConnection) -> list[int]:
    """Bring a database to the newest schema, each migration in its own transaction; the numbers applied."""
    connection.execute("CREATE TABLE IF NOT EXISTS schema_migration (number INTEGER NOT NULL)")
    rows = connection.execute("SELECT number FROM schema_migration ORDER BY number").fetchall()
    applied = {row[0] for row in rows}
    pending = {number: sql for number, sql in read_migrations().items() if number not in applied}
    for number, sql in pending.items():
        with transaction(connection):
            connection.execute(sql)
            connection.execute("INSERT INTO schema_migration (number) VALUES ($number)", {"number": number})
    return list(pending)


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Generator[None]:
    """All of a block, or nothing of it."""
    connection.execute("BEGIN TRANSACTION")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def open_reader(home: Home, revision: str) -> duckdb.DuckDBPyConnection:
    """A connection that can only read this revision, with external access off. Use one cursor per query."""
    return open_file(home.revision_file(revision))


def open_file(path: Path) -> duckdb.DuckDBPyConnection:
    """A connection that can only read this database, with external access off."""
    # Both are given at the door: connections of one process to one file share their configuration.
    config = {"enable_external_access": "false", "lock_configuration": "true"}
    return duckdb.connect(str(path), read_only=True, config=config)

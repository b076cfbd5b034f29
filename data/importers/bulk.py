"""A large long CSV file, as the first measurements of a study: rows that are plain beyond doubt are read in bulk.

The engine of ``measurements.py`` holds a whole file as text and judges it cell by cell. Here DuckDB reads it
once and parts it: a row whose every cell says one thing only (a subject of the study, a known name and
unit, a whole day, a plain number in the usual range) is taken as it stands; every other row, and every row
whose subject, parameter and day come twice, goes through the engine as text, with its line. What comes of
a file does not depend on the way: tests read the same files by both.
"""

from collections.abc import Generator
from contextlib import contextmanager

import duckdb
import polars as pl

from analytics.catalog import PARAMETERS
from data.importers.bulk_layout import LARGEST, Layout, list_known, read_sample
from data.importers.fields import AMBIGUOUS_COMMA, COMMA, FARTHEST_DAY
from data.importers.text import LINE
from data.long_table import find_numbers, number_in_order

MOST_ODD, LEAST_ODD = 0.05, 1_000  # the share of rows, and how many, from which on a file is no case for this reader
# With half a GB more an import of 29 million rows is 8 % faster; the words of a million subjects alone take that.
MEMORY, EACH = 400, 600  # what DuckDB may hold: megabytes, and bytes a subject beside them
TABLES = ("bulk_rows", "bulk_known")
TYPES = ("bulk_subject", "bulk_name", "bulk_unit", "bulk_visit", "bulk_paramcd")
READ = """
read_csv($path, columns = $columns, delim = $mark, quote = '"', escape = '"', header = true, auto_detect = false,
    strict_mode = true, null_padding = false, nullstr = '\x01', max_line_size = 10000000, ignore_errors = true)
"""
# One thing only can be meant: no sign, exponent, blank or thousands separator; the days of a hundred years.
PLAIN = f"""
    subject IS NOT NULL AND name IS NOT NULL AND unit IS NOT NULL AND abs(day) <= {FARTHEST_DAY}
    AND day::VARCHAR = day_text AND value < {LARGEST} AND (visit_text IS NULL OR avisit IS NOT NULL)
    AND CASE WHEN said THEN true ELSE regexp_full_match(text, '[0-9]+([.][0-9]+)?') END
"""
# The text is how the number would be written anyway: it need not be kept. Smaller ones are written with an exponent.
SAID = "coalesce(text = say_number(value) AND (value >= 0.001 OR value = 0), false)"
# Every row with its line: the header is line 1.
LINED = """
    SELECT bulk_rows.*, (bulk_rows.rowid - begin.first + 2)::INTEGER AS line
    FROM bulk_rows, (SELECT min(rowid) AS first FROM bulk_rows) AS begin
"""
# Plain rows with their line, and with the value in the catalog's unit: usual, and of grades a whole number.
KNOWN = f"""
    SELECT lined.*, paramcd,
        CASE WHEN factor = 1 THEN value ELSE round(value * factor, 9) END AS aval,
        CASE WHEN factor = 1 THEN text ELSE coalesce(text, say_number(value)) END AS reported,
        coalesce(aval BETWEEN low AND high AND (NOT graded OR aval = trunc(aval)), false) AS usual
    FROM ({LINED}) AS lined
        LEFT JOIN bulk_known ON lined.name = bulk_known.name AND lined.unit = bulk_known.unit
    WHERE subject IS NOT NULL
"""
TWICE = """
SELECT DISTINCT usubjid, paramcd::VARCHAR AS paramcd, day FROM (
    SELECT *, subject = lag(subject) OVER () AND day = lag(day) OVER () AND paramcd = lag(paramcd) OVER () AS same
    FROM measurement WHERE batch = $batch
) AS row JOIN subject_number ON subject = number WHERE same ORDER BY usubjid, paramcd, day
"""


@contextmanager
def hold_memory(connection: duckdb.DuckDBPyConnection, study: str) -> Generator[None]:
    """Keep DuckDB within a bound meanwhile, and leave no table and type of this reader behind.

    After an error the transaction is rolled back with all of them.
    """
    before = connection.execute("SELECT current_setting('memory_limit') ORDER BY 1").fetchall()[0][0]
    query = "SELECT count(*) FROM subjects WHERE study = $study ORDER BY 1"
    subjects = connection.execute(query, {"study": study}).fetchall()[0][0]
    connection.execute(f"SET memory_limit = '{MEMORY + EACH * subjects // 1_000_000}MB'")
    yield
    for table in TABLES:
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    for name in TYPES:
        connection.execute(f"DROP TYPE IF EXISTS {name}")
    connection.execute(f"SET memory_limit = '{before}'")


def create_types(connection: duckdb.DuckDBPyConnection, layout: Layout, study: str) -> None:
    """The words of the file as ENUMs, whose place is found without comparing text again, and ``bulk_known``."""
    sample = read_sample(layout)
    known = list_known(sample, layout)
    visits = sample[:, layout.places["avisit"]] if "avisit" in layout.places else pl.Series([], dtype=pl.String)
    stripped = visits.drop_nulls().filter(visits.drop_nulls().str.strip_chars(" \t'") == visits.drop_nulls())
    words = {"bulk_name": known["name"], "bulk_unit": pl.Series(["", *known["unit"]]), "bulk_visit": stripped}
    words["bulk_paramcd"] = pl.Series(list(PARAMETERS))
    connection.execute(
        "CREATE TYPE bulk_subject AS ENUM (SELECT usubjid FROM subjects WHERE study = $study ORDER BY usubjid)",
        {"study": study},
    )
    for name, listed in words.items():
        connection.register("incoming", pl.DataFrame({"word": listed.unique(maintain_order=True)}))
        connection.execute(f"CREATE TYPE {name} AS ENUM (SELECT word FROM incoming)")
        connection.unregister("incoming")
    connection.register("incoming", known)
    connection.execute(
        "CREATE TEMP TABLE bulk_known AS SELECT name::bulk_name AS name, unit::bulk_unit AS unit, "
        "paramcd::bulk_paramcd AS paramcd, factor, low, high, graded FROM incoming"
    )
    connection.unregister("incoming")


def load_rows(connection: duckdb.DuckDBPyConnection, layout: Layout) -> int:
    """Fill ``bulk_rows``, a row a line of the file in its order; how many: fewer than its lines if it is irregular.

    ``odd`` holds the cells of a row that is not plain; a row without a value has neither that nor a subject.
    No join stands here: it would mix the rows, whose place is their line.
    """
    unit, visit = layout.name("unit"), layout.name("avisit")
    query = f"""
        CREATE TEMP TABLE bulk_rows AS
        WITH cell AS (
            SELECT {layout.cells}, try_cast({layout.name("usubjid")} AS bulk_subject) AS subject,
                try_cast({layout.name("paramcd")} AS bulk_name) AS name, {layout.name("day")} AS day_text,
                try_cast({layout.name("day")} AS INTEGER) AS day, {layout.name("aval")} AS text,
                try_cast({layout.name("aval")} AS DOUBLE) AS value, {SAID} AS said,
                try_cast(CASE WHEN {unit} IS NULL THEN '' ELSE {unit} END::VARCHAR AS bulk_unit) AS unit,
                nullif({visit}, '')::VARCHAR AS visit_text, try_cast(visit_text AS bulk_visit) AS avisit
            FROM {READ}
        ), judged AS (
            SELECT *, coalesce({PLAIN}, false) AS plain,
                text = '' AND subject IS NOT NULL AND name IS NOT NULL AS empty
            FROM cell
        )
        SELECT CASE WHEN plain THEN subject END AS subject, name, day, value, unit, avisit,
            CASE WHEN NOT said THEN text END AS text,
            CASE WHEN plain OR empty THEN NULL ELSE [{layout.cells}] END AS odd
        FROM judged
    """
    connection.execute(query, layout.params)
    return count_rows(connection, "bulk_rows")


def count_rows(connection: duckdb.DuckDBPyConnection, table: str, where: str = "true") -> int:
    """How many rows a table of this reader has."""
    return connection.execute(f"SELECT count(*) FROM {table} WHERE {where} ORDER BY 1").fetchall()[0][0]


def fetch_odd(connection: duckdb.DuckDBPyConnection, layout: Layout) -> pl.DataFrame | None:
    """The rows that are not plain as the engine wants them; None where they are too many, or mark decimals by comma."""
    lines = connection.sql(f"SELECT line FROM ({KNOWN}) AS known WHERE NOT usual ORDER BY line").pl()
    odd = count_rows(connection, "bulk_rows", "odd IS NOT NULL")
    if odd + lines.height > MOST_ODD * count_rows(connection, "bulk_rows") + LEAST_ODD:
        return None
    rows = connection.sql(f"SELECT line, odd FROM ({LINED}) AS lined WHERE odd IS NOT NULL ORDER BY line").pl()
    cells = [pl.col("odd").list.get(at).alias(name) for at, name in enumerate(layout.header)]
    table = rows.select(pl.col("line").alias(LINE), *cells)
    values = table[layout.header[layout.places["aval"]]]
    if (values.str.contains(COMMA) & ~values.str.contains(AMBIGUOUS_COMMA)).any():
        return None
    return pl.concat([table, take_back(connection, layout, lines)]).sort(LINE)


def take_back(connection: duckdb.DuckDBPyConnection, layout: Layout, lines: pl.DataFrame) -> pl.DataFrame:
    """Plain rows as the engine wants them: the cells that were read of these lines."""
    said = {"usubjid": "subject", "paramcd": "name", "day": "day", "unit": "unit", "avisit": "avisit"}
    said["aval"] = "coalesce(text, say_number(value))"
    fields = {at: said[field] for field, at in layout.places.items()}
    cells = [f"{fields[at]}::VARCHAR" if at in fields else "''" for at in range(len(layout.header))]
    named = ", ".join(f"coalesce({cell}, '') AS c{at}" for at, cell in enumerate(cells))
    connection.register("incoming", lines)
    rows = connection.sql(
        f"SELECT line, {named} FROM ({LINED}) AS lined WHERE line IN (SELECT line FROM incoming) ORDER BY line"
    ).pl()
    connection.unregister("incoming")
    return rows.rename({"line": LINE} | {f"c{at}": name for at, name in enumerate(layout.header)})


def insert_usual(connection: duckdb.DuckDBPyConnection, study: str, batch: int) -> None:
    """Put the plain and usual rows into the long table, by parameter, subject and day."""
    # The code of a subject is its place among the names, and so its number but for the first.
    connection.execute(
        "INSERT INTO measurement (study, subject, paramcd, avisit, day, aval, reported, reported_unit, batch, line) "
        "SELECT $study, enum_code(subject)::INTEGER + $first, paramcd, avisit::VARCHAR, day, aval, reported, "
        "nullif(unit::VARCHAR, ''), $batch, line "
        f"FROM (SELECT * FROM ({KNOWN}) AS known WHERE usual ORDER BY paramcd, subject, day) AS usual",
        {"study": study, "batch": batch, "first": number_in_order(connection, study)},
    )


def delete_repeated(
    connection: duckdb.DuckDBPyConnection, study: str, batch: int, accepted: pl.DataFrame
) -> pl.DataFrame:
    """Take rows out of the long table whose subject, parameter and day come again among them or in ``accepted``.

    Their lines. Sorted, a row that comes again stands behind the other: a look at the row before finds it.
    """
    twice = connection.sql(TWICE, params={"batch": batch}).pl()
    keys = pl.concat([twice, accepted.select(twice.columns)]).drop_nulls().unique()
    if keys.is_empty():
        return pl.DataFrame(schema={"line": pl.Int32})
    connection.register("incoming", find_numbers(connection, study, keys))
    lines = connection.execute(
        "DELETE FROM measurement WHERE batch = $batch AND EXISTS (SELECT 1 FROM incoming "
        "WHERE incoming.subject = measurement.subject AND incoming.paramcd = measurement.paramcd::VARCHAR "
        "AND incoming.day = measurement.day) RETURNING line",
        {"batch": batch},
    ).fetchall()
    connection.unregister("incoming")
    return pl.DataFrame(lines, schema={"line": pl.Int32}, orient="row").sort("line")

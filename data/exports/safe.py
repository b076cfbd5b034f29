"""Cells that a spreadsheet cannot take for a formula."""

import polars as pl

DANGEROUS = r"^[=+\-@\t\r]"
NUMBER = r"^[-+]?\d*\.?\d+([eE][-+]?\d+)?$"


def make_harmless(table: pl.DataFrame) -> pl.DataFrame:
    """The table with a quote before text that a spreadsheet would take for a formula; numbers stay."""
    texts = [name for name, dtype in table.schema.items() if dtype == pl.String]
    return table.with_columns(quote_formula(pl.col(name)).alias(name) for name in texts)


def quote_formula(text: pl.Expr) -> pl.Expr:
    """The text, with a quote before it where it begins like a formula and is no number."""
    formula = text.str.contains(DANGEROUS) & ~text.str.contains(NUMBER)
    return pl.when(formula).then(pl.lit("'") + text).otherwise(text)

"""Table 1 as a table for a manuscript."""

import polars as pl


def render_baseline(table: pl.DataFrame, title: str, note: str) -> str:
    """The table of ``present_baseline`` as an HTML document, numbers centred, its source below."""
    from great_tables import GT, loc, style  # noqa: PLC0415  # its import takes a tenth of a second, for a download only

    shown = table.drop("variable", "kind", "category")
    arms = [column for column in shown.columns if column != "characteristic"]
    made = (
        GT(shown)
        .tab_header(title=title)
        .cols_label(characteristic="Characteristic")
        .cols_align("center", columns=arms)
        .sub_missing(missing_text="–")
        .tab_style(style.text(weight="bold"), loc.column_labels())
        .tab_source_note(note)
        .tab_options(table_font_size="14px", data_row_padding="3px")
    )
    return made.as_raw_html(make_page=True)

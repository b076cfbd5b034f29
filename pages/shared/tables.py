"""Tables on screen: frames are shared between sessions, what is shown of them is each session's own."""

from typing import Any

import polars as pl
import streamlit as st


def show(table: pl.DataFrame, **options: Any) -> Any:
    """``st.dataframe`` of a copy that shares the table's columns.

    While Polars hands a frame to pandas it holds the frame and waits for the interpreter; another session that asks
    the same object for its columns then holds the interpreter and waits for the frame, and both wait for ever.
    """
    return st.dataframe(table.clone(), **options)

"""Tables on screen: handed over once, in the form that the browser reads, to every session that shows them."""

from typing import Any

import polars as pl
import streamlit as st

from analytics.present import hand_over
from pages.shared.memory import remember


def show(table: pl.DataFrame, **options: Any) -> Any:
    """``st.dataframe`` of a table, not by way of pandas."""
    return st.dataframe(remember(hand_over, table), **options)

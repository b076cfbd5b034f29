"""The unit of the server's speed: a page with one word."""

import streamlit as st

st.write("empty")

"""Frames to Plotly figures. No number is computed here."""

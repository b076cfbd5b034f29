"""Tests and estimates, each a function of plain numbers; R's answers are their tests."""

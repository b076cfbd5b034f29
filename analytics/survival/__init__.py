"""Survival analysis for small trials, equal to R where R has an answer."""

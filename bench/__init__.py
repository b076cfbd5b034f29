"""Measurements of speed: ``make bench``, and ``make bench-full`` with a million subjects."""

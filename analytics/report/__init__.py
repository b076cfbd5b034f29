"""The report: its sections, from the same functions as the pages."""

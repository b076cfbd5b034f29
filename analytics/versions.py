"""Which versions made a number: Hepatrace's own, its definitions, and the libraries that compute."""

from functools import cache
from hashlib import sha256
from importlib.metadata import version

from analytics.definitions import write_document

HEPATRACE = "0.1.0"
LIBRARIES = ("polars", "duckdb", "numpy", "scipy", "lifelines", "plotly", "streamlit")


@cache
def list_versions() -> dict[str, str]:
    """Versions by name; ``definitions`` is a digest that changes with any definition of the catalog."""
    digest = sha256(write_document().encode()).hexdigest()[:12]
    return {"Hepatrace": HEPATRACE, "definitions": digest} | {name: version(name) for name in LIBRARIES}


def say_versions() -> str:
    """All versions in one line."""
    return ", ".join(f"{name} {number}" for name, number in list_versions().items())

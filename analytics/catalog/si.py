"""The unit of the SI system of every parameter whose usual unit is another."""

import csv
from pathlib import Path


def read_si_units(path: Path) -> dict[str, tuple[str, int]]:
    """The SI unit and its decimals by parameter, where it is not the catalog's unit."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["paramcd"]: (row["unit"], int(row["decimals"])) for row in csv.DictReader(file)}


SI_UNITS = read_si_units(Path(__file__).with_name("si_units.csv"))

"""What a drug is given for, as far as it changes how a response is read."""

import csv
from pathlib import Path

ALBUMIN, ANTIVIRAL, CAUSAL, DIURETIC = "albumin", "antiviral", "other causal therapy", "diuretic"
ENCEPHALOPATHY = "encephalopathy therapy"


def read_drugs() -> dict[str, str]:
    """The class of every drug listed in ``drugs.csv``, by its name in lower case."""
    with Path(__file__).with_name("drugs.csv").open(encoding="utf-8", newline="") as file:
        return {row["drug"]: row["class"] for row in csv.DictReader(file)}


DRUGS = read_drugs()
# Events that change the course by themselves.
CAUSAL_EVENTS = {"abstinence": "abstinence", "tips": "TIPS"}

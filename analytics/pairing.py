"""Which measurement stands for a parameter on which day: the row in use, its age, and what lies beside it."""

from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from analytics.change import BASELINE_DAYS, select_candidates

PLACE = ["usubjid", "day", "avisit"]
VALUES = ["usubjid", "paramcd", "day", "avisit", "aval", "ref_low", "ref_high"]
DIALYSIS_DAYS = 7
DIALYSIS_SESSIONS = 2
BLEEDING_DAYS = 30  # as far as a clinical finding is carried forward
ACUTE_DAYS = 2
ACUTE_RISE = 0.3  # mg/dL within 48 h (Angeli 2015)
LEAST_VALUES = 2  # of a mean before treatment (Regev 2019)


@dataclass(frozen=True)
class ScoreSettings:
    """What a study fixes for its scores: one coagulation basis, the points of ascites grade 2, its laboratory's limits.

    ``limits`` maps a parameter to its lower and upper limit of normal in the catalog's unit; they count
    where a value comes without its own.
    """

    coagulation_basis: str | None = None
    ascites_grade_2_points: int = 3
    limits: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)
    baseline_visit: str | None = None

    def find_limits(self, paramcd: str) -> tuple[float | None, float | None]:
        """Lower and upper limit of normal of a parameter at the study's laboratory; missing where it gives none."""
        return self.limits.get(paramcd, (None, None))


@dataclass(frozen=True)
class Places:
    """Every day, and undated visit, of every subject, with the measurement in use for each parameter.

    ``rows`` has ``usubjid``, ``day``, ``avisit`` (of undated visits only) and one column a parameter: the
    number of the row of ``values`` that is its latest value up to that day, missing where there is none.
    ``values`` has ``usubjid``, ``paramcd``, ``day``, ``avisit``, ``aval``, ``ref_low``, ``ref_high``.
    """

    rows: pl.DataFrame
    values: pl.DataFrame

    def in_use(self, code: str, max_age: int | None = None) -> pl.Series:
        """The row number in use for a parameter at every place, not older than ``max_age`` days."""
        if code not in self.rows.columns:
            return pl.Series("row", [None] * self.rows.height, dtype=pl.UInt32)
        numbers = self.rows[code]
        if max_age is None:
            return numbers
        fresh = self.age(numbers).fill_null(0) <= max_age
        return pl.select(pl.when(fresh).then(numbers)).to_series()

    def take(self, column: str, numbers: pl.Series) -> pl.Series:
        """A column of ``values`` at these row numbers; missing where the number is."""
        return self.values[column].gather(numbers)

    def age(self, numbers: pl.Series) -> pl.Series:
        """How many days the value in use is older than the place; missing where either has no day."""
        return self.rows["day"] - self.take("day", numbers)

    @cached_property
    def known(self) -> dict[str, pl.Series]:
        """What ``is_measured`` has found: many scores ask for the same parameter."""
        return {}

    def is_measured(self, code: str) -> pl.Series:
        """Whether the parameter was measured at the place itself."""
        if code not in self.known:
            numbers = self.in_use(code)
            self.known[code] = numbers.is_not_null() & (self.age(numbers).fill_null(0) == 0)
        return self.known[code]

    def select(self, mask: pl.Series) -> "Places":
        """The places for which the mask holds."""
        return Places(self.rows.filter(mask), self.values)


def index_places(measurements: pl.DataFrame) -> Places:
    """The places of measurements (usubjid, paramcd, avisit, day, aval; ref_low and ref_high where known).

    A value without a day counts at its own visit only; nothing is carried there.
    """
    limits = [
        pl.lit(None, pl.Float64).alias(name) for name in ("ref_low", "ref_high") if name not in measurements.columns
    ]
    values = measurements.with_columns(limits).filter(pl.col("aval").is_not_null()).select(VALUES)
    placed = values.with_row_index("row").with_columns(avisit=pl.when(pl.col("day").is_null()).then("avisit"))
    known = placed.filter(pl.col("day").is_not_null() | pl.col("avisit").is_not_null())
    codes = known["paramcd"].unique(maintain_order=True).to_list()
    wide = known.pivot(on="paramcd", on_columns=codes, index=PLACE, values="row", aggregate_function="first")
    dated = wide.filter(pl.col("day").is_not_null()).sort("usubjid", "day")
    filled = dated.with_columns(pl.col(codes).forward_fill().over("usubjid"))
    return Places(pl.concat([filled, wide.filter(pl.col("day").is_null())]), values)


def add_scores(places: Places, scores: pl.DataFrame) -> Places:
    """The same places with the values of scores (usubjid, paramcd, day, avisit, aval), each on its own day only."""
    start = places.values.height
    known = scores.filter(pl.col("aval").is_not_null()).select("usubjid", "paramcd", "day", "avisit", "aval")
    numbered = known.with_row_index("row", offset=start).cast({"row": pl.UInt32})
    rows = places.rows
    for code in known["paramcd"].unique(maintain_order=True).to_list():
        own = numbered.filter(pl.col("paramcd") == code).select(*PLACE, pl.col("row").alias(code))
        rows = rows.join(own, on=PLACE, how="left", nulls_equal=True, maintain_order="left", validate="1:1")
    return Places(rows, pl.concat([places.values, known], how="diagonal"))


def find_baseline(places: Places, code: str, baseline_visit: str | None) -> pl.Series:
    """At every place the row number of the subject's baseline: the last value within the 90 days up to day 0.

    Where there is none, the value without a day under ``baseline_visit``. Source: design, "Baseline".
    """
    own = places.values.select("usubjid", "paramcd", "day", "avisit").with_row_index("row")
    candidates = select_candidates(own.filter(pl.col("paramcd") == code), baseline_visit)
    last = candidates.group_by("usubjid").agg(pl.col("row").last())
    return spread(places, last, "row")


def find_earlier(places: Places, code: str, max_age: int, steps: int = 1) -> pl.Series:
    """At every place the row number in use ``steps`` places before, not older than ``max_age`` days."""
    keyed = places.rows.select("usubjid", row=places.in_use(code))
    numbers = keyed.select(pl.col("row").shift(steps).over("usubjid")).to_series()
    dated = places.rows["day"].is_not_null() & (places.age(numbers) <= max_age)
    return pl.select(pl.when(dated).then(numbers)).to_series()


def find_mean_before(places: Places, code: str) -> pl.Series:
    """At every place the mean of at least two values within the 90 days up to day 0; missing for fewer."""
    before = places.values.filter(pl.col("paramcd") == code, pl.col("day").is_between(-BASELINE_DAYS, 0))
    means = before.group_by("usubjid").agg(mean=pl.when(pl.len() >= LEAST_VALUES).then(pl.col("aval").mean()))
    return spread(places, means, "mean")


def spread(places: Places, by_subject: pl.DataFrame, column: str) -> pl.Series:
    """A value of each subject at every one of its places."""
    subjects = places.rows.select("usubjid")
    return subjects.join(by_subject, on="usubjid", how="left", validate="m:1", maintain_order="left")[column]


def find_dialysis(places: Places, events: pl.DataFrame, sessions: int) -> pl.Series:
    """True where at least so many sessions lie within the 7 days up to the day; missing otherwise.

    Source: scores.md, "MELD family".
    """
    return find_events(places, events, "dialysis", DIALYSIS_DAYS, sessions)


def find_bleeding(places: Places, events: pl.DataFrame) -> pl.Series:
    """True within 30 days of a variceal bleeding; false otherwise where the study records such events."""
    found = find_events(places, events, "variceal_bleeding", BLEEDING_DAYS, 1)
    recorded = events.filter(pl.col("kind") == "variceal_bleeding").height > 0
    return found.fill_null(False) if recorded else found


def find_events(places: Places, events: pl.DataFrame, kind: str, days: int, least: int) -> pl.Series:
    """True where at least ``least`` events of a kind lie within so many days up to the day; missing otherwise."""
    own = events.filter(pl.col("kind") == kind, pl.col("day").is_not_null()).select("usubjid", on="day")
    keys = places.rows.select("usubjid", "day")
    near = keys.unique().join(own, on="usubjid").filter((pl.col("day") - pl.col("on")).is_between(0, days))
    counted = near.group_by("usubjid", "day").agg(found=pl.when(pl.len() >= least).then(pl.lit(True)))
    return keys.join(counted, on=["usubjid", "day"], how="left", maintain_order="left")["found"]


def find_acute_rise(places: Places) -> pl.Series:
    """True where creatinine rose by 0.3 mg/dL within the 2 days up to the day; missing otherwise."""
    now = places.take("aval", places.in_use("creatinine", 0))
    before = [places.take("aval", find_earlier(places, "creatinine", ACUTE_DAYS, steps)) for steps in (1, 2)]
    lowest = pl.select(pl.min_horizontal(*before)).to_series()
    return pl.select(pl.when((now - lowest).round(9) >= ACUTE_RISE).then(pl.lit(True))).to_series()

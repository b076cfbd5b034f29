"""A study as CDISC SDTM datasets. Source: SDTM Implementation Guide 3.4.

Days count from 1 as CDISC's do: day 0 of the study is study day 1.
"""

from dataclasses import dataclass, field

import polars as pl

from analytics.catalog import PARAMETERS, Parameter, match_parameter
from data.exports.tables import StudyTables

CELLS, CELLS_PER_KG = "10^6 CELLS", "10^6/kg"
# The domain of a category of the catalog; everything that a laboratory measures is LB.
DOMAINS = {
    "vital signs": "VS",
    "imaging and elastography": "MO",
    "histology": "MO",
    "quality of life and performance": "QS",
    "clinical signs": "RS",
    "scores as reported": "RS",
    "organ support": "VS",
}
LOST = (
    "visit windows, arms' order, limits of the laboratory and every other setting of study.toml",
    "what the publication says of the group only, and the protocol",
    "etiology, the day of last contact and the day of the data cut of a subject",
    "the value and unit of an event, such as the days of a hospital stay",
    "of an infusion all but product, route, day and the number of cells (volume, viability, markers)",
    "the reported text of a value where it differs from the value read (a fix, a decimal comma, a code)",
)


@dataclass(frozen=True)
class Dataset:
    """A dataset of a standard: name, label, rows, and the label of each column."""

    name: str
    label: str
    rows: pl.DataFrame
    labels: dict[str, str] = field(default_factory=dict)


def write_sdtm(data: StudyTables) -> list[Dataset]:
    """The datasets of a study that have rows."""
    made = [
        make_dm(data),
        *(make_findings(data, domain) for domain in ("LB", *dict.fromkeys(DOMAINS.values()))),
        make_events(data, "AE", "Adverse Events", adverse=True),
        make_events(data, "CE", "Clinical Events", adverse=False),
        make_ex(data),
        make_cm(data),
    ]
    return [item for item in made if item.rows.height]


def cdisc_day(day: pl.Expr) -> pl.Expr:
    """The study day of CDISC, which has no day 0."""
    return pl.when(day >= 0).then(day + 1).otherwise(day).cast(pl.Float64)


def begin(data: StudyTables, domain: str) -> dict[str, pl.Expr]:
    """The columns that every dataset begins with."""
    return {"STUDYID": pl.lit(data.study), "DOMAIN": pl.lit(domain), "USUBJID": pl.col("usubjid")}


def text(name: str, rows: pl.DataFrame) -> pl.Expr:
    """A column as text; empty where it is missing or left out."""
    return pl.col(name).cast(pl.String).fill_null("") if name in rows.columns else pl.lit("")


def number_rows(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """The rows with their number within the subject."""
    return rows.with_columns((pl.int_range(pl.len()).over("USUBJID") + 1).cast(pl.Float64).alias(name))


def make_dm(data: StudyTables) -> Dataset:
    """Demographics."""
    rows = data.tables["subjects"]
    made = rows.select(
        **begin(data, "DM"),
        SUBJID=pl.col("usubjid"),
        RFSTDTC=text("time_zero_date", rows),
        SITEID=text("site", rows),
        AGE=pl.col("age"),
        AGEU=pl.when(pl.col("age").is_not_null()).then(pl.lit("YEARS")).otherwise(pl.lit("")),
        SEX=text("sex", rows),
        ARM=text("arm", rows),
        ACTARM=text("arm", rows),
    )
    return Dataset("DM", "Demographics", made, {"USUBJID": "Unique Subject Identifier"})


def name_test(parameter: Parameter) -> tuple[str, str]:
    """Code and name of a test, at most 8 and 40 characters, by which the catalog knows it again."""
    names = (parameter.label, parameter.name, *parameter.synonyms, parameter.paramcd)
    name = next(item for item in names if len(item) <= 40 and match_parameter(item) == parameter)
    code = parameter.sdtm or parameter.paramcd.upper().replace("_", "")[:8]
    known = match_parameter(code)
    return (code if known in (None, parameter) else f"HT{list(PARAMETERS).index(parameter.paramcd):04d}"), name


TESTS = {code: name_test(parameter) for code, parameter in PARAMETERS.items() if not parameter.derived}


def make_findings(data: StudyTables, domain: str) -> Dataset:
    """Measured values of one domain; what was not done says so."""
    codes = [code for code, item in PARAMETERS.items() if DOMAINS.get(item.category, "LB") == domain]
    rows = data.tables["measurements"].filter(pl.col("paramcd").is_in(codes))
    undone = pl.col("number").is_null() & ~pl.col("aval").str.contains(r"^[<>≤≥]")
    low, high = (pl.col(name).cast(pl.String).fill_null("") for name in ("ref_low", "ref_high"))
    made = rows.select(
        **begin(data, domain),
        **{
            f"{domain}TESTCD": pl.col("paramcd").replace_strict({code: test for code, (test, _) in TESTS.items()}),
            f"{domain}TEST": pl.col("paramcd").replace_strict({code: name for code, (_, name) in TESTS.items()}),
            f"{domain}ORRES": pl.when(undone).then(pl.lit("")).otherwise("aval"),
            f"{domain}ORRESU": pl.col("unit").fill_null(""),
            f"{domain}ORNRLO": low,
            f"{domain}ORNRHI": high,
            f"{domain}STRESN": pl.col("number"),
            f"{domain}STAT": pl.when(undone).then(pl.lit("NOT DONE")).otherwise(pl.lit("")),
            "VISIT": pl.col("avisit").fill_null(""),
            f"{domain}DY": cdisc_day(pl.col("day")),
        },
    )
    return Dataset(domain, f"Findings {domain}", number_rows(made, f"{domain}SEQ"))


def make_events(data: StudyTables, domain: str, label: str, adverse: bool) -> Dataset:
    """Events with a grade, a seriousness or a relation as adverse events, the others as clinical events."""
    graded = pl.any_horizontal(pl.col("grade", "serious", "related").is_not_null())
    rows = data.tables["events"].filter(graded if adverse else ~graded)
    made = rows.select(
        **begin(data, domain),
        **{
            f"{domain}TERM": text("text", rows),
            f"{domain}DECOD": pl.col("kind"),
            f"{domain}STDY": cdisc_day(pl.col("day")),
        },
        **({"AESER": flag("serious"), "AEREL": related(), "AETOXGR": text("grade", rows)} if adverse else {}),
    )
    return Dataset(domain, label, number_rows(made, f"{domain}SEQ"))


def flag(name: str) -> pl.Expr:
    """A yes or no as CDISC writes it."""
    return pl.when(pl.col(name)).then(pl.lit("Y")).when(~pl.col(name)).then(pl.lit("N")).otherwise(pl.lit(""))


def related() -> pl.Expr:
    """Whether an event is related, in words."""
    said = pl.when(pl.col("related")).then(pl.lit("RELATED")).when(~pl.col("related")).then(pl.lit("NOT RELATED"))
    return said.otherwise(pl.lit(""))


def make_ex(data: StudyTables) -> Dataset:
    """Exposure: the infusions, with the cells as the dose; per kg where only that is known."""
    rows = data.tables["treatments"]
    total = pl.col("cells_e6").is_not_null() | pl.col("cells_e6_per_kg").is_null()
    made = rows.select(
        **begin(data, "EX"),
        EXTRT=text("product", rows),
        EXDOSE=pl.when(total).then("cells_e6").otherwise("cells_e6_per_kg"),
        EXDOSU=pl.when(total).then(pl.lit(CELLS)).otherwise(pl.lit(CELLS_PER_KG)),
        EXROUTE=text("route", rows),
        EXSTDY=cdisc_day(pl.col("day")),
    )
    return Dataset("EX", "Exposure", number_rows(made, "EXSEQ"))


def make_cm(data: StudyTables) -> Dataset:
    """Concomitant medications with their daily dose."""
    rows = data.tables["medications"]
    made = rows.select(
        **begin(data, "CM"),
        CMTRT=pl.col("drug"),
        CMDECOD=pl.col("drug"),
        CMDOSE=pl.col("daily_dose"),
        CMDOSU=text("unit", rows),
        CMSTDY=cdisc_day(pl.col("start_day")),
        CMENDY=cdisc_day(pl.col("end_day")),
    )
    return Dataset("CM", "Concomitant Medications", number_rows(made, "CMSEQ"))

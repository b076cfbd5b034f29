"""Fibrosis and portal hypertension: FIB-4, APRI, the Baveno rules, change of liver stiffness."""

import polars as pl

from analytics.catalog import Parameter
from analytics.scores.bands import choose_first, exact, name_band
from analytics.scores.definition import Input, Output, Score, needs

RANKS = ("low", "indeterminate", "high")
CSPH = ("ruled_out", "grey_zone", "probable", "ruled_in")
PLATELETS = Input("platelets", unit="10*9/L", worse="lower")


def rank(low: pl.Expr, high: pl.Expr) -> pl.Expr:
    """Low, high or indeterminate by two conditions."""
    return choose_first({"low": low, "high": high}, "indeterminate")


def fib4(*, age: pl.Expr, ast: pl.Expr, alt: pl.Expr, platelets: pl.Expr) -> dict[str, pl.Expr]:
    """``value`` with its category; none below 35 years, where FIB-4 is not validated."""
    value = age * ast / (platelets * alt.sqrt())
    cut = exact(value)
    young = pl.when(age < 65).then(cut < 1.30).when(age >= 65).then(cut < 2.0)
    category = rank(young, cut > 2.67)
    return {
        "value": value,
        "category": pl.when(age >= 35).then(category),
        "category_viral": rank(cut < 1.45, cut > 3.25),
    }


def apri(*, ast: pl.Expr, ast_uln: pl.Expr, platelets: pl.Expr) -> dict[str, pl.Expr]:
    """``value`` with its reading for fibrosis and for cirrhosis."""
    value = ast / ast_uln * 100 / platelets
    return {
        "value": value,
        "fibrosis": name_band(value, RANKS, 0.5, 1.5),
        "cirrhosis": name_band(value, RANKS, 1.0, 2.0),
    }


def baveno(*, lsm: pl.Expr, platelets: pl.Expr) -> dict[str, pl.Expr]:
    """Clinically significant portal hypertension, and whether endoscopy can be deferred."""
    stiffness, count = exact(lsm), exact(platelets)
    probable = ((stiffness >= 20) & (count < 150)) | ((stiffness >= 15) & (stiffness < 20) & (count < 110))
    chain = {
        "ruled_in": (stiffness >= 25) & count.is_not_null(),
        "ruled_out": (stiffness <= 15) & (count >= 150),
        "probable": probable,
    }
    known = stiffness.is_not_null() & count.is_not_null()
    csph = choose_first(chain, "grey_zone")
    return {
        "csph": pl.when(known).then(csph),
        "endoscopy_deferrable": pl.when(known).then((stiffness < 20) & (count > 150)),
    }


def lsm_change(*, lsm_baseline: pl.Expr, lsm_followup: pl.Expr) -> dict[str, pl.Expr]:
    """Percent change of liver stiffness, and whether the decrease is clinically significant (Baveno VII)."""
    change = pl.when(lsm_baseline > 0).then(100 * (lsm_followup - lsm_baseline) / lsm_baseline)
    fell, after = exact(change), exact(lsm_followup)
    significant = ((fell <= -20) & (after < 20)) | ((fell < 0) & (after < 10))
    return {
        "pct_change": change,
        "clinically_significant_decrease": pl.when(fell.is_not_null()).then(significant),
    }


FIB4 = Score(
    parameter=Parameter("fib4", "FIB-4", unit="{score}", better="lower", decimals=2),
    version="Sterling 2006",
    inputs=(
        Input("age", unit="years", origin="subject", bounds=(0, 120), worse="higher"),
        Input("ast", unit="U/L", label="AST", worse="higher"),
        Input("alt", unit="U/L", label="ALT"),
        PLATELETS,
    ),
    outputs=(
        Output("value"),
        Output("category", words=RANKS),
        Output("category_viral", words=RANKS),
    ),
    formula=fib4,
    value="value",
    category="category",
    needs=needs("age", "ast", "alt", "platelets"),
    disagreements=((16, "Some ground truths of MedCalc-Bench v1.2 are wrong (corrected in its Verified release)."),),
    reading=(
        "Age x AST / (platelets x sqrt(ALT)). Low below 1.30 (from 65 years on below 2.0), high above 2.67; no "
        "category below 35 years. Viral hepatitis: low below 1.45, high above 3.25. In known cirrhosis it follows "
        "platelets and age as much as fibrosis: read the trend."
    ),
    source=(
        "Sterling RK et al. Hepatology 2006;43:1317. Shah AG et al. Clin Gastroenterol Hepatol 2009;7:1104. "
        "McPherson S et al. Am J Gastroenterol 2017;112:740"
    ),
)

APRI = Score(
    parameter=Parameter("apri", "APRI", unit="{score}", better="lower", decimals=2),
    version="Wai 2003",
    inputs=(
        Input("ast", unit="U/L", label="AST", worse="higher"),
        Input("ast_uln", unit="U/L", label="upper limit of AST", origin="upper limit", paramcd="ast"),
        PLATELETS,
    ),
    outputs=(Output("value"), Output("fibrosis", words=RANKS), Output("cirrhosis", words=RANKS)),
    formula=apri,
    value="value",
    category="fibrosis",
    needs=needs("ast", "ast_uln", "platelets"),
    disagreements=(
        (16, "cliot 0.2.0 computes a wrong APRI."),
        (0, "WHO 2024 lowers the treatment thresholds for hepatitis B to 0.5 and 1.0; not used as categories here."),
    ),
    reading=(
        "AST / upper limit of AST x 100 / platelets. The limit is that of the laboratory, never a silent 40. Fibrosis: "
        "low to 0.5, high above 1.5. Cirrhosis: low to 1.0, high above 2.0."
    ),
    source="Wai CT et al. Hepatology 2003;38:518. WHO hepatitis guidelines 2014",
)

BAVENO = Score(
    parameter=Parameter(
        "baveno",
        "Portal hypertension by the Baveno rules",
        short="Baveno CSPH",
        unit="{grade}",
        better="lower",
        decimals=0,
        levels={place: (word.replace("_", " "),) for place, word in enumerate(CSPH)},
    ),
    version="Baveno VI/VII",
    inputs=(Input("lsm", unit="kPa", label="liver stiffness", worse="higher"), PLATELETS),
    outputs=(Output("csph", words=CSPH), Output("endoscopy_deferrable")),
    formula=baveno,
    value="csph",
    category="csph",
    needs=needs("lsm", "platelets"),
    note="Only for compensated advanced chronic liver disease; ruled in for viral, alcohol and non-obese MASLD.",
    reading=(
        "Clinically significant portal hypertension: ruled in from 25 kPa; ruled out to 15 kPa with platelets from "
        "150; probable (at least 60 %) from 20 kPa with platelets below 150, or 15 to below 20 kPa with platelets "
        "below 110; otherwise grey zone. Endoscopy deferrable below 20 kPa with platelets above 150."
    ),
    source="Baveno VI: de Franchis R. J Hepatol 2015;63:743. Baveno VII: de Franchis R et al. J Hepatol 2022;76:959",
)

LSM_CHANGE = Score(
    parameter=Parameter("lsm_change", "Change of liver stiffness", unit="%", better="lower", decimals=0),
    version="Baveno VII 2022",
    inputs=(
        Input("lsm_baseline", unit="kPa", label="liver stiffness at baseline", paramcd="lsm", moment="baseline"),
        Input("lsm_followup", unit="kPa", label="liver stiffness", paramcd="lsm", worse="higher", max_age=0),
    ),
    outputs=(
        Output("pct_change"),
        Output("clinically_significant_decrease", words=("no significant decrease", "significant decrease")),
    ),
    formula=lsm_change,
    value="pct_change",
    category="clinically_significant_decrease",
    needs=needs("lsm_baseline", "lsm_followup"),
    post=True,
    note="Same device, same probe, fasting; ascites makes transient elastography invalid.",
    reading=(
        "100 x (follow-up - baseline) / baseline. A decrease is clinically significant from 20 % to a value below 20 "
        "kPa, or of any size to a value below 10 kPa."
    ),
    source="Baveno VII: de Franchis R et al. J Hepatol 2022;76:959",
)

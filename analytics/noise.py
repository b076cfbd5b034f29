"""Is a change of one patient larger than noise? The reference change value.

Analytical and within-person variation are coefficients of variation in percent that somebody
published or measured; without both there is no reference change value. Variation counts as
log-normal, so that a rise must be larger than a fall, in percent.

Source: Harris EK, Yasaka T. Clin Chem 1983;29:25-30; Fokkema MR et al. Clin Chem 2006;52:1602-1603.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Any

import polars as pl

from analytics.statistics.interval import Z


@dataclass(frozen=True)
class Variation:
    """Analytical and within-person coefficient of variation, in percent, with where they come from."""

    analytical: float
    within: float
    source: str

    @property
    def fall(self) -> float:
        """The fall in percent that noise alone exceeds in fewer than 2.5 %."""
        return 100 * (1 - exp(-self.width))

    @property
    def rise(self) -> float:
        """The rise in percent that noise alone exceeds in fewer than 2.5 %."""
        return 100 * (exp(self.width) - 1)

    @property
    def width(self) -> float:
        """The limit on the logarithmic scale."""
        squared = (self.analytical**2 + self.within**2) / 10_000
        return Z * sqrt(2 * log(squared + 1))

    @property
    def words(self) -> str:
        """The limits with their reason."""
        return (
            f"Noise alone seldom exceeds −{self.fall:.0f} % or +{self.rise:.0f} % (reference change value, 95 %: "
            f"analytical variation {self.analytical:g} %, within-person {self.within:g} %; {self.source})."
        )


def find_variation(config: Mapping[str, Any], saved: Mapping[str, Any], paramcd: str) -> Variation | None:
    """The variation of a parameter: what a user entered, else what the study file says; None without."""
    own = saved.get(paramcd) or config.get("variation", {}).get(paramcd)
    return Variation(float(own["analytical"]), float(own["within"]), str(own["source"])) if own else None


def derive_beyond_noise(rows: pl.DataFrame, variation: Variation) -> pl.DataFrame:
    """Add ``beyond``, whether the change from a baseline above 0 is larger than noise (missing without one)."""
    ratio = pl.when((pl.col("base") > 0) & (pl.col("aval") > 0)).then((pl.col("aval") / pl.col("base")).log())
    return rows.with_columns(beyond=ratio.abs() > variation.width)

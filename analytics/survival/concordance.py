"""How often the model ranks two patients rightly: Harrell's concordance with its interval."""

from dataclasses import dataclass

import numpy as np

from analytics.statistics.interval import Array, Index, Z
from analytics.survival.cox import Cox

SIDES = ("left", "right")


@dataclass(frozen=True)
class Concordance:
    """``estimate`` between 0 and 1 (0.5: no better than chance), its standard error, and the pairs counted.

    ``tied_x`` pairs have the same prediction, ``tied_y`` the same time of both events, ``tied_xy`` both.
    None without a comparable pair.
    """

    estimate: float | None
    se: float | None
    concordant: int
    discordant: int
    tied_x: int
    tied_y: int
    tied_xy: int

    @property
    def limits(self) -> tuple[float, float] | None:
        """Normal 95 % limits, cut at 0 and 1."""
        if self.estimate is None or self.se is None:
            return None
        return max(0.0, self.estimate - Z * self.se), min(1.0, self.estimate + Z * self.se)


def estimate_concordance(fit: Cox) -> Concordance:
    """The concordance of the model's linear predictor with survival, within strata.

    A death is compared with everybody still at risk at its time who lives longer. The standard error is
    the infinitesimal jackknife over the rows, or over the clusters.

    Source: Harrell FE et al. JAMA 1982;247:2543; Therneau TM, Watson DA. Mayo Clinic report 85 (2015).
    """
    design = fit.design
    predicted = np.round(design.x @ fit.beta, 12)
    counts = np.zeros((len(predicted), 3))  # of each row: concordant, discordant, tied pairs
    tied = np.zeros(2, dtype=np.int64)
    for cell in range(len(fit.cells.time)):
        dying = fit.cells.own[fit.cells.cell == cell]
        begin, end = (np.searchsorted(design.stratum, fit.cells.stratum[cell], side=side) for side in SIDES)
        rows = np.arange(begin, end)
        rows = rows[(design.stop[rows] >= fit.cells.time[cell]) & (design.start[rows] < fit.cells.time[cell])]
        others = rows[~np.isin(rows, dying)]
        compare_deaths(counts, predicted, dying, others)
        repeats = np.unique(predicted[dying], return_counts=True)[1]
        both = int((repeats * (repeats - 1) // 2).sum())
        tied += [len(dying) * (len(dying) - 1) // 2 - both, both]
    return gather(counts, tied, None if fit.cluster is None else fit.cluster[design.row])


def compare_deaths(counts: Array, predicted: Array, dying: Index, others: Index) -> None:
    """Add the pairs of the dying with the others to both rows' counts."""
    for row in dying:
        signs = np.sign(predicted[row] - predicted[others])
        for place, sign in enumerate((1, -1, 0)):
            hit = signs == sign
            counts[row, place] += hit.sum()
            counts[others[hit], place] += 1


def gather(counts: Array, tied: Index, cluster: Index | None) -> Concordance:
    """The estimate and its standard error from the counts of every row."""
    concordant, discordant, same = (round(total / 2) for total in counts.sum(axis=0))
    pairs = concordant + discordant + same
    numbers = (concordant, discordant, same, int(tied[0]), int(tied[1]))
    if not pairs:
        return Concordance(None, None, *numbers)
    somers = (concordant - discordant) / pairs
    moved = (counts[:, 0] - counts[:, 1] - somers * counts.sum(axis=1)) / pairs
    if cluster is not None:
        moved = np.bincount(cluster, weights=moved)
    return Concordance((somers + 1) / 2, float(np.sqrt((moved**2).sum())) / 2, *numbers)

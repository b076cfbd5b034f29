"""The exact partial likelihood of tied times (discrete logistic), for few ties only."""

import numpy as np

from analytics.statistics.interval import Array
from analytics.survival.cox_terms import Cells, Design


def measure_exact(design: Design, cells: Cells, beta: Array) -> tuple[float, Array, Array]:
    """Log likelihood, gradient and information: the deaths against all sets of as many at risk.

    The sum over all sets grows by one subject at a time, from the last time backwards, so it needs rows
    that are at risk from the start.

    Source: Gail MH, Lubin JH, Rubinstein LV. Biometrika 1981;68:703 (R: coxph, ties = "exact").
    """
    p = design.x.shape[1]
    likelihood, gradient, information = 0.0, np.zeros(p), np.zeros((p, p))
    for stratum in np.unique(cells.stratum):
        mine = np.flatnonzero(cells.stratum == stratum)
        rows = np.flatnonzero(design.stratum == stratum)[::-1]
        most = int(cells.deaths[mine].max())
        sums: list[Array] = [np.zeros((most + 1, *shape)) for shape in ((), (p,), (p, p))]
        sums[0][0], reached = 1.0, 0
        for cell in mine[::-1]:
            until = int(np.searchsorted(-design.stop[rows], -cells.time[cell], side="right"))
            for row in rows[reached:until]:
                add_subject(sums, design.x[row], float(np.exp(design.x[row] @ beta)))
            reached = until
            d, own = int(cells.deaths[cell]), design.x[cells.own[cells.cell == cell]].sum(axis=0)
            mean = sums[1][d] / sums[0][d]
            likelihood += float(own @ beta - np.log(sums[0][d]))
            gradient += own - mean
            information += sums[2][d] / sums[0][d] - np.outer(mean, mean)
    return likelihood, gradient, information


def add_subject(sums: list[Array], x: Array, risk: float) -> None:
    """Let the sums over all sets of 1, 2, … subjects hold one subject more: value, gradient, second derivative."""
    value, slope, bend = (part[:-1].copy() for part in sums)
    sums[0][1:] += risk * value
    sums[1][1:] += risk * (slope + value[:, None] * x)
    cross = slope[:, :, None] * x[None, None, :]
    sums[2][1:] += risk * (bend + cross + cross.transpose(0, 2, 1) + value[:, None, None] * np.outer(x, x))

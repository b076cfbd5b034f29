"""What single rows contribute to a Cox model."""

import numpy as np

from analytics.statistics.interval import Array
from analytics.survival.cox_terms import Cells, Design, derive_terms, find_places


def derive_score_residuals(design: Design, cells: Cells, beta: Array) -> Array:
    """Each row's part of the gradient, in the order of the design: they sum to zero at the estimate."""
    terms = derive_terms(design, cells, beta)
    hazard, pull = cumulate(design, cells, 1 / terms.total[:, None], terms.mean / terms.total[:, None])
    risk = np.exp(design.x @ beta)[:, None]
    residuals = -risk * (design.x * hazard - pull)
    mean = average(cells, terms.mean)
    residuals[cells.own] += design.x[cells.own] - mean[cells.cell]
    return residuals


def average(cells: Cells, values: Array) -> Array:
    """The mean over the deaths of every cell."""
    summed = np.zeros((len(cells.deaths), *values.shape[1:]))
    np.add.at(summed, cells.cell, values)
    return summed / cells.deaths.reshape(-1, *[1] * (values.ndim - 1))


def cumulate(design: Design, cells: Cells, *steps: Array) -> list[Array]:
    """What each row gathers of steps that stand at the deaths, while it is at risk.

    A row that dies among tied deaths meets each of their steps only for the share of turns that it has
    not yet had (Efron).
    """
    gathered = []
    for step in steps:
        cell_steps = np.zeros((len(cells.deaths), step.shape[1]))
        np.add.at(cell_steps, cells.cell, step)
        total = np.concatenate([np.zeros((1, step.shape[1])), np.cumsum(cell_steps, axis=0)])
        places = [
            find_places(cells.stratum, cells.time, design.stratum, when, side="right")
            for when in (design.stop, np.maximum(design.start, -1.0))
        ]
        first = np.searchsorted(cells.stratum, design.stratum)
        places[1] = np.maximum(places[1], first)
        sums = total[places[0]] - total[places[1]]
        spared = np.zeros_like(cell_steps)
        np.add.at(spared, cells.cell, cells.turn[:, None] * step)
        sums[cells.own] -= spared[cells.cell]
        gathered.append(sums)
    return gathered

"""The weights of the log-rank family."""

import numpy as np

from analytics.statistics.interval import Array

WEIGHTS = {
    "logrank": "Log-rank",
    "gehan": "Gehan (Breslow)",
    "tarone_ware": "Tarone-Ware",
    "peto": "Peto-Peto",
    "fh_1_0": "Fleming-Harrington, early differences (ρ 1, γ 0)",
    "fh_0_1": "Fleming-Harrington, late differences (ρ 0, γ 1)",
    "fh_1_1": "Fleming-Harrington, differences in the middle (ρ 1, γ 1)",
}


def weigh_times(dead: Array, at_risk: Array, weight: str) -> Array:
    """The weight of every event time."""
    if weight == "logrank":
        return np.ones(len(dead))
    if weight in ("gehan", "tarone_ware"):
        return at_risk if weight == "gehan" else np.sqrt(at_risk)
    if weight == "peto":
        return np.cumprod(1 - dead / (at_risk + 1))
    rho, gamma = (int(power) for power in weight.split("_")[1:])
    before = np.append(1.0, np.cumprod(1 - dead / at_risk)[:-1]) if len(dead) else np.ones(0)
    return before**rho * (1 - before) ** gamma

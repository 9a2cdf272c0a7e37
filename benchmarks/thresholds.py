"""How long the adaptive thresholds run until they call, in control and after a shift, beside theory.

    python benchmarks/thresholds.py

Prints mean run lengths of charts of an autoregression of order 1 that were told neither mean, deviation nor
correlation, made for a mean run length of 370 looks, and how long they take to find a shift of one deviation.
"""

from __future__ import annotations

import numpy as np

from swarmscale.arrays import Floats
from swarmscale.model.health.run_length import run_length, width_for
from swarmscale.model.optimization.charts import LEAST, Charts, blank, foretell, seen

WEIGHT, LENGTH, CHARTS = 0.2, 370.0, 20_000


def lengths(phi: float, learned: int, shift: float, seed: int) -> Floats:
    """`[CHARTS]` looks from the end of learning until each chart calls; the mean shifts then by so many deviations."""
    rng = np.random.default_rng(seed)
    half = width_for(WEIGHT, LENGTH) * float(np.sqrt(WEIGHT / (2 - WEIGHT)))
    state, scale, k = blank(CHARTS), 1 / np.sqrt(1 - phi**2), 0
    x, out, alive = rng.normal(size=CHARTS) * scale, np.zeros(CHARTS), np.arange(CHARTS)
    while len(alive):
        y = x + (shift * scale if k > learned else 0.0)
        state = seen(state, y, foretell(state), WEIGHT, half, learned)
        if k > learned:
            call = np.abs(state.average) > half
            out[alive[call]] = k - learned
            state, x, alive = Charts(*(a[~call] for a in state)), x[~call], alive[~call]
        x = phi * x + rng.normal(size=len(x))
        k += 1
    return out


def main() -> None:
    """Print the table."""
    print(
        "| correlation of a look with the next | learned from | in control | error | shift of 1 sd | theory |"
    )
    print("|---|---|---|---|---|---|")
    for phi in (0.0, 0.5, 0.9):
        scale = 1 / np.sqrt(1 - phi**2)
        theory = run_length(WEIGHT, width_for(WEIGHT, LENGTH), shift=(1 - phi) * scale, first=scale)
        for learned in (LEAST, 200):
            calm, shifted = lengths(phi, learned, 0.0, 1), lengths(phi, learned, 1.0, 2)
            error = calm.std() / np.sqrt(CHARTS)
            print(
                f"| {phi:g} | {learned} looks | {calm.mean():.0f} | {error:.1f} | {shifted.mean():.1f} | {theory:.1f} |"
            )


if __name__ == "__main__":
    main()

"""What the tests of detectors share: windows of controls, verdicts of one window, and the rule for rates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import stats

from swarmscale.model.emergence.controls import NULLS, POSITIVES


def rng_of(*words):
    return np.random.default_rng(words)


def look(detector, window, seed=0):
    return detector.look(window, detector.start(), rng_of(seed))[0]


def statistics_of(detector, window, seed=0):
    return {test.statistic: test for test in look(detector, window, seed).tests}


def made(control, parts, k, samples=300, **switch):
    return control.make(parts, samples, rng_of(parts, k), **switch)


def may_be(hits, times, level):
    """Whether a rate is not above a level: its one-sided 99.9 % lower limit (Clopper and Pearson) is not."""
    return hits == 0 or stats.beta.ppf(0.001, hits, times - hits + 1) <= level


def nulls():
    resonant = NULLS.make("oscillators")
    return {
        "white": NULLS.make("autoregressive", memory=0.0),
        "AR(.9)": NULLS.make("autoregressive"),
        "AR(.99)": NULLS.make("autoregressive", memory=0.99),
        "random walk": NULLS.make("autoregressive", memory=1.0),
        "t2": NULLS.make("heavy_tails"),
        "resonant": resonant,
        "periods": replace(resonant, kind="periods"),
        "one period": replace(resonant, kind="phase"),
        "voters apart": NULLS.make("uncoupled", of=POSITIVES.make("voters")),
        "phases apart": NULLS.make("uncoupled", of=POSITIVES.make("kuramoto")),
        "driver told": NULLS.make("driver"),
    }


def rejections(detector, windows):
    """How often each statistic has p at most .05, how often it was there, and how often something was found."""
    hits, there, found = {}, {}, 0
    for k, window in enumerate(windows):
        verdict = look(detector, window, k)
        found += verdict.found
        for test in verdict.tests:
            hits[test.statistic] = hits.get(test.statistic, 0) + (test.p <= 0.05)
            there[test.statistic] = there.get(test.statistic, 0) + (not test.abstained)
    return hits, there, found

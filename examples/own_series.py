"""Emergence in series of your own: rooms under one weather, and what changes when doors open between neighbors."""

from dataclasses import dataclass

import numpy as np

import swarmscale as ss
from swarmscale import emergence


@ss.register("detector", "evenness")
@dataclass(frozen=True, slots=True, kw_only=True)
class Evenness:
    """A detector of your own: parts that differ less from each other than the same series shifted in time."""

    level: float = 0.05
    draws: int = 199

    def start(self):
        """Nothing is remembered from window to window."""

    def look(self, window, memory, rng):
        """One statistic against its null, and a verdict in a sentence."""
        passed = emergence.gate(window)
        told = {"detector": "evenness", "start_s": window.start_s, "end_s": window.end_s}
        if not passed.passed:
            return emergence.Verdict(**told, abstained=passed.reason), memory
        series = emergence.cleaned(window)
        spread = series.std(axis=1).mean()
        null = np.array([x.std(axis=1).mean() for x in emergence.shifted(series, self.draws, rng)])
        p = (1 + (null <= spread).sum()) / (1 + self.draws)
        test = emergence.Test(statistic="spread", observed=spread, null_mean=null.mean(), p=p, tail="lower")
        found = bool(p <= self.level)
        sentence = f"rooms are {spread:.2f} K apart, {null.mean():.2f} K if shifted in time (p = {p:.2g})"
        return emergence.Verdict(**told, tests=(test,), p=p, found=found, sentence=sentence), memory


def rooms(linked: bool, samples: int = 1800, parts: int = 24):
    """Temperatures of rooms that follow the weather; halfway, doors open if they are to."""
    rng = np.random.default_rng(4)
    noise, outside = rng.normal(0, 0.2, (samples, parts)), np.zeros(samples)
    series = np.zeros((samples, parts))
    for t in range(1, samples):
        outside[t] = 0.95 * outside[t - 1] + rng.normal(0, 1)
        doors = 0.15 if linked and t >= samples // 2 else 0.0
        left, right = np.roll(series[t - 1], 1), np.roll(series[t - 1], -1)
        series[t] = (0.8 - 2 * doors) * series[t - 1] + doors * (left + right) + 0.02 * outside[t] + noise[t]
    return series, outside


if __name__ == "__main__":
    detectors = {name: emergence.DETECTORS.make(name) for name in ("coordination", "evenness")}
    for linked in (False, True):
        series, outside = rooms(linked)
        windows = emergence.windows_of(series, exogenous=outside, names=tuple(f"room {i}" for i in range(24)))
        watched = emergence.watch(windows, detectors, seed=1)
        print("doors open from 900 s on" if linked else "doors shut")
        for name in detectors:
            shown = ["found" if v.found else "-" for v in watched.verdicts if v.detector == name]
            print(f"  {name:<13} {' '.join(f'{word:>5}' for word in shown)}")
        for found in watched.findings:
            print(f"  {found.detector} since {found.since_s:.0f} s: {found.sentence}")
    series, outside = rooms(False)
    blind = emergence.watch(emergence.windows_of(series), {"coordination": detectors["coordination"]}, seed=1)
    print("doors shut, and nobody tells of the weather")
    print(f"  {blind.verdicts[0].sentence}")

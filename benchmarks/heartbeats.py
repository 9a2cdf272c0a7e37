"""What detectors promise and keep, what heartbeats cost, how long detection takes: `python benchmarks/heartbeats.py`.

Half a minute.
The exit code is 1 if a heartbeat of an agent costs more than 3 ns in the stretches in which a model asks for them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from swarmscale.model.config import Config
from swarmscale.model.resilience.detection import FAILURE_DETECTORS
from swarmscale.model.resilience.detection.tails import tail_warning
from swarmscale.model.resilience.heartbeats import Heartbeats, build_watch
from swarmscale.model.resilience.watching import Tier

AGENTS, GATE_NS = 50_000, 3.0


def watch(**changes: object) -> Heartbeats:
    """Heartbeats of a config with settings of its detection changed."""
    keys = {f"resilience.detection.{name.replace('__', '.')}": value for name, value in changes.items()}
    return build_watch(Config().changed(keys), 1, 16)


def cpu_s(act: Callable[[float], object], step_s: float) -> float:
    """Median CPU seconds of a call in ten successive steps, after one that compiles."""
    act(0.0)
    took = []
    for i in range(1, 11):
        begun = time.process_time()
        act(i * step_s)
        took.append(time.process_time() - begun)
    return float(np.median(took))


def cost() -> bool:
    """Print what false suspicions of a fleet cost; whether the gate holds."""
    ids = np.arange(1, AGENTS + 1)
    kept = True
    print("| law | heartbeats asked for at once | ns a heartbeat | ms a simulated second of 50,000 agents |")
    print("|---|---|---|---|")
    for law in ("normal", "lognormal"):
        for beats in (1, 4, 16):
            w = watch(law=law)
            step = beats * w.interval_s
            spent = cpu_s(lambda s, w=w, step=step: w.alarms(Tier.AGENT, ids, ids // 100, s, s + step), step)
            ns = 1e9 * spent / (beats * AGENTS)
            kept &= beats < 16 or law != "normal" or ns <= GATE_NS
            print(f"| {law} | {beats} | {ns:.2f} | {1e3 * spent / step:.3f} |")
    w = watch()
    spent = cpu_s(lambda s: w.found_s(Tier.AGENT, ids[::100], ids[::100] // 100, np.full(500, s)), w.epoch_s)
    print(f"windows and silences of 500 groups: {1e3 * spent:.0f} ms once in {w.epoch_s:g} s")
    return kept


def promises() -> None:
    """Print the chance of a mistake at a heartbeat, by the true law's tail, over what is promised."""
    from scipy import stats

    rng = np.random.default_rng(1)
    laws = {
        "normal, sd .1": (lambda n, w: 1 + 0.1 * rng.normal(size=(n, w)), stats.norm(1, 0.1)),
        "lognormal, sigma .3": (lambda n, w: np.exp(0.3 * rng.normal(size=(n, w))), stats.lognorm(0.3)),
    }
    levels = (1.0, 2.0, 3.0, 5.0, 8.0)
    print("| gaps | window | detector | " + " | ".join(f"phi {phi:g}" for phi in levels) + " |")
    print("|---|---|---|---|---|---|---|---|")
    for law, (draw, true) in laws.items():
        for size in (200, 1000):
            gaps = draw(2000, size)
            for name, more in (
                ("phi", {}), ("phi-gamma", {}), ("phi-empirical", {}), ("phi-empirical", {"tail": "pareto"}),
            ):  # fmt: skip
                made = [FAILURE_DETECTORS.make(name, phi=p, least_sd_s=1e-6, **more) for p in levels]
                chance = [float(true.sf(d.silence_s(gaps)).mean()) for d in made]
                shown = " | ".join(f"{c:.2g}" for c in chance)
                print(f"| {law} | {size} | {name}{', pareto' if more else ''} | {shown} |")
    for law, (draw, _) in laws.items():
        for size in (200, 1000):
            warned = sum(tail_warning(draw(1, size)).warns for _ in range(3000))
            print(f"warned of {law} in windows of {size}: {warned} of 3000")


def detection() -> None:
    """Print how long it takes until a silent agent is suspected, and how often a living one is."""
    ids = np.arange(1, 2001)
    silent = np.random.default_rng(1).uniform(100.0, 200.0, len(ids))
    print(
        "\n| detector | law | interval s | mean s until suspected | 99 % | false suspicions per agent-hour |"
    )
    print("|---|---|---|---|---|---|")
    for name in ("phi", "phi-gamma", "phi-empirical", "timeout"):
        for law, interval in (("normal", 1.0), ("normal", 0.2), ("lognormal", 1.0)):
            w = watch(detector=name, law=law, interval_s=interval)
            took = w.found_s(Tier.AGENT, ids, ids // 100, silent) - silent
            false = len(w.alarms(Tier.AGENT, ids, ids // 100, 0.0, 3600.0).which) / len(ids)
            print(
                f"| {name} | {law} | {interval:g} | {took.mean():.2f} | {np.quantile(took, 0.99):.2f} | {false:.3g} |"
            )


if __name__ == "__main__":
    promises()
    print()
    held = cost()
    detection()
    sys.exit(int(not held))

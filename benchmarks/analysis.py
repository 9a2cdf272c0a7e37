"""What the analysis of sweeps is worth: indices of the Ishigami function, and how often intervals hold.

python benchmarks/analysis.py            both, about a minute
python benchmarks/analysis.py ishigami
python benchmarks/analysis.py coverage
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from swarmscale.batch.analysis import intervals, sobol
from swarmscale.batch.design import settings_of

A, B = 7.0, 0.1
CLOSED_FORM = {"x1": (0.3139, 0.5576), "x2": (0.4424, 0.4424), "x3": (0.0, 0.2437)}
"""First-order and total index of each factor: Ishigami & Homma (1990), with a = 7, b = 0.1."""

DRAWS = (3, 5, 8, 12, 20)
TIMES = 4000
LAWS: dict[str, tuple[Callable[..., np.ndarray], float]] = {
    "normal": (lambda g, size: g.normal(0.0, 1.0, size), 0.0),
    "lognormal": (lambda g, size: g.lognormal(0.0, 0.5, size), float(np.exp(0.125))),
}
"""What draws from a law, and its mean."""


def ishigami(x: Mapping[str, float]) -> float:
    return float(np.sin(x["x1"]) + A * np.sin(x["x2"]) ** 2 + B * x["x3"] ** 4 * np.sin(x["x1"]))


def design(samples: int = 1024, seed: int = 1) -> dict[str, object]:
    over = {name: {"low": -np.pi, "high": np.pi} for name in CLOSED_FORM}
    return {"kind": "saltelli", "samples": samples, "seed": seed, "over": over}


def swept(settings: list[dict[str, float]], value: Callable[[Mapping[str, float]], float]) -> pd.DataFrame:
    """The final table that a sweep of these settings would have."""
    return pd.DataFrame(
        {
            "setting": i,
            "replication": 0,
            "seed": 7,
            "status": "done",
            "error": "",
            **{f"set.{key}": x for key, x in setting.items()},
            "y": value(setting),
        }
        for i, setting in enumerate(settings)
    )


def print_ishigami() -> None:
    print("Sobol indices of the Ishigami function through the design `saltelli` [95 % interval]")
    for samples in (256, 1024, 4096):
        made = design(samples)
        found = sobol(swept(settings_of(made), ishigami), "y", made)
        print(f"{samples} base samples, {samples * 5:,} runs")
        for row in found.table.itertuples():
            first, total = CLOSED_FORM[row.factor]
            print(
                f"  {row.factor}  first {row.first:7.4f} [{row.first_low:7.4f}, {row.first_high:7.4f}]  "
                f"closed form {first:.4f}   total {row.total:.4f} [{row.total_low:.4f}, {row.total_high:.4f}]  "
                f"closed form {total:.4f}"
            )


def coverage(law: str, draws: int, times: int = TIMES, seed: int = 1) -> tuple[float, float]:
    """How often the mean lay in the bootstrap's and in Student's interval of 95 %."""
    draw, mean = LAWS[law]
    values = draw(np.random.default_rng([seed, draws]), (times, draws))
    frame = pd.DataFrame(
        {
            "setting": np.repeat(np.arange(times), draws),
            "replication": np.tile(np.arange(draws), times),
            "seed": 0,
            "status": "done",
            "error": "",
            "y": values.ravel(),
        }
    )
    found = intervals(frame, "y")
    held = (found["low"] <= mean) & (mean <= found["high"])
    student = (found["student_low"] <= mean) & (mean <= found["student_high"])
    return float(held.mean()), float(student.mean())


def print_coverage() -> None:
    print(f"Share of {TIMES:,} intervals of nominally 95 % that held the mean")
    print("draws       " + "".join(f"{n:>8}" for n in DRAWS))
    for law in LAWS:
        found = [coverage(law, n) for n in DRAWS]
        print(f"{law:<10} bootstrap " + "".join(f"{100 * b:7.1f} " for b, _ in found))
        print(f"{law:<10} Student   " + "".join(f"{100 * s:7.1f} " for _, s in found))


PARTS = {"ishigami": print_ishigami, "coverage": print_coverage}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()

"""Support of the tests of the page Experiments: small stores, run for real, and stores of a given size."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from swarmscale.batch.course import Rules
from swarmscale.batch.plan import Plan
from swarmscale.batch.race import race
from swarmscale.batch.store import Store
from swarmscale.batch.sweep import Sweep, sweep
from swarmscale.model.forecasting import Naive
from swarmscale.model.scaling.load import FluidFleet
from swarmscale.viz.race_report import write_race_report

from .test_race import wave

SHORT = {"seconds": 30.0, "intelligence.on": False}


def plan(**changes):
    """A sweep of 2 x 2 settings and 2 seeds over half a minute of ``tiny``."""
    tree = {
        "name": "small",
        "base": "tiny",
        "replications": 2,
        "rng": 7,
        "outcomes": ["cost", "response_p95_s", "violation"],
        "set": SHORT,
        "design": {"kind": "grid", "over": {"scaling": ["hpa", "quantile"], "demand.load": [0.5, 0.9]}},
    }
    return Plan.load(tree | changes)


def made(folder: Path, **changes) -> Sweep:
    """Such a sweep, run in this process."""
    return sweep(plan(**changes), out=folder, engine="here")


def raced(folder: Path):
    """A race of two policies on a short trace, with its tables and page."""
    rules = Rules(fleet=FluidFleet(mean_agents=20.0), forecaster=Naive())
    done = race([wave()], ["hpa", "static"], rules=rules, out=folder)
    done.write(folder)
    write_race_report(done, folder / "race.html")
    return done


def filled(folder: Path, runs: int) -> Store:
    """A store with so many runs that were never made: their outcomes are random numbers."""
    levels = [5.0, 10.0, 20.0, 30.0, 60.0]
    design = {"kind": "grid", "over": {"scaling": ["hpa", "quantile"], "life.start_s": levels}}
    store = Store.create(folder, plan(name="large", replications=runs // 10, design=design))
    rng = np.random.default_rng(1)
    rows = [
        store.columns.stored(
            {f"set.{key}": value for key, value in store.settings[run.setting].items()}
            | {"setting": run.setting, "replication": run.replication, "seed": 7 + run.replication}
            | {
                "status": "done",
                "error": "",
                "started_at": 1e9 + i,
                "wall_s": 0.5,
                "worker": "w",
                "host": "h",
            }
            | {name: rng.normal(10, 1) for name in store.columns.outcomes}
        )
        for i, run in enumerate(store.runs())
    ]
    (folder / "runs").mkdir()
    for part, first in enumerate(range(0, len(rows), 256)):
        table = pa.Table.from_pylist(rows[first : first + 256], store.columns.schema())
        pq.write_table(table, folder / "runs" / f"w-{part}.parquet")
    return store


def cut(part: Path, rows: int) -> None:
    """Leave the first rows of a part file alone, as if its worker had come no further."""
    pq.write_table(pq.read_table(part).slice(0, rows), part)


def foreign(root: Path) -> None:
    """Folders that look like stores and are none."""
    for name, files in {
        "no-json": {"sweep.json": "{"},
        "other-json": {"sweep.json": '{"format": 1}'},
        "newer": {"sweep.json": '{"format": 99}'},
        "no-parquet": {"frontier.parquet": "no"},
    }.items():
        (root / name).mkdir()
        for file, text in files.items():
            (root / name / file).write_text(text, encoding="utf-8")
    (root / "other-table").mkdir()
    pd.DataFrame({"a": [1]}).to_parquet(root / "other-table" / "frontier.parquet")
    pd.DataFrame({"a": [1]}).to_parquet(root / "other-table" / "table_a.parquet")

"""A race: the same for any number of processes, resumed, fair, bounded, and told honestly."""

import json
import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from swarmscale.batch.course import Rules, opened, prepare, read_json
from swarmscale.batch.knobs import VARIANTS, Entrant, Knob, entrants
from swarmscale.batch.race import race
from swarmscale.batch.tables import savings
from swarmscale.cli import main
from swarmscale.errors import ConfigError, UnknownChoiceError
from swarmscale.model.flow.traces import Trace
from swarmscale.model.forecasting import Naive
from swarmscale.model.scaling import POLICIES, KubernetesHpa, QuantileCapacity, Static
from swarmscale.model.scaling.base import Decision
from swarmscale.model.scaling.frontier import cost_at
from swarmscale.viz.race_report import race_html
from swarmscale.viz.race_tables import sheets

RACED = ("static", "seed", "hpa", "hpa-capped", "quantile", "quantile-naive")


def wave(name="wave", minutes=300, seed=1, step_s=60.0, noise=0.05):
    """Demand that rises and falls every two hours, with noise."""
    t = np.arange(minutes)
    rough = np.exp(np.random.default_rng(seed).normal(0.0, noise, minutes))
    return Trace(name=name, step_s=step_s, demand=(1 + 0.5 * np.sin(t / 19)) * rough, unit="tasks/s")


def ramp(name="ramp"):
    """Calm for the first part, then steep steps up and down."""
    calm = wave(minutes=200, seed=2, noise=0.02).demand
    return Trace(
        name=name, step_s=60.0, demand=np.append(calm, np.tile(np.repeat([1.0, 2.5], 10), 7)), unit="tasks/s"
    )


TRACES = (wave(), ramp(), wave("long bins", 100, 3, 300.0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("race")


@pytest.fixture(scope="module")
def done(folder):
    return race(TRACES, RACED, out=folder)


def same(a, b):
    """Whether two races have the same figures."""
    return all(getattr(a, n).equals(getattr(b, n)) for n in ("cells", "table_a", "table_b", "savings"))


def test_two_processes_give_the_figures_of_one(done, tmp_path):
    again = race(TRACES, RACED, out=tmp_path, processes=2)
    assert again.computed == done.computed > 100
    assert same(done, again)


def test_a_second_call_makes_only_what_is_missing_or_broken(done, folder):
    again = race(TRACES, RACED, out=folder)
    assert (again.computed, again.kept) == (0, done.computed)
    assert same(done, again)
    cells = [p for p in (folder / "store").glob("*.json") if "fit" in (read_json(p) or {})]
    cells[0].unlink()
    cells[1].write_text("{", encoding="utf-8")
    mended = race(TRACES, RACED, out=folder)
    assert (mended.computed, mended.kept) == (2, done.computed - 2)
    assert same(done, mended)


def test_another_seed_of_smooth_arrivals_or_another_trace_is_run_anew(tmp_path):
    first = race([wave()], ["static"], out=tmp_path)
    assert race([wave(seed=9)], ["static"], out=tmp_path).computed == first.computed
    assert race([wave()], ["static"], rules=Rules(fit=0.7), out=tmp_path).computed == first.computed
    assert race([wave()], ["static"], rules=Rules(violations=(0.05,)), out=tmp_path).computed == 0


def test_a_setting_changed_is_run_anew(tmp_path):
    first = race([wave()], [KubernetesHpa()], out=tmp_path)
    slower = race([wave()], [KubernetesHpa(downscale_stabilization_s=600.0)], out=tmp_path)
    assert slower.computed == first.computed
    assert not slower.table_b.equals(first.table_b)


OWN = """
from dataclasses import dataclass
from typing import ClassVar
import swarmscale as ss
from swarmscale.batch.knobs import Knob
from swarmscale.model.scaling import Decision

@ss.register("scaling policy", "{name}")
@dataclass(frozen=True, slots=True, kw_only=True)
class Own{name}:
    spare: float = 1.5
    race_knob: ClassVar[Knob] = Knob(field="spare", values=(1.2, 2.0))

    def start(self):
        return None

    def decide(self, now, memory):
        return Decision(int(now.demand * self.spare) + {more}, "as much again"), None
"""


def test_a_policy_of_a_plugin_races_and_is_run_anew_when_its_source_changes(tmp_path, capsys):
    plugin, trace = tmp_path / "own_rules.py", tmp_path / "t.csv"
    rows = [f"{60 * i},{v}" for i, v in enumerate(wave(minutes=60).demand)]
    trace.write_text("t_s,demand\n" + "\n".join(rows) + "\n", encoding="utf-8")
    ask = ["race", str(trace), "--policies", "ownone,hpa", "--plugin", str(plugin), "--processes", "1"]
    ask += ["--out", str(tmp_path / "o"), "--no-report"]
    costs = []
    for more in (1, 1, 30):
        plugin.write_text(OWN.format(name="ownone", more=more), encoding="utf-8")
        assert main(ask) == 0
        said = capsys.readouterr().out
        made = int(re.search(r"(\d+) runs in", said)[1])
        table = pd.read_csv(tmp_path / "o" / "table_b.csv").set_index("policy")
        costs.append((made, table["cost"]["ownone"]))
    frontier = pd.read_csv(tmp_path / "o" / "frontier.csv")
    assert sorted(set(frontier["value"][frontier["policy"] == "ownone"])) == [1.2, 1.5, 2.0]
    assert [made for made, _ in costs] == [3 + 8, 0, 3]
    assert costs[0][1] == costs[1][1] < costs[2][1]


def test_the_oracle_bounds_whoever_never_violates_and_the_relaxed_bound_the_rest(done):
    clean = done.cells[done.cells["violation"] == 0]
    assert len(clean) > 20
    assert (clean["cost_per_oracle"] >= 1 - 1e-12).all()
    scored = done.cells[done.cells["part"] == "score"]
    checked = 0
    for (trace, violation), rows in done.table_a.groupby(["trace", "violation"]):
        bound = rows["bound"].iloc[0]
        assert 1 - 3 * violation < bound <= 1
        within = scored[(scored["trace"] == trace) & (scored["violation"] <= violation)]
        assert (within["cost_per_oracle"] >= bound - 1e-12).all()
        checked += len(within)
    assert checked > 50


def test_all_policies_meet_the_same_random_arrivals(tmp_path):
    fleet = replace(Rules().fleet, arrivals="poisson", mean_agents=50.0)
    rules = Rules(fleet=fleet)
    one = race([wave(minutes=90)], ["static", "hpa"], rules=rules, out=tmp_path)
    courses = list((tmp_path / "store").glob("*.npz"))
    assert len(courses) == 1
    alone = race([wave(minutes=90)], ["hpa"], rules=rules)
    both = one.cells[one.cells["policy"] == "hpa"].reset_index(drop=True)
    assert both.equals(alone.cells)
    other = race([wave(minutes=90)], ["hpa"], rules=replace(rules, seed=8))
    assert not other.cells["violation"].equals(alone.cells["violation"])


def test_a_knob_is_chosen_on_the_first_part_and_scored_on_the_rest(done):
    rows = done.table_a[(done.table_a["trace"] == "ramp") & done.table_a["policy"].isin(["hpa", "quantile"])]
    worse = 0
    for row in rows.itertuples():
        mine = done.cells[(done.cells["trace"] == "ramp") & (done.cells["policy"] == row.policy)]
        fit, score = (mine[mine["part"] == part].set_index("value") for part in ("fit", "score"))
        within = fit[fit["violation"] <= row.violation]
        if within.empty:
            assert np.isnan(row.chosen)
            assert np.isinf(row.chosen_cost)
            continue
        assert row.chosen == within["cost_per_oracle"].idxmin()
        assert row.chosen_cost == score["cost_per_oracle"][row.chosen]
        assert row.chosen_violation == score["violation"][row.chosen]
        worse += row.chosen_violation > row.violation
    assert worse > 0  # the calm part promised too much, and the table says so


def test_what_comes_after_the_first_part_does_not_move_the_choice():
    calm = wave(minutes=300, seed=4)
    shuffled = calm.demand.copy()
    shuffled[180:] = np.random.default_rng(0).permutation(shuffled[180:])
    first, second = (
        race([replace(calm, demand=demand)], ["hpa", "quantile"]).table_a
        for demand in (calm.demand, shuffled)
    )
    assert first["chosen"].equals(second["chosen"])
    assert first["chosen"].notna().any()
    assert not first["chosen_cost"].equals(second["chosen_cost"])


def test_costs_between_two_points_lie_on_a_line_over_the_logarithm_of_the_violation():
    v, c = np.array([0.1, 0.001, 0.01, 0.02]), np.array([1.1, 1.4, 1.2, 1.3])
    assert cost_at(0.01, v, c) == pytest.approx(1.2)
    assert cost_at(0.00316227766, v, c) == pytest.approx(1.3)
    assert cost_at(0.0316227766, v, c) == pytest.approx(1.15)  # the point at .02 is beaten by that at .01
    assert cost_at(0.5, v, c) == pytest.approx(1.1)
    assert cost_at(0.0005, v, c) == np.inf
    assert cost_at(0.001, np.array([0.0, 0.01]), np.array([2.0, 1.0])) == pytest.approx(1.5)  # none is .01 %


def equal(*rows):
    return pd.DataFrame(rows, columns=["trace", "violation", "policy", "cost"])


def test_a_saving_is_told_against_a_named_baseline_and_is_missing_where_either_is():
    table = savings(
        equal(
            ("a", 0.01, "quantile", 1.2), ("a", 0.01, "hpa", 1.5), ("a", 0.01, "kpa", 1.0),
            ("b", 0.01, "quantile", np.inf), ("b", 0.01, "hpa", 1.5), ("b", 0.01, "kpa", np.inf),
        )
    )  # fmt: skip
    found = {(r.trace, r.baseline): r.saving for r in table.itertuples()}
    assert set(table["policy"]) == {"quantile"}
    assert found["a", "hpa"] == pytest.approx(0.2)
    assert found["a", "kpa"] == pytest.approx(-0.2)
    assert np.isnan(found["b", "hpa"])
    assert np.isnan(found["b", "kpa"])
    assert savings(equal(("a", 0.01, "hpa", 1.0))).empty


def test_the_page_and_the_terminal_say_where_the_default_is_dearer(done):
    worse = done.savings.assign(saving=np.where(done.savings["trace"] == "ramp", -0.125, 0.5))
    (sheet,) = [s for s in sheets(replace(done, savings=worse)) if s.title.startswith("Saving")]
    assert "not cheaper than hpa at 0.1 % on ramp (-12.5 %)" in sheet.below
    assert "wave" not in sheet.below
    against = next(row for row in sheet.rows if row[0] == "against hpa at 0.1 %")
    assert against[1:4] == ("50.0 %", "-12.5 %", "50.0 %")
    better = replace(done, savings=worse.assign(saving=0.1))
    assert "is cheaper wherever" in next(s for s in sheets(better) if s.title.startswith("Saving")).below


def test_medians_of_the_one_minute_traces_stand_beside_those_of_all(done):
    assert done.minute_traces == ("wave", "ramp")
    table = sheets(done)[0]
    assert table.head == ("policy", "wave", "ramp", "long bins", "median, 1-min traces", "median")
    costs = done.table_a[(done.table_a["policy"] == "seed") & (done.table_a["violation"] == 0.001)]["cost"]
    (row,) = [row for row in table.rows if row[0] == "seed"]
    shown = [np.median(costs[:2]), np.median(costs)]
    assert row[4:] == tuple(f"{x:.3f}" if np.isfinite(x) else "–" for x in shown)


def test_the_naive_variant_is_quantile_that_sees_naive_forecasts(done):
    naive = race([wave()], ["quantile"], rules=Rules(forecaster=Naive()))
    figures = [
        cells[(cells["trace"] == "wave") & (cells["policy"] == name)]["cost"].tolist()
        for cells, name in (
            (naive.cells, "quantile"),
            (done.cells, "quantile-naive"),
            (done.cells, "quantile"),
        )
    ]
    assert figures[0] == figures[1] != figures[2]


def test_the_capped_variant_cannot_see_demand_beyond_its_agents():
    (capped,) = entrants(["hpa-capped"])
    assert capped.policy == KubernetesHpa(metric="utilization")
    assert capped.knob == entrants(["hpa"])[0].knob


def test_everybody_races_by_default_with_the_variants_and_unlike_names():
    names = [entrant.name for entrant in entrants(None)]
    assert len(set(names)) == len(names)
    assert {*POLICIES, *VARIANTS} == {*names} >= {"quantile-naive", "hpa-capped", "learned"}
    with pytest.raises(UnknownChoiceError, match="'quantile-naive'"):
        entrants(["quantile-nave"])
    with pytest.raises(ConfigError, match="hpa is there 2 times"):
        entrants(["hpa", KubernetesHpa(target=0.5)])
    with pytest.raises(ConfigError, match="at least one"):
        entrants([])


def test_a_knob_counts_in_peaks_or_as_it_is_and_always_tries_the_default():
    static, quantile = entrants(["static", QuantileCapacity(k=1.234)])
    assert [v.policy for v in static.variants(40) if v.default] == [Static(agents=40)]
    assert static.variants(40)[0].policy == Static(agents=24)
    mine = [v for v in quantile.variants(40) if v.default]
    assert [v.value for v in mine] == [1.234]
    assert [v.value for v in quantile.variants(40)] == sorted({*quantile.knob.values, 1.234})
    few = Entrant(name="x", policy=Static(), knob=Knob(field="agents", values=(1, 2), full_values=(3,)))
    assert [v.value for v in few.variants(9, full=True)] == [0, 3]


def test_a_course_keeps_what_it_was_made_of(tmp_path):
    rules = Rules()
    prepare(wave(), rules, tmp_path / "c.npz")
    load = opened(tmp_path / "c.npz")
    assert load.demand.mean() == pytest.approx(400, rel=0.02)
    assert len(load) == 300 * 6
    parts = rules.parts(load)
    assert (parts["fit"].stop, parts["score"].start, parts["score"].stop) == (1080, 1080, 1800)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Fails at its third decision."""

    def start(self):
        return 0

    def decide(self, now, memory):
        if memory == 2:
            raise ArithmeticError("third decision")
        return Decision(now.provisioned, "stays"), memory + 1


def test_a_policy_that_fails_stops_the_race_and_leaves_no_half_of_a_run(tmp_path):
    with pytest.raises(ArithmeticError, match="third"):
        race([wave(minutes=60)], ["static", Broken()], out=tmp_path)
    for path in (tmp_path / "store").iterdir():
        assert path.suffix == ".npz" or read_json(path) is not None


def test_the_files_hold_the_tables(done, tmp_path):
    paths = done.write(tmp_path)
    assert {p.name for p in paths} == {p.name for p in tmp_path.iterdir()}
    for name, frame in (("frontier", done.cells), ("savings", done.savings), ("table_a", done.table_a)):
        back = pd.read_parquet(tmp_path / f"{name}.parquet")
        pd.testing.assert_frame_equal(back, frame)
        assert len(pd.read_csv(tmp_path / f"{name}.csv")) == len(frame) > 0


def test_the_page_holds_every_table_and_figure_and_loads_nothing(done):
    page = race_html(done)
    for sheet in sheets(done):
        assert sheet.title.replace("&", "&amp;") in page
        assert all(f">{row[0]}</th>" in page for row in sheet.rows)
    assert all(f"Cost over violations: {trace}" in page for trace in done.traces)
    assert page.count('<th scope="row">cost_per_oracle</th>') == 1
    assert not re.search(r"""<(?:link|img|script|iframe)[^>]*(?:src|href)=["']?https?:""", page)
    assert page == race_html(done)


@pytest.fixture
def csv(tmp_path):
    rows = [f"{60 * i},{v:.4f}" for i, v in enumerate(wave(minutes=60).demand)]
    path = tmp_path / "mine.csv"
    path.write_text("t_s,demand\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_json_prints_the_tables_and_nothing_else(csv, tmp_path, capsys):
    ask = ["race", str(csv), "--policies", "hpa,quantile", "--processes", "1", "--json"]
    assert main([*ask, "--out", str(tmp_path / "o")]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {row["policy"] for row in said["table_b"]} == {"hpa", "quantile"}
    assert {row["trace"] for row in said["table_a"]} == {"mine"}
    assert {row["baseline"] for row in said["savings"]} == {"hpa"}
    assert {p.name for p in (tmp_path / "o").iterdir()} >= {"race.html", "savings.csv", "table_a.parquet"}


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--policies", "hpaa"], "Did you mean 'hpa'"),
        (["--policies", ","], "at least one"),
        (["ms-ap1"], "'ms-app1'"),
        (["--fidelity", "ful"], "Did you mean 'full'"),
        (["--arrivals", "poison"], "smooth or poisson"),
        (["--startup", "-1"], "startup_s = -1"),
        (["--mean-agents", "0"], "mean_agents = 0"),
        (["--violations", "half"], "--violations half"),
        (["--violations", "2"], "shares in (0, 1)"),
        (["--forecaster", "naiv"], "'naive'"),
        (["--processes", "0"], "--processes = 0"),
        (["--rng", "x"], "x"),
        (["--plugin", "none.py"], "none.py"),
        (["--fidelity", "full", "--hours", "0"], "hours = 0"),
        (["--fidelity", "full", "--arrivals", "poisson"], "arrivals = poisson"),
    ],
)
def test_what_cannot_be_raced_is_refused_in_one_line_before_anything_is_written(
    words, named, tmp_path, capsys
):
    assert main(["race", *words, "--out", str(tmp_path / "o")]) == 2
    said = capsys.readouterr()
    assert named in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert not (tmp_path / "o").exists()

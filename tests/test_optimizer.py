"""The optimization engine: what helps is kept, what does not is undone, and a run goes on bit for bit."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import pandas as pd
import pytest

import swarmscale as ss
from swarmscale.errors import ConfigError
from swarmscale.model.optimization.base import Proposal
from swarmscale.model.optimization.engine import LOCK, Optimizer
from swarmscale.model.optimization.log import looks_frame, trials_frame
from swarmscale.model.optimization.strategies import STRATEGIES
from swarmscale.model.optimization.twins import in_twins
from swarmscale.model.sharding.whole import digest

from .shard_support import shared

QUIET = {"intelligence.on": False, "emergence.on": False, "seconds": 1200.0, "optimization.on": True}
BLIND = {"dispatch.rule": "random", "fleet.cluster_agents": 5, "demand.load": 0.65, "fleet.agents": 600}
"""Small clusters chosen blindly: tasks wait while agents elsewhere are idle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A strategy that turns one setting, whatever limits the fleet."""

    key: str = "dispatch.rule"
    value: object = "jsq"
    metric: str = "response_s"

    def propose(self, model, found):
        now = model.config.tree()
        for part in self.key.split("."):
            now = now[part]
        if now == self.value or (isinstance(now, dict) and now.get("name") == self.value):
            return f"{self.key} is {self.value} already"
        return Proposal(
            strategy=self.name(model), knob=self.key, words=f"{self.key} to {self.value}", metric=self.metric,
            expected=-0.1, changes={self.key: self.value},
        )  # fmt: skip

    def name(self, model):
        return next(n for n, s in model.optimizer.strategies.items() if s is self)

    def turn(self, model, proposal):
        before = model.config.tree()
        for part in self.key.split("."):
            before = before[part]
        model.switch(proposal.changes)
        return before["name"] if isinstance(before, dict) else before

    def undo(self, model, proposal, kept):
        model.switch({self.key: kept})


def model(strategies=None, **changes):
    m = ss.SwarmModel("tiny", rng=13, **(QUIET | BLIND | changes))
    if strategies is not None:
        m.optimizer.strategies = strategies
    return m


def test_what_helps_is_kept_with_its_effect():
    m = model({"good": Turn()}).run(600)
    first = m.optimizer.trials[0]
    assert (first.state, first.strategy, first.knob) == ("kept", "good", "dispatch.rule")
    assert first.high < 0
    assert first.p < 0.05
    assert "fell by" in first.reason
    assert m.config.tree()["dispatch"]["rule"]["name"] == "jsq"
    assert len(m.optimizer.trials) == 1  # nothing is left to propose
    assert "already" in m.optimizer.refused["good"]


def test_what_theory_expects_to_harm_is_not_tried():
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Worse(Turn):
        def propose(self, model, found):
            return replace(Turn.propose(self, model, found), expected=0.2)

    m = model({"worse": Worse()}).run(300)
    assert not m.optimizer.trials
    assert "by theory response_s would change by +20.0 %" in m.optimizer.refused["worse"]


def test_when_a_change_is_kept_charts_and_forecasts_begin_anew():
    m = model({"good": Turn()}).run(600)
    kept = next(t for t in m.optimizer.trials if t.state == "kept")
    assert min(one.due for one in m.optimizer.foresight.told) > kept.ended_s / 60 + 5 - 1
    after = next(r for r in m.optimizer.thresholds.series if r[0].time_s > kept.ended_s)
    assert {one.state for one in after} == {"learning"}


@pytest.mark.parametrize(("since_s", "from_s"), [(500.0, 500.0), (560.0, 360.0), (200.0, 360.0)])
def test_a_window_before_a_change_begins_where_a_metric_went_out_of_its_limits(since_s, from_s):
    """At 600 s two windows back are 360 s; an upset is taken into account that leaves half a window, to 540 s."""
    m = model({"good": Turn()}, **{"optimization.cooldown_s": 3000.0}).run(600)
    engine = m.optimizer
    calm = [replace(one, state="in range") for one in engine.thresholds.series[-1]]
    engine.thresholds.series[-1] = (replace(calm[0], state="high", since_s=since_s), *calm[1:])
    engine._running, engine._clean_s = None, 0.0
    turned = {"stealing.on": True}
    proposal = Proposal(
        strategy="good", knob="k", words="w", metric="response_s", expected=0.0, changes=turned
    )
    engine._turn(m, proposal, 0.0, 0)
    assert engine._running.from_s == from_s


def test_what_harms_is_undone_and_its_knob_left_alone():
    m = model(
        {"bad": Turn(key="ingress.batch", value=500)}, **{"ingress.service_ms": 10.0, "demand.load": 0.7}
    )
    m.run(1200)
    trials = m.optimizer.trials
    assert {t.state for t in trials} <= {"rolled back", "trying"}
    assert m.config.ingress.batch == 1 or trials[-1].state == "trying"
    s = m.config.optimization
    for a, b in itertools.pairwise(trials):
        assert b.time_s >= a.ended_s + LOCK * (s.settle_s + s.window_s)


def test_what_does_nothing_is_seldom_kept():
    """A knob that touches nothing here: false keeps over many trials stay within four standard errors of the level."""
    kept = done = 0
    for seed in range(10):
        m = ss.SwarmModel(
            "tiny",
            rng=seed,
            **(
                QUIET
                | BLIND
                | {
                    "optimization.cooldown_s": 0.0,
                    "seconds": 3000.0,
                    "fleet.agents": 200,
                    "resilience.on": False,
                }
            ),
        )
        m.optimizer.strategies = {"idle": Turn(key="stealing.after_s", value=7.0)}
        m.run(3000)
        ended = [t for t in m.optimizer.trials if t.state != "trying"]
        kept += sum(t.state == "kept" for t in ended)
        done += len(ended)
    assert done >= 40
    assert kept <= 0.05 * done + 4 * (0.05 * 0.95 * done) ** 0.5


def test_the_log_and_the_looks_are_tables():
    m = model({"good": Turn()}).run(300.0)
    trials, looks = trials_frame(m.optimizer.trials), looks_frame(m.optimizer)
    assert trials["strategy"].tolist() == ["good"]
    assert len(looks) == 30
    assert set(looks["kind"]) - {"none"}
    assert m.optimizer.foresight.last.due == 10  # told after five minutes, of five minutes later
    assert (looks["time_s"].diff().dropna() == 10.0).all()


def test_off_there_is_no_trial_and_nothing_to_ask():
    m = ss.SwarmModel("tiny", rng=1, **(QUIET | {"optimization.on": False}))
    assert m.optimizer is None
    with pytest.raises(ConfigError, match=r"optimization.on = false, but it must be true"):
        m.optimize_performance()


def test_an_unknown_strategy_is_refused_with_the_nearest_name():
    with pytest.raises(ConfigError, match="optimization strategy"):
        model(**{"optimization.strategies": ["caching-optimisation"]})


def test_a_host_may_ask_for_a_trial_and_gets_a_report():
    m = model({"good": Turn(), "other": Turn(key="stealing.after_s", value=3.0)}).run(60)
    if m.optimizer.trying:
        with pytest.raises(ConfigError, match="is under way"):
            m.optimize_performance()
        return
    report = m.optimize_performance()
    assert report.trial is not None
    assert {one.strategy for one in report.recommendations} == {"good", "other"}
    assert "expected to fall" in report.recommendations[0].words


def test_twins_tell_what_helps_and_leave_the_model_alone():
    m = model({"good": Turn(), "idle": Turn(key="stealing.after_s", value=3.0)}).run(50)
    m.optimizer.look(m)
    frame = m.records.frame()
    told = in_twins(m, m.optimizer.propose(m), m.optimizer.strategies, seconds=240.0, settle_s=60.0)
    assert told[0].strategy == "good"
    assert told[0].helps
    assert told[1].relative == 0.0  # the same future, bit for bit
    pd.testing.assert_frame_equal(m.records.frame(), frame)
    report = m.optimize_performance(advanced=True, seconds=240.0)
    assert report.trial.strategy == "good"


def same(a, b):
    pd.testing.assert_frame_equal(a.records.frame(), b.records.frame())
    pd.testing.assert_frame_equal(trials_frame(a.optimizer.trials), trials_frame(b.optimizer.trials))
    assert a.optimizer.beliefs == b.optimizer.beliefs


@pytest.mark.parametrize("at", [60.0, 150.0, 290.0, 660.0])
def test_a_checkpoint_before_within_and_after_trials_goes_on_bit_for_bit(tmp_path, at):
    m = model(**{"cache.change_per_s": 0.001}).run(at)
    back = ss.SwarmModel.load(m.save(tmp_path / "a"))
    assert isinstance(back.optimizer, Optimizer)
    same(m.run(400), back.run(400))


def test_one_seed_one_run_and_another_choice_moves_neither_demand_nor_faults():
    a, b = model().run(500), model(**{"optimization.on": False}).run(500)
    assert a.optimizer.trials
    assert a.records.column("arrived").tolist() == b.records.column("arrived").tolist()
    same(a, model().run(500))


@pytest.mark.parametrize(
    "knobs",
    [
        {},
        {
            "parallel.ways": 3,
            "parallel.from_s": 2.0,
            "cache.size": 60,
            "cache.change_per_s": 0.01,
            "stealing.on": True,
        },
    ],
)
def test_one_digest_for_every_number_of_shards(knobs):
    names = [name for name in STRATEGIES if name != "load-distribution"]
    others = {"fleet.nodes": 5, "seconds": 700.0, "optimization.strategies": names}
    config = ss.Config.load("tiny").changed(QUIET | BLIND | knobs | others)

    def told(m):
        return digest(m), trials_frame(m.optimizer.trials).to_csv(), m.config

    alone = shared(config, 1, told)[0]
    assert len(alone[1].splitlines()) > 2
    for shards in (2, 4):
        assert all(one == alone for one in shared(config, shards, told))


def test_what_moves_clusters_is_refused_under_shards_in_one_line():
    with pytest.raises(
        ConfigError, match=r"optimization.strategies = all, but it must leave out load-distribution"
    ):
        shared(ss.Config.load("tiny").changed(QUIET), 2, digest)


def test_every_strategy_has_a_name_and_is_made_without_arguments():
    assert set(STRATEGIES) == {
        "latency-optimization", "throughput-maximization", "resource-efficiency", "load-distribution",
        "caching-optimization", "parallel-processing", "memory-optimization", "network-optimization",
    }  # fmt: skip

"""The fast fidelity: closed forms on steps of demand, conservation, no look-ahead, and the metrics by hand."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarmscale.errors import ConfigError
from swarmscale.model.flow.traces import Trace
from swarmscale.model.forecasting import ConformalInterval, Ensemble, Naive
from swarmscale.model.scaling.base import Decision
from swarmscale.model.scaling.elasticity import Elasticity, episodes, times_to_scale
from swarmscale.model.scaling.fluid import LARGEST, run_fluid
from swarmscale.model.scaling.fluid_score import DEFINITIONS, FluidScore, oracle_cost, score
from swarmscale.model.scaling.foretold import foretell
from swarmscale.model.scaling.load import FluidFleet, Load, needed, noisy
from swarmscale.model.scaling.oracle import oracle
from swarmscale.model.scaling.pipeline import Pipeline
from swarmscale.model.scaling.prices import Prices


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """What the last period needed, times a factor."""

    factor: float = 1.0

    def start(self):
        return None

    def decide(self, now, memory):
        return Decision(
            math.ceil(self.factor * now.demand / now.slo_utilization - 1e-9), "follows", "load"
        ), None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Says given numbers one after another, and remembers all that it saw."""

    wanted: tuple[int, ...]
    seen: list = dataclasses.field(default_factory=list)

    def start(self):
        return 0

    def decide(self, now, memory):
        self.seen.append(now)
        return Decision(self.wanted[min(memory, len(self.wanted) - 1)], "says so", "script"), memory + 1


def trace(*values, step_s=10.0):
    return Trace(name="made", step_s=step_s, demand=np.array(values, float), unit="relative")


def load_of(demand, fleet, bin_steps=1):
    """A load of exactly this demand in agents, a step each; what is foretold is the last bin."""
    demand = np.array(demand, float)
    bins = demand.reshape(-1, bin_steps)[:, -1]
    told = foretell(bins, bin_steps * fleet.dt_s, fleet.lead_s, Naive(), ConformalInterval(levels=(0.9,)))
    need = needed(demand, fleet.slo_utilization)
    return Load(name="made", demand=demand, need=need, bin_steps=bin_steps, foretold=told)


def scored(run, part=slice(None)):
    return score(run, part, oracle_cost(run.load, part, run.fleet))


STEP = [90.0] * 10 + [180.0] * 20


def test_a_step_of_demand_is_served_one_period_and_one_start_up_late():
    fleet = FluidFleet(startup_s=60.0)
    run = run_fluid(Follow(), load_of(STEP, fleet), fleet)
    # it arrives in step 10, is seen at step 11, and 6 steps later the agents are ready
    assert np.flatnonzero(run.short).tolist() == list(range(10, 17))
    assert run.ready.tolist() == [100] * 17 + [200] * 13
    assert run.starting.tolist() == [0] * 11 + [100] * 6 + [0] * 13
    figures = scored(run)
    assert figures.violation == pytest.approx(7 * 180 / (10 * 90 + 20 * 180))
    assert figures.episode_s == figures.scale_s == 70.0
    assert figures.tau_under == pytest.approx(7 / 30)
    assert figures.cost == figures.agent_seconds == 10.0 * (11 * 100 + 19 * 200)


def test_the_backlog_of_a_step_grows_and_drains_by_hand():
    fleet = FluidFleet(startup_s=60.0)
    run = run_fluid(Follow(), load_of(STEP, fleet), fleet)
    grown = [800.0 * n for n in range(8)]  # 180 arrive and 100 agents serve: 80 x 10 s a step
    drained = [max(5600.0 - 200 * n, 0.0) for n in range(1, 14)]
    assert run.backlog.tolist() == pytest.approx([0.0] * 10 + grown + drained)
    # more than 5 s x 90 = 450 from 5.625 s into the first short step, more than 5 s x 180 = 900 to the end
    late = 6 + 0.4375 + 13
    assert scored(run).high_backlog_share == pytest.approx(180 * late / (900 + 3600))


@pytest.mark.parametrize("startup_s", [0.0, 10.0, 25.0, 120.0])
def test_agents_are_ready_after_the_whole_steps_of_their_start_up_time(startup_s):
    fleet = FluidFleet(startup_s=startup_s)
    run = run_fluid(Script(wanted=(100, 300)), load_of([90.0] * 30, fleet), fleet)
    assert int(np.argmax(run.ready == 300)) == 2 + math.ceil(startup_s / 10)
    assert run.starting.sum() == 200 * math.ceil(startup_s / 10)


def test_a_scale_down_cancels_the_last_to_start_first_and_then_takes_ready_ones_at_once():
    agents = Pipeline(ready=100, startup=6)
    assert agents.resize(110, 1) == 10
    assert agents.resize(130, 3) == 20
    assert agents.resize(105, 4) == -25
    assert (agents.ready, agents.starting) == (100, 5)
    agents.advance(6)
    assert agents.ready == 100
    agents.advance(7)
    assert (agents.ready, agents.starting) == (105, 0)
    assert agents.resize(60, 8) == -45
    assert agents.ready == 60


def test_a_warm_pool_wakes_its_agents_first_and_is_filled_up_at_the_price_of_starts():
    fleet = FluidFleet(startup_s=60.0, warm_agents=50, activation_s=20.0, prices=Prices(warm=0.1, start=3.0))
    run = run_fluid(Script(wanted=(180,)), load_of([90.0] * 12, fleet), fleet)
    assert run.ready.tolist() == [100] * 3 + [150] * 4 + [180] * 5
    assert run.warm.tolist() == [50] + [0] * 6 + [50] * 5
    assert run.starting.tolist() == [0] + [130] * 2 + [80] * 4 + [0] * 5
    assert run.started.tolist() == [0, 80] + [0] * 10
    assert run.cost[0] == pytest.approx(10 * (100 + 5))
    assert run.cost[1] == pytest.approx(10 * (100 + 130) + 3 * 80)


def test_what_is_called_off_while_it_wakes_goes_back_to_the_pool():
    agents = Pipeline(ready=10, startup=6, activation=2, pool=5)
    agents.resize(15, 1)
    agents.resize(12, 2)
    assert (agents.starting, agents.warm) == (2, 3)
    assert agents.refill(2) == 2
    assert (agents.refilling, agents.starting) == (2, 2)


@given(
    st.lists(st.floats(0, 50), min_size=2, max_size=40),
    st.lists(st.integers(0, 80), min_size=1, max_size=20),
    st.integers(0, 4),
    st.integers(0, 10),
)
@settings(max_examples=80, deadline=None)
def test_work_and_agents_are_conserved(demand, wanted, startup, pool):
    fleet = FluidFleet(startup_s=10.0 * startup, warm_agents=pool, activation_s=10.0)
    run = run_fluid(Script(wanted=tuple(wanted)), load_of(demand, fleet), fleet)
    assert run.served.min() >= -1e-6
    assert (run.served <= run.ready * 10.0 + 1e-6).all()
    assert run.backlog.min() >= 0
    idle = run.served < run.ready * 10.0 - 1e-6
    assert run.backlog[1:][idle] == pytest.approx(0, abs=1e-6)  # nobody idles while work waits
    whole = run.ready + run.starting + run.warm
    canceled = np.diff(whole) - run.started[1:]
    assert (canceled <= 0).all()  # agents come from starts alone
    assert min(run.ready.min(), run.starting.min(), run.warm.min()) >= 0


@given(st.lists(st.integers(0, 60), min_size=2, max_size=60), st.integers(0, 5), st.integers(0, 10**6))
@settings(max_examples=80, deadline=None)
def test_no_policy_without_a_violation_is_cheaper_than_the_oracle(demand, startup, seed):
    fleet = FluidFleet(startup_s=10.0 * startup, slo_utilization=1.0)
    load = load_of(demand, fleet)
    ahead = [max(demand[t : t + startup + 1]) for t in range(1, len(demand))]
    extra = np.random.default_rng(seed).integers(0, 3, len(ahead))
    policy = Script(wanted=tuple(int(a + e) for a, e in zip(ahead, extra, strict=True)))
    fleet = dataclasses.replace(fleet, first_agents=max(max(demand[: startup + 1]), 1))
    run = run_fluid(policy, load, fleet)
    assert not run.short.any()
    least = oracle_cost(load, slice(None), fleet)
    assert least <= run.cost.sum() + 1e-6
    if not extra.any() and demand[0] == fleet.first_agents:
        assert run.cost.sum() == pytest.approx(least)


def test_a_policy_that_knows_the_future_pays_what_the_oracle_pays():
    """The bound is reached by the model itself, not only approached."""
    demand = [50, 80, 20, 20, 90, 90, 10, 10, 10, 10, 70]
    fleet = FluidFleet(startup_s=20.0, slo_utilization=1.0, first_agents=80)
    load = load_of(demand, fleet)
    wanted = tuple(max(demand[t : t + 3]) for t in range(1, len(demand)))
    run = run_fluid(Script(wanted=wanted), load, fleet)
    assert run.cost.sum() == oracle(load.need, dt_s=10.0, startup_s=20.0).cost
    assert scored(run).cost_per_oracle == 1.0
    assert scored(run).violation == 0


def test_a_policy_sees_the_period_before_and_nothing_else():
    fleet = FluidFleet(dt_s=5.0, period_s=10.0, startup_s=20.0)
    policy = Script(wanted=(100, 300, 300))
    run_fluid(policy, load_of([90.0, 90.0, 135.0, 225.0, 90.0, 90.0, 90.0, 90.0], fleet), fleet)
    second = policy.seen[1]
    assert (second.time_s, second.period_s, second.lead_s) == (20.0, 10.0, 30.0)
    assert second.demand == 180.0
    assert second.utilization == 1.0
    assert second.late_share == 1.0
    assert second.backlog_s == pytest.approx((35 + 125) * 5 / 90)
    assert second.cost_per_task == pytest.approx(1.0)
    assert (second.ready, second.starting) == (100, 0)
    assert policy.seen[2].starting == 200


def test_before_a_bin_is_over_the_present_demand_stands_for_the_forecasts():
    fleet = FluidFleet()
    policy = Script(wanted=(100,))
    run_fluid(policy, load_of([90.0, 80.0, 70.0, 60.0, 50.0, 40.0], fleet, bin_steps=3), fleet)
    assert [now.forecast for now in policy.seen] == [90.0, 80.0, 70.0, 70.0, 70.0]
    assert [now.upper for now in policy.seen] == [90.0, 80.0, 70.0, 70.0, 70.0]


@given(st.lists(st.integers(1, 9), min_size=12, max_size=12), st.integers(1, 11), st.data())
@settings(max_examples=40, deadline=None)
def test_another_future_leaves_what_was_seen_and_done_as_it_was(past, now, data):
    """The future is the same bins in another order, since the mean to which a trace is scaled is given."""
    future = past[:now] + data.draw(st.permutations(past[now:]))
    arrivals = data.draw(st.sampled_from(["smooth", "poisson"]))
    fleet = FluidFleet(mean_agents=50.0, startup_s=20.0, arrivals=arrivals)
    runs, policies = [], []
    for values in (past, future):
        load = Load.of(trace(*values, step_s=60.0), fleet, Ensemble(), ConformalInterval(levels=(0.9,)))
        policies.append(Watch())
        runs.append(run_fluid(policies[-1], load, fleet))
    steps = now * 6
    for name in ("ready", "starting", "changed"):
        assert getattr(runs[0], name)[:steps].tolist() == getattr(runs[1], name)[:steps].tolist()
    assert policies[0].seen[: steps - 1] == policies[1].seen[: steps - 1]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Follows the upper quantile, and remembers all that it saw."""

    seen: list = dataclasses.field(default_factory=list)

    def start(self):
        return None

    def decide(self, now, memory):
        self.seen.append(dataclasses.astuple(now))
        return Decision(math.ceil(max(now.upper, now.upper_later, now.forecast)), "watches"), None


def test_a_forecast_stands_at_the_end_of_the_bin_that_it_knows():
    told = foretell(np.array([1.0, 5.0, 2.0]), 60.0, 70.0, Naive(), ConformalInterval(levels=(0.9,)))
    assert told.forecast.tolist() == [1.0, 5.0, 2.0]


def test_a_trace_is_scaled_to_the_mean_and_interpolated_between_the_ends_of_its_bins():
    fleet = FluidFleet(dt_s=10.0, mean_agents=300.0)
    load = Load.of(trace(2.0, 4.0, step_s=30.0), fleet, Naive(), ConformalInterval())
    assert load.demand == pytest.approx([200, 200, 200, 200 + 200 / 3, 200 + 400 / 3, 400])
    assert load.need.tolist() == [223, 223, 223, 297, 371, 445]
    assert load.bin_steps == 3


def test_bins_that_are_no_whole_number_of_steps_are_merged():
    load = Load.of(trace(*range(1, 9), step_s=15.0), FluidFleet(), Naive(), ConformalInterval())
    assert load.bin_steps == 2
    assert len(load) == 2 * 6  # 8 bins of 15 s are 6 of 20 s


def test_need_is_not_rounded_up_for_nothing():
    assert needed(np.array([0.0, 0.9, 90.0, 0.1 + 0.2]), 0.9).tolist() == [0, 1, 100, 1]
    assert needed(np.array([2.1 / 0.7 * 0.9]), 0.9).tolist() == [3]


def test_poisson_arrivals_have_the_mean_and_the_variance_of_poisson_and_do_not_depend_on_the_step():
    seconds = noisy(np.full(40_000, 12.0), 1.0, 2.0, 7, "a")
    assert np.array_equal(
        seconds.reshape(-1, 10).mean(axis=1), noisy(np.full(4_000, 12.0), 10.0, 2.0, 7, "a")
    )
    # counts of mean 6: mean within 4 standard errors, variance (kurtosis 3 + 1/6) too
    counts = seconds / 2.0
    assert abs(counts.mean() - 6) < 4 * math.sqrt(6 / 40_000)
    assert abs(counts.var() - 6) < 4 * 6 * math.sqrt((2 + 1 / 6) / 40_000)
    assert not np.array_equal(seconds, noisy(np.full(40_000, 12.0), 1.0, 2.0, 8, "a"))
    assert not np.array_equal(seconds, noisy(np.full(40_000, 12.0), 1.0, 2.0, 7, "b"))


def test_no_work_arrives_where_the_rate_is_nothing():
    assert noisy(np.array([0.0, 5.0, 0.0]), 10.0, 1.0, 1, "a")[[0, 2]].tolist() == [0.0, 0.0]


def test_elasticity_by_hand():
    demanded, supplied = np.array([4, 8, 8, 0, 2]), np.array([5, 6, 8, 1, 1])
    e = Elasticity.of(demanded, supplied)
    assert e.theta_under == pytest.approx((2 / 8 + 1 / 2) / 4)
    assert e.theta_over == pytest.approx((1 / 4) / 4)
    assert e.tau_under == 2 / 5
    assert e.tau_over == 2 / 5
    assert e.instability == 2 / 4  # in the second change supply rose alone, in the last demand did


def test_elastic_speed_up_by_hand():
    a = Elasticity(theta_under=0.1, theta_over=0.2, tau_under=0.1, tau_over=0.5, instability=0.0)
    b = Elasticity(theta_under=0.4, theta_over=0.2, tau_under=0.4, tau_over=0.5, instability=0.0)
    assert a.speed_up(b) == pytest.approx(16**0.25)
    perfect = dataclasses.replace(a, tau_under=0.0)
    assert math.isnan(perfect.speed_up(b))


def test_episodes_at_both_ends_count():
    assert episodes(np.array([True, False, True, True]), 10.0).tolist() == [10.0, 20.0]
    assert episodes(np.array([False, False]), 10.0).tolist() == []


def test_times_to_scale_leave_out_what_never_came():
    demanded = np.array([4, 6, 6, 4, 9])
    supplied = np.array([4, 4, 6, 6, 6])
    assert times_to_scale(demanded, supplied, 10.0).tolist() == [10.0]


def test_actions_and_starts_count_per_day():
    fleet = FluidFleet(startup_s=0.0)
    run = run_fluid(Script(wanted=(101, 101, 150, 100)), load_of([90.0] * 10, fleet), fleet)
    figures = scored(run)
    assert figures.actions_per_day == pytest.approx(3 * 864)
    assert figures.large_actions_per_day == pytest.approx(2 * 864)
    assert figures.started_per_day == pytest.approx(50 * 864)
    assert run.triggers == {"script": 3}
    assert figures.utilization == pytest.approx(900 / run.ready.sum())


def test_the_share_of_a_backlog_above_its_limit_is_exact_within_a_step():
    fleet = FluidFleet(startup_s=0.0, slo_utilization=1.0, first_agents=100)
    run = run_fluid(Script(wanted=(100,)), load_of([200.0, 40.0], fleet), fleet)
    # limit 5 s x 100 = 500: passed after 5 s of the first step, and again after 500 / 60 s of the second
    assert scored(run).high_backlog_share == pytest.approx((200 * 0.5 + 40 * 50 / 60) / 240)


def test_every_column_is_defined():
    assert tuple(DEFINITIONS) == tuple(f.name for f in dataclasses.fields(FluidScore))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"dt_s": 0.0}, "dt_s"),
        ({"period_s": 15.0}, "period_s"),
        ({"startup_s": -1.0}, "startup_s"),
        ({"mean_agents": float("inf")}, "mean_agents"),
        ({"slo_utilization": 1.1}, "slo_utilization"),
        ({"warm_agents": -1}, "warm_agents"),
        ({"arrivals": "bursty"}, "arrivals"),
        ({"arrivals": "poisson", "dt_s": 0.5, "period_s": 1.0}, "dt_s"),
    ],
)
def test_a_fleet_that_cannot_be_is_refused(change, named):
    with pytest.raises(ConfigError, match=named):
        FluidFleet(**change)


def test_a_forecast_that_grows_beyond_all_bounds_asks_for_the_largest_fleet():
    """Eight quiet bins and a steep rise: an extrapolated trend asks for more agents than can be counted."""
    fleet = FluidFleet(mean_agents=50.0, startup_s=20.0, arrivals="smooth")
    past = [1, 1, 1, 1, 1, 1, 1, 1, 3, 9, 9, 9]
    load = Load.of(trace(*past, step_s=60.0), fleet, Ensemble(), ConformalInterval(levels=(0.9,)))
    done = run_fluid(Watch(), load, fleet)
    assert (done.ready + done.starting).max() <= LARGEST

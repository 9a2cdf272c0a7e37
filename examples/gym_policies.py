"""Policies in the environments of Gymnasium: those of the model, one found by search, and fixed rules of consensus."""

from dataclasses import replace

import gymnasium
import numpy as np

import swarmscale.environment as environment
from swarmscale.environment.seeing import PLACE
from swarmscale.model.flow.traces import load_trace

FLEETS, ROUNDS, KEPT = 64, 5, 12
TRACE = load_trace("ms-app1")
DAYS = {
    "trace": replace(TRACE, demand=TRACE.demand[: 4 * 1440]),
    "seconds": 21_600.0,
    "fleet": {"period_s": 30.0},
}


def full_fidelity():
    """Half an hour of a real service in the model itself, task by task."""
    env = gymnasium.make("swarmscale/Autoscaling-v0", action="agents", seconds=600.0)
    print("full fidelity       return   cost/s   late work s")
    for name in ("hpa", "quantile"):
        done = environment.episode(env, environment.Scaling.named(name), seed=1, rng=7)
        print(f"{name:<16}{done.reward:10.2f}{done.total('cost') / 590:9.1f}{done.total('violated_s'):14.1f}")


def follow(knobs, observations):
    """Agents in proportion to the upper forecast and to demand, whichever asks for more; slowly down."""
    upper, demand = (observations[:, PLACE[name]] for name in ("upper", "demand"))
    there = observations[:, PLACE["ready"]] + observations[:, PLACE["starting"]]
    wanted = np.maximum(np.maximum(knobs[:, 0] * upper, knobs[:, 1] * demand), 1.0)
    change = np.log2(wanted / np.maximum(there, 1.0))
    return np.maximum(change, -np.abs(knobs[:, 2])).clip(-1, 1).astype(np.float32)[:, None]


def returns(env, act, seed):
    """`[N]` what each fleet earns in one episode."""
    observations, _ = env.reset(seed=[seed] * env.num_envs)
    total, over = np.zeros(env.num_envs), False
    while not over:
        observations, rewards, _, truncated, _ = env.step(act(observations))
        total += rewards
        over = truncated.all()
    return total


def searched():
    """A policy with three knobs, by the cross-entropy method: 64 fleets side by side, on other windows each round."""
    env = gymnasium.make_vec("swarmscale/FluidAutoscaling-v0", num_envs=FLEETS, **DAYS)
    rng = np.random.default_rng(7)
    mean, spread = np.array([1.3, 1.3, 0.2]), np.array([0.2, 0.2, 0.1])
    for round_ in range(ROUNDS):
        knobs = rng.normal(mean, spread, (FLEETS, 3))
        earned = returns(env, lambda seen, knobs=knobs: follow(knobs, seen), seed=round_)
        best = knobs[np.argsort(-earned)[:KEPT]]
        mean, spread = best.mean(axis=0), best.std(axis=0) + 0.01
    return mean


def fast_fidelity():
    """The same windows, none of which the search has seen, for all."""
    knobs = searched()
    print(
        f"found: {knobs[0]:.2f} x upper forecast, {knobs[1]:.2f} x demand, down by 2^-{abs(knobs[2]):.1f} a period"
    )
    env = gymnasium.make("swarmscale/FluidAutoscaling-v0", **(DAYS | {"action": "agents"}))
    single = gymnasium.make_vec("swarmscale/FluidAutoscaling-v0", num_envs=1, **DAYS)
    print("fast fidelity      mean return of 3 windows of six hours")
    for name in ("hpa", "quantile"):
        earned = [
            environment.episode(env, environment.Scaling.named(name), seed=s).reward for s in range(100, 103)
        ]
        print(f"{name:<16}{np.mean(earned):12.0f}")
    earned = [returns(single, lambda seen: follow(knobs[None], seen), s)[0] for s in range(100, 103)]
    print(f"{'found by search':<16}{np.mean(earned):12.0f}")


def decisions():
    """One rule of consensus for all questions."""
    env = gymnasium.make("swarmscale/Consensus-v0", estimates=0.0)
    print("decisions           return   right   latency s")
    for rule in ("majority", "weighted", "quorum"):
        for agents in (8, 64):
            done = environment.episode(
                env, environment.Fixed(action=environment.action_of(rule, agents)), seed=3
            )
            right, wait = (done.total(name) / done.steps for name in ("accuracy", "latency_s"))
            print(f"{rule:<10}{agents:>4}{done.reward:12.2f}{right:8.2f}{wait:12.3f}")


if __name__ == "__main__":
    full_fidelity()
    fast_fidelity()
    decisions()

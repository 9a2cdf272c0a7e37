"""What consensus rules are worth and cost: accuracy, calibration, robustness, CPU time of a decision, latency.

Four tables. Confidence votes of observers with known ideal; every rule on one panel with unequal, correlated agents;
points with bad outputs; milliseconds of a decision of 500 agents. The exit code is 1 if a rule takes 5 ms or more.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from swarmscale.agents.consensus import CONSENSUS, Confidence, History, Majority, Weighted, ballots
from swarmscale.agents.consensus.latency import best_branching, flat, rumor_rounds, tree
from swarmscale.agents.consensus.measures import (
    abstention,
    accuracy,
    brier,
    calibration_error,
    effective_voters,
    error_correlation,
    right,
)
from swarmscale.agents.consensus.theory import ideal_detection
from swarmscale.agents.topology.spectral import expander, neighbors_of
from swarmscale.bench.clock import median_cpu_s
from swarmscale.bench.machine import described, load_average, machine

MOST_MS = 5.0
PAST = NOW = 200
OPTIONS = 4


def observers(rng: np.random.Generator, n: int, boasting: float) -> tuple[Any, ...]:
    """Answers, confidences, truth and d' of n observers, each boasting by a factor of its own."""
    sensitivity, factor = rng.normal(1, 0.3, n), np.exp(boasting * rng.normal(size=n))
    truth = rng.integers(2, size=PAST + NOW)
    x = (2 * truth - 1)[:, None] * sensitivity / 2 + rng.normal(size=(PAST + NOW, n))
    evidence = sensitivity * x
    return (evidence > 0).astype(np.int64), expit(np.abs(evidence) * factor), truth, sensitivity


def confidence_votes(groups: int) -> None:
    """Accuracy of rules on observers, well calibrated and boasting, beside the ideal of signal detection."""
    print(f"two options, d' ~ N(1, .3), {PAST} past and {NOW} new questions, {groups} groups; accuracy")
    heads = ("members", "one", "majority", "surest", "weighted", "raw", "platt", "isotonic", "ideal")
    print(f"{'confidences':<14}" + "".join(f"{head:>10}" for head in heads))
    rules = (
        Majority(),
        Weighted(),
        Confidence(calibration="none"),
        Confidence(),
        Confidence(calibration="isotonic"),
    )
    for boasting, name in ((0.0, "honest"), (1.0, "boasting")):
        for n in (2, 5, 25):
            rows = []
            for g in range(groups):
                answers, said, truth, sensitivity = observers(np.random.default_rng([n, g]), n, boasting)
                history = History(answers[:PAST], said[:PAST], truth[:PAST], 2)
                given, so = ballots(answers[PAST:], 2, said[PAST:]), truth[PAST:]
                hits = [accuracy(rule.decide(given, rule.start(history)).answer, so) for rule in rules]
                surest = given.answers[np.arange(NOW), given.confidence.argmax(axis=1)]
                one = float((given.answers == so[:, None]).mean())
                rows.append(
                    [one, hits[0], accuracy(surest, so), *hits[1:], float(ideal_detection(sensitivity))]
                )
            print(f"{name:<14}{n:>10}" + "".join(f"{x:>10.3f}" for x in np.mean(rows, axis=0)))


def unequal_votes(rng: np.random.Generator, n: int, correlation: float) -> tuple[Any, ...]:
    """Votes on four options by agents of unequal skill whose errors go together, honest but for a factor each."""
    skill, factor = rng.beta(5, 5, n), np.exp(0.5 * rng.normal(size=n))
    truth = rng.integers(OPTIONS, size=PAST + NOW)
    ease = rng.normal(0, np.sqrt(correlation) * 2.5, (PAST + NOW, 1))
    chance = expit(np.log(skill / (1 - skill)) + ease + 0.5 * rng.normal(size=(PAST + NOW, n)))
    hit = rng.random(chance.shape) < chance
    wrong = (truth[:, None] + rng.integers(1, OPTIONS, chance.shape)) % OPTIONS
    answers = np.where(hit, truth[:, None], wrong)
    answers[rng.random(answers.shape) < 0.05] = -1
    return answers, expit(factor * np.log(chance / (1 - chance))), truth


def every_rule(groups: int, n: int = 25, correlation: float = 0.2) -> None:
    """Accuracy and calibration of every rule on the same panels over a random network."""
    print(
        f"\nfour options, {n} agents of unequal skill, errors correlated, 5 % give no answer, {groups} groups"
    )
    print(f"{'rule':<20}{'accuracy':>10}{'abstains':>10}{'Brier':>8}{'ECE':>8}{'rounds':>8}")
    rhos: list[float] = []
    for name in CONSENSUS:
        rule, rows = CONSENSUS.make(name), []
        for g in range(groups):
            rng = np.random.default_rng([99, g])
            answers, said, truth = unequal_votes(rng, n, correlation)
            nets, conformity = neighbors_of(n, expander(n, 4, rng)), rng.random(n)
            history = History(answers[:PAST], said[:PAST], truth[:PAST], OPTIONS)
            given, so = ballots(answers[PAST:], OPTIONS, said[PAST:], nets, conformity), truth[PAST:]
            out = rule.decide(given, rule.start(history))
            hit = right(out.answer, so)
            rows.append((out.answer, out.confidence, hit, out.rounds, so))
            if name == "majority":
                rhos.append(error_correlation(answers, truth, OPTIONS))
        answer, confidence, hit, rounds, so = (np.concatenate(column) for column in zip(*rows, strict=True))
        print(
            f"{name:<20}{accuracy(answer, so):>10.3f}{abstention(answer):>10.3f}{brier(confidence, hit):>8.3f}"
            f"{calibration_error(confidence[answer >= 0], hit[answer >= 0]):>8.3f}{rounds.mean():>8.1f}"
        )
    rho = float(np.mean(rhos))
    print(
        f"errors correlate by {rho:.3f}: {n} agents are worth {effective_voters(n, rho):.1f} independent ones"
    )


def points(groups: int, n: int = 15, d: int = 8) -> None:
    """Distance from the truth by rule, when a share of the answers is bad."""
    print(f"\npoints in {d} dimensions, {n} agents, sigma .5, bad answers 3.04; mean distance from the truth")
    variants: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("mean", "weighted", {}),
        ("median", "similarity", {}),
        ("medoid", "similarity", {"method": "medoid"}),
        ("cluster", "similarity", {"method": "cluster", "quorum": 0.25}),
    )
    shares = (1.0, 0.9, 0.6, 0.4)
    print(f"{'good answers':<20}" + "".join(f"{share:>10.0%}" for share in shares))
    for label, name, settings in variants:
        rule, means, silent = CONSENSUS.make(name, **settings), [], []
        for share in shares:
            rng = np.random.default_rng(7)
            bad = rng.random((groups * 20, n, 1)) >= share
            out = rule.decide(
                ballots(rng.normal(size=(groups * 20, n, d)) * np.where(bad, 3.04, 0.5)), rule.start(None)
            )
            means.append(float(np.nanmean(np.linalg.norm(out.answer, axis=1))))
            silent.append(abstention(out.answer))
        more = "   abstains " + " ".join(f"{x:.0%}" for x in silent) if max(silent) > 0 else ""
        print(f"{label:<20}" + "".join(f"{mean:>10.2f}" for mean in means) + more)


def cost(repeats: int, n: int = 500) -> bool:
    """CPU time of a decision of n agents, one question, over a random network of eight links each."""
    print(f"\nCPU ms of one decision of {n} agents over eight random links each")
    print(f"{'rule':<20}{'4 options':>12}{'8 dimensions':>14}")
    rng = np.random.default_rng(8)
    nets, conformity = neighbors_of(n, expander(n, 8, rng)), rng.random(n)
    answers, said, truth = unequal_votes(rng, n, 0.2)
    spots = rng.normal(size=(PAST, 1, 8)) * 3
    near = spots + rng.normal(size=(PAST, n, 8))
    silent = np.full((PAST, n), np.nan)
    votes = (
        History(answers[:PAST], said[:PAST], truth[:PAST], OPTIONS),
        ballots(answers[PAST : PAST + 1], OPTIONS, said[PAST : PAST + 1], nets, conformity),
    )
    spread = History(near[1:], silent[1:], spots[1:, 0], 0), ballots(near[:1], 0, None, nets, conformity)
    good = True
    for name in CONSENSUS:
        rule, taken = CONSENSUS.make(name), []
        for can, (history, given) in ((rule.discrete, votes), (rule.continuous, spread)):
            if not can:
                taken.append(None)
                continue
            memory = rule.start(history)
            rule.decide(given, memory)

            def again(rule: Any = rule, given: Any = given, memory: Any = memory) -> None:
                for _ in range(20):
                    rule.decide(given, memory)

            taken.append(1000 * median_cpu_s(again, repeats) / 20)
        good &= all(ms is None or ms < MOST_MS for ms in taken)
        print(
            f"{name:<20}"
            + "".join(
                f"{'-' if ms is None else f'{ms:.2f}':>{w}}" for ms, w in zip(taken, (12, 14), strict=True)
            )
        )
    print(f"gate: each under {MOST_MS:g} ms: {'yes' if good else 'NO'}; load average {load_average()}")
    return good


def latencies(n: int = 50_000) -> None:
    """Simulated time by pattern, in times of a message."""
    print(f"\nlatency of one decision of {n:,} agents, in times of a message")
    print(
        f"{'reading / message':<20}{'flat':>10}{'tree of 2':>11}{'tree of 10':>12}{'best b':>8}{'rumor':>8}"
    )
    for process in (0.1, 0.01):
        b = best_branching(1.0, process)
        print(
            f"{process:<20}{flat(n, 1.0, process).time:>10.0f}{tree(n, 2, 1.0, process).time:>11.1f}"
            f"{tree(n, 10, 1.0, process).time:>12.1f}{b:>8.1f}{rumor_rounds(n):>8.1f}"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; 1 if a rule is too slow."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--groups", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args(arguments)
    print(described(machine()))
    confidence_votes(given.groups)
    every_rule(given.groups)
    points(given.groups)
    good = cost(given.repeats)
    latencies()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

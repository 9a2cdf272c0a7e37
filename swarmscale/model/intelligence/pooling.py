"""Pooling: what a group makes of its members' numbers by talking over its links (push-sum)."""

from __future__ import annotations

import numpy as np

from ...arrays import Floats, Floats32, Ints32, kernel
from .group import Channel, Group


def pool(channel: Channel, values: Floats32) -> Floats32:
    """What every agent holds after the group's rounds; ratios of columns estimate ratios of their sums.

    Args:
        channel: the links.
        values: `[N, T]` what each agent holds at the start.

    Returns:
        `[N, T]` what each holds in the end; the sum over agents is that of the start.

    Source:
        Push-sum: Kempe, Dobra & Gehrke 2003.
    """
    now, after = np.ascontiguousarray(values, np.float32), np.empty(values.shape, np.float32)
    for _ in range(channel.rounds):
        spread(now, channel.offsets, channel.members, channel.share, channel.keep, after)
        now, after = after, now if now is not values else np.empty(values.shape, np.float32)
    return now


@kernel
def spread(
    values: Floats32, offsets: Ints32, members: Ints32, share: Floats32, keep: Floats32, out: Floats32
) -> None:
    """One round: what each agent keeps of its own and takes from its neighbors.

    Args:
        values: `[N, T]` what each agent holds.
        offsets: `[N + 1]` where each agent's links begin.
        members: `[M]` the neighbors.
        share: `[M]` what it takes from each.
        keep: `[N]` what it keeps.
        out: `[N, T]` out: what each holds then.
    """
    columns = values.shape[1]
    for i in range(values.shape[0]):
        own = keep[i]
        for c in range(columns):
            out[i, c] = own * values[i, c]
        for e in range(offsets[i], offsets[i + 1]):
            j, part = members[e], share[e]
            for c in range(columns):
                out[i, c] += part * values[j, c]


def declared(group: Group, weight: Floats, rng: np.random.Generator) -> Floats:
    """The weights that agents give themselves: flatter and noisier the worse they know their own skill.

    Args:
        group: with its agents' calibration k.
        weight: `[N]` or `[N, T]` the weight that would be best, > 0.
        rng: the source of their errors.

    Returns:
        weight ** k * exp(.4 (1 - k) z), z standard normal, one for each agent.

    Source:
        Ours; a member who knows its skill perfectly (k = 1) declares the true weight.
    """
    k = np.asarray(group.people.calibration, np.float64)
    error = np.exp(0.4 * (1 - k) * rng.standard_normal(len(k))[group.same_as])
    if weight.ndim > 1:
        k, error = k[:, None], error[:, None]
    return np.asarray(weight**k * error, np.float64)

"""Tasks that end within a tick: what is counted of their answers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...arrays import Floats, Floats32, Indices, Ints, Ints32, inlined, kernel
from ...rng import U
from .arrivals import token_row
from .ledger import Count, bin_of, steps

_PROMPT, _GENERATED, _FIRST_T = (
    int(Count.PROMPT_TOKENS),
    int(Count.GENERATED_TOKENS),
    int(Count.FIRST_TOKEN_T),
)


_WHOLE = 1.0 - 1e-6  # of an unsplit task time in hands and pure service may differ by rounding alone


class Ends(NamedTuple):
    """Tasks that end in one cluster within a tick, side by side: the compiler works on many at a time.

    Attributes:
        at: `[cap]` s, end of service.
        arrived: `[cap]` s.
        back: `[cap]` s, latency of the answer.
        service: `[cap]` s.
        useful: `[cap]` s, service without the costs of coordination and lack of skill.
        limit: `[cap]` s, time within which the answer is wanted.
        who: `[cap]` row of the agent; this and what follows are kept where tokens are counted or somebody learns.
        meta: `[cap]` class, entry node, attempts.
        uid: `[cap]` the task's key.
        work: `[cap]` s of a unit-speed agent.
    """

    at: Floats
    arrived: Floats
    back: Floats32
    service: Floats32
    useful: Floats
    limit: Floats
    who: Indices
    meta: Ints32
    uid: Ints
    work: Floats


@kernel
def no_ends(capacity: int) -> Ends:
    """Room for the ends of ``capacity`` tasks."""
    return Ends(
        np.empty(capacity, np.float64),
        np.empty(capacity, np.float64),
        np.empty(capacity, np.float32),
        np.empty(capacity, np.float32),
        np.empty(capacity, np.float64),
        np.empty(capacity, np.float64),
        np.empty(capacity, np.uint32),
        np.empty(capacity, np.int32),
        np.empty(capacity, np.int64),
        np.empty(capacity, np.float64),
    )


class Sums(NamedTuple):
    """What is counted of tasks that end, side by side.

    Attributes:
        took: `[cap]` s, from arrival to answer.
        response: `[cap]` the same in 2**-20 s.
        useful: `[cap]` pure service time in 2**-20 s, but at most the time in hands: parts of a split task stand side
            by side.
        bins: `[cap]` where it is counted: bin of its deadline, bin of its response time, whether it is in time.
    """

    took: Floats
    response: Ints
    useful: Ints
    bins: Ints


@kernel
def count_answers(
    ended: Ends, n: int, per_s: float, sums: Sums, response_hist: Ints32, met: Ints
) -> tuple[int, int, int, int, int]:
    """Count the answers to ``n`` tasks; return how many are late, and the summed times in 2**-20 s.

    The times are those of response, service and pure service, and what of the latter others did meanwhile.
    """
    took, bins = sums.took, sums.bins
    for x in range(n):
        took[x] = ended.at[x] + ended.back[x] - ended.arrived[x]
    response = service = useful = late = spared = 0
    for x in range(n):
        sums.response[x] = steps(took[x])
        response += sums.response[x]
    for x in range(n):
        sums.useful[x] = steps(ended.useful[x])
        useful += sums.useful[x]
    for x in range(n):
        took_s = np.float64(ended.service[x])
        beside = (sums.useful[x] - steps(took_s)) * (took_s < _WHOLE * ended.useful[x])
        spared += beside
        sums.useful[x] -= beside
    for x in range(n):
        service += steps(np.float64(ended.service[x]))
    ring = len(met) - 1
    for x in range(n):
        in_time = not took[x] > ended.limit[x]
        late += not in_time
        due = int((ended.arrived[x] + ended.limit[x]) * per_s) & ring
        bins[x] = (due << 11) | (bin_of(took[x]) << 1) | in_time
    for x in range(n):
        word = bins[x]
        response_hist[(word >> 1) & 1023] += 1
        met[word >> 11] += word & 1
    return late, response, service, useful, spared


@inlined
def first_tokens(
    uid: int, took: float, service: float, work: float, prompt: Ints32, generated: Ints32, prefill_s: float,
    replayed: int, key: U, count: Ints, first_hist: Ints32,
) -> None:  # fmt: skip
    """Count the tokens of an answer and the time until its first one."""
    row = token_row(uid, len(prompt), replayed, key)
    count[_PROMPT] += prompt[row]
    count[_GENERATED] += generated[row]
    first = took - service + prefill_s * prompt[row] / work * service
    count[_FIRST_T] += steps(first)
    first_hist[bin_of(first)] += 1

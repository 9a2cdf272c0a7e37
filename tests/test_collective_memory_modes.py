"""The two modes of the collective memory: what strong forbids, what eventual reaches, and what each costs."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from swarmscale.errors import ConfigError
from swarmscale.model.collective_memory import MEMORY_MODES, Eventual, Strong
from swarmscale.model.collective_memory.base import ABSENT, DONE, GAVE_UP, READ, REFUSED, WRITE, MemoryMode

from .linearizability import Operation, linearizable
from .memory_support import NEVER, STRETCH, UNIT, Nodes, even, mesh_of, play, stories

STORIES = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
QUICK = Strong(timeout_s=0.7)


def write(value, start, end=float("inf")):
    return Operation(True, value, start, end)


def read(value, start, end):
    return Operation(False, value, start, end)


GOOD = {
    "nothing": [],
    "nothing written": [read(None, 0, 1)],
    "a read beside its write, old": [write("a", 0, 3), read(None, 1, 2)],
    "a read beside its write, new": [write("a", 0, 3), read("a", 1, 2)],
    "a write that was given up and seen": [write("a", 0), read("a", 5, 6)],
    "a write that was given up and never seen": [write("a", 0), read(None, 5, 6)],
    "two writes at once, either order": [write("a", 0, 5), write("b", 0, 5), read("a", 6, 7)],
    "an old read that began first and ended last": [write("a", 1, 2), read(None, 0, 9), read("a", 3, 4)],
}
BAD = {
    "a stale read": [write("a", 0, 1), read(None, 2, 3)],
    "a value from nowhere": [write("a", 0, 1), read("b", 2, 3)],
    "new, then old": [write("a", 0, 9), read("a", 1, 2), read(None, 3, 4)],
    "a given-up write seen, then not": [write("a", 0), read("a", 1, 2), read(None, 3, 4)],
    "the older of two writes": [write("a", 0, 1), write("b", 2, 3), read("a", 4, 5)],
    "a value read before it was written": [read("a", 0, 1), write("a", 2, 3)],
    "two readers that disagree on the order": [
        write("a", 0, 1), write("b", 0, 1), read("a", 2, 3), read("b", 4, 5), read("a", 6, 7)
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_the_checker_accepts_what_can_be_explained(name):
    assert linearizable(GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_the_checker_rejects_planted_faults(name):
    assert not linearizable(BAD[name])


@pytest.mark.parametrize("name", MEMORY_MODES)
def test_every_mode_keeps_to_the_protocol(name):
    mode: MemoryMode = MEMORY_MODES.make(name)
    mode.check(5)
    nodes = Nodes(mode, 5)
    outcome = nodes.pass_time(5.0, mesh_of(even(5)), writes=[(0.0, 2)], reads=[(4.0, n, 2) for n in range(5)])
    assert (outcome.status == DONE).all()
    assert not outcome.stale.any()
    assert (nodes.replicas.at[:, 2] == 0.0).all()
    at, odds, n_obs, latency = mode.look(nodes.replicas, 4, nodes.cells[2:3], mesh_of(even(5)))
    assert (at[0], odds[0], n_obs[0]) == (0.0, 0.0, 1)
    assert np.isfinite(latency)


@pytest.mark.parametrize("name", MEMORY_MODES)
@STORIES
@given(story=stories(), cut=st.integers(1, 199))
def test_time_may_be_cut_anywhere_and_comes_out_the_same(name, story, cut):
    """What is on its way between two calls is all in the memory; only draws of partners are left out of this."""
    k, latency, stretches = story
    mode = Eventual(gossip_s=0.25, fanout=k) if name == "eventual" else QUICK
    whole, halves, first = play(mode, story), Nodes(mode, k), cut / UNIT
    for alive, side, writes, reads in stretches:
        mesh = mesh_of(latency, alive, side)
        w, r = [(t / UNIT, n) for t, n in writes], [(t / UNIT, n, c) for t, n, c in reads]
        halves.pass_time(first, mesh, [x for x in w if x[0] < first], [x for x in r if x[0] < first])
        later = [(x[0] - first, *x[1:]) for x in w if x[0] >= first]
        looked = [(x[0] - first, *x[1:]) for x in r if x[0] >= first]
        halves.pass_time(STRETCH - first, mesh, later, looked)
    halves.pass_time(3.0, mesh_of(latency))
    assert sorted(whole.done) == sorted(halves.done)
    for array in ("at", "log_odds", "n_obs", "newest", "known"):
        assert np.array_equal(getattr(whole.replicas, array), getattr(halves.replicas, array))
    assert whole.sent == halves.sent


# -- strong -----------------------------------------------------------------------------------------------------


@STORIES
@given(story=stories(), more=st.booleans())
def test_strong_histories_are_linearizable_under_crashes_and_partitions(story, more):
    k = story[0]
    mode = Strong(read_quorum=1, write_quorum=k, timeout_s=0.7) if more else QUICK
    nodes = play(mode, story)
    for cell in range(2):
        assert linearizable(nodes.history(cell))
    assert not any(stale for *_, stale in nodes.done)


def test_the_stories_do_test_something():
    """Among a hundred there are operations done, refused and given up, and reads that overlap a write."""
    seen, overlap = set(), 0

    @settings(
        max_examples=100,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(story=stories())
    def look(story):
        nonlocal overlap
        nodes = play(QUICK, story)
        seen.update((kind, status) for kind, _, _, _, status, *_ in nodes.done)
        for cell in range(2):
            history = nodes.history(cell)
            for w in (op for op in history if op.write):
                overlap += sum(not r.write and r.start < w.end and w.start < r.end for r in history)

    look()
    assert {(kind, status) for kind in (READ, WRITE) for status in (DONE, REFUSED, GAVE_UP, ABSENT)} <= seen
    assert overlap > 20


def test_quorums_that_do_not_meet_are_found_out_by_the_same_stories():
    """The twin: R + W <= n, which no config may have, run all the same, must give a history that nothing explains."""
    found = False

    @settings(
        max_examples=150,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @given(story=stories())
    def look(story):
        nonlocal found
        nodes = play(Strong(read_quorum=story[0] // 2, write_quorum=story[0] // 2, timeout_s=0.7), story)
        found |= not all(linearizable(nodes.history(cell)) for cell in range(2))

    look()
    assert found


@pytest.mark.parametrize(("r", "w"), [(2, 3), (1, 4), (1, 1)])
def test_quorums_that_do_not_meet_are_refused_with_one_line(r, w):
    with pytest.raises(ConfigError) as error:
        Strong(read_quorum=r, write_quorum=w).check(5)
    assert str(error.value) == (
        f"collective_memory.mode.read_quorum + write_quorum = {r} + {w}, but it must be more than fleet.nodes = 5, "
        "or a read could miss the last write; raise one of them"
    )


def test_a_quorum_larger_than_the_mesh_is_refused():
    with pytest.raises(ConfigError, match=r"write_quorum = 6, but it must be at most fleet.nodes = 5"):
        Strong(write_quorum=6).check(5)


def test_a_majority_is_the_quorum_unless_another_is_given():
    assert Strong().quorums(16) == (9, 9)
    assert Strong(read_quorum=3).quorums(5) == (3, 3)


@pytest.mark.parametrize("quorum", [1, 2, 3, 4, 5])
def test_a_write_takes_the_w_th_smallest_round_trip(quorum):
    latency = np.array([0.0, 0.02, 0.05, 0.011, 0.07]) + np.zeros((5, 1))
    nodes = Nodes(Strong(read_quorum=5, write_quorum=quorum), 5)
    nodes.pass_time(1.0, mesh_of(latency.T + latency), writes=[(0.1, 0)])
    trips = np.sort([0.0, 0.04, 0.1, 0.022, 0.14])
    _, _, start, end, *_ = nodes.done[0]
    assert end - start == pytest.approx(trips[quorum - 1], abs=1e-9)


def test_a_read_takes_one_round_where_a_quorum_agrees_and_two_where_it_does_not():
    latency = np.full((3, 3), 0.01)
    latency[0, 2] = latency[2, 0] = latency[1, 2] = latency[2, 1] = 0.2
    nodes = Nodes(Strong(), 3)
    mesh = mesh_of(latency)
    nodes.pass_time(1.0, mesh, writes=[(0.0, 0)], reads=[(0.5, 1, 0)])
    assert nodes.done[-1][3] - nodes.done[-1][2] == pytest.approx(0.02)
    # node 2 writes; its message takes 0.2 s, so nodes 0 and 1, which answer first, agree on the old version
    nodes.pass_time(1.0, mesh, writes=[(0.0, 2)], reads=[(0.15, 1, 2)])
    kind, node, start, end, *_ = nodes.done[-1]
    assert (kind, node) == (READ, 1)
    assert end - start == pytest.approx(0.02)
    apart = Nodes(Strong(read_quorum=3, write_quorum=2), 3)
    apart.pass_time(1.0, mesh, writes=[(0.0, 2)], reads=[(0.01, 2, 2)])
    ends = {d[0]: d[3] for d in apart.done}
    assert ends[READ] - 0.01 == pytest.approx(0.4)


def test_the_minority_side_of_a_partition_refuses_and_sends_nothing():
    nodes = Nodes(Strong(), 5)
    parted = mesh_of(even(5), side=[0, 0, 0, 1, 1])
    outcome = nodes.pass_time(1.0, parted, writes=[(0.1, 0), (0.1, 3)], reads=[(0.2, n, 0) for n in range(5)])
    who = zip(outcome.ended.kind.tolist(), outcome.ended.node.tolist(), strict=True)
    status = dict(zip(who, outcome.status.tolist(), strict=True))
    assert status == {
        (WRITE, 0): DONE, (WRITE, 3): REFUSED,
        **{(READ, n): DONE for n in range(3)}, (READ, 3): REFUSED, (READ, 4): REFUSED,
    }  # fmt: skip
    assert (nodes.replicas.at[:, 3] == NEVER).all()
    whole = nodes.pass_time(1.0, mesh_of(even(5)), reads=[(0.0, 4, 0)])
    assert whole.status.tolist() == [DONE]
    assert whole.ended.at.tolist() == [0.1]


def test_a_node_cut_off_in_the_middle_of_a_write_gives_it_up():
    nodes = Nodes(QUICK, 3)
    nodes.pass_time(0.02, mesh_of(even(3, 0.05)), writes=[(0.0, 0)])
    nodes.pass_time(2.0, mesh_of(even(3, 0.05), side=[0, 1, 1]))
    kind, _, start, end, status, *_ = nodes.done[0]
    assert (kind, status) == (WRITE, GAVE_UP)
    assert end - start == pytest.approx(0.7)
    assert nodes.replicas.at[:, 0].tolist() == [0.0, NEVER, NEVER]


def test_nodes_that_are_down_neither_ask_nor_answer():
    nodes = Nodes(Strong(), 3)
    outcome = nodes.pass_time(1.0, mesh_of(even(3), alive=[True, True, False]), writes=[(0.0, 0), (0.0, 2)])
    assert sorted(outcome.status.tolist()) == [DONE, ABSENT]
    assert nodes.replicas.at[:, 0].tolist() == [0.0, 0.0, NEVER]


# -- eventual ---------------------------------------------------------------------------------------------------


@STORIES
@given(story=stories(most_nodes=6))
def test_eventual_replicas_agree_bit_for_bit_once_links_heal(story):
    nodes = play(Eventual(gossip_s=0.3), story, rest_s=12.0)
    r = nodes.replicas
    for array in (r.at, r.log_odds, r.n_obs):
        assert (array == array[0]).all()
    written = [d for d in nodes.done if d[0] == WRITE and d[4] == DONE]
    for cell in range(2):
        assert r.at[0, cell] == max((d[6] for d in written if d[5] == cell), default=NEVER)


def test_replicas_differ_while_a_partition_lasts_and_make_up_for_it_after():
    nodes, parted = Nodes(Eventual(), 6), mesh_of(even(6), side=[0, 0, 0, 1, 1, 1])
    nodes.pass_time(30.0, parted, writes=[(0.0, 0), (0.0, 5)])
    assert (nodes.replicas.at[:3, 0] == 0.0).all()
    assert (nodes.replicas.at[3:, 0] == NEVER).all()
    assert (nodes.replicas.at[:3, 5] == NEVER).all()
    nodes.pass_time(30.0, mesh_of(even(6)))
    assert (nodes.replicas.at == nodes.replicas.at[0]).all()
    assert nodes.replicas.at[0, [0, 5]].tolist() == [0.0, 0.0]


def test_eventual_gives_the_stale_read_that_strong_forbids():
    """Node 0 has written; node 4 looks right after. Only one of the two modes may give the old version."""
    for mode, stale in ((Eventual(), True), (Strong(), False)):
        nodes = Nodes(mode, 5)
        nodes.pass_time(1.0, mesh_of(even(5, 0.001)), writes=[(0.001, 0)], reads=[(0.004, 4, 0)])
        assert [d[-1] for d in nodes.done if d[0] == READ] == [stale]
        assert linearizable(nodes.history(0)) is not stale


def test_eventual_reads_and_writes_on_both_sides_of_a_partition():
    nodes = Nodes(Eventual(), 5)
    outcome = nodes.pass_time(
        5.0, mesh_of(even(5), side=[0, 0, 0, 1, 1]), writes=[(0.0, n) for n in range(5)],
        reads=[(4.0, n, 0) for n in range(5)],
    )  # fmt: skip
    assert (outcome.status == DONE).all()
    assert (outcome.done_s == outcome.ended.start_s).all()


def test_gossip_sends_a_version_to_each_node_once():
    """With digests an answer carries what the asker lacks: K - 1 copies of each of K cells, and not one more."""
    nodes = Nodes(Eventual(), 6)
    cells = 0
    for second in range(40):
        writes = [(0.0, n) for n in range(6)] if second == 0 else []
        outcome = nodes.pass_time(1.0, mesh_of(even(6)), writes=writes)
        asked, _, size, _ = outcome.messages
        cells += (size - asked * (64 + 8 * 6)) // 28
    assert cells == 6 * 5


def test_a_message_over_a_link_that_was_cut_is_lost():
    nodes = Nodes(Eventual(), 2)
    latency = even(2, 0.3)
    nodes.pass_time(0.55, mesh_of(latency), writes=[(0.0, 0)])  # node 1 asks at 1.0 s
    nodes.pass_time(0.75, mesh_of(latency))
    outcome = nodes.pass_time(0.5, mesh_of(latency, side=[0, 1]))
    assert outcome.messages[1] == 0
    assert nodes.replicas.at[1, 0] == NEVER


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Eventual(gossip_s=0.0), "gossip_s = 0.0, but it must be above 0"),
        (lambda: Eventual(fanout=0), "fanout = 0, but it must be 1 or more"),
        (lambda: Strong(timeout_s=-1.0), "timeout_s = -1.0, but it must be above 0"),
        (lambda: Strong(read_quorum=-1), "read_quorum = -1, but it must be 0 or more"),
    ],
)
def test_settings_out_of_range_are_refused(make, text):
    with pytest.raises(ConfigError, match=text):
        make()

"""The knowledge graph follows the memory: what is written of one subject, what one node looks up, who says it."""

from __future__ import annotations

import networkx as nx
import numpy as np

from ...agents.knowledge import DOMAINS, note_provenance, together, use
from ...arrays import Bools, Floats, Ints
from .facts import DOMAIN_OF_RELATION, RELATIONS, SUBJECTS, object_of, relation_of, subject_of
from .replicas import CELL_BYTES, NEVER, Replicas, chance

_KIND = np.array([SUBJECTS.index(relation.subject) for relation in RELATIONS])
_PAIRS = np.array([bool(relation.object) for relation in RELATIONS])


def follow(graph: nx.Graph[str], written: Ints, looked_up: Ints, replicas: Replicas, keep: float) -> None:
    """Let the links between domains follow a period, and note what each domain holds.

    Two domains go together by subject and by lookups; a link strengthens by either: ``1 - (1 - a) (1 - b)``.

    Args:
        graph: the domains, changed in place.
        written: `[n]` facts written in the period.
        looked_up: `[K, 9]` lookups of each node by domain.
        replicas: what the nodes hold.
        keep: what is left of a link without use, in (0, 1).
    """
    by_subject, written_together = together(subjects(np.unique(written)))
    by_node, asked_together = together(looked_up > 0)
    strength = 1.0 - (1.0 - by_subject) * (1.0 - by_node)
    use(graph, strength, written_together + asked_together, keep)
    note_provenance(graph, *provenance(replicas))


def subjects(facts: Ints) -> Bools:
    """`[S, 9]` for each subject of some facts: of which domains they are; a pair of nodes counts for both."""
    relation = relation_of(facts)
    domain, kind, pair = DOMAIN_OF_RELATION[relation], _KIND[relation] << 32, _PAIRS[relation]
    subject = np.concatenate([kind | subject_of(facts), kind[pair] | object_of(facts[pair])])
    names, row = np.unique(subject, return_inverse=True)
    about = np.zeros((len(names), len(DOMAINS)), np.bool_)
    about[row, np.concatenate([domain, domain[pair]])] = True
    return about


def provenance(replicas: Replicas) -> tuple[Ints, Ints, Ints]:
    """`[9]` facts held, their sources, and bytes over all nodes, by domain."""
    there = replicas.present()
    domain = DOMAIN_OF_RELATION[replicas.relation]
    copies = (replicas.at > NEVER).sum(axis=0)

    def distinct(what: Ints) -> Ints:
        pairs = np.unique(np.stack([domain[there], what[there]]), axis=1)
        return np.bincount(pairs[0], minlength=len(DOMAINS))

    size = np.bincount(domain, copies * CELL_BYTES, len(DOMAINS)).astype(np.int64)
    return distinct(replicas.facts), distinct(replicas.source), size


def knowers(replicas: Replicas) -> Bools:
    """`[K, F]` which nodes have themselves observed which of the facts held."""
    there = replicas.present()
    facts, column = np.unique(replicas.facts[there], return_inverse=True)
    out = np.zeros((replicas.nodes, len(facts)), np.bool_)
    out[replicas.source[there], column] = True
    return out


def fact_graph(replicas: Replicas, worth: Floats) -> tuple[Floats, Ints]:
    """Who is what, as a graph of two sorts of vertices: subjects, and relations that hold or do not.

    Args:
        replicas: what the nodes hold; of each cell the latest version anywhere counts.
        worth: `[M]` log-odds that each cell is worth now.

    Returns:
        `[N, N]` symmetric weights in [0, 1], how sure the fact is: ``|2 belief - 1|``; and `[N]` the relation of a
        vertex, -1 for a subject.
    """
    facts, number = np.unique(replicas.facts, return_inverse=True)
    belief = chance(np.bincount(number, worth, len(facts)))
    relation = relation_of(facts)
    names, row = np.unique((_KIND[relation] << 32) | subject_of(facts), return_inverse=True)
    column = len(names) + 2 * relation + (belief < 0.5)
    size = len(names) + 2 * len(RELATIONS)
    weights = np.zeros((size, size))
    np.maximum.at(weights, (row, column), np.abs(2 * belief - 1))
    kinds = np.concatenate([np.full(len(names), -1), np.repeat(np.arange(len(RELATIONS)), 2)])
    return np.maximum(weights, weights.T), kinds

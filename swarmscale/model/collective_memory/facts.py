"""Facts: what can be said of a fleet, in which domain of knowledge, and the numbers by which they are kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...agents.knowledge import DOMAINS
from ...arrays import Ints
from ...errors import UnknownChoiceError, require

SUBJECTS = ("fleet", "node", "cluster", "trial")
"""What facts are about; a trial is a switch of scaling policy, dispatch rule or topology, counted from 1."""

SOURCE_BITS, OBJECT_BITS, SUBJECT_BITS = 11, 11, 24
MOST_NODES = 1 << SOURCE_BITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """One kind of fact.

    Attributes:
        name: by which it is asked for.
        domain: one of the nine domains of knowledge.
        subject: one of ``SUBJECTS``.
        object: a second node ("node"), or "" where the relation says all.
        text: what is said if the fact holds.
    """

    name: str
    domain: str
    subject: str
    object: str = ""
    text: str


RELATIONS = (
    Relation(
        name="demand-rises",
        domain="market-dynamics",
        subject="fleet",
        text="more tasks arrived than in the period before",
    ),
    Relation(
        name="available",
        domain="agent-behavior",
        subject="cluster",
        text="at least nine in ten of its agents are ready",
    ),
    Relation(
        name="overloaded",
        domain="coordination-strategies",
        subject="node",
        text="its clusters hold more tasks than ready agents: it hands tasks up",
    ),
    Relation(
        name="pays",
        domain="economic-principles",
        subject="cluster",
        text="more useful seconds per ready agent-second than its node on average",
    ),
    Relation(
        name="near",
        domain="social-patterns",
        subject="node",
        object="node",
        text="the live path between the two nodes is shorter than half of all",
    ),
    Relation(
        name="fast",
        domain="optimization-techniques",
        subject="cluster",
        text="it answers faster than its node on average",
    ),
    Relation(
        name="congested",
        domain="risk-management",
        subject="cluster",
        text="more than one task waits for each ready agent: drops are near",
    ),
    Relation(
        name="helped",
        domain="innovation-processes",
        subject="trial",
        text="response times are shorter than before the switch",
    ),
    Relation(
        name="agrees",
        domain="collective-decision-making",
        subject="node",
        text="its statements agree with those of others more often than not",
    ),
)
"""What nodes observe, one relation a domain; the code of a fact begins with its relation's place here."""

NUMBER = {relation.name: i for i, relation in enumerate(RELATIONS)}
DOMAIN_OF_RELATION = np.array([DOMAINS.index(relation.domain) for relation in RELATIONS])


def relation_number(name: str) -> int:
    """Place of a relation in ``RELATIONS``.

    Raises:
        UnknownChoiceError: if there is no such relation.
    """
    if name not in NUMBER:
        raise UnknownChoiceError("relation", name, NUMBER)
    return NUMBER[name]


def fact_codes(relation: int, subject: Ints | int, other: Ints | int = 0) -> Ints:
    """The numbers of facts of one relation: equal numbers, the same fact, and the domain is the relation's.

    >>> relation_of(fact_codes(4, np.array([2]), np.array([3]))).tolist()
    [4]
    """
    subject, other = np.broadcast_arrays(np.asarray(subject, np.int64), np.asarray(other, np.int64))
    if subject.size:
        require(int(subject.max()) < 1 << SUBJECT_BITS, "subject", int(subject.max()), "below 2**24")
        require(int(other.max()) < 1 << OBJECT_BITS, "object", int(other.max()), "below 2**11")
    return (((np.int64(relation) << SUBJECT_BITS) | subject) << OBJECT_BITS) | other


def cell_codes(facts: Ints, source: Ints) -> Ints:
    """The numbers of what each source says of each fact."""
    return (facts << SOURCE_BITS) | source


def relation_of(facts: Ints) -> Ints:
    """Relation of each fact."""
    return facts >> (SUBJECT_BITS + OBJECT_BITS)


def subject_of(facts: Ints) -> Ints:
    """Subject's number of each fact."""
    return (facts >> OBJECT_BITS) & ((1 << SUBJECT_BITS) - 1)


def object_of(facts: Ints) -> Ints:
    """Object's number of each fact; 0 where the relation has none."""
    return facts & ((1 << OBJECT_BITS) - 1)

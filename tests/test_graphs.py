"""The cognitive graph and the knowledge graph: the edges that the design names, and no others."""

from itertools import pairwise

import networkx as nx
import pytest

from swarmscale.agents.cognition import FUNCTIONS, cognition_graph
from swarmscale.agents.knowledge import DOMAINS, knowledge_graph

CHAINS = """
perception->attention->memory->reasoning->decision-making
perception->pattern-recognition
memory->pattern-recognition
pattern-recognition->creativity
memory->learning->creativity
attention->creativity
reasoning->creativity
reasoning->planning
emotional-processing->social-cognition->decision-making
creativity->optimization
pattern-recognition->optimization
decision-making->optimization
"""


def test_there_are_twelve_functions_in_a_fixed_order():
    graph = cognition_graph()
    assert len(FUNCTIONS) == 12
    assert tuple(graph) == FUNCTIONS
    assert [graph.nodes[name]["index"] for name in FUNCTIONS] == list(range(12))


def test_the_cognitive_edges_are_those_of_the_design():
    edges = set()
    for chain in CHAINS.split():
        names = chain.split("->")
        edges.update(pairwise(names))
    assert set(cognition_graph().edges) == edges


def test_no_function_feeds_itself_by_any_way_around():
    assert nx.is_directed_acyclic_graph(cognition_graph())


def test_only_perception_and_emotional_processing_take_nothing_from_other_functions():
    sources = {name for name, degree in cognition_graph().in_degree if degree == 0}
    assert sources == {"perception", "emotional-processing"}


def test_there_are_nine_domains_in_a_fixed_order():
    graph = knowledge_graph()
    assert len(DOMAINS) == 9
    assert tuple(graph) == DOMAINS
    assert [graph.nodes[name]["index"] for name in DOMAINS] == list(range(9))


def test_every_domain_is_linked_with_every_other_by_one_way_only():
    assert nx.is_tree(knowledge_graph())


@pytest.mark.parametrize(
    ("a", "b", "weight"),
    [
        ("market-dynamics", "agent-behavior", 0.8),
        ("agent-behavior", "coordination-strategies", 0.9),
        ("coordination-strategies", "collective-decision-making", 0.7),
        ("economic-principles", "market-dynamics", 0.9),
        ("social-patterns", "agent-behavior", 0.8),
        ("optimization-techniques", "coordination-strategies", 0.7),
        ("risk-management", "economic-principles", 0.8),
        ("innovation-processes", "optimization-techniques", 0.6),
    ],
)
def test_a_starting_link_has_its_weight_and_says_that_it_is_assumed(a, b, weight):
    assert knowledge_graph().edges[a, b] == {"weight": weight, "origin": "assumed"}


def test_each_call_gives_graphs_of_its_own():
    for make in (cognition_graph, knowledge_graph):
        first = make()
        first.clear()
        assert len(make()) > 0

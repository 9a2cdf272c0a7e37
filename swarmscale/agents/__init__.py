"""Who is in the fleet: workers, nodes, hierarchy, skills, graphs, topologies."""

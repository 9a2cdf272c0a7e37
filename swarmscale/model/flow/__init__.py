"""How a task travels: demand, network, stations, clusters."""

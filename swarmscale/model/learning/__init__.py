"""Learning: from practice, from neighbors, from all together."""

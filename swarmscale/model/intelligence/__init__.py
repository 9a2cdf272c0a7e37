"""Collective intelligence: a battery of twelve tasks, what it measures, and decisions that agents make together."""

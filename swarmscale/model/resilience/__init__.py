"""Resilience: what breaks, how it is found, and how the fleet goes on."""

"""Scaling policies by name."""

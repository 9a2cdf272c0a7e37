"""Forecasters by name."""

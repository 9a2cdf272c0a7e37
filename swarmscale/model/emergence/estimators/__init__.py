"""Estimators: plain functions from arrays to figures; they know neither models nor tests."""

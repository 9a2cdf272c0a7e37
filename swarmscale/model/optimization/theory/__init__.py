"""Closed forms of queueing theory by which changes are foretold and kernels are tested."""

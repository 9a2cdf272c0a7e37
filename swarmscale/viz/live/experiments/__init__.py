"""Sweeps, tunings and races on the live page: what lies in a folder, how a sweep begins, what is compared."""

"""Swarmscale: a laboratory for large fleets of coordinated agents."""

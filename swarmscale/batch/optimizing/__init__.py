"""Trials of the optimization engine itself: scenarios, and whether it chooses right in them."""

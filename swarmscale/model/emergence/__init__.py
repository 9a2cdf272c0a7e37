"""Emergence: what a fleet does together that its parts do not do alone, tested against what chance would do."""

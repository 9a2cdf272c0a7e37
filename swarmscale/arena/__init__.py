"""The arena: a host economy and a fleet that serves it, coupled tick by tick."""

"""Integration: the components of the model, the links between them, and the events that they tell each other."""

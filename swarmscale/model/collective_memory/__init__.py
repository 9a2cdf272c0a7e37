"""The collective memory: records that the coordination nodes share, and the knowledge graph made of them."""

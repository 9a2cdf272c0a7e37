"""Rules by which a panel of agents comes to one answer."""

"""One model on several processes: nodes are shared out, and what must be known of the others is exchanged."""

"""Published studies of collective problem solving, built anew: rugged landscapes, relay search, shared estimates."""

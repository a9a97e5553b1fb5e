"""A market as a whole, and what its doubtful values do to an index."""

"""A market as a whole, what its doubtful values do to an index, and what revisions of the past do."""

"""Were scores and calls right? Rank information coefficient, spreads, hit rates, honest probabilities."""

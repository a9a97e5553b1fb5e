"""What to be careful about: caveats, leaps of a level, red flags, risks, points to check of a rebalance."""

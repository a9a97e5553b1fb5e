"""One rebalance: the next as it would be at the last close, and any with all that an approval wants to know."""

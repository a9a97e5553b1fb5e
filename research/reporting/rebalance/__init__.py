"""Tables and prose of the rebalance review. Nothing is computed here."""

"""One rebalance, the next or a past one."""

"""An index beside others: benchmarks, several indices, the same under other rules, factor portfolios."""

"""Market + rulebook -> `IndexHistory`: select, weight, rebalance, chain the level, and say why."""

from research.index.actions import propose_redenominations
from research.index.benchmarks import market_benchmarks
from research.index.build import build_index
from research.index.history import IndexHistory
from research.index.methodology import Methodology, rulebooks
from research.index.votes import concentration_audit
from research.index.weighting import cap_weights

__all__ = [
    "IndexHistory",
    "Methodology",
    "build_index",
    "cap_weights",
    "concentration_audit",
    "market_benchmarks",
    "propose_redenominations",
    "rulebooks",
]

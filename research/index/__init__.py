"""Market + rulebook -> `IndexHistory`: select, weight, rebalance, chain the level, and say why."""

from research.index.build import build_index
from research.index.history import IndexHistory
from research.index.methodology import Methodology, rulebooks
from research.index.weighting import cap_weights

__all__ = ["IndexHistory", "Methodology", "build_index", "cap_weights", "rulebooks"]

"""Market + rulebook -> `IndexHistory`: select, weight, rebalance, chain the level, and say why."""

from research.index.build import build_index
from research.index.comparisons.benchmarks import market_benchmarks
from research.index.decisions.vote_audit import concentration_audit
from research.index.history import IndexHistory
from research.index.runnable import rulebooks_for
from research.index.sweeps.sweep import Sweep, sweep
from research.index.weighting import cap_weights
from research.point_in_time.price_adjustments import propose_redenominations
from research.rulebook.methodology import Methodology, rulebooks

__all__ = [
    "IndexHistory",
    "Methodology",
    "Sweep",
    "build_index",
    "cap_weights",
    "concentration_audit",
    "market_benchmarks",
    "propose_redenominations",
    "rulebooks",
    "rulebooks_for",
    "sweep",
]


def __dir__() -> list[str]:
    return __all__

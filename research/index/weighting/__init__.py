"""How much of each member: sizes by scheme (`schemes.py`), weights within bounds (`bounds.py`), the routine that bounds
them (`capping.py`), and estimates of risk (`risk.py`). What a rulebook may say about it is in `rules/weighting.py`.
"""

from __future__ import annotations

from research.index.rules import Weighting
from research.index.view import FloatArray, IntArray, MarketView
from research.index.weighting.bounds import Bounded, bound
from research.index.weighting.capping import cap_weights
from research.index.weighting.schemes import SCHEMES, Sizes, member_sizes

NEED_MARKET_CAP = frozenset({"market_cap", "sqrt_market_cap", "liquidity_mix"})

__all__ = ["NEED_MARKET_CAP", "SCHEMES", "Bounded", "Sizes", "bound", "cap_weights", "member_sizes", "raw_sizes"]


def raw_sizes(view: MarketView, weighting: Weighting, places: IntArray) -> FloatArray:
    """The values of `member_sizes`, without its notes."""
    return member_sizes(view, weighting, places).values

"""How much of each member: sizes by scheme (`schemes.py`), weights within bounds (`bounds.py`), the routine that bounds
them (`capping.py`), and estimates of risk (`risk.py`). What a rulebook may say about it is in `rules/weighting.py`.
"""

from research.index.rules.weighting import SIZE_SCHEMES
from research.index.weighting.bounds import Bounded, bound
from research.index.weighting.capping import cap_weights
from research.index.weighting.schemes import SCHEMES, Sizes, member_sizes

NEED_MARKET_CAP = frozenset(SIZE_SCHEMES)

__all__ = ["NEED_MARKET_CAP", "SCHEMES", "Bounded", "Sizes", "bound", "cap_weights", "member_sizes"]

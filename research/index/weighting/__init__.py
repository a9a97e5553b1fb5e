"""How much of each member: sizes by scheme (`schemes.py`), weights within bounds (`bounds.py`), the routine that bounds
them (`capping.py`), and estimates of risk (`risk.py`). What a rulebook may say about it is in
`research/rulebook/weighting.py`.
"""

from research.index.weighting.bounds import Bounded, bound
from research.index.weighting.capping import cap_weights
from research.index.weighting.schemes import SCHEMES, Sizes, member_sizes

__all__ = ["SCHEMES", "Bounded", "Sizes", "bound", "cap_weights", "member_sizes"]


def __dir__() -> list[str]:
    return __all__

"""What is doubtful in a market's values, as it could have been known on the day. Nothing is repaired, nothing is read.

`defects.py` asks every rule and makes one table of it; each other module is a family of rules. A rule looks backwards
alone: what later days said of a finding stands in columns of its own.
"""

from research.market.quality.defects import FINDING_TYPES, find_defects
from research.market.quality.holding_back import HOLDABLE, hold_back
from research.market.quality.outliers import HeldBack, quarantine

__all__ = ["FINDING_TYPES", "HOLDABLE", "HeldBack", "find_defects", "hold_back", "quarantine"]


def __dir__() -> list[str]:
    return __all__

"""The market as known at one close: what decides is handed a `MarketView`, and sees nothing else.

Signals and indices decide from it alike, so it lies below both. Nothing here knows what an index is.
"""

from research.point_in_time.view import MarketView, PointInTime

__all__ = ["MarketView", "PointInTime"]


def __dir__() -> list[str]:
    return __all__

"""Snapshots on disk -> one aligned, checked, point-in-time `MarketData`."""

from research.market.data import MarketData
from research.market.manifest import Manifest

__all__ = ["Manifest", "MarketData"]

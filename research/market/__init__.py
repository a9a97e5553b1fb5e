"""Snapshots on disk -> one aligned, checked, point-in-time `MarketData`."""

from research.market.data import MarketData
from research.market.load import load_market, write_market
from research.market.manifest import Manifest
from research.market.snapshot import open_snapshot, write_snapshot

__all__ = ["Manifest", "MarketData", "load_market", "open_snapshot", "write_market", "write_snapshot"]

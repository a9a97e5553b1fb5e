"""Snapshots on disk -> one aligned, checked, point-in-time `MarketData`."""

from research.market.data import MarketData
from research.market.imports.importer import ImportSummary, import_table
from research.market.imports.profiles import Profile, shipped_profiles
from research.market.imports.updating import update_from_table
from research.market.manifest import Manifest
from research.market.snapshots.load import load_market, write_market
from research.market.snapshots.snapshot import open_snapshot
from research.market.snapshots.writing import write_snapshot

__all__ = [
    "ImportSummary",
    "Manifest",
    "MarketData",
    "Profile",
    "import_table",
    "load_market",
    "open_snapshot",
    "shipped_profiles",
    "update_from_table",
    "write_market",
    "write_snapshot",
]

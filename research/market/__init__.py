"""Snapshots on disk -> one aligned, checked, point-in-time `MarketData`.

Each name is imported when first used, so that a build that finds nothing to do reads a manifest and not pandas.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from research.market.data import MarketData
    from research.market.imports.importer import ImportSummary, import_table
    from research.market.imports.profile.profiles import Profile, shipped_profiles
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

_HOME = {
    "ImportSummary": "imports.importer",
    "Manifest": "manifest",
    "MarketData": "data",
    "Profile": "imports.profile.profiles",
    "import_table": "imports.importer",
    "load_market": "snapshots.load",
    "open_snapshot": "snapshots.snapshot",
    "shipped_profiles": "imports.profile.profiles",
    "update_from_table": "imports.updating",
    "write_market": "snapshots.load",
    "write_snapshot": "snapshots.writing",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'research.market' has no attribute {name!r}")
    return getattr(import_module(f"research.market.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__

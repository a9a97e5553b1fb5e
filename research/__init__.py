"""Crypto index research: build indices from point-in-time market data, and evaluate them.

The names a notebook needs are here; each is imported when first used, so that the command line starts fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from research.evaluation import compare, performance_summary
    from research.index import IndexHistory, Methodology, Sweep, build_index, rulebooks, sweep
    from research.market import MarketData, load_market
    from research.point_in_time.table_files import load_tables

__all__ = [
    "IndexHistory",
    "MarketData",
    "Methodology",
    "Sweep",
    "build_index",
    "compare",
    "load_market",
    "load_tables",
    "performance_summary",
    "rulebooks",
    "sweep",
]

_HOME = {
    "MarketData": "market",
    "load_market": "market",
    "load_tables": "point_in_time.table_files",
    "compare": "evaluation",
    "performance_summary": "evaluation",
    "IndexHistory": "index",
    "Methodology": "index",
    "build_index": "index",
    "rulebooks": "index",
    "Sweep": "index",
    "sweep": "index",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'research' has no attribute {name!r}")
    return getattr(import_module(f"research.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__

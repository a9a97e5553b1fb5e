"""What has been worked out about a market and is kept with it, as long as it lives and nobody writes to it.

It belongs to one `MarketData`, not to its content: a market cut by ``until`` is another one and begins with nothing, so
that nothing of the whole one can reach it.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import pandas as pd
from numpy.typing import NDArray

from research.market import MarketData


class _Kept:
    """What is kept of one market, and how the market was when that began."""

    def __init__(self, market: MarketData) -> None:
        # a shallow copy makes pandas copy before it writes to the market's own frame: the arrays then differ
        self._frames = {name: panel.copy(deep=False) for name, panel in market.panels.items()}
        self._arrays = {name: panel.to_numpy() for name, panel in self._frames.items()}
        self._tables = market.assets.copy(deep=False), market.tags.copy(deep=False)
        self.facts: dict[Any, Any] = {}

    def is_of(self, market: MarketData) -> bool:
        """Whether the market is still what it was: nobody wrote to its panels, their labels or its tables."""
        panels = market.panels
        same = panels.keys() == self._frames.keys() and all(
            _address(self._arrays[name]) == _address(panels[name].to_numpy())
            and all(map(_same_labels, frame.axes, panels[name].axes))
            for name, frame in self._frames.items()
        )
        return same and all(map(pd.DataFrame.equals, self._tables, (market.assets, market.tags)))


_KEPT: WeakKeyDictionary[MarketData, _Kept] = WeakKeyDictionary()


def kept_with(market: MarketData) -> dict[Any, Any]:
    """What is kept with a market, by whatever keys its users choose; empty where it is new, or was written to.

    What is put there must not refer to the market, or neither would ever go. Threads need no lock: at worst two of them
    work out the same.
    """
    kept = _KEPT.get(market)
    if kept is None or not kept.is_of(market):
        kept = _KEPT[market] = _Kept(market)
    return kept.facts


def _address(array: NDArray[Any]) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    """Where an array lies in memory, and how."""
    return array.__array_interface__["data"][0], array.shape, array.strides


def _same_labels(before: pd.Index, now: pd.Index) -> bool:
    """Whether two axes are alike; an axis cannot be written to, so one that is the same object is."""
    return before is now or before.equals(now)

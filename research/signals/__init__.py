"""Signals: features -> model -> bullish, neutral or bearish for each asset and week, from what was known at the close.

A recipe (TOML) says how; `make_signals` does it. What the calls are worth is judged in `research.index.skill` and
`research.evaluation`; how an index follows them is in its rulebook's [overlay].
"""

from research.signals.history import SignalHistory
from research.signals.make import make_signals
from research.signals.recipe import Recipe, recipes

__all__ = ["Recipe", "SignalHistory", "make_signals", "recipes"]


def __dir__() -> list[str]:
    return __all__

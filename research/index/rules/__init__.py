"""The sections of a rulebook, one module each: frozen dataclasses that check themselves.

The field names are the keys of the TOML file; `methodology.py` puts the sections together. Here is only what may be
said. What the rules do is in `screens.py`, `selection.py`, `weighting.py`, `schedule.py`, `costs.py`, `portfolio.py`.
"""

from research.index.rules.costs import Costs
from research.index.rules.events import Events
from research.index.rules.overlay import Overlay
from research.index.rules.schedule import Schedule
from research.index.rules.selection import Selection
from research.index.rules.universe import Universe
from research.index.rules.weighting import Weighting

__all__ = ["Costs", "Events", "Overlay", "Schedule", "Selection", "Universe", "Weighting"]

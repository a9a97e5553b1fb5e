"""A rulebook: a TOML file read into frozen dataclasses that check themselves.

One module for each section; the field names are the keys of the file. `methodology.py` puts the sections together. Here
is only what may be said: what the rules do is in `research.index`.
"""

from research.rulebook.costs import Costs
from research.rulebook.events import Events
from research.rulebook.methodology import Methodology, rulebooks
from research.rulebook.overlay import Overlay
from research.rulebook.schedule import Schedule
from research.rulebook.selection import Selection
from research.rulebook.universe import Universe
from research.rulebook.weighting import Weighting

__all__ = [
    "Costs",
    "Events",
    "Methodology",
    "Overlay",
    "Schedule",
    "Selection",
    "Universe",
    "Weighting",
    "rulebooks",
]


def __dir__() -> list[str]:
    return __all__

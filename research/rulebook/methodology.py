"""`Methodology`: one rulebook, read from a TOML file. Each section has a module of its own beside this one."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from research.cards import Card, Carded
from research.errors import MethodologyError, shown
from research.rulebook.checks import numbers, require, texts
from research.rulebook.costs import Costs
from research.rulebook.events import Events
from research.rulebook.overlay import Overlay
from research.rulebook.schedule import Schedule
from research.rulebook.selection import Selection
from research.rulebook.signals import Signals
from research.rulebook.universe import Universe
from research.rulebook.weighting import Weighting
from research.rulebook.written import in_short, rulebook_card, toml_text
from research.settings import from_table, read_toml, shipped_or_given


@dataclass(frozen=True, kw_only=True)
class Methodology(Carded):
    """One rulebook.

    Attributes
    ----------
    name, description, source : str
        What the index is called, what it is for, and whose rules it follows.
    base_value : float, at most 1e15
        Level on the base date.
    base_date : date, optional
        First effective day. Default: the first on the calendar whose determination has `start_count` members that can
        be weighted.
    universe, selection, weighting, schedule, costs, events, overlay, signals
        The sections; without `overlay` the index is always fully invested in its members, without `signals` it makes
        none of its own.
    """

    name: str
    description: str = ""
    source: str = ""
    base_value: float = 1000.0
    base_date: dt.date | None = None
    universe: Universe = field(default_factory=Universe)
    selection: Selection
    weighting: Weighting = field(default_factory=Weighting)
    schedule: Schedule = field(default_factory=Schedule)
    costs: Costs = field(default_factory=Costs)
    events: Events = field(default_factory=Events)
    overlay: Overlay | None = None
    signals: Signals | None = None

    def __post_init__(self) -> None:
        texts(self, "name", "description", "source")
        require(bool(self.name.strip()), "name is empty: expected the index's name.")
        numbers(self, "base_value", above=0, at_most=1e15)
        require(
            self.base_date is None
            or (isinstance(self.base_date, dt.date) and not isinstance(self.base_date, dt.datetime)),
            f"base_date = {shown(self.base_date)}: expected a date without a time, such as datetime.date(2020, 1, 31); "
            "of a pandas Timestamp take .date().",
        )
        require(
            self.base_date is not None or self.schedule.reconstitution != "never",
            'reconstitution = "never" buys once and holds: say when, with base_date.',
        )
        require(
            self.overlay is not None or self.events.freed_weight == "members",
            'events: freed_weight = "stable" needs an [overlay] with a stable_leg.',
        )
        require(
            self.overlay is not None or not self.weighting.may_leave_a_residual,
            "weighting may leave a part for the stable leg: it needs an [overlay] with a stable_leg.",
        )
        require(
            self.signals is None or self.reads_signals,
            'signals: the recipe says nothing where neither an [overlay] nor scheme = "signal" reads it. Remove it.',
        )
        if self.selection.count is not None:
            self.weighting.check_count(self.selection.count)

    @classmethod
    def load(cls, rulebook: str | Path) -> Self:
        """Read a shipped rulebook by name ("large-cap-10"), or any rulebook by the path of its .toml file.

        Raises
        ------
        MethodologyError
            If there is no such rulebook, or it says something impossible: the message names file, key and mend.
        """
        path = shipped_or_given(rulebook, rulebooks(), "rulebook", MethodologyError)
        return from_table(cls, read_toml(path, MethodologyError), path.name, MethodologyError)

    def __repr__(self) -> str:
        """One line: all that it says is in `to_toml`."""
        return f"<Methodology {in_short(self)}>"

    @property
    def _card(self) -> Card:
        return rulebook_card(self)

    def to_toml(self) -> str:
        """The text of a .toml file that reads back as this rulebook: every key that is not at its default."""
        return toml_text(self)

    @property
    def reads_signals(self) -> bool:
        """Whether a decision reads signals: for the overlay, or for weights."""
        return self.weighting.scheme == "signal" or (self.overlay is not None and self.overlay.signals)

    @property
    def min_count(self) -> int:
        """Members that can be weighted, with fewer of which a composition is kept rather than renewed."""
        if self.selection.min_count is not None:
            return self.selection.min_count
        aimed_at = math.ceil((self.selection.count or 1) / 2)
        return max(self.weighting.fewest_members, aimed_at)

    @property
    def start_count(self) -> int:
        """Members that it takes to start: `min_count`, or the whole `count` where neither it nor a base date is set."""
        if self.base_date is not None:
            return self.min_count
        return self.selection.min_count or self.selection.count or self.min_count


def rulebooks() -> dict[str, Path]:
    """The shipped rulebooks: name -> path of the .toml file."""
    folder = Path(__file__).resolve().parents[1] / "rulebooks"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}

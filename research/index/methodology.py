"""`Methodology`: a rulebook as frozen dataclasses that check themselves.

The field names are the keys of the TOML file. What the rules do is in `screens.py`, `selection.py`, `weighting.py`,
`schedule.py`, `costs.py` and `engine.py`; here is only what may be said.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from research.errors import MethodologyError, suggest
from research.settings import from_table, read_toml

SELECTION_RULES = ("largest",)
WEIGHTING_SCHEMES = ("market_cap", "equal")
FREQUENCIES = ("daily", "weekly", "monthly", "quarterly", "yearly", "never")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise MethodologyError(message)


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    _require(value in known, f"{name} = {value!r} is not known: {suggest(value, known)}")


@dataclass(frozen=True, kw_only=True)
class Universe:
    """Who may be a member. Every screen reads data up to the determination day; `None` leaves a screen out.

    Attributes
    ----------
    exclude_tags, include_tags : tuple of str
        An asset with one of the first, or with none of the second (where any are given), is not eligible.
    min_history_days : int
        Days since the first price, the determination day included.
    min_valid_share : float in (0, 1], optional
        Share of days with a price (and, with `valid_share_needs_cap`, a market cap) in the window.
    valid_share_window : int or "month"
        Days of that window; "month" is the calendar month of the determination day.
    min_market_cap, min_volume : float, USD
        Market cap of the day; median of the daily traded value of the last 30 days.
    turnover_band : (float, float)
        Bounds for the 30-day median volume divided by the day's market cap: a tiny value marks a bogus supply,
        a huge one wash trading.
    incumbent_relief : float in (0, 1]
        Lower limits are multiplied by it, and the upper one divided by it, for members already in.
    """

    exclude_tags: tuple[str, ...] = ()
    include_tags: tuple[str, ...] = ()
    min_history_days: int = 0
    min_valid_share: float | None = None
    valid_share_window: int | str = 90
    valid_share_needs_cap: bool = False
    min_market_cap: float | None = None
    min_volume: float | None = None
    turnover_band: tuple[float, float] | None = None
    incumbent_relief: float = 1.0

    def __post_init__(self) -> None:
        _require(self.min_history_days >= 0, f"min_history_days = {self.min_history_days}: expected 0 or more.")
        both = sorted(set(self.exclude_tags) & set(self.include_tags))
        _require(not both, f"tags {both} are both included and excluded. Keep them in one list.")
        share, window = self.min_valid_share, self.valid_share_window
        _require(share is None or 0 < share <= 1, f"min_valid_share = {share}: expected a share above 0, at most 1.")
        _require(
            window == "month" or (isinstance(window, int) and window >= 1),
            f"valid_share_window = {window!r}: expected a number of days, or 'month'.",
        )
        for name in ("min_market_cap", "min_volume"):
            value = getattr(self, name)
            _require(value is None or value > 0, f"{name} = {value}: expected a positive number of USD.")
        if self.turnover_band is not None:
            low, high = self.turnover_band
            _require(0 <= low < high, f"turnover_band = [{low}, {high}]: expected 0 <= low < high.")
        _require(0 < self.incumbent_relief <= 1, f"incumbent_relief = {self.incumbent_relief}: expected 0 < x <= 1.")


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which of the eligible become members.

    Attributes
    ----------
    rule : str
        One of `SELECTION_RULES`.
    count : int
        Number of members aimed at.
    entry_rank, exit_rank : int, optional
        The buffer: an asset ranked `entry_rank` or better always enters, a member stays down to `exit_rank`.
        Default: both equal `count`, no buffer.
    rank_by : str
        Point-in-time measure, see `ranking.py`.
    min_count : int, optional
        With fewer eligible assets the previous composition is kept, with an event. Default: half of `count`, and
        not fewer than the caps need.
    """

    rule: str = "largest"
    count: int
    entry_rank: int | None = None
    exit_rank: int | None = None
    rank_by: str = "market_cap"
    min_count: int | None = None

    def __post_init__(self) -> None:
        _one_of("rule", self.rule, SELECTION_RULES)
        _require(self.count >= 1, f"count = {self.count}: expected 1 or more.")
        entry, leave = self.buffer
        _require(
            1 <= entry <= self.count <= leave,
            f"entry_rank = {entry}, count = {self.count}, exit_rank = {leave}: expected 1 <= entry <= count <= exit.",
        )
        _require(
            self.min_count is None or 1 <= self.min_count <= self.count,
            f"min_count = {self.min_count}: expected 1 to count = {self.count}.",
        )

    @property
    def buffer(self) -> tuple[int, int]:
        """Entry and exit rank."""
        return self.entry_rank or self.count, self.exit_rank or self.count


@dataclass(frozen=True, kw_only=True)
class Weighting:
    """How much of each member.

    Attributes
    ----------
    scheme : str
        One of `WEIGHTING_SCHEMES`.
    max_weight, min_weight : float, optional
        Bounds at the determination; afterwards weights drift.
    """

    scheme: str = "market_cap"
    max_weight: float | None = None
    min_weight: float | None = None

    def __post_init__(self) -> None:
        _one_of("scheme", self.scheme, WEIGHTING_SCHEMES)
        high, low = self.max_weight, self.min_weight
        _require(high is None or 0 < high <= 1, f"max_weight = {high}: expected a share above 0, at most 1.")
        _require(low is None or 0 < low <= 1, f"min_weight = {low}: expected a share above 0, at most 1.")
        _require(high is None or low is None or low <= high, f"min_weight = {low} lies above max_weight = {high}.")


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When. Calendars are those of UTC days, without holidays.

    Attributes
    ----------
    reconstitution : str
        How often members are chosen anew: one of `FREQUENCIES`. Monthly is the last day of a month, quarterly the
        last day of March, June, September and December, yearly the last day of December; "never" buys and holds
        from `base_date` on.
    rebalance : str, optional
        How often members are weighted anew; default: as `reconstitution`.
    weekday : str
        Day of weekly determinations.
    lag_days : int
        Days from the determination to the effective close. Zero decides and trades at one and the same close: for
        replicating published back-tests only, and every output says "not investable".
    """

    reconstitution: str = "monthly"
    rebalance: str | None = None
    weekday: str = "friday"
    lag_days: int = 2

    def __post_init__(self) -> None:
        _one_of("reconstitution", self.reconstitution, FREQUENCIES)
        _one_of("weekday", self.weekday, WEEKDAYS)
        if self.rebalance is not None:
            _one_of("rebalance", self.rebalance, FREQUENCIES)
            _require(
                FREQUENCIES.index(self.rebalance) <= FREQUENCIES.index(self.reconstitution),
                f"rebalance = {self.rebalance!r} is rarer than reconstitution = {self.reconstitution!r}: "
                "members chosen anew are always weighted anew.",
            )
        _require(0 <= self.lag_days <= 60, f"lag_days = {self.lag_days}: expected 0 to 60.")


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What trading costs, in basis points of the value traded (each purchase and each sale).

    Attributes
    ----------
    fee_bps, half_spread_bps : float
        Fee, and half of the bid-ask spread.
    """

    fee_bps: float = 0.0
    half_spread_bps: float = 0.0

    def __post_init__(self) -> None:
        for name in ("fee_bps", "half_spread_bps"):
            value = getattr(self, name)
            _require(0 <= value < 10_000, f"{name} = {value}: expected 0 or more, in basis points.")

    @property
    def rate(self) -> float:
        """Cost as a fraction of the value traded."""
        return (self.fee_bps + self.half_spread_bps) / 10_000


@dataclass(frozen=True, kw_only=True)
class Events:
    """What happens when a member's price goes missing.

    Attributes
    ----------
    carry_days : int
        Up to so many days a missing price is carried; after that the member is suspended. Either way its weight is
        frozen, for nothing trades without a price.
    remove_after_days : int
        Missing for more days than this, the member is removed at its last price less the haircut, and the value
        is spread over the others in proportion. It is not replaced before the next reconstitution.
    removal_haircut : float in [0, 1]
        Share of the last value that is lost at a removal. The variants 0 and 1 are always computed as well.
    """

    carry_days: int = 3
    remove_after_days: int = 10
    removal_haircut: float = 0.0

    def __post_init__(self) -> None:
        _require(
            0 <= self.carry_days <= self.remove_after_days,
            f"carry_days = {self.carry_days}, remove_after_days = {self.remove_after_days}: "
            "expected 0 <= carry_days <= remove_after_days.",
        )
        _require(
            0 <= self.removal_haircut <= 1, f"removal_haircut = {self.removal_haircut}: expected a share from 0 to 1."
        )


@dataclass(frozen=True, kw_only=True)
class Methodology:
    """One rulebook.

    Attributes
    ----------
    name, description, source : str
        What the index is called, what it is for, and whose rules it follows.
    base_value : float
        Level on the base date.
    base_date : date, optional
        First effective day. Default: the first on the calendar with enough eligible assets.
    universe, selection, weighting, schedule, costs, events
        The sections.
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

    def __post_init__(self) -> None:
        _require(bool(self.name.strip()), "name is empty: expected the index's name.")
        _require(
            self.base_value > 0 and math.isfinite(self.base_value), f"base_value = {self.base_value}: expected above 0."
        )
        _require(
            self.base_date is not None or self.schedule.reconstitution != "never",
            'reconstitution = "never" buys once and holds: say when, with base_date.',
        )
        count, high, low = self.selection.count, self.weighting.max_weight, self.weighting.min_weight
        _require(
            high is None or high * count >= 1 - 1e-12,
            f"max_weight = {high} with count = {count}: the caps add up to {(high or 0) * count:.4g}, below 1. "
            f"The smallest feasible cap for {count} members is {1 / count:.6g}.",
        )
        _require(
            low is None or low * count <= 1 + 1e-12,
            f"min_weight = {low} with count = {count}: the floors add up to {(low or 0) * count:.4g}, above 1. "
            f"The largest feasible floor for {count} members is {1 / count:.6g}.",
        )

    @classmethod
    def load(cls, rulebook: str | Path) -> Self:
        """Read a shipped rulebook by name ("large-cap-10"), or any rulebook by the path of its .toml file.

        Raises
        ------
        MethodologyError
            If there is no such rulebook, or it says something impossible: the message names file, key and mend.
        """
        shipped = rulebooks()
        path = Path(rulebook)
        if str(rulebook) in shipped:
            path = shipped[str(rulebook)]
        elif path.suffix != ".toml":
            raise MethodologyError(
                f"no shipped rulebook {str(rulebook)!r}: {suggest(str(rulebook), shipped)}. "
                "A rulebook of your own is given by its path, ending in .toml."
            )
        return from_table(cls, read_toml(path, MethodologyError), path.name, MethodologyError)

    @property
    def min_count(self) -> int:
        """Eligible assets below which a composition is kept rather than renewed."""
        if self.selection.min_count is not None:
            return self.selection.min_count
        caps_need = math.ceil(1 / self.weighting.max_weight - 1e-9) if self.weighting.max_weight else 1
        return max(caps_need, math.ceil(self.selection.count / 2))

    def as_dict(self) -> dict[str, Any]:
        """The rulebook as plain nested dictionaries, for provenance."""
        return asdict(self)


def rulebooks() -> dict[str, Path]:
    """The shipped rulebooks: name -> path of the .toml file."""
    folder = Path(__file__).resolve().parents[1] / "rulebooks"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}

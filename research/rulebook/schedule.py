"""When an index decides and when it trades."""

from __future__ import annotations

from dataclasses import dataclass

from research.rulebook.checks import one_of, require, shares, used, whole_numbers

FREQUENCIES = ("daily", "weekly", "monthly", "quarterly", "yearly", "never")
DRIFT_GOALS = ("target", "band")
QUARTER_STARTS = ("january", "february", "march")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When. Calendars are those of UTC days, without holidays.

    Attributes
    ----------
    reconstitution : str
        How often members are chosen anew: one of `FREQUENCIES`. Monthly is the last day of a month, quarterly the
        last day of a quarter, yearly the last day of December; "never" buys and holds from `base_date` on.
    rebalance : str, optional
        How often members are weighted anew; default: as `reconstitution`.
    weekday : str
        Day of weekly determinations.
    quarters_start_in : str
        First month of the first quarter of a year, one of `QUARTER_STARTS`: "january" ends quarters with March, June,
        September and December, "february" with April, July, October and January. For quarterly calendars, and for
        the reviews of the information criterion.
    lag_days : int
        Days from the determination to the effective close. Units are fixed in proportion at the prices of the
        determination (target weight / price) and bought at those of the effective close, so what is traded are the
        target weights as prices have moved them since, caps included: an example is in `rulebooks/README.md`. Zero
        decides and trades at one and the same close: for replicating published back-tests only, and every output says
        "not investable".
    drift_absolute, drift_relative : float in (0, 1), optional
        A weight outside its target by more than ``max(drift_absolute, drift_relative * target)`` at a close calls for
        a rebalance, effective `lag_days` later.
    drift_total : float in (0, 1), optional
        So does a one-sided drift, half of the sum of all distances, above this.
    drift_to : str
        "target" trades back to the weights of the last decision, "band" only to the edges of the bands.
    cool_down_days : int
        No drift is looked for within so many days after a trade that a decision called for (a removal is none), nor
        while a decision waits that will weight the members anyway.
    """

    reconstitution: str = "monthly"
    rebalance: str | None = None
    weekday: str = "friday"
    quarters_start_in: str = "january"
    lag_days: int = 2
    drift_absolute: float | None = None
    drift_relative: float | None = None
    drift_total: float | None = None
    drift_to: str = "target"
    cool_down_days: int = 7

    def __post_init__(self) -> None:
        one_of("reconstitution", self.reconstitution, FREQUENCIES)
        one_of("weekday", self.weekday, WEEKDAYS)
        one_of("quarters_start_in", self.quarters_start_in, QUARTER_STARTS)
        if self.rebalance is not None:
            one_of("rebalance", self.rebalance, FREQUENCIES)
            require(
                FREQUENCIES.index(self.rebalance) <= FREQUENCIES.index(self.reconstitution),
                f"rebalance = {self.rebalance!r} is rarer than reconstitution = {self.reconstitution!r}: "
                "members chosen anew are always weighted anew.",
            )
        shares(self, "drift_absolute", "drift_relative", "drift_total", above=0, below=1)
        weekly = "weekly" in (self.reconstitution, self.rebalance)
        used(self, ("weekday",), weekly, 'where nothing is "weekly"')
        used(self, ("drift_to", "cool_down_days"), self.watches_drift, "without drift_absolute, _relative or _total")
        one_of("drift_to", self.drift_to, DRIFT_GOALS)
        require(
            self.drift_to == "target" or self.has_band,
            'drift_to = "band" needs a band: set drift_absolute, drift_relative or both.',
        )
        whole_numbers(self, "cool_down_days", at_least=0)
        whole_numbers(self, "lag_days", at_least=0, at_most=60)

    @property
    def has_band(self) -> bool:
        """Whether single weights are held inside a band."""
        return self.drift_absolute is not None or self.drift_relative is not None

    @property
    def leaves_no_room_for_drift(self) -> bool:
        """Whether the cool-down and the waiting for the next trade cover every day between two rebalances."""
        between = {"daily": 1, "weekly": 7, "monthly": 28, "quarterly": 90}.get(self.rebalance or self.reconstitution)
        return self.watches_drift and between is not None and self.cool_down_days + self.lag_days + 1 >= between

    @property
    def watches_drift(self) -> bool:
        """Whether drift can call for a rebalance."""
        return self.has_band or self.drift_total is not None

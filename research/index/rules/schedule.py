"""When an index decides and when it trades."""

from __future__ import annotations

from dataclasses import dataclass

from research.index.rules.checks import one_of, require

FREQUENCIES = ("daily", "weekly", "monthly", "quarterly", "yearly", "never")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


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
        one_of("reconstitution", self.reconstitution, FREQUENCIES)
        one_of("weekday", self.weekday, WEEKDAYS)
        if self.rebalance is not None:
            one_of("rebalance", self.rebalance, FREQUENCIES)
            require(
                FREQUENCIES.index(self.rebalance) <= FREQUENCIES.index(self.reconstitution),
                f"rebalance = {self.rebalance!r} is rarer than reconstitution = {self.reconstitution!r}: "
                "members chosen anew are always weighted anew.",
            )
        require(0 <= self.lag_days <= 60, f"lag_days = {self.lag_days}: expected 0 to 60.")

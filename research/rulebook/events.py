"""What happens when a member's price goes missing or is doubtful, and when a member goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from research.rulebook.checks import numbers, one_of, require, shares, whole_numbers

FREED_WEIGHT = ("members", "stable")
REDENOMINATIONS = ("evident", "given")


@dataclass(frozen=True, kw_only=True)
class Events:
    """What happens when a member's price goes missing.

    Attributes
    ----------
    carry_days : int
        Up to so many days a missing price is carried; after that the member is suspended. Either way its weight is
        frozen, for nothing trades without a price of the day.
    remove_after_days : int, at most 10,000
        Missing for more days than this, the member is removed at its last price less the haircut, and the value
        is spread over the others in proportion. It is not replaced before the next reconstitution.
    removal_haircut : float in [0, 1]
        Share of the last value that is lost at a removal. The variants 0 and 1 are always computed as well.
    redenominations : str
        Which changes of an asset's unit the index takes up: "evident", those that the table of migrations gives and
        those that price and market cap show on their day, or "given", those of the table alone. The rule, and what it
        takes for a new unit wrongly or misses, is in `point_in_time/evident_redenominations.py`. A line of the table
        about an asset and day takes the place of what is evident there; with the ratio 1, confirmed, it says that the
        price did move.
    outlier_jump : float in (0, 5], optional
        A print whose logarithm is further than this from the last accepted one is held back, its market cap with it,
        until the next print confirms it, by being near it or further out on the same side (2 is a factor of 7.4, 5 one
        of 148). Default: prints are taken as they are.
    trade_at_carried_prices : bool
        Whether a member is bought and sold at a carried price, too, for up to `carry_days`. Nobody could have done so:
        for replicating published back-tests only, and every output says "not investable".
    freed_weight : str
        Where the value of a removed member goes: "members" spreads it in proportion, "stable" puts it into the stable
        leg of the overlay until the next rebalance, where one of its stablecoins has a price and keeps its peg. The
        value of a stablecoin of the leg itself goes to the next one in any case.
    """

    carry_days: int = 3
    remove_after_days: int = 10
    removal_haircut: float = 0.0
    redenominations: str = "evident"
    outlier_jump: float | None = None
    trade_at_carried_prices: bool = False
    freed_weight: str = "members"

    def __post_init__(self) -> None:
        one_of("freed_weight", self.freed_weight, FREED_WEIGHT)
        one_of("redenominations", self.redenominations, REDENOMINATIONS)
        numbers(self, "outlier_jump", above=0, at_most=5)
        whole_numbers(self, "carry_days", "remove_after_days", at_least=0)
        require(
            self.carry_days <= self.remove_after_days,
            f"carry_days = {self.carry_days}, remove_after_days = {self.remove_after_days}: "
            "expected 0 <= carry_days <= remove_after_days.",
        )
        require(
            self.carry_days > 0 or not self.trade_at_carried_prices,
            "trade_at_carried_prices says nothing with carry_days = 0. Remove it, or carry prices.",
        )
        shares(self, "removal_haircut", at_least=0, at_most=1)

    @property
    def reading(self) -> dict[str, Any]:
        """How prices are read, as arguments of `PointInTime` and `make_signals`."""
        return {"redenominations": self.redenominations, "outlier_jump": self.outlier_jump}

    @property
    def tradable_days(self) -> int:
        """Days since its last print for which a member can be traded; 0 asks for a price of the day."""
        return self.carry_days if self.trade_at_carried_prices else 0

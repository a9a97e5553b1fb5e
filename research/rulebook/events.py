"""What happens when a member's price goes missing or is doubtful, and when a member goes."""

from __future__ import annotations

from dataclasses import dataclass

from research.rulebook.checks import one_of, require

FREED_WEIGHT = ("members", "stable")


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
    outlier_jump : float, optional
        A print whose logarithm is further than this from the last accepted one is held back until the next print
        confirms it (1.5 is a factor of 4.5). Default: prints are taken as they are.
    freed_weight : str
        Where the value of a removed member goes: "members" spreads it in proportion, "stable" puts it into the stable
        leg of the overlay until the next rebalance, where one of its stablecoins has a price and keeps its peg. The
        value of a stablecoin of the leg itself goes to the next one in any case.
    """

    carry_days: int = 3
    remove_after_days: int = 10
    removal_haircut: float = 0.0
    outlier_jump: float | None = None
    freed_weight: str = "members"

    def __post_init__(self) -> None:
        one_of("freed_weight", self.freed_weight, FREED_WEIGHT)
        jump = self.outlier_jump
        require(jump is None or jump > 0, f"outlier_jump = {jump}: expected above 0, a difference of logarithms.")
        require(
            0 <= self.carry_days <= self.remove_after_days,
            f"carry_days = {self.carry_days}, remove_after_days = {self.remove_after_days}: "
            "expected 0 <= carry_days <= remove_after_days.",
        )
        require(
            0 <= self.removal_haircut <= 1, f"removal_haircut = {self.removal_haircut}: expected a share from 0 to 1."
        )

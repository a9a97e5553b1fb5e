"""What trading costs."""

from __future__ import annotations

from dataclasses import dataclass

from research.index.rules.checks import require


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
            require(0 <= value < 10_000, f"{name} = {value}: expected 0 or more, in basis points.")

    @property
    def rate(self) -> float:
        """Cost as a fraction of the value traded."""
        return (self.fee_bps + self.half_spread_bps) / 10_000

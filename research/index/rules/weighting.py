"""How much of each member."""

from __future__ import annotations

from dataclasses import dataclass

from research.index.rules.checks import one_of, require

WEIGHTING_SCHEMES = ("market_cap", "equal")


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
        one_of("scheme", self.scheme, WEIGHTING_SCHEMES)
        high, low = self.max_weight, self.min_weight
        require(high is None or 0 < high <= 1, f"max_weight = {high}: expected a share above 0, at most 1.")
        require(low is None or 0 < low <= 1, f"min_weight = {low}: expected a share above 0, at most 1.")
        require(high is None or low is None or low <= high, f"min_weight = {low} lies above max_weight = {high}.")

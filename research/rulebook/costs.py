"""What trading costs."""

from __future__ import annotations

from dataclasses import dataclass

from research.checks import check_number
from research.errors import MethodologyError
from research.rulebook.checks import ASSETS, numbers, one_of, require, used, whole_numbers

SPREAD_SOURCES = ("by_rank", "estimated")
SPREAD_ESTIMATORS = ("edge", "corwin_schultz", "abdi_ranaldo")
BPS = 10_000


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What trading costs, in basis points of the value traded (each purchase and each sale).

    Attributes
    ----------
    fee_bps : float
        Fee.
    half_spread_bps : float or one of `SPREAD_SOURCES`
        Half of the bid-ask spread: one number for all assets; "by_rank", by the rank of an asset's median market cap of
        the last 30 days among all listed assets on the day of the trade; or
        "estimated", from the open, high, low and close prices of the last `spread_window_days`.
    spread_tier_ranks, spread_tier_bps : tuple
        The tiers of "by_rank": the last rank of each tier but the open-ended last one, and the full spread of each.
    spread_estimator : str
        One of `SPREAD_ESTIMATORS`, see `research.index.trading.spread_estimators`.
    spread_window_days : int
        Days that an estimate is made from, 10 or more.
    impact_coefficient : float in [0, 100]
        Y of the square-root law: trading USD q moves the price by Y * (daily volatility) * sqrt(q / daily volume).
        Zero leaves market impact out.
    assets_under_management : float, USD, optional
        Size of the index for market impact; needed where there is any.
    """

    fee_bps: float = 0.0
    half_spread_bps: float | str = 0.0
    spread_tier_ranks: tuple[int, ...] = (2, 10, 25)
    spread_tier_bps: tuple[float, ...] = (4.0, 10.0, 25.0, 80.0)
    spread_estimator: str = "edge"
    spread_window_days: int = 60
    impact_coefficient: float = 0.0
    assets_under_management: float | None = None

    def __post_init__(self) -> None:
        numbers(self, "fee_bps", at_least=0, below=BPS)
        if isinstance(self.half_spread_bps, str):
            one_of("half_spread_bps", self.half_spread_bps, SPREAD_SOURCES)
        else:
            numbers(self, "half_spread_bps", at_least=0, below=BPS)
            total = self.fee_bps + self.half_spread_bps
            require(total < BPS, f"fee_bps + half_spread_bps = {total}: expected below {BPS}, the whole value traded.")
        self._check_tiers()
        one_of("spread_estimator", self.spread_estimator, SPREAD_ESTIMATORS)
        source = self.half_spread_bps
        used(
            self,
            ("spread_tier_ranks", "spread_tier_bps"),
            isinstance(source, str),
            f"for half_spread_bps = {source!r}: it belongs to 'by_rank', and to 'estimated' for those without",
        )
        used(
            self,
            ("spread_estimator", "spread_window_days"),
            source == "estimated",
            f"for half_spread_bps = {source!r}: it belongs to 'estimated'",
        )
        whole_numbers(self, "spread_window_days", at_least=10)  # an estimate from fewer days is noise
        self._check_impact()

    def _check_tiers(self) -> None:
        ranks, spreads = self.spread_tier_ranks, self.spread_tier_bps
        require(
            all(low < high for low, high in zip((0, *ranks), (*ranks, ASSETS), strict=True)),
            f"spread_tier_ranks = {list(ranks)}: expected ranks from 1 on, each above the one before.",
        )
        require(
            len(spreads) == len(ranks) + 1,
            f"spread_tier_bps has {len(spreads)} spreads for {len(ranks)} spread_tier_ranks: expected one more than "
            "ranks, the last for all assets beyond them.",
        )
        for spread in spreads:
            check_number("spread_tier_bps", spread, MethodologyError, at_least=0, below=BPS)
        total = self.fee_bps + max(spreads) / 2
        require(total < BPS, f"fee_bps and half of spread_tier_bps add up to {total}: expected below {BPS}.")

    def _check_impact(self) -> None:
        coefficient, size = self.impact_coefficient, self.assets_under_management
        numbers(self, "impact_coefficient", at_least=0, at_most=100)
        numbers(self, "assets_under_management", above=0)
        require(
            coefficient == 0 or size is not None,
            f"impact_coefficient = {coefficient} needs assets_under_management: impact depends on the size, in USD.",
        )

    @property
    def is_flat(self) -> bool:
        """Whether every asset costs the same, whatever its size and the day."""
        return not isinstance(self.half_spread_bps, str) and self.impact_coefficient == 0

    @property
    def rate(self) -> float:
        """Cost as a fraction of the value traded, where it is the same for all assets.

        Raises
        ------
        MethodologyError
            If it is not: `research.index.trading.costs.cost_terms` has the rates then.
        """
        if isinstance(self.half_spread_bps, str) or self.impact_coefficient > 0:
            raise MethodologyError(
                f"half_spread_bps = {self.half_spread_bps!r}, impact_coefficient = {self.impact_coefficient}: there is "
                "no one rate, costs differ by asset and day. Take them from research.index.trading.costs.cost_terms."
            )
        return (self.fee_bps + self.half_spread_bps) / BPS

"""How signals and volatility move weight between the members and the stable leg."""

from __future__ import annotations

from dataclasses import dataclass

from research.rulebook.checks import names_listed, one_of, require, shares, used, whole_numbers

MODES = ("to_stable", "fully_invested")


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """Scales the weights of the members after caps and floors, and puts what is freed into a stablecoin.

    Attributes
    ----------
    stable_leg : tuple of str
        Asset ids of stablecoins, in order of preference: the first within `depeg_warning` of 1 USD is used, at its
        market price, until its own peg is broken (not left for one further up that lists or recovers later). Where
        none keeps its peg, nothing is moved into the leg, and as long as it holds something nothing trades.
    signals : bool
        Whether the latest signal of each member scales its weight.
    bullish, neutral, bearish : float in [0, 1]
        Multiples of the weight.
    max_signal_age_days : int
        An older signal, or none, counts as neutral; one of exactly that age counts, today's being 0 days old.
    mode : str
        "to_stable" puts what is freed into the stable leg; "fully_invested" spreads it over the members again (caps
        re-applied), and uses the stable leg only when nothing is left.
    min_trade : float in [0, 0.2]
        A member that stays and whose weight would change by less keeps its drifted weight; who enters or leaves is
        traded whatever the size. What that leaves over or takes is the stable leg's where the target puts something
        into it, else the other members share it.
    max_turnover : float in (0, 1], optional
        Largest one-sided turnover that the determinations of any seven days plan together; a larger change goes only
        part of the way. Exchanging a stablecoin, drift and removals are not limited.
    volatility_target : float in (0, 3], optional
        Annual volatility aimed at: the members together get ``min(max_exposure, target / volatility)``, volatility
        being the larger of two exponentially weighted estimates (decay 0.94 and 0.97) of the basket up to two days
        before the determination.
    max_exposure : float in (0, 1]
        No borrowing.
    exposure_step : float in [0, 1)
        The exposure is changed only when it differs by more than this from the last one.
    depeg_warning, depeg_limit : float in (0, 0.5)
        Distance from 1 USD that is logged, and that breaks the peg at once...
    depeg_days : int
        ...as so many days in a row beyond the warning do. What the leg holds is exchanged for the next stablecoin
        `lag_days` later, and nothing else is traded.
    """

    stable_leg: tuple[str, ...]
    signals: bool = True
    bullish: float = 1.0
    neutral: float = 0.5
    bearish: float = 0.0
    max_signal_age_days: int = 14
    mode: str = "to_stable"
    min_trade: float = 0.005
    max_turnover: float | None = None
    volatility_target: float | None = None
    max_exposure: float = 1.0
    exposure_step: float = 0.1
    depeg_warning: float = 0.01
    depeg_limit: float = 0.03
    depeg_days: int = 3

    def __post_init__(self) -> None:
        one_of("mode", self.mode, MODES)
        used(self, ("bullish", "neutral", "bearish", "max_signal_age_days"), self.signals, "with signals = false")
        used(
            self,
            ("max_exposure", "exposure_step"),
            self.volatility_target is not None,
            "without a volatility_target",
        )
        names_listed(self, "stable_leg")
        require(bool(self.stable_leg), "stable_leg is empty: expected one stablecoin's asset id or more.")
        shares(self, "bullish", "neutral", "bearish", at_least=0, at_most=1)
        require(
            0 <= self.bearish <= self.neutral <= self.bullish <= 1,
            f"bearish = {self.bearish}, neutral = {self.neutral}, bullish = {self.bullish}: expected "
            "0 <= bearish <= neutral <= bullish <= 1.",
        )
        whole_numbers(self, "max_signal_age_days", "depeg_days")
        shares(self, "min_trade", at_least=0, at_most=0.2)
        shares(self, "max_turnover", "max_exposure")
        shares(self, "volatility_target", above=0, at_most=3)
        shares(self, "exposure_step", at_least=0, below=1)
        shares(self, "depeg_warning", "depeg_limit", above=0, below=0.5)
        require(
            self.depeg_warning <= self.depeg_limit,
            f"depeg_warning = {self.depeg_warning}, depeg_limit = {self.depeg_limit}: expected 0 < warning <= limit.",
        )

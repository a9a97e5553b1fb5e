"""How much of each member."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

from research.checks import check_number
from research.errors import MethodologyError
from research.rulebook.checks import numbers, one_of, require, shares, texts, used, whole_numbers
from research.rulebook.measure_names import Measure

SIZE_SCHEMES = ("market_cap", "sqrt_market_cap", "liquidity_mix")
RISK_SCHEMES = ("inverse_volatility", "inverse_variance", "risk_parity", "sharpe")
SCORE_SCHEMES = ("sharpe", "signal")  # the score may be above zero for no member: these fall back
WEIGHTING_SCHEMES = (*SIZE_SCHEMES, "equal", *RISK_SCHEMES, "votes", "signal")
FALLBACKS = ("inverse_volatility", "stable")
INFEASIBLE = ("error", "relax_to_equal", "residual_to_stable")
SCHEME_KEYS: dict[str, tuple[str, ...]] = {
    "size_by": SIZE_SCHEMES,
    "power": ("market_cap",),
    "supply_factor": SIZE_SCHEMES,
    "lookback_days": (*RISK_SCHEMES, "signal"),
    "min_observations": (*RISK_SCHEMES, "signal"),
    "max_signal_age_days": ("signal",),
    "fallback": SCORE_SCHEMES,
    "liquidity_share": ("liquidity_mix",),
}
"""Keys that some schemes alone use, and which."""
LEAST = 1e-9  # a cap below it would need more members than there are assets
_SLACK = 1e-9  # caps typed as decimals: ten times 0.1 is one, not quite in binary


@dataclass(frozen=True, kw_only=True)
class Weighting:
    """How much of each member. A key that the scheme does not use is an error.

    Attributes
    ----------
    scheme : str
        One of `WEIGHTING_SCHEMES`; formulas in `research.index.weighting.schemes`.
    size_by : str, optional
        Size schemes: the measure (see `measure_names.py`) that stands for size. Default: the day's market cap.
    power : float in (0, 2], optional
        Scheme market_cap: exponent of the size. Default 1; 0.5 is sqrt_market_cap.
    supply_factor : str, optional
        Size schemes: extra column of the snapshot with a factor in (0, 1], such as the free float, times which each
        size is taken.
    liquidity_share : float in [0, 1]
        liquidity_mix: share of the liquidity; the rest is the share of the square root of size.
    lookback_days, min_observations : int, optional
        Schemes that need volatility, also as a fallback: days of returns looked back on, and returns needed. Default:
        90 and 60; sharpe: 365 and 180.
    max_signal_age_days : int, optional
        signal: an older score is none; one of exactly that age counts. Default 14.
    fallback : str, optional
        sharpe, signal: what is done when no member has a score above zero. "inverse_volatility" (default)
        weighs by it, "stable" gives everything to the stable leg.
    max_weight : float in (0, 1], optional
        Cap of every member. Bounds hold at the determination; afterwards weights drift.
    max_weight_by_rank : tuple of float in (0, 1], optional
        Instead of `max_weight`: the cap of the largest member by size, of the second, ...; the last value is that of
        all others.
    max_group_weight : float in (0, 1], optional
        Cap of all members together that share a tag beginning with `group_by`.
    group_by : str
        Prefix of the tags that make groups. A member without such a tag is a group of its own.
    min_weight : float in (0, 1], optional
        Floor of every member.
    infeasible : str
        What is done when caps leave no room for the whole: "error"; "relax_to_equal", equal weights in breach of the
        bounds; "residual_to_stable", every member at its cap and the rest in the stable leg. Never silent: each
        case is noted.
    """

    scheme: str = "market_cap"
    size_by: str | None = None
    power: float | None = None
    supply_factor: str | None = None
    liquidity_share: float = 0.25
    lookback_days: int | None = None
    min_observations: int | None = None
    max_signal_age_days: int | None = None
    fallback: str | None = None
    max_weight: float | None = None
    max_weight_by_rank: tuple[float, ...] = ()
    max_group_weight: float | None = None
    group_by: str = "sector:"
    min_weight: float | None = None
    infeasible: str = "error"

    def __post_init__(self) -> None:
        texts(self, "size_by", "supply_factor", "group_by")
        one_of("scheme", self.scheme, WEIGHTING_SCHEMES)
        one_of("infeasible", self.infeasible, INFEASIBLE)
        self._check_scheme_keys()
        self._check_bounds()

    def _check_scheme_keys(self) -> None:
        for key, schemes in SCHEME_KEYS.items():
            otherwise = f"for scheme = {self.scheme!r}: it belongs to {', '.join(schemes)}"
            used(self, (key,), self.scheme in schemes, otherwise)
        used(self, ("group_by",), self.max_group_weight is not None, "without max_group_weight")
        used(self, ("infeasible",), self.is_bounded, "without caps or floors")
        if self.size_by is not None:
            require(
                Measure.parse(self.size_by, "size_by").panel is not None,
                f"size_by = {self.size_by!r} measures performance, not size. Use market_cap or volume, or a statistic "
                "of theirs such as market_cap_ema_30d.",
            )
        if self.fallback is not None:
            one_of("fallback", self.fallback, FALLBACKS)
        numbers(self, "power", above=0, at_most=2)
        shares(self, "liquidity_share", at_least=0, at_most=1)
        whole_numbers(self, "lookback_days", "min_observations", "max_signal_age_days")
        days, needed = self.window
        require(
            2 <= needed <= days,
            f"lookback_days = {days}, min_observations = {needed}: expected 2 <= min_observations <= lookback_days.",
        )

    def _check_bounds(self) -> None:
        shares(self, "max_weight", "max_group_weight", at_least=LEAST, at_most=1)
        shares(self, "min_weight")
        for place, cap in enumerate(self.max_weight_by_rank):
            name = f"max_weight_by_rank[{place}]"
            check_number(name, cap, MethodologyError, at_least=LEAST, at_most=1, fraction="a share")
        tiers = self.max_weight_by_rank
        require(not tiers or self.max_weight is None, "max_weight and max_weight_by_rank are both given. Keep one.")
        require(
            list(tiers) == sorted(tiers, reverse=True),
            f"max_weight_by_rank = {list(tiers)}: expected the cap of the largest first, none below a later one.",
        )
        low, high = self.min_weight, min(self.tiers, default=None)
        require(high is None or low is None or low <= high, f"min_weight = {low} lies above max_weight = {high}.")
        require(bool(self.group_by), 'group_by is empty: expected the beginning of tags, such as "sector:".')

    def check_count(self, count: int) -> None:
        """Refuse bounds that `count` members can never meet.

        Raises
        ------
        MethodologyError
            The message prints the smallest feasible cap or the largest feasible floor.
        """
        tiers, low, group = self.tiers, self.min_weight, self.max_group_weight
        room = sum(tiers[:count]) + tiers[-1] * max(count - len(tiers), 0) if tiers else 1.0
        names = "max_weight_by_rank" if self.max_weight_by_rank else "max_weight"
        if self.infeasible == "error":
            require(
                room >= 1 - _SLACK,
                f"{names} = {list(tiers) if self.max_weight_by_rank else self.max_weight} with count = {count}: the "
                f"caps add up to {room:.4g}, below 1. "
                f"The smallest feasible cap for {count} members is {1 / count:.6g}.",
            )
            require(
                group is None or group * count >= 1 - _SLACK,
                f"max_group_weight = {group} with count = {count}: even {count} groups add up to "
                f"{(group or 0) * count:.4g}, below 1. The smallest feasible cap for them is {1 / count:.6g}.",
            )
        require(
            low is None or low * count <= 1 + _SLACK,
            f"min_weight = {low} with count = {count}: the floors add up to {(low or 0) * count:.4g}, above 1. "
            f"The largest feasible floor for {count} members is {1 / count:.6g}.",
        )

    @property
    def tiers(self) -> tuple[float, ...]:
        """Caps by rank of size, the last one that of all others; empty without caps."""
        return self.max_weight_by_rank or (() if self.max_weight is None else (self.max_weight,))

    @property
    def is_bounded(self) -> bool:
        """Whether there is any cap or floor."""
        return bool(self.tiers) or self.max_group_weight is not None or self.min_weight is not None

    def unbounded(self) -> Weighting:
        """The same scheme without caps and floors."""
        return replace(
            self,
            max_weight=None,
            max_weight_by_rank=(),
            max_group_weight=None,
            group_by=Weighting.group_by,
            min_weight=None,
            infeasible=Weighting.infeasible,
        )

    @cached_property
    def for_freed_weight(self) -> Weighting:
        """How freed weight is spread over the members again: within caps, without floors; the rest is left over."""
        if not self.tiers and self.max_group_weight is None:
            return self.unbounded()
        return replace(self, min_weight=None, infeasible="residual_to_stable")

    @property
    def fewest_members(self) -> int:
        """The number of members below which the caps leave no room for the whole; 1 where that is no error."""
        if self.infeasible != "error" or not self.tiers:
            return 1
        room = 0.0
        for count, cap in enumerate(self.tiers, start=1):
            room += cap
            if room >= 1 - _SLACK:
                return count
        return len(self.tiers) + math.ceil((1 - room) / self.tiers[-1] - _SLACK)

    @property
    def window(self) -> tuple[int, int]:
        """Days of returns looked back on, and returns needed."""
        days, needed = (365, 180) if self.scheme == "sharpe" else (90, 60)
        return (
            days if self.lookback_days is None else self.lookback_days,
            needed if self.min_observations is None else self.min_observations,
        )

    @property
    def signal_days(self) -> int:
        """Age in days up to which a signal's score is used."""
        return 14 if self.max_signal_age_days is None else self.max_signal_age_days

    @property
    def needs_market_cap(self) -> bool:
        """Whether a member without a market cap on the day cannot be weighted."""
        return self.scheme in SIZE_SCHEMES and (self.size_by or "market_cap").startswith("market_cap")

    @property
    def may_leave_a_residual(self) -> bool:
        """Whether weights may add up to less than 1, the rest being for the stable leg."""
        return self.infeasible == "residual_to_stable" or self.fallback == "stable"

"""The names of point-in-time measures that a rulebook may use. `research.point_in_time.measures` computes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Self

from research.errors import shown
from research.rulebook.checks import DAYS, require

_SIZE = re.compile(r"(market_cap|volume)(?:_(mean|median|ema)_([0-9]{1,18})d)?")
_PERFORMANCE = re.compile(r"(return|volatility|sharpe|consistency|max_drawdown|volume_growth)_([0-9]{1,18})d")
_LEAST_DAYS = {"volatility": 2, "sharpe": 2, "consistency": 7}
_STATISTICS = {"mean": "mean {} of the last {} days", "median": "median {} of the last {} days"} | {
    "ema": "exponentially smoothed {} with a half-life of {} days",
}
_PERIODS = {"return": "return over the last {} days", "max_drawdown": "maximum drawdown of the last {} days"}


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A measure's name, taken apart.

    Attributes
    ----------
    panel : str, optional
        "market_cap" or "volume"; none for a performance measure.
    statistic : str, optional
        "mean", "median" or "ema" of the panel, or the performance measure; none is the day's value.
    days : int
        Trailing window, or half-life of the EMA, at most 10,000; 1 where the name states none.
    """

    panel: str | None
    statistic: str | None
    days: int

    @classmethod
    @cache
    def parse(cls, name: str, key: str) -> Self:
        """Take a name apart; MethodologyError naming `key` if it is no measure."""
        size, performance = _SIZE.fullmatch(name), _PERFORMANCE.fullmatch(name)
        if size:
            measure = cls(panel=size[1], statistic=size[2], days=int(size[3] or 1))
        elif performance:
            measure = cls(panel=None, statistic=performance[1], days=int(performance[2]))
        else:
            measure = cls(panel=None, statistic=None, days=0)
        least = _LEAST_DAYS.get(measure.statistic or "", 1)
        known = size is not None or performance is not None
        require(
            known and least <= measure.days <= DAYS,
            f"{key} = {shown(name)} is no measure: expected "
            + (
                f"{least} days or more, at most {DAYS:,}."
                if known
                else "e.g. market_cap, market_cap_mean_30d, market_cap_ema_30d, volume_median_30d; or a performance "
                "measure: return_90d, volatility_90d, sharpe_90d, consistency_90d, max_drawdown_90d, volume_growth_30d."
            ),
        )
        return measure

    @property
    def words(self) -> str:
        """In words: market_cap_mean_30d is "mean market cap of the last 30 days"."""
        if self.panel is None:
            what = (self.statistic or "").replace("_", " ")
            return _PERIODS.get(self.statistic or "", f"{what} of the last {{}} days").format(self.days)
        what = self.panel.replace("_", " ")
        return _STATISTICS[self.statistic].format(what, self.days) if self.statistic else f"{what} of the day"

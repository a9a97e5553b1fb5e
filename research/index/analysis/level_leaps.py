"""Days on which one doubtful print moved a level: what it did to the level, and to the growth that is made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from research.index.analysis.record import IndexRecord
from research.index.trading.member_events import LEAP

LARGE = 0.01
"""Share of the level of the day before from which a reader has to know of it."""
DOUBTFUL = ("leap", "resumed", "fork valued")
"""Events of a member that move a level at once, and that a wrong print or a missing table can make."""
DAYS_PER_YEAR = 365

Leap = Mapping[str, Any]
"""series, date (ISO), asset, cause, effect (share of the level of the day before), growth and without (CAGR with and
without that day, NaN below a year): plain values, so that a frame can carry a list of them in its `attrs`."""


def leaps_of_index(index: IndexRecord) -> list[Leap]:
    """The doubtful events of members that moved the level by more than `LARGE`."""
    found = [
        (event.row, index.source.asset_ids[event.asset], event.detail, event.effect)
        for event in index.event_records
        if event.event in DOUBTFUL and event.asset is not None and abs(event.effect) > LARGE
    ]
    days = index.source.dates
    return _described(index.methodology.name, index.level, [(days[row], *rest) for row, *rest in found])


def leaps_of_price(price: pd.Series) -> list[Leap]:
    """Days on which the price of a single asset was at least `LEAP` times, or at most 1 / `LEAP` of, the one before."""
    factor = (price / price.shift()).iloc[1:]
    found = [
        (day, str(price.name), f"price x{times:.3g} in a day", times - 1.0)
        for day, times in factor[(factor >= LEAP) | (factor <= 1.0 / LEAP)].items()
    ]
    return _described(str(price.name), price, found)


def ranked(leaps: Iterable[Leap]) -> list[Leap]:
    """The leaps by what they did to a level, the largest first."""
    return sorted(leaps, key=lambda leap: (-abs(np.log1p(leap["effect"])), leap["series"], leap["date"]))


def sentence(leap: Leap) -> str:
    """What moved a level, by how much, why, and what its growth would have been without that day."""
    change = f"{leap['effect']:+,.1%}".replace("-", "\u2212").replace("%", "\u00a0%")
    growth, without = (f"{leap[name]:,.1%}".replace("%", "\u00a0%") for name in ("growth", "without"))
    told = "" if np.isnan(leap["growth"]) else f" Without it its growth would be {without} a year, not {growth}."
    return f"{leap['series']} moved by {change} on {leap['date']} through {leap['asset']} alone: {leap['cause']}.{told}"


def _described(name: str, level: pd.Series, found: Iterable[tuple[Any, ...]]) -> list[Leap]:
    known = level.dropna()
    years = (known.index[-1] - known.index[0]).days / DAYS_PER_YEAR if len(known) else 0.0
    times = float(known.iloc[-1] / known.iloc[0]) if len(known) and known.iloc[0] > 0 else 0.0
    tells = years >= 1 and times > 0
    return [
        {
            "series": name,
            "date": f"{day:%Y-%m-%d}",
            "asset": str(asset),
            "cause": str(cause),
            "effect": float(effect),
            "growth": times ** (1 / years) - 1 if tells else float("nan"),
            "without": (times / (1 + effect)) ** (1 / years) - 1 if tells and effect > -1 else float("nan"),
        }
        for day, asset, cause, effect in found
    ]

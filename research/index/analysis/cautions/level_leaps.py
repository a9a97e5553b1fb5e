"""Days on which one doubtful print moved a level: what it did to the level, and to the growth that is made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from research.evaluation.overview import DAYS_PER_YEAR
from research.index.analysis.record import IndexRecord
from research.index.analysis.why.attribution import contributions_table
from research.index.trading.member_events import LEAP
from research.typing import FloatArray

LARGE = 0.01
"""Share of the level of the day before from which a reader has to know of it."""
DOUBTFUL = ("leap", "resumed", "fork valued")
"""Events of a member that move a level at once, and that a wrong print or a missing table can make."""
WAY_BACK = 30
"""Days within which a price that leapt is looked at for its way back."""

Leap = Mapping[str, Any]
"""series, date (ISO), asset, cause, effect (share of the level of the day before), growth and without (CAGR with and
without that day; NaN below a year, and where the price went back: the day alone is not what it did to growth), back
(ISO day by which the price was nearer to that before the leap than to the leap, "" without one within `WAY_BACK`) and
together (effect of all days from the leap to that one): plain values, so that a frame can carry them in its `attrs`."""


def leaps_of_index(index: IndexRecord) -> list[Leap]:
    """The doubtful events of members that moved the level by more than `LARGE`; a leap and its way back are one."""
    found, days, returned = [], index.source.dates, dict[int, int]()
    for event in index.event_records:
        if event.event not in DOUBTFUL or event.asset is None or event.row <= returned.get(event.asset, -1):
            continue
        before, _ = index.source.carried_prices(event.row - 1, np.array([event.asset]))
        back = _way_back(np.r_[before, index.source.prices[event.row : event.row + WAY_BACK + 1, event.asset]])
        if back is not None:
            returned[event.asset] = event.row + back - 1
        if abs(event.effect) > LARGE:
            asset = str(index.source.asset_ids[event.asset])
            until = None if back is None else days[event.row + back - 1]
            together = np.nan if until is None else _together(index, asset, days[event.row], until)
            found.append((days[event.row], asset, event.detail, event.effect, until, together))
    return _described(index.methodology.name, index.level, found)


def leaps_of_price(price: pd.Series) -> list[Leap]:
    """Days on which the price of a single asset was at least `LEAP` times, or at most 1 / `LEAP` of, the one before.

    A leap and its way back are one.
    """
    factor = price / price.shift()
    found: list[tuple[Any, ...]] = []
    last = 0
    for row in np.flatnonzero((factor >= LEAP) | (factor <= 1.0 / LEAP)).tolist():
        if row <= last:
            continue
        back = _way_back(price.iloc[row - 1 : row + WAY_BACK + 1].to_numpy())
        times, until, together = factor.iloc[row], None, np.nan
        if back is not None:
            last = row + back - 1
            until, together = price.index[last], price.iloc[last] / price.iloc[row - 1] - 1.0
        cause = f"price x{times:.3g} in a day"
        found.append((price.index[row], str(price.name), cause, times - 1.0, until, together))
    return _described(str(price.name), price, found)


def _way_back(prices: FloatArray) -> int | None:
    """Place of the first price that is nearer to the first than to the second, by their ratio; None without one.

    None too where the second is no leap from the first: an ordinary move is no print that could be taken back.
    """
    before, leapt = prices[:2]
    if not (leapt >= LEAP * before or leapt <= before / LEAP):
        return None
    middle = np.sqrt(before * leapt)
    back = np.flatnonzero(prices < middle if leapt > before else prices > middle)
    later = back[back > 1]
    return int(later[0]) if len(later) else None


def _together(index: IndexRecord, asset: str, first: pd.Timestamp, last: pd.Timestamp) -> float:
    """What an asset added to the level over some days, as a share of the level before them."""
    before = index.level.shift().loc[first:last]
    return float((contributions_table(index).loc[first:last, asset] * before).sum() / before.iloc[0])


def ranked(leaps: Iterable[Leap]) -> list[Leap]:
    """The leaps by what they did to a level, the largest first."""
    return sorted(leaps, key=lambda leap: (-abs(np.log1p(leap["effect"])), leap["series"], leap["date"]))


def sentence(leap: Leap) -> str:
    """What moved a level, by how much, why, and what its growth would have been without that day."""
    growth, without = (f"{leap[name]:,.1%}".replace("%", "\u00a0%") for name in ("growth", "without"))
    told = "" if np.isnan(leap["without"]) else f" Without it its growth would be {without} a year, not {growth}."
    if leap["back"]:
        moved = _change(leap["together"])
        told = f" By {leap['back']} that price was back: over all those days it moved the level by {moved}."
    change = _change(leap["effect"])
    return f"{leap['series']} moved by {change} on {leap['date']} through {leap['asset']} alone: {leap['cause']}.{told}"


def _change(value: float) -> str:
    return f"{value:+,.1%}".replace("-", "\u2212").replace("%", "\u00a0%")


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
            "without": (times / (1 + effect)) ** (1 / years) - 1 if tells and back is None and effect > -1 else np.nan,
            "back": "" if back is None else f"{back:%Y-%m-%d}",
            "together": float(together),
        }
        for day, asset, cause, effect, back, together in found
    ]

"""Size, supply and age. Supply is M / P, in the unit of the listing: a redenomination does not change it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from research.signals.features.indicators import previous
from research.signals.features.inputs import Inputs
from research.signals.features.registry import Feature
from research.signals.features.trailing import Observed, highest, log, ratio, total
from research.typing import FloatArray


def _log_cap(inputs: Inputs) -> FloatArray:
    return log(inputs.at(inputs.panel("market_cap")))


def rank(inputs: Inputs, lag: int = 0) -> FloatArray:
    """1 + the number of today's members whose market cap `lag` days ago was larger: whole numbers, or NaN."""
    caps = inputs.at(inputs.panel("market_cap"), lag)
    found = np.full(caps.shape, np.nan)
    for place, (values, eligible) in enumerate(zip(caps, inputs.universe, strict=True)):
        known = ~np.isnan(values)
        members = np.sort(values[eligible & known])
        if len(members):
            larger = len(members) - np.searchsorted(members, values[known], side="right")
            found[place, known] = 1.0 + larger
    return found


def _log_rank(inputs: Inputs) -> FloatArray:
    return np.log(rank(inputs))


def _share(inputs: Inputs) -> FloatArray:
    caps = inputs.at(inputs.panel("market_cap"))
    sizes = [
        total(values[eligible & ~np.isnan(values)][:, None])[0]
        for values, eligible in zip(caps, inputs.universe, strict=True)
    ]
    return ratio(caps, np.asarray(sizes)[:, None])


def _log_supply(inputs: Inputs) -> FloatArray:
    return inputs.once("supply", lambda: log(inputs.panel("market_cap")) - inputs.log_price)


def _supply_growth(inputs: Inputs, days: int) -> FloatArray:
    supply = _log_supply(inputs)
    return inputs.at(supply) - inputs.at(supply, days)


def _unlock(inputs: Inputs) -> FloatArray:
    supply = _log_supply(inputs)
    before = supply
    for _ in range(7):
        before = previous(before)
    return highest(Observed.of(supply - before), inputs.rows, 90)


def _log_age(inputs: Inputs) -> FloatArray:
    days = inputs.rows[:, None] - inputs.source.first_row[None, :] + 1
    return log(days.astype(float))


def _log_price(inputs: Inputs) -> FloatArray:
    return inputs.at(inputs.log_price)


def _feature(
    name: str, formula: str, window: int, source: str, function: Callable[[Inputs], FloatArray], *inputs: str
) -> Feature:
    return Feature(
        name=name,
        group="size and supply",
        formula=formula,
        inputs=inputs,
        window=window,
        source=source,
        function=function,
    )


FEATURES = (
    _feature("log_market_cap", "ln M", 1, "Banz 1981", _log_cap, "market_cap"),
    _feature("log_rank", "ln rank by M among members", 1, "Banz 1981", _log_rank, "market_cap"),
    _feature("share_of_universe", "M / sum of M of members", 1, "common", _share, "market_cap"),
    *(
        _feature(
            f"supply_growth_{w}d",
            f"ln S/S_{w}, S = M/P",
            w,
            "Pontiff and Woodgate 2008",
            partial(_supply_growth, days=w),
            "price",
            "market_cap",
        )
        for w in (30, 180)
    ),
    _feature("unlock_90d", "max of ln S/S_7 over 90 days, S = M/P", 97, "common", _unlock, "price", "market_cap"),
    _feature("log_age", "ln days since the first price of the market's data", 1, "common", _log_age, "price"),
    _feature("log_price", "ln P, in the unit of the listing", 1, "common", _log_price, "price"),
)

"""Liquidity: how much is traded, and what trading costs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from research.point_in_time.windows import window_median
from research.signals.features import bars
from research.signals.features.indicators import previous
from research.signals.features.inputs import Inputs
from research.signals.features.registry import Feature
from research.signals.features.trailing import (
    Observed,
    Pairs,
    daily,
    log,
    means,
    moments,
    over,
    ratio,
    signed_root,
)
from research.typing import FloatArray

RANGES = ("price", "high", "low")


def mean_volume(inputs: Inputs, window: int) -> FloatArray:
    """Mean USD volume of the window."""
    return inputs.once(("volume", window), lambda: means(inputs.observed_volume, inputs.rows, window))


def _log_median(inputs: Inputs) -> FloatArray:
    median = over(inputs.rows, 30, window_median, inputs.volume)
    return np.where(np.isnan(inputs.observed_volume.counts(inputs.rows, 30)), np.nan, log(median))


def _turnover(inputs: Inputs) -> FloatArray:
    return ratio(mean_volume(inputs, 30), inputs.at(inputs.panel("market_cap")))


def _illiquidity(returns: FloatArray, volume: FloatArray) -> tuple[FloatArray, ...]:
    return (ratio(np.abs(returns), volume),)


def _amihud(inputs: Inputs, window: int) -> FloatArray:
    known = inputs.once("illiquidity", lambda: Observed.of(*daily(_illiquidity, inputs.returns, inputs.volume)))
    return means(known, inputs.rows, window)


def _corwin_schultz(inputs: Inputs) -> FloatArray:
    return bars.corwin_schultz(inputs.high, inputs.low, inputs.price, inputs.rows, 30)


def _abdi_ranaldo(inputs: Inputs) -> FloatArray:
    return bars.abdi_ranaldo(inputs.high, inputs.low, inputs.price, inputs.rows, 30)


def _edge(inputs: Inputs) -> FloatArray:
    return bars.edge(inputs.panel("open"), inputs.high, inputs.low, inputs.price, inputs.rows, 60)


def _roll(inputs: Inputs) -> FloatArray:
    found = Pairs(inputs.observed_returns, Observed.of(previous(inputs.returns))).over(inputs.rows, 60)
    return 2.0 * signed_root(-found.products / (found.count - 1.0))


def _zero_share(inputs: Inputs) -> FloatArray:
    known = inputs.observed_returns
    return means(Observed((known.values == 0) * known.there, known.there), inputs.rows, 30)


def _variation(inputs: Inputs) -> FloatArray:
    found = moments(inputs.observed_volume, inputs.rows, 30)
    return ratio(found.deviation, found.mean)


def _feature(
    name: str, formula: str, window: int, source: str, function: Callable[[Inputs], FloatArray], *inputs: str
) -> Feature:
    return Feature(
        name=name, group="liquidity", formula=formula, inputs=inputs, window=window, source=source, function=function
    )


FEATURES = (
    _feature("log_volume_30d", "ln median V, 30 days", 30, "common", _log_median, "volume"),
    _feature(
        "turnover_30d", "mean V, 30 days / M", 30, "Datar, Naik and Radcliffe 1998", _turnover, "volume", "market_cap"
    ),
    *(
        _feature(
            f"amihud_{w}d", f"mean |r| / V, {w} days", w, "Amihud 2002", partial(_amihud, window=w), "price", "volume"
        )
        for w in (30, 90)
    ),
    _feature(
        "corwin_schultz_30d", "mean two-day spread from H, L", 30, "Corwin and Schultz 2012", _corwin_schultz, *RANGES
    ),
    _feature(
        "abdi_ranaldo_30d", "mean two-day spread from C, H, L", 30, "Abdi and Ranaldo 2017", _abdi_ranaldo, *RANGES
    ),
    _feature(
        "edge_60d", "spread from O, H, L, C, sign kept", 60, "Ardia, Guidotti and Kroencke 2024", _edge, "open", *RANGES
    ),
    _feature("roll_60d", "2 sqrt(-cov(r, r_1)), sign kept", 60, "Roll 1984", _roll, "price"),
    _feature("zero_returns_30d", "share of r = 0", 30, "Lesmond, Ogden and Trzcinka 1999", _zero_share, "price"),
    _feature(
        "volume_variation_30d",
        "sd V / mean V, 30 days",
        30,
        "Chordia, Subrahmanyam and Anshuman 2001",
        _variation,
        "volume",
    ),
)

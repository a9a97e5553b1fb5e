"""Dynamics of volume, alone and with returns."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from research.signals.features import indicators
from research.signals.features.inputs import Inputs
from research.signals.features.liquidity import mean_volume
from research.signals.features.registry import Feature
from research.signals.features.trailing import (
    Observed,
    Pairs,
    counted,
    daily_sums,
    enough,
    log,
    moments,
    over,
    ratio,
    sums,
    total,
)
from research.typing import FloatArray

BOTH = ("price", "volume")


def _ratio(inputs: Inputs, fast: int, slow: int) -> FloatArray:
    return ratio(mean_volume(inputs, fast), mean_volume(inputs, slow))


def _z_score(inputs: Inputs) -> FloatArray:
    known = inputs.observed_volume
    count = daily_sums(known.there, 7)
    weekly = np.where(count >= enough(7), daily_sums(known.values, 7) / np.maximum(count, 1.0), np.nan)
    found = moments(Observed.of(weekly), inputs.rows, 180)
    return ratio(inputs.at(weekly) - found.mean, found.deviation)


def _obv_slope(inputs: Inputs) -> FloatArray:
    def slope(flow: FloatArray) -> FloatArray:
        # on-balance volume is a running sum: its slope weighs each day's flow with the centred days from it on
        days = np.arange(len(flow)) - (len(flow) - 1) / 2.0
        weights = np.cumsum(days[::-1])[::-1] / (days @ days)
        return total(flow * weights[:, None])

    flow = Observed.of(indicators.signed_volume(inputs.price, inputs.volume))
    count = flow.counts(inputs.rows, 30)
    return np.where(np.isnan(count), np.nan, ratio(over(inputs.rows, 30, slope, flow.values), mean_volume(inputs, 30)))


def _money_flow(inputs: Inputs) -> FloatArray:
    return indicators.money_flow(inputs.high, inputs.low, inputs.price, inputs.volume, inputs.rows, 20)


def _mfi(inputs: Inputs) -> FloatArray:
    return indicators.mfi(inputs.high, inputs.low, inputs.price, inputs.volume, inputs.rows, 14)


def _correlation(inputs: Inputs) -> FloatArray:
    change = indicators.changes(log(inputs.volume))
    return Pairs(inputs.observed_returns, Observed.of(change)).over(inputs.rows, 30).correlation


def _traded(inputs: Inputs) -> Pairs:
    return inputs.once("traded", lambda: Pairs(inputs.observed_returns, inputs.observed_volume))


def _weighted_return(inputs: Inputs) -> FloatArray:
    found = _traded(inputs)
    count = counted(sums(found.there, inputs.rows, 30), 30)
    return ratio(sums(found.xy, inputs.rows, 30), sums(found.y, inputs.rows, 30)) + 0.0 * count


def _up_to_down(inputs: Inputs) -> FloatArray:
    found = _traded(inputs)
    count = counted(sums(found.there, inputs.rows, 30), 30)
    up, down = (sums(found.y * side, inputs.rows, 30) for side in (found.x > 0, found.x < 0))
    return ratio(up, down) + 0.0 * count


def _feature(
    name: str,
    formula: str,
    window: int,
    source: str,
    function: Callable[[Inputs], FloatArray],
    inputs: tuple[str, ...] = BOTH,
) -> Feature:
    return Feature(
        name=name, group="volume", formula=formula, inputs=inputs, window=window, source=source, function=function
    )


FEATURES = (
    *(
        _feature(
            f"volume_{fast}d_to_{slow}d",
            f"mean V of {fast} days / of {slow}",
            slow,
            "Gervais, Kaniel and Mingelgrin 2001",
            partial(_ratio, fast=fast, slow=slow),
            ("volume",),
        )
        for fast, slow in ((7, 30), (30, 90))
    ),
    _feature(
        "volume_z_180d", "(V7 - mean V7) / sd V7 over 180 days, V7 = mean V of 7", 187, "common", _z_score, ("volume",)
    ),
    _feature("obv_slope_30d", "OLS slope of on-balance volume on days / mean V", 30, "Granville 1963", _obv_slope),
    _feature(
        "money_flow_20d",
        "sum of V (2C - H - L)/(H - L) / sum of V",
        20,
        "Chaikin 1982",
        _money_flow,
        (*BOTH, "high", "low"),
    ),
    _feature(
        "mfi_14d",
        "100 x share of T V on days T rose, T = (H + L + C)/3",
        14,
        "Quong and Soudack 1989",
        _mfi,
        (*BOTH, "high", "low"),
    ),
    _feature("return_volume_correlation_30d", "corr(r, change of ln V)", 30, "Karpoff 1987", _correlation),
    _feature("volume_weighted_return_30d", "sum of r V / sum of V", 30, "common", _weighted_return),
    _feature("up_down_volume_30d", "sum of V where r > 0 / where r < 0", 30, "common", _up_to_down),
)

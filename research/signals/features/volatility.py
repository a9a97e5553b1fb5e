"""Volatility, per day and not annualised."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from research.signals.features import bars, indicators
from research.signals.features.comovement import against_bitcoin
from research.signals.features.inputs import BITCOIN, Inputs
from research.signals.features.registry import Feature
from research.signals.features.trailing import RAW_ROUNDING, Observed, daily_sums, enough, means, moments, ratio
from research.typing import FloatArray

LAMBDA, EWMA_START = 0.94, 30
BARS = ("price", "open", "high", "low")


def _volatility(inputs: Inputs, window: int) -> FloatArray:
    return inputs.volatility(window)


def _ewma(inputs: Inputs) -> FloatArray:
    return np.sqrt(indicators.smoothed(inputs.returns**2, 1.0 - LAMBDA, EWMA_START)[inputs.rows])


def _parkinson(inputs: Inputs) -> FloatArray:
    return bars.parkinson(inputs.high, inputs.low, inputs.rows, 20)


def _garman_klass(inputs: Inputs) -> FloatArray:
    return bars.garman_klass(inputs.panel("open"), inputs.high, inputs.low, inputs.price, inputs.rows, 20)


def _yang_zhang(inputs: Inputs) -> FloatArray:
    return bars.yang_zhang(inputs.panel("open"), inputs.high, inputs.low, inputs.price, inputs.rows, 20)


def _ratio(inputs: Inputs, fast: int, slow: int) -> FloatArray:
    return ratio(inputs.volatility(fast), inputs.volatility(slow))


def _of_volatility(inputs: Inputs) -> FloatArray:
    known = inputs.observed_returns
    count, raw = daily_sums(known.there, 7), daily_sums(known.values * known.values, 7)
    mean = daily_sums(known.values, 7) / np.maximum(count, 1.0)
    squares = raw - count * mean * mean
    squares = np.where(squares <= RAW_ROUNDING * raw, 0.0, squares) / np.maximum(count - 1.0, 1.0)
    daily = np.where(count >= enough(7), np.sqrt(squares), np.nan)
    return moments(Observed.of(daily), inputs.rows, 60).deviation


def _atr_ratio(inputs: Inputs) -> FloatArray:
    span = indicators.true_range(inputs.high, inputs.low, inputs.price)
    return indicators.wilder(span, 14)[inputs.rows] / inputs.at(inputs.price)


def _mean_square(inputs: Inputs, side: Callable[[FloatArray, float], FloatArray], window: int) -> FloatArray:
    """Mean over all days of the squared returns on one side of zero."""
    known = inputs.observed_returns
    return means(Observed(side(known.values, 0.0) ** 2, known.there), inputs.rows, window)


def _downside(inputs: Inputs) -> FloatArray:
    return np.sqrt(_mean_square(inputs, np.minimum, 30))


def _up_to_down(inputs: Inputs) -> FloatArray:
    return np.sqrt(ratio(_mean_square(inputs, np.maximum, 60), _mean_square(inputs, np.minimum, 60)))


def _idiosyncratic(inputs: Inputs) -> FloatArray:
    found = against_bitcoin(inputs, 60)
    left = np.maximum(found.squares - found.slope * found.products, 0.0)
    return np.sqrt(left / np.maximum(found.count - 2.0, 1.0))


def _feature(
    name: str,
    formula: str,
    window: int,
    source: str,
    function: Callable[[Inputs], FloatArray],
    inputs: tuple[str, ...] = ("price",),
) -> Feature:
    return Feature(
        name=name, group="volatility", formula=formula, inputs=inputs, window=window, source=source, function=function
    )


FEATURES = (
    *(
        _feature(f"volatility_{w}d", f"sd of r, {w} days", w, "common", partial(_volatility, window=w))
        for w in (7, 30, 90)
    ),
    _feature("ewma_volatility", "root of v, v = 0.94 v_1 + 0.06 r^2", EWMA_START, "RiskMetrics 1996", _ewma),
    _feature("parkinson_20d", "root of mean ln(H/L)^2 / (4 ln 2)", 20, "Parkinson 1980", _parkinson, ("high", "low")),
    _feature(
        "garman_klass_20d",
        "root of mean ln(H/L)^2/2 - (2 ln 2 - 1) ln(C/O)^2",
        20,
        "Garman and Klass 1980",
        _garman_klass,
        BARS,
    ),
    _feature(
        "yang_zhang_20d",
        "root of var ln(O/C_1) + k var ln(C/O) + (1-k) RS",
        20,
        "Yang and Zhang 2000",
        _yang_zhang,
        BARS,
    ),
    *(
        _feature(
            f"volatility_{fast}d_to_{slow}d",
            f"sd{fast} / sd{slow} of r",
            slow,
            "common",
            partial(_ratio, fast=fast, slow=slow),
        )
        for fast, slow in ((7, 30), (30, 90))
    ),
    _feature(
        "volatility_of_volatility_60d",
        "sd over 60 days of sd7 of r",
        67,
        "Baltussen, van Bekkum and van der Grient 2018",
        _of_volatility,
    ),
    _feature("atr_ratio_14d", "ATR14 / P", 14, "Wilder 1978", _atr_ratio, ("price", "high", "low")),
    _feature("downside_deviation_30d", "root of mean min(r, 0)^2", 30, "Markowitz 1959", _downside),
    _feature(
        "up_down_volatility_60d",
        "root of mean max(r, 0)^2 / mean min(r, 0)^2",
        60,
        "Barndorff-Nielsen et al. 2010",
        _up_to_down,
    ),
    _feature(
        "idiosyncratic_volatility_60d",
        "sd of residuals of r on r of bitcoin",
        60,
        "Ang et al. 2006",
        _idiosyncratic,
        ("price", BITCOIN),
    ),
)

"""Momentum: log returns over several horizons, and how they came about."""

from __future__ import annotations

from functools import partial

import numpy as np

from research.signals.features.inputs import Inputs
from research.signals.features.registry import Feature
from research.signals.features.trailing import Observed, means, ratio
from research.typing import FloatArray

PRICE = ("price",)
TREND_PAPER = "Jegadeesh and Titman 1993"


def _growth(inputs: Inputs, days: int, skip: int = 0) -> FloatArray:
    return inputs.growth(days, skip)


def _acceleration(inputs: Inputs) -> FloatArray:
    return inputs.growth(14) - inputs.growth(28, 14)


def _per_volatility(inputs: Inputs, days: int) -> FloatArray:
    return ratio(inputs.growth(days), inputs.volatility(days) * np.sqrt(days))


def up_share(inputs: Inputs, window: int) -> FloatArray:
    """Share of days with a positive return."""
    known = inputs.observed_returns
    return means(Observed((known.values > 0).astype(float), known.there), inputs.rows, window)


def _down_share(inputs: Inputs, window: int) -> FloatArray:
    known = inputs.observed_returns
    return means(Observed((known.values < 0).astype(float), known.there), inputs.rows, window)


def _discreteness(inputs: Inputs) -> FloatArray:
    return np.sign(inputs.growth(30)) * (_down_share(inputs, 30) - up_share(inputs, 30))


def _feature(name: str, formula: str, window: int, source: str, function: partial[FloatArray]) -> Feature:
    return Feature(
        name=name, group="momentum", formula=formula, inputs=PRICE, window=window, source=source, function=function
    )


FEATURES = (
    *(
        _feature(f"momentum_{h}d", f"ln P/P_{h}", h, TREND_PAPER, partial(_growth, days=h))
        for h in (3, 7, 14, 21, 30, 60, 90, 180)
    ),
    *(
        _feature(
            f"momentum_{h}d_skip_{skip}d", f"ln P_{skip}/P_{h}", h, TREND_PAPER, partial(_growth, days=h, skip=skip)
        )
        for skip, h in ((7, 30), (14, 90), (30, 180))
    ),
    _feature("acceleration_14d", "ROC14 - ROC14_14", 28, "Gettleman and Marks 2006", partial(_acceleration)),
    *(
        _feature(
            f"momentum_to_volatility_{h}d",
            f"ROC{h} / (sd{h} of r x sqrt {h})",
            h,
            "Moskowitz, Ooi and Pedersen 2012",
            partial(_per_volatility, days=h),
        )
        for h in (30, 90)
    ),
    _feature(
        "information_discreteness_30d",
        "sign(ROC30) x (share of r < 0 - share of r > 0)",
        30,
        "Da, Gurun and Warachka 2014",
        partial(_discreteness),
    ),
    _feature("up_days_30d", "share of r > 0", 30, "common", partial(up_share, window=30)),
)

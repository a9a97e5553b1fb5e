"""Strength relative to bitcoin, to ether and to the members."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from research.signals.features.inputs import BITCOIN, ETHEREUM, Inputs
from research.signals.features.registry import Feature
from research.signals.features.size import rank
from research.signals.features.trailing import Observed, highest, means
from research.typing import FloatArray


def _less(inputs: Inputs, asset_id: str, days: int) -> FloatArray:
    growth = inputs.growth(days)
    position = inputs.position(asset_id)
    return growth - growth[:, position : position + 1]


def _in_bitcoin(inputs: Inputs) -> Observed:
    """Prices in bitcoin, by day."""
    position = inputs.position(BITCOIN)
    return inputs.once("in bitcoin", lambda: Observed.of(inputs.price / inputs.price[:, position : position + 1]))


def _now(inputs: Inputs) -> FloatArray:
    known = _in_bitcoin(inputs)
    return np.where(inputs.at(known.there) > 0, inputs.at(known.values), np.nan)


def _to_mean(inputs: Inputs) -> FloatArray:
    known = _in_bitcoin(inputs)
    return _now(inputs) / means(known, inputs.rows, 50) - 1.0


def _from_high(inputs: Inputs) -> FloatArray:
    known = _in_bitcoin(inputs)
    return _now(inputs) / highest(known, inputs.rows, 90) - 1.0


def _rank_change(inputs: Inputs) -> FloatArray:
    return rank(inputs, 30) - rank(inputs)


def _feature(name: str, formula: str, window: int, function: Callable[[Inputs], FloatArray], *inputs: str) -> Feature:
    return Feature(
        name=name,
        group="relative strength",
        formula=formula,
        inputs=inputs,
        window=window,
        source="Levy 1967",
        function=function,
    )


FEATURES = (
    *(
        _feature(
            f"strength_{short}_{days}d",
            f"ROC{days} - ROC{days} of {asset_id}",
            days,
            partial(_less, asset_id=asset_id, days=days),
            "price",
            asset_id,
        )
        for short, asset_id, days in (("btc", BITCOIN, 30), ("btc", BITCOIN, 90), ("eth", ETHEREUM, 30))
    ),
    _feature("sma_ratio_in_btc_50d", "Q/SMA50 of Q - 1, Q = P / P of bitcoin", 50, _to_mean, "price", BITCOIN),
    _feature("drawdown_in_btc_90d", "Q / max Q - 1, Q = P / P of bitcoin", 90, _from_high, "price", BITCOIN),
    _feature(
        "rank_change_30d", "rank by M_30 - rank by M, among the members of the day", 30, _rank_change, "market_cap"
    ),
)

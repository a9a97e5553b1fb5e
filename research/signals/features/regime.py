"""The state of the market as a whole, shape (rows,): the same for every asset, so only for gates and interactions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from research.signals.features.comovement import pairwise
from research.signals.features.inputs import BITCOIN, Inputs
from research.signals.features.registry import Feature
from research.signals.features.trailing import ratio, total
from research.signals.features.trend import sma
from research.typing import BoolArray, FloatArray

STABLECOIN = "stablecoin"


def _mean_of_members(inputs: Inputs, values: FloatArray) -> FloatArray:
    """Mean over the members with a value."""
    known = inputs.universe & ~np.isnan(values)
    added = [total(line[there][:, None])[0] for line, there in zip(values, known, strict=True)]
    return ratio(np.asarray(added, dtype=float), known.sum(axis=1).astype(float))


def _share_above(inputs: Inputs, values: FloatArray) -> FloatArray:
    return _mean_of_members(inputs, np.where(np.isnan(values), np.nan, (values > 0).astype(float)))


def _above_mean(inputs: Inputs) -> FloatArray:
    return _share_above(inputs, inputs.at(inputs.price) - sma(inputs, 50))


def _rising(inputs: Inputs) -> FloatArray:
    return _share_above(inputs, inputs.growth(30))


def _dispersion(inputs: Inputs) -> FloatArray:
    growth = inputs.growth(7)
    count = (inputs.universe & ~np.isnan(growth)).sum(axis=1)
    apart = growth - _mean_of_members(inputs, growth)[:, None]
    return np.sqrt(ratio(count * _mean_of_members(inputs, apart * apart), np.maximum(count - 1.0, 0.0)))


def _bitcoin_growth(inputs: Inputs) -> FloatArray:
    return inputs.growth(30)[:, inputs.position(BITCOIN)]


def _bitcoin_volatility(inputs: Inputs) -> FloatArray:
    return inputs.volatility(30)[:, inputs.position(BITCOIN)]


def _share_change(inputs: Inputs, chosen: BoolArray) -> FloatArray:
    """30-day change of the share of the chosen, shape (rows, assets), in the caps of them and today's members.

    Only assets with a cap on both days count: a listing is no change.
    """
    caps = inputs.panel("market_cap")
    now, before = inputs.at(caps), inputs.at(caps, 30)
    both = (chosen | inputs.universe) & ~np.isnan(now) & ~np.isnan(before)

    def share(values: FloatArray) -> FloatArray:
        parts = [
            (total(line[there & part][:, None])[0], total(line[there][:, None])[0])
            for line, there, part in zip(values, both, chosen, strict=True)
        ]
        sums = np.asarray(parts, dtype=float).reshape(-1, 2)
        return ratio(sums[:, 0], sums[:, 1])

    return np.where((both & chosen).any(axis=1), share(now) - share(before), np.nan)


def _bitcoin_dominance(inputs: Inputs) -> FloatArray:
    chosen = np.zeros(inputs.universe.shape, dtype=bool)
    chosen[:, inputs.position(BITCOIN)] = True
    return _share_change(inputs, chosen)


def _stablecoin_share(inputs: Inputs) -> FloatArray:
    tagged = [inputs.source.tagged((STABLECOIN,), row) == STABLECOIN for row in inputs.rows.tolist()]
    return _share_change(inputs, np.asarray(tagged, dtype=bool).reshape(inputs.universe.shape))


def _correlation(inputs: Inputs) -> FloatArray:
    return pairwise(inputs)[1]


def _feature(
    name: str, formula: str, window: int, source: str, function: Callable[[Inputs], FloatArray], *inputs: str
) -> Feature:
    return Feature(
        name=name, group="regime", formula=formula, inputs=inputs, window=window, source=source, function=function
    )


FEATURES = (
    _feature("breadth_sma_50d", "share of members with P > SMA50", 50, "common", _above_mean, "price"),
    _feature("breadth_momentum_30d", "share of members with ROC30 > 0", 30, "common", _rising, "price"),
    _feature("dispersion_7d", "sd over members of ROC7", 7, "Stivers and Sun 2010", _dispersion, "price"),
    _feature("btc_momentum_30d", "ROC30 of bitcoin", 30, "Liu and Tsyvinski 2021", _bitcoin_growth, "price", BITCOIN),
    _feature("btc_volatility_30d", "sd30 of r of bitcoin", 30, "common", _bitcoin_volatility, "price", BITCOIN),
    _feature(
        "btc_dominance_change_30d",
        "30-day change of M of bitcoin / sum of M",
        30,
        "common",
        _bitcoin_dominance,
        "market_cap",
        BITCOIN,
    ),
    _feature(
        "stablecoin_share_change_30d",
        "30-day change of M of assets tagged stablecoin / sum of M",
        30,
        "common",
        _stablecoin_share,
        "market_cap",
    ),
    _feature(
        "average_correlation_60d",
        "mean of corr(r, r') over pairs of members",
        60,
        "Pollet and Wilson 2010",
        _correlation,
        "price",
    ),
)

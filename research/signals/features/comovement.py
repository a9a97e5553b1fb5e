"""Beta and correlation with bitcoin, with the equal-weight market and among members."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from research.signals.features.inputs import BITCOIN, Inputs
from research.signals.features.registry import Feature
from research.signals.features.trailing import CoMoments, Observed, Pairs, enough, ratio, total
from research.typing import FloatArray

CORRELATED_DAYS = 60
LEAST_DOWN_DAYS = 20


def against_bitcoin(inputs: Inputs, window: int) -> CoMoments:
    """Returns against those of bitcoin."""

    def make() -> CoMoments:
        return _with(inputs, "bitcoin", inputs.bitcoin_returns).over(inputs.rows, window)

    return inputs.once(("bitcoin", window), make)


def _with(inputs: Inputs, key: str, series: FloatArray) -> Pairs:
    return inputs.once(("pairs", key), lambda: Pairs(inputs.observed_returns, Observed.of(series[:, None])))


def _beta(inputs: Inputs, window: int) -> FloatArray:
    return against_bitcoin(inputs, window).slope


def _correlation(inputs: Inputs) -> FloatArray:
    return against_bitcoin(inputs, 60).correlation


def _correlation_market(inputs: Inputs) -> FloatArray:
    pairs = Pairs(inputs.observed_returns, Observed.of(inputs.market_returns[:, None]))
    return pairs.over(inputs.rows, 60).correlation


def _downside_beta(inputs: Inputs) -> FloatArray:
    falling = np.where(inputs.bitcoin_returns < 0, inputs.bitcoin_returns, np.nan)
    pairs = Pairs(inputs.observed_returns, Observed.of(falling[:, None]))
    return pairs.over(inputs.rows, 90, LEAST_DOWN_DAYS).slope


def _r_squared(inputs: Inputs) -> FloatArray:
    return against_bitcoin(inputs, 60).correlation ** 2


def _alpha(inputs: Inputs) -> FloatArray:
    found = against_bitcoin(inputs, 60)
    return found.mean - found.slope * found.other_mean


def pairwise(inputs: Inputs) -> tuple[FloatArray, FloatArray]:
    """Mean correlation of each asset with the other members, shape (rows, assets), and of all pairs, (rows,).

    Each asset is standardised over its own days; a day on which one of two was not observed adds nothing to their
    correlation, which is exact where both were observed on the same days. One pass instead of a matrix for each row.
    """
    return inputs.once("pairwise", lambda: _pairwise(inputs))


def _pairwise(inputs: Inputs) -> tuple[FloatArray, FloatArray]:
    each, overall = np.full(inputs.universe.shape, np.nan), np.full(len(inputs.rows), np.nan)
    known, least = inputs.observed_returns, enough(CORRELATED_DAYS)
    for place, row in enumerate(inputs.rows.tolist()):
        days = slice(max(0, row + 1 - CORRELATED_DAYS), row + 1)
        values, there = known.values[days], known.there[days]
        count = total(there)
        apart = (values - total(values) / np.maximum(count, 1.0)) * there
        squares, raw = total(apart * apart), total(values * values)
        moving = (count >= least) & (squares > 1e-20 * raw)
        unit = apart * ratio(np.ones_like(squares), np.sqrt(squares))
        member = inputs.universe[place] & moving
        size = int(member.sum())
        if size < 2:
            continue
        together = total(unit[:, member].T.copy())
        shared = total(np.where(moving, unit, 0.0) * together[:, None])
        each[place] = np.where(moving, np.where(member, (shared - 1.0) / (size - 1), shared / size), np.nan)
        overall[place] = (total((together * together)[:, None])[0] - size) / (size * (size - 1))
    return each, overall


def _mean_pairwise(inputs: Inputs) -> FloatArray:
    return pairwise(inputs)[0]


def _feature(
    name: str, formula: str, window: int, source: str, function: Callable[[Inputs], FloatArray], *more: str
) -> Feature:
    return Feature(
        name=name,
        group="beta and correlation",
        formula=formula,
        inputs=("price", *more),
        window=window,
        source=source,
        function=function,
    )


FEATURES = (
    *(
        _feature(
            f"beta_btc_{w}d",
            "cov(r, r of bitcoin) / var(r of bitcoin)",
            w,
            "Sharpe 1964",
            partial(_beta, window=w),
            BITCOIN,
        )
        for w in (60, 180)
    ),
    _feature("correlation_btc_60d", "corr(r, r of bitcoin)", 60, "common", _correlation, BITCOIN),
    _feature("correlation_market_60d", "corr(r, mean r of members)", 60, "common", _correlation_market),
    _feature(
        "downside_beta_btc_90d",
        f"beta over the days bitcoin fell, at least {LEAST_DOWN_DAYS}",
        90,
        "Ang, Chen and Xing 2006",
        _downside_beta,
        BITCOIN,
    ),
    _feature("r_squared_btc_60d", "corr(r, r of bitcoin)^2", 60, "Hou and Moskowitz 2005", _r_squared, BITCOIN),
    _feature("alpha_btc_60d", "mean r - beta x mean r of bitcoin, per day", 60, "Jensen 1968", _alpha, BITCOIN),
    _feature(
        "mean_pairwise_correlation_60d",
        "mean of corr(r, r of each other member)",
        60,
        "Pollet and Wilson 2010",
        _mean_pairwise,
    ),
)

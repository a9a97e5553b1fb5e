"""The left tail: value at risk, expected shortfall, tail ratio, worst periods.

Losses keep the sign of a return: a value at risk of −0.05 is a loss of 5 %. Horizon: one period of the returns.
Skewness and kurtosis are in `metrics.py`, with shapes, units and NaN policy; kernels of fitted shapes in
`fitted_tails.py`.
"""
# mypy: disable-error-code="no-any-return"
# (numpy types its reductions as Any)

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError
from research.evaluation._columns import Frame, PerColumn, by_column, choose, companion_of, history, positive_or_nan
from research.evaluation._distributions import norm
from research.evaluation.fitted_tails import (
    Checked,
    modified_expected_shortfall,
    modified_value_at_risk,
    student_expected_shortfall,
    student_value_at_risk,
)
from research.typing import FloatArray

Method = Literal["historical", "gaussian", "modified", "student_t"]


def value_at_risk(returns: Frame, *, method: Method = "historical", confidence: float = 0.95) -> PerColumn:
    """The return that a period falls below with probability 1 − confidence (negative for a loss).

    Parameters
    ----------
    method : {"historical", "gaussian", "modified", "student_t"}
        "historical": the empirical quantile, linear between order statistics (type 7 of Hyndman and Fan, numpy's and
        R's default). "gaussian": mean + z·sd with the population sd (denominator n). "modified": z replaced by the
        Cornish-Fisher z + (z²−1)S/6 + (z³−3z)K/24 − (2z³−5z)S²/36 with moment skewness S and excess kurtosis K;
        source: Favre and Galeano (2002); NaN where the expansion is not monotone (Maillard, 2012). "student_t": the
        quantile of a t distribution fitted by maximum likelihood; NaN with fewer than 20 returns. The last two are NaN
        as well where they would be above 0 or below −100 %; `tail_reason` says why.
    confidence : float
        Between 0.5 and 1.
    """
    kernel = choose(_KERNELS["value_at_risk"], method)
    tail = _tail(confidence)
    return by_column(lambda r: kernel(r, tail), returns, minimum=2)


def expected_shortfall(returns: Frame, *, method: Method = "historical", confidence: float = 0.95) -> PerColumn:
    """Mean return in the tail, E[r | r ≤ VaR], per period (negative for a loss). Also called CVaR.

    Source: Rockafellar and Uryasev (2000).

    Parameters
    ----------
    method : {"historical", "gaussian", "modified", "student_t"}
        "historical": mean of the returns at or below the historical value at risk. "gaussian": mean − sd·φ(z)/(1−c).
        "modified": the Edgeworth form of Boudt, Peterson and Croux (2008); NaN where it is above the modified value at
        risk. "student_t": that of the fitted t distribution. The last two are NaN as in `value_at_risk`.
    confidence : float
        Between 0.5 and 1.
    """
    kernel = choose(_KERNELS["expected_shortfall"], method)
    tail = _tail(confidence)
    return by_column(lambda r: kernel(r, tail), returns, minimum=2)


def tail_reason(
    figure: Literal["value_at_risk", "expected_shortfall"],
    returns: pd.Series,
    *,
    method: Method,
    confidence: float = 0.95,
) -> str:
    """Why a tail figure is NaN, in words; empty where it is not.

    Parameters
    ----------
    figure : {"value_at_risk", "expected_shortfall"}
        The function.
    returns, method, confidence
        What it was told.

    Returns
    -------
    str
    """
    tail = _tail(confidence)
    choose(_KERNELS[figure], method)
    values = history(returns).to_numpy()
    if len(values) < 2:
        return "fewer than two returns"
    fitted = _FITTED[figure]
    return str(fitted[method](values[:, None], tail)[1][0]) if method in fitted else ""


def tail_ratio(returns: Frame, *, confidence: float = 0.95) -> PerColumn:
    """Size of the gain quantile over the size of the loss quantile, |Q(c)| / |Q(1−c)|, type-7 quantiles."""
    tail = _tail(confidence)

    def kernel(values: FloatArray) -> FloatArray:
        low, high = np.abs(np.quantile(values, [tail, 1.0 - tail], axis=0))
        return high / positive_or_nan(low)

    return by_column(kernel, returns, minimum=2)


def worst_periods(returns: pd.Series, *, count: int = 10, benchmark: pd.Series | None = None) -> pd.DataFrame:
    """The worst periods of a series, or what it did on the worst periods of a benchmark.

    Parameters
    ----------
    returns : Series
    count : int
        Rows wanted; fewer when the history is shorter. For weeks, pass `resample_returns(returns, "weekly")`.
    benchmark : Series, optional
        When given, the periods are the benchmark's worst ones within the common history.

    Returns
    -------
    DataFrame, index = date, worst first
        return (float) and, with a benchmark, benchmark (float) and active (float, the difference).
    """
    check_number("count", count, DataError, whole=True, at_least=1)
    own = history(returns)
    if benchmark is None:
        return own.sort_values(kind="stable").head(count).rename("return").to_frame()
    other = companion_of(own, benchmark)
    table = pd.DataFrame({"return": own, "benchmark": other}).loc[other.index]
    table["active"] = table["return"] - table["benchmark"]
    return table.sort_values("benchmark", kind="stable").head(count)


def _historical_var(values: FloatArray, tail: float) -> FloatArray:
    return np.quantile(values, tail, axis=0)


def _historical_es(values: FloatArray, tail: float) -> FloatArray:
    inside = values <= _historical_var(values, tail)
    return np.where(inside, values, 0.0).sum(axis=0) / inside.sum(axis=0)


def _gaussian_var(values: FloatArray, tail: float) -> FloatArray:
    return values.mean(axis=0) + norm.ppf(tail) * values.std(axis=0)


def _gaussian_es(values: FloatArray, tail: float) -> FloatArray:
    return values.mean(axis=0) - values.std(axis=0) * norm.pdf(norm.ppf(tail)) / tail


def _tail(confidence: float) -> float:
    check_number("confidence", confidence, DataError, at_least=0.5, below=1, fraction="a probability")
    return 1.0 - confidence


def _figure(kernel: Callable[[FloatArray, float], Checked]) -> Callable[[FloatArray, float], FloatArray]:
    return lambda values, tail: kernel(values, tail)[0]


_FITTED = {
    "value_at_risk": {"modified": modified_value_at_risk, "student_t": student_value_at_risk},
    "expected_shortfall": {"modified": modified_expected_shortfall, "student_t": student_expected_shortfall},
}
_EMPIRICAL = {
    "value_at_risk": {"historical": _historical_var, "gaussian": _gaussian_var},
    "expected_shortfall": {"historical": _historical_es, "gaussian": _gaussian_es},
}
_KERNELS = {
    figure: _EMPIRICAL[figure] | {method: _figure(kernel) for method, kernel in fitted.items()}
    for figure, fitted in _FITTED.items()
}

"""Did it change? Tests of one break at an unknown day, in alpha, in beta and in volatility.

An estimate from the whole history leaves one influence a period; where the parameter stood still, their running sum
wanders as a Brownian bridge does. Its largest excursion is held against how much the stretches before and after it
wander themselves: the self-normalised test of Shao and Zhang (2010). It needs no long-run variance, which clustered
volatility makes impossible to estimate well: a CUSUM test of the daily moves finds a break in over half of the
histories that have none. Sizes of both: CONVENTIONS.md.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError
from research.evaluation._calendar import check_spacing
from research.evaluation._columns import Rate, one_series, per_period, positive_or_nan
from research.evaluation.factors import excess_returns
from research.evaluation.inference import adjust_pvalues
from research.evaluation.verdicts import CANNOT_TELL
from research.typing import FloatArray, IntArray

LEAST_PERIODS = 250
TRIM = 0.1  # of the history on each side: no break is looked for there
CHANGED, UNSEEN = "changed", "no change seen"
STATISTICS = np.array([0.0, 7.6, 15.8, 29.6, 40.1, 52.2, 68.6, 84.6, 121.9])
P_VALUES = np.array([1.0, 0.5, 0.25, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001])
"""Limits of the statistic: from 0.1 on those printed by Shao and Zhang (2010, table 1), above simulated for this."""


def structural_breaks(
    returns: pd.Series,
    benchmark: pd.Series,
    *,
    risk_free: Rate = 0.0,
    periods_per_year: float = 365,
    level: float = 0.05,
) -> pd.DataFrame:
    """Look for one break in alpha, in beta and in volatility.

    Parameters
    ----------
    returns, benchmark : Series
        Over the history they share.
    risk_free : float (annual) or Series (per period)
    level : float
        Of the verdicts, for the three tests together.

    Returns
    -------
    DataFrame, index = "alpha", "beta", "volatility"
        before, after: the figure up to and from the likeliest day of a break on (alpha and volatility annual). since
        (label): that day. statistic, p_value (interpolated between the published limits), adjusted (Holm). verdict:
        "changed", "no change seen", which is no proof that nothing changed, or "cannot tell" with fewer than 250 common
        periods or where either series is constant; all else is then missing.
    """
    check_number("level", level, DataError, above=0, below=1, fraction="a probability")
    rate = per_period(risk_free, periods_per_year)
    sample = excess_returns(returns, one_series(benchmark, "benchmark").to_frame("market"), rate, "market")
    columns = ["before", "after", "since", "statistic", "p_value", "adjusted", "verdict"]
    table = pd.DataFrame(index=pd.Index(["alpha", "beta", "volatility"], name="figure"), columns=columns)
    table["verdict"] = CANNOT_TELL
    numbers = ["before", "after", "statistic", "p_value", "adjusted"]
    table[numbers] = table[numbers].astype(float)
    table["since"] = pd.NaT
    own, other = sample.to_numpy().T
    if len(own) < LEAST_PERIODS or np.ptp(own) == 0 or np.ptp(other) == 0:
        return table
    check_spacing(sample.index, periods_per_year)
    statistic, places = self_normalised(influences(own, other))
    unit = np.array([periods_per_year, 1.0, np.sqrt(periods_per_year)])
    for number, name in enumerate(table.index):
        for side, part in (("before", slice(None, places[number])), ("after", slice(places[number], None))):
            table.loc[name, side] = _figures(own[part], other[part])[number] * unit[number]
    table["since"] = sample.index[places]
    table["statistic"], table["p_value"] = statistic, p_values(statistic)
    table["adjusted"] = adjust_pvalues(table["p_value"])
    table["verdict"] = np.where(table["adjusted"] < level, CHANGED, UNSEEN)
    return table


def self_normalised(influences: FloatArray) -> tuple[FloatArray, IntArray]:
    """Statistic of Shao and Zhang (2010) by column, and the row from which on least squares put another mean.

    Largest over k of D(k)² / V(k): D(k) is the sum of the centred influences up to k over √n; V(k) the mean over n² of
    the squared distances of the running sums, from the left up to k and from the right down to k, from straight lines.

    Parameters
    ----------
    influences : array, shape (periods, columns)
    """
    length = len(influences)
    centred = influences - influences.mean(axis=0)
    running = np.concatenate([np.zeros((1, centred.shape[1])), np.cumsum(centred, axis=0)])
    edge = max(1, int(np.ceil(TRIM * length)))
    places = np.arange(edge, length - edge + 1)
    wandering = _wandering(running, places) + _wandering(running[::-1], length - places)
    statistics = running[places] ** 2 * length / positive_or_nan(wandering)
    split = running[places] ** 2 / (places * (length - places))[:, None]
    return np.nanmax(statistics, axis=0), places[split.argmax(axis=0)]


def p_values(statistics: FloatArray) -> FloatArray:
    """P-values of the statistic, log-linear between the limits known; not below the last one, 0.001."""
    return np.asarray(np.exp(np.interp(statistics, STATISTICS, np.log(P_VALUES))))


def _wandering(running: FloatArray, places: IntArray) -> FloatArray:
    """Sum over t ≤ k of (S(t) − t/k · S(k))² for each k in `places`, from cumulative sums."""
    time = np.arange(len(running), dtype=float)[:, None]
    squares, crossed, times = (np.cumsum(part, axis=0)[places] for part in (running**2, time * running, time**2))
    slope = running[places] / time[places]
    return np.asarray(squares - 2.0 * slope * crossed + slope**2 * times)


def influences(own: FloatArray, other: FloatArray) -> FloatArray:
    """What each period adds to alpha, beta and the mean size of a move, shape (periods, 3)."""
    alpha, beta, _ = _figures(own, other)
    error = own - alpha - beta * other
    score = (other - other.mean()) * error
    return np.stack([error - other.mean() * score / other.var(), score, np.abs(own - own.mean())], axis=1)


def _figures(own: FloatArray, other: FloatArray) -> tuple[float, float, float]:
    """Alpha and beta by OLS, and the standard deviation, per period."""
    deviation = other - other.mean()
    square = float((deviation**2).sum())
    beta = float((deviation * own).sum()) / square if square > 0 else np.nan
    return float(own.mean() - beta * other.mean()), beta, float(own.std(ddof=1))

"""Were forecasts reliable at every level, and how sure is a Sharpe ratio of itself?

`forecast_reliability` looks at all of a forecast distribution where `forecast_calibration` looks at one band;
`sharpe_error` is Lo's (2002) account of the error and the annualisation of a Sharpe ratio. Shapes, units and NaN policy
as in `metrics.py`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError
from research.evaluation._calendar import check_spacing
from research.evaluation._columns import Rate, companion_of, history, per_period
from research.evaluation.inference import automatic_lags, long_run_variance

LEVELS = np.arange(1, 20) / 20.0


def forecast_reliability(record: pd.DataFrame) -> pd.DataFrame:
    """How often what came lay below each quantile that was forecast, beside how often it should.

    Parameters
    ----------
    record : DataFrame from `forecast_record`

    Returns
    -------
    DataFrame, index = quantile (0.05 to 0.95)
        seen: share of the outcomes below it. lower, upper: central 95 % of that share for good forecasts, at each
        quantile for itself, if only forecasts that do not overlap are counted. Empty without a forecast.

    Raises
    ------
    DataError
        If `record` is not a table of `forecast_record` with its attrs.
    """
    if not isinstance(record, pd.DataFrame) or "rank" not in record or not {"step", "horizon"} <= set(record.attrs):
        raise DataError("record: expected the table that forecast_record gives, with its attrs; it was changed since.")
    index = pd.Index(LEVELS, name="quantile")
    if record.empty:
        return pd.DataFrame(columns=["seen", "lower", "upper"], index=index[:0], dtype=float)
    from scipy.stats import binom  # here: importing scipy.stats takes longer than pandas

    independent = min(len(record), 1 + (len(record) - 1) * record.attrs["step"] // record.attrs["horizon"])
    ranks = record["rank"].to_numpy(dtype=float)
    lower, upper = (binom.ppf(tail, independent, LEVELS) / independent for tail in (0.025, 0.975))
    seen = (ranks[:, None] < LEVELS).mean(axis=0)
    return pd.DataFrame({"seen": seen, "lower": lower, "upper": upper}, index=index)


def sharpe_error(
    returns: pd.Series, *, risk_free: Rate = 0.0, periods_per_year: int = 365, lags: int | None = None
) -> pd.Series:
    """Standard error of the Sharpe ratio and its annualisation, with and without autocorrelation.

    Source: Lo (2002), "The statistics of Sharpe ratios". For independent returns the error per period is
    √((1 + SR²/2) / T) and the annual ratio √q SR; otherwise the error is that of the generalised method of moments
    (here with a Bartlett kernel) and the ratio q SR / √(q + 2 Σ (q − k) ρ(k)), the sum over lags.

    Parameters
    ----------
    periods_per_year : int
        q.
    lags : int, optional
        Autocorrelations that count, ⌊4 (T/100)^(2/9)⌋ by default: Lo's q − 1 is 11 for monthly data, but 364 for daily
        ones, and that many estimates are mostly noise.

    Returns
    -------
    Series
        sharpe_ratio: √q SR, with the sample deviation (n − 1) of the excess returns. error_independent, error: annual
        standard errors. factor: annual over periodic ratio with autocorrelation, where √q is without. annualized: the
        ratio by that factor, annualized_error its error. autocorrelation: the first one. lags, observations.
        NaN with fewer than ten returns or constant ones; `factor` also where the autocorrelations leave no variance.
    """
    rate = per_period(risk_free, periods_per_year)
    check_number("periods_per_year", periods_per_year, DataError, whole=True, at_least=1)
    own = history(returns)
    excess = own - (rate if isinstance(rate, float) else companion_of(own, rate, "risk_free"))
    values = excess.dropna().to_numpy()
    check_spacing(own.index, periods_per_year)
    count = len(values)
    lags = automatic_lags(count) if lags is None else lags
    check_number("lags", lags, DataError, whole=True, at_least=0, at_most=max(count - 1, 100))
    names = ["sharpe_ratio", "error_independent", "error", "factor", "annualized", "annualized_error"]
    result = pd.Series(np.nan, index=[*names, "autocorrelation", "lags", "observations"])
    result["lags"], result["observations"] = lags, count
    if count < 10 or np.ptp(values) == 0:
        return result
    ratio, root = values.mean() / values.std(ddof=1), np.sqrt(periods_per_year)
    scores = (values - values.mean()) / values.std()
    influence = scores - ratio / 2.0 * (scores**2 - 1.0)
    error = float(np.sqrt(long_run_variance(influence[:, None], lags)[0] / count))
    known = np.arange(1, min(lags, periods_per_year - 1) + 1)
    correlations = np.array([(scores[lag:] * scores[:-lag]).mean() * (count - lag) / count for lag in known])
    spread = periods_per_year + 2.0 * float(((periods_per_year - known) * correlations).sum())
    factor = periods_per_year / np.sqrt(spread) if spread > 0 else np.nan
    independent = np.sqrt((1.0 + ratio**2 / 2.0) / count)
    result[names] = np.array([ratio * root, independent * root, error * root, factor, ratio * factor, error * factor])
    result["autocorrelation"] = (scores[1:] * scores[:-1]).mean() * (count - 1) / count
    return result

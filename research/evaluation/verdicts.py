"""Sentences of three values: yes, no, or that the history cannot tell. How often each is wrong is in CONVENTIONS.md.

The statistics behind them are in `inference.py` and `sharpe.py`; what forecasts of the past deserve is in
`forecasts.py`. Shapes, units and NaN policy as in `metrics.py`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError
from research.evaluation._columns import companion_of, history, one_frame
from research.evaluation._distributions import norm
from research.evaluation.inference import adjust_pvalues, alpha_test

CANNOT_TELL = "cannot tell"
CONFIDENCE = 0.95  # from which on something is said
POWER = 0.8  # share of the histories in which a test must see what is there, for "so many years are enough"


def verdict_of(probability: float, *, yes: str, no: str, confidence: float = CONFIDENCE) -> str:
    """`yes` from a probability of `confidence` on, `no` from 1 − `confidence` down, otherwise "cannot tell".

    Parameters
    ----------
    probability : float
        That "yes" is true; NaN where it is not known.
    yes, no : str
        What is said.

    Returns
    -------
    str
    """
    check_number("confidence", confidence, DataError, at_least=0.5, below=1, fraction="a probability")
    if probability >= confidence:
        return yes
    return no if probability <= 1.0 - confidence else CANNOT_TELL


def difference_test(
    returns: pd.Series,
    benchmarks: pd.DataFrame,
    *,
    confidence: float = CONFIDENCE,
    power: float = POWER,
    periods_per_year: float = 365,
) -> pd.DataFrame:
    """The difference of mean return to each benchmark, whether its sign is known, and how long it would take to know.

    The mean of r − b with its Newey-West interval (`alpha_test` without a benchmark). If the true difference is d, a
    test at this confidence sees it with this power after ((z_{(1+c)/2} + z_power) · ω / d)² / q years, with ω the
    long-run standard deviation of r − b. As d is only known as an interval, so are the years.

    Parameters
    ----------
    returns : Series
    benchmarks : DataFrame of returns by column
    confidence : float
        Of the interval, and of the test that is asked for.
    power : float
        Share of the histories in which that test would see the difference.

    Returns
    -------
    DataFrame, index = benchmark
        difference, lower, upper (annual fractions), p_value (two-sided), years (of common history), fewest_years and
        most_years (if the true difference is the end of the interval far from zero, or near it; most_years is NaN where
        no number is enough, for the interval holds zero), adjusted (the p-values for all benchmarks together, by Holm),
        verdict ("ahead" or "behind" where `adjusted` is below 1 − confidence, else "cannot tell"). NaN and "cannot
        tell" with fewer than ten common returns.
    """
    check_number("power", power, DataError, at_least=0.5, below=1, fraction="a probability")
    z = norm.ppf((1.0 + confidence) / 2.0) + norm.ppf(power)
    rows = {}
    own = history(returns)
    for name, benchmark in one_frame(benchmarks, "benchmarks").items():
        active = own - companion_of(own, benchmark)
        test = alpha_test(active, confidence=confidence, periods_per_year=periods_per_year)
        ends, years = test[["lower", "upper"]], test["observations"] / periods_per_year
        is_known = bool(ends.min() > 0 or ends.max() < 0)
        needed = years * (z * test["standard_error"] / ends.abs()) ** 2
        rows[name] = {
            "difference": test["alpha"],
            "lower": test["lower"],
            "upper": test["upper"],
            "p_value": test["p_value"],
            "years": years,
            "fewest_years": needed.min(),
            "most_years": needed.max() if is_known else np.nan,
        }
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("benchmark")
    table["adjusted"] = adjust_pvalues(table["p_value"])
    signs = np.where(table["difference"] > 0, "ahead", "behind")
    return table.assign(verdict=np.where(table["adjusted"] < 1.0 - confidence, signs, CANNOT_TELL))

"""Rank information coefficient: did a week's scores order the assets as the weeks after did?

Calls are judged in `calls.py`, what trading on the scores would have earned in `quantile_spread.py`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError
from research.evaluation._columns import positive_or_nan
from research.evaluation._distributions import norm
from research.evaluation.inference import adjust_pvalues
from research.evaluation.skill.week_tests import mean_test, panel, skill_verdict
from research.typing import FloatArray

FEWEST_ASSETS = 10  # the rank correlation of fewer is mostly noise
HURDLE = 3.0
"""|t| that a new discovery should reach after many have searched: Harvey, Liu and Zhu (2016)."""
WEEKS_PER_YEAR = 52


def rank_ic(scores: pd.DataFrame, outcomes: pd.DataFrame, *, fewest_assets: int = FEWEST_ASSETS) -> pd.Series:
    """Spearman's correlation of scores and outcomes across the assets of each date.

    Parameters
    ----------
    scores, outcomes : DataFrame, dates x assets
        What was said, and the return over the span that it was about. NaN: no score, or no outcome (yet); only assets
        with both count. Ties get their mean rank.
    fewest_assets : int
        With fewer, or where all ranks are tied, the date is NaN.

    Returns
    -------
    Series by date, in [-1, 1]

    Raises
    ------
    DataError
        If the frames do not match, or hold an infinity.
    """
    first, second = (ranks_apart(values) for values in both_known(scores, outcomes, fewest_assets))
    size = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    result = (first * second).sum(axis=1) / positive_or_nan(size)
    return pd.Series(result, index=scores.index, name="rank_ic")


def both_known(scores: pd.DataFrame, outcomes: pd.DataFrame, fewest_assets: int) -> tuple[FloatArray, FloatArray]:
    """Scores and outcomes, NaN where one of them is and on dates with fewer assets; DataError as in `rank_ic`."""
    check_number("fewest_assets", fewest_assets, DataError, whole=True, at_least=3)
    said, came = panel(scores, "scores"), panel(outcomes, "outcomes", scores)
    known = ~(np.isnan(said) | np.isnan(came))
    known &= known.sum(axis=1, keepdims=True) >= fewest_assets
    return np.where(known, said, np.nan), np.where(known, came, np.nan)


def ranks_apart(values: FloatArray) -> FloatArray:
    """Ranks of each row less their mean; zero, the mean, where a value is NaN, which takes it out of every sum."""
    known = ~np.isnan(values)
    middle = (known.sum(axis=1, keepdims=True) + 1) / 2.0
    return np.where(known, pd.DataFrame(values).rank(axis=1).to_numpy() - middle, 0.0)


def ic_summary(
    ic: pd.Series,
    *,
    overlap: int = 0,
    lags: int | None = None,
    confidence: float = 0.95,
    periods_per_year: float = WEEKS_PER_YEAR,
) -> pd.Series:
    """Mean information coefficient with its test: see `mean_test` for the error, `overlap` and `lags`.

    Returns
    -------
    Series
        mean, sd (n − 1), icir (mean / sd · √q: how steady), standard_error, t_statistic, p_value (two-sided), lower,
        upper, share_positive, lags, periods, and missing (dates without a coefficient).
    """
    check_number("periods_per_year", periods_per_year, DataError, above=0)
    test = mean_test(ic, overlap=overlap, lags=lags, confidence=confidence)
    known = ic.dropna()
    sd = float(known.std(ddof=1)) if len(known) > 1 else np.nan
    return pd.Series(
        {
            "mean": test["value"],
            "sd": sd,
            "icir": test["value"] / sd * np.sqrt(periods_per_year) if sd > 0 else np.nan,
            **test.drop(["value", "lags", "periods"]),
            "share_positive": float((known > 0).mean()) if len(known) else np.nan,
            "lags": test["lags"],
            "periods": test["periods"],
            "missing": float(ic.isna().sum()),
        }
    )


def ic_by_label(ic: pd.Series, labels: pd.Series, *, overlap: int = 0, confidence: float = 0.95) -> pd.DataFrame:
    """`ic_summary` of the dates with each label: calendar years (`ic.index.year` as a Series), regimes, ...

    Parameters
    ----------
    labels : Series by date
        For a regime: the label known on the date itself. Dates without one are left out. Dates with one label count as
        adjacent.

    Returns
    -------
    DataFrame, a row per label in order
        The columns of `ic_summary`, p_holm (p_value corrected for the number of labels) and verdict, which is
        `skill_verdict` where p_holm is below 1 − confidence, "no evidence" otherwise.

    Raises
    ------
    DataError
        If no date has a label.
    """
    named = labels.reindex(ic.index)
    if named.isna().all():
        raise DataError("labels: none on any date of the coefficients; expected a Series on those dates.")
    names = named.cat.categories if isinstance(named.dtype, pd.CategoricalDtype) else sorted(named.dropna().unique())
    rows = {name: ic_summary(ic[named == name], overlap=overlap, confidence=confidence) for name in names}
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "label" if labels.name is None else str(labels.name)
    table["p_holm"] = adjust_pvalues(table["p_value"].dropna()).reindex(table.index)
    clear = table["p_holm"] <= 1.0 - confidence
    bounds = table[["lower", "upper"]].where(clear, axis="index")
    table["verdict"] = [skill_verdict(*pair) for pair in bounds.to_numpy()]
    return table


def ic_power(
    ic: pd.Series, *, at: float = 0.05, power: float = 0.8, level: float = 0.05, overlap: int = 0
) -> pd.Series:
    """Which mean coefficient a history of this length could have shown at all.

    With ω the long-run standard deviation (Newey-West) and T the number of dates: the two-sided test at `level` finds a
    mean of (z_{1−level/2} + z_power) ω/√T with probability `power`.

    Parameters
    ----------
    at : float
        A mean coefficient to state the power at.

    Returns
    -------
    Series
        detectable (the smallest mean found with `power`), power_at (the probability of finding `at`), periods_needed
        (dates needed to find `at` with `power`), long_run_sd, periods. NaN where `mean_test` gives no error.
    """
    check_number("at", at, DataError, above=0, at_most=1)
    for name, value in {"power": power, "level": level}.items():
        check_number(name, value, DataError, above=0, below=1, fraction="a probability")
    test = mean_test(ic, overlap=overlap)
    error, periods = float(test["standard_error"]), float(test["periods"])
    limit = norm.ppf(1.0 - level / 2.0)
    needed = limit + norm.ppf(power)
    return pd.Series(
        {
            "detectable": needed * error,
            "power_at": norm.cdf(at / error - limit) + norm.cdf(-at / error - limit),
            "periods_needed": np.ceil((needed * error / at) ** 2 * periods),
            "long_run_sd": error * np.sqrt(periods),
            "periods": periods,
        }
    )

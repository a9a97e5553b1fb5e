"""Tails checked, not asserted: back-tests of value at risk, tail dependence, conditional drawdown, a picture of both.

The figures that are checked are defined in `tails.py`. Size of each test: CONVENTIONS.md. Shapes, units and NaN policy
as in `metrics.py`.
"""

from __future__ import annotations

from typing import get_args

import numpy as np
import pandas as pd
from scipy.special import expit, logit, xlogy

from research.checks import check_number
from research.errors import DataError
from research.evaluation._columns import Frame, PerColumn, by_column, companion_of, history
from research.evaluation._distributions import chi2_sf, norm, student_t
from research.evaluation.drawdowns import depths
from research.evaluation.inference import adjust_pvalues
from research.evaluation.tails import Method, value_at_risk
from research.evaluation.verdicts import CANNOT_TELL
from research.typing import BoolArray, FloatArray

LEAST_EXPECTED = 5.0  # breaches; with fewer expected, no count says anything
LEAST_TAIL = 10  # days in the tail, below which tail dependence is not estimated
COSINES = 4
SHARES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25)


def var_backtests(
    returns: pd.Series,
    *,
    confidences: tuple[float, ...] = (0.95, 0.99),
    window: int = 365,
    step: int = 7,
    level: float = 0.05,
) -> pd.DataFrame:
    """Each method of `value_at_risk` as it would have been used: were its limits undercut as often as they should be?

    The limit for a period comes from the `window` returns before it, made anew every `step` periods. A breach is a
    return below the limit. Kupiec (1995) tests whether there are as many as there should be, Christoffersen (1998)
    besides whether one makes another likelier the day after: likelihood ratios, p-values from chi-squared.

    Parameters
    ----------
    confidences : of float
        Of the limits, each between 0.5 and 1.
    window : int
        Returns behind each limit, 30 at least.
    step : int
        Periods for which a limit stands.
    level : float
        Of the verdicts, for all rows together.

    Returns
    -------
    DataFrame, index = (method, confidence)
        forecasts (int), expected and breaches (counts), share (of forecasts), kupiec, independence, coverage (p-values;
        the last of both together), adjusted (of `coverage`, Holm over the rows), verdict: "breached too often",
        "breached too rarely", "breaches cluster", "no fault shown", or "cannot tell" where fewer than five breaches are
        expected. Forecasts that a method cannot make (NaN) are left out and not counted.
    """
    series = history(returns)
    check_number("window", window, DataError, whole=True, at_least=30)
    check_number("step", step, DataError, whole=True, at_least=1)
    check_number("level", level, DataError, above=0, below=1, fraction="a probability")
    values = series.to_numpy()
    made = np.arange(window, len(values), step)
    pasts = pd.DataFrame(values[made + np.arange(-window, 0)[:, None]]) if len(made) else None
    later = values[window:]
    rows = {}
    for method in get_args(Method):
        for confidence in confidences:
            limits = np.full(0, np.nan)
            if pasts is not None:
                standing = value_at_risk(pasts, method=method, confidence=confidence).to_numpy()
                limits = np.repeat(standing, step)[: len(later)]
            known = ~np.isnan(limits)
            rows[method, confidence] = breach_tests(later[known] < limits[known], 1.0 - confidence)
    table = pd.DataFrame(rows).T.rename_axis(index=["method", "confidence"])
    table["adjusted"] = np.nan
    judged = (table["expected"] >= LEAST_EXPECTED) & table["coverage"].notna()
    table.loc[judged, "adjusted"] = adjust_pvalues(table.loc[judged, "coverage"])
    table["verdict"] = [_verdict(row, level) for _, row in table.iterrows()]
    return table.astype({"forecasts": int, "breaches": int})


def breach_tests(breached: BoolArray, probability: float) -> dict[str, float]:
    """Kupiec's and Christoffersen's tests of a series of breaches that should come with a probability.

    Parameters
    ----------
    breached : array of bool, shape (periods,)

    Returns
    -------
    dict
        forecasts, expected, breaches, share, kupiec, independence, coverage, as in `var_backtests`. P-values are NaN
        without a period, `independence` and `coverage` with fewer than two, and where there is no breach.
    """
    check_number("probability", probability, DataError, above=0, below=1, fraction="a probability")
    count, total = len(breached), int(breached.sum())
    ratio = 2.0 * (_likelihood(count - total, total) - _likelihood(count - total, total, probability))
    before, after = breached[:-1], breached[1:]
    pairs = [(int((~after[before == was]).sum()), int(after[before == was].sum())) for was in (False, True)]
    apart = sum(_likelihood(*pair) for pair in pairs)
    together = _likelihood(pairs[0][0] + pairs[1][0], pairs[0][1] + pairs[1][1])
    clustering = 2.0 * (apart - together)
    has_both = total > 0 and count > 1
    return {
        "forecasts": count,
        "expected": count * probability,
        "breaches": total,
        "share": total / count if count else np.nan,
        "kupiec": float(chi2_sf(ratio, 1)) if count else np.nan,
        "independence": float(chi2_sf(clustering, 1)) if has_both else np.nan,
        "coverage": float(chi2_sf(ratio + clustering, 2)) if has_both else np.nan,
    }


def conditional_drawdown(returns: Frame, *, confidence: float = 0.95) -> PerColumn:
    """Conditional drawdown at risk: the mean of the deepest 1 − confidence of all drawdowns, one a period.

    Negative, like every drawdown; 0 where there was none. Between the mean drawdown (confidence 0) and the maximum one.
    Source: Chekhlov, Uryasev and Zabarankin (2005).
    """
    check_number("confidence", confidence, DataError, at_least=0, below=1, fraction="a probability")

    def kernel(values: FloatArray) -> FloatArray:
        ordered = np.sort(depths(values), axis=0)
        weight = np.clip((1.0 - confidence) * len(values) - np.arange(len(values)), 0.0, 1.0)
        return np.asarray(weight @ ordered / weight.sum())

    return by_column(kernel, returns)


def tail_dependence(
    returns: pd.Series, benchmark: pd.Series, *, share: float = 0.05, confidence: float = 0.95
) -> pd.Series:
    """On the benchmark's worst days, how often was it one of the worst days of the series as well?

    Parameters
    ----------
    share : float
        Of all days, the worst ones of each.

    Returns
    -------
    Series
        estimate: share of the benchmark's worst days. lower, upper: on the logit scale, from the first four cosine
        terms of the influences (orthonormal series, Student t with 4 degrees of freedom; Müller, 2007; Lazarus, Lewis,
        Stock and Watson, 2018), for worst days come in clusters; NaN where the estimate is 0 or 1, for which there is
        no such interval. How often it holds was measured (CONVENTIONS.md). normal: what normal returns of the
        same correlation would show in the long run. independent: what unrelated ones would (`share`). days: worst days
        counted; all but these are NaN with fewer than ten.
    """
    check_number("share", share, DataError, above=0, at_most=0.5, fraction="a share")
    check_number("confidence", confidence, DataError, above=0, below=1, fraction="a probability")
    other = companion_of(history(returns), benchmark)
    own = returns.reindex(other.index)
    days = int(share * len(own) + 1e-9)
    result = pd.Series(np.nan, index=["estimate", "lower", "upper", "normal", "independent", "days"])
    result["independent"], result["days"] = share, days
    if days < LEAST_TAIL or own.nunique() < 2 or other.nunique() < 2:
        return result
    worst = [series.rank(method="first") <= days for series in (own, other)]
    result["estimate"] = estimate = float((worst[0] & worst[1]).sum()) / days
    if 0.0 < estimate < 1.0:
        spread = _long_run_error(_tail_influences(*(np.asarray(each, dtype=np.float64) for each in worst)))
        half = student_t.ppf((1.0 + confidence) / 2.0, COSINES) * spread / (estimate * (1.0 - estimate))
        result["lower"], result["upper"] = expit(logit(estimate) - half), expit(logit(estimate) + half)
    correlation = float(np.clip(np.corrcoef(own, other)[0, 1], -1.0, 1.0))
    from scipy.stats import multivariate_normal  # here: importing scipy.stats takes longer than pandas

    limit = np.full(2, norm.ppf(share))
    joint = multivariate_normal(cov=[[1.0, correlation], [correlation, 1.0]], allow_singular=True)
    result["normal"] = float(joint.cdf(limit)) / share
    return result


def distribution_lines(returns: pd.Series) -> pd.DataFrame:
    """The returns in order beside what a normal and a Student t distribution fitted to them would give.

    Returns
    -------
    DataFrame, index = probability of a lower return
        observed (type-7 quantiles), normal (mean and standard deviation), student_t (maximum likelihood). Probabilities
        from 0.1 to 99.9 %, outwards only as far as the history has five returns beyond. Empty with fewer than 100
        returns, or constant ones.
    """
    values = history(returns).to_numpy()
    if len(values) < 100 or np.ptp(values) == 0:
        return pd.DataFrame(columns=["observed", "normal", "student_t"], index=pd.Index([], name="probability"))
    seen = [share for share in SHARES if share * len(values) >= LEAST_EXPECTED]
    probability = np.array([*seen, 0.5, *(1.0 - share for share in reversed(seen))])
    from scipy.stats import t as student  # here: importing scipy.stats takes longer than pandas

    freedom, place, scale = student.fit(values)
    lines = {
        "observed": np.quantile(values, probability),
        "normal": values.mean() + values.std(ddof=1) * norm.ppf(probability),
        "student_t": place + scale * student_t.ppf(probability, freedom),
    }
    return pd.DataFrame(lines, index=pd.Index(probability, name="probability"))


def _tail_influences(own: FloatArray, other: FloatArray) -> FloatArray:
    """What each day adds to tail dependence, from marks of the worst days.

    Both series have the same number of worst days by construction, which takes half the estimate off for each mark
    (in tails that shrink in proportion).
    """
    share = other.mean()
    both = own * other
    return np.asarray((both - both.mean() / share / 2.0 * (own + other)) / share)


def _long_run_error(influences: FloatArray) -> float:
    """Standard error of a mean from its first cosine terms: as many degrees of freedom as terms."""
    length = len(influences)
    angles = np.pi * np.arange(1, COSINES + 1)[:, None] * (np.arange(length) + 0.5) / length
    terms = np.sqrt(2.0 / length) * np.cos(angles) @ influences
    return float(np.sqrt((terms**2).mean() / length))


def _likelihood(without: int, breaches: int, probability: float | None = None) -> float:
    """Log likelihood of counts under a probability, the share seen by default."""
    count = without + breaches
    if probability is None:
        probability = breaches / count if count else 0.0
    return float(xlogy(without, 1.0 - probability) + xlogy(breaches, probability))


def _verdict(row: pd.Series, level: float) -> str:
    if pd.isna(row["adjusted"]):
        return CANNOT_TELL
    if row["adjusted"] >= level:
        return "no fault shown"
    if row["independence"] < row["kupiec"]:
        return "breaches cluster"
    return "breached too often" if row["breaches"] > row["expected"] else "breached too rarely"

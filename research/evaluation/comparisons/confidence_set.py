"""Which of many could be the best, and does any beat a reference? Two at a time: `comparison.py`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError
from research.evaluation._columns import ROUNDING
from research.evaluation.comparisons.comparison import LEAST_PERIODS, block_of, common_returns, pairs_of


def best_of_many(
    levels: pd.DataFrame,
    reference: str,
    *,
    confidence: float = 0.95,
    draws: int = 1000,
    block_length: int | None = None,
    periods_per_year: float = 365,
    seed: int = 0,
) -> pd.DataFrame:
    """Which of many could be the best, and whether any of them beats a reference, judged by the growth of the level.

    What is compared is the log return, whose mean is the growth rate. The set in which the best one lies is the model
    confidence set of Hansen, Lunde and Nason (2011); that none beats the reference is tested by Hansen's (2005) test
    for superior predictive ability, with its consistent p-value. Both as in `arch.bootstrap`, stationary bootstrap.

    Parameters
    ----------
    levels : DataFrame, shape (periods, at least 2)
        As in `compare`; many levels chosen after the fact are no excuse: name all that were tried.
    reference : str
        A column.
    confidence : float
        The set holds the best one with this probability.

    Returns
    -------
    DataFrame, index = column of `levels`
        cagr (fraction). p_value: of "it is as good as the best"; in_set (bool): not below 1 − confidence.
        beats_reference: p-value of "none of all others beats the reference", the same in all rows but NaN in the
        reference's own. Two columns that are the same count as one. With fewer than 100 common periods both p-values
        are NaN, and in_set is true.
    """
    from arch.bootstrap import MCS  # 0.8 s to import

    check_number("confidence", confidence, DataError, above=0, below=1, fraction="a probability")
    returns = common_returns(levels, periods_per_year)
    pairs_of(returns.columns, reference)
    losses = -returns.map(np.log1p)
    table = pd.DataFrame({"cagr": np.expm1(-losses.mean() * periods_per_year)}).rename_axis("series")
    table["p_value"], table["in_set"], table["beats_reference"] = np.nan, True, np.nan
    if len(returns) < LEAST_PERIODS:
        return table
    options = _options(returns, draws, block_length, seed)
    twins = _twins(losses)
    alone = losses[twins.unique()]
    table["p_value"] = 1.0
    if len(alone.columns) > 1:
        best = MCS(alone, size=1.0 - confidence, **options)
        best.compute()
        table["p_value"] = best.pvalues["Pvalue"].reindex(twins).to_numpy()
        table.loc[table.index != reference, "beats_reference"] = _superior(alone, twins[reference], options)
    table["in_set"] = table["p_value"] >= 1.0 - confidence
    return table


def none_beats(
    levels: pd.DataFrame,
    reference: str,
    *,
    draws: int = 1000,
    block_length: int | None = None,
    periods_per_year: float = 365,
    seed: int = 0,
) -> float:
    """The p-value of "none of the others beats the reference" alone, the second half of `best_of_many`.

    The confidence set looks at every pair; this test alone takes time in proportion to the number of levels.

    Parameters
    ----------
    levels : DataFrame, shape (periods, at least 2)
        As in `compare`.
    reference : str
        A column.

    Returns
    -------
    float
        NaN with fewer than 100 common periods, or where all others are the same as the reference.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(0, 0.02, (200, 2))
    >>> both = pd.DataFrame(np.cumprod(1 + noise + [0.0, 0.01], axis=0), columns=["a", "b"])
    >>> none_beats(both, "a", draws=50, periods_per_year=1) < 0.05 < none_beats(both, "b", draws=50, periods_per_year=1)
    True
    """
    returns = common_returns(levels, periods_per_year)
    pairs_of(returns.columns, reference)
    losses = -returns.map(np.log1p)
    twins = _twins(losses)
    alone = losses[twins.unique()]
    if len(returns) < LEAST_PERIODS or len(alone.columns) < 2:
        return float("nan")
    return _superior(alone, twins[reference], _options(returns, draws, block_length, seed))


def _options(returns: pd.DataFrame, draws: int, block_length: int | None, seed: int) -> dict[str, Any]:
    """Keywords of the tests of `arch.bootstrap`."""
    block = block_of(returns) if block_length is None else block_length
    return {"reps": draws, "block_size": block, "bootstrap": "stationary", "seed": seed}


def _superior(losses: pd.DataFrame, reference: object, options: dict[str, Any]) -> float:
    """Hansen's consistent p-value that no other column has a smaller mean loss than the reference."""
    from arch.bootstrap import SPA  # 0.8 s to import

    test = SPA(losses[reference].to_numpy(), losses.drop(columns=reference).to_numpy(), **options)
    test.compute()
    return float(test.pvalues["consistent"])


def _twins(losses: pd.DataFrame) -> pd.Series:
    """The first column that is the same as each one but for rounding, itself where there is none."""
    found: dict[object, object] = {}
    for name in losses.columns:
        same = (first for first in found if np.ptp(losses[first] - losses[name]) < ROUNDING)
        found[name] = next(same, name)
    return pd.Series(found)

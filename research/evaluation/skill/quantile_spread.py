"""What ordering the assets by score would have earned: the best fifth less the worst, before and after costs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError
from research.evaluation._columns import positive_or_nan
from research.evaluation.skill.rank_ic import FEWEST_ASSETS, both_known, ranks_apart
from research.evaluation.skill.week_tests import mean_test, panel, skill_verdict
from research.typing import FloatArray

BPS = 1e4


def quantile_spread(
    scores: pd.DataFrame,
    outcomes: pd.DataFrame,
    *,
    groups: int = 5,
    cost_bps: float = 0.0,
    fewest_assets: int = FEWEST_ASSETS,
) -> pd.DataFrame:
    """Mean outcome of the assets with the highest scores less that of those with the lowest, date by date.

    Both groups in equal parts, on one unit of capital each. Held from one date to the next, over which `outcomes` are
    the returns: labels that overlap would count a return several times. Assets without an outcome are in no group: a
    spread is a yardstick, not an index, and does not know which prices will be missing.

    Parameters
    ----------
    scores, outcomes : DataFrame, dates x assets
        As `rank_ic`.
    groups : int
        5 for quintiles. Each of the two holds ⌊n / groups⌋ assets at least; ties at its border are all in it.
    cost_bps : float
        Cost of all that is bought and sold, in basis points of its value.

    Returns
    -------
    DataFrame by date
        gross, traded (value bought and sold in both groups, against what prices have made of the holdings of the date
        before; NaN on the first, building up is left out), net (gross − traded · cost), top, bottom (mean outcomes).
        NaN on dates with fewer than `fewest_assets`: the holdings stay, and are compared with on the next date.

    Raises
    ------
    DataError
        If the frames do not match, or hold an infinity.
    """
    check_number("groups", groups, DataError, whole=True, at_least=2, at_most=50)
    check_number("cost_bps", cost_bps, DataError, at_least=0, below=BPS)
    check_number("fewest_assets", fewest_assets, DataError, whole=True, at_least=groups)
    said, came = panel(scores, "scores"), panel(outcomes, "outcomes", scores)
    known = ~(np.isnan(said) | np.isnan(came))
    table = np.full((len(scores), 4), np.nan)
    held: list[FloatArray] | None = None
    for row in np.flatnonzero(known.sum(axis=1) >= fewest_assets):
        target = _groups(said[row], known[row], groups)
        returns = np.where(known[row], came[row], 0.0)
        top, bottom = (float(weights @ returns) for weights in target)
        traded = np.nan
        if held is not None:
            traded = sum(float(np.abs(new - old).sum()) for new, old in zip(target, held, strict=True))
        table[row] = top - bottom, traded, top, bottom
        held = [_drifted(weights, returns) for weights in target]
    frame = pd.DataFrame(table, index=scores.index, columns=["gross", "traded", "top", "bottom"])
    net = frame["gross"] - frame["traded"].fillna(0.0) * cost_bps / BPS
    frame.insert(2, "net", net)
    return frame


def score_weighted_return(
    scores: pd.DataFrame, outcomes: pd.DataFrame, *, fewest_assets: int = FEWEST_ASSETS
) -> pd.Series:
    """Mean outcome of the assets scored above the middle less that of those below, each weighted by its distance.

    With u the ranks of the scores less their mean, sum(u outcome) / sum(u where u > 0): the rank IC in units of return.
    Scores without skill give zero on average whenever all assets have the same expected return. The rank IC does not:
    where volatilities differ, the usual return of a volatile asset is below its mean, and preferring calm assets orders
    the outcomes without earning anything.

    Parameters
    ----------
    scores, outcomes, fewest_assets
        As `rank_ic`.

    Returns
    -------
    Series by date
        Gross, on one unit of capital on each side; NaN on dates with fewer assets, or where all scores are tied.

    Raises
    ------
    DataError
        If the frames do not match, or hold an infinity.
    """
    said, came = both_known(scores, outcomes, fewest_assets)
    apart = ranks_apart(said)
    earned = np.where(np.isnan(came), 0.0, apart * came).sum(axis=1) / positive_or_nan(apart.clip(min=0).sum(axis=1))
    return pd.Series(earned, index=scores.index, name="score_weighted_return")


def spread_at_ic(ic: float, outcomes: pd.DataFrame) -> float:
    """`score_weighted_return` that a mean rank IC is worth: 4 IC s / sqrt(pi).

    s is the mean over the dates of the standard deviation of the outcomes across assets. For normal scores and
    outcomes, where 8 E[u z] = 4 / sqrt(pi), u the rank less one half and z the score.

    Parameters
    ----------
    ic : float
        Mean rank information coefficient.

    Returns
    -------
    float
        A return per period.
    """
    return float(4.0 / np.sqrt(np.pi) * ic * outcomes.std(axis=1, ddof=1).mean())


def spread_summary(spread: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Means of `quantile_spread` with their tests, and the cost at which nothing is left.

    Returns
    -------
    DataFrame, rows gross, net, traded, break_even_bps
        The columns of `mean_test`, per period (break_even_bps: basis points of the value traded, mean gross spread over
        mean value traded), and verdict; none for traded.
    """
    later = spread[spread["traded"].notna()]
    tests = {name: mean_test(spread[name], confidence=confidence) for name in ("gross", "net", "traded")}
    tests["break_even_bps"] = mean_test(later["gross"] * BPS, per=later["traded"], confidence=confidence)
    table = pd.DataFrame(tests).T.rename_axis("figure")
    verdicts = {name: skill_verdict(test["lower"], test["upper"]) for name, test in tests.items()}
    return table.assign(verdict=pd.Series(verdicts | {"traded": ""}))


def _drifted(weights: FloatArray, returns: FloatArray) -> FloatArray:
    """What prices make of weights; as they are where nothing is left."""
    values = weights * (1.0 + returns)
    total = values.sum()
    return values / total if total > 0 else weights


def _groups(scores: FloatArray, known: np.ndarray, groups: int) -> list[FloatArray]:
    """Weights of the highest and of the lowest group, each adding up to 1."""
    size = int(known.sum()) // groups
    weights = []
    for sign in (-1.0, 1.0):
        rank = np.full(len(scores), np.inf)
        rank[known] = pd.Series(sign * scores[known]).rank(method="min")
        chosen = rank <= size
        weights.append(chosen / chosen.sum())
    return weights

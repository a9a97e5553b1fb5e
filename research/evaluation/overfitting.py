"""What a search does to its best result: a registry that counts every trial, and the probability of over-fitting.

The deflated Sharpe ratio, which uses the registry's count, is in `sharpe.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from research.checks import check_number
from research.errors import DataError
from research.evaluation._calendar import check_periods_per_year
from research.evaluation._columns import ROUNDING, history, numbers_of
from research.evaluation.metrics import sharpe_ratio
from research.typing import FloatArray


class TrialRegistry:
    """Every configuration that was evaluated in one search, so that a deflation uses the real number.

    One registry belongs to one search; nothing is global. Record each configuration when it is evaluated, also the
    ones that look bad: that is what the count is for.

    >>> registry = TrialRegistry()
    >>> index = pd.date_range("2024-01-01", periods=3)
    >>> registry.record({"count": 10}, pd.Series([0.01, -0.02, 0.01], index))
    >>> registry.count
    1
    """

    def __init__(self, *, periods_per_year: float = 365) -> None:
        check_periods_per_year(periods_per_year)
        self.periods_per_year = periods_per_year
        self._trials: dict[str, pd.Series] = {}

    def record(self, configuration: Mapping[str, Any], returns: pd.Series) -> None:
        """Count one configuration with the returns that it earned.

        The same configuration with the same returns again is not a second trial.

        Raises
        ------
        DataError
            If the configuration was recorded with other returns: data or code have changed, which is another search.
        """
        try:
            key = json.dumps(configuration, sort_keys=True, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise DataError(
                f"configuration {configuration!r} cannot be written as JSON; expected names with numbers, "
                "texts or lists."
            ) from error
        series = history(returns)
        known = self._trials.get(key)
        if known is not None and not (known.index.equals(series.index) and known.eq(series).all()):
            raise DataError(
                f"configuration {key} was recorded before with other returns: start a new registry "
                "when data or code change."
            )
        self._trials[key] = series

    @property
    def count(self) -> int:
        """Number of different configurations evaluated."""
        return len(self._trials)

    @property
    def returns(self) -> pd.DataFrame:
        """Returns of every trial, one column per configuration (its JSON text)."""
        return pd.DataFrame(self._trials)

    @property
    def sharpe_ratios(self) -> pd.Series:
        """Annual Sharpe ratio of each trial."""
        values = {
            key: sharpe_ratio(trial, periods_per_year=self.periods_per_year) for key, trial in self._trials.items()
        }
        return pd.Series(values, dtype=float)

    @property
    def sharpe_variance(self) -> float:
        """Sample variance of the trials' annual Sharpe ratios; NaN with fewer than two defined ones."""
        known = self.sharpe_ratios.dropna()
        return float(known.var(ddof=1)) if len(known) > 1 else float("nan")

    def effective_count(self, *, correlation: float = 0.5) -> int:
        """How many different things were tried: clusters of trials that correlate above `correlation`.

        Average linkage on the distance √((1−ρ)/2). Shown beside `count`, never instead of it. Trials without
        variation count as one cluster each.
        """
        check_number("correlation", correlation, DataError, at_least=-1, at_most=1)
        if self.count < 2:
            return self.count
        matrix = self.returns.corr().fillna(0.0).to_numpy().copy()
        np.fill_diagonal(matrix, 1.0)
        distance = np.sqrt(np.clip((1.0 - matrix) / 2.0, 0.0, None))
        tree = linkage(squareform(distance, checks=False), method="average")
        return int(fcluster(tree, np.sqrt((1.0 - correlation) / 2.0), criterion="distance").max())


def overfitting_splits(trials: pd.DataFrame, *, blocks: int = 16) -> pd.DataFrame:
    """Combinatorially symmetric cross-validation: the best trial in sample, and where it ended out of sample.

    The history is cut into `blocks` runs of equal length (what is left over is dropped at the beginning); every choice
    of half of them is one in-sample set, the other half is out of sample. The measure is the Sharpe ratio. The
    trials' returns are used as they are: subtracting each trial's full-sample mean would make the in-sample winner lose
    out of sample by construction.

    Parameters
    ----------
    trials : DataFrame, shape (periods, trials)
        Returns of every configuration tried, all over the same periods.
    blocks : int
        Even, from 2 to 20.

    Returns
    -------
    DataFrame, one row per split
        best (label of the best trial in sample), in_sample and out_of_sample (its Sharpe ratio per period),
        relative_rank (its out-of-sample rank / (N+1), above 0.5 is better than the median), logit.

    Source: Bailey, Borwein, López de Prado and Zhu (2017).
    """
    values = _complete(trials, blocks)
    length = len(values) // blocks
    folded = values[len(values) - length * blocks :].reshape(blocks, length, values.shape[1])
    picks = list(combinations(range(blocks), blocks // 2))
    chosen = np.zeros((len(picks), blocks), dtype=bool)
    chosen[np.arange(len(picks))[:, None], np.array(picks)] = True
    inside, outside = (_sharpe_of(folded, part) for part in (chosen, ~chosen))
    best = inside.argmax(axis=1)
    row = np.arange(len(picks))
    rank = rankdata(outside, axis=1)[row, best] / (values.shape[1] + 1.0)
    return pd.DataFrame(
        {
            "best": trials.columns[best],
            "in_sample": inside[row, best],
            "out_of_sample": outside[row, best],
            "relative_rank": rank,
            "logit": np.log(rank / (1.0 - rank)),
        }
    )


def probability_of_backtest_overfitting(trials: pd.DataFrame, *, blocks: int = 16) -> float:
    """Share of the splits in which the best trial in sample was not better than the median out of sample.

    About one half when the choice among the trials means nothing, near zero when it carries over. Details of the
    splits: `overfitting_splits`, with parameters, errors and source.

    Parameters
    ----------
    trials : DataFrame, shape (periods, trials)
        Returns of every configuration tried, all over the same periods.
    blocks : int
        Even, from 2 to 20.

    Returns
    -------
    float
        From 0 to 1.
    """
    return float((overfitting_splits(trials, blocks=blocks)["logit"] <= 0).mean())


def _complete(trials: pd.DataFrame, blocks: int) -> FloatArray:
    check_number("blocks", blocks, DataError, whole=True, at_least=2, at_most=20)
    if blocks % 2:
        raise DataError(f"blocks = {blocks}: expected an even number from 2 to 20.")
    if not isinstance(trials, pd.DataFrame) or trials.shape[1] < 2:
        raise DataError("trials: expected a DataFrame with at least two columns, one per configuration.")
    values = numbers_of(trials, "trials")
    if not np.isfinite(values).all():
        where, column = np.argwhere(~np.isfinite(values))[0]
        raise DataError(
            f"trials: {trials.columns[column]!r} has no return on {trials.index[where]}; all trials must cover the "
            "same periods: cut them to the periods they share."
        )
    if len(values) < 2 * blocks:
        raise DataError(
            f"trials: {len(values)} periods are too few for {blocks} blocks; expected at least {2 * blocks}."
        )
    return values


def _sharpe_of(folded: FloatArray, chosen: Any) -> FloatArray:
    """Sharpe ratio per period of every trial on every choice of blocks, from the blocks' sums."""
    picks = chosen.astype(float)
    count = picks.sum(axis=1, keepdims=True) * folded.shape[1]
    mean = picks @ folded.sum(axis=1) / count
    square = picks @ (folded**2).sum(axis=1) / count
    variance = square - mean**2
    if (variance <= ROUNDING * square).any():
        trial = int(np.argwhere(variance <= ROUNDING * square)[0][1])
        raise DataError(
            f"trials: column number {trial} does not vary over half of the history: its Sharpe is undefined."
        )
    return np.asarray(mean / np.sqrt(variance))

"""What a search does to its best result: a registry that counts every trial, and the probability of over-fitting.

The deflated Sharpe ratio, which uses the registry's count, is in `sharpe.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from research.checks import check_number
from research.errors import DataError
from research.evaluation._calendar import check_periods_per_year
from research.evaluation._columns import ROUNDING, history, numbers_of
from research.evaluation.metrics import sharpe_ratio
from research.evaluation.resampling.bootstrap import optimal_block_length, resampled_rows
from research.typing import FloatArray, IntArray

CHUNK = 1024  # splits looked at together: their scores stay in the processor's cache


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
        from scipy.cluster.hierarchy import fcluster, linkage  # here: few callers, and slow to import
        from scipy.spatial.distance import squareform

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
    folded = _folded(_complete(trials, blocks), blocks)
    pairs = list(_split_pairs(folded))
    parts = [one for one, _ in pairs]
    parts += [other.backwards() for _, other in reversed(pairs)]
    best, inside, outside, rank = (np.concatenate(column) for column in zip(*parts, strict=True))
    return pd.DataFrame(
        {
            "best": trials.columns[best],
            "in_sample": inside,
            "out_of_sample": outside,
            "relative_rank": rank,
            "logit": np.log(rank / (1.0 - rank)),
        }
    )


def probability_of_backtest_overfitting(trials: pd.DataFrame, *, blocks: int = 16) -> float:
    """Share of the splits in which the best trial in sample was not better than the median out of sample.

    About one half when the choice among the trials means nothing, near zero when it carries over; on one history of
    noise it may be anything from 0.15 to 0.85, so see `overfitting_test`. Details of the splits: `overfitting_splits`,
    with parameters, errors and source.

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
    return _probability(_folded(_complete(trials, blocks), blocks))


def overfitting_test(trials: pd.DataFrame, *, blocks: int = 16, draws: int = 200, seed: int = 0) -> pd.Series:
    """Is the probability of over-fitting lower than a choice among equals would show?

    The null hypothesis is that no trial is better than another: the mean of each is taken off, all are resampled
    together in blocks of the stationary bootstrap, and the probability is computed anew.

    Parameters
    ----------
    trials : DataFrame, shape (periods, trials)
        As in `overfitting_splits`, and so is `blocks`.
    draws : int
        Resampled histories.
    seed : int
        The same seed gives the same p-value.

    Returns
    -------
    Series
        probability: as `probability_of_backtest_overfitting` gives it. p_value: share of the resampled histories whose
        probability is as low, (1 + how many) / (1 + draws). lower, upper: the central 95 % of theirs.

    Raises
    ------
    DataError
        As `overfitting_splits` does, and for impossible draws or seed.

    Examples
    --------
    >>> noise = pd.DataFrame(np.random.default_rng(0).normal(size=(400, 10)))
    >>> bool(overfitting_test(noise, blocks=8, draws=50)["p_value"] > 0.05)
    True
    """
    values = _complete(trials, blocks)
    block_length = float(np.median([optimal_block_length(pd.Series(column)) for column in values.T]))
    equal = values - values.mean(axis=0)
    rows = resampled_rows(len(values), draws=draws, block_length=block_length, seed=seed)
    probability = _probability(_folded(values, blocks))
    theirs = np.array([_probability(_folded(equal[drawn], blocks)) for drawn in rows])
    lower, upper = np.quantile(theirs, [0.025, 0.975])
    as_low = int((theirs <= probability).sum())
    return pd.Series(
        {"probability": probability, "p_value": (1 + as_low) / (1 + draws), "lower": lower, "upper": upper}
    )


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


def _folded(values: FloatArray, blocks: int) -> FloatArray:
    """The history in blocks of equal length, shape (blocks, periods, trials); the first rows are dropped."""
    length = len(values) // blocks
    return values[len(values) - length * blocks :].reshape(blocks, length, values.shape[1])


def _probability(folded: FloatArray) -> float:
    ranks = np.concatenate([split.rank for pair in _split_pairs(folded) for split in pair])
    return float((ranks <= 0.5).mean())


class _Splits(NamedTuple):
    best: IntArray
    inside: FloatArray
    outside: FloatArray
    rank: FloatArray  # relative

    def backwards(self) -> _Splits:
        return _Splits(self.best[::-1], self.inside[::-1], self.outside[::-1], self.rank[::-1])


class _Half(NamedTuple):
    """Sums over the blocks of one side of some splits, and what ranks the trials there, each (splits, trials)."""

    total: FloatArray
    square: FloatArray
    score: FloatArray  # rises with the Sharpe ratio s: periods · sign(s) s² / (1 + s²), without a root
    periods: int


def _split_pairs(folded: FloatArray) -> Iterator[tuple[_Splits, _Splits]]:
    """All splits, some at a time, each beside the one with in sample and out of sample exchanged.

    The halves with the first block come in the order of `itertools.combinations`, of which their counterparts are the
    end, backwards.
    """
    blocks, length, _ = folded.shape
    sums = np.hstack([folded.sum(axis=1), (folded**2).sum(axis=1)])
    bits = 1 << np.arange(blocks)[::-1]  # the first block is the highest bit
    halves = np.arange(bits[0] * 2 - 1, bits[0] - 1, -1)
    halves = halves[np.bitwise_count(halves) == blocks // 2]
    for begin in range(0, len(halves), CHUNK):
        chosen = (halves[begin : begin + CHUNK, None] & bits != 0).astype(np.float64)
        one, other = (_half(picks @ sums, length * blocks // 2) for picks in (chosen, 1.0 - chosen))
        yield _splits(one, other), _splits(other, one)


def _half(sums: FloatArray, periods: int) -> _Half:
    total, square = np.hsplit(sums, 2)
    with np.errstate(invalid="ignore"):  # of nothing but zeros, which are refused
        score = total * np.abs(total) / square
    limit = periods * (1.0 - ROUNDING)
    if not -limit < score.min() <= score.max() < limit:
        trial = int(np.argwhere(~(np.abs(score) < limit))[0][1])
        raise DataError(
            f"trials: column number {trial} does not vary over half of the history: its Sharpe is undefined."
        )
    return _Half(total, square, score, periods)


def _splits(inside: _Half, outside: _Half) -> _Splits:
    best = inside.score.argmax(axis=1)
    place = np.arange(len(best)), best
    reached = outside.score[place][:, None]
    each = np.ones(inside.score.shape[1])  # a product with ones counts several times faster than a sum
    rank = ((outside.score < reached) @ each + (outside.score <= reached) @ each + 1.0) / 2.0 / (len(each) + 1.0)
    return _Splits(best, _sharpe(inside, place), _sharpe(outside, place), rank)


def _sharpe(half: _Half, place: tuple[IntArray, IntArray]) -> FloatArray:
    """Sharpe ratio per period of one trial in each split."""
    mean = half.total[place] / half.periods
    return np.asarray(mean / np.sqrt(half.square[place] / half.periods - mean**2))

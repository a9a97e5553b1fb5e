"""Many levels side by side: the days they share, how alike they are, risk against growth, and the kinds of market.

Which of them is better, and whether that can be told, is asked in `comparison.py`. Shapes, units and NaN policy as in
`metrics.py`; daily values, 365 a year.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from research.errors import DataError
from research.evaluation._calendar import require_dates
from research.evaluation._columns import history, one_frame
from research.evaluation.comparisons.comparison import CANNOT_TELL
from research.evaluation.intervals import self_normalised_interval
from research.evaluation.metrics import annualized_volatility, cagr
from research.evaluation.regimes import performance_by_regime
from research.evaluation.resampling.bootstrap import bootstrap_interval


@dataclass(frozen=True, kw_only=True, eq=False)
class CommonDays:
    """The days that many levels share, and who shortened them.

    Attributes
    ----------
    levels : DataFrame, shape (common days, series)
        Without NaN.
    spans : DataFrame, index = series
        first, last (datetime64), days (int: of its own history), left_out (int: of them not shared by all).
    begins_last, ends_first : list of str
        The series that shorten the days at their beginning and at their end; empty where all begin, or end, together.
    """

    levels: pd.DataFrame
    spans: pd.DataFrame
    begins_last: list[str]
    ends_first: list[str]

    @property
    def from_100(self) -> pd.DataFrame:
        """The levels, each times what makes it 100 on the first day."""
        return 100.0 * self.levels / self.levels.iloc[0]


def common_days(levels: pd.DataFrame) -> CommonDays:
    """`CommonDays` of daily levels, each with its own beginning and end.

    Raises
    ------
    DataError
        With fewer than two columns, for a gap inside a history, or where no two days are shared.
    """
    one_frame(levels, "levels")
    require_dates(levels, "levels")
    if levels.shape[1] < 2 or not levels.columns.is_unique:
        raise DataError(f"levels: expected two columns at least, each with its own name; found {list(levels.columns)}.")
    own = {str(name): history(levels[name], f"levels, {name}", are_returns=False) for name in levels.columns}
    empty = [name for name, values in own.items() if values.empty]
    if empty:
        raise DataError(f"levels: {empty[0]!r} has no value at all. Leave it out.")
    common = pd.concat(own, axis=1, join="inner")
    spans = pd.DataFrame(
        {
            "first": {name: values.index[0] for name, values in own.items()},
            "last": {name: values.index[-1] for name, values in own.items()},
            "days": {name: len(values) for name, values in own.items()},
        }
    ).rename_axis("series")
    late, early = spans["first"] == spans["first"].max(), spans["last"] == spans["last"].min()
    if len(common) < 2:
        raise DataError(
            f"levels: no two days on which all have a value: {spans.index[late][0]!r} begins on "
            f"{spans['first'].max().date()}, {spans.index[early][0]!r} ends on {spans['last'].min().date()}. Leave one "
            "of them out."
        )
    return CommonDays(
        levels=common,
        spans=spans.assign(left_out=spans["days"] - len(common)),
        begins_last=[] if late.all() else list(spans.index[late]),
        ends_first=[] if early.all() else list(spans.index[early]),
    )


def correlations(returns: pd.DataFrame) -> pd.DataFrame:
    """Pearson correlation of daily returns, each with each other, over days that all have; NaN where one is constant.

    Without an interval: those that were tried hold too rarely (CONVENTIONS.md).
    """
    return returns.corr().rename_axis(index="series", columns=None)


def pairs_in_order(table: pd.DataFrame) -> pd.DataFrame:
    """The entries above the diagonal of a symmetric table, the largest first: first, second (str), value (float)."""
    pairs, names = np.triu_indices(len(table), k=1), table.columns.to_numpy()
    values = table.to_numpy(dtype=float)[pairs]
    frame = pd.DataFrame({"first": names[pairs[0]], "second": names[pairs[1]], "value": values}).dropna()
    return frame.sort_values("value", ascending=False, kind="stable", ignore_index=True)


def risk_and_growth(returns: pd.DataFrame, *, draws: int = 1000, seed: int = 0) -> pd.DataFrame:
    """Volatility and growth a year of each series, with 95 % intervals.

    Volatility: `self_normalised_interval`; growth (CAGR): the stationary block bootstrap. How often each holds was
    measured: CONVENTIONS.md.

    Returns
    -------
    DataFrame, index = series
        volatility, volatility_lower, volatility_upper, growth, growth_lower, growth_upper: fractions a year.
    """
    one_frame(returns, "returns")
    rows = {}
    for name in returns.columns:
        volatility = self_normalised_interval(annualized_volatility, returns[name])
        growth = bootstrap_interval(cagr, returns[name], draws=draws, seed=seed)
        rows[name] = {
            figure if part == "value" else f"{figure}_{part}": found[part]
            for figure, found in (("volatility", volatility), ("growth", growth))
            for part in ("value", "lower", "upper")
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("series")


def by_regime(returns: pd.DataFrame, regimes: pd.Series) -> pd.DataFrame:
    """What each series made in each regime, chained over its days: see `performance_by_regime`.

    Returns
    -------
    DataFrame, index = regime
        days (int), then the total return of each series as a fraction.
    """
    parts = {name: performance_by_regime(returns[name], regimes) for name in returns.columns}
    first = next(iter(parts.values()))
    return pd.DataFrame({"days": first["days"]} | {name: part["total_return"] for name, part in parts.items()})


def told_apart(compared: pd.DataFrame) -> tuple[int, int]:
    """How many pairs of `compare` differ in at least one measure as far as can be told, and how many there are."""
    told = compared["verdict"].ne(CANNOT_TELL).groupby([compared["first"], compared["second"]]).any()
    return int(told.sum()), len(told)


def shared(weights: dict[str, pd.Series]) -> pd.DataFrame:
    """How much weight each two baskets have in common: the sum over all assets of the smaller of their two weights.

    1 for the same basket, 0 for baskets without a common asset; 1 less it is the active share (Cremers and Petajisto,
    2009).

    Parameters
    ----------
    weights : dict of name to Series
        Weights by asset, not negative.
    """
    frame = pd.DataFrame(weights).fillna(0.0)  # an asset that is not in a basket has no weight in it
    values = frame.to_numpy()
    common = np.minimum(values[:, :, None], values[:, None, :]).sum(axis=0)
    return pd.DataFrame(common, frame.columns, frame.columns).rename_axis(index="series")

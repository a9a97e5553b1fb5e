"""Why an index with signals is ahead of or behind the same index without, or a benchmark: exact, day by day and linked.

The contributions of members to one index are `analysis/why/attribution.contributions_table`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from research.errors import DataError
from research.index.decisions.stable_leg import leg_positions
from research.index.history import IndexHistory
from research.typing import BoolArray, FloatArray

PARTS = ["selection", "weighting", "timing", "cost", "haircuts"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Attribution:
    """The difference between two levels, in parts.

    Attributes
    ----------
    daily : DataFrame, days x PARTS
        They add up to the difference of the day's returns (`difference`).
    linked : Series, PARTS
        They add up to the difference of the returns over the whole history (`total`).
    own, other : Series of daily returns
    """

    daily: pd.DataFrame
    linked: pd.Series
    own: pd.Series
    other: pd.Series

    @property
    def difference(self) -> pd.Series:
        return self.own - self.other

    @property
    def total(self) -> float:
        own, other = (_growth(returns.to_numpy(dtype=float)) for returns in (self.own, self.other))
        return float(own[0] - other[0])


def signal_attribution(
    index: IndexHistory, twin: IndexHistory, benchmark: pd.Series | None = None, *, until: pd.Timestamp | None = None
) -> Attribution:
    """What an index owes to its overlay, against the passive twin, or all that it did, against a benchmark.

    With e the index's invested share, R the twin's basket before costs and R' the twin's basket of only those members
    that the index holds (at the twin's weights, rescaled):

    - selection ``e (R' - R)``: which members are held at all; 0 where none of them is the twin's;
    - weighting: what the index's members contributed, less ``e R'``;
    - timing: ``e R`` and what stable leg and cash contributed, less the twin's return before costs;
    - cost, haircuts: the index's less the twin's (see `contributions_table`).

    Against a benchmark, what the twin did is added: to selection the return of its members in equal parts less that of
    the benchmark, to weighting the twin's basket less those equal parts, to timing its own stable leg, to cost and
    haircuts its own. Days are linked by Carino's logarithmic coefficients.

    Parameters
    ----------
    benchmark : Series, optional
        A level or price by day, on every day of the index.
    until : Timestamp, optional
        Last day.

    Raises
    ------
    DataError
        If index and twin do not share their first and last day, the benchmark lacks a day, or either has lost
        everything: logarithms end there.

    References
    ----------
    Brinson, Hood and Beebower (1986); Carino (1999), Combining attribution effects over time.
    """
    if not index.dates.equals(twin.dates):
        raise DataError(
            f"{index.methodology.name} runs from {index.dates[0].date()}, {twin.methodology.name} from "
            f"{twin.dates[0].date()}: both must cover the same days. Give the twin of the same market and base date."
        )
    parts = _against_twin(index, twin)
    own, other = index.level.pct_change().iloc[1:], twin.level.pct_change().iloc[1:]
    if benchmark is not None:
        known = benchmark.reindex(index.dates)
        if known.isna().any():
            raise DataError(f"benchmark: no value on {known.index[known.isna()][0].date()}; give one on every day.")
        other = known.pct_change().iloc[1:]
        parts = parts + _of_twin(twin, other)
    own, other, daily = own.loc[:until], other.loc[:until], parts.loc[:until]
    return Attribution(daily=daily, linked=_linked(daily, own, other), own=own, other=other)


def _against_twin(index: IndexHistory, twin: IndexHistory) -> pd.DataFrame:
    ours, theirs = _Day.read(index), _Day.read(twin)
    names = ours.members.columns.union(theirs.members.columns)
    weights, passive, gained = (
        data.reindex(columns=names, fill_value=0.0).to_numpy()
        for data in (ours.weights, theirs.weights, theirs.members)
    )
    invested = weights.sum(axis=1)
    basket = _ratio(gained.sum(axis=1), passive.sum(axis=1), 0.0)
    held = (weights > 0) & (passive > 0)
    chosen = _ratio((gained * held).sum(axis=1), (passive * held).sum(axis=1), basket)
    return pd.DataFrame(
        {
            "selection": invested * (chosen - basket),
            "weighting": ours.members.sum(axis=1).to_numpy() - invested * chosen,
            "timing": invested * basket + ours.parked - gained.sum(axis=1) - theirs.parked,
            "cost": ours.cost - theirs.cost,
            "haircuts": ours.haircuts - theirs.haircuts,
        },
        index.dates[1:],
    )[PARTS]


def _of_twin(twin: IndexHistory, benchmark: pd.Series) -> pd.DataFrame:
    """The twin against a benchmark's returns, in the same parts."""
    day = _Day.read(twin)
    weights, gained = day.weights.to_numpy(), day.members.to_numpy()
    held = weights > 0
    returns = np.where(held, gained / np.where(held, weights, 1.0), 0.0)
    equal = _ratio(returns.sum(axis=1), held.sum(axis=1).astype(float), 0.0)
    basket = _ratio(gained.sum(axis=1), weights.sum(axis=1), 0.0)
    return pd.DataFrame(
        {
            "selection": equal - benchmark.to_numpy(),
            "weighting": basket - equal,
            "timing": gained.sum(axis=1) + day.parked - basket,
            "cost": day.cost,
            "haircuts": day.haircuts,
        },
        twin.dates[1:],
    )[PARTS]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Day:
    """Each day's contributions and the weights that made them, members apart from stable leg and cash."""

    members: pd.DataFrame
    weights: pd.DataFrame
    parked: FloatArray
    cost: FloatArray
    haircuts: FloatArray

    @classmethod
    def read(cls, index: IndexHistory) -> _Day:
        given = index.contributions
        gained = given.iloc[:, :-2]
        weights = index.weights.shift().iloc[1:].reindex(columns=gained.columns, fill_value=0.0)
        stable = _is_stable(index, gained.columns)
        return cls(
            members=gained.loc[:, ~stable],
            weights=weights.loc[:, ~stable],
            parked=gained.loc[:, stable].sum(axis=1).to_numpy(),
            cost=given["costs"].to_numpy(),
            haircuts=given["haircuts"].to_numpy(),
        )


def _is_stable(index: IndexHistory, names: pd.Index) -> BoolArray:
    overlay = index.methodology.overlay
    if overlay is None:
        return np.zeros(len(names), dtype=bool)
    leg = leg_positions(index.source, overlay, len(index.source.dates) - 1)
    return np.asarray(names.isin({*overlay.stable_leg, *index.source.asset_ids[leg].tolist()}))


def _ratio(above: FloatArray, below: FloatArray, otherwise: FloatArray | float) -> FloatArray:
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), otherwise)


def _linked(daily: pd.DataFrame, own: pd.Series, other: pd.Series) -> pd.Series:
    if not ((own > -1).all() and (other > -1).all()):
        raise DataError("one of the two has lost everything: its days cannot be linked. End before that, with `until`.")
    ours, theirs = own.to_numpy(dtype=float), other.to_numpy(dtype=float)
    whole = _coefficient(_growth(ours), _growth(theirs))
    return daily.mul(_coefficient(ours, theirs) / whole, axis="index").sum()


def _growth(returns: FloatArray) -> FloatArray:
    """Return over all periods, shape (1,)."""
    return np.asarray(np.prod(1.0 + returns, keepdims=True) - 1.0)


def _coefficient(own: FloatArray, other: FloatArray) -> FloatArray:
    """(ln(1+r) − ln(1+b)) / (r − b), and its limit 1/(1+r) where they are equal; without cancellation near it."""
    share = (own - other) / (1.0 + other)
    logs = np.where(share == 0, 1.0, np.log1p(share) / np.where(share == 0, 1.0, share))
    return np.asarray(logs / (1.0 + other))

"""Tables of weights with their sums, and wide ones made narrow enough to be drawn.

The weights themselves are made in `attribution.py` and `audit_tables.py`.
"""

from __future__ import annotations

import pandas as pd

from research.index.analysis.why.attribution import WATERFALL

ROUNDING = 1e-12
"""Change of a weight below which a step did nothing."""


def weight_steps_with_total(steps: pd.DataFrame) -> pd.DataFrame:
    """`IndexHistory.weight_steps` and a last row, "all members", with the sum of each step."""
    total = steps[WATERFALL].sum().to_frame().T.assign(asset_id="all members", symbol="")
    return pd.concat([steps, total], ignore_index=True)


def weight_steps_gap(steps: pd.DataFrame) -> float:
    """How far the steps of any member are from adding up to its final weight (rounding, and nothing else)."""
    return float((steps[WATERFALL[:-1]].sum(axis=1) - steps["final"]).abs().max())


def largest_steps(steps: pd.DataFrame) -> pd.DataFrame:
    """What most made each target weight differ from one in proportion to market cap, from `weight_steps`.

    Returns
    -------
    DataFrame, index = asset_id
        step ("tilt", "caps", "floors", "overlay", or "" where nothing did), change (fraction of the index, signed), raw
        (weight in proportion to market cap), final.
    """
    named = steps.set_index("asset_id")
    changes = named[WATERFALL[1:-1]].astype(float)
    step = changes.abs().idxmax(axis=1)
    places = changes.columns.get_indexer(pd.Index(step))
    change = pd.Series(changes.to_numpy()[range(len(changes)), places], named.index)
    known = change.abs() > ROUNDING
    table = pd.DataFrame({"step": step.where(known, ""), "change": change.where(known, 0.0)})
    return table.assign(raw=named["raw"], final=named["final"])


def largest_weights(weights: pd.DataFrame, *, shown: int = 9) -> pd.DataFrame:
    """`IndexHistory.weights` of the `shown` members with the largest mean weight, and all others in one last column.

    That column is called "n others"; there is none where all members are shown. Each row adds up to what it did, and a
    row of NaN alone stays one.
    """
    largest = weights.mean().sort_values(ascending=False, kind="stable").index[:shown]
    others = weights.drop(columns=largest)
    if others.columns.empty:
        return weights[largest]
    return weights[largest].assign(**{f"{len(others.columns)} others": others.sum(axis=1, min_count=1)})

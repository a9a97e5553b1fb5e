"""Tables of weights with their sums, and wide ones made narrow enough to be drawn.

The weights themselves are made in `attribution.py` and `audit_tables.py`.
"""

from __future__ import annotations

import pandas as pd

from research.index.analysis.attribution import WATERFALL


def weight_steps_with_total(steps: pd.DataFrame) -> pd.DataFrame:
    """`IndexHistory.weight_steps` and a last row, "all members", with the sum of each step."""
    total = steps[WATERFALL].sum().to_frame().T.assign(asset_id="all members", symbol="")
    return pd.concat([steps, total], ignore_index=True)


def weight_steps_gap(steps: pd.DataFrame) -> float:
    """How far the steps of any member are from adding up to its final weight (rounding, and nothing else)."""
    return float((steps[WATERFALL[:-1]].sum(axis=1) - steps["final"]).abs().max())


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

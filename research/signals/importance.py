"""Which features moved the calls, and whether they did so all the time."""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.signals.explanation import parts_of_week
from research.signals.record import SignalRecord


def feature_importance(record: SignalRecord) -> pd.DataFrame:
    """Features by their size in the score.

    A feature is standardised over the universe, so that the size of its coefficient is what one standard deviation of
    it moves the score. For a model without coefficients: the mean size of its part of the log odds in the last week.

    Returns
    -------
    DataFrame, index = feature, the most important first
        share (of the mean absolute coefficients over all fits: they sum to 1), last (coefficient of the last fit, NaN
        without coefficients), same_sign (share of the fits whose coefficient has the sign of the last; NaN without).
    """
    table = record.coefficients
    if table.empty:
        _, parts = parts_of_week(record, record.week_of(None))
        size = (parts - parts.mean()).abs().mean()[list(record.feature_names)]
        frame = pd.DataFrame({"share": size / size.sum(), "last": np.nan, "same_sign": np.nan})
    else:
        last = table.iloc[-1]
        size = table.abs().mean()
        same = (np.sign(table) == np.sign(last)).mean().where(last != 0)
        frame = pd.DataFrame({"share": size / size.sum(), "last": last, "same_sign": same})
    return frame.rename_axis("feature").sort_values("share", ascending=False, kind="stable")

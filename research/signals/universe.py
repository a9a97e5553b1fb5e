"""When calls are made, and for which assets."""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.point_in_time.screens import corporate_action_screens, evaluate
from research.point_in_time.view import MarketView, PointInTime
from research.rulebook.schedule import WEEKDAYS
from research.signals.recipe import Recipe
from research.typing import BoolArray, IntArray


def decision_rows(days: pd.DatetimeIndex, weekday: str) -> IntArray:
    """Rows of the closes at which calls are made: every such weekday."""
    return np.flatnonzero(days.day_of_week == WEEKDAYS.index(weekday))


def universe_at(source: PointInTime, rows: IntArray, recipe: Recipe) -> BoolArray:
    """Which assets a call may be made for, shape (len(rows), assets), each row from what was known at its close.

    Rows with fewer than `min_assets` are empty.
    """
    mask = np.zeros((len(rows), len(source.asset_ids)), dtype=bool)
    for place, row in enumerate(rows.tolist()):
        eligible = _eligible(source.at(row), recipe)
        if len(eligible) >= recipe.min_assets:
            mask[place, eligible] = True
    return mask


def _eligible(view: MarketView, recipe: Recipe) -> IntArray:
    """Positions of the assets that pass every screen, at most the `largest` of them."""
    nobody = np.zeros(len(view.assets), dtype=bool)
    screens = evaluate(view, recipe.universe, nobody, needs_cap=recipe.largest is not None)
    screens += corporate_action_screens(view)
    places = np.flatnonzero(np.logical_and.reduce([screen.passed for screen in screens]))
    if recipe.largest is not None:
        places = places[np.argsort(-view.today("market_cap")[places], kind="stable")[: recipe.largest]]
    return np.sort(view.assets[places])

"""The rule of the verdict on signals, written down before any result: two tests, corrected for all that was tried."""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.evaluation import adjust_pvalues

LEVEL = 0.05
"""Chance of "evidence of skill" for signals without any, over all tests and configurations together."""
EVIDENCE, NONE, CANNOT_TELL = "evidence of skill", "no evidence of skill", "cannot tell"
ORDER_TEST, PLACEBO_TEST = "score-weighted", "exposure-matched"


def judged(tests: pd.DataFrame, power: float, *, configurations: int, relevant_ic: float) -> tuple[str, str]:
    """The verdict, and a sentence that says what decided it.

    Written down before any result: "evidence of skill" if either of two one-sided tests (Newey-West) has p ≤ 5 % after
    Holm's correction for two tests and Bonferroni's for every configuration tried on this market: mean
    `score_weighted_return` above zero, and mean return of the index above that of the same basket with the average
    invested share all the time, both before costs. Signals without skill get it in at most 5 % of all markets, provided
    that the verdict is made again with the final count: one given when fewer had been tried stands no longer.
    Otherwise "no evidence of skill" if the first test would have found what a mean rank IC of `relevant_ic` is worth
    with 80 % probability, and "cannot tell" if not.
    """
    searched = f" and {configurations} configurations" if configurations > 1 else ""
    best = tests["p_adjusted"].min()
    order, placebo = tests.loc[ORDER_TEST], tests.loc[PLACEBO_TEST]
    ordered = (
        "that the assets scored higher earned more cannot be tested"
        if np.isnan(order["p_value"])
        else f"the assets scored higher earned {order['value']:+.2%} a week more than those scored lower (t = "
        f"{order['t_statistic']:.1f}, p = {order['p_value']:.3f})"
    )
    matched = (
        "that the index earned more than its basket with the same share all the time cannot be tested"
        if np.isnan(placebo["p_value"])
        else f"the index {placebo['value']:+.1%} a year more than its basket with the same share all the time (p = "
        f"{placebo['p_value']:.3f})"
    )
    figures = (
        f"{ordered}, {matched}, both before costs; the smaller p, corrected for two tests{searched}, is {best:.3f}"
    )
    chance = f"What a mean rank IC of {relevant_ic:g} is worth would have been found with {power:.0%} probability"
    if best <= LEVEL:
        hurdle = " The t statistic is below 3, the hurdle where many have searched." if order["t_statistic"] < 3 else ""
        return EVIDENCE, f"Evidence of skill: {figures}.{hurdle}"
    if np.isnan(power) or np.isnan(best):
        return CANNOT_TELL, f"Cannot tell: {order['periods']:.0f} weeks are too few for a test."
    if power >= 0.8:
        return NONE, f"No evidence of skill: {figures}. {chance}."
    return CANNOT_TELL, f"Cannot tell: {figures}. {chance}: the history is too short or too noisy."


def both_tests(order: pd.Series, matched: pd.Series, configurations: int) -> pd.DataFrame:
    """Both tests, one-sided, with their p-values corrected for each other and for what else was tried."""
    table = pd.DataFrame({ORDER_TEST: order, PLACEBO_TEST: matched}).T[["value", "t_statistic", "p_value", "periods"]]
    half = table["p_value"] / 2.0
    table["p_value"] = half.where(table["value"] > 0, 1.0 - half)
    adjusted = (
        adjust_pvalues(table["p_value"].fillna(1.0)) * configurations
    )  # a test that could not be made finds nothing
    return table.assign(p_adjusted=adjusted.clip(upper=1.0)).rename_axis("test")

"""Sentences of three values, and the years that a difference would need."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from research import evaluation as ev
from research.errors import DataError
from tests.evaluation.test_traps import sample


@pytest.mark.parametrize(
    ("probability", "said"),
    [(0.96, "yes"), (0.95, "yes"), (0.94, "cannot tell"), (0.06, "cannot tell"), (0.04, "no"), (np.nan, "cannot tell")],
)
def test_between_yes_and_no_the_history_cannot_tell(probability: float, said: str) -> None:
    assert ev.verdict_of(probability, yes="yes", no="no") == said


def test_the_years_are_those_of_the_ends_of_the_interval() -> None:
    market, active = sample(1000), sample(1000, seed=5) * 0.2
    row = ev.difference_test(market + active, market.to_frame("market"), power=0.8).loc["market"]
    test = ev.alpha_test(active)
    assert row[["difference", "lower", "upper"]].to_list() == pytest.approx(test[["alpha", "lower", "upper"]].to_list())
    per_year = test["standard_error"] * np.sqrt(1000 / 365)  # the long-run standard deviation of a year
    far = max(abs(test["lower"]), abs(test["upper"]))
    assert row["fewest_years"] == pytest.approx(((norm.ppf(0.975) + norm.ppf(0.8)) * per_year / far) ** 2)
    seen = ev.years_to_distinguish(market + active, market, power=0.8)
    assert row["fewest_years"] < seen


def test_an_interval_that_holds_zero_cannot_tell_and_no_length_is_surely_enough() -> None:
    market, active = sample(1000), sample(1000, seed=5) * 0.2
    table = pd.DataFrame({"equal": market, "behind": market - 0.01, "ahead": market + 0.01, "short": market.iloc[:5]})
    result = ev.difference_test(market + active - active.mean(), table)
    assert result["verdict"].to_list() == ["cannot tell", "ahead", "behind", "cannot tell"]
    assert np.isnan(result.loc["equal", "most_years"])
    assert result.loc["ahead", "most_years"] >= result.loc["ahead", "fewest_years"]
    assert result.loc["ahead", "most_years"] < result.loc["ahead", "years"]
    with pytest.raises(DataError, match="power = 80"):
        ev.difference_test(market, table, power=80)


def test_the_sign_against_one_of_many_is_judged_for_all_of_them_together() -> None:
    market, active = sample(1000), sample(1000, seed=5) * 0.2
    error = ev.alpha_test(active - active.mean())["standard_error"] / 365
    ahead = market + active - active.mean() + 2.1 * error  # a p-value of 0.036 by itself
    alone = ev.difference_test(ahead, market.to_frame("one"))
    assert alone.loc["one", "p_value"] == alone.loc["one", "adjusted"] == pytest.approx(0.036, abs=0.003)
    assert alone.loc["one", "verdict"] == "ahead"
    many = ev.difference_test(ahead, pd.DataFrame(dict.fromkeys(("one", "two", "three"), market)))
    assert many["adjusted"].to_numpy() == pytest.approx(3 * alone.loc["one", "p_value"])
    assert set(many["verdict"]) == {"cannot tell"}

"""What choices, their values and figures are called. Names of the rulebook become words; nothing is computed."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from research.index.sweeps.grid import words
from research.index.sweeps.sensitivity import Sensitivity
from research.index.sweeps.sweep import AS_GIVEN, Sweep
from research.reporting.presentation.formats import format_value

CHOICES: Mapping[str, str] = {
    "selection.count": "number of members",
    "weighting.scheme": "weighting",
    "weighting.max_weight": "cap",
    "schedule.reconstitution": "frequency of reconstitution",
    "schedule.rebalance": "frequency of rebalancing",
    "schedule.lag_days": "lag",
}
VALUES: Mapping[str, str] = {
    "selection.count": "{} members",
    "weighting.scheme": "{} weights",
    "weighting.max_weight": "cap {}",
    "schedule.reconstitution": "{} reconstitution",
    "schedule.rebalance": "{} rebalances",
    "schedule.lag_days": "lag {} days",
}
FIGURES: Mapping[str, tuple[str, str]] = {
    "total_return": ("total return", "growth"),
    "cagr": ("growth a year", "change"),
    "sharpe_ratio": ("Sharpe ratio", "ratio"),
    "max_drawdown": ("maximum drawdown", "percent"),
    "annualized_volatility": ("volatility", "percent"),
    "annual_turnover": ("turnover a year, one-sided", "percent"),
    "annual_cost": ("lost to costs a year", "fine percent"),
}
"""What a figure is called, and how it reads."""


def choice(key: str) -> str:
    """A key of the grid as a reader calls it."""
    return CHOICES.get(key, key.rpartition(".")[2].replace("_", " "))


def value(key: str, given: object) -> str:
    """A value of the grid, in the unit of its key."""
    if given is None:
        return "none"
    if key == "weighting.max_weight":
        return format_value(given, "short percent")
    return words(given).replace("_", " ")


def value_of_text(key: str, text: str) -> str:
    """The same of a value that has become text already."""
    if text == "none":
        return text
    return value(key, float(text) if key == "weighting.max_weight" else text)


def in_words(key: str, given: str) -> str:
    """A choice with its value, as "20 members" or "lag 5 days", from the value in words."""
    return VALUES.get(key, f"{choice(key)} {{}}").format(given)


def variant(swept: Sweep, name: str) -> str:
    """A variant by its settings, in words: "20 members, equal weights, cap 15 %, ..."."""
    chosen = swept.table.loc[name, list(swept.keys)].items()
    parts = [in_words(str(key), value(str(key), given)) for key, given in chosen]
    return ", ".join(parts) + (f" ({AS_GIVEN})" if name == AS_GIVEN else "")


def settings(frame: pd.DataFrame, keys: tuple[str, ...]) -> pd.DataFrame:
    """Columns of settings with their values in words, under their names in words."""
    columns = {choice(key): [value(key, given) for given in frame[key]] for key in keys}
    return pd.DataFrame(columns, index=frame.index)


def rows(found: Sensitivity) -> tuple[pd.DataFrame, pd.Series, float]:
    """What the dots are drawn from: growth by row, the mean of each row, and that of the rulebook, with their names."""
    names = [in_words(key, value_of_text(key, text)) for key, text in found.by_value.index]
    means = found.by_value["mean"].set_axis(names)
    return found.outcomes.set_axis(names, axis="columns"), means, float(found.standing["own"]["cagr"])

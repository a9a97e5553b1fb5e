"""Features of any further column of a snapshot, by one rule: level, change, and z-score against its own past."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial

import numpy as np

from research.signals.features.inputs import Inputs
from research.signals.features.registry import Feature
from research.signals.features.trailing import Observed, moments, ratio
from research.typing import FloatArray

OWN = frozenset({"price", "market_cap", "volume", "open", "high", "low", "supply"})
PAST = 180


def extra_features(columns: Iterable[str]) -> tuple[Feature, ...]:
    """The features of the columns that no feature of the catalogue is made of, in the order of the columns' names.

    A name starts with the column's in snake case; of columns that would share one, the later get a number.
    """
    taken: set[str] = set()
    found: list[Feature] = []
    for column in sorted(set(columns) - OWN):
        plain = re.sub(r"\W+", "_", column.lower()).strip("_") or "column"
        stem = next(name for name in (plain, *(f"{plain}_{n}" for n in range(2, 10_000))) if name not in taken)
        taken.add(stem)
        found += _of_column(column, stem)
    return tuple(found)


def _of_column(column: str, stem: str) -> list[Feature]:
    def feature(name: str, formula: str, window: int, function: partial[FloatArray]) -> Feature:
        return Feature(
            name=f"{stem}_{name}",
            group="extra",
            formula=formula,
            inputs=(column,),
            window=window,
            source="the snapshot",
            function=function,
        )

    return [
        feature("level", "X", 1, partial(_level, column=column)),
        *(
            feature(f"change_{days}d", f"asinh X - asinh X_{days}", days, partial(_change, column=column, days=days))
            for days in (7, 30)
        ),
        feature(f"z_{PAST}d", f"(X - mean X) / sd X over {PAST} days", PAST, partial(_z_score, column=column)),
    ]


def _level(inputs: Inputs, column: str) -> FloatArray:
    return inputs.at(inputs.panel(column))


def _change(inputs: Inputs, column: str, days: int) -> FloatArray:
    # a log change for large numbers, a difference near zero and below: one scale, where a switch would mix two
    panel = inputs.panel(column)
    return np.arcsinh(inputs.at(panel)) - np.arcsinh(inputs.at(panel, days))


def _z_score(inputs: Inputs, column: str) -> FloatArray:
    panel = inputs.panel(column)
    found = moments(Observed.of(panel), inputs.rows, PAST)
    return ratio(inputs.at(panel) - found.mean, found.deviation)

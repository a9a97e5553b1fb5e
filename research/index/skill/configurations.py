"""The same index by other recipes of signals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from research.errors import MethodologyError
from research.index.build import build_index
from research.index.history import IndexHistory
from research.rulebook.signals import Signals


def recipe_variants(index: IndexHistory, recipes: Sequence[str]) -> dict[str, IndexHistory]:
    """The index with its signals made by other recipes, over the same days, by recipe; its own is left out.

    Raises
    ------
    MethodologyError
        If a recipe is not known, or the rulebook has none.
    """
    rules = index.methodology
    if rules.signals is None:
        raise MethodologyError(
            f"{rules.name} has no [signals]: there is no recipe to review or exchange. Give its rulebook [signals] "
            'recipe = "...", or take one that has it.'
        )
    others = {name: table for name, table in index.tables.items() if name != "signals"}
    based = replace(rules, base_date=index.dates[0].date())
    return {
        name: build_index(index.market, replace(based, signals=Signals(recipe=name)), **others)
        for name in dict.fromkeys(recipes)
        if name != rules.signals.recipe
    }

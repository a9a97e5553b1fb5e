"""What becomes of a decision when an asset in it goes on as another: a migration, or another stablecoin in the leg."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from research.index.decisions.records import Decision
from research.typing import IntArray


def after_migrations(decision: Decision, row: int) -> Decision:
    """The decision in the assets of `row`: migrations since its determination are carried through it.

    Chosen, members, weights, steps, prices and caps are those of the asset under which both go on; what was looked at
    (screens, ranks) stays as it was.
    """
    source = decision.view.source
    for step in source.conversions:
        if step.merges and decision.row < step.row <= row:
            then = source.carried_prices(step.row, np.array([step.old, step.new]))[0]
            decision = with_asset_replaced(decision, step.new, step.old, worth=float(then[0] / then[1]))
    return decision


def with_asset_replaced(decision: Decision, gone: int, home: int, *, worth: float) -> Decision:
    """The decision with `home` in place of `gone`; where both are in it, their parts are added.

    Parameters
    ----------
    worth : float
        Price of `home` over that of `gone` when one was exchanged for the other.
    """
    decision = replace(
        decision,
        chosen=_renamed(decision.chosen, gone, home),
        unweighted=_renamed(decision.unweighted, gone, home),
        stable=home if decision.stable == gone else decision.stable,
    )
    if gone not in decision.members:
        return decision
    price = np.where(decision.members == gone, decision.prices * worth, decision.prices)
    names = np.where(decision.members == gone, home, decision.members)
    members, place = np.unique(names, return_inverse=True)
    # a unit of each is worth the same from now on: their units add up, and give the price that both cost together
    units, steps = np.zeros(len(members)), np.zeros((len(decision.steps), len(members)))
    caps, first = np.zeros(len(members)), np.zeros(len(members))
    ranks = np.zeros(len(members), dtype=np.int64)
    np.add.at(units, place, decision.weights / price)
    np.add.at(steps.T, place, decision.steps.T)
    np.add.at(caps, place, decision.market_caps)
    np.maximum.at(first, place, price)
    for spot, rank in zip(place, decision.member_ranks, strict=True):
        ranks[spot] = min(rank, ranks[spot]) if rank and ranks[spot] else max(rank, ranks[spot])
    return replace(
        decision,
        members=members,
        member_ranks=ranks,
        weights=steps[-1],
        steps=steps,
        prices=np.divide(steps[-1], units, out=first, where=units > 0),
        market_caps=caps,
    )


def _renamed(assets: IntArray, gone: int, home: int) -> IntArray:
    names = pd.unique(np.where(assets == gone, home, assets))
    return np.asarray(names, dtype=np.int64)

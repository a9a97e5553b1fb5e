"""Who decides a vote: how concentrated the power of each proposal is, and whether one voter turned it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from research.index.decisions.votes import Tally, check_votes, tally
from research.typing import FloatArray


def concentration_audit(
    votes: pd.DataFrame, *, power: str = "linear", power_cap: float | None = None, voting_days: int = 7, count: int = 1
) -> pd.DataFrame:
    """Who decides: how concentrated the power of each proposal is, and whether one voter turned it.

    Parameters
    ----------
    votes : DataFrame
        date, proposal, voter, power, choice.
    power, power_cap, voting_days
        As in the [selection] of a rulebook.
    count : int
        How many leading candidates make the outcome (1: the winner; the `count` of the rulebook: the members).

    Returns
    -------
    DataFrame
        One row per proposal, indexed by it, in order of snapshot: snapshot (datetime), holders, voters (int), turnout
        (share of all power); largest_share, five_largest_share (of the power that voted); gini (of the voters' power:
        0 is equal, towards 1 is one voter); nakamoto (int: voters that together hold more than half of the power that
        voted); largest_voter (str), outcome, outcome_without_largest (the leading candidates, best first, as text),
        pivotal (bool: without the largest voter the set of leaders is another). NaN and empty where nobody voted.
    """
    rows = check_votes(votes)
    lines = []
    for proposal in rows["proposal"].unique():
        counted = tally(rows, proposal, power=power, power_cap=power_cap, voting_days=voting_days)
        lines.append(_audit_line(counted, count))
    table = pd.DataFrame(lines).sort_values(["snapshot", "proposal"], kind="stable")
    return table.set_index("proposal")


def gini(values: FloatArray) -> float:
    """Gini coefficient ``Σ (2i − n − 1) x_i / (n Σ x)`` over ascending x: 0 is equal, (n − 1)/n one has all.

    NaN where nobody has anything.
    """
    ordered, size = np.sort(values), len(values)
    if not size or not ordered.sum() > 0:
        return float("nan")
    return float(((2 * np.arange(1, size + 1) - size - 1) * ordered).sum() / (size * ordered.sum()))


def nakamoto_coefficient(values: FloatArray) -> int:
    """The smallest number of voters that together hold more than half of the power; 0 if nobody has any."""
    total = np.cumsum(np.sort(values)[::-1])
    return int((total <= 0.5 * total[-1]).sum()) + 1 if len(total) and total[-1] > 0 else 0


def _audit_line(counted: Tally, count: int) -> dict[str, object]:
    used = counted.power[counted.voted]
    ordered = used.sort_index().sort_values(ascending=False, kind="stable")
    largest = str(ordered.index[0]) if len(ordered) else ""
    leaders = list(counted.elected(0.0).index[:count])
    others = list(counted.without(largest).elected(0.0).index[:count])
    total = ordered.sum() if len(ordered) else np.nan
    return {
        "proposal": counted.proposal,
        "snapshot": counted.snapshot,
        "holders": len(counted.power),
        "voters": len(ordered),
        "turnout": counted.turnout,
        "largest_share": ordered.iloc[:1].sum() / total,
        "five_largest_share": ordered.iloc[:5].sum() / total,
        "gini": gini(ordered.to_numpy()),
        "nakamoto": nakamoto_coefficient(ordered.to_numpy()),
        "largest_voter": largest,
        "outcome": ", ".join(leaders),
        "outcome_without_largest": ", ".join(others),
        "pivotal": set(leaders) != set(others),
    }

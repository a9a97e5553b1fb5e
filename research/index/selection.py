"""Selection rules: which of the ranked, eligible assets become members."""

from __future__ import annotations

import numpy as np

from research.index.rules import Selection
from research.index.view import BoolArray, IntArray


def largest(ranks: IntArray, incumbents: BoolArray, selection: Selection) -> BoolArray:
    """The best-ranked `count` assets, with a buffer for members.

    Everything ranked `entry_rank` or better is in. Members ranked down to `exit_rank` follow in order of rank, then
    the best-ranked of the others, until `count` are in.

    Parameters
    ----------
    ranks : ndarray of int, shape (n,)
        1, 2, ... for eligible assets, 0 for the others.
    incumbents : ndarray of bool, shape (n,)

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    entry, leave = selection.buffer
    ranked = ranks > 0
    sure = ranked & (ranks <= entry)
    kept = ranked & incumbents & (ranks <= leave) & ~sure
    group = np.where(sure, 0, np.where(kept, 1, 2))
    order = np.lexsort((ranks, group))
    order = order[ranked[order]][: selection.count]
    selected = np.zeros(len(ranks), dtype=bool)
    selected[order] = True
    return selected

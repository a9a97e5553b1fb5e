"""Why an asset is in or out, in words: short for whole tables, and in full, with the numbers, for one asset."""

from __future__ import annotations

import numpy as np

from research.index.decision import Decision
from research.index.methodology import Methodology
from research.index.view import IntArray


def short_reasons(decision: Decision, methodology: Methodology) -> tuple[list[str], IntArray]:
    """The different reasons of one decision, and for each asset looked at the place of its own, shape (n,).

    The numbers behind a reason stand in the table's other columns.
    """
    count, (entry, leave) = methodology.selection.count, methodology.selection.buffer
    if decision.cause == "rebalance":
        return ["member between reconstitutions: weighted anew"], np.zeros(len(decision.assets), dtype=np.int64)
    words = [
        f"no {methodology.selection.rank_by} to rank by",
        f"in: ranked {entry} or better",
        f"in: member ranked {leave} or better",
        f"in: fills one of the {count} places",
        f"out: member ranked below {leave}",
        f"out: not among the {count} chosen",
        "composition kept: too few eligible assets",
    ]
    rank, held, chosen = decision.rank, decision.incumbent, decision.selected
    code = np.select(
        [
            rank == 0,
            np.full(len(rank), decision.kept),
            chosen & (rank <= entry),
            chosen & held & (rank <= leave),
            chosen,
            held & (rank > leave),
        ],
        [0, 6, 1, 2, 3, 4],
        default=5,
    )
    failed = np.column_stack([~screen.passed for screen in decision.screens])
    patterns, place = np.unique(failed[~decision.eligible], axis=0, return_inverse=True)
    names = np.array([screen.name for screen in decision.screens], dtype=object)
    code[~decision.eligible] = len(words) + place.ravel()
    return words + ["not eligible: " + ", ".join(names[pattern]) for pattern in patterns], code


def full_reasons(decision: Decision, methodology: Methodology) -> list[str]:
    """The reason of each asset looked at as a sentence with its numbers, shape (n,)."""
    words, code = short_reasons(decision, methodology)
    total = int((decision.rank > 0).sum())
    sentences = []
    for place, rank in enumerate(decision.rank):
        if decision.cause != "rebalance" and not decision.eligible[place]:
            failed = [
                screen.words.format(value=screen.value[place], limit=screen.limit[place])
                for screen in decision.screens
                if not screen.passed[place]
            ]
            sentences.append("not eligible: " + "; ".join(failed))
        elif decision.cause != "rebalance" and rank > 0:
            sentences.append(f"rank {rank} of {total} by {methodology.selection.rank_by}, {words[code[place]]}")
        else:
            sentences.append(words[code[place]])
    return sentences

"""Why an asset is in or out, in words: short for whole tables, and in full, with the numbers, for one asset."""

from __future__ import annotations

import numpy as np

from research.index.decisions.records import CHOOSING, Decision
from research.rulebook.measure_names import Measure
from research.rulebook.methodology import Methodology
from research.typing import BoolArray, IntArray


def short_reasons(decision: Decision, methodology: Methodology) -> tuple[list[str], IntArray]:
    """The different reasons of one decision, and for each asset looked at the place of its own, shape (n,).

    The numbers behind a reason stand in the table's other columns.
    """
    if decision.cause not in CHOOSING:
        return ["member between reconstitutions: not chosen anew"], np.zeros(len(decision.assets), dtype=np.int64)
    selection = methodology.selection
    count, (entry, leave) = selection.count, selection.buffer
    rank, held, chosen = decision.rank, decision.incumbent, decision.selected
    reasons: list[tuple[BoolArray, str]] = [
        (rank == 0, f"no {_ranked_by(methodology)} to rank by"),
        (
            np.full(len(rank), decision.kept),
            f"composition kept: {decision.kept_because or 'too few members to weight'}",
        ),
    ]
    if count is None:
        reasons += [
            (chosen & held, "in: member, kept by the rule"),
            (chosen, "in: chosen by the rule"),
            (~chosen, "out: not chosen by the rule"),
        ]
    else:
        reasons += [
            (chosen & (rank <= entry), f"in: ranked {entry} or better"),
            (chosen & held & (rank <= leave), f"in: member ranked {leave} or better"),
            (chosen, f"in: fills one of the {count} places"),
            (held & (rank > leave), f"out: member ranked below {leave}"),
            (~chosen, f"out: not among the {count} chosen"),
        ]
    words = [reason for _, reason in reasons]
    code = np.zeros(len(rank), dtype=np.int64)
    for place in reversed(range(len(reasons))):  # the first that applies is the one
        code[reasons[place][0]] = place
    out = np.flatnonzero(~decision.eligible)
    if not len(out):
        return words, code
    failed = sum((~screen.passed[out]).astype(np.int64) << place for place, screen in enumerate(decision.screens))
    patterns, which = np.unique(failed, return_inverse=True)
    code[out] = len(words) + which
    names = [screen.name for screen in decision.screens]
    return words + [
        "not eligible: " + ", ".join(name for place, name in enumerate(names) if pattern >> place & 1)
        for pattern in patterns.tolist()
    ], code


def full_reasons(decision: Decision, methodology: Methodology) -> list[str]:
    """The reason of each asset looked at as a sentence with its numbers, shape (n,)."""
    words, code = short_reasons(decision, methodology)
    total = int((decision.rank > 0).sum())
    sentences = []
    for place, rank in enumerate(decision.rank):
        if decision.cause in CHOOSING and not decision.eligible[place]:
            failed = [
                screen.words.format(value=screen.value[place], limit=screen.limit[place])
                for screen in decision.screens
                if not screen.passed[place]
            ]
            sentences.append("not eligible: " + "; ".join(failed))
        elif decision.cause in CHOOSING and rank > 0:
            sentences.append(f"rank {rank} of {total} by {_ranked_by(methodology)}, {words[code[place]]}")
        else:
            sentences.append(words[code[place]])
    return sentences


def _ranked_by(methodology: Methodology) -> str:
    selection = methodology.selection
    return "votes" if selection.rule == "votes" else Measure.parse(selection.rank_by, "rank_by").words

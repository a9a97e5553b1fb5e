"""Walking forward: at each refit the model, its penalty and the probability are fitted to labels that were known.

A label of week j spans the rows from its effective close to `label_ends[j]`. A refit at row t learns from weeks whose
label ends at least `embargo_days` before t; a fold is predicted from weeks whose labels neither overlap the labels of
the fold nor come within the embargo of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from research.errors import MethodologyError
from research.signals.models import Fit, Fitted, composite, fitter, labelled_lines
from research.signals.probability import Probability, fit_probability
from research.signals.recipe import FITTED, Recipe
from research.signals.samples import Samples
from research.typing import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Refit:
    """What was fitted at one close, and what it was chosen by.

    Attributes
    ----------
    week : int
        The decision at whose close it was fitted; in use from that decision on.
    trained : ndarray
        The weeks that it learned from.
    model : Fitted
    probability : Probability
        From score and regime to the probability of a positive return.
    penalty : float
        Chosen by the folds; NaN where the model has none.
    rank_correlation : float
        Mean over weeks of the correlation of the scores out of fold with the rank-normal outcomes (of the score itself
        for a composite, which is not fitted).
    """

    week: int
    trained: IntArray
    model: Fitted
    probability: Probability
    penalty: float
    rank_correlation: float


def walk_forward(samples: Samples, recipe: Recipe) -> list[Refit]:
    """Every refit, in order of time.

    Raises
    ------
    MethodologyError
        If the market has no data for a feature that the model names.
    """
    import sklearn.linear_model  # noqa: F401  (loaded by every refit; its threads are limited only once they are there)

    fit = fitter(samples, recipe.model) if recipe.model.kind in FITTED else None
    refits = []
    due = 0
    with threadpool_limits(1):  # small matrices: threads that wait for each other make minutes of seconds
        for week in range(len(samples.rows)):
            known = known_weeks(samples, week, recipe)
            if week < due or len(known) < recipe.refits.min_weeks:
                continue
            if recipe.refits.window_weeks is not None:
                known = known[-recipe.refits.window_weeks :]
            refits.append(_refit(samples, week, known, recipe, fit))
            due = week + recipe.refits.every_weeks
    return refits


def known_weeks(samples: Samples, week: int, recipe: Recipe) -> IntArray:
    """Weeks with tokens whose labels had ended by the close of a decision, and the embargo too."""
    ended = samples.label_ends <= samples.rows[week] - recipe.refits.embargo_days
    return np.flatnonzero(ended & (np.diff(samples.offsets) > 0))


def _refit(samples: Samples, week: int, known: IntArray, recipe: Recipe, fit: Fit | None) -> Refit:
    if fit is None:
        model: Fitted = composite(samples, recipe.model)
        penalty, lines = np.nan, labelled_lines(samples, known)
        scores = model.scores(samples, lines)
    else:
        penalty, lines, scores = _out_of_fold(samples, known, recipe, fit)
        model = fit(samples, known, penalty)
    return Refit(
        week=week,
        trained=known,
        model=model,
        probability=fit_probability(samples, lines, scores, recipe),
        penalty=penalty if recipe.model.kind != "boosting" else np.nan,
        rank_correlation=float(weekly_correlation(samples, lines, scores).mean()),
    )


def _out_of_fold(samples: Samples, known: IntArray, recipe: Recipe, fit: Fit) -> tuple[float, IntArray, FloatArray]:
    """The penalty whose scores out of fold rank the outcomes best (the larger of equals); those lines and scores."""
    lines = labelled_lines(samples, known)
    penalties = recipe.model.penalties if recipe.model.kind != "boosting" else (1.0,)
    folds = np.array_split(known, recipe.refits.folds)
    scores = np.full((len(penalties), len(lines)), np.nan)
    for fold in folds:
        whole = slice(int(samples.offsets[fold[0]]), int(samples.offsets[fold[-1] + 1]))
        inside = (lines >= whole.start) & (lines < whole.stop)
        rest = purged(samples, known, fold, recipe)
        for place, penalty in enumerate(penalties):
            # a slice is no copy: scoring all lines of the fold is faster than choosing the labelled ones first
            predicted = fit(samples, rest, penalty).scores(samples, whole)
            scores[place, inside] = predicted[lines[inside] - whole.start]
    quality = [float(weekly_correlation(samples, lines, line).mean()) for line in scores]
    best = max(range(len(penalties)), key=lambda place: (quality[place], penalties[place]))
    return penalties[best], lines, scores[best]


def purged(samples: Samples, known: IntArray, fold: IntArray, recipe: Recipe) -> IntArray:
    """The known weeks whose labels keep the embargo from every label of the fold, before it and after it."""
    gap = recipe.refits.embargo_days
    starts = samples.rows + recipe.lag_days
    before = samples.label_ends[known] + gap <= starts[fold[0]]
    after = starts[known] >= samples.label_ends[fold[-1]] + gap
    rest: IntArray = known[before | after]
    if not len(rest):
        raise MethodologyError(
            f"refits: with embargo_days = {gap} no week is left to learn from beside a fold of {len(fold)} weeks. "
            "Shorten the embargo, or raise min_weeks."
        )
    return rest


def weekly_correlation(samples: Samples, lines: IntArray, scores: FloatArray) -> FloatArray:
    """Correlation over each week's lines of the scores with the rank-normal outcomes; weeks without spread count 0."""
    weeks, ranks = samples.weeks[lines], samples.ranks[lines]
    count = np.bincount(weeks)
    present = count > 0

    def centred(values: FloatArray) -> FloatArray:
        means = np.bincount(weeks, values) / np.maximum(count, 1)
        return np.asarray(values - means[weeks])

    x, y = centred(scores), centred(ranks)
    product = np.bincount(weeks, x * y)[present]
    scale = np.sqrt(np.bincount(weeks, x * x)[present] * np.bincount(weeks, y * y)[present])
    return np.where(scale > 0, product / np.where(scale > 0, scale, 1.0), 0.0)

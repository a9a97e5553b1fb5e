"""The models: standardised features -> a score for each token. How they are trained over time is in `walk_forward.py`.

Each model takes `Samples` and the weeks it may learn from, and nothing else; each is deterministic. A linear score is
``intercept + coefficients . features``, so that what each feature adds can be read off.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from research.errors import MethodologyError, suggest
from research.signals.recipe import Model
from research.signals.samples import Samples
from research.typing import FloatArray, IntArray

TRUSTED = 1e-10
"""Directions of the features with less variance, relative to the largest, are left out of a least-squares fit."""


class Fitted(Protocol):
    """A model after its fit."""

    def scores(self, samples: Samples, lines: IntArray | slice) -> FloatArray: ...


Fit = Callable[[Samples, IntArray, float], Fitted]
"""Fits to the labelled lines of some weeks with one penalty."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Linear:
    """``intercept + design @ coefficients``; `design` is `wide_design` where the market's regime is part of it."""

    coefficients: FloatArray
    intercept: float = 0.0
    interact: int | None = None

    def scores(self, samples: Samples, lines: IntArray | slice) -> FloatArray:
        return np.asarray(self.intercept + self.design(samples, lines) @ self.coefficients)

    def design(self, samples: Samples, lines: IntArray | slice) -> FloatArray:
        """What the coefficients multiply, shape (lines, coefficients)."""
        return plain_design(samples, lines) if self.interact is None else wide_design(samples, lines, self.interact)


@dataclass(frozen=True, kw_only=True, eq=False)
class Trees:
    """Gradient-boosted trees of scikit-learn."""

    estimator: Any

    def scores(self, samples: Samples, lines: IntArray | slice) -> FloatArray:
        return np.asarray(self.estimator.predict(samples.features[lines]), dtype=float)


def plain_design(samples: Samples, lines: IntArray | slice) -> FloatArray:
    return samples.features[lines]


def wide_design(samples: Samples, lines: IntArray | slice, interact: int) -> FloatArray:
    """Features, regimes, and the products of the regimes with one feature."""
    features, regimes = plain_design(samples, lines), samples.regimes[samples.weeks[lines]]
    return np.hstack([features, regimes, regimes * features[:, [interact]]])


def wide_names(features: Sequence[str], regimes: Sequence[str], interact: int | None) -> list[str]:
    """What each coefficient of a linear score belongs to."""
    if interact is None:
        return list(features)
    market = [f"regime: {name}" for name in regimes]
    return [*features, *market, *(f"{name} x {features[interact]}" for name in market)]


def composite(samples: Samples, model: Model) -> Linear:
    """The weighted mean of the recipe's terms: nothing is fitted.

    Raises
    ------
    MethodologyError
        If the market has no data for a term.
    """
    weights = np.zeros(len(samples.names))
    for name, weight in model.terms.items():
        weights[place_of(name, samples)] = weight
    return Linear(coefficients=weights / np.abs(weights).sum())


def place_of(name: str, samples: Samples) -> int:
    if name not in samples.names:
        raise MethodologyError(
            f"feature {name!r} is not among those that this market has data for: {suggest(name, samples.names)}"
        )
    return samples.names.index(name)


@dataclass(frozen=True, eq=False)
class LeastSquares:
    """Moments of rank-normal outcomes and features by week, from which every least-squares fit is made.

    A fit that learns from many weeks, with each way of leaving a fold out, needs sums of these alone.
    """

    samples: Samples

    @cached_property
    def _sums(self) -> tuple[FloatArray, FloatArray]:
        """Sums over the weeks before each of the means of x x' and x y: shapes (weeks + 1, k, k) and (weeks + 1, k)."""
        samples, k = self.samples, len(self.samples.names)
        squares, products = np.zeros((len(samples.rows) + 1, k, k)), np.zeros((len(samples.rows) + 1, k))
        for week in range(len(samples.rows)):
            lines = samples.lines(week)
            labelled = ~np.isnan(samples.outcomes[lines])
            if labelled.any():
                x = plain_design(samples, lines)[labelled]
                squares[week + 1] = x.T @ x / len(x)
                products[week + 1] = x.T @ samples.ranks[lines][labelled] / len(x)
        return squares.cumsum(axis=0, out=squares), products.cumsum(axis=0, out=products)

    def moments(self, weeks: IntArray) -> tuple[FloatArray, FloatArray]:
        """Sums over some weeks, in order, of the means over their labelled lines of x x' and x y."""
        begins = np.flatnonzero(np.diff(weeks, prepend=-2) > 1)
        ends = np.append(begins[1:], len(weeks)) - 1
        squares, products = (
            np.sum([sums[weeks[end] + 1] - sums[weeks[begin]] for begin, end in zip(begins, ends, strict=True)], axis=0)
            for sums in self._sums
        )
        return squares, products

    def compressed(self, weeks: IntArray) -> tuple[FloatArray, FloatArray]:
        """A design of at most k rows, and its target, with the same least-squares problem as all lines of the weeks.

        With S = X'X = V diag(s) V' they are diag(sqrt(s)) V' and diag(1 / sqrt(s)) V' X'y.
        """
        squares, products = self.moments(weeks)
        values, vectors = np.linalg.eigh(squares)
        trusted = values > TRUSTED * max(float(values[-1]), 1e-300)
        root = np.sqrt(values[trusted])
        inside = vectors[:, trusted]
        return root[:, None] * inside.T, inside.T @ products / root

    def ridge(self, weeks: IntArray, penalty: float) -> FloatArray:
        """Minimises ``sum_w mean (y - x b)^2 + penalty |b|^2`` in closed form."""
        squares, products = self.moments(weeks)
        return np.asarray(np.linalg.solve(squares + penalty * np.eye(len(squares)), products))

    def elastic_net(self, weeks: IntArray, penalty: float, l1_ratio: float) -> FloatArray:
        """Minimises ``sum_w mean (y - x b)^2 / 2 + penalty (l1 |b|_1 + (1 - l1) |b|^2 / 2)``."""
        from sklearn.linear_model import ElasticNet

        design, target = self.compressed(weeks)
        if not len(design):
            return np.zeros(len(self.samples.names))
        # scikit-learn divides the squares by the number of rows, which is no number of observations here
        net = ElasticNet(alpha=penalty / len(design), l1_ratio=l1_ratio, fit_intercept=False, max_iter=20_000, tol=1e-8)
        return np.asarray(net.fit(design, target).coef_)


def fitter(samples: Samples, model: Model) -> Fit:
    """How the recipe's model is fitted. The penalty given is multiplied by the number of weeks learned from.

    Raises
    ------
    MethodologyError
        If the market has no data for a feature that the model names.
    """
    squares = LeastSquares(samples)
    match model.kind:
        case "ridge":
            return lambda _, weeks, penalty: Linear(coefficients=squares.ridge(weeks, penalty * len(weeks)))
        case "elastic_net":
            return lambda _, weeks, penalty: Linear(
                coefficients=squares.elastic_net(weeks, penalty * len(weeks), model.l1_ratio)
            )
        case "logit":
            interact = place_of(model.interact_with, samples)
            return lambda sample, weeks, penalty: _logit(sample, weeks, penalty, interact)
        case "boosting":
            return lambda sample, weeks, _: _boosting(sample, weeks, model)
    raise AssertionError(model.kind)


def _logit(samples: Samples, weeks: IntArray, penalty: float, interact: int) -> Linear:
    """Ridge-logistic regression of the sign of the return; each week has the weight one."""
    lines = labelled_lines(samples, weeks)
    design = wide_design(samples, lines, interact)
    up = samples.outcomes[lines] > 0
    if up.all() or not up.any():
        raise MethodologyError(
            f"logit: every return of the {len(weeks)} weeks to learn from has one sign. Learn from more weeks."
        )
    from sklearn.linear_model import LogisticRegression

    fit = LogisticRegression(C=1.0 / (penalty * len(weeks)), tol=1e-6, max_iter=1_000)
    fit.fit(design, up, sample_weight=samples.week_weights[lines])
    return Linear(coefficients=fit.coef_[0], intercept=float(fit.intercept_[0]), interact=interact)


def _boosting(samples: Samples, weeks: IntArray, model: Model) -> Trees:
    from sklearn.ensemble import HistGradientBoostingRegressor

    lines = labelled_lines(samples, weeks)
    estimator = HistGradientBoostingRegressor(
        max_iter=model.trees,
        max_depth=model.depth,
        learning_rate=model.learning_rate,
        early_stopping=False,
        random_state=model.seed,
    )
    estimator.fit(samples.features[lines], samples.ranks[lines], sample_weight=samples.week_weights[lines])
    return Trees(estimator=estimator)


def labelled_lines(samples: Samples, weeks: IntArray) -> IntArray:
    """Lines of these weeks that have an outcome."""
    lines = samples.lines_of(weeks)
    return lines[~np.isnan(samples.outcomes[lines])]

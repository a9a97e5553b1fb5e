"""From a score to the probability of a positive return: Platt's logistic calibration, with the market's regime."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from research.errors import MethodologyError, suggest
from research.signals.recipe import Recipe
from research.signals.samples import Samples
from research.typing import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Probability:
    """Log odds of a positive return: ``intercept + slope (score - centre) / scale + regime . regimes``.

    Attributes
    ----------
    centre, scale : float
        Mean and standard deviation of the scores that it was fitted on.
    regime : ndarray
        Coefficients of the regimes at `places` of the samples' regimes.
    """

    intercept: float
    slope: float
    centre: float
    scale: float
    regime: FloatArray
    places: IntArray

    def log_odds(self, scores: FloatArray, regimes: FloatArray) -> FloatArray:
        """Of scores, shape (n,), under the market's regimes, shape (n, m) or (m,)."""
        market = regimes[..., self.places] @ self.regime
        return np.asarray(self.intercept + self.slope * (scores - self.centre) / self.scale + market)


def fit_probability(samples: Samples, lines: IntArray, scores: FloatArray, recipe: Recipe) -> Probability:
    """Fit to scores that their lines took no part in (out of fold), each week with the weight one.

    A ridge penalty of one, against as many observations as weeks, keeps a market that only ever rose, or a score
    without any spread, from an infinite slope.

    Raises
    ------
    MethodologyError
        If a regime of the recipe is not known for this market, or every return has the same sign.
    """
    from sklearn.linear_model import LogisticRegression

    regimes = recipe.states.regimes if recipe.model.kind != "logit" else ()  # which has them in its score
    for name in regimes:
        if name not in samples.regime_names:
            raise MethodologyError(
                f"states: regime {name!r} is not known for this market: {suggest(name, samples.regime_names)}"
            )
    places = np.array([samples.regime_names.index(name) for name in regimes], dtype=np.int64)
    weights, up = samples.week_weights[lines], samples.outcomes[lines] > 0
    if up.all() or not up.any():
        raise MethodologyError(
            "no probability can be fitted: every return that is known has one sign. Start later: raise min_weeks."
        )
    centre = float(np.average(scores, weights=weights))
    scale = float(np.sqrt(np.average((scores - centre) ** 2, weights=weights)))
    scale = scale if scale > 0 else 1.0
    design = np.column_stack([(scores - centre) / scale, samples.regimes[samples.weeks[lines]][:, places]])
    fit = LogisticRegression(C=1.0, tol=1e-8, max_iter=1_000).fit(design, up, sample_weight=weights)
    return Probability(
        intercept=float(fit.intercept_[0]),
        slope=float(fit.coef_[0, 0]),
        centre=centre,
        scale=scale,
        regime=fit.coef_[0, 1:],
        places=places,
    )

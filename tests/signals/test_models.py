"""The closed forms against scikit-learn on all rows, and what each model refuses."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet, Ridge

from research.errors import MethodologyError
from research.signals.make import make_samples
from research.signals.models import LeastSquares, composite, fitter, labelled_lines
from research.signals.recipe import FeatureChoice, Model
from research.signals.samples import Samples
from tests.signals.markets import recipe, source


@pytest.fixture(scope="module")
def samples() -> Samples:
    return make_samples(source(), recipe())


WEEKS = np.arange(20, 45)


def rows(samples: Samples) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    lines = labelled_lines(samples, WEEKS)
    return samples.features[lines], samples.ranks[lines], samples.week_weights[lines]


def test_ridge_is_that_of_scikit_learn_on_all_rows(samples: Samples) -> None:
    x, y, weight = rows(samples)
    other = Ridge(alpha=3.0, fit_intercept=False).fit(x, y, sample_weight=weight)
    np.testing.assert_allclose(LeastSquares(samples).ridge(WEEKS, 3.0), other.coef_, rtol=1e-9, atol=1e-12)


def test_elastic_net_is_that_of_scikit_learn_on_all_rows(samples: Samples) -> None:
    x, y, weight = rows(samples)
    scaled = np.sqrt(weight)[:, None]
    net = ElasticNet(alpha=0.4 / len(x), l1_ratio=0.5, fit_intercept=False, tol=1e-10, max_iter=100_000)
    other = net.fit(x * scaled, y * scaled[:, 0]).coef_
    assert np.abs(other).max() > 0
    np.testing.assert_allclose(LeastSquares(samples).elastic_net(WEEKS, 0.4, 0.5), other, atol=1e-6)


def test_the_compressed_problem_has_the_moments_of_all_rows(samples: Samples) -> None:
    x, y, weight = rows(samples)
    design, target = LeastSquares(samples).compressed(WEEKS)
    np.testing.assert_allclose(design.T @ design, (x * weight[:, None]).T @ x, atol=1e-10)
    np.testing.assert_allclose(design.T @ target, (x * weight[:, None]).T @ y, atol=1e-10)


def test_a_composite_is_the_weighted_mean_of_its_terms_whatever_was_seen(samples: Samples) -> None:
    model = Model(kind="composite", terms={"momentum_30d": 3.0, "volatility_30d": -1.0})
    scores = composite(samples, model).scores(samples, slice(0, 50))
    up, down = (samples.features[:50, samples.names.index(name)] for name in model.terms)
    np.testing.assert_allclose(scores, 0.75 * up - 0.25 * down, atol=1e-15)


def test_a_feature_that_the_market_has_no_data_for_is_an_error_with_the_nearest_name() -> None:
    with pytest.raises(MethodologyError, match="momentum_30d"):
        make_samples(source(), recipe(features=FeatureChoice(names=("momentun_30d",))))
    with pytest.raises(MethodologyError, match="features: groups"):
        make_samples(source(), recipe(features=FeatureChoice(groups=("momentums",))))


def test_a_logit_whose_returns_have_one_sign_says_so(samples: Samples) -> None:
    from dataclasses import replace

    rising = replace(samples, outcomes=np.abs(samples.outcomes) + 0.01)
    with pytest.raises(MethodologyError, match="one sign"):
        fitter(rising, Model(kind="logit"))(rising, WEEKS, 1.0)

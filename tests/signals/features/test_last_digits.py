"""The last digit of a logarithm depends on the processor: no feature may hang on it, as ties broken by it would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from research import load_market
from research.point_in_time import PointInTime
from research.signals.make import make_samples
from research.signals.recipe import Recipe

_CALLS = ("log", "log1p", "log10", "log2", "exp", "expm1")
_STEP = np.finfo(float).eps


def _with_other_last_digits(function: Callable[..., Any], seed: int) -> Callable[..., Any]:
    """The same function, each value off by a last digit or none, always the same for the same value."""

    def called(*args: Any, **options: Any) -> Any:
        exact = np.asarray(function(*args, **options))
        if exact.dtype != np.float64:
            return function(*args, **options)
        bits = np.ascontiguousarray(exact).view(np.uint64).reshape(exact.shape)
        digit = (bits * np.uint64(0x9E3779B97F4A7C15 + 2 * seed) >> np.uint64(40)) % np.uint64(3)
        return (exact * (1.0 + (digit.astype(float) - 1.0) * _STEP))[()]

    return called


@pytest.mark.parametrize("seed", [1, 2])
def test_standardised_features_are_the_same_on_every_processor(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    recipe = Recipe.load("ridge")
    exact = make_samples(PointInTime(load_market("data/sample", end="2019-12-31")), recipe)
    for name in _CALLS:
        monkeypatch.setattr(np, name, _with_other_last_digits(getattr(np, name), seed))
    other = make_samples(PointInTime(load_market("data/sample", end="2019-12-31")), recipe)
    assert other.names == exact.names
    apart = dict(zip(exact.names, np.abs(other.features - exact.features).max(axis=0), strict=True))
    assert {name: gap for name, gap in apart.items() if gap > 1e-9} == {}
    np.testing.assert_allclose(other.regimes, exact.regimes, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(other.outcomes, exact.outcomes, rtol=0.0, atol=1e-12)
    assert not np.array_equal(other.outcomes, exact.outcomes, equal_nan=True)  # the digits did change

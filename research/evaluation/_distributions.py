"""Normal, Student t and chi-squared probabilities and quantiles, from scipy.special.

`scipy.stats` gives the same numbers (it calls the same functions), but importing it takes longer than importing pandas.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import chdtrc, gammaln, ndtr, ndtri, stdtr, stdtrit


class norm:
    """The standard normal distribution."""

    cdf = staticmethod(ndtr)
    ppf = staticmethod(ndtri)

    @staticmethod
    def sf(x: Any) -> Any:
        """Probability of more than x."""
        return ndtr(-np.asarray(x))

    @staticmethod
    def pdf(x: Any) -> Any:
        """Density at x."""
        return np.exp(-np.square(x) / 2.0) / np.sqrt(2.0 * np.pi)


class student_t:
    """The Student t distribution with `freedom` degrees of freedom."""

    @staticmethod
    def ppf(probability: Any, freedom: Any) -> Any:
        """Quantile."""
        return stdtrit(freedom, probability)

    @staticmethod
    def sf(x: Any, freedom: Any) -> Any:
        """Probability of more than x."""
        return stdtr(freedom, -np.asarray(x))

    @staticmethod
    def pdf(x: Any, freedom: Any) -> Any:
        """Density at x."""
        constant = gammaln((freedom + 1.0) / 2.0) - gammaln(freedom / 2.0) - np.log(np.pi * freedom) / 2.0
        return np.exp(constant - (freedom + 1.0) / 2.0 * np.log1p(np.square(x) / freedom))


def chi2_sf(x: Any, freedom: int) -> Any:
    """Probability that a chi-squared variable with `freedom` degrees of freedom is above x."""
    return chdtrc(freedom, x)

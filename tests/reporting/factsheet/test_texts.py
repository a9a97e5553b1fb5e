"""Prose of the factsheet."""

from __future__ import annotations

import pandas as pd

from research.reporting.factsheet import texts


def test_concentration_is_told_with_what_one_benchmark_explains() -> None:
    today = pd.Series({"largest_weight": 0.25, "effective_number": 7.5, "herfindahl": 0.1333})
    text = texts.concentration(today, 0.875, "bitcoin")
    assert "largest weight is **25.0\u00a0%**" in text
    assert "as **7.50** equal members" in text
    assert "**bitcoin explains 87.5\u00a0%** of the variance" in text

"""The figures behind the risks of an index."""

from __future__ import annotations

import pandas as pd
import pytest

from research.index.analysis.risks import event_counts, risk_figures


def test_each_figure_is_that_of_the_history() -> None:
    worst = pd.DataFrame({"return": [-0.2, 0.1], "benchmark": [-0.3, -0.1]})
    names = ["as published", "no buffer", "lag of 1 day", "survivors only (look-ahead)"]
    columns = {"cagr_difference": [0, 0.01, -0.02, 0.5], "annualized_volatility": [0.7, 0.8, 0.8, 0.8]}
    figures = risk_figures(worst, pd.DataFrame(columns, index=names), pd.Series({"defi": 0.2, "payments": 0.8}))
    assert (figures.worst_days, figures.days_fallen) == (2, 1)
    assert (figures.benchmark_mean, figures.index_mean) == pytest.approx((-0.2, -0.05))
    assert (figures.variants, figures.largest_variant, figures.largest_difference) == (2, "lag of 1 day", -0.02)
    assert (figures.largest_sector, figures.sector_weight) == ("payments", 0.8)
    assert figures.volatility == 0.7


def test_an_event_that_never_happened_is_counted_as_none() -> None:
    events = pd.DataFrame({"event": ["removed", "carried", "removed", "leap"]})
    assert event_counts(events) == {"removed": 2, "carried": 1, "collapse": 0}

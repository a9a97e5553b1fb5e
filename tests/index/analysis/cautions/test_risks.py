"""The figures behind the risks of an index."""

from __future__ import annotations

import pandas as pd
import pytest

from research.evaluation import beta, returns_from_levels
from research.index import IndexHistory
from research.index.analysis.cautions.risks import event_counts, risk_evidence, risk_figures
from research.index.analysis.trade_costs.capacity import turnover_summary
from research.reporting.presentation import texts

MEASURED = {"beta": 1.0, "trades_per_year": 12.0, "turnover": 0.4, "largest_trade": 0.1, "counts": {}} | {
    "size": 1e8,
    "participation": 0.05,
    "slowest_days": 6.0,
    "late_share": 0.01,
}


def test_each_figure_is_that_of_the_history() -> None:
    worst = pd.DataFrame({"return": [-0.2, 0.1], "benchmark": [-0.3, -0.1]})
    names = ["as published", "no buffer", "lag of 1 day", "survivors only (look-ahead)"]
    columns = {"cagr_difference": [0, 0.01, -0.02, 0.5], "annualized_volatility": [0.7, 0.8, 0.8, 0.8]}
    figures = risk_figures(
        worst, pd.DataFrame(columns, index=names), pd.Series({"defi": 0.2, "payments": 0.8}), **MEASURED
    )
    assert (figures.worst_days, figures.days_fallen) == (2, 1)
    assert (figures.benchmark_mean, figures.index_mean) == pytest.approx((-0.2, -0.05))
    assert (figures.variants, figures.largest_variant, figures.largest_difference) == (2, "lag of 1 day", -0.02)
    assert (figures.largest_sector, figures.sector_weight) == ("payments", 0.8)
    assert figures.volatility == 0.7


def test_an_event_that_never_happened_is_counted_as_none() -> None:
    events = pd.DataFrame({"event": ["removed", "carried", "removed", "leap"]})
    assert event_counts(events) == {"removed": 2, "carried": 1, "collapse": 0}


def test_the_evidence_of_an_index_is_what_its_own_methods_say(index: IndexHistory) -> None:
    against = returns_from_levels(index.market.price("bitcoin").ffill().reindex(index.dates))
    weights = index.holdings().set_index("asset_id")["weight"]
    variants = pd.DataFrame(
        {"cagr_difference": [0, 0.01, 0.5], "annualized_volatility": 0.7},
        index=["as published", "no buffer", "survivors only (look-ahead)"],
    )
    found = risk_evidence(index, against, variants, weights=weights, date=index.dates[-1])
    assert found.beta == beta(returns_from_levels(index.level), against)
    assert found.slowest_days == index.capacity([found.size]).iloc[0]["largest_days"]
    assert found.counts["removed"] == (index.events["event"] == "removed").sum()
    assert found.trades_per_year == turnover_summary(index)["trades_per_year"]
    assert 0 < found.sector_weight <= 1
    text = texts.risks(found, benchmark="bitcoin")
    assert text.startswith("### It returned \u2212")
    assert text.count("\n- ") == 7
    assert "Of 1 variants of the rules, *no buffer* moves the growth a year most: +1.0 points" in text

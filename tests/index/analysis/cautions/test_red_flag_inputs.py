"""What red flags are looked for in, besides returns."""

from __future__ import annotations

import pytest

from research import IndexHistory, evaluation
from research.index.analysis.cautions.red_flag_inputs import red_flag_inputs


def test_the_inputs_leave_out_the_first_purchase_and_name_a_sector_for_each_member(index: IndexHistory) -> None:
    frames = (index.constituents, index.rebalances, index.events)
    inputs = red_flag_inputs(*frames, index.market.tags, index.dates[-1])
    assert inputs["weights"].sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert index.dates[0] not in inputs["turnover"].index
    assert set(inputs["sectors"]) == set(inputs["weights"].columns)
    assert inputs["data_warnings"].loc["2022-06-02"].startswith("helion: no price for 11 days")
    returns = evaluation.returns_from_levels(index.level)
    assert "data_warnings" in set(evaluation.find_red_flags(returns, **inputs)["flag"])

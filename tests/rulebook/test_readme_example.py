"""The worked example of research/rulebooks/README.md is what the engine does."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from research import build_index
from tests.conftest import ROOT
from tests.index.markets import rules
from tests.index.small_markets import flat, market

HERE = "## From decision to trade"


def example() -> pd.DataFrame:
    """The table under the heading, per cent as fractions."""
    text = (ROOT / "research/rulebooks/README.md").read_text()
    section = text.split(HERE, 1)[1].split("\n## ", 1)[0]
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in re.findall(r"^\|.*\|$", section, re.M)]
    rows = {name: [number(cell) for cell in cells] for name, *cells in lines[2:]}
    return pd.DataFrame.from_dict(rows, orient="index", columns=lines[0][1:])


def number(cell: str) -> float:
    value = float(cell.removesuffix("%").replace(",", ""))
    return value / 100 if cell.endswith("%") else value


@pytest.mark.parametrize("lag", [1, 2, 5])
def test_units_are_fixed_at_the_prices_of_the_decision_and_bought_at_those_of_the_effective_close(lag: int) -> None:
    told = example()
    assert told.columns.tolist() == ["a", "b"]
    paths = {}
    for name in told:
        before, after = (
            told.loc["price at the determination, USD", name],
            told.loc["price at the effective close, USD", name],
        )
        paths[name] = flat(before)
        paths[name][30 + lag :] = after  # determined on row 30, the end of January
    index = build_index(
        market(**paths),
        rules(
            selection={"count": 2},
            weighting={"scheme": "equal"},
            schedule={"reconstitution": "monthly", "lag_days": lag},
            costs={"fee_bps": 0},
        ),
    )
    first = index.constituents.iloc[:2].set_index("asset_id").loc[["a", "b"]]
    assert str(first["determination_date"].iloc[0].date()) == "2021-01-31"
    assert first["target_weight"].tolist() == told.loc["target weight, at the determination"].tolist()
    assert first["weight"].tolist() == pytest.approx(told.loc["weight that is traded"].tolist(), abs=5e-6)
    assert first["units"].tolist() == pytest.approx(told.loc["units for an index of 1,000"].tolist(), abs=5e-4)
    ratio = told.loc["units in proportion: target weight / price"]
    assert first["units"]["b"] / first["units"]["a"] == pytest.approx(ratio["b"] / ratio["a"])

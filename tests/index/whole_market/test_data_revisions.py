"""Revisions: ranked by the part of the market that they change, and their effect on an index by two builds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from research.index.build import build_index
from research.index.whole_market.data_revisions import ranked_revisions, revision_effects
from research.market import MarketData
from research.rulebook.methodology import Methodology

DAY = pd.Timestamp("2024-03-12")  # far from the first of a month, when the rulebook below decides
RULES = """name = "All, held"
base_value = 1000.0
[universe]
min_history_days = 1
[selection]
rule = "all"
rank_by = "market_cap"
[weighting]
scheme = "market_cap"
[schedule]
reconstitution = "monthly"
rebalance = "monthly"
lag_days = 0
"""


def market(**closes: float) -> MarketData:
    """Three assets at 100 USD with caps of 600, 300 and 100 USD, for ninety days; closes on DAY as given."""
    days = pd.date_range("2024-01-15", periods=90)
    prices = pd.DataFrame(100.0, index=days, columns=["large", "middle", "small"])
    for asset, close in closes.items():
        prices.loc[DAY, asset] = close
    return MarketData.from_panels(prices, prices * [6.0, 3.0, 1.0], prices * 0 + 50.0)


def revisions(*lines: tuple[str, str, float, float]) -> pd.DataFrame:
    table = pd.DataFrame(lines, columns=["asset_id", "field", "old", "new"])
    return table.assign(date=DAY, kind="changed")


@pytest.fixture
def rules(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("rules") / "held.toml"
    file.write_text(RULES)
    return str(file)


def test_a_revision_counts_by_the_assets_share_of_all_caps() -> None:
    """10 % of an asset that is 60 % of the market are 600 basis points; a volume moves no level by itself."""
    old, new = market(), market(large=110.0, small=50.0)
    table = revisions(("small", "price", 100.0, 50.0), ("small", "volume", 50.0, 1e9), ("large", "price", 100.0, 110.0))
    table.loc[len(table)] = ["middle", "price", np.nan, 100.0, DAY, "added"]
    table.loc[len(table)] = ["middle", "market_cap", 300.0, np.nan, DAY, "withdrawn"]
    ranked = ranked_revisions(table, old, new)
    share = np.array([660.0, 300.0, 50.0]) / 1010.0  # of the caps as they are now
    expected = {"large": 1e4 * share[0] * 0.1, "middle": 1e4 * share[1], "small": -1e4 * share[2] * 0.5}
    by_price = ranked[ranked["field"] == "price"].set_index("asset_id")["market_bps"]
    assert by_price.to_dict() == pytest.approx(expected)
    assert ranked["market_bps"].abs().is_monotonic_decreasing
    assert ranked.loc[ranked["kind"] == "withdrawn", "market_bps"].item() == pytest.approx(-1e4 * share[1])
    assert ranked.loc[ranked["field"] == "volume", "market_bps"].item() == 0.0


def test_on_a_day_without_caps_assets_count_alike() -> None:
    old, new = (
        dataclasses.replace(each, market_caps=each.market_caps * np.nan) for each in (market(), market(small=50))
    )
    ranked = ranked_revisions(revisions(("small", "price", 100.0, 50.0)), old, new)
    assert ranked["market_bps"].item() == pytest.approx(-1e4 * 0.5 / 3)


def test_the_effect_on_an_index_is_that_of_its_holdings(rules: str) -> None:
    """Held in parts of 60, 30 and 10 %: + 10 % of the first and - 50 % of the last are + 100 bp on the day."""
    old, new = market(), market(large=110.0, small=50.0)
    ranked = ranked_revisions(revisions(("small", "price", 100.0, 50.0), ("large", "price", 100.0, 110.0)), old, new)
    effects = revision_effects(old, new, ranked, [rules]).set_index("asset_id")
    assert effects["largest_bps"].to_dict() == pytest.approx(
        {"": 100.0, "large": 1e4 * (1.01 / 0.95 - 1), "small": 1e4 * (1.01 / 1.06 - 1)}
    )
    assert (effects["largest_date"] == DAY).all()
    assert (effects["last_bps"] == 0.0).all()
    assert (effects["reason"] == "").all()


def test_an_asset_that_the_old_market_lacked_is_left_out_for_its_part(rules: str) -> None:
    new = market(small=50.0)
    old = new.only(["large", "middle"])
    table = revisions(("small", "price", np.nan, 50.0)).assign(kind="new asset")
    effects = revision_effects(old, new, ranked_revisions(table, old, new), [rules]).set_index("asset_id")
    expected = build_index(new, Methodology.load(rules)).level / build_index(old, Methodology.load(rules)).level
    assert effects.loc["", "largest_bps"] == effects.loc["small", "largest_bps"]
    assert effects.loc["", "largest_bps"] == pytest.approx(1e4 * (expected[DAY] - 1))


def test_a_rulebook_that_the_market_cannot_run_says_why(rules: str) -> None:
    old, new = market(), market(large=110.0)
    ranked = ranked_revisions(revisions(("large", "price", 100.0, 110.0)), old, new)
    effects = revision_effects(old, new, ranked, ["ai-large-cap", rules, "no-such-rulebook"])
    reasons = effects.groupby("rulebook")["reason"].agg("".join)
    assert reasons["ai-large-cap"] != ""
    assert "no-such-rulebook" in reasons["no-such-rulebook"]
    assert reasons[rules] == ""

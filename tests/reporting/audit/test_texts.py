"""Prose of the audit: the reason card, residuals, risks with their evidence."""

from __future__ import annotations

import pytest

from research import IndexHistory, build_index
from research.reporting.audit import texts as audit_texts
from tests.index.markets import rules


def test_a_weight_decided_later_than_the_choice_of_members_says_when(index: IndexHistory) -> None:
    rulebook = rules(schedule={"reconstitution": "quarterly", "rebalance": "monthly"}, selection={"count": 5})
    quarterly = build_index(index.market, rulebook)
    asset = quarterly.holdings("2022-06-15")["asset_id"].iloc[0]
    card = quarterly.explain(asset, "2022-06-15")
    assert (str(card.determination_date.date()), str(card.weight_date.date())) == ("2022-03-31", "2022-05-31")
    assert "Weight, as decided on 2022-05-31:" in str(card)
    assert "Its weight, decided at the close of 2022-05-31: " in audit_texts.reason_card(card, rulebook)


def test_an_asset_that_is_out_says_so_and_has_no_weight(index: IndexHistory) -> None:
    stable = index.market.tags.loc[index.market.tags["tag"] == "stablecoin", "asset_id"].iloc[0]
    text = audit_texts.reason_card(index.explain(stable), index.methodology)
    assert text.startswith(f"### {stable} is out\n\n**{stable} is out.** Not eligible: ")
    assert "Its weight" not in text
    card = audit_texts.reason_card(index.explain("bitcoin"), index.methodology)
    assert "caps \u221232.05 points, which makes **15.00\u00a0%**" in card


@pytest.mark.parametrize(("size", "words"), [(0.0, "They add up exactly."), (3e-16, "is below 10⁻¹⁵.")])
def test_a_residual_is_told_as_a_power_of_ten(size: float, words: str) -> None:
    assert audit_texts.residual(size, "They add up").endswith(words)


def test_the_text_of_the_token_gives_its_value_with_and_without_the_fee(index: IndexHistory) -> None:
    token, free = index.token(fee_per_year=0.01), index.token()
    left = float(token.multiplier.iloc[-1])
    text = audit_texts.token(token.net_asset_value, free.net_asset_value, left, 0.01)
    without = token.net_asset_value.iloc[-1] / left
    assert f"without it the token would be worth USD {without:.2f}." in text or f"USD {without:,.0f}." in text

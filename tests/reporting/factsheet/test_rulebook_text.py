"""The rulebook in words tells every rule there is."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, replace
from typing import Any

import pytest

from research.index import Methodology, rulebooks
from research.reporting.factsheet import rulebook_text as module
from research.reporting.factsheet.rulebook_text import rulebook_text
from research.reporting.factsheet.sentences import told
from research.reporting.presentation.formats import format_value
from research.rulebook import Costs, Events, Overlay, Schedule, Selection, Universe, Weighting

SECTIONS = {
    "universe": Universe,
    "selection": Selection,
    "weighting": Weighting,
    "schedule": Schedule,
    "costs": Costs,
    "events": Events,
    "overlay": Overlay,
}
LARGEST = {"count": 10}
VOTES = {"rule": "votes", "count": 10}
COVERAGE = {"rule": "coverage", "coverage": 0.8}
CRITERION = {"rule": "information_criterion"}
LEG = {"stable_leg": ("usd-coin",)}
DRIFT = {"drift_absolute": 0.05}
SIGNAL = {"scheme": "signal"}
# section, what it has, what is changed: each line must change the text
CHANGES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    *(
        ("universe", {"min_valid_share": 0.9}, change)
        for change in (
            {"exclude_tags": ("meme",)},
            {"include_tags": ("meme",)},
            {"min_history_days": 30},
            {"min_valid_share": 0.5},
            {"valid_share_window": "month"},
            {"valid_share_needs_cap": True},
            {"min_market_cap": 1e6},
            {"min_volume": 1e6},
            {"min_volume_quantile": 0.25},
            {"turnover_band": (0.001, 2.0)},
            {"max_stale_days": 5},
            {"max_supply_jump": 0.5},
            {"exclude_pegged": ("usd",)},
            {"exclude_copies_of": 5},
            {"exclude_copies_of": ("ethereum",)},
            {"incumbent_relief": 0.8},
        )
    ),
    ("selection", LARGEST, {"count": 11}),
    ("selection", LARGEST, {"entry_rank": 8}),
    ("selection", LARGEST, {"exit_rank": 12}),
    ("selection", LARGEST, {"rank_by": "volume"}),
    ("selection", LARGEST, {"min_count": 7}),
    ("selection", LARGEST, {"rule": "votes"}),
    ("selection", LARGEST | {"rule": "top_by"}, {"order": "lowest"}),
    *(("selection", VOTES, {name: value}) for name, value in (("quorum", 0.1), ("approval", 0.7), ("voting_days", 3))),
    ("selection", VOTES, {"power": "quadratic"}),
    ("selection", VOTES | {"power": "capped", "power_cap": 0.1}, {"power_cap": 0.2}),
    ("selection", COVERAGE, {"coverage": 0.9}),
    ("selection", COVERAGE, {"coverage_floor": 0.7}),
    ("selection", COVERAGE, {"max_count": 30}),
    ("selection", CRITERION, {"criterion": "gcv"}),
    ("selection", CRITERION, {"evaluation": "sequential"}),
    ("selection", CRITERION, {"optimum": "global"}),
    ("selection", CRITERION, {"first_count": 10}),
    ("selection", CRITERION, {"step": 1}),
    *(
        ("weighting", {"scheme": "market_cap"}, change)
        for change in (
            {"scheme": "equal"},
            {"size_by": "market_cap_ema_30d"},
            {"power": 0.5},
            {"supply_factor": "free_float"},
            {"max_weight": 0.25},
            {"max_weight_by_rank": (0.3, 0.2)},
            {"max_group_weight": 0.5},
            {"min_weight": 0.01},
        )
    ),
    ("weighting", {"max_weight": 0.25}, {"infeasible": "relax_to_equal"}),
    ("weighting", {"max_group_weight": 0.5}, {"group_by": "theme:"}),
    ("weighting", {"scheme": "liquidity_mix"}, {"liquidity_share": 0.5}),
    ("weighting", {"scheme": "risk_parity"}, {"lookback_days": 120}),
    ("weighting", {"scheme": "risk_parity"}, {"min_observations": 30}),
    ("weighting", SIGNAL, {"max_signal_age_days": 3}),
    ("weighting", SIGNAL, {"fallback": "inverse_volatility"}),
    *(
        ("schedule", DRIFT, change)
        for change in (
            {"reconstitution": "quarterly"},
            {"rebalance": "weekly"},
            {"lag_days": 0},
            {"drift_absolute": 0.1},
            {"drift_relative": 0.25},
            {"drift_total": 0.05},
            {"drift_to": "band"},
            {"cool_down_days": 1},
        )
    ),
    ("schedule", {"reconstitution": "weekly"}, {"weekday": "sunday"}),
    ("schedule", {"reconstitution": "quarterly"}, {"quarters_start_in": "march"}),
    ("costs", {}, {"fee_bps": 10.0}),
    ("costs", {}, {"half_spread_bps": 5.0}),
    ("costs", {"half_spread_bps": "by_rank"}, {"spread_tier_ranks": (3, 10, 25)}),
    ("costs", {"half_spread_bps": "by_rank"}, {"spread_tier_bps": (4.0, 10.0, 25.0, 99.0)}),
    ("costs", {"half_spread_bps": "estimated"}, {"spread_estimator": "corwin_schultz"}),
    ("costs", {"half_spread_bps": "estimated"}, {"spread_window_days": 30}),
    ("costs", {"assets_under_management": 1e8}, {"impact_coefficient": 1.0}),
    ("costs", {"assets_under_management": 1e8, "impact_coefficient": 1.0}, {"assets_under_management": 1e9}),
    *(
        ("events", {}, change)
        for change in (
            {"carry_days": 1},
            {"remove_after_days": 30},
            {"removal_haircut": 0.5},
            {"redenominations": "given"},
            {"outlier_jump": 1.5},
            {"trade_at_carried_prices": True},
            {"freed_weight": "stable"},
        )
    ),
    *(
        ("overlay", LEG, change)
        for change in (
            {"stable_leg": ("tether",)},
            {"signals": False},
            {"bullish": 0.9},
            {"neutral": 0.6},
            {"bearish": 0.1},
            {"max_signal_age_days": 3},
            {"mode": "fully_invested"},
            {"min_trade": 0.01},
            {"max_turnover": 0.5},
            {"volatility_target": 0.4},
            {"depeg_warning": 0.02},
            {"depeg_limit": 0.05},
            {"depeg_days": 1},
        )
    ),
    ("overlay", LEG | {"volatility_target": 0.4}, {"max_exposure": 0.9}),
    ("overlay", LEG | {"volatility_target": 0.4}, {"exposure_step": 0.2}),
]


def rules(section: str, given: dict[str, Any]) -> Methodology:
    sections: dict[str, Any] = {
        "selection": Selection(count=10),
        "overlay": Overlay(**LEG),
        section: SECTIONS[section](**given),
    }
    return Methodology(name="Test", **sections)


@pytest.mark.parametrize(("section", "given", "change"), CHANGES, ids=lambda value: str(value)[:40])
def test_every_rule_changes_the_text(section: str, given: dict[str, Any], change: dict[str, Any]) -> None:
    assert rulebook_text(rules(section, given)) != rulebook_text(rules(section, given | change))


@pytest.mark.parametrize("section", SECTIONS)
def test_the_changes_above_leave_no_field_of_a_rulebook_out(section: str) -> None:
    changed = {name for which, _, change in CHANGES if which == section for name in change}
    assert changed == {field.name for field in fields(SECTIONS[section])}


@pytest.mark.parametrize("name", sorted(rulebooks()))
def test_every_shipped_rulebook_reads_as_clean_sentences(name: str) -> None:
    text = rulebook_text(Methodology.load(name))
    assert "`" not in text  # no field without words
    assert "None" not in text
    assert "$" not in text
    assert "  " not in text
    assert all(line.endswith(".") for line in text.splitlines())


def test_the_numbers_in_the_text_are_those_of_the_rulebook() -> None:
    text = rulebook_text(Methodology.load("large-cap-10"))
    assert "The 10 largest by mean market cap of the last 30 days. Ranked 8 or better" in text
    assert "until it falls below rank 12" in text
    assert "At most 25\u00a0% each." in text
    assert "chosen every quarter and weighted anew every month" in text
    assert "traded 2 days later" in text


def test_an_index_that_trades_at_the_close_it_decides_on_is_called_not_investable() -> None:
    assert "**not investable**" in rulebook_text(rules("schedule", {"lag_days": 0}))


def test_a_field_without_words_is_printed_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    sentences = {name: words for name, words in module._UNIVERSE.items() if name != "max_stale_days"}
    assert told(Universe(max_stale_days=5), "", sentences) == ["`max_stale_days` = 5."]


def test_base_value_and_date_are_told() -> None:
    base = rules("universe", {})
    start = "1,000 on the first effective day of the calendar, given that 10 members can be weighted."
    assert start in rulebook_text(base)
    dated = rulebook_text(replace(base, base_value=100.0, base_date=dt.date(2020, 2, 3)))
    assert "100 on 2020-02-03, given that 5 members can be weighted." in dated


def test_the_rules_that_a_replication_needs_are_told() -> None:
    text = rulebook_text(rules("overlay", {**LEG, "min_trade": 0.005, "max_signal_age_days": 14}))
    assert (
        f"A member that stays is not traded for a change below {format_value(0.005, 'short percent')}: what that"
        in text
    )
    assert "leaves over is the stable leg's where it has a target, else the other members'." in text
    assert "one older than 14 days is neutral" in text
    assert "One that cannot be weighted on the day keeps its units." in text
    assert "Nothing is decided between the first decision and its effective day." in text
    assert "between the first" not in rulebook_text(rules("schedule", {"lag_days": 0}))

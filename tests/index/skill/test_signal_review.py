"""The review of a signal-driven index: what decides the verdict, what is locked, and what the registry does to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError, MethodologyError
from research.index import Methodology, build_index
from research.index.skill.signal_review import SignalReview, signal_review
from research.index.skill.signal_verdict import CANNOT_TELL, EVIDENCE, NONE, judged
from research.index.trials import market_fingerprint, rules_fingerprint
from research.market import MarketData
from research.signals.registry import ConfigurationRegistry
from tests.signals.measure import Calls, pipeline
from tests.signals.worlds import simulated_market

KEY = {"recipe": "other", "rulebook": "other", "names": "other", "sharpe": 0.02, "periods": 900}


@pytest.fixture(scope="module")
def planted() -> SignalReview:
    index, calls = pipeline(simulated_market(1, ic=0.2))
    return signal_review(index, calls, draws=100)


def test_a_strong_effect_is_evidence_and_every_block_shows_it(planted: SignalReview) -> None:
    assert planted.verdict == EVIDENCE
    assert planted.sentence.startswith("Evidence of skill: the assets scored higher earned +")
    assert planted.ic_summary["lower"] > 0.1
    assert planted.hits["verdict"] == planted.brier["verdict"] == planted.spread.loc["gross", "verdict"] == "skill"
    assert (planted.tests["p_adjusted"] <= 0.05).all()
    assert planted.placebos.exposure_matched.loc["net", "lower"] > 0
    assert planted.levels.columns.tolist()[:2] == ["index", "passive twin"]
    assert planted.attribution.loc["total", "against the twin"] == pytest.approx(
        planted.attribution["against the twin"].iloc[:-1].sum(), abs=1e-9
    )
    assert planted.ic_by_year["periods"].sum() == planted.ic_summary["periods"]


def test_no_effect_is_no_evidence_where_the_history_could_have_shown_one_and_else_cannot_be_told() -> None:
    index, calls = pipeline(simulated_market(3, days=1100))
    assert signal_review(index, calls, draws=20, locked_share=0.0, relevant_ic=0.06).verdict == NONE
    index, calls = pipeline(simulated_market(3, days=330))
    review = signal_review(index, calls, draws=20, locked_share=0.0)
    assert review.verdict == CANNOT_TELL
    assert "too short or too noisy" in review.sentence


@pytest.mark.parametrize(
    ("p_order", "p_placebo", "configurations", "power", "verdict"),
    [
        (0.024, 0.9, 1, 0.9, EVIDENCE),  # 2 x 0.024
        (0.026, 0.9, 1, 0.9, NONE),
        (0.9, 0.024, 1, 0.1, EVIDENCE),
        (0.024, 0.9, 2, 0.9, NONE),  # another configuration was tried
        (0.012, 0.9, 2, 0.9, EVIDENCE),
        (0.026, 0.9, 1, 0.79, CANNOT_TELL),
        (np.nan, np.nan, 1, np.nan, CANNOT_TELL),
    ],
)
def test_the_rule_of_the_verdict(
    p_order: float, p_placebo: float, configurations: int, power: float, verdict: str
) -> None:
    ps = np.nan_to_num([p_order, p_placebo], nan=1.0)
    adjusted = np.minimum(np.array([ps[0], ps[1]]) * 2 * configurations, 1.0)
    tests = pd.DataFrame(
        {"value": 0.02, "t_statistic": 2.0, "periods": 150.0, "p_value": [p_order, p_placebo], "p_adjusted": adjusted},
        ["score-weighted", "exposure-matched"],
    )
    found, sentence = judged(tests, power, configurations=configurations, relevant_ic=0.05)
    assert found == verdict
    assert sentence.lower().startswith(verdict.split(" of")[0])


def test_nothing_after_the_last_open_day_is_looked_at() -> None:
    market = simulated_market(4, days=700)
    index, calls = pipeline(market)
    review = signal_review(index, calls, draws=30, locked_share=0.3)
    row = market.dates.get_loc(review.until)
    assert row == pytest.approx(0.7 * 700, abs=25)
    prices = market.prices.copy()
    prices.iloc[row + 1 :, :-1] *= np.random.default_rng(0).lognormal(0, 1, prices.iloc[row + 1 :, :-1].shape)
    other = MarketData.from_panels(prices, market.market_caps, market.volumes, tags=market.tags)
    changed = signal_review(*pipeline(other), draws=30, locked_share=0.3)
    assert changed.sentence == review.sentence
    pd.testing.assert_frame_equal(changed.levels, review.levels)
    pd.testing.assert_frame_equal(changed.attribution, review.attribution, rtol=1e-9)
    pd.testing.assert_series_equal(changed.hits, review.hits)
    pd.testing.assert_frame_equal(changed.spread, review.spread)
    assert (changed.placebos.moved == review.placebos.moved).all()
    opened = signal_review(index, calls, draws=30, locked_share=0.3, open_locked=True)
    assert opened.until == market.dates[-1]
    assert opened.ic_summary["periods"] > review.ic_summary["periods"] + 20


def test_the_registry_counts_configurations_and_openings_and_raises_the_bar(tmp_path: Path) -> None:
    market = simulated_market(5, days=700, ic=0.06)
    index, calls = pipeline(market)
    registry = ConfigurationRegistry(tmp_path / "trials.jsonl")
    first = signal_review(index, calls, registry=registry, draws=20)
    again = signal_review(index, calls, registry=registry, draws=20, open_locked=True)
    assert (first.configurations, first.openings, again.configurations, again.openings) == (1, 0, 1, 1)
    for number in range(9):
        registry.record(market=market_fingerprint(market), **KEY | {"recipe": str(number), "sharpe": number / 100})
    tenth = signal_review(index, calls, registry=registry, draws=20)
    assert tenth.configurations == 10
    assert tenth.tests["p_adjusted"].min() == pytest.approx(min(10 * first.tests["p_adjusted"].min(), 1.0))
    assert tenth.overfitting["deflated_sharpe"] < first.overfitting["deflated_sharpe"]
    assert "10 configurations" in tenth.sentence
    assert tenth.power["power_at"] < first.power["power_at"]


def test_a_locked_sharpe_ratio_never_reaches_the_registry(tmp_path: Path) -> None:
    index, calls = pipeline(simulated_market(6, days=600))
    for name in ("closed", "opened"):
        registry = ConfigurationRegistry(tmp_path / name)
        signal_review(index, calls, registry=registry, draws=20, open_locked=name == "opened")
    one, other = (ConfigurationRegistry(tmp_path / name).trials()[0] for name in ("closed", "opened"))
    assert (one.sharpe, one.periods) == (other.sharpe, other.periods)


def test_variants_have_a_probability_of_overfitting(planted: SignalReview) -> None:
    assert np.isnan(planted.overfitting["overfitting_probability"])
    index, calls = pipeline(simulated_market(7, days=600))
    table = index.tables["signals"]
    assert table is not None
    rng = np.random.default_rng(1)
    mixed = [table.assign(signal=rng.permutation(table["signal"])) for _ in range(3)]
    variants = {
        f"mixed {n}": build_index(index.market, index.methodology, signals=other) for n, other in enumerate(mixed)
    }
    review = signal_review(index, calls, draws=20, variants=variants)
    assert 0 <= review.overfitting["overfitting_probability"] <= 1
    assert review.overfitting["overfitting_p_value"] > 0.05
    assert review.configurations == 4


def test_fingerprints_follow_what_counts_and_nothing_else() -> None:
    market = simulated_market(8, days=100)
    prices = market.prices.copy()
    prices.iloc[-1, 0] *= 1.001
    other = MarketData.from_panels(prices, market.market_caps, market.volumes, name=market.manifest.name)
    assert market_fingerprint(market) == market_fingerprint(simulated_market(8, days=100))
    assert market_fingerprint(market) != market_fingerprint(other)
    rules = Methodology.load("signal-driven-10")
    assert rules_fingerprint(rules) == rules_fingerprint(replace(rules, name="another name"))
    changed = replace(rules, schedule=replace(rules.schedule, lag_days=2))
    assert rules_fingerprint(rules) != rules_fingerprint(changed)


def test_an_index_without_signals_or_frames_that_do_not_match_are_refused() -> None:
    index, calls = pipeline(simulated_market(9, days=300))
    short = Calls(
        scores=calls.scores.iloc[1:],
        probabilities=calls.probabilities,
        states=calls.states,
        outcomes=calls.outcomes,
    )
    with pytest.raises(DataError, match="outcomes: shape"):
        signal_review(index, short, draws=20)
    plain = build_index(index.market, replace(index.methodology, overlay=None))
    with pytest.raises(MethodologyError, match="follows no signals"):
        signal_review(plain, calls, draws=20)
    later = build_index(index.market.since("2019-04-01"), replace(index.methodology, overlay=None))
    with pytest.raises(DataError, match="the passive twin runs from"):
        signal_review(index, calls, twin=later, draws=20)

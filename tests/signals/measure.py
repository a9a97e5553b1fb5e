"""The long measurements of signals on simulated markets. Not run by pytest.

python -m tests.signals.measure momentum|ridge [markets] [first seed]

How often each verdict of `signal_review` falls on markets without any predictability, and with a planted momentum
effect of known size, beside the power that was predicted. The calls are those of a plain momentum rule, or of a ridge
recipe on every feature, walked forward: the whole pipeline, from prices to the verdict.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from research.errors import MethodologyError, ResearchWarning
from research.evaluation import rank_ic
from research.index import IndexHistory, Methodology, build_index
from research.index.skill.signal_review import SignalReview, signal_review
from research.index.skill.signal_verdict import EVIDENCE
from research.market import MarketData
from research.rulebook import Universe
from research.settings import from_table
from research.signals import Recipe, SignalHistory, make_signals
from research.signals.recipe import Model, States
from tests.signals.worlds import LOOK_BACK, STABLE, simulated_market

EFFECTS = (0.0, 0.03, 0.06)
RULES: dict[str, Any] = {
    "name": "Simulated",
    "universe": {"exclude_tags": ["stablecoin"], "min_history_days": 60},
    "selection": {"count": 15},
    "weighting": {"max_weight": 0.2},
    "schedule": {"reconstitution": "quarterly", "rebalance": "weekly", "weekday": "sunday", "lag_days": 1},
    "overlay": {"stable_leg": [STABLE]},
    "costs": {"fee_bps": 10, "half_spread_bps": 10},
}


@dataclass(frozen=True, kw_only=True)
class Calls:
    """Frames of decision dates x assets, as `research.index.skill.signal_inputs.Signals` asks for."""

    scores: pd.DataFrame
    probabilities: pd.DataFrame
    states: pd.DataFrame
    outcomes: pd.DataFrame


def momentum_calls(market: MarketData) -> Calls:
    """Every Sunday by the return of 30 days: the upper two fifths bullish, the lower two bearish."""
    prices = market.prices.drop(columns=STABLE)
    sundays = prices.index[prices.index.day_of_week == 6]
    scores = (prices / prices.shift(LOOK_BACK) - 1).loc[sundays].dropna()
    place = scores.rank(axis=1, pct=True)
    words = np.select([place > 0.6, place <= 0.4], ["bullish", "bearish"], "neutral")
    return Calls(
        scores=scores,
        probabilities=0.4 + 0.2 * place,
        states=pd.DataFrame(words, scores.index, scores.columns),
        outcomes=(prices.shift(-8) / prices.shift(-1) - 1).loc[scores.index],
    )


RECIPE = Recipe(
    name="ridge",
    min_assets=10,
    universe=Universe(exclude_tags=("stablecoin",), min_history_days=60),
    model=Model(kind="ridge", penalties=(0.1, 1.0, 10.0, 100.0)),
    states=States(regimes=()),
)


def ridge_pipeline(market: MarketData) -> tuple[IndexHistory, SignalHistory]:
    """An index and the signals that a recipe made for it."""
    made = make_signals(market, RECIPE)
    rules = from_table(Methodology, RULES, "measure.toml", MethodologyError)
    return build_index(market, rules, signals=made), made


def pipeline(market: MarketData) -> tuple[IndexHistory, Calls]:
    """An index and the calls that it followed."""
    calls = momentum_calls(market)
    table = (
        calls.states.rename_axis("date").reset_index().melt(id_vars="date", var_name="asset_id", value_name="signal")
    )
    rules = from_table(Methodology, RULES, "measure.toml", MethodologyError)
    return build_index(market, rules, signals=table), calls


PIPELINES: dict[str, Callable[[MarketData], tuple[IndexHistory, Any]]] = {
    "momentum": pipeline,
    "ridge": ridge_pipeline,
}


def reviewed(seed: int, ic: float, *, days: int = 1100, kind: str = "momentum") -> SignalReview:
    """The review of one simulated market, with nothing locked."""
    index, calls = PIPELINES[kind](simulated_market(seed, days=days, ic=ic))
    return signal_review(index, calls, locked_share=0.0, draws=400, seed=seed)


def verdicts(kind: str, markets: int = 200, first: int = 0) -> pd.DataFrame:
    """Shares of the verdicts and of each test's rejections by size of the effect; one row each."""
    truth = {ic: _true_rank_ic(ic) for ic in EFFECTS}
    rows = []
    for ic in EFFECTS:
        begin = time.time()
        found = [_figures(reviewed(first + seed, ic, kind=kind), truth[ic]) for seed in range(markets)]
        rows.append(pd.DataFrame(found).mean().rename(ic))
        print(f"ic {ic}: {markets} markets, {time.time() - begin:.0f} s", file=sys.stderr)  # noqa: T201
    return pd.DataFrame(rows).rename_axis("planted ic").assign(true_rank_ic=pd.Series(truth))


def _figures(review: SignalReview, truth: float) -> dict[str, float]:
    p = review.tests["p_value"]
    summary = review.ic_summary
    error = review.power["long_run_sd"] / np.sqrt(review.power["periods"])
    return {
        "evidence": review.verdict == EVIDENCE,
        "cannot tell": review.verdict == "cannot tell",
        "score-weighted p <= 2.5 %": p.iloc[0] <= 0.025,
        "rank IC p <= 2.5 %": summary["p_value"] <= 0.05 and summary["mean"] > 0,
        "exposure-matched p <= 2.5 %": p.iloc[1] <= 0.025,
        "moved p <= 5 %": review.placebos.p_value <= 0.05,
        "mean rank IC": summary["mean"],
        "truth in interval": summary["lower"] <= truth <= summary["upper"],
        "predicted power": float(norm.cdf(truth / error - norm.ppf(0.975))),
        "hits skill": review.hits["verdict"] == "skill",
        "spread skill": review.spread.loc["gross", "verdict"] == "skill",
    }


def _true_rank_ic(ic: float) -> float:
    """Mean rank IC of one very long market."""
    if not ic:
        return 0.0
    calls = momentum_calls(simulated_market(10_000, days=14_000, ic=ic))
    return float(rank_ic(calls.scores, calls.outcomes).mean())


if __name__ == "__main__":
    warnings.simplefilter("ignore", ResearchWarning)
    asked = [int(value) for value in sys.argv[2:]]
    print(verdicts(sys.argv[1], *asked).round(3).T.to_string())  # noqa: T201

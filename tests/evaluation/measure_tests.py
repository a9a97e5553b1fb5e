"""How often each test and verdict is wrong: the long measurements behind CONVENTIONS.md. Not run by pytest.

python -m tests.evaluation.measure_tests compare     verdicts on two indices of one law
python -m tests.evaluation.measure_tests edge        the same with one 15 % a year ahead
python -m tests.evaluation.measure_tests many        superior predictive ability and the model confidence set
python -m tests.evaluation.measure_tests factors     alpha, exposures and timing
python -m tests.evaluation.measure_tests breaks      breaks in alpha, beta and volatility, beside a CUSUM test
python -m tests.evaluation.measure_tests tails       back-tests of value at risk; coverage of tail dependence
python -m tests.evaluation.measure_tests sharpe      coverage of Lo's interval
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from statsmodels.stats.diagnostic import breaks_cusumolsresid

from research.evaluation.changes.structural_breaks import influences, p_values, self_normalised
from research.evaluation.comparisons.comparison import CANNOT_TELL, compare
from research.evaluation.comparisons.confidence_set import best_of_many
from research.evaluation.factors import factor_regression, timing_tests
from research.evaluation.skill.reliability import sharpe_error
from research.evaluation.tail_checks import breach_tests, tail_dependence, var_backtests
from tests.evaluation.markets import START, garch
from tests.evaluation.measure import show

PERIODS = (365, 1000, 2500)


def persistent(periods: int, columns: int, rng: np.random.Generator, volatility: float = 0.035) -> np.ndarray:
    """GARCH(1,1) with normal shocks and persistence 0.98."""
    return garch(periods, columns, rng, volatility=volatility, beta=0.90, freedom=np.inf)


def normal(periods: int, columns: int, rng: np.random.Generator, volatility: float = 0.035) -> np.ndarray:
    return rng.normal(0.0, volatility, (periods, columns))


def clustered(periods: int, columns: int, rng: np.random.Generator, volatility: float = 0.035) -> np.ndarray:
    return garch(periods, columns, rng, volatility=volatility)


WORLDS: dict[str, Callable[..., np.ndarray]] = {
    "independent normal": normal,
    "GARCH t6, 0.96": clustered,
    "GARCH normal, 0.98": persistent,
}


def worlds(repetitions: int, seed: int = 0) -> Iterator[tuple[str, int, pd.DataFrame, list[pd.DataFrame]]]:
    """Market, and two noises of a volatility of 1.2 % a day, in each world and length: one history a column."""
    for name, world in WORLDS.items():
        for periods in PERIODS:
            rng = np.random.default_rng(seed)
            dates = pd.date_range(START, periods=periods)
            market = np.clip(0.0012 + world(periods, repetitions, rng), -0.6, 1.0)
            noises = [np.clip(world(periods, repetitions, rng, 0.012), -0.15, 0.2) for _ in range(2)]
            yield name, periods, pd.DataFrame(market, dates), [pd.DataFrame(noise, dates) for noise in noises]


def levels(**returns: pd.Series) -> pd.DataFrame:
    return (1.0 + pd.DataFrame(returns)).cumprod()


def comparisons(repetitions: int, edge: float = 0.0, draws: int = 500) -> None:
    """Two indices on one market, the first of them ahead by `edge` a year."""
    for name, periods, market, (one, two) in worlds(repetitions):
        p_values, verdicts = [], []
        for run in range(repetitions):
            pair = levels(a=market[run] + one[run] + edge / 365, b=market[run] + two[run])
            table = compare(pair, draws=draws, seed=run)
            p_values.append(table["p_value"] < 0.05)
            verdicts.append(table["verdict"])
        rejected = np.mean(p_values, axis=0)
        told = pd.DataFrame(verdicts)
        shares = [(told != CANNOT_TELL).any(axis=1).mean(), (told == "worse").any(axis=1).mean()]
        words = " ".join(f"{share:.3f}" for share in [*rejected, *shares])
        show(f"{name}, {periods}: edge {edge:.0%}: p < 5 % (Sharpe, CAGR, drawdown), any verdict, any 'worse': {words}")


def many(repetitions: int) -> None:
    for name, periods, market, _ in worlds(repetitions):
        rng = np.random.default_rng(1)
        wrong = []
        for run in range(repetitions):
            noise = WORLDS[name](periods, 5, rng, 0.012)
            columns = {f"n{place}": market[run] + np.clip(noise[:, place], -0.15, 0.2) for place in range(5)}
            table = best_of_many(levels(**columns), "n0", draws=300, seed=run)
            wrong.append((table["beats_reference"].iloc[1] < 0.05, not table["in_set"].all()))
        spa, outside = np.mean(wrong, axis=0)
        show(f"{name}, {periods}: SPA rejects {spa:.3f}, a member of the set of equals is left out {outside:.3f}")


def regressions(repetitions: int) -> None:
    for name, periods, market, (one, two) in worlds(repetitions):
        wrong = []
        for run in range(repetitions):
            own, factors = 0.9 * market[run] + one[run], pd.DataFrame({"market": market[run], "size": two[run]})
            p_values = factor_regression(own, factors).table["p_value"]
            timing = timing_tests(own, market[run])["p_value"]
            wrong.append(np.array([p_values["alpha"], p_values["size"], *timing]) < 0.05)
        words = " ".join(f"{share:.3f}" for share in np.mean(wrong, axis=0))
        show(f"{name}, {periods}: p < 5 % of alpha, exposure, Treynor-Mazuy, Henriksson-Merton: {words}")


def breaks(repetitions: int) -> None:
    for name, periods, market, (one, _) in worlds(repetitions):
        own, other = (0.9 * market + one).to_numpy(), market.to_numpy()
        pairs = [influences(own[:, run], other[:, run]) for run in range(repetitions)]
        p_value = p_values(self_normalised(np.concatenate(pairs, axis=1))[0]).reshape(repetitions, 3)
        sizes = np.abs(own - own.mean(axis=0))
        cusum = [breaks_cusumolsresid(sizes[:, run] - sizes[:, run].mean())[1] < 0.05 for run in range(200)]
        shares = [*(p_value < 0.05).mean(axis=0), (3 * p_value.min(axis=1) < 0.05).mean(), np.mean(cusum)]
        words = " ".join(f"{share:.3f}" for share in shares)
        show(f"{name}, {periods}: p < 5 % of alpha, beta, volatility; any verdict; CUSUM of volatility: {words}")


def tails(repetitions: int) -> None:
    rng = np.random.default_rng(0)
    for probability in (0.05, 0.01):
        for periods in PERIODS:
            runs = [breach_tests(rng.random(periods) < probability, probability) for _ in range(4000)]
            words = " ".join(
                f"{np.mean([run[name] < 0.05 for run in runs]):.3f}" for name in ("kupiec", "independence", "coverage")
            )
            show(f"breaches at {probability:.0%}, {periods}: p < 5 % of Kupiec, independence, both: {words}")
    long = {name: tail_truth(world) for name, world in WORLDS.items()}
    for name, periods, market, (one, _) in worlds(repetitions):
        found = [tail_dependence(market[run] + one[run], market[run]) for run in range(repetitions)]
        held = np.mean([row["lower"] <= long[name] <= row["upper"] for row in found])
        told = [var_backtests(market[run])["verdict"] for run in range(repetitions // 8)]
        words = pd.DataFrame(told).apply(lambda column: column.isin([*FAULTS]).mean()).round(3).to_dict()
        show(f"{name}, {periods}: tail dependence {long[name]:.3f} held {held:.3f}; faults found by method: {words}")


FAULTS = ("breached too often", "breached too rarely", "breaches cluster")


def tail_truth(world: Callable[..., np.ndarray]) -> float:
    """Tail dependence in one sample of two million periods."""
    rng = np.random.default_rng(9)
    market, noise = (world(2000, 1000, rng, size).ravel(order="F") for size in (0.035, 0.012))
    own = market + noise
    worst = market <= np.quantile(market, 0.05)
    return float((own <= np.quantile(own, 0.05))[worst].mean())


def sharpe(repetitions: int) -> None:
    for name, periods, market, _ in worlds(repetitions):
        truth = 0.0012 / 0.035 * np.sqrt(365)
        rows = [sharpe_error(market[run]) for run in range(repetitions)]
        held = [
            np.mean([abs(row["sharpe_ratio"] - truth) <= 1.96 * row[error] for row in rows])
            for error in ("error_independent", "error")
        ]
        show(f"{name}, {periods}: 95 % intervals that hold, independent and robust: {held[0]:.3f} {held[1]:.3f}")


MEASUREMENTS: dict[str, Callable[[int], None]] = {
    "compare": comparisons,
    "edge": lambda repetitions: comparisons(repetitions, edge=0.15),
    "many": many,
    "factors": regressions,
    "breaks": breaks,
    "tails": tails,
    "sharpe": sharpe,
}

if __name__ == "__main__":
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    if asked not in MEASUREMENTS:
        raise SystemExit(f"unknown measurement {asked!r}: {', '.join(MEASUREMENTS)}")
    MEASUREMENTS[asked](int(sys.argv[2]) if len(sys.argv) > 2 else 400)

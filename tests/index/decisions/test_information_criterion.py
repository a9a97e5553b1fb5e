"""CRIX's number of constituents: closed forms of its parts, planted answers, and what comes out on real data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from research.index.decisions.information_criterion import choose_count, current_review
from research.index.decisions.kernel_density import log_likelihood, plug_in_bandwidth
from research.market import MarketData
from research.point_in_time.view import PointInTime
from research.rulebook import Schedule, Selection, Universe
from tests.index.markets import random_market

CRIX = Universe(min_valid_share=1.0, valid_share_window="month", valid_share_needs_cap=True)


def rule(**table: object) -> Selection:
    return Selection(rule="information_criterion", **table)  # type: ignore[arg-type]


# ---------------------------------------------------------------------- the density


@pytest.mark.parametrize("size", [92, 500])
def test_the_plug_in_bandwidth_of_normal_samples_is_the_optimal_one_of_the_normal(size: int) -> None:
    """For a normal density the optimum is sigma * (40 * sqrt(pi) / n) ** (1/5) with the Epanechnikov kernel."""
    rng = np.random.default_rng(0)
    widths = [plug_in_bandwidth(rng.normal(5, 3, size)) for _ in range(60)]
    assert np.mean(widths) == pytest.approx(3.0 * (40 * np.sqrt(np.pi) / size) ** (1 / 5), rel=0.05)


def test_the_bandwidth_moves_with_the_scale_and_not_with_the_place() -> None:
    sample = np.random.default_rng(0).standard_t(4, 90)
    width = plug_in_bandwidth(sample)
    assert plug_in_bandwidth(1e-4 * sample + 7e-4) == pytest.approx(1e-4 * width, rel=1e-9)
    two_heaps = np.concatenate([sample, sample + 40])  # a rule of thumb would smooth them into one
    assert plug_in_bandwidth(two_heaps) < 0.3 * 2.345 * two_heaps.std() * len(two_heaps) ** (-1 / 5)


def test_one_wild_value_does_not_set_the_bandwidth() -> None:
    sample = np.random.default_rng(0).normal(0, 1, 90)
    assert plug_in_bandwidth(np.append(sample, 1e4)) == pytest.approx(plug_in_bandwidth(sample), rel=0.1)


def test_a_sample_without_spread_has_no_bandwidth() -> None:
    assert plug_in_bandwidth(np.full(50, 2.0)) == 0.0


def test_the_density_is_the_epanechnikov_kernel_with_unit_variance() -> None:
    one = np.array([0.0])
    assert log_likelihood(one, one, 1.0) == pytest.approx(np.log(3 / (4 * np.sqrt(5))))
    assert log_likelihood(np.array([1.0]), one, 1.0) == pytest.approx(np.log(3 / (4 * np.sqrt(5)) * 0.8))
    assert log_likelihood(np.array([9.0]), one, 1.0) == pytest.approx(np.log(1e-20))  # beyond the kernel
    grid = np.linspace(-12, 12, 24_001)
    sample = np.array([-3.0, 0.5, 2.0])
    density = np.exp([log_likelihood(np.array([x]), sample, 1.3) for x in grid[::40]])
    assert density.sum() * (grid[40] - grid[0]) == pytest.approx(1.0, abs=1e-3)


# ---------------------------------------------------------------------- the choice


def planted(blocks: int, *, days: int = 92) -> tuple[np.ndarray, np.ndarray]:
    """The market's residual over five assets is made of the next `blocks` fives, and of noise.

    Returns and noise are orthogonal: an asset that is no part of the residual explains exactly nothing.
    """
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(days, 26)))[0]
    returns, noise = basis[:, :25], 0.1 * basis[:, 25]
    missing = np.empty((days, 25))
    for k in range(25):
        missing[:, k] = returns[:, max(k + 1, 5) : 5 + 5 * blocks].sum(axis=1) + noise
    return missing, returns


GRID = [5, 10, 15, 20, 25]


@pytest.mark.parametrize("criterion", ["aic", "gcv", "gfcv", "sh", "fpe"])
@pytest.mark.parametrize("optimum", ["local", "global"])
@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_assets_that_explain_the_rest_of_the_market_are_found(criterion: str, optimum: str, blocks: int) -> None:
    missing, returns = planted(blocks)
    count = choose_count(missing, returns, GRID, rule(criterion=criterion, optimum=optimum))
    assert count == 5 + 5 * blocks


def test_local_stops_before_a_block_that_does_not_help_and_global_looks_beyond_it() -> None:
    _, returns = planted(0)
    residual = planted(1)[0][:, 4] + 2 * returns[:, 15:20].sum(axis=1)  # 10 helps, 15 does not, 20 does most
    missing = np.repeat(residual[:, None], 25, axis=1)
    assert choose_count(missing, returns, GRID, rule(optimum="local", criterion="gcv")) == 10
    assert choose_count(missing, returns, GRID, rule(optimum="global", criterion="gcv")) == 20


def test_where_no_asset_explains_anything_the_first_number_stands() -> None:
    missing, returns = planted(0)
    assert choose_count(missing, returns, GRID, rule()) == 5


def test_sequential_steps_give_the_number_before_the_one_that_fails() -> None:
    missing, returns = planted(2)  # 5 -> 10 and 10 -> 15 help, 15 -> 20 does not
    assert choose_count(missing, returns, GRID, rule(evaluation="sequential", criterion="gcv")) == 10
    missing, returns = planted(0)
    assert choose_count(missing, returns, GRID, rule(evaluation="sequential", criterion="gcv")) == 5


def test_global_sequential_takes_the_smallest_criterion() -> None:
    missing, returns = planted(2)
    missing[:, 19] *= 1e-3
    choice = rule(evaluation="sequential", optimum="global", criterion="gcv")
    assert choose_count(missing, returns, GRID, choice) == 20


def test_an_index_that_is_the_whole_market_needs_no_more() -> None:
    missing, returns = planted(1)
    assert choose_count(np.zeros_like(missing), returns, GRID, rule()) == 5


# ---------------------------------------------------------------------- the review


def test_the_number_stands_from_one_quarter_end_to_the_next() -> None:
    market = random_market(4, days=420, assets=20, defects=False)
    source = PointInTime(market)
    selection = rule(first_count=2, step=2)
    reviews = [current_review(source.at(row), Universe(), selection, Schedule()) for row in range(len(market.dates))]
    dates = [review.date if review else None for review in reviews]
    day = {str(date.date()): row for row, date in enumerate(market.dates)}
    assert set(dates[: day["2020-06-30"]]) == {None}  # 2020-01-01 is the first day: no December 31 to start from
    assert set(dates[day["2020-06-30"] : day["2020-09-30"]]) == {pd.Timestamp("2020-06-30")}
    assert dates[day["2020-09-30"]] == pd.Timestamp("2020-09-30")
    assert (
        current_review(source.at(300), Universe(), rule(first_count=21), Schedule()) is None
    )  # there are twenty assets
    counts = [review.count for review in reviews if review]
    assert len(set(counts[:92])) == 1
    assert 2 <= min(counts) <= max(counts) <= 20


def test_reviews_lie_where_the_rulebook_has_its_quarters_end() -> None:
    market = random_market(4, days=420, assets=20, defects=False)
    source, schedule = PointInTime(market), Schedule(quarters_start_in="february")
    reviews = [
        current_review(source.at(row), Universe(), rule(first_count=2, step=2), schedule)
        for row in range(len(market.dates))
    ]
    reviewed = dict.fromkeys(str(review.date.date()) for review in reviews if review)
    assert list(reviewed) == ["2020-04-30", "2020-07-31", "2020-10-31", "2021-01-31"]


def test_a_review_reads_its_three_months_and_nothing_else() -> None:
    market = random_market(4, days=420, assets=20, defects=False)
    selection = rule(first_count=2, step=2)
    noise = np.random.default_rng(0).lognormal(0, 1, market.prices.shape)

    def count(changed: pd.DatetimeIndex) -> int:
        factor = pd.DataFrame(1.0, market.prices.index, market.prices.columns)
        factor.loc[changed] = noise[: len(changed)]
        moved = MarketData.from_panels(market.prices * factor, market.market_caps, market.volumes)
        review = current_review(
            PointInTime(moved).at(300), Universe(), selection, Schedule()
        )  # 2020-10-27: quarter end 09-30
        assert review is not None
        return review.count

    untouched = count(market.dates[:0])
    assert count(market.dates[market.dates < "2020-06-30"]) == untouched
    assert count(market.dates[market.dates > "2020-09-30"]) == untouched
    # all prices of the review scrambled: the answer must be able to change
    assert count(market.dates[(market.dates > "2020-06-30") & (market.dates <= "2020-09-30")]) != untouched


def test_the_number_on_the_406_coins_lies_where_crix_had_it(market_406: MarketData) -> None:
    """The published back-test used at most 15 constituents, in steps of five."""
    source = PointInTime(market_406)
    ends = pd.date_range("2014-06-30", "2016-12-31", freq="QE")
    rows = market_406.dates.get_indexer(ends)
    reviews = [current_review(source.at(int(row)), CRIX, rule(), Schedule()) for row in rows]
    assert reviews[0] is None  # the data begin on the last day of a quarter: no full month before it
    counts = [review.count for review in reviews[1:] if review]
    assert counts == [10, 10, 10, 10, 10, 5, 15, 15, 15, 10]

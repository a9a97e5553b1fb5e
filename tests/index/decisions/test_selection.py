"""Ranks, buffers, selection rules, screens and their reasons."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.errors import MethodologyError
from research.index import build_index
from research.index.decisions.selection import RULES, Candidates, Selected, largest, rank_values, select
from research.market import MarketData
from research.point_in_time.measures import measure, ranks, window_mean, window_median
from research.point_in_time.screens import evaluate
from research.point_in_time.view import MarketView, PointInTime
from research.rulebook import Schedule, Selection, Universe
from research.rulebook.selection import SELECTION_RULES
from tests.index.markets import random_market, rules
from tests.index.truncation import assert_same_up_to


def choose(ranks: list[int], held: list[int], count: int, entry: int, leave: int) -> list[int]:
    incumbents = np.isin(np.arange(len(ranks)), held)
    chosen = largest(np.array(ranks), incumbents, Selection(count=count, entry_rank=entry, exit_rank=leave))
    return list(np.flatnonzero(chosen))


def test_a_member_inside_the_exit_rank_stays_and_a_newcomer_outside_the_entry_rank_waits() -> None:
    assert choose([1, 2, 3, 4, 5], held=[3], count=3, entry=2, leave=4) == [0, 1, 3]


def test_a_newcomer_at_the_entry_rank_pushes_the_worst_ranked_member_out() -> None:
    assert choose([1, 2, 3, 4, 5], held=[1, 2, 3], count=3, entry=2, leave=4) == [0, 1, 2]


def test_a_member_below_the_exit_rank_leaves() -> None:
    assert choose([1, 2, 3, 4, 5], held=[4], count=3, entry=2, leave=4) == [0, 1, 2]


def test_an_asset_without_a_rank_is_never_chosen() -> None:
    assert choose([0, 1, 0], held=[0], count=3, entry=3, leave=3) == [1]


@given(
    st.permutations(range(1, 15)),
    st.sets(st.integers(0, 13), max_size=6),
    st.integers(2, 6),
    st.integers(0, 3),
    st.integers(0, 4),
)
def test_the_buffer_keeps_its_promises(ranks: list[int], held: set[int], count: int, below: int, above: int) -> None:
    entry, leave = max(1, count - below), count + above
    chosen = choose(ranks, sorted(held), count, entry, leave)
    assert len(chosen) == count
    assert all(place in chosen for place, rank in enumerate(ranks) if rank <= entry)
    newcomers = [ranks[place] for place in chosen if place not in held and ranks[place] > entry]
    dropped = [ranks[place] for place in held if place not in chosen and ranks[place] <= leave]
    assert not (newcomers and dropped)  # nobody new comes in through the buffer while a member inside it goes


def choose_from(
    values: list[float], selection: Selection, held: tuple[int, ...] = (), ineligible: tuple[int, ...] = ()
) -> Selected:
    """What a rule chooses from assets of these sizes."""
    days = pd.date_range("2021-01-01", periods=3)
    panel = pd.DataFrame([values] * 3, days, [f"a{place:02d}" for place in range(len(values))])
    view = PointInTime(MarketData.from_panels(panel.fillna(1.0), panel, panel)).at(2)
    places = np.arange(len(values))
    sizes = rank_values(view, selection)
    order = ranks(view, sizes, ~np.isin(places, ineligible), order=selection.order)
    held_mask = np.isin(places, held)
    return select(
        Candidates(
            view=view, universe=Universe(), schedule=Schedule(), ranks=order, values=sizes, incumbents=held_mask
        ),
        selection,
    )


def chosen(outcome: Selected) -> list[int]:
    return list(np.flatnonzero(outcome.mask))


SHARES = [5.0, 40.0, 30.0, 15.0, 10.0]  # of 100


@pytest.mark.parametrize(
    ("coverage", "members"), [(0.4, [1]), (0.41, [1, 2]), (0.7, [1, 2]), (0.85, [1, 2, 3]), (1.0, [0, 1, 2, 3, 4])]
)
def test_coverage_takes_the_smallest_set_that_reaches_the_share(coverage: float, members: list[int]) -> None:
    assert chosen(choose_from(SHARES, Selection(rule="coverage", coverage=coverage))) == members


def test_coverage_counts_only_what_is_eligible() -> None:
    outcome = choose_from(SHARES, Selection(rule="coverage", coverage=0.8), ineligible=(1,))  # 30 + 15 + 10 of 60
    assert chosen(outcome) == [2, 3, 4]
    assert outcome.note == "the 3 largest cover 91.7% of the eligible total"


def test_coverage_stays_within_its_counts() -> None:
    assert chosen(choose_from(SHARES, Selection(rule="coverage", coverage=0.9, max_count=2))) == [1, 2]
    assert chosen(choose_from(SHARES, Selection(rule="coverage", coverage=0.1, min_count=3))) == [1, 2, 3]


def test_members_stay_while_they_cover_the_floor_and_are_chosen_anew_below_it() -> None:
    rule = Selection(rule="coverage", coverage=0.8, coverage_floor=0.75)
    stays = choose_from(SHARES, rule, held=(0, 1, 2))  # 75 of 100
    assert chosen(stays) == [0, 1, 2]
    assert "not below the floor of 75.0%" in stays.note
    assert chosen(choose_from([4.0, *SHARES[1:]], rule, held=(0, 1, 2))) == [1, 2, 3]  # 74 of 99: below
    assert chosen(choose_from(SHARES, rule, held=(0, 1, 2, 3), ineligible=(0,))) == [1, 2, 3]  # 85 of 95, and 0 leaves


@settings(max_examples=50)
@given(
    st.lists(st.floats(1, 1e6), min_size=1, max_size=12, unique=True),
    st.floats(0.05, 1.0),
)
def test_a_coverage_set_reaches_its_share_and_one_member_fewer_does_not(sizes: list[float], coverage: float) -> None:
    mask = choose_from(sizes, Selection(rule="coverage", coverage=coverage)).mask
    inside, total = np.sort(np.array(sizes)[mask]), np.sum(sizes)
    assert inside.sum() >= coverage * total * (1 - 1e-12)
    assert inside[1:].sum() < coverage * total * (1 + 1e-12)
    assert inside[0] >= max(np.array(sizes)[~mask], default=0.0)


def test_all_takes_everyone_eligible_that_can_be_ranked() -> None:
    assert chosen(choose_from([3.0, np.nan, 1.0, 2.0], Selection(rule="all"), ineligible=(3,))) == [0, 2]


def test_top_by_has_the_same_buffer_on_the_rank_by_its_measure() -> None:
    rule = Selection(rule="top_by", rank_by="volume", order="lowest", count=2, entry_rank=1, exit_rank=3)
    assert chosen(choose_from([5.0, 4.0, 3.0, 2.0, 1.0], rule, held=(2,))) == [2, 4]
    assert chosen(choose_from([5.0, 4.0, 3.0, 2.0, 1.0], rule, held=(1,))) == [3, 4]


def test_every_rule_of_the_rulebook_is_there() -> None:
    assert set(RULES) == set(SELECTION_RULES)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "rule = 'largest' needs count"),
        ({"rule": "votes"}, "rule = 'votes' needs count"),
        ({"rule": "coverage"}, "rule = 'coverage' needs coverage"),
        ({"rule": "coverage", "coverage": 1.2}, "coverage = 1.2: expected a share"),
        ({"rule": "coverage", "coverage": 0.8, "coverage_floor": 0.9}, "coverage_floor = 0.9 lies above coverage"),
        ({"rule": "coverage", "coverage": 0.8, "count": 5}, "count says nothing under rule = 'coverage'"),
        ({"count": 5, "coverage": 0.8}, "coverage says nothing under rule = 'largest': it belongs to coverage"),
        ({"count": 5, "order": "lowest"}, "order says nothing under rule = 'largest': it belongs to top_by"),
        ({"count": 5, "rule": "top_by", "order": "low"}, "order = 'low' is not known"),
        ({"count": 5, "min_count": 6}, "min_count = 6: expected 1 to count = 5"),
        ({"rule": "information_criterion", "max_count": 4}, "first_count = 5 lies above max_count = 4"),
        ({"rule": "information_criterion", "criterion": "bic"}, "criterion = 'bic' is not known"),
        ({"rule": "information_criterion", "step": 0}, "step = 0: expected 1 to 100,000"),
        ({"rule": "votes", "count": 5, "rank_by": "volume"}, "rank_by says nothing under rule = 'votes'"),
        ({"rule": "votes", "count": 5, "power": "capped"}, "power_cap belongs to power = 'capped'"),
        ({"rule": "votes", "count": 5, "power_cap": 0.1}, "power_cap belongs to power = 'capped'"),
        ({"rule": "votes", "count": 5, "quorum": 5.0}, "quorum = 5.0: expected a share from 0 to 1"),
        ({"rule": "votes", "count": 5, "voting_days": 0}, "voting_days = 0: expected 1 to 365"),
    ],
)
def test_an_impossible_selection_is_refused_with_the_key(table: dict[str, Any], message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        Selection(**table)


def test_the_largest_number_of_members_is_known_where_the_rule_bounds_it() -> None:
    assert Selection(count=5).most_members == 5
    assert Selection(rule="coverage", coverage=0.5, max_count=7).most_members == 7
    assert Selection(rule="all").most_members is None


def decide_members(view: MarketView, universe: Universe, selection: Selection) -> Selected:
    """Screens, ranks and the rule, as a determination applies them to an index without members."""
    nobody = np.zeros(len(view.assets), dtype=bool)
    screens = evaluate(view, universe, nobody, needs_cap=True)
    eligible = np.logical_and.reduce([screen.passed for screen in screens])
    values = rank_values(view, selection)
    order = ranks(view, values, eligible, order=selection.order)
    return select(
        Candidates(view=view, universe=universe, schedule=Schedule(), ranks=order, values=values, incumbents=nobody),
        selection,
    )


SELECTIONS = {
    "ema": Selection(count=4, rank_by="market_cap_ema_30d"),
    "calmest": Selection(rule="top_by", count=4, rank_by="volatility_30d", order="lowest"),
    "consistent": Selection(rule="top_by", count=4, rank_by="consistency_56d"),
    "coverage": Selection(rule="coverage", coverage=0.8),
    "all": Selection(rule="all"),
    "together": Selection(rule="information_criterion", first_count=2, step=2),
    "sequential, global": Selection(
        rule="information_criterion", first_count=1, step=1, evaluation="sequential", optimum="global"
    ),
}


@pytest.mark.parametrize("selection", SELECTIONS.values(), ids=SELECTIONS.keys())
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**16), cut=st.floats(0.65, 1.0))
def test_no_rule_looks_ahead(selection: Selection, seed: int, cut: float) -> None:
    market = random_market(seed, days=300)  # to October: the end of the second quarter can be reviewed
    row = int(cut * (len(market.dates) - 1))
    universe = Universe(min_valid_share=0.5, valid_share_window="month")
    whole = PointInTime(market)
    decide_members(whole.at(len(market.dates) - 1), universe, selection)  # what was asked before must not matter
    seen = decide_members(whole.at(row), universe, selection)
    known = decide_members(PointInTime(market.until(market.dates[row])).at(row), universe, selection)
    np.testing.assert_array_equal(seen.mask, known.mask)
    assert seen.note == known.note
    assert seen.mask.any()


RULEBOOKS: dict[str, dict[str, Any]] = {
    "ema": {"selection": {"count": 4, "rank_by": "market_cap_ema_30d"}},
    "calmest": {
        "selection": {"rule": "top_by", "count": 4, "rank_by": "volatility_30d", "order": "lowest", "exit_rank": 6}
    },
    "coverage": {"selection": {"rule": "coverage", "coverage": 0.8, "coverage_floor": 0.75}},
    "all": {"selection": {"rule": "all"}},
    "information criterion": {"selection": {"rule": "information_criterion", "first_count": 2, "step": 2}},
    "votes": {"selection": {"rule": "votes", "count": 3, "entry_rank": 2, "exit_rank": 4}},
    "screens": {
        "universe": {
            "max_stale_days": 5,
            "max_supply_jump": 0.5,
            "exclude_pegged": ["usd"],
            "exclude_copies_of": 3,
            "min_volume_quantile": 0.1,
        },
        "selection": {"count": 3},
    },
}


def ballots(market: MarketData, seed: int) -> pd.DataFrame:
    """A proposal every month: twelve holders put their whole holding on one asset each; some stay away."""
    rng, rows = np.random.default_rng(seed), []
    for number, day in enumerate(market.dates[40::30]):
        for holder in range(12):
            power, choice = rng.lognormal(3, 1), rng.choice(market.prices.columns)
            cast = day + pd.Timedelta(days=int(rng.integers(1, 8)))
            rows.append((day, f"p{number:02d}", f"h{holder}", power, ""))
            if rng.random() < 0.8:
                rows.append((cast, f"p{number:02d}", f"h{holder}", power, choice))
    return pd.DataFrame(rows, columns=["date", "proposal", "voter", "power", "choice"]).sort_values("date")


@pytest.mark.parametrize("tables", RULEBOOKS.values(), ids=RULEBOOKS.keys())
@pytest.mark.parametrize("seed", [1, 2])
def test_an_index_by_any_rule_does_not_look_ahead(tables: dict[str, Any], seed: int) -> None:
    market, methodology = random_market(seed, days=400), rules(**tables)
    votes = ballots(market, seed)
    whole = build_index(market, methodology, votes=votes)
    for date in market.dates[[273, 334, 399]]:  # two month ends, on which decisions are taken, and the last day
        known = build_index(market.until(date), methodology, votes=votes[votes["date"] <= date])
        assert_same_up_to(known, whole, date)


def test_a_vote_without_quorum_keeps_the_members_and_says_so() -> None:
    market = random_market(1, defects=False)
    votes = ballots(market, 1)
    quiet = votes[(votes["proposal"] != "p04") | (votes["choice"] == "")]  # nobody votes on p04, closed on 06-16
    methodology = rules(selection={"rule": "votes", "count": 3, "quorum": 0.2})
    with_votes, without = (build_index(market, methodology, votes=table) for table in (votes, quiet))
    selected = [
        index.decisions.pivot_table(index="asset_id", columns="determination_date", values="selected", aggfunc="all")
        for index in (with_votes, without)
    ]
    may, june = pd.Timestamp("2020-05-31"), pd.Timestamp("2020-06-30")
    assert (selected[1][june] == selected[1][may]).all()
    assert (selected[0][june] != selected[0][may]).any()
    kept = without.events[without.events["event"] == "kept"]
    assert kept["detail"].str.contains("proposal p04.*turnout 0.0%, quorum 20.0% not reached").tolist() == [True]
    assert not (with_votes.events["event"] == "kept").any()


def test_ties_go_to_the_larger_cap_then_volume_then_age_then_id() -> None:
    days = pd.date_range("2021-01-01", periods=3)
    prices = pd.DataFrame(1.0, days, list("abcde"))
    prices.iloc[:2, 3:] = np.nan  # d and e are younger
    caps = pd.DataFrame(5.0, days, prices.columns).assign(b=6.0)
    volumes = pd.DataFrame(1.0, days, prices.columns).assign(c=2.0)
    index = build_index(
        MarketData.from_panels(prices, caps, volumes),
        rules(
            base_date=days[-1].date(),
            selection={"count": 5, "rank_by": "market_cap"},
            schedule={"reconstitution": "daily", "lag_days": 0},
        ),
    )
    order = index.decisions.sort_values("rank")
    assert list(order["asset_id"]) == ["b", "c", "a", "d", "e"]


def test_the_measures_are_plain_statistics_of_the_trailing_window() -> None:
    market = random_market(2)
    view = PointInTime(market).at(150)
    ids = market.prices.columns[view.assets]
    window = market.market_caps.iloc[121:151][ids]
    enough = (window.notna().sum() >= 15) & window.iloc[-1].notna()
    np.testing.assert_allclose(measure(view, "market_cap_mean_30d"), window.mean().where(enough), rtol=1e-13)
    median = market.volumes.iloc[131:151][ids].median()
    there = market.volumes.iloc[150][ids].notna() & (market.volumes.iloc[131:151][ids].notna().sum() >= 10)
    np.testing.assert_allclose(measure(view, "volume_median_20d"), median.where(there), rtol=1e-15)
    np.testing.assert_array_equal(measure(view, "market_cap"), market.market_caps.iloc[150][ids])


@given(
    st.lists(st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(np.nan)), min_size=3, max_size=3), min_size=1, max_size=9)
)
def test_window_statistics_agree_with_pandas(rows: list[list[float]]) -> None:
    frame = pd.DataFrame(rows)
    np.testing.assert_allclose(window_median(frame.to_numpy()), frame.median(), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(window_mean(frame.to_numpy()), frame.mean(), rtol=1e-9, atol=1e-9)


@pytest.fixture(scope="module")
def screened() -> pd.DataFrame:
    """One decision on a market where each asset fails one screen, on purpose."""
    days = pd.date_range("2021-01-01", periods=120)
    names = ["good", "member", "young", "gappy", "small", "thin", "bogus", "washed", "stable", "absent", "capless"]
    prices = pd.DataFrame(1.0, days, names)
    caps = pd.DataFrame(1e9, days, names)
    volumes = pd.DataFrame(1e7, days, names)
    prices.loc[:"2021-04-01", "young"] = np.nan
    prices.loc["2021-02-10":"2021-02-25", "gappy"] = np.nan
    prices.loc["2021-04-30":, "absent"] = np.nan
    caps["small"], caps["bogus"], caps["washed"], caps["member"] = 9e6, 1e14, 1.1e7, 8.5e6
    caps.loc["2021-04-30":, "capless"] = np.nan
    caps.loc[:"2021-03-31", "member"] = 2e9
    volumes["thin"], volumes["washed"], volumes["member"], volumes["small"] = 5e4, 1e8, 1e6, 1e6
    tags = pd.DataFrame(
        {"asset_id": ["stable"], "tag": ["stablecoin"], "valid_from": [pd.Timestamp("2021-04-15")], "static": [False]}
    )
    market = MarketData.from_panels(prices, caps, volumes, tags=tags)
    index = build_index(
        market,
        rules(
            base_date=pd.Timestamp("2021-04-02").date(),
            universe={
                "exclude_tags": ["stablecoin"],
                "min_history_days": 60,
                "min_valid_share": 0.9,
                "min_market_cap": 1e7,
                "min_volume": 1e5,
                "turnover_band": [0.0005, 3.0],
                "incumbent_relief": 0.8,
            },
            selection={"count": 6, "min_count": 1},
        ),
    )
    decisions = index.decisions
    return decisions[decisions["determination_date"] == "2021-04-30"].set_index("asset_id")


@pytest.mark.parametrize(
    ("asset", "screen"),
    [
        ("young", "min_history_days"),
        ("gappy", "min_valid_share"),
        ("small", "min_market_cap"),
        ("thin", "min_volume"),
        ("bogus", "min_turnover"),
        ("washed", "max_turnover"),
        ("stable", "exclude_tags"),
        ("absent", "price_today"),
        ("capless", "market_cap_today"),
    ],
)
def test_each_screen_fails_what_it_is_for_and_gives_the_reason(screened: pd.DataFrame, asset: str, screen: str) -> None:
    row = screened.loc[asset]
    assert not row[f"{screen}_pass"]
    assert not row["eligible"]
    assert not row["selected"]
    assert row["reason"].startswith("not eligible: ")


def test_a_member_has_relief_and_a_newcomer_of_the_same_size_does_not(screened: pd.DataFrame) -> None:
    assert screened.loc["member", "incumbent"]
    assert screened.loc["member", "min_market_cap_value"] == 8.5e6
    assert screened.loc["member", "min_market_cap_limit"] == 8e6
    assert screened.loc["member", "selected"]
    assert screened.loc["small", "min_market_cap_limit"] == 1e7


def test_a_tag_counts_only_from_its_date_on() -> None:
    days = pd.date_range("2021-01-01", periods=70)
    prices = pd.DataFrame(1.0, days, ["a", "b"])
    tags = pd.DataFrame(
        {"asset_id": ["a"], "tag": ["stablecoin"], "valid_from": [pd.Timestamp("2021-02-10")], "static": [False]}
    )
    index = build_index(
        MarketData.from_panels(prices, prices, tags=tags),
        rules(universe={"exclude_tags": ["stablecoin"]}, selection={"count": 2, "min_count": 1}),
    )
    table = index.decisions.pivot_table(
        index="determination_date", columns="asset_id", values="eligible", aggfunc="all"
    )
    assert table["a"].tolist() == [True, False]
    assert table["b"].tolist() == [True, True]

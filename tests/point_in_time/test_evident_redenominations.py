"""A price that leaps while the market cap stays is a new unit: found on its day, from that day and the past alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.errors import DataError
from research.index import IndexHistory, Methodology, build_index
from research.market import MarketData, load_market
from research.point_in_time.corporate_actions import MIGRATION_COLUMNS, read_migrations
from research.point_in_time.evident_redenominations import JUMP, STEADY, TOLERANCE, evident_redenominations
from research.point_in_time.view import PointInTime
from research.signals import make_signals
from tests.conftest import shared
from tests.index.markets import random_market, rules, with_new_units
from tests.index.truncation import assert_truncation_invariant
from tests.signals.markets import market as signal_market
from tests.signals.markets import recipe as signal_recipe

DAYS = pd.date_range("2021-11-01", periods=60)
DAY = 30
EVERRISE = 38_584.0  # x, on 2021-12-01, with the cap unchanged: as it stood in CoinGecko's data


def panel(**assets: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {name: np.broadcast_to(values, len(DAYS)) for name, values in assets.items()}, DAYS, dtype=float
    )


def from_day(factor: float, day: int = DAY, until: int = len(DAYS)) -> np.ndarray:
    """One, and `factor` from a day on."""
    return np.where((np.arange(len(DAYS)) >= day) & (np.arange(len(DAYS)) < until), factor, 1.0)


def found(prices: Any, caps: Any, announced: pd.DataFrame | None = None) -> list[tuple[int, float]]:
    """Rows and ratios of one asset's changes of unit."""
    market = MarketData.from_panels(panel(a=prices), panel(a=caps))
    return [(step.row, step.ratio) for step in evident_redenominations(market, read_migrations(announced, market))]


def lines(*rows: tuple[Any, ...], confirmed: bool = False) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=MIGRATION_COLUMNS).assign(confirmed=confirmed)


# ---------------------------------------------------------------------- what an index makes of it


def of_two(prices: pd.DataFrame, caps: pd.DataFrame, **options: Any) -> IndexHistory:
    events = {"redenominations": options.pop("redenominations", "evident")}
    methodology = rules(
        base_date=DAYS[10].date(),
        selection={"count": 2},
        weighting={"scheme": "equal"},
        schedule={"reconstitution": "yearly", "lag_days": 1},
        events=events,
    )
    return build_index(MarketData.from_panels(prices, caps), methodology, **options)


def test_what_is_held_of_everrise_moves_as_its_market_cap_does_and_an_event_and_a_caveat_say_so() -> None:
    """x 38,584 at a market cap that grew by 7 %: half of the index grows by 7 %, not by 3,858,300 %."""
    prices = panel(bitcoin=1.0, everrise=from_day(EVERRISE))
    caps = panel(bitcoin=1e9, everrise=1e8 * from_day(1.07))
    index = of_two(prices, caps)
    assert index.level.pct_change().iloc[1:].max() == pytest.approx(0.035)
    assert index.level.iloc[-1] == pytest.approx(1035.0)
    event = index.events.query("event == 'evident redenomination'").iloc[0]
    assert (event["date"], event["asset_id"]) == (DAYS[DAY], "everrise")
    assert event["detail"] == "price x3.858e+04, market cap x1.07: one old unit is 2.773e-05 new"
    assert any("everrise on 2021-12-01 (price x3.858e+04, market cap x1.07" in line for line in index.caveats)
    assert set(index.events["event"]).isdisjoint({"leap", "redenominated", "supply revised"})
    as_printed = of_two(prices, caps, redenominations="given")
    assert as_printed.level.max() == pytest.approx(500 * (1 + EVERRISE))
    assert "leap" in set(as_printed.events["event"])


def test_a_dilution_by_issuing_looks_the_same_as_a_new_unit_and_the_caveat_says_so() -> None:
    """A mint attack: supply x10, price / 10, the cap stays. Holders lost nine tenths, and only a line can say it."""
    prices, caps = panel(a=1.0, b=from_day(0.1)), panel(a=1e9, b=1e8)
    index = of_two(prices, caps)
    assert index.level.iloc[-1] == pytest.approx(1000.0)
    assert any("b on 2021-12-01 (price x0.1, " in line and "A dilution by issuing" in line for line in index.caveats)
    told = of_two(prices, caps, migrations=lines((DAYS[DAY], "b", "b", 1.0), confirmed=True))
    assert told.level.iloc[-1] == pytest.approx(550.0)


@pytest.mark.parametrize("first_day", [np.nan, 1e10], ids=["missing", "of a supply that comes a day late"])
def test_a_cap_that_is_not_right_on_the_day_hides_a_new_unit_and_a_line_gives_it(first_day: float) -> None:
    prices, caps = panel(a=1.0, b=from_day(100.0)), panel(a=1e9, b=1e8)
    caps.iloc[DAY, caps.columns.get_loc("b")] = first_day
    assert of_two(prices, caps).level.max() > 50_000
    told = of_two(prices, caps, migrations=lines((DAYS[DAY], "b", "b", 0.01)))
    assert told.level.iloc[-1] == pytest.approx(1000.0)


def test_a_line_for_the_asset_and_day_takes_the_place_of_what_is_evident() -> None:
    prices = panel(a=1.0, b=from_day(100.0))
    caps = panel(a=1e9, b=1e8 * from_day(1.10))
    announced = of_two(prices, caps, migrations=lines((DAYS[DAY], "b", "b", 0.0105)))
    assert announced.level.iloc[-1] == pytest.approx(500 * (1 + 1.05))
    assert "evident redenomination" not in set(announced.events["event"])
    with pytest.raises(DataError, match=r"b on 2021-12-01: with the ratio 1 a move of x100 is left over"):
        of_two(prices, caps, migrations=lines((DAYS[DAY], "b", "b", 1.0)))
    refused = of_two(prices, caps, migrations=lines((DAYS[DAY], "b", "b", 1.0), confirmed=True))
    assert refused.level.iloc[-1] == pytest.approx(500 * (1 + 100))  # it was a real move, somebody says
    assert {"leap"} <= set(refused.events["event"])
    assert set(refused.events["event"]).isdisjoint({"evident redenomination", "redenominated"})
    other_day = of_two(prices, caps, migrations=lines((DAYS[5], "a", "a", 1.0)))
    assert other_day.level.iloc[-1] == pytest.approx(1050.0)


def test_no_level_of_the_sample_moves_but_through_the_day_of_its_redenomination() -> None:
    """Equal Weight 100 has no day of +154 % any more; up to the day before, every level is what it was."""
    market = load_market("data/sample", end="2021-12-31")
    day = pd.Timestamp("2021-09-17")
    for name in ("equal-weight-100", "total-market", "large-cap-10"):
        methodology = Methodology.load(name)
        given_alone = replace(methodology, events=replace(methodology.events, redenominations="given"))
        before, after = build_index(market, given_alone), build_index(market, methodology)
        assert after.level.loc[: day - pd.Timedelta(days=1)].equals(before.level.loc[: day - pd.Timedelta(days=1)])
        if name == "large-cap-10":  # never holds it
            assert after.level.equals(before.level)
        else:
            assert after.level[day] != before.level[day]
            event = after.events.query("event == 'evident redenomination'")
            assert event[["date", "asset_id"]].to_numpy().tolist() == [[day, "meridian-markets"]]
        if name == "equal-weight-100":
            assert before.level.pct_change().max() > 1.5
            assert after.level.pct_change().max() < 0.5


def test_signals_are_made_from_the_unit_that_is_held() -> None:
    """The calls of a market whose units leap are those of the market whose units do not."""
    plain, recipe = signal_market(), signal_recipe()
    leaping = with_new_units(plain, 3)
    assert len(evident_redenominations(leaping, [])) >= len(plain.prices.columns)
    calls = [make_signals(market, recipe).table for market in (plain, leaping)]
    pd.testing.assert_frame_equal(*calls, rtol=1e-6)
    as_printed = make_signals(leaping, recipe, redenominations="given").table
    assert not np.allclose(as_printed["score"], calls[0]["score"], rtol=0.1)


# ---------------------------------------------------------------------- where the rule ends


def wave(size: float = 0.02) -> np.ndarray:
    """A market cap that moves each day, as caps do."""
    return 1e8 * np.exp(size * np.sin(np.arange(len(DAYS))))


def test_the_ratio_is_that_of_the_supplies_so_that_the_price_moves_as_the_cap_does() -> None:
    caps = wave()
    (change,) = found(caps / 1e6 * from_day(0.001), caps)
    assert change == (DAY, pytest.approx(1000.0, rel=1e-12))


@pytest.mark.parametrize("up", [True, False])
def test_a_leap_of_five_is_one_and_a_smaller_one_is_none(up: bool) -> None:
    for factor, evident in ((JUMP * 1.001, True), (JUMP * 0.999, False)):
        assert bool(found(from_day(factor if up else 1 / factor), 1e8)) is evident


@pytest.mark.parametrize("up", [True, False])
def test_a_cap_beyond_the_tolerance_is_a_move_and_no_unit(up: bool) -> None:
    for step, evident in ((TOLERANCE * 0.999, True), (TOLERANCE * 1.001, False)):
        cap = 1e8 * from_day(np.exp(step if up else -step))
        assert bool(found(from_day(20.0) * cap / 1e8, cap)) is evident


def test_without_a_cap_on_the_day_or_on_that_of_the_last_print_nothing_is_evident() -> None:
    prices, caps = from_day(100.0), 1e8 * np.ones(len(DAYS))
    for missing in (DAY, DAY - 1):
        assert found(prices, np.where(np.arange(len(DAYS)) == missing, np.nan, caps)) == []
    assert len(found(prices, np.where(np.arange(len(DAYS)) == DAY - 2, np.nan, caps))) == 1


def test_over_a_gap_of_more_than_ten_days_nothing_is_evident() -> None:
    for days, evident in ((1, True), (9, True), (10, False)):
        gap = (np.arange(len(DAYS)) < DAY) & (np.arange(len(DAYS)) >= DAY - days)
        prices = np.where(gap, np.nan, from_day(100.0))
        assert bool(found(prices, np.where(gap, np.nan, 1e8))) is evident, days


def test_a_supply_that_is_known_for_less_than_five_days_cannot_be_called_steady() -> None:
    for known, evident in ((5, True), (4, False)):
        caps = np.where(np.arange(len(DAYS)) >= DAY - known, 1e8, np.nan)
        assert bool(found(from_day(100.0), caps)) is evident


def test_a_supply_that_has_run_away_before_is_no_change_of_unit() -> None:
    """Terra's way down: the supply grows tenfold and more each day, and on one day the cap happens to stay."""
    day = np.arange(len(DAYS))
    for growth, evident in ((STEADY * 0.99, True), (STEADY * 1.01, False)):
        caps = np.where(day == DAY - 1, 1e8 * growth, 1e8)  # the supply of the eve, at the price of before
        caps = np.where(day >= DAY, caps[DAY - 1], caps)
        assert bool(found(from_day(0.1), caps)) is evident


def test_a_wrong_print_beside_a_right_cap_comes_and_goes_without_a_trace() -> None:
    caps = wave()
    for factor in (100.0, 1 / 100.0):
        changes = found(caps / 1e6 * from_day(factor, DAY, DAY + 1), caps)
        assert [row for row, _ in changes] == [DAY, DAY + 1]
        assert np.prod([ratio for _, ratio in changes]) == pytest.approx(1.0, abs=1e-12)


def test_a_unit_that_comes_back_in_two_steps_is_back_once_the_supply_is() -> None:
    """Down by 225 in one step, up by 9 and by 25: the last is no leap beside a cap that stays, and undoes it all."""
    prices = from_day(1 / 225.0, DAY, DAY + 1) * from_day(1 / 25.0, DAY + 1, DAY + 2)
    caps = 1e8 * from_day(2.8, DAY + 1, DAY + 2)
    changes = found(prices, caps)
    assert [row for row, _ in changes] == [DAY, DAY + 2]
    assert np.prod([ratio for _, ratio in changes]) == pytest.approx(1.0, abs=1e-12)


def test_a_wrong_supply_after_a_new_unit_does_not_bring_the_old_one_back() -> None:
    """The vendor forgets the new supply for some days: the cap falls, the price stays where the new unit put it."""
    assert len(found(from_day(0.01), 1e8 * from_day(0.01, DAY + 3, DAY + 6))) == 1


def test_the_way_back_from_a_print_that_was_none_of_a_new_unit_is_none_either() -> None:
    """Down by 4.6 in one step, which is too little, and up by 5.5: taking only the way up would keep the loss."""
    prices = from_day(1 / 4.6, DAY, DAY + 1) * from_day(5.5 / 4.6, DAY + 1)
    assert found(prices, 1e8) == []


def test_announced_units_are_reckoned_with() -> None:
    """Two redenominations two weeks apart, the first of them announced: the second is evident beside it."""
    prices, table = from_day(0.1) * from_day(0.01, DAY + 14), lines((DAYS[DAY], "a", "a", 10.0))
    assert found(prices, 1e8, table) == [(DAY + 14, pytest.approx(100.0))]
    assert [row for row, _ in found(prices, 1e8)] == [DAY, DAY + 14]


def test_after_a_migration_the_units_are_those_of_what_the_asset_has_become() -> None:
    prices = panel(old=2.0, new=from_day(100.0, DAY + 10))
    market = MarketData.from_panels(prices, panel(old=1e8, new=1e8))
    moved = lines((DAYS[DAY], "old", "new", 2.0))
    source = PointInTime(market, migrations=moved)
    assert [(step.row, market.prices.columns[step.old]) for step in source.conversions] == [
        (DAY, "old"),
        (DAY + 10, "old"),
    ]
    np.testing.assert_allclose(source.prices[:, list(market.prices.columns).index("old")], 2.0)
    stray = MarketData.from_panels(panel(old=2 * from_day(100.0, DAY + 10), new=1.0), panel(old=1e8, new=1e8))
    assert len(PointInTime(stray, migrations=moved).conversions) == 1  # the old id's own prints no longer count


# ---------------------------------------------------------------------- invariances


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_a_cut_changes_nothing_of_what_was_found_before_it(seed: int) -> None:
    market = with_new_units(random_market(seed), seed)
    whole = evident_redenominations(market, [])
    assert len(whole) > 6
    for row in {step.row + shift for step in whole for shift in (-1, 0, 1)}:
        cut = market.until(market.dates[min(row, len(market.dates) - 1)])
        names = cut.prices.columns
        known = [(step.row, names[step.old], step.ratio) for step in evident_redenominations(cut, [])]
        assert known == [(s.row, market.prices.columns[s.old], s.ratio) for s in whole if s.row <= row]


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**16), power=st.integers(-20, 20))
def test_neither_the_unit_of_money_nor_the_names_of_the_assets_matter(seed: int, power: int) -> None:
    market = with_new_units(random_market(seed), seed)
    whole = {(market.prices.columns[s.old], s.row): s.ratio for s in evident_redenominations(market, [])}
    names = dict(
        zip(market.prices.columns, np.random.default_rng(seed).permutation(market.prices.columns), strict=True)
    )
    factor = 2.0**power
    prices, caps = (panel.rename(columns=names) * factor for panel in (market.prices, market.market_caps))
    other = MarketData.from_panels(prices, caps)
    again = {(other.prices.columns[s.old], s.row): s.ratio for s in evident_redenominations(other, [])}
    assert again == {(names[asset], row): ratio for (asset, row), ratio in whole.items()}


def test_an_index_cut_on_before_and_after_the_day_is_the_same_up_to_it() -> None:
    market = load_market("data/sample", start="2021-06-01", end="2021-11-30")
    methodology = rules(
        selection={"count": 100, "min_count": 20}, weighting={"scheme": "equal"}, schedule={"reconstitution": "weekly"}
    )
    days = [pd.Timestamp("2021-09-17") + pd.Timedelta(days=shift) for shift in (-1, 0, 1, 2)]
    assert_truncation_invariant(market, methodology, days)


# ---------------------------------------------------------------------- real markets


def two_vendors(table: pd.DataFrame) -> MarketData:
    """Prices and caps of a long table as they are, without the values that no market can have."""
    prices, caps = (table.pivot_table(index="date", columns="symbol", values=name) for name in ("close", "market_cap"))
    prices = prices.where(prices > 0)
    return MarketData.from_panels(prices, caps.where((caps > 0) & prices.notna() & (caps < 1e18)))


def named(market: MarketData) -> list[tuple[str, str]]:
    steps = evident_redenominations(market, [])
    return [(str(market.prices.columns[step.old]), str(market.dates[step.row].date())) for step in steps]


def test_of_406_coins_the_one_redenomination_is_found_and_the_flips_of_arc_are_not(market_406: MarketData) -> None:
    """arc has two sources, price and supply from either: its cap moves with the price, by 3 to 46 a day."""
    assert named(market_406) == [("troll", "2015-12-06")]


def test_terra_and_all_others_of_the_50_keep_their_moves(market_50: MarketData) -> None:
    assert named(market_50) == []


def test_on_the_file_with_caps_and_prices_of_two_vendors_wrong_prints_leave_no_trace() -> None:
    table = pd.read_parquet(shared("market/coingecko_312_2017_2018_social_artem.parquet"))
    market = two_vendors(table)
    read = pd.DataFrame(PointInTime(market).prices, market.dates, market.prices.columns)
    assert {"FSN", "FUN"} <= {name for name, _ in named(market)}  # quoted in ether by mistake until a day
    for name, largest in (("GNT", 4.6), ("BAT", 4.8), ("SPANK", 9.4), ("HST", 11.9), ("PPP", 3.3), ("ION", 2.0)):
        printed, taken = market.prices[name].dropna(), read[name].dropna()
        assert taken.iloc[-1] == pytest.approx(printed.iloc[-1], rel=1e-9), name  # each spike has gone as it came
        moves = [np.log(prices).diff().abs().max() for prices in (printed, taken)]
        assert moves[0] > largest > 1.75 > moves[1], name


def test_no_change_of_unit_makes_a_move_larger_than_it_was_printed() -> None:
    """BCD wanders between two units of which each is the other's sevenfold: what is wrong then, is no worse."""
    table = pd.read_parquet(shared("market/coingecko_312_2017_2018_social_artem.parquet"))
    market = two_vendors(table)
    printed, taken = market.prices.to_numpy(), PointInTime(market).prices
    with np.errstate(invalid="ignore"):
        moves = [np.abs(np.diff(np.log(prices), axis=0)) for prices in (printed, taken)]
    assert (moves[1] > moves[0] * (1 + 1e-9)).sum() == 0
    assert len(evident_redenominations(market, [])) > 30


def test_a_month_between_two_prices_is_too_long_to_judge() -> None:
    """SUSHI printed a seventh of the price at 5.6 times the supply a month later, and that was no redenomination."""
    table = pd.read_parquet(shared("market/cmc_top200_monthly_2020_2025_sbq.parquet")).drop_duplicates(
        ["date", "symbol"], keep=False
    )
    assert named(two_vendors(table)) == []


def test_the_tolerance_passes_nearly_all_ordinary_days_of_a_cap(market_50: MarketData, market_406: MarketData) -> None:
    """How often a redenomination would be missed because its day brings a larger move of the cap, too."""
    for market, most in ((market_50, 0.003), (market_406, 0.03)):
        moves = np.log(market.market_caps).diff().abs()
        steady = np.log(market.market_caps / market.prices).diff().abs() < 0.05
        large = market.market_caps.rank(axis=1, ascending=False) <= 100
        ordinary = pd.Series(moves.to_numpy()[(steady & large).to_numpy()])
        assert len(ordinary) > 50_000
        missed, with_a_quarter = ((ordinary > bound).sum() / ordinary.notna().sum() for bound in (TOLERANCE, 0.25))
        assert missed < most
        assert with_a_quarter > 2 * missed

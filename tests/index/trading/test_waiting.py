"""Between a decision and its effective day: switches that lapse, limits, removals, migrations of the leg."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from research.errors import DataWarning, MethodologyWarning
from research.index import IndexHistory, build_index
from research.market import MarketData
from tests.index.markets import rules
from tests.index.small_markets import flat, market, two
from tests.index.truncation import assert_same_up_to

DAYS = pd.date_range("2020-01-01", periods=90)
BASE = dt.date(2020, 1, 6)
ONE = np.ones(len(DAYS))
MIGRATION = ["date", "asset_id", "new_asset_id", "ratio"]


def series(*changes: tuple[int, float]) -> np.ndarray:
    """One, from each given day on something else."""
    values = ONE.copy()
    for day, value in changes:
        values[day:] = value
    return values


def market_of(prices: dict[str, np.ndarray]) -> MarketData:
    panel = pd.DataFrame(prices, index=DAYS)
    coins = [name for name in prices if name.startswith("usd")]
    tags = pd.DataFrame({"asset_id": coins, "tag": "stablecoin", "valid_from": pd.NaT, "static": False})
    return MarketData.from_panels(panel, panel * 1e6, panel * 1e5, tags=tags.astype({"valid_from": "datetime64[us]"}))


def neutral(*names: str) -> pd.DataFrame:
    lines = [(day, name, "neutral") for day in DAYS for name in names]
    return pd.DataFrame(lines, columns=["date", "asset_id", "signal"])


def half_in_the_leg(market: MarketData, *names: str, **tables: Any) -> IndexHistory:
    """Equal members, all neutral: half of each is in the stable leg."""
    known = {key: tables.pop(key) for key in ("migrations", "removals", "forks") if key in tables}
    coins = [name for name in market.prices.columns if name.startswith("usd")]
    table = {
        "base_date": BASE,
        "universe": {"exclude_tags": ["stablecoin"]},
        "selection": {"count": len(names), "min_count": 1},
        "weighting": {"scheme": "equal"},
        "schedule": {"reconstitution": "never", "lag_days": 2} | tables.pop("schedule", {}),
        "overlay": {"stable_leg": coins, "neutral": 0.5} | tables.pop("overlay", {}),
    }
    signals = tables.pop("signals", neutral(*names))
    return build_index(market, rules(**(table | tables)), signals=signals, **known)


def decided(index: IndexHistory) -> list[tuple[str, str]]:
    return [(decision.cause, str(decision.view.date.date())) for decision in index.decision_records]


def weights_on(index: IndexHistory, day: str) -> dict[str, float]:
    row = index.weights.loc[day]
    return row[row > 0].to_dict()


def test_of_two_coins_held_the_first_to_lose_its_peg_calls() -> None:
    """The monthly rebalance finds the old coin without a price and buys the next: two coins are held, both break."""
    first, second = series((30, 0.94), (32, np.nan), (37, 0.94)), series((35, 0.94))
    prices = {"aa": ONE, "bb": ONE, "usd-a": first, "usd-b": second, "usd-c": ONE}
    schedule = {"reconstitution": "monthly"}
    whole = half_in_the_leg(market_of(prices), "aa", "bb", schedule=schedule)
    assert ("stable switch", "2020-02-05") in decided(whole)
    for day in DAYS[30:50]:
        assert_same_up_to(half_in_the_leg(whole.market.until(day), "aa", "bb", schedule=schedule), whole, day)


def test_a_switch_that_lapsed_leaves_the_leg_in_the_target() -> None:
    """The next coin has no price on the effective day; a drift trade later keeps half in the coin that is held."""
    second = ONE.copy()
    second[10] = np.nan
    prices = {"aa": ONE, "bb": series((20, 1.5)), "usd-a": series((8, 0.94), (9, 1.0)), "usd-b": second}
    index = half_in_the_leg(market_of(prices), "aa", "bb", schedule={"drift_absolute": 0.05, "cool_down_days": 0})
    lapsed = index.events[index.events["event"] == "not traded"]["detail"].iloc[0]
    assert lapsed == "the switch decided 2020-01-09 lapses: usd-b has no price today"
    assert weights_on(index, "2020-01-23") == pytest.approx({"aa": 0.25, "bb": 0.25, "usd-a": 0.5})


@pytest.mark.parametrize("peg", [ONE, series((29, 0.94), (30, 1.0))])
def test_a_waiting_switch_does_not_lift_the_limit_on_turnover(peg: np.ndarray) -> None:
    prices = {"aa": ONE, "bb": series((15, 3.0)), "usd-a": peg, "usd-b": ONE}
    index = half_in_the_leg(
        market_of(prices), "aa", "bb", schedule={"reconstitution": "monthly"}, overlay={"max_turnover": 0.02}
    )
    monthly = index.rebalances[index.rebalances["cause"] == "reconstitution"]
    assert len(monthly) >= 2
    leg = index.constituents["asset_id"].str.startswith("usd")
    traded = index.constituents[~leg & (index.constituents["cause"] == "reconstitution")]
    assert traded.groupby("effective_date")["trade"].apply(lambda part: part.abs().sum()).max() <= 0.04
    assert monthly["notes"].str.contains("limited to 2.0%").all()


@pytest.mark.parametrize("lag", [2, 9])
def test_the_limit_holds_where_a_decision_always_waits(lag: int) -> None:
    prices = {"aa": ONE, "bb": series((40, 2.0)), "usd-a": ONE}
    index = half_in_the_leg(
        market_of(prices),
        "aa",
        "bb",
        base_date=dt.date(2020, 1, 20),
        schedule={"reconstitution": "weekly", "lag_days": lag},
        overlay={"max_turnover": 0.02, "min_trade": 0.0},
    )
    assert index.rebalances["turnover"].iloc[1:].max() == pytest.approx(0.02, rel=0.05)
    assert index.rebalances["notes"].str.contains("limited to 2.0%").any()


def test_the_value_of_a_removed_member_is_not_put_into_a_coin_without_a_price() -> None:
    unpriced = ONE.copy()
    unpriced[20:26] = np.nan
    prices = {"aa": ONE, "bb": ONE, "cc": ONE, "usd-a": unpriced, "usd-b": ONE}
    removals = pd.DataFrame({"date": ["2020-01-22"], "asset_id": ["cc"], "reason": ["halted"]})
    index = half_in_the_leg(
        market_of(prices),
        *("aa", "bb", "cc"),
        removals=removals,
        events={"freed_weight": "stable"},
        costs={"fee_bps": 100},
    )
    assert weights_on(index, "2020-01-23") == pytest.approx({"aa": 1 / 6, "bb": 1 / 6, "usd-a": 0.5, "usd-b": 1 / 6})
    assert index.rebalances.loc["2020-01-23", "cost"] == pytest.approx(2 * 0.01 / 6, rel=0.02)


@pytest.mark.parametrize("freed", ["members", "stable"])
def test_a_coin_of_the_leg_that_dies_is_followed_by_the_next(freed: str) -> None:
    prices = {"aa": ONE, "bb": ONE, "usd-a": series((20, np.nan)), "usd-b": ONE}
    index = half_in_the_leg(market_of(prices), "aa", "bb", events={"freed_weight": freed})
    assert weights_on(index, "2020-02-10") == pytest.approx({"aa": 0.25, "bb": 0.25, "usd-b": 0.5})
    removed = index.events[index.events["event"] == "removed"].iloc[0]
    assert removed["detail"].endswith("value put into usd-b")


@pytest.mark.parametrize("kind", ["forks", "migrations"])
def test_a_new_asset_may_list_after_its_line(kind: str) -> None:
    """A market cut between the day and the listing has no such column, and gives the same index up to there."""
    new = np.full(len(DAYS), np.nan)
    new[25:] = 0.1
    table = pd.DataFrame([("2020-01-21", "aa", "ff", 1.0)], columns=MIGRATION).assign(confirmed=True)
    prices = {"aa": ONE if kind == "forks" else series((21, np.nan)), "bb": ONE, "ff": new}
    methodology = rules(
        base_date=BASE,
        selection={"count": 2},
        weighting={"scheme": "equal"},
        schedule={"reconstitution": "never", "lag_days": 2},
    )
    whole = build_index(market_of(prices), methodology, **{kind: table})
    for day in DAYS[18:32]:
        cut = whole.market.until(day)
        if DAYS[20] <= day < DAYS[25]:
            with pytest.warns(DataWarning, match=f"{kind}: new_asset_id 'ff' of aa on 2020-01-21 is not in the market"):
                known = build_index(cut, methodology, **{kind: table})
        else:
            known = build_index(cut, methodology, **{kind: table})
        assert_same_up_to(known, whole, day)


def test_bands_are_about_what_can_be_weighed() -> None:
    """Four equal members, one without a market cap: the others are brought to the nearest weights in their bands."""
    panel = pd.DataFrame({"aa": ONE, "bb": series((35, 1.5)), "cc": ONE, "dd": ONE}, index=DAYS)
    caps = panel * [4e6, 3e6, 2e6, 1e6]
    caps.loc["2020-01-30":, "dd"] = np.nan
    index = build_index(
        MarketData.from_panels(panel, caps),
        rules(
            base_date=BASE,
            selection={"count": 4, "min_count": 1},
            weighting={"scheme": "market_cap", "max_weight": 0.25, "infeasible": "relax_to_equal"},
            schedule={
                "reconstitution": "quarterly",
                "rebalance": "monthly",
                "lag_days": 1,
                "drift_absolute": 0.06,
                "drift_to": "band",
                "cool_down_days": 0,
            },
        ),
    )
    drift = next(decision for decision in index.decision_records if decision.cause == "drift")
    names = index.source.asset_ids[drift.members].tolist()
    decided_weights = dict(zip(names, drift.weights.tolist(), strict=True))
    assert decided_weights == pytest.approx({"aa": 1 / 3 - 0.03, "bb": 1 / 3 + 0.06, "cc": 1 / 3 - 0.03})


def test_the_stable_leg_follows_a_migration() -> None:
    """Named is the coin's new id; from the migration on it goes on under the older one, and stays the leg."""
    prices = {"aa": ONE, "bb": ONE, "usd-old": series((20, np.nan)), "usd-new": ONE}
    moved = pd.DataFrame([("2020-01-21", "usd-old", "usd-new", 1.0)], columns=MIGRATION)
    index = half_in_the_leg(
        market_of(prices),
        "aa",
        "bb",
        migrations=moved,
        schedule={"reconstitution": "weekly"},
        overlay={"stable_leg": ["usd-new"]},
    )
    assert weights_on(index, "2020-01-20") == pytest.approx({"aa": 0.25, "bb": 0.25, "usd-new": 0.5})
    assert weights_on(index, "2020-03-01") == pytest.approx({"aa": 0.25, "bb": 0.25, "usd-old": 0.5})
    assert not index.rebalances["notes"].str.contains("no stablecoin").any()


def test_signals_and_removals_under_a_migrated_asset_s_new_name_are_about_the_asset_that_goes_on() -> None:
    prices = {"aa": ONE, "old": series((20, np.nan)), "new": ONE * 2, "usd-a": ONE}
    market = market_of(prices)
    moved = pd.DataFrame([("2020-01-21", "old", "new", 0.5)], columns=MIGRATION)
    words = neutral("aa", "old")
    later = pd.DataFrame([("2020-02-01", "new", "bearish")], columns=words.columns)
    words = words[(words["asset_id"] != "old") | (words["date"] < "2020-01-25")]
    options = {"migrations": moved, "schedule": {"reconstitution": "weekly"}, "selection": {"count": 2, "min_count": 1}}
    signalled = half_in_the_leg(market.only(["aa", "old", "new", "usd-a"]), "aa", "old", **options)
    assert "old" in weights_on(signalled, "2020-02-15")
    table = pd.concat([words, later])
    gone = half_in_the_leg(market, "aa", "old", signals=table, overlay={"max_signal_age_days": 60}, **options)
    assert weights_on(gone, "2020-02-15") == pytest.approx({"aa": 0.25, "usd-a": 0.75})
    removals = pd.DataFrame({"date": ["2020-02-03"], "asset_id": ["new"], "reason": ["halted"]})
    removed = half_in_the_leg(market, "aa", "old", removals=removals, **options)
    assert "old" not in weights_on(removed, "2020-02-05")


def test_a_switch_does_not_buy_a_coin_whose_removal_was_announced_meanwhile() -> None:
    prices = {"aa": ONE, "bb": ONE, "usd-a": series((20, 0.94)), "usd-b": ONE, "usd-c": ONE}
    removals = pd.DataFrame({"date": ["2020-01-22"], "asset_id": ["usd-b"], "reason": ["issuer failed"]})
    index = half_in_the_leg(market_of(prices), "aa", "bb", removals=removals)
    assert "usd-b" not in index.weights or index.weights["usd-b"].max() == 0.0
    assert weights_on(index, "2020-02-01")["usd-c"] > 0.45
    lapsed = index.events[index.events["event"] == "not traded"]["detail"].iloc[0]
    assert lapsed.endswith("the removal of usd-b has been announced since")


def test_a_peg_lost_on_a_day_whose_decision_is_kept_is_acted_on() -> None:
    """On 2020-01-31 nobody is eligible, so the calendar's decision keeps the composition; the peg breaks that day."""
    gap = ONE.copy()
    gap[30] = np.nan
    prices = {"aa": gap, "bb": gap.copy(), "usd-a": series((30, 0.94), (31, 1.0)), "usd-b": ONE}
    index = half_in_the_leg(
        market_of(prices),
        "aa",
        "bb",
        schedule={"reconstitution": "monthly"},
        selection={"count": 2, "min_count": 2},
    )
    assert decided(index)[1:3] == [("reconstitution", "2020-01-31"), ("stable switch", "2020-01-31")]
    assert index.decision_records[1].kept
    assert "usd-a" not in weights_on(index, "2020-02-02")


def test_a_removal_announced_on_the_day_of_a_decision_is_known_to_it() -> None:
    """A weekly rebalance on the day of the announcement gives the member no weight, and says nothing of not buying."""
    prices = {"aa": ONE, "bb": ONE, "cc": ONE, "usd-a": ONE}
    removals = pd.DataFrame({"date": ["2020-01-17"], "asset_id": ["cc"], "reason": ["halted"]})  # a Friday
    index = half_in_the_leg(
        market_of(prices),
        "aa",
        "bb",
        "cc",
        removals=removals,
        schedule={"rebalance": "weekly", "reconstitution": "yearly"},
    )
    friday = next(decision for decision in index.decision_records if str(decision.view.date.date()) == "2020-01-17")
    assert friday.cause == "rebalance"
    assert index.source.asset_ids[friday.members].tolist() == ["aa", "bb", "usd-a"]
    assert "not traded" not in set(index.events["event"])


def test_a_price_that_leaps_is_an_event_and_a_caveat() -> None:
    market = market_of({"aa": ONE, "bb": series((40, 100.0)), "usd-a": ONE})
    index = half_in_the_leg(market, "aa", "bb")
    leap = index.events[index.events["event"] == "leap"].iloc[0]
    assert leap["detail"].startswith("price x100 in a day, volume x100: a rise, a wrong print, or a redenomination")
    assert leap["effect_bps"] == pytest.approx(0.25 * 99 * 1e4)
    [told] = [line for line in index.caveats if "through bb alone" in line]
    assert f"moved by +2,475.0\u00a0% on {leap['date']:%Y-%m-%d} through bb alone: price x100 in a day" in told
    unit = pd.DataFrame([("2020-02-10", "bb", "bb", 0.01)], columns=MIGRATION)
    mended = half_in_the_leg(market, "aa", "bb", migrations=unit)
    assert "leap" not in set(mended.events["event"])


def test_what_comes_to_nothing_is_said() -> None:
    market = market_of({"aa": ONE, "bb": ONE, "usd-a": ONE})
    with pytest.warns(MethodologyWarning, match="stable_leg names 'usd-q', which is not in the market .*'usd-a'"):
        index = half_in_the_leg(market, "aa", "bb", overlay={"stable_leg": ["usd-q", "usd-a"]})
    assert any(line.startswith("Stable_leg names 'usd-q'") for line in index.caveats)
    with pytest.warns(MethodologyWarning, match="drift is never looked for: cool_down_days = 7 and lag_days = 2 cover"):
        half_in_the_leg(market, "aa", "bb", schedule={"reconstitution": "weekly", "drift_absolute": 0.05})


def test_holdings_and_cards_say_what_the_stable_leg_is() -> None:
    index = half_in_the_leg(market_of({"aa": ONE, "bb": ONE, "usd-a": ONE}), "aa", "bb")
    held = index.holdings().set_index("asset_id")["reason"]
    assert held["usd-a"] == "the stable leg: it holds what the overlay frees"
    assert held["aa"].startswith("rank ")
    assert index.explain("usd-a").reason == "held as the stable leg: it holds what the overlay frees"


@pytest.mark.parametrize("between", ["switch", "migration"])
def test_the_causes_of_a_rebalance_see_through_what_happened_since_the_one_before(between: str) -> None:
    """Nobody came or went, so nothing is due to rank; what rose shows as drift."""
    rising = series((25, 1.5))
    if between == "switch":
        prices = {"aa": ONE, "bb": rising, "usd-a": series((15, 0.94), (16, 1.0)), "usd-b": ONE}
        options = {}
    else:
        prices = {"aa": ONE, "bb": series((20, np.nan)), "bb-new": rising, "usd-a": ONE}
        moved = pd.DataFrame([("2020-01-21", "bb", "bb-new", 1.0)], columns=MIGRATION)
        options = {"migrations": moved, "selection": {"count": 2, "min_count": 1}}
    market = market_of(prices)
    index = half_in_the_leg(
        market, "aa", "bb", schedule={"reconstitution": "yearly", "rebalance": "monthly"}, **options
    )
    causes = index.rebalance_difference("2020-02-10").set_index("asset_id")
    assert causes["rank"].abs().max() == pytest.approx(0.0, abs=1e-12)
    assert causes["drift"].abs().max() == pytest.approx(0.1, abs=1e-12)  # 1 : 1 became 1 : 1.5
    parts = causes.drop(columns=["symbol", "previous", "weight"]).sum(axis=1)
    np.testing.assert_allclose(causes["previous"] + parts, causes["weight"], atol=1e-12)


def test_two_new_assets_that_are_not_listed_are_not_taken_for_each_other() -> None:
    """aa goes on as an id that the market does not have; what cc brings has no column either, and is not aa."""
    moved = pd.DataFrame([("2020-01-15", "aa", "gone-on", 1.0)], columns=MIGRATION)
    given = pd.DataFrame([("2020-01-21", "cc", "elsewhere", 1.0)], columns=MIGRATION)
    with pytest.warns(DataWarning, match="is not in the market"):
        index = half_in_the_leg(
            market_of({"aa": ONE, "bb": ONE, "cc": ONE, "usd-a": ONE}),
            *("aa", "bb", "cc"),
            migrations=moved,
            forks=given,
        )
    happened = set(index.events["event"])
    assert "fork given up" in happened
    assert "fork valued" not in happened
    assert [fork.new for fork in index.source.forks] == [-1]


def test_the_calendar_begins_with_what_is_decided_and_not_traded_yet() -> None:
    index = build_index(market(a=flat(), b=flat()).until("2021-01-31"), two())
    ahead = index.calendar(1)
    assert ahead["determination_date"].dt.strftime("%Y-%m-%d").tolist() == ["2021-01-31", "2021-02-28"]
    assert ahead["effective_date"].dt.strftime("%Y-%m-%d").tolist() == ["2021-02-01", "2021-03-01"]

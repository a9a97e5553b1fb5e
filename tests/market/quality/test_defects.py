"""Rules about a market's values: each planted defect is found on its day, and clean markets are left alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.market import MarketData
from research.market.quality import FINDING_TYPES, find_defects
from research.market.quality.dating import bitcoin_of
from research.market.quality.defects import MARKET
from tests.market.quality.markets import clean_panels, market_of

Panels = dict[str, pd.DataFrame]
DAY, WHO = 250, "asset-005"


def wrong_print(panels: Panels, days: slice = slice(DAY, DAY + 1), factor: float = 90.0) -> None:
    for name in ("price", "market_cap", "open", "high", "low"):
        place = panels[name].columns.get_loc(WHO)
        panels[name].iloc[days, place] *= factor


def new_level(panels: Panels) -> None:
    wrong_print(panels, slice(DAY, None), 0.02)


def new_unit(panels: Panels) -> None:
    new_level(panels)
    panels["supply"].iloc[DAY:, 5] /= 0.02
    panels["market_cap"] = panels["price"] * panels["supply"]


def new_supply(panels: Panels) -> None:
    panels["supply"].iloc[DAY:, 5] *= 3.0
    panels["market_cap"] = panels["price"] * panels["supply"]


def absurd_cap(panels: Panels) -> None:
    panels["supply"].iloc[DAY, 5] *= 1e6
    panels["market_cap"] = panels["price"] * panels["supply"]


def phantom_supply(panels: Panels) -> None:
    panels["volume"].iloc[:, 5] *= 1e-6


def repeated_row(panels: Panels) -> None:
    for name in ("price", "market_cap", "volume", "supply"):
        panels[name].iloc[DAY : DAY + 3, 5] = panels[name].iloc[DAY - 1, 5]


def stale_price(panels: Panels) -> None:
    panels["price"].iloc[DAY - 3 : DAY + 3, 5] = panels["price"].iloc[DAY - 4, 5]  # the fifth close is DAY


def gap(panels: Panels) -> None:
    for panel in panels.values():
        panel.iloc[DAY : DAY + 4, 5] = np.nan


def ends_together(panels: Panels) -> None:
    for panel in panels.values():
        panel.iloc[DAY:, 5:9] = np.nan


def page_limit(panels: Panels) -> None:
    for number, asset in enumerate(range(5, 11)):
        for panel in panels.values():
            panel.iloc[: 30 + 10 * number, asset] = np.nan
            panel.iloc[210 + 10 * number :, asset] = np.nan


def no_market(panels: Panels) -> None:
    for panel in panels.values():
        panel.iloc[DAY - 2 : DAY] = np.nan


def no_cap(panels: Panels) -> None:
    panels["market_cap"].iloc[DAY : DAY + 5, 5] = np.nan


def no_volume(panels: Panels) -> None:
    panels["volume"].iloc[DAY : DAY + 5, 5] = 0.0


def low_high(panels: Panels) -> None:
    panels["high"].iloc[DAY, 5] = panels["price"].iloc[DAY, 5] * 0.9


def high_low(panels: Panels) -> None:
    panels["low"].iloc[DAY, 5] = panels["price"].iloc[DAY, 5] * 1.1


def wrong_cap(panels: Panels) -> None:
    panels["market_cap"].iloc[DAY : DAY + 2, 5] *= 1.2


PLANTED: dict[str, tuple[Callable[[Panels], None], str, str, int | None]] = {
    # defect: rule, what later days said of it, after how many days
    "wrong print": (wrong_print, "price jump", "discarded", 1),
    "new level": (new_level, "price jump", "confirmed", 1),
    "new unit": (new_unit, "unit jump", "confirmed", 1),
    "new supply": (new_supply, "supply jump", "confirmed", 1),
    "absurd cap": (absurd_cap, "supply jump", "discarded", 1),
    "repeated row": (repeated_row, "repeated row", "ended", 3),
    "stale price": (stale_price, "stale price", "ended", 3),
    "gap": (gap, "no price", "ended", 4),
    "ends together": (ends_together, "prices end together", "open", None),
    "no market cap": (no_cap, "no market cap", "ended", 5),
    "no volume": (no_volume, "no volume", "ended", 5),
    "high too low": (low_high, "high too low", "confirmed", 0),
    "low too high": (high_low, "low too high", "confirmed", 0),
    "cap of its own": (wrong_cap, "cap is not price x supply", "ended", 2),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_defect_is_found_on_its_day(name: str) -> None:
    plant, rule, later, after = PLANTED[name]
    panels = clean_panels(3)
    before = find_defects(market_of(panels))
    plant(panels)
    found = find_defects(market_of(panels))
    day = panels["price"].index[DAY]
    line = found[(found["rule"] == rule) & (found["asset_id"] == WHO) & (found["date"] == day)]
    assert len(line) == 1
    assert before[(before["rule"] == rule) & (before["date"] == day)].empty
    assert line["later"].iloc[0] == later
    if after is not None:
        assert line["later_date"].iloc[0] == day + pd.Timedelta(days=after)
    assert line["evidence"].iloc[0]
    assert (line["action"] == "noted").all()


def test_a_wrong_print_is_one_finding_and_the_way_back_is_none() -> None:
    panels = clean_panels(3)
    wrong_print(panels)
    found = find_defects(market_of(panels)).query("asset_id == @WHO and rule == 'price jump'")
    assert len(found) == 1
    assert found["value"].iloc[0] == pytest.approx(panels["price"].iloc[DAY, 5])
    assert found["expected"].iloc[0] == pytest.approx(panels["price"].iloc[DAY - 1, 5])
    assert "where 3.1% a day is usual" in found["evidence"].iloc[0]


def test_a_supply_that_is_not_there_is_found_once_there_are_ten_volumes() -> None:
    panels = clean_panels(3)
    phantom_supply(panels)
    found = find_defects(market_of(panels)).query("rule == 'thin cap'")
    assert found["asset_id"].tolist() == [WHO]
    assert found["date"].iloc[0] == panels["price"].index[9]
    assert found["later"].iloc[0] == "open"


def test_files_that_end_after_as_many_rows_on_different_days_are_a_page_limit() -> None:
    panels = clean_panels(3)
    page_limit(panels)
    found = find_defects(market_of(panels))
    ends = found[found["rule"].isin(["no price", "page limit"])].sort_values("date")
    assert ends["rule"].tolist() == ["no price"] * 4 + ["page limit"] * 2  # the fifth end of its kind tells
    assert "180 prices" in ends["evidence"].iloc[-1]


def test_days_without_any_price_are_said_of_the_market_when_prices_are_back() -> None:
    panels = clean_panels(3)
    no_market(panels)
    found = find_defects(market_of(panels)).query("rule == 'no market'")
    assert found["asset_id"].tolist() == [MARKET]
    assert found["date"].iloc[0] == panels["price"].index[DAY]
    assert found["value"].iloc[0] == 2.0


@pytest.mark.parametrize(("shift", "words"), [(1, "dated a day late"), (-1, "dated a day early")])
def test_a_series_dated_a_day_off_is_found_by_its_correlation(shift: int, words: str) -> None:
    panels = clean_panels(3)
    truth = panels["price"]["alpha"].copy()
    moved = panels["price"]["asset-001"].shift(shift)
    follower = truth * np.exp(np.random.default_rng(1).normal(0, 0.01, len(truth)))
    panels["price"]["asset-001"] = np.where(truth.index < truth.index[150], follower, follower.shift(shift))
    assert moved.notna().any()
    found = find_defects(market_of(panels), reference=truth).query("rule == 'dated a day off' and field == 'price'")
    assert found["asset_id"].tolist() == ["asset-001"]
    assert found["date"].iloc[0] > truth.index[150]
    assert found["evidence"].iloc[0].endswith(words)
    bitcoin = market_of({name: panel.rename(columns={"alpha": "bitcoin"}) for name, panel in panels.items()})
    assert "asset-001" in find_defects(bitcoin).query("rule == 'dated a day off'")["asset_id"].tolist()


def market_around_a_leap(ids: list[str], symbols: list[str], first: list[str]) -> MarketData:
    """Prices of which the first column holds the closes of bitcoin around 2020-03-12, one day late."""
    days = pd.date_range("2020-03-01", "2020-03-20")
    prices = pd.DataFrame(7_911.4, days, ids)
    prices.loc["2020-03-13":, ids[0]] = 4_970.8
    for name, day in zip(ids, first, strict=True):
        prices.loc[: pd.Timestamp(day) - pd.Timedelta(days=1), name] = np.nan
    market = MarketData.from_panels(prices)
    return replace(
        market, assets=market.assets.assign(symbol=market.assets["asset_id"].map(dict(zip(ids, symbols, strict=True))))
    )


@pytest.mark.parametrize(
    ("ids", "symbols", "first", "found"),
    [
        (["bitcoin", "b"], ["X", "BTC"], ["2020-03-01", "2020-03-01"], ["bitcoin"]),
        (["btc", "b"], ["BTC", "B"], ["2020-03-01", "2020-03-01"], ["btc"]),
        (["btc", "b"], ["btc", "BTC"], ["2020-03-01", "2020-03-05"], ["btc"]),  # a later namesake
        (["btc", "b"], ["BTC", "BTC"], ["2020-03-01", "2020-03-01"], []),
        (["xbt", "b"], ["XBT", "B"], ["2020-03-01", "2020-03-01"], []),
    ],
)
def test_bitcoin_is_known_by_its_id_or_else_by_its_symbol(
    ids: list[str], symbols: list[str], first: list[str], found: list[str]
) -> None:
    market = market_around_a_leap(ids, symbols, first)
    late = find_defects(market).query("rule == 'dated a day late'")
    assert late["asset_id"].tolist() == found
    assert (bitcoin_of(market.assets) is None) == (not found)


def test_caps_that_move_as_the_price_did_the_day_before_are_dated_a_day_late() -> None:
    panels = clean_panels(3)
    late = panels["market_cap"].shift(1)
    panels["market_cap"].iloc[150:] = late.iloc[150:]
    found = find_defects(market_of(panels, extra=())).query("rule == 'dated a day off'")
    assert set(found["field"]) == {"market_cap"}
    assert found["asset_id"].nunique() == panels["price"].shape[1]


def test_a_clean_market_has_few_findings() -> None:
    """What is left are real moves: a price that doubles or halves in a day, ten times what is usual for it."""
    market = market_of(clean_panels(7, days=1500, assets=100))
    years = market.prices.size / 365
    found = find_defects(market)
    rates = found.groupby("rule").size() / years
    assert rates.get("price jump", 0.0) < 0.15
    assert rates.drop("price jump", errors="ignore").sum() < 0.005


def all_defects() -> MarketData:
    """A market with one defect of each kind, in one asset each."""
    panels = clean_panels(5, days=420, assets=40)
    plants = [plant for plant, *_ in PLANTED.values()] + [phantom_supply]
    for number, plant in enumerate(plants):
        columns = panels["price"].columns
        order = [*range(5), 6 + number, *range(5, 6 + number), *range(7 + number, len(columns))]
        renamed = {name: panel.iloc[:, order].copy() for name, panel in panels.items()}
        names = renamed["price"].columns
        fixed = [WHO if place == 5 else f"x{place}" for place in range(len(names))]
        renamed = {name: panel.set_axis(fixed, axis=1) for name, panel in renamed.items()}
        plant(renamed)
        back = np.argsort(order)
        panels = {name: panel.iloc[:, back].set_axis(columns, axis=1) for name, panel in renamed.items()}
    for panel in panels.values():
        panel.iloc[90:92] = np.nan
        panel.iloc[300:303, 35] = np.nan  # a gap of its own: the one above begins on the day on which others end
    return market_of(panels)


def as_known_at(found: pd.DataFrame, date: pd.Timestamp) -> pd.DataFrame:
    """Findings of a whole market as they stood at a date."""
    past = found[found["date"] <= date].reset_index(drop=True)
    unknown = past["later_date"].isna() | (past["later_date"] > date)
    return past.assign(
        later=past["later"].mask(unknown, "open"), later_date=past["later_date"].mask(unknown).astype("datetime64[us]")
    )


def test_findings_up_to_a_day_are_those_of_the_market_up_to_that_day() -> None:
    """Cut on the days on which something is found or judged, and on the days before."""
    market = all_defects()
    whole = find_defects(market)
    assert {rule for _, rule, *_ in PLANTED.values()} | {"thin cap", "no market"} <= set(whole["rule"])
    days = pd.concat([whole["date"], whole["later_date"].dropna()]).drop_duplicates()
    cuts = sorted({day - pd.Timedelta(days=back) for day in days for back in (0, 1)} & set(market.dates))
    for cut in cuts:
        part = find_defects(market.until(cut))
        pd.testing.assert_frame_equal(part, as_known_at(whole, cut))


@given(seed=st.integers(0, 10_000), exponent=st.integers(-20, 8))
@settings(max_examples=10)
def test_another_currency_unit_and_another_order_of_assets_change_nothing(seed: int, exponent: int) -> None:
    market = all_defects()
    order = np.random.default_rng(seed).permutation(market.prices.shape[1])
    names = dict(zip(market.prices.columns, market.prices.columns[order], strict=True))
    scale = 2.0**exponent  # exact in binary
    panels = {"price": market.prices, "market_cap": market.market_caps, "volume": market.volumes, **market.extra}
    moved = {
        name: (panel * (1.0 if name == "supply" else scale)).rename(columns=names) for name, panel in panels.items()
    }
    said = ["date", "asset_id", "field", "rule", "later", "later_date"]
    plain = find_defects(market)[said].assign(asset_id=lambda table: table["asset_id"].replace(names))
    pd.testing.assert_frame_equal(
        find_defects(market_of(moved))[said].sort_values(said, ignore_index=True),
        plain.sort_values(said, ignore_index=True),
    )


def test_a_market_without_anything_doubtful_gives_an_empty_table_of_the_right_types() -> None:
    days = pd.date_range("2020-01-01", periods=3)
    found = find_defects(MarketData.from_panels(pd.DataFrame({"a": [1.0, 1.1, 1.2]}, days)))
    assert found.empty
    assert {name: str(kind) for name, kind in found.dtypes.items()} == FINDING_TYPES

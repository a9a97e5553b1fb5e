"""`MarketData` made in memory, and its questions about single assets."""

from __future__ import annotations

import dataclasses
import re
import tracemalloc

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError, DataWarning
from research.market import MarketData
from research.market import data as data_module
from tests.market.helpers import small_market

DAYS = pd.date_range("2020-01-01", periods=3)


def test_missing_days_become_rows_and_columns_are_sorted() -> None:
    prices = pd.DataFrame({"b": [1.0, 2.0], "a": [3.0, 4.0]}, index=DAYS[[0, 2]])
    market = MarketData.from_panels(prices)
    assert list(market.prices.columns) == ["a", "b"]
    assert market.dates.tolist() == DAYS.tolist()
    assert market.prices.iloc[1].isna().all()
    assert market.market_caps.isna().all(axis=None)


def test_a_days_values_lie_side_by_side_in_memory_whatever_is_taken_of_a_market() -> None:
    """A decision reads a day of all assets: from columns it takes several times as long."""
    by_asset = pd.DataFrame(np.asfortranarray(np.arange(1.0, 13.0).reshape(3, 4)), DAYS, list("dcba"), copy=False)
    market = MarketData.from_panels(by_asset, extra={"supply": by_asset})
    for part in (market, market.only(["a", "c"]), market.until(DAYS[1]), market.since(DAYS[1])):
        assert all(panel.to_numpy().flags.c_contiguous for panel in part.panels.values())
        pd.testing.assert_frame_equal(
            part.prices, by_asset.loc[part.dates, part.prices.columns], check_freq=False, check_names=False
        )


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        (pd.DataFrame(), "at least one row"),
        (pd.Series([1.0, 2.0, 3.0], index=DAYS), "found a Series, expected a DataFrame"),
        (pd.DataFrame({"a": [1.0, 2.0, 3.0]}, index=DAYS[::-1]), "increasing order"),
        (pd.DataFrame({"a": [1.0, 2.0]}, index=DAYS[[0, 0]]), "each once"),
        (pd.DataFrame(np.ones((3, 2)), index=DAYS, columns=["a", "a"]), "two columns for 'a'"),
    ],
)
def test_panels_that_are_none_are_refused(prices: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        MarketData.from_panels(prices)


def test_a_panel_with_axes_of_its_own_is_refused() -> None:
    market = small_market()
    with pytest.raises(DataError, match="panel 'volume' has axes of its own"):
        dataclasses.replace(market, volumes=market.volumes.iloc[1:])


def test_a_hole_in_the_days_is_refused() -> None:
    market = small_market()
    panels = {name: getattr(market, name).drop(market.dates[5]) for name in ("prices", "market_caps", "volumes")}
    with pytest.raises(DataError, match="strictly increasing and complete"):
        dataclasses.replace(market, **panels, extra={})


def test_an_unknown_asset_suggests_an_id_and_a_ticker_its_owners() -> None:
    market = small_market()
    market = dataclasses.replace(market, assets=market.assets.assign(symbol=["DOGE", "TWIN", "TWIN"]))
    with pytest.raises(DataError, match="'twin' is the ticker of gap, late: use the id"):
        market.price("twin")
    with pytest.raises(DataError, match="did you mean 'gap'"):
        market.price("gapp")
    assert market.price("gap").name == "gap"


@pytest.mark.parametrize(("method", "day"), [("until", "2019-12-31"), ("since", "2020-01-31")])
def test_days_outside_of_the_data_are_refused(method: str, day: str) -> None:
    with pytest.raises(DataError, match="choose a"):
        getattr(small_market(), method)(day)


def test_since_keeps_what_is_known_and_drops_the_days() -> None:
    market = small_market()
    later = market.since("2020-01-25")
    assert later.dates[0] == pd.Timestamp("2020-01-25")
    pd.testing.assert_frame_equal(later.assets, market.assets)
    pd.testing.assert_frame_equal(later.ledger, market.ledger)


def test_the_whole_market_and_its_views_answer_the_same_without_being_checked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Values are checked at the way in: a view has nothing new, and is made thousands of times."""
    market = small_market()
    monkeypatch.setattr(data_module, "check_panel", lambda *_: pytest.fail("checked again"))
    view = market.until("2020-01-20").since("2020-01-05").only(["gap", "late"])
    pd.testing.assert_frame_equal(view.prices, market.prices.loc["2020-01-05":"2020-01-20", ["gap", "late"]])
    assert type(view) is MarketData
    with pytest.raises(dataclasses.FrozenInstanceError):
        view.prices = market.prices  # type: ignore[misc]


WRONG_VALUES = [
    ("price", np.inf),
    ("price", -np.inf),
    ("price", -5.0),
    ("price", 0.0),
    ("market_cap", -1.0),
    ("market_cap", 0.0),
    ("market_cap", np.inf),
    ("volume", -0.5),
    ("volume", np.inf),
    ("open", -np.inf),
    ("price", 1e308),
    ("price", 1e-320),
    ("market_cap", 1e308),
    ("market_cap", 1e-320),
    ("volume", 1e308),
]


def with_value(name: str, value: float) -> dict[str, pd.DataFrame]:
    """Panels of ones, one of which has a value of another kind for asset b on the second day."""
    ones = pd.DataFrame(1.0, index=DAYS, columns=["a", "b"])
    panels = {panel: ones.copy() for panel in ("price", "market_cap", "volume", "open")}
    panels[name].loc[DAYS[1], "b"] = value
    return panels


@pytest.mark.parametrize(("name", "value"), WRONG_VALUES)
def test_a_value_that_cannot_be_right_is_refused_at_every_way_in(name: str, value: float) -> None:
    panels = with_value(name, value)
    message = re.escape(f"{name} of 'b' on 2020-01-02 is {value!r}. Expected")
    with pytest.raises(DataError, match=message):
        MarketData.from_panels(panels["price"], panels["market_cap"], panels["volume"], extra={"open": panels["open"]})
    good = {key: panel.where(panel == 1) for key, panel in panels.items()}
    market = MarketData.from_panels(good["price"], good["market_cap"], good["volume"], extra={"open": good["open"]})
    wrong = market.prices.copy()
    wrong.loc[DAYS[1], "b"] = value
    by_hand = {"price": "prices", "market_cap": "market_caps", "volume": "volumes"}
    changed = {"extra": {"open": wrong}} if name == "open" else {by_hand[name]: wrong}
    with pytest.raises(DataError, match=message):
        dataclasses.replace(market, **changed)


def test_a_volume_of_zero_and_a_negative_extra_are_values() -> None:
    panels = with_value("volume", 0.0) | {"open": with_value("open", -1.0)["open"]}
    market = MarketData.from_panels(panels["price"], volumes=panels["volume"], extra={"open": panels["open"]})
    assert market.volumes.loc[DAYS[1], "b"] == 0
    assert market.extra["open"].loc[DAYS[1], "b"] == -1


@pytest.mark.parametrize("cell", ["1.5", [1.0], None, True, np.True_, {}, 1j, pd.Timestamp("2020-01-01")])
@pytest.mark.parametrize("name", ["price", "volume"])
def test_a_cell_that_is_no_number_is_refused(cell: object, name: str) -> None:
    panels = with_value(name, 1.0)
    values: list[object] = [1.0, cell, 2.0]
    panels[name] = panels[name].astype(object)
    panels[name]["b"] = pd.Series(values, index=DAYS, dtype=object)
    with pytest.raises(DataError, match=f"{name} of 'b' on 2020-01-02 is .*expected a number"):
        MarketData.from_panels(panels["price"], volumes=panels["volume"])


def test_whole_numbers_and_nullable_ones_are_numbers() -> None:
    prices = pd.DataFrame(
        {
            "a": [1, 2, 3],
            "b": pd.array([1.5, None, 2.5], dtype="Float64"),
            "c": pd.Series([1, 2.5, np.nan], dtype=object).to_numpy(),
        },
        index=DAYS,
    )
    market = MarketData.from_panels(prices)
    assert (market.prices.dtypes == np.float64).all()
    np.testing.assert_array_equal(market.prices["b"], [1.5, np.nan, 2.5])
    with pytest.raises(DataError, match="price of 'c' has a whole number that is too large"):
        MarketData.from_panels(prices.assign(c=pd.Series([1, 10**400, 2], dtype=object).to_numpy()))


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (pd.Index(["2020-01-01", "2020-01-02", "2020-01-03"]), "expected a DatetimeIndex"),
        (pd.RangeIndex(3), "expected a DatetimeIndex"),
        (DAYS.tz_localize("Europe/Zurich"), "the days have the time zone Europe/Zurich"),
        (DAYS + pd.Timedelta(hours=16), "holds 2020-01-01 16:00:00, expected whole UTC days"),
        (pd.DatetimeIndex([np.datetime64("-200000-01-01", "us"), *DAYS[1:]]), "outside of the years 1 to 9999"),
        (pd.DatetimeIndex([DAYS[0], DAYS[1], pd.NaT]), "holds a missing day"),
    ],
)
def test_an_index_of_another_kind_is_refused_for_every_panel(index: pd.Index, message: str) -> None:
    good = pd.DataFrame(1.0, index=DAYS, columns=["a"])
    with pytest.raises(DataError, match=message):
        MarketData.from_panels(good.set_axis(index))
    with pytest.raises(DataError, match=message):
        MarketData.from_panels(good, good.set_axis(index))


@pytest.mark.parametrize("column", [7, None, np.nan, ("a", "b"), "", "  ", "a\nb", "a\x00", "x" * 201])
def test_a_column_that_is_no_asset_id_is_refused(column: object) -> None:
    prices = pd.DataFrame(np.ones((3, 1)), index=DAYS)
    prices.columns = pd.Index([column], tupleize_cols=False)
    with pytest.raises(DataError, match="A column is an asset_id"):
        MarketData.from_panels(prices)


def test_other_panels_may_not_have_assets_of_their_own_nor_any_twice() -> None:
    prices = pd.DataFrame(1.0, index=DAYS, columns=["a", "b"])
    with pytest.raises(DataError, match="market_cap: a column for 'bb', which has no prices"):
        MarketData.from_panels(prices, prices.rename(columns={"b": "bb"}))
    with pytest.raises(DataError, match="market_cap: two columns for 'a'"):
        MarketData.from_panels(prices, prices.set_axis(["a", "a"], axis=1))


@pytest.mark.parametrize("name", ["price", "market_cap", "volume", "date", "asset_id", "", "a\nb"])
def test_an_extra_panel_may_not_take_the_place_of_another(name: str) -> None:
    """Written as a snapshot, an extra panel called price would become the price."""
    prices = pd.DataFrame(1.0, index=DAYS, columns=["a"])
    with pytest.raises(DataError, match="Choose another name"):
        MarketData.from_panels(prices, extra={name: prices * 2})


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"asset_id": ["a"], "tag": ["meme"]}, r"tags lack the columns \['valid_from', 'static'\]"),
        ({"asset_id": "a", "tag": ["meme"], "valid_from": "soon", "static": True}, "valid_from must hold days"),
        ({"asset_id": "a", "tag": ["meme"], "valid_from": pd.NaT, "static": "False"}, "must hold True or False"),
        (
            {"asset_id": "a", "tag": ["meme", "meme"], "valid_from": pd.NaT, "static": True},
            "'a' has the tag 'meme' twice",
        ),
    ],
)
def test_tags_that_contradict_themselves_are_refused(tags: dict, message: str) -> None:
    prices = pd.DataFrame(1.0, index=DAYS, columns=["a"])
    with pytest.raises(DataError, match=message):
        MarketData.from_panels(prices, tags=pd.DataFrame(tags))


def test_assets_that_are_not_those_of_the_prices_are_refused() -> None:
    market = small_market()
    with pytest.raises(DataError, match="one row for each column of the prices"):
        dataclasses.replace(market, assets=market.assets.iloc[::-1])


def test_panels_beyond_the_limit_are_refused_before_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    days = pd.DatetimeIndex(["2009-02-01", "2024-01-01"])
    spread = pd.DataFrame(1.0, index=days, columns=[f"a{n:05d}" for n in range(20_000)])
    tracemalloc.start()
    with pytest.raises(DataError, match=r"5,448 days x 20,000 assets \(326,880,000 cells\) need 2.6 GB"):
        MarketData.from_panels(spread)
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()
    monkeypatch.setenv("RESEARCH_MAX_MARKET_GB", "0.0001")
    with pytest.raises(DataError, match=r"a market may take 0\.0001 GB.*RESEARCH_MAX_MARKET_GB=1"):
        MarketData.from_panels(spread.iloc[:, :1])
    monkeypatch.setenv("RESEARCH_MAX_MARKET_GB", "0.001")
    assert MarketData.from_panels(spread.iloc[:, :1]).prices.shape == (5448, 1)
    for text in ("much", "-1", "nan", "inf", "0"):
        monkeypatch.setenv("RESEARCH_MAX_MARKET_GB", text)
        with pytest.raises(DataError, match="expected a number of GB above zero"):
            MarketData.from_panels(spread.iloc[:, :1])


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((np.ones((3, 1)),), {}, "prices: found a ndarray, expected a DataFrame"),
        ((None,), {}, "prices: found a NoneType, expected a DataFrame"),
        (("prices", np.ones((3, 1))), {}, "market_cap: found a ndarray, expected a DataFrame"),
        (("prices",), {"name": 5}, "found 5, expected a text"),
        (("prices",), {"tags": [1]}, r"tags: found \[1\], expected a DataFrame"),
        (("prices",), {"extra": pd.DataFrame({"open": [1.0]})}, "extra: found a DataFrame, expected a dict"),
    ],
)
def test_an_argument_of_another_kind_is_refused_in_words(arguments: tuple, options: dict, message: str) -> None:
    prices = pd.DataFrame(1.0, index=DAYS, columns=["a"])
    given = [prices if isinstance(value, str) else value for value in arguments]
    with pytest.raises(DataError, match=message):
        MarketData.from_panels(*given, **options)


@pytest.mark.parametrize("asset_id", [None, ["gap"], 3, np.nan])
def test_what_is_no_text_is_no_asset(asset_id: object) -> None:
    with pytest.raises(DataError, match="expected one asset_id as text"):
        small_market().price(asset_id)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="expected one asset_id as text"):
        small_market().only([asset_id])  # type: ignore[list-item]


@pytest.mark.parametrize(("assets", "found"), [("gap", "'gap'"), ([], "an empty list"), (None, "None"), (3, "3")])
def test_a_part_of_a_market_is_asked_for_with_a_list_that_holds_an_asset(assets: object, found: str) -> None:
    with pytest.raises(DataError, match=f"assets: found {found}, expected"):
        small_market().only(assets)  # type: ignore[arg-type]


def test_an_unknown_asset_of_a_large_market_is_not_told_that_it_is_small() -> None:
    ids = [f"asset-{number:02d}" for number in range(99)]
    market = MarketData.from_panels(pd.DataFrame(1.0, index=DAYS, columns=[*ids, "bitcoin"]))
    with pytest.raises(DataError, match=r"did you mean 'bitcoin'\? Nearest of 100: bitcoin, "):
        market.price("bitcoinn")


def test_tags_of_assets_that_are_not_there_are_left_out_with_a_warning() -> None:
    prices = pd.DataFrame(1.0, index=DAYS, columns=["bitcoin", "other"])
    tags = pd.DataFrame(
        {"asset_id": ["bitcoinn", "other"], "tag": ["meme", "exchange"], "valid_from": pd.NaT, "static": True}
    )
    with pytest.warns(DataWarning, match="1 left out, .*the first 'meme' of 'bitcoinn': did you mean 'bitcoin'"):
        market = MarketData.from_panels(prices, tags=tags)
    assert list(market.tags["asset_id"]) == ["other"]

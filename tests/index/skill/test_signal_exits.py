"""Whom signals left, what it did while it was out, how much lay in stablecoins: small markets worked out by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from research.errors import MethodologyError
from research.index import IndexHistory, Methodology, build_index
from research.index.skill.signal_exits import COLUMNS, calls_on_members, signal_exits, stable_share
from research.market import MarketData
from tests.index.markets import rules
from tests.index.small_markets import DAYS, flat, migrations, missing
from tests.signals.measure import ridge_pipeline
from tests.signals.worlds import STABLE, simulated_market

MONTHLY = {"reconstitution": "monthly", "rebalance": "weekly", "weekday": "sunday", "lag_days": 1}
UP = np.linspace(1.0, 2.0, len(DAYS))


def market(**prices: np.ndarray) -> MarketData:
    """Caps of a thousand times the price; `usd` is a stablecoin."""
    frame = pd.DataFrame(prices | {"usd": flat()}, index=DAYS, dtype=float)
    tags = pd.DataFrame({"asset_id": ["usd"], "tag": "stablecoin", "valid_from": pd.NaT, "static": False})
    return MarketData.from_panels(
        frame, frame * 1000.0, frame * 100.0, tags=tags.astype({"valid_from": "datetime64[us]"})
    )


def rulebook(count: int = 2, **overlay: object) -> Methodology:
    return rules(
        base_date=dt.date(2021, 1, 11),
        universe={"exclude_tags": ["stablecoin"]},
        selection={"count": count, "min_count": 1},
        weighting={"scheme": "equal"},
        schedule=MONTHLY,
        overlay={"stable_leg": ["usd"]} | overlay,
    )


def signalled(data: MarketData, *lines: tuple[str, str, str], methodology: Methodology | None = None) -> IndexHistory:
    table = pd.DataFrame(lines, columns=["date", "asset_id", "signal"])
    return build_index(data, methodology or rulebook(), signals=table)


BOTH = (("2021-01-09", "a", "bullish"), ("2021-01-09", "b", "bullish"), ("2021-01-17", "a", "bullish"))
OUT, BACK = ("2021-01-17", "b", "bearish"), ("2021-01-31", "b", "bullish")  # Sundays; traded on the Mondays after


def test_a_member_called_bearish_for_two_weeks_and_then_held_again_is_one_line() -> None:
    index = signalled(market(a=flat(2.0), b=UP), *BOTH, OUT, BACK)
    [line] = signal_exits(index).to_dict("records")
    assert line["asset_id"] == "b"
    assert (line["left"], line["back"]) == (pd.Timestamp("2021-01-18"), pd.Timestamp("2021-02-01"))
    price = {day: 1 + place / 59 for day, place in (("decided", 9), ("out", 17), ("back", 31))}
    assert line["return_while_out"] == pytest.approx(price["back"] / price["out"] - 1)
    grown = price["out"] / price["decided"]
    assert line["weight_before"] == pytest.approx(grown / (1 + grown))  # half when decided, and a did not move


def test_a_member_still_out_on_the_last_day_has_no_day_of_return_and_the_return_until_then() -> None:
    lines = ((day, "b", "bearish") for day in ("2021-01-17", "2021-01-31", "2021-02-14"))
    index = signalled(market(a=flat(2.0), b=UP), *BOTH, *lines)
    [line] = signal_exits(index).to_dict("records")
    assert pd.isna(line["back"])
    assert line["return_while_out"] == pytest.approx(2.0 / (1 + 17 / 59) - 1)


def test_a_member_that_is_chosen_no_more_while_it_is_out_ends_there_without_a_return() -> None:
    """`c` outgrows `b` before the reconstitution of 31 January, traded on 1 February."""
    c = np.where(DAYS >= "2021-01-25", 5.0, 0.5)
    b = np.where(DAYS >= "2021-02-10", 0.3, np.where(DAYS >= "2021-01-28", 0.6, 1.0))
    data = market(a=flat(2.0), b=b, c=c)
    index = signalled(data, *BOTH, OUT)
    [line] = signal_exits(index).to_dict("records")
    assert pd.isna(line["back"])
    assert line["return_while_out"] == pytest.approx(-0.4)
    assert index.weights["c"].gt(0).idxmax() == pd.Timestamp("2021-02-01")


def test_what_the_reconstitution_sells_is_no_exit_and_neither_is_half_a_weight() -> None:
    c = np.where(DAYS >= "2021-01-25", 5.0, 0.5)
    index = signalled(market(a=flat(2.0), b=flat(), c=c), *BOTH, ("2021-01-17", "b", "neutral"))
    assert index.weights.loc["2021-02-20", ["a", "c"]].gt(0).all()
    table = signal_exits(index)
    assert table.empty
    assert table.columns.tolist() == COLUMNS
    assert table["left"].dtype == table["back"].dtype == "datetime64[us]"


def test_exits_are_listed_with_the_latest_first_and_one_asset_may_have_several() -> None:
    lines = (OUT, ("2021-01-24", "b", "bullish"), ("2021-01-31", "b", "bearish"), ("2021-01-31", "a", "bearish"))
    table = signal_exits(signalled(market(a=flat(2.0), b=UP), *BOTH, *lines))
    seen = list(zip(table["left"].dt.strftime("%d %b"), table["asset_id"], strict=True))
    assert seen == [("01 Feb", "a"), ("01 Feb", "b"), ("18 Jan", "b")]
    assert table["back"].iloc[2] == pd.Timestamp("2021-01-25")


def test_a_gap_of_the_price_uses_the_close_before_it() -> None:
    gap = missing(UP, "2021-03-01")  # the last day of the market is 1 March
    lines = ((day, "b", "bearish") for day in ("2021-01-17", "2021-01-31", "2021-02-14"))
    [line] = signal_exits(signalled(market(a=flat(2.0), b=gap), *BOTH, *lines)).to_dict("records")
    assert line["return_while_out"] == pytest.approx((1 + 58 / 59) / (1 + 17 / 59) - 1)


def test_a_redenomination_while_a_member_is_out_is_no_return() -> None:
    """Ten new units for one old on 25 January: the price falls to a tenth, and nobody lost anything."""
    b = np.where(DAYS >= "2021-01-25", 0.1, 1.0)
    table = pd.DataFrame((*BOTH, OUT, BACK), columns=["date", "asset_id", "signal"])
    actions = migrations(("2021-01-25", "b", "b", 10.0))
    index = build_index(market(a=flat(2.0), b=b), rulebook(), signals=table, migrations=actions)
    [line] = signal_exits(index).to_dict("records")
    assert line["back"] == pd.Timestamp("2021-02-01")
    assert line["return_while_out"] == pytest.approx(0.0)


def test_stablecoins_and_members_sum_to_one_on_every_day() -> None:
    index = signalled(market(a=flat(2.0), b=UP), *BOTH, OUT, BACK)
    share = stable_share(index)
    assert share.columns.tolist() == ["stablecoins", "members"]
    assert share.index.equals(index.dates)
    assert share.sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert share.loc["2021-01-11", "stablecoins"] == 0.0
    assert share.loc["2021-01-18", "stablecoins"] == pytest.approx(0.5)
    assert share.loc["2021-02-01", "stablecoins"] == pytest.approx(0.0)


def test_without_an_overlay_nothing_lies_in_stablecoins() -> None:
    plain = build_index(market(a=flat(2.0), b=UP), rules(base_date=dt.date(2021, 1, 11), selection={"count": 2}))
    assert (stable_share(plain)["stablecoins"] == 0.0).all()
    assert signal_exits(plain).empty


def test_calls_are_those_of_the_last_decision_for_the_members_chosen_by_then() -> None:
    index, made = ridge_pipeline(simulated_market(11, days=520))
    table = calls_on_members(index)
    day = made.dates[made.week_of(None)]
    members = set(index.source.asset_ids[index.decision_records[-1].chosen])
    assert set(table.index) == members
    assert len(table) == 15
    assert STABLE not in table.index
    assert table["probability"].is_monotonic_decreasing
    said = made.table[made.table["date"] == day].set_index("asset_id")
    assert (table["signal"] == said["signal"].reindex(table.index)).all()
    bearish = table.index[table["signal"] == "bearish"]
    bullish = table.index[table["signal"] == "bullish"]
    held = index.weights.iloc[-1]
    assert held.reindex(bearish).fillna(0.0).eq(0).all()
    assert held[bullish].gt(0).all()


def test_signals_given_as_a_table_have_no_reasons_to_show() -> None:
    with pytest.raises(MethodologyError, match="makes no signals of its own"):
        calls_on_members(signalled(market(a=flat(2.0), b=UP), *BOTH))

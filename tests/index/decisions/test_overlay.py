"""Signals, the stable leg, its peg, limits on trading and the volatility target."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.errors import DataError, DataWarning, MethodologyError
from research.index import IndexHistory, build_index
from research.market import MarketData
from tests.index.markets import random_market, rules
from tests.index.small_markets import DAYS, flat, market
from tests.index.truncation import assert_same_up_to

WEEKLY = {"reconstitution": "monthly", "rebalance": "weekly", "weekday": "sunday", "lag_days": 1}
FIRST, SECOND = pd.Timestamp("2021-01-10"), pd.Timestamp("2021-01-17")  # Sundays


def signals(*lines: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=["date", "asset_id", "signal"])


def overlaid(table: pd.DataFrame, prices: dict | None = None, **overlay: object) -> IndexHistory:
    prices = prices or {"a": flat(), "b": flat(), "usd": flat(0.999), "usd2": flat(1.001)}
    return build_index(
        market(**prices),
        rules(
            base_date=dt.date(2021, 1, 11),
            universe={"exclude_tags": ["stablecoin"]},
            selection={"count": 2, "min_count": 1},
            weighting={"scheme": "equal"},
            schedule=WEEKLY,
            overlay={"stable_leg": ["usd", "usd2"]} | overlay,
        ),
        signals=table,
    )


@pytest.fixture(autouse=True)
def _stablecoins_are_tagged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every market of this module knows its stablecoins, so that they are not chosen as members."""
    made = MarketData.from_panels.__func__

    def tagged(cls: type, prices: pd.DataFrame, *panels: pd.DataFrame, **options: object) -> MarketData:
        coins = [name for name in prices.columns if str(name).startswith("usd")]
        tags = pd.DataFrame({"asset_id": coins, "tag": "stablecoin", "valid_from": pd.NaT, "static": False})
        tags["valid_from"] = pd.to_datetime(tags["valid_from"])
        return made(cls, prices, *panels, **({"tags": tags} | options))

    monkeypatch.setattr(MarketData, "from_panels", classmethod(tagged))


def test_bullish_keeps_neutral_halves_bearish_leaves_and_the_rest_is_a_stablecoin_at_its_market_price() -> None:
    index = overlaid(
        signals(
            ("2021-01-09", "a", "bullish"),
            ("2021-01-09", "b", "neutral"),
            ("2021-01-17", "b", "bearish"),
            ("2021-01-24", "a", "bearish"),
        )
    )
    held = index.weights
    assert held.loc["2021-01-11"].to_dict() == pytest.approx({"a": 0.5, "b": 0.25, "usd": 0.25})
    assert held.loc["2021-01-18"].to_dict() == pytest.approx({"a": 0.5, "b": 0.0, "usd": 0.5})
    assert held.loc["2021-01-25"].to_dict() == pytest.approx({"a": 0.0, "b": 0.0, "usd": 1.0})
    rows = index.constituents[index.constituents["effective_date"] == "2021-01-25"]
    units = rows.set_index("asset_id").loc["usd"]
    assert units["units"] * 0.999 == pytest.approx(1000.0)


def test_a_fall_of_the_stablecoin_is_a_fall_of_the_index() -> None:
    peg = np.where(DAYS >= "2021-01-20", 0.98, 1.0)
    prices = {"a": flat(), "b": flat(), "usd": peg}
    index = overlaid(signals(("2021-01-09", "a", "bearish"), ("2021-01-09", "b", "bearish")), prices)
    assert index.level["2021-01-20"] == pytest.approx(980.0)


def test_without_a_fresh_signal_a_member_is_neutral_and_the_note_counts_it() -> None:
    index = overlaid(signals(("2020-12-01", "a", "bullish"), ("2021-01-10", "b", "bullish")))
    assert index.weights.loc["2021-01-11"].to_dict() == pytest.approx({"a": 0.25, "b": 0.5, "usd": 0.25})
    assert "1 members without a signal" in index.rebalances["notes"].iloc[0]


@pytest.mark.parametrize(("given", "weight"), [("2021-01-03", 0.5), ("2021-01-02", 0.25)])
def test_a_signal_counts_up_to_the_age_that_the_rulebook_names(given: str, weight: float) -> None:
    """Decided on the 10th with max_signal_age_days = 7: seven days old is bullish still, eight is neutral."""
    index = overlaid(signals((given, "a", "bullish"), ("2021-01-10", "b", "bullish")), max_signal_age_days=7)
    assert index.weights.loc["2021-01-11", "a"] == pytest.approx(weight)


def test_who_enters_or_leaves_is_traded_below_the_minimum_trade() -> None:
    """b has 0.4 % at a minimum trade of 0.5 %: bought with the first weights that have it, sold when it is bearish."""
    words = [("2021-01-09", "a", "bullish"), ("2021-01-09", "b", "bearish")]
    changed = [("2021-01-17", "b", "neutral"), ("2021-01-24", "b", "bearish")]
    index = overlaid(signals(*words, *changed), bullish=1.0, neutral=0.008, max_signal_age_days=60)
    held = index.weights["b"]
    assert held["2021-01-11"] == 0.0
    assert held["2021-01-18"] == pytest.approx(0.004)
    assert held["2021-01-25"] == 0.0


def test_a_signal_given_after_the_determination_is_not_seen() -> None:
    index = overlaid(
        signals(("2021-01-11", "a", "bearish"), ("2021-01-10", "b", "bullish"), ("2021-01-10", "a", "bullish"))
    )
    assert index.weights.loc["2021-01-11", "a"] == pytest.approx(0.5)
    assert index.weights.loc["2021-01-18"].to_dict() == pytest.approx({"a": 0.0, "b": 0.5, "usd": 0.5})


def test_fully_invested_spreads_what_is_freed_over_the_members_and_uses_the_stable_leg_when_none_is_left() -> None:
    index = overlaid(
        signals(
            ("2021-01-09", "a", "bullish"),
            ("2021-01-09", "b", "neutral"),
            ("2021-01-17", "a", "bearish"),
            ("2021-01-17", "b", "bearish"),
        ),
        mode="fully_invested",
    )
    assert index.weights.loc["2021-01-11"].to_dict() == pytest.approx({"a": 2 / 3, "b": 1 / 3, "usd": 0.0})
    assert index.weights.loc["2021-01-18", "usd"] == pytest.approx(1.0)


def test_a_change_below_the_minimum_trade_is_left_undone_and_a_large_one_goes_part_of_the_way() -> None:
    a = np.where(DAYS >= "2021-01-12", 1.004, 1.0)
    bullish = [("2021-01-09", "a", "bullish"), ("2021-01-09", "b", "bullish")]
    index = overlaid(signals(*bullish), {"a": a, "b": flat(), "usd": flat()}, min_trade=0.005)
    assert index.rebalances.loc["2021-01-18", "turnover"] == pytest.approx(0.0, abs=1e-15)
    index = overlaid(signals(*bullish, ("2021-01-17", "a", "bearish")), max_turnover=0.2)
    assert index.weights.loc["2021-01-18"].to_dict() == pytest.approx({"a": 0.3, "b": 0.5, "usd": 0.2})
    assert index.rebalances.loc["2021-01-18", "turnover"] == pytest.approx(0.2)
    assert "limited to 20.0%" in index.rebalances.loc["2021-01-18", "notes"]


@pytest.mark.parametrize(
    ("peg", "called"),
    [
        (np.where(DAYS == "2021-01-20", 0.96, 1.0), "2021-01-20"),  # more than 3 % once
        (np.where((DAYS >= "2021-01-20") & (DAYS <= "2021-01-22"), 0.985, 1.0), "2021-01-22"),  # more than 1 % thrice
        (np.where((DAYS >= "2021-01-20") & (DAYS <= "2021-01-21"), 0.985, 1.0), None),  # only twice
        (np.where(DAYS == "2021-01-20", 1.04, 1.0), "2021-01-20"),  # above as well as below
    ],
)
def test_a_stablecoin_that_breaks_its_peg_is_exchanged_for_the_next_one_at_market(
    peg: np.ndarray, called: str | None
) -> None:
    prices = {"a": flat(), "b": flat(), "usd": peg, "usd2": flat(1.001)}
    index = overlaid(signals(("2021-01-09", "a", "bearish"), ("2021-01-09", "b", "bullish")), prices)
    switches = index.rebalances[index.rebalances["cause"] == "stable switch"]
    if called is None:
        assert switches.empty
        return
    day = pd.Timestamp(called) + pd.Timedelta(days=1)
    assert list(switches.index) == [day]
    assert index.weights.loc[day, "usd"] == 0.0
    assert index.weights.loc[day, "usd2"] > 0.45
    assert day in set(index.events.query("event == 'stable switch'")["date"])


def test_without_any_stablecoin_that_keeps_its_peg_members_keep_their_weights_and_the_note_says_so() -> None:
    prices = {"a": flat(), "b": flat(), "usd": flat(0.9)}
    index = overlaid(signals(("2021-01-09", "a", "bearish"), ("2021-01-09", "b", "bullish")), prices)
    assert index.weights.loc["2021-01-11"].to_dict() == pytest.approx({"a": 0.5, "b": 0.5})
    assert "no stablecoin" in index.rebalances["notes"].iloc[0]


def test_the_volatility_target_sets_the_exposure_from_returns_up_to_two_days_before() -> None:
    days = pd.date_range("2020-06-01", "2021-02-28")
    rng = np.random.default_rng(3)
    price = pd.Series(np.exp(np.cumsum(rng.normal(0, 0.04, len(days)))), days)
    prices = pd.DataFrame({"a": price, "usd": 1.0})
    methodology = rules(
        base_date=dt.date(2021, 1, 11),
        universe={"exclude_tags": ["stablecoin"]},
        selection={"count": 1},
        schedule=WEEKLY,
        overlay={"stable_leg": ["usd"], "signals": False, "volatility_target": 0.3},
    )
    index = build_index(MarketData.from_panels(prices, prices * 1000, prices * 10), methodology)
    returns = price.pct_change().dropna()[: FIRST - pd.Timedelta(days=2)].iloc[-247:]
    estimates = []
    for decay in (0.94, 0.97):
        age = decay ** np.arange(len(returns))[::-1]
        estimates.append(np.sqrt((age * returns**2).sum() / age.sum() * 365))
    first = index.constituents.iloc[[0, 1]].set_index("asset_id")
    assert first.loc["a", "target_weight"] == pytest.approx(0.3 / max(estimates), rel=1e-12)
    shares = index.constituents.query("asset_id == 'a'")["target_weight"]
    assert shares.nunique() < len(shares)  # changed in steps only


def test_a_word_that_is_no_signal_is_refused_and_missing_signals_are_named() -> None:
    with pytest.raises(DataError, match="'bulish' is not a signal: did you mean 'bullish'"):
        overlaid(signals(("2021-01-09", "a", "bulish")))
    with pytest.raises(MethodologyError, match="needs signals: give them as build_index"):
        overlaid(None)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="signals: missing column 'signal'"):
        overlaid(signals().drop(columns="signal"))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**16), mode=st.sampled_from(["to_stable", "fully_invested"]), cut=st.floats(0.4, 1.0))
def test_the_overlay_sees_no_later_signal_price_or_peg(seed: int, mode: str, cut: float) -> None:
    rng = np.random.default_rng(seed)
    base = random_market(seed, days=150)
    peg = pd.DataFrame({name: 1 + rng.normal(0, 0.006, 150) for name in ("usd-a", "usd-b")}, index=base.dates)
    whole = MarketData.from_panels(
        base.prices.join(peg), base.market_caps.join(peg * 1e3), base.volumes.join(peg * 1e3)
    )
    lines = [
        (day, asset, rng.choice(["bullish", "neutral", "bearish"]))
        for day in base.dates[::7]
        for asset in base.prices.columns
    ]
    table = signals(*lines)
    methodology = rules(
        universe={"exclude_tags": ["stablecoin"]},
        weighting={"max_weight": 0.5},
        schedule=WEEKLY,
        overlay={"stable_leg": ["usd-a", "usd-b"], "mode": mode, "volatility_target": 0.8, "max_turnover": 0.4},
        costs={"fee_bps": 10},
    )
    history = build_index(whole, methodology, signals=table)
    date = whole.dates[int(cut * 149)]
    if date <= history.level.index[0]:
        return
    known = build_index(whole.until(date), methodology, signals=table[table["date"] <= date])
    assert_same_up_to(known, history, date)
    np.testing.assert_allclose(history.weights.sum(axis=1), 1.0, atol=1e-12)
    assert (history.weights.to_numpy() >= -1e-15).all()


def test_signals_on_assets_that_do_not_exist_are_said_to_be_left_out() -> None:
    with pytest.warns(DataWarning, match=r"1 of 1 asset_ids are not in the market \(yet\), e\.g\. 'A'"):
        overlaid(signals(("2021-01-09", "A", "bullish")))


def test_signals_partly_on_unknown_assets_are_counted_in_a_warning() -> None:
    table = signals(("2021-01-09", "a", "bullish"), ("2021-01-09", "bb", "bullish"), ("2021-01-10", "bb", "neutral"))
    with pytest.warns(DataWarning, match=r"1 of 2 asset_ids are not in the .* 'bb'.*did you mean 'b'"):
        overlaid(table)


def test_the_time_of_a_signal_is_read_as_utc_and_the_last_word_of_a_day_counts() -> None:
    words = [("2021-01-10T22:00", "bearish"), ("2021-01-10T20:00", "bullish"), ("2021-01-11T05:00+02:00", "bearish")]
    bullish = [("2021-01-09", "b", "bullish")]
    for lines, weight in [(words[:1], 0.0), (words[1:2], 0.5), (words[:2], 0.0), (words[2:], 0.25)]:
        table = signals(*[(time, "a", word) for time, word in lines], *bullish)
        assert overlaid(table).weights.loc["2021-01-11", "a"] == pytest.approx(weight), lines


def test_a_volatility_target_without_a_history_says_what_it_starts_with() -> None:
    prices = {"a": flat(), "b": flat(), "usd": flat()}
    index = overlaid(signals(), prices, signals=False, volatility_target=0.5)
    first, later = index.rebalances["notes"].iloc[[0, -1]]
    assert first == "7 daily returns are no estimate of volatility (expected 20): exposure starts at 100%"
    assert later == ""

"""Every trap that ../shared/market/README.md names, on the real file: how it is found, recorded, and what happens.

What other rooms handle is tested there: two coins of one ticker (tests/market/imports), redenominations and renames
(tests/point_in_time), bogus caps kept out of an index and the collapses of Terra and FTX (tests/index).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from research.market.quality import find_defects
from research.market.quality.dating import KNOWN_CLOSES
from tests.market.quality.real_files import PROFILES, raw, real_market, summary_of

FOUND: dict[str, pd.DataFrame] = {}


def findings(name: str) -> pd.DataFrame:
    if name not in FOUND:
        FOUND[name] = find_defects(real_market(name))
    return FOUND[name]


@dataclass(frozen=True)
class Trap:
    """A finding that must be there: in which file, about what, by which rule, on which day, and what came of it."""

    file: str
    asset: str
    rule: str
    day: str
    later: str
    words: str = ""


TRAPS = [
    # caps of supplies that were never there, larger than all but bitcoin's
    Trap("406", "cnmt", "thin cap", "2014-04-09", "ended", "a supply that is not there"),
    Trap("406", "slr", "thin cap", "2014-04-09", "ended", "a supply that is not there"),
    Trap("406", "cnmt", "supply jump", "2014-07-09", "confirmed", "x0.00074"),  # the day on which the vendor mended it
    Trap("406", "slr", "supply jump", "2014-07-09", "confirmed", "x0.00023"),
    # bitcoin: no cap on 32 days in stretches of one to four, stale prices
    Trap("406", "bitcoin", "no market cap", "2014-04-12", "ended"),
    Trap("406", "bitcoin", "no market cap", "2014-05-29", "ended"),
    Trap("406", "bitcoin", "repeated row", "2014-04-09", "ended", "26 of 83 assets"),
    Trap("406", "bitcoin", "repeated row", "2014-04-15", "ended", "32 of 85 assets"),
    Trap("406", "bitcoin", "repeated row", "2014-04-27", "ended"),
    # a ticker that changed: one series stops, and nothing tells that another is its successor
    Trap("406", "str", "no price", "2016-11-01", "open"),
    # units that flip by a hundred and back
    Trap("406", "arc", "price jump", "2017-01-16", "confirmed", "x79.8"),
    Trap("406", "arc", "price jump", "2017-02-15", "confirmed", "x106.2"),
    Trap("406", "arc", "price jump", "2017-02-25", "discarded", "x0.009163"),
    # the wrong print that spoils the replication of the CCi30
    Trap("406", "ybc", "price jump", "2015-11-17", "discarded"),
    # collapses are no wrong prints, whatever they look like on their day
    Trap("50", "terra-luna", "price jump", "2022-05-11", "confirmed", "x0.063"),
    Trap("50", "terra-luna", "price jump", "2022-05-12", "confirmed", "x0.0011"),
    Trap("50", "terra-luna", "supply jump", "2022-05-12", "confirmed", "x262"),
    Trap("50", "terra-luna", "supply jump", "2022-05-13", "confirmed", "6,390,730,385,152 units"),
    Trap("50", "ftx-token", "price jump", "2022-11-08", "confirmed", "x0.2479"),
    # caps set to zero after death: refused at import, and said of the cap that is missing then
    Trap("50", "terra-luna", "no market cap", "2022-06-11", "ended"),
    Trap("50", "ftx-token", "no market cap", "2022-11-13", "open"),
    # files that end before the others
    Trap("17", "bitcoin", "prices end together", "2025-03-31", "open", "3 of 17 assets"),
    Trap("17", "ethereum", "prices end together", "2025-03-31", "open", "3 of 17 assets"),
    Trap("312", "bitcoin", "prices end together", "2018-08-29", "open", "37 of 129 assets"),
    # redenominations inside a ticker, without a cap to tell them by, after the gap in which they were made
    Trap("binance", "quick", "price jump", "2023-07-21", "confirmed", "no cap to tell a new unit from a move"),
    Trap("binance", "strax", "price jump", "2024-03-28", "confirmed", "over 8 days"),
    Trap("binance", "ftx-token", "no price", "2022-11-16", "open"),  # 311 days: what comes back is another asset
    # a cap of 5.8e14 for one day, and prices that jump by hundreds of millions
    Trap("312", "vee", "supply jump", "2018-01-16", "discarded", "x3.001e+06"),
    Trap("312", "vee", "thin cap", "2018-01-16", "ended", "583,709,212,700,114 USD"),
    Trap("312", "air", "price jump", "2017-10-14", "discarded", "x6.8e+08"),
    Trap("312", "veri", "price jump", "2017-06-10", "discarded", "x18.81"),
    Trap("312", "veri", "unit jump", "2017-08-01", "discarded", "cap x1.26"),
    # a list once a month: the days between are nobody's fault
    Trap("cmc", "*", "no market", "2020-02-01", "ended", "30 days before"),
]


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: f"{trap.file}-{trap.asset}-{trap.rule}-{trap.day}")
def test_a_trap_of_the_real_files_is_found_on_its_day(trap: Trap) -> None:
    table = findings(trap.file)
    line = table[
        (table["asset_id"] == trap.asset) & (table["rule"] == trap.rule) & (table["date"] == pd.Timestamp(trap.day))
    ]
    assert len(line) == 1
    assert line["later"].iloc[0] == trap.later
    assert trap.words in line["evidence"].iloc[0]


LEDGER = {
    "406": {
        "price not positive": 28,
        "market_cap not positive": 3345,
        "cap without price": 4,
        "prices resume after more than 180 days: a new asset": 8,
    },
    "50": {
        "market_cap not positive": 1789,
        "second row for this close, where the vendor's dating changes": 51,
    },
    "17": {
        "market_cap not positive": 1,
        "second row for this close, where the vendor's dating changes": 42,
    },
    "binance": {"prices resume after more than 180 days: a new asset": 1},
    "cmc": {
        "price not positive": 12,  # BabyDoge, rounded to zero
        "cap without price": 12,
        "asset without any price dropped": 1,
        "prices resume after more than 150 days: a new asset": 128,
    },
    "312": {"market_cap not positive": 2429, "cap without price": 28572},
    "312 as dated by the vendor": {"market_cap not positive": 2448, "cap without price": 28775},
    "levels": {},
}


SEAMS = ("50", "17", "312")  # where the vendor's dating changes, the profile moves rows, and some fall on one day


@pytest.mark.parametrize("name", LEDGER)
def test_every_file_is_imported_and_its_ledger_has_what_was_refused_by_rule(name: str) -> None:
    """The counts are those of the vendor's own columns, counted apart from the import."""
    assert dict(summary_of(name).ledger_counts) == LEDGER[name]
    table = raw(name)
    if "close" in table and name not in SEAMS:
        assert LEDGER[name].get("price not positive", 0) == (table["close"] <= 0).sum()
    if "market_cap" in table and name not in SEAMS:
        assert LEDGER[name].get("market_cap not positive", 0) == (table["market_cap"] <= 0).sum()
        unpriced = (table["market_cap"] > 0) & ~(table["close"] > 0)
        assert LEDGER[name].get("cap without price", 0) == unpriced.sum()


def test_the_days_without_a_cap_of_bitcoin_are_all_in_stretches_that_were_found() -> None:
    market, found = real_market("406"), findings("406").query("asset_id == 'bitcoin' and rule == 'no market cap'")
    missing = market.market_caps["bitcoin"].isna() & market.prices["bitcoin"].notna()
    assert missing.sum() == 32
    covered = sum(missing[line.date : line.later_date].sum() for line in found.itertuples())
    assert covered == 30  # the first two are the first days of the file, where no cap could be missed


def test_each_missing_row_of_the_406_coins_is_a_gap_that_was_found() -> None:
    known = real_market("406").prices.notna()
    stops = (known.shift(fill_value=False) & ~known).to_numpy().sum()
    found = findings("406")["rule"].isin(["no price", "prices end together", "page limit"]).sum()
    assert found == stops
    open_ends = findings("406").query("later == 'open'")["rule"].isin(["no price", "prices end together"]).sum()
    assert open_ends == (~known.iloc[-1]).sum() > 120  # those that died, or whose file ends


@pytest.mark.parametrize("name", ["50", "17"])
def test_a_file_dated_a_day_late_is_told_by_closes_that_are_known(name: str) -> None:
    """As the vendor dates it, from 2018-01-30 on; with the profile's rule, nothing is found."""
    late = findings(f"{name} as dated by the vendor").query("rule == 'dated a day late'")
    assert late["date"].min() == pd.Timestamp("2018-02-06")
    assert len(late) == sum(day > "2018-01-30" for day in KNOWN_CLOSES)
    assert set(late["asset_id"]) == {"bitcoin"}
    assert findings(name).query("rule.str.startswith('dated')").empty


def test_one_asset_dated_a_day_late_is_told_by_a_reference() -> None:
    reference = real_market("17").price("bitcoin")
    found = find_defects(real_market("50 as dated by the vendor"), reference=reference)
    late = found.query("rule == 'dated a day off' and asset_id == 'bitcoin'")
    assert len(late) == 1
    assert pd.Timestamp("2018-01-30") < late["date"].iloc[0] < pd.Timestamp("2018-08-01")
    assert late["evidence"].iloc[0].endswith("dated a day late")


def test_the_caps_of_the_social_file_change_their_dating_in_2018_and_its_prices_do_not() -> None:
    off = findings("312 as dated by the vendor").query("rule == 'dated a day off'")
    assert set(off["field"]) == {"market_cap"}
    assert off["asset_id"].nunique() > 0.9 * real_market("312").prices.shape[1]
    assert off["evidence"].str.endswith("dated a day late").mean() > 0.8
    assert off["date"].min() > pd.Timestamp("2018-01-30")
    assert findings("312").query("rule == 'dated a day off'").empty  # the profile reads them as they are


def test_a_file_cut_at_one_length_is_no_death_of_182_coins() -> None:
    found = findings("312")
    cut = found[(found["date"] == pd.Timestamp("2018-06-27")) & (found["rule"] == "prices end together")]
    assert len(cut) == 182
    assert set(cut["later"]) == {"open"}
    assert findings("312").query("rule == 'no price'").shape[0] == 1


def test_bars_that_contradict_their_close_are_found_one_for_one() -> None:
    """The file joins bars and caps of two vendors; its closes are those of the bars."""
    for name in ("312", "binance"):
        table = raw(name)
        others = table[["open", "close", "low"]].max(axis=1), table[["open", "close", "high"]].min(axis=1)
        too_low = (others[0] > table["high"] * (1 + 1e-6)) & (table["close"] > 0)
        too_high = (others[1] < table["low"] * (1 - 1e-6)) & (table["close"] > 0)
        found = findings(name)["rule"].value_counts()
        assert found.get("high too low", 0) == too_low.sum()
        assert found.get("low too high", 0) == too_high.sum()


def test_a_supply_that_somebody_made_up_and_somebody_trades_is_not_found() -> None:
    """EDLC: a cap of 6e9 on one list. Nothing in its numbers tells; an index that asks for 90 days never sees it."""
    market, found, edelcoin = real_market("cmc"), findings("cmc"), "edlc edelcoin"
    assert market.market_caps[edelcoin].max() > 6e9
    assert found.query("asset_id == @edelcoin and rule != 'no price'").empty
    assert market.prices[edelcoin].notna().sum() == 1


@pytest.mark.parametrize("name", ["406", "312"])
def test_findings_of_a_real_file_are_those_of_the_file_up_to_the_day(name: str) -> None:
    whole, market = findings(name), real_market(name)
    busy = whole["date"].value_counts().index[[0, 3, 10, 40]]
    for cut in [*busy, market.dates[len(market.dates) // 2]]:
        past = whole[whole["date"] <= cut].reset_index(drop=True)
        unknown = past["later_date"].isna() | (past["later_date"] > cut)
        known = past.assign(later=past["later"].mask(unknown, "open"), later_date=past["later_date"].mask(unknown))
        pd.testing.assert_frame_equal(find_defects(market.until(cut)), known)


def test_known_closes_are_those_of_files_that_are_dated_rightly() -> None:
    for name in ("17", "312", "binance"):
        prices = real_market(name).prices["bitcoin"]
        for day, (close, before) in KNOWN_CLOSES.items():
            date = pd.Timestamp(day)
            if date in prices.index and not np.isnan(prices[date]):
                assert prices[date] == pytest.approx(close, rel=0.04), (name, day)
                assert prices[date - pd.Timedelta(days=1)] == pytest.approx(before, rel=0.04), (name, day)
            assert abs(np.log(close / before)) > 0.13  # so far apart that vendors' differences do not matter


def test_every_file_of_the_readme_that_is_a_market_is_looked_at() -> None:
    assert {file for file, _ in PROFILES.values()} >= {
        "benchmark_indices_quantlet",
        "binance_301_ohlcv_daily_to_2025_zzonge",
        "cmc_top200_monthly_2020_2025_sbq",
        "coingecko_17_2013_2025_lomonosov",
        "coingecko_312_2017_2018_social_artem",
        "coingecko_406_2014_2017_indexconstruction",
        "coingecko_50_2015_2023_srk",
    }

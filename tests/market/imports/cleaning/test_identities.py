"""A hand-made table decides which asset a row is of; what is proposed for it; both stand in the ledger."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from research.errors import DataError
from research.index import build_index
from research.market import MarketData, Profile, import_table, load_market
from research.market.imports.cleaning.identities import RULE, Identities
from research.market.imports.drafting.identity_proposals import propose_identities, propose_identities_of
from research.market.imports.profile.assets import Asset
from research.market.imports.profile.sections import Columns
from research.market.ledger import UNIT_DECIDED, decided_units
from research.point_in_time.price_adjustments import propose_unit_decisions
from tests.conftest import shared
from tests.index.markets import rules
from tests.market.helpers import PROFILE, csv

NAMED = dataclasses.replace(PROFILE, columns=dataclasses.replace(PROFILE.columns, name="title"))
CMC = Profile(
    name="the 200 largest, monthly",
    source="as found",
    licence="none stated",
    retrieved_at="2025-11-01T00:00:00Z",
    columns=Columns(date="date", key="symbol", name="name", price="close", market_cap="market_cap", volume="volume"),
)


def table(folder: Path, *lines: str, header: str = "key,from,until,asset_id") -> Path:
    file = folder / "identities.csv"
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return file


def imported(folder: Path, rows: list[str], decisions: Path, profile: Profile = PROFILE) -> MarketData:
    import_table(csv(folder, *rows), profile, folder / "out", identities=decisions, replace=True)
    return load_market(folder / "out")


ROWS = ["2024-01-01,etc,1,10,1", "2024-01-02,etc,2,20,1", "2024-01-03,etc,300,3000,1"]


def test_one_key_is_two_assets_and_two_keys_are_one(tmp_path: Path) -> None:
    decisions = table(tmp_path, "etc,,2024-01-02,etc-old", "etc,2024-01-03,,classic", "str,,,stellar", "xlm,,,stellar")
    market = imported(tmp_path, [*ROWS, "2024-01-01,str,5,50,1", "2024-01-03,xlm,6,60,1"], decisions)
    assert list(market.prices.columns) == ["classic", "etc-old", "stellar"]
    assert market.prices["stellar"].tolist() == pytest.approx([5, np.nan, 6], nan_ok=True)
    assert market.prices["etc-old"].dropna().tolist() == [1, 2]
    assert market.assets.set_index("asset_id")["symbol"].to_dict() == {
        "classic": "ETC",
        "etc-old": "ETC",
        "stellar": "XLM",  # the ticker of its last rows
    }
    said = market.ledger[market.ledger["rule"] == RULE]
    assert said[["asset_id", "old", "new"]].to_numpy().tolist() == [
        ["etc-old", "etc", "etc-old"],
        ["stellar", "str", "stellar"],
        ["classic", "etc", "classic"],
        ["stellar", "xlm", "stellar"],
    ]


def test_two_rows_of_one_ticker_on_a_day_are_told_apart_by_their_names(tmp_path: Path) -> None:
    rows = ["2024-01-01,bnx,100,1,1,Old", "2024-01-01,bnx,1,1,1,New", "2024-01-02,bnx,1.1,1,1,New"]
    file = tmp_path / "table.csv"
    file.write_text("\n".join(["day,coin,close,cap,vol,title", *rows]) + "\n", encoding="utf-8")
    with pytest.raises(
        DataError, match=r"two rows for one day: 'bnx'.* if they are two assets, in a table of identities"
    ):
        import_table(file, NAMED, tmp_path / "out")
    decisions = table(tmp_path, "bnx,Old,,,bnx-old", "bnx,New,,,bnx-new", header="key,name,from,until,asset_id")
    import_table(file, NAMED, tmp_path / "out", identities=decisions)
    assert load_market(tmp_path / "out").prices.count().to_dict() == {"bnx-new": 2, "bnx-old": 1}


def test_what_a_person_has_decided_is_not_split_after_a_gap(tmp_path: Path) -> None:
    rows = ["2023-01-01,etc,1,10,1", "2024-01-01,etc,2,20,1"]
    splitting = dataclasses.replace(PROFILE, split_after_gap_days=180)
    assert list(imported(tmp_path, rows, table(tmp_path, "etc,,,etc"), splitting).prices.columns) == ["etc"]


def test_a_decided_asset_has_what_the_profile_says_of_its_id_or_of_its_key(tmp_path: Path) -> None:
    known = {
        "etc": Asset(name="Classic", tags=("sector:layer-1",)),
        "x": Asset(id="stellar", tags=("sector:payments",)),
    }
    profile = dataclasses.replace(PROFILE, assets=known)
    decisions = table(tmp_path, "etc,,,classic", "str,,,stellar")
    market = imported(tmp_path, [*ROWS, "2024-01-01,str,5,50,1"], decisions, profile)
    assert market.tags[["asset_id", "tag"]].to_numpy().tolist() == [
        ["classic", "sector:layer-1"],
        ["stellar", "sector:payments"],
    ]
    assert market.assets.set_index("asset_id").loc["classic", "name"] == "Classic"


def test_a_profile_names_its_table_beside_itself_and_the_argument_takes_its_place(tmp_path: Path) -> None:
    table(tmp_path, "etc,,,one")
    (tmp_path / "p.toml").write_text(
        'name = "v"\nsource = "s"\nlicence = "l"\nretrieved_at = "2024-02-01T00:00:00Z"\n'
        'identities = "identities.csv"\n'
        '[columns]\ndate = "day"\nkey = "coin"\nprice = "close"\n',
        encoding="utf-8",
    )
    file = csv(tmp_path, *ROWS)
    import_table(file, tmp_path / "p.toml", tmp_path / "out")
    assert list(load_market(tmp_path / "out").prices.columns) == ["one"]
    other = tmp_path / "other.csv"
    other.write_text("key,asset_id\netc,two\n", encoding="utf-8")
    import_table(file, tmp_path / "p.toml", tmp_path / "out", identities=other, replace=True)
    assert list(load_market(tmp_path / "out").prices.columns) == ["two"]


@pytest.mark.parametrize(
    ("header", "lines", "message"),
    [
        ("key,asset", ["etc,a"], "unknown column 'asset'"),
        ("key,from", ["etc,2024-01-01"], "the column 'asset_id' is missing"),
        (
            "key,from,until,asset_id",
            ["etc,2024-01-03,2024-01-01,a"],
            "line 2: from 2024-01-03 lies after until 2024-01-01",
        ),
        ("key,from,until,asset_id", ["etc,01.02.2024,,a"], "line 2: from is '01.02.2024', expected YYYY-MM-DD"),
        ("key,from,until,asset_id", ["etc,,2024-01-02,a", "etc,2024-01-02,,b"], "lines 2 and 3: .*'etc' on 2024-01-02"),
        ("key,name,asset_id", ["etc,,a", "etc,New,b"], "lines 2 and 3: both are about 'etc'"),
        ("key,from,until,asset_id", ["etc,,,"], "line 2: asset_id is an empty text"),
        ("key,from,until,asset_id", [",,,a"], "line 2: key is an empty text"),
        ("key,from,until,asset_id", ["etcc,,,a"], "line 2: the table has no key 'etcc': did you mean 'etc'"),
        ("key,name,asset_id", ["etc,New,a"], "the name 'New' is asked for, and the profile's .columns. say no name"),
        (
            "key,from,until,asset_id",
            ["etc,,2024-01-01,etc"],
            "no line is about 'etc' on 2024-01-02, which would become 'etc'",
        ),
        ("key,asset_id,from,ratio", [",etc,2024-01-02,0"], "line 2: ratio is '0', expected a number above zero"),
        ("key,asset_id,from,ratio", [",etc,,2"], "line 2: a line with a ratio .* fill in from"),
        ("key,asset_id,from,ratio", ["etc,etc,2024-01-02,2"], "leave key, name and until blank"),
        ("key,asset_id,from,ratio", [",etz,2024-01-02,2"], "line 2: no asset 'etz' in the table: did you mean 'etc'"),
        ("key,asset_id,from,ratio", [",etc,2024-01-01,2"], "etc has prices from 2024-01-01 to 2024-01-03"),
        ("key,asset_id,from,ratio", [",etc,2024-01-02,2", ",etc,2024-01-02,3"], "lines 2 and 3: .* unit of 'etc'"),
    ],
)
def test_a_table_that_cannot_be_right_is_one_clear_error_and_nothing_is_written(
    tmp_path: Path, header: str, lines: list[str], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        import_table(csv(tmp_path, *ROWS), PROFILE, tmp_path / "out", identities=table(tmp_path, *lines, header=header))
    assert not (tmp_path / "out").exists()


def test_a_table_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"\xff\xfe\x00key")
    with pytest.raises(DataError, match=r"t\.csv is no CSV table that can be read"):
        Identities.load(tmp_path / "t.csv")
    with pytest.raises(DataError, match=r"absent\.csv cannot be read"):
        Identities.load(tmp_path / "absent.csv")


def test_two_keys_that_are_decided_to_be_one_may_not_have_rows_on_one_day(tmp_path: Path) -> None:
    decisions = table(tmp_path, "str,,,stellar", "xlm,,,stellar")
    with pytest.raises(DataError, match="two rows for one day"):
        imported(tmp_path, ["2024-01-01,str,5,50,1", "2024-01-01,xlm,6,60,1"], decisions)


# ---------------------------------------------------------------------- decisions about units


def flat_with_a_leap(folder: Path, lines: list[str]) -> MarketData:
    """Two assets at rest; the unit of b changes on 2024-01-20: price x 100, cap as it was."""
    days = pd.date_range("2024-01-01", periods=30)
    rows = [f"{day.date()},a,1,1000,1" for day in days]
    rows += [f"{day.date()},b,{100 if day >= days[19] else 1},900,1" for day in days]
    return imported(folder, rows, table(folder, *lines, header="key,asset_id,from,ratio"))


@pytest.mark.parametrize(
    ("line", "end"), [([], 1000.0), ([",b,2024-01-20,1"], 50_500.0), ([",b,2024-01-20,0.02"], 1500.0)]
)
def test_a_decision_about_a_unit_goes_with_the_snapshot_into_every_index(
    tmp_path: Path, line: list[str], end: float
) -> None:
    market = flat_with_a_leap(tmp_path, line)
    methodology = rules(
        base_date=market.dates[14].date(),
        selection={"count": 2},
        weighting={"scheme": "equal"},
        schedule={"reconstitution": "weekly", "rebalance": "weekly", "lag_days": 1},
    )
    index = build_index(market, methodology)
    assert index.level.iloc[-1] == pytest.approx(end)
    cut = build_index(market.until("2024-01-19"), index.methodology)
    assert cut.level.equals(index.level[:"2024-01-19"])
    if line:
        assert market.ledger["rule"].tolist() == [UNIT_DECIDED]
        assert decided_units(market.until("2024-01-19")).empty
        assert decided_units(market.since("2024-01-25")).empty
        assert decided_units(market.only(["a"])).empty
        told = pd.DataFrame({"date": ["2024-01-20"], "asset_id": "b", "new_asset_id": "b", "ratio": 0.01})
        overruled = build_index(market, index.methodology, migrations=told)
        assert overruled.level.iloc[-1] == pytest.approx(1000.0)


def test_what_is_proposed_of_a_snapshot_can_be_imported_as_it_is(tmp_path: Path) -> None:
    market = flat_with_a_leap(tmp_path, [])
    proposed = propose_unit_decisions(market)
    assert proposed[["asset_id", "from", "kind"]].to_numpy().tolist() == [["b", "2024-01-20", "redenomination"]]
    assert "evident" in proposed["note"].iloc[0]
    proposed.to_csv(tmp_path / "again.csv", index=False)
    (unit,) = Identities.load(tmp_path / "again.csv").units
    assert unit.ratio == pytest.approx(0.01)
    assert propose_unit_decisions(market.only(["a"])).empty


# ---------------------------------------------------------------------- proposals, on small tables and on real files


def long(key: str, days: pd.DatetimeIndex, price: float, supply: float, name: str = "") -> pd.DataFrame:
    return pd.DataFrame({"key": key, "date": days, "price": price, "market_cap": price * supply, "name": name})


def kinds(rows: pd.DataFrame) -> list[list[str]]:
    return propose_identities([rows])[["kind", "key", "from", "asset_id"]].to_numpy().tolist()


def test_each_kind_of_doubt_is_proposed_with_its_evidence() -> None:
    year = pd.date_range("2024-01-01", periods=366)
    whole = long("whole", year, 1.0, 1e6)
    gap = pd.concat([long("gap", year[:50], 1.0, 1e6), long("gap", year[150:], 3.0, 1e6)])
    assert kinds(pd.concat([whole, gap])) == [["gap", "gap", "2024-05-30", "gap-2"]]
    calm = pd.concat([long("gap", year[:50], 1.0, 1e6), long("gap", year[150:], 1.9, 1e6)])
    assert kinds(pd.concat([whole, calm])) == []  # it comes back near where it was
    renamed = pd.concat([long("str", year[:50], 1.0, 1e9), long("xlm", year[50:], 1.1, 1.01e9)])
    assert kinds(pd.concat([whole, renamed])) == [["rename", "str", "", "xlm"], ["rename", "xlm", "", "xlm"]]
    other = pd.concat([long("str", year[:50], 1.0, 1e9), long("xlm", year[50:], 1.1, 1.1e9)])
    assert kinds(pd.concat([whole, other])) == []  # a new coin of another supply
    names = pd.concat([long("one", year[:50], 1.0, 1e6, "BigONE"), long("one", year[50:], 2.0, 1e6, "Harmony")])
    assert kinds(names) == [["name", "one", "", "one"], ["name", "one", "", "one-2"]]
    twice = pd.concat([long("bnx", year, 1.0, 1e6, "New"), long("bnx", year[:2], 100.0, 1e4, "Old")])
    assert [line[0] for line in kinds(twice)] == ["twice", "twice"]


def test_on_406_coins_the_reused_and_the_renamed_tickers_are_proposed() -> None:
    file = shared("market/coingecko_406_2014_2017_indexconstruction.parquet")
    lines = propose_identities_of(file, "coingecko-406")
    found = {(line.kind, line.key, line.asset_id) for line in lines.itertuples()}
    assert {("gap", "etc", "etc-2"), ("rename", "str", "xlm"), ("rename", "nbt", "usnbt")} <= found
    assert len(lines) < 20


def test_the_renamed_stellar_and_the_reused_etc_are_what_a_person_says_they_are(tmp_path: Path) -> None:
    file = shared("market/coingecko_406_2014_2017_indexconstruction.parquet")
    decisions = table(
        tmp_path, "etc,,2015-12-31,etc-old", "etc,2016-01-01,,ethereum-classic", "str,,,stellar", "xlm,,,stellar"
    )
    import_table(file, "coingecko-406", tmp_path / "out", identities=decisions)
    market = load_market(tmp_path / "out")
    listed = market.assets.set_index("asset_id")
    assert str(listed.loc["stellar", "first_date"].date()) == "2014-08-06"
    assert listed.loc["stellar", "last_date"] == market.dates[-1]
    assert market.prices["stellar"]["2016-10-25":"2016-11-05"].notna().all()
    assert str(listed.loc["ethereum-classic", "first_date"].date()) == "2016-07-27"
    assert {"str", "xlm", "etc", "etc-2"}.isdisjoint(listed.index)
    tags = set(market.tags.loc[market.tags["asset_id"] == "ethereum-classic", "tag"])
    assert tags == {"sector:layer-1"}  # as the profile says of that id


def test_the_monthly_file_cannot_be_imported_before_somebody_decides_about_bnx(tmp_path: Path) -> None:
    file = shared("market/cmc_top200_monthly_2020_2025_sbq.parquet")
    with pytest.raises(DataError, match="two rows for one day: 'BNX' on 2023-03-01"):
        import_table(file, CMC, tmp_path / "out")
    lines = propose_identities_of(file, CMC)
    assert set(lines.loc[lines["kind"] == "twice", "name"]) == {"BinaryX", "BinaryX (old)"}
    names = lines[lines["kind"] == "name"].groupby("key")["name"].agg(list)
    assert names["STRK"] == ["Strike", "Starknet"]
    assert names["ONE"] == ["BigONE Token", "Harmony"]
    renames = set(zip(*(lines.loc[lines["kind"] == "rename", column] for column in ("key", "asset_id")), strict=True))
    assert {("RNDR", "render"), ("FTM", "s"), ("PAX", "usdp"), ("EOS", "a")} <= renames
    assert ("LUNA", "luna-2") in set(zip(lines["key"], lines["asset_id"], strict=True))
    decisions = table(
        tmp_path,
        "BNX,BinaryX (old),,,binaryx",
        "BNX,BinaryX,,2023-02-28,binaryx",
        "BNX,BinaryX,2023-03-01,,binaryx-new",
        "STRK,Strike,,,strike",
        "STRK,Starknet,,,starknet",
        "LUNA,,,2022-06-30,terra-luna-classic",
        "LUNC,,,,terra-luna-classic",
        "LUNA,,2022-07-01,,terra-luna-2",
        "RNDR,,,,render",
        "RENDER,,,,render",
        "XAUT,,,,tether-gold",
        "XAUt,,,,tether-gold",
        header="key,name,from,until,asset_id",
    )
    import_table(file, CMC, tmp_path / "out", identities=decisions)
    market = load_market(tmp_path / "out")
    assert market.prices.loc["2023-03-01", ["binaryx", "binaryx-new"]].round(2).tolist() == [112.56, 1.03]
    terra = market.prices["terra-luna-classic"].dropna()
    assert terra.max() > 50 > 0.01 > terra.iloc[-1]  # with its collapse, and never spliced with the new one
    assert {"luna", "lunc", "rndr", "strk", "bnx"}.isdisjoint(market.prices.columns)


def test_two_closes_of_a_day_where_a_vendors_dating_changes_are_one_asset() -> None:
    """The import keeps the first of them; on the 50-coin file each coin had a line about it, and nothing else had."""
    table = shared("market/coingecko_50_2015_2023_srk.parquet")
    proposed = propose_identities_of(table, "coingecko-50")
    assert not proposed["kind"].eq("twice").any()

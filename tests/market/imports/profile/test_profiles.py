"""Profiles: the shipped ones load, and a wrong one says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from research.errors import DataError
from research.market import Profile, shipped_profiles
from tests.conftest import ROOT

GOOD = """
name = "mine"
source = "somewhere"
licence = "none"
[columns]
date = "date"
key = "coin"
price = "close"
"""


def load(folder: Path, text: str) -> Profile:
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    return Profile.load(folder / "mine.toml")


@pytest.mark.parametrize("name", shipped_profiles())
def test_every_shipped_profile_loads_asks_nothing_and_tags_its_stablecoins(name: str) -> None:
    profile = Profile.load(name)
    assert profile.questions == ()
    for key, asset in profile.assets.items():
        if (asset.id or key) in {"tether", "usd-coin", "dai", "binance-usd", "frax"}:
            assert "stablecoin" in asset.tags


@pytest.mark.parametrize("name", shipped_profiles())
def test_a_shipped_profile_whose_licence_forbids_redistribution_says_so_to_programs_too(name: str) -> None:
    profile = Profile.load(name)
    assert profile.redistribute == ("not for redistribution" not in profile.licence)


def test_the_profiles_that_the_data_card_lists_are_shipped() -> None:
    card = (ROOT / "data/README.md").read_text(encoding="utf-8")
    assert {name for name in shipped_profiles() if f"`{name}`" not in card} == set()


def test_the_same_coin_has_the_same_id_and_tags_in_all_shipped_profiles() -> None:
    seen: dict[str, tuple] = {}
    for name in shipped_profiles():
        for key, asset in Profile.load(name).assets.items():
            coin = asset.id or key
            assert seen.setdefault(coin, asset.tags) == asset.tags, coin
    assert len(seen) > 55


def test_an_unknown_profile_suggests_the_nearest_name() -> None:
    with pytest.raises(DataError, match="no profile 'coingeko-50': did you mean 'coingecko-50'"):
        Profile.load("coingeko-50")


def test_a_profile_of_ones_own_is_a_path(tmp_path: Path) -> None:
    profile = load(tmp_path, GOOD + '[assets]\nbtc = { id = "bitcoin", tags = ["privacy"] }\n')
    assert profile.assets["btc"].tags == ("privacy",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("licence", "license"), "unknown key 'license': did you mean 'licence'"),
        (GOOD.replace('price = "close"', ""), "missing price"),
        (GOOD.replace('"close"', "7"), "price = 7: expected text"),
        (GOOD.replace("[columns]", "[columns"), "not a valid TOML file"),
        (GOOD.replace("[columns]", "retrieved_at = 'yesterday'\n[columns]"), "'yesterday' is not an ISO 8601 instant"),
        (GOOD.replace("[columns]", "retrieved_at = '2024-01-01T00:00:00'\n[columns]"), "has no time zone"),
        (GOOD.replace("[columns]", "split_after_gap_days = 0\n[columns]"), "expected 1 to 100,000"),
        (GOOD + "[[dating]]\nstart = 2018-01-30\nshift_days = -5\n", "shift_days = -5; expected -1, 0 or 1"),
        (GOOD + "[[dating]]\nstart = '2018-01-30'\nshift_days = -1\n", "start = '2018-01-30': expected a date"),
        (GOOD + '[assets]\nbtc = "bitcoin"\n', "assets.btc = 'bitcoin': expected a table"),
        (GOOD + '[assets]\nbtc = { tag = ["meme"] }\n', "unknown key 'tag': did you mean 'tags'"),
        (GOOD + '[assets]\nbtc = { tags = "meme" }\n', "tags = 'meme': expected a list"),
    ],
)
def test_a_wrong_profile_says_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(tmp_path, text)


def test_dating_rules_stand_in_order_of_time(tmp_path: Path) -> None:
    rules = "".join(f"[[dating]]\nstart = {day}\nshift_days = 0\n" for day in ("2018-01-30", "2017-01-01"))
    with pytest.raises(DataError, match="in order of time"):
        load(tmp_path, GOOD + rules)

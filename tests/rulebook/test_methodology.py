"""Rulebooks: what may be said, and that each impossible thing gets one clear error."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from research.errors import MethodologyError
from research.index import Methodology, build_index, rulebooks
from tests.index.markets import random_market, rules

MINIMAL = 'name = "Mine"\n[selection]\ncount = 10\n'


def load(tmp_path: Path, text: str) -> Methodology:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return Methodology.load(path)


def test_a_minimal_rulebook_has_documented_defaults(tmp_path: Path) -> None:
    mine = load(tmp_path, MINIMAL)
    assert (mine.schedule.lag_days, mine.weighting.scheme, mine.selection.buffer) == (2, "market_cap", (10, 10))
    assert mine.min_count == 5


def test_every_shipped_rulebook_loads_and_states_its_source() -> None:
    assert {"large-cap-10", "large-cap-20-capped", "equal-weight-10"} <= set(rulebooks())
    for name in rulebooks():
        rulebook = Methodology.load(name)
        assert rulebook.source
        assert rulebook.description


def test_a_base_date_is_read_as_a_date(tmp_path: Path) -> None:
    assert load(tmp_path, "base_date = 2018-01-01\n" + MINIMAL).base_date == dt.date(2018, 1, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MINIMAL + "max_wieght = 0.2\n", r"mine\.toml: selection: unknown key 'max_wieght'"),
        (
            MINIMAL + "[weighting]\nmax_wieght = 0.2\n",
            r"weighting: unknown key 'max_wieght': did you mean 'max_weight'\?",
        ),
        (MINIMAL + "[weighting]\nmax_weight = -0.2\n", r"mine\.toml: weighting: max_weight = -0\.2: expected a share"),
        (MINIMAL.replace("10", "0"), r"count = 0: expected 1 to 100,000"),
        (MINIMAL.replace("10", '"ten"'), r"selection: count = 'ten': expected a whole number"),
        (MINIMAL.replace("10", "10.5"), r"count = 10\.5: expected a whole number"),
        (MINIMAL.replace("10", "true"), r"count = True: expected a whole number"),
        (
            MINIMAL + "[weighting]\nmax_weight = 0.05\n",
            r"add up to 0\.5, below 1\. The smallest feasible cap .* is 0\.1",
        ),
        (MINIMAL + "[weighting]\nmin_weight = 0.2\n", r"largest feasible floor for 10 members is 0\.1"),
        (MINIMAL + "entry_rank = 12\n", r"expected 1 <= entry <= count <= exit"),
        (MINIMAL + 'rule = "smallest"\n', r"rule = 'smallest' is not known"),
        (MINIMAL + '[weighting]\nscheme = "marketcap"\n', r"did you mean 'market_cap'"),
        (MINIMAL + "[schedule]\nlag_days = -1\n", r"lag_days = -1: expected 0 to 60"),
        (MINIMAL + '[schedule]\nreconstitution = "monthly"\nrebalance = "yearly"\n', r"is rarer than"),
        (MINIMAL + '[schedule]\nreconstitution = "never"\n', r"say when, with base_date"),
        (MINIMAL + '[schedule]\nquarters_start_in = "august"\n', r"'august' is not known: Known: february, january"),
        (MINIMAL + "[events]\ncarry_days = 20\n", r"expected 0 <= carry_days <= remove_after_days"),
        (MINIMAL + "[events]\nremoval_haircut = 2\n", r"removal_haircut = 2\.0"),
        (MINIMAL + "[universe]\nturnover_band = [3.0]\n", r"expected a list of 2 values"),
        (MINIMAL + '[universe]\nexclude_tags = "stablecoin"\n', r"expected a list of texts"),
        (MINIMAL + '[universe]\nexclude_tags = ["a"]\ninclude_tags = ["a"]\n', r"both included and excluded"),
        (
            MINIMAL + '[universe]\ninclude_tags = [""]\n',
            r"mine\.toml: universe: include_tags = \(''\,\): .*none of them empty",
        ),
        (MINIMAL + '[universe]\nexclude_tags = ["a", "b", "a"]\n', r"exclude_tags: \['a'\] stand in it more than once"),
        (MINIMAL + '[universe]\nexclude_copies_of = ["a", "a"]\n', r"exclude_copies_of: \['a'\] stand in it more"),
        (MINIMAL + '[overlay]\nstable_leg = ["a", "a"]\n', r"stable_leg: \['a'\] stand in it more"),
        (MINIMAL + "[costs]\nfee_bps = -1\n", r"fee_bps = -1\.0"),
        ('name = "x"\n', r"mine\.toml: missing selection"),
        ("name = \n", r"not a valid TOML file: .*line 1"),
    ],
)
def test_an_impossible_rulebook_is_refused_with_the_place_and_the_mend(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        load(tmp_path, text)


@pytest.mark.parametrize(
    ("section", "key"),
    [
        (None, "name"),
        (None, "description"),
        (None, "source"),
        ("selection", "rule"),
        ("selection", "rank_by"),
        ("weighting", "scheme"),
        ("weighting", "size_by"),
        ("weighting", "supply_factor"),
        ("weighting", "group_by"),
        ("schedule", "reconstitution"),
        ("schedule", "weekday"),
        ("events", "freed_weight"),
        ("universe", "exclude_tags"),
        ("universe", "exclude_pegged"),
        ("universe", "exclude_copies_of"),
        ("costs", "spread_estimator"),
    ],
)
@pytest.mark.parametrize("value", [3.5, [["a"]], b"a"])
def test_a_rulebook_made_in_python_says_which_text_is_none(section: str | None, key: str, value: object) -> None:
    part = rules() if section is None else getattr(rules(), section)
    with pytest.raises(MethodologyError, match=rf"^{key} = "):
        replace(part, **{key: value})


@pytest.mark.parametrize("text", ["stablecoin", None])
def test_a_list_of_tags_is_neither_one_text_nor_none(text: str | None) -> None:
    with pytest.raises(MethodologyError, match=r"exclude_tags = .*expected a list of texts"):
        replace(rules().universe, exclude_tags=text)


@pytest.mark.parametrize(
    "base_date", ["2020-01-01", 20200101, dt.datetime(2020, 1, 1), pd.Timestamp("2020-01-01"), pd.NaT]
)
def test_a_base_date_is_a_date_and_no_time_and_no_text(base_date: object) -> None:
    with pytest.raises(MethodologyError, match=r"base_date = .*expected a date without a time.*take \.date\(\)"):
        replace(rules(), base_date=base_date)
    assert replace(rules(), base_date=dt.date(2020, 1, 1)).base_date == dt.date(2020, 1, 1)


def test_an_unknown_name_suggests_the_nearest_and_a_missing_file_is_named() -> None:
    with pytest.raises(MethodologyError, match="did you mean 'large-cap-10'"):
        Methodology.load("large-cap-1O")
    with pytest.raises(MethodologyError, match=r"nowhere\.toml: no such file"):
        Methodology.load("nowhere.toml")


def test_an_unknown_measure_is_refused_when_the_index_is_built() -> None:
    with pytest.raises(MethodologyError, match="rank_by = 'fame' is no measure"):
        build_index(random_market(0), rules(selection={"count": 3, "rank_by": "fame"}))


@pytest.mark.parametrize("day", [dt.date(2019, 12, 1), dt.date(2020, 1, 2), dt.date(2031, 1, 1)])
def test_a_base_date_outside_the_data_is_refused_with_the_dates_of_the_data(day: dt.date) -> None:
    with pytest.raises(MethodologyError, match=rf"base_date {day}.*2020-01-01 to 2020-07-18"):
        build_index(random_market(0), rules(base_date=day))


def test_an_empty_universe_is_refused_with_what_each_screen_did() -> None:
    with pytest.raises(
        MethodologyError, match=r"no day has 5 eligible assets that can be weighted.*min_market_cap fails \d+"
    ):
        build_index(random_market(0), rules(universe={"min_market_cap": 1e30}))


def test_a_history_shorter_than_the_first_calendar_day_is_refused() -> None:
    with pytest.raises(MethodologyError, match="no determination with an effective day"):
        build_index(random_market(0, days=60, defects=False).until("2020-01-20"), rules())


def test_one_asset_and_a_count_of_one_make_an_index_that_is_that_asset() -> None:
    market = random_market(0, assets=1, defects=False)
    index = build_index(market, rules(selection={"count": 1}))
    price = market.prices["asset-00"].loc[index.level.index]
    assert (index.level / price).std() / (index.level / price).mean() < 1e-14


def test_every_shipped_rulebook_is_described_in_their_readme() -> None:
    readme = (next(iter(rulebooks().values())).parent / "README.md").read_text()
    for name in rulebooks():
        assert name in readme


def test_rulebooks_in_the_manner_of_a_provider_say_that_they_are_not_its_index() -> None:
    for name in rulebooks():
        source = Methodology.load(name).source
        assert "In the manner of" not in source or "it is not" in source


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"weighting": {"liquidity_share": 0.3}}, "liquidity_share = 0.3 says nothing for scheme = 'market_cap'"),
        ({"weighting": {"group_by": "theme:"}}, "group_by = 'theme:' says nothing without max_group_weight"),
        ({"weighting": {"infeasible": "relax_to_equal"}}, "says nothing without caps or floors"),
        ({"costs": {"spread_estimator": "abdi_ranaldo"}}, "it belongs to 'estimated'"),
        ({"costs": {"half_spread_bps": 5, "spread_tier_ranks": [1, 2, 3]}}, "spread_tier_ranks = .* says nothing"),
        ({"schedule": {"weekday": "sunday"}}, "weekday = 'sunday' says nothing where nothing is \"weekly\""),
        ({"events": {"trade_at_carried_prices": True, "carry_days": 0}}, "says nothing with carry_days = 0"),
        ({"schedule": {"cool_down_days": 3}}, "cool_down_days = 3 says nothing without drift_absolute"),
        ({"overlay": {"stable_leg": ["usd"], "signals": False, "neutral": 0.4}}, "neutral = 0.4 says nothing"),
        ({"overlay": {"stable_leg": ["usd"], "max_exposure": 0.8}}, "without a volatility_target"),
    ],
)
def test_a_key_that_would_say_nothing_is_refused(table: dict, message: str) -> None:
    with pytest.raises(MethodologyError, match=message):
        rules(**table)


def test_bounds_can_be_taken_away_and_what_belongs_to_them_goes_too() -> None:
    weighting = rules(
        weighting={"max_group_weight": 0.4, "group_by": "theme:", "infeasible": "relax_to_equal"}
    ).weighting
    assert weighting.unbounded() == rules().weighting
    assert weighting.for_freed_weight.infeasible == "residual_to_stable"

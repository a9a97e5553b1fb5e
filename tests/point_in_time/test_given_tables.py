"""What is wrong in a table is refused by name: repeated lines, numbers that are none, ratios that prices contradict."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.errors import DataError, DataWarning, ResearchError
from research.index import build_index
from research.market import MarketData
from research.point_in_time import PointInTime
from research.point_in_time.corporate_actions import read_forks, read_migrations
from tests.index.markets import rules

DAYS = pd.date_range("2021-01-01", periods=60)
ACTION = ["date", "asset_id", "new_asset_id", "ratio"]


def market(**prices: Any) -> MarketData:
    panel = pd.DataFrame({name: np.broadcast_to(values, len(DAYS)) for name, values in prices.items()}, DAYS)
    panel = panel.astype(float)
    return MarketData.from_panels(panel, panel * 1e6, panel * 1e5)


def actions(*lines: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=ACTION)


def wandering(deviation: float, seed: int = 4) -> np.ndarray:
    return np.exp(np.cumsum(np.random.default_rng(seed).normal(0, deviation, len(DAYS))))


TABLES = {
    "migrations": actions(("2021-01-20", "a", "a", 1.0)),
    "forks": actions(("2021-01-20", "a", "b", 0.5)),
    "removals": pd.DataFrame([("2021-01-20", "a", "halted")], columns=["date", "asset_id", "reason"]),
    "signals": pd.DataFrame([("2021-01-20", "a", "bullish")], columns=["date", "asset_id", "signal"]),
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("times", [2, 3])
def test_a_repeated_line_is_refused_and_named(name: str, times: int) -> None:
    table = pd.concat([TABLES[name]] * times)
    with pytest.raises(DataError, match=rf"{name}: {times - 1} rows repeat.*2021-01-20.*'a'.*Keep one"):
        PointInTime(market(a=1.0, b=1.0), **{name: table})


def test_two_words_on_one_asset_and_day_are_refused_but_a_later_one_on_the_day_counts() -> None:
    said = TABLES["signals"]
    contradiction = pd.concat([said, said.assign(signal="bearish")])
    with pytest.raises(DataError, match="signals: 1 rows repeat"):
        PointInTime(market(a=1.0), signals=contradiction)
    revised = contradiction.assign(date=["2021-01-20 18:00", "2021-01-20 08:00"])
    log = PointInTime(market(a=1.0), signals=revised).signal_log
    assert log.words[-1] == 0  # bullish at 18:00


@pytest.mark.parametrize("ratio", [0.0, -1.0, np.inf, np.nan, 1e308, 1e-308, True, "2", None, 2 + 0j, "2:1"])
@pytest.mark.parametrize("read", [read_migrations, read_forks])
def test_a_ratio_that_is_no_positive_number_of_a_plausible_size_is_refused(read: Any, ratio: Any) -> None:
    table = actions(("2021-01-20", "a", "b", ratio)).astype({"ratio": object})
    with pytest.raises(DataError, match="ratio of a on 2021-01-20"):
        read(table, market(a=1.0, b=1.0))


@pytest.mark.parametrize("score", [np.inf, -np.inf, 1e308, True, "0.5"])
def test_a_score_that_is_no_finite_number_is_refused(score: Any) -> None:
    table = TABLES["signals"].assign(score=pd.Series([score], dtype=object))
    with pytest.raises(DataError, match="signals: score of a on 2021-01-20"):
        PointInTime(market(a=1.0), signals=table)


def test_what_is_wrong_is_named_as_it_stands_wherever_it_stands_in_a_long_table() -> None:
    table = pd.concat([TABLES["signals"]] * 500, ignore_index=True).astype(object)
    for wrong, named in [(3, "3"), (None, "None"), (" ", "' '"), (("a",), r"\('a',\)"), (["a"], r"\['a'\]")]:
        given_ids = [*["a"] * 300, wrong, *["a"] * 198, 4]
        with pytest.raises(DataError, match=f"signals: asset_id is {named} in a row"):
            PointInTime(market(a=1.0), signals=table.assign(asset_id=pd.Series(given_ids, dtype=object)))
    with pytest.raises(DataError, match="signals: asset_id is 7 in a row"):
        PointInTime(market(a=1.0), signals=table.assign(asset_id=7))


def test_dates_that_are_texts_are_read_as_the_days_they_name_whatever_the_index_of_the_table() -> None:
    days = DAYS[[5, 3, 5, 40, 3]]
    table = pd.DataFrame({"date": days, "asset_id": list("aabba"), "signal": "bullish"}, index=[0, 0, 1, 1, 7])
    table["date"] += pd.to_timedelta([0, 1, 2, 3, 4], "h")
    dated = PointInTime(market(a=1.0, b=1.0), signals=table).signals
    texts = PointInTime(market(a=1.0, b=1.0), signals=table.assign(date=table["date"].astype(str))).signals
    assert dated is not None
    pd.testing.assert_frame_equal(dated, texts, check_dtype=False)
    with pytest.raises(DataError, match="'2021-02-30' is not a date"):
        PointInTime(market(a=1.0), signals=table.assign(date=[*["2021-01-20"] * 3, "2021-02-30", "soon"]))


def test_a_missing_score_stays_missing() -> None:
    source = PointInTime(market(a=1.0), signals=TABLES["signals"].assign(score=np.nan))
    assert source.signals is not None
    assert source.signals["score"].isna().all()


def test_a_redenomination_that_never_happened_is_refused_and_does_not_multiply_the_level() -> None:
    """An audit's case: ten new units for one old, on a day on which the price did nothing of the kind."""
    data = market(a=wandering(0.04), b=1.0)
    table = actions(("2021-01-25", "a", "a", 10.0))
    with pytest.raises(DataError, match=r"migrations: a on 2021-01-25: with the ratio 10 a move of x10\.\d is left"):
        build_index(data, rules(selection={"count": 2}, base_date=DAYS[10].date()), migrations=table)
    insisted = build_index(
        data, rules(selection={"count": 2}, base_date=DAYS[10].date()), migrations=table.assign(confirmed=True)
    )
    assert insisted.level.max() > 2000  # what insisting means


@given(st.floats(1e-6, 1e6), st.integers(1, 50), st.integers(0, 2**16), st.floats(0.0, 0.08))
def test_a_true_redenomination_passes_whatever_its_ratio(ratio: float, day: int, seed: int, deviation: float) -> None:
    price = wandering(deviation, seed)
    price[day:] /= ratio
    [found] = read_migrations(actions((DAYS[day], "a", "a", ratio)), market(a=price))
    assert found.ratio == ratio


@pytest.mark.parametrize(("moves", "refused"), [(0.02, True), (0.5, False)])
def test_how_large_a_move_may_be_left_over_depends_on_what_is_usual_for_the_asset(moves: float, refused: bool) -> None:
    """Half of the price on the day of a redenomination: unheard of for one asset, an ordinary day for another."""
    price = wandering(moves)
    price[30:] *= 0.5 / 100 * price[29] / price[30]
    table = actions((DAYS[30], "a", "a", 100.0))
    if refused:
        with pytest.raises(DataError, match="contradict the ratio"):
            read_migrations(table, market(a=price))
    else:
        assert len(read_migrations(table, market(a=price))) == 1


def test_a_fork_that_gives_more_than_the_asset_was_worth_is_refused_unless_confirmed() -> None:
    data = market(a=1.0, b=1.0)
    with pytest.raises(DataError, match="worth more than the 1 USD"):
        read_forks(actions(("2021-01-20", "a", "b", 3.0)), data)
    assert len(read_forks(actions(("2021-01-20", "a", "b", 3.0)).assign(confirmed=True), data)) == 1
    with pytest.raises(DataError, match="forks: confirmed is 'yes'"):
        read_forks(actions(("2021-01-20", "a", "b", 3.0)).assign(confirmed="yes"), data)


def test_votes_for_unknown_candidates_are_warned_of_by_name() -> None:
    lines = [("2021-01-05", "p", "x", 1.0, ""), ("2021-01-06", "p", "x", 1.0, "bitcoim")]
    votes = pd.DataFrame(lines, columns=["date", "proposal", "voter", "power", "choice"])
    with pytest.warns(DataWarning, match=r"votes: 1 choices are no asset_ids.*'bitcoim'.*did you mean 'bitcoin'"):
        PointInTime(market(bitcoin=1.0), votes=votes)
    for known in ("bitcoin", "against:bitcoin", "abstain"):
        PointInTime(market(bitcoin=1.0), votes=votes.assign(choice=["", known]))


@pytest.mark.parametrize("table", [[("2021-01-20", "a")], {"date": ["2021-01-20"]}, "signals.csv", 3])
def test_what_is_no_table_is_refused(table: Any) -> None:
    with pytest.raises(DataError, match="expected a DataFrame with date, asset_id, signal"):
        PointInTime(market(a=1.0), signals=table)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.sampled_from(["", "a", "b", "A", "2021-01-20", "2021-01-20T25:00", "9999-12-31", "\x00", "bullish", "1e400"]),
    st.dates(),
    st.datetimes(timezones=st.none() | st.timezones()),
    st.lists(st.integers(), max_size=2),
)


@given(st.sampled_from(["migrations", "forks", "removals", "signals", "votes"]), st.data())
def test_whatever_a_table_holds_it_is_read_or_refused_in_words(name: str, data: st.DataObject) -> None:
    columns = list(TABLES[name].columns) if name in TABLES else ["date", "proposal", "voter", "power", "choice"]
    good = {"date": "2021-01-20", "asset_id": "a", "new_asset_id": "b", "ratio": 1.0, "signal": "bullish"}
    line = st.fixed_dictionaries({key: st.just(good.get(key, "a")) | VALUES for key in columns})
    lines = data.draw(st.lists(line, min_size=1, max_size=4))
    table = pd.DataFrame({key: pd.Series([line[key] for line in lines], dtype=object) for key in columns})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("warnings.warn", lambda *_, **__: None)
        try:
            source = PointInTime(market(a=1.0, b=1.0), **{name: table})
            _ = source.signal_log if name == "signals" else None
        except ResearchError as error:
            assert name in str(error)  # noqa: PT017


def test_a_migration_given_again_under_another_date_is_refused() -> None:
    """An audit's case: the second line multiplied the level by the ratio once more."""
    old, new = np.where(DAYS[20] > DAYS, 2.0, np.nan), np.where(DAYS[20] <= DAYS, 0.02, np.nan)
    for later in (21, 50):
        table = actions((DAYS[20], "a", "n", 100.0), (DAYS[later], "a", "n", 100.0))
        with pytest.raises(DataError, match=r"a -> n on 2021-\d\d-\d\d: a -> n on 2021-01-21 has said so"):
            read_migrations(table, market(a=old, n=new))


@pytest.mark.parametrize(
    "lines",
    [
        [("a", "c"), ("b", "c")],  # counted twice, once under each
        [("a", "b"), ("b", "a")],
        [("a", "b"), ("a", "c")],
    ],
)
def test_two_assets_cannot_become_one_nor_one_two(lines: list[tuple[str, str]]) -> None:
    table = actions(*((DAYS[20 + number], old, new, 1.0) for number, (old, new) in enumerate(lines)))
    with pytest.raises(DataError, match="has said so, or otherwise"):
        read_migrations(table, market(a=1.0, b=1.0, c=1.0))


def test_an_asset_that_has_migrated_may_migrate_on_under_its_new_id() -> None:
    table = actions((DAYS[20], "a", "b", 1.0), (DAYS[30], "b", "c", 1.0))
    assert [step.old for step in read_migrations(table, market(a=1.0, b=1.0, c=1.0))] == [0, 0]


@pytest.mark.parametrize("second", [(DAYS[21], "a"), (DAYS[20], "n"), (DAYS[21], "n")])
def test_a_fork_given_again_under_another_date_or_id_is_refused(second: tuple[pd.Timestamp, str]) -> None:
    data = market(a=1.0, n=1.0, f=0.1)
    known = read_migrations(actions((DAYS[10], "a", "n", 1.0)), data)
    day, asset = second
    table = actions((DAYS[20], "a", "f", 1.0), (day, asset, "f", 1.0))
    with pytest.raises(DataError, match="the same fork is given on 2021-01-21"):
        read_forks(table, data, known)
    assert len(read_forks(table.assign(confirmed=True), data, known)) == 2
    repeated = actions((DAYS[5], "a", "f", 1.0), (DAYS[45], "a", "f", 1.0))  # an airdrop each month or so is one
    assert len(read_forks(repeated, data)) == 2


def test_after_a_migration_the_later_signal_counts_and_at_one_moment_the_newer_id() -> None:
    data = market(a=1.0, n=1.0)
    moves = actions((DAYS[10], "a", "n", 1.0))
    for times, word in [(("08:00", "20:00"), 2), (("20:00", "08:00"), 0), (("08:00", "08:00"), 2)]:
        said = pd.DataFrame(
            {
                "date": [f"2021-02-01 {time}" for time in times],
                "asset_id": ["a", "n"],
                "signal": ["bullish", "bearish"],
            }
        )
        assert PointInTime(data, signals=said, migrations=moves).signal_log.words[-1] == word


def test_after_a_suspension_a_larger_move_may_be_left_over() -> None:
    old = np.where(DAYS[5] > DAYS, wandering(0.02), np.nan)
    new = np.where(DAYS[50] <= DAYS, 1.8 * old[4], np.nan)
    assert len(read_migrations(actions((DAYS[50], "a", "n", 1.0)), market(a=old, n=new))) == 1


def test_a_blank_confirmation_is_none_and_a_column_given_twice_is_refused() -> None:
    table = actions((DAYS[20], "a", "a", 1.0), (DAYS[20], "b", "b", 1.0)).assign(confirmed=[True, None])
    assert len(read_migrations(table, market(a=1.0, b=1.0))) == 2
    twice = pd.concat([table, table[["confirmed"]]], axis=1)
    with pytest.raises(DataError, match="two columns are called 'confirmed'"):
        read_migrations(twice, market(a=1.0, b=1.0))


def test_an_asset_called_cash_is_not_taken_for_cash() -> None:
    index = build_index(market(cash=1.0, b=1.0), rules(selection={"count": 2}, base_date=DAYS[10].date()))
    assert index.weights["cash"].iloc[-1] == pytest.approx(0.5)
    assert not index.cash_weight.any()
    assert not [line for line in index.caveats if "held as cash" in line]

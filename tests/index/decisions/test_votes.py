"""Governance votes: a worked example, powers, quorum and approval, concentration, bad tables, no look-ahead."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.errors import DataError, MethodologyError
from research.index.decisions.selection import Candidates, Selected, rank_values, select
from research.index.decisions.vote_audit import concentration_audit, gini, nakamoto_coefficient
from research.index.decisions.votes import tally
from research.market import MarketData
from research.point_in_time.measures import ranks
from research.point_in_time.view import PointInTime
from research.rulebook import Schedule, Selection, Universe
from tests.index.markets import random_market

HOLDINGS = {"whale": 900.0, "ann": 64.0, "bob": 25.0, "cy": 9.0, "dee": 2.0}  # 1,000 in all
BALLOTS = [  # whale splits its holding, dee stays away
    ("whale", 600.0, "x"),
    ("whale", 300.0, "y"),
    ("ann", 64.0, "z"),
    ("bob", 25.0, "z"),
    ("cy", 4.0, "against:y"),
    ("cy", 5.0, "abstain"),
]


def votes_table(
    holdings: dict[str, float] = HOLDINGS,
    ballots: list[tuple[str, float, str]] = BALLOTS,
    *,
    proposal: str = "p1",
    snapshot: str = "2021-03-01",
    cast: str = "2021-03-04",
) -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = [(snapshot, proposal, voter, power, None) for voter, power in holdings.items()]
    rows += [(cast, proposal, *ballot) for ballot in ballots]
    table = pd.DataFrame(rows, columns=["date", "proposal", "voter", "power", "choice"])
    return table.assign(date=pd.to_datetime(table["date"]))


# ---------------------------------------------------------------------- counting


def test_linear_power_is_the_holding() -> None:
    counted = tally(votes_table(), "p1")
    assert counted.scores.to_dict() == {"x": 600.0, "y": 300.0, "z": 89.0}
    assert counted.turnout == 0.998  # an abstention is turnout
    assert counted.approval.to_dict() == {"x": 1.0, "y": 300 / 304, "z": 1.0}


def test_an_abstention_is_turnout_and_nothing_else() -> None:
    counted = tally(votes_table(ballots=[("ann", 64.0, "x"), ("whale", 900.0, "abstain")]), "p1")
    assert counted.scores.to_dict() == {"x": 64.0}
    assert counted.turnout == 0.964
    assert counted.without("whale").turnout == 0.64  # of the 100 that the others hold
    assert counted.without("whale").scores.to_dict() == {"x": 64.0}


def test_quadratic_power_is_the_root_and_is_split_as_the_holding_is() -> None:
    counted = tally(votes_table(), "p1", power="quadratic")
    assert counted.scores.to_dict() == pytest.approx({"x": 20.0, "y": 10.0, "z": 13.0})
    assert counted.turnout == pytest.approx((30 + 8 + 5 + 3) / (30 + 8 + 5 + 3 + np.sqrt(2)))


def test_capped_power_stops_at_a_share_of_the_whole() -> None:
    counted = tally(votes_table(), "p1", power="capped", power_cap=0.06)  # 60 of 1,000
    assert counted.scores.to_dict() == pytest.approx({"x": 40.0, "y": 20.0, "z": 85.0})
    assert counted.turnout == pytest.approx((60 + 60 + 25 + 9) / (60 + 60 + 25 + 9 + 2))


def test_who_is_not_approved_is_not_elected() -> None:
    ballots = [("whale", 900.0, "x"), ("ann", 64.0, "y"), ("bob", 25.0, "against:y"), ("cy", 9.0, "against:w")]
    counted = tally(votes_table(ballots=ballots), "p1")
    assert list(counted.elected(0.6).index) == ["x", "y"]  # 64 / 89 = 72 %; nobody is for w
    assert list(counted.elected(0.75).index) == ["x"]


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(1, 1e6), st.floats(0, 1)), min_size=1, max_size=8), st.floats(0.01, 1))
def test_no_power_is_made_or_lost_by_splitting_a_ballot(voters: list[tuple[float, float]], cap: float) -> None:
    holdings = {f"v{number}": holding for number, (holding, _) in enumerate(voters)}
    ballots = [(f"v{n}", holding * part, "x") for n, (holding, part) in enumerate(voters)]
    ballots += [(f"v{n}", holding * (1 - part), "y") for n, (holding, part) in enumerate(voters)]
    for power, limit in [("linear", None), ("quadratic", None), ("capped", cap)]:
        counted = tally(votes_table(holdings, ballots), "p1", power=power, power_cap=limit)
        assert counted.scores.sum() == pytest.approx(counted.power.sum())
        assert counted.turnout == pytest.approx(1.0)


# ---------------------------------------------------------------------- concentration


def test_the_concentration_audit_of_the_worked_example() -> None:
    line = concentration_audit(votes_table(), count=2).loc["p1"]
    assert (line["holders"], line["voters"], line["turnout"]) == (5, 4, 0.998)
    assert line["largest_share"] == 900 / 998
    assert line["five_largest_share"] == 1.0
    assert line["nakamoto"] == 1
    assert (line["largest_voter"], line["outcome"], line["outcome_without_largest"]) == ("whale", "x, y", "z")
    assert line["pivotal"]
    # Gini of 9, 25, 64, 900: (-3 * 9 - 25 + 64 + 3 * 900) / (4 * 998)
    assert line["gini"] == pytest.approx(2712 / 3992)


def test_power_by_the_root_is_less_concentrated_and_the_largest_voter_still_counts() -> None:
    linear, quadratic = (concentration_audit(votes_table(), power=power).loc["p1"] for power in ("linear", "quadratic"))
    assert quadratic["largest_share"] == pytest.approx(30 / 46)
    assert quadratic["gini"] < linear["gini"]
    assert quadratic["nakamoto"] == 1


def test_where_the_others_agree_with_the_largest_voter_it_turns_nothing() -> None:
    agreed = votes_table(ballots=[("whale", 900.0, "x"), ("ann", 64.0, "x"), ("bob", 25.0, "y")])
    line = concentration_audit(agreed).loc["p1"]
    assert (line["outcome"], line["outcome_without_largest"], line["pivotal"]) == ("x", "x", False)


def test_a_proposal_nobody_voted_on_has_no_concentration() -> None:
    line = concentration_audit(votes_table(ballots=[])).loc["p1"]
    assert (line["voters"], line["turnout"], line["nakamoto"], line["outcome"]) == (0, 0.0, 0, "")
    assert np.isnan([line["gini"], line["largest_share"], line["five_largest_share"]]).all()


def test_the_audit_has_a_line_for_each_proposal_in_order_of_snapshot() -> None:
    later = votes_table(proposal="a-later", snapshot="2021-06-01", cast="2021-06-02")
    assert list(concentration_audit(pd.concat([later, votes_table()])).index) == ["p1", "a-later"]


@pytest.mark.parametrize(
    ("values", "coefficient", "count"),
    [
        ([1.0, 1.0, 1.0, 1.0], 0.0, 3),  # two of four are not more than half
        ([0.0, 0.0, 0.0, 5.0], 0.75, 1),
        ([1.0, 2.0, 3.0, 4.0], 0.25, 2),
        ([0.0, 0.0], np.nan, 0),
    ],
)
def test_gini_and_nakamoto_of_small_electorates(values: list[float], coefficient: float, count: int) -> None:
    assert gini(np.array(values)) == pytest.approx(coefficient, nan_ok=True)
    assert nakamoto_coefficient(np.array(values)) == count


# ---------------------------------------------------------------------- choosing members


def vote_on(
    votes: pd.DataFrame | None, date: str, *, held: str = "", ineligible: str = "", **table: Any
) -> tuple[str, Selected]:
    """Members chosen among v, w, x, y, z on a day, as text, and the outcome."""
    days = pd.date_range("2021-01-01", "2021-12-31")
    panel = pd.DataFrame(1.0, days, list("vwxyz"))
    source = PointInTime(MarketData.from_panels(panel, panel, panel), votes=votes)
    view = source.at(int(days.get_indexer(pd.DatetimeIndex([date]))[0]))
    selection = Selection(rule="votes", **{"count": 2, **table})
    values = rank_values(view, selection)
    names = np.array(list("vwxyz"))
    order = ranks(view, values, ~np.isin(names, list(ineligible)))
    outcome = select(
        Candidates(
            view=view,
            universe=Universe(),
            schedule=Schedule(),
            ranks=order,
            values=values,
            incumbents=np.isin(names, list(held)),
        ),
        selection,
    )
    return "".join(names[outcome.mask]), outcome


def test_the_candidates_with_most_power_become_members() -> None:
    members, outcome = vote_on(votes_table(), "2021-03-31")
    assert members == "xy"
    assert outcome.note == "proposal p1, snapshot 2021-03-01: turnout 99.8%, quorum 5.0%"
    assert vote_on(votes_table(), "2021-03-31", power="quadratic")[0] == "xz"


def test_a_vote_cannot_admit_an_ineligible_asset() -> None:
    assert vote_on(votes_table(), "2021-03-31", ineligible="x")[0] == "yz"


def test_a_choice_that_is_not_listed_is_named() -> None:
    table = votes_table(ballots=[("whale", 900.0, "nowhere"), ("ann", 64.0, "z")])
    members, outcome = vote_on(table, "2021-03-31")
    assert members == "z"
    assert "not listed, so not eligible: nowhere" in outcome.note


def test_the_buffer_works_on_the_rank_by_votes() -> None:
    assert vote_on(votes_table(), "2021-03-31", held="z", entry_rank=1, exit_rank=3)[0] == "xz"


def test_a_vote_counts_once_it_has_closed_and_stands_until_the_next_has() -> None:
    later = votes_table(
        ballots=[("whale", 900.0, "w"), ("ann", 64.0, "v")], proposal="p2", snapshot="2021-06-01", cast="2021-06-03"
    )
    both = pd.concat([votes_table(), later], ignore_index=True)
    members = [vote_on(both, date)[0] for date in ("2021-03-07", "2021-03-08", "2021-06-07", "2021-06-08")]
    assert members == ["", "xy", "xy", "vw"]
    assert vote_on(both, "2021-03-07")[1].note == "no proposal has closed yet"


def test_below_the_quorum_the_previous_composition_is_kept() -> None:
    table = votes_table(ballots=[("ann", 64.0, "z"), ("bob", 25.0, "y")])  # 8.9 % of the power
    assert vote_on(table, "2021-03-31", held="vw", quorum=0.089)[0] == "yz"
    members, outcome = vote_on(table, "2021-03-31", held="vw", quorum=0.1)
    assert (members, outcome.kept) == ("vw", True)
    assert outcome.note.endswith("turnout 8.9%, quorum 10.0% not reached")


def test_votes_that_were_not_given_are_asked_for() -> None:
    with pytest.raises(MethodologyError, match=r"build_index\(market, rules, votes=table\)"):
        vote_on(None, "2021-03-31")


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**16), row=st.integers(100, 199))
def test_no_vote_looks_ahead(seed: int, row: int) -> None:
    market, rng = random_market(seed), np.random.default_rng(seed)
    parts = []
    for number, day in enumerate(market.dates[80:190:20]):
        holdings = {f"h{holder}": float(rng.lognormal(3, 1)) for holder in range(12)}
        ballots = [(holder, power, str(rng.choice(market.prices.columns))) for holder, power in holdings.items()]
        cast = day + pd.Timedelta(days=int(rng.integers(1, 8)))
        parts.append(votes_table(holdings, ballots, proposal=f"p{number}", snapshot=str(day), cast=str(cast)))
    table = pd.concat(parts, ignore_index=True)
    selection = Selection(rule="votes", count=3, power="quadratic")
    date = market.dates[row]
    whole = rank_values(PointInTime(market, votes=table).at(row), selection)
    known = PointInTime(market.until(date), votes=table[table["date"] <= date]).at(row)
    np.testing.assert_array_equal(whole, rank_values(known, selection))
    assert np.isfinite(whole).any()


# ---------------------------------------------------------------------- tables that are not what they must be


def changed(**columns: Any) -> pd.DataFrame:
    """The worked example with the last row (a ballot of cy) changed."""
    table = votes_table()
    for column, value in columns.items():
        table[column] = [*table[column].iloc[:-1], value]
    return table


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (votes_table().drop(columns="voter"), "no column voter; found date, proposal, power, choice"),
        (votes_table().astype({"date": str}), "date must be a day in every row"),
        (votes_table().astype({"power": str}), "power is .*, expected numbers"),
        (changed(power=-1.0), "power of voter 'cy' in proposal 'p1' is -1.0: expected a number, 0 or more"),
        (changed(power=np.nan), "power of voter 'cy' in proposal 'p1' is nan"),
        (changed(power=5.5), "the ballots of 'cy' on proposal 'p1' use power 9.5, but it held 9 on 2021-03-01"),
        (changed(voter=""), "voter is empty in row 10"),
        (changed(voter="eve"), "'eve' votes on proposal 'p1' without power in its snapshot of 2021-03-01"),
        (changed(choice=None), "the snapshot of proposal 'p1' is dated 2021-03-01 and 2021-03-04"),
        (
            changed(choice=None, date=pd.Timestamp("2021-03-01")),
            "'cy' is twice in the snapshot of proposal 'p1'",
        ),
        (changed(date=pd.Timestamp("2021-03-01")), "'cy' on proposal 'p1' is dated 2021-03-01: expected after"),
        (changed(date=pd.Timestamp("2021-03-09")), "is dated 2021-03-09: expected .* at most voting_days = 7 later"),
        (votes_table(holdings={}), "proposal 'p1' has no snapshot with any power"),
    ],
)
def test_a_bad_table_gets_one_clear_error(table: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        tally(table, "p1")


def test_an_unknown_proposal_suggests_the_nearest() -> None:
    with pytest.raises(DataError, match="no proposal 'p11': did you mean 'p1'"):
        tally(votes_table(), "p11")

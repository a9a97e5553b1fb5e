"""Governance votes: who voted for what with which power, and whether the vote counts.

A table of votes has the columns date, proposal, voter, power, choice, in two kinds of rows:

- the snapshot: `choice` is empty. One row per holder, `power` is its holding on the snapshot day `date`;
- ballots: `choice` is the asset_id voted for, ``against:<asset_id>``, or ``abstain``. `power` is the part of the
  holding put on the choice; the parts of one voter add up to its holding at most.

A proposal opens on the day after its snapshot, so nobody can borrow tokens for the vote once it is known, and is
open for `voting_days`. Choosing members from the scores is `selection.py`'s work; how concentrated power is says
`vote_audit.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from research.errors import DataError, suggest
from research.point_in_time.given_tables import ABSTAIN, AGAINST, VOTE_COLUMNS, VOTE_KEY
from research.typing import FloatArray

ROUNDING = 1e-9  # parts of a holding, typed as decimals, may add up to a hair more than the whole


@dataclass(frozen=True, kw_only=True, eq=False)
class Tally:
    """The count of one proposal.

    Attributes
    ----------
    proposal : str
    snapshot : Timestamp
        Day whose holdings vote.
    power : Series
        Power by holder, all of them; after the square root or the cap.
    cast : DataFrame
        voter, candidate, support (bool), power: the power each voter put on each choice; abstentions left out.
    voted : ndarray of bool
        Which holders cast any ballot, in the order of `power`.
    """

    proposal: str
    snapshot: pd.Timestamp
    power: pd.Series
    cast: pd.DataFrame
    voted: np.ndarray

    @property
    def turnout(self) -> float:
        """Power of those who voted, abstentions included, as a share of all power."""
        return float(self.power.to_numpy()[self.voted].sum() / self.power.sum())

    @cached_property
    def scores(self) -> pd.Series:
        """Power for each candidate, indexed by candidate in sorted order."""
        return self._power_by_candidate(True)

    @property
    def approval(self) -> pd.Series:
        """For / (for + against) by candidate; NaN where nobody put power on either."""
        pro, contra = self.scores, self._power_by_candidate(False)
        return pro / (pro + contra).where(pro + contra > 0)

    def elected(self, threshold: float) -> pd.Series:
        """Scores of the candidates whose approval reaches `threshold` and for whom somebody voted, best first.

        Equal scores: the smaller id first.
        """
        scores = self.scores[(self.approval >= threshold) & (self.scores > 0)]
        return scores.sort_index().sort_values(ascending=False, kind="stable")

    def without(self, voter: str) -> Tally:
        """The same proposal had `voter` not existed: its ballots and its power are left out."""
        others = (self.power.index != voter).astype(bool)
        return Tally(
            proposal=self.proposal,
            snapshot=self.snapshot,
            power=self.power[others],
            cast=self.cast[self.cast["voter"] != voter],
            voted=self.voted[others],
        )

    def _power_by_candidate(self, support: bool) -> pd.Series:
        candidates = sorted(self.cast["candidate"].unique())
        part = self.cast[self.cast["support"] == support]
        return part.groupby("candidate")["power"].sum().reindex(candidates, fill_value=0.0)


def tally(
    votes: pd.DataFrame, proposal: str, *, power: str = "linear", power_cap: float | None = None, voting_days: int = 7
) -> Tally:
    """Count one proposal.

    A voter of holding b has power b ("linear"), √b ("quadratic") or min(b, power_cap · Σb) ("capped"), and a ballot
    that puts the part x of the holding on a choice gives it power · x / b.

    Parameters
    ----------
    votes : DataFrame
        See the module's text; rows of other proposals are left aside.

    Raises
    ------
    DataError
        If the table is not what it must be: a column is missing, a value is empty or negative, a holder is twice in
        the snapshot, a voter is not in it, puts more on choices than it holds, or votes outside the voting days.
    """
    rows = check_votes(votes)
    rows = rows[rows["proposal"] == proposal]
    if rows.empty:
        raise DataError(f"votes: no proposal {proposal!r}: {suggest(proposal, votes['proposal'].astype(str).unique())}")
    return _count(rows, proposal, power, power_cap, voting_days)


def _count(rows: pd.DataFrame, proposal: str, power: str, power_cap: float | None, voting_days: int) -> Tally:
    """As `tally`, of a proposal's own rows, checked."""
    is_holding = rows["choice"] == ""
    snapshot, holdings = _holdings(rows[is_holding], proposal)
    ballots = rows[~is_holding]
    _check_ballots(ballots, holdings, proposal, snapshot, voting_days)
    powers = pd.Series(_powers(holdings.to_numpy(), power, power_cap), index=holdings.index)
    known = ballots["voter"]
    share = ballots["power"].to_numpy() / holdings.reindex(known).to_numpy()
    cast = pd.DataFrame(
        {
            "voter": known.to_numpy(),
            "candidate": ballots["choice"].str.removeprefix(AGAINST).to_numpy(),
            "support": ~ballots["choice"].str.startswith(AGAINST).to_numpy(dtype=bool),
            "power": share * powers.reindex(known).to_numpy(),
        }
    )
    cast = cast[cast["candidate"] != ABSTAIN].sort_values(["candidate", "voter"], kind="stable", ignore_index=True)
    voted = np.asarray(holdings.index.isin(known[ballots["power"] > 0]))
    return Tally(proposal=proposal, snapshot=snapshot, power=powers, cast=cast, voted=voted)


class Proposals:
    """A table of votes, checked and taken apart by proposal once; asked about a day, it looks at no later row.

    Raises
    ------
    DataError
        As `check_votes` and `tally` do.
    """

    def __init__(self, votes: pd.DataFrame) -> None:
        rows = check_votes(votes)
        opened = rows[rows["choice"] == ""].groupby("proposal")["date"].min()
        self._opened = opened.sort_index().sort_values(kind="stable")
        self._rows = dict(iter(rows.groupby("proposal")))

    def latest_closed(self, date: pd.Timestamp, voting_days: int) -> str | None:
        """The proposal that closed last, at `date` or before; none before the first. Two on one day: the later name."""
        last_opened = date - pd.Timedelta(days=voting_days)
        closed = int(self._opened.searchsorted(last_opened, side="right"))
        return str(self._opened.index[closed - 1]) if closed else None

    def tally(
        self, proposal: str, date: pd.Timestamp, *, power: str, power_cap: float | None, voting_days: int
    ) -> Tally:
        """The count of one proposal, as far as it is known at the close of `date`."""
        rows = self._rows[proposal]
        return _count(rows[rows["date"] <= date], proposal, power, power_cap, voting_days)


def check_votes(votes: pd.DataFrame) -> pd.DataFrame:
    """The table with an empty text for an empty choice; DataError says which column or row is not what it must be."""
    missing = [column for column in VOTE_COLUMNS if column not in votes.columns]
    if missing:
        raise DataError(
            f"votes: no column {', '.join(missing)}; found {', '.join(map(str, votes.columns)) or 'none'}. "
            f"Expected {', '.join(VOTE_COLUMNS)}."
        )
    if not pd.api.types.is_datetime64_any_dtype(votes["date"]) or votes["date"].isna().any():
        raise DataError("votes: date must be a day in every row. Convert the column with pandas.to_datetime.")
    if not pd.api.types.is_numeric_dtype(votes["power"]):
        raise DataError(f"votes: power is {votes['power'].dtype}, expected numbers. Convert the column to float.")
    for column in ("proposal", "voter"):
        empty = votes[column].isna() | (votes[column].astype(str).str.strip() == "")
        if empty.any():
            raise DataError(f"votes: {column} is empty in row {votes.index[empty][0]}. Fill it in, or drop the row.")
    bad = ~(np.isfinite(votes["power"].to_numpy(dtype=float)) & (votes["power"].to_numpy(dtype=float) >= 0))
    if bad.any():
        row = votes[bad].iloc[0]
        raise DataError(
            f"votes: power of voter {row['voter']!r} in proposal {row['proposal']!r} is {row['power']}: expected a "
            "number, 0 or more. Correct it, or drop the row."
        )
    if pd.api.types.is_bool_dtype(votes["power"]):
        raise DataError("votes: power is true or false, expected numbers. Correct the column.")
    choice = votes["choice"].astype(object).where(votes["choice"].notna(), "").astype(str).str.strip()
    texts = {column: votes[column].astype(str) for column in ("proposal", "voter")}
    table = votes[list(VOTE_COLUMNS)].assign(choice=choice, power=votes["power"].astype(float), **texts)
    twice = table[(table["choice"] != "") & table.duplicated(VOTE_KEY)]
    if len(twice):
        row = twice.iloc[0]
        raise DataError(
            f"votes: {row['voter']!r} votes twice for {row['choice']!r} on proposal {row['proposal']!r} on "
            f"{row['date'].date()}. Keep one row."
        )
    holdings = table[table["choice"] == ""].groupby("proposal")["power"].sum()
    unknown = sorted(set(table["proposal"]) - set(holdings.index[holdings > 0]))
    if unknown:
        raise DataError(
            f"votes: proposal {unknown[0]!r} has no snapshot with any power. Add one row per holder with an empty "
            "choice, dated before the proposal opens: without it no turnout is known."
        )
    return table


def _holdings(rows: pd.DataFrame, proposal: str) -> tuple[pd.Timestamp, pd.Series]:
    """Snapshot day and holding by voter."""
    days = rows["date"].unique()
    if len(days) > 1:
        raise DataError(
            f"votes: the snapshot of proposal {proposal!r} is dated {pd.Timestamp(days[0]).date()} and "
            f"{pd.Timestamp(days[1]).date()}: expected one day. Keep the holdings of one of them."
        )
    twice = rows["voter"][rows["voter"].duplicated()]
    if len(twice):
        raise DataError(f"votes: {twice.iloc[0]!r} is twice in the snapshot of proposal {proposal!r}. Keep one row.")
    holdings = rows.set_index("voter")["power"].sort_index()
    return pd.Timestamp(days[0]), holdings


def _check_ballots(
    ballots: pd.DataFrame, holdings: pd.Series, proposal: str, snapshot: pd.Timestamp, voting_days: int
) -> None:
    strangers = ballots[~ballots["voter"].isin(holdings.index[holdings > 0])]
    if len(strangers):
        raise DataError(
            f"votes: {strangers['voter'].iloc[0]!r} votes on proposal {proposal!r} without power in its snapshot of "
            f"{snapshot.date()}. Add its holding there, or drop the ballot."
        )
    closes = snapshot + pd.Timedelta(days=voting_days)
    outside = ballots[(ballots["date"] <= snapshot) | (ballots["date"] > closes)]
    if len(outside):
        row = outside.iloc[0]
        raise DataError(
            f"votes: the ballot of {row['voter']!r} on proposal {proposal!r} is dated {row['date'].date()}: expected "
            f"after the snapshot of {snapshot.date()}, and at most voting_days = {voting_days} later."
        )
    used = ballots.groupby("voter")["power"].sum()
    over = used[used > holdings.reindex(used.index) * (1 + ROUNDING)]
    if len(over):
        voter = over.index[0]
        raise DataError(
            f"votes: the ballots of {voter!r} on proposal {proposal!r} use power {over.iloc[0]:g}, but it held "
            f"{holdings[voter]:g} on {snapshot.date()}. Ballots of one voter share its holding: reduce them."
        )


def _powers(holdings: FloatArray, power: str, power_cap: float | None) -> FloatArray:
    """Power by holding."""
    if power == "quadratic":
        return np.asarray(np.sqrt(holdings))
    if power == "capped":
        return np.asarray(np.minimum(holdings, (power_cap or 1.0) * holdings.sum()))
    return holdings

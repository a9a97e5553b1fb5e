"""Which of the eligible become members."""

from __future__ import annotations

from dataclasses import dataclass

from research.index.rules.checks import one_of, require

SELECTION_RULES = ("largest",)


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which of the eligible become members.

    Attributes
    ----------
    rule : str
        One of `SELECTION_RULES`.
    count : int
        Number of members aimed at.
    entry_rank, exit_rank : int, optional
        The buffer: an asset ranked `entry_rank` or better always enters, a member stays down to `exit_rank`.
        Default: both equal `count`, no buffer.
    rank_by : str
        Point-in-time measure, see `ranking.py`.
    min_count : int, optional
        With fewer eligible assets the previous composition is kept, with an event. Default: half of `count`, and
        not fewer than the caps need.
    """

    rule: str = "largest"
    count: int
    entry_rank: int | None = None
    exit_rank: int | None = None
    rank_by: str = "market_cap"
    min_count: int | None = None

    def __post_init__(self) -> None:
        one_of("rule", self.rule, SELECTION_RULES)
        require(self.count >= 1, f"count = {self.count}: expected 1 or more.")
        entry, leave = self.buffer
        require(
            1 <= entry <= self.count <= leave,
            f"entry_rank = {entry}, count = {self.count}, exit_rank = {leave}: expected 1 <= entry <= count <= exit.",
        )
        require(
            self.min_count is None or 1 <= self.min_count <= self.count,
            f"min_count = {self.min_count}: expected 1 to count = {self.count}.",
        )

    @property
    def buffer(self) -> tuple[int, int]:
        """Entry and exit rank."""
        return self.entry_rank or self.count, self.exit_rank or self.count

"""Which of the eligible become members."""

from __future__ import annotations

from dataclasses import dataclass, fields

from research.rulebook.checks import ASSETS, one_of, require, shares, texts, whole_numbers
from research.rulebook.measure_names import Measure

COUNTED = ("count", "entry_rank", "exit_rank")
OWN_FIELDS: dict[str, tuple[str, ...]] = {
    "largest": (*COUNTED, "rank_by"),
    "top_by": (*COUNTED, "rank_by", "order"),
    "votes": (*COUNTED, "power", "power_cap", "quorum", "approval", "voting_days"),
    "coverage": ("rank_by", "coverage", "coverage_floor", "max_count"),
    "information_criterion": ("rank_by", "criterion", "evaluation", "optimum", "first_count", "step", "max_count"),
    "all": ("rank_by",),
}
SELECTION_RULES = tuple(OWN_FIELDS)
ORDERS = ("highest", "lowest")
CRITERIA = ("aic", "gcv", "gfcv", "sh", "fpe")
EVALUATIONS = ("together", "sequential")
OPTIMA = ("local", "global")
POWERS = ("linear", "quadratic", "capped")


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which of the eligible become members. A key that the rule does not use is refused.

    Attributes
    ----------
    rule : str
        largest: the `count` ranked highest by a measure of size. top_by: by any measure, from either end. votes: by
        ballot. coverage: as many as cover a share of the whole. information_criterion: as many as the market needs
        to be described (CRIX). all: everyone eligible.
    count : int, at most 100,000
        Number of members aimed at. Needed for largest, top_by and votes.
    entry_rank, exit_rank : int, optional
        The buffer: an asset ranked `entry_rank` or better always enters, a member stays down to `exit_rank`.
        Default: both equal `count`, no buffer.
    rank_by : str
        Point-in-time measure, see `measure_names.py`.
    min_count : int, optional
        With fewer members to weight the previous composition is kept, with an event; coverage takes at least so
        many. Default: half of `count`, and not fewer than the caps need.
    max_count : int, optional
        coverage and information_criterion: at most so many.
    order : str
        top_by: "highest" or "lowest" measure first.
    coverage, coverage_floor : float in (0, 1]
        coverage: members are the smallest set whose share of the eligible total (of `rank_by`) reaches `coverage`;
        they are chosen anew only when the share of those in is below `coverage_floor`, by default always.
    criterion : str
        information_criterion: one of `CRITERIA`.
    evaluation, optimum : str
        information_criterion: "together" explains one and the same residual with ever more assets, "sequential"
        with each next block alone; "local" stops at the first step that does not improve, "global" looks at all.
    first_count, step : int
        information_criterion: the grid of counts is first_count, first_count + step, ...
    power, power_cap : str, float
        votes: a holder's power is its holding ("linear"), the square root ("quadratic": needs proof of identity,
        else holdings are split), or its holding up to `power_cap` of the total ("capped").
    quorum : float in [0, 1]
        votes: turnout, as a share of all power, below which the previous composition is kept.
    approval : float in [0, 1]
        votes: for / (for + against) that a candidate needs.
    voting_days : int
        votes: a proposal is open for so many days after its snapshot.
    """

    rule: str = "largest"
    count: int | None = None
    entry_rank: int | None = None
    exit_rank: int | None = None
    rank_by: str = "market_cap"
    min_count: int | None = None
    max_count: int | None = None
    order: str = "highest"
    coverage: float | None = None
    coverage_floor: float | None = None
    criterion: str = "aic"
    evaluation: str = "together"
    optimum: str = "local"
    first_count: int = 5
    step: int = 5
    power: str = "linear"
    power_cap: float | None = None
    quorum: float = 0.05
    approval: float = 0.6
    voting_days: int = 7

    def __post_init__(self) -> None:
        texts(self, "rank_by")
        one_of("rule", self.rule, SELECTION_RULES)
        self._check_own_fields()
        ranked_by = Measure.parse(self.rank_by, "rank_by")
        require(
            self.rule == "top_by" or ranked_by.panel is not None,
            f"rank_by = {self.rank_by!r} measures performance, not size: use rule = 'top_by'.",
        )
        counts = ("count", "entry_rank", "exit_rank", "min_count", "max_count", "first_count", "step")
        whole_numbers(self, *counts, at_most=ASSETS)
        self._check_counts()
        self._check_words()
        self._check_shares()

    def _check_own_fields(self) -> None:
        own = {*OWN_FIELDS[self.rule], "rule", "min_count"}
        for field in fields(self):
            users = ", ".join(rule for rule, names in OWN_FIELDS.items() if field.name in names)
            require(
                field.name in own or getattr(self, field.name) == field.default,
                f"{field.name} says nothing under rule = {self.rule!r}: it belongs to {users}. Leave it out.",
            )

    def _check_counts(self) -> None:
        if "count" in OWN_FIELDS[self.rule]:
            require(
                self.count is not None, f"rule = {self.rule!r} needs count, the number of members aimed at. Add it."
            )
            count, (entry, leave) = self.count or 0, self.buffer
            require(
                entry <= count <= leave,
                f"entry_rank = {entry}, count = {count}, exit_rank = {leave}: expected 1 <= entry <= count <= exit.",
            )
        most = self.most_members
        require(
            most is None or self.min_count is None or self.min_count <= most,
            f"min_count = {self.min_count}: expected 1 to {'count' if self.count else 'max_count'} = {most}.",
        )
        require(
            self.max_count is None or self.rule == "coverage" or self.first_count <= self.max_count,
            f"first_count = {self.first_count} lies above max_count = {self.max_count}.",
        )

    def _check_words(self) -> None:
        one_of("order", self.order, ORDERS)
        one_of("criterion", self.criterion, CRITERIA)
        one_of("evaluation", self.evaluation, EVALUATIONS)
        one_of("optimum", self.optimum, OPTIMA)
        one_of("power", self.power, POWERS)
        require(
            (self.power == "capped") == (self.power_cap is not None),
            f"power = {self.power!r} with power_cap = {self.power_cap}: power_cap belongs to power = 'capped', "
            "which needs it.",
        )

    def _check_shares(self) -> None:
        require(self.rule != "coverage" or self.coverage is not None, "rule = 'coverage' needs coverage, e.g. 0.8.")
        shares(self, "coverage", "coverage_floor", "power_cap")
        require(
            self.coverage is None or self.coverage_floor is None or self.coverage_floor <= self.coverage,
            f"coverage_floor = {self.coverage_floor} lies above coverage = {self.coverage}.",
        )
        shares(self, "quorum", "approval", at_least=0, at_most=1)
        whole_numbers(self, "voting_days", at_most=365)

    @property
    def buffer(self) -> tuple[int, int]:
        """Entry and exit rank; 0 for a rule that chooses no fixed number."""
        return self.entry_rank or self.count or 0, self.exit_rank or self.count or 0

    @property
    def most_members(self) -> int | None:
        """The largest number of members that the rule chooses; none where it sets no bound."""
        return self.count or self.max_count

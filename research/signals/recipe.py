"""`Recipe`: how signals are made, read from a TOML file. The modules beside this one do what its sections say."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

from research.errors import MethodologyError, shown
from research.rulebook import Universe
from research.rulebook.checks import names_listed, numbers, one_of, require, shares, texts, used, whole_numbers
from research.rulebook.schedule import WEEKDAYS
from research.settings import from_table, read_toml, shipped_or_given

MODELS = ("composite", "ridge", "elastic_net", "logit", "boosting")
FITTED = MODELS[1:]
"""Models whose score is fitted; the composite's is written down in the recipe."""


@dataclass(frozen=True, kw_only=True)
class FeatureChoice:
    """Which features a model may use, out of `research.signals.features.catalogue`.

    Attributes
    ----------
    groups : tuple of str
        Groups of the catalogue; empty for all of them.
    names : tuple of str
        Single features; where any are given, they alone are used.
    exclude : tuple of str
        Features left out.
    max_missing : float in (0, 1]
        A feature that more of the universe lacks on a day counts as missing for all of it on that day.
    """

    groups: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_missing: float = 0.4

    def __post_init__(self) -> None:
        names_listed(self, "groups", "names", "exclude")
        require(not (self.groups and self.names), "features: groups and names exclude each other. Give one of them.")
        shares(self, "max_missing")


@dataclass(frozen=True, kw_only=True)
class Model:
    """What turns the standardised features of a token into a score.

    Attributes
    ----------
    kind : str
        "composite": the weighted mean of `terms`, nothing fitted. "ridge", "elastic_net": on the rank-normal return of
        the label's span, pooled over weeks of equal weight. "logit": ridge-logistic for the sign of the return, with
        the market's regime and its products with `interact_with`. "boosting": shallow gradient-boosted trees on the
        rank-normal return.
    terms : dict of str to float
        Features of the composite and their weights; the signs are what was believed before any result.
    penalties : tuple of float
        Candidates for the penalty, per week of training data; the purged folds choose.
    l1_ratio : float in (0, 1]
        Share of the absolute penalty in "elastic_net".
    interact_with : str
        Feature that is multiplied by each regime feature in "logit".
    trees, depth, learning_rate, seed
        Of "boosting".
    """

    kind: str
    terms: dict[str, float] = field(default_factory=dict)
    penalties: tuple[float, ...] = (0.1, 1.0, 10.0, 100.0)
    l1_ratio: float = 0.5
    interact_with: str = "beta_btc_60d"
    trees: int = 100
    depth: int = 3
    learning_rate: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        one_of("kind", self.kind, MODELS)
        require(bool(self.terms) == (self.kind == "composite"), 'terms belong to kind = "composite", which needs some.')
        require(
            all(isinstance(weight, int | float) and 0 < abs(weight) < 1e6 for weight in self.terms.values()),
            f"terms = {shown(self.terms)}: expected a weight other than zero for each feature.",
        )
        used(self, ("penalties",), self.kind in ("ridge", "elastic_net", "logit"), f'with kind = "{self.kind}"')
        used(self, ("l1_ratio",), self.kind == "elastic_net", f'with kind = "{self.kind}"')
        used(self, ("interact_with",), self.kind == "logit", f'with kind = "{self.kind}"')
        used(
            self,
            ("trees", "depth", "learning_rate", "seed"),
            self.kind == "boosting",
            f'with kind = "{self.kind}"',
        )
        require(bool(self.penalties), "penalties is empty: expected one positive number or more.")
        for penalty in self.penalties:
            require(0 < penalty < 1e9, f"penalties = {shown(self.penalties)}: expected positive numbers.")
        texts(self, "interact_with")
        shares(self, "l1_ratio", "learning_rate")
        whole_numbers(self, "trees", at_most=2_000)
        whole_numbers(self, "depth", at_most=3)
        whole_numbers(self, "seed", at_least=0, at_most=2**31 - 1)


@dataclass(frozen=True, kw_only=True)
class Refits:
    """When a model is fitted, and on what.

    Attributes
    ----------
    every_weeks : int
        Weeks between two fits.
    min_weeks : int
        Weeks of labels before the first fit.
    window_weeks : int, optional
        Only the latest so many weeks of labels; all of them where it is left out.
    embargo_days : int
        Days between the end of the last label that is used and the day of the fit; also kept between training weeks
        and the weeks of a fold.
    folds : int
        Contiguous blocks of weeks for the choice of the penalty and for the scores that the probability is fitted on.
    """

    every_weeks: int = 4
    min_weeks: int = 52
    window_weeks: int | None = None
    embargo_days: int = 7
    folds: int = 5

    def __post_init__(self) -> None:
        whole_numbers(self, "every_weeks", "window_weeks", at_most=1_000)
        whole_numbers(self, "min_weeks", at_least=10, at_most=1_000)
        whole_numbers(self, "embargo_days", at_least=0, at_most=365)
        whole_numbers(self, "folds", at_least=2, at_most=20)
        require(
            self.folds <= self.min_weeks,
            f"folds = {self.folds} is more than min_weeks = {self.min_weeks}: a fold has one week at least.",
        )
        require(
            self.window_weeks is None or self.window_weeks >= self.min_weeks,
            f"window_weeks = {self.window_weeks} is shorter than min_weeks = {self.min_weeks}. Lengthen it.",
        )


@dataclass(frozen=True, kw_only=True)
class States:
    """When a probability becomes a call, and when a call is given up.

    Attributes
    ----------
    regimes : tuple of str
        Regime features that the probability depends on besides the score: they move all tokens together.
    bullish, bearish : float in (0, 1)
        At least, and at most, this probability calls a neutral token bullish, or bearish.
    leave_bullish, leave_bearish : float in (0, 1)
        A bullish token stays bullish from this probability on; a bearish one stays bearish up to this one.
    """

    regimes: tuple[str, ...] = ("breadth_sma_50d", "btc_momentum_30d")
    bullish: float = 0.55
    leave_bullish: float = 0.52
    bearish: float = 0.45
    leave_bearish: float = 0.48

    def __post_init__(self) -> None:
        names_listed(self, "regimes")
        shares(self, "bullish", "leave_bullish", "bearish", "leave_bearish", above=0, below=1)
        require(
            self.bearish <= self.leave_bearish <= self.leave_bullish <= self.bullish,
            f"bearish = {self.bearish}, leave_bearish = {self.leave_bearish}, leave_bullish = {self.leave_bullish}, "
            f"bullish = {self.bullish}: expected them in this order, none smaller than the one before.",
        )


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How signals are made.

    Attributes
    ----------
    name, description, source : str
        What it is called, what it is for, and whose idea it is.
    weekday : str
        Day at whose close calls are made, every week.
    lag_days : int
        Days to the close at which a call can be traded: a label begins there.
    horizon_days : int
        Length of a label.
    largest : int, optional
        Only so many assets of the universe, the largest by market cap of the day.
    min_assets : int
        With fewer assets in the universe no call is made; those before stand.
    locked_share : float in [0, 1)
        Share of the history, its last part, that is not looked at before the recipe is final. It changes no signal: it
        is what `research.index.skill.signal_review` leaves out until it is opened.
    universe, features, model, refits, states
        The sections. The universe's incumbents have no relief: a recipe has no members.
    """

    name: str
    description: str = ""
    source: str = ""
    weekday: str = "sunday"
    lag_days: int = 1
    horizon_days: int = 7
    largest: int | None = None
    min_assets: int = 15
    locked_share: float = 0.2
    universe: Universe = field(default_factory=Universe)
    features: FeatureChoice = field(default_factory=FeatureChoice)
    model: Model
    refits: Refits = field(default_factory=Refits)
    states: States = field(default_factory=States)

    def __post_init__(self) -> None:
        texts(self, "name", "description", "source")
        require(bool(self.name.strip()), "name is empty: expected the recipe's name.")
        one_of("weekday", self.weekday, WEEKDAYS)
        whole_numbers(self, "lag_days", at_least=0, at_most=60)
        whole_numbers(self, "horizon_days", at_most=90)
        whole_numbers(self, "largest", at_most=100_000)
        whole_numbers(self, "min_assets", at_least=5, at_most=100_000)
        numbers(self, "locked_share", at_least=0, below=1)
        require(
            self.largest is None or self.largest >= self.min_assets,
            f"largest = {self.largest} is less than min_assets = {self.min_assets}: no call would ever be made.",
        )

    @classmethod
    def load(cls, recipe: str | Path) -> Self:
        """Read a shipped recipe by name ("composite"), or any recipe by the path of its .toml file.

        Raises
        ------
        MethodologyError
            If there is no such recipe, or it says something impossible: the message names file, key and mend.
        """
        path = shipped_or_given(recipe, recipes(), "recipe", MethodologyError)
        return from_table(cls, read_toml(path, MethodologyError), path.name, MethodologyError)

    @property
    def fingerprint(self) -> str:
        """The same for two recipes that make the same signals, whatever they are called; 16 hexadecimal digits."""
        said = {key: value for key, value in asdict(self).items() if key not in ("name", "description", "source")}
        said.pop("locked_share")
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def recipes() -> dict[str, Path]:
    """The shipped recipes: name -> path of the .toml file."""
    folder = Path(__file__).resolve().parents[1] / "rulebooks" / "signals"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}

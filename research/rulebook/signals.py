"""Where an index's signals come from, if it makes them itself."""

from __future__ import annotations

from dataclasses import dataclass

from research.rulebook.checks import require, texts


@dataclass(frozen=True, kw_only=True)
class Signals:
    """The recipe that makes the index's signals.

    Attributes
    ----------
    recipe : str
        A shipped recipe's name ("composite"), or the path of its .toml file: see `research.signals.Recipe`. A table
        given to `build_index` as ``signals=`` takes its place.
    """

    recipe: str

    def __post_init__(self) -> None:
        texts(self, "recipe")
        require(bool(self.recipe.strip()), "recipe is empty: expected a shipped name, or a path ending in .toml.")

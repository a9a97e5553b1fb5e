"""One number within its bounds: the check that rulebooks and figures share."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, NamedTuple

from research.errors import ResearchError, shown

LARGEST = 1e300  # beyond it, arithmetic overflows


class _Bounds(NamedTuple):
    above: float | None
    at_least: float | None
    below: float | None
    at_most: float | None

    def hold(self, value: float) -> bool:
        return bool(
            (self.above is None or value > self.above)
            and (self.at_least is None or value >= self.at_least)
            and (self.below is None or value < self.below)
            and (self.at_most is None or value <= self.at_most)
        )

    @property
    def words(self) -> str:
        if self.at_least is not None and self.at_most is not None:
            return f"{self.at_least:,g} to {self.at_most:,g}"
        if self.above is not None and self.below is not None:
            return f"between {self.above:,g} and {self.below:,g}"
        named = {"above": self.above, "at least": self.at_least, "below": self.below, "at most": self.at_most}
        return ", ".join(f"{word} {bound:,g}" for word, bound in named.items() if bound is not None)


def check_number(
    name: str,
    value: Any,
    error: type[ResearchError],
    *,
    above: float | None = None,
    at_least: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
    fraction: str | None = None,
    whole: bool = False,
) -> None:
    """Refuse what is not a finite number within the bounds; true and false are no numbers.

    Parameters
    ----------
    name : str
        The key or the parameter, for the message.
    above, at_least, below, at_most : float, optional
        Bounds. A fraction needs an upper one, so that a number meant in per cent is noticed.
    fraction : str, optional
        What the fraction is called, such as "a share"; the message then says how a percentage is written.
    whole : bool
        Only whole numbers.

    Raises
    ------
    error
        The message names the parameter, the value found and the bounds.
    """
    bounds = _Bounds(above, at_least, below, at_most)
    is_number = isinstance(value, Integral if whole else Real) and not isinstance(value, bool)
    if is_number and -LARGEST <= value <= LARGEST and bounds.hold(value):
        return
    kind = fraction or ("" if is_number else "a whole number" if whole else "a finite number")
    words = f"from {bounds.words}" if kind and " to " in bounds.words else bounds.words
    expected = f"{kind} {words}".strip()
    if fraction:
        is_percent = is_number and -LARGEST <= value <= LARGEST and bounds.hold(value / 100)
        expected += f"; {value / 100:g} is {value:g} %" if is_percent else "; 0.05 is 5 %"
    raise error(f"{name} = {shown(value)}: expected {expected}.")

"""`Feature`: one row of the catalogue, and the function that computes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from research.signals.features.inputs import Inputs
from research.typing import FloatArray


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One feature.

    Attributes
    ----------
    name, group : str
    formula : str
        P price, V volume, M market cap, S supply, r daily log return, ROC log return over days; `_h`: h days before.
    inputs : tuple of str
        Columns of the daily rows, and ids of assets, without which the market does not have this feature.
    window : int
        Days looked back, the longest where there are several.
    source : str
    function : callable
        `Inputs` to values, shape (rows, assets); (rows,) for the group "regime".
    """

    name: str
    group: str
    formula: str
    inputs: tuple[str, ...]
    window: int
    source: str
    function: Callable[[Inputs], FloatArray]

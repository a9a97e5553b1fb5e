"""How much memory and disk one market may take: asked before it is taken, so that a small file cannot ask for all."""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path

from research.errors import DataError

VARIABLE = "RESEARCH_MAX_MARKET_GB"
DEFAULT_GB = 2.0
BYTES_PER_CELL = 8  # float64
BYTES_PER_LINE = 120  # of a table of texts, such as the ledger, while it is made or read


def refuse_large_panels(days: int, assets: int, panels: int, instead: str) -> None:
    """Raise DataError unless `panels` panels of this shape fit; `instead` says what else the caller can do."""
    cells = days * assets * panels
    what = f"{panels} panels of {days:,} days x {assets:,} assets ({cells:,} cells)"
    refuse_beyond_limit(cells * BYTES_PER_CELL, what, instead)


def refuse_beyond_limit(needed: int, what: str, instead: str) -> None:
    """Raise DataError if `needed` bytes are more than a market may take.

    The limit is 2 GB, or as many GB (10^9 bytes) as the environment variable RESEARCH_MAX_MARKET_GB says.
    """
    limit = _limit_in_gb()
    if needed > limit * 1e9:
        raise DataError(
            f"{what} need {needed / 1e9:,.1f} GB of memory, and a market may take {limit:g} GB. {instead}, or allow "
            f"more with the environment variable {VARIABLE}={math.ceil(needed / 1e9)}."
        )


def refuse_beyond_disk(folder: Path, needed: int, what: str) -> None:
    """Raise DataError if `needed` bytes are more than are free on the disk of `folder`."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(
            f"{what} needs another {needed / 1e9:,.2f} GB on the disk of {folder.parent}, and {free / 1e9:,.2f} GB are "
            "free. Free some, or choose a place on another disk."
        )


def _limit_in_gb() -> float:
    text = os.environ.get(VARIABLE, str(DEFAULT_GB))
    try:
        limit = float(text)
    except ValueError:
        limit = math.nan
    if not 0 < limit < math.inf:
        raise DataError(f"{VARIABLE}={text!r}: expected a number of GB above zero, e.g. {VARIABLE}=8.")
    return limit

"""Style drift: do the latest readings of beta, concentration, turnover or sector weights leave their past range?

The flags that use it, and their rules in words, are in `red_flags.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from research.errors import DataError
from research.evaluation._calendar import require_dates
from research.evaluation._columns import history, numbers_of
from research.evaluation.relative import beta

SEVERITIES = ["notice", "warning", "serious"]
RECENT = 3  # readings whose mean is compared
MINIMUM_PAST = 12  # readings before them: fewer do not make a range
DISTANCES = {"serious": 1.0, "warning": 0.5, "notice": 0.25}  # beyond the range, as a share of its width
WINDOW = 60  # periods in one reading of beta
FLOOR = 0.05  # least width of the range as a share of the median: a tiny change after a constant past is no finding


class Finding(NamedTuple):
    """One red flag."""

    flag: str
    evidence: str
    severity: str
    since: pd.Timestamp


def style_drift_findings(
    returns: pd.Series,
    benchmark: pd.Series | None,
    *,
    weights: pd.DataFrame | None,
    turnover: pd.Series | None,
    sectors: Mapping[str, str] | None,
) -> list[Finding | None]:
    """Drift of beta, concentration, turnover and sector weights, as far as the inputs allow."""
    findings: list[Finding | None] = []
    if benchmark is not None:
        findings.append(_beyond_past_range("beta_drift", "Beta", _betas(returns, benchmark)))
    if weights is not None:
        _check_weights(weights)
        concentration = (weights**2).sum(axis=1, min_count=1)
        findings.append(_beyond_past_range("concentration_drift", "Sum of squared weights", concentration))
    if turnover is not None:
        findings.append(_beyond_past_range("turnover_drift", "Turnover", turnover))
    if sectors is not None:
        findings += _sector_findings(weights, sectors)
    return findings


def _beyond_past_range(flag: str, name: str, readings: pd.Series) -> Finding | None:
    """A finding when the mean of the last three readings lies well outside the range of all earlier ones.

    None with fewer than twelve earlier readings.
    """
    known = history(readings, flag, are_returns=False)
    past, recent = known.iloc[:-RECENT], known.iloc[-RECENT:]
    if len(past) < MINIMUM_PAST:
        return None
    low, high, now = past.min(), past.max(), recent.mean()
    width = max(high - low, FLOOR * abs(past.median()))
    outside = max(now - high, low - now)
    severity = next((name for name, share in DISTANCES.items() if outside > share * width), None)
    if severity is None:
        return None
    evidence = (
        f"{name}: {now:.3g} on average lately, between {low:.3g} and {high:.3g} in the {len(past)} readings before."
    )
    return Finding(flag, evidence, severity, recent.index[0])


def _betas(returns: pd.Series, benchmark: pd.Series) -> pd.Series:
    """Beta over windows that do not overlap, dated by their last day; the last one ends with the history."""
    both = pd.concat([returns, benchmark], axis=1, join="inner").dropna().to_numpy()
    dates = returns.index.intersection(benchmark.index)[-len(both) :]
    count = len(both) // WINDOW
    start = len(both) - count * WINDOW
    folded = both[start:].reshape(count, WINDOW, 2)
    values = beta(pd.DataFrame(folded[:, :, 0].T), pd.DataFrame(folded[:, :, 1].T)) if count else []
    return pd.Series(np.asarray(values, dtype=float), index=dates[start + WINDOW - 1 :: WINDOW][:count]).dropna()


def _check_weights(weights: pd.DataFrame) -> None:
    if not isinstance(weights, pd.DataFrame):
        raise DataError(f"weights: expected a DataFrame (dates by assets), found {type(weights).__name__}.")
    require_dates(weights, "weights")
    numbers_of(weights, "weights")


def _sector_findings(weights: pd.DataFrame | None, sectors: Mapping[str, str]) -> list[Finding | None]:
    if weights is None:
        raise DataError("sectors were given without weights: pass the weights by rebalance date as well.")
    unknown = [asset for asset in weights.columns if asset not in sectors]
    if unknown:
        raise DataError(
            f"sectors: no sector for {unknown[0]!r} and {len(unknown) - 1} more; name one for every column."
        )
    shares = weights.T.groupby([sectors[asset] for asset in weights.columns]).sum().T
    return [_beyond_past_range("sector_drift", f"Weight of {sector}", shares[sector]) for sector in shares.columns]

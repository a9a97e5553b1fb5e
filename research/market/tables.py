"""The tables beside the panels of a market: their columns and types, and what must hold of assets and tags."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from research.errors import DataError, DataWarning, shown, suggest

DAY: Final = "datetime64[us]"  # the dtype of every date in the package
TAG_TYPES = {"asset_id": "str", "tag": "str", "valid_from": DAY, "static": "bool"}
LEDGER_TYPES = {"date": DAY, "asset_id": "str", "field": "str", "rule": "str", "old": "str", "new": "str"}


def empty_table(types: Mapping[str, str]) -> pd.DataFrame:
    """A table without rows whose columns have the right types."""
    return pd.DataFrame(columns=list(types)).astype(dict(types))


def typed_tags(tags: pd.DataFrame) -> pd.DataFrame:
    """A caller's table of tags in the types of ours."""
    if not isinstance(tags, pd.DataFrame):
        raise DataError(f"tags: found {shown(tags)}, expected a DataFrame with the columns {list(TAG_TYPES)}.")
    missing = [name for name in TAG_TYPES if name not in tags]
    if missing:
        raise DataError(f"tags lack the columns {missing}; expected {list(TAG_TYPES)}.")
    if not tags["static"].map(lambda value: isinstance(value, (bool, np.bool_))).all():
        raise DataError("tags: the column 'static' must hold True or False alone.")
    try:
        return tags[list(TAG_TYPES)].astype(TAG_TYPES)
    except (ValueError, TypeError) as error:
        raise DataError(f"tags: valid_from must hold days without a time zone, or nothing ({error}).") from error


def tags_of(assets: pd.Index, tags: pd.DataFrame) -> pd.DataFrame:
    """The tags of these assets; a DataWarning names one that is left out."""
    known = tags["asset_id"].isin(assets)
    if not known.all():
        line = tags[~known].iloc[0]
        warnings.warn(
            f"tags: {(~known).sum()} left out, of assets without prices, the first {line['tag']!r} of "
            f"{line['asset_id']!r}: {suggest(line['asset_id'], assets)}",
            DataWarning,
            stacklevel=3,
        )
    return tags[known].reset_index(drop=True)


def check_tables(assets: pd.DataFrame, tags: pd.DataFrame, columns: pd.Index) -> None:
    """Assets are those of the panels, in their order, and no asset has a tag twice."""
    if list(assets["asset_id"]) != list(columns):
        raise DataError("assets must have one row for each column of the prices, in the same order.")
    repeated = tags.duplicated(["asset_id", "tag"])
    if repeated.any():
        line = tags[repeated].iloc[0]
        raise DataError(f"tags: {line['asset_id']!r} has the tag {line['tag']!r} twice. Keep the line that is right.")

"""Which tags an asset has on a day: one answer for screens, caps by group, tables and flags."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

SECTOR = "sector:"


def labels_at(
    tags: pd.DataFrame, asset_ids: ArrayLike, date: pd.Timestamp, prefix: str = SECTOR
) -> NDArray[np.object_]:
    """The tag beginning with `prefix` that each asset has on a day, shape of `asset_ids`; an empty text without one.

    Of several the one that became valid last, a tag of unknown history counting as the oldest; of those the first by
    name.

    Parameters
    ----------
    tags : DataFrame
        asset_id, tag, valid_from (NaT where unknown), as `MarketData.tags`.
    """
    names = np.asarray(asset_ids, dtype=object)
    own = tags[tags["asset_id"].isin(names)]
    since, today = _microseconds(own["valid_from"]), int(_microseconds(date))
    latest: dict[str, tuple[int, str]] = {}
    for name, tag, day in sorted(zip(own["asset_id"], own["tag"], since.tolist(), strict=True)):
        if tag.startswith(prefix) and day <= today and (name not in latest or day > latest[name][0]):
            latest[name] = (day, tag)
    return np.array([latest[name][1] if name in latest else "" for name in names], dtype=object)


def sectors_at(tags: pd.DataFrame, asset_ids: ArrayLike, date: pd.Timestamp) -> pd.Series:
    """The sector of each asset on a day, without the prefix, by asset_id; "no sector known" without one."""
    labels = labels_at(tags, asset_ids, date)
    words = [label.removeprefix(SECTOR) or "no sector known" for label in labels]
    index = pd.Index(list(map(str, np.asarray(asset_ids, dtype=object))), name="asset_id")
    return pd.Series(words, index, name="sector", dtype="str")


class TagTable:
    """Tags by name, each with the columns it applies to and since when (always, where that is unknown)."""

    def __init__(self, tags: pd.DataFrame, asset_ids: NDArray[np.object_]) -> None:
        self._size = len(asset_ids)
        positions = pd.Index(asset_ids).get_indexer(pd.Index(tags["asset_id"])) if len(tags) else np.zeros(0)
        known = tags.assign(position=positions, since=_microseconds(tags["valid_from"]))[positions >= 0]
        self._by_tag = {
            str(tag): (group["position"].to_numpy(dtype=np.int64), group["since"].to_numpy())
            for tag, group in known.groupby("tag")
        }

    def first_match(self, tags: tuple[str, ...], date: pd.Timestamp) -> NDArray[np.object_]:
        found, today = np.full(self._size, "", dtype=object), _microseconds(date)
        for tag in reversed(tags):
            if tag in self._by_tag:
                positions, since = self._by_tag[tag]
                found[positions[since <= today]] = tag
        return found


def _microseconds(days: pd.Series | pd.Timestamp) -> NDArray[np.int64]:
    """Days as numbers; an unknown one is the least of all."""
    return np.asarray(days, dtype="datetime64[us]").astype(np.int64)

"""Tags from a table made by hand: at an import, or for a snapshot that is there, of which a new one is written.

A CSV file: the asset in `asset_id` or, where there is none, in `symbol`; what it is in `tag`, or in `category`, which
becomes a sector ("ETH Ecosystem": `sector:eth-ecosystem`); in `valid_from` the first day on which that was known. A tag
without that day is static: the classification of today, and every report that applies it to the past says so. Further
columns (notes, evidence) are for people.

Nothing is guessed: a symbol that two assets have, and one that none has, is left out and named.
"""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pandas as pd
import pyarrow as pa

from research.errors import DataError
from research.market.imports.cleaning.hand_tables import day_of_text, read_hand_table, text_of
from research.market.layout import ASSETS, LEDGER, TAGS
from research.market.manifest import Manifest
from research.market.snapshots.daily_rows import DailyRows, number_of
from research.market.snapshots.snapshot import verified_snapshot
from research.market.snapshots.writing import write_snapshot
from research.market.tables import DAY, TAG_TYPES


def with_labels(
    tags: pd.DataFrame, path: str | Path | None, assets: pd.DataFrame
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The tags and those of a file, if there is one; and a sentence on each group of lines that were left out.

    A tag that an asset has already stays as it is.

    Parameters
    ----------
    tags : DataFrame
        asset_id, tag, valid_from, static.
    assets : DataFrame
        asset_id and symbol of those that there are.

    Raises
    ------
    DataError
        Naming the line, if the file cannot be read, a text or day is none, or an asset is given a tag twice.
    """
    if path is None:
        return tags, ()
    labels = _read(Path(path))
    ids, left_out = _found(labels, assets, str(path))
    labels = labels.assign(asset_id=ids)[[name != "" for name in ids]]
    twice = labels[labels.duplicated(["asset_id", "tag"])]
    if len(twice):
        line = twice.iloc[0]
        raise DataError(
            f"{path}, line {line['line']}: {line['asset_id']!r} is given the tag {line['tag']!r} twice. Keep one line."
        )
    known = pd.MultiIndex.from_frame(tags[["asset_id", "tag"]])
    new = labels[~pd.MultiIndex.from_frame(labels[["asset_id", "tag"]]).isin(known)]
    if len(new) < len(labels):
        left_out.append(f"{len(labels) - len(new)} labels are tags already, and stay as they are")
    table = new.assign(static=new["valid_from"].isna())[list(TAG_TYPES)].astype(TAG_TYPES)
    merged = pd.concat([tags, table]).sort_values(["asset_id", "tag"], ignore_index=True)
    return merged, tuple(left_out)


def label_snapshot(
    snapshot: str | Path, labels: str | Path, out: str | Path, *, replace: bool = False
) -> tuple[Manifest, tuple[str, ...]]:
    """Write a snapshot with the rows of another one and the tags of a file besides its own.

    Returns
    -------
    Manifest
        Of the new snapshot; a caveat says where the tags come from.
    tuple of str
        What was left out, in sentences.

    Raises
    ------
    DataError
        As `with_labels` and `write_snapshot`; then nothing is written.
    """
    with verified_snapshot(snapshot) as old:
        tags, left_out = with_labels(old.table(TAGS), labels, old.table(ASSETS))
        added = tags.merge(old.table(TAGS)[["asset_id", "tag"]], how="left", indicator=True).query(
            "_merge == 'left_only'"
        )
        said = (
            f"{len(added)} tags come from {Path(labels).name}, {int(added['static'].sum())} of them without a history"
        )
        manifest = write_snapshot(
            out,
            daily=_rows(old.daily_rows()),
            assets=old.table(ASSETS),
            tags=tags,
            ledger=old.table(LEDGER),
            manifest=dataclasses.replace(old.manifest, caveats=(*old.manifest.caveats, said)),
            replace=replace,
        )
    return manifest, left_out


def _rows(rows: DailyRows) -> pa.RecordBatchReader:
    first, last = number_of(rows.first_day), number_of(rows.last_day)
    schema = rows.parts[0].file.schema_arrow
    batches = (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for _, batch in rows.batches(first, last))
    return pa.RecordBatchReader.from_batches(schema, batches)


def _read(path: Path) -> pd.DataFrame:
    """asset (its id, or its symbol), by_id, tag, valid_from and line (of the file) of each label."""
    table = read_hand_table(path, "labels")
    for either, what in ((("asset_id", "symbol"), "the asset"), (("tag", "category"), "its tag")):
        if not set(either) & set(table.columns):
            found = ", ".join(table.columns.drop("line"))
            raise DataError(f"{path}: no column for {what}: expected {' or '.join(either)}, found {found}.")
    table = table.reindex(columns=["asset_id", "symbol", "tag", "category", "valid_from", "line"], fill_value="")
    if table.empty:
        raise DataError(f"{path}: a header and no label under it. Nothing to add: leave the file out.")
    lines = []
    for line in table.to_dict("records"):
        where = f"{path}, line {line['line']}"
        tag = line["tag"] or "sector:" + text_of(_slug(line["category"]), "the tag", where)
        lines.append(
            {
                "asset": text_of(line["asset_id"] or line["symbol"], "the asset", where),
                "by_id": bool(line["asset_id"]),
                "tag": text_of(tag, "the tag", where),
                "valid_from": day_of_text(line["valid_from"], "valid_from", where),
                "line": line["line"],
            }
        )
    return pd.DataFrame(lines, columns=["asset", "by_id", "tag", "valid_from", "line"]).astype({"valid_from": DAY})


def _slug(category: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", category.lower()).strip("-")


def _found(labels: pd.DataFrame, assets: pd.DataFrame, where: str) -> tuple[list[str], list[str]]:
    """The asset_id that each label means, an empty text where that is not known; and sentences on those."""
    known = set(assets["asset_id"])
    by_symbol: dict[str, list[str]] = {}
    for asset_id, symbol in zip(assets["asset_id"], assets["symbol"], strict=True):
        by_symbol.setdefault(str(symbol).lower(), []).append(str(asset_id))
    ids: list[str] = []
    unknown: list[str] = []
    sentences: list[str] = []
    for asset, by_id, line in zip(labels["asset"], labels["by_id"], labels["line"], strict=True):
        meant = ([asset] if asset in known else []) if by_id else by_symbol.get(asset.lower(), [])
        if len(meant) > 1:
            sentences.append(
                f"{where}, line {line}, is left out: {asset} is the symbol of {', '.join(meant)}. Give the asset_id."
            )
        elif not meant:
            unknown.append(asset)
        ids.append(meant[0] if len(meant) == 1 else "")
    if unknown:
        named = ", ".join(unknown[:5]) + (", …" if len(unknown) > 5 else "")
        sentences.append(f"{where}: {len(unknown)} labels are of assets that are not in the market: {named}")
    return ids, sentences

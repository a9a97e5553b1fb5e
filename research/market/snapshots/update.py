"""A snapshot is updated: a new one that has the days which the old one lacks, and shares with it what did not change.

The old snapshot is read, never written. Rows are merged in `merging.py`, files planned in `parts.py`, the small tables
continued in `continued_tables.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from research.errors import DataError
from research.market.faults import as_data_error
from research.market.layout import ASSETS, DAILY, LEDGER, TAGS, later_part
from research.market.manifest import Manifest, instant
from research.market.snapshots.catalog import dated_folders, find_snapshot, name_of, snapshot_folder
from research.market.snapshots.continued_tables import (
    continued_assets,
    continued_ledger,
    continued_tags,
    renamed_assets,
)
from research.market.snapshots.daily_rows import DailyRows, day_of, has_values
from research.market.snapshots.merging import FEWEST_MOVED, Merge
from research.market.snapshots.parts import Piece, plan_parts
from research.market.snapshots.placing import REPLACED, no_one_else, put_in_place, scratch_folder
from research.market.snapshots.snapshot import VerifiedSnapshot, verified_snapshot
from research.market.snapshots.writing import checked_target, sha256_of, sign, write_daily, write_tables
from research.typing import IntArray

WriteNew = Callable[[Path, VerifiedSnapshot], object]


@dataclass(frozen=True, kw_only=True, eq=False)
class Update:
    """What an update did.

    Attributes
    ----------
    old, out : Path
        The old snapshot, and the new one; `out` is None where there was nothing to update, and nothing was written.
    manifest : Manifest
        Of the new snapshot; of the old one where there is no new one.
    old_end, end : Timestamp
        Last day of the old snapshot, and of the new one.
    revisions : DataFrame
        Values on days of the old snapshot that are others now: date, asset_id, field, old, new (float, NaN where there
        is none), kind (changed, withdrawn, added, new asset). By date, asset and field; no two lines alike.
    new_assets, ended_assets : tuple of str
        Assets that the old snapshot does not list; those with a price on its last day and none since.
    renamed : DataFrame
        Assets with another symbol or name now: asset_id, symbol_old, symbol, name_old, name.
    shared, written : int
        Bytes of the new snapshot's files that are files of the old one, and of the others.
    """

    old: Path
    out: Path | None
    manifest: Manifest
    old_end: pd.Timestamp
    end: pd.Timestamp
    revisions: pd.DataFrame
    new_assets: tuple[str, ...]
    ended_assets: tuple[str, ...]
    renamed: pd.DataFrame
    shared: int = 0
    written: int = 0

    def __str__(self) -> str:
        if self.out is None:
            return f"{self.old} has all that there is, up to {self.end.date()}: nothing was written."
        kinds = self.revisions["kind"].value_counts()
        lines = [
            f"{self.out}: {self.manifest.name}, {self.manifest.rows:,} rows",
            f"{(self.end - self.old_end).days:,} days were added, up to {self.end.date()}",
            f"{self.shared / 1e6:,.1f} MB are shared with {self.old}, {self.written / 1e6:,.1f} MB are new",
            f"{len(self.revisions):,} values of the past were revised"
            + "".join(f"; {kinds[kind]:,} {kind}" for kind in kinds.index),
        ]
        renamed = tuple(self.renamed["asset_id"])
        for what, ids in (("new", self.new_assets), ("ended", self.ended_assets), ("renamed", renamed)):
            if ids:
                lines.append(f"{len(ids):,} assets {what}: {', '.join(ids[:5])}{', …' if len(ids) > 5 else ''}")
        return "\n".join(lines)


def update_snapshot(reference: str | Path, write_new: WriteNew, *, out: str | Path | None = None) -> Update:
    """Write a new snapshot that continues an old one.

    Parameters
    ----------
    reference : str or path
        The old snapshot (see `find_snapshot`): the newest of its name.
    write_new : callable
        Called with a folder and the old snapshot, open; writes there, as a snapshot, what the source has now: the new
        days, and as much of the past as it gives.
    out : path, optional
        The folder to make. Default: the name's folder in the catalog, by the day of the new retrieval.

    Raises
    ------
    DataError
        If the old snapshot is damaged, was updated already or is being updated; if the new data are of another market,
        older, end earlier, begin later than the day after the old ones or seem to be dated a day off; if nothing says
        where to write. Then nothing is written.
    """
    folder = find_snapshot(reference)
    target = None if out is None else checked_target(out, replace=False)
    failed = as_data_error(f"{folder} could not be updated", "Nothing was changed. Correct that and try again.")
    with failed, ExitStack() as stack:
        try:
            stack.enter_context(no_one_else(folder))
        except BlockingIOError as error:
            raise DataError(f"another update of {folder} is at work. Wait until it has ended.") from error
        name = _name(folder) if target is None else ""
        if target is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
        holder = stack.enter_context(scratch_folder(target or folder))
        scratch = holder / "snapshot"
        scratch.mkdir()
        update = _written(folder, write_new, holder / "retrieved" / "snapshot", scratch)  # `holder` is locked
        if update.written:
            target = target or snapshot_folder(name, update.manifest.retrieved_at)
            put_in_place(scratch, target, holder / REPLACED, replace=False)
            update = dataclasses.replace(update, out=target)
    return update


def _name(folder: Path) -> str:
    """The name in the catalog under which the new snapshot will stand."""
    name = name_of(folder)
    if name is None:
        raise DataError(f"{folder} has no name in the catalog: say where the new snapshot is to be written (--out).")
    newest = dated_folders(name)[-1]
    if not newest.samefile(folder):
        raise DataError(f"{folder} is not the newest of its name: update {newest}, or say where to write (--out).")
    return name


def _written(folder: Path, write_new: WriteNew, new_folder: Path, scratch: Path) -> Update:
    """Write the new snapshot into `scratch`, where there is anything new."""
    with verified_snapshot(folder) as old:
        write_new(new_folder, old)
        with verified_snapshot(new_folder) as new:
            rows, new_rows = old.daily_rows(), new.daily_rows()
            fault = _fault(old.manifest, new.manifest, rows, new_rows)
            if fault:
                raise DataError(f"{folder} is not updated: {fault}. Nothing was changed.")
            assets = continued_assets(old.table(ASSETS), new.table(ASSETS))
            merge = _merge(rows, new_rows, old.table(ASSETS), new.table(ASSETS))
            revisions = merge.revisions()
            _check_dating(folder, merge, revisions)
            update = _report(old, merge, assets, revisions)
            if merge.end == merge.old_end and revisions.empty:
                return update
            if old.manifest.retrieved_at and instant(new.manifest.retrieved_at) <= instant(old.manifest.retrieved_at):
                raise DataError(
                    f"{folder} is not updated: the new data are others and were retrieved at "
                    f"{new.manifest.retrieved_at}, the snapshot at {old.manifest.retrieved_at}. Give newer ones; where "
                    "the profile says retrieved_at, correct it there."
                )
            count, known = _write_parts(scratch, old, merge, _day_numbers(revisions["date"]))
            ledger = continued_ledger(old.table(LEDGER), new.table(LEDGER), revisions)
            write_tables(scratch, assets=assets, tags=continued_tags(old.table(TAGS), new.table(TAGS)), ledger=ledger)
            known |= _share_equal_tables(scratch, old)
            manifest = dataclasses.replace(
                new.manifest,
                rows=count,
                caveats=tuple(dict.fromkeys([*old.manifest.caveats, *new.manifest.caveats])),
                updates=old.manifest.fingerprint,
                fetched=new.manifest.fetched or old.manifest.fetched,
                redistribute=new.manifest.redistribute and old.manifest.redistribute,
            )
            manifest = sign(scratch, manifest, known)
    sizes = {file.name: file.stat().st_size for file in scratch.iterdir()}
    shared = sum(sizes[name] for name in known)
    return dataclasses.replace(update, manifest=manifest, shared=shared, written=sum(sizes.values()) - shared)


def _fault(was: Manifest, is_now: Manifest, rows: DailyRows, new_rows: DailyRows) -> str | None:
    """Why the new data are no later retrieval of the old ones, or leave a hole between them; None where all is well."""
    end, begin = rows.last_day, new_rows.first_day
    if (was.name, was.source, was.simulated) != (is_now.name, is_now.source, is_now.simulated):
        return (
            f"the snapshot is {was.name!r} from {was.source!r}, the new data are {is_now.name!r} from "
            f"{is_now.source!r}. Update it with the profile it was imported with"
        )
    if set(rows.columns) != set(new_rows.columns):
        other = ", ".join(sorted(set(rows.columns) ^ set(new_rows.columns)))
        return f"the snapshot and the new data have not the same columns ({other}). Import them under another name"
    if new_rows.last_day < end:
        return f"the new data end on {new_rows.last_day.date()}, the snapshot on {end.date()}. Give newer ones"
    if begin > end + pd.Timedelta(days=1):
        return (
            f"the snapshot ends on {end.date()} and the new data begin on {begin.date()}: the days between would be "
            f"missing. Give a table that begins on {(end + pd.Timedelta(days=1)).date()} or before"
        )
    return None


def _check_dating(folder: Path, merge: Merge, revisions: pd.DataFrame) -> None:
    """Refuse a table whose dates moved by a day: every price would be "revised", and each a day off."""
    changed = int(((revisions["kind"] == "changed") & (revisions["field"] == "price")).sum())
    moved = merge.moved_by_a_day(changed) if changed >= FEWEST_MOVED else None
    if moved:
        raise DataError(
            f"{folder} is not updated: the new table seems to be dated a day {moved} than the snapshot ({changed:,} "
            f"overlapping prices changed, and most of them are the snapshot's price of the day "
            f"{'before' if moved == 'later' else 'after'}). Check stamp and [[dating]] in the profile; where the "
            "snapshot is the one that is off, import the table as a new snapshot. Nothing was changed."
        )


def _merge(rows: DailyRows, new_rows: DailyRows, listed: pd.DataFrame, new_assets: pd.DataFrame) -> Merge:
    ids = pd.Index(sorted({*listed["asset_id"], *new_assets["asset_id"]}))
    spoken = new_assets.set_index("asset_id").reindex(ids)
    silent, parts = spoken["first_date"].isna(), new_rows.parts
    return Merge(
        old=rows,
        new=new_rows,
        ids=ids,
        listed=ids.isin(listed["asset_id"]),
        # within its rows, whatever its table of assets claims: a day that no row is there for must not be lost
        first=np.where(silent, 0, np.maximum(_day_numbers(spoken["first_date"]), parts[0].first)),
        last=np.where(silent, -1, np.minimum(_day_numbers(spoken["last_date"]), parts[-1].last)),
        given=np.array([has_values(new_rows, column) for column in rows.columns]),
    )


def _report(old: VerifiedSnapshot, merge: Merge, assets: pd.DataFrame, revisions: pd.DataFrame) -> Update:
    before, end = old.table(ASSETS), day_of(merge.old_end)
    alive = assets["asset_id"].isin(before.loc[before["last_date"] == end, "asset_id"])
    ended = alive & (assets["last_date"] == end) & (merge.end > merge.old_end)
    return Update(
        old=old.folder,
        out=None,
        manifest=old.manifest,
        old_end=end,
        end=day_of(merge.end),
        revisions=revisions,
        new_assets=tuple(merge.ids[~merge.listed]),
        ended_assets=tuple(assets.loc[ended, "asset_id"]),
        renamed=renamed_assets(before, assets),
    )


def _write_parts(scratch: Path, old: VerifiedSnapshot, merge: Merge, changed: IntArray) -> tuple[int, dict[str, str]]:
    """Share the parts without a changed day, write the others; the number of rows, and the digests of shared parts."""
    parts = {part.name: part for part in merge.old.parts}
    pieces = [Piece(first=part.first, last=part.last, source=name) for name, part in parts.items()]
    first = min(pieces[0].first, merge.new.parts[0].first)
    rows, known, name = 0, {}, DAILY
    for piece in plan_parts(pieces, set(changed.tolist()), first, merge.end):
        if piece.source is not None:
            old.share(piece.source, scratch / name)
            known[name] = old.manifest.sha256[piece.source]
            added = parts[piece.source].file.metadata.num_rows
        else:
            added = write_daily(scratch / name, merge.rows(piece.first, piece.last), merge.ids)
            if added == 0:  # days without any row
                (scratch / name).unlink()
        rows += added
        name = later_part(piece.last + 1) if rows else DAILY
    return rows, known


def _share_equal_tables(scratch: Path, old: VerifiedSnapshot) -> dict[str, str]:
    """Put the old snapshot's file in the place of each table that came out the same; their digests."""
    same = {}
    for name in (ASSETS, TAGS, LEDGER):
        digest = sha256_of(scratch / name)
        if digest == old.manifest.sha256[name]:
            (scratch / name).unlink()
            old.share(name, scratch / name)
            same[name] = digest
    return same


def _day_numbers(days: pd.Series) -> IntArray:
    return days.to_numpy().astype("datetime64[D]").astype(np.int64)

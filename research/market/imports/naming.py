"""A vendor's table is imported by a name of the catalog: beside the snapshots that are there, of the same market."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from research.errors import DataError
from research.market.faults import as_data_error
from research.market.imports.importer import ImportSummary, import_table, retrieval
from research.market.imports.profile.profiles import Profile
from research.market.imports.reading.files import Given
from research.market.manifest import Manifest
from research.market.snapshots.catalog import dated_folders, snapshot_folder
from research.market.snapshots.placing import REPLACED, put_in_place, scratch_folder
from research.market.snapshots.snapshot import read_manifest


@dataclass(frozen=True)
class AlreadyThere:
    """The newest snapshot of the name has the same content, and nothing was written."""

    folder: Path

    def __str__(self) -> str:
        return f"{self.folder} has the same content: nothing was written."


def import_by_name(
    table: Given,
    profile: str | Path | Profile,
    name: str,
    *,
    identities: str | Path | None = None,
    labels: str | Path | None = None,
    replace: bool = False,
) -> ImportSummary | AlreadyThere:
    """Turn a vendor's table into the snapshot `data/snapshots/NAME/DAY`, DAY being the UTC day of its retrieval.

    Where the newest snapshot of the name differs in nothing but the moment of retrieval, nothing is written.

    Parameters
    ----------
    table, profile, identities, labels
        As for `import_table`.
    name : str
    replace : bool
        Whether the newest snapshot of that day, where there is one, gives way; otherwise the new one stands beside it.

    Raises
    ------
    DataError
        As `import_table` does, if it cannot be a name, and if the newest snapshot of the name is of another market (by
        the profile's name and source). Then nothing is written.
    """
    profile = profile if isinstance(profile, Profile) else Profile.load(profile)
    target = snapshot_folder(name, retrieval(table, profile), replace=replace)
    newest = dated_folders(name)[-1:]
    if not newest:
        return import_table(table, profile, target, identities=identities, labels=labels)
    was = read_manifest(newest[0])
    _check_same_market(name, newest[0], was, profile)
    with (
        as_data_error(f"{target} could not be written", "Nothing was changed there. Correct that and try again."),
        scratch_folder(target) as holder,
    ):
        made = holder / "retrieved" / "snapshot"  # `holder` itself is locked
        summary = import_table(table, profile, made, identities=identities, labels=labels)
        if _same_content(was, summary.manifest):
            return AlreadyThere(newest[0])
        put_in_place(made, target, holder / REPLACED, replace=replace)
    return dataclasses.replace(summary, out=target)


def _check_same_market(name: str, newest: Path, was: Manifest, profile: Profile) -> None:
    if (was.name, was.source, was.simulated) != (profile.name, profile.source, False):
        raise DataError(
            f"{name!r} is the name of another market: {newest} is {was.name!r} from {was.source!r}, the profile says "
            f"{profile.name!r} from {profile.source!r}. Nothing was written. Choose another --name; if it is the same "
            "market, let the profile's name and source be those of the snapshot."
        )


def _same_content(was: Manifest, is_now: Manifest) -> bool:
    return dataclasses.replace(is_now, retrieved_at=was.retrieved_at).signed() == was

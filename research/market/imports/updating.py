"""A snapshot is updated from a newer table of the same vendor, by the ordinary import."""

from __future__ import annotations

from pathlib import Path

from research.errors import DataError
from research.market.imports.importer import import_table
from research.market.imports.profile.profiles import Profile
from research.market.imports.reading.files import Given
from research.market.layout import ASSETS
from research.market.snapshots.snapshot import VerifiedSnapshot
from research.market.snapshots.update import Update, update_snapshot


def update_from_table(
    reference: str | Path,
    table: Given,
    profile: str | Path | Profile,
    *,
    identities: str | Path | None = None,
    labels: str | Path | None = None,
    out: str | Path | None = None,
) -> Update:
    """Write a new snapshot that continues an old one by a newer table.

    Parameters
    ----------
    reference : str or path
        The old snapshot, e.g. `NAME`.
    table, profile, identities, labels
        As for `import_table`, and as the snapshot was imported. The table has the days that the snapshot lacks,
        and any part of its past.
    out : path, optional
        The folder to make. Default: beside the old one, by the day of retrieval.

    Raises
    ------
    DataError
        As `import_table` and `update_snapshot` do. Then nothing is written.
    """
    profile = profile if isinstance(profile, Profile) else Profile.load(profile)

    def import_new(folder: Path, old: VerifiedSnapshot) -> None:
        known = old.table(ASSETS)
        summary = import_table(table, profile, folder, identities=identities, labels=labels, continues=known)
        begin = old.daily_rows().first_day
        if profile.hold_back and summary.first_date > begin:
            raise DataError(
                f"the profile holds values back ({', '.join(profile.hold_back)}) by what the days before show, and the "
                f"table begins on {summary.first_date.date()}: give one that begins on {begin.date()}, as the snapshot."
            )

    return update_snapshot(reference, import_new, out=out)

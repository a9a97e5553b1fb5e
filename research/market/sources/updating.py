"""A snapshot that was fetched is updated by fetching again, from where its manifest says."""

from __future__ import annotations

from pathlib import Path

from research.errors import DataError
from research.market.layout import ASSETS
from research.market.snapshots.snapshot import VerifiedSnapshot
from research.market.snapshots.update import Update, update_snapshot
from research.market.sources.calls import Watch, unwatched
from research.market.sources.fetch import fetch_again


def update_by_fetching(
    reference: str | Path, *, out: str | Path | None = None, again: bool = False, watch: Watch = unwatched
) -> Update:
    """Write a new snapshot that continues an old one by what its source has now.

    Parameters
    ----------
    reference : str or path
        The old snapshot, e.g. `NAME`; one that was fetched.
    out : path, optional
        The folder to make. Default: beside the old one, by the day of retrieval.
    again, watch
        As for `fetch`.

    Raises
    ------
    DataError
        As `fetch_again` and `update_snapshot` do. Then nothing is written.
    """

    def fetch_new(folder: Path, old: VerifiedSnapshot) -> None:
        if not old.manifest.fetched:
            raise DataError(
                f"{old.folder} was not fetched: say with --table and --profile which newer table continues it "
                "(in Python: update_from_table)."
            )
        fetch_again(old.manifest.fetched, folder, assets=old.table(ASSETS)["asset_id"], again=again, watch=watch)

    return update_snapshot(reference, fetch_new, out=out)

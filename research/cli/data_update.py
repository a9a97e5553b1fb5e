"""`research data update | list`: a snapshot continued by newer data, and the snapshots that there are."""

from __future__ import annotations

import argparse
import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from research.cli.terminal import say, say_lines, watched

if TYPE_CHECKING:
    import pandas as pd

    from research.market import MarketData
    from research.market.snapshots.update import Update

SHOWN = 10  # revisions on the terminal


def add_update(actions: Any) -> None:
    """Add `update` to the actions of `research data`."""
    update = actions.add_parser("update", help="continue a snapshot by newer data, and say what they revise")
    update.add_argument("snapshot", metavar="SNAPSHOT", help="NAME (its newest is continued) or a path")
    update.add_argument(
        "--table", type=Path, nargs="+", help="newer files of the same vendor, as for import (default: fetch again)"
    )
    update.add_argument("--profile", metavar="NAME|FILE", help="how to read them")
    update.add_argument("--identities", type=Path, metavar="FILE", help="as for import")
    update.add_argument("--labels", type=Path, metavar="FILE", help="as for import")
    update.add_argument("--again", action="store_true", help="ask the source anew for what came today already")
    update.add_argument(
        "--out", type=Path, metavar="DIR", help="make the snapshot here (default: data/snapshots/NAME/DAY)"
    )
    update.add_argument(
        "--revisions", type=Path, metavar="FILE", help="write every revision to a new .csv or .parquet file"
    )
    update.add_argument("--replace", action="store_true", help="replace a file of revisions that is there")
    update.add_argument(
        "--reports",
        type=Path,
        default=Path("reports/reports.toml"),
        metavar="FILE",
        help="whose indices the effect of revisions is worked out for (default: reports/reports.toml)",
    )
    update.set_defaults(run=_update, usage_error=update.error)


def add_list(actions: Any) -> None:
    """Add `list` to the actions of `research data`."""
    listed = actions.add_parser("list", help="the snapshots that there are, by name and date")
    listed.add_argument("names", nargs="*", metavar="NAME", help="these alone")
    listed.set_defaults(run=_list)


def _update(options: argparse.Namespace) -> int:
    from research.point_in_time.table_files import check_new_table, write_table

    if (options.table is None) != (options.profile is None):
        options.usage_error("--table and --profile are given together")
    if options.revisions is not None:
        check_new_table(options.revisions, replace=options.replace)
    update = _made(options)
    say_lines(update)
    if update.out is None:
        return 0
    revisions = update.revisions
    if len(revisions):
        revisions = _say_revisions(update, options.reports)
    if options.revisions is not None:
        write_table(revisions, options.revisions, replace=options.replace)
        say(f"all {len(revisions):,} revisions: {options.revisions}")
    return 0


def _made(options: argparse.Namespace) -> Update:
    if options.table is not None:
        from research.market import update_from_table

        by_hand = {"identities": options.identities, "labels": options.labels}
        return update_from_table(options.snapshot, options.table, options.profile, **by_hand, out=options.out)
    from research.market.sources.updating import update_by_fetching

    return update_by_fetching(options.snapshot, out=options.out, again=options.again, watch=watched)


def _say_revisions(update: Update, reports: Path) -> pd.DataFrame:
    """Say what was revised, the largest first, and what that does to the published indices; the ranked revisions."""
    from research.errors import ResearchError
    from research.index.whole_market.data_revisions import ranked_revisions
    from research.market import load_market

    try:
        old, new = load_market(update.old), load_market(str(update.out), end=update.old_end)
    except ResearchError as error:  # such as a market larger than the memory allowed: the snapshot itself is made
        say(f"the revisions are not ranked, and their effect is not known: {error}")
        return update.revisions
    revisions = ranked_revisions(update.revisions, old, new)
    say("the largest, by the part of the whole market's value that they change (basis points):")
    for number, line in enumerate(revisions.head(SHOWN).to_dict("records"), start=1):
        say(
            f"  {number}. {line['date']:%Y-%m-%d} {line['asset_id']}, {line['field']}: {_value(line['old'])} -> "
            f"{_value(line['new'])} ({line['kind']}; {line['market_bps']:+,.1f} bp)"
        )
    _say_effects(old, new, revisions, reports)
    return revisions


def _value(number: float) -> str:
    return "nothing" if math.isnan(number) else f"{number:.10g}"


def _say_effects(old: MarketData, new: MarketData, revisions: pd.DataFrame, reports: Path) -> None:
    from research.errors import ResearchWarning
    from research.index.whole_market.data_revisions import revision_effects
    from research.reporting.publishing.config import load_list

    if not reports.exists():
        say(f"no effect on indices is worked out: there is no {reports}. Name another file with --reports.")
        return
    rulebooks = {report.parameters.get("rulebook"): None for report in load_list(reports).reports.values()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResearchWarning)  # what a page of each index says of it
        effects = revision_effects(old, new, revisions, watched([name for name in rulebooks if name], "indices"))
    say(f"what they do to the indices of {reports}, in basis points of the level:")
    for line in effects.to_dict("records"):
        who = f"  of it {line['asset_id']}" if line["asset_id"] else line["rulebook"]
        if line["reason"]:
            say(f"  {who}: {line['reason']}")
        elif not line["largest_bps"]:
            say(f"  {who}: nothing")
        else:
            say(
                f"  {who}: {line['last_bps']:+,.2f} on {line['last_date']:%Y-%m-%d}, at most "
                f"{line['largest_bps']:+,.2f} ({line['largest_date']:%Y-%m-%d})"
            )


def _list(options: argparse.Namespace) -> int:
    from research.market.snapshots.catalog import catalog_root, dated_folders, find_snapshot, names
    from research.market.snapshots.snapshot import read_manifest

    for name in options.names:
        find_snapshot(f"{name}@latest")  # an unknown name is an error that lists the known ones
    chosen = options.names or names()
    if not chosen:
        say(f"no snapshot in {catalog_root()}: make one with `research data fetch` or `research data import --name`.")
    for name in chosen:
        folders = dated_folders(name)
        for folder in folders:
            manifest = read_manifest(folder)
            files = [file.stat() for file in folder.iterdir()]
            size, shared = (sum(file.st_size for file in files if file.st_nlink >= links) for links in (1, 2))
            newest = ", the newest" if folder == folders[-1] else ""
            say(
                f"{name}@{folder.name}: {manifest.name}, {manifest.rows:,} rows, retrieved {manifest.retrieved_at}, "
                f"{size / 1e6:,.1f} MB of which {shared / 1e6:,.1f} are shared{newest}"
            )
    return 0

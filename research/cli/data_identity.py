"""`research data identities | label | tag`: which asset a row is of, and what an asset is; a person decides both."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from research.cli.terminal import say, say_lines

if TYPE_CHECKING:
    import pandas as pd


def add_identity(actions: Any) -> None:
    """Add the commands to the actions of `research data`."""
    identities = actions.add_parser("identities", help="propose lines for a table of identities")
    identities.add_argument("data", metavar="TABLE|SNAPSHOT", help="a vendor's table with --profile, or a snapshot")
    identities.add_argument("--profile", metavar="NAME|FILE", help="how the table is to be read")
    identities.set_defaults(run=_identities)
    label = actions.add_parser("label", help="propose tags (stablecoin, wrapped, staked) from prices alone")
    label.add_argument("snapshot")
    label.set_defaults(run=_label)
    for command in (identities, label):
        command.add_argument("--out", type=Path, metavar="FILE", help="a new .csv file to edit; default: the terminal")
        command.add_argument("--replace", action="store_true", help="replace a file that is there")
    tag = actions.add_parser("tag", help="make a snapshot with the tags of a file besides its own")
    tag.add_argument("snapshot")
    tag.add_argument("labels", type=Path, metavar="FILE", help="asset_id or symbol, tag or category, valid_from")
    tag.add_argument("--out", type=Path, required=True, metavar="DIR", help="the snapshot to make")
    tag.add_argument("--replace", action="store_true", help="replace a snapshot that is there")
    tag.set_defaults(run=_tag)


def _identities(options: argparse.Namespace) -> int:
    from research.market import load_market
    from research.market.imports.drafting.identity_proposals import propose_identities_of
    from research.point_in_time.price_adjustments import propose_unit_decisions

    if options.profile is not None:
        table, what = propose_identities_of(options.data, options.profile), "which asset a key is"
    else:
        table, what = propose_unit_decisions(load_market(options.data)), "changes of unit"
    return _give(table, options, f"lines proposed about {what}. Keep, change or remove each; import with --identities")


def _label(options: argparse.Namespace) -> int:
    from research.market import load_market
    from research.point_in_time.label_proposals import propose_labels

    market = load_market(options.snapshot)
    table = propose_labels(market)
    if market.market_caps.isna().all(axis=None):
        print("no market caps: wrapped and staked copies are not looked for", file=sys.stderr)
    what = "tags proposed, besides those that are there. Confirm each, then: research data tag SNAPSHOT FILE --out NEW"
    return _give(table, options, what)


def _give(table: pd.DataFrame, options: argparse.Namespace, what: str) -> int:
    """Write a table for a person to edit, or print it; what it is goes beside it."""
    from research.point_in_time.table_files import write_table

    if options.out is not None:
        write_table(table, options.out, replace=options.replace)
        say(f"{options.out}: {len(table)} {what}")
    else:
        say_lines(table.to_csv(index=False).removesuffix("\n"))
        print(f"{len(table)} {what}", file=sys.stderr)
    return 0


def _tag(options: argparse.Namespace) -> int:
    from research.market.imports.cleaning.labels import label_snapshot

    manifest, left_out = label_snapshot(options.snapshot, options.labels, options.out, replace=options.replace)
    say(f"{options.out}: {manifest.name}, fingerprint {manifest.fingerprint}")
    for line in (manifest.caveats[-1], *left_out):
        say(line)
    return 0

"""`research data import | profile | simulate`; the other actions of the room have modules of their own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from research.cli.data_check import add_check
from research.cli.data_identity import add_identity
from research.cli.data_update import add_list, add_update
from research.cli.fetch import add_fetch
from research.cli.terminal import said_if_slow, say, say_lines


def add_commands(rooms: Any) -> None:
    """Add `research data ...` to the parser's sub-commands."""
    actions = rooms.add_parser("data", help="fetch, import, simulate or check market data").add_subparsers(
        required=True, metavar="ACTION"
    )
    add_fetch(actions)
    table = actions.add_parser("import", help="make a snapshot from a vendor's files")
    table.add_argument(
        "tables", type=Path, nargs="+", metavar="TABLE", help="a file, or several; a folder; a .zip; a pattern with *"
    )
    table.add_argument("--profile", required=True, metavar="NAME|FILE", help="says which column is what")
    table.add_argument("--identities", type=Path, metavar="FILE", help="decides which asset a key is, and when")
    table.add_argument("--labels", type=Path, metavar="FILE", help="tags by asset_id or symbol")
    profile = actions.add_parser("profile", help="look at a vendor's files and write a first profile")
    profile.add_argument("tables", type=Path, nargs="+", metavar="TABLE", help="as for import")
    profile.add_argument("--out", type=Path, metavar="FILE", help="the .toml file to write; otherwise it is printed")
    profile.add_argument("--replace", action="store_true", help="replace a file that is there")
    profile.set_defaults(run=_profile)
    simulate = actions.add_parser("simulate", help="make the simulated sample market")
    for command, run in ((table, _import), (simulate, _simulate)):
        place = command.add_mutually_exclusive_group(required=True)
        place.add_argument("--out", type=Path, metavar="DIR", help="the snapshot to make")
        if command is table:
            place.add_argument("--name", help="make it below data/snapshots, by this name and the day of retrieval")
        command.add_argument("--replace", action="store_true", help="replace a snapshot that is there")
        command.set_defaults(run=run)
    add_update(actions)
    add_list(actions)
    add_check(actions)
    add_identity(actions)


def _import(options: argparse.Namespace) -> int:
    from research.market import import_table
    from research.market.imports.naming import import_by_name

    how = {"identities": options.identities, "labels": options.labels, "replace": options.replace}
    if options.out is not None:
        say_lines(import_table(options.tables, options.profile, options.out, **how))
    else:
        say_lines(import_by_name(options.tables, options.profile, options.name, **how))
    return 0


def _profile(options: argparse.Namespace) -> int:
    from research.market.imports.drafting.first_profile import draft_profile, write_draft

    with said_if_slow("looking at the whole table; a large one takes some minutes"):
        if options.out is None:
            text = draft_profile(options.tables)
        else:
            profile = write_draft(options.tables, options.out, replace_it=options.replace)
    if options.out is None:
        say_lines(text.rstrip())
        return 0
    say(f"{options.out}: a first profile. Read it before you import with --profile {options.out}")
    for question in profile.questions:
        say(f"  it asks: {question}")
    return 0


def _simulate(options: argparse.Namespace) -> int:
    from research.simulation import write_sample

    manifest = write_sample(options.out, replace=options.replace)
    say(f"{options.out}: {manifest.name}, {manifest.rows:,} rows, fingerprint {manifest.fingerprint}")
    return 0

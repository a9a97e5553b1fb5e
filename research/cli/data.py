"""`research data import | profile | simulate | check`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from research.cli.terminal import say


def add_commands(rooms: Any) -> None:
    """Add `research data ...` to the parser's sub-commands."""
    actions = rooms.add_parser("data", help="import, simulate or check market data").add_subparsers(
        required=True, metavar="ACTION"
    )
    table = actions.add_parser("import", help="make a snapshot from a vendor's files")
    table.add_argument(
        "tables", type=Path, nargs="+", metavar="TABLE", help="a file, or several; a folder; a .zip; a pattern with *"
    )
    table.add_argument("--profile", required=True, metavar="NAME|FILE", help="says which column is what")
    profile = actions.add_parser("profile", help="look at a vendor's files and write a first profile")
    profile.add_argument("tables", type=Path, nargs="+", metavar="TABLE", help="as for import")
    profile.add_argument("--out", type=Path, metavar="FILE", help="the .toml file to write; otherwise it is printed")
    profile.add_argument("--replace", action="store_true", help="replace a file that is there")
    profile.set_defaults(run=_profile)
    simulate = actions.add_parser("simulate", help="make the simulated sample market")
    for command, run in ((table, _import), (simulate, _simulate)):
        command.add_argument("--out", type=Path, required=True, metavar="DIR", help="the snapshot to make")
        command.add_argument("--replace", action="store_true", help="replace a snapshot that is there")
        command.set_defaults(run=run)
    check = actions.add_parser("check", help="verify a snapshot and say what is in it")
    check.add_argument("snapshot", type=Path)
    check.set_defaults(run=_check)


def _import(options: argparse.Namespace) -> int:
    from research.market import import_table

    summary = import_table(options.tables, options.profile, options.out, replace=options.replace)
    for line in str(summary).splitlines():
        say(line)
    return 0


def _profile(options: argparse.Namespace) -> int:
    from research.market.imports.drafts import draft_profile, write_draft

    if options.out is None:
        for line in draft_profile(options.tables).splitlines():
            say(line)
        return 0
    profile = write_draft(options.tables, options.out, replace_it=options.replace)
    say(f"{options.out}: a first profile. Read it before you import with --profile {options.out}")
    for question in profile.questions:
        say(f"  it asks: {question}")
    return 0


def _simulate(options: argparse.Namespace) -> int:
    from research.simulation import write_sample

    manifest = write_sample(options.out, replace=options.replace)
    say(f"{options.out}: {manifest.name}, {manifest.rows:,} rows, fingerprint {manifest.fingerprint}")
    return 0


def _check(options: argparse.Namespace) -> int:
    from research.index import rulebooks_for
    from research.market import load_market

    market = load_market(options.snapshot)
    manifest, dates = market.manifest, market.dates
    say(f"{options.snapshot}: {manifest.name}, from {manifest.source}")
    say(f"{manifest.rows:,} rows, {len(market.assets):,} assets, {dates[0].date()} to {dates[-1].date()}")
    say(f"{len(market.ledger):,} lines in the ledger; every file is as it was written")
    say(f"fingerprint {manifest.fingerprint}")
    able = rulebooks_for(market)
    say(f"{able['runs'].sum()} of {len(able)} shipped rulebooks can run on it:")
    for name, row in able.iterrows():
        say(f"  {name}: {row['reason'] or row['since'].strftime('since %Y-%m-%d')}")
    return 0

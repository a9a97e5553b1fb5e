"""`research data import | simulate | check`; `fetch` is in `fetch.py`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from research.cli.fetch import add_fetch
from research.cli.terminal import say, say_lines


def add_commands(rooms: Any) -> None:
    """Add `research data ...` to the parser's sub-commands."""
    actions = rooms.add_parser("data", help="fetch, import, simulate or check market data").add_subparsers(
        required=True, metavar="ACTION"
    )
    add_fetch(actions)
    table = actions.add_parser("import", help="make a snapshot from a long CSV or Parquet table")
    table.add_argument("table", type=Path)
    table.add_argument("--profile", required=True, metavar="NAME|FILE", help="says which column is what")
    simulate = actions.add_parser("simulate", help="make the simulated sample market")
    for command, run in ((table, _import), (simulate, _simulate)):
        command.add_argument("--out", type=Path, required=True, metavar="DIR", help="the snapshot to make")
        command.add_argument("--replace", action="store_true", help="replace a snapshot that is there")
        command.set_defaults(run=run)
    check = actions.add_parser("check", help="verify a snapshot and say what is in it")
    check.add_argument("snapshot", metavar="SNAPSHOT", help="NAME, NAME@DATE or a path")
    check.set_defaults(run=_check)


def _import(options: argparse.Namespace) -> int:
    from research.market import import_table

    say_lines(import_table(options.table, options.profile, options.out, replace=options.replace))
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

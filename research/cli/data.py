"""`research data import | simulate`; the other actions of the room are in `data_*.py`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from research.cli.data_check import add_check
from research.cli.data_identity import add_identity
from research.cli.terminal import say


def add_commands(rooms: Any) -> None:
    """Add `research data ...` to the parser's sub-commands."""
    actions = rooms.add_parser("data", help="import, simulate or check market data").add_subparsers(
        required=True, metavar="ACTION"
    )
    table = actions.add_parser("import", help="make a snapshot from a long CSV or Parquet table")
    table.add_argument("table", type=Path)
    table.add_argument("--profile", required=True, metavar="NAME|FILE", help="says which column is what")
    table.add_argument("--identities", type=Path, metavar="FILE", help="decides which asset a key is, and when")
    table.add_argument("--labels", type=Path, metavar="FILE", help="tags by asset_id or symbol")
    simulate = actions.add_parser("simulate", help="make the simulated sample market")
    for command, run in ((table, _import), (simulate, _simulate)):
        command.add_argument("--out", type=Path, required=True, metavar="DIR", help="the snapshot to make")
        command.add_argument("--replace", action="store_true", help="replace a snapshot that is there")
        command.set_defaults(run=run)
    add_check(actions)
    add_identity(actions)


def _import(options: argparse.Namespace) -> int:
    from research.market import import_table

    tables = {"identities": options.identities, "labels": options.labels}
    summary = import_table(options.table, options.profile, options.out, **tables, replace=options.replace)
    for line in str(summary).splitlines():
        say(line)
    return 0


def _simulate(options: argparse.Namespace) -> int:
    from research.simulation import write_sample

    manifest = write_sample(options.out, replace=options.replace)
    say(f"{options.out}: {manifest.name}, {manifest.rows:,} rows, fingerprint {manifest.fingerprint}")
    return 0
